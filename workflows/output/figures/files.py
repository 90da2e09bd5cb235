"""Figures as files: of one path, and the set of a screen."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from licoat.workflows.output.figures.parity import plot_comparison, validation_figure
from licoat.workflows.output.figures.periodic import plot_periodic
from licoat.workflows.output.figures.reaction import plot_reaction
from licoat.workflows.output.figures.screening import MOST_LEDGER_ROWS, plot_design, plot_funnel, plot_ledger
from licoat.workflows.output.figures.style import (
    DOUBLE_COLUMN_MM,
    SINGLE_COLUMN_MM,
    check_ending,
    new_figure,
    save_figure,
    styled,
    write_figure,
)
from licoat.workflows.output.figures.ternary import plot_ternary
from licoat.workflows.output.figures.voltage import plot_path, plot_paths

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from licoat.thermo import LithiationPath, Reaction
    from licoat.workflows.screening.comparison import Comparison
    from licoat.workflows.screening.screen import ScreeningResult
    from licoat.workflows.screening.validation import Validation

__all__ = [
    "comparison_figures",
    "path_figures",
    "reaction_figures",
    "save_path_figure",
    "screen_figures",
    "validation_figures",
]

Writers = dict[str, Callable[[Path], Any]]
_FORMATS = ("svg", "pdf")
_BEST = 4


def _on_paper(plot: "Callable[[Any, Axes], Axes]", result: Any, width_mm: float, height_mm: float) -> "Figure":  # noqa: ANN401
    """Draw a result into a figure of a size, apart from pyplot."""
    with styled():
        figure = new_figure(width_mm, height_mm)
        plot(result, figure.subplots())
    return figure


def _writers(figures: "dict[str, Callable[[], Figure]]") -> Writers:
    """Return a writer for each figure and format; a figure is drawn once, when the first is asked for."""
    from functools import cache

    def writer(make: "Callable[[], Figure]") -> Callable[[Path], None]:
        return lambda file: write_figure(make(), file)

    return {
        f"figures/{name}.{ending}": writer(once)
        for name, once in {name: cache(make) for name, make in figures.items()}.items()
        for ending in _FORMATS
    }


def save_path_figure(path: "LithiationPath", file: Path) -> None:
    """Write the voltage profile of an oxide to a file.

    Raises
    ------
    InputFileError
        If the ending is not .svg, .pdf or .png.
    """
    check_ending(file)
    save_figure(_on_paper(plot_path, path, DOUBLE_COLUMN_MM, 75.0), file)


def path_figures(path: "LithiationPath") -> Writers:
    """Return the writers of the figures of one oxide: voltage profile and ternary diagram, as SVG and PDF."""
    return _writers({
        "voltage": lambda: _on_paper(plot_path, path, DOUBLE_COLUMN_MM, 75.0),
        "ternary": lambda: _on_paper(plot_ternary, path, 110.0, 95.0),
    })  # fmt: skip


def reaction_figures(reaction: "Reaction") -> Writers:
    """Return the writers of the figure of a reaction."""
    return _writers({"reaction": lambda: _on_paper(plot_reaction, reaction, 120.0, 60.0)})


def comparison_figures(comparison: "Comparison") -> Writers:
    """Return the writers of the figure of a comparison."""
    return _writers({"comparison": lambda: _on_paper(plot_comparison, comparison, 140.0, 70.0)})


def validation_figures(found: "Validation") -> Writers:
    """Return the writers of the parity plots."""
    return _writers({"parity": lambda: validation_figure(found)})


def screen_figures(result: "ScreeningResult") -> Writers:
    """Return the writers of the figures of a screen, as SVG and PDF.

    Design chart, ledger, funnel, periodic table, and the voltage profiles of the best oxides over one another.
    """
    rows = min(MOST_LEDGER_ROWS, len(result.candidates))
    best = [candidate.path for candidate in result.candidates if candidate.path.stages][:_BEST]
    best = best or [candidate.path for candidate in result.candidates[:_BEST]]
    return _writers({
        "design": lambda: _on_paper(plot_design, result, 120.0, 90.0),
        "ledger": lambda: _on_paper(plot_ledger, result, DOUBLE_COLUMN_MM, 24.0 + 4.3 * rows),
        "funnel": lambda: _on_paper(plot_funnel, result, DOUBLE_COLUMN_MM, 8.0 + 7.0 * len(result.funnel)),
        "periodic": lambda: _on_paper(plot_periodic, result, DOUBLE_COLUMN_MM, 100.0),
        "voltages": lambda: _on_paper(plot_paths, best, SINGLE_COLUMN_MM, 70.0),
    })  # fmt: skip
