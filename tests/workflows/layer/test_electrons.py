"""Resistivities of phases against silicon, bounds and limits; conductivities as they were published."""

import csv
import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licoat.structures import formula_unit
from licoat.structures.phases.facts import is_citable
from licoat.workflows.layer import electrons, ions
from licoat.workflows.layer.films import measured_films
from licoat.workflows.paper.checks import PAPER

QUICK = settings(max_examples=150, deadline=None, derandomize=True, database=None)
DATA = Path(__file__).parents[3] / "workflows" / "data"
PAPERS_LIMIT = math.log10(13.0)


def band(gap, kind="measured", formula="Li3Sb", volume=71.0):
    return electrons.resistivity_band(formula, "Li", gap, kind, volume)


def test_states_and_carriers_of_textbooks():
    assert electrons.states_per_cm3(1.0, 300.0) == pytest.approx(2.51e19, rel=1e-3)  # Sze and Ng
    # silicon: Nc 2.8e19 (m 1.08), Nv 2.65e19, gap 1.12 eV: 1e10 carriers per cm3 to within their temperature dependence
    assert electrons.intrinsic_carriers_per_cm3(1.12, 1.06, 300.0) == pytest.approx(1e10, rel=0.2)
    assert electrons.resistivity_ohm_cm(1e10, 1350 + 480) == pytest.approx(3.4e5, rel=0.02)


@QUICK
@given(st.floats(0.1, 6.0), st.floats(0.0, 1e22), st.sampled_from([m for m, _ in electrons.CARRIERS]))
def test_defects_give_at_most_one_carrier_each_and_fulfil_mass_action(gap, defects, mass):
    carriers = electrons.doped_carriers_per_cm3(gap, defects, mass)
    assert 0.0 <= carriers <= defects
    depth = electrons.LEVEL_SHARE * gap / (8.617333e-5 * 298.15)
    constant = 0.5 * electrons.states_per_cm3(mass) * math.exp(-depth)
    if 0.0 < carriers < 0.999 * defects:
        assert carriers**2 / (defects - carriers) == pytest.approx(constant, rel=1e-3)


@QUICK
@given(st.floats(0.01, 10.0), st.floats(0.0, 5.0), st.sampled_from(["measured", "pbe"]))
def test_a_wider_gap_is_never_a_better_conductor(gap, more, kind):
    narrow, wide = band(gap, kind), band(gap + more, kind)
    assert narrow.low <= wide.low + 1e-9
    assert narrow.high <= wide.high + 1e-9
    assert narrow.low <= narrow.high <= math.log10(electrons.resistivity_ohm_cm(1e4, 10.0)) + 1e-9


@QUICK
@given(st.floats(0.01, 5.0))
def test_the_gap_of_pbe_is_a_lower_bound(gap):
    assert band(gap, "pbe").high == pytest.approx(band(gap + 0.4, "measured").high)  # 0.6 eV too small, sigma 0.2 eV


def test_the_papers_threshold_of_an_undoped_crystal():
    # undoped, 13 ohm cm need 0.38 eV with light, fast carriers and 0.32 with heavy, slow ones
    for (mass, mobility), gap in zip(electrons.CARRIERS, (0.38, 0.32), strict=True):
        found = electrons.resistivity_ohm_cm(electrons.intrinsic_carriers_per_cm3(gap, mass), mobility)
        assert found == pytest.approx(13.0, rel=0.35)  # 0.01 eV is a fifth


@pytest.mark.parametrize(("formula", "gap"), [("Li3Sb", 0.696), ("Li3Bi", 0.343), ("Li3P", 0.7), ("Li3As", 0.636)])
def test_a_narrow_gap_never_decides(formula, gap):
    found = band(gap, "pbe", formula)
    assert found.low < PAPERS_LIMIT < found.high
    assert not found.measured


@pytest.mark.parametrize(
    ("formula", "gap", "volume"), [("Li2O", 7.99, 24.6), ("CaO", 7.0, 27.8), ("Li2Te", 2.491, 68.8)]
)
def test_a_wide_gap_insulates_also_off_its_stoichiometry(formula, gap, volume):
    assert band(gap, "pbe", formula, volume).low > PAPERS_LIMIT


