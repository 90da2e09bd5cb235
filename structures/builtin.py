"""The source ``builtin``: the embedded table of Li-M-O phases, no network and no key.

`build_builtin` makes the Parquet file from its inputs (relaxed phases and the CSV files of facts, all in
``structures/data``), `verify_builtin` checks that it is what the inputs give, `load_builtin` reads it.
"""

import gzip
import json
import math
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from licoat.structures.enrichment import fact_columns
from licoat.structures.errors import InputFileError, MissingDataError
from licoat.structures.facts import DATA
from licoat.structures.formula import formula_unit
from licoat.structures.measured import load_measured
from licoat.structures.phases import PhaseTable, manifest_path, read_parquet, write_parquet
from licoat.structures.provenance import Manifest, file_sha256
from licoat.structures.schemes import error_class, mp2020_correction, rms_by_class
from licoat.structures.symmetry import SYMMETRY_PRECISION_A, space_group

__all__ = ["SCHEMES", "build_builtin", "load_builtin", "verify_builtin"]

SCHEMES = {"mp2020": "sevennet-l3i5/mp2020", "none": "sevennet-l3i5/none"}
"""Choices of ``--scheme`` and the full names of the energy schemes."""

PARQUET = DATA / "builtin.parquet"
RELAXED = DATA / "computed_phases.json.gz"
VERSION = "2026.11"
O2_ENERGY_EV_PER_ATOM = -4.948  # Materials Project O2 (PBE), which the MP2020 oxide correction belongs to
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
    columns = read_parquet(PARQUET, manifest)
    raw = np.array(columns.pop("raw_energy_ev_per_atom"))
    correction = np.array(columns.pop("correction_ev_per_atom"))
    columns.pop("correction_name")
    classes = manifest.details["sigma_ev_per_atom"][scheme]
    columns["energy_ev_per_atom"] = raw + correction if scheme == "mp2020" else raw
    columns["energy_sigma_ev_per_atom"] = [_sigma(formula, classes) for formula in columns["formula"]]
    return PhaseTable(columns, manifest.replace(scheme=SCHEMES[scheme]))


def _sigma(formula: str, classes: dict[str, dict[str, float]]) -> float:
    """Sigma of a phase: that of its class, of the worst class if nothing of its class was measured."""
    name = error_class(formula)
    if name == "element":
        return 0.0  # the reference; its error is part of that of every compound
    found = classes.get(name)
    return found["rms_ev_per_atom"] if found else max(c["rms_ev_per_atom"] for c in classes.values())


def build_builtin(relaxed: Path = RELAXED, out: Path = PARQUET) -> Manifest:
    """Make the embedded table from its inputs.

    Parameters
    ----------
    relaxed : Path
        JSON(.gz) with ``phases``: id, formula, n_sites, raw energy, volume, structure.
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
    return write_parquet(*_assemble(relaxed, out))


def _assemble(relaxed: Path, out: Path) -> tuple[dict[str, Any], Path, Manifest]:
    try:
        opener = gzip.open if relaxed.suffix == ".gz" else open
        with opener(relaxed, "rt", encoding="utf-8") as stream:
            document = json.load(stream)
        phases = [phase for phase in document["phases"] if phase["converged"]]
    except (OSError, ValueError, KeyError, TypeError, EOFError, RecursionError, zlib.error) as error:
        raise InputFileError(f"{relaxed}: cannot read relaxed phases ({error}); expected JSON with 'phases'") from error
    skipped = {p["id"]: formula_unit(p["formula"]) for p in document["phases"] if not p["converged"]}
    rows, duplicates = _without_duplicates(sorted((_row(phase) for phase in phases), key=lambda row: row["phase_id"]))
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0]}
    columns |= fact_columns(columns["formula"], columns["space_group_number"])
    manifest = Manifest(
        source="builtin",
        scheme=SCHEMES["mp2020"],
        version=VERSION,
        description=(
            "Li-M-O phases relaxed with the machine-learned potential SevenNet-l3i5; energies on the scale of the "
            "Materials Project; gaps and moduli measured or from the Materials Project, each with its source"
        ),
        licence="CC BY 4.0",
        created="2026-11-22",
        details={
            "calculator": document["calculator"],
            "relaxation": document["relaxation"],
            "o2_energy_ev_per_atom": O2_ENERGY_EV_PER_ATOM,
            "symmetry_precision_a": SYMMETRY_PRECISION_A,
            "not_converged": skipped,
            "duplicates_left_out": duplicates,
            "inputs_sha256": {relaxed.name: file_sha256(relaxed), **{f: file_sha256(DATA / f) for f in _FACT_FILES}},
            "sigma_ev_per_atom": {scheme: _sigma_classes(columns, scheme, out) for scheme in SCHEMES},
        },
    )
    return columns, out, manifest


def _without_duplicates(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Leave out phases that two start structures led to: same formula, space group, energy and volume."""
    kept: dict[tuple[str, int, float, float], dict[str, Any]] = {}
    left_out = []
    for row in rows:
        energy, volume = round(row["raw_energy_ev_per_atom"], 4), round(row["volume_a3_per_atom"], 3)
        if kept.setdefault((row["formula"], row["space_group_number"], energy, volume), row) is not row:
            left_out.append(row["phase_id"])
    return list(kept.values()), left_out


