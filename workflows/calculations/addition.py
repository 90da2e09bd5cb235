"""Add a phase of one's own to a table: relaxed on the table's own energy scheme, then one of its phases."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from licoat.structures.chemistry.formula import element_set, parse_formula
from licoat.structures.crystals.calculator_spec import CalculatorSpec
from licoat.structures.crystals.calculators import calculator_spec
from licoat.structures.crystals.crystal import MAX_ATOMS
from licoat.structures.crystals.relaxation import RelaxationSettings
from licoat.structures.crystals.structure_files import read_crystals
from licoat.structures.errors import (
    IncompatibleEnergiesError,
    InputFileError,
    MissingDataError,
    NotConvergedError,
    shown,
)
from licoat.structures.phases.builtin import SCHEMES, SECOND_LEVEL, load_builtin, two_levels
from licoat.structures.phases.computed import class_sigma, document_head, phase_columns
from licoat.structures.phases.enrichment import fact_columns
from licoat.structures.phases.merging import joined, require_one_level
from licoat.structures.phases.table import PhaseTable
from licoat.workflows.calculations.dataset import phase_record
from licoat.workflows.calculations.joining import add_second_level
from licoat.workflows.calculations.saddles import descend
from licoat.workflows.calculations.store import FAILED, Store
from licoat.workflows.calculations.tasks import OpenEngine, Progress, Run, Task, run_tasks

__all__ = ["add_structures"]


def add_structures(  # noqa: PLR0913 - keyword-only options of the command
    phases: PhaseTable,
    files: Sequence[str | Path],
    spec: CalculatorSpec,
    *,
    store: Store,
    open_engine: OpenEngine,
    settings: RelaxationSettings = RelaxationSettings(),  # noqa: B008 - frozen
    displace: bool = False,
    max_atoms: int = MAX_ATOMS,
    window: int = 8,
    progress: Progress | None = None,
) -> tuple[PhaseTable, tuple[str, ...]]:
    """Relax structures and join them to a table of the same energy scheme.

    Parameters
    ----------
    phases : PhaseTable
    files : sequence of str or Path
        Structure files; a phase is named by its file's stem, or of several in one file by its own name.
    spec : CalculatorSpec
        Calculator whose energies are those of the table.
    store : Store
        Where relaxations are kept, so that the same one is not done again.
    open_engine : callable
        See `licoat.workflows.calculations.engines.open_engine`.
    settings : RelaxationSettings
    displace : bool
        Displace the relaxed structures and relax them again, see `calculations.saddles`; the lower one counts.
    max_atoms : int
        Largest cell.
    window : int
        Relaxations sent out at a time.
    progress : callable, optional
        Called with the kind of calculation, the numbers done, failed, and all.

    Returns
    -------
    table : PhaseTable
        The table with the new phases.
    phase_ids : tuple of str
        Of the new phases, in the order of the files and of the structures in them.

    Raises
    ------
    InputFileError
        If a structure file cannot be used, or two files or a file and a phase have one name.
    IncompatibleEnergiesError
        If the calculator's energies are not on the table's scheme.
    MissingDataError
        If a structure holds an element of which the table has no phase.
    NotConvergedError
        If a relaxation failed; nothing is added then.
    """
    first, second = _levels(phases)
    corrections = first.scheme.partition("/")[2]
    if spec.scheme(corrections) != first.scheme:
        raise IncompatibleEnergiesError(
            f"calculator {spec.name} gives energies of scheme {spec.scheme(corrections)!r}, {phases.source} has "
            f"{first.scheme!r}: one hull needs one scheme"
        )
    items = [item for file in files for item in read_crystals(file, max_atoms=max_atoms)]
    names = [item.name for item in items]
    for i, item in enumerate(items):
        if item.name in phases or item.name in names[:i]:
            raise InputFileError(f"{item.where}: there is a phase {shown(item.name)} already; rename the file")
        crystal = item.crystal
        strange = sorted(element_set(crystal.formula) - set(phases.symbols))
        if strange:
            raise MissingDataError(
                f"{item.where}: {crystal.formula} holds {', '.join(strange)}, of which {phases.source} has no phase, "
                "so it has no formation energy there; `licoat data build` makes a table with further elements"
            )
    tasks = [Task.of(item.name, item.crystal, spec, settings) for item in items]
    run = partial(run_tasks, store=store, open_engine=open_engine, window=window, retry_failed=True, progress=progress)
    records = _relaxed(tasks, run, displace=displace)
    head = document_head(spec)
    if corrections == "none":
        head["corrections"] = "none"
    rows = []
    for item, task in zip(items, tasks, strict=True):
        record = phase_record(task.name, task.crystal, records[task.key])
        if not record["converged"]:
            raise NotConvergedError(f"{item.where}: cannot be added: {record['reason']}")
        rows.append(phase_columns(record, head))
    table = _joined(first, rows)
    if second is not None:
        higher = _second_level([phase_record(t.name, t.crystal, records[t.key]) for t in tasks], rows, spec, run)
        table = two_levels(table, _joined(second, higher), phases.scheme)
    return table.with_products(phases.products).with_prefer(phases.prefer), tuple(names)


def _levels(phases: PhaseTable) -> tuple[PhaseTable, PhaseTable | None]:
    """Return the tables to which phases are added: of the embedded table in two levels of theory, both."""
    if not phases.has_two_levels:
        return phases, None
    first, second = load_builtin("mp2020"), load_builtin("r2scan")
    if phases.source != first.source or len(phases) != len(first):
        require_one_level(phases)
    return first, second


def _second_level(
    relaxed: list[dict[str, Any]], rows: Sequence[Mapping[str, Any]], spec: CalculatorSpec, run: Run
) -> list[dict[str, Any]]:
    """Return the rows with energies of the second level, single points at the relaxed geometries.

    Raises
    ------
    NotConvergedError
        If one failed.
    """
    document: dict[str, Any] = {"phases": relaxed}
    second = calculator_spec(SECOND_LEVEL, device=spec.device)
    failures = add_second_level(document, second, run)
    for name, reason in failures.items():
        raise NotConvergedError(f"{name}: no energy by {SECOND_LEVEL}: {reason}; --scheme mp2020 needs none")
    return [
        {**row, "energy_ev_per_atom": phase["second_energy_ev_per_atom"], "energy_source": second.label}
        for row, phase in zip(rows, document["phases"], strict=True)
    ]


def _relaxed(tasks: Sequence[Task], run: Run, *, displace: bool) -> dict[str, dict[str, Any]]:
    """Relax, and displaced once more if asked for; a second relaxation that failed is a failure."""
    records = dict(run(tasks, "relaxing"))
    for key, descent in (descend(records, tasks, run) if displace else {}).items():
        records[key] = descent.record | ({"status": FAILED, "reason": descent.reason} if descent.reason else {})
    return records


def _joined(phases: PhaseTable, rows: Sequence[Mapping[str, Any]]) -> PhaseTable:
    """Add new rows to a table, with formation energies against its elements."""
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in rows[0]}
    columns |= fact_columns(columns["formula"], columns["space_group_number"])
    short = {name: key for key, name in SCHEMES.items()}.get(phases.scheme, phases.scheme.rpartition("/")[2])
    classes = phases.manifest.details.get("sigma_ev_per_atom", {}).get(short)
    if classes:
        columns["energy_sigma_ev_per_atom"] = [class_sigma(formula, classes) for formula in columns["formula"]]
    reference = {
        symbol: float(phases.column("energy_ev_per_atom")[phases.rows_of(symbol)[0]]) for symbol in phases.symbols
    }
    columns["formation_energy_ev_per_atom"] = [
        energy - _reference(formula, reference)
        for energy, formula in zip(columns["energy_ev_per_atom"], columns["formula"], strict=True)
    ]
    source = f"added:{'+'.join(columns['phase_id'])}"
    return joined(phases, columns, source, {"relaxed": columns["phase_id"], "scheme": phases.scheme})


def _reference(formula: str, reference: Mapping[str, float]) -> float:
    counts = parse_formula(formula)
    return sum(n * reference[symbol] for symbol, n in counts.items()) / sum(counts.values())
