"""``licoat paper``: the founding paper, recomputed."""

import argparse
from pathlib import Path
from typing import Any

from licoat.workflows.commands.common import add_command, path_text, print_json

__all__ = ["add"]


def add(commands: Any) -> None:  # noqa: ANN401 - argparse has no public name for it
    """Add the command to the parser."""
    text = "every checkable number of the founding paper, recomputed"
    parser = add_command(commands, "paper", _paper, text, source=False)
    parser.add_argument(
        "--out", type=path_text, metavar="DIR", help="write the table as CSV, Markdown, LaTeX and Excel"
    )


def _paper(options: argparse.Namespace) -> None:
    from licoat.workflows.paper.table import paper_table

    table = paper_table()
    if options.out is not None:
        from licoat.workflows.output.kit import save_paper

        save_paper(table, Path(options.out))
    if options.json:
        print_json(table.to_dict())
    elif not options.quiet:
        from licoat.workflows.output.console import print_paper

        print_paper(table)
