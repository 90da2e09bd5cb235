"""Relax structure files: what ``licoat relax`` does."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from licoat.structures.crystals.calculator_spec import CalculatorSpec
from licoat.structures.crystals.crystal import MAX_ATOMS
from licoat.structures.crystals.elasticity import ElasticConstants, ElasticSettings
from licoat.structures.crystals.relaxation import Relaxation, RelaxationSettings
from licoat.structures.crystals.structure_files import NamedCrystal, read_crystals
from licoat.structures.crystals.symmetry import space_group
from licoat.structures.publishing import published
from licoat.structures.rendering import brief
from licoat.workflows.calculations.saddles import LOWER_EV_PER_ATOM, descend
from licoat.workflows.calculations.store import OK, Store
from licoat.workflows.calculations.tasks import OpenEngine, Progress, Task, run_tasks

__all__ = ["RelaxedFile", "relax_files", "result_name"]


@dataclass(frozen=True, slots=True)
class RelaxedFile:
    """What came of one structure file.

    Attributes
    ----------
    file : str
    formula : str
        Formula unit.
    calculator, scheme : str
        Name of the calculator, and of its energies as it gives them.
    relaxation : Relaxation or None
        None if the calculator failed.
    elastic : ElasticConstants or None
        None if not asked for or not obtained.
    reason : str
        Why there is no result, empty if there is.
    displaced_change_ev_per_atom : float or None
        What displacing the relaxed structure and relaxing it again changed, see `calculations.saddles`; if it
        is below -0.001 the lower structure stands here. None if not asked for or not converged.
    name : str
        Name of the structure: that of the file, or of several in one file its own; ``--out`` names its CIF so.
    """

    file: str
    formula: str
    calculator: str
    scheme: str
    relaxation: Relaxation | None
    elastic: ElasticConstants | None
    reason: str
    displaced_change_ev_per_atom: float | None = None
    name: str = ""

    def __repr__(self) -> str:
        return brief(self, f"{self.file} {self.formula} with {self.calculator}: {self.reason or self.relaxation}")

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary; energies of what did not converge are left out."""
        found = {name: getattr(self, name) for name in ("file", "name", "formula", "calculator", "scheme", "reason")}
        found["converged"] = self.relaxation is not None and self.relaxation.converged
        if self.relaxation is not None:
            found |= self.relaxation.to_dict() | {"reason": self.reason}
            found["space_group"] = self.space_group
            if not self.relaxation.converged:
                found["energy_ev_per_atom"] = None
        if self.displaced_change_ev_per_atom is not None:
            found["displaced_change_ev_per_atom"] = self.displaced_change_ev_per_atom
        if self.elastic is not None:
            found["elastic"] = self.elastic.to_dict()
            found["bulk_modulus_gpa"] = self.elastic.bulk_modulus_gpa
            found["shear_modulus_gpa"] = self.elastic.shear_modulus_gpa
        return found

    @property
    def space_group(self) -> str:
        """International symbol of the relaxed structure, empty if there is none."""
        if self.relaxation is None:
            return ""
        crystal = self.relaxation.crystal
        return space_group(crystal.lattice, crystal.species, crystal.frac_coords)[0]

    def write(self, folder: Path) -> Path | None:
        """Write the relaxed structure as CIF; nothing if it did not converge."""
        if self.relaxation is None or not self.relaxation.converged:
            return None
        from pymatgen.core.structure import Structure
        from pymatgen.io.cif import CifWriter

        crystal = self.relaxation.crystal
        path = folder / f"{self.name or Path(self.file).stem}.cif"
        cell = Structure(crystal.lattice, list(crystal.species), crystal.frac_coords)
        with published(path) as temporary:
            temporary.write_text(str(CifWriter(cell)), encoding="utf-8")
        return path


def result_name(item: NamedCrystal) -> str:
    """Return the name of a structure as the name of a file: what a folder or a shell would take otherwise is ``_``."""
    return re.sub(r"[^\w.+=,@ ()-]", "_", item.name).lstrip(".")[:120] or "structure"


