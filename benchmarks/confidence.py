"""What sampling the default screen costs, beside the plain screen and beside screening every sample anew.

    python benchmarks/confidence.py                  # 1000 samples of the default screen
    python benchmarks/confidence.py --samples 5000 --plain 5

Each measurement runs in a fresh process: CPU time of a second screen (what a process pays once is paid by the first)
and the peak memory of the process. The plain way makes a table with the energies of a sample and screens it; it is run
for a few samples, compared (end states, energies, ranks) and scaled up. Exit status 1 if an answer differs.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

from licoat.structures import load_phases
from licoat.structures.phases.levels import shifted_table
from licoat.thermo.samples import Samples
from licoat.workflows import load_criteria, screen
from licoat.workflows.screening.confidence import sample_oxide, sampled_ranks


def measure(samples: int | None, scheme: str | None) -> dict[str, float]:
    """Screen twice in this process; return the CPU time of the second and the peak memory."""
    phases = load_phases("builtin", scheme=scheme)
    screen(phases)
    start = time.process_time()
    found = screen(phases, samples=samples)
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    return {"s": seconds, "mb": peak, "oxides": len(found.candidates)}


def plain(number: int, scheme: str | None) -> dict[str, float]:
    """Screen the tables of a few samples one by one and compare all answers with the sampled ones."""
    phases = load_phases("builtin", scheme=scheme).with_prefer("table")
    paths = [candidate.path for candidate in screen(phases).candidates]
    oxides, criteria = [path.oxide for path in paths], load_criteria()
    samples = Samples(phases, oxides, "Li", number, 0)
    found = [sample_oxide(path, criteria, load_phases("measured"), samples) for path in paths]
    ranks = sampled_ranks(oxides, criteria, found)
    ends = [{s: end.path.final.equation for end in samples.ends(p) for s in end.samples.tolist()} for p in paths]
    errors = samples.errors_ev_per_fu(phases.for_system({"Li"}), samples.formulas)
    seconds, differences, energy = 0.0, 0, 0.0
    for s in range(number):
        start = time.process_time()
        table = shifted_table(phases, dict(zip(samples.formulas, errors[s].tolist(), strict=True)))
        result = screen(table, oxides)
        seconds += time.process_time() - start
        for candidate in result.candidates:
            i = oxides.index(candidate.path.oxide)
            same = ends[i][s] == candidate.path.final.equation and ranks[s, i] == candidate.rank
            differences += not same
            energy = max(energy, abs(found[i].energy_ev_per_fu[s] - candidate.path.final.energy_ev_per_fu))
    return {"s": seconds / number, "differences": differences, "ev": energy}


def main() -> int:
    """Read the options; every measurement runs in a fresh process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=1000, metavar="N")
    parser.add_argument("--plain", type=int, default=3, metavar="N", help="samples that are screened one by one")
    parser.add_argument("--scheme", metavar="NAME")
    parser.add_argument("--step", choices=("screen", "sampled", "plain"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        scheme = options.scheme
        steps = {"screen": lambda: measure(None, scheme), "sampled": lambda: measure(options.samples, scheme)}
        print(json.dumps(plain(options.plain, scheme) if options.step == "plain" else steps[options.step]()))
        return 0
    found = {}
    for step in ("screen", "sampled", "plain"):
        command = [sys.executable, __file__, *sys.argv[1:], "--step", step]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent)
        if done.returncode:
            print(f"{step}: failed\n{done.stderr.strip()}")
            return 1
        found[step] = json.loads(done.stdout)
    base, sampled, one = found["screen"], found["sampled"], found["plain"]
    more, each, each_all = sampled["s"] - base["s"], one["s"], one["s"] * options.samples
    print(f"{options.samples} samples of {sampled['oxides']} oxides, scheme {options.scheme or 'default'}")
    print(f"screen            {base['s']:8.2f} CPU s {base['mb']:6.0f} MB")
    print(f"with samples      {sampled['s']:8.2f} CPU s {sampled['mb']:6.0f} MB")
    print(f"of it the samples {more:8.2f} CPU s {sampled['mb'] - base['mb']:6.0f} MB")
    print(f"one by one        {each_all:8.0f} CPU s ({each:.2f} each): {each_all / more:.0f}x")
    print(f"compared in {options.plain} samples: {one['differences']} differ; energies to {one['ev']:.0e} eV")
    return int(one["differences"] > 0)


if __name__ == "__main__":
    sys.exit(main())
