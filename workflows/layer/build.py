"""The quantities of a layer, group by group."""

import math
from dataclasses import dataclass

from licoat.structures import load_phases
from licoat.structures.chemistry.formula import molar_mass_g
from licoat.structures.chemistry.units import A3_TO_CM3_PER_MOL, STANDARD_TEMPERATURE_K
from licoat.structures.rendering import outline
from licoat.workflows.layer import cell, compaction, heat, loading, mechanics, transport
from licoat.workflows.layer.material import LayerMaterial
from licoat.workflows.layer.options import LayerInputError, LayerOptions

__all__ = ["LayerBuilder", "LayerQuantity"]


@dataclass(frozen=True, slots=True)
class LayerQuantity:
    """One number of a layer, None if it cannot be known."""

    name: str
    group: str
    value: float | None
    note: str = ""

    __repr__ = outline


_MODULI_NOTES = {
    "bulk_modulus_lower_gpa": "Hashin-Shtrikman, dense solid",
    "bulk_modulus_upper_gpa": "Hashin-Shtrikman, dense solid",
    "shear_modulus_lower_gpa": "Hashin-Shtrikman, dense solid",
    "shear_modulus_upper_gpa": "Hashin-Shtrikman, dense solid",
    "shear_modulus_reuss_gpa": "dense solid",
    "shear_modulus_voigt_gpa": "dense solid",
    "shear_modulus_hill_gpa": "dense solid",
    "youngs_modulus_gpa": "Hill, dense solid",
    "shear_modulus_with_pores_gpa": (
        "lower bound of the solid with separate round pores; connected pores make it softer"
    ),
}


