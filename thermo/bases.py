r"""Equilibria of one composition for many sets of energies at once: a pool of bases.

The equilibrium with a reservoir, or without one, is the linear programme

.. math::

    \min \left\{ \sum_i a_i E_i : \sum_i a_i q_i = c,\ a \ge 0 \right\}

over phases with whole-number compositions :math:`q_i` (elements of the reservoir left out, at chemical potential 0).
The amounts of a basis do not depend on energies, so a basis that is possible for one sample is possible for all; only
its certificate does, the reduced costs :math:`E_i - \lambda q_i \ge 0` of all phases (Dantzig, Linear Programming and
Extensions (1963), chapter 5). So a pool of bases is kept: each sample takes its lowest, all certificates are checked
by one product, and each phase that violates one enters by one pivot, until every sample is certified.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from licoat.structures.errors import NotConvergedError
from licoat.structures.rendering import brief

__all__ = ["Equilibria", "equilibria"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

_TILT = 1e-6
"""Relative change of the composition, another for each element, that tells tied bases apart."""
_NEGATIVE_EV = 1e-9
"""A reduced cost below minus this is one, eV per formula unit."""
_TIED_EV = 1e-6
"""Where no new basis is left, what is above minus this is a tie within rounding."""
_MOST_ROUNDS = 500


@dataclass(frozen=True, slots=True)
class Equilibria:
    """The equilibrium of one composition in every sample.

    Attributes
    ----------
    bases : tuple of tuple of int
        The pool: columns of the phases of each basis, sorted.
    amounts : ndarray, shape (n bases, d)
        Formula units of each, per formula unit of the composition.
    denominator : ndarray of int, shape (n bases,)
        The amounts are whole numbers divided by this.
    which : ndarray of int, shape (samples,)
        The basis of each sample.
    energy_ev_per_fu : ndarray, shape (samples,)
    """

    bases: tuple[tuple[int, ...], ...]
    amounts: FloatArray
    denominator: IntArray
    which: IntArray
    energy_ev_per_fu: FloatArray

    def __repr__(self) -> str:
        return brief(self, f"{len(self.bases)} bases for {len(self.which)} samples")


class _Pool:
    """Bases that are possible for a composition, with what each needs: inverse, tilted and exact amounts."""

    def __init__(self, counts: IntArray, host: IntArray) -> None:
        self.counts, self.matrix = counts, counts.T.astype(float)
        self.host = host.astype(float)
        self.tilted = self.host * (1.0 + _TILT * np.sqrt(2.0 + np.arange(len(host))))
        self.bases: dict[tuple[int, ...], int] = {}
        self.inverse: list[FloatArray] = []

    def add(self, basis: tuple[int, ...]) -> bool:
        """Add a basis; say whether it is new."""
        if basis in self.bases:
            return False
        self.bases[basis] = len(self.inverse)
        self.inverse.append(np.linalg.inv(self.matrix[:, basis]))
        return True

    def pivot(self, basis: tuple[int, ...], entering: int) -> tuple[int, ...]:
        """Return the basis with another phase, for the one that is used up first."""
        inverse = self.inverse[self.bases[basis]]
        used, left = inverse @ self.matrix[:, entering], inverse @ self.tilted
        ratio = np.where(used > 1e-12, left / np.where(used > 1e-12, used, 1.0), np.inf)
        members = list(basis)
        members[int(ratio.argmin())] = entering
        return tuple(sorted(members))


def equilibria(counts: IntArray, energy_ev_per_fu: FloatArray, host: IntArray) -> Equilibria:
    """Find the equilibrium of a composition for many sets of energies.

    Parameters
    ----------
    counts : ndarray of int, shape (n, d)
        Atoms of each phase, elements of a reservoir left out. Every element must have a phase of its own.
    energy_ev_per_fu : ndarray, shape (samples, n)
        Energies of the phases per formula unit.
    host : ndarray of int, shape (d,)
        The composition, every element present.

    Raises
    ------
    NotConvergedError
        If a sample stays without a certificate.
    """
    pool = _Pool(counts, host)
    alone = (counts > 0).sum(axis=1) == 1
    first = tuple(sorted(int(np.flatnonzero(alone & (counts[:, k] > 0))[0]) for k in range(counts.shape[1])))
    pool.add(first)
    tilted = _energies(pool, [first], energy_ev_per_fu, pool.tilted)
    for _ in range(_MOST_ROUNDS):
        which = tilted.argmin(axis=1)
        entering, worst = _violations(pool, which, energy_ev_per_fu)
        new = [b for b in (pool.pivot(basis, j) for basis, j in entering) if pool.add(b)]
        if not new:
            break
        tilted = np.hstack([tilted, _energies(pool, new, energy_ev_per_fu, pool.tilted)])
    if worst < -_TIED_EV:
        raise NotConvergedError(f"no equilibrium of {host.tolist()}: a phase would gain {-worst:.1e} eV")
    bases = tuple(pool.bases)
    amounts = np.array([inverse @ pool.host for inverse in pool.inverse]).clip(min=0.0)
    volume = np.array([np.linalg.det(pool.matrix[:, basis]) for basis in bases])
    exact = np.zeros(len(which))
    for i in np.unique(which).tolist():
        chosen = which == i
        exact[chosen] = energy_ev_per_fu[np.ix_(chosen, bases[i])] @ amounts[i]
    return Equilibria(bases, amounts, np.rint(np.abs(volume)).astype(np.int64), which.astype(np.int64), exact)


def _energies(pool: _Pool, bases: list[tuple[int, ...]], energy: FloatArray, host: FloatArray) -> FloatArray:
    """Energy of a composition in some bases, shape (samples, bases)."""
    return np.column_stack([energy[:, basis] @ (pool.inverse[pool.bases[basis]] @ host) for basis in bases])


def _violations(pool: _Pool, which: IntArray, energy: FloatArray) -> tuple[list[tuple[tuple[int, ...], int]], float]:
    """Return the phases that would lower a sample's energy, with the basis that they enter, and the largest gain."""
    bases, found, worst = tuple(pool.bases), [], 0.0
    for i in np.unique(which).tolist():
        own = energy[which == i]
        reduced = own - (own[:, bases[i]] @ pool.inverse[i]) @ pool.matrix
        entering, least = reduced.argmin(axis=1), reduced.min(axis=1)
        worst = min(worst, float(least.min()))
        found += [(bases[i], j) for j in np.unique(entering[least < -_NEGATIVE_EV]).tolist()]
    return found, worst
