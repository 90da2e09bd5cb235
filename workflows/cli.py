"""The command line ``licoat``.

Nothing heavy is imported before a command runs: argparse and this module only. Every command answers bad
input with one line on standard error and exit status 2; a failure of the outside world is exit status 1.
"""

import argparse
import io
import json
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from licoat.structures.phases import PhaseTable

__all__ = ["main"]

_SOURCE_HELP = (
    "builtin (default), measured, mp (fetched before), or a file: .csv, pymatgen entries .json(.gz), "
    "licoat snapshot .parquet"
)


class _Parser(argparse.ArgumentParser):
    """Answers wrong options in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {' '.join(message.split())} (see '{self.prog} --help')\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command line without the program's name; that of the process without.

    Returns
    -------
    int
        0 done, 1 the outside world failed (a full disk), 2 bad input, 130 interrupted.
    """
    options = _parser().parse_args(arguments)
    from licoat.structures.errors import LicoatError  # after parsing: --help must not wait for numpy

    warnings.showwarning = _one_line_warning
    if options.quiet:
        warnings.simplefilter("ignore")
    if sys.stdout is None:  # closed by the caller (`>&-`)
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open until the process ends
    elif isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without subscripts shows a question mark, not a traceback
    try:
        options.run(options)
        sys.stdout.flush()
    except LicoatError as error:
        return _fail(options, error, 1 if isinstance(error, OSError) else 2)
    except BrokenPipeError:
        # The reader went away (`licoat screen | head`): nothing is wrong; keep the interpreter's exit quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _fail(options, error, 1)
    except KeyboardInterrupt:
        sys.stderr.write("licoat: interrupted\n")
        return 130
    return 0


def _fail(options: argparse.Namespace, error: Exception, status: int) -> int:
    if options.debug:
        raise error
    sys.stderr.write(f"licoat: {' '.join(str(error).split())}\n")
    return status


def _one_line_warning(message: Warning | str, *_: object, **__: object) -> None:
    sys.stderr.write(f"licoat: note: {' '.join(str(message).split())}\n")


