"""``licoat validate``: computed against measured."""

import argparse
from typing import Any

from licoat.workflows.commands.common import add_command, add_out, add_source, out_folder, print_json

__all__ = ["add"]


def add(commands: Any) -> None:  # noqa: ANN401 - argparse has no public name for it
    """Add the command to the parser."""
    text = "computed reaction energies against measured enthalpies, by class and energy scheme"
    parser = add_command(commands, "validate", _validate, text, source=False)
    add_source(parser, "--source", metavar="S")
    parser.add_argument("--scheme", action="append", metavar="NAME", help="only this scheme of builtin; repeatable")
    add_out(parser)


def _validate(options: argparse.Namespace) -> None:
    from licoat.structures import load_phases
    from licoat.structures.phases.builtin import SCHEMES
    from licoat.structures.phases.fitted import load_error_models
    from licoat.thermo.heat_errors import heat_errors
    from licoat.workflows.calculations.fitting import leave_elements_out
    from licoat.workflows.screening.validation import validate

    out = out_folder(options)
    if options.source == "builtin":
        tables = {name: load_phases("builtin", scheme=name) for name in options.scheme or SCHEMES}
    else:
        table = load_phases(options.source, scheme=options.scheme[0] if options.scheme else None)
        tables = {table.scheme: table}
    measured, further = load_phases("measured"), {}
    if "fitted" in tables:  # its own errors are those of a model that has seen the answers
        before = heat_errors(load_phases("builtin", scheme="hybrid").with_products("all"), measured)
        further["fitted, element left out"] = leave_elements_out(load_error_models()["hybrid"], before)
    found = validate(tables, measured, further)
    if out is not None:
        from licoat.workflows.output.kit import save_validation

        schemes = {name: table.scheme for name, table in tables.items()}
        save_validation(found, schemes, out, figures=options.figures)
    if options.json:
        print_json(found.to_dict())
    elif not options.quiet:
        from licoat.workflows.output.console import print_validation

        print_validation(found)
