"""The measured source: values anyone can look up, units, and thermodynamic consistency of the file itself."""

import csv

import numpy as np
import pytest
from pymatgen.core import Composition
from scipy import constants

from licoat.structures import load_phases
from licoat.structures.phases.facts import DATA

KJ_PER_MOL = constants.eV * constants.N_A / 1000  # kJ/mol in 1 eV
EXACT = 1e-9
GAS_CONSTANT = constants.R


def _rows(name):
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return {row["key"]: row for row in csv.DictReader(stream)}


def _value(row, name):
    return float(row[name]) if row[name].strip() else None


THERMO = _rows("thermochem")
ENTROPY = {
    Composition(r["formula"]).elements[0].symbol: float(r["S298_J_molK"]) / Composition(r["formula"]).num_atoms
    for r in THERMO.values()
    if r["klass"] == "element"
}
WITH_G = [
    key
    for key, r in THERMO.items()
    if all(_value(r, n) is not None for n in ("dHf298_kJ_mol", "S298_J_molK", "dGf298_kJ_mol"))
    and {e.symbol for e in Composition(r["formula"])} <= set(ENTROPY)
]
MELTING = [
    key
    for key, r in THERMO.items()
    if r["klass"] == "element" and _value(r, "Tm_K") is not None and _value(r, "dHfus_kJ_mol") is not None
]


def _kj_per_mol(phase, formula):
    return phase.formation_energy_ev_per_atom * KJ_PER_MOL * Composition(formula).num_atoms


@pytest.mark.parametrize(
    ("phase_id", "formula", "kj_per_mol", "tolerance"),
    [
        # CODATA key values (Cox, Wagman, Medvedev 1989) and JANAF; tolerance: their stated uncertainty or 0.2 %
        ("Li2O", "Li2O", -597.9, 1.0),
        ("Al2O3-a", "Al2O3", -1675.7, 1.3),
        ("MgO", "MgO", -601.6, 0.5),
        ("SiO2-q", "SiO2", -910.7, 1.0),
        ("ZnO", "ZnO", -350.5, 0.5),
        ("TiO2-r", "TiO2", -944.0, 1.0),
        ("SnO2", "SnO2", -577.6, 3.5),
        ("CaO", "CaO", -634.9, 0.9),
        ("Sb2O3-s", "Sb2O3", -720.3, 4.0),
        ("LiF", "LiF", -616.0, 1.5),
        ("Li2O2", "Li2O2", -634.3, 2.5),
    ],
)
def test_enthalpies_anyone_can_look_up(measured, phase_id, formula, kj_per_mol, tolerance):
    assert _kj_per_mol(measured[phase_id], formula) == pytest.approx(kj_per_mol, abs=tolerance)


@pytest.mark.parametrize(
    ("phase_id", "formula", "volume"),
    [
        ("Li2O", "Li2O", 4.619**3 / 4),
        ("MgO", "MgO", 4.212**3 / 4),
        ("Sb2O3-s", "Sb2O3", 11.152**3 / 16),
        ("Li", "Li", 3.51**3 / 2),
        ("Si", "Si", 5.431**3 / 8),
        ("CaO", "CaO", 4.811**3 / 4),
    ],
)
def test_volumes_of_cubic_crystals(measured, phase_id, formula, volume):
    # lattice parameters differ in the fourth digit between determinations: 0.3 % in volume
    found = measured[phase_id].volume_a3_per_atom * Composition(formula).num_atoms
    assert found == pytest.approx(volume, rel=3e-3)


def test_senarmontite_is_the_lower_modification(measured):
    assert measured["Sb2O3-s"].space_group == "Fd-3m"
    assert measured["Sb2O3-s"].space_group_number == 227
    assert measured["Sb2O3-v"].space_group_number == 56
    assert measured.phase(measured.rows_of("Sb2O3")[0]).phase_id == "Sb2O3-s"


def test_p4o10_is_stored_per_p2o5(measured):
    row, phase = THERMO["P4O10-h"], measured["P4O10-h"]
    assert row["formula"] == "P4O10"
    assert phase.formula == "P2O5"
    assert phase.entropy_j_per_mol_k == pytest.approx(float(row["S298_J_molK"]) / 2, rel=1e-12)
    assert _kj_per_mol(phase, "P2O5") == pytest.approx(float(row["dHf298_kJ_mol"]) / 2, rel=1e-12)
    # NBS: -2984 kJ/mol of P4O10
    assert _kj_per_mol(phase, "P2O5") == pytest.approx(-2984 / 2, rel=0.02)


