"""Throughput of `run_tasks`: items per second with one and two workers, and peak memory of the coordinator.

    python benchmarks/build_throughput.py                              # EMT cells, processes and, if there, Parsl
    python benchmarks/build_throughput.py --calculator sevennet --items 12
    python benchmarks/build_throughput.py --tiny 2000                  # memory: many small tasks, one worker

The time is that from the first to the last finished item, so the start of the workers is left out; every worker's
first item, which imports and loads the calculator, comes before it. Thresholds are out of reach, so that every item
takes the same 30 steps. Each case runs in a process of its own.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

ELEMENTS = ("Cu", "Ag", "Au", "Ni", "Pd", "Pt", "Al")


def peak_mb() -> float:
    """Largest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


def measure(engine: str, workers: int, items: int, calculator: str, repeat: int) -> dict[str, float]:
    """Run tasks in this process; return items per second, and memory after a quarter and at the end."""
    from ase.build import bulk

    from licoat.structures.crystals.calculators import calculator_spec
    from licoat.structures.crystals.crystal import Crystal
    from licoat.structures.crystals.relaxation import RelaxationSettings
    from licoat.workflows.calculations.engines import open_engine
    from licoat.workflows.calculations.store import Store
    from licoat.workflows.calculations.tasks import Task, run_tasks

    spec, tasks = calculator_spec(calculator), []
    settings = RelaxationSettings(fmax_ev_per_a=1e-9, smax_gpa=1e-9, max_steps=30, optimizer="FIRE")
    for i in range(items):  # of one size and kind, and no two the same
        atoms = bulk(ELEMENTS[0], cubic=True).repeat(repeat)
        atoms.set_cell(atoms.cell * (1.02 + 1e-5 * i), scale_atoms=True)
        if repeat > 1:
            atoms.rattle(0.03, seed=i)
        tasks.append(Task.of(str(i), Crystal.from_atoms(atoms), spec, settings))
    times, memory = [], []

    def progress(*_: object) -> None:
        times.append(time.perf_counter())
        memory.append(peak_mb())

    with tempfile.TemporaryDirectory() as folder:
        opened = open_engine(engine, workers=workers)
        records = run_tasks(tasks, store=Store(folder), open_engine=opened, window=2 * workers, progress=progress)
        reasons = {record["reason"] for record in records.values()}
    first = workers  # each worker has had one by then
    other = {reason for reason in reasons if reason and not reason.startswith("not converged within")}
    if other:
        raise SystemExit(f"failed: {other.pop()}")
    rate = (len(times) - first) / (times[-1] - times[first - 1])
    return {"rate": rate, "quarter_mb": memory[items // 4], "end_mb": memory[-1]}


def run(engine: str, workers: int, options: argparse.Namespace, items: int, repeat: int) -> dict[str, float]:
    """Measure in a fresh process."""
    case = json.dumps([engine, workers, items, options.calculator, repeat])
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(Path(__file__)), "--case", case]
    found = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if found.returncode:
        raise SystemExit(f"{engine}, {workers} workers: {found.stderr.strip()}")
    result: dict[str, float] = json.loads(found.stdout)
    return result


def main() -> int:
    """Read the options and run every case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calculator", default="emt", help="emt (default) or sevennet")
    parser.add_argument("--items", type=int, default=60)
    parser.add_argument("--repeat", type=int, default=2, help="cells of 4 atoms along each axis (default 2: 32 atoms)")
    parser.add_argument("--tiny", type=int, metavar="N", help="N tasks of 4 atoms instead, for the memory")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        print(json.dumps(measure(*json.loads(options.case))))
        return 0
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    print(f"{os.cpu_count()} cores, load {load} before the start (what else runs takes its share)")
    print(f"{'engine':<11}{'workers':>8}{'items':>7}{'items/s':>9}{'ratio':>7}{'MB at 1/4':>11}{'peak MB':>9}")
    engines = ["processes", *(["parsl"] if find_spec("parsl") else [])]
    items, repeat = (options.tiny, 1) if options.tiny else (options.items, options.repeat)
    for engine in ["serial", *engines] if options.tiny else engines:
        alone = 0.0
        for workers in (1,) if options.tiny else (1, 2):
            r = run(engine, workers, options, items, repeat)
            alone = alone or r["rate"]
            print(
                f"{engine:<11}{workers:>8}{items:>7}{r['rate']:>9.2f}{r['rate'] / alone:>7.2f}"
                f"{r['quarter_mb']:>11.0f}{r['end_mb']:>9.0f}",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
