"""Phases from files that users have: tables, pymatgen entries, documents of databases, licoat snapshots."""

import itertools
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from licoat.structures.chemistry.formula import element_set, formula_unit
from licoat.structures.crystals.symmetry import space_group
from licoat.structures.errors import IncompatibleEnergiesError, InputFileError, MissingDataError, require, shortened
from licoat.structures.phases.csv_tables import (
    MOST_ROWS,
    read_csv,
    read_excel,
    read_plain_parquet,
    rows_of_cells,
)
from licoat.structures.phases.documents_flat import flat_documents
from licoat.structures.phases.enrichment import fact_columns, reference_elements
from licoat.structures.phases.entries import Entry, in_ev, is_entry, read_documents, read_entry
from licoat.structures.phases.entry_schemes import correct_mp2020, energy_kind, named_few, one_scheme, raw_mixture
from licoat.structures.phases.facts import observed_phase
from licoat.structures.phases.gate import check_rows, elements_at_zero, li2o, passed
from licoat.structures.phases.parquet import manifest_path
from licoat.structures.phases.phase import INTEGER_COLUMNS, TEXT_COLUMNS
from licoat.structures.phases.provenance import Manifest, file_sha256
from licoat.structures.phases.table import PhaseTable
from licoat.structures.reading import name_of

__all__ = ["JSON_ENDINGS", "TABLE_ENDINGS", "gated", "load_file"]

CORRECTIONS: Final = ("mp2020",)
_FORMATION: Final = "formation_energy_ev_per_atom"
_TOTAL: Final = "energy_ev_per_atom"
_SAME_ELEMENT_EV_PER_ATOM: Final = 0.05
"""An element of one functional and program has one energy; other pseudopotentials give another."""
_MODULI: Final = ("bulk_modulus_gpa", "shear_modulus_gpa")
_LARGEST_CELL: Final = 400  # beyond it the search for symmetry takes minutes
TABLE_ENDINGS: Final = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
JSON_ENDINGS: Final = (".json", ".json.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")
_KINDS: Final = (
    "CSV with named columns (.csv), pymatgen entries or a database's documents (.json, .jsonl), each also .gz, Excel "
    "(.xlsx) or a licoat snapshot (.parquet)"
)


@dataclass(frozen=True, slots=True)
class _Read:
    """Rows of a file, their scheme and kind of energy, and what is worth keeping in the manifest."""

    rows: list[dict[str, Any]]
    scheme: str
    kind: str
    details: dict[str, Any] = field(default_factory=dict)


def load_file(
    path: str | Path,
    *,
    sources: Sequence[str] = (),
    columns: Mapping[str, str] | None = None,
    correct: str | None = None,
    gate: bool = True,
    references: PhaseTable | None = None,
) -> PhaseTable:
    """Read phases from a file.

    Parameters
    ----------
    path : str or Path
        A table (``.csv``, ``.tsv``, ``.xlsx``, ``.parquet``) with licoat's or a database's headings; ``.json`` or
        ``.jsonl`` with pymatgen entries, a phase diagram, or documents of a database; or a licoat snapshot,
        ``.parquet`` with its manifest beside it (or the folder that holds it). See docs/files.md.
    sources : sequence of str
        Names of sources that the text could have been, for the error.
    columns : mapping of str to str, optional
        Heading of the file to licoat's name, for headings that are not known.
    correct : {"mp2020"}, optional
        Put raw GGA and GGA+U entries on the scale of the Materials Project.
    gate : bool
        Refuse phases that cannot be, or set them aside; ``licoat data verify`` lists them instead.
    references : PhaseTable, optional
        Its elements stand in for those that a file of total energies lacks, if both are of one scheme.

    Returns
    -------
    PhaseTable
        Gaps and moduli that the file does not give are filled from the published facts of the same
        polymorph, with their sources. Phases set aside are in ``manifest.details["set_aside"]``.

    Raises
    ------
    InputFileError
        If the file is missing, of another kind, truncated, or a row cannot be used; the row is named.
    IncompatibleEnergiesError
        If energies of several schemes, kinds or temperatures are mixed.
    MissingDataError
        If `correct` is no scheme of corrections.
    SnapshotError
        If a snapshot is damaged.
    """
    if not str(path).strip():
        raise InputFileError(f"the source is empty; sources are {_kinds(sources)}")
    if correct is not None and correct not in CORRECTIONS:
        raise MissingDataError(f"correct {shortened(correct, 40)!r}: there is {' and '.join(CORRECTIONS)}")
    if columns is not None:
        require(columns, Mapping, "columns must be a mapping of the file's headings to licoat's names")
    path = _existing(Path(path), sources)
    name = path.name.lower()
    if name.endswith(".parquet") and (manifest_path(path).exists() or (columns is None and _is_snapshot(path))):
        phases = PhaseTable.load(path)
    else:
        phases = _table(_read(path, name, columns, correct), path, references)
        twice = li2o(phases) if correct is not None else ""
        if twice:
            raise IncompatibleEnergiesError(
                f"{name_of(path)}: corrected by MP2020 {twice}; were the energies corrected before? then leave out "
                "--correct, else give raw energies of PBE"
            )
    return gated(phases, name_of(path)) if gate else phases


