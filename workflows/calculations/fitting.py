"""Learn the errors of computed formation energies from measured enthalpies, and see how well that predicts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize

from licoat.structures.chemistry.elements import ATOMIC_NUMBER
from licoat.structures.chemistry.formula import parse_formula
from licoat.structures.phases.fitted import ErrorModel, Residual, loadings
from licoat.structures.phases.levels import oxygen_shift_ev
from licoat.structures.phases.schemes import HUBBARD_U_EV
from licoat.structures.phases.table import PhaseTable
from licoat.structures.publishing import published
from licoat.structures.rendering import outline
from licoat.thermo.polymorph import polymorph_row

__all__ = ["Prediction", "fit", "fit_document", "leave_elements_out", "residuals", "summary", "write_fit"]

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


def residuals(first: PhaseTable, second: PhaseTable, measured: PhaseTable) -> list[Residual]:
    """Return computed minus measured formation energies on the hybrid level of two tables.

    Parameters
    ----------
    first : PhaseTable
        Corrected PBE(+U): for compounds of metals with a Hubbard U, its oxygen shifted so that Li2O has its measured
        enthalpy.
    second : PhaseTable
        r2SCAN, oxygen anchored on Li2O: for all others.
    measured : PhaseTable

    Returns
    -------
    list of Residual
        Of every compound within the model, in the polymorph that was measured where the tables have it.
    """
    found = []
    for formula in measured.formulas:
        terms = loadings(formula)
        if not terms or any(term.startswith("own:") for term in terms) or not first.rows_of(formula):
            continue
        atoms = parse_formula(formula)
        theirs = measured.rows_of(formula)[0]
        enthalpy = float(measured.energy_ev_per_fu[theirs])
        if np.isnan(enthalpy):
            continue
        key = measured.text("phase_id")[theirs]
        if atoms.keys() & HUBBARD_U_EV.keys():
            row = polymorph_row(first, formula, key)
            energy = float(first.energy_ev_per_fu[row]) - atoms.get("O", 0) * oxygen_shift_ev(first, measured)
        else:
            energy = float(second.energy_ev_per_fu[polymorph_row(second, formula, key)])
        n = sum(atoms.values())
        sigma = float(measured.column("energy_sigma_ev_per_atom")[theirs]) * n
        found.append(Residual(formula, energy - enthalpy, max(sigma, LEAST_SIGMA_EV_PER_O * max(atoms.get("O", 0), 1))))
    return found


def fit(found: Sequence[Residual], widening: float = WIDENING) -> ErrorModel:
    """Find the widths of the priors by the evidence of the data.

    Parameters
    ----------
    found : sequence of Residual
    widening : float
        Factor on every sigma, see `ErrorModel`.

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
    parts = [ErrorModel((), flat | {kind: 1.0}).kernel(formulas, formulas, applied=False) for kind in kinds]

    def surprise(widths: np.ndarray) -> float:
        seen = noise + sum(np.exp(2.0 * w) * part for w, part in zip(widths, parts, strict=True))
        factor = np.linalg.cholesky(seen)
        whitened = np.linalg.solve(factor, errors)
        return float(0.5 * whitened @ whitened + np.log(np.diag(factor)).sum() + 0.5 * ((widths - start) ** 2).sum())

    best = minimize(surprise, start, method="L-BFGS-B", bounds=[np.log(_BOUNDS_EV)] * len(kinds))
    prior = {kind: round(float(np.exp(w)), 5) for kind, w in zip(kinds, best.x, strict=True)}
    return ErrorModel(tuple(found), prior | FIXED_EV, widening)


@dataclass(frozen=True, slots=True)
class Prediction:
    """The error of a compound as predicted without any compound of its element, and what it is.

    Energies are eV per O atom, against Li2O (oxides), or per atom (alloys).
    """

    formula: str
    element: str
    kind: str
    hubbard: bool
    error_ev: float
    predicted_ev: float
    sigma_ev: float

    __repr__ = outline

    @property
    def left_ev(self) -> float:
        """What is left of the error."""
        return self.error_ev - self.predicted_ev


