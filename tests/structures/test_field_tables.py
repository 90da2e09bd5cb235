"""Tables and entries in units and styles that people use: the right numbers, or the unit that they look like."""

import json
import warnings
from typing import NamedTuple

import pandas as pd
import pytest
from pymatgen.analysis.phase_diagram import PhaseDiagram
from pymatgen.core import Composition
from pymatgen.entries.compatibility import MaterialsProject2020Compatibility
from pymatgen.entries.computed_entries import ComputedEntry

from licoat.structures import IncompatibleEnergiesError, InputFileError, load_phases
from licoat.thermo import lithiate_many

KJ = 96.48533212331  # kJ/mol in 1 eV, CODATA 2018
CM3 = 0.602214076  # cm3/mol in 1 A3 per formula unit
ROWS = {  # formula: eV/atom, A3/atom, atoms, bulk and shear modulus in GPa; rounded from handbooks
    "Li2O": (-2.066, 8.2, 3, 82.0, 70.0),
    "Sb2O3": (-1.46, 17.3, 5, 20.0, 15.0),
    "Li3Sb": (-0.85, 17.0, 4, 33.0, 26.0),
    "MgO": (-3.1, 9.3, 2, 163.0, 131.0),
}


class Row(NamedTuple):
    """One row of `ROWS`: eV/atom, A3/atom, atoms per formula unit, GPa."""

    e: float
    v: float
    n: int
    k: float
    g: float


EXACT = "formula,formation_energy_ev_per_atom"


@pytest.fixture
def table(tmp_path):
    """Write a table: header and a function of one row of `ROWS`; return what is read."""

    def make(header, cells, formulas=tuple(ROWS), **options):
        lines = [header, *(",".join(map(str, (formula, *cells(Row(*ROWS[formula]))))) for formula in formulas)]
        path = tmp_path / "t.csv"
        path.write_text("\n".join(lines) + "\n")
        return load_phases(path, **options)

    return make


@pytest.mark.parametrize(
    ("heading", "factor"),
    [
        ("Volume (cm3/mol)", lambda r: r.n * CM3),
        ("Molar volume [cm^3 mol^-1]", lambda r: r.n * CM3),
        ("volume_cm3_per_mol", lambda r: r.n * CM3),
        ("Volume (Å^3/f.u.)", lambda r: r.n),
        ("volume_per_atom (Å³)", lambda _: 1.0),
        ("volume_nm3_per_atom", lambda _: 1e-3),
    ],
)
def test_volumes_by_the_unit_of_their_heading(table, heading, factor):
    found = table(f"{EXACT},{heading}", lambda r: (r.e, r.v * factor(r)))
    for phase in found:
        if phase.formula in ROWS:
            assert phase.volume_a3_per_atom == pytest.approx(ROWS[phase.formula][1], rel=1e-9)


@pytest.mark.parametrize(
    ("unit", "factor"), [("Mbar", 0.01), ("kbar", 10.0), ("N/m2", 1e9), ("Pa", 1e9), ("MPa", 1e3), ("GPa", 1.0)]
)
def test_moduli_by_the_unit_of_their_heading(table, unit, factor):
    header = f"{EXACT},Bulk modulus ({unit}),shear_modulus [{unit}]"
    found = table(header, lambda r: (r.e, r.k * factor, r.g * factor))
    for phase in found:
        if phase.formula in ROWS:
            assert (phase.bulk_modulus_gpa, phase.shear_modulus_gpa) == pytest.approx(ROWS[phase.formula][3:])


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("volume_a3_per_atom", lambda r: r.v * r.n * CM3, r"cm3/mol \(of formula units\)"),
        ("volume_a3_per_atom", lambda r: r.v * r.n, "A3 per formula unit"),
        ("volume_a3_per_atom", lambda r: r.v * CM3, r"cm3/mol \(of atoms\)"),
        ("volume_a3_per_atom", lambda r: r.v * 1e-3, "nm3"),
        ("bulk_modulus_gpa", lambda r: r.k / 100.0, "Mbar"),
        ("bulk_modulus_gpa", lambda r: r.k * 10.0, "kbar"),
        ("bulk_modulus_gpa", lambda r: r.k * 1e9, "Pa"),
    ],
)
def test_another_unit_under_the_exact_heading_is_named(table, column, cell, words):
    with pytest.raises(InputFileError, match=f"{column} .*looks like {words}"):
        table(f"{EXACT},{column}", lambda r: (r.e, cell(r)))


