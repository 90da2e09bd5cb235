"""How sure a screen is: end states, criteria, rank and Pareto front over random errors of the energies.

The oxides are those of the screen in every sample. In a sample its energies are exact, so what rests on an energy
meets a criterion or does not; what does not (volumes, moduli) keeps the probability of its own sigma.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from licoat.structures import PhaseTable
from licoat.structures.chemistry.book import BOOK, Kind, Quantity, declare
from licoat.structures.chemistry.formula import atoms_per_formula_unit, molar_mass_g
from licoat.structures.chemistry.units import ev_to_mj_per_kg
from licoat.structures.rendering import brief
from licoat.thermo.measurement import measured_side
from licoat.thermo.oxides import HULL_CUTOFF_EV_PER_ATOM, polymorph_ev_per_atom
from licoat.thermo.path import LithiationPath
from licoat.thermo.samples import SampledEnd, Samples, at_energy
from licoat.workflows.layer.material import layer_material
from licoat.workflows.screening.criteria import Criterion, Measure, State, Verdict, evaluate, holds
from licoat.workflows.screening.quantities import measure_all
from licoat.workflows.screening.ranking import pareto_front

__all__ = [
    "CONFIDENCE",
    "Confidence",
    "CriterionConfidence",
    "SampledOxide",
    "confidences",
    "sample_oxide",
    "sampled_fronts",
    "sampled_ranks",
]

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Progress = Callable[[int, int], None]

PERCENTILES = (5.0, 95.0)
_BEST = 10
_FINE = 33
"""Energies at which a quantity is computed that is not linear in the energy of its reaction; linear between them."""


@dataclass(frozen=True, slots=True)
class CriterionConfidence:
    """How sure the answer to one criterion is.

    Attributes
    ----------
    probability : float or None
        Of meeting it, over the samples in which it can be answered; None if there is none.
    unknown : float
        Share of samples in which it cannot.
    """

    probability: float | None
    unknown: float

    def __repr__(self) -> str:
        return brief(self, f"{self.probability} met, {self.unknown} unknown")


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure a screen is of one oxide; `CONFIDENCE` has the definitions.

    Attributes
    ----------
    heat_std_mj_per_kg_oxide, heat_5_percent_mj_per_kg_oxide, heat_95_percent_mj_per_kg_oxide : float
        Spread of the heat.
    rank_5_percent, rank_95_percent : int
    probability_end_state : float
        Of the end state that the screen shows.
    end_states : dict of str to float
        Probability of every end state by its equation, the most probable first.
    probability_top_10 : float
    probability_pareto : float or None
        None without objectives.
    probability_within_cutoff : float
        Of lying within the cutoff of the default selection.
    criteria : dict of str to CriterionConfidence
    """

    heat_std_mj_per_kg_oxide: float
    heat_5_percent_mj_per_kg_oxide: float
    heat_95_percent_mj_per_kg_oxide: float
    rank_5_percent: int
    rank_95_percent: int
    probability_end_state: float
    end_states: dict[str, float]
    probability_top_10: float
    probability_pareto: float | None
    probability_within_cutoff: float
    criteria: dict[str, CriterionConfidence]

    def __repr__(self) -> str:
        return brief(
            self,
            f"rank {self.rank_5_percent}-{self.rank_95_percent}, top {_BEST} {self.probability_top_10:.2f}, "
            f"end state {self.probability_end_state:.2f}",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        criteria = {
            name: {"probability": found.probability, "unknown": found.unknown} for name, found in self.criteria.items()
        }
        return {f.name: getattr(self, f.name) for f in fields(self)} | {"criteria": criteria}

    def columns(self) -> dict[str, Any]:
        """Return the columns of a table."""
        found = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "criteria"}
        states = "; ".join(f"{equation} {p:.3g}" for equation, p in self.end_states.items())
        return found | {"end_states": states} | {f"probability_of_{n}": c.probability for n, c in self.criteria.items()}


