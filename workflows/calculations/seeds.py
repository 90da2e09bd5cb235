"""Start structures of a build: read from a list, a file or a folder."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from licoat.structures.crystals.crystal import MAX_ATOMS, STRUCTURE_ENDINGS, Crystal
from licoat.structures.crystals.structure_files import is_structure_file, read_crystals
from licoat.structures.errors import InputFileError, shown
from licoat.structures.rendering import brief

__all__ = ["Seed", "read_seeds"]


@dataclass(frozen=True, slots=True)
class Seed:
    """A start structure.

    Attributes
    ----------
    phase_id : str
        Identifier of the phase in the table.
    crystal : Crystal
    known : bool or None
        Whether such a crystal has been reported; None if nobody says.
    structure_type, origin : str
        Where it comes from, for people.
    """

    phase_id: str
    crystal: Crystal
    known: bool | None = None
    structure_type: str = ""
    origin: str = ""

    def __repr__(self) -> str:
        return brief(self, f"{self.phase_id} {self.crystal.formula} ({self.origin})")


def read_seeds(path: str | Path, *, max_atoms: int = MAX_ATOMS) -> list[Seed]:
    """Read start structures.

    Parameters
    ----------
    path : str or Path
        A file of structures of any kind (see `structure_files.read_crystals`): JSON with ``id``, ``structure`` and
        optionally ``known``, ``structure_type`` and ``origin``, an ase database such as ``--ase-db`` writes, a
        pymatgen structure, a CIF ...; or a folder of such files. A structure is named by its own name in the file,
        else by the file.
    max_atoms : int
        Largest cell that is accepted.

    Returns
    -------
    list of Seed
        In the order of the file, of a folder in that of the names.

    Raises
    ------
    InputFileError
        If a file cannot be read, a structure cannot be used or an identifier stands twice; it is named.
    """
    path = Path(path)
    if not path.exists():
        raise InputFileError(f"{path}: no such file; expected start structures, or a folder of them")
    if not path.is_dir():
        return _unique(_seeds_of(path, max_atoms), path)
    files = sorted(p for p in path.iterdir() if is_structure_file(p))
    if not files:
        raise InputFileError(f"{path}: no structure files ({', '.join(STRUCTURE_ENDINGS)}, POSCAR) in this folder")
    others = sorted(p.name for p in path.iterdir() if p not in files and not p.name.startswith("."))
    if others:
        warnings.warn(f"{path}: not read, since no structure files: {', '.join(others)}", stacklevel=2)
    return _unique([seed for p in files for seed in _seeds_of(p, max_atoms)], path)


def _seeds_of(path: Path, max_atoms: int) -> list[Seed]:
    """Return the start structures of one file."""
    named = read_crystals(path, max_atoms=max_atoms)
    seeds = []
    for item in named:
        record = item.record
        known = record.get("known")
        if not isinstance(known, bool | None):
            raise InputFileError(f"{item.where}: known is {shown(known)}; expected true, false or null")
        texts = {key: _text(record, key, item.where) for key in ("structure_type", "origin")}
        # The identifier of a list of one counts, too: it is the phase that somebody meant.
        name = item.own_name if isinstance(record.get("id"), str) and item.own_name else item.name
        seeds.append(Seed(name, item.crystal, known, **texts))
    return seeds


def _text(record: Mapping[str, Any], key: str, where: str) -> str:
    value = record.get(key)
    if not isinstance(value, str | None):
        raise InputFileError(f"{where}: {key} is {shown(value)}; expected a text")
    return value or ""


def _unique(seeds: list[Seed], path: Path) -> list[Seed]:
    seen: set[str] = set()
    for seed in seeds:
        if seed.phase_id in seen:
            raise InputFileError(f"{path}: the id {shown(seed.phase_id)} stands twice; make the identifiers unique")
        seen.add(seed.phase_id)
    return seeds
