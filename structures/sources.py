"""Sources of phases behind one call, `load_phases`, and one registry that help, errors and verification read.

A source of one's own is an entry point of the group ``licoat.sources``: a `Source`, or a function without arguments
that returns one. A file needs none.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

from licoat.structures.errors import MissingDataError, SourceError, require
from licoat.structures.materials_project.snapshots import load_materials_project
from licoat.structures.phases.builtin import SCHEMES, load_builtin
from licoat.structures.phases.files import gated, load_file
from licoat.structures.phases.health import OWN_CHECKS, Check, Test, verify
from licoat.structures.phases.known_errors import FITTED, fitted_table, with_known_sigma
from licoat.structures.phases.measured import load_measured
from licoat.structures.phases.table import PhaseTable
from licoat.structures.rendering import outline

__all__ = ["ENTRY_POINTS", "SOURCES", "Source", "load_phases", "source_names", "verify_source"]

ENTRY_POINTS: Final = "licoat.sources"


@dataclass(frozen=True, slots=True)
class Source:
    """Where phases come from.

    Attributes
    ----------
    name : str
        As ``--source`` names it.
    about : str
        In a few words.
    load : callable
        Takes an energy scheme of `schemes`, or nothing, and returns a `PhaseTable`.
    schemes : tuple of str
        Energy schemes to choose from, the usual one first; empty if there is one only.
    checks : tuple of (str, callable)
        What ``licoat data verify`` checks besides what it checks of every table: a sentence that is to hold, and a
        function of the table that returns what is wrong, an empty text if nothing is.
    """

    name: str
    about: str
    load: Callable[..., PhaseTable]
    schemes: tuple[str, ...] = ()
    checks: tuple[tuple[str, Test], ...] = ()

    __repr__ = outline


SOURCES: Final = {
    source.name: source
    for source in (
        Source("builtin", "embedded, computed", load_builtin, tuple(SCHEMES), OWN_CHECKS["builtin"]),
        Source("measured", "embedded, measured", load_measured, checks=OWN_CHECKS["measured"]),
        Source("mp", "the newest local snapshot of the Materials Project", load_materials_project),
    )
}
"""Sources of our own by name."""


def source_names() -> tuple[str, ...]:
    """Return the names of all sources, those of entry points last."""
    return (*SOURCES, *sorted({point.name for point in entry_points(group=ENTRY_POINTS)} - SOURCES.keys()))


def _source(name: str) -> Source | None:
    """Return a source by its name, None if it is the name of a file."""
    if name in SOURCES:
        return SOURCES[name]
    for point in entry_points(group=ENTRY_POINTS, name=name):
        try:
            loaded = point.load()
            found = loaded if isinstance(loaded, Source) else loaded()
        except Exception as error:  # what another package does when it is imported is its own
            raise SourceError(
                f"source {name!r} ({point.value}) cannot be loaded: {' '.join(str(error).split())[:200]}"
            ) from error
        if not isinstance(found, Source):
            raise SourceError(f"source {name!r} ({point.value}) gave {type(found).__name__}, no Source")
        return found
    return None


def load_phases(
    source: str | Path = "builtin",
    *,
    scheme: str | None = None,
    columns: Mapping[str, str] | None = None,
    correct: str | None = None,
) -> PhaseTable:
    """Load all phases of a source.

    Parameters
    ----------
    source : str or Path
        ``builtin`` (embedded, computed), ``measured`` (embedded, measured), ``mp`` (the newest local snapshot of
        the Materials Project, see `licoat.structures.materials_project.fetch`), the name of an entry point of the group
        ``licoat.sources``, or a file: a table, pymatgen entries, documents of a database, a licoat snapshot (see
        docs/files.md).
    scheme : str, optional
        One of the source's energy schemes: ``fitted``, ``mp2020``, ``none``, ``r2scan`` or ``hybrid`` of ``builtin``,
        then without measured heats (see `load_builtin`); other sources have one of their own, and ``fitted`` if that is
        the Materials Project's (see `licoat.structures.phases.known_errors`).
    columns : mapping of str to str, optional
        For a table: heading of the file to licoat's name, where licoat does not know the heading.
    correct : {"mp2020"}, optional
        For pymatgen entries: put raw GGA and GGA+U energies on the scale of the Materials Project.

    Returns
    -------
    PhaseTable

    Raises
    ------
    MissingDataError
        If a scheme is asked for that the source does not have, or a correction of a source that is no file.
    InputFileError, SnapshotError, IncompatibleEnergiesError
        If a file cannot be used.
    InputTypeError
        If the source is neither text nor a path.
    SourceError
        If the source of an entry point cannot be loaded.

    Examples
    --------
    >>> load_phases("builtin")["mp-1960"].formula
    'Li2O'
    """
    require(source, (str, os.PathLike), "source must be a name such as 'builtin' or a file")
    known = _source(source) if isinstance(source, str) else None
    schemes = known.schemes if known else ()
    learnt = scheme == FITTED and FITTED not in schemes
    if scheme is not None and scheme not in schemes and not learnt:
        has = f"has {' and '.join(schemes)}" if schemes else "has one scheme of its own"
        raise MissingDataError(f"--scheme {scheme!r}: the source {str(source)!r} {has}")
    if known is None:
        phases = load_file(source, sources=source_names(), columns=columns, correct=correct)
        return fitted_table(phases) if learnt else with_known_sigma(phases)
    if columns or correct is not None:
        raise MissingDataError(
            f"--{'columns' if columns else 'correct'} is for files; {known.name} is a source of its own"
        )
    found = _loaded(known, None if learnt else scheme)
    if known.name in OWN_CHECKS:  # the embedded ones passed when made
        return fitted_table(found) if learnt else found
    found = gated(found, known.name)
    return fitted_table(found) if learnt else with_known_sigma(found)


def _loaded(known: Source, scheme: str | None = None) -> PhaseTable:
    if scheme is None and known.schemes and known.name not in OWN_CHECKS:  # ours know their own choice
        scheme = known.schemes[0]
    found = known.load() if scheme is None else known.load(scheme)
    if not isinstance(found, PhaseTable):
        raise SourceError(f"source {known.name!r} gave {type(found).__name__}, no PhaseTable")
    return found


def verify_source(
    source: str | Path, *, columns: Mapping[str, str] | None = None, correct: str | None = None
) -> list[Check]:
    """Load a source and check it: as every table, and as the source itself asks; `columns`, `correct` as `load_phases`.

    Raises
    ------
    LicoatError
        As `load_phases`.
    """
    known = _source(source) if isinstance(source, str) else None
    if known is None:  # what cannot be is to be listed, not refused
        phases = load_file(source, sources=source_names(), columns=columns, correct=correct, gate=False)
    elif columns or correct is not None:
        phases = load_phases(source, columns=columns, correct=correct)
    else:
        phases = _loaded(known)
    return verify(phases, checks=known.checks if known else ())
