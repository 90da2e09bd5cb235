r"""Averages of moduli: of phases by their volume fractions, and what follows from a bulk and a shear modulus.

Voigt :math:`\sum f_i M_i`; Reuss :math:`1/\sum f_i/M_i`; Hill their mean (Proc. Phys. Soc. A 65, 349 (1952)).
The bounds of a polycrystal from its stiffness matrix are in `licoat.structures.crystals.elastic_tensor`.
"""

from collections.abc import Sequence

__all__ = ["hill", "hill_mean", "poisson_ratio", "reuss", "voigt", "youngs_modulus_gpa"]


def voigt(fractions: Sequence[float], moduli_gpa: Sequence[float]) -> float:
    """Upper bound of a modulus in GPa, equal strain in all phases: sum f M."""
    return sum(f * m for f, m in zip(fractions, moduli_gpa, strict=True))


def reuss(fractions: Sequence[float], moduli_gpa: Sequence[float]) -> float:
    """Lower bound of a modulus in GPa, equal stress in all phases: 1 / sum(f / M); 0 with a pore."""
    if any(m == 0.0 and f > 0.0 for f, m in zip(fractions, moduli_gpa, strict=True)):
        return 0.0
    return 1.0 / sum(f / m for f, m in zip(fractions, moduli_gpa, strict=True) if f > 0.0)


def hill_mean(voigt_gpa: float, reuss_gpa: float) -> float:
    """Mean of the two bounds of a modulus in GPa."""
    return 0.5 * (voigt_gpa + reuss_gpa)


def hill(fractions: Sequence[float], moduli_gpa: Sequence[float]) -> float:
    """Mean of the Voigt and Reuss bounds of phases in GPa."""
    return hill_mean(voigt(fractions, moduli_gpa), reuss(fractions, moduli_gpa))


def youngs_modulus_gpa(bulk_gpa: float, shear_gpa: float) -> float:
    """Young's modulus in GPa of an isotropic solid: 9 K G / (3 K + G)."""
    return 9.0 * bulk_gpa * shear_gpa / (3.0 * bulk_gpa + shear_gpa)


def poisson_ratio(bulk_gpa: float, shear_gpa: float) -> float:
    """Poisson's ratio of an isotropic solid: (3 K - 2 G) / (2 (3 K + G))."""
    return (3.0 * bulk_gpa - 2.0 * shear_gpa) / (2.0 * (3.0 * bulk_gpa + shear_gpa))
