"""Energy files as people hold them: the right numbers, or a refusal that names entry, reason and way out."""

import gzip
import json
import subprocess
import sys
import warnings
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from monty.json import MontyDecoder
from pymatgen.analysis.phase_diagram import PhaseDiagram
from pymatgen.entries.compatibility import MaterialsProject2020Compatibility

from licoat.structures import (
    IncompatibleEnergiesError,
    InputFileError,
    LicoatError,
    MissingDataError,
    PhaseTable,
    load_phases,
)
from licoat.structures.phases import entries as entries_module
from licoat.structures.reading import parse_json
from licoat.structures.sources import verify_source
from licoat.thermo import react

FIELD = Path(__file__).with_name("field")
EXACT = 1e-9  # eV/atom; both sides are sums of a few doubles
KJ = 96.48533212331  # kJ/mol in 1 eV, CODATA 2018
HEADER = "formula,formation_energy_ev_per_atom"
SYSTEM = {"Li": 0.0, "O2": 0.0, "Sb": 0.0, "Li2O": -25 / 12, "Sb2O3": -1.378, "Li3Sb": -0.8425}
"""Of r06, r10, r11 and r13, by hand: Li -1.9, Sb -4.13, O -4.95, Li2O -5.0, Sb2O3 -6.0, Li3Sb -3.3 eV/atom."""


def energies(table):
    return {phase.formula: phase.formation_energy_ev_per_atom for phase in table}


def by_pymatgen(name):
    """Formation energies of a file of entries, from pymatgen's own objects."""
    entries = MontyDecoder().process_decoded(json.loads((FIELD / name).read_text()))
    diagram = PhaseDiagram(entries)
    return {e.composition.reduced_formula: diagram.get_form_energy_per_atom(e) for e in entries}


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


