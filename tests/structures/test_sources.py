"""Sources of phases: one registry for loading, help, errors and verification."""

import sys

import pytest

from licoat.structures import InputFileError, LicoatError, MissingDataError, SourceError, load_phases
from licoat.structures.sources import SOURCES, source_names, verify_source
from licoat.workflows.cli import main

PLUGIN = """
from licoat.structures import PhaseTable
from licoat.structures.phases.provenance import Manifest
from licoat.structures.sources import Source

def load(scheme=None):
    columns = {"phase_id": ["li", "o", "lio"], "formula": ["Li", "O2", "Li2O"],
               "formation_energy_ev_per_atom": [0.0, 0.0, -2.0]}
    return PhaseTable(columns, Manifest(source="acme", scheme=f"acme/{scheme}"))

CHECKS = (("has four phases", lambda table: "" if len(table) == 4 else "no"),)
acme = Source("acme", "a test", load, ("good", "better"), CHECKS)

def maker():
    return acme

def failing():
    raise RuntimeError("no licence\\nat all")

number = 7
wrong = Source("wrong", "gives no table", lambda: 7)
"""


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A package with sources of its own, as pip would have installed it."""
    (tmp_path / "acme_phases.py").write_text(PLUGIN)
    info = tmp_path / "acme_phases-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-phases\nVersion: 1\n")
    names = {
        "acme": "acme",
        "acme-maker": "maker",
        "acme-fails": "failing",
        "acme-number": "number",
        "acme-wrong": "wrong",
    }
    lines = [f"{name} = acme_phases:{attribute}\n" for name, attribute in names.items()]
    (info / "entry_points.txt").write_text("[licoat.sources]\n" + "".join(lines))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("acme_phases", None)


@pytest.mark.usefixtures("plugin")
def test_a_source_of_another_package_is_loaded_by_its_name():
    assert {"builtin", "measured", "mp", "acme"} <= set(source_names())
    for name in ("acme", "acme-maker"):
        assert load_phases(name).scheme == "acme/good"
        assert load_phases(name, scheme="better").scheme == "acme/better"
    with pytest.raises(MissingDataError, match=r"acme.* has good and better"):
        load_phases("acme", scheme="mp2020")


@pytest.mark.usefixtures("plugin")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("acme-fails", r"acme-fails.*cannot be loaded: no licence at all"),
        ("acme-number", r"acme-number.*cannot be loaded"),
        ("acme-wrong", "gave int, no PhaseTable"),
    ],
)
def test_a_source_that_fails_is_named_in_one_line(name, message):
    with pytest.raises(SourceError, match=message) as caught:
        load_phases(name)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("plugin")
def test_verification_asks_what_the_source_asks(capsys):
    problems = {check.name: check.problem for check in verify_source("acme")}
    assert problems["has four phases"] == "no"
    assert problems["every element has a phase of its own"] == ""
    assert main(["data", "verify", "acme"]) == 2
    assert "has four phases" in capsys.readouterr().out


@pytest.mark.usefixtures("plugin")
def test_help_and_errors_name_every_source(capsys):
    with pytest.raises(SystemExit):
        main(["screen", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert all(name in shown for name in (*SOURCES, "acme", "acme-maker"))
    with pytest.raises(InputFileError) as caught:
        load_phases("nowhere")
    assert all(name in str(caught.value) for name in (*SOURCES, "acme"))


def test_one_scheme_of_its_own():
    with pytest.raises(LicoatError, match=r"measured.*one scheme of its own"):
        load_phases("measured", scheme="mp2020")
