"""Transport through the layer: what a measurement says, effective media, resistance, leakage."""

import math
from collections.abc import Sequence

__all__ = [
    "PERCOLATION_THRESHOLD",
    "area_resistance_ohm_cm2",
    "bruggeman",
    "conductivity_from_resistance_s_per_cm",
    "leakage_ma_per_cm2",
    "percolates",
    "polarisation_mv",
    "resistivity_from_current_ohm_cm",
]

BLOCKED_RATIO = 1e-8
PERCOLATION_THRESHOLD = 0.16
"""Volume fraction from which a random phase is connected in three dimensions (Scher and Zallen 1970)."""


def conductivity_from_resistance_s_per_cm(thickness_um: float, resistance_ohm: float, area_cm2: float) -> float:
    """Conductivity in S/cm from a measured resistance: L / (R S) (note 3 of the founding paper)."""
    return thickness_um * 1e-4 / (resistance_ohm * area_cm2)


def resistivity_from_current_ohm_cm(voltage_v: float, area_cm2: float, current_a: float, thickness_um: float) -> float:
    """Resistivity in ohm cm from voltage and current: U S / (I L) (note 2 of the founding paper)."""
    return voltage_v * area_cm2 / (current_a * thickness_um * 1e-4)


def area_resistance_ohm_cm2(thickness_um: float, conductivity_s_per_cm: float) -> float:
    """Area-specific resistance in ohm cm2: L / sigma."""
    return thickness_um * 1e-4 / conductivity_s_per_cm


def polarisation_mv(current_ma_per_cm2: float, area_resistance: float) -> float:
    """Ohmic polarisation in mV of a current density in mA/cm2 over an ohm cm2: j R."""
    return current_ma_per_cm2 * area_resistance


def leakage_ma_per_cm2(voltage_v: float, resistivity_ohm_cm: float, thickness_um: float) -> float:
    """Electronic leakage in mA/cm2: U / (rho L)."""
    return 1000.0 * voltage_v / (resistivity_ohm_cm * thickness_um * 1e-4)


def percolates(volume_fraction: float, threshold: float = PERCOLATION_THRESHOLD) -> bool:
    """Say whether a share of the volume is connected through the layer."""
    return volume_fraction >= threshold


def bruggeman(fractions: Sequence[float], conductivities: Sequence[float]) -> float:
    r"""Effective conductivity of a random mixture of any number of phases.

    Parameters
    ----------
    fractions : sequence of float
        Volume fractions, summing to 1; pores conduct 0.
    conductivities : sequence of float
        In one unit, which is that of the answer.

    Returns
    -------
    float
        The root of :math:`\sum_i f_i (\sigma_i - \sigma)/(\sigma_i + 2\sigma) = 0` (Bruggeman 1935), between
        the smallest and the largest conductivity. Its percolation threshold is 1/3, above the 0.16 of real
        random packings, so it underestimates between the two.
    """
    from scipy.optimize import brentq

    present = [(f, s) for f, s in zip(fractions, conductivities, strict=True) if f > 0.0]
    low, high = min(s for _, s in present), max(s for _, s in present)
    if low == high:
        return low

    def excess(log_ratio: float) -> float:
        sigma = high * math.pow(10.0, log_ratio)
        return sum(f * (s - sigma) / (s + 2.0 * sigma) for f, s in present)

    bottom = -60.0  # far below any ratio of conductivities; a blocked mixture ends here
    if excess(bottom) <= 0.0:
        return 0.0
    ratio = math.pow(10.0, float(brentq(excess, bottom, 0.0, xtol=1e-12)))
    # At the threshold itself rounding decides; a blocked mixture must not conduct by it.
    return 0.0 if low == 0.0 and ratio < BLOCKED_RATIO else high * ratio
