"""Materials that stand in one of the two collections only: named, their systems not complete, asked for again."""

import json

import pytest


def without(server, path, docs, formula):
    """Take the documents of a material away from one collection; return how a message names it."""
    number = docs.by_formula(formula).number
    server.documents[path] = [d for d in server.documents[path] if docs.id_number(d["material_id"]) != number]
    return docs.legacy_id(number)


@pytest.mark.parametrize(("formula", "system"), [("Li3Sb", "Li-Sb"), ("Sb2O3", "O-Sb")])
@pytest.mark.parametrize("collection", ["SUMMARY", "THERMO"])
def test_it_is_named_and_its_system_is_not_complete(serve, docs, fetch, load, faults, formula, system, collection):
    with serve() as server:
        name = without(server, getattr(faults, collection), docs, formula)
        with pytest.warns(UserWarning, match=rf"{name} \({formula}\): left out; not complete: {system}; fetch again"):
            manifest = fetch(server, ["Sb-Li"])
        assert manifest.details["incomplete_systems"] == {system: [name]}
        assert system in manifest.details["caution"]
        assert system not in manifest.details["systems"]
        assert {"Li", "O", "Sb", "Li-O"} <= set(manifest.details["systems"])
        assert name not in load()
    with serve() as server:  # mended: only what was not complete is asked for, and then nothing is
        manifest = fetch(server, ["Sb-Li"])
        for path in (faults.SUMMARY, faults.THERMO):
            assert [r.query["chemsys"] for r in server.asked(path)] == [system]
        assert "incomplete_systems" not in manifest.details
        assert "caution" not in manifest.details
        assert system in manifest.details["systems"]
        assert name in load()
        server.log.clear()
        fetch(server, ["Sb-Li"])
        assert not server.asked(faults.SUMMARY)


def test_an_energy_lost_while_others_are_there(serve, docs, fetch, faults):
    """Li3Sb keeps its documents of the other thermo types: an observed material has an energy of each."""
    with serve() as server:
        number = docs.by_formula("Li3Sb").number
        server.documents[faults.THERMO] = [
            d
            for d in server.documents[faults.THERMO]
            if docs.id_number(d["material_id"]) != number or d["thermo_type"] != docs.GGA
        ]
        with pytest.warns(UserWarning, match="not complete: Li-Sb"):
            fetch(server)


def test_a_predicted_material_of_another_functional_is_no_gap(server, docs, fetch):
    """Li5SbO5 has r2SCAN energies only; without warning, or the test would fail."""
    manifest = fetch(server)
    assert manifest.details["only_in_summary"] == [docs.alpha_id(3370002)]
    assert "Li-O-Sb" in manifest.details["systems"]


@pytest.mark.filterwarnings("default")
def test_the_command_says_so(serve, docs, cli, faults, tmp_path):
    with serve() as server:
        name = without(server, faults.THERMO, docs, "Li3Sb")
        code, out, _ = cli("data", "fetch", "Sb2O3", "--out", tmp_path / "out", server=server)
        assert code == 0
        assert "not complete: Li-Sb" in out
        code, out, _ = cli("data", "info", tmp_path / "out", "--json")
        assert json.loads(out)["manifest"]["details"]["incomplete_systems"] == {"Li-Sb": [name]}
