"""Units told by phases that are known: a table off by one factor wherever a value is published is in another unit."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from licoat.structures.chemistry.formula import formula_unit, parse_formula
from licoat.structures.chemistry.units import EV_TO_KJ_PER_MOL
from licoat.structures.phases.facts import number, observed_phases, read_facts

__all__ = ["ENERGY_UNITS", "FACTOR_COLUMNS", "energy_problem", "factor_problem", "likely_energy_unit", "likely_factor"]

A3_PER_CM3_MOL: Final = 1.0 / 0.602214076

ENERGY_UNITS: Final[tuple[tuple[str, float, bool], ...]] = (
    ("eV per formula unit", 1.0, True),
    ("kJ/mol (of formula units)", 1.0 / EV_TO_KJ_PER_MOL, True),
    ("kJ/mol (of atoms)", 1.0 / EV_TO_KJ_PER_MOL, False),
    ("kcal/mol (of formula units)", 4.184 / EV_TO_KJ_PER_MOL, True),
    ("kcal/mol (of atoms)", 4.184 / EV_TO_KJ_PER_MOL, False),
    ("meV/atom", 1e-3, False),
    ("J/mol", 1e-3 / EV_TO_KJ_PER_MOL, True),
    ("hartree/atom", 27.2114, False),
    ("Ry/atom", 13.6057, False),
    ("kJ/mol with the sign turned", -1.0 / EV_TO_KJ_PER_MOL, True),
    ("energies with the sign turned", -1.0, False),
)
"""Units of energies: name, eV in one of it, and whether it is per formula unit."""

_FACTORS: Final[Mapping[str, tuple[tuple[str, float, bool], ...]]] = {
    "volume_a3_per_atom": (
        ("cm3/mol (of formula units)", A3_PER_CM3_MOL, True),
        ("A3 per formula unit", 1.0, True),
        ("cm3/mol (of atoms)", A3_PER_CM3_MOL, False),
        ("bohr3", 0.148185, False),
    ),
    "bulk_modulus_gpa": (("Mbar", 100.0, False), ("kbar", 0.1, False)),
    "shear_modulus_gpa": (("Mbar", 100.0, False), ("kbar", 0.1, False)),
}
FACTOR_COLUMNS: Final = frozenset(_FACTORS)
# Logarithm of own to published value: beyond the first in the mean it is another unit, if one comes within the second.
# Volumes of polymorphs differ by a quarter, computed moduli by a factor of 2; units differ by 1.66, 3, 10, 100.
_LIMITS: Final = {
    "volume_a3_per_atom": (0.4, 0.12, 1),
    "bulk_modulus_gpa": (1.4, 0.5, 2),
    "shear_modulus_gpa": (1.4, 0.5, 2),
}
_OFF_EV: Final = 0.6
_NEAR_EV: Final = 0.25
_WRONG_EV: Final = 2.0
"""No method is off by that in the mean: PBE by 0.2, the worst potentials by 0.4 eV/atom; total energies by 3 to 9."""


@cache
def _published(column: str) -> dict[str, float]:
    """Return the published values of a column by formula unit: of the lowest, the usual or the middle polymorph."""
    found: dict[str, list[float]] = {}
    if column == "formation_energy_ev_per_atom":
        for row in read_facts("thermochem"):
            value, counts = number(row["dHf298_kJ_mol"]), parse_formula(row["formula"])
            if value is not None and len(counts) > 1:
                per_atom = value / EV_TO_KJ_PER_MOL / sum(counts.values())
                found.setdefault(formula_unit(row["formula"]), []).append(per_atom)
        return {formula: min(values) for formula, values in found.items()}
    if column == "volume_a3_per_atom":
        for phase in observed_phases().values():
            # Elements are left out: of Li and Sb the volume per formula unit is that per atom.
            if phase.is_default and phase.volume_a3_per_atom is not None and len(parse_formula(phase.formula)) > 1:
                found[phase.formula] = [phase.volume_a3_per_atom]
    else:
        name = "K_GPa" if column == "bulk_modulus_gpa" else "G_GPa"
        for row in read_facts("elastic"):
            value = number(row[name])
            if value is not None and value > 0.0:
                found.setdefault(formula_unit(row["formula"]), []).append(value)
    return {formula: float(np.median(values)) for formula, values in found.items()}


def _pairs(
    column: str, values: NDArray[np.float64], formulas: Sequence[str], order: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return own values, published ones and atoms per formula unit: of every known formula the first in `order`."""
    published = _published(column)
    places, known = order.tolist(), np.isfinite(values).tolist()
    best: dict[str, int] = {}
    for i, formula in enumerate(formulas):
        if known[i] and formula in published and (formula not in best or places[i] < places[best[formula]]):
            best[formula] = i
    atoms = np.array([sum(parse_formula(formula).values()) for formula in best], dtype=float)
    return values[list(best.values())], np.array([published[formula] for formula in best]), atoms


