"""Enthalpy balances: by hand for pure substances, by conservation for mixtures."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import constants
from scipy.integrate import quad
from scipy.optimize import brentq

from licoat.structures.phases.enthalpy import enthalpy_of
from licoat.structures.phases.facts import read_facts
from licoat.workflows.layer.heat import (
    HIGHEST_TEMPERATURE_K,
    adiabatic_temperature,
    heat_j_per_cm2,
    melted_amount_mol_per_cm2,
)

QUICK = settings(max_examples=150, deadline=None, derandomize=True, database=None)
T0, MELTING, FUSION = 298.15, 453.65, 3000.0


def lithium_cp(t):
    """Heat capacity of lithium, from the file, by hand."""
    rows = [r for r in read_facts("heat_capacity") if r["formula"] == "Li"]
    state = "solid" if t <= 453.69 else "liquid"
    points = [(float(r["T_K"]), float(r["Cp_J_molK"])) for r in rows if r["state"] == state]
    for (a, ya), (b, yb) in itertools.pairwise(points):
        if a <= t <= b:
            return ya + (yb - ya) * (t - a) / (b - a)
    raise AssertionError(t)


def lithium_h(t):
    """H(T) - H(298) of lithium in J/mol with its melting, by numerical integration."""
    edges = [T0, *[x for x in (300, 350, 400, 450, 453.69, 500, 600, 700, 800, 900, 1000) if T0 < x < t], t]
    total = sum(quad(lithium_cp, a + 1e-9, b - 1e-9)[0] for a, b in itertools.pairwise(edges))
    return total + (FUSION if t > MELTING else 0.0)


TO_MELTING = lithium_h(MELTING)


def test_an_electron_volt_is_the_faraday_constant():
    faraday = constants.value("Faraday constant")
    assert heat_j_per_cm2(1.0, 1.0) == pytest.approx(faraday, rel=1e-9)
    # 17.07 eV of Sb2O3 at 1.121 mg/cm2
    assert heat_j_per_cm2(17.07, 1.121e-3 / 291.52) == pytest.approx(6.334, rel=1e-3)


@pytest.mark.parametrize("kelvin", [299.0, 333.3, 400.0, 453.0, 454.5, 600.0, 987.6])
def test_lithium_comes_to_the_temperature_whose_enthalpy_it_got(kelvin):
    # 1e-5 of the heat: ends of the intervals of the numerical integration
    found = adiabatic_temperature(2.0 * lithium_h(kelvin), {"Li": 2.0})
    assert found.temperature_k == pytest.approx(kelvin, abs=0.01)
    assert found.limit == ""


@pytest.mark.parametrize("molten", [0.001, 0.5, 0.999])
def test_while_lithium_melts_it_stays_at_its_melting_point(molten):
    found = adiabatic_temperature(TO_MELTING + molten * FUSION, {"Li": 1.0})
    assert found.temperature_k == MELTING
    assert found.limit == ""


def test_just_below_and_just_after_melting():
    assert adiabatic_temperature(TO_MELTING - 29.3, {"Li": 1.0}).temperature_k == pytest.approx(452.65, abs=0.01)
    after = adiabatic_temperature(TO_MELTING + FUSION + 30.3, {"Li": 1.0}).temperature_k
    assert after == pytest.approx(454.65, abs=0.02)


def test_beyond_boiling_the_answer_is_a_bound_that_says_so():
    found = adiabatic_temperature(1e6, {"Li": 1.0})
    assert found.temperature_k == pytest.approx(1615.15)
    assert found.limit == "Li boils"
    assert adiabatic_temperature(1e12, {"Li": 1.0}).temperature_k == pytest.approx(1615.15)


def test_where_data_end_the_answer_is_a_bound():
    found = adiabatic_temperature(1e9, {"Li2O": 1.0})
    assert found.temperature_k == HIGHEST_TEMPERATURE_K
    assert "no data" in found.limit


def test_the_lowest_boiling_point_bounds_a_mixture():
    assert adiabatic_temperature(1e9, {"Li2O": 1.0, "Zn": 1.0, "Li": 1.0}).limit == "Zn boils"
    # what is not there does not bound
    assert adiabatic_temperature(1e9, {"Li2O": 1.0, "Zn": 0.0, "Li": 1.0}).limit == "Li boils"


# Boiling points in K of handbooks (CRC), typed here, not those of the package's own file.
BOILING = {"Li": 1615.0, "Sb": 1860.0, "Sn": 2875.0, "Zn": 1180.0, "Mg": 1363.0, "Hg": 629.9, "K": 1032.0}
TROUTON = 88.0  # entropy of vaporization of most metals, J/mol/K


def bubble_point_k(alloy):
    """Temperature at which an ideal melt has 1 bar of vapour (Raoult; Clausius-Clapeyron with Trouton's rule)."""
    total = sum(alloy.values())

    def bar(t):
        return sum(
            n / total * math.exp(TROUTON / constants.R * (1.0 - BOILING[element] / t)) for element, n in alloy.items()
        )

    return brentq(lambda t: bar(t) - 1.0, 300.0, 4000.0)


@pytest.mark.parametrize(
    ("formula", "alloy"),
    [
        ("Li3Sb", {"Li": 3, "Sb": 1}),
        ("Li17Sn4", {"Li": 17, "Sn": 4}),
        ("LiZn", {"Li": 1, "Zn": 1}),
        ("LiHg", {"Li": 1, "Hg": 1}),
        ("KHg", {"K": 1, "Hg": 1}),
    ],
)
def test_an_alloy_is_bounded_where_no_melt_of_its_elements_can_be(formula, alloy):
    """Above the highest boiling point each element alone has more than 1 bar; below the bubble point none need boil."""
    found = adiabatic_temperature(1e9, {formula: 1.0})
    assert bubble_point_k(alloy) < found.temperature_k <= 1.01 * max(BOILING[element] for element in alloy)
    assert formula in found.limit
    assert "estimate" in found.limit  # the alloy's own boiling is not measured


def test_an_alloy_bounds_the_mixture_with_what_stays_solid():
    both = adiabatic_temperature(1e9, {"Li3Sb": 2.0, "Li2O": 3.0})
    assert both.temperature_k == pytest.approx(BOILING["Sb"], rel=0.01)
    assert "Li3Sb" in both.limit
    free = adiabatic_temperature(1e9, {"Li3Sb": 2.0, "Li2O": 3.0, "Li": 1.0})  # lithium left over boils first
    assert free.temperature_k == pytest.approx(BOILING["Li"], rel=0.01)
    assert free.limit == "Li boils"


def test_an_oxide_is_not_bounded_by_the_boiling_of_its_elements():
    """Lithium boils at 1615 K; its oxide is a solid there (it melts at 1711 K)."""
    assert adiabatic_temperature(1e9, {"Li2O": 1.0}).temperature_k > 1711.0


@pytest.mark.parametrize("heat", [0.0, -1.0, -1e9])
def test_no_heat_no_rise(heat):
    assert adiabatic_temperature(heat, {"Li": 1.0}).temperature_k == T0


def test_nothing_cannot_be_heated():
    assert adiabatic_temperature(10.0, {}).temperature_k == T0
    assert adiabatic_temperature(10.0, {"Li": 0.0}).temperature_k == T0


def test_an_endless_foil_does_not_warm_up():
    assert adiabatic_temperature(6.34, {"Li": 1e12}).temperature_k == pytest.approx(T0, abs=1e-6)
    rise = adiabatic_temperature(6.34, {"Li": 1.0}).temperature_k - T0
    assert rise == pytest.approx(6.34 / 24.623, rel=0.01)  # small rises: heat over heat capacity


SUBSTANCES = ["Li", "Li2O", "Li3Sb", "Sb", "Sb2O3", "Al", "Ga", "Hg", "Pb", "LiF", "Mg", "K", "Zn", "MgO", "Li5Mg"]
mixtures = st.dictionaries(st.sampled_from(SUBSTANCES), st.floats(1e-6, 1e-2), min_size=1, max_size=4)


def content(temperature, mixture, *, molten):
    return sum(n * enthalpy_of(f).increment_j_per_mol(temperature, molten=molten) for f, n in mixture.items())


@QUICK
@given(mixtures, st.floats(1e-6, 500))
def test_the_heat_is_found_again_in_the_enthalpies(mixture, heat):
    found = adiabatic_temperature(heat, mixture)
    low, high = (content(found.temperature_k, mixture, molten=m) for m in (False, True))
    slack = 1e-6 * heat + 1e-9
    if found.limit:
        assert low <= heat + slack
    else:
        assert low - slack <= heat <= high + slack
    assert T0 <= found.temperature_k <= HIGHEST_TEMPERATURE_K


@QUICK
@given(mixtures, st.floats(1e-3, 200), st.floats(1.0, 5.0))
def test_more_heat_never_cools(mixture, heat, factor):
    colder, hotter = (adiabatic_temperature(q, mixture).temperature_k for q in (heat, heat * factor))
    assert hotter >= colder - 1e-6


@QUICK
@given(mixtures, st.floats(1e-3, 200), st.floats(1.0, 5.0))
def test_more_of_the_same_never_heats(mixture, heat, factor):
    larger = {f: n * factor for f, n in mixture.items()}
    assert (
        adiabatic_temperature(heat, larger).temperature_k <= adiabatic_temperature(heat, mixture).temperature_k + 1e-6
    )


@QUICK
@given(mixtures, st.floats(1e-3, 200), st.floats(0.01, 100))
def test_only_heat_per_amount_counts(mixture, heat, factor):
    scaled = adiabatic_temperature(heat * factor, {f: n * factor for f, n in mixture.items()})
    assert scaled.temperature_k == pytest.approx(adiabatic_temperature(heat, mixture).temperature_k, abs=1e-4)


def test_two_melting_points_in_one_mixture():
    # gallium at 302.9 K first, then lithium
    mixture = {"Li": 1.0, "Ga": 1.0}
    to_gallium = 4.7646 * (24.65 + 26.1)
    assert adiabatic_temperature(to_gallium + 2800, mixture).temperature_k == pytest.approx(302.9146)
    to_lithium = content(MELTING, mixture, molten=False)
    assert adiabatic_temperature(to_lithium + 1500, mixture).temperature_k == MELTING
    assert adiabatic_temperature(to_lithium + 3100, mixture).temperature_k > MELTING


def test_the_papers_heat_melts_about_115_um_of_lithium():
    amount = melted_amount_mol_per_cm2(6.34, "Li")
    assert amount == pytest.approx(6.34 / (TO_MELTING + FUSION), rel=1e-5)
    # 1 %: handbook values of melting and heat capacity spread as much
    assert amount * (6.94 / 0.534) * 1e4 == pytest.approx(115, rel=0.01)


def test_melting_of_nothing_and_of_a_liquid():
    assert melted_amount_mol_per_cm2(0.0, "Li") == 0.0
    assert melted_amount_mol_per_cm2(-3.0, "Li") == 0.0
    assert melted_amount_mol_per_cm2(1.0, "Hg") is None


def test_estimates_are_noted():
    notes = " ".join(adiabatic_temperature(1.0, {"Li3Sb": 1.0, "Sb2O3": 1.0}).notes)
    assert "Neumann-Kopp" in notes
    assert "constant" in notes
    assert "heat capacity heat capacity" not in " ".join(adiabatic_temperature(1.0, {"Li": 1.0}).notes)


def test_a_liquid_metal_is_no_lack_of_data():
    # mercury is liquid at 298 K: there is no melting that could be counted
    assert "not counted" not in " ".join(adiabatic_temperature(1.0, {"Hg": 1.0}).notes)