def _row(phase: dict[str, Any]) -> dict[str, Any]:
    from pymatgen.core.structure import Structure

    cell = phase["structure"]
    structure = Structure(cell["lattice"], cell["species"], cell["frac_coords"])
    formula = formula_unit(phase["formula"])
    energy = O2_ENERGY_EV_PER_ATOM if formula == "O2" else float(phase["energy_raw_ev_per_atom"])
    correction, names = mp2020_correction(structure, energy * len(structure))
    symbol, number = space_group(cell["lattice"], cell["species"], cell["frac_coords"])
    origin = phase["id"].partition("-")[0]
    return {
        "phase_id": phase["id"],
        "formula": formula,
        "energy_ev_per_atom": energy + correction / len(structure),
        "raw_energy_ev_per_atom": energy,
        "correction_ev_per_atom": correction / len(structure),
        "correction_name": names,
        "energy_source": "MP O2 (PBE)" if formula == "O2" else "SevenNet-l3i5",
        "volume_a3_per_atom": float(phase["volume_a3_per_atom"]),
        "volume_source": "SevenNet-l3i5",
        "n_sites": int(phase["n_sites"]),
        "space_group": symbol,
        "space_group_number": number,
        "theoretical": {"c": 1, "mp": -1}.get(origin, 0),  # mp: a database entry, reported or not
        "structure": json.dumps(cell, separators=(",", ":")),
    }


def _sigma_classes(columns: dict[str, Any], scheme: str, out: Path) -> dict[str, dict[str, float]]:
    """Root-mean-square error per class of compounds, from the phases that have been measured."""
    energy = np.array(columns["raw_energy_ev_per_atom"])
    if scheme == "mp2020":
        energy = energy + np.array(columns["correction_ev_per_atom"])
    plain = {name: columns[name] for name in ("phase_id", "formula")}
    table = PhaseTable({**plain, "energy_ev_per_atom": energy}, Manifest(source=str(out), scheme=SCHEMES[scheme]))
    computed, measured = _lowest(table), _lowest(load_measured())
    per_oxygen = 3.0 * (computed["Li2O"] - measured["Li2O"])
    return rms_by_class(computed, measured, per_oxygen_ev=per_oxygen)


def _lowest(table: PhaseTable) -> dict[str, float]:
    energy = table.column("formation_energy_ev_per_atom")
    return {table.text("formula")[i]: float(energy[i]) for i in table.ground_states}


def verify_builtin() -> list[str]:
    """Rebuild the table from its inputs in memory and compare it with the embedded file.

    Returns
    -------
    list of str
        One line per disagreement; empty if the embedded file is what the inputs give.
    """
    manifest = Manifest.read(manifest_path(PARQUET))
    stored = read_parquet(PARQUET, manifest)
    columns, _, rebuilt = _assemble(RELAXED, PARQUET)
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
