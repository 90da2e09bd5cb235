"""Figures of thermodynamics: the voltage profile of an oxide."""

from pathlib import Path
from typing import TYPE_CHECKING

from licoat.structures.chemistry.formula import render_unicode
from licoat.structures.errors import InputFileError
from licoat.structures.publishing import published

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from licoat.thermo.path import LithiationPath

__all__ = ["plot_path", "save_path_figure"]

FIGURE_SIZE_INCH = (7.5, 3.8)


def plot_path(path: "LithiationPath", ax: "Axes | None" = None) -> "Axes":
    """Draw voltage against anode atoms taken up; the plateaus are numbered and named beside the figure.

    Parameters
    ----------
    path : LithiationPath
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure is made without.

    Returns
    -------
    matplotlib Axes
    """
    import matplotlib.pyplot as plt

    if ax is None:
        _, ax = plt.subplots(figsize=FIGURE_SIZE_INCH, layout="constrained")
    oxide = render_unicode(path.oxide)
    ax.set_title(f"{oxide} on {path.anode} ({path.phases.source}, {path.phases.scheme})", fontsize=10, loc="left")
    if not path.stages:
        ax.text(0.5, 0.5, f"{oxide} does not react with {path.anode}", ha="center", transform=ax.transAxes)
        ax.set_axis_off()
        return ax
    x, y = [0.0], [path.stages[0].voltage_v]
    names = []
    for number, stage in enumerate(path.stages, start=1):
        x += [stage.anode_atoms_from, stage.anode_atoms_to]
        y += [stage.voltage_v, stage.voltage_v]
        names.append(f"{number}  {stage.voltage_v:.2f} V  {' + '.join(map(render_unicode, stage.products))}")
    ax.plot([*x, x[-1]], [*y, 0.0], color="#1f4e79", linewidth=2)
    for number, stage in enumerate(path.stages, start=1):
        middle = (stage.anode_atoms_from + stage.anode_atoms_to) / 2
        ax.annotate(str(number), (middle, stage.voltage_v), (0, 4), textcoords="offset points", ha="center", fontsize=8)
    ax.text(1.02, 1.0, "\n".join(names), transform=ax.transAxes, va="top", fontsize=8, linespacing=1.5)
    ax.set_xlabel(f"{path.anode} atoms per {oxide}")
    ax.set_ylabel(f"Voltage against {path.anode} (V)")
    ax.set_xlim(0, x[-1] * 1.03)
    ax.set_ylim(0, max(y) * 1.1)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def save_path_figure(path: "LithiationPath", file: Path) -> None:
    """Write the voltage profile to a file.

    Parameters
    ----------
    path : LithiationPath
    file : Path
        Ending ``.svg``, ``.pdf`` or ``.png``.

    Raises
    ------
    InputFileError
        If the ending is another one.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if file.suffix.lower() not in {".svg", ".pdf", ".png"}:
        raise InputFileError(f"figure {str(file)!r}: the ending must be .svg, .pdf or .png")
    figure = Figure(figsize=FIGURE_SIZE_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    plot_path(path, figure.subplots())
    with published(file) as temporary:
        figure.savefig(temporary, dpi=200)
