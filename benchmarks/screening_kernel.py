"""Side by side with pymatgen: the equilibrium paths of many oxides on lithium metal, same phases, one run.

For every chemical system both are timed one after the other (CPU time, minimum of three calls), and every answer is
compared: contents of Li, potentials, products and reaction energies. See README.md for what was measured.

    python benchmarks/screening_kernel.py                         # the built-in table, binary oxides
    python benchmarks/screening_kernel.py --entries FILE.json.gz  # your own entries, one and two cations
    python benchmarks/screening_kernel.py --oxides 600            # synthetic table as dense as MP, one cation
    python benchmarks/screening_kernel.py --oxides 700 --cations 2
"""

import argparse
import gc
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from math import gcd
from statistics import median
from typing import Any, TypeVar

import numpy as np
from pymatgen.analysis.interface_reactions import InterfacialReactivity
from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
from pymatgen.core import Composition, Element
from synthetic import oxides_of, synthetic_table

from licoat.structures import PhaseTable, load_phases, parse_formula
from licoat.thermo import lithiate_many
from licoat.thermo.hull import Titration, titrate_many

TOLERANCE_EV = 1e-6
ROUNDS = 3
ANODE = "Li"
SHOWN_MISMATCHES = 10

T = TypeVar("T")
Product = frozenset[tuple[str, int]]


@dataclass
class Kink:
    """One point of a path: what both sides must agree on."""

    anode_atoms: float
    products: frozenset[Product]
    potential_ev: float | None = None  # of the plateau that starts here
    energy_ev_per_fu: float | None = None  # from the oxide's own phase


@dataclass
class Times:
    """CPU seconds of one chemical system, minimum over the rounds."""

    hosts: int
    entries: float
    diagram: float
    profile: float
    kinks: float
    kernel: float
    full: float
    first: float

    def pymatgen(self, *, kinks: bool, shared: bool) -> float:
        """Total of pymatgen; `shared`: one phase diagram for all oxides of the system."""
        build = (self.entries + self.diagram) * (1 if shared else self.hosts)
        return build + self.profile + (self.kinks if kinks else 0.0)


@dataclass
class Tally:
    """Comparison of the answers."""

    oxides: int = 0
    points: int = 0
    plateaus: list[int] = field(default_factory=list)
    energies: int = 0
    positive: list[str] = field(default_factory=list)  # oxides above the elements, whose energies differ by design
    mismatches: list[str] = field(default_factory=list)
    largest_x: float = 0.0
    largest_ev: float = 0.0


def timed(function: Callable[[], T], rounds: int = ROUNDS) -> tuple[T, float, float]:
    """Return the result of a call, the least CPU seconds of a few rounds and those of the first one."""
    spent = []
    for _ in range(rounds):
        start = time.process_time()
        result = function()
        spent.append(time.process_time() - start)
    return result, min(spent), spent[0]


