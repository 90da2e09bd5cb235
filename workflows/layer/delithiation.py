"""The way back: what the products of a path give when they are stripped, at which potential, and what stays."""

from dataclasses import dataclass

from licoat.structures.chemistry.alloys import is_alloy
from licoat.structures.chemistry.formula import parse_formula
from licoat.structures.rendering import outline
from licoat.thermo.path import LithiationPath
from licoat.thermo.polymorph import real_row
from licoat.thermo.preference import volume_of

__all__ = ["Strip", "find_strip"]


@dataclass(frozen=True, slots=True)
class Strip:
    """What stripping takes from the products, per formula unit of oxide.

    Attributes
    ----------
    potential_v, potential_sigma_v : float or None
        Of the last plateau: that of the product which gives its metal back first; None if inert.
    oxide_potential_v : float or None
        Of the plateau that ended before the first alloy; None if the path has none.
    alloy_anode_atoms : float
        Anode atoms in alloys.
    volume_a3 : float or None
        Of the products once these are gone; None without alloys, or if the path does not pass that state.
    """

    potential_v: float | None
    potential_sigma_v: float | None
    oxide_potential_v: float | None
    alloy_anode_atoms: float
    volume_a3: float | None

    __repr__ = outline


def find_strip(path: LithiationPath) -> Strip:
    """Go back along the path to where the first alloy was formed.

    Parameters
    ----------
    path : LithiationPath

    Returns
    -------
    Strip
    """
    if not path.stages:
        return Strip(None, None, None, 0.0, None)
    last = path.stages[-1]
    atoms = sum(n * parse_formula(f).get(path.anode, 0) for f, n in last.products.items() if is_alloy(f, path.anode))
    before = next((s for s in reversed(path.stages) if not any(is_alloy(f, path.anode) for f in s.products)), None)
    stripped = None
    if atoms and before is not None and abs(last.anode_atoms_to - before.anode_atoms_to - atoms) < 1e-6 * atoms:
        phases = path.phases
        parts = [(n, volume_of(phases, real_row(phases, formula)).a3) for formula, n in before.products.items()]
        stripped = None if any(v is None for _, v in parts) else sum(n * (v or 0.0) for n, v in parts)
    return Strip(
        potential_v=last.voltage_v,
        potential_sigma_v=last.voltage_sigma_v,
        oxide_potential_v=None if before is None else before.voltage_v,
        alloy_anode_atoms=float(atoms),
        volume_a3=stripped,
    )
