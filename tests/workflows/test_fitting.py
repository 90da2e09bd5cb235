"""Shared errors of energies: what is learnt, what cancels, and how well elements left out are predicted."""

import json
from dataclasses import replace

import numpy as np
import pytest

from licoat.structures import InputFileError, load_phases
from licoat.structures.chemistry.elements import ATOMIC_NUMBER, group, is_f_block
from licoat.structures.chemistry.formula import parse_formula
from licoat.structures.phases.fitted import (
    FEATURES,
    FITTED,
    ErrorModel,
    Residual,
    features,
    highest_charge,
    load_error_models,
    loadings,
)
from licoat.structures.phases.schemes import HUBBARD_U_EV
from licoat.thermo import lithiate, react
from licoat.thermo.heat_errors import heat_errors
from licoat.thermo.lithiation import lithiate_many
from licoat.thermo.oxides import default_oxides
from licoat.workflows.calculations.fitting import (
    element_of,
    fit,
    fit_document,
    leave_elements_out,
    residuals,
    summary,
)

PRIOR = {
    "li": 0.02, "o": 0.02, "feature": 0.1, "oxides_of": 0.08, "compound": 0.05, "ternary": 0.03, "alloys": 0.03,
    "salts": 0.03, "alloys_of": 0.06, "alloy": 0.01, "own": 0.1, "suboxide": 0.15,
}  # fmt: skip


@pytest.fixture(scope="module")
def tables():
    return {level: load_phases("builtin", scheme=level) for level in ("hybrid", "mp2020")}


@pytest.fixture(scope="module")
def measured():
    return load_phases("measured")


@pytest.fixture(scope="module")
def found(tables, measured):
    return residuals(tables["hybrid"], measured)


@pytest.fixture(scope="module")
def before(tables, measured):
    return heat_errors(tables["hybrid"].with_products("all"), measured)


@pytest.fixture(scope="module")
def model():
    return load_error_models()["hybrid"]


@pytest.fixture(scope="module")
def fitted():
    return load_phases("builtin", scheme="fitted")


class TestPeriodicTable:
    @pytest.mark.parametrize("symbol", list(ATOMIC_NUMBER))
    def test_groups_are_those_of_pymatgen(self, symbol):
        from pymatgen.core import Element

        assert group(symbol) == Element(symbol).group
        assert is_f_block(symbol) == (Element(symbol).is_lanthanoid or Element(symbol).is_actinoid)

    def test_every_element_has_a_group(self):
        assert {group(symbol) for symbol in ATOMIC_NUMBER} == set(range(1, 19))

    @pytest.mark.parametrize(("symbol", "charge"), [("Na", 1), ("Al", 3), ("Sb", 5), ("Te", 6), ("Ti", 4), ("Re", 7),
                                                    ("Zn", 2), ("Au", 3), ("Ce", 4), ("U", 6), ("Pt", 4)])  # fmt: skip
    def test_highest_charges(self, symbol, charge):
        assert highest_charge(symbol) == charge


class TestLoadings:
    def test_counts_of_an_oxide(self):
        found = loadings("Sb2O3")
        assert found["o"] == 3.0
        assert found["oxides_of:Sb"] == found["compound:Sb2O3"] == found["feature:lone_pair"] == 3.0
        assert "feature:heavy" not in found

    def test_a_ternary_counts_what_changes_its_partner(self):
        found = loadings("Li3SbO4")
        assert (found["li"], found["o"]) == (3.0, 4.0)
        assert found["oxides_of:Sb"] == 2.5  # 4 - 3/2
        assert found["ternary:Li3SbO4"] == 1.5

    def test_conversion_to_lithium_oxide_frees_the_reference_of_oxygen(self):
        """MO + 2 Li -> M + Li2O: u_O cancels, whatever it is."""
        oxide, anchor = loadings("ZnO"), loadings("Li2O")
        assert oxide["o"] - anchor["o"] == 0.0

    @pytest.mark.parametrize("formula", ["Li", "O2", "Sb", "P"])
    def test_elements_are_the_zero(self, formula):
        assert loadings(formula) == {}

    @pytest.mark.parametrize(
        "formula", ["LiO", "Na2O2", "KO2", "CO2", "Li2CO3", "LiH", "LiC", "ZnSb", "SnSb2O4", "BaO2"]
    )
    def test_what_is_outside_has_an_error_of_its_own(self, formula):
        assert list(loadings(formula)) == [f"own:{formula}"]

    @pytest.mark.parametrize("metal", sorted(HUBBARD_U_EV))
    def test_metals_with_a_hubbard_u_have_no_features(self, metal):
        assert not any(features(metal, 3.0).values())

    def test_suboxides_fade(self):
        assert features("Ti", 4.0)["open_shell"] == 1.0
        assert features("Ti", 1.0)["open_shell"] == 0.5
        assert loadings("Ti2O")["suboxide:Ti2O"] == pytest.approx(0.5)
        assert "suboxide:TiO" not in loadings("TiO")


