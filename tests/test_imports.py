"""The direction of imports, and what starting the program must not import."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("structures", "thermo", "workflows")
ALLOWED = {"structures": {"structures"}, "thermo": {"structures", "thermo"}, "workflows": set(ROOMS)}
SOURCES = [file for room in ROOMS for file in sorted((ROOT / room).rglob("*.py"))]
HEAVY = {"numpy", "scipy", "pandas", "pyarrow", "pymatgen", "torch", "matplotlib"}


def imports(file):
    """Every imported name of a file, at any depth, as (line, dotted name, level of relative import)."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), filename=str(file))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            yield node.lineno, base, node.level
            if base == "licoat":
                yield from ((node.lineno, f"licoat.{alias.name}", 0) for alias in node.names)


@pytest.mark.parametrize("file", SOURCES, ids=lambda f: str(f.relative_to(ROOT)))
def test_imports_point_one_way_and_are_absolute(file):
    room = file.relative_to(ROOT).parts[0]
    for line, name, level in imports(file):
        where = f"{file}:{line} imports {name}"
        assert level == 0, f"{where}: relative"
        first, *rest = name.split(".")
        assert first not in ROOMS, f"{where}: the top-level name belongs to other packages"
        if first == "licoat" and rest:
            assert rest[0] in ALLOWED[room], where


def test_there_are_sources_in_every_room_and_no_folder_licoat():
    assert {file.relative_to(ROOT).parts[0] for file in SOURCES} == set(ROOMS)
    assert not (ROOT / "licoat").exists()
    assert not (ROOT / "src").exists()


def test_every_folder_with_code_is_a_declared_package():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    setuptools = project["tool"]["setuptools"]
    found = {f"licoat.{'.'.join(file.parent.relative_to(ROOT).parts)}" for file in SOURCES}
    assert found == set(setuptools["packages"]) == set(setuptools["package-dir"])
    for package, folder in setuptools["package-dir"].items():
        assert package == f"licoat.{folder.replace('/', '.')}"
        assert (ROOT / folder / "__init__.py").exists()


def loaded(code, tmp_path):
    """Top-level modules that a fresh process holds after running code."""
    write = "open('modules.txt', 'w').write(' '.join({n.partition('.')[0] for n in sys.modules}))"
    script = f"import sys\n{code}\n{write}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False, cwd=tmp_path, timeout=60)
    assert done.returncode == 0, done.stderr.decode()[-500:]
    return set((tmp_path / "modules.txt").read_text().split())


def command(*arguments):
    return (
        "from licoat.workflows.cli import main\n"
        f"try:\n    status = main({list(arguments)!r})\n"
        "except SystemExit as stop:\n    status = stop.code\n"
        "assert status == 0, status"
    )


@pytest.mark.parametrize("arguments", [["--help"], ["screen", "--help"], ["data", "build", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(tmp_path, arguments):
    assert loaded(command(*arguments), tmp_path) & (HEAVY | {"pydantic", "spglib", "ase", "mp_api"}) == set()


def test_importtime_of_help_names_nothing_heavy(tmp_path):
    code = "from licoat.workflows.cli import main; main(['--help'])"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code], capture_output=True, check=True, cwd=tmp_path, timeout=60
    )
    names = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.decode().splitlines()}
    assert "argparse" in names
    assert names & HEAVY == set()


def test_thermo_is_light(tmp_path):
    forbidden = {"pymatgen", "pandas", "scipy", "matplotlib", "torch", "mp_api"}
    assert loaded("import licoat.thermo", tmp_path) & forbidden == set()


@pytest.mark.parametrize("module", ["licoat.structures", "licoat.workflows", "licoat.workflows.cli"])
def test_packages_are_light(tmp_path, module):
    forbidden = {"pymatgen", "matplotlib", "torch", "mp_api", "ase"}
    assert loaded(f"import {module}", tmp_path) & forbidden == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ["screen", "--quiet"],
        ["screen", "Sb2O3", "--json"],
        ["react", "Sb2O3 + Li -> Li3Sb + Li2O", "--quiet"],
        ["path", "Sb2O3", "--quiet"],
        ["compare", "Sb2O3", "--quiet"],
        ["data", "info", "--quiet"],
    ],
)
def test_commands_on_builtin_need_neither_pymatgen_nor_torch(tmp_path, arguments):
    forbidden = {"torch", "mp_api", "matplotlib", "pymatgen", "sevenn", "ase"}
    assert loaded(command(*arguments), tmp_path) & forbidden == set()


def test_warnings_as_errors_stop_nothing(tmp_path):
    """A user's test suite runs with warnings as errors; a screen must not trip over libraries' deprecations."""
    code = command("screen", "Sb2O3", "--quiet")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, check=False, cwd=tmp_path, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()[-300:]
