"""Known structure types, decorated with any elements: start structures where no data exist.

Two collections are read: licoat's own list of Li-M-O, Li-M and M-O types (``data/prototypes.json``), in which
``Li`` and ``O`` stay and ``M`` is any element, and the AFLOW library that comes with pymatgen, in which every
element is a placeholder (``A``, ``M``, ``X``, ``Z``, ``Q``, the most electropositive first).

A decorated cell keeps shape and fractional coordinates of its type; only its volume is new (see
`start_volume_a3`). It is a guess to be relaxed, never a result. Cells are dictionaries of ``lattice`` (3x3, A),
``species`` and ``frac_coords``.
"""

import difflib
import gzip
import importlib.util
import itertools
import json
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from licoat.structures.chemistry.elements import ATOMIC_NUMBER, writing_order
from licoat.structures.chemistry.formula import reduce_counts, write_formula
from licoat.structures.crystals.cell_size import Cell, own_data, resized, shortest_distance, start_volume_a3
from licoat.structures.crystals.symmetry import space_group
from licoat.structures.errors import FormulaError, MissingDataError
from licoat.structures.rendering import outline

__all__ = [
    "ORIGINS",
    "Prototype",
    "StartStructure",
    "candidates",
    "decorate",
    "prototypes",
    "start_volume_a3",
    "verify",
]

ORIGINS = ("own", "aflow")
"""Where prototypes come from, in the order in which duplicates are kept."""

_AFLOW_MODULE = "pymatgen.analysis.prototypes"
_AFLOW_FILE = "aflow_prototypes.json.gz"
_LETTERS = {1: "M", 2: "MX", 3: "AMX", 4: "AMXZ", 5: "AMXZQ"}
_STAND_IN = {"A": "Na", "M": "Fe", "X": "S", "Z": "F", "Q": "Cl"}
_LEAST_DISTANCE = 0.6
"""Of the sum of covalent radii: below it a type does not suit its elements (molecules of other species)."""


@dataclass(frozen=True)
class Prototype:
    """A structure type with placeholders for elements.

    Attributes
    ----------
    name, strukturbericht : str
        Unique name, e.g. ``Li2MO3-Li2SnO3`` or ``AB_cF8_225_a_b-NaCl``; designation, empty if there is none.
    space_group_number : int
        Number of the space group.
    origin, example, source : str
        ``own`` or ``aflow``; a compound of this type; where the coordinates come from.
    lattice, species, frac_coords : sequence
        The cell; species are placeholders, or elements that stay.
    """

    name: str
    strukturbericht: str
    space_group_number: int
    origin: str
    example: str
    source: str
    lattice: Sequence[Sequence[float]] = field(repr=False)
    species: Sequence[str] = field(repr=False)
    frac_coords: Sequence[Sequence[float]] = field(repr=False)

    __repr__ = outline

    @property
    def n_sites(self) -> int:
        """Atoms in the cell."""
        return len(self.species)

    @cached_property
    def counts(self) -> dict[str, int]:
        """Atoms of each placeholder and each element that stays, in one cell."""
        return dict(Counter(self.species))

    @property
    def placeholders(self) -> tuple[str, ...]:
        """What `decorate` has to be told."""
        return tuple(sorted(label for label in self.counts if label not in ATOMIC_NUMBER))

    @property
    def pattern(self) -> str:
        """Composition of one formula unit, e.g. ``Li2 M O3``."""
        unit = math.gcd(*self.counts.values())
        order = sorted(self.counts, key=("Li", "A", "M", "X", "Z", "Q", "O").index)
        return " ".join(
            label if self.counts[label] == unit else f"{label}{self.counts[label] // unit}" for label in order
        )


@dataclass(frozen=True, slots=True)
class StartStructure:
    """A decorated prototype.

    Attributes
    ----------
    candidate_id, formula, prototype, origin : str
        ``h-``, formula and prototype; one formula unit; name of the type; ``hypothetical decoration of ...``.
    space_group_number : int
        Of the type and of the decorated cell.
    structure : dict
        The cell.
    """

    candidate_id: str
    formula: str
    prototype: str
    space_group_number: int
    origin: str
    structure: Cell

    __repr__ = outline


