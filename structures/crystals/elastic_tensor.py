"""Stiffness tensors: what the symmetry of a crystal leaves free, strains that determine it, moduli, stability.

Voigt order xx, yy, zz, yz, xz, xy and engineering shear strain outside; inside, tensors are in Mandel form (shear
components times sqrt(2)), where a rotation of the crystal is an orthogonal 6x6 matrix and eigenvalues do not depend
on the axes.
"""

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from licoat.structures.crystals.averages import hill_mean, poisson_ratio, youngs_modulus_gpa
from licoat.structures.errors import ElasticityError, require
from licoat.structures.rendering import outline

if TYPE_CHECKING:
    from ase import Atoms
    from ase.calculators.calculator import Calculator

__all__ = [
    "MANDEL",
    "TENSORS",
    "Array",
    "CrystalSymmetry",
    "ElasticModuli",
    "born_eigenvalue_gpa",
    "invariant_basis",
    "primitive_cell",
    "strain_patterns",
    "voigt_reuss_hill",
]

_CONDITION: Final = 10.0  # of the normal matrix; noise of the stresses then grows by less than a factor of about 3
_RIDGE: Final = 1e-6  # makes the rank of a design count before its determinant
_ROOT2: Final = math.sqrt(2.0)

Array = NDArray[np.float64]
MANDEL: Array = np.array([1.0, 1.0, 1.0, _ROOT2, _ROOT2, _ROOT2])
TENSORS: Array = np.zeros((6, 3, 3))  # orthonormal symmetric tensors in Voigt order
for _k, (_i, _j) in enumerate(((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))):
    TENSORS[_k, _i, _j] += 0.5 * MANDEL[_k]
    TENSORS[_k, _j, _i] += 0.5 * MANDEL[_k]


@dataclass(frozen=True, slots=True)
class ElasticModuli:
    """Moduli of an untextured polycrystal: bounds of Voigt and Reuss, and for the rest Hill's mean of them."""

    bulk_voigt_gpa: float
    bulk_reuss_gpa: float
    bulk_hill_gpa: float
    shear_voigt_gpa: float
    shear_reuss_gpa: float
    shear_hill_gpa: float
    young_modulus_gpa: float
    poisson_ratio: float
    universal_anisotropy: float

    __repr__ = outline


def voigt_reuss_hill(stiffness_gpa: ArrayLike) -> ElasticModuli:
    """Average a stiffness matrix over all orientations of the crystal.

    Parameters
    ----------
    stiffness_gpa : array_like, shape (6, 6)
        Cij in Voigt form, in GPa.

    Returns
    -------
    ElasticModuli
        Independent of the axes of `stiffness_gpa`.

    Raises
    ------
    ElasticityError
        If the matrix is not 6x6, finite, symmetric and positive definite: bounds exist for stable crystals only.

    Notes
    -----
    With ``S = C^-1``: ``9 K_V = C11+C22+C33 + 2(C12+C13+C23)``, ``15 G_V = C11+C22+C33 - (C12+C13+C23)
    + 3(C44+C55+C66)``, ``1/K_R = S11+S22+S33 + 2(S12+S13+S23)``, ``15/G_R = 4(S11+S22+S33) - 4(S12+S13+S23)
    + 3(S44+S55+S66)``; Hill is the arithmetic mean; ``A_U = 5 G_V/G_R + K_V/K_R - 6``.

    References
    ----------
    .. [1] R. Hill, Proc. Phys. Soc. A 65, 349 (1952), https://doi.org/10.1088/0370-1298/65/5/307
    .. [2] S. Ranganathan, M. Ostoja-Starzewski, Phys. Rev. Lett. 101, 055504 (2008),
       https://doi.org/10.1103/PhysRevLett.101.055504

    Examples
    --------
    >>> c = [[297, 95, 95, 0, 0, 0], [95, 297, 95, 0, 0, 0], [95, 95, 297, 0, 0, 0],
    ...      [0, 0, 0, 156, 0, 0], [0, 0, 0, 0, 156, 0], [0, 0, 0, 0, 0, 156]]
    >>> moduli = voigt_reuss_hill(c)
    >>> round(moduli.bulk_hill_gpa, 1), round(moduli.shear_hill_gpa, 1)
    (162.3, 131.0)
    """
    smallest = born_eigenvalue_gpa(stiffness_gpa)
    if smallest <= 0.0:
        raise ElasticityError(f"stiffness has the eigenvalue {smallest:.3g} GPa: an unstable crystal has no moduli")
    c = np.asarray(stiffness_gpa, dtype=float)
    (c_axial, c_cross, c_shear), (s_axial, s_cross, s_shear) = _sums(c), _sums(np.linalg.inv(0.5 * (c + c.T)))
    k_voigt, g_voigt = (c_axial + 2.0 * c_cross) / 9.0, (c_axial - c_cross + 3.0 * c_shear) / 15.0
    k_reuss, g_reuss = 1.0 / (s_axial + 2.0 * s_cross), 15.0 / (4.0 * (s_axial - s_cross) + 3.0 * s_shear)
    k, g = hill_mean(k_voigt, k_reuss), hill_mean(g_voigt, g_reuss)
    return ElasticModuli(
        bulk_voigt_gpa=k_voigt,
        bulk_reuss_gpa=k_reuss,
        bulk_hill_gpa=k,
        shear_voigt_gpa=g_voigt,
        shear_reuss_gpa=g_reuss,
        shear_hill_gpa=g,
        young_modulus_gpa=youngs_modulus_gpa(k, g),
        poisson_ratio=poisson_ratio(k, g),
        universal_anisotropy=5.0 * g_voigt / g_reuss + k_voigt / k_reuss - 6.0,
    )


