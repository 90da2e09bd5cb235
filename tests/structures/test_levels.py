"""Two levels of theory in one source, and never two in one hull."""

import numpy as np
import pytest

from licoat.structures import InputFileError, MissingDataError, PhaseTable, load_phases
from licoat.structures.chemistry.formula import parse_formula
from licoat.structures.phases.levels import anchored_o2_ev_per_atom, hybrid_table, second_columns
from licoat.structures.phases.provenance import Manifest
from licoat.structures.phases.schemes import HUBBARD_U_EV
from licoat.thermo import lithiate, react
from licoat.thermo.lithiation import lithiate_many
from licoat.thermo.oxides import above_hull, default_oxides

FORMULAS = ["Li", "O2", "Li2O", "Fe", "FeO", "Sb", "Sb2O3", "Li3Sb"]


def table(energies, scheme):
    columns = {"phase_id": FORMULAS, "formula": FORMULAS, "energy_ev_per_atom": energies}
    return PhaseTable(columns, Manifest(source="two", scheme=scheme))


@pytest.fixture
def two():
    first = table(FIRST, "first")
    second = table(SECOND, "second")
    return first, second, hybrid_table(first, second, first.manifest.replace(scheme="hybrid"))


def total(coefficients, energies):
    atoms = {f: sum(parse_formula(f).values()) for f in FORMULAS}
    by = dict(zip(FORMULAS, energies, strict=True))
    return sum(n * by[f] * atoms[f] for f, n in coefficients.items())


FIRST = [-1.9, -4.9, -4.8, -8.0, -7.5, -4.0, -5.0, -3.1]
SECOND = [-2.3, -6.1, -5.9, -17.0, -12.9, -31.0, -21.0, -10.2]


class TestAnchor:
    def test_lithium_oxide_gets_its_measured_enthalpy(self):
        o2 = anchored_o2_ev_per_atom(["Li", "Li2O", "O2"], [-2.3, -5.9, -9.9], -2.068)
        formation = (3 * -5.9 - 2 * -2.3 - o2) / 3
        assert formation == pytest.approx(-2.068, abs=1e-12)

    def test_the_lowest_lithium_counts(self):
        low = anchored_o2_ev_per_atom(["Li", "Li", "Li2O"], [-2.2, -2.3, -5.9], -2.0)
        assert low == anchored_o2_ev_per_atom(["Li", "Li2O"], [-2.3, -5.9], -2.0)

    def test_without_lithium_oxide_there_is_none(self):
        with pytest.raises(MissingDataError, match="oxygen has no anchor"):
            anchored_o2_ev_per_atom(["Li", "Li2O"], [-2.3, None], -2.0)

    def test_oxygen_is_replaced_and_said(self):
        columns = {"phase_id": ["a", "b"], "formula": ["O2", "Li"], "second_energy_ev_per_atom": [-9.0, -2.3]}
        found = second_columns(columns, -5.8, "label")
        assert found["energy_ev_per_atom"] == [-5.8, -2.3]
        assert found["energy_source"] == ["label, O2 anchored on Li2O", "label"]


class TestOneLevelPerSystem:
    def test_a_system_with_a_hubbard_metal_is_on_the_first(self, two):
        first, _, both = two
        assert both.for_system({"Li", "Fe", "O"}).scheme == first.scheme
        reaction = react("FeO + Li -> Fe + Li2O", both)
        assert reaction.energy_ev_per_fu == pytest.approx(total(reaction.coefficients, FIRST), abs=1e-9)
        assert lithiate("FeO", both).final == lithiate("FeO", first).final

    def test_another_is_on_the_second(self, two):
        _, second, both = two
        reaction = react("Sb2O3 + Li -> Li3Sb + Li2O", both)
        assert reaction.energy_ev_per_fu == pytest.approx(total(reaction.coefficients, SECOND), abs=1e-9)
        assert lithiate("Sb2O3", both).final.energy_ev_per_fu == lithiate("Sb2O3", second).final.energy_ev_per_fu

    def test_one_reaction_never_mixes(self, two):
        first, _, both = two
        equation = "Sb2O3 + Fe -> Sb + FeO"
        assert react(equation, both).energy_ev_per_fu == pytest.approx(
            react(equation, first).energy_ev_per_fu, abs=1e-9
        )

    def test_parts_and_views_keep_both(self, two):
        _, _, both = two
        part = both.subset([0, 1, 2, 3, 4]).with_products("all")
        assert part.for_system({"Fe"}).scheme == "first"
        assert part.for_system({"Fe"}).products == "all"
        assert lithiate("FeO", part).final.energy_ev_per_fu == lithiate("FeO", both).final.energy_ev_per_fu

    def test_it_cannot_be_saved_as_one(self, two, tmp_path):
        with pytest.raises(InputFileError, match="two levels of theory"):
            two[2].save(tmp_path / "t.parquet")


@pytest.fixture(scope="module")
def schemes():
    return {name: load_phases("builtin", scheme=name) for name in ("mp2020", "none", "r2scan", "hybrid")}


class TestEmbedded:
    def test_sb2o3_on_both_sides_of_measurement(self, schemes):
        heat = {name: lithiate("Sb2O3", t).final.energy_ev_per_fu for name, t in schemes.items()}
        assert heat["r2scan"] == pytest.approx(-16.85, abs=0.1)
        assert heat["none"] == pytest.approx(-14.8, abs=0.5)
        assert abs(heat["r2scan"] + 17.07) < 0.25  # sigma of the measured -17.07
        assert heat["hybrid"] == heat["r2scan"]

    def test_lithium_oxide_is_the_anchor(self, schemes):
        measured = load_phases("measured")
        h = measured.column("formation_energy_ev_per_atom")[measured.rows_of("Li2O")[0]]
        table_ = schemes["r2scan"]
        assert table_.column("formation_energy_ev_per_atom")[table_.rows_of("Li2O")[0]] == pytest.approx(h, abs=1e-9)

    def test_every_phase_has_both(self, schemes):
        for name, table_ in schemes.items():
            assert not np.isnan(table_.column("energy_ev_per_atom")).any(), name

    def test_the_hybrid_is_one_of_the_two_for_every_oxide(self, schemes):
        oxides = default_oxides(schemes["mp2020"])[0]
        ends = {name: dict(zip(oxides, lithiate_many(oxides, t), strict=True)) for name, t in schemes.items()}
        for oxide in oxides:
            level = "mp2020" if parse_formula(oxide).keys() & HUBBARD_U_EV.keys() else "r2scan"
            assert ends["hybrid"][oxide].final.energy_ev_per_fu == ends[level][oxide].final.energy_ev_per_fu, oxide
            assert ends["hybrid"][oxide].final.scheme == f"hybrid: {ends[level][oxide].final.scheme}"
            assert above_hull([oxide], schemes["hybrid"], "Li") == above_hull([oxide], schemes[level], "Li")

    def test_the_caution_stands_where_it_belongs(self, schemes):
        assert "Hubbard" in lithiate("MnO2", schemes["r2scan"]).caution
        assert lithiate("Sb2O3", schemes["r2scan"]).caution == ""
        assert lithiate("MnO2", schemes["hybrid"]).caution == ""
