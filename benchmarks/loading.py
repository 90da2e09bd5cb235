"""From a Parquet file of N phases to the first hull, in fresh processes: CPU seconds and peak memory of each step.

    python benchmarks/loading.py                    # 150 000 phases
    python benchmarks/loading.py --phases 20000 --rounds 3

The table is the embedded one and random oxides with one or two cations beside it (not chemistry). The peer is what its
expert would write: `pandas.read_parquet` of the columns that are needed, one pymatgen `Composition` per different
formula, `PDEntry` and `PhaseDiagram` for the one system. Both then follow Sb2O3 on its way to lithium, and the plateaus
are compared. Libraries that either side imports late are imported first, so that they count as import.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

HOST, SYSTEM = "Sb2O3", ("Li", "O", "Sb")
STEPS = ("import", "load", "hull")
SAME_EV = 1e-6


class Clock:
    """CPU seconds since the last step and the peak memory of the process."""

    def __init__(self) -> None:
        self.last, self.found = time.process_time(), dict[str, float]()

    def step(self, name: str) -> None:
        """End a step."""
        now = time.process_time()
        self.found[f"{name}_s"] = now - self.last
        self.found[f"{name}_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
        self.last = time.process_time()


def make(path: Path, phases: int) -> None:
    """Write a synthetic table."""
    import numpy as np

    from licoat.structures import PhaseTable, load_phases

    known = load_phases("builtin")
    names = ("formation_energy_ev_per_atom", "volume_a3_per_atom")
    columns = {name: known.column(name)[:phases].tolist() for name in names}
    columns |= {name: list(known.text(name))[:phases] for name in ("phase_id", "formula", "existence", "state")}
    metals = [symbol for symbol in known.symbols if symbol not in {"Li", "O"}]
    random = np.random.default_rng(0)
    for i in range(phases - len(columns["phase_id"])):
        a, b = random.choice(len(metals), 2, replace=False)
        n = random.integers(1, 7, 4)
        lithium = f"Li{n[3]}" if i % 2 else ""
        row = (-1.0 - random.random(), 12.0, f"x-{i}", f"{lithium}{metals[a]}{n[0]}{metals[b]}{n[1]}O{n[2]}", "", "")
        for name, value in zip(columns, row, strict=True):
            columns[name].append(value)
    PhaseTable(columns, known.manifest.replace(source="synthetic", sha256="")).save(path)


def ours(path: Path) -> dict[str, object]:
    """Load and build the first hull with licoat."""
    clock = Clock()
    import pyarrow.parquet  # noqa: F401 - the reader's
    import scipy.spatial  # noqa: F401 - the hull's

    from licoat.structures.phases.table import PhaseTable
    from licoat.thermo.hull import titrate

    clock.step("import")
    table = PhaseTable.load(path)
    clock.step("load")
    plateaus = titrate(table, HOST).potential_ev.tolist()
    clock.step("hull")
    return clock.found | {"plateaus": sorted(plateaus)}


def peer(path: Path) -> dict[str, object]:
    """Load and build the first hull with pandas and pymatgen."""
    clock = Clock()
    import pandas as pd
    import pyarrow.parquet  # noqa: F401 - the reader's
    from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
    from pymatgen.core import Composition, Element

    clock.step("import")
    frame = pd.read_parquet(path, columns=["formula", "formation_energy_ev_per_atom", "existence"])
    compositions = {formula: Composition(formula) for formula in frame["formula"].unique()}
    clock.step("load")
    inside = {f: c for f, c in compositions.items() if {e.symbol for e in c.elements} <= set(SYSTEM)}
    rows = frame[frame["formula"].isin(list(inside)) & ~frame["existence"].isin(["predicted"])]
    energies = zip(rows["formula"], rows["formation_energy_ev_per_atom"], strict=True)
    diagram = PhaseDiagram([PDEntry(inside[f], energy * inside[f].num_atoms) for f, energy in energies])
    profile = diagram.get_element_profile(Element("Li"), compositions[HOST])
    clock.step("hull")
    return clock.found | {"plateaus": sorted(step["chempot"] for step in profile if step["chempot"] < -SAME_EV)}


def main() -> int:
    """Make the table, run both sides in fresh processes, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phases", type=int, default=150_000, metavar="N")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--side", choices=("ours", "peer", "make"), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side == "make":
        make(options.file, options.phases)
        return 0
    if options.side:
        print(json.dumps({"ours": ours, "peer": peer}[options.side](options.file)))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            str(Path(__file__)),
            "--file",
            f"{folder}/t.parquet",
            "--phases",
            str(options.phases),
        ]
        subprocess.run([*command, "--side", "make"], check=True)
        runs: dict[str, list[dict[str, float]]] = {"ours": [], "peer": []}
        for _ in range(options.rounds):
            for side, found in runs.items():  # in turn, so that a busy machine is busy for both
                out = subprocess.run([*command, "--side", side], check=True, capture_output=True, text=True).stdout
                found.append(json.loads(out))
    return report(options.phases, runs)


def report(phases: int, runs: dict[str, list[dict[str, float]]]) -> int:
    """Print medians and ratios; 1 if the two sides find different plateaus."""
    print(f"{phases} phases, medians of {len(runs['ours'])} fresh processes")
    print(f"{'':<28}{'licoat':>10}{'peer':>10}{'ratio':>8}")
    both = [{name: median(run[name] for run in runs[side]) for name in runs[side][0] if name != "plateaus"}
            for side in ("ours", "peer")]  # fmt: skip
    for found in both:
        found["ready_s"] = found["load_s"] + found["hull_s"]
        found["beyond_mb"] = found["hull_mb"] - found["import_mb"]
    lines = {f"{step}, CPU s": f"{step}_s" for step in STEPS} | {"load + hull, CPU s": "ready_s"}
    lines |= {f"after {step}, peak MB": f"{step}_mb" for step in STEPS} | {"beyond import, MB": "beyond_mb"}
    for label, name in lines.items():
        mine, theirs = (found[name] for found in both)
        print(f"{label:<28}{mine:>10.3f}{theirs:>10.3f}{theirs / max(mine, 1e-9):>7.1f}x")
    one, two = (runs[side][0]["plateaus"] for side in ("ours", "peer"))
    same = len(one) == len(two) and all(abs(a - b) < SAME_EV for a, b in zip(one, two, strict=True))
    print(f"plateaus of {HOST}: {'the same' if same else f'{one} here, {two} there'}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
