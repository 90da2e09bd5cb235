"""Columns of a table: texts, compositions, and what a snapshot stores so that loading reads no formula."""

import json
import re
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licoat.structures import InputFileError, MissingDataError, PhaseTable, SnapshotError, load_phases
from licoat.structures.chemistry import formula as formula_module
from licoat.structures.chemistry.formula import parse_formula
from licoat.structures.phases import compositions
from licoat.structures.phases.compositions import Counts, FormulaColumn
from licoat.structures.phases.health import verify
from licoat.structures.phases.parquet import manifest_path
from licoat.structures.phases.provenance import Manifest, file_sha256
from licoat.structures.phases.text import TextColumn, Words, in_order
from licoat.thermo.hull import titrate

QUICK = settings(max_examples=80, deadline=None, derandomize=True, database=None)
STORED = ("element_numbers", "element_counts")
texts = st.lists(st.text(st.characters(codec="utf-8"), max_size=5), max_size=12)
FORMULAS = ["Li", "O", "Sb4O6", "Ca(OH)2", "O3Sb2", "Li2O", "U3O8", "Li2O2", "CaH2O2"]


def packed(values):
    """A column as a file gives it: packed, with no Python text made yet."""
    words = Words.of(values)
    return TextColumn(Words(words.data, words.offsets))


class TestTextColumn:
    @QUICK
    @given(texts, st.booleans())
    def test_reads_like_a_tuple(self, values, from_file):
        column, plain = packed(values) if from_file else TextColumn.of(values), tuple(values)
        assert len(column) == len(plain)
        assert [column[i] for i in range(len(plain))] == list(plain) == list(column)
        assert [column[-i] for i in range(1, len(plain) + 1)] == list(reversed(plain))
        assert column == plain
        assert plain == column
        assert column == list(plain)
        assert column != (*plain, "x")
        assert hash(column) == hash(plain)
        assert column[1:] == plain[1:]
        assert column[::-1] == plain[::-1]
        assert np.array(column).tolist() == list(plain) or any("\0" in text for text in plain)
        for text in {*plain, "not there"}:
            assert (text in column) == (text in plain)
            assert column.count(text) == plain.count(text)
        for text in plain:
            assert column.index(text) == plain.index(text)
        assert column.twice() == next((t for i, t in enumerate(plain) if t in plain[:i]), None)

    @QUICK
    @given(texts)
    def test_words_are_found_before_and_after_the_dictionary(self, values):
        column = packed(values)
        for text in values * 20:
            assert column.index(text) == values.index(text)
        assert packed(values).index(values[-1], 0) == values.index(values[-1]) if values else True

    @QUICK
    @given(texts, st.data())
    def test_take(self, values, data):
        rows = data.draw(st.lists(st.integers(-len(values), len(values) - 1), max_size=9)) if values else []
        for column in (packed(values), TextColumn.of(values)):
            assert column.take(rows) == [values[row] for row in rows]

    def test_rows_beyond_the_end(self):
        for column in (TextColumn.of(["a", "b"]), packed(["a", "b"]), TextColumn.of(["a", "a"])):
            for row in (2, -3):
                with pytest.raises(IndexError):
                    column[row]

    def test_what_is_nowhere(self):
        with pytest.raises(ValueError, match="not in tuple"):
            TextColumn.of(["a"]).index("b")
        assert 5 not in TextColumn.of(["5"])
        assert None not in TextColumn.of([None])

    def test_unknown_is_empty(self):
        assert TextColumn.of(["a", None, float("nan"), 5]) == ["a", "", "", "5"]

    def test_control_characters_stay(self):
        strange = ["a\0b", "\x1b[31m", "\u202e", "line\nline", "\ud7ff", "é", ""]
        assert packed(strange) == strange

    def test_each_different_text_is_asked_once(self):
        asked = Counter()

        def length(text):
            asked[text] += 1
            return len(text)

        assert TextColumn.of(["a", "bb", "a"]).each(length).tolist() == [1.0, 2.0, 1.0]
        assert asked == {"a": 1, "bb": 1}

    def test_a_mask_chooses_between_two(self):
        one, two = TextColumn.of(["a", "b", "a"]), TextColumn.of(["x", "y", "z"])
        assert one.where(np.array([True, False, True]), two) == ["x", "b", "z"]

    def test_one_line_at_the_prompt(self):
        assert repr(TextColumn.of(["a"] * 900)) == "<TextColumn of 900 rows: 'a', 'a', 'a'>"

    def test_few_different_texts_take_a_byte_per_row(self):
        assert TextColumn.of(["a", "b"] * 500).codes.dtype == np.uint8

    @QUICK
    @given(st.lists(st.integers(0, 6), max_size=15))
    def test_order_of_first_appearance(self, codes):
        first, new = in_order(np.array(codes, dtype=np.uint8), 7)
        seen = list(dict.fromkeys(codes))
        assert new.tolist() == [seen.index(code) for code in codes]
        assert [codes[row] for row in first] == seen


