"""Fetch phases from the Materials Project into a local snapshot, through its official client.

Whole chemical systems are asked for, a batch at a time, from two collections (summary and thermo). Every answer is
kept as a part file as soon as it is there, so that what was fetched is not fetched again; the snapshot itself
appears only when all parts are whole.
"""

import contextlib
import datetime as dt
import gzip
import hashlib
import itertools
import json
import logging
import os
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from licoat.structures.elements import ATOMIC_NUMBER, SYMBOLS
from licoat.structures.errors import FormulaError, InputFileError, MissingDataError, SnapshotError, SourceError
from licoat.structures.formula import element_set, parse_formula
from licoat.structures.materials_project import SCHEMES, SNAPSHOT, snapshot_folder
from licoat.structures.mp_documents import SUMMARY_FIELDS, THERMO_FIELDS, check_elements, phase_rows
from licoat.structures.mp_session import GuardedSession, Limits
from licoat.structures.phases import PhaseTable, manifest_path, read_parquet, write_parquet
from licoat.structures.provenance import Manifest
from licoat.structures.settings import data_folder, find_key, offline

__all__ = ["ALL_BINARY", "fetch_snapshot", "systems_of"]

ENDPOINT = "https://api.materialsproject.org/"
ALL_BINARY = "all-binary"
PAGE = 1000
PARTS = ".parts"
WIDEST_HULL_DISTANCE_EV = 20.0
LICENCE = "Materials Project, CC BY 4.0 (https://materialsproject.org/about/terms); cite doi:10.1063/1.4812323"
_NO_OXIDES = frozenset({"He", "Ne", "Ar", "Kr", "Xe", "Rn", "At", "Fr", "Po", "Ra", "Pm", "Tc"})
_LAST_COMMON = "Bi"

Progress = Callable[[int, int], None]


def systems_of(targets: Sequence[str], anode: str = "Li") -> tuple[list[str], set[str]]:
    """Return the chemical systems to ask for, and the elements they are made of.

    Parameters
    ----------
    targets : sequence of str
        Elements (``Sb``), systems (``Li-Sb-O``), formulas (``Sb2O3``) or ``all-binary``.
    anode : str
        The anode metal; every target is completed by it and by oxygen.

    Returns
    -------
    systems : list of str
        All subsystems of every target, each once, smallest first.
    elements : set of str

    Raises
    ------
    FormulaError
        If a target cannot be read.
    InputFileError
        If there is none.
    """
    if not targets:
        raise InputFileError("nothing to fetch: name elements, chemical systems or formulas, or --oxides all-binary")
    systems: set[str] = set()
    elements: set[str] = set()
    for target in targets:
        for own in _element_sets(target):
            members = own | {anode, "O"}
            elements |= members
            for size in range(1, len(members) + 1):
                systems.update("-".join(sorted(part)) for part in itertools.combinations(sorted(members), size))
    return sorted(systems, key=lambda system: (system.count("-"), system)), elements


def _element_sets(target: str) -> Iterator[set[str]]:
    if target == ALL_BINARY:
        common = SYMBOLS[: ATOMIC_NUMBER[_LAST_COMMON]]
        yield from ({symbol} for symbol in common if symbol not in _NO_OXIDES)
    elif "-" in target:
        unknown = [part for part in target.split("-") if part not in ATOMIC_NUMBER]
        if unknown:
            raise FormulaError(f"chemical system {target!r}: unknown element {unknown[0]!r}; write e.g. 'Li-Sb-O'")
        yield set(target.split("-"))
    else:
        yield set(parse_formula(target))