@pytest.mark.parametrize("formulas", [("Sb2O3", "Li3Sb"), ("Li3Sb",)])
@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (lambda r: r.e * r.n, "eV per formula unit"),
        (lambda r: r.e * KJ, r"kJ/mol \(of atoms\)"),
        (lambda r: -r.e, "energies with the sign turned"),
        (lambda r: r.e * 1000.0, "meV/atom"),
    ],
)
def test_energies_in_another_unit_without_lithium_oxide(table, formulas, cell, words):
    """In range some of them, and yet told by the measured enthalpies."""
    with pytest.raises(InputFileError, match=f"looks like {words}"):
        table(EXACT, lambda r: (cell(r),), formulas)


def test_total_energies_as_formation_energies(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(f"{EXACT}\nSb2O3,-5.9\nMgO,-5.95\nAl2O3,-5.99\n")
    with pytest.raises(InputFileError, match=r"looks like (total energies|eV per)"):
        load_phases(path)


def test_a_heading_without_a_unit_is_taken_as_ev_per_atom_and_told(table):
    with pytest.warns(UserWarning, match="'Formation Energy' names no unit, taken as eV/atom"):
        found = table("Formula,Formation Energy", lambda r: (r.e,))
    assert found.phase(found.rows_of("MgO")[0]).formation_energy_ev_per_atom == -3.1
    with pytest.warns(UserWarning, match="names no unit"), pytest.raises(InputFileError, match="looks like kJ/mol"):
        table("formula,formation_enthalpy", lambda r: (r.e * r.n * KJ,))


def test_energies_of_cells_need_their_atoms(table):
    found = table("formula,Formation energy (eV/cell),nsites", lambda r: (r.e * 4 * r.n, 4 * r.n))
    assert found.phase(found.rows_of("Sb2O3")[0]).formation_energy_ev_per_atom == pytest.approx(-1.46)
    with pytest.raises(InputFileError, match="per cell; give the column n_sites"):
        table("formula,Formation energy (eV/cell)", lambda r: (r.e * r.n,))
    with pytest.warns(UserWarning, match="volumes of cells not used: the column n_sites is missing"):
        table(f"{EXACT},volume", lambda r: (r.e, r.v * r.n))


def test_gibbs_energies_by_their_heading(table):
    found = table("formula,dGf298_kJ_mol", lambda r: (0.94 * r.e * r.n * KJ,))
    assert found.energy_kind == "Gibbs energy at 298.15 K"
    assert found.phase(found.rows_of("Li2O")[0]).formation_energy_ev_per_atom == pytest.approx(0.94 * -2.066)
    with pytest.raises(InputFileError, match="without a temperature; give the column temperature_k"):
        table("formula,gibbs_energy_of_formation_kj_per_mol", lambda r: (r.e * r.n * KJ,))


def test_documents_that_pandas_wrote(tmp_path):
    """Cells of dictionaries, as of `pd.DataFrame([doc.model_dump() for doc in docs])`."""
    document = {
        "material_id": "mp-1", "composition": {"Li": 2.0, "O": 1.0}, "nsites": 3, "volume": 24.9,
        "symmetry": {"crystal_system": "Cubic", "symbol": "Fm-3m", "number": 225}, "energy_per_atom": -4.7,
        "formation_energy_per_atom": -2.05, "band_gap": 5.0,
        "bulk_modulus": {"voigt": 80.0, "reuss": 80.0, "vrh": 80.0},
        "shear_modulus": {"voigt": -9.0, "reuss": -12.0, "vrh": -10.5},  # an unstable cell: unknown, not refused
    }  # fmt: skip
    frame = pd.DataFrame([document])
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    (tmp_path / "t.json").write_text(json.dumps([document]))
    for name in ("t.csv", "t.parquet", "t.json"):
        phase = load_phases(tmp_path / name)["mp-1"]
        assert (phase.formula, phase.formation_energy_ev_per_atom, phase.space_group_number) == ("Li2O", -2.05, 225)
        assert phase.volume_a3_per_atom == pytest.approx(8.3)
        assert (phase.bulk_modulus_gpa, phase.shear_modulus_gpa) == (80.0, None), name


def test_few_impossible_moduli_are_unknown_and_many_refuse_the_file(table):
    with pytest.warns(UserWarning, match=r"1 phase with a number taken as unknown: MgO-1 MgO has bulk_modulus_gpa -12"):
        found = table(f"{EXACT},bulk_modulus_gpa", lambda r: (r.e, -12.0 if r.k == 163.0 else r.k))
    assert found["MgO-1"].bulk_modulus_gpa is None
    assert found["Li2O-1"].bulk_modulus_gpa == 82.0
    assert set(found.manifest.details["taken_as_unknown"]) == {"MgO-1"}
    with pytest.raises(InputFileError, match=r"bulk_modulus_gpa -12.*4 such phases"):
        table(f"{EXACT},bulk_modulus_gpa", lambda r: (r.e, -12.0))


@pytest.mark.parametrize("mark", ["\N{MINUS SIGN}2.066", " -2.066 ", "-2.066\N{NO-BREAK SPACE}"])
def test_numbers_as_word_processors_write_them(tmp_path, mark):
    path = tmp_path / "t.csv"
    path.write_text(f"# from a paper\n# second remark\n{EXACT}\nLi2O,{mark}\n", encoding="utf-8")
    assert load_phases(path).phase(0).formation_energy_ev_per_atom == -2.066


def test_a_decimal_comma_between_commas_is_told(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(f'{EXACT}\nLi2O,"-2,066"\n')
    with pytest.raises(InputFileError, match=r"line 2: .*'-2,066': write a decimal point, or separate"):
        load_phases(path)


def test_rows_that_stand_twice(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(f"phase_id,{EXACT}\na,Li2O,-2.06\nb,Sb2O3,-1.4\na,Li2O,-2.06\n")
    assert load_phases(path).text("phase_id")[:2] == ("a", "b") or len(load_phases(path)) == 5
    path.write_text(f"phase_id,{EXACT}\na,Li2O,-2.06\na,Li2O,-2.05\n")
    with pytest.raises(InputFileError, match="'a' stands twice"):
        load_phases(path)


def test_five_thousand_rows(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(f"{EXACT}\nLi2O,-2.06\n" + "".join(f"Li{i}Sb{5001 - i},-0.3\n" for i in range(1, 5000)))
    assert len(load_phases(path)) == 5000 + 3


def entry(formula, energy, correction=0.0, run_type="GGA", **more):
    composition = Composition(formula)
    named = {"value": correction, "name": more.pop("name", "MP2020 anion correction (oxide)")}
    return {
        "entry_id": f"{formula}-e", "composition": composition.as_dict(), "energy": energy,
        "energy_adjustments": [named] if correction else [], "parameters": {"run_type": run_type, **more},
    }  # fmt: skip


SOUND = (("Li", -1.9, 0.0), ("O2", -9.9, 0.0), ("Li2O", -14.3, -0.687), ("Mg", -1.5, 0.0), ("MgO", -12.1, -0.687))


@pytest.fixture
def entries(tmp_path):
    def load(listed, **options):
        path = tmp_path / "e.json"
        path.write_text(json.dumps(listed))
        return load_phases(path, **options)

    return load


class TestEntries:
    @pytest.mark.parametrize(("unit", "factor"), [("meV", 1e3), ("kJ/mol", KJ), ("hartree", 1 / 27.211386)])
    def test_corrections_in_another_unit(self, entries, unit, factor):
        listed = [entry(f, e * factor, c * factor) for f, e, c in SOUND]
        with pytest.raises(IncompatibleEnergiesError, match=f"looks like {unit}, entries are in eV"):
            entries(listed)

    def test_raw_energies_in_another_unit(self, entries):
        with pytest.raises(InputFileError, match="looks like kJ/mol"):
            entries([entry(f, e * KJ) for f, e, _ in SOUND])

    def test_energies_per_atom_of_whole_cells(self, entries):
        with pytest.raises(InputFileError, match=r"Li2O has .* expected -2.6 to -1.2"):
            entries([entry(f, e / Composition(f).num_atoms) for f, e, _ in SOUND])

    def test_corrected_before(self, entries):
        with pytest.raises(IncompatibleEnergiesError, match=r"Li2O has -2.308.*were the energies corrected before"):
            entries([entry(f, e + c) for f, e, c in SOUND], correct="mp2020")

    def test_oxygen_of_an_older_scheme(self, entries):
        listed = [entry(f, e, 1.36 if f == "O2" else c) for f, e, c in SOUND]
        with pytest.raises(IncompatibleEnergiesError, match=r"O2-e \(O2\) carries \+0.680 eV/atom"):
            entries(listed)

    def test_another_u_is_no_matter_of_corrections(self, entries):
        listed = [entry(f, e, c) for f, e, c in SOUND] + [entry("Fe", -8.3)]
        listed.append(entry("FeO", -13.0, -0.687, "GGA+U", hubbards={"Fe": 4.0}))
        with pytest.raises(
            IncompatibleEnergiesError, match=r"FeO-e .*U of Fe 4 eV.*leave them out or compute"
        ) as caught:
            entries(listed)
        assert len(str(caught.value)) < 300

    @pytest.mark.parametrize(("kind", "value"), [("peroxide", -0.465), ("superoxide", -0.161)])
    def test_oxide_types(self, entries, kind, value):
        listed = [entry(f, e, c) for f, e, c in SOUND]
        peroxide = entry("Li2O2", -19.2, 2 * value, name=f"MP2020 anion correction ({kind})")
        assert entries([*listed, peroxide]).scheme == "pbe+u/mp2020"
        wrong = entry("Li2O2", -19.2, 2 * -0.687) | {"data": {"oxide_type": kind}}
        with pytest.raises(IncompatibleEnergiesError, match=r"Li2O2-e \(Li2O2\) carries -0.344"):
            entries([*listed, wrong])

    def test_joined_files_have_their_elements_twice(self, entries):
        listed = [entry(f, e, c) for f, e, c in SOUND]
        assert len(entries([*listed, *listed[:3]])) == 5


def test_end_states_of_corrected_entries_are_pymatgens(entries):
    """Raw entries made of the embedded table, corrected on loading: every oxide's end state by pymatgen's own hull."""
    raw = load_phases("builtin", scheme="none")
    wanted = {"Li", "O", "Fe", "Mn", "P"}
    made = []
    for phase in raw:
        composition = Composition(phase.formula)
        if {e.symbol for e in composition} <= wanted:
            plus_u = {"Fe": 5.3, "Mn": 3.9} if "O" in composition and len(composition) > 1 else {}
            hubbards = {symbol: u for symbol, u in plus_u.items() if symbol in composition}
            run = "GGA+U" if hubbards else "GGA"
            energy = phase.energy_ev_per_atom * composition.num_atoms
            parameters = {"run_type": run, "hubbards": hubbards}
            data = {"oxidation_states": {}} | ({"oxide_type": "oxide"} if "O" in composition else {})
            made.append(ComputedEntry(composition, energy, entry_id=phase.phase_id, parameters=parameters, data=data))
    listed = [e.as_dict() for e in made]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = MaterialsProject2020Compatibility(check_potcar=False).process_entries(made, on_error="raise")
    diagram = PhaseDiagram(done)
    table = entries(json.loads(json.dumps(listed, default=str)), correct="mp2020")
    energies = {e.entry_id: diagram.get_form_energy_per_atom(e) for e in done}
    for phase in table:
        assert phase.formation_energy_ev_per_atom == pytest.approx(energies[phase.phase_id], abs=1e-9)
    oxides = [
        f for f in table.formulas if "O" in Composition(f) and len(Composition(f)) > 1 and "Li" not in Composition(f)
    ]
    assert len(oxides) >= 9
    reference = {element: diagram.el_refs[element].energy_per_atom for element in diagram.elements}
    for path in lithiate_many(oxides, table):
        composition = Composition(path.oxide)
        mixture = composition + Composition({"Li": 60 * composition.num_atoms})
        lowest = diagram.get_hull_energy(mixture) - sum(n * reference[e] for e, n in mixture.items())
        expected = lowest - energies[path.phase_id] * composition.num_atoms
        assert path.final.energy_ev_per_fu == pytest.approx(expected, abs=1e-6), path.oxide
