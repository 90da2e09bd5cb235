"""Headings of other databases' tables, each with the licoat column that it is and the unit that it is in."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from licoat.structures.chemistry.units import EV_TO_KJ_PER_MOL
from licoat.structures.errors import InputFileError, did_you_mean, shortened
from licoat.structures.phases.known_values import A3_PER_CM3_MOL
from licoat.structures.phases.phase import FLOAT_COLUMNS, INTEGER_COLUMNS, TEXT_COLUMNS
from licoat.structures.rendering import outline

__all__ = ["COLUMNS", "ENERGIES", "Heading", "map_headings", "recognise"]

ENERGIES: Final = ("energy_ev_per_atom", "formation_energy_ev_per_atom")
COLUMNS: Final = (*TEXT_COLUMNS, *FLOAT_COLUMNS, *INTEGER_COLUMNS, "scheme", "energy_kind", "temperature_k")
"""Names that a table of a user may give."""

CELL_VOLUME: Final = "volume_a3_per_cell"
_KCAL: Final = EV_TO_KJ_PER_MOL / 4.184
_HARTREE_EV: Final = 27.211386245988


@dataclass(frozen=True, slots=True)
class Heading:
    """What a column of a file is.

    Attributes
    ----------
    name : str
        licoat's name of it, empty for a column that is known and not needed.
    factor : float
        The file's number times this is licoat's.
    per_formula, per_cell : bool
        The number is per formula as written, or per cell of ``n_sites`` atoms; licoat's is per atom.
    kind : str
        ``enthalpy`` where the heading says so.
    exact : bool
        It is licoat's own name.
    temperature_k : float or None
        Of enthalpy or Gibbs energy, where the heading says so.
    no_unit : bool
        A unit would belong there: taken as eV/atom, if the numbers can be.
    """

    name: str
    factor: float = 1.0
    per_formula: bool = False
    kind: str = ""
    exact: bool = False
    per_cell: bool = False
    temperature_k: float | None = None
    no_unit: bool = False

    __repr__ = outline


_ALIASES: Final = {
    "formula": "formula_pretty pretty_formula full_formula reduced_formula composition_reduced composition compound "
    "name chemical_formula chemical_formula_reduced formula_reduced unit_cell_formula comp chemicalformula",
    "phase_id": "material_id materials_id mpid mp_id task_id jid auid entry_id id oqmd_id oqmd_entry_id aflow_id "
    "identifier",
    "energy_ev_per_atom": "energy_per_atom final_energy_per_atom total_energy_per_atom energy_atom enthalpy_atom "
    "corrected_energy_per_atom optb88vdw_total_energy e_per_atom",
    "uncorrected_energy_ev_per_atom": "uncorrected_energy_per_atom",
    "formation_energy_ev_per_atom": "formation_energy_per_atom formation_energy_peratom e_form_per_atom delta_e "
    "enthalpy_formation_atom formation_enthalpy_per_atom formation_enthalpy_atom e_form ef_per_atom "
    "formation_energy_atom predicted_formation_energy",
    "energy_sigma_ev_per_atom": "energy_uncertainty_per_atom energy_uncertainy_per_atom",
    "volume_a3_per_atom": "volume_atom volume_per_atom vpa",
    CELL_VOLUME: "volume volume_cell cell_volume",
    "n_sites": "nsites natoms nat num_sites num_atoms number_of_sites nsites_in_cell n_atoms sites",
    "space_group_number": "spacegroup_number symmetry_number spacegroup_relax spg_number sg_number space_group_num "
    "spacegroupnumber space_group_it_number sg_num",
    "space_group": "spacegroup_symbol symmetry_symbol spg_symbol spacegroup sgsymbol space_group_symbol sg2 spg",
    "band_gap_ev": "band_gap bandgap egap optb88vdw_bandgap gap_pbe band_gap_pbe gap",
    "bulk_modulus_gpa": "bulk_modulus_vrh k_vrh elasticity_k_vrh bulk_modulus ael_bulk_modulus_vrh bulk_modulus_kv "
    "elasticity_bulk_modulus_vrh",
    "shear_modulus_gpa": "shear_modulus_vrh g_vrh elasticity_g_vrh shear_modulus ael_shear_modulus_vrh "
    "shear_modulus_gv elasticity_shear_modulus_vrh",
    "theoretical": "",
    "thermo_type": "thermo_type",
    "deprecated": "deprecated",
}
_NOT_NEEDED: Final = frozenset(
    [
        "energy_above_hull",
        "e_above_hull",
        "ehull",
        "stability",
        "is_stable",
        "decomposes_to",
        "density",
        "density_atomic",
        "nelements",
        "elements",
        "chemsys",
        "crystal_system",
        "symmetry_crystal_system",
        "is_metal",
        "is_gap_direct",
        "is_magnetic",
        "ordering",
        "total_magnetization",
        "cbm",
        "vbm",
        "efermi",
        "formula_anonymous",
        "composition_generic",
        "prototype",
        "icsd_ids",
        "icsd_id",
        "database_ids",
        "last_updated",
        "database_specific",
        "unnamed_0",
        "index",
        "ntypes",
        "nspecies",
        "duplicate_entry_id",
        "calculation_label",
        "pearson",
        "enthalpy_cell",
        "enthalpy_formation_cell",
        "energy_cell",
        "energy_uncertainty",
        "aurl",
        "poisson",
        "universal_anisotropy",
        "homogeneous_poisson",
        "equilibrium_reaction_energy_per_atom",
        "magmom_oszicar",
        "mbj_bandgap",
        "hse_gap",
        "slme",
        "epsx",
        "epsy",
        "epsz",
        "optb88vdw_total_magnetization",
        "exfoliation_energy",
        "point_group",
        "symmetry_point_group",
        "warnings",
        "origins",
        "predicted_stable",
        "magnetic_ordering",
        "k_voigt",
        "k_reuss",
        "g_voigt",
        "g_reuss",
        "bulk_modulus_voigt",
        "bulk_modulus_reuss",
        "shear_modulus_voigt",
        "shear_modulus_reuss",
    ]
)
_BY_ALIAS: Final = {alias: name for name, aliases in _ALIASES.items() for alias in aliases.split()}
_BASES: Final = {
    "formation_energy": "formation_energy_ev_per_atom",
    "formation_enthalpy": "formation_energy_ev_per_atom",
    "enthalpy_of_formation": "formation_energy_ev_per_atom",
    "enthalpy_formation": "formation_energy_ev_per_atom",
    "energy_of_formation": "formation_energy_ev_per_atom",
    "heat_of_formation": "formation_energy_ev_per_atom",
    "delta_hf": "formation_energy_ev_per_atom",
    "dhf": "formation_energy_ev_per_atom",
    "dhf298": "formation_energy_ev_per_atom",
    "delta_hf298": "formation_energy_ev_per_atom",
    "gibbs_energy_of_formation": "formation_energy_ev_per_atom",
    "gibbs_formation_energy": "formation_energy_ev_per_atom",
    "formation_gibbs_energy": "formation_energy_ev_per_atom",
    "delta_gf": "formation_energy_ev_per_atom",
    "delta_gf298": "formation_energy_ev_per_atom",
    "dgf": "formation_energy_ev_per_atom",
    "dgf298": "formation_energy_ev_per_atom",
    "molar_volume": "volume_a3_per_atom",
    "delta_fh": "formation_energy_ev_per_atom",
    "delta_fh298": "formation_energy_ev_per_atom",
    "delta_fg": "formation_energy_ev_per_atom",
    "delta_fg298": "formation_energy_ev_per_atom",
    "dfh": "formation_energy_ev_per_atom",
    "hf": "formation_energy_ev_per_atom",
    "e_form": "formation_energy_ev_per_atom",
    "ef": "formation_energy_ev_per_atom",
    "energy": "energy_ev_per_atom",
    "total_energy": "energy_ev_per_atom",
    "volume": "volume_a3_per_atom",
    "volume_per_atom": "volume_a3_per_atom",
    "band_gap": "band_gap_ev",
    "bandgap": "band_gap_ev",
    "gap": "band_gap_ev",
    "bulk_modulus": "bulk_modulus_gpa",
    "shear_modulus": "shear_modulus_gpa",
}
_ENERGY_UNITS: Final = {
    "ev_per_atom": (1.0, False), "ev_atom": (1.0, False), "mev_per_atom": (1e-3, False), "mev_atom": (1e-3, False),
    "ev_per_fu": (1.0, True), "ev_fu": (1.0, True), "ev_per_formula_unit": (1.0, True), "ev_per_formula": (1.0, True),
    "ev_f_u": (1.0, True), "ev_per_f_u": (1.0, True),
    "kj_per_mol": (1 / EV_TO_KJ_PER_MOL, True), "kj_mol": (1 / EV_TO_KJ_PER_MOL, True),
    "kj_mol_1": (1 / EV_TO_KJ_PER_MOL, True), "kj_per_mol_fu": (1 / EV_TO_KJ_PER_MOL, True),
    "kj_per_mol_atom": (1 / EV_TO_KJ_PER_MOL, False), "kj_mol_atom": (1 / EV_TO_KJ_PER_MOL, False),
    "kj_per_mol_atoms": (1 / EV_TO_KJ_PER_MOL, False), "kj_mol_atoms": (1 / EV_TO_KJ_PER_MOL, False),
    "j_per_mol": (1e-3 / EV_TO_KJ_PER_MOL, True), "j_mol": (1e-3 / EV_TO_KJ_PER_MOL, True),
    "kcal_per_mol": (1 / _KCAL, True), "kcal_mol": (1 / _KCAL, True),
    "kcal_per_mol_atom": (1 / _KCAL, False), "kcal_mol_atom": (1 / _KCAL, False),
    "ha_per_atom": (_HARTREE_EV, False), "hartree_per_atom": (_HARTREE_EV, False), "hartree_atom": (_HARTREE_EV, False),
    "ry_per_atom": (_HARTREE_EV / 2, False), "ry_atom": (_HARTREE_EV / 2, False),
}  # fmt: skip
_PRESSURES: Final = {
    "gpa": 1.0, "mpa": 1e-3, "pa": 1e-9, "mbar": 100.0, "kbar": 0.1, "bar": 1e-4, "n_m2": 1e-9, "n_per_m2": 1e-9,
    "n_m_2": 1e-9, "dyn_cm2": 1e-10, "dyn_per_cm2": 1e-10, "gn_m2": 1.0, "gn_m_2": 1.0, "ev_a3": 160.2176634,
    "ev_per_a3": 160.2176634,
}  # fmt: skip
_OTHER_UNITS: Final = {
    "band_gap_ev": {"ev": 1.0, "mev": 1e-3},
    "bulk_modulus_gpa": _PRESSURES,
    "shear_modulus_gpa": _PRESSURES,
    "volume_a3_per_atom": {
        "a3_per_atom": 1.0, "a3_atom": 1.0, "a_3_atom": 1.0, "a_3_per_atom": 1.0, "nm3_per_atom": 1e3, "nm3_atom": 1e3,
    },
}  # fmt: skip
_VOLUMES_PER_FORMULA: Final = {
    "cm3_per_mol": A3_PER_CM3_MOL, "cm3_mol": A3_PER_CM3_MOL, "cm_3_mol": A3_PER_CM3_MOL, "cm3_mol_1": A3_PER_CM3_MOL,
    "ml_per_mol": A3_PER_CM3_MOL, "m3_per_mol": 1e6 * A3_PER_CM3_MOL, "m3_mol": 1e6 * A3_PER_CM3_MOL,
    "a3_per_fu": 1.0, "a3_fu": 1.0, "a3_f_u": 1.0, "a3_per_f_u": 1.0, "a_3_f_u": 1.0, "a_3_fu": 1.0,
    "a3_per_formula_unit": 1.0, "a3_per_formula": 1.0,
}  # fmt: skip
_SPELLINGS: Final = (("cm_3", "cm3"), ("a_3", "a3"), ("nm_3", "nm3"), ("mol_1", "mol"))
_PER_CELL: Final = {"ev_per_cell": 1.0, "ev_cell": 1.0, "ev_per_unit_cell": 1.0, "ev_unit_cell": 1.0}


def _plain(text: str) -> str:
    """Write a heading in lower case, everything else than letters and digits an underscore."""
    text = text.replace("Å", "A").replace("³", "3").replace("Δ", "delta_").replace("⁻¹", "_1").replace("%", "percent")
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def recognise(heading: str) -> Heading | None:
    """Return what a heading means, None if it is not known.

    A unit is read from brackets or the end of the name (``Formation energy (kJ/mol)``, ``e_form_mev_per_atom``). Where
    there is none the databases' own units hold: eV/atom, eV, GPa, A3 per cell.
    """
    if heading in COLUMNS:
        return Heading(heading, exact=True)
    plain = _plain(heading[:200])
    if plain in COLUMNS:
        return Heading(plain, exact=True)
    for prefix in ("oqmd_", "attributes_oqmd_", "attributes_aflow_", "attributes_", "aflow_"):
        if plain.startswith(prefix) and plain not in _BY_ALIAS:
            plain = plain.removeprefix(prefix)
    if plain in _BY_ALIAS:
        return _alias(plain)
    if plain in _NOT_NEEDED:
        return Heading("")
    return _with_unit(plain)


def _alias(plain: str) -> Heading:
    return Heading(_BY_ALIAS[plain])


def _with_unit(plain: str) -> Heading | None:
    """Read ``base_unit``: the longest unit that is left of a known base."""
    if _BASES.get(plain) == ENERGIES[1] and len(plain) > 6:  # "hf" and "ef" alone are too short to be sure
        kind, temperature = _kind(plain)
        return Heading(ENERGIES[1], kind=kind, temperature_k=temperature, no_unit=True)
    for start in (match.start() for match in re.finditer("_", plain)):
        base, unit = plain[:start], plain[start + 1 :]
        for written, usual in _SPELLINGS:
            unit = unit.replace(written, usual)
        name = _BASES.get(base) or _BY_ALIAS.get(base, "")
        kind, temperature = _kind(base)
        if name in ENERGIES and unit in _ENERGY_UNITS:
            factor, per_formula = _ENERGY_UNITS[unit]
            if base.endswith(("per_atom", "_atom")):
                per_formula = False
            return Heading(name, factor, per_formula, kind, temperature_k=temperature)
        if name in ENERGIES and unit in _PER_CELL:
            return Heading(name, kind=kind, per_cell=True, temperature_k=temperature)
        found = _other_unit(name, base, unit)
        if found is not None:
            return found
    return None


def _other_unit(name: str, base: str, unit: str) -> Heading | None:
    """Read the unit of a gap, a modulus or a volume."""
    if unit in _OTHER_UNITS.get(name, {}):
        return Heading(name, _OTHER_UNITS[name][unit])
    if name not in {"volume_a3_per_atom", CELL_VOLUME}:
        return None
    if unit in _VOLUMES_PER_FORMULA:
        return Heading("volume_a3_per_atom", _VOLUMES_PER_FORMULA[unit], per_formula=True)
    if unit in {"a3", "ang3", "angstrom3"}:
        return Heading("volume_a3_per_atom" if base.endswith("atom") else CELL_VOLUME)
    return None


def _kind(base: str) -> tuple[str, float | None]:
    """Return what kind of energy a name means, and its temperature if it is in the name."""
    temperature = 298.15 if base.endswith("298") else None
    if "gibbs" in base or base.startswith(("dgf", "delta_gf", "delta_fg")):
        return "gibbs", temperature
    if "enthalpy" in base or "heat" in base or base.startswith(("dhf", "delta_hf", "delta_fh", "dfh")):
        return "enthalpy", None
    return "", None


def map_headings(
    header: Sequence[str], chosen: Mapping[str, str] | None, where: str
) -> tuple[dict[int, Heading], list[str]]:
    """Say which columns of a table are what.

    Parameters
    ----------
    header : sequence of str
        As the file writes them.
    chosen : mapping of str to str, optional
        Heading to licoat's name, where the user says so.
    where : str
        The file, for messages.

    Returns
    -------
    dict of int to Heading
        By the column's number.
    list of str
        Headings that nobody knows.

    Raises
    ------
    InputFileError
        If two columns are the same thing, a chosen one is not there, or formula or energy is missing.
    """
    chosen = dict(chosen or {})
    for heading, name in chosen.items():
        if name not in COLUMNS:
            near = did_you_mean(name, COLUMNS) or f"; names are {shortened(', '.join(COLUMNS), 120)}"
            raise InputFileError(f"columns: {shortened(name, 40)!r} is no column of licoat{near}")
        if heading not in header:
            near = did_you_mean(heading, header) or f"; there are {shortened(', '.join(header), 120)}"
            raise InputFileError(f"{where}: no column {shortened(heading, 40)!r}{near}")
    found: dict[int, Heading] = {}
    unknown: list[str] = []
    for i, heading in enumerate(header):
        known = Heading(chosen[heading], exact=True) if heading in chosen else recognise(heading) if heading else None
        if known is None and heading:
            unknown.append(heading)
        elif known is not None and known.name:
            found[i] = known
    _once(header, found, chosen, where)
    names = {known.name for known in found.values()}
    if "formula" not in names or not names & {*ENERGIES, "uncorrected_energy_ev_per_atom"}:
        raise InputFileError(_missing(header, names, where))
    return found, unknown


def _once(header: Sequence[str], found: dict[int, Heading], chosen: Mapping[str, str], where: str) -> None:
    """Keep one column of each name: the chosen or exact one; two exact ones are refused, further names are dropped."""
    by_name: dict[str, list[int]] = {}
    for i, heading in found.items():
        by_name.setdefault(heading.name, []).append(i)
    for name, places in by_name.items():
        best = [i for i in places if header[i] in chosen] or [i for i in places if found[i].exact]
        if len(best) > 1:
            raise InputFileError(f"{where}: the column {name} stands twice in the first line")
        if not best and len({header[i] for i in places}) < len(places):
            twice = shortened(header[places[0]], 40)
            raise InputFileError(f"{where}: the column {twice} stands twice in the first line")
        if not best and name in ENERGIES and len(places) > 1:
            raise InputFileError(
                f"{where}: {' and '.join(shortened(header[i], 40) for i in places[:3])} could both be {name}; "
                f"choose one with columns ({shortened(header[places[0]], 40)}={name})"
            )
        for i in places:
            if i != (best or places)[0]:
                del found[i]


def _missing(header: Iterable[str], names: set[str], where: str) -> str:
    lacks = "formula" if "formula" not in names else ENERGIES[1]
    listed = [heading for heading in header if heading]
    near = next((name for name in listed if did_you_mean(name, [lacks]) and name != lacks), "")
    hint = f"; if {shortened(near, 30)!r} is it: --columns {shortened(near, 30)!r}={lacks}" if near else ""
    wanted = "'formula'" if lacks == "formula" else f"'{ENERGIES[1]}' or 'energy_ev_per_atom'"
    way = "" if near else f" (or --columns HEADING={lacks})"
    return (
        f"{where}: the first line must name the columns, {wanted} among them{way}; found "
        f"{shortened(', '.join(listed), 60) or 'nothing'}{hint}"
    )
