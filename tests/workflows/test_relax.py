"""`licoat relax` from the command line, with calculators that need no weights."""

import importlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from licoat.structures.crystals import calculator_spec
from licoat.structures.crystals.crystal import Crystal, read_crystal
from licoat.structures.errors import CalculatorError

CELL = "_cell_length_a 4.2\n_cell_length_b 4.2\n_cell_length_c 4.2\n" + "".join(
    f"_cell_angle_{name} 90\n" for name in ("alpha", "beta", "gamma")
)
COLUMNS = "loop_\n_atom_site_label\n_atom_site_type_symbol\n" + "".join(f"_atom_site_fract_{x}\n" for x in "xyz")
HEAD = f"data_x\n{CELL}{COLUMNS}"
MGO = HEAD + "Mg1 Mg 0 0 0\nO1 O 0.5 0.5 0.5\n"
POSCAR = "MgO\n1.0\n4.2 0 0\n0 4.2 0\n0 0 4.2\nMg O\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n"

COUNTING = """
import os
from pathlib import Path
from ase.calculators.emt import EMT

class Counting(EMT):
    def __init__(self, log=""):
        super().__init__()
        self.log = Path(log)

    def calculate(self, *arguments, **options):
        with self.log.open("a") as stream:
            stream.write("x")
        super().calculate(*arguments, **options)
"""


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    """Keep the store of finished calculations in a folder of the test."""
    monkeypatch.setenv("LICOAT_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def poscar(path, atoms):
    cell = "".join(f"{x:.10f} {y:.10f} {z:.10f}\n" for x, y, z in atoms.cell.array)
    symbols = atoms.get_chemical_symbols()
    names = sorted(set(symbols), key=symbols.index)
    counts = " ".join(str(symbols.count(name)) for name in names)
    sites = "".join(f"{x:.10f} {y:.10f} {z:.10f}\n" for x, y, z in atoms.get_scaled_positions())
    path.write_text(f"made here\n1.0\n{cell}{' '.join(names)}\n{counts}\nDirect\n{sites}")
    return path


@pytest.fixture
def copper(tmp_path):
    return poscar(tmp_path / "copper.vasp", bulk("Cu", a=3.7))


@pytest.fixture
def files(tmp_path, copper):
    """Copper, aluminium, and an ordered alloy with displaced atoms."""
    places = [[0, 0, 0], [0.5, 0.5, 0.02], [0.5, 0, 0.5], [0, 0.5, 0.5]]
    alloy = Atoms("AuCu3", scaled_positions=places, cell=[3.8, 3.8, 3.9], pbc=True)
    return [copper, poscar(tmp_path / "aluminium.vasp", bulk("Al", a=4.1)), poscar(tmp_path / "alloy.vasp", alloy)]


@pytest.fixture
def counting(tmp_path, monkeypatch):
    """TOML file of a calculator that counts its calls, and a function that returns their number."""
    (tmp_path / "counting_calculator.py").write_text(COUNTING)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "counting_calculator", raising=False)
    log = tmp_path / "log"
    path = tmp_path / "counting.toml"
    path.write_text(
        "[calculator]\nfactory = 'counting_calculator:Counting'\nlabel = 'emt'\n"
        f"[calculator.arguments]\nlog = '{log}'\n"
    )
    return path, lambda: len(log.read_text()) if log.exists() else 0


# --- results -----------------------------------------------------------------------------------------------------


def test_json_of_relaxed_files(run_json, files):
    found = run_json("relax", *files, "--calculator", "emt")["structures"]
    assert [item["file"] for item in found] == [str(file) for file in files]
    assert [item["formula"] for item in found] == ["Cu", "Al", "Cu3Au"]
    for item in found:
        assert set(item) >= {
            *("file", "formula", "calculator", "scheme", "converged", "reason", "steps", "space_group", "structure"),
            *("energy_ev_per_atom", "fmax_ev_per_a", "smax_gpa", "volume_a3_per_atom", "volume_start_a3_per_atom"),
        }
        assert (item["calculator"], item["scheme"], item["converged"], item["reason"]) == ("emt", "emt/none", True, "")
        assert item["fmax_ev_per_a"] <= 0.03
        assert item["smax_gpa"] <= 0.1
        assert "energy" not in item
    # EMT's copper: 3.59 A (the model's own minimum).
    assert (4 * found[0]["volume_a3_per_atom"]) ** (1 / 3) == pytest.approx(3.59, abs=0.01)
    assert found[0]["volume_start_a3_per_atom"] == pytest.approx(3.7**3 / 4)
    assert [item["space_group"] for item in found[:2]] == ["Fm-3m", "Fm-3m"]


