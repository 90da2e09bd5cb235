"""Where a table of phases comes from: its manifest and its checksum."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from licoat.structures.errors import InputFileError, SnapshotError, shortened, shown
from licoat.structures.publishing import published
from licoat.structures.reading import MOST_JSON_BYTES, check_values, parse_json, read_bytes
from licoat.structures.rendering import brief

SCHEMA_VERSION = 1

__all__ = ["SCHEMA_VERSION", "Manifest", "file_sha256"]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a table of phases is, in words that a paper can quote.

    Attributes
    ----------
    source : str
        Short name that every result carries, e.g. ``builtin`` or ``file:entries.json``.
    scheme : str
        Energy scheme: functional or potential, then corrections, e.g. ``sevennet-l3i5/mp2020``.
    version : str
        Version of the data (database version, data release), empty if there is none.
    description, licence : str
        One sentence each.
    created : str
        ISO date on which the data were made or fetched.
    n_phases : int
        Number of rows.
    sha256 : str
        Checksum of the Parquet file, empty for a table that has no file.
    query : str
        What was asked of the outside source, if any.
    details : mapping
        Anything else worth keeping, JSON-able.
    energy_kind : str
        What its energies are: ``energy at 0 K``, ``enthalpy at 298 K``, ``Gibbs energy at 1000 K``.
    """

    source: str
    scheme: str
    version: str = ""
    description: str = ""
    licence: str = ""
    created: str = ""
    n_phases: int = 0
    sha256: str = ""
    query: str = ""
    schema: int = SCHEMA_VERSION
    details: Mapping[str, Any] = field(default_factory=dict)
    energy_kind: str = "energy at 0 K"

    def __repr__(self) -> str:
        version = f" {self.version}" if self.version else ""
        return brief(self, f"{self.source}{version}, scheme {self.scheme}, {self.n_phases} phases")

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return asdict(self)

    def replace(self, **changes: Any) -> "Manifest":  # noqa: ANN401 - mirrors dataclasses.replace
        """Return a copy with some fields changed."""
        return replace(self, **changes)

    def write(self, path: Path) -> None:
        """Write the manifest as JSON."""
        with published(path) as temporary:
            temporary.write_text(self.to_json(), encoding="utf-8")

    def to_json(self) -> str:
        """Return the text of the manifest's file."""
        return json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, path: Path) -> "Manifest":
        """Read a manifest.

        Raises
        ------
        SnapshotError
            If the file is missing, is not JSON, or lacks the fields of a manifest.
        """
        if not path.exists():
            raise SnapshotError(f"{path} is missing: a licoat snapshot is a Parquet file with its manifest beside it")
        try:
            data = parse_json(read_bytes(path, most=MOST_JSON_BYTES), path)
            check_values(data, path)
        except InputFileError as error:
            text = str(error).removeprefix(f"{path}: ")
            raise SnapshotError(f"{path} is not a readable manifest: {shortened(text, 150)}") from error
        known = {f.name for f in fields(cls)}
        if not isinstance(data, dict) or not {"source", "scheme", "sha256"} <= set(data) <= known:
            raise SnapshotError(f"{path} is not a licoat manifest: expected the fields {', '.join(sorted(known))}")
        kinds = {"schema": int, "n_phases": int, "details": dict}
        wrong = [name for name, value in data.items() if not isinstance(value, kinds.get(name, str))]
        if wrong:
            raise SnapshotError(f"{path} is not a licoat manifest: {wrong[0]} is {shown(data[wrong[0]])}")
        if data.get("schema", 0) > SCHEMA_VERSION:
            raise SnapshotError(f"{path} was written by a newer licoat (schema {data['schema']}): update licoat")
        return cls(**data)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