def likely_energy_unit(values: NDArray[np.float64], formulas: Sequence[str]) -> str:
    """Return the unit in which energies come nearest to the measured enthalpies; empty if none comes near.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        In an unknown unit.
    formulas : sequence of str
        Formula units.
    """
    own, published, atoms = _pairs("formation_energy_ev_per_atom", values, formulas, values)
    if not own.size:
        return ""
    off = {
        unit: float(np.median(np.abs(own * factor / (atoms if per_formula else 1.0) - published)))
        for unit, factor, per_formula in ENERGY_UNITS
    }
    best = min(off, key=lambda unit: off[unit])
    return best if off[best] < _NEAR_EV else ""


def likely_factor(column: str, values: NDArray[np.float64], formulas: Sequence[str]) -> str:
    """Return the unit in which volumes or moduli are the published ones; empty if in none."""
    unit = factor_problem(column, values, formulas, np.zeros(len(formulas)))
    return unit.partition("looks like ")[2]


def energy_problem(values: NDArray[np.float64], formulas: Sequence[str]) -> str:
    """Say what formation energies look like if they are far from the measured ones; empty if they are not.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        In eV/atom, as somebody says.
    formulas : sequence of str
        Formula units.
    """
    own, published, _ = _pairs("formation_energy_ev_per_atom", values, formulas, values)
    if not own.size:
        return ""
    off = float(np.median(np.abs(own - published)))
    if off < _OFF_EV:
        return ""
    unit = likely_energy_unit(values, formulas)
    if unit:
        return f"{off:.2f} eV/atom off the measured enthalpies in the mean; looks like {unit}"
    if off > _WRONG_EV and own.size > 1:
        return f"{off:.2f} eV/atom off the measured enthalpies in the mean; looks like total energies"
    return ""


def factor_problem(
    column: str, values: NDArray[np.float64], formulas: Sequence[str], energies: NDArray[np.float64]
) -> str:
    """Say which unit volumes or moduli look like if they are off the published ones by one factor, else nothing.

    Parameters
    ----------
    column : str
        ``volume_a3_per_atom``, ``bulk_modulus_gpa`` or ``shear_modulus_gpa``.
    values : ndarray of float, shape (n,)
        In the column's unit, as somebody says.
    formulas : sequence of str
        Formula units.
    energies : ndarray of float, shape (n,)
        Formation energies in eV/atom: of each formula the lowest phase is compared.
    """
    lowest = np.where(np.isnan(energies), np.inf, energies)
    own, published, atoms = _pairs(column, np.where(values > 0.0, values, np.nan), formulas, lowest)
    limit, near, fewest = _LIMITS[column]
    if own.size < fewest:
        return ""
    ratio = np.log(own / published)
    off = float(np.median(ratio))
    if abs(off) < limit:
        return ""
    for unit, factor, per_formula in _FACTORS[column]:
        if np.median(np.abs(ratio + np.log(factor / (atoms if per_formula else np.ones_like(atoms))))) < near:
            return f"{np.exp(off):.3g} times the published values in the mean; looks like {unit}"
    return ""
