"""One number: the card of a layer and the screen say the same of every screened oxide."""

import math

import pytest

from licoat.workflows import design_layer
from licoat.workflows.screening.criteria import State

BANDS = ("log10_resistivity", "log10_ionic_conductivity")


@pytest.fixture(scope="module")
def pairs(builtin, default_screen):
    """Candidate and layer of each oxide, on a foil that feeds it."""
    return [
        (c, design_layer(c.path.oxide, builtin, phase_id=c.path.phase_id, lithium_thickness_um=200.0))
        for c in default_screen.candidates
    ]


def same(value, other):
    return (value is None and other is None) or value == pytest.approx(other, rel=1e-9, abs=1e-12)


def test_resistivity_and_conductivity(pairs, default_screen):
    table = default_screen.table.set_index("formula")
    for candidate, layer in pairs:
        for band, unit in zip(BANDS, ("ohm_cm", "s_per_cm"), strict=True):
            for end in ("", "low_", "high_"):
                name = f"{band}_{end}{unit}"
                value = getattr(layer, name)
                known = None if value is not None and math.isinf(value) else value
                assert same(candidate.measures[name].value, known), (candidate.path.oxide, name)
                cell = table.loc[candidate.path.oxide, name]
                assert same(None if math.isnan(cell) else cell, known), (candidate.path.oxide, name)
        verdict = candidate.verdicts["insulating"]
        assert same(verdict.value, layer.log10_resistivity_ohm_cm)
        low, high = layer.log10_resistivity_low_ohm_cm, layer.log10_resistivity_high_ohm_cm
        if low is not None and high is not None:
            state = State.PASS if low >= 1.114 else State.FAIL if high < 1.114 else State.UNCERTAIN
            assert verdict.state is state, candidate.path.oxide


def test_lithium_heat_and_stripping(pairs):
    compared = 0
    for candidate, layer in pairs:
        m = {name: measure.value for name, measure in candidate.measures.items()}
        for per, name in (("product", "product_thickness_um"), ("oxide", "oxide_dense_thickness_um")):
            thickness = getattr(layer, name)
            if not thickness:
                continue
            compared += 1
            assert m[f"lithium_um_per_um_{per}"] == pytest.approx(layer.lithium_consumed_um / thickness, rel=1e-9)
            assert m[f"heat_j_per_cm2_per_um_{per}"] == pytest.approx(layer.heat_j_per_cm2 / thickness, rel=1e-9)
        assert same(m["strip_potential_v"], layer.strip_potential_v)
        if layer.product_thickness_um:
            charge = layer.strip_capacity_mah_per_cm2 / layer.product_thickness_um
            assert m["strip_mah_per_cm2_per_um_product"] == pytest.approx(charge, rel=1e-9, abs=1e-12)
    assert compared > 200


def test_what_conducts_fails_and_what_is_not_known_is_not_half_a_pass(pairs):
    for candidate, layer in pairs:
        state = candidate.verdicts["insulating"].state
        unknown = [p.formula for p in layer.material.products if p.resistivity is None]
        metals = [p for p in layer.material.products if p.resistivity is not None and p.resistivity.high < 0.0]
        share = sum(p.volume_fraction or 0.0 for p in metals)
        if share > 0.2:  # connected, whatever the rest is
            assert state is State.FAIL, candidate.path.oxide
        if not unknown:
            assert state is not State.UNKNOWN, candidate.path.oxide
