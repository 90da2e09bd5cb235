"""The source ``builtin``: the embedded table of Li-M-O phases, no network and no key.

`build_builtin` makes the Parquet file from its inputs (relaxed phases and the CSV files of facts, all in
``structures/data``), `verify_builtin` checks that it is what the inputs give, `load_builtin` reads it.
"""

import math
from functools import lru_cache
from pathlib import Path
from typing import Any

from licoat.structures.errors import MissingDataError
from licoat.structures.phases.computed import (
    computed_columns,
    energy_columns,
    read_document,
    sigma_classes,
)
from licoat.structures.phases.facts import DATA
from licoat.structures.phases.parquet import manifest_path, read_parquet, write_parquet
from licoat.structures.phases.provenance import Manifest, file_sha256
from licoat.structures.phases.table import PhaseTable

__all__ = ["SCHEMES", "build_builtin", "load_builtin", "verify_builtin"]

SCHEMES = {"mp2020": "sevennet-l3i5/mp2020", "none": "sevennet-l3i5/none"}
"""Choices of ``--scheme`` and the full names of the energy schemes."""

PARQUET = DATA / "builtin.parquet"
RELAXED = DATA / "computed_phases.json.gz"
VERSION = "2026.11.3"
CREATED = "2026-11-26"
_FACT_FILES = ("thermochem.csv", "molar_volume.csv", "bandgaps.csv", "elastic.csv")


@lru_cache(maxsize=4)
def load_builtin(scheme: str = "mp2020") -> PhaseTable:
    """Return the embedded table in one of its energy schemes.

    Parameters
    ----------
    scheme : {"mp2020", "none"}
        Corrections: those of the Materials Project, or none (raw PBE/PBE+U-like energies).

    Raises
    ------
    MissingDataError
        If the scheme is not one of these.
    SnapshotError
        If the embedded file is damaged.
    """
    if scheme not in SCHEMES:
        raise MissingDataError(f"builtin has no scheme {scheme!r}; choose one of {', '.join(SCHEMES)}")
    manifest = Manifest.read(manifest_path(PARQUET))
    classes = manifest.details["sigma_ev_per_atom"][scheme]
    columns = energy_columns(read_parquet(PARQUET, manifest), classes, corrected=scheme == "mp2020")
    return PhaseTable(columns, manifest.replace(scheme=SCHEMES[scheme]))


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
    return write_parquet(columns, out, manifest)


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
            "inputs_sha256": {relaxed.name: file_sha256(relaxed), **{f: file_sha256(DATA / f) for f in _FACT_FILES}},
            "sigma_ev_per_atom": {
                name: sigma_classes(columns, scheme, corrected=name == "mp2020") for name, scheme in SCHEMES.items()
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
        n for n in ("inputs_sha256", "sigma_ev_per_atom") if not _same(manifest.details[n], rebuilt.details[n])
    ]
    return problems + [f"manifest: {name} differs from what the inputs give" for name in differing]


def _same(a: Any, b: Any) -> bool:  # noqa: ANN401 - compares any two JSON values
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)
    return bool(a == b)
