"""Quantities of a layer, recomputed by hand from the table's phases."""

import math

import pytest

from licoat.structures import PhaseTable, load_phases
from licoat.structures.phases.provenance import Manifest
from licoat.thermo import lithiate
from licoat.thermo.measurement import measured_side
from licoat.workflows.layer import layer_material
from licoat.workflows.screening.quantities import INSULATOR_GAP_EV, QUANTITIES, measure_all, quantity_names

ATOMIC_MASS_G = {"Li": 6.94, "O": 15.999, "Sb": 121.760}  # IUPAC abridged
N_A = 6.02214076e23
MASSES = 1e-4  # the abridged atomic masses hold four to five digits


def measure(path):
    """Every quantity, of the table itself: the tests have its volumes in hand."""
    measured = load_phases("measured")
    return measure_all(path, measured_side(path, measured), 0.0, layer_material(path))


@pytest.fixture(scope="module")
def path(builtin):
    return lithiate("Sb2O3", builtin)


@pytest.fixture(scope="module")
def measures(path):
    return measure(path)


@pytest.fixture(scope="module")
def volumes(builtin, path):
    """A^3 per formula unit of the phases that take part, from the table's own column (formula: atoms)."""
    atoms = {"Sb2O3": 5, "Li": 1, "Li3Sb": 4, "Li2O": 3}
    ids = {species.formula: species.phase_id for species in path.final.species}
    return {formula: n * builtin[ids[formula]].volume_a3_per_atom for formula, n in atoms.items()}


@pytest.fixture(scope="module")
def product_volume(volumes):
    return 2 * volumes["Li3Sb"] + 3 * volumes["Li2O"]


def test_every_quantity_is_measured_with_a_source_or_a_reason(measures):
    assert QUANTITIES.keys() <= measures.keys() <= set(quantity_names())
    for name, measure in measures.items():
        assert measure.source or measure.missing, name
        assert measure.value is None or math.isfinite(measure.value), name


def test_volume_fractions_of_the_layer(measures, volumes, product_volume, builtin, path):
    alloy, matrix = 2 * volumes["Li3Sb"] / product_volume, 3 * volumes["Li2O"] / product_volume
    gaps = {s.formula: builtin[s.phase_id].band_gap_ev for s in path.final.products}
    assert 0 < gaps["Li3Sb"] < INSULATOR_GAP_EV < gaps["Li2O"]  # Li3Sb is a semiconductor, Li2O an insulator
    assert measures["alloy_volume_fraction"].value == pytest.approx(alloy, rel=1e-12)
    assert measures["insulating_volume_fraction"].value == pytest.approx(matrix, rel=1e-12)
    assert measures["metallic_volume_fraction"].value == 0.0
    assert alloy + matrix == pytest.approx(1.0)


def test_reuss_and_voigt_bounds_from_product_volumes(measures, volumes, product_volume, builtin, path):
    g = {s.formula: builtin[s.phase_id].shear_modulus_gpa for s in path.final.products}
    s = {s.formula: builtin[s.phase_id].elastic_sigma_percent / 100 for s in path.final.products}
    f = {"Li3Sb": 2 * volumes["Li3Sb"] / product_volume, "Li2O": 3 * volumes["Li2O"] / product_volume}
    compliance = sum(f[x] / g[x] for x in f)
    low, high = measures["shear_modulus_reuss_gpa"], measures["shear_modulus_voigt_gpa"]
    assert low.value == pytest.approx(1 / compliance, rel=1e-12)
    assert high.value == pytest.approx(sum(f[x] * g[x] for x in f), rel=1e-12)
    # analytic propagation: dR/dG_i = R^2 f_i / G_i^2, dV/dG_i = f_i; the code differentiates by a step of 1e-4
    assert low.sigma == pytest.approx(math.hypot(*(low.value**2 * f[x] / g[x] * s[x] for x in f)), rel=1e-3)
    assert high.sigma == pytest.approx(math.hypot(*(f[x] * g[x] * s[x] for x in f)), rel=1e-3)


def test_lithium_eaten_per_layer(measures, volumes, product_volume):
    found = measures["lithium_um_per_um_product"].value
    assert found == pytest.approx(12 * volumes["Li"] / product_volume, rel=1e-12)
    measured = 12 * ATOMIC_MASS_G["Li"] / 0.534 / N_A * 1e24 / product_volume  # density of lithium 0.534 g/cm3
    assert found == pytest.approx(measured, rel=0.1)  # computed volumes are within 10 % of measured ones


