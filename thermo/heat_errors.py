"""Errors of computed reaction energies against measured enthalpies: reaction by reaction, and by class."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from licoat.structures.chemistry.book import Kind, Quantity, declare
from licoat.structures.chemistry.formula import parse_formula
from licoat.structures.errors import MissingDataError
from licoat.structures.phases.fitted import highest_charge
from licoat.structures.phases.schemes import uses_hubbard_u
from licoat.structures.phases.table import PhaseTable, require_table
from licoat.structures.rendering import outline
from licoat.thermo.balance import balance
from licoat.thermo.polymorph import polymorph_row, with_energy
from licoat.thermo.reacting import build_reaction

__all__ = ["ERRORS", "ErrorSummary", "HeatError", "by_class", "heat_errors", "share_within", "summarise"]

_PER = "O atom of the oxide, or atom of the alloy"
ERRORS = declare(
    Quantity("class", "class", "Kind of compound, and whether it is computed with a Hubbard U.", Kind.TEXT,
             "validation"),
    Quantity("n", "number", "Reactions of which both sides are known.", Kind.COUNT, "validation", digits=0),
    Quantity("mean_ev", "mean error", "Mean of computed minus measured.", Kind.ENERGY, "validation", unit="eV",
             per=_PER, digits=3),
    Quantity("mae_ev", "mean absolute error", "Mean of |computed - measured|.", Kind.ENERGY, "validation", unit="eV",
             per=_PER, digits=3, higher_is_better=False),
    Quantity("rms_ev", "root mean square error", "sqrt(mean (computed - measured)^2).", Kind.ENERGY, "validation",
             unit="eV", per=_PER, digits=3),
    Quantity("worst_ev", "largest error", "Computed minus measured of the worst.", Kind.ENERGY, "validation", unit="eV",
             per=_PER, digits=3),
    Quantity("worst", "worst", "Compound of the largest error.", Kind.TEXT, "validation"),
    Quantity("within_1_sigma", "within one sigma", "Share of errors within one sigma, both sides in squares.",
             Kind.SHARE, "validation"),
    Quantity("within_2_sigma", "within two sigma", "Share of errors within two sigma.", Kind.SHARE, "validation"),
    Quantity("kind", "kind", "binary oxide, ternary oxide or alloy.", Kind.TEXT, "validation"),
    Quantity("hubbard", "Hubbard U", "Whether the compound is computed with a Hubbard U.", Kind.YES_NO, "validation"),
    Quantity("computed_ev", "computed", "Reaction energy: oxide + Li to elements and Li2O, or formation of an alloy.",
             Kind.ENERGY, "validation", unit="eV", per=_PER, digits=3),
    Quantity("measured_ev", "measured", "The same reaction from measured enthalpies.", Kind.ENERGY, "validation",
             unit="eV", per=_PER, digits=3),
    Quantity("sigma_ev", "sigma", "Of the computed energy.", Kind.ENERGY, "validation", unit="eV", per=_PER, digits=3),
    Quantity("measured_sigma_ev", "sigma of the measured", "Of the measured enthalpy.", Kind.ENERGY, "validation",
             unit="eV", per=_PER, digits=3),
    Quantity("error_ev", "error", "Computed minus measured; positive is too weak a reaction.", Kind.ENERGY,
             "validation", unit="eV", per=_PER, digits=3),
)  # fmt: skip
"""Quantities of the comparison with measured enthalpies."""

CLASSES: dict[str, Callable[["HeatError"], bool]] = {
    "binary oxides": lambda e: e.kind == "binary oxide",
    "binary oxides without U": lambda e: e.kind == "binary oxide" and not e.hubbard,
    "binary oxides with U": lambda e: e.kind == "binary oxide" and e.hubbard,
    "ternary oxides": lambda e: e.kind == "ternary oxide",
    "all oxides": lambda e: e.kind != "alloy",
    "alloys": lambda e: e.kind == "alloy",
}


@dataclass(frozen=True, slots=True)
class HeatError:
    """One computed reaction enthalpy beside its measured one.

    Attributes
    ----------
    formula, phase_id : str
        The compound and the computed phase that stands for the measured one.
    kind : {"binary oxide", "ternary oxide", "alloy"}
        An oxide's reaction is that with lithium to its elements and Li2O, in which the oxygen reference cancels; an
        alloy's is its formation.
    hubbard : bool
        Whether the Materials Project computes the compound with a Hubbard U.
    computed_ev, measured_ev : float
        Per O atom of the oxide, or per atom of the alloy.
    sigma_ev, measured_sigma_ev : float or None
        One standard deviation on the same basis.
    """

    formula: str
    phase_id: str
    kind: str
    hubbard: bool
    computed_ev: float
    measured_ev: float
    sigma_ev: float | None
    measured_sigma_ev: float | None

    __repr__ = outline

    @property
    def error_ev(self) -> float:
        """Computed minus measured; positive is too weak a reaction."""
        return self.computed_ev - self.measured_ev


@dataclass(frozen=True, slots=True)
class ErrorSummary:
    """Errors of a class: number, mean, mean absolute, root mean square, the worst, and how many lie within sigma."""

    name: str
    n: int
    mean_ev: float
    mae_ev: float
    rms_ev: float
    worst_ev: float
    worst: str
    within_1_sigma: float | None
    within_2_sigma: float | None

    __repr__ = outline


def heat_errors(phases: PhaseTable, measured: PhaseTable) -> list[HeatError]:
    """Return the error of every reaction of which both sides are known.

    Parameters
    ----------
    phases : PhaseTable
        Computed.
    measured : PhaseTable
        Of measured enthalpies.

    Returns
    -------
    list of HeatError
        Binary oxides, ternary lithium oxides and lithium alloys whose compound and elements have measured enthalpies.
        Peroxides and superoxides stay out: their oxygen is no oxide.

    Raises
    ------
    InputTypeError
        If one is no table.
    """
    require_table(phases)
    require_table(measured, "measured")
    phases = phases.with_prefer("table")
    found = []
    for formula in measured.formulas:
        kind = _kind(formula)
        if kind and phases.rows_of(formula):
            try:
                found.append(_error(formula, kind, phases, measured))
            except MissingDataError:
                continue  # an element, or the compound's own enthalpy, is not known
    return found


def _kind(formula: str) -> str:
    atoms = parse_formula(formula)
    others = set(atoms) - {"Li", "O"}
    if len(others) != 1 or len(atoms) == 1:
        return ""
    if "O" not in atoms:
        return "alloy" if "Li" in atoms else ""
    if "Li" in atoms:
        return "ternary oxide"
    return "" if _is_peroxide(atoms) else "binary oxide"


def _is_peroxide(atoms: Mapping[str, int]) -> bool:
    """Say whether a binary oxide holds more oxygen than its element can charge."""
    ((symbol, n),) = ((s, n) for s, n in atoms.items() if s != "O")
    return 2 * atoms["O"] > highest_charge(symbol) * n


def _error(formula: str, kind: str, phases: PhaseTable, measured: PhaseTable) -> HeatError:
    theirs = with_energy(measured, formula)[0]
    row = polymorph_row(phases, formula, measured.text("phase_id")[theirs])
    ours_id, theirs_id = phases.text("phase_id")[row], measured.text("phase_id")[theirs]
    atoms = parse_formula(formula)
    element = next(s for s in atoms if s not in {"Li", "O"})
    unit = next(f for f in phases.formulas if parse_formula(f).keys() == {element})
    if kind == "alloy":
        coefficients = {f: -n for f, n in balance([formula, "Li", unit], what=formula).items()}
        basis = float(-coefficients[formula]) * -sum(atoms.values())
    else:
        coefficients = balance([formula, "Li", unit, "Li2O"], what=formula)
        basis = float(-coefficients[formula]) * atoms["O"]
    ours = build_reaction(phases, coefficients, phase_ids={formula: ours_id})
    reference = build_reaction(measured, coefficients, phase_ids={formula: theirs_id})
    scale = float(abs(coefficients[ours.oxide])) / basis
    return HeatError(
        formula=formula,
        phase_id=ours_id,
        kind=kind,
        hubbard=uses_hubbard_u(formula),
        computed_ev=ours.energy_ev_per_fu * scale,
        measured_ev=reference.energy_ev_per_fu * scale,
        sigma_ev=None if ours.energy_sigma_ev_per_fu is None else ours.energy_sigma_ev_per_fu * abs(scale),
        measured_sigma_ev=None
        if reference.energy_sigma_ev_per_fu is None
        else reference.energy_sigma_ev_per_fu * abs(scale),
    )


def summarise(errors: Iterable[HeatError], name: str) -> ErrorSummary:
    """Return the summary of some errors.

    Raises
    ------
    MissingDataError
        If there are none.
    """
    chosen = list(errors)
    if not chosen:
        raise MissingDataError(f"{name}: nothing is both computed and measured")
    values = np.array([e.error_ev for e in chosen])
    worst = max(chosen, key=lambda e: abs(e.error_ev))
    sigmas = [(e.error_ev, e.sigma_ev, e.measured_sigma_ev) for e in chosen]
    return ErrorSummary(
        name=name,
        n=len(chosen),
        mean_ev=float(values.mean()),
        mae_ev=float(np.abs(values).mean()),
        rms_ev=float(np.sqrt((values**2).mean())),
        worst_ev=worst.error_ev,
        worst=worst.formula,
        within_1_sigma=share_within(1.0, sigmas),
        within_2_sigma=share_within(2.0, sigmas),
    )


def share_within(times: float, errors: Sequence[tuple[float, float | None, float | None]]) -> float | None:
    """Return the share of errors within so many combined sigmas, None where a sigma is not known.

    Parameters
    ----------
    times : float
    errors : sequence of tuple
        Error, sigma of the computed, sigma of the measured (None: taken as exact), in one unit.
    """
    if any(sigma is None for _, sigma, _ in errors):
        return None
    inside = [abs(error) <= times * math.hypot(sigma or 0.0, measured or 0.0) for error, sigma, measured in errors]
    return float(np.mean(inside))


def by_class(errors: Sequence[HeatError]) -> list[ErrorSummary]:
    """Return the summary of every class that has a member."""
    members = {label: [e for e in errors if belongs(e)] for label, belongs in CLASSES.items()}
    return [summarise(chosen, label) for label, chosen in members.items() if chosen]
