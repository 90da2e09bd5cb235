"""Measured and published facts that ship with the package, read from the CSV files in ``structures/data``.

Each row of those files describes one polymorph under a key (``Sb2O3-s`` is senarmontite) and names its
sources. ``molar_volume.csv`` says which polymorph of a formula a powder really is at room temperature
(``default_polymorph``) and its space group; that decides which phase *reacts* (`observed_phase`).
"""

import csv
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from licoat.structures.chemistry.elements import ATOMIC_MASS_G
from licoat.structures.chemistry.formula import formula_unit, parse_formula
from licoat.structures.rendering import outline

__all__ = [
    "DATA",
    "GapFact",
    "HazardFact",
    "ModulusFact",
    "ObservedPhase",
    "gap_fact",
    "hazard_fact",
    "is_citable",
    "metal_gap",
    "modulus_fact",
    "observed_phase",
    "observed_phases",
    "polymorph_key",
    "polymorphs",
    "read_facts",
    "same_space_group",
    "space_group_number",
]

DATA = Path(__file__).parents[1] / "data"

# The eleven pairs of space groups that are mirror images of each other; a crystal comes as either.
_ENANTIOMORPHS = {
    78: 76,
    95: 91,
    96: 92,
    145: 144,
    153: 151,
    154: 152,
    170: 169,
    172: 171,
    179: 178,
    181: 180,
    213: 212,
}
_OTHER_SETTINGS = {"P2_1/n": 14, "Cmca": 64}

NO_METALS = frozenset({
    "H", "He", "B", "C", "N", "O", "F", "Ne", "Si", "P", "S", "Cl", "Ar", "Ge", "As", "Se", "Br", "Kr", "Sn", "Sb",
    "Te", "I", "Xe", "Bi", "Po", "At", "Rn",
})  # fmt: skip
"""Elements that are no metals, or only in one of their forms; their gaps are in the table of gaps."""

_AURIDES = frozenset({"Cs", "Rb"})
"""Metals whose compounds with gold are salts with a gap (Spicer, Sommer and White, Phys. Rev. 115, 57 (1959))."""


_SINGLY_CHARGED = frozenset({"Li", "Na", "K", "Rb", "Cs", "Cu", "Ag", "Au", "Hg", "Tl", "In", "Ga", "Al"})
"""Metals with salts of the charge +1."""


@dataclass(frozen=True, slots=True)
class ObservedPhase:
    """A polymorph that exists: its key, its space group and its measured volume."""

    key: str
    formula: str
    name: str
    is_default: bool
    space_group: str
    space_group_number: int | None
    volume_a3_per_atom: float | None
    volume_sigma_percent: float | None
    source: str

    __repr__ = outline


@dataclass(frozen=True, slots=True)
class GapFact:
    """A band gap with what kind of number it is (``measured``, ``computed``, ``estimate``, ``pbe``, ``rule``)."""

    gap_ev: float
    sigma_ev: float | None
    kind: str
    source: str

    __repr__ = outline


@dataclass(frozen=True, slots=True)
class ModulusFact:
    """Isotropic elastic moduli with their relative standard deviation."""

    bulk_modulus_gpa: float | None
    shear_modulus_gpa: float | None
    sigma_percent: float | None
    kind: str
    source: str

    __repr__ = outline


@dataclass(frozen=True, slots=True)
class HazardFact:
    """Hazard class and price of an oxide (scores 0 none to 3 severe; price of the element content)."""

    hazard_score: float | None
    price_usd_per_kg_oxide: float | None
    labels: str
    source: str

    __repr__ = outline


