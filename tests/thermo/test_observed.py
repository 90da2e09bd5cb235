"""Products exist: paths in compounds that somebody has made, predicted ones beside them."""

from functools import cache

import numpy as np
import pytest
from pymatgen.analysis.phase_diagram import PhaseDiagram
from pymatgen.core import Composition, Element
from pymatgen.entries.computed_entries import ComputedEntry

from licoat.structures import InputFileError, PhaseTable, load_phases, parse_formula
from licoat.structures.phases.observed import EXISTING, existence, observed_compounds, state_at_298_k
from licoat.structures.phases.provenance import Manifest
from licoat.thermo import lithiate, lithiate_many
from licoat.thermo.oxides import default_oxides, no_coating

CLOSE = 1e-6  # eV


@pytest.fixture(scope="module")
def screened(builtin):
    return lithiate_many(default_oxides(builtin)[0], builtin)


def small(existence_of=(), theoretical=(), energy=-1.0):
    """Li, M = Sb, O and one alloy that decides the end state."""
    formulas = ["Li", "Sb", "O2", "Li2O", "Sb2O3", "Li3Sb", "Li2Sb"]
    energies = [0.0, 0.0, 0.0, -2.0, -1.4, energy, -0.9]
    columns = {"phase_id": formulas, "formula": formulas, "formation_energy_ev_per_atom": energies}
    if existence_of:
        columns["existence"] = [dict(existence_of).get(f, "observed") for f in formulas]
    if theoretical:
        columns["theoretical"] = [dict(theoretical).get(f, 0) for f in formulas]
    return PhaseTable(columns, Manifest(source="small", scheme="test"))


class TestEndStates:
    @pytest.mark.parametrize(
        ("oxide", "products"),
        [
            ("CuO", {"Cu", "Li2O"}),  # Cu-Li is a simple eutectic
            ("Cu2O", {"Cu", "Li2O"}),
            ("ZnO", {"LiZn", "Li2O"}),
            ("MgO", {"Mg", "Li2O"}),
            ("CeO2", {"Ce2O3", "Li2O"}),  # CeO is made under pressure
            ("Sb2O3", {"Li3Sb", "Li2O"}),
            ("SnO2", {"Li17Sn4", "Li2O"}),
        ],
    )
    def test_are_what_assessed_diagrams_say(self, builtin, oxide, products):
        assert {s.formula for s in lithiate(oxide, builtin).final.products} == products

    def test_no_path_of_the_default_screen_runs_through_a_prediction(self, builtin, screened):
        for path in screened:
            for formula in {f for stage in path.stages for f in stage.products} | set(path.final.coefficients):
                known = builtin.observed[builtin.rows_of(formula)[0]] != 0
                assert known or formula == path.oxide, (path.oxide, formula)
            assert path.final.predicted_products == ()

    def test_are_those_of_pymatgen_on_the_same_phases(self, builtin, screened):
        @cache
        def diagram(element):
            return PhaseDiagram([
                ComputedEntry(p.formula, p.energy_ev_per_atom * Composition(p.formula).num_atoms)
                for p in builtin
                if p.observed is not False and set(parse_formula(p.formula)) <= {"Li", "O", element}
            ])  # fmt: skip

        checked = 0
        for path in screened:
            if path.is_inert or builtin.observed[builtin.rows_of(path.oxide)[0]] == 0:
                continue
            pd = diagram(next(iter(set(parse_formula(path.oxide)) - {"O"})))
            host = Composition(path.oxide)
            n = path.final.anode_atoms_per_fu
            found = pd.get_hull_energy(host + Composition({"Li": n}))
            atoms = [*parse_formula(path.oxide).items(), ("Li", n)]
            references = sum(k * pd.el_refs[Element(e)].energy_per_atom for e, k in atoms)
            lowest = builtin.energy_ev_per_fu[builtin.index_of(path.phase_id)]
            assert path.final.energy_ev_per_fu == pytest.approx(found - references - lowest, abs=CLOSE), path.oxide
            checked += 1
        assert checked > 70

    def test_a_predicted_oxide_that_is_asked_for_is_there(self, builtin):
        assert builtin.is_left_out("LiCu3")
        assert builtin.is_left_out("Ti4O5")
        path = lithiate("Ti4O5", builtin)
        assert path.decomposition_energy_ev_per_fu <= 0.0
        energy = sum(stage.energy_ev_per_fu for stage in path.stages) + path.decomposition_energy_ev_per_fu
        assert energy == pytest.approx(path.final.energy_ev_per_fu, abs=CLOSE)


