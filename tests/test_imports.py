"""The direction of imports, and what starting the program must not import."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location("rooms", Path(__file__).with_name("rooms.py"))
rooms = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(rooms)
ROOT, SOURCES, imports = rooms.ROOT, rooms.SOURCES, rooms.imports
ALLOWED = {
    "structures": {"structures"},
    "thermo": {"structures", "thermo"},
    "workflows": {"structures", "thermo", "workflows"},
}
ROOMS_BELOW = {
    "structures.errors": set(),
    "structures.rendering": set(),
    "structures.publishing": set(),
    "structures.reading": {"errors"},
    "structures.settings": {"errors", "reading"},
    "structures.chemistry": {"errors"},
    "structures.crystals": {"errors", "reading", "rendering", "chemistry"},
    "structures.phases": {"errors", "publishing", "reading", "rendering", "chemistry", "crystals"},
    "structures.materials_project": {"errors", "publishing", "settings", "chemistry", "phases"},
    "structures.sources": {"errors", "rendering", "phases", "materials_project"},
    "workflows.calculations": set(),
    "workflows.layer": set(),
    "workflows.screening": {"layer"},
    "workflows.paper": {"layer", "screening"},
    "workflows.output": {"calculations", "layer", "screening", "paper"},
    "workflows.commands": {"calculations", "layer", "screening", "paper", "output"},
    "workflows.cli": {"commands"},
}
"""Which rooms of its own floor a room may import; `licoat.structures.rendering` says how results reach their output."""
HEAVY = {"numpy", "scipy", "pandas", "pyarrow", "pymatgen", "torch", "matplotlib"}


@pytest.mark.parametrize("file", SOURCES, ids=lambda f: str(f.relative_to(ROOT)))
def test_imports_point_one_way_and_are_absolute(file):
    room = file.relative_to(ROOT).parts[0]
    for line, name, level in imports(file):
        where = f"{file}:{line} imports {name}"
        assert level == 0, f"{where}: relative"
        first, *rest = name.split(".")
        assert first not in ALLOWED, f"{where}: the top-level name belongs to other packages"
        if first == "licoat" and rest:
            assert rest[0] in ALLOWED[room], where


def test_there_are_sources_in_every_room_and_no_folder_licoat():
    assert {file.relative_to(ROOT).parts[0] for file in SOURCES} == set(ALLOWED)
    assert not (ROOT / "licoat").exists()
    assert not (ROOT / "src").exists()


def test_no_circle_of_rooms():
    assert rooms.circles(rooms.arrows()) == set()
    assert rooms.circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == {"b", "c"}


@pytest.mark.parametrize("room", ROOMS_BELOW)
def test_a_room_imports_only_the_rooms_below_it(room):
    floor = room.partition(".")[0]
    inside = {other for other in rooms.arrows()[room] if other.startswith(f"{floor}.")}
    assert inside <= {f"{floor}.{other}" for other in ROOMS_BELOW[room]}


def test_every_room_has_its_rule_and_the_drawing_is_todays():
    graph = rooms.arrows()
    assert {room for room in graph if "." in room} == set(ROOMS_BELOW)
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert rooms.drawn(text) == text, "run python tests/rooms.py"


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
