"""The whole book of quantities: as tables of the documentation, as a sheet of a workbook, as a JSON schema.

``python -m licoat.workflows.output.book docs/physics.md`` renews the tables of the documentation.
"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from licoat.structures.chemistry.book import BOOK, Book, Kind, Quantity
from licoat.structures.errors import MissingDataError
from licoat.thermo.heat_errors import ERRORS
from licoat.thermo.property_errors import PROPERTIES
from licoat.thermo.quantities import EXPLAINED, MEASURED, PATH, REACTION, STAGE, SUBSTANCE
from licoat.workflows.layer.quantities import COMPOSITE, LAYER, OPTIONS, PHASES
from licoat.workflows.screening.coatings import COATINGS
from licoat.workflows.screening.confidence import CONFIDENCE
from licoat.workflows.screening.quantities import SCREEN

__all__ = ["CHAPTERS", "book_rows", "documented", "find", "full_book", "json_schema", "words_and_unit"]

CHAPTERS: dict[str, tuple[Quantity, ...]] = {
    "reaction": REACTION,
    "plateau": STAGE,
    "path": PATH,
    "explanation": EXPLAINED,
    "substance": SUBSTANCE,
    "measured": MEASURED,
    "screen": (*SCREEN, *BOOK.of("oxide")),
    "confidence": CONFIDENCE,
    "layer": (*COMPOSITE, *LAYER),
    "assumptions": (*OPTIONS, *PHASES),
    "validation": (*ERRORS, *PROPERTIES, *COATINGS),
}
"""The book's quantities by subject."""


def full_book() -> Book:
    """Return the book with the quantities of every room."""
    return BOOK


def find(name: str) -> Quantity:
    """Return the quantity of a column.

    Raises
    ------
    MissingDataError
        If the book has no such column.
    """
    return BOOK.find(name)


def words_and_unit(name: str) -> tuple[str, str]:
    """Return the label and the unit of a column; the name itself in words for what is no quantity."""
    try:
        quantity = find(name)
    except MissingDataError:
        return name.replace("_", " "), ""
    return quantity.label, quantity.unit_text


def book_rows(columns: Iterable[str]) -> list[dict[str, str]]:
    """Return one row per column of a table, for the sheet that explains them."""
    return [
        {
            "column": name,
            "meaning": quantity.label,
            "unit": quantity.unit_text,
            "definition": quantity.definition,
            "reference": quantity.reference,
        }
        for name in columns
        for quantity in [find(name)]
    ]


def json_schema(names: Iterable[str]) -> dict[str, Any]:
    """Return a JSON schema (draft 2020-12) of an object with these quantities."""
    kinds: dict[Kind, list[str]] = {
        Kind.TEXT: ["string", "object", "array", "null"],
        Kind.YES_NO: ["boolean", "number", "null"],
    }
    properties = {
        name: {
            "description": f"{quantity.text}: {quantity.definition}",
            "type": kinds.get(quantity.kind, ["number", "null"]),
        }
        for name in names
        for quantity in [find(name)]
    }
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object", "properties": properties}


def _table(quantities: Iterable[Quantity]) -> str:
    lines = ["| quantity | meaning | unit | definition |", "|---|---|---|---|"]
    for q in dict.fromkeys(quantities):
        names = ", ".join(f"`{name}`" for name in (q.name, *q.aliases))
        reference = f" ({q.reference})" if q.reference else ""
        lines.append(f"| {names} | {q.label} | {q.unit_text} | {q.definition}{reference} |")
    return "\n".join(lines)


def documented(text: str) -> str:
    """Return a page with its tables renewed, each between ``<!-- book: CHAPTER -->`` and ``<!-- end of book -->``."""
    end = "<!-- end of book -->"
    for chapter, quantities in CHAPTERS.items():
        mark = f"<!-- book: {chapter} -->"
        before, found, rest = text.partition(mark)
        if found:
            text = f"{before}{mark}\n{_table(quantities)}\n{end}{rest.partition(end)[2]}"
    return text


if __name__ == "__main__":
    for page in map(Path, sys.argv[1:]):
        page.write_text(documented(page.read_text(encoding="utf-8")), encoding="utf-8")
