r"""Electronic resistivity of a phase as a band: from a measurement, else from its gap.

A semiconductor lies between two bounds (T = 298.15 K; m the density-of-states mass, mu the mobility of both carriers):

.. math::

    N(m) = 2 (2\pi m k T/h^2)^{3/2}, \quad n_i = N e^{-E_g/2kT}, \quad \rho_\mathrm{high} = 1/(e\, n_i\, \mu)

.. math::

    \frac{n^2}{x N_A - n} = \frac{N}{2} e^{-E_d/kT}, \quad E_d = E_g/4, \quad \rho_\mathrm{low} = 1/(e\, n\, \mu)

The upper bound is the undoped crystal, the lower one a crystal off its stoichiometry by x per anode atom, not
compensated (Sze and Ng, Physics of Semiconductor Devices, ch. 1). Heavy carriers are slow, so (m, mu) from (0.1, 1000
cm2/Vs) to (1, 10 cm2/Vs) moves either little; the gap and the stoichiometry decide. A narrow gap is necessary for an
insulating layer of an alloy, and never enough to prove one.
"""

import math
from functools import cache

from licoat.structures import formula_unit
from licoat.structures.chemistry.formula import atoms_per_formula_unit, parse_formula
from licoat.structures.chemistry.units import (
    BOLTZMANN_EV_PER_K,
    ELECTRON_MASS_KG,
    ELEMENTARY_CHARGE_C,
    PLANCK_J_S,
    STANDARD_TEMPERATURE_K,
)
from licoat.structures.phases.facts import is_citable, number, read_facts, source_label
from licoat.workflows.layer.bands import Band, read_rows

__all__ = [
    "LARGEST_CARRIER_SHARE",
    "METAL",
    "ONE_CARRIER_PER_CM3",
    "doped_carriers_per_cm3",
    "intrinsic_carriers_per_cm3",
    "measured_resistivity",
    "resistivity_band",
    "resistivity_ohm_cm",
]

CARRIERS = ((0.1, 1000.0), (1.0, 10.0))
"""Mass in electron masses with the mobility in cm2/Vs that goes with it: light and fast, heavy and slow."""
LEVEL_SHARE = 0.25
"""Assumed depth of the levels of native defects, as a share of the gap."""
LARGEST_CARRIER_SHARE = 0.05
"""Carriers per anode atom that no line compound exceeds; taken where no width of the phase was measured."""
ONE_CARRIER_PER_CM3 = 1e4
"""One carrier in a layer of 1 um on 1 cm2: fewer mean nothing, and no resistivity is counted beyond."""
PBE_GAP_ERROR_EV = 0.6
"""By how much a gap of PBE may be too small in a narrow-gap compound; the band begins at the gap itself."""
MEASURED_GAP_SIGMA_EV = 0.2
METAL = Band(-6.0, -3.0, "metal: 1 uohm cm to the saturation near 1 mohm cm (Gunnarsson et al., RMP 75, 1085 (2003))")
"""Metals without a measured resistivity."""


def _insulating_limit() -> float:
    """Decadic logarithm of the largest resistivity that is counted: one slow carrier in the layer."""
    return math.log10(resistivity_ohm_cm(ONE_CARRIER_PER_CM3, CARRIERS[-1][1]))


def resistivity_ohm_cm(carriers_per_cm3: float, mobility_cm2_per_v_s: float) -> float:
    """Resistivity in ohm cm: 1/(e n mu)."""
    return 1.0 / (ELEMENTARY_CHARGE_C * carriers_per_cm3 * mobility_cm2_per_v_s)


def states_per_cm3(mass: float, temperature_k: float = STANDARD_TEMPERATURE_K) -> float:
    """Effective density of states of a band: 2 (2 pi m k T/h^2)^1.5, 2.5e19 per cm3 for a free electron at 300 K."""
    energy_j = BOLTZMANN_EV_PER_K * ELEMENTARY_CHARGE_C * temperature_k
    per_m3 = 2.0 * math.pow(2.0 * math.pi * mass * ELECTRON_MASS_KG * energy_j / PLANCK_J_S**2, 1.5)
    return per_m3 * 1e-6


def intrinsic_carriers_per_cm3(gap_ev: float, mass: float, temperature_k: float = STANDARD_TEMPERATURE_K) -> float:
    """Carriers of an undoped crystal: N exp(-Eg/2kT)."""
    exponent = gap_ev / (2.0 * BOLTZMANN_EV_PER_K * temperature_k)
    return states_per_cm3(mass, temperature_k) * math.exp(-exponent)


