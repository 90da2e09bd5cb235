"""Computed against measured: reaction energies of many compounds, and one reaction from several sources."""

import math
from typing import TYPE_CHECKING

from licoat.workflows.output.book import words_and_unit
from licoat.workflows.output.figures.labels import place_labels
from licoat.workflows.output.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    VERMILION,
    drawn,
    formula_text,
    new_figure,
    notice,
    styled,
    unit_text,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from licoat.thermo.heat_errors import HeatError
    from licoat.workflows.screening.comparison import Comparison
    from licoat.workflows.screening.validation import Validation

__all__ = ["plot_comparison", "plot_validation", "validation_figure"]

_KINDS = {
    ("binary oxide", False): ("binary oxides", BLUE, "o"),
    ("binary oxide", True): ("binary oxides, Hubbard U", ORANGE, "s"),
    ("ternary oxide", False): ("ternary oxides", GREEN, "^"),
    ("ternary oxide", True): ("ternary oxides, Hubbard U", VERMILION, "v"),
}
MOST_OUTLIERS = 6


def plot_validation(found: "Validation", ax: "Axes | None" = None, *, scheme: str | None = None) -> "Axes":
    """Draw computed against measured reaction energies of one table, the worst named.

    Parameters
    ----------
    found : Validation
    ax : matplotlib Axes, optional
    scheme : str, optional
        Name of the table; the first without.

    Returns
    -------
    matplotlib Axes
    """
    chosen = scheme if scheme is not None else next(iter(found.errors))
    return drawn(lambda axes: _parity(found, chosen, axes), ax, 89.0, 89.0)


def validation_figure(found: "Validation") -> "Figure":
    """Draw one parity plot for each table side by side."""
    n = len(found.errors)
    columns = min(n, 3)
    rows = math.ceil(n / columns)
    with styled():
        figure = new_figure(61.0 * columns if n > 1 else 89.0, (63.0 if n > 1 else 86.0) * rows + 8.0)
        axes = figure.subplots(rows, columns, squeeze=False).ravel()
        for ax, scheme in zip(axes, found.errors, strict=False):
            _parity(found, scheme, ax)
        for ax in axes[n:]:
            ax.set_axis_off()
        if n > 1:
            for ax in axes[:n]:
                ax.get_legend().remove()
            handles, labels = axes[0].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def _parity(found: "Validation", scheme: str, ax: "Axes") -> None:
    errors = [e for e in found.errors[scheme] if e.kind != "alloy"]
    if not errors:
        notice(ax, f"{scheme}: no oxide is both computed and measured")
        return
    for (kind, hubbard), (name, colour, mark) in _KINDS.items():
        members = [e for e in errors if e.kind == kind and e.hubbard == hubbard]
        if not members:
            continue
        x, y = [e.measured_ev for e in members], [e.computed_ev for e in members]
        ax.errorbar(x, y, [e.sigma_ev or 0.0 for e in members], [e.measured_sigma_ev or 0.0 for e in members],
                    fmt="none", ecolor=colour, elinewidth=0.4, alpha=0.6)  # fmt: skip
        ax.scatter(x, y, s=9, marker=mark, c=colour, edgecolors="#303030", linewidths=0.25, label=name, zorder=3)
    values = [v for e in errors for v in (e.computed_ev, e.measured_ev)]
    low, high = min(values) - 0.25, max(values) + 0.25
    ax.plot([low, high], [low, high], color=BLACK, lw=0.6, zorder=1)
    mae = sum(abs(e.error_ev) for e in errors) / len(errors)
    ax.fill_between([low, high], [low - mae, high - mae], [low + mae, high + mae], color=GREY, alpha=0.15, lw=0)
    ax.set_xlim(low, high)
    ax.set_ylim(low, high)
    ax.set_aspect("equal")
    learned = "\nlearned from these very values" if scheme == "fitted" else ""
    ax.set_title(f"{scheme}: MAE {mae:.2f} eV per O, n = {len(errors)}{learned}", loc="left", fontsize=7)
    ax.set_xlabel("Measured ΔH at 298 K (eV per O atom)")
    ax.set_ylabel("Computed ΔE at 0 K (eV per O atom)")
    ax.legend(loc="lower right", title="band: ± MAE", title_fontsize=6)
    worst = sorted(errors, key=lambda e: -abs(e.error_ev))[:MOST_OUTLIERS]
    place_labels(ax, [_dot(e) for e in worst], [formula_text(e.formula) for e in worst],
                 avoid=[_dot(e) for e in errors if e not in worst], fontsize=6)  # fmt: skip


def _dot(error: "HeatError") -> tuple[float, float]:
    return error.measured_ev, error.computed_ev


_SHOWN = ("energy_ev_per_fu", "heat_mj_per_kg_oxide", "average_voltage_v", "volume_ratio_oxide")


def plot_comparison(comparison: "Comparison", ax: "Axes | None" = None) -> "Axes":
    """Draw what the sources say of one reaction, each quantity over the mean of its sources.

    Returns
    -------
    matplotlib Axes
    """
    return drawn(lambda axes: _comparison(comparison, axes), ax, 140.0, 70.0)


def _comparison(comparison: "Comparison", ax: "Axes") -> None:
    colours = (BLUE, GREY, VERMILION, GREEN, ORANGE, BLACK)
    names = [n for n in _SHOWN if any(isinstance(v, float) for v in comparison.rows.get(n, {}).values())]
    ax.set_title(formula_text(comparison.equation), loc="left")
    if not names or not any(comparison.rows["energy_ev_per_fu"].values()):
        notice(ax, f"{formula_text(comparison.oxide)} does not react", "no source has a heat to compare")
        return
    for k, source in enumerate(comparison.sources):
        for i, name in enumerate(names):
            row = comparison.rows[name]
            value = row.get(source)
            known = [v for v in row.values() if isinstance(v, float)]
            reference = row.get("measured") if isinstance(row.get("measured"), float) else sum(known) / len(known)
            if not isinstance(value, float) or not reference:
                continue
            sigma = comparison.rows["energy_sigma_ev_per_fu"].get(source) if name != "volume_ratio_oxide" else None
            energy = comparison.rows["energy_ev_per_fu"].get(source)
            share = abs(sigma / energy) if isinstance(sigma, float) and energy else 0.0
            y = i + 0.14 * (k - (len(comparison.sources) - 1) / 2.0)
            ratio = value / reference
            ax.errorbar(ratio, y, xerr=abs(ratio) * share or None, fmt="os^Dvp"[k % 6], ms=4, lw=0.8, capsize=1.5,
                        color=colours[k % 6], label=source if i == 0 else "")  # fmt: skip
            ax.annotate(f"{value:.4g}".replace("-", "\u2212"), (ratio * (1.0 + share), y), (5, 0),
                        textcoords="offset points", va="center", fontsize=5.5)  # fmt: skip
    ax.axvline(1.0, color=BLACK, lw=0.5, zorder=1)
    heads = [(words, unit_text(unit)) for words, unit in map(words_and_unit, names)]
    ax.set_yticks(range(len(names)), [f"{words}\n({unit or '1'})" for words, unit in heads])
    ax.invert_yaxis()
    ax.margins(x=0.12)
    ax.set_xlabel("Value over the measured one, or over the mean of the sources (1); bars: one sigma")
    ax.legend(loc="upper left", bbox_to_anchor=(1.06, 1.0))
