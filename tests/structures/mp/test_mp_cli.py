"""What a user sees of the Materials Project at the command line."""

import json
import sys

import pytest

from licoat.structures.materials_project import fetch as mp_fetch
from licoat.structures.materials_project.parts import locked

FETCH = ("data", "fetch", "--source", "mp")
FAILURES = {
    "wrong key": (lambda f: f.status(401, {"message": "Unauthorized"}), {2}),
    "forbidden": (lambda f: f.status(403, {"message": "Forbidden"}), {2}),
    "asks for an hour": (lambda f: f.status(429, Retry_After=3600), {1}),
    "sign-in page": (lambda f: f.page(), {1}),
    "bad request": (lambda f: f.status(400, {"detail": "no\nsuch\nthing"}), {1}),
    "redirect": (lambda f: f.redirect("https://example.invalid/"), {1}),
    "500 for ever": (lambda f: f.status(500), {1}),
    "cut off for ever": (lambda f: f.cut, {1}),
    "reset for ever": (lambda f: f.reset, {1}),
    "trickle": (lambda f: f.trickle, {1}),
    "hang": (lambda f: f.hang, {1}),
    "no JSON": (lambda f: f.text("{]"), {1}),
    "wrong count": (lambda f: f.mutate(lambda d: d["meta"].update(total_doc=99)), {1}),
}


@pytest.fixture
def quick(monkeypatch, limits):
    """Small limits for the command line, which takes the defaults of the function."""
    monkeypatch.setitem(mp_fetch.fetch_snapshot.__kwdefaults__, "limits", limits())


@pytest.fixture
def fetched(quick, cli, server):  # noqa: ARG001 - its limits come first
    assert cli(*FETCH, "Sb2O3", "--quiet", server=server) == (0, "", "")
    server.log.clear()
    return server


pytestmark = pytest.mark.usefixtures("quick")


@pytest.mark.parametrize("name", FAILURES)
def test_one_clear_line(cli, server, patience, monkeypatch, ends, tmp_path, faults, name):
    monkeypatch.setitem(mp_fetch.fetch_snapshot.__kwdefaults__, "limits", patience(name))
    act, codes = FAILURES[name]
    server.fail(faults.THERMO, act(faults))
    with ends():
        status, out, err = cli(*FETCH, "Sb2O3", server=server)
    assert status in codes
    lines = err.splitlines()
    assert lines[-1].startswith("licoat: ")
    assert len(lines) == 1
    assert "Traceback" not in out + err
    assert not list(tmp_path.rglob("*manifest.json"))


def test_nobody_listens(cli, serve):
    with serve() as gone:
        url = gone.url
    status, out, err = cli(*FETCH, "Sb2O3", server=url)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "127.0.0.1" in err


@pytest.mark.filterwarnings("default")
def test_another_fetch_is_a_note_and_then_one_line(cli, server, limits, monkeypatch, tmp_path):
    monkeypatch.setitem(mp_fetch.fetch_snapshot.__kwdefaults__, "limits", limits(lock_s=0.3))
    with locked(tmp_path / "mine", 0.0):
        status, out, err = cli(*FETCH, "Sb2O3", "--out", tmp_path / "mine", server=server)
    assert (status, out) == (1, "")
    note, error = err.splitlines()
    assert note.startswith("licoat: note: ")
    assert "another fetch is at work, waiting up to 0.3 s" in note
    assert "another fetch holds this folder" in error


def test_no_client(cli, server, monkeypatch):
    monkeypatch.setitem(sys.modules, "mp_api", None)
    status, out, err = cli(*FETCH, "Sb2O3", server=server)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "pip install" in err


def test_too_many_elements(cli, server):
    status, out, err = cli(*FETCH, "Ni-Mn-Co-Al-Ti-Mg-Zr", server=server)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert not server.log


def test_no_key(cli, server):
    status, out, err = cli(*FETCH, "Sb2O3", server=server, key=None)
    assert (status, out, err.count("\n")) == (2, "", 1)
    for way in ("MP_API_KEY", "pmgrc", "licoat"):
        assert way in err
    assert not server.log


def test_malformed_key(cli, server):
    status, out, err = cli(*FETCH, "Sb2O3", server=server, key="not-a-key-at-all")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "not-a-key-at-all" not in err


def test_offline(cli, server, monkeypatch):
    monkeypatch.setenv("LICOAT_OFFLINE", "1")
    status, out, err = cli(*FETCH, "Sb2O3", server=server)
    assert (out, err.count("\n")) == ("", 1)
    assert status in {1, 2}
    assert "LICOAT_OFFLINE" in err
    assert not server.log


@pytest.mark.parametrize("words", [["Xy2O3"], [], ["sb2o3"], ["Sb2O3", "--thermo", "nonsense"], ["--oxides", "none"]])
def test_bad_words(cli, server, words):
    status, out, err = cli(*FETCH, *words, server=server)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert not server.log


