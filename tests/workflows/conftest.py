"""Tables, screens and ways to start the command line that the tests of `licoat.workflows` share."""

import json
import os
import subprocess
import sys

import pytest

from licoat.structures import PhaseTable, load_phases
from licoat.workflows import screen
from licoat.workflows.cli import main


@pytest.fixture(scope="session")
def builtin():
    return load_phases("builtin")


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
