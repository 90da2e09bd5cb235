"""The ternary diagram anode metal, M, O: phases, tie lines, and the way of an oxide to its end state."""

import math
from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from licoat.structures.chemistry.formula import parse_formula
from licoat.workflows.output.figures.labels import place_labels
from licoat.workflows.output.figures.style import BLACK, BLUE, GREY, ORANGE, VERMILION, drawn, formula_text, notice

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from licoat.structures import PhaseTable
    from licoat.thermo.path import LithiationPath

__all__ = ["plot_ternary", "tie_lines"]


def tie_lines(phases: "PhaseTable", elements: tuple[str, str, str]) -> tuple[list[str], set[tuple[str, str]]]:
    """Return the stable compositions of three elements and the pairs that coexist at 0 K.

    Parameters
    ----------
    phases : PhaseTable
        Its own choice says whether predicted compositions take part (`PhaseTable.with_products`).
    elements : tuple of three str

    Returns
    -------
    formulas : list of str
        Lowest phase of each composition that is a corner of the hull.
    pairs : set of (str, str)
        Edges of the hull's lower facets.

    Notes
    -----
    The lower half of the convex hull of (x, y, formation energy per atom), x and y composition (Qhull). A facet whose
    plane the elements span, at zero energy, is its upper lid and is left out.
    """
    from scipy.spatial import ConvexHull

    lowest: dict[str, float] = {}
    energies = phases.column("formation_energy_ev_per_atom")
    for row in phases.rows_in_system(elements).tolist():
        formula = phases.text("formula")[row]
        lowest[formula] = 0.0 if len(parse_formula(formula)) == 1 else float(energies[row])
    lowest = {f: e for f, e in lowest.items() if e < 0.0 or len(parse_formula(f)) == 1}
    names = list(lowest)
    points = np.array([[*_fractions(f, elements)[1:], lowest[f]] for f in names])
    corners = [_corner(e, names) for e in elements]
    if None in corners or len(names) < 4:
        return [n for n in names if len(parse_formula(n)) == 1], set(combinations(sorted(map(str, corners)), 2))
    hull = ConvexHull(points)
    pairs: set[tuple[str, str]] = set()
    for facet, equation in zip(hull.simplices, hull.equations, strict=True):
        if equation[2] < -1e-9:  # its outside is below
            pairs |= {tuple(sorted((names[i], names[j]))) for i, j in combinations(facet.tolist(), 2)}
    return sorted({name for pair in pairs for name in pair}), pairs


def _corner(symbol: str, names: list[str]) -> str | None:
    return next((name for name in names if parse_formula(name).keys() == {symbol}), None)


def _fractions(formula: str, elements: tuple[str, str, str]) -> tuple[float, float, float]:
    atoms = parse_formula(formula)
    total = sum(atoms.values())
    a, b, c = (atoms.get(e, 0) / total for e in elements)
    return a, b, c


def _xy(formula: str, elements: tuple[str, str, str]) -> tuple[float, float]:
    """Return the place of a composition: anode metal left, oxygen on top, M right."""
    _, m, o = _fractions(formula, elements)
    return m + o / 2.0, o * math.sqrt(3.0) / 2.0


def plot_ternary(path: "LithiationPath", ax: "Axes | None" = None) -> "Axes":
    """Draw the ternary diagram of an oxide with one element beside oxygen, with its way to the anode metal.

    Parameters
    ----------
    path : LithiationPath
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
        For an oxide of another number of elements it says so.
    """
    return drawn(lambda axes: _ternary(path, axes), ax, 110.0, 95.0)


def _ternary(path: "LithiationPath", ax: "Axes") -> None:
    metals = [symbol for symbol in parse_formula(path.oxide) if symbol not in {"O", path.anode}]
    if len(metals) != 1 or "O" not in parse_formula(path.oxide):
        notice(ax, f"{formula_text(path.oxide)}: not a system of three elements", "no ternary diagram")
        return
    elements = (path.anode, metals[0], "O")
    stable, pairs = tie_lines(path.phases, elements)
    place = {formula: _xy(formula, elements) for formula in {*stable, path.oxide}}
    for first, second in sorted(pairs):
        (x1, y1), (x2, y2) = place[first], place[second]
        ax.plot([x1, x2], [y1, y2], color=GREY, lw=0.5, zorder=1)
    ends = {_xy(formula, elements) for formula in path.final.coefficients if path.final.coefficients[formula] > 0}
    corner = _xy(path.anode, elements)
    start = place[path.oxide]
    way = f"{formula_text(path.oxide)} takes up {path.anode}" if path.stages else "overall composition"
    ax.plot([start[0], corner[0]], [start[1], corner[1]], color=BLUE, lw=1.6, zorder=3, label=way)
    mixes = [_overall(path, stage.anode_atoms_to, elements) for stage in path.stages]
    if mixes:
        _dots(ax, mixes, s=14, marker="D", c="#FFFFFF", edgecolors=BLUE, linewidths=0.8, zorder=4,
                   label="end of a plateau")  # fmt: skip
    others = [f for f in place if f != path.oxide and place[f] not in ends]
    _dots(ax, [place[f] for f in others], s=12, c=BLACK, zorder=4, label="stable phase, 0 K")
    if ends and path.stages:
        _dots(ax, sorted(ends), s=28, marker="s", c=VERMILION, edgecolors=BLACK, linewidths=0.5, zorder=5,
                   label=f"product in equilibrium with {path.anode}")  # fmt: skip
    _dots(ax, [start], s=60, marker="*", c=ORANGE, edgecolors=BLACK, linewidths=0.5, zorder=5, label="the oxide")
    ax.set_aspect("equal")
    ax.set_xlim(-0.12, 1.12)
    ax.set_ylim(-0.09, 0.98)
    ax.set_axis_off()
    inside = "" if path.stages else f": {path.verdict}, does not react"
    ax.set_title(
        f"{path.anode}\u2013{metals[0]}\u2013O ({path.phases.source}, {path.phases.scheme}){inside}", loc="left"
    )
    ax.text(0.5, -0.085, "Atomic fractions: each corner is one element (1), its opposite side 0", ha="center",
            va="top", fontsize=6, color="#606060")  # fmt: skip
    ax.legend(loc="upper left", bbox_to_anchor=(-0.02, 1.0), fontsize=6)
    shown = [*place, *(f for f in path.final.coefficients if path.final.coefficients[f] > 0 and f not in place)]
    place_labels(ax, [_xy(f, elements) for f in shown], [formula_text(f) for f in shown], avoid=mixes, fontsize=6)


def _dots(ax: "Axes", places: Sequence[tuple[float, float]], **options: Any) -> None:  # noqa: ANN401 - of matplotlib
    ax.scatter([x for x, _ in places], [y for _, y in places], **options)


def _overall(path: "LithiationPath", anode_atoms: float, elements: tuple[str, str, str]) -> tuple[float, float]:
    """Return the place of the oxide with so many anode atoms."""
    atoms = {**parse_formula(path.oxide)}
    counts = [atoms.get(e, 0) + (anode_atoms if e == path.anode else 0.0) for e in elements]
    _, m, o = (n / sum(counts) for n in counts)
    return m + o / 2.0, o * math.sqrt(3.0) / 2.0
