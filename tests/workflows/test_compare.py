"""All sources side by side."""

import json

import pytest

from licoat.structures import MissingDataError, load_phases
from licoat.thermo import lithiate, react
from licoat.workflows.screening.comparison import compare

SCHEMES = ("mp2020", "none")


@pytest.fixture(scope="module")
def sources():
    return {scheme: load_phases("builtin", scheme=scheme) for scheme in SCHEMES}


@pytest.fixture(scope="module")
def measured():
    return load_phases("measured")


def test_founding_case_has_all_columns_and_the_numbers_of_their_sources(sources, measured):
    found = compare("Sb2O3", sources, measured)
    assert found.sources == (*SCHEMES, "measured", "paper")
    energy = found.rows["energy_ev_per_fu"]
    for scheme in SCHEMES:
        assert energy[scheme] == pytest.approx(lithiate("Sb2O3", sources[scheme]).final.energy_ev_per_fu)
    assert energy["none"] == pytest.approx(-14.8, abs=0.05)  # DESIGN 6
    assert energy["mp2020"] == pytest.approx(-15.2, abs=0.05)
    assert energy["measured"] == pytest.approx((2 * -287 + 3 * -597.9 + 720.3) / 96.485, abs=0.02)  # kJ/mol, NBS
    assert energy["paper"] == -14.9
    assert found.rows["energy_sigma_ev_per_fu"]["paper"] is None
    # MP2020 corrects oxygen and antimonide; all columns are one reaction, so heat per mass goes with energy
    mass = found.rows["heat_mj_per_kg_oxide"]
    ratios = [mass[s] / energy[s] for s in (*SCHEMES, "measured")]
    assert ratios == pytest.approx([ratios[0]] * 3, rel=1e-9)


def test_every_row_has_a_cell_for_every_source_and_is_json(sources, measured):
    for oxide in ("Sb2O3", "CaO", "Te2O5", "MgO"):
        found = compare(oxide, sources, measured).to_dict()
        assert all(set(row) == set(found["sources"]) for row in found["rows"].values()), oxide
        json.dumps(found, allow_nan=False)
        assert ("paper" in found["sources"]) == (oxide == "Sb2O3")


def test_what_was_not_measured_is_said(sources, measured):
    found = compare("PdO", sources, measured)
    assert "Li15Pd4" in found.notes["measured"]
    assert found.rows["energy_ev_per_fu"]["measured"] is None


def test_inert_oxide_compares_zero_with_no_reaction(sources, measured):
    found = compare("CaO", sources, measured)
    assert found.rows["energy_ev_per_fu"]["mp2020"] == 0.0
    assert found.notes["measured"] == "no reaction"


def test_other_end_state_of_a_source_is_noted(sources, measured):
    """Sb2O3 on the measured table and on one that lacks Li3Sb end differently."""
    table = sources["mp2020"]
    without = table.subset(i for i, f in enumerate(table.text("formula")) if f != "Li3Sb")
    found = compare("Sb2O3", {"full": table, "poor": without}, measured)
    assert "own end state" in found.notes["poor"]
    assert "Li3Sb" not in found.notes["poor"]
    poor = found.rows["energy_ev_per_fu"]
    assert poor["poor"] > poor["full"]  # fewer phases, higher hull, less heat


def test_measured_column_is_the_same_reaction_in_measured_data(sources, measured):
    found = compare("Bi2O3", sources, measured)
    own = react(found.equation, measured)
    assert found.rows["energy_ev_per_fu"]["measured"] == pytest.approx(own.energy_ev_per_fu)


def test_missing_oxide_is_named(sources, measured):
    with pytest.raises(MissingDataError, match="PuO2"):
        compare("PuO2", sources, measured)
