"""Phases from files that users have: CSV with named columns, pymatgen entries as JSON, licoat snapshots."""

import csv
import gzip
import itertools
import json
import math
import warnings
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from licoat.structures.chemistry.elements import ATOMIC_NUMBER
from licoat.structures.chemistry.formula import formula_unit, parse_formula, reduce_counts, write_formula
from licoat.structures.crystals.symmetry import space_group
from licoat.structures.errors import FormulaError, IncompatibleEnergiesError, InputFileError
from licoat.structures.phases.enrichment import fact_columns, reference_elements
from licoat.structures.phases.facts import observed_phase
from licoat.structures.phases.phase import FLOAT_COLUMNS, INTEGER_COLUMNS, TEXT_COLUMNS
from licoat.structures.phases.provenance import Manifest, file_sha256
from licoat.structures.phases.table import PhaseTable

__all__ = ["load_file"]

_ENERGIES = ("energy_ev_per_atom", "formation_energy_ev_per_atom")
_MODULI = ("bulk_modulus_gpa", "shear_modulus_gpa")
_SPACE_GROUPS = 230
_NO_VOLUME_A3 = 1e-6
_MIXING = "r2SCAN mixing"
_MIXED_SCHEME = "gga_gga+u_r2scan"
_KINDS = "CSV with named columns (.csv), pymatgen entries (.json, .json.gz) or a licoat snapshot (.parquet)"


def load_file(path: str | Path, *, sources: Sequence[str] = ()) -> PhaseTable:
    """Read phases from a file.

    Parameters
    ----------
    path : str or Path
        ``.csv``: columns ``formula`` and ``energy_ev_per_atom`` or ``formation_energy_ev_per_atom``, and any
        other column of `Phase`. ``.json`` or ``.json.gz``: a list of pymatgen ``ComputedEntry`` or
        ``ComputedStructureEntry`` dictionaries; their corrections are kept as they come. ``.parquet``: a
        licoat snapshot with its manifest beside it (or the folder that holds it).
    sources : sequence of str
        Names of sources that the text could have been, for the error.

    Returns
    -------
    PhaseTable
        Gaps and moduli that the file does not give are filled from the published facts of the same
        polymorph, with their sources.

    Raises
    ------
    InputFileError
        If the file is missing, of another kind, truncated, or a row cannot be used; the row is named.
    IncompatibleEnergiesError
        If energies of several schemes are mixed.
    SnapshotError
        If a snapshot is damaged.
    """
    if not str(path).strip():
        raise InputFileError(f"the source is empty; sources are {_kinds(sources)}")
    path = Path(path)
    if path.is_dir():
        snapshots = sorted(path.glob("*.parquet"))
        if len(snapshots) != 1:
            raise InputFileError(f"folder {path} holds {len(snapshots)} .parquet files; a snapshot folder holds one")
        path = snapshots[0]
    if not path.exists():
        raise InputFileError(f"no file {str(path)!r}; sources are {_kinds(sources)}")
    name = path.name.lower()
    if name.endswith(".parquet"):
        return PhaseTable.load(path)
    if name.endswith(".csv"):
        return _table(_read_csv(path), path)
    if name.endswith((".json", ".json.gz")):
        return _table(_read_entries(path), path)
    raise InputFileError(f"{path}: unknown kind of file; expected {_KINDS}")


def _kinds(sources: Sequence[str]) -> str:
    """Say what a source may be."""
    return ", ".join([*sources, f"a file: {_KINDS}"])


def _table(rows: list[dict[str, Any]], path: Path) -> PhaseTable:
    """Check rows, complete them and make the table."""
    if not rows:
        raise InputFileError(f"{path}: no phases in the file")
    scheme = _one_scheme(rows, path)
    _name_phases(rows)
    if all("formation_energy_ev_per_atom" in row for row in rows):
        rows += reference_elements(rows)
    names = sorted({name for row in rows for name in row} - {"scheme", "atoms"})
    columns: dict[str, list[Any]] = {}
    for name in names:
        unknown: Any = "" if name in TEXT_COLUMNS else -1 if name in INTEGER_COLUMNS else None
        columns[name] = [row.get(name, unknown) for row in rows]
    _fill_facts(columns, len(rows))
    created = Manifest(source=f"file:{path.name}", scheme=scheme, sha256=file_sha256(path))
    return PhaseTable(columns, created)


