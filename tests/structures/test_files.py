"""Files that users bring: CSV, pymatgen entries as JSON, and the many ways in which they are broken."""

import gzip
import json
import subprocess
import sys
import warnings
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from monty.serialization import dumpfn
from pymatgen.analysis.phase_diagram import PhaseDiagram
from pymatgen.core import Lattice, Structure
from pymatgen.entries.compatibility import MaterialsProject2020Compatibility
from pymatgen.entries.computed_entries import (
    ComputedEntry,
    ComputedStructureEntry,
    ConstantEnergyAdjustment,
    ManualEnergyAdjustment,
)

from licoat.structures import IncompatibleEnergiesError, InputFileError, MissingDataError, formula_unit, load_phases

EXACT = 1e-9  # eV/atom, what the interface promises; both sides are sums of a few doubles
HEADER = "formula,formation_energy_ev_per_atom\n"


@pytest.fixture
def csv_table(tmp_path):
    def load(content, name="phases.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_phases(path)

    return load


@pytest.fixture
def json_table(tmp_path):
    """Load entries (pymatgen objects or dictionaries) or raw bytes as a JSON file."""

    def load(entries, name="entries.json"):
        path = tmp_path / name
        if isinstance(entries, bytes):
            path.write_bytes(entries)
        elif entries and not isinstance(entries[0], dict):
            dumpfn(entries, path)
        else:
            path.write_text(json.dumps(entries))
        return load_phases(path)

    return load


def _rocksalt(metal, anion, a):
    return Structure.from_spacegroup("Fm-3m", Lattice.cubic(a), [metal, anion], [[0, 0, 0], [0.5, 0.5, 0.5]])


def _antifluorite(metal, anion, a):
    return Structure.from_spacegroup("Fm-3m", Lattice.cubic(a), [anion, metal], [[0, 0, 0], [0.25, 0.25, 0.25]])


def _peroxide():
    """Li2O2: space group 194, O-O distance 1.55 A (a peroxide is 1.3-1.6 A)."""
    return Structure.from_spacegroup(
        "P6_3/mmc",
        Lattice.hexagonal(3.14, 7.65),
        ["Li", "Li", "O"],
        [[0, 0, 0], [1 / 3, 2 / 3, 3 / 4], [1 / 3, 2 / 3, 0.1487]],
    )


def _entry(structure, energy_per_atom, name, run_type="GGA", **hubbards):
    symbols = {site.specie.symbol for site in structure}
    return ComputedStructureEntry(
        structure,
        energy_per_atom * len(structure),
        entry_id=name,
        parameters={
            "run_type": run_type,
            "is_hubbard": bool(hubbards),
            "hubbards": {s: hubbards.get(s, 0.0) for s in symbols} if hubbards else {},
        },
    )


@cache
def _built():
    gas = Structure(Lattice.cubic(8.0), ["O", "O"], [[0, 0, 0], [0, 0, 1.22 / 8]])
    return [
        _entry(Structure.from_spacegroup("Im-3m", Lattice.cubic(3.44), ["Li"], [[0, 0, 0]]), -1.9, "li"),
        _entry(Structure.from_spacegroup("Im-3m", Lattice.cubic(2.83), ["Fe"], [[0, 0, 0]]), -8.3, "fe"),
        _entry(gas, -4.948, "o2"),
        _entry(_antifluorite("Li", "O", 4.63), -4.74, "li2o"),
        _entry(_antifluorite("Li", "O", 4.9), -4.6, "li2o-stretched"),
        _entry(_peroxide(), -4.76, "li2o2"),
        _entry(_rocksalt("Fe", "O", 4.33), -6.1, "feo", run_type="GGA+U", Fe=5.3, O=0.0),
    ]


def _entries():
    """Raw PBE-like entries of the system Li-Fe-O with round energies; one of them with +U."""
    return list(_built())


def _raw():
    """The same without the one with +U: one functional, no corrections."""
    return [entry for entry in _built() if entry.entry_id != "feo"]


@cache
def _processed():
    with warnings.catch_warnings():
        # pymatgen finds no oxidation states for a peroxide and then corrects the most electronegative element
        warnings.filterwarnings("ignore", message="Failed to guess oxidation states")
        return MaterialsProject2020Compatibility(check_potcar=False).process_entries(_entries(), inplace=False)


def _corrected():
    """Return the same entries after pymatgen has put them on the MP2020 scale."""
    return list(_processed())


def _plain(formula, energy, name=None, run_type=None, **more):
    parameters = {} if run_type is None else {"run_type": run_type}
    return ComputedEntry(formula, energy, entry_id=name, parameters=parameters, **more)


def _elements(run_type=None):
    return [_plain("Li", -1.9, "li", run_type), _plain("O2", -9.9, "o2", run_type), _plain("Fe", -8.0, "fe", run_type)]


class TestEntries:
    @pytest.mark.parametrize("name", ["e.json", "e.json.gz"])
    @pytest.mark.parametrize("make_entries", [_raw, _corrected], ids=["raw", "mp2020"])
    def test_energies_are_those_of_pymatgen(self, json_table, name, make_entries):
        entries = make_entries()
        table = json_table(entries, name)
        diagram = PhaseDiagram(entries)
        assert len(table) == len(entries)
        for entry in entries:
            phase = table[entry.entry_id]
            assert phase.energy_ev_per_atom == pytest.approx(entry.energy_per_atom, abs=EXACT)
            expected = diagram.get_form_energy_per_atom(entry)
            assert phase.formation_energy_ev_per_atom == pytest.approx(expected, abs=EXACT)
            assert phase.volume_a3_per_atom == pytest.approx(entry.structure.volume / len(entry.structure), rel=1e-12)
            assert phase.formula == formula_unit(entry.composition.formula)
            assert phase.n_sites == len(entry.structure)

    def test_scheme_says_functional_and_corrections(self, json_table):
        assert json_table(_raw()).scheme == "pbe/none"
        assert json_table(_corrected()).scheme == "pbe+u/mp2020"

    def test_peroxide_is_corrected_as_a_peroxide(self, json_table):
        table, raw = json_table(_corrected()), {e.entry_id: e for e in _entries()}
        shift = {i: table[i].energy_ev_per_atom - raw[i].energy_per_atom for i in ("li2o", "li2o2", "feo")}
        # Wang et al. 2021, table 2, in eV per atom of the corrected element
        assert shift == pytest.approx({"li2o": -0.687 / 3, "li2o2": -0.465 / 2, "feo": (-0.687 - 2.256) / 2}, abs=1e-6)

    def test_without_structures(self, json_table):
        entries = [*_elements(), _plain("Li4O2", -29.0, "a"), _plain("LiO", -10.0, "b")]
        table = json_table(entries)
        diagram = PhaseDiagram(entries)
        for entry in entries:
            found = table[entry.entry_id]
            expected = diagram.get_form_energy_per_atom(entry)
            assert found.formation_energy_ev_per_atom == pytest.approx(expected, abs=EXACT)
            assert found.volume_a3_per_atom is None
        assert table["a"].formula == "Li2O"
        assert table["b"].formula == "Li2O2"

    @pytest.mark.parametrize(
        "adjustments",
        [
            {"correction": -0.687},
            {"energy_adjustments": [ConstantEnergyAdjustment(-0.687, name="MP2020 anion correction (oxide)")]},
            {"energy_adjustments": [ManualEnergyAdjustment(-0.4), ManualEnergyAdjustment(-0.287)]},
        ],
        ids=["legacy keyword", "named", "two manual"],
    )
    def test_corrections_in_any_form_are_added_once(self, json_table, adjustments):
        table = json_table([*_elements(), _plain("Li2O", -14.0, "x", **adjustments)])
        assert table["x"].energy_ev_per_atom == pytest.approx((-14.0 - 0.687) / 3, abs=EXACT)

    def test_space_group_makes_polymorphs_apart(self, json_table):
        table = json_table(_raw())
        assert table["li2o"].space_group_number == 225
        assert table["li2o2"].space_group_number == 194

    def test_published_facts_come_with_their_source(self, json_table):
        phase = json_table(_raw())["li2o"]
        assert phase.band_gap_kind == "measured"
        assert phase.band_gap_source
        assert 7 < phase.band_gap_ev < 9  # Li2O is an insulator of some 8 eV
        assert phase.elastic_source

    def test_oxidation_states_do_not_disturb(self, json_table):
        structure = _antifluorite("Li", "O", 4.63)
        structure.add_oxidation_state_by_element({"Li": 1, "O": -2})
        entries = [*_elements(), ComputedStructureEntry(structure, -14.2 * 4, entry_id="x")]
        found = json_table(entries)["x"]
        assert found.formula == "Li2O"
        assert found.volume_a3_per_atom == pytest.approx(4.63**3 / 12, rel=1e-12)

    def test_entries_without_names_get_names(self, json_table):
        table = json_table([*_elements(), _plain("Li2O", -14.0), _plain("Li2O", -13.0)])
        assert len(set(table.text("phase_id"))) == 5
        assert all(table.text("phase_id"))

    def test_given_names_and_made_names_do_not_collide(self, json_table):
        assert len(json_table([*_elements(), _plain("Li2O", -14.0, "Li2O-1"), _plain("Li2O", -13.0)])) == 5

    def test_order_of_entries_does_not_matter(self, json_table):
        forward, back = json_table(_corrected()), json_table(_corrected()[::-1], "back.json")
        for phase in forward:
            other = replace(back[phase.phase_id], source=phase.source, volume_source=phase.volume_source)
            assert other == phase


class TestMixedEnergies:
    def test_gga_and_r2scan(self, json_table):
        entries = [*_elements("GGA"), _plain("Li2O", -20.0, "x", "r2SCAN")]
        with pytest.raises(IncompatibleEnergiesError, match=r"several schemes.*pbe\+u.*r2scan"):
            json_table(entries)

    def test_raw_gga_and_gga_u_have_no_common_zero(self, json_table):
        with pytest.raises(IncompatibleEnergiesError, match=r"x \(FeO\): U of Fe 5.3 eV.*fe \(Fe\).*--correct mp2020"):
            json_table([*_elements("GGA"), _plain("FeO", -14.0, "x", "GGA+U")])

    def test_r2scan_put_on_the_gga_hull_by_the_materials_project(self, json_table):
        # The Materials Project's mixed thermo type: GGA(+U) entries bare, r2SCAN entries shifted onto their hull.
        shift = ConstantEnergyAdjustment(6.0, name="MP GGA(+U)/r2SCAN mixing adjustment")
        entries = [*_elements("GGA"), _plain("Li2O", -20.0, "x", "r2SCAN", energy_adjustments=[shift])]
        table = json_table(entries)
        assert table["x"].energy_ev_per_atom == pytest.approx(-14.0 / 3, abs=EXACT)
        assert "r2scan" in table.scheme

    def test_half_of_the_oxides_corrected(self, json_table):
        raw = {entry.entry_id: entry for entry in _entries()}
        mixed = [raw[e.entry_id] if e.entry_id == "feo" else e for e in _corrected()]
        with pytest.raises(IncompatibleEnergiesError, match=r"1 of 7 entries.*feo \(FeO\) lacks"):
            json_table(mixed)

    def test_two_generations_of_corrections(self, json_table):
        new = ConstantEnergyAdjustment(-0.687, name="MP2020 anion correction (oxide)")
        old = ConstantEnergyAdjustment(-0.702, name="MP Anion Correction")
        entries = [
            *_elements("GGA"),
            _plain("Li2O", -14.0, "x", "GGA", energy_adjustments=[new]),
            _plain("FeO", -14.0, "y", "GGA", energy_adjustments=[old]),
        ]
        with pytest.raises(IncompatibleEnergiesError, match="schem"):
            json_table(entries)

    def test_ozonides_have_no_correction_and_are_no_reason_to_refuse(self, json_table):
        entries = [*_corrected(), _plain("LiO3", -17.0, "lio3", "GGA", data={"oxide_type": "ozonide"})]
        assert json_table(entries).scheme == "pbe+u/mp2020"

    def test_alloys_without_corrections_may_stand_beside_corrected_oxides(self, json_table):
        entries = [*_corrected(), _plain("LiFe", -9.0, "life", "GGA")]
        assert json_table(entries).scheme == "pbe+u/mp2020"


class TestBrokenEntries:
    def test_missing_element_is_named(self, json_table):
        with pytest.raises(MissingDataError, match="no phase of the element O;"):
            json_table([_plain("Li", -1.9), _plain("Li2O", -14.0)])

    def test_identifier_that_stands_twice(self, json_table):
        with pytest.raises(InputFileError, match="'li' stands twice"):
            json_table([*_elements(), _plain("Li", -1.8, "li")])

    @pytest.mark.parametrize("cut", [4, 20, 200])
    def test_truncated_gz(self, json_table, cut):
        content = gzip.compress(json.dumps([e.as_dict() for e in _entries()]).encode(), mtime=0)
        with pytest.raises(InputFileError, match="compressed file is damaged or cut short"):
            json_table(content[:-cut], "e.json.gz")

    @pytest.mark.parametrize("where", [0.02, 0.1, 0.5, 0.9])
    def test_gz_with_a_damaged_byte(self, json_table, where):
        content = bytearray(gzip.compress(json.dumps([e.as_dict() for e in _entries()]).encode(), mtime=0))
        content[int(where * len(content))] ^= 0xFF
        with pytest.raises(InputFileError, match="compressed file is damaged or cut short"):
            json_table(bytes(content), "e.json.gz")

    @pytest.mark.parametrize(
        ("content", "name", "says"),
        [
            (b"", "e.json", "the file is empty"),
            (b"", "e.json.gz", "compressed file is damaged|the file is empty"),
            (b"[{", "e.json", "cannot be read as JSON"),
            (b"[]", "e.json.gz", "compressed file is damaged"),
            (gzip.compress(b"[]"), "e.json", "cannot be read as JSON"),
            (b"\xff\xfe[", "e.json", "cannot be read as JSON"),
            (b"[" * 100_000, "e.json", "JSON nested too deeply"),
        ],
        ids=["empty", "empty gz", "truncated", "gz that is none", "gz without the name", "binary", "nested too deep"],
    )
    def test_damaged_files(self, json_table, content, name, says):
        with pytest.raises(InputFileError, match=says):
            json_table(content, name)

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"[]", "no phases in the file"),
            (b"{}", "expected a list of pymatgen ComputedEntry"),
            (b'{"entries": []}', "expected a list of pymatgen ComputedEntry"),
            (b"null", "expected a list of pymatgen ComputedEntry"),
            (b"[1, 2]", "expected a list of pymatgen ComputedEntry"),
            (b"[{}]", "entry 1: not a pymatgen ComputedEntry"),
        ],
    )
    def test_json_of_something_else(self, json_table, content, says):
        with pytest.raises(InputFileError, match=says):
            json_table(content)

    @pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
    def test_energies_must_be_finite(self, json_table, literal):
        text = json.dumps([e.as_dict() for e in [*_elements(), _plain("Li2O", -14.25, "bad")]])
        with pytest.raises(InputFileError, match=r"bad: energy is -?(nan|inf); give a finite number"):
            json_table(text.replace("-14.25", literal).encode())

    @pytest.mark.parametrize(
        "change",
        [
            {"energy": "abc"},
            {"energy": None},
            {"composition": {}},
            {"composition": {"Li": 0.5, "O": 1}},
            {"composition": {"Li": -2, "O": 1}},
            {"composition": {"Zz": 2, "O": 1}},
            {"composition": None},
        ],
        ids=str,
    )
    def test_unusable_entry_is_named(self, json_table, change):
        entries = [e.as_dict() for e in _elements()] + [_plain("Li2O", -14.0, "bad").as_dict() | change]
        with pytest.raises(InputFileError, match=r"bad: (not a pymatgen ComputedEntry|composition|.*unknown element)"):
            json_table(entries)

    @staticmethod
    def _with_structure(change):
        entry = json.loads(json.dumps(_entries()[3].as_dict()))
        change(entry["structure"])
        return [*(e.as_dict() for e in _elements()), entry]

    @pytest.mark.parametrize(
        "change",
        [
            lambda s: s.clear(),
            lambda s: s.pop("lattice"),
            lambda s: s.update(sites=None),
            lambda s: s["sites"][0].update(species=[]),
            lambda s: s["sites"][0]["species"][0].update(element="Zz"),
            lambda s: s["lattice"].update(matrix=[[1, 0], [0, 1]]),
            lambda s: s["lattice"].update(matrix="big"),
            lambda s: s["sites"][0].update(abc=[0, 0]),
            lambda s: s["sites"].pop(),
        ],
        ids=[
            "empty", "no lattice", "no sites", "site without species", "unknown element", "two-dimensional lattice",
            "lattice of text", "two coordinates", "site missing",
        ],
    )  # fmt: skip
    def test_unusable_structure_is_named(self, json_table, change):
        with pytest.raises(InputFileError, match=r"li2o.*structure"):
            json_table(self._with_structure(change))

    @pytest.mark.parametrize("matrix", [[[1, 0, 0], [2, 0, 0], [0, 0, 1]], [[0, 0, 0]] * 3])
    def test_flat_cell_is_refused(self, json_table, matrix):
        with pytest.raises(InputFileError, match="li2o"):
            json_table(self._with_structure(lambda s: s["lattice"].update(matrix=matrix)))

    def test_structure_of_another_composition_is_refused(self, json_table):
        entry = _entries()[3].as_dict() | {"composition": {"Li": 8, "O": 3}}
        with pytest.raises(InputFileError, match=r"li2o.*composition"):
            json_table([*(e.as_dict() for e in _elements()), entry])


