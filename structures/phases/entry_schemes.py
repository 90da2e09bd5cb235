"""Which energies may stand in one hull: what a scheme gives each entry, against what the entry carries."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from licoat.structures.chemistry.units import EV_TO_KJ_PER_MOL
from licoat.structures.errors import IncompatibleEnergiesError, InputFileError, shortened
from licoat.structures.phases.corrections import (
    Allowed,
    gas_allowed,
    hubbards_of,
    legacy_allowed,
    mit_allowed,
    mp2020_allowed,
)
from licoat.structures.phases.entries import Entry
from licoat.structures.phases.schemes import uses_hubbard_u
from licoat.structures.rendering import outline

__all__ = ["Scheme", "correct_mp2020", "named_few", "one_scheme", "raw_mixture"]

NAMED_EV_PER_ATOM: Final = 0.005  # published corrections are round numbers, the same in every version
UNNAMED_EV_PER_ATOM: Final = 0.05  # rounded by hand, as old files have them
_U_EV: Final = 0.01
_WAY_OUT: Final = "--correct mp2020 puts raw GGA and GGA+U entries on one scale"
_MIXED: Final = "gga_gga+u_r2scan"


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
            f"{shortened(name, 20)!r} ({len(es)}, first: {es[0].label})" for name, es in sorted(found.items())[:3]
        )
        raise IncompatibleEnergiesError(f"{where}: energies of several schemes in one file: {listed}; keep one of them")


def _check_mixing(entries: Sequence[Entry], where: str) -> None:
    """Check that all entries of one functional, and of one only, are shifted onto the hull of the other one."""
    shifted: dict[str, list[Entry]] = {}
    bare: dict[str, list[Entry]] = {}
    for entry in entries:
        own = any(_family(name) == "mixing" for name, _ in entry.adjustments)
        (shifted if own else bare).setdefault(_functional(entry), []).append(entry)
    both = [entry for functional in set(shifted) & set(bare) for entry in bare[functional]]
    if both:
        raise IncompatibleEnergiesError(
            f"{where}: {named_few([e.label for e in both])} of {both[0].run_type[:12] or 'unknown run type'} lack the "
            "mixing adjustment that others of this functional carry; mix all entries of the system at once"
        )
    if len(shifted) > 1:
        raise IncompatibleEnergiesError(
            f"{where}: entries of {named_few(sorted(f[:12] for f in shifted))} all carry a mixing adjustment: "
            "this is more than one hull; mix all entries of the system at once"
        )
    rest = [entry for found in bare.values() for entry in found if _functional(entry) == "GGA"]
    if any(_family(name) == "mp2020" for entry in rest for name, _ in entry.adjustments):
        _refuse(rest, mp2020_allowed, NAMED_EV_PER_ATOM, where, "MP2020")
    elif rest:
        _raw_functional(rest, where)


def _refuse(
    entries: Sequence[Entry], allowed: Callable[[Entry], Allowed | str], near: float, where: str, name: str
) -> None:
    """Compare every entry with what a scheme gives it."""
    given = [(entry, allowed(entry)) for entry in entries]
    misfits = [(entry, reason) for entry, own in given if (reason := _misfit(entry, own, near))]
    if misfits:
        listed = [f"{entry.label} {reason}" for entry, reason in misfits]
        run_otherwise = all(isinstance(allowed(entry), str) for entry, _ in misfits)
        way = "leave them out or compute them again" if run_otherwise else _unit_hint(given) or _WAY_OUT
        raise IncompatibleEnergiesError(
            f"{where}: {len(misfits)} of {len(entries)} entries do not fit the {name} corrections of the others: "
            f"{shortened(named_few(listed, 2 if len(misfits) == 2 else 1), 140)}; {way}"
        )


def _unit_hint(given: Sequence[tuple[Entry, Allowed | str]]) -> str:
    """Say which unit corrections look like that are all off by one factor."""
    ratios = [
        entry.correction_ev / total
        for entry, own in given
        if not isinstance(own, str) and own and abs(total := sum(own[0].values())) > 0.01 and entry.correction_ev
    ]
    if not ratios:
        return ""
    middle = sorted(ratios)[len(ratios) // 2]
    for unit, factor in (("meV", 1e3), ("kJ/mol", EV_TO_KJ_PER_MOL), ("kcal/mol", EV_TO_KJ_PER_MOL / 4.184),
                         ("hartree", 1 / 27.211386), ("Ry", 2 / 27.211386)):  # fmt: skip
        if abs(middle / factor - 1.0) < 0.05:
            return f"looks like {unit}, entries are in eV"
    return ""


def _misfit(entry: Entry, allowed: Allowed | str, near: float) -> str:
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
        return f"lacks {shortened(' and '.join(missing), 90)} ({(sums[0] - carried) / entry.atoms:+.3f} eV/atom)"
    return f"carries {carried / entry.atoms:+.3f} eV/atom where the scheme gives {sums[0] / entry.atoms:+.3f}"


def _unnamed(entries: Sequence[Entry], where: str) -> str:
    """Return the scheme that corrections without a name of their own come from."""
    rules = {"mp2020": mp2020_allowed, "mp-legacy": legacy_allowed, "mp-gas": gas_allowed, "mit": mit_allowed}
    found = {name: [rule(entry) for entry in entries] for name, rule in rules.items()}
    bad = {
        name: sum(bool(_misfit(e, a, UNNAMED_EV_PER_ATOM)) for e, a in zip(entries, allowed, strict=True))
        for name, allowed in found.items()
    }
    fitting = [name for name, count in bad.items() if not count]
    if fitting:
        return f"pbe+u/{fitting[0]}"
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
    return next((shortened(entry.run_type.lower(), 30) for entry in entries if entry.run_type), "unknown")


def raw_mixture(formulas: Sequence[str]) -> str:
    """Say which compositions the Materials Project computes with +U beside others without; empty if none."""
    with_u = [formula for formula in formulas if uses_hubbard_u(formula)]
    return named_few(with_u) if with_u and len(with_u) < len(formulas) else ""


def _raw_functional(entries: Sequence[Entry], where: str) -> str:
    """Return the functional of uncorrected entries; Hubbard U of an element must be the same in all of them."""
    used: dict[str, dict[float, list[Entry]]] = {}
    for entry in entries:
        for symbol, u in hubbards_of(entry).items():
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
        return "pbe+u" if any(any(hubbards_of(entry).values()) for entry in entries) else "pbe"
    return _other(entries)


def correct_mp2020(entries: Sequence[Entry], where: str) -> tuple[list[Entry], list[str]]:
    """Put entries on the scale of the Materials Project; corrections that they carry are taken off first.

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
        raise IncompatibleEnergiesError(f"{where}: MP2020 has nothing for {shortened(named_few(lost, 2), 220)}")
    return done, [entry.label for entry, _ in refused]
