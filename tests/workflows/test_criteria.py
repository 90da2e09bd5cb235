"""States, probabilities and the reading of criteria files."""

import dataclasses
import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from licoat.structures.chemistry.anode import ANODES, anode
from licoat.structures.errors import CriteriaError, MissingDataError
from licoat.workflows import screen
from licoat.workflows.screening.criteria import (
    PROFILES,
    Criterion,
    Measure,
    State,
    check_quantities,
    criteria_for,
    evaluate,
    load_criteria,
    profile_description,
    profile_file,
)
from licoat.workflows.screening.quantities import quantity_names

QUICK = settings(max_examples=150, deadline=None, derandomize=True, database=None)
COMPARISONS = (">", ">=", "<", "<=")
SIMPLE = {"name": "a", "quantity": "volume_ratio_oxide", "comparison": ">=", "threshold": 1.5}


def criterion(comparison=">", threshold=1.0, weight=1.0):
    return Criterion("c", "volume_ratio_oxide", comparison, threshold, weight)


def toml(*tables):
    def value(v):
        return f'"{v}"' if isinstance(v, str) else str(v).lower()

    return "\n".join("[[criterion]]\n" + "\n".join(f"{k} = {value(v)}" for k, v in t.items()) for t in tables)


@pytest.fixture
def criteria_file(tmp_path):
    def write(text):
        path = tmp_path / "own.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("comparison", "value", "state"),
    [
        (">", 1.1, State.PASS),
        (">", 1.0, State.FAIL),
        (">=", 1.0, State.PASS),
        (">=", 0.9, State.FAIL),
        ("<", 0.9, State.PASS),
        ("<", 1.0, State.FAIL),
        ("<=", 1.0, State.PASS),
        ("<=", 1.1, State.FAIL),
    ],
)
@pytest.mark.parametrize("sigma", [None, 0.0])
def test_exact_value_passes_or_fails_and_the_edge_follows_the_comparison(comparison, value, state, sigma):
    verdict = evaluate(criterion(comparison), Measure(value, sigma))
    assert verdict.state is state
    assert verdict.probability == (1.0 if state is State.PASS else 0.0)


@pytest.mark.parametrize("comparison", COMPARISONS)
def test_threshold_within_one_sigma_is_uncertain(comparison):
    good = 1 if ">" in comparison else -1
    # binary fractions: value - threshold is exact, so the edge itself is tested
    assert evaluate(criterion(comparison), Measure(1.0 + good * 0.25, 0.25)).state is State.UNCERTAIN
    assert evaluate(criterion(comparison), Measure(1.0 - good * 0.25, 0.25)).state is State.UNCERTAIN
    assert evaluate(criterion(comparison), Measure(1.0, 0.25)).state is State.UNCERTAIN
    assert evaluate(criterion(comparison), Measure(1.0 + good * 0.2501, 0.25)).state is State.PASS
    assert evaluate(criterion(comparison), Measure(1.0 - good * 0.2501, 0.25)).state is State.FAIL


finite = st.floats(-1e3, 1e3)


@QUICK
@given(finite, st.floats(1e-3, 1e3), finite, st.sampled_from(COMPARISONS))
def test_probability_is_that_of_a_normal_error(value, sigma, threshold, comparison):
    verdict = evaluate(criterion(comparison, threshold), Measure(value, sigma))
    tail = norm.sf if ">" in comparison else norm.cdf
    # erf and scipy's ndtr differ by rounding only
    assert verdict.probability == pytest.approx(tail(threshold, loc=value, scale=sigma), abs=1e-12)
    one_sigma = norm.cdf(1.0)
    if verdict.state is State.PASS:
        assert verdict.probability >= one_sigma - 1e-12
    elif verdict.state is State.FAIL:
        assert verdict.probability <= 1 - one_sigma + 1e-12
    else:
        assert verdict.state is State.UNCERTAIN
        assert 1 - one_sigma - 1e-12 <= verdict.probability <= one_sigma + 1e-12


@pytest.mark.parametrize("comparison", COMPARISONS)
def test_no_data_is_unknown_and_has_no_probability(comparison):
    verdict = evaluate(criterion(comparison), Measure(None, missing="no band gap of X"))
    assert (verdict.state, verdict.probability, verdict.value) == (State.UNKNOWN, None, None)
    assert verdict.note == "no band gap of X"
    assert evaluate(criterion(comparison), Measure(None)).note == "no data"


