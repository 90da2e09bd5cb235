"""Phases of one's own in a table: on its scheme, with its zero, and screened with the rest."""

import json
import warnings

import numpy as np
import pytest

from licoat.structures import (
    IncompatibleEnergiesError,
    InputFileError,
    MissingDataError,
    NotConvergedError,
    PhaseTable,
    load_phases,
)
from licoat.structures.crystals.calculators import calculator_spec
from licoat.structures.crystals.crystal import Crystal
from licoat.structures.crystals.relaxation import RelaxationSettings
from licoat.thermo import lithiate
from licoat.workflows.calculations.addition import add_structures
from licoat.workflows.calculations.dataset import build_dataset
from licoat.workflows.calculations.engines import open_engine
from licoat.workflows.calculations.seeds import Seed
from licoat.workflows.calculations.store import Store

FCC = ((0.0, 0.0, 0.0), (0.0, 0.5, 0.5), (0.5, 0.0, 0.5), (0.5, 0.5, 0.0))


def cubic(a, *species):
    return Crystal(((a, 0.0, 0.0), (0.0, a, 0.0), (0.0, 0.0, a)), species, FCC[: len(species)])


def cif(path, crystal):
    from pymatgen.core import Structure

    Structure(crystal.lattice, list(crystal.species), crystal.frac_coords).to(filename=str(path))
    return path


@pytest.fixture(scope="module")
def alloys(tmp_path_factory):
    """A table of copper and gold in EMT."""
    seeds = [Seed("cu", cubic(3.6, *["Cu"] * 4)), Seed("au", cubic(4.1, *["Au"] * 4))]
    folder = tmp_path_factory.mktemp("alloys")
    build_dataset(seeds, calculator_spec("emt"), folder, open_engine())
    return PhaseTable.load(folder / "phases.parquet")


def add(phases, files, tmp_path, calculator="emt", **options):
    return add_structures(
        phases,
        files,
        calculator_spec(calculator),
        store=Store(tmp_path / "store"),
        open_engine=open_engine(),
        **options,
    )


