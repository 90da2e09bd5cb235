r"""How far computed moduli are from published ones, and the factor that takes the common part of it off.

Machine-learned potentials are too soft: they learn from crystals near their minima, where forces are small, and come
out with flat wells (Deng et al., npj Comput. Mater. 11, 9 (2025), doi:10.1038/s41524-024-01500-6). That is a bias, and
what is common to a class of compounds can be taken off. It is, where a leave-one-out test says that it helps.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from licoat.structures.chemistry.alloys import SALT_FORMERS
from licoat.structures.chemistry.formula import parse_formula
from licoat.structures.phases.schemes import uses_hubbard_u
from licoat.structures.rendering import outline

__all__ = ["LEAST_PAIRS", "ModulusError", "modulus_class", "modulus_error_of", "modulus_errors"]

LEAST_PAIRS = 6
"""A factor is not learnt from fewer compounds; three are the least that a spread is learnt from."""

_LEAST_FOR_SIGMA = 3


@dataclass(frozen=True, slots=True)
class ModulusError:
    """What published moduli of one class of compounds say of the computed ones.

    Attributes
    ----------
    n : int
        Compounds with both.
    uncorrected_percent : float
        Root mean square of ln(published / computed), in percent.
    leave_one_out_percent : float
        The same of what is left when each compound is corrected by the mean of the others.
    factor : float
        What a computed modulus is multiplied with; 1 where the test says that a correction does not help.
    """

    n: int
    uncorrected_percent: float
    leave_one_out_percent: float
    factor: float

    __repr__ = outline

    @property
    def sigma_percent(self) -> float:
        """Relative standard deviation of a computed modulus after the factor."""
        return self.uncorrected_percent if self.factor == 1.0 else self.leave_one_out_percent

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return asdict(self) | {"sigma_percent": self.sigma_percent}


def modulus_class(formula: str) -> str:
    """Return the class of a compound: ``element``, ``oxide``, ``GGA+U oxide``, ``alloy`` or ``salt`` (LiF, Li2Te)."""
    atoms = parse_formula(formula)
    if len(atoms) == 1:
        return "element"
    if "O" not in atoms:
        return "salt" if atoms.keys() & SALT_FORMERS else "alloy"
    return "GGA+U oxide" if uses_hubbard_u(formula) else "oxide"


def modulus_errors(pairs: Iterable[tuple[str, float, float]]) -> dict[str, ModulusError]:
    r"""Compare computed moduli with published ones, class by class.

    Parameters
    ----------
    pairs : iterable of tuple
        Formula, computed and published modulus (of one kind, GPa).

    Returns
    -------
    dict of str to ModulusError
        By class; of classes with fewer than three compounds nothing is said.

    Notes
    -----
    With :math:`y_i = \ln(M_i^\mathrm{published} / M_i^\mathrm{computed})` the factor is :math:`\exp(\bar y)`, and
    compound :math:`i`, predicted without itself, is off by :math:`(y_i - \bar y) \, n / (n - 1)`. Elements get no
    factor: what is wrong with Mo, Ta, Re or W says nothing of the next one.

    Examples
    --------
    >>> pairs = [("MgO", 100.0, 121.0), ("CaO", 70.0, 84.0), ("SrO", 50.0, 60.0), ("BaO", 30.0, 36.0)]
    >>> modulus_errors([*pairs, ("ZnO", 40.0, 49.0), ("BeO", 150.0, 178.0)])["oxide"].factor
    1.2036
    """
    found: dict[str, list[float]] = {}
    for formula, computed, published in pairs:
        found.setdefault(modulus_class(formula), []).append(math.log(published / computed))
    return {
        name: _error(np.array(logarithms), learn=name != "element" and len(logarithms) >= LEAST_PAIRS)
        for name, logarithms in sorted(found.items())
        if len(logarithms) >= _LEAST_FOR_SIGMA
    }


def _error(logarithms: np.ndarray[Any, np.dtype[np.float64]], *, learn: bool) -> ModulusError:
    n = len(logarithms)
    left = (logarithms - logarithms.mean()) * n / (n - 1)
    before, after = (100.0 * float(np.sqrt(np.mean(y**2))) for y in (logarithms, left))
    factor = math.exp(logarithms.mean()) if learn and after < before else 1.0
    return ModulusError(n, round(before, 1), round(after, 1), round(factor, 4))


def modulus_error_of(formula: str, errors: Mapping[str, ModulusError]) -> ModulusError | None:
    """Return what holds for a compound: of its class, without a factor of the worst class; None if nothing is known."""
    if not errors:
        return None
    found = errors.get(modulus_class(formula))
    worst = max(errors.values(), key=lambda error: error.uncorrected_percent)
    return found or ModulusError(0, worst.uncorrected_percent, worst.leave_one_out_percent, 1.0)
