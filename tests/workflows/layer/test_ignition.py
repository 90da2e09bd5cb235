"""Ignition and stripping: closed balances, limits, published potentials."""

import dataclasses
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licoat.structures.phases.enthalpy import enthalpy_of
from licoat.thermo import lithiate
from licoat.workflows.layer import LayerOptions, layer_material
from licoat.workflows.layer.design import evaluate_layer
from licoat.workflows.layer.ignition import runaway_loading

QUICK = settings(max_examples=60, deadline=None, derandomize=True, database=None)


@pytest.fixture(scope="module")
def make(builtin):
    """Make a layer of an oxide, from a material that is collected once."""
    known = {}

    def layer(oxide, loading, foil=50.0, **options):
        if oxide not in known:
            path = lithiate(oxide, builtin)
            known[oxide] = layer_material(path), path
        return evaluate_layer(*known[oxide], loading, foil, LayerOptions(**options))

    return layer


positive = st.floats(1e-3, 1e3)


@QUICK
@given(positive, positive, positive, positive)
def test_the_loading_without_loss_closes_its_balance(excess, eaten, foil, metal):
    found = runaway_loading(excess, eaten, foil, metal)
    assert excess * found == pytest.approx((foil - eaten * found) * metal, abs=1e-9 * foil * metal)
    assert 0.0 < found < foil / eaten
    assert runaway_loading(excess, eaten, foil, metal, lambda _: 0.0) == pytest.approx(found, rel=1e-6)
    cooled = runaway_loading(excess, eaten, foil, metal, lambda _: 0.1 * foil * metal)
    assert cooled > found


def test_a_heat_that_warms_nothing_never_runs_away():
    assert runaway_loading(0.0, 1.0, 1.0, 1.0) == math.inf
    assert runaway_loading(-1.0, 1.0, 1.0, 1.0) == math.inf
    assert runaway_loading(1.0, 1.0, 1.0, 1.0, lambda _: 1e9) == math.inf


@QUICK
@given(st.floats(5.0, 200.0))
def test_at_the_lower_bound_the_foil_just_reaches_its_melting_point(make, foil):
    low = make("Sb2O3", 1.0, foil).ignition.runaway_loading_low_mg_per_cm2
    assert make("Sb2O3", low * 0.999, foil).foil_temperature_k < 453.7
    assert make("Sb2O3", low * 1.001, foil).foil_temperature_k == pytest.approx(453.65, abs=0.3)  # lithium melts
    through = make("Sb2O3", 1.0, foil).ignition.burn_through_loading_mg_per_cm2
    assert make("Sb2O3", through * 1.01, foil).foil_temperature_k > 453.8
    assert low < through


def test_by_hand(make):
    # 50 um of lithium: 3.84e-4 mol/cm2 of 4.0 kJ/mol to 453.65 K, against 5.65 J/mg less that of the products
    layer = make("Sb2O3", 1.0)
    metal = enthalpy_of("Li").increment_j_per_mol(453.65)
    amount = 1e-3 / 291.52
    products = sum(n * amount * enthalpy_of(f).increment_j_per_mol(453.65) for f, n in (("Li3Sb", 2), ("Li2O", 3)))
    by_hand = 50e-4 / 13.012 * metal / (5.651 - products + 12 * amount * metal)
    assert layer.runaway_loading_low_mg_per_cm2 == pytest.approx(by_hand, rel=2e-3)


def test_a_longer_press_and_a_better_bed_cool_more(make):
    one = make("Sb2O3", 1.0, 100.0).runaway_loading_high_mg_per_cm2
    assert make("Sb2O3", 1.0, 100.0, press_time_s=0.2).runaway_loading_high_mg_per_cm2 > one
    assert make("Sb2O3", 1.0, 100.0, bed_conductivity_w_per_m_k=0.3).runaway_loading_high_mg_per_cm2 > one
    low = make("Sb2O3", 1.0, 100.0).runaway_loading_low_mg_per_cm2
    short = make("Sb2O3", 1.0, 100.0, press_time_s=1e-9).runaway_loading_high_mg_per_cm2
    assert short == pytest.approx(low, rel=0.01)


