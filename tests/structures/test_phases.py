"""`PhaseTable`: formation energies, invariants, look-ups, snapshots on disk."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.analysis.phase_diagram import PhaseDiagram
from pymatgen.core import Composition
from pymatgen.entries.computed_entries import ComputedEntry

from licoat.structures import (
    FormulaError,
    IncompatibleEnergiesError,
    InputFileError,
    LicoatError,
    MissingDataError,
    PhaseTable,
    SnapshotError,
    load_phases,
)
from licoat.structures.chemistry.elements import SYMBOLS
from licoat.structures.phases.parquet import manifest_path, write_parquet
from licoat.structures.phases.phase import FLOAT_COLUMNS, INTEGER_COLUMNS, TEXT_COLUMNS
from licoat.structures.phases.provenance import SCHEMA_VERSION, Manifest, file_sha256

EXACT = 1e-9  # eV/atom; double precision through one matrix product leaves 1e-14
QUICK = settings(max_examples=60, deadline=None, derandomize=True, database=None)
ROWS = [
    ("li", "Li", -1.9),
    ("o", "O2", -4.948),
    ("li2o", "Li2O", -4.97),
    ("li2o2", "Li2O2", -5.0),
    ("li-2", "Li", -1.8),
]
TEST = Manifest(source="test", scheme="test")

chemistry = ("Li", "Fe", "O")
energies = st.floats(-9.0, 9.0, allow_nan=False)
compounds = st.lists(st.tuples(st.tuples(*[st.integers(0, 4)] * 3).filter(any), energies), max_size=12)
references = st.lists(energies, min_size=3, max_size=3)


def _write(counts):
    return "".join(f"{s}{n}" for s, n in zip(chemistry, counts, strict=True) if n)


def _drawn(compounds, references):
    rows = [(_write(counts), energy) for counts, energy in compounds]
    rows += list(zip(chemistry, references, strict=True))
    return [(f"p{i}", formula, energy) for i, (formula, energy) in enumerate(rows)]


def _build(rows, **columns):
    ids, formulas, values = zip(*rows, strict=True)
    return PhaseTable({"phase_id": ids, "formula": formulas, "energy_ev_per_atom": values, **columns}, TEST)


class TestFormationEnergies:
    @QUICK
    @given(compounds, references)
    def test_agree_with_pymatgen(self, compounds, references):
        rows = _drawn(compounds, references)
        table = _build(rows)
        entries = [ComputedEntry(f, e * Composition(f).num_atoms, entry_id=i) for i, f, e in rows]
        diagram = PhaseDiagram(entries)
        for entry in entries:
            expected = diagram.get_form_energy_per_atom(entry)
            assert table[entry.entry_id].formation_energy_ev_per_atom == pytest.approx(expected, abs=EXACT)

    @QUICK
    @given(compounds, references, st.randoms(use_true_random=False))
    def test_do_not_depend_on_the_order_of_rows(self, compounds, references, random):
        rows = _drawn(compounds, references)
        shuffled = list(rows)
        random.shuffle(shuffled)
        one, two = _build(rows), _build(shuffled)
        assert one.symbols == two.symbols
        assert {p.phase_id: p.formation_energy_ev_per_atom for p in one} == pytest.approx(
            {p.phase_id: p.formation_energy_ev_per_atom for p in two}, abs=EXACT
        )
        lowest = [
            {t.text("formula")[i]: t.column("formation_energy_ev_per_atom")[i] for i in t.ground_states}
            for t in (one, two)
        ]
        assert lowest[0] == pytest.approx(lowest[1], abs=EXACT)

    @QUICK
    @given(compounds, references, st.lists(st.floats(-5, 5), min_size=3, max_size=3))
    def test_do_not_depend_on_the_zero_of_an_element(self, compounds, references, shifts):
        rows = _drawn(compounds, references)
        by_symbol = dict(zip(chemistry, shifts, strict=True))
        moved = []
        for phase_id, formula, energy in rows:
            amounts = Composition(formula).fractional_composition.get_el_amt_dict()
            moved.append((phase_id, formula, energy + sum(by_symbol[s] * x for s, x in amounts.items())))
        before, after = (_build(r).column("formation_energy_ev_per_atom") for r in (rows, moved))
        np.testing.assert_allclose(before, after, atol=EXACT)

    def test_lowest_phase_of_each_element_is_zero(self, make):
        table = make(*ROWS)
        assert table["li"].formation_energy_ev_per_atom == 0.0
        assert table["o"].formation_energy_ev_per_atom == 0.0
        assert table["li-2"].formation_energy_ev_per_atom == pytest.approx(0.1, abs=EXACT)

    def test_of_li2o_by_hand(self, make):
        # per formula unit: 3 x -4.97 - 2 x -1.9 - (-4.948)
        assert make(*ROWS).energy_ev_per_fu[2] == pytest.approx(-14.91 + 3.8 + 4.948, abs=EXACT)

    def test_given_ones_are_kept(self):
        table = PhaseTable({"phase_id": ["a"], "formula": ["Sb2O3"], "formation_energy_ev_per_atom": [-1.5]}, TEST)
        assert table["a"].formation_energy_ev_per_atom == -1.5

    def test_unknown_energy_stays_unknown(self, make):
        table = make(*ROWS, ("x", "LiO2", float("nan")))
        assert table["x"].formation_energy_ev_per_atom is None
        assert table.index_of("x") not in table.ground_states
        assert table.rows_of("LiO2") == [table.index_of("x")]

    @pytest.mark.parametrize(
        ("rows", "says"),
        [
            ([("a", "Li2O", -5.0), ("b", "Li", -2.0)], "no phase of the element O;"),
            ([("a", "Sb2O3", -5.0)], "no phase of the elements O, Sb;"),
            ([("a", "Li2O", -5.0), ("b", "Li", -2.0), ("c", "O2", float("nan"))], "no phase of the element O;"),
        ],
    )
    def test_missing_element_is_named(self, make, rows, says):
        with pytest.raises(MissingDataError, match=says):
            make(*rows)


class TestInput:
    @pytest.mark.parametrize("volume", [0.0, -3.2, np.inf, -np.inf])
    def test_impossible_volume_is_refused_by_name(self, make, volume):
        with pytest.raises(InputFileError, match="volume_a3_per_atom of 'li2o'"):
            make(*ROWS, volume_a3_per_atom=[20.0, 10.0, volume, None, None])

    @pytest.mark.parametrize("name", FLOAT_COLUMNS)
    @pytest.mark.parametrize("value", [np.inf, -np.inf])
    def test_infinite_numbers_are_refused(self, make, name, value):
        rows = [("a", "Li", -1.0)]
        with pytest.raises(InputFileError, match=f"{name} of 'a'"):
            make(*rows, **{name: [value]})

    def test_negative_sigma_is_refused(self, make):
        with pytest.raises(InputFileError, match="energy_sigma_ev_per_atom of 'li'"):
            make(*ROWS, energy_sigma_ev_per_atom=[-0.1, 0.0, 0.0, 0.0, 0.0])

    def test_identifier_that_stands_twice(self, make):
        with pytest.raises(InputFileError, match="'li' stands twice"):
            make(*ROWS, ("li", "Li", -1.7))

    def test_columns_of_unequal_length(self):
        with pytest.raises(InputFileError, match="columns formula do not have 2 rows"):
            PhaseTable({"phase_id": ["a", "b"], "formula": ["Li"]}, TEST)

    def test_bad_formula(self, make):
        with pytest.raises(FormulaError, match="unknown element 'Zz'"):
            make(("a", "Zz2O", 0.0))

    @pytest.mark.parametrize("missing", [None, float("nan")], ids=["None", "NaN"])
    def test_missing_text_is_empty_text(self, make, missing):
        names = [name for name in TEXT_COLUMNS if name not in {"phase_id", "formula"}]
        table = make(("a", "Li", -1.0), **{name: [missing] for name in names})
        assert {name: table.text(name)[0] for name in names} == dict.fromkeys(names, "")

    @pytest.mark.parametrize("missing", [None, float("nan")], ids=["None", "NaN"])
    def test_missing_whole_number_is_unknown(self, make, missing):
        phase = make(("a", "Li", -1.0), **{name: [missing] for name in INTEGER_COLUMNS})["a"]
        assert [getattr(phase, name) for name in INTEGER_COLUMNS] == [None] * len(INTEGER_COLUMNS)

    def test_formulas_come_as_formula_units(self, make):
        table = make(("a", "Li", -1.0), ("b", "O", -2.0), ("c", "O4Li4", -3.0))
        assert table.formulas == ("Li", "O2", "Li2O2")
        assert table.atoms.tolist() == [1, 2, 4]


class TestLookUp:
    def test_missing_is_none_and_never_zero(self, make):
        phase = make(*ROWS)["li2o"]
        assert phase.volume_a3_per_atom is None
        assert phase.n_sites is None
        assert phase.band_gap_ev is None
        assert phase.is_metal is None
        assert phase.theoretical is None
        assert phase.structure is None

    def test_zero_is_zero(self, make):
        phase = make(("a", "Li", -1.0), band_gap_ev=[0.0], theoretical=[0])["a"]
        assert phase.band_gap_ev == 0.0
        assert phase.is_metal is True
        assert phase.theoretical is False

    def test_no_such_phase(self, make):
        table = make(*ROWS)
        assert "nothing" not in table
        with pytest.raises(MissingDataError, match="no phase 'nothing' in test"):
            table["nothing"]

    def test_rows_of_are_in_order_of_energy(self, builtin):
        energy = builtin.column("formation_energy_ev_per_atom")
        for formula in builtin.formulas:
            values = energy[builtin.rows_of(formula)]
            assert (np.diff(values) >= 0).all()

    def test_rows_of_reads_any_spelling(self, make):
        table = make(*ROWS)
        assert table.rows_of("O1Li2") == table.rows_of("Li₄O₂") == [2]
        assert table.rows_of("Na2O") == []

    def test_ground_states_are_the_minima(self, builtin):
        lowest = {}
        for phase in builtin:
            lowest[phase.formula] = min(lowest.get(phase.formula, np.inf), phase.formation_energy_ev_per_atom)
        per_atom = builtin.energy_ev_per_fu / builtin.atoms
        found = {builtin.text("formula")[i]: per_atom[i] for i in builtin.ground_states}
        assert found == pytest.approx(lowest, abs=EXACT)

    @pytest.mark.parametrize("elements", [("Li",), ("Li", "O"), ("Li", "Sb", "O"), ("U",), (), ("O", "Zz")])
    def test_rows_in_system_are_those_whose_elements_are_a_subset(self, builtin, elements):
        expected = [
            i
            for i in builtin.ground_states
            if {str(e) for e in Composition(builtin.text("formula")[i]).elements} <= set(elements)
        ]
        assert builtin.with_products("all").rows_in_system(elements).tolist() == expected
        exist = [i for i in expected if builtin.observed[i] != 0]
        assert builtin.rows_in_system(elements).tolist() == exist

    @QUICK
    @given(st.sets(st.sampled_from(SYMBOLS), max_size=60))
    def test_rows_in_system_of_a_table_with_all_elements(self, allowed):
        pairs = [f"{a}{b}" for a, b in pairwise(SYMBOLS)]
        formulas = [*SYMBOLS, *pairs]
        table = PhaseTable(
            {"phase_id": formulas, "formula": formulas, "formation_energy_ev_per_atom": [0.0] * len(formulas)}, TEST
        )
        found = {table.text("phase_id")[i] for i in table.rows_in_system(allowed)}
        expected = set(allowed) | {f"{a}{b}" for a, b in pairwise(SYMBOLS) if {a, b} <= allowed}
        assert found == expected

    def test_counts_are_those_of_pymatgen(self, builtin):
        for i in range(0, len(builtin), 7):
            theirs = Composition(builtin.text("formula")[i]).get_el_amt_dict()
            ours = {s: int(n) for s, n in zip(builtin.symbols, builtin.counts[i], strict=True) if n}
            assert ours == theirs

    @pytest.mark.parametrize("name", ["counts", "atoms", "energy_ev_per_fu", "ground_states"])
    def test_arrays_are_read_only(self, make, name):
        with pytest.raises(ValueError, match="read-only"):
            getattr(make(*ROWS), name)[0] = 7

    @pytest.mark.parametrize("name", FLOAT_COLUMNS)
    def test_float_columns_are_read_only(self, make, name):
        with pytest.raises(ValueError, match="read-only"):
            make(*ROWS).column(name)[0] = 7.0

    @pytest.mark.parametrize("name", INTEGER_COLUMNS)
    def test_integer_columns_are_read_only(self, make, name):
        with pytest.raises(ValueError, match="read-only"):
            make(*ROWS).integers(name)[0] = 7

    def test_the_callers_array_stays_writable_and_apart(self, make):
        volumes = np.full(len(ROWS), 10.0)
        table = make(*ROWS, volume_a3_per_atom=volumes)
        volumes[0] = 99.0
        assert table.column("volume_a3_per_atom")[0] == 10.0

    def test_frame_has_every_phase_and_unknown_as_missing(self, builtin):
        frame = builtin.to_frame()
        assert list(frame.columns[:2]) == ["phase_id", "formula"]
        assert frame["phase_id"].tolist() == [p.phase_id for p in builtin]
        assert frame["band_gap_ev"].isna().sum() == sum(p.band_gap_ev is None for p in builtin)


class TestPieces:
    def test_subset_keeps_formation_energies_without_the_elements(self, builtin):
        rows = builtin.rows_of("Sb2O3")
        part = builtin.subset(rows)
        assert [p.phase_id for p in part] == [builtin.phase(i).phase_id for i in rows]
        assert list(part) == [builtin.phase(i) for i in rows]

    def test_subset_of_nothing_is_empty(self, builtin):
        empty = builtin.subset([])
        assert len(empty) == 0
        assert empty.rows_in_system(["Li"]).tolist() == []


def _same(one, two):
    assert list(one) == list(two)
    for name in FLOAT_COLUMNS:
        np.testing.assert_array_equal(one.column(name), two.column(name))


class TestSnapshots:
    def test_builtin_survives_saving_and_loading(self, builtin, tmp_path):
        written = builtin.save(tmp_path / "deep" / "er" / "snap.parquet")
        again = load_phases(tmp_path / "deep" / "er" / "snap.parquet")
        _same(builtin, again)
        assert again.scheme == builtin.scheme
        assert again.manifest == written
        assert written.n_phases == len(builtin)

    def test_measured_survives_saving_and_loading(self, measured, tmp_path):
        measured.save(tmp_path / "m.parquet")
        _same(measured, PhaseTable.load(tmp_path / "m.parquet"))

    @QUICK
    @given(
        compounds,
        references,
        st.text(st.characters(codec="utf-8"), max_size=8),
        st.one_of(st.none(), st.floats(1e-6, 1e6)),
        st.one_of(st.none(), st.floats(-1e300, 1e300)),
    )
    def test_any_table_survives(self, tmp_path_factory, compounds, references, label, volume, gap):
        rows = _drawn(compounds, references)
        n = len(rows)
        table = _build(
            rows, band_gap_source=[label] * n, volume_a3_per_atom=[volume] * n, band_gap_ev=[gap, *[None] * (n - 1)]
        )
        path = tmp_path_factory.mktemp("snap") / "t.parquet"
        table.save(path)
        _same(table, PhaseTable.load(path))

    def test_a_folder_with_one_snapshot_is_that_snapshot(self, make, tmp_path):
        table = make(*ROWS)
        table.save(tmp_path / "t.parquet")
        _same(table, load_phases(tmp_path))

    @pytest.mark.parametrize("count", [0, 2])
    def test_a_folder_with_another_number_of_snapshots(self, make, tmp_path, count):
        for i in range(count):
            make(*ROWS).save(tmp_path / f"{i}.parquet")
        with pytest.raises(InputFileError, match=f"holds {count} .parquet files"):
            load_phases(tmp_path)

    def test_saving_again_replaces_both_files(self, make, tmp_path):
        path = tmp_path / "t.parquet"
        make(*ROWS).save(path)
        make(*ROWS[:2]).save(path)
        assert len(PhaseTable.load(path)) == 2
        assert sorted(p.name for p in tmp_path.iterdir()) == ["t.manifest.json", "t.parquet"]

    @pytest.mark.parametrize("where", [0, 0.3, 0.5, 0.9, 1])
    def test_one_altered_bit_is_noticed(self, make, tmp_path, where):
        path = tmp_path / "t.parquet"
        make(*ROWS).save(path)
        content = bytearray(path.read_bytes())
        content[round(where * (len(content) - 1))] ^= 1
        path.write_bytes(content)
        with pytest.raises(SnapshotError, match="damaged or was altered"):
            load_phases(path)

    def test_truncated_file_is_noticed(self, make, tmp_path):
        path = tmp_path / "t.parquet"
        make(*ROWS).save(path)
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(SnapshotError, match="damaged or was altered"):
            load_phases(path)

    def test_missing_manifest(self, make, tmp_path):
        path = tmp_path / "t.parquet"
        make(*ROWS).save(path)
        manifest_path(path).unlink()
        with pytest.raises(SnapshotError, match=r"t\.manifest\.json is missing"):
            load_phases(path)

    def test_missing_parquet(self, make, tmp_path):
        path = tmp_path / "t.parquet"
        make(*ROWS).save(path)
        path.unlink()
        with pytest.raises(SnapshotError, match=r"t\.parquet is missing"):
            PhaseTable.load(path)

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"sha256": "0" * 64}, "damaged or was altered"),
            ({"sha256": ""}, "damaged or was altered"),
            ({"sha256": 5}, "manifest"),
            ({"schema": SCHEMA_VERSION + 1}, "newer licoat"),
            ({"schema": "1"}, "manifest"),
            ({"schema": None}, "manifest"),
            ({"n_phases": 77}, "77"),
            ({"colour": "red"}, "not a licoat manifest"),
            ({"scheme": None}, "manifest"),
        ],
        ids=str,
    )
    def test_edited_manifest(self, make, tmp_path, change, says):
        path = tmp_path / "t.parquet"
        make(*ROWS).save(path)
        edited = json.loads(manifest_path(path).read_text(encoding="utf-8")) | change
        manifest_path(path).write_text(json.dumps(edited), encoding="utf-8")
        with pytest.raises(SnapshotError, match=says):
            PhaseTable.load(path)

    @pytest.mark.parametrize("field", ["source", "scheme", "sha256"])
    def test_manifest_without_a_field(self, make, tmp_path, field):
        path = tmp_path / "t.parquet"
        make(*ROWS).save(path)
        edited = json.loads(manifest_path(path).read_text(encoding="utf-8"))
        del edited[field]
        manifest_path(path).write_text(json.dumps(edited), encoding="utf-8")
        with pytest.raises(SnapshotError, match="not a licoat manifest"):
            PhaseTable.load(path)

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"", "not a readable manifest"),
            (b"{", "not a readable manifest"),
            (b"\xff\xfe", "not a readable manifest"),
            (b"[]", "not a licoat manifest"),
            (b"null", "not a licoat manifest"),
        ],
    )
    def test_manifest_that_is_none(self, make, tmp_path, content, says):
        path = tmp_path / "t.parquet"
        make(*ROWS).save(path)
        manifest_path(path).write_bytes(content)
        with pytest.raises(SnapshotError, match=says):
            PhaseTable.load(path)

    @pytest.mark.parametrize(
        "columns",
        [{"x": [1]}, {"phase_id": ["a"]}, {"phase_id": ["a"], "formula": ["Zz"]}, {"formula": ["Li"]}],
        ids="+".join,
    )
    def test_parquet_of_something_else(self, tmp_path, columns):
        write_parquet(columns, tmp_path / "t.parquet", TEST)
        with pytest.raises(SnapshotError, match=r"t\.parquet"):
            PhaseTable.load(tmp_path / "t.parquet")

    def test_file_that_is_no_parquet(self, tmp_path):
        path = tmp_path / "t.parquet"
        path.write_text("hello")
        TEST.replace(sha256=file_sha256(path)).write(manifest_path(path))
        with pytest.raises(SnapshotError, match="not a readable Parquet file"):
            PhaseTable.load(path)

    def test_manifest_round_trip_keeps_unicode(self, tmp_path):
        manifest = Manifest(source="q", scheme="s", description="Sb₂O₃, 1 Å", details={"a": [1, {"b": None}]})
        manifest.write(tmp_path / "m.json")
        assert Manifest.read(tmp_path / "m.json") == manifest


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (SnapshotError, ValueError),
        (MissingDataError, LookupError),
        (IncompatibleEnergiesError, ValueError),
        (InputFileError, ValueError),
    ],
)
def test_every_error_is_a_licoat_error_and_a_builtin(error, kind):
    assert issubclass(error, LicoatError)
    assert issubclass(error, kind)
