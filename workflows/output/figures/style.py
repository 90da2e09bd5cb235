"""One style for every figure: column widths of journals, a palette that colour-blind readers can tell apart, files."""

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from licoat.structures.chemistry.names import display_latex
from licoat.structures.errors import InputFileError
from licoat.structures.publishing import published

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "BLACK",
    "BLUE",
    "DOUBLE_COLUMN_MM",
    "ENDINGS",
    "GREEN",
    "GREY",
    "ORANGE",
    "PURPLE",
    "SINGLE_COLUMN_MM",
    "SKY",
    "VERMILION",
    "YELLOW",
    "check_ending",
    "drawn",
    "formula_text",
    "new_axes",
    "new_figure",
    "notice",
    "save_figure",
    "styled",
    "unit_text",
    "write_figure",
]

SINGLE_COLUMN_MM, DOUBLE_COLUMN_MM = 89.0, 183.0
"""Widths of one and two columns of a journal page."""

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    "#000000", "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7",
)  # fmt: skip
"""Palette of Okabe and Ito (2008), https://jfly.uni-koeln.de/color/."""
GREY, LIGHT = "#808080", "#D9D9D9"

ENDINGS = (".svg", ".pdf", ".png")
_MM_PER_INCH = 25.4
_STYLE: Any = {  # matplotlib types its settings by their names
    "font.family": "sans-serif",
    "font.sans-serif": ["Arial", "Helvetica", "Liberation Sans", "DejaVu Sans"],
    "font.size": 7,
    "axes.titlesize": 8,
    "axes.labelsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 1.4,
    "mathtext.default": "regular",  # formulas in the font of the text
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "lines.linewidth": 1.2,
    "patch.linewidth": 0.5,
    "hatch.linewidth": 0.4,
    "pdf.fonttype": 42,  # text that an editor can still change
    "svg.fonttype": "path",
    "svg.hashsalt": "licoat",  # the same figure is the same file
    "figure.dpi": 150,
}


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """Draw in the house style."""
    import matplotlib as mpl

    with mpl.rc_context(_STYLE):
        yield


def formula_text(text: str) -> str:
    """Typeset a formula or an equation for a figure: subscripts, an arrow, the name of the field."""
    return display_latex(text).replace("->", "→")


def unit_text(unit: str) -> str:
    """Write a unit as a journal does: ``um`` µm, ``cm2`` cm², ``A3`` Å³."""
    for plain, typeset in (("um", "µm"), ("cm2", "cm²"), ("cm3", "cm³"), ("m3", "m³"), ("A3", "Å³")):
        unit = re.sub(rf"\b{plain}\b", typeset, unit)
    return unit


def new_figure(width_mm: float, height_mm: float) -> "Figure":
    """Return an empty figure of a size on paper, apart from pyplot's."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width_mm / _MM_PER_INCH, height_mm / _MM_PER_INCH), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def new_axes(width_mm: float, height_mm: float) -> "Axes":
    """Return axes of a new figure that a notebook shows (one of pyplot's)."""
    import matplotlib.pyplot as plt

    size = (width_mm / _MM_PER_INCH, height_mm / _MM_PER_INCH)
    axes: Axes = plt.subplots(figsize=size, layout="constrained")[1]
    return axes


def drawn(
    draw: Callable[["Axes"], None], ax: "Axes | None", width_mm: float = SINGLE_COLUMN_MM, height_mm: float = 70.0
) -> "Axes":
    """Draw into axes in the house style, new ones where none are given, and return them."""
    with styled():
        axes = new_axes(width_mm, height_mm) if ax is None else ax
        draw(axes)
    return axes


def notice(ax: "Axes", head: str, lines: str = "") -> None:
    """Fill axes that have nothing to draw with words: a bold line and what is known besides."""
    ax.set_axis_off()
    ax.text(0.5, 0.58, head, ha="center", va="bottom", transform=ax.transAxes, fontsize=9, weight="bold", wrap=True)
    ax.text(0.5, 0.50, lines, ha="center", va="top", transform=ax.transAxes, fontsize=7, color="#404040", wrap=True)


def check_ending(file: Path) -> None:
    """Refuse a figure's file name that says no known format.

    Raises
    ------
    InputFileError
        If the ending is not .svg, .pdf or .png.
    """
    if file.suffix.lower() not in ENDINGS:
        raise InputFileError(f"figure {str(file)!r}: the ending must be .svg, .pdf or .png")


def save_figure(figure: "Figure", file: Path) -> None:
    """Write a figure; the format follows the file's ending, and the same figure makes the same file.

    Parameters
    ----------
    figure : matplotlib Figure
    file : Path
        Ending ``.svg``, ``.pdf`` or ``.png``.

    Raises
    ------
    InputFileError
        If the ending is another one.
    """
    check_ending(file)
    with published(file) as temporary:
        write_figure(figure, temporary)


def write_figure(figure: "Figure", file: Path) -> None:
    """Write a figure to a name that is already a temporary one (see `save_figure`)."""
    undated = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(file.suffix.lower())
    with styled():
        figure.savefig(file, dpi=300, metadata=undated)
