"""Options of every command that calculates: calculator, engine, thresholds; and how progress is shown."""

import argparse
import sys
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from licoat.workflows.commands.common import path_text, positive, positive_number

if TYPE_CHECKING:
    from licoat.structures.crystals.calculator_spec import CalculatorSpec
    from licoat.structures.crystals.relaxation import RelaxationSettings

__all__ = [
    "add_calculator",
    "add_displace",
    "add_engine",
    "add_relaxation",
    "add_store",
    "calculator",
    "displace",
    "engine",
    "progress_wanted",
    "relaxation",
    "show_progress",
    "store_folder",
]


def add_calculator(parser: argparse.ArgumentParser) -> None:
    """Add ``--calculator`` and ``--device``."""
    parser.add_argument(
        "--calculator",
        default="sevennet",
        metavar="NAME",
        help="sevennet (default), sevennet-r2scan, chgnet, mace, mattersim, emt, lj, an entry point, F.toml, "
        "or module:attribute",
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where it runs (default cpu)")


def add_engine(parser: argparse.ArgumentParser) -> None:
    """Add ``--engine``, ``--workers``, ``--parsl-config`` and ``--dask-address``."""
    parser.add_argument(
        "--engine",
        choices=("serial", "processes", "parsl", "dask"),
        default="serial",
        help="what runs the calculations (default serial)",
    )
    parser.add_argument(
        "--workers", type=positive, metavar="N", help="worker processes of this machine (default: its cores)"
    )
    parser.add_argument("--parsl-config", metavar="F.py", help="Python file with config = parsl.Config(...)")
    parser.add_argument("--dask-address", metavar="HOST:PORT", help="Dask scheduler (default: a local cluster)")


def add_relaxation(parser: argparse.ArgumentParser) -> None:
    """Add thresholds and limits of relaxations."""
    parser.add_argument(
        "--fmax", type=positive_number, default=0.03, metavar="F", help="largest force left, eV/A (default 0.03)"
    )
    parser.add_argument(
        "--smax", type=positive_number, default=0.1, metavar="S", help="largest stress left, GPa (default 0.1)"
    )
    parser.add_argument("--max-steps", type=positive, default=400, metavar="N", help="steps of one relaxation (400)")
    parser.add_argument("--max-atoms", type=positive, default=200, metavar="N", help="largest cell (default 200)")
    parser.add_argument("--keep-symmetry", action="store_true", help="keep the space group of the start structure")


def add_displace(parser: argparse.ArgumentParser) -> None:
    """Add ``--displace``."""
    parser.add_argument(
        "--displace", action="store_true", help="displace the relaxed structure and relax again, to leave saddle points"
    )


def calculator(options: argparse.Namespace) -> "CalculatorSpec":
    """Return the calculator that the options name."""
    from licoat.structures.crystals.calculators import calculator_spec

    return calculator_spec(options.calculator, device=options.device)


def engine(options: argparse.Namespace) -> tuple[Callable[[], AbstractContextManager[Executor]], int]:
    """Return how to open the engine that the options name, and how many tasks to send out at a time."""
    import os

    from licoat.workflows.calculations.engines import open_engine

    workers = options.workers or os.cpu_count() or 1
    opened = open_engine(
        options.engine, workers=workers, parsl_config=options.parsl_config, dask_address=options.dask_address
    )
    remote = options.parsl_config is not None or options.dask_address is not None
    return opened, 1000 if remote else 2 * workers


def relaxation(options: argparse.Namespace) -> "RelaxationSettings":
    """Return the settings of relaxations."""
    from licoat.structures.crystals.relaxation import RelaxationSettings

    return RelaxationSettings(
        fmax_ev_per_a=options.fmax,
        smax_gpa=options.smax,
        max_steps=options.max_steps,
        keep_symmetry=options.keep_symmetry,
    )


def displace(options: argparse.Namespace) -> bool:
    """Say whether structures are displaced and relaxed again.

    Raises
    ------
    InputFileError
        If the symmetry is to be kept at the same time.
    """
    from licoat.structures.errors import InputFileError

    if options.displace and options.keep_symmetry:
        raise InputFileError("--displace and --keep-symmetry exclude each other")
    return bool(options.displace)


def store_folder(text: str | None) -> Path:
    """Return the folder of finished calculations: the one given, else below the data folder."""
    from licoat.structures.settings import data_folder

    return data_folder() / "calculations" if text is None else Path(text)


def add_store(parser: argparse.ArgumentParser) -> None:
    """Add ``--store``."""
    parser.add_argument(
        "--store",
        type=path_text,
        metavar="DIR",
        help="finished calculations, never done twice (default: below LICOAT_DATA)",
    )


def show_progress(kind: str, done: int, failed: int, n: int) -> None:
    """Show a line of progress on a terminal."""
    width = 30 * done // max(n, 1)
    tail = f", {failed} failed" if failed else ""
    sys.stderr.write(f"\r{kind} [{'#' * width:<30}] {done}/{n}{tail}{chr(10) if done >= n else ''}")
    sys.stderr.flush()


def progress_wanted(options: argparse.Namespace) -> bool:
    """Say whether progress is shown: to a terminal, and not with ``--quiet`` or ``--json``."""
    return sys.stderr.isatty() and not (options.quiet or options.json)
