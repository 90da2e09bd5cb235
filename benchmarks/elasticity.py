"""Bulk and shear moduli from a machine-learned potential beside published ones, with relative errors and seconds.

python benchmarks/elasticity.py                 # needs sevenn
python benchmarks/elasticity.py MgO Li2O Al     # keys of structures/data/elastic.csv

Structures come from the built-in table (prototypes where it has other polymorphs only) and are relaxed further. The
root mean square over all is the relative standard deviation that a computed modulus deserves.
"""

import argparse
import json
import time
import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS
from ase.spacegroup import crystal

from licoat.structures import load_phases
from licoat.structures.crystals.elasticity import elastic_constants, equation_of_state
from licoat.structures.phases.facts import number, read_facts

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator

PHASES = {
    "Li": "Im-3m",
    "Al": "Fm-3m",
    "MgO": "Fm-3m",
    "Li2O": "Fm-3m",
    "Li3Sb-c": "Fm-3m",
    "CaO": "Fm-3m",
    "SrO": "Fm-3m",
    "BaO": "Fm-3m",
    "CeO2": "Fm-3m",
    "Cu2O": "Pn-3m",
    "ZnO": "P6_3mc",
    "BeO": "P6_3mc",
    "SnO2": "P4_2/mnm",
    "GeO2-r": "P4_2/mnm",
    "TiO2-r": "P4_2/mnm",
    "Al2O3-a": "R-3c",
    "Cr2O3": "R-3c",
    "SiO2-q": "P3_221",
    "ZrO2-m": "P2_1/c",
    "LiF": "Fm-3m",
    "LiCl": "Fm-3m",
    "Si": "Fd-3m",
    "Mg": "P6_3/mmc",
}
"""Keys of the table of facts, and the space group that picks the polymorph."""

FMAX_EV_PER_A = 0.002


def published(key: str, method: str) -> tuple[str, float | None, float | None]:
    """Return formula, bulk and shear modulus in GPa of the best row of a key."""
    rows = [row for row in read_facts("elastic") if row["key"] == key]
    formula = rows[0]["formula"]
    # a single crystal's Hill mean is what is computed, so it goes before wires and handbooks
    rows = [row for row in rows if row["method"].startswith(method) and row["G_GPa"]]
    rows.sort(key=lambda row: ("single crystal" not in row["source"], row["quality"]))
    return formula, *((number(rows[0]["K_GPa"]), number(rows[0]["G_GPa"])) if rows else (None, None))


def prototype(key: str) -> Atoms | None:
    """Return a start structure that the built-in table lacks."""
    if key == "Li":
        return bulk("Li", "bcc", a=3.43)
    if key == "TiO2-r":
        sites = [(0.0, 0.0, 0.0), (0.305, 0.305, 0.0)]
        return crystal(("Ti", "O"), sites, spacegroup=136, cellpar=[4.64, 4.64, 2.97, 90, 90, 90])
    if key == "SiO2-q":
        sites = [(0.47, 0.0, 2 / 3), (0.4133, 0.2672, 0.7855)]
        return crystal(("Si", "O"), sites, spacegroup=154, cellpar=[4.95, 4.95, 5.44, 90, 90, 120])
    return None


def structures(keys: list[str]) -> Iterator[tuple[str, Atoms]]:
    """Yield the start structures."""
    phases = load_phases("builtin")
    for key in keys:
        formula = published(key, "")[0]
        found = [phases.phase(i) for i in phases.rows_of(formula)]
        atoms = prototype(key)
        if atoms is not None:
            yield key, atoms
            continue
        data = next((p.structure for p in found if p.space_group == PHASES[key] and p.structure), None)
        if data is None:
            print(f"{key}: no structure {PHASES[key]} in the built-in table")
            continue
        cell = json.loads(data)
        yield key, Atoms(cell["species"], cell=cell["lattice"], scaled_positions=cell["frac_coords"], pbc=True)


def relaxed(atoms: Atoms, calculator: "Calculator") -> Atoms:
    """Relax cell and ions tightly."""
    atoms.calc = calculator
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="logm result may be inaccurate")
        BFGS(FrechetCellFilter(atoms), logfile=None).run(fmax=FMAX_EV_PER_A, steps=400)
    return atoms


def ratio(computed: float | None, expected: float | None) -> float:
    """Return the relative error in percent, NaN if either is missing."""
    return 100.0 * (computed / expected - 1.0) if computed and expected else np.nan


def text(value: float | None, form: str = "8.1f") -> str:
    """Format a number that may be missing."""
    width = int(form.split(".", maxsplit=1)[0].lstrip("+"))
    return "-".rjust(width) if value is None or np.isnan(value) else format(value, form)


def main() -> None:
    """Print the table and the root mean square errors."""
    from sevenn.calculator import SevenNetCalculator

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("keys", nargs="*", choices=[[], *PHASES], help="keys of the table of facts")
    keys = parser.parse_args().keys or list(PHASES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch and sevenn, about their own insides
        calculator = SevenNetCalculator("7net-l3i5", device="cpu")
    print("GPa; errors in % of measured (exp) and of PBE; K EOS: Birch-Murnaghan at fixed shape")
    print(f"{'key':9}{'n':>4}{'K':>8}{'K EOS':>8}{'K exp':>8}{'err':>8}{'K PBE':>8}{'err':>8}", end="")
    print(f"{'G':>8}{'G exp':>8}{'err':>8}{'G PBE':>8}{'err':>8}{'misfit':>8}{'s':>7}  note")
    errors = []
    for key, start in structures(keys):
        began = time.perf_counter()
        atoms = relaxed(start, calculator)
        found = elastic_constants(atoms, calculator)
        eos = equation_of_state(atoms, calculator)
        (_, k_exp, g_exp), (_, k_pbe, g_pbe) = published(key, "EXP"), published(key, "DFT_PBE")
        k, g = found.bulk_modulus_gpa, found.shear_modulus_gpa
        row = [ratio(k, k_exp), ratio(k, k_pbe), ratio(g, g_exp), ratio(g, g_pbe)]
        errors.append(row)
        print(f"{key:9}{len(atoms):4}{text(k)}{text(eos.bulk_modulus_gpa)}{text(k_exp)}{text(row[0], '+8.1f')}", end="")
        print(f"{text(k_pbe)}{text(row[1], '+8.1f')}{text(g)}{text(g_exp)}{text(row[2], '+8.1f')}", end="")
        print(f"{text(g_pbe)}{text(row[3], '+8.1f')}{text(found.residual_gpa, '8.3f')}", end="")
        print(f"{time.perf_counter() - began:7.1f}  {found.reason or eos.reason}", flush=True)
        if not found.usable and found.stiffness_gpa:
            print(np.array(found.stiffness_gpa).round(1))
    table = np.array(errors)
    for i, name in enumerate(("K against measured", "K against PBE", "G against measured", "G against PBE")):
        column = table[:, i][np.isfinite(table[:, i])]
        if column.size:
            rms, middle = np.sqrt(np.mean(column**2)), np.median(np.abs(column))
            print(f"{name}: n {column.size}, mean {column.mean():+.1f} %, rms {rms:.1f} %, median size {middle:.1f} %")


if __name__ == "__main__":
    main()
