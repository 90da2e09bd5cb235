"""`Crystal`: the bare structure that calculations start from and end in, and how it is read from files."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from licoat.structures.chemistry.elements import ATOMIC_NUMBER, writing_order
from licoat.structures.chemistry.formula import formula_unit
from licoat.structures.errors import InputFileError, require, shortened, shown
from licoat.structures.rendering import brief

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["MAX_ATOMS", "STRUCTURE_ENDINGS", "Crystal", "read_crystal"]

MAX_ATOMS = 200
"""Largest cell that is accepted without being asked for: the cost of a relaxation grows with the cell."""

STRUCTURE_ENDINGS = (".cif", ".mcif", ".vasp", ".poscar", ".xsf", ".json", ".extxyz", ".res", ".db", ".traj")
_LEAST_VOLUME_A3_PER_ATOM = 2.0
_MOST_VOLUME_A3_PER_ATOM = 500.0
_LEAST_LENGTH_A = 0.5
_DISPLACEMENT_A = 0.05
_STRAIN = 0.01

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Crystal:
    """A periodic structure with every site occupied by one element.

    Attributes
    ----------
    lattice : tuple, shape (3, 3)
        Lattice vectors in A, one per row.
    species : tuple of str, shape (n,)
        Element symbols.
    frac_coords : tuple, shape (n, 3)
        Fractional coordinates.
    """

    lattice: tuple[Vector, Vector, Vector]
    species: tuple[str, ...]
    frac_coords: tuple[Vector, ...]

    def __repr__(self) -> str:
        return brief(self, f"{self.formula}: {len(self)} atoms, {self.volume_a3:.4g} A3")

    def __len__(self) -> int:
        return len(self.species)

    @property
    def volume_a3(self) -> float:
        """Volume of the cell in A^3."""
        (a, b, c) = self.lattice
        cross = (b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2], b[0] * c[1] - b[1] * c[0])
        return abs(sum(x * y for x, y in zip(a, cross, strict=True)))

    @property
    def formula(self) -> str:
        """One formula unit, e.g. ``Sb2O3``."""
        counts = {s: self.species.count(s) for s in sorted(set(self.species), key=writing_order)}
        return formula_unit("".join(f"{symbol}{n}" for symbol, n in counts.items()))

    def to_dict(self) -> dict[str, Any]:
        """Return ``lattice``, ``species`` and ``frac_coords`` as lists, ready for JSON."""
        return {
            "lattice": [list(v) for v in self.lattice],
            "species": list(self.species),
            "frac_coords": [list(v) for v in self.frac_coords],
        }

    def to_atoms(self) -> "Atoms":
        """Return the structure as `ase.Atoms`, periodic in three directions."""
        from ase import Atoms

        return Atoms(list(self.species), cell=self.lattice, scaled_positions=self.frac_coords, pbc=True)

    @classmethod
    def from_atoms(cls, atoms: "Atoms") -> "Crystal":
        """Take the structure of `ase.Atoms`; coordinates are not wrapped.

        Raises
        ------
        InputTypeError
            If it is something else.
        """
        from ase import Atoms

        require(atoms, Atoms, "atoms must be ase.Atoms")
        return cls.from_dict(
            {
                "lattice": atoms.cell.array.tolist(),
                "species": atoms.get_chemical_symbols(),
                "frac_coords": atoms.get_scaled_positions(wrap=False).tolist(),
            },
            "atoms",
        )

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str) -> "Crystal":
        """Read ``lattice``, ``species`` and ``frac_coords``.

        Parameters
        ----------
        data : mapping
            As `to_dict` gives it.
        where : str
            Named in errors.

        Raises
        ------
        InputFileError
            If something is missing, no number, or not of the right shape, or an element does not exist.
        """
        try:
            lattice = tuple(_vector(v) for v in data["lattice"])
            species = tuple(str(s) for s in data["species"])
            sites = tuple(_vector(v) for v in data["frac_coords"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            what = f"{shown(error.args[0])} is missing" if isinstance(error, KeyError) else shortened(str(error), 80)
            raise InputFileError(
                f"{where}: not a structure ({what}); expected lattice (3x3, A), species and frac_coords"
            ) from error
        unknown = sorted(set(species) - set(ATOMIC_NUMBER))
        if unknown:
            raise InputFileError(f"{where}: {_unknown_element(unknown[0])}")
        if len(lattice) != 3 or not species or len(sites) != len(species):
            raise InputFileError(f"{where}: {len(lattice)} lattice vectors, {len(species)} species, {len(sites)} sites")
        return cls(lattice, species, sites)

    def displaced(self) -> "Crystal":
        """Return the structure without its symmetry: every atom moved, the cell strained, at random but always alike.

        Displacements are normal with 0.05 A along each axis, strains normal with 0.01: more than what a relaxation
        leaves undone, less than a tenth of a bond.
        """
        import numpy as np

        random = np.random.default_rng(0)
        strain = random.normal(scale=_STRAIN, size=(3, 3))
        atoms = self.to_atoms()
        atoms.set_cell(atoms.cell.array @ (np.eye(3) + (strain + strain.T) / 2.0), scale_atoms=True)
        atoms.positions += random.normal(scale=_DISPLACEMENT_A, size=(len(self), 3))
        return Crystal.from_atoms(atoms)

    def check(self, where: str, *, max_atoms: int = MAX_ATOMS) -> None:
        """Refuse what no calculator could relax.

        Parameters
        ----------
        where : str
            Named in errors.
        max_atoms : int
            Largest cell that is accepted.

        Raises
        ------
        InputFileError
            If the cell has no volume or too many atoms, or two atoms lie closer than in any crystal.
        """
        if len(self) > max_atoms:
            raise InputFileError(
                f"{where}: {len(self)} atoms in the cell, more than {max_atoms}; "
                "give the primitive cell, or raise the limit with --max-atoms"
            )
        try:
            self.check_distances()
        except InputFileError as error:
            raise InputFileError(f"{where}: {error}") from None

    def check_distances(self) -> None:
        """Refuse a volume or a distance between two atoms that no crystal has.

        Raises
        ------
        InputFileError
            Naming the volume, or the two atoms that lie closest of those that lie too close (`LEAST_DISTANCE`).
        """
        volume = self.volume_a3 / len(self)
        if not _LEAST_VOLUME_A3_PER_ATOM <= volume <= _MOST_VOLUME_A3_PER_ATOM:
            raise InputFileError(
                f"{volume:.3g} A3 per atom is no crystal's volume "
                f"({_LEAST_VOLUME_A3_PER_ATOM:g} to {_MOST_VOLUME_A3_PER_ATOM:g}); are the lattice vectors in A?"
            )
        found = self._overlap()
        if found is not None:
            i, j, distance = found
            first, second = (f"{k + 1} ({self.species[k]})" for k in (i, j))
            pair = f"atoms {first} and {second}" if i != j else f"atom {first} and its periodic image"
            raise InputFileError(f"{pair} overlap: {distance:.2g} A apart; is the symmetry or the setting another one?")

    def _overlap(self) -> tuple[int, int, float] | None:
        """Return the two atoms that lie closest of those that lie too close, and their distance in A."""
        import numpy as np
        from ase.data import covalent_radii
        from ase.geometry import minkowski_reduce
        from ase.neighborlist import neighbor_list

        atoms = self.to_atoms()
        atoms.set_cell(minkowski_reduce(atoms.cell)[0])  # the number of images to look at grows with the skew
        shortest = float(atoms.cell.lengths().min())
        if shortest < _LEAST_LENGTH_A:
            return 0, 0, shortest
        radii = np.array([float(covalent_radii[ATOMIC_NUMBER[s]]) for s in self.species])
        most = max(LEAST_DISTANCE.values())
        first, second, distances = neighbor_list("ijd", atoms, most * radii)
        kinds = np.array([_kind(s) for s in self.species], dtype=object)
        least = np.array(
            [LEAST_DISTANCE[min(a, b) + max(a, b)] for a, b in zip(kinds[first], kinds[second], strict=True)]
        )
        close = distances < least * (radii[first] + radii[second]) if len(first) else np.array([], dtype=bool)
        if not close.any():
            return None
        first, second, distances = first[close], second[close], distances[close]
        k = int(distances.argmin())
        i, j = sorted((int(first[k]), int(second[k])))
        return i, j, float(distances[k])


_NONMETALS = frozenset(["B", "C", "N", "P", "S", "Cl", "As", "Se", "Br", "Te", "I", "Si", "Ge"])
LEAST_DISTANCE: Mapping[str, float] = {
    "MM": 0.6, "MN": 0.62, "MO": 0.62, "FM": 0.62, "NN": 0.7, "NO": 0.7, "FN": 0.7, "OO": 0.87, "FO": 0.87,
    "FF": 1.1, "HH": 1.1, "HM": 0.62, "HN": 0.62, "HO": 0.62, "FH": 0.62,
}  # fmt: skip
"""Shortest distance over the sum of covalent radii by kind of both atoms: H, F, O, other nonmetals N, metals M.

