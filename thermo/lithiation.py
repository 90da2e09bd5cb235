"""What becomes of an oxide on an anode metal: the equilibrium path, its end state and the staged path."""

from collections.abc import Iterable, Mapping

from licoat.structures.chemistry.anode import anode as anode_metal
from licoat.structures.chemistry.formula import formula_unit, formula_units, parse_formula
from licoat.structures.errors import MissingDataError
from licoat.structures.phases.table import PhaseTable, require_table
from licoat.thermo.end_state import end_state, named_products
from licoat.thermo.hull import Titration, titrate_many
from licoat.thermo.path import LithiationPath, Stage, change_sigma_ev
from licoat.thermo.polymorph import choice_reason, real_row
from licoat.thermo.reacting import chosen_phases

__all__ = ["lithiate", "lithiate_many"]

ANODE_COVERAGE = 0.1
"""A table is made for an anode metal if that has compounds with at least this share of the other elements."""


def lithiate(
    oxide: str,
    phases: PhaseTable,
    *,
    anode: str = "Li",
    phase_id: str | None = None,
    products: str | None = None,
    prefer: str | None = None,
) -> LithiationPath:
    """Let an oxide react with the anode metal to equilibrium.

    Parameters
    ----------
    oxide : str
        Any compound of the table.
    phases : PhaseTable
        Phases of one energy scheme; the hull is built of them.
    anode : str
        The anode metal; voltages count its ion's charge (Li, Na, K 1; Mg, Ca, Zn 2; Al 3).
    phase_id : str, optional
        Polymorph that reacts, if not the observed one.
    products : {"observed", "all"}, optional
        Which compositions may be products (see `PhaseTable.with_products`); the table's own choice without, which is
        ``observed``.
    prefer : {"best", "table"}, optional
        Whose heat and volumes (see `licoat.thermo.preference`); the table's own choice without.

    Returns
    -------
    LithiationPath

    Raises
    ------
    FormulaError
        If the formula cannot be read.
    MissingDataError
        If the oxide, an element or the anode metal is not in the table.
    InputTypeError
        If `phases` is no table.

    Notes
    -----
    The end state is the equilibrium with the *metal* (its chemical potential is 0), not the lowest energy
    per atom: for Sb2O3 it is Li3Sb + Li2O.

    Examples
    --------
    >>> from licoat.structures import load_phases
    >>> path = lithiate("Sb2O3", load_phases("builtin"))
    >>> path.final.equation
    'Sb2O3 + 12 Li -> 2 Li3Sb + 3 Li2O'
    """
    unit = formula_unit(oxide)
    chosen = {unit: phase_id} if phase_id is not None else {}
    return lithiate_many([unit], phases, anode=anode, phase_ids=chosen, products=products, prefer=prefer)[0]


def lithiate_many(
    oxides: str | Iterable[str],
    phases: PhaseTable,
    *,
    anode: str = "Li",
    phase_ids: Mapping[str, str] | None = None,
    products: str | None = None,
    prefer: str | None = None,
) -> list[LithiationPath]:
    """Let many oxides react; one hull per chemical system serves all its oxides (see `lithiate`).

    Parameters
    ----------
    oxides : str or iterable of str
        Compounds of the table; a bare text is one of them.
    phases : PhaseTable
    anode : str
    phase_ids : mapping of str to str, optional
        Formula to the polymorph that reacts, if not the observed one.
    products : {"observed", "all"}, optional
    prefer : {"best", "table"}, optional
        As for `lithiate`.

    Returns
    -------
    list of LithiationPath
        In the order of the oxides.

    Raises
    ------
    FormulaError
        If a formula cannot be read.
    MissingDataError
        If an oxide, an element or the anode metal is not in the table.
    InputTypeError
        If `phases` is no table or `phase_ids` no mapping.
    """
    check_anode(anode, phases)
    if products is not None:
        phases = phases.with_products(products)
    if prefer is not None:
        phases = phases.with_prefer(prefer)
    units = formula_units(oxides)
    chosen = chosen_phases(phase_ids)
    unused = sorted(set(chosen) - set(units))
    if unused:
        raise MissingDataError(f"a phase was chosen for {', '.join(unused)}, which is not among the oxides")
    rows = [real_row(phases, unit, chosen.get(unit)) for unit in units]
    paths = titrate_many(phases, units, anode)
    return [
        _path(phases.for_system({anode, *parse_formula(unit)}), row, titration, anode)
        for unit, row, titration in zip(units, rows, paths, strict=True)
    ]


def check_anode(anode: str, phases: PhaseTable) -> None:
    """Refuse an anode that is no battery metal, or that a large table knows next to nothing of.

    Raises
    ------
    MissingDataError
        With the reason.
    InputTypeError
        If `phases` is no table.
    """
    require_table(phases)
    anode_metal(anode)  # refuses what is none
    partners = phases.partners(anode)
    others = set(phases.symbols) - {anode}
    if anode not in phases.symbols or len(partners - {"O"}) < int(ANODE_COVERAGE * len(others - {"O"})):
        known = f"only with {', '.join(sorted(partners))}" if partners else "not at all"
        raise MissingDataError(
            f"anode {anode}: {phases.source} was not made for it (it knows compounds of {anode} {known}, with "
            f"{len(others)} other elements in the table), so the end states would be wrong; use a source that has them"
        )


def _path(phases: PhaseTable, row: int, titration: Titration, anode: str) -> LithiationPath:
    oxide, phase_id = phases.text("formula")[row], phases.text("phase_id")[row]
    charge = anode_metal(anode).charge
    products = [named_products(phases, *kink) for kink in titration.products]
    x, energy = titration.anode_atoms.tolist(), titration.energy_ev_per_fu.tolist()
    stages = []
    for k, potential in enumerate(titration.potential_ev.tolist()):
        sigma = change_sigma_ev(phases, products[k], products[k + 1])
        stages.append(
            Stage(
                anode_atoms_from=x[k],
                anode_atoms_to=x[k + 1],
                voltage_v=-potential / charge,
                energy_ev_per_fu=energy[k + 1] - energy[k],
                products=products[k + 1],
                voltage_sigma_v=None if sigma is None else sigma / ((x[k + 1] - x[k]) * charge),
            )
        )
    start_energy = float(phases.energy_ev_per_fu[row])
    final = end_state(phases, oxide, phase_id, titration, anode)
    return LithiationPath(
        oxide=oxide,
        phase_id=phase_id,
        phase_choice=choice_reason(phases, row),
        anode=anode,
        stages=tuple(stages),
        final=final,
        is_inert=not stages,
        decomposition_energy_ev_per_fu=min(energy[0] - start_energy, 0.0),
        hull_phases=titration.compositions,
        phases=phases,
    )
