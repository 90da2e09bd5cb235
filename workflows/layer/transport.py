"""Transport through the layer: what a measurement says, effective media, resistance, leakage."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from licoat.structures.chemistry.anode import anode
from licoat.structures.rendering import outline
from licoat.workflows.layer.compaction import Compaction
from licoat.workflows.layer.material import LayerMaterial, Solid
from licoat.workflows.layer.options import LayerOptions
from licoat.workflows.layer.quantity import Group

__all__ = [
    "PERCOLATION_THRESHOLD",
    "Transport",
    "area_resistance_ohm_cm2",
    "bruggeman",
    "conductivity_from_resistance_s_per_cm",
    "leakage_ma_per_cm2",
    "mix_conductivities",
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport(Group):
    """Ions and electrons through the layer."""

    group: ClassVar[str] = "transport"
    alloy_volume_fraction: float | None
    conducting_share_percolates: float | None
    ionic_conductivity_s_per_cm: float | None
    area_resistance_ohm_cm2: float | None
    polarisation_mv: float | None
    electronic_conductivity_s_per_cm: float | None
    leakage_ma_per_cm2: float | None

    __repr__ = outline


def mix_conductivities(material: LayerMaterial, options: LayerOptions, compaction: Compaction) -> Transport:
    """Mix the conductivities of phases and pores."""
    solid, porosity, thickness = compaction.solid, compaction.porosity, compaction.layer_thickness_um
    alloy = _conducting_fraction(solid)
    ionic = solid.values("ionic_conductivity_s_per_cm")
    resistivity = solid.values("electronic_resistivity_ohm_cm")
    sigma = _effective(solid, porosity, ionic)
    electronic = _effective(solid, porosity, None if resistivity is None else [1.0 / rho for rho in resistivity])
    resistance = area_resistance_ohm_cm2(thickness, sigma) if sigma and thickness is not None else None
    leak = None
    if electronic is not None and thickness:
        leak = 0.0 if electronic == 0.0 else leakage_ma_per_cm2(options.cell_voltage_v, 1 / electronic, thickness)
    no_ions = _unknown(solid, "ionic_conductivity_s_per_cm", "ionic conductivity")
    no_electrons = _unknown(solid, "electronic_resistivity_ohm_cm", "electronic resistivity")
    blocked = f"the layer does not conduct {anode(material.anode).label}" if sigma == 0.0 else no_ions
    return Transport(
        alloy_volume_fraction=alloy,
        conducting_share_percolates=(
            None if alloy is None or porosity is None else float(percolates(alloy * (1.0 - porosity)))
        ),
        ionic_conductivity_s_per_cm=sigma,
        area_resistance_ohm_cm2=resistance,
        polarisation_mv=None if resistance is None else polarisation_mv(options.current_ma_per_cm2, resistance),
        electronic_conductivity_s_per_cm=electronic,
        leakage_ma_per_cm2=leak,
        unknown={
            "alloy_volume_fraction": "no volumes",
            "conducting_share_percolates": "no volumes",
            "ionic_conductivity_s_per_cm": no_ions,
            "area_resistance_ohm_cm2": blocked,
            "polarisation_mv": blocked,
            "electronic_conductivity_s_per_cm": no_electrons,
            "leakage_ma_per_cm2": "there is no layer" if thickness == 0.0 else no_electrons,
        },
        note={
            "alloy_volume_fraction": (f"alloys of {material.anode}; connected from {PERCOLATION_THRESHOLD:g}"),
            "conducting_share_percolates": "1 yes, 0 no; pores counted",
            "ionic_conductivity_s_per_cm": "Bruggeman, with pores",
            "polarisation_mv": f"at {options.current_ma_per_cm2:g} mA/cm2",
            "electronic_conductivity_s_per_cm": "Bruggeman, with pores",
            "leakage_ma_per_cm2": (
                f"if {options.cell_voltage_v:g} V lay across the layer; resistivities are orders of magnitude"
            ),
        },
    )


def _conducting_fraction(solid: Solid) -> float | None:
    """Volume fraction in the solid of the phases that hold the anode metal and no oxygen."""
    fractions = solid.fractions()
    if fractions is None:
        return None
    shares = zip(fractions, solid.phases, strict=True)
    return math.fsum(share for share, phase in shares if phase.is_alloy)


def _effective(solid: Solid, porosity: float | None, conductivities: list[float] | None) -> float | None:
    """Effective conductivity of the solid and its pores."""
    fractions = solid.fractions()
    if fractions is None or conductivities is None or porosity is None:
        return None
    return bruggeman([*(f * (1.0 - porosity) for f in fractions), porosity], [*conductivities, 0.0])


def _unknown(solid: Solid, name: str, words: str) -> str:
    lacking = solid.lacking(name)
    return f"no {words} of {lacking}" if lacking else "no volumes"
