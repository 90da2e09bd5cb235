"""Charts of a screen: heat against expansion, the ledger of criteria, the funnel."""

from typing import TYPE_CHECKING

import numpy as np

from licoat.workflows.output.book import words_and_unit
from licoat.workflows.output.figures.labels import place_labels
from licoat.workflows.output.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    SKY,
    VERMILION,
    drawn,
    formula_text,
    notice,
    unit_text,
)
from licoat.workflows.screening.comparison import PAPER_OXIDE
from licoat.workflows.screening.criteria import State

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from licoat.workflows.screening.criteria import Criterion
    from licoat.workflows.screening.screen import Candidate, ScreeningResult

__all__ = ["heat_sigma_mj_per_kg", "outcome", "plot_design", "plot_funnel", "plot_ledger"]

OUTCOMES = {
    "meets all": (GREEN, "o"),
    "open": (SKY, "s"),
    "fails": ("#B0B0B0", "v"),
}
"""Colour and mark by what a screen says of an oxide as a whole; marks differ so that no colour is needed."""

_STATES = {
    State.PASS: (GREEN, ""),
    State.UNCERTAIN: ("#F0E442", "~"),
    State.UNKNOWN: ("#FFFFFF", "?"),
    State.FAIL: (VERMILION, "\u00d7"),
}
MOST_LABELS, MOST_LEDGER_ROWS = 16, 40


def outcome(candidate: "Candidate") -> str:
    """Return ``meets all``, ``open`` (nothing failed, something uncertain or unknown) or ``fails``."""
    states = {verdict.state for verdict in candidate.verdicts.values()}
    if State.FAIL in states:
        return "fails"
    return "meets all" if states == {State.PASS} else "open"


def plot_design(result: "ScreeningResult", ax: "Axes | None" = None) -> "Axes":
    """Draw heat per mass of oxide against expansion: coloured by outcome, with the front and the founding case marked.

    Parameters
    ----------
    result : ScreeningResult
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure is made without.

    Returns
    -------
    matplotlib Axes
    """
    return drawn(lambda axes: _design(result, axes), ax, 120.0, 90.0)


def _design(result: "ScreeningResult", ax: "Axes") -> None:
    shown = [c for c in result.candidates if c.path.stages and c.path.final.volume_ratio_oxide is not None]
    still = sum(not c.path.stages for c in result.candidates)
    if not shown:
        notice(ax, "No oxide of this screen reacts", f"{still} oxides stay as they are: no heat, no expansion")
        return
    for name, (colour, mark) in reversed(OUTCOMES.items()):
        members = [c for c in shown if outcome(c) == name]
        if not members:
            continue
        x = [c.path.final.volume_ratio_oxide or 0.0 for c in members]
        y = [c.path.final.heat_mj_per_kg_oxide for c in members]
        sigma = [heat_sigma_mj_per_kg(c) for c in members]
        ax.errorbar(x, y, sigma, fmt="none", ecolor=colour, elinewidth=0.5, alpha=0.55,
                    zorder=2 if name == "fails" else 3)  # fmt: skip
        points = ax.scatter(x, y, s=13, marker=mark, c=colour, edgecolors="#303030", linewidths=0.3,
                            zorder=2.5 if name == "fails" else 4, label=f"{name} ({len(members)})")  # fmt: skip
        points.set_gid(f"points-{name.replace(' ', '-')}")
    front = [c for c in shown if c.on_front]
    ax.scatter([_x(c) for c in front], [_y(c) for c in front], s=42, facecolors="none", edgecolors=BLACK,
               linewidths=0.8, zorder=5, label=f"Pareto front ({len(front)})")  # fmt: skip
    founding = [c for c in shown if c.path.oxide == PAPER_OXIDE]
    if founding:
        ax.scatter([_x(c) for c in founding], [_y(c) for c in founding], s=70, marker="*", c=ORANGE,
                   edgecolors=BLACK, linewidths=0.5, zorder=5.5,
                   label=f"founding case {formula_text(PAPER_OXIDE)}")  # fmt: skip
    for criterion in result.criteria:
        if criterion.quantity == "volume_ratio_oxide":
            ax.axvline(criterion.threshold, color=BLUE, lw=0.6, ls="--", zorder=1, label="threshold of a criterion")
        elif criterion.quantity == "heat_mj_per_kg_oxide":
            ax.axhline(criterion.threshold, color=BLUE, lw=0.6, ls="--", zorder=1)
    ax.set_xlabel(r"Volume of products over that of the oxide, $V/V_{ox}$ (1)")
    ax.set_ylabel("Heat of reaction (MJ per kg of oxide)")
    top = max(_y(c) + heat_sigma_mj_per_kg(c) for c in shown)
    ax.set_xlim(min(map(_x, shown)) - 0.1, max(map(_x, shown)) + 0.25)
    ax.set_ylim(min(0.0, *map(_y, shown)), 1.12 * top)
    handles, labels = ax.get_legend_handles_labels()
    tail = f"bars: one sigma; {still} oxides that do not react are not drawn" if still else "bars: one sigma"
    ax.legend(handles[::-1], labels[::-1], loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.2,
              title=tail, title_fontsize=6, alignment="left", columnspacing=1.0)  # fmt: skip
    best = [c for c in shown if outcome(c) != "fails"] or shown
    chosen = list({c.path.oxide: c for c in [*founding, *front, *best]}.values())[:MOST_LABELS]
    named = {c.path.oxide for c in chosen}
    place_labels(
        ax,
        [(_x(c), _y(c)) for c in chosen],
        [formula_text(c.path.oxide) for c in chosen],
        avoid=[(_x(c), _y(c)) for c in shown if c.path.oxide not in named],
    )


