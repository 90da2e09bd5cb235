"""What the layer functions need to know of a reaction: heat, volumes and properties of every phase.

Heat and volumes are those of the reaction itself (see `licoat.thermo.preference`), each with its source.
"""

from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

from licoat.structures import formula_unit
from licoat.structures.chemistry.alloys import is_alloy
from licoat.structures.chemistry.anode import anode as anode_metal
from licoat.structures.chemistry.formula import molar_mass_g
from licoat.structures.errors import require
from licoat.structures.phases.facts import number, read_facts
from licoat.structures.rendering import brief, outline
from licoat.thermo.path import LithiationPath
from licoat.thermo.polymorph import real_row
from licoat.thermo.preference import MEASURED, volume_of
from licoat.thermo.reaction import Species
from licoat.workflows.layer.bands import Band
from licoat.workflows.layer.delithiation import Strip, find_strip
from licoat.workflows.layer.electrons import resistivity_band
from licoat.workflows.layer.ions import measured_conductivity

__all__ = ["LayerMaterial", "LayerPhase", "Solid", "layer_material"]


@dataclass(frozen=True, slots=True)
class LayerPhase:
    """One phase of the finished layer; None where a property is not known.

    Attributes
    ----------
    formula : str
    amount : float
        Formula units per formula unit of oxide that reacts.
    volume_a3_per_fu : float or None
    volume_fraction : float or None
        Share of the products' volume.
    band_gap_ev, bulk_modulus_gpa, shear_modulus_gpa, toughness_mpa_sqrt_m : float or None
    resistivity : Band or None
        Electronic, log10 ohm cm; None without a measurement and a gap.
    conductivity : Band or None
        Of the anode's ions, log10 S/cm; None where none was measured.
    is_alloy : bool
        An alloy of the anode metal, see `licoat.structures.chemistry.alloys`.
    sources : dict of str to str
        Property to source key.
    """

    formula: str
    amount: float
    volume_a3_per_fu: float | None
    volume_fraction: float | None
    band_gap_ev: float | None
    bulk_modulus_gpa: float | None
    shear_modulus_gpa: float | None
    toughness_mpa_sqrt_m: float | None
    resistivity: Band | None
    conductivity: Band | None
    is_alloy: bool
    sources: dict[str, str]

    __repr__ = outline

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary; bands by their bounds."""
        bands = {
            "log10_resistivity_{}_ohm_cm": self.resistivity,
            "log10_ionic_conductivity_{}_s_per_cm": self.conductivity,
        }
        data = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in {"resistivity", "conductivity"}}
        for name, band in bands.items():
            for end in ("low", "high"):
                data[name.format(end)] = None if band is None else getattr(band, end)
        return data


@dataclass(frozen=True, slots=True)
class LayerMaterial:
    """An oxide and what it becomes, per formula unit of oxide.

    Attributes
    ----------
    oxide, phase_id, anode, equation : str
    charge : int
        Of the anode metal's ion.
    molar_mass_g : float
        Of the oxide.
    oxide_volume_a3, anode_volume_a3 : float or None
        Per formula unit.
    anode_atoms : float
        Anode atoms consumed.
    heat_ev, heat_sigma_ev : float or None
        Heat released, positive.
    products : tuple of LayerPhase
    oxide_phase : LayerPhase
        The oxide itself, for what is left of it.
    sources : dict of str to str
    is_inert : bool
    strip : Strip
    verdict : str
        ``reacts``, ``inert`` or ``uncertain``.
    driving_force : str
        In words, with sigma; empty if there is none.
    solutions : tuple of str
        What is known of products that dissolve in the anode metal.
    """

    oxide: str
    phase_id: str
    anode: str
    equation: str
    charge: int
    molar_mass_g: float
    oxide_volume_a3: float | None
    anode_volume_a3: float | None
    anode_atoms: float
    heat_ev: float
    heat_sigma_ev: float | None
    products: tuple[LayerPhase, ...]
    oxide_phase: LayerPhase
    sources: dict[str, str]
    is_inert: bool
    strip: Strip
    verdict: str
    driving_force: str
    solutions: tuple[str, ...]

    def __repr__(self) -> str:
        return brief(
            self, f"{self.equation} ({self.phase_id}): {self.heat_ev:.3f} eV of heat, {len(self.products)} products"
        )

    @property
    def product_volume_a3(self) -> float | None:
        """Volume of all products, None if one is unknown."""
        total = 0.0
        for phase in self.products:
            if phase.volume_a3_per_fu is None:
                return None
            total += phase.amount * phase.volume_a3_per_fu
        return total

    @property
    def volume_ratio(self) -> float | None:
        """Products over oxide."""
        product = self.product_volume_a3
        return None if product is None or self.oxide_volume_a3 is None else product / self.oxide_volume_a3

    def solid(self, extent: float) -> "Solid":
        """Return what the layer consists of when a share of the oxide has reacted: products and oxide left."""
        parts = [*((p, p.amount * extent) for p in self.products), (self.oxide_phase, 1.0 - extent)]
        present = [(phase, amount) for phase, amount in parts if amount > 0.0]
        volumes = [None if p.volume_a3_per_fu is None else n * p.volume_a3_per_fu for p, n in present]
        total = None if None in volumes else sum(v for v in volumes if v is not None)
        return Solid(
            tuple(
                replace(phase, amount=amount, volume_fraction=None if total is None or v is None else v / total)
                for (phase, amount), v in zip(present, volumes, strict=True)
            )
        )


@dataclass(frozen=True, slots=True)
class Solid:
    """The solid part of a layer.

    Attributes
    ----------
    phases : tuple of LayerPhase
        Volume fractions are of the solid; amounts per formula unit of oxide sprayed.
    """

    phases: tuple[LayerPhase, ...]

    def __repr__(self) -> str:
        return brief(self, ", ".join(f"{p.amount:.4g} {p.formula}" for p in self.phases))

    def fractions(self) -> list[float] | None:
        """Volume fractions of the phases, None if a volume is unknown."""
        shares = [phase.volume_fraction for phase in self.phases]
        known = [share for share in shares if share is not None]
        return known if len(known) == len(shares) else None

    def values(self, name: str) -> list[Any] | None:
        """Return a property of all phases, None if one is unknown."""
        found: list[Any] = []
        for phase in self.phases:
            value = getattr(phase, name)
            if value is None:
                return None
            found.append(value)
        return found

    def lacking(self, name: str) -> str:
        """Phases whose property is not known, in words."""
        return ", ".join(phase.formula for phase in self.phases if getattr(phase, name) is None)


def layer_material(path: LithiationPath) -> LayerMaterial:
    """Collect what the layer functions need from a reaction.

    Parameters
    ----------
    path : LithiationPath
        The oxide on the anode metal; heat and volumes are those of its reaction.

    Raises
    ------
    InputTypeError
        If `path` is no LithiationPath.
    """
    require(path, LithiationPath, "path must be a LithiationPath (lithiate(...) gives one)")
    reaction = path.final
    table = {species.formula: species for species in reaction.species}
    oxide = table[path.oxide]
    anode = table.get(path.anode)
    if anode is not None:
        anode_volume, anode_source = anode.volume_a3_per_fu, anode.volume_source
    else:  # an inert oxide: its reaction has none
        found = volume_of(path.phases, real_row(path.phases, path.anode))
        anode_volume, anode_source = found.a3, found.source
    return LayerMaterial(
        oxide=path.oxide,
        phase_id=path.phase_id,
        anode=path.anode,
        equation=reaction.equation,
        charge=anode_metal(path.anode).charge,
        molar_mass_g=molar_mass_g(path.oxide),
        oxide_volume_a3=oxide.volume_a3_per_fu,
        anode_volume_a3=anode_volume,
        anode_atoms=reaction.anode_atoms_per_fu,
        heat_ev=-reaction.energy_ev_per_fu + 0.0,
        heat_sigma_ev=reaction.energy_sigma_ev_per_fu,
        products=tuple(_phase(species, path.anode) for species in reaction.products),
        oxide_phase=replace(_phase(oxide, path.anode), volume_fraction=None),
        sources={
            "reaction": f"{reaction.source}, {reaction.scheme}",
            "heat": reaction.energy_basis
            + ("" if reaction.energy_basis == MEASURED else f" ({reaction.source}, {reaction.scheme})")
            + f", {reaction.energy_kind}",
            "oxide volume": oxide.volume_source,
            "anode volume": anode_source,
        },
        is_inert=path.is_inert,
        strip=find_strip(path),
        verdict=path.verdict,
        driving_force=_driving_force(path),
        solutions=path.solutions,
    )


def _driving_force(path: LithiationPath) -> str:
    if path.driving_force_v is None:
        return ""
    sigma = path.driving_force_sigma_v
    return f" (driving force {path.driving_force_v:.2f}{'' if sigma is None else f' +- {sigma:.2f}'} V)"


def _phase(species: Species, anode: str) -> LayerPhase:
    toughness = _toughness().get(species.formula)
    resistivity = resistivity_band(
        species.formula, anode, species.band_gap_ev, species.band_gap_kind, species.volume_a3_per_fu
    )
    conductivity = measured_conductivity(species.formula, anode)
    sources = {
        "volume": species.volume_source,
        "band gap": species.band_gap_source,
        "moduli": species.elastic_source,
        "toughness": toughness[1] if toughness else "",
        "resistivity": resistivity.source if resistivity else "",
        "ionic conductivity": conductivity.source if conductivity else "",
    }
    return LayerPhase(
        formula=species.formula,
        amount=species.amount,
        volume_a3_per_fu=species.volume_a3_per_fu,
        volume_fraction=species.volume_fraction,
        band_gap_ev=species.band_gap_ev,
        bulk_modulus_gpa=species.bulk_modulus_gpa,
        shear_modulus_gpa=species.shear_modulus_gpa,
        toughness_mpa_sqrt_m=toughness[0] if toughness else None,
        resistivity=resistivity,
        conductivity=conductivity,
        is_alloy=is_alloy(species.formula, anode),
        sources={name: text for name, text in sources.items() if text},
    )


@cache
def _toughness() -> dict[str, tuple[float, str]]:
    """Fracture toughness by formula: measured first, else a Griffith estimate."""
    found: dict[str, tuple[float, str]] = {}
    for wanted in ("K_Ic", "K_Ic_Griffith_estimate"):
        for row in read_facts("toughness_ion"):
            value = number(row["value"])
            if row["property"] == wanted and value is not None and row["material"].isalnum():
                label = row["source"] if wanted == "K_Ic" else f"Griffith estimate, {row['source']}"
                found.setdefault(formula_unit(row["material"]), (value, f"{label} [{row['quality']}]"))
    return found