@pytest.mark.parametrize(
    ("comparison", "low", "high", "state"),
    [
        ("<=", 0.2, 0.9, State.PASS),
        ("<=", 0.2, 1.0, State.PASS),
        ("<", 0.2, 1.0, State.UNKNOWN),
        ("<=", 1.1, 2.0, State.FAIL),
        ("<=", 0.9, 1.1, State.UNKNOWN),
        (">=", 1.0, 1.1, State.PASS),
        (">", 1.0, 1.1, State.UNKNOWN),
        (">", 0.0, 1.0, State.FAIL),
        (">=", 0.0, 0.0, State.FAIL),
    ],
)
def test_a_value_known_between_limits_is_decided_only_if_both_limits_agree(comparison, low, high, state):
    verdict = evaluate(criterion(comparison), Measure(None, low=low, high=high, missing="no gap of X"))
    assert verdict.state is state
    assert verdict.probability == {State.PASS: 1.0, State.FAIL: 0.0, State.UNKNOWN: None}[state]
    assert "no gap of X" in verdict.note


@QUICK
@given(finite, finite, finite, st.sampled_from(COMPARISONS))
def test_a_band_is_uncertain_where_it_holds_the_threshold_and_counts_by_its_share(one, other, threshold, comparison):
    low, high = sorted((one, other))
    verdict = evaluate(criterion(comparison, threshold), Measure(0.5 * (low + high), low=low, high=high))
    if not low <= threshold <= high:
        good = low > threshold if ">" in comparison else high < threshold
        assert verdict.state is (State.PASS if good else State.FAIL)
    elif low < threshold < high:
        share = (high - threshold) / (high - low)
        assert verdict.state is State.UNCERTAIN
        assert verdict.probability == pytest.approx(share if ">" in comparison else 1.0 - share)
    assert verdict.value == 0.5 * (low + high)


def test_one_limit_alone_decides_nothing():
    assert evaluate(criterion("<"), Measure(None, low=2.0)).state is State.UNKNOWN
    assert evaluate(criterion("<"), Measure(None, high=0.5)).state is State.UNKNOWN


def test_verdict_as_dictionary_is_plain_and_complete():
    found = evaluate(criterion(">"), Measure(2.0, 0.1, source="s")).to_dict()
    assert {"state", "value", "sigma", "threshold", "source"} <= set(found)
    assert type(found["state"]) is str


@pytest.mark.parametrize("profile", PROFILES)
def test_criteria_of_every_profile_are_usable_and_each_has_a_reason_and_a_source(profile):
    criteria = load_criteria(profile_file(profile))
    assert profile_description(profile)
    assert len({c.name for c in criteria}) == len(criteria) >= 5
    check_quantities(criteria, quantity_names())
    for c in criteria:
        assert c.reason
        assert c.source
        assert c.weight > 0
        assert math.isfinite(c.threshold)
    assert sum(c.objective for c in criteria) >= 2  # one objective spans no front


def test_own_file_is_read_in_its_order_with_defaults(criteria_file):
    path = criteria_file(toml(SIMPLE | {"name": "z"}, SIMPLE | {"name": "a", "weight": 2.5, "objective": True}))
    first, second = load_criteria(path)
    assert (first.name, first.weight, first.objective, first.higher_is_better) == ("z", 1.0, False, True)
    assert (second.name, second.weight, second.objective) == ("a", 2.5, True)
    assert load_criteria(str(path)) == (first, second)


BAD_FIELDS = {
    "unknown key": (SIMPLE | {"tolerance": 0.1}, "tolerance"),
    "wrong comparison": (SIMPLE | {"comparison": "=="}, "comparison"),
    "nan threshold": (SIMPLE | {"threshold": math.nan}, "threshold"),
    "infinite threshold": (SIMPLE | {"threshold": math.inf}, "threshold"),
    "threshold in words": (SIMPLE | {"threshold": "many"}, "threshold"),
    "true for a threshold": (SIMPLE | {"threshold": True}, "threshold"),
    "quoted threshold": (SIMPLE | {"threshold": "1.5"}, "threshold"),
    "negative weight": (SIMPLE | {"weight": -1.0}, "weight"),
    "zero weight": (SIMPLE | {"weight": 0}, "weight"),
    "nan weight": (SIMPLE | {"weight": math.nan}, "weight"),
    "objective in words": (SIMPLE | {"objective": "maybe"}, "objective"),
    "empty name": (SIMPLE | {"name": ""}, "name"),
    "no threshold": ({k: v for k, v in SIMPLE.items() if k != "threshold"}, "threshold"),
    "no name": ({k: v for k, v in SIMPLE.items() if k != "name"}, "name"),
}


