"""Crystals from POSCAR and from SHELX or AIRSS .res: short formats that are read line by line."""

import re

import numpy as np

from licoat.structures.crystals.cif_sites import element_of, number_of
from licoat.structures.crystals.crystal import Crystal
from licoat.structures.errors import InputFileError, shown

__all__ = ["crystal_of_poscar", "crystal_of_res"]

_MOST_ATOMS = 20_000
_NAME = re.compile(r"(?P<symbol>[A-Z][a-z]?)(?:[_./].*|[+-]?\d*[+-]?)?")


def crystal_of_poscar(text: str) -> Crystal:
    """Read a POSCAR or CONTCAR of VASP 5 or 6; velocities and what follows them are left out.

    Raises
    ------
    InputFileError
        If it is none, or of VASP 4, which names no elements.
    """
    lines = [line.split("!")[0].strip() for line in text.splitlines()[: _MOST_ATOMS + 20]]
    if len(lines) < 7:
        raise InputFileError("cannot be read as POSCAR (it has fewer than 7 lines)")
    scale = _numbers(lines[1], "the scale in line 2", (1, 3))
    lattice = np.array([_numbers(line, f"line {3 + i}", (3,))[:3] for i, line in enumerate(lines[2:5])])
    if len(scale) == 1 and scale[0] < 0.0:  # minus the volume of the cell
        volume = abs(float(np.linalg.det(lattice)))
        scale = [(-scale[0] / volume) ** (1.0 / 3.0) if volume > 0.0 else 0.0]
    # Three scales are those of x, y and z, not those of the three vectors.
    factor = np.array(scale)
    lattice = lattice * factor
    names = lines[5].split()
    if names and all(name.isdecimal() for name in names):  # pymatgen and ase guess them then
        raise InputFileError(
            "a POSCAR without the names of the elements; write them in the line above the numbers of atoms, as VASP 5"
        )
    counts = lines[6].split()
    if len(counts) != len(names) or not all(count.isdecimal() and len(count) < 6 for count in counts):
        raise InputFileError(
            f"cannot be read as POSCAR ({len(names)} names {shown(lines[5])}, but numbers of atoms {shown(lines[6])})"
        )
    species = [s for name, count in zip(names, counts, strict=True) for s in [_vasp_element(name)] * int(count)]
    at = 8 if lines[7:8] and lines[7][:1] in {"S", "s"} else 7
    mode, rows = lines[at : at + 1], lines[at + 1 : at + 1 + len(species)]
    if not species or len(rows) < len(species) or not mode:
        raise InputFileError(f"cannot be read as POSCAR ({len(species)} atoms, but {len(rows)} lines of coordinates)")
    coords = np.array([_numbers(row, f"line {at + 2 + i}", (3,))[:3] for i, row in enumerate(rows)])
    if mode[0][:1] in {"C", "c", "K", "k"}:
        if abs(np.linalg.det(lattice)) < 1e-9:
            raise InputFileError("0 A3 per atom is no crystal's volume; are the lattice vectors in A?")
        coords = coords * factor @ np.linalg.inv(lattice)
    return Crystal.from_dict(
        {"lattice": lattice.tolist(), "species": species, "frac_coords": coords.tolist()}, "POSCAR"
    )


def _vasp_element(name: str) -> str:
    """Return the element of ``Mg``, ``Mg_pv`` or ``Mg_pv/4f2a...``; deuterium is hydrogen."""
    match = _NAME.fullmatch(name[:80])
    if match is None:
        raise InputFileError(f"unknown element {shown(name)}")
    return element_of(match["symbol"])


def _numbers(line: str, where: str, least: tuple[int, ...]) -> list[float]:
    """Return the numbers at the beginning of a line; ``least`` says how many there may or must at least be."""
    found: list[float] = []
    for word in line[:1000].split():
        try:
            number, _ = number_of(word.replace("d", "e").replace("D", "e"), where)
        except InputFileError:
            if len(found) < min(least):
                raise
            break
        found.append(number)
    if len(found) < min(least):
        raise InputFileError(f"{where} is {shown(line)}; expected {min(least)} numbers")
    return found[:3] if len(found) >= 3 and 3 in least else found[:1]


def crystal_of_res(text: str) -> Crystal:
    """Read a .res file that lists all atoms, as AIRSS and ase write it (LATT -1, no SYMM).

    Raises
    ------
    InputFileError
        If it is none, or of a SHELX refinement with symmetry, of which a CIF says more.
    """
    cards: dict[str, list[str]] = {}
    kinds, species, coords = list[str](), list[str](), list[list[float]]()
    for line in _joined(text.splitlines()[: _MOST_ATOMS + 1000]):
        word, *rest = line.split() or [""]
        key = word.upper()
        if key in {"CELL", "LATT", "SYMM"}:
            cards[key] = rest
        elif key == "SFAC":
            kinds += [element_of(kind) for kind in rest if kind[:1].isalpha()]
        elif key in {"END", "HKLF"}:
            break
        elif kinds and len(rest) >= 4 and rest[0].isdecimal() and key != "UNIT":
            species.append(_res_element(word, rest, kinds))
            coords.append([number_of(x, f"a coordinate of {word[:20]}")[0] for x in rest[1:4]])
    if "CELL" not in cards or not species:
        raise InputFileError("cannot be read as .res (no CELL, no SFAC or no atoms)")
    if "SYMM" in cards or cards.get("LATT", ["-1"])[:1] != ["-1"]:
        raise InputFileError("a .res file with symmetry (LATT, SYMM); give the CIF of the refinement")
    return Crystal.from_dict({"lattice": _cell(cards["CELL"]), "species": species, "frac_coords": coords}, ".res")


def _res_element(label: str, rest: list[str], kinds: list[str]) -> str:
    """Return the element of an atom's line: number of its kind, three coordinates, occupancy."""
    if not 1 <= int(rest[0][:4]) <= len(kinds):
        raise InputFileError(f"site {shown(label)} is of kind {shown(rest[0])}, but SFAC names {len(kinds)}")
    share = number_of(rest[4], f"the occupancy of {label[:20]}")[0] if len(rest) > 4 else 1.0
    if min(abs(share - 1.0), abs(share - 11.0)) > 1e-3:  # SHELX adds 10 to what is not refined
        raise InputFileError(f"the site {shown(label)} is partially occupied ({share:g}); give an ordered crystal")
    return kinds[int(rest[0][:4]) - 1]


def _joined(lines: list[str]) -> list[str]:
    """Return the lines of a .res file with those that end in ``=`` continued."""
    found, pending = list[str](), ""
    for line in lines:
        text = pending + line.split("!")[0].rstrip()
        pending = text[:-1] if text.endswith("=") and len(text) < 1000 else ""
        if not pending:
            found.append(text)
    return found


def _cell(words: list[str]) -> list[list[float]]:
    from ase.geometry import cellpar_to_cell

    numbers = [number_of(word, "CELL")[0] for word in words[1:7]]
    if len(numbers) < 6 or min(numbers) <= 0.0 or max(numbers[3:]) >= 180.0:
        raise InputFileError("CELL needs wavelength, three lengths and three angles")
    found: list[list[float]] = np.array(cellpar_to_cell(numbers)).tolist()
    return found