class TestOneScheme:
    @pytest.mark.parametrize(
        ("name", "scheme"),
        [
            ("r03_r2scan_mixing_upper_case.json", "gga_gga+u_r2scan/mixed"),
            ("r04_legacy_gas_and_u_corrections.json", "pbe+u/mp-gas"),
            ("r11_pdentries.json", "unknown/none"),
        ],
    )
    def test_sound_files_give_pymatgens_numbers(self, name, scheme):
        table = load_phases(FIELD / name)
        assert table.scheme == scheme
        assert energies(table) == pytest.approx(by_pymatgen(name), abs=EXACT)

    def test_raw_gga_beside_gga_u_is_refused_and_can_be_corrected(self):
        path = FIELD / "r01_raw_gga_and_ggau.json"
        with pytest.raises(IncompatibleEnergiesError, match=r"q-Fe2O3.*U of Fe 5.3.*q-Fe \(Fe\).*--correct mp2020"):
            load_phases(path)
        entries = MontyDecoder().process_decoded(json.loads(path.read_text()))
        for entry in entries:  # what pymatgen's class asks for, as the run type implies it
            plus_u = entry.parameters["run_type"] == "GGA+U"
            entry.parameters["hubbards"] = {"Fe": 5.3} if plus_u else {}
            entry.data["oxidation_states"] = {}
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="No structure or oxide_type|Failed to guess")
            done = MaterialsProject2020Compatibility(check_potcar=False).process_entries(entries, on_error="raise")
        assert len(done) == 7
        diagram = PhaseDiagram(done)
        table = load_phases(path, correct="mp2020")
        assert table.scheme == "pbe+u/mp2020"
        for entry in done:
            found = table[entry.entry_id].formation_energy_ev_per_atom
            assert found == pytest.approx(diagram.get_form_energy_per_atom(entry), abs=EXACT)

    def test_missing_correction_is_named(self, write):
        entries = [_entry("Li", -1.9), _entry("O2", -9.9), _entry("Li2O", -14.0, -0.687), _entry("SiO2", -23.0, -1.374)]
        entries += [_entry("Si", -5.4), _entry("Li2SiO3", -39.0), _entry("Li4SiO4", -54.0, -2.748)]
        with pytest.raises(IncompatibleEnergiesError, match=r"1 of 7 .*Li2SiO3-e \(Li2SiO3\) lacks .*oxide.*-0.34"):
            load_phases(write("e.json", json.dumps(entries)))

    @pytest.mark.parametrize("factor", [0.5, 2.0, -1.0])
    def test_correction_of_another_size_is_named(self, write, factor):
        entries = [_entry("Li", -1.9), _entry("O2", -9.9), _entry("Li2O", -14.0, -0.687), _entry("Mg", -1.5)]
        entries += [_entry("MgO", -12.0, factor * -0.687)]
        with pytest.raises(IncompatibleEnergiesError, match=r"MgO-e \(MgO\)"):
            load_phases(write("e.json", json.dumps(entries)))

    def test_names_without_regard_to_case(self, write):
        entries = [_entry("Li", -1.9), _entry("O2", -9.9), _entry("Li2O", -14.0, -0.687)]
        entries[2]["energy_adjustments"][0]["name"] = "mp2020 ANION correction (OXIDE)"
        assert load_phases(write("e.json", json.dumps(entries))).scheme == "pbe+u/mp2020"

    def test_gga_oxide_of_a_metal_that_has_u_does_not_fit(self, write):
        entries = [_entry("Li", -1.9), _entry("O2", -9.9), _entry("Li2O", -14.0, -0.687), _entry("Fe", -8.3)]
        entries += [_entry("FeO", -12.0, -0.687)]
        with pytest.raises(IncompatibleEnergiesError, match=r"FeO-e \(FeO\) was run with GGA.*U of Fe 5.3"):
            load_phases(write("e.json", json.dumps(entries)))

    def test_everything_with_one_u_is_one_scheme(self, write):
        entries = [
            _entry("Li", -1.9),
            _entry("O2", -9.9),
            _entry("Li2O", -15.0),
            _entry("Fe", -7.0),
            _entry("FeO", -14.0),
        ]
        for entry in entries:
            entry["parameters"] = {"run_type": "GGA+U", "hubbards": {"Fe": 4.0}}
        assert load_phases(write("e.json", json.dumps(entries))).scheme == "pbe+u/none"

    def test_gibbs_energies_of_two_temperatures(self):
        with pytest.raises(IncompatibleEnergiesError, match=r"300 K of 4 .*1000 K of 1 \(first: g-FeO"):
            load_phases(FIELD / "r02_gibbs_two_temperatures.json")

    @pytest.mark.parametrize("temperature", [300, 1000])
    def test_gibbs_energies_are_pymatgens_and_say_their_temperature(self, temperature):
        name = f"r02_gibbs_{temperature}K.json"
        table = load_phases(FIELD / name)
        assert table.energy_kind == f"Gibbs energy at {temperature} K"
        assert energies(table) == pytest.approx(by_pymatgen(name), abs=1e-6)

    def test_the_kind_stays_with_a_reaction(self, tmp_path):
        table = load_phases(FIELD / "r02_gibbs_1000K.json")
        assert react("FeO + Li -> Fe + Li2O", table).to_dict()["energy_kind"] == "Gibbs energy at 1000 K"
        table.save(tmp_path / "t.parquet")
        assert load_phases(tmp_path / "t.parquet").energy_kind == "Gibbs energy at 1000 K"
        assert load_phases("measured").energy_kind == "enthalpy at 298 K"
        assert load_phases("builtin", scheme="mp2020").energy_kind == "energy at 0 K"

    def test_correct_is_for_entries(self, write):
        with pytest.raises(InputFileError, match="needs pymatgen entries"):
            load_phases(write("e.csv", HEADER + "\nLi2O,-2\n"), correct="mp2020")
        with pytest.raises(MissingDataError, match="is for files"):
            load_phases("builtin", correct="mp2020")
        with pytest.raises(MissingDataError, match="there is mp2020"):
            load_phases(FIELD / "r01_raw_gga_and_ggau.json", correct="mp2021")


def _entry(formula, energy, correction=0.0):
    from pymatgen.core import Composition

    named = {"value": correction, "name": "MP2020 anion correction (oxide)"}
    return {
        "entry_id": f"{formula}-e",
        "composition": Composition(formula).as_dict(),
        "energy": energy,
        "energy_adjustments": [named] if correction else [],
        "parameters": {"run_type": "GGA"},
    }