class TestPredictedBeside:
    def test_all_products_never_end_higher(self, builtin, screened):
        every = lithiate_many([path.oxide for path in screened], builtin, products="all")
        changed = 0
        for path, other in zip(screened, every, strict=True):
            margin = path.final.energy_ev_per_fu - other.final.energy_ev_per_fu
            # More lithium may be taken up; at the potential of the metal its energy is 0.
            assert margin >= -CLOSE, path.oxide
            if path.predicted is None:
                assert margin == pytest.approx(0.0, abs=CLOSE), path.oxide
            else:
                changed += 1
                assert path.predicted.margin_ev_per_fu == pytest.approx(margin, abs=CLOSE)
                assert path.predicted.equation == other.final.equation
                assert path.predicted.predicted_products == other.final.predicted_products != ()
        assert changed >= 5

    def test_sigma_of_the_margin_counts_only_what_differs(self, builtin):
        found = lithiate("ZnO", builtin).predicted
        sigma = builtin.column("energy_sigma_ev_per_atom")
        alloy, predicted = (sigma[builtin.rows_of(f)[0]] for f in ("LiZn", "Li3Zn2"))
        expected = np.hypot(2 * alloy, 0.5 * 5 * predicted)  # Li2O is on both sides
        assert found.margin_sigma_ev_per_fu == pytest.approx(expected, rel=1e-9)

    def test_a_prediction_let_in_is_marked(self, builtin):
        final = lithiate("CuO", builtin, products="all").final
        assert final.predicted_products == ("LiCu3",)
        assert final.marked_equation.endswith("(predicted: LiCu3)")
        assert {s.formula: s.observed for s in final.products} == {"LiCu3": False, "Li2O": True}

    def test_magnesium_dissolves(self, builtin):
        (note,) = lithiate("MgO", builtin).solutions
        assert "dissolved in Li" in note
        assert lithiate("Sb2O3", builtin).solutions == ()


class TestTablesThatDoNotSay:
    def test_nothing_is_left_out(self):
        table = small()
        assert table.observed.tolist() == [1, 1, 1, -1, -1, -1, -1]
        assert "Li3Sb" in lithiate("Sb2O3", table).final.coefficients

    def test_flags_of_the_materials_project_count(self):
        table = small(theoretical={"Li3Sb": 1})
        assert "Li2Sb" in lithiate("Sb2O3", table).final.coefficients
        assert lithiate("Sb2O3", table).predicted.predicted_products == ("Li3Sb",)

    def test_one_phase_that_exists_makes_its_composition_exist(self):
        columns = small().columns() | {"phase_id": list("abcdefg"), "theoretical": [0, 0, 0, 0, 0, 1, 0]}
        twice = {k: [*v, v[5]] for k, v in columns.items()}
        twice["phase_id"], twice["theoretical"] = [*columns["phase_id"], "h"], [*columns["theoretical"], 0]
        table = PhaseTable(twice, Manifest(source="small", scheme="test"))
        assert table.observed.tolist() == [1] * 8

    @pytest.mark.parametrize("word", ["high_pressure", "high_temperature", "disputed", "predicted"])
    def test_words_that_do_not_exist_here(self, word):
        table = small(existence_of={"Li3Sb": word})
        assert "Li3Sb" not in lithiate("Sb2O3", table).final.coefficients
        assert "Li3Sb" in lithiate("Sb2O3", table.with_products("all")).final.coefficients

    def test_the_choice_stays_with_parts_of_a_table(self):
        table = small(existence_of={"Li3Sb": "predicted"}).with_products("all")
        assert table.subset(range(6)).products == "all"
        assert table.with_products("observed").products == "observed"

    def test_another_choice_is_refused(self, builtin):
        with pytest.raises(InputFileError, match="products 'every': choose observed or all"):
            lithiate("Sb2O3", builtin, products="every")


class TestWhatIsScreened:
    @pytest.mark.parametrize(
        ("formula", "why"),
        [("CO2", "gas"), ("SO2", "gas"), ("RuO4", "molecules"), ("CeO", "pressure"), ("Ti4O5", "predicted")],
    )
    def test_no_powder(self, builtin, formula, why):
        chosen, left_out = default_oxides(builtin)
        assert formula not in chosen
        assert why in left_out[formula]
        assert why in no_coating(builtin, formula)

    def test_everything_screened_is_a_solid_that_was_made(self, builtin):
        for formula in default_oxides(builtin)[0]:
            assert existence(formula) in {*EXISTING, "high_temperature"}, formula
            assert state_at_298_k(formula) == "solid", formula

    def test_measured_enthalpies_are_of_compounds_that_exist(self):
        """Whoever measured a heat of formation had the compound."""
        known = {"observed", "metastable", "high_temperature", "high_pressure", "disputed", ""}
        wrong = [f for f in load_phases("measured").formulas if existence(f) not in known]
        assert wrong == ["LiMg"]  # measured is the disordered solution of that composition


def test_every_compound_of_the_list_that_the_table_lacks_is_missing_not_misread(builtin):
    """Formulas of the list are formula units, so that they are found."""
    made = [row.formula for row in observed_compounds() if row.status in EXISTING and row.formula != "solution"]
    found = [formula for formula in made if builtin.rows_of(formula)]
    assert len(found) > 0.5 * len(made)
    assert all(set(parse_formula(row.formula)) == set(row.system.split("-")) for row in observed_compounds()
               if row.formula not in {"none", "solution"})  # fmt: skip


def test_no_end_state_rests_on_a_doubtful_reference(screened):
    doubtful = {row.formula for row in observed_compounds() if row.evidence == "check"}
    rests = {(path.oxide, f) for path in screened for f in path.final.coefficients if f in doubtful}
    assert rests == {("AsO2", "AsO2")}  # its products are those of the other arsenic oxides
