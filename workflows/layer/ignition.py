r"""Ignition: from which loading the reaction can run away, between two bounds, and what tames it.

Per area, from 298.15 K to the melting point of the metal, from which liquid metal wets the powder and nothing holds the
reaction any more (lithium burns in air from about there, too). With the heat h, the enthalpy p of the products and the
consumed metal c per mass of oxide, and the enthalpy e of the metal up to its melting point, a loading m on a foil of
:math:`n_0` brings the foil to melting where

.. math:: m h = m p + (n_0 - m c)\, e + q_\mathrm{loss}, \quad
          q_\mathrm{loss} = \min\Big(2 b\,\Delta T \sqrt{t/\pi},\; k\,\Delta T\, t / L(m)\Big)

Lower bound: no loss, everything reacts at once. Upper bound: a cold roller lies on the powder for the time t of
pressing and takes what a half-space of steel of effusivity b can take up, or what a powder bed of thickness L lets
through, if that is less (Carslaw and Jaeger, Conduction of Heat in Solids, ch. 2). Below the lower bound no metal can
melt; above the upper one the reaction runs away unless it is slower than the pressing.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from licoat.structures.chemistry.formula import molar_mass_g, parse_formula
from licoat.structures.chemistry.units import STANDARD_TEMPERATURE_K
from licoat.structures.phases.enthalpy import Enthalpy, enthalpy_of
from licoat.structures.rendering import outline
from licoat.workflows.layer.compaction import Compaction
from licoat.workflows.layer.heat import heat_j_per_cm2
from licoat.workflows.layer.loading import Loading, amount_mol_per_cm2, thickness_um
from licoat.workflows.layer.material import LayerMaterial
from licoat.workflows.layer.options import LayerOptions
from licoat.workflows.layer.quantity import Group

__all__ = ["Ignition", "balance_ignition", "runaway_loading"]

STEEL_EFFUSIVITY = math.sqrt(14.9 * 7900.0 * 477.0)
"""sqrt(k rho c) in W s^0.5/m2K of stainless steel 304 (Incropera and DeWitt, Heat and Mass Transfer, table A.1)."""
J_PER_CM2 = 1e-4
"""1 J/m2 in J/cm2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignition(Group):
    """Loadings between which the reaction can run away; bounds with the assumptions that the notes name."""

    group: ClassVar[str] = "ignition"
    meaning: ClassVar[str] = "from which loading the reaction can run away, and what tames it"
    melting_reached: float | None
    runaway_loading_low_mg_per_cm2: float | None
    runaway_loading_high_mg_per_cm2: float | None
    runaway_powder_low_um: float | None
    runaway_powder_high_um: float | None
    burn_through_loading_mg_per_cm2: float | None
    cooling_time_ms: float | None
    inert_share: float | None

    __repr__ = outline


@dataclass(frozen=True, slots=True)
class _Balance:
    """Heats in J per mg of oxide or per mol of metal up to its melting point."""

    melting_k: float
    heat_per_mg: float
    products_per_mg: float
    eaten_mol_per_mg: float
    metal: Enthalpy

    @property
    def excess_per_mg(self) -> float:
        """Heat that a mg of oxide gives to others."""
        return self.heat_per_mg - self.products_per_mg

    def per_mol(self, *, molten: bool) -> float:
        """Enthalpy of the metal at its melting point."""
        return self.metal.increment_j_per_mol(self.melting_k, molten=molten)


def runaway_loading(
    excess_j_per_mg: float,
    eaten_mol_per_mg: float,
    foil_mol_per_cm2: float,
    metal_j_per_mol: float,
    loss_j_per_cm2: Callable[[float], float] | None = None,
) -> float:
    """Find the loading in mg/cm2 from which the heat brings the foil to its melting point.

    Parameters
    ----------
    excess_j_per_mg : float
        Heat of a mg of oxide less that of its products up to the melting point.
    eaten_mol_per_mg : float
        Metal that a mg of oxide consumes.
    foil_mol_per_cm2, metal_j_per_mol : float
        Metal of the foil, and its enthalpy up to the melting point.
    loss_j_per_cm2 : callable, optional
        Heat lost by a loading; none without.

    Returns
    -------
    float
        Infinite if no loading that the foil can feed does.
    """
    if excess_j_per_mg <= 0.0 or eaten_mol_per_mg <= 0.0:
        return math.inf
    most = foil_mol_per_cm2 / eaten_mol_per_mg

    def left(loading: float) -> float:
        foil = (foil_mol_per_cm2 - eaten_mol_per_mg * loading) * metal_j_per_mol
        return excess_j_per_mg * loading - foil - (0.0 if loss_j_per_cm2 is None else loss_j_per_cm2(loading))

    if loss_j_per_cm2 is None:
        return foil_mol_per_cm2 * metal_j_per_mol / (excess_j_per_mg + eaten_mol_per_mg * metal_j_per_mol)
    if most <= 0.0 or left(most) <= 0.0:
        return math.inf
    from scipy.optimize import brentq

    return float(brentq(left, 1e-12 * most, most, xtol=1e-15, rtol=1e-12))


