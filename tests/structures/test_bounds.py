"""Small files that declare much: refused by what they say of themselves, before they are unpacked."""

import json
import resource
import tracemalloc

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl.styles import Font

from licoat.structures import InputFileError, PhaseTable, SnapshotError, load_phases
from licoat.structures.phases.parquet import manifest_path
from licoat.structures.phases.provenance import Manifest, file_sha256

ENERGY = "formation_energy_ev_per_atom"


def constant(text, n):
    """A column of one text, which stands once in the file."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, dtype=np.int32)), pa.array([text]))


def lists(n, each):
    offsets = pa.array(np.arange(n + 1) * each, pa.int32())
    return pa.ListArray.from_arrays(offsets, pa.array(np.zeros(n * each, dtype=np.int8)))


def nested(kind, depth):
    one, value = pa.int64(), 1
    for _ in range(depth):
        one, value = (pa.list_(one), [value]) if kind == "list" else (pa.struct([("a", one)]), {"a": value})
    return pa.array([value], one)


BOMBS = {
    "a long text in every row": (lambda: {"formula": constant("Sb2O3" + " " * 10**6, 2 * 10**5)}, {}, "64 MB when unp"),
    "and in a part of a column": (
        lambda: {
            "formula": constant("Sb2O3", 10**5),
            "x": pa.StructArray.from_arrays([constant("y" * 10**6, 10**5)], names=["z"]),
        },
        {},
        "64 MB when unpacked",
    ),
    "every text the one before": (
        lambda: {"formula": ["Sb2O3" + " " * 10**5] * 3000},
        {"use_dictionary": False, "column_encoding": {"formula": "DELTA_BYTE_ARRAY"}},
        "'formula' in the encoding DELTA_BYTE_ARRAY; write it anew",
    ),
    "long lists": (lambda: {"formula": ["Sb2O3"] * 1100, "x": lists(1100, 20000)}, {}, "1100 rows of 22002200 values"),
    "many rows": (lambda: {"formula": constant("Sb2O3", 600_000)}, {}, "600000 rows of 1200000 values"),
    "many columns": (lambda: {"formula": ["Sb2O3"]} | {f"c{i}": [0.0] for i in range(3000)}, {}, "3002 columns"),
    "deep lists": (lambda: {"formula": ["Sb2O3"], "x": nested("list", 400)}, {}, "nested"),
    "deep parts": (lambda: {"formula": ["Sb2O3"], "x": nested("struct", 400)}, {}, "nested"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_parquet_of_strangers(tmp_path, name):
    columns, options, reason = BOMBS[name]
    made = columns()
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table(made | {ENERGY: np.full(len(made["formula"]), -1.0)}), path, compression="zstd", **options)
    del made
    assert path.stat().st_size < 2**20
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputFileError, match=reason) as caught:
        load_phases(path)
    assert "\n" not in str(caught.value)
    assert "manifest" not in str(caught.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000  # kB


def test_a_table_that_pandas_wrote_is_read_as_before(tmp_path):
    """Texts with a dictionary, of which one cell is empty, and a column of dictionaries."""
    table = {
        "formula": ["Li2O", "Sb2O3", "Sb2O3"],
        "energy_source": ["a", None, "a"],
        ENERGY: [-2.0, -1.5, -1.4],
        "symmetry": [{"symbol": "Fm-3m", "number": 225}] * 3,
    }
    pq.write_table(pa.table(table), tmp_path / "t.parquet")
    found = load_phases(tmp_path / "t.parquet")
    assert found["Li2O-1"].formation_energy_ev_per_atom == -2.0
    assert found["Li2O-1"].energy_source == "a"
    assert found["Sb2O3-1"].energy_source == ""


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_what_pandas_writes_of_a_table_is_read(tmp_path, ending):
    table = load_phases("builtin")
    few = table.subset([i for i, formula in enumerate(table.text("formula")) if set(formula) <= set("LiSbO0123456789")])
    frame, path = few.to_frame(), tmp_path / f"t.{ending}"
    getattr(frame, {"csv": "to_csv", "parquet": "to_parquet", "xlsx": "to_excel"}[ending])(path, index=False)
    found = load_phases(path)
    assert set(found.text("phase_id")) == set(few.text("phase_id"))
    for name in (ENERGY, "volume_a3_per_atom", "band_gap_ev", "shear_modulus_gpa", "energy_sigma_ev_per_atom"):
        own = [getattr(found[phase.phase_id], name) for phase in few]
        assert own == pytest.approx([getattr(phase, name) for phase in few], abs=1e-12)


def snapshot(path, columns, **options):
    n = len(columns["phase_id"])
    pq.write_table(pa.table(columns), path, compression="zstd", **options)
    manifest = Manifest(source="made", scheme="test/none", sha256=file_sha256(path), n_phases=n)
    manifest_path(path).write_text(manifest.to_json())
    return path


def test_a_snapshot_of_one_long_text_takes_little(tmp_path):
    n = 20_000
    columns = {
        "phase_id": [f"p{i}" for i in range(n)],
        "formula": constant("Sb2O3", n),
        ENERGY: np.full(n, -1.0),
        "structure": constant("x" * 10**6, n),
    }
    path = snapshot(tmp_path / "s.parquet", columns)
    tracemalloc.start()
    found = PhaseTable.load(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(found) == n
    assert found["p7"].structure == "x" * 10**6
    assert peak < 100 * 2**20  # of 20 GB


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"element_numbers": lists(10, 10**6), "element_counts": lists(10, 10**6)}, "10 rows of 200000"),
        ({f"c{i}": np.zeros(10) for i in range(3000)}, "3003 columns"),
    ],
)
def test_snapshots_that_declare_much(tmp_path, columns, reason):
    rows = {"phase_id": [f"p{i}" for i in range(10)], "formula": ["Sb2O3"] * 10, ENERGY: np.full(10, -1.0)}
    path = snapshot(tmp_path / "s.parquet", rows | columns)
    with pytest.raises(SnapshotError, match=reason):
        PhaseTable.load(path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda text: text.replace('"details": {}', '"details": ' + '{"a":' * 300 + "1" + "}" * 300),
            "nested more than",
        ),
        (lambda text: text.replace('"details": {}', '"details": ' + "[" * 90000 + "]" * 90000), "nested too deeply"),
        (lambda text: text.replace('"n_phases": 1', '"n_phases": ' + "9" * 5000), "has 5000 digits"),
        (lambda text: text.replace('"n_phases": 1', '"n_phases": 1e999'), "n_phases is inf"),
        (lambda text: text.replace('"source": "made"', f'"source": {json.dumps(["x" * 10**6])}'), "source is"),
        (lambda text: text.replace('"source": "made"', '"source": {}'), "source is {}"),
        (lambda text: text[:-9], "not a readable manifest"),
        (lambda _: "", "the file is empty"),
        (lambda _: "[1]", "is not a licoat manifest"),
        (lambda _: "\0" * 100, "not a readable manifest"),
    ],
)
def test_manifests_that_are_none(tmp_path, change, reason):
    columns = {"phase_id": ["p"], "formula": ["Sb2O3"], ENERGY: [-1.0]}
    path = snapshot(tmp_path / "s.parquet", columns)
    beside = manifest_path(path)
    text = change(beside.read_text())
    beside.write_text(text)
    with pytest.raises(SnapshotError, match=reason) as caught:
        load_phases(path)
    assert str(beside) in str(caught.value)
    assert len(str(caught.value)) - len(str(beside)) <= 300
    assert "\n" not in str(caught.value)


def workbook(path, *cells):
    book = openpyxl.Workbook()
    for row in (("formula", ENERGY), ("Li2O", -2.0), ("Sb2O3", -1.5)):
        book.active.append(row)
    for row, column, value in cells:
        book.active.cell(row, column, value)
    return book, path


def test_a_workbook_that_was_formatted_far_below_its_numbers(tmp_path):
    book, path = workbook(tmp_path / "t.xlsx", (200_000, 2, None))
    book.active.cell(100_000, 300).font = Font(bold=True)
    book.save(path)
    assert set(load_phases(path).formulas) == {"Li", "Sb", "O2", "Li2O", "Sb2O3"}


@pytest.mark.parametrize("place", [(1_048_576, 16_384), (1, 16_384)])
def test_a_workbook_with_a_cell_at_its_end(tmp_path, place):
    book, path = workbook(tmp_path / "t.xlsx", (*place, "x"))
    book.save(path)
    with pytest.raises(InputFileError, match=r"16384 columns; give|another number of cells than columns"):
        load_phases(path)


def test_a_text_of_too_many_columns_or_rows(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(f"formula,{ENERGY}{',' * 5000}\nLi2O,-2{',' * 5000}\n")
    with pytest.raises(InputFileError, match="5002 columns; give a table of at most 2000"):
        load_phases(path)
    path.write_text(f"formula,{ENERGY}\n" + "Li2O,-2\n" * 500_001)
    with pytest.raises(InputFileError, match="more than 500000 lines; give a smaller file"):
        load_phases(path)


def test_a_composition_of_a_snapshot_stands_once(builtin, tmp_path):
    assert len(set(builtin.formulas)) == len(builtin.formulas) < len(builtin)
    builtin.save(tmp_path / "b.parquet")
    assert PhaseTable.load(tmp_path / "b.parquet").formulas == builtin.formulas


@pytest.mark.filterwarnings("ignore:.*names no unit")
def test_a_long_heading_is_cut_in_a_message(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(f"formula,formation_energy_[{'{' * 3000}eV/atom]\nLi2O,x\n")
    with pytest.raises(InputFileError) as caught:
        load_phases(path)
    assert len(str(caught.value)) - len(str(path)) < 300
