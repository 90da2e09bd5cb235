"""Compute the quantities of a balanced reaction; `licoat.thermo.reaction` defines them."""

import math
from collections.abc import Mapping
from fractions import Fraction

from licoat.structures.chemistry.anode import anode as anode_metal
from licoat.structures.chemistry.formula import formula_unit, molar_mass_g, parse_formula
from licoat.structures.chemistry.units import EV_TO_KJ_PER_MOL, TNT_MJ_PER_KG, ev_per_a3_to_gj_per_m3, ev_to_mj_per_kg
from licoat.structures.errors import MissingDataError, require
from licoat.structures.phases.measured import load_measured
from licoat.structures.phases.table import PhaseTable, require_table
from licoat.thermo.balance import parse_equation, write_equation
from licoat.thermo.polymorph import real_row, with_energy
from licoat.thermo.preference import COMPUTED, MEASURED, Energy, Volume, preferred_energy, volume_of
from licoat.thermo.reaction import Reaction, Species

__all__ = ["build_reaction", "chosen_phases", "no_reaction", "react"]


def react(
    equation: str,
    phases: PhaseTable,
    *,
    anode: str = "Li",
    phase_ids: Mapping[str, str] | None = None,
    prefer: str | None = None,
) -> Reaction:
    """Compute any reaction that the user writes down.

    Parameters
    ----------
    equation : str
        For example ``Sb2O3 + Li -> Li3Sb + Li2O``; see `licoat.thermo.balance.parse_equation`.
    phases : PhaseTable
        Where the energies, volumes, gaps and moduli come from.
    anode : str
        The metal that voltages refer to.
    phase_ids : mapping of str to str, optional
        Formula to phase, where another polymorph than the usual is meant.
    prefer : {"best", "table"}, optional
        Whose heat and volumes (see `licoat.thermo.preference`); the table's own choice without.

    Returns
    -------
    Reaction

    Raises
    ------
    FormulaError, UnbalancedReactionError
        If the equation cannot be read or balanced.
    MissingDataError
        If a substance is not among the phases.
    InputTypeError
        If `phases` is no table or `phase_ids` no mapping.

    Examples
    --------
    >>> from licoat.structures import load_phases
    >>> reaction = react("Sb2O3 + Li -> Li3Sb + Li2O", load_phases("builtin"))
    >>> reaction.equation, reaction.anode_atoms_per_fu
    ('Sb2O3 + 12 Li -> 2 Li3Sb + 3 Li2O', 12.0)
    """
    require_table(phases)
    if prefer is not None:
        phases = phases.with_prefer(prefer)
    anode_metal(anode)  # refuses what is none
    coefficients = parse_equation(equation)
    chosen = chosen_phases(phase_ids)
    unused = set(chosen) - set(coefficients)
    if unused:
        raise MissingDataError(f"a phase was chosen for {', '.join(sorted(unused))}, which is not in {equation!r}")
    return build_reaction(phases, coefficients, anode=anode, phase_ids=chosen)


def chosen_phases(phase_ids: Mapping[str, str] | None) -> dict[str, str]:
    """Return the polymorphs that a user chose, by formula unit.

    Raises
    ------
    InputTypeError
        If it is no mapping.
    FormulaError
        If a formula cannot be read.
    """
    if phase_ids is None:
        return {}
    require(phase_ids, Mapping, "phase_ids must be a mapping of formula to phase")
    return {formula_unit(formula): phase_id for formula, phase_id in phase_ids.items()}


def build_reaction(
    phases: PhaseTable,
    coefficients: Mapping[str, Fraction],
    *,
    anode: str = "Li",
    phase_ids: Mapping[str, str] | None = None,
) -> Reaction:
    """Compute the quantities of a balanced reaction.

    Parameters
    ----------
    coefficients : mapping of str to Fraction
        Formula unit to coefficient, reactants negative, balanced.
    phases, anode, phase_ids
        As for `react`.

    Raises
    ------
    MissingDataError
        If a substance is not among the phases.
    """
    phases = phases.for_system({symbol for formula in coefficients for symbol in parse_formula(formula)})
    basis = next((f for f, n in coefficients.items() if n < 0 and f != anode), anode)
    per_unit = {formula: number / -coefficients[basis] for formula, number in coefficients.items()}
    chosen = dict(phase_ids or {})
    rows = {formula: real_row(phases, formula, chosen.get(formula)) for formula in per_unit}
    # Compounds react as the phases that they are; elements and products are taken at equilibrium, as in the hull.
    reacting = {f for f, number in per_unit.items() if number < 0 and len(parse_formula(f)) > 1}
    energy_rows = {f: rows[f] if f in reacting or f in chosen else with_energy(phases, f)[0] for f in per_unit}
    amounts = {formula: float(number) for formula, number in per_unit.items()}
    return _quantities(phases, write_equation(dict(coefficients)), amounts, rows, energy_rows, basis, anode)


