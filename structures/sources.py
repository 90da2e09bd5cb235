"""`load_phases`: one call for every source of phases."""

import os
from pathlib import Path

from licoat.structures.errors import MissingDataError, require
from licoat.structures.materials_project.snapshots import load_materials_project
from licoat.structures.phases.builtin import load_builtin
from licoat.structures.phases.files import load_file
from licoat.structures.phases.measured import load_measured
from licoat.structures.phases.table import PhaseTable

__all__ = ["load_phases"]


def load_phases(source: str | Path = "builtin", *, scheme: str | None = None) -> PhaseTable:
    """Load all phases of a source.

    Parameters
    ----------
    source : str or Path
        ``builtin`` (embedded, computed), ``measured`` (embedded, measured), ``mp`` (the newest local snapshot of
        the Materials Project, see `licoat.structures.materials_project.fetch`), or a file: CSV with named
        columns, pymatgen entries as JSON(.gz), a licoat snapshot (see `licoat.structures.phases.files`).
    scheme : {"mp2020", "none"}, optional
        Corrections of ``builtin``; other sources have one scheme of their own.

    Returns
    -------
    PhaseTable

    Raises
    ------
    MissingDataError
        If a scheme is asked for that the source does not have.
    InputFileError, SnapshotError, IncompatibleEnergiesError
        If a file cannot be used.
    InputTypeError
        If the source is neither text nor a path.

    Examples
    --------
    >>> load_phases("builtin")["mp-1960"].formula
    'Li2O'
    """
    require(source, (str, os.PathLike), "source must be a name such as 'builtin' or a file")
    if source == "builtin":
        return load_builtin(scheme or "mp2020")
    if scheme is not None:
        raise MissingDataError(f"--scheme {scheme!r} applies to the source 'builtin'; {str(source)!r} has one scheme")
    if source == "mp":
        return load_materials_project()
    return load_measured() if source == "measured" else load_file(source)
