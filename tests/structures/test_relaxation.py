"""Relaxation with potentials whose minimum can be computed another way, and with calculators that fail."""

import json
import math
import sys
import warnings

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones
from scipy.optimize import minimize_scalar

from licoat.structures.crystals.crystal import Crystal
from licoat.structures.crystals.relaxation import Relaxation, RelaxationSettings, _Progress, relax
from licoat.structures.crystals.symmetry import space_group
from licoat.structures.errors import CalculatorError, InputFileError

TIGHT = RelaxationSettings(fmax_ev_per_a=0.001, smax_gpa=0.005)
# Bulk moduli here are above 30 GPa: 0.005 GPa left is 2e-4 of the volume, and its energy is below 1e-6 eV/atom.
VOLUME, ENERGY_EV = 4e-4, 1e-5


def argon():
    return LennardJones(sigma=3.4, epsilon=0.0104, rc=9.0, smooth=True)


def strained(atoms, strain, *, rattle=0.0, seed=1):
    atoms = atoms.copy()
    atoms.set_cell(atoms.cell.array @ (np.eye(3) + np.asarray(strain)), scale_atoms=True)
    atoms.positions += rattle * np.random.default_rng(seed).normal(size=atoms.positions.shape)
    return Crystal.from_atoms(atoms)


