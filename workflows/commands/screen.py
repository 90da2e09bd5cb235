"""``licoat screen``: rank oxides."""

import argparse
from pathlib import Path
from typing import Any

from licoat.workflows.commands.common import add_command, load, path_text, phase_ids, positive, print_json

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
    parser.add_argument(
        "--out", type=path_text, metavar="DIR", help="write all tables, the ledger and the manifest there"
    )


def _screen(options: argparse.Namespace) -> None:
    from licoat.structures.errors import InputFileError
    from licoat.workflows.criteria import load_criteria
    from licoat.workflows.screening import screen

    if options.out is not None and Path(options.out).exists() and not Path(options.out).is_dir():
        raise InputFileError(f"--out {options.out!r} is a file; give a folder")
    phases = load(options)
    result = screen(
        phases,
        options.formulas or None,
        criteria=load_criteria(options.criteria),
        anode=options.anode,
        phase_ids=phase_ids(options.phase, phases),
    )
    files = result.save(options.out) if options.out else []
    if options.json:
        print_json(result.to_dict())
    elif not options.quiet:
        from licoat.workflows.console import print_screen, say

        print_screen(result, options.top)
        if files:
            say(f"Wrote {', '.join(path.name for path in files)} to {options.out}")
