"""Entries as pymatgen and databases write them: read field by field, nothing in them is decoded or imported."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from licoat.structures.chemistry.elements import ATOMIC_NUMBER
from licoat.structures.chemistry.formula import formula_unit, parse_formula, reduce_counts, write_formula
from licoat.structures.chemistry.units import EV_TO_KJ_PER_MOL
from licoat.structures.errors import FormulaError, InputFileError, shortened, shown
from licoat.structures.reading import MOST_JSON_BYTES, clean_text, finite, name_of, parse_json, parse_lines, read_bytes
from licoat.structures.rendering import outline

__all__ = ["Entry", "has_energy", "in_ev", "is_entry", "read_documents", "read_entry"]

_NO_VOLUME_A3: Final = 1e-6
_LONGEST_CELL_A: Final = 1e5
_MAX_LISTED: Final = 1_000_000
_SPECIES: Final = re.compile(r"([A-Z][a-z]?)(?:[0-9]{0,2}(?:\.[0-9]{1,6})?[+-])?")
_CHEMICAL_POTENTIALS: Final = ("GrandPotPDEntry", "TransformedPDEntry", "PourbaixEntry", "SlabEntry", "SurfaceEntry")
_RUN_TYPES: Final = {"PBE": "GGA", "PBE+U": "GGA+U", "PBE_U": "GGA+U", "GGA_U": "GGA+U"}
_LARGEST_EV_PER_ATOM: Final = 20.0  # a formation enthalpy beyond this is in kJ/mol

Cell = tuple[Any, list[str], Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """What is needed of one entry.

    Attributes
    ----------
    name : str
        Its identifier, empty if it has none.
    where : str
        File and entry, for messages.
    counts : dict of str to int
        Whole numbers of atoms, as many as its composition or (normalised to one atom) the smallest.
    atoms : float
        Sum of the composition that the energies are for.
    energy_ev : float
        As computed, of the whole composition.
    adjustments : tuple of (str, float)
        Names and values of the corrections, in eV.
    run_type : str
        ``GGA``, ``GGA+U``, ``R2SCAN`` ..., empty if unknown.
    hubbards : dict of str to float or None
        Hubbard U by element, None if nothing is said.
    data : dict
        Oxide type, sulfide type and oxidation states.
    kind : str
        ``energy``, ``enthalpy`` (of formation) or ``gibbs`` (of formation).
    temperature_k : float or None
    cell : tuple or None
        Lattice, symbols and fractional coordinates of an ordered structure.
    volume_a3_per_atom : float or None
    """

    name: str
    where: str
    counts: dict[str, int]
    atoms: float
    energy_ev: float
    adjustments: tuple[tuple[str, float], ...] = ()
    run_type: str = ""
    hubbards: dict[str, float] | None = None
    data: dict[str, Any] = field(default_factory=dict)
    kind: str = "energy"
    temperature_k: float | None = None
    cell: Cell | None = None
    volume_a3_per_atom: float | None = None

    __repr__ = outline

    @property
    def formula(self) -> str:
        """Formula unit."""
        return formula_unit(write_formula(self.counts))

    @property
    def label(self) -> str:
        """How a message calls it."""
        return (
            f"{shortened(self.name, 30)} ({self.formula})"
            if self.name
            else f"{self.where.rpartition(', ')[2]} ({self.formula})"
        )

    @property
    def correction_ev(self) -> float:
        """Sum of the corrections."""
        return sum(value for _, value in self.adjustments)

    @property
    def energy_ev_per_atom(self) -> float:
        """Corrected energy per atom."""
        return (self.energy_ev + self.correction_ev) / self.atoms


def read_documents(path: Path) -> list[dict[str, Any]]:
    """Return the dictionaries that a JSON file holds, whatever it wraps them in.

    Raises
    ------
    InputFileError
        If it is damaged or holds something else.
    """
    where, name = name_of(path), path.name.lower()
    data = read_bytes(path, most=MOST_JSON_BYTES)
    if name.removesuffix(".gz").endswith((".jsonl", ".ndjson")):
        found = list(parse_lines(data, where))
        documents = found[0] if len(found) == 1 and isinstance(found[0], list) else found
    else:
        documents = _whole_or_lines(data, where)
    if isinstance(documents, dict) and {"phases", "calculator", "relaxation"} <= documents.keys():
        raise InputFileError(f"{where}: the relaxed phases of a build; give the phases.parquet beside it")
    listed = _unwrapped(documents, where)
    nothing = not listed and not isinstance(documents, list)
    if listed is None or nothing or not all(isinstance(document, dict) for document in listed):
        raise InputFileError(
            f"{where}: expected a list of pymatgen ComputedEntry dictionaries, a phase diagram or database documents"
        )
    return listed


def _whole_or_lines(data: bytes, where: str) -> Any:  # noqa: ANN401
    try:
        return parse_json(data, where)
    except InputFileError:
        lines = [line for line in data.splitlines() if line.strip()]
        if len(lines) < 2 or not (
            lines[0].lstrip(b"\xef\xbb\xbf ").startswith(b"{") and lines[0].rstrip().endswith(b"}")
        ):
            raise
    return list(parse_lines(data, where))


def _unwrapped(found: Any, where: str, depth: int = 0) -> list[Any] | None:  # noqa: ANN401
    """Find the list of entries in a document: phase diagrams, answers of an API, entries by name."""
    if isinstance(found, list):
        if depth < 3 and found and all(isinstance(one, list) for one in found):
            return [entry for one in found for entry in one]
        return found
    if not isinstance(found, dict):
        return None
    kind = str(found.get("@class", ""))
    if "GrandPotential" in kind or "Reaction" in kind or "Pourbaix" in kind:
        raise InputFileError(f"{where}: a {shortened(kind, 40)} holds grand potentials; give its PhaseDiagram")
    if has_energy(found) or "formula_pretty" in found:
        return [found]
    for key in ("computed_data", "all_entries", "entries", "data", "results", "documents", "response"):
        if isinstance(found.get(key), (list, dict)) and depth < 3:
            return _unwrapped(found[key], where, depth + 1)
    return _by_name({key: value for key, value in found.items() if not key.startswith("@")})


def _by_name(found: Mapping[str, Any]) -> list[Any] | None:
    """Return entries that stand under their identifiers, or lists of entries under chemical systems."""
    if found and all(isinstance(value, dict) for value in found.values()):
        return [{"entry_id": key} | value for key, value in found.items()]
    if found and all(isinstance(v, list) and all(isinstance(one, dict) for one in v) for v in found.values()):
        return [entry for value in found.values() for entry in value]
    return None


def has_energy(document: Mapping[str, Any]) -> bool:
    """Say whether a dictionary is a computed or measured entry of its own."""
    return "thermodata" in document or ("energy" in document and bool({"composition", "structure"} & set(document)))


def is_entry(document: Mapping[str, Any]) -> bool:
    """Say whether a dictionary is an entry; other documents are rows of a table, with headings."""
    return (
        has_energy(document)
        or str(document.get("@class", "")).endswith("Entry")
        or not (
            {"formula", "formula_pretty", "pretty_formula", "compound", "name", "attributes", "material_id"}
            & set(document)
        )
    )


def read_entry(entry: Mapping[str, Any], index: int, path: Path) -> Entry:
    """Read one entry of any of pymatgen's classes.

    Raises
    ------
    InputFileError
        If it cannot be used; it is named.
    """
    kind = str(entry.get("@class", ""))
    own = entry.get("entry_id") or (entry.get("name") if "PDEntry" in kind and "attribute" in entry else None)
    name = clean_text(own) if isinstance(own, (str, int)) else ""
    where = f"{name_of(path)}, {shortened(name, 40) or f'entry {index + 1}'}"
    if kind in _CHEMICAL_POTENTIALS:
        raise InputFileError(
            f"{where}: a {shortened(kind, 40)} is not the energy of a phase; give the entries it was made of"
        )
    if "thermodata" not in entry and not isinstance(entry.get("energy"), (int, float)):
        raise InputFileError(f"{where}: not a pymatgen ComputedEntry: its energy is {shown(entry.get('energy'))}")
    cell, volume, sites = _cell(entry.get("structure"), where)
    counts, atoms = _counts(entry.get("composition", sites), where)
    if sites is not None and reduce_counts(sites) != reduce_counts(counts):
        formula = write_formula(reduce_counts(counts))
        raise InputFileError(
            f"{where}: the structure holds {shortened(write_formula(sites), 60)}, the composition is {formula}"
        )
    if "thermodata" in entry:
        energy, temperature = _experimental(entry, where)
        return Entry(name, where, counts, atoms, energy, kind="enthalpy", temperature_k=temperature)
    gibbs = kind.startswith("Gibbs") or ("formation_enthalpy_per_atom" in entry and "temp" in entry)
    adjustments, heated = _adjustments(entry, where)
    parameters = _mapping(entry.get("parameters"))
    hubbards, run_type = _hubbards(parameters, where)
    return Entry(
        name,
        where,
        counts,
        atoms,
        _magnitude(finite(entry["energy"], f"{where}: energy"), atoms, f"{where}: energy"),
        adjustments,
        run_type,
        hubbards,
        _data(entry.get("data"), parameters),
        "gibbs" if gibbs or heated is not None else "energy",
        finite(entry.get("temp", 300), f"{where}: temp") if gibbs else heated,
        cell,
        volume,
    )


def _magnitude(energy: float, atoms: float, what: str) -> float:
    """Bound an energy before anything is computed with it: no method gives beyond a million eV per atom."""
    if abs(energy) > 1e6 * atoms:
        raise InputFileError(f"{what} is {energy:g} eV for {atoms:g} atoms; no method gives such an energy")
    return energy


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _experimental(entry: Mapping[str, Any], where: str) -> tuple[float, float]:
    """Return the lowest enthalpy of formation of a solid, as pymatgen's ExpEntry takes it, and its temperature."""
    found = [
        finite(one.get("value"), f"{where}: enthalpy of formation")
        for one in (entry["thermodata"] if isinstance(entry["thermodata"], list) else [])[:_MAX_LISTED]
        if isinstance(one, dict) and one.get("type") == "fH" and one.get("phaseinfo") not in {"gas", "liquid"}
    ]
    if not found:
        raise InputFileError(f"{where}: an ExpEntry without an enthalpy of formation (type 'fH') of a solid")
    return min(found), finite(entry.get("temperature", 298), f"{where}: temperature")


