"""Whether two cells are one crystal, and the smallest cell of a crystal."""

import warnings
from collections import Counter
from math import gcd
from typing import Any

from licoat.structures.crystals.crystal import Crystal

__all__ = ["primitive", "same_crystal"]

_SAME_SITE_A = 0.01
_SAME_VOLUME = 0.03


def primitive(crystal: Crystal) -> Crystal:
    """Return the primitive cell; distortions of a supercell above 0.01 A are kept."""
    if _reduced(crystal) == Counter(crystal.species):  # one formula unit has no smaller cell
        return crystal
    # pymatgen's own tolerance, 0.25 A, takes the distortions out of a supercell.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        smaller = _structure(crystal).get_primitive_structure(tolerance=_SAME_SITE_A)
    if len(smaller) == len(crystal):
        return crystal
    return Crystal.from_dict(
        {
            "lattice": smaller.lattice.matrix.tolist(),
            "species": [site.specie.symbol for site in smaller],
            "frac_coords": smaller.frac_coords.tolist(),
        },
        "primitive cell",
    )


def same_crystal(first: Crystal, second: Crystal) -> bool:
    """Say whether two cells are one crystal in other settings, or determined twice.

    Lattice vectors may differ by 3 %, sites by 0.1 of the mean distance between atoms; the volume is not scaled.
    """
    if _reduced(first) != _reduced(second):
        return False
    volumes = [crystal.volume_a3 / len(crystal) for crystal in (first, second)]
    if abs(volumes[0] / volumes[1] - 1.0) > _SAME_VOLUME:
        return False
    from pymatgen.analysis.structure_matcher import StructureMatcher

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bool(
            StructureMatcher(ltol=0.03, stol=0.1, angle_tol=2.0, scale=False).fit(_structure(first), _structure(second))
        )


def _reduced(crystal: Crystal) -> Counter[str]:
    counts = Counter(crystal.species)
    divisor = gcd(*counts.values())
    return Counter({symbol: n // divisor for symbol, n in counts.items()})


def _structure(crystal: Crystal) -> Any:  # noqa: ANN401 - a pymatgen Structure
    from pymatgen.core.structure import Structure

    return Structure(crystal.lattice, list(crystal.species), crystal.frac_coords)