class LayerBuilder:
    """Collects the quantities group by group; what cannot be known is noted and the rest goes on."""

    def __init__(self, material: LayerMaterial, options: LayerOptions, oxide_loading: float, foil: float) -> None:
        self.m, self.o, self.oxide_loading, self.foil = material, options, oxide_loading, foil
        self.quantities: dict[str, LayerQuantity] = {}
        self.missing: list[str] = []
        self.assumptions: list[str] = []
        self.amount = loading.amount_mol_per_cm2(oxide_loading, material.molar_mass_g)
        self.available = self._foil_amount()
        needed = self.amount * options.conversion * material.anode_atoms
        share = loading.extent_of_reaction(needed, self.available)
        self.exhausted = share < 1.0 - 1e-12
        self.extent = 0.0 if material.is_inert else options.conversion * share
        self.solid = material.solid(self.extent)

    def _foil_amount(self) -> float:
        volume = self.m.anode_volume_a3
        if volume is None:
            raise LayerInputError(f"no volume of {self.m.anode} is known, so its foil cannot be counted")
        return loading.amount_of_thickness_mol_per_cm2(self.foil, volume)

    def put(self, group: str, name: str, value: float | None, *, unknown: str = "", note: str = "") -> float | None:
        """Keep a quantity; a value of None is noted as unknown with what is missing."""
        self.quantities[name] = LayerQuantity(name, group, value, unknown if value is None else note)
        if value is None:
            self.missing.append(f"unknown: {name} ({unknown})")
        return value

    def loading(self) -> None:
        """Count oxide, metal consumed and metal left."""
        m, group = self.m, "loading"
        anode_volume = m.anode_volume_a3 or 0.0
        consumed = self.amount * self.extent * m.anode_atoms
        foil_capacity = loading.capacity_mah_per_cm2(self.available, m.charge)
        exhausted = consumed >= self.available * (1.0 - 1e-12)
        left = 0.0 if exhausted else self.available - consumed
        self.left = left
        self.consumed = consumed
        self.put(group, "oxide_loading_mg_per_cm2", self.oxide_loading)
        dense = None if m.oxide_volume_a3 is None else loading.thickness_um(self.amount, m.oxide_volume_a3)
        self.dense_oxide = self.put(group, "oxide_dense_thickness_um", dense, unknown=f"no volume of {m.oxide}")
        self.put(group, "lithium_thickness_um", self.foil)
        self.put(group, "lithium_available_mah_per_cm2", foil_capacity)
        self.put(group, "lithium_consumed_um", loading.thickness_um(consumed, anode_volume))
        self.put(group, "lithium_consumed_mah_per_cm2", loading.capacity_mah_per_cm2(consumed, m.charge))
        self.put(group, "lithium_consumed_fraction", consumed / self.available if self.available else 0.0)
        self.put(group, "lithium_left_um", loading.thickness_um(left, anode_volume))
        self.put(group, "lithium_left_mah_per_cm2", loading.capacity_mah_per_cm2(left, m.charge))
        self.put(group, "extent_of_reaction", self.extent)
        self.put(group, "oxide_left_mg_per_cm2", self.oxide_loading * (1.0 - self.extent))

    def compaction(self) -> None:
        """Let the powder expand into its pores."""
        m, group, f0 = self.m, "compaction", self.o.packing_fraction
        ratio = m.volume_ratio
        unknown = f"no volume of {self.solid.lacking('volume_a3_per_fu') or m.oxide}"
        product = m.product_volume_a3
        dense = None if product is None else loading.thickness_um(self.amount * self.extent, product)
        self.product_thickness = self.put(group, "product_thickness_um", dense, unknown=unknown)
        powder = None if self.dense_oxide is None else self.dense_oxide / f0
        # What stays unreacted keeps its volume, so the whole layer expands by less than the products.
        whole = None if ratio is None else 1.0 + self.extent * (ratio - 1.0)
        self.put(group, "volume_ratio_oxide", ratio, unknown=unknown)
        self.put(group, "powder_thickness_um", powder, unknown=unknown)
        solid = None if whole is None else compaction.solid_fraction(f0, whole)
        self.put(group, "solid_fraction", solid, unknown=unknown)
        self.porosity = self.put(group, "porosity", None if solid is None else 1.0 - solid, unknown=unknown)
        closing = None if ratio is None else compaction.closing_packing_fraction(ratio)
        self.put(group, "closing_packing_fraction", closing, unknown=unknown)
        layer = None if powder is None or whole is None else compaction.layer_thickness_um(powder, f0, whole)
        self.layer_thickness = self.put(group, "layer_thickness_um", layer, unknown=unknown)
        change = (
            None if layer is None else layer - (powder or 0.0) - (self.quantities["lithium_consumed_um"].value or 0.0)
        )
        note = "layer minus powder minus consumed metal; negative: the whole gets thinner"
        self.put(group, "thickness_change_um", change, unknown=unknown, note=note)

    def heat(self) -> None:
        """Balance the heat without and with the foil."""
        m, group = self.m, "heat"
        released = heat.heat_j_per_cm2(m.heat_ev, self.amount * self.extent)
        sigma = None if m.heat_sigma_ev is None else heat.heat_j_per_cm2(m.heat_sigma_ev, self.amount * self.extent)
        self.put(group, "heat_j_per_cm2", released, note=m.sources["heat"])
        self.put(group, "heat_sigma_j_per_cm2", sigma, unknown="no sigma of the energies")
        products = {p.formula: p.amount * self.amount * self.extent for p in m.products}
        rest = {m.oxide: self.amount * (1.0 - self.extent)} if self.extent < 1.0 else {}
        unknown = ""
        alone = behind = None
        melted = None
        try:
            alone = heat.adiabatic_temperature(released, _sum(products, rest))
            behind = heat.adiabatic_temperature(released, _sum(products, rest, {m.anode: self.left}))
            melted = heat.melted_amount_mol_per_cm2(released, m.anode)
        except KeyError as error:
            unknown = f"no heat capacity of {error}"
        for name, balance in (("adiabatic_temperature_k", alone), ("foil_temperature_k", behind)):
            note = "" if balance is None else balance.limit
            self.put(group, name, None if balance is None else balance.temperature_k, unknown=unknown, note=note)
            if balance is not None and balance.limit:
                self.assumptions.append(f"{name} is bounded: {balance.limit} at {balance.temperature_k:.0f} K")
        rise = None if behind is None else behind.temperature_k - STANDARD_TEMPERATURE_K
        self.put(group, "foil_temperature_rise_k", rise, unknown=unknown)
        melted_um = None if melted is None else loading.thickness_um(melted, m.anode_volume_a3 or 0.0)
        note = "thickness of metal that the heat could bring from 298 K to melting and melt"
        self.put(group, "lithium_melted_um", melted_um, unknown=unknown or f"melting of {m.anode}", note=note)
        if behind is not None:
            self.assumptions.extend(note for note in behind.notes if "JANAF98" not in note or "not counted" in note)

    def mechanics(self) -> None:
        """Bound the moduli, count pores, compare with the metal."""
        m, group = self.m, "mechanics"
        lacking = dict.fromkeys(
            filter(None, [self.solid.lacking("bulk_modulus_gpa"), self.solid.lacking("shear_modulus_gpa")])
        )
        unknown = f"no modulus of {', '.join(lacking)}" if lacking else "no volumes"
        moduli = self._moduli()
        for name, note in _MODULI_NOTES.items():
            self.put(group, name, moduli.get(name), unknown=unknown, note=note if name in moduli else "")
        porous, measured = moduli.get("shear_modulus_with_pores_gpa"), _measured_shear(m.anode)
        assumed = self.o.lithium_shear_modulus_gpa
        note = f"of the porous layer to {assumed:g} GPa; Monroe and Newman ask for 2"
        ratio = None if porous is None else porous / assumed
        self.put(group, "shear_ratio_to_lithium", ratio, unknown=unknown, note="" if ratio is None else note)
        ratio = None if porous is None or measured is None else porous / measured
        note = "" if ratio is None else f"of the porous layer to the measured {measured:g} GPa"
        unknown = unknown if measured is not None else f"no shear modulus of {m.anode}"
        self.put(group, "shear_ratio_to_measured_lithium", ratio, unknown=unknown, note=note)
        pressure = mechanics.deposition_pressure_mpa(self.o.overpotential_v, m.anode_volume_a3 or math.inf, m.charge)
        note = f"in a closed flaw at {self.o.overpotential_v:g} V overpotential"
        self.put(group, "deposition_pressure_mpa", pressure, note=note)
        known = [p.toughness_mpa_sqrt_m for p in self.solid.phases if p.toughness_mpa_sqrt_m is not None]
        weakest = min(known) if known and not self.solid.lacking("toughness_mpa_sqrt_m") else None
        flaw = None if weakest is None else mechanics.critical_flaw_um(weakest, pressure)
        unknown = f"no fracture toughness of {self.solid.lacking('toughness_mpa_sqrt_m')}"
        self.put(group, "critical_flaw_um", flaw, unknown=unknown, note="" if flaw is None else "weakest phase")

    def _moduli(self) -> dict[str, float]:
        """Moduli of the solid by name; empty if a modulus or a volume is not known."""
        fractions, bulk, shear = (
            self.solid.fractions(),
            self.solid.values("bulk_modulus_gpa"),
            self.solid.values("shear_modulus_gpa"),
        )
        if fractions is None or bulk is None or shear is None or self.porosity is None:
            return {}
        bounds = mechanics.composite_bounds(fractions, bulk, shear)
        k, g = mechanics.hill(fractions, bulk), mechanics.hill(fractions, shear)
        _, porous = mechanics.with_pores(self.porosity, bounds.bulk_lower_gpa, bounds.shear_lower_gpa)
        return {
            "bulk_modulus_lower_gpa": bounds.bulk_lower_gpa,
            "bulk_modulus_upper_gpa": bounds.bulk_upper_gpa,
            "shear_modulus_lower_gpa": bounds.shear_lower_gpa,
            "shear_modulus_upper_gpa": bounds.shear_upper_gpa,
            "shear_modulus_reuss_gpa": bounds.shear_reuss_gpa,
            "shear_modulus_voigt_gpa": bounds.shear_voigt_gpa,
            "shear_modulus_hill_gpa": g,
            "youngs_modulus_gpa": mechanics.youngs_modulus_gpa(k, g),
            "shear_modulus_with_pores_gpa": porous,
        }

    def transport(self) -> None:
        """Mix the conductivities of phases and pores."""
        m, group, thickness = self.m, "transport", self.layer_thickness
        fractions = self.solid.fractions()
        alloy = None if fractions is None else math.fsum(
            f for f, p in zip(fractions, self.solid.phases, strict=True) if p.holds_anode_metal_without_oxygen
        )  # fmt: skip
        note = f"phases with {m.anode} and without oxygen; connected from {transport.PERCOLATION_THRESHOLD:g}"
        self.put(group, "conducting_volume_fraction", alloy, unknown="no volumes", note=note)
        solid = None if self.porosity is None else 1.0 - self.porosity
        share = None if alloy is None or solid is None else float(transport.percolates(alloy * solid))
        self.put(group, "conducting_share_percolates", share, unknown="no volumes", note="1 yes, 0 no; pores counted")
        ionic = self.solid.values("ionic_conductivity_s_per_cm")
        unknown = (
            f"no ionic conductivity of {self.solid.lacking('ionic_conductivity_s_per_cm')}"
            if ionic is None
            else "no volumes"
        )
        sigma = self._effective(fractions, ionic)
        self.put(group, "ionic_conductivity_s_per_cm", sigma, unknown=unknown, note="Bruggeman, with pores")
        blocked = "the layer does not conduct lithium" if sigma == 0.0 else unknown
        resistance = None
        if sigma and thickness is not None:
            resistance = transport.area_resistance_ohm_cm2(thickness, sigma)
        self.put(group, "area_resistance_ohm_cm2", resistance, unknown=blocked)
        drop = None if resistance is None else transport.polarisation_mv(self.o.current_ma_per_cm2, resistance)
        self.put(group, "polarisation_mv", drop, unknown=blocked, note=f"at {self.o.current_ma_per_cm2:g} mA/cm2")
        resistivity = self.solid.values("electronic_resistivity_ohm_cm")
        lacking = self.solid.lacking("electronic_resistivity_ohm_cm")
        unknown = f"no electronic resistivity of {lacking}" if resistivity is None else "no volumes"
        conductivity = None if resistivity is None else [1.0 / rho for rho in resistivity]
        electronic = self._effective(fractions, conductivity)
        self.put(group, "electronic_conductivity_s_per_cm", electronic, unknown=unknown, note="Bruggeman, with pores")
        leak = None
        if electronic is not None and thickness:
            leak = (
                0.0
                if electronic == 0.0
                else transport.leakage_ma_per_cm2(self.o.cell_voltage_v, 1 / electronic, thickness)
            )
        if thickness == 0.0:
            unknown = "there is no layer"
        note = f"if {self.o.cell_voltage_v:g} V lay across the layer; resistivities are orders of magnitude"
        self.put(group, "leakage_ma_per_cm2", leak, unknown=unknown, note=note)

    def _effective(self, fractions: list[float] | None, values: list[float] | None) -> float | None:
        """Effective conductivity of products and pores."""
        if fractions is None or values is None or self.porosity is None:
            return None
        shares = [f * (1.0 - self.porosity) for f in fractions]
        return transport.bruggeman([*shares, self.porosity], [*values, 0.0])

    def cell(self) -> None:
        """Compare with the metal on copper and put it in a cell."""
        m, o, group = self.m, self.o, "cell"
        left_um = self.quantities["lithium_left_um"].value or 0.0
        left = self.quantities["lithium_left_mah_per_cm2"].value or 0.0
        metal_mass = molar_mass_g(m.anode)
        density = metal_mass / ((m.anode_volume_a3 or math.inf) * A3_TO_CM3_PER_MOL)
        # Nothing leaves the electrode: the oxide's mass and that of all the metal stay.
        coated_mass = self.oxide_loading + loading.mass_mg_per_cm2(self.available, metal_mass)
        coated = None if self.layer_thickness is None else self.layer_thickness + left_um
        reference = left_um + o.copper_thickness_um
        copper = cell.film_mass_mg_per_cm2(o.copper_thickness_um, cell.COPPER_DENSITY_G_PER_CM3)
        reference_mass = copper + cell.film_mass_mg_per_cm2(left_um, density)
        note = "layer and metal left"
        self.put(group, "coated_thickness_um", coated, unknown="no volumes", note=note)
        self.put(group, "coated_mass_mg_per_cm2", coated_mass)
        note = f"the same metal left, dense, on {o.copper_thickness_um:g} um of copper"
        self.put(group, "reference_thickness_um", reference, note=note)
        self.put(group, "reference_mass_mg_per_cm2", reference_mass, note=note)
        thinner = None if coated is None or reference == 0.0 else cell.relative_saving(coated, reference)
        self.put(group, "thickness_saving", thinner, unknown="no volumes")
        lighter = cell.relative_saving(coated_mass, reference_mass) if reference_mass else None
        self.put(group, "mass_saving", lighter, unknown="no reference electrode")
        ratio = cell.negative_to_positive_ratio(left, o.cathode_capacity_mah_per_cm2)
        note = "metal left over cathode capacity; the cathode brings its own lithium as well"
        self.put(group, "negative_to_positive_ratio", ratio, note=note)
        cycles = cell.cycle_life(left, o.cathode_capacity_mah_per_cm2, o.coulombic_efficiency)
        note = f"to 80 %, every cycle losing {100 * (1 - o.coulombic_efficiency):.3g} % of the cathode capacity"
        if math.isinf(cycles):
            note = "unlimited: nothing is lost"
        self.put(group, "cycle_life", cycles, note=note)
        mass = coated_mass + o.cathode_mass_mg_per_cm2 + o.electrolyte_mass_mg_per_cm2
        energy = cell.stack_energy_wh_per_kg(o.cathode_capacity_mah_per_cm2, o.cell_voltage_v, mass)
        self.put(group, "stack_energy_wh_per_kg", energy, note="coated anode, cathode and electrolyte; no housing")
        volume = None
        if coated is not None:
            thickness = coated + o.cathode_thickness_um
            volume = cell.stack_energy_wh_per_l(o.cathode_capacity_mah_per_cm2, o.cell_voltage_v, thickness)
        self.put(group, "stack_energy_wh_per_l", volume, unknown="no volumes", note="coated anode and cathode")


def _measured_shear(metal: str) -> float | None:
    measured = load_phases("measured")
    values = (measured.phase(row).shear_modulus_gpa for row in measured.rows_of(metal))
    return next((value for value in values if value is not None), None)


def _sum(*parts: dict[str, float]) -> dict[str, float]:
    total: dict[str, float] = {}
    for part in parts:
        for formula, amount in part.items():
            total[formula] = total.get(formula, 0.0) + amount
    return total
