"""One phase: a crystal (or molecular reference) of one composition from one source."""

from dataclasses import dataclass

from licoat.structures.rendering import brief

__all__ = ["FLOAT_COLUMNS", "INTEGER_COLUMNS", "TEXT_COLUMNS", "Phase"]


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase with everything that is known about it. What is not known is None, never 0.

    Attributes
    ----------
    phase_id, formula : str
        Identifier within its source; formula unit (see `licoat.structures.chemistry.formula`).
    energy_ev_per_atom : float or None
        Total energy in the table's scheme.
    formation_energy_ev_per_atom : float or None
        Relative to the elements of the same table (computed: 0 K energy; measured: enthalpy at 298.15 K).
    energy_sigma_ev_per_atom : float or None
        One standard deviation of the formation energy against measurement.
    volume_a3_per_atom : float or None
        Volume in the units its name says.
    n_sites, space_group_number : int or None
        Atoms in the cell and number of the space group (1-230).
    space_group : str
        International symbol, empty if unknown.
    polymorph : str
        Key of the recorded polymorph that it is (see `facts.polymorph_key`), empty if of none.
    band_gap_ev, band_gap_sigma_ev : float or None
        Electronic gap; 0 is a metal.
    band_gap_kind, band_gap_source : str
        ``measured``, ``pbe``, ...; source key.
    bulk_modulus_gpa, shear_modulus_gpa, elastic_sigma_percent : float or None
        Isotropic (Voigt-Reuss-Hill) moduli and their relative standard deviation.
    elastic_kind, elastic_source : str
        ``measured`` or ``pbe``; source key.
    entropy_j_per_mol_k, heat_capacity_j_per_mol_k : float or None
        At 298.15 K, per mole of formula units.
    melting_point_k, fusion_enthalpy_kj_per_mol : float or None
        Per mole of formula units.
    ionic_conductivity_s_per_cm, electronic_resistivity_ohm_cm : float or None
        At 298 K.
    theoretical : bool or None
        True for a hypothetical structure that nobody has reported.
    existence : str
        Of the composition: ``observed``, ``metastable``, ``high_temperature``, ``high_pressure``, ``disputed``,
        ``predicted``; empty if the source does not say (see `licoat.structures.phases.observed`).
    observed : bool or None
        Whether the composition exists at room temperature and pressure; None if the source does not say.
    state : str
        At 298 K and 1 bar: ``solid``, ``liquid``, ``gas``, ``molecular``; empty if unknown.
    energy_source, volume_source, source : str
        Source keys; `source` is the table's name.
    structure : str or None
        JSON with ``lattice`` (3x3, A), ``species``, ``frac_coords``.
    """

    phase_id: str
    formula: str
    energy_ev_per_atom: float | None = None
    formation_energy_ev_per_atom: float | None = None
    energy_sigma_ev_per_atom: float | None = None
    volume_a3_per_atom: float | None = None
    n_sites: int | None = None
    space_group: str = ""
    space_group_number: int | None = None
    polymorph: str = ""
    band_gap_ev: float | None = None
    band_gap_sigma_ev: float | None = None
    band_gap_kind: str = ""
    band_gap_source: str = ""
    bulk_modulus_gpa: float | None = None
    shear_modulus_gpa: float | None = None
    elastic_sigma_percent: float | None = None
    elastic_kind: str = ""
    elastic_source: str = ""
    entropy_j_per_mol_k: float | None = None
    heat_capacity_j_per_mol_k: float | None = None
    melting_point_k: float | None = None
    fusion_enthalpy_kj_per_mol: float | None = None
    ionic_conductivity_s_per_cm: float | None = None
    electronic_resistivity_ohm_cm: float | None = None
    theoretical: bool | None = None
    existence: str = ""
    observed: bool | None = None
    state: str = ""
    energy_source: str = ""
    volume_source: str = ""
    source: str = ""
    structure: str | None = None

    def __repr__(self) -> str:
        group = f" ({self.space_group})" if self.space_group else ""
        return brief(self, f"{self.phase_id} {self.formula}{group} of {self.source or 'no source'}")

    @property
    def is_metal(self) -> bool | None:
        """True for a gap of 0, None if the gap is not known."""
        return None if self.band_gap_ev is None else self.band_gap_ev == 0.0


FLOAT_COLUMNS = (
    "energy_ev_per_atom",
    "formation_energy_ev_per_atom",
    "energy_sigma_ev_per_atom",
    "volume_a3_per_atom",
    "band_gap_ev",
    "band_gap_sigma_ev",
    "bulk_modulus_gpa",
    "shear_modulus_gpa",
    "elastic_sigma_percent",
    "entropy_j_per_mol_k",
    "heat_capacity_j_per_mol_k",
    "melting_point_k",
    "fusion_enthalpy_kj_per_mol",
    "ionic_conductivity_s_per_cm",
    "electronic_resistivity_ohm_cm",
)
"""Columns where NaN means unknown."""

INTEGER_COLUMNS = ("n_sites", "space_group_number", "theoretical")
"""Columns where -1 means unknown (`theoretical`: 0 no, 1 yes)."""

TEXT_COLUMNS = (
    "phase_id",
    "formula",
    "space_group",
    "polymorph",
    "existence",
    "state",
    "band_gap_kind",
    "band_gap_source",
    "elastic_kind",
    "elastic_source",
    "energy_source",
    "volume_source",
)
"""Columns where the empty text means unknown."""