class TestAlloysInEmt:
    def test_the_new_phase_is_what_a_build_with_it_gives(self, alloys, tmp_path):
        new = cubic(3.8, "Au", "Cu", "Cu", "Cu")
        joined, ids = add(alloys, [cif(tmp_path / "mine.cif", new)], tmp_path)
        seeds = [
            Seed("cu", cubic(3.6, *["Cu"] * 4)),
            Seed("au", cubic(4.1, *["Au"] * 4)),
            Seed("mine", new),
        ]
        build_dataset(seeds, calculator_spec("emt"), tmp_path / "all", open_engine())
        whole = PhaseTable.load(tmp_path / "all" / "phases.parquet")
        assert ids == ("mine",)
        assert len(joined) == 3
        for name in ("formation_energy_ev_per_atom", "volume_a3_per_atom"):
            # CIF prints 1e-8 of a lattice vector, and relaxations stop within their thresholds
            assert getattr(joined["mine"], name) == pytest.approx(getattr(whole["mine"], name), abs=1e-4)

    def test_the_same_element_again_is_at_zero(self, alloys, tmp_path):
        joined, _ = add(alloys, [cif(tmp_path / "copper.cif", cubic(3.65, *["Cu"] * 4))], tmp_path)
        assert joined["copper"].formation_energy_ev_per_atom == pytest.approx(0.0, abs=2e-4)  # thresholds
        assert np.nanmin(joined.column("formation_energy_ev_per_atom")) == 0.0

    def test_displaced_simple_cubic_copper_falls_to_the_ground_state(self, alloys, tmp_path):
        file = cif(tmp_path / "cube.cif", cubic(2.4, "Cu"))
        high, _ = add(alloys, [file], tmp_path)
        low, _ = add(alloys, [file], tmp_path, displace=True)
        assert high["cube"].formation_energy_ev_per_atom > 0.3
        assert low["cube"].formation_energy_ev_per_atom == pytest.approx(0.0, abs=1e-3)
        assert low["cube"].volume_a3_per_atom == pytest.approx(alloys["cu"].volume_a3_per_atom, rel=5e-3)

    def test_displaced_that_does_not_converge_is_refused(self, alloys, tmp_path):
        relaxed, _ = add(alloys, [cif(tmp_path / "cube.cif", cubic(2.4, "Cu"))], tmp_path)
        a = relaxed["cube"].volume_a3_per_atom ** (1 / 3)
        file = cif(tmp_path / "again.cif", cubic(a, "Cu"))
        few = RelaxationSettings(max_steps=2)
        assert "again" in add(alloys, [file], tmp_path, settings=few)[0]
        with pytest.raises(NotConvergedError, match=r"again\.cif: cannot be added: not converged within 2 steps"):
            add(alloys, [file], tmp_path, settings=few, displace=True)

    def test_the_old_phases_do_not_change(self, alloys, tmp_path):
        joined, _ = add(alloys, [cif(tmp_path / "mine.cif", cubic(3.8, "Au", "Cu", "Cu", "Cu"))], tmp_path)
        for phase in alloys:
            assert joined[phase.phase_id].formation_energy_ev_per_atom == phase.formation_energy_ev_per_atom

    def test_another_scheme_is_refused(self, builtin, tmp_path):
        with pytest.raises(IncompatibleEnergiesError, match=r"emt/none.*sevennet-l3i5/mp2020"):
            add(builtin, [cif(tmp_path / "cu.cif", cubic(3.6, *["Cu"] * 4))], tmp_path)

    def test_an_element_that_the_table_lacks_is_named(self, alloys, tmp_path):
        with pytest.raises(MissingDataError, match=r"al\.cif: Al holds Al, of which"):
            add(alloys, [cif(tmp_path / "al.cif", cubic(4.0, *["Al"] * 4))], tmp_path)

    def test_a_name_that_is_taken_is_refused(self, alloys, tmp_path):
        with pytest.raises(InputFileError, match=r"there is a phase 'cu' already"):
            add(alloys, [cif(tmp_path / "cu.cif", cubic(3.6, *["Cu"] * 4))], tmp_path)

    def test_what_does_not_converge_is_not_added(self, alloys, tmp_path):
        file = cif(tmp_path / "far.cif", cubic(4.3, "Au", "Cu", "Cu", "Cu"))
        with pytest.raises(NotConvergedError, match=r"far\.cif: cannot be added: not converged within 1 steps"):
            add(alloys, [file], tmp_path, settings=RelaxationSettings(max_steps=1))


ROCK_SALT = (*FCC, *((x + 0.5, y, z) for x, y, z in FCC))


@pytest.fixture
def mgo(tmp_path):
    a = 4.35
    crystal = Crystal(((a, 0.0, 0.0), (0.0, a, 0.0), (0.0, 0.0, a)), ("Mg",) * 4 + ("O",) * 4, ROCK_SALT)
    return cif(tmp_path / "my_mgo.cif", crystal)