def copper_gold():
    """L1_2 Cu3Au, 3 % too large, sheared, and its atoms displaced by 0.08 A."""
    places = [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
    atoms = Atoms("AuCu3", scaled_positions=places, cell=[3.72] * 3, pbc=True)
    return strained(atoms, [[0.03, 0.01, 0], [0, 0.02, 0], [0, 0, 0.04]], rattle=0.08)


def energy(crystal, calculator):
    atoms = crystal.to_atoms()
    atoms.calc = calculator
    return atoms.get_potential_energy() / len(atoms)


def group(crystal):
    return space_group(crystal.lattice, crystal.species, crystal.frac_coords)[0]


@pytest.fixture(scope="module")
def alloy():
    return relax(copper_gold(), EMT(), TIGHT)


# --- the minimum -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("symbol", ["Cu", "Al"])
def test_the_lattice_constant_is_that_of_the_lowest_energy(symbol):
    def of(a):
        return energy(Crystal.from_atoms(bulk(symbol, "fcc", a=a)), EMT())

    a0 = bulk(symbol).cell.lengths()[0] * math.sqrt(2.0)
    scan = minimize_scalar(of, bounds=(0.95 * a0, 1.05 * a0), method="bounded", options={"xatol": 1e-5})
    found = relax(strained(bulk(symbol), 0.03 * np.eye(3)), EMT(), TIGHT)
    assert found.converged
    assert (4.0 * found.volume_a3_per_atom) ** (1 / 3) == pytest.approx(scan.x, rel=VOLUME / 3)
    assert found.energy_ev_per_atom == pytest.approx(scan.fun, abs=ENERGY_EV)


def test_the_lattice_constant_of_lennard_jones():
    def of(a):
        return energy(Crystal.from_atoms(bulk("Ar", "fcc", a=a)), argon())

    scan = minimize_scalar(of, bounds=(5.0, 5.6), method="bounded", options={"xatol": 1e-5})
    found = relax(Crystal.from_atoms(bulk("Ar", "fcc", a=5.5)), argon(), TIGHT)
    # 3 GPa: 0.005 GPa left is 2e-3 of the volume.
    assert (4.0 * found.volume_a3_per_atom) ** (1 / 3) == pytest.approx(scan.x, rel=1e-3)
    assert found.energy_ev_per_atom == pytest.approx(scan.fun, abs=ENERGY_EV)


@pytest.mark.parametrize("scale", [0.85, 0.95, 1.05, 1.15])
def test_starts_of_other_volume_end_in_one_minimum(scale):
    reference = relax(Crystal.from_atoms(bulk("Cu")), EMT(), TIGHT)
    found = relax(strained(bulk("Cu"), (scale ** (1 / 3) - 1) * np.eye(3)), EMT(), TIGHT)
    assert found.converged
    assert found.volume_start_a3_per_atom == pytest.approx(scale * bulk("Cu").get_volume(), rel=1e-9)
    assert found.volume_a3_per_atom == pytest.approx(reference.volume_a3_per_atom, rel=VOLUME)
    assert found.energy_ev_per_atom == pytest.approx(reference.energy_ev_per_atom, abs=ENERGY_EV)


@pytest.mark.parametrize("optimizer", ["FIRE", "LBFGS", "BFGS"])
def test_every_optimizer_ends_in_the_same_minimum(alloy, optimizer):
    settings = RelaxationSettings(fmax_ev_per_a=0.001, smax_gpa=0.005, optimizer=optimizer)
    found = relax(copper_gold(), EMT(), settings)
    assert found.converged
    assert found.energy_ev_per_atom == pytest.approx(alloy.energy_ev_per_atom, abs=ENERGY_EV)
    assert found.volume_a3_per_atom == pytest.approx(alloy.volume_a3_per_atom, rel=VOLUME)


def test_what_is_left_is_below_the_thresholds(alloy):
    atoms = alloy.crystal.to_atoms()
    atoms.calc = EMT()
    force = np.linalg.norm(atoms.get_forces(), axis=1).max()
    stress = np.abs(atoms.get_stress()).max() * 160.21766
    assert (alloy.fmax_ev_per_a, alloy.smax_gpa) == pytest.approx((force, stress), rel=1e-3, abs=1e-6)
    assert force <= TIGHT.fmax_ev_per_a
    assert stress <= TIGHT.smax_gpa
    assert alloy.energy_ev_per_atom == pytest.approx(atoms.get_potential_energy() / 4, abs=1e-9)
    assert group(alloy.crystal) == "Pm-3m"


def test_forces_and_stress_have_thresholds_of_their_own(alloy):
    larger = strained(alloy.crystal.to_atoms(), 0.01 * np.eye(3))  # no forces, by symmetry
    loose_cell = relax(larger, EMT(), RelaxationSettings(fmax_ev_per_a=0.01, smax_gpa=50.0))
    assert (loose_cell.converged, loose_cell.steps) == (True, 0)
    assert loose_cell.smax_gpa > 1.0
    assert relax(larger, EMT(), RelaxationSettings(fmax_ev_per_a=0.01, smax_gpa=1.0)).steps > 0
    atoms = alloy.crystal.to_atoms()
    atoms.positions[0, 0] += 0.05  # raises the stress by its square only
    moved = Crystal.from_atoms(atoms)
    loose_atoms = relax(moved, EMT(), RelaxationSettings(fmax_ev_per_a=5.0, smax_gpa=1.0))
    assert (loose_atoms.converged, loose_atoms.steps) == (True, 0)
    assert loose_atoms.fmax_ev_per_a > 0.03
    assert relax(moved, EMT(), RelaxationSettings(smax_gpa=1.0)).steps > 0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("optimizer", ["FIRE", "LBFGS"])
def test_the_energy_never_rises(seed, optimizer):
    strain = 0.03 * np.random.default_rng(seed).normal(size=(3, 3))
    start = strained(bulk("Al", cubic=True), strain, rattle=0.1, seed=seed)
    found = relax(start, EMT(), RelaxationSettings(optimizer=optimizer))
    assert found.converged
    assert found.energy_ev_per_atom < energy(start, EMT())


# --- what must not matter ----------------------------------------------------------------------------------------


def same(found, reference):
    assert found.converged
    assert found.energy_ev_per_atom == pytest.approx(reference.energy_ev_per_atom, abs=ENERGY_EV)
    assert found.volume_a3_per_atom == pytest.approx(reference.volume_a3_per_atom, rel=VOLUME)


def test_order_of_atoms_does_not_matter(alloy):
    atoms = copper_gold().to_atoms()
    same(relax(Crystal.from_atoms(atoms[[2, 0, 3, 1]]), EMT(), TIGHT), alloy)


def test_place_and_orientation_do_not_matter(alloy):
    atoms = copper_gold().to_atoms()
    atoms.rotate(37.0, (1, 2, 3), rotate_cell=True)
    atoms.positions += [0.4, -7.0, 1.1]
    same(relax(Crystal.from_atoms(atoms), EMT(), TIGHT), alloy)


def test_handedness_and_choice_of_the_cell_do_not_matter(alloy):
    atoms = copper_gold().to_atoms()
    for matrix in ([[0, 1, 0], [1, 0, 0], [0, 0, 1]], [[1, 0, 0], [1, 1, 0], [0, -1, 1]]):
        other = atoms.copy()
        other.set_cell(np.array(matrix) @ atoms.cell.array)
        same(relax(Crystal.from_atoms(other), EMT(), TIGHT), alloy)


@pytest.mark.parametrize("keep", [False, True])
def test_a_supercell_is_the_same_crystal(keep):
    settings = RelaxationSettings(fmax_ev_per_a=0.001, smax_gpa=0.005, keep_symmetry=keep)
    small = strained(bulk("Cu"), 0.03 * np.eye(3))
    large = Crystal.from_atoms(small.to_atoms() * (2, 2, 1))
    same(relax(large, EMT(), settings), relax(small, EMT(), settings))


def test_a_relaxed_crystal_stays_as_it_is(alloy):
    again = relax(alloy.crystal, EMT(), TIGHT)
    assert (again.converged, again.steps) == (True, 0)
    assert again.crystal == Crystal.from_atoms(alloy.crystal.to_atoms())


def test_the_input_is_not_changed_and_the_calculator_serves_again():
    start, calculator = copper_gold(), EMT()
    before = start.to_dict()
    first = relax(start, calculator)
    other = relax(Crystal.from_atoms(bulk("Al")), calculator)
    assert start.to_dict() == before
    assert relax(start, calculator) == first
    assert other == relax(Crystal.from_atoms(bulk("Al")), EMT())


def test_a_fixed_cell_is_fixed():
    start = copper_gold()
    found = relax(start, EMT(), RelaxationSettings(relax_cell=False))
    assert found.converged
    assert np.array(found.crystal.lattice) == pytest.approx(np.array(start.lattice), abs=1e-12)
    assert found.energy_ev_per_atom < energy(start, EMT())
    assert math.isnan(found.smax_gpa)


# --- symmetry ----------------------------------------------------------------------------------------------------


def test_symmetry_holds_a_saddle_and_a_broken_start_falls():
    body_centred = bulk("Cu", "bcc", a=2.9, cubic=True)
    kept = relax(Crystal.from_atoms(body_centred), EMT(), RelaxationSettings(keep_symmetry=True))
    fallen = relax(strained(body_centred, np.diag([0.0, 0.0, 0.05])), EMT(), TIGHT)
    assert (kept.converged, fallen.converged) == (True, True)
    assert group(kept.crystal) == "Im-3m"
    assert group(fallen.crystal) == "Fm-3m"  # along the Bain path
    assert fallen.energy_ev_per_atom < kept.energy_ev_per_atom - 0.01


@pytest.mark.parametrize("keep", [True, False])
def test_a_tetragonal_start_stays_tetragonal_only_if_it_is_told(keep):
    start = strained(bulk("Cu", "fcc", a=3.7, cubic=True), np.diag([0.0, 0.0, 0.03]))
    assert group(start) == "I4/mmm"
    found = relax(start, EMT(), RelaxationSettings(keep_symmetry=keep, fmax_ev_per_a=0.001, smax_gpa=0.005))
    assert found.converged
    assert group(found.crystal) == "Fm-3m"  # symmetry may rise, never fall


# --- failures ----------------------------------------------------------------------------------------------------


class Stub(Calculator):
    """Forces zero, and the energy and stress of a constant pressure pulling the cell apart."""

    implemented_properties = ("energy", "forces", "stress")
    pressure_ev_per_a3 = 0.1

    def calculate(self, atoms=None, properties=(), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        volume = self.atoms.get_volume()
        self.results = {
            "energy": -self.pressure_ev_per_a3 * volume,
            "forces": np.zeros((len(self.atoms), 3)),
            "stress": -self.pressure_ev_per_a3 * np.array([1.0, 1, 1, 0, 0, 0]),
        } | self.changed(volume)

    def changed(self, _volume):
        return {}


class Lost(Stub):
    """No force and no stress any more when the atoms are far from each other."""

    def changed(self, volume):
        return {"stress": np.zeros(6), "energy": 0.0} if volume > 13.0 else {}


class Without(Stub):
    """One property is no number."""

    def __init__(self, name, value):
        super().__init__()
        self.name_of_value, self.value = name, value

    def changed(self, _volume):
        return {"energy": 0.0, "stress": np.zeros(6)} | {self.name_of_value: self.value}


class NoStress(EMT):
    implemented_properties = ("energy", "forces")


class Loud(EMT):
    """Prints and warns as the libraries of potentials do."""

    def calculate(self, *arguments, **options):
        sys.stdout.write("CHATTER\n")
        warnings.warn("CHATTER", UserWarning, stacklevel=1)
        super().calculate(*arguments, **options)


SIMPLE = Crystal.from_atoms(Atoms("Cu", cell=[2.0, 2.0, 2.0], pbc=True))


@pytest.mark.parametrize("optimizer", ["FIRE", "LBFGS", "BFGS"])
def test_the_step_limit_is_a_reason(optimizer):
    found = relax(copper_gold(), EMT(), RelaxationSettings(max_steps=1, optimizer=optimizer))
    assert not found.converged
    assert found.reason.startswith("not converged within 1 steps of FIRE (force left ")  # the last to try
    assert found.steps == {"LBFGS": 3, "BFGS": 2, "FIRE": 1}[optimizer]  # the surer ones try after it
    assert max(found.fmax_ev_per_a / 0.03, found.smax_gpa / 0.1) > 1.0


def test_the_reason_of_a_fixed_cell_says_nothing_of_stress():
    found = relax(copper_gold(), EMT(), RelaxationSettings(max_steps=1, relax_cell=False))
    assert not found.converged
    assert "stress" not in found.reason
    assert "nan" not in found.reason


def test_a_cell_that_explodes_is_a_reason():
    found = relax(SIMPLE, Stub())
    assert not found.converged
    assert "times its volume" in found.reason
    assert found.steps < 20


def test_a_cell_that_collapses_is_a_reason():
    stub = Stub()
    stub.pressure_ev_per_a3 = -1.0
    found = relax(SIMPLE, stub)
    assert not found.converged
    assert "the cell went to 0." in found.reason


def test_atoms_that_lost_each_other_are_not_converged():
    found = relax(SIMPLE, Lost())
    assert found.crystal.volume_a3 > 13.0
    assert (found.fmax_ev_per_a, found.smax_gpa) == (0.0, 0.0)  # below both thresholds
    assert not found.converged
    assert "times its volume" in found.reason


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("energy", math.nan),
        ("energy", math.inf),
        ("forces", np.full((1, 3), math.nan)),
        ("forces", np.full((1, 3), math.inf)),
        ("stress", np.full(6, math.nan)),
    ],
)
@pytest.mark.parametrize("keep", [False, True])
def test_what_is_no_number_is_a_reason(name, value, keep):
    found = relax(SIMPLE, Without(name, value), RelaxationSettings(keep_symmetry=keep))
    assert not found.converged
    assert "no number" in found.reason
    assert found.steps == 0
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_calculator_without_stress_relaxes_the_atoms_only():
    with pytest.raises(CalculatorError, match=r"stress.*--fixed-cell"):
        relax(copper_gold(), NoStress())
    settings = RelaxationSettings(relax_cell=False)
    found, expected = (relax(copper_gold(), calculator, settings) for calculator in (NoStress(), EMT()))
    assert found.converged
    assert found.to_dict() == expected.to_dict()


