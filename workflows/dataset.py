"""Build a table of phases by calculation: relax start structures, compute moduli, make the table.

Everything finished is kept in a store below the output folder, so a build that was killed goes on where it was,
on any engine, and ends in the same table.
"""

import contextlib
import csv
import gzip
import json
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from licoat.structures.calculators import CalculatorSpec
from licoat.structures.computed import (
    computed_columns,
    document_head,
    energy_columns,
    sigma_classes,
    write_document,
)
from licoat.structures.crystal import MAX_ATOMS, STRUCTURE_ENDINGS, Crystal, read_crystal
from licoat.structures.elasticity import ElasticSettings
from licoat.structures.errors import InputFileError, MissingDataError
from licoat.structures.phases import PhaseTable, write_parquet
from licoat.structures.provenance import Manifest
from licoat.structures.relaxation import RelaxationSettings
from licoat.workflows.calculations import OpenEngine, Task, run_tasks
from licoat.workflows.store import OK, Store

__all__ = ["ELASTIC", "BuildOptions", "Dataset", "Seed", "build_dataset", "phase_record", "read_seeds"]

ELASTIC = ("none", "missing", "screen", "all")
"""Which moduli to compute: none; those that the default screen needs and nobody published; all that it needs; all."""

STORE, DOCUMENT, TABLE, FAILURES = "store", "relaxed.json.gz", "phases.parquet", "failures.csv"

Progress = Callable[[str, int, int, int], None]


