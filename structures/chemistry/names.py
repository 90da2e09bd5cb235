"""Names of compounds in the field, where they are not the smallest formula unit: Sb2O4, Li2C2, Hg2Cl2.

Data and numbers keep the formula unit (`licoat.structures.chemistry.formula.formula_unit`), so that a composition has
one key. What people read goes through `display_formula`, and an equation is multiplied so that it stays balanced.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from licoat.structures.chemistry.formula import formula_unit, parse_formula, render_latex, render_unicode, write_formula
from licoat.structures.errors import FormulaError

__all__ = [
    "display_amounts",
    "display_equation",
    "display_factor",
    "display_formula",
    "display_latex",
    "display_unicode",
]

_TIMES = {
    "SbO2": 2,  # Sb(III)Sb(V)O4, cervantite
    "AsO2": 2,  # As(III)As(V)O4
    "BiO2": 2,  # Bi(III)Bi(V)O4
    "HgCl": 2,  # Hg2 2+
    "HgBr": 2,
    "HgI": 2,
    "HgF": 2,
    "LiC": 2,  # acetylides, C2 2-
    "NaC": 2,
    "KC": 2,
    "LiS": 2,  # disulfides, S2 2-
    "NaS": 2,
    "KS": 2,
}
"""How many formula units the usual name of a compound holds, where that is not one."""

_WORD = re.compile(r"\b[A-Z][A-Za-z0-9]*")
_TERM = re.compile(r"(?:(?P<number>\d+(?:\.\d+)?)\s+)?(?P<formula>[A-Z][A-Za-z0-9]*)")


def display_factor(formula: str) -> int:
    """Return how many formula units stand in the name that the field uses.

    Examples
    --------
    >>> display_factor("SbO2"), display_factor("Sb2O3")
    (2, 1)
    """
    return _TIMES.get(formula, 1)


@lru_cache(maxsize=65536)
def display_formula(text: str) -> str:
    """Return the formula by which a compound is known; a text that is no formula stays as it is.

    Parameters
    ----------
    text : str
        A formula unit.

    Examples
    --------
    >>> [display_formula(f) for f in ("SbO2", "LiC", "Sb2O3", "Li2O")]
    ['Sb2O4', 'Li2C2', 'Sb2O3', 'Li2O']
    """
    try:
        unit = formula_unit(text)
    except FormulaError:
        return text
    times = _TIMES.get(unit, 1)
    return text if times == 1 else write_formula({symbol: n * times for symbol, n in parse_formula(unit).items()})


def display_equation(equation: str) -> str:
    """Return an equation with the names of the field, multiplied so that all its numbers stay whole.

    Parameters
    ----------
    equation : str
        As `licoat.thermo.balance.write_equation` writes it; words in brackets may stand behind it.

    Examples
    --------
    >>> display_equation("SbO2 + 7 Li -> Li3Sb + 2 Li2O")
    'Sb2O4 + 14 Li -> 2 Li3Sb + 4 Li2O'
    >>> display_equation("2 SbO2 + 2 LiC -> X"), display_equation("0.5 SbO2 + Li2O")
    ('Sb2O4 + Li2C2 -> X', '0.25 Sb2O4 + Li2O')
    """
    sides, mark, words = equation.partition(" (")
    terms = [(_TERM.fullmatch(term.strip()), term) for term in re.split(r"( \+ | -> )", sides)]
    found = [match for match, _ in terms if match]
    factors = [(float(m["number"] or 1), display_factor(m["formula"])) for m in found]
    if all(factor == 1 for _, factor in factors):
        return equation
    whole = all(n % 1 == 0 for n, _ in factors) and "->" in sides  # amounts of phases alone keep their number
    scale = next((s for s in (1, 2) if whole and all(n * s % factor == 0 for n, factor in factors)), 1)
    written = []
    for match, text in terms:
        if match is None:
            written.append(text)
            continue
        if not (match["number"] or "->" in sides):  # a name alone, no amount
            written.append(display_formula(match["formula"]))
            continue
        written.append(_term(match["formula"], float(match["number"] or 1) * scale))
    return "".join(written) + mark + _WORD.sub(lambda m: display_formula(m.group()), words)


def _term(formula: str, number: float) -> str:
    """Write so many formula units by the name of the field: ``0.5 Li2C2`` for one LiC."""
    number /= display_factor(formula)
    amount = f"{number:.0f}" if number % 1 == 0 else f"{number:.4g}"
    return ("" if number == 1 else f"{amount} ") + display_formula(formula)


def display_amounts(amounts: Mapping[str, float], times: float = 1.0) -> str:
    """Write amounts of phases by the names of the field.

    Parameters
    ----------
    amounts : mapping of str to float
        Formula unit to amount.
    times : float
        All amounts are multiplied by it.

    Examples
    --------
    >>> display_amounts({"LiC": 1.0, "Li2O": 2.0}), display_amounts({"SbO2": 1.0}, 2)
    ('0.5 Li2C2 + 2 Li2O', 'Sb2O4')
    """
    return " + ".join(_term(formula, n * times) for formula, n in amounts.items())


def display_unicode(text: str) -> str:
    """Return a formula or an equation with the names of the field, subscripts and an arrow."""
    return render_unicode(display_equation(text)).replace("->", "→")


def display_latex(text: str) -> str:
    r"""Return a formula or an equation with the names of the field for LaTeX and for mathtext of figures."""
    return render_latex(display_equation(text))
