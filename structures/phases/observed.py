"""Which compositions exist: compounds that somebody has made, and what is only predicted.

``structures/data/observed_compounds.csv`` lists them with a reference each. A composition that is not in the list is
*predicted* where the list knows its chemical system, and *not said* elsewhere.
"""

from dataclasses import dataclass
from functools import cache

from licoat.structures.chemistry.formula import element_set, parse_formula
from licoat.structures.phases.facts import read_facts
from licoat.structures.rendering import outline

__all__ = [
    "EXISTING",
    "NO_COATING",
    "ObservedCompound",
    "existence",
    "observed_compounds",
    "solid_solution",
    "state_at_298_k",
]

EXISTING = frozenset({"observed", "metastable"})
"""What can be a product at room temperature and pressure."""

NO_COATING = {
    "gas": "a gas at 298 K",
    "liquid": "a liquid at 298 K",
    "molecular": "made of molecules, volatile or decomposing below 200 C",
}
"""States in which a compound is no powder, in words."""


@dataclass(frozen=True, slots=True)
class ObservedCompound:
    """A row of the list.

    Attributes
    ----------
    formula : str
        Formula unit; ``none`` for a system without compounds, ``solution`` for one whose elements dissolve each other.
    system : str
        Elements joined by ``-``.
    status : str
        ``observed``, ``metastable`` (kept at room temperature), ``high_temperature``, ``high_pressure``, ``disputed``,
        ``predicted``, or ``none``.
    state : str
        At 298 K and 1 bar: ``solid``, ``liquid``, ``gas``, or ``molecular`` for what is so volatile that it is no
        coating.
    note, reference, evidence : str
        ``evidence``: ``read``, ``known`` (not read again) or ``check`` (the reference is not complete).
    """

    formula: str
    system: str
    status: str
    state: str
    note: str
    reference: str
    evidence: str

    __repr__ = outline


@cache
def observed_compounds() -> tuple[ObservedCompound, ...]:
    """Return all rows of the list."""
    return tuple(ObservedCompound(**row) for row in read_facts("observed_compounds"))


@cache
def _by_formula() -> dict[str, ObservedCompound]:
    return {row.formula: row for row in observed_compounds() if row.formula not in {"none", "solution"}}


@cache
def _systems() -> frozenset[frozenset[str]]:
    return frozenset(frozenset(row.system.split("-")) for row in observed_compounds())


def existence(formula: str) -> str:
    """Say whether a composition exists.

    Parameters
    ----------
    formula : str
        Formula unit.

    Returns
    -------
    str
        The status of its row (see `ObservedCompound`); ``observed`` for an element; ``predicted`` if the list knows the
        system and not the composition; empty if it does not know the system.
    """
    row = _by_formula().get(formula)
    if row is not None:
        return row.status
    elements = element_set(formula)
    if len(elements) == 1:
        return "observed"
    return "predicted" if frozenset(elements) in _systems() else ""


def state_at_298_k(formula: str) -> str:
    """Return ``solid``, ``liquid``, ``gas`` or ``molecular`` at 298 K and 1 bar, empty if it is not known."""
    row = _by_formula().get(formula)
    return "" if row is None else row.state


def solid_solution(anode: str, formula: str) -> str:
    """Say what is known of an element that dissolves in the anode metal, empty if nothing is.

    Parameters
    ----------
    anode : str
        Symbol of the anode metal.
    formula : str
        Formula unit of an element; a compound has no such note.
    """
    atoms = parse_formula(formula)
    if len(atoms) > 1:
        return ""
    system = {anode, *atoms}
    rows = (row for row in observed_compounds() if row.formula == "solution" and set(row.system.split("-")) == system)
    return next((row.note.removeprefix("LI_RICHEST").lstrip(" =:") for row in rows), "")
