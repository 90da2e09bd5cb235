"""A fetch that goes well: what is asked, what is kept, and that a screen of it gives the energies put in."""

import inspect
import math

import pytest

from licoat.structures import FormulaError, MissingDataError, SnapshotError
from licoat.structures.errors import SourceError
from licoat.structures.materials_project import search as mp_search
from licoat.thermo import lithiate, react
from licoat.workflows import screen

EQUATION = "Sb2O3 + Li -> Li3Sb + Li2O"
NUMBERS_EV = 1e-9
SEVEN = {"Li", "O", "Sb", "Li-O", "Li-Sb", "O-Sb", "Li-O-Sb"}


def put_in(docs):
    """Reaction energy per Sb2O3 from the numbers that the documents were made of."""
    energy = {f: docs.by_formula(f).energy for f in ("Sb2O3", "Li", "Li3Sb", "Li2O")}
    return 2 * 4 * energy["Li3Sb"] + 3 * 3 * energy["Li2O"] - 5 * energy["Sb2O3"] - 12 * energy["Li"]


def systems(request):
    return {"-".join(sorted(s.split("-"))) for s in request.query["chemsys"].split(",")}


@pytest.fixture
def asked(server, faults):
    return lambda path: server.asked(getattr(faults, path))


def test_reaction_energy_is_the_one_put_in(server, fetch, load, docs):
    manifest = fetch(server)
    phases = load()
    assert set(phases.text("phase_id")) == {docs.legacy_id(m.number) for m in docs.LI_SB_O}
    assert (manifest.n_phases, len(phases)) == (len(docs.LI_SB_O), len(docs.LI_SB_O))
    for material in docs.LI_SB_O:
        phase = phases[docs.legacy_id(material.number)]
        assert phase.energy_ev_per_atom == pytest.approx(material.energy, abs=NUMBERS_EV)
        assert phase.formation_energy_ev_per_atom == pytest.approx(material.formation, abs=NUMBERS_EV)
        assert phase.volume_a3_per_atom == pytest.approx(material.volume_per_atom)
        assert (phase.n_sites, phase.space_group_number) == (material.n, material.group[1])
    assert react(EQUATION, phases).energy_ev_per_fu == pytest.approx(put_in(docs), abs=NUMBERS_EV)
    assert put_in(docs) == pytest.approx(-15.04)


def test_screen_of_a_snapshot(server, fetch, load, docs):
    fetch(server)
    result = screen(load(), ["Sb2O3"])
    (oxide,) = result.to_dict()["oxides"]
    assert (oxide["equation"], oxide["phase_id"]) == ("Sb2O3 + 12 Li -> 2 Li3Sb + 3 Li2O", "mp-1999")
    assert oxide["energy_ev_per_fu"] == pytest.approx(put_in(docs), abs=NUMBERS_EV)
    path = lithiate("Sb2O3", load())
    assert path.final.energy_ev_per_fu == pytest.approx(put_in(docs), abs=NUMBERS_EV)


def test_requests_are_few_and_ask_one_thermo_type(server, fetch, asked):
    fetch(server)
    (summary,), (thermo,) = asked("SUMMARY"), asked("THERMO")
    assert systems(summary) == systems(thermo) == SEVEN
    assert thermo.query["thermo_types"] == "GGA_GGA+U"
    assert "entries" not in thermo.query["_fields"].split(",")
    assert 1 <= len(asked("HEARTBEAT")) <= 3
    assert not [r for r in server.log if r.path == "/heartbeat" and "x-api-key" in {h.lower() for h in r.headers}]
    agent = {name.lower(): value for name, value in thermo.headers.items()}
    assert "gzip" in agent["accept-encoding"]
    assert "licoat" in agent["user-agent"]


def test_several_targets_in_batches(server, fetch, load, asked):
    fetch(server, ["Sb2O3", "ZnO"], batch_size=3)
    requests = asked("THERMO")
    wanted = SEVEN | {"Zn", "Li-Zn", "O-Zn", "Li-O-Zn"}
    assert sum(len(systems(r)) for r in requests) == len(wanted)
    assert set.union(*map(systems, requests)) == wanted
    assert {"Sb2O3", "ZnO", "LiZn"} <= set(load().formulas)


def test_more_than_a_page_of_documents(serve, docs, fetch, load, faults):
    """1000 documents are the most of one answer: such a batch is divided, nothing is lost and nothing doubled."""
    further = (*docs.crowd(700, "Li2O"), *docs.crowd(600, "Li3Sb", first=2_100_000))
    with serve(materials=(*docs.MATERIALS, *further)) as server:
        fetch(server)
        requests = server.asked(faults.THERMO)
    phases = load()
    assert len(phases) == len(docs.LI_SB_O) + len(further)
    assert len(requests) <= 4  # the whole, then portions that the two large systems do not share
    assert react(EQUATION, phases).energy_ev_per_fu == pytest.approx(put_in(docs), abs=NUMBERS_EV)


