"""Which number a reaction has: measured where it can be, never two scales at once."""

import json

import pytest

from licoat.structures import InputFileError, PhaseTable, load_phases
from licoat.structures.chemistry.units import EV_TO_KJ_PER_MOL
from licoat.structures.phases.facts import observed_phase
from licoat.structures.phases.provenance import Manifest
from licoat.thermo import lithiate, react
from licoat.thermo.lithiation import lithiate_many
from licoat.thermo.oxides import default_oxides
from licoat.thermo.polymorph import real_row
from licoat.thermo.preference import ALLOYING_COMPUTED, COMPUTED, MEASURED
from licoat.workflows import design_layer, screen
from licoat.workflows.cli import main


@pytest.fixture(scope="module")
def best():
    return load_phases("builtin")


@pytest.fixture(scope="module")
def measured():
    return load_phases("measured")


def test_the_default_is_fitted_and_best(best):
    assert (best.scheme, best.prefer) == ("fitted", "best")
    for scheme in ("fitted", "mp2020", "none", "r2scan", "hybrid"):  # who names a scheme wants its energies
        assert load_phases("builtin", scheme=scheme).prefer == "table"


def test_a_measured_reaction_by_hand(best):
    """SnO2 + 4 Li -> Sn + 2 Li2O from the handbooks' enthalpies, 2 (-597.9) + 577.6 kJ/mol."""
    reaction = react("SnO2 + 4 Li -> Sn + 2 Li2O", best)
    assert reaction.energy_basis == MEASURED
    assert reaction.energy_kj_per_mol == pytest.approx(-618.2, abs=2.0)
    assert reaction.energy_kind == "enthalpy at 298 K"


def test_alloys_are_measured_or_the_tables(best, measured):
    """CdO: no enthalpy of LiCd-type alloys is listed, so the conversion is measured and the alloying computed."""
    found = {path.oxide: path.final for path in lithiate_many(default_oxides(best)[0], best)}
    mixed = [reaction for reaction in found.values() if reaction.energy_basis == ALLOYING_COMPUTED]
    assert len(mixed) >= 5
    for reaction in mixed:
        by_hand = 0.0
        for species in reaction.species:
            source = measured if "O" in species.formula else best.for_system(reaction.coefficients)
            row = real_row(source, species.formula) if source is measured else source.rows_of(species.formula)[0]
            if any(symbol in species.formula for symbol in ("Li2O", reaction.oxide)) or len(species.formula) > 2:
                by_hand += species.amount * float(source.energy_ev_per_fu[row])
        assert reaction.energy_sigma_ev_per_fu > 0.0
        # Every term is of the table whose turn it is; polymorphs other than the lowest differ by less than 0.2 eV.
        assert reaction.energy_ev_per_fu == pytest.approx(by_hand, abs=0.2), reaction.equation


def test_two_alloys_are_never_of_two_scales(best):
    """Li2Sb + Li -> Li3Sb is measured on both sides or on neither."""
    reaction = react("Sb + 2 Li -> Li2Sb", best)
    other = react("Li2Sb + Li -> Li3Sb", best)
    whole = react("Sb + 3 Li -> Li3Sb", best)
    assert {reaction.energy_basis, other.energy_basis, whole.energy_basis} == {MEASURED}
    assert reaction.energy_ev_per_fu + other.energy_ev_per_fu == pytest.approx(whole.energy_ev_per_fu)
    assert react("7 LiSn -> Li7Sn3 + 4 Sn", load_phases("builtin").with_products("all")).energy_basis in {
        MEASURED,
        COMPUTED,
    }


def test_hess_holds_within_one_basis(best):
    """Conversion plus alloying is the whole reaction, for every oxide whose end state is all measured."""
    n = 0
    for path in lithiate_many(default_oxides(best)[0], best):
        parts = path.staged
        if path.final.energy_basis != MEASURED or path.final.coefficients.get("Li2O") is None:
            continue
        if any(part is None or part.energy_basis != MEASURED for part in parts.values()):
            continue
        conversion, alloying = parts["conversion"], parts["alloying"]
        units = -alloying.coefficients[alloying.oxide]
        metal = conversion.coefficients[alloying.oxide] / units
        if "O" in "".join(f for f in path.final.coefficients if f not in {path.oxide, "Li2O"}):
            continue
        total = conversion.energy_ev_per_fu + metal * alloying.energy_ev_per_fu
        assert path.final.energy_ev_per_fu == pytest.approx(total, abs=1e-6), path.oxide
        n += 1
    assert n >= 5


def test_the_tables_energy_stays_beside(best):
    pure, decided = (lithiate("Sb2O3", best, prefer=prefer).final for prefer in ("table", "best"))
    assert pure.energy_basis == COMPUTED
    assert decided.energy_basis == MEASURED
    assert decided.computed_energy_ev_per_fu == pure.energy_ev_per_fu == pure.computed_energy_ev_per_fu
    assert decided.energy_ev_per_fu == pytest.approx(-17.07, abs=0.02)
    assert abs(pure.energy_ev_per_fu - decided.energy_ev_per_fu) < pure.energy_sigma_ev_per_fu


def test_a_polymorph_of_ones_own_choice_has_its_own_enthalpy(best):
    """Valentinite and senarmontite differ by 5 to 10 kJ/mol; what nobody measured stays computed."""
    usual = lithiate("Sb2O3", best).final
    rows = best.rows_of("Sb2O3")
    for row in rows:
        phase_id = best.text("phase_id")[row]
        final = lithiate("Sb2O3", best, phase_id=phase_id).final
        if phase_id == usual.phase_id:
            continue
        number = int(best.integers("space_group_number")[row])
        if number == 56:  # valentinite, Pccn: higher, so more is released
            assert 0.0 < usual.energy_ev_per_fu - final.energy_ev_per_fu < 0.2
        elif number != observed_phase("Sb2O3").space_group_number:
            assert final.energy_basis == COMPUTED


