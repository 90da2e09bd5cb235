"""``licoat screen``: rank oxides."""

import argparse
import warnings
from typing import TYPE_CHECKING, Any

from licoat.workflows.commands import calculation
from licoat.workflows.commands.common import add_command, add_out, load, out_folder, phase_ids, positive, print_json

if TYPE_CHECKING:
    from licoat.structures.phases.table import PhaseTable

__all__ = ["add"]


def add(commands: Any) -> None:  # noqa: ANN401 - argparse has no public name for it
    """Add the command to the parser."""
    text = "screen oxides as self-compacting coatings and rank them"
    parser = add_command(commands, "screen", _screen, text)
    parser.add_argument(
        "formulas", nargs="*", metavar="FORMULA", help="oxides (default: all binary oxides of the source)"
    )
    parser.add_argument("--criteria", metavar="F.toml", help="criteria file (default: built-in criteria)")
    parser.add_argument("--phase", action="append", default=[], metavar="ID", help="polymorph that reacts; repeatable")
    parser.add_argument("--top", type=positive, default=20, metavar="N", help="rows to print (default 20)")
    add_out(parser)
    parser.add_argument(
        "--table",
        choices=("paper", "full", "layer"),
        default="paper",
        help="columns of table.tex (default paper)",
    )
    parser.add_argument(
        "--add",
        action="append",
        default=[],
        metavar="FILE",
        help="relax this structure on the source's own scheme and screen it with the rest; repeatable",
    )
    calculation.add_calculator(parser)
    calculation.add_relaxation(parser)
    calculation.add_displace(parser)
    calculation.add_store(parser)
    calculation.add_engine(parser)


def _screen(options: argparse.Namespace) -> None:
    from licoat.thermo.oxides import can_be_screened
    from licoat.workflows.screening.criteria import load_criteria
    from licoat.workflows.screening.screen import screen

    out = out_folder(options)
    phases = load(options)
    criteria = None if options.criteria is None else load_criteria(options.criteria)
    chosen = phase_ids(options.phase, phases)
    also: tuple[str, ...] = ()
    if options.add:
        phases, added = _add(options, phases)
        chosen = {phases[phase_id].formula: phase_id for phase_id in added} | chosen
        also = tuple(formula for formula in chosen if can_be_screened(formula, options.anode))
        chosen = {formula: phase_id for formula, phase_id in chosen.items() if formula in also}
    result = screen(
        phases, options.formulas or None, criteria=criteria, anode=options.anode, phase_ids=chosen, also=also
    )
    files = [] if out is None else result.save(out, figures=options.figures, columns=options.table)
    if options.json:
        print_json(result.to_dict())
    elif not options.quiet:
        from licoat.workflows.output.console import print_screen, say

        print_screen(result, options.top)
        if files:
            say(f"Wrote {', '.join(path.name for path in files)} to {options.out}")


def _add(options: argparse.Namespace, phases: "PhaseTable") -> tuple["PhaseTable", tuple[str, ...]]:
    """Relax the structures of ``--add`` and join them to the table; identifiers with the lowest energy last."""
    from licoat.workflows.calculations.addition import add_structures
    from licoat.workflows.calculations.store import Store

    opened, window = calculation.engine(options)
    shown = calculation.progress_wanted(options)
    joined, added = add_structures(
        phases,
        options.add,
        calculation.calculator(options),
        store=Store(calculation.store_folder(options.store)),
        open_engine=opened,
        settings=calculation.relaxation(options),
        displace=calculation.displace(options),
        max_atoms=options.max_atoms,
        window=window,
        progress=calculation.show_progress if shown else None,
    )
    energy = joined.column("formation_energy_ev_per_atom")
    ordered = tuple(sorted(added, key=lambda phase_id: -energy[joined.index_of(phase_id)]))
    by_formula: dict[str, list[str]] = {}
    for phase_id in ordered:
        by_formula.setdefault(joined[phase_id].formula, []).append(phase_id)
    for formula, (*others, lowest) in by_formula.items():
        if others:
            warnings.warn(f"{', '.join(others)}: also {formula}; {lowest}, the lowest of them, reacts", stacklevel=2)
    return joined, ordered
