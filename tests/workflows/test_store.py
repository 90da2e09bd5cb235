"""The store: what a key depends on, and what is left of a write that is cut off."""

import json
import os
import stat
import threading
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from licoat.structures.crystals.calculators import CALCULATORS
from licoat.structures.crystals.crystal import Crystal
from licoat.structures.crystals.relaxation import RelaxationSettings
from licoat.structures.errors import InputFileError, SnapshotError
from licoat.workflows.calculations.store import FAILED, OK, Records, Store, content_key
from licoat.workflows.calculations.tasks import Task

EMT = CALCULATORS["emt"]
CELL = Crystal(((0.0, 1.8, 1.8), (1.8, 0.0, 1.8), (1.8, 1.8, 0.0)), ("Cu",), ((0.0, 0.0, 0.0),))
KEY = "ab" * 32


def record(**changes):
    return {"key": KEY, "status": OK, "reason": "", "result": {"x": 1.5}} | changes


def moved(by):
    return replace(CELL, frac_coords=((by, 0.0, 0.0),))


def key(crystal=CELL, spec=EMT, settings=None, name="Cu"):
    return Task.of(name, crystal, spec, settings or RelaxationSettings()).key


def test_key_is_kept():
    """Finished calculations are found by it: another key would mean doing all of them again."""
    expected = "e215dccb06567b3df94136162f3d51c03e19e1d5ffb3cab26ccb6681a8553d55"
    assert content_key("relax", CELL, {"name": "emt"}, asdict(RelaxationSettings())) == expected


@pytest.mark.parametrize(
    "other",
    [
        {"name": "another id"},
        {"crystal": moved(1e-9)},
        {"crystal": moved(-0.0)},
        {"crystal": moved(-1e-9)},
        {"crystal": replace(CELL, lattice=((0.0, 1.8 + 1e-9, 1.8), *CELL.lattice[1:]))},
    ],
)
def test_same_input_has_the_same_key(other):
    assert key(**other) == key()


@pytest.mark.parametrize(
    "other",
    [
        {"crystal": moved(1e-6)},
        {"crystal": replace(CELL, species=("Ag",))},
        {"crystal": replace(CELL, lattice=((0.0, 1.81, 1.8), *CELL.lattice[1:]))},
        {"settings": RelaxationSettings(fmax_ev_per_a=0.02)},
        {"settings": RelaxationSettings(keep_symmetry=True)},
        {"spec": CALCULATORS["lj"]},
        {"spec": replace(EMT, arguments={"asap_cutoff": True})},
    ],
)
def test_other_input_has_another_key(other):
    assert key(**other) != key()


def test_key_depends_on_weights(tmp_path):
    keys = []
    for text in ("one", "other"):
        path = tmp_path / text
        path.write_text(text)
        keys.append(key(spec=replace(EMT, weights=str(path))))
    assert keys[0] != keys[1]


def test_key_does_not_depend_on_device():
    spec = replace(EMT, device_argument="device")
    assert key(spec=replace(spec, device="cuda")) == key(spec=spec)


def test_what_is_put_is_got(tmp_path):
    store = Store(tmp_path / "store")
    assert store.get(KEY) is None
    assert len(store) == 0
    store.put(record())
    store.put(record(status=FAILED, reason="no", result={}))
    assert store.get(KEY) == record(status=FAILED, reason="no", result={})
    assert list(store) == [store.get(KEY)]
    assert [p.name for p in store.path(KEY).parent.iterdir()] == [f"{KEY}.json"]


@pytest.mark.skipif(os.name == "nt", reason="modes of files")
def test_record_has_the_mode_of_other_files(tmp_path):
    (tmp_path / "plain").write_text("")
    Store(tmp_path).put(record())
    assert stat.S_IMODE(Store(tmp_path).path(KEY).stat().st_mode) == stat.S_IMODE((tmp_path / "plain").stat().st_mode)


def test_cut_off_write_leaves_the_earlier_record(tmp_path, monkeypatch):
    store = Store(tmp_path)
    store.put(record())

    def interrupt(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        store.put(record(result={"x": 2.5}))
    assert store.get(KEY) == record()
    assert list(tmp_path.rglob("*.tmp")) == []


def test_half_written_file_is_no_record(tmp_path):
    store = Store(tmp_path)
    store.path(KEY).parent.mkdir(parents=True)
    store.path(KEY).with_name(f"{KEY}.0.tmp").write_text(json.dumps(record()))  # its writer was killed
    assert store.get(KEY) is None
    assert len(store) == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        json.dumps(record())[:-5],
        "[]",
        "\xff",
        "[" * 100_000,
        json.dumps(record(key="cd" * 32)),
        json.dumps(record(status="done")),
        json.dumps(record(result={})),
        json.dumps(record(result=None)),
        json.dumps(record(reason=None)),
        json.dumps(record(result={"x": float("nan")})),
    ],
)
def test_damaged_record_counts_as_none(tmp_path, text):
    store = Store(tmp_path)
    store.put(record())
    store.path(KEY).write_text(text, encoding="latin-1")
    assert store.get(KEY) is None
    assert len(store) == 0
    store.put(record())
    assert store.get(KEY) == record()


def test_what_is_no_json_is_not_written(tmp_path):
    store = Store(tmp_path)
    with pytest.raises(ValueError, match="JSON compliant"):
        store.put(record(result={"x": float("inf")}))
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "store").write_text("")
    with pytest.raises(InputFileError, match="is a file"):
        Store(tmp_path / "store")


def test_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "records").write_text("")
    with pytest.raises(OSError, match=str(tmp_path)) as caught:
        Store(tmp_path).put(record())
    assert caught.value.errno is not None


def test_many_writers_of_one_record(tmp_path):
    """Whoever reads meanwhile finds a whole record."""
    store, seen = Store(tmp_path), []
    store.put(record(result={"x": 0}))
    results = [{"x": i, "long": "y" * 20_000} for i in range(8)]

    def write(result):
        for _ in range(10):
            store.put(record(result=result))
            seen.append(store.get(KEY))

    threads = [threading.Thread(target=write, args=(result,)) for result in results]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 80
    assert all(found is not None and found["result"] in results for found in seen)
    assert [p.suffix for p in Path(tmp_path).rglob("*") if p.is_file()] == [".json"]


def test_records_are_read_when_they_are_asked_for(tmp_path):
    store = Store(tmp_path)
    records = Records(store, [KEY])
    store.put(record(result={"x": 1.0}))
    assert records[KEY]["result"] == {"x": 1.0}
    store.put(record(result={"x": 2.0}))
    assert [r["result"] for r in records.values()] == [{"x": 2.0}]
    assert "cd" * 32 not in records


def test_a_record_that_went_away_is_named(tmp_path):
    store = Store(tmp_path)
    store.put(record())
    store.path(KEY).unlink()
    with pytest.raises(SnapshotError, match=f"{KEY}.json: the record is gone"):
        Records(store, [KEY])[KEY]
