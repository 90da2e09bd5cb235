"""Read and balance reaction equations exactly, in whole numbers."""

import itertools
import re
from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import NamedTuple

from licoat.structures.chemistry.formula import atoms_per_formula_unit, formula_unit, parse_formula
from licoat.structures.errors import FormulaError, UnbalancedReactionError, shown

__all__ = ["balance", "excess", "parse_equation", "write_equation"]

_ARROW = re.compile(r"<?[-=]+>|→|⟶|⇌|=")
_TERM = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:\s*/\s*\d+)?)\s*[*\s]?)?\s*(?P<formula>\S(?:.*\S)?)\s*", re.DOTALL
)

Coefficients = dict[str, Fraction]
_ELECTRON = re.compile(r"[0-9]*\s*e(?:\^?[-\u2212\u207b])?")
_ION = re.compile(r"[0-9]*[A-Z][A-Za-z0-9()]*\^?[0-9]*[+\u207a]")
_MAX_DIGITS = 30


def parse_equation(equation: str) -> Coefficients:
    """Read an equation such as ``Sb2O3 + 12 Li -> 2 Li3Sb + 3 Li2O`` and balance it.

    Parameters
    ----------
    equation : str
        Reactants and products with ``->`` (or ``=``, ``=>``, ``→``) between. Either no coefficients at all,
        which are then found, or a complete set (missing ones are 1), which is then checked.

    Returns
    -------
    dict of str to Fraction
        Formula unit to coefficient, reactants negative, in the order of the text. Formulas are brought to
        one formula unit, and their coefficients with them (``Sb4O6`` counts as two Sb2O3).

    Raises
    ------
    UnbalancedReactionError
        If the text is no equation, cannot be balanced, or has more than one balance; the reason is named.
    FormulaError
        If it is no text or a formula cannot be read.

    Examples
    --------
    >>> {f: int(n) for f, n in parse_equation("Sb2O3 + Li -> Li3Sb + Li2O").items()}
    {'Sb2O3': -1, 'Li': -12, 'Li3Sb': 2, 'Li2O': 3}
    """
    if not isinstance(equation, str):
        raise FormulaError(f"an equation must be text such as 'Sb + 3 Li -> Li3Sb', not {type(equation).__name__}")
    _refuse_electrons(equation)
    sides = _ARROW.split(equation)
    if len(sides) != 2:
        raise _wrong(equation, "expected one arrow, as in 'Sb2O3 + Li -> Li3Sb + Li2O'")
    terms = [
        _Term(sign, *_term(text, equation))
        for sign, side in ((-1, sides[0]), (1, sides[1]))
        for text in side.split("+")
    ]
    formulas = [term.formula for term in terms]
    for formula in formulas:
        if formulas.count(formula) > 1:
            raise _wrong(equation, f"{formula} stands twice; name every substance once")
    if any(term.number is not None for term in terms):
        return _checked(equation, terms)
    found = balance(formulas, what=f"equation {shown(equation, 120)}")
    for term in terms:
        if found[term.formula] * term.sign < 0:
            raise _wrong(equation, f"it balances only with {term.formula} on the other side: {write_equation(found)}")
    return {formula: found[formula] for formula in formulas}


def _wrong(equation: str, reason: str) -> UnbalancedReactionError:
    """Return the error of an equation that cannot be balanced."""
    return UnbalancedReactionError(f"equation {shown(equation, 120)}: {reason}")


def _refuse_electrons(equation: str) -> None:
    """Refuse ions and electrons before signs are taken for the pluses between formulas."""
    for token, following in itertools.pairwise([*equation.split(), ""]):
        # 'Sb2O3+ Li' is a plus without its blank; 'Li+ + e-' and 'Li+ ->' are ions.
        ion = _ION.fullmatch(token) and (following in {"", "+"} or _ARROW.match(following))
        if ion or _ELECTRON.fullmatch(token):
            raise _wrong(
                equation,
                f"ions and electrons are not accepted; drop {token!r} and write "
                "neutral substances ('Li' for 'Li+ + e-')",
            )


class _Term(NamedTuple):
    """A substance of an equation: side, formula unit, written coefficient, formula units per written formula."""

    sign: int
    formula: str
    number: Fraction | None
    units: Fraction


def _term(text: str, equation: str) -> tuple[str, Fraction | None, Fraction]:
    match = _TERM.fullmatch(text)
    if match is None:
        raise _wrong(equation, "a formula is missing beside '+' or the arrow")
    try:
        formula = formula_unit(match["formula"])
    except FormulaError as error:
        raise FormulaError(f"equation {shown(equation, 120)}: {error}") from None
    units = _units(match["formula"], formula)
    if not match["number"]:
        return formula, None, units
    written = match["number"].replace(" ", "")
    try:
        number = Fraction(written) if len(written) <= _MAX_DIGITS else Fraction(0)
    except (ValueError, ZeroDivisionError):
        number = Fraction(0)
    if number == 0:
        raise _wrong(
            equation, f"the coefficient of {formula} is {written[:_MAX_DIGITS]}; write a number such as 12, 1.5 or 1/2"
        )
    return formula, number, units


