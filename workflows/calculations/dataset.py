"""Build a table of phases by calculation: relax start structures, compute moduli, make the table.

Everything finished is kept in a store below the output folder, so a build that was killed goes on where it was,
on any engine, and ends in the same table.
"""

import csv
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from licoat.structures.crystals.calculator_spec import CalculatorSpec
from licoat.structures.crystals.crystal import Crystal
from licoat.structures.crystals.elasticity import ElasticSettings
from licoat.structures.crystals.relaxation import RelaxationSettings
from licoat.structures.crystals.symmetry import space_group
from licoat.structures.errors import InputFileError, LicoatError, MissingDataError, NotConvergedError
from licoat.structures.phases.compositions import FormulaColumn
from licoat.structures.phases.computed import (
    computed_columns,
    document_head,
    energy_columns,
    read_document,
    sigma_classes,
    write_document,
)
from licoat.structures.phases.parquet import manifest_path, write_parquet
from licoat.structures.phases.provenance import Manifest
from licoat.structures.phases.table import PhaseTable
from licoat.structures.publishing import published
from licoat.structures.rendering import brief
from licoat.workflows.calculations.moduli import add_moduli
from licoat.workflows.calculations.prefilter import PrefilterOptions, prefilter
from licoat.workflows.calculations.saddles import DISPLACE, descend
from licoat.workflows.calculations.seeds import Seed
from licoat.workflows.calculations.store import OK, Store
from licoat.workflows.calculations.tasks import OpenEngine, Progress, Task, run_tasks

__all__ = ["ELASTIC", "BuildOptions", "Dataset", "build_dataset", "phase_record"]

ELASTIC = ("none", "missing", "screen", "all")
"""Which moduli to compute: none; those that the default screen needs and nobody published; all that it needs; all."""

STORE, DOCUMENT, TABLE, FAILURES = "store", "relaxed.json.gz", "phases.parquet", "failures.csv"


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """How a data set is computed.

    Attributes
    ----------
    relaxation : RelaxationSettings
    displace : {"none", "unreported", "all"}
        Which relaxed structures are displaced and relaxed again, so that none stands on a saddle point, see
        `licoat.workflows.calculations.saddles`; none where relaxations keep the symmetry.
    elasticity : ElasticSettings
    elastic : {"none", "missing", "screen", "all"}
        See `ELASTIC`.
    elastic_max_atoms : int
        Largest cell whose moduli are computed: some twenty relaxations each.
    elastic_phases : tuple of str
        Identifiers of further phases whose moduli are computed, however large their cells; with ``none`` only these.
    retry_failed : bool
        Compute again what failed in an earlier run.
    window : int
        Calculations that are sent out at a time.
    prefilter : PrefilterOptions, optional
        Compute single points first, and relax only what they say is worth it; all start structures without.
    hours : float
        After so many hours nothing new is begun, and the table is made of what is finished.
    """

    relaxation: RelaxationSettings = field(default_factory=RelaxationSettings)
    displace: str = "unreported"
    elasticity: ElasticSettings = field(default_factory=ElasticSettings)
    elastic: str = "none"
    elastic_max_atoms: int = 40
    elastic_phases: tuple[str, ...] = ()
    retry_failed: bool = False
    window: int = 8
    prefilter: PrefilterOptions | None = None
    hours: float = math.inf

    def __post_init__(self) -> None:
        if self.elastic not in ELASTIC:
            raise InputFileError(f"elastic {self.elastic!r}: expected one of {', '.join(ELASTIC)}")
        if self.displace not in DISPLACE:
            raise InputFileError(f"displace {self.displace!r}: expected one of {', '.join(DISPLACE)}")
        if not self.hours > 0.0:
            raise InputFileError(f"hours {self.hours!r}: expected a number above 0")