def prototypes(origins: Collection[str] = ORIGINS) -> list[Prototype]:
    """Return the known structure types, the own list first, each in the order of its file.

    Parameters
    ----------
    origins : collection of {"own", "aflow"}
        Collections to read.

    Raises
    ------
    MissingDataError
        If a collection is not known, or pymatgen comes without its library.
    """
    unknown = sorted(set(origins) - set(ORIGINS))
    if unknown:
        raise MissingDataError(f"unknown collection of prototypes {unknown[0]!r}; there are {', '.join(ORIGINS)}")
    readers = {"own": _own_prototypes, "aflow": _aflow_prototypes}
    return [found for name in ORIGINS if name in origins for found in readers[name]()]


def _find(name: str) -> Prototype:
    by_name = {found.name: found for found in prototypes()}
    if name in by_name:
        return by_name[name]
    near = difflib.get_close_matches(str(name), by_name, n=3, cutoff=0.4)
    hint = f"did you mean {', '.join(near)}?" if near else "prototypes() lists the names"
    raise MissingDataError(f"unknown prototype {name!r}; {hint}")


def decorate(
    template: Prototype | str, elements: Mapping[str, str], *, volume_a3_per_atom: float | None = None
) -> Cell:
    """Put elements on the sites of a structure type.

    Parameters
    ----------
    template : Prototype or str
        The type, or its name.
    elements : mapping
        The element of each placeholder, e.g. ``{"M": "Sb"}``.
    volume_a3_per_atom : float, optional
        Volume of the cell per atom; by default estimated by `start_volume_a3`.

    Returns
    -------
    dict
        ``lattice`` (3x3, A), ``species`` and ``frac_coords``.

    Raises
    ------
    MissingDataError
        If the prototype is not known.
    FormulaError
        If a placeholder has no element or is not of this type, an element does not exist or stands on two kinds
        of sites, or its size is not known.

    Examples
    --------
    >>> import numpy as np
    >>> cell = decorate("MO-rock_salt", {"M": "Mg"})
    >>> cell["species"], f"{abs(np.linalg.det(cell['lattice'])):.1f}"
    (['Mg', 'O'], '19.1')
    """
    kind = template if isinstance(template, Prototype) else _find(template)
    if set(elements) != set(kind.placeholders):
        given = ", ".join(map(str, elements)) or "nothing"
        raise FormulaError(f"prototype {kind.name} needs elements for {', '.join(kind.placeholders)}, not for {given}")
    for symbol in elements.values():
        if symbol not in ATOMIC_NUMBER:
            raise FormulaError(f"prototype {kind.name}: unknown element {symbol!r}")
    species = [elements.get(label, label) for label in kind.species]
    if len(set(species)) < len(kind.counts):
        raise FormulaError(f"prototype {kind.name} ({kind.pattern}): one element cannot stand on two kinds of sites")
    cell = {"lattice": kind.lattice, "species": species, "frac_coords": kind.frac_coords}
    wanted = start_volume_a3(cell) if volume_a3_per_atom is None else volume_a3_per_atom * len(species)
    if not (math.isfinite(wanted) and wanted > 0.0):
        raise FormulaError(f"prototype {kind.name}: {volume_a3_per_atom!r} A3 per atom; expected a volume above 0")
    return {**resized(cell, wanted), "frac_coords": [list(site) for site in kind.frac_coords]}


def _is_charge_balanced(counts: Mapping[str, int]) -> bool:
    """Tell if formal charges can add up to zero; without oxygen they say nothing, and every compound passes.

    Oxygen is -2 (no peroxides), fluorine -1, every other element has its positive oxidation states. Atoms of one
    element may differ (Fe3O4).
    """
    if "O" not in counts or len(counts) == 1:
        return True
    sums = {-2 * counts["O"] - counts.get("F", 0)}
    for symbol in (symbol for symbol in counts if symbol not in {"O", "F"}):
        for _ in range(counts[symbol]):
            sums = {total + state for total in sums for state in _positive_states(symbol) if total + state <= 0}
    return 0 in sums