def _parser() -> _Parser:
    parser = _Parser(prog="licoat", description="Choose the oxide coating of a lithium-metal anode by computation.")
    parser.add_argument("--version", action=_Version, help="print the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_screen(commands)
    _add_react(commands)
    _add_path(commands)
    _add_layer(commands)
    _add_compare(commands)
    _add_paper(commands)
    _add_data(commands)
    return parser


class _Version(argparse.Action):
    """Looks the version up only when asked."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:  # noqa: A002 - argparse's name
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        sys.stdout.write(f"licoat {version('licoat')}\n")
        parser.exit(0)


def _command(
    commands: Any,  # noqa: ANN401 - argparse has no public name for it
    name: str,
    run: Callable[[argparse.Namespace], None],
    text: str,
    *,
    source: bool = True,
    scheme: bool = True,
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(run=run)
    if source:
        parser.add_argument("--source", default="builtin", metavar="S", help=_SOURCE_HELP)
        if scheme:
            parser.add_argument("--scheme", choices=("mp2020", "none"), help="corrections of builtin (default mp2020)")
        parser.add_argument("--anode", default="Li", metavar="M", help="anode metal (default Li)")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def _add_screen(commands: Any) -> None:  # noqa: ANN401
    text = "screen oxides as self-compacting coatings and rank them"
    parser = _command(commands, "screen", _screen, text)
    parser.add_argument(
        "formulas", nargs="*", metavar="FORMULA", help="oxides (default: all binary oxides of the source)"
    )
    parser.add_argument("--criteria", metavar="F.toml", help="criteria file (default: built-in criteria)")
    parser.add_argument("--phase", action="append", default=[], metavar="ID", help="polymorph that reacts; repeatable")
    parser.add_argument("--top", type=_positive, default=20, metavar="N", help="rows to print (default 20)")
    parser.add_argument(
        "--out", type=_path_text, metavar="DIR", help="write all tables, the ledger and the manifest there"
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def _path_text(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("the name is empty (an unset variable?)")
    return text


def _add_react(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "react", _react, "compute one reaction, e.g. 'Sb2O3 + Li -> Li3Sb + Li2O'")
    parser.add_argument("equation", help="reaction; coefficients are found, or checked if they are written")
    parser.add_argument("--phase", action="append", default=[], metavar="ID", help="polymorph to take; repeatable")


def _add_path(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "path", _path, "what becomes of an oxide on the anode metal, stage by stage")
    parser.add_argument("formula", help="oxide, e.g. Sb2O3")
    parser.add_argument("--phase", metavar="ID", help="polymorph that reacts (default: the observed one)")
    parser.add_argument("--plot", type=_path_text, metavar="F.svg", help="write the voltage profile (.svg, .pdf, .png)")


def _add_layer(commands: Any) -> None:  # noqa: ANN401
    text = "the layer that a sprayed oxide becomes: thickness, heat, stiffness, transport, cell"
    parser = _command(commands, "layer", _layer, text)
    parser.add_argument("formula", help="oxide, e.g. Sb2O3")
    parser.add_argument("--phase", metavar="ID", help="polymorph that reacts (default: the observed one)")
    parser.add_argument("--loading", type=float, metavar="MG", help="sprayed oxide in mg/cm2 (default 1.0)")
    parser.add_argument("--lithium", type=float, default=20.0, metavar="UM", help="metal foil in um (default 20)")
    parser.add_argument("--prefer", choices=("measured", "table"), default="measured", help="whose heat and volumes")
    parser.add_argument("--target-thickness", type=float, metavar="UM", help="solve the loading for this layer")
    parser.add_argument("--max-lithium-loss", type=float, metavar="UM", help="solve the loading for this loss of metal")
    parser.add_argument("--max-temperature-rise", type=float, metavar="K", help="... for this rise of the foil")
    parser.add_argument("--plot", type=_path_text, metavar="F.svg", help="draw the layer as a stack (.svg, .pdf, .png)")
    for name, help_text in _LAYER_OPTIONS.items():
        parser.add_argument(f"--{name}", type=float, help=help_text)


_LAYER_OPTIONS = {
    "packing": "solid fraction of the powder (default 0.6)",
    "conversion": "share of the oxide that reacts (default 1)",
    "current": "current density in mA/cm2 (default 1)",
    "overpotential": "of deposition in V (default 0.05)",
    "voltage": "average cell voltage in V (default 3.4)",
    "cathode": "cathode capacity in mAh/cm2 (default 2.7)",
    "cathode-thickness": "in um, with its current collector (default 105)",
    "cathode-mass": "in mg/cm2, with its current collector (default 23.4)",
    "electrolyte-mass": "in mg/cm2 (default 4)",
    "efficiency": "coulombic efficiency of the metal electrode, 0 to 1 (default 0.99)",
    "copper": "copper foil of the reference electrode in um (default 10)",
    "lithium-shear": "shear modulus of the metal in GPa (default 3.4)",
}
_LAYER_FIELDS = {
    "packing": "packing_fraction",
    "conversion": "conversion",
    "current": "current_ma_per_cm2",
    "overpotential": "overpotential_v",
    "voltage": "cell_voltage_v",
    "cathode": "cathode_capacity_mah_per_cm2",
    "cathode-thickness": "cathode_thickness_um",
    "cathode-mass": "cathode_mass_mg_per_cm2",
    "electrolyte-mass": "electrolyte_mass_mg_per_cm2",
    "efficiency": "coulombic_efficiency",
    "copper": "copper_thickness_um",
    "lithium-shear": "lithium_shear_modulus_gpa",
}


def _add_paper(commands: Any) -> None:  # noqa: ANN401
    text = "every checkable number of the founding paper, recomputed"
    parser = _command(commands, "paper", _paper, text, source=False)
    parser.add_argument(
        "--out", type=_path_text, metavar="DIR", help="write the table as CSV, Markdown, LaTeX and Excel"
    )


def _add_compare(commands: Any) -> None:  # noqa: ANN401
    parser = _command(commands, "compare", _compare, "one oxide, all sources side by side", scheme=False)
    parser.add_argument("formula", help="oxide, e.g. Sb2O3")


def _add_data(commands: Any) -> None:  # noqa: ANN401
    data = commands.add_parser("data", help="look at, check or build tables of phases")
    actions = data.add_subparsers(title="actions", metavar="ACTION", required=True)
    info = _command(actions, "info", _data_info, "what a source holds", source=False)
    info.add_argument("source", nargs="?", default="builtin", help=_SOURCE_HELP)
    verify = _command(
        actions,
        "verify",
        _data_verify,
        "check a source: checksum, physics, and builtin against its inputs",
        source=False,
    )
    verify.add_argument("source", nargs="?", default="builtin", help=_SOURCE_HELP)
    _add_fetch(actions)
    build = _command(
        actions, "build", _data_build, "make the embedded table from relaxed phases and facts", source=False
    )
    build.add_argument("--relaxed", metavar="FILE", help="relaxed phases, JSON(.gz) (default: the embedded ones)")
    build.add_argument(
        "--out", type=_path_text, metavar="F.parquet", help="Parquet file to write (default: the embedded table)"
    )


def _add_fetch(actions: Any) -> None:  # noqa: ANN401
    text = "fetch phases of the Materials Project into a local snapshot (needs a key)"
    fetch = _command(actions, "fetch", _data_fetch, text, source=False)
    fetch.add_argument("targets", nargs="*", metavar="TARGET", help="elements, chemical systems or formulas")
    fetch.add_argument("--source", choices=("mp",), default="mp", help="the Materials Project")
    fetch.add_argument("--oxides", choices=("all-binary",), help="all elements that form an oxide")
    fetch.add_argument("--thermo", choices=("GGA_GGA+U", "r2SCAN"), default="GGA_GGA+U", help="scale of energies")
    fetch.add_argument("--anode", default="Li", metavar="M", help="anode metal (default Li)")
    fetch.add_argument("--include-nc", action="store_true", help="keep materials for non-commercial use")
    fetch.add_argument("--out", type=_path_text, metavar="DIR", help="folder (default: below LICOAT_DATA)")


def _load(options: argparse.Namespace) -> "PhaseTable":
    from licoat.structures import load_phases

    return load_phases(options.source, scheme=options.scheme)


def _print_json(document: Any) -> None:  # noqa: ANN401 - any JSON document
    sys.stdout.write(json.dumps(document, allow_nan=False, indent=1) + "\n")


def _phase_ids(ids: Sequence[str], phases: "PhaseTable") -> dict[str, str]:
    """Return the chosen phases by formula; two for one formula are refused."""
    from licoat.structures.errors import MissingDataError

    chosen: dict[str, str] = {}
    for phase_id in ids:
        formula = phases[phase_id].formula
        if chosen.setdefault(formula, phase_id) != phase_id:
            raise MissingDataError(f"--phase {chosen[formula]} and --phase {phase_id} are both {formula}: choose one")
    return chosen


def _screen(options: argparse.Namespace) -> None:
    from licoat.structures.errors import InputFileError
    from licoat.workflows.criteria import load_criteria
    from licoat.workflows.screening import screen

    if options.out is not None and Path(options.out).exists() and not Path(options.out).is_dir():
        raise InputFileError(f"--out {options.out!r} is a file; give a folder")
    phases = _load(options)
    result = screen(
        phases,
        options.formulas or None,
        criteria=load_criteria(options.criteria),
        anode=options.anode,
        phase_ids=_phase_ids(options.phase, phases),
    )
    files = result.save(options.out) if options.out else []
    if options.json:
        _print_json(result.to_dict())
    elif not options.quiet:
        from licoat.workflows.console import print_screen, say

        print_screen(result, options.top)
        if files:
            say(f"Wrote {', '.join(path.name for path in files)} to {options.out}")


def _react(options: argparse.Namespace) -> None:
    from licoat.structures import load_phases
    from licoat.thermo import Reaction, react
    from licoat.workflows.measurement import measured_reaction, measured_volume_ratio

    phases = _load(options)
    reaction = react(options.equation, phases, anode=options.anode, phase_ids=_phase_ids(options.phase, phases))
    measured = measured_reaction(reaction, load_phases("measured"))
    ratio = measured_volume_ratio(reaction)
    if options.json:
        side = measured.to_dict() if isinstance(measured, Reaction) else {"missing": measured}
        _print_json(reaction.to_dict() | {"measured": side | {"measured_volume_ratio_oxide": ratio}})
    elif not options.quiet:
        from licoat.workflows.console import print_reaction

        print_reaction(reaction, measured, ratio)


def _path(options: argparse.Namespace) -> None:
    from licoat.structures import load_phases
    from licoat.thermo import lithiate
    from licoat.workflows.measurement import measured_side

    path = lithiate(options.formula, _load(options), anode=options.anode, phase_id=options.phase)
    side = measured_side(path, load_phases("measured"))
    if options.plot:
        from licoat.thermo.figures import save_path_figure

        save_path_figure(path, Path(options.plot))
    if options.json:
        _print_json(path.to_dict() | {"measured": side.to_dict()})
    elif not options.quiet:
        from licoat.workflows.console import print_path

        print_path(path, side)


def _layer(options: argparse.Namespace) -> None:
    from licoat.structures import load_phases
    from licoat.structures.errors import InputFileError
    from licoat.thermo import lithiate
    from licoat.workflows.layer import LayerOptions, check_inputs, evaluate_layer, layer_material, solve_loading

    given = {field: getattr(options, name.replace("-", "_")) for name, field in _LAYER_FIELDS.items()}
    layer_options = LayerOptions(**{field: value for field, value in given.items() if value is not None})
    wishes = {
        "layer_thickness_um": options.target_thickness,
        "lithium_consumed_um": options.max_lithium_loss,
        "temperature_rise_k": options.max_temperature_rise,
    }
    solve = any(wish is not None for wish in wishes.values())
    if solve and options.loading is not None:
        raise InputFileError("--loading and a target (--target-thickness, --max-...) exclude each other: give one")
    loading = 1.0 if options.loading is None else options.loading
    check_inputs(layer_options, loading, options.lithium)
    path = lithiate(options.formula, _load(options), anode=options.anode, phase_id=options.phase)
    material = layer_material(path, load_phases("measured"), prefer=options.prefer)
    answer = solve_loading(material, path, options.lithium, layer_options, **wishes) if solve else None
    if answer is not None:
        loading = answer.oxide_loading_mg_per_cm2
    layer = evaluate_layer(material, path, loading, options.lithium, layer_options)
    if options.plot is not None:
        from licoat.workflows.compare import PAPER_OXIDE
        from licoat.workflows.layer.figures import save_stack_figure

        layers = [layer]
        if material.oxide != PAPER_OXIDE and path.phases.rows_of(PAPER_OXIDE):  # the founding case stands beside
            known = lithiate(PAPER_OXIDE, path.phases, anode=options.anode)
            other = layer_material(known, load_phases("measured"), prefer=options.prefer)
            layers.append(evaluate_layer(other, known, loading, options.lithium, layer_options))
        save_stack_figure(layers, Path(options.plot))
    if options.json:
        _print_json(layer.to_dict() | ({"target": answer.to_dict()} if answer else {}))
    elif not options.quiet:
        from licoat.workflows.layer.card import print_layer

        print_layer(layer, answer)


def _paper(options: argparse.Namespace) -> None:
    from licoat.workflows.paper import paper_table

    table = paper_table()
    if options.out is not None:
        from licoat.workflows.exports import save_frame

        caption = "Numbers of the founding paper, recomputed; sources as explained by licoat paper --json."
        save_frame(table.to_frame(), Path(options.out), "paper", caption, printed=table.to_printed_frame())
    if options.json:
        _print_json(table.to_dict())
    elif not options.quiet:
        from licoat.workflows.console import print_paper

        print_paper(table)


def _compare(options: argparse.Namespace) -> None:
    from licoat.structures import load_phases
    from licoat.workflows.compare import compare

    sources = {"builtin mp2020": load_phases("builtin"), "builtin none": load_phases("builtin", scheme="none")}
    if options.source not in {"builtin", "measured"}:
        sources = {options.source: load_phases(options.source)} | sources
    comparison = compare(options.formula, sources, load_phases("measured"), anode=options.anode)
    if options.json:
        _print_json(comparison.to_dict())
    elif not options.quiet:
        from licoat.workflows.console import print_comparison

        print_comparison(comparison)


def _data_info(options: argparse.Namespace) -> None:
    from licoat.structures import load_phases
    from licoat.workflows.inventory import inventory

    phases = load_phases(options.source)
    found = inventory(phases)
    if options.json:
        _print_json({"manifest": phases.manifest.to_dict(), **found})
    elif not options.quiet:
        from licoat.workflows.console import print_data

        print_data(phases, found)


def _data_verify(options: argparse.Namespace) -> None:
    from licoat.structures import SnapshotError, load_phases
    from licoat.structures.health import verify

    checks = verify(load_phases(options.source))
    failed = [check for check in checks if check.problem]
    if options.json:
        _print_json({"source": options.source, "ok": not failed, "checks": [check.to_dict() for check in checks]})
    elif not options.quiet:
        for check in checks:
            sys.stdout.write(
                f"{'FAILED' if check.problem else 'ok':<8}{check.name}{check.problem and ': ' + check.problem}\n"
            )
    if failed:
        raise SnapshotError(f"{options.source}: {len(failed)} of {len(checks)} checks failed: {failed[0].problem}")


def _data_fetch(options: argparse.Namespace) -> None:
    from licoat.structures import mp_fetch
    from licoat.structures.materials_project import snapshot_folder

    targets = [*options.targets, *([options.oxides] if options.oxides else [])]
    shown = sys.stderr.isatty() and not (options.quiet or options.json)
    manifest = mp_fetch.fetch_snapshot(
        targets,
        out=options.out,
        thermo_type=options.thermo,
        anode=options.anode,
        include_nc=options.include_nc,
        progress=_show_progress if shown else None,
    )
    kind = options.thermo + ("-nc" if options.include_nc else "")
    folder = options.out or snapshot_folder(kind, manifest.version)
    if options.json:
        _print_json(manifest.to_dict() | {"folder": str(folder)})
    elif not options.quiet:
        missing = manifest.details["elements_without_energy"]
        sys.stdout.write(
            f"Materials Project, database {manifest.version}, {options.thermo}: {manifest.n_phases} phases "
            f"in {folder}\n" + (f"no energies of this kind for {', '.join(missing)}: left out\n" if missing else "")
        )


def _show_progress(done: int, expected: int) -> None:
    width = 30 * done // max(expected, 1)
    end = "\n" if done >= expected else ""
    sys.stderr.write(f"\rfetching [{'#' * width:<30}] {done}/{expected} requests{end}")
    sys.stderr.flush()


def _data_build(options: argparse.Namespace) -> None:
    from licoat.structures.builtin import PARQUET, RELAXED, build_builtin
    from licoat.structures.errors import InputFileError

    out = Path(options.out) if options.out else PARQUET
    if out.suffix != ".parquet":
        raise InputFileError(f"--out {str(out)!r}: the ending must be .parquet")
    manifest = build_builtin(Path(options.relaxed) if options.relaxed else RELAXED, out)
    if options.json:
        _print_json(manifest.to_dict() | {"file": str(out)})
    elif not options.quiet:
        sys.stdout.write(f"Wrote {out}: {manifest.n_phases} phases, sha256 {manifest.sha256}\n")