Below the shortest of 9,000 relaxed cells of the Materials Project that are no artefacts (U-U 0.62, U=O 0.67, N2 0.74,
C=O 0.75) and of X-ray positions of hydrogen; peroxide, superoxide and O2 (1.2 A) are above that of O-O, F2 above that
of F-F. A wrong setting or origin brings most oxides below.
"""


def _kind(symbol: str) -> str:
    """Return the kind of an element in `LEAST_DISTANCE`."""
    return symbol if symbol in {"H", "O", "F"} else "N" if symbol in _NONMETALS else "M"


def _vector(values: Sequence[float]) -> Vector:
    x, y, z = (float(v) for v in values)
    if not all(math.isfinite(v) for v in (x, y, z)):
        raise ValueError("not a finite number")
    return (x, y, z)


def read_crystal(path: str | Path, *, max_atoms: int = MAX_ATOMS) -> Crystal:
    """Read the one structure of a file and check it.

    Parameters
    ----------
    path : str or Path
        Any kind that `structure_files.read_crystals` reads: CIF, POSCAR, JSON, extended XYZ, an ase database ...
    max_atoms : int
        Largest cell that is accepted.

    Returns
    -------
    Crystal
        The cell as it stands in the file, reduced to its primitive cell if it is a CIF.

    Raises
    ------
    InputFileError
        If the file is missing, of another kind, not readable, disordered, not a crystal (see `Crystal.check`), or
        holds several.
    InputTypeError
        If `path` is no path.
    """
    from licoat.structures.crystals.structure_files import read_one_crystal

    return read_one_crystal(path, max_atoms=max_atoms)


def _unknown_element(symbol: str) -> str:
    hint = "; write H for an isotope of hydrogen" if symbol in {"D", "T"} else ""
    return f"unknown element {shown(symbol)}{hint}"
