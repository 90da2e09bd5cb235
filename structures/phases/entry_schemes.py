"""Which energies may stand in one hull: what a scheme gives each entry, against what the entry carries.

The corrections are pymatgen's own classes, asked for every entry with its run type, its Hubbard U, its oxide type and
its oxidation states. Nothing here decides by the name of a file or by what most entries have.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

import numpy as np

from licoat.structures.chemistry.formula import write_formula
from licoat.structures.errors import IncompatibleEnergiesError, InputFileError
from licoat.structures.phases.bounded import cut
from licoat.structures.phases.entries import Entry
from licoat.structures.phases.schemes import HUBBARD_U_EV, uses_hubbard_u
from licoat.structures.rendering import outline

__all__ = ["Scheme", "correct_mp2020", "named_few", "one_scheme", "raw_mixture"]

NAMED_EV_PER_ATOM: Final = 0.005  # published corrections are round numbers, the same in every version
UNNAMED_EV_PER_ATOM: Final = 0.05  # rounded by hand, as old files have them
_U_EV: Final = 0.01
_LARGEST_CELL: Final = 400
_WAY_OUT: Final = "--correct mp2020 (correct='mp2020') puts raw GGA and GGA+U entries on one scale"
_MIXED: Final = "gga_gga+u_r2scan"
_ANIONS: Final = frozenset({"Br", "I", "Se", "Si", "Sb", "Te", "H", "N", "F", "Cl"})
_GAS_EV_PER_ATOM: Final = (0.3, 1.0)

Allowed = Sequence[Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Scheme:
    """The scheme of a set of entries: its name, what kind of energy it is, and at which temperature."""

    name: str
    kind: str = "energy"
    temperature_k: float | None = None

    __repr__ = outline

    @property
    def energy_kind(self) -> str:
        """In words."""
        return energy_kind(self.kind, self.temperature_k)


def energy_kind(kind: str, temperature_k: float | None) -> str:
    """Say what a number is: energy at 0 K, enthalpy at T, Gibbs energy at T."""
    if kind == "energy":
        return "energy at 0 K"
    at = f" at {temperature_k:g} K" if temperature_k is not None else ""
    return f"{'Gibbs energy' if kind == 'gibbs' else kind}{at}"


def named_few(labels: Sequence[str], most: int = 3) -> str:
    """Name the first few of a list and count the others."""
    more = f" and {len(labels) - most} more" if len(labels) > most else ""
    return ", ".join(labels[:most]) + more


def one_scheme(entries: Sequence[Entry], where: str) -> Scheme:
    """Return the one scheme of all entries.

    Raises
    ------
    IncompatibleEnergiesError
        If there are several; the entries that do not fit are named with the reason.
    """
    kind, temperature = _one_kind(entries, where)
    families = {_family(name) for entry in entries for name, _ in entry.adjustments}
    if "mixing" in families:
        _check_mixing(entries, where)
        return Scheme(f"{_MIXED}/{'mp2020' if 'mp2020' in families else 'mixed'}", kind, temperature)
    _one_functional(entries, where)
    if {"mp2020", "legacy"} <= families:
        old = [e.label for e in entries if any(_family(name) == "legacy" for name, _ in e.adjustments)]
        raise IncompatibleEnergiesError(
            f"{where}: corrections of two schemes: MP2020, and older ones on {named_few(old)}; {_WAY_OUT}"
        )
    if "mp2020" in families:
        _refuse(entries, mp2020_allowed, NAMED_EV_PER_ATOM, where, "MP2020")
        return Scheme("pbe+u/mp2020", kind, temperature)
    if any(value for entry in entries for _, value in entry.adjustments):
        return Scheme(_unnamed(entries, where), kind, temperature)
    return Scheme(f"{_raw_functional(entries, where)}/none", kind, temperature)


def _family(name: str) -> str:
    """Return what made a correction, by its name in any case."""
    plain = " ".join(name.lower().replace("_", " ").split())
    if "mixing adjustment" in plain or "r2scan mixing" in plain:
        return "mixing"
    if plain.startswith("mp2020"):
        return "mp2020"
    if plain.startswith(("mp ", "mit ")) and "correction" in plain:
        return "legacy"
    return (
        "unnamed"
        if plain in {"manual energy adjustment", "constant energy adjustment", "manual adjustment", ""}
        else plain
    )


def _one_kind(entries: Sequence[Entry], where: str) -> tuple[str, float | None]:
    """Return the kind of energy and its temperature; elements at 0 fit to every formation energy."""
    kinds: dict[tuple[str, float | None], list[Entry]] = {}
    for entry in entries:
        if len(entry.counts) > 1 or entry.energy_ev_per_atom != 0.0 or entry.kind != "energy":
            kinds.setdefault((entry.kind, entry.temperature_k), []).append(entry)
    if len(kinds) <= 1:
        return next(iter(kinds), ("energy", None))
    listed = "; ".join(
        f"{energy_kind(*kind)} of {len(found)} (first: {found[0].label})"
        for kind, found in sorted(kinds.items(), key=lambda item: (-len(item[1]), str(item[0])))[:3]
    )
    raise IncompatibleEnergiesError(
        f"{where}: energies of several kinds in one file: {listed}; keep one kind and temperature"
    )


def _functional(entry: Entry) -> str:
    return "GGA" if entry.run_type in {"GGA", "GGA+U"} else entry.run_type


def _one_functional(entries: Sequence[Entry], where: str) -> None:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.run_type:
            found.setdefault("pbe+u" if _functional(entry) == "GGA" else entry.run_type.lower(), []).append(entry)
    if len(found) > 1:
        listed = ", ".join(
            f"{cut(name, 20)!r} ({len(es)} phases, first: {es[0].label})" for name, es in sorted(found.items())[:4]
        )
        raise IncompatibleEnergiesError(f"{where}: energies of several schemes in one file: {listed}; keep one of them")


def _check_mixing(entries: Sequence[Entry], where: str) -> None:
    """The mixing scheme shifts all entries of one functional onto the hull of the other one."""
    shifted: dict[str, list[Entry]] = {}
    bare: dict[str, list[Entry]] = {}
    for entry in entries:
        own = any(_family(name) == "mixing" for name, _ in entry.adjustments)
        (shifted if own else bare).setdefault(_functional(entry), []).append(entry)
    both = [entry for functional in shifted for entry in bare.get(functional, [])]
    if both:
        raise IncompatibleEnergiesError(
            f"{where}: {named_few([e.label for e in both])} of {cut(both[0].run_type, 12) or 'unknown run type'} lack the "
            "mixing adjustment that others of this functional carry; mix all entries of the system at once"
        )
    if len(shifted) > 1:
        raise IncompatibleEnergiesError(
            f"{where}: entries of {named_few(sorted(cut(f, 12) for f in shifted))} all carry a mixing adjustment: this is "
            "more than one hull; mix all entries of the system at once"
        )
    rest = [entry for found in bare.values() for entry in found if _functional(entry) == "GGA"]
    if any(_family(name) == "mp2020" for entry in rest for name, _ in entry.adjustments):
        _refuse(rest, mp2020_allowed, NAMED_EV_PER_ATOM, where, "MP2020")
    elif rest:
        _raw_functional(rest, where)


def _refuse(
    entries: Sequence[Entry], allowed: Callable[[Entry], "Allowed | str"], near: float, where: str, name: str
) -> None:
    """Compare every entry with what a scheme gives it."""
    misfits = [(entry, reason) for entry in entries if (reason := _misfit(entry, allowed(entry), near))]
    if misfits:
        listed = [f"{entry.label} {reason}" for entry, reason in misfits]
        raise IncompatibleEnergiesError(
            f"{where}: {len(misfits)} of {len(entries)} entries do not fit the {name} corrections of the others: "
            f"{cut(named_few(listed, 2), 200)}; {_WAY_OUT}"
        )


def _misfit(entry: Entry, allowed: "Allowed | str", near: float) -> str:
    """Say why an entry does not carry what a scheme gives it; empty if it does."""
    if isinstance(allowed, str):
        return allowed
    carried = entry.correction_ev
    sums = [sum(parts.values()) for parts in allowed]
    if any(abs(carried - total) <= near * entry.atoms for total in sums):
        return ""
    wanted = allowed[0]
    names = {name.lower() for name, value in entry.adjustments if value}
    missing = [name for name in wanted if name.lower() not in names] if names else list(wanted)
    if missing and abs(carried) < abs(sums[0]):
        return f"lacks {cut(' and '.join(missing), 90)} ({(sums[0] - carried) / entry.atoms:+.3f} eV/atom)"
    return f"carries {carried / entry.atoms:+.3f} eV/atom where the scheme gives {sums[0] / entry.atoms:+.3f}"


def _unnamed(entries: Sequence[Entry], where: str) -> str:
    """Return the scheme that corrections without a name of their own come from."""
    rules = {"mp2020": mp2020_allowed, "mp-legacy": _legacy_allowed, "mp-gas": _gas_allowed, "mit": _mit_allowed}
    found = {name: [rule(entry) for entry in entries] for name, rule in rules.items()}
    bad = {
        name: sum(bool(_misfit(e, a, UNNAMED_EV_PER_ATOM)) for e, a in zip(entries, allowed, strict=True))
        for name, allowed in found.items()
    }
    for name in bad:
        if not bad[name]:
            return f"pbe+u/{name}"
    best = min(bad, key=lambda name: bad[name])
    if 3 * bad[best] <= len(entries) and len(entries) > 3:
        _refuse(entries, rules[best], UNNAMED_EV_PER_ATOM, where, best)
    families: dict[str, list[str]] = {}
    for entry, allowed in zip(entries, found["mp2020"], strict=True):
        if "O" in entry.counts and len(entry.counts) > 1 and (isinstance(allowed, str) or any(allowed[0].values())):
            families.setdefault("corrected" if entry.correction_ev else "none", []).append(entry.label)
    if len(families) > 1:
        listed = ", ".join(f"{len(labels)} {name!r} (first: {labels[0]})" for name, labels in sorted(families.items()))
        raise IncompatibleEnergiesError(f"{where}: oxides with different corrections: {listed}; {_WAY_OUT}")
    return "pbe+u/corrected" if any(_functional(e) == "GGA" for e in entries) else f"{_other(entries)}/corrected"


def _other(entries: Sequence[Entry]) -> str:
    return next((cut(entry.run_type.lower(), 30) for entry in entries if entry.run_type), "unknown")


def raw_mixture(formulas: Sequence[str]) -> str:
    """Say which compositions the Materials Project computes with +U beside others without; empty if none."""
    with_u = [formula for formula in formulas if uses_hubbard_u(formula)]
    return named_few(with_u) if with_u and len(with_u) < len(formulas) else ""


def _raw_functional(entries: Sequence[Entry], where: str) -> str:
    """Return the functional of uncorrected entries; Hubbard U of an element must be the same in all of them."""
    used: dict[str, dict[float, list[Entry]]] = {}
    for entry in entries:
        for symbol, u in _hubbards(entry).items():
            used.setdefault(symbol, {}).setdefault(round(u / _U_EV), []).append(entry)
    for symbol, by_u in sorted(used.items()):
        if len(by_u) > 1:
            kept = max(by_u)
            with_u = named_few([e.label for e in by_u[kept]])
            without = named_few([e.label for u, es in by_u.items() if u != kept for e in es], 2)
            raise IncompatibleEnergiesError(
                f"{where}: uncorrected GGA+U energies ({with_u}: U of {symbol} {kept * _U_EV:.3g} eV) beside GGA ones "
                f"({without}) have no common zero; {_WAY_OUT}"
            )
    if any(_functional(entry) == "GGA" for entry in entries):
        return "pbe+u" if any(any(_hubbards(entry).values()) for entry in entries) else "pbe"
    return _other(entries)


def _hubbards(entry: Entry) -> dict[str, float]:
    """Return U by element, as the entry says or, where it says GGA+U alone, as the Materials Project sets it."""
    if entry.hubbards is not None and (any(entry.hubbards.values()) or entry.run_type != "GGA+U"):
        return {symbol: entry.hubbards.get(symbol, 0.0) for symbol in entry.counts}
    if entry.run_type == "GGA+U":
        return {symbol: HUBBARD_U_EV.get(symbol, 0.0) for symbol in entry.counts}
    return {}


@cache
def _mp2020(strict: str) -> Any:  # noqa: ANN401 - pymatgen's class
    from pymatgen.entries.compatibility import MaterialsProject2020Compatibility

    return MaterialsProject2020Compatibility(check_potcar=False, strict_anions=strict)


@cache
def _older(name: str) -> Any:  # noqa: ANN401 - pymatgen's classes
    """Return the corrections of an older scheme: gas, anions, +U."""
    from pymatgen.entries import compatibility

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(compatibility, name)().corrections[1:]  # the first asks for POTCARs


def as_computed(entry: Entry, **data: Any) -> Any:  # noqa: ANN401 - pymatgen's class
    """Return a pymatgen entry made of what was read, without corrections."""
    from pymatgen.core import Lattice, Structure
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


def mp2020_allowed(entry: Entry) -> "Allowed | str":
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


def _given(entry: Entry, variants: Sequence[dict[str, Any]], ask: Callable[[Any], list[list[Any]]]) -> "Allowed | str":
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
    used = ", ".join(f"{s} {u:g}" for s, u in _hubbards(entry).items() if u)
    if entry.run_type not in {"", "GGA", "GGA+U"}:
        return f"was run with {cut(entry.run_type, 12)}, not GGA or GGA+U"
    if not uses_hubbard_u(write_formula(entry.counts)):
        return f"was run with U of {used} eV, the scheme has none there"
    return f"was run with {f'U of {used} eV' if used else 'GGA'}, the scheme has GGA+U there (U of {wanted} eV)"


@dataclass(frozen=True, slots=True)
class _Part:
    """One correction of an older scheme."""

    name: str
    value: float


def _legacy_allowed(entry: Entry) -> "Allowed | str":
    """Return what the scheme before MP2020 gives: every oxide corrected, gases but O2 at fixed energies, +U."""

    def ask(made: Any) -> list[list[_Part]]:  # noqa: ANN401 - pymatgen's class
        return [[_part(one, made) for one in _older("MaterialsProjectCompatibility")]]

    return _given(entry, [{}], ask)


def _gas_allowed(entry: Entry) -> "Allowed | str":
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


def _mit_allowed(entry: Entry) -> "Allowed | str":
    """Return what the scheme of the Materials Project's first years at MIT gives."""

    def ask(made: Any) -> list[list[_Part]]:  # noqa: ANN401 - pymatgen's class
        return [[_part(one, made) for one in _older("MITCompatibility")]]

    return _given(entry, [{}], ask)