def balance_ignition(
    material: LayerMaterial, options: LayerOptions, loading: Loading, compaction: Compaction
) -> Ignition:
    """Find the bounds of the loading, and the share of inert powder that keeps this one from melting its metal."""
    try:
        found, why = _balance(material)
    except KeyError as error:
        found, why = None, f"no heat capacity of {error}"
    if found is None:
        return _unknown(why)
    foil, per_mg = loading.amounts.available_mol_per_cm2, _powder_um_per_mg(material, options)
    rise = found.melting_k - STANDARD_TEMPERATURE_K

    def lost(mg: float, seconds: float) -> float:
        steel = 2.0 * STEEL_EFFUSIVITY * rise * math.sqrt(seconds / math.pi)
        bed = options.bed_conductivity_w_per_m_k * rise * seconds / (mg * (per_mg or 1.0) * 1e-6)
        return min(steel, bed) * J_PER_CM2

    low, through = (
        runaway_loading(found.excess_per_mg, found.eaten_mol_per_mg, foil, found.per_mol(molten=molten))
        for molten in (False, True)
    )
    high = None
    if per_mg is not None:
        high = runaway_loading(
            found.excess_per_mg,
            found.eaten_mol_per_mg,
            foil,
            found.per_mol(molten=False),
            lambda mg: lost(mg, options.press_time_s),
        )
    mg = loading.oxide_loading_mg_per_cm2 * loading.extent_of_reaction
    surplus = found.excess_per_mg * mg - loading.amounts.left_mol_per_cm2 * found.per_mol(molten=False)
    reached = found.excess_per_mg > 0.0 and found.eaten_mol_per_mg > 0.0
    never = f"no loading: the heat does not bring the products to {found.melting_k:.0f} K, where {material.anode} melts"
    k = options.bed_conductivity_w_per_m_k
    cooled = f"a steel roller cools for {options.press_time_s:g} s through powder of {k:g} W/mK"
    if reached and high == math.inf:
        most = foil / found.eaten_mol_per_mg
        cooled = f"no loading: all that the foil can feed, {most:.3g} mg/cm2, is cooled where {cooled}"
    inert, inert_why = _inert_share(material, found.melting_k, surplus, loading.oxide_loading_mg_per_cm2)
    bed_um = compaction.powder_thickness_um
    return Ignition(
        melting_reached=float(reached),
        runaway_loading_low_mg_per_cm2=low,
        runaway_loading_high_mg_per_cm2=high,
        runaway_powder_low_um=None if per_mg is None else low * per_mg,
        runaway_powder_high_um=None if high is None or per_mg is None else high * per_mg,
        burn_through_loading_mg_per_cm2=through,
        cooling_time_ms=None if bed_um is None else max(surplus, 0.0) / J_PER_CM2 * bed_um * 1e-6 / (k * rise) * 1e3,
        inert_share=inert,
        unknown={
            **dict.fromkeys(Ignition.names(), f"no volume of {material.oxide}"),
            "inert_share": inert_why,
        },
        note={
            "melting_reached": f"{material.anode} melts at {found.melting_k:.0f} K",
            "runaway_loading_low_mg_per_cm2": (
                "all at once, only the foil takes heat: below it no metal can melt" if reached else never
            ),
            "runaway_loading_high_mg_per_cm2": cooled if reached else never,
            "burn_through_loading_mg_per_cm2": (
                "all at once: from here all metal that is left is molten" if reached else never
            ),
            "cooling_time_ms": "a faster reaction of this loading melts metal under the roller",
            "inert_share": f"of the spray's mass, as {_anode_oxide(material)}: then no metal melts" if inert else "",
        },
    )


def _balance(material: LayerMaterial) -> tuple[_Balance | None, str]:
    """Collect the heats of a material; None with the reason if the metal's melting is not known."""
    metal = enthalpy_of(material.anode)
    if not metal.transitions:
        return None, f"no melting of {material.anode} is known above room temperature"
    melting, _ = metal.transitions[0]
    mole = amount_mol_per_cm2(1.0, material.molar_mass_g)
    products = sum(p.amount * enthalpy_of(p.formula).increment_j_per_mol(melting) for p in material.products)
    heat = heat_j_per_cm2(material.heat_ev, mole)
    return _Balance(melting, heat, mole * products, mole * material.anode_atoms, metal), ""


def _powder_um_per_mg(material: LayerMaterial, options: LayerOptions) -> float | None:
    """Thickness of the powder of 1 mg/cm2."""
    if material.oxide_volume_a3 is None:
        return None
    dense = thickness_um(amount_mol_per_cm2(1.0, material.molar_mass_g), material.oxide_volume_a3)
    return dense / options.packing_fraction


def _anode_oxide(material: LayerMaterial) -> str:
    """Name the oxide of the anode metal among the products, empty if there is none: a product is inert."""
    wanted = {material.anode, "O"}
    return next((p.formula for p in material.products if set(parse_formula(p.formula)) == wanted), "")


def _inert_share(
    material: LayerMaterial, melting_k: float, surplus_j: float, oxide_mg: float
) -> tuple[float | None, str]:
    """Mass share of inert powder that takes up a surplus of heat per area."""
    if surplus_j <= 0.0:
        return 0.0, ""
    formula = _anode_oxide(material)
    if not formula:
        return None, f"no oxide of {material.anode} among the products to dilute with"
    per_mg = enthalpy_of(formula).increment_j_per_mol(melting_k) / molar_mass_g(formula) / 1000.0
    inert = surplus_j / per_mg
    return inert / (inert + oxide_mg), ""


def _unknown(why: str) -> Ignition:
    return Ignition(
        melting_reached=None,
        runaway_loading_low_mg_per_cm2=None,
        runaway_loading_high_mg_per_cm2=None,
        runaway_powder_low_um=None,
        runaway_powder_high_um=None,
        burn_through_loading_mg_per_cm2=None,
        cooling_time_ms=None,
        inert_share=None,
        unknown=dict.fromkeys(Ignition.names(), why),
    )
