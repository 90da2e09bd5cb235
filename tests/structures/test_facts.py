"""Facts: which polymorph, whose number, and internal consistency of the CSV files."""

import csv
import math
import warnings

import pytest
from pymatgen.core import Composition, Element
from pymatgen.symmetry.groups import SpaceGroup
from scipy import constants

from licoat.structures.crystals.symmetry import space_group
from licoat.structures.phases import facts
from licoat.structures.phases.enrichment import fact_columns

FILES = ("thermochem", "molar_volume", "bandgaps", "elastic", "hazards_cost")


def _rows(name):
    with (facts.DATA / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _value(row, name):
    return float(row[name]) if row[name].strip() else None


VOLUMES = _rows("molar_volume")
CELLS = [r for r in VOLUMES if all(r[n] for n in ("a_A", "b_A", "c_A", "alpha", "beta", "gamma", "Z", "V_fu_A3"))]
SYMBOLS = sorted({r["space_group"] for r in VOLUMES if r["space_group"]})


def _keys(rows):
    return [r["key"] for r in rows]


@pytest.mark.parametrize(
    ("formula", "name", "number"),
    [
        ("Sb2O3", "senarmontite", 227),
        ("TiO2", "rutile", 136),
        ("SiO2", "quartz", None),
        ("Al2O3", "corundum", 167),
        ("ZnO", "wurtzite", 186),
        ("Fe2O3", "hematite", 167),
        ("ZrO2", "baddeleyite", 14),
        ("CoO", "rocksalt", 225),
        ("La2O3", "", 164),
        ("Li2O", "antifluorite", 225),
    ],
)
def test_powders_are_what_they_are_at_room_temperature(formula, name, number):
    phase = facts.observed_phase(formula)
    assert phase.is_default
    assert name in phase.name.lower()
    if number is not None:
        assert phase.space_group_number == number


def test_observed_phase_reads_any_spelling():
    assert facts.observed_phase("O6Sb4") is facts.observed_phase("Sb₂O₃")
    assert facts.observed_phase("P4O10").formula == "P2O5"
    assert facts.observed_phase("Li7Sb99") is None


def test_one_default_per_formula():
    defaults = [p.formula for p in facts.observed_phases().values() if p.is_default]
    assert len(defaults) == len(set(defaults))
    assert set(defaults) == {p.formula for p in facts.observed_phases().values()}


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.filterwarnings("ignore:Full symbol not available:UserWarning")
def test_space_group_number_is_pymatgens(symbol):
    if "per cell" in symbol:
        pytest.skip("an average structure, described in words")
    try:
        expected = SpaceGroup(symbol).int_number
    except ValueError:
        pytest.skip("pymatgen does not know this setting")
    assert facts.space_group_number(symbol) == expected


@pytest.mark.parametrize("old_errors", ["0", "1"])  # spglib's two ways of telling that it found nothing
def test_no_symmetry_found_is_unknown_symmetry(monkeypatch, old_errors):
    monkeypatch.setenv("SPGLIB_OLD_ERROR_HANDLING", old_errors)
    cube = [[3.0, 0, 0], [0, 3.0, 0], [0, 0, 3.0]]
    assert space_group(cube, ["Li"], [[0, 0, 0]]) == ("Pm-3m", 221)
    assert space_group(cube, ["Li", "Li"], [[0, 0, 0], [0, 0, 0]]) == ("", -1)


@pytest.mark.parametrize(
    ("species", "fractional", "number"),
    [
        (["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]], 221),
        (["W", "W"], [[0, 0, 0], [0.5, 0.5, 0.5]], 229),
        (["Cu"] * 4, [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]], 225),
    ],
    ids=["CsCl", "bcc", "fcc"],
)
def test_space_groups_of_textbook_cells(species, fractional, number):
    assert space_group([[3.0, 0, 0], [0, 3.0, 0], [0, 0, 3.0]], species, fractional)[1] == number


def test_unknown_space_group_is_none():
    assert facts.space_group_number("P0") is None
    assert facts.space_group_number("") is None


def test_mirror_images_are_one_and_nothing_else():
    """Invert every space group's operations: what comes out is its own number or its mirror image's."""
    import spglib

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Set OLD_ERROR_HANDLING", category=DeprecationWarning)
        partner = {}
        for hall in range(1, 531):
            number = spglib.get_spacegroup_type(hall).number
            if number in partner:
                continue
            operations = spglib.get_symmetry_from_database(hall)
            inverted = spglib.get_spacegroup_type_from_symmetry(operations["rotations"], -operations["translations"])
            partner[number] = inverted.number
    assert sum(a != b for a, b in partner.items()) == 22
    for first in range(1, 231):
        same = {second for second in range(1, 231) if facts.same_space_group(first, second)}
        assert same == {first, partner[first]}


@pytest.mark.parametrize("unknown", [None, -1, 0])
def test_unknown_space_groups_are_never_the_same(unknown):
    assert not facts.same_space_group(unknown, unknown)
    assert not facts.same_space_group(225, unknown)


@pytest.mark.parametrize("name", FILES)
def test_keys_mean_the_same_formula_in_every_file(name):
    formula = {p.key: p.formula for p in facts.observed_phases().values()}
    for row in _rows(name):
        if row["key"] in formula:
            text = row.get("formula") or row["oxide"]
            assert Composition(text).reduced_formula == Composition(formula[row["key"]]).reduced_formula, row["key"]


@pytest.mark.parametrize("name", ["thermochem", "molar_volume", "bandgaps"])
def test_keys_stand_once(name):
    keys = _keys(_rows(name))
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("row", CELLS, ids=_keys(CELLS))
def test_volume_is_that_of_the_cell(row):
    a, b, c, alpha, beta, gamma, z = (float(row[n]) for n in ("a_A", "b_A", "c_A", "alpha", "beta", "gamma", "Z"))
    x, y, w = (math.cos(math.radians(angle)) for angle in (alpha, beta, gamma))
    cell = a * b * c * math.sqrt(1 - x * x - y * y - w * w + 2 * x * y * w)
    assert cell / z == pytest.approx(float(row["V_fu_A3"]), rel=1e-3)  # the cell constants have 4-5 digits


def test_density_is_mass_per_volume():
    for row in VOLUMES:
        if not row["rho_xray_g_cm3"]:
            continue
        grams = Composition(row["formula"]).weight / constants.N_A
        expected = grams / (float(row["V_fu_A3"]) * 1e-24)
        # densities are printed to 1e-3 g/cm3, weights differ between tables in the fourth digit
        assert float(row["rho_xray_g_cm3"]) == pytest.approx(expected, rel=1e-3, abs=6e-4), row["key"]


def test_measured_gap_wins_over_pbe():
    gap = facts.gap_fact("ZnO")
    assert gap.kind == "measured"
    assert gap.gap_ev == pytest.approx(3.4, abs=0.1)  # the textbook value; PBE gives 0.7


def test_gaps_are_not_negative_and_have_sources():
    for row in _rows("bandgaps"):
        fact = facts.gap_fact(row["key"])
        if fact is None:
            assert not row["gap_exp_eV"]
            assert not row["gap_PBE_MP_eV"]
            continue
        assert 0 <= fact.gap_ev < 15
        assert fact.source.split("[")[0].strip()
        assert fact.kind in {"measured", "computed", "estimate", "pbe"}
        assert fact.sigma_ev is None or fact.sigma_ev >= 0


def test_computed_and_estimated_gaps_are_not_called_measured():
    for row in _rows("bandgaps"):
        words = row["kind"].lower()
        if row["gap_exp_eV"] and any(w in words for w in ("g0w0", "gw", "computed", "estimate", "dft", "hse")):
            assert facts.gap_fact(row["key"]).kind != "measured", row["key"]


def test_moduli_are_positive_and_make_a_stable_solid():
    for row in _rows("elastic"):
        fact = facts.modulus_fact(row["key"]) if row["key"] else None
        if fact is None:
            continue
        assert fact.source.split("[")[0].strip()
        assert fact.bulk_modulus_gpa is not None or fact.shear_modulus_gpa is not None
        for value in (fact.bulk_modulus_gpa, fact.shear_modulus_gpa):
            assert value is None or 0 < value < 600
        if fact.bulk_modulus_gpa and fact.shear_modulus_gpa:
            k, g = fact.bulk_modulus_gpa, fact.shear_modulus_gpa
            # Poisson's ratio of real solids; the lowest is that of cristobalite, -0.16, which is known for it
            assert -0.2 < (3 * k - 2 * g) / (2 * (3 * k + g)) < 0.5


@pytest.mark.parametrize(
    ("key", "bulk", "shear"),
    [("MgO", 163, 130), ("Al2O3-a", 254, 164), ("Li2O", 82, 70), ("Si", 98, 66), ("W", 310, 161)],
)
def test_moduli_of_textbooks(key, bulk, shear):
    fact = facts.modulus_fact(key)
    assert fact.kind == "measured"
    # room-temperature Hill averages; determinations differ by some per cent
    assert fact.bulk_modulus_gpa == pytest.approx(bulk, rel=0.06)
    assert fact.shear_modulus_gpa == pytest.approx(shear, rel=0.06)


def test_youngs_modulus_follows_from_the_recommended_pair():
    for row in _rows("elastic"):
        k, g, e = (_value(row, n) for n in ("K_GPa", "G_GPa", "E_GPa"))
        if row["recommended"] != "Y" or None in (k, g, e):
            continue
        # handbooks quote K, G and E from different experiments: twice the stated relative error, at least 3 %
        tolerance = max(0.03, 2 * float(row["u_percent"]) / 100)
        assert e == pytest.approx(9 * k * g / (3 * k + g), rel=tolerance), row["key"]


def test_a_structure_that_does_not_exist_gives_no_moduli():
    assert facts.modulus_fact("CuO") is None  # the only row is a rocksalt cell; tenorite is monoclinic


def test_price_of_the_element_in_an_oxide():
    for row in _rows("hazards_cost"):
        element, oxide = _value(row, "price_element_USD_kg"), _value(row, "price_element_in_oxide_USD_per_kg_oxide")
        if element is None or oxide is None:
            continue
        composition = Composition(row["oxide"])
        share = composition[row["element"]] * Element(row["element"]).atomic_mass / composition.weight
        assert oxide == pytest.approx(element * share, rel=2e-3, abs=1e-3), row["oxide"]  # printed to 1e-3 USD


def test_hazards():
    antimony = facts.hazard_fact("Sb4O6")
    assert antimony.hazard_score >= 1  # suspected carcinogen (H351)
    assert "H351" in antimony.labels
    assert facts.hazard_fact("MgO").hazard_score == 0
    assert facts.hazard_fact("Sb99O").hazard_score is None  # priced by its antimony, its hazard is its own
    assert facts.hazard_fact("LiNbO3") is None
    for row in _rows("hazards_cost"):
        score = facts.hazard_fact(row["oxide"]).hazard_score
        assert score is None or 0 <= score <= 3


def test_facts_go_to_the_polymorph_they_belong_to():
    columns = fact_columns(["Sb2O3", "Sb2O3", "TiO2"], [227, 56, -1])
    assert columns["band_gap_kind"][:2] == ["measured", "measured"]
    assert columns["band_gap_source"][0] != columns["band_gap_source"][1]
    assert columns["band_gap_kind"][2].endswith(", polymorph assumed")


def test_mirror_image_gets_the_facts_without_a_mark():
    gaps = fact_columns(["SiO2", "SiO2"], [152, 154])
    assert gaps["band_gap_ev"][0] == gaps["band_gap_ev"][1] is not None
    assert "polymorph" not in gaps["band_gap_kind"][0] + gaps["band_gap_kind"][1]


def test_another_polymorph_gets_marked_facts_only_where_the_real_one_is_missing():
    alone = fact_columns(["MgO"], [194])
    assert alone["band_gap_kind"] == ["measured, other polymorph"]
    beside = fact_columns(["MgO", "MgO"], [194, 225])
    assert beside["band_gap_ev"][0] is None
    assert beside["band_gap_kind"] == ["", "measured"]


@pytest.mark.parametrize("formula", ["Li", "W", "LiZn", "Li15Au4", "LiCu3", "NaLi3", "Na2Au", "CsRb"])
def test_what_consists_of_metals_alone_has_no_gap(formula):
    gap = facts.metal_gap(formula)
    assert gap.gap_ev == 0.0
    assert gap.source
    assert (gap.kind == "rule") == (len(Composition(formula)) > 1)  # elements are known, compounds are concluded


@pytest.mark.parametrize(
    "formula",
    ["Li2O", "LiH", "LiC6", "Li3N", "LiB3", "Li3Sb", "Li3Bi", "Mg2Sn", "Mg2Si", "CsAu", "RbAu", "LiCs2Au3", "Sn", "Xe"],
)
def test_what_may_have_a_gap_is_no_metal_by_rule(formula):
    assert facts.metal_gap(formula) is None


def test_a_listed_gap_is_taken_before_the_rule(monkeypatch):
    listed = fact_columns(["LiAl", "LiPd"], [227, 221])
    assert listed["band_gap_kind"] == ["measured", "rule"]
    monkeypatch.setattr("licoat.structures.phases.enrichment.gap_fact", lambda _: facts.GapFact(0.3, 0.1, "pbe", "x"))
    assert fact_columns(["LiAl"], [227])["band_gap_ev"] == [0.3]


def test_facts_of_nothing():
    columns = fact_columns([], [])
    assert all(values == [] for values in columns.values())
    unknown = fact_columns(["Xe3Cs"], [1])
    assert unknown["band_gap_ev"] == [None]
    assert unknown["band_gap_kind"] == [""]


MEASURED_MODULI = [
    row
    for row in facts.read_facts("elastic")
    if row["method"] == "EXP" and all(row[name] for name in ("K_GPa", "G_GPa", "E_GPa"))
]


@pytest.mark.parametrize("row", MEASURED_MODULI, ids=lambda r: r["key"] or r["formula"])
def test_moduli_of_one_row_belong_together(row):
    """E = 9 K G / (3 K + G) of an isotropic solid."""
    k, g = float(row["K_GPa"]), float(row["G_GPa"])
    assert float(row["E_GPa"]) == pytest.approx(9 * k * g / (3 * k + g), rel=0.011)


def test_a_gap_of_unknown_origin_is_not_taken():
    assert facts.gap_fact("Li3Bi").kind == "pbe"


def test_an_oxide_that_is_not_listed_costs_its_element_content():
    listed, other = facts.hazard_fact("Bi2O3"), facts.hazard_fact("Bi4O7")
    bismuth = 2 * 208.9804 / (2 * 208.9804 + 3 * 15.999), 4 * 208.9804 / (4 * 208.9804 + 7 * 15.999)  # IUPAC masses
    ratio = other.price_usd_per_kg_oxide / listed.price_usd_per_kg_oxide
    assert ratio == pytest.approx(bismuth[1] / bismuth[0], rel=2e-4)  # printed to 1e-3 USD
    assert other.hazard_score is None
    assert "element content" in other.source


@pytest.mark.parametrize("suboxide", ["Rb9O2", "Rb6O", "Ti3O", "Ti2O", "Zr3O", "Ag3O"])
def test_suboxides_are_metals_by_rule(suboxide):
    gap = facts.metal_gap(suboxide)
    assert (gap.gap_ev, gap.kind) == (0.0, "rule")


@pytest.mark.parametrize("oxide", ["Rb2O", "Ag2O", "Cu4O3", "Tl2O", "BaO2", "KO2", "TiO", "B6O", "MgO"])
def test_what_oxygen_saturates_has_no_gap_by_rule(oxide):
    assert facts.metal_gap(oxide) is None


class TestPolymorphKey:
    def test_its_own_symmetry_says_which_it_is(self):
        assert facts.polymorph_key("Sb2O3", 227) == "Sb2O3-s"
        assert facts.polymorph_key("Sb2O3", 56) == "Sb2O3-v"
        assert facts.polymorph_key("Sb2O3", 1) == facts.polymorph_key("Sb2O3", None) == ""

    def test_one_that_a_method_cannot_hold_is_known_by_its_start(self):
        assert facts.polymorph_key("CuO", 131) == ""  # P4_2/mmc
        assert facts.polymorph_key("CuO", 131, 15) == facts.observed_phase("CuO").key  # relaxed from tenorite
        # VO2 loses its pairs and is rutile then, which is a recorded polymorph too: that of room temperature counts
        assert facts.polymorph_key("VO2", 136, 14) == "VO2-M1"

    def test_mirror_images_are_one(self):
        assert facts.polymorph_key("GeO2", 152) == facts.polymorph_key("GeO2", 154) == "GeO2-q"