def test_the_table_has_a_row_per_file_in_their_order(run, files):
    for order in (files, files[::-1]):
        status, out, err = run("relax", *order, "--calculator", "emt")
        assert (status, err) == (0, "")
        rows = out.splitlines()[2:5]
        assert [row.split()[0] for row in rows] == [str(file) for file in order]
        assert all("converged in" in row for row in rows)
        assert "scheme emt/none" in out


def test_quiet_says_nothing(run, copper):
    assert run("relax", copper, "--calculator", "emt", "--quiet") == (0, "", "")


def test_options_reach_the_relaxation(run_json, files):
    alloy = files[2]
    tight = run_json("relax", alloy, "--calculator", "emt", "--fmax", "0.001", "--smax", "0.01")["structures"][0]
    assert tight["fmax_ev_per_a"] <= 0.001
    assert tight["smax_gpa"] <= 0.01
    fixed = run_json("relax", alloy, "--calculator", "emt", "--fixed-cell")["structures"][0]
    assert fixed["structure"]["lattice"] == read_crystal(alloy).to_dict()["lattice"]
    assert fixed["smax_gpa"] is None
    assert tight["energy_ev_per_atom"] < fixed["energy_ev_per_atom"]


def test_symmetry_is_kept_if_asked_for(run_json, tmp_path):
    atoms = bulk("Cu", "bcc", a=2.9, cubic=True)
    atoms.set_cell([2.9, 2.9, 3.05], scale_atoms=True)
    poscar(tmp_path / "bain.vasp", atoms)
    poscar(tmp_path / "cubic.vasp", bulk("Cu", "bcc", a=2.9, cubic=True))
    tight = ("--calculator", "emt", "--fmax", "0.005", "--smax", "0.02")
    kept = run_json("relax", tmp_path / "cubic.vasp", "--keep-symmetry", *tight)["structures"][0]
    free = run_json("relax", tmp_path / "bain.vasp", *tight)["structures"][0]
    assert (kept["space_group"], free["space_group"]) == ("Im-3m", "Fm-3m")
    assert free["energy_ev_per_atom"] < kept["energy_ev_per_atom"]


def test_elastic_constants_of_what_converged(run_json, copper):
    found = run_json("relax", copper, "--calculator", "emt", "--elastic")["structures"][0]
    assert 100.0 < found["bulk_modulus_gpa"] < 180.0  # copper 140
    assert found["elastic"]["converged"]
    assert 0.0 < found["shear_modulus_gpa"] < found["bulk_modulus_gpa"]


def test_relaxed_structures_are_written_and_read_back(run_json, tmp_path, files):
    out = tmp_path / "deep" / "relaxed"
    found = run_json("relax", *files, "--calculator", "emt", "--out", out)["structures"]
    assert sorted(path.name for path in out.iterdir()) == ["alloy.cif", "aluminium.cif", "copper.cif"]
    for file, item in zip(files, found, strict=True):
        back = read_crystal(out / f"{file.stem}.cif")
        relaxed = Crystal.from_dict(item["structure"], "json")
        assert (back.formula, len(back)) == (relaxed.formula, len(relaxed))
        assert back.volume_a3 == pytest.approx(relaxed.volume_a3, rel=1e-6)
        both = [np.sort(c.to_atoms().get_all_distances(mic=True).ravel()) for c in (back, relaxed)]
        assert both[0] == pytest.approx(both[1], abs=1e-5)
    again = run_json("relax", *(out / f"{file.stem}.cif" for file in files), "--calculator", "emt")["structures"]
    for first, second in zip(found, again, strict=True):
        assert second["steps"] <= 2
        assert second["energy_ev_per_atom"] == pytest.approx(first["energy_ev_per_atom"], abs=1e-4)


# --- the store ---------------------------------------------------------------------------------------------------


def test_nothing_is_computed_twice(run_json, counting, files, data, tmp_path):
    calculator, calls = counting
    first = run_json("relax", *files, "--calculator", calculator)
    done = calls()
    assert done > len(files)
    assert run_json("relax", *files, "--calculator", calculator) == first
    copy = tmp_path / "renamed.vasp"
    copy.write_text(files[0].read_text())
    renamed = run_json("relax", copy, "--calculator", calculator)["structures"][0]
    assert renamed | {"file": "", "name": ""} == first["structures"][0] | {"file": "", "name": ""}
    assert calls() == done
    assert sum(1 for _ in data.rglob("*.json")) == len(files)
    run_json("relax", *files, "--calculator", calculator, "--fmax", "0.02")
    assert calls() > done


