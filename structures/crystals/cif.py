"""Crystals from CIF: every atom that the symmetry makes, checked against what else the file says."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from licoat.structures.crystals.cif_sites import Site, sites_of, vector_of
from licoat.structures.crystals.cif_text import Block, Operations, blocks_of, first, listed_operations
from licoat.structures.crystals.crystal import MAX_ATOMS, Crystal
from licoat.structures.crystals.sameness import primitive, same_crystal
from licoat.structures.crystals.space_groups import Setting, named_settings, other_origins
from licoat.structures.errors import InputFileError, shown

__all__ = ["crystals_of_cif"]

_SAME_ATOM_A = 0.15
"""Images of one fully occupied atom that lie closer are one atom whose coordinates were written with few digits: the
shortest bond is five times as long."""
_METRIC = 5e-3
_DISORDERED = (
    "is partially occupied; give an ordered structure (pymatgen's OrderDisorderedStructureTransformation makes one)"
)
_MOST_EXPANDED = 20
"""A conventional cell of a supercell may hold so many times the atoms of the largest primitive cell."""
_CLOSED = 400
"""Operations up to which it is tested that they form a group; more are no list that somebody typed."""
_CELL = tuple(f"_cell_length_{x}" for x in "abc") + tuple(f"_cell_angle_{x}" for x in ("alpha", "beta", "gamma"))


def crystals_of_cif(text: str, *, max_atoms: int = MAX_ATOMS) -> list[tuple[str, Crystal]]:
    """Read the crystals of a CIF.

    Parameters
    ----------
    text : str
    max_atoms : int
        Largest primitive cell that is accepted.

    Returns
    -------
    list of (str, Crystal)
        Name of the block and primitive cell of each different crystal; one crystal in several blocks or settings
        stands once.

    Raises
    ------
    InputFileError
        If the text is no CIF, holds no atoms, or a block has a site that is not one whole atom, contradicts its own
        formula, number of formula units or symmetry, or atoms overlap.
    """
    blocks = [(name, block) for name, block in blocks_of(text) if "_atom_site_fract_x" in block]
    if not blocks:
        raise InputFileError("0 structures in the file; give one with its atoms (_atom_site_fract_x ...)")
    found: list[tuple[str, Crystal]] = []
    for name, block in blocks:
        try:
            crystal = _crystal_of(block, max_atoms)
        except InputFileError as error:
            where = f"block {shown(name, 40)}: " if len(blocks) > 1 else ""
            raise InputFileError(f"{where}{error}") from None
        if not any(same_crystal(crystal, other) for _, other in found):
            found.append((name, crystal))
    return found


def _crystal_of(block: Block, max_atoms: int) -> Crystal:
    """Return the one crystal that a block's sites and symmetry make."""
    lattice = _lattice(block)
    formula = _Formula.of(block)
    sites = sites_of(block, formula.counts if formula else {})
    passed: list[tuple[str, Crystal]] = []
    reasons: list[str] = []

    def try_out(settings: Sequence[Setting]) -> None:
        for setting in settings:
            try:
                crystal = _expanded(lattice, sites, setting, max_atoms)
                if formula is not None:
                    formula.check(crystal, sites)
                crystal.check_distances()
            except InputFileError as error:
                reasons.append(str(error))
                continue
            if not any(same_crystal(crystal, other) for _, other in passed):
                passed.append((setting.name, crystal))

    said = _settings(block)
    try_out(said)
    if not passed and formula is not None:
        try_out(other_origins(said))
    if not passed:
        raise InputFileError(reasons[0])
    if len(passed) > 1:
        raise InputFileError(
            f"the symmetry may be {passed[0][0]} or {passed[1][0]}, which give different crystals; list the operations "
            "(_symmetry_equiv_pos_as_xyz), or give _cell_formula_units_Z"
        )
    return primitive(passed[0][1])


def _lattice(block: Block) -> NDArray[np.float64]:
    """Return the lattice vectors of a block's cell in A, one per row."""
    lengths, angles = np.split(vector_of(block, _CELL), 2)
    if lengths.min() <= 0.0 or angles.min() <= 0.0 or angles.max() >= 180.0:
        raise InputFileError("the cell has no volume: lengths above 0 A and angles of 0 to 180 degrees are needed")
    cos_alpha, cos_beta, cos_gamma = np.cos(np.radians(angles))
    sin_gamma = math.sin(math.radians(angles[2]))
    along = (cos_alpha - cos_beta * cos_gamma) / sin_gamma
    height2 = 1.0 - cos_beta**2 - along**2
    if height2 < 1e-8:
        raise InputFileError("the cell has no volume: its three angles fit no cell")
    rows = [[1.0, 0.0, 0.0], [cos_gamma, sin_gamma, 0.0], [cos_beta, along, math.sqrt(height2)]]
    return np.round(lengths[:, None] * np.array(rows), 12)


