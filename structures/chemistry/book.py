"""The book of quantities: every number and text that a user can meet, declared once.

A quantity is declared in the room that computes it, next to that code (`declare`); everything else reads the book:
heads of tables, sheets that explain columns, JSON schema, documentation, and what a criterion may name.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from licoat.structures.errors import MissingDataError

__all__ = ["BOOK", "Book", "Kind", "Quantity", "declare"]

_UNIT_HTML = {"um": "&micro;m", "A3": "&Aring;<sup>3</sup>", "cm2": "cm<sup>2</sup>", "m3": "m<sup>3</sup>"}
_UNIT_LATEX = {"um": r"\textmu{}m", "A3": r"\AA$^3$", "cm2": "cm$^2$", "m3": "m$^3$", "ohm": r"$\Omega$"}
_SHORT_PER = {
    "formula unit of oxide": "fu", "formula unit": "fu", "consumed anode atom": "anode atom", "kg of oxide": "kg",
    "kg of reactants": "kg", "m3 of oxide": "m3", "mole of oxide": "mol", "atom of reactants": "atom",
}  # fmt: skip
_WORD = re.compile(r"[A-Za-z]+[0-9]?")


class Kind(StrEnum):
    """What sort of thing a quantity is."""

    ENERGY = "energy"
    VOLTAGE = "voltage"
    HEAT = "heat"
    TEMPERATURE = "temperature"
    TIME = "time"
    VOLUME = "volume"
    LENGTH = "length"
    MASS = "mass"
    CHARGE = "charge"
    SHARE = "share"
    RATIO = "ratio"
    MODULUS = "modulus"
    PRESSURE = "pressure"
    TRANSPORT = "transport"
    COUNT = "count"
    SCORE = "score"
    COST = "cost"
    YES_NO = "yes or no"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Quantity:
    """One quantity.

    Attributes
    ----------
    name : str
        Of the attribute, column and JSON key; holds the unit.
    label : str
        In words, for people.
    definition : str
        What it is, with its equation.
    kind : Kind
    owner : str
        What has it: ``reaction``, ``stage``, ``oxide`` (of a screen), ``measured``, ``layer``.
    unit : str
        Empty for shares, ratios, counts and texts.
    per : str
        What it is per, e.g. ``formula unit of oxide``; empty where nothing has to be said.
    symbol : str
        In LaTeX math, without the dollar signs.
    short : str
        For the head of a narrow column; the label without.
    digits : int
        Decimals in a table for people.
    higher_is_better : bool or None
        None where that depends.
    reference : str
        Where the equation comes from, if it is not bookkeeping.
    aliases : tuple of str
        Earlier names, still understood.
    """

    name: str
    label: str
    definition: str
    kind: Kind
    owner: str
    unit: str = ""
    per: str = ""
    symbol: str = ""
    short: str = ""
    digits: int = 2
    higher_is_better: bool | None = None
    reference: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        """True if a criterion may compare it."""
        return self.kind not in {Kind.TEXT, Kind.YES_NO}

    @property
    def unit_text(self) -> str:
        """Unit with what it is per: ``eV per formula unit of oxide``."""
        return (" per " if " " in self.per or not self.unit else "/").join(filter(None, [self.unit, self.per]))

    @property
    def short_unit(self) -> str:
        """Unit for a narrow column: ``eV/fu``; *fu* is one formula unit."""
        return "/".join(filter(None, [self.unit, _SHORT_PER.get(self.per, self.per)]))

    @property
    def head(self) -> str:
        """Head of a narrow column as plain text: ``dE (eV/fu)``."""
        words = self.short or self.label
        return f"{words} ({self.short_unit})" if self.short_unit else words

    @property
    def latex_head(self) -> str:
        r"""Head of a narrow column for LaTeX: ``$\Delta E$ (eV/fu)``."""
        words = f"${self.symbol}$" if self.symbol else (self.short or self.label).replace("#", r"\#")
        return f"{words} ({_units(self.short_unit, _UNIT_LATEX)})" if self.short_unit else words

    @property
    def text(self) -> str:
        """Head of a column as plain text: ``reaction energy (eV per formula unit of oxide)``."""
        return f"{self.label} ({self.unit_text})" if self.unit_text else self.label

    @property
    def latex(self) -> str:
        r"""Head of a column for LaTeX: ``$\Delta E$ (eV per formula unit of oxide)``."""
        head = f"${self.symbol}$" if self.symbol else self.label
        return f"{head} ({_units(self.unit_text, _UNIT_LATEX)})" if self.unit_text else head

    @property
    def html(self) -> str:
        """Head of a column for HTML."""
        label = html.escape(self.label)
        return f"{label} ({_units(html.escape(self.unit_text), _UNIT_HTML)})" if self.unit_text else label


def _units(text: str, table: dict[str, str]) -> str:
    return _WORD.sub(lambda match: table.get(match.group(), match.group()), text)


class Book:
    """Quantities by name; earlier names lead to the same quantity."""

    def __init__(self) -> None:
        self._quantities: dict[str, Quantity] = {}
        self._names: dict[str, str] = {}

    def add(self, quantity: Quantity) -> None:
        """Add a quantity.

        Raises
        ------
        ValueError
            If a name stands for another quantity already, or the definition is missing.
        """
        if not quantity.definition or not quantity.label:
            raise ValueError(f"quantity {quantity.name!r} lacks a label or a definition")
        for name in (quantity.name, *quantity.aliases):
            known = self._quantities.get(self._names.get(name, ""))
            if known is not None and known != quantity:
                raise ValueError(f"quantity {name!r} stands in the book already, as {known.definition!r}")
            self._names[name] = quantity.name
        self._quantities[quantity.name] = quantity

    def __iter__(self) -> Iterator[Quantity]:
        return iter(self._quantities.values())

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __len__(self) -> int:
        return len(self._quantities)

    def __getitem__(self, name: str) -> Quantity:
        """Return a quantity by its name or an earlier one.

        Raises
        ------
        MissingDataError
            If there is no such quantity; similar names are listed.
        """
        if name not in self._names:
            from difflib import get_close_matches

            near = get_close_matches(name, self._names, n=3)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise MissingDataError(f"no quantity {name!r} in the book{hint}")
        return self._quantities[self._names[name]]

    def find(self, name: str) -> Quantity:
        """Return the quantity of a column, also of a family such as ``criterion_*``.

        Raises
        ------
        MissingDataError
            If there is none.
        """
        family = next((n for n in self._names if n.endswith("*") and name.startswith(n[:-1])), name)
        return self[name if name in self else family]

    def of(self, *owners: str) -> tuple[Quantity, ...]:
        """Return the quantities that the owners have, in the order of their declaration."""
        return tuple(quantity for quantity in self if quantity.owner in owners)


BOOK = Book()
"""All quantities of the rooms that have been imported; `licoat.workflows.output.book.full_book` imports them all."""


def declare(*quantities: Quantity) -> tuple[Quantity, ...]:
    """Put quantities into the book and return them."""
    for quantity in quantities:
        BOOK.add(quantity)
    return quantities
