"""A layer drawn as a stack: foil and powder before, layer with its phases and lithium left after."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from licoat.structures.chemistry.formula import render_unicode
from licoat.structures.errors import InputFileError
from licoat.structures.publishing import published
from licoat.workflows.layer.design import LayerDesign

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_stacks", "save_stack_figure"]

LITHIUM = "#b8bcc4"
OXIDE = "#d9b26f"
PORES = "#ffffff"
CONDUCTING = ("#1f4e79", "#3f7fb5", "#7fb0d6")
OTHERS = ("#8fbf8f", "#5f9f6f", "#c7dfb8")


def plot_stacks(layers: Sequence[LayerDesign]) -> "Figure":
    """Draw layers side by side, each before and after its reaction, to one scale.

    Parameters
    ----------
    layers : sequence of LayerDesign
        The second and later ones stand next to the first.

    Returns
    -------
    matplotlib Figure

    Raises
    ------
    InputFileError
        If a layer's volumes are not known.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    for layer in layers:
        if layer.layer_thickness_um is None:
            raise InputFileError(f"{layer.material.oxide}: no volumes, so the layer cannot be drawn")
    figure = Figure(figsize=(1.6 + 3.4 * len(layers), 4.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(layers), sharey=True, squeeze=False)[0]
    for ax, layer in zip(axes, layers, strict=True):
        _draw(ax, layer)
    axes[0].set_ylabel("Thickness (µm)")
    figure.supxlabel("Heights are volume shares; in the layer the phases are mixed.", fontsize=7, color="#606060")
    return figure


def _draw(ax: "Axes", layer: LayerDesign) -> None:
    """Draw one layer before and after."""
    m, o = layer.material, layer.options
    foil, powder = layer.lithium_thickness_um or 0.0, layer.powder_thickness_um or 0.0
    _column(
        ax,
        0.0,
        [
            (foil, LITHIUM, m.anode),
            (powder, OXIDE, f"{render_unicode(m.oxide)} powder\n{o.packing_fraction:.0%} solid"),
        ],
    )
    thickness = layer.layer_thickness_um or 0.0
    parts = _volume_shares(layer)
    left = layer.lithium_left_um or 0.0
    _column(ax, 1.0, [(left, LITHIUM, m.anode), *((thickness * share, colour, text) for share, colour, text in parts)])
    ax.set_xticks([0, 1], ["before", "after"])
    ax.set_xlim(-0.45, 2.1)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_title(f"{render_unicode(m.oxide)}, {layer.oxide_loading_mg_per_cm2:.3g} mg/cm²", fontsize=10)


def _volume_shares(layer: LayerDesign) -> list[tuple[float, str, str]]:
    """Share of the layer's thickness, colour and label of phases, oxide left and pores."""
    m = layer.material
    extent, porosity = layer.extent_of_reaction or 0.0, layer.porosity or 0.0
    ratio = m.volume_ratio or 1.0
    products = extent * ratio / (1.0 + extent * (ratio - 1.0)) * (1.0 - porosity)
    unreacted = 1.0 - porosity - products
    found, conducting, others = [], iter(CONDUCTING * 3), iter(OTHERS * 3)
    for phase in m.products:
        share = (phase.volume_fraction or 0.0) * products
        colour = next(conducting) if phase.is_alloy else next(others)
        found.append((share, colour, f"{render_unicode(phase.formula)} {share:.0%}"))
    if unreacted > 1e-9:
        found.append((unreacted, OXIDE, f"{render_unicode(m.oxide)} left {unreacted:.0%}"))
    if porosity > 1e-9:
        found.append((porosity, PORES, f"pores {porosity:.0%}"))
    return found


def _column(ax: "Axes", x: float, parts: Sequence[tuple[float, str, str]]) -> None:
    """Stack boxes and write their names beside them, not closer than the text is high."""
    bottom, last = 0.0, -1e9
    total = sum(height for height, _, _ in parts) or 1.0
    for height, colour, text in parts:
        if height <= 0.0:
            continue
        ax.bar(x, height, 0.6, bottom, color=colour, edgecolor="#404040", linewidth=0.6,
               hatch="..." if colour == PORES else None)  # fmt: skip
        y = max(bottom + height / 2.0, last + 0.075 * total)
        ax.annotate(f"{text}, {height:.2g} µm", (x + 0.32, bottom + height / 2), (x + 0.37, y), fontsize=7, va="center")
        bottom, last = bottom + height, y


def save_stack_figure(layers: Sequence[LayerDesign], file: Path) -> None:
    """Write the stacks to ``.svg``, ``.pdf`` or ``.png``.

    Raises
    ------
    InputFileError
        If the ending is another one or a layer's volumes are not known.
    """
    if file.suffix.lower() not in {".svg", ".pdf", ".png"}:
        raise InputFileError(f"figure {str(file)!r}: the ending must be .svg, .pdf or .png")
    with published(file) as temporary:
        plot_stacks(layers).savefig(temporary, dpi=200)