def _settings(block: Block) -> list[Setting]:
    """Return the symmetry that a block may mean, the likeliest first.

    The operations count, where they are listed and as many as those of the group that is named. A program that lists
    ``x, y, z`` alone below the symbol of the group leaves open whether it lists all atoms.
    """
    listed = listed_operations(block)
    if listed is None:
        return named_settings(block) or [Setting("P 1", np.eye(3, 4)[None])]
    if len(listed) <= _CLOSED and not _is_closed(listed):
        raise InputFileError("the listed symmetry operations are no group: one is missing or mistyped")
    own = Setting(f"the {len(listed)} listed operations", listed)
    if any("_magn_" in name for name in block):
        return [own]
    try:
        named = named_settings(block)
    except InputFileError:  # a name that nobody knows does no harm beside the operations
        named = []
    return [own, *named] if named and all(len(s.operations) > len(listed) for s in named) else [own]


def _is_closed(operations: Operations) -> bool:
    """Say whether the product of any two operations is one of them, up to translations of the lattice."""
    rotations, translations = operations[:, :, :3], operations[:, :, 3]
    product = np.einsum("aij,bjk->abik", rotations, rotations).reshape(-1, 9)
    moved = (np.einsum("aij,bj->abi", rotations, translations) + translations[:, None, :]).reshape(-1, 3)
    own = {tuple(key) for key in _keys(rotations.reshape(-1, 9), translations)}
    return all(tuple(key) in own for key in _keys(product, moved))


def _keys(rotations: NDArray[np.float64], translations: NDArray[np.float64]) -> list[list[int]]:
    whole = np.round(translations * 48.0) % 48.0  # thirds, quarters, sixths and eighths, and nothing finer
    found: list[list[int]] = np.c_[np.round(rotations), whole].astype(int).tolist()
    return found


def _expanded(lattice: NDArray[np.float64], sites: Sequence[Site], setting: Setting, max_atoms: int) -> Crystal:
    """Return the whole cell: every site with its images, each atom once."""
    operations = setting.operations
    metric = lattice @ lattice.T
    rotations = operations[:, :, :3]
    if np.abs(np.swapaxes(rotations, 1, 2) @ metric @ rotations - metric).max() > _METRIC * metric.max():
        raise InputFileError(f"the symmetry ({setting.name}) does not fit lengths and angles of the cell")
    species: list[str] = []
    places = np.empty((0, 3))
    shares = np.empty(0)
    for site in sites:
        at, orbit = _orbit(lattice, np.array(site.place), operations)
        near = _near(lattice, places, at)
        if not near.size:
            species += [site.element] * len(orbit)
            shares = np.r_[shares, np.full(len(orbit), 1.0 if site.is_full else site.occupancy)]
            places = np.r_[places, orbit]
        elif species[near[0]] != site.element and not (site.is_full and shares[near[0]] == 1.0):
            parts = f"{species[near[0]]}{shares[near[0]]:.4g} {site.element}{site.occupancy:.4g}"
            raise InputFileError(f"the site {parts} at {np.round(at, 4).tolist()} {_DISORDERED}")
        elif species[near[0]] != site.element:
            raise InputFileError(
                f"site {shown(site.label)}: {site.element} and {species[near[0]]} share one place; give an ordered one"
            )
        elif not (site.is_full and shares[near[0]] == 1.0):  # not one atom listed twice, but two valences on one site
            shares[np.concatenate([_near(lattice, places, image) for image in orbit])] += site.occupancy
        if len(species) > _MOST_EXPANDED * max_atoms:
            raise InputFileError(
                f"more than {len(species)} atoms in the cell, for a limit of {max_atoms}; give the primitive cell, or "
                "raise the limit with --max-atoms"
            )
    for k in np.flatnonzero(np.abs(shares - 1.0) > 2e-3)[:1].tolist():
        raise InputFileError(f"the site {species[k]}{shares[k]:.4g} at {np.round(places[k], 4).tolist()} {_DISORDERED}")
    return Crystal.from_dict({"lattice": lattice.tolist(), "species": species, "frac_coords": places.tolist()}, "CIF")


