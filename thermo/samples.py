"""End states, reaction energies and distances from the hull for many random errors of the energies at once.

Energies of compositions carry the errors that their table says they share (`ErrorDraws`), measured enthalpies their
own. The energy of a reaction moves by the errors of what it is made of, by the rule of `licoat.thermo.preference`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from licoat.structures.chemistry.formula import atoms_per_formula_unit, parse_formula
from licoat.structures.errors import InputFileError
from licoat.structures.phases.draws import ErrorDraws
from licoat.structures.phases.measured import load_measured
from licoat.structures.phases.table import PhaseTable
from licoat.structures.rendering import brief
from licoat.thermo.bases import Equilibria, FloatArray, IntArray, equilibria
from licoat.thermo.end_state import end_state
from licoat.thermo.hull import Titration
from licoat.thermo.path import LithiationPath
from licoat.thermo.preference import energy_parts
from licoat.thermo.reaction import Reaction

__all__ = ["SampledEnd", "Samples", "at_energy", "end_titrations", "system_phases"]

MOST_SAMPLES = 100_000
"""More would take gigabytes, and a share of samples of 100,000 is known to 0.002 as it is."""

_PRESENT = 1e-8
"""Formula units of a product from which it is there."""


@dataclass(frozen=True, slots=True)
class SampledEnd:
    """An end state of an oxide that some samples have.

    Attributes
    ----------
    path : LithiationPath
        With this end state; its plateaus are unknown unless it is that of the table's own energies.
    samples : ndarray of int, shape (m,)
        Which samples have it.
    energy_ev_per_fu : ndarray, shape (m,)
        Of the reaction that drives it: the end state, of an inert oxide the full conversion.
    """

    path: LithiationPath
    samples: IntArray
    energy_ev_per_fu: FloatArray

    def __repr__(self) -> str:
        return brief(self, f"{self.path.final.equation}: {len(self.samples)} samples")


class Samples:
    """Random errors of the energies that the reactions of some oxides rest on.

    Parameters
    ----------
    phases : PhaseTable
    oxides : sequence of str
        Formula units whose chemical systems are drawn.
    anode : str
    number : int
        How many samples.
    seed : int
        The same errors for the same seed, table and oxides.

    Raises
    ------
    MissingDataError
        If the table knows no sigma.
    InputFileError
        If the number is out of range.
    """

    def __init__(self, phases: PhaseTable, oxides: Sequence[str], anode: str, number: int, seed: int) -> None:
        if not 1 <= number <= MOST_SAMPLES:
            raise InputFileError(f"{number} samples: from 1 to {MOST_SAMPLES} can be drawn")
        self.anode, self.number = anode, number
        formula = phases.text("formula")
        systems = {frozenset({anode, *parse_formula(oxide)}) for oxide in oxides}
        rows = sorted({row for system in systems for row in phases.rows_in_system(system).tolist()})
        self._table = ErrorDraws([*(formula[row] for row in rows), *oxides], number, (seed, 0))
        measured = load_measured()
        sigma = np.nan_to_num(measured.column("energy_sigma_ev_per_atom") * measured.atoms)
        self._measured = np.random.default_rng((seed, 1)).standard_normal((number, len(measured))) * sigma
        self._saturated: dict[tuple[int, str], tuple[list[tuple[str, ...] | None], IntArray]] = {}

    def __repr__(self) -> str:
        return brief(self, f"{self.number} samples of {len(self._table.formulas)} compositions")

    def to_dict(self) -> dict[str, int]:
        """Return what was drawn, for a manifest."""
        return {"compositions": len(self.formulas), "without_sigma": self.without_sigma}

    @property
    def formulas(self) -> tuple[str, ...]:
        """Compositions whose energies are drawn."""
        return self._table.formulas

    @property
    def without_sigma(self) -> int:
        """Compositions whose energy has not been drawn so far, since the table does not know its sigma."""
        return len(self._table.without_sigma)

    def errors_ev_per_fu(self, phases: PhaseTable, formulas: Sequence[str]) -> FloatArray:
        """Return the errors of some compositions on a level of theory, shape (samples, n)."""
        return self._table.of(phases)[:, [self._table.place[formula] for formula in formulas]]

    def shift_ev(self, phases: PhaseTable, reaction: Reaction) -> FloatArray:
        """Return how far each sample moves the energy of a reaction, eV per formula unit of oxide."""
        amounts = reaction.coefficients
        rows = {s.formula: phases.index_of(s.phase_id) for s in reaction.species}
        known, rest = energy_parts(phases, amounts, rows) or ({}, amounts)
        shift = self.errors_ev_per_fu(phases, list(rest)) @ np.array([float(rest[f]) for f in rest])
        result: FloatArray = shift + self._measured[:, list(known.values())] @ np.array([amounts[f] for f in known])
        return result

    def above_hull_ev_per_atom(self, path: LithiationPath) -> FloatArray:
        """Return the distance of an oxide's lowest phase from its hull without the anode metal, shape (samples,)."""
        phases, oxide = path.phases, path.oxide
        _, counts, energy = self._system(phases, oxide, sorted(parse_formula(oxide)))
        host = np.array([parse_formula(oxide)[symbol] for symbol in sorted(parse_formula(oxide))])
        found = equilibria(counts, energy, host)
        own = phases.energy_ev_per_fu[phases.rows_of(oxide)[0]] + self.errors_ev_per_fu(phases, [oxide])[:, 0]
        result: FloatArray = np.maximum(own - found.energy_ev_per_fu, 0.0) / atoms_per_formula_unit(oxide)
        return result

    def ends(self, path: LithiationPath) -> list[SampledEnd]:
        """Return the end states of an oxide, the most frequent first.

        Parameters
        ----------
        path : LithiationPath
            At the table's own energies.
        """
        found = []
        for titration, samples in self._end_titrations(path.phases, path.oxide):
            final = end_state(path.phases, path.oxide, path.phase_id, titration, self.anode)
            inert = titration.anode_atoms[-1] <= _PRESENT
            if not inert:
                same = final.equation == path.final.equation
                other = path if same else replace(path, final=final, is_inert=False, stages=())
                shift = self.shift_ev(path.phases, other.final)[samples]
                found.append(SampledEnd(other, samples, other.final.energy_ev_per_fu + shift))
            else:
                found += self._inert(replace(path, final=final, is_inert=True, stages=()), samples)
        return sorted(found, key=lambda end: -len(end.samples))

    def _inert(self, path: LithiationPath, samples: IntArray) -> Iterator[SampledEnd]:
        """Divide the samples in which an oxide does not react by what its full conversion would be."""
        units = list(path.saturated)
        each = [self._saturations(path.phases, unit) for unit in units]
        which = np.column_stack([numbers[samples] for _, numbers in each])
        for row in np.unique(which, axis=0):
            own = samples[(which == row).all(axis=1)]
            other = replace(path)
            vars(other)["saturated"] = {u: e[0][i] for u, e, i in zip(units, each, row.tolist(), strict=True)}
            conversion = other.full_conversion
            energy = (
                np.zeros(len(own))
                if conversion is None
                else conversion.energy_ev_per_fu + self.shift_ev(path.phases, conversion)[own]
            )
            yield SampledEnd(other, own, energy)

    def _saturations(self, phases: PhaseTable, unit: str) -> tuple[list[tuple[str, ...] | None], IntArray]:
        """Return the equilibria of an element with the anode metal and which of them each sample has."""
        key = (id(phases), unit)
        if key not in self._saturated:
            formula, which = phases.text("formula"), np.zeros(self.number, dtype=np.int64)
            kinds: list[tuple[str, ...] | None] = []
            for titration, samples in self._end_titrations(phases, unit):
                named = tuple(formula[row] for row in titration.products[-1][0].tolist())
                which[samples] = len(kinds)
                kinds.append(tuple(f for f in named if f != self.anode) or None)
            self._saturated[key] = (kinds, which)
        return self._saturated[key]

    def _end_titrations(self, phases: PhaseTable, host: str) -> Iterator[tuple[Titration, IntArray]]:
        rows, counts, energy = self._system(
            phases, host, [self.anode, *sorted(set(parse_formula(host)) - {self.anode})]
        )
        return end_titrations(parse_formula(host), self.anode, rows, counts, energy)

    def _system(self, phases: PhaseTable, host: str, elements: Sequence[str]) -> tuple[IntArray, IntArray, FloatArray]:
        """Return rows, atoms and energies, shape (samples, n), of a chemical system (see `system_phases`)."""
        rows, counts = system_phases(phases, host, elements)
        formula = phases.text("formula")
        errors = self.errors_ev_per_fu(phases, [formula[row] for row in rows.tolist()])
        return rows, counts, phases.energy_ev_per_fu[rows] + errors


