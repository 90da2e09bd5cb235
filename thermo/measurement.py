"""The measured side of a computed reaction: the same equation with measured enthalpies and volumes."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from licoat.structures import PhaseTable
from licoat.structures.chemistry.formula import atoms_per_formula_unit
from licoat.structures.phases.facts import observed_phase
from licoat.structures.rendering import outline
from licoat.thermo.path import LithiationPath
from licoat.thermo.polymorph import has_energy
from licoat.thermo.reacting import build_reaction
from licoat.thermo.reaction import Reaction

__all__ = ["MeasuredSide", "measured_reaction", "measured_side", "measured_volume_ratio"]


@dataclass(frozen=True, slots=True)
class MeasuredSide:
    """Measured counterpart of a computed reaction; `missing` names what was not measured.

    Attributes
    ----------
    measured_energy_ev_per_fu, measured_energy_sigma_ev_per_fu : float or None
        Reaction enthalpy at 298.15 K per formula unit of oxide.
    measured_heat_mj_per_kg_oxide : float or None
    measured_volume_ratio_oxide : float or None
        From measured volumes.
    measured_missing : str
        Substances without a measured enthalpy.
    """

    measured_energy_ev_per_fu: float | None
    measured_energy_sigma_ev_per_fu: float | None
    measured_heat_mj_per_kg_oxide: float | None
    measured_volume_ratio_oxide: float | None
    measured_missing: str

    __repr__ = outline

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return {name: getattr(self, name) for name in self.__slots__}


def measured_reaction(reaction: Reaction, measured: PhaseTable) -> Reaction | str:
    """Compute the same reaction from measured data.

    Returns
    -------
    Reaction or str
        The reaction, or the substances that were not measured, in words.
    """
    if not reaction.coefficients:
        return "no reaction"
    coefficients = {f: Fraction(n).limit_denominator(100_000) for f, n in reaction.coefficients.items()}
    lacking = [formula for formula in coefficients if not has_energy(measured, formula)]
    if lacking:
        return f"no measured enthalpy of {', '.join(lacking)}"
    return build_reaction(measured, coefficients, anode=reaction.anode)


def measured_volume_ratio(reaction: Reaction) -> float | None:
    """Products over oxide from the measured volumes of the observed polymorphs, None if one was not measured."""
    volumes = {f: _measured_volume(f) for f, n in reaction.coefficients.items() if n > 0 or f == reaction.oxide}
    if not volumes or None in volumes.values():
        return None
    produced = sum(n * (volumes[f] or 0.0) for f, n in reaction.coefficients.items() if n > 0)
    return produced / (volumes[reaction.oxide] or 1.0)


def _measured_volume(formula: str) -> float | None:
    """Measured volume per formula unit in A^3."""
    phase = observed_phase(formula)
    if phase is None or phase.volume_a3_per_atom is None:
        return None
    return phase.volume_a3_per_atom * atoms_per_formula_unit(formula)


def measured_side(path: LithiationPath, measured: PhaseTable) -> MeasuredSide:
    """Return the measured counterpart of an oxide's end state."""
    ratio = measured_volume_ratio(path.final)
    found = measured_reaction(path.final, measured)
    if isinstance(found, str):
        return MeasuredSide(None, None, None, ratio, found)
    return MeasuredSide(found.energy_ev_per_fu, found.energy_sigma_ev_per_fu, found.heat_mj_per_kg_oxide, ratio, "")
