r"""What computed energies miss on average, and how sure that is: a linear model with shared errors.

The error of a formation energy, computed minus measured enthalpy, is modelled per formula unit as a sum of errors that
compounds share, so that in differences of energies what is common cancels:

.. math::

    \mu(p) &= n_\mathrm{Li} u_\mathrm{Li} + n_\mathrm{O} u_\mathrm{O}
        + w \left(\varphi \cdot \beta + a_M + b_c\right) + \min(w, n_\mathrm{Li}/2)\, t_c
        && \text{oxides, } w = n_\mathrm{O} - n_\mathrm{Li}/2 \\
           &= n_\mathrm{Li} \left(u_\mathrm{Li} + c + c_\mathrm{salt} + a'_M\right) + n\, b'_c
        && \text{compounds of lithium without oxygen}

with features :math:`\varphi` (open d or f shell, heavy, ns2 lone pair, noble metal), all zero for oxides of metals with
a Hubbard U. All terms have normal priors of mean zero; their widths and the measured enthalpies are in
``structures/data/fitted.json``, so the posterior is that of Bayesian linear regression (Rasmussen and Williams,
Gaussian Processes for Machine Learning (2006), chapter 2). :math:`b'_c` is not applied: a corrected
alloy beside one that nobody measured would decide a hull by who was measured.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from licoat.structures.chemistry.elements import ATOMIC_NUMBER, ELECTRONEGATIVITY, group, is_f_block
from licoat.structures.chemistry.formula import parse_formula
from licoat.structures.errors import InputFileError
from licoat.structures.phases.facts import DATA
from licoat.structures.phases.schemes import HUBBARD_U_EV
from licoat.structures.rendering import brief, outline

__all__ = ["FITTED", "ErrorModel", "Residual", "features", "highest_charge", "load_error_models", "loadings"]

FITTED = DATA / "fitted.json"
FEATURES = {
    "hybrid": ("open_shell", "heavy", "lone_pair", "noble"),
    "mp2020": ("open_shell", "heavy", "lone_pair", "noble", "constant", "charge", "electronegativity"),
}
"""Features of the errors of each level of energies."""
SALT = frozenset({"F", "Cl", "Br", "I", "S", "Se", "Te", "N", "P", "As", "Sb", "Si"})
"""Anions for which lithium compounds have a term of their own."""
_NO_METALS = frozenset({"H", "C", "N", "S", "F", "Cl", "Br", "I"})
"""Their oxides are molecules or hold molecular anions: outside the model."""
_LONE_PAIRS = frozenset({
    ("Sn", 2), ("Pb", 2), ("Ge", 2), ("Sb", 3), ("Bi", 3), ("As", 3), ("P", 3), ("Te", 4), ("Se", 4), ("Tl", 1),
    ("In", 1),
})  # fmt: skip
_HEAVY = 72
_NARROW_CHARGE = 2.0
"""Oxides of d metals with a smaller charge are between oxide and metal: their features fade, their own error grows."""

FloatArray = NDArray[np.float64]


def features(element: str, charge: float) -> dict[str, float]:
    """Return the features of an element in an oxide; all zero for a metal with a Hubbard U.

    Parameters
    ----------
    element : str
    charge : float
        Mean oxidation state.
    """
    if element in HUBBARD_U_EV:
        return {}
    column, f_block = group(element), is_f_block(element)
    transition = not f_block and 3 <= column <= 12
    fade = min(1.0, charge / _NARROW_CHARGE) if transition and column < 12 else 1.0
    return {
        "open_shell": fade * float(f_block or (transition and 4 <= column <= 11)),
        "heavy": float(ATOMIC_NUMBER[element] >= _HEAVY),
        "lone_pair": float((element, round(charge)) in _LONE_PAIRS),
        "noble": fade * float(transition and 8 <= column <= 11),
        "constant": 1.0,
        "charge": (charge - 3.0) / 2.0,
        "electronegativity": (ELECTRONEGATIVITY.get(element, 1.6) - 1.6) / 0.5,
    }


def highest_charge(element: str) -> int:
    """Return the highest oxidation state that an oxide ion can balance; more oxygen is peroxide."""
    column = group(element)
    if is_f_block(element):
        return 6 if element == "U" else 4
    if column >= 13:
        return column - 10
    return {9: 6, 10: 4, 11: 3, 12: 2}.get(column, column)


@cache
def loadings(formula: str) -> dict[str, float]:
    """Return how much each shared error enters the energy of a formula unit.

    Returns
    -------
    dict of str to float
        Term, ``KIND`` or ``KIND:DETAIL``, to its factor: ``li``, ``o``, ``feature:heavy``, ``oxides_of:Sb``,
        ``compound:Sb2O3``, ... Empty for an element; ``own:FORMULA`` alone (factor: atoms) for what is outside the
        model.
    """
    atoms = parse_formula(formula)
    others = set(atoms) - {"Li", "O"}
    if len(atoms) == 1:
        return {}
    n_li, n_o, n = atoms.get("Li", 0), atoms.get("O", 0), sum(atoms.values())
    if formula == "Li2O":
        return {"li": 2.0, "o": 1.0}
    inside = {}
    if len(others) == 1 and n_o:
        inside = _oxide(formula, next(iter(others)), atoms)
    elif len(others) == 1 and n_li:
        inside = _lithium_compound(formula, next(iter(others)), n_li, n)
    return inside or {f"own:{formula}": float(n)}


def _lithium_compound(formula: str, element: str, n_li: int, n: int) -> dict[str, float]:
    if element in {"H", "C"}:  # hydride and acetylide are neither alloys nor salts of single anions
        return {}
    found = {
        "li": float(n_li),
        "alloys": float(n_li),
        f"alloys_of:{element}": float(n_li),
        f"alloy:{formula}": float(n),
    }
    return found | ({"salts": float(n_li)} if element in SALT else {})


def _oxide(formula: str, element: str, atoms: Mapping[str, int]) -> dict[str, float]:
    n_li, n_o = atoms.get("Li", 0), atoms["O"]
    weight = n_o - n_li / 2
    charge = 2.0 * weight / atoms[element]
    if weight <= 0.0 or element in _NO_METALS or charge > highest_charge(element):
        return {}
    found = {"li": float(n_li), "o": float(n_o), f"oxides_of:{element}": weight, f"compound:{formula}": weight}
    found |= {f"feature:{name}": weight * value for name, value in features(element, charge).items() if value}
    if n_li:
        found[f"ternary:{formula}"] = min(weight, n_li / 2)
    if charge < _NARROW_CHARGE and 4 <= group(element) <= 11:
        found[f"suboxide:{formula}"] = weight * (1.0 - charge / _NARROW_CHARGE)
    return found


_CHUNK = 1024
"""Compounds whose loadings are held at a time."""

_NOT_APPLIED = frozenset({"alloy", "own", "suboxide"})


def _kind(term: str) -> str:
    return term.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Residual:
    """A formation energy that is known on both sides: computed minus measured, eV per formula unit."""

    formula: str
    error_ev_per_fu: float
    sigma_ev_per_fu: float

    __repr__ = outline


@dataclass(frozen=True)
class ErrorModel:
    """The errors of formation energies, learnt from measured enthalpies.

    Attributes
    ----------
    residuals : tuple of Residual
        What it is learnt from.
    prior_ev : dict of str to float
        Width of the prior of each kind of term, eV.
    widening : float
        Factor on every sigma, found where elements were left out.
    features : tuple of str
        Which of `features` it has.
    transfer_ev_per_atom : float
        Distance of the energies that it corrects from those that it has learnt from, one standard deviation, for every
        compound on its own.
    """

    residuals: tuple[Residual, ...]
    prior_ev: Mapping[str, float]
    widening: float = 1.0
    features: tuple[str, ...] = FEATURES["hybrid"]
    transfer_ev_per_atom: float = 0.0

    def __repr__(self) -> str:
        return brief(self, f"learnt from {len(self.residuals)} enthalpies")

    def without(self, elements: set[str]) -> "ErrorModel":
        """Return the model learnt without any compound of some elements."""
        kept = tuple(r for r in self.residuals if not elements & parse_formula(r.formula).keys())
        return replace(self, residuals=kept)

    def kernel(self, left: Sequence[str], right: Sequence[str], *, applied: bool = True) -> FloatArray:
        """Prior covariance of the errors of two lists of compounds, eV2 per formula unit each.

        Parameters
        ----------
        left, right : sequence of str
        applied : bool
            Only what a correction applies: without the private errors of alloys and of what is outside the model.
        """
        terms: dict[str, int] = {}
        rows = []
        for formulas in (left, right):
            entries = [(i, t, x) for i, f in enumerate(formulas) for t, x in loadings(f).items()]
            rows.append([e for e in entries if self._has(e[1]) and not (applied and _kind(e[1]) in _NOT_APPLIED)])
            for _, term, _ in rows[-1]:
                terms.setdefault(term, len(terms))
        width = np.array([self.prior_ev[_kind(term)] for term in terms])
        a, b = np.zeros((len(left), len(terms))), np.zeros((len(right), len(terms)))
        for matrix, entries in zip((a, b), rows, strict=True):
            for i, term, x in entries:
                matrix[i, terms[term]] += x
        result: FloatArray = (a * width**2) @ b.T
        return result

    def _has(self, term: str) -> bool:
        kind, _, detail = term.partition(":")
        return kind != "feature" or detail in self.features

    @cached_property
    def _learnt(self) -> tuple[list[str], FloatArray, FloatArray]:
        """Formulas, the inverse of the covariance of what was seen, and its product with that."""
        formulas = [r.formula for r in self.residuals]
        noise = np.array([r.sigma_ev_per_fu for r in self.residuals])
        seen = self.kernel(formulas, formulas, applied=False) + np.diag(noise**2)
        inverse = np.linalg.inv(seen).astype(np.float64)
        weights: FloatArray = inverse @ np.array([r.error_ev_per_fu for r in self.residuals])
        return formulas, inverse, weights

    def errors_ev_per_fu(self, formulas: Sequence[str]) -> FloatArray:
        """Return the expected error of each compound, eV per formula unit; subtract it from the computed energy."""
        return self.errors_and_sigmas_ev_per_fu(formulas)[0]

    def errors_and_sigmas_ev_per_fu(self, formulas: Sequence[str]) -> tuple[FloatArray, FloatArray]:
        """Return the expected error of each compound and one standard deviation of what is left, eV per formula unit.

        The square of the second is the diagonal of `covariance_ev2`, without the memory of the whole.
        """
        known, inverse, weights = self._learnt
        errors, sigmas = np.zeros(len(formulas)), np.zeros(len(formulas))
        for start in range(0, len(formulas), _CHUNK):
            part = formulas[start : start + _CHUNK]
            cross = self.kernel(part, known)
            prior = [self._variance_ev2(formula) for formula in part]
            variance = np.array(prior) - np.einsum("ij,jk,ik->i", cross, inverse, cross, optimize=True)
            errors[start : start + _CHUNK] = cross @ weights
            sigmas[start : start + _CHUNK] = self.widening * np.sqrt(np.maximum(variance, 0.0))
        return errors, sigmas

    def _variance_ev2(self, formula: str) -> float:
        """Variance before anything is learnt, with what the transfer adds."""
        terms = loadings(formula)
        shared = sum((x * self.prior_ev[_kind(term)]) ** 2 for term, x in terms.items() if self._has(term))
        return shared + self._transfer_ev2(formula)

    def _transfer_ev2(self, formula: str) -> float:
        atoms = parse_formula(formula)
        return 0.0 if len(atoms) == 1 else (sum(atoms.values()) * self.transfer_ev_per_atom) ** 2

    def covariance_ev2(self, formulas: Sequence[str]) -> FloatArray:
        """Return the covariance of the errors that are left, eV2 per formula unit each, shape (n, n)."""
        known, inverse, _ = self._learnt
        cross = self.kernel(formulas, known)
        result: FloatArray = self.kernel(formulas, formulas, applied=False) - cross @ inverse @ cross.T
        result += np.diag([self._transfer_ev2(formula) for formula in formulas])
        return self.widening**2 * result

    def sigma_ev(self, amounts: Mapping[str, float]) -> float:
        r"""Return one standard deviation of a reaction energy, eV.

        Parameters
        ----------
        amounts : mapping of str to float
            Formula units, reactants negative.

        Notes
        -----
        :math:`\sigma^2 = \nu^T C \nu` with the covariance C of the compounds; shared terms are added up first, so that
        C itself is not needed.
        """
        total: dict[str, float] = {}
        for formula, n in amounts.items():
            for term, x in loadings(formula).items():
                if self._has(term):
                    total[term] = total.get(term, 0.0) + n * x
        place, seen = self._seen
        shared = {place[term]: x for term, x in total.items() if term in place}
        cross = seen[:, list(shared)] @ np.array(list(shared.values()))
        before = math.fsum((self.prior_ev[_kind(term)] * x) ** 2 for term, x in total.items())
        before += math.fsum(n**2 * self._transfer_ev2(formula) for formula, n in amounts.items())
        return self.widening * math.sqrt(max(before - float(cross @ self._learnt[1] @ cross), 0.0))

    @cached_property
    def _seen(self) -> tuple[dict[str, int], FloatArray]:
        """Terms that are applied, and how each enters what was seen, times its prior variance."""
        rows = [
            {t: x for t, x in loadings(r.formula).items() if self._has(t) and _kind(t) not in _NOT_APPLIED}
            for r in self.residuals
        ]
        place = {term: i for i, term in enumerate(dict.fromkeys(term for row in rows for term in row))}
        seen = np.zeros((len(rows), len(place)))
        for i, row in enumerate(rows):
            for term, x in row.items():
                seen[i, place[term]] = x * self.prior_ev[_kind(term)] ** 2
        return place, seen


@cache
def load_error_models(path: Path = FITTED) -> dict[str, ErrorModel]:
    """Return the error models by the level of energies that they correct: ``hybrid`` and ``mp2020``.

    Raises
    ------
    InputFileError
        If the file is missing or something else.
    """
    try:
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {
            name: ErrorModel(
                tuple(Residual(r["formula"], r["error_ev_per_fu"], r["sigma_ev_per_fu"]) for r in level["residuals"]),
                level["prior_ev"],
                level["widening"],
                tuple(level["features"]),
            )
            for name, level in document["levels"].items()
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputFileError(f"{path}: no fitted errors ({error}); `licoat data fit` makes the file") from error
