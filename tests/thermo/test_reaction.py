"""Any reaction: energies in every basis, voltages, volumes and sigmas, each computed by hand."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Composition
from scipy import constants

from licoat.structures import FormulaError, LicoatError, MissingDataError, PhaseTable, UnbalancedReactionError
from licoat.structures.phases.provenance import Manifest
from licoat.thermo import react

CLASSIC = "Sb2O3 + 12 Li -> 2 Li3Sb + 3 Li2O"
EXACT = 1e-9  # relative; sums of a few floating-point products
WEIGHTS = 1e-4  # relative; pymatgen's atomic weights are rounded elsewhere than ours
KJ_PER_MOL = constants.eV * constants.Avogadro / 1000


def mass(formula):
    return float(Composition(formula).weight)


def atoms(formula):
    return Composition(formula).num_atoms


@pytest.fixture(scope="module")
def small():
    """Round numbers: energies and volumes per atom, sigmas per atom, one oxide with two polymorphs."""
    rows = [
        # id, formula, E_f eV/atom, sigma eV/atom, A^3/atom
        ("li", "Li", 0.0, 0.0, 20.0),
        ("sb", "Sb", 0.0, 0.0, 30.0),
        ("o2", "O2", 0.0, 0.0, 10.0),
        ("low", "Sb2O3", -1.75, 0.02, 17.0),
        ("high", "Sb2O3", -1.50, 0.01, 18.0),
        ("li2o", "Li2O", -2.0, 0.003, 8.0),
        ("li3sb", "Li3Sb", -0.75, 0.05, 18.5),
        ("feo", "FeO", -1.25, 0.04, 10.0),
        ("fe", "Fe", 0.0, 0.0, 12.0),
        ("nov", "LiFeO2", -1.5, 0.04, math.nan),
        ("nosigma", "Li5FeO4", -1.75, math.nan, 11.0),
        ("noenergy", "Fe3O4", math.nan, 0.1, 11.0),
    ]
    names = ("phase_id", "formula", "formation_energy_ev_per_atom", "energy_sigma_ev_per_atom", "volume_a3_per_atom")
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    return PhaseTable(columns, Manifest(source="small", scheme="by hand"))


class TestByHand:
    def test_energies_of_the_small_table(self, small):
        found = react(CLASSIC, small)
        # Neither polymorph has a space group, so the lower one reacts.
        energy = 2 * 4 * -0.75 + 3 * 3 * -2.0 - 5 * -1.75
        assert found.energy_ev_per_fu == pytest.approx(energy, rel=EXACT)
        assert found.phase_id == "low"
        assert found.oxide == "Sb2O3"
        assert found.anode_atoms_per_fu == 12.0
        assert found.energy_ev_per_atom == pytest.approx(energy / 17, rel=EXACT)
        assert found.energy_ev_per_anode_atom == pytest.approx(energy / 12, rel=EXACT)
        assert found.average_voltage_v == pytest.approx(-energy / 12, rel=EXACT)

    def test_volumes_of_the_small_table(self, small):
        found = react(CLASSIC, small)
        products, oxide, lithium = 2 * 4 * 18.5 + 3 * 3 * 8.0, 5 * 17.0, 12 * 20.0
        assert found.volume_ratio_oxide == pytest.approx(products / oxide, rel=EXACT)
        assert found.volume_ratio_reactants == pytest.approx(products / (oxide + lithium), rel=EXACT)
        shares = {s.formula: s.volume_fraction for s in found.products}
        assert shares == pytest.approx({"Li3Sb": 2 * 4 * 18.5 / products, "Li2O": 3 * 3 * 8.0 / products}, rel=EXACT)
        assert all(s.volume_fraction is None for s in found.reactants)

    def test_sigma_adds_in_quadrature(self, small):
        found = react(CLASSIC, small)
        sigma = math.sqrt((2 * 4 * 0.05) ** 2 + (3 * 3 * 0.003) ** 2 + (5 * 0.02) ** 2)
        assert found.energy_sigma_ev_per_fu == pytest.approx(sigma, rel=EXACT)
        assert found.average_voltage_sigma_v == pytest.approx(sigma / 12, rel=EXACT)

    def test_a_chosen_polymorph_brings_its_energy_volume_and_sigma(self, small):
        found = react(CLASSIC, small, phase_ids={"Sb4O6": "high"})
        assert found.phase_id == "high"
        assert found.energy_ev_per_fu == pytest.approx(2 * 4 * -0.75 + 3 * 3 * -2.0 - 5 * -1.5, rel=EXACT)
        assert found.volume_ratio_oxide == pytest.approx((2 * 4 * 18.5 + 3 * 3 * 8.0) / (5 * 18.0), rel=EXACT)
        sigma = math.sqrt((2 * 4 * 0.05) ** 2 + (3 * 3 * 0.003) ** 2 + (5 * 0.01) ** 2)
        assert found.energy_sigma_ev_per_fu == pytest.approx(sigma, rel=EXACT)

    def test_a_chosen_polymorph_of_a_product_counts_too(self, small):
        formation = react("4 Sb + 3 O2 -> 2 Sb2O3", small, phase_ids={"Sb2O3": "high"})
        assert formation.energy_ev_per_fu == pytest.approx(5 * -1.5 / 2, rel=EXACT)  # per Sb, the first reactant

    def test_the_unknown_stays_unknown(self, small):
        no_volume = react("FeO + Li2O -> LiFeO2 + Li", small)
        assert no_volume.volume_ratio_oxide is None
        assert no_volume.volume_ratio_reactants is None
        assert [s.volume_fraction for s in no_volume.species] == [None] * 4
        no_oxide_volume = react("LiFeO2 + 3 Li -> Fe + 2 Li2O", small)
        assert no_oxide_volume.heat_gj_per_m3_oxide is None
        assert no_oxide_volume.volume_ratio_oxide is None
        assert no_oxide_volume.heat_mj_per_kg_oxide > 0
        no_sigma = react("Li5FeO4 + 3 Li -> Fe + 4 Li2O", small)
        assert no_sigma.energy_sigma_ev_per_fu is None
        assert no_sigma.average_voltage_sigma_v is None

    def test_a_divalent_anode_passes_two_electrons_per_atom(self, make_table):
        phases = make_table([("Mg", 0), ("O2", 0), ("MgO", -6), ("Fe", 0), ("FeO", -2.5)])
        found = react("FeO + Mg -> Fe + MgO", phases, anode="Mg")
        assert found.energy_ev_per_anode_atom == pytest.approx(-3.5, rel=EXACT)
        assert found.average_voltage_v == pytest.approx(1.75, rel=EXACT)

    def test_without_the_anode_metal_there_is_no_voltage(self, small):
        found = react("3 FeO + 2 Sb -> Sb2O3 + 3 Fe", small)
        assert found.average_voltage_v is None
        assert found.energy_ev_per_anode_atom is None
        assert found.anode_atoms_per_fu == 0.0
        assert found.volume_ratio_reactants == pytest.approx((85 + 36) / (60 + 60), rel=EXACT)


@pytest.fixture(params=["builtin", "measured"])
def table(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def found(table):
    return react(CLASSIC, table)


class TestBases:
    """One reaction, one energy: every basis follows from the others by CODATA constants and atomic weights."""

    def test_per_mole_and_per_mass(self, found):
        kj = found.energy_ev_per_fu * KJ_PER_MOL
        assert found.energy_kj_per_mol == pytest.approx(kj, rel=1e-8)
        oxide, everything = mass("Sb2O3"), mass("Sb2O3") + 12 * mass("Li")
        assert found.heat_mj_per_kg_oxide == pytest.approx(-kj / oxide, rel=WEIGHTS)
        assert found.heat_mj_per_kg_reactants == pytest.approx(-kj / everything, rel=WEIGHTS)
        assert found.tnt_ratio_oxide == pytest.approx(found.heat_mj_per_kg_oxide / 4.184, rel=EXACT)
        assert found.tnt_ratio_reactants == pytest.approx(found.heat_mj_per_kg_reactants / 4.184, rel=EXACT)

    def test_mass_is_conserved(self, found):
        products = sum(s.amount * mass(s.formula) for s in found.products)
        assert products == pytest.approx(mass("Sb2O3") + 12 * mass("Li"), rel=1e-9)

    def test_per_volume(self, found):
        (oxide,) = (s for s in found.species if s.formula == "Sb2O3")
        joule_per_m3 = -found.energy_ev_per_fu * constants.eV / (oxide.volume_a3_per_fu * constants.angstrom**3)
        assert found.heat_gj_per_m3_oxide == pytest.approx(joule_per_m3 / 1e9, rel=1e-8)
        density = mass("Sb2O3") / constants.Avogadro / (oxide.volume_a3_per_fu * 1e-24)  # g/cm3 = t/m3
        assert found.heat_gj_per_m3_oxide == pytest.approx(found.heat_mj_per_kg_oxide * density, rel=WEIGHTS)

    def test_per_atom_and_per_lithium(self, found):
        assert found.energy_ev_per_atom * (5 + 12) == pytest.approx(found.energy_ev_per_fu, rel=EXACT)
        assert found.energy_ev_per_anode_atom * 12 == pytest.approx(found.energy_ev_per_fu, rel=EXACT)
        charge = 12 * constants.eV * constants.Avogadro  # C per mole of oxide
        assert found.average_voltage_v == pytest.approx(-found.energy_kj_per_mol * 1000 / charge, rel=1e-8)

    def test_volumes_are_those_of_the_table(self, found, table):
        volume = {}
        for species in found.species:
            volume[species.formula] = table[species.phase_id].volume_a3_per_atom * atoms(species.formula)
            assert species.volume_a3_per_fu == pytest.approx(volume[species.formula], rel=EXACT)
        products = 2 * volume["Li3Sb"] + 3 * volume["Li2O"]
        assert found.volume_ratio_oxide == pytest.approx(products / volume["Sb2O3"], rel=EXACT)
        everything = volume["Sb2O3"] + 12 * volume["Li"]
        assert found.volume_ratio_reactants == pytest.approx(products / everything, rel=EXACT)
        assert found.volume_ratio_reactants < 1 < found.volume_ratio_oxide
        assert sum(s.volume_fraction for s in found.products) == pytest.approx(1.0, rel=EXACT)

    def test_sigma_is_the_quadrature_of_the_table(self, found, table):
        parts = [s.amount * atoms(s.formula) * table[s.energy_phase_id].energy_sigma_ev_per_atom for s in found.species]
        assert found.energy_sigma_ev_per_fu == pytest.approx(math.hypot(*parts), rel=EXACT)

    def test_energy_is_that_of_the_phases_it_names(self, found, table):
        parts = [
            s.amount * atoms(s.formula) * table[s.energy_phase_id].formation_energy_ev_per_atom for s in found.species
        ]
        assert found.energy_ev_per_fu == pytest.approx(sum(parts), rel=EXACT)

    def test_dictionary_is_json_with_whole_coefficients(self, found):
        data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert data["coefficients"] == {"Sb2O3": -1, "Li": -12, "Li3Sb": 2, "Li2O": 3}
        assert all(isinstance(n, int) for n in data["coefficients"].values())
        promised = {
            "energy_ev_per_fu",
            "energy_ev_per_atom",
            "energy_ev_per_anode_atom",
            "energy_kj_per_mol",
            "heat_mj_per_kg_oxide",
            "heat_mj_per_kg_reactants",
            "heat_gj_per_m3_oxide",
            "tnt_ratio_oxide",
            "tnt_ratio_reactants",
            "anode_atoms_per_fu",
            "average_voltage_v",
            "volume_ratio_oxide",
            "volume_ratio_reactants",
            "energy_sigma_ev_per_fu",
            "equation",
            "coefficients",
            "scheme",
            "source",
        }
        assert promised <= data.keys()


class TestWriting:
    """How an equation is written does not change what it says."""

    QUANTITIES = (
        "energy_ev_per_fu",
        "energy_ev_per_atom",
        "energy_ev_per_anode_atom",
        "heat_mj_per_kg_reactants",
        "average_voltage_v",
        "volume_ratio_oxide",
        "volume_ratio_reactants",
        "energy_sigma_ev_per_fu",
    )

    def same(self, first, second):
        for name in self.QUANTITIES:
            assert getattr(first, name) == pytest.approx(getattr(second, name), rel=EXACT), name

    @pytest.mark.parametrize(
        "equation",
        [
            "Sb2O3 + Li -> Li3Sb + Li2O",
            "Li + Sb2O3 -> Li2O + Li3Sb",
            "12 Li + Sb2O3 -> 3 Li2O + 2 Li3Sb",
            "Sb4O6 + 24 Li -> 4 Li3Sb + 6 Li2O",
            "1/7 Sb2O3 + 12/7 Li -> 2/7 Li3Sb + 3/7 Li2O",
            "1000000 Sb2O3 + 12000000 Li -> 2000000 Li3Sb + 3000000 Li2O",
            "0.25 Sb2O3 + 3 Li -> 0.5 Li3Sb + 0.75 Li2O",
            "Sb2O3 + 12 Li -> 2/3 Li9Sb3 + 3 Li2O",
        ],
    )
    def test_scaled_and_reordered_equations_are_the_same_reaction(self, builtin, equation):
        found = react(equation, builtin)
        assert found.oxide == "Sb2O3"
        self.same(found, react(CLASSIC, builtin))

    @settings(max_examples=30, deadline=None, derandomize=True, database=None)
    @given(times=st.integers(1, 10**9), share=st.integers(1, 10**6))
    def test_any_factor(self, builtin, times, share):
        terms = {"Sb2O3": 1, "Li": 12, "Li3Sb": 2, "Li2O": 3}
        a, b, c, d = (f"{times * n}/{share} {f}" for f, n in terms.items())
        found = react(f"{a} + {b} -> {c} + {d}", builtin)
        assert found.equation == CLASSIC
        self.same(found, react(CLASSIC, builtin))

    def test_reversal_changes_the_sign(self, small):
        forth, back = react(CLASSIC, small), react("2 Li3Sb + 3 Li2O -> Sb2O3 + 12 Li", small)
        assert back.oxide == "Li3Sb"
        assert back.energy_ev_per_fu * 2 == pytest.approx(-forth.energy_ev_per_fu, rel=EXACT)
        assert back.energy_ev_per_atom == pytest.approx(-forth.energy_ev_per_atom, rel=EXACT)
        assert back.heat_mj_per_kg_reactants == pytest.approx(-forth.heat_mj_per_kg_reactants, rel=EXACT)
        assert back.volume_ratio_reactants == pytest.approx(1 / forth.volume_ratio_reactants, rel=EXACT)
        assert back.energy_sigma_ev_per_fu * 2 == pytest.approx(forth.energy_sigma_ev_per_fu, rel=EXACT)
        assert back.average_voltage_v == pytest.approx(forth.average_voltage_v, rel=EXACT)  # a reversible cell

    def test_reversal_consumes_no_anode_metal(self, small):
        back = react("2 Li3Sb + 3 Li2O -> Sb2O3 + 12 Li", small)
        assert back.anode_atoms_per_fu == pytest.approx(-6.0)
        assert back.energy_ev_per_anode_atom is None  # "per consumed anode atom (None if none is consumed)"

    def test_reversal_with_the_phases_pinned(self, builtin):
        oxide = {"Sb2O3": builtin.text("phase_id")[builtin.rows_of("Sb2O3")[0]]}
        forth = react(CLASSIC, builtin, phase_ids=oxide)
        back = react("2 Li3Sb + 3 Li2O -> Sb2O3 + 12 Li", builtin, phase_ids=oxide)
        assert back.energy_ev_per_fu * 2 == pytest.approx(-forth.energy_ev_per_fu, rel=EXACT)

    def test_order_of_two_oxides_does_not_change_the_energy(self, builtin):
        # Both have a lower polymorph than the one that exists; both are oxides that react as they are.
        first = react("3 CoO + Sb2O3 + 18 Li -> 3 Co + 2 Li3Sb + 6 Li2O", builtin)
        second = react("Sb2O3 + 3 CoO + 18 Li -> 3 Co + 2 Li3Sb + 6 Li2O", builtin)
        assert (first.oxide, second.oxide) == ("CoO", "Sb2O3")
        assert first.energy_ev_per_fu * 3 == pytest.approx(second.energy_ev_per_fu, rel=EXACT)
        assert first.energy_ev_per_atom == pytest.approx(second.energy_ev_per_atom, rel=EXACT)


class TestRefusals:
    @pytest.mark.parametrize(
        ("equation", "error", "reason"),
        [
            ("", UnbalancedReactionError, "expected one arrow"),
            ("Sb2O3 + Li", UnbalancedReactionError, "expected one arrow"),
            ("Sb2O3 + Li -> Li3Sb + Li2O + Sb", UnbalancedReactionError, "independent reactions"),
            ("Sb2O3 + Li -> Li3Sb + Li2O + CO2", UnbalancedReactionError, "C stands in CO2 only, on one side"),
            ("Sb2O3 + 11 Li -> 2 Li3Sb + 3 Li2O", UnbalancedReactionError, "balanced it is Sb2O3"),
            ("Sb2O3 + Sb2O3 -> Li", UnbalancedReactionError, "stands twice"),
            ("Sb2O3 + Lx -> Li3Sb + Li2O", FormulaError, "unknown element 'Lx'"),
            ("Sb2O3 + 13 Li -> 2 Li3Sb + 3 Li2O + Li", UnbalancedReactionError, "Li stands twice"),
            ("Fr2O + Li -> Fr + Li2O", MissingDataError, "Fr2O is not in builtin"),
            ("FeO + Sb2O3 -> FeSb2O4", MissingDataError, "FeSb2O4 is not in builtin"),
        ],
    )
    def test_bad_reactions(self, builtin, equation, error, reason):
        with pytest.raises(error, match=reason):
            react(equation, builtin)

    def test_a_phase_for_a_formula_that_is_not_in_the_equation(self, builtin):
        with pytest.raises(MissingDataError, match="chosen for CoO, which is not in"):
            react(CLASSIC, builtin, phase_ids={"CoO": "a-CoO-B1"})

    def test_a_phase_of_another_compound(self, builtin):
        with pytest.raises(MissingDataError, match="'a-CoO-B1' of builtin is CoO, not Sb2O3"):
            react(CLASSIC, builtin, phase_ids={"Sb2O3": "a-CoO-B1"})

    def test_a_phase_that_does_not_exist(self, builtin):
        with pytest.raises(MissingDataError, match="no phase 'mp-0' in builtin"):
            react(CLASSIC, builtin, phase_ids={"Sb2O3": "mp-0"})

    def test_a_substance_without_an_energy(self, small):
        with pytest.raises(MissingDataError, match="Fe3O4 has no energy in small"):
            react("Fe3O4 + 8 Li -> 3 Fe + 4 Li2O", small)

    def test_a_chosen_phase_without_an_energy_gives_no_nan(self, small):
        with pytest.raises(MissingDataError, match="no energy"):
            react("Fe3O4 + 8 Li -> 3 Fe + 4 Li2O", small, phase_ids={"Fe3O4": "noenergy"})

    def test_every_error_is_ours(self, builtin):
        for equation in ("Sb2O3 + 1.5/2 Li -> Li2O", "1/0 Li -> Li2O", "Li2O ->", "?", "Li -> Li2"):
            with pytest.raises(LicoatError):
                react(equation, builtin)


class TestKnownNumbers:
    def test_uncorrected_reaction_of_antimony_trioxide(self, raw):
        # The founding paper's 14.9 eV (legacy Materials Project values) and its 240 % swelling, which is valentinite's.
        found = react(CLASSIC, raw)
        valentinite = react(CLASSIC, raw, phase_ids={"Sb2O3": "a-Sb2O3-valentinite_D5_11"})
        assert found.scheme == "sevennet-l3i5/none"
        assert found.energy_ev_per_fu == pytest.approx(-14.9, rel=0.01)
        assert valentinite.volume_ratio_oxide == pytest.approx(2.40, rel=0.02)
        assert found.heat_mj_per_kg_oxide == pytest.approx(4.92, rel=0.02)  # the paper's MJ per kg of oxide
        assert found.heat_mj_per_kg_reactants == pytest.approx(3.83, rel=0.02)

    def test_measured_reaction_of_antimony_trioxide(self, measured):
        found = react(CLASSIC, measured)
        assert found.energy_ev_per_fu == pytest.approx(-17.1, abs=0.25)
        assert found.energy_sigma_ev_per_fu == pytest.approx(0.34, abs=0.03)
        assert found.phase_id == "Sb2O3-s"

    def test_formation_of_lithium_oxide_from_the_literature(self, measured):
        # JANAF: Li2O(cr) -598.73 kJ/mol; NBS -597.94
        found = react("4 Li + O2 -> 2 Li2O", measured)
        assert found.energy_kj_per_mol / 2 == pytest.approx(-598, abs=2)

    @pytest.mark.parametrize(
        ("equation", "kj_per_mol"),
        [
            # differences of NIST-JANAF formation enthalpies at 298.15 K
            ("Fe2O3 + 6 Li -> 2 Fe + 3 Li2O", 3 * -598.7 + 825.5),
            ("SiO2 + 4 Li -> Si + 2 Li2O", 2 * -598.7 + 910.9),
            ("Fe2O3 + 2 Al -> Al2O3 + 2 Fe", -1675.7 + 825.5),
        ],
    )
    def test_reactions_from_the_literature(self, measured, equation, kj_per_mol):
        # tables differ by a few kJ per mole of oxide
        assert react(equation, measured).energy_kj_per_mol == pytest.approx(kj_per_mol, abs=6)

    def test_thermite_releases_four_megajoules_per_kilogram(self, measured):
        # 3.95 MJ/kg for Fe2O3 + 2 Al (Fischer and Grubelich 1998), products cold
        found = react("Fe2O3 + 2 Al -> Al2O3 + 2 Fe", measured)
        assert found.heat_mj_per_kg_reactants == pytest.approx(3.98, rel=0.01)


@pytest.mark.parametrize("anode", ["Fe", "O", "li", "", "Xx"])
def test_react_refuses_what_is_no_anode_metal(measured, anode):
    with pytest.raises(MissingDataError, match=f"^anode '{anode}': expected one of Li, Na, K"):
        react("Sb2O3 + 6 Li -> 2 Sb + 3 Li2O", measured, anode=anode)