def read_facts(name: str) -> Iterator[dict[str, str]]:
    """Iterate over the rows of one of the CSV files of facts (``thermochem``, ``bandgaps``, ...)."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def number(text: str) -> float | None:
    """Read a cell: empty is None."""
    return float(text) if text.strip() else None


def source_label(row: dict[str, str], column: str = "source") -> str:
    """Return the source key of a row with its quality flag, e.g. ``LIT: Hull 1988 [B]``."""
    quality = row.get("quality", "")
    return f"{row[column]} [{quality}]" if quality else row[column]


def is_citable(source: str) -> bool:
    """Say whether a source can be cited: what was written down from memory decides nothing."""
    return bool(source) and "memory" not in source


@cache
def _numbers_of_symbols() -> dict[str, int]:
    import spglib

    found: dict[str, int] = dict(_OTHER_SETTINGS)
    with warnings.catch_warnings():
        # spglib announces a new way of reporting errors at every call; both ways suit this one.
        warnings.simplefilter("ignore", DeprecationWarning)
        for hall in range(1, 531):
            kind = spglib.get_spacegroup_type(hall)
            if kind is not None:
                found.setdefault(kind.international_short, kind.number)
    return found


def space_group_number(symbol: str) -> int | None:
    """Return the number (1-230) of an international symbol such as ``Fd-3m``, None if it is unknown."""
    return _numbers_of_symbols().get(symbol)


def same_space_group(first: int | None, second: int | None) -> bool:
    """Say whether two space groups are the same, mirror images counted as one. Unknown is never the same."""
    if first is None or second is None or first < 1 or second < 1:
        return False
    return _ENANTIOMORPHS.get(first, first) == _ENANTIOMORPHS.get(second, second)


@cache
def observed_phases() -> dict[str, ObservedPhase]:
    """Return all polymorphs of ``molar_volume.csv`` by key."""
    found = {}
    for row in read_facts("molar_volume"):
        volume = number(row["V_fu_A3"])
        atoms = sum(parse_formula(row["formula"]).values())  # as written there: P4O10, not P2O5
        found[row["key"]] = ObservedPhase(
            key=row["key"],
            formula=formula_unit(row["formula"]),
            name=row["phase"],
            is_default=row["default_polymorph"] == "Y",
            space_group=row["space_group"],
            space_group_number=space_group_number(row["space_group"]),
            volume_a3_per_atom=None if volume is None else volume / atoms,
            volume_sigma_percent=number(row["u_V_percent"]),
            source=source_label(row),
        )
    return found


@cache
def _default_by_formula() -> dict[str, ObservedPhase]:
    return {phase.formula: phase for phase in observed_phases().values() if phase.is_default}


@cache
def polymorphs(formula: str) -> tuple[ObservedPhase, ...]:
    """Return all recorded polymorphs of a formula unit."""
    return tuple(phase for phase in observed_phases().values() if phase.formula == formula)


def observed_phase(formula: str) -> ObservedPhase | None:
    """Return the polymorph that a powder of this formula is at room temperature, None if not recorded."""
    return _default_by_formula().get(formula_unit(formula))


def polymorph_key(formula: str, space_group_number: int | None, start_space_group_number: int | None = None) -> str:
    """Return the key of the recorded polymorph that a relaxed structure is, empty if it is none of them.

    Parameters
    ----------
    formula : str
    space_group_number : int or None
        Of the relaxed structure.
    start_space_group_number : int or None
        Of the structure that the relaxation began with. A method that cannot hold a distortion (PBE+U loses the pairs
        of MoO2, the monoclinic angle of CuO) gives the polymorph another symmetry; it stands for it all the same.

    Notes
    -----
    The polymorph of room temperature comes before the others, one in its own symmetry before one that lost it.
    """
    numbers = (space_group_number, start_space_group_number)
    found = [
        (not phase.is_default, i, phase.key)
        for phase in polymorphs(formula)
        for i, number in enumerate(numbers)
        if same_space_group(number, phase.space_group_number)
    ]
    return min(found)[2] if found else ""


@cache
def _gaps() -> dict[str, GapFact]:
    found = {}
    for row in read_facts("bandgaps"):
        measured, pbe = number(row["gap_exp_eV"]), number(row["gap_PBE_MP_eV"])
        if measured is not None:
            text = row["kind"].lower()
            kind = "measured"
            if "gw" in text or "g0w0" in text or "computed" in text:
                kind = "computed"
            elif "estimate" in text or "unknown" in text:
                kind = "estimate"
            found[row["key"]] = GapFact(measured, number(row["u_eV"]), kind, source_label(row, "exp_source"))
        elif pbe is not None:
            label = row["PBE_mp_id"] or "Materials Project list"
            found[row["key"]] = GapFact(pbe, None, "pbe", f"MP {label} [{row['PBE_quality']}]")
    return found


def metal_gap(formula: str) -> GapFact | None:
    """Return the gap of what consists of metals alone, or of a metal with too little oxygen, which is 0; else None.

    Of compounds that is a rule, not a measurement; those of gold with Cs or Rb are ionic and left out. In a suboxide
    (Rb9O2, Ti3O) oxygen takes less than the lowest charge that the metal has in its salts, and the other electrons
    stay with the metal (Simon, Coord. Chem. Rev. 163, 253 (1997)).
    """
    atoms = parse_formula(formula)
    symbols = set(atoms)
    if len(atoms) == 2 and "O" in atoms:
        (symbol,) = symbols - {"O"}
        taken = 2.0 * atoms["O"] / atoms[symbol]
        if symbol not in NO_METALS and taken < (1.0 if symbol in _SINGLY_CHARGED else 2.0):
            return GapFact(0.0, None, "rule", "oxygen takes less than the metal's lowest charge")
    if symbols & NO_METALS or ("Au" in symbols and symbols & _AURIDES):
        return None
    if len(symbols) == 1:
        return GapFact(0.0, 0.0, "measured", "metallic element [A]")
    return GapFact(0.0, None, "rule", "metals alone form a metal")


@cache
def _moduli() -> dict[str, ModulusFact]:
    found: dict[str, ModulusFact] = {}
    for row in read_facts("elastic"):
        if not row["key"] or row["recommended"] not in {"Y", "Y?"}:
            continue
        if row["notes"].startswith("NO entry"):
            continue  # another structure than the one that exists (rocksalt CuO): no fact about this phase
        kind = "measured" if row["method"] == "EXP" else "pbe"
        if row["method"].endswith("formula"):
            kind = "pbe, polymorph unverified"
        found[row["key"]] = ModulusFact(
            number(row["K_GPa"]), number(row["G_GPa"]), number(row["u_percent"]), kind, source_label(row)
        )
    return found


@cache
def _hazards() -> dict[str, HazardFact]:
    found = {}
    for row in read_facts("hazards_cost"):
        labels = "; ".join(t for t in (row["GHS_CLP"], row["CMR"], row["REACH_SVHC"], row["IARC"]) if t)
        found[formula_unit(row["oxide"])] = HazardFact(
            number(row["hazard_score_0_3"]),
            number(row["price_element_in_oxide_USD_per_kg_oxide"]),
            labels,
            source_label(row),
        )
    return found


def gap_fact(key: str) -> GapFact | None:
    """Return the best known band gap of a polymorph: measured before PBE."""
    return _gaps().get(key)


def modulus_fact(key: str) -> ModulusFact | None:
    """Return the recommended moduli of a polymorph."""
    return _moduli().get(key)


@cache
def _element_prices() -> dict[str, tuple[float, str]]:
    found: dict[str, tuple[float, str]] = {}
    for row in read_facts("hazards_cost"):
        price = number(row["price_element_USD_kg"])
        if price is not None:
            found.setdefault(row["element"], (price, source_label(row)))
    return found


def hazard_fact(formula: str) -> HazardFact | None:
    """Return hazard and price of an oxide, None if nothing is recorded.

    The price is that of the element content, so one recorded oxide of an element prices the others; their hazard is
    their own and unknown if not recorded.
    """
    fact = _hazards().get(formula_unit(formula))
    atoms = parse_formula(formula)
    priced = [s for s in atoms if s in _element_prices()]
    if fact is not None or "O" not in atoms or len(atoms) != 2 or not priced:
        return fact
    price, source = _element_prices()[priced[0]]
    mass = {symbol: n * ATOMIC_MASS_G[symbol] for symbol, n in atoms.items()}
    share = mass[priced[0]] / sum(mass.values())
    return HazardFact(None, price * share, "", f"element content; {source}")
