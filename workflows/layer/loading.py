"""Loading: mass, amount, thickness and charge per area.

Validity: one-dimensional bookkeeping; every phase has its crystal volume, no side reactions.
"""

from licoat.structures.chemistry.units import A3_TO_CM3_PER_MOL, FARADAY_C_PER_MOL

__all__ = [
    "COULOMB_PER_MAH",
    "amount_mol_per_cm2",
    "amount_of_thickness_mol_per_cm2",
    "capacity_mah_per_cm2",
    "extent_of_reaction",
    "mass_mg_per_cm2",
    "thickness_um",
]

COULOMB_PER_MAH = 3.6
UM_PER_CM = 1e4


def amount_mol_per_cm2(loading_mg_per_cm2: float, molar_mass_g: float) -> float:
    """Amount per area of a mass per area: m / M.

    Parameters
    ----------
    loading_mg_per_cm2 : float
        Mass per area in mg/cm2.
    molar_mass_g : float
        Molar mass in g/mol.
    """
    return loading_mg_per_cm2 / 1000.0 / molar_mass_g


def mass_mg_per_cm2(amount_mol: float, molar_mass_g: float) -> float:
    """Mass per area in mg/cm2 of an amount in mol/cm2: n M."""
    return 1000.0 * amount_mol * molar_mass_g


def thickness_um(amount_mol: float, volume_a3_per_fu: float) -> float:
    """Thickness in um of a dense film of an amount in mol/cm2: n V N_A."""
    return amount_mol * volume_a3_per_fu * A3_TO_CM3_PER_MOL * UM_PER_CM


def amount_of_thickness_mol_per_cm2(thickness: float, volume_a3_per_fu: float) -> float:
    """Amount in mol/cm2 of a dense film of a thickness in um: the inverse of `thickness_um`."""
    return thickness / UM_PER_CM / (volume_a3_per_fu * A3_TO_CM3_PER_MOL)


def capacity_mah_per_cm2(amount_mol: float, charge: int = 1) -> float:
    """Charge in mAh/cm2 of an amount of metal in mol/cm2: n z F / 3.6 (lithium: 3861 mAh/g)."""
    return amount_mol * charge * FARADAY_C_PER_MOL / COULOMB_PER_MAH


def extent_of_reaction(needed_mol_per_cm2: float, available_mol_per_cm2: float) -> float:
    """Share of the oxide that can react completely: min(1, available / needed); 1 if nothing is needed."""
    return 1.0 if needed_mol_per_cm2 <= available_mol_per_cm2 else available_mol_per_cm2 / needed_mol_per_cm2
