"""The calculations of a build as an ASE database, to be browsed with ``ase db``."""

import json
from pathlib import Path

from licoat.structures.computed import read_document
from licoat.structures.crystal import Crystal
from licoat.structures.errors import InputFileError
from licoat.workflows.dataset import DOCUMENT

__all__ = ["write_ase_database"]


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
        If the ending is another one, or the build is not there.
    """
    from ase.calculators.singlepoint import SinglePointCalculator
    from ase.db import connect

    if path.suffix != ".db":
        raise InputFileError(f"--ase-db {str(path)!r}: the ending must be .db")
    document = read_document(folder / DOCUMENT)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"part-{path.name}")
    temporary.unlink(missing_ok=True)
    with connect(str(temporary), type="db") as database:
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
    temporary.replace(path)
    return len(document["phases"])


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
