"""licoat reads what it writes: the ASE database of a build, as start structures and to relax."""

import json

import numpy as np
import pytest

from licoat.structures import load_phases
from licoat.structures.crystals.structure_files import read_crystals
from licoat.workflows.calculations.seeds import read_seeds

FCC = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]]


def cubic(name, species, a):
    lattice = [[a, 0, 0], [0, a, 0], [0, 0, a]]
    return {"id": name, "structure": {"lattice": lattice, "species": species, "frac_coords": FCC}}


SEEDS = [
    cubic("Cu", ["Cu"] * 4, 3.65),
    cubic("Au", ["Au"] * 4, 4.1),
    cubic("Cu3Au", ["Au", "Cu", "Cu", "Cu"], 3.75),
    cubic("1.5", ["Cu", "Au", "Au", "Au"], 3.95),  # ase takes no text that looks like a number
]


@pytest.fixture
def build(run, tmp_path, monkeypatch):
    monkeypatch.setenv("LICOAT_DATA", str(tmp_path / "data"))

    def start(seeds, out, *options):
        status, _, err = run("data", "build", "--seeds", seeds, "--calculator", "emt", "--out", out, *options)
        assert (status, err) == (0, "")
        return load_phases(out / "phases.parquet")

    return start


@pytest.fixture
def first(build, tmp_path):
    """The table of a build in EMT whose database is F.db."""
    seeds = tmp_path / "seeds.json"
    seeds.write_text(json.dumps(SEEDS))
    return build(seeds, tmp_path / "first", "--ase-db", tmp_path / "F.db")


def test_the_database_gives_the_crystals_of_the_table(first, tmp_path):
    found = {item.name: item.crystal for item in read_crystals(tmp_path / "F.db")}
    assert set(found) == set(first.text("phase_id")) == {seed["id"] for seed in SEEDS}
    for name, crystal in found.items():
        stored = json.loads(first[name].structure)
        assert np.array(crystal.lattice) == pytest.approx(np.array(stored["lattice"]), abs=1e-9)
        assert crystal.volume_a3 / len(crystal) == pytest.approx(first[name].volume_a3_per_atom, rel=1e-6)
        assert [seed.phase_id for seed in read_seeds(tmp_path / "F.db")].count(name) == 1


def test_a_build_from_the_database_of_a_build_is_that_build(first, build, tmp_path):
    second = build(tmp_path / "F.db", tmp_path / "second", "--ase-db", tmp_path / "G.db")
    assert second.text("phase_id") == first.text("phase_id")
    for name in ("energy_ev_per_atom", "volume_a3_per_atom"):
        # within the thresholds of a relaxation: what is at its minimum stays there
        assert second.column(name) == pytest.approx(first.column(name), rel=1e-3, abs=1e-4)
    assert len(read_crystals(tmp_path / "G.db")) == len(SEEDS)


def test_what_is_relaxed_stays_as_it_is(first, run_json, tmp_path):
    found = run_json("relax", tmp_path / "F.db", "--calculator", "emt")["structures"]
    assert {item["name"] for item in found} == set(first.text("phase_id"))
    for item in found:
        assert item["converged"]
        assert item["energy_ev_per_atom"] == pytest.approx(first[item["name"]].energy_ev_per_atom, abs=1e-4)
        assert item["steps"] <= 1
