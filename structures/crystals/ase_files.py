"""Crystals from files of ase and of programs that ase reads.

Only formats of `ASE_FORMATS` are read, and each by its name: ase itself looks at what is in a file and then imports
what it finds fit, plugins among them. Not on the list, because reading runs or unpickles something or asks for another
program: ``py`` (a Python file), bundle trajectories and those of ase 2 (pickle), ``gpw``, ``castep-cell`` (starts
CASTEP for its keywords), ``mysql`` and ``postgresql`` (connect), ``lmdb`` and every format of a plugin. ``db`` and
``traj`` are read here, as bytes, without ase. Not on the list either, because they say no crystal: molecules, pictures.
"""

import json
import re
import sqlite3
import struct
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from licoat.structures.crystals.crystal import Crystal
from licoat.structures.crystals.structure_json import symbol_of
from licoat.structures.errors import InputFileError, shortened, shown
from licoat.structures.reading import parse_json

__all__ = ["ASE_FORMATS", "crystals_of_ase", "crystals_of_database", "crystals_of_trajectory"]

ASE_FORMATS: Mapping[str, tuple[str, bool]] = {
    "extended XYZ": ("extxyz", False),
    "XSF": ("xsf", True),
    "vasprun.xml": ("vasp-xml", True),
    "OUTCAR": ("vasp-out", True),
    "XDATCAR": ("vasp-xdatcar", True),
    "DFTB+ gen": ("gen", True),
    "FHI-aims geometry": ("aims", True),
    "input of Quantum ESPRESSO": ("espresso-in", True),
    "output of Quantum ESPRESSO": ("espresso-out", True),
    "AtomEye configuration": ("cfg", True),
    "cube": ("cube", True),
    "RMCProfile": ("rmc6f", True),
    "Materials Studio": ("xsd", True),
}
"""What a file is, the name of its format in ase, and whether several structures in it are the steps of one run."""
_XML = {"vasp-xml", "xsd"}
_COUNTS = {
    "vasp-out": re.compile(rb"(?:ions per type\s*=|NKPTS\s*=|NBANDS\s*=)[ 0-9]+"),
    "vasp-xdatcar": re.compile(rb"^[ \t0-9]*[0-9][ \t\r0-9]*$", re.MULTILINE),
    "extxyz": re.compile(rb":[SRIL]:[0-9]+"),
}
"""Where files state how many there are of something, by ase's name of their format."""
_MOST_COUNTED = 200_000
_MOST_ROWS = 100_000
_MOST_STEPS = 2_000_000
_MOST_ATOMS = 20_000


