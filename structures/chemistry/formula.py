"""Chemical formulas: read, check, normalise and print them.

One rule says what *one formula unit* is (`formula_unit`): the smallest whole numbers, with two
exceptions that chemists write in any case: the diatomic gases (O2, N2, H2, F2, Cl2) and the 1:1
compounds of an alkali metal (or hydrogen) with oxygen, which are peroxides (Li2O2, H2O2). So Sb4O6 is
Sb2O3, P4O10 is P2O5, Li2O2 stays Li2O2 and O is O2. pymatgen's ``reduced_formula`` follows the same rule.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import gcd

from licoat.structures.chemistry.elements import ATOMIC_MASS_G, ATOMIC_NUMBER, writing_order
from licoat.structures.errors import FormulaError, shown

__all__ = [
    "atoms_per_formula_unit",
    "element_set",
    "formula_unit",
    "formula_units",
    "molar_mass_g",
    "parse_formula",
    "render_html",
    "render_latex",
    "render_unicode",
    "write_formula",
]

_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_TO_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻"
_HYDRATE_DOTS = "·•∙⋅*"
_STATE = re.compile(r"\((?:s|l|g|aq|cr|am|c|sol|solid|liquid|gas)\)$")
_BLANKS = re.compile(r"\s+")
_SIMPLE = re.compile(r"(?:[A-Z][a-z]?(?:[1-9][0-9]{0,6})?)+")
_PAIR = re.compile(r"([A-Z][a-z]?)([0-9]*)")
_TOKEN = re.compile(r"(?P<symbol>[A-Z][a-z]?)|(?P<open>[(\[])|(?P<close>[)\]])|(?P<number>[0-9]+(?:\.[0-9]+)?)")
_DIATOMIC = frozenset({"H", "N", "O", "F", "Cl"})
_PEROXIDE_CATIONS = frozenset({"H", "Li", "Na", "K", "Rb", "Cs"})
_COUNT = re.compile(r"(?<=[A-Za-z)\]])[0-9]+")
_MAX_COUNT = 100_000
_MAX_LENGTH = 500


def parse_formula(text: str) -> dict[str, int]:
    """Read a formula into whole numbers of atoms, as written.

    Parameters
    ----------
    text : str
        A formula such as ``Sb2O3``, ``Ca(OH)2`` or ``Sb₂O₃``. Blanks are ignored.

    Returns
    -------
    dict of str to int
        Atoms of each element, in the order of first appearance; not reduced (``Sb4O6`` keeps 4 and 6).

    Raises
    ------
    FormulaError
        If the text is empty, holds an unknown element, a fraction, a charge, a hydrate or stray characters.

    Examples
    --------
    >>> parse_formula("Ca(OH)2")
    {'Ca': 1, 'O': 2, 'H': 2}
    """
    return dict(_parse(text))


def _parse(text: str) -> tuple[tuple[str, int], ...]:
    if not isinstance(text, str):
        raise FormulaError(f"a formula must be text such as 'Sb2O3', not {type(text).__name__} {shown(text)}")
    if len(text) > _MAX_LENGTH:
        raise FormulaError(f"formula {text[:20]!r}...: {len(text)} characters; at most {_MAX_LENGTH} are accepted")
    return _parse_cached(text)


@lru_cache(maxsize=65536)
def _parse_cached(text: str) -> tuple[tuple[str, int], ...]:
    clean = _BLANKS.sub("", text).translate(_SUBSCRIPTS)
    if not clean:
        raise FormulaError(f"empty formula {shown(text)}: write a formula such as 'Sb2O3'")
    if _SIMPLE.fullmatch(clean):
        counts: dict[str, int] = {}
        for symbol, number in _PAIR.findall(clean):
            if symbol not in ATOMIC_NUMBER:
                raise FormulaError(_unknown_element(text, symbol))
            counts[symbol] = counts.get(symbol, 0) + (int(number) if number else 1)
    else:
        counts = _parse_groups(text, clean)
    biggest = max(counts.values())
    if biggest > _MAX_COUNT:
        raise _wrong(text, f"{biggest} atoms of one element; at most {_MAX_COUNT} are accepted")
    return tuple(counts.items())


def _wrong(text: str, reason: str) -> FormulaError:
    """Return the error of a formula that cannot be read."""
    return FormulaError(f"formula {shown(text)}: {reason}")


def _unknown_element(text: str, symbol: str) -> str:
    hint = ""
    if symbol in {"D", "T"}:
        hint = "; isotopes of hydrogen are written H"
    return f"formula {shown(text)}: unknown element {symbol!r}{hint}"


def _parse_groups(text: str, clean: str) -> dict[str, int]:  # noqa: C901 - one loop over the tokens of a formula
    """Parse a formula that has brackets, or find out exactly why it is not one."""
    stack: list[dict[str, int]] = [{}]
    brackets: list[str] = []
    last: dict[str, int] | None = None  # what a number would multiply
    position = 0
    while position < len(clean):
        match = _TOKEN.match(clean, position)
        if match is None:
            raise _wrong(text, f"{_reason(clean, position)}")
        token = match.group()
        if match["symbol"]:
            if token not in ATOMIC_NUMBER:
                raise FormulaError(_unknown_element(text, token))
            last = {token: 1}
            _add(stack[-1], last, 1)
        elif match["open"]:
            stack.append({})
            brackets.append(token)
            last = None
        elif match["close"]:
            if not brackets or "([".index(brackets.pop()) != ")]".index(token):
                raise _wrong(text, f"bracket {shown(token, 30)} at position {position + 1} has no partner")
            last = stack.pop()
            if not last:
                raise _wrong(text, f"empty brackets at position {position + 1}")
            _add(stack[-1], last, 1)
        else:
            if last is None:
                raise _wrong(text, f"number {shown(token, 30)} at position {position + 1} follows no element")
            _add(stack[-1], last, _whole_number(text, token) - 1)
            last = None
        position = match.end()
    if brackets:
        raise _wrong(text, f"bracket {brackets[-1]!r} is not closed")
    return stack[0]


def _add(total: dict[str, int], part: Mapping[str, int], times: int) -> None:
    for symbol, number in part.items():
        total[symbol] = total.get(symbol, 0) + number * times


def _whole_number(text: str, token: str) -> int:
    if "." in token:
        raise _wrong(
            text, f"{shown(token, 30)} is a fraction or a hydrate dot; write whole numbers (Li0.5CoO2 is LiCo2O4)"
        )
    if token[0] == "0":
        raise _wrong(text, f"count {shown(token, 30)}; counts are whole numbers from 1 (is it the letter O?)")
    if len(token) > 7:
        raise _wrong(text, f"count of {len(token)} digits; at most {_MAX_COUNT} atoms are accepted")
    return int(token)


def _reason(clean: str, position: int) -> str:
    character = clean[position]
    if character in _HYDRATE_DOTS or (character == "." and position):
        return f"hydrates and adducts ({character!r}) are not accepted; write the sum, e.g. 'CuSH10O9' for CuSO4.5H2O"
    if character in "+-^" or character in _SUPERSCRIPTS:
        return f"charges ({character!r}) are not accepted; write the neutral compound"
    state = _STATE.search(clean)
    if state is not None and state.start() <= position <= state.end():
        return f"states of matter are not accepted; drop {state[0]!r}: write {clean[: state.start()]!r}"
    if character.islower():
        return f"{character!r} at position {position + 1} is no element; symbols start with a capital letter"
    return f"stray character {character!r} at position {position + 1}"


def formula_unit(text: str) -> str:
    """Return the formula of one formula unit, flat and in the usual order of elements.

    Parameters
    ----------
    text : str
        Any formula that `parse_formula` accepts.

    Returns
    -------
    str
        The canonical formula; two texts mean the same composition exactly if these are equal.

    Raises
    ------
    FormulaError
        If the formula cannot be read, as for `parse_formula`.

    Examples
    --------
    >>> [formula_unit(f) for f in ("Sb4O6", "LiO", "O", "O3Sb2", "Li(CoO2)2")]
    ['Sb2O3', 'Li2O2', 'O2', 'Sb2O3', 'LiCo2O4']
    """
    return _formula_unit(text) if isinstance(text, str) else write_formula(dict(_parse(text)))


def formula_units(formulas: str | Iterable[str]) -> list[str]:
    """Return the formula unit of each formula; a bare text is one formula, not a list of letters.

    Parameters
    ----------
    formulas : str or iterable of str

    Returns
    -------
    list of str

    Raises
    ------
    FormulaError
        If a formula cannot be read, or it is neither a text nor a list.

    Examples
    --------
    >>> formula_units("Sb4O6"), formula_units(["Sb4O6", "LiO"])
    (['Sb2O3'], ['Sb2O3', 'Li2O2'])
    """
    if isinstance(formulas, str):
        return [formula_unit(formulas)]
    if not isinstance(formulas, Iterable):
        raise FormulaError(f"expected formulas such as ['Sb2O3'], not {type(formulas).__name__} {str(formulas)[:40]!r}")
    return [formula_unit(formula) for formula in formulas]


@lru_cache(maxsize=65536)
def _formula_unit(text: str) -> str:
    return write_formula(reduce_counts(dict(_parse(text))))


def reduce_counts(counts: Mapping[str, int]) -> dict[str, int]:
    """Divide atom counts down to one formula unit (see the module text for the rule)."""
    divisor = gcd(*counts.values())
    reduced = {symbol: number // divisor for symbol, number in counts.items()}
    if (len(reduced) == 1 and _DIATOMIC.issuperset(reduced)) or (
        len(reduced) == 2
        and "O" in reduced
        and all(number == 1 for number in reduced.values())
        and any(symbol in _PEROXIDE_CATIONS for symbol in reduced)
    ):
        return {symbol: 2 * number for symbol, number in reduced.items()}
    return reduced


def write_formula(counts: Mapping[str, int]) -> str:
    """Write atom counts as a flat formula, electropositive elements first; nothing is reduced."""
    return "".join(
        symbol if counts[symbol] == 1 else f"{symbol}{counts[symbol]}" for symbol in sorted(counts, key=writing_order)
    )


def element_set(text: str) -> frozenset[str]:
    """Return the elements of a formula.

    Raises
    ------
    FormulaError
        If the formula cannot be read.
    """
    return frozenset(symbol for symbol, _ in _parse(text))


def atoms_per_formula_unit(text: str) -> int:
    """Return the number of atoms in one formula unit of `text`.

    Raises
    ------
    FormulaError
        If the formula cannot be read.
    """
    return sum(reduce_counts(dict(_parse(text))).values())


def molar_mass_g(text: str) -> float:
    """Return the mass in g/mol of the formula as written (not reduced).

    Raises
    ------
    FormulaError
        If the formula cannot be read.
    """
    return sum(number * ATOMIC_MASS_G[symbol] for symbol, number in _parse(text))


def render_unicode(text: str) -> str:
    """Render a formula, or an equation, with Unicode subscripts: ``2 Sb₂O₃ + Li``; coefficients stay."""
    return _COUNT.sub(lambda match: match.group().translate(_TO_SUBSCRIPTS), text)


def render_latex(text: str) -> str:
    r"""Render a formula, or an equation, for LaTeX text mode: ``Sb$_{2}$O$_{3}$``."""
    return _COUNT.sub(r"$_{\g<0>}$", text)


def render_html(text: str) -> str:
    """Render a formula, or an equation, for HTML: ``Sb<sub>2</sub>O<sub>3</sub>``."""
    return _COUNT.sub(r"<sub>\g<0></sub>", text)
