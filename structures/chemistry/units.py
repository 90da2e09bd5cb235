"""Physical constants (CODATA 2018, exact where SI defines them) and the few conversions the field needs."""

from typing import Final

ELEMENTARY_CHARGE_C: Final = 1.602176634e-19
AVOGADRO_PER_MOL: Final = 6.02214076e23
FARADAY_C_PER_MOL: Final = ELEMENTARY_CHARGE_C * AVOGADRO_PER_MOL
EV_TO_KJ_PER_MOL: Final = FARADAY_C_PER_MOL / 1000.0
"""1 eV per particle is 96.485... kJ/mol."""

A3_TO_CM3_PER_MOL: Final = AVOGADRO_PER_MOL * 1e-24
"""1 A^3 per particle is 0.602... cm^3/mol."""

EV_PER_A3_TO_GPA: Final = ELEMENTARY_CHARGE_C * 1e21
"""1 eV/A^3 is 160.2... GPa."""

TNT_MJ_PER_KG: Final = 4.184
"""Energy of one kilogram of TNT by convention (1 g = 1000 thermochemical calories)."""

STANDARD_TEMPERATURE_K: Final = 298.15

BOLTZMANN_EV_PER_K: Final = 1.380649e-23 / ELEMENTARY_CHARGE_C
PLANCK_J_S: Final = 6.62607015e-34
ELECTRON_MASS_KG: Final = 9.1093837015e-31


def ev_to_mj_per_kg(energy_ev: float, molar_mass_g: float) -> float:
    """Convert an energy per formula unit to an energy per mass.

    Parameters
    ----------
    energy_ev : float
        Energy in eV per formula unit.
    molar_mass_g : float
        Mass in g/mol of the same formula unit.

    Returns
    -------
    float
        MJ/kg; kJ/mol divided by g/mol is MJ/kg.
    """
    return energy_ev * EV_TO_KJ_PER_MOL / molar_mass_g


def ev_per_a3_to_gj_per_m3(density_ev_per_a3: float) -> float:
    """Convert an energy density from eV/A^3 to GJ/m^3 (which is the same number as GPa)."""
    return density_ev_per_a3 * EV_PER_A3_TO_GPA
