"""Tables as files: CSV, Markdown, LaTeX and Excel of any data frame; each file appears whole or not at all."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from licoat.structures.formula import render_latex
from licoat.workflows.text import split_unit

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["escape_latex", "frame_latex", "frame_markdown", "latex_table", "save_files", "save_frame", "write_excel"]

_LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    c: f"\\{c}" for c in "#%&_${}"
}
_FORMULA_WORD = re.compile(r"(?:[A-Z][a-z]?\d*)*[A-Z][a-z]?\d+(?:[A-Z][a-z]?\d*)*")
WIDEST_COLUMN = 48
CM_PER_CHARACTER = 0.13  # of LaTeX scriptsize
TEXT_WIDTH_CM = 16.0  # of all text columns together on a landscape page
SHORT_TEXT = 16  # characters up to which a column is not wrapped


def save_files(folder: Path, writers: Mapping[str, Callable[[Path], Any]]) -> list[Path]:
    """Write several files into a folder.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    writers : mapping of str to callable
        File name to a function that writes a path.

    Returns
    -------
    list of Path
        The files written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, write in writers.items():
        target = folder / name
        temporary = folder / f".{os.getpid()}.{name}"
        try:
            write(temporary)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        written.append(target)
    return written


def save_frame(frame: "pd.DataFrame", folder: Path, stem: str, caption: str) -> list[Path]:
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
    """
    return save_files(
        folder,
        {
            f"{stem}.csv": lambda p: frame.to_csv(p, index=False, float_format="%.8g"),
            f"{stem}.md": lambda p: p.write_text(frame_markdown(frame, caption), encoding="utf-8"),
            f"{stem}.tex": lambda p: p.write_text(frame_latex(frame, caption), encoding="utf-8"),
            f"{stem}.xlsx": lambda p: write_excel({stem: frame}, p),
        },
    )


def _cell(value: Any) -> str:  # noqa: ANN401 - a cell of any kind
    import pandas as pd

    if value is None or value is pd.NA or value != value:  # noqa: PLR0124 - NaN
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def frame_markdown(frame: "pd.DataFrame", caption: str) -> str:
    """Write a data frame as a Markdown table; missing values are empty."""
    lines = [f"| {' | '.join(frame.columns)} |", f"|{'---|' * len(frame.columns)}"]
    lines += [f"| {' | '.join(_cell(v).replace('|', '/') for v in row)} |" for row in frame.itertuples(index=False)]
    return "\n".join([*lines, "", caption, ""])


def escape_latex(text: str) -> str:
    """Escape what LaTeX reads as commands."""
    return "".join(_LATEX.get(character, character) for character in text)


def frame_latex(frame: "pd.DataFrame", caption: str) -> str:
    """Write a data frame as a LaTeX ``longtable`` with booktabs rules; formulas get subscripts."""
    longest = {
        name: max([len(name) // 2, *(len(_cell(v)) for v in frame[name])])
        for name in frame.columns
        if frame[name].dtype.kind not in "fiu"
    }
    wide = {name: length * CM_PER_CHARACTER for name, length in longest.items() if length > SHORT_TEXT}
    scale = min(1.0, TEXT_WIDTH_CM / max(sum(wide.values()), 1.0))
    columns = "".join(
        rf"p{{{wide[name] * scale:.1f}cm}}" if name in wide else "l" if name in longest else "r"
        for name in frame.columns
    )
    heads = [rf"\rotatebox{{60}}{{{escape_latex(_heading(name))}}}" for name in frame.columns]
    rows = [[_latex_cell(_cell(value)) for value in row] for row in frame.itertuples(index=False)]
    return latex_table(columns, heads, rows, escape_latex(caption), packages="booktabs,longtable,graphicx")


def _heading(name: str) -> str:
    words, unit = split_unit(name)
    return f"{words} ({unit})" if unit else words


def _latex_cell(text: str) -> str:
    escaped = escape_latex(text)
    if re.fullmatch(r"-[\d.e+-]+", text):
        return f"${text}$"
    return _FORMULA_WORD.sub(lambda match: render_latex(match.group()), escaped).replace("->", r"$\rightarrow$")


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
            frame.to_excel(writer, sheet_name=name, index=False, freeze_panes=(1, 2))
            for cells in writer.sheets[name].columns:
                width = max(len(str(cell.value or "")) for cell in cells)
                writer.sheets[name].column_dimensions[cells[0].column_letter].width = min(width + 2, WIDEST_COLUMN)
