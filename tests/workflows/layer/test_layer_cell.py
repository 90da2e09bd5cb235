"""The cell: savings, cycles and stack energy by hand."""

import math

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from licoat.workflows.layer import cell

QUICK = settings(max_examples=200, deadline=None, derandomize=True, database=None)


def test_film_masses():
    assert cell.film_mass_mg_per_cm2(10.0, 8.96) == pytest.approx(8.96)  # 10 um of copper, as every handbook has it
    assert cell.film_mass_mg_per_cm2(20.0, 0.534) == pytest.approx(1.068)


def test_copper_density():
    assert pytest.approx(8.96, abs=0.01) == cell.COPPER_DENSITY_G_PER_CM3


def test_savings():
    assert cell.relative_saving(30.0, 40.0) == pytest.approx(0.25)
    assert cell.relative_saving(50.0, 40.0) == pytest.approx(-0.25)
    assert cell.relative_saving(40.0, 40.0) == 0.0


def test_negative_to_positive_ratio():
    assert cell.negative_to_positive_ratio(8.1, 2.7) == pytest.approx(3.0)


def test_cycles_with_a_large_reserve():
    # 27 mAh/cm2 of reserve, 2.7 cycled at 99 %: 0.027 lost each time, 1000 cycles before the capacity shrinks
    cycles = cell.cycle_life(27.0, 2.7, 0.99, end_of_life=1.0)
    assert cycles == pytest.approx(1000)
    # and some twenty more down to 80 %
    assert 1020 - 1e-9 <= cell.cycle_life(27.0, 2.7, 0.99) <= 1022.3


def test_cycles_without_reserve_are_geometric():
    n = cell.cycle_life(0.0, 2.7, 0.99)
    assert 0.99**n == pytest.approx(0.8)
    assert n == pytest.approx(22.2, rel=1e-3)


def test_cycles_against_a_simulation():
    # cycle by cycle: the reserve pays first, then the capacity shrinks with each cycle
    reserve, full, efficiency = 1.0, 2.7, 0.98
    capacity, n = full, 0
    while capacity > 0.8 * full:
        lost = (1 - efficiency) * capacity
        paid = min(reserve, lost)
        reserve -= paid
        capacity -= lost - paid
        n += 1
    # a cycle at the change and one at the end are whole in the simulation
    assert cell.cycle_life(1.0, full, efficiency) == pytest.approx(n, abs=1.01)


def test_a_perfect_electrode_lives_for_ever():
    assert cell.cycle_life(1.0, 2.7, 1.0) == math.inf
    assert cell.cycle_life(0.0, 2.7, 1.0) == math.inf
    assert cell.cycle_life(1.0, 2.7, 1 - 1e-12) > 1e11


def test_a_trace_of_reserve_changes_nothing():
    none, trace = cell.cycle_life(0.0, 2.7, 0.9), cell.cycle_life(1e-9, 2.7, 0.9)
    assert trace == pytest.approx(none, rel=1e-6)


@QUICK
@given(st.floats(0, 50), st.floats(0, 50), st.floats(0.5, 0.9999), st.floats(0.1, 10))
@example(0.0, 0.001, 0.99, 2.7)
def test_more_lithium_never_shortens_life(first, second, efficiency, cathode):
    low, high = sorted((first, second))
    assert cell.cycle_life(low, cathode, efficiency) <= cell.cycle_life(high, cathode, efficiency) * (1 + 1e-9)


@QUICK
@given(st.floats(0, 50), st.floats(0.5, 0.999), st.floats(1.0, 1.0009))
def test_a_better_electrode_lives_longer(reserve, efficiency, factor):
    assert cell.cycle_life(reserve, 2.7, efficiency * factor) >= cell.cycle_life(reserve, 2.7, efficiency) * (1 - 1e-9)


def test_stack_energies_by_hand():
    # 2.7 mAh/cm2 * 3.4 V = 9.18 mWh/cm2 in 30 mg/cm2 and 150 um
    assert cell.stack_energy_wh_per_kg(2.7, 3.4, 30.0) == pytest.approx(306.0)
    assert cell.stack_energy_wh_per_l(2.7, 3.4, 150.0) == pytest.approx(612.0)


def test_energy_per_litre_is_per_kilogram_times_density():
    per_kg = cell.stack_energy_wh_per_kg(2.7, 3.4, cell.film_mass_mg_per_cm2(150.0, 2.0))
    assert cell.stack_energy_wh_per_l(2.7, 3.4, 150.0) == pytest.approx(2.0 * per_kg)
