"""Stripping: where the layer gives its lithium back, how much, and what is left of it.

When the metal behind it is used up, the layer's own alloy is the next to give lithium: at the voltage of the last
plateau of the oxide's path, which was the last to be formed.
"""

from dataclasses import dataclass
from typing import ClassVar

from licoat.structures.rendering import outline
from licoat.workflows.layer.loading import Loading, capacity_mah_per_cm2
from licoat.workflows.layer.material import LayerMaterial
from licoat.workflows.layer.options import LayerOptions
from licoat.workflows.layer.quantity import Group

__all__ = ["Stripping", "strip_layer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stripping(Group):
    """What stripping beyond the metal does to the layer."""

    group: ClassVar[str] = "stripping"
    meaning: ClassVar[str] = "when the metal is used up and the layer itself is taken apart"
    strip_potential_v: float | None
    strip_potential_sigma_v: float | None
    strip_capacity_mah_per_cm2: float
    strip_share_of_cathode: float
    stripped_volume_ratio: float | None
    oxide_potential_v: float | None

    __repr__ = outline


def strip_layer(material: LayerMaterial, options: LayerOptions, loading: Loading) -> Stripping:
    """Strip the layer in thought."""
    strip, amount = material.strip, loading.amounts.oxide_mol_per_cm2 * loading.extent_of_reaction
    capacity = capacity_mah_per_cm2(amount * strip.alloy_anode_atoms, material.charge)
    before, after = material.product_volume_a3, strip.volume_a3
    inert = f"{material.oxide} takes up no {material.anode}" if material.is_inert else ""
    no_alloy = inert or "no alloy among the products"
    return Stripping(
        strip_potential_v=strip.potential_v,
        strip_potential_sigma_v=strip.potential_sigma_v,
        strip_capacity_mah_per_cm2=capacity,
        strip_share_of_cathode=capacity / options.cathode_capacity_mah_per_cm2,
        stripped_volume_ratio=None if before is None or after is None else after / before,
        oxide_potential_v=strip.oxide_potential_v,
        unknown={
            "strip_potential_v": inert,
            "strip_potential_sigma_v": inert or "no sigma of the energies",
            "stripped_volume_ratio": no_alloy
            if not strip.alloy_anode_atoms
            else "the path does not pass it, or no volume",
            "oxide_potential_v": inert or "no plateau of the oxide alone",
        },
        note={
            "strip_potential_v": f"against {material.anode}; beyond it the layer itself is taken apart",
            "strip_capacity_mah_per_cm2": "in its alloys: cycled with the metal, at another potential",
            "stripped_volume_ratio": "of the solid without the lithium of its alloys: the rest are pores and cracks",
            "oxide_potential_v": "beyond it the anode metal's oxide is decomposed as well",
        },
    )
