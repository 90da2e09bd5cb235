"""Fetch phases from the Materials Project into a local snapshot, through its official client.

Whole chemical systems are asked for, a batch at a time, from two collections (summary and thermo). Every answer is
kept as a part file as soon as it is there, so that what was fetched is not fetched again; the snapshot itself
appears only when all parts are whole.
"""

import contextlib
import datetime as dt
import itertools
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from licoat.structures.chemistry.formula import element_set, formula_unit
from licoat.structures.errors import (
    FormulaError,
    InputFileError,
    LicoatError,
    MissingDataError,
    SnapshotError,
    SourceError,
)
from licoat.structures.materials_project.documents import check_elements, phase_rows, summary_only
from licoat.structures.materials_project.parts import (
    OURS,
    finish_publishing,
    kept_parts,
    locked,
    publish,
    remove_used_parts,
    write_part,
)
from licoat.structures.materials_project.search import FIELDS, Search, heartbeat, official_client, require_client
from licoat.structures.materials_project.session import GuardedSession, Limits, endpoint_parts
from licoat.structures.materials_project.snapshots import SCHEMES, SNAPSHOT, THERMO_TYPES, id_number, snapshot_folder
from licoat.structures.materials_project.targets import ALL_BINARY, systems_of
from licoat.structures.phases.parquet import manifest_path, read_parquet
from licoat.structures.phases.provenance import Manifest
from licoat.structures.phases.table import PhaseTable
from licoat.structures.settings import find_key, offline

__all__ = ["ALL_BINARY", "fetch_snapshot", "systems_of"]

ENDPOINT = "https://api.materialsproject.org/"
LICENCE = "Materials Project, CC BY 4.0 (https://materialsproject.org/about/terms); cite doi:10.1063/1.4812323"

Progress = Callable[[int, int], None]


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
        Of each request, and of the wait for another fetch into the same folder.
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
    SnapshotError
        If the folder holds a damaged snapshot or one of another kind.
    SourceError, MissingDataError
        If the service fails, or gives what is not whole or cannot be right; also if the client is not installed,
        another fetch holds the folder too long, or nothing can be written there.

    Warns
    -----
    UserWarning
        Once, if another fetch is at work on the folder and is waited for; if there is no phase of a formula asked for;
        if a material stands in one of the two collections only: its system is not complete and is asked for again by
        the next fetch.
    """
    systems, elements = systems_of(targets, anode)
    if thermo_type not in SCHEMES:
        raise InputFileError(
            f"thermo type {thermo_type!r}: expected {' or '.join(SCHEMES)}, which have one zero of energy"
        )
    if batch_size < 1:
        raise InputFileError(f"batch_size is {batch_size}: expected at least one chemical system per request")
    if offline():
        raise SourceError("LICOAT_OFFLINE is set: nothing is fetched")
    address = (endpoint or os.environ.get("MP_API_ENDPOINT") or ENDPOINT).rstrip("/") + "/"
    endpoint_parts(address)
    require_client()
    secret = find_key(key)
    with GuardedSession(address, limits, f"licoat/{version('licoat')} mp-api/{version('mp-api')}") as session:
        database = heartbeat(session)
        if out is None and database is None:
            raise SourceError(f"{session.origin[1]}: does not say its database version; give a folder with --out")
        kind = thermo_type + ("-nc" if include_nc else "")
        folder = Path(out) if out is not None else snapshot_folder(kind, database or "")
        named = (targets,) if isinstance(targets, str) else tuple(targets)
        wanted = _Wanted(named, systems, elements, thermo_type, anode, include_nc, database)
        _check_folder(folder)
        with contextlib.suppress(SnapshotError):  # it may be in the middle of a change: looked at again under the lock
            existing = _existing(folder, wanted)
            if existing is not None and not _lacking(existing, wanted):
                return existing.manifest
        with _writing_into(folder), locked(folder, limits.lock_s):
            return _fetch_into(folder, wanted, session, secret.get_secret_value(), _Pace(batch_size, progress))


@dataclass(frozen=True)
class _Wanted:
    """What the snapshot is to hold."""

    targets: tuple[str, ...]
    systems: list[str]
    elements: set[str]
    thermo_type: str
    anode: str
    include_nc: bool
    database: str | None


@dataclass(frozen=True)
class _Pace:
    """Chemical systems per request, and whom to tell of each."""

    batch_size: int
    progress: Progress | None


@dataclass
class _Got:
    """Documents of both collections, the answers that brought them, and how many the service has."""

    documents: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"summary": [], "thermo": []})
    answers: list[dict[str, Any]] = field(default_factory=list)
    received: int = 0
    expected: int = 0
    elsewhere: frozenset[int] = frozenset()
    """Materials with an energy of another thermo type only."""

    def take(self, part: dict[str, Any]) -> None:
        """Keep the documents of a part; identical ones that stand in two parts are one later."""
        self.documents[part["question"]["what"]].extend(part["documents"])
        self.answers.extend(part["answers"])
        self.received += len(part["documents"])
        self.expected += part["expected"]


def _check_folder(folder: Path) -> None:
    """Refuse a folder that holds something else."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise InputFileError(f"{folder} is a file: give a folder with --out")
    strange = sorted(path.name for path in folder.iterdir() if path.name not in OURS)
    if strange:
        raise InputFileError(f"folder {folder} holds {strange[0]!r}: give an empty folder or a snapshot of licoat")