def fetch_snapshot(  # noqa: PLR0913 - every argument is an option of the command
    targets: Sequence[str],
    *,
    out: Path | str | None = None,
    thermo_type: str = "GGA_GGA+U",
    anode: str = "Li",
    endpoint: str | None = None,
    key: str | None = None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    include_nc: bool = False,
    progress: Progress | None = None,
    batch_size: int = 40,
) -> Manifest:
    """Fetch chemical systems into a snapshot, or add them to one.

    Parameters
    ----------
    targets : sequence of str
        See `systems_of`.
    out : Path, optional
        Folder of the snapshot; below the data folder without, by thermo type and database version.
    thermo_type : {"GGA_GGA+U", "r2SCAN"}
        One scale of energies; the mixed one has another zero in every chemical system and is refused.
    anode : str
        The anode metal.
    endpoint : str, optional
        Address of the service; ``MP_API_ENDPOINT`` or the public one without.
    key : str, optional
        See `licoat.structures.settings.find_key`.
    limits : Limits
        Of each request.
    include_nc : bool
        Keep materials under the non-commercial licence; the snapshot is then non-commercial.
    progress : callable, optional
        Called with the requests done and those expected.
    batch_size : int
        Chemical systems per request.

    Returns
    -------
    Manifest
        Of the complete snapshot.

    Raises
    ------
    FormulaError, InputFileError
        If a target or the folder cannot be used.
    KeyProblemError
        If the key is missing, malformed or refused.
    SourceError, MissingDataError
        If the service fails, or gives what is not whole or cannot be right.
    """
    systems, elements = systems_of(targets, anode)
    if thermo_type not in SCHEMES:
        raise InputFileError(
            f"thermo type {thermo_type!r}: expected {' or '.join(SCHEMES)}, which have one zero of energy"
        )
    if offline():
        raise SourceError("LICOAT_OFFLINE is set: nothing is fetched")
    secret = find_key(key)
    address = (endpoint or os.environ.get("MP_API_ENDPOINT") or ENDPOINT).rstrip("/") + "/"
    session = GuardedSession(address, limits, f"licoat/{version('licoat')} mp-api/{version('mp-api')}")
    database = _heartbeat(session, address)
    job = _Job(systems, thermo_type, database, batch_size, progress, endpoint=address)
    if out is None and database is None:
        raise SourceError(f"{session.origin[1]}: does not say its database version; give a folder with --out")
    kind = thermo_type + ("-nc" if include_nc else "")
    folder = Path(out) if out is not None else snapshot_folder(kind, database or "")
    with _lock(folder):
        existing = _existing(folder, database, thermo_type, include_nc=include_nc)
        have = set(existing.manifest.details["systems"]) if existing is not None else set()
        job.systems = [system for system in systems if system not in have]
        lacking = (
            elements & set(existing.manifest.details["elements_without_energy"]) if existing is not None else set()
        )
        if lacking and ALL_BINARY not in targets:
            raise MissingDataError(
                f"the Materials Project gave no {thermo_type} energy of {', '.join(sorted(lacking))}"
            )
        if existing is not None and not job.systems:
            return existing.manifest
        with _client(session, secret.get_secret_value(), address, database) as client:
            job.run(client, session, folder / PARTS)
        after = _heartbeat(session, address)
        if after != database:
            raise SourceError(f"the database changed from {database} to {after} while fetching; fetch again")
        return _finish(job, folder, existing, elements, targets, anode, include_nc=include_nc)


def _heartbeat(session: GuardedSession, address: str) -> str | None:
    """Ask for the database version, without the key; None if a gate blocks the question."""
    key = session.headers.pop("x-api-key", None)
    try:
        answer = session.get(address + "heartbeat")
    finally:
        if key is not None:
            session.headers["x-api-key"] = key
    if answer.status_code == 403:
        return None
    document = answer.json()
    found = document.get("db_version") if isinstance(document, dict) else None
    if not isinstance(found, str) or not found or not found.replace(".", "").replace("_", "").isalnum():
        raise SourceError(f"{session.origin[1]}: a heartbeat without database version: {str(document)[:100]}")
    return found


