"""Tables as files: CSV, Markdown, LaTeX and Excel of any data frame; each file appears whole or not at all."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from licoat.structures.chemistry.elements import ATOMIC_NUMBER
from licoat.structures.chemistry.formula import render_latex
from licoat.structures.publishing import publish_files
from licoat.workflows.output.book import words_and_unit
from licoat.workflows.output.neutral import clean_frame, csv_frame, markdown_text, plain_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "escape_latex",
    "frame_latex",
    "frame_markdown",
    "frame_writers",
    "latex_table",
    "save_frame",
    "write_excel",
]

_LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    c: f"\\{c}" for c in "#%&_${}"
}
_FORMULA_WORD = re.compile(r"(?:[A-Z][a-z]?\d*)*[A-Z][a-z]?\d+(?:[A-Z][a-z]?\d*)*")
WIDEST_COLUMN = 48
CM_PER_CHARACTER = 0.13  # of LaTeX scriptsize
PAGE_WIDTH_CM = 23.0  # of a landscape page
NUMBER_WIDTH_CM = 1.5  # of a column of numbers or short words
HEAD_HEIGHT_CM = 3.6
SHORT_TEXT = 16  # characters up to which a column is not wrapped


def save_frame(
    frame: "pd.DataFrame", folder: Path, stem: str, caption: str, *, printed: "pd.DataFrame | None" = None
) -> list[Path]:
    """Write a data frame as ``STEM.csv``, ``.md``, ``.tex`` and ``.xlsx``.

    Parameters
    ----------
    frame : DataFrame
        Units in the column names.
    folder : Path
    stem : str
        Name without ending.
    caption : str
        One sentence, under the table.
    printed : DataFrame, optional
        What goes into Markdown and LaTeX, if the data frame itself is too wide for a page.
    """
    return publish_files(folder, frame_writers(frame, stem, caption, printed=printed))


def frame_writers(
    frame: "pd.DataFrame", stem: str, caption: str, *, printed: "pd.DataFrame | None" = None
) -> dict[str, Callable[[Path], Any]]:
    """Return the writers of the four files that `save_frame` makes, for `publish_files`."""
    page = frame if printed is None else printed
    return {
        f"{stem}.csv": lambda p: csv_frame(frame).to_csv(p, index=False, float_format="%.8g"),
        f"{stem}.md": lambda p: p.write_text(frame_markdown(page, caption), encoding="utf-8"),
        f"{stem}.tex": lambda p: p.write_text(frame_latex(page, caption), encoding="utf-8"),
        f"{stem}.xlsx": lambda p: write_excel({stem: frame}, p),
    }


def _cell(value: Any) -> str:  # noqa: ANN401 - a cell of any kind
    import pandas as pd

    if value is None or value is pd.NA or value != value:  # noqa: PLR0124 - NaN
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def frame_markdown(frame: "pd.DataFrame", caption: str) -> str:
    """Write a data frame as a Markdown table; missing values are empty."""
    lines = [f"| {' | '.join(frame.columns)} |", f"|{'---|' * len(frame.columns)}"]
    lines += [f"| {' | '.join(markdown_text(_cell(v)) for v in row)} |" for row in frame.itertuples(index=False)]
    return "\n".join([*lines, "", markdown_text(caption), ""])


def escape_latex(text: str) -> str:
    """Escape what LaTeX reads as commands."""
    return "".join(_LATEX.get(character, character) for character in plain_text(text))


def frame_latex(frame: "pd.DataFrame", caption: str) -> str:
    """Write a data frame as a LaTeX ``longtable`` with booktabs rules; formulas get subscripts."""
    texts = {name: [_cell(v) for v in frame[name]] for name in frame.columns if frame[name].dtype.kind not in "fiu"}
    natural = {name: CM_PER_CHARACTER * max(map(len, cells), default=1) for name, cells in texts.items()}
    word = {
        name: CM_PER_CHARACTER * max((len(w) for cell in cells for w in cell.split()), default=1)
        for name, cells in texts.items()
    }
    wide = {name: width for name, width in natural.items() if width > CM_PER_CHARACTER * SHORT_TEXT}
    room = max(PAGE_WIDTH_CM - NUMBER_WIDTH_CM * (len(frame.columns) - len(wide)), 5.0)
    # No column narrower than its longest word; the others share what is left by their length.
    fixed = {name: word[name] for name in wide if wide[name] * room / sum(wide.values()) < word[name]}
    free = sum(width for name, width in wide.items() if name not in fixed)
    scale = min(1.0, (room - sum(fixed.values())) / max(free, 1.0))
    widths = {name: fixed.get(name, width * scale) for name, width in wide.items()}
    columns = "".join(
        rf">{{\raggedright\arraybackslash}}p{{{widths[name]:.1f}cm}}" if name in wide else "l" if name in texts else "r"
        for name in frame.columns
    )
    heads = [_upright(_heading(name)) for name in frame.columns]
    rows = [[_latex_cell(_cell(value)) for value in row] for row in frame.itertuples(index=False)]
    return latex_table(columns, heads, rows, escape_latex(caption), packages="array,booktabs,longtable,graphicx")


def _upright(text: str) -> str:
    """Turn a heading upright, in lines, so that no column is wider for it than its numbers."""
    return rf"\rotatebox{{90}}{{\parbox{{{HEAD_HEIGHT_CM}cm}}{{\raggedright {escape_latex(text)}}}}}"


def _heading(name: str) -> str:
    words, unit = words_and_unit(name)
    return f"{words} ({unit})" if unit else words


def _latex_cell(text: str) -> str:
    escaped = escape_latex(text)
    if re.fullmatch(r"-[\d.e+-]+", text):
        return f"${text}$"
    return _FORMULA_WORD.sub(_subscripts, escaped).replace("->", r"$\rightarrow$")


def _subscripts(match: re.Match[str]) -> str:
    """Typeset a word as a formula if it is one (Sb2O3 is, MP2020 and A3 are not)."""
    word = match.group()
    return render_latex(word) if set(re.findall("[A-Z][a-z]?", word)) <= ATOMIC_NUMBER.keys() else word


def latex_table(
    columns: str, heads: list[str], rows: list[list[str]], caption: str, *, packages: str = "booktabs,longtable"
) -> str:
    """Assemble a ``longtable`` from LaTeX cells.

    Parameters
    ----------
    columns : str
        Column specification.
    heads : list of str
        Column headings.
    rows : list of list of str
        Cells.
    caption : str
        Already escaped.
    packages : str
        What the document must load, said in a comment.
    """
    head = " & ".join(heads)
    lines = [
        rf"% needs \usepackage{{{packages}}}; landscape pages are recommended",
        r"{\scriptsize\setlength{\tabcolsep}{3pt}\setlength{\LTcapwidth}{\linewidth}",
        rf"\begin{{longtable}}{{@{{}}{columns}@{{}}}}",
        rf"\caption{{{caption}}}\\",
        r"\toprule",
        rf"{head} \\",
        r"\midrule",
        r"\endfirsthead",
        r"\toprule",
        rf"{head} \\",
        r"\midrule",
        r"\endhead",
        rf"\midrule\multicolumn{{{len(heads)}}}{{r}}{{continued}}\\\endfoot",
        r"\bottomrule\endlastfoot",
    ]
    lines += [" & ".join(row) + r" \\" for row in rows]
    return "\n".join([*lines, r"\end{longtable}}", ""])


def write_excel(sheets: Mapping[str, "pd.DataFrame"], path: Path) -> None:
    """Write data frames as sheets of one workbook, with frozen headings and fitting column widths."""
    import pandas as pd

    with pd.ExcelWriter(path, engine="openpyxl") as writer:
        for name, frame in sheets.items():
            clean_frame(frame).to_excel(writer, sheet_name=name, index=False, freeze_panes=(1, 2))
            for cells in writer.sheets[name].columns:
                for cell in cells:
                    if cell.data_type == "f":  # a text that begins with "="; nothing of ours is a formula
                        cell.data_type = "s"
                width = max(len(str(cell.value or "")) for cell in cells)
                writer.sheets[name].column_dimensions[cells[0].column_letter].width = min(width + 2, WIDEST_COLUMN)
