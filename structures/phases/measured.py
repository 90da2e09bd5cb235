"""The source ``measured``: formation enthalpies at 298.15 K and other measured properties, with sigmas."""

from functools import lru_cache
from typing import Any

from licoat.structures.chemistry.formula import formula_unit, parse_formula
from licoat.structures.chemistry.units import EV_TO_KJ_PER_MOL
from licoat.structures.phases.enrichment import reference_elements
from licoat.structures.phases.facts import (
    ObservedPhase,
    gap_fact,
    is_citable,
    modulus_fact,
    number,
    observed_phases,
    read_facts,
    source_label,
)
from licoat.structures.phases.provenance import Manifest
from licoat.structures.phases.table import PhaseTable

__all__ = ["SCHEME", "load_measured"]

SCHEME = "measured/298K"
ROOM_TEMPERATURE_K = 298.0


@lru_cache(maxsize=1)
def load_measured() -> PhaseTable:
    """Return the measured phases, one row per polymorph key.

    Formation energies are enthalpies at 298.15 K (no entropy, no zero-point correction). Rows without an
    enthalpy keep a volume, a gap or moduli and take no part in a hull.
    """
    volumes = observed_phases()
    conductivities = _conductivities()
    rows: dict[str, dict[str, Any]] = {}
    for fact in read_facts("thermochem"):
        rows[fact["key"]] = _thermochemistry(fact)
    for key, phase in volumes.items():
        rows.setdefault(key, {"phase_id": key, "formula": phase.formula})
    for reference in reference_elements(rows.values()):
        rows[reference["phase_id"]] = reference
    for key, row in rows.items():
        row.update(_properties(key, volumes.get(key)))
        row.update(conductivities.get(row["formula"], {}))
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    text = {"phase_id", "formula", "space_group"} | {name for name in names if name.endswith(("_source", "_kind"))}
    columns: dict[str, list[Any]] = {
        name: [row.get(name, "" if name in text else None) for row in rows.values()] for name in names
    }
    columns["space_group_number"] = [-1 if value is None else value for value in columns["space_group_number"]]
    return PhaseTable(
        columns,
        Manifest(
            source="measured",
            scheme=SCHEME,
            energy_kind="enthalpy at 298 K",
            version="2026-11",
            description="Measured formation enthalpies (298.15 K) and properties; every value names its source",
            licence="Facts with their sources; compilation MIT",
            created="2026-11-22",
            details={
                "caution": "few lithium alloys have a measured enthalpy, so end states may miss the alloy that forms; "
                "use measured for single reactions"
            },
        ),
    )


def _thermochemistry(fact: dict[str, str]) -> dict[str, Any]:
    as_written = sum(parse_formula(fact["formula"]).values())
    unit = formula_unit(fact["formula"])
    share = sum(parse_formula(unit).values()) / as_written  # the files write P4O10 and Sn, we count P2O5 and Sn
    enthalpy, sigma = number(fact["dHf298_kJ_mol"]), number(fact["u_dHf"])
    per_unit = {
        "entropy_j_per_mol_k": number(fact["S298_J_molK"]),
        "heat_capacity_j_per_mol_k": number(fact["Cp298_J_molK"]),
        "fusion_enthalpy_kj_per_mol": number(fact["dHfus_kJ_mol"]),
    }
    return {
        "phase_id": fact["key"],
        "formula": unit,
        "formation_energy_ev_per_atom": None if enthalpy is None else enthalpy / EV_TO_KJ_PER_MOL / as_written,
        "energy_sigma_ev_per_atom": None if sigma is None else sigma / EV_TO_KJ_PER_MOL / as_written,
        "energy_source": source_label(fact) if enthalpy is not None else "",
        "melting_point_k": number(fact["Tm_K"]),
        "theoretical": 0,
        **{name: None if value is None else value * share for name, value in per_unit.items()},
    }


def _properties(key: str, phase: ObservedPhase | None) -> dict[str, Any]:
    found: dict[str, Any] = {"theoretical": 0}
    if phase is not None:
        found |= {
            "volume_a3_per_atom": phase.volume_a3_per_atom,
            "volume_source": phase.source,
            "space_group": phase.space_group,
            "space_group_number": phase.space_group_number,
            "polymorph": key,
        }
    gap, moduli = gap_fact(key), modulus_fact(key)
    if gap is not None and gap.kind == "measured":
        found |= {
            "band_gap_ev": gap.gap_ev,
            "band_gap_sigma_ev": gap.sigma_ev,
            "band_gap_kind": gap.kind,
            "band_gap_source": gap.source,
        }
    if moduli is not None and moduli.kind == "measured":
        found |= {
            "bulk_modulus_gpa": moduli.bulk_modulus_gpa,
            "shear_modulus_gpa": moduli.shear_modulus_gpa,
            "elastic_sigma_percent": moduli.sigma_percent,
            "elastic_kind": moduli.kind,
            "elastic_source": moduli.source,
        }
    return found


def _conductivities() -> dict[str, dict[str, float]]:
    """Lithium-ion conductivity (bulk) and electronic resistivity at 298 K by formula, first value listed."""
    names = {"sigma_Li": "ionic_conductivity_s_per_cm", "rho_e": "electronic_resistivity_ohm_cm"}
    found: dict[str, dict[str, float]] = {}
    for row in read_facts("toughness_ion"):
        value = number(row["value"])
        if row["property"] not in names or value is None or number(row["T_K"]) != ROOM_TEMPERATURE_K:
            continue
        material = row["material"]
        if not material.isalnum() or "film" in row["phase"] or not is_citable(row["source"]):
            continue  # mixtures, films and electrolytes are no phases; what nobody can look up is no measurement
        found.setdefault(formula_unit(material), {}).setdefault(names[row["property"]], value)
    return found
