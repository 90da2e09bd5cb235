"""The guarded session by itself: no client, only `requests` in front of it."""

import json
import time

import pytest

from licoat.structures import LicoatError
from licoat.structures.mp_session import GuardedSession, Limits

KEY = "sEcReTkEy0123456789abcdefLICOATx"  # also in conftest
QUERY = {"chemsys": "Li,O,Sb,Li-O,Li-Sb,O-Sb,Li-O-Sb", "_limit": 1000, "_fields": "material_id,volume"}
TOTAL_S = 2.0  # of `conftest.limits`


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
def test_the_whole_request_is_bounded(server, get, faults, within, name):
    server.fail(faults.SUMMARY, getattr(faults, name))
    with within(TOTAL_S), pytest.raises(LicoatError, match=r"127\.0\.0\.1"):
        get(faults.SUMMARY)


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
def test_odd_wishes_to_wait(server, get, faults, within, wish):
    server.fail(faults.SUMMARY, faults.status(429, Retry_After=wish), times=1)
    with within(TOTAL_S):
        assert len(get(faults.SUMMARY)["data"]) == 14


@pytest.mark.parametrize("wish", ["1e9", "inf", "3600"])
def test_long_wishes_to_wait(server, get, faults, within, wish):
    server.fail(faults.SUMMARY, faults.status(429, Retry_After=wish))
    with within(0.2), pytest.raises(LicoatError, match="wait"):
        get(faults.SUMMARY)


def test_pace(server, limits):
    start = time.monotonic()
    with GuardedSession(server.url, limits(pace_s=0.3), "licoat-test") as session:
        for _ in range(3):
            session.get(server.url + "heartbeat")
    assert time.monotonic() - start > 0.6