class TestModel:
    def test_with_nothing_learnt_the_sigma_is_the_prior(self):
        empty = ErrorModel((), PRIOR)
        assert empty.errors_ev_per_fu(["ZnO"]) == pytest.approx(0.0)
        # u_O cancels against Li2O, whose 2 u_Li stays
        expected = np.sqrt((2 * 0.02) ** 2 + 0.08**2 + 0.05**2)
        assert empty.sigma_ev({"ZnO": -1.0, "Li2O": 1.0}) == pytest.approx(expected)

    def test_one_exact_measurement_is_met(self):
        one = ErrorModel((Residual("ZnO", 0.3, 1e-6),), PRIOR)
        assert one.errors_ev_per_fu(["ZnO"])[0] == pytest.approx(0.3, abs=1e-6)
        assert one.sigma_ev({"ZnO": 1.0}) == pytest.approx(0.0, abs=1e-5)

    def test_a_sister_learns_by_hand(self):
        """Two compounds of one element: textbook regression on the shared terms."""
        one = ErrorModel((Residual("SnO", 0.2, 0.0),), PRIOR)
        shared_seen = 0.02**2 + 0.08**2  # o, oxides_of; the lone pair is SnO's alone
        seen = shared_seen + 0.1**2 + 0.05**2
        shared = 2 * 0.02**2 + 2 * 0.08**2
        assert one.errors_ev_per_fu(["SnO2"])[0] == pytest.approx(0.2 * shared / seen)
        total = (2 * 0.02) ** 2 + (2 * 0.08) ** 2 + (2 * 0.05) ** 2
        assert one.sigma_ev({"SnO2": 1.0}) == pytest.approx(np.sqrt(total - shared**2 / seen))

    def test_common_errors_cancel_in_differences(self, model):
        pair = model.covariance_ev2(["In2O3", "Ga2O3"])
        assert np.allclose(pair, pair.T)
        both = model.sigma_ev({"SnO": 1.0, "SnO2": -0.5})
        alone = np.hypot(model.sigma_ev({"SnO": 1.0}), 0.5 * model.sigma_ev({"SnO2": 1.0}))
        blind = model.without({"Sn"})
        assert blind.sigma_ev({"SnO": 1.0, "SnO2": -0.5}) < 0.9 * np.hypot(
            blind.sigma_ev({"SnO": 1.0}), 0.5 * blind.sigma_ev({"SnO2": 1.0})
        )
        assert both <= alone + 1e-9

    def test_sigma_of_a_reaction_is_that_of_the_covariance(self, model):
        """nu^T C nu, the long way."""
        for amounts in (
            {"Sb2O3": -1.0, "Li3Sb": 2.0, "Li2O": 3.0},
            {"SnO2": 1.0},
            {"ZnSb": 1.0, "Sb2O3": -0.5, "Li": 2.0},
            {"TiO": -1.0, "Ti2O3": 0.5, "Li2O": 0.5},
        ):
            for chosen in (model, replace(model, transfer_ev_per_atom=0.02)):
                nu = np.array(list(amounts.values()))
                variance = nu @ chosen.covariance_ev2(list(amounts)) @ nu
                assert chosen.sigma_ev(amounts) == pytest.approx(np.sqrt(variance), rel=1e-9)

    def test_covariance_is_positive(self, model, tables):
        formulas = [f for f in tables["hybrid"].formulas if loadings(f)]
        values = np.linalg.eigvalsh(model.covariance_ev2(formulas))
        assert values.min() > -1e-8

    def test_an_alloy_that_was_measured_does_not_stand_out(self, model):
        """In a hull only what alloys of one element share is applied."""
        per_lithium = [model.errors_ev_per_fu([f])[0] / parse_formula(f)["Li"] for f in ("LiSn", "Li7Sn3", "Li17Sn4")]
        assert np.ptp(per_lithium) < 1e-9

    def test_a_correction_belongs_to_a_composition(self, fitted):
        """Two polymorphs of Sb2O3 keep their distance."""
        raw = load_phases("builtin", scheme="r2scan")
        rows = raw.rows_of("Sb2O3")
        assert len(rows) > 1
        before, after = (t.energy_ev_per_fu[rows[1]] - t.energy_ev_per_fu[rows[0]] for t in (raw, fitted))
        assert after == pytest.approx(before, abs=1e-9)

    def test_a_file_of_something_else_is_named(self, tmp_path):
        (tmp_path / "f.json").write_text("{}")
        with pytest.raises(InputFileError, match="no fitted errors"):
            load_error_models(tmp_path / "f.json")


