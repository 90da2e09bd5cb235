r"""What an end state hangs on: by how much the energy of each phase would have to move to change it.

An end state with the phases S is the equilibrium with the metal as long as there are chemical potentials
:math:`\lambda` of the other elements that certify it,

.. math::

    \lambda q_i = E_i \; (i \in S), \qquad \lambda q_k \le E_k \; (k \notin S)

(duality of linear programming; Dantzig, Linear Programming and Extensions (1963), chapter 6). So phase j alone may
move between the least and the largest :math:`\lambda q_j - E_j` that the conditions of all others allow: two small
linear programmes, exact also where an end state is degenerate. Their multipliers :math:`y` are the reaction
:math:`j \to \sum_i y_i\, i` that decides, whose sigma is that of the distance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from licoat.structures.chemistry.formula import parse_formula
from licoat.structures.rendering import brief
from licoat.thermo.end_state import end_state
from licoat.thermo.hull import titrate
from licoat.thermo.path import LithiationPath
from licoat.thermo.samples import end_titrations, system_phases

if TYPE_CHECKING:
    from licoat.thermo.bases import FloatArray, IntArray

__all__ = ["Explanation", "PhaseShifts", "Shift", "explain"]

_BEYOND_EV = 1e-5
"""How far beyond a limit the other end state is looked for, eV per formula unit."""
_ABSENT = 1e-9
_MEV = 1000.0


@dataclass(frozen=True, slots=True)
class Shift:
    """A change of one energy that changes the answer.

    Attributes
    ----------
    shift_mev_per_atom : float
        From the table's energy, per atom of the phase that moves; negative is down.
    shift_sigma_mev_per_atom : float or None
        One standard deviation of that distance, with the errors that the compounds share.
    becomes : str
        What the answer is beyond.
    """

    shift_mev_per_atom: float
    shift_sigma_mev_per_atom: float | None
    becomes: str

    @property
    def is_within_sigma(self) -> bool | None:
        """Whether the change is within one standard deviation, None if that is not known."""
        sigma = self.shift_sigma_mev_per_atom
        return None if sigma is None else abs(self.shift_mev_per_atom) <= sigma

    def __repr__(self) -> str:
        return brief(self, f"{self.shift_mev_per_atom:+.0f} meV/atom: {self.becomes}")

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return {f.name: getattr(self, f.name) for f in fields(self)} | {"is_within_sigma": self.is_within_sigma}


@dataclass(frozen=True, slots=True)
class PhaseShifts:
    """What moving the energy of one phase alone changes.

    Attributes
    ----------
    formula, phase_id : str
    role : str
        ``oxide``, ``product`` (of the end state), ``on the path`` (of an earlier plateau) or ``other``.
    energy_sigma_mev_per_atom : float or None
        One standard deviation of its own energy.
    down, up : Shift or None
        To another end state; None if no shift in that direction changes it.
    verdict : Shift or None
        To the other verdict, reacts or inert; None if no shift of this phase alone changes it.
    """

    formula: str
    phase_id: str
    role: str
    energy_sigma_mev_per_atom: float | None
    down: Shift | None
    up: Shift | None
    verdict: Shift | None

    @property
    def least_mev_per_atom(self) -> float | None:
        """The smallest shift that changes anything, None if none does."""
        found = [abs(s.shift_mev_per_atom) for s in (self.down, self.up, self.verdict) if s is not None]
        return min(found, default=None)

    @property
    def is_within_sigma(self) -> bool:
        """Whether a shift within its sigma changes anything."""
        return any(s.is_within_sigma for s in (self.down, self.up, self.verdict) if s is not None)

    def __repr__(self) -> str:
        return brief(self, f"{self.formula} ({self.role}): down {self.down}, up {self.up}")

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        data = {f.name: getattr(self, f.name) for f in fields(self)}
        for name in ("down", "up", "verdict"):
            data[name] = None if data[name] is None else data[name].to_dict()
        return data | {"is_within_sigma": self.is_within_sigma}


@dataclass(frozen=True, slots=True)
class Explanation:
    """What the end state of an oxide hangs on.

    Attributes
    ----------
    oxide : str
    end_state : str
        Equation.
    is_inert : bool
    phases : tuple of PhaseShifts
        The phase that has to move least is first; what changes nothing is last.
    """

    oxide: str
    end_state: str
    is_inert: bool
    phases: tuple[PhaseShifts, ...]

    @property
    def hangs_on(self) -> tuple[str, ...]:
        """Formulas of the phases whose shift within its sigma changes something."""
        return tuple(phase.formula for phase in self.phases if phase.is_within_sigma)

    def __repr__(self) -> str:
        return brief(self, f"{self.end_state} hangs on {', '.join(self.hangs_on) or 'no energy within its sigma'}")

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return {
            "oxide": self.oxide,
            "end_state": self.end_state,
            "is_inert": self.is_inert,
            "hangs_on": list(self.hangs_on),
            "phases": [phase.to_dict() for phase in self.phases],
        }


def explain(path: LithiationPath) -> Explanation:
    """Return by how much each phase would have to move to change the end state of an oxide, or its verdict.

    Parameters
    ----------
    path : LithiationPath

    Returns
    -------
    Explanation

    Notes
    -----
    Energies are the table's own, which decide every end state; the lowest phase of a composition moves.

    Examples
    --------
    >>> from licoat.structures import load_phases
    >>> from licoat.thermo import lithiate
    >>> found = explain(lithiate("ZnO", load_phases("builtin")))
    >>> found.end_state
    'ZnO + 3 Li -> LiZn + Li2O'
    >>> all(phase.down is None or phase.down.shift_mev_per_atom <= 0 for phase in found.phases)
    True
    """
    phases, formula = path.phases, path.phases.text("formula")
    system = _System(path)
    final = [int(row) for row in titrate(phases, path.oxide, path.anode).products[-1][0]]
    products, host = [system.rows.index(row) for row in final], system.rows.index(phases.rows_of(path.oxide)[0])
    on_path = {f for stage in path.stages for f in stage.products}
    found, changed = [], []
    for j, row in enumerate(system.rows):
        role = "oxide" if j == host else "product" if row in final else "other"
        role = "on the path" if role == "other" and formula[row] in on_path else role
        down, up = (limit if limit.is_finite else None for limit in system.interval(j, products))
        changed += [limit for limit in (down, up) if limit is not None]
        found.append((j, role, down, up))
    beyond = system.ends(changed)
    shifts = [
        PhaseShifts(
            formula=formula[system.rows[j]],
            phase_id=phases.text("phase_id")[system.rows[j]],
            role=role,
            energy_sigma_mev_per_atom=system.own_sigma(j),
            down=system.shift(down, beyond[down.key][0]) if down is not None else None,
            up=system.shift(up, beyond[up.key][0]) if up is not None else None,
            verdict=system.turning(j, host, [limit for limit in (down, up) if limit is not None], beyond),
        )
        for j, role, down, up in found
    ]
    order = sorted(shifts, key=lambda s: (s.least_mev_per_atom is None, s.least_mev_per_atom or 0.0, s.formula))
    return Explanation(path.oxide, path.final.equation, path.is_inert, tuple(order))


@dataclass(frozen=True, slots=True)
class _Limit:
    """The lower (-1) or upper (+1) limit of the shift of a phase, eV per fu, and the reaction that decides it."""

    phase: int
    side: int
    ev_per_fu: float
    amounts: dict[int, float]

    @property
    def is_finite(self) -> bool:
        return bool(np.isfinite(self.ev_per_fu))

    @property
    def key(self) -> tuple[int, int]:
        return self.phase, self.side


class _System:
    """The phases among which an oxide's end state is found, without the anode metal itself."""

    def __init__(self, path: LithiationPath) -> None:
        self.path, self.phases = path, path.phases
        self.atoms = parse_formula(path.oxide)
        elements = [path.anode, *sorted(set(self.atoms) - {path.anode})]
        rows, counts = system_phases(self.phases, path.oxide, elements)
        last = np.argsort(~counts[:, 1:].any(axis=1), kind="stable")  # the anode metal itself
        self.index: IntArray = rows[last]
        self.counts: IntArray = counts[last]
        self.rows: list[int] = self.index[:-1].tolist()
        self.closed: FloatArray = self.counts[:-1, 1:].astype(float)
        self.energy: FloatArray = self.phases.energy_ev_per_fu[self.index[:-1]]

    def interval(self, j: int, support: Sequence[int]) -> list[_Limit]:
        """Return the least and the largest shift of phase j with which some phases are the end state.

        Infinite where there is no limit, NaN where no shift makes them so.
        """
        from scipy.optimize import linprog

        fixed = [i for i in support if i != j]
        free = [k for k in range(len(self.rows)) if k != j and k not in fixed]
        found = []
        for side, sign in ((-1, 1.0), (1, -1.0)):
            if side > 0 and j not in support:
                found.append(_Limit(j, side, np.inf, {}))
                continue
            solution = linprog(
                sign * self.closed[j],
                A_ub=self.closed[free],
                b_ub=self.energy[free],
                A_eq=self.closed[fixed] if fixed else None,
                b_eq=self.energy[fixed] if fixed else None,
                bounds=(None, None),
                method="highs",
            )
            if solution.status == 3:  # unbounded: no limit
                found.append(_Limit(j, side, side * np.inf, {}))
            elif solution.status != 0:
                found.append(_Limit(j, side, np.nan, {}))
            else:
                multipliers = dict(zip(free, sign * solution.ineqlin.marginals, strict=True))
                multipliers |= dict(zip(fixed, sign * solution.eqlin.marginals, strict=True)) if fixed else {}
                amounts = {i: float(y) for i, y in multipliers.items() if abs(y) > _ABSENT}
                found.append(_Limit(j, side, float(sign * solution.fun - self.energy[j]), amounts))
        return found

    def turning(
        self, j: int, host: int, limits: Sequence[_Limit], beyond: Mapping[tuple[int, int], tuple[str, bool]]
    ) -> Shift | None:
        """Return the shift from which an oxide that reacts does not, or one that does not reacts."""
        if self.path.is_inert:
            found = [limit for limit in limits if beyond[limit.key][1]]
        else:
            low, high = self.interval(j, [host])
            found = [x for x in (low, high) if x.is_finite and x.side * x.ev_per_fu < 0.0]
        return self.shift(found[0], "reacts" if self.path.is_inert else "inert") if found else None

    def ends(self, limits: Sequence[_Limit]) -> dict[tuple[int, int], tuple[str, bool]]:
        """Return the equation of the end state just beyond each limit, and whether it takes up the anode metal."""
        if not limits:
            return {}
        energy = np.tile(self.phases.energy_ev_per_fu[self.index], (len(limits), 1))
        for i, limit in enumerate(limits):
            energy[i, limit.phase] += limit.ev_per_fu + limit.side * _BEYOND_EV
        found = {}
        for titration, samples in end_titrations(self.atoms, self.path.anode, self.index, self.counts, energy):
            final = end_state(self.phases, self.path.oxide, self.path.phase_id, titration, self.path.anode)
            taken = bool(titration.anode_atoms[-1] > 0.0)
            found.update({limits[i].key: (final.equation, taken) for i in samples.tolist()})
        return found

    def shift(self, limit: _Limit, becomes: str) -> Shift:
        """Return a limit per atom of its phase, with the sigma of the reaction that decides it."""
        formula = self.phases.text("formula")
        amounts = {formula[self.rows[i]]: y for i, y in limit.amounts.items()} | {formula[self.rows[limit.phase]]: -1.0}
        rows = {formula[self.rows[i]]: self.rows[i] for i in (*limit.amounts, limit.phase)}
        sigma = self.phases.reaction_sigma_ev(amounts, rows)
        scale = _MEV / int(self.phases.atoms[self.rows[limit.phase]])
        return Shift(limit.ev_per_fu * scale, None if sigma is None else sigma * scale, becomes)

    def own_sigma(self, j: int) -> float | None:
        """Return one standard deviation of a phase's own energy, meV per atom."""
        row = self.rows[j]
        formula = self.phases.text("formula")[row]
        sigma = self.phases.reaction_sigma_ev({formula: 1.0}, {formula: row})
        return None if sigma is None else sigma * _MEV / int(self.phases.atoms[row])