def test_every_structure_of_a_file_is_relaxed(run_json, tmp_path):
    from ase.io import write

    write(tmp_path / "two.extxyz", [bulk("Cu", a=3.6), bulk("Al", a=4.0)])
    found = run_json("relax", tmp_path / "two.extxyz", "--calculator", "emt", "--out", tmp_path / "out")["structures"]
    assert [(item["name"], item["formula"]) for item in found] == [("two-1", "Cu"), ("two-2", "Al")]
    assert [read_crystal(tmp_path / "out" / f"two-{i}.cif").formula for i in (1, 2)] == ["Cu", "Al"]


def test_a_known_result_needs_no_calculator(run, run_json, counting, copper, monkeypatch):
    calculator, _ = counting
    first = run_json("relax", copper, "--calculator", calculator)

    def gone(_):
        raise CalculatorError("gone")

    monkeypatch.setattr("licoat.structures.crystals.calculator_spec._MADE", {})
    monkeypatch.setattr("licoat.structures.crystals.calculator_spec.CalculatorSpec._make", gone)
    assert run_json("relax", copper, "--calculator", calculator) == first
    status, out, err = run("relax", copper, "--calculator", calculator, "--fmax", "0.02")
    assert (status, out) == (2, "")
    assert "gone" in err


def test_the_same_structure_twice_is_one_calculation(run_json, counting, copper, tmp_path):
    calculator, calls = counting
    run_json("relax", copper, "--calculator", calculator, "--store", tmp_path / "one")
    single = calls()
    twin = tmp_path / "twin.vasp"
    twin.write_text(copper.read_text())
    found = run_json("relax", copper, twin, "--calculator", calculator, "--store", tmp_path / "two")["structures"]
    assert calls() == 2 * single
    assert found[0]["energy_ev_per_atom"] == found[1]["energy_ev_per_atom"]


def test_a_failure_is_kept_until_it_is_to_be_computed_again(run, counting, copper):
    calculator, calls = counting
    command = ("relax", copper, "--calculator", calculator, "--max-steps", "1")
    assert run(*command)[0] == 1
    done = calls()
    status, _, err = run(*command)
    assert status == 1
    assert "(of an earlier run; --retry-failed computes it again)" in err
    assert calls() == done
    status, _, err = run(*command, "--retry-failed")
    assert status == 1
    assert "earlier run" not in err
    assert calls() == 2 * done


# --- what gives no result ----------------------------------------------------------------------------------------


def test_an_energy_that_did_not_converge_is_not_told(run, copper):
    status, out, err = run("relax", copper, "--calculator", "emt", "--max-steps", "1", "--json")
    (item,) = json.loads(out)["structures"]
    assert status == 1
    assert item["converged"] is False
    assert item["energy_ev_per_atom"] is None
    assert item["reason"].startswith("not converged within 1 steps")
    assert err == f"licoat: {copper}: {item['reason']}\n"
    status, out, err = run("relax", copper, "--calculator", "emt", "--max-steps", "1")
    row = out.splitlines()[2]
    assert row.split()[:3] == [str(copper), "Cu", "not"]  # no numbers before the reason
    assert (status, err.count("\n")) == (1, 1)


def test_one_failing_file_loses_nothing(run, files, tmp_path):
    bad = poscar(tmp_path / "iron.vasp", bulk("Fe"))
    order = [files[0], bad, *files[1:]]
    status, out, err = run("relax", *order, "--calculator", "emt", "--json", "--out", tmp_path / "out")
    found = json.loads(out)["structures"]
    assert status == 1
    assert [item["file"] for item in found] == [str(file) for file in order]
    assert [item["converged"] for item in found] == [True, False, True, True]
    assert "energy_ev_per_atom" not in found[1]
    assert "Fe" in found[1]["reason"]
    assert err == f"licoat: 1 of 4 calculations gave no result: {bad}: {found[1]['reason']}\n"
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == ["alloy.cif", "aluminium.cif", "copper.cif"]


def test_quiet_still_says_what_failed(run, copper):
    status, out, err = run("relax", copper, "--calculator", "emt", "--max-steps", "1", "--quiet")
    assert (status, out, err.count("\n")) == (1, "", 1)


