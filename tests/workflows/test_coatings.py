"""Published coatings: what is predicted of them, and what their outcomes cannot tell."""

import pytest

from licoat.structures import load_phases
from licoat.thermo import lithiate
from licoat.workflows.screening.coatings import _agrees, _area, coating_studies, compare_coatings


@pytest.fixture(scope="module")
def compared():
    return compare_coatings(load_phases("builtin"))


def test_every_study_can_be_cited():
    for study in coating_studies():
        assert study["reference"]
        assert study["doi"].startswith("10.") or study["oxide"] in {"Sb2O3", "TiO2"}
        assert study["outcome"] in {"success", "partial"}


def test_reported_reactions_are_predicted(compared):
    studies, _ = compared
    reported = {(s.oxide, s.mechanism): s.agrees for s in studies if s.mechanism}
    assert set(reported) == {
        ("Sb2O3", "converts"), ("ZnO", "converts"), ("Al2O3", "self-limits"), ("TiO2", "takes lithium in"),
    }  # fmt: skip
    assert all(reported.values())


def test_a_wrong_prediction_is_seen():
    builtin = load_phases("builtin")
    zinc, cadmium = lithiate("ZnO", builtin), lithiate("CdO", builtin)
    assert _agrees("converts", "Zn; Li2O", zinc) is False
    assert _agrees("converts", "LiZn; Li2O", zinc) is True
    assert cadmium.stages[0].products.keys() == {"Cd", "Li2O"}  # no oxide of both in between
    assert _agrees("takes lithium in", "", cadmium) is False
    assert _agrees("", "", zinc) is None


def test_the_interval_of_a_rank_correlation_is_wide(compared):
    _, profiles = compared
    for check in profiles:
        assert 0.0 <= check.low <= check.area_under_curve <= check.high <= 1.0
        assert check.high - check.low > 0.3  # a handful of oxides decides nothing


def test_area_by_hand():
    score = {"a": 1.0, "b": 0.5, "c": 0.5}
    once = dict.fromkeys(score, 1)
    assert _area(["a"], ["b"], score, once) == 1.0
    assert _area(["b"], ["c"], score, once) == 0.5
    assert _area(["a", "b"], ["c"], score, once) == 0.75
    assert _area(["a"], ["b"], score, {"a": 0, "b": 1, "c": 1}) is None