def _orbit(
    lattice: NDArray[np.float64], place: NDArray[np.float64], operations: Operations
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a site, moved onto the special position that it is written near, and all its images."""
    images = operations[:, :, :3] @ place + operations[:, :, 3]
    shift = images - place
    shift -= np.round(shift)
    own = np.linalg.norm(shift @ lattice, axis=1) < _SAME_ATOM_A
    at = place + shift[own].mean(axis=0)
    images = operations[:, :, :3] @ at + operations[:, :, 3]
    orbit = [at]
    left = images
    while True:
        difference = left - orbit[-1]
        difference -= np.round(difference)
        left = left[np.linalg.norm(difference @ lattice, axis=1) >= _SAME_ATOM_A]
        if not len(left):
            break
        orbit.append(left[0])
    found = np.array(orbit)
    if len(found) > 1:
        found[1:] -= np.floor(found[1:] + 1e-9)
    return at, found


def _near(lattice: NDArray[np.float64], coords: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.intp]:
    difference = coords - at
    difference -= np.round(difference)
    return np.flatnonzero(np.linalg.norm(difference @ lattice, axis=1) < _SAME_ATOM_A)


@dataclass(frozen=True, slots=True)
class _Formula:
    """What a block says of its composition: formula as written, atoms in it, formula units in the cell or 0."""

    text: str
    counts: dict[str, Fraction]
    units: Fraction

    @classmethod
    def of(cls, block: Block) -> "_Formula | None":
        """Return the formula of a block; None if there is none, or a text that is no formula."""
        text = first(block, "_chemical_formula_sum")
        counts = _counts(text)
        units = first(block, "_cell_formula_units_z")
        known = re.fullmatch(r"\d{1,4}(\.\d{1,4})?", units)
        return cls(text, counts, Fraction(units) if known else Fraction(0)) if counts else None

    def check(self, crystal: Crystal, sites: Sequence[Site]) -> None:
        """Refuse a cell that lacks atoms of the formula, as those of hydrogen that X-rays did not find."""
        got = Counter(crystal.species)
        n_got, n_said = sum(got.values()), sum(self.counts.values())
        whole = all(n.denominator == 1 for n in self.counts.values())
        # A formula with a fraction was rounded, or follows occupancies that are 1 within their errors.
        slack = Fraction(0) if whole else Fraction(1, 500)
        if not whole and any(site.occupancy != 1.0 for site in sites):
            slack = Fraction(1, 100)
        for symbol in {*got, *self.counts}:
            if abs(Fraction(got[symbol], n_got) - self.counts.get(symbol, Fraction(0)) / n_said) > slack * Fraction(
                got[symbol], n_got
            ):
                raise InputFileError(
                    f"its formula is {shown(self.text)}, but its sites give {_written(got)}; atoms are missing, or the "
                    "symmetry is not that of the file"
                )
        in_cell = n_got / n_said
        # Some programs (pymatgen) write the formula of the whole cell beside Z.
        of_cell = whole and math.gcd(*(int(n) for n in self.counts.values())) == self.units
        if self.units and whole and in_cell != self.units and not (of_cell and in_cell == 1):
            raise InputFileError(
                f"its cell holds {float(in_cell):g} formula units {shown(self.text)}, but _cell_formula_units_Z is "
                f"{float(self.units):g}; atoms are missing, or the symmetry is not that of the file"
            )


def _written(counts: Counter[str]) -> str:
    """Return the atoms of the cell over their greatest common divisor."""
    divisor = math.gcd(*counts.values())
    return " ".join(f"{symbol}{n // divisor}" for symbol, n in sorted(counts.items()))


_PART = re.compile(r"(?P<symbol>[A-Z][a-z]?|[A-Z]{2})(?P<n>\d{1,6}(?:\.\d{0,6})?|\.\d{1,6})?")


def _counts(text: str) -> dict[str, Fraction]:
    """Read a formula such as ``O49 W18``, empty if it is none."""
    from licoat.structures.chemistry.elements import ATOMIC_NUMBER

    found: dict[str, Fraction] = {}
    for word in text[:1000].replace(",", " ").split():
        if re.fullmatch(r"\d?[+-]", word):  # the charge of an ion
            continue
        match = _PART.fullmatch(word)
        parts = [match] if match else list(_PART.finditer(word))
        if not parts or sum(len(part[0]) for part in parts) != len(word):
            return {}
        for part in parts:
            symbol = {"D": "H", "T": "H"}.get(part["symbol"], part["symbol"].capitalize())
            if symbol not in ATOMIC_NUMBER:
                return {}
            found[symbol] = found.get(symbol, Fraction(0)) + Fraction(part["n"] or 1)
    return {symbol: n for symbol, n in found.items() if n > 0}
