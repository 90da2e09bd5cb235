"""A folder of finished calculations, one file each, named by what was calculated.

The name is the hash of structure, calculator and settings, so the same input is never computed twice, whoever
asks. A record appears whole or not at all, so that nothing finished is lost when a run is killed.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from licoat.structures.crystals.crystal import Crystal
from licoat.structures.errors import InputFileError, SnapshotError
from licoat.structures.publishing import published

__all__ = ["FAILED", "OK", "Records", "Store", "content_key"]

OK, FAILED = "ok", "failed"
_DIGITS = 7
_RECORDS = "records"


def content_key(kind: str, crystal: Crystal, calculator: Mapping[str, Any], settings: Mapping[str, Any]) -> str:
    """Return the key of a calculation: SHA-256 of all that its result depends on.

    Parameters
    ----------
    kind : str
        What is calculated, e.g. ``relax``.
    crystal : Crystal
        Start structure; coordinates count to 1e-7, so that a file written and read again is the same input.
    calculator, settings : mapping
        As `CalculatorSpec.settings` and the settings' ``to_dict`` give them.
    """
    cell = crystal.to_dict()
    numbers = {
        "lattice": [[_rounded(x) for x in row] for row in cell["lattice"]],
        "frac_coords": [[_rounded(x) for x in row] for row in cell["frac_coords"]],
    }
    content = {
        "kind": kind,
        "structure": cell | numbers,
        "calculator": dict(calculator),
        "settings": dict(settings),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _rounded(x: float) -> float:
    return round(x, _DIGITS) + 0.0  # -0.0 and 0.0 are one number


def _no_number(constant: str) -> float:
    raise ValueError(f"{constant} in a record")


def _is_whole(record: Mapping[str, Any]) -> bool:
    """Say whether a record has all that its users read."""
    status, reason, result = (record.get(name) for name in ("status", "reason", "result"))
    if not (isinstance(reason, str) and isinstance(result, dict)):
        return False
    return status == FAILED or (status == OK and bool(result))


class Store:
    """Records of calculations below one folder.

    Parameters
    ----------
    folder : str or Path
        Made when the first record is written.

    Raises
    ------
    InputFileError
        If the folder is a file.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        if self.folder.exists() and not self.folder.is_dir():
            raise InputFileError(f"{self.folder}: is a file; give a folder for the calculations")

    def path(self, key: str) -> Path:
        """Return the file of a record."""
        return self.folder / _RECORDS / key[:2] / f"{key}.json"

    def get(self, key: str) -> dict[str, Any] | None:
        """Return a record, None if there is none or its file is damaged (it is then computed again)."""
        try:
            record = json.loads(self.path(key).read_text(encoding="utf-8"), parse_constant=_no_number)
        except (FileNotFoundError, ValueError, RecursionError):
            return None
        if not isinstance(record, dict) or record.get("key") != key or not _is_whole(record):
            return None
        return record

    def put(self, record: Mapping[str, Any]) -> None:
        """Write a record under its ``key``, atomically.

        Raises
        ------
        OSError
            If it cannot be written, as on a full disk; it names the folder.
        """
        path = self.path(str(record["key"]))
        try:
            with published(path) as temporary, temporary.open("x", encoding="utf-8") as stream:
                json.dump(record, stream, allow_nan=False, separators=(",", ":"))
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.folder)) from error

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield all records in the order of their keys."""
        for path in sorted((self.folder / _RECORDS).glob("*/*.json")):
            record = self.get(path.stem)
            if record is not None:
                yield record

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Records(Mapping[str, dict[str, Any]]):
    """Records of some calculations by key, read from the store each time, so that memory does not grow with them.

    Parameters
    ----------
    store : Store
        That holds them.
    keys : iterable of str
        Of the calculations, in their order.

    Raises
    ------
    SnapshotError
        On reading, if somebody took a record out of the store meanwhile.
    """

    def __init__(self, store: Store, keys: Iterable[str] = ()) -> None:
        self._store, self._keys = store, dict.fromkeys(keys)

    def __getitem__(self, key: str) -> dict[str, Any]:
        if key not in self._keys:
            raise KeyError(key)
        record = self._store.get(key)
        if record is None:
            raise SnapshotError(f"{self._store.path(key)}: the record is gone or damaged; --resume makes it again")
        return record

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)
