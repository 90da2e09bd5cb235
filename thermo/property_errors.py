"""Errors of computed plateau voltages, volumes and band gaps against measured ones."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from licoat.structures.chemistry.book import Kind, Quantity, declare
from licoat.structures.errors import MissingDataError
from licoat.structures.phases.facts import number, read_facts
from licoat.structures.phases.table import PhaseTable, require_table
from licoat.structures.phases.volumes import measured_rows, volume_class
from licoat.structures.rendering import outline
from licoat.thermo.heat_errors import share_within
from licoat.thermo.lithiation import lithiate

__all__ = ["PROPERTIES", "PropertyError", "PropertySummary", "by_property", "gap_errors", "property_errors"]

PROPERTIES = declare(
    Quantity("quantity", "quantity", "What was measured.", Kind.TEXT, "validation"),
    Quantity("unit", "unit", "Of computed, measured and error.", Kind.TEXT, "validation"),
    Quantity("computed", "computed", "Of the table.", Kind.COUNT, "validation", digits=3),
    Quantity("measured", "measured", "At the temperature that `kind` says; room temperature else.", Kind.COUNT,
             "validation", digits=3),
    Quantity("measured_sigma", "sigma of the measured", "In the same unit.", Kind.COUNT, "validation", digits=3),
    Quantity("error", "error", "Computed minus measured; of volumes 100 ln(computed/measured).", Kind.COUNT,
             "validation", digits=3),
    Quantity("mean", "mean error", "Mean of the errors.", Kind.COUNT, "validation", digits=3),
    Quantity("mae", "mean absolute error", "Mean of |error|.", Kind.COUNT, "validation", digits=3),
    Quantity("rms", "root mean square error", "sqrt(mean error^2).", Kind.COUNT, "validation", digits=3),
)  # fmt: skip
"""Quantities of the comparison of other properties with measured ones."""

ROOM_TEMPERATURE_K = 298.0


@dataclass(frozen=True, slots=True)
class PropertyError:
    """One computed property beside its measured value.

    Attributes
    ----------
    quantity : {"plateau voltage", "volume", "PBE band gap"}
    label : str
        What it is of.
    kind : str
        Class of comparisons whose errors are alike.
    unit : str
    computed, measured : float
    sigma, measured_sigma : float or None
        One standard deviation of each, in the unit of the error.
    error : float
        Computed minus measured; of volumes 100 ln(computed / measured), percent.
    """

    quantity: str
    label: str
    kind: str
    unit: str
    computed: float
    measured: float
    sigma: float | None
    measured_sigma: float | None
    error: float

    __repr__ = outline


@dataclass(frozen=True, slots=True)
class PropertySummary:
    """Errors of one kind of a property: number, mean, mean absolute, root mean square, worst, shares within sigma."""

    quantity: str
    kind: str
    unit: str
    n: int
    mean: float
    mae: float
    rms: float
    worst: str
    within_1_sigma: float | None
    within_2_sigma: float | None

    __repr__ = outline


def property_errors(phases: PhaseTable) -> list[PropertyError]:
    """Return the errors of plateau voltages and volumes of a table.

    Raises
    ------
    InputTypeError
        If it is no table.
    """
    require_table(phases)
    return [*_voltages(phases.with_prefer("table")), *_volumes(phases)]


def _voltages(phases: PhaseTable) -> Iterable[PropertyError]:
    """Compare plateaus of alloys with measured potentials, at the middle of each measured plateau.

    Only potentials that were read in their source count; those of 630-700 K are of other entropies than the table's.
    """
    for row in read_facts("voltages"):
        start, end, potential = (number(row[name]) for name in ("y_start", "y_end", "E_V"))
        if not row["kind"].startswith("alloy") or not row["source"].startswith("READ"):
            continue
        if start is None or end is None or potential is None or not phases.rows_of(row["host"]):
            continue
        try:
            path = lithiate(row["host"], phases)
        except MissingDataError:
            continue  # no lithium in the table
        middle = 0.5 * (start + end)
        stage = next((s for s in path.stages if s.anode_atoms_from <= middle <= s.anode_atoms_to), None)
        if stage is None:
            continue  # the table's last alloy holds less lithium
        warm = (number(row["T_K"]) or 0.0) > ROOM_TEMPERATURE_K + 2.0
        kind = "alloys at 630-700 K" if warm else "alloys at 298 K"
        label = f"{row['host']}, {start:g}-{end:g} Li"
        yield PropertyError(
            "plateau voltage", label, kind, "V", stage.voltage_v, potential, stage.voltage_sigma_v, None,
            stage.voltage_v - potential,
        )  # fmt: skip


def _volumes(phases: PhaseTable) -> Iterable[PropertyError]:
    classes = phases.manifest.details.get("volume_sigma_percent", {})
    names = ("formula", "space_group_number", "volume_a3_per_atom")
    columns = phases.columns()
    for row, polymorph in measured_rows({name: columns[name] for name in names}):
        volume, measured = float(columns["volume_a3_per_atom"][row]), float(polymorph.volume_a3_per_atom or math.nan)
        kind = volume_class(polymorph.formula)
        sigma, error = classes.get(kind, {}).get("rms_percent"), 100.0 * math.log(volume / measured)
        label = f"{polymorph.formula} ({polymorph.name})"
        yield PropertyError("volume", label, kind, "%", volume, measured, sigma, polymorph.volume_sigma_percent, error)


def gap_errors() -> list[PropertyError]:
    """Return the errors of the PBE gaps of the Materials Project, of compounds whose gap was measured."""
    found = []
    for row in read_facts("bandgaps"):
        measured, computed = number(row["gap_exp_eV"]), number(row["gap_PBE_MP_eV"])
        kind = row["kind"].lower()
        if measured is None or computed is None or measured == 0.0 or "estimate" in kind or "unknown" in kind:
            continue
        label, what = f"{row['formula']} ({row['phase']})", row["klass"] or "other"
        found.append(
            PropertyError(
                "PBE band gap", label, what, "eV", computed, measured, None, number(row["u_eV"]), computed - measured
            )
        )
    return found


def by_property(errors: Sequence[PropertyError]) -> list[PropertySummary]:
    """Return the summary of each kind of each property, in the order in which they come."""
    groups: dict[tuple[str, str, str], list[PropertyError]] = {}
    for error in errors:
        groups.setdefault((error.quantity, error.kind, error.unit), []).append(error)
    rows = []
    for (quantity, kind, unit), members in groups.items():
        values = np.array([e.error for e in members])
        worst = max(members, key=lambda e: abs(e.error))
        sigmas = [(e.error, e.sigma, e.measured_sigma) for e in members]
        rows.append(
            PropertySummary(
                quantity=quantity,
                kind=kind,
                unit=unit,
                n=len(members),
                mean=float(values.mean()),
                mae=float(np.abs(values).mean()),
                rms=float(np.sqrt((values**2).mean())),
                worst=worst.label,
                within_1_sigma=share_within(1.0, sigmas),
                within_2_sigma=share_within(2.0, sigmas),
            )
        )
    return rows