class TestGate:
    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("r07_kj_per_mol.csv", "Li2O-1 .*-598.*looks like kJ/mol"),
            ("r09_impossible_moduli.csv", "shear_modulus_gpa 4e.07.*looks like kPa"),
            ("energy_1e305.csv", "Sb2O3.*-1e.305"),
            ("energy_pos1e308.csv", "Sb2O3.*1e.308"),
            ("sigma_huge.csv", "energy_sigma_ev_per_atom"),
            ("entries_1e308.json", "entry 4: energy is -1.7e.308"),
            ("json_1a32a92e.json", "id-Li2O"),
            ("json_5947f9df.json", "id-Li2O"),
            ("entries_bigint_lattice.json", "whole number 1000.* has 401 digits"),
            ("entries_element_list.json", "entry 4: structure with unknown element"),
            ("csv_4e94243d.csv", "line 10: energy_ev_per_atom"),
        ],
    )
    def test_impossible_numbers_are_refused(self, name, words):
        with pytest.raises(InputFileError, match=words) as caught:
            load_phases(FIELD / name)
        assert len(str(caught.value)) < 300

    @pytest.mark.parametrize(
        ("factor", "unit"),
        [
            (3.0, "eV per formula unit"),
            (3 * KJ, "kJ/mol .of formula units"),
            (KJ, "kJ/mol .of atoms"),
            (3 * KJ / 4.184, "kcal/mol .of formula units"),
            (1000.0, "meV/atom"),
            (1 / 27.2114, "hartree/atom"),
            (1 / 13.6057, "Ry/atom"),
            (-1.0, "sign turned"),
        ],
    )
    def test_units_are_recognised_by_lithium_oxide(self, write, factor, unit):
        with pytest.raises(InputFileError, match=f"looks like .*{unit}"):
            load_phases(write("e.csv", f"{HEADER}\nLi2O,{-2.066 * factor}\nMgO,{-3.11 * factor}\n"))

    def test_total_energies_under_the_wrong_heading(self, write):
        with pytest.raises(InputFileError, match=r"element Li is -1.9.*total energies"):
            load_phases(write("e.csv", HEADER + "\nLi,-1.9\nO2,-4.95\nLi2O,-4.9\n"))

    def test_a_phase_on_which_no_hull_depends_is_set_aside(self, write):
        rows = "\nLi2O,-2.07,8.2\nSb2O3,-1.46,18\nSb2O3,-1.40,0.02\nSbO2,5.5,18\n"
        with pytest.warns(UserWarning, match=r"2 phases set aside.*Sb2O3-2"):
            table = load_phases(write("e.csv", HEADER + ",volume_a3_per_atom" + rows))
        assert set(table.manifest.details["set_aside"]) == {"Sb2O3-2", "SbO2-1"}
        assert table.rows_of("SbO2") == []
        assert energies(table)["Sb2O3"] == -1.46

    def test_a_phase_on_which_the_hull_depends_refuses_the_file(self, write):
        rows = "\nLi2O,-2.07,8.2\nSb2O3,-1.46,0.018\nSb2O3,-1.40,18\n"
        with pytest.raises(InputFileError, match=r"Sb2O3-1 .*0.018.*looks like nm3"):
            load_phases(write("e.csv", HEADER + ",volume_a3_per_atom" + rows))

    @pytest.mark.parametrize(("formula", "volume"), [("Cs", 116.0), ("Sb2O3", 158.0), ("O2", 2000.0)])
    def test_open_crystals_and_molecules_in_boxes_pass(self, write, formula, volume):
        content = f"{HEADER},volume_a3_per_atom\nLi2O,-2.07,8\n{formula},0,{volume}\n"
        assert volume in load_phases(write("e.csv", content)).column("volume_a3_per_atom")

    def test_a_snapshot_passes_the_same_gate(self, tmp_path):
        good = load_phases(FIELD / "r25_semicolon_decimal_comma.csv")
        name = "formation_energy_ev_per_atom"
        bad = good.columns() | {name: [100.0 * e for e in good.column(name)]}
        PhaseTable(bad, good.manifest).save(tmp_path / "t.parquet")
        with pytest.raises(InputFileError, match="expected -6 to 5"):
            load_phases(tmp_path / "t.parquet")

    def test_verify_lists_what_loading_refuses(self):
        failed = {check.name for check in verify_source(FIELD / "r07_kj_per_mol.csv") if check.problem}
        assert failed == {"formation energies are within -6 and +5 eV/atom", "Li2O formation energy in range"}