def test_nothing_of_the_libraries_comes_through(capsys):
    assert relax(copper_gold(), Loud()).converged
    assert capsys.readouterr() == ("", "")


# --- settings and results ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        *({"fmax_ev_per_a": x} for x in (0.0, -0.1, math.nan, math.inf)),
        *({"smax_gpa": x} for x in (0.0, -0.1, math.nan, math.inf)),
        *({"max_steps": x} for x in (0, -1)),
        {"optimizer": "lbfgs"},
    ],
)
def test_settings_that_make_no_sense_are_refused(change):
    (name,) = change
    with pytest.raises(InputFileError, match=f"^{name} .*expected"):
        RelaxationSettings(**change)


def test_a_result_goes_to_json_and_back(alloy):
    text = json.dumps(alloy.to_dict(), allow_nan=False)
    assert Relaxation.from_dict(json.loads(text)) == alloy


def test_what_is_no_number_becomes_null_and_back():
    found = relax(copper_gold(), EMT(), RelaxationSettings(relax_cell=False))
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert data["smax_gpa"] is None
    assert data["volume_a3_per_atom"] == pytest.approx(found.volume_a3_per_atom)
    back = Relaxation.from_dict(data)
    assert math.isnan(back.smax_gpa)
    assert (back.crystal, back.energy_ev_per_atom, back.steps) == (found.crystal, found.energy_ev_per_atom, found.steps)


def test_a_stall_is_told_from_slow_progress():
    """Going round in circles ends after 30 steps; what falls by a tenth, or by 1 meV per atom, goes on."""
    circle = _Progress()
    assert [circle.stalls(i, 5.0 + i % 2, -1.0) for i in range(40)].index(True) == 30
    forces, energy = _Progress(), _Progress()
    assert not any(forces.stalls(i, 0.995**i, -1.0) for i in range(400))
    assert not any(energy.stalls(i, 5.0, -1.0 - 5e-5 * i) for i in range(400))
    late = _Progress()
    assert not any(late.stalls(i, 0.9**i, 0.0) for i in range(100))
    assert late.stalls(130, 0.9**99, 0.0)
