"""How sure a screen is: the same as screens of tables with the drawn energies, and what must hold of probabilities."""

import json

import numpy as np
import pandas as pd
import pytest

from licoat.structures import InputFileError, PhaseTable, load_phases
from licoat.structures.chemistry.book import BOOK, Kind, Quantity
from licoat.structures.phases.levels import shifted_table
from licoat.structures.phases.provenance import Manifest
from licoat.thermo.samples import Samples
from licoat.workflows import load_criteria, screen
from licoat.workflows.screening import quantities
from licoat.workflows.screening.confidence import sample_oxide, sampled_fronts, sampled_ranks
from licoat.workflows.screening.criteria import Criterion, Measure

SAMPLES = 200
ODDS = 5.0 * np.sqrt(0.25 / SAMPLES)
"""Five standard deviations of a share of one half."""
SPREAD = ["Sb2O3", "SnO2", "CaO", "MgO", "ZnO", "In2O3", "Al2O3", "PdO", "SiO2", "AgO", "NiO", "Nb2O5", "TiO2"]
STEEP = Criterion("exothermic", "energy_ev_per_anode_atom", "<=", -1.0)


@pytest.fixture(scope="module")
def best():
    return load_phases("builtin")


@pytest.fixture(scope="module")
def sure(best):
    return screen(best, SPREAD, samples=SAMPLES)


@pytest.fixture
def twins():
    """Make a table of two oxides of one energy on lithium, and as unsure."""

    def make(sigma=0.05, oxides=("Sb2O3", "As2O3")):
        formulas = ["Li", "O2", "Li2O", *(f for o in oxides for f in (o[:2], o))]
        energies = {"Li2O": -2.0} | dict.fromkeys(oxides, -1.0)
        columns = {
            "phase_id": formulas,
            "formula": formulas,
            "formation_energy_ev_per_atom": [energies.get(f, 0.0) for f in formulas],
            "energy_sigma_ev_per_atom": [sigma if f in oxides else 0.0 for f in formulas],
            "volume_a3_per_atom": [15.0] * len(formulas),
        }
        return PhaseTable(columns, Manifest(source="twins", scheme="test"))

    return make


def test_a_sample_is_the_screen_of_the_table_with_its_energies():
    phases, criteria = load_phases("builtin", scheme="fitted"), load_criteria()
    plain = screen(phases)
    paths = [c.path for c in plain.candidates]
    oxides, measured = [path.oxide for path in paths], load_phases("measured")
    samples = Samples(phases, oxides, "Li", 2, seed=5)
    found = [sample_oxide(path, criteria, measured, samples) for path in paths]
    ranks, fronts = sampled_ranks(oxides, criteria, found), sampled_fronts(criteria, found)
    errors = samples.errors_ev_per_fu(phases.for_system({"Li"}), samples.formulas)
    moved = 0
    for s in range(2):
        table = shifted_table(phases, dict(zip(samples.formulas, errors[s].tolist(), strict=True)))
        for candidate in screen(table, oxides).candidates:
            i = oxides.index(candidate.path.oxide)
            chances = [v.probability for v in candidate.verdicts.values()]
            expected = [np.nan if chance is None else chance for chance in chances]
            assert found[i].met[s] == pytest.approx(expected, abs=1e-9, nan_ok=True)
            assert found[i].energy_ev_per_fu[s] == pytest.approx(candidate.path.final.energy_ev_per_fu, abs=1e-8)
            assert ranks[s, i] == candidate.rank
            assert fronts[s, i] == bool(candidate.on_front)
            moved += candidate.rank != plain.candidates[i].rank
    assert moved > 0, "no rank changes: no test"


def test_probabilities_are_probabilities(sure):
    for candidate in sure.candidates:
        found = candidate.confidence
        assert sum(found.end_states.values()) == pytest.approx(1.0, abs=1e-12)
        shares = [*found.end_states.values(), found.probability_top_10, found.probability_pareto]
        shares += [found.probability_within_cutoff, found.probability_end_state]
        shares += [c.unknown for c in found.criteria.values()]
        shares += [c.probability for c in found.criteria.values() if c.probability is not None]
        assert all(0.0 <= share <= 1.0 + 1e-12 for share in shares)
        assert 1 <= found.rank_5_percent <= found.rank_95_percent <= len(sure.candidates)
        assert found.heat_5_percent_mj_per_kg_oxide <= found.heat_95_percent_mj_per_kg_oxide
    # exactly ten oxides are among the first ten of every sample
    assert sum(c.confidence.probability_top_10 for c in sure.candidates) == pytest.approx(10.0, abs=1e-9)
    assert any(0.0 < c.confidence.probability_end_state < 1.0 for c in sure.candidates), "all are certain: no test"


