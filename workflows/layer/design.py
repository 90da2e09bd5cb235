"""`design_layer`: all numbers of a layer and its cell in one result."""

import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from licoat.structures import PhaseTable, load_phases
from licoat.structures.errors import LicoatError
from licoat.structures.formula import molar_mass_g
from licoat.structures.units import A3_TO_CM3_PER_MOL, STANDARD_TEMPERATURE_K
from licoat.thermo.lithiation import LithiationPath, lithiate
from licoat.workflows.layer import cell, compaction, heat, loading, mechanics, transport
from licoat.workflows.layer.material import LayerMaterial, Prefer, layer_material

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LayerDesign", "LayerInputError", "LayerOptions", "LayerQuantity", "design_layer"]


class LayerInputError(LicoatError, ValueError):
    """A layer that cannot exist was asked for."""


@dataclass(frozen=True, slots=True)
class LayerOptions:
    """What is assumed of powder, foil, cell and load; every value is printed with the result.

    Attributes
    ----------
    packing_fraction : float
        Solid share of the powder as sprayed, above 0 and at most 1.
    conversion : float
        Share of the oxide that reacts if there is enough metal, 0 to 1.
    current_ma_per_cm2 : float
        Current density for the polarisation.
    overpotential_v : float
        Overpotential of deposition, for the pressure in a flaw.
    cell_voltage_v : float
        Average voltage of the cell; across the layer for the leakage.
    cathode_capacity_mah_per_cm2, cathode_thickness_um, cathode_mass_mg_per_cm2 : float
        Cathode with its current collector. The default is the founding paper's LFP (2.7 mAh/cm2 of 155 mAh/g
        at 90 % active mass, on 15 um of aluminium).
    electrolyte_mass_mg_per_cm2 : float
        Liquid in the cathode's pores.
    coulombic_efficiency : float
        Of the lithium electrode, 0 to 1.
    copper_thickness_um : float
        Foil of the reference electrode (lithium on copper).
    lithium_shear_modulus_gpa : float
        The founding paper's 3.4; measured values are 2.8 (polycrystal) to 4.2.
    """

    packing_fraction: float = 0.6
    conversion: float = 1.0
    current_ma_per_cm2: float = 1.0
    overpotential_v: float = 0.05
    cell_voltage_v: float = 3.4
    cathode_capacity_mah_per_cm2: float = 2.7
    cathode_thickness_um: float = 105.0
    cathode_mass_mg_per_cm2: float = 23.4
    electrolyte_mass_mg_per_cm2: float = 4.0
    coulombic_efficiency: float = 0.99
    copper_thickness_um: float = 10.0
    lithium_shear_modulus_gpa: float = 3.4

    def check(self) -> None:
        """Refuse values that no layer can have.

        Raises
        ------
        LayerInputError
            Naming the option and its range.
        """
        shares = {"packing_fraction": (0.0, 1.0), "conversion": (0.0, 1.0), "coulombic_efficiency": (0.0, 1.0)}
        for option in fields(self):
            value = getattr(self, option.name)
            low, high = shares.get(option.name, (0.0, math.inf))
            zero_is_fine = option.name in {"conversion", "electrolyte_mass_mg_per_cm2", "copper_thickness_um"}
            if not math.isfinite(value) or value > high or value < low or (value == low and not zero_is_fine):
                above = "from 0" if zero_is_fine else "above 0"
                upto = "" if high == math.inf else f" up to {high:g}"
                raise LayerInputError(f"{option.name} {value:g}: expected a number {above}{upto}")


@dataclass(frozen=True, slots=True)
class LayerQuantity:
    """One number of a layer, None if it cannot be known."""

    name: str
    group: str
    value: float | None
    note: str = ""