def key(formula: str) -> Product:
    """Composition that does not depend on how a formula is written (KERNEL.md, pitfall 6)."""
    counts = parse_formula(formula)
    divisor = gcd(*counts.values())
    return frozenset((symbol, number // divisor) for symbol, number in counts.items())


def by_system(hosts: list[str]) -> dict[tuple[str, ...], list[str]]:
    """Group oxides by their elements."""
    systems: dict[tuple[str, ...], list[str]] = {}
    for host in hosts:
        systems.setdefault(tuple(sorted(parse_formula(host))), []).append(host)
    return systems


def entries_of(phases: PhaseTable, system: tuple[str, ...]) -> list[tuple[str, float]]:
    """Return formula and energy of every phase of a system, polymorphs included."""
    place = {symbol: i for i, symbol in enumerate(phases.symbols)}
    outside = np.ones(len(phases.symbols), dtype=bool)
    outside[[place[symbol] for symbol in (*system, ANODE)]] = False
    inside = ~(phases.counts[:, outside] > 0).any(axis=1)
    rows = np.flatnonzero(inside & ~np.isnan(phases.energy_ev_per_fu))
    return [(phases.text("formula")[row], float(phases.energy_ev_per_fu[row])) for row in rows.tolist()]


def our_kinks(phases: PhaseTable, path: Titration, own_energy: float) -> list[Kink]:
    """Bring a path of ours to the common form."""
    potentials: list[float | None] = [*path.potential_ev.tolist(), None]
    return [
        Kink(x, frozenset(key(phases.text("formula")[row]) for row in rows.tolist()), mu, energy - own_energy)
        for x, mu, energy, (rows, _) in zip(
            path.anode_atoms.tolist(), potentials, path.energy_ev_per_fu.tolist(), path.products, strict=True
        )
    ]


def pymatgen_kinks(
    profile: list[dict[str, Any]], interface: InterfacialReactivity, kinks: list[Any], host: str
) -> list[Kink]:
    """Bring pymatgen's two answers to the common form: from no Li to Li metal (pitfalls 2 and 5)."""
    found = [
        Kink(
            point["evolution"],
            frozenset(key(entry.composition.reduced_formula) for entry in point["entries"]),
            point["chempot"] - point["element_reference"].energy_per_atom,
        )
        for point in reversed(profile)
    ]
    while len(found) > 1 and abs(found[-2].potential_ev or 0.0) < TOLERANCE_EV:
        found.pop()  # a plateau at 0 V is the metal itself (pitfall 3)
    found[-1].potential_ev = None
    atoms = sum(parse_formula(host).values())
    assert interface.norm  # noqa: S101 - the conversion below is for normalised compositions
    energies = [(r / (1 - r) * atoms, e * atoms / (1 - r)) for _, r, e, _, _ in kinks if r < 1 - 1e-9]
    for point in found:
        near = [e for x, e in energies if abs(x - point.anode_atoms) < TOLERANCE_EV]
        point.energy_ev_per_fu = near[0] if near else None
    return found


def compare(host: str, ours: list[Kink], theirs: list[Kink], own_energy: float, tally: Tally) -> None:
    """Compare two paths and write down every difference."""
    tally.oxides += 1
    tally.plateaus.append(len(ours) - 1)
    if len(ours) != len(theirs):
        tally.mismatches.append(f"{host}: {len(ours)} points here, {len(theirs)} in pymatgen")
        return
    if own_energy > 0:
        tally.positive.append(host)  # pymatgen takes the hull's energy for these (pitfall 1)
    for mine, other in zip(ours, theirs, strict=True):
        tally.points += 1
        pairs = [(mine.anode_atoms, other.anode_atoms), (mine.potential_ev, other.potential_ev)]
        if own_energy <= 0:
            tally.energies += 1
            pairs.append((mine.energy_ev_per_fu, other.energy_ev_per_fu))
        differences = [(0.0 if a is b else np.inf) if a is None or b is None else abs(a - b) for a, b in pairs]
        tally.largest_x = max(tally.largest_x, differences[0])
        tally.largest_ev = max(tally.largest_ev, *differences[1:])
        if max(differences) > TOLERANCE_EV:
            tally.mismatches.append(f"{host} at {mine.anode_atoms:.6g} Li: x, potential, energy {pairs}")
        if mine.products != other.products:
            here, there = mine.products - other.products, other.products - mine.products
            tally.mismatches.append(
                f"{host} at {mine.anode_atoms:.6g} Li: only here {sorted(map(sorted, here))}, "
                f"only in pymatgen {sorted(map(sorted, there))}"
            )


def run_system(phases: PhaseTable, system: tuple[str, ...], hosts: list[str], tally: Tally) -> Times:
    """Time both sides in turn on one system, then compare their answers."""
    data = entries_of(phases, system)
    lithium = Composition(ANODE)
    gc.collect()
    entries, spent_entries, _ = timed(lambda: [PDEntry(Composition(f), e) for f, e in data])
    diagram, spent_diagram, _ = timed(lambda: PhaseDiagram(entries))
    profiles, spent_profile, _ = timed(
        lambda: [diagram.get_element_profile(Element(ANODE), Composition(h)) for h in hosts]
    )
    kinks, spent_kinks, _ = timed(lambda: [interface_kinks(lithium, h, diagram) for h in hosts])
    paths, spent_kernel, first = timed(lambda: titrate_many(phases, hosts, ANODE))
    _, spent_full, _ = timed(lambda: lithiate_many(hosts, phases, anode=ANODE))
    lowest = {f: e for f, e in sorted(data, key=lambda item: -item[1])}  # noqa: C416 - the last, lowest one stays
    for host, path, profile, (interface, points) in zip(hosts, paths, profiles, kinks, strict=True):
        own = lowest[host]
        compare(host, our_kinks(phases, path, own), pymatgen_kinks(profile, interface, points, host), own, tally)
    return Times(len(hosts), spent_entries, spent_diagram, spent_profile, spent_kinks, spent_kernel, spent_full, first)


def interface_kinks(lithium: Composition, host: str, diagram: PhaseDiagram) -> tuple[InterfacialReactivity, list[Any]]:
    """Take the reaction energies along the mixing line from pymatgen."""
    interface = InterfacialReactivity(lithium, Composition(host), diagram, norm=True, use_hull_energy=False)
    return interface, interface.get_kinks()


def report(title: str, times: list[Times], whole: float, tally: Tally) -> None:
    """Print one comparison."""
    n = sum(t.hosts for t in times)
    kernel, full = sum(t.kernel for t in times), sum(t.full for t in times)
    print(
        f"\n{title}: {n} oxides in {len(times)} systems, plateaus median {median(tally.plateaus):g} "
        f"(max {max(tally.plateaus)}), {tally.plateaus.count(0)} do not react"
    )
    print(f"  {'CPU time, min of 3':<44}{'total s':>9}{'ms/system':>11}{'us/oxide':>10}")
    for label, name in (
        ("pymatgen PDEntry(Composition)", "entries"),
        ("pymatgen PhaseDiagram", "diagram"),
        ("pymatgen get_element_profile", "profile"),
        ("pymatgen InterfacialReactivity.get_kinks", "kinks"),
        ("licoat titrate_many, system by system", "kernel"),
        ("licoat lithiate_many (balanced, all quantities)", "full"),
    ):
        values = [getattr(t, name) for t in times]
        print(f"  {label:<48}{sum(values):>5.3f}{1e3 * median(values):>11.3f}{1e6 * sum(values) / n:>10.0f}")
    print(f"  {'licoat titrate_many, all oxides in one call':<48}{whole:>5.3f}{'':>11}{1e6 * whole / n:>10.0f}")
    print(f"  first of the three calls (cold processor caches), system by system: {sum(t.first for t in times):.3f} s")
    print(f"  {'pymatgen / licoat':<44}{'kernel':>9}{'one call':>11}{'full':>10}{'per system: median [quartiles]':>34}")
    for label, kinks, shared in (
        ("phase diagram shared, with reaction energies", True, True),
        ("phase diagram shared, profile only", False, True),
        ("phase diagram rebuilt for every oxide, with", True, False),
        ("phase diagram rebuilt, profile only", False, False),
    ):
        reference = [t.pymatgen(kinks=kinks, shared=shared) for t in times]
        total = sum(reference)
        ratios = np.percentile([r / t.kernel for r, t in zip(reference, times, strict=True)], [50, 25, 75])
        print(
            f"  {label:<44}{total / kernel:>8.0f}x{total / whole:>10.0f}x{total / full:>9.1f}x"
            f"{ratios[0]:>15.0f} [{ratios[1]:.0f}-{ratios[2]:.0f}]"
        )
    print(
        f"  same answers: {tally.oxides} oxides, {tally.points} points; mismatches {len(tally.mismatches)}; "
        f"largest difference {tally.largest_x:.1e} Li, {tally.largest_ev:.1e} eV ({tally.energies} energies)"
    )
    if tally.positive:
        print(
            f"  {len(tally.positive)} oxides lie above their elements; pymatgen takes the hull's energy for them "
            f"(warning only), so their reaction energies are not compared: {', '.join(tally.positive[:6])}"
        )
    for line in tally.mismatches[:SHOWN_MISMATCHES]:
        print(f"  MISMATCH {line}")


def bench(title: str, phases: PhaseTable, hosts: list[str]) -> bool:
    """Run one comparison; True if every answer agrees."""
    systems = by_system(hosts)
    warm = titrate_many(phases, hosts[:1], ANODE)  # imports and the table's own columns
    lithiate_many(hosts[:1], phases, anode=ANODE)
    del warm
    tally = Tally()
    gc.collect()
    gc.freeze()
    times = [run_system(phases, system, found, tally) for system, found in systems.items()]
    _, whole, _ = timed(lambda: titrate_many(phases, hosts, ANODE))
    report(title, times, whole, tally)
    return not tally.mismatches


def main() -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", metavar="FILE", help="entries, CSV or a snapshot instead of the built-in table")
    parser.add_argument("--oxides", type=int, metavar="N", help="a synthetic table with N oxides instead")
    parser.add_argument("--cations", type=int, choices=(1, 2), help="beside oxygen (default 1; --entries: both)")
    parser.add_argument("--polymorphs", type=float, default=2.5, help="mean number of higher polymorphs (synthetic)")
    parser.add_argument("--seed", type=int, default=20261123, help="of the synthetic table")
    options = parser.parse_args()
    warnings.filterwarnings("ignore", module="pymatgen")  # one for every oxide above its elements
    if options.oxides:
        phases, hosts = synthetic_table(
            options.oxides, cations=options.cations or 1, polymorphs=options.polymorphs, seed=options.seed
        )
        title = f"synthetic ({len(phases)} phases), {options.cations or 1} cation(s)"
        return 0 if bench(title, phases, hosts) else 1
    phases, seconds, _ = timed(lambda: load_phases(options.entries or "builtin"), rounds=1)
    print(f"{phases}, loaded in {seconds:.2f} s")
    numbers = [options.cations] if options.cations else [1, 2] if options.entries else [1]
    good = True
    for number in numbers:
        hosts = oxides_of(phases, number, ANODE)
        if hosts:
            good &= bench(f"{phases.source}, {number} cation(s)", phases, hosts)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
