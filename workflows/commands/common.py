"""What all commands share: their common options, loading a source, printing JSON."""

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from licoat.structures.phases.table import PhaseTable

__all__ = [
    "add_command",
    "add_out",
    "add_source",
    "file_options",
    "load",
    "natural",
    "out_folder",
    "path_text",
    "phase_ids",
    "positive",
    "positive_number",
    "print_json",
]

SOURCE_HELP = (
    "builtin (default), measured, mp (fetched before), %(more)sor a file: table .csv .xlsx, pymatgen entries or "
    "database documents .json(.gz) .jsonl, licoat snapshot .parquet (docs/files.md)"
)


_MOST_DIGITS = 18


class _MoreSources:
    """Sources that other packages bring, looked up only when a help text is written."""

    def __str__(self) -> str:
        from importlib.metadata import entry_points

        return "".join(
            f"{point.name}, " for point in sorted(entry_points(group="licoat.sources"), key=lambda p: p.name)
        )


def add_source(parser: argparse.ArgumentParser, *names: str, **options: Any) -> None:  # noqa: ANN401 - as argparse
    """Add the option or argument that names a source of phases."""
    action = parser.add_argument(*names, default="builtin", help=SOURCE_HELP, **options)
    vars(action)["more"] = _MoreSources()  # argparse fills a help text from the action's attributes
    parser.add_argument(
        "--columns", action="append", default=[], metavar="A=B", type=_pair, help="heading A of a table is licoat's B"
    )
    parser.add_argument("--correct", choices=("mp2020",), help="correct raw GGA and GGA+U entries of a file")


def _pair(text: str) -> tuple[str, str]:
    """Read ``HEADING=name``, for argparse."""
    heading, sign, name = text.rpartition("=")
    if not (sign and heading.strip() and name.strip()):
        raise argparse.ArgumentTypeError(f"{text[:60]!r} is not HEADING=NAME, e.g. 'Ef=formation_energy_ev_per_atom'")
    return heading.strip(), name.strip()


def file_options(options: argparse.Namespace) -> dict[str, Any]:
    """Return how a file is to be read, as `load_phases` takes it."""
    return {"columns": dict(options.columns) or None, "correct": options.correct}


def add_command(
    commands: Any,  # noqa: ANN401 - argparse has no public name for it
    name: str,
    run: Callable[[argparse.Namespace], None],
    text: str,
    *,
    source: bool = True,
    scheme: bool = True,
) -> argparse.ArgumentParser:
    """Add a command with the options that all commands have."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(run=run)
    if source:
        add_source(parser, "--source", metavar="S")
        if scheme:
            parser.add_argument(
                "--scheme",
                metavar="NAME",
                help="energies of builtin, alone: fitted (hybrid less the errors that measured enthalpies teach), "
                "mp2020 (PBE corrected as the Materials Project does), none (PBE raw), r2scan, or hybrid (mp2020 with "
                "Co Cr Fe Mn Mo Ni V W in the system, r2scan else); without: fitted and --prefer best",
            )
            parser.add_argument(
                "--products",
                metavar="WHICH",
                help="observed (default): no product that is only predicted; all: the lowest of what the source holds",
            )
            parser.add_argument(
                "--prefer",
                metavar="WHOSE",
                help="best: measured heats and volumes where they are known (default of builtin); table: its own "
                "(default of files and with --scheme)",
            )
        parser.add_argument("--anode", default="Li", metavar="M", help="anode metal (default Li)")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def positive(text: str) -> int:
    """Read a whole number from 1, for argparse.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is something else.
    """
    return _whole(text, 1)


def natural(text: str) -> int:
    """Read a whole number from 0, for argparse.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is something else.
    """
    return _whole(text, 0)


def _whole(text: str, least: int) -> int:
    if not text.isdecimal() or len(text) > _MOST_DIGITS or int(text) < least:
        raise argparse.ArgumentTypeError(
            f"{text[:60]!r} is not a whole number from {least} (of {_MOST_DIGITS} digits at most)"
        )
    return int(text)


def positive_number(text: str) -> float:
    """Read a number above 0, for argparse.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is something else.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0.0):
        raise argparse.ArgumentTypeError(f"{text[:60]!r} is not a number above 0")
    return number


def path_text(text: str) -> str:
    """Read a file or folder name, for argparse; an empty one is an unset variable of the shell.

    Raises
    ------
    argparse.ArgumentTypeError
        If it is something else.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError("the name is empty (an unset variable?)")
    return text


def add_out(parser: argparse.ArgumentParser) -> None:
    """Add ``--out`` and ``--figures``."""
    parser.add_argument(
        "--out", type=path_text, metavar="DIR", help="write tables, JSON, references.bib and methods.md there"
    )
    parser.add_argument("--figures", action="store_true", help="with --out: also the figures, as SVG and PDF")


def out_folder(options: argparse.Namespace) -> Path | None:
    """Return the folder of ``--out``, None without.

    Raises
    ------
    InputFileError
        If it is a file, or figures are asked for without it.
    """
    from licoat.structures.errors import InputFileError

    if options.out is None:
        if options.figures:
            raise InputFileError("--figures needs --out DIR, the folder to write them to")
        return None
    if Path(options.out).exists() and not Path(options.out).is_dir():
        raise InputFileError(f"--out {options.out!r} is a file; give a folder")
    return Path(options.out)


def load(options: argparse.Namespace, *, named_source_alone: bool = False) -> "PhaseTable":
    """Load the phases that ``--source`` and ``--scheme`` name, as ``--products`` and ``--prefer`` want them.

    With `named_source_alone`, ``--columns`` and ``--correct`` may be for another file than the source.
    """
    from licoat.structures import load_phases
    from licoat.structures.sources import source_names

    elsewhere = named_source_alone and options.source in source_names()
    reading = {} if elsewhere else file_options(options)
    phases = load_phases(options.source, scheme=options.scheme, **reading)
    phases = phases if options.products is None else phases.with_products(options.products)
    return phases if options.prefer is None else phases.with_prefer(options.prefer)


def print_json(document: Any) -> None:  # noqa: ANN401 - any JSON document
    """Write the one JSON document of ``--json``."""
    sys.stdout.write(json.dumps(document, allow_nan=False, indent=1) + "\n")


def phase_ids(ids: Sequence[str], phases: "PhaseTable") -> dict[str, str]:
    """Return the chosen phases by formula; two for one formula are refused.

    Raises
    ------
    MissingDataError
        If there is no such phase, or two are of one formula.
    """
    from licoat.structures.errors import MissingDataError

    chosen: dict[str, str] = {}
    for phase_id in ids:
        formula = phases[phase_id].formula
        if chosen.setdefault(formula, phase_id) != phase_id:
            raise MissingDataError(f"--phase {chosen[formula]} and --phase {phase_id} are both {formula}: choose one")
    return chosen
