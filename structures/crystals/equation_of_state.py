"""Birch-Murnaghan equation of state, fitted to the energies of a crystal at several volumes."""

import math
from dataclasses import dataclass

import numpy as np

from licoat.structures.chemistry.units import EV_PER_A3_TO_GPA
from licoat.structures.crystals.elastic_tensor import Array
from licoat.structures.rendering import outline

__all__ = ["EquationOfState", "birch_murnaghan"]


@dataclass(frozen=True, slots=True)
class EquationOfState:
    """Birch-Murnaghan equation of state; numbers are None where there is a reason.

    Attributes
    ----------
    reason : str
        Why there is no result; empty if there is.
    bulk_modulus_gpa, bulk_modulus_derivative : float or None
        At the minimum; dK/dP.
    volume_a3_per_atom, energy_ev_per_atom : float or None
        Of the minimum.
    rms_ev_per_atom : float or None
        What the fit leaves of the energies.
    """

    reason: str
    bulk_modulus_gpa: float | None = None
    bulk_modulus_derivative: float | None = None
    volume_a3_per_atom: float | None = None
    energy_ev_per_atom: float | None = None
    rms_ev_per_atom: float | None = None

    __repr__ = outline


def birch_murnaghan(ratios: Array, energies: Array, volume_a3: float) -> EquationOfState:
    """Fit the energy as a cubic in ``y = (V/V_given)^(-2/3) - 1``; volumes relative, the rest per atom.

    Parameters
    ----------
    ratios, energies : ndarray, shape (n,)
        Volumes in ascending order relative to that given; energies in eV per atom.
    volume_a3 : float
        The volume given, in A^3 per atom.

    Returns
    -------
    EquationOfState
        With a `reason` and no numbers where an energy is no number or the minimum is not in the range.
    """
    if not np.isfinite(energies).all():
        return EquationOfState(reason="the calculator gave energies that are no numbers")
    y = ratios ** (-2.0 / 3.0) - 1.0
    a3, a2, a1, a0 = np.polyfit(y, energies, 3)
    discriminant = a2 * a2 - 3.0 * a3 * a1
    at = -a1 / (a2 + math.sqrt(discriminant)) if a2 > 0.0 and discriminant > 0.0 else math.nan
    if not y.min() < at < y.max():
        return EquationOfState(
            reason=f"no minimum of the energy within volumes {ratios[0]:.3f} to {ratios[-1]:.3f} of that given"
        )
    x = 1.0 + at
    second, third = 2.0 * a2 + 6.0 * a3 * at, 6.0 * a3  # derivatives by y at the minimum, where the first vanishes
    volume = x**-1.5
    # V d/dV = -(2/3) x d/dx: K V = (4/9) x^2 E2 and dK/dP = 4 + (2/3) x E3 / E2, where E1 = 0
    return EquationOfState(
        reason="",
        bulk_modulus_gpa=float(4.0 / 9.0 * x * x * second / (volume * volume_a3)) * EV_PER_A3_TO_GPA,
        bulk_modulus_derivative=float(4.0 + 2.0 / 3.0 * x * third / second),
        volume_a3_per_atom=float(volume * volume_a3),
        energy_ev_per_atom=float(np.polyval((a3, a2, a1, a0), at)),
        rms_ev_per_atom=float(np.std(np.polyval((a3, a2, a1, a0), y) - energies)),
    )
