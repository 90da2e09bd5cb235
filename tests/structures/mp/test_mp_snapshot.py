"""What is on disk: resumed, shared, refused when damaged, and grown."""

import contextlib
import json
import shutil
import threading

import pytest

from licoat.structures import LicoatError, SnapshotError, load_phases
from licoat.structures.phases import parquet

FETCH = """
import sys
from licoat.structures.materials_project.fetch import fetch_snapshot
from licoat.structures.materials_project.session import Limits
limits = Limits(connect_s=2.0, read_s=5.0, total_s=20.0, backoff_s=0.05, pace_s=0.0)
fetch_snapshot(["Sb2O3"], endpoint=sys.argv[1], out=sys.argv[2], limits=limits, batch_size=2)
"""


def systems(request):
    return frozenset(request.query["chemsys"].split(","))


def requests_of(server, path):
    return [systems(r) for r in server.log if r.path == path]


@pytest.mark.parametrize("place", [2, 3])
def test_resume_asks_only_for_what_is_missing(server, fetch, load, docs, faults, place):
    server.fail(faults.THERMO, faults.status(500), first=place)
    with pytest.raises(LicoatError, match="500"):
        fetch(server, batch_size=2)
    before = requests_of(server, faults.SUMMARY), requests_of(server, faults.THERMO)
    server.log.clear()
    server.faults.clear()
    fetch(server, batch_size=2)
    summary, thermo = requests_of(server, faults.SUMMARY), requests_of(server, faults.THERMO)
    assert not set(thermo) & set(before[1][: place - 1])  # what was answered is not asked again
    assert len(set(thermo)) == 4 - (place - 1)
    assert not set(summary) & set(before[0])
    assert len(load()) == len(docs.LI_SB_O)


def test_interrupt_leaves_a_resumable_state(server, fetch, load, docs, faults):
    calls = []

    def interrupt(*args):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(server, batch_size=2, progress=interrupt)
    with pytest.raises(LicoatError):
        load()
    asked = server.count(faults.SUMMARY) + server.count(faults.THERMO)
    assert 0 < asked < 8
    fetch(server, batch_size=2)
    assert server.count(faults.SUMMARY) + server.count(faults.THERMO) <= 8 + 1
    assert len(load()) == len(docs.LI_SB_O)


def test_parts_of_another_target_are_used_and_bring_nothing_else(server, fetch, load, docs, faults):
    """What an interrupted fetch of ZnO got of Li-O serves Sb2O3; its zinc must not slip in without its own hull."""
    server.fail(faults.THERMO, faults.status(500), first=4)
    with pytest.raises(LicoatError, match="500"):
        fetch(server, ["ZnO"], batch_size=2)
    done = set().union(*requests_of(server, faults.THERMO)[:3])
    server.faults.clear()
    server.log.clear()
    fetch(server, ["Sb2O3"], batch_size=2)
    asked = set().union(*requests_of(server, faults.THERMO))
    assert done & {"Li", "O", "Li-O"}
    assert not asked & done
    assert len(load()) == len(docs.LI_SB_O)
    assert not [formula for formula in load().formulas if "Zn" in formula]


def test_damaged_part_is_asked_again(server, fetch, load, docs, faults, tmp_path):
    server.fail(faults.THERMO, faults.status(500), first=4)
    with pytest.raises(LicoatError, match="500"):
        fetch(server, batch_size=2)
    parts = [p for p in tmp_path.rglob("*") if p.is_file() and "home" not in p.parts]
    assert parts
    for part in parts:
        part.write_bytes(part.read_bytes()[:-7])
    server.faults.clear()
    fetch(server, batch_size=2)
    assert len(load()) == len(docs.LI_SB_O)


def test_parts_of_an_older_database_are_not_used(server, fetch, load, faults):
    server.fail(faults.THERMO, faults.status(500), first=3)
    with pytest.raises(LicoatError, match="500"):
        fetch(server, batch_size=2)
    server.faults.clear()
    server.log.clear()
    server.db_version = "2026.09.01"
    for documents in server.documents.values():
        for document in documents:
            document["builder_meta"]["database_version"] = "2026.09.01"
    fetch(server, batch_size=2)
    assert server.count(faults.SUMMARY) == server.count(faults.THERMO) == 4
    assert load().manifest.version == "2026.09.01"


def test_finished_snapshot_is_not_fetched_again(server, fetch, faults):
    first = fetch(server)
    server.log.clear()
    second = fetch(server)
    assert server.count(faults.SUMMARY) + server.count(faults.THERMO) == 0
    assert first.sha256 == second.sha256


def test_more_elements_add(server, fetch, load, docs):
    fetch(server, ["Sb2O3"])
    fetch(server, ["ZnO"])
    formulas = set(load().formulas)
    assert {"Sb2O3", "Li3Sb", "ZnO", "LiZn", "Li2O"} <= formulas
    assert len(load()) == len([m for m in docs.USABLE if m.atoms.keys() & {"Li", "O", "Sb", "Zn"}])


def test_a_failed_addition_leaves_the_first_snapshot(server, fetch, load, faults):
    fetch(server, ["Sb2O3"])
    before = load().to_frame()
    server.fail(faults.THERMO, faults.status(500))
    with pytest.raises(LicoatError, match="500"):
        fetch(server, ["ZnO"])
    assert load().to_frame().equals(before)


