"""Damage inputs at random: licoat answers, or refuses with one line of its own, in bounded time.

Usage: ``python benchmarks/fuzz.py [--seconds 60] [--seed 1]``, or ``--inputs N`` for a number of inputs. Every input
runs in this process; what raises anything but a `LicoatError`, says more than one line or 300 characters, or takes
longer than five CPU seconds is printed with the seed that makes it again.
"""

import argparse
import gzip
import json
import random
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from licoat.structures import LicoatError, load_phases
from licoat.structures.chemistry.formula import formula_unit
from licoat.structures.crystals.calculators import calculator_spec
from licoat.structures.crystals.crystal import read_crystal
from licoat.structures.phases.merging import add_energies
from licoat.structures.phases.provenance import Manifest
from licoat.thermo.balance import parse_equation
from licoat.workflows import load_criteria

LONGEST_S = 5
MOST_CHARACTERS = 300
NASTY = [
    *(
        "",
        "\0",
        "\ufeff",
        "1e999",
        "nan",
        "-1",
        "1" * 400,
        "9" * 25,
        "[" * 3000,
        "{" * 3000,
        "=1+1",
        "@module",
        "\u202e",
    ),
    *("\u202e", "\r\n", ",", ";", "'", '"', "_", "data_", "loop_", "Infinity", "null", "true", "\x1b[31m", "O2", "Zz"),
]

CSV = "phase_id,formula,formation_energy_ev_per_atom,volume_a3_per_atom,shear_modulus_gpa\n" + "\n".join(
    f"{f},{f},{e},{v},{g}"
    for f, e, v, g in [("Li", 0, 20, 4), ("Sb", 0, 31, 20), ("O2", 0, 14, ""), ("Li2O", -2.0, 8, 60),
                       ("Sb2O3", -1.4, 18, 20), ("Li3Sb", -0.7, 17, 25)]
)  # fmt: skip
ENERGIES = [
    *((-1.9, {"Li": 1}), (-9.8, {"O": 2}), (-14.4, {"Li": 2, "O": 1}), (-4.1, {"Sb": 1})),
    *((-28.0, {"Sb": 2, "O": 3}), (-12.5, {"Li": 3, "Sb": 1})),
]
ENTRIES = json.dumps([
    {"@module": "pymatgen.entries.computed_entries", "@class": "ComputedEntry", "energy": energy, "correction": 0.0,
     "composition": composition, "parameters": {"run_type": "GGA"}, "data": {}, "entry_id": str(i)}
    for i, (energy, composition) in enumerate(ENERGIES)
])  # fmt: skip
CIF = """data_x
_cell_length_a 4.7
_cell_length_b 4.7
_cell_length_c 4.7
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
_chemical_formula_sum 'Li2 O'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Li1 Li 0.25 0.25 0.25
O1 O 0 0 0
"""
POSCAR = "Li2O\n1.0\n0 2.3 2.3\n2.3 0 2.3\n2.3 2.3 0\nLi O\n2 1\nDirect\n0.25 0.25 0.25\n0.75 0.75 0.75\n0 0 0\n"
CRITERIA = """[[criterion]]
name = "stiff"
quantity = "shear_modulus_lower_gpa"
comparison = ">="
threshold = 6.8
weight = 1.0
"""
MANIFEST = Manifest(source="made", scheme="pbe/none", details={"added": [{"file": "a.csv"}]}).to_json()
ADDED = "formula,formation_energy_ev_per_atom,scheme,volume_a3_per_atom\n" + "".join(
    f"{f},{e},pbe+u/mp2020,{v}\n" for f, e, v in [("Li2O", -2.06, 8), ("Sb8O19", -1.5, 14), ("Li3Sb", -0.73, 17)]
)
SPEC = """[calculator]
factory = "ase.calculators.lj:LennardJones"
label = "lj"
arguments = {epsilon = 1.0}
"""