@pytest.mark.parametrize("case", BAD_FIELDS)
def test_bad_field_is_named_in_one_line(criteria_file, case):
    table, field = BAD_FIELDS[case]
    path = criteria_file(toml(SIMPLE | {"name": "fine"}, table))
    with pytest.raises(CriteriaError, match=re.escape(str(path))) as error:
        load_criteria(path)
    assert field in str(error.value)
    assert "\n" not in str(error.value)


BAD_FILES = {
    "empty": ("", "criterion"),
    "no criterion": ("criterion = []", "criterion"),
    "another table": ("[general]\nx = 1\n", "general"),
    "a key beside the criteria": ("version = 2\n" + toml(SIMPLE), "version"),
    "twice the same name": (toml(SIMPLE, SIMPLE), "'a'"),
    "not TOML": ("[[criterion]\nname = ", "line"),
    "a CSV file": ("name,quantity\na,b\n", "line"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_file_is_named_in_one_line(criteria_file, case):
    text, part = BAD_FILES[case]
    path = criteria_file(text)
    with pytest.raises(CriteriaError, match=re.escape(str(path))) as error:
        load_criteria(path)
    assert part in str(error.value)
    assert "\n" not in str(error.value)


def test_missing_file_folder_and_binary_file_are_named(tmp_path):
    with pytest.raises(CriteriaError, match=r"none\.toml: No such file"):
        load_criteria(tmp_path / "none.toml")
    with pytest.raises(CriteriaError, match="directory"):
        load_criteria(tmp_path)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CriteriaError, match=r"binary\.toml"):
        load_criteria(binary)


def test_unknown_quantity_names_criterion_and_choices(builtin):
    criteria = (Criterion("tough", "fracture_toughness", ">", 1.0),)
    with pytest.raises(CriteriaError, match=r"'tough'.*'fracture_toughness'.*volume_ratio_oxide"):
        screen(builtin, ["Sb2O3"], criteria=criteria)


def test_no_criteria_at_all_is_an_error(builtin):
    with pytest.raises(CriteriaError, match="criteri"):
        screen(builtin, ["Sb2O3"], criteria=())


def test_default_criteria_are_those_of_the_separator_on_lithium():
    criteria = criteria_for("Li")
    assert criteria == load_criteria() == load_criteria(profile_file("separator"))
    stiff = {c.name: c for c in criteria}["stiff"]
    assert stiff.threshold == pytest.approx(anode("Li").threshold_gpa)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("symbol", sorted(ANODES.keys() - {"Li"}))
def test_criteria_of_another_metal_differ_in_the_stiffness_and_speak_of_it(symbol, profile):
    metal, lithium = anode(symbol), {c.name: c for c in load_criteria(profile_file(profile))}
    for criterion in criteria_for(symbol, profile):
        # what still says lithium says that the number is lithium's
        assert "lithium" not in criterion.reason.lower() or criterion.reason.startswith("lithium's threshold")
        assert "Li2O" not in criterion.reason or criterion.reason.startswith("lithium's threshold")
        same = lithium[criterion.name]
        assert criterion == dataclasses.replace(same, threshold=criterion.threshold, reason=criterion.reason)
        if criterion.name != "stiff":
            assert criterion.threshold == same.threshold
        elif metal.shear_modulus_gpa is None:
            assert criterion.threshold == same.threshold
            assert criterion.reason.startswith("lithium's threshold")
        else:
            assert criterion.threshold == pytest.approx(2 * metal.shear_modulus_gpa)
            assert metal.label in criterion.reason
            assert f"{metal.shear_modulus_gpa:g} GPa" in criterion.reason


def test_a_profile_that_there_is_not():
    with pytest.raises(CriteriaError, match="no profile 'hosts': expected separator, host, barrier"):
        criteria_for("Li", "hosts")


def test_criteria_of_what_is_no_anode_metal():
    with pytest.raises(MissingDataError, match="anode 'Fe': expected one of Li"):
        criteria_for("Fe")
