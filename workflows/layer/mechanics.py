r"""Mechanics of the layer: bounds of the moduli of a composite, with pores, and what they mean for lithium.

Phases are given by volume fractions :math:`f_i`, bulk moduli :math:`K_i` and shear moduli :math:`G_i`; a pore
is a phase with both 0.

Voigt, Reuss and Hill as in `licoat.structures.crystals.averages`; Hashin and Shtrikman (J. Mech. Phys. Solids 11, 127
(1963), for several phases after Walpole 1966):

.. math::

    K^\pm = \Lambda(\tfrac43 G_\pm), \quad \Lambda(z) = \Big[\sum_i \frac{f_i}{K_i + z}\Big]^{-1} - z, \quad
    G^\pm = \Gamma(\zeta_\pm), \quad \zeta = \frac{G}{6}\,\frac{9K + 8G}{K + 2G}

with the largest K and G of all phases for the upper bound and the smallest for the lower.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from licoat.structures import load_phases
from licoat.structures.chemistry.units import ELEMENTARY_CHARGE_C
from licoat.structures.crystals.averages import hill, reuss, voigt, youngs_modulus_gpa
from licoat.structures.rendering import outline
from licoat.workflows.layer.compaction import Compaction
from licoat.workflows.layer.loading import foil_volume_a3
from licoat.workflows.layer.material import LayerMaterial
from licoat.workflows.layer.options import LayerOptions
from licoat.workflows.layer.quantity import Group

__all__ = [
    "Bounds",
    "Mechanics",
    "bound_moduli",
    "composite_bounds",
    "critical_flaw_um",
    "deposition_pressure_mpa",
    "with_pores",
]

FLAW_GEOMETRY = 1.12
"""Geometry factor of a surface crack."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of a composite in GPa, in this order from below: Reuss, Hashin-Shtrikman, Voigt."""

    bulk_reuss_gpa: float
    bulk_lower_gpa: float
    bulk_upper_gpa: float
    bulk_voigt_gpa: float
    shear_reuss_gpa: float
    shear_lower_gpa: float
    shear_upper_gpa: float
    shear_voigt_gpa: float

    __repr__ = outline


def composite_bounds(fractions: Sequence[float], bulk_gpa: Sequence[float], shear_gpa: Sequence[float]) -> Bounds:
    """Bound the moduli of a composite of any number of phases.

    Parameters
    ----------
    fractions : sequence of float
        Volume fractions, summing to 1.
    bulk_gpa, shear_gpa : sequence of float
        Moduli in GPa, 0 for pores.

    Returns
    -------
    Bounds

    Raises
    ------
    ValueError
        If fractions do not sum to 1 or a number is negative.
    """
    if abs(math.fsum(fractions) - 1.0) > 1e-6 or min([*fractions, *bulk_gpa, *shear_gpa]) < 0.0:
        raise ValueError(f"fractions {list(fractions)} must sum to 1 and nothing may be negative")
    phases = [(f, k, g) for f, k, g in zip(fractions, bulk_gpa, shear_gpa, strict=True) if f > 0.0]
    f = [p[0] for p in phases]
    k = [p[1] for p in phases]
    g = [p[2] for p in phases]
    return Bounds(
        bulk_reuss_gpa=reuss(f, k),
        bulk_lower_gpa=_shifted_mean(f, k, 4.0 / 3.0 * min(g)),
        bulk_upper_gpa=_shifted_mean(f, k, 4.0 / 3.0 * max(g)),
        bulk_voigt_gpa=voigt(f, k),
        shear_reuss_gpa=reuss(f, g),
        shear_lower_gpa=_shifted_mean(f, g, _zeta(min(k), min(g))),
        shear_upper_gpa=_shifted_mean(f, g, _zeta(max(k), max(g))),
        shear_voigt_gpa=voigt(f, g),
    )


def _zeta(bulk: float, shear: float) -> float:
    return 0.0 if shear == 0.0 else shear / 6.0 * (9.0 * bulk + 8.0 * shear) / (bulk + 2.0 * shear)


def _shifted_mean(fractions: Sequence[float], moduli: Sequence[float], shift: float) -> float:
    """Harmonic mean of moduli shifted by the stiffness around them; Reuss for 0, Voigt for infinity."""
    if shift == 0.0:
        return reuss(fractions, moduli)
    return 1.0 / sum(f / (m + shift) for f, m in zip(fractions, moduli, strict=True)) - shift


def with_pores(porosity: float, bulk_gpa: float, shear_gpa: float) -> tuple[float, float]:
    """Bulk and shear modulus in GPa of a solid with separate round pores: its Hashin-Shtrikman upper bound."""
    if porosity <= 0.0:
        return bulk_gpa, shear_gpa
    bounds = composite_bounds([1.0 - porosity, porosity], [bulk_gpa, 0.0], [shear_gpa, 0.0])
    return bounds.bulk_upper_gpa, bounds.shear_upper_gpa


def deposition_pressure_mpa(overpotential_v: float, metal_volume_a3: float, charge: int = 1) -> float:
    """Pressure in MPa that deposition in a closed flaw can build up: eta z e / V (Armstrong 1974)."""
    return overpotential_v * charge * ELEMENTARY_CHARGE_C / (metal_volume_a3 * 1e-30) / 1e6