def in_ev(entries: Sequence[Entry]) -> list[Entry]:
    """Turn measured enthalpies (pymatgen keeps them in kJ per mole of the composition) into eV.

    The largest decides: per atom no compound has more than 6 eV, and every oxide has more than 20 kJ/mol.
    """
    from dataclasses import replace

    measured = [abs(e.energy_ev) / e.atoms for e in entries if e.kind == "enthalpy"]
    if not measured or max(measured) < _LARGEST_EV_PER_ATOM:
        return list(entries)
    return [replace(e, energy_ev=e.energy_ev / EV_TO_KJ_PER_MOL) if e.kind == "enthalpy" else e for e in entries]


def _adjustments(entry: Mapping[str, Any], where: str) -> tuple[tuple[tuple[str, float], ...], float | None]:
    """Return names and values of the corrections, and the temperature that one of them is for."""
    listed = entry.get("energy_adjustments") or []
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise InputFileError(f"{where}: energy_adjustments is {shown(listed)}, not a list of corrections")
    found: list[tuple[str, float]] = []
    temperature = None
    for one in listed[:1000]:
        what = f"{where}: correction"
        name = clean_text(one.get("name") or "Manual energy adjustment")
        if "value" in one:
            value = finite(one["value"], what)
        elif "adj_per_deg" in one:
            temperature = finite(one.get("temp"), what)
            value = finite(one["adj_per_deg"], what) * temperature * finite(one.get("n_atoms"), what)
        else:
            value = finite(one.get("adj_per_atom"), what) * finite(one.get("n_atoms"), what)
        found.append((name, finite(value, what)))
    if not found and entry.get("correction"):
        found.append(("Manual energy adjustment", finite(entry["correction"], f"{where}: correction")))
    for _, value in found:
        _magnitude(value, 1e3, f"{where}: correction")
    return tuple(found), temperature


