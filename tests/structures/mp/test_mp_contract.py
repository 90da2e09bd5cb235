"""What licoat relies on of the plain client and of the service: to be run again before the pin of mp-api is widened."""

import pytest
import requests

KEY = "sEcReTkEy0123456789abcdefLICOATx"  # also in conftest
SEVEN = ["Li", "O", "Sb", "Li-O", "Li-Sb", "Sb-O", "Li-Sb-O"]


@pytest.fixture
def ask(server):
    def get(path, key=KEY, **parameters):
        headers = {"x-api-key": key} if key else {}
        return requests.get(server.url + path.lstrip("/"), params=parameters, headers=headers, timeout=5)

    return get


@pytest.fixture
def rester(client, server):
    def make(**options):
        options = {"use_document_model": False, "mute_progress_bars": True} | options
        return client.MPRester(KEY, endpoint=server.url, **options)

    return make


def test_places_where_the_heartbeat_is_replaced(client):
    from mp_api.client.core.client import BaseRester

    names = {name for base in BaseRester.__mro__ for name in vars(base)}
    assert "_get_heartbeat_info" in names
    assert "get_emmet_version" in vars(client.MPRester)


def test_construction_asks_nothing_but_the_heartbeat(server, rester, faults):
    rester()
    assert {r.path for r in server.log} == {faults.HEARTBEAT}
    assert not server.saw(KEY)


def test_one_search_is_one_request(server, rester, faults):
    with rester() as mpr:
        server.log.clear()
        fields = ["material_id", "band_gap"]
        documents = mpr.materials.summary.search(chemsys=SEVEN, fields=fields, num_chunks=1, chunk_size=1000)
    assert len(documents) == 14
    (request,) = server.log
    assert request.path == faults.SUMMARY
    assert {"chemsys", "_limit", "_fields"} <= set(request.query) <= {"chemsys", "_limit", "_fields", "deprecated"}
    assert set(request.query["chemsys"].split(",")) == set(SEVEN)
    assert {"material_id"} <= set(documents[0]) <= set(fields)


def test_documents_fit_the_models_of_the_client(rester, docs):
    with rester(use_document_model=True) as mpr:
        summaries = mpr.materials.summary.search(chemsys=SEVEN, all_fields=True)
        thermo = mpr.materials.thermo.search(chemsys=SEVEN, thermo_types=["GGA_GGA+U"], all_fields=True)
    assert len(thermo) == len(docs.LI_SB_O) + 1  # thermo has no filter for deprecated documents
    by_id = {str(d.material_id): d for d in summaries}
    assert by_id["mp-1960"].shear_modulus["vrh"] == 61.0
    assert by_id["mp-1960"].symmetry.number == 225
    assert by_id[docs.legacy_id(3400014)].formula_pretty == "Li3SbO4"
    assert {str(d.thermo_type) for d in thermo} == {"GGA_GGA+U"}


def test_default_energies_mix_scales(rester):
    """Why a thermo type is always named: without it all three come together."""
    with rester() as mpr:
        documents = mpr.materials.thermo.search(formula="Sb2O3", fields=["energy_per_atom", "thermo_type"])
    assert len({d["thermo_type"] for d in documents}) == 3


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"chemsys": "Li-O"}, 200),
        ({"nonsense": "1"}, 400),
        ({"chemsys": "Li-O", "_limit": 1001}, 400),
        ({"chemsys": "Li-O", "_sort_fields": "material_id"}, 400),
    ],
)
def test_parameters_of_thermo(ask, faults, parameters, code):
    assert ask(faults.THERMO, **parameters).status_code == code


def test_keys(ask, faults):
    assert ask(faults.SUMMARY, key=None).json() == {"message": "No API key found in request"}
    assert ask(faults.SUMMARY, key="0" * 32).status_code == 401
    assert ask(faults.HEARTBEAT, key=None).json()["db_version"]


def test_filters(ask, faults, docs):
    def total(path=faults.SUMMARY, **parameters):
        return ask(path, **parameters).json()["meta"]["total_doc"]

    assert total(chemsys="Sb-O") == total(chemsys="O-Sb") == 4
    assert total(chemsys="Li-O") == 2
    assert total(chemsys="Li-O", deprecated="true") == 1
    assert total(faults.THERMO, chemsys="Li-O", thermo_types="GGA_GGA+U") == 3
    assert total(chemsys="Li-Sb") == 2  # the third is not for every account
    assert total(formula="Sb2O3") == 2
    assert total(material_ids="mp-149,mp-1960") == total(material_ids=docs.alpha_id(1960)) == 1
    assert total(chemsys="") == len(docs.MATERIALS) - 2
    assert total(chemsys="O-Sb", energy_above_hull_min=0.01) == 1


def test_projection_and_pages(ask, faults):
    answer = ask(faults.SUMMARY, chemsys="O-Sb", _fields="material_id,band_gap,symmetry.number", _limit=3).json()
    assert len(answer["data"]) == 3
    assert answer["meta"]["total_doc"] == 4
    rest = ask(faults.SUMMARY, chemsys="O-Sb", _fields="material_id,band_gap", _limit=3, _skip=3).json()["data"]
    assert rest == [{"material_id": "mp-aaaaaaiw"}]  # a field that the document lacks is absent
    assert answer["data"][0]["symmetry"] == {"number": 56}
    ordered = ask(faults.SUMMARY, chemsys="O-Sb", _sort_fields="-material_id").json()["data"]
    assert ordered == sorted(ordered, key=lambda d: d["material_id"], reverse=True)


def test_identifiers(docs):
    assert docs.alpha_id(149) == "mp-aaaaaaft"
    assert docs.legacy_id(3400014) == "mp-aaahllpu"
    for number in (0, 149, 3347529, 3347530, 26**5):
        assert docs.id_number(docs.alpha_id(number)) == number


BREAKS = {
    "reset": (lambda f: f.reset, requests.ConnectionError),
    "hang": (lambda f: f.hang, requests.Timeout),
    "cut off": (lambda f: f.cut, requests.exceptions.ChunkedEncodingError),
    "invalid JSON": (lambda f: f.text("{]"), requests.JSONDecodeError),
    "page": (lambda f: f.page(), requests.JSONDecodeError),
}


@pytest.mark.parametrize("name", BREAKS)
def test_faults_are_what_they_are_called(server, faults, name):
    """The n-th request fails, those around it do not."""
    act, error = BREAKS[name]
    server.fail(faults.SUMMARY, act(faults), first=2, times=1)

    def get():
        url = server.url + faults.SUMMARY.lstrip("/")
        return requests.get(url, headers={"x-api-key": KEY}, timeout=0.5).json()

    good = get()
    with pytest.raises(error):
        get()
    assert get() == good


def test_trickle_outlasts_the_timeout_of_a_read(server, faults):
    server.fail(faults.HEARTBEAT, faults.trickle)
    with requests.get(server.url + "heartbeat", timeout=0.5, stream=True) as answer:
        parts = [part for part, _ in zip(answer.iter_content(1), range(4), strict=False)]  # 0.8 s in all
    assert b"".join(parts) == b'{"st'


def test_redirect_would_take_the_key_along(server, serve, faults):
    """Without a guard a stranger gets the key: the reason for the tests of redirects."""
    with serve() as stranger:
        server.fail(faults.SUMMARY, faults.redirect(stranger.url + "x"))
        requests.get(server.url + "materials/summary/", headers={"x-api-key": KEY}, timeout=5)
        assert stranger.saw(KEY)