@dataclass(frozen=True)
class SampledOxide:
    """What the samples give for one oxide.

    Attributes
    ----------
    energy_ev_per_fu : ndarray, shape (samples,)
        Of the end state, 0 if inert.
    distance_ev_per_atom : ndarray, shape (samples,)
        Of the lowest phase from its hull without the anode metal.
    end_states : dict of str to float
        Share of samples by equation, the largest first.
    met : ndarray, shape (samples, criteria)
        Probability of meeting each criterion, NaN where it is unknown.
    failed : ndarray of bool, shape (samples,)
        Whether any criterion fails.
    objectives : ndarray, shape (samples, objectives)
        Values of the quantities that span the Pareto front, NaN where unknown.
    """

    energy_ev_per_fu: FloatArray
    distance_ev_per_atom: FloatArray
    end_states: dict[str, float]
    met: FloatArray
    failed: BoolArray
    objectives: FloatArray

    def __repr__(self) -> str:
        return brief(self, f"{len(self.failed)} samples: {next(iter(self.end_states))}")


def confidences(
    paths: Sequence[LithiationPath],
    criteria: Sequence[Criterion],
    measured: PhaseTable,
    samples: Samples,
    progress: Progress | None = None,
) -> list[Confidence]:
    """Return how sure a screen is of each of its oxides.

    Parameters
    ----------
    paths : sequence of LithiationPath
        Of all oxides of the screen.
    criteria : sequence of Criterion
    measured : PhaseTable
        Measured data that a criterion may name.
    samples : Samples
        Of the same oxides.
    progress : callable, optional
        Called with the number of oxides that are done and that of all.
    """
    found = []
    for path in paths:
        found.append(sample_oxide(path, criteria, measured, samples))
        if progress is not None:
            progress(len(found), len(paths))
    ranks = sampled_ranks([path.oxide for path in paths], criteria, found)
    fronts = sampled_fronts(criteria, found)
    return [
        _confidence(path, criteria, oxide, ranks[:, i], None if fronts is None else fronts[:, i])
        for i, (path, oxide) in enumerate(zip(paths, found, strict=True))
    ]


def sample_oxide(
    path: LithiationPath, criteria: Sequence[Criterion], measured: PhaseTable, samples: Samples
) -> SampledOxide:
    """Evaluate all criteria of one oxide in all samples."""
    distance = samples.above_hull_ev_per_atom(path)
    energy = np.zeros(samples.number)
    met, values = np.full((2, samples.number, len(criteria)), np.nan)
    failed = np.zeros(samples.number, dtype=bool)
    shares: dict[str, float] = {}
    for end in samples.ends(path):
        own, equation = end.samples, end.path.final.equation
        shares[equation] = shares.get(equation, 0.0) + len(own) / samples.number
        energy[own] = end.energy_ev_per_fu
        if end.path.is_inert:  # it stays as it is, or goes to the lowest phases without the metal
            final = end.path.final
            energy[own] = final.energy_ev_per_fu
            energy[own] += samples.shift_ev(path.phases, final)[own] if final.coefficients else 0.0
        reacting = distance[own] + polymorph_ev_per_atom(path)
        curves = _Curves(end, {BOOK[criterion.quantity].name for criterion in criteria}, reacting, measured)
        for k, criterion in enumerate(criteria):
            met[own, k], fails, values[own, k] = curves.answers(criterion)
            failed[own] |= fails
    objective = [k for k, criterion in enumerate(criteria) if criterion.objective]
    order = sorted(shares, key=lambda equation: -shares[equation])
    return SampledOxide(energy, distance, {e: shares[e] for e in order}, met, failed, values[:, objective])