def _hubbards(parameters: Mapping[str, Any], where: str) -> tuple[dict[str, float] | None, str]:
    """Return Hubbard U by element and the run type; a U above 0 makes GGA to GGA+U."""
    given = str(parameters.get("run_type") or "")[:40].upper().strip()
    run_type = clean_text(_RUN_TYPES.get(given, given))
    listed = parameters.get("hubbards")
    if not isinstance(listed, dict):
        return ({} if run_type == "GGA" else None), run_type
    found = {str(s)[:3]: finite(u or 0.0, f"{where}: Hubbard U") for s, u in list(listed.items())[:200]}
    if any(found.values()) and run_type == "GGA":
        run_type = "GGA+U"
    return found, run_type


def _data(data: object, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Keep of an entry's data what its corrections depend on."""
    found = {**_mapping(parameters), **_mapping(data)}
    kept: dict[str, Any] = {
        name: found[name][:40].lower() for name in ("oxide_type", "sulfide_type") if isinstance(found.get(name), str)
    }
    states = found.get("oxidation_states")
    if isinstance(states, dict) and all(isinstance(v, (int, float)) and abs(v) < 20 for v in states.values()):
        kept["oxidation_states"] = {str(s)[:3]: float(v) for s, v in list(states.items())[:200]}
    return kept


def _counts(composition: Any, where: str) -> tuple[dict[str, int], float]:  # noqa: ANN401 - parsed JSON
    """Return whole numbers of atoms, and the number of atoms that the energy is for."""
    if isinstance(composition, str):
        try:
            composition = parse_formula(composition)
        except FormulaError as error:
            raise InputFileError(f"{where}: composition {shortened(str(error), 120)}") from None
    if not isinstance(composition, dict) or not composition:
        raise InputFileError(f"{where}: composition is {shown(composition)}, not a dictionary of elements")
    amounts: dict[str, float] = {}
    for key, value in list(composition.items())[:300]:
        if key.startswith("@"):
            continue
        match = _SPECIES.fullmatch(key[:20])
        if match is None or match[1] not in ATOMIC_NUMBER:
            raise InputFileError(f"{where}: composition with unknown element {shown(key, 20)}")
        amount = finite(value, f"{where}: composition, amount of {match[1]},")
        if amount < 0.0 or amount > 1e5:
            raise InputFileError(f"{where}: composition with {amount:g} atoms of {match[1]}")
        if amount > 0.0:
            amounts[match[1]] = amounts.get(match[1], 0.0) + amount
    total = sum(amounts.values())
    whole = _whole_numbers(amounts, total)
    if not whole:
        raise InputFileError(
            f"{where}: composition {shown(amounts)} is not made of whole atoms; disordered phases cannot be used"
        )
    return whole, total


def _whole_numbers(amounts: Mapping[str, float], total: float) -> dict[str, int]:
    """Return whole numbers in the ratio of the amounts; fractions are taken where they are shares that sum up to 1."""
    if all(abs(n - round(n)) < 1e-6 and n >= 1.0 - 1e-6 for n in amounts.values()):
        return {symbol: round(n) for symbol, n in amounts.items()}
    if abs(total - 1.0) > 1e-3:
        return {}
    for tolerance, highest in ((1e-7, 1000), (2e-4, 40)):
        for factor in range(1, highest + 1):
            scaled = {symbol: n / total * factor for symbol, n in amounts.items()}
            if all(n > 0.5 and abs(n - round(n)) < tolerance * factor for n in scaled.values()):
                return {symbol: round(n) for symbol, n in scaled.items()}
    return {}


def _cell(structure: Any, where: str) -> tuple[Cell | None, float | None, dict[str, int] | None]:  # noqa: ANN401
    """Return cell, volume per atom and atoms of each element; no cell and no atoms of a disordered structure."""
    if structure is None:
        return None, None, None
    try:
        species = [site["species"][0]["element"] for site in structure["sites"]]
        ordered = all(
            len(site["species"]) == 1 and site["species"][0].get("occu", 1) == 1 for site in structure["sites"]
        )
        lattice = np.array(structure["lattice"]["matrix"], dtype=float)
        sites = np.array([site["abc"] for site in structure["sites"]], dtype=float)
    except (KeyError, TypeError, IndexError, ValueError, AttributeError, OverflowError):
        raise InputFileError(f"{where}: structure is not a pymatgen Structure dictionary (lattice, sites)") from None
    unknown = [symbol for symbol in species if not isinstance(symbol, str) or symbol not in ATOMIC_NUMBER]
    if unknown:
        raise InputFileError(f"{where}: structure with unknown element {shown(unknown[0], 20)}")
    if lattice.shape != (3, 3) or sites.shape != (len(species), 3):
        raise InputFileError(f"{where}: structure whose lattice or coordinates are not three-dimensional")
    sound = np.isfinite(lattice).all() and np.isfinite(sites).all()
    if not sound or np.abs(lattice).max() > _LONGEST_CELL_A or np.abs(sites).max(initial=0.0) > _LONGEST_CELL_A:
        raise InputFileError(f"{where}: structure whose cell has no volume or no end")
    volume = abs(float(np.linalg.det(lattice)))
    if volume < _NO_VOLUME_A3:
        raise InputFileError(f"{where}: structure whose cell has no volume")
    if not ordered:
        return None, None, None
    counts: dict[str, int] = {}
    for symbol in species:
        counts[symbol] = counts.get(symbol, 0) + 1
    return (lattice.tolist(), species, sites.tolist()), volume / len(species), counts
