"""``licoat react``, ``path`` and ``compare``: one reaction, one oxide."""

import argparse
from pathlib import Path
from typing import Any

from licoat.workflows.commands.common import (
    add_command,
    add_out,
    file_options,
    load,
    out_folder,
    path_text,
    phase_ids,
    print_json,
)

__all__ = ["add"]


def add(commands: Any) -> None:  # noqa: ANN401 - argparse has no public name for it
    """Add the commands to the parser."""
    _add_react(commands)
    _add_path(commands)
    _add_compare(commands)


def _add_react(commands: Any) -> None:  # noqa: ANN401
    parser = add_command(commands, "react", _react, "compute one reaction, e.g. 'Sb2O3 + Li -> Li3Sb + Li2O'")
    parser.add_argument("equation", help="reaction; coefficients are found, or checked if they are written")
    parser.add_argument("--phase", action="append", default=[], metavar="ID", help="polymorph to take; repeatable")
    add_out(parser)


def _add_path(commands: Any) -> None:  # noqa: ANN401
    parser = add_command(commands, "path", _path, "what becomes of an oxide on the anode metal, stage by stage")
    parser.add_argument("formula", help="oxide, e.g. Sb2O3")
    parser.add_argument("--phase", metavar="ID", help="polymorph that reacts (default: the observed one)")
    parser.add_argument(
        "--explain", action="store_true", help="say how far each phase's energy is from changing the end state"
    )
    parser.add_argument("--plot", type=path_text, metavar="F.svg", help="write the voltage profile (.svg, .pdf, .png)")
    add_out(parser)


def _add_compare(commands: Any) -> None:  # noqa: ANN401
    parser = add_command(commands, "compare", _compare, "one oxide, all sources side by side", scheme=False)
    parser.add_argument("formula", help="oxide, e.g. Sb2O3")
    add_out(parser)


def _react(options: argparse.Namespace) -> None:
    from licoat.structures import load_phases
    from licoat.thermo import Reaction, react
    from licoat.thermo.measurement import measured_reaction, measured_volume_ratio

    out, phases = out_folder(options), load(options)
    reaction = react(options.equation, phases, anode=options.anode, phase_ids=phase_ids(options.phase, phases))
    measured = measured_reaction(reaction, load_phases("measured"))
    ratio = measured_volume_ratio(reaction)
    if out is not None:
        from licoat.workflows.output.kit import save_reaction

        save_reaction(reaction, measured, out, figures=options.figures)
    if options.json:
        side = measured.to_dict() if isinstance(measured, Reaction) else {"missing": measured}
        print_json(reaction.to_dict() | {"measured": side | {"measured_volume_ratio_oxide": ratio}})
    elif not options.quiet:
        from licoat.workflows.output.console import print_reaction

        print_reaction(reaction, measured, ratio)


def _path(options: argparse.Namespace) -> None:
    from licoat.structures import load_phases
    from licoat.thermo import lithiate
    from licoat.thermo.measurement import measured_side

    out = out_folder(options)
    path = lithiate(options.formula, load(options), anode=options.anode, phase_id=options.phase)
    side = measured_side(path, load_phases("measured"))
    if options.plot:
        from licoat.workflows.output.figures.files import save_path_figure

        save_path_figure(path, Path(options.plot))
    explanation = None
    if options.explain:
        from licoat.thermo.explain import explain

        explanation = explain(path)
    if out is not None:
        from licoat.workflows.output.kit import save_path

        save_path(path, side, out, figures=options.figures)
    if options.json:
        more = {} if explanation is None else {"explanation": explanation.to_dict()}
        print_json(path.to_dict() | {"measured": side.to_dict()} | more)
    elif not options.quiet:
        from licoat.workflows.output.console import print_path, say

        print_path(path, side)
        if explanation is not None:
            from licoat.workflows.output.certainty import explanation_text

            say(explanation_text(explanation))


def _compare(options: argparse.Namespace) -> None:
    from licoat.structures import load_phases
    from licoat.workflows.screening.comparison import compare

    out = out_folder(options)
    sources = {"best": load_phases("builtin")}
    sources |= {name: load_phases("builtin", scheme=name) for name in ("fitted", "mp2020", "none")}
    if options.source not in {"builtin", "measured"}:
        sources = {options.source: load_phases(options.source, **file_options(options))} | sources
    comparison = compare(options.formula, sources, load_phases("measured"), anode=options.anode)
    if out is not None:
        from licoat.workflows.output.kit import save_comparison

        save_comparison(comparison, out, figures=options.figures)
    if options.json:
        print_json(comparison.to_dict())
    elif not options.quiet:
        from licoat.workflows.output.console import print_comparison

        print_comparison(comparison)
