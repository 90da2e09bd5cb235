"""The effective medium: limits, closed forms, bounds that no isotropic mixture leaves."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licoat.workflows.layer.bands import Band
from licoat.workflows.layer.percolation import PERCOLATION_THRESHOLD, effective_conductivity, percolates
from licoat.workflows.layer.transport import mixed_band

QUICK = settings(max_examples=200, deadline=None, derandomize=True, database=None)
phase = st.tuples(st.floats(0.001, 1.0), st.one_of(st.just(0.0), st.floats(1e-12, 1e3)))
mixtures = st.lists(phase, min_size=1, max_size=5).map(
    lambda rows: ([f / sum(f for f, _ in rows) for f, _ in rows], [s for _, s in rows])
)
decades = st.floats(-15.0, 6.0)
bands = st.tuples(decades, decades).map(lambda ends: Band(min(ends), max(ends)))


@pytest.mark.parametrize(("share", "connected"), [(0.0, False), (0.159, False), (0.16, True), (0.66, True), (1, True)])
def test_percolation_begins_at_scher_and_zallen(share, connected):
    assert percolates(share) is connected


@QUICK
@given(st.floats(0.0, 1.0), st.floats(1e-6, 1e6))
def test_a_conductor_in_an_insulator_and_its_percolation_agree(share, sigma):
    found = effective_conductivity([share, 1.0 - share], [sigma, 0.0])
    above = max(share - PERCOLATION_THRESHOLD, 0.0) / (1.0 - PERCOLATION_THRESHOLD)
    assert found == pytest.approx(sigma * above**2, rel=1e-6, abs=1e-12 * sigma)
    if abs(share - PERCOLATION_THRESHOLD) > 1e-6:
        assert (found > 0.0) is percolates(share)


@QUICK
@given(st.floats(0.001, 0.999), st.floats(1e-9, 1e9), st.floats(1e-9, 1e9))
def test_bruggeman_is_the_case_of_a_third_and_exponent_one(f, a, b):
    # 2 s^2 - s h - a b = 0 with h = (3f - 1) a + (3(1-f) - 1) b
    h = (3 * f - 1) * a + (2 - 3 * f) * b
    root = math.sqrt(h * h + 8 * a * b)
    exact = (h + root) / 4 if h > 0 else 2 * a * b / (root - h)
    found = effective_conductivity([f, 1 - f], [a, b], threshold=1 / 3, exponent=1.0)
    assert found == pytest.approx(exact, rel=1e-6)


@QUICK
@given(st.floats(0.05, 0.95), st.floats(0.98, 1.02))
def test_phases_that_differ_little_follow_the_exact_expansion(f, other):
    mean = f + (1 - f) * other
    variance = f * (1 - f) * (1 - other) ** 2
    found = effective_conductivity([f, 1 - f], [1.0, other])
    assert mean - found == pytest.approx(variance / 3 / mean, rel=0.05, abs=1e-9)  # Brown 1955; 1 % and third order


@QUICK
@given(st.floats(0.02, 0.98), st.floats(1e-6, 1e6))
def test_two_phases_lie_between_hashin_and_shtrikman(f, other):
    """No isotropic mixture leaves these bounds (J. Appl. Phys. 33, 3125 (1962))."""
    (fl, low), (fh, high) = sorted([(f, 1.0), (1 - f, other)], key=lambda p: p[1])
    if low == high:
        return
    lower = low + fh / (1 / (high - low) + fl / (3 * low))
    upper = high + fl / (1 / (low - high) + fh / (3 * high))
    found = effective_conductivity([f, 1 - f], [1.0, other])
    slack = 0.01 * (upper - lower) + 0.01 * (f * (1 - f) * (high - low) ** 2 / (3 * (fl * low + fh * high)))
    assert lower - slack <= found <= upper + slack


@QUICK
@given(mixtures)
def test_the_medium_lies_between_the_wiener_bounds(mixture):
    fractions, sigmas = mixture
    found = effective_conductivity(fractions, sigmas)
    arithmetic = math.fsum(f * s for f, s in zip(fractions, sigmas, strict=True))
    assert min(sigmas) * (1 - 1e-9) <= found <= arithmetic * (1 + 1e-9)
    if min(sigmas) > 0:
        assert found >= (1 - 1e-9) / math.fsum(f / s for f, s in zip(fractions, sigmas, strict=True))


@QUICK
@given(mixtures, st.integers(0, 1000), st.floats(1e-6, 1e6))
def test_order_and_unit_do_not_count(mixture, seed, factor):
    rows = list(zip(*mixture, strict=True))
    random.Random(seed).shuffle(rows)  # noqa: S311 - any order will do
    again = effective_conductivity([f for f, _ in rows], [s * factor for _, s in rows])
    assert again == pytest.approx(factor * effective_conductivity(*mixture), rel=1e-6, abs=1e-12 * factor)


def test_one_phase_equal_phases_and_ghosts():
    assert effective_conductivity([1.0], [3.0]) == pytest.approx(3.0)
    assert effective_conductivity([0.2, 0.3, 0.5], [3.0, 3.0, 3.0]) == pytest.approx(3.0)
    assert effective_conductivity([1.0, 0.0], [3.0, 1e9]) == pytest.approx(3.0)
    assert effective_conductivity([0.5, 0.5], [0.0, 0.0]) == 0.0


# Bands of mixtures


@QUICK
@given(st.lists(st.tuples(st.floats(0.01, 1.0), bands), min_size=1, max_size=4), st.floats(0.0, 0.99))
def test_a_band_holds_every_mixture_of_what_its_phases_may_be(rows, porosity):
    total = math.fsum(f for f, _ in rows)
    fractions = [f / total * (1.0 - porosity) for f, _ in rows]
    found = mixed_band(fractions, [band for _, band in rows])
    for end in ("low", "middle", "high"):
        sigmas = [10.0 ** getattr(band, end) for _, band in rows]
        mixed = effective_conductivity([*fractions, 1.0 - math.fsum(fractions)], [*sigmas, 0.0])
        if mixed > 0.0:
            assert found.low - 1e-6 <= math.log10(mixed) <= found.high + 1e-6
        else:
            assert found.low == -math.inf
    if not percolates(1.0 - porosity):
        assert found.low == found.high == -math.inf  # dust


@QUICK
@given(bands)
def test_a_dense_layer_of_one_phase_has_its_band(band):
    assert mixed_band([1.0], [band]) == band or mixed_band([1.0], [band]).low == pytest.approx(band.low)
    assert mixed_band([1.0], [band]).high == pytest.approx(band.high)


@QUICK
@given(bands)
def test_all_pores_do_not_conduct(band):
    found = mixed_band([0.0], [band])
    assert found.low == found.high == -math.inf


@QUICK
@given(st.floats(0.0, 1.0), bands, bands)
def test_a_mixture_that_holds_an_unknown_phase_is_open_above_where_that_is_connected(share, known, guess):
    found = mixed_band([share, 1.0 - share], [None, known])
    assert (found.high == math.inf) is percolates(share)
    told = mixed_band([share, 1.0 - share], [guess, known])
    assert found.low <= told.low + 1e-6
    assert found.high >= told.high - 1e-6 or percolates(share)


def test_a_band_is_ordered():
    with pytest.raises(ValueError, match="lower bound comes first"):
        Band(2.0, 1.0)
    assert Band(-1.0, 3.0).inverse == Band(-3.0, 1.0)
    assert Band(0.0, 2.0).times(100.0) == Band(2.0, 4.0)