@dataclass(frozen=True, slots=True)
class Seed:
    """A start structure.

    Attributes
    ----------
    phase_id : str
        Identifier of the phase in the table.
    crystal : Crystal
    known : bool or None
        Whether such a crystal has been reported; None if nobody says.
    structure_type, origin : str
        Where it comes from, for people.
    """

    phase_id: str
    crystal: Crystal
    known: bool | None = None
    structure_type: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How a data set is computed.

    Attributes
    ----------
    relaxation : RelaxationSettings
    elasticity : ElasticSettings
    elastic : {"none", "missing", "screen", "all"}
        See `ELASTIC`.
    elastic_max_atoms : int
        Largest cell whose moduli are computed: some twenty relaxations each.
    elastic_phases : tuple of str
        Identifiers of further phases whose moduli are computed, however large their cells.
    retry_failed : bool
        Compute again what failed in an earlier run.
    window : int
        Calculations that are sent out at a time.
    """

    relaxation: RelaxationSettings = field(default_factory=RelaxationSettings)
    elasticity: ElasticSettings = field(default_factory=ElasticSettings)
    elastic: str = "none"
    elastic_max_atoms: int = 40
    elastic_phases: tuple[str, ...] = ()
    retry_failed: bool = False
    window: int = 8

    def __post_init__(self) -> None:
        if self.elastic not in ELASTIC:
            raise InputFileError(f"elastic {self.elastic!r}: expected one of {', '.join(ELASTIC)}")


@dataclass(frozen=True, slots=True)
class Dataset:
    """What a build made.

    Attributes
    ----------
    n_seeds, n_phases : int
        Start structures, and phases in the table.
    failures : dict of str to str
        What failed and why: identifier, with ``elastic`` before that of moduli.
    files : tuple of Path
    manifest : Manifest
    """

    n_seeds: int
    n_phases: int
    failures: dict[str, str]
    files: tuple[Path, ...]
    manifest: Manifest

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return {
            "seeds": self.n_seeds,
            "phases": self.n_phases,
            "failures": self.failures,
            "files": [str(path) for path in self.files],
            "manifest": self.manifest.to_dict(),
        }


def read_seeds(path: str | Path, *, max_atoms: int = MAX_ATOMS) -> list[Seed]:
    """Read start structures.

    Parameters
    ----------
    path : str or Path
        JSON or JSON.gz with a list of ``id``, ``structure`` (lattice, species, frac_coords) and optionally
        ``known``, ``structure_type``, ``origin``; a structure file; or a folder of structure files, named by them.
    max_atoms : int
        Largest cell that is accepted.

    Returns
    -------
    list of Seed
        In the order of the file.

    Raises
    ------
    InputFileError
        If the file cannot be read, a structure cannot be used or an identifier stands twice; it is named.
    """
    path = Path(path)
    if not path.exists():
        raise InputFileError(f"{path}: no such file; expected start structures as JSON(.gz), or a folder of them")
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.name.lower().endswith(STRUCTURE_ENDINGS))
        if not files:
            raise InputFileError(f"{path}: no structure files ({', '.join(STRUCTURE_ENDINGS)}) in this folder")
        return _unique([Seed(p.stem, read_crystal(p, max_atoms=max_atoms)) for p in files], path)
    if not path.name.lower().endswith((".json", ".json.gz")):
        return [Seed(path.stem, read_crystal(path, max_atoms=max_atoms))]
    records = _records(path)
    seeds = []
    for i, record in enumerate(records):
        name = record.get("id") if isinstance(record, dict) else None
        if not isinstance(name, str) or not name.strip() or "structure" not in record:
            raise InputFileError(f"{path}: entry {i + 1} lacks 'id' (text) or 'structure'")
        where = f"{path}: {name}"
        crystal = Crystal.from_dict(record["structure"], where)
        crystal.check(where, max_atoms=max_atoms)
        known = record.get("known")
        if not isinstance(known, bool | None):
            raise InputFileError(f"{where}: known is {known!r}; expected true, false or null")
        texts = {key: str(record.get(key) or "") for key in ("structure_type", "origin")}
        seeds.append(Seed(name, crystal, known, **texts))
    if not seeds:
        raise InputFileError(f"{path}: no start structures in the file")
    return _unique(seeds, path)


def _records(path: Path) -> list[Any]:
    try:
        raw = path.read_bytes()
        document = json.loads(gzip.decompress(raw) if path.name.endswith(".gz") else raw)
    except (OSError, ValueError, EOFError, RecursionError, zlib.error) as error:
        raise InputFileError(f"{path}: cannot be read as JSON ({error})") from error
    if isinstance(document, dict) and isinstance(document.get("seeds"), list):
        document = document["seeds"]
    if not isinstance(document, list):
        raise InputFileError(f"{path}: expected a list of start structures with 'id' and 'structure'")
    return document


def _unique(seeds: list[Seed], path: Path) -> list[Seed]:
    seen: set[str] = set()
    for seed in seeds:
        if seed.phase_id in seen:
            raise InputFileError(f"{path}: the id {seed.phase_id!r} stands twice; make the identifiers unique")
        seen.add(seed.phase_id)
    return seeds


def build_dataset(
    seeds: Sequence[Seed],
    spec: CalculatorSpec,
    out: str | Path,
    open_engine: OpenEngine,
    options: BuildOptions = BuildOptions(),
    *,
    progress: Progress | None = None,
) -> Dataset:
    """Relax start structures and make a table of phases of them, with moduli if they are asked for.

    Parameters
    ----------
    seeds : sequence of Seed
    spec : CalculatorSpec
    out : str or Path
        Folder: ``store/``, ``relaxed.json.gz``, ``phases.parquet`` with its manifest, ``failures.csv``.
    open_engine : callable
        See `licoat.workflows.engines.open_engine`.
    options : BuildOptions
    progress : callable, optional
        Called with the kind of calculation, the numbers done, failed and all.

    Returns
    -------
    Dataset

    Raises
    ------
    InputFileError
        If nothing converged, or moduli are wanted of a phase that is not among the seeds.
    MissingDataError
        If an element has no phase of its own, so that there are no formation energies.
    CalculatorError
        If the calculator cannot be made.
    EngineError
        If the engine does not start or breaks down.
    """
    out = Path(out)
    store = Store(out / STORE)
    strange = sorted(set(options.elastic_phases) - {seed.phase_id for seed in seeds})
    if strange:
        raise InputFileError(
            f"no start structure {strange[0]!r}, so it has no moduli either; see the 'id' of the seeds"
        )
    spec.settings()  # a missing package is said before anything starts

    def run(tasks: Iterable[Task], kind: str) -> dict[str, dict[str, Any]]:
        report = None if progress is None else lambda done, failed, n: progress(kind, done, failed, n)
        return run_tasks(
            tasks, store, open_engine, window=options.window, retry_failed=options.retry_failed, progress=report
        )

    relaxing = {seed.phase_id: Task.of(seed.phase_id, seed.crystal, spec, options.relaxation) for seed in seeds}
    records = run(relaxing.values(), "relaxing")
    phases = [
        phase_record(seed.phase_id, seed.crystal, records[relaxing[seed.phase_id].key])
        | {"known": seed.known, "structure_type": seed.structure_type, "origin": seed.origin}
        for seed in sorted(seeds, key=lambda s: s.phase_id)
    ]
    document = document_head(spec) | {"relaxation": asdict(options.relaxation), "phases": phases}
    failures = {phase["id"]: phase["reason"] for phase in phases if not phase["converged"]}
    if options.elastic != "none":
        _write(out, document, failures)  # kept also if no table can be made of them
        document["elasticity"] = asdict(options.elasticity)
        failures |= _add_moduli(document, spec, options, run)
    _write(out, document, failures)
    manifest = _write_table(out, *_table(document, spec))
    files = tuple(out / name for name in (DOCUMENT, TABLE, FAILURES))
    return Dataset(len(seeds), manifest.n_phases, failures, files, manifest)


def phase_record(phase_id: str, start: Crystal, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return one phase of a document; of what did not converge only why, and the last structure.

    Parameters
    ----------
    phase_id : str
    start : Crystal
        Start structure.
    record : mapping
        Of its relaxation, see `licoat.workflows.calculations.run_task`.
    """
    result, done = record["result"], record["status"] == OK
    phase = {"id": phase_id, "formula": start.formula, "converged": done}
    if not done:
        return phase | {"reason": record["reason"], "structure": _printed(result.get("structure", start.to_dict()))}
    return phase | {
        "n_sites": len(start),
        "energy_raw_ev_per_atom": round(result["energy_ev_per_atom"], 6),
        "volume_a3_per_atom": round(result["volume_a3_per_atom"], 5),
        "volume_start_a3_per_atom": round(result["volume_start_a3_per_atom"], 5),
        "steps": result["steps"],
        "fmax_ev_per_a": round(result["fmax_ev_per_a"], 5),
        "smax_gpa": None if result["smax_gpa"] is None else round(result["smax_gpa"], 4),
        "structure": _printed(result["structure"]),
    }