@dataclass(frozen=True, slots=True)
class Dataset:
    """What a build made.

    Attributes
    ----------
    n_seeds, n_phases : int
        Start structures, and phases in the table.
    failures : dict of str to str
        What failed and why: identifier, with ``elastic`` before that of moduli and ``displaced`` before that of a
        second relaxation.
    files : tuple of Path
    manifest : Manifest
    """

    n_seeds: int
    n_phases: int
    failures: dict[str, str]
    files: tuple[Path, ...]
    manifest: Manifest

    def __repr__(self) -> str:
        return brief(self, f"{self.n_phases} phases of {self.n_seeds} seeds, {len(self.failures)} failures")

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return {
            "seeds": self.n_seeds,
            "phases": self.n_phases,
            "failures": self.failures,
            "files": [str(path) for path in self.files],
            "manifest": self.manifest.to_dict(),
        }


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
        See `licoat.workflows.calculations.engines.open_engine`.
    options : BuildOptions
    progress : callable, optional
        Called with the kind of calculation, the numbers done, failed and all.

    Returns
    -------
    Dataset

    Raises
    ------
    InputFileError
        If the folder holds a build with another calculator, moduli are wanted of a phase that is not among the seeds,
        or those of the default screen of a table of which it cannot be made.
    NotConvergedError
        If no relaxation gave a result.
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
    _check_calculator(out, spec)

    run = partial(
        run_tasks,
        store=store,
        open_engine=open_engine,
        window=options.window,
        retry_failed=options.retry_failed,
        progress=progress,
        deadline=time.monotonic() + 3600.0 * options.hours,
    )
    sieve = None if options.prefilter is None else prefilter(seeds, spec, options.prefilter, run)
    wanted = seeds if sieve is None else sieve.seeds
    relaxing = {seed.phase_id: Task.of(seed.phase_id, seed.crystal, spec, options.relaxation) for seed in wanted}
    records = run(relaxing.values(), "relaxing")
    finished = [seed for seed in wanted if relaxing[seed.phase_id].key in records]
    displace = "none" if options.relaxation.keep_symmetry else options.displace
    chosen = [relaxing[s.phase_id] for s in finished if displace == "all" or (displace != "none" and not s.known)]
    descents = descend(records, chosen, run)
    phases, failures = [], {}
    for seed in sorted(finished, key=lambda s: s.phase_id):
        key = relaxing[seed.phase_id].key
        descent = descents.get(key)
        phase = phase_record(seed.phase_id, seed.crystal, descent.record if descent else records[key])
        phase |= {"known": seed.known, "structure_type": seed.structure_type, "origin": seed.origin}
        if not phase["converged"]:
            failures[seed.phase_id] = phase["reason"]
        if descent is not None:
            change = descent.change_ev_per_atom
            phase["displaced_change_ev_per_atom"] = None if change is None else round(change, 6)
            if descent.reason:
                failures[f"displaced {seed.phase_id}"] = descent.reason
        phases.append(phase)
    document = document_head(spec) | {
        "relaxation": asdict(options.relaxation),
        "displaced": displace,
        "phases": phases,
    }
    if options.prefilter is not None and sieve is not None:
        document["prefilter"] = asdict(options.prefilter) | {
            "start_structures": len(seeds),
            "to_relax": len(sieve.seeds),
            "left_out": len(sieve.left_out),
        }
        failures |= {f"not relaxed {i}": why for i, why in sieve.left_out.items()}
    failures |= {f"not begun {s.phase_id}": "the time was up; --resume goes on" for s in wanted if s not in finished}
    _write(out, document, failures)  # before the moduli, so that a table is there whatever becomes of them
    manifest = _write_table(out, document, spec, failures)
    if options.elastic != "none" or options.elastic_phases:
        document["elasticity"] = asdict(options.elasticity)
        failures |= add_moduli(document, PhaseTable.load(out / TABLE), spec, options, run)
        _write(out, document, failures)
        manifest = _write_table(out, document, spec, failures)
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
        Of its relaxation, see `licoat.workflows.calculations.tasks.run_task`.
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
        "start_space_group_number": space_group(start.lattice, start.species, start.frac_coords)[1],
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
    write_document(out / DOCUMENT, document)
    with published(out / FAILURES) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["phase_id", "reason"])
        writer.writerows(sorted(failures.items()))


def _write_table(out: Path, document: Mapping[str, Any], spec: CalculatorSpec, failures: Mapping[str, str]) -> Manifest:
    """Write the table of the document; where none can be made an earlier one, of other phases, must not stay."""
    try:
        if not any(phase["converged"] for phase in document["phases"]):
            name = min(failures)
            raise NotConvergedError(
                f"none of {len(document['phases'])} relaxations gave a result ({out / FAILURES}), "
                f"the first: {name}: {failures[name]}"
            )
        columns, manifest = _table(document, spec)
    except LicoatError:
        for path in (out / TABLE, manifest_path(out / TABLE)):
            path.unlink(missing_ok=True)
        raise
    return write_parquet(columns | {"formula": FormulaColumn.of(columns["formula"])}, out / TABLE, manifest)


def _check_calculator(out: Path, spec: CalculatorSpec) -> None:
    """Refuse to go on in the folder of another calculator; a missing package is said here, before anything starts."""
    settings = spec.settings()
    try:
        earlier = read_document(out / DOCUMENT)["calculator"]
    except InputFileError:
        return  # there is none, or a damaged one, which is written anew
    if earlier == settings:
        return
    if earlier.get("name") != spec.name:
        what = f"the calculator {earlier.get('name')!r}, not with {spec.name!r}"
    else:
        different = next((key for key in settings if earlier.get(key) != settings[key]), "files_sha256")
        what = f"another {different} of the calculator {spec.name!r}"
    raise InputFileError(f"{out} holds a build with {what}; give another folder")
