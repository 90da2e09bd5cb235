"""The anode metals: what their ion carries, what they are called and how stiff they are.

The one list of the metals that licoat knows as anodes; the command line, the hulls and the layers ask here.
"""

from dataclasses import dataclass
from typing import Final

from licoat.structures.errors import MissingDataError

__all__ = ["ANODES", "MONROE_NEWMAN_RATIO", "Anode", "anode"]

MONROE_NEWMAN_RATIO: Final = 2.0
"""A separator about twice as stiff in shear as the metal keeps its deposit flat (Monroe and Newman 2005)."""

_HANDBOOK = "measured, polycrystal, pymatgen element table"


@dataclass(frozen=True, slots=True)
class Anode:
    """An anode metal.

    Attributes
    ----------
    symbol : str
    label : str
        Its name in a sentence.
    charge : int
        Of the ion that it becomes: electrons passed per atom.
    shear_modulus_gpa : float or None
        Taken where no other is given; None where none is known.
    shear_modulus_source : str
        Where that comes from, empty if none is known.
    """

    symbol: str
    label: str
    charge: int
    shear_modulus_gpa: float | None = None
    shear_modulus_source: str = ""

    @property
    def threshold_gpa(self) -> float | None:
        """Shear modulus from which a layer resists the metal's dendrites (Monroe and Newman), None if unknown."""
        return None if self.shear_modulus_gpa is None else MONROE_NEWMAN_RATIO * self.shear_modulus_gpa


# Lithium keeps the founding paper's assumption, which every published threshold of 6.8 GPa rests on; its measured
# values are 2.8 to 4.2 GPa. The others are the measured rows of elastic.csv.
ANODES: Final = {
    metal.symbol: metal
    for metal in (
        Anode("Li", "lithium", 1, 3.4, "assumption of the founding paper (Tang et al. 2020)"),
        Anode("Na", "sodium", 1, 3.3, _HANDBOOK),
        Anode("K", "potassium", 1, 1.3, _HANDBOOK),
        Anode("Rb", "rubidium", 1, 0.9, _HANDBOOK),
        Anode("Cs", "caesium", 1, 0.64, _HANDBOOK),
        Anode("Mg", "magnesium", 2, 17.0, _HANDBOOK),
        Anode("Ca", "calcium", 2, 7.4, _HANDBOOK),
        Anode("Sr", "strontium", 2, 6.1, _HANDBOOK),
        Anode("Ba", "barium", 2, 4.9, _HANDBOOK),
        Anode("Zn", "zinc", 2, 43.0, _HANDBOOK),
        Anode("Al", "aluminium", 3, 26.0, _HANDBOOK),
    )
}
"""Every anode metal by its symbol."""


def anode(symbol: str) -> Anode:
    """Return an anode metal by its symbol.

    Raises
    ------
    MissingDataError
        If it is none of the known ones, which are named.

    Examples
    --------
    >>> anode("Mg").label, anode("Mg").charge
    ('magnesium', 2)
    """
    if symbol not in ANODES:
        raise MissingDataError(f"anode {symbol!r}: expected one of {', '.join(ANODES)}")
    return ANODES[symbol]
