"""Enthalpy increments against hand integrals, JANAF values and the calorimetric table."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licoat.structures.chemistry.formula import parse_formula
from licoat.structures.phases.enthalpy import boiling_point_k, enthalpy_of
from licoat.structures.phases.facts import read_facts

QUICK = settings(max_examples=100, deadline=None, derandomize=True, database=None)
T0 = 298.15


def cp_points(formula, state=None):
    """Read the points of the file itself, without the code under test."""
    rows = [r for r in read_facts("heat_capacity") if r["formula"] == formula and state in (None, r["state"])]
    return [float(r["T_K"]) for r in rows], [float(r["Cp_J_molK"]) for r in rows]


TABULATED = sorted({row["formula"] for row in read_facts("heat_capacity")})


def shomate_kj(t, a, b, c, d, e, f):
    """H(T) - H(298.15) in kJ/mol of the NIST WebBook, up to its constant H; t is T / 1000 K."""
    return a * t + b * t**2 / 2 + c * t**3 / 3 + d * t**4 / 4 - e / t + f


# NIST WebBook (Chase 1998); the crystal at 298.15 K is the reference, so the melting is in it.
WEBBOOK_1000 = {
    "MgO": shomate_kj(1.0, 47.25995, 5.681621, -0.872665, 0.104300, -1.053955, -619.1316) + 601.2408,
    "Cu": shomate_kj(1.0, 17.72891, 28.09870, -31.25289, 13.97243, 0.068611, -6.056591),
    "Al": shomate_kj(1.0, 31.75104, 0.0, 0.0, 0.0, 0.0, -0.945684),  # liquid
    "Pb": shomate_kj(1.0, 38.00449, -14.62249, 7.255475, -1.033370, -0.330775, -7.944328),  # liquid
}


@pytest.mark.parametrize("formula", WEBBOOK_1000)
def test_increments_agree_with_the_nist_shomate_equations(formula):
    # 1 %: straight lines between 100 K points, another melting enthalpy
    increment = enthalpy_of(formula).increment_j_per_mol(1000.0) / 1000
    assert increment == pytest.approx(WEBBOOK_1000[formula], rel=0.01)


@pytest.mark.parametrize(
    ("formula", "kj"),
    [("Li", 23.18), ("Li2O", 52.0), ("MgO", 32.95), ("LiF", 36.6), ("Na", 23.4), ("K", 23.7)],  # JANAF 1998
)
def test_increments_to_1000_k_of_janaf(formula, kj):
    assert enthalpy_of(formula).increment_j_per_mol(1000.0) / 1000 == pytest.approx(kj, rel=0.015)


def test_lithium_up_to_its_melting_by_hand():
    lithium = enthalpy_of("Li")
    x, y = [298.15, 300, 350, 400, 450], [24.623, 24.669, 25.93, 27.61, 29.28]
    solid = sum((b - a) * (c + d) / 2 for a, b, c, d in zip(x, x[1:], y, y[1:], strict=False))
    solid += (453.65 - 450) * 29.33  # Cp between 29.280 and 29.387
    assert lithium.increment_j_per_mol(453.65) == pytest.approx(solid, abs=0.3)
    assert lithium.increment_j_per_mol(453.65, molten=True) == pytest.approx(solid + 3000, abs=0.3)
    assert lithium.increment_j_per_mol(453.65, molten=True) == pytest.approx(7180, rel=0.005)  # 4.18 + 3.00 kJ/mol


def test_the_files_are_in_order_solid_before_liquid_and_never_go_back():
    wrong = []
    for formula in TABULATED:
        temperatures, values = cp_points(formula)
        if any(b < a for a, b in itertools.pairwise(temperatures)) or min(values) <= 0:
            wrong.append(formula)
    assert not wrong, f"temperatures go back in {wrong}"


def test_every_table_starts_at_298_k_and_no_point_stands_three_times():
    for formula in TABULATED:
        temperatures, _ = cp_points(formula)
        assert temperatures[0] == pytest.approx(T0)
        assert max(temperatures.count(t) for t in temperatures) <= 2


def test_tables_agree_with_the_heat_capacities_at_298_k():
    one_polymorph = {}
    for row in read_facts("thermochem"):
        if row["formula"] in TABULATED and row["Cp298_J_molK"] and float(row["n_atoms"]):
            atoms = sum(parse_formula(row["formula"]).values())
            assert atoms == pytest.approx(float(row["n_atoms"]))
            one_polymorph.setdefault(row["formula"], float(row["Cp298_J_molK"]))
    assert len(one_polymorph) > 35
    off = {
        f: (cp_points(f)[1][0], value)
        for f, value in one_polymorph.items()
        if cp_points(f)[1][0] != pytest.approx(value, rel=0.03)
    }
    assert not off


def test_the_switch_to_the_liquid_is_where_the_phase_melts():
    # otherwise solid heat capacity would be counted for the liquid; 2 %: gaps of the files where JANAF extrapolates
    for formula in TABULATED:
        solid, _ = cp_points(formula, "solid")
        liquid, _ = cp_points(formula, "liquid")
        melting = enthalpy_of(formula).melting_point_k
        if liquid and melting is not None and melting > T0:
            assert solid[-1] <= melting * 1.02
            assert liquid[0] >= melting * 0.98


def test_solid_curves_are_smooth():
    # a digit lost in a table would stand out: between neighbours no jump beyond 25 %, lambda peaks excepted
    peaks = {"Co", "Ni", "Ba"}
    for formula in set(TABULATED) - peaks:
        _, values = cp_points(formula, "solid")
        for a, b in itertools.pairwise(values):
            assert b / a == pytest.approx(1.0, abs=0.25), formula


def test_heat_capacity_per_atom_is_near_dulong_and_petit_at_1000_k():
    # 3R is 24.9 J/(mol K) per atom; light or stiff solids are below, anharmonic ones and liquids above
    for formula in TABULATED:
        e = enthalpy_of(formula)
        per_atom = np.interp(1000.0, e.temperature_k, e.heat_capacity_j_per_mol_k) / sum(
            parse_formula(formula).values()
        )
        assert 17 < per_atom < 45, formula


@pytest.mark.parametrize("formula", TABULATED)
def test_increments_are_the_integral_of_the_table(formula):
    e = enthalpy_of(formula)
    x, y = (np.array(column) for column in cp_points(formula))
    for top in (299.0, 312.3, 455.0, 777.7, 1234.5, 2999.0):
        edges = np.unique(np.concatenate([[T0], x[(x > T0) & (x < top)], [top]]))
        # straight between points: two points of Gauss-Legendre are exact and never touch a jump
        total = 0.0
        for a, b in itertools.pairwise(edges):
            nodes = (a + b) / 2 + (b - a) / 2 * np.array([-1, 1]) / np.sqrt(3)
            total += (b - a) / 2 * float(np.interp(nodes, x, y).sum())
        total += sum(heat for t, heat in e.transitions if t < top)
        # 2 J/mol: the table of lead overlaps by 0.6 K
        assert e.increment_j_per_mol(top) == pytest.approx(total, rel=1e-9, abs=2.0)


@pytest.mark.parametrize("formula", ["Li", "Na", "K", "Mg", "Al", "Pb", "Ga", "Li2O", "Sb2O3", "Li3Sb", "Hg", "Ba"])
def test_increments_grow_strictly_with_temperature(formula):
    e = enthalpy_of(formula)
    # 0.05 K steps around the overlap in the table of lead as well
    grid = np.unique(np.concatenate([np.linspace(T0, 3000, 1500), np.arange(595, 605, 0.05)]))
    values = [e.increment_j_per_mol(float(t)) for t in grid]
    assert values[0] == pytest.approx(0.0, abs=1e-9)
    assert np.all(np.diff(values) > 0)


def test_lead_has_one_heat_capacity_below_its_melting_point():
    # solid to 600.6 K; the liquid's extrapolation at 600 K must not enter
    lead = enthalpy_of("Pb")
    assert np.all(np.diff(lead.temperature_k) >= 0)
    assert lead.increment_j_per_mol(600.5) - lead.increment_j_per_mol(599.5) == pytest.approx(29.41, rel=2e-3)


@QUICK
@given(st.sampled_from(["Li", "Al", "LiF", "Ga"]), st.floats(T0, 2500), st.floats(0.001, 400))
def test_melting_is_counted_once_and_at_its_temperature(formula, temperature, step):
    e = enthalpy_of(formula)
    ((melting, heat),) = e.transitions
    gained = e.increment_j_per_mol(temperature + step) - e.increment_j_per_mol(temperature)
    crossed = temperature <= melting < temperature + step
    lowest, highest = e.heat_capacity_j_per_mol_k.min(), e.heat_capacity_j_per_mol_k.max()
    slack = 1e-6 * (1 + gained)  # rounding of the difference of two sums
    assert lowest * step - slack <= gained - heat * crossed <= highest * step + slack


def test_what_is_liquid_or_melts_at_room_temperature():
    assert enthalpy_of("Hg").transitions == ()
    mercury = enthalpy_of("Hg").increment_j_per_mol(398.15)
    assert mercury == pytest.approx(100 * 27.98, rel=0.01)  # liquid Cp, no melting
    ((melting, heat),) = enthalpy_of("Ga").transitions
    assert melting == pytest.approx(302.9146, abs=0.05)
    assert heat == pytest.approx(5590, rel=0.01)
    gallium = enthalpy_of("Ga")
    # Cp of the table: 26.06 solid, about 28.3 liquid
    assert gallium.increment_j_per_mol(302.0) == pytest.approx(26.1 * 3.85, rel=0.01)
    assert gallium.increment_j_per_mol(303.0) == pytest.approx(26.1 * 4.76 + 5580, rel=0.01)


def test_room_temperature_is_the_zero_of_every_function():
    for formula in ("Li", "Hg", "Sb2O3", "Li3Sb", "Li13In3"):
        assert enthalpy_of(formula).increment_j_per_mol(T0) == pytest.approx(0.0, abs=1e-9)


def test_any_writing_of_a_formula_is_one_formula_unit():
    assert enthalpy_of("Li4O2").increment_j_per_mol(800) == enthalpy_of("Li2O").increment_j_per_mol(800)


def test_constant_heat_capacities_give_a_product():
    sb2o3 = enthalpy_of("Sb2O3")
    assert "298" in sb2o3.basis
    assert sb2o3.increment_j_per_mol(398.15) == pytest.approx(100 * 101.4, rel=1e-9)


def test_neumann_kopp_by_hand():
    li3sb = enthalpy_of("Li3Sb")
    assert "Neumann-Kopp" in li3sb.basis
    assert li3sb.transitions == ()
    for t in (298.15, 325.0, 400.0):
        cp_li = np.interp(t, *cp_points("Li", "solid"))
        cp_sb = 25.2  # CRC
        slope = (li3sb.increment_j_per_mol(t + 0.5) - li3sb.increment_j_per_mol(t)) / 0.5
        assert slope == pytest.approx(3 * cp_li + cp_sb, rel=2e-3)
    # the sum of the increments of its solid elements below the melting of lithium
    parts = 3 * enthalpy_of("Li").increment_j_per_mol(440.0) + enthalpy_of("Sb").increment_j_per_mol(440.0)
    assert li3sb.increment_j_per_mol(440.0) == pytest.approx(parts, rel=1e-9)
    # above it the lithium in the solid alloy has not melted
    jump = li3sb.increment_j_per_mol(454.0) - li3sb.increment_j_per_mol(453.0)
    assert jump == pytest.approx(3 * 29.4 + 25.2, rel=0.02)


@pytest.mark.parametrize(
    ("formula", "element", "number", "others"),
    [("K3Sb", "K", 3, {"Sb": 25.2}), ("Al3Sb", "Al", 3, {"Sb": 25.2}), ("Nb3Sb", "Nb", 3, {"Sb": 25.2})],
)
def test_neumann_kopp_takes_the_solid_element_beyond_its_melting(formula, element, number, others):
    # "the solid compound is the sum of its solid elements": the last solid value goes on, never the liquid's
    compound = enthalpy_of(formula)
    assert "Neumann-Kopp" in compound.basis
    last_solid = cp_points(element, "solid")[1][-1]
    hot = 2900.0
    slope = (compound.increment_j_per_mol(hot + 50) - compound.increment_j_per_mol(hot)) / 50
    assert slope == pytest.approx(number * last_solid + sum(others.values()), rel=1e-3)


@pytest.mark.parametrize("formula", ["Ar", "Tc"])
def test_an_element_without_heat_capacity_is_a_key_error(formula):
    with pytest.raises(KeyError, match=formula):
        enthalpy_of(formula)


def test_a_compound_of_an_element_without_heat_capacity_is_a_key_error_that_names_it():
    with pytest.raises(KeyError, match="Tc"):
        enthalpy_of("Li2TcO3")


def test_every_element_of_the_embedded_oxides_has_a_heat_capacity(builtin):
    symbols = {symbol for phase in builtin for symbol in parse_formula(phase.formula)}
    lacking = set()
    for symbol in symbols:
        try:
            enthalpy_of(symbol)
        except (KeyError, RecursionError):
            lacking.add(symbol)
    # halogens are there for LiF and LiCl only, which have tables of their own; temperatures of the others are unknown
    assert lacking <= {"F", "Cl", "Rb", "Cs", "Th", "U"}


def test_what_the_default_products_need_is_there():
    # Li2O is in every layer and its liquid in the table: melting must be counted. Handbooks: 1711 K (CRC) to 1843 K
    # (JANAF, 58.6 kJ/mol); wide, because the enthalpy of fusion is not well known
    ((melting, heat),) = enthalpy_of("Li2O").transitions
    assert 1700 <= melting <= 1850
    assert 35_000 <= heat <= 65_000


@pytest.mark.parametrize(
    ("formula", "kelvin"),
    [("Li", 1615), ("Na", 1156), ("K", 1032), ("Mg", 1363), ("Hg", 629.8), ("Zn", 1180), ("Sb", 1860), ("Pb", 2022)],
)
def test_boiling_points_of_handbooks(formula, kelvin):
    assert boiling_point_k(formula) == pytest.approx(kelvin, rel=0.003)


def test_boiling_is_above_melting_and_unknown_is_none():
    for row in read_facts("boiling_points"):
        melting = enthalpy_of(row["formula"]).melting_point_k
        assert melting is None or melting < float(row["boiling_point_K"])
    assert boiling_point_k("Li3Sb") is None
