"""Which number a reaction has where there are several: the one rule of ``prefer="best"``.

Energies, in this order, never two scales within one hull:

1. *measured*, where every substance of the reaction has a measured enthalpy;
2. *measured conversion + computed alloying*, where all that holds oxygen (and every element) has one: the formation of
   the compounds without oxygen from the elements is then the table's;
3. *computed*: the table's own.

Volumes: the measured one of each polymorph, else the table's. ``prefer="table"`` takes the table's throughout. End
states, plateaus and the energies above the hull are always the table's own.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from licoat.structures.chemistry.formula import atoms_per_formula_unit, parse_formula
from licoat.structures.chemistry.gases import is_gas
from licoat.structures.phases.measured import load_measured
from licoat.structures.phases.table import PhaseTable
from licoat.structures.phases.volumes import volume_class
from licoat.structures.rendering import outline
from licoat.thermo.polymorph import has_energy, measured_polymorph, real_row, with_energy

__all__ = [
    "ALLOYING_COMPUTED",
    "COMPUTED",
    "MEASURED",
    "Energy",
    "Volume",
    "energy_parts",
    "preferred_energy",
    "volume_of",
]

MEASURED, ALLOYING_COMPUTED, COMPUTED = "measured", "measured conversion + computed alloying", "computed"


@dataclass(frozen=True, slots=True)
class Energy:
    """An energy of reaction in eV, one standard deviation (None if unknown) and what it rests on."""

    ev: float
    sigma_ev: float | None
    basis: str

    __repr__ = outline


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume per formula unit in A3 (None if unknown), its relative standard deviation and its source."""

    a3: float | None
    sigma_percent: float | None
    source: str

    __repr__ = outline


def preferred_energy(phases: PhaseTable, amounts: Mapping[str, float], rows: Mapping[str, int], own: Energy) -> Energy:
    r"""Return the energy that a reaction has by the table's `PhaseTable.prefer`.

    Parameters
    ----------
    phases : PhaseTable
    amounts : mapping of str to float
        Formula units, reactants negative.
    rows : mapping of str to int
        The phase that each substance is.
    own : Energy
        The table's.

    Notes
    -----
    .. math:: \Delta E = \sum_\mathrm{measured} \nu_i H_i + \sum_\mathrm{without\ O} \nu_i E_i

    with the elements at zero in both sums.
    """
    parts = energy_parts(phases, amounts, rows)
    if parts is None:
        return own
    measured, (known, rest) = load_measured(), parts
    energy = math.fsum(amounts[f] * float(measured.energy_ev_per_fu[row]) for f, row in known.items())
    sigma = measured.reaction_sigma_ev({f: amounts[f] for f in known}, known)
    if not rest:
        return Energy(energy, sigma, MEASURED)
    lowest = {f: with_energy(phases, f)[0] for f in rest}
    energy += math.fsum(n * float(phases.energy_ev_per_fu[lowest[f]]) for f, n in rest.items())
    alloying = phases.reaction_sigma_ev(rest, lowest)
    both = None if sigma is None or alloying is None else math.hypot(sigma, alloying)
    return Energy(energy, both, ALLOYING_COMPUTED)


def energy_parts(
    phases: PhaseTable, amounts: Mapping[str, float], rows: Mapping[str, int]
) -> tuple[dict[str, int], dict[str, float]] | None:
    """Return what a reaction energy is made of, None if it is the table's own throughout.

    Parameters
    ----------
    phases, amounts, rows
        As for `preferred_energy`.

    Returns
    -------
    known : dict of str to int
        Substances whose energy is a measured enthalpy, with its row in the measured table.
    rest : dict of str to float
        Formula units of those whose energy is the table's.
    """
    measured = load_measured()
    if phases.prefer == "table" or phases.source == measured.source or "Gibbs" in phases.energy_kind:
        return None
    found = {formula: _measured_row(measured, phases, rows[formula]) for formula in amounts}
    known = {formula: row for formula, row in found.items() if row is not None}
    rest: dict[str, float] = {}
    if len(known) < len(found):
        # Compounds of the anode metal are all measured or all the table's: never two scales in one alloying.
        rest = {f: n for f, n in amounts.items() if len(parse_formula(f)) > 1 and "O" not in parse_formula(f)}
        known = {f: row for f, row in known.items() if f not in rest}
        if len(known) + len(rest) < len(amounts) or not any("O" in parse_formula(f) for f in known):
            return None
    return known, rest


def _measured_row(measured: PhaseTable, phases: PhaseTable, row: int) -> int | None:
    """Return the row of the measured enthalpy of a phase, None if it has none.

    That of its own polymorph; the default one only for the phase that stands for its formula.
    """
    formula, energies = phases.text("formula")[row], measured.column("formation_energy_ev_per_atom")
    polymorph = measured_polymorph(phases, row)
    if polymorph is not None and polymorph.key in measured:
        found = measured.index_of(polymorph.key)
        if not math.isnan(energies[found]):
            return found
    if len(parse_formula(formula)) > 1 and row != real_row(phases, formula):
        return None
    return real_row(measured, formula) if has_energy(measured, formula) else None


def volume_of(phases: PhaseTable, row: int) -> Volume:
    """Return the volume of a phase by the table's `PhaseTable.prefer`; none of a gas, whose crystal is a cold one's."""
    formula = phases.text("formula")[row]
    if is_gas(formula):
        return Volume(None, None, "")
    if phases.prefer == "best" and phases.source != load_measured().source:
        found = measured_polymorph(phases, row)
        if found is not None and found.volume_a3_per_atom is not None:
            atoms = atoms_per_formula_unit(formula)
            return Volume(found.volume_a3_per_atom * atoms, found.volume_sigma_percent, found.source)
    value = float(phases.column("volume_a3_per_atom")[row] * phases.atoms[row])
    if math.isnan(value):
        return Volume(None, None, "")
    own = phases.text("volume_source")[row] or f"{phases.source} (computed)"
    return Volume(value, _sigma_percent(phases, formula), own)


def _sigma_percent(phases: PhaseTable, formula: str) -> float | None:
    """Return how far the table's volumes of this kind are from measured ones, as its manifest says."""
    found = phases.manifest.details.get("volume_sigma_percent", {}).get(volume_class(formula))
    return None if found is None else float(found["rms_percent"])
