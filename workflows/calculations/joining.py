"""Documents of relaxed phases put together, and a second level of theory on their relaxed geometries."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from licoat.structures.crystals.calculator_spec import CalculatorSpec
from licoat.structures.crystals.crystal import Crystal
from licoat.structures.errors import IncompatibleEnergiesError, InputFileError
from licoat.structures.phases.computed import document_head, read_document
from licoat.workflows.calculations.store import OK
from licoat.workflows.calculations.tasks import Run, SinglePointSettings, Task

__all__ = ["add_second_level", "join_documents"]

_ONE_LEVEL = ("label", "corrections", "o2_energy_ev_per_atom")


_SAME_EV_PER_ATOM = 2e-3
"""Two relaxations of one phase that end in one minimum differ by less."""


def join_documents(paths: Sequence[str | Path], without: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Put documents of relaxed phases together; of a phase in several the first that converged counts.

    If that one has no moduli, those of a later document are taken that relaxed to the same energy.

    Parameters
    ----------
    paths : sequence of str or Path
        Documents that `licoat data build --seeds` wrote, of one calculator; the first gives the settings.
    without : mapping of str to str, optional
        Phases to leave out, by identifier, and why; the document keeps that under ``left_out``.

    Returns
    -------
    dict
        See `licoat.structures.phases.computed`.

    Raises
    ------
    InputFileError
        If a document cannot be read, or a phase to leave out is in none.
    IncompatibleEnergiesError
        If two come from different calculators or corrections.
    """
    documents = [read_document(Path(path)) for path in paths]
    head = documents[0]
    for path, document in zip(paths, documents, strict=True):
        if any(document[name] != head[name] for name in _ONE_LEVEL):
            raise IncompatibleEnergiesError(
                f"{path}: energies of {document['label']}, {paths[0]} holds {head['label']}: one table needs one level"
            )
    phases: dict[str, dict[str, Any]] = {}
    for document in documents:
        for phase in document["phases"]:
            kept = phases.get(str(phase["id"]))
            if kept is None or (phase["converged"] and not kept["converged"]):
                phases[str(phase["id"])] = phase
            elif "elastic" in phase and "elastic" not in kept and _same(phase, kept):
                phases[str(phase["id"])] = kept | {"elastic": phase["elastic"]}
    reasons = dict(without or {})
    if strange := sorted(reasons.keys() - phases.keys()):
        raise InputFileError(f"no phase {strange[0]!r} in these documents, so it cannot be left out")
    left_out = {name: why for d in documents for name, why in d.get("left_out", {}).items()} | {
        name: f"{phases.pop(name)['formula']}: {why}" for name, why in reasons.items()
    }
    second = next((d["second"] for d in documents if d.get("second")), None)
    more = {"second": second, "left_out": left_out}
    return head | {"phases": [phases[name] for name in sorted(phases)]} | {k: v for k, v in more.items() if v}


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether two converged records of a phase are of one minimum."""
    if not (one["converged"] and other["converged"]):
        return False
    energies = (float(one["energy_raw_ev_per_atom"]), float(other["energy_raw_ev_per_atom"]))
    return math.isclose(*energies, rel_tol=0.0, abs_tol=_SAME_EV_PER_ATOM)


def add_second_level(document: dict[str, Any], spec: CalculatorSpec, run: Run) -> dict[str, str]:
    """Compute single points with another calculator at the relaxed geometries and put them into the document.

    Parameters
    ----------
    document : dict
        Gets ``second`` (the calculator) and per phase ``second_energy_ev_per_atom``. Those that are there stay.
    spec : CalculatorSpec
    run : callable
        Takes tasks and their kind, returns their records by key.

    Returns
    -------
    dict of str to str
        What failed and why, by identifier.

    Raises
    ------
    InputFileError
        If the document has a second level of another calculator.
    """
    head = document_head(spec)
    if document.get("second", head)["label"] != head["label"]:
        raise InputFileError(f"the document has a second level by {document['second']['label']}, not {head['label']}")
    waiting = [p for p in document["phases"] if p["converged"] and p.get("second_energy_ev_per_atom") is None]
    tasks = {str(p["id"]): _task(p, spec) for p in waiting}
    records = run(tasks.values(), "single points")
    failures = {}
    for phase in waiting:
        record = records.get(tasks[str(phase["id"])].key)
        if record is not None and record["status"] == OK:
            phase["second_energy_ev_per_atom"] = round(record["result"]["energy_ev_per_atom"], 6)
        else:
            failures[str(phase["id"])] = "not begun" if record is None else str(record["reason"])
    document["second"] = head
    return failures


def _task(phase: Mapping[str, Any], spec: CalculatorSpec) -> Task:
    crystal = Crystal.from_dict(phase["structure"], str(phase["id"]))
    return Task.of(str(phase["id"]), crystal, spec, SinglePointSettings())
