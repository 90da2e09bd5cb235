"""Which hosts a screen is made for."""

import pytest

from licoat.thermo.oxides import can_be_screened, without_oxygen


def test_hosts_without_oxygen():
    assert without_oxygen(["Sb2O3", "SnF2", "SnS", "AlN", "SO2", "OsO4", "Os"]) == ["SnF2", "SnS", "AlN", "Os"]


@pytest.mark.parametrize(("formula", "anode"), [("Sb2O3", "Li"), ("Li2O", "Na"), ("NaNbO3", "Li")])
def test_oxides_without_the_anode_metal_can_be_screened(formula, anode):
    assert can_be_screened(formula, anode)


@pytest.mark.parametrize(("formula", "anode"), [("SnF2", "Li"), ("O2", "Li"), ("Li2O", "Li"), ("Na2O", "Na")])
def test_others_cannot(formula, anode):
    assert not can_be_screened(formula, anode)
