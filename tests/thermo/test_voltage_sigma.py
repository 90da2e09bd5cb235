"""Plateau voltages know how sure they are."""

import math

import pytest

from licoat.structures import PhaseTable
from licoat.structures.phases.provenance import Manifest
from licoat.thermo import lithiate
from licoat.thermo.lithiation import lithiate_many
from licoat.thermo.oxides import default_oxides


def table(**extra):
    formulas = ["Li", "Sb", "O2", "Li2O", "Sb2O3", "Li3Sb"]
    columns = {"phase_id": formulas, "formula": formulas, "formation_energy_ev_per_atom": [0, 0, 0, -2.0, -1.4, -0.7]}
    return PhaseTable(columns | extra, Manifest(source="small", scheme="test"))


def test_sigma_is_that_of_the_plateaus_own_reaction():
    path = lithiate("Sb2O3", table(energy_sigma_ev_per_atom=[0.0, 0.0, 0.0, 0.01, 0.05, 0.03]))
    first, second = path.stages
    assert first.products == {"Sb": 2.0, "Li2O": 3.0}
    # Sb2O3 + 6 Li -> 2 Sb + 3 Li2O
    assert first.voltage_sigma_v == pytest.approx(math.hypot(5 * 0.05, 3 * 3 * 0.01) / 6)
    # 2 Sb + 6 Li -> 2 Li3Sb: Li2O stands by
    assert second.voltage_sigma_v == pytest.approx(2 * 4 * 0.03 / 6)


def test_without_sigmas_there_is_none():
    assert [stage.voltage_sigma_v for stage in lithiate("Sb2O3", table()).stages] == [None, None]


def test_one_plateau_has_the_sigma_of_the_mean_voltage(builtin):
    paths = lithiate_many(default_oxides(builtin)[0], builtin)
    path = next(p for p in paths if len(p.stages) == 1 and p.decomposition_energy_ev_per_fu == 0.0)
    assert path.stages[0].voltage_sigma_v == pytest.approx(path.final.average_voltage_sigma_v, rel=1e-6)


def test_charge_counts():
    """A divalent anode takes two electrons for each atom."""
    sigma = {"Mg": 0.0, "MgO": 0.02, "Ni": 0.0, "NiO": 0.03, "O2": 0.0}
    phases = PhaseTable(
        {
            "phase_id": list(sigma),
            "formula": list(sigma),
            "formation_energy_ev_per_atom": [0.0, -3.0, 0.0, -1.2, 0.0],
            "energy_sigma_ev_per_atom": list(sigma.values()),
        },
        Manifest(source="small", scheme="test"),
    )
    (stage,) = lithiate("NiO", phases, anode="Mg").stages
    assert stage.voltage_sigma_v == pytest.approx(math.hypot(2 * 0.02, 2 * 0.03) / 2)