def critical_flaw_um(toughness_mpa_sqrt_m: float, pressure_mpa: float) -> float:
    """Surface flaw in um from which a pressure in MPa drives a crack: (K_Ic / (1.12 p))^2 / pi (Griffith)."""
    return (toughness_mpa_sqrt_m / (FLAW_GEOMETRY * pressure_mpa)) ** 2 / math.pi * 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanics(Group):
    """Moduli of the layer, against those of the metal, and what its deposition can break."""

    group: ClassVar[str] = "mechanics"
    meaning: ClassVar[str] = "how stiff the layer is, against the dendrites of its metal"
    bulk_modulus_lower_gpa: float | None
    bulk_modulus_upper_gpa: float | None
    layer_shear_modulus_lower_gpa: float | None
    layer_shear_modulus_upper_gpa: float | None
    layer_shear_modulus_reuss_gpa: float | None
    layer_shear_modulus_voigt_gpa: float | None
    shear_modulus_hill_gpa: float | None
    youngs_modulus_gpa: float | None
    shear_modulus_with_pores_gpa: float | None
    shear_ratio_to_lithium: float | None
    shear_ratio_to_measured_lithium: float | None
    deposition_pressure_mpa: float
    critical_flaw_um: float | None

    __repr__ = outline


_MODULI_NOTES = {
    "bulk_modulus_lower_gpa": "Hashin-Shtrikman, dense solid, oxide left counted",
    "bulk_modulus_upper_gpa": "Hashin-Shtrikman, dense solid, oxide left counted",
    "layer_shear_modulus_lower_gpa": "Hashin-Shtrikman, dense solid, oxide left counted",
    "layer_shear_modulus_upper_gpa": "Hashin-Shtrikman, dense solid, oxide left counted",
    "layer_shear_modulus_reuss_gpa": "dense solid, oxide left counted",
    "layer_shear_modulus_voigt_gpa": "dense solid, oxide left counted",
    "shear_modulus_hill_gpa": "dense solid, oxide left counted",
    "youngs_modulus_gpa": "Hill, dense solid, oxide left counted",
    "shear_modulus_with_pores_gpa": (
        "lower bound of the solid with separate round pores; connected pores make it softer"
    ),
}


def bound_moduli(material: LayerMaterial, options: LayerOptions, compaction: Compaction) -> Mechanics:
    """Bound the moduli, count pores, compare with the metal."""
    solid = compaction.solid
    lacking = dict.fromkeys(filter(None, [solid.lacking("bulk_modulus_gpa"), solid.lacking("shear_modulus_gpa")]))
    unknown = f"no modulus of {', '.join(lacking)}" if lacking else "no volumes"
    moduli = _moduli(compaction)
    porous, measured = moduli["shear_modulus_with_pores_gpa"], _measured_shear_gpa(material.anode)
    assumed = options.shear_modulus_of(material.anode)
    pressure = deposition_pressure_mpa(options.overpotential_v, foil_volume_a3(material), material.charge)
    brittle = solid.lacking("toughness_mpa_sqrt_m")
    toughness = solid.values("toughness_mpa_sqrt_m")
    return Mechanics(
        **moduli,
        shear_ratio_to_lithium=None if porous is None else porous / assumed,
        shear_ratio_to_measured_lithium=None if porous is None or measured is None else porous / measured,
        deposition_pressure_mpa=pressure,
        critical_flaw_um=critical_flaw_um(min(toughness), pressure) if toughness else None,
        unknown={
            **dict.fromkeys(moduli, unknown),
            "shear_ratio_to_lithium": unknown,
            "shear_ratio_to_measured_lithium": (
                unknown if measured is not None else f"no shear modulus of {material.anode}"
            ),
            "critical_flaw_um": f"no fracture toughness of {brittle}",
        },
        note={
            **_MODULI_NOTES,
            "shear_ratio_to_lithium": f"of the porous layer to {assumed:g} GPa; Monroe and Newman ask for 2",
            "shear_ratio_to_measured_lithium": (
                "" if measured is None else f"of the porous layer to the measured {measured:g} GPa"
            ),
            "deposition_pressure_mpa": f"in a closed flaw at {options.overpotential_v:g} V overpotential",
            "critical_flaw_um": "weakest phase",
        },
    )


def _moduli(compaction: Compaction) -> dict[str, float | None]:
    """Moduli of the solid by name; all None if a modulus or a volume is not known."""
    solid, porosity = compaction.solid, compaction.porosity
    fractions, bulk, shear = solid.fractions(), solid.values("bulk_modulus_gpa"), solid.values("shear_modulus_gpa")
    if fractions is None or bulk is None or shear is None or porosity is None:
        return dict.fromkeys(_MODULI_NOTES)
    bounds = composite_bounds(fractions, bulk, shear)
    k, g = hill(fractions, bulk), hill(fractions, shear)
    _, porous = with_pores(porosity, bounds.bulk_lower_gpa, bounds.shear_lower_gpa)
    return {
        "bulk_modulus_lower_gpa": bounds.bulk_lower_gpa,
        "bulk_modulus_upper_gpa": bounds.bulk_upper_gpa,
        "layer_shear_modulus_lower_gpa": bounds.shear_lower_gpa,
        "layer_shear_modulus_upper_gpa": bounds.shear_upper_gpa,
        "layer_shear_modulus_reuss_gpa": bounds.shear_reuss_gpa,
        "layer_shear_modulus_voigt_gpa": bounds.shear_voigt_gpa,
        "shear_modulus_hill_gpa": g,
        "youngs_modulus_gpa": youngs_modulus_gpa(k, g),
        "shear_modulus_with_pores_gpa": porous,
    }


def _measured_shear_gpa(metal: str) -> float | None:
    measured = load_phases("measured")
    values = (measured.phase(row).shear_modulus_gpa for row in measured.rows_of(metal))
    return next((value for value in values if value is not None), None)