def test_without_sigma_everything_is_certain(builtin):
    columns = builtin.columns()
    columns["energy_sigma_ev_per_atom"] = [0.0] * len(builtin)
    result = screen(PhaseTable(columns, builtin.manifest), SPREAD, samples=20)
    for candidate in result.candidates:
        found = candidate.confidence
        assert found.end_states == {candidate.path.final.equation: 1.0}
        assert found.heat_std_mj_per_kg_oxide == pytest.approx(0.0, abs=1e-12)
        assert found.rank_5_percent == found.rank_95_percent == candidate.rank
        assert found.probability_top_10 == float(candidate.rank <= 10)
        assert found.probability_pareto == float(bool(candidate.on_front))
        assert found.probability_within_cutoff == float(candidate.above_hull_ev_per_atom <= 0.05)
        for name, verdict in candidate.verdicts.items():
            assert found.criteria[name].probability == pytest.approx(verdict.probability, abs=1e-12)


def test_twins_share_threshold_and_front_alike(twins):
    table = twins()
    energy = screen(table, ["Sb2O3", "As2O3"], criteria=[STEEP]).candidates[0].path.final.energy_ev_per_anode_atom
    at = Criterion("steep", "energy_ev_per_anode_atom", "<=", energy, objective=True)
    one, two = (c.confidence for c in screen(table, ["Sb2O3", "As2O3"], criteria=[at], samples=SAMPLES).candidates)
    for found in (one, two):
        assert found.criteria["steep"].probability == pytest.approx(0.5, abs=ODDS)
    # On the front is the one that is steeper, if it meets the threshold: 3/8 each, 1/4 nobody.
    assert one.probability_pareto + two.probability_pareto == pytest.approx(0.75, abs=ODDS)
    assert one.probability_pareto == pytest.approx(0.375, abs=ODDS)
    # No sigma, no doubt: both have the energy that is asked for.
    certain = screen(twins(0.0), ["Sb2O3", "As2O3"], criteria=[at], samples=3).candidates
    assert {c.confidence.probability_pareto for c in certain} == {1.0}


def test_one_seed_gives_the_same_bytes(best, sure):
    def document(result):
        found = result.to_dict()
        found["manifest"].pop("created")
        return json.dumps(found)

    again, other = (screen(best, SPREAD, samples=SAMPLES, seed=seed) for seed in (0, 1))
    assert document(again) == document(sure) != document(other)
    assert sure.manifest["samples"] == {"number": SAMPLES, "seed": 0, "without_sigma": 0} | {
        "compositions": sure.manifest["samples"]["compositions"]
    }


def test_every_output_says_it(best, sure, tmp_path):
    sure.save(tmp_path)
    table = pd.read_csv(tmp_path / "table.csv").set_index("formula")
    ledger = pd.read_csv(tmp_path / "ledger.csv")
    columns = pd.read_excel(tmp_path / "table.xlsx", sheet_name="columns").set_index("column")
    for document in sure.to_dict()["oxides"]:
        row, found = table.loc[document["formula"]], document["confidence"]
        assert row["probability_end_state"] == pytest.approx(found["probability_end_state"], rel=1e-7)
        assert row["end_states"].startswith(next(iter(found["end_states"])))
        for name, answer in found["criteria"].items():
            own = ledger[(ledger["formula"] == document["formula"]) & (ledger["criterion"] == name)]
            expected = np.nan if answer["probability"] is None else answer["probability"]
            assert row[f"probability_of_{name}"] == pytest.approx(expected, rel=1e-7, nan_ok=True)
            assert own["sampled_probability"].item() == pytest.approx(expected, rel=1e-7, nan_ok=True)
    assert columns.loc["probability_of_exothermic", "definition"] == BOOK["probability_of_*"].definition
    assert json.loads((tmp_path / "manifest.json").read_text())["samples"]["number"] == SAMPLES
    plain = screen(best, ["Sb2O3"])
    assert "confidence" not in plain.to_dict()["oxides"][0]
    assert "probability_top_10" not in plain.table