def relax_files(  # noqa: PLR0913 - keyword-only options of the command
    files: Sequence[str | Path | NamedCrystal],
    spec: CalculatorSpec,
    *,
    store: Store,
    open_engine: OpenEngine,
    settings: RelaxationSettings = RelaxationSettings(),  # noqa: B008 - frozen
    displace: bool = False,
    elastic: bool = False,
    elasticity: ElasticSettings = ElasticSettings(),  # noqa: B008 - frozen
    max_atoms: int = MAX_ATOMS,
    retry_failed: bool = False,
    window: int = 8,
    try_calculator: bool = True,
    progress: Progress | None = None,
) -> list[RelaxedFile]:
    """Relax structure files, with elastic constants of what converged if asked for.

    Parameters
    ----------
    files : sequence of str, Path or NamedCrystal
        Structure files, or structures that were read from some. All are read and checked before the first is
        computed; a file with several structures gives several.
    spec : CalculatorSpec
    store : Store
        Where calculations are kept, so that the same one is not done again.
    open_engine : callable
        See `licoat.workflows.calculations.engines.open_engine`.
    settings, elasticity
        Thresholds and limits.
    displace : bool
        Displace what converged and relax it again; the lower one counts.
    elastic : bool
        Also compute elastic constants.
    max_atoms : int
        Largest cell.
    retry_failed : bool
        Compute again what failed before.
    window : int
        Calculations sent out at a time.
    try_calculator : bool
        Make the calculator here before anything is sent out; not for workers on machines with other devices.
    progress : callable, optional
        Called with the kind of calculation, the numbers done, failed, and all.

    Returns
    -------
    list of RelaxedFile
        One per structure, in their order; with a reason where there is no result.

    Raises
    ------
    InputFileError
        If a file cannot be used.
    CalculatorError
        If the calculator cannot be made.
    """
    items = [
        item
        for file in files
        for item in ([file] if isinstance(file, NamedCrystal) else read_crystals(file, max_atoms=max_atoms))
    ]

    run = partial(
        run_tasks, store=store, open_engine=open_engine, window=window, retry_failed=retry_failed, progress=progress
    )
    tasks = [Task.of(item.where, item.crystal, spec, settings) for item in items]
    known = [store.get(task.key) for task in tasks]
    remembered = {t.key for t, r in zip(tasks, known, strict=True) if r and r["status"] != OK and not retry_failed}
    if try_calculator and any(r is None or (retry_failed and r["status"] != OK) for r in known):
        spec.make()  # one that cannot be made is said once, not once per file
    first = run(tasks, "relaxing")
    descents = descend(first, tasks, run) if displace else {}
    records = {**first, **{key: descent.record for key, descent in descents.items()}}
    relaxed = [Relaxation.from_dict(r) if (r := records[task.key]["result"]) else None for task in tasks]
    further = {
        i: Task.of(items[i].where, found.crystal, spec, elasticity)
        for i, found in enumerate(relaxed)
        if elastic and found is not None and records[tasks[i].key]["status"] == OK
    }
    moduli = run(list(further.values()), "elastic constants") if further else {}
    result = []
    for i, task in enumerate(tasks):
        reason, constants = str(records[task.key]["reason"]), None
        if task.key in remembered:
            reason += " (of an earlier run; --retry-failed computes it again)"
        descent = descents.get(task.key)
        if descent is not None and descent.reason:
            reason = f"displaced: {descent.reason}"
        if i in further:
            record = moduli[further[i].key]
            constants = ElasticConstants.from_dict(record["result"]) if record["result"] else None
            reason = f"elastic constants: {record['reason']}" if record["reason"] else reason
        result.append(
            RelaxedFile(
                items[i].where,
                items[i].crystal.formula,
                spec.name,
                spec.scheme("none"),
                relaxed[i],
                constants,
                reason,
                descent.change_ev_per_atom if descent is not None else None,
                result_name(items[i]),
            )
        )
    return result


def relaxed_rows(relaxed: Sequence[RelaxedFile]) -> list[list[str]]:
    """Return the cells of a table for people: one row per file."""
    rows = []
    for item in relaxed:
        found = item.relaxation
        if found is None or not found.converged:
            rows.append([item.file, item.formula, "", "", "", "", "", "", item.reason])
            continue
        change = 100.0 * (found.volume_a3_per_atom / found.volume_start_a3_per_atom - 1.0)
        moduli = [item.elastic.bulk_modulus_gpa, item.elastic.shear_modulus_gpa] if item.elastic else [None, None]
        rows.append(
            [
                item.file,
                item.formula,
                f"{found.energy_ev_per_atom:.4f}",
                f"{found.volume_a3_per_atom:.3f}",
                f"{change:+.1f}",
                item.space_group,
                *("" if m is None else f"{m:.1f}" for m in moduli),
                item.reason or f"converged in {found.steps} steps{_descent(item.displaced_change_ev_per_atom)}",
            ]
        )
    return rows


def _descent(change_ev_per_atom: float | None) -> str:
    """Say what displacing did."""
    if change_ev_per_atom is None:
        return ""
    if change_ev_per_atom < -LOWER_EV_PER_ATOM:
        return f"; left a saddle point, {change_ev_per_atom:.3f} eV/atom"
    return "; a minimum also when displaced"
