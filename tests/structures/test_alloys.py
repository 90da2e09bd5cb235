"""Alloys are told from salts."""

import pytest

from licoat.structures.chemistry.alloys import SALT_FORMERS, is_alloy


@pytest.mark.parametrize("formula", ["Li3Sb", "Li3Bi", "Li17Sn4", "LiZn", "Li9Al4", "Li22Si5", "Li3As", "LiB"])
def test_metals_and_metalloids_make_alloys(formula):
    assert is_alloy(formula, "Li")
    assert not is_alloy(formula, "Na")  # without the anode metal nothing is its alloy


@pytest.mark.parametrize("symbol", sorted(SALT_FORMERS))
def test_salts_are_none(symbol):
    assert not is_alloy(f"Li2{symbol}", "Li")
    assert not is_alloy(f"Li3Sb{symbol}", "Li")


@pytest.mark.parametrize("formula", ["Li", "Sn", "Sb2O3", "FeO"])
def test_an_element_or_a_stranger_is_none(formula):
    assert not is_alloy(formula, "Li")
