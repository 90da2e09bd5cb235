"""``licoat data``: look at tables of phases, check, fetch and build them."""

import argparse
import sys
from pathlib import Path
from typing import Any

from licoat.workflows.commands.common import SOURCE_HELP, add_command, path_text, print_json

__all__ = ["add"]


def add(commands: Any) -> None:  # noqa: ANN401 - argparse has no public name for it
    """Add the command to the parser."""
    data = commands.add_parser("data", help="look at, check or build tables of phases")
    actions = data.add_subparsers(title="actions", metavar="ACTION", required=True)
    info = add_command(actions, "info", _data_info, "what a source holds", source=False)
    info.add_argument("source", nargs="?", default="builtin", help=SOURCE_HELP)
    verify = add_command(
        actions,
        "verify",
        _data_verify,
        "check a source: checksum, physics, and builtin against its inputs",
        source=False,
    )
    verify.add_argument("source", nargs="?", default="builtin", help=SOURCE_HELP)
    _add_fetch(actions)
    build = add_command(
        actions, "build", _data_build, "make the embedded table from relaxed phases and facts", source=False
    )
    build.add_argument("--relaxed", metavar="FILE", help="relaxed phases, JSON(.gz) (default: the embedded ones)")
    build.add_argument(
        "--out", type=path_text, metavar="F.parquet", help="Parquet file to write (default: the embedded table)"
    )


def _add_fetch(actions: Any) -> None:  # noqa: ANN401
    text = "fetch phases of the Materials Project into a local snapshot (needs a key)"
    fetch = add_command(actions, "fetch", _data_fetch, text, source=False)
    fetch.add_argument("targets", nargs="*", metavar="TARGET", help="elements, chemical systems or formulas")
    fetch.add_argument("--source", choices=("mp",), default="mp", help="the Materials Project")
    fetch.add_argument("--oxides", choices=("all-binary",), help="all elements that form an oxide")
    fetch.add_argument("--thermo", choices=("GGA_GGA+U", "r2SCAN"), default="GGA_GGA+U", help="scale of energies")
    fetch.add_argument("--anode", default="Li", metavar="M", help="anode metal (default Li)")
    fetch.add_argument("--include-nc", action="store_true", help="keep materials for non-commercial use")
    fetch.add_argument("--out", type=path_text, metavar="DIR", help="folder (default: below LICOAT_DATA)")


def _data_info(options: argparse.Namespace) -> None:
    from licoat.structures import load_phases
    from licoat.workflows.inventory import inventory

    phases = load_phases(options.source)
    found = inventory(phases)
    if options.json:
        print_json({"manifest": phases.manifest.to_dict(), **found})
    elif not options.quiet:
        from licoat.workflows.console import print_data

        print_data(phases, found)


def _data_verify(options: argparse.Namespace) -> None:
    from licoat.structures import SnapshotError, load_phases
    from licoat.structures.health import verify

    checks = verify(load_phases(options.source))
    failed = [check for check in checks if check.problem]
    if options.json:
        print_json({"source": options.source, "ok": not failed, "checks": [check.to_dict() for check in checks]})
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
        print_json(manifest.to_dict() | {"folder": str(folder)})
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
        print_json(manifest.to_dict() | {"file": str(out)})
    elif not options.quiet:
        sys.stdout.write(f"Wrote {out}: {manifest.n_phases} phases, sha256 {manifest.sha256}\n")
