"""Moduli for the phases of a build: which of them are to have some, and what is done where a structure gives way."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from licoat.structures.crystals.calculator_spec import CalculatorSpec
from licoat.structures.crystals.crystal import Crystal
from licoat.structures.crystals.symmetry import space_group
from licoat.structures.errors import InputFileError, LicoatError
from licoat.structures.phases.enrichment import fact_columns
from licoat.structures.phases.table import PhaseTable
from licoat.thermo.lithiation import lithiate_many
from licoat.thermo.oxides import default_oxides
from licoat.workflows.calculations.store import OK
from licoat.workflows.calculations.tasks import Run, Task

if TYPE_CHECKING:
    from licoat.workflows.calculations.dataset import BuildOptions

__all__ = ["add_moduli"]

_DISTORTED_EV_PER_ATOM, _DISTORTED_VOLUME = 0.025, 0.05


def add_moduli(
    document: dict[str, Any], phases: PhaseTable, spec: CalculatorSpec, options: "BuildOptions", run: Run
) -> dict[str, str]:
    """Compute moduli of the phases that are to have them, and put them into the document.

    Parameters
    ----------
    document : dict
        Of the relaxed phases, see `licoat.structures.phases.computed`.
    phases : PhaseTable
        The table that it makes.
    spec : CalculatorSpec
    options : BuildOptions
    run : callable
        Takes tasks and their kind, returns their records by key.

    Returns
    -------
    dict of str to str
        What failed and why, by identifier with ``elastic`` before it.

    Raises
    ------
    InputFileError
        If those of the default screen are wanted and the phases cannot be screened.
    """
    converged = {str(p["id"]): p for p in document["phases"] if p["converged"]}
    by_rule = [] if options.elastic == "none" else _wanted(phases, options.elastic)
    wanted = [i for i in by_rule if i in converged]
    wanted.sort(key=lambda i: (converged[i]["n_sites"], i))  # the cheap ones first: a build that is cut off has most
    failures = {
        f"elastic {i}": f"{converged[i]['n_sites']} atoms in the cell, more than {options.elastic_max_atoms}"
        for i in wanted
        if converged[i]["n_sites"] > options.elastic_max_atoms and i not in options.elastic_phases
    }
    wanted += sorted(set(options.elastic_phases) & converged.keys() - set(wanted))
    wanted = [i for i in wanted if f"elastic {i}" not in failures]
    crystals = {i: Crystal.from_dict(converged[i]["structure"], i) for i in wanted}
    found, reasons = _elastic(crystals, spec, options, run)
    again = {i: crystals[i] for i in sorted(reasons) if not _published(crystals[i])}
    distorted, changes = _distorted(again, converged, spec, options, run)
    more, _ = _elastic(distorted, spec, options, run)
    for i, moduli in more.items():
        found[i] = moduli | {"distorted_ev_per_atom": changes[i]}
        del reasons[i]
    for i, moduli in found.items():
        converged[i]["elastic"] = moduli
    return failures | {f"elastic {i}": reason for i, reason in reasons.items()}


def _elastic(
    crystals: Mapping[str, Crystal], spec: CalculatorSpec, options: "BuildOptions", run: Run
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Compute moduli; return those that were obtained, and why the others were not."""
    tasks = {i: Task.of(i, crystal, spec, options.elasticity) for i, crystal in crystals.items()}
    records = run(tasks.values(), "elastic constants")
    ended = {i: records[task.key] for i, task in tasks.items()}
    return (
        {i: _moduli(record["result"]) for i, record in ended.items() if record["status"] == OK},
        {i: str(record["reason"]) for i, record in ended.items() if record["status"] != OK},
    )


def _published(crystal: Crystal) -> bool:
    """Say whether somebody has published moduli of this crystal; those of another polymorph are none of its own."""
    number = space_group(crystal.lattice, crystal.species, crystal.frac_coords)[1]
    facts = fact_columns([crystal.formula], [number])
    return facts["shear_modulus_gpa"][0] is not None and "other polymorph" not in facts["elastic_kind"][0]


def _distorted(
    crystals: Mapping[str, Crystal],
    phases: Mapping[str, Mapping[str, Any]],
    spec: CalculatorSpec,
    options: "BuildOptions",
    run: Run,
) -> tuple[dict[str, Crystal], dict[str, float]]:
    """Return the minima beside structures that have no elastic constants, and the energies that they lie lower.

    A structure whose symmetry the calculator does not hold (rutile PdO2 turns to the CaCl2 type at once) gives way
    when it is strained. Its distorted copy is taken for it if it is still the same phase for all that concerns a
    modulus: not more than thermal energy below, at almost the same volume.
    """
    given = options.relaxation
    tight = replace(given, fmax_ev_per_a=0.2 * given.fmax_ev_per_a, smax_gpa=0.2 * given.smax_gpa)  # saddles are flat
    tasks = {i: Task.of(f"{i}, displaced", crystal.displaced(), spec, tight) for i, crystal in crystals.items()}
    records = run(tasks.values(), "relaxing displaced")
    found, changes = {}, {}
    for i, task in tasks.items():
        result = records[task.key]["result"]
        if records[task.key]["status"] != OK:
            continue
        change = result["energy_ev_per_atom"] - phases[i]["energy_raw_ev_per_atom"]
        volume = result["volume_a3_per_atom"] / phases[i]["volume_a3_per_atom"] - 1.0
        if change > -_DISTORTED_EV_PER_ATOM and abs(volume) < _DISTORTED_VOLUME:
            found[i], changes[i] = Crystal.from_dict(result["structure"], i), round(change, 6)
    return found, changes


def _moduli(result: Mapping[str, Any]) -> dict[str, Any]:
    """Moduli of the document: Hill's means and the stiffness matrix, printed to 0.01 GPa."""
    moduli = result["moduli"]
    return {
        "bulk_modulus_gpa": round(moduli["bulk_hill_gpa"], 2),
        "shear_modulus_gpa": round(moduli["shear_hill_gpa"], 2),
        "stiffness_gpa": [[round(x, 2) for x in row] for row in result["stiffness_gpa"]],
    }


def _wanted(phases: PhaseTable, elastic: str) -> list[str]:
    """Return the identifiers of the phases whose moduli are to be computed."""
    if elastic == "all":
        return sorted(phases.text("phase_id"))
    try:
        oxides, _ = default_oxides(phases)
        paths = lithiate_many(oxides, phases)
    except LicoatError as error:
        raise InputFileError(
            f"--elastic {elastic}: these phases cannot be screened ({error}); their table is made, --elastic all or "
            "--elastic-phase ID adds moduli"
        ) from error
    wanted = set()
    for path in paths:
        for side in path.final.species:
            if elastic == "screen" or side.shear_modulus_gpa is None:
                wanted.add(side.phase_id)
    return sorted(wanted)