class TestOxidesInTheEmbeddedTable:
    @pytest.fixture(autouse=True)
    def _potential(self):
        pytest.importorskip("sevenn", reason="needs the extra mlip")

    @pytest.mark.parametrize("scheme", ["mp2020", "none"])
    def test_a_known_oxide_comes_out_as_it_stands_there(self, mgo, tmp_path, scheme):
        from licoat.structures import load_phases

        table = load_phases("builtin", scheme=scheme)
        joined, _ = add(table, [mgo], tmp_path, "sevennet")
        mine, own = joined["my_mgo"], table.phase(table.rows_of("MgO")[0])
        assert own.space_group_number == mine.space_group_number == 225
        # both relaxed to 0.1 GPa in a material of 134 GPa: 0.1 % in volume, far below 1 meV/atom
        assert mine.formation_energy_ev_per_atom == pytest.approx(own.formation_energy_ev_per_atom, abs=1e-3)
        assert mine.volume_a3_per_atom == pytest.approx(own.volume_a3_per_atom, rel=3e-3)
        assert mine.energy_sigma_ev_per_atom == own.energy_sigma_ev_per_atom

    def test_the_screen_shows_the_new_phase_as_the_one_that_reacts(self, mgo, tmp_path, run_json):
        store = tmp_path / "store"
        found = run_json("screen", "Sb2O3", "--add", mgo, "--store", store)
        phases = {oxide["formula"]: oxide["phase_id"] for oxide in found["oxides"]}
        assert set(phases) == {"Sb2O3", "MgO"}
        assert phases["MgO"] == "my_mgo"
        assert found["manifest"]["source"]["source"] == "builtin+added:my_mgo"

    def test_of_two_phases_of_one_formula_the_lower_reacts_and_both_are_named(self, mgo, tmp_path, run):
        cube = ((2.6, 0.0, 0.0), (0.0, 2.6, 0.0), (0.0, 0.0, 2.6))
        other = cif(tmp_path / "cscl.cif", Crystal(cube, ("Mg", "O"), (FCC[0], (0.5, 0.5, 0.5))))
        options = ("--store", tmp_path / "store", "--json")
        with warnings.catch_warnings():
            warnings.simplefilter("default")  # notes are warnings, which these tests take for errors
            status, out, err = run("screen", "MgO", "--add", other, "--add", mgo, *options)
        assert (status, err) == (0, "licoat: note: cscl: also MgO; my_mgo, the lowest of them, reacts\n")
        (oxide,) = json.loads(out)["oxides"]
        assert oxide["phase_id"] == "my_mgo"
        status, out, _ = run("screen", "MgO", "--add", other, *options)
        (oxide,) = json.loads(out)["oxides"]
        assert oxide["phase_choice"].startswith("chosen; by itself mp-1265 would react: observed at room temperature")
        assert oxide["above_hull_ev_per_atom"] > 0.5  # CsCl-type MgO: 0.75 eV/atom


def test_a_missing_file_is_one_line(run, tmp_path, monkeypatch):
    monkeypatch.setenv("LICOAT_DATA", str(tmp_path))
    status, out, err = run("screen", "Sb2O3", "--add", tmp_path / "no.cif")
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "no.cif" in err


class TestTwoLevelsOfTheory:
    """A structure joins the fitted energies with both levels."""

    def test_another_calculator_is_refused(self, tmp_path, run):
        file = cif(tmp_path / "cu.cif", cubic(3.6, *["Cu"] * 4))
        status, out, err = run("screen", "Sb2O3", "--add", file, "--calculator", "emt")
        assert (status, out) == (2, "")
        assert "one hull needs one scheme" in err

    def test_a_known_phase_comes_out_as_it_is(self, tmp_path):
        """The embedded SnO2, relaxed once more: the same energy on both levels, the same correction."""
        pytest.importorskip("sevenn")
        best = load_phases("builtin")
        known = best["mp-856"]
        crystal = Crystal.from_dict(json.loads(known.structure), "mine")
        joined, (phase_id,) = add(best, [cif(tmp_path / "mine.cif", crystal)], tmp_path, calculator="sevennet")
        assert (joined.scheme, joined.prefer, joined.has_two_levels) == ("fitted", "best", True)
        for elements in ({"Li", "Sn", "O"}, {"Li", "Sn", "O", "Fe"}):  # one system of each level
            level = joined.for_system(elements)
            mine, theirs = (level[i].formation_energy_ev_per_atom for i in (phase_id, "mp-856"))
            assert mine == pytest.approx(theirs, abs=1e-3)
        assert lithiate("SnO2", joined, phase_id=phase_id).final.energy_ev_per_fu == pytest.approx(
            lithiate("SnO2", best).final.energy_ev_per_fu, abs=5e-3
        )


