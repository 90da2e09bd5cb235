"""The screen: every oxide of a table against the criteria, with a funnel, a ledger and a ranking."""

import datetime as dt
import platform
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from licoat.structures import CriteriaError, MissingDataError, PhaseTable, load_phases
from licoat.structures.chemistry.book import BOOK
from licoat.structures.chemistry.formula import formula_units
from licoat.structures.errors import require
from licoat.structures.phases.table import require_table
from licoat.structures.rendering import brief, rendered
from licoat.thermo.lithiation import check_anode, lithiate_many
from licoat.thermo.measurement import MeasuredSide, measured_side
from licoat.thermo.oxides import (
    HULL_CUTOFF_EV_PER_ATOM,
    above_hull,
    default_oxides,
    polymorph_ev_per_atom,
    without_oxygen,
)
from licoat.thermo.path import LithiationPath
from licoat.thermo.reacting import chosen_phases
from licoat.thermo.samples import Samples
from licoat.workflows.layer.material import layer_material
from licoat.workflows.screening.confidence import Confidence, Progress, confidences
from licoat.workflows.screening.criteria import (
    DEFAULT_PROFILE,
    Criterion,
    Measure,
    State,
    Verdict,
    check_quantities,
    criteria_for,
    evaluate,
)
from licoat.workflows.screening.funnel import FunnelStep, funnel
from licoat.workflows.screening.quantities import measure_all, quantity_names
from licoat.workflows.screening.ranking import pareto_front, score, score_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

ColumnSet = Literal["paper", "layer", "full"]
FigureKind = Literal["design", "ledger", "funnel", "periodic"]

__all__ = [
    "Candidate",
    "FunnelStep",
    "ScreeningResult",
    "screen",
]


