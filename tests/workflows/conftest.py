"""Tables, screens and ways to start the command line that the tests of `licoat.workflows` share."""

import json
import os
import subprocess
import sys

import pytest

from licoat.structures import PhaseTable, load_phases
from licoat.structures.chemistry.anode import anode
from licoat.structures.phases.provenance import Manifest
from licoat.workflows import screen
from licoat.workflows.cli import main


@pytest.fixture(scope="session")
def builtin():
    return load_phases("builtin", scheme="mp2020")


@pytest.fixture
def without_moduli(builtin):
    """Make the embedded table without the moduli of a formula."""

    def make(formula):
        columns = builtin.columns()
        for name in ("bulk_modulus_gpa", "shear_modulus_gpa"):
            columns[name] = [
                None if f == formula else x for f, x in zip(columns["formula"], columns[name], strict=True)
            ]
        return PhaseTable(columns, builtin.manifest)

    return make


@pytest.fixture(scope="session")
def with_fluoride(builtin):
    """Make the embedded table with SnF2 (measured enthalpy of about -6.8 eV, density 4.57 g/cm3)."""
    row = {
        "phase_id": "snf2",
        "formula": "SnF2",
        "formation_energy_ev_per_atom": -6.8 / 3,
        "volume_a3_per_atom": 19.0,
        "n_sites": 3,
    }
    names = ("phase_id", "formula", "formation_energy_ev_per_atom", "volume_a3_per_atom", "n_sites", "band_gap_ev")
    more = ("bulk_modulus_gpa", "shear_modulus_gpa", "space_group_number")
    columns = builtin.columns()
    zero = {"space_group_number": 0}
    return PhaseTable(
        {n: [*columns[n], row.get(n, zero.get(n))] for n in (*names, *more)},
        Manifest(source="embedded table and SnF2", scheme="test"),
    )


@pytest.fixture(scope="session")
def on_metal():
    """Make the table of Sb2O3 on a univalent or divalent metal M: M, Sb, O2, its oxide and its antimonide."""

    def make(metal):
        oxide, alloy, n = (
            (f"{metal}2O", f"{metal}3Sb", 1) if anode(metal).charge == 1 else (f"{metal}O", f"{metal}3Sb2", 2)
        )
        return PhaseTable(
            {
                "phase_id": ["ox", "m", "sb", "o", "m-o", "m-sb"],
                "formula": ["Sb2O3", metal, "Sb", "O2", oxide, alloy],
                "formation_energy_ev_per_atom": [-1.5, 0.0, 0.0, 0.0, -1.5 * n, -0.6],
                "volume_a3_per_atom": [16.0, 37.0, 30.0, 15.0, 15.0, 28.0],
                "bulk_modulus_gpa": [20.0, 6.3, 40.0, 1.0, 50.0, 20.0],
                "shear_modulus_gpa": [9.0, 3.3, 30.0, 1.0, 40.0, 12.0],
                "band_gap_ev": [3.0, 0.0, 0.0, 1.0, 4.0, 0.5],
            },
            Manifest(source="made up", scheme="test"),
        )

    return make


@pytest.fixture(scope="session")
def default_screen(builtin):
    """Screen of everything with the default criteria: 0.4 s, so it is made once."""
    return screen(builtin)


@pytest.fixture(scope="session")
def saved(default_screen, tmp_path_factory):
    """Folder with all files of the default screen."""
    folder = tmp_path_factory.mktemp("saved")
    default_screen.save(folder)
    return folder


@pytest.fixture
def run(capsys):
    """Run the command line in this process: exit status, standard output, standard error."""

    def start(*arguments):
        try:
            status = main([str(a) for a in arguments])
        except SystemExit as stop:  # argparse leaves this way
            status = stop.code
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return start


@pytest.fixture
def run_json(run):
    """Run a command with --json and return its document, read as strict JSON."""

    def start(*arguments):
        status, out, err = run(*arguments, "--json")
        assert (status, err) == (0, "")
        return strict_json(out)

    return start


def strict_json(text):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture
def process(tmp_path):
    """Run the command line in a process of its own: a completed process."""

    def start(*arguments, **environment):
        code = "from licoat.workflows.cli import main; raise SystemExit(main())"
        return subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            capture_output=True,
            check=False,
            cwd=tmp_path,
            env=os.environ | environment,
            timeout=60,
        )

    return start
