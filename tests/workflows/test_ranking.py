"""The weighted score and the Pareto front against their definitions."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from licoat.workflows.screening.criteria import Criterion, Measure, State, Verdict, evaluate
from licoat.workflows.screening.ranking import Score, pareto_front, score, score_text

QUICK = settings(max_examples=200, deadline=None, derandomize=True, database=None)


def verdict(probability):
    return Verdict(State.UNCERTAIN, 1.0, 1.0, 1.0, probability, "", "")


def judged(pairs):
    criteria = [Criterion(f"c{i}", "q", ">", 0.0, weight) for i, (weight, _) in enumerate(pairs)]
    return criteria, {f"c{i}": verdict(p) for i, (_, p) in enumerate(pairs)}


pairs = st.lists(st.tuples(st.floats(0.01, 100), st.floats(0, 1)), min_size=1, max_size=6)


@QUICK
@given(pairs)
def test_score_is_a_mean(drawn):
    criteria, verdicts = judged(drawn)
    found = score(criteria, verdicts).value
    probabilities = [p for _, p in drawn]
    assert min(probabilities) - 1e-12 <= found <= max(probabilities) + 1e-12  # rounding of a sum
    assert found == pytest.approx(np.average(probabilities, weights=[w for w, _ in drawn]), abs=1e-12)


@QUICK
@given(pairs, st.integers(0, 5), st.floats(0, 1), st.floats(0.1, 10))
def test_score_rises_with_every_probability_and_knows_no_scale_of_weights(drawn, which, better, factor):
    criteria, verdicts = judged(drawn)
    i = which % len(drawn)
    raised = verdicts | {f"c{i}": verdict(max(drawn[i][1], better))}
    assert score(criteria, raised).value >= score(criteria, verdicts).value - 1e-12
    scaled, _ = judged([(w * factor, p) for w, p in drawn])
    assert score(scaled, verdicts).value == pytest.approx(score(criteria, verdicts).value, abs=1e-12)


def test_all_pass_is_one_and_all_fail_is_zero():
    for probability in (0.0, 0.5, 1.0):
        criteria, verdicts = judged([(2.0, probability), (0.5, probability), (1.0, probability)])
        assert score(criteria, verdicts) == Score(probability, probability, probability)


def test_unknown_is_neither_failed_nor_half_passed():
    criteria = [Criterion(name, "q", ">", 0.0, weight) for name, weight in (("a", 1.0), ("b", 3.0))]
    unknown = evaluate(criteria[1], Measure(None, missing="nobody knows"))
    assert (unknown.state, unknown.probability) == (State.UNKNOWN, None)
    assert score(criteria, {"a": verdict(1.0), "b": unknown}) == Score(1.0, 0.25, 1.0)
    assert score(criteria, {"a": verdict(0.0), "b": unknown}) == Score(0.0, 0.0, 0.75)
    nothing = score(criteria, {"a": unknown, "b": unknown})
    assert nothing == Score(None, 0.0, 1.0)


@QUICK
@given(pairs, st.sets(st.integers(0, 5)))
def test_bounds_hold_what_the_unknown_may_turn_out_to_be(drawn, hidden):
    criteria, verdicts = judged(drawn)
    partly = {
        name: evaluate(criteria[i], Measure(None)) if i in hidden else v for i, (name, v) in enumerate(verdicts.items())
    }
    found, full = score(criteria, partly), score(criteria, verdicts)
    assert found.low - 1e-12 <= full.value <= found.high + 1e-12
    assert found.low <= full.low + 1e-12  # to know less is no merit
    if found.value is not None:
        assert found.low - 1e-12 <= found.value <= found.high + 1e-12


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_unknown_and_decides_nothing(bad):
    criterion = Criterion("c", "q", ">", 0.0)
    found = evaluate(criterion, Measure(bad))
    assert (found.state, found.value) == (State.UNKNOWN, None)
    assert "no number" in found.note
    assert Measure(bad, missing="not measured").missing == "not measured"
    assert evaluate(criterion, Measure(0.1, sigma=bad)) == evaluate(criterion, Measure(0.1))
    half_open = Measure(None, low=1.0, high=bad, missing="no gap of X")
    assert evaluate(criterion, half_open).state is State.UNKNOWN


def test_negative_sigma_is_none():
    criterion = Criterion("c", "q", ">", 0.0)
    assert Measure(0.1, sigma=-0.2) == Measure(0.1)
    assert evaluate(criterion, Measure(0.1, sigma=-0.2)).probability == 1.0
    assert Measure(-1.0, sigma=0.0) == Measure(-1.0, 0.0)  # a value may be negative, and a sigma zero


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0.84, 0.84, "0.84"), (0.84, 0.95, "0.84-0.95"), (0.8401, 0.8402, "0.84"), (0, 1, "0.00-1.00")],
)
def test_bounds_are_written_where_they_differ(low, high, text):
    assert score_text(low, high) == text


def brute_front(values, higher):
    """By definition, row against row, in plain Python."""

    def better_or_equal(a, b):
        return all((x >= y) if up else (x <= y) for x, y, up in zip(a, b, higher, strict=True))

    rows = [tuple(map(float, row)) for row in values]
    known = [not any(map(math.isnan, row)) for row in rows]
    complete = [row for row, k in zip(rows, known, strict=True) if k]
    beaten = [any(other != row and better_or_equal(other, row) for other in complete) for row in rows]
    return [k and not b for k, b in zip(known, beaten, strict=True)]


@st.composite
def tables(draw):
    n, k = draw(st.integers(0, 12)), draw(st.integers(1, 4))
    element = st.one_of(st.integers(-2, 2).map(float), st.floats(-1e3, 1e3), st.just(math.nan))
    values = draw(arrays(np.float64, (n, k), elements=element))
    return values, draw(st.lists(st.booleans(), min_size=k, max_size=k))


@QUICK
@given(tables())
def test_front_is_the_one_of_the_definition(table):
    values, higher = table
    before = values.copy()
    front = pareto_front(values, higher)
    assert front.tolist() == brute_front(values, higher)
    np.testing.assert_array_equal(values, before)  # the input is left alone
    complete = ~np.isnan(values).any(axis=1)
    assert front.any() == complete.any()  # some row is always unbeaten


@QUICK
@given(tables(), st.randoms(use_true_random=False))
def test_front_knows_no_order_of_rows(table, random):
    values, higher = table
    order = list(range(len(values)))
    random.shuffle(order)
    assert pareto_front(values[order], higher).tolist() == pareto_front(values, higher)[order].tolist()


def test_equal_rows_share_the_front_and_infinite_values_compare():
    front = pareto_front(np.array([[1.0, 1.0], [1.0, 1.0], [0.0, 1.0], [np.nan, 9.0], [-np.inf, 2.0]]), [True, True])
    assert front.tolist() == [True, True, False, False, True]