def test_heat_per_area_from_heat_per_mass_and_densities(measures, path, volumes, product_volume):
    mass = 2 * ATOMIC_MASS_G["Sb"] + 3 * ATOMIC_MASS_G["O"]
    density = mass / (N_A * volumes["Sb2O3"] * 1e-24)  # g/cm3 of the oxide
    expansion = product_volume / volumes["Sb2O3"]
    oxide_per_area = 1e-4 / expansion * density  # g/cm2 of oxide that becomes 1 um of product
    heat = path.final.heat_mj_per_kg_oxide * 1e3 * oxide_per_area  # MJ/kg is kJ/g
    measure = measures["heat_j_per_cm2_per_um_product"]
    assert measure.value == pytest.approx(heat, rel=MASSES)
    relative = path.final.energy_sigma_ev_per_fu / -path.final.energy_ev_per_fu
    assert measure.sigma == pytest.approx(relative * measure.value, rel=1e-9)


def test_heats_voltages_and_their_sigmas_belong_together(measures, path):
    energy, n = path.final.energy_ev_per_fu, 12
    assert path.final.anode_atoms_per_fu == n
    assert measures["energy_ev_per_fu"].value == energy < 0
    assert measures["energy_ev_per_anode_atom"].value == pytest.approx(energy / n)
    assert measures["energy_ev_per_anode_atom"].sigma == pytest.approx(path.final.energy_sigma_ev_per_fu / n)
    assert measures["average_voltage_v"].value == pytest.approx(-energy / n)
    assert measures["driving_force_v"].value == pytest.approx(-energy / n)
    assert measures["driving_force_v"].sigma == pytest.approx(path.final.energy_sigma_ev_per_fu / n)
    mass = 2 * ATOMIC_MASS_G["Sb"] + 3 * ATOMIC_MASS_G["O"]
    per_kg = -energy * 96.48533212 / mass  # eV to kJ/mol (CODATA 2018)
    assert measures["heat_mj_per_kg_oxide"].value == pytest.approx(per_kg, rel=MASSES)
    per_kg_all = per_kg * mass / (mass + n * ATOMIC_MASS_G["Li"])
    assert measures["heat_mj_per_kg_reactants"].value == pytest.approx(per_kg_all, rel=MASSES)


def test_oxide_that_does_not_react_makes_no_layer_and_no_heat(builtin):
    measures = measure(lithiate("CaO", builtin))
    for name in ("energy_ev_per_fu", "energy_ev_per_anode_atom", "heat_j_per_cm2_per_um_product"):
        assert measures[name].value == 0.0, name
        assert math.copysign(1, measures[name].value) == 1, f"{name} is minus zero"
    assert measures["lithium_um_per_um_product"].value == 0.0
    assert measures["volume_ratio_oxide"].value == 1.0
    assert measures["alloy_volume_fraction"].value == 0.0
    assert measures["driving_force_v"].value < 0
    assert measures["average_voltage_v"].value is None


def test_unknown_gap_of_a_product_leaves_limits(builtin):
    path = lithiate("B2O3", builtin)
    share = {s.formula: s.volume_fraction for s in path.final.products}
    unknown = [s.formula for s in path.final.products if s.band_gap_ev is None]
    assert unknown == ["LiB"], "LiB has no published gap; if it gets one choose another oxide here"
    measures = measure(path)
    metallic, insulating = measures["metallic_volume_fraction"], measures["insulating_volume_fraction"]
    assert metallic.value is None
    assert insulating.value is None
    assert (metallic.low, metallic.high) == pytest.approx((0.0, share["LiB"]))
    assert (insulating.low, insulating.high) == pytest.approx((share["Li2O"], 1.0))
    assert "LiB" in metallic.missing


def test_unknown_modulus_of_a_product_is_named(without_moduli):
    measures = measure(lithiate("ZnO", without_moduli("LiZn")))
    assert measures["shear_modulus_reuss_gpa"].value is None
    assert "LiZn" in measures["shear_modulus_reuss_gpa"].missing


def table(**extra):
    """MgO + 2 Li -> Mg + Li2O, a system of one reaction: LiMg is far above the hull."""
    columns = {
        "phase_id": ["ox", "li", "mg", "o", "li2o", "alloy"],
        "formula": ["MgO", "Li", "Mg", "O2", "Li2O", "LiMg"],
        "formation_energy_ev_per_atom": [-1.0, 0.0, 0.0, 0.0, -2.0, 0.5],
        "volume_a3_per_atom": [10.0, 20.0, 23.0, 15.0, 8.0, 20.0],
    }
    return PhaseTable(columns | extra, Manifest(source="test", scheme="test"))


