"""What counts as an alloy of the anode metal, and what as a salt of it."""

from licoat.structures.chemistry.formula import parse_formula

__all__ = ["SALT_FORMERS", "is_alloy"]

SALT_FORMERS = frozenset({"H", "C", "N", "O", "F", "P", "S", "Cl", "Se", "Br", "Te", "I"})
"""Elements whose compounds with an anode metal are salts (Li2O, LiF, Li2Te, Li3N, Li3P, LiH) or carbides (Li2C2)."""


def is_alloy(formula: str, anode: str) -> bool:
    """Say whether a compound is an alloy: the anode metal with metals and metalloids alone.

    Parameters
    ----------
    formula : str
    anode : str
        Symbol of the anode metal.

    Returns
    -------
    bool

    Examples
    --------
    >>> [is_alloy(formula, "Li") for formula in ("Li3Sb", "Li17Sn4", "LiF", "Li2Te", "Sn", "Li")]
    [True, True, False, False, False, False]
    """
    elements = set(parse_formula(formula))
    return anode in elements and len(elements) > 1 and not elements & SALT_FORMERS
