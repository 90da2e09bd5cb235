"""Small pieces of HTML; every text from data passes through `text`, `formula` or `attribute` and is escaped."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from licoat.structures.chemistry.formula import render_html
from licoat.structures.chemistry.names import display_equation
from licoat.workflows.output.neutral import plain_text

__all__ = ["attribute", "formula", "number", "table", "text", "value_attribute"]


def text(value: Any) -> str:  # noqa: ANN401 - anything that has words
    """Escape a text between tags; None is empty."""
    return "" if value is None else escape(str(plain_text(value)), quote=False)


def attribute(value: Any) -> str:  # noqa: ANN401
    """Escape a text for an attribute in double quotes."""
    return "" if value is None else escape(str(plain_text(value)), quote=True)


def formula(value: str) -> str:
    """Escape a formula or an equation and set its subscripts, by the name of the field."""
    # Quotes need no escape between tags, and what remains (&lt; &gt; &amp;) has no digits to be lowered.
    return render_html(escape(display_equation(str(plain_text(value))).replace("->", "→"), quote=False))


def number(value: float | None, digits: int = 2, sigma: float | None = None) -> str:
    """Write a number with its sigma, ``?`` if it is not known."""
    if value is None or value != value:  # noqa: PLR0124 - NaN
        return "?"
    about = "" if sigma is None or sigma != sigma else f" ± {sigma:.{digits}f}"  # noqa: PLR0124
    return f"{value:.{digits}f}{about}".replace("-", "\u2212")


def value_attribute(value: float | str | None) -> str:
    """Write the value that a column is sorted by."""
    unknown = value is None or value != value  # noqa: PLR0124 - NaN
    return f' data-v="{"" if unknown else attribute(value)}"'


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Lay out a table of cells that are HTML already; columns of numbers are flush right."""
    kinds = [' class="n"' if i in right else "" for i in range(len(heads))]
    head = "".join(f"<th{kind}>{text(name)}</th>" for kind, name in zip(kinds, heads, strict=True))
    lines = [
        f"<tr>{''.join(f'<td{kind}>{cell}</td>' for kind, cell in zip(kinds, row, strict=True))}</tr>" for row in rows
    ]
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
