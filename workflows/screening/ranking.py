"""Ranking: a weighted score that is shown, and the Pareto front beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from licoat.structures.rendering import outline
from licoat.workflows.screening.criteria import Criterion, State, Verdict

__all__ = ["Score", "pareto_front", "score", "score_text"]


@dataclass(frozen=True, slots=True)
class Score:
    """How well an oxide meets the criteria, from 0 to 1.

    Attributes
    ----------
    value : float or None
        Over the criteria that are answered, weights alone of those; None if none is.
    low, high : float
        Over all criteria: unknown ones not met, or met.
    """

    value: float | None
    low: float
    high: float

    __repr__ = outline


def score(criteria: Sequence[Criterion], verdicts: Mapping[str, Verdict]) -> Score:
    r"""Weighted mean of the probabilities that the criteria are met, with its bounds.

    Parameters
    ----------
    criteria : sequence of Criterion
    verdicts : mapping of str to Verdict
        By name of the criterion; unknown ones are neither for nor against.

    Returns
    -------
    Score
        :math:`\sum_i w_i p_i / \sum_i w_i` over the answered criteria; the same over all, unknown ones 0 or 1.
    """
    total = sum(criterion.weight for criterion in criteria)
    answered = [c for c in criteria if verdicts[c.name].state is not State.UNKNOWN]
    met = sum(c.weight * (verdicts[c.name].probability or 0.0) for c in answered)
    weight = sum(c.weight for c in answered)
    return Score(met / weight if answered else None, met / total, met / total + (total - weight) / total)


def score_text(low: float, high: float) -> str:
    """Write a score with its bounds: ``0.84``, or ``0.70-0.84`` where criteria are unknown."""
    ends = [f"{low:.2f}", f"{high:.2f}"]
    return "-".join(dict.fromkeys(ends))


def pareto_front(values: NDArray[np.float64], higher_is_better: Sequence[bool]) -> NDArray[np.bool_]:
    """Say which rows no other row beats: at least as good in every objective and better in one.

    Parameters
    ----------
    values : ndarray, shape (n, k)
        Objectives; a row with a NaN is not compared and not on the front.
    higher_is_better : sequence of bool, length k

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    signs = np.where(np.array(higher_is_better), 1.0, -1.0)
    gains = values * signs
    complete: NDArray[np.bool_] = np.asarray(~np.isnan(gains).any(axis=1))
    front: NDArray[np.bool_] = complete.copy()
    for i in np.flatnonzero(complete):
        others = gains[complete]
        beaten = (others >= gains[i]).all(axis=1) & (others > gains[i]).any(axis=1)
        front[i] = not beaten.any()
    return front
