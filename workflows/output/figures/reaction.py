"""A reaction as two bars: the volumes of what reacts and of what it becomes, with the energy between them."""

from typing import TYPE_CHECKING

from licoat.structures.chemistry.names import display_factor
from licoat.workflows.output.figures.style import (
    BLUE,
    GREEN,
    GREY,
    LIGHT,
    ORANGE,
    PURPLE,
    SKY,
    YELLOW,
    drawn,
    formula_text,
    notice,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from licoat.thermo.reaction import Reaction

__all__ = ["plot_reaction"]

_PRODUCTS = (BLUE, SKY, GREEN, PURPLE, YELLOW)


def plot_reaction(reaction: "Reaction", ax: "Axes | None" = None) -> "Axes":
    """Draw volumes before and after a reaction, per formula unit, with its energy and sigma.

    Parameters
    ----------
    reaction : Reaction
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes
        An oxide that does not react, or unknown volumes, are said in words.
    """
    return drawn(lambda axes: _reaction(reaction, axes), ax, 120.0, 60.0)


def _reaction(reaction: "Reaction", ax: "Axes") -> None:
    ax.set_title(formula_text(reaction.equation), loc="left")
    sigma = reaction.energy_sigma_ev_per_fu
    times = display_factor(reaction.oxide)
    about = "" if sigma is None else f" ± {times * sigma:.2f}"
    energy = f"{times * reaction.energy_ev_per_fu:.2f}{about}".replace("-", "\u2212")
    words = f"ΔE = {energy} eV per {formula_text(reaction.oxide)}; {reaction.source}, {reaction.scheme}"
    if not reaction.products or not reaction.coefficients:
        notice(
            ax, f"{formula_text(reaction.oxide)} does not react with {reaction.anode}", "no heat, no change of volume"
        )
        return
    lacking = [s.formula for s in reaction.species if s.volume_a3_per_fu is None]
    if lacking:
        notice(ax, words, f"no bars: no crystal volume of {', '.join(map(formula_text, lacking))}")
        return
    colours = iter(_PRODUCTS * 4)
    for y, side in ((1, reaction.reactants), (0, reaction.products)):
        left, whole = 0.0, times * sum(abs(s.amount) * (s.volume_a3_per_fu or 0.0) for s in side)
        for i, species in enumerate(side):
            width = times * abs(species.amount) * (species.volume_a3_per_fu or 0.0)
            known = {reaction.anode: LIGHT, reaction.oxide: ORANGE}
            colour = known.get(species.formula) or next(colours)
            ax.barh(y, width, 0.42, left=left, color=colour, edgecolor="#404040")
            raised = 0.11 if width < 0.12 * whole and i % 2 else 0.0
            ax.annotate(formula_text(species.formula), (left + width / 2.0, y + 0.23 + raised), ha="center",
                        va="bottom", fontsize=6.5)  # fmt: skip
            left += width
        ax.annotate(f"{left:.0f} Å³", (left, y), (3, 0), textcoords="offset points", va="center")
    ax.set_yticks([1, 0], ["before", "after"])
    ax.set_ylim(-0.5, 1.75)
    ax.margins(x=0.12)
    ax.set_xlabel(f"Volume (Å³ per {formula_text(reaction.oxide)})")
    ax.text(0.01, 1.0, words, transform=ax.transAxes, va="top", fontsize=6.5, color="#404040")
    ratios = [
        f"{text} {ratio:.2f}"
        for text, ratio in (
            ("$V/V_{ox}$", reaction.volume_ratio_oxide),
            ("$V/V_{all}$", reaction.volume_ratio_reactants),
        )
        if ratio is not None
    ]
    ax.text(0.99, 0.02, "   ".join(ratios), transform=ax.transAxes, ha="right", fontsize=6.5, color=GREY)