def crystals_of_ase(raw: bytes, kind: str) -> list[tuple[str, Crystal]]:
    """Read what ase reads, by the name of its format.

    Parameters
    ----------
    raw : bytes
        The file, decompressed.
    kind : str
        One of `ASE_FORMATS`.

    Returns
    -------
    list of (str, Crystal)
        All structures, or the last step of a run; names are empty where the file has none.

    Raises
    ------
    InputFileError
        If it cannot be read so, or holds no crystal.
    """
    import ase.io

    name, is_run = ASE_FORMATS[kind]
    if name in _XML and re.search(rb"<!\s*(?:DOCTYPE|ENTITY)", raw, re.IGNORECASE):
        raise InputFileError("an XML file that defines entities; no program writes them, and they are not expanded")
    if name == "extxyz":
        _check_frames(raw)
    _check_counts(raw, name)
    with tempfile.TemporaryDirectory(prefix="licoat-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is wrong with a structure is tested here, and refused
        path = Path(folder) / "structure"
        path.write_bytes(raw)
        try:
            images = ase.io.read(path, index=":" if not is_run else "-1:", format=name, do_not_split_by_at_sign=True)
        except Exception as error:  # the readers raise whatever the text leads to
            raise InputFileError(f"cannot be read as {kind} ({_reason(error, path)})") from error
    found = []
    for atoms in images if isinstance(images, list) else [images]:
        symbols = [symbol_of(number) for number in atoms.numbers.tolist()]
        if not atoms.cell.rank == 3 or not all(atoms.pbc):
            raise InputFileError(f"{atoms.get_chemical_formula()} is not periodic in three directions; give a crystal")
        label = next((str(atoms.info[k]) for k in ("phase_id", "material_id", "name") if atoms.info.get(k)), "")
        data = {
            "lattice": atoms.cell.array.tolist(),
            "species": symbols,
            "frac_coords": atoms.get_scaled_positions(wrap=False).tolist(),
        }
        occupancy = atoms.info.get("occupancy")
        if isinstance(occupancy, dict) and any(len(d) > 1 or min(d.values()) < 1.0 for d in occupancy.values()):
            raise InputFileError("a site is partially occupied; give an ordered structure")
        found.append((label, Crystal.from_dict(data, kind)))
    if not found:
        raise InputFileError(f"no structure in it, as {kind}")
    return found


def _check_counts(raw: bytes, name: str) -> None:
    """Refuse counts that no run has: ase takes memory for them before it looks at what follows."""
    for found in _COUNTS[name].finditer(raw) if name in _COUNTS else ():
        largest = max(re.findall(rb"[0-9]+", found[0]), key=len, default=b"0")
        if len(largest) > len(str(_MOST_COUNTED)) or int(largest) > _MOST_COUNTED:
            raise InputFileError(f"a count of atoms, columns or bands of {shortened(largest.decode(), 30)}")


def _check_frames(raw: bytes) -> None:
    """Refuse an XYZ file whose numbers of atoms are not those of its lines: ase counts up to any number."""
    lines = raw.splitlines()
    at = 0
    while at < len(lines) and lines[at].strip():
        text = lines[at].strip()
        if not (text.isdigit() and len(text) < 7) or at + 2 + int(text) > len(lines):
            raise InputFileError(
                f"cannot be read as extended XYZ (line {at + 1} is {shown(text.decode('latin-1'))}; expected the "
                "number of atoms that follow)"
            )
        at += 2 + int(text)


def _reason(error: Exception, path: Path) -> str:
    """Return what a reader says in few words, without the names of temporary files and of Python's errors."""
    text = shortened(str(error).replace(str(path), "the file"), 120)
    if isinstance(error, (KeyError, IndexError, AttributeError, TypeError, StopIteration, AssertionError)) or not text:
        return "it is damaged or cut short"
    return text


def crystals_of_database(path: Path) -> list[tuple[str, Crystal]]:
    """Read the rows of an ase database (SQLite), such as ``licoat data build --ase-db`` writes.

    Parameters
    ----------
    path : Path
        It is opened for reading alone. Rows are named by ``phase_id``, else by ``name`` or ``material_id``.

    Raises
    ------
    InputFileError
        If it is no such database, damaged, or a row is no crystal.
    """
    with path.open("rb") as stream:
        if stream.read(16) != b"SQLite format 3\0":
            raise InputFileError("cannot be read as an ase database (it is no SQLite file)")
    steps = 0

    def too_long() -> int:  # a damaged or hostile database can let a query run for ever
        nonlocal steps
        steps += 1
        return int(steps > _MOST_STEPS)

    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.set_progress_handler(too_long, 1000)
            kind = connection.execute("SELECT type FROM sqlite_master WHERE name = 'systems'").fetchone()
            if kind != ("table",):
                raise InputFileError("cannot be read as an ase database (it has no table 'systems')")
            query = "SELECT id, numbers, positions, cell, pbc, key_value_pairs FROM systems ORDER BY id LIMIT ?"
            rows = connection.execute(query, (_MOST_ROWS,)).fetchall()
        finally:
            connection.close()
    except (sqlite3.Error, OverflowError, UnicodeDecodeError) as error:
        raise InputFileError(f"cannot be read as an ase database ({shortened(str(error), 100)})") from error
    if not rows:
        raise InputFileError("an ase database without rows")
    return [_row(*row) for row in rows]


def _row(number: Any, numbers: Any, positions: Any, cell: Any, pbc: Any, keys: Any) -> tuple[str, Crystal]:  # noqa: ANN401 - of SQLite
    where = f"row {shown(number, 20)}"
    if not all(isinstance(blob, bytes) for blob in (numbers, positions, cell)):
        raise InputFileError(f"{where}: atoms without numbers, positions or a cell")
    if pbc != 7:
        raise InputFileError(f"{where}: not periodic in three directions; give a crystal")
    if len(numbers) % 4 or len(positions) != 6 * len(numbers) or len(cell) != 72:
        raise InputFileError(f"{where}: numbers, positions and cell do not fit one another")
    symbols = [symbol_of(z) for z in np.frombuffer(numbers, "<i4").tolist()]
    crystal = _crystal(np.frombuffer(cell, "<f8"), symbols, np.frombuffer(positions, "<f8"), where)
    pairs = parse_json(keys, where) if isinstance(keys, str) and keys else {}
    name = ""
    if isinstance(pairs, dict):
        name = next((str(pairs[k]) for k in ("phase_id", "name", "material_id") if pairs.get(k)), "")
    if name.startswith('"'):  # ase takes no text that looks like a number: licoat writes such an identifier in quotes
        name = str(json.loads(name)) if re.fullmatch(r'"[^"\\]*"', name) else name
    return name, crystal


def _crystal(cell: NDArray[Any], symbols: list[str], positions: NDArray[Any], where: str) -> Crystal:
    lattice, places = cell.reshape(3, 3), positions.reshape(-1, 3)
    if not (np.isfinite(lattice).all() and np.isfinite(places).all()):
        raise InputFileError(f"{where}: a position or the cell is not a finite number")
    if abs(np.linalg.det(lattice)) < 1e-9:
        raise InputFileError(f"{where}: the cell has no volume")
    coords = places @ np.linalg.inv(lattice)
    return Crystal.from_dict({"lattice": lattice.tolist(), "species": symbols, "frac_coords": coords.tolist()}, where)


def crystals_of_trajectory(raw: bytes) -> list[tuple[str, Crystal]]:
    """Read an ase trajectory (.traj): the last step of a run, or all structures where the atoms differ.

    Raises
    ------
    InputFileError
        If it is none: those of old versions of ase, which hold pickled objects, are not read.
    """
    if raw[:24].rstrip() != b"- of UlmASE-Trajectory":
        old = raw.startswith(b"PickleTrajectory")
        raise InputFileError(
            "a trajectory of pickled objects, which could run anything; write it anew with a current ase"
            if old
            else "cannot be read as an ase trajectory"
        )
    try:
        return _steps(raw)
    except InputFileError:
        raise
    except (struct.error, ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise InputFileError("cannot be read as an ase trajectory (it is damaged or cut short)") from error


def _steps(raw: bytes) -> list[tuple[str, Crystal]]:
    _, n, at = struct.unpack_from("<3q", raw, 24)
    if not 0 < n <= _MOST_ROWS:
        raise ValueError(n)
    offsets = struct.unpack_from(f"<{n}q", raw, at)
    head = _item(raw, offsets[0])
    found, before = list[tuple[str, Crystal]](), list[str]()
    for i, offset in enumerate(offsets):
        item = head | _item(raw, offset)
        symbols = [symbol_of(int(z)) for z in _array(raw, item["numbers."]).tolist()]
        where = f"step {i + 1}"
        pbc = _array(raw, item["pbc."]).tolist() if "pbc." in item else item["pbc"]
        if pbc != [True, True, True]:
            raise InputFileError(f"{where}: not periodic in three directions; give a crystal")
        cell = _array(raw, item["cell."]) if "cell." in item else np.array(item["cell"], dtype=float)
        crystal = _crystal(cell, symbols, _array(raw, item["positions."]), where)
        if symbols == before:  # a later step of one run
            found.pop()
        found.append(("", crystal))
        before = symbols
    return found


def _item(raw: bytes, offset: int) -> dict[str, Any]:
    """Return the JSON part of one step."""
    if offset < 0:
        raise ValueError(offset)
    (size,) = struct.unpack_from("<q", raw, offset)
    text = raw[offset + 8 : offset + 8 + size]
    if size < 0 or len(text) != size:
        raise ValueError(size)
    found = parse_json(text.decode("utf-8"), f"byte {offset}")
    if not isinstance(found, dict):
        raise TypeError(found)
    return found


def _array(raw: bytes, reference: Mapping[str, Any]) -> NDArray[Any]:
    """Return an array of numbers that a step names by shape, type and place."""
    shape, kind, offset = reference["ndarray"]
    n = int(np.prod([int(k) for k in shape]))
    if kind not in {"int64", "int32", "float64", "bool"} or not 0 <= n <= 3 * _MOST_ATOMS or offset < 0:
        raise ValueError(kind)
    return np.frombuffer(raw, np.dtype(kind).newbyteorder("<"), n, offset)