class _Curves:
    """Quantities of one end state as functions of the energy of its reaction."""

    def __init__(self, end: SampledEnd, names: Collection[str], distance: FloatArray, measured: PhaseTable) -> None:
        self.end, self.names, self.distance = end, names, distance
        self.side = measured_side(end.path, measured)
        self.lowest = float(end.energy_ev_per_fu.min())
        self.highest = max(float(end.energy_ev_per_fu.max()), self.lowest + 1.0)
        self.fixed = measure_all(end.path, self.side, 0.0, layer_material(end.path), names)
        self.coarse = self._at(3, names)

    def _at(self, number: int, names: Collection[str]) -> tuple[FloatArray, list[dict[str, Measure]]]:
        grid = np.linspace(self.lowest, self.highest, number)
        paths = [at_energy(self.end.path, energy) for energy in grid.tolist()]
        found = [measure_all(path, self.side, 0.0, layer_material(path), names) for path in paths]
        return grid, found

    def answers(self, criterion: Criterion) -> tuple[FloatArray | float, BoolArray | bool, FloatArray | float]:
        """Return the probability of meeting a criterion, whether it fails, and the value: one or one per sample."""
        found = self._values(BOOK[criterion.quantity].name)
        if isinstance(found, Measure):
            verdict = evaluate(criterion, found)
            return _chance(verdict), verdict.state is State.FAIL, _number(found)
        values, sigma = found
        if not sigma:
            held = holds(criterion, values)
            return held.astype(float), ~held, values
        verdicts = [evaluate(criterion, Measure(value, sigma)) for value in values.tolist()]
        return np.array([_chance(v) for v in verdicts]), np.array([v.state is State.FAIL for v in verdicts]), values

    def _values(self, name: str) -> Measure | tuple[FloatArray, float | None]:
        """Return the values of a quantity with what sigma it has beside its energy's, or one for all samples."""
        if name == "above_hull_ev_per_atom":
            return self.distance, None
        if name == "decomposition_energy_ev_per_fu":
            return -self.distance * atoms_per_formula_unit(self.end.path.oxide) + 0.0, None
        grid, found = self.coarse
        first, line = found[0][name], np.array([_number(at[name]) for at in found])
        if "_sigma_" in name or np.isnan(line).any() or np.ptp(line) == 0.0:
            return self.fixed[name]
        if not np.isclose(line[1], (line[0] + line[2]) / 2.0, rtol=1e-9, atol=1e-12):
            grid, found = self._at(_FINE, {name})
            line = np.array([_number(at[name]) for at in found])
        return np.interp(self.end.energy_ev_per_fu, grid, line), first.sigma


def _chance(verdict: Verdict) -> float:
    return np.nan if verdict.probability is None else verdict.probability


def _number(measure: Measure) -> float:
    return np.nan if measure.value is None else measure.value


def sampled_ranks(
    oxides: Sequence[str], criteria: Sequence[Criterion], found: Sequence[SampledOxide]
) -> NDArray[np.int64]:
    """Rank all oxides in every sample by the rule of the screen, shape (samples, oxides)."""
    weight = np.array([criterion.weight for criterion in criteria])
    met = np.stack([oxide.met for oxide in found], axis=1)
    low = np.nan_to_num(met) @ weight / weight.sum()
    high = low + np.isnan(met) @ weight / weight.sum()
    alphabet = np.broadcast_to(np.argsort(np.argsort(np.array(oxides))), low.shape)
    order = np.lexsort((alphabet, -np.round(high, 9), -np.round(low, 9)), axis=1)
    ranks = np.empty(low.shape, dtype=np.int64)
    np.put_along_axis(ranks, order, np.arange(1, len(oxides) + 1)[None, :], axis=1)
    return ranks


def sampled_fronts(criteria: Sequence[Criterion], found: Sequence[SampledOxide]) -> BoolArray | None:
    """Say which oxides are on the Pareto front of every sample, shape (samples, oxides); None without objectives."""
    upwards = [criterion.higher_is_better for criterion in criteria if criterion.objective]
    if not upwards:
        return None
    values = np.stack([oxide.objectives for oxide in found], axis=1)
    values[np.stack([oxide.failed for oxide in found], axis=1)] = np.nan
    return np.array([pareto_front(sample, upwards) for sample in values])


