"""From what a user names to the chemical systems that the Materials Project is asked for."""

import itertools
from collections.abc import Iterator, Sequence

from licoat.structures.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from licoat.structures.chemistry.formula import parse_formula
from licoat.structures.errors import FormulaError, InputFileError

__all__ = ["ALL_BINARY", "systems_of"]

ALL_BINARY = "all-binary"
MOST_ELEMENTS = 6
"""Of a target, beside the anode metal and oxygen: eight elements have 255 subsystems, each further one doubles them."""

_LAST_COMMON = "Bi"
_NO_OXIDES = frozenset({"He", "Ne", "Ar", "Kr", "Xe", "Pm", "Tc"})
_NO_POWDERS = frozenset({"H", "C", "N", "F", "S", "Cl", "Br", "I"})
"""Their binary oxides are gases, liquids, or solids that decompose or take up water: nothing to press on lithium."""


def systems_of(targets: Sequence[str], anode: str = "Li") -> tuple[list[str], set[str]]:
    """Return the chemical systems to ask for, and the elements they are made of.

    Parameters
    ----------
    targets : sequence of str
        Elements (``Sb``), systems (``Li-Sb-O``), formulas (``Sb2O3``) or ``all-binary``: every element up to
        bismuth that has a solid binary oxide. Noble gases, the radioactive Tc and Pm, and H, C, N, F, S, Cl, Br
        and I, whose oxides are no powders, are left out of it.
    anode : str
        The anode metal; every target is completed by it and by oxygen.

    Returns
    -------
    systems : list of str
        All subsystems of every target, each once, smallest first.
    elements : set of str

    Raises
    ------
    FormulaError
        If a target or the anode cannot be read.
    InputFileError
        If there is no target, or one has more than six elements beside the anode metal and oxygen.
    """
    named = [targets] if isinstance(targets, str) else targets
    if not named:
        raise InputFileError("nothing to fetch: name elements, chemical systems or formulas, or --oxides all-binary")
    if anode not in ATOMIC_NUMBER or anode == "O":
        raise FormulaError(f"anode {anode!r}: expected the symbol of a metal such as Li or Na")
    systems: set[str] = set()
    elements: set[str] = set()
    for target in named:
        for own in _element_sets(target):
            further = own - {anode, "O"}
            if len(further) > MOST_ELEMENTS:
                raise InputFileError(
                    f"target {target!r} has {len(further)} elements beside {anode} and O; at most {MOST_ELEMENTS} "
                    "are fetched together: name smaller systems"
                )
            members = sorted(own | {anode, "O"})
            elements.update(members)
            for size in range(1, len(members) + 1):
                systems.update("-".join(part) for part in itertools.combinations(members, size))
    return sorted(systems, key=lambda system: (system.count("-"), system)), elements


def _element_sets(target: str) -> Iterator[set[str]]:
    if target == ALL_BINARY:
        common = SYMBOLS[: ATOMIC_NUMBER[_LAST_COMMON]]
        yield from ({symbol} for symbol in common if symbol not in _NO_OXIDES | _NO_POWDERS)
    elif "-" in target:
        parts = [part.strip() for part in target.split("-")]
        unknown = [part for part in parts if part not in ATOMIC_NUMBER]
        if unknown:
            raise FormulaError(f"chemical system {target!r}: unknown element {unknown[0]!r}; write e.g. 'Li-Sb-O'")
        yield set(parts)
    else:
        yield set(parse_formula(target))
