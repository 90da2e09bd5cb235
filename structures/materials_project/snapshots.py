"""The source ``mp``: a local snapshot of the Materials Project, offline once it was fetched.

A snapshot is a folder with ``phases.parquet`` and ``phases.manifest.json`` below the data folder, one per thermo
type and database version. `licoat.structures.materials_project.fetch` makes it;
nothing here needs the client or the network.
"""

import re
from pathlib import Path

from licoat.structures.errors import SnapshotError, SourceError
from licoat.structures.phases.parquet import manifest_path
from licoat.structures.phases.table import PhaseTable
from licoat.structures.settings import HOW_TO_SET_A_KEY, data_folder

__all__ = [
    "SCHEMES",
    "SNAPSHOT",
    "THERMO_TYPES",
    "id_number",
    "load_materials_project",
    "shown_id",
    "snapshot_folder",
    "snapshots",
]

SNAPSHOT = "phases.parquet"
SCHEMES = {"GGA_GGA+U": "pbe+u/mp2020", "r2SCAN": "r2scan/none"}
"""Thermo types that have one zero of energy, and the names of their schemes."""

THERMO_TYPES = ("GGA_GGA+U", "r2SCAN", "GGA_GGA+U_R2SCAN")
"""All of the Materials Project; the last mixes the two scales."""

LAST_NUMBERED = 3347529  # newer materials have letters only
_ID = re.compile(r"mp-(?:(?P<number>[0-9]{1,9})|(?P<letters>[a-z]{8}))")


def id_number(text: str) -> int:
    """Return the number of an identifier in either spelling: ``mp-149`` and ``mp-aaaaaaft`` are 149.

    Raises
    ------
    SourceError
        If it is neither.
    """
    match = _ID.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise SourceError(f"material_id {str(text)[:40]!r} is no identifier of the Materials Project")
    if match["number"]:
        return int(match["number"])
    number = 0
    for letter in match["letters"]:
        number = 26 * number + ord(letter) - ord("a")
    return number


def shown_id(number: int) -> str:
    """Return an identifier as the Materials Project shows it: a number up to 3347529, letters beyond."""
    if number <= LAST_NUMBERED:
        return f"mp-{number}"
    letters = ""
    while number:
        number, digit = divmod(number, 26)
        letters = chr(ord("a") + digit) + letters
    return f"mp-{letters.rjust(8, 'a')}"


def snapshot_folder(thermo_type: str, database: str) -> Path:
    """Return where the snapshot of a thermo type and database version is kept."""
    return data_folder() / "mp" / thermo_type / database


def snapshots(thermo_type: str = "GGA_GGA+U") -> list[Path]:
    """Return the folders of the snapshots that are there, newest database first."""
    parent = data_folder() / "mp" / thermo_type
    return sorted((p.parent for p in parent.glob(f"*/{manifest_path(Path(SNAPSHOT)).name}")), reverse=True)


def load_materials_project(path: Path | None = None) -> PhaseTable:
    """Load a snapshot.

    Parameters
    ----------
    path : Path, optional
        Its folder; the newest database of GGA(+U) energies without.

    Raises
    ------
    SnapshotError
        If there is none, or it is damaged; the file is named.
    """
    if path is None:
        found = snapshots()
        if not found:
            raise SnapshotError(
                "no snapshot of the Materials Project; fetch one with 'licoat data fetch --source mp Sb' "
                f"(it needs a key: {HOW_TO_SET_A_KEY})"
            )
        path = found[0]
    file = Path(path) / SNAPSHOT
    try:
        return PhaseTable.load(file)
    except SnapshotError:
        return PhaseTable.load(file)  # a fetch that adds phases replaces two files, perhaps just now: look once more
