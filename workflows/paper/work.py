"""Checks of what the layer is for: numbers of the founding paper against bounds of its own products."""

import math

from licoat.structures.chemistry.units import BOLTZMANN_EV_PER_K, ELEMENTARY_CHARGE_C, STANDARD_TEMPERATURE_K
from licoat.workflows.layer import LayerOptions, transport
from licoat.workflows.layer.bands import Band
from licoat.workflows.layer.compaction import compact
from licoat.workflows.layer.electrons import CARRIERS, intrinsic_carriers_per_cm3, resistivity_ohm_cm
from licoat.workflows.layer.ignition import Ignition, balance_ignition
from licoat.workflows.layer.loading import count
from licoat.workflows.layer.mechanics import bound_moduli
from licoat.workflows.paper.checks import PAPER, Context, PaperCheck, arithmetic, known, shear_gpa

__all__ = ["WORK"]

ATTEMPTS_PER_S = 1e13
HOP_CM = 3e-8
"""Longest hop between lithium sites of Li3Sb and Li2O."""
LOADING_MG_PER_CM2 = 1.0


def _fastest_ion_cm2_per_v_s() -> float:
    """Mobility of an ion that hops without any barrier: nu l^2 / (kT/e), six neighbours in three dimensions."""
    return ATTEMPTS_PER_S * HOP_CM**2 / (BOLTZMANN_EV_PER_K * STANDARD_TEMPERATURE_K)


def _conductivity_s_per_cm() -> float:
    return transport.conductivity_from_resistance_s_per_cm(PAPER.both_layers_um, PAPER.intercept_ohm, PAPER.disk_cm2)


def _fewest_ions_per_cm3() -> float:
    """Mobile ions that the paper's ionic conductivity needs at least."""
    return _conductivity_s_per_cm() / (ELEMENTARY_CHARGE_C * _fastest_ion_cm2_per_v_s())


def _uncompensated_ohm_cm() -> float:
    return resistivity_ohm_cm(_fewest_ions_per_cm3(), min(mobility for _, mobility in CARRIERS))


def _composite(c: Context) -> Band:
    found = transport.solid_resistivity(c.material.solid(1.0))
    if found is None:
        return Band(-math.inf, math.inf)
    return found


def _li3sb(c: Context) -> Band:
    phase = next(p for p in c.material.products if p.formula == "Li3Sb")
    return phase.resistivity or Band(-math.inf, math.inf)


def _gap_ev(resistivity: float) -> tuple[float, float]:
    """Gaps at which undoped crystals with heavy and with light carriers have a resistivity."""
    per_gap = 2.0 * BOLTZMANN_EV_PER_K * STANDARD_TEMPERATURE_K
    heavy, light = sorted(
        per_gap * math.log(resistivity / resistivity_ohm_cm(intrinsic_carriers_per_cm3(0.0, mass), mobility))
        for mass, mobility in CARRIERS
    )
    return heavy, light


def _shear_bounds_gpa(c: Context) -> tuple[float, float]:
    options = LayerOptions()
    loading = count(c.material, options, LOADING_MG_PER_CM2, PAPER.thick_foil_um)
    found = bound_moduli(c.material, options, compact(c.material, options, loading))
    return known(found.layer_shear_modulus_lower_gpa), known(found.layer_shear_modulus_upper_gpa)


def _ignition(c: Context) -> Ignition:
    options = LayerOptions()
    loading = count(c.material, options, LOADING_MG_PER_CM2, PAPER.thick_foil_um)
    return balance_ignition(c.material, options, loading, compact(c.material, options, loading))


def _bed_words(c: Context) -> str:
    found, options = _ignition(c), LayerOptions()
    return (
        f"Between bounds, on a foil of {PAPER.thick_foil_um:g} um: {known(found.runaway_powder_low_um):.1f} um if all "
        "reacts at once and only the foil takes heat, "
        f"{known(found.runaway_powder_high_um):.0f} um if a steel roller cools for {options.press_time_s:g} s through "
        f"powder of {options.bed_conductivity_w_per_m_k:g} W/mK. So 10 um are no property of the powder: they say that "
        "the reaction there takes about as long as the pressing, and a longer press or a thicker foil moves them."
    )


def _shear_words(c: Context) -> str:
    low, high = _shear_bounds_gpa(c)
    film = shear_gpa(PAPER.surface_modulus_gpa, PAPER.poisson)
    return (
        f"Dense Li3Sb with Li2O has a shear modulus of {low:.1f} to {high:.1f} GPa; the film's 11.04 GPa (Young's "
        f"type) is {film:.1f} GPa in shear, {low / film:.0f} times less: the film is porous or held by something soft."
    )


def _gap_words(c: Context) -> str:
    band, limit, film = _li3sb(c), _gap_ev(PAPER.carbon_resistivity_ohm_cm), _gap_ev(PAPER.scs_resistivity_ohm_cm)
    return (
        f"Undoped, {PAPER.carbon_resistivity_ohm_cm:g} ohm cm need {limit[0]:.2f} to {limit[1]:.2f} eV and the film's "
        f"4.5e4 need {film[0]:.2f} to {film[1]:.2f}; off its stoichiometry Li3Sb of this gap may have "
        f"10^{band.low:.1f} ohm cm. A narrow gap is necessary for insulation, and proves none."
    )


WORK: tuple[PaperCheck, ...] = (
    PaperCheck(
        "largest resistivity if each mobile ion brought its electron",
        lambda _: arithmetic(_uncompensated_ohm_cm()),
        lambda _: (
            f"The paper's ionic conductivity needs at least {_fewest_ions_per_cm3():.1e} mobile ions per cm3, if they "
            "hop without any barrier; an electron for each, as slow as 10 cm2/Vs, gives "
            f"{_uncompensated_ohm_cm():.0f} ohm cm. "
            f"The measured {PAPER.scs_resistivity_ohm_cm:.1e} ohm cm stand beside it only if nearly all carriers are "
            "compensated (vacancies by acceptors), or if the ions move in the liquid of the pores."
        ),
    ),
    PaperCheck(
        "film resistivity within the band of Li3Sb and Li2O",
        lambda c: arithmetic(_composite(c).middle),
        lambda c: (
            f"Dense, between 10^{_composite(c).low:.1f} and 10^{_composite(c).high:.1f} ohm cm: off stoichiometry and "
            f"undoped. The film's 10^{math.log10(PAPER.scs_resistivity_ohm_cm):.1f} and the limit of "
            f"10^{math.log10(PAPER.carbon_resistivity_ohm_cm):.1f} both lie inside, so computation does not decide."
        ),
        unit="log10 ohm cm",
        holds=lambda c: _composite(c).low <= math.log10(PAPER.scs_resistivity_ohm_cm) <= _composite(c).high,
    ),
    PaperCheck(
        "gap of 0.7 eV as proof of insulation",
        lambda c: arithmetic(_li3sb(c).low),
        _gap_words,
        unit="log10 ohm cm",
        holds=lambda c: _li3sb(c).low >= math.log10(PAPER.carbon_resistivity_ohm_cm),
    ),
    PaperCheck(
        "shear modulus of the dense products against the film",
        lambda c: arithmetic(_shear_bounds_gpa(c)[0]),
        _shear_words,
        unit="GPa (shear)",
    ),
    PaperCheck(
        "powder bed at which the reaction stops",
        lambda c: arithmetic(known(_ignition(c).runaway_powder_high_um)),
        _bed_words,
    ),
)
"""What the layer is for: block electrons, pass ions, be stiff, not burn."""