@pytest.mark.parametrize("key", THERMO)
def test_units_are_converted_once(measured, key):
    row, phase = THERMO[key], measured[key]
    atoms = Composition(row["formula"]).num_atoms
    unit = Composition(phase.formula).num_atoms
    for name, scale in (("formation_energy_ev_per_atom", "dHf298_kJ_mol"), ("energy_sigma_ev_per_atom", "u_dHf")):
        value = _value(row, scale)
        expected = None if value is None else pytest.approx(value / KJ_PER_MOL / atoms, abs=EXACT)
        assert getattr(phase, name) == expected
    for name, given in (
        ("entropy_j_per_mol_k", "S298_J_molK"),
        ("heat_capacity_j_per_mol_k", "Cp298_J_molK"),
        ("fusion_enthalpy_kj_per_mol", "dHfus_kJ_mol"),
    ):
        value = _value(row, given)
        expected = None if value is None else pytest.approx(value * unit / atoms, rel=1e-12)
        assert getattr(phase, name) == expected
    assert phase.melting_point_k == _value(row, "Tm_K")


@pytest.mark.parametrize("key", WITH_G)
def test_gibbs_energy_is_enthalpy_minus_temperature_times_entropy(key):
    row = THERMO[key]
    elements = sum(ENTROPY[e.symbol] * n for e, n in Composition(row["formula"]).items())
    formed = (float(row["S298_J_molK"]) - elements) / 1000
    expected = float(row["dHf298_kJ_mol"]) - 298.15 * formed
    # 1.5 kJ/mol for three rounded numbers, or the enthalpy's own sigma (Li2Sb: G from emf, H from calorimetry)
    assert float(row["dGf298_kJ_mol"]) == pytest.approx(expected, abs=max(1.5, float(row["u_dHf"] or 0)))


def test_gibbs_energies_are_many():
    assert len(WITH_G) > 100


@pytest.mark.parametrize("key", MELTING)
def test_entropy_of_fusion_of_elements_is_possible(key):
    row = THERMO[key]
    per_atom = float(row["dHfus_kJ_mol"]) * 1000 / float(row["Tm_K"]) / Composition(row["formula"]).num_atoms
    # Richards: about R for metals; 30 J/mol/K for Si and Ge, which melt to metals; 2 for P4, which stays a molecule
    assert 1.5 < per_atom < 35


@pytest.mark.parametrize("key", [k for k, r in THERMO.items() if r["Cp298_J_molK"] and "gas" not in r["phase"]])
def test_heat_capacity_is_below_dulong_and_petit_and_a_half(key):
    row = THERMO[key]
    per_atom = float(row["Cp298_J_molK"]) / Composition(row["formula"]).num_atoms
    # 3R plus anharmonic, electronic and magnetic shares (gadolinium at its Curie point: 1.48 x 3R)
    assert 0.2 * GAS_CONSTANT < per_atom < 1.5 * 3 * GAS_CONSTANT


def test_elements_are_zero(measured):
    elements = [p for p in measured if len(Composition(p.formula)) == 1 and p.formation_energy_ev_per_atom is not None]
    assert len(elements) > 50
    for symbol in {p.formula for p in elements}:
        assert measured.phase(measured.rows_of(symbol)[0]).formation_energy_ev_per_atom == 0.0


def test_every_element_has_a_phase_of_its_own(measured):
    missing = [s for s in measured.symbols if not measured.rows_of(s)]
    assert missing == []


def test_rows_of_volumes_are_all_there(measured):
    for key, row in _rows("molar_volume").items():
        if not row["V_fu_A3"]:
            continue
        expected = float(row["V_fu_A3"]) / Composition(row["formula"]).num_atoms
        assert measured[key].volume_a3_per_atom == pytest.approx(expected, rel=1e-12)


def test_only_measured_gaps_and_moduli(measured):
    assert {k for k in measured.text("band_gap_kind") if k} == {"measured"}
    assert {k for k in measured.text("elastic_kind") if k} == {"measured"}


def test_sigmas_are_not_negative(measured):
    sigma = measured.column("energy_sigma_ev_per_atom")
    assert (sigma[~np.isnan(sigma)] >= 0).all()


def test_every_enthalpy_has_a_sigma(measured):
    known = ~np.isnan(measured.column("formation_energy_ev_per_atom"))
    sigma = measured.column("energy_sigma_ev_per_atom")
    assert [measured.text("phase_id")[i] for i in np.flatnonzero(known & np.isnan(sigma))] == []


def test_conductivities_are_of_the_right_kind(measured):
    # Li3N, the classical lithium conductor: 1e-3 S/cm in plane (von Alpen 1977)
    assert measured["Li3N"].ionic_conductivity_s_per_cm == pytest.approx(1.2e-3, rel=0.2)
    # lithium metal: 9.3 microohm cm (handbook)
    assert measured["Li"].electronic_resistivity_ohm_cm == pytest.approx(9.3e-6, rel=0.05)
    # what nobody can look up is no measurement: the file's value of Li2O is an order of magnitude from memory
    assert measured["Li2O"].ionic_conductivity_s_per_cm is None
    for name in ("ionic_conductivity_s_per_cm", "electronic_resistivity_ohm_cm"):
        values = measured.column(name)
        assert (values[~np.isnan(values)] > 0).all()


def test_scheme_and_source(measured):
    assert measured.scheme == "measured/298K"
    assert measured.source == "measured"


def test_two_loads_are_equal_and_apart():
    one, two = load_phases("measured"), load_phases("measured")
    assert list(one) == list(two)
