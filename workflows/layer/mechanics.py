r"""Mechanics of the layer: bounds of the moduli of a composite, with pores, and what they mean for lithium.

Phases are given by volume fractions :math:`f_i`, bulk moduli :math:`K_i` and shear moduli :math:`G_i`; a pore
is a phase with both 0.

Voigt :math:`\sum f_i M_i`; Reuss :math:`1/\sum f_i/M_i`; Hill their mean; Hashin and Shtrikman (J. Mech. Phys.
Solids 11, 127 (1963), for several phases after Walpole 1966):

.. math::

    K^\pm = \Lambda(\tfrac43 G_\pm), \quad \Lambda(z) = \Big[\sum_i \frac{f_i}{K_i + z}\Big]^{-1} - z, \quad
    G^\pm = \Gamma(\zeta_\pm), \quad \zeta = \frac{G}{6}\,\frac{9K + 8G}{K + 2G}

with the largest K and G of all phases for the upper bound and the smallest for the lower.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from licoat.structures.chemistry.units import ELEMENTARY_CHARGE_C
from licoat.structures.rendering import outline

__all__ = [
    "Bounds",
    "composite_bounds",
    "critical_flaw_um",
    "deposition_pressure_mpa",
    "hill",
    "poisson_ratio",
    "reuss",
    "voigt",
    "with_pores",
    "youngs_modulus_gpa",
]

FLAW_GEOMETRY = 1.12
"""Geometry factor of a surface crack."""


def voigt(fractions: Sequence[float], moduli_gpa: Sequence[float]) -> float:
    """Upper bound of a modulus in GPa, equal strain in all phases: sum f M."""
    return sum(f * m for f, m in zip(fractions, moduli_gpa, strict=True))


def reuss(fractions: Sequence[float], moduli_gpa: Sequence[float]) -> float:
    """Lower bound of a modulus in GPa, equal stress in all phases: 1 / sum(f / M); 0 with a pore."""
    if any(m == 0.0 and f > 0.0 for f, m in zip(fractions, moduli_gpa, strict=True)):
        return 0.0
    return 1.0 / sum(f / m for f, m in zip(fractions, moduli_gpa, strict=True) if f > 0.0)


def hill(fractions: Sequence[float], moduli_gpa: Sequence[float]) -> float:
    """Mean of the Voigt and Reuss bounds in GPa (Hill 1952)."""
    return 0.5 * (voigt(fractions, moduli_gpa) + reuss(fractions, moduli_gpa))


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of a composite in GPa, in this order from below: Reuss, Hashin-Shtrikman, Voigt."""

    bulk_reuss_gpa: float
    bulk_lower_gpa: float
    bulk_upper_gpa: float
    bulk_voigt_gpa: float
    shear_reuss_gpa: float
    shear_lower_gpa: float
    shear_upper_gpa: float
    shear_voigt_gpa: float

    __repr__ = outline


def composite_bounds(fractions: Sequence[float], bulk_gpa: Sequence[float], shear_gpa: Sequence[float]) -> Bounds:
    """Bound the moduli of a composite of any number of phases.

    Parameters
    ----------
    fractions : sequence of float
        Volume fractions, summing to 1.
    bulk_gpa, shear_gpa : sequence of float
        Moduli in GPa, 0 for pores.

    Returns
    -------
    Bounds

    Raises
    ------
    ValueError
        If fractions do not sum to 1 or a number is negative.
    """
    if abs(math.fsum(fractions) - 1.0) > 1e-6 or min([*fractions, *bulk_gpa, *shear_gpa]) < 0.0:
        raise ValueError(f"fractions {list(fractions)} must sum to 1 and nothing may be negative")
    phases = [(f, k, g) for f, k, g in zip(fractions, bulk_gpa, shear_gpa, strict=True) if f > 0.0]
    f = [p[0] for p in phases]
    k = [p[1] for p in phases]
    g = [p[2] for p in phases]
    return Bounds(
        bulk_reuss_gpa=reuss(f, k),
        bulk_lower_gpa=_shifted_mean(f, k, 4.0 / 3.0 * min(g)),
        bulk_upper_gpa=_shifted_mean(f, k, 4.0 / 3.0 * max(g)),
        bulk_voigt_gpa=voigt(f, k),
        shear_reuss_gpa=reuss(f, g),
        shear_lower_gpa=_shifted_mean(f, g, _zeta(min(k), min(g))),
        shear_upper_gpa=_shifted_mean(f, g, _zeta(max(k), max(g))),
        shear_voigt_gpa=voigt(f, g),
    )


def _zeta(bulk: float, shear: float) -> float:
    return 0.0 if shear == 0.0 else shear / 6.0 * (9.0 * bulk + 8.0 * shear) / (bulk + 2.0 * shear)


def _shifted_mean(fractions: Sequence[float], moduli: Sequence[float], shift: float) -> float:
    """Harmonic mean of moduli shifted by the stiffness around them; Reuss for 0, Voigt for infinity."""
    if shift == 0.0:
        return reuss(fractions, moduli)
    return 1.0 / sum(f / (m + shift) for f, m in zip(fractions, moduli, strict=True)) - shift


def with_pores(porosity: float, bulk_gpa: float, shear_gpa: float) -> tuple[float, float]:
    """Bulk and shear modulus in GPa of a solid with separate round pores: its Hashin-Shtrikman upper bound."""
    if porosity <= 0.0:
        return bulk_gpa, shear_gpa
    bounds = composite_bounds([1.0 - porosity, porosity], [bulk_gpa, 0.0], [shear_gpa, 0.0])
    return bounds.bulk_upper_gpa, bounds.shear_upper_gpa


def youngs_modulus_gpa(bulk_gpa: float, shear_gpa: float) -> float:
    """Young's modulus in GPa of an isotropic solid: 9 K G / (3 K + G)."""
    return 9.0 * bulk_gpa * shear_gpa / (3.0 * bulk_gpa + shear_gpa)


def poisson_ratio(bulk_gpa: float, shear_gpa: float) -> float:
    """Poisson's ratio of an isotropic solid: (3 K - 2 G) / (2 (3 K + G))."""
    return (3.0 * bulk_gpa - 2.0 * shear_gpa) / (2.0 * (3.0 * bulk_gpa + shear_gpa))


def deposition_pressure_mpa(overpotential_v: float, metal_volume_a3: float, charge: int = 1) -> float:
    """Pressure in MPa that deposition in a closed flaw can build up: eta z e / V (Armstrong 1974)."""
    return overpotential_v * charge * ELEMENTARY_CHARGE_C / (metal_volume_a3 * 1e-30) / 1e6


def critical_flaw_um(toughness_mpa_sqrt_m: float, pressure_mpa: float) -> float:
    """Surface flaw in um from which a pressure in MPa drives a crack: (K_Ic / (1.12 p))^2 / pi (Griffith)."""
    return (toughness_mpa_sqrt_m / (FLAW_GEOMETRY * pressure_mpa)) ** 2 / math.pi * 1e6