def _units(written: str, formula: str) -> Fraction:
    """Count the formula units in a formula as written: Sb4O6 is two."""
    return Fraction(sum(parse_formula(written).values()), atoms_per_formula_unit(formula))


def _checked(equation: str, terms: Sequence[_Term]) -> Coefficients:
    """Take coefficients as written (1 where none is) and check every element."""
    coefficients = {t.formula: t.sign * (Fraction(1) if t.number is None else t.number) * t.units for t in terms}
    unbalanced = excess(coefficients)
    if not unbalanced:
        return coefficients
    listed = ", ".join(
        f"{symbol} {_number(-left)} left, {_number(right)} right"
        for symbol, (left, right) in sorted(unbalanced.items())
    )
    try:
        hint = f"; balanced it is {write_equation(balance(list(coefficients), what='it'))}"
    except UnbalancedReactionError:
        hint = ""
    raise UnbalancedReactionError(f"equation {shown(equation, 120)} is not balanced: {listed}{hint}")


def excess(coefficients: Coefficients) -> dict[str, tuple[Fraction, Fraction]]:
    """Return the elements that do not balance, with their sums over reactants and products; none if balanced."""
    sums: dict[str, list[Fraction]] = {}
    for formula, number in coefficients.items():
        for symbol, atoms in parse_formula(formula).items():
            sums.setdefault(symbol, [Fraction(0), Fraction(0)])[number > 0] += number * atoms
    return {symbol: (left, right) for symbol, (left, right) in sums.items() if left + right != 0}


def balance(formulas: Sequence[str], what: str = "reaction") -> Coefficients:
    """Balance substances exactly; the first one gets a negative whole number.

    Parameters
    ----------
    formulas : sequence of str
        Formula units, the first a reactant.
    what : str
        How an error names the reaction.

    Returns
    -------
    dict of str to Fraction
        Smallest whole numbers, the first negative; which side the others fall on is part of the answer.

    Raises
    ------
    UnbalancedReactionError
        If there is no balance, more than one, or a substance takes no part.
    """
    parsed = [parse_formula(formula) for formula in formulas]
    symbols = sorted(set().union(*parsed))
    for symbol in symbols:
        holders = [formula for formula, atoms in zip(formulas, parsed, strict=True) if symbol in atoms]
        if len(holders) == 1:
            raise UnbalancedReactionError(f"{what}: {symbol} stands in {holders[0]} only, on one side")
    null = _null_space([[atoms.get(symbol, 0) for atoms in parsed] for symbol in symbols], len(formulas))
    if not null:
        raise UnbalancedReactionError(f"{what}: no coefficients balance {', '.join(symbols)} at once")
    if len(null) > 1:
        raise UnbalancedReactionError(
            f"{what}: {len(null)} independent reactions, so coefficients are not unique; "
            "write them all, or fewer substances"
        )
    idle = [formula for formula, number in zip(formulas, null[0], strict=True) if number == 0]
    if idle:
        raise UnbalancedReactionError(f"{what}: {idle[0]} takes no part (its coefficient is 0); leave it out")
    scale = lcm(*(number.denominator for number in null[0]))
    whole = [int(number * scale) for number in null[0]]
    divisor = gcd(*whole) * (1 if whole[0] < 0 else -1)
    return {formula: Fraction(number, divisor) for formula, number in zip(formulas, whole, strict=True)}


def _null_space(matrix: list[list[int]], width: int) -> list[list[Fraction]]:
    """Exact basis of the null space, by Gauss-Jordan elimination over fractions."""
    rows = [[Fraction(value) for value in row] for row in matrix]
    pivots: list[int] = []
    for column in range(width):
        rank = len(pivots)
        pivot = next((i for i in range(rank, len(rows)) if rows[i][column]), None)
        if pivot is None:
            continue
        rows[rank], rows[pivot] = rows[pivot], rows[rank]
        lead = rows[rank][column]
        rows[rank] = [value / lead for value in rows[rank]]
        for i, row in enumerate(rows):
            if i != rank and row[column]:
                factor = row[column]
                rows[i] = [a - factor * b for a, b in zip(row, rows[rank], strict=True)]
        pivots.append(column)
    basis = []
    for free in (column for column in range(width) if column not in pivots):
        vector = [Fraction(0)] * width
        vector[free] = Fraction(1)
        for i, column in enumerate(pivots):
            vector[column] = -rows[i][free]
        basis.append(vector)
    return basis


def write_equation(coefficients: Coefficients) -> str:
    """Write an equation with the smallest whole numbers: ``Sb2O3 + 12 Li -> 2 Li3Sb + 3 Li2O``."""
    if not coefficients:
        return ""
    scale = lcm(*(number.denominator for number in coefficients.values()))
    divisor = gcd(*(int(number * scale) for number in coefficients.values())) or 1
    sides: tuple[list[str], list[str]] = ([], [])
    for formula, number in coefficients.items():
        amount = abs(int(number * scale)) // divisor
        sides[number > 0].append(formula if amount == 1 else f"{amount} {formula}")
    return f"{' + '.join(sides[0])} -> {' + '.join(sides[1])}"


def _number(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"{float(value):g}"
