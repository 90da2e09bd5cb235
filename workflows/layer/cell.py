"""The coated anode in a cell, against lithium on copper foil."""

import math

__all__ = [
    "COPPER_DENSITY_G_PER_CM3",
    "cycle_life",
    "film_mass_mg_per_cm2",
    "negative_to_positive_ratio",
    "relative_saving",
    "stack_energy_wh_per_kg",
    "stack_energy_wh_per_l",
]

COPPER_DENSITY_G_PER_CM3 = 8.96


def film_mass_mg_per_cm2(thickness_um: float, density_g_per_cm3: float) -> float:
    """Mass per area in mg/cm2 of a film: d rho (1 um of 1 g/cm3 is 0.1 mg/cm2)."""
    return 0.1 * thickness_um * density_g_per_cm3


def relative_saving(new: float, reference: float) -> float:
    """Share saved: 1 - new / reference; negative if the new one is more."""
    return 1.0 - new / reference


def negative_to_positive_ratio(anode_mah_per_cm2: float, cathode_mah_per_cm2: float) -> float:
    """Lithium of the anode over capacity of the cathode, N/P."""
    return anode_mah_per_cm2 / cathode_mah_per_cm2


def cycle_life(
    reserve_mah_per_cm2: float, cathode_mah_per_cm2: float, coulombic_efficiency: float, end_of_life: float = 0.8
) -> float:
    """Cycles until a share of the capacity is left, if every cycle loses (1 - CE) of the cathode's capacity.

    Parameters
    ----------
    reserve_mah_per_cm2 : float
        Lithium on the anode that is not cycled.
    cathode_mah_per_cm2 : float
        Capacity that is cycled; the cathode brings its own lithium.
    coulombic_efficiency : float
        Of the lithium electrode, from 0 to 1.
    end_of_life : float
        Share of the capacity at the end.

    Returns
    -------
    float
        reserve / ((1 - CE) Q) + ln(end) / ln(CE): the reserve pays first at full capacity, then the capacity
        shrinks with every cycle. Infinite for CE = 1.
    """
    if coulombic_efficiency >= 1.0:
        return math.inf
    paid_by_reserve = max(reserve_mah_per_cm2, 0.0) / ((1.0 - coulombic_efficiency) * cathode_mah_per_cm2)
    return paid_by_reserve + math.log(end_of_life) / math.log(coulombic_efficiency)


def stack_energy_wh_per_kg(capacity_mah_per_cm2: float, voltage_v: float, mass_mg_per_cm2: float) -> float:
    """Energy per mass of the stack in Wh/kg: Q U / m."""
    return 1000.0 * capacity_mah_per_cm2 * voltage_v / mass_mg_per_cm2


def stack_energy_wh_per_l(capacity_mah_per_cm2: float, voltage_v: float, thickness_um: float) -> float:
    """Energy per volume of the stack in Wh/l: Q U / d."""
    return 1e4 * capacity_mah_per_cm2 * voltage_v / thickness_um
