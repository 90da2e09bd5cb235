r"""How a random mixture of phases and pores conducts: one rule for ions and electrons.

The general effective medium of McLachlan (J. Phys. C 20, 865 (1987); McLachlan, Blaszkiewicz and Newnham, J. Am.
Ceram. Soc. 73, 2187 (1990)), written for any number of phases of volume fractions :math:`f_i` and conductivities
:math:`\sigma_i`:

.. math:: \sum_i f_i \frac{\sigma_i^{1/t} - \sigma^{1/t}}{\sigma_i^{1/t} + (1/f_c - 1)\,\sigma^{1/t}} = 0

With f_c = 0.16 (Scher and Zallen, J. Chem. Phys. 53, 3759 (1970)) and t = 2 (conductivity of random networks in three
dimensions) a conductor in an insulator has :math:`\sigma_1 [(f - f_c)/(1 - f_c)]^2` above the threshold and nothing
below, and phases that differ little have the exact
:math:`\langle\sigma\rangle - \mathrm{var}(\sigma)/(3\langle\sigma\rangle)` (Brown, J. Chem. Phys. 23, 1514 (1955))
to within 1 % of the second term. Bruggeman's medium is f_c = 1/3, t = 1.
"""

import math
from collections.abc import Sequence

__all__ = ["PERCOLATION_THRESHOLD", "effective_conductivity", "percolates"]

PERCOLATION_THRESHOLD = 0.16
"""Volume fraction from which a random phase is connected in three dimensions (Scher and Zallen 1970)."""
EXPONENT = 2.0
DECADES = 150.0
"""A mixture whose root (to the power 1/t) lies below the largest one by more than this is blocked."""
ROUNDING = 1e-7
"""A root this far below the largest is a threshold met by rounding, if a part does not conduct at all."""


def percolates(volume_fraction: float, threshold: float = PERCOLATION_THRESHOLD) -> bool:
    """Say whether a share of the volume is connected through the layer."""
    return volume_fraction >= threshold


def effective_conductivity(
    fractions: Sequence[float],
    conductivities: Sequence[float],
    *,
    threshold: float = PERCOLATION_THRESHOLD,
    exponent: float = EXPONENT,
) -> float:
    """Effective conductivity of a random mixture of any number of phases.

    Parameters
    ----------
    fractions : sequence of float
        Volume fractions, summing to 1.
    conductivities : sequence of float
        In one unit, which is that of the answer; 0 for pores and perfect insulators.
    threshold, exponent : float
        Percolation threshold and exponent of the conductivity above it.

    Returns
    -------
    float
        Between the smallest and the largest conductivity; 0 if what conducts is not connected.
    """
    from scipy.optimize import brentq

    present = [(f, math.pow(s, 1.0 / exponent)) for f, s in zip(fractions, conductivities, strict=True) if f > 0.0]
    low, high = min(u for _, u in present), max(u for _, u in present)
    if low == high:
        return math.pow(high, exponent)
    around = 1.0 / threshold - 1.0

    def excess(log_ratio: float) -> float:
        u = math.pow(10.0, log_ratio)
        return sum(f * (v / high - u) / (v / high + around * u) for f, v in present)

    if excess(-DECADES) <= 0.0:
        return 0.0
    ratio = math.pow(10.0, float(brentq(excess, -DECADES, 0.0, xtol=1e-13)))
    return 0.0 if low == 0.0 and ratio < ROUNDING else math.pow(high * ratio, exponent)
