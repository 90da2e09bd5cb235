"""`Crystal`: the bare structure that calculations start from and end in, and how it is read from files."""

import json
import math
import os
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from licoat.structures.chemistry.elements import ATOMIC_NUMBER, writing_order
from licoat.structures.chemistry.formula import formula_unit
from licoat.structures.errors import InputFileError, require
from licoat.structures.rendering import brief

if TYPE_CHECKING:
    from ase import Atoms

__all__ = ["MAX_ATOMS", "STRUCTURE_ENDINGS", "Crystal", "is_structure_file", "read_crystal"]

MAX_ATOMS = 200
"""Largest cell that is accepted without being asked for: the cost of a relaxation grows with the cell."""

STRUCTURE_ENDINGS = (".cif", ".vasp", ".poscar", ".xsf", ".json")
_OVERLAP = 0.5
_LEAST_VOLUME_A3_PER_ATOM = 2.0
_MOST_VOLUME_A3_PER_ATOM = 500.0
_LEAST_LENGTH_A = 0.5
_FORMULA_TOLERANCE = 0.01
_SAME_SITE_A = 0.01
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
        except (KeyError, TypeError, ValueError) as error:
            raise InputFileError(
                f"{where}: not a structure ({type(error).__name__}: {error}); "
                "expected lattice (3x3, A), species and frac_coords"
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
            If the cell has no volume or too many atoms, or two atoms lie on each other (closer than half the sum
            of their covalent radii).
        """
        volume = self.volume_a3 / len(self)
        if len(self) > max_atoms:
            raise InputFileError(
                f"{where}: {len(self)} atoms in the cell, more than {max_atoms}; "
                "give the primitive cell, or raise the limit with --max-atoms"
            )
        if not _LEAST_VOLUME_A3_PER_ATOM <= volume <= _MOST_VOLUME_A3_PER_ATOM:
            raise InputFileError(
                f"{where}: {volume:.3g} A3 per atom is no crystal's volume "
                f"({_LEAST_VOLUME_A3_PER_ATOM:g} to {_MOST_VOLUME_A3_PER_ATOM:g}); are the lattice vectors in A?"
            )
        found = self._overlap()
        if found is not None:
            i, j, distance = found
            first, second = (f"{k + 1} ({self.species[k]})" for k in (i, j))
            pair = f"atoms {first} and {second}" if i != j else f"atom {first} and its periodic image"
            raise InputFileError(f"{where}: {pair} overlap: {distance:.2g} A apart")

    def _overlap(self) -> tuple[int, int, float] | None:
        """Return the two atoms that lie closest of those that lie too close, and their distance in A."""
        from ase.data import covalent_radii
        from ase.geometry import minkowski_reduce
        from ase.neighborlist import neighbor_list

        atoms = self.to_atoms()
        atoms.set_cell(minkowski_reduce(atoms.cell)[0])  # the number of images to look at grows with the skew
        shortest = float(atoms.cell.lengths().min())
        if shortest < _LEAST_LENGTH_A:
            return 0, 0, shortest
        radii = [float(_OVERLAP * covalent_radii[ATOMIC_NUMBER[s]]) for s in self.species]
        first, second, distances = neighbor_list("ijd", atoms, radii)
        if not len(first):
            return None
        k = int(distances.argmin())
        i, j = sorted((int(first[k]), int(second[k])))
        return i, j, float(distances[k])


def _vector(values: Sequence[float]) -> Vector:
    x, y, z = (float(v) for v in values)
    if not all(math.isfinite(v) for v in (x, y, z)):
        raise ValueError("not a finite number")
    return (x, y, z)


def read_crystal(path: str | Path, *, max_atoms: int = MAX_ATOMS) -> Crystal:
    """Read a structure file and check it.

    Parameters
    ----------
    path : str or Path
        CIF (``.cif``), VASP 5 (``.vasp``, ``.poscar`` or a name with POSCAR or CONTCAR), XCrySDen (``.xsf``),
        or a pymatgen structure as ``.json``.
    max_atoms : int
        Largest cell that is accepted.

    Returns
    -------
    Crystal
        The cell as it stands in the file, reduced to its primitive cell if it is a CIF.

    Raises
    ------
    InputFileError
        If the file is missing, of another kind, not readable, disordered, or not a crystal (see `Crystal.check`).
    InputTypeError
        If `path` is no path.
    """
    require(path, (str, os.PathLike), "path must be the name of a structure file")
    path = Path(path)
    kind, read = _reader(path)
    text = _text(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the readers only warn of is tested here, and refused
        try:
            structure = read(text)
        except InputFileError as error:
            raise InputFileError(f"{path}: {error}") from None
        except Exception as error:  # the readers of pymatgen raise whatever the text leads to
            reason = " ".join(str(error).split()) or type(error).__name__
            if reason == "Singular matrix":  # numpy, of a lattice
                raise InputFileError(f"{path}: the cell has no volume; are the lattice vectors in A?") from error
            raise InputFileError(f"{path}: cannot be read as {kind} ({reason[:150]})") from error
    crystal = Crystal.from_dict(
        {
            "lattice": structure.lattice.matrix.tolist(),
            "species": [_symbol(site.specie) for site in structure],
            "frac_coords": structure.frac_coords.tolist(),
        },
        str(path),
    )
    crystal.check(str(path), max_atoms=max_atoms)
    return crystal


def is_structure_file(path: Path) -> bool:
    """Say whether a file has the name of one that `read_crystal` reads."""
    try:
        _reader(path)
    except InputFileError:
        return False
    return path.is_file()


def _reader(path: Path) -> tuple[str, Callable[[str], Any]]:
    """Return what a file of this name holds, and the function that reads it."""
    name = path.name.lower()
    if name.endswith(".cif"):
        return "CIF", _read_cif
    if name.endswith(".json"):
        return "a pymatgen structure in JSON", _read_json
    if name.endswith(".xsf"):
        return "XSF", _read_xsf
    if name.endswith((".vasp", ".poscar")) or "poscar" in name or "contcar" in name:
        return "POSCAR", _read_poscar
    raise InputFileError(
        f"{path}: not a kind of structure file; expected {', '.join(STRUCTURE_ENDINGS)}, POSCAR or CONTCAR"
    )


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputFileError(f"{path}: {error.strerror or error}") from error
    if not raw.strip():
        raise InputFileError(f"{path}: the file is empty")
    if b"\0" in raw:
        raise InputFileError(f"{path}: not a text file; expected {', '.join(STRUCTURE_ENDINGS)} as text")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")  # old CIFs have the names of their authors so


def _symbol(specie: Any) -> str:  # noqa: ANN401 - of pymatgen
    """Return the symbol as it stands in the file: pymatgen's ``symbol`` of deuterium is H."""
    element = getattr(specie, "element", specie)
    return str(getattr(element, "name", element.symbol))


def _ordered(structure: Any) -> Any:  # noqa: ANN401 - a pymatgen Structure
    if structure.is_ordered:
        return structure
    site = next(s for s in structure if not s.is_ordered)
    raise InputFileError(
        f"the site {site.species} at {site.frac_coords.round(3).tolist()} is partially occupied; "
        "give an ordered structure (pymatgen's OrderDisorderedStructureTransformation makes one)"
    )


def _read_json(text: str) -> Any:  # noqa: ANN401 - a pymatgen Structure
    from pymatgen.core.structure import Structure

    document = json.loads(text)
    if not isinstance(document, dict) or not {"lattice", "sites"} <= document.keys():
        raise ValueError("it has no lattice and sites")
    return _ordered(Structure.from_dict(document))


def _read_xsf(text: str) -> Any:  # noqa: ANN401 - a pymatgen Structure
    from pymatgen.core.structure import Structure

    return _ordered(Structure.from_str(text, fmt="xsf"))


def _read_poscar(text: str) -> Any:  # noqa: ANN401 - a pymatgen Structure
    from pymatgen.io.vasp.inputs import Poscar

    poscar = Poscar.from_str(text, read_velocities=False)
    if not poscar.true_names:  # pymatgen calls them H, He, Li, ... then
        raise InputFileError(
            "a POSCAR without the names of the elements; write them in the line above the numbers of atoms, as VASP 5"
        )
    return poscar.structure


def _read_cif(text: str) -> Any:  # noqa: ANN401 - a pymatgen Structure
    """Read the one structure of a CIF, its primitive cell."""
    from pymatgen.io.cif import CifParser

    parser = CifParser.from_str(text, occupancy_tolerance=1.0 + 1e-3)
    blocks = [block for block in parser.as_dict().values() if "_atom_site_fract_x" in block]
    if len(blocks) != 1:
        raise InputFileError(f"{len(blocks)} structures in the file; give one with its atoms (_atom_site_fract_x ...)")
    try:
        # A block without atoms (of the publication, of the author) is no error.
        (structure,) = parser.parse_structures(primitive=False, on_error="ignore")
    except ValueError as error:
        reasons = [
            note.partition("\n")[2]
            for note in getattr(parser, "warnings", [])
            if note.startswith("No structure parsed")
        ]
        raise ValueError(reasons[-1] if reasons else str(error)) from error
    _check_cif_symbols(blocks[0], {_symbol(specie) for site in structure for specie in site.species})
    _ordered(structure)
    _check_cif_formula(blocks[0], structure)
    # pymatgen's own tolerance, 0.25 A, takes the distortions out of a supercell.
    return structure.get_primitive_structure(tolerance=_SAME_SITE_A)


def _check_cif_symbols(block: Mapping[str, Any], found: set[str]) -> None:
    """Refuse symbols that the reader took for something else, such as Va (no atom) for vanadium."""
    if "_atom_site_type_symbol" in block:
        named = {"".join(re.findall("[A-Za-z]+", str(s))[:1]).capitalize() for s in block["_atom_site_type_symbol"]}
    else:
        named = {"".join(re.findall("[A-Z][a-z]?", str(s))[:1]) for s in block["_atom_site_label"]}
    unknown = sorted(named - set(ATOMIC_NUMBER))
    if unknown:
        raise InputFileError(_unknown_element(unknown[0]))
    if named != found:
        raise InputFileError(
            f"the atoms are named {', '.join(sorted(named))} but read as {', '.join(sorted(found))}; "
            "give _atom_site_type_symbol"
        )


def _check_cif_formula(block: Mapping[str, Any], structure: Any) -> None:  # noqa: ANN401 - a pymatgen Structure
    """Refuse a structure that lacks atoms of the formula, as those of hydrogen that X-rays did not find."""
    from pymatgen.core.composition import Composition

    formula = block.get("_chemical_formula_sum")
    try:
        said = Composition(formula).fractional_composition
    except (TypeError, ValueError):
        return  # none, or a text
    got = structure.composition.element_composition.fractional_composition
    if any(abs(said[e] - got[e]) > _FORMULA_TOLERANCE for e in {*said, *got}):
        raise InputFileError(
            f"its formula is {formula}, but its sites give {structure.composition.reduced_formula}; "
            "atoms are missing, or the symmetry is not that of the file"
        )


def _unknown_element(symbol: str) -> str:
    hint = "; write H for an isotope of hydrogen" if symbol in {"D", "T"} else ""
    return f"unknown element {symbol!r}{hint}"