class TestCounts:
    @pytest.fixture
    def both(self):
        counts = FormulaColumn.of(FORMULAS).counts
        dense = np.array([[parse_formula(f).get(s, 0) for s in counts.symbols] for f in FormulaColumn.of(FORMULAS)])
        return counts, dense

    @pytest.mark.parametrize(
        "key",
        [
            3,
            -1,
            slice(None),
            slice(1, 4),
            [2, 0],
            (slice(None), 2),
            (slice(None), -1),
            (slice(2, 5), 1),
            (slice(None), [0, 2]),
            (slice(None), np.array([True, False, True, False, False, True])),
            (4, 2),
            (4, slice(1, 3)),
            ([4, 1], 2),
            ([4, 1], [2, 0]),
            (np.array([[4], [1], [1]]), [2, 0]),
            np.array([True, False] * 4 + [True]),
        ],
        ids=str,
    )
    def test_index_like_an_array(self, both, key):
        counts, dense = both
        np.testing.assert_array_equal(counts[key], dense[key])

    def test_sums_and_products(self, both):
        counts, dense = both
        np.testing.assert_array_equal(counts.sum(axis=1), dense.sum(axis=1))
        np.testing.assert_array_equal(counts.sum(axis=0), dense.sum(axis=0))
        np.testing.assert_array_equal((counts > 0).sum(axis=1), counts.n_elements())
        np.testing.assert_allclose(counts @ np.arange(6.0), dense @ np.arange(6.0))
        np.testing.assert_array_equal(counts.holds(["Sb", "U"]), (dense[:, -2:] > 0).any(axis=1))
        np.testing.assert_array_equal(counts.take(np.array([6, 2])), dense[[6, 2]][:, [2, 4, 5]])
        assert counts.shape == dense.shape

    def test_of_nothing(self):
        empty = FormulaColumn.of([]).counts
        assert (len(empty), empty.total().tolist(), empty.masks().shape) == (0, [], (0, 2))
        assert (empty @ np.zeros(0)).tolist() == []

    def test_big_formulas_do_not_overflow(self):
        counts = FormulaColumn.of(["Li99999O100000"]).counts
        assert counts.total().tolist() == [199999]

    def test_partners(self, make):
        rows = [("li", "Li", -1.0), ("o", "O2", -1.0), ("sb", "Sb", -1.0), ("a", "Li2O", -2.0), ("b", "Sb2O3", -2.0)]
        table = make(*rows)
        assert table.partners("Li") == {"O"}
        assert table.partners("O") == {"Li", "Sb"}
        assert table.partners("Zn") == frozenset()


@pytest.fixture
def file(make, tmp_path):
    rows = [("li", "Li", -1.0), ("o", "O", -1.0), ("sb", "Sb", -1.0)]
    rows += [("a", "Li2O", -2.0), ("b", "Sb4O6", -2.0), ("c", "Sb2O3", -1.9)]
    path = tmp_path / "t.parquet"
    make(*rows, space_group=["\x1b[31m", "é", "", "a\0b", "P1", "P1"], volume_a3_per_atom=[1.0, None, 2, 3, 4, 5]).save(
        path
    )
    return path


def rewrite(path, change, **options):
    """Edit a file by hand, checksum and all."""
    table = change(pq.read_table(path))
    pq.write_table(table, path, **options)
    manifest = json.loads(manifest_path(path).read_text(encoding="utf-8")) | {"sha256": file_sha256(path)}
    manifest_path(path).write_text(json.dumps(manifest), encoding="utf-8")


def replaced(name, values):
    return lambda table: table.set_column(table.schema.get_field_index(name), name, pa.array(values))


