"""The pool of bases against linear programmes that are solved one by one, and against the hull."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from licoat.structures.chemistry.formula import parse_formula
from licoat.thermo.bases import equilibria
from licoat.thermo.hull import titrate_many
from licoat.thermo.oxides import default_oxides
from licoat.thermo.samples import end_titrations, system_phases


@st.composite
def problems(draw):
    """Draw phases with whole-number compositions, the elements first, six sets of energies and a composition."""
    size = draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    compounds = rng.integers(0, 5, (draw(st.integers(0, 10)), size))
    counts = np.vstack([np.eye(size, dtype=int), compounds[compounds.sum(axis=1) > 0]])
    energy = rng.normal(-1.0, 1.5, (6, len(counts))) * counts.sum(axis=1)
    energy[:, :size] = 0.0
    if draw(st.booleans()):
        energy = np.rint(energy)  # ties
    host = counts[-1] if draw(st.booleans()) and (counts[-1] > 0).all() else rng.integers(1, 6, size)
    return counts, energy, host


@settings(max_examples=60)
@given(problems())
def test_energies_are_those_of_a_solver_of_linear_programmes(problem):
    counts, energy, host = problem
    found = equilibria(counts, energy, host)
    for s, costs in enumerate(energy):
        solution = linprog(costs, A_eq=counts.T, b_eq=host, bounds=(0, None), method="highs")
        assert found.energy_ev_per_fu[s] == pytest.approx(solution.fun, abs=1e-7)  # HiGHS is sure to 1e-7
        basis, amounts = found.bases[found.which[s]], found.amounts[found.which[s]]
        assert (amounts >= 0.0).all()
        assert counts[list(basis)].T @ amounts == pytest.approx(host, abs=1e-9)  # every atom is there
        whole = amounts * found.denominator[found.which[s]]
        assert whole == pytest.approx(np.rint(whole), abs=1e-6)


def test_ends_of_titrations_are_those_of_the_hulls_of_the_embedded_table(builtin):
    oxides = default_oxides(builtin)[0]
    for oxide, path in zip(oxides, titrate_many(builtin, oxides), strict=True):
        atoms = parse_formula(oxide)
        rows, counts = system_phases(builtin, oxide, ["Li", *sorted(atoms)])
        ((end, samples),) = end_titrations(atoms, "Li", rows, counts, builtin.energy_ev_per_fu[rows][None, :])
        assert samples.tolist() == [0]
        (expected, amounts), (got, own) = path.products[-1], end.products[-1]
        assert dict(zip(got.tolist(), own.tolist(), strict=True)) == pytest.approx(
            dict(zip(expected.tolist(), amounts.tolist(), strict=True)), abs=1e-9
        )
        assert end.anode_atoms[-1] == pytest.approx(path.anode_atoms[-1], abs=1e-9)
