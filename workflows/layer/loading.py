"""Loading: mass, amount, thickness and charge per area; the metal that is consumed and that is left.

Validity: one-dimensional bookkeeping; every phase has its crystal volume, no side reactions.
"""

from dataclasses import dataclass
from typing import ClassVar

from licoat.structures.chemistry.units import A3_TO_CM3_PER_MOL, FARADAY_C_PER_MOL
from licoat.structures.rendering import outline
from licoat.workflows.layer.material import LayerMaterial
from licoat.workflows.layer.options import LayerInputError, LayerOptions
from licoat.workflows.layer.quantity import Group

__all__ = [
    "COULOMB_PER_MAH",
    "Amounts",
    "Loading",
    "amount_mol_per_cm2",
    "amount_of_thickness_mol_per_cm2",
    "capacity_mah_per_cm2",
    "count",
    "extent_of_reaction",
    "foil_volume_a3",
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


@dataclass(frozen=True, slots=True)
class Amounts:
    """Amounts per area that the other groups go on with.

    Attributes
    ----------
    oxide_mol_per_cm2, available_mol_per_cm2, consumed_mol_per_cm2, left_mol_per_cm2 : float
        Oxide sprayed; metal of the foil, and what of it is consumed and left.
    exhausted : bool
        Whether the metal ends before the oxide that would react.
    """

    oxide_mol_per_cm2: float
    available_mol_per_cm2: float
    consumed_mol_per_cm2: float
    left_mol_per_cm2: float
    exhausted: bool

    __repr__ = outline


@dataclass(frozen=True, slots=True, kw_only=True)
class Loading(Group):
    """Oxide sprayed, metal consumed and metal left."""

    group: ClassVar[str] = "loading"
    meaning: ClassVar[str] = "the oxide sprayed, and the metal that it eats of the foil"
    oxide_loading_mg_per_cm2: float
    oxide_dense_thickness_um: float | None
    lithium_thickness_um: float
    lithium_available_mah_per_cm2: float
    lithium_consumed_um: float
    lithium_consumed_mah_per_cm2: float
    lithium_consumed_fraction: float
    lithium_left_um: float
    lithium_left_mah_per_cm2: float
    extent_of_reaction: float
    oxide_left_mg_per_cm2: float
    amounts: Amounts

    __repr__ = outline


def foil_volume_a3(material: LayerMaterial) -> float:
    """Volume in A3 per atom of the foil's metal.

    Raises
    ------
    LayerInputError
        If it is not known: nothing could be counted.
    """
    if material.anode_volume_a3 is None:
        raise LayerInputError(f"no volume of {material.anode} is known, so its foil cannot be counted")
    return material.anode_volume_a3


def count(
    material: LayerMaterial, options: LayerOptions, oxide_loading_mg_per_cm2: float, lithium_thickness_um: float
) -> Loading:
    """Count oxide, metal consumed and metal left.

    Raises
    ------
    LayerInputError
        If the volume of the metal is not known.
    """
    volume = foil_volume_a3(material)
    amount = amount_mol_per_cm2(oxide_loading_mg_per_cm2, material.molar_mass_g)
    available = amount_of_thickness_mol_per_cm2(lithium_thickness_um, volume)
    share = extent_of_reaction(amount * options.conversion * material.anode_atoms, available)
    extent = 0.0 if material.is_inert else options.conversion * share
    consumed = amount * extent * material.anode_atoms
    # What rounding leaves of a foil that was used up is no metal.
    left = 0.0 if consumed >= available * (1.0 - 1e-12) else available - consumed
    dense = None if material.oxide_volume_a3 is None else thickness_um(amount, material.oxide_volume_a3)
    return Loading(
        oxide_loading_mg_per_cm2=oxide_loading_mg_per_cm2,
        oxide_dense_thickness_um=dense,
        lithium_thickness_um=lithium_thickness_um,
        lithium_available_mah_per_cm2=capacity_mah_per_cm2(available, material.charge),
        lithium_consumed_um=thickness_um(consumed, volume),
        lithium_consumed_mah_per_cm2=capacity_mah_per_cm2(consumed, material.charge),
        lithium_consumed_fraction=consumed / available if available else 0.0,
        lithium_left_um=thickness_um(left, volume),
        lithium_left_mah_per_cm2=capacity_mah_per_cm2(left, material.charge),
        extent_of_reaction=extent,
        oxide_left_mg_per_cm2=oxide_loading_mg_per_cm2 * (1.0 - extent),
        amounts=Amounts(amount, available, consumed, left, exhausted=share < 1.0 - 1e-12),
        unknown={"oxide_dense_thickness_um": f"no volume of {material.oxide}"},
    )
