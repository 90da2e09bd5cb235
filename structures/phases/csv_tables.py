"""Tables of users: CSV in its dialects, Excel, Parquet without a manifest; their cells become rows of phases."""

import csv
import io
import itertools
import json
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from licoat.structures.chemistry.formula import formula_unit, parse_formula, write_formula
from licoat.structures.errors import FormulaError, InputFileError, did_you_mean, shortened, shown
from licoat.structures.phases.documents_flat import unfolded
from licoat.structures.phases.headings import CELL_VOLUME, COLUMNS, ENERGIES, Heading, map_headings, recognise
from licoat.structures.phases.parquet_bounds import repeated_texts, require_bounded, unpacked_bytes
from licoat.structures.phases.phase import FLOAT_COLUMNS, INTEGER_COLUMNS, TEXT_COLUMNS
from licoat.structures.reading import MOST_JSON_BYTES, clean_text, finite, name_of, read_bytes, text_of

__all__ = ["MOST_ROWS", "read_csv", "read_excel", "read_plain_parquet", "rows_of_cells"]

RAW_ENERGY: Final = "uncorrected_energy_ev_per_atom"
_SPACE_GROUPS: Final = 230
_MOST_REMARKS: Final = 200
MOST_ROWS: Final = 500_000
_MOST_COLUMNS: Final = 2000
_MOST_VALUES: Final = 20_000_000
_SEPARATORS: Final = ",;\t|"
_DECIMAL_COMMA: Final = re.compile(r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?")
_NOTHING: Final = frozenset({"na", "n/a", "none", "null", "-", "--"})
_THERMO_SCHEMES: Final = {
    "gga_gga+u": "pbe+u/mp2020",
    "r2scan": "r2scan/none",
    "gga_gga+u_r2scan": "gga_gga+u_r2scan/mp2020",
}
_TEXTS: Final = frozenset({*TEXT_COLUMNS, "scheme", "energy_kind"})
_GAP_KINDS: Final = {"optb88vdw_bandgap": "optb88vdw"}

Cells = Sequence[Any]


def read_csv(path: Path, columns: Mapping[str, str] | None) -> list[dict[str, Any]]:
    """Read a table of text; separator and decimal comma are found out.

    Raises
    ------
    InputFileError
        If it is no readable table; the line is named.
    """
    where = name_of(path)
    try:
        text = _without_remarks(text_of(read_bytes(path, most=MOST_JSON_BYTES), path))
        first = next((line for line in text.splitlines() if line.strip()), "")
        separator = _separator(first)
        reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
        lines = ((reader.line_num, cells) for cells in reader if cells)
        header = [name.strip() for name in next(lines, (0, []))[1]]
        return rows_of_cells(header, lines, where, columns, decimal_comma=separator != ",")
    except csv.Error as error:
        raise InputFileError(f"{where}: not a readable CSV file: {shortened(str(error), 120)}") from error


def _without_remarks(text: str) -> str:
    """Empty the lines before the header that begin with ``#``, where the header itself does not."""
    lines = text.split("\n")
    for i, line in enumerate(lines[:_MOST_REMARKS]):
        if not line.lstrip().startswith("#") or any(
            recognise(cell.strip("# \r")) for cell in re.split(r"[,;\t|]", line)
        ):
            break
        lines[i] = ""
    return "\n".join(lines)


def _separator(line: str) -> str:
    """Return the separator that stands most often outside quotes, a comma if none does."""
    bare = re.sub(r'"[^"]*"', "", line[:10_000])
    return max(_SEPARATORS, key=lambda sign: (bare.count(sign), sign == ","))


def read_excel(path: Path, columns: Mapping[str, str] | None) -> list[dict[str, Any]]:
    """Read the first sheet of an Excel workbook (.xlsx); formulas give the values that Excel stored.

    Raises
    ------
    InputFileError
        If it is no readable workbook.
    """
    where = name_of(path)
    data = read_bytes(path, most=MOST_JSON_BYTES)
    try:
        _check_parts(data, where)
        from openpyxl import load_workbook

        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what the file says of its size counts cells that were only formatted
        lines = list(_filled(sheet.iter_rows(values_only=True), where))
    except InputFileError:
        raise
    except Exception as error:  # openpyxl and zipfile raise what their parts raise
        raise InputFileError(f"{where}: not a readable Excel workbook (.xlsx): {shortened(str(error), 80)}") from error
    header = [name.strip() for name in lines[0][1]] if lines else []
    width = len(header)
    padded = ((i, cells + [""] * (width - len(cells))) for i, cells in lines[1:])
    return rows_of_cells(header, padded, where, columns, decimal_comma=True)


def _filled(rows: Iterable[Cells], where: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a sheet that hold something, with their numbers and without the empty cells at their ends."""
    cells = 0
    for i, row in enumerate(rows, 1):
        cells += 1 + len(row)
        if cells > _MOST_VALUES:
            raise InputFileError(f"{where}: more than {_MOST_VALUES // 10**6} million cells; give a smaller file")
        last = max((j for j, value in enumerate(row, 1) if value not in {None, ""}), default=0)
        if last:
            yield i, [_cell_text(value) for value in row[:last]]


def _check_parts(data: bytes, where: str) -> None:
    """Refuse a workbook that unpacks to more than it may, or that declares XML entities."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        if sum(part.file_size for part in parts.infolist()) > MOST_JSON_BYTES:
            raise InputFileError(f"{where}: more than {MOST_JSON_BYTES // 2**20} MB when unpacked")
        if any(b"<!ENTITY" in parts.read(part) for part in parts.infolist() if part.filename.endswith(".xml")):
            raise InputFileError(f"{where}: declares XML entities, as no spreadsheet program does")


def _cell_text(value: object) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN, which pandas writes for unknown
        return ""
    if isinstance(value, dict):
        return json.dumps(value, default=str)
    return repr(value) if isinstance(value, float) else str(value)


def read_plain_parquet(path: Path, columns: Mapping[str, str] | None) -> list[dict[str, Any]]:
    """Read a Parquet table that has no manifest, as pandas writes one.

    Raises
    ------
    InputFileError
        If it is not readable or too large.
    """
    where = name_of(path)
    try:
        flat, values = _parquet_cells(path, where)
    except InputFileError:
        raise
    except Exception as error:  # pyarrow raises what its parts raise
        raise InputFileError(f"{where}: not a readable Parquet file: {shortened(str(error), 80)}") from error
    lines = ((i + 1, list(cells)) for i, cells in enumerate(zip(*values, strict=True)))
    return rows_of_cells(flat, lines, where, columns, decimal_comma=False, unit="row")


def _parquet_cells(path: Path, where: str) -> tuple[list[str], list[list[str]]]:
    """Return names and texts of the columns of a Parquet file, but for lists."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    size, metadata = path.stat().st_size, pq.read_metadata(path)
    if size > MOST_JSON_BYTES:
        raise InputFileError(f"{where}: more than {MOST_JSON_BYTES // 2**20} MB; give a smaller file")
    require_bounded(metadata, where, most_bytes=MOST_JSON_BYTES, most_rows=MOST_ROWS, most_values=_MOST_VALUES)
    file = pq.ParquetFile(path, metadata=metadata, read_dictionary=repeated_texts(metadata))
    flat = [f.name for f in file.schema_arrow if not pa.types.is_nested(f.type) or pa.types.is_struct(f.type)]
    table = file.read(columns=flat).combine_chunks()
    if sum(unpacked_bytes(chunk) for column in table.columns for chunk in column.chunks) > MOST_JSON_BYTES:
        raise InputFileError(f"{where}: more than {MOST_JSON_BYTES // 2**20} MB when unpacked")
    return flat, [[_cell_text(v) for v in table.column(name).to_pylist()] for name in flat]


def rows_of_cells(
    header: Sequence[str],
    lines: Iterable[tuple[int, Cells]],
    where: str,
    columns: Mapping[str, str] | None,
    *,
    decimal_comma: bool,
    unit: str = "line",
    quiet: bool = False,
) -> list[dict[str, Any]]:
    """Turn the cells of a table into rows of phases.

    Parameters
    ----------
    header : sequence of str
        Headings as the file writes them.
    lines : iterable of (int, sequence)
        Number and cells of each line.
    where, unit : str
        The file and what a line is called, for messages.
    columns : mapping of str to str, optional
        Heading to licoat's name, where the user says so.
    decimal_comma : bool
        ``-2,07`` is a number.
    quiet : bool
        Say nothing of columns that are not used.

    Returns
    -------
    list of dict
        Columns of a `Phase` by name, ``scheme`` and ``_kind``.

    Raises
    ------
    InputFileError
        If a heading or a cell cannot be used.
    """
    if len(header) > _MOST_COLUMNS:
        raise InputFileError(f"{where}: {len(header)} columns; give a table of at most {_MOST_COLUMNS}")
    header, lines = unfolded(header, itertools.islice(lines, MOST_ROWS + 1), where, unit)
    if len(lines) > MOST_ROWS:
        raise InputFileError(f"{where}: more than {MOST_ROWS} {unit}s; give a smaller file, or a licoat snapshot")
    found, unknown = map_headings(header, columns, where)
    if unknown and not quiet:
        warnings.warn(f"{where}: columns not used: {_listed(unknown)}", stacklevel=2)
    taken = [shortened(header[i], 40) for i, heading in found.items() if heading.no_unit]
    if taken:
        warnings.warn(f"{where}: {taken[0]!r} names no unit, taken as eV/atom", stacklevel=2)
    said = {i: heading.name if heading.exact else shortened(header[i], 60) for i, heading in found.items()}
    rows = []
    for number, cells in lines:
        at = f"{where}, {unit} {number}"
        row = _row({i: cells[i] for i in found}, found, said, at, decimal_comma=decimal_comma)
        if row is not None:
            rows.append(row)
    if not any("volume_a3_per_atom" in row for row in rows) and any("_cell" in row for row in rows):
        warnings.warn(f"{where}: volumes of cells not used: the column n_sites is missing", stacklevel=2)
    return _with_energies(rows)


def _listed(unknown: Sequence[str]) -> str:
    texts = []
    for name in unknown[:8]:
        near = did_you_mean(name, COLUMNS) if len(name) > 5 else ""
        near = near if "'" in near and _alike(name, near.split("'")[1]) else ""
        texts.append(shortened(clean_text(name), 40) + (f" ({near.split(' or ')[0].rstrip('?')[2:]}?)" if near else ""))
    return ", ".join(texts) + (f" and {len(unknown) - 8} more" if len(unknown) > 8 else "")


def _alike(one: str, other: str) -> bool:
    import difflib

    return difflib.SequenceMatcher(None, one.lower(), other).ratio() > 0.8


def _row(
    cells: Mapping[int, Any], found: Mapping[int, Heading], said: Mapping[int, str], at: str, *, decimal_comma: bool
) -> dict[str, Any] | None:
    row: dict[str, Any] = {"_at": at}
    for i, value in cells.items():
        heading = found[i]
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        if heading.name not in _TEXTS and isinstance(value, str) and value.strip().lower() in _NOTHING:
            continue  # as text it may be sodium
        _set(
            row,
            heading,
            value,
            f"{at}: {said[i]}",
            decimal_comma=decimal_comma,
        )
        if heading.name == "band_gap_ev" and not heading.exact:
            row.setdefault("band_gap_kind", _GAP_KINDS.get(said[i].lower(), "pbe"))
        if heading.name in {"bulk_modulus_gpa", "shear_modulus_gpa"} and not heading.exact:
            row.setdefault("elastic_kind", "pbe")
    if row.pop("deprecated", False):
        return None
    _name_formula(row, at)
    return row


def _set(row: dict[str, Any], heading: Heading, value: Any, what: str, *, decimal_comma: bool) -> None:  # noqa: ANN401
    """Put one cell into a row, in licoat's unit."""
    name = heading.name
    if name in FLOAT_COLUMNS or name in {CELL_VOLUME, RAW_ENERGY, "temperature_k"}:
        row[name] = _number(value, what, decimal_comma=decimal_comma) * heading.factor
        _note_basis(row, heading)
    elif name == "deprecated":
        row[name] = str(value).strip().lower() in {"true", "1"}
    elif name == "theoretical" and str(value).strip().lower() in {"true", "false"}:
        row[name] = int(str(value).strip().lower() == "true")
    elif name == "space_group" and not heading.exact and str(value).strip().isdigit():
        row.setdefault("space_group_number", _whole("space_group_number", finite(value, what), what))
    elif name in INTEGER_COLUMNS:
        row[name] = _whole(name, _number(value, what, decimal_comma=decimal_comma), what)
    elif name == "thermo_type":
        row["scheme"] = _THERMO_SCHEMES.get(str(value).strip().lower(), clean_text(value))
    elif name in TEXT_COLUMNS or name in {"scheme", "energy_kind"}:
        row[name] = str(value)[:2000] if name == "formula" else clean_text(value)


def _note_basis(row: dict[str, Any], heading: Heading) -> None:
    """Keep what a heading says of its number: per formula or cell, kind of energy and temperature."""
    for own, wanted in (("_per_formula", heading.per_formula), ("_per_cell", heading.per_cell)):
        if wanted:
            row[own] = (*row.get(own, ()), heading.name)
    if heading.kind:
        row.setdefault("energy_kind", heading.kind)
    if heading.temperature_k is not None:
        row.setdefault("temperature_k", heading.temperature_k)


def _number(value: Any, what: str, *, decimal_comma: bool) -> float:  # noqa: ANN401
    if isinstance(value, str):
        value = value.replace("\N{MINUS SIGN}", "-").replace("\N{NO-BREAK SPACE}", " ")
        if _DECIMAL_COMMA.fullmatch(value.strip()):
            if not decimal_comma:
                raise InputFileError(f"{what} is {shown(value)}: write a decimal point, or separate the columns by ';'")
            value = value.replace(",", ".")
    return finite(value, what)


def _name_formula(row: dict[str, Any], at: str) -> None:
    """Bring the formula to one formula unit, and what is per formula or per cell to atoms."""
    try:
        counts = parse_formula(row.get("formula", ""))
        row["formula"] = formula_unit(write_formula(counts))
    except FormulaError as error:
        raise InputFileError(f"{at}: {shortened(str(error), 150)}") from None
    for name in row.pop("_per_formula", ()):
        row[name] /= sum(counts.values())
    sites = row.get("n_sites", 0)
    for name in row.pop("_per_cell", ()):
        if sites < 1:
            raise InputFileError(f"{at}: {name} is given per cell; give the column n_sites (atoms in the cell) too")
        row[name] /= sites
    cell = row.pop(CELL_VOLUME, None)
    if cell is not None and sites > 0:
        row.setdefault("volume_a3_per_atom", cell / sites)
    elif cell is not None:
        row["_cell"] = True


def _with_energies(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Check that every row has the energy that the table is about: formation energies if there are any."""
    names = (ENERGIES[1], ENERGIES[0], RAW_ENERGY)
    for row in rows:
        row.pop("_cell", None)
    main = next((name for name in names if any(name in row for row in rows)), ENERGIES[0])
    for row in rows:
        at = row.pop("_at")
        if main not in row:
            raise InputFileError(f"{at}: {row['formula']} has no {main}; give a number in eV/atom")
        raw = row.pop(RAW_ENERGY, None)
        if main == RAW_ENERGY:
            row[ENERGIES[0]] = raw
            row["_raw"] = True
    return rows


def _whole(name: str, value: float, what: str) -> int:
    """Check a whole number; -1 is unknown."""
    highest = {"space_group_number": _SPACE_GROUPS, "theoretical": 1}.get(name, 1_000_000)
    lowest = 0 if name == "theoretical" else 1
    if value != -1 and (not value.is_integer() or not lowest <= value <= highest):
        raise InputFileError(f"{what} is {value:g}; give a whole number from {lowest} to {highest}, or nothing")
    return int(value)