def _read(path: Path, name: str, columns: Mapping[str, str] | None, correct: str | None) -> _Read:
    """Read a file by its ending."""
    if name.endswith(JSON_ENDINGS):
        return _read_documents(path, columns, correct)
    readers = {**dict.fromkeys(TABLE_ENDINGS, read_csv), ".xlsx": read_excel, ".parquet": read_plain_parquet}
    reader = next((reader for ending, reader in readers.items() if name.endswith(ending)), None)
    if reader is None:
        raise InputFileError(f"{name_of(path)}: unknown kind of file; expected {_KINDS}")
    if correct is not None:
        raise InputFileError(f"{name_of(path)}: --correct {correct} needs pymatgen entries with run types (.json)")
    return _of_rows(reader(path, columns), path)


def _existing(path: Path, sources: Sequence[str]) -> Path:
    """Return the file, or the one snapshot of a folder."""
    try:
        there, folder = path.exists(), path.is_dir()
    except (OSError, ValueError):  # a name too long, or with a zero byte
        there = folder = False
    if not there:
        raise InputFileError(f"no file {shortened(str(path), 80)!r}; sources are {_kinds(sources)}")
    if not folder:
        return path
    snapshots = sorted(path.glob("*.parquet"))
    if len(snapshots) != 1:
        count = f"{len(snapshots)} .parquet files; a snapshot folder holds one"
        raise InputFileError(f"folder {name_of(path)} holds {count}")
    return snapshots[0]


def _kinds(sources: Sequence[str]) -> str:
    """Say what a source may be."""
    return ", ".join([*sources, f"a file: {_KINDS}"])


def _is_snapshot(path: Path) -> bool:
    """Say whether a Parquet file without a manifest is licoat's own, which needs it, or somebody's table."""
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_metadata(path)
    except Exception:  # noqa: BLE001 - a damaged file is reported by whoever reads it
        return False
    by_pandas = b"pandas" in (metadata.metadata or {})  # as `PhaseTable.to_frame` is written
    return not by_pandas and {*TEXT_COLUMNS, *INTEGER_COLUMNS} <= set(metadata.schema.names)


def _table(read: _Read, path: Path, references: PhaseTable | None) -> PhaseTable:
    """Check rows, complete them and make the table."""
    rows, where = read.rows, name_of(path)
    if not rows:
        raise InputFileError(f"{where}: no phases in the file")
    rows = _once(rows)
    _name_phases(rows)
    check_rows(rows, where)
    if all(_FORMATION in row for row in rows):
        elements_at_zero(rows, where)
        rows += reference_elements(rows)
    elif references is not None and (references.scheme, references.energy_kind) == (read.scheme, read.kind):
        rows += _elements_of(references, rows)
    internal = {"scheme", "energy_kind", "temperature_k"}
    names = sorted({name for row in rows for name in row if not name.startswith("_")} - internal)
    columns: dict[str, list[Any]] = {}
    for name in names:
        unknown: Any = "" if name in TEXT_COLUMNS else -1 if name in INTEGER_COLUMNS else None
        columns[name] = [row.get(name, unknown) for row in rows]
    _fill_facts(columns, len(rows))
    created = Manifest(
        source=f"file:{shortened(path.name, 80)}",
        scheme=read.scheme,
        sha256=file_sha256(path),
        details=read.details,
        energy_kind=read.kind,
    )
    return PhaseTable(columns, created)


