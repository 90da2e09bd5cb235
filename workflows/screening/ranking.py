"""Ranking: a weighted score that is shown, and the Pareto front beside it."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from licoat.workflows.screening.criteria import Criterion, Verdict

__all__ = ["pareto_front", "score"]


def score(criteria: Sequence[Criterion], verdicts: Mapping[str, Verdict]) -> float:
    r"""Weighted mean of the probabilities that the criteria are met.

    Parameters
    ----------
    criteria : sequence of Criterion
    verdicts : mapping of str to Verdict
        By name of the criterion; unknown ones count 1/2, neither for nor against.

    Returns
    -------
    float
        :math:`\sum_i w_i p_i / \sum_i w_i`, from 0 to 1.
    """
    total = sum(criterion.weight for criterion in criteria)
    return sum(c.weight * verdicts[c.name].probability for c in criteria) / total


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