def _fill_facts(columns: dict[str, list[Any]], n: int) -> None:
    """Fill gaps and moduli from published facts, phase by phase and only where the file gives none."""
    facts = fact_columns(columns["formula"], columns.get("space_group_number", [-1] * n))
    for given, prefixes in ((("band_gap_ev",), ("band_gap",)), (_MODULI, ("bulk_", "shear_", "elastic_"))):
        own = [any(columns[name][i] is not None for name in given if name in columns) for i in range(n)]
        for name in (name for name in facts if name.startswith(prefixes)):
            unknown = "" if name in TEXT_COLUMNS else None
            mine = columns.get(name, [unknown] * n)
            columns[name] = [m if has else f for m, f, has in zip(mine, facts[name], own, strict=True)]


def _one_scheme(rows: Sequence[dict[str, Any]], path: Path) -> str:
    schemes: dict[str, int] = {}
    for row in rows:
        if row.get("scheme"):
            schemes[row["scheme"]] = schemes.get(row["scheme"], 0) + 1
    if len(schemes) > 1:
        listed = ", ".join(f"{name!r} ({number} phases)" for name, number in sorted(schemes.items()))
        raise IncompatibleEnergiesError(f"{path}: energies of several schemes in one file: {listed}; keep one of them")
    return next(iter(schemes), "unknown")


def _name_phases(rows: Sequence[dict[str, Any]]) -> None:
    """Give phases without an identifier one: formula and a running number."""
    taken = {row["phase_id"] for row in rows if row.get("phase_id")}
    for row in rows:
        if not row.get("phase_id"):
            names = (f"{row['formula']}-{number}" for number in itertools.count(1))
            row["phase_id"] = next(name for name in names if name not in taken)
            taken.add(row["phase_id"])


