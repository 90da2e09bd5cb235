"""The command line ``licoat``.

Nothing heavy is imported before a command runs: argparse and this module only. Every command answers bad
input with one line on standard error and exit status 2; a failure of the outside world is exit status 1.
"""

import argparse
import contextlib
import io
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from licoat.workflows.commands import criteria, data, layer, paper, reactions, relax, screen, validate

__all__ = ["main"]


class _Parser(argparse.ArgumentParser):
    """Answers wrong options in one line."""

    def error(self, message: str) -> NoReturn:
        from licoat.structures.errors import MOST_CHARACTERS, shortened

        way = f" (see '{self.prog} --help')"
        self.exit(2, f"{self.prog}: {shortened(message, MOST_CHARACTERS - len(self.prog) - len(way) - 2)}{way}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        Command line without the program's name; that of the process without.

    Returns
    -------
    int
        0 done, 1 the outside world failed (a full disk) or a calculation gave no result, 2 bad input, 130 interrupted.
    """
    try:
        return _run(arguments)
    except KeyboardInterrupt:  # also while packages are being imported
        _tell("licoat: interrupted")
        return 130


def _run(arguments: Sequence[str] | None) -> int:
    """Run the command line; Ctrl-C is the caller's."""
    options = _parser().parse_args(arguments)
    from licoat.structures.errors import LicoatError, NotConvergedError  # after parsing: --help must not wait for numpy

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
        return _fail(options, error, 1 if isinstance(error, (OSError, NotConvergedError)) else 2)
    except BrokenPipeError:
        # The reader went away (`licoat screen | head`): nothing is wrong; keep the interpreter's exit quiet.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        return _fail(options, error, 1)
    return 0


def _tell(text: str) -> None:
    """Write a line to standard error; where that is closed (`2>&-`) the status says it all."""
    if sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()


def _fail(options: argparse.Namespace, error: Exception, status: int) -> int:
    if options.debug:
        raise error
    from licoat.structures.errors import shortened

    _tell(shortened(f"licoat: {error}"))
    return status


def _one_line_warning(message: Warning | str, *_: object, **__: object) -> None:
    from licoat.structures.errors import shortened

    _tell(shortened(f"licoat: note: {message}"))


def _parser() -> _Parser:
    parser = _Parser(prog="licoat", description="Choose the oxide coating of a lithium-metal anode by computation.")
    parser.add_argument("--version", action=_Version, help="print the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module in (screen, reactions, layer, paper, validate, criteria, relax, data):
        module.add(commands)
    return parser


class _Version(argparse.Action):
    """Looks the version up only when asked."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:  # noqa: A002 - argparse's name
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        sys.stdout.write(f"licoat {version('licoat')}\n")
        parser.exit(0)