def test_more_than_a_page_in_one_system(serve, docs, fetch, load, faults):
    """The page that came shows where to divide: hull distances, most of them small, would need ten questions."""
    with serve(materials=(*docs.MATERIALS, *docs.crowd(1100))) as server:
        manifest = fetch(server)
    assert len(load()) == len(docs.LI_SB_O) + 1100
    assert len(set(load().text("phase_id"))) == len(load())
    assert manifest.details["documents_expected"] == manifest.details["documents_received"]
    for path in (faults.SUMMARY, faults.THERMO):
        assert server.count(path) <= 6  # the batch; its three portions; two halves of the one large system


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_many_pages_in_one_system(serve, docs, fetch, load, faults, monkeypatch, share):
    """Also where the first page shows one end of the values only."""
    monkeypatch.setattr(mp_search, "PAGE", 20)
    crowd = docs.crowd(100)
    head = int(share * len(crowd))
    mixed = (*crowd[:head], *sorted(crowd[head:], key=lambda m: m.number * 7919 % 1009))
    with serve(materials=(*docs.MATERIALS, *mixed)) as server:
        fetch(server, ["Li"])
    assert len(load()) == 4 + 100
    assert server.count(faults.THERMO) <= 40


@pytest.mark.parametrize("path", ["SUMMARY", "THERMO"])
def test_a_system_that_cannot_be_divided_is_refused(serve, docs, fetch, load, faults, monkeypatch, path):
    """Documents without the value that divides them would be in no piece."""
    monkeypatch.setattr(mp_search, "PAGE", 20)
    with serve(materials=(*docs.MATERIALS, *docs.crowd(60))) as server:
        for document in server.documents[getattr(faults, path)][-5:]:
            document.pop("volume" if path == "SUMMARY" else "energy_per_atom")
        with pytest.raises(SourceError, match=rf"incomplete: \d+ of \d+ {path.lower()} documents of Li-O"):
            fetch(server)
        for document in server.documents[getattr(faults, path)]:
            document |= {"volume": 50.0, "energy_per_atom": -3.0}
        with pytest.raises(SourceError, match=r"Li-O: .* cannot be divided"):
            fetch(server)
    with pytest.raises(SnapshotError):
        load()


def test_a_service_that_always_has_more_ends(server, fetch, faults):
    """A count above a page for every question: neither endless questions nor a part taken for the whole."""
    server.fail(faults.SUMMARY, faults.mutate(claim_more))
    with pytest.raises(SourceError, match="cannot be divided"):
        fetch(server)
    assert server.count(faults.SUMMARY) < 20


def claim_more(document):
    document["data"] = (document["data"] or [{}]) * 1001
    document["data"] = document["data"][:1000]
    document["meta"]["total_doc"] = 5000


def test_other_thermo_type_is_not_mixed_in(server, fetch, load, docs):
    fetch(server, thermo_type="r2SCAN")
    phases = load()
    assert phases.scheme != "pbe+u/mp2020"
    assert "r2scan" in phases.scheme.lower()
    energy = react(EQUATION, phases).energy_ev_per_fu
    assert energy == pytest.approx(0.97 * put_in(docs), abs=1e-6)


def test_mixed_energies_are_refused(server, fetch):
    """Their zero differs from one chemical system to the next."""
    with pytest.raises(ValueError, match="GGA_GGA\\+U_R2SCAN"):
        fetch(server, thermo_type="GGA_GGA+U_R2SCAN")
    assert not server.log


def test_deprecated_and_non_commercial_are_dropped_and_counted(serve, docs, fetch, load):
    with serve(licenses=("BY-C", "BY-NC")) as server:
        fetch(server)
    phases = load()
    assert not {"mp-553", docs.legacy_id(3360001)} & set(phases.text("phase_id"))
    text = str(phases.manifest.to_dict()).lower()
    assert "deprecated" in text
    assert "by-nc" in text
    counts = [v for k, v in walk(phases.manifest.to_dict()) if "deprecated" in k or "nc" in k.split("_")]
    assert 1 in counts


