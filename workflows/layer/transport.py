"""Transport through the layer: what a measurement says, mixtures, resistance, leakage."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from licoat.structures.chemistry.anode import anode
from licoat.structures.rendering import outline
from licoat.workflows.layer.bands import Band
from licoat.workflows.layer.compaction import Compaction
from licoat.workflows.layer.material import LayerMaterial, Solid
from licoat.workflows.layer.options import LayerOptions
from licoat.workflows.layer.percolation import PERCOLATION_THRESHOLD, effective_conductivity, percolates
from licoat.workflows.layer.quantity import Group

__all__ = [
    "Transport",
    "area_resistance_ohm_cm2",
    "conductivity_from_resistance_s_per_cm",
    "leakage_ma_per_cm2",
    "mix_conductivities",
    "mixed_band",
    "polarisation_mv",
    "resistivity_from_current_ohm_cm",
    "solid_conductivity",
    "solid_resistivity",
]


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


FAR_DECADES = 30.0
"""How much better than all others a phase of unknown conductivity may conduct, in the upper bound."""


def mixed_band(fractions: Sequence[float], conductivities: Sequence[Band | None]) -> Band:
    """Return the conductivity of a mixture, which grows with that of every phase.

    Parameters
    ----------
    fractions : sequence of float
        Volume fractions; what they lack to 1 are pores.
    conductivities : sequence of Band or None
        Of every phase, log10; None where nothing is known: it may conduct nothing, or without limit.

    Returns
    -------
    Band
        log10; minus infinity for what does not conduct, infinity where an unknown phase is connected.
    """
    pores = max(1.0 - math.fsum(fractions), 0.0)
    known = [band for band in conductivities if band is not None]
    far = max((band.high for band in known), default=0.0) + FAR_DECADES

    def effective(ends: list[float]) -> float:
        top = max([end for end in ends if math.isfinite(end)], default=0.0)  # relative, so that nothing overflows
        found = effective_conductivity([*fractions, pores], [*(math.pow(10.0, end - top) for end in ends), 0.0])
        return math.log10(found) + top if found > 0.0 else -math.inf

    low = effective([-math.inf if band is None else band.low for band in conductivities])
    high = effective([far if band is None else band.high for band in conductivities])
    dark = math.fsum(f for f, band in zip(fractions, conductivities, strict=True) if band is None)
    return Band(low, math.inf if percolates(dark) else max(low, high))


def solid_resistivity(solid: Solid, porosity: float = 0.0) -> Band | None:
    """Return the electronic resistivity of a solid with its pores in log10 ohm cm; None without volumes."""
    fractions = solid.fractions()
    if fractions is None:
        return None
    bands = [None if phase.resistivity is None else phase.resistivity.inverse for phase in solid.phases]
    return mixed_band([f * (1.0 - porosity) for f in fractions], bands).inverse


def solid_conductivity(solid: Solid, porosity: float = 0.0) -> Band | None:
    """Return the ionic conductivity of a solid with its pores in log10 S/cm; None without volumes."""
    fractions = solid.fractions()
    if fractions is None:
        return None
    return mixed_band([f * (1.0 - porosity) for f in fractions], [phase.conductivity for phase in solid.phases])


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport(Group):
    """Ions and electrons, between bounds: of the dense products, and of the layer with its pores and the oxide left."""

    group: ClassVar[str] = "transport"
    meaning: ClassVar[str] = "electrons must not pass (13 ohm cm is 10^1.1), ions must"
    log10_resistivity_ohm_cm: float | None
    log10_resistivity_low_ohm_cm: float | None
    log10_resistivity_high_ohm_cm: float | None
    layer_log10_resistivity_low_ohm_cm: float | None
    layer_log10_resistivity_high_ohm_cm: float | None
    leakage_low_ma_per_cm2: float | None
    leakage_high_ma_per_cm2: float | None
    log10_ionic_conductivity_s_per_cm: float | None
    log10_ionic_conductivity_low_s_per_cm: float | None
    log10_ionic_conductivity_high_s_per_cm: float | None
    area_resistance_low_ohm_cm2: float | None
    area_resistance_high_ohm_cm2: float | None
    polarisation_low_mv: float | None
    polarisation_high_mv: float | None
    alloy_volume_fraction: float | None
    conducting_share_percolates: float | None

    __repr__ = outline


def mix_conductivities(material: LayerMaterial, options: LayerOptions, compaction: Compaction) -> Transport:
    """Mix the conductivities of phases and pores."""
    thickness, porosity, solid = compaction.layer_thickness_um, compaction.porosity, compaction.solid
    products = material.solid(1.0)
    electrons, ions = solid_resistivity(products), solid_conductivity(products)
    resistivity = conductivity = None
    if thickness and porosity is not None:
        resistivity, conductivity = solid_resistivity(solid, porosity), solid_conductivity(solid, porosity)
    leak = resistance = polarisation = None
    if thickness and resistivity is not None:
        leak = resistivity.inverse.times(leakage_ma_per_cm2(options.film_voltage_v, 1.0, thickness))
    if thickness and conductivity is not None:
        resistance = conductivity.inverse.times(area_resistance_ohm_cm2(thickness, 1.0))
        polarisation = resistance.times(polarisation_mv(options.current_ma_per_cm2, 1.0))
    alloy = _alloy_fraction(solid)
    no_layer = "there is no layer" if thickness == 0.0 else ""
    no_electrons, no_ions = (
        no_layer or _unknown(solid, "resistivity", "band gap and no measured resistivity"),
        no_layer or _unknown(solid, "conductivity", "measured ionic conductivity"),
    )
    return Transport(
        log10_resistivity_ohm_cm=_known(electrons, "middle"),
        log10_resistivity_low_ohm_cm=_known(electrons, "low"),
        log10_resistivity_high_ohm_cm=_known(electrons, "high"),
        layer_log10_resistivity_low_ohm_cm=_known(resistivity, "low"),
        layer_log10_resistivity_high_ohm_cm=_known(resistivity, "high"),
        leakage_low_ma_per_cm2=_plain(leak, "low"),
        leakage_high_ma_per_cm2=_plain(leak, "high"),
        log10_ionic_conductivity_s_per_cm=_known(ions, "middle"),
        log10_ionic_conductivity_low_s_per_cm=_known(ions, "low"),
        log10_ionic_conductivity_high_s_per_cm=_known(ions, "high"),
        area_resistance_low_ohm_cm2=_plain(resistance, "low"),
        area_resistance_high_ohm_cm2=_plain(resistance, "high"),
        polarisation_low_mv=_plain(polarisation, "low"),
        polarisation_high_mv=_plain(polarisation, "high"),
        alloy_volume_fraction=alloy,
        conducting_share_percolates=(
            None if alloy is None or porosity is None else float(percolates(alloy * (1.0 - porosity)))
        ),
        unknown={
            **dict.fromkeys(Transport.names(), no_ions),
            **{name: no_electrons for name in Transport.names() if "resistivity" in name or "leakage" in name},
            "alloy_volume_fraction": no_layer or "no volumes",
            "conducting_share_percolates": no_layer or "no volumes",
        },
        note={
            "log10_resistivity_low_ohm_cm": "dense products; middle of the decades in brackets",
            "log10_ionic_conductivity_low_s_per_cm": "dense products; middle of the decades in brackets",
            "layer_log10_resistivity_low_ohm_cm": "with pores and oxide left",
            "leakage_low_ma_per_cm2": f"with {options.film_voltage_v:g} V across the film",
            "polarisation_low_mv": f"at {options.current_ma_per_cm2:g} mA/cm2",
            "area_resistance_low_ohm_cm2": _blocked(material, conductivity),
            "alloy_volume_fraction": f"alloys of {material.anode}; connected from {PERCOLATION_THRESHOLD:g}",
            "conducting_share_percolates": "pores counted",
        },
    )


def _known(band: Band | None, end: str) -> float | None:
    """One end of a band in decades; None where it is open. Both ends at infinity are an answer: no path at all."""
    if band is None:
        return None
    value: float = getattr(band, end)
    return value if math.isfinite(value) or band.low == band.high else None


def _plain(band: Band | None, end: str) -> float | None:
    """One end of a band as a plain number; None where it is open."""
    value = _known(band, end)
    return None if value is None else math.inf if value == math.inf else math.pow(10.0, value)


def _blocked(material: LayerMaterial, conductivity: Band | None) -> str:
    blocked = conductivity is not None and conductivity.high == -math.inf
    return f"the layer does not conduct {anode(material.anode).label}" if blocked else ""


def _alloy_fraction(solid: Solid) -> float | None:
    """Volume fraction in the solid of the alloys of the anode metal."""
    fractions = solid.fractions()
    if fractions is None:
        return None
    shares = zip(fractions, solid.phases, strict=True)
    return math.fsum(share for share, phase in shares if phase.is_alloy)


def _unknown(solid: Solid, name: str, words: str) -> str:
    lacking = solid.lacking(name)
    return f"no {words} of {lacking}" if lacking else "no volumes"
