"""Cold starts: a fresh process for every run, CPU and wall seconds (minimum and median of five) and peak memory.

python benchmarks/startup.py
"""

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from statistics import median

COMMAND = "import sys; from licoat.workflows.cli import main; sys.argv = ['licoat', *sys.argv[1:]]; sys.exit(main())"
SB2O3 = """
from licoat.structures import load_phases
from licoat.thermo import lithiate
print(lithiate('Sb2O3', load_phases('builtin')).final.equation)
"""
CASES = {
    "python -c pass": ["-c", "pass"],
    "licoat --help": ["-c", COMMAND, "--help"],
    "import licoat.structures": ["-c", "import licoat.structures"],
    "import licoat.thermo": ["-c", "import licoat.thermo"],
    "lithiate('Sb2O3'), no command line": ["-c", SB2O3],
    "licoat path Sb2O3": ["-c", COMMAND, "path", "Sb2O3"],
    "licoat screen": ["-c", COMMAND, "screen"],
    "import pymatgen PhaseDiagram": ["-c", "import pymatgen.analysis.phase_diagram"],
}


@dataclass
class Run:
    """One process."""

    cpu_s: float
    wall_s: float
    peak_mb: float
    failed: str


def run(arguments: list[str]) -> Run:
    """Start a fresh interpreter and wait for it."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with process.stderr as stream:  # type: ignore[union-attr]  # it was opened with a pipe
        errors = stream.read().decode(errors="replace").strip()
    _, status, usage = os.wait4(process.pid, 0)  # the only call that gives one child's own memory
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    failed = "" if process.returncode == 0 else errors.rpartition("\n")[2] or f"exit status {process.returncode}"
    return Run(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024.0, failed)


def main() -> int:
    """Run every case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    print(f"{'':<36}{'CPU s min':>10}{'median':>8}{'wall min':>10}{'median':>8}{'peak MB':>9}")
    for name, arguments in CASES.items():
        run(arguments)  # byte code and file cache
        runs = [run(arguments) for _ in range(rounds)]
        failed = next((r.failed for r in runs if r.failed), "")
        if failed:
            print(f"{name:<36}  not measured: {failed}")
            continue
        cpu, wall = [r.cpu_s for r in runs], [r.wall_s for r in runs]
        print(
            f"{name:<36}{min(cpu):>10.3f}{median(cpu):>8.3f}{min(wall):>10.3f}{median(wall):>8.3f}"
            f"{max(r.peak_mb for r in runs):>9.0f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