@lru_cache(maxsize=128)
def _positive_states(symbol: str) -> tuple[int, ...]:
    """Return the common oxidation states and those of at least ten compounds of the ICSD (V3+, Cu+)."""
    from pymatgen.core.periodic_table import Element

    element = Element(symbol)
    return tuple(sorted({s for s in (*element.common_oxidation_states, *element.icsd_oxidation_states) if s > 0}))


def candidates(
    system: str,
    *,
    max_atoms: int = 20,
    charge_balanced: bool = True,
    origins: Collection[str] = ORIGINS,
    existing: Iterable[Cell] = (),
) -> list[StartStructure]:
    """Decorate all prototypes with the elements of a chemical system.

    Parameters
    ----------
    system : str
        Elements joined by hyphens, e.g. ``Li-Sb-O``. All compounds of two and more of them are made; the
        structures of an element only for a system of that element alone.
    max_atoms : int
        Largest cell.
    charge_balanced : bool
        Leave out oxides whose formal charges cannot add up to zero.
    origins : collection of {"own", "aflow"}
        Collections of prototypes.
    existing : iterable of dict
        Structures (``lattice``, ``species``, ``frac_coords``) that need no second copy.

    Returns
    -------
    list of StartStructure
        Without duplicates, in order of formula and then of prototypes; the same in every run.

    Raises
    ------
    FormulaError
        If the system is empty, repeats an element or holds an unknown one.
    MissingDataError
        If a collection is not known.
    """
    elements = _read_system(system)
    made = [
        candidate
        for kind in prototypes(origins)
        if kind.n_sites <= max_atoms
        for mapping in _assignments(kind, elements)
        for candidate in _candidate(kind, mapping, charge_balanced)
    ]
    made.sort(key=lambda candidate: candidate.formula)
    return _unique(made, existing)


def _read_system(system: str) -> list[str]:
    elements = [part.strip() for part in system.split("-")] if isinstance(system, str) else []
    unknown = [symbol for symbol in elements if symbol not in ATOMIC_NUMBER]
    if not elements or unknown or len(set(elements)) < len(elements):
        what = f"unknown element {unknown[0]!r}" if unknown else "each element once"
        raise FormulaError(f"chemical system {system!r}: {what}; write the elements like 'Li-Sb-O'")
    return sorted(elements, key=writing_order)