@contextlib.contextmanager
def _writing_into(folder: Path) -> Iterator[None]:
    """Say of an error of the file system which folder it is about and what becomes of the fetch."""
    try:
        yield
    except (LicoatError, BrokenPipeError):  # the latter of whoever reads the progress
        raise
    except OSError as error:
        raise SourceError(
            f"{folder}: cannot be written ({error.strerror or error}); mend this or give another --out, then "
            "fetch again (what was kept there is not asked for twice)"
        ) from error


def _existing(folder: Path, wanted: _Wanted) -> PhaseTable | None:
    """Return the snapshot that is there and can be added to."""
    if not manifest_path(folder / SNAPSHOT).exists():
        return None
    try:
        table = PhaseTable.load(folder / SNAPSHOT)
    except SnapshotError as error:
        raise SnapshotError(f"{error} (delete the folder {folder} and fetch again)") from error
    if not {"systems", "elements_without_energy"} <= table.manifest.details.keys():
        raise SnapshotError(f"{folder} holds phases of {table.source}, nothing can be added; give another --out")
    if table.manifest.details.get("include_nc") != wanted.include_nc:
        raise SnapshotError(
            f"{folder} was fetched {'without' if wanted.include_nc else 'with'} non-commercial materials; "
            "give another --out"
        )
    old, kind = table.manifest.version, table.manifest.details.get("thermo_type")
    if kind != wanted.thermo_type or (wanted.database is not None and old != wanted.database):
        raise SnapshotError(
            f"{folder} holds {kind} of database {old}, not {wanted.thermo_type} of {wanted.database}; "
            "give another --out"
        )
    return table


def _lacking(existing: PhaseTable | None, wanted: _Wanted) -> list[str]:
    """Return the wanted systems that a snapshot does not hold yet.

    Raises
    ------
    MissingDataError
        If it was found before that an element has no energy.
    """
    if existing is None:
        return wanted.systems
    details = existing.manifest.details
    unknown = wanted.elements & set(details["elements_without_energy"])
    if unknown and ALL_BINARY not in wanted.targets:
        raise _no_energy(wanted, sorted(unknown))
    have = set(details["systems"])
    return [system for system in wanted.systems if system not in have]


def _no_energy(wanted: _Wanted, elements: Sequence[str]) -> MissingDataError:
    return MissingDataError(
        f"the Materials Project gave no {wanted.thermo_type} energy of {', '.join(elements)} (some elements exist in "
        "another thermo type only), so no reaction of them can be computed"
    )


def _fetch_into(folder: Path, wanted: _Wanted, session: GuardedSession, key: str, pace: _Pace) -> Manifest:
    """Fetch what a folder lacks; the lock is held."""
    finish_publishing(folder)
    existing = _existing(folder, wanted)
    systems = _lacking(existing, wanted)
    if existing is not None and not systems:
        remove_used_parts(folder, set(existing.manifest.details["systems"]))
        return existing.manifest
    got = _Got()
    todo = {what: _take_kept(folder, got, _question(what, wanted, session), systems) for what in FIELDS}
    questions = [
        (what, batch)
        for pair in itertools.zip_longest(*(_batches(what, todo[what], pace.batch_size) for what in todo))
        for what, batch in filter(None, pair)
    ]
    if questions:
        with official_client(session, key, wanted.database) as client:
            for done, (what, batch) in enumerate(questions, start=1):
                part = _ask(Search(client, what, wanted.thermo_type, session), batch)
                part["question"] = _question(what, wanted, session)
                write_part(folder, part)
                got.take(part)
                if pace.progress is not None:
                    pace.progress(done, len(questions))
        after = heartbeat(session)
        if after != wanted.database:
            raise SourceError(f"the database changed from {wanted.database} to {after} while fetching; fetch again")
    got.elsewhere = _elsewhere(wanted, got, session, key, set(systems))
    return _finish(folder, wanted, got, existing, systems)


