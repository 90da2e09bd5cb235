"""`licoat data verify`: every kind of bad table rings the check that is about it, and no other."""

import math

import pytest

from licoat.structures import PhaseTable
from licoat.structures.phases import builtin as embedded
from licoat.structures.phases import health
from licoat.structures.phases.facts import read_facts
from licoat.structures.phases.health import verify
from licoat.structures.phases.parquet import manifest_path, read_parquet
from licoat.structures.phases.provenance import Manifest

ATOMS = "the stored atoms of each phase are those of its formula"
ELEMENTS = "every element has a phase of its own"
ENERGIES = "formation energies are within -6 and +5 eV/atom"
LI2O = "Li2O formation energy in range"
VOLUMES = "volumes are within 3 and 250 A3/atom"
MODULI = "moduli are positive and stable"
GAPS = "gaps are within 0 and 15 eV and have a source"
DUPLICATES = "no phase stands twice"
ENTHALPIES = "formation energies are near the measured enthalpies"
VOLUME_UNIT = "volumes are near the measured ones"
MODULI_UNIT = "moduli are near the published ones"
EMBEDDED = "embedded table is what its inputs give"
GIBBS = "enthalpy, entropy and Gibbs energy agree"
HEAT_CAPACITY = "heat capacity tables agree with the values at 298 K"

GOOD = {
    "li": {"formula": "Li", "volume_a3_per_atom": 20.2, "band_gap_ev": 0.0, "band_gap_kind": "metal"},
    "o": {"formula": "O2", "volume_a3_per_atom": 15.0},
    "sb": {"formula": "Sb", "volume_a3_per_atom": 30.0, "band_gap_ev": 0.0, "band_gap_kind": "metal"},
    "li2o": {
        "formula": "Li2O",
        "formation_energy_ev_per_atom": -2.06,
        "volume_a3_per_atom": 8.2,
        "band_gap_ev": 7.5,
        "band_gap_kind": "measured",
    },
    "sb2o3": {
        "formula": "Sb2O3",
        "formation_energy_ev_per_atom": -1.49,
        "volume_a3_per_atom": 17.0,
        "band_gap_ev": 3.3,
        "band_gap_kind": "measured",
        "bulk_modulus_gpa": 40.0,
        "shear_modulus_gpa": 20.0,
    },
}
DEFAULTS = {
    "formation_energy_ev_per_atom": 0.0,
    "volume_a3_per_atom": math.nan,
    "band_gap_ev": math.nan,
    "band_gap_kind": "",
    "bulk_modulus_gpa": math.nan,
    "shear_modulus_gpa": math.nan,
}


def table(source="test", without=(), add=None, **changes):
    """Make the good table with phases changed (`sb2o3={"band_gap_ev": -1.0}`), left out or added."""
    phases = {name: row | changes.get(name, {}) for name, row in (GOOD | (add or {})).items() if name not in without}
    columns = {"phase_id": list(phases), "formula": [row["formula"] for row in phases.values()]}
    for name, default in DEFAULTS.items():
        columns[name] = [row.get(name, default) for row in phases.values()]
    return PhaseTable(columns, Manifest(source=source, scheme="test"))


def failed(phases):
    return {check.name: check.problem for check in verify(phases) if check.problem}


def test_a_good_table_rings_nothing():
    assert failed(table()) == {}
    every = {ELEMENTS, ENERGIES, LI2O, VOLUMES, MODULI, GAPS, ENTHALPIES, VOLUME_UNIT, MODULI_UNIT, DUPLICATES, ATOMS}
    assert {check.name for check in verify(table())} == every
    assert all(check.to_dict() == {"name": check.name, "ok": True, "problem": ""} for check in verify(table()))


def test_unknown_values_ring_nothing():
    unknown = {name: math.nan for name in DEFAULTS if name not in {"band_gap_kind", "formation_energy_ev_per_atom"}}
    assert failed(table(sb2o3=unknown | {"band_gap_kind": ""})) == {}


def test_without_li2o_there_is_nothing_to_compare():
    assert failed(table(without=("li2o",))) == {}


