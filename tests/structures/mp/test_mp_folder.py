"""The folder of a snapshot: whose it is, and what an end at any moment leaves in it."""

import contextlib
import errno
import gzip
import os
import re
import signal
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from licoat.structures import LicoatError, SnapshotError, publishing
from licoat.structures.errors import InputFileError, SourceError
from licoat.structures.materials_project import parts as mp_parts
from licoat.structures.materials_project.parts import locked
from licoat.structures.materials_project.session import Limits

FILES = ["phases.manifest.json", "phases.parquet"]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no flock")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def data_requests(server):
    return [r for r in server.log if r.path != "/heartbeat" and "," not in r.query.get("thermo_types", "")]


def test_only_the_snapshot_is_left(server, fetch, out, tmp_path):
    fetch(server)
    assert names(out) == FILES
    assert not (tmp_path / "data").exists()  # the folder is elsewhere, and so is everything that belongs to it


def test_another_fetch_is_told_once_and_waited_for_no_longer_than_stated(server, fetch, limits, ends, out):
    told = pytest.warns(UserWarning, match=rf"^{re.escape(str(out))}: another fetch is at work, waiting up to 0\.5 s")
    with locked(out, 0.0):
        with told as warned, ends(), pytest.raises(SourceError, match="another fetch holds") as caught:
            fetch(server, limits=limits(lock_s=0.5))
        assert names(out) == [".lock"]
    assert len(warned) == 1
    assert str(out) in str(caught.value)
    assert "--out" in str(caught.value)
    assert "\n" not in str(caught.value) + str(warned[0].message)
    assert not data_requests(server)


def test_the_wait_ends_with_the_other_fetch(server, fetch, out, monkeypatch, docs, load):
    with contextlib.ExitStack() as other:
        other.enter_context(locked(out, 0.0))
        monkeypatch.setattr(mp_parts.time, "sleep", lambda seconds: other.close() if seconds else None)
        with pytest.warns(UserWarning, match="another fetch is at work"):
            fetch(server)
    assert len(load()) == len(docs.LI_SB_O)
    assert names(out) == FILES


def test_the_stated_wait_is_bounded():
    assert 60.0 <= Limits().lock_s <= 3600.0


def test_other_folders_are_free(server, fetch, out, tmp_path):
    with locked(tmp_path / "elsewhere", 0.0):
        fetch(server)
    assert names(out) == FILES


def test_a_killed_fetch_blocks_nobody(server, fetch, process, out):
    code = "import sys, time\nfrom licoat.structures.materials_project.parts import locked\nfrom pathlib import Path\n"
    code += "with locked(Path(sys.argv[1]), 0.0):\n    print('mine', flush=True)\n    time.sleep(60)\n"
    running = process(code, out, wait=False)
    assert running.stdout.readline() == "mine\n"
    with pytest.raises(SourceError, match="another fetch holds"), locked(out, 0.0):
        pass
    running.send_signal(signal.SIGKILL)
    process.finish(running)
    assert names(out) == [".lock"]
    fetch(server)  # a note would be an error here
    assert names(out) == FILES


def test_the_lock_of_a_removed_file_is_none(out, monkeypatch):
    """Opened before its holder removes it, locked after another has made the next: two would work on one folder."""
    flock = publishing._flock
    with contextlib.ExitStack() as first, contextlib.ExitStack() as second:
        first.enter_context(locked(out, 0.0))

        def late(stream):
            monkeypatch.setattr(publishing, "_flock", flock)
            first.close()
            second.enter_context(locked(out, 0.0))
            return flock(stream)

        monkeypatch.setattr(publishing, "_flock", late)
        with pytest.raises(SourceError, match="another fetch holds"), locked(out, 0.0):
            pass
        assert names(out) == [".lock"]


def test_a_failed_fetch_leaves_no_empty_folder(server, fetch, faults, out):
    server.fail(faults.SUMMARY, faults.status(404))
    with pytest.raises(LicoatError, match="404"):
        fetch(server)
    assert not out.exists()


def test_a_file_is_no_folder(server, fetch, out):
    out.write_text("years of work")
    with pytest.raises(InputFileError, match="is a file"):
        fetch(server)
    assert out.read_text() == "years of work"


def test_a_snapshot_of_something_else_is_left_alone(server, fetch, out):
    from licoat.structures import load_phases

    load_phases("builtin", scheme="mp2020").subset(range(3)).save(out / "phases.parquet")
    before = [(out / name).read_bytes() for name in FILES]
    with pytest.raises(SnapshotError, match=r"builtin.*--out"):
        fetch(server)
    assert [(out / name).read_bytes() for name in FILES] == before


def refuse(*_, **__):
    raise PermissionError(errno.EACCES, "Permission denied", "/somewhere/.lock")


def test_a_folder_that_cannot_be_written(server, fetch, out, monkeypatch):
    monkeypatch.setattr(mp_parts, "try_lock", refuse)
    with pytest.raises(SourceError, match=r"cannot be written .Permission denied.") as caught:
        fetch(server)
    assert str(out) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_whole_snapshot_needs_no_writing(server, fetch, monkeypatch):
    first = fetch(server)
    monkeypatch.setattr(mp_parts, "try_lock", refuse)
    assert fetch(server).sha256 == first.sha256


