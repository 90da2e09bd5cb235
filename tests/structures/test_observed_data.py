"""The list of observed compounds: spelling, allowed words, references, and rows that agree with each other."""

import csv
import re

import pytest

from licoat.structures.chemistry.formula import element_set, formula_unit
from licoat.structures.phases.facts import DATA

PATH = DATA / "observed_compounds.csv"
COLUMNS = ["formula", "system", "status", "state", "note", "reference", "evidence"]
STATUSES = {"observed", "metastable", "high_temperature", "high_pressure", "disputed", "predicted", "none"}
STATES = {"solid", "liquid", "gas", "molecular"}
EVIDENCE = {"read", "known", "check"}
NOT_A_COMPOUND = {"none", "solution"}
ENDS = [
    *("Li17Si4", "Li17Ge4", "Li17Sn4", "Li17Pb4", "LiB", "LiC", "Li3N", "Li3P", "Li3As", "Li3Sb", "Li3Bi"),
    *("Li2S", "Li2Se", "Li2Te", "Li9Al4", "Li2Ga", "Li13In3", "Li22Tl5", "LiZn", "Li3Cd", "Li3Hg", "Li9Ag4"),
    *("Li15Au4", "Li2Pt", "Li15Pd4", "LiRh", "LiIr", "Li2Ca", "Li23Sr6", "Li4Ba"),
]
YEAR = re.compile(r"\b(18[5-9][0-9]|19[0-9]{2}|20[0-2][0-9])\b")

TEXT = PATH.read_text(encoding="utf-8")
ROWS = list(csv.DictReader(TEXT.splitlines()))
COMPOUNDS = {row["formula"]: row for row in ROWS if row["formula"] not in NOT_A_COMPOUND}


def _kind(system):
    """Li-M first, then M-O, then Li-M-O; Li-O counts as an oxide."""
    elements = set(system.split("-"))
    if "O" not in elements:
        return 0
    return 2 if len(elements) == 3 else 1


def _named(rows):
    return sorted(f"{row['formula']} {row['system']}" for row in rows)


def test_file_is_plain_and_sorted():
    assert "\r" not in TEXT
    assert TEXT.endswith("\n")
    assert TEXT.isascii()
    assert next(csv.reader(TEXT.splitlines())) == COLUMNS
    assert all(None not in row and None not in row.values() for row in ROWS)
    assert all(value == value.strip() for row in ROWS for value in row.values())
    order = [(_kind(row["system"]), row["system"], row["formula"]) for row in ROWS]
    assert order == sorted(order)


def test_one_row_per_composition():
    keys = [(row["formula"], row["system"]) for row in ROWS]
    assert len(keys) == len(set(keys))
    assert len(COMPOUNDS) == sum(row["formula"] not in NOT_A_COMPOUND for row in ROWS)


def test_formulas_are_units_of_their_system():
    assert [f for f in COMPOUNDS if formula_unit(f) != f] == []
    assert [f for f, row in COMPOUNDS.items() if element_set(f) != set(row["system"].split("-"))] == []
    assert [f for f in COMPOUNDS if not 2 <= len(element_set(f)) <= 3] == []


def test_systems_are_written_one_way():
    for row in ROWS:
        elements = row["system"].split("-")
        others = sorted(set(elements) - {"Li", "O"})
        assert elements == [e for e in ("Li", *others, "O") if e in elements]
        assert "Li" in elements or "O" in elements
        assert len(others) <= 1
        if row["formula"] in NOT_A_COMPOUND:
            assert elements[0] == "Li"
            assert len(elements) == 2


def test_words_are_allowed():
    assert {row["status"] for row in ROWS} <= STATUSES
    assert {row["state"] for row in ROWS} <= STATES
    assert {row["evidence"] for row in ROWS} <= EVIDENCE
    assert all((row["formula"] == "none") == (row["status"] == "none") for row in ROWS)
    assert all(row["status"] == "observed" for row in ROWS if row["formula"] == "solution")
    assert _named(row for row in ROWS if row["state"] != "solid" and "O" not in row["system"].split("-")) == []
    assert _named(row for row in ROWS if row["state"] == "gas" and row["status"] == "predicted") == []


def test_every_row_has_a_reference_with_a_year():
    assert _named(row for row in ROWS if not YEAR.search(row["reference"])) == []
    leftovers = re.compile(r"\[check\]|himikatus|[Ww]ikipedia|no reference|abstract|\bcopy\b|\bgeneral\b")
    assert _named(row for row in ROWS if leftovers.search(row["reference"])) == []


def test_systems_without_compounds_have_none():
    empty = {row["system"] for row in ROWS if row["formula"] == "none"}
    exists = {"observed", "metastable", "high_temperature"}
    assert _named(r for r in COMPOUNDS.values() if r["system"] in empty and r["status"] in exists) == []


def test_each_lithium_system_names_one_end():
    """One row of each Li-M system is the partner of lithium metal: a compound, the solution, or none."""
    systems = {row["system"] for row in ROWS if "O" not in row["system"].split("-")}
    ends = [row for row in ROWS if row["note"].startswith("LI_RICHEST") and row["system"] in systems]
    assert sorted(row["system"] for row in ends) == sorted(systems)
    assert _named(row for row in ends if row["status"] not in {"observed", "none"}) == []


@pytest.mark.parametrize(
    "formula",
    ENDS,
)
def test_end_states_with_lithium_metal(formula):
    row = COMPOUNDS[formula_unit(formula)]
    assert row["note"].startswith("LI_RICHEST")
    assert row["evidence"] == "read"


@pytest.mark.parametrize(
    ("formula", "status"),
    [
        ("CeO", "high_pressure"),
        ("NdO", "high_pressure"),
        ("SmO", "high_pressure"),
        ("LaO", "high_pressure"),
        ("FeO", "high_temperature"),
        ("Li2Zn", "high_pressure"),
        ("LiCu3", "disputed"),
        ("Li3Cu2", "disputed"),
        ("Li3Zn2", "predicted"),
        ("Li5Mg", "predicted"),
        ("Li3Ag", "predicted"),
        ("Li3Pt", "predicted"),
    ],
)
def test_what_computed_hulls_like_too_much(formula, status):
    assert COMPOUNDS[formula]["status"] == status


@pytest.mark.parametrize("formula", ["Ti4O5", "Ti3O4", "Cu2O3"])
def test_what_nobody_made_is_not_listed(formula):
    assert formula not in COMPOUNDS


@pytest.mark.parametrize(
    ("formula", "state"),
    [
        ("CO2", "gas"),
        ("SO2", "gas"),
        ("NO2", "gas"),
        ("RuO4", "molecular"),
        ("OsO4", "molecular"),
        ("SO3", "molecular"),
        ("Mn2O7", "molecular"),
        ("Cl2O7", "molecular"),
        ("P2O5", "solid"),
        ("Re2O7", "solid"),
        ("Sb2O3", "solid"),
    ],
)
def test_gases_and_molecules_are_no_coatings(formula, state):
    assert COMPOUNDS[formula]["state"] == state


def test_gases_are_gases_everywhere():
    """What has no crystal volume in a reaction and what is no coating are one list."""
    from licoat.structures.chemistry.gases import is_gas

    assert {row["formula"] for row in ROWS if row["state"] == "gas"} == {
        row["formula"] for row in ROWS if is_gas(row["formula"])
    }
