"""Errors of voltages, volumes and gaps: whose they are, and what they add up to."""

import math

import pytest

from licoat.structures import PhaseTable, load_phases
from licoat.structures.phases.provenance import Manifest
from licoat.thermo.property_errors import PropertyError, by_property, gap_errors, property_errors


@pytest.fixture(scope="module")
def found():
    return property_errors(load_phases("builtin", scheme="fitted"))


def test_known_properties_are_found(found):
    lithia = next(e for e in found if e.quantity == "volume" and e.label.startswith("Li2O "))
    assert lithia.measured * 3 == pytest.approx(4.619**3 / 4, rel=2e-3)  # antifluorite, a = 4.619 A
    assert lithia.error == pytest.approx(100.0 * math.log(lithia.computed / lithia.measured))
    tin = next(e for e in found if e.label.startswith("Sn, 0-0.4"))
    assert tin.measured == 0.76
    assert abs(tin.error) < 0.1


def test_a_table_of_two_phases_by_hand():
    """Li + M -> LiM at 0.5 eV per Li: one plateau at 0.5 V, against 0.355 V or so of the handbook's for aluminium."""
    columns = {
        "phase_id": ["li", "al", "lial"],
        "formula": ["Li", "Al", "LiAl"],
        "formation_energy_ev_per_atom": [0.0, 0.0, -0.25],
        "volume_a3_per_atom": [20.0, 16.5, 16.0],
        "space_group_number": [229, 225, 227],
        "energy_sigma_ev_per_atom": [0.0, 0.0, 0.01],
    }
    found = property_errors(PhaseTable(columns, Manifest(source="two", scheme="x")))
    plateaus = [e for e in found if e.quantity == "plateau voltage"]
    assert plateaus
    assert all(e.computed == pytest.approx(0.5) for e in plateaus)
    assert all(e.sigma == pytest.approx(0.02) for e in plateaus)  # two atoms per lithium
    assert all(e.error == e.computed - e.measured for e in plateaus)


def test_pbe_gaps_are_too_small():
    """The best known failure of the functional: every class is too low in the mean."""
    rows = by_property(gap_errors())
    assert sum(row.n for row in rows) >= 30
    assert all(row.mean < -0.5 for row in rows)


def test_sums_by_hand():
    errors = [
        PropertyError("volume", "a", "oxide", "%", 1.0, 1.0, 1.0, None, 3.0),
        PropertyError("volume", "b", "oxide", "%", 1.0, 1.0, 1.0, 1.0, -1.0),
    ]
    (row,) = by_property(errors)
    assert (row.n, row.mean, row.mae, row.worst) == (2, 1.0, 2.0, "a")
    assert row.rms == pytest.approx(math.sqrt(5.0))
    assert (row.within_1_sigma, row.within_2_sigma) == (0.5, 0.5)


def test_what_was_not_read_in_its_source_does_not_count(found):
    assert not [e for e in found if e.quantity == "plateau voltage" and e.label.startswith(("Sb, 0-2 Li", "Bi, 0-1"))
                and e.kind.endswith("298 K")]  # fmt: skip
