"""Structures in JSON documents of many kinds: only the fields that a crystal needs are looked at.

Nothing is decoded by the class that a document names: ``@module``, ``@class`` and ``__ase_objtype__`` are not read.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from licoat.structures.chemistry.elements import SYMBOLS
from licoat.structures.crystals.cif_sites import element_of
from licoat.structures.crystals.crystal import Crystal
from licoat.structures.errors import InputFileError, shortened, shown

__all__ = ["crystals_of_json", "is_structure"]

_IDS = ("id", "phase_id", "material_id", "entry_id", "file", "unique_id")
_LISTS = ("seeds", "phases", "structures", "entries", "data", "docs")
_MOST = 100_000


def is_structure(document: object) -> bool:
    """Say whether a JSON object is a structure itself, of pymatgen, OPTIMADE, ase or licoat."""
    if not isinstance(document, dict):
        return False
    keys = document.keys()
    return bool(
        {"lattice", "sites"} <= keys
        or {"lattice", "species", "frac_coords"} <= keys
        or {"lattice_vectors", "cartesian_site_positions"} <= keys
        or {"cell", "positions", "numbers"} <= keys
    )


def crystals_of_json(document: object) -> list[tuple[str, Crystal, Mapping[str, Any]]]:
    """Return the crystals of a JSON document.

    Parameters
    ----------
    document : object
        A structure of pymatgen, an OPTIMADE entry or ase's row of atoms; what holds one as ``structure``,
        ``attributes`` or ``final_structure`` (entries with a structure, documents of the Materials Project, licoat's
        start structures and results); a list of them, also below ``data``, ``entries``, ``structures``, ``seeds`` or
        ``phases``; or the rows of an ase database.

    Returns
    -------
    list of (str, Crystal, mapping)
        Name in the document, empty if it has none; crystal; and the object that held it.

    Raises
    ------
    InputFileError
        If there is none, or one cannot be used; it is named.
    """
    found = []
    for where, record, structure in _structures(document, ""):
        name = next((str(record[key]) for key in _IDS if isinstance(record.get(key), (str, int)) and record[key]), "")
        try:
            found.append((name, _crystal(structure), record))
        except InputFileError as error:
            place = shortened(name, 60) if name else where
            text = str(error).removeprefix("structure: ")
            raise InputFileError(f"{place}: {text}" if place else text) from None
        if len(found) > _MOST:
            raise InputFileError(f"more than {_MOST} structures in one file")
    if not found:
        raise InputFileError(
            "no structure in the JSON document: expected lattice and sites (pymatgen), lattice_vectors (OPTIMADE), "
            "cell, numbers and positions (ase), or objects with a 'structure'"
        )
    return found


def _structures(document: object, where: str) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Yield place, the object that holds a structure, and the structure."""
    if isinstance(document, list):
        for i, part in enumerate(document):
            inner = _holder(part) if isinstance(part, dict) else None
            if inner is None:
                raise InputFileError(f"entry {i + 1} has no structure ({_instead(part)})")
            yield f"entry {i + 1}", part, inner
    elif isinstance(document, dict):
        inner = _holder(document)
        below = next((document[key] for key in _LISTS if isinstance(document.get(key), list)), None)
        if inner is not None:
            yield where, document, inner
        elif below is not None:
            yield from _structures(below, where)
        elif isinstance(document.get("data"), dict):  # an OPTIMADE answer about one structure
            yield from _structures(document["data"], where)
        elif isinstance(document.get("ids"), list):
            yield from _rows_of_ase(document)


def _instead(part: object) -> str:
    """Say what stands where a structure was expected."""
    if not isinstance(part, dict):
        return shown(part)
    if "structure" in part:
        keys = ", ".join(list(part["structure"])[:8]) if isinstance(part["structure"], dict) else ""
        return f"its 'structure' has keys {shown(keys)}" if keys else f"its 'structure' is {shown(part['structure'])}"
    return f"keys {shown(', '.join(list(part)[:8]))}"


def _rows_of_ase(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Yield the rows of an ase database in JSON, with the names of their keys."""
    for key in document["ids"][:_MOST]:
        row = document.get(str(key)[:40])
        if isinstance(row, dict) and is_structure(row):
            names = row.get("key_value_pairs")
            names = names if isinstance(names, dict) else {}
            yield f"row {shown(key)}", {"id": str(names.get("phase_id") or names.get("name") or "")}, row


def _holder(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the structure that an object is, or holds."""
    if is_structure(document):
        return document
    for key in ("structure", "attributes", "final_structure", "relaxed_structure"):
        if is_structure(document.get(key)):
            found: Mapping[str, Any] = document[key]
            return found
    return None


def _crystal(data: Mapping[str, Any]) -> Crystal:
    try:
        if "sites" in data and "species" not in data:
            return _from_pymatgen(data)
        if "cartesian_site_positions" in data:
            return _from_optimade(data)
        if "numbers" in data:
            return _from_ase(data)
    except InputFileError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, np.linalg.LinAlgError) as error:
        missing = f"{shown(error.args[0])} is missing" if isinstance(error, KeyError) and error.args else ""
        raise InputFileError(f"not a structure ({missing or 'a value is of the wrong kind'})") from error
    return Crystal.from_dict(data, "structure")