def _read_csv(path: Path) -> list[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            header = [name.strip() for name in reader.fieldnames or []]
            reader.fieldnames = header
            _check_header(header, path)
            rows = [_csv_row(row, path, reader.line_num) for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputFileError(f"{path}: not a readable CSV file: {error}") from error
    given = [any(name in row for row in rows) for name in _ENERGIES]
    for row in rows:
        line = row.pop("_line")
        if _main(given) not in row:
            raise InputFileError(
                f"{path}, line {line}: {row['formula']} has no {_main(given)}; give a number in eV/atom"
            )
    return rows


def _main(given: Sequence[bool]) -> str:
    """Return the energy column that every row must have: formation energies if there are any."""
    return _ENERGIES[1] if given[1] else _ENERGIES[0]


def _check_header(header: Sequence[str], path: Path) -> None:
    if "formula" not in header or not set(_ENERGIES) & set(header):
        raise InputFileError(
            f"{path}: the first line must name the columns, 'formula' and {' or '.join(repr(e) for e in _ENERGIES)} "
            f"among them; found {', '.join(header) or 'nothing'}"
        )
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise InputFileError(f"{path}: the column {', '.join(twice)} stands twice in the first line")
    known = {*FLOAT_COLUMNS, *INTEGER_COLUMNS, *TEXT_COLUMNS, "scheme"}
    unused = [name for name in header if name and name not in known]
    if unused:
        warnings.warn(f"{path}: columns not used: {', '.join(unused)}", stacklevel=2)


def _csv_row(cells: dict[Any, Any], path: Path, line: int) -> dict[str, Any]:
    where = f"{path}, line {line}"
    if None in cells or None in cells.values():
        raise InputFileError(f"{where}: another number of cells than columns; the file may be truncated")
    row: dict[str, Any] = {"_line": line}
    for name, text in cells.items():
        value = text.strip()
        if not value:
            continue
        if name in FLOAT_COLUMNS:
            row[name] = _finite(value, f"{where}: {name}")
        elif name in INTEGER_COLUMNS:
            row[name] = _whole(name, _finite(value, f"{where}: {name}"), where)
        elif name in TEXT_COLUMNS or name == "scheme":
            row[name] = value
    try:
        row["formula"] = formula_unit(row.get("formula", ""))
    except FormulaError as error:
        raise InputFileError(f"{where}: {error}") from error
    return row


def _whole(name: str, value: float, where: str) -> int:
    """Check a whole number; -1 is unknown."""
    highest = {"space_group_number": _SPACE_GROUPS, "theoretical": 1}.get(name, 1_000_000)
    lowest = 0 if name == "theoretical" else 1
    if value != -1 and (not value.is_integer() or not lowest <= value <= highest):
        raise InputFileError(
            f"{where}: {name} is {value:g}; give a whole number from {lowest} to {highest}, or nothing"
        )
    return int(value)


def _finite(value: Any, what: str) -> float:  # noqa: ANN401 - whatever JSON or CSV held
    try:
        # Python reads 1_000 as a number; in a table it is a slip.
        result = float("no number" if "_" in str(value) else value)
    except (TypeError, ValueError, OverflowError):
        raise InputFileError(f"{what} is {value!r}, not a number") from None
    if not math.isfinite(result):
        raise InputFileError(f"{what} is {value!r}; give a finite number or remove the phase")
    return result


def _read_entries(path: Path) -> list[dict[str, Any]]:
    try:
        opener = gzip.open if path.name.lower().endswith(".gz") else open
        with opener(path, "rt", encoding="utf-8") as stream:
            entries = json.load(stream)
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        raise InputFileError(f"{path}: damaged or truncated JSON ({error}); dump the entries again") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputFileError(f"{path}: expected a list of pymatgen ComputedEntry dictionaries")
    rows = [_entry_row(entry, i, path) for i, entry in enumerate(entries)]
    _check_corrections(rows, path)
    by_formula: dict[str, int] = {}
    for row in rows:
        by_formula[row["formula"]] = by_formula.get(row["formula"], 0) + 1
    for row in rows:
        cell = row.pop("_cell")
        if cell is not None and (by_formula[row["formula"]] > 1 or observed_phase(row["formula"])):
            row["space_group"], row["space_group_number"] = space_group(*cell)
    return rows


def _entry_row(entry: dict[str, Any], index: int, path: Path) -> dict[str, Any]:
    """Turn one entry into a row; pymatgen itself adds up the corrections."""
    from pymatgen.entries.computed_entries import ComputedEntry

    name = entry.get("entry_id") or f"entry {index + 1}"
    where = f"{path}, {name}"
    cell = _cell(entry.get("structure"), where)
    if cell is not None and "composition" not in entry:
        entry = entry | {"composition": {s: cell[1].count(s) for s in set(cell[1])}}
    try:
        computed = ComputedEntry.from_dict({key: value for key, value in entry.items() if key != "structure"})
        amounts = {str(symbol): float(n) for symbol, n in computed.composition.get_el_amt_dict().items()}
        energy = computed.energy_per_atom
    except Exception as error:
        raise InputFileError(f"{where}: not a pymatgen ComputedEntry ({type(error).__name__}: {error})") from error
    if not amounts or any(not n.is_integer() or n < 1 for n in amounts.values()):
        raise InputFileError(
            f"{where}: composition {amounts} is not made of whole atoms; disordered phases cannot be used"
        )
    counts = {symbol: int(n) for symbol, n in amounts.items()}
    try:
        formula = formula_unit(write_formula(counts))
    except FormulaError as error:
        raise InputFileError(f"{where}: {error}") from error
    atoms = sum(counts.values())
    if cell is not None:
        sites = {symbol: cell[1].count(symbol) for symbol in cell[1]}
        if reduce_counts(sites) != reduce_counts(counts):
            raise InputFileError(f"{where}: the structure holds {write_formula(sites)}, the composition is {formula}")
        atoms = len(cell[1])
    row: dict[str, Any] = {
        "phase_id": str(entry["entry_id"]) if entry.get("entry_id") else "",
        "formula": formula,
        "energy_ev_per_atom": _finite(energy, f"{where}: energy"),
        "n_sites": atoms,
        "scheme": _functional(computed.parameters, computed.energy_adjustments),
        "_corrections": [adjustment.name for adjustment in computed.energy_adjustments if adjustment.value],
        "_ozonide": (computed.data or {}).get("oxide_type") == "ozonide",
        "_cell": cell,
    }
    if cell is not None:
        row["volume_a3_per_atom"] = abs(float(np.linalg.det(np.array(cell[0])))) / atoms
        row["volume_source"] = path.name
    return row


def _cell(structure: Any, where: str) -> tuple[Any, list[str], Any] | None:  # noqa: ANN401 - parsed JSON
    if structure is None:
        return None
    try:
        species = [site["species"][0]["element"] for site in structure["sites"]]
        ordered = all(len(site["species"]) == 1 and site["species"][0]["occu"] == 1 for site in structure["sites"])
        lattice = np.array(structure["lattice"]["matrix"], dtype=float)
        sites = np.array([site["abc"] for site in structure["sites"]], dtype=float)
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise InputFileError(f"{where}: structure is not a pymatgen Structure dictionary ({error!r})") from error
    unknown = [symbol for symbol in species if symbol not in ATOMIC_NUMBER]
    if unknown:
        raise InputFileError(f"{where}: structure with unknown element {unknown[0]!r}")
    if lattice.shape != (3, 3) or sites.shape != (len(species), 3):
        raise InputFileError(f"{where}: structure whose lattice or coordinates are not three-dimensional")
    if not (np.isfinite(lattice).all() and np.isfinite(sites).all()) or abs(np.linalg.det(lattice)) < _NO_VOLUME_A3:
        raise InputFileError(f"{where}: structure whose cell has no volume")
    return (lattice.tolist(), species, sites.tolist()) if ordered else None


def _functional(parameters: dict[str, Any], adjustments: Sequence[Any]) -> str:
    run_type = str(parameters.get("run_type", "")).upper()
    if any(_MIXING in str(adjustment.name) for adjustment in adjustments):
        return _MIXED_SCHEME
    if run_type in {"GGA", "GGA+U", "PBE", "PBE+U", "PBE_U", "GGA_U"}:
        return "pbe+u"
    return run_type.lower()


def _check_corrections(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Complete the scheme by the corrections, and refuse oxides of several corrections side by side."""
    families: dict[str, list[str]] = {}
    labels: set[str] = set()
    for row in rows:
        names, ozonide = row.pop("_corrections"), row.pop("_ozonide")
        own = {"mp2020" if name.startswith("MP2020") else "corrected" for name in names if _MIXING not in name}
        labels |= own
        if "O" in parse_formula(row["formula"]) and len(parse_formula(row["formula"])) > 1 and not ozonide:
            families.setdefault("+".join(sorted(own)) or "none", []).append(row["phase_id"] or row["formula"])
    if len(families) > 1 and not any(row["scheme"] == _MIXED_SCHEME for row in rows):
        listed = ", ".join(f"{len(ids)} {name!r} (first: {ids[0]})" for name, ids in sorted(families.items()))
        raise IncompatibleEnergiesError(
            f"{path}: oxides with different corrections: {listed}; process all entries with one compatibility scheme"
        )
    label = "+".join(sorted(labels)) or "none"
    schemes = {row["scheme"] for row in rows if row["scheme"]}
    if _MIXED_SCHEME in schemes:
        schemes = {_MIXED_SCHEME}  # the Materials Project's own mixture holds entries that need no shift
    for row in rows:
        functional = row["scheme"] if len(schemes) > 1 and row["scheme"] else next(iter(schemes), "unknown")
        row["scheme"] = f"{functional}/{label}"
