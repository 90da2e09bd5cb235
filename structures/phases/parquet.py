"""Columns on disk: a Parquet file and, beside it, its manifest with the checksum."""

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from licoat.structures.errors import SnapshotError
from licoat.structures.phases.provenance import Manifest, file_sha256
from licoat.structures.publishing import alone, published

__all__ = ["load_parquet", "manifest_path", "read_parquet", "write_parquet"]

_WAITS_S = (0.02, 0.1)


def manifest_path(path: Path) -> Path:
    """Return the path of the manifest that belongs to a Parquet file."""
    return path.with_suffix(".manifest.json")


def write_parquet(columns: Mapping[str, Any], path: Path, manifest: Manifest) -> Manifest:
    """Write columns and manifest; each file appears whole or not at all, and both are of one writer."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    # The inner file takes its place first: the manifest is the last, and both are written before either moves.
    with alone(path), published(manifest_path(path)) as beside, published(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")
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
            return manifest, read_parquet(path, manifest)
        time.sleep(wait_s)
    manifest = Manifest.read(manifest_path(path))
    return manifest, read_parquet(path, manifest)


def read_parquet(path: Path, manifest: Manifest) -> dict[str, Any]:
    """Read columns and check the file against its manifest.

    Raises
    ------
    SnapshotError
        If the file is missing, damaged, altered or not readable.
    """
    import pyarrow.parquet as pq

    if not path.exists():
        raise SnapshotError(f"{path} is missing (its manifest is there): restore it or build it again")
    found = file_sha256(path)
    if found != manifest.sha256:
        raise SnapshotError(
            f"{path} is damaged or was altered: its SHA-256 is {found[:12]}..., its manifest says "
            f"{manifest.sha256[:12]}...; restore the file or build it again"
        )
    try:
        # ParquetFile, not read_table: the latter imports pandas and costs 0.2 s.
        table = pq.ParquetFile(path).read()
    except Exception as error:
        raise SnapshotError(f"{path} is not a readable Parquet file: {error}") from error
    if table.num_rows != manifest.n_phases:
        raise SnapshotError(
            f"{path} holds {table.num_rows} phases, its manifest says {manifest.n_phases}: build it again"
        )
    return {name: table.column(name).to_pylist() for name in table.column_names}