def no_reaction(phases: PhaseTable, oxide: str, phase_id: str, anode: str) -> Reaction:
    """Return the answer for an oxide that stays as it is: zero heat, no change of volume.

    Raises
    ------
    MissingDataError
        If the phase is not in the table.
    """
    row = phases.index_of(phase_id)
    volume = volume_of(phases, row)
    return Reaction(
        equation=f"{oxide} + {anode} -> no reaction",
        coefficients={},
        oxide=oxide,
        phase_id=phase_id,
        anode=anode,
        energy_ev_per_fu=0.0,
        energy_ev_per_atom=0.0,
        energy_ev_per_anode_atom=None,
        energy_kj_per_mol=0.0,
        energy_sigma_ev_per_fu=0.0,
        energy_basis=COMPUTED,
        computed_energy_ev_per_fu=0.0,
        computed_energy_sigma_ev_per_fu=0.0,
        heat_mj_per_kg_oxide=0.0,
        heat_mj_per_kg_reactants=0.0,
        heat_gj_per_m3_oxide=0.0,
        tnt_ratio_oxide=0.0,
        tnt_ratio_reactants=0.0,
        anode_atoms_per_fu=0.0,
        average_voltage_v=None,
        average_voltage_sigma_v=None,
        volume_ratio_oxide=1.0,
        volume_ratio_oxide_sigma=0.0,
        volume_ratio_reactants=1.0,
        species=(_species(phases, oxide, 1.0, row, row, volume, volume.a3),),
        scheme=phases.scheme,
        source=phases.source,
        energy_kind=phases.energy_kind,
    )


def _quantities(
    phases: PhaseTable,
    equation: str,
    amounts: dict[str, float],
    rows: dict[str, int],
    energy_rows: dict[str, int],
    basis: str,
    anode: str,
) -> Reaction:
    atoms = phases.atoms
    energy = sum(n * float(phases.energy_ev_per_fu[energy_rows[f]]) for f, n in amounts.items())
    own_sigma = _with_oxygen(phases.reaction_sigma_ev(amounts, energy_rows), phases, amounts)
    own = Energy(energy, own_sigma, MEASURED if phases.source == "measured" else COMPUTED)
    decided = preferred_energy(phases, amounts, rows, own)
    energy, sigma = decided.ev, decided.sigma_ev
    found = {f: volume_of(phases, row) for f, row in rows.items()}
    volumes = {f: volume.a3 for f, volume in found.items()}
    produced = _total({f: n for f, n in amounts.items() if n > 0}, volumes)
    consumed = _total({f: -n for f, n in amounts.items() if n < 0}, volumes)
    species = tuple(
        _species(phases, f, n, rows[f], energy_rows[f], found[f], produced if n > 0 else None)
        for f, n in amounts.items()
    )
    n_anode = -amounts.get(anode, 0.0) if basis != anode else 0.0
    charge = anode_metal(anode).charge
    mass = {f: molar_mass_g(f) for f in amounts}
    reactant_mass = sum(-n * mass[f] for f, n in amounts.items() if n < 0)
    oxide_volume = volumes[basis]
    heat = -energy + 0.0
    per_kg_oxide, per_kg_all = ev_to_mj_per_kg(heat, mass[basis]), ev_to_mj_per_kg(heat, reactant_mass)
    return Reaction(
        equation=equation,
        coefficients=amounts,
        oxide=basis,
        phase_id=phases.text("phase_id")[rows[basis]],
        anode=anode,
        energy_ev_per_fu=energy,
        energy_ev_per_atom=energy / sum(-n * int(atoms[rows[f]]) for f, n in amounts.items() if n < 0),
        energy_ev_per_anode_atom=energy / n_anode if n_anode > 0 else None,
        energy_kj_per_mol=energy * EV_TO_KJ_PER_MOL,
        energy_sigma_ev_per_fu=sigma,
        energy_basis=decided.basis,
        computed_energy_ev_per_fu=own.ev,
        computed_energy_sigma_ev_per_fu=own.sigma_ev,
        heat_mj_per_kg_oxide=per_kg_oxide,
        heat_mj_per_kg_reactants=per_kg_all,
        heat_gj_per_m3_oxide=None if oxide_volume is None else ev_per_a3_to_gj_per_m3(heat / oxide_volume),
        tnt_ratio_oxide=per_kg_oxide / TNT_MJ_PER_KG,
        tnt_ratio_reactants=per_kg_all / TNT_MJ_PER_KG,
        anode_atoms_per_fu=n_anode,
        average_voltage_v=heat / (n_anode * charge) if n_anode else None,
        average_voltage_sigma_v=sigma / (abs(n_anode) * charge) if n_anode and sigma is not None else None,
        volume_ratio_oxide=None if produced is None or oxide_volume is None else produced / oxide_volume,
        volume_ratio_oxide_sigma=_ratio_sigma(amounts, found, basis),
        volume_ratio_reactants=None if produced is None or consumed is None else produced / consumed,
        species=species,
        scheme=phases.scheme,
        source=phases.source,
        energy_kind=phases.energy_kind if decided.basis == COMPUTED else "enthalpy at 298 K",
    )


