"""What a scheme of corrections gives one entry: pymatgen's own classes, asked with what the entry says of itself.

Asked are run type and Hubbard U of this phase, oxide type and oxidation states. pymatgen is imported only where
entries carry corrections or are to be corrected: it takes seconds.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from licoat.structures.chemistry.formula import write_formula
from licoat.structures.errors import shortened
from licoat.structures.phases.entries import Entry
from licoat.structures.phases.schemes import HUBBARD_U_EV, uses_hubbard_u

__all__ = ["Allowed", "gas_allowed", "hubbards_of", "legacy_allowed", "mit_allowed", "mp2020_allowed"]

_LARGEST_CELL: Final = 400
_ANIONS: Final = frozenset({"Br", "I", "Se", "Si", "Sb", "Te", "H", "N", "F", "Cl"})
_GAS_EV_PER_ATOM: Final = (0.3, 1.0)

Allowed = Sequence[Mapping[str, float]]
"""Corrections by name that a scheme may give an entry, the usual ones first."""


def hubbards_of(entry: Entry) -> dict[str, float]:
    """Return U by element, as the entry says or, where it says GGA+U alone, as the Materials Project sets it."""
    if entry.hubbards is not None and (any(entry.hubbards.values()) or entry.run_type != "GGA+U"):
        return {symbol: entry.hubbards.get(symbol, 0.0) for symbol in entry.counts}
    if entry.run_type == "GGA+U":
        return {symbol: HUBBARD_U_EV.get(symbol, 0.0) for symbol in entry.counts}
    return {}


@cache
def _mp2020(strict: str) -> Any:  # noqa: ANN401 - pymatgen's class
    from pymatgen.entries.compatibility import MaterialsProject2020Compatibility

    options: dict[str, Any] = {"strict_anions": strict}
    return MaterialsProject2020Compatibility(check_potcar=False, **options)


@cache
def _older(name: str) -> Any:  # noqa: ANN401 - pymatgen's classes
    """Return the corrections of an older scheme: gas, anions, +U."""
    from pymatgen.entries import compatibility

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(compatibility, name)().corrections[1:]  # the first asks for POTCARs


def as_computed(entry: Entry, **data: Any) -> Any:  # noqa: ANN401 - pymatgen's class
    """Return a pymatgen entry made of what was read, without corrections."""
    from pymatgen.core.lattice import Lattice
    from pymatgen.core.structure import Structure
    from pymatgen.entries.computed_entries import ComputedEntry, ComputedStructureEntry

    hubbards = entry.hubbards
    if not hubbards or not any(hubbards.values()):
        plus_u = entry.run_type == "GGA+U" or (not entry.run_type and uses_hubbard_u(write_formula(entry.counts)))
        hubbards = {s: u for s, u in HUBBARD_U_EV.items() if s in entry.counts} if plus_u else {}
    parameters = {"run_type": "GGA+U" if any(hubbards.values()) else "GGA", "hubbards": hubbards}
    if entry.run_type and entry.run_type not in {"GGA", "GGA+U"}:
        parameters["run_type"] = entry.run_type
    kept = {**entry.data, **data}
    if not _ANIONS & set(entry.counts):
        kept.setdefault("oxidation_states", {})  # guessing them takes long, and none of these is to be corrected
    energy = entry.energy_ev / entry.atoms * sum(entry.counts.values())
    open_types = [t for s, t in (("O", "oxide_type"), ("S", "sulfide_type")) if s in entry.counts and t not in kept]
    if entry.cell is not None and len(entry.counts) > 1 and open_types and _plain_cell(entry):
        structure = Structure(Lattice(entry.cell[0]), entry.cell[1], entry.cell[2])
        energy = entry.energy_ev / entry.atoms * len(structure)
        return ComputedStructureEntry(structure, energy, parameters=parameters, data=kept, entry_id=entry.label)
    return ComputedEntry(dict(entry.counts), energy, parameters=parameters, data=kept, entry_id=entry.label)


def _plain_cell(entry: Entry) -> bool:
    """Say whether neighbours can be looked for: a cell of atoms at possible distances."""
    lattice = np.array(entry.cell[0] if entry.cell else [])
    volume = abs(float(np.linalg.det(lattice)))
    sides = [volume / float(np.linalg.norm(np.cross(lattice[i - 1], lattice[i - 2]))) for i in range(3)]
    atoms = len(entry.cell[1]) if entry.cell else 0
    return min(sides) > 1.0 and atoms <= _LARGEST_CELL and volume / atoms > 2.0


def mp2020_allowed(entry: Entry) -> Allowed | str:
    """Return what MP2020 may give an entry (the usual first), or why it gives it nothing.

    Versions of pymatgen differ in which elements are anions, and oxide types in the cutoff they were found with.
    """
    variants: list[dict[str, Any]] = [{}]
    if "O" in entry.counts and len(entry.counts) > 1 and "oxide_type" not in entry.data:
        if entry.cell is None:
            names = " ".join(name.lower() for name, _ in entry.adjustments)
            variants += [{"oxide_type": t} for t in ("peroxide", "superoxide", "ozonide", "oxide") if f"({t})" in names]
        elif _plain_cell(entry):
            from pymatgen.analysis.structure_analyzer import oxide_type

            variants.append({"oxide_type": oxide_type(as_computed(entry).structure, 1.1)})
    return _given(
        entry, variants, lambda made: [_mp2020(s).get_adjustments(made) for s in ("require_bound", "no_check")]
    )


def _given(entry: Entry, variants: Sequence[dict[str, Any]], ask: Callable[[Any], list[list[Any]]]) -> Allowed | str:
    from pymatgen.entries.compatibility import CompatibilityError

    found: list[dict[str, float]] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for data in variants:
            try:
                made = as_computed(entry, **data)
                scale = entry.atoms / made.composition.num_atoms
                found += [{a.name: a.value * scale for a in given} for given in ask(made)]
            except CompatibilityError:
                return _wrong_run(entry)
            except (KeyError, ValueError, TypeError, AttributeError):
                return "has no correction in this scheme"
    return found


def _wrong_run(entry: Entry) -> str:
    wanted = ", ".join(f"{s} {u:g}" for s, u in HUBBARD_U_EV.items() if s in entry.counts)
    used = ", ".join(f"{s} {u:g}" for s, u in hubbards_of(entry).items() if u)
    if entry.run_type not in {"", "GGA", "GGA+U"}:
        return f"was run with {shortened(entry.run_type, 12)}, not GGA or GGA+U"
    if not uses_hubbard_u(write_formula(entry.counts)):
        return f"was run with U of {used} eV, the scheme has none there"
    return f"was run with {f'U of {used} eV' if used else 'GGA'}, the scheme has GGA+U there (U of {wanted} eV)"


@dataclass(frozen=True, slots=True)
class _Part:
    """One correction of an older scheme."""

    name: str
    value: float


def legacy_allowed(entry: Entry) -> Allowed | str:
    """Return what the scheme before MP2020 gives: every oxide corrected, gases but O2 at fixed energies, +U."""

    def ask(made: Any) -> list[list[_Part]]:  # noqa: ANN401 - pymatgen's class
        return [[_part(one, made) for one in _older("MaterialsProjectCompatibility")]]

    return _given(entry, [{}], ask)


def gas_allowed(entry: Entry) -> Allowed | str:
    """Return what the oldest scheme gives: O2 is corrected, oxides are not; peroxides, and +U of either generation."""
    if set(entry.counts) == {"O"}:
        low, high = _GAS_EV_PER_ATOM
        own = entry.correction_ev / entry.atoms
        return [{"O2 gas correction": entry.correction_ev if low <= own <= high else low * entry.atoms}]

    def ask(made: Any) -> list[list[_Part]]:  # noqa: ANN401 - pymatgen's class
        _, anion, plus_u = _older("MaterialsProjectCompatibility")
        own = _part(anion, made)
        shift = anion.oxide_correction["oxide"] * entry.counts.get("O", 0) * made.composition.num_atoms
        shift = shift / sum(entry.counts.values()) if len(entry.counts) > 1 else 0.0
        return [[_Part(own.name, own.value - shift), _part(plus_u, made)]]

    return _given(entry, [{}], ask)


def mit_allowed(entry: Entry) -> Allowed | str:
    """Return what the scheme of the Materials Project's first years at MIT gives."""

    def ask(made: Any) -> list[list[_Part]]:  # noqa: ANN401 - pymatgen's class
        return [[_part(one, made) for one in _older("MITCompatibility")]]

    return _given(entry, [{}], ask)


def _part(correction: Any, made: Any) -> _Part:  # noqa: ANN401 - pymatgen's classes
    return _Part(str(correction), float(correction.get_correction(made).nominal_value))
