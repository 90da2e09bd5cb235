r"""Heat of the layer: per area, adiabatic temperature, lithium that could melt.

The enthalpy balance :math:`\sum_i n_i [H_i(T) - H_i(298)] = Q` is solved exactly: a transition takes heat at
its temperature. Validity: instantaneous and without loss, so every temperature is an upper bound.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from licoat.structures import parse_formula
from licoat.structures.chemistry.units import FARADAY_C_PER_MOL, STANDARD_TEMPERATURE_K
from licoat.structures.phases.enthalpy import boiling_point_k, enthalpy_of
from licoat.structures.rendering import outline

__all__ = ["HIGHEST_TEMPERATURE_K", "Balance", "adiabatic_temperature", "heat_j_per_cm2", "melted_amount_mol_per_cm2"]

HIGHEST_TEMPERATURE_K = 3000.0
"""Heat capacities end here; a balance beyond is answered with this bound."""


@dataclass(frozen=True, slots=True)
class Balance:
    """Answer of an enthalpy balance.

    Attributes
    ----------
    temperature_k : float
        Temperature, or its bound.
    limit : str
        What bounds it (``Li boils``), empty if nothing does.
    notes : tuple of str
        Heat capacities that are estimates, melting that is not counted.
    """

    temperature_k: float
    limit: str
    notes: tuple[str, ...]

    __repr__ = outline


def heat_j_per_cm2(heat_ev_per_fu: float, amount_mol_per_cm2: float) -> float:
    """Heat per area in J/cm2 of an amount of oxide: q F n (1 eV per particle is F J/mol)."""
    return heat_ev_per_fu * FARADAY_C_PER_MOL * amount_mol_per_cm2


def adiabatic_temperature(heat_j: float, contents_mol: Mapping[str, float]) -> Balance:
    """Temperature that substances reach from 298.15 K when they take up a heat.

    Parameters
    ----------
    heat_j : float
        Heat in J; zero or less leaves 298.15 K.
    contents_mol : mapping of str to float
        Moles of formula units of every substance present.

    Returns
    -------
    Balance
    """
    parts = [(n, enthalpy_of(formula)) for formula, n in contents_mol.items() if n > 0.0]
    notes = tuple(
        f"{part.formula}: heat capacity from {part.basis}" + (", melting not counted" if part.misses_melting else "")
        for _, part in parts
    )
    if heat_j <= 0.0 or not parts:
        return Balance(STANDARD_TEMPERATURE_K, "", notes)

    def taken(temperature_k: float, *, molten: bool = False) -> float:
        return sum(n * part.increment_j_per_mol(temperature_k, molten=molten) for n, part in parts)

    top, limit = HIGHEST_TEMPERATURE_K, f"no data above {HIGHEST_TEMPERATURE_K:g} K"
    for _, part in parts:
        highest = _highest_temperature_k(part.formula)
        if highest is not None and STANDARD_TEMPERATURE_K < highest[0] < top:
            top, limit = highest
    if taken(top) <= heat_j:
        return Balance(top, limit, notes)
    low = STANDARD_TEMPERATURE_K
    for transition in sorted({t for _, part in parts for t, _ in part.transitions if t < top}):
        if heat_j < taken(transition):
            return Balance(_solve(taken, heat_j, low, transition), "", notes)
        if heat_j <= taken(transition, molten=True):
            return Balance(transition, "", notes)
        low = transition
    return Balance(_solve(taken, heat_j, low, top), "", notes)


def _highest_temperature_k(formula: str) -> tuple[float, str] | None:
    """Return where a phase boils; an alloy of unknown boiling point not beyond that of all its elements."""
    own = boiling_point_k(formula)
    if own is not None:
        return own, f"{formula} boils"
    symbols = parse_formula(formula)
    points = [boiling_point_k(symbol) for symbol in symbols]
    known = [point for point in points if point is not None]
    if "O" in symbols or len(known) < len(points):
        return None
    return max(known), f"all elements of {formula} boil (estimate)"


def _solve(taken: Callable[..., float], heat_j: float, low: float, high: float) -> float:
    from scipy.optimize import brentq

    def excess(temperature_k: float) -> float:
        return taken(temperature_k, molten=temperature_k == low) - heat_j

    return float(brentq(excess, low, high, xtol=1e-9, rtol=1e-13))


def melted_amount_mol_per_cm2(heat: float, metal: str) -> float | None:
    """Amount of metal in mol/cm2 that a heat in J/cm2 brings from 298.15 K to its melting point and melts.

    None if the metal is liquid at room temperature or its melting is not known.
    """
    part = enthalpy_of(metal)
    if not part.transitions:
        return None
    melting, _ = part.transitions[0]
    return max(heat, 0.0) / part.increment_j_per_mol(melting, molten=True)
