"""What a phase can be: ranges of every number, wider than the widest real phase; one gate for all files.

`licoat data verify` asks the same functions. A number outside is a slip of the unit more often than anything else, so
the message says which unit it looks like.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from licoat.structures.chemistry.formula import parse_formula
from licoat.structures.errors import InputFileError, shortened
from licoat.structures.phases.known_values import (
    ENERGY_UNITS,
    FACTOR_COLUMNS,
    energy_problem,
    factor_problem,
    likely_energy_unit,
    likely_factor,
)
from licoat.structures.rendering import outline

if TYPE_CHECKING:
    from licoat.structures.phases.table import PhaseTable

__all__ = [
    "LI2O_RANGE_EV_PER_ATOM",
    "RANGES",
    "Misfit",
    "Passed",
    "check_rows",
    "elements_at_zero",
    "formation_unit",
    "li2o",
    "moduli_unit",
    "outside",
    "passed",
    "volume_unit",
]

LI2O_RANGE_EV_PER_ATOM: Final = (-2.25, -1.75)
"""Formation energy of Li2O: measured -2.066, MP2020 -2.06, uncorrected PBE -1.82."""

LI2O_ANY_SCHEME: Final = (-2.6, -1.2)
"""The same for any functional and any temperature to 2000 K: outside it is another unit."""

FORMATION: Final = "formation_energy_ev_per_atom"
RANGES: Final = {
    FORMATION: (-6.0, 5.0),
    "energy_sigma_ev_per_atom": (0.0, 5.0),
    "volume_a3_per_atom": (3.0, 250.0),
    "band_gap_ev": (0.0, 15.0),
    "band_gap_sigma_ev": (0.0, 15.0),
    "bulk_modulus_gpa": (1e-3, 1000.0),
    "shear_modulus_gpa": (1e-3, 1000.0),
    "elastic_sigma_percent": (0.0, 1000.0),
    "entropy_j_per_mol_k": (0.0, 1e5),
    "heat_capacity_j_per_mol_k": (0.0, 1e5),
    "melting_point_k": (1.0, 6000.0),
    "fusion_enthalpy_kj_per_mol": (0.0, 1e5),
    "ionic_conductivity_s_per_cm": (0.0, 1e3),
    "electronic_resistivity_ohm_cm": (0.0, 1e40),
}
"""Lowest and highest possible number of a column. CeF3 has -4.5 eV/atom, diamond 5.7 A3/atom and 443 GPa, LiF a gap of
14.2 eV; files of the Materials Project hold open crystals of 158 A3/atom."""

_GASES: Final = frozenset({"H2", "N2", "O2", "F2", "Cl2", "He", "Ne", "Ar", "Kr", "Xe"})
_LARGEST: Final = 1e7
_NO_HULL: Final = ("bulk_modulus_gpa", "shear_modulus_gpa", "band_gap_ev")
_UNITS: Final[Mapping[str, tuple[tuple[str, float], ...]]] = {
    "volume_a3_per_atom": (
        ("nm3", 1e3),
        ("pm3", 1e-6),
        ("m3/mol (divided by N)", 1e30),
        ("the volume of a whole cell", 0.02),
    ),
    "band_gap_ev": (("meV", 1e-3), ("J", 6.241509e18)),
    "bulk_modulus_gpa": (("MPa", 1e-3), ("kPa", 1e-6), ("Pa", 1e-9)),
    "shear_modulus_gpa": (("MPa", 1e-3), ("kPa", 1e-6), ("Pa", 1e-9)),
    "energy_sigma_ev_per_atom": (("meV", 1e-3),),
}
_USUAL: Final = {
    "bulk_modulus_gpa": (1.0, 600.0),
    "shear_modulus_gpa": (1.0, 600.0),
    "volume_a3_per_atom": (3.0, 120.0),
    "band_gap_ev": (0.05, 15.0),
    "energy_sigma_ev_per_atom": (1e-3, 1.0),
}


@dataclass(frozen=True, slots=True)
class Misfit:
    """A number that cannot be: row, column, value, and the unit that it looks like."""

    row: int
    column: str
    value: float
    hint: str = ""

    __repr__ = outline

    def text(self, phase_id: str, formula: str) -> str:
        """Say it in one line."""
        low, high = RANGES[self.column]
        name = f"{shortened(phase_id, 40)} ({formula})" if phase_id else formula
        range_text = f"expected {low:g} to {high:g}"
        return (
            f"{name} has {self.column} {self.value:g}, {range_text}{f'; looks like {self.hint}' if self.hint else ''}"
        )


def outside(column: str, values: NDArray[np.float64], formulas: Sequence[str]) -> NDArray[np.bool_]:
    """Mark the numbers of a column that no phase can have; unknown ones are not marked."""
    low, high = RANGES[column]
    bad: NDArray[np.bool_] = (values < low) | (values > high)
    if column == "volume_a3_per_atom" and bad.any():
        bad &= ~(np.array([formula in _GASES for formula in formulas]) & (values > high))  # a molecule in a box
    return bad


def misfits(values: Mapping[str, NDArray[np.float64]], formulas: Sequence[str]) -> list[Misfit]:
    """Return every impossible number of some columns, energies first."""
    found = []
    for column in RANGES:
        if column in values:
            bad = np.flatnonzero(outside(column, values[column], formulas)).tolist()
            hint = _unit_hint(column, values[column], formulas, bad) if bad else ""
            found += [Misfit(row, column, float(values[column][row]), hint) for row in bad]
    return found


def _unit_hint(column: str, values: NDArray[np.float64], formulas: Sequence[str], bad: Sequence[int]) -> str:
    if column == FORMATION:
        return energy_unit(values, formulas)
    known = likely_factor(column, values, formulas) if column in FACTOR_COLUMNS else ""
    if known:
        return known
    low, high = _USUAL.get(column, (np.nan, np.nan))
    wrong = np.abs(values[list(bad)])
    for unit, factor in _UNITS.get(column, ()):
        if (values[list(bad)] > 0).any() and (low <= np.median(wrong) * factor <= high):
            return unit
    return ""


def energy_unit(values: NDArray[np.float64], formulas: Sequence[str]) -> str:
    """Guess the unit of formation energies from Li2O, else from the range that they span; empty if none fits."""
    atoms = np.array([sum(parse_formula(formula).values()) for formula in formulas], dtype=float)
    units = [
        (unit, factor / (atoms if per_formula else np.ones_like(atoms))) for unit, factor, per_formula in ENERGY_UNITS
    ]
    li2o_rows = [i for i, formula in enumerate(formulas) if formula == "Li2O" and np.isfinite(values[i])]
    if li2o_rows:
        own = min(li2o_rows, key=lambda i: values[i])
        low, high = LI2O_RANGE_EV_PER_ATOM
        return next((unit for unit, factor in units if low < values[own] * factor[own] < high), "")
    known = likely_energy_unit(values, formulas)
    if known:
        return known
    finite = np.isfinite(values) & (np.abs(values) < 1e300) & (atoms > 0)
    for unit, factor in units:
        scaled = values[finite] * factor[finite]
        if scaled.size and scaled.min() > -4.6 and scaled.max() < 1.0 and scaled.min() < -0.3:
            return unit
    return ""


def check_rows(rows: Sequence[Mapping[str, Any]], where: str) -> None:
    """Bound every magnitude before anything is computed with it.

    Raises
    ------
    InputFileError
        If a number is beyond everything that a phase can have.
    """
    columns = {name for row in rows for name in row if name in {*RANGES, "energy_ev_per_atom"}}
    formulas = [row["formula"] for row in rows]
    for name in sorted(columns):
        values = np.array([_or_nan(row.get(name)) for row in rows])
        highest = max(_LARGEST, RANGES.get(name, (0.0, 0.0))[1])
        huge = np.flatnonzero(np.abs(values) > highest)
        if huge.size:
            i = int(huge[0])
            hint = _unit_hint(name, np.where(np.abs(values) > 1e100, np.nan, values), formulas, [i])
            phase = f"{shortened(rows[i].get('phase_id', ''), 40) or formulas[i]} ({formulas[i]})"
            raise InputFileError(
                f"{where}: {phase} has {name} {values[i]:g}, which no phase has{f'; looks like {hint}' if hint else ''}"
            )


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def li2o(phases: "PhaseTable", limits: tuple[float, float] = LI2O_RANGE_EV_PER_ATOM) -> str:
    """Say what is wrong with the formation energy of Li2O; empty if nothing is or there is none."""
    rows = phases.rows_of("Li2O")
    energy = phases.column(FORMATION)
    if not rows or np.isnan(energy[rows[0]]):
        return ""
    low, high = limits
    value = float(energy[rows[0]])
    return "" if low < value < high else f"Li2O has {value:.3f} eV/atom, expected {low} to {high}"


def elements_at_zero(rows: Sequence[Mapping[str, Any]], where: str) -> None:
    """Refuse formation energies whose elements are far from 0: they are total energies.

    Raises
    ------
    InputFileError
        Naming the element.
    """
    lowest: dict[str, float] = {}
    for row in rows:
        if len(parse_formula(row["formula"])) == 1 and row.get(FORMATION) is not None:
            lowest[row["formula"]] = min(row[FORMATION], lowest.get(row["formula"], np.inf))
    for formula, value in lowest.items():
        if value < -0.7:
            raise InputFileError(
                f"{where}: {FORMATION} of the element {formula} is {value:g}, where it is 0 by definition; looks like "
                "total energies (energy_ev_per_atom)"
            )


@dataclass(frozen=True, slots=True)
class Passed:
    """A table that went through the gate, and what stayed behind.

    Attributes
    ----------
    phases : PhaseTable
        Without the impossible phases on which no hull depends, and without impossible moduli and gaps.
    set_aside : dict of str to str
        Identifier and reason of each phase set aside.
    unknown : dict of str to str
        Identifier and reason of each phase of which a number was taken as unknown.
    """

    phases: "PhaseTable"
    set_aside: dict[str, str]
    unknown: dict[str, str]

    __repr__ = outline


def passed(phases: "PhaseTable", where: str) -> Passed:
    """Let a table through: without impossible phases and numbers on which no hull depends, or not at all.

    Raises
    ------
    InputFileError
        If a hull depends on a phase with an impossible number, most numbers of a column are impossible, or energies,
        volumes or moduli are in another unit.
    """
    formulas, ids = phases.text("formula"), phases.text("phase_id")
    found = misfits({name: phases.column(name) for name in RANGES}, formulas)
    blank = _blank(found, phases)
    first: dict[int, Misfit] = {}
    for misfit in found:
        if misfit not in blank:
            first.setdefault(misfit.row, misfit)
    _refuse_needed(phases, first, where)
    if blank:
        columns = {name: np.array(phases.column(name)) for name in _NO_HULL}
        for misfit in blank:
            columns[misfit.column][misfit.row] = np.nan
        phases = type(phases)(phases.columns() | columns, phases.manifest)
    if first:
        phases = phases.subset(i for i in range(len(phases)) if i not in first)
    wrong = next(filter(None, (problem(phases) for problem in SYSTEMATIC)), "")
    if wrong:
        raise InputFileError(f"{where}: {wrong}")
    aside = {ids[i]: misfit.text("", formulas[i]) for i, misfit in sorted(first.items())}
    return Passed(phases, aside, {ids[misfit.row]: misfit.text("", formulas[misfit.row]) for misfit in blank})


def _refuse_needed(phases: "PhaseTable", first: Mapping[int, Misfit], where: str) -> None:
    """Refuse a table if a hull depends on a phase with an impossible number."""
    formulas, ids, energy = phases.text("formula"), phases.text("phase_id"), phases.column(FORMATION)
    good: dict[str, float] = {}
    for i, formula in enumerate(formulas):
        if i not in first and not np.isnan(energy[i]):
            good[formula] = min(float(energy[i]), good.get(formula, np.inf))
    for i, misfit in first.items():
        if not _aside(misfit, float(energy[i]), good.get(formulas[i])):
            more = f" ({len(first)} such phases)" if len(first) > 1 else ""
            raise InputFileError(f"{where}: {misfit.text(ids[i], formulas[i])}{more}")


def _blank(found: Sequence[Misfit], phases: "PhaseTable") -> list[Misfit]:
    """Return the impossible moduli and gaps that are few of their column and in no other unit: no hull needs them."""
    few = {
        name for name in _NO_HULL if 2 * sum(m.column == name for m in found) <= np.isfinite(phases.column(name)).sum()
    }
    return [misfit for misfit in found if misfit.column in few and not misfit.hint]


def li2o_unit(phases: "PhaseTable") -> str:
    """Say what is wrong with Li2O that no functional and no temperature explains; empty if nothing is."""
    wrong = li2o(phases, LI2O_ANY_SCHEME)
    if not wrong:
        return ""
    hint = energy_unit(phases.column(FORMATION), phases.text("formula"))
    return f"{wrong}{f'; looks like {hint}' if hint else '; are all energies in eV/atom?'}"


def formation_unit(phases: "PhaseTable") -> str:
    """Say whether formation energies are in another unit, by the measured enthalpies; empty if they are not."""
    # At 2000 K a Gibbs energy is 1 eV/atom from the enthalpy; Li2O alone bounds it.
    if phases.energy_kind.startswith("Gibbs"):
        return ""
    problem = energy_problem(_possible(phases, FORMATION), phases.text("formula"))
    return f"formation energies are {problem}" if problem else ""


def _possible(phases: "PhaseTable", column: str) -> NDArray[np.float64]:
    """Return a column without its impossible numbers: those are named one by one."""
    values = phases.column(column)
    return np.where(outside(column, values, phases.text("formula")), np.nan, values)


def volume_unit(phases: "PhaseTable") -> str:
    """Say whether volumes are in another unit, by the measured ones; empty if they are not."""
    return _factor(phases, "volume_a3_per_atom")


def moduli_unit(phases: "PhaseTable") -> str:
    """Say whether moduli are in another unit, by the published ones; empty if they are not."""
    return _factor(phases, "bulk_modulus_gpa") or _factor(phases, "shear_modulus_gpa")


def _factor(phases: "PhaseTable", column: str) -> str:
    problem = factor_problem(column, _possible(phases, column), phases.text("formula"), phases.column(FORMATION))
    return f"{column} is {problem}" if problem else ""


SYSTEMATIC: Final = (li2o_unit, formation_unit, volume_unit, moduli_unit)
"""What may be wrong with a whole table where every single number could be."""


def _aside(misfit: Misfit, energy: float, best: float | None) -> bool:
    """Say whether no hull depends on a phase: a sound one of its composition lies lower, or the elements do."""
    if misfit.column == FORMATION:
        return best is not None or (misfit.value > 0.0 and not misfit.hint)
    if np.isnan(energy):
        return True
    return energy > 0.0 or (best is not None and best <= energy)