def test_unknown_source(cli):
    status, out, err = cli("data", "fetch", "--source", "elsewhere", "Sb2O3")
    assert (status, out, err.count("\n")) == (2, "", 1)


def test_fetch_prints_one_document(cli, server, docs):
    status, out, err = cli(*FETCH, "Sb2O3", "--json", server=server)
    assert (status, err) == (0, "")
    document = json.loads(out)
    assert docs.DATABASE in str(document)
    assert document["n_phases"] == len(docs.LI_SB_O)


def test_fetch_says_where_and_which_version(cli, server, docs, tmp_path):
    status, out, err = cli(*FETCH, "Sb2O3", "--out", tmp_path / "mine", server=server)
    assert (status, err) == (0, "")
    assert docs.DATABASE in out
    assert "mine" in "".join(out.split())
    assert cli("data", "info", tmp_path / "mine", "--json")[0] == 0


def test_key_is_no_option(cli, server):
    status, _, err = cli(*FETCH, "Sb2O3", "--key", "x", server=server, key=None)
    assert status == 2
    assert "--key" in err


@pytest.mark.parametrize(
    "words",
    [
        ("screen", "Sb2O3"),
        ("react", "Sb2O3 + Li -> Li3Sb + Li2O"),
        ("path", "Sb2O3"),
        ("layer", "Sb2O3"),
        ("compare", "Sb2O3"),
        ("data", "info", "mp"),
        ("data", "verify", "mp"),
    ],
)
def test_every_command_works_offline_and_names_the_version(cli, fetched, docs, words, monkeypatch):
    fetched.stop()
    monkeypatch.setenv("LICOAT_OFFLINE", "1")
    source = () if words[0] == "data" else ("--source", "mp")
    status, out, err = cli(*words, *source, key=None)
    assert (status, err) == (0, "")
    if words[:2] != ("data", "verify"):
        assert docs.DATABASE in out
    status, out, err = cli(*words, *source, "--json", key=None)
    assert (status, err) == (0, "")
    document = json.loads(out)
    if words[:2] != ("data", "verify"):
        assert docs.DATABASE in out
    if words[0] == "compare":
        assert any(name.startswith("mp") for name in document["sources"])
        column = next(name for name in document["sources"] if name.startswith("mp"))
        assert document["rows"]["energy_ev_per_fu"][column] == pytest.approx(-15.04)
    assert not fetched.log


@pytest.mark.usefixtures("fetched")
def test_verify_finds_damage(cli, tmp_path):
    path = next(p for p in (tmp_path / "data").rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-9] + b"123456789")
    status, out, err = cli("data", "verify", "mp", key=None)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert path.name in err


def test_loading_nothing_says_how_to_fetch(cli):
    status, out, err = cli("screen", "--source", "mp", key=None)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "licoat data fetch" in err


@pytest.mark.usefixtures("fetched")
def test_exports_name_the_version(cli, docs, tmp_path):
    assert cli("screen", "Sb2O3", "--source", "mp", "--out", tmp_path / "tables", "--quiet", key=None)[0] == 0
    texts = [p.read_text() for p in (tmp_path / "tables").iterdir() if p.suffix in {".json", ".csv", ".md", ".tex"}]
    assert any(docs.DATABASE in text for text in texts)


@pytest.mark.usefixtures("fetched")
def test_missing_element_names_the_command(cli):
    status, out, err = cli("screen", "ZnO", "--source", "mp", key=None)
    assert (status, out) == (2, "")
    assert "Zn" in err


def test_all_binary_oxides_ask_every_metal(cli, server, faults):
    """One command for the whole screening; the answers here have two metals, so the rest is reported as missing."""
    status, out, err = cli(*FETCH, "--oxides", "all-binary", server=server)
    assert (status, err) == (0, "")
    assert "no energies of this kind for Ag, Al, As" in " ".join(out.split())
    asked = {s for r in server.log if r.path == faults.SUMMARY for s in r.query["chemsys"].split(",")}
    assert len(asked) > 150


def test_interrupt(cli, server, tmp_path):
    """Ctrl-C in the middle: status 130, one line, and the second try succeeds."""
    import os
    import signal

    calls = []

    def press(path):
        calls.append(path)
        if path == "/materials/thermo/" and calls.count(path) == 1:
            os.kill(os.getpid(), signal.SIGINT)

    server.on_request = press
    status, _, err = cli(*FETCH, "Sb2O3", server=server)
    assert (status, err) == (130, "licoat: interrupted\n")
    assert not list(tmp_path.rglob("*manifest.json"))
    assert cli(*FETCH, "Sb2O3", "--quiet", server=server)[0] == 0


@pytest.mark.slow
def test_nothing_of_the_client_shows(server, process):
    """Neither its progress bars nor its warnings nor its log."""
    code = "from licoat.workflows.cli import main; raise SystemExit(main())"
    status, out, err = process(code, *FETCH, "Sb2O3", "--json", MP_API_ENDPOINT=server.url)
    assert (status, err) == (0, "")
    assert json.loads(out)["n_phases"] == 13
