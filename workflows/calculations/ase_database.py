"""The calculations of a build as an ASE database, to be browsed with ``ase db``."""

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from licoat.structures.crystals.crystal import Crystal
from licoat.structures.errors import InputFileError
from licoat.structures.phases.computed import read_document
from licoat.structures.publishing import published
from licoat.workflows.calculations.dataset import DOCUMENT

__all__ = ["check_ase_database", "write_ase_database"]


def write_ase_database(folder: Path, path: Path) -> int:
    """Write the phases of a build, those that failed too, into a new ASE database (SQLite).

    Parameters
    ----------
    folder : Path
        Of the build.
    path : Path
        File with the ending ``.db``; an earlier one is replaced.

    Returns
    -------
    int
        Number of rows. Each has ``phase_id``, ``converged``, ``known`` where it is said, ``reason`` of a failure, and
        energy and moduli where there are some.

    Raises
    ------
    InputFileError
        If the file cannot be one, or the build is not there.
    OSError
        If it cannot be written.
    """
    check_ase_database(path)
    document = read_document(folder / DOCUMENT)
    try:
        with published(path) as temporary:
            _write(document, temporary)
    except sqlite3.Error as error:
        raise OSError(f"{path}: the ASE database cannot be written ({error})") from error
    return len(document["phases"])


def check_ase_database(path: Path) -> None:
    """Refuse a path that can be no ASE database, before anything is computed for it.

    Raises
    ------
    InputFileError
        If the ending is not ``.db``, or a folder is in its place.
    """
    if path.suffix != ".db":
        raise InputFileError(f"--ase-db {str(path)!r}: the ending must be .db")
    if path.is_dir():
        raise InputFileError(f"--ase-db {str(path)!r} is a folder; give a file")


def _write(document: Mapping[str, Any], path: Path) -> None:
    from ase.calculators.singlepoint import SinglePointCalculator
    from ase.db import connect

    with connect(str(path), type="db") as database:
        for phase in document["phases"]:
            atoms = Crystal.from_dict(phase["structure"], str(phase["id"])).to_atoms()
            keys = {"phase_id": phase["id"], "converged": bool(phase["converged"])}
            if phase.get("known") is not None:
                keys["known"] = bool(phase["known"])
            if phase["converged"]:
                energy = phase["energy_raw_ev_per_atom"] * len(atoms)
                atoms.calc = SinglePointCalculator(atoms, energy=energy)
            else:
                keys["reason"] = phase["reason"]
            elastic = phase.get("elastic", {})
            keys |= {name: value for name, value in elastic.items() if name.endswith("modulus_gpa")}
            database.write(atoms, data={"label": document["label"]}, **_texts(keys))


def _texts(keys: dict[str, object]) -> dict[str, object]:
    """ASE refuses texts that look like numbers; identifiers that do are written as JSON text."""
    found = {}
    for name, value in keys.items():
        looks = isinstance(value, str) and _is_number(value)
        found[name] = json.dumps(value) if looks else value
    return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text in {"True", "False"}
    return True