def _printed(structure: Mapping[str, Any]) -> dict[str, Any]:
    """Round a structure for the document: 1e-6 A and 1e-6 of a lattice vector."""
    return {
        "lattice": [[round(x, 6) for x in row] for row in structure["lattice"]],
        "species": list(structure["species"]),
        "frac_coords": [[round(x, 6) for x in row] for row in structure["frac_coords"]],
    }


def _add_moduli(
    document: dict[str, Any],
    spec: CalculatorSpec,
    options: BuildOptions,
    run: Callable[[Iterable[Task], str], dict[str, dict[str, Any]]],
) -> dict[str, str]:
    """Compute moduli of the phases that are to have them; return what failed."""
    converged = {str(p["id"]): p for p in document["phases"] if p["converged"]}
    wanted = [i for i in _wanted(document, spec, options.elastic) if i in converged]
    wanted.sort(key=lambda i: (converged[i]["n_sites"], i))  # the cheap ones first: a build that is cut off has most
    failures = {
        f"elastic {i}": f"{converged[i]['n_sites']} atoms in the cell, more than {options.elastic_max_atoms}"
        for i in wanted
        if converged[i]["n_sites"] > options.elastic_max_atoms and i not in options.elastic_phases
    }
    wanted += sorted(set(options.elastic_phases) & converged.keys() - set(wanted))
    wanted = [i for i in wanted if f"elastic {i}" not in failures]
    tasks = {i: Task.of(i, Crystal.from_dict(converged[i]["structure"], i), spec, options.elasticity) for i in wanted}
    records = run(tasks.values(), "elastic constants")
    for i, task in tasks.items():
        record = records[task.key]
        if record["status"] == OK:
            converged[i]["elastic"] = _moduli(record["result"])
        else:
            failures[f"elastic {i}"] = record["reason"]
    return failures


def _moduli(result: Mapping[str, Any]) -> dict[str, Any]:
    """Moduli of the document: Hill's means and the stiffness matrix, printed to 0.01 GPa."""
    moduli = result["moduli"]
    return {
        "bulk_modulus_gpa": round(moduli["bulk_hill_gpa"], 2),
        "shear_modulus_gpa": round(moduli["shear_hill_gpa"], 2),
        "stiffness_gpa": [[round(x, 2) for x in row] for row in result["stiffness_gpa"]],
    }


def _wanted(document: Mapping[str, Any], spec: CalculatorSpec, elastic: str) -> list[str]:
    """Return the identifiers of the phases whose moduli are to be computed."""
    if elastic == "all":
        return sorted(str(p["id"]) for p in document["phases"] if p["converged"])
    from licoat.workflows.screening import screen

    phases = PhaseTable(*_table(document, spec))
    wanted = set()
    for candidate in screen(phases).candidates:
        for side in (*candidate.path.final.reactants, *candidate.path.final.products):
            if elastic == "screen" or side.shear_modulus_gpa is None:
                wanted.add(side.phase_id)
    return sorted(wanted)


def _table(document: Mapping[str, Any], spec: CalculatorSpec) -> tuple[dict[str, Any], Manifest]:
    """Make columns and manifest of the document."""
    columns, details = computed_columns(document)
    corrected = spec.corrections == "mp2020"
    scheme = spec.scheme()
    try:
        classes = sigma_classes(columns, scheme, corrected=corrected) if spec.corrections != "none" else {}
        columns = energy_columns(columns, classes, corrected=corrected)
        PhaseTable(columns, Manifest(source="the data set", scheme=scheme))
    except MissingDataError as error:
        raise MissingDataError(f"{error}; the relaxed structures are in {DOCUMENT}") from error
    manifest = Manifest(
        source=f"calc:{spec.name}",
        scheme=scheme,
        description=f"phases relaxed with the calculator {spec.name} ({spec.label})",
        details=details | ({"sigma_ev_per_atom": {scheme.rpartition("/")[2]: classes}} if classes else {}),
    )
    return columns, manifest


def _write(out: Path, document: Mapping[str, Any], failures: Mapping[str, str]) -> None:
    with _aside(out) as folder:
        write_document(folder / DOCUMENT, document)
        with (folder / FAILURES).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(["phase_id", "reason"])
            writer.writerows(sorted(failures.items()))


def _write_table(out: Path, columns: Mapping[str, Any], manifest: Manifest) -> Manifest:
    with _aside(out) as folder:
        return write_parquet(columns, folder / TABLE, manifest)


@contextlib.contextmanager
def _aside(out: Path) -> Iterator[Path]:
    """Give a folder to write files in, which then take their places: two builds of one folder write the same."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".part-", dir=out) as folder:
        yield Path(folder)
        for path in sorted(Path(folder).iterdir(), reverse=True):  # a table before its manifest
            path.replace(out / path.name)
