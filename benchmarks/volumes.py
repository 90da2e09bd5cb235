"""Computed volumes against measured ones, of two levels of theory, and what that makes of volume ratios.

    licoat data build --seeds STARTS --calculator sevennet-r2scan --displace none --out DIR
    python benchmarks/volumes.py DIR/relaxed.json.gz

Compares the volumes in a document of relaxed phases, and those of the same phases in the embedded table, with
``molar_volume.csv``: by class, and as ratios of products to oxide of the default screen where every volume is known.
Ids must be those of the embedded table.
"""

import argparse
import math
import statistics
from pathlib import Path

from licoat.structures import PhaseTable, load_phases
from licoat.structures.chemistry.formula import parse_formula
from licoat.structures.phases.computed import read_document
from licoat.structures.phases.facts import observed_phases
from licoat.structures.phases.schemes import uses_hubbard_u
from licoat.thermo.lithiation import lithiate_many
from licoat.thermo.oxides import default_oxides
from licoat.thermo.polymorph import real_row

Volumes = dict[str, tuple[float, float, float]]


def main() -> None:
    """Read, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("document", type=Path)
    options = parser.parse_args()
    document = read_document(options.document)
    other = {str(p["id"]): float(p["volume_a3_per_atom"]) for p in document["phases"] if p["converged"]}
    table = load_phases("builtin")
    found = volumes(table, other)
    print(f"{len(found)} phases with a measured volume; percent; embedded table, then {document['label']}\n")
    head("class")
    classes: dict[str, list[tuple[float, float]]] = {}
    for formula, (measured, ours, theirs) in sorted(found.items()):
        classes.setdefault(kind(formula), []).append((error(ours, measured), error(theirs, measured)))
    for name, errors in sorted(classes.items()):
        line(name, errors)
    line("compounds", [e for name, errors in classes.items() if name != "element" for e in errors])
    print("\nvolume ratio of products to oxide, default screen")
    head("oxides")
    groups: dict[str, list[tuple[float, float]]] = {}
    for path in lithiate_many(default_oxides(table)[0], table):
        produced = {f: n for f, n in path.final.coefficients.items() if n > 0}
        if path.is_inert or not {path.oxide, *produced} <= found.keys():
            continue
        sums = [sum(n * unit(f, found[f][i]) for f, n in produced.items()) for i in range(3)]
        ratios = [total / unit(path.oxide, found[path.oxide][i]) for i, total in enumerate(sums)]
        pair = (error(ratios[1], ratios[0]), error(ratios[2], ratios[0]))
        groups.setdefault("+U" if uses_hubbard_u(path.oxide) else "without U", []).append(pair)
    for name, errors in sorted(groups.items()):
        line(name, errors)


def volumes(table: PhaseTable, other: dict[str, float]) -> Volumes:
    """Return measured, own and other volume per atom of the observed phase of every composition that has all three."""
    found = {}
    for phase in observed_phases().values():
        rows = table.rows_of(phase.formula)
        if not rows or not phase.is_default or phase.volume_a3_per_atom is None:
            continue
        row = real_row(table, phase.formula)
        name = table.text("phase_id")[row]
        if table.text("polymorph")[row] == phase.key and name in other:
            own = float(table.column("volume_a3_per_atom")[row])
            found[phase.formula] = (phase.volume_a3_per_atom, own, other[name])
    return found


def kind(formula: str) -> str:
    """Return the class of a composition."""
    atoms = parse_formula(formula)
    if len(atoms) == 1:
        return "element"
    if "O" not in atoms:
        return "Li-M" if "Li" in atoms else "other"
    return ("Li-M-O" if "Li" in atoms and len(atoms) > 2 else "oxide") + (" +U" if uses_hubbard_u(formula) else "")


def unit(formula: str, per_atom: float) -> float:
    """Return the volume of a formula unit."""
    return per_atom * sum(parse_formula(formula).values())


def error(value: float, measured: float) -> float:
    """Return the deviation in percent."""
    return 100.0 * (value / measured - 1.0)


def head(name: str) -> None:
    """Print the head of a table."""
    print(f"{name:12}{'n':>4}{'mean':>8}{'median':>8}{'rms':>7}   |{'mean':>7}{'median':>8}{'rms':>7}{'nearer in':>12}")


def line(name: str, errors: list[tuple[float, float]]) -> None:
    """Print mean, median absolute and root mean square deviation on both levels."""
    text = f"{name:12}{len(errors):4d}"
    for i in (0, 1):
        values = [pair[i] for pair in errors]
        rms = math.sqrt(statistics.fmean(v**2 for v in values))
        text += (
            f"{statistics.fmean(values):+8.1f}{statistics.median(map(abs, values)):8.1f}{rms:7.1f}"
            + "   |"[: 4 * (1 - i)]
        )
    print(text + f"{sum(abs(b) < abs(a) for a, b in errors):12d}")


if __name__ == "__main__":
    main()