@dataclass(frozen=True)
class Candidate:
    """One screened oxide.

    Attributes
    ----------
    path : LithiationPath
        Its reaction with the anode metal.
    above_hull_ev_per_atom : float
        Of the phase that reacts, against its own decomposition without the anode metal.
    measures : dict of str to Measure
        Every quantity.
    verdicts : dict of str to Verdict
        By name of the criterion.
    measured : MeasuredSide
        The same reaction from measured data.
    score : float or None
        Weighted mean probability of meeting the criteria that are answered.
    score_low, score_high : float
        Over all criteria, unknown ones not met or met.
    rank : int
        1 is the best.
    on_front : bool or None
        Whether it is on the Pareto front of the oxides that fail no criterion; None if an objective is unknown.
    confidence : Confidence or None
        How sure all this is, if energies were sampled.
    """

    path: LithiationPath
    above_hull_ev_per_atom: float
    measures: dict[str, Measure]
    verdicts: dict[str, Verdict]
    measured: MeasuredSide
    score: float | None
    score_low: float
    score_high: float
    rank: int = 0
    on_front: bool | None = None
    confidence: Confidence | None = None

    def __repr__(self) -> str:
        return brief(
            self,
            f"#{self.rank} {self.path.oxide}: score {score_text(self.score_low, self.score_high)}, {self.path.verdict}",
        )

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary, one object of ``screen --json``."""
        reaction = self.path.final.to_dict()
        reaction.pop("oxide")
        return {
            "rank": self.rank,
            "score": self.score,
            "score_low": self.score_low,
            "score_high": self.score_high,
            "pareto": self.on_front,
            "formula": self.path.oxide,
            "phase_id": self.path.phase_id,
            "phase_choice": self.path.phase_choice,
            "verdict": self.path.verdict,
            "is_inert": self.path.is_inert,
            "above_hull_ev_per_atom": self.above_hull_ev_per_atom,
            **reaction,
            **{name: m.value for name, m in self.measures.items() if name not in reaction},
            **self.measured.to_dict(),
            "predicted_equation": self.path.predicted_equation,
            "solutions": list(self.path.solutions),
            "hull_phases": self.path.hull_phases,
            "criteria": {name: verdict.to_dict() for name, verdict in self.verdicts.items()},
            **({} if self.confidence is None else {"confidence": self.confidence.to_dict()}),
        }


@dataclass(frozen=True)
class ScreeningResult:
    """All that a screen found.

    Attributes
    ----------
    candidates : tuple of Candidate
        Best first.
    criteria : tuple of Criterion
    funnel : tuple of FunnelStep
        An oxide leaves at the first criterion that it fails; uncertain and unknown stay.
    not_screened : dict of str to str
        Oxides of the table that were not screened, with the reason.
    manifest : dict
        Source, scheme, versions, criteria, date.
    """

    candidates: tuple[Candidate, ...]
    criteria: tuple[Criterion, ...]
    funnel: tuple[FunnelStep, ...]
    not_screened: dict[str, str]
    manifest: dict[str, Any]

    def __repr__(self) -> str:
        source, best = self.manifest["source"], ", ".join(c.path.oxide for c in self.candidates[:3])
        return brief(self, f"{len(self.candidates)} oxides of {source['source']} ({source['scheme']}); best {best}")

    def _repr_html_(self) -> str:
        html: str = rendered("screen_html", self)
        return html

    @cached_property
    def table(self) -> "pd.DataFrame":
        """One row per oxide, best first; units in the column names."""
        frame: pd.DataFrame = rendered("result_frame", self)
        return frame

    @cached_property
    def ledger(self) -> "pd.DataFrame":
        """One row per oxide and criterion: state, value, sigma, threshold, source, note."""
        import pandas as pd

        rows = [
            {"formula": c.path.oxide, "phase_id": c.path.phase_id, "criterion": name, **verdict.to_dict()}
            | ({} if c.confidence is None else {"sampled_probability": c.confidence.criteria[name].probability})
            | {"predicted_products": "; ".join(c.path.final.predicted_products)}
            for c in self.candidates
            for name, verdict in c.verdicts.items()
        ]
        rows += [
            {"formula": formula, "criterion": "screened", "state": "not screened", "note": reason}
            for formula, reason in self.not_screened.items()
        ]
        columns = ["formula", "phase_id", "criterion", "state", "value", "sigma", "threshold", "probability"]
        columns += ["sampled_probability"] if "samples" in self.manifest else []
        return pd.DataFrame(rows, columns=[*columns, "source", "note", "predicted_products"])

    @property
    def pareto(self) -> tuple[str, ...]:
        """Formulas on the Pareto front, best score first."""
        return tuple(c.path.oxide for c in self.candidates if c.on_front)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary (``screen --json``)."""
        return {
            "oxides": [candidate.to_dict() for candidate in self.candidates],
            "funnel": [step.to_dict() for step in self.funnel],
            "pareto": list(self.pareto),
            "not_screened": self.not_screened,
            "manifest": self.manifest,
        }

    def plot(self, ax: "Axes | None" = None, *, kind: FigureKind = "design") -> "Axes":
        """Draw the screen.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Axes to draw into; a new figure is made without.
        kind : {"design", "ledger", "funnel", "periodic"}
            Heat against expansion; oxides by criteria; who left where; heat on the periodic table.
        """
        axes: Axes = rendered(f"plot_{kind}", self, ax)
        return axes

    def save(self, folder: str | Path, *, figures: bool = False, columns: ColumnSet = "paper") -> list[Path]:
        """Write tables, report, references, methods and manifest into a folder.

        Parameters
        ----------
        folder : str or Path
        figures : bool
            Also the figures, as SVG and PDF.
        columns : {"paper", "layer", "full"}
            Of ``table.tex``.

        Returns
        -------
        list of Path
            The files written.
        """
        written: list[Path] = rendered("save_result", self, Path(folder), figures=figures, columns=columns)
        return written


