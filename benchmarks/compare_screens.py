"""Which oxides are screened, and where they end, in two screens of different versions: what changed, and why.

    licoat screen --json > new.json
    python benchmarks/compare_screens.py OLD.json new.json --old-table OLD/structures/data/builtin.parquet

``OLD.json`` is what ``licoat screen --json`` of the other version prints; with its table the reasons tell phases that
are new from phases whose energy is another one. Prints Markdown.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet

from licoat.structures.chemistry.formula import formula_unit
from licoat.structures.phases.observed import EXISTING, existence


def main() -> None:
    """Read, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--old-table", help="Parquet file of the older table")
    options = parser.parse_args()
    old, new = (json.loads(Path(name).read_text(encoding="utf-8")) for name in (options.old, options.new))
    known = None
    if options.old_table:
        column = pyarrow.parquet.read_table(options.old_table, columns=["formula"]).column("formula")
        known = {formula_unit(formula) for formula in column.to_pylist()}
    before, after = ({oxide["formula"]: oxide for oxide in screen["oxides"]} for screen in (old, new))
    same = sum(before[f]["equation"] == after[f]["equation"] for f in before.keys() & after.keys())
    print(
        f"{len(before)} oxides before, {len(after)} now; {same} of {len(before.keys() & after.keys())} end the same.\n"
    )
    print("| oxide | before | now | why |\n|---|---|---|---|")
    for formula in sorted(before.keys() | after.keys()):
        one, two = before.get(formula), after.get(formula)
        if one is None or two is None or one["equation"] != two["equation"]:
            states = (end_state(one), end_state(two))
            print(f"| {formula} | {' | '.join(states)} | {reason(formula, one, two, old, new, known)} |")


def end_state(oxide: dict[str, Any] | None) -> str:
    """Return the products without Li2O, or what stands for none."""
    if oxide is None:
        return "not screened"
    if oxide["is_inert"]:
        return "no reaction"
    products = [f for f, n in oxide["coefficients"].items() if n > 0 and f != "Li2O"]
    return ", ".join(products) or "Li2O"


def reason(
    formula: str,
    one: dict[str, Any] | None,
    two: dict[str, Any] | None,
    old: dict[str, Any],
    new: dict[str, Any],
    known: set[str] | None,
) -> str:
    """Say why an oxide came, went, or ends elsewhere."""
    if two is None:
        return new["not_screened"].get(formula, "not in the table")
    if one is None:
        if known is not None and formula not in known:
            return "new in the table"
        return f"before: {old['not_screened'].get(formula, 'not screened')}"
    gone = set(one["coefficients"]) - set(two["coefficients"])
    come = set(two["coefficients"]) - set(one["coefficients"])
    why = [f"{p} is {existence(p).replace('_', ' ')}" for p in sorted(gone) if existence(p) not in {*EXISTING, ""}]
    if known is not None:
        why += [f"{p} is new in the table" for p in sorted(come - known)]
    return "; ".join(why) or "energies"


if __name__ == "__main__":
    main()
