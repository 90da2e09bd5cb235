"""The end of a titration as an exact reaction."""

from fractions import Fraction
from functools import lru_cache

from licoat.structures.chemistry.formula import element_set
from licoat.structures.phases.table import PhaseTable
from licoat.thermo.balance import balance, excess
from licoat.thermo.hull import FloatArray, IntArray, Titration
from licoat.thermo.reacting import build_reaction, no_reaction
from licoat.thermo.reaction import Reaction

__all__ = ["end_state", "named_products"]


def named_products(phases: PhaseTable, rows: IntArray, amounts: FloatArray) -> dict[str, float]:
    """Return formula units by formula of what stands at a kink of a titration, what holds no oxygen first."""
    formulas = phases.text("formula")
    named = {formulas[r]: a for r, a in zip(rows.tolist(), amounts.tolist(), strict=True)}
    return {formula: named[formula] for formula in sorted(named, key=_alloys_first)}


@lru_cache(maxsize=262_144)
def _alloys_first(formula: str) -> tuple[bool, str]:
    """Order in which products are written: what holds no oxygen first."""
    return "O" in element_set(formula), formula


def end_state(phases: PhaseTable, oxide: str, phase_id: str, titration: Titration, anode: str) -> Reaction:
    """Return the reaction of an oxide to its equilibrium with the anode metal, the identity if it takes up none.

    Parameters
    ----------
    phases : PhaseTable
        Of the energies that hold in the chemical system.
    oxide, phase_id : str
        What reacts.
    titration : Titration
        Of the oxide with the anode metal.
    anode : str
    """
    products = named_products(phases, *titration.products[-1])
    if products.keys() == {oxide}:
        return no_reaction(phases, oxide, phase_id, anode)
    coefficients = _exact(oxide, titration, products, anode)
    return build_reaction(phases, coefficients, anode=anode, phase_ids={oxide: phase_id})


def _exact(oxide: str, titration: Titration, products: dict[str, float], anode: str) -> dict[str, Fraction]:
    """Turn the amounts of the last kink, whole numbers over its denominator, into an exact reaction."""
    divisor = int(titration.denominator[-1])
    exact = {oxide: Fraction(-1)}
    if titration.anode_atoms[-1] > 0:
        exact[anode] = Fraction(-round(float(titration.anode_atoms[-1]) * divisor), divisor)
    exact |= {formula: Fraction(round(amount * divisor), divisor) for formula, amount in products.items()}
    # Determinants of very large formulas are beyond floating point; then the balance itself is solved exactly.
    return balance(list(exact), what=f"reaction of {oxide}") if excess(exact) else exact