@pytest.mark.parametrize(
    ("check", "words", "bad"),
    [
        (ELEMENTS, "no phase of Sb", {"without": ("sb",)}),
        (ELEMENTS, "no phase of O", {"without": ("o",)}),
        (ENERGIES, "sb2o3", {"sb2o3": {"formation_energy_ev_per_atom": -6.4}}),
        (ENERGIES, "sb2o3", {"sb2o3": {"formation_energy_ev_per_atom": 5.3}}),
        (LI2O, "-1.500", {"li2o": {"formation_energy_ev_per_atom": -1.5}}),  # another scheme's oxygen, or none
        (LI2O, "-2.500", {"li2o": {"formation_energy_ev_per_atom": -2.5}}),  # corrected twice
        (VOLUMES, "sb2o3", {"sb2o3": {"volume_a3_per_atom": 1.9}}),  # nm, or per atom twice
        (VOLUMES, "sb2o3", {"sb2o3": {"volume_a3_per_atom": 340.0}}),  # of the whole cell
        (MODULI, "bulk_modulus_gpa 0", {"sb2o3": {"bulk_modulus_gpa": 0.0}}),
        (MODULI, "bulk_modulus_gpa -12", {"sb2o3": {"bulk_modulus_gpa": -12.0}}),
        (MODULI, "bulk_modulus_gpa 1200", {"sb2o3": {"bulk_modulus_gpa": 1200.0}}),  # diamond has 443
        (MODULI, "shear_modulus_gpa 0", {"sb2o3": {"shear_modulus_gpa": 0.0}}),
        (MODULI, "shear_modulus_gpa -3", {"sb2o3": {"shear_modulus_gpa": -3.0}}),
        (MODULI, "shear_modulus_gpa 2000", {"sb2o3": {"shear_modulus_gpa": 2000.0}}),
        (GAPS, "band_gap_ev -0.1", {"sb2o3": {"band_gap_ev": -0.1}}),
        (GAPS, "band_gap_ev 15.5", {"sb2o3": {"band_gap_ev": 15.5}}),  # LiF has 14.2
        (GAPS, "band_gap_ev 3.3", {"sb2o3": {"band_gap_kind": ""}}),
        (ENTHALPIES, "sign turned", {"without": ("li2o",), "sb2o3": {"formation_energy_ev_per_atom": 1.49}}),
        (VOLUME_UNIT, "cm3/mol", {"li2o": {"volume_a3_per_atom": 14.8}, "sb2o3": {"volume_a3_per_atom": 52.2}}),
        (VOLUME_UNIT, "A3 per formula", {"li2o": {"volume_a3_per_atom": 24.6}, "sb2o3": {"volume_a3_per_atom": 86.7}}),
        (MODULI_UNIT, "Mbar", {"li2o": {"bulk_modulus_gpa": 0.82}, "sb2o3": {"bulk_modulus_gpa": 0.2}}),
        (MODULI_UNIT, "kbar", {"li2o": {"bulk_modulus_gpa": 820.0}, "sb2o3": {"bulk_modulus_gpa": 200.0}}),
        (DUPLICATES, "sb2o3 and again", {"add": {"again": GOOD["sb2o3"]}}),
        (
            DUPLICATES,
            "sb2o3 and again",
            {"add": {"again": GOOD["sb2o3"] | {"formula": "Sb4O6", "bulk_modulus_gpa": 41.0}}},
        ),
    ],
)
def test_a_bad_table_rings_its_own_check_only(check, words, bad):
    problems = failed(table(**bad))
    assert list(problems) == [check]
    assert words in problems[check]


@pytest.mark.parametrize("change", [{"volume_a3_per_atom": 17.1}, {"formation_energy_ev_per_atom": -1.48}])
def test_polymorphs_are_no_duplicates(change):
    assert failed(table(add={"other": GOOD["sb2o3"] | change})) == {}


@pytest.fixture
def facts(monkeypatch):
    """Change one row of a file of facts; returns the names of the checks that ring at the source 'measured'."""

    def change(file, chosen, **values):
        rows = {name: [dict(row) for row in read_facts(name)] for name in ("thermochem", "heat_capacity")}
        row = next(row for row in rows[file] if all(row[name] == value for name, value in chosen.items()))
        for name, new in values.items():
            row[name] = str(new(float(row[name])))
        monkeypatch.setattr(health, "read_facts", lambda name: iter(rows[name]))
        return failed(table(source="measured"))

    return change


def test_facts_as_they_are_agree():
    assert failed(table(source="measured")) == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"dGf298_kJ_mol": lambda g: g + 20.0},  # another polymorph's
        {"dGf298_kJ_mol": lambda g: -g},
        {"dHf298_kJ_mol": lambda h: h / 4.184},  # kcal
        {"S298_J_molK": lambda s: s * 4.184},
    ],
)
def test_gibbs_energy_that_contradicts_enthalpy_and_entropy(facts, wrong):
    problems = facts("thermochem", {"key": "Sb2O3-s"}, **wrong)
    assert list(problems) == [GIBBS]
    assert "Sb2O3-s: G " in problems[GIBBS]


def test_gibbs_energy_within_the_error_of_the_enthalpy_is_no_contradiction(facts):
    """Sb2O3 is known to 4 kJ/mol."""
    assert facts("thermochem", {"key": "Sb2O3-s"}, dGf298_kJ_mol=lambda g: g + 2.0) == {}


@pytest.mark.parametrize("factor", [1 / 4.184, 0.9, 1.1, 2.0])
def test_heat_capacity_that_contradicts_the_value_at_room_temperature(facts, factor):
    chosen = {"formula": "Li", "T_K": "298.15"}
    problems = facts("heat_capacity", chosen, Cp_J_molK=lambda cp: cp * factor)
    assert list(problems) == [HEAT_CAPACITY]
    assert problems[HEAT_CAPACITY].startswith("Li: ")


@pytest.fixture
def inputs(monkeypatch):
    """Let the inputs of the embedded table give something else; returns what rings at the source 'builtin'."""
    manifest = Manifest.read(manifest_path(embedded.PARQUET))

    def give(change):
        columns = read_parquet(embedded.PARQUET, manifest)
        details = dict(manifest.details)
        change(columns, details)
        monkeypatch.setattr(embedded, "_assemble", lambda _: (columns, manifest.replace(details=details)))
        return failed(table(source="builtin"))

    return give


def _larger(columns, _):
    columns["volume_a3_per_atom"] = [2.0 * v for v in columns["volume_a3_per_atom"]]


def _fewer(columns, _):
    for name in columns:
        columns[name] = columns[name][1:]


def _other_file(_, details):
    details["inputs_sha256"] = details["inputs_sha256"] | {"bandgaps.csv": "0" * 64}


@pytest.mark.parametrize(
    ("change", "word"),
    [(_larger, "volume_a3_per_atom of "), (_fewer, "phases differ"), (_other_file, "inputs_sha256")],
)
def test_embedded_table_that_its_inputs_do_not_give(inputs, change, word):
    problems = inputs(change)
    assert list(problems) == [EMBEDDED]
    assert word in problems[EMBEDDED]


def test_embedded_table_that_its_inputs_give(inputs):
    assert inputs(lambda *_: None) == {}
