"""Everything that goes wrong on the way: one clear line, nothing partial on disk, and an end within the limit.

That the key is nowhere is looked at after every test, in `conftest.no_leak`.
"""

import copy
import threading

import numpy as np
import pytest
import requests

from licoat.structures import LicoatError


def bend(change):
    """Change the first document of an answer."""

    def act(document):
        change(document["data"][0])

    return act


def twice(document):
    document["data"].append(copy.deepcopy(document["data"][3]))
    document["meta"]["total_doc"] += 1


def contradicting(document):
    twice(document)
    document["data"][-1] |= {"energy_per_atom": -99.0, "volume": 1.0}


def without(formula):
    def act(document):
        document["data"] = [d for d in document["data"] if d["formula_pretty"] != formula]
        document["meta"]["total_doc"] = len(document["data"])

    return act


def total(change):
    def act(document):
        document["meta"]["total_doc"] = change(document["meta"]["total_doc"])

    return act


def short(document):
    document["data"] = document["data"][:5]


def empty(document):
    document["data"] = []
    document["meta"]["total_doc"] = 0


def mixed_types(document):
    for one in document["data"]:
        one["thermo_type"] = "r2SCAN"


PASSING = {
    "500 twice": (lambda f: f.status(500), 2),
    "502": (lambda f: f.status(502), 2),
    "503 without Retry-After": (lambda f: f.status(503), 1),
    "504": (lambda f: f.status(504), 2),
    "429 without Retry-After": (lambda f: f.status(429), 2),
    "reset": (lambda f: f.reset, 1),
    "cut off": (lambda f: f.cut, 1),
    "hang": (lambda f: f.hang, 1),
    "invalid JSON": (lambda f: f.text('{"data": [{"material_id": "mp-'), 1),
    "empty body": (lambda f: f.text(""), 1),
    "fewer documents than it says": (lambda f: f.mutate(short), 1),
}
LASTING = {
    "401": (lambda f: f.status(401, {"message": "Unauthorized"}), "key|401"),
    "403": (lambda f: f.status(403, {"message": "Forbidden"}), "key|403"),
    "403 page of a gateway": (lambda f: f.page("Just a moment...", 403), "403|page"),
    "404": (lambda f: f.status(404), "404"),
    "400": (lambda f: f.status(400, {"detail": "unknown parameter batch"}), "400"),
    "422": (lambda f: f.status(422, {"detail": None}), "422"),
    "429 for an hour": (lambda f: f.status(429, Retry_After=3600), "3600"),
    "429 for ever": (lambda f: f.status(429), "429"),
    "500": (lambda f: f.status(500), "500"),
    "503": (lambda f: f.status(503), "503"),
    "reset": (lambda f: f.reset, "127.0.0.1"),
    "cut off": (lambda f: f.cut, "cut|incomplete|broken|short"),
    "hang": (lambda f: f.hang, "time|answer"),
    "trickle": (lambda f: f.trickle, "time|slow|within|took"),
    "invalid JSON": (lambda f: f.text("{]"), "JSON"),
    "NaN": (lambda f: f.text('{"data": [{"energy_per_atom": NaN}], "meta": {"total_doc": 1}}'), "JSON|NaN"),
    "empty body": (lambda f: f.text(""), "JSON|empty"),
    "sign-in page": (lambda f: f.page(), "page|HTML"),
    "list": (lambda f: f.text("[]"), "list of documents"),
    "text": (lambda f: f.text('"x"'), "list of documents"),
    "data is null": (lambda f: f.mutate(lambda d: d.update(data=None)), "data"),
    "no data": (lambda f: f.mutate(lambda d: d.pop("data") and None), "data"),
    "no meta": (lambda f: f.mutate(lambda d: d.pop("meta") and None), "meta|total_doc"),
    "no total_doc": (lambda f: f.mutate(lambda d: d["meta"].pop("total_doc") and None), "total_doc"),
    "total_doc is null": (lambda f: f.mutate(total(lambda _: None)), "total_doc"),
    "total_doc too large": (lambda f: f.mutate(total(lambda n: n + 7)), "incomplete|of|documents"),
    "total_doc too small": (lambda f: f.mutate(total(lambda n: n - 7)), "documents|total_doc"),
    "total_doc zero": (lambda f: f.mutate(total(lambda _: 0)), "documents|total_doc"),
    "fewer documents than it says": (lambda f: f.mutate(short), "incomplete|of|documents"),
    "documents are no objects": (
        lambda f: f.mutate(lambda d: d.update(data=[1] * len(d["data"]))),
        "list of documents",
    ),
    "redirect": (lambda f: f.redirect("https://example.invalid/"), "redirect|302"),
}
THERMO_CONTENT = {
    "empty": (lambda f: f.mutate(empty), "Li|Sb|empty|no "),
    "contradicting twins": (lambda f: f.mutate(contradicting), "mp-|twice|differ"),
    "no lithium": (lambda f: f.mutate(without("Li")), "Li"),
    "no oxygen": (lambda f: f.mutate(without("O2")), "O"),
    "no antimony": (lambda f: f.mutate(without("Sb")), "Sb"),
    "another thermo type": (lambda f: f.mutate(mixed_types), "r2SCAN|GGA"),
    "energy is absent": (lambda f: f.mutate(bend(lambda d: d.pop("energy_per_atom"))), "energy_per_atom"),
    "energy is null": (lambda f: f.mutate(bend(lambda d: d.update(energy_per_atom=None))), "energy_per_atom"),
    "energy is text": (lambda f: f.mutate(bend(lambda d: d.update(energy_per_atom="n/a"))), "energy_per_atom"),
    "energy is absurd": (lambda f: f.mutate(bend(lambda d: d.update(energy_per_atom=1e9))), "energy_per_atom"),
    "no identifier": (lambda f: f.mutate(bend(lambda d: d.pop("material_id"))), "material_id"),
    "identifier is a path": (lambda f: f.mutate(bend(lambda d: d.update(material_id="../../x"))), "material_id"),
    "formula is no formula": (lambda f: f.mutate(bend(lambda d: d.update(formula_pretty="Qq7"))), "Qq7"),
}