def damaged(text: str, rng: random.Random) -> str:
    """Return a text with a few random changes."""
    for _ in range(rng.choice([1, 1, 2, 5])):
        i, j = sorted(rng.randrange(len(text) + 1) for _ in range(2))
        j = min(j, i + rng.choice([1, 3, 20, 200]))
        part = rng.choice([*NASTY, text[i:j] * 2, "".join(chr(rng.randrange(32, 0x2FF)) for _ in range(5))])
        text = rng.choice([text[:i] + part + text[j:], text[:i] + text[j:], text[:i] + part + text[i:]])
        text = text or " "
    return text


def _file(name: str, text: str, read: Callable[[Path], object]) -> Callable[[random.Random, Path], None]:
    """Return what damages a file and reads it; now and then it is compressed, cut or not text at all."""

    def run(rng: random.Random, folder: Path) -> None:
        raw = damaged(text, rng).encode("utf-8", errors="replace")
        if rng.random() < 0.1:
            raw = bytes(rng.randrange(256) for _ in range(200)) + raw
        path = folder / name
        if rng.random() < 0.15:
            raw, path = gzip.compress(raw), folder / f"{name}.gz"
            raw = raw[: rng.randrange(1, len(raw) + 1)] if rng.random() < 0.5 else raw
        path.write_bytes(raw)
        read(path)

    return run


def _plain_manifest(path: Path) -> None:
    """Read a manifest and write it as every result does; one that is compressed is none."""
    Manifest.read(path).to_json()


TARGETS: dict[str, Callable[[random.Random, Path], None]] = {
    "formula": lambda rng, _: formula_unit(damaged("Li3(SbO4)2", rng)),
    "equation": lambda rng, _: parse_equation(damaged("Sb2O3 + 12 Li -> 2 Li3Sb + 3 Li2O", rng)),
    "table": _file("t.csv", CSV, load_phases),
    "entries": _file("e.json", ENTRIES, load_phases),
    "cif": _file("c.cif", CIF, read_crystal),
    "poscar": _file("POSCAR", POSCAR, read_crystal),
    "criteria": _file("c.toml", CRITERIA, load_criteria),
    "manifest": _file("s.manifest.json", MANIFEST, _plain_manifest),
    "added": _file("a.csv", ADDED, lambda p: add_energies(load_phases("builtin", scheme="mp2020"), p)),
    "calculator": _file("s.toml", SPEC, lambda p: calculator_spec(str(p))),
}


def check(target: str, seed: int, folder: Path) -> str:
    """Run one damaged input; return ``answered``, ``refused`` or what is wrong."""

    def too_long(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError

    signal.signal(signal.SIGPROF, too_long)  # of CPU time: on a busy machine nothing else changes
    signal.setitimer(signal.ITIMER_PROF, LONGEST_S)
    try:
        TARGETS[target](random.Random(f"{target}-{seed}"), folder)  # noqa: S311 - no secret
    except LicoatError as error:
        message = str(error)
        if "\n" in message or len(message) > MOST_CHARACTERS + len(str(folder)):
            return f"says {len(message)} characters on {1 + message.count(chr(10))} lines: {message[:80]!r}"
        return "refused"
    except TimeoutError:
        return f"longer than {LONGEST_S} s of CPU time"
    except Exception as error:  # noqa: BLE001 - that is what is looked for
        return f"{type(error).__name__}: {str(error)[:120]}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
    return "answered"


def main() -> int:
    """Run until the time is up; the exit status is 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--inputs", type=int, default=0, help="this many inputs, however long they take")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    counts: Counter[tuple[str, str]] = Counter()
    found = 0
    deadline, seed = time.monotonic() + options.seconds, options.seed
    while sum(counts.values()) < options.inputs if options.inputs else time.monotonic() < deadline:
        for target in TARGETS:
            with tempfile.TemporaryDirectory() as folder:
                result = check(target, seed, Path(folder))
            if result not in {"answered", "refused"}:
                found += 1
                sys.stdout.write(f"FOUND {target} seed {seed}: {result}\n")
                result = "found"
            counts[target, result] += 1
        seed += 1
    for target in TARGETS:
        parts = (f"{counts[target, what]} {what}" for what in ("answered", "refused", "found"))
        sys.stdout.write(f"{target:<12}{', '.join(parts)}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
