"""A layer drawn as a stack: foil and powder before; after, the lithium left and the layer with its phases mixed."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from licoat.structures.errors import InputFileError
from licoat.workflows.layer.design import LayerDesign
from licoat.workflows.output.figures.style import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    check_ending,
    drawn,
    formula_text,
    new_figure,
    notice,
    save_figure,
    styled,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

__all__ = ["mixture", "plot_layer", "plot_stacks", "save_stack_figure"]

LITHIUM, OXIDE, PORES = "#B8BCC4", ORANGE, "#FFFFFF"
ALLOYS, OTHERS = (BLUE, PURPLE, VERMILION), (SKY, GREEN, YELLOW)
_WIDTH = 0.6
_GRAINS = (120, 90)
"""Points of the picture of a mixture, up and across."""


def plot_layer(layer: LayerDesign, ax: "Axes | None" = None) -> "Axes":
    """Draw one layer before and after its reaction.

    Parameters
    ----------
    layer : LayerDesign
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure is made without.

    Returns
    -------
    matplotlib Axes
        An oxide that does not react, or unknown volumes, are said in words.
    """
    return drawn(lambda axes: _draw(axes, layer), ax, 89.0, 80.0)


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
    for layer in layers:
        if layer.layer_thickness_um is None and not layer.material.is_inert:
            raise InputFileError(f"{layer.material.oxide}: no volumes, so the layer cannot be drawn")
    with styled():
        figure = new_figure(5.0 + 89.0 * len(layers), 80.0)
        axes = figure.subplots(1, len(layers), sharey=True, squeeze=False)[0]
        for ax, layer in zip(axes, layers, strict=True):
            _draw(ax, layer)
            if ax is not axes[0]:
                ax.set_ylabel("")
    return figure


def _draw(ax: "Axes", layer: LayerDesign) -> None:
    """Draw one layer before and after."""
    from matplotlib.patches import Patch

    m, o = layer.material, layer.options
    oxide = formula_text(m.oxide)
    ax.set_title(f"{oxide}, {layer.oxide_loading_mg_per_cm2:.3g} mg/cm²", loc="left")
    if m.is_inert or layer.layer_thickness_um is None:
        words = f"{oxide} does not react with {m.anode}" if m.is_inert else f"{oxide}: volumes are not known"
        notice(ax, words, "the powder stays a powder" if m.is_inert else "so the layer cannot be drawn")
        return
    foil, powder = layer.lithium_thickness_um or 0.0, layer.powder_thickness_um or 0.0
    thickness, left = layer.layer_thickness_um, layer.lithium_left_um or 0.0
    before = [(OXIDE, oxide, o.packing_fraction), (PORES, "pores", 1.0 - o.packing_fraction)]
    after = _volume_shares(layer)
    top = max(foil + powder, left + thickness)
    _foil(ax, 0.0, foil, m.anode)
    _mixed(ax, 0.0, foil, powder, before)
    _side(ax, 0.0, foil, powder, [f"powder {powder:.3g} µm", *(f"{n} {s:.0%}" for _, n, s in before)], top)
    _foil(ax, 1.9, left, m.anode)
    _mixed(ax, 1.9, left, thickness, after)
    _side(ax, 1.9, left, thickness, [f"layer {thickness:.3g} µm", *(f"{n} {s:.0%}" for _, n, s in after)], top)
    ax.set_xticks([0.0, 1.9], ["before", "after" if left > 0.0 else f"after: no {m.anode} left"])
    ax.set_xlim(-0.4, 3.5)
    ax.set_ylim(0.0, 1.12 * top)
    ax.set_ylabel("Thickness (µm)")
    known = {name.removesuffix(" left"): colour for colour, name, _ in (*before, *after)}
    ax.legend(handles=[Patch(facecolor=c, edgecolor="#303030", label=n) for n, c in known.items()],
              loc="upper right", ncols=2, fontsize=6, handlelength=0.9, columnspacing=0.8)  # fmt: skip


def _volume_shares(layer: LayerDesign) -> list[tuple[str, str, float]]:
    """Colour, name and volume share of the phases of the layer, of oxide left and of pores; together 1."""
    m = layer.material
    extent, porosity = layer.extent_of_reaction or 0.0, layer.porosity or 0.0
    ratio = m.volume_ratio or 1.0
    products = extent * ratio / (1.0 + extent * (ratio - 1.0)) * (1.0 - porosity)
    unreacted = 1.0 - porosity - products
    found: list[tuple[str, str, float]] = []
    alloys, others = iter(ALLOYS * 3), iter(OTHERS * 3)
    for phase in m.products:
        colour = next(alloys) if phase.is_alloy else next(others)
        found.append((colour, formula_text(phase.formula), (phase.volume_fraction or 0.0) * products))
    if unreacted > 1e-9:
        found.append((OXIDE, f"{formula_text(m.oxide)} left", unreacted))
    if porosity > 1e-9:
        found.append((PORES, "pores", porosity))
    return found


def mixture(shares: Sequence[float], shape: tuple[int, int] = _GRAINS) -> "NDArray[np.int64]":
    """Return a picture of a mixture: at each point the number of its phase, with the shares given.

    Parameters
    ----------
    shares : sequence of float
        Volume shares, in sum 1.
    shape : tuple of int

    Returns
    -------
    ndarray of int, shape `shape`
        Every phase is scattered over the whole: nothing is known of which lies above which. Always the same picture.

    Notes
    -----
    For each phase in turn the points with the largest values of a smooth random field, so many as its share asks for.
    """
    from scipy.ndimage import gaussian_filter

    random = np.random.default_rng(12)
    picture = np.full(shape, -1, dtype=np.int64)
    edges = np.round(np.cumsum(shares) * picture.size).astype(int)
    for k in range(len(shares) - 1, -1, -1):
        count = int(edges[k] - (edges[k - 1] if k else 0))
        field = gaussian_filter(random.standard_normal(shape), 2.2, mode="wrap")
        field[picture >= 0] = -np.inf
        picture.flat[np.argsort(field, axis=None)[picture.size - count :]] = k
    return picture


def _mixed(ax: "Axes", x: float, bottom: float, height: float, parts: Sequence[tuple[str, str, float]]) -> None:
    """Draw a box of phases that are mixed."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Rectangle

    if height <= 0.0:
        return
    picture = mixture([share for _, _, share in parts])
    box = (x - _WIDTH / 2.0, x + _WIDTH / 2.0, bottom, bottom + height)
    ax.imshow(picture, cmap=ListedColormap([colour for colour, _, _ in parts]), vmin=-0.5, vmax=len(parts) - 0.5,
              extent=box, origin="lower", aspect="auto", interpolation="nearest", zorder=2)  # fmt: skip
    ax.add_patch(Rectangle((box[0], bottom), _WIDTH, height, facecolor="none", edgecolor="#303030", lw=0.6, zorder=3))


def _foil(ax: "Axes", x: float, height: float, anode: str) -> None:
    """Draw what there is of the metal."""
    if height > 0.0:
        ax.bar(x, height, _WIDTH, color=LITHIUM, edgecolor="#303030", linewidth=0.6)
        ax.annotate(f"{anode} {height:.3g} µm", (x + _WIDTH / 2.0, height / 2.0), (3, 0), textcoords="offset points",
                    va="center", fontsize=6.5)  # fmt: skip


def _side(ax: "Axes", x: float, bottom: float, height: float, lines: Sequence[str], top: float) -> None:
    """Write what a box is and what is mixed in it beside it, its lower end not below the box."""
    y = min(bottom + height / 2.0, top)
    ax.annotate("\n".join(lines), (x + _WIDTH / 2.0, y), (3, 0), textcoords="offset points", va="center", fontsize=6.5,
                linespacing=1.25)  # fmt: skip


def save_stack_figure(layers: Sequence[LayerDesign], file: Path) -> None:
    """Write the stacks to ``.svg``, ``.pdf`` or ``.png``.

    Raises
    ------
    InputFileError
        If the ending is another one or a layer's volumes are not known.
    """
    check_ending(file)
    save_figure(plot_stacks(layers), file)
