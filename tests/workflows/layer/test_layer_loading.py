"""Loading: mass, amount, thickness and charge against the numbers of lithium."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import constants

from licoat.workflows.layer import loading

QUICK = settings(max_examples=100, deadline=None, derandomize=True, database=None)
positive = st.floats(1e-6, 1e6)
amounts = st.one_of(st.just(0.0), st.floats(1e-12, 1e3))
M_LI = 6.94
RHO_LI = 0.534
V_LI_A3 = M_LI / RHO_LI / constants.N_A * 1e24


def test_lithium_has_3861_mah_per_gram():
    amount = loading.amount_mol_per_cm2(1000.0, M_LI)  # 1 g
    # 5e-4: atomic mass of 6.94 or 6.941
    assert loading.capacity_mah_per_cm2(amount) == pytest.approx(3861, rel=5e-4)


def test_a_micrometre_of_lithium_has_a_fifth_of_a_milliampere_hour():
    amount = loading.amount_of_thickness_mol_per_cm2(1.0, V_LI_A3)
    assert loading.capacity_mah_per_cm2(amount) == pytest.approx(0.2062, rel=5e-4)
    assert 1 / loading.capacity_mah_per_cm2(amount) == pytest.approx(4.85, rel=1e-3)


def test_mass_of_a_film_is_thickness_times_density():
    amount = loading.amount_of_thickness_mol_per_cm2(20.0, V_LI_A3)
    assert loading.mass_mg_per_cm2(amount, M_LI) == pytest.approx(20e-4 * RHO_LI * 1000, rel=1e-9)


def test_charge_is_that_of_the_ion():
    # magnesium: 2205 mAh/g, aluminium 2980 mAh/g
    assert loading.capacity_mah_per_cm2(1 / 24.305, 2) == pytest.approx(2205, rel=1e-3)
    assert loading.capacity_mah_per_cm2(1 / 26.982, 3) == pytest.approx(2980, rel=1e-3)


@QUICK
@given(positive, positive)
def test_mass_and_thickness_go_there_and_back(value, unit):
    amount = loading.amount_mol_per_cm2(value, unit)
    assert loading.mass_mg_per_cm2(amount, unit) == pytest.approx(value, rel=1e-12)
    amount = loading.amount_of_thickness_mol_per_cm2(value, unit)
    assert loading.thickness_um(amount, unit) == pytest.approx(value, rel=1e-12)


@QUICK
@given(amounts, amounts)
def test_extent_never_needs_more_than_there_is(needed, available):
    extent = loading.extent_of_reaction(needed, available)
    assert 0.0 <= extent <= 1.0
    assert extent * needed <= available * (1 + 1e-12)
    if needed <= available:
        assert extent == 1.0
    else:
        assert extent * needed == pytest.approx(available, rel=1e-12)


def test_extent_at_the_edges():
    assert loading.extent_of_reaction(0.0, 0.0) == 1.0
    assert loading.extent_of_reaction(1.0, 0.0) == 0.0
    assert loading.extent_of_reaction(2.0, 0.5) == 0.25


def test_five_micrometres_of_product_need_the_papers_loading():
    # Sb2O3 291.52 g/mol; Li3Sb 70.96 A3 and Li2O 24.64 A3 per formula unit: 2 * 70.96 + 3 * 24.64 = 215.8 A3
    amount = loading.amount_mol_per_cm2(1.121, 291.52)
    product = 2 * 70.96 + 3 * 24.64
    assert loading.thickness_um(amount, product) == pytest.approx(5.0, rel=2e-3)
    # and 12 Li for each: 4.614e-5 mol/cm2 of 13.0 cm3/mol are 6.0 um
    assert loading.thickness_um(12 * amount, V_LI_A3) == pytest.approx(6.0, rel=2e-3)
