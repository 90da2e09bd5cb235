"""Conductivity of a phase for the anode's ions: what was measured, with its reference; unknown else.

``data/lithium_conductors.csv`` is OBELiX (Therrien et al., arXiv:2502.14234 (2025), CC BY 4.0): 599 lithium
conductors at room temperature, each with the DOI of its measurement.
"""

import math
from functools import cache

from licoat.structures import FormulaError, formula_unit
from licoat.structures.phases.facts import is_citable, number, read_facts, source_label
from licoat.workflows.layer.bands import Band, read_rows

__all__ = ["BEST_CONDUCTIVITY", "SCATTER_DECADES", "measured_conductivity"]

SCATTER_DECADES = 1.0
"""Standard deviation of repeated measurements of one compound and space group (59 values of OBELiX: 1.04): a single one
is no better known."""
BEST_CONDUCTIVITY = 0.0
"""log10 S/cm above which no solid conducts lithium at room temperature (the best of OBELiX has 0.03 S/cm)."""
ROOM_TEMPERATURE_K = 298.0


def measured_conductivity(formula: str, anode: str) -> Band | None:
    """Return the measured ionic conductivity of a phase in log10 S/cm.

    Parameters
    ----------
    formula : str
    anode : str
        Symbol; only conductors of lithium ions are known.

    Returns
    -------
    Band or None
        From the smallest to the largest published value; a single one with the scatter between laboratories. A value
        published as an upper limit has no lower bound. None if none with a citable source is known.
    """
    if anode != "Li":
        return None
    found = _measured().get(formula_unit(formula))
    if not found:
        return None
    low, high = min(low for low, _, _ in found), max(high for _, high, _ in found)
    if low == high:
        low, high = low - SCATTER_DECADES, min(high + SCATTER_DECADES, BEST_CONDUCTIVITY)
    return Band(low, high, f"measured: {'; '.join(dict.fromkeys(source for _, _, source in found))}", measured=True)


@cache
def _measured() -> dict[str, list[tuple[float, float, str]]]:
    """Lower and upper bound in log10 S/cm and source of every published value, by formula."""
    found: dict[str, list[tuple[float, float, str]]] = {}
    for row in read_rows("lithium_conductors"):
        try:
            unit = formula_unit(row["formula"])
        except FormulaError:
            continue  # a doped composition with fractions is no phase of a table
        text = row["ionic_conductivity_s_per_cm"]
        value = math.log10(float(text.lstrip("<")))
        low = -math.inf if text.startswith("<") else value
        found.setdefault(unit, []).append((low, value, row["doi"]))
    for row in read_facts("toughness_ion"):
        value_ = number(row["value"])
        is_phase = row["material"].isalnum() and "film" not in row["phase"] and number(row["T_K"]) == ROOM_TEMPERATURE_K
        if row["property"] == "sigma_Li" and value_ is not None and is_phase and is_citable(row["source"]):
            found.setdefault(formula_unit(row["material"]), []).append(
                (math.log10(value_), math.log10(value_), source_label(row))
            )
    return found
