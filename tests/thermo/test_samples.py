"""Sampled energies: the same answers as tables with these energies, and the spread that sigmas promise."""

import numpy as np
import pytest

from licoat.structures import InputFileError, MissingDataError, load_phases
from licoat.structures.phases.draws import ErrorDraws
from licoat.structures.phases.levels import shifted_table
from licoat.thermo import lithiate
from licoat.thermo.lithiation import lithiate_many
from licoat.thermo.oxides import above_hull, default_oxides
from licoat.thermo.samples import Samples

MANY = 4000
WITHIN = 5.0 / np.sqrt(2.0 * MANY)
"""Five relative standard deviations of a standard deviation from `MANY` samples."""
ROWS = [("Li", 0), ("Sb", 0), ("O2", 0), ("Li2O", -6), ("Sb2O3", -7), ("Sb2O5", -10), ("Li3Sb", -3), ("Li2Sb", -2)]
SIGMA = [0, 0, 0, 0.01, 0.05, 0.03, 0.04, 0.04]


@pytest.fixture(scope="module")
def best():
    return load_phases("builtin")


def end_of(ends, s):
    """Return the end state that a sample has, and the energy of its reaction."""
    (end,) = (end for end in ends if s in end.samples)
    return end.path, float(end.energy_ev_per_fu[end.samples.tolist().index(s)])


@pytest.mark.parametrize("scheme", ["fitted", "mp2020"])
def test_a_sample_is_the_table_with_its_energies(scheme):
    phases = load_phases("builtin", scheme=scheme)
    oxides = default_oxides(phases)[0]
    paths = lithiate_many(oxides, phases)
    samples = Samples(phases, oxides, "Li", 2, seed=7)
    # Both levels of a table with two have the same errors: they are learnt together.
    errors = samples.errors_ev_per_fu(phases.for_system({"Li"}), samples.formulas)
    ends = [samples.ends(path) for path in paths]
    distances = [samples.above_hull_ev_per_atom(path) for path in paths]
    changed = 0
    for s in range(2):
        plain = shifted_table(phases, dict(zip(samples.formulas, errors[s].tolist(), strict=True)))
        others = zip(lithiate_many(oxides, plain), above_hull(oxides, plain, "Li"), strict=True)
        for i, (other, distance) in enumerate(others):
            end, energy = end_of(ends[i], s)
            assert end.final.equation == other.final.equation
            assert end.is_inert == other.is_inert
            reaction = other.full_conversion if other.is_inert else other.final
            assert energy == pytest.approx(0.0 if reaction is None else reaction.energy_ev_per_fu, abs=1e-8)
            assert distances[i][s] == pytest.approx(distance, abs=1e-9)
            changed += end.final.equation != paths[i].final.equation
    assert changed > 0, "no end state changes: no test"


def test_energies_spread_as_their_sigmas_say(best):
    paths = lithiate_many(["Sb2O3", "Sb6O13", "Bi2O3", "ZnO", "NiO", "Cr2O3", "Rh2O3", "RhO2"], best)
    samples = Samples(best, [path.oxide for path in paths], "Li", MANY, seed=1)
    assert len({path.final.energy_basis for path in paths}) == 3, "one kind of energy is not tested"
    for path in paths:
        shift = samples.shift_ev(path.phases, path.final)
        assert shift.std() == pytest.approx(path.final.energy_sigma_ev_per_fu, rel=WITHIN)
        assert abs(shift.mean()) < 5.0 * shift.std() / np.sqrt(MANY)


def test_errors_that_oxides_share_cancel_in_their_difference():
    fitted = load_phases("builtin", scheme="fitted")
    paths = lithiate_many(["Rh2O3", "RhO2"], fitted)
    per_oxygen = [1.0 / 3.0, 1.0 / 2.0]
    samples = Samples(fitted, ["Rh2O3", "RhO2"], "Li", MANY, seed=1)
    one, two = (samples.shift_ev(p.phases, p.final) * n for p, n in zip(paths, per_oxygen, strict=True))
    change = {f: per_oxygen[0] * n for f, n in paths[0].final.coefficients.items()}
    for formula, n in paths[1].final.coefficients.items():
        change[formula] = change.get(formula, 0.0) - per_oxygen[1] * n
    level = fitted.for_system({"Rh"})
    expected = level.reaction_sigma_ev(change, {f: level.rows_of(f)[0] for f in change})
    assert (one - two).std() == pytest.approx(expected, rel=WITHIN)
    assert (one - two).std() < 0.9 * np.hypot(one.std(), two.std())


