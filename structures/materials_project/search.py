"""Questions to the Materials Project: its heartbeat, its official client, and one collection at a time."""

import contextlib
import importlib.util
import itertools
import json
import logging
import math
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from licoat.structures.chemistry.formula import element_set
from licoat.structures.errors import FormulaError, LicoatError, SourceError
from licoat.structures.materials_project.documents import SUMMARY_FIELDS, THERMO_FIELDS
from licoat.structures.materials_project.session import GuardedSession

__all__ = ["FIELDS", "Search", "heartbeat", "official_client", "require_client"]

PAGE = 1000
FIELDS = {"summary": SUMMARY_FIELDS, "thermo": THERMO_FIELDS}

_FILL = 0.8  # of a page: pieces come out uneven, and one that is too large costs a request
_DEEPEST = 12
_SPLIT_BY = {"summary": ("volume", "volume"), "thermo": ("energy_per_atom", "total_energy")}
"""What a system of more than a page is divided by: the field of the documents, and its name in the client."""
_INSTALL = "pip install 'mp-api>=0.46.5,<0.47'"

Documents = list[dict[str, Any]]


def require_client() -> None:
    """Raise if the official client is not installed.

    Raises
    ------
    SourceError
        With the command that installs it.
    """
    if importlib.util.find_spec("mp_api") is None:
        raise SourceError(f"the Materials Project is fetched with the package mp-api, which is missing: {_INSTALL}")


def heartbeat(session: GuardedSession) -> str | None:
    """Ask for the database version, without the key; None if a gate blocks the question.

    Raises
    ------
    SourceError
        If the service fails or does not say its version.
    """
    key = session.headers.pop("x-api-key", None)
    try:
        answer = session.get(session.endpoint + "heartbeat")
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
def official_client(session: GuardedSession, key: str, database: str | None) -> Iterator[Any]:
    """Make the official client on our session; its own heartbeats have no time limit and are replaced.

    Raises
    ------
    SourceError
        If the client cannot be imported.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its dependencies, at import
        try:
            from mp_api.client import MPRester
            from mp_api.client.core.client import BaseRester
        except ImportError as error:
            raise SourceError(f"the package mp-api cannot be imported ({error}): {_INSTALL}") from error
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
            yield MPRester(
                key, endpoint=session.endpoint, session=session, use_document_model=False, mute_progress_bars=True
            )
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


@dataclass(frozen=True)
class Search:
    """One collection of the client; never more than one page per question, because pages have no promised order.

    Attributes
    ----------
    client : object
        The official client.
    what : {"summary", "thermo"}
        The collection.
    thermo_type : str or tuple of str
        The one scale of energies of a thermo question; several where only their being there is asked.
    session : GuardedSession
        The session of the client, which keeps the numbers of documents.
    totals : list of int
        Documents that the service has for each question whose answer was kept.
    """

    client: Any
    what: str
    thermo_type: str | tuple[str, ...]
    session: GuardedSession
    totals: list[int] = field(default_factory=list)

    def systems(self, batch: list[str]) -> Documents:
        """Return all documents of a batch of systems; what does not fit on a page is divided.

        Raises
        ------
        SourceError
            If the service fails, or the pieces do not add up to the whole.
        """
        documents, total = self._ask(batch)
        if total <= PAGE:
            self.totals.append(total)
            return documents
        if len(batch) > 1:
            return [d for portion in _portions(batch, documents, total) for d in self.systems(portion)]
        pieces = self._divided(batch[0], documents, total, (None, None), _DEEPEST)
        found = {json.dumps(d, sort_keys=True): d for d in pieces}  # a value at a border is in two of them
        if len(found) != total:
            raise SourceError(f"incomplete: {len(found)} of {total} {self.what} documents of {batch[0]}")
        self.totals.append(total)
        return list(found.values())

    def _divided(
        self, system: str, page: Documents, total: int, ends: tuple[float | None, float | None], depth: int
    ) -> Documents:
        """Return the documents of one system between two ends, in as few pieces as fill pages.

        The page that came shows how the values lie, so the borders are its quantiles. It is not used for more: which
        documents stand on it is not promised.
        """
        name, option = _SPLIT_BY[self.what]
        low, high = (-math.inf if ends[0] is None else ends[0], math.inf if ends[1] is None else ends[1])
        numbers = (d.get(name) for d in page)
        values = sorted(v for v in numbers if isinstance(v, int | float) and not isinstance(v, bool) and low < v < high)
        pieces = _pieces(total)
        borders = sorted({values[len(values) * i // pieces] for i in range(1, pieces)}) if values else []
        if not borders or depth == 0:
            raise SourceError(f"{system}: {total} {self.what} documents cannot be divided into pages of {PAGE}")
        found: Documents = []
        for piece in itertools.pairwise([ends[0], *borders, ends[1]]):
            documents, part = self._ask([system], **{option: piece})
            found += documents if part <= PAGE else self._divided(system, documents, part, piece, depth - 1)
        return found

    def _ask(self, batch: list[str], **ranges: tuple[float | None, float | None]) -> tuple[Documents, int]:
        """Ask one question, which is one request; return the documents and how many the service has."""
        options: dict[str, Any] = {"chemsys": batch, "num_chunks": 1, "chunk_size": PAGE} | ranges
        before = len(self.session.answers)
        try:
            if self.what == "summary":
                found = self.client.materials.summary.search(fields=list(SUMMARY_FIELDS), **options)
            else:
                types = [self.thermo_type] if isinstance(self.thermo_type, str) else list(self.thermo_type)
                found = self.client.materials.thermo.search(thermo_types=types, fields=list(THERMO_FIELDS), **options)
        except LicoatError:
            raise
        except Exception as error:
            reason = " ".join(str(error).split())[:200]
            raise SourceError(f"mp-api failed on a {self.what} question: {type(error).__name__}: {reason}") from error
        answers = self.session.answers[before:]
        if len(answers) != 1 or len(found) != answers[0]["documents"]:
            raise SourceError(f"mp-api made {len(answers)} requests of one question or lost documents of its answer")
        return list(found), int(answers[0]["total"])


def _portions(batch: list[str], page: Documents, total: int) -> list[list[str]]:
    """Divide a batch into portions that should fit a page, going by the share of each system in the one that came."""
    seen: Counter[str] = Counter()
    for document in page:
        with contextlib.suppress(FormulaError):
            seen["-".join(sorted(element_set(document.get("formula_pretty") or "")))] += 1
    portions: list[list[str]] = [[]]
    filled = 0.0
    for system in batch:
        expected = seen[system] * total / max(len(page), 1)
        if portions[-1] and filled + expected > _FILL * PAGE:
            portions.append([])
            filled = 0.0
        portions[-1].append(system)
        filled += expected
    half = len(batch) // 2
    return portions if len(portions) > 1 else [batch[:half], batch[half:]]


def _pieces(total: int) -> int:
    return math.ceil(total / (_FILL * PAGE))
