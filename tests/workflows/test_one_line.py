"""Whatever is wrong with a command line or worth a note is one line of at most 300 characters, of printable ones."""

import warnings

import pytest

from licoat.structures.errors import MOST_CHARACTERS

LONG = "x" * 5000
HOSTILE = "\x1b[31m\x07red\r\nlicoat: all is well\u202e" + LONG


@pytest.mark.parametrize("text", [LONG, "9" * 5000, HOSTILE, "nan", "-", "\udce4 not UTF-8"])
@pytest.mark.parametrize(
    "command",
    [
        ("{}",),
        ("data", "{}"),
        ("screen", "--nonsense={}"),
        ("screen", "--scheme={}"),
        ("screen", "--products={}"),
        ("screen", "--columns={}"),
        ("screen", "--correct={}"),
        ("screen", "Sb2O3", "--add={}"),
        ("screen", "--top={}x"),
        ("data", "fetch", "--thermo={}"),
        ("data", "build", "--hours={}x"),
        ("data", "build", "--elastic={}"),
        ("layer", "Sb2O3", "--loading={}x"),
        ("relax", "x.cif", "--fmax={}x"),
        ("relax", "x.cif", "--engine={}"),
        ("relax", "{}"),
        ("path", "Sb2O3", "--anode={}"),
        ("path", "{}"),
        ("screen", "--source={}"),
        ("screen", "--criteria={}"),
        ("react", "{} -> Li2O"),
        ("react", "Sb2O3 + Li -> Li3Sb + Li2O", "{}"),
    ],
    ids=" ".join,
)
def test_wrong_options_and_values(run, tmp_path, monkeypatch, command, text):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(*(part.replace("{}", text) for part in command))
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert err[:-1].isprintable()
    assert len(err) <= MOST_CHARACTERS + 1
    assert err.startswith("licoat")


@pytest.mark.parametrize("command", [("screen",), ("data", "fetch"), ("layer",), ("relax",)])
def test_the_way_to_the_help_is_not_cut_off(run, command):
    _, _, err = run(*command, f"--{LONG}={LONG}", *["x"] * (command != ("screen",)))
    assert err.endswith(" --help')\n")
    assert "(see 'licoat" in err


def test_notes_are_cut_in_the_middle_too(run, tmp_path):
    heading = "\x1b[31m" + "y" * 100
    path = tmp_path / f"{'n' * 180}.csv"
    columns = ",".join(f"{heading}{i}" for i in range(30))
    path.write_text(f"formula,formation_energy_ev_per_atom,{columns}\nLi2O,-2.0{',' * 30}\n")
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # notes are warnings, which these tests take for errors
        status, _, err = run("data", "info", path)
    assert status == 0
    lines = err.splitlines()
    assert lines
    assert all(len(line) <= MOST_CHARACTERS and line.isprintable() for line in lines)
    assert all(line.startswith("licoat: note: ") for line in lines)
