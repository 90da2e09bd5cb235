"""Which phase of a formula reacts, and whose volume, gap and moduli a product has.

The polymorph that a powder or a product really is at room temperature, where the table has it (it says so, or its
space group is that of the recorded default polymorph); else the lowest in energy. The hull itself always uses
the lowest: PBE-type energies of polymorphs differ by some 10 meV/atom and often in the wrong order, their
volumes by up to 30 %.
"""

import math

from licoat.structures.chemistry.formula import formula_unit, parse_formula
from licoat.structures.errors import MissingDataError, shortened
from licoat.structures.phases.facts import (
    ObservedPhase,
    observed_phase,
    observed_phases,
    polymorphs,
    same_space_group,
)
from licoat.structures.phases.table import PhaseTable

__all__ = ["choice_reason", "has_energy", "measured_polymorph", "polymorph_row", "real_row", "with_energy"]


def real_row(phases: PhaseTable, formula: str, phase_id: str | None = None) -> int:
    """Return the row of the phase that stands for a formula.

    Parameters
    ----------
    phases : PhaseTable
        All phases.
    formula : str
        Formula unit.
    phase_id : str, optional
        The caller's own choice.

    Raises
    ------
    MissingDataError
        If the table has no phase of the formula with an energy, or the chosen one is another compound.
    """
    if phase_id is not None:
        row = phases.index_of(phase_id)
        if phases.text("formula")[row] != formula_unit(formula):
            raise MissingDataError(
                f"phase {phase_id!r} of {phases.source} is {phases.text('formula')[row]}, not {formula_unit(formula)}"
            )
        if math.isnan(phases.column("formation_energy_ev_per_atom")[row]):
            raise MissingDataError(f"phase {phase_id!r} of {phases.source} has no energy")
        return row
    rows = with_energy(phases, formula)
    if len(rows) == 1:
        return rows[0]
    return _first(phases, rows, observed_phase(formula))


def polymorph_row(phases: PhaseTable, formula: str, key: str) -> int:
    """Return the row of a recorded polymorph, of the lowest phase of its formula where the table lacks it.

    Parameters
    ----------
    phases : PhaseTable
    formula : str
        Formula unit.
    key : str
        Of `observed_phases`, such as ``Sb2O3-s``.

    Raises
    ------
    MissingDataError
        If the table has no phase of the formula with an energy.
    """
    return _first(phases, with_energy(phases, formula), observed_phases().get(key))


def _first(phases: PhaseTable, rows: list[int], polymorph: ObservedPhase | None) -> int:
    """Return the first of some rows, lowest energy first, that is a polymorph; else the first."""
    if polymorph is None:
        return rows[0]
    if polymorph.key in phases and phases.index_of(polymorph.key) in rows:
        return phases.index_of(polymorph.key)  # a table that uses the same keys
    return next((row for row in rows if _is(phases, row, polymorph)), rows[0])


def _is(phases: PhaseTable, row: int, polymorph: ObservedPhase) -> bool:
    number = int(phases.integers("space_group_number")[row])
    return phases.text("polymorph")[row] == polymorph.key or same_space_group(number, polymorph.space_group_number)


def with_energy(phases: PhaseTable, formula: str) -> list[int]:
    """Return the rows of a formula that have an energy, lowest first.

    Raises
    ------
    MissingDataError
        If there is none; it names the ways out and the nearest compositions.
    """
    energy = phases.column("formation_energy_ev_per_atom")
    rows = phases.rows_of(formula)
    known = [row for row in rows if not math.isnan(energy[row])]
    if not known:
        what = "has no energy" if rows else "is not"
        raise MissingDataError(
            f"{formula_unit(formula)} {what} in {shortened(phases.source, 60)} ({len(phases)} phases); ways out: a "
            "table or entries of your own (--source FILE; docs/files.md), 'licoat data fetch', screen --add FILE"
            f"{_nearest(phases, formula_unit(formula))}"
        )
    return known


def has_energy(phases: PhaseTable, formula: str) -> bool:
    """Say whether a formula has a phase with an energy; cheaper than to ask for it and be refused."""
    energy = phases.column("formation_energy_ev_per_atom")
    return any(not math.isnan(energy[row]) for row in phases.rows_of(formula))


def _nearest(phases: PhaseTable, formula: str) -> str:
    """Name the compositions of a table that are most like a formula; nothing if none has its elements."""
    wanted = parse_formula(formula)
    total = sum(wanted.values())
    found = []
    for other in phases.formulas:
        counts = parse_formula(other)
        if other != formula and len(counts) > 1 and (set(counts) <= set(wanted) or set(wanted) <= set(counts)):
            atoms = sum(counts.values())
            off = sum(abs(counts.get(s, 0) / atoms - wanted.get(s, 0) / total) for s in {*counts, *wanted})
            found.append((off, other))
    return f"; nearest there: {', '.join(other for _, other in sorted(found)[:3])}" if found else ""


def choice_reason(phases: PhaseTable, row: int) -> str:
    """Say in words why this phase stands for its formula."""
    by_itself = real_row(phases, phases.text("formula")[row])
    if row == by_itself:
        return _reason(phases, row)
    return f"chosen; by itself {phases.text('phase_id')[by_itself]} would react: {_reason(phases, by_itself)}"


def _reason(phases: PhaseTable, row: int) -> str:
    """Say why `real_row` takes this phase."""
    formula = phases.text("formula")[row]
    default = observed_phase(formula)
    others = len(phases.rows_of(formula)) - 1
    if default is not None:
        number = int(phases.integers("space_group_number")[row])
        if default.key == phases.text("phase_id")[row] or _is(phases, row, default):
            name = default.name or default.space_group
            lost = number > 0 and not same_space_group(number, default.space_group_number)
            relaxed = f", which this method relaxes to {phases.text('space_group')[row]}" if lost else ""
            return f"observed at room temperature ({name}{relaxed})"
        if number < 1:
            return "lowest in energy (structure unknown)" if others else "the only phase (structure unknown)"
        name = default.name or default.space_group
        return f"{'lowest in energy' if others else 'the only phase'}; the observed {name} is not in the table"
    return "lowest in energy" if others else "the only phase"


def measured_polymorph(phases: PhaseTable, row: int) -> ObservedPhase | None:
    """Return the measured polymorph that a phase is, None if it is none that was measured.

    That which the table says or its space group tells; the one that exists at room temperature for the phase that
    stands for it (`real_row`).
    """
    formula = phases.text("formula")[row]
    default = observed_phase(formula)
    if default is None:
        return None
    known = phases.text("polymorph")[row]
    for phase in (default, *polymorphs(formula)):
        if phase.key == known if known else _is(phases, row, phase):
            return phase
    return default if row == real_row(phases, formula) else None