def full_disk(path, content):
    path.write_text(content)
    raise OSError(errno.ENOSPC, "No space left on device")


def test_full_disk_at_a_part(server, fetch, load, out, monkeypatch):
    write = Path.write_bytes
    fills = []

    def write_bytes(path, content):
        fills.append(path)
        if len(fills) == 3:
            write(path, content[:20])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    with pytest.raises(SourceError, match="No space left") as caught:
        fetch(server, batch_size=2)
    assert str(out) in str(caught.value)
    assert len(names(out / ".parts")) == 2  # whole ones
    with pytest.raises(SnapshotError):
        load()
    kept = {gzip.decompress((out / ".parts" / name).read_bytes())[:1] for name in names(out / ".parts")}
    assert kept == {b"{"}
    server.log.clear()
    fetch(server, batch_size=2)
    assert len(data_requests(server)) == 8 - 2
    assert names(out) == FILES


@pytest.mark.parametrize("grown", [False, True])
def test_full_disk_at_the_snapshot(server, fetch, load, out, monkeypatch, grown):
    before = fetch(server, ["Sb2O3"]).sha256 if grown else None
    with monkeypatch.context() as patch:
        patch.setattr(pq, "write_table", lambda _table, path, **_: full_disk(path, "PAR1"))
        with pytest.raises(SourceError, match="No space left"):
            fetch(server, ["ZnO"])
    if grown:
        assert load().manifest.sha256 == before
    else:
        with pytest.raises(SnapshotError):
            load()
    server.log.clear()
    fetch(server, ["ZnO"])
    assert not data_requests(server)  # all parts were there
    assert "ZnO" in load().formulas
    assert names(out) == FILES


@pytest.mark.parametrize("move", [1, 2])
@pytest.mark.parametrize("grown", [False, True])
def test_an_end_between_the_files_is_made_good(server, fetch, load, out, monkeypatch, move, grown):
    """Table and manifest are two files: ended before or between their moves, the next fetch finds all it needs."""
    if grown:
        fetch(server, ["Sb2O3"])
    replace, moves = Path.replace, []

    def stop(path, target):
        if path.parent.name == "next" and Path(target).parent == out:
            moves.append(path)
            if len(moves) == move:
                raise KeyboardInterrupt
        return replace(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stop)
        with pytest.raises(KeyboardInterrupt):
            fetch(server, ["ZnO"])
    server.log.clear()
    manifest = fetch(server, ["ZnO"])
    assert not data_requests(server)
    assert load().manifest.sha256 == manifest.sha256
    assert {"ZnO", "LiZn", "Li2O"} | ({"Sb2O3"} if grown else set()) <= set(load().formulas)
    assert names(out) == FILES


def test_leftovers_of_killed_processes_go(server, fetch, out):
    (out / ".parts" / "next").mkdir(parents=True)
    (out / ".parts" / "next" / ".phases.parquet.part").write_text("half of it")
    (out / ".parts" / "summary-0.json.99999.tmp").write_text("half of it")
    fetch(server)
    assert names(out) == FILES


def test_a_missing_client_is_one_line_with_the_command(server, fetch, monkeypatch):
    monkeypatch.setitem(sys.modules, "mp_api", None)
    with pytest.raises(SourceError, match=r"mp-api.*pip install") as caught:
        fetch(server)
    assert "\n" not in str(caught.value)
    assert not server.log


def test_a_broken_client_is_one_line_too(server, fetch, monkeypatch):
    monkeypatch.setitem(sys.modules, "mp_api.client.core.client", None)
    with pytest.raises(SourceError, match=r"mp-api cannot be imported.*pip install") as caught:
        fetch(server)
    assert "\n" not in str(caught.value)


def test_an_error_inside_the_client_is_one_line(server, fetch, client, monkeypatch):
    from mp_api.client.routes.materials.summary import SummaryRester

    def search(*_, **__):
        raise KeyError("no such\nthing")

    monkeypatch.setattr(SummaryRester, "search", search)
    with pytest.raises(SourceError, match="mp-api failed on a summary question: KeyError") as caught:
        fetch(server)
    assert "\n" not in str(caught.value)
    assert client


def test_blocked_heartbeats_do_not_mix_databases(server, fetch, faults, load):
    """Without a heartbeat only the documents name their database: those of another one are not added."""
    fetch(server, ["Sb2O3"])
    server.fail(faults.HEARTBEAT, faults.page("Attention Required!", 403))
    for documents in server.documents.values():
        for document in documents:
            document["builder_meta"]["database_version"] = "2026.09.01"
    with pytest.raises(SnapshotError, match=r"2026\.04\.13.*2026\.09\.01.*--out"):
        fetch(server, ["ZnO"])
    assert load().manifest.version == "2026.04.13"


def test_umask_of_the_user_is_kept(server, fetch, out):
    old = os.umask(0o077)
    try:
        fetch(server)
    finally:
        os.umask(old)
    assert {(out / name).stat().st_mode & 0o077 for name in FILES} == {0}