def _with_oxygen(sigma: float | None, phases: PhaseTable, amounts: Mapping[str, float]) -> float | None:
    """Add the error that all oxides of a computed table share per oxygen, where O2 takes part.

    It is that of Li2O. It cancels as long as oxides turn into oxides, for which reason no class of oxides holds it.
    """
    turned = 2.0 * amounts.get("O2", 0.0)
    computed = phases.rows_of("Li2O")
    if sigma is None or not turned or not computed:
        return sigma
    measured = load_measured()
    if phases.source == measured.source:
        return sigma
    name = "formation_energy_ev_per_atom"
    shared = 3.0 * (phases.column(name)[computed[0]] - measured.column(name)[measured.rows_of("Li2O")[0]])
    return sigma if math.isnan(shared) else math.hypot(sigma, turned * float(shared))


def _species(
    phases: PhaseTable,
    formula: str,
    amount: float,
    row: int,
    energy_row: int,
    volume: Volume,
    produced: float | None,
) -> Species:
    def number(name: str) -> float | None:
        return _known(phases.column(name)[row])

    def text(name: str) -> str:
        return phases.text(name)[row]

    return Species(
        formula=formula,
        amount=amount,
        phase_id=text("phase_id"),
        space_group=text("space_group"),
        energy_phase_id=phases.text("phase_id")[energy_row],
        volume_a3_per_fu=volume.a3,
        volume_sigma_percent=volume.sigma_percent,
        volume_source=volume.source,
        volume_fraction=None if produced is None or volume.a3 is None else amount * volume.a3 / produced,
        band_gap_ev=number("band_gap_ev"),
        band_gap_kind=text("band_gap_kind"),
        band_gap_source=text("band_gap_source"),
        bulk_modulus_gpa=number("bulk_modulus_gpa"),
        shear_modulus_gpa=number("shear_modulus_gpa"),
        elastic_sigma_percent=number("elastic_sigma_percent"),
        elastic_kind=text("elastic_kind"),
        elastic_source=text("elastic_source"),
        observed=None if (observed := int(phases.observed[row])) < 0 else bool(observed),
    )


def _ratio_sigma(amounts: Mapping[str, float], volumes: Mapping[str, Volume], oxide: str) -> float | None:
    """Return one standard deviation of the volume of the products over that of the oxide, errors independent."""
    basis = volumes[oxide]
    if basis.a3 is None or basis.sigma_percent is None:
        return None
    parts = []
    for formula, amount in amounts.items():
        volume = volumes[formula]
        if amount <= 0.0:
            continue
        if volume.a3 is None or volume.sigma_percent is None:
            return None
        parts.append((amount * volume.a3 / basis.a3, volume.sigma_percent / 100.0))
    ratio = math.fsum(part for part, _ in parts)
    return math.hypot(*(part * sigma for part, sigma in parts), ratio * basis.sigma_percent / 100.0)


def _total(amounts: Mapping[str, float], volumes: Mapping[str, float | None]) -> float | None:
    """Sum of volumes, None as soon as one is unknown."""
    total = 0.0
    for formula, amount in amounts.items():
        volume = volumes[formula]
        if volume is None:
            return None
        total += amount * volume
    return total


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
