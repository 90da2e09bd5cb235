"""Add phases with their energies to a table: only energies on its own scale, of its own kind and temperature.

Formation energies compare where both sides have the same corrections and each its own elements; total energies compare
where functional and program are the same too. Energies of a potential that was trained on the Materials Project and
energies of PBE(+U), both corrected by MP2020, are of the first sort: the formation energies of 25 compounds of Li, Fe,
P and O lie 0.01 eV per atom apart (median), the total energies of iron 0.10.
"""

import contextlib
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from licoat.structures.chemistry.formula import element_set
from licoat.structures.errors import IncompatibleEnergiesError, InputFileError, MissingDataError, shortened
from licoat.structures.phases.computed import class_sigma
from licoat.structures.phases.csv_tables import RAW_ENERGY
from licoat.structures.phases.documents_flat import flat_documents
from licoat.structures.phases.entries import has_energy, read_documents
from licoat.structures.phases.files import JSON_ENDINGS, TABLE_ENDINGS, load_file
from licoat.structures.phases.headings import ENERGIES, recognise
from licoat.structures.phases.measured import SCHEME as MEASURED_SCHEME
from licoat.structures.phases.observed import existence
from licoat.structures.phases.phase import TEXT_COLUMNS
from licoat.structures.phases.schemes import uses_hubbard_u
from licoat.structures.phases.table import PhaseTable, require_table
from licoat.structures.reading import name_of, plain_name

__all__ = ["add_energies", "holds_energies", "joined", "require_one_level"]

_FORMATION: Final = "formation_energy_ev_per_atom"
_APART_EV_PER_ATOM: Final = 0.1
"""Energies of one scheme lie closer (median of what both have); oxides without their correction are 0.2 off."""
_ENERGIES: Final = {*ENERGIES, RAW_ENERGY}
_FEWEST: Final = 3
"""Common compositions that tell a wrong scale from another polymorph."""
_ONE_TEMPERATURE_K: Final = 2.0  # 298 and 298.15 K are one
_NO_SCALE: Final = re.compile(r"unknown.*|.*/(corrected|mixed)|gga_gga\+u_r2scan/.*")
"""Schemes of which two files may mean two things: a mixture of functionals holds for the entries it was made of."""
_WHOLE_FILE: Final = "give all phases of one scheme as --source"
_MP2020: Final = "mp2020"


def require_one_level(phases: PhaseTable) -> None:
    """Refuse a table to which nothing can be added, since its energies are of two levels of theory.

    Raises
    ------
    IncompatibleEnergiesError
        Naming the way out.
    """
    if phases.has_two_levels:
        raise IncompatibleEnergiesError(
            f"{phases.source} in scheme {phases.scheme!r} takes two levels of theory, chosen by chemical system; a "
            "phase that is added is on one only, and two never meet in one hull: give --scheme mp2020"
        )


def add_energies(
    phases: PhaseTable,
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    correct: str | None = None,
) -> tuple[PhaseTable, tuple[str, ...]]:
    r"""Add the phases of a file to a table, with the energies that the file gives.

    Parameters
    ----------
    phases : PhaseTable
    path : str or Path
        Any file of `load_phases`: a table, entries of pymatgen, a phase diagram, documents of a database, a snapshot.
    columns, correct
        As `load_phases` takes them.

    Returns
    -------
    table : PhaseTable
        The table with the phases of the file. Elements that the table has are not added: they were the file's zero.
    phase_ids : tuple of str
        Of the new phases, in the order of the file; ``FILE:ID`` where the table has the identifier already.

    Raises
    ------
    IncompatibleEnergiesError
        If the energies are of another scheme, kind or temperature than the table's, the file does not say which, or
        they lie too far from the table's where both have a composition.
    InputFileError, MissingDataError, SnapshotError
        If the file cannot be used, or has nothing that is not in the table.

    Notes
    -----
    Schemes with the same corrections ``mp2020`` are on one scale of formation energies, whatever computed the energies:
    the file must hold its own elements then. Of the very scheme of the table, total energies without elements are taken
    against the table's.

    Examples
    --------
    >>> from licoat.structures import load_phases
    >>> from licoat.structures.phases.merging import add_energies
    >>> with open("mine.csv", "w") as file:
    ...     _ = file.write("formula,formation_energy_ev_per_atom,scheme\nSb8O19,-1.6,pbe+u/mp2020\n")
    >>> table, new = add_energies(load_phases("builtin", scheme="mp2020"), "mine.csv")
    >>> new, table[new[0]].formation_energy_ev_per_atom
    (('Sb8O19-1',), -1.6)
    """
    require_table(phases)
    require_one_level(phases)
    path = Path(path)
    where = name_of(path)
    try:
        found = load_file(path, columns=columns, correct=correct, references=phases)
    except MissingDataError as error:
        if "formation energies need every element" not in str(error):
            raise
        lacking = str(error).partition("no phase of the ")[2].partition(";")[0]
        raise MissingDataError(
            f"{where}: no energy of the {lacking}, and the elements of {phases.source} ({phases.scheme}) are no zero "
            "for energies of another program: add entries of them, or give structures alone (CIF) to relax them"
        ) from error
    _require_one_scale(phases, found, where)
    chosen = _new_rows(phases, found)
    if not chosen:
        raise InputFileError(f"{where}: only elements, all of them in {phases.source}; nothing to add")
    details = {"file": where, "sha256": found.manifest.sha256, "scheme": found.scheme, "n_phases": len(chosen)}
    details |= _compared(phases, found, where)
    # Not a table of their own: that would take the lowest polymorph of an element in it for the zero.
    rows = {name: [values[i] for i in chosen] for name, values in found.columns().items()}
    rows = _completed(phases, rows, path, found.scheme)
    return joined(phases, rows, f"added:{shortened(path.name, 60)}", details), tuple(rows["phase_id"])


