"""``licoat screen``: rank oxides."""

import argparse
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from licoat.workflows.commands import calculation
from licoat.workflows.commands.common import (
    add_command,
    add_out,
    file_options,
    load,
    natural,
    out_folder,
    phase_ids,
    positive,
    print_json,
)

if TYPE_CHECKING:
    from licoat.structures.phases.table import PhaseTable

__all__ = ["add"]

_MOST_NOTES = 3


def add(commands: Any) -> None:  # noqa: ANN401 - argparse has no public name for it
    """Add the command to the parser."""
    text = "screen oxides as self-compacting coatings and rank them"
    parser = add_command(commands, "screen", _screen, text)
    parser.add_argument(
        "formulas", nargs="*", metavar="FORMULA", help="oxides (default: all binary oxides of the source)"
    )
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--profile", metavar="P", help="separator (default), host, barrier: `licoat criteria list`")
    chosen.add_argument("--criteria", metavar="F.toml", help="criteria file of your own")
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
        help="add phases and screen them with the rest: energies as --source takes them (.csv, .json ...), on the "
        "source's scheme, or a structure, which is relaxed on it; repeatable",
    )
    parser.add_argument(
        "--samples",
        type=positive,
        metavar="N",
        help="draw all energies N times with the errors that they share, and say how sure end states, criteria, ranks "
        "and Pareto front are (1000 take seconds)",
    )
    parser.add_argument("--seed", type=natural, default=0, metavar="S", help="of the samples (default 0)")
    calculation.add_calculator(parser)
    calculation.add_relaxation(parser)
    calculation.add_displace(parser)
    calculation.add_store(parser)
    calculation.add_engine(parser)


def _screen(options: argparse.Namespace) -> None:
    from licoat.thermo.oxides import can_be_screened
    from licoat.workflows.screening.criteria import DEFAULT_PROFILE, load_criteria
    from licoat.workflows.screening.screen import screen

    out = out_folder(options)
    _scheme_of_added(options)
    phases = load(options, named_source_alone=bool(options.add))
    criteria = None if options.criteria is None else load_criteria(options.criteria)
    chosen = phase_ids(options.phase, phases)
    also: tuple[str, ...] = ()
    if options.add:
        phases, added = _add(options, phases)
        _note_polymorphs(phases, [i for i in added if can_be_screened(phases[i].formula, options.anode)])
        chosen = {phases[phase_id].formula: phase_id for phase_id in added} | chosen
        also = tuple(formula for formula in chosen if can_be_screened(formula, options.anode))
        chosen = {formula: phase_id for formula, phase_id in chosen.items() if formula in also}
    result = screen(
        phases,
        options.formulas or None,
        criteria=criteria,
        anode=options.anode,
        phase_ids=chosen,
        also=also,
        profile=DEFAULT_PROFILE if options.profile is None else options.profile,
        samples=options.samples,
        seed=options.seed,
        progress=_show_progress if calculation.progress_wanted(options) else None,
    )
    files = [] if out is None else result.save(out, figures=options.figures, columns=options.table)
    if options.json:
        print_json(result.to_dict())
    elif not options.quiet:
        from licoat.workflows.output.console import print_screen, say

        print_screen(result, options.top)
        if options.samples is not None:
            from licoat.workflows.output.certainty import confidence_text

            say(confidence_text(result, options.top))
        if files:
            say(f"Wrote {', '.join(path.name for path in files)} to {options.out}")


def _show_progress(done: int, n: int) -> None:
    calculation.show_progress("samples", done, 0, n)


def _add(options: argparse.Namespace, phases: "PhaseTable") -> tuple["PhaseTable", tuple[str, ...]]:
    """Join what ``--add`` names to the table; identifiers with the lowest energy last."""
    from licoat.structures.phases.merging import add_energies, holds_energies

    added: list[str] = []
    structures = []
    for file in options.add:
        if holds_energies(file):
            phases, new = add_energies(phases, file, **file_options(options))
            added += new
        else:
            structures.append(file)
    if structures:
        phases, new = _relaxed(options, phases, structures)
        added += new
    energy = phases.column("formation_energy_ev_per_atom")
    return phases, tuple(sorted(added, key=lambda phase_id: -energy[phases.index_of(phase_id)]))


def _scheme_of_added(options: argparse.Namespace) -> None:
    """Choose the scheme that energies of other programs can be on, where none was asked for."""
    from licoat.structures.phases.merging import holds_energies

    if options.scheme is None and options.source == "builtin" and any(map(holds_energies, options.add)):
        options.scheme = "mp2020"
        warnings.warn("energies were added, so the whole screen is on the scheme mp2020, --prefer table", stacklevel=2)


def _note_polymorphs(phases: "PhaseTable", ordered: Sequence[str]) -> None:
    """Say which of several phases of one composition reacts: the lowest of those that were added."""
    by_formula: dict[str, list[str]] = {}
    for phase_id in ordered:
        by_formula.setdefault(phases[phase_id].formula, []).append(phase_id)
    several = {formula: ids for formula, ids in by_formula.items() if len(ids) > 1}
    for formula, (*others, lowest) in list(several.items())[:_MOST_NOTES]:
        named = ", ".join(others if len(others) < 5 else [*others[:3], "..."])
        warnings.warn(f"{named}: also {formula}; {lowest}, the lowest of them, reacts", stacklevel=2)
    if len(several) > _MOST_NOTES:
        more = len(several) - _MOST_NOTES
        warnings.warn(f"{more} more compositions with several phases: the lowest that was added reacts", stacklevel=2)


def _relaxed(
    options: argparse.Namespace, phases: "PhaseTable", files: Sequence[str]
) -> tuple["PhaseTable", tuple[str, ...]]:
    """Relax structures and join them to the table."""
    from licoat.workflows.calculations.addition import add_structures
    from licoat.workflows.calculations.store import Store

    opened, window = calculation.engine(options)
    return add_structures(
        phases,
        files,
        calculation.calculator(options),
        store=Store(calculation.store_folder(options.store)),
        open_engine=opened,
        settings=calculation.relaxation(options),
        displace=calculation.displace(options),
        max_atoms=options.max_atoms,
        window=window,
        progress=calculation.show_progress if calculation.progress_wanted(options) else None,
    )