@dataclass(frozen=True)
class LayerDesign:
    """A layer: quantities by name (also as attributes), with groups, sources, assumptions and what is missing.

    Attributes
    ----------
    material : LayerMaterial
        The reaction and its phases.
    options : LayerOptions
        What was assumed.
    quantities : dict of str to LayerQuantity
        The unit is in the name.
    missing : tuple of str
        ``unknown: ...`` lines, one per quantity that cannot be known.
    assumptions : tuple of str
        Statements on bounds, estimates and exhaustion.
    limited_products : dict of str to float
        If lithium runs out: the equilibrium phases per formula unit of oxide at the lithium there is.
    """

    material: LayerMaterial
    options: LayerOptions
    quantities: dict[str, LayerQuantity]
    missing: tuple[str, ...]
    assumptions: tuple[str, ...]
    limited_products: dict[str, float] = field(default_factory=dict)

    def __getattr__(self, name: str) -> float | None:
        quantities = self.__dict__.get("quantities", {})
        if name in quantities:
            found: LayerQuantity = quantities[name]
            return found.value
        raise AttributeError(f"a layer has no quantity {name!r}")

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary: every quantity by its name, then phases, sources and statements."""
        m = self.material
        return {
            "oxide": m.oxide,
            "phase_id": m.phase_id,
            "anode": m.anode,
            "equation": m.equation,
            **{name: _finite(quantity.value) for name, quantity in self.quantities.items()},
            "missing": list(self.missing),
            "assumptions": list(self.assumptions),
            "options": {f.name: getattr(self.options, f.name) for f in fields(self.options)},
            "phases": [{f.name: getattr(phase, f.name) for f in fields(phase)} for phase in m.products],
            "limited_products": dict(self.limited_products),
            "sources": dict(m.sources),
        }

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per quantity: group, name, value, note."""
        import pandas as pd

        rows = [
            {"group": q.group, "quantity": q.name, "value": q.value, "note": q.note} for q in self.quantities.values()
        ]
        return pd.DataFrame(rows, columns=["group", "quantity", "value", "note"])


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def design_layer(
    oxide: str,
    phases: PhaseTable,
    *,
    oxide_loading_mg_per_cm2: float = 1.0,
    lithium_thickness_um: float = 20.0,
    options: LayerOptions | None = None,
    anode: str = "Li",
    phase_id: str | None = None,
    prefer: Prefer = "measured",
) -> LayerDesign:
    """Compute the layer that an oxide powder becomes on a metal foil.

    Parameters
    ----------
    oxide : str
    phases : PhaseTable
        For the reaction, its end state and everything that was not measured.
    oxide_loading_mg_per_cm2 : float
        Sprayed mass per area.
    lithium_thickness_um : float
        Thickness of the dense metal foil before the reaction.
    options : LayerOptions, optional
        Powder, cell and load.
    anode : str
    phase_id : str, optional
        Polymorph that reacts.
    prefer : {"measured", "table"}
        Whose heat and volumes to take where both exist.

    Returns
    -------
    LayerDesign

    Raises
    ------
    LayerInputError
        If an input is not a possible one.
    FormulaError, MissingDataError
        If the oxide cannot be read or is not in the table.

    Examples
    --------
    >>> from licoat.structures import load_phases
    >>> layer = design_layer("Sb2O3", load_phases("builtin"), oxide_loading_mg_per_cm2=1.0, lithium_thickness_um=20.0)
    >>> round(layer.lithium_consumed_mah_per_cm2, 2)
    1.1
    """
    chosen = options or LayerOptions()
    check_inputs(chosen, oxide_loading_mg_per_cm2, lithium_thickness_um)
    path = lithiate(oxide, phases, anode=anode, phase_id=phase_id)
    material = layer_material(path, load_phases("measured"), prefer=prefer)
    return evaluate_layer(material, path, oxide_loading_mg_per_cm2, lithium_thickness_um, chosen)


def check_inputs(options: LayerOptions, oxide_loading_mg_per_cm2: float, lithium_thickness_um: float) -> None:
    """Refuse inputs that no layer can have.

    Raises
    ------
    LayerInputError
        Naming the input and its range.
    """
    options.check()
    for name, value in (("oxide loading", oxide_loading_mg_per_cm2), ("lithium thickness", lithium_thickness_um)):
        if not math.isfinite(value) or value < 0.0:
            unit = "mg/cm2" if name == "oxide loading" else "um"
            raise LayerInputError(f"{name} {value:g} {unit}: expected a number from 0")


def evaluate_layer(
    material: LayerMaterial, path: LithiationPath, oxide_loading: float, lithium_thickness: float, options: LayerOptions
) -> LayerDesign:
    """Compute all quantities of a layer from its material (see `design_layer`)."""
    builder = _Builder(material, options, oxide_loading, lithium_thickness)
    builder.loading()
    builder.compaction()
    builder.heat()
    builder.mechanics()
    builder.transport()
    builder.cell()
    limited: dict[str, float] = {}
    if builder.extent < 1.0 and builder.amount > 0.0:
        per_unit = builder.available / builder.amount
        limited = _phases_at(path, per_unit)
        text = " + ".join(f"{n:.3g} {f}" for f, n in limited.items())
        left = builder.quantities["oxide_left_mg_per_cm2"].value or 0.0
        builder.assumptions.insert(
            0,
            f"{material.anode} exhausted: {per_unit:.3g} of the {material.anode_atoms:g} {material.anode} that each "
            f"{material.oxide} needs; the layer is given as {builder.extent:.0%} complete products and "
            f"{left:.3g} mg/cm2 of {material.oxide} left; at equilibrium it would be {text} per {material.oxide}",
        )
    return LayerDesign(
        material=material,
        options=options,
        quantities=builder.quantities,
        missing=tuple(builder.missing),
        assumptions=tuple(builder.assumptions),
        limited_products=limited,
    )


