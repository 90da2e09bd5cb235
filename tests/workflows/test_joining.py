"""Documents put together: which record counts, whose moduli, what is left out."""

import pytest

from licoat.structures import InputFileError
from licoat.structures.crystals.calculators import calculator_spec
from licoat.structures.errors import IncompatibleEnergiesError
from licoat.structures.phases.computed import document_head, read_document, write_document
from licoat.workflows.calculations.joining import join_documents
from licoat.workflows.cli import main

CUBE = {"lattice": [[3.0, 0, 0], [0, 3.0, 0], [0, 0, 3.0]], "species": ["Li"], "frac_coords": [[0, 0, 0]]}
MODULI = {"bulk_modulus_gpa": 12.0, "shear_modulus_gpa": 4.0}


def phase(name, energy=-1.9, **more):
    return {"id": name, "formula": "Li", "converged": True, "energy_raw_ev_per_atom": energy, "structure": CUBE, **more}


def write(path, *phases, label="emt"):
    head = document_head(calculator_spec("emt")) | {"label": label}
    write_document(path, head | {"relaxation": {}, "phases": list(phases)})
    return path


@pytest.fixture
def two(tmp_path):
    failed = {"id": "b", "formula": "Li", "converged": False, "reason": "400 steps", "structure": CUBE}
    return [
        write(tmp_path / "one.json.gz", phase("a"), failed),
        write(tmp_path / "two.json.gz", phase("a", -1.9004, elastic=MODULI), phase("b", -1.8), phase("c", -1.7)),
    ]


def test_the_first_that_converged_counts(two):
    found = {p["id"]: p for p in join_documents(two)["phases"]}
    assert {i: p["energy_raw_ev_per_atom"] for i, p in found.items()} == {"a": -1.9, "b": -1.8, "c": -1.7}


def test_moduli_of_a_later_document_are_taken_only_of_the_same_minimum(two, tmp_path):
    assert join_documents(two)["phases"][0]["elastic"] == MODULI
    other = write(tmp_path / "other.json.gz", phase("a", -1.95, elastic=MODULI))
    assert "elastic" not in join_documents([two[0], other])["phases"][0]


def test_what_is_left_out_is_remembered_with_its_reason(two, tmp_path):
    joined = join_documents(two, {"b": "volume +44 %"})
    assert [p["id"] for p in joined["phases"]] == ["a", "c"]
    assert joined["left_out"] == {"b": "Li: volume +44 %"}
    write_document(tmp_path / "joined.json.gz", joined)
    assert join_documents([tmp_path / "joined.json.gz"])["left_out"] == joined["left_out"]
    with pytest.raises(InputFileError, match="no phase 'x' in these documents"):
        join_documents(two, {"x": "no reason"})


def test_two_calculators_do_not_meet(two, tmp_path):
    strange = write(tmp_path / "strange.json.gz", phase("d"), label="other")
    with pytest.raises(IncompatibleEnergiesError, match="one table needs one level"):
        join_documents([*two, strange])


def test_the_command_leaves_out_what_it_is_told(two, tmp_path, capsys):
    out = tmp_path / "out.json.gz"
    assert main(["data", "join", *map(str, two), "--out", str(out), "--without", "c", "a test"]) == 0
    assert "2 relaxed phases of 2" in capsys.readouterr().out
    assert read_document(out)["left_out"] == {"c": "Li: a test"}
