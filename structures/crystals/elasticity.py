"""Elastic constants of a relaxed crystal from the stresses of strained copies, and the moduli of its polycrystal.

Conventions: Voigt order xx, yy, zz, yz, xz, xy; stress positive in tension, ``sigma = (1/V) dE/d epsilon`` (both as in
ASE); engineering shear strain ``gamma = 2 epsilon``. Inside, tensors are in Mandel form (shear components times
sqrt(2)), where a rotation of the crystal is an orthogonal 6x6 matrix and eigenvalues do not depend on the axes.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from licoat.structures.chemistry.units import EV_PER_A3_TO_GPA
from licoat.structures.crystals.elastic_tensor import (
    MANDEL,
    TENSORS,
    Array,
    CrystalSymmetry,
    ElasticModuli,
    born_eigenvalue_gpa,
    invariant_basis,
    primitive_cell,
    strain_patterns,
    voigt_reuss_hill,
)
from licoat.structures.crystals.equation_of_state import EquationOfState, birch_murnaghan
from licoat.structures.errors import CalculatorError, ElasticityError, require
from licoat.structures.rendering import brief

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

__all__ = [
    "ElasticConstants",
    "ElasticModuli",
    "ElasticSettings",
    "ElasticityError",
    "EquationOfState",
    "born_eigenvalue_gpa",
    "elastic_constants",
    "equation_of_state",
    "voigt_reuss_hill",
]

SCHEMA_VERSION: Final = 1
MODULUS_RANGE_GPA: Final = (0.5, 1000.0)
"""Moduli of solids: potassium 1.3, diamond 540; beyond, a potential has failed."""
MAX_MISFIT: Final = 0.05
"""Largest misfit of the fit, as a fraction of the Voigt bulk modulus; the ions have then gone elsewhere."""


class _FailedError(Exception):
    """A calculation has no result; becomes the `reason`."""


@dataclass(frozen=True, slots=True)
class ElasticSettings:
    """How the crystal is strained and relaxed.

    Attributes
    ----------
    strains : tuple of float
        Frobenius norms of the strain tensors. Pairs +-x remove the second order. Below 0.001 the stress of a float32
        potential (noise 1e-5 GPa) would still do, but not its relaxed ions; above 0.02 the fourth order shows.
    relax_ions : bool
        Let the ions follow the strain at fixed cell; if False, constants are clamped-ion.
    fmax_ev_per_a : float
        Largest force left on an ion. A strain of 0.005 raises forces of about 0.02 eV/A, so a looser limit
        would leave ions where the strain put them and return clamped-ion constants.
    max_steps : int
        Steps of one relaxation.
    symprec_a : float
        Tolerance of the point group.
    max_residual_stress_gpa, max_residual_force_ev_per_a : float
        Of the crystal as given; beyond, it is not relaxed and its constants would be those of another volume
        (dC/dP is about 4 to 6).
    """

    strains: tuple[float, ...] = (-0.01, -0.005, 0.005, 0.01)
    relax_ions: bool = True
    fmax_ev_per_a: float = 0.001
    max_steps: int = 200
    symprec_a: float = 0.01
    max_residual_stress_gpa: float = 0.2
    max_residual_force_ev_per_a: float = 0.05

    def __post_init__(self) -> None:
        sizes = [abs(strain) for strain in self.strains]
        if len(set(self.strains)) < max(2, len(sizes)) or not all(1e-4 <= size <= 0.05 for size in sizes):
            raise ElasticityError(f"strains {self.strains!r}: expected two or more, different, of size 0.0001 to 0.05")
        if not min(self.strains) < 0.0 < max(self.strains):
            raise ElasticityError(f"strains {self.strains!r}: expected both signs, or the second order stays in")
        for name in ("fmax_ev_per_a", "symprec_a", "max_residual_stress_gpa", "max_residual_force_ev_per_a"):
            if not getattr(self, name) > 0.0:
                raise ElasticityError(f"{name} {getattr(self, name)!r}: expected a number above 0")
        if self.max_steps < 1:
            raise ElasticityError(f"max_steps {self.max_steps!r}: expected a whole number from 1")


@dataclass(frozen=True, slots=True)
class ElasticConstants:
    """What came of straining a crystal.

    Attributes
    ----------
    converged : bool
        All stresses were obtained, with relaxed ions if asked for.
    reason : str
        Why the result is not to be used; empty if it is.
    residual_stress_gpa, max_force_ev_per_a : float
        Largest stress component and force of the crystal as given.
    n_independent, n_strains : int
        Independent constants by symmetry; strained crystals asked for.
    stiffness_gpa : tuple, shape (6, 6), or None
        Cij in Voigt form, along the cartesian axes of the given cell; None if not converged.
    smallest_eigenvalue_gpa : float or None
        See `born_eigenvalue_gpa`.
    residual_gpa : float or None
        Root mean square of the stress that the symmetric tensor and a parabola per strain leave, divided by that
        of the strain: noise, unrelaxed ions, broken symmetry and third order in the unit of the constants.
    moduli : ElasticModuli or None
        None if not converged or not stable.
    """

    converged: bool
    reason: str
    n_independent: int
    n_strains: int
    residual_stress_gpa: float | None = None
    max_force_ev_per_a: float | None = None
    stiffness_gpa: tuple[tuple[float, ...], ...] | None = None
    smallest_eigenvalue_gpa: float | None = None
    residual_gpa: float | None = None
    moduli: ElasticModuli | None = None

    def __repr__(self) -> str:
        state = "not usable: " + self.reason if self.reason else "usable"
        m = self.moduli
        numbers = "" if m is None else f"K {m.bulk_hill_gpa:.4g} GPa, G {m.shear_hill_gpa:.4g} GPa; "
        return brief(self, f"{numbers}{self.n_independent} independent constants; {state}")

    @property
    def usable(self) -> bool:
        """True if nothing speaks against the numbers."""
        return not self.reason

    @property
    def born_stable(self) -> bool | None:
        """True if every strain costs energy; None if not converged."""
        return None if self.smallest_eigenvalue_gpa is None else self.smallest_eigenvalue_gpa > 0.0

    @property
    def bulk_modulus_gpa(self) -> float | None:
        """Hill bulk modulus, None if the result is not usable."""
        return self.moduli.bulk_hill_gpa if self.moduli and self.usable else None

    @property
    def shear_modulus_gpa(self) -> float | None:
        """Hill shear modulus, None if the result is not usable."""
        return self.moduli.shear_hill_gpa if self.moduli and self.usable else None

    def to_dict(self) -> dict[str, Any]:
        """Return all fields and the schema number, ready for JSON."""
        return {"schema": SCHEMA_VERSION} | asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "ElasticConstants":
        """Take back what `to_dict` gave; an `ElasticityError` is raised for anything else."""
        names = cls.__slots__
        if data.get("schema") != SCHEMA_VERSION or set(data) != {"schema", *names}:
            raise ElasticityError(f"not stored elastic constants of schema {SCHEMA_VERSION}: {sorted(data)}")
        fields = {name: data[name] for name in names}
        stiffness, moduli = fields["stiffness_gpa"], fields["moduli"]
        fields["stiffness_gpa"] = None if stiffness is None else tuple(tuple(row) for row in stiffness)
        fields["moduli"] = None if moduli is None else ElasticModuli(**moduli)
        return cls(**fields)


def elastic_constants(
    atoms: "Atoms", calculator: "Calculator", settings: ElasticSettings = ElasticSettings()
) -> ElasticConstants:
    """Fit the elastic constants that the point group leaves free to the stresses of strained copies of a crystal.

    Parameters
    ----------
    atoms : ase.Atoms
        Crystal whose cell and ions are relaxed with the same calculator. It is not changed; its primitive cell is
        computed, without constraints and magnetic moments.
    calculator : ase.calculators.calculator.Calculator
        Gives forces and stress.
    settings : ElasticSettings
        Strains, relaxation, limits.

    Returns
    -------
    ElasticConstants
        With a `reason` where a relaxation did not converge (and no numbers), the crystal as given is not relaxed
        (no numbers), it is unstable, or its moduli or the misfit are out of range.

    Raises
    ------
    ElasticityError
        If `atoms` is not a crystal periodic in three directions.
    CalculatorError
        If the calculator has no stress.
    InputTypeError
        If `atoms` are no `ase.Atoms` or `settings` no ElasticSettings.

    Notes
    -----
    ``sigma(d) = sigma_0 + d C p + d^2 q_p`` for each strain ``d p``: residual stress and second order are fitted
    beside C. Ions keep the symmetry that the strain leaves. What a residual pressure changes in C itself stays in; it
    is a few times that pressure.
    """
    require(settings, ElasticSettings, "settings must be ElasticSettings")
    crystal, symmetry = primitive_cell(atoms, calculator, settings.symprec_a)
    basis = invariant_basis(symmetry.rotations)
    patterns = strain_patterns(basis)
    result = ElasticConstants(
        converged=False, reason="", n_independent=len(basis), n_strains=len(patterns) * len(settings.strains)
    )
    try:
        stress, force = _stress_and_force(crystal)
        result = replace(result, residual_stress_gpa=float(np.abs(stress / MANDEL).max()), max_force_ev_per_a=force)
        _require_relaxed(result, settings)
        stresses = _strained_stresses(crystal, symmetry, patterns, settings)
    except _FailedError as failure:
        return replace(result, reason=str(failure))
    stiffness, residual = _fit(basis, patterns, np.array(settings.strains), stresses)
    smallest = born_eigenvalue_gpa(stiffness)
    moduli = voigt_reuss_hill(stiffness) if smallest > 0.0 else None
    return replace(
        result,
        converged=True,
        reason=_problem(stiffness, smallest, moduli, residual),
        stiffness_gpa=tuple(tuple(row) for row in stiffness.tolist()),
        smallest_eigenvalue_gpa=smallest,
        residual_gpa=residual,
        moduli=moduli,
    )


def equation_of_state(
    atoms: "Atoms",
    calculator: "Calculator",
    settings: ElasticSettings = ElasticSettings(),
    *,
    volume_range: float = 0.04,
    n_points: int = 7,
) -> EquationOfState:
    """Fit a Birch-Murnaghan equation to the energies of uniformly scaled copies of a crystal.

    Parameters
    ----------
    atoms, calculator, settings
        As in `elastic_constants`; of the settings, those of the relaxation of ions apply.
    volume_range : float
        Largest relative change of the volume, to both sides.
    n_points : int
        Volumes, five or more.

    Returns
    -------
    EquationOfState
        With a `reason` and no numbers where a relaxation did not converge or the minimum is not in the range.

    Raises
    ------
    ElasticityError
        If `atoms` is not a crystal, or range or number cannot be used.
    InputTypeError
        If `atoms` are no `ase.Atoms` or `settings` no ElasticSettings.

    Notes
    -----
    The cell keeps its shape, so the bulk modulus is that of Voigt; in a cubic crystal Reuss' is the same. The energy
    is a cubic polynomial in ``V^(-2/3)``, which makes the fit linear.

    References
    ----------
    .. [1] F. Birch, Phys. Rev. 71, 809 (1947), https://doi.org/10.1103/PhysRev.71.809
    """
    if not 0.0 < volume_range <= 0.2 or n_points < 5:
        raise ElasticityError(f"volume range {volume_range!r}, {n_points} points: expected up to 0.2, and 5 or more")
    require(settings, ElasticSettings, "settings must be ElasticSettings")
    crystal, symmetry = primitive_cell(atoms, calculator, settings.symprec_a)
    ratios = np.linspace(1.0 - volume_range, 1.0 + volume_range, n_points)
    energies = []
    try:
        for ratio in ratios:
            scaled = _deformed(crystal, ratio ** (1.0 / 3.0) * np.eye(3))
            if settings.relax_ions:
                _relax_ions(scaled, symmetry, settings, f"volume {ratio:.3f}")
            energies.append(float(scaled.get_potential_energy()) / len(crystal))
        return birch_murnaghan(ratios, np.array(energies), float(crystal.get_volume()) / len(crystal))
    except _FailedError as failure:
        return EquationOfState(reason=str(failure))


def _stress_and_force(atoms: "Atoms") -> tuple[Array, float]:
    """Return the stress in GPa in Mandel form and the largest force in eV/A."""
    try:
        stress = np.asarray(atoms.get_stress(), dtype=float) * EV_PER_A3_TO_GPA * MANDEL
    except NotImplementedError as error:
        raise CalculatorError(f"{type(atoms.calc).__name__} has no stress; elastic constants need it") from error
    force = float(np.linalg.norm(atoms.get_forces(), axis=1).max())
    if not (np.isfinite(stress).all() and math.isfinite(force)):
        raise _FailedError("the calculator gave forces or stresses that are no numbers")
    return stress, force


def _require_relaxed(start: ElasticConstants, settings: ElasticSettings) -> None:
    stress, force = start.residual_stress_gpa or 0.0, start.max_force_ev_per_a or 0.0
    if stress > settings.max_residual_stress_gpa or force > settings.max_residual_force_ev_per_a:
        raise _FailedError(
            f"the crystal is not relaxed: stress {stress:.3g} GPa (at most {settings.max_residual_stress_gpa:g}), "
            f"force {force:.3g} eV/A (at most {settings.max_residual_force_ev_per_a:g})"
        )


def _problem(stiffness: Array, smallest: float, moduli: ElasticModuli | None, residual: float) -> str:
    """Return why fitted constants are not to be used, or an empty text."""
    bulk = abs(float(stiffness[:3, :3].mean()))
    if residual > MAX_MISFIT * bulk:
        return f"stresses do not follow the strain: misfit {residual:.3g} GPa, bulk modulus {bulk:.3g} GPa"
    if moduli is None:
        return f"mechanically unstable: smallest eigenvalue of the stiffness is {smallest:.3g} GPa"
    low, high = MODULUS_RANGE_GPA
    for name, value in (("bulk", moduli.bulk_hill_gpa), ("shear", moduli.shear_hill_gpa)):
        if not low <= value <= high:
            return f"{name} modulus {value:.3g} GPa is outside {low:g} to {high:g} GPa"
    return ""


def _strained_stresses(
    crystal: "Atoms", symmetry: CrystalSymmetry, patterns: Array, settings: ElasticSettings
) -> Array:
    """Return stresses in GPa in Mandel form, shape (patterns, strains, 6)."""
    if settings.relax_ions:
        _relax_ions(crystal, symmetry, settings, "no strain")
    stresses = np.empty((len(patterns), len(settings.strains), 6))
    for p, pattern in enumerate(patterns):
        tensor = np.einsum("k,kij->ij", pattern, TENSORS)
        kept = symmetry.under(pattern)
        per_strain = np.zeros((len(crystal), 3))  # internal displacement; nearly linear, so the next start is better
        for s, strain in enumerate(settings.strains):
            strained = _deformed(crystal, np.eye(3) + strain * tensor)
            affine = strained.positions.copy()
            if settings.relax_ions:
                strained.positions += strain * per_strain
                _relax_ions(strained, kept, settings, f"strain {strain:g}")
                per_strain = (strained.positions - affine) / strain
            stresses[p, s], _ = _stress_and_force(strained)
    return stresses


def _deformed(crystal: "Atoms", gradient: Array) -> "Atoms":
    strained: Atoms = crystal.copy()
    strained.calc = crystal.calc
    strained.set_cell(crystal.cell.array @ gradient, scale_atoms=True)
    return strained


def _relax_ions(atoms: "Atoms", symmetry: CrystalSymmetry, settings: ElasticSettings, where: str) -> None:
    """Move the ions until their forces vanish, at fixed cell and symmetry."""
    from ase.optimize import BFGS

    from licoat.structures.crystals.symmetric_ions import SymmetricIons

    force = math.inf
    ions: Any = SymmetricIons(atoms, symmetry)  # ASE's types know Atoms only
    for _ in BFGS(ions, logfile=None).irun(fmax=settings.fmax_ev_per_a, steps=settings.max_steps):
        force = float(np.linalg.norm(ions.get_forces(), axis=1).max())
        if not math.isfinite(force):
            raise _FailedError(f"the calculator gave forces that are no numbers ({where})")
    if force > settings.fmax_ev_per_a:
        raise _FailedError(f"ions not relaxed within {settings.max_steps} steps ({where}): force {force:.3g} eV/A")


def _fit(basis: Array, patterns: Array, strains: Array, stresses: Array) -> tuple[Array, float]:
    """Return the stiffness in Voigt form and the misfit, both in GPa."""
    powers = np.vander(strains, 3 if len(strains) > 2 else 2, increasing=True)
    terms = np.array([np.linalg.lstsq(powers, rows)[0] for rows in stresses])
    design = np.einsum("nij,pj->pin", basis, patterns)
    coefficients = np.linalg.lstsq(design.reshape(-1, len(basis)), terms[:, 1].reshape(-1))[0]
    terms[:, 1] = design @ coefficients
    misfit = stresses - powers @ terms
    stiffness = np.tensordot(coefficients, basis, axes=1) / np.outer(MANDEL, MANDEL)
    return stiffness, float(np.sqrt(np.mean(misfit**2) / np.mean(strains**2)))