def test_missing_volume_is_named_and_never_a_number():
    measures = measure(lithiate("MgO", table(volume_a3_per_atom=[10.0, 20.0, math.nan, 15.0, 8.0, 20.0])))
    needs_volume = [
        "volume_ratio_oxide",
        "volume_ratio_reactants",
        "lithium_um_per_um_product",
        "heat_j_per_cm2_per_um_product",
        "metallic_volume_fraction",
        "alloy_volume_fraction",
    ]
    for name in needs_volume:
        assert measures[name].value is None, name
        assert measures[name].missing, name
    assert "Mg" in measures["volume_ratio_oxide"].missing
    assert measures["energy_ev_per_fu"].value == pytest.approx(-4.0)  # 3 (-2) - 2 (-1)


def test_metallic_share_of_a_metal_and_an_insulator():
    gaps = [7.8, 0.0, 0.0, math.nan, 8.0, 0.0]
    measures = measure(lithiate("MgO", table(band_gap_ev=gaps, band_gap_kind=["measured"] * 6)))
    metal, oxide = 23.0, 3 * 8.0
    assert measures["metallic_volume_fraction"].value == pytest.approx(metal / (metal + oxide))
    assert measures["insulating_volume_fraction"].value == pytest.approx(oxide / (metal + oxide))
    assert measures["alloy_volume_fraction"].value == 0.0  # Mg is no lithium alloy
    assert measures["volume_ratio_oxide"].value == pytest.approx((metal + oxide) / 20.0)
    assert measures["volume_ratio_reactants"].value == pytest.approx((metal + oxide) / (20.0 + 2 * 20.0))
    assert measures["lithium_um_per_um_product"].value == pytest.approx(40.0 / (metal + oxide))


def test_a_gap_at_the_limit_counts_as_an_insulator():
    measures = measure(lithiate("MgO", table(band_gap_ev=[7.8, 0.0, 0.0, math.nan, INSULATOR_GAP_EV, 0.0])))
    assert measures["insulating_volume_fraction"].value == pytest.approx(24.0 / 47.0)


def test_a_fluoride_makes_an_alloy_and_a_salt():
    """SnF2 + Li -> Li17Sn4 + LiF: LiF is no alloy, however little oxygen it holds."""
    columns = {
        "phase_id": ["li", "sn", "f", "snf2", "lif", "alloy", "o", "lio"],
        "formula": ["Li", "Sn", "F2", "SnF2", "LiF", "Li17Sn4", "O2", "Li2O"],
        "formation_energy_ev_per_atom": [0.0, 0.0, 0.0, -2.2, -3.2, -0.3, 0.0, -2.0],
        "volume_a3_per_atom": [20.0, 27.0, 15.0, 13.0, 8.2, 17.7, 15.0, 8.2],
    }
    path = lithiate("SnF2", PhaseTable(columns, Manifest(source="hand", scheme="hand")))
    assert path.final.coefficients == {"SnF2": -1.0, "Li": -6.25, "Li17Sn4": 0.25, "LiF": 2.0}
    alloy, salt = 0.25 * 21 * 17.7, 2.0 * 2 * 8.2
    assert measure(path)["alloy_volume_fraction"].value == pytest.approx(alloy / (alloy + salt), rel=1e-12)
    assert 0.7 < alloy / (alloy + salt) < 0.8


def intrinsic_carriers_per_cm3(gap_ev):
    """sqrt(Nc Nv) exp(-Eg / 2kT) at 298 K with the mass of the free electron: 2.5e19 states per cm3 in each band."""
    kt = 8.617333e-5 * 298.15
    states = 2.0 * (2.0 * math.pi * 9.1093837e-31 * kt * 1.602176634e-19 / 6.62607015e-34**2) ** 1.5 * 1e-6
    return states * math.exp(-gap_ev / (2.0 * kt))


LAYER_CM3 = 1e-4  # 1 um on 1 cm2


@pytest.mark.parametrize("gap", [2.0, 2.05, 2.5, 2.9, 5.0])
def test_a_layer_without_a_single_thermal_carrier_is_an_insulator(gap):
    assert intrinsic_carriers_per_cm3(gap) * LAYER_CM3 < 1.0
    assert intrinsic_carriers_per_cm3(gap) * 1e-11 < 1.0  # per 10 um3
    measures = measure(lithiate("MgO", table(band_gap_ev=[7.8, 0.0, 0.0, math.nan, gap, 0.0])))
    assert measures["insulating_volume_fraction"].value == pytest.approx(24.0 / 47.0)


@pytest.mark.parametrize("gap", [0.0, 0.7, 1.12, 1.6])
def test_a_layer_with_thermal_carriers_is_no_insulator(gap):
    """Silicon has 1.12 eV and 1e10 carriers per cm3, a million in the layer."""
    assert intrinsic_carriers_per_cm3(gap) * LAYER_CM3 > 1.0
    measures = measure(lithiate("MgO", table(band_gap_ev=[7.8, 0.0, 0.0, math.nan, gap, 0.0])))
    assert measures["insulating_volume_fraction"].value == 0.0
