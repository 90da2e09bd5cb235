"""``licoat data join`` and ``licoat data fit``: levels of theory, and what measured enthalpies teach."""

import argparse
import sys
from pathlib import Path
from typing import Any

from licoat.workflows.commands import calculation
from licoat.workflows.commands.common import add_command, path_text, print_json

__all__ = ["add"]


def add(actions: Any) -> None:  # noqa: ANN401 - argparse has no public name for it
    """Add the actions to ``licoat data``."""
    text = "put documents of relaxed phases together, and single points on a second level of theory beside"
    join = add_command(actions, "join", _data_join, text, source=False)
    join.add_argument("documents", nargs="+", metavar="FILE", help="relaxed phases, JSON(.gz), of one calculator")
    join.add_argument("--out", type=path_text, required=True, metavar="FILE", help="document to write (.json.gz)")
    join.add_argument(
        "--without",
        nargs=2,
        action="append",
        default=[],
        metavar=("ID", "REASON"),
        help="a phase to leave out, and why; repeatable",
    )
    join.add_argument("--second", metavar="NAME", help="calculator of the single points, such as sevennet-r2scan")
    join.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where it runs (default cpu)")
    calculation.add_store(join)
    calculation.add_engine(join)
    text = "learn the errors of energies from measured enthalpies (scheme fitted), and test that on elements left out"
    learn = add_command(actions, "fit", _data_fit, text, source=False)
    learn.add_argument("--out", type=path_text, metavar="FILE.json", help="file to write (default: only print)")


def _data_join(options: argparse.Namespace) -> None:
    from functools import partial

    from licoat.structures.crystals.calculators import calculator_spec
    from licoat.structures.errors import InputFileError
    from licoat.structures.phases.computed import write_document
    from licoat.workflows.calculations.joining import add_second_level, join_documents
    from licoat.workflows.calculations.store import Store
    from licoat.workflows.calculations.tasks import run_tasks

    out = Path(options.out)
    if not out.name.endswith(".json.gz"):
        raise InputFileError(f"--out {options.out!r}: the ending must be .json.gz")
    document = join_documents(options.documents, dict(options.without))
    failures: dict[str, str] = {}
    if options.second is not None:
        opened, window = calculation.engine(options)
        store = Store(calculation.store_folder(options.store))
        shown = calculation.show_progress if calculation.progress_wanted(options) else None
        run = partial(run_tasks, store=store, open_engine=opened, window=window, retry_failed=True, progress=shown)
        failures = add_second_level(document, calculator_spec(options.second, device=options.device), run)
    write_document(out, document)
    n = sum(phase["converged"] for phase in document["phases"])
    if options.json:
        print_json({"file": str(out), "phases": n, "failures": failures})
    elif not options.quiet:
        sys.stdout.write(f"Wrote {out}: {n} relaxed phases of {len(document['phases'])}\n")
        for name, reason in sorted(failures.items()):
            sys.stdout.write(f"  no second level: {name}: {reason}\n")


def _data_fit(options: argparse.Namespace) -> None:
    from licoat.structures import load_phases
    from licoat.workflows.calculations.fitting import fit_document, write_fit

    tables = {level: load_phases("builtin", scheme=level) for level in ("hybrid", "mp2020")}
    document = fit_document(tables, load_phases("measured"))
    if options.out is not None:
        write_fit(Path(options.out), document)
    if options.json:
        print_json(document)
    elif not options.quiet:
        from licoat.workflows.output.console import print_fit

        print_fit(document)