def _phases_at(path: LithiationPath, anode_atoms: float) -> dict[str, float]:
    """Equilibrium phases per formula unit of oxide at a content of the anode metal, by the lever rule."""
    before: dict[str, float] = {path.oxide: 1.0}
    for stage in path.stages:
        if anode_atoms <= stage.anode_atoms_to:
            share = (anode_atoms - stage.anode_atoms_from) / (stage.anode_atoms_to - stage.anode_atoms_from)
            mixed = {f: (1 - share) * n for f, n in before.items()}
            for formula, n in stage.products.items():
                mixed[formula] = mixed.get(formula, 0.0) + share * n
            return {f: n for f, n in mixed.items() if n > 1e-9}
        before = stage.products
    return before


class _Builder:
    """Collects the quantities group by group; what cannot be known is noted and the rest goes on."""

    def __init__(self, material: LayerMaterial, options: LayerOptions, oxide_loading: float, foil: float) -> None:
        self.m, self.o, self.oxide_loading, self.foil = material, options, oxide_loading, foil
        self.quantities: dict[str, LayerQuantity] = {}
        self.missing: list[str] = []
        self.assumptions: list[str] = []
        self.amount = loading.amount_mol_per_cm2(oxide_loading, material.molar_mass_g)
        self.available = self._foil_amount()
        needed = self.amount * options.conversion * material.anode_atoms
        self.extent = options.conversion * loading.extent_of_reaction(needed, self.available)

    def _foil_amount(self) -> float:
        volume = self.m.anode_volume_a3
        if volume is None:
            raise LayerInputError(f"no volume of {self.m.anode} is known, so its foil cannot be counted")
        return loading.amount_of_thickness_mol_per_cm2(self.foil, volume)

    def put(self, group: str, name: str, value: float | None, *, unknown: str = "", note: str = "") -> float | None:
        """Keep a quantity; a value of None is noted as unknown with what is missing."""
        self.quantities[name] = LayerQuantity(name, group, value, note or (unknown if value is None else ""))
        if value is None:
            self.missing.append(f"unknown: {name} ({unknown})")
        return value

    def loading(self) -> None:
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
        m, group, f0 = self.m, "compaction", self.o.packing_fraction
        ratio = m.volume_ratio
        unknown = f"no volume of {m.lacking('volume_a3_per_fu') or m.oxide}"
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
        m, group = self.m, "mechanics"
        fractions, bulk, shear = m.fractions(), m.values("bulk_modulus_gpa"), m.values("shear_modulus_gpa")
        lacking = ", ".join(
            dict.fromkeys(filter(None, [m.lacking("bulk_modulus_gpa"), m.lacking("shear_modulus_gpa")]))
        )
        unknown = f"no modulus of {lacking}" if lacking else "no volumes"
        names = (
            "bulk_modulus_lower_gpa",
            "bulk_modulus_upper_gpa",
            "shear_modulus_lower_gpa",
            "shear_modulus_upper_gpa",
        )
        if fractions is None or bulk is None or shear is None:
            for name in (*names, "shear_modulus_reuss_gpa", "shear_modulus_voigt_gpa", "shear_modulus_hill_gpa",
                         "youngs_modulus_gpa", "shear_modulus_with_pores_gpa", "shear_ratio_to_lithium",
                         "shear_ratio_to_measured_lithium"):  # fmt: skip
                self.put(group, name, None, unknown=unknown)
        else:
            bounds = mechanics.composite_bounds(fractions, bulk, shear)
            k, g = mechanics.hill(fractions, bulk), mechanics.hill(fractions, shear)
            values = (bounds.bulk_lower_gpa, bounds.bulk_upper_gpa, bounds.shear_lower_gpa, bounds.shear_upper_gpa)
            for name, value in zip(names, values, strict=True):
                self.put(group, name, value, note="Hashin-Shtrikman, dense products")
            self.put(group, "shear_modulus_reuss_gpa", bounds.shear_reuss_gpa, note="dense products")
            self.put(group, "shear_modulus_voigt_gpa", bounds.shear_voigt_gpa, note="dense products")
            self.put(group, "shear_modulus_hill_gpa", g, note="dense products")
            self.put(group, "youngs_modulus_gpa", mechanics.youngs_modulus_gpa(k, g), note="Hill, dense products")
            pores = self.porosity
            porous = (
                None if pores is None else mechanics.with_pores(pores, bounds.bulk_lower_gpa, bounds.shear_lower_gpa)[1]
            )
            note = "lower bound of the solid with separate round pores; connected pores make it softer"
            porous = self.put(group, "shear_modulus_with_pores_gpa", porous, unknown="no volumes", note=note)
            note = f"of the porous layer to {self.o.lithium_shear_modulus_gpa:g} GPa; Monroe and Newman ask for 2"
            ratio = None if porous is None else porous / self.o.lithium_shear_modulus_gpa
            self.put(group, "shear_ratio_to_lithium", ratio, unknown="no volumes", note=note)
            measured = _measured_shear(m.anode)
            ratio = None if porous is None or measured is None else porous / measured
            note = "" if measured is None else f"of the porous layer to the measured {measured:g} GPa"
            self.put(
                group, "shear_ratio_to_measured_lithium", ratio, unknown=f"no shear modulus of {m.anode}", note=note
            )
        pressure = mechanics.deposition_pressure_mpa(self.o.overpotential_v, m.anode_volume_a3 or math.inf, m.charge)
        note = f"in a closed flaw at {self.o.overpotential_v:g} V overpotential"
        self.put(group, "deposition_pressure_mpa", pressure, note=note)
        known = [p.toughness_mpa_sqrt_m for p in m.products if p.toughness_mpa_sqrt_m is not None]
        weakest = min(known) if known and not m.lacking("toughness_mpa_sqrt_m") else None
        flaw = None if weakest is None else mechanics.critical_flaw_um(weakest, pressure)
        unknown = f"no fracture toughness of {m.lacking('toughness_mpa_sqrt_m')}"
        self.put(group, "critical_flaw_um", flaw, unknown=unknown, note="" if flaw is None else "weakest phase")

    def transport(self) -> None:
        m, group, thickness = self.m, "transport", self.layer_thickness
        fractions = m.fractions()
        alloy = None if fractions is None else math.fsum(
            f for f, p in zip(fractions, m.products, strict=True) if p.holds_anode_metal_without_oxygen
        )  # fmt: skip
        note = f"phases with {m.anode} and without oxygen; connected from {transport.PERCOLATION_THRESHOLD:g}"
        self.put(group, "conducting_volume_fraction", alloy, unknown="no volumes", note=note)
        solid = None if self.porosity is None else 1.0 - self.porosity
        share = None if alloy is None or solid is None else float(transport.percolates(alloy * solid))
        self.put(group, "conducting_share_percolates", share, unknown="no volumes", note="1 yes, 0 no; pores counted")
        ionic = m.values("ionic_conductivity_s_per_cm")
        unknown = (
            f"no ionic conductivity of {m.lacking('ionic_conductivity_s_per_cm')}" if ionic is None else "no volumes"
        )
        sigma = self._effective(fractions, ionic)
        self.put(group, "ionic_conductivity_s_per_cm", sigma, unknown=unknown, note="Bruggeman, with pores")
        resistance = None if not sigma or not thickness else transport.area_resistance_ohm_cm2(thickness, sigma)
        self.put(group, "area_resistance_ohm_cm2", resistance, unknown=unknown)
        drop = None if resistance is None else transport.polarisation_mv(self.o.current_ma_per_cm2, resistance)
        self.put(group, "polarisation_mv", drop, unknown=unknown, note=f"at {self.o.current_ma_per_cm2:g} mA/cm2")
        resistivity = m.values("electronic_resistivity_ohm_cm")
        lacking = m.lacking("electronic_resistivity_ohm_cm")
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
        note = f"if {self.o.cell_voltage_v:g} V lay across the layer; resistivities are orders of magnitude"
        self.put(group, "leakage_ma_per_cm2", leak, unknown=unknown, note=note)

    def _effective(self, fractions: list[float] | None, values: list[float] | None) -> float | None:
        """Effective conductivity of products and pores."""
        if fractions is None or values is None or self.porosity is None:
            return None
        shares = [f * (1.0 - self.porosity) for f in fractions]
        return transport.bruggeman([*shares, self.porosity], [*values, 0.0])

    def cell(self) -> None:
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
