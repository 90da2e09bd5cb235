"""The coated anode in a cell, against lithium on copper foil."""

import math
from dataclasses import dataclass
from typing import ClassVar

from licoat.structures.chemistry.anode import anode
from licoat.structures.chemistry.formula import molar_mass_g
from licoat.structures.chemistry.units import A3_TO_CM3_PER_MOL
from licoat.structures.rendering import outline
from licoat.workflows.layer.compaction import Compaction
from licoat.workflows.layer.loading import Loading, foil_volume_a3, mass_mg_per_cm2
from licoat.workflows.layer.material import LayerMaterial
from licoat.workflows.layer.options import LayerOptions
from licoat.workflows.layer.quantity import Group

__all__ = [
    "COPPER_DENSITY_G_PER_CM3",
    "Cell",
    "compare_cells",
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell(Group):
    """The coated anode against metal on copper, and in a cell."""

    group: ClassVar[str] = "cell"
    meaning: ClassVar[str] = "the coated anode against the same metal on copper, and in a cell"
    coated_thickness_um: float | None
    coated_mass_mg_per_cm2: float
    reference_thickness_um: float
    reference_mass_mg_per_cm2: float
    thickness_saving: float | None
    mass_saving: float | None
    negative_to_positive_ratio: float
    cycle_life: float
    stack_energy_wh_per_kg: float
    stack_energy_wh_per_l: float | None

    __repr__ = outline


def compare_cells(material: LayerMaterial, options: LayerOptions, loading: Loading, compaction: Compaction) -> Cell:
    """Compare with the metal on copper and put it in a cell."""
    left_um, left = loading.lithium_left_um, loading.lithium_left_mah_per_cm2
    capacity, efficiency, copper_um = (
        options.cathode_capacity_mah_per_cm2, options.coulombic_efficiency, options.copper_thickness_um
    )  # fmt: skip
    metal_mass = molar_mass_g(material.anode)
    density = metal_mass / (foil_volume_a3(material) * A3_TO_CM3_PER_MOL)
    layer = compaction.layer_thickness_um
    coated = None if layer is None else layer + left_um
    # Nothing leaves the electrode: the oxide's mass and that of all the metal stay.
    coated_mass = loading.oxide_loading_mg_per_cm2 + mass_mg_per_cm2(loading.amounts.available_mol_per_cm2, metal_mass)
    reference = left_um + copper_um
    copper_mass = film_mass_mg_per_cm2(copper_um, COPPER_DENSITY_G_PER_CM3)
    reference_mass = copper_mass + film_mass_mg_per_cm2(left_um, density)
    cycles = cycle_life(left, capacity, efficiency)
    stack_mass = coated_mass + options.cathode_mass_mg_per_cm2 + options.electrolyte_mass_mg_per_cm2
    stack_um = None if coated is None else coated + options.cathode_thickness_um
    return Cell(
        coated_thickness_um=coated,
        coated_mass_mg_per_cm2=coated_mass,
        reference_thickness_um=reference,
        reference_mass_mg_per_cm2=reference_mass,
        thickness_saving=None if coated is None or reference == 0.0 else relative_saving(coated, reference),
        mass_saving=relative_saving(coated_mass, reference_mass) if reference_mass else None,
        negative_to_positive_ratio=negative_to_positive_ratio(left, capacity),
        cycle_life=cycles,
        stack_energy_wh_per_kg=stack_energy_wh_per_kg(capacity, options.cell_voltage_v, stack_mass),
        stack_energy_wh_per_l=(
            None if stack_um is None else stack_energy_wh_per_l(capacity, options.cell_voltage_v, stack_um)
        ),
        unknown={
            "coated_thickness_um": "no volumes",
            "thickness_saving": "no volumes",
            "mass_saving": "no reference electrode",
            "stack_energy_wh_per_l": "no volumes",
        },
        note=_notes(material.anode, copper_um, efficiency, cycles),
    )


def _notes(metal: str, copper_um: float, efficiency: float, cycles: float) -> dict[str, str]:
    reference = f"the same metal left, dense, on {copper_um:g} um of copper"
    lost = f"to 80 %, every cycle losing {100 * (1 - efficiency):.3g} % of the cathode capacity"
    return {
        "coated_thickness_um": "layer and metal left",
        "reference_thickness_um": reference,
        "reference_mass_mg_per_cm2": reference,
        "negative_to_positive_ratio": (
            f"metal left over cathode capacity; the cathode brings its own {anode(metal).label} as well"
        ),
        "cycle_life": "unlimited: nothing is lost" if math.isinf(cycles) else lost,
        "stack_energy_wh_per_kg": "coated anode, cathode and electrolyte; no housing",
        "stack_energy_wh_per_l": "coated anode and cathode",
    }