@pytest.fixture
def nothing_on_disk(tmp_path, load):
    """Assert that no snapshot is there: a reader must not meet half of one."""

    def look():
        assert not list(tmp_path.rglob("*manifest.json"))
        with pytest.raises(LicoatError):
            load()

    return look


@pytest.mark.parametrize(
    ("name", "path"),
    [*((name, "THERMO") for name in PASSING), *((name, "SUMMARY") for name in ("500 twice", "reset", "cut off"))],
)
def test_passing_failures_are_repaired(server, fetch, load, limits, faults, path, name):
    act, times = PASSING[name]
    server.fail(getattr(faults, path), act(faults), times=times)
    manifest = fetch(server, limits=limits(read_s=0.6) if name == "hang" else limits())
    assert len(load()) == manifest.n_phases == 13
    assert server.count(getattr(faults, path)) == times + 1


@pytest.mark.parametrize("name", LASTING)
def test_lasting_failures_end(server, fetch, patience, faults, ends, nothing_on_disk, name):
    act, match = LASTING[name]
    server.fail(faults.THERMO, act(faults))
    with ends(), pytest.raises(LicoatError, match=f"(?i){match}") as caught:
        fetch(server, limits=patience(name))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    assert isinstance(caught.value, OSError | LookupError | ValueError)
    nothing_on_disk()


@pytest.mark.parametrize("name", THERMO_CONTENT)
def test_answers_that_cannot_be_right(server, fetch, faults, nothing_on_disk, name):
    act, match = THERMO_CONTENT[name]
    server.fail(faults.THERMO, act(faults))
    with pytest.raises(LicoatError, match=match) as caught:
        fetch(server)
    assert "\n" not in str(caught.value)
    nothing_on_disk()


@pytest.mark.parametrize("change", [lambda d: d.pop("volume"), lambda d: d.update(volume=None)])
def test_a_document_without_volume_does_not_pass_silently(server, fetch, load, faults, change):
    """Unknown, never zero; and only that one."""
    server.fail(faults.SUMMARY, faults.mutate(bend(change)))
    fetch(server)
    assert np.isnan(load().column("volume_a3_per_atom")).sum() == 1
    assert np.nanmin(load().column("volume_a3_per_atom")) > 5.0


@pytest.mark.parametrize("status", [401, 403, 400, 404])
def test_answers_that_will_not_change_are_not_asked_again(server, fetch, faults, status):
    server.fail(faults.SUMMARY, faults.status(status, {"message": "no"}))
    with pytest.raises(LicoatError, match=str(status)):
        fetch(server)
    assert server.count(faults.SUMMARY) == 1


def test_long_wait_is_refused_at_once(server, fetch, faults, clock):
    server.fail(faults.SUMMARY, faults.status(429, Retry_After=3600))
    with pytest.raises(LicoatError, match="3600"):
        fetch(server)
    assert server.count(faults.SUMMARY) == 1
    assert clock.monotonic() == 0.0


def test_short_wait_is_obeyed(server, fetch, load, docs, faults, clock):
    server.fail(faults.THERMO, faults.status(429, Retry_After=1), times=1)
    fetch(server)
    assert [wait for wait in clock.waits if wait] == [1.0]
    assert server.count(faults.THERMO) == 2
    assert len(load()) == len(docs.LI_SB_O)