def test_errors_that_are_independent_add_up(make_table):
    table = make_table(ROWS, energy_sigma_ev_per_atom=SIGMA)
    draws = ErrorDraws(["Sb2O3", "Sb2O5", "Sb"], MANY, 3).of(table)
    assert draws.std(axis=0) == pytest.approx([0.05 * 5, 0.03 * 7, 0.0], rel=WITHIN)
    assert (draws[:, 0] - draws[:, 1]).std() == pytest.approx(np.hypot(0.25, 0.21), rel=WITHIN)


def test_two_end_states_of_one_energy_have_half_the_samples_each(make_table):
    # LiSb and Li3Sb are as low per Sb, and as unsure
    rows = [*ROWS[:5], ("LiSb", -2), ("Li3Sb", -2)]
    table = make_table(rows, energy_sigma_ev_per_atom=[0, 0, 0, 0, 0, 0.1 / 2, 0.1 / 4])
    samples = Samples(table, ["Sb2O3"], "Li", MANY, seed=0)
    shares = {end.path.final.equation: len(end.samples) / MANY for end in samples.ends(lithiate("Sb2O3", table))}
    half = pytest.approx(0.5, abs=5.0 * np.sqrt(0.25 / MANY))
    assert shares == {"Sb2O3 + 12 Li -> 2 Li3Sb + 3 Li2O": half, "Sb2O3 + 8 Li -> 2 LiSb + 3 Li2O": half}
    assert sum(shares.values()) == 1.0


def test_without_sigma_there_is_one_end_state(make_table):
    table = make_table(ROWS, energy_sigma_ev_per_atom=[0.0] * len(ROWS))
    path = lithiate("Sb2O3", table)
    (end,) = Samples(table, ["Sb2O3"], "Li", 50, seed=0).ends(path)
    assert end.path is path
    assert set(end.energy_ev_per_fu) == {path.final.energy_ev_per_fu}


def test_a_seed_says_which_samples(make_table):
    table = make_table(ROWS, energy_sigma_ev_per_atom=SIGMA)
    path = lithiate("Sb2O3", table)
    shifts = [Samples(table, ["Sb2O3"], "Li", 5, seed).shift_ev(table, path.final).tolist() for seed in (1, 1, 2)]
    assert shifts[0] == shifts[1] != shifts[2]


def test_unknown_sigmas_are_said_and_nothing_but_unknown_ones_refused(make_table):
    table = make_table(ROWS, energy_sigma_ev_per_atom=[*SIGMA[:-1], None])
    samples = Samples(table, ["Sb2O3"], "Li", 5, 0)
    samples.ends(lithiate("Sb2O3", table))
    assert samples.to_dict() == {"compositions": len(ROWS), "without_sigma": 1}
    bare = make_table(ROWS)
    with pytest.raises(MissingDataError, match="no sigma of any energy"):
        Samples(bare, ["Sb2O3"], "Li", 5, 0).ends(lithiate("Sb2O3", bare))
    with pytest.raises(InputFileError, match="0 samples: from 1"):
        Samples(table, ["Sb2O3"], "Li", 0, 0)


@pytest.mark.parametrize("oxide", ["Sb2O3", "Fe2O3", "CaO2", "Al2O3"])
def test_sigma_of_a_reaction_is_that_of_the_covariance(oxide):
    fitted = load_phases("builtin", scheme="fitted")
    path = lithiate(oxide, fitted)
    amounts = (path.full_conversion if path.is_inert else path.final).coefficients
    nu = np.array(list(amounts.values()))
    covariance = path.phases.shared_errors.covariance_ev2(list(amounts))
    assert path.phases.shared_errors.sigma_ev(amounts) == pytest.approx(np.sqrt(nu @ covariance @ nu), rel=1e-6)