def test_volumes_are_measured_with_their_sigma(best):
    reaction = lithiate("Sb2O3", best).final
    lithia = next(s for s in reaction.species if s.formula == "Li2O")
    assert lithia.volume_a3_per_fu == pytest.approx(4.619**3 / 4, rel=2e-3)  # a = 4.619 A, four formula units
    assert lithia.volume_sigma_percent < 1.0
    assert reaction.volume_ratio_oxide_sigma / reaction.volume_ratio_oxide < 0.02
    pure = lithiate("Sb2O3", best, prefer="table").final
    assert pure.volume_ratio_oxide_sigma > 3 * reaction.volume_ratio_oxide_sigma


def test_sigma_of_a_ratio_by_hand(best):
    """ZnO -> Li2O + LiZn: dR/R of the oxide, and each product by its share."""
    reaction = react("ZnO + 3 Li -> LiZn + Li2O", best)
    of = {s.formula: s for s in reaction.species}
    ratio = reaction.volume_ratio_oxide
    variance = (ratio * of["ZnO"].volume_sigma_percent) ** 2
    for name in ("LiZn", "Li2O"):
        share = of[name].volume_a3_per_fu / of["ZnO"].volume_a3_per_fu
        variance += (share * of[name].volume_sigma_percent) ** 2
    assert reaction.volume_ratio_oxide_sigma == pytest.approx(variance**0.5 / 100.0)


def test_one_value_in_every_command(best, capsys):
    """Screen, path, react and layer give one heat, one voltage and one volume ratio."""
    oxides = ["Sb2O3", "SnO2", "ZnO", "In2O3", "TiO2", "CoO"]
    candidates = {c.path.oxide: c for c in screen(best, oxides).candidates}
    for oxide in oxides:
        final = lithiate(oxide, best).final
        screened = candidates[oxide].path.final
        layer = design_layer(oxide, best, oxide_loading_mg_per_cm2=1.0, lithium_thickness_um=500.0)
        assert screened.energy_ev_per_fu == final.energy_ev_per_fu
        assert layer.material.heat_ev == -final.energy_ev_per_fu
        assert layer.volume_ratio_oxide == pytest.approx(final.volume_ratio_oxide)
        assert main(["react", final.equation, "--phase", final.phase_id, "--json"]) == 0
        printed = json.loads(capsys.readouterr().out)
        assert printed["energy_ev_per_fu"] == pytest.approx(final.energy_ev_per_fu, abs=1e-9)
        assert printed["volume_ratio_oxide"] == pytest.approx(final.volume_ratio_oxide)
        per_um = candidates[oxide].measures["lithium_um_per_um_oxide"].value
        oxide_um = layer.loading.amounts.oxide_mol_per_cm2 * layer.material.oxide_volume_a3 * 0.602214076 * 1e4
        assert layer.lithium_consumed_um == pytest.approx(per_um * oxide_um, rel=1e-6), oxide


def test_energies_of_a_hull_are_never_measured(best):
    """Plateaus add up to the table's own energy."""
    path = lithiate("Sb2O3", best)
    total = sum(stage.energy_ev_per_fu for stage in path.stages) + path.decomposition_energy_ev_per_fu
    assert total == pytest.approx(path.final.computed_energy_ev_per_fu, abs=1e-9)


def test_gibbs_energies_are_not_mixed_with_enthalpies(best):
    columns = best.with_prefer("table").for_system({"Sn", "O", "Li"}).columns()
    table = PhaseTable(columns, Manifest(source="file", scheme="x", energy_kind="Gibbs energy at 1000 K"))
    reaction = react("SnO2 + 4 Li -> Sn + 2 Li2O", table, prefer="best")
    assert reaction.energy_basis == COMPUTED
    assert reaction.energy_kind == "Gibbs energy at 1000 K"


def test_a_measured_force_that_denies_the_hull_is_uncertain(best):
    """The end state is the hull's; if the measured reaction runs the other way, nobody knows."""
    for path in lithiate_many(default_oxides(best)[0], best):
        force, sigma = path.driving_force_v, path.driving_force_sigma_v
        if force is None or sigma is None:
            continue
        if path.verdict == "reacts":
            assert force > sigma
        elif path.verdict == "inert":
            assert force < -sigma


def test_a_files_energies_are_its_own(tmp_path):
    """Who brings a file asks for its energies; measured ones on request."""
    table = load_phases("builtin", scheme="mp2020")
    table.subset(table.rows_in_system({"Li", "Sn", "O"}).tolist()).save(tmp_path / "a.parquet")
    loaded = load_phases(tmp_path / "a.parquet")
    assert loaded.prefer == "table"
    own, other = (react("SnO2 + 4 Li -> Sn + 2 Li2O", loaded, prefer=p) for p in ("table", "best"))
    assert (own.energy_basis, other.energy_basis) == (COMPUTED, MEASURED)
    assert other.energy_ev_per_fu * EV_TO_KJ_PER_MOL == pytest.approx(-618.2, abs=2.0)


@pytest.mark.parametrize("wrong", ["measured!", "", "BEST"])
def test_another_preference_is_refused(best, wrong):
    with pytest.raises(InputFileError, match="choose best or table"):
        best.with_prefer(wrong)
