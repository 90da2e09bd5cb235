"""The anode metals against the package's own facts and pymatgen, and the rule of what is an alloy."""

import dataclasses

import pytest
from pymatgen.core import Element

from licoat.structures.chemistry.alloys import is_alloy
from licoat.structures.chemistry.anode import ANODES, MONROE_NEWMAN_RATIO, anode
from licoat.structures.errors import LicoatError, MissingDataError
from licoat.structures.phases.facts import read_facts

METALS = sorted(ANODES)


@pytest.mark.parametrize("symbol", METALS)
def test_charge_is_a_common_oxidation_state(symbol):
    assert anode(symbol).charge in Element(symbol).common_oxidation_states


@pytest.mark.parametrize("symbol", METALS)
def test_symbol_and_label_name_the_same_metal(symbol):
    american = {"caesium": "cesium", "aluminium": "aluminum"}
    assert anode(symbol).symbol == symbol
    label = anode(symbol).label
    assert american.get(label, label).capitalize() == Element(symbol).long_name


@pytest.mark.parametrize("symbol", METALS)
def test_shear_modulus_is_a_measured_one_or_none_is_claimed(symbol):
    metal = anode(symbol)
    rows = [row for row in read_facts("elastic") if row["formula"] == symbol and row["method"] == "EXP"]
    measured = [float(row["G_GPa"]) for row in rows if row["G_GPa"]]
    if symbol == "Li":  # an assumption, which lies between the measured values
        assert metal.shear_modulus_gpa == 3.4
        assert min(measured) < metal.shear_modulus_gpa < max(measured)
    elif measured:
        assert metal.shear_modulus_gpa in measured
    else:
        assert metal.shear_modulus_gpa is None
        assert metal.threshold_gpa is None
    assert bool(metal.shear_modulus_source) == (metal.shear_modulus_gpa is not None)


def test_threshold_is_twice_the_shear_modulus():
    assert MONROE_NEWMAN_RATIO == 2.0
    assert anode("Li").threshold_gpa == pytest.approx(6.8)
    assert anode("Na").threshold_gpa == pytest.approx(6.6)


@pytest.mark.parametrize("symbol", ["Fe", "O", "li", "Lithium", "", "Li2", "Xx"])
def test_what_is_no_anode_metal_is_named(symbol):
    with pytest.raises(MissingDataError, match=f"^anode '{symbol}': expected one of Li, Na, K") as refusal:
        anode(symbol)
    assert isinstance(refusal.value, LicoatError)
    assert "\n" not in str(refusal.value)


def test_an_anode_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        anode("Li").charge = 2


@pytest.mark.parametrize(
    "formula", ["Li3Sb", "Li17Sn4", "Li3Bi", "Li3As", "Li15Si4", "Li17Ge4", "LiB", "LiAl", "Li5Mg", "LiCu3", "LiInSn"]
)
def test_compounds_with_metals_and_metalloids_are_alloys(formula):
    assert is_alloy(formula, "Li")


@pytest.mark.parametrize(
    "formula",
    ["Li2O", "Li2O2", "LiF", "LiCl", "LiBr", "LiI", "Li2S", "Li2Se", "Li2Te", "Li3N", "Li3P", "LiH", "LiOH", "LiSbO3"],
)
def test_salts_are_no_alloys(formula):
    assert not is_alloy(formula, "Li")


@pytest.mark.parametrize("formula", ["LiC", "LiC6", "LiC12", "Li3C"])
def test_carbides_and_lithium_in_graphite_are_no_alloys(formula):
    assert not is_alloy(formula, "Li")


def test_an_alloy_needs_the_anode_metal_and_another_element():
    assert not is_alloy("Li", "Li")
    assert not is_alloy("Cu3Sn", "Li")
    assert is_alloy("Na3Sb", "Na")
    assert not is_alloy("Na3Sb", "Li")
    assert is_alloy("NaLi3", "Na")
    assert is_alloy("NaLi3", "Li")
