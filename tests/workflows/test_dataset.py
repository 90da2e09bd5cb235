"""`licoat data build --seeds`: the table it makes, its ASE database, and what it refuses."""

import csv
import gzip
import json
import subprocess
import sys
import threading

import pytest

from licoat.structures import load_phases
from licoat.structures.crystals.calculators import CALCULATORS
from licoat.structures.crystals.crystal import Crystal
from licoat.structures.errors import InputFileError, MissingDataError
from licoat.workflows.calculations.dataset import DOCUMENT, ELASTIC, BuildOptions, build_dataset
from licoat.workflows.calculations.engines import ENGINES, open_engine
from licoat.workflows.calculations.saddles import DISPLACE
from licoat.workflows.calculations.seeds import Seed, read_seeds
from licoat.workflows.calculations.store import Store

A = {"Al": 4.05, "Cu": 3.6, "Ni": 3.48, "Au": 4.06}


def structure(species, a):
    sites = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]][: len(species)]
    return {"lattice": [[a, 0, 0], [0, a, 0], [0, 0, a]], "species": species, "frac_coords": sites}


def fcc(element):
    h = A[element] / 2
    cell = {"lattice": [[0, h, h], [h, 0, h], [h, h, 0]], "species": [element], "frac_coords": [[0, 0, 0]]}
    return {"id": element, "structure": cell, "known": True, "structure_type": "fcc", "origin": "made"}


SEEDS = [
    fcc("Cu"),
    fcc("Au"),
    {"id": "Cu3Au", "structure": structure(["Au", "Cu", "Cu", "Cu"], 3.75), "known": False},
    {"id": "1.5", "structure": structure(["Cu", "Au", "Au", "Au"], 3.95)},
]


@pytest.fixture
def build(run, tmp_path):
    """Run a build with EMT of the seeds given."""

    def start(seeds, *options, out="out"):
        path = tmp_path / "seeds.json"
        path.write_text(seeds if isinstance(seeds, str) else json.dumps(seeds))
        return run("data", "build", "--seeds", path, "--calculator", "emt", "--out", tmp_path / out, *options)

    return start


def failures(folder):
    with (folder / "failures.csv").open(newline="") as stream:
        return {row["phase_id"]: row["reason"] for row in csv.DictReader(stream)}


def test_table_of_a_build(build, tmp_path):
    out = tmp_path / "out"
    assert build(SEEDS) == (0, f"4 phases from 4 start structures in {out}\n", "")
    phases = load_phases(out / "phases.parquet")
    assert phases.text("phase_id") == ("1.5", "Au", "Cu", "Cu3Au")
    assert phases.manifest.scheme == "emt/none"
    heat = dict(zip(phases.text("phase_id"), phases.column("formation_energy_ev_per_atom"), strict=True))
    assert heat["Cu"] == heat["Au"] == 0.0
    assert -0.1 < heat["Cu3Au"] < 0.0  # EMT orders Cu and Au, as they are in nature (-0.07 eV/atom)
    assert failures(out) == {}
    names = {"store", DOCUMENT, "phases.parquet", "phases.manifest.json", "failures.csv"}
    assert {path.name for path in out.iterdir()} == names


def test_json_document_names_what_failed(build, tmp_path):
    stuck = {"id": "stuck", "structure": structure(["Cu", "Au", "Au", "Cu"], 4.4)}
    status, out, err = build([*SEEDS, stuck], "--json", "--max-steps", "1", "--fmax", "9", "--smax", "9")
    assert (status, err) == (0, "")
    document = json.loads(out)
    assert (document["seeds"], document["phases"], list(document["failures"])) == (5, 4, ["stuck"])
    assert failures(tmp_path / "out") == document["failures"]
    assert "not converged within 1 steps" in document["failures"]["stuck"]