# --- bad input ---------------------------------------------------------------------------------------------------

BAD = {
    "empty.cif": ("", "the file is empty"),
    "garbage.cif": (bytes(range(256)), "not a text file"),
    "x.txt": (POSCAR, "not a kind of structure file; expected .cif"),
    "none.cif": (f"data_x\n{CELL}", "0 structures in the file"),
    "unknown.cif": (MGO.replace("O1 O", "Qq1 Qq"), "unknown element 'Qq'"),
    "partial.cif": (
        HEAD + "_atom_site_occupancy\nMg1 Mg 0 0 0 0.5\nO1 O 0.5 0.5 0.5 1\n",
        "partially occupied; give an ordered structure",
    ),
    "overlap.cif": (HEAD + "Mg1 Mg 0 0 0\nO1 O 0.1 0 0\n", "overlap: 0.42 A"),
    "nan.vasp": (POSCAR.replace("0.5 0.5 0.5", "nan 0.5 0.5"), "'nan', which is no number"),
    "no_names.vasp": (POSCAR.replace("Mg O\n", ""), "without the names of the elements; write them"),
    "flat.vasp": (POSCAR.replace("0 4.2 0", "4.2 0 0"), "is no crystal's volume"),
    "huge.cif": (MGO.replace(" 4.2", " 4200"), "is no crystal's volume"),
    "bad.json": ("{", "cannot be read as JSON"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_line_and_nothing_is_computed(run, counting, copper, tmp_path, name):
    content, reason = BAD[name]
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    calculator, calls = counting
    status, out, err = run("relax", copper, path, "--calculator", calculator)
    assert (status, out) == (2, "")
    assert err.startswith(f"licoat: {path}: ")
    assert reason in err
    assert err.count("\n") == 1
    assert calls() == 0


def test_files_that_are_not_there(run, tmp_path, copper):
    (tmp_path / "folder.cif").mkdir()
    for name, reason in (("nowhere.cif", "No such file or directory"), ("folder.cif", "Is a directory")):
        path = tmp_path / name
        assert run("relax", copper, path, "--calculator", "emt") == (2, "", f"licoat: {path}: {reason}\n")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(run, copper):
    copper.chmod(0)
    assert run("relax", copper, "--calculator", "emt") == (2, "", f"licoat: {copper}: Permission denied\n")


def test_too_many_atoms(run, run_json, tmp_path):
    large = poscar(tmp_path / "large.vasp", bulk("Cu", cubic=True) * (5, 5, 5))
    status, out, err = run("relax", large, "--calculator", "emt")
    assert (status, out) == (2, "")
    assert "500 atoms in the cell, more than 200; give the primitive cell, or raise the limit with --max-atoms" in err
    loose = ("--fmax", "9", "--smax", "99")
    found = run_json("relax", large, "--calculator", "emt", "--max-atoms", "500", *loose)["structures"][0]
    assert len(found["structure"]["species"]) == 500


def test_two_files_of_one_name(run, tmp_path, copper):
    other = tmp_path / "other" / "copper.cif"
    other.parent.mkdir()
    other.write_text(MGO)
    status, out, err = run("relax", copper, other, "--calculator", "lj", "--out", tmp_path / "new")
    assert (status, out) == (2, "")
    assert err.startswith(f"licoat: {other}: two files are named 'copper'")
    assert "rename one" in err
    assert not (tmp_path / "new").exists()


def test_files_of_one_name_in_their_folders(run_json, tmp_path):
    files = [tmp_path / str(a) / "POSCAR" for a in (3.6, 3.7)]
    for file in files:
        file.parent.mkdir()
        poscar(file, bulk("Cu", a=float(file.parent.name)))
    found = run_json("relax", *files, "--calculator", "emt")["structures"]
    assert [item["file"] for item in found] == [str(file) for file in files]


def test_a_file_is_not_written_over(run, tmp_path):
    path = tmp_path / "magnesia.cif"
    path.write_text(MGO)
    status, out, err = run("relax", path, "--calculator", "lj", "--out", tmp_path)
    assert (status, out) == (2, "")
    assert "would write over" in err
    assert "give another folder" in err
    assert path.read_text() == MGO


def test_a_file_beside_the_structure_is_not_written_over(run, tmp_path, copper):
    mine = tmp_path / "copper.cif"
    mine.write_text(MGO)
    status, out, err = run("relax", copper, "--calculator", "emt", "--out", tmp_path)
    assert (status, out) == (2, "")
    assert f"would write over {mine}" in err
    assert mine.read_text() == MGO
    for _ in range(2):  # but earlier results are replaced
        assert run("relax", copper, "--calculator", "emt", "--out", tmp_path / "new")[0] == 0


PRINTING = """
import os
from ase.calculators.emt import EMT

class Printing(EMT):
    def calculate(self, *arguments, **options):
        print("to Python's standard output")
        os.write(1, b"past Python")
        os.system("echo from a program")
        super().calculate(*arguments, **options)
"""


def test_what_a_calculator_prints_stays_out_of_the_output(tmp_path, copper):
    (tmp_path / "printing.py").write_text(PRINTING)
    code = "from licoat.workflows.cli import main; raise SystemExit(main())"
    for engine in ("serial", "processes"):
        given = ("--calculator", "printing:Printing", "--elastic", "--engine", engine, "--store", tmp_path / engine)
        ran = subprocess.run(
            [sys.executable, "-c", code, "relax", str(copper), "--json", *map(str, given)],
            env=os.environ | {"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert json.loads(ran.stdout)["structures"][0]["elastic"]["moduli"]
        assert ran.stderr == ""


OWN_ENERGIES = """
from ase.calculators.emt import EMT

class Own(EMT):
    def calculate(self, *arguments, **options):
        super().calculate(*arguments, **options)
        self.results["energy"] += {shift}
"""


def test_a_calculator_that_was_changed_is_another_one(run_json, tmp_path, copper, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    energies = []
    for shift in (0.0, 5.0):
        text = OWN_ENERGIES.format(shift=shift)
        (tmp_path / "own_energies.py").write_text(text)
        monkeypatch.delitem(sys.modules, "own_energies", raising=False)
        calculator_spec._module_sha256.cache_clear()  # as in another process
        importlib.invalidate_caches()
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        energies.append(run_json("relax", copper, "--calculator", "own_energies:Own")["structures"][0])
    assert energies[1]["energy_ev_per_atom"] - energies[0]["energy_ev_per_atom"] == pytest.approx(5.0)


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_computed(run, counting, copper):
    calculator, calls = counting
    status, out, err = run("relax", copper, "--calculator", calculator, "--out", copper)
    assert (status, out) == (2, "")
    assert "is a file; give a folder" in err
    status, out, err = run("relax", copper, "--calculator", calculator, "--out", copper / "below")
    assert (status, out, err.count("\n")) == (1, "", 1)
    status, out, err = run("relax", copper, "--calculator", calculator, "--store", copper)
    assert (status, out) == (2, "")
    assert "is a file" in err
    assert calls() == 0


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        *(
            ((option, x), f"argument {option}: '{x}' is not a number above 0")
            for option in ("--fmax", "--smax")
            for x in ("0", "-1", "nan", "inf")
        ),
        (("--fmax", "x"), "--fmax"),
        (("--max-steps", "0"), "'0' is not a whole number from 1"),
        (("--max-steps", "1.5"), "'1.5' is not a whole number from 1"),
        (("--max-atoms", "0"), "--max-atoms"),
        (("--out", ""), "the name is empty"),
        (("--store", " "), "the name is empty"),
        (("--device", "gpu"), "cpu"),
        (("--device", "cuda"), "'emt' has no choice of device; leave 'cuda' out"),
        (("--workers", "0"), "--workers"),
        (("--calculator", "vasp"), "no calculator 'vasp'; choose one of sevennet"),
        (("--calculator", "none.toml"), "none.toml: No such file or directory"),
        (("--calculator", "no_module:X"), "cannot import 'no_module'"),
    ],
)
def test_bad_options_are_one_line(run, copper, options, reason):
    status, out, err = run("relax", copper, "--calculator", "emt", *options)
    assert (status, out) == (2, "")
    assert reason in err
    assert err.count("\n") == 1


def test_no_file_is_one_line(run):
    status, out, err = run("relax")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "FILE" in err


def test_debug_shows_where(run, tmp_path):
    from licoat.structures.errors import InputFileError

    with pytest.raises(InputFileError, match="No such file"):
        run("relax", tmp_path / "none.cif", "--calculator", "emt", "--debug")


# --- processes of their own --------------------------------------------------------------------------------------


def test_a_name_that_is_no_text(process, tmp_path):
    path = tmp_path / os.fsdecode(b"\xff.vasp")
    poscar(path, bulk("Cu", a=3.7))
    done = process("relax", path, "--calculator", "emt", "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["structures"][0]["converged"]
    path.unlink()
    done = process("relax", path, "--calculator", "emt")
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1)
    assert b"No such file" in done.stderr


def test_without_the_potential_the_command_to_install_it_is_said(process, copper):
    code = "import sys; sys.modules['sevenn'] = None\n"  # what Python does for a package that is not there
    (copper.parent / "sitecustomize.py").write_text(code)
    done = process("relax", copper, PYTHONPATH=str(copper.parent))
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"licoat: calculator 'sevennet' needs the package sevenn: pip install 'licoat[mlip]'\n"


PROGRAM = """
import json
import numpy as np
from pathlib import Path
from ase.calculators.calculator import FileIOCalculator
from ase.calculators.emt import EMT
from ase.io import read

class Program(FileIOCalculator):
    implemented_properties = ["energy", "forces", "stress"]

    def write_input(self, atoms, properties=None, system_changes=None):
        super().write_input(atoms, properties, system_changes)
        atoms.write(Path(self.directory) / "input.json")

    def read_results(self):
        found = json.loads((Path(self.directory) / "output.json").read_text())
        self.results = {name: np.array(value) for name, value in found.items()} | {"energy": found["energy"]}

if __name__ == "__main__":
    atoms = read("input.json")
    atoms.calc = EMT()
    found = {"energy": atoms.get_potential_energy(), "forces": atoms.get_forces().tolist()}
    Path("output.json").write_text(json.dumps(found | {"stress": atoms.get_stress().tolist()}))
"""


def test_programs_on_files_do_not_disturb_each_other(process, run_json, tmp_path, files):
    (tmp_path / "program_calculator.py").write_text(PROGRAM)
    (tmp_path / "program.toml").write_text(
        "[calculator]\nfactory = 'program_calculator:Program'\nlabel = 'emt'\n[calculator.arguments]\n"
        f"directory = 'runs'\ncommand = '{sys.executable} {tmp_path}/program_calculator.py'\n"
    )
    command = ("relax", *files[:2], "--fmax", "0.2", "--smax", "3", "--json")
    done = process(
        *command, "--calculator", "program.toml", "--engine", "processes", "--workers", "2", PYTHONPATH=str(tmp_path)
    )
    assert (done.returncode, done.stderr) == (0, b"")
    expected = run_json(*command[:-1], "--calculator", "emt")["structures"]
    for item, reference in zip(json.loads(done.stdout)["structures"], expected, strict=True):
        assert item["energy_ev_per_atom"] == pytest.approx(reference["energy_ev_per_atom"], abs=1e-6)
        assert item["steps"] == reference["steps"]
    assert not (tmp_path / "runs" / "input.json").exists()


def test_displaced_structure_leaves_the_saddle_point(run, tmp_path):
    cube = poscar(tmp_path / "cube.vasp", bulk("Cu", "sc", a=2.4))
    fcc = poscar(tmp_path / "fcc.vasp", bulk("Cu", a=3.6))
    status, out, err = run("relax", cube, fcc, "--calculator", "emt", "--displace", "--json")
    assert (status, err) == (0, "")
    first, second = json.loads(out)["structures"]
    assert first["displaced_change_ev_per_atom"] < -0.1
    assert abs(second["displaced_change_ev_per_atom"]) < 1e-3
    assert abs(first["energy_ev_per_atom"] - second["energy_ev_per_atom"]) < 1e-3
    assert second["space_group"] == "Fm-3m"
    plain = json.loads(run("relax", cube, "--calculator", "emt", "--json")[1])["structures"][0]
    assert "displaced_change_ev_per_atom" not in plain
    change = first["energy_ev_per_atom"] - plain["energy_ev_per_atom"]
    assert abs(change - first["displaced_change_ev_per_atom"]) < 1e-9
    status, out, _ = run("relax", cube, fcc, "--calculator", "emt", "--displace")
    assert status == 0
    assert f"left a saddle point, {change:.3f} eV/atom" in out
    assert "a minimum also when displaced" in out


def test_displaced_and_symmetric_exclude_each_other(run, copper):
    status, out, err = run("relax", copper, "--calculator", "emt", "--displace", "--keep-symmetry")
    assert (status, out, err) == (2, "", "licoat: --displace and --keep-symmetry exclude each other\n")
