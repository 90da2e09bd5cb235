"""Documents of relaxed phases put together, and a second level of theory on their relaxed geometries."""

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


def join_documents(paths: Sequence[str | Path]) -> dict[str, Any]:
    """Put documents of relaxed phases together; of a phase in several the first that converged counts.

    Parameters
    ----------
    paths : sequence of str or Path
        Documents that `licoat data build --seeds` wrote, of one calculator; the first gives the settings.

    Returns
    -------
    dict
        See `licoat.structures.phases.computed`.

    Raises
    ------
    InputFileError
        If a document cannot be read.
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
    second = next((d["second"] for d in documents if d.get("second")), None)
    joined = head | {"phases": [phases[name] for name in sorted(phases)]}
    return joined if second is None else joined | {"second": second}


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
