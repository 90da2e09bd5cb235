"""Figures of thermodynamics: the voltage profile of an oxide."""

from pathlib import Path
from typing import TYPE_CHECKING

from licoat.structures.errors import InputFileError
from licoat.structures.formula import render_unicode

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from licoat.thermo.lithiation import LithiationPath

__all__ = ["plot_path", "save_path_figure"]


def plot_path(path: "LithiationPath", ax: "Axes | None" = None) -> "Axes":
    """Draw voltage against anode atoms taken up, every plateau named by its products.

    Parameters
    ----------
    path : LithiationPath
    ax : matplotlib Axes, optional
    """
    import matplotlib.pyplot as plt

    if ax is None:
        _, ax = plt.subplots(figsize=(7.0, 4.2), layout="constrained")
    ax.set_xlabel(f"{path.anode} atoms per {render_unicode(path.oxide)}")
    ax.set_ylabel(f"Voltage against {path.anode} (V)")
    ax.set_title(
        f"{render_unicode(path.oxide)} + {path.anode}: {path.phases.source}, {path.phases.scheme}", fontsize=10
    )
    if not path.stages:
        ax.text(
            0.5,
            0.5,
            f"{render_unicode(path.oxide)} does not react with {path.anode}",
            ha="center",
            transform=ax.transAxes,
        )
        ax.set_axis_off()
        return ax
    x, y = [0.0], [path.stages[0].voltage_v]
    for stage in path.stages:
        x += [stage.anode_atoms_from, stage.anode_atoms_to]
        y += [stage.voltage_v, stage.voltage_v]
    ax.plot([*x, x[-1]], [*y, 0.0], color="#1f4e79", linewidth=2)
    top = max(y)
    for stage in path.stages:
        label = " + ".join(render_unicode(formula) for formula in stage.products)
        ax.annotate(
            label,
            ((stage.anode_atoms_from + stage.anode_atoms_to) / 2, stage.voltage_v),
            ha="center",
            va="bottom",
            fontsize=8,
            xytext=(0, 3),
            textcoords="offset points",
        )
    ax.set_xlim(0, x[-1] * 1.05)
    ax.set_ylim(0, top * 1.2)
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
    figure = Figure(figsize=(7.0, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    plot_path(path, figure.subplots())
    figure.savefig(file, dpi=200)
