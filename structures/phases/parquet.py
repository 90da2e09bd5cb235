"""Columns on disk: a Parquet file and, beside it, its manifest with the checksum.

The atoms of each phase stand in two columns of lists, ``element_numbers`` and ``element_counts``, so that loading a
table reads no formula. The checksum covers them as it does the formulas, and `licoat data verify` compares the two.
"""

import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from licoat.structures.errors import InputFileError, SnapshotError, shortened
from licoat.structures.phases import arrow
from licoat.structures.phases.compositions import FormulaColumn
from licoat.structures.phases.parquet_bounds import repeated_texts, require_bounded
from licoat.structures.phases.provenance import Manifest, file_sha256
from licoat.structures.publishing import alone, published

if TYPE_CHECKING:
    import pyarrow.parquet as pq

__all__ = ["load_parquet", "manifest_path", "read_columns", "read_parquet", "write_parquet"]

MOST_SNAPSHOT_BYTES = 2**30
"""Largest snapshot, before and after decompression: some millions of phases with their structures."""
_MOST_ROWS = 10_000_000
_MOST_VALUES_PER_ROW = 100
"""Columns and, of the stored atoms, elements of a phase: there are 27 columns."""
_WAITS_S = (0.02, 0.1)
_READING = TypeVar("_READING")
_PLAIN = ("phase_id", "formula", "structure")
"""Text columns that hardly repeat: a dictionary would only cost time."""


def manifest_path(path: Path) -> Path:
    """Return the path of the manifest that belongs to a Parquet file."""
    return path.with_suffix(".manifest.json")


def write_parquet(columns: Mapping[str, Any], path: Path, manifest: Manifest) -> Manifest:
    """Write columns and manifest; each file appears whole or not at all, and both are of one writer.

    A `FormulaColumn` is written with the atoms of each phase.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(arrow.to_arrow(columns))
    repeated = [field.name for field in table.schema if field.name not in _PLAIN and field.name not in arrow.STORED]
    # The inner file takes its place first: the manifest is the last, and both are written before either moves.
    with alone(path), published(manifest_path(path)) as beside, published(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", use_dictionary=repeated)
        complete = manifest.replace(sha256=file_sha256(temporary), n_phases=table.num_rows)
        beside.write_text(complete.to_json(), encoding="utf-8")
    return complete


def load_parquet(path: Path) -> tuple[Manifest, dict[str, Any]]:
    """Read manifest and columns; between the two moves of a writer they do not agree for a moment.

    Raises
    ------
    SnapshotError
        If a file is missing, damaged, altered or not readable.
    """
    for wait_s in _WAITS_S:
        manifest = Manifest.read(manifest_path(path))
        with contextlib.suppress(SnapshotError):
            return manifest, read_columns(path, manifest)
        time.sleep(wait_s)
    manifest = Manifest.read(manifest_path(path))
    return manifest, read_columns(path, manifest)


def read_parquet(path: Path, manifest: Manifest) -> dict[str, list[Any]]:
    """Read columns as plain lists, without the stored atoms, and check the file against its manifest.

    Raises
    ------
    SnapshotError
        If the file is missing, damaged, altered or not readable.
    """
    return _checked(
        path, manifest, lambda file, names: {n: arrow.read(file, n).to_pylist() for n in names if n not in arrow.STORED}
    )


def read_columns(path: Path, manifest: Manifest) -> dict[str, Any]:
    """Read columns as `PhaseTable` holds them and check the file against its manifest.

    Raises
    ------
    SnapshotError
        If the file is missing, damaged, altered or not readable, or the stored atoms of its phases are impossible.
    """

    def columns(file: "pq.ParquetFile", names: list[str]) -> dict[str, Any]:
        found = {name: arrow.to_column(arrow.read(file, name)) for name in names if name not in arrow.STORED}
        if not set(arrow.STORED) <= set(names) or "formula" not in found:
            return found  # written by an earlier version: the table reads its formulas, each once
        counts = arrow.to_counts(*(arrow.read(file, name) for name in arrow.STORED))
        problem = "they are no lists of whole numbers" if counts is None else counts.problem()
        if counts is None or problem or len(counts) != len(found["formula"]):
            raise SnapshotError(
                f"{path}: the atoms stored with its phases are damaged ({problem or 'they are of other phases'}); "
                f"{_renewal(manifest)}"
            )
        formulas = found["formula"]
        found["formula"] = FormulaColumn(formulas.words, formulas.codes, counts)
        return found

    return _checked(path, manifest, columns)


def _renewal(manifest: Manifest) -> str:
    """Say how a snapshot is made again."""
    kind = manifest.source.partition(":")[0]
    if kind == "builtin":
        return "make it again with 'licoat data build'"
    if kind == "mp":
        return "delete its folder and fetch it again with 'licoat data fetch --source mp'"
    if kind == "calc":
        return "make it again with 'licoat data build --resume'"
    return "save the table again with PhaseTable.save"


def _checked(path: Path, manifest: Manifest, reading: "Callable[[pq.ParquetFile, list[str]], _READING]") -> _READING:
    """Check a file against its manifest and read it."""
    import pyarrow.parquet as pq

    if not path.exists():
        raise SnapshotError(f"{path} is missing (its manifest is there): restore it or build it again")
    if path.stat().st_size > MOST_SNAPSHOT_BYTES:
        raise SnapshotError(f"{path}: more than {MOST_SNAPSHOT_BYTES // 2**20} MB; no snapshot of licoat is so large")
    found = file_sha256(path)
    if found != manifest.sha256:
        raise SnapshotError(
            f"{path} is damaged or was altered: its SHA-256 is {found[:12]}..., its manifest says "
            f"{manifest.sha256[:12]}...; restore the file or build it again"
        )
    try:
        # ParquetFile, not read_table: the latter imports pandas and costs 0.2 s.
        metadata = pq.read_metadata(path)
        rows, columns = metadata.num_rows, None
        most = _MOST_VALUES_PER_ROW * max(rows, 1)
        require_bounded(metadata, path, most_bytes=MOST_SNAPSHOT_BYTES, most_rows=_MOST_ROWS, most_values=most)
        if rows == manifest.n_phases:
            schema = metadata.schema.to_arrow_schema()
            # Texts that hardly repeat are plain, unless the file has them with a dictionary.
            texts = {field.name for field in schema if str(field.type) == "string"} - set(_PLAIN[::2])
            repeated = sorted(texts | set(repeated_texts(metadata)))
            with arrow.frugal(), pq.ParquetFile(path, metadata=metadata, read_dictionary=repeated) as file:
                columns = reading(file, schema.names)
    except SnapshotError:
        raise
    except InputFileError as error:
        raise SnapshotError(str(error)) from error
    except Exception as error:
        raise SnapshotError(f"{path} is not a readable Parquet file: {shortened(str(error), 120)}") from error
    if columns is None:
        raise SnapshotError(f"{path} holds {rows} phases, its manifest says {manifest.n_phases}: build it again")
    return columns
