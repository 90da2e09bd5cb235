"""Elastic bounds of a composite."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licoat.structures.crystals.averages import reuss, voigt

QUICK = settings(max_examples=200, deadline=None, derandomize=True, database=None)

composites = st.lists(st.tuples(st.floats(0.001, 1), st.floats(0.01, 1000)), min_size=1, max_size=6).map(
    lambda rows: (np.array([f for f, _ in rows]) / sum(f for f, _ in rows), np.array([m for _, m in rows]))
)


@QUICK
@given(composites)
def test_bounds_are_ordered_and_within_the_phases(composite):
    fractions, moduli = composite
    low, high = reuss(fractions, moduli), voigt(fractions, moduli)
    slack = 1 + 1e-12  # rounding of sums
    assert moduli.min() <= low * slack
    assert low <= high * slack
    assert high <= moduli.max() * slack


@QUICK
@given(composites)
def test_bounds_are_arithmetic_and_harmonic_means_and_dual(composite):
    fractions, moduli = composite
    assert voigt(fractions, moduli) == pytest.approx(np.average(moduli, weights=fractions), rel=1e-12)
    # Reuss in moduli is Voigt in compliances
    assert 1 / reuss(fractions, moduli) == pytest.approx(voigt(fractions, 1 / moduli), rel=1e-12)


@QUICK
@given(composites, st.floats(0.01, 1000))
def test_equal_moduli_leave_no_room_between_the_bounds(composite, modulus):
    fractions, moduli = composite
    same = np.full_like(moduli, modulus)
    assert reuss(fractions, same) == pytest.approx(modulus, rel=1e-12)
    assert voigt(fractions, same) == pytest.approx(modulus, rel=1e-12)


@QUICK
@given(composites, st.floats(1.0, 5.0))
def test_a_stiffer_phase_never_softens_the_layer(composite, factor):
    fractions, moduli = composite
    stiffer = moduli * np.array([factor, *[1.0] * (len(moduli) - 1)])
    assert reuss(fractions, stiffer) >= reuss(fractions, moduli) * (1 - 1e-12)
    assert voigt(fractions, stiffer) >= voigt(fractions, moduli) * (1 - 1e-12)


def test_a_phase_of_no_volume_does_not_count():
    assert reuss([1.0, 0.0], [10.0, 1.0]) == pytest.approx(10.0)
    assert voigt([1.0, 0.0], [10.0, 1.0]) == pytest.approx(10.0)


@pytest.mark.parametrize("bound", [reuss, voigt])
def test_fractions_and_moduli_must_match_in_number(bound):
    with pytest.raises(ValueError, match="zip"):
        bound([0.5, 0.5], [1.0])
