"""How our side grows with the number of oxides: CPU time and peak memory, each size in a process of its own.

    python benchmarks/scaling.py                     # 100, 1 000, 10 000 oxides with two cations
    python benchmarks/scaling.py --oxides 100000     # about two minutes

The table is synthetic (see synthetic.py), one ground state and on average 0.3 polymorphs per composition. Peak
memory is that of the whole process (ru_maxrss), table and interpreter included.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from synthetic import synthetic_table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

STEPS = ("table", "titrate_many", "lithiate_many")


def peak_mb() -> float:
    """Largest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def measure(oxides: int, cations: int, step: str) -> dict[str, float]:
    """Run one step in this process."""
    from licoat.thermo import lithiate_many
    from licoat.thermo.hull import titrate_many

    start = time.process_time()
    phases, hosts = synthetic_table(oxides, cations=cations, polymorphs=0.3)
    made = time.process_time() - start
    start = time.process_time()
    _ = phases.counts, phases.ground_states, phases.energy_ev_per_fu
    phases.rows_in_system(("Li", "O"))
    result = {"phases": len(phases), "made_s": made, "columns_s": time.process_time() - start, "table_mb": peak_mb()}
    work: dict[str, Callable[[], Sequence[object]]] = {
        "table": list,
        "titrate_many": lambda: titrate_many(phases, hosts),
        "lithiate_many": lambda: lithiate_many(hosts, phases),
    }
    lithiate_many(hosts[:1], phases)  # what a process pays once, scipy's import above all
    start = time.process_time()
    kept = work[step]()
    result |= {"s": time.process_time() - start, "peak_mb": peak_mb(), "oxides": len(kept) or len(hosts)}
    return result


def main() -> int:
    """Read the options; every measurement runs in a fresh process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--oxides", type=int, nargs="+", default=[100, 1_000, 10_000], metavar="N")
    parser.add_argument("--cations", type=int, choices=(1, 2), default=2, help="one cation: at most about 2 000 oxides")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        print(json.dumps(measure(options.oxides[0], options.cations, options.step)))
        return 0
    print(f"{'oxides':>8}{'phases':>9}  {'step':<15}{'CPU s':>8}{'us/oxide':>10}{'peak MB':>9}{'of it table MB':>16}")
    for number in options.oxides:
        for step in STEPS:
            command = [sys.executable, str(Path(__file__)), "--oxides", str(number), "--cations", str(options.cations)]
            found = subprocess.run([*command, "--step", step], capture_output=True, text=True, check=False)
            if found.returncode:
                print(f"{number:>8}  {step}: failed\n{found.stderr.strip()}")
                return 1
            r = json.loads(found.stdout)
            seconds = r["columns_s"] if step == "table" else r["s"]
            print(
                f"{r['oxides']:>8}{r['phases']:>9}  {'columns' if step == 'table' else step:<15}{seconds:>8.3f}"
                f"{1e6 * seconds / r['oxides']:>10.0f}{r['peak_mb']:>9.0f}{r['table_mb']:>16.0f}",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