class TestFit:
    @pytest.mark.parametrize("level", ["hybrid", "mp2020"])
    def test_the_shipped_file_is_what_the_data_give(self, tables, measured, level):
        made = fit_document({level: tables[level]}, measured)["levels"][level]
        shipped = json.loads(FITTED.read_text())["levels"][level]
        for name, width in made["prior_ev"].items():
            assert width == pytest.approx(shipped["prior_ev"][name], rel=0.02), name
        assert [r["formula"] for r in made["residuals"]] == [r["formula"] for r in shipped["residuals"]]
        for a, b in zip(made["residuals"], shipped["residuals"], strict=True):
            assert a["error_ev_per_fu"] == pytest.approx(b["error_ev_per_fu"], abs=1e-5), a["formula"]

    def test_known_widths_are_found(self):
        """Errors drawn from the model itself: the widths come back."""
        rng = np.random.default_rng(3)
        metals = ["Al", "Si", "Ga", "Ge", "In", "Sn", "Zr", "Mg", "Ca", "Zn", "Cd", "Y"]
        possible = [f"{metal}{a}O{b}" for metal in metals for a, b in (("", ""), ("2", "3"), ("", "2"))]
        formulas = [f for f in possible if not next(iter(loadings(f))).startswith("own")]
        truth = ErrorModel((), PRIOR | {"oxides_of": 0.3, "compound": 0.03})
        drawn = rng.multivariate_normal(np.zeros(len(formulas)), truth.kernel(formulas, formulas, applied=False))
        model = fit([Residual(f, e, 0.001) for f, e in zip(formulas, drawn, strict=True)])
        assert model.prior_ev["oxides_of"] > 3 * model.prior_ev["compound"]

    def test_elements_left_out_are_predicted_as_promised(self, found, before):
        classes = summary(before, leave_elements_out(fit(found), before))
        assert classes["all oxides"]["mae_ev"] <= 0.080
        assert classes["binary oxides without U"]["mae_ev"] <= 0.098
        assert classes["ternary oxides"]["mae_ev"] <= 0.052
        assert classes["alloys"]["mae_ev"] <= 0.029
        assert 0.65 <= classes["all oxides"]["within_1_sigma"] <= 0.78
        assert classes["all oxides"]["within_2_sigma"] >= 0.92
        for name in ("binary oxides without U", "all oxides", "ternary oxides"):
            assert classes[name]["mae_ev"] < 0.75 * classes[name]["before_mae_ev"], name

    def test_elements_left_out_of_mp2020_are_predicted(self, tables, measured):
        """Its PBE(+U) errs more, and the model says so."""
        found = residuals(tables["mp2020"], measured)
        before = heat_errors(tables["mp2020"].with_products("all"), measured)
        classes = summary(before, leave_elements_out(fit(found, features=FEATURES["mp2020"]), before))
        assert classes["all oxides"]["mae_ev"] <= 0.095
        assert classes["binary oxides without U"]["mae_ev"] <= 0.115
        assert classes["all oxides"]["mae_ev"] < 0.4 * classes["all oxides"]["before_mae_ev"]
        assert classes["all oxides"]["within_2_sigma"] >= 0.92

    def test_leaving_out_leaves_out(self, found, before):
        """A wrong enthalpy of tin oxides changes no prediction of tin."""
        model = ErrorModel(tuple(found), PRIOR)
        shifted = [Residual(r.formula, r.error_ev_per_fu + 5.0 * ("Sn" in r.formula), r.sigma_ev_per_fu) for r in found]
        wrong = ErrorModel(tuple(shifted), PRIOR)
        first, second = (
            {e.formula: e.computed_ev for e in leave_elements_out(m, before) if element_of(e) == "Sn"}
            for m in (model, wrong)
        )
        assert first == pytest.approx(second)
        assert len(first) >= 3


class TestScheme:
    def test_sb2o3_is_where_it_was_measured(self, fitted, model):
        final = lithiate("Sb2O3", fitted).final
        assert final.energy_ev_per_fu == pytest.approx(-17.0, abs=0.2)
        assert final.energy_sigma_ev_per_fu == pytest.approx(0.2, abs=0.05)
        hybrid = lithiate("Sb2O3", load_phases("builtin", scheme="hybrid")).final
        blind = model.without({"Sb"})
        change = {"Sb2O3": -1.0, "Li3Sb": 2.0, "Li2O": 3.0}
        left_out = hybrid.energy_ev_per_fu - blind.errors_ev_per_fu(list(change)) @ np.array(list(change.values()))
        assert abs(left_out + 17.07) < np.hypot(blind.sigma_ev(change), 0.25)

    def test_stages_add_up_to_the_end_state(self, fitted):
        for path in lithiate_many(default_oxides(fitted)[0], fitted):
            total = sum(s.energy_ev_per_fu for s in path.stages) + path.decomposition_energy_ev_per_fu
            if not path.is_inert:
                assert total == pytest.approx(path.final.energy_ev_per_fu, abs=1e-6), path.oxide

    def test_sigma_of_a_reaction_is_that_of_the_model(self, fitted, model):
        reaction = react("SnO2 + Li -> Sn + Li2O", fitted)
        assert reaction.energy_sigma_ev_per_fu == pytest.approx(model.sigma_ev(reaction.coefficients))

    def test_neodymia_stays_inert(self, fitted):
        assert lithiate("Nd2O3", fitted).is_inert

    def test_alumina_keeps_its_end_state(self, fitted):
        products = {s.formula for s in lithiate("Al2O3", fitted).final.products}
        assert products == {"Li9Al4", "Li2O"}