def holds_energies(path: str | Path) -> bool:
    """Say whether a file is one of phases with their energies, for `add_energies`; one of structures alone is not."""
    path = Path(path)
    name = path.name.lower()
    if name.endswith((*TABLE_ENDINGS, ".xlsx", ".parquet")):
        return True
    if not name.endswith(JSON_ENDINGS):
        with contextlib.suppress(OSError, ValueError):  # a name too long, or with a zero byte
            return path.is_dir()
        return False
    try:
        documents = read_documents(path)
    except InputFileError:
        return False  # whoever reads it as a structure says what is wrong
    headings = (recognise(name) for name in flat_documents(documents)[0])
    return any(map(has_energy, documents)) or any(heading and heading.name in _ENERGIES for heading in headings)


def joined(phases: PhaseTable, rows: Mapping[str, Any], source: str, details: Mapping[str, Any]) -> PhaseTable:
    """Return a table with further rows.

    Parameters
    ----------
    phases : PhaseTable
    rows : mapping of str to sequence
        Columns of the new rows, with their formation energies.
    source : str
        Added to the name of the table.
    details : mapping
        What the manifest says of the addition.
    """
    old, n_new = phases.columns(), len(rows["phase_id"])
    columns = {}
    for name in old if "structure" in old or "structure" not in rows else [*old, "structure"]:
        unknown = "" if name in TEXT_COLUMNS or name == "structure" else None
        columns[name] = [*old.get(name, [unknown] * len(phases)), *rows.get(name, [unknown] * n_new)]
    added = [*phases.manifest.details.get("added", []), dict(details)]
    manifest = phases.manifest.replace(
        source=f"{phases.source}+{source}", sha256="", details={**phases.manifest.details, "added": added}
    )
    return PhaseTable(columns, manifest).with_products(phases.products)


def _new_rows(phases: PhaseTable, found: PhaseTable) -> list[int]:
    """Rows of the file but for elements that the table has: the lowest phases of those are the common zero."""
    single, energy = found.counts.n_elements() == 1, found.column(_FORMATION)
    return [
        i
        for i, formula in enumerate(found.text("formula"))
        if not np.isnan(energy[i]) and not (single[i] and energy[i] < 1e-9 and phases.rows_of(formula))
    ]


def _require_one_scale(phases: PhaseTable, found: PhaseTable, where: str) -> None:
    """Refuse energies that are not on the scale of the table."""
    ours, theirs = _scale(phases), _scale(found)
    if theirs == "unknown":
        raise IncompatibleEnergiesError(
            f"{where} does not say of which scheme its energies are; if of that of {phases.source} (a column 'scheme' "
            f"says it, pbe+u/mp2020 is the Materials Project's) they can be added, else {_WHOLE_FILE}"
        )
    not_said = ours == theirs and found.energy_kind.endswith("kind not given")  # the scheme says it
    if not (not_said or _one_kind(phases.energy_kind, found.energy_kind)):
        measured = ", or add enthalpies to --source measured" if theirs == MEASURED_SCHEME.lower() else ""
        raise IncompatibleEnergiesError(
            f"{where} holds {found.energy_kind}, {phases.source} {phases.energy_kind}: one hull needs one kind; "
            f"{_WHOLE_FILE}{measured}"
        )
    if ours != theirs or _NO_SCALE.fullmatch(ours):
        raise IncompatibleEnergiesError(
            f"{where} has energies of scheme {shortened(found.scheme, 40)!r}, {phases.source} of "
            f"{shortened(phases.scheme, 40)!r}: one hull needs one scheme; {_way_out(phases)}"
        )
    with_u = sorted(filter(uses_hubbard_u, found.formulas)) if ours in {"pbe/none", "pbe+u/none"} else []
    if with_u:
        raise IncompatibleEnergiesError(
            f"{where}: two files do not say whether uncorrected energies of {with_u[0]} and of {phases.source} have "
            "the same Hubbard U: put all entries into one, or use --correct mp2020"
        )