def test_metals_conduct_and_a_measured_value_beats_the_rule():
    assert band(0.0, "rule", "Li17Sn4", 365.0) == electrons.METAL
    copper = electrons.resistivity_band("Cu", "Li", 0.0, "measured", 11.8)
    assert copper.measured
    assert copper.low == copper.high == pytest.approx(math.log10(1.68e-6), abs=0.01)
    assert electrons.METAL.low < copper.low < electrons.METAL.high
    assert electrons.resistivity_band("Ti3O", "Li", None, "", 60.0) is None


def test_what_was_written_from_memory_decides_nothing():
    assert not is_citable("LIT (memory), order of magnitude")
    for formula in ("Li3Sb", "Li3Bi", "Li2O", "SnO2"):  # in the table of facts, from memory
        assert electrons.measured_resistivity(formula) is None


def test_the_width_that_was_measured_bounds_the_carriers():
    # 2.3e-3 carriers per Li against 0.07 in Li3Bi
    assert band(0.5, "pbe", "Li3Sb").low > band(0.5, "pbe", "Li3Bi").low
    assert "Weppner" in band(0.5, "pbe", "Li3Sb").source
    assert "assumed" in band(0.5, "pbe", "Li3As").source


def test_the_measured_films_are_the_papers():
    films = measured_films("Sb4O6")  # the same formula unit
    assert [f.resistivity_ohm_cm for f in films] == [PAPER.sol_resistivity_ohm_cm, PAPER.scs_resistivity_ohm_cm]
    assert all("Tang" in film.reference for film in films)
    assert measured_films("Bi2O3") == ()
    # they lie in the band of Li3Sb with Li2O, on the insulating side of the paper's limit
    assert band(0.696, "pbe").low < math.log10(films[0].resistivity_ohm_cm) < band(0.696, "pbe").high


# Ions


@pytest.fixture(scope="module")
def published():
    with (DATA / "lithium_conductors.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_conductor_has_a_doi_and_a_possible_value(published):
    assert len(published) == 599
    for row in published:
        assert row["doi"].startswith("10."), row
        assert 1e-20 < float(row["ionic_conductivity_s_per_cm"].lstrip("<")) < 1.0, row


def test_the_band_of_a_conductor_holds_what_was_published(published):
    for formula in ("Li3N", "Li3P", "Li3PO4", "Li6PS5Cl", "LiGaO2"):
        values = [
            math.log10(float(row["ionic_conductivity_s_per_cm"])) for row in published if row["formula"] == formula
        ]
        found = ions.measured_conductivity(formula, "Li")
        assert found.low <= min(values)
        assert found.high >= max(values)
        assert found.measured
        assert "10." in found.source


def test_one_value_has_the_scatter_of_repeated_ones(published):
    groups = {}
    for row in published:
        if not row["ionic_conductivity_s_per_cm"].startswith("<") and row["formula"].isalnum():
            key = formula_unit(row["formula"]), row["space_group"].strip()
            groups.setdefault(key, []).append(math.log10(float(row["ionic_conductivity_s_per_cm"])))
    repeated = [values for values in groups.values() if len(values) > 1]
    squares = sum((v - sum(values) / len(values)) ** 2 for values in repeated for v in values)
    scatter = math.sqrt(squares / sum(len(values) - 1 for values in repeated))
    assert scatter == pytest.approx(ions.SCATTER_DECADES, abs=0.1)


def test_what_is_below_detection_has_no_lower_bound():
    found = ions.measured_conductivity("LiScO2", "Li")
    assert found.low == -math.inf
    assert found.high == pytest.approx(-10.0)


def test_alloys_and_lithium_oxide_are_unknown_and_so_is_another_metal():
    for formula in ("Li3Sb", "Li3Bi", "Li17Sn4", "LiZn", "Li2O"):
        assert ions.measured_conductivity(formula, "Li") is None
    assert ions.measured_conductivity("Li3N", "Na") is None