def doped_carriers_per_cm3(
    gap_ev: float, defects_per_cm3: float, mass: float, temperature_k: float = STANDARD_TEMPERATURE_K
) -> float:
    """Carriers that uncompensated native defects give at a depth of a quarter of the gap, at most one each."""
    depth = LEVEL_SHARE * gap_ev / (BOLTZMANN_EV_PER_K * temperature_k)
    mass_action = 0.5 * states_per_cm3(mass, temperature_k) * math.exp(-depth)
    if mass_action == 0.0 or defects_per_cm3 == 0.0:
        return 0.0
    return 2.0 * defects_per_cm3 / (1.0 + math.sqrt(1.0 + 4.0 * defects_per_cm3 / mass_action))


def resistivity_band(
    formula: str, anode: str, gap_ev: float | None, gap_kind: str, volume_a3_per_fu: float | None
) -> Band | None:
    """Return the resistivity of a phase in log10 ohm cm.

    Parameters
    ----------
    formula, anode : str
    gap_ev : float or None
        0 is a metal.
    gap_kind : str
        ``measured``, ``computed``, ``estimate``, ``rule``; everything else counts as PBE, whose gaps are too small.
    volume_a3_per_fu : float or None
        For the density of defects; without it 1e23 anode atoms per cm3, more than any phase holds.

    Returns
    -------
    Band or None
        None if there is neither a measurement nor a gap.
    """
    found = measured_resistivity(formula)
    if found is not None:
        return found
    if gap_ev is None:
        return None
    if gap_ev == 0.0:
        return METAL
    narrow, wide = _gap_range_ev(gap_ev, gap_kind)
    share, width = _largest_share(formula)
    defects = share * _anode_atoms_per_cm3(formula, anode, volume_a3_per_fu)
    least = max(mu * max(doped_carriers_per_cm3(narrow, defects, m), _floor(narrow, m)) for m, mu in CARRIERS)
    most = min(mu * _floor(wide, m) for m, mu in CARRIERS)
    low, high = (min(math.log10(resistivity_ohm_cm(1.0, carriers)), _insulating_limit()) for carriers in (least, most))
    source = f"gap {narrow:.3g} to {wide:.3g} eV ({gap_kind}), undoped to {share:.2g} carriers per {anode} ({width})"
    return Band(min(low, high), high, source)


def _floor(gap_ev: float, mass: float) -> float:
    return max(intrinsic_carriers_per_cm3(gap_ev, mass), ONE_CARRIER_PER_CM3)


def _gap_range_ev(gap_ev: float, kind: str) -> tuple[float, float]:
    if kind.split(",", maxsplit=1)[0] in {"measured", "computed", "estimate"}:
        return max(gap_ev - MEASURED_GAP_SIGMA_EV, 0.0), gap_ev + MEASURED_GAP_SIGMA_EV
    return gap_ev, gap_ev + PBE_GAP_ERROR_EV


def _anode_atoms_per_cm3(formula: str, anode: str, volume_a3: float | None) -> float:
    """Density of the anode's atoms; of all atoms in what has none."""
    atoms = parse_formula(formula).get(anode, 0) or atoms_per_formula_unit(formula)
    return 1e23 if volume_a3 is None else atoms / volume_a3 * 1e24


@cache
def _widths() -> dict[str, tuple[float, str]]:
    return {
        row["formula"]: (
            float(row["width_per_anode_atom"]),
            f"measured at {row['temperature_k']} K, {row['reference']}",
        )
        for row in read_rows("semiconductor_widths")
    }


def _largest_share(formula: str) -> tuple[float, str]:
    """Largest deviation from stoichiometry per anode atom, and where it comes from."""
    return _widths().get(formula_unit(formula), (LARGEST_CARRIER_SHARE, "assumed"))


@cache
def _measured() -> dict[str, list[tuple[float, str]]]:
    found: dict[str, list[tuple[float, str]]] = {}
    for row in read_facts("toughness_ion"):
        value = number(row["value"])
        if row["property"] != "rho_e" or value is None or not row["material"].isalnum():
            continue
        if is_citable(row["source"]) and "film" not in row["phase"]:
            found.setdefault(formula_unit(row["material"]), []).append((value, source_label(row)))
    return found


def measured_resistivity(formula: str) -> Band | None:
    """Return the measured resistivity of a phase in log10 ohm cm, None if no citable one is known."""
    rows = _measured().get(formula_unit(formula))
    if not rows:
        return None
    values = [math.log10(value) for value, _ in rows]
    return Band(min(values), max(values), f"measured: {'; '.join(source for _, source in rows)}", measured=True)