class TestCsv:
    @pytest.mark.parametrize(
        "content",
        [
            HEADER + "Li2O,-2.0\n",
            HEADER + "Li2O,-2.0",
            "\ufeff" + HEADER + "Li2O,-2.0\n",
            (HEADER + "Li2O,-2.0\n").replace("\n", "\r\n"),
            '"formula","formation_energy_ev_per_atom"\n"Li2O","-2.0"\n',
            " formula , formation_energy_ev_per_atom \n Li2O , -2.0 \n",
            HEADER + "\n\nLi2O,-2.0\n\n",
            HEADER + "Li₄O₂,-2e0\n",
            "formation_energy_ev_per_atom,formula\n-2.0,Li2O\n",
            HEADER.replace("\n", ",\n") + "Li2O,-2.0,\n",
        ],
        ids=["plain", "no last newline", "BOM", "CRLF", "quoted", "blanks", "empty lines", "unicode", "order", "comma"],
    )
    def test_same_table_in_many_dresses(self, csv_table, content):
        table = csv_table(content)
        assert {p.formula: p.formation_energy_ev_per_atom for p in table} == {"Li2O": -2.0, "Li": 0.0, "O2": 0.0}

    def test_gap_in_the_file_is_taken_before_the_rule_for_metals(self, csv_table):
        table = csv_table("formula,formation_energy_ev_per_atom,band_gap_ev\nLiPd,-0.4,0.2\nLiPt,-0.6,\n")
        assert [p.band_gap_ev for p in table if p.formula in {"LiPd", "LiPt"}] == [0.2, 0.0]

    def test_ending_in_capitals(self, csv_table):
        assert "Li2O" in csv_table(HEADER + "Li2O,-2.0\n", "PHASES.CSV").formulas

    def test_total_energies_give_formation_energies(self, csv_table):
        table = csv_table("formula,energy_ev_per_atom\nLi2O,-4.97\nLi,-1.9\nLi,-1.8\nO2,-4.948\n")
        # by hand: -4.97 - (2 x -1.9 - 4.948) / 3
        expected = -4.97 + (3.8 + 4.948) / 3
        found = table.phase(table.rows_of("Li2O")[0])
        assert found.formation_energy_ev_per_atom == pytest.approx(expected, abs=EXACT)

    def test_elements_that_are_listed_are_not_doubled(self, csv_table):
        table = csv_table(HEADER + "Li2O,-2.0\nLi,0\nO2,0\n")
        assert len(table) == 3

    def test_frame_written_by_a_user_comes_back(self, builtin, tmp_path):
        builtin.to_frame().to_csv(tmp_path / "b.csv", index=False)
        again = load_phases(tmp_path / "b.csv")
        for name in ("formation_energy_ev_per_atom", "volume_a3_per_atom", "band_gap_ev", "shear_modulus_gpa"):
            np.testing.assert_array_equal(again.column(name), builtin.column(name))
        assert again.text("phase_id") == builtin.text("phase_id")
        assert again.formulas == builtin.formulas

    def test_values_of_the_user_win_over_published_ones(self, csv_table):
        header = "formula,formation_energy_ev_per_atom,band_gap_ev,bulk_modulus_gpa\n"
        phase = next(iter(csv_table(header + "MgO,-3.0,4.5,123.0\n")))
        assert phase.band_gap_ev == 4.5
        assert phase.bulk_modulus_gpa == 123.0

    def test_published_values_fill_the_cells_that_are_empty(self, csv_table):
        header = "formula,formation_energy_ev_per_atom,band_gap_ev\n"
        table = csv_table(header + "MgO,-3.0,4.5\nLi2O,-2.0,\n")
        gaps = {p.formula: p.band_gap_ev for p in table}
        assert gaps["MgO"] == 4.5
        assert 7 < gaps["Li2O"] < 9

    @pytest.mark.parametrize("value", ["NaN", "nan", "inf", "-Infinity", "1e400", "abc", "-2,0", "1_000", "0x10"])
    def test_energy_must_be_a_finite_number(self, csv_table, value):
        with pytest.raises(InputFileError, match="line 3: formation_energy_ev_per_atom is"):
            csv_table(HEADER + f'Li2O,-2.0\nSb2O3,"{value}"\n')

    @pytest.mark.parametrize("volume", ["0", "-24.6", "nan", "inf"])
    def test_volume_must_be_positive_and_finite(self, csv_table, volume):
        with pytest.raises(InputFileError, match="volume_a3_per_atom"):
            csv_table(f"formula,formation_energy_ev_per_atom,volume_a3_per_atom\nLi2O,-2.0,{volume}\n")

    @pytest.mark.parametrize("column", ["n_sites", "space_group_number"])
    @pytest.mark.parametrize("value", ["225.7", "1e30", "nan", "x"])
    def test_whole_numbers_must_be_whole(self, csv_table, column, value):
        with pytest.raises(InputFileError, match=column):
            csv_table(f"formula,formation_energy_ev_per_atom,{column}\nLi2O,-2.0,{value}\n")

    @pytest.mark.parametrize("value", ["231", "999", "0"])
    def test_there_are_230_space_groups(self, csv_table, value):
        with pytest.raises(InputFileError, match="space_group_number"):
            csv_table(f"formula,formation_energy_ev_per_atom,space_group_number\nLi2O,-2.0,{value}\n")

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            ("", "the file is empty"),
            ("\n\n", "the file is empty"),
            (HEADER, "no phases in the file"),
            ("compound,energy\nLi2O,-2.0\n", "found compound, energy"),
            ("formula\nLi2O\n", "found formula"),
            ("formation_energy_ev_per_atom\n-2.0\n", "the first line must name the columns"),
            ((HEADER + "Li2O,-2.0\n").replace(",", "&"), "the first line must name the columns"),
            ("Li2O,-2.0\nSb2O3,-1.5\n", "the first line must name the columns"),
            (HEADER + "Li2O,-2.0\nSb2O3\n", "line 3: another number of cells"),
            (HEADER + "Li2O,-2.0,7\n", "line 2: another number of cells"),
            (HEADER + 'Li2O,-2.0\n"Sb2O3,-1', "not a readable CSV file"),
            (HEADER + "Li2O,-2.0\nSb2O3,\n", "line 3: Sb2O3 has no formation_energy_ev_per_atom"),
            (HEADER + ",-2.0\n", "line 2: empty formula"),
            (HEADER + "Xx2O,-2.0\n", "line 2: .*unknown element 'Xx'"),
            (HEADER + "CuSO4·5H2O,-2.0\n", "line 2: .*hydrates"),
            (HEADER + "Li2O," + "1" * 200_000 + "\n", "not a readable CSV file"),
        ],
        ids=[
            "empty", "blank", "header only", "wrong header", "no energy", "no formula", "ampersands", "no header",
            "short row", "long row", "open quote", "row without energy", "row without formula", "bad formula",
            "hydrate", "huge cell",
        ],
    )  # fmt: skip
    def test_refused_and_told_why(self, csv_table, content, says):
        with pytest.raises(InputFileError, match=says):
            csv_table(content)

    @pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
    def test_other_encodings(self, csv_table, encoding):
        content = HEADER.replace("\n", ",band_gap_source\n") + "Li2O,-2.0,Müller\n"
        assert csv_table(content.encode(encoding)).phase(0).formation_energy_ev_per_atom == -2.0
        with pytest.raises(InputFileError, match="if 'formulé' is it: --columns 'formulé'=formula"):
            csv_table((HEADER + "Li2O,-2.0\n").replace("formula", "formulé").encode(encoding))

    @pytest.mark.parametrize("blank_lines", [1, 3])
    def test_line_numbers_are_those_of_the_file(self, csv_table, blank_lines):
        with pytest.raises(InputFileError, match=f"line {blank_lines + 3}: "):
            csv_table(HEADER + "Li2O,-2.0\n" + "\n" * blank_lines + "Sb2O3,abc\n")

    @pytest.mark.parametrize("blank_lines", [1, 3])
    def test_line_number_of_a_missing_energy_is_that_of_the_file(self, csv_table, blank_lines):
        with pytest.raises(InputFileError, match=f"line {blank_lines + 3}: "):
            csv_table(HEADER + "Li2O,-2.0\n" + "\n" * blank_lines + "Sb2O3,\n")

    def test_column_that_stands_twice(self, csv_table):
        with pytest.raises(InputFileError, match="formation_energy_ev_per_atom"):
            csv_table(HEADER.replace("\n", ",formation_energy_ev_per_atom\n") + "Li2O,-2.0,-1.0\n")

    def test_unused_columns_are_announced(self, csv_table):
        with pytest.warns(UserWarning, match="columns not used: comment, mood"):
            table = csv_table("formula,comment,formation_energy_ev_per_atom,mood\nLi2O,white,-2.0,good\n")
        assert "Li2O" in table.formulas

    def test_schemes_in_one_file(self, csv_table):
        header = "formula,formation_energy_ev_per_atom,scheme\n"
        assert csv_table(header + "Li2O,-2.0,mine\nMgO,-3.0,mine\n").scheme == "mine"
        with pytest.raises(IncompatibleEnergiesError, match=r"'a' \(1 phases\), 'b' \(2 phases\)"):
            csv_table(header + "Li2O,-2.0,a\nMgO,-3.0,b\nCaO,-3.2,b\n")

    def test_identifier_that_stands_twice(self, csv_table):
        with pytest.raises(InputFileError, match="'a' stands twice"):
            csv_table("phase_id,formula,formation_energy_ev_per_atom\na,Li2O,-2.0\na,MgO,-3.0\n")

    def test_given_names_and_made_names_do_not_collide(self, csv_table):
        table = csv_table("phase_id,formula,formation_energy_ev_per_atom\nLi2O-1,Li2O,-2.0\n,Li2O,-1.9\n")
        assert len(table.rows_of("Li2O")) == 2

    def test_total_energies_without_an_element(self, csv_table):
        with pytest.raises(MissingDataError, match="no phase of the element Li;"):
            csv_table("formula,energy_ev_per_atom\nLi2O,-4.97\nO2,-4.948\n")

    def test_lowest_phase_of_an_element_is_the_zero(self, csv_table):
        # red phosphorus against white: the reference moves, the reaction of the compound with the elements does not
        given = csv_table(HEADER + "Li3P,-0.9\nP,0\nP,-0.2\nLi,0\n")
        energy = given.column("formation_energy_ev_per_atom")
        assert [energy[row] for row in given.rows_of("P")] == pytest.approx([0.0, 0.2])
        assert energy[given.rows_of("Li3P")[0]] == pytest.approx(-0.9 + 0.2 / 4)  # one of four atoms is P