def test_same_structure_twice_is_computed_once_and_named(build, tmp_path):
    again = SEEDS[0] | {"id": "again"}
    status, _, err = build([*SEEDS, again])
    assert (status, err) == (0, "")
    assert len(Store(tmp_path / "out" / "store")) == len(SEEDS) + 2  # those that nobody calls known once more
    document = json.loads(gzip.decompress((tmp_path / "out" / DOCUMENT).read_bytes()))
    by_id = {phase["id"]: phase for phase in document["phases"]}
    assert by_id["again"] | {"id": "Cu"} == by_id["Cu"]
    assert load_phases(tmp_path / "out" / "phases.parquet").manifest.details["duplicates_left_out"] == ["again"]


def test_order_of_the_seeds_does_not_matter(build, tmp_path):
    build(SEEDS)
    build(SEEDS[::-1], out="other")
    for name in (DOCUMENT, "phases.parquet", "phases.manifest.json"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()


def test_damaged_record_is_made_again(build, tmp_path):
    build(SEEDS)
    before = (tmp_path / "out" / "phases.parquet").read_bytes()
    first, *others = sorted((tmp_path / "out" / "store").rglob("*.json"))
    text, kept = json.loads(first.read_text()), {path: path.read_bytes() for path in others}
    first.write_text(first.read_text()[:200])
    (tmp_path / "out" / "phases.parquet").unlink()
    assert build(SEEDS, "--resume")[0] == 0
    assert (tmp_path / "out" / "phases.parquet").read_bytes() == before
    assert json.loads(first.read_text())["result"] == text["result"]
    assert {path: path.read_bytes() for path in others} == kept


def test_two_builds_at_once_in_one_folder(tmp_path):
    (tmp_path / "seeds.json").write_text(json.dumps(SEEDS))
    seeds, raised = read_seeds(tmp_path / "seeds.json"), []

    def work(folder):
        try:
            for _ in range(5):
                build_dataset(seeds, CALCULATORS["emt"], folder, open_engine())
        except BaseException as error:
            raised.append(error)
            raise

    threads = [threading.Thread(target=work, args=(tmp_path / "both",)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert raised == []
    work(tmp_path / "one")
    for name in (DOCUMENT, "phases.parquet", "phases.manifest.json", "failures.csv"):
        assert (tmp_path / "both" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()


def test_elastic_all(build, tmp_path):
    status, _, err = build(SEEDS[:2], "--elastic", "all", "--fmax", "0.001", "--smax", "0.01")
    assert (status, err) == (0, "")
    document = json.loads(gzip.decompress((tmp_path / "out" / DOCUMENT).read_bytes()))
    bulk = {p["id"]: p["elastic"]["bulk_modulus_gpa"] for p in document["phases"]}
    assert bulk["Cu"] == pytest.approx(134, abs=15)  # EMT's; measured 137
    assert len(Store(tmp_path / "out" / "store")) == 4


def test_missing_element_keeps_what_was_relaxed(build, tmp_path):
    status, out, err = build(SEEDS[1:], "--elastic", "screen")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert DOCUMENT in err
    assert (tmp_path / "out" / DOCUMENT).exists()
    assert (tmp_path / "out" / "failures.csv").exists()


def test_nothing_converged(build, tmp_path):
    status, out, err = build(SEEDS, "--max-steps", "1", "--fmax", "1e-9", "--smax", "1e-9")
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert f"none of 4 relaxations gave a result ({tmp_path / 'out' / 'failures.csv'}), the first: 1.5: not conv" in err
    assert set(failures(tmp_path / "out")) == {seed["id"] for seed in SEEDS}


def test_no_table_of_an_earlier_build_stays_beside_other_structures(build, tmp_path):
    assert build(SEEDS)[0] == 0
    assert (tmp_path / "out" / "phases.parquet").exists()
    status, _, err = build(SEEDS[1:], "--resume")  # without copper there are no formation energies
    assert (status, err.count("\n")) == (2, 1)
    left = {path.name for path in (tmp_path / "out").iterdir()}
    assert left == {"store", DOCUMENT, "failures.csv"}
    assert build(SEEDS, "--resume")[0] == 0
    assert len(load_phases(tmp_path / "out" / "phases.parquet")) == 4


def test_a_folder_belongs_to_one_calculator(build, tmp_path):
    assert build(SEEDS)[0] == 0
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    status, out, err = build(SEEDS, "--resume", "--calculator", "lj")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "holds a build with the calculator 'emt'" in err
    assert "give another folder" in err
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before


def test_a_table_that_cannot_be_screened_is_there_without_moduli(build, tmp_path):
    status, out, err = build(SEEDS, "--elastic", "screen")  # gold and copper: no oxide, no lithium
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "--elastic screen: these phases cannot be screened" in err
    assert "--elastic all" in err
    assert len(load_phases(tmp_path / "out" / "phases.parquet")) == 4
    assert build(SEEDS, "--resume", "--elastic-phase", "Cu")[0] == 0  # and moduli of what is named are had all the same
    phases = load_phases(tmp_path / "out" / "phases.parquet")
    document = json.loads(gzip.decompress((tmp_path / "out" / DOCUMENT).read_bytes()))
    assert [phase["id"] for phase in document["phases"] if "elastic" in phase] == ["Cu"]
    assert len(phases) == 4


def test_what_led_to_the_same_phase_is_named(build):
    status, out, _ = build([*SEEDS, SEEDS[0] | {"id": "again"}])
    assert status == 0
    assert "  left out: again: led to a phase that is there already\n" in out


def test_ase_database_that_cannot_be_written(build, tmp_path):
    (tmp_path / "folder.db").mkdir()
    status, out, err = build(SEEDS, "--ase-db", tmp_path / "folder.db")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "is a folder; give a file" in err
    assert not (tmp_path / "out").exists()
    status, out, err = build(SEEDS, "--ase-db", "/proc/F.db")  # where nobody can write
    assert (status, err.count("\n")) == (1, 1)
    assert out.startswith("4 phases")  # what was done is told all the same
    assert "/proc/F.db: the ASE database cannot be written" in err


def test_ase_database(build, tmp_path):
    from ase.db import connect

    stuck = {"id": "stuck", "structure": structure(["Cu", "Au", "Au", "Cu"], 4.4)}
    path = tmp_path / "new" / "F.db"
    loose = ("--max-steps", "1", "--fmax", "9", "--smax", "9")
    assert build([*SEEDS, stuck], "--ase-db", path, *loose)[0] == 0
    document = json.loads(gzip.decompress((tmp_path / "out" / DOCUMENT).read_bytes()))
    by_id = {phase["id"]: phase for phase in document["phases"]}
    with connect(str(path)) as database:
        assert database.count() == 5
        row = database.get(phase_id="Cu3Au")
        assert row.energy == pytest.approx(4 * by_id["Cu3Au"]["energy_raw_ev_per_atom"], abs=1e-9)
        assert row.toatoms().get_chemical_formula() == "AuCu3"
        assert (row.converged, row.known) == (True, False)
        assert database.get(phase_id='"1.5"').natoms == 4  # ASE has no texts that look like numbers
        (failed,) = database.select(converged=False)
        assert failed.phase_id == "stuck"
        assert "not converged" in failed.reason
        assert failed.get("energy") is None
        assert database.count("converged=True") == 4
    shown = subprocess.run(
        [sys.executable, "-m", "ase", "db", str(path), "-c", "phase_id,formula,energy"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    assert "Cu3Au" in shown
    assert "Rows: 5" in shown
    assert build([*SEEDS, stuck], "--resume", "--ase-db", path, *loose)[0] == 0  # an earlier one is replaced
    assert [p.name for p in path.parent.iterdir()] == ["F.db"]
    with connect(str(path)) as database:
        assert database.count() == 5


def test_ending_of_the_ase_database(build, tmp_path):
    status, _, err = build(SEEDS, "--ase-db", tmp_path / "F.json")
    assert (status, err.count("\n")) == (2, 1)
    assert "must be .db" in err


CLOSE = structure(["Cu", "Cu"], 3.6) | {"frac_coords": [[0, 0, 0], [0.1, 0, 0]]}
LARGE = {
    "lattice": [[20, 0, 0], [0, 20, 0], [0, 0, 40]],
    "species": ["Cu"] * 500,
    "frac_coords": [[i / 5, j / 10, k / 10] for i in range(5) for j in range(10) for k in range(10)],
}
CU = SEEDS[0]["structure"]


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [
        ("{", "cannot be read as JSON"),
        ('"text"', "no structure in the JSON document"),
        ("[]", "no structure in the JSON document"),
        ('{"seeds": []}', "no structure in the JSON document"),
        ([SEEDS[0], SEEDS[0]], "the id 'Cu' stands twice"),
        ([{"id": "x"}], "entry 1 has no structure (keys 'id')"),
        ([["Cu"]], "entry 1 has no structure (['Cu'])"),
        ([{"id": "x", "structure": "Cu"}], "entry 1 has no structure (its 'structure' is 'Cu')"),
        ([{"id": "x", "structure": CU | {"frac_coords": [[0, 0, float("nan")]]}}], "x: not a structure"),
        ([{"id": "x", "structure": CU | {"species": ["Qq"]}}], "x: unknown element 'Qq'"),
        ([{"id": "x", "structure": CU | {"species": []}}], "x: 3 lattice vectors, 0 species"),
        ([{"id": "x", "structure": CU | {"lattice": [[9, 0, 0], [9, 0, 0], [0, 0, 9]]}}], "no crystal's volume"),
        ([{"id": "x", "structure": CLOSE}], "x: atoms 1 (Cu) and 2 (Cu) overlap"),
        ([{"id": "x", "structure": LARGE}], "500 atoms in the cell, more than 200"),
        ([{"id": "x", "structure": CU, "known": "yes"}], "x: known is 'yes'; expected true, false or null"),
    ],
)
def test_seeds_that_cannot_be_used(build, tmp_path, seeds, expected):
    status, out, err = build(seeds)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert expected in err
    assert not (tmp_path / "out").exists()


def test_seeds_that_are_not_there(run, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken.json.gz").write_bytes(gzip.compress(b"[]")[:-6])
    for name, expected in (
        ("none.json", "no such file"),
        ("empty", "no structure files"),
        ("broken.json.gz", "cut short"),
    ):
        given = ("--seeds", tmp_path / name, "--calculator", "emt", "--out", tmp_path / "out")
        status, out, err = run("data", "build", *given)
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert str(tmp_path / name) in err
        assert expected in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--engine", "threads"), "invalid choice: 'threads'"),
        (("--workers", "0"), "'0' is not a whole number from 1"),
        (("--workers", "-1"), "not a whole number"),
        (("--calculator", "dft"), "no calculator 'dft'"),
        (("--parsl-config", "c.py"), "belongs to the engine parsl"),
        (("--dask-address", "host:1"), "belongs to the engine dask"),
        (("--retry-failed",), "--retry-failed needs --resume"),
        (("--elastic", "some"), "invalid choice: 'some'"),
        (("--fmax", "-1"), "argument --fmax: '-1' is not a number above 0"),
        (("--smax", "inf"), "argument --smax: 'inf' is not a number above 0"),
        (("--smax", "x"), "argument --smax: 'x' is not a number above 0"),
        (("--out", ""), "the name is empty"),
    ],
)
def test_options_that_cannot_be_used(build, tmp_path, options, expected):
    status, out, err = build(SEEDS, *options)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert expected in err
    assert not (tmp_path / "out").exists()


def test_seeds_are_needed(run, tmp_path):
    for option in (("--elastic", "all"), ("--resume",), ("--ase-db", "F.db")):
        status, out, err = run("data", "build", "--out", tmp_path / "t.parquet", *option)
        assert (status, out, err.count("\n")) == (2, "", 1)
        assert f"{option[0]} needs --seeds" in err
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_used(build, tmp_path):
    (tmp_path / "file").write_text("mine")
    status, _, err = build(SEEDS, out="file")
    assert (status, err.count("\n")) == (2, 1)
    assert "is a file" in err
    assert (tmp_path / "file").read_text() == "mine"
    assert build(SEEDS)[0] == 0
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")}
    status, _, err = build(SEEDS)
    assert (status, err.count("\n")) == (2, 1)
    assert "--resume goes on with it" in err
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("*")} == before


def test_seeds_of_a_folder_and_of_one_file(tmp_path):
    from ase.build import bulk

    for element in ("Cu", "Au"):
        bulk(element).write(tmp_path / f"{element}.vasp")
    assert [seed.phase_id for seed in read_seeds(tmp_path)] == ["Au", "Cu"]
    assert [seed.crystal.formula for seed in read_seeds(tmp_path / "Cu.vasp")] == ["Cu"]
    bulk("Cu").write(tmp_path / "Cu.xsf")
    with pytest.raises(InputFileError, match="the id 'Cu' stands twice"):
        read_seeds(tmp_path)


def test_seeds_of_a_folder_of_vasp_and_what_else_lies_there(tmp_path):
    poscar = "Cu\n1.0\n0 1.8 1.8\n1.8 0 1.8\n1.8 1.8 0\nCu\n1\nDirect\n0 0 0\n"
    for name in ("POSCAR", "CONTCAR_2", "three.vasp"):
        (tmp_path / name).write_text(poscar)
    assert [seed.phase_id for seed in read_seeds(tmp_path)] == ["CONTCAR_2", "POSCAR", "three"]
    (tmp_path / "OUTCAR").write_text("much")
    (tmp_path / "sub").mkdir()
    (tmp_path / ".hidden").write_text("")
    with pytest.warns(UserWarning, match="not read, since no structure files: OUTCAR, sub$"):
        assert len(read_seeds(tmp_path)) == 3


def test_library_raises_what_it_says(tmp_path):
    (tmp_path / "seeds.json").write_text(json.dumps(SEEDS))
    cu3au = read_seeds(tmp_path / "seeds.json")[2]
    assert isinstance(cu3au, Seed)
    with pytest.raises(MissingDataError):
        build_dataset([cu3au], CALCULATORS["emt"], tmp_path / "out", open_engine())
    with pytest.raises(InputFileError, match="window of 0"):
        build_dataset([cu3au], CALCULATORS["emt"], tmp_path / "new", open_engine(), BuildOptions(window=0))


def test_moduli_of_a_phase_that_is_no_seed_are_refused_before_anything_starts(tmp_path):
    copper = Crystal(((0.0, 1.8, 1.8), (1.8, 0.0, 1.8), (1.8, 1.8, 0.0)), ("Cu",), ((0.0, 0.0, 0.0),))
    options = BuildOptions(elastic="all", elastic_phases=("gold",))
    with pytest.raises(InputFileError, match="no start structure 'gold'"):
        build_dataset([Seed("copper", copper)], CALCULATORS["emt"], tmp_path / "out", open_engine(), options)
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputFileError, match="elastic 'most': expected one of none, missing, screen, all"):
        BuildOptions(elastic="most")


def test_the_command_offers_what_the_build_knows(run):
    _, out, _ = run("data", "build", "--help")
    assert "{" + ",".join(ELASTIC) + "}" in "".join(out.split())
    assert "{" + ",".join(ENGINES) + "}" in "".join(out.split())
    assert "{" + ",".join(DISPLACE) + "}" in "".join(out.split())