class TestFormats:
    @pytest.mark.parametrize(
        "name", ["r06_normalised_to_one_atom.json", "r10_phase_diagram.json", "r11_pdentries.json", "r13_entries.jsonl"]
    )
    @pytest.mark.parametrize("zipped", [False, True])
    def test_entries_in_every_wrapping(self, write, name, zipped):
        content = (FIELD / name).read_bytes()
        path = write(name + ".gz", gzip.compress(content)) if zipped else FIELD / name
        assert energies(load_phases(path)) == pytest.approx(SYSTEM, abs=EXACT)

    @pytest.mark.parametrize(
        "wrap",
        [
            lambda entries: {"entries": entries},
            lambda entries: {"data": entries, "meta": {}},
            lambda entries: {f"id-{i}": e for i, e in enumerate(entries)},
            lambda entries: {"Li-O": entries[:3], "Li-Sb": entries[3:]},
            lambda entries: [entries[:2], entries[2:]],
            lambda entries: {"@class": "PhaseDiagram", "all_entries": entries, "elements": []},
        ],
        ids=["entries", "data", "by name", "by system", "lists", "old diagram"],
    )
    def test_lists_in_dictionaries(self, write, wrap):
        entries = json.loads((FIELD / "r11_pdentries.json").read_text())
        assert energies(load_phases(write("e.json", json.dumps(wrap(entries))))) == pytest.approx(SYSTEM, abs=EXACT)

    def test_measured_entries(self, write):
        """pymatgen's ExpEntry: kJ per mole of the composition, at 298 K; solids only."""
        made = [("Li2O", {"Li": 2, "O": 1}, -597.9), ("Sb2O3", {"Sb": 4, "O": 6}, -1440.6)]
        entries = [
            {
                "@class": "ExpEntry",
                "composition": composition,
                "temperature": 298,
                "thermodata": [
                    {"type": "fH", "value": value, "phaseinfo": "solid"},
                    {"type": "fH", "value": -9999.0, "phaseinfo": "gas"},
                    {"type": "S", "value": 30.0, "phaseinfo": "solid"},
                ],
            }
            for _, composition, value in made
        ]
        table = load_phases(write("e.json", json.dumps(entries)))
        assert table.energy_kind == "enthalpy at 298 K"
        assert energies(table)["Li2O"] == pytest.approx(-597.9 / KJ / 3, abs=1e-6)
        assert energies(table)["Sb2O3"] == pytest.approx(-1440.6 / KJ / 10, abs=1e-6)

    def test_documents_of_the_materials_project(self, write):
        document = {
            "material_id": "x-1", "formula_pretty": "Li2O", "composition": {"Li": 2.0, "O": 1.0}, "nsites": 3,
            "volume": 24.9, "energy_per_atom": -4.7, "formation_energy_per_atom": -2.05, "band_gap": 5.0,
            "symmetry": {"crystal_system": "Cubic", "symbol": "Fm-3m", "number": 225}, "theoretical": False,
            "bulk_modulus": {"voigt": 80.0, "reuss": 80.0, "vrh": 80.0}, "shear_modulus": None, "deprecated": False,
            "thermo_type": "GGA_GGA+U", "fields_not_requested": [], "structure": {"@module": "evil", "lattice": {}},
        }  # fmt: skip
        other = document | {"material_id": "x-2", "deprecated": True, "formation_energy_per_atom": -3.0}
        table = load_phases(write("docs.json", json.dumps([document, other])))
        phase = table["x-1"]
        assert (table.scheme, table.energy_kind) == ("pbe+u/mp2020", "energy at 0 K")
        assert "x-2" not in table
        assert (phase.formation_energy_ev_per_atom, phase.space_group_number, phase.band_gap_ev) == (-2.05, 225, 5.0)
        assert phase.volume_a3_per_atom == pytest.approx(8.3)
        assert (phase.bulk_modulus_gpa, phase.band_gap_kind, phase.theoretical) == (80.0, "pbe", False)
        mixed = [document, other | {"deprecated": False, "thermo_type": "R2SCAN"}]
        with pytest.raises(IncompatibleEnergiesError, match="several schemes"):
            load_phases(write("docs.json", json.dumps(mixed)))

    def test_semicolons_and_decimal_commas(self):
        found = energies(load_phases(FIELD / "r25_semicolon_decimal_comma.csv"))
        assert found == {"Li2O": -2.07, "Sb2O3": -1.46, "Li3Sb": -0.85, "Li": 0.0, "O2": 0.0, "Sb": 0.0}

    def test_summary_table_of_the_materials_project(self):
        table = load_phases(FIELD / "r26_mp_summary.csv")
        assert {i: table[i].formation_energy_ev_per_atom for i in ("x-1", "x-2", "x-3")} == {
            "x-1": -2.05, "x-2": -1.5, "x-3": -0.85,
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("header", "row", "expected"),
        [
            (
                "name,entry_id,delta_e,stability,band_gap,volume,natoms,spacegroup",
                "Li2O,5,-2.03,0,5.1,24.6,3,Fm-3m",
                -2.03,
            ),
            (
                "jid,formula,formation_energy_peratom,optb88vdw_bandgap,spg_number,nat",
                "JVASP-1,Li2O,-1.9,5,225,3",
                -1.9,
            ),
            (
                "auid,compound,enthalpy_formation_atom,volume_atom,Egap,spacegroup_relax",
                "aflow:1,Li2O1,-1.86,8,5,225",
                -1.86,
            ),
            (
                "Material ID,Formula,Formation Energy (eV/atom),Band Gap (eV),Volume (Å³),Sites",
                "m,Li2O,-2.05,5,24.6,3",
                -2.05,
            ),
            ("formula,Formation energy [meV/atom]", "Li2O,-2050", -2.05),
            ("formula,formation_enthalpy_kj_per_mol", "Li2O,-597.9", -597.9 / KJ / 3),
            ("formula,dHf298_kJ_mol", "Li4O2,-1195.8", -597.9 / KJ / 3),
            ("formula,formation_energy (eV/f.u.)", "Li2O,-6.2", -6.2 / 3),
            ("formula,formation_energy_kcal_per_mol", "Li2O,-142.9", -142.9 * 4.184 / KJ / 3),
        ],
        ids=["oqmd", "jarvis", "aflow", "mp download", "meV", "kJ/mol", "kJ/mol twice", "per fu", "kcal"],
    )
    def test_headings_of_databases_are_mapped_by_unit(self, write, header, row, expected):
        table = load_phases(write("e.csv", f"{header}\n{row}\n"))
        phase = table.phase(table.rows_of("Li2O")[0])
        assert phase.formation_energy_ev_per_atom == pytest.approx(expected, abs=1e-6)
        if "olume" in header:
            assert 7.9 < phase.volume_a3_per_atom < 8.3

    def test_unknown_headings_and_the_way_to_name_them(self, write):
        path = write("e.csv", "comp.,Ef\nLi2O,-2.05\n")
        with pytest.raises(InputFileError, match=r"found comp., Ef"):
            load_phases(path, columns={"comp.": "formula"})
        chosen = {"comp.": "formula", "Ef": "formation_energy_ev_per_atom"}
        assert energies(load_phases(path, columns=chosen))["Li2O"] == -2.05
        with pytest.raises(InputFileError, match="'formulla' is no column of licoat; did you mean 'formula'"):
            load_phases(path, columns={"comp.": "formulla"})
        with pytest.raises(InputFileError, match="no column 'Eff'; did you mean 'Ef'"):
            load_phases(path, columns={"Eff": "formula"})
        with pytest.warns(UserWarning, match=r"bulk_moduls_gpa .did you mean 'bulk_modulus_gpa'"):
            load_phases(write("f.csv", HEADER + ",bulk_moduls_gpa\nLi2O,-2,80\n"))

    def test_uncorrected_energies_of_oxides_with_u(self, write):
        rows = "\nLi2O,-4.7\nFeO,-6\nLi,-1.9\nFe,-8\nO2,-4.9\n"
        with pytest.raises(IncompatibleEnergiesError, match=r"\+U of FeO"):
            load_phases(write("e.csv", "formula,uncorrected_energy_per_atom" + rows))

    def test_excel_parquet_and_gzipped_csv(self, tmp_path, write):
        rows = [["formula", "formation_energy_per_atom", "band_gap"], ["Li2O", -2.05, 5.0], ["Na", 0, None]]
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(tmp_path / "t.xlsx")
        frame = pd.DataFrame(rows[1:], columns=rows[0])
        frame.to_parquet(tmp_path / "t.parquet")
        write("t.csv.gz", gzip.compress(frame.to_csv(index=False).encode()))
        for name in ("t.xlsx", "t.parquet", "t.csv.gz"):
            table = load_phases(tmp_path / name)
            assert energies(table) == {"Li2O": -2.05, "Na": 0.0, "Li": 0.0, "O2": 0.0}, name
            assert table.phase(0).band_gap_ev == 5.0


