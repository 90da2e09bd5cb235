"""Does the embedded table come out again? Relaxes part of it anew, from its start structures.

    python benchmarks/remake_table.py                 # a random tenth, and ten oxides with all they react to
    python benchmarks/remake_table.py --share 0.02 --workers 2
    python benchmarks/remake_table.py --starts MORE.json --hours 1 --no-oxides --out DIR
    python benchmarks/remake_table.py --disturbed     # from other starts: how much hangs on them?
    python benchmarks/remake_table.py --share 1 --moduli --out DIR    # all of it, a day or more; goes on where it was

Needs the extra ``mlip``. ``DIR/relaxed.json.gz`` of the last is what ``structures/data/computed_phases.json.gz`` is.
Phases are taken in the random order in which they are drawn, five at a time, so a run that ends after ``--hours`` (or
was killed; the same command goes on) is an unbiased sample. Start structures of the Materials Project are not shipped:
``--starts`` names a file that has them, without it those phases are not drawn, which is said.
Prints the differences in energy and volume, and the reaction energies of ten oxides from the structures alone beside
those of ``builtin``. Disturbed starts are scaled by 1 % in length and their atoms moved by 0.02 A at random (seeded),
so that also phases that are called known lose their symmetry.
"""

import argparse
import contextlib
import math
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from licoat.structures import MissingDataError, PhaseTable, load_phases
from licoat.structures.crystals.calculators import calculator_spec
from licoat.structures.crystals.crystal import Crystal
from licoat.structures.phases.builtin import RELAXED
from licoat.structures.phases.computed import read_document
from licoat.structures.phases.facts import DATA
from licoat.thermo import lithiate
from licoat.workflows.calculations.dataset import BuildOptions, build_dataset
from licoat.workflows.calculations.engines import open_engine
from licoat.workflows.calculations.seeds import Seed, read_seeds

OXIDES = ("Sb2O3", "Bi2O3", "SnO2", "ZnO", "MgO", "Al2O3", "CaO", "GeO2", "Ag2O", "In2O3")
ENERGY_MEV, VOLUME_PERCENT = 5.0, 1.0
BATCH = 5


def disturbed(seed: Seed, rng: np.random.Generator) -> Seed:
    """Return the seed 3 % larger in volume, its atoms moved."""
    atoms = seed.crystal.to_atoms()
    atoms.set_cell(atoms.cell.array * 1.01, scale_atoms=True)
    atoms.positions += rng.normal(scale=0.02, size=atoms.positions.shape)
    return Seed(seed.phase_id, Crystal.from_atoms(atoms), seed.known)


