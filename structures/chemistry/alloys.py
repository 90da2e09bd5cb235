"""Which products are alloys of the anode metal."""

from typing import Final

from licoat.structures.chemistry.formula import element_set

__all__ = ["is_alloy"]

# Compounds of the anode metal with these are salts, whose electrons are bound and whose metal is an ion among anions
# (Li2O, LiF, Li2Te, Li3N, Li3P, LiH), not alloys. Carbon is neither metal nor metalloid: in Li2C2 it is the anion
# C2(2-), and graphite takes the metal up between its sheets as an ion (LiC12). Arsenic and antimony are metalloids.
_NOT_IN_ALLOYS: Final = frozenset({
    "H", "C", "N", "P", "O", "S", "Se", "Te", "F", "Cl", "Br", "I", "At", "He", "Ne", "Ar", "Kr", "Xe", "Rn",
})  # fmt: skip


def is_alloy(formula: str, anode: str) -> bool:
    """Say whether a phase is an alloy of the anode metal: with metals and metalloids and nothing else.

    Parameters
    ----------
    formula : str
    anode : str
        Symbol of the anode metal.

    Examples
    --------
    >>> [is_alloy(formula, "Li") for formula in ("Li3Sb", "Li17Sn4", "Li2Te", "LiC12", "Li", "Fe")]
    [True, True, False, False, False, False]
    """
    elements = element_set(formula)
    return anode in elements and len(elements) > 1 and not elements & _NOT_IN_ALLOYS
