"""What is known of errors on the Materials Project's scale: sigma for every source of it, and the fitted energies."""

import numpy as np
import pytest

from licoat.structures import MissingDataError, PhaseTable, load_phases
from licoat.structures.phases.fitted import load_error_models, loadings
from licoat.structures.phases.known_errors import TRANSFER_EV_PER_ATOM, fitted_table, with_known_sigma
from licoat.structures.phases.provenance import Manifest
from licoat.thermo import lithiate, react

PLAIN = ("phase_id", "formula", "formation_energy_ev_per_atom", "volume_a3_per_atom", "space_group_number")


def like_a_snapshot(scheme="pbe+u/mp2020", **manifest):
    """Make the embedded energies look like those of somebody else: no sigma."""
    table = load_phases("builtin", scheme="mp2020")
    columns = {name: values for name, values in table.columns().items() if name in PLAIN}
    return PhaseTable(columns, Manifest(source="file:mine", scheme=scheme, **manifest))


@pytest.fixture(scope="module")
def snapshot():
    return like_a_snapshot()


def test_a_snapshot_gets_the_sigma_of_its_scheme(snapshot):
    ours = load_phases("builtin", scheme="mp2020")
    found = with_known_sigma(snapshot)
    assert np.array_equal(found.column("energy_sigma_ev_per_atom"), ours.column("energy_sigma_ev_per_atom"))
    assert lithiate("Sb2O3", found).final.energy_sigma_ev_per_fu == pytest.approx(
        lithiate("Sb2O3", ours).final.energy_sigma_ev_per_fu
    )


@pytest.mark.parametrize(
    "other", [{"scheme": "r2scan/none"}, {"scheme": "unknown"}, {"energy_kind": "Gibbs energy at 1000 K"}]
)
def test_other_scales_get_none(other):
    found = with_known_sigma(like_a_snapshot(**other))
    assert np.isnan(found.column("energy_sigma_ev_per_atom")).all()
    with pytest.raises(MissingDataError, match="known are the errors"):
        fitted_table(like_a_snapshot(**other))


def test_sigmas_of_ones_own_stay():
    table = like_a_snapshot()
    columns = table.columns() | {"energy_sigma_ev_per_atom": np.full(len(table), 0.01)}
    own = PhaseTable(columns, table.manifest)
    assert with_known_sigma(own) is own


def test_fitted_energies_come_nearer_to_the_measured_ones(snapshot):
    measured = load_phases("measured")
    fitted = fitted_table(snapshot)
    errors = {"before": [], "after": []}
    for equation in ("SnO2 + 4 Li -> Sn + 2 Li2O", "Sb2O3 + 6 Li -> 2 Sb + 3 Li2O", "Bi2O3 + 6 Li -> 2 Bi + 3 Li2O",
                     "Ta2O5 + 10 Li -> 2 Ta + 5 Li2O", "PbO + 2 Li -> Pb + Li2O"):  # fmt: skip
        truth = react(equation, measured).energy_ev_per_fu
        errors["before"].append(abs(react(equation, snapshot).energy_ev_per_fu - truth))
        after = react(equation, fitted)
        errors["after"].append(abs(after.energy_ev_per_fu - truth))
        assert abs(after.energy_ev_per_fu - truth) < 2.0 * after.energy_sigma_ev_per_fu, equation
    assert np.mean(errors["after"]) < 0.3 * np.mean(errors["before"])
    assert fitted.energy_kind == "enthalpy at 298 K"
    assert fitted.scheme == "fitted: pbe+u/mp2020"


def test_energies_of_another_program_are_less_sure(snapshot):
    """The transfer adds (n delta)^2 for every compound: 2 of Sb2O3's five atoms and three Li2O of three, by hand."""
    model = load_error_models()["mp2020"]
    alone = model.sigma_ev({"Sb2O3": -1.0, "Li2O": 3.0})
    found = react("Sb2O3 + 6 Li -> 2 Sb + 3 Li2O", fitted_table(snapshot)).energy_sigma_ev_per_fu
    added = model.widening**2 * TRANSFER_EV_PER_ATOM**2 * (5**2 + (3 * 3) ** 2)
    assert found**2 == pytest.approx(alone**2 + added)


def test_diagonal_of_the_covariance(snapshot):
    model = load_error_models()["mp2020"]
    formulas = [f for f in snapshot.formulas if loadings(f)][:300]
    errors, sigmas = model.errors_and_sigmas_ev_per_fu(formulas)
    assert sigmas**2 == pytest.approx(np.diag(model.covariance_ev2(formulas)), abs=1e-9)
    assert errors == pytest.approx(model.errors_ev_per_fu(formulas))


def test_a_file_of_the_command_line(tmp_path):
    """`--scheme fitted` for a file of the Materials Project's scale; elements stay the zero."""
    table = load_phases("builtin", scheme="mp2020")
    lines = ["formula,formation_energy_ev_per_atom,scheme"]
    for formula in ("Li", "O2", "Sn", "SnO2", "Li2O", "LiSn"):
        row = table.rows_of(formula)[0]
        lines.append(f"{formula},{table.column('formation_energy_ev_per_atom')[row]:.6f},pbe+u/mp2020")
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n")
    plain, fitted = (load_phases(tmp_path / "a.csv", scheme=scheme) for scheme in (None, "fitted"))
    assert not np.isnan(plain.column("energy_sigma_ev_per_atom")).any()
    for symbol in ("Li", "O2", "Sn"):
        assert fitted.column("formation_energy_ev_per_atom")[fitted.rows_of(symbol)[0]] == 0.0
    measured = load_phases("measured")
    lithia = fitted.energy_ev_per_fu[fitted.rows_of("Li2O")[0]]
    assert lithia == pytest.approx(measured.energy_ev_per_fu[measured.rows_of("Li2O")[0]], abs=0.05)
    with pytest.raises(MissingDataError, match="scheme"):
        load_phases(tmp_path / "a.csv", scheme="hybrid")