def main() -> None:
    """Relax, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=0.1, help="share of the table (default 0.1)")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1, help="of the random choice")
    parser.add_argument("--disturbed", action="store_true", help="scale the start structures and move their atoms")
    parser.add_argument("--starts", help="further start structures, as `licoat data build --seeds` reads them")
    parser.add_argument("--hours", type=float, default=math.inf, help="begin nothing new after so many hours")
    parser.add_argument("--no-oxides", action="store_true", help="leave out the ten oxides and all they react to")
    parser.add_argument("--most-atoms", type=int, default=200, help="leave out larger cells")
    parser.add_argument("--moduli", action="store_true", help="also those that the table has computed moduli of")
    parser.add_argument("--out", help="folder of the build; a later run goes on with it (default: none is kept)")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    stored = {p["id"]: p for p in read_document(RELAXED)["phases"] if p["converged"]}
    files = [DATA / "seeds.json.gz", *([options.starts] if options.starts else [])]
    seeds = {s.phase_id: s for file in files for s in read_seeds(file)}
    if missing := len(stored.keys() - seeds.keys()):
        print(f"{missing} of {len(stored)} phases have no start structure here: not drawn (--starts)")
    small = sorted(i for i in stored.keys() & seeds.keys() if len(seeds[i].crystal) <= options.most_atoms)
    chosen = rng.choice(small, size=math.ceil(options.share * len(small)), replace=False).tolist()
    builtin = load_phases("builtin")
    needed = {} if options.no_oxides else {i for oxide in OXIDES for i in sides(builtin, oxide)}
    elements = {builtin.text("phase_id")[builtin.rows_of(e)[0]] for e in builtin.symbols if not options.no_oxides}
    extra = sorted((elements | set(needed)) & seeds.keys() - set(chosen))
    wanted = [*chosen, *extra]
    moduli = tuple(i for i in wanted if options.moduli and "elastic" in stored[i])
    started = time.perf_counter()
    with contextlib.nullcontext(options.out) if options.out else tempfile.TemporaryDirectory() as folder:
        engine = open_engine("processes", workers=options.workers)
        starts = [disturbed(seeds[i], rng) if options.disturbed else seeds[i] for i in wanted]
        done = 0
        while done < len(wanted) and (time.perf_counter() - started < 3600.0 * options.hours or not done):
            done = min(done + BATCH, len(chosen)) if done < len(chosen) else len(wanted)
            how = BuildOptions(
                window=2 * options.workers, elastic_phases=tuple(i for i in moduli if i in set(wanted[:done]))
            )
            with contextlib.suppress(MissingDataError):  # no table without all elements, but the relaxed phases
                build_dataset(starts[:done], calculator_spec("sevennet"), folder, engine, how)
        again = {p["id"]: p for p in read_document(Path(folder) / "relaxed.json.gz")["phases"]}
        table = PhaseTable.load(f"{folder}/phases.parquet") if done == len(wanted) and extra else None
    print(f"{done} phases relaxed in {time.perf_counter() - started:.0f} s with {options.workers} workers")
    compare(chosen[:done], stored, again)
    if done_moduli := tuple(i for i in moduli if i in again):
        compare_moduli(done_moduli, stored, again)
    if table is None:
        return
    print(f"\n{'oxide':8}{'from structures':>18}{'builtin':>10}  eV per formula unit")
    for oxide in OXIDES:
        new, old = lithiate(oxide, table).final, lithiate(oxide, builtin).final
        same = "" if new.equation == old.equation else f"  ({new.equation}; builtin: {old.equation})"
        print(f"{oxide:8}{new.energy_ev_per_fu:18.3f}{old.energy_ev_per_fu:10.3f}{same}")


def sides(table: PhaseTable, oxide: str) -> list[str]:
    """Return the identifiers of the phases on both sides of a reaction."""
    return [p for s in lithiate(oxide, table).final.species for p in (s.phase_id, s.energy_phase_id)]


def compare(chosen: list[str], stored: dict, again: dict) -> None:
    """Print the differences of the chosen phases, and those beyond the tolerances."""
    energies, volumes, beyond = [], [], []
    for i in chosen:
        if not again[i]["converged"]:
            beyond.append(f"{i}: {again[i]['reason']}")
            continue
        energy = 1000.0 * (again[i]["energy_raw_ev_per_atom"] - stored[i]["energy_raw_ev_per_atom"])
        volume = 100.0 * (again[i]["volume_a3_per_atom"] / stored[i]["volume_a3_per_atom"] - 1.0)
        energies.append(abs(energy))
        volumes.append(abs(volume))
        if abs(energy) > ENERGY_MEV or abs(volume) > VOLUME_PERCENT:
            beyond.append(f"{i} ({stored[i]['formula']}): {energy:+.2f} meV/atom, {volume:+.2f} % in volume")
    print(
        f"{len(chosen)} phases: energy median {statistics.median(energies):.2f}, largest {max(energies):.2f} meV/atom"
    )
    print(f"volume median {statistics.median(volumes):.2f}, largest {max(volumes):.2f} %")
    print(f"beyond {ENERGY_MEV:g} meV/atom or {VOLUME_PERCENT:g} %: {len(beyond)}", *beyond, sep="\n  ")


def compare_moduli(ids: tuple[str, ...], stored: dict, again: dict) -> None:
    """Print the largest differences of computed moduli."""
    differences = [
        (100.0 * abs(again[i]["elastic"][name] / stored[i]["elastic"][name] - 1.0), f"{name} of {i}")
        for i in ids
        for name in ("bulk_modulus_gpa", "shear_modulus_gpa")
        if "elastic" in again[i]
    ]
    lost = [i for i in ids if "elastic" not in again[i]]
    percent, what = max(differences)
    print(f"moduli of {len(ids)} phases: median {statistics.median(d for d, _ in differences):.2f} %, "
          f"largest {percent:.2f} % ({what}); not obtained: {', '.join(lost) or 'none'}")  # fmt: skip


if __name__ == "__main__":
    main()
