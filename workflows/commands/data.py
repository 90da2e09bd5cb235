"""``licoat data``: look at tables of phases, check, fetch and build them."""

import argparse
import math
import sys
from pathlib import Path
from typing import Any

from licoat.workflows.commands import calculation, levels
from licoat.workflows.commands.common import (
    add_command,
    add_source,
    file_options,
    path_text,
    positive,
    positive_number,
    print_json,
)

__all__ = ["add"]


def add(commands: Any) -> None:  # noqa: ANN401 - argparse has no public name for it
    """Add the command to the parser."""
    data = commands.add_parser("data", help="look at, check or build tables of phases")
    actions = data.add_subparsers(title="actions", metavar="ACTION", required=True)
    info = add_command(actions, "info", _data_info, "what a source holds", source=False)
    add_source(info, "source", nargs="?")
    verify = add_command(
        actions,
        "verify",
        _data_verify,
        "check a source: checksum, physics, and builtin against its inputs",
        source=False,
    )
    add_source(verify, "source", nargs="?")
    _add_fetch(actions)
    _add_build(actions)
    levels.add(actions)


def _add_build(actions: Any) -> None:  # noqa: ANN401
    text = "make a table by calculation (--seeds), or the embedded table from its inputs (without)"
    build = add_command(actions, "build", _data_build, text, source=False)
    build.add_argument("--seeds", metavar="FILE", help="start structures: JSON(.gz), a structure file, or a folder")
    build.add_argument("--relaxed", metavar="FILE", help="relaxed phases, JSON(.gz) (default: the embedded ones)")
    build.add_argument(
        "--out", type=path_text, metavar="DIR", help="folder to build in; without --seeds the Parquet file to write"
    )
    build.add_argument(
        "--prefilter",
        type=positive_number,
        metavar="EV_PER_ATOM",
        help="single points first; relax what lies within this of their hull, and known crystals (0.1 is a good limit)",
    )
    build.add_argument(
        "--per-composition",
        type=positive,
        default=2,
        metavar="N",
        help="with --prefilter: structures of one composition (2)",
    )
    build.add_argument(
        "--hours",
        type=positive_number,
        metavar="H",
        help="after H hours begin nothing new and make the table",
    )
    build.add_argument("--resume", action="store_true", help="go on with an earlier build in the same folder")
    build.add_argument("--retry-failed", action="store_true", help="with --resume: compute again what failed")
    build.add_argument(
        "--displace",
        choices=("none", "unreported", "all"),
        help="which relaxed phases are displaced and relaxed again, to leave saddle points (default unreported: "
        "those that the seeds do not call known)",
    )
    build.add_argument(
        "--elastic",
        choices=("none", "missing", "screen", "all"),
        default="none",
        help="moduli: of no phase (default), those of the default screen that nobody published, all of it, all phases",
    )
    build.add_argument(
        "--elastic-max-atoms", type=positive, default=40, metavar="N", help="largest cell for moduli (default 40)"
    )
    build.add_argument(
        "--elastic-phase", action="append", default=[], metavar="ID", help="its moduli too, however large; repeatable"
    )
    build.add_argument("--ase-db", type=path_text, metavar="F.db", help="also write an ASE database to browse")
    calculation.add_calculator(build)
    calculation.add_relaxation(build)
    calculation.add_engine(build)


def _add_fetch(actions: Any) -> None:  # noqa: ANN401
    text = "fetch phases of the Materials Project into a local snapshot (needs a key)"
    fetch = add_command(actions, "fetch", _data_fetch, text, source=False)
    fetch.add_argument("targets", nargs="*", metavar="TARGET", help="elements, chemical systems or formulas")
    fetch.add_argument("--source", choices=("mp",), default="mp", help="the Materials Project")
    fetch.add_argument("--oxides", choices=("all-binary",), help="every element up to Bi with a solid binary oxide")
    fetch.add_argument("--thermo", choices=("GGA_GGA+U", "r2SCAN"), default="GGA_GGA+U", help="scale of energies")
    fetch.add_argument("--anode", default="Li", metavar="M", help="anode metal (default Li)")
    fetch.add_argument("--include-nc", action="store_true", help="keep materials for non-commercial use")
    fetch.add_argument("--out", type=path_text, metavar="DIR", help="folder (default: below LICOAT_DATA)")


def _data_info(options: argparse.Namespace) -> None:
    from licoat.structures import load_phases
    from licoat.structures.phases.inventory import inventory

    phases = load_phases(options.source, **file_options(options))
    found = inventory(phases)
    if options.json:
        print_json({"manifest": phases.manifest.to_dict(), **found})
    elif not options.quiet:
        from licoat.workflows.output.console import print_data

        print_data(phases, found)