def screen(  # noqa: PLR0913 - keyword-only options of the command
    phases: PhaseTable,
    oxides: str | Iterable[str] | None = None,
    *,
    criteria: Sequence[Criterion] | None = None,
    anode: str = "Li",
    phase_ids: Mapping[str, str] | None = None,
    measured: PhaseTable | None = None,
    also: str | Sequence[str] = (),
    products: str | None = None,
    prefer: str | None = None,
    profile: str = DEFAULT_PROFILE,
    samples: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> ScreeningResult:
    """Screen oxides as self-compacting coatings of an anode metal.

    Parameters
    ----------
    phases : PhaseTable
        Phases of one energy scheme.
    oxides : str or iterable of str, optional
        One formula or several; without, every binary oxide of the table that is a solid, has been made and
        lies within 50 meV/atom of its hull. A host without oxygen is answered with a warning.
    criteria : sequence of Criterion, optional
        Those of the profile for the anode metal without (`criteria_for`).
    anode : str
        The anode metal.
    phase_ids : mapping, optional
        Formula to phase, where another polymorph than the observed one is meant.
    measured : PhaseTable, optional
        Measured data put beside the computed ones; the embedded ones without.
    also : str or sequence of str
        Oxides that are screened besides, however far above their hull.
    products : {"observed", "all"}, optional
        Which compositions may be products (see `PhaseTable.with_products`); the table's own choice without.
    prefer : {"best", "table"}, optional
        Whose heats and volumes (see `licoat.thermo.preference`); the table's own choice without.
    profile : {"separator", "host", "barrier"}
        Whose criteria to take where none are given.
    samples : int, optional
        How many times all energies are drawn with their shared errors; `Candidate.confidence` then says how sure end
        state, criteria, rank and Pareto front are.
    seed : int
        The same samples for the same seed.
    progress : callable, optional
        Called with the number of oxides that are sampled and that of all.

    Returns
    -------
    ScreeningResult

    Raises
    ------
    FormulaError, MissingDataError, CriteriaError
        If a named oxide, the anode or a criterion cannot be used.
    InputTypeError
        If an argument is of another kind, such as the name of a source for its table.

    Examples
    --------
    >>> from licoat.structures import load_phases
    >>> result = screen(load_phases("builtin"), ["Sb2O3", "CaO"])
    >>> [candidate.path.verdict for candidate in result.candidates]
    ['reacts', 'inert']
    """
    require_table(phases)
    if products is not None:
        phases = phases.with_products(products)
    if prefer is not None:
        phases = phases.with_prefer(prefer)
    if measured is not None:
        require_table(measured, "measured")
    chosen_criteria = _criteria(criteria, anode, profile)
    check_quantities(chosen_criteria, quantity_names())
    check_anode(anode, phases)
    formulas, not_screened = _asked(phases, oxides, also, anode)
    if not chosen_criteria:
        raise CriteriaError("no criteria: give at least one")
    for formula, phase_id in chosen_phases(phase_ids).items():
        if formula not in formulas:
            raise MissingDataError(f"phase {phase_id!r} is {formula}, which is not among the screened oxides")
    measured = load_phases("measured") if measured is None else measured
    paths = lithiate_many(formulas, phases, anode=anode, phase_ids=phase_ids)
    if strangers := without_oxygen(formulas):
        warnings.warn(
            f"{', '.join(strangers)}: without oxygen; criteria, hazards and prices of the screen are made for oxides",
            stacklevel=2,
        )
    distances = [
        lowest + polymorph_ev_per_atom(path)
        for path, lowest in zip(paths, above_hull(formulas, phases, anode), strict=True)
    ]
    candidates = [
        _candidate(path, distance, chosen_criteria, measured) for path, distance in zip(paths, distances, strict=True)
    ]
    manifest = _manifest(phases, measured, chosen_criteria, anode, len(candidates))
    if samples is not None:
        drawn = Samples(phases, formulas, anode, samples, seed)
        sure = confidences(paths, chosen_criteria, measured, drawn, progress)
        candidates = [replace(c, confidence=found) for c, found in zip(candidates, sure, strict=True)]
        manifest |= {"samples": {"number": samples, "seed": seed, **drawn.to_dict()}}
    ranked = _rank(candidates, chosen_criteria)
    named = profile if criteria is None else ""
    return ScreeningResult(
        candidates=ranked,
        criteria=chosen_criteria,
        funnel=funnel([(c.path.oxide, c.verdicts) for c in ranked], chosen_criteria, not_screened),
        not_screened=not_screened,
        manifest=manifest | {"profile": named},
    )


def _asked(
    phases: PhaseTable, oxides: str | Iterable[str] | None, also: str | Sequence[str], anode: str
) -> tuple[list[str], dict[str, str]]:
    """Return the formulas to screen, and the oxides of the table that are not, with the reason."""
    not_screened: dict[str, str] = {}
    if oxides is None:
        formulas, not_screened = default_oxides(phases, anode)
    else:
        formulas = formula_units(oxides)
    formulas = list(dict.fromkeys([*formulas, *formula_units(also)]))
    not_screened = {formula: why for formula, why in not_screened.items() if formula not in formulas}
    if oxides is not None or also:
        lacking = [formula for formula in formulas if not phases.rows_of(formula)]
        if lacking:
            raise MissingDataError(
                f"not in {phases.source}: {', '.join(lacking)}; `licoat data info` lists what is there"
            )
    if not formulas:
        raise MissingDataError(f"{phases.source}: no oxide to screen")
    return formulas, not_screened


def _criteria(criteria: Sequence[Criterion] | None, anode: str, profile: str) -> tuple[Criterion, ...]:
    """Return the criteria as given, those of the profile without, and refuse what is none."""
    if criteria is None:
        return criteria_for(anode, profile)
    kind = "criteria must be a list of Criterion (load_criteria(path) gives one)"
    require(criteria, Iterable, kind)
    chosen = tuple(criteria)
    for criterion in chosen:
        require(criterion, Criterion, kind)
    return chosen


def _candidate(path: LithiationPath, distance: float, criteria: Sequence[Criterion], measured: PhaseTable) -> Candidate:
    side = measured_side(path, measured)
    measures = measure_all(path, side, distance, layer_material(path))
    verdicts = {c.name: evaluate(c, measures[BOOK[c.quantity].name]) for c in criteria}
    found = score(criteria, verdicts)
    return Candidate(path, distance, measures, verdicts, side, found.value, found.low, found.high)


def _rank(candidates: Sequence[Candidate], criteria: Sequence[Criterion]) -> tuple[Candidate, ...]:
    objectives = [criterion for criterion in criteria if criterion.objective]
    fronts: list[bool | None] = [None] * len(candidates)
    if objectives:
        values = np.array(
            [[_number(c.measures[BOOK[criterion.quantity].name].value) for criterion in objectives] for c in candidates]
        )
        known = [not any(np.isnan(row)) for row in values]
        # What fails a criterion is no coating, however well it does in one objective: it beats nobody.
        values[[any(v.state is State.FAIL for v in c.verdicts.values()) for c in candidates]] = np.nan
        front = pareto_front(values, [criterion.higher_is_better for criterion in objectives])
        fronts = [bool(f) if k else None for f, k in zip(front, known, strict=True)]

    # By what is known: a criterion that nobody can answer is no merit, but better than a failure.
    def place(i: int) -> tuple[float, float, str]:
        return -round(candidates[i].score_low, 9), -round(candidates[i].score_high, 9), candidates[i].path.oxide

    order = sorted(range(len(candidates)), key=place)
    return tuple(replace(candidates[i], rank=rank, on_front=fronts[i]) for rank, i in enumerate(order, start=1))


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _manifest(
    phases: PhaseTable, measured: PhaseTable, criteria: Sequence[Criterion], anode: str, n_oxides: int
) -> dict[str, Any]:
    return {
        "licoat_version": version("licoat"),
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "anode": anode,
        "n_oxides": n_oxides,
        "source": phases.manifest.to_dict(),
        "measured": measured.manifest.to_dict(),
        "criteria": [criterion.to_dict() for criterion in criteria],
        "products": phases.products,
        "prefer": phases.prefer,
        "hull_cutoff_ev_per_atom": HULL_CUTOFF_EV_PER_ATOM,
    }