def test_a_quantity_need_not_be_linear_in_the_energy(best, monkeypatch):
    monkeypatch.setattr(quantities, "QUANTITIES", dict(quantities.QUANTITIES))
    for name in ("_quantities", "_names"):
        monkeypatch.setattr(BOOK, name, dict(getattr(BOOK, name)))
    square = Quantity("square_ev2", "square", "Of the energy.", Kind.ENERGY, "oxide", unit="eV2")
    quantities.register(square, lambda path: Measure(path.final.energy_ev_per_fu**2), design=False)
    energy = screen(best, ["Sb2O3"]).candidates[0].path.final.energy_ev_per_fu + 0.1
    asked = [Criterion("line", "energy_ev_per_fu", "<=", energy), Criterion("square", "square_ev2", ">=", energy**2)]
    found = screen(best, ["Sb2O3"], criteria=asked, samples=SAMPLES).candidates[0].confidence.criteria
    assert 0.5 < found["line"].probability < 0.95
    assert found["square"].probability == found["line"].probability


def test_what_is_unsure_besides_stays_so(best, monkeypatch):
    monkeypatch.setattr(quantities, "QUANTITIES", dict(quantities.QUANTITIES))
    for name in ("_quantities", "_names"):
        monkeypatch.setattr(BOOK, name, dict(getattr(BOOK, name)))
    wide = Quantity("wide_ev", "wide", "The energy, unsure by 1000 eV besides.", Kind.ENERGY, "oxide", unit="eV")
    quantities.register(wide, lambda path: Measure(path.final.energy_ev_per_fu, 1000.0), design=False)
    found = screen(best, ["Sb2O3"], criteria=[Criterion("wide", "wide_ev", "<=", 0.0)], samples=20).candidates[0]
    assert found.confidence.criteria["wide"].probability == pytest.approx(0.507, abs=0.001)  # Phi(17/1000)


def test_distances_from_the_hull_are_drawn_too(best):
    near = [Criterion("near", "above_hull_ev_per_atom", "<=", 0.05), STEEP]
    near.append(Criterion("whole", "decomposition_energy_ev_per_fu", ">=", -0.05 * 2))
    found = screen(best, ["SnO"], criteria=near, samples=SAMPLES).candidates[0].confidence
    assert 0.0 < found.criteria["near"].probability < 1.0
    assert found.criteria["near"].probability == found.probability_within_cutoff == found.criteria["whole"].probability


def test_progress_counts_the_oxides(twins):
    seen = []
    screen(twins(), ["Sb2O3", "As2O3"], samples=3, progress=lambda done, n: seen.append((done, n)))
    assert seen == [(1, 2), (2, 2)]


def test_without_objectives_there_is_no_front(twins):
    found = screen(twins(), ["Sb2O3"], criteria=[STEEP], samples=3).candidates[0].confidence
    assert found.probability_pareto is None


def test_the_command_prints_and_writes_it(run, run_json):
    status, out, err = run("screen", "Sb2O3", "In2O3", "--samples", "50")
    assert (status, err) == (0, "")
    assert "Over 50 samples" in out
    assert "else" in out
    document = run_json("screen", "Sb2O3", "--samples", "50", "--seed", "3")
    assert document["manifest"]["samples"]["seed"] == 3
    assert document["oxides"][0]["confidence"]["end_states"]
    for wrong in (("--samples", "0"), ("--samples", "1e3"), ("--seed", "-1"), ("--samples", "999999999")):
        status, out, err = run("screen", "Sb2O3", *wrong)
        assert (status, out) == (2, "")
        assert err.count("\n") <= 2


def test_as_many_samples_as_nobody_needs_are_refused(best):
    with pytest.raises(InputFileError, match="from 1 to 100000"):
        screen(best, ["Sb2O3"], samples=100_001)


def test_path_explains_itself(run, run_json):
    status, out, err = run("path", "Al2O3", "--explain")
    assert (status, err) == (0, "")
    assert "The end state hangs on" in out
    document = run_json("path", "Al2O3", "--explain")["explanation"]
    assert set(document["hangs_on"]) <= {phase["formula"] for phase in document["phases"]}
    assert all(formula in out for formula in document["hangs_on"])
    assert "explanation" not in run_json("path", "Al2O3")
