"""The cheap stage of a build: single points choose what is relaxed."""

import time

import pytest

from licoat.structures.crystals.calculators import CALCULATORS
from licoat.structures.crystals.crystal import Crystal
from licoat.structures.crystals.relaxation import single_point
from licoat.structures.errors import InputFileError, MissingDataError
from licoat.structures.phases.computed import read_document
from licoat.workflows.calculations.dataset import BuildOptions, build_dataset
from licoat.workflows.calculations.engines import open_engine
from licoat.workflows.calculations.prefilter import PrefilterOptions, prefilter
from licoat.workflows.calculations.seeds import Seed
from licoat.workflows.calculations.store import Store
from licoat.workflows.calculations.tasks import run_tasks

EMT = CALCULATORS["emt"]


def crystal(species, a):
    sites = [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]][: len(species)]
    return Crystal.from_dict(
        {"lattice": [[a, 0, 0], [0, a, 0], [0, 0, a]], "species": species, "frac_coords": sites}, "x"
    )


def seed(name, species, a, known=None):
    return Seed(name, crystal(species, a), known)


SEEDS = [
    seed("far", ["Cu", "Cu", "Cu", "Au"], 4.6),  # stretched by a quarter: some 0.5 eV/atom too high
    seed("good", ["Au", "Cu", "Cu", "Cu"], 3.75),
    seed("next", ["Au", "Cu", "Cu", "Cu"], 3.80),
    seed("third", ["Au", "Cu", "Cu", "Cu"], 3.83),
    seed("Cu", ["Cu", "Cu", "Cu", "Cu"], 3.61),
    seed("Au", ["Au", "Au", "Au", "Au"], 4.08),
    seed("CuAu3", ["Cu", "Au", "Au", "Au"], 3.95),
]


@pytest.fixture
def run(tmp_path):
    store = Store(tmp_path / "store")

    def runner(tasks, kind):
        return run_tasks(tasks, kind, store=store, open_engine=open_engine("serial"))

    return runner


@pytest.fixture
def sieve(run):
    def choose(seeds, limit_ev_per_atom=0.1, per_composition=2):
        return prefilter(seeds, EMT, PrefilterOptions(limit_ev_per_atom, per_composition), run)

    return choose


def test_a_single_point_is_the_energy_of_the_structure_as_it_is():
    cell = crystal(["Cu"] * 4, 3.61)
    found = single_point(cell, EMT.make())
    atoms = cell.to_atoms()
    atoms.calc = EMT.make()
    assert found.energy_ev_per_atom == pytest.approx(atoms.get_potential_energy() / 4, abs=1e-12)
    assert found.fmax_ev_per_a == pytest.approx(0.0, abs=1e-9)  # every atom is a centre of symmetry
    assert found.smax_gpa > 0.1  # but the cell is not EMT's own


def test_what_is_near_the_hull_is_relaxed_lowest_first(sieve):
    found = sieve(SEEDS)
    names = [s.phase_id for s in found.seeds]
    assert set(names) == {"Cu", "Au", "good", "next", "CuAu3"}
    assert names[:2] == ["Au", "Cu"]  # the hull hangs on the elements
    assert found.above_hull_ev_per_atom["good"] == pytest.approx(0.0, abs=1e-9)
    assert "meV/atom above" in found.left_out["far"]
    assert "2 lower structures of Cu3Au" in found.left_out["third"]


def test_distance_is_that_of_pymatgen(sieve):
    from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
    from pymatgen.core import Composition

    found = sieve(SEEDS)
    entries = {}
    for s in SEEDS:
        energy = len(s.crystal) * single_point(s.crystal, EMT.make()).energy_ev_per_atom
        entries[s.phase_id] = PDEntry(Composition("".join(s.crystal.species)), energy)
    diagram = PhaseDiagram(list(entries.values()))
    for name, entry in entries.items():
        assert found.above_hull_ev_per_atom[name] == pytest.approx(diagram.get_e_above_hull(entry), abs=1e-6), name


def test_a_known_crystal_is_relaxed_however_high(sieve):
    found = sieve([*SEEDS[1:], seed("far", ["Cu", "Cu", "Cu", "Au"], 4.6, known=True)])
    assert "far" in {s.phase_id for s in found.seeds}


def test_a_wide_limit_and_many_of_a_composition_take_everything(sieve):
    found = sieve(SEEDS, limit_ev_per_atom=5.0, per_composition=9)
    assert len(found.seeds) == len(SEEDS)
    assert found.left_out == {}


def test_without_an_element_there_is_no_hull(sieve):
    with pytest.raises(MissingDataError, match="Au"):
        sieve([s for s in SEEDS if s.phase_id != "Au"])


@pytest.mark.parametrize("options", [{"limit_ev_per_atom": -0.1}, {"limit_ev_per_atom": 99.0}, {"per_composition": 0}])
def test_impossible_options_are_refused(options):
    with pytest.raises(InputFileError, match="expected"):
        PrefilterOptions(**({"limit_ev_per_atom": 0.1} | options))


def build(folder, **options):
    elements_first = sorted(SEEDS, key=lambda s: len(set(s.crystal.species)))
    return build_dataset(elements_first, EMT, folder, open_engine("serial"), BuildOptions(**options))


def test_a_build_relaxes_what_the_prefilter_lets_through_and_says_why_not(tmp_path):
    found = build(tmp_path / "a", prefilter=PrefilterOptions(0.1), displace="none")
    assert found.n_phases <= 5
    assert {"not relaxed far", "not relaxed third"} <= found.failures.keys()
    document = read_document(tmp_path / "a/relaxed.json.gz")
    assert document["prefilter"]["start_structures"] == 7
    assert document["prefilter"]["to_relax"] == 5


def test_time_that_is_up_leaves_a_table_and_the_build_goes_on(tmp_path, monkeypatch):
    now = {"t": 0.0}

    def tick():
        now["t"] += 1.0  # every look at the clock costs a second, on any machine
        return now["t"]

    monkeypatch.setattr(time, "monotonic", tick)
    first = build(tmp_path / "a", displace="none", hours=9.0 / 3600.0)
    waiting = [name for name in first.failures if name.startswith("not begun")]
    assert 0 < len(waiting) < len(SEEDS)
    monkeypatch.undo()
    second = build(tmp_path / "a", displace="none")
    assert not [name for name in second.failures if name.startswith("not begun")]
    assert second.n_phases >= first.n_phases
