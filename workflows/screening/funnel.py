"""The funnel: which oxides leave a screen at which criterion, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from licoat.structures.rendering import brief
from licoat.workflows.screening.criteria import Criterion, State, Verdict

__all__ = ["FunnelStep", "funnel"]


@dataclass(frozen=True, slots=True)
class FunnelStep:
    """One step of the funnel: who is left, and who left and why."""

    step: str
    remaining: int
    left: dict[str, str]

    def __repr__(self) -> str:
        return brief(self, f"{self.step}: {self.remaining} remain, {len(self.left)} left")

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return {"step": self.step, "remaining": self.remaining, "left": self.left}


def funnel(
    verdicts: Sequence[tuple[str, Mapping[str, Verdict]]], criteria: Sequence[Criterion], not_screened: dict[str, str]
) -> tuple[FunnelStep, ...]:
    """Say who leaves at which criterion.

    Parameters
    ----------
    verdicts : sequence of (str, mapping of str to Verdict)
        Oxide with its verdicts by name of the criterion, best first.
    criteria : sequence of Criterion
    not_screened : dict of str to str
        Oxides that were not screened, with the reason.

    Returns
    -------
    tuple of FunnelStep
        An oxide leaves at the first criterion that it fails; uncertain and unknown stay.
    """
    steps = [FunnelStep("oxides considered", len(verdicts) + len(not_screened), {})]
    steps.append(FunnelStep("screened", len(verdicts), dict(not_screened)))
    remaining = list(verdicts)
    for criterion in criteria:
        left = {
            oxide: _why(criterion, found[criterion.name])
            for oxide, found in remaining
            if found[criterion.name].state is State.FAIL
        }
        remaining = [(oxide, found) for oxide, found in remaining if oxide not in left]
        steps.append(FunnelStep(criterion.name, len(remaining), left))
    return tuple(steps)


def _why(criterion: Criterion, verdict: Verdict) -> str:
    value = verdict.note if verdict.value is None else f"{verdict.value:.3g}"
    return f"{criterion.quantity} {value}, needs {criterion.comparison} {criterion.threshold:g}"