class TestHostile:
    @pytest.mark.parametrize("name", ["this.json", "evilmod.json"])
    def test_nothing_is_imported(self, name):
        code = (
            "import sys; from licoat.structures import load_phases; "
            f"print(len(load_phases({str(FIELD / name)!r}))); assert not {{'this', 'evilmod'}} & set(sys.modules)"
        )
        done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "6\n"), done.stderr[-300:]

    @pytest.mark.parametrize("name", ["ctrl.csv", "excel.csv"])
    def test_texts_hold_no_control_characters(self, name):
        table = load_phases(FIELD / name)
        assert energies(table)["Sb2O3"] == -1.4
        assert all(text.isprintable() for column in ("phase_id", "band_gap_source") for text in table.text(column))

    def test_decompression_is_bounded(self, write, monkeypatch):
        monkeypatch.setattr(entries_module, "MOST_JSON_BYTES", 10_000)
        path = write("e.json.gz", gzip.compress(b" " * 10_000_000 + b"[]"))
        with pytest.raises(InputFileError, match=r"more than .* MB"):
            load_phases(path)

    @pytest.mark.parametrize(
        "text",
        [
            "[" * 100_000,
            '[{"a":' * 50_000,
            '[{"composition": {"Li": 1}, "energy": ' + "9" * 5000 + "}]",
            '[{"composition": {"Li": 1}, "energy": -1, "correction": ' + "9" * 300 + "}]",
            '[{"composition": {"' + "L" * 9000 + '": 1}, "energy": -1}]',
            '[{"composition": "' + "Li" * 9000 + '", "energy": -1}]',
            '[{"composition": {"Li": 1}, "energy": "' + "x" * 9000 + '"}]',
            '[{"composition": {"Li": 1}, "energy": -1, "energy_adjustments": "all"}]',
            '[{"composition": {"Li": 1}, "energy": -1, "energy_adjustments": [{"name": {}, "value": []}]}]',
            '[{"composition": {"Li": 1}, "energy": -1, "parameters": {"hubbards": {"Li": "x"}}}]',
            '[{"composition": {"Li": 1}, "energy": true}]',
            '[{"composition": {"Li": 1}, "energy": -1, "structure": "x"}]',
            '{"a": {"b": {"c": {"d": 1}}}}',
            '[{"formula": "Li2O", "formation_energy_per_atom": {"a": 1}}]',
            '[{"formula": ["Li2O"], "formation_energy_per_atom": -2}]',
            '{"computed_data": {"all_entries": [1]}}',
            '{"@class": "GrandPotentialPhaseDiagram", "all_entries": []}',
            '[{"@class": "ExpEntry", "composition": {"Li": 1}, "thermodata": [{"type": "fH", "value": "x"}]}]',
            '[{"@class": "GibbsComputedStructureEntry", "composition": {"Li": 1}, "energy": 0, "temp": "hot"}]',
            '{"a": 1}\n{"b": 2}\n',
            "\x00",
            '"text"',
        ],
    )
    def test_refused_in_one_short_line(self, write, text):
        with pytest.raises(LicoatError) as caught:
            load_phases(write("e.json", text))
        message = str(caught.value)
        assert len(message.replace(str(write("e.json", text)), "")) < 300
        assert "\n" not in message
        assert "Error" not in message.replace("ComputedEntry", "")

    @pytest.mark.parametrize("content", [b"PK\x03\x04nothing", b"", b"formula,energy\n"])
    @pytest.mark.parametrize("name", ["t.xlsx", "t.parquet", "t.csv.gz"])
    def test_damaged_tables(self, write, name, content):
        with pytest.raises(LicoatError) as caught:
            load_phases(write(name, content))
        assert len(str(caught.value)) < 400

    def test_a_giant_number_is_no_energy(self, write):
        with pytest.raises(InputFileError, match="finite"):
            load_phases(write("e.csv", HEADER + "\nLi2O,1" + "0" * 350 + "\n"))
        with pytest.raises(InputFileError, match="5001 digits"):
            parse_json(b"[1" + b"0" * 5000 + b"]", "x")
