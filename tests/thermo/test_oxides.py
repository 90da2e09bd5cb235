"""Which oxides are screened by default: those that nature might keep."""

import pytest

from licoat.thermo.oxides import above_hull, can_be_screened, default_oxides, without_oxygen

MEV = 1e-3


@pytest.fixture
def metastable(make_table):
    """Make a table in which Mg3O, on the line from Mg to MgO, is so many eV/atom above it."""

    def make(distance):
        # per formula as written: MgO -6.0 eV; Mg3O is MgO + 2 Mg and has four atoms
        rows = [("Li", 0), ("O2", 0), ("Mg", 0), ("Li2O", -6.2), ("MgO", -6.0), ("Mg3O", -6.0 + 4 * distance)]
        return make_table(rows)

    return make


@pytest.mark.parametrize("distance", [0.0, 15 * MEV, 40 * MEV])
def test_what_may_be_metastable_is_screened(metastable, distance):
    """Half of the known metastable crystals are within 15 meV/atom (W. Sun et al., Sci. Adv. 2, e1600225, 2016)."""
    table = metastable(distance)
    assert above_hull(["Mg3O"], table, "Li") == pytest.approx([distance], abs=1e-9)
    chosen, left_out = default_oxides(table)
    assert set(chosen) == {"MgO", "Mg3O"}
    assert left_out == {}


@pytest.mark.parametrize("distance", [70 * MEV, 90 * MEV, 0.5])
def test_what_hardly_any_known_crystal_is_is_left_out(metastable, distance):
    """Nine of ten known metastable crystals are within 67 meV/atom (the same)."""
    chosen, left_out = default_oxides(metastable(distance))
    assert chosen == ["MgO"]
    assert left_out["Mg3O"].startswith(f"{distance / MEV:.0f} meV/atom above its hull")


def test_the_anode_metal_is_no_way_to_decay(metastable):
    """Lithium would take the oxygen of Mg3O: that is the reaction asked for, not a reason to leave the oxide out."""
    table = metastable(0.0)
    assert above_hull(["Mg3O", "MgO"], table, "Li") == pytest.approx([0.0, 0.0], abs=1e-9)


def test_hosts_without_oxygen():
    assert without_oxygen(["Sb2O3", "SnF2", "SnS", "AlN", "SO2", "OsO4", "Os"]) == ["SnF2", "SnS", "AlN", "Os"]


@pytest.mark.parametrize(("formula", "anode"), [("Sb2O3", "Li"), ("Li2O", "Na"), ("NaNbO3", "Li")])
def test_oxides_without_the_anode_metal_can_be_screened(formula, anode):
    assert can_be_screened(formula, anode)


@pytest.mark.parametrize(("formula", "anode"), [("SnF2", "Li"), ("O2", "Li"), ("Li2O", "Li"), ("Na2O", "Na")])
def test_others_cannot(formula, anode):
    assert not can_be_screened(formula, anode)
