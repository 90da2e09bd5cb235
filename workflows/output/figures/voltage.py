"""Voltage against the anode atoms that an oxide has taken up: a staircase with sigma and measured plateaus."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from licoat.structures.chemistry.formula import formula_unit, parse_formula
from licoat.structures.chemistry.names import display_factor
from licoat.structures.errors import FormulaError
from licoat.structures.phases.facts import number, read_facts
from licoat.workflows.output.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    drawn,
    formula_text,
    notice,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from licoat.thermo.path import LithiationPath

__all__ = ["plot_path", "plot_paths"]

_COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)


def plot_path(path: "LithiationPath", ax: "Axes | None" = None) -> "Axes":
    """Draw voltage against anode atoms taken up, with one sigma and what was measured; plateaus are named beside.

    Parameters
    ----------
    path : LithiationPath
    ax : matplotlib Axes, optional
        Axes to draw into; a new figure is made without.

    Returns
    -------
    matplotlib Axes
    """
    return drawn(lambda axes: _one(path, axes), ax, 183.0, 75.0)


def plot_paths(paths: Sequence["LithiationPath"], ax: "Axes | None" = None) -> "Axes":
    """Draw the staircases of several oxides over one another, per atom that the anode metal can reduce.

    The axis counts anode atoms over those of the end state, so that oxides of different size can be compared.

    Returns
    -------
    matplotlib Axes
    """
    return drawn(lambda axes: _several(paths, axes), ax, 89.0, 70.0)


def _still(path: "LithiationPath", ax: "Axes") -> bool:
    """Say in words that an oxide takes up nothing; False if it does react."""
    oxide = formula_text(path.oxide)
    if path.stages:
        return False
    force, sigma = path.driving_force_v, path.driving_force_sigma_v
    if path.verdict == "uncertain":
        head = f"It is uncertain whether {oxide} reacts; by the numbers it does not react with {path.anode}"
    else:
        head = f"{oxide} does not react with {path.anode}"
    lines = "no voltage plateau: the oxide is stable against the metal"
    if force is not None:
        about = "" if sigma is None else f" ± {sigma:.2f}"
        lines += f"\nfull conversion would have {force:.2f}{about} V against {path.anode}".replace("-", "\u2212")
        lines += " (within one sigma of zero)" if path.verdict == "uncertain" else ""
    notice(ax, head, lines)
    return True


def _steps(path: "LithiationPath", scale: float) -> tuple[list[float], list[float]]:
    x, y = [0.0], [path.stages[0].voltage_v]
    for stage in path.stages:
        x += [stage.anode_atoms_from * scale, stage.anode_atoms_to * scale]
        y += [stage.voltage_v, stage.voltage_v]
    return [*x, x[-1]], [*y, 0.0]


def _band(path: "LithiationPath", ax: "Axes", colour: str, scale: float, label: str = "") -> None:
    """Draw one sigma of each plateau as a band."""
    for stage in path.stages:
        if stage.voltage_sigma_v is not None:
            x = (stage.anode_atoms_from * scale, stage.anode_atoms_to * scale)
            low, high = stage.voltage_v - stage.voltage_sigma_v, stage.voltage_v + stage.voltage_sigma_v
            ax.fill_between(x, low, high, color=colour, alpha=0.18, lw=0, label=label)
            label = ""


def _one(path: "LithiationPath", ax: "Axes") -> None:
    oxide = formula_text(path.oxide)
    ax.set_title(f"{oxide} on {path.anode} ({path.phases.source}, {path.phases.scheme})", loc="left")
    if _still(path, ax):
        return
    times = display_factor(path.oxide)
    x, y = _steps(path, times)
    ax.plot(x, y, color=BLUE, zorder=4, label="computed")
    _band(path, ax, BLUE, times, "one sigma")
    measured = _measured(path, ax, times) if path.anode == "Li" else 0.0
    names = []
    for i, stage in enumerate(path.stages, start=1):
        middle = times * (stage.anode_atoms_from + stage.anode_atoms_to) / 2
        ax.annotate(str(i), (middle, stage.voltage_v), (0, 2), textcoords="offset points", ha="center", color=BLUE)
        about = "" if stage.voltage_sigma_v is None else f" ± {stage.voltage_sigma_v:.2f}"
        products = " + ".join(map(formula_text, stage.products))
        names.append(f"{i}   {stage.voltage_v:.2f}{about} V   {products}")
    size = 6.5 if len(names) < 14 else 5.5
    ax.text(1.02, 1.0, "\n".join(names), transform=ax.transAxes, va="top", fontsize=size, linespacing=1.5)
    if path.verdict == "uncertain":
        ax.text(0.98, 0.97, "uncertain: the driving force is\nwithin one sigma of zero", transform=ax.transAxes,
                ha="right", va="top", color=VERMILION)  # fmt: skip
    ax.set_xlabel(f"{path.anode} taken up (atoms per {oxide})")
    ax.set_ylabel(f"Voltage against {path.anode} (V)")
    ax.set_xlim(0, x[-1] * 1.03)
    ax.set_ylim(min(0.0, *y), 1.12 * max(measured, *(s.voltage_v + (s.voltage_sigma_v or 0.0) for s in path.stages)))
    ax.legend(loc="upper right" if path.verdict != "uncertain" else "lower left")


def _measured(path: "LithiationPath", ax: "Axes", times: int) -> float:
    """Draw the plateaus that were measured, and return the highest voltage drawn.

    The observed first discharge and the emf from Gibbs energies span the conversion to Li2O, the plateaus of the alloy
    the rest.
    """
    atoms = parse_formula(path.oxide)
    metals = [symbol for symbol in atoms if symbol not in {"O", "Li"}]
    conversion = times * (2.0 * atoms.get("O", 0) - atoms.get("Li", 0))
    top, labels = 0.0, dict.fromkeys(("conversion, thermodynamic", "conversion, observed", "alloy, 298 K"), True)

    def label(kind: str, text: str) -> str:
        first, labels[kind] = labels[kind], False
        return text if first else ""

    for row in read_facts("voltages"):
        kind, voltage = row["kind"], number(row["E_V"] or "")
        if kind not in labels or voltage is None:
            continue
        if kind == "alloy, 298 K":
            if metals != [row["host"]] or not row["y_end"]:
                continue
            span = [conversion + times * atoms[row["host"]] * float(y) for y in (row["y_start"], row["y_end"])]
            ax.plot(span, [voltage, voltage], color=VERMILION, lw=1.1, ls=(0, (3, 1.5)), zorder=5,
                    label=label(kind, "alloy, measured at 298 K"))  # fmt: skip
        elif _same(row["host"], path.oxide):
            low, high = number(row["E_min"] or ""), number(row["E_max"] or "")
            if kind == "conversion, observed" and low is not None and high is not None:
                ax.fill_between([0.0, conversion], low, high, facecolor="none", edgecolor=ORANGE, hatch="////", lw=0.5,
                                zorder=1, label=label(kind, "first discharge, observed range"))  # fmt: skip
                voltage = high
            elif kind == "conversion, thermodynamic":
                ax.plot([0.0, conversion], [voltage, voltage], color=BLACK, lw=0.9, ls=":", zorder=3,
                        label=label(kind, "emf of the conversion, measured Gibbs energies"))  # fmt: skip
        else:
            continue
        top = max(top, voltage)
    return top


def _same(host: str, oxide: str) -> bool:
    """Say whether the host of a measured voltage (``BeO (bromellite)``) is an oxide."""
    try:
        return formula_unit(host.partition(" ")[0]) == oxide
    except FormulaError:
        return False


def _several(paths: Sequence["LithiationPath"], ax: "Axes") -> None:
    reacting = [path for path in paths if path.stages]
    if not reacting:
        notice(ax, f"None of {', '.join(formula_text(p.oxide) for p in paths)} reacts with the metal")
        return
    for i, path in enumerate(reacting):
        colour = _COLOURS[i % len(_COLOURS)]
        scale = 1.0 / path.stages[-1].anode_atoms_to
        x, y = _steps(path, scale)
        ax.plot(x, y, color=colour, ls=("-", "--", "-.")[i // len(_COLOURS) % 3], label=formula_text(path.oxide))
        _band(path, ax, colour, scale)
    still = [formula_text(path.oxide) for path in paths if not path.stages]
    ax.legend(title=f"does not react: {', '.join(still)}" if still else None, title_fontsize=6, ncols=2)
    anode = reacting[0].anode
    ax.set_xlabel(f"{anode} taken up (share of that of the end state)")
    ax.set_ylabel(f"Voltage against {anode} (V)")
    ax.set_xlim(0.0, 1.03)
    ax.set_ylim(bottom=0.0)
