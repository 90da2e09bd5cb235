"""Substances that are gases at 298 K and 1 bar: their crystals exist in the cold only."""

from typing import Final

from licoat.structures.chemistry.formula import formula_unit

__all__ = ["GASES", "is_gas"]

GASES: Final = frozenset(
    formula_unit(formula)
    for formula in (
        *("H2", "N2", "O2", "F2", "Cl2", "He", "Ne", "Ar", "Kr", "Xe"),
        *("C3O2", "N2O3", "S2O", "SO", "Cl2O", "ClO2", "OF", "OF2", "XeO4", "Al2O", "AlO", "IrO3"),
        *("CO", "CO2", "NO", "N2O", "NO2", "SO2", "NH3", "CH4", "HCl", "H2S", "SiH4", "SiF4", "BF3", "NF3", "SF6"),
    )
)
"""Formula units; NO2 stands for N2O4 too, which boils at 294 K."""


def is_gas(formula: str) -> bool:
    """Say whether a formula unit is that of a gas.

    Examples
    --------
    >>> is_gas("O2"), is_gas("SiO2")
    (True, False)
    """
    return formula in GASES
