"""Structure files of every kind: which reader a name stands for, and what all of them must pass."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from licoat.structures.crystals.ase_files import (
    ASE_FORMATS,
    crystals_of_ase,
    crystals_of_database,
    crystals_of_trajectory,
)
from licoat.structures.crystals.cif import crystals_of_cif
from licoat.structures.crystals.crystal import MAX_ATOMS, STRUCTURE_ENDINGS, Crystal
from licoat.structures.crystals.plain_text import crystal_of_poscar, crystal_of_res
from licoat.structures.crystals.structure_json import crystals_of_json
from licoat.structures.errors import InputFileError, require, shortened, shown
from licoat.structures.reading import COMPRESSED, parse_json, plain_name, read_bytes, read_text, text_of
from licoat.structures.rendering import outline

__all__ = ["NamedCrystal", "is_structure_file", "read_crystals", "read_one_crystal"]

_Found = Sequence[tuple[str, Crystal, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class NamedCrystal:
    """A structure of a file.

    Attributes
    ----------
    name : str
        The file's name without its endings; of several structures in one file the name that each has there, or the
        file's name with a number.
    crystal : Crystal
    where : str
        File and, of several, the structure in it, for messages.
    own_name : str
        Its name in the file, empty if it has none.
    record : mapping
        The JSON object that held it, empty elsewhere.
    """

    name: str
    crystal: Crystal
    where: str
    own_name: str = ""
    record: Mapping[str, Any] = field(default_factory=dict)

    __repr__ = outline


_NAMES: Sequence[tuple[str, str]] = (
    (r".*\.m?cif", "CIF"),
    (r".*\.json", "JSON"),
    (r".*\.jsonl", "JSON lines"),
    (r".*\.(extxyz|xyz)", "extended XYZ"),
    (r".*\.xsf", "XSF"),
    (r".*\.db", "ase database"),
    (r".*\.traj", "ase trajectory"),
    (r".*\.res", ".res"),
    (r".*vasprun.*\.xml", "vasprun.xml"),
    (r".*\.gen", "DFTB+ gen"),
    (r".*\.(pwi|pw\.in)", "input of Quantum ESPRESSO"),
    (r".*\.(pwo|pw\.out)", "output of Quantum ESPRESSO"),
    (r".*geometry\.in(\.next_step)?", "FHI-aims geometry"),
    (r".*\.cfg", "AtomEye configuration"),
    (r".*\.cube", "cube"),
    (r".*\.rmc6f", "RMCProfile"),
    (r".*\.xsd", "Materials Studio"),
    (r".*\.(vasp|poscar|contcar)", "POSCAR"),
    (r".*outcar.*", "OUTCAR"),
    (r".*xdatcar.*", "XDATCAR"),
    (r".*(poscar|contcar).*", "POSCAR"),
)
"""What a file of a name holds; the first that fits counts. Names are compared in lower case, without ``.gz``."""
_OUTPUTS = {"OUTCAR", "XDATCAR", "vasprun.xml", "output of Quantum ESPRESSO"}


def read_crystals(path: str | Path, *, max_atoms: int = MAX_ATOMS) -> list[NamedCrystal]:
    """Read all structures of a file and check each.

    Parameters
    ----------
    path : str or Path
        CIF or magnetic CIF; POSCAR or CONTCAR; structures of pymatgen, OPTIMADE, ase, the Materials Project or licoat
        in JSON; an ase database or trajectory; extended XYZ, XSF, .res and outputs of programs (see `ASE_FORMATS`);
        any of them compressed as .gz, .bz2 or .xz. Of the output of a run the last step is read.
    max_atoms : int
        Largest cell that is accepted.

    Returns
    -------
    list of NamedCrystal
        In the order of the file, at least one. Of a CIF each different crystal once, its primitive cell; otherwise
        the cells as they stand.

    Raises
    ------
    InputFileError
        If the file is missing, of another kind, not readable, or one of its structures is disordered or not a crystal
        (see `Crystal.check`).
    InputTypeError
        If `path` is no path.
    """
    require(path, (str, os.PathLike), "path must be the name of a structure file")
    path = Path(path)
    kind = _kind(path)
    try:
        found = _read(path, kind, max_atoms)
    except InputFileError as error:
        text = str(error)
        raise InputFileError(text if text.startswith(f"{path}: ") else f"{path}: {text}") from error.__cause__
    except OSError as error:
        raise InputFileError(f"{path}: {error.strerror or error}") from error
    except (RecursionError, MemoryError) as error:
        raise InputFileError(f"{path}: too large or nested too deeply to be read as {kind}") from error
    stem = stem_of(path)
    names = [name.strip() for name, _, _ in found]
    if len(found) == 1:
        names = [stem]
    elif not all(names) or len(set(names)) < len(names):
        names = [f"{stem}-{i + 1}" for i in range(len(found))]
    result = []
    for name, (own_name, crystal, record) in zip(names, found, strict=True):
        alone = len(found) == 1 and "id" not in record
        where = str(path) if alone else f"{path}: {shortened(own_name or name, 60)}"
        crystal.check(where, max_atoms=max_atoms)
        result.append(NamedCrystal(name, crystal, where, own_name.strip(), record))
    return result


def read_one_crystal(path: str | Path, *, max_atoms: int = MAX_ATOMS) -> Crystal:
    """Read the only structure of a file, see `read_crystals`.

    Raises
    ------
    InputFileError
        As `read_crystals`, and if the file holds several different structures; it says what reads them all.
    """
    found = read_crystals(path, max_atoms=max_atoms)
    if len(found) > 1:
        names = ", ".join(shown(item.name, 20) for item in found[:3])
        raise InputFileError(
            f"{path}: {len(found)} structures in the file ({names}{', ...' if len(found) > 3 else ''}); give one, or "
            "read them all (licoat relax, data build --seeds, read_crystals)"
        )
    return found[0].crystal


def is_structure_file(path: Path) -> bool:
    """Say whether a file of a folder has the name of one that `read_crystals` reads.

    What a run writes beside its structure (OUTCAR, XDATCAR, vasprun.xml) does not count: it would be there twice.
    """
    try:
        kind = _kind(path)
    except InputFileError:
        return False
    return kind not in _OUTPUTS and path.is_file()


def stem_of(path: Path) -> str:
    """Return the name of a file without the ending of its compression and without its own."""
    return Path(plain_name(path)).stem


def _kind(path: Path) -> str:
    name = plain_name(path).lower()
    for pattern, kind in _NAMES:
        if re.fullmatch(pattern, name, re.DOTALL):
            return kind
    raise InputFileError(
        f"{path}: not a kind of structure file; expected {', '.join(STRUCTURE_ENDINGS)}, POSCAR, CONTCAR, OUTCAR or "
        "vasprun.xml, also compressed"
    )


def _read(path: Path, kind: str, max_atoms: int) -> _Found:
    if kind in {"JSON", "JSON lines"}:
        text = read_text(path)
        return crystals_of_json(parse_json(text, path) if kind == "JSON" else _lines(text))
    return [(name, crystal, {}) for name, crystal in _without_records(path, kind, max_atoms)]


def _without_records(path: Path, kind: str, max_atoms: int) -> list[tuple[str, Crystal]]:
    if kind == "ase database":
        if path.suffix.lower() in COMPRESSED:
            raise InputFileError("an ase database is read where it stands; decompress it")
        return crystals_of_database(path)
    raw = read_bytes(path)
    if kind == "ase trajectory":
        return crystals_of_trajectory(raw)
    text = text_of(raw, path)
    if kind in ASE_FORMATS:
        return crystals_of_ase(raw, kind)
    readers: dict[str, Callable[[str], list[tuple[str, Crystal]]]] = {
        "CIF": partial(crystals_of_cif, max_atoms=max_atoms),
        "POSCAR": lambda text: [("", crystal_of_poscar(text))],
        ".res": lambda text: [("", crystal_of_res(text))],
    }
    return readers[kind](text)


def _lines(text: str) -> list[object]:
    return [parse_json(line, f"line {i + 1}") for i, line in enumerate(text.splitlines()) if line.strip()]