def _elements_of(references: PhaseTable, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the elements that a file of total energies lacks; none if its own ones have other energies."""
    energy = references.column(_TOTAL)
    lowest = {s: float(energy[own[0]]) for s in references.symbols if (own := references.rows_of(s))}
    theirs: dict[str, float] = {}
    for row in rows:
        symbol, *others = element_set(row["formula"])
        if not others and row.get(_TOTAL) is not None:
            theirs[symbol] = min(row[_TOTAL], theirs.get(symbol, math.inf))
    if any(abs(value - lowest.get(symbol, value)) > _SAME_ELEMENT_EV_PER_ATOM for symbol, value in theirs.items()):
        return []
    wanted = {symbol for row in rows for symbol in element_set(row["formula"])} - theirs.keys()
    return [
        {"phase_id": f"{symbol}-reference", "formula": formula_unit(symbol), _TOTAL: lowest[symbol]}
        for symbol in sorted(wanted)
        if symbol in lowest and not math.isnan(lowest[symbol])
    ]


def gated(phases: PhaseTable, where: str) -> PhaseTable:
    """Let a table through the gate; what it keeps back is named in a warning and in the manifest.

    Raises
    ------
    InputFileError
        As `licoat.structures.phases.gate.passed`.
    """
    found = passed(phases, where)
    details = dict(found.phases.manifest.details)
    for what, reasons, words in (
        ("set_aside", found.set_aside, "set aside, on which no hull depends"),
        ("taken_as_unknown", found.unknown, "with a number taken as unknown"),
    ):
        if reasons:
            first = next(f"{shortened(name, 40)} {reason}" for name, reason in reasons.items())
            count = "1 phase" if len(reasons) == 1 else f"{len(reasons)} phases"
            warnings.warn(f"{where}: {count} {words}: {first}", stacklevel=2)
            details[what] = dict(list(reasons.items())[:1000])
    if details == dict(found.phases.manifest.details):
        return found.phases
    return PhaseTable(found.phases.columns(), found.phases.manifest.replace(details=details))


def _fill_facts(columns: dict[str, list[Any]], n: int) -> None:
    """Fill gaps and moduli from published facts, phase by phase and only where the file gives none."""
    facts = fact_columns(columns["formula"], columns.get("space_group_number", [-1] * n), columns.get("polymorph"))
    for given, prefixes in ((("band_gap_ev",), ("band_gap",)), (_MODULI, ("bulk_", "shear_", "elastic_"))):
        own = [any(columns[name][i] is not None for name in given if name in columns) for i in range(n)]
        for name in (name for name in facts if name.startswith(prefixes)):
            unknown = "" if name in TEXT_COLUMNS else None
            mine = columns.get(name, [unknown] * n)
            columns[name] = [m if has else f for m, f, has in zip(mine, facts[name], own, strict=True)]


def _once(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out rows that stand there before, as joined files have their elements; an equal name alone is a slip."""
    seen: dict[str, dict[str, Any]] = {}
    kept = []
    for row in rows:
        name = row.get("phase_id")
        if not name or seen.setdefault(name, row) is row or seen[name] != row:
            kept.append(row)
    return kept


def _name_phases(rows: Sequence[dict[str, Any]]) -> None:
    """Give phases without an identifier one: formula and a running number."""
    taken = {row["phase_id"] for row in rows if row.get("phase_id")}
    numbers: dict[str, itertools.count[int]] = {}
    for row in rows:
        if not row.get("phase_id"):
            count = numbers.setdefault(row["formula"], itertools.count(1))
            row["phase_id"] = next(name for n in count if (name := f"{row['formula']}-{n}") not in taken)
            taken.add(row["phase_id"])


def _of_rows(rows: list[dict[str, Any]], path: Path) -> _Read:
    """Say which scheme and kind of energy the rows of a table have."""
    where = name_of(path)
    schemes: dict[str, int] = {}
    kinds: dict[tuple[str, float | None], list[str]] = {}
    for row in rows:
        if row.get("scheme"):
            schemes[row["scheme"]] = schemes.get(row["scheme"], 0) + 1
        kind = str(row.get("energy_kind", "")).lower().split(" ")[0]
        if kind not in {"", "energy", "enthalpy", "gibbs"}:
            raise InputFileError(f"{where}: energy_kind is {shortened(kind, 30)!r}; give energy, enthalpy or gibbs")
        kinds.setdefault((kind, row.get("temperature_k")), []).append(row["formula"])
    if len(schemes) > 1:
        listed = ", ".join(f"{shortened(name, 40)!r} ({number} phases)" for name, number in sorted(schemes.items())[:4])
        raise IncompatibleEnergiesError(f"{where}: energies of several schemes in one file: {listed}; keep one of them")
    if len(kinds) > 1:
        listed = "; ".join(
            f"{energy_kind(*k) if k[0] else 'not said'}: {named_few(v)}" for k, v in list(kinds.items())[:3]
        )
        raise IncompatibleEnergiesError(f"{where}: energies of several kinds or temperatures in one file: {listed}")
    raw = raw_mixture([row["formula"] for row in rows]) if any(row.get("_raw") for row in rows) else ""
    if raw:
        raise IncompatibleEnergiesError(
            f"{where}: uncorrected energies, with +U of {raw} and without of others, have no common zero; give the "
            "corrected energy_per_atom"
        )
    kind, temperature = next(iter(kinds), ("", None))
    scheme = next(iter(schemes), "pbe/none" if any(row.get("_raw") for row in rows) else "unknown")
    if kind == "enthalpy" and temperature is None:
        temperature = 298.0
    if kind == "gibbs" and temperature is None:
        raise InputFileError(f"{where}: Gibbs energies without a temperature; give the column temperature_k")
    known = scheme.lower().endswith("/mp2020") or scheme.lower() in {"r2scan/none", "pbe/none"}
    named = kind or ("energy" if known else "")
    return _Read(rows, scheme, energy_kind(named, temperature) if named else "energy, kind not given")


def _read_documents(path: Path, columns: Mapping[str, str] | None, correct: str | None) -> _Read:
    """Read a JSON file: entries, or documents with headings."""
    where = name_of(path)
    documents = read_documents(path)
    if len(documents) > MOST_ROWS:
        raise InputFileError(f"{where}: more than {MOST_ROWS} entries; give a smaller file, or a licoat snapshot")
    if documents and not any(is_entry(document) for document in documents):
        if correct is not None:
            raise InputFileError(f"{where}: --correct {correct} needs pymatgen entries, with their run type")
        header, lines = flat_documents(documents)
        rows = rows_of_cells(header, lines, where, columns, decimal_comma=False, unit="document", quiet=True)
        return _of_rows(rows, path)
    if columns:
        raise InputFileError(f"{where}: columns are for tables; these are pymatgen entries")
    entries = in_ev([read_entry(entry, i, path) for i, entry in enumerate(documents)])
    details: dict[str, Any] = {}
    if correct is not None:
        entries, left_out = correct_mp2020(entries, where)
        if left_out:
            details["left_out_by_mp2020"] = left_out
            text = f"{where}: {len(left_out)} entries left out, run otherwise than MP2020 has it: {named_few(left_out)}"
            warnings.warn(text, stacklevel=2)
        details["corrected"] = "MaterialsProject2020Compatibility of pymatgen, on loading"
    scheme = one_scheme(entries, where)
    return _Read(_entry_rows(entries, path), scheme.name, scheme.energy_kind, details)


def _entry_rows(entries: Sequence[Entry], path: Path) -> list[dict[str, Any]]:
    formation = any(entry.kind != "energy" for entry in entries)
    by_formula: dict[str, int] = {}
    for entry in entries:
        by_formula[entry.formula] = by_formula.get(entry.formula, 0) + 1
    taken: set[str] = set()
    rows = []
    for entry in entries:
        row: dict[str, Any] = {
            "phase_id": entry.name if entry.name not in taken or not _is_name_only(entry) else "",
            "formula": entry.formula,
            _FORMATION if formation else _TOTAL: entry.energy_ev_per_atom,
        }
        taken.add(entry.name)
        if entry.cell is not None:
            row |= {"n_sites": len(entry.cell[1]), "volume_source": shortened(path.name, 80)}
            row["volume_a3_per_atom"] = entry.volume_a3_per_atom
            known = by_formula[entry.formula] > 1 or observed_phase(entry.formula)
            if known and len(entry.cell[1]) <= _LARGEST_CELL:
                row["space_group"], row["space_group_number"] = space_group(*entry.cell)
        elif abs(entry.atoms - sum(entry.counts.values())) < 1e-6:
            row["n_sites"] = round(entry.atoms)
        rows.append(row)
    return rows


def _is_name_only(entry: Entry) -> bool:
    """Say whether an entry's name is its formula, as a PDEntry's is: two such are no identifiers."""
    return entry.name == entry.formula or entry.name.replace(" ", "") == entry.formula
