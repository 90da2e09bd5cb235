"""From relaxed structures to a table of phases: corrections, space groups, facts, sigmas.

A *document* is what `licoat data build` writes and the embedded table is made from: JSON with the calculator, its
settings, and ``phases``: per phase ``id``, ``formula``, ``converged``, ``energy_raw_ev_per_atom``,
``volume_a3_per_atom``, ``structure``, and where they were computed the ``elastic`` moduli.
"""

import gzip
import json
import math
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from licoat.structures.chemistry.formula import formula_unit
from licoat.structures.crystals.crystal import Crystal
from licoat.structures.crystals.elastic_tensor import voigt_reuss_hill
from licoat.structures.crystals.symmetry import SYMMETRY_PRECISION_A, space_group
from licoat.structures.errors import InputFileError
from licoat.structures.phases.enrichment import fact_columns
from licoat.structures.phases.facts import polymorph_key
from licoat.structures.phases.levels import anchored_o2_ev_per_atom
from licoat.structures.phases.measured import load_measured
from licoat.structures.phases.observed import existence
from licoat.structures.phases.provenance import Manifest
from licoat.structures.phases.schemes import error_class, mp2020_correction, rms_by_class
from licoat.structures.phases.softness import ModulusError, modulus_error_of, modulus_errors
from licoat.structures.phases.table import PhaseTable
from licoat.structures.phases.text import TextColumn
from licoat.structures.publishing import published

if TYPE_CHECKING:
    from licoat.structures.crystals.calculator_spec import CalculatorSpec

__all__ = [
    "class_sigma",
    "classes_of",
    "computed_columns",
    "document_head",
    "energy_columns",
    "phase_columns",
    "read_document",
    "sigma_classes",
    "write_document",
]

_NEEDED = {"label", "corrections", "o2_energy_ev_per_atom", "relaxation", "calculator", "phases"}
_MODULI = ("bulk_modulus_gpa", "shear_modulus_gpa")


def read_document(path: Path) -> dict[str, Any]:
    """Read a document of relaxed phases, JSON or JSON.gz.

    Raises
    ------
    InputFileError
        If the file cannot be read or is something else.
    """
    try:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8") as stream:
            document = json.load(stream)
        for name in sorted(_NEEDED):
            _ = document[name]
        for phase in document["phases"]:
            _ = phase["id"], phase["formula"], phase["converged"], phase["structure"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, RecursionError, zlib.error) as error:
        raise InputFileError(
            f"{path}: cannot read relaxed phases ({error}); expected what `licoat data build` writes: JSON with "
            f"{', '.join(sorted(_NEEDED))}"
        ) from error
    return dict(document)


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document; the same content gives the same bytes, and the file appears whole or not at all."""
    text = json.dumps(document, indent=None, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    with published(path) as temporary:
        temporary.write_bytes(gzip.compress((text + "\n").encode(), mtime=0))


def computed_columns(document: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the columns of all converged phases, and what a manifest should say of how they came about.

    Parameters
    ----------
    document : mapping
        See `read_document`.

    Returns
    -------
    columns : dict
        As `PhaseTable` takes them; besides ``raw_energy_ev_per_atom``, ``correction_ev_per_atom`` and
        ``correction_name``. Gaps and moduli are published ones; computed moduli stand where none is published.
    details : dict
        ``not_converged`` (identifier to formula), ``duplicates_left_out``, ``left_out`` (identifier to reason),
        ``computed_moduli`` (their number), ``computed_modulus_errors`` (against published ones, see `softness`),
        calculator and settings.

    Raises
    ------
    InputFileError
        If no phase converged.
    """
    phases = sorted((p for p in document["phases"] if p["converged"]), key=lambda p: str(p["id"]))
    if not phases:
        raise InputFileError(f"none of {len(document['phases'])} phases converged: there is no table to make")
    rows, duplicates = _without_duplicates([phase_columns(phase, document) for phase in phases])
    elastic = {str(p["id"]): p["elastic"] for p in phases if p.get("elastic")}
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0]}
    columns |= fact_columns(columns["formula"], columns["space_group_number"], columns["polymorph"])
    errors = _modulus_errors(columns, elastic)
    _fill_moduli(columns, elastic, str(document["label"]), errors)
    return columns, {
        "calculator": document["calculator"],
        "relaxation": document["relaxation"],
        "elasticity": document.get("elasticity", {}),
        "o2_energy_ev_per_atom": document["o2_energy_ev_per_atom"],
        "symmetry_precision_a": SYMMETRY_PRECISION_A,
        "not_converged": {str(p["id"]): formula_unit(p["formula"]) for p in document["phases"] if not p["converged"]},
        "duplicates_left_out": duplicates,
        "left_out": document.get("left_out", {}),
        "computed_moduli": len(elastic),
        "computed_modulus_errors": {n: {c: e.to_dict() for c, e in found.items()} for n, found in errors.items()},
    } | ({"second": _second_level(columns, document["second"])} if document.get("second") else {})


