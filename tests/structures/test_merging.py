"""Energies of a file in another table: right where both are on one scale, refused in one line where they are not."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from licoat.structures import IncompatibleEnergiesError, InputFileError, LicoatError, MissingDataError, load_phases
from licoat.structures.phases.merging import add_energies, holds_energies
from licoat.thermo import lithiate, react

FIELD = Path(__file__).parent / "field"
FORMATION = "formation_energy_ev_per_atom"
MP2020_O_EV = -0.687
"""MP2020 correction of an oxide per O atom, Wang et al., Sci. Rep. 11, 15496 (2021)."""


@pytest.fixture(autouse=True)
def _notes_are_no_errors():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*where both have a compound")
        yield


def table(path, *rows, heading="formula,formation_energy_ev_per_atom,scheme"):
    path.write_text("\n".join([heading, *rows]) + "\n")
    return path


def entries(path, energies, **more):
    """Entries of raw GGA energies, eV of the composition as written."""
    listed = [
        {"entry_id": name, "composition": name, "energy": energy, "parameters": {"run_type": "GGA", "hubbards": {}}}
        | more
        for name, energy in energies.items()
    ]
    path.write_text(json.dumps(listed))
    return path


ELEMENTS = {"Li": -1.90, "Sb": -4.14, "O2": -9.90}
COMPOUNDS = {"Li2O": -14.31, "Li3Sb": -12.57, "Sb2O3": -30.1}


class TestFormationEnergies:
    def test_they_stand_there_as_given_with_what_the_table_says_of_such_phases(self, builtin, tmp_path):
        file = table(tmp_path / "mine.csv", "Sb2O3,-1.70,pbe+u/mp2020", "Sb8O19,-1.5,pbe+u/mp2020")
        joined, ids = add_energies(builtin, file)
        assert ids == ("Sb2O3-1", "Sb8O19-1")
        assert len(joined) == len(builtin) + 2  # Sb and O2 are there
        mine, other = (joined[name] for name in ids)
        assert mine.formation_energy_ev_per_atom == -1.70
        assert mine.energy_ev_per_atom is None
        assert mine.energy_source == "mine.csv (pbe+u/mp2020)"
        assert mine.energy_sigma_ev_per_atom == builtin.phase(builtin.rows_of("Sb2O3")[0]).energy_sigma_ev_per_atom
        assert (mine.existence, other.existence) == ("observed", "predicted")
        assert joined.scheme == builtin.scheme
        assert joined.manifest.details["added"][0]["n_phases"] == 2

    def test_nothing_changes_for_what_was_there(self, builtin, tmp_path):
        joined, _ = add_energies(builtin, table(tmp_path / "mine.csv", "Sb8O19,-1.5,pbe+u/mp2020"))
        np.testing.assert_array_equal(joined.column(FORMATION)[: len(builtin)], builtin.column(FORMATION))
        assert lithiate("SnO2", joined).final.energy_ev_per_fu == lithiate("SnO2", builtin).final.energy_ev_per_fu

    def test_a_reaction_takes_the_new_energy(self, builtin, tmp_path):
        """By Hess: an oxide 0.1 eV/atom lower gives 5 x 0.1 eV less heat per Sb2O3."""
        own = builtin.phase(builtin.rows_of("Sb2O3")[0]).formation_energy_ev_per_atom
        joined, (name,) = add_energies(builtin, table(tmp_path / "mine.csv", f"Sb2O3,{own - 0.1},pbe+u/mp2020"))
        equation = "Sb2O3 + Li -> Li3Sb + Li2O"
        before = react(equation, builtin, phase_ids={"Sb2O3": builtin.text("phase_id")[builtin.rows_of("Sb2O3")[0]]})
        after = react(equation, joined, phase_ids={"Sb2O3": name})
        assert after.energy_ev_per_fu - before.energy_ev_per_fu == pytest.approx(0.5, abs=1e-9)

    def test_an_element_that_the_table_lacks_comes_with_its_zero(self, builtin, tmp_path):
        assert "Xe" not in builtin.symbols
        joined, _ = add_energies(builtin, table(tmp_path / "mine.csv", "XeO3,1.0,pbe+u/mp2020"))
        assert joined.phase(joined.rows_of("Xe")[0]).formation_energy_ev_per_atom == 0.0

    def test_a_polymorph_of_an_element_stays_above_it(self, builtin, tmp_path):
        file = table(tmp_path / "mine.csv", "Sb,0.03,pbe+u/mp2020", "Sb,0,pbe+u/mp2020")
        joined, ids = add_energies(builtin, file)
        assert [joined[name].formation_energy_ev_per_atom for name in ids] == [0.03]

    def test_measured_enthalpies_join_measured_ones(self, tmp_path):
        measured = load_phases("measured")
        file = table(tmp_path / "h.csv", "Li3Bi,-231", heading="formula,formation enthalpy (kJ/mol)")
        joined, (name,) = add_energies(measured, file)
        assert joined[name].formation_energy_ev_per_atom == pytest.approx(-231 / 96.485 / 4, abs=1e-4)

    def test_an_identifier_that_is_taken_gets_the_name_of_the_file_before_it(self, builtin, tmp_path):
        heading = "material_id,formula,formation_energy_ev_per_atom,scheme"
        file = table(tmp_path / "mine.csv", "mp-1960,Li2O,-2.05,PBE+U/MP2020", heading=heading)
        joined, ids = add_energies(builtin, file)
        assert ids == ("mine:mp-1960",)
        assert joined["mp-1960"].formation_energy_ev_per_atom == builtin["mp-1960"].formation_energy_ev_per_atom
        with pytest.raises(InputFileError, match="there is a phase 'mine:mp-1960' already; rename the file"):
            add_energies(joined, file)


class TestTotalEnergies:
    def test_corrected_entries_with_their_own_elements(self, builtin, tmp_path):
        joined, ids = add_energies(builtin, entries(tmp_path / "e.json", ELEMENTS | COMPOUNDS), correct="mp2020")
        assert set(ids) == {"Li2O", "Li3Sb", "Sb2O3"}
        wanted = (-14.31 + MP2020_O_EV + 2 * 1.90 + 9.90 / 2) / 3
        assert joined["Li2O"].formation_energy_ev_per_atom == pytest.approx(wanted, abs=1e-6)

    def test_elements_of_another_program_are_no_zero(self, builtin, tmp_path):
        with pytest.raises(MissingDataError, match=r"no energy of the elements Li, O, and the elements of builtin"):
            add_energies(builtin, entries(tmp_path / "e.json", {"Li2O": -14.31}), correct="mp2020")

    def test_two_files_of_one_scheme_are_as_good_as_one(self, tmp_path):
        whole = load_phases(entries(tmp_path / "all.json", ELEMENTS | COMPOUNDS))
        first = load_phases(entries(tmp_path / "first.json", ELEMENTS | {"Li2O": COMPOUNDS["Li2O"]}))
        rest = {name: COMPOUNDS[name] for name in ("Li3Sb", "Sb2O3")}
        for file in (entries(tmp_path / "bare.json", rest), entries(tmp_path / "own.json", ELEMENTS | rest)):
            joined, ids = add_energies(first, file)
            assert set(ids) == set(rest)
            for name in COMPOUNDS:
                assert joined[name].formation_energy_ev_per_atom == pytest.approx(
                    whole[name].formation_energy_ev_per_atom, abs=1e-12
                )

    def test_an_element_with_another_energy_tells_that_the_zero_is_another(self, tmp_path):
        first = load_phases(entries(tmp_path / "first.json", ELEMENTS | COMPOUNDS))
        file = entries(tmp_path / "e.json", {"Sb": -4.34, "Li5Sb2": -24.0})
        with pytest.raises(MissingDataError, match="no energy of the element Li"):
            add_energies(first, file)

    def test_the_halves_of_a_snapshot_make_the_whole(self, builtin, tmp_path):
        zero = (builtin.counts.n_elements() == 1) & (builtin.column(FORMATION) == 0.0)
        elements, rest = np.flatnonzero(zero), np.flatnonzero(~zero)
        builtin.subset([*elements, *rest[::2]]).save(tmp_path / "a.parquet")
        builtin.subset([*elements, *rest[1::2]]).save(tmp_path / "b.parquet")
        joined, _ = add_energies(load_phases(tmp_path / "a.parquet"), tmp_path / "b.parquet")
        assert len(joined) == len(builtin)
        for oxide in ("Sb2O3", "SnO2", "ZnO", "Bi2O3"):
            one, other = lithiate(oxide, joined), lithiate(oxide, builtin)
            assert one.final.energy_ev_per_fu == pytest.approx(other.final.energy_ev_per_fu, abs=1e-9)


class TestRefusals:
    @pytest.mark.parametrize("scheme", ["hybrid", "fitted"])
    def test_two_levels_of_theory(self, scheme, tmp_path):
        file = table(tmp_path / "mine.csv", "Sb2O3,-1.7,pbe+u/mp2020")
        with pytest.raises(IncompatibleEnergiesError, match=r"two levels of theory.*give --scheme mp2020$"):
            add_energies(load_phases("builtin", scheme=scheme), file)

    @pytest.mark.parametrize("scheme", ["none", "r2scan"])
    def test_other_schemes_of_builtin(self, scheme, tmp_path):
        file = table(tmp_path / "mine.csv", "Sb2O3,-1.7,pbe+u/mp2020")
        with pytest.raises(IncompatibleEnergiesError, match="one hull needs one scheme; --scheme mp2020 takes"):
            add_energies(load_phases("builtin", scheme=scheme), file)

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("r02_gibbs_1000K.json", "holds Gibbs energy at 1000 K, builtin energy at 0 K"),
            ("r03_r2scan_mixing_upper_case.json", "scheme 'gga_gga.u_r2scan/mixed'"),
            ("r04_legacy_gas_and_u_corrections.json", "scheme 'pbe.u/mp-gas'.*--correct mp2020"),
            ("r10_phase_diagram.json", "scheme 'pbe/none'.*--correct mp2020"),
            ("r11_pdentries.json", "scheme 'unknown/none'"),
            ("r25_semicolon_decimal_comma.csv", "does not say of which scheme.*'scheme'"),
            ("r26_mp_summary.csv", "does not say of which scheme.*'scheme'"),
            ("r01_raw_gga_and_ggau.json", "--correct mp2020"),
            ("r07_kj_per_mol.csv", "looks like kJ/mol"),
            ("r30_one_computed_structure_entry.json", "add entries of them, or give structures alone"),
        ],
    )
    def test_files_of_strangers(self, builtin, name, reason):
        with pytest.raises(LicoatError, match=reason) as caught:
            add_energies(builtin, FIELD / name)
        assert len(str(caught.value).replace(str(FIELD), "")) <= 300

    def test_enthalpies_are_no_energies(self, builtin, tmp_path):
        file = table(tmp_path / "h.csv", "Li3Bi,-231", heading="formula,formation enthalpy (kJ/mol)")
        with pytest.raises(IncompatibleEnergiesError, match=r"holds enthalpy at 298 K.*or add enthalpies to"):
            add_energies(builtin, file)

    def test_energies_that_are_not_what_they_say(self, builtin, tmp_path):
        """Raw PBE energies of oxides, called corrected: each O lacks 0.687 eV, the oxides 0.2 to 0.5 eV/atom."""
        rows = []
        for formula in ("Li2O", "Sb2O3", "SnO2", "ZnO"):
            i = builtin.rows_of(formula)[0]
            oxygen = builtin[builtin.text("phase_id")[i]].formula.count("O") and {"Sb2O3": 3, "SnO2": 2}.get(formula, 1)
            energy = builtin.column(FORMATION)[i] - MP2020_O_EV * oxygen / builtin.atoms[i]
            rows.append(f"{formula},{energy},pbe+u/mp2020")
        with pytest.raises(IncompatibleEnergiesError, match=r"4 compounds lie 0\.[23].*where 0\.01 to 0\.05 is usual"):
            add_energies(builtin, table(tmp_path / "raw.csv", *rows))

    def test_raw_energies_with_and_without_u_in_two_files(self, tmp_path):
        first = load_phases(entries(tmp_path / "first.json", ELEMENTS | COMPOUNDS | {"Fe": -8.3}))
        with pytest.raises(IncompatibleEnergiesError, match=r"FeO.*Hubbard U: put all entries into one"):
            add_energies(first, entries(tmp_path / "e.json", {"FeO": -13.0}))

    def test_elements_alone(self, builtin, tmp_path):
        with pytest.raises(InputFileError, match="only elements, all of them in builtin"):
            add_energies(builtin, table(tmp_path / "mine.csv", "Sb,0,pbe+u/mp2020"))


def test_how_far_both_lie_apart_is_said(builtin, tmp_path):
    own = builtin.column(FORMATION)[builtin.rows_of("Li2O")[0]]
    file = table(tmp_path / "mine.csv", f"Li2O,{own + 0.02},pbe+u/mp2020")
    with pytest.warns(UserWarning, match=r"have a compound \(1\) they lie 0\.020 eV/atom apart .*Li2O \(\+0\.020\)"):
        joined, _ = add_energies(builtin, file)
    assert joined.manifest.details["added"][0]["median_difference_ev_per_atom"] == pytest.approx(0.02, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "energies"),
    [
        ("r26_mp_summary.csv", True),
        ("r13_entries.jsonl", True),
        ("r10_phase_diagram.json", True),
        ("r30_one_computed_structure_entry.json", True),
        ("r23_ase.json", False),
        ("r22_ase.db", False),
        ("r21_two.extxyz", False),
        ("r17_third_written_0.333.cif", False),
    ],
)
def test_which_files_hold_energies(name, energies):
    assert holds_energies(FIELD / name) is energies