def _elsewhere(wanted: _Wanted, got: _Got, session: GuardedSession, key: str, asked: set[str]) -> frozenset[int]:
    """Ask which predicted materials without an energy of this thermo type have one of another only: that is no fault.

    Observed materials were computed with every functional, so that one without an energy was lost on the way.
    """
    summary, thermo = got.documents["summary"], got.documents["thermo"]
    lacking = summary_only(summary, thermo, include_nc=wanted.include_nc)
    described = {id_number(d["material_id"]): d for d in summary}
    predicted = {number for number in lacking if described[number].get("theoretical") is True}
    systems = sorted({_system(str(described[n].get("formula_pretty") or "")) for n in predicted} & asked)
    if not systems:
        return frozenset()
    before = len(session.answers)
    with official_client(session, key, wanted.database) as client:
        found = Search(client, "thermo", THERMO_TYPES, session).systems(systems)
    got.answers.extend(session.answers[before:])
    own: set[int] = set()
    other: set[int] = set()
    for document in found:
        kind = str(document.get("thermo_type")).lower()
        (own if kind == wanted.thermo_type.lower() else other).add(id_number(document.get("material_id", "")))
    return frozenset(other & predicted - own)  # one that has its energy now was lost before


def _system(formula: str) -> str:
    try:
        return "-".join(sorted(element_set(formula)))
    except FormulaError as error:
        raise SourceError(f"a document of the Materials Project: {error}") from error


def _question(what: str, wanted: _Wanted, session: GuardedSession) -> dict[str, str | None]:
    """Return what makes the answers of two fetches the same."""
    return {
        "what": what,
        "thermo_type": wanted.thermo_type,
        "database": wanted.database,
        "endpoint": session.endpoint,
        "fields": " ".join(FIELDS[what]),
    }


def _take_kept(folder: Path, got: _Got, question: dict[str, str | None], systems: list[str]) -> list[str]:
    """Use the parts of an earlier try; return the systems that they do not hold."""
    missing = set(systems)
    for part in kept_parts(folder, question):
        if missing & set(part["systems"]):
            got.take(part)
            missing -= set(part["systems"])
    return [system for system in systems if system in missing]


def _batches(what: str, systems: list[str], size: int) -> Iterator[tuple[str, list[str]]]:
    return ((what, systems[i : i + size]) for i in range(0, len(systems), size))


def _ask(search: Search, batch: list[str]) -> dict[str, Any]:
    """Ask for a batch of systems; return documents and answers as a part."""
    before = len(search.session.answers)
    documents = search.systems(batch)
    answers = search.session.answers[before:]
    return {"systems": batch, "documents": documents, "answers": answers, "expected": sum(search.totals)}