@pytest.mark.slow
def test_two_processes_at_once(server, process, load, docs, faults, tmp_path):
    meet = threading.Barrier(2, timeout=20)

    def together(path):
        if path == "/heartbeat" and len(server.log) < 2:
            with contextlib.suppress(threading.BrokenBarrierError):
                meet.wait()

    server.on_request = together
    running = [process(FETCH, server.url, tmp_path / "out", wait=False) for _ in range(2)]
    ends = [process.finish(one) for one in running]
    assert [code for code, _, _ in ends] == [0, 0]
    told = [line for _, _, err in ends for line in err.splitlines() if "UserWarning" in line]
    assert all("another fetch is at work" in line for line in told)
    assert len(told) <= 1
    for path in (faults.SUMMARY, faults.THERMO):
        assert server.count(path) == 4  # nothing is asked twice: the second finds the work of the first done
    assert len(load()) == len(docs.LI_SB_O)
    leftovers = [p.name for p in tmp_path.iterdir() if "partial" in p.name or "part" in p.suffix]
    assert not leftovers


def test_a_damaged_snapshot_is_not_fetched_over(server, fetch, faults, tmp_path):
    """It may hold what cannot be fetched again: the user deletes it, not we."""
    fetch(server)
    (path,) = (tmp_path / "out").glob("*.parquet")
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    path.write_bytes(damaged)
    before = {p: p.read_bytes() for p in (tmp_path / "out").iterdir()}
    server.log.clear()
    for targets in (["Sb2O3"], ["ZnO"]):
        with pytest.raises(
            SnapshotError, match=r"phases\.parquet is damaged.*SHA-256.*delete the folder .*out"
        ) as caught:
            fetch(server, targets)
        assert "\n" not in str(caught.value)
    assert {p: p.read_bytes() for p in (tmp_path / "out").iterdir()} == before
    assert server.count(faults.SUMMARY) + server.count(faults.THERMO) == 0


def test_reading_while_a_fetch_adds(server, fetch, load, tmp_path, monkeypatch):
    """The two files are replaced one after the other: a reader between them looks once more."""
    fetch(server, out=tmp_path / "grown", targets=["Sb2O3", "ZnO"])
    fetch(server)
    hashed = parquet.file_sha256
    monkeypatch.setattr(parquet, "file_sha256", lambda path: (exchange(), hashed(path))[1])

    def exchange():
        for name in files_of(tmp_path / "grown"):
            shutil.copyfile(tmp_path / "grown" / name, tmp_path / "out" / name)

    assert "ZnO" in load().formulas


def files_of(folder):
    return sorted(p.name for p in folder.rglob("*") if p.is_file())


def test_every_damaged_file_is_named(server, fetch, load, tmp_path):
    fetch(server)
    names = files_of(tmp_path / "out")
    assert names
    for name in names:
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)
        shutil.copytree(tmp_path / "out", tmp_path / "copy")
        (path,) = (tmp_path / "copy").rglob(name)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content)
        with pytest.raises(SnapshotError, match=name.replace(".", r"\.")):
            load(tmp_path / "copy")
        path.unlink()
        with pytest.raises(SnapshotError, match=name.replace(".", r"\.")):
            load(tmp_path / "copy")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"source": 1}'])
def test_damaged_manifest_is_named(server, fetch, load, tmp_path, content):
    fetch(server)
    (manifest,) = (tmp_path / "out").rglob("*manifest.json")
    manifest.write_text(content)
    with pytest.raises(SnapshotError, match="manifest"):
        load()


def test_manifest_keeps_no_path_of_this_machine(server, fetch, tmp_path):
    fetch(server)
    (manifest,) = (tmp_path / "out").rglob("*manifest.json")
    text = manifest.read_text()
    assert str(tmp_path) not in text
    document = json.loads(text)
    assert "sha256" in str(document)
    assert "licoat" in text


def test_default_folder_is_in_the_data_folder(server, fetch, tmp_path, docs):
    fetch(server, out=None)
    (manifest,) = (tmp_path / "data").rglob("*manifest.json")
    assert docs.DATABASE in str(manifest)
    phases = load_phases("mp")
    assert len(phases) == len(docs.LI_SB_O)
    assert (phases.source.split(":")[0], phases.manifest.version) == ("mp", docs.DATABASE)


def test_loading_nothing_says_how_to_fetch():
    with pytest.raises(LicoatError, match="licoat data fetch"):
        load_phases("mp")


def test_scheme_is_not_for_mp(server, fetch):
    fetch(server, out=None)
    with pytest.raises(LicoatError, match="scheme"):
        load_phases("mp", scheme="none")


def test_reading_needs_no_client_and_no_network(server, fetch, process):
    """After the service is gone; any connection at all would be an error."""
    fetch(server, out=None)
    server.stop()
    code = """
import socket, sys
def refuse(*_): raise AssertionError("a connection")
socket.socket.connect = socket.socket.connect_ex = socket.create_connection = refuse
from licoat.workflows.cli import main
status = main(["screen", "Sb2O3", "--source", "mp", "--json"])
heavy = {"mp_api", "emmet", "requests", "boto3", "deltalake"}
print(sorted({m.split(".")[0] for m in sys.modules} & heavy), file=sys.stderr)
raise SystemExit(status)
"""
    status, out, err = process(code)
    assert (status, err.strip()) == (0, "[]")
    assert json.loads(out)["oxides"][0]["phase_id"] == "mp-1999"


def test_importing_the_package_imports_no_client(process):
    code = """
import sys
import licoat.structures, licoat.thermo, licoat.workflows, licoat.structures.materials_project.snapshots
heavy = {"mp_api", "emmet", "pymatgen", "requests", "boto3", "deltalake"}
print(sorted({m.split(".")[0] for m in sys.modules} & heavy))
"""
    assert process(code) == (0, "[]\n", "")