def _sums(m: Array) -> tuple[float, float, float]:
    """Return m11+m22+m33, m12+m13+m23 and m44+m55+m66."""
    axial = float(np.trace(m[:3, :3]))
    return axial, 0.5 * (float(m[:3, :3].sum()) - axial), float(np.trace(m[3:, 3:]))


def born_eigenvalue_gpa(stiffness_gpa: ArrayLike) -> float:
    """Return the smallest eigenvalue of a stiffness matrix, in Mandel form; the crystal is stable if it is above 0.

    Parameters
    ----------
    stiffness_gpa : array_like, shape (6, 6)
        Cij in Voigt form, in GPa.

    Raises
    ------
    ElasticityError
        If the matrix is not 6x6, finite and symmetric (to 0.1 % of its largest element).

    References
    ----------
    .. [1] F. Mouhat, F.-X. Coudert, Phys. Rev. B 90, 224104 (2014), https://doi.org/10.1103/PhysRevB.90.224104
    """
    c = np.asarray(stiffness_gpa, dtype=float)
    if c.shape != (6, 6) or not np.isfinite(c).all():
        raise ElasticityError(f"stiffness matrix of shape {c.shape}: expected 6x6 finite numbers in GPa")
    if np.abs(c - c.T).max() > 1e-3 * np.abs(c).max():
        raise ElasticityError(f"stiffness matrix is not symmetric (by {np.abs(c - c.T).max():.3g} GPa)")
    return float(np.linalg.eigvalsh(0.5 * (c + c.T) * np.outer(MANDEL, MANDEL))[0])


@dataclass(frozen=True, slots=True)
class CrystalSymmetry:
    """Symmetry operations of a crystal, which its ions keep when they move (see `symmetric_ions`).

    Otherwise noise pushes ions off a saddle point along a soft mode (rutile TiO2 turns polar), and the stresses jump.
    """

    rotations: Array  # cartesian, shape (n, 3, 3)
    images: NDArray[np.intp]  # the site that each site is turned into, shape (n, sites)

    __repr__ = outline

    def under(self, pattern: Array) -> "CrystalSymmetry":
        """Return the operations that a strain leaves; loose, since the cell has its symmetry within symprec only."""
        tensor = np.einsum("k,kij->ij", pattern, TENSORS)
        kept = np.abs(self.rotations @ tensor - tensor @ self.rotations).max(axis=(1, 2)) < 0.05
        return CrystalSymmetry(self.rotations[kept], self.images[kept])

    def mean(self, vectors: Array) -> Array:
        """Average one vector per site over the operations, shape (sites, 3)."""
        total = np.zeros(vectors.shape)
        for rotation, image in zip(self.rotations, self.images, strict=True):
            total[image] += vectors @ rotation.T
        return total / len(self.rotations)


