"""Documents of databases, and cells that hold one, as the header and the lines of a table."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from licoat.structures.errors import InputFileError
from licoat.structures.reading import parse_json

__all__ = ["flat_documents", "unfolded"]

HIGHEST_MODULUS_GPA: Final = 800.0
"""Harder than diamond, and still given by databases for cells that are not stable."""

_LONGEST_DICTIONARY: Final = 20_000
_LEFT_OUT: Final = frozenset({"structure", "entries", "initial_structures"})
_FORMULAS: Final = frozenset({"formula", "formula_pretty", "pretty_formula"})

Cells = Sequence[Any]


def unfolded(
    header: Sequence[str], lines: Iterable[tuple[int, Cells]], where: str, unit: str
) -> tuple[Sequence[str], list[tuple[int, Cells]]]:
    """Give the parts of cells that hold a dictionary, as pandas writes documents, columns of their own.

    Raises
    ------
    InputFileError
        If a line has another number of cells than there are columns.
    """
    listed = []
    for number, cells in lines:
        if len(cells) != len(header):
            raise InputFileError(
                f"{where}, {unit} {number}: another number of cells than columns; the file may be truncated"
            )
        listed.append((number, cells))
    folded = {i for _, cells in listed for i, cell in enumerate(cells) if isinstance(cell, str) and cell[:1] == "{"}
    if not folded:
        return header, listed
    documents = [
        {
            name: _dictionary(cell) if i in folded else cell
            for i, (name, cell) in enumerate(zip(header, cells, strict=True))
        }
        for _, cells in listed
    ]
    new, unfolded = flat_documents(documents)
    return new, [(number, cells) for (number, _), (_, cells) in zip(listed, unfolded, strict=True)]


def _dictionary(cell: Any) -> Any:  # noqa: ANN401 - a cell
    """Read a dictionary as Python or JSON writes it; anything else stays as it is."""
    if not isinstance(cell, str) or cell[:1] != "{" or len(cell) > _LONGEST_DICTIONARY:
        return cell
    text = cell.replace("'", '"').replace("None", "null").replace("nan", "null")
    try:
        return parse_json(text.replace("True", "true").replace("False", "false"), "cell")
    except InputFileError:
        return cell


def flat_documents(documents: Sequence[Mapping[str, Any]]) -> tuple[list[str], Iterator[tuple[int, list[Any]]]]:
    """Return documents (dictionaries one level deep) as the header and lines of a table."""
    flat = [dict(_flat(document)) for document in documents]
    header = list(dict.fromkeys(name for document in flat for name in document))
    return header, ((i, [document.get(name) for name in header]) for i, document in enumerate(flat, 1))


def _sound_modulus(value: Mapping[str, Any]) -> bool:
    """Say whether Voigt's, Reuss' and Hill's mean modulus can be of a stable crystal, as not all of a database are."""
    means = [value.get(name) for name in ("reuss", "vrh", "voigt")]
    if not all(isinstance(mean, (int, float)) for mean in means):
        return isinstance(means[1], (int, float)) and means[0] is None and means[2] is None
    reuss, hill, voigt = (float(mean) for mean in means)  # type: ignore[arg-type]
    return 0.0 < hill <= HIGHEST_MODULUS_GPA and reuss - 1e-3 <= hill <= voigt + 1e-3


def _flat(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if name.startswith("@") or name in _LEFT_OUT:
            continue
        if isinstance(value, (str, int, float, bool)):
            yield name, value
        elif not isinstance(value, dict):
            continue
        elif name == "attributes":
            yield from _flat(value)
        elif name == "composition":
            yield from _composition(document)
        elif name not in {"bulk_modulus", "shear_modulus"} or _sound_modulus(value):
            for part in ("number", "symbol", "vrh"):
                if not isinstance(value.get(part), (dict, list, type(None))):
                    yield name if part == "vrh" else f"{name}_{part}", value[part]


def _composition(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Write a composition as a formula where there is none."""
    if not _FORMULAS & set(document):
        listed = list(document["composition"].items())[:100]
        whole = {s: int(n) if isinstance(n, float) and n.is_integer() else n for s, n in listed}
        yield "composition", "".join(f"{symbol}{amount}" for symbol, amount in whole.items())