class TestWhichFile:
    def test_missing_file_says_what_is_accepted(self, tmp_path):
        with pytest.raises(InputFileError, match=r"no file .*nothing\.csv.*CSV with named columns"):
            load_phases(tmp_path / "nothing.csv")

    def test_unknown_kind(self, tmp_path):
        (tmp_path / "a.xyz").write_text("1\n")
        with pytest.raises(InputFileError, match="unknown kind of file"):
            load_phases(tmp_path / "a.xyz")

    def test_a_scheme_is_for_builtin_only(self, tmp_path):
        for source in ("measured", tmp_path / "a.csv"):
            with pytest.raises(MissingDataError, match="has one scheme of its own"):
                load_phases(source, scheme="none")

    def test_unknown_scheme_of_builtin(self):
        with pytest.raises(MissingDataError, match="has fitted and mp2020 and none"):
            load_phases("builtin", scheme="nothing")

    def test_manifest_names_the_file_and_its_checksum(self, csv_table, tmp_path):
        import hashlib

        table = csv_table(HEADER + "Li2O,-2.0\n")
        assert table.source == "file:phases.csv"
        assert table.manifest.sha256 == hashlib.sha256((tmp_path / "phases.csv").read_bytes()).hexdigest()
        assert table.manifest.n_phases == len(table)


@pytest.mark.parametrize("source", ["builtin", "measured", "e.json"])
def test_loading_warns_of_nothing(source, tmp_path):
    dumpfn(_raw(), tmp_path / "e.json")
    code = f"from licoat.structures import load_phases; print(len(load_phases({source!r})))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr.strip().splitlines()[-1]
