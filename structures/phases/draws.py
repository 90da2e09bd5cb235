"""Random errors of formation energies, with what the errors of different compounds share."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from licoat.structures.chemistry.formula import parse_formula
from licoat.structures.errors import MissingDataError
from licoat.structures.phases.table import PhaseTable
from licoat.structures.rendering import brief

__all__ = ["ErrorDraws"]

FloatArray = NDArray[np.float64]

_JITTER = 1e-12
"""Of the largest variance, added to all: a covariance that is singular within rounding has a root, too."""


class ErrorDraws:
    r"""Errors of compositions, drawn once for all levels of theory of a table.

    Parameters
    ----------
    formulas : sequence of str
        Compositions; the errors belong to them, so polymorphs keep their distances.
    samples : int
    seed : int or sequence of int
        The same errors for the same seed.

    Attributes
    ----------
    without_sigma : set of str
        Compositions that are not drawn since a table that was asked for does not know their sigma.

    Notes
    -----
    With the covariance C of the errors that compounds share, :math:`\delta = L z`, :math:`L L^T = C` (Cholesky's
    factor is unique) and z standard normal; without one :math:`\delta_i = \sigma_i z_i`. Elements have none: their
    energy is the zero of formation energies.
    """

    def __init__(self, formulas: Sequence[str], samples: int, seed: int | Sequence[int]) -> None:
        self.formulas = tuple(dict.fromkeys(formulas))
        self.place = {formula: i for i, formula in enumerate(self.formulas)}
        self._normal = np.random.default_rng(seed).standard_normal((samples, len(self.formulas)))
        self.without_sigma: set[str] = set()
        self._found: dict[int, tuple[object, FloatArray]] = {}  # the key's object is kept, so that its id stays its own

    def __repr__(self) -> str:
        return brief(self, f"{len(self._normal)} samples of {len(self.formulas)} compositions")

    def of(self, phases: PhaseTable) -> FloatArray:
        """Return the errors on one level of theory, eV per formula unit, shape (samples, n)."""
        source = phases.shared_errors or phases
        if id(source) not in self._found:
            self._found[id(source)] = (source, self._errors(phases))
        return self._found[id(source)][1]

    def _errors(self, phases: PhaseTable) -> FloatArray:
        compound = np.flatnonzero([len(parse_formula(formula)) > 1 for formula in self.formulas])
        result = np.zeros_like(self._normal)
        formulas = [self.formulas[i] for i in compound]
        if phases.shared_errors is None:
            sigma = _sigma_ev_per_fu(phases, formulas)
            self.without_sigma |= {f for f, unknown in zip(formulas, np.isnan(sigma).tolist(), strict=True) if unknown}
            result[:, compound] = self._normal[:, compound] * np.nan_to_num(sigma)
        elif formulas:
            covariance = phases.shared_errors.covariance_ev2(formulas)
            jitter = _JITTER * max(float(np.diag(covariance).max()), _JITTER)
            root = np.linalg.cholesky(covariance + jitter * np.eye(len(formulas)))
            result[:, compound] = self._normal[:, compound] @ root.T
        return result


def _sigma_ev_per_fu(phases: PhaseTable, formulas: Sequence[str]) -> FloatArray:
    """Return the sigma of the lowest phase of each composition, eV per formula unit; NaN where it is not known.

    Raises
    ------
    MissingDataError
        If none is known.
    """
    rows = np.array([phases.rows_of(formula)[0] for formula in formulas], dtype=np.int64)
    sigma = phases.column("energy_sigma_ev_per_atom")[rows] * phases.atoms[rows]
    if len(rows) and np.isnan(sigma).all():
        raise MissingDataError(
            f"{phases.source}: no sigma of any energy, so there is nothing to draw; give energy_sigma_ev_per_atom"
        )
    return np.asarray(sigma, dtype=np.float64)
