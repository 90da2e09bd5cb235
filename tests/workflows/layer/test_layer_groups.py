"""The groups one by one: each from the earlier groups that it needs, by hand, and nothing else."""

import dataclasses
import math

import pytest

from licoat.thermo import lithiate
from licoat.workflows.layer import LayerInputError, LayerOptions, layer_material
from licoat.workflows.layer.cell import compare_cells
from licoat.workflows.layer.compaction import compact
from licoat.workflows.layer.heat import balance_heat
from licoat.workflows.layer.loading import count
from licoat.workflows.layer.mechanics import bound_moduli
from licoat.workflows.layer.transport import mix_conductivities

OPTIONS = LayerOptions()


@pytest.fixture(scope="module")
def antimony(builtin):
    return layer_material(lithiate("Sb2O3", builtin))


@pytest.fixture(scope="module")
def voidless(antimony):
    """A material of which no volume but that of lithium is known."""
    products = tuple(dataclasses.replace(p, volume_a3_per_fu=None, volume_fraction=None) for p in antimony.products)
    oxide = dataclasses.replace(antimony.oxide_phase, volume_a3_per_fu=None)
    return dataclasses.replace(antimony, products=products, oxide_phase=oxide, oxide_volume_a3=None)


def every(material, options=OPTIONS, oxide_mg=1.0, foil_um=20.0):
    loading = count(material, options, oxide_mg, foil_um)
    compaction = compact(material, options, loading)
    return (
        loading,
        compaction,
        balance_heat(material, loading),
        bound_moduli(material, options, compaction),
        mix_conductivities(material, options, compaction),
        compare_cells(material, options, loading, compaction),
    )


def test_amounts_by_hand(antimony):
    amounts = count(antimony, OPTIONS, 1.0, 20.0).amounts
    assert amounts.oxide_mol_per_cm2 == pytest.approx(1e-3 / 291.52, rel=1e-4)
    assert amounts.available_mol_per_cm2 == pytest.approx(20e-4 / 13.012, rel=1e-3)
    assert amounts.consumed_mol_per_cm2 == pytest.approx(12e-3 / 291.52, rel=1e-4)
    assert amounts.left_mol_per_cm2 == pytest.approx(20e-4 / 13.012 - 12e-3 / 291.52, rel=1e-3)
    assert not amounts.exhausted
    assert count(antimony, OPTIONS, 1.0, 5.0).amounts.exhausted


def test_a_metal_without_a_volume_cannot_be_counted(antimony):
    with pytest.raises(LayerInputError, match="no volume of Li"):
        count(dataclasses.replace(antimony, anode_volume_a3=None), OPTIONS, 1.0, 20.0)


def test_a_group_depends_on_what_it_is_given_only(antimony):
    first, again = every(antimony), every(antimony)
    assert first == again
    # the heat knows nothing of the packing, the moduli of the solid nothing of the current
    packed = every(antimony, LayerOptions(packing_fraction=0.3, current_ma_per_cm2=5.0))
    assert packed[0] == first[0]
    assert packed[2] == first[2]
    assert packed[3].shear_modulus_hill_gpa == first[3].shear_modulus_hill_gpa
    assert packed[1].porosity > first[1].porosity


def test_groups_cannot_be_changed(antimony):
    for group in every(antimony):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(group, group.names()[0], 1.0)


def test_texts_are_of_attributes_that_need_them(antimony, voidless):
    for material in (antimony, voidless):
        for group in every(material):
            for name in group.names():
                assert (name in group.unknown) == (getattr(group, name) is None), name
            assert set(group.note) <= set(group.names()) - set(group.unknown)
            assert all([*group.unknown.values(), *group.note.values()])


def test_without_volumes_the_rest_goes_on(voidless):
    loading, compaction, heat, mechanics, transport, cell = every(voidless)
    assert loading.unknown == {"oxide_dense_thickness_um": "no volume of Sb2O3"}
    assert set(compaction.unknown) == set(compaction.names())
    assert "Li3Sb, Li2O" in compaction.unknown["porosity"]
    assert heat.heat_j_per_cm2 > 0
    assert mechanics.unknown["shear_modulus_hill_gpa"] == "no volumes"
    assert mechanics.deposition_pressure_mpa > 0
    assert transport.alloy_volume_fraction is None
    assert cell.coated_thickness_um is None
    assert cell.stack_energy_wh_per_kg > 0


def test_an_unknown_sigma_is_said(antimony):
    loading = count(antimony, OPTIONS, 1.0, 20.0)
    heat = balance_heat(dataclasses.replace(antimony, heat_sigma_ev=None), loading)
    assert heat.missing() == ("unknown: heat_sigma_j_per_cm2 (no sigma of the energies)",)


def test_a_bounded_temperature_is_an_assumption(antimony):
    heat = balance_heat(dataclasses.replace(antimony, heat_ev=1e3), count(antimony, OPTIONS, 1.0, 20.0))
    assert heat.assumptions[0].startswith("adiabatic_temperature_k is bounded: ")
    assert heat.note["adiabatic_temperature_k"] in heat.assumptions[0]


def test_a_perfect_electrode_lasts(antimony):
    cell = every(antimony, LayerOptions(coulombic_efficiency=1.0))[-1]
    assert math.isinf(cell.cycle_life)
    assert cell.note["cycle_life"] == "unlimited: nothing is lost"
