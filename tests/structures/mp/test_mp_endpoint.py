"""An endpoint with a password is refused before it is used, and the password is shown nowhere."""

import logging

import pytest

from licoat.structures import SourceError
from licoat.structures.materials_project.session import GuardedSession, Limits

SECRET = "s3cret-w0rd"  # noqa: S105 - of nobody
WITH_SECRETS = [
    f"https://user:{SECRET}@example.invalid/",
    f"https://{SECRET}@example.invalid/",
    f"http://user:{SECRET}@127.0.0.1:1/",
    f"https://example.invalid/?api_key={SECRET}",
    f"https://example.invalid/#{SECRET}",
    f"https://user:{SECRET}@[::1",
    f"https://example.invalid:{SECRET}/",
    f"https://user:{SECRET}%40example.invalid/",
    f"https:\\\\user:{SECRET}@example.invalid/",
    f"user:{SECRET}@example.invalid",
    f"ftp://user:{SECRET}@example.invalid/",
    f"https://user:{SECRET}\N{FULLWIDTH COMMERCIAL AT}example.invalid/",
]


@pytest.mark.parametrize("url", WITH_SECRETS)
def test_neither_errors_nor_logs_show_it(fetch, seen, caplog, tmp_path, url):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(SourceError, match="endpoint") as caught:
        fetch(url)
    assert len(str(caught.value)) <= 300
    assert SECRET not in "".join(line for line in seen if "test_mp_endpoint" not in line)
    assert SECRET not in str(caught.value) + repr(caught.value) + caplog.text
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("url", WITH_SECRETS)
def test_nor_does_the_command_line(cli, tmp_path, url):
    status, out, err = cli("data", "fetch", "Sb2O3", "--out", tmp_path / "out", server=url)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert SECRET not in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://example.invalid/", "http://" + "x" * 5000])
def test_an_endpoint_without_a_secret_is_named(url):
    with pytest.raises(SourceError, match=r"endpoint '.*expected an https address") as caught:
        GuardedSession(url, Limits(), "licoat-test")
    assert len(str(caught.value)) <= 300
