"""Checks of a table of phases: is it physically possible, complete and what its manifest says."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from licoat.structures.chemistry.formula import formula_unit, parse_formula
from licoat.structures.chemistry.units import STANDARD_TEMPERATURE_K
from licoat.structures.phases.builtin import verify_builtin
from licoat.structures.phases.compositions import FormulaColumn
from licoat.structures.phases.facts import number, read_facts
from licoat.structures.phases.gate import formation_unit, li2o, moduli_unit, outside, volume_unit
from licoat.structures.phases.table import PhaseTable
from licoat.structures.rendering import outline

__all__ = ["OWN_CHECKS", "Check", "Test", "verify"]

Test = Callable[[PhaseTable], str]
"""Takes a table and returns what is wrong with it, an empty text if nothing is."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check; `problem` is empty if it holds."""

    name: str
    problem: str = ""

    __repr__ = outline

    def to_dict(self) -> dict[str, str | bool]:
        """Return a JSON-able dictionary."""
        return {"name": self.name, "ok": not self.problem, "problem": self.problem}


def verify(phases: PhaseTable, *, checks: Sequence[tuple[str, Test]] | None = None) -> list[Check]:
    """Check a table.

    Parameters
    ----------
    phases : PhaseTable
        Loading it has already checked the checksum of a snapshot.
    checks : sequence of (str, callable), optional
        Further ones, as those of a source; without, those of `OWN_CHECKS` for the table's source.

    Returns
    -------
    list of Check
        One entry per check, failed ones with the phase and the reason.
    """
    every: list[tuple[str, Test]] = [
        ("every element has a phase of its own", _elements_present),
        ("formation energies are within -6 and +5 eV/atom", _energy_range),
        ("Li2O formation energy in range", li2o),
        ("volumes are within 3 and 250 A3/atom", _volumes),
        ("moduli are positive and stable", _moduli),
        ("gaps are within 0 and 15 eV and have a source", _gaps),
        ("formation energies are near the measured enthalpies", formation_unit),
        ("volumes are near the measured ones", volume_unit),
        ("moduli are near the published ones", moduli_unit),
        ("no phase stands twice", _duplicates),
        ("the stored atoms of each phase are those of its formula", _atoms),
    ]
    further = OWN_CHECKS.get(phases.source, ()) if checks is None else checks
    return [Check(name, test(phases)) for name, test in (*every, *further)]


def _elements_present(phases: PhaseTable) -> str:
    own = {f for f in phases.formulas if len(parse_formula(f)) == 1}
    missing = [symbol for symbol in phases.symbols if formula_unit(symbol) not in own]
    return f"no phase of {', '.join(missing)}" if missing else ""


def _first(phases: PhaseTable, column: str) -> str:
    values, formulas = phases.column(column), phases.text("formula")
    bad = outside(column, values, formulas)
    if not bad.any():
        return ""
    i = int(np.flatnonzero(bad)[0])
    return f"{phases.text('phase_id')[i]} ({formulas[i]}) has {column} {values[i]:g}"


def _energy_range(phases: PhaseTable) -> str:
    return _first(phases, "formation_energy_ev_per_atom")


def _volumes(phases: PhaseTable) -> str:
    return _first(phases, "volume_a3_per_atom")


def _moduli(phases: PhaseTable) -> str:
    return _first(phases, "bulk_modulus_gpa") or _first(phases, "shear_modulus_gpa")


def _gaps(phases: PhaseTable) -> str:
    gap = phases.column("band_gap_ev")
    nameless = np.flatnonzero(~np.isnan(gap) & (np.array(phases.text("band_gap_kind")) == ""))
    if nameless.size:
        i = int(nameless[0])
        return f"{phases.text('phase_id')[i]} ({phases.text('formula')[i]}) has band_gap_ev {gap[i]:g} of no kind"
    return _first(phases, "band_gap_ev")


def _duplicates(phases: PhaseTable) -> str:
    energy, volume = phases.column("formation_energy_ev_per_atom"), phases.column("volume_a3_per_atom")
    seen: dict[tuple[str, float, float], str] = {}
    for i, formula in enumerate(phases.text("formula")):
        if np.isnan(energy[i]) or np.isnan(volume[i]):
            continue
        key = (formula, round(float(energy[i]), 6), round(float(volume[i]), 4))
        first = seen.setdefault(key, phases.text("phase_id")[i])
        if first != phases.text("phase_id")[i]:
            return f"{first} and {phases.text('phase_id')[i]} ({formula}) have the same energy and volume"
    return ""


def _atoms(phases: PhaseTable) -> str:
    formulas = phases.text("formula")
    return formulas.disagreement() if isinstance(formulas, FormulaColumn) else ""


def _gibbs_problems(tolerance_kj_per_mol: float = 1.5) -> Iterator[str]:
    """Compare tabulated Gibbs energies with H - T (S - sum of element entropies), within the enthalpy's sigma."""
    rows = list(read_facts("thermochem"))
    entropy: dict[str, float] = {}
    for row in rows:
        value = number(row["S298_J_molK"])
        if row["klass"] == "element" and value is not None:
            ((symbol, atoms),) = parse_formula(row["formula"]).items()
            entropy.setdefault(symbol, value / atoms)
    for row in rows:
        h, s, g = (number(row[name]) for name in ("dHf298_kJ_mol", "S298_J_molK", "dGf298_kJ_mol"))
        counts = parse_formula(row["formula"])
        if h is None or s is None or g is None or not set(counts) <= set(entropy):
            continue
        expected = h - STANDARD_TEMPERATURE_K * (s - sum(n * entropy[e] for e, n in counts.items())) / 1000.0
        if abs(expected - g) > max(tolerance_kj_per_mol, number(row["u_dHf"]) or 0.0):
            yield f"{row['key']}: G {g} but H - TS {expected:.1f} kJ/mol"


def _cp_problems(tolerance: float = 0.03) -> Iterator[str]:
    """Compare the first point of each heat capacity table with the tabulated value at 298 K."""
    known = {row["formula"]: number(row["Cp298_J_molK"]) for row in read_facts("thermochem")}
    for row in read_facts("heat_capacity"):
        expected = known.get(row["formula"])
        if float(row["T_K"]) != STANDARD_TEMPERATURE_K or expected is None:
            continue
        if abs(float(row["Cp_J_molK"]) / expected - 1.0) > tolerance:
            yield f"{row['formula']}: {row['Cp_J_molK']} in heat_capacity.csv, {expected} J/mol/K in thermochem.csv"


OWN_CHECKS: dict[str, tuple[tuple[str, Test], ...]] = {
    "builtin": (("embedded table is what its inputs give", lambda _: "; ".join(verify_builtin()[:3])),),
    "measured": (
        ("enthalpy, entropy and Gibbs energy agree", lambda _: "; ".join(_gibbs_problems())),
        ("heat capacity tables agree with the values at 298 K", lambda _: "; ".join(_cp_problems())),
    ),
}
"""What is checked of the embedded sources besides what is checked of every table."""