def _confidence(
    path: LithiationPath,
    criteria: Sequence[Criterion],
    oxide: SampledOxide,
    ranks: NDArray[np.int64],
    front: BoolArray | None,
) -> Confidence:
    heat = ev_to_mj_per_kg(1.0, molar_mass_g(path.oxide)) * -oxide.energy_ev_per_fu + 0.0
    low, high = np.percentile(heat, PERCENTILES)
    first, last = np.percentile(ranks, PERCENTILES, method="nearest")
    return Confidence(
        heat_std_mj_per_kg_oxide=float(heat.std()),
        heat_5_percent_mj_per_kg_oxide=float(low),
        heat_95_percent_mj_per_kg_oxide=float(high),
        rank_5_percent=int(first),
        rank_95_percent=int(last),
        probability_end_state=oxide.end_states.get(path.final.equation, 0.0),
        end_states=oxide.end_states,
        probability_top_10=float((ranks <= _BEST).mean()),
        probability_pareto=None if front is None else float(front.mean()),
        probability_within_cutoff=float((oxide.distance_ev_per_atom <= HULL_CUTOFF_EV_PER_ATOM).mean()),
        criteria={c.name: _criterion(oxide.met[:, k]) for k, c in enumerate(criteria)},
    )


def _criterion(met: FloatArray) -> CriterionConfidence:
    known = met[~np.isnan(met)]
    return CriterionConfidence(float(known.mean()) if len(known) else None, float(np.isnan(met).mean()))


CONFIDENCE = declare(
    Quantity("confidence", "confidence", "How sure the screen is, over samples of the energies (`--samples`).",
             Kind.TEXT, "oxide"),
    Quantity("heat_std_mj_per_kg_oxide", "spread of the heat",
             "Standard deviation of the heat over the samples, changes of the end state included; 0 if inert.",
             Kind.HEAT, "confidence", unit="MJ", per="kg of oxide"),
    Quantity("heat_5_percent_mj_per_kg_oxide", "heat, 5th percentile", "5 percent of the samples are below.",
             Kind.HEAT, "confidence", unit="MJ", per="kg of oxide"),
    Quantity("heat_95_percent_mj_per_kg_oxide", "heat, 95th percentile", "95 percent of the samples are below.",
             Kind.HEAT, "confidence", unit="MJ", per="kg of oxide"),
    Quantity("rank_5_percent", "rank, 5th percentile", "5 percent of the samples rank it better.", Kind.COUNT,
             "confidence", digits=0),
    Quantity("rank_95_percent", "rank, 95th percentile", "95 percent of the samples rank it better.", Kind.COUNT,
             "confidence", digits=0),
    Quantity("probability_end_state", "probability of the end state",
             "Share of samples whose equilibrium with the metal is the one shown.", Kind.SHARE, "confidence"),
    Quantity("end_states", "end states", "Share of samples of every end state, by its equation.", Kind.TEXT,
             "confidence"),
    Quantity("probability_top_10", f"probability of the top {_BEST}", f"Share of samples with rank {_BEST} or better.",
             Kind.SHARE, "confidence"),
    Quantity("probability_pareto", "probability of the Pareto front", "Share of samples with it on the front.",
             Kind.SHARE, "confidence"),
    Quantity("probability_within_cutoff", "probability of the selection",
             f"Share of samples within {HULL_CUTOFF_EV_PER_ATOM:g} eV/atom of its hull without the anode metal; the "
             "screened oxides are the same in all samples.", Kind.SHARE, "confidence"),
    Quantity("probability_of_*", "probability of a criterion",
             "Mean over the samples of the probability of meeting it, its energies exact in each; empty if unknown.",
             Kind.SHARE, "confidence"),
    Quantity("sampled_probability", "probability over samples", "See `probability_of_*`.", Kind.SHARE, "verdict"),
)  # fmt: skip
"""What sampling says of an oxide."""
