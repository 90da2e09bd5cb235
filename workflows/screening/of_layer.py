"""Quantities of a screened oxide that its layer has as well, from one material: both say the same number."""

import math
from collections.abc import Callable

from licoat.workflows.layer.films import measured_films
from licoat.workflows.layer.heat import heat_j_per_cm2
from licoat.workflows.layer.loading import amount_of_thickness_mol_per_cm2, capacity_mah_per_cm2, thickness_um
from licoat.workflows.layer.material import LayerMaterial
from licoat.workflows.layer.transport import solid_conductivity, solid_resistivity
from licoat.workflows.screening.criteria import Measure

__all__ = ["anode_um", "band", "capacity_per_um_oxide", "heat_per_um", "oxide_gap", "strip_capacity", "strip_potential"]

_LACKING = {"resistivity": "band gap and no measured resistivity", "conductivity": "measured ionic conductivity"}
_FAR = 1e3
"""Decades of a bound that is open."""


def _dense(material: LayerMaterial, oxide: bool) -> tuple[float | None, str]:
    """Amount of oxide in mol/cm2 that is, or becomes, a dense micrometre; and what is missing."""
    volume = material.oxide_volume_a3 if oxide else material.product_volume_a3
    if volume is None:
        return None, f"no volume of {material.oxide if oxide else material.solid(1.0).lacking('volume_a3_per_fu')}"
    return amount_of_thickness_mol_per_cm2(1.0, volume), ""


def anode_um(*, oxide: bool) -> Callable[[LayerMaterial], Measure]:
    """Thickness of anode metal eaten per thickness of dense oxide or product (um per um)."""

    def measure(material: LayerMaterial) -> Measure:
        amount, missing = _dense(material, oxide)
        if amount is None or material.anode_volume_a3 is None:
            return Measure(None, source=_volumes(material), missing=missing or f"no volume of {material.anode}")
        return Measure(thickness_um(amount * material.anode_atoms, material.anode_volume_a3), source=_volumes(material))

    return measure


def heat_per_um(*, oxide: bool) -> Callable[[LayerMaterial], Measure]:
    """Heat per area and per thickness of dense oxide or product, J/cm2 per um."""

    def measure(material: LayerMaterial) -> Measure:
        amount, missing = _dense(material, oxide)
        source = material.sources["heat"]
        if amount is None:
            return Measure(None, source=source, missing=missing)
        sigma = material.heat_sigma_ev
        return Measure(
            heat_j_per_cm2(material.heat_ev, amount),
            None if sigma is None else heat_j_per_cm2(sigma, amount),
            source=source,
        )

    return measure


def capacity_per_um_oxide(material: LayerMaterial) -> Measure:
    """Charge of the consumed anode metal per thickness of dense oxide, mAh/cm2 per um."""
    amount, missing = _dense(material, oxide=True)
    if amount is None:
        return Measure(None, source=_volumes(material), missing=missing)
    return Measure(capacity_mah_per_cm2(amount * material.anode_atoms, material.charge), source=_volumes(material))


def _volumes(material: LayerMaterial) -> str:
    """Where the volumes of a material come from."""
    texts = [material.sources["oxide volume"], *(p.sources.get("volume", "") for p in material.products)]
    return f"volumes: {'; '.join(dict.fromkeys(filter(None, texts)))}"


def band(name: str, end: str) -> Callable[[LayerMaterial], Measure]:
    """One end, or the middle with both ends, of a band of the dense products: ``resistivity`` or ``conductivity``."""
    of_solid = {"resistivity": solid_resistivity, "conductivity": solid_conductivity}[name]

    def measure(material: LayerMaterial) -> Measure:
        products = material.solid(1.0)
        mixed = of_solid(products)
        texts = {phase.formula: getattr(phase, name) for phase in products.phases}
        found = [f"{formula}: {part.source}" for formula, part in texts.items() if part is not None]
        if name == "resistivity":
            found += [f"measured film, beside: {film}" for film in measured_films(material.oxide)]
        source, lacking = "; ".join(found), products.lacking(name)
        missing = f"no {_LACKING[name]} of {lacking}" if lacking else "no volumes"
        if mixed is None:
            return Measure(None, source=source, missing=missing)
        low, high = (value if math.isfinite(value) else None for value in (mixed.low, mixed.high))
        if end != "middle":
            value = low if end == "low" else high
            return Measure(value, source=source, missing="" if value is not None else missing)
        if low is None or high is None:
            open_low, open_high = (_FAR * sign if v is None else v for v, sign in ((low, -1), (high, 1)))
            return Measure(None, low=open_low, high=open_high, source=source, missing=missing)
        return Measure(mixed.middle, low=low, high=high, source=source)

    return measure


def strip_potential(material: LayerMaterial) -> Measure:
    """Potential at which the products give their anode metal back."""
    strip = material.strip
    missing = "" if strip.potential_v is not None else "inert"
    return Measure(strip.potential_v, strip.potential_sigma_v, source=material.sources["reaction"], missing=missing)


def strip_capacity(material: LayerMaterial) -> Measure:
    """Charge in the alloys per thickness of dense product, mAh/cm2 per um."""
    amount, missing = _dense(material, oxide=False)
    if amount is None:
        return Measure(None, source=_volumes(material), missing=missing)
    charge = capacity_mah_per_cm2(amount * material.strip.alloy_anode_atoms, material.charge)
    return Measure(charge, source=_volumes(material))


def oxide_gap(material: LayerMaterial) -> Measure:
    """Band gap of the oxide itself."""
    oxide = material.oxide_phase
    source = oxide.sources.get("band gap", "")
    return Measure(oxide.band_gap_ev, source=source, missing="" if oxide.band_gap_ev is not None else "no band gap")
