"""Learn the errors of computed formation energies from measured enthalpies, and see how well that predicts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

from licoat.structures.chemistry.elements import ATOMIC_NUMBER
from licoat.structures.chemistry.formula import parse_formula
from licoat.structures.phases.fitted import FEATURES, ErrorModel, Residual, loadings
from licoat.structures.phases.levels import oxygen_shift_ev
from licoat.structures.phases.table import PhaseTable
from licoat.structures.publishing import published
from licoat.thermo.heat_errors import HeatError, by_class, heat_errors
from licoat.thermo.polymorph import polymorph_row

__all__ = ["fit", "fit_document", "leave_elements_out", "residuals", "summary", "write_fit"]

WIDENING = 1.1
"""Factor on every sigma: without it 92 % of elements left out lie within two sigma instead of 95 %."""

EVERY = 9
"""Every ninth element with a measured oxide, by atomic number from the fifth, is kept aside: priors are found without
its compounds, then they are predicted."""

LEAST_SIGMA_EV_PER_O = 0.004
"""Enthalpies of oxides are not better known than that, whatever their source says."""

START_EV = {
    "li": 0.028, "o": 0.027, "feature": 0.167, "oxides_of": 0.08, "compound": 0.077, "ternary": 0.035, "alloys": 0.03,
    "salts": 0.03, "alloys_of": 0.06, "alloy": 0.01,
}  # fmt: skip
"""Widths of the priors where the search begins; a normal prior of width 1 on their logarithm keeps them near."""
FIXED_EV = {"own": 0.1, "suboxide": 0.15}
"""Widths that no measured compound tells of."""
_BOUNDS_EV = (0.002, 1.0)


def residuals(phases: PhaseTable, measured: PhaseTable) -> list[Residual]:
    """Return computed minus measured formation energies.

    Parameters
    ----------
    phases : PhaseTable
        Computed, on one or two levels of theory; oxygen is shifted so that Li2O has its measured enthalpy.
    measured : PhaseTable

    Returns
    -------
    list of Residual
        Of every compound within the model, in the polymorph that was measured where the table has it.
    """
    found = []
    for formula in measured.formulas:
        terms = loadings(formula)
        if not terms or any(term.startswith("own:") for term in terms) or not phases.rows_of(formula):
            continue
        atoms = parse_formula(formula)
        theirs = measured.rows_of(formula)[0]
        enthalpy = float(measured.energy_ev_per_fu[theirs])
        if np.isnan(enthalpy):
            continue
        level = phases.for_system(atoms)
        row = polymorph_row(level, formula, measured.text("phase_id")[theirs])
        energy = float(level.energy_ev_per_fu[row]) - atoms.get("O", 0) * oxygen_shift_ev(level, measured)
        sigma = float(measured.column("energy_sigma_ev_per_atom")[theirs]) * sum(atoms.values())
        found.append(Residual(formula, energy - enthalpy, max(sigma, LEAST_SIGMA_EV_PER_O * max(atoms.get("O", 0), 1))))
    return found


def fit(
    found: Sequence[Residual], widening: float = WIDENING, features: tuple[str, ...] = FEATURES["hybrid"]
) -> ErrorModel:
    """Find the widths of the priors by the evidence of the data.

    Parameters
    ----------
    found : sequence of Residual
    widening : float
        Factor on every sigma, see `ErrorModel`.
    features : tuple of str
        Of the model.

    Notes
    -----
    Maximises the marginal likelihood of the residuals under normal priors of mean zero, times a normal prior on the
    logarithm of each width (MacKay, Neural Computation 4, 415 (1992)).
    """
    kinds = list(START_EV)
    start = np.log([START_EV[kind] for kind in kinds])
    formulas = [r.formula for r in found]
    errors = np.array([r.error_ev_per_fu for r in found])
    noise = np.diag([r.sigma_ev_per_fu**2 for r in found])
    flat = dict.fromkeys((*kinds, *FIXED_EV), 0.0)
    parts = [
        ErrorModel((), flat | {kind: 1.0}, features=features).kernel(formulas, formulas, applied=False)
        for kind in kinds
    ]

    def surprise(widths: np.ndarray) -> float:
        seen = noise + sum(np.exp(2.0 * w) * part for w, part in zip(widths, parts, strict=True))
        factor = np.linalg.cholesky(seen)
        whitened = np.linalg.solve(factor, errors)
        return float(0.5 * whitened @ whitened + np.log(np.diag(factor)).sum() + 0.5 * ((widths - start) ** 2).sum())

    best = minimize(surprise, start, method="L-BFGS-B", bounds=[np.log(_BOUNDS_EV)] * len(kinds))
    prior = {kind: round(float(np.exp(w)), 5) for kind, w in zip(kinds, best.x, strict=True)}
    return ErrorModel(tuple(found), prior | FIXED_EV, widening, features)


def leave_elements_out(model: ErrorModel, errors: Sequence[HeatError]) -> list[HeatError]:
    """Correct every reaction by the model that has seen no compound of its element; priors stay.

    Parameters
    ----------
    model : ErrorModel
    errors : sequence of HeatError
        Of the uncorrected energies.

    Returns
    -------
    list of HeatError
        With the corrected energy and its sigma, of what is within the model.
    """
    rest: dict[str, ErrorModel] = {}
    known = {r.formula for r in model.residuals}
    found = []
    for error in errors:
        if error.formula not in known:
            continue
        atoms = parse_formula(error.formula)
        element = element_of(error)
        if element not in rest:
            rest[element] = model.without({element})
        n_o, n = atoms.get("O", 0), sum(atoms.values())
        amounts = {error.formula: -1.0 / n_o, "Li2O": 1.0} if n_o else {error.formula: 1.0 / n}
        expected = rest[element].errors_ev_per_fu(list(amounts)) @ np.array(list(amounts.values()))
        sigma = rest[element].sigma_ev(amounts)
        found.append(replace(error, computed_ev=error.computed_ev - float(expected), sigma_ev=sigma))
    return found


def element_of(error: HeatError) -> str:
    """Return the element of a compound that is neither lithium nor oxygen."""
    return next(symbol for symbol in parse_formula(error.formula) if symbol not in {"Li", "O"})


def summary(before: Sequence[HeatError], after: Sequence[HeatError]) -> dict[str, dict[str, Any]]:
    """Return number, mean absolute error before, and errors and coverage after, by class."""
    kept = {error.formula for error in after}
    first = {row.name: row.mae_ev for row in by_class([error for error in before if error.formula in kept])}
    return {
        row.name: {"n": row.n, "before_mae_ev": round(first[row.name], 4)}
        | {name: _rounded(getattr(row, name)) for name in _SUMMARY}
        for row in by_class(after)
    }


_SUMMARY = ("mae_ev", "rms_ev", "mean_ev", "within_1_sigma", "within_2_sigma")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def kept_aside(found: Sequence[Residual]) -> set[str]:
    """Return the elements that priors are found without, see `EVERY`."""
    elements = {e for r in found if "O" in parse_formula(r.formula) for e in parse_formula(r.formula)} - {"Li", "O"}
    return set(sorted(elements, key=ATOMIC_NUMBER.__getitem__)[EVERY // 2 :: EVERY])


def fit_document(tables: Mapping[str, PhaseTable], measured: PhaseTable) -> dict[str, Any]:
    """Learn the errors of each level of energies and test them on elements left out.

    Parameters
    ----------
    tables : mapping of str to PhaseTable
        Level to its uncorrected table: ``hybrid``, ``mp2020``.
    measured : PhaseTable

    Returns
    -------
    dict
        What ``structures/data/fitted.json`` holds: per level the priors and residuals, the test on each element left
        out in its turn (``left_out``, by class, and ``predictions``), and that on the elements that were kept aside
        while the priors were found (``kept_aside``).
    """
    return {
        "about": "errors of computed formation energies (computed minus measured enthalpy) and the widths of their "
        "priors; made by `licoat data fit`",
        "levels": {name: _level(phases, measured, FEATURES[name]) for name, phases in tables.items()},
    }


def _level(phases: PhaseTable, measured: PhaseTable, features: tuple[str, ...]) -> dict[str, Any]:
    found = residuals(phases, measured)
    model = fit(found, features=features)
    aside = kept_aside(found)
    blind = fit([r for r in found if not aside & parse_formula(r.formula).keys()], features=features)
    seen = replace(blind, residuals=model.residuals)
    before = heat_errors(phases.with_products("all"), measured)
    after = leave_elements_out(model, before)
    kept = [error for error in leave_elements_out(seen, before) if element_of(error) in aside]
    return {
        "widening": model.widening,
        "features": list(model.features),
        "prior_ev": dict(model.prior_ev),
        "residuals": [
            {
                "formula": r.formula,
                "error_ev_per_fu": round(r.error_ev_per_fu, 6),
                "sigma_ev_per_fu": round(r.sigma_ev_per_fu, 6),
            }
            for r in found
        ],
        "left_out": summary(before, after),
        "kept_aside": {"elements": sorted(aside), "classes": summary(before, kept)},
        "predictions": [
            {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(error).items()} for error in after
        ],
    }


def write_fit(path: Path, document: Mapping[str, Any]) -> None:
    """Write the file that the scheme ``fitted`` reads."""
    with published(path) as temporary:
        temporary.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
