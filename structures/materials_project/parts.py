"""What lies in the folder of a snapshot while it is made: part files, the lock, and the step that publishes it."""

import contextlib
import gzip
import hashlib
import json
import os
import shutil
import time
import warnings
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from licoat.structures.errors import SnapshotError, SourceError
from licoat.structures.materials_project.snapshots import SNAPSHOT
from licoat.structures.phases.compositions import FormulaColumn
from licoat.structures.phases.parquet import manifest_path, write_parquet
from licoat.structures.phases.provenance import Manifest, file_sha256
from licoat.structures.publishing import published, try_lock

__all__ = ["OURS", "finish_publishing", "kept_parts", "locked", "publish", "remove_used_parts", "write_part"]

PARTS, LOCK = ".parts", ".lock"
OURS = frozenset({SNAPSHOT, manifest_path(Path(SNAPSHOT)).name, PARTS, LOCK})
"""Names that the folder of a snapshot may hold."""

_NEXT = "next"
_POLL_S = 0.2

Part = dict[str, Any]


def kept_parts(folder: Path, question: Mapping[str, Any]) -> Iterator[Part]:
    """Yield the whole parts that earlier fetches into a folder left for a question."""
    for path in sorted((folder / PARTS).glob(f"{question['what']}-*.json.gz")):
        part = _read_part(path)
        if part is not None and part["question"] == question:
            yield part


def write_part(folder: Path, part: Part) -> None:
    """Write a part; it appears whole or not at all."""
    parts = folder / PARTS
    question = [part["question"], part["systems"]]
    name = hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()[:24]
    path = parts / f"{part['question']['what']}-{name}.json.gz"
    with published(path) as temporary:
        temporary.write_bytes(gzip.compress(json.dumps(part).encode()))


def _read_part(path: Path) -> Part | None:
    """Read a part; a damaged one counts as missing and is fetched again."""
    try:
        part = json.loads(gzip.decompress(path.read_bytes()))
    except (OSError, EOFError, ValueError, zlib.error):
        return None
    needed = {"question", "systems", "documents", "answers", "expected"}
    return part if isinstance(part, dict) and needed <= part.keys() else None


def remove_used_parts(folder: Path, systems: set[str]) -> None:
    """Remove the parts that the snapshot now holds; those of other interrupted fetches stay."""
    parts = folder / PARTS
    for path in parts.glob("*.json.gz"):
        part = _read_part(path)
        if part is None or set(part["systems"]) <= systems:
            path.unlink(missing_ok=True)
    for path in [*parts.glob("*.tmp"), *parts.glob(".part-*")]:  # of processes that were killed: the lock is ours
        path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        parts.rmdir()


def publish(columns: Mapping[str, Any], folder: Path, manifest: Manifest) -> None:
    """Put table and manifest in the place of those that are there.

    Both are written beside, then moved. Two moves are not one: `finish_publishing` makes the second one good if the
    process ends between them.
    """
    side = folder / PARTS / _NEXT
    shutil.rmtree(side, ignore_errors=True)
    write_parquet({**columns, "formula": FormulaColumn.of(columns["formula"])}, side / SNAPSHOT, manifest)
    for name in (SNAPSHOT, manifest_path(Path(SNAPSHOT)).name):
        with (side / name).open("rb") as stream:
            os.fsync(stream.fileno())
    (side / SNAPSHOT).replace(folder / SNAPSHOT)
    manifest_path(side / SNAPSHOT).replace(manifest_path(folder / SNAPSHOT))
    side.rmdir()


def finish_publishing(folder: Path) -> None:
    """Move the manifest whose table has been moved already, and remove what was not written to its end."""
    side = folder / PARTS / _NEXT
    waiting = manifest_path(side / SNAPSHOT)
    if waiting.exists() and (folder / SNAPSHOT).exists():
        with contextlib.suppress(SnapshotError):
            if Manifest.read(waiting).sha256 == file_sha256(folder / SNAPSHOT):
                waiting.replace(manifest_path(folder / SNAPSHOT))
    shutil.rmtree(side, ignore_errors=True)


@contextlib.contextmanager
def locked(folder: Path, lock_s: float) -> Iterator[None]:
    """Let one process at a time work on a folder; the others wait and then find the work done.

    The lock is the operating system's, on a file inside the folder: it ends with the process that holds it.

    Parameters
    ----------
    folder : Path
        Made if it is not there, and removed again if it stays empty.
    lock_s : float
        Longest wait for another process; that there is one is told once, as a warning.

    Raises
    ------
    SourceError
        If another process still holds the folder then.
    """
    made = not folder.exists()
    stream = _take_lock(folder, lock_s)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            (folder / LOCK).unlink()  # before it is let go: whoever waits sees that the file is gone
        stream.close()
        if made:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _take_lock(folder: Path, lock_s: float) -> TextIO:
    deadline = time.monotonic() + lock_s
    told = False
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        stream = try_lock(folder / LOCK)
        if stream is not None:
            return stream
        left = deadline - time.monotonic()
        if left <= 0.0:
            raise SourceError(
                f"{folder}: another fetch holds this folder, waited {lock_s:g} s; "
                "fetch again when it has ended, or give another --out"
            )
        if not told:
            warnings.warn(f"{folder}: another fetch is at work, waiting up to {lock_s:g} s for it", stacklevel=2)
            told = True
        time.sleep(min(_POLL_S, left))