def test_identical_twins_are_one(server, fetch, load, docs, faults):
    server.fail(faults.THERMO, faults.mutate(twice))
    fetch(server)
    assert len(load()) == len(docs.LI_SB_O)


def test_missing_element_says_which_and_why(server, fetch, faults):
    """Some elements exist in r2SCAN only: then no reaction of theirs can be computed."""
    server.fail(faults.THERMO, faults.mutate(without("Sb")))
    with pytest.raises(LicoatError, match=r"Sb.*GGA_GGA\+U|GGA_GGA\+U.*Sb"):
        fetch(server)


def test_missing_lithium_oxide_is_named(server, fetch, faults):
    server.fail(faults.THERMO, faults.mutate(without("Li2O")))
    with pytest.raises(LicoatError, match="Li2O"):
        fetch(server)


@pytest.mark.parametrize("path", ["HEARTBEAT", "SUMMARY", "THERMO"])
@pytest.mark.parametrize("code", [301, 302, 307])
def test_redirect_keeps_the_key_here(server, serve, fetch, faults, path, code):
    with serve() as stranger:
        target = f"http://127.0.0.1:{stranger.port}{getattr(faults, path)}"
        server.fail(getattr(faults, path), faults.redirect(target, code))
        with pytest.raises(LicoatError, match=r"(?i)redirect|30[127]"):
            fetch(server)
        assert not stranger.log


HEARTBEATS = {
    "500": lambda f: f.status(500),
    "sign-in page": lambda f: f.page(),
    "no version": lambda f: f.text("{}"),
    "blocked": lambda f: f.text('{"error": "Your IP has been blocked", "version": "blocked"}'),
    "401": lambda f: f.status(401, {"message": "no"}),
    "429 for an hour": lambda f: f.status(429, Retry_After=3600),
    "hang": lambda f: f.hang,
    "trickle": lambda f: f.trickle,
    "cut off": lambda f: f.cut,
    "reset": lambda f: f.reset,
}


@pytest.mark.parametrize("name", HEARTBEATS)
def test_heartbeat_fails(server, fetch, patience, faults, ends, nothing_on_disk, name):
    server.fail(faults.HEARTBEAT, HEARTBEATS[name](faults))
    with ends(), pytest.raises(LicoatError, match=r"\S") as caught:
        fetch(server, limits=patience(name))
    assert "\n" not in str(caught.value)
    nothing_on_disk()


def test_forbidden_heartbeat_is_no_obstacle(server, fetch, load, docs, faults):
    """Cloudflare has blocked it before; the documents say which database they are of."""
    server.fail(faults.HEARTBEAT, faults.page("Attention Required!", 403))
    fetch(server)
    assert load().manifest.version == docs.DATABASE


def test_database_changes_in_the_middle(server, fetch, faults, nothing_on_disk):
    def publish(path):
        if path == faults.THERMO:
            server.db_version = "2026.09.01"

    server.on_request = publish
    with pytest.raises(LicoatError, match=r"2026\.09\.01"):
        fetch(server)
    nothing_on_disk()


def test_nobody_listens(serve, fetch, ends, nothing_on_disk):
    with serve() as gone:
        url = gone.url
    with ends(), pytest.raises(LicoatError, match=r"127\.0\.0\.1"):
        fetch(url)
    nothing_on_disk()


def test_the_service_dies_in_the_middle(server, fetch, faults, ends, nothing_on_disk):
    def die(path):
        if path == faults.THERMO:
            threading.Thread(target=server.stop, daemon=True).start()

    server.on_request = die
    server.fail(faults.THERMO, faults.reset)
    with ends(), pytest.raises(LicoatError, match=r"127\.0\.0\.1"):
        fetch(server)
    nothing_on_disk()


@pytest.mark.parametrize("url", ["http://example.invalid/", "ftp://127.0.0.1/", "nonsense", "http://"])
def test_endpoint_that_would_show_the_key(fetch, url):
    """Only https, except to this machine itself."""
    with pytest.raises(LicoatError, match=r"(?i)endpoint|https"):
        fetch(url)


def test_certificate_is_checked(server, fetch, ends):
    """A server that does not speak TLS is an error of the connection, not of the data."""
    with ends(), pytest.raises(LicoatError, match=r"127\.0\.0\.1"):
        fetch(server.url.replace("http:", "https:"))


def test_errors_are_ours_and_of_requests(server, fetch, faults):
    """The client of the Materials Project passes on what is a `requests` error."""
    server.fail(faults.SUMMARY, faults.status(500))
    with pytest.raises(LicoatError, match="500") as caught:
        fetch(server)
    assert not isinstance(caught.value, requests.HTTPError)
    assert "MPRestError" not in str(caught.value)
