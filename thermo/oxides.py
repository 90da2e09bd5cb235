"""Which oxides of a table are worth asking about: solids that exist, near their own hull without the anode metal."""

from collections.abc import Sequence

import numpy as np

from licoat.structures.chemistry.formula import atoms_per_formula_unit, element_set, parse_formula
from licoat.structures.errors import MissingDataError
from licoat.structures.phases.observed import NO_COATING
from licoat.structures.phases.table import PhaseTable, require_table
from licoat.thermo.hull import titrate_many
from licoat.thermo.path import LithiationPath

__all__ = [
    "HULL_CUTOFF_EV_PER_ATOM",
    "above_hull",
    "can_be_screened",
    "default_oxides",
    "no_coating",
    "polymorph_ev_per_atom",
    "without_oxygen",
]

HULL_CUTOFF_EV_PER_ATOM = 0.05
"""Binary oxides further above their hull are not screened by default."""


def default_oxides(phases: PhaseTable, anode: str = "Li") -> tuple[list[str], dict[str, str]]:
    """Return the binary oxides of a table that are screened by default.

    Parameters
    ----------
    phases : PhaseTable
    anode : str
        Oxides of the anode metal are left out.

    Returns
    -------
    chosen : list of str
        Formulas of solids that have been made and whose lowest phase is within 50 meV/atom of its hull.
    left_out : dict of str to str
        The others, with the reason.

    Raises
    ------
    InputTypeError
        If `phases` is no table.
    """
    require_table(phases)
    not_converged = phases.manifest.details.get("not_converged", {}).values()
    chosen: list[str] = []
    left_out = {f: "its relaxation did not converge" for f in not_converged if f not in phases.formulas}
    binary = [f for f in phases.formulas if len(atoms := parse_formula(f)) == 2 and "O" in atoms and anode not in atoms]
    for formula in binary:
        if reason := no_coating(phases, formula):
            left_out[formula] = reason
            continue
        try:
            distance = above_hull([formula], phases, anode)[0]
        except MissingDataError as error:
            left_out[formula] = str(error)
            continue
        if distance <= HULL_CUTOFF_EV_PER_ATOM:
            chosen.append(formula)
        else:
            left_out[formula] = (
                f"{1000 * distance:.0f} meV/atom above its hull (more than {1000 * HULL_CUTOFF_EV_PER_ATOM:.0f})"
            )
    return chosen, left_out


def no_coating(phases: PhaseTable, formula: str) -> str:
    """Say why a composition of the table is no powder that somebody could coat with, empty if it may be one.

    Raises
    ------
    FormulaError
        If the formula cannot be read.
    """
    row = phases.rows_of(formula)[0]
    state, existence = phases.text("state")[row], phases.text("existence")[row]
    if state in NO_COATING:
        return NO_COATING[state]
    if existence == "high_pressure":
        return "made at high pressure only"
    if existence == "disputed":
        return "its existence is disputed"
    if phases.observed[row] == 0 and existence != "high_temperature":  # quenched powders are sold: wuestite
        return "predicted only: nobody has made it, as far as the source knows"
    return ""


def can_be_screened(formula: str, anode: str = "Li") -> bool:
    """Say whether a compound is an oxide that could react: with oxygen, another element, and no anode metal.

    Raises
    ------
    FormulaError
        If the formula cannot be read.
    """
    atoms = parse_formula(formula)
    return "O" in atoms and len(atoms) > 1 and anode not in atoms


def without_oxygen(formulas: Sequence[str]) -> list[str]:
    """Return those that are no oxides; they can react, but a screen judges them by what holds for oxides."""
    return [formula for formula in formulas if "O" not in element_set(formula)]


def above_hull(formulas: str | Sequence[str], phases: PhaseTable, anode: str) -> list[float]:
    """Distance of the lowest phase of each formula from its hull without the anode metal, eV/atom.

    Raises
    ------
    FormulaError, InputTypeError
        If a formula cannot be read or `phases` is no table.
    MissingDataError
        If a formula or an element of it has no energy in the table.
    """
    formulas = [formulas] if isinstance(formulas, str) else formulas
    paths = titrate_many(phases, formulas, anode)
    found = []
    for formula, path in zip(formulas, paths, strict=True):
        rows = phases.rows_of(formula)
        level = phases.for_system({anode, *parse_formula(formula)})
        lowest = float(level.energy_ev_per_fu[level.rows_of(formula)[0]]) if rows else float("nan")
        if np.isnan(lowest):
            raise MissingDataError(f"{formula} has no energy in {phases.source}")
        found.append(max(0.0, (lowest - float(path.energy_ev_per_fu[0])) / atoms_per_formula_unit(formula)))
    return found


def polymorph_ev_per_atom(path: LithiationPath) -> float:
    """Return how far the phase that reacts is above the lowest of its formula."""
    phases = path.phases
    energy = phases.column("formation_energy_ev_per_atom")
    return float(energy[phases.index_of(path.phase_id)] - energy[phases.rows_of(path.oxide)[0]])
