"""The space group that a CIF names, in the settings that its name may mean."""

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from licoat.structures.crystals.cif_text import Block, Operations, first
from licoat.structures.errors import InputFileError, shown
from licoat.structures.rendering import brief

__all__ = ["Setting", "named_settings", "other_origins"]

_SYMBOLS = (
    "_space_group_name_h-m_alt",
    "_symmetry_space_group_name_h-m",
    "_space_group_name_h-m",
    "_space_group_name_h-m_full",
    "_symmetry_space_group_name_h-m_alt",
    "_space_group_name_h-m_ref",
)
_HALL = ("_space_group_name_hall", "_symmetry_space_group_name_hall")
_NUMBERS = ("_space_group_it_number", "_symmetry_int_tables_number")
_HALL_NUMBERS = 530
_STANDARD_CHOICES = ("", "1", "2", "h", "r", "b", "b1")
"""Settings that a bare number means: the standard one, and those between which only the coordinates decide."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of a space group: what it is called, and its operations of shape (n, 3, 4)."""

    name: str
    operations: Operations

    def __repr__(self) -> str:
        return brief(self, f"{self.name}: {len(self.operations)} operations")


def named_settings(block: Block) -> list[Setting]:
    """Return the settings that a block's Hall symbol, Hermann-Mauguin symbol or number may mean.

    Where the choice is said (a Hall symbol, ``:1``, ``:2``, ``:R``, ``:H``, the endings S and Z) it is one setting;
    otherwise all that have the symbol, between which only cell and coordinates decide. Empty if no group is named.

    Raises
    ------
    InputFileError
        If a group is named and not known.
    """
    hall, symbol, number = first(block, *_HALL), first(block, *_SYMBOLS), first(block, *_NUMBERS)
    if not (hall or symbol or number):
        return []
    table = _groups()
    plain, choice = _plain_symbol(symbol)
    exact = [g for g in table if hall and g["hall"] == _squeezed(hall)]
    named = [g for g in table if plain and plain in g["full"]] or [g for g in table if plain and plain in g["short"]]
    if plain and not named:  # before 1983 the bar of a cubic group was left out
        named = [g for g in table if g["number"] > 194 and plain.replace("-", "") in g["barless"]]
    digits = number.split(".")[0]
    wanted = int(digits) if digits.isdecimal() and len(digits) < 4 else 0
    if any(g["number"] == wanted for g in named):
        named = [g for g in named if g["number"] == wanted]
    chosen = [g for g in named if choice and g["choice"].startswith(choice)]
    found = exact or chosen or named or [g for g in table if g["number"] == wanted and g["choice"] in _STANDARD_CHOICES]
    if not found:
        raise InputFileError(
            f"the space group {shown(symbol or hall or number)} is not known, and no operations are listed; "
            "give them (_symmetry_equiv_pos_as_xyz)"
        )
    return [Setting(g["name"], _hall_operations(g["id"])) for g in found]


def other_origins(settings: Sequence[Setting]) -> list[Setting]:
    """Return the settings that differ from one that is said by the choice of the origin alone.

    Files hold the coordinates of one origin and the symbol of the other; composition and distances tell.
    """
    said = {setting.name for setting in settings}
    bases = {name.partition(":")[0] for name in said if name.endswith((":1", ":2"))}
    return [
        Setting(g["name"], _hall_operations(g["id"]))
        for g in _groups()
        if g["choice"] in {"1", "2"} and g["name"] not in said and g["name"].partition(":")[0] in bases
    ]


def _squeezed(text: str) -> str:
    return re.sub(r"[\s_]", "", text).lower()


def _plain_symbol(symbol: str) -> tuple[str, str]:
    """Return a symbol without blanks, and the setting that follows it: ``:1``, ``S`` and ``Z``, ``R`` and ``H``."""
    text, _, choice = symbol.strip().strip("'\"").partition(":")
    text = re.split(r"\s*\(", text.strip())[0].replace("_", "").replace("'", "")  # '(No. 225)', '(origin choice 2)'
    for ending, meant in ((" S", "1"), (" Z", "2"), ("S", "1"), ("Z", "2"), (" H", "h"), (" R", "r"), ("H", "h")):
        if not choice and len(text) > 3 and text.endswith(ending):
            text, choice = text[: -len(ending)], meant
    return _squeezed(text), _squeezed(choice)


@lru_cache(maxsize=1)
def _groups() -> list[dict[str, Any]]:
    """Return the 530 settings of space groups that spglib knows, with all ways to write their symbols."""
    import spglib

    with warnings.catch_warnings():
        # spglib announces at every call that errors will be exceptions.
        warnings.simplefilter("ignore", DeprecationWarning)
        kinds: list[Any] = [spglib.get_spacegroup_type(i) for i in range(1, _HALL_NUMBERS + 1)]
    found: list[dict[str, Any]] = []
    for i, kind in enumerate(kinds, start=1):
        # The symbols of this very setting (P 1 21/n 1 = P 21/n); the short symbol is that of the standard one.
        short = _squeezed(kind.international_short)
        full = {_squeezed(name) for name in (kind.international_full, *kind.international.split("=")) if name}
        if kind.choice in {"", "1", "2", "H", "R", "b", "b1"}:
            full.add(short)
        else:
            full.discard(short)
        if 2 < kind.number < 16 and kind.choice.startswith("b"):
            full |= {_monoclinic(name) for name in full}
        full = _with_glides(full)
        found.append(
            {
                "id": i,
                "number": kind.number,
                "name": f"{kind.international_short}{kind.choice and ':'}{kind.choice}",
                "hall": _squeezed(kind.hall_symbol),
                "choice": kind.choice.lower(),
                "full": full,
                "short": _with_glides({short}),
                "barless": {s.replace("-", "") for s in full},
            }
        )
    return found


def _monoclinic(full: str) -> str:
    """Return ``p21/n`` for ``p121/n1``: the axis b is the unique one where nothing else is said."""
    match = re.fullmatch(r"([pabci])1(.+)1", full)
    return f"{match[1]}{match[2]}" if match else full


def _with_glides(symbols: set[str]) -> set[str]:
    """Add the symbols of before 1992, when the e of a glide plane replaced other letters."""
    return symbols | {s.replace("e", letter) for s in symbols if "e" in s for letter in "abcdm"}


@lru_cache(maxsize=64)
def _hall_operations(number: int) -> Operations:
    import spglib

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        found: Any = spglib.get_symmetry_from_database(number)
    return np.concatenate([found["rotations"], found["translations"][:, :, None]], axis=2).astype(float)