def _assignments(kind: Prototype, elements: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield the ways to put elements of a system on the placeholders of a prototype."""
    fixed = set(kind.counts) - set(kind.placeholders)
    if not fixed <= set(elements) or (len(kind.counts) == 1) != (len(elements) == 1):
        return
    for chosen in itertools.permutations((e for e in elements if e not in fixed), len(kind.placeholders)):
        yield dict(zip(kind.placeholders, chosen, strict=True))


def _candidate(kind: Prototype, mapping: Mapping[str, str], charge_balanced: bool) -> Iterator[StartStructure]:
    """Yield the decorated prototype, or nothing if it makes no sense."""
    counts = reduce_counts({mapping.get(label, label): n for label, n in kind.counts.items()})
    if charge_balanced and not _is_charge_balanced(counts):
        return
    structure = decorate(kind, mapping)
    if shortest_distance(structure) < _LEAST_DISTANCE:
        return
    formula = write_formula(counts)
    # with equal numbers of two placeholders the formula does not tell which element stands where
    tie = len({kind.counts[label] for label in kind.placeholders}) < len(kind.placeholders)
    order = "-" + "".join(mapping[label] for label in kind.placeholders) if tie else ""
    yield StartStructure(
        candidate_id=f"h-{formula}-{kind.name}{order}",
        formula=formula,
        prototype=kind.name,
        space_group_number=kind.space_group_number,
        origin=f"hypothetical decoration of {kind.name} ({kind.example}; {kind.source})",
        structure=structure,
    )


def _unique(made: Iterable[StartStructure], existing: Iterable[Cell]) -> list[StartStructure]:
    """Leave out candidates that repeat an earlier one or an existing structure.

    The same are structures of one formula and one space group that pymatgen's ``StructureMatcher`` maps onto each
    other; the space group keeps distorted variants (CaCl2 beside rutile) apart.
    """
    from pymatgen.analysis.structure_matcher import StructureMatcher
    from pymatgen.core.structure import Structure

    matcher = StructureMatcher()
    known: dict[tuple[str, int], list[Any]] = {}

    def is_new(formula: str, structure: Cell) -> bool:
        parts = structure["lattice"], structure["species"], structure["frac_coords"]
        group = known.setdefault((formula, space_group(*parts)[1]), [])
        mine = Structure(*parts)
        if any(matcher.fit(mine, other) for other in group):
            return False
        group.append(mine)
        return True

    for structure in existing:
        is_new(write_formula(reduce_counts(Counter(structure["species"]))), structure)
    return [candidate for candidate in made if is_new(candidate.formula, candidate.structure)]


def verify(kinds: Iterable[Prototype] | None = None) -> list[str]:
    """Check structure types, by default the own list, and return one line for each problem; none are expected.

    The space group must be the claimed one, the composition that in the name.
    """
    problems = []
    for kind in _own_prototypes() if kinds is None else kinds:
        found = _symmetry(kind.lattice, kind.species, kind.frac_coords)
        if found != kind.space_group_number:
            problems.append(f"{kind.name}: space group {found}, not {kind.space_group_number}")
        if kind.origin == "own" and kind.pattern.replace(" ", "") != kind.name.split("-")[0]:
            problems.append(f"{kind.name}: composition {kind.pattern}")
    return problems


def _symmetry(
    lattice: Sequence[Sequence[float]], species: Sequence[str], frac_coords: Sequence[Sequence[float]]
) -> int:
    return space_group(lattice, [_STAND_IN.get(label, label) for label in species], frac_coords)[1]


@lru_cache(maxsize=1)
def _own_prototypes() -> tuple[Prototype, ...]:
    names = [part.name for part in fields(Prototype) if part.name != "origin"]
    return tuple(Prototype(origin="own", **{name: entry[name] for name in names}) for entry in own_data()["prototypes"])


@lru_cache(maxsize=1)
def _aflow_prototypes() -> tuple[Prototype, ...]:
    """Read the library as plain JSON: pymatgen's own reader builds and checks 288 bibliographies."""
    module = importlib.util.find_spec(_AFLOW_MODULE)
    path = Path(module.origin).with_name(_AFLOW_FILE) if module is not None and module.origin else None
    if path is None or not path.is_file():
        raise MissingDataError(f"this pymatgen comes without {_AFLOW_FILE}; use the origin 'own' only")
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return tuple(_from_aflow(entry) for entry in json.load(stream))


def _from_aflow(entry: Mapping[str, Any]) -> Prototype:
    tags, sites = entry["tags"], entry["snl"]["sites"]
    symbols = [site["species"][0]["element"] for site in sites]
    ordered = sorted(set(symbols), key=writing_order)
    letter = dict(zip(ordered, _LETTERS[len(ordered)], strict=True))
    example = write_formula(reduce_counts(Counter(symbols)))
    cell = {
        "lattice": entry["snl"]["lattice"]["matrix"],
        "species": [letter[symbol] for symbol in symbols],
        "frac_coords": [site["abc"] for site in sites],
    }
    return Prototype(
        name=f"{tags['aflow']}-{example}",
        strukturbericht=tags["strukturbericht"].strip('"').replace("None", ""),
        space_group_number=_symmetry(**cell),
        origin="aflow",
        example=example,
        source="AFLOW library of crystallographic prototypes",
        **cell,
    )
