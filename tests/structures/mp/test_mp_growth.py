import pytest

from licoat.structures import LicoatError, SnapshotError


def test_growth_by_systems_without_materials(server, fetch, load):
    fetch(server, ["Sb2O3", "ZnO"])
    n = len(load())
    fetch(server, ["Li-Sb-Zn-O"])
    assert len(load()) == n


def test_nc_asked_for_after_a_plain_fetch(serve, fetch, load, docs):
    with serve(licenses=("BY-C", "BY-NC")) as server:
        fetch(server)
        with pytest.raises(SnapshotError, match="fetched without non-commercial materials; give another --out"):
            fetch(server, include_nc=True)
    assert docs.legacy_id(3360001) not in load()


def test_nc_licence_survives_growth(serve, fetch, load, docs):
    with serve(licenses=("BY-C", "BY-NC")) as server:
        fetch(server, include_nc=True)
        with pytest.raises(SnapshotError, match="fetched with non-commercial materials; give another --out"):
            fetch(server, ["ZnO"])
        fetch(server, ["ZnO"], include_nc=True)
    phases = load()
    assert docs.legacy_id(3360001) in phases
    assert "ZnO" in phases.formulas
    assert "BY-NC" in phases.manifest.licence


def test_counts_survive_growth(serve, fetch, load):
    with serve(licenses=("BY-C", "BY-NC")) as server:
        fetch(server)
        a = {k: v for k, v in load().manifest.details.items() if isinstance(v, int)}
        fetch(server, ["ZnO"])
        b = {k: v for k, v in load().manifest.details.items() if isinstance(v, int)}
    assert all(b[k] >= a[k] for k in a), (a, b)


def test_parts_of_another_endpoint(serve, fetch, faults):
    with serve() as first:
        first.fail(faults.THERMO, faults.status(500), first=3)
        with pytest.raises(LicoatError):
            fetch(first, batch_size=2)
    with serve() as second:
        fetch(second, batch_size=2)
        assert second.count(faults.SUMMARY) == 4


def test_element_without_energy_named_later(server, fetch):
    fetch(server, ["all-binary"])
    with pytest.raises(LicoatError, match="Te"):
        fetch(server, ["TeO2"])


def test_proxy_does_not_get_the_key_of_loopback(server, serve, fetch, monkeypatch):
    monkeypatch.delenv("NO_PROXY")
    with serve() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        fetch(server)
        assert not proxy.log


def test_other_parts_survive_a_finished_fetch(server, fetch, faults):
    server.fail(faults.THERMO, faults.status(500))
    with pytest.raises(LicoatError):
        fetch(server, ["ZnO"])
    server.faults.clear()
    fetch(server, ["Sb2O3"])
    server.log.clear()
    fetch(server, ["ZnO"])
    asked = [r for r in server.log if r.path == faults.SUMMARY]
    assert not asked
