"""Complete the phases of a source: published gaps and moduli, and the elements that are zero by definition."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from licoat.structures.chemistry.formula import element_set, formula_unit
from licoat.structures.phases.facts import (
    GapFact,
    gap_fact,
    metal_gap,
    modulus_fact,
    observed_phase,
    observed_phases,
    polymorph_key,
)
from licoat.structures.phases.observed import state_at_298_k

__all__ = ["fact_columns", "reference_elements"]

_EMPTY: dict[str, Any] = {
    "band_gap_ev": None,
    "band_gap_sigma_ev": None,
    "band_gap_kind": "",
    "band_gap_source": "",
    "bulk_modulus_gpa": None,
    "shear_modulus_gpa": None,
    "elastic_sigma_percent": None,
    "elastic_kind": "",
    "elastic_source": "",
    "state": "",
}


def fact_columns(
    formulas: Sequence[str], space_groups: Sequence[int], polymorphs: Sequence[str] | None = None
) -> dict[str, list[Any]]:
    """Return columns of gaps and moduli with their kinds and sources, and the state at room temperature.

    Parameters
    ----------
    formulas : sequence of str
        Formula units, one per phase.
    space_groups : sequence of int
        Space group numbers, -1 where unknown.
    polymorphs : sequence of str, optional
        Keys of the recorded polymorphs (`facts.polymorph_key`); found from the space groups where not given.

    Returns
    -------
    dict of str to list
        One list per fact column. A phase gets the facts of the polymorph that it is. Where no
        phase of a formula is the polymorph that exists, the facts of that one stand for all of
        them and their kind ends in ``, other polymorph`` (``, polymorph assumed`` if unknown).
    """
    by_formula: dict[str, list[int]] = {}
    for i, formula in enumerate(formulas):
        by_formula.setdefault(formula, []).append(i)
    rows: list[dict[str, Any]] = [dict(_EMPTY) for _ in formulas]
    known: dict[str, set[str]] = {}
    for phase in observed_phases().values():
        known.setdefault(phase.formula, set()).add(phase.key)
    for formula, indices in by_formula.items():
        state = state_at_298_k(formula)
        for i in indices:
            rows[i] |= _gap_columns(metal_gap(formula), "") | {"state": state}
        if formula not in known:
            continue
        given = [""] * len(formulas) if polymorphs is None else polymorphs
        keys = {i: given[i] if given[i] in known[formula] else polymorph_key(formula, space_groups[i]) for i in indices}
        matched = {i: key for i, key in keys.items() if key}
        default = observed_phase(formula)
        for i in indices:
            if i in matched:
                rows[i] |= _facts(matched[i], "")
            elif default is not None and default.key not in matched.values():
                rows[i] |= _facts(default.key, ", other polymorph" if space_groups[i] > 0 else ", polymorph assumed")
    return {name: [row[name] for row in rows] for name in _EMPTY}


def _facts(key: str, mark: str) -> dict[str, Any]:
    moduli = modulus_fact(key)
    found = _gap_columns(gap_fact(key), mark)
    if moduli is not None:
        found |= {
            "bulk_modulus_gpa": moduli.bulk_modulus_gpa,
            "shear_modulus_gpa": moduli.shear_modulus_gpa,
            "elastic_sigma_percent": moduli.sigma_percent,
            "elastic_kind": moduli.kind + mark,
            "elastic_source": moduli.source,
        }
    return found


def _gap_columns(gap: GapFact | None, mark: str) -> dict[str, Any]:
    if gap is None:
        return {}
    return {
        "band_gap_ev": gap.gap_ev,
        "band_gap_sigma_ev": gap.sigma_ev,
        "band_gap_kind": gap.kind + mark,
        "band_gap_source": gap.source,
    }


def reference_elements(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rows for the elements whose reference a table of formation energies does not list: 0 by definition."""
    listed = [(row["formula"], row.get("formation_energy_ev_per_atom")) for row in rows]
    elements = {formula_unit(symbol) for formula, _ in listed for symbol in element_set(formula)}
    units = sorted(elements - {formula for formula, energy in listed if energy is not None and energy <= 0.0})
    return [
        {
            "phase_id": f"{unit}-reference",
            "formula": unit,
            "formation_energy_ev_per_atom": 0.0,
            "energy_sigma_ev_per_atom": 0.0,
            "energy_source": "definition",
        }
        for unit in units
    ]