def _part(correction: Any, made: Any) -> _Part:  # noqa: ANN401 - pymatgen's classes
    return _Part(str(correction), float(correction.get_correction(made).nominal_value))


def correct_mp2020(entries: Sequence[Entry], where: str) -> tuple[list[Entry], list[str]]:
    """Put entries on the scale of the Materials Project; corrections that they carry are taken off first, as pymatgen does.

    Returns
    -------
    list of Entry
        With pymatgen's corrections.
    list of str
        Entries left out because they were run otherwise than the scheme has it, where another of the composition fits.

    Raises
    ------
    IncompatibleEnergiesError
        If a composition is left without an entry.
    InputFileError
        If energies are not computed ones.
    """
    done: list[Entry] = []
    refused: list[tuple[Entry, str]] = []
    for entry in entries:
        if entry.kind != "energy":
            raise InputFileError(
                f"{where}: --correct mp2020 is for computed energies; {entry.label} is an {entry.kind}"
            )
        bare = replace(entry, adjustments=())
        allowed = mp2020_allowed(bare)
        if isinstance(allowed, str):
            refused.append((entry, allowed))
        else:
            done.append(replace(entry, adjustments=tuple(allowed[0].items())))
    left = {entry.formula for entry in done}
    lost = [f"{entry.label} {reason}" for entry, reason in refused if entry.formula not in left]
    if lost:
        raise IncompatibleEnergiesError(f"{where}: MP2020 has nothing for {cut(named_few(lost, 2), 220)}")
    return done, [entry.label for entry, _ in refused]
