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
from licoat.structures.chemistry.units import EV_TO_KJ_PER_MOL
from licoat.structures.errors import InputFileError, shortened
from licoat.structures.rendering import outline

if TYPE_CHECKING:
    from licoat.structures.phases.table import PhaseTable

__all__ = ["LI2O_RANGE_EV_PER_ATOM", "RANGES", "Misfit", "check_rows", "elements_at_zero", "li2o", "outside", "passed"]

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
    low, high = _USUAL.get(column, (np.nan, np.nan))
    wrong = np.abs(values[list(bad)])
    for unit, factor in _UNITS.get(column, ()):
        if (values[list(bad)] > 0).any() and (low <= np.median(wrong) * factor <= high):
            return unit
    return ""


def energy_unit(values: NDArray[np.float64], formulas: Sequence[str]) -> str:
    """Guess the unit of formation energies from Li2O, else from the range that they span; empty if none fits."""
    atoms = np.array([sum(parse_formula(formula).values()) for formula in formulas], dtype=float)
    units = (
        ("eV per formula unit", 1.0 / atoms),
        ("kJ/mol (of formula units)", 1.0 / EV_TO_KJ_PER_MOL / atoms),
        ("kJ/mol (of atoms)", np.full_like(atoms, 1.0 / EV_TO_KJ_PER_MOL)),
        ("kcal/mol (of formula units)", 4.184 / EV_TO_KJ_PER_MOL / atoms),
        ("kcal/mol (of atoms)", np.full_like(atoms, 4.184 / EV_TO_KJ_PER_MOL)),
        ("meV/atom", np.full_like(atoms, 1e-3)),
        ("J/mol", 1e-3 / EV_TO_KJ_PER_MOL / atoms),
        ("hartree/atom", np.full_like(atoms, 27.2114)),
        ("Ry/atom", np.full_like(atoms, 13.6057)),
        ("kJ/mol with the sign turned", -1.0 / EV_TO_KJ_PER_MOL / atoms),
        ("energies with the sign turned", np.full_like(atoms, -1.0)),
    )
    li2o_rows = [i for i, formula in enumerate(formulas) if formula == "Li2O" and np.isfinite(values[i])]
    if li2o_rows:
        own = min(li2o_rows, key=lambda i: values[i])
        low, high = LI2O_RANGE_EV_PER_ATOM
        return next((unit for unit, factor in units if low < values[own] * factor[own] < high), "")
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


def passed(phases: "PhaseTable", where: str) -> tuple["PhaseTable", dict[str, str]]:
    """Let a table through: without the impossible phases on which no hull depends, or not at all.

    Returns
    -------
    PhaseTable
        As it is, or without the phases set aside.
    dict of str to str
        Identifier and reason of each phase set aside.

    Raises
    ------
    InputFileError
        If a hull depends on a phase with an impossible number, or Li2O cannot be in eV/atom.
    """
    formulas = phases.text("formula")
    found = misfits({name: phases.column(name) for name in RANGES}, formulas)
    first: dict[int, Misfit] = {}
    for misfit in found:
        first.setdefault(misfit.row, misfit)
    energy = phases.column(FORMATION)
    good: dict[str, float] = {}
    for i, formula in enumerate(formulas):
        if i not in first and not np.isnan(energy[i]):
            good[formula] = min(float(energy[i]), good.get(formula, np.inf))
    ids = phases.text("phase_id")
    for i, misfit in first.items():
        if not _aside(misfit, float(energy[i]), good.get(formulas[i])):
            more = f" ({len(first)} such phases)" if len(first) > 1 else ""
            raise InputFileError(f"{where}: {misfit.text(ids[i], formulas[i])}{more}")
    if first:
        phases = phases.subset(i for i in range(len(phases)) if i not in first)
    wrong = li2o(phases, LI2O_ANY_SCHEME)
    if wrong:
        hint = energy_unit(phases.column(FORMATION), phases.text("formula"))
        raise InputFileError(f"{where}: {wrong}{f'; looks like {hint}' if hint else '; are all energies in eV/atom?'}")
    return phases, {ids[i]: misfit.text("", formulas[i]) for i, misfit in sorted(first.items())}


def _aside(misfit: Misfit, energy: float, best: float | None) -> bool:
    """Say whether no hull depends on a phase: a sound one of its composition lies lower, or the elements do."""
    if misfit.column == FORMATION:
        return best is not None or (misfit.value > 0.0 and not misfit.hint)
    if np.isnan(energy):
        return True
    return energy > 0.0 or (best is not None and best <= energy)
