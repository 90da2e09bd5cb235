"""Self-compaction: a powder that expands by a factor R while it reacts fills its own pores.

With packing fraction f0, the products take f0 R of the powder's volume. Up to 1 they close pores at fixed
thickness; beyond, the layer grows. Validity: expansion goes into the pores first, the pores stay open to it.
"""

from dataclasses import dataclass
from typing import ClassVar

from licoat.structures.rendering import outline
from licoat.workflows.layer.loading import Loading, thickness_um
from licoat.workflows.layer.material import LayerMaterial, Solid
from licoat.workflows.layer.options import LayerOptions
from licoat.workflows.layer.quantity import Group

__all__ = ["Compaction", "closing_packing_fraction", "compact", "layer_thickness_um", "solid_fraction"]


def solid_fraction(packing_fraction: float, volume_ratio: float) -> float:
    """Solid fraction of the layer: min(1, f0 R)."""
    return min(1.0, packing_fraction * volume_ratio)


def closing_packing_fraction(volume_ratio: float) -> float:
    """Lowest packing fraction of the powder that closes: 1 / R (above 1 it cannot close)."""
    return 1.0 / volume_ratio


def layer_thickness_um(powder_thickness_um: float, packing_fraction: float, volume_ratio: float) -> float:
    """Thickness of the layer in um: that of the powder times max(1, f0 R)."""
    return powder_thickness_um * max(1.0, packing_fraction * volume_ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compaction(Group):
    """Thickness and pores of the layer, and what it consists of; all None if a volume is unknown."""

    group: ClassVar[str] = "compaction"
    meaning: ClassVar[str] = "how the powder fills its own pores while it reacts"
    product_thickness_um: float | None
    volume_ratio_oxide: float | None
    powder_thickness_um: float | None
    solid_fraction: float | None
    porosity: float | None
    closing_packing_fraction: float | None
    layer_thickness_um: float | None
    thickness_change_um: float | None
    solid: Solid

    __repr__ = outline


def compact(material: LayerMaterial, options: LayerOptions, loading: Loading) -> Compaction:
    """Let the powder expand into its pores."""
    packing, ratio, extent = options.packing_fraction, material.volume_ratio, loading.extent_of_reaction
    solid = material.solid(extent)
    product, dense = material.product_volume_a3, loading.oxide_dense_thickness_um
    powder = None if dense is None else dense / packing
    # What stays unreacted keeps its volume, so the whole layer expands by less than the products.
    whole = None if ratio is None else 1.0 + extent * (ratio - 1.0)
    fraction = None if whole is None else solid_fraction(packing, whole)
    layer = change = None
    if powder is not None and whole is not None:
        layer = layer_thickness_um(powder, packing, whole)
        change = layer - powder - loading.lithium_consumed_um
    amount = loading.amounts.oxide_mol_per_cm2 * extent
    unknown = f"no volume of {solid.lacking('volume_a3_per_fu') or material.oxide}"
    return Compaction(
        product_thickness_um=None if product is None else thickness_um(amount, product),
        volume_ratio_oxide=ratio,
        powder_thickness_um=powder,
        solid_fraction=fraction,
        porosity=None if fraction is None else 1.0 - fraction,
        closing_packing_fraction=None if ratio is None else closing_packing_fraction(ratio),
        layer_thickness_um=layer,
        thickness_change_um=change,
        solid=solid,
        unknown=dict.fromkeys(Compaction.names(), unknown),
        note={"thickness_change_um": "layer minus powder minus consumed metal; negative: the whole gets thinner"},
    )
