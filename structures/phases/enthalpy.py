r"""Enthalpy of a phase above 298.15 K from heat capacities, with melting.

.. math:: H(T) - H(298) = \int_{298}^{T} C_p \, dT + \sum_{T_i \le T} \Delta H_i

Heat capacities are tables (JANAF 1998) joined by straight lines and integrated exactly; where only the value
at 298 K is known it is taken as constant; where nothing is known it is the Neumann-Kopp sum over the elements.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from licoat.structures.chemistry.formula import formula_unit, parse_formula
from licoat.structures.chemistry.units import STANDARD_TEMPERATURE_K
from licoat.structures.phases.facts import observed_phase, read_facts
from licoat.structures.phases.measured import load_measured
from licoat.structures.rendering import outline

__all__ = ["Enthalpy", "boiling_point_k", "enthalpy_of"]


@dataclass(frozen=True, slots=True)
class Enthalpy:
    """Enthalpy increments of one formula unit.

    Attributes
    ----------
    formula : str
        Formula unit.
    temperature_k, heat_capacity_j_per_mol_k : ndarray, shape (n,)
        Points of the heat capacity; constant beyond the last one. A temperature that stands twice is a jump.
    melting_point_k, fusion_enthalpy_j_per_mol : float or None
        Melting is counted only if both are known.
    basis : str
        Where the heat capacity comes from.
    """

    formula: str
    temperature_k: NDArray[np.float64]
    heat_capacity_j_per_mol_k: NDArray[np.float64]
    melting_point_k: float | None
    fusion_enthalpy_j_per_mol: float | None
    basis: str

    __repr__ = outline

    @property
    def misses_melting(self) -> bool:
        """Whether it may melt above room temperature without that being counted."""
        liquid = self.melting_point_k is not None and self.melting_point_k <= STANDARD_TEMPERATURE_K
        return not self.transitions and not liquid

    def increment_j_per_mol(self, temperature_k: float, *, molten: bool = False) -> float:
        """Return H(T) - H(298.15 K) in J per mole of formula units.

        Parameters
        ----------
        temperature_k : float
            At least 298.15 K.
        molten : bool
            Whether the phase is liquid exactly at its melting point; above it, it is in any case.
        """
        grid, values = self.temperature_k, self.heat_capacity_j_per_mol_k
        below = int(np.searchsorted(grid, temperature_k, side="left"))  # at a jump the side that ends here counts
        here = (
            values[below]
            if below < len(grid) and grid[below] == temperature_k
            else np.interp(temperature_k, grid, values)
        )
        x, y = np.append(grid[:below], temperature_k), np.append(values[:below], here)
        total = float(np.trapezoid(y, x))
        for melting, heat in self.transitions:
            if temperature_k > melting or (molten and temperature_k == melting):
                total += heat
        return total

    @property
    def transitions(self) -> tuple[tuple[float, float], ...]:
        """Melting above room temperature: temperature in K and heat in J/mol; empty if not known."""
        if self.melting_point_k is None or self.fusion_enthalpy_j_per_mol is None:
            return ()
        if self.melting_point_k <= STANDARD_TEMPERATURE_K:
            return ()
        return ((self.melting_point_k, self.fusion_enthalpy_j_per_mol),)


Points = tuple[NDArray[np.float64], NDArray[np.float64]]


@cache
def _tables(state: str = "") -> dict[str, Points]:
    """Heat capacities by formula: solid, then liquid; or of one state only."""
    points: dict[str, list[tuple[float, float]]] = {}
    for row in read_facts("heat_capacity"):
        if state in {"", row["state"]}:
            points.setdefault(row["formula"], []).append((float(row["T_K"]), float(row["Cp_J_molK"])))
    return {formula: (np.array([t for t, _ in p]), np.array([c for _, c in p])) for formula, p in points.items()}


@cache
def _boiling_points() -> dict[str, float]:
    return {row["formula"]: float(row["boiling_point_K"]) for row in read_facts("boiling_points")}


def boiling_point_k(formula: str) -> float | None:
    """Return the normal boiling point, None if it is not known."""
    return _boiling_points().get(formula_unit(formula))


@cache
def enthalpy_of(formula: str) -> Enthalpy:
    """Return the enthalpy function of a substance.

    Parameters
    ----------
    formula : str
        Any formula; the observed polymorph is meant.

    Returns
    -------
    Enthalpy
        Its `basis` says which of the three kinds of heat capacity it has.

    Raises
    ------
    KeyError
        If an element has no heat capacity at all (noble gases).
    """
    unit = formula_unit(formula)
    measured = load_measured()
    observed = observed_phase(unit)
    rows = measured.rows_of(unit)
    if observed is not None and observed.key in measured:
        rows = [measured.index_of(observed.key), *rows]
    melting = _first([_value(row, "melting_point_k") for row in rows])
    fusion = _first([_value(row, "fusion_enthalpy_kj_per_mol") for row in rows])
    known = _first([_value(row, "heat_capacity_j_per_mol_k") for row in rows])
    fusion_j = None if fusion is None else 1000.0 * fusion
    if unit in _tables():
        grid, values = _tables()[unit]
        return Enthalpy(unit, grid, values, melting, fusion_j, "a table (JANAF98)")
    start = np.array([STANDARD_TEMPERATURE_K])
    if known is not None:
        return Enthalpy(unit, start, np.array([known]), melting, fusion_j, "its constant value at 298 K")
    symbols = parse_formula(unit)
    if len(symbols) == 1:
        raise KeyError(unit)
    parts = [(atoms, _solid_per_atom(symbol)) for symbol, atoms in symbols.items()]
    grid = np.unique(np.concatenate([points for _, (points, _) in parts]))
    # Neumann-Kopp: the solid compound is the sum of its solid elements, so an element's melting has no part in it.
    values = np.zeros(len(grid))
    for atoms, (points, capacity) in parts:
        values += atoms * np.interp(grid, points, capacity)
    return Enthalpy(unit, grid, values, melting, fusion_j, "the Neumann-Kopp sum over the elements")


def _solid_per_atom(symbol: str) -> Points:
    """Heat capacity of a solid element per atom."""
    unit = formula_unit(symbol)
    atoms = parse_formula(unit)[symbol]
    whole = enthalpy_of(unit)
    points, values = _tables("solid").get(unit, (whole.temperature_k, whole.heat_capacity_j_per_mol_k))
    return points, values / atoms


def _value(row: int, name: str) -> float | None:
    value = float(load_measured().column(name)[row])
    return None if math.isnan(value) else value


def _first(values: list[float | None]) -> float | None:
    return next((value for value in values if value is not None), None)
