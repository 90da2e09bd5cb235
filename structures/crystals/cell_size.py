"""Size of a cell whose shape and elements are given: start volume, scaling, shortest distance.

Radii and volumes of the elements come from ``data/prototypes.json``. Cells are dictionaries of ``lattice`` (3x3, A),
``species`` and ``frac_coords``.
"""

import json
import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from licoat.structures.chemistry.elements import ATOMIC_NUMBER, ELECTRONEGATIVITY
from licoat.structures.errors import FormulaError

__all__ = ["Cell", "own_data", "resized", "shortest_distance", "start_volume_a3"]

_OWN_FILE = Path(__file__).parents[1] / "data" / "prototypes.json"
_FIRST_VOLUME_A3_PER_ATOM = 12.0
_NEIGHBOUR_CUTOFF_A = 6.0
_SOFTNESS_A = 0.37

Cell = dict[str, Any]


@lru_cache(maxsize=1)
def own_data() -> dict[str, Any]:
    """Return licoat's own list of prototypes and the sizes of the elements, as in the file."""
    data: dict[str, Any] = json.loads(_OWN_FILE.read_text(encoding="utf-8"))
    return data


def start_volume_a3(cell: Mapping[str, Any]) -> float:
    """Estimate the volume of a cell in A^3 from its shape, its coordinates and its elements.

    Parameters
    ----------
    cell : mapping
        The cell; of its lattice only the shape counts.

    Raises
    ------
    FormulaError
        If the size of an element is not known.

    Notes
    -----
    Oxides: the volume at which the bond valences at the oxygen atoms, ``exp((r - d) / 0.37 A)`` with one ``r``
    for each element, sum to two per oxygen atom; coordination numbers need not be known. Elements: their own
    volume. All else: the sum of the atomic volumes in lithium compounds, that of each element times
    ``exp(-sum_b x_b max(0, X_b - X))`` with the atomic fractions x and electronegativities X of the others, for
    electropositive atoms shrink in company of electronegative ones. Radii and volumes are medians over relaxed
    phases (``about`` in ``data/prototypes.json``).
    """
    data, species = own_data(), cell["species"]
    kinds = sorted(set(species))
    oxide = "O" in kinds and len(kinds) > 1
    table = "oxygen_radii_a" if oxide else "element_volumes_a3" if len(kinds) == 1 else "compound_volumes_a3"
    sizes: dict[str, float] = data[table]
    for symbol in kinds:
        if symbol not in sizes and not (oxide and symbol == "O"):
            raise FormulaError(f"no start volume for compounds of {symbol!r}: its size is not known; give the volume")
    if oxide:
        return _valence_volume(cell, sizes)
    negativity = {symbol: ELECTRONEGATIVITY.get(symbol, 0.0) for symbol in kinds}
    pull = {a: sum(max(0.0, negativity[b] - negativity[a]) for b in species) / len(species) for a in kinds}
    return sum(sizes[symbol] * math.exp(-pull[symbol]) for symbol in species)


def _valence_volume(cell: Mapping[str, Any], radii: Mapping[str, float]) -> float:
    """Return the volume in A^3 at which the valences of the bonds to oxygen come out right."""
    first = _FIRST_VOLUME_A3_PER_ATOM * len(cell["species"])
    i, j, distance = _neighbours(resized(cell, first), _NEIGHBOUR_CUTOFF_A)
    oxygen = np.array([symbol == "O" for symbol in cell["species"]])
    bond = oxygen[j] & ~oxygen[i]
    radius = np.array([radii.get(symbol, 0.0) for symbol in cell["species"]])[i[bond]]
    low, high = 0.3, 3.0
    for _ in range(60):
        scale = (low + high) / 2.0
        if np.exp((radius - scale * distance[bond]) / _SOFTNESS_A).sum() > 2.0 * oxygen.sum():
            low = scale
        else:
            high = scale
    return float(first * scale**3)


def resized(cell: Mapping[str, Any], volume_a3: float) -> Cell:
    """Return the cell scaled to a volume in A^3, at the same shape and fractional coordinates."""
    lattice = np.asarray(cell["lattice"])
    scaled = lattice * (volume_a3 / abs(np.linalg.det(lattice))) ** (1.0 / 3.0)
    return {**cell, "lattice": scaled.tolist()}


def _neighbours(cell: Cell, cutoff: Any) -> tuple[Any, Any, Any]:  # noqa: ANN401 - as ase takes it
    """Return first atom, second atom and distance in A of all pairs within a cutoff."""
    from ase import Atoms
    from ase.neighborlist import neighbor_list

    atoms = Atoms(cell["species"], cell=cell["lattice"], scaled_positions=cell["frac_coords"], pbc=True)
    i, j, distance = neighbor_list("ijd", atoms, cutoff)
    return i, j, distance


def shortest_distance(cell: Cell) -> float:
    """Return the shortest distance relative to the sum of covalent radii, at most 1."""
    from ase.data import covalent_radii

    radii = covalent_radii[[ATOMIC_NUMBER[symbol] for symbol in cell["species"]]]
    i, j, distance = _neighbours(cell, list(radii))
    return float(min(distance / (radii[i] + radii[j]), default=1.0))