def leave_elements_out(model: ErrorModel) -> list[Prediction]:
    """Predict every compound from the model without any compound of its element; priors stay."""
    by_element: dict[str, list[Residual]] = {}
    for residual in model.residuals:
        for element in parse_formula(residual.formula).keys() - {"Li", "O"}:
            by_element.setdefault(element, []).append(residual)
    oxygen = next((r.error_ev_per_fu for r in model.residuals if r.formula == "Li2O"), 0.0)
    found = []
    for element, members in sorted(by_element.items()):
        rest = model.without({element})
        for residual in members:
            atoms = parse_formula(residual.formula)
            n_o, n = atoms.get("O", 0), sum(atoms.values())
            amounts = {residual.formula: 1.0 / n_o, "Li2O": -1.0} if n_o else {residual.formula: 1.0 / n}
            expected = rest.errors_ev_per_fu(list(amounts)) @ np.array(list(amounts.values()))
            known = residual.sigma_ev_per_fu / (n_o or n)
            found.append(
                Prediction(
                    formula=residual.formula,
                    element=element,
                    kind=("ternary oxide" if "Li" in atoms else "binary oxide") if n_o else "alloy",
                    hubbard=element in HUBBARD_U_EV and bool(n_o),
                    error_ev=residual.error_ev_per_fu / (n_o or n) - (oxygen if n_o else 0.0),
                    predicted_ev=float(expected),
                    sigma_ev=float(np.hypot(rest.sigma_ev(amounts), known)),
                )
            )
    return found


def summary(found: Sequence[Prediction]) -> dict[str, dict[str, Any]]:
    """Return number, mean absolute errors before and after, root mean square and coverage by class."""
    classes: Mapping[str, list[Prediction]] = {
        "binary oxides": [p for p in found if p.kind == "binary oxide"],
        "binary oxides without U": [p for p in found if p.kind == "binary oxide" and not p.hubbard],
        "binary oxides with U": [p for p in found if p.kind == "binary oxide" and p.hubbard],
        "ternary oxides": [p for p in found if p.kind == "ternary oxide"],
        "all oxides": [p for p in found if p.kind != "alloy"],
        "alloys": [p for p in found if p.kind == "alloy"],
    }
    rows = {}
    for name, members in classes.items():
        if not members:
            continue
        left = np.array([p.left_ev for p in members])
        ratio = np.abs(left) / np.array([p.sigma_ev for p in members])
        rows[name] = {
            "n": len(members),
            "before_mae_ev": round(float(np.mean([abs(p.error_ev) for p in members])), 4),
            "mae_ev": round(float(np.abs(left).mean()), 4),
            "rms_ev": round(float(np.sqrt((left**2).mean())), 4),
            "mean_ev": round(float(left.mean()), 4),
            "within_1_sigma": round(float((ratio <= 1.0).mean()), 3),
            "within_2_sigma": round(float((ratio <= 2.0).mean()), 3),
        }
    return rows


def kept_aside(found: Sequence[Residual]) -> set[str]:
    """Return the elements that priors are found without, see `EVERY`."""
    elements = {e for r in found if "O" in parse_formula(r.formula) for e in parse_formula(r.formula)} - {"Li", "O"}
    return set(sorted(elements, key=ATOMIC_NUMBER.__getitem__)[EVERY // 2 :: EVERY])


def fit_document(first: PhaseTable, second: PhaseTable, measured: PhaseTable) -> dict[str, Any]:
    """Learn the errors of the hybrid level and test them on elements left out.

    Parameters
    ----------
    first, second, measured : PhaseTable
        As for `residuals`.

    Returns
    -------
    dict
        What ``structures/data/fitted.json`` holds: per level the priors and residuals, the test on each element left
        out in its turn (``left_out``, by class, and ``predictions``), and that on the elements that were kept aside
        while the priors were found (``kept_aside``).
    """
    found = residuals(first, second, measured)
    model = fit(found)
    aside = kept_aside(found)
    blind = fit([r for r in found if not aside & parse_formula(r.formula).keys()])
    seen = ErrorModel(model.residuals, blind.prior_ev, blind.widening)
    predictions = leave_elements_out(model)
    return {
        "about": "errors of computed formation energies (computed minus measured enthalpy) and the widths of their "
        "priors; made by `licoat data fit`",
        "levels": {
            "hybrid": {
                "widening": model.widening,
                "prior_ev": dict(model.prior_ev),
                "residuals": [
                    {
                        "formula": r.formula,
                        "error_ev_per_fu": round(r.error_ev_per_fu, 6),
                        "sigma_ev_per_fu": round(r.sigma_ev_per_fu, 6),
                    }
                    for r in found
                ],
                "left_out": summary(predictions),
                "kept_aside": {
                    "elements": sorted(aside),
                    "classes": summary([p for p in leave_elements_out(seen) if p.element in aside]),
                },
                "predictions": [
                    {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(p).items()} for p in predictions
                ],
            }
        },
    }


def write_fit(path: Path, document: Mapping[str, Any]) -> None:
    """Write the file that the scheme ``fitted`` reads."""
    with published(path) as temporary:
        temporary.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
