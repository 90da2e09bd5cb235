"""Seeded tables of phases with the density of the Materials Project, for benchmarks only.

Energies follow a quadratic bond model with noise; they mean nothing chemically. What is realistic is what
costs time: about 20 compositions (70 entries with polymorphs) per Li-M-O system, about half of them stable,
and about five voltage plateaus per oxide (`KERNEL.md`: T133 has 20 compositions, 71 entries, 5 plateaus).
"""

from collections.abc import Sequence
from itertools import combinations
from math import gcd

import numpy as np

from licoat.structures import PhaseTable
from licoat.structures.chemistry.elements import ATOMIC_NUMBER
from licoat.structures.phases.provenance import Manifest

__all__ = ["synthetic_table"]

_SKIPPED = {"H", "He", "Li", "O", "Ne", "Ar", "Kr", "Xe", "Po", "At", "Rn"}
CATIONS = [symbol for symbol, number in ATOMIC_NUMBER.items() if symbol not in _SKIPPED and number <= 92]
_LITHIUM_OXIDES = {"Li2O": -2.07, "Li2O2": -1.65, "LiO2": -0.98}
_OXIDES_PER_PAIR = 4.5  # with two cations; T133: 11,627 oxides in 2,556 systems


class _Builder:
    """Collects phases; every composition once, with its polymorphs."""

    def __init__(self, seed: int, polymorphs: float) -> None:
        self.random = np.random.default_rng(seed)
        self.polymorphs = polymorphs
        self.formulas: list[str] = []
        self.energies: list[float] = []
        self._bonds: dict[tuple[str, str], float] = {}

    def bond(self, a: str, b: str) -> float:
        """Depth of the bond model between two elements in eV/atom."""
        pair = (a, b) if a < b else (b, a)
        if pair not in self._bonds:
            low, high = (0.4, 3.4) if "O" in pair else (-0.2, 0.6)
            self._bonds[pair] = 2.3 if pair == ("Li", "O") else float(self.random.uniform(low, high))
        return self._bonds[pair]

    def add(self, formula: str, ground: float) -> None:
        """Add a composition: its ground state and higher polymorphs."""
        above = self.random.exponential(0.06, size=int(self.random.poisson(self.polymorphs)))
        for energy in (0.0, *above.tolist()):
            self.formulas.append(formula)
            self.energies.append(ground + energy)

    def compounds(self, symbols: Sequence[str], number: int, largest: int) -> None:
        """Add compounds of these elements with random whole-number compositions."""
        seen: set[tuple[int, ...]] = set()
        for _ in range(50 * number):  # enough draws; a small space of compositions may hold fewer
            if len(seen) == number:
                return
            counts = self.random.integers(1, largest + 1, size=len(symbols))
            if symbols[-1] == "O":
                counts[-1] = self.random.integers(1, 2 * largest + 1)
            key = tuple((counts // gcd(*counts.tolist())).tolist())
            if key in seen:
                continue
            seen.add(key)
            x = np.array(key) / sum(key)
            depth = sum(
                4.0 * self.bond(symbols[i], symbols[j]) * x[i] * x[j] for i, j in combinations(range(len(x)), 2)
            )
            self.add(
                "".join(f"{s}{n}" for s, n in zip(symbols, key, strict=True)),
                min(-0.001, float(-depth + self.random.normal(0.0, 0.05))),
            )


def synthetic_table(
    oxides: int, *, cations: int = 1, polymorphs: float = 2.5, seed: int = 20261123
) -> tuple[PhaseTable, list[str]]:
    """Make a table that holds this number of oxides without Li.

    Parameters
    ----------
    oxides : int
        Oxides with exactly `cations` other elements; the first ones are all of one density, so above about
        13,000 (two cations) the systems become denser than those of the Materials Project.
    cations : {1, 2}
        Elements beside oxygen.
    polymorphs : float
        Mean number of higher polymorphs per composition.
    seed : int
        The same seed gives the same table.

    Returns
    -------
    table, hosts : PhaseTable, list of str
    """
    builder = _Builder(seed, polymorphs)
    random = builder.random
    for symbol in ("Li", "O", *CATIONS):
        builder.add(symbol, 0.0)
    for formula, energy in _LITHIUM_OXIDES.items():
        builder.add(formula, energy)
    per_element = _spread(oxides, CATIONS) if cations == 1 else [8] * len(CATIONS)
    for symbol, number in zip(CATIONS, per_element, strict=True):
        builder.compounds((symbol, "O"), number, 6)
        builder.compounds(("Li", symbol), int(random.integers(0, 6)), 5)
        builder.compounds(("Li", symbol, "O"), int(random.integers(2, 14)), 4)
    if cations == 2:
        pairs = list(combinations(CATIONS, 2))
        chosen = random.permutation(len(pairs))[: max(1, round(oxides / _OXIDES_PER_PAIR))]
        for k, number in zip(chosen.tolist(), _spread(oxides, chosen), strict=True):
            builder.compounds((*pairs[k], "O"), number, 6)
            builder.compounds(pairs[k], int(random.integers(0, 4)), 4)
            builder.compounds(("Li", *pairs[k], "O"), int(random.integers(0, 5)), 3)
    n = len(builder.formulas)
    table = PhaseTable(
        {
            "phase_id": [f"s-{i}" for i in range(n)],
            "formula": builder.formulas,
            "formation_energy_ev_per_atom": np.array(builder.energies),
            "volume_a3_per_atom": random.uniform(8.0, 24.0, size=n),
        },
        Manifest(source="synthetic", scheme="synthetic", sha256=""),
    )
    return table, oxides_of(table, cations)


def oxides_of(phases: PhaseTable, cations: int, anode: str = "Li") -> list[str]:
    """Compositions with an energy that hold oxygen, this number of other elements and no anode metal."""
    place = {symbol: i for i, symbol in enumerate(phases.symbols)}
    rows = phases.ground_states
    present = phases.counts[rows] > 0
    wanted = present[:, place["O"]] & ~present[:, place[anode]] & (present.sum(axis=1) == cations + 1)
    return [phases.text("formula")[row] for row in rows[wanted].tolist()]


def _spread(total: int, over: Sequence[object]) -> list[int]:
    """Divide a number as evenly as whole numbers allow."""
    base, rest = divmod(total, len(over))
    return [base + (i < rest) for i in range(len(over))]