def same(one, two):
    assert list(one) == list(two)
    for name in ("counts", "atoms", "energy_ev_per_fu", "ground_states", "observed", "product_rows"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


class TestSnapshot:
    def test_atoms_are_stored_and_come_back(self, file):
        stored = pq.read_table(file)
        assert stored.column("formula").to_pylist()[4] == "Sb2O3"
        assert stored.column("element_numbers").to_pylist()[4] == [8, 51]
        assert stored.column("element_counts").to_pylist()[4] == [3, 2]
        table = PhaseTable.load(file)
        np.testing.assert_array_equal(table.counts, Counts.of(table.text("formula")))
        assert table["li"].space_group == "\x1b[31m"
        assert table["a"].space_group == "a\0b"

    def test_an_older_file_without_them_is_the_same_table(self, file):
        new = PhaseTable.load(file)
        rewrite(file, lambda table: table.drop_columns(list(STORED)))
        same(PhaseTable.load(file), new)

    def test_formulas_of_an_older_file_are_read_once_each(self, file, monkeypatch):
        asked = Counter()
        original = compositions.formula_unit

        def counted(text):
            asked[text] += 1
            return original(text)

        rewrite(file, lambda table: table.drop_columns(list(STORED)))
        monkeypatch.setattr(compositions, "formula_unit", counted)
        PhaseTable.load(file)
        assert set(asked.values()) == {1}
        assert len(asked) == 5

    @pytest.mark.parametrize("source", ["file", "builtin"])
    def test_loading_and_columns_read_no_formula(self, file, monkeypatch, source):
        def refuse(text):
            raise AssertionError(f"{text} was read")

        table = PhaseTable.load(file) if source == "file" else load_phases("builtin", scheme="mp2020")
        table.save(file)
        for module in (compositions, formula_module):
            monkeypatch.setattr(module, "parse_formula", refuse)
        monkeypatch.setattr(compositions, "formula_unit", refuse)
        again = PhaseTable.load(file)
        _ = again.ground_states, again.observed, again.product_rows, again.atoms, again.energy_ev_per_fu, again.formulas
        assert again.rows_of("Sb2O3")
        again.rows_in_system(["Li", "Sb", "O"])
        again.subset([1, 0])
        PhaseTable(again.columns(), again.manifest)

    def test_nothing_is_made_of_the_texts_before_the_first_hull(self, file):
        load_phases("builtin", scheme="mp2020").save(file)
        table = PhaseTable.load(file)
        titrate(table, "Sb2O3")
        for name in ("phase_id", "formula"):
            assert table.text(name).words._list is None

    @pytest.mark.parametrize("rows", [1, 2, 4])
    def test_several_row_groups(self, file, rows):
        new = PhaseTable.load(file)
        rewrite(file, lambda table: table, row_group_size=rows)
        same(PhaseTable.load(file), new)

    def test_missing_values_of_other_writers(self, file):
        rewrite(file, replaced("space_group", ["P1", None, None, None, None, "P2"]))
        rewrite(file, replaced("state", pa.nulls(6)))
        rewrite(file, replaced("n_sites", [1, None, 2, None, 3, -1]))
        table = PhaseTable.load(file)
        assert table.text("space_group") == ("P1", "", "", "", "", "P2")
        assert table.text("state") == ("",) * 6
        assert table.integers("n_sites").tolist() == [1, -1, 2, -1, 3, -1]
        assert np.isnan(table.column("volume_a3_per_atom")).tolist() == [False, True] + [False] * 4

    def test_an_identifier_that_stands_twice(self, file):
        rewrite(file, replaced("phase_id", ["a", "b", "c", "d", "b", "e"]))
        with pytest.raises(SnapshotError, match="'b' stands twice"):
            PhaseTable.load(file)


class TestTampered:
    @pytest.mark.parametrize(
        ("name", "values", "says"),
        [
            ("element_counts", [[1], [2], [1], [1, 3], [3, 2], [3, 2]], "row 4 is Li2O, .*'Li': 1, 'O': 3"),
            ("element_numbers", [[3], [8], [51], [3, 8], [8, 33], [8, 51]], "Sb2O3.*'As': 2"),
            ("formula", ["Li", "O2", "Sb", "Li2O", "Sb2O3", "O3Sb2"], "'O3Sb2' is not written as one formula unit"),
            ("formula", ["Li", "O2", "Sb", "Li2O2", "Sb2O3", "Sb2O3"], "Li2O2.*'Li': 2, 'O': 1"),
        ],
    )
    def test_atoms_that_are_not_those_of_the_formula_are_found(self, file, name, values, says):
        rewrite(file, replaced(name, values))
        failed = [check.problem for check in verify(PhaseTable.load(file)) if check.problem]
        assert any(re.search(says, problem) for problem in failed)

    @pytest.mark.parametrize(
        ("name", "values", "says"),
        [
            ("element_counts", [[1], [2], [1], [2], [3, 2], [3, 2]], "no lists of whole numbers"),
            ("element_counts", [[1], [2], [1], [2, 0], [3, 2], [3, 2]], "not from 1"),
            ("element_counts", [[1], [2], [1], [2, -1], [3, 2], [3, 2]], "no lists"),
            ("element_counts", ["1"] * 6, "no lists"),
            ("element_counts", [None, [2], [1], [2, 1], [3, 2], [3, 2]], "no lists"),
            ("element_numbers", [[3], [8], [51], [3, 8], [8, 200], [8, 51]], "of no element"),
            ("element_numbers", [[3], [8], [51], [8, 3], [8, 51], [8, 51]], "order of atomic number"),
            ("element_numbers", [[3], [8], [51], [8, 8], [8, 51], [8, 51]], "order of atomic number"),
        ],
    )
    def test_impossible_ones_are_refused_with_what_to_do(self, file, name, values, says):
        rewrite(file, replaced(name, values))
        with pytest.raises(SnapshotError, match=says) as error:
            PhaseTable.load(file)
        assert "PhaseTable.save" in str(error.value)

    def test_a_phase_without_elements(self, file):
        for name in STORED:
            rewrite(file, replaced(name, pa.array([[], [2], [1], [2, 1], [3, 2], [3, 2]], pa.list_(pa.int32()))))
        with pytest.raises(SnapshotError, match="has no elements"):
            PhaseTable.load(file)

    @pytest.mark.parametrize(
        ("source", "says"),
        [
            ("mp:2026.1", "data fetch --source mp"),
            ("calc:emt", "data build --resume"),
            ("builtin", "licoat data build'"),
        ],
    )
    def test_the_command_is_that_of_the_source(self, file, source, says):
        rewrite(file, replaced("element_counts", ["1"] * 6))
        Manifest.read(manifest_path(file)).replace(source=source).write(manifest_path(file))
        with pytest.raises(SnapshotError, match=says):
            PhaseTable.load(file)


class TestTable:
    def test_other_formulas_in_its_columns_are_read_again(self, make):
        table = make(("a", "Li", -1.0), ("b", "Sb", -2.0))
        changed = PhaseTable(table.columns() | {"formula": ["Li", "Bi"]}, table.manifest)
        assert changed.symbols == ("Li", "Bi")

    def test_a_column_that_says_nothing_takes_no_memory(self, make):
        table = make(("a", "Li", -1.0), ("b", "Sb", -2.0), band_gap_ev=[None, float("nan")])
        assert table.column("band_gap_ev").strides == (0,)
        assert table.integers("n_sites").tolist() == [-1, -1]

    def test_impossible_value_in_a_constant_column(self, make):
        with pytest.raises(InputFileError, match="volume_a3_per_atom of 'a'"):
            make(("a", "Li", -1.0), volume_a3_per_atom=np.broadcast_to(-1.0, 1))

    def test_a_view_of_the_callers_array_is_copied(self, make):
        volumes = np.array([1.0, 2.0])
        view = volumes[:]
        view.flags.writeable = False
        table = make(("a", "Li", -1.0), ("b", "Sb", -2.0), volume_a3_per_atom=view)
        volumes[0] = 99.0
        assert table.column("volume_a3_per_atom")[0] == 1.0

    def test_rows_that_are_not_there(self, make):
        with pytest.raises(IndexError):
            make(("a", "Li", -1.0)).subset([3])

    def test_compositions_of_rows(self, make):
        table = make(("a", "Li", -1.0), ("b", "O2", -1.0), ("c", "Li", -2.0), ("d", "O", -3.0))
        assert table.composition_of.tolist() == [0, 1, 0, 1]
        with pytest.raises(MissingDataError):
            table.index_of("e")

    def test_phases_with_an_unknown_energy_are_last(self, make):
        nan = float("nan")
        table = make(("li", "Li", -1.0), ("a", "Li", nan), ("b", "Li", -2.0), ("c", "Li", -2.0), ("d", "Li", nan))
        assert table.rows_of("Li") == [2, 3, 0, 1, 4]
        assert table.ground_states.tolist() == [2]


def test_a_loaded_table_finds_every_phase_of_a_composition(tmp_path):
    """A formula is one word however its column stands in the file."""
    columns = {
        "phase_id": [f"p{i}" for i in range(6)],
        "formula": ["Li", "O2", "Li2O", "LiO", "Li2O", "Li2O"],
        "formation_energy_ev_per_atom": [0.0, 0.0, -2.0, -1.5, -1.9, -1.95],
    }
    table = PhaseTable(columns, Manifest(source="six", scheme="x"))
    table.save(tmp_path / "six.parquet")
    loaded = PhaseTable.load(tmp_path / "six.parquet")
    assert loaded.rows_of("Li2O") == table.rows_of("Li2O") == [2, 5, 4]
    assert loaded.formulas == table.formulas
    builtin = load_phases("builtin", scheme="mp2020")
    assert len(set(builtin.formulas)) == len(builtin.formulas) < len(builtin)
    assert len(builtin.rows_of("Bi2O3")) > 1
