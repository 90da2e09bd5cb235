"""Self-compaction: where the expansion of a powder goes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licoat.workflows.layer.compaction import closing_packing_fraction, layer_thickness_um, solid_fraction

QUICK = settings(max_examples=200, deadline=None, derandomize=True, database=None)
packing = st.floats(0.01, 1.0)
ratio = st.floats(0.05, 10.0)


def test_the_papers_layer_closes_and_grows():
    # 240 % in a packing of 0.6: 1.44 of the powder's volume
    assert solid_fraction(0.6, 2.4) == 1.0
    assert layer_thickness_um(10.0, 0.6, 2.4) == pytest.approx(14.4)


def test_a_loose_powder_stays_open_at_its_thickness():
    assert solid_fraction(0.3, 2.4) == pytest.approx(0.72)
    assert layer_thickness_um(10.0, 0.3, 2.4) == 10.0


def test_the_edge_is_one_over_the_expansion():
    f0 = closing_packing_fraction(2.4)
    assert f0 == pytest.approx(0.4167, abs=1e-4)
    assert solid_fraction(f0, 2.4) == pytest.approx(1.0)
    assert layer_thickness_um(10.0, f0, 2.4) == pytest.approx(10.0)


def test_what_shrinks_cannot_close():
    assert closing_packing_fraction(0.8) > 1.0
    assert solid_fraction(1.0, 0.8) == pytest.approx(0.8)


@QUICK
@given(packing, ratio, st.floats(0.1, 1000))
def test_solid_volume_is_conserved(f0, expansion, powder):
    # solid in the layer = expanded solid of the powder
    solid = layer_thickness_um(powder, f0, expansion) * solid_fraction(f0, expansion)
    assert solid == pytest.approx(powder * f0 * expansion, rel=1e-12)


@QUICK
@given(packing, ratio, st.floats(1.0, 3.0))
def test_more_powder_or_more_expansion_never_opens_a_layer(f0, expansion, factor):
    assert solid_fraction(f0, expansion * factor) >= solid_fraction(f0, expansion)
    assert layer_thickness_um(1.0, f0, expansion * factor) >= layer_thickness_um(1.0, f0, expansion)
    assert 0.0 < solid_fraction(f0, expansion) <= 1.0