def test_the_inert_powder_takes_exactly_the_surplus(make):
    layer = make("Sb2O3", 1.0)
    share = layer.inert_share
    oxide = enthalpy_of("Li2O").increment_j_per_mol(453.65) / 29.88 * 1e-3  # J/mg
    inert = share / (1 - share) * oxide
    amount = 1e-3 / 291.52
    products = sum(n * amount * enthalpy_of(f).increment_j_per_mol(453.65) for f, n in (("Li3Sb", 2), ("Li2O", 3)))
    foil = layer.lithium_left_um * 1e-4 / 13.012 * enthalpy_of("Li").increment_j_per_mol(453.65)
    assert inert + products + foil == pytest.approx(5.651, rel=2e-3)
    assert make("Sb2O3", 0.9 * layer.runaway_loading_low_mg_per_cm2).inert_share == 0.0


@pytest.mark.parametrize("oxide", ["CaO", "MgO"])
def test_without_heat_nothing_runs_away(make, oxide):
    layer = make(oxide, 1.0)
    assert layer.melting_reached == 0.0
    assert layer.runaway_loading_low_mg_per_cm2 == layer.runaway_loading_high_mg_per_cm2 == math.inf
    assert layer.inert_share == 0.0
    assert layer.to_dict()["runaway_loading_low_mg_per_cm2"] is None


def test_bounds_are_ordered_on_every_screened_oxide(make, default_screen):
    for candidate in default_screen.candidates[:40]:
        found = make(candidate.path.oxide, 1.0).ignition
        if found.runaway_loading_low_mg_per_cm2 is not None and found.runaway_loading_high_mg_per_cm2 is not None:
            assert found.runaway_loading_low_mg_per_cm2 <= found.runaway_loading_high_mg_per_cm2
            assert found.runaway_loading_low_mg_per_cm2 <= found.burn_through_loading_mg_per_cm2


# Stripping


@pytest.mark.parametrize(("oxide", "volts"), [("Sb2O3", 0.95), ("Bi2O3", 0.8), ("SnO2", 0.4)])
def test_the_layer_gives_its_lithium_back_near_the_measured_plateau(make, oxide, volts):
    # voltages.csv: Li3Sb 0.95 V, Li3Bi 0.8; Li-Sn ends between 0.38 and 0.48 V
    layer = make(oxide, 1.0)
    assert abs(layer.strip_potential_v - volts) < max(0.2, layer.strip_potential_sigma_v or 0.0)
    assert layer.oxide_potential_v > layer.strip_potential_v


def test_capacity_and_volume_of_the_stripped_layer_by_hand(make):
    layer = make("Sb2O3", 1.0)
    # 6 Li of 291.52 g/mol: 551.6 mAh/g, half of what the oxide took
    assert layer.strip_capacity_mah_per_cm2 == pytest.approx(0.5 * layer.lithium_consumed_mah_per_cm2)
    assert layer.strip_share_of_cathode == pytest.approx(layer.strip_capacity_mah_per_cm2 / 2.7)
    # Sb 30.2, Li2O 24.6, Li3Sb 71.0 A3
    assert layer.stripped_volume_ratio == pytest.approx((2 * 30.2 + 3 * 24.6) / (2 * 71.0 + 3 * 24.6), rel=0.01)


def test_a_metal_with_lithium_oxide_cycles_nothing_below_the_oxide(make):
    layer = make("CuO", 1.0)
    assert layer.strip_capacity_mah_per_cm2 == 0.0
    assert layer.strip_potential_v == layer.oxide_potential_v > 1.0
    assert layer.stripped_volume_ratio is None


@QUICK
@given(st.floats(0.01, 5.0), st.floats(0.0, 1.0))
def test_what_is_stripped_was_consumed(make, loading, conversion):
    layer = make("SnO2", loading, 30.0, conversion=conversion)
    assert 0.0 <= layer.strip_capacity_mah_per_cm2 <= layer.lithium_consumed_mah_per_cm2 * (1 + 1e-9)


def test_an_inert_oxide_is_not_stripped(make):
    layer = make("CaO", 1.0)
    assert layer.strip_potential_v is None
    assert layer.strip_capacity_mah_per_cm2 == 0.0
    assert dataclasses.asdict(layer.stripping)["unknown"]["strip_potential_v"] == "CaO takes up no Li"