def _lattice(rows: object) -> np.ndarray[Any, np.dtype[np.float64]]:
    lattice = np.array(rows, dtype=float)
    if lattice.shape != (3, 3) or not np.isfinite(lattice).all():
        raise InputFileError("not a structure: the lattice is not 3 x 3 finite numbers")
    if abs(np.linalg.det(lattice)) < 1e-9:
        raise InputFileError("the cell has no volume; are the lattice vectors in A?")
    return lattice


def _made(lattice: Any, species: list[str], coords: Any) -> Crystal:  # noqa: ANN401 - arrays
    return Crystal.from_dict(
        {"lattice": np.asarray(lattice).tolist(), "species": species, "frac_coords": np.asarray(coords).tolist()},
        "structure",
    )


def _from_pymatgen(data: Mapping[str, Any]) -> Crystal:
    cell = data["lattice"]
    lattice = _lattice(cell["matrix"] if isinstance(cell, dict) else cell)
    species, coords = [], []
    for site in data["sites"]:
        species.append(_one_element(site["species"], site.get("abc", site.get("xyz"))))
        place = site["abc"] if "abc" in site else np.array(site["xyz"], dtype=float) @ np.linalg.inv(lattice)
        coords.append([float(x) for x in place])
    return _made(lattice, species, coords)


def _one_element(shares: object, place: object) -> str:
    """Return the element of a site, which must be one and whole."""
    if isinstance(shares, list) and len(shares) == 1 and abs(float(shares[0].get("occu", 1.0)) - 1.0) < 1e-3:
        return element_of(str(shares[0]["element"]))
    parts = shares if isinstance(shares, list) else []
    text = " ".join(f"{str(part.get('element'))[:8]}{float(part.get('occu', 1.0)):.4g}" for part in parts[:6])
    raise InputFileError(
        f"the site {text} at {shown(place)} is partially occupied; give an ordered structure (pymatgen's "
        "OrderDisorderedStructureTransformation makes one)"
    )


def _from_optimade(data: Mapping[str, Any]) -> Crystal:
    """Read what OPTIMADE calls a structure: species by name, with their concentrations."""
    lattice = _lattice(data["lattice_vectors"])
    kinds: dict[str, str] = {}
    for kind in data.get("species") or []:
        name, symbols, shares = str(kind["name"]), list(kind["chemical_symbols"]), list(kind["concentration"])
        if len(symbols) != 1 or abs(float(shares[0]) - 1.0) > 1e-3 or symbols[0] in {"X", "vacancy"}:
            kinds[name] = ""
        else:
            kinds[name] = element_of(str(symbols[0]))
    names = [str(name) for name in data["species_at_sites"]]
    disordered = next((name for name in names if kinds.get(name) == ""), None)
    if disordered is not None:
        raise InputFileError(f"the sites {shown(disordered)} are partially occupied; give an ordered structure")
    species = [kinds[name] if name in kinds else element_of(name) for name in names]
    positions = np.array(data["cartesian_site_positions"], dtype=float).reshape(-1, 3)
    return _made(lattice, species, positions @ np.linalg.inv(lattice))


def _from_ase(data: Mapping[str, Any]) -> Crystal:
    """Read a row of atoms as ase writes it in JSON."""
    cell = _plain(data["cell"])
    lattice = _lattice(_plain(cell["array"]) if isinstance(cell, dict) else cell)
    pbc = _plain(data.get("pbc", True))
    if not all(pbc if isinstance(pbc, list) else [pbc]):
        raise InputFileError("not periodic in three directions; give a crystal")
    numbers = [int(z) for z in np.asarray(_plain(data["numbers"])).ravel().tolist()]
    positions = np.array(_plain(data["positions"]), dtype=float).reshape(-1, 3)
    return _made(lattice, [symbol_of(z) for z in numbers], positions @ np.linalg.inv(lattice))


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the values of ``{"__ndarray__": [shape, type, values]}`` in their shape."""
    if isinstance(value, dict) and "__ndarray__" in value:
        shape, _, values = value["__ndarray__"]
        if math.prod(int(n) for n in shape) != len(values):
            raise InputFileError(f"an array of shape {shown(shape)} has {len(values)} values")
        return np.array(values).reshape([int(n) for n in shape]).tolist()
    return value


def symbol_of(number: int) -> str:
    """Return the symbol of an atomic number.

    Raises
    ------
    InputFileError
        If there is no such element.
    """
    if not 1 <= number <= len(SYMBOLS):
        raise InputFileError(f"unknown element of atomic number {shown(number)}")
    return SYMBOLS[number - 1]
