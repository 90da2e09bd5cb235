"""Tables and oracles that the tests of `licoat.thermo` share."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import strategies as st

from licoat.structures import PhaseTable, load_phases
from licoat.structures.phases.provenance import Manifest


@pytest.fixture(scope="session")
def builtin():
    return load_phases("builtin", scheme="mp2020")


@pytest.fixture(scope="session")
def raw():
    return load_phases("builtin", scheme="none")


@pytest.fixture(scope="session")
def measured():
    return load_phases("measured")


def _write(counts, symbols):
    return "".join(f"{symbol}{number}" for symbol, number in zip(symbols, counts, strict=True) if number)


@pytest.fixture(scope="session")
def make_table():
    """Build a table from (formula, formation energy per formula as written); further columns by name."""

    def make(rows, ids=None, **columns):
        formulas = [formula for formula, _ in rows]
        atoms = [_atoms(formula) for formula in formulas]
        energies = [float(energy) / n for (_, energy), n in zip(rows, atoms, strict=True)]
        data = {
            "phase_id": ids or [f"p{i}" for i in range(len(rows))],
            "formula": formulas,
            "formation_energy_ev_per_atom": energies,
        }
        return PhaseTable(data | columns, Manifest(source="test", scheme="test"))

    return make


def _atoms(formula):
    """Count atoms with pymatgen, so that the tests do not lean on the parser that they feed."""
    from pymatgen.core import Composition

    return round(Composition(formula).num_atoms)


@dataclass(frozen=True)
class Random:
    """A random system: the anode metal first, counts and exact energies per formula as drawn."""

    symbols: tuple[str, ...]
    counts: list[tuple[int, ...]]
    energies: list[Fraction]
    host: tuple[int, ...]

    @property
    def formulas(self):
        return [_write(counts, self.symbols) for counts in self.counts]

    @property
    def host_formula(self):
        return _write(self.host, self.symbols)

    def table(self, order=None, energies=None):
        """Phases in any order; `energies` are formation energies per formula as drawn."""
        energies = self.energies if energies is None else energies
        order = range(len(self.counts)) if order is None else order
        return PhaseTable(
            {
                "phase_id": [f"p{i}" for i in order],
                "formula": [self.formulas[i] for i in order],
                "formation_energy_ev_per_atom": [float(energies[i] / sum(self.counts[i])) for i in order],
            },
            Manifest(source="random", scheme="random"),
        )


_CLOSED = ("O", "Fe", "Sb", "P")


@st.composite
def _systems(draw, closed=(2, 2)):
    """Random phases with many ties: whole-number energies, sums of phases, copies, doubled formulas."""
    size = draw(st.integers(*closed))
    symbols = ("Li", *_CLOSED[:size])
    most = draw(st.sampled_from([2, 3, 6, 6, 30]))
    unit = draw(st.sampled_from([Fraction(1), Fraction(1), Fraction(1, 4), Fraction(1, 1000)]))
    lowest = draw(st.sampled_from([-3, -8, -40]))
    number = st.integers(0, most)
    drawn = draw(st.lists(st.tuples(st.tuples(*[number] * (size + 1)), st.integers(lowest, 2)), max_size=12))
    compounds = [(c, e * unit) for c, e in drawn if sum(n > 0 for n in c) > 1]
    ties = draw(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(0, 2)), max_size=4))
    for i, j, extra in ties:
        if not compounds:
            break
        (c1, e1), (c2, e2) = compounds[i % len(compounds)], compounds[j % len(compounds)]
        # extra 0: exactly on the tie line (a doubled formula or an equal polymorph if i = j)
        compounds.append((tuple(a + b for a, b in zip(c1, c2, strict=True)), e1 + e2 + extra * unit))
    elements = [tuple(int(i == k) for i in range(size + 1)) for k in range(size + 1)]
    phases = [*compounds, *((c, Fraction(0)) for c in elements)]
    order = draw(st.permutations(range(len(phases))))
    host = (draw(st.sampled_from([0, 0, 0, 1, 3])), *draw(st.tuples(*[st.integers(1, max(most, 3))] * size)))
    bases = [c for c, _ in compounds if all(c[1:])]
    if bases and draw(st.booleans()):
        host = draw(st.sampled_from(bases))
    return Random(symbols, [phases[i][0] for i in order], [phases[i][1] for i in order], host)


@pytest.fixture(scope="session")
def systems():
    """Strategy of random systems; `closed` bounds the number of elements beside the anode metal."""
    return _systems


@pytest.fixture(scope="session")
def pairs_path():
    """All pairs of products, then the lower hull, in exact fractions: two closed elements.

    Takes counts (anode, 1, 2), exact energies and the host; returns the kinks (x above the host's own
    content, G) of the equilibrium path. Slopes closer than `tolerance` are one plateau.
    """

    def path(counts, energies, host, tolerance=Fraction(0)):
        start, c1, c2 = host
        s = [q1 * c2 - q2 * c1 for _, q1, q2 in counts]
        points = {}
        for i, (n, q1, q2) in enumerate(counts):
            if q1 + q2 == 0:
                continue  # the anode metal itself: chemical potential 0, the end of every path
            if s[i] == 0:
                _lower(points, Fraction(c1 + c2, q1 + q2) * n, Fraction(c1 + c2, q1 + q2) * energies[i])
            for j, (m, r1, r2) in enumerate(counts):
                if s[i] > 0 > s[j]:
                    whole = Fraction(-s[j] * (q1 + q2) + s[i] * (r1 + r2), c1 + c2)
                    a, b = -s[j] / whole, s[i] / whole
                    _lower(points, a * n + b * m, a * energies[i] + b * energies[j])
        x = min(points)
        kinks = [(x, points[x])]
        while True:
            ahead = [(y, (points[y] - kinks[-1][1]) / (y - kinks[-1][0])) for y in points if y > kinks[-1][0]]
            if not ahead or min(slope for _, slope in ahead) >= -tolerance:
                break
            least = min(slope for _, slope in ahead)
            x = max(y for y, slope in ahead if slope <= least + tolerance)
            kinks.append((x, points[x]))
        return _from_start(kinks, start)

    return path


def _lower(points, x, energy):
    points[x] = min(points.get(x, energy), energy)


def _from_start(kinks, start):
    """Cut the path off at the host's own content of the anode metal."""
    if kinks[-1][0] <= start:
        return [(Fraction(0), kinks[-1][1])]
    for (x0, g0), (x1, g1) in pairwise(kinks):
        if x0 <= start < x1:
            here = g0 + (g1 - g0) * (start - x0) / (x1 - x0)
            return [(Fraction(0), here), *((x - start, g) for x, g in kinks if x > start)]
    return kinks