def walk(document, name=""):
    """All numbers of a nested document with the names that lead there."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield from walk(value, f"{name}_{key}".lower().replace("-", "_"))
    else:
        yield name, document


def test_non_commercial_on_request(serve, docs, fetch, load):
    with serve(licenses=("BY-C", "BY-NC")) as server:
        fetch(server, include_nc=True)
    phases = load()
    assert docs.legacy_id(3360001) in phases
    assert "BY-NC" in phases.manifest.licence or "non-commercial" in phases.manifest.licence.lower()


def test_either_spelling_of_identifiers_gives_the_same_content(serve, docs, fetch, tmp_path, load):
    for name, spell in (("alpha", docs.alpha_id), ("legacy", docs.legacy_id)):
        with serve(spell=spell) as server:
            fetch(server, out=tmp_path / name)
    alpha, legacy = (load(tmp_path / name).to_frame() for name in ("alpha", "legacy"))
    assert alpha.equals(legacy)
    assert "mp-2136" in set(alpha["phase_id"])
    assert docs.alpha_id(3400014) in set(alpha["phase_id"])


def test_what_is_missing_is_unknown(server, fetch, load):
    fetch(server)
    phases = load()
    assert phases["mp-230"].band_gap_ev is None  # the document has no such field
    assert phases["mp-1999"].bulk_modulus_gpa is None  # the document has null
    assert phases["mp-1999"].shear_modulus_gpa is None
    assert phases["mp-135"].band_gap_ev == 0.0  # a metal: known to be zero
    assert phases["mp-1960"].band_gap_ev == 5.0
    assert phases["mp-1960"].band_gap_kind == "pbe"
    assert phases["mp-1960"].shear_modulus_gpa == 61.0


def test_unhealthy_moduli_are_dropped(server, fetch, load):
    """A negative shear modulus is no crystal: the reaction must not lose its phase for it, only the number."""
    fetch(server)
    phase = load()["mp-1705"]
    assert phase.shear_modulus_gpa is None
    assert phase.energy_ev_per_atom is not None


@pytest.mark.parametrize(
    "moduli", [{"voigt": 10.0, "reuss": 90.0, "vrh": 50.0}, {"voigt": 2e4, "reuss": 2e4, "vrh": 2e4}, {"vrh": None}]
)
def test_impossible_moduli_are_dropped(server, fetch, load, faults, moduli):
    def spoil(document):
        for one in document["data"]:
            one["shear_modulus"] = moduli

    server.fail(faults.SUMMARY, faults.mutate(spoil))
    fetch(server)
    assert all(math.isnan(value) for value in load().column("shear_modulus_gpa"))


def test_manifest_says_what_it_is(server, fetch, load, docs):
    manifest = fetch(server)
    assert manifest.version == docs.DATABASE
    assert manifest.scheme == "pbe+u/mp2020"
    assert "GGA_GGA+U" in str(manifest.to_dict())
    assert "BY" in manifest.licence
    assert load().manifest.to_dict() == manifest.to_dict()


def test_all_binary_oxides(server, fetch, load, docs):
    """The defaults name every metal once; here the service knows two of them."""
    fetch(server, ["Sb2O3", "Sb2O5", "Li2O"])
    assert len(load()) == len(docs.LI_SB_O)


@pytest.mark.parametrize(
    ("targets", "error", "match"),
    [
        ([], (ValueError, LookupError), "."),
        (["Xy2O3"], FormulaError, "Xy"),
        (["sb2o3"], FormulaError, "sb2o3"),
        ([""], FormulaError, "."),
        (["*"], FormulaError, r"\*"),
    ],
)
def test_bad_targets_make_no_request(server, fetch, targets, error, match):
    with pytest.raises(error, match=match):
        fetch(server, targets)
    assert not server.log


def test_a_folder_of_something_else_is_left_alone(server, fetch, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises((ValueError, OSError), match="out"):
        fetch(server)
    assert [p.name for p in out.iterdir()] == ["thesis.txt"]


def test_a_formula_without_a_phase_is_told(server, fetch, load, docs):
    """Its systems are whole, so there is nothing wrong; but whoever asked for it must not believe it is there."""
    with pytest.warns(UserWarning, match=r"no phase Sb3O7$") as told:
        fetch(server, ["Sb4O6", "Sb3O7", "Li-Sb-O", "Sb"])
    assert len(told) == 1
    assert len(load()) == len(docs.LI_SB_O)


def test_progress_is_told(server, fetch):
    told = []
    fetch(server, progress=lambda *args: told.append(args))
    assert told


def test_a_document_without_any_energy_of_the_target_is_named(server, fetch):
    with pytest.raises(MissingDataError, match=r"Te"):
        fetch(server, ["TeO2"])


def test_signature_is_the_documented_one():
    from licoat.structures.materials_project.fetch import fetch_snapshot

    names = list(inspect.signature(fetch_snapshot).parameters)
    wanted = ["out", "thermo_type", "anode", "endpoint", "key", "limits", "include_nc", "progress", "batch_size"]
    assert names[0] == "targets"
    assert set(wanted) <= set(names)