def system_phases(phases: PhaseTable, host: str, elements: Sequence[str]) -> tuple[IntArray, IntArray]:
    """Return rows of the phases of a chemical system, the host among them, and their atoms, columns as `elements`."""
    rows = phases.rows_in_system(elements)
    if phases.is_left_out(host):
        rows = np.append(rows, phases.rows_of(host)[0])
    return rows, phases.counts[rows[:, None], [phases.place[symbol] for symbol in elements]]


def end_titrations(
    atoms: Mapping[str, int], anode: str, rows: IntArray, counts: IntArray, energy_ev_per_fu: FloatArray
) -> Iterator[tuple[Titration, IntArray]]:
    """Return the ends of the titration of a composition with the anode metal for many sets of energies.

    Parameters
    ----------
    atoms : mapping of str to int
        The composition.
    anode : str
    rows : ndarray of int, shape (n,)
        Phases of the chemical system.
    counts : ndarray of int, shape (n, d + 1)
        Their atoms: the anode metal, then the other elements in alphabetical order.
    energy_ev_per_fu : ndarray, shape (samples, n)

    Yields
    ------
    titration : Titration
        Its last kink alone, without an energy.
    samples : ndarray of int
        Which samples end there.
    """
    open_ = counts[:, 1:].any(axis=1)  # all but the anode metal itself
    metal = rows[~open_][0]
    rows, counts, energy = rows[open_], counts[open_], energy_ev_per_fu[:, open_]
    found = equilibria(counts[:, 1:], energy, np.array([atoms[symbol] for symbol in sorted(set(atoms) - {anode})]))
    groups: dict[tuple[tuple[int, float], ...], list[int]] = {}
    for i in np.unique(found.which).tolist():
        groups.setdefault(_content(found, i), []).append(i)
    for content, members in groups.items():
        columns = [j for j, _ in content]
        amounts, divisor = np.array([a for _, a in content]), found.denominator[members[0]]
        taken = np.rint((counts[columns, 0] @ amounts - atoms.get(anode, 0)) * divisor) / divisor
        there = rows[columns]
        if taken < 0.0:  # a host that holds the anode metal and gives some of it off
            there, amounts = np.append(there, metal), np.append(amounts, -taken)
        yield (
            Titration(
                host=dict(atoms),
                anode_atoms=np.array([max(taken, 0.0)]),
                energy_ev_per_fu=np.array([np.nan]),
                potential_ev=np.array([]),
                products=[(there, amounts)],
                denominator=np.array([divisor]),
                compositions=len(rows),
            ),
            np.flatnonzero(np.isin(found.which, members)),
        )


def _content(found: Equilibria, basis: int) -> tuple[tuple[int, float], ...]:
    """Return the phases of a basis that are there, and how much of each."""
    pairs = zip(found.bases[basis], found.amounts[basis].tolist(), strict=True)
    return tuple((j, round(a, 9)) for j, a in pairs if a > _PRESENT)


def at_energy(path: LithiationPath, energy_ev_per_fu: float) -> LithiationPath:
    """Return a path with another energy of the reaction that drives it, taken as exact.

    Parameters
    ----------
    path : LithiationPath
    energy_ev_per_fu : float
        Of the end state, of an inert oxide of the full conversion.
    """
    if not path.is_inert:
        return replace(path, final=path.final.at_energy(energy_ev_per_fu))
    other, conversion = replace(path), path.full_conversion
    vars(other)["full_conversion"] = None if conversion is None else conversion.at_energy(energy_ev_per_fu)
    return other