def _second_level(columns: Mapping[str, Any], head: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a manifest says of the second level: its calculator, its phases, the energies of its references."""
    energies = columns["second_energy_ev_per_atom"]
    measured = load_measured()
    li2o = float(measured.column("formation_energy_ev_per_atom")[measured.rows_of("Li2O")[0]])
    return {
        "calculator": head["calculator"],
        "label": head["label"],
        "n_phases": sum(energy is not None for energy in energies),
        "o2_energy_ev_per_atom": anchored_o2_ev_per_atom(columns["formula"], energies, li2o),
        "o2_anchor": f"Li2O, measured formation enthalpy {li2o:.6f} eV per atom",
    }


def phase_columns(phase: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    """Return one row: energy with its correction, volume, space group, structure."""
    from pymatgen.core.structure import Structure

    crystal = Crystal.from_dict(phase["structure"], str(phase["id"]))
    formula = formula_unit(phase["formula"])
    reference = document["o2_energy_ev_per_atom"]
    own = formula != "O2" or reference is None
    energy = float(phase["energy_raw_ev_per_atom"]) if own else float(reference)
    correction, names = 0.0, ""
    if document["corrections"] == "mp2020":
        cell = Structure(crystal.lattice, list(crystal.species), crystal.frac_coords)
        total, names = mp2020_correction(cell, energy * len(crystal))
        correction = total / len(crystal)
    symbol, number = space_group(crystal.lattice, crystal.species, crystal.frac_coords)
    known = phase.get("known")
    return {
        "phase_id": str(phase["id"]),
        "formula": formula,
        "energy_ev_per_atom": energy + correction,
        "raw_energy_ev_per_atom": energy,
        "correction_ev_per_atom": correction,
        "correction_name": names,
        "second_energy_ev_per_atom": phase.get("second_energy_ev_per_atom"),
        "energy_source": str(document["label"]) if own else "MP O2 (PBE)",
        "volume_a3_per_atom": float(phase["volume_a3_per_atom"]),
        "volume_source": str(document["label"]),
        "n_sites": len(crystal),
        "space_group": symbol,
        "space_group_number": number,
        "polymorph": polymorph_key(formula, number, phase.get("start_space_group_number")),
        "theoretical": -1 if known is None else int(not known),
        "existence": existence(formula),
        "structure": json.dumps(crystal.to_dict(), separators=(",", ":")),
    }


def _without_duplicates(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Leave out phases that two start structures led to: same formula, space group, energy and volume.

    Kept is the lowest, but one that began as a recorded polymorph before one that did not: tenorite before what nobody
    has seen.

    Relaxations that stop at the same thresholds reach the same minimum to about 0.1 meV/atom and 0.1 % in volume.
    """
    kept: dict[tuple[str, int], list[dict[str, Any]]] = {}
    left_out = []
    for row in sorted(rows, key=lambda row: (not row["polymorph"], row["raw_energy_ev_per_atom"], row["phase_id"])):
        alike = kept.setdefault((row["formula"], row["space_group_number"]), [])
        if any(_same_minimum(row, other) for other in alike):
            left_out.append(row["phase_id"])
        else:
            alike.append(row)
    out = set(left_out)
    return [row for row in rows if row["phase_id"] not in out], sorted(left_out)


def _same_minimum(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    close = math.isclose(a["raw_energy_ev_per_atom"], b["raw_energy_ev_per_atom"], rel_tol=0.0, abs_tol=1.5e-4)
    return close and math.isclose(a["volume_a3_per_atom"], b["volume_a3_per_atom"], rel_tol=2e-3)


def _fill_moduli(
    columns: dict[str, Any],
    elastic: Mapping[str, Mapping[str, Any]],
    label: str,
    errors: Mapping[str, Mapping[str, ModulusError]],
) -> None:
    """Put computed moduli where none are published, also one alone: of senarmontite the bulk modulus is measured.

    They are corrected for the softness that published ones show. Their sigma is the error that is left then and, added
    in squares, half the distance of Voigt's and Reuss's bounds.
    """
    for i, phase_id in enumerate(columns["phase_id"]):
        found = elastic.get(phase_id)
        missing = [name for name in _MODULI if columns[name][i] is None]
        if found is None or not missing:
            continue
        known = {name: modulus_error_of(columns["formula"][i], errors[name]) for name in missing}
        factors = {name: 1.0 if error is None else error.factor for name, error in known.items()}
        for name in missing:
            columns[name][i] = round(float(found[name]) * factors[name], 2)
        distorted = ", of its distorted structure" if "distorted_ev_per_atom" in found else ""
        corrected = [f"{name.partition('_')[0]} x {x:.2f}" for name, x in factors.items() if x != 1.0]
        kind = f"{label}, corrected" if corrected else label
        source = f"{label}, strain-stress{distorted}" + (f", softness: {', '.join(corrected)}" if corrected else "")
        error = known[missing[-1]]  # that of the shear modulus, where both are computed
        sigma = None if error is None else math.hypot(error.sigma_percent, _spread_percent(found))
        if len(missing) < len(_MODULI):
            what = missing[0].partition("_")[0]
            kind = f"{kind} ({what}), {columns['elastic_kind'][i]}"
            source = f"{what}: {source}; {columns['elastic_source'][i]}"
            sigma = None if sigma is None else max(sigma, columns["elastic_sigma_percent"][i] or 0.0)
        columns["elastic_kind"][i], columns["elastic_source"][i] = kind, source
        columns["elastic_sigma_percent"][i] = None if sigma is None else round(sigma, 1)


def _spread_percent(elastic: Mapping[str, Any]) -> float:
    """Half the distance of the bounds of Voigt and Reuss on the shear modulus, relative to Hill's mean, in percent.

    The mean of a layered crystal such as LiC12 is no more than the middle of a wide interval.
    """
    moduli = voigt_reuss_hill(elastic["stiffness_gpa"])
    return 50.0 * (moduli.shear_voigt_gpa - moduli.shear_reuss_gpa) / moduli.shear_hill_gpa


def _modulus_errors(
    columns: Mapping[str, Any], elastic: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, ModulusError]]:
    """Compare computed moduli with the published ones of the same crystals; those of another polymorph are left out."""
    pairs: dict[str, list[tuple[str, float, float]]] = {name: [] for name in _MODULI}
    for i, phase_id in enumerate(columns["phase_id"]):
        if phase_id not in elastic or "polymorph" in columns["elastic_kind"][i]:
            continue
        for name in _MODULI:
            if columns[name][i] is not None:
                pairs[name].append((columns["formula"][i], float(elastic[phase_id][name]), columns[name][i]))
    return {name: modulus_errors(found) for name, found in pairs.items()}


def energy_columns(columns: dict[str, Any], classes: Mapping[str, Any], *, corrected: bool) -> dict[str, Any]:
    """Return columns with the energies of one scheme: the raw ones, or those with corrections, and their sigmas."""
    result = dict(columns)
    raw, correction = np.array(result.pop("raw_energy_ev_per_atom")), np.array(result.pop("correction_ev_per_atom"))
    result.pop("correction_name")
    result.pop("second_energy_ev_per_atom", None)
    result["energy_ev_per_atom"] = raw + correction if corrected else raw
    if classes:
        formulas = TextColumn.of(result["formula"])
        result["energy_sigma_ev_per_atom"] = formulas.each(lambda formula: class_sigma(formula, classes))
    return result


def class_sigma(formula: str, classes: Mapping[str, Mapping[str, float]]) -> float:
    """Sigma of a phase in eV/atom: that of its class, of the worst class if nothing of its class was measured."""
    name = error_class(formula)
    if name == "element":
        return 0.0  # the reference; its error is part of that of every compound
    found = classes.get(name)
    return found["rms_ev_per_atom"] if found else max(c["rms_ev_per_atom"] for c in classes.values())


def sigma_classes(columns: dict[str, Any], scheme: str, *, corrected: bool) -> dict[str, dict[str, float]]:
    """Root-mean-square error per class of compounds, from the phases that have been measured.

    Empty if the table lacks Li2O, whose error per oxygen is shared by all oxides.
    """
    return classes_of(energy_columns(columns, {}, corrected=corrected), scheme)


def classes_of(columns: Mapping[str, Any], scheme: str) -> dict[str, dict[str, float]]:
    """Root-mean-square error per class of compounds of columns on one energy scheme; see `sigma_classes`."""
    plain = {name: columns[name] for name in ("phase_id", "formula", "energy_ev_per_atom")}
    table = PhaseTable(plain, Manifest(source="computed", scheme=scheme))
    computed, measured = _lowest(table), _lowest(load_measured())
    if "Li2O" not in computed:
        return {}
    return rms_by_class(computed, measured, per_oxygen_ev=3.0 * (computed["Li2O"] - measured["Li2O"]))


def _lowest(table: PhaseTable) -> dict[str, float]:
    energy = table.column("formation_energy_ev_per_atom")
    return {table.text("formula")[i]: float(energy[i]) for i in table.ground_states}


def document_head(spec: "CalculatorSpec") -> dict[str, Any]:
    """Return what a document says of its calculator."""
    o2 = spec.o2_energy_ev_per_atom
    return {
        "calculator": spec.settings(),
        "label": spec.label,
        "corrections": spec.corrections,
        "o2_energy_ev_per_atom": None if math.isnan(o2) else o2,
    }
