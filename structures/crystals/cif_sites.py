"""The sites of a CIF block: which element, where, and how full; each number with its standard uncertainty."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from licoat.structures.chemistry.elements import ATOMIC_NUMBER
from licoat.structures.crystals.cif_text import Block
from licoat.structures.errors import InputFileError, shown
from licoat.structures.rendering import outline

__all__ = ["Site", "element_of", "number_of", "sites_of", "vector_of"]

_NUMBER = re.compile(
    r"(?P<value>[+-]?(?:\d{1,12}(?:\.(?P<decimals>\d{0,24}))?|\.(?P<only>\d{1,24}))(?:[eE][+-]?\d{1,2})?)"
    r"(?:\((?P<error>\d{1,6})\))?"
)
_SHARE = re.compile(r"[+-]?\d{1,4}/\d{1,4}")
_ISOTOPES = {"D": "H", "T": "H"}
_MOST_SITES = 20_000
_LEAST_FULL = 0.95
_ROUNDED = 1e-3
_PLACES = tuple(f"_atom_site_fract_{x}" for x in "xyz")
_NOTHING = {"", "?", "."}


@dataclass(frozen=True, slots=True)
class Site:
    """A site as it is listed.

    Attributes
    ----------
    label, element : str
    place : tuple of float
        Fractional coordinates.
    occupancy : float
        Number of atoms on the site.
    is_full : bool
        Whether the occupancy is 1 within its own standard uncertainty, or within 0.001 where none is given.
    """

    label: str
    element: str
    place: tuple[float, float, float]
    occupancy: float
    is_full: bool

    __repr__ = outline


def number_of(text: str, name: str) -> tuple[float, float]:
    """Read ``0.3522(2)``: the number and its standard uncertainty, 0 if none is given.

    Raises
    ------
    InputFileError
        If it is no number; it is named and quoted.
    """
    if _SHARE.fullmatch(text) and int(text.partition("/")[2]):
        return int(text.partition("/")[0]) / int(text.partition("/")[2]), 0.0
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise InputFileError(f"{name} is {shown(text)}, which is no number")
    decimals = len(match["decimals"] or match["only"] or "")
    return float(match["value"]), int(match["error"] or 0) * 10.0**-decimals


def vector_of(block: Block, names: Sequence[str]) -> NDArray[np.float64]:
    """Return the numbers that stand once each under some names.

    Raises
    ------
    InputFileError
        If one is missing or no number.
    """
    missing = [name for name in names if not block.get(name)]
    if missing:
        raise InputFileError(f"{missing[0]} is missing")
    return np.array([number_of(block[name][0], name)[0] for name in names])


def sites_of(block: Block, formula: Collection[str]) -> list[Site]:
    """Return the sites of a block that hold atoms.

    Parameters
    ----------
    block : Block
    formula : collection of str
        Elements of the block's formula, empty if it has none: they decide what a label in capitals means.

    Raises
    ------
    InputFileError
        If a site has no place, no element, or hydrogen that is attached without a place.
    """
    n = len(block[_PLACES[0]])
    if n > _MOST_SITES:
        raise InputFileError(f"{n} sites, more than {_MOST_SITES}; give the primitive cell")
    if any(len(block.get(name, ())) != n for name in _PLACES):
        raise InputFileError("not as many _atom_site_fract_y and _z as _atom_site_fract_x; is the file cut short?")
    found = []
    for i in range(n):
        label = _value(block, "_atom_site_label", i)
        kind = _value(block, "_atom_site_type_symbol", i)
        if _value(block, "_atom_site_calc_flag", i) == "dum":
            continue
        if _value(block, "_atom_site_attached_hydrogens", i) not in {*_NOTHING, "0"}:
            raise InputFileError(f"site {shown(label)} has hydrogen atoms without a place; give them as sites")
        element = element_of(kind) if kind not in _NOTHING else _element_of_label(label, formula)
        places = [number_of(block[name][i], f"{name} of {shown(label or kind)}")[0] for name in _PLACES]
        text = _value(block, "_atom_site_occupancy", i)
        occupancy, error = (1.0, 0.0) if text in _NOTHING else number_of(text, f"the occupancy of {shown(label)}")
        if occupancy <= 0.0:
            continue
        off = abs(occupancy - 1.0)
        is_full = off <= max(_ROUNDED, error) * (1.0 + 1e-9) and occupancy >= _LEAST_FULL
        found.append(Site(label or kind, element, (places[0], places[1], places[2]), occupancy, is_full))
    if not found:
        raise InputFileError("no site holds an atom")
    return found


def _value(block: Block, name: str, i: int) -> str:
    values = block.get(name, ())
    return values[i].strip() if i < len(values) else ""


def element_of(kind: str) -> str:
    """Return the element of a type symbol such as ``Sb3+`` or ``SB``; deuterium and tritium are hydrogen.

    Raises
    ------
    InputFileError
        If there is no such element, as for Va (no atom) and for groups of atoms such as OH.
    """
    letters = re.findall("[A-Za-z]+", kind[:40])[:1]
    symbol = "".join(letters).capitalize()
    symbol = _ISOTOPES.get(symbol, symbol)
    if symbol not in ATOMIC_NUMBER:
        raise InputFileError(f"unknown element {shown(symbol or kind)}")
    return symbol


def _element_of_label(label: str, formula: Collection[str]) -> str:
    """Return the element of a label: Sb of ``Sb1`` and, where formula or elements leave no choice, of ``SB1``."""
    letters = "".join(re.findall("[A-Za-z]+", label[:40])[:1])
    if not letters:
        raise InputFileError(f"the label {shown(label)} names no element; give _atom_site_type_symbol")
    two, one = letters[:2].capitalize(), letters[:1].upper()
    choices = [c for c in dict.fromkeys((two, one)) if _ISOTOPES.get(c, c) in (formula or ATOMIC_NUMBER)]
    plain = letters[1:2].islower() or len(letters) == 1
    if plain and _is_known(two) and (not formula or two in choices):
        choices = [two]
    elif plain and not formula:
        raise InputFileError(f"unknown element {shown(two)}; give _atom_site_type_symbol")
    if len(choices) != 1:
        what = " or ".join(_known(choices or (two, one))) or "nothing known"
        raise InputFileError(f"the label {shown(label)} may mean {what}; give _atom_site_type_symbol")
    return _ISOTOPES.get(choices[0], choices[0])


def _is_known(symbol: str) -> bool:
    return symbol in ATOMIC_NUMBER or symbol in _ISOTOPES


def _known(symbols: Iterable[str]) -> list[str]:
    return [symbol for symbol in symbols if _is_known(symbol)]
