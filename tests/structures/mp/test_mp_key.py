"""Where the key comes from, and that nothing shows it."""

import os
import pickle
import stat

import pytest

from licoat.structures import LicoatError
from licoat.structures.materials_project.fetch import fetch_snapshot

KEY = "sEcReTkEy0123456789abcdefLICOATx"  # also in conftest, which looks for it everywhere


@pytest.fixture
def sent(server):
    """Keys that the server was given."""

    def look():
        lower = [{name.lower(): value for name, value in r.headers.items()} for r in server.log]
        return {headers["x-api-key"] for headers in lower if headers.get("x-api-key")}

    return look


def pymatgen_file(home, key, place=".config"):
    path = home / place / ".pmgrc.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"PMG_MAPI_KEY: {key}\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("name", ["MP_API_KEY", "PMG_MAPI_KEY"])
def test_key_from_the_environment(server, fetch, sent, monkeypatch, name):
    monkeypatch.setenv(name, KEY)
    fetch(server, key=None)
    assert sent() == {KEY}


@pytest.mark.parametrize("place", [".config", "."])
def test_key_from_the_settings_of_pymatgen(server, fetch, sent, tmp_path, place):
    path = pymatgen_file(tmp_path / "home", KEY, place)
    fetch(server, key=None)
    assert sent() == {KEY}
    path.unlink()  # the search for the key on disk is about what we write


def test_argument_goes_before_environment(server, fetch, sent, monkeypatch):
    monkeypatch.setenv("MP_API_KEY", "0" * 32)
    monkeypatch.setenv("PMG_MAPI_KEY", "1" * 32)
    fetch(server, key=KEY)
    assert sent() == {KEY}


def test_mp_api_key_goes_before_pymatgen(server, fetch, sent, monkeypatch, tmp_path):
    pymatgen_file(tmp_path / "home", "2" * 32)
    monkeypatch.setenv("MP_API_KEY", KEY)
    monkeypatch.setenv("PMG_MAPI_KEY", "1" * 32)
    fetch(server, key=None)
    assert sent() == {KEY}


def test_spaces_around_the_key_are_taken_off(server, fetch, sent, monkeypatch):
    monkeypatch.setenv("MP_API_KEY", f" {KEY}\r\n")
    fetch(server, key=None)
    assert sent() == {KEY}


def test_no_key_names_the_ways_to_give_one(server, fetch):
    with pytest.raises(LicoatError, match=r"MP_API_KEY.*PMG_MAPI_KEY|MP_API_KEY.*pmgrc") as caught:
        fetch(server, key=None)
    assert "materialsproject.org" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not server.log


MALFORMED = {
    "short": KEY[:20],
    "long": KEY + "A",
    "newline inside": KEY[:15] + "\n" + KEY[16:],
    "newline and header": KEY[:15] + "\r\nX-Evil: 1",
    "space inside": KEY[:15] + " " + KEY[16:],
    "not latin": KEY[:31] + "ж",
    "quoted": f'"{KEY}"',
}


@pytest.mark.parametrize("name", MALFORMED)
@pytest.mark.parametrize("way", ["argument", "environment"])
def test_malformed_key_is_refused_unseen(server, fetch, monkeypatch, seen, name, way):
    key = MALFORMED[name]
    if way == "environment":
        monkeypatch.setenv("MP_API_KEY", key)
    with pytest.raises(LicoatError, match=r"(?i)key") as caught:
        fetch(server, key=key if way == "argument" else None)
    assert "\n" not in str(caught.value)
    assert not server.log
    assert not [text for text in seen if key[:15] in text]


def test_empty_key_is_no_key(server, fetch):
    with pytest.raises(LicoatError, match="MP_API_KEY"):
        fetch(server, key="")
    assert not server.log


def test_wrong_key_says_where_to_get_one(server, fetch):
    with pytest.raises(LicoatError, match=r"(?i)key.*materialsproject\.org"):
        fetch(server, key="0" * 32)


def test_offline_refuses_before_anything(server, fetch, monkeypatch):
    monkeypatch.setenv("LICOAT_OFFLINE", "1")
    with pytest.raises(LicoatError, match="LICOAT_OFFLINE"):
        fetch(server)
    assert not server.log


def test_broken_settings_of_pymatgen_are_named_without_the_key(server, fetch, tmp_path):
    path = tmp_path / "home" / ".config" / ".pmgrc.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(f"PMG_MAPI_KEY: [{KEY}\n")
    with pytest.raises(LicoatError, match=r"pmgrc|MP_API_KEY") as caught:
        fetch(server, key=None)
    assert "\n" not in str(caught.value)
    path.unlink()


def test_environment_is_as_before(server, fetch):
    """The key is not left where a child process would see it."""
    before = dict(os.environ)
    fetch(server)
    assert dict(os.environ) == before


def test_no_file_is_for_others_to_write(server, fetch, tmp_path):
    fetch(server)
    files = [p for p in (tmp_path / "out").rglob("*") if p.is_file()]
    assert files
    assert not [p for p in files if p.stat().st_mode & (stat.S_IWOTH | stat.S_IWGRP)]


def test_manifest_can_be_pickled_without_the_key(server, fetch):
    assert KEY.encode() not in pickle.dumps(fetch(server))


def test_the_key_is_never_a_positional_argument():
    with pytest.raises(TypeError, match="positional"):
        fetch_snapshot(["Sb2O3"], "out", KEY)