def _scale(phases: PhaseTable) -> str:
    """Return the name of the scale of formation energies on which a scheme is."""
    scheme = phases.scheme.lower()
    if scheme.endswith(f"/{_MP2020}") and not _NO_SCALE.fullmatch(scheme):
        return _MP2020
    if scheme.startswith("unknown") and phases.energy_kind.startswith("enthalpy"):
        return MEASURED_SCHEME.lower()  # an enthalpy of formation at a temperature is one, whoever measured it
    return scheme


def _one_kind(one: str, other: str) -> bool:
    """Say whether two kinds of energy are the same, temperatures rounded or not."""
    number = re.compile(r"[0-9.]+(?= K)")
    kinds = {number.sub("", text) for text in (one, other)}
    temperatures = [float(match[0]) if (match := number.search(text)) else 0.0 for text in (one, other)]
    return len(kinds) == 1 and abs(temperatures[0] - temperatures[1]) < _ONE_TEMPERATURE_K


def _way_out(phases: PhaseTable) -> str:
    """Say what would be right where schemes differ."""
    if phases.scheme.endswith(f"/{_MP2020}"):
        return f"raw PBE entries come onto it with --correct mp2020; else {_WHOLE_FILE}"
    if phases.source.partition("+")[0] == "builtin":
        return "--scheme mp2020 takes energies of the Materials Project's scheme, raw ones with --correct mp2020"
    return _WHOLE_FILE


def _compared(phases: PhaseTable, found: PhaseTable, where: str) -> dict[str, Any]:
    """Compare the energies of compounds that both have; say how far they lie apart, or refuse what is too far."""
    ours, theirs = phases.column(_FORMATION), found.column(_FORMATION)
    apart = {
        formula: float(theirs[found.rows_of(formula)[0]] - ours[own[0]])
        for formula in found.formulas
        if (own := phases.rows_of(formula)) and len(element_set(formula)) > 1
    }
    apart = {formula: value for formula, value in apart.items() if not np.isnan(value)}
    if not apart:
        return {"common_compositions": 0}
    median = float(np.median(np.abs(list(apart.values()))))
    worst = max(apart, key=lambda formula: abs(apart[formula]))
    if median > _APART_EV_PER_ATOM and len(apart) >= _FEWEST:
        raise IncompatibleEnergiesError(
            f"{where}: formation energies of {len(apart)} compounds lie {median:.2f} eV/atom (median) from those of "
            f"{phases.source} (most: {worst} {apart[worst]:+.2f}), where 0.01 to 0.05 is usual: they are of another "
            "scheme, unit or reference than the file says"
        )
    if found.scheme != phases.scheme:
        warnings.warn(
            f"{where}: energies of {found.scheme} beside those of {phases.scheme}; where both have a compound "
            f"({len(apart)}) they lie {median:.3f} eV/atom apart (median), most for {worst} ({apart[worst]:+.3f})",
            stacklevel=3,
        )
    return {
        "common_compositions": len(apart),
        "median_difference_ev_per_atom": round(median, 6),
        "largest_difference": {worst: round(apart[worst], 6)},
    }


def _completed(phases: PhaseTable, rows: dict[str, list[Any]], path: Path, scheme: str) -> dict[str, list[Any]]:
    """Return the new rows with names of their own, and with sigmas and existence where none is given."""
    rows |= {"phase_id": _own_names(phases, rows["phase_id"], path)}
    if scheme != phases.scheme:
        rows |= {"energy_ev_per_atom": [None] * len(rows["formula"])}  # another program has another zero
    classes = phases.manifest.details.get("sigma_ev_per_atom", {}).get(phases.scheme.rpartition("/")[2])
    label = f"{shortened(path.name, 60)} ({shortened(scheme, 40)})"
    for i, formula in enumerate(rows["formula"]):
        if classes and np.isnan(rows["energy_sigma_ev_per_atom"][i]):
            rows["energy_sigma_ev_per_atom"][i] = class_sigma(formula, classes)
        if not rows["existence"][i] and rows["theoretical"][i] < 0:
            rows["existence"][i] = existence(formula)
        rows["energy_source"][i] = rows["energy_source"][i] or label
    return rows


def _own_names(phases: PhaseTable, names: Sequence[str], path: Path) -> list[str]:
    """Return identifiers that the table does not have."""
    stem = shortened(Path(plain_name(path)).stem, 60)
    own: list[str] = []
    for name in names:
        new = f"{stem}:{name}" if name in phases else name
        if new in phases or new in own or (new != name and new in names):
            raise InputFileError(f"{name_of(path)}: there is a phase {shortened(new, 80)!r} already; rename the file")
        own.append(new)
    return own