def _x(candidate: "Candidate") -> float:
    return candidate.path.final.volume_ratio_oxide or 0.0


def _y(candidate: "Candidate") -> float:
    return candidate.path.final.heat_mj_per_kg_oxide


def heat_sigma_mj_per_kg(candidate: "Candidate") -> float:
    """One standard deviation of the heat per mass, 0 (no bar) where it is not known."""
    reaction = candidate.path.final
    if reaction.energy_sigma_ev_per_fu is None or not reaction.energy_ev_per_fu:
        return 0.0
    return abs(reaction.heat_mj_per_kg_oxide * reaction.energy_sigma_ev_per_fu / reaction.energy_ev_per_fu)


def plot_ledger(result: "ScreeningResult", ax: "Axes | None" = None, *, top: int = MOST_LEDGER_ROWS) -> "Axes":
    """Draw the ledger as a heat map: oxides by criteria, with the value of each; the best `top` oxides.

    Returns
    -------
    matplotlib Axes
    """
    rows = min(top, len(result.candidates))
    return drawn(lambda axes: _ledger(result, axes, top), ax, 183.0, 24.0 + 4.3 * rows)


def _ledger(result: "ScreeningResult", ax: "Axes", top: int) -> None:
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    shown, names = result.candidates[:top], [criterion.name for criterion in result.criteria]
    order = list(_STATES)
    grid = np.array([[order.index(c.verdicts[name].state) for name in names] for c in shown])
    ax.pcolormesh(grid, cmap=ListedColormap([colour for colour, _ in _STATES.values()]), vmin=-0.5, vmax=3.5,
                  edgecolors="#FFFFFF", linewidth=0.8, alpha=0.75)  # fmt: skip
    for i, candidate in enumerate(shown):
        for j, name in enumerate(names):
            verdict = candidate.verdicts[name]
            mark = _STATES[verdict.state][1]
            text = f"{mark} {_short(verdict.value)}".strip() or "?"
            ax.text(j + 0.5, i + 0.5, text, ha="center", va="center", fontsize=5.5)
    ax.set_xticks(np.arange(len(names)) + 0.5, [_criterion_head(c, result.manifest["anode"]) for c in result.criteria],
                  fontsize=6)  # fmt: skip
    ax.xaxis.tick_top()
    ax.set_yticks(np.arange(len(shown)) + 0.5, [f"{formula_text(c.path.oxide)}  {c.rank}" for c in shown])
    ax.tick_params(length=0)
    ax.invert_yaxis()
    ax.spines[:].set_visible(False)
    ax.set_ylabel("Oxide and rank")
    ax.grid(visible=False)
    words = {"pass": "", "uncertain": "within one sigma of the threshold", "unknown": "no data", "fail": ""}
    patches = [
        Patch(facecolor=colour, edgecolor="#606060", alpha=0.75,
              label=f"{mark} {state.value}{': ' if words[state.value] else ''}{words[state.value]}".strip())
        for state, (colour, mark) in _STATES.items()
    ]  # fmt: skip
    ax.legend(handles=patches, loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=4)


def _short(value: float | None) -> str:
    """Write a value in a narrow cell: two digits, thousands in full."""
    if value is None:
        return ""
    return (f"{value:,.0f}" if abs(value) >= 100.0 else f"{value:.2g}").replace("-", "\u2212")


def _criterion_head(criterion: "Criterion", anode: str) -> str:
    """Write a criterion as the head of a narrow column: name, then what is asked for with its unit."""
    sign = {">=": "≥", "<=": "≤"}.get(criterion.comparison, criterion.comparison)
    unit = words_and_unit(criterion.quantity)[1].replace("dense ", "").replace("consumed anode atom", anode)
    unit = unit_text(unit).replace(" per ", "\nper ")
    threshold = f"{criterion.threshold:g}".replace("-", "\u2212")
    return f"{criterion.name.replace('_', chr(10))}\n{sign} {threshold} {unit}".rstrip()


def plot_funnel(result: "ScreeningResult", ax: "Axes | None" = None) -> "Axes":
    """Draw how many oxides are left after each criterion, and which left where.

    Returns
    -------
    matplotlib Axes
    """
    return drawn(lambda axes: _funnel(result, axes), ax, 183.0, 8.0 + 7.0 * len(result.funnel))


def _funnel(result: "ScreeningResult", ax: "Axes") -> None:
    steps = result.funnel
    most = max(step.remaining for step in steps) or 1
    for i, step in enumerate(steps):
        ax.barh(i, step.remaining, 0.72, left=-step.remaining / 2.0, color=BLUE)
        inside = step.remaining > 0.08 * most
        ax.text(0.0 if inside else step.remaining / 2.0 + 0.01 * most, i, str(step.remaining), va="center",
                ha="center" if inside else "left", color="#FFFFFF" if inside else BLACK, weight="bold")  # fmt: skip
        if step.left:
            names = [formula_text(formula) for formula in list(step.left)[:7]]
            more = f" and {len(step.left) - 7} more" if len(step.left) > 7 else ""
            ax.text(0.56 * most, i, f"\u2212{len(step.left)}:  {', '.join(names)}{more}", va="center", fontsize=6)
    ax.set_yticks(range(len(steps)), [step.step.replace("_", " ") for step in steps])
    ax.invert_yaxis()
    ax.set_xlim(-0.52 * most, 1.45 * most)
    ax.set_xticks([])
    ax.set_xlabel("Oxides that remain (number); beside: who left at this step", loc="left")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
