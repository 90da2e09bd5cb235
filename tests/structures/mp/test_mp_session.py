"""The guarded session by itself: no client, only `requests` in front of it."""

import json
import socket
import ssl

import pytest

from licoat.structures import LicoatError
from licoat.structures.errors import SourceError
from licoat.structures.materials_project.session import GuardedSession, Limits

KEY = "sEcReTkEy0123456789abcdefLICOATx"  # also in conftest
QUERY = {"chemsys": "Li,O,Sb,Li-O,Li-Sb,O-Sb,Li-O-Sb", "_limit": 1000, "_fields": "material_id,volume"}
SOON = {"read_s": 0.5, "total_s": 1.0}


@pytest.fixture
def get(server, limits, keep):
    """Ask the server through a guarded session that carries the key."""

    def ask(path, url=None, query=QUERY, **changes):
        with GuardedSession(server.url, limits(**changes), "licoat-test") as session:
            session.headers["x-api-key"] = KEY
            try:
                return session.get((url or server.url) + path.lstrip("/"), params=query).json()
            except Exception as error:
                keep(error)
                raise

    return ask


def test_whole_answer_and_its_record(server, limits, faults):
    with GuardedSession(server.url, limits(), "licoat-test") as session:
        session.headers["x-api-key"] = KEY
        document = session.get(server.url + faults.SUMMARY.lstrip("/"), params=QUERY).json()
        (record,) = session.answers
    assert (len(document["data"]), record["documents"], record["total"]) == (14, 14, 14)
    assert record["query"]["chemsys"] == QUERY["chemsys"]
    assert KEY not in json.dumps(session.answers) + repr(session)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.invalid/",
        "http://127.0.0.1.example.invalid/",
        "http://127.example.invalid/",
        "http://localhost.example.invalid/",
        "http://127.0.0.1@example.invalid/",
        "http://127.0.0.1:80@example.invalid/",
        "ftp://127.0.0.1/",
        "127.0.0.1",
        "",
    ],
)
def test_only_https_or_this_machine(url):
    with pytest.raises(LicoatError, match=r"(?i)endpoint"):
        GuardedSession(url, Limits(), "licoat-test")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/", "https://a.invalid/"])
def test_endpoints_that_are_allowed(url):
    GuardedSession(url, Limits(), "licoat-test").close()


def test_another_host_is_not_asked(serve, get, faults):
    with serve() as stranger:
        with pytest.raises(LicoatError, match=r"refused|not"):
            get(faults.SUMMARY, url=stranger.url)
        assert not stranger.log


@pytest.mark.parametrize("code", [400, 404, 422])
def test_key_echoed_by_the_service_is_not_shown(server, get, faults, code):
    server.fail(faults.SUMMARY, faults.status(code, {"detail": f"bad key {KEY}"}))
    with pytest.raises(LicoatError, match=str(code)):
        get(faults.SUMMARY)


@pytest.mark.parametrize("name", ["trickle", "trickle_head", "hang"])
def test_the_whole_request_is_bounded(server, get, faults, ends, name):
    server.fail(faults.SUMMARY, getattr(faults, name))
    with ends(), pytest.raises(LicoatError, match=r"127\.0\.0\.1"):
        get(faults.SUMMARY, **SOON)


def test_a_late_hang_is_bounded_too(server, get, faults, ends):
    """The body begins in time and stops in the middle: the limit of a read must not be added to that of the whole."""
    server.fail(faults.SUMMARY, faults.stall(1.8))
    with ends(), pytest.raises(LicoatError, match="2 s"):
        get(faults.SUMMARY, read_s=60.0, total_s=2.0)
    assert server.count(faults.SUMMARY) == 1


def connect_to(monkeypatch, error):
    """Let every connection fail with an error; return the list of the tries."""
    tries = []

    def fail(*_, **__):
        tries.append(error)
        raise error

    monkeypatch.setattr("urllib3.connection.connection.create_connection", fail)
    return tries


UNREACHABLE = {
    "refused": (ConnectionRefusedError(111, "Connection refused"), "refused.*MP_API_ENDPOINT"),
    "no such name": (socket.gaierror(-2, "Name or service not known"), "name is not known.*MP_API_ENDPOINT"),
    "no network": (OSError(101, "Network is unreachable"), "no way"),
    "no route": (OSError(113, "No route to host"), "no way"),
    "bad certificate": (
        ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"),
        "TLS",
    ),
}


@pytest.mark.parametrize("name", UNREACHABLE)
def test_nobody_there_is_tried_twice(get, faults, monkeypatch, name):
    error, match = UNREACHABLE[name]
    tries = connect_to(monkeypatch, error)
    with pytest.raises(SourceError, match=rf"{match}.*tried 2 times"):
        get(faults.SUMMARY)
    assert len(tries) == 2


@pytest.mark.parametrize("error", [ConnectionResetError(104, "Connection reset by peer"), TimeoutError("timed out")])
def test_what_passes_is_tried_five_times(get, faults, monkeypatch, error):
    tries = connect_to(monkeypatch, error)
    with pytest.raises(SourceError, match="tried 5 times"):
        get(faults.SUMMARY)
    assert len(tries) == 5


def test_default_wait_for_a_wrong_address_is_short():
    """A second, not fifteen: the waits are backoff_s, then twice that, and so on."""
    limits = Limits()
    assert sum(limits.backoff_s * 2.0**i for i in range(limits.unreachable_tries - 1)) <= 3.0


@pytest.mark.parametrize("name", ["cut", "cut_chunked", "reset"])
def test_cut_answers_are_asked_again(server, get, faults, name):
    server.fail(faults.SUMMARY, getattr(faults, name), times=1)
    assert len(get(faults.SUMMARY)["data"]) == 14
    assert server.count(faults.SUMMARY) == 2


def test_body_limit(server, get, faults):
    with pytest.raises(LicoatError, match="500 bytes"):
        get(faults.SUMMARY, max_body_bytes=500)
    assert server.count(faults.SUMMARY) == 1


def test_deep_nesting_is_not_a_crash(server, get, faults):
    server.fail(faults.SUMMARY, faults.text("[" * 200_000))
    with pytest.raises(LicoatError, match="JSON"):
        get(faults.SUMMARY)


@pytest.mark.parametrize("wish", ["soon", "-5", "nan", "Wed, 21 Oct 2065 07:28:00 GMT"])
def test_odd_wishes_to_wait(server, get, faults, clock, wish):
    server.fail(faults.SUMMARY, faults.status(429, Retry_After=wish), times=1)
    assert len(get(faults.SUMMARY)["data"]) == 14
    assert clock.monotonic() <= 0.01  # no wish: the first wait of our own


@pytest.mark.parametrize("wish", ["1e9", "inf", "3600"])
def test_long_wishes_to_wait(server, get, faults, clock, wish):
    server.fail(faults.SUMMARY, faults.status(429, Retry_After=wish))
    with pytest.raises(LicoatError, match="wait"):
        get(faults.SUMMARY)
    assert clock.monotonic() == 0.0


def test_pace(server, limits, clock):
    with GuardedSession(server.url, limits(pace_s=0.3), "licoat-test") as session:
        for _ in range(3):
            session.get(server.url + "heartbeat")
    assert clock.waits == pytest.approx([0.0, 0.3, 0.3])