@contextlib.contextmanager
def _client(session: GuardedSession, key: str, address: str, database: str | None) -> Iterator[Any]:
    """Make the official client on our session; its own heartbeats have no time limit and are replaced."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its dependencies, at import
        from mp_api.client import MPRester
        from mp_api.client.core.client import BaseRester
    logger = logging.getLogger("mp_api")
    level = logger.level
    saved = [(owner, name, owner.__dict__[name]) for owner, name in _heartbeats(MPRester, BaseRester)]
    try:
        logger.setLevel(logging.CRITICAL)
        for owner, name, _ in saved:
            answer: Any = (database or "", []) if name == "_get_heartbeat_info" else None
            setattr(owner, name, staticmethod(lambda *_, _answer=answer: _answer))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield MPRester(key, endpoint=address, session=session, use_document_model=False, mute_progress_bars=True)
    finally:
        logger.setLevel(level)
        for owner, name, original in saved:
            setattr(owner, name, original)


def _heartbeats(*owners: type) -> Iterator[tuple[type, str]]:
    for owner in owners:
        for base in owner.__mro__:
            for name in ("_get_heartbeat_info", "get_emmet_version"):
                if name in base.__dict__:
                    yield base, name


@dataclass
class _Job:
    """What is fetched: systems in batches, each batch from both collections."""

    systems: list[str]
    thermo_type: str
    database: str | None
    batch_size: int
    progress: Progress | None
    documents: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"summary": [], "thermo": []})
    answers: list[dict[str, Any]] = field(default_factory=list)
    received: int = 0
    expected: int = 0
    endpoint: str = ""

    def run(self, client: Any, session: GuardedSession, parts: Path) -> None:  # noqa: ANN401 - the client has no types
        """Fetch every chemical system that no whole part holds yet, summary and thermo in turn."""
        todo = {what: self._take_kept(parts, what) for what in self.documents}
        questions = [
            (what, batch)
            for pair in itertools.zip_longest(*(_batches(what, todo[what], self.batch_size) for what in todo))
            for what, batch in filter(None, pair)
        ]
        for done, (what, batch) in enumerate(questions, start=1):
            self._take(self._ask(client, session, parts, what, batch))
            if self.progress is not None:
                self.progress(done, len(questions))

    def _take_kept(self, parts: Path, what: str) -> list[str]:
        """Use the parts of an earlier try; return the systems that they do not hold."""
        missing = set(self.systems)
        for path in sorted(parts.glob(f"{what}-*.json.gz")):
            part = _read_part(path)
            if part is None or part.get("question") != self._question(what) or not missing & set(part["systems"]):
                continue
            self._take(part)
            missing -= set(part["systems"])
        return [system for system in self.systems if system in missing]

    def _question(self, what: str) -> dict[str, str | None]:
        return {
            "what": what,
            "thermo_type": self.thermo_type,
            "database": self.database,
            "endpoint": self.endpoint,
            "fields": " ".join(SUMMARY_FIELDS if what == "summary" else THERMO_FIELDS),
        }

    def _take(self, part: dict[str, Any]) -> None:
        """Keep the documents of a part; identical ones that stand in two parts are one later."""
        self.documents[part["question"]["what"]].extend(part["documents"])
        self.answers.extend(part["answers"])
        self.received += len(part["documents"])
        self.expected += part["expected"]

    def _ask(
        self,
        client: Any,  # noqa: ANN401 - the client has no types
        session: GuardedSession,
        parts: Path,
        what: str,
        batch: list[str],
    ) -> dict[str, Any]:
        """Ask for a batch of systems and keep the answer in a part file."""
        before = len(session.answers)
        search = _Search(client, what, self.thermo_type, session)
        documents = search.systems(batch)
        answers = session.answers[before:]
        part: dict[str, Any] = {
            "question": self._question(what),
            "systems": batch,
            "documents": documents,
            "answers": answers,
        }
        part["expected"] = sum(search.totals)
        name = hashlib.sha256(json.dumps([part["question"], batch], sort_keys=True).encode()).hexdigest()[:24]
        parts.mkdir(parents=True, exist_ok=True)
        path = parts / f"{what}-{name}.json.gz"
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_bytes(gzip.compress(json.dumps(part).encode()))
        temporary.replace(path)
        return part


def _batches(what: str, systems: list[str], size: int) -> Iterator[tuple[str, list[str]]]:
    return ((what, systems[i : i + size]) for i in range(0, len(systems), size))


def _read_part(path: Path) -> dict[str, Any] | None:
    """Read a part; a damaged one counts as missing and is fetched again."""
    try:
        part = json.loads(gzip.decompress(path.read_bytes()))
    except (OSError, EOFError, ValueError, zlib.error):
        return None
    return (
        part
        if isinstance(part, dict) and {"question", "systems", "documents", "answers", "expected"} <= part.keys()
        else None
    )


@dataclass(frozen=True)
class _Search:
    """One collection of the client; never more than one page per question, because pages have no promised order."""

    client: Any
    what: str
    thermo_type: str
    session: GuardedSession
    totals: list[int] = field(default_factory=list)

    def systems(self, batch: list[str]) -> list[dict[str, Any]]:
        """Return all documents of a batch of systems; a batch of more than a page is divided."""
        documents, total = self._ask(batch)
        if total <= PAGE:
            self.totals.append(total)
            return documents
        if len(batch) > 1:
            half = len(batch) // 2
            return self.systems(batch[:half]) + self.systems(batch[half:])
        found = {str(d.get("material_id")): d for d in self._range(batch, -1.0, WIDEST_HULL_DISTANCE_EV)}
        if len(found) != total:
            raise SourceError(f"incomplete: {len(found)} of {total} {self.what} documents of {batch[0]}")
        self.totals.append(total)
        return list(found.values())

    def _range(self, batch: list[str], low: float, high: float) -> list[dict[str, Any]]:
        """Return the documents of one system by ranges of hull distance, divided until each fits a page."""
        documents, total = self._ask(batch, energy_above_hull=(low, high))
        if total <= PAGE:
            return documents
        middle = 0.5 * (low + high)
        if high - low < 1e-7:
            raise SourceError(f"{batch[0]}: more than {PAGE} {self.what} documents of one hull distance")
        return self._range(batch, low, middle) + self._range(batch, middle, high)

    def _ask(self, batch: list[str], **ranges: tuple[float, float]) -> tuple[list[dict[str, Any]], int]:
        options: dict[str, Any] = {"chemsys": batch, "num_chunks": 1, "chunk_size": PAGE} | ranges
        if self.what == "summary":
            found = self.client.materials.summary.search(fields=list(SUMMARY_FIELDS), **options)
        else:
            types = [self.thermo_type]
            found = self.client.materials.thermo.search(thermo_types=types, fields=list(THERMO_FIELDS), **options)
        return list(found), int(self.session.answers[-1]["total"])


def _existing(folder: Path, database: str | None, thermo_type: str, *, include_nc: bool) -> PhaseTable | None:
    """Return the snapshot that is there and can be added to."""
    if folder.exists():
        ours = {SNAPSHOT, manifest_path(Path(SNAPSHOT)).name, PARTS}
        strange = sorted(p.name for p in folder.iterdir() if p.name not in ours)
        if strange:
            raise InputFileError(f"folder {folder} holds {strange[0]!r}: give an empty folder or a snapshot of licoat")
    if not manifest_path(folder / SNAPSHOT).exists():
        return None
    try:
        table = PhaseTable.load(folder / SNAPSHOT)
    except SnapshotError as error:
        raise SnapshotError(f"{error} (delete the folder {folder} and fetch again)") from error
    if table.manifest.details.get("include_nc") != include_nc:
        raise SnapshotError(
            f"{folder} was fetched {'without' if include_nc else 'with'} non-commercial materials; give another --out"
        )
    old, kind = table.manifest.version, table.manifest.details.get("thermo_type")
    if kind != thermo_type or (database is not None and old != database):
        raise SnapshotError(
            f"{folder} holds {kind} of database {old}, not {thermo_type} of {database}; give another --out"
        )
    return table


def _finish(
    job: _Job,
    folder: Path,
    existing: PhaseTable | None,
    elements: set[str],
    targets: Sequence[str],
    anode: str,
    *,
    include_nc: bool,
) -> Manifest:
    """Check the documents, join them with what is there, and write the snapshot."""
    summary, thermo = job.documents["summary"], job.documents["thermo"]
    rows, counts = phase_rows(summary, thermo, job.thermo_type, include_nc=include_nc)
    wanted = set(job.systems)  # a part of an earlier try may hold further systems, but not all that belong to them
    rows = [row for row in rows if "-".join(sorted(element_set(row["formula"]))) in wanted]
    old_rows: list[dict[str, Any]] = []
    details: dict[str, Any] = {}
    if existing is not None:
        columns = read_parquet(folder / SNAPSHOT, existing.manifest)
        old_rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        details = dict(existing.manifest.details)
    missing = check_elements([*old_rows, *rows], elements, anode, job.thermo_type)
    if missing and ALL_BINARY not in targets:
        raise MissingDataError(
            f"the Materials Project gave no {job.thermo_type} energy of {', '.join(missing)} (some elements exist in "
            "another thermo type only), so no reaction of them can be computed"
        )
    usable = [row for row in rows if not set(parse_formula(row["formula"])) & set(missing)]
    new = {row["phase_id"] for row in usable}
    names = list([*usable, *old_rows][0])
    kept = [{name: row[name] for name in names} for row in old_rows if row["phase_id"] not in new]
    union = sorted([*kept, *usable], key=lambda row: (len(row["phase_id"]), row["phase_id"]))
    databases = {str((d.get("builder_meta") or {}).get("database_version") or "") for d in thermo} - {""}
    database = job.database or max(databases, default="")
    for name in ("dropped_deprecated", "dropped_nc"):
        counts[name] += details.get(name, 0)
    for name in ("only_in_summary", "only_in_thermo", "licences", "licences_seen"):
        counts[name] = sorted({*details.get(name, []), *counts[name]})
    licence = LICENCE + ("; holds BY-NC materials: non-commercial use only" if "BY-NC" in counts["licences"] else "")
    manifest = Manifest(
        source=f"mp:{database}",
        scheme=SCHEMES[job.thermo_type],
        version=database,
        description=f"Materials Project, thermo type {job.thermo_type}, fetched with mp-api",
        licence=licence,
        created=dt.datetime.now(dt.UTC).date().isoformat(),
        query=" ".join(sorted({*details.get("targets", []), *targets})),
        details={
            "thermo_type": job.thermo_type,
            "targets": sorted({*details.get("targets", []), *targets}),
            "systems": sorted({*details.get("systems", []), *job.systems}),
            "elements_without_energy": sorted({*details.get("elements_without_energy", []), *missing}),
            "include_nc": include_nc,
            "documents_expected": details.get("documents_expected", 0) + job.expected,
            "documents_received": details.get("documents_received", 0) + job.received,
            **counts,
            "database_versions_in_documents": sorted(databases),
            "requests": [*details.get("requests", []), *job.answers],
            "versions": {name: version(name) for name in ("licoat", "mp-api", "emmet-core", "pyarrow")},
        },
    )
    columns = {name: [row[name] for row in union] for name in names}
    PhaseTable(columns, manifest)  # refuses what is not whole before anything is written
    write_parquet(columns, folder / SNAPSHOT, manifest)
    _remove_used_parts(folder / PARTS, set(manifest.details["systems"]))
    return PhaseTable.load(folder / SNAPSHOT).manifest


def _remove_used_parts(parts: Path, systems: set[str]) -> None:
    """Remove the parts that the snapshot now holds; those of other interrupted fetches stay."""
    for path in parts.glob("*.json.gz"):
        part = _read_part(path)
        if part is None or set(part["systems"]) <= systems:
            path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        parts.rmdir()


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Let one process at a time work on a folder; the other then finds the work done."""
    try:
        import fcntl
    except ImportError:  # no such lock on this system: parts and snapshot still appear whole or not at all
        yield
        return
    locks = data_folder() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    with (locks / name).open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