def primitive_cell(atoms: "Atoms", calculator: "Calculator", symprec_a: float) -> tuple["Atoms", CrystalSymmetry]:
    """Return the primitive cell in the same orientation, without constraints, and its symmetry.

    Raises
    ------
    ElasticityError
        If the atoms are no crystal periodic in three directions.
    InputTypeError
        If they are no `ase.Atoms`.
    """
    import spglib
    from ase import Atoms

    require(atoms, Atoms, "atoms must be ase.Atoms (Crystal.to_atoms() gives them)")
    name = atoms.get_chemical_formula() or "no atoms"
    if not (np.isfinite(atoms.positions).all() and np.isfinite(atoms.cell.array).all()):
        raise ElasticityError(f"{name}: positions or cell are no finite numbers")
    if not len(atoms) or not all(atoms.pbc) or not abs(atoms.cell.volume) > 0.0:
        raise ElasticityError(f"{name}: expected a crystal, with a cell that is periodic in three directions")
    cell = (atoms.cell.array, atoms.get_scaled_positions(), atoms.numbers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of spglib, about how it reports errors
        try:
            cell = spglib.standardize_cell(cell, to_primitive=True, no_idealize=True, symprec=symprec_a) or cell
            found = spglib.get_symmetry(cell, symprec=symprec_a)
        except spglib.error.SpglibError:
            found = None
    lattice, sites, numbers = cell
    crystal = Atoms(numbers=numbers, cell=lattice, scaled_positions=sites, pbc=True)
    crystal.calc = calculator
    if not found:
        return crystal, CrystalSymmetry(np.eye(3)[None], np.arange(len(crystal))[None])
    rotations = lattice.T @ found["rotations"] @ np.linalg.inv(lattice.T)
    left, _, right = np.linalg.svd(rotations)  # the nearest orthogonal matrix
    images = []
    for rotation, translation in zip(found["rotations"], found["translations"], strict=True):
        apart = (sites @ rotation.T + translation)[:, None] - sites
        images.append(np.linalg.norm((apart - apart.round()) @ lattice, axis=2).argmin(axis=1))
    return crystal, CrystalSymmetry(left @ right, np.array(images))


def invariant_basis(rotations: Array) -> Array:
    """Return orthonormal stiffness matrices in Mandel form that the rotations leave unchanged, shape (n, 6, 6)."""
    turned = np.einsum("kij,ria,lab,rjb->rkl", TENSORS, rotations, TENSORS, rotations)
    rows, columns = np.triu_indices(6)
    symmetric = np.zeros((21, 6, 6))
    symmetric[np.arange(21), rows, columns] = symmetric[np.arange(21), columns, rows] = 1.0
    symmetric /= np.linalg.norm(symmetric, axis=(1, 2), keepdims=True)
    mean = np.einsum("rik,nkl,rjl->nij", turned, symmetric, turned) / len(rotations)
    projector = np.einsum("mij,nij->mn", symmetric, mean)  # eigenvalues 0 and 1
    values, vectors = np.linalg.eigh(projector)
    basis: Array = np.einsum("nm,nij->mij", vectors[:, values > 0.5], symmetric)
    return basis


def strain_patterns(basis: Array) -> Array:
    """Choose few strains of norm 1 (Mandel form, shape (n, 6)) whose stresses determine all coefficients well."""
    units = np.eye(6)
    pairs = [(units[i] + units[j]) / _ROOT2 for i in range(6) for j in range(i + 1, 6)]
    candidates = np.array([*units, *pairs])
    blocks = np.einsum("nij,cj->cin", basis, candidates)
    information = np.einsum("cin,cim->cnm", blocks, blocks)
    normal, chosen = _RIDGE * np.eye(len(basis)), list[int]()
    while np.linalg.cond(normal) > _CONDITION or not chosen:
        gain = np.linalg.slogdet(normal + information)[1].round(6)  # rounded: equal ones in a fixed order
        gain[chosen] = -np.inf
        chosen.append(int(gain.argmax()))
        normal += information[chosen[-1]]
    return candidates[chosen]
