"""From documents of the Materials Project to rows of phases: what is checked, dropped and kept as unknown."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from licoat.structures.chemistry.formula import formula_unit
from licoat.structures.errors import FormulaError, MissingDataError, SourceError
from licoat.structures.materials_project.snapshots import id_number, shown_id

__all__ = ["SUMMARY_FIELDS", "THERMO_FIELDS", "check_elements", "phase_rows", "summary_only"]

SUMMARY_FIELDS = (
    "material_id", "formula_pretty", "nsites", "volume", "symmetry", "band_gap", "bulk_modulus", "shear_modulus",
    "theoretical", "deprecated", "builder_meta",
)  # fmt: skip
THERMO_FIELDS = (
    "material_id", "thermo_type", "formula_pretty", "energy_per_atom", "uncorrected_energy_per_atom", "deprecated",
    "builder_meta",
)  # fmt: skip
NON_COMMERCIAL = "BY-NC"
HIGHEST_MODULUS_GPA = 800.0
ENERGY_RANGE_EV_PER_ATOM = (-60.0, 5.0)
"""Total energies per atom outside this are no energies (r2SCAN ones go far below those of PBE)."""

Documents = Sequence[Mapping[str, Any]]


def phase_rows(
    summary: Documents,
    thermo: Documents,
    thermo_type: str,
    *,
    include_nc: bool,
    elsewhere: frozenset[int] = frozenset(),
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Join summary and thermo documents to rows of a phase table.

    Parameters
    ----------
    summary, thermo : sequence of mapping
        Documents as the service gives them.
    thermo_type : str
        The one that every thermo document must have.
    include_nc : bool
        Keep materials under the non-commercial licence.
    elsewhere : frozenset of int
        Materials that have an energy of another thermo type: that they have none of this one is no gap.

    Returns
    -------
    rows : list of dict
        Sorted by identifier.
    counts : dict
        What was dropped and which identifiers stand in one list only; ``one_sided`` has their formulas.

    Raises
    ------
    SourceError
        If a document cannot be right; it is named.
    """
    described, energies = _by_id(summary, "summary"), _by_id(thermo, "thermo")
    dropped_deprecated, dropped_nc = set(), set()
    rows = []
    for number in sorted(set(described) & set(energies)):
        one, energy = described[number], energies[number]
        if one.get("deprecated") or energy.get("deprecated"):
            dropped_deprecated.add(number)
        elif _license(one) == NON_COMMERCIAL and not include_nc:
            dropped_nc.add(number)
        else:
            rows.append(_row(number, one, energy, thermo_type))
    for number, energy in energies.items():
        if energy.get("deprecated"):
            dropped_deprecated.add(number)
    only_thermo = sorted(set(energies) - set(described) - dropped_deprecated)
    only_summary = summary_only(summary, thermo, include_nc=include_nc)
    one_sided = {number: energies[number] for number in only_thermo}
    one_sided |= {number: described[number] for number in only_summary - elsewhere}
    counts = {
        "dropped_deprecated": len(dropped_deprecated),
        "dropped_nc": len(dropped_nc),
        "only_in_summary": [shown_id(n) for n in sorted(only_summary)],
        "only_in_thermo": [shown_id(n) for n in only_thermo],
        "one_sided": {shown_id(n): str(document.get("formula_pretty") or "") for n, document in one_sided.items()},
        "licences": sorted({_license(described[id_number(r["phase_id"])]) for r in rows}),
        "licences_seen": sorted({_license(document) for document in described.values()}),
    }
    return rows, counts


def summary_only(summary: Documents, thermo: Documents, *, include_nc: bool) -> set[int]:
    """Return the numbers of the materials that would be kept and have no energy.

    Raises
    ------
    SourceError
        If a document cannot be right; it is named.
    """
    described = _by_id(summary, "summary")
    return {
        number
        for number in set(described) - set(_by_id(thermo, "thermo"))
        if not described[number].get("deprecated") and (include_nc or _license(described[number]) != NON_COMMERCIAL)
    }


