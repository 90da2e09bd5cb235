"""What a user names, and the chemical systems that it becomes."""

import pytest

from licoat.structures import FormulaError
from licoat.structures.chemistry.elements import SYMBOLS
from licoat.structures.errors import InputFileError
from licoat.structures.materials_project.fetch import ALL_BINARY, systems_of

LI_O = ["Li", "O", "Li-O"]


@pytest.mark.parametrize("target", ["Sb", "Sb2O3", "LiSbO3", "Li-Sb-O", "O-Sb", "Sb - O", "Sb₂O₃", "Sb4O6"])
def test_every_way_to_name_a_system(target):
    systems, elements = systems_of([target])
    assert systems == ["Li", "O", "Sb", "Li-O", "Li-Sb", "O-Sb", "Li-O-Sb"]
    assert elements == {"Li", "O", "Sb"}


@pytest.mark.parametrize("targets", [["Li"], ["O"], ["Li", "O"], ["Li2O"], "Li2O"])
def test_the_anode_and_oxygen_alone(targets):
    assert systems_of(targets) == (LI_O, {"Li", "O"})


def test_targets_share_systems_and_are_not_joined():
    assert systems_of(["Sb", "Sb", "Sb2O3"]) == systems_of(["Sb"])
    systems, _ = systems_of(["Sb", "Sn"])
    assert len(systems) == len(set(systems)) == 3 + 4 + 4
    assert not [system for system in systems if {"Sb", "Sn"} <= set(system.split("-"))]


def test_another_anode():
    assert systems_of(["Sb"], anode="Na")[1] == {"Na", "O", "Sb"}


@pytest.mark.parametrize("anode", ["Xx", "li", "", "O"])
def test_bad_anode(anode):
    with pytest.raises(FormulaError, match=f"anode {anode!r}"):
        systems_of(["Sb"], anode=anode)


@pytest.mark.parametrize(
    "target", ["sb", "li-sb-o", "Sb-", "-", "", " ", "*", "Sb,Sn", "mp-149", "all_binary", "Sb2O3+"]
)
def test_unreadable_targets_are_named(target):
    with pytest.raises(FormulaError, match=r"chemical system|formula") as caught:
        systems_of(["Sb", target])
    assert repr(target)[1:-1] in str(caught.value)
    assert "\n" not in str(caught.value)


def test_most_elements_of_a_target():
    """Eight elements have 255 subsystems; the anode metal and oxygen count among them anyhow."""
    systems, elements = systems_of(["Li-Ni-Mn-Co-Al-Ti-Mg-O"])
    assert (len(systems), len(elements)) == (255, 8)
    for target in ("Ni-Mn-Co-Al-Ti-Mg-Zr", "LiNiMnCoAlTiMgZrO2", "-".join(SYMBOLS)):
        with pytest.raises(InputFileError, match="elements beside Li and O; at most 6") as caught:
            systems_of(["Sb", target])
        assert "\n" not in str(caught.value)


def test_all_binary_asks_for_oxides_that_are_powders():
    systems, elements = systems_of([ALL_BINARY])
    assert not elements & {"H", "C", "N", "F", "S", "Cl", "Br", "I"}  # gases, liquids, solids that fall apart
    assert not elements & {"He", "Ne", "Ar", "Kr", "Xe", "Rn", "Tc", "Pm", "Po", "At"}
    assert elements >= {"B", "Si", "P", "Ge", "As", "Se", "Te", "Al", "Ti", "Zn", "Sb", "Bi", "Pb", "La", "W"}
    assert len(systems) == 3 + 4 * len(elements - {"Li", "O"})
    assert {s.count("-") for s in systems} == {0, 1, 2}