class TestFilesOfEnergies:
    """`screen --add` of energies, which are taken as they are."""

    @pytest.fixture(autouse=True)
    def _notes_are_no_errors(self):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*where both have a compound")
            warnings.filterwarnings("ignore", message="energies were added")
            yield

    def test_they_are_screened_with_the_rest(self, tmp_path, run_json):
        file = tmp_path / "mine.csv"
        file.write_text(
            "formula,formation_energy_ev_per_atom,scheme\nSb8O19,-1.6,pbe+u/mp2020\nLi5Sb,-0.5,pbe+u/mp2020\n"
        )
        found = run_json("screen", "Sb2O3", "--add", file)
        assert {oxide["formula"]: oxide["phase_id"] for oxide in found["oxides"]}["Sb8O19"] == "Sb8O19-1"
        assert {oxide["formula"] for oxide in found["oxides"]} == {"Sb2O3", "Sb8O19"}
        source = found["manifest"]["source"]
        assert source["source"] == "builtin+added:mine.csv"
        assert source["details"]["added"][0]["scheme"] == "pbe+u/mp2020"

    def test_how_it_is_read_may_be_said_of_it(self, tmp_path, run_json):
        """--columns and --correct are for the file that is added where the source is none."""
        file = tmp_path / "mine.csv"
        file.write_text("Stoff;Ef;Art\nSb8O19;-1,6;pbe+u/mp2020\n")
        words = ("Stoff=formula", "Ef=formation_energy_ev_per_atom", "Art=scheme")
        options = [part for word in words for part in ("--columns", word)]
        found = run_json("screen", "Sb8O19", "--add", file, *options)
        assert [oxide["phase_id"] for oxide in found["oxides"]] == ["Sb8O19-1"]

    @pytest.mark.parametrize("scheme", ["hybrid", "fitted"])
    def test_energies_do_not_join_two_levels_of_theory(self, tmp_path, run, scheme):
        file = tmp_path / "mine.csv"
        file.write_text("formula,formation_energy_ev_per_atom,scheme\nSb8O19,-1.6,pbe+u/mp2020\n")
        status, out, err = run("screen", "Sb2O3", "--scheme", scheme, "--add", file)
        assert (status, out) == (2, "")
        assert err.endswith("give --scheme mp2020\n")
        assert err.count("\n") == 1

    def test_without_a_scheme_they_choose_it(self, tmp_path, run):
        file = tmp_path / "mine.csv"
        file.write_text("formula,formation_energy_ev_per_atom,scheme\nSb8O19,-1.6,pbe+u/mp2020\n")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            status, out, _ = run("screen", "Sb2O3", "--add", file)
        assert status == 0
        assert "scheme sevennet-l3i5/mp2020" in out

    def test_energies_and_a_structure_at_once(self, tmp_path, run_json):
        """Thermite on a table of EMT: 3 CuO + 2 Al -> Al2O3 + 3 Cu, from the energies of the file."""
        seeds = [Seed("cu", cubic(3.6, *["Cu"] * 4)), Seed("al", cubic(4.0, *["Al"] * 4))]
        build_dataset(seeds, calculator_spec("emt"), tmp_path / "metals", open_engine())
        extra = tmp_path / "more.csv"
        rows = ("CuO,-0.8,emt/none", "Al2O3,-3.4,emt/none", "O2,0,emt/none")
        extra.write_text("\n".join(["formula,formation_energy_ev_per_atom,scheme", *rows]) + "\n")
        file = cif(tmp_path / "mine.cif", cubic(3.8, "Al", "Cu", "Cu", "Cu"))
        options = ("--add", extra, "--add", file, "--calculator", "emt", "--store", tmp_path / "store", "--anode", "Al")
        found = run_json("screen", "CuO", "--source", tmp_path / "metals" / "phases.parquet", *options)
        assert found["manifest"]["source"]["source"].endswith("+added:more.csv+added:mine")
        oxide = next(oxide for oxide in found["oxides"] if oxide["formula"] == "CuO")
        assert oxide["energy_ev_per_fu"] <= (-3.4 * 5 + 0.8 * 6) / 3 + 1e-6  # an alloy of EMT may take some copper