def _by_id(documents: Documents, what: str) -> dict[int, Mapping[str, Any]]:
    found: dict[int, Mapping[str, Any]] = {}
    for document in documents:
        if "material_id" not in document:
            raise SourceError(f"a {what} document without material_id")
        number = id_number(document["material_id"])
        first = found.setdefault(number, document)
        if first != document:
            raise SourceError(f"{shown_id(number)} stands twice in the {what} answers, and the two differ")
    return found


def _license(document: Mapping[str, Any]) -> str:
    meta = document.get("builder_meta")
    return str(meta.get("license") or "") if isinstance(meta, dict) else ""


def _row(number: int, one: Mapping[str, Any], energy: Mapping[str, Any], thermo_type: str) -> dict[str, Any]:
    name = shown_id(number)
    if str(energy.get("thermo_type")).lower() != thermo_type.lower():
        raise SourceError(f"{name}: thermo type {energy.get('thermo_type')!r} where {thermo_type!r} was asked for")
    value = _number(energy.get("energy_per_atom"))
    low, high = ENERGY_RANGE_EV_PER_ATOM
    if value is None or not low < value < high:
        raise SourceError(f"{name}: energy_per_atom is {energy.get('energy_per_atom')!r}, expected eV/atom")
    try:
        formula = formula_unit(energy.get("formula_pretty") or "")
    except FormulaError as error:
        raise SourceError(f"{name}: {error}") from error
    sites, volume = _number(one.get("nsites")), _number(one.get("volume"))
    symmetry = one.get("symmetry") if isinstance(one.get("symmetry"), dict) else {}
    gap = _number(one.get("band_gap"))
    bulk, shear = _modulus(one.get("bulk_modulus")), _modulus(one.get("shear_modulus"))
    known = bulk is not None or shear is not None
    theoretical = one.get("theoretical")
    return {
        "phase_id": name,
        "formula": formula,
        "energy_ev_per_atom": value,
        "energy_source": f"MP {name}",
        "volume_a3_per_atom": volume / sites if sites and volume and sites > 0 and volume > 0 else None,
        "volume_source": f"MP {name}" if volume else "",
        "n_sites": int(sites) if sites else -1,
        "space_group": str((symmetry or {}).get("symbol") or ""),
        "space_group_number": int((symmetry or {}).get("number") or -1),
        "band_gap_ev": gap,
        "band_gap_kind": "" if gap is None else "pbe",
        "band_gap_source": "" if gap is None else f"MP {name}",
        "bulk_modulus_gpa": bulk,
        "shear_modulus_gpa": shear,
        "elastic_kind": "pbe" if known else "",
        "elastic_source": f"MP {name}" if known else "",
        "theoretical": int(theoretical) if isinstance(theoretical, bool) else -1,
    }


def _number(value: Any) -> float | None:  # noqa: ANN401 - a JSON value
    """Return a finite number; anything else is unknown."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _modulus(value: Any) -> float | None:  # noqa: ANN401 - a JSON value
    """Return the Voigt-Reuss-Hill modulus in GPa if it can be one: positive, possible, between its bounds."""
    if not isinstance(value, dict):
        return None
    reuss, hill, voigt = (_number(value.get(name)) for name in ("reuss", "vrh", "voigt"))
    if reuss is None or hill is None or voigt is None:
        return None
    healthy = 0.0 < hill <= HIGHEST_MODULUS_GPA and reuss - 1e-3 <= hill <= voigt + 1e-3
    return hill if healthy else None


def check_elements(
    rows: Iterable[Mapping[str, Any]], elements: Iterable[str], anode: str, thermo_type: str
) -> list[str]:
    """Return the elements that have no energy; the anode metal, oxygen and its oxide must have one.

    Raises
    ------
    MissingDataError
        If one of these has none.
    """
    formulas = {row["formula"] for row in rows}
    missing = [symbol for symbol in sorted(elements) if formula_unit(symbol) not in formulas]
    needed = [symbol for symbol in missing if symbol in {anode, "O"}]
    if needed:
        raise MissingDataError(f"the Materials Project gave no {thermo_type} energy of {', '.join(needed)}")
    if anode == "Li" and "Li2O" not in formulas:
        raise MissingDataError(f"the Materials Project gave no {thermo_type} energy of Li2O; the answer is not whole")
    return missing
