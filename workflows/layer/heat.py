r"""Heat of the layer: per area, adiabatic temperature, lithium that could melt.

The enthalpy balance :math:`\sum_i n_i [H_i(T) - H_i(298)] = Q` is solved exactly: a transition takes heat at
its temperature. Validity: instantaneous and without loss, so every temperature is an upper bound.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from licoat.structures import parse_formula
from licoat.structures.chemistry.units import FARADAY_C_PER_MOL, STANDARD_TEMPERATURE_K
from licoat.structures.phases.enthalpy import boiling_point_k, enthalpy_of
from licoat.structures.rendering import outline
from licoat.workflows.layer.loading import Loading, foil_volume_a3, thickness_um
from licoat.workflows.layer.material import LayerMaterial
from licoat.workflows.layer.quantity import Group

__all__ = [
    "HIGHEST_TEMPERATURE_K",
    "Balance",
    "Heat",
    "adiabatic_temperature",
    "balance_heat",
    "heat_j_per_cm2",
    "melted_amount_mol_per_cm2",
]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat(Group):
    """Heat of the layer and what it could warm and melt.

    Attributes
    ----------
    assumptions : tuple of str
        Temperatures that are bounds, heat capacities that are estimates.
    """

    group: ClassVar[str] = "heat"
    meaning: ClassVar[str] = "what the reaction gives off, and what that could warm and melt"
    heat_j_per_cm2: float
    heat_sigma_j_per_cm2: float | None
    adiabatic_temperature_k: float | None
    foil_temperature_k: float | None
    foil_temperature_rise_k: float | None
    lithium_melted_um: float | None
    assumptions: tuple[str, ...]

    __repr__ = outline


def balance_heat(material: LayerMaterial, loading: Loading) -> Heat:
    """Balance the heat without and with the foil."""
    extent, oxide = loading.extent_of_reaction, loading.amounts.oxide_mol_per_cm2
    released = heat_j_per_cm2(material.heat_ev, oxide * extent)
    sigma = None if material.heat_sigma_ev is None else heat_j_per_cm2(material.heat_sigma_ev, oxide * extent)
    products = {p.formula: p.amount * oxide * extent for p in material.products}
    rest = {material.oxide: oxide * (1.0 - extent)} if extent < 1.0 else {}
    alone = behind = melted = None
    unknown = ""
    try:
        alone = adiabatic_temperature(released, _sum(products, rest))
        behind = adiabatic_temperature(
            released, _sum(products, rest, {material.anode: loading.amounts.left_mol_per_cm2})
        )
        melted = melted_amount_mol_per_cm2(released, material.anode)
    except KeyError as error:
        unknown = f"no heat capacity of {error}"
    return Heat(
        heat_j_per_cm2=released,
        heat_sigma_j_per_cm2=sigma,
        adiabatic_temperature_k=None if alone is None else alone.temperature_k,
        foil_temperature_k=None if behind is None else behind.temperature_k,
        foil_temperature_rise_k=None if behind is None else behind.temperature_k - STANDARD_TEMPERATURE_K,
        lithium_melted_um=None if melted is None else thickness_um(melted, foil_volume_a3(material)),
        assumptions=_assumptions(alone, behind),
        unknown={
            "heat_sigma_j_per_cm2": "no sigma of the energies",
            "adiabatic_temperature_k": unknown,
            "foil_temperature_k": unknown,
            "foil_temperature_rise_k": unknown,
            "lithium_melted_um": unknown or f"melting of {material.anode}",
        },
        note={
            "heat_j_per_cm2": material.sources["heat"],
            "adiabatic_temperature_k": "" if alone is None else alone.limit,
            "foil_temperature_k": "" if behind is None else behind.limit,
            "lithium_melted_um": (
                "what the heat could bring from 298 K to melting and melt, if there were as much; "
                f"{loading.lithium_left_um:.3g} um are left"
            ),
        },
    )


def _assumptions(alone: Balance | None, behind: Balance | None) -> tuple[str, ...]:
    """Say which temperatures are bounds, and which heat capacities of the layer with its foil are estimates."""
    balances = (("adiabatic_temperature_k", alone), ("foil_temperature_k", behind))
    bounds = [
        f"{name} is bounded: {balance.limit} at {balance.temperature_k:.0f} K"
        for name, balance in balances
        if balance is not None and balance.limit
    ]
    notes = () if behind is None else behind.notes
    return (*bounds, *(note for note in notes if "JANAF98" not in note or "not counted" in note))


def _sum(*parts: Mapping[str, float]) -> dict[str, float]:
    total: dict[str, float] = {}
    for part in parts:
        for formula, amount in part.items():
            total[formula] = total.get(formula, 0.0) + amount
    return total