def _data_verify(options: argparse.Namespace) -> None:
    from licoat.structures import SnapshotError
    from licoat.structures.sources import verify_source

    checks = verify_source(options.source, **file_options(options))
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
    from licoat.structures.materials_project import fetch
    from licoat.structures.materials_project.snapshots import snapshot_folder

    targets = [*options.targets, *([options.oxides] if options.oxides else [])]
    shown = sys.stderr.isatty() and not (options.quiet or options.json)
    manifest = fetch.fetch_snapshot(
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
        incomplete = manifest.details.get("incomplete_systems", {})
        sys.stdout.write(
            f"Materials Project, database {manifest.version}, {options.thermo}: {manifest.n_phases} phases "
            f"in {folder}\n"
            + (f"no energies of this kind for {', '.join(missing)}: left out\n" if missing else "")
            + (f"not complete: {', '.join(incomplete)}\n" if incomplete else "")
        )


def _show_progress(done: int, expected: int) -> None:
    width = 30 * done // max(expected, 1)
    end = "\n" if done >= expected else ""
    sys.stderr.write(f"\rfetching [{'#' * width:<30}] {done}/{expected} requests{end}")
    sys.stderr.flush()


def _data_build(options: argparse.Namespace) -> None:
    from licoat.structures.errors import InputFileError

    if options.seeds is not None:
        _build_dataset(options)
        return
    given = [name for name in ("resume", "retry_failed", "ase_db", "displace") if getattr(options, name)]
    if given or options.elastic != "none":
        name = given[0].replace("_", "-") if given else "elastic"
        raise InputFileError(f"--{name} needs --seeds: without it nothing is calculated")
    _build_embedded(options)


def _build_dataset(options: argparse.Namespace) -> None:
    from licoat.workflows.calculations.dataset import BuildOptions, build_dataset
    from licoat.workflows.calculations.prefilter import PrefilterOptions
    from licoat.workflows.calculations.seeds import read_seeds

    out = _checked_folder(options)
    opened, window = calculation.engine(options)
    sieve = None if options.prefilter is None else PrefilterOptions(options.prefilter, options.per_composition)
    dataset = build_dataset(
        read_seeds(options.seeds, max_atoms=options.max_atoms),
        calculation.calculator(options),
        out,
        opened,
        BuildOptions(
            relaxation=calculation.relaxation(options),
            displace=options.displace or BuildOptions().displace,
            elastic=options.elastic,
            elastic_max_atoms=options.elastic_max_atoms,
            elastic_phases=tuple(options.elastic_phase),
            retry_failed=options.retry_failed,
            window=window,
            prefilter=sieve,
            hours=options.hours or math.inf,
        ),
        progress=calculation.show_progress if calculation.progress_wanted(options) else None,
    )
    if options.json:
        print_json(dataset.to_dict())
    elif not options.quiet:
        sys.stdout.write(f"{dataset.n_phases} phases from {dataset.n_seeds} start structures in {out}\n")
        for name in dataset.manifest.details["duplicates_left_out"]:
            sys.stdout.write(f"  left out: {name}: led to a phase that is there already\n")
        for name, reason in sorted(dataset.failures.items()):
            sys.stdout.write(f"  no result: {name}: {reason}\n")
    if options.ase_db is not None:
        from licoat.workflows.calculations.ase_database import write_ase_database

        write_ase_database(out, Path(options.ase_db))


def _checked_folder(options: argparse.Namespace) -> Path:
    """Return the folder to build in; refuse options that do not go together before anything starts."""
    from licoat.structures.errors import InputFileError
    from licoat.workflows.calculations.dataset import STORE

    if options.relaxed is not None:
        raise InputFileError("--seeds and --relaxed exclude each other: start structures or relaxed ones")
    if options.out is None:
        raise InputFileError("--out DIR is missing: the folder to build in")
    out = Path(options.out)
    if out.exists() and not out.is_dir():
        raise InputFileError(f"--out {options.out!r} is a file; give a folder")
    begun = (out / STORE).exists()
    if begun and not options.resume:
        raise InputFileError(f"{out} holds an earlier build: --resume goes on with it, or give another folder")
    if options.retry_failed and not options.resume:
        raise InputFileError("--retry-failed needs --resume: a new build has no failed calculations")
    if options.ase_db is not None:
        from licoat.workflows.calculations.ase_database import check_ase_database

        check_ase_database(Path(options.ase_db))
    if options.keep_symmetry and options.displace in ("unreported", "all"):
        raise InputFileError(f"--displace {options.displace} and --keep-symmetry exclude each other")
    return out


def _build_embedded(options: argparse.Namespace) -> None:
    from licoat.structures.errors import InputFileError
    from licoat.structures.phases.builtin import PARQUET, RELAXED, build_builtin

    out = Path(options.out) if options.out else PARQUET
    if out.suffix != ".parquet":
        raise InputFileError(f"--out {str(out)!r}: the ending must be .parquet")
    manifest = build_builtin(Path(options.relaxed) if options.relaxed else RELAXED, out)
    if options.json:
        print_json(manifest.to_dict() | {"file": str(out)})
    elif not options.quiet:
        sys.stdout.write(f"Wrote {out}: {manifest.n_phases} phases, sha256 {manifest.sha256}\n")
