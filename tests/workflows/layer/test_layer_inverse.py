"""The inverse question: the layer at the answer is what was asked for."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licoat.thermo import lithiate
from licoat.workflows.layer import LayerInputError, LayerOptions, design_layer, layer_material, solve_loading
from licoat.workflows.layer.design import evaluate_layer

QUICK = settings(max_examples=40, deadline=None, derandomize=True, database=None)
MELTING_RISE = 453.65 - 298.15


@pytest.fixture(scope="module")
def materials(builtin):
    found = {}
    for oxide in ("Sb2O3", "Bi2O3", "SnO2", "ZnO", "CaO"):
        path = lithiate(oxide, builtin)
        found[oxide] = (layer_material(path), path)
    return found


@pytest.fixture(scope="module")
def antimony(materials):
    return materials["Sb2O3"]


oxides = st.sampled_from(["Sb2O3", "Bi2O3", "SnO2", "ZnO"])


@QUICK
@given(oxides, st.floats(0.1, 20), st.floats(0.05, 1.0), st.floats(0.05, 1.0))
def test_the_wanted_thickness_comes_out(materials, oxide, thickness, packing, conversion):
    material, path = materials[oxide]
    options = LayerOptions(packing_fraction=packing, conversion=conversion)
    answer = solve_loading(material, 1000.0, options, layer_thickness_um=thickness)
    assert answer.feasible
    assert answer.binding == "layer thickness"
    layer = evaluate_layer(material, path, answer.oxide_loading_mg_per_cm2, 1000.0, options)
    assert layer.layer_thickness_um == pytest.approx(thickness, rel=1e-9)


@QUICK
@given(oxides, st.floats(0.01, 49), st.floats(0.05, 1.0))
def test_the_lithium_loss_comes_out(materials, oxide, loss, conversion):
    material, path = materials[oxide]
    options = LayerOptions(conversion=conversion)
    answer = solve_loading(material, 50.0, options, lithium_consumed_um=loss)
    assert answer.binding == "lithium loss"
    layer = evaluate_layer(material, path, answer.oxide_loading_mg_per_cm2, 50.0, options)
    assert layer.lithium_consumed_um == pytest.approx(loss, rel=1e-9)


@QUICK
@given(oxides, st.floats(1, 150) | st.floats(160, 1000))
def test_the_temperature_rise_comes_out(materials, oxide, rise):
    material, path = materials[oxide]
    answer = solve_loading(material, 50.0, LayerOptions(), temperature_rise_k=rise)
    layer = evaluate_layer(material, path, answer.oxide_loading_mg_per_cm2, 50.0, LayerOptions())
    assert answer.feasible
    if answer.binding == "temperature rise":
        # 1e-9 mg/cm2 of the root, with up to 1000 K per mg/cm2
        assert layer.foil_temperature_rise_k == pytest.approx(rise, abs=1e-4)
    else:
        assert layer.foil_temperature_rise_k <= rise + 1e-6


def test_five_micrometres_of_the_paper(antimony):
    answer = solve_loading(antimony[0], 50.0, LayerOptions(), layer_thickness_um=5.0)
    assert answer.oxide_loading_mg_per_cm2 == pytest.approx(1.121, rel=1e-3)


def test_without_a_thickness_it_is_the_largest_loading_allowed(antimony):
    answer = solve_loading(antimony[0], 50.0, LayerOptions(), lithium_consumed_um=3.0, temperature_rise_k=100.0)
    assert answer.binding == min(answer.limits, key=answer.limits.get)
    assert answer.oxide_loading_mg_per_cm2 == min(answer.limits.values())
    assert set(answer.limits) == {"lithium in the foil", "lithium loss", "temperature rise"}
    # each limit alone is what each wish alone gives
    alone = solve_loading(antimony[0], 50.0, LayerOptions(), lithium_consumed_um=3.0)
    assert alone.oxide_loading_mg_per_cm2 == pytest.approx(answer.limits["lithium loss"])
    alone = solve_loading(antimony[0], 50.0, LayerOptions(), temperature_rise_k=100.0)
    assert alone.oxide_loading_mg_per_cm2 == pytest.approx(answer.limits["temperature rise"])


def test_the_foil_binds_when_nothing_else_does(antimony):
    answer = solve_loading(antimony[0], 5.0, LayerOptions(), lithium_consumed_um=100.0)
    assert answer.binding == "lithium in the foil"
    layer = evaluate_layer(*antimony, answer.oxide_loading_mg_per_cm2, 5.0, LayerOptions())
    assert layer.extent_of_reaction == pytest.approx(1.0)
    assert layer.lithium_left_um == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("wishes", "binding"),
    [
        ({"lithium_consumed_um": 1.0}, "lithium loss"),
        ({"temperature_rise_k": 50.0}, "temperature rise"),
        ({"lithium_consumed_um": 1.0, "temperature_rise_k": 1000.0}, "lithium loss"),
    ],
)
def test_wishes_that_exclude_each_other(antimony, wishes, binding):
    answer = solve_loading(antimony[0], 50.0, LayerOptions(), layer_thickness_um=5.0, **wishes)
    assert not answer.feasible
    assert answer.binding == binding
    assert answer.oxide_loading_mg_per_cm2 == answer.limits[binding] < answer.limits["layer thickness"]
    # the wish that binds is met at the answer
    layer = evaluate_layer(*antimony, answer.oxide_loading_mg_per_cm2, 50.0, LayerOptions())
    assert layer.lithium_consumed_um <= wishes.get("lithium_consumed_um", math.inf) * (1 + 1e-9)
    assert layer.foil_temperature_rise_k <= wishes.get("temperature_rise_k", math.inf) + 1e-4


def test_a_foil_too_thin_for_the_thickness(antimony):
    answer = solve_loading(antimony[0], 3.0, LayerOptions(), layer_thickness_um=5.0)
    assert not answer.feasible
    assert answer.binding == "lithium in the foil"


def test_up_to_melting_means_until_all_of_the_foil_is_molten(antimony):
    # the temperature stands while lithium melts: the largest loading allowed is at the end of melting
    answer = solve_loading(antimony[0], 50.0, LayerOptions(), temperature_rise_k=MELTING_RISE)
    at = evaluate_layer(*antimony, answer.oxide_loading_mg_per_cm2, 50.0, LayerOptions())
    above = evaluate_layer(*antimony, answer.oxide_loading_mg_per_cm2 * 1.001, 50.0, LayerOptions())
    assert at.foil_temperature_rise_k <= MELTING_RISE + 1e-6
    assert above.foil_temperature_rise_k > MELTING_RISE


@QUICK
@given(st.floats(1, 1000), st.floats(1, 3))
def test_a_larger_wish_never_gives_less(antimony, rise, factor):
    low, high = (
        solve_loading(antimony[0], 50.0, LayerOptions(), temperature_rise_k=r).oxide_loading_mg_per_cm2
        for r in (rise, rise * factor)
    )
    assert high >= low - 1e-8


@pytest.mark.parametrize(
    ("wishes", "match"),
    [
        ({}, "no target"),
        ({"layer_thickness_um": 0.0}, "layer thickness 0"),
        ({"layer_thickness_um": -5.0}, "layer thickness -5"),
        ({"layer_thickness_um": math.nan}, "layer thickness nan"),
        ({"lithium_consumed_um": math.inf}, "lithium loss inf"),
        ({"temperature_rise_k": -1.0}, "temperature rise -1"),
    ],
)
def test_impossible_wishes_are_named(antimony, wishes, match):
    with pytest.raises(LayerInputError, match=match):
        solve_loading(antimony[0], 50.0, LayerOptions(), **wishes)


@pytest.mark.parametrize("foil", [-5.0, math.nan, math.inf])
def test_an_impossible_foil_is_refused(antimony, foil):
    with pytest.raises(LayerInputError, match="lithium thickness"):
        solve_loading(antimony[0], foil, LayerOptions(), layer_thickness_um=5.0)


def test_an_inert_oxide_makes_no_layer(materials):
    with pytest.raises(LayerInputError, match="CaO does not react with Li"):
        solve_loading(materials["CaO"][0], 50.0, LayerOptions(), layer_thickness_um=5.0)


def test_no_conversion_makes_no_layer(antimony):
    with pytest.raises(LayerInputError, match="conversion of 0"):
        solve_loading(antimony[0], 50.0, LayerOptions(conversion=0.0), layer_thickness_um=5.0)


def test_no_foil_allows_nothing(antimony):
    answer = solve_loading(antimony[0], 0.0, LayerOptions(), layer_thickness_um=5.0)
    assert not answer.feasible
    assert answer.oxide_loading_mg_per_cm2 == 0.0


def test_what_binds_is_named_by_the_metal(on_metal):
    path = lithiate("Sb2O3", on_metal("Na"), anode="Na")
    material = layer_material(path)
    answer = solve_loading(material, 50.0, LayerOptions(), lithium_consumed_um=3.0)
    assert answer.binding == "sodium loss"
    assert set(answer.limits) == {"sodium in the foil", "sodium loss"}


# `design_layer` for a target


TARGETS = {
    "target_layer_thickness_um": ("layer_thickness_um", 5.0),
    "max_lithium_loss_um": ("lithium_consumed_um", 3.0),
    "max_temperature_rise_k": ("temperature_rise_k", 100.0),
}


@pytest.mark.parametrize(
    "names", [[name] for name in TARGETS] + [list(TARGETS)[:2], list(TARGETS)[1:], list(TARGETS)], ids="+".join
)
def test_design_layer_gives_the_layer_at_the_answer(builtin, antimony, names):
    layer = design_layer("Sb2O3", builtin, lithium_thickness_um=20.0, **{name: TARGETS[name][1] for name in names})
    answer = solve_loading(antimony[0], 20.0, LayerOptions(), **dict(TARGETS[name] for name in names))
    assert layer.target == answer
    at = evaluate_layer(*antimony, answer.oxide_loading_mg_per_cm2, 20.0, LayerOptions())
    assert layer.quantities == at.quantities
    assert layer.to_dict() == at.to_dict() | {"target": answer.to_dict()}


def test_design_layer_says_why_a_target_is_not_met(builtin):
    layer = design_layer("Sb2O3", builtin, lithium_thickness_um=3.0, target_layer_thickness_um=5.0)
    assert not layer.target.feasible
    assert layer.target.binding == "lithium in the foil"
    assert layer.lithium_left_um == pytest.approx(0.0, abs=1e-9)


def test_a_layer_of_a_loading_has_no_target(builtin):
    layer = design_layer("Sb2O3", builtin, oxide_loading_mg_per_cm2=2.0)
    assert layer.target is None
    assert "target" not in layer.to_dict()
    assert design_layer("Sb2O3", builtin).oxide_loading_mg_per_cm2 == 1.0


@pytest.mark.parametrize("name", TARGETS)
def test_a_loading_and_a_target_exclude_each_other(builtin, name):
    with pytest.raises(LayerInputError, match="exclude each other"):
        design_layer("Sb2O3", builtin, oxide_loading_mg_per_cm2=1.0, **{name: 5.0})


@pytest.mark.parametrize("name", TARGETS)
def test_an_impossible_target_is_named(builtin, name):
    with pytest.raises(LayerInputError, match=r"^target .* 0: expected a number above 0"):
        design_layer("Sb2O3", builtin, **{name: 0.0})
