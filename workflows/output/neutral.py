"""Text from strangers' files that must stay text: in spreadsheets, Markdown and everywhere else."""

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["clean_frame", "csv_frame", "markdown_text", "plain_text"]

_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
_FORMULA_STARTS = ("=", "+", "-", "@")
_MARKDOWN = str.maketrans({"<": "&lt;", "|": "/", "`": "\\`", "[": "\\[", "]": "\\]"})


def plain_text(value: Any) -> Any:  # noqa: ANN401 - a cell of any kind
    """Return a text on one line, without what a terminal or an editor would obey; anything else as it is."""
    return _INVISIBLE.sub(" ", value) if isinstance(value, str) else value


def _csv_cell(value: Any) -> Any:  # noqa: ANN401 - a cell of any kind
    """Return a text that no spreadsheet takes for a formula: an apostrophe goes before it."""
    text = plain_text(value)
    if isinstance(text, str) and text.lstrip().startswith(_FORMULA_STARTS) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def clean_frame(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Return a data frame whose texts are on one line each, without control characters."""
    return _mapped(frame, plain_text)


def csv_frame(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Return a data frame for a CSV file: texts that a spreadsheet would run as formulas begin with an apostrophe."""
    return _mapped(frame, _csv_cell)


def _mapped(frame: "pd.DataFrame", change: Any) -> "pd.DataFrame":  # noqa: ANN401 - a function of a cell
    texts = [name for name in frame.columns if frame[name].dtype.kind not in "biufcmM"]
    return frame.assign(**{name: frame[name].map(change, na_action="ignore") for name in texts})


def markdown_text(text: str) -> str:
    """Return a text that Markdown shows as it is: no tags, links, code or cells of a table."""
    return str(plain_text(text)).translate(_MARKDOWN)
