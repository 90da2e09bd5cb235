"""Space groups of crystal structures, through spglib."""

import warnings
from collections.abc import Sequence

from licoat.structures.chemistry.elements import ATOMIC_NUMBER

__all__ = ["SYMMETRY_PRECISION_A", "space_group"]

SYMMETRY_PRECISION_A = 0.05
"""Loose enough for structures relaxed to 0.03 eV/A, tight enough to tell polymorphs apart."""


def space_group(
    lattice: Sequence[Sequence[float]], species: Sequence[str], fractional: Sequence[Sequence[float]]
) -> tuple[str, int]:
    """Return symbol and number of the space group; an empty symbol and -1 if spglib finds none.

    Parameters
    ----------
    lattice : sequence, shape (3, 3)
        Lattice vectors in A, one per row.
    species : sequence of str, shape (n,)
        Element symbols.
    fractional : sequence, shape (n, 3)
        Fractional coordinates.
    """
    import spglib

    numbers = [ATOMIC_NUMBER[symbol] for symbol in species]
    with warnings.catch_warnings():
        # spglib announces at every call that errors will be exceptions; both ways are dealt with here.
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            found = spglib.get_spacegroup((lattice, fractional, numbers), symprec=SYMMETRY_PRECISION_A)
        except spglib.error.SpglibError:
            return "", -1
    symbol, _, number = (found or "").partition(" (")
    return symbol, int(number.rstrip(")")) if number else -1
