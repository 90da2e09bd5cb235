"""Transport: units of the paper's formulas, effective media against closed forms."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licoat.workflows.layer import transport

QUICK = settings(max_examples=200, deadline=None, derandomize=True, database=None)
phase = st.tuples(st.floats(0.001, 1.0), st.one_of(st.just(0.0), st.floats(1e-12, 1e3)))
mixtures = st.lists(phase, min_size=1, max_size=5).map(
    lambda rows: ([f / sum(f for f, _ in rows) for f, _ in rows], [s for _, s in rows])
)


def test_the_papers_note_3():
    # 1.3 ohm of 10 um on a disc of 12 mm, 1.131 cm2
    assert transport.conductivity_from_resistance_s_per_cm(10.0, 1.3, 1.131) == pytest.approx(6.80e-4, rel=1e-3)
    # ohm cm2 of the same layer
    assert transport.area_resistance_ohm_cm2(10.0, 6.80e-4) == pytest.approx(1.3 * 1.131, rel=1e-3)


def test_the_papers_note_2_units():
    # 1 V, 1 cm2, 10 um, 22.2 mA: 45 kohm cm has 45 ohm cm2
    rho = transport.resistivity_from_current_ohm_cm(1.0, 1.0, 1 / 45.0, 10.0)
    assert rho == pytest.approx(45_000)
    assert transport.leakage_ma_per_cm2(1.0, rho, 10.0) == pytest.approx(1000 / 45.0)


def test_conductivity_and_resistivity_are_inverse():
    sigma = transport.conductivity_from_resistance_s_per_cm(7.0, 3.0, 2.0)
    rho = transport.resistivity_from_current_ohm_cm(0.6, 2.0, 0.2, 7.0)  # 0.6 V / 0.2 A = 3 ohm
    assert sigma * rho == pytest.approx(1.0)


def test_polarisation_is_ohms_law():
    assert transport.polarisation_mv(2.0, 1.47) == pytest.approx(2.94)
    # 1e-4 S/cm of 10 um: 10 ohm cm2, at 1 mA/cm2 10 mV
    assert transport.polarisation_mv(1.0, transport.area_resistance_ohm_cm2(10.0, 1e-4)) == pytest.approx(10.0)


@pytest.mark.parametrize(("share", "connected"), [(0.0, False), (0.159, False), (0.16, True), (0.66, True), (1, True)])
def test_percolation_begins_at_scher_and_zallen(share, connected):
    assert transport.percolates(share) is connected


def test_percolation_with_another_threshold():
    assert not transport.percolates(0.3, 1 / 3)


@QUICK
@given(st.floats(0.001, 0.999), st.floats(1e-9, 1e9), st.floats(1e-9, 1e9))
def test_two_phases_solve_the_quadratic(f, a, b):
    # 2 s^2 - s h - a b = 0 with h = (3f - 1) a + (3(1-f) - 1) b
    h = (3 * f - 1) * a + (2 - 3 * f) * b
    root = math.sqrt(h * h + 8 * a * b)
    exact = (h + root) / 4 if h > 0 else 2 * a * b / (root - h)
    assert transport.bruggeman([f, 1 - f], [a, b]) == pytest.approx(exact, rel=1e-6)


def test_half_and_half_by_hand():
    # 50:50 of 1 and 4: h = 2.5, (2.5 + sqrt(6.25 + 32)) / 4
    assert transport.bruggeman([0.5, 0.5], [1.0, 4.0]) == pytest.approx((2.5 + math.sqrt(38.25)) / 4)


@pytest.mark.parametrize("share", [0.34, 0.5, 0.9, 1.0])
def test_above_a_third_a_conductor_in_an_insulator_conducts_linearly(share):
    assert transport.bruggeman([share, 1 - share], [5.0, 0.0]) == pytest.approx(5.0 * (3 * share - 1) / 2, rel=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.333])
def test_below_a_third_it_is_blocked(share):
    assert transport.bruggeman([share, 1 - share], [5.0, 0.0]) == pytest.approx(0.0, abs=1e-12)


def test_a_dilute_share_follows_maxwell():
    f = 1e-5  # slope 3 (s_i - s_m) / (s_i + 2 s_m)
    slope = (transport.bruggeman([f, 1 - f], [10.0, 1.0]) - 1.0) / f
    assert slope == pytest.approx(3 * 9 / 12, rel=1e-3)


@QUICK
@given(mixtures)
def test_the_medium_solves_its_equation_between_the_wiener_bounds(mixture):
    fractions, sigmas = mixture
    found = transport.bruggeman(fractions, sigmas)
    arithmetic = math.fsum(f * s for f, s in zip(fractions, sigmas, strict=True))
    assert min(sigmas) * (1 - 1e-9) <= found <= max(sigmas) * (1 + 1e-9)
    assert found <= arithmetic * (1 + 1e-9)
    if min(sigmas) > 0:
        assert found >= (1 - 1e-9) / math.fsum(f / s for f, s in zip(fractions, sigmas, strict=True))
    if found > 0 and min(sigmas) != max(sigmas):
        rest = math.fsum(f * (s - found) / (s + 2 * found) for f, s in zip(fractions, sigmas, strict=True))
        assert rest == pytest.approx(0.0, abs=1e-7)


@QUICK
@given(mixtures, st.integers(0, 1000), st.floats(1e-6, 1e6))
def test_order_and_unit_do_not_count(mixture, seed, factor):
    rows = list(zip(*mixture, strict=True))
    random.Random(seed).shuffle(rows)  # noqa: S311 - any order will do
    again = transport.bruggeman([f for f, _ in rows], [s * factor for _, s in rows])
    assert again == pytest.approx(factor * transport.bruggeman(*mixture), rel=1e-6, abs=1e-30)


def test_equal_phases_and_ghosts():
    assert transport.bruggeman([0.2, 0.3, 0.5], [3.0, 3.0, 3.0]) == 3.0
    assert transport.bruggeman([1.0, 0.0], [3.0, 1e9]) == 3.0
    assert transport.bruggeman([0.5, 0.5], [0.0, 0.0]) == 0.0
