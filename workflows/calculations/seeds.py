"""Start structures of a build: read from a list, a file or a folder."""

import gzip
import json
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from licoat.structures.crystals.crystal import MAX_ATOMS, STRUCTURE_ENDINGS, Crystal, is_structure_file, read_crystal
from licoat.structures.errors import InputFileError
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
        JSON or JSON.gz with a list of ``id``, ``structure`` (lattice, species, frac_coords) and optionally
        ``known``, ``structure_type``, ``origin``; a structure file; or a folder of structure files, named by them.
    max_atoms : int
        Largest cell that is accepted.

    Returns
    -------
    list of Seed
        In the order of the file.

    Raises
    ------
    InputFileError
        If the file cannot be read, a structure cannot be used or an identifier stands twice; it is named.
    """
    path = Path(path)
    if not path.exists():
        raise InputFileError(f"{path}: no such file; expected start structures as JSON(.gz), or a folder of them")
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if is_structure_file(p))
        if not files:
            raise InputFileError(f"{path}: no structure files ({', '.join(STRUCTURE_ENDINGS)}, POSCAR) in this folder")
        others = sorted(p.name for p in path.iterdir() if p not in files and not p.name.startswith("."))
        if others:
            warnings.warn(f"{path}: not read, since no structure files: {', '.join(others)}", stacklevel=2)
        return _unique([Seed(p.stem, read_crystal(p, max_atoms=max_atoms)) for p in files], path)
    if not path.name.lower().endswith((".json", ".json.gz")):
        return [Seed(path.stem, read_crystal(path, max_atoms=max_atoms))]
    records = _records(path)
    seeds = []
    for i, record in enumerate(records):
        name = record.get("id") if isinstance(record, dict) else None
        if not isinstance(name, str) or not name.strip() or "structure" not in record:
            raise InputFileError(f"{path}: entry {i + 1} lacks 'id' (text) or 'structure'")
        where = f"{path}: {name}"
        crystal = Crystal.from_dict(record["structure"], where)
        crystal.check(where, max_atoms=max_atoms)
        known = record.get("known")
        if not isinstance(known, bool | None):
            raise InputFileError(f"{where}: known is {known!r}; expected true, false or null")
        texts = {key: str(record.get(key) or "") for key in ("structure_type", "origin")}
        seeds.append(Seed(name, crystal, known, **texts))
    if not seeds:
        raise InputFileError(f"{path}: no start structures in the file")
    return _unique(seeds, path)


def _records(path: Path) -> list[Any]:
    try:
        raw = path.read_bytes()
        document = json.loads(gzip.decompress(raw) if path.name.endswith(".gz") else raw)
    except (OSError, ValueError, EOFError, RecursionError, zlib.error) as error:
        raise InputFileError(f"{path}: cannot be read as JSON ({error})") from error
    if isinstance(document, dict) and isinstance(document.get("seeds"), list):
        document = document["seeds"]
    if not isinstance(document, list):
        raise InputFileError(f"{path}: expected a list of start structures with 'id' and 'structure'")
    return document


def _unique(seeds: list[Seed], path: Path) -> list[Seed]:
    seen: set[str] = set()
    for seed in seeds:
        if seed.phase_id in seen:
            raise InputFileError(f"{path}: the id {seed.phase_id!r} stands twice; make the identifiers unique")
        seen.add(seed.phase_id)
    return seeds
