"""Elastic bounds of a layer of several phases."""

from collections.abc import Sequence

__all__ = ["reuss", "voigt"]


def voigt(fractions: Sequence[float], moduli_gpa: Sequence[float]) -> float:
    r"""Upper bound of a modulus: equal strain in all phases.

    Parameters
    ----------
    fractions : sequence of float
        Volume fractions, summing to 1.
    moduli_gpa : sequence of float
        Modulus of each phase in GPa.

    Returns
    -------
    float
        :math:`\sum_i f_i M_i` in GPa (Voigt 1889).
    """
    return sum(f * m for f, m in zip(fractions, moduli_gpa, strict=True))


def reuss(fractions: Sequence[float], moduli_gpa: Sequence[float]) -> float:
    r"""Lower bound of a modulus: equal stress in all phases.

    Parameters
    ----------
    fractions : sequence of float
        Volume fractions, summing to 1.
    moduli_gpa : sequence of float
        Modulus of each phase in GPa, above 0.

    Returns
    -------
    float
        :math:`1 / \sum_i f_i / M_i` in GPa (Reuss 1929).
    """
    return 1.0 / sum(f / m for f, m in zip(fractions, moduli_gpa, strict=True))