def _finish(folder: Path, wanted: _Wanted, got: _Got, existing: PhaseTable | None, systems: list[str]) -> Manifest:
    """Check the documents, join them with what is there, and write the snapshot."""
    summary, thermo = got.documents["summary"], got.documents["thermo"]
    rows, counts = phase_rows(
        summary, thermo, wanted.thermo_type, include_nc=wanted.include_nc, elsewhere=got.elsewhere
    )
    asked = set(systems)  # a part of an earlier try may hold further systems, but not all that belong to them
    rows = [row for row in rows if "-".join(sorted(element_set(row["formula"]))) in asked]
    old_rows: list[dict[str, Any]] = []
    if existing is not None:
        columns = read_parquet(folder / SNAPSHOT, existing.manifest)
        old_rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    missing = check_elements([*old_rows, *rows], wanted.elements, wanted.anode, wanted.thermo_type)
    if missing and ALL_BINARY not in wanted.targets:
        raise _no_energy(wanted, missing)
    usable = [row for row in rows if not element_set(row["formula"]) & set(missing)]
    new = {row["phase_id"] for row in usable}
    names = list([*usable, *old_rows][0])
    kept = [{name: row[name] for name in names} for row in old_rows if row["phase_id"] not in new]
    union = sorted([*kept, *usable], key=lambda row: (len(row["phase_id"]), row["phase_id"]))
    incomplete = _incomplete(counts["one_sided"], asked)
    manifest = _manifest(
        wanted,
        got,
        existing,
        counts,
        {"systems": [s for s in systems if s not in incomplete], "elements_without_energy": missing},
        _still_incomplete(existing, asked) | incomplete,
    )
    whole = {name: [row[name] for row in union] for name in names}
    PhaseTable(whole, manifest)  # refuses what is not whole before anything is written
    publish(whole, folder, manifest)
    absent = [
        target for target in wanted.targets if _is_formula(target) and formula_unit(target) not in whole["formula"]
    ]
    remove_used_parts(folder, {*manifest.details["systems"], *asked})
    if incomplete:
        listed = [f"{name} ({counts['one_sided'][name]})" for names in incomplete.values() for name in names]
        warnings.warn(
            f"the Materials Project gave one of two documents only (summary or thermo) of {_few(listed)}: left out; "
            f"not complete: {_few(list(incomplete))}; fetch again later",
            stacklevel=2,
        )
    if absent:
        warnings.warn(f"the Materials Project gave no phase {', '.join(absent)}", stacklevel=2)
    return PhaseTable.load(folder / SNAPSHOT).manifest


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _incomplete(one_sided: dict[str, str], asked: set[str]) -> dict[str, list[str]]:
    """Return the systems that lack a material of which one document only is there, with its identifiers."""
    found: dict[str, list[str]] = {}
    for name, formula in one_sided.items():
        if _system(formula) in asked:
            found.setdefault(_system(formula), []).append(name)
    return dict(sorted(found.items()))


def _still_incomplete(existing: PhaseTable | None, asked: set[str]) -> dict[str, list[str]]:
    """Return what an earlier fetch left incomplete and this one did not ask for."""
    before = {} if existing is None else existing.manifest.details.get("incomplete_systems", {})
    return {system: names for system, names in before.items() if system not in asked}


def _is_formula(target: str) -> bool:
    return target != ALL_BINARY and "-" not in target


def _manifest(
    wanted: _Wanted,
    got: _Got,
    existing: PhaseTable | None,
    counts: dict[str, Any],
    found: dict[str, list[str]],
    incomplete: dict[str, list[str]],
) -> Manifest:
    """Say what the snapshot is: what was there before, and what this fetch adds."""
    details = {} if existing is None else dict(existing.manifest.details)
    versions = {str((d.get("builder_meta") or {}).get("database_version") or "") for d in got.documents["thermo"]}
    databases = sorted(versions - {""})
    database = wanted.database or max(databases, default="" if existing is None else existing.manifest.version)
    if existing is not None and existing.manifest.version != database:
        raise SnapshotError(
            f"the snapshot is of database {existing.manifest.version}, the answers are of {database}; "
            "give another --out"
        )
    for name in ("dropped_deprecated", "dropped_nc"):
        counts[name] += details.get(name, 0)
    union = {"targets": wanted.targets, **found}
    union |= {name: counts[name] for name in ("only_in_summary", "only_in_thermo", "licences", "licences_seen")}
    joined = {name: sorted({*details.get(name, []), *values}) for name, values in union.items()}
    caution = f"not complete (a material stands in one of two collections only): {_few(list(incomplete))}"
    licence = LICENCE + ("; holds BY-NC materials: non-commercial use only" if "BY-NC" in joined["licences"] else "")
    return Manifest(
        source=f"mp:{database}",
        scheme=SCHEMES[wanted.thermo_type],
        version=database,
        description=f"Materials Project, thermo type {wanted.thermo_type}, fetched with mp-api",
        licence=licence,
        created=dt.datetime.now(dt.UTC).date().isoformat(),
        query=" ".join(joined["targets"]),
        details={
            "thermo_type": wanted.thermo_type,
            "include_nc": wanted.include_nc,
            "documents_expected": details.get("documents_expected", 0) + got.expected,
            "documents_received": details.get("documents_received", 0) + got.received,
            "dropped_deprecated": counts["dropped_deprecated"],
            "dropped_nc": counts["dropped_nc"],
            **joined,
            **({"incomplete_systems": incomplete, "caution": caution} if incomplete else {}),
            "database_versions_in_documents": sorted({*details.get("database_versions_in_documents", []), *databases}),
            "requests": [*details.get("requests", []), *got.answers],
            "versions": {name: version(name) for name in ("licoat", "mp-api", "emmet-core", "pyarrow")},
        },
    )
