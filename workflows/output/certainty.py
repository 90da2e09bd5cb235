"""How sure an answer is, as text: what sampling says of a screen, and what an end state hangs on."""

from licoat.thermo.explain import Explanation, PhaseShifts, Shift
from licoat.workflows.output.console import text_table
from licoat.workflows.screening.screen import ScreeningResult

__all__ = ["confidence_text", "explanation_text"]

_SURE = 0.95
_MOST_ROWS = 15
_NEAR_MEV_PER_ATOM = 300.0
_SMALL = 9.95


def confidence_text(result: ScreeningResult, top: int) -> str:
    """Lay out how sure the best oxides of a screen are, with the criteria that are not.

    Parameters
    ----------
    result : ScreeningResult
        With samples.
    top : int
        How many oxides.
    """
    heads = ["#", "formula", "rank 5-95 %", "top 10", "Pareto", "end state", "else", "selected", "MJ/kg", "5-95 %"]
    rows = []
    for c in result.candidates[:top]:
        sure = c.confidence
        if sure is None:
            continue
        others = [(e, p) for e, p in sure.end_states.items() if e != c.path.final.equation]
        unsure = [
            f"{name} {_share(found.probability)}"
            for name, found in sure.criteria.items()
            if found.probability is not None and 1.0 - _SURE < found.probability < _SURE
        ]
        rows.append([
            str(c.rank), c.path.oxide, f"{sure.rank_5_percent}-{sure.rank_95_percent}",
            _share(sure.probability_top_10), _share(sure.probability_pareto), _share(sure.probability_end_state),
            f"{others[0][0]} {_share(others[0][1])}" if others else "", _share(sure.probability_within_cutoff),
            f"{c.path.final.heat_mj_per_kg_oxide:.2f} +- {sure.heat_std_mj_per_kg_oxide:.2f}",
            f"{sure.heat_5_percent_mj_per_kg_oxide:.2f} to {sure.heat_95_percent_mj_per_kg_oxide:.2f}",
            ", ".join(unsure),
        ])  # fmt: skip
    drawn = result.manifest["samples"]
    lacking = f", {drawn['without_sigma']} of them without a sigma and so as they are" if drawn["without_sigma"] else ""
    table = text_table([*heads, "uncertain criteria"], rows, left=(1, 6, 10))
    return (
        f"\nOver {drawn['number']} samples of the energies of {drawn['compositions']} compositions (seed "
        f"{drawn['seed']}){lacking}; the screened oxides are the same in all:\n\n{table}\n\n"
        "selected: share of samples within the hull cutoff of the default selection. "
        "Volumes, moduli, hazards and prices are not drawn."
    )


def _share(value: float | None) -> str:
    """Write a probability; what is not certain does not read 0.00 or 1.00."""
    if value is None:
        return ""
    if 0.0 < value < 0.005:
        return "<0.01"
    return ">0.99" if 0.995 <= value < 1.0 else f"{value:.2f}"


def explanation_text(explanation: Explanation) -> str:
    """Lay out what an end state hangs on: its oxide, what is on its path, and what else is near."""
    moves = [
        (phase, shift)
        for phase in explanation.phases
        if phase.role != "other" or _is_near(phase)
        for shift in (phase.down, phase.up)
        if shift is not None
    ]
    moves.sort(key=lambda move: abs(move[1].shift_mev_per_atom))
    rows = [
        [p.formula, p.role, _number(p.energy_sigma_mev_per_atom), *_shift(s), _shift(p.verdict)[0]]
        for p, s in moves[:_MOST_ROWS]
    ]
    turned = "reacts" if explanation.is_inert else "inert"
    heads = ["phase", "role", "sigma", "has to move", "then the end state is", f"{turned} from"]
    names = ", ".join(explanation.hangs_on)
    answer = f"hangs on {names}: a shift within its sigma changes it" if names else "hangs on no shift within its sigma"
    return (
        f"\nThe end state {answer}.\nmeV per atom of the phase that moves, alone; +- sigma of that distance, shared "
        f"errors included:\n\n{text_table(heads, rows, left=(0, 1, 4))}"
    )


def _is_near(phase: PhaseShifts) -> bool:
    least = phase.least_mev_per_atom
    return phase.is_within_sigma or (least is not None and least <= _NEAR_MEV_PER_ATOM)


def _shift(shift: Shift | None) -> list[str]:
    if shift is None:
        return ["", ""]
    sigma = "" if shift.shift_sigma_mev_per_atom is None else f" +- {shift.shift_sigma_mev_per_atom:.0f}"
    mark = " *" if shift.is_within_sigma else ""
    value = shift.shift_mev_per_atom
    return [f"{value:+.{int(abs(value) < _SMALL)}f}{sigma}{mark}", shift.becomes]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"
