"""Small renderings that several outputs share."""

from licoat.structures.chemistry.formula import render_unicode

__all__ = ["equation_text", "split_unit"]


def equation_text(equation: str) -> str:
    """Write an equation with subscripts and an arrow."""
    return render_unicode(equation).replace("->", "→")


_UNITS = {
    "_mah_per_cm2_per_um_oxide": "mAh/cm2 per um oxide",
    "_j_per_cm2_per_um_oxide": "J/cm2 per um oxide",
    "_um_per_um_oxide": "um per um oxide",
    "_mg_per_cm2": "mg/cm2", "_mah_per_cm2": "mAh/cm2", "_j_per_cm2": "J/cm2", "_ma_per_cm2": "mA/cm2",
    "_ohm_cm2": "ohm cm2", "_s_per_cm": "S/cm", "_wh_per_kg": "Wh/kg", "_wh_per_l": "Wh/l", "_um": "um", "_gpa": "GPa",
    "_ev_per_fu": "eV per formula unit", "_ev_per_anode_atom": "eV per anode atom", "_ev_per_atom": "eV/atom",
    "_kj_per_mol": "kJ/mol", "_mj_per_kg_oxide": "MJ/kg oxide", "_mj_per_kg_reactants": "MJ/kg reactants",
    "_gj_per_m3_oxide": "GJ/m3 oxide", "_a3_per_fu": "A3 per formula unit", "_ev": "eV",
    "_mpa": "MPa", "_mv": "mV", "_k": "K", "_v": "V",
}  # fmt: skip


def split_unit(name: str) -> tuple[str, str]:
    """Split a quantity's name into words and unit: ``heat_j_per_cm2`` is ``heat`` in ``J/cm2``."""
    for ending, unit in _UNITS.items():
        if name.endswith(ending):
            return name.removesuffix(ending).replace("_", " "), unit
    return name.replace("_", " "), ""
