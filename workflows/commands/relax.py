"""``licoat relax``: relax structures with any ASE calculator."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from licoat.workflows.commands import calculation
from licoat.workflows.commands.common import add_command, path_text, print_json

if TYPE_CHECKING:
    from licoat.structures.crystals.structure_files import NamedCrystal

__all__ = ["add"]


def add(commands: Any) -> None:  # noqa: ANN401 - argparse has no public name for it
    """Add the command to the parser."""
    text = "relax structures with an ASE calculator: energy, volume, moduli"
    parser = add_command(commands, "relax", _relax, text, source=False)
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="CIF, POSCAR, JSON, extxyz, ase database ...",
    )
    calculation.add_calculator(parser)
    calculation.add_relaxation(parser)
    calculation.add_displace(parser)
    parser.add_argument("--fixed-cell", action="store_true", help="relax the atoms only")
    parser.add_argument("--elastic", action="store_true", help="also compute elastic constants of what converged")
    parser.add_argument("--retry-failed", action="store_true", help="compute again what failed before")
    parser.add_argument("--out", type=path_text, metavar="DIR", help="write the relaxed structures as CIF there")
    calculation.add_store(parser)
    calculation.add_engine(parser)


def _relax(options: argparse.Namespace) -> None:
    from dataclasses import replace

    from licoat.structures.crystals.structure_files import read_crystals
    from licoat.structures.errors import InputFileError, NotConvergedError
    from licoat.workflows.calculations.relaxing import relax_files
    from licoat.workflows.calculations.store import Store

    if options.out is not None and Path(options.out).exists() and not Path(options.out).is_dir():
        raise InputFileError(f"--out {options.out!r} is a file; give a folder")
    items = [(file, item) for file in options.files for item in read_crystals(file, max_atoms=options.max_atoms)]
    out = None if options.out is None else _folder(Path(options.out), items)
    settings = replace(calculation.relaxation(options), relax_cell=not options.fixed_cell)
    opened, window = calculation.engine(options)
    elsewhere = options.parsl_config is not None or options.dask_address is not None
    relaxed = relax_files(
        [item for _, item in items],
        calculation.calculator(options),
        store=Store(calculation.store_folder(options.store)),
        open_engine=opened,
        settings=settings,
        displace=calculation.displace(options),
        elastic=options.elastic,
        max_atoms=options.max_atoms,
        retry_failed=options.retry_failed,
        window=window,
        try_calculator=not elsewhere,
        progress=calculation.show_progress if calculation.progress_wanted(options) else None,
    )
    if options.json:
        print_json({"structures": [item.to_dict() for item in relaxed]})
    elif not options.quiet:
        from licoat.workflows.output.console import print_relaxed

        print_relaxed(relaxed)
    if out is not None:
        for item in relaxed:
            item.write(out)
    failed = [item for item in relaxed if item.reason]
    if failed:
        what = f"{len(failed)} of {len(relaxed)} calculations gave no result: " if len(relaxed) > 1 else ""
        raise NotConvergedError(f"{what}{failed[0].file}: {failed[0].reason}")


def _folder(out: Path, items: "list[tuple[str, NamedCrystal]]") -> Path:
    """Make the folder of ``--out``, so that what cannot be written is said before anything is computed.

    Results are named by their structures and take the place of earlier ones; nothing in a folder of structures is
    theirs.
    """
    import tempfile

    from licoat.structures.errors import InputFileError
    from licoat.workflows.calculations.relaxing import result_name

    stems = [result_name(item) for _, item in items]
    for i, (file, _) in enumerate(items):
        if stems[i] in stems[:i]:
            raise InputFileError(
                f"{file}: two files are named {stems[i]!r}, and --out names results by their files; rename one, or "
                "relax them one after the other into different folders"
            )
        target = out / f"{stems[i]}.cif"
        if target.exists() and target.parent.resolve() == Path(file).parent.resolve():
            raise InputFileError(f"{file}: --out {str(out)!r} would write over {target}; give another folder")
    out.mkdir(parents=True, exist_ok=True)
    try:
        tempfile.TemporaryFile(dir=out).close()
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(out)) from error
    return out
