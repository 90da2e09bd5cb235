"""The periodic table, coloured by the heat that an oxide of each element gives off with the anode metal."""

from typing import TYPE_CHECKING

from licoat.structures.chemistry.elements import ATOMIC_NUMBER, SYMBOLS, group
from licoat.structures.chemistry.formula import parse_formula
from licoat.workflows.output.figures.style import BLACK, LIGHT, drawn, formula_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from licoat.workflows.screening.screen import Candidate, ScreeningResult

__all__ = ["plot_periodic"]

_LAST = ATOMIC_NUMBER["U"]
_PERIODS = (2, 10, 18, 36, 54, 86, 118)


def _place(symbol: str) -> tuple[float, float]:
    """Return column and row of an element; lanthanides and actinides stand below."""
    number = ATOMIC_NUMBER[symbol]
    if 57 <= number <= 71:
        return float(number - 57 + 3), 8.3
    if 89 <= number <= 103:
        return float(number - 89 + 3), 9.3
    return float(group(symbol)), float(next(i for i, last in enumerate(_PERIODS, start=1) if number <= last))


def plot_periodic(result: "ScreeningResult", ax: "Axes | None" = None) -> "Axes":
    """Draw the conversion heat of the best oxide of each element on the periodic table.

    Parameters
    ----------
    result : ScreeningResult
        Of oxides with one element beside oxygen; others are left out.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
    """
    return drawn(lambda axes: _periodic(result, axes), ax, 183.0, 100.0)


def _best(result: "ScreeningResult") -> "dict[str, Candidate]":
    best: dict[str, Candidate] = {}
    for candidate in result.candidates:
        others = [symbol for symbol in parse_formula(candidate.path.oxide) if symbol not in {"O", candidate.path.anode}]
        if len(others) == 1:
            best.setdefault(others[0], candidate)
    return best


def _periodic(result: "ScreeningResult", ax: "Axes") -> None:
    import matplotlib as mpl
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.patches import Rectangle

    best = _best(result)
    heats = [c.path.final.heat_mj_per_kg_oxide for c in best.values() if c.path.stages]
    hottest, colours_of = max(heats, default=1.0), mpl.colormaps["viridis"]
    scale = ScalarMappable(Normalize(0.0, hottest), colours_of)
    for symbol in SYMBOLS[:_LAST]:
        x, y = _place(symbol)
        candidate = best.get(symbol)
        reacts = candidate is not None and bool(candidate.path.stages)
        heat = candidate.path.final.heat_mj_per_kg_oxide if candidate is not None else 0.0
        colour = colours_of(heat / hottest) if reacts else LIGHT if candidate is not None else "#FFFFFF"
        ax.add_patch(Rectangle((x, y), 0.95, 0.95, facecolor=colour, edgecolor="#909090", lw=0.4,
                               hatch="////" if candidate is not None and not reacts else None))  # fmt: skip
        dark = reacts and heat < 0.55 * hottest
        ink = "#FFFFFF" if dark else BLACK if candidate is not None else "#909090"
        box = {"facecolor": LIGHT, "edgecolor": "none", "pad": 0.4} if candidate is not None and not reacts else None
        ax.text(x + 0.475, y + 0.22, symbol, ha="center", va="center", color=ink, weight="bold", fontsize=6.5, bbox=box)
        if candidate is not None:
            name = formula_text(candidate.path.oxide)
            ax.text(x + 0.475, y + 0.52, name, ha="center", va="center", color=ink, fontsize=4.8, bbox=box)
            value = f"{heat:.1f}" if reacts else candidate.path.verdict
            ax.text(x + 0.475, y + 0.79, value, ha="center", va="center", color=ink, fontsize=4.8, bbox=box)
    for y, text in ((6, "57\u201371"), (7, "89\u2013103")):
        ax.text(3.475, y + 0.5, text, ha="center", va="center", fontsize=5, color="#606060")
    ax.set_xlim(0.9, 19.05)
    ax.set_ylim(10.35, 0.9)
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.set_title(f"Best oxide of each element on {result.manifest['anode']}: heat of reaction", loc="left")
    bar = ax.inset_axes((0.15, 0.955, 0.44, 0.025))
    colours = ax.figure.colorbar(scale, cax=bar, orientation="horizontal")
    key = "hatched: does not react, or uncertain; white: no oxide screened"
    colours.set_label(f"Heat (MJ per kg of oxide)\n{key}", fontsize=6)
    colours.outline.set_visible(False)
