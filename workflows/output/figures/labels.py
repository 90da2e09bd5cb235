"""Labels beside points that do not cover one another."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["place_labels"]

_DIRECTIONS = [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1)]
_DISTANCES_PT = (5.0, 10.0, 17.0, 26.0, 36.0)
_POINT_PX = 4.0


def place_labels(
    ax: "Axes",
    points: Sequence[tuple[float, float]],
    texts: Sequence[str],
    *,
    fontsize: float = 6.5,
    avoid: Sequence[tuple[float, float]] = (),
) -> None:
    """Write a text beside each point where it covers no other text, few points, and stays inside the axes.

    Parameters
    ----------
    ax : matplotlib Axes
        With its limits set.
    points : sequence of (float, float)
        In data coordinates.
    texts : sequence of str
    fontsize : float
    avoid : sequence of (float, float)
        Further points that labels should not cover.

    Notes
    -----
    Greedy: the first of 40 places (eight directions, near before far) with the least cost; far labels get a line.
    """
    from matplotlib.patheffects import withStroke

    figure: Figure = ax.figure.figure
    figure.draw_without_rendering()  # the layout must be settled before places are measured
    frame = ax.get_window_extent()
    scale = figure.dpi / 72.0
    dots = ax.transData.transform(np.array([*points, *avoid], dtype=float).reshape(-1, 2))
    halo = [withStroke(linewidth=1.2, foreground="#FFFFFF")]
    taken: list[tuple[float, float, float, float]] = []
    for point, text, dot in zip(points, texts, dots, strict=False):
        probe = ax.annotate(text, point, (0, 0), textcoords="offset points", fontsize=fontsize)
        extent = probe.get_window_extent()
        probe.remove()
        size = (extent.width + 2.0 * scale, extent.height + 1.0 * scale)
        best, place, box = min(
            (
                _cost(box, frame.extents, dots, taken) + rank * 0.3,
                (step * x, step * y),
                box,
            )
            for rank, step in enumerate(_DISTANCES_PT)
            for x, y in _DIRECTIONS
            for box in [_box(dot, (step * x * scale, step * y * scale), (x, y), size)]
        )
        del best
        taken.append(box)
        x, y = np.sign(place)
        ax.annotate(
            text, point, place, textcoords="offset points", fontsize=fontsize, zorder=6, path_effects=halo,
            ha={1: "left", -1: "right", 0: "center"}[int(x)], va={1: "bottom", -1: "top", 0: "center"}[int(y)],
            arrowprops={"arrowstyle": "-", "lw": 0.4, "color": "#808080", "shrinkA": 0.5, "shrinkB": 2.5}
            if max(map(abs, place)) > _DISTANCES_PT[0] else None,
        )  # fmt: skip


def _box(
    dot: np.ndarray, offset: tuple[float, float], way: tuple[int, int], size: tuple[float, float]
) -> tuple[float, float, float, float]:
    """Return left, bottom, right and top of a label in pixels."""
    left = dot[0] + offset[0] - size[0] * (1 - way[0]) / 2.0
    bottom = dot[1] + offset[1] - size[1] * (1 - way[1]) / 2.0
    return float(left), float(bottom), float(left + size[0]), float(bottom + size[1])


def _cost(
    box: tuple[float, float, float, float],
    frame: tuple[float, float, float, float],
    dots: np.ndarray,
    taken: Sequence[tuple[float, float, float, float]],
) -> float:
    """Return how bad a place is: other labels and the frame count most, points less."""
    left, bottom, right, top = box
    outside = left < frame[0] or bottom < frame[1] or right > frame[2] or top > frame[3]
    over = sum(left < r and right > le and bottom < t and top > b for le, b, r, t in taken)
    x, y = dots[:, 0], dots[:, 1]
    covered = (x > left - _POINT_PX) & (x < right + _POINT_PX) & (y > bottom - _POINT_PX) & (y < top + _POINT_PX)
    return 8.0 * outside + 5.0 * over + float(covered.sum())
