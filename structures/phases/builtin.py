"""The source ``builtin``: the embedded table of Li-M-O phases, no network and no key.

`build_builtin` makes the Parquet file from its inputs (relaxed phases and the CSV files of facts, all in
``structures/data``), `verify_builtin` checks that it is what the inputs give, `load_builtin` reads it.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from licoat.structures.errors import MissingDataError, shown
from licoat.structures.phases.compositions import FormulaColumn
from licoat.structures.phases.computed import (
    class_sigma,
    classes_of,
    computed_columns,
    energy_columns,
    read_document,
)
from licoat.structures.phases.facts import DATA
from licoat.structures.phases.fitted import load_error_models
from licoat.structures.phases.levels import corrected_table, hybrid_table, oxygen_shift_ev, second_columns
from licoat.structures.phases.measured import load_measured
from licoat.structures.phases.parquet import manifest_path, read_columns, read_parquet, write_parquet
from licoat.structures.phases.provenance import Manifest, file_sha256
from licoat.structures.phases.schemes import HUBBARD_U_EV
from licoat.structures.phases.table import PhaseTable
from licoat.structures.phases.volumes import volume_errors

__all__ = [
    "LEARNT_KIND",
    "SCHEMES",
    "SECOND_LEVEL",
    "TWO_LEVELS",
    "build_builtin",
    "load_builtin",
    "sigma_of_classes",
    "two_levels",
    "verify_builtin",
]

SCHEMES = {
    "fitted": "fitted",
    "mp2020": "sevennet-l3i5/mp2020",
    "none": "sevennet-l3i5/none",
    "r2scan": "sevennet-mf-0-r2scan/none",
    "hybrid": "hybrid",
}
"""Choices of ``--scheme`` and the full names of the energy schemes."""

TWO_LEVELS = ("hybrid", "fitted")
"""Schemes that take for each chemical system the level of theory that is better there."""

SECOND_LEVEL = "sevennet-r2scan"
"""Calculator of the second level of theory."""

PARQUET = DATA / "builtin.parquet"
RELAXED = DATA / "computed_phases.json.gz"
VERSION = "2026.11.6"
CREATED = "2026-11-27"
_FACT_FILES = ("observed_compounds.csv", "thermochem.csv", "molar_volume.csv", "bandgaps.csv", "elastic.csv")


@lru_cache(maxsize=4)
def load_builtin(scheme: str | None = None) -> PhaseTable:
    """Return the embedded table in one of its energy schemes.

    Parameters
    ----------
    scheme : {"mp2020", "none", "r2scan", "hybrid", "fitted"}, optional
        Without: ``fitted``, and reactions have measured heats and volumes where those are known
        (`PhaseTable.with_prefer`). ``mp2020``, ``none``: PBE(+U)-like energies with the corrections of the Materials
        Project or as they are; ``r2scan``: r2SCAN-like energies with oxygen anchored on Li2O; ``hybrid``: for each
        chemical system ``mp2020`` where a metal with a Hubbard U is in it and ``r2scan`` elsewhere; ``fitted``: the
        hybrid with the errors taken off that measured enthalpies teach.

    Raises
    ------
    MissingDataError
        If the scheme is not one of these.
    SnapshotError
        If the embedded file is damaged.
    """
    if scheme is None:
        return load_builtin("fitted").with_prefer("best")
    if scheme not in SCHEMES:
        raise MissingDataError(f"builtin has no scheme {shown(scheme)}; choose one of {', '.join(SCHEMES)}")
    if scheme in TWO_LEVELS:
        return two_levels(load_builtin("mp2020"), load_builtin("r2scan"), scheme)
    manifest = Manifest.read(manifest_path(PARQUET))
    columns = _level(read_columns(PARQUET, manifest), manifest.details, scheme)
    classes = manifest.details["sigma_ev_per_atom"][scheme]
    columns["energy_sigma_ev_per_atom"] = columns["formula"].each(lambda formula: class_sigma(formula, classes))
    details = {**manifest.details, **(_CAUTION if scheme == "r2scan" else {})}
    return PhaseTable(columns, manifest.replace(scheme=SCHEMES[scheme], details=details))


LEARNT_KIND = "enthalpy at 298 K"
"""What corrected energies are: what they were learnt from."""

_CAUTION: dict[str, Any] = {
    "caution": f"r2SCAN without a Hubbard U is too weak for oxides of {' '.join(HUBBARD_U_EV)}; "
    "--scheme hybrid is better",
    "caution_elements": sorted(HUBBARD_U_EV),
}


def sigma_of_classes(scheme: str) -> dict[str, dict[str, float]]:
    """Return the root mean square error of formation energies by class of compounds, of a scheme of one level."""
    found: dict[str, dict[str, float]] = Manifest.read(manifest_path(PARQUET)).details["sigma_ev_per_atom"][scheme]
    return found


def two_levels(first: PhaseTable, second: PhaseTable, scheme: str) -> PhaseTable:
    """Return the table of a scheme that has two levels of theory.

    Parameters
    ----------
    first, second : PhaseTable
        Schemes ``mp2020`` and ``r2scan`` of the same phases in the same order.
    scheme : {"hybrid", "fitted"}
    """
    name = SCHEMES[scheme]
    levels = [_named(table, name) for table in (first, second)]
    if scheme == "fitted":
        model = load_error_models()["hybrid"]
        levels = [
            corrected_table(
                table, model, oxygen_shift_ev(table, load_measured()), table.manifest.replace(energy_kind=LEARNT_KIND)
            )
            for table in levels
        ]
    return hybrid_table(levels[0], levels[1], levels[0].manifest.replace(scheme=name))


def _named(table: PhaseTable, scheme: str) -> PhaseTable:
    """Return a table whose scheme says that it is one level of two: ``hybrid: sevennet-l3i5/mp2020``."""
    details = {name: value for name, value in table.manifest.details.items() if not name.startswith("caution")}
    return PhaseTable(table.columns(), table.manifest.replace(scheme=f"{scheme}: {table.scheme}", details=details))


def _level(columns: dict[str, Any], details: Mapping[str, Any], scheme: str) -> dict[str, Any]:
    """Return the columns with the energies of one scheme."""
    if scheme != "r2scan":
        return energy_columns(columns, {}, corrected=scheme == "mp2020")
    if "second" not in details:
        raise MissingDataError("builtin has no second level of theory: `licoat data join --second` makes one")
    second = details["second"]
    return second_columns(columns, second["o2_energy_ev_per_atom"], second["label"])


def build_builtin(relaxed: Path = RELAXED, out: Path = PARQUET) -> Manifest:
    """Make the embedded table from its inputs.

    Parameters
    ----------
    relaxed : Path
        Document of relaxed phases, see `licoat.structures.phases.computed`.
    out : Path
        Parquet file to write; its manifest goes beside it.

    Returns
    -------
    Manifest
        As written.

    Raises
    ------
    InputFileError
        If the file of relaxed phases cannot be read.
    """
    columns, manifest = _assemble(relaxed)
    return write_parquet(columns | {"formula": FormulaColumn.of(columns["formula"])}, out, manifest)


def _assemble(relaxed: Path) -> tuple[dict[str, Any], Manifest]:
    document = read_document(relaxed)
    columns, details = computed_columns(document)
    manifest = Manifest(
        source="builtin",
        scheme=SCHEMES["mp2020"],
        version=VERSION,
        description=(
            "Li-M-O phases relaxed with the machine-learned potential SevenNet-l3i5; energies on the scale of the "
            "Materials Project; gaps and moduli measured or from the Materials Project, each with its source; moduli "
            "that nobody published computed with the same potential"
        ),
        licence="CC BY 4.0",
        created=CREATED,
        details={
            **details,
            "volume_sigma_percent": volume_errors(columns),
            "inputs_sha256": {relaxed.name: file_sha256(relaxed), **{f: file_sha256(DATA / f) for f in _FACT_FILES}},
            "sigma_ev_per_atom": {
                name: classes_of(_level(columns, details, name), scheme)
                for name, scheme in SCHEMES.items()
                if name not in {"hybrid", "fitted"} and (name != "r2scan" or "second" in details)
            },
        },
    )
    return columns, manifest


def verify_builtin() -> list[str]:
    """Rebuild the table from its inputs in memory and compare it with the embedded file.

    Returns
    -------
    list of str
        One line per disagreement; empty if the embedded file is what the inputs give.
    """
    manifest = Manifest.read(manifest_path(PARQUET))
    stored = read_parquet(PARQUET, manifest)
    columns, rebuilt = _assemble(RELAXED)
    problems = []
    if stored["phase_id"] != columns["phase_id"]:
        return ["the phases differ: build the table again"]
    for name, values in columns.items():
        worst = next((i for i, (a, b) in enumerate(zip(stored[name], values, strict=True)) if not _same(a, b)), None)
        if worst is not None:
            problems.append(
                f"{name} of {columns['phase_id'][worst]}: stored {stored[name][worst]!r}, inputs give {values[worst]!r}"
            )
    differing = [
        n
        for n in ("inputs_sha256", "sigma_ev_per_atom", "volume_sigma_percent", "second")
        if not _same(manifest.details.get(n), rebuilt.details.get(n))
    ]
    return problems + [f"manifest: {name} differs from what the inputs give" for name in differing]


def _same(a: Any, b: Any) -> bool:  # noqa: ANN401 - compares any two JSON values
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
    return bool(a == b)
