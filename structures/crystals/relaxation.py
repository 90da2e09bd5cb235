"""Relax a crystal with an ASE calculator: cell and atoms, to thresholds of force and stress."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from licoat.structures.chemistry.units import EV_PER_A3_TO_GPA
from licoat.structures.crystals.calculator_spec import silence
from licoat.structures.crystals.crystal import Crystal
from licoat.structures.errors import CalculatorError, InputFileError, require
from licoat.structures.rendering import brief, outline

__all__ = ["Relaxation", "RelaxationSettings", "SinglePoint", "relax", "single_point"]

_OPTIMIZERS = ("LBFGS", "BFGS", "FIRE")  # from the fastest to the surest
_DENSE_A3_PER_ATOM = 16.0
_MOST_RISE_EV_PER_ATOM = 1e-3
_VOLUME_BOUNDS = (0.5, 1.6)
_PATIENCE_STEPS = 30
_PROGRESS = 0.9
_PROGRESS_EV_PER_ATOM = 1e-3


@dataclass(frozen=True, slots=True)
class RelaxationSettings:
    """How a structure is relaxed.

    Attributes
    ----------
    fmax_ev_per_a : float
        Largest force that may be left on an atom.
    smax_gpa : float
        Largest component of the stress that may be left on the cell; a material of 50 GPa is then within
        0.2 % of its volume.
    max_steps : int
        Steps of an optimizer after which the relaxation counts as not converged.
    optimizer : {"LBFGS", "BFGS", "FIRE"}
        Of ASE; after an LBFGS that did not converge BFGS tries, after that FIRE.
    relax_cell : bool
        Also relax the lattice vectors.
    keep_symmetry : bool
        Constrain atoms and cell to the space group of the start structure.
    """

    fmax_ev_per_a: float = 0.03
    smax_gpa: float = 0.1
    max_steps: int = 400
    optimizer: str = "LBFGS"
    relax_cell: bool = True
    keep_symmetry: bool = False

    def __post_init__(self) -> None:
        if self.optimizer not in _OPTIMIZERS:
            raise InputFileError(f"optimizer {self.optimizer!r}: expected {', '.join(_OPTIMIZERS)}")
        for name in ("fmax_ev_per_a", "smax_gpa"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0.0):
                raise InputFileError(f"{name} {value!r}: expected a number above 0")
        if self.max_steps < 1:
            raise InputFileError(f"max_steps {self.max_steps!r}: expected a whole number from 1")


@dataclass(frozen=True, slots=True)
class Relaxation:
    """What came of a relaxation.

    Attributes
    ----------
    converged : bool
        Both thresholds are met.
    reason : str
        Why not, empty if converged.
    steps : int
        Steps taken.
    energy_ev_per_atom : float
        Energy of the last structure as the calculator gives it; an energy to use only if converged.
    fmax_ev_per_a, smax_gpa : float
        Largest force and stress component that are left.
    volume_start_a3_per_atom : float
        Volume of the start structure.
    crystal : Crystal
        The last structure.
    """

    converged: bool
    reason: str
    steps: int
    energy_ev_per_atom: float
    fmax_ev_per_a: float
    smax_gpa: float
    volume_start_a3_per_atom: float
    crystal: Crystal

    def __repr__(self) -> str:
        state = f"converged in {self.steps} steps" if self.converged else f"not converged ({self.reason})"
        return brief(self, f"{self.crystal.formula}: {state}, {self.energy_ev_per_atom:.4f} eV/atom")

    @property
    def volume_a3_per_atom(self) -> float:
        """Volume of the last structure."""
        return self.crystal.volume_a3 / len(self.crystal)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, ready for JSON; what is no finite number is None."""
        fields = {name: getattr(self, name) for name in self.__slots__ if name != "crystal"}
        finite = {n: None if isinstance(v, float) and not math.isfinite(v) else v for n, v in fields.items()}
        return finite | {"volume_a3_per_atom": self.volume_a3_per_atom, "structure": self.crystal.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Relaxation":
        """Take back what `to_dict` gave."""
        fields = {n: data[n] for n in cls.__slots__ if n != "crystal"}
        fields = {n: math.nan if v is None else v for n, v in fields.items()}
        return cls(**fields, crystal=Crystal.from_dict(data["structure"], "stored relaxation"))


def relax(
    crystal: Crystal,
    calculator: Any,  # noqa: ANN401 - any ASE calculator
    settings: RelaxationSettings = RelaxationSettings(),
) -> Relaxation:
    """Relax a crystal until forces and stress are below their thresholds.

    Parameters
    ----------
    crystal : Crystal
        Start structure.
    calculator : ase.calculators.calculator.Calculator
        Gives energy, forces and, if the cell is relaxed, stress.
    settings : RelaxationSettings
        Thresholds, optimizer, limits.

    Returns
    -------
    Relaxation
        With ``converged`` False and the reason where the thresholds were not met.

    Raises
    ------
    CalculatorError
        If the calculator gives no forces, or no stress where the cell is to be relaxed.
    InputTypeError
        If `crystal` is no Crystal or `settings` are no RelaxationSettings.

    Notes
    -----
    The cell is relaxed through ASE's ``FrechetCellFilter``. Its own threshold mixes stress and volume, so that the
    same number is strict for a small cell and loose for a large one; forces and stress are tested apart here.
    Open and soft crystals (more than 16 A3 per atom) are still far from their minimum at a stress that is small for an
    oxide, so their threshold is lower in proportion to the volume per atom. A relaxation that ends above the energy of
    its start by more than 1 meV per atom has jumped out of its minimum and has not converged. Where an optimizer does
    not get there (the curvature that LBFGS and BFGS build up can go wrong far from the minimum), the next slower one
    goes on. LBFGS and BFGS are stopped early when for 30 steps neither the energy fell by 1 meV per atom nor what is
    left of force and stress by a tenth: LBFGS takes no notice of negative curvature and then goes round in circles.
    """
    require(crystal, Crystal, "crystal must be a Crystal (read_crystal(path) or Crystal.from_atoms(atoms) gives one)")
    require(settings, RelaxationSettings, "settings must be RelaxationSettings")
    run = _Run(crystal, calculator, settings)
    for name in _OPTIMIZERS[_OPTIMIZERS.index(settings.optimizer) :]:
        found = run.with_optimizer(name)
        if found.converged:
            break
    return found


@dataclass(frozen=True, slots=True)
class SinglePoint:
    """Energy of a structure as it is.

    Attributes
    ----------
    energy_ev_per_atom : float
        As the calculator gives it.
    fmax_ev_per_a, smax_gpa : float
        Largest force and stress component: how far the structure is from the calculator's minimum.
    """

    energy_ev_per_atom: float
    fmax_ev_per_a: float
    smax_gpa: float

    __repr__ = outline

    def to_dict(self) -> dict[str, float | None]:
        """Return all fields, ready for JSON; what is no finite number is None."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return {name: value if math.isfinite(value) else None for name, value in fields.items()}


def single_point(crystal: Crystal, calculator: Any) -> SinglePoint:  # noqa: ANN401 - any ASE calculator
    """Compute energy, forces and, where the calculator has one, the stress of a structure.

    Raises
    ------
    CalculatorError
        If the calculator gives no forces.
    """
    from ase.calculators.calculator import PropertyNotImplementedError

    atoms = crystal.to_atoms()
    atoms.calc = calculator
    with silence():
        try:
            state = _state(atoms, stress=True)
        except PropertyNotImplementedError:
            try:
                state = _state(atoms, stress=False)
            except PropertyNotImplementedError as error:
                raise CalculatorError(f"the calculator gives no forces ({error})") from error
    return SinglePoint(state.energy_ev / len(atoms), state.force_ev_per_a, state.stress_gpa)


class _Run:
    """One relaxation, by one optimizer after another; each goes on from where the last one stood."""

    def __init__(self, crystal: Crystal, calculator: Any, settings: RelaxationSettings) -> None:  # noqa: ANN401
        self._crystal, self._calculator, self._settings = crystal, calculator, settings
        self._from, self._steps, self._start_ev = crystal, 0, math.nan

    def with_optimizer(self, name: str) -> Relaxation:
        """Relax with one optimizer."""
        from ase.calculators.calculator import PropertyNotImplementedError
        from ase.filters import FrechetCellFilter
        from ase.optimize import BFGS, FIRE, LBFGS

        settings = self._settings
        atoms = self._from.to_atoms()
        atoms.calc = self._calculator
        kind = {"FIRE": FIRE, "LBFGS": LBFGS, "BFGS": BFGS}[name]
        state, progress, steps = _State(math.nan, math.nan, math.nan), _Progress(), 0
        reason, lost = f"not converged within {settings.max_steps} steps of {name}", False
        with silence():
            if settings.keep_symmetry:
                atoms.set_constraint(_symmetry(atoms))
            optimizer = kind(FrechetCellFilter(atoms) if settings.relax_cell else atoms, logfile=None)
            try:
                for _ in optimizer.irun(fmax=0.0, steps=settings.max_steps):
                    steps = optimizer.nsteps
                    state = _state(atoms, stress=settings.relax_cell)
                    if math.isnan(self._start_ev):
                        self._start_ev = state.energy_ev
                    failure = _failure(state, atoms.get_volume() / self._crystal.volume_a3, settings)
                    left = math.inf if failure else _left(state, atoms.get_volume() / len(atoms), settings)
                    rise = (state.energy_ev - self._start_ev) / len(atoms)
                    if left <= 1.0 and rise > _MOST_RISE_EV_PER_ATOM:
                        failure = f"the energy rose by {rise:.2g} eV per atom"
                    if left <= 1.0 or failure:
                        reason, lost = failure, bool(failure)
                        break
                    if name != "FIRE" and progress.stalls(steps, left, state.energy_ev / len(atoms)):
                        break
            except PropertyNotImplementedError as error:
                how = (
                    "; without the stress only atoms can be relaxed (relax --fixed-cell)"
                    if "stress" in str(error)
                    else ""
                )
                raise CalculatorError(f"the calculator does not give what a relaxation needs ({error}){how}") from error
        found = Crystal.from_atoms(atoms)
        self._from = self._crystal if lost else found
        self._steps += steps
        return Relaxation(
            converged=not reason,
            reason=reason and f"{reason} ({state.text()})",
            steps=self._steps,
            energy_ev_per_atom=state.energy_ev / len(atoms),
            fmax_ev_per_a=state.force_ev_per_a,
            smax_gpa=state.stress_gpa,
            volume_start_a3_per_atom=self._crystal.volume_a3 / len(self._crystal),
            crystal=found,
        )


class _Progress:
    """Tells when an optimizer gets nowhere."""

    def __init__(self) -> None:
        self._since, self._left, self._energy = 0, math.inf, math.inf

    def stalls(self, step: int, left: float, energy_ev_per_atom: float) -> bool:
        """Say whether neither energy nor what is left of force and stress has fallen for long."""
        if left < _PROGRESS * self._left or energy_ev_per_atom < self._energy - _PROGRESS_EV_PER_ATOM:
            self._since, self._left, self._energy = step, min(left, self._left), min(energy_ev_per_atom, self._energy)
        return step - self._since >= _PATIENCE_STEPS


@dataclass(frozen=True, slots=True)
class _State:
    """Energy, largest force and largest stress component; the stress is NaN where it is not asked for."""

    energy_ev: float
    force_ev_per_a: float
    stress_gpa: float

    def text(self) -> str:
        stress = "" if math.isnan(self.stress_gpa) else f", stress {self.stress_gpa:.3g} GPa"
        return f"force left {self.force_ev_per_a:.3g} eV/A{stress}"


def _state(atoms: Any, *, stress: bool) -> _State:  # noqa: ANN401 - ase.Atoms
    import numpy as np

    force = float(np.linalg.norm(atoms.get_forces(), axis=1).max())
    pull = float(np.abs(atoms.get_stress()).max()) * EV_PER_A3_TO_GPA if stress else math.nan
    return _State(float(atoms.get_potential_energy()), force, pull)


def _failure(state: _State, ratio: float, settings: RelaxationSettings) -> str:
    """Return why to give up, an empty text to go on."""
    needed = (state.energy_ev, state.force_ev_per_a, *([state.stress_gpa] if settings.relax_cell else []))
    if not all(math.isfinite(x) for x in needed):
        return "the calculator gave an energy, forces or a stress that is no number"
    # Before the thresholds: atoms that lost each other feel neither force nor stress.
    if not _VOLUME_BOUNDS[0] <= ratio <= _VOLUME_BOUNDS[1]:
        return f"the cell went to {ratio:.2f} times its volume"
    return ""


def _left(state: _State, volume_a3_per_atom: float, settings: RelaxationSettings) -> float:
    """Return the largest force or stress in units of its threshold."""
    force = state.force_ev_per_a / settings.fmax_ev_per_a
    if not settings.relax_cell:
        return force
    return max(force, state.stress_gpa / (settings.smax_gpa * min(1.0, _DENSE_A3_PER_ATOM / volume_a3_per_atom)))


def _symmetry(atoms: Any) -> Any:  # noqa: ANN401 - ase.Atoms and one of its constraints
    from ase.constraints import FixSymmetry

    from licoat.structures.crystals.symmetry import SYMMETRY_PRECISION_A

    return FixSymmetry(atoms, symprec=SYMMETRY_PRECISION_A)
