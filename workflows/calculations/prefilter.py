"""The cheap stage of a build: single points of all start structures say which of them are worth a relaxation.

A relaxation costs some fifty times its single point. Single points of all start structures are put into one table on
the build's own energy scheme; what lies within a limit of its hull is relaxed, the lowest of each composition first.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from licoat.structures.chemistry.formula import formula_unit, parse_formula
from licoat.structures.crystals.calculator_spec import CalculatorSpec
from licoat.structures.errors import InputFileError, MissingDataError
from licoat.structures.phases.computed import document_head, phase_columns
from licoat.structures.phases.provenance import Manifest
from licoat.structures.phases.table import PhaseTable
from licoat.structures.rendering import brief
from licoat.thermo.oxides import above_hull
from licoat.workflows.calculations.seeds import Seed
from licoat.workflows.calculations.store import OK
from licoat.workflows.calculations.tasks import Run, SinglePointSettings, Task

__all__ = ["Prefilter", "PrefilterOptions", "prefilter"]


@dataclass(frozen=True, slots=True)
class PrefilterOptions:
    """Which start structures are relaxed.

    Attributes
    ----------
    limit_ev_per_atom : float
        Farthest from the hull of all single points.
    per_composition : int
        Structures of one composition that are relaxed, the lowest first; known crystals are relaxed besides.
    """

    limit_ev_per_atom: float
    per_composition: int = 2

    def __post_init__(self) -> None:
        if not 0.0 <= self.limit_ev_per_atom <= 10.0:
            raise InputFileError(f"prefilter {self.limit_ev_per_atom!r}: expected eV per atom from 0 to 10")
        if self.per_composition < 1:
            raise InputFileError(f"per_composition {self.per_composition!r}: expected a whole number from 1")


@dataclass(frozen=True, slots=True)
class Prefilter:
    """What single points say.

    Attributes
    ----------
    seeds : tuple of Seed
        To be relaxed, in the order in which a build that is stopped is the best table that it could be by then:
        elements, then by distance from the hull in steps of 10 meV per atom, small cells first.
    above_hull_ev_per_atom : dict of str to float
        Of every start structure with a single point, by identifier.
    left_out : dict of str to str
        Why a start structure is not relaxed.
    """

    seeds: tuple[Seed, ...]
    above_hull_ev_per_atom: dict[str, float]
    left_out: dict[str, str]

    def __repr__(self) -> str:
        return brief(self, f"{len(self.seeds)} of {len(self.seeds) + len(self.left_out)} start structures to relax")


def prefilter(seeds: Sequence[Seed], spec: CalculatorSpec, options: PrefilterOptions, run: Run) -> Prefilter:
    """Compute single points of all start structures and choose those to relax.

    Parameters
    ----------
    seeds : sequence of Seed
    spec : CalculatorSpec
        The calculator that relaxes them, so that energies and corrections are those of the table.
    options : PrefilterOptions
    run : callable
        Takes tasks and their kind, returns their records by key.

    Returns
    -------
    Prefilter

    Raises
    ------
    MissingDataError
        If an element of the start structures has none of its own, so that there is no hull.

    Notes
    -----
    The distance from the hull is that of an unrelaxed structure, so an upper bound; with structures of a database of
    density-functional theory relaxation lowers it by some tens of meV per atom at most.
    """
    tasks = {seed.phase_id: Task.of(seed.phase_id, seed.crystal, spec, SinglePointSettings()) for seed in seeds}
    records = run(tasks.values(), "single points")
    head = document_head(spec)
    rows, left_out = [], {}
    for seed in seeds:
        key = tasks[seed.phase_id].key
        record = records.get(key)
        if record is None or record["status"] != OK:
            left_out[seed.phase_id] = "no single point" + (f": {record['reason']}" if record else " yet")
            continue
        phase = {
            "id": seed.phase_id,
            "formula": seed.crystal.formula,
            "energy_raw_ev_per_atom": record["result"]["energy_ev_per_atom"],
            "volume_a3_per_atom": seed.crystal.volume_a3 / len(seed.crystal),
            "structure": seed.crystal.to_dict(),
        }
        rows.append(phase_columns(phase, head))
    distance = _distances(rows, spec)
    chosen = list(_chosen([seed for seed in seeds if seed.phase_id in distance], distance, options, left_out))
    chosen.sort(key=_order(distance))
    return Prefilter(tuple(chosen), distance, left_out)


def _distances(rows: Sequence[dict[str, object]], spec: CalculatorSpec) -> dict[str, float]:
    """Distance of every structure from the hull of all, eV/atom, by identifier."""
    if not rows:
        raise MissingDataError("prefilter: not one start structure has a single point")
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    table = PhaseTable(columns, Manifest(source="single points", scheme=spec.scheme()))
    energy = table.column("formation_energy_ev_per_atom")
    lowest: dict[str, float] = {}
    by_element: dict[str, list[str]] = {}
    for formula in table.formulas:
        elements = list(parse_formula(formula))
        if len(elements) == 1:
            lowest[formula] = 0.0
        else:
            by_element.setdefault(elements[0], []).append(formula)
    for element, formulas in by_element.items():  # which element opens the hull makes no difference
        above = above_hull(formulas, table, element)
        for formula, distance in zip(formulas, above, strict=True):
            lowest[formula] = float(energy[table.rows_of(formula)[0]]) - distance
    return {
        phase_id: float(energy[i]) - lowest[formula]
        for i, (phase_id, formula) in enumerate(zip(table.text("phase_id"), table.text("formula"), strict=True))
    }


def _chosen(
    seeds: Sequence[Seed], distance: dict[str, float], options: PrefilterOptions, left_out: dict[str, str]
) -> Iterable[Seed]:
    """Yield what is relaxed, and note of the others why not."""
    taken: dict[str, int] = {}
    for seed in sorted(seeds, key=lambda s: (distance[s.phase_id], s.phase_id)):
        formula, above = formula_unit(seed.crystal.formula), distance[seed.phase_id]
        element = len(parse_formula(formula)) == 1
        if seed.known or (element and not taken.get(formula)):
            taken[formula] = taken.get(formula, 0) + 1
            yield seed
        elif above > options.limit_ev_per_atom:
            left_out[seed.phase_id] = f"{1000 * above:.0f} meV/atom above the hull of the single points"
        elif taken.get(formula, 0) >= options.per_composition:
            left_out[seed.phase_id] = f"{options.per_composition} lower structures of {formula} are relaxed"
        else:
            taken[formula] = taken.get(formula, 0) + 1
            yield seed


def _order(distance: dict[str, float]) -> Callable[[Seed], tuple[bool, int, int, str]]:
    def key(seed: Seed) -> tuple[bool, int, int, str]:
        element = len(set(seed.crystal.species)) == 1
        return not element, round(100.0 * distance[seed.phase_id]), len(seed.crystal), seed.phase_id

    return key
