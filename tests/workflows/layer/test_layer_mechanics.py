"""Hashin-Shtrikman bounds, pores, flaws: closed forms, limits and properties."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import constants

from licoat.structures.crystals.averages import hill, poisson_ratio, youngs_modulus_gpa
from licoat.workflows.layer.mechanics import (
    composite_bounds,
    critical_flaw_um,
    deposition_pressure_mpa,
    with_pores,
)

QUICK = settings(max_examples=300, deadline=None, derandomize=True, database=None)
modulus = st.one_of(st.just(0.0), st.floats(0.01, 1000.0))
solid = st.tuples(st.floats(0.001, 1.0), st.floats(0.01, 1000.0), st.floats(0.01, 1000.0))
pore = st.tuples(st.floats(0.001, 1.0), st.just(0.0), st.just(0.0))


def shares(rows):
    total = sum(f for f, _, _ in rows)
    return [f / total for f, _, _ in rows], [k for _, k, _ in rows], [g for _, _, g in rows]


composites = st.lists(st.one_of(solid, solid, pore), min_size=1, max_size=6).map(shares)
solids = st.lists(solid, min_size=1, max_size=6).map(shares)


@QUICK
@given(composites)
def test_bounds_are_ordered_with_and_without_pores(composite):
    b = composite_bounds(*composite)
    slack = 1e-9 * (1 + max(composite[1]) + max(composite[2]))  # differences of large sums
    assert 0 <= b.bulk_reuss_gpa <= b.bulk_lower_gpa + slack
    assert b.bulk_lower_gpa <= b.bulk_upper_gpa + slack
    assert b.bulk_upper_gpa <= b.bulk_voigt_gpa + slack
    assert 0 <= b.shear_reuss_gpa <= b.shear_lower_gpa + slack
    assert b.shear_lower_gpa <= b.shear_upper_gpa + slack
    assert b.shear_upper_gpa <= b.shear_voigt_gpa + slack
    assert min(composite[1]) - slack <= b.bulk_reuss_gpa
    assert b.bulk_voigt_gpa <= max(composite[1]) + slack


@QUICK
@given(solids, st.floats(0.1, 500), st.floats(0.1, 500))
def test_equal_phases_leave_no_room(composite, k, g):
    fractions = composite[0]
    b = composite_bounds(fractions, [k] * len(fractions), [g] * len(fractions))
    for value in (b.bulk_reuss_gpa, b.bulk_lower_gpa, b.bulk_upper_gpa, b.bulk_voigt_gpa):
        assert value == pytest.approx(k, rel=1e-9)
    for value in (b.shear_reuss_gpa, b.shear_lower_gpa, b.shear_upper_gpa, b.shear_voigt_gpa):
        assert value == pytest.approx(g, rel=1e-9)


@QUICK
@given(composites, st.integers(0, 10**6))
def test_the_order_of_phases_does_not_count(composite, seed):
    rows = list(zip(*composite, strict=True))
    random.Random(seed).shuffle(rows)  # noqa: S311 - any order will do
    again = composite_bounds(*[list(column) for column in zip(*rows, strict=True)])
    first = composite_bounds(*composite)
    for name in first.__slots__:
        assert getattr(again, name) == pytest.approx(getattr(first, name), rel=1e-9, abs=1e-9)


@QUICK
@given(composites)
def test_a_split_phase_is_the_same_phase(composite):
    f, k, g = composite
    split = composite_bounds([f[0] / 3, 2 * f[0] / 3, *f[1:]], [k[0], *k], [g[0], *g])
    first = composite_bounds(f, k, g)
    for name in first.__slots__:
        assert getattr(split, name) == pytest.approx(getattr(first, name), rel=1e-9, abs=1e-9)


@QUICK
@given(solids, st.floats(0.01, 100))
def test_moduli_scale_with_their_unit(composite, factor):
    f, k, g = composite
    scaled = composite_bounds(f, [factor * x for x in k], [factor * x for x in g])
    first = composite_bounds(f, k, g)
    for name in first.__slots__:
        assert getattr(scaled, name) == pytest.approx(factor * getattr(first, name), rel=1e-7)


@QUICK
@given(st.floats(0.01, 0.99), st.floats(5, 300), st.floats(5, 300), st.floats(1.0, 10.0), st.floats(1.0, 10.0))
def test_two_phases_are_the_textbook_form(f2, k1, g1, a, b):
    # Hashin and Shtrikman 1963, eqs. 4.1-4.4, phase 2 the stiffer in both
    f1, k2, g2 = 1 - f2, k1 * a, g1 * b
    bounds = composite_bounds([f1, f2], [k1, k2], [g1, g2])

    def inclusion(fi, ki, gi, fm, km, gm):
        bulk = km
        if ki != km:
            bulk += fi / (1 / (ki - km) + 3 * fm / (3 * km + 4 * gm))
        if gi == gm:
            return bulk, gm
        return bulk, gm + fi / (1 / (gi - gm) + 6 * (km + 2 * gm) * fm / (5 * gm * (3 * km + 4 * gm)))

    lower, upper = inclusion(f2, k2, g2, f1, k1, g1), inclusion(f1, k1, g1, f2, k2, g2)
    # 1e-7: the textbook form subtracts moduli that may be nearly equal
    assert (bounds.bulk_lower_gpa, bounds.shear_lower_gpa) == pytest.approx(lower, rel=1e-7)
    assert (bounds.bulk_upper_gpa, bounds.shear_upper_gpa) == pytest.approx(upper, rel=1e-7)


def test_equal_shear_moduli_give_one_bulk_modulus():
    # Hill 1963: with one G the bulk modulus is exact
    b = composite_bounds([0.3, 0.7], [40.0, 160.0], [50.0, 50.0])
    exact = 1 / (0.3 / (40 + 200 / 3) + 0.7 / (160 + 200 / 3)) - 200 / 3
    assert b.bulk_lower_gpa == pytest.approx(exact)
    assert b.bulk_upper_gpa == pytest.approx(exact)


def test_a_phase_of_no_volume_does_not_bound():
    with_ghost = composite_bounds([0.5, 0.5, 0.0], [40, 80, 1e6], [30, 60, 1e6])
    assert with_ghost == composite_bounds([0.5, 0.5], [40, 80], [30, 60])


@pytest.mark.parametrize(
    ("fractions", "bulk", "shear"),
    [
        ([0.5, 0.6], [1, 1], [1, 1]),
        ([0.5, 0.4], [1, 1], [1, 1]),
        ([1.5, -0.5], [1, 1], [1, 1]),
        ([0.5, 0.5], [1, -1], [1, 1]),
        ([0.5, 0.5], [1, 1], [1, -1]),
    ],
)
def test_impossible_composites_are_refused(fractions, bulk, shear):
    with pytest.raises(ValueError, match="must sum to 1"):
        composite_bounds(fractions, bulk, shear)


@QUICK
@given(st.floats(5, 300), st.floats(5, 300), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_more_pores_never_stiffen(k, g, first, second):
    low, high = sorted((first, second))
    dense, open_ = with_pores(low, k, g), with_pores(high, k, g)
    assert open_[0] <= dense[0] * (1 + 1e-9) + 1e-9
    assert open_[1] <= dense[1] * (1 + 1e-9) + 1e-9
    assert open_[1] <= (1 - high) * g * (1 + 1e-9) + 1e-9  # Voigt


def test_pores_by_hand():
    assert with_pores(0.0, 80.0, 60.0) == (80.0, 60.0)
    assert with_pores(1.0, 80.0, 60.0) == (0.0, 0.0)
    # K = 4 G K (1-p) / (4 G + 3 p K), Mackenzie 1950
    k, _ = with_pores(0.2, 80.0, 60.0)
    assert k == pytest.approx(4 * 60 * 80 * 0.8 / (4 * 60 + 3 * 0.2 * 80))
    # dilute pores: G (1 - 5 p (3K + 4G) / (9K + 8G))
    p = 1e-4
    _, g = with_pores(p, 80.0, 60.0)
    assert g == pytest.approx(60 * (1 - 5 * p * (3 * 80 + 4 * 60) / (9 * 80 + 8 * 60)), rel=1e-6)


def test_isotropic_relations():
    # aluminium: K 76, G 26: E 70 GPa, nu 0.347
    assert youngs_modulus_gpa(76.0, 26.0) == pytest.approx(70.0, rel=2e-3)
    assert poisson_ratio(76.0, 26.0) == pytest.approx(0.347, abs=1e-3)


@QUICK
@given(st.floats(0.1, 1000), st.floats(0.1, 1000))
def test_moduli_are_two_numbers_in_four_guises(k, g):
    e, nu = youngs_modulus_gpa(k, g), poisson_ratio(k, g)
    assert e == pytest.approx(2 * g * (1 + nu), rel=1e-9)
    assert e == pytest.approx(3 * k * (1 - 2 * nu), rel=1e-9)
    assert -1 < nu < 0.5


def test_hill_is_the_middle():
    assert hill([0.5, 0.5], [10.0, 30.0]) == pytest.approx((20.0 + 15.0) / 2)


def test_a_tenth_of_a_volt_presses_with_741_mpa():
    volume = 13.02e-6 / constants.N_A * 1e30  # A3 per atom of 13.02 cm3/mol
    faraday = constants.value("Faraday constant")
    assert deposition_pressure_mpa(0.1, volume) == pytest.approx(0.1 * faraday / 13.02e-6 / 1e6)
    assert deposition_pressure_mpa(0.1, volume) == pytest.approx(741, rel=1e-3)
    assert deposition_pressure_mpa(0.1, volume, charge=2) == pytest.approx(1482, rel=1e-3)
    assert deposition_pressure_mpa(0.0, volume) == 0.0


def test_the_flaw_that_cracks_by_hand():
    # 1 MPa m^0.5 and 741 MPa: (1 / (1.12 * 741))^2 / pi = 4.62e-7 m
    assert critical_flaw_um(1.0, 741.0) == pytest.approx(0.462, rel=2e-3)
    # K = 1.12 p sqrt(pi a) at the answer
    a = critical_flaw_um(0.28, 300.0) * 1e-6
    assert 1.12 * 300.0 * math.sqrt(math.pi * a) == pytest.approx(0.28)
    assert critical_flaw_um(2.0, 741.0) == pytest.approx(4 * critical_flaw_um(1.0, 741.0))
