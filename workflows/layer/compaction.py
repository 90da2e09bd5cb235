"""Self-compaction: a powder that expands by a factor R while it reacts fills its own pores.

With packing fraction f0, the products take f0 R of the powder's volume. Up to 1 they close pores at fixed
thickness; beyond, the layer grows. Validity: expansion goes into the pores first, the pores stay open to it.
"""

__all__ = ["closing_packing_fraction", "layer_thickness_um", "solid_fraction"]


def solid_fraction(packing_fraction: float, volume_ratio: float) -> float:
    """Solid fraction of the layer: min(1, f0 R)."""
    return min(1.0, packing_fraction * volume_ratio)


def closing_packing_fraction(volume_ratio: float) -> float:
    """Lowest packing fraction of the powder that closes: 1 / R (above 1 it cannot close)."""
    return 1.0 / volume_ratio


def layer_thickness_um(powder_thickness_um: float, packing_fraction: float, volume_ratio: float) -> float:
    """Thickness of the layer in um: that of the powder times max(1, f0 R)."""
    return powder_thickness_um * max(1.0, packing_fraction * volume_ratio)
