"""What the book says of a layer: per area, one-dimensional, with crystal volumes (docs/physics.md).

m is the sprayed mass, M the oxide's molar mass, n the anode atoms of charge z per oxide, f0 the packing fraction of the
powder, R the products' volume over that of the oxide.
"""

from licoat.structures.chemistry.book import Kind, Quantity, declare

__all__ = ["COMPOSITE", "LAYER", "OPTIONS", "PHASES"]

_AREA = "cm2"
_HS = "Hashin and Shtrikman, J. Mech. Phys. Solids 11, 127 (1963)"
_MN = "Monroe and Newman, J. Electrochem. Soc. 152, A396 (2005)"
_GEM = "McLachlan, J. Phys. C 20, 865 (1987)"


def _layer(
    name: str, label: str, definition: str, kind: Kind, unit: str = "", per: str = "", ref: str = ""
) -> Quantity:
    return Quantity(name, label, definition, kind, "layer", unit=unit, per=per, reference=ref)


def _bounds(
    name: str, label: str, definition: str, kind: Kind, unit: str = "", per: str = "", ref: str = ""
) -> tuple[Quantity, Quantity]:
    """Declare both bounds of a quantity; the name says where ``low`` and ``high`` stand."""
    lower, upper = (
        _layer(name.format(end), f"{label}, {word}", f"{word.capitalize()}: {definition}", kind, unit, per, ref)
        for end, word in (("low", "lower bound"), ("high", "upper bound"))
    )
    return lower, upper


def _option(name: str, label: str, definition: str, kind: Kind, unit: str = "", per: str = "") -> Quantity:
    return Quantity(name, label, definition, kind, "assumption", unit=unit, per=per)


LAYER = declare(
    _layer("oxide_loading_mg_per_cm2", "oxide loading", "Sprayed mass m.", Kind.MASS, "mg", _AREA),
    _layer("oxide_dense_thickness_um", "dense thickness of the oxide", "m/M V_oxide N_A.", Kind.LENGTH, "um"),
    _layer("lithium_thickness_um", "anode foil before the reaction", "Thickness of dense metal.", Kind.LENGTH, "um"),
    _layer("lithium_available_mah_per_cm2", "anode metal available", "Charge of the foil, amount z F / 3.6.",
           Kind.CHARGE,
           "mAh", _AREA),
    _layer("lithium_consumed_um", "anode metal consumed", "m/M extent n V_anode N_A.", Kind.LENGTH, "um"),
    _layer("lithium_consumed_mah_per_cm2", "anode metal consumed", "m/M extent n z F / 3.6.", Kind.CHARGE, "mAh",
           _AREA),
    _layer("lithium_consumed_fraction", "share of the foil consumed", "Consumed over available metal.", Kind.SHARE),
    _layer("lithium_left_um", "anode metal left", "Available less consumed, as dense metal.", Kind.LENGTH, "um"),
    _layer("lithium_left_mah_per_cm2", "anode metal left", "Available less consumed.", Kind.CHARGE, "mAh", _AREA),
    _layer("extent_of_reaction", "extent of reaction", "Conversion times min(1, available / needed).", Kind.SHARE),
    _layer("oxide_left_mg_per_cm2", "oxide left", "m (1 - extent).", Kind.MASS, "mg", _AREA),
    _layer("product_thickness_um", "dense thickness of the products", "m/M extent sum nu_i V_i N_A.", Kind.LENGTH,
           "um"),
    _layer("powder_thickness_um", "thickness of the powder", "Dense thickness of the oxide over f0.", Kind.LENGTH,
           "um"),
    _layer("solid_fraction", "solid fraction of the layer", "min(1, f0 (1 + extent (R - 1))).", Kind.SHARE),
    _layer("porosity", "porosity of the layer", "1 less the solid fraction.", Kind.SHARE),
    _layer("closing_packing_fraction", "packing fraction that closes", "1/R: from there the products fill all pores.",
           Kind.SHARE),
    _layer("layer_thickness_um", "thickness of the layer", "Powder times max(1, f0 (1 + extent (R - 1))).",
           Kind.LENGTH, "um"),
    _layer("thickness_change_um", "change of thickness", "Layer less powder less consumed metal.", Kind.LENGTH, "um"),
    _layer("heat_j_per_cm2", "heat released", "-Delta E F m/M extent.", Kind.HEAT, "J", _AREA),
    _layer("heat_sigma_j_per_cm2", "sigma of the heat released", "sigma(Delta E) F m/M extent.", Kind.HEAT, "J", _AREA),
    _layer("adiabatic_temperature_k", "adiabatic temperature of the products",
           "T with sum n_i [H_i(T) - H_i(298 K)] = heat, products alone; an upper bound.", Kind.TEMPERATURE, "K"),
    _layer("foil_temperature_k", "adiabatic temperature with the foil", "The same with the metal left.",
           Kind.TEMPERATURE,
           "K"),
    _layer("foil_temperature_rise_k", "temperature rise with the foil", "The same less 298.15 K.", Kind.TEMPERATURE,
           "K"),
    _layer("lithium_melted_um", "anode metal that could melt",
           "Heat over that of heating from 298 K to melting and melting.",
           Kind.LENGTH, "um"),
    _layer("melting_reached", "heat enough to melt metal",
           "Whether the products alone would pass the metal's melting point.", Kind.YES_NO),
    *_bounds("runaway_loading_{}_mg_per_cm2", "loading that can run away",
             "h m = p m + (foil left) e + loss up to the metal's melting point; without loss, and with a cold roller.",
             Kind.MASS, "mg", _AREA),
    *_bounds("runaway_powder_{}_um", "powder bed that can run away", "Thickness of the powder of that loading.",
             Kind.LENGTH, "um"),
    _layer("burn_through_loading_mg_per_cm2", "loading that melts the whole foil",
           "The same without loss, all metal left molten.", Kind.MASS, "mg", _AREA),
    _layer("cooling_time_ms", "time that the roller needs",
           "Heat beyond what the foil takes up to melting, times L / (k dT).", Kind.TIME, "ms"),
    _layer("inert_share", "inert powder that tames it",
           "Mass share of the spray with which no metal melts, all at once.", Kind.SHARE),
    _layer("strip_capacity_mah_per_cm2", "charge in the layer's alloys", "m/M extent n(alloys) z F / 3.6.", Kind.CHARGE,
           "mAh", _AREA),
    _layer("strip_share_of_cathode", "charge in the alloys over that of the cathode", "Over the cathode's capacity.",
           Kind.SHARE),
    _layer("bulk_modulus_lower_gpa", "bulk modulus, lower bound", "Lower Hashin-Shtrikman bound of the dense solid.",
           Kind.MODULUS, "GPa", ref=_HS),
    _layer("bulk_modulus_upper_gpa", "bulk modulus, upper bound", "Upper Hashin-Shtrikman bound of the dense solid.",
           Kind.MODULUS, "GPa", ref=_HS),
    _layer("layer_shear_modulus_reuss_gpa", "shear modulus of the layer, Reuss bound",
           "1 / sum(f_i / G_i) of products and oxide left, dense.", Kind.MODULUS, "GPa",
           ref="Reuss, Z. Angew. Math. Mech. 9, 49 (1929)"),
    _layer("layer_shear_modulus_voigt_gpa", "shear modulus of the layer, Voigt bound",
           "sum f_i G_i of products and oxide left, dense.", Kind.MODULUS, "GPa",
           ref="Voigt, Lehrbuch der Kristallphysik (1928)"),
    _layer("layer_shear_modulus_lower_gpa", "shear modulus of the layer, lower bound",
           "Lower Hashin-Shtrikman bound of products and oxide left, dense.", Kind.MODULUS, "GPa", ref=_HS),
    _layer("layer_shear_modulus_upper_gpa", "shear modulus of the layer, upper bound",
           "Upper Hashin-Shtrikman bound of products and oxide left, dense.", Kind.MODULUS, "GPa", ref=_HS),
    _layer("shear_modulus_hill_gpa", "shear modulus, Hill mean", "Mean of Voigt and Reuss.", Kind.MODULUS, "GPa",
           ref="Hill, Proc. Phys. Soc. A 65, 349 (1952)"),
    _layer("youngs_modulus_gpa", "Young's modulus", "9 K G / (3 K + G) of the Hill means.", Kind.MODULUS, "GPa"),
    _layer("shear_modulus_with_pores_gpa", "shear modulus with pores",
           "Upper Hashin-Shtrikman bound of the solid with separate round pores.", Kind.MODULUS, "GPa", ref=_HS),
    _layer("shear_ratio_to_lithium", "shear modulus over that of the anode metal",
           "Of the layer with pores, over the assumed modulus of the metal; 2 is asked for.", Kind.RATIO, ref=_MN),
    _layer("shear_ratio_to_measured_lithium", "shear modulus over the measured one of the anode metal",
           "Of the layer with pores, over the measured modulus of the metal.", Kind.RATIO, ref=_MN),
    _layer("deposition_pressure_mpa", "pressure of deposition", "eta z e / V_anode in a closed flaw.", Kind.PRESSURE,
           "MPa",
           ref="Armstrong, Dickinson, Turner, Electrochim. Acta 19, 187 (1974)"),
    _layer("critical_flaw_um", "critical flaw", "(K_Ic / (1.12 p))^2 / pi of the weakest phase.", Kind.LENGTH, "um",
           ref="Griffith, Phil. Trans. R. Soc. A 221, 163 (1921)"),
    _layer("conducting_share_percolates", "alloys connected",
           "1 if alloy times solid fraction is at least 0.16, else 0.",
           Kind.YES_NO, ref="Scher and Zallen, J. Chem. Phys. 53, 3759 (1970)"),
    *_bounds("layer_log10_resistivity_{}_ohm_cm", "electronic resistivity of the layer",
             "Effective medium of the phases with the pores and the oxide left.", Kind.TRANSPORT, "log10 ohm cm",
             ref=_GEM),
    *_bounds("leakage_{}_ma_per_cm2", "electronic leakage",
             "Voltage across the film over resistivity of the layer and thickness.", Kind.TRANSPORT, "mA", _AREA),
    *_bounds("area_resistance_{}_ohm_cm2", "area resistance for ions",
             "Thickness over ionic conductivity of the layer with its pores and the oxide left.", Kind.TRANSPORT,
             "ohm cm2"),
    *_bounds("polarisation_{}_mv", "ohmic polarisation", "Current density times area resistance.", Kind.VOLTAGE, "mV"),
    _layer("coated_thickness_um", "thickness of the coated electrode", "Layer and metal left.", Kind.LENGTH, "um"),
    _layer("coated_mass_mg_per_cm2", "mass of the coated electrode", "Oxide and all the metal.", Kind.MASS, "mg",
           _AREA),
    _layer("reference_thickness_um", "thickness of the reference", "The same metal left, dense, on copper.",
           Kind.LENGTH,
           "um"),
    _layer("reference_mass_mg_per_cm2", "mass of the reference", "The same metal left and its copper.", Kind.MASS, "mg",
           _AREA),
    _layer("thickness_saving", "thickness saved", "1 less coated over reference.", Kind.SHARE),
    _layer("mass_saving", "mass saved", "1 less coated over reference.", Kind.SHARE),
    _layer("negative_to_positive_ratio", "negative over positive capacity", "Metal left over cathode capacity.",
           Kind.RATIO),
    _layer("cycle_life", "cycles", "Reserve / ((1 - CE) Q) + ln 0.8 / ln CE.", Kind.COUNT),
    _layer("stack_energy_wh_per_kg", "energy of the stack",
           "Q U over the mass of coated anode, cathode and electrolyte.",
           Kind.ENERGY, "Wh", "kg of stack"),
    _layer("stack_energy_wh_per_l", "energy of the stack", "Q U over the thickness of coated anode and cathode.",
           Kind.ENERGY, "Wh", "l of stack"),
)  # fmt: skip
"""Quantities of a layer alone."""

COMPOSITE = declare(
    _layer("shear_modulus_reuss_gpa", "shear modulus, Reuss bound", "1 / sum(f_i / G_i) of the dense products.",
           Kind.MODULUS,
           "GPa", ref="Reuss, Z. Angew. Math. Mech. 9, 49 (1929)"),
    _layer("shear_modulus_voigt_gpa", "shear modulus, Voigt bound", "sum f_i G_i of the dense products.", Kind.MODULUS,
           "GPa",
           ref="Voigt, Lehrbuch der Kristallphysik (1928)"),
    _layer("shear_modulus_lower_gpa", "shear modulus, lower bound",
           "Lower Hashin-Shtrikman bound of the dense products.", Kind.MODULUS, "GPa", ref=_HS),
    _layer("shear_modulus_upper_gpa", "shear modulus, upper bound",
           "Upper Hashin-Shtrikman bound of the dense products.", Kind.MODULUS, "GPa", ref=_HS),
    _layer("log10_resistivity_ohm_cm", "electronic resistivity",
           "Middle of the decades of its bounds; 1.11 is 13 ohm cm.",
           Kind.TRANSPORT, "log10 ohm cm", ref=_GEM),
    *_bounds("log10_resistivity_{}_ohm_cm", "electronic resistivity",
             "Effective medium of the dense products; each measured, metal, or between undoped and off stoichiometry.",
             Kind.TRANSPORT, "log10 ohm cm", ref=_GEM),
    _layer("log10_ionic_conductivity_s_per_cm", "ionic conductivity", "Middle of the decades of its bounds.",
           Kind.TRANSPORT, "log10 S/cm", ref=_GEM),
    *_bounds("log10_ionic_conductivity_{}_s_per_cm", "ionic conductivity",
             "Effective medium of the dense products as measured; an unmeasured one conducts nothing, or all.",
             Kind.TRANSPORT, "log10 S/cm", ref=_GEM),
    _layer("strip_potential_v", "potential at which the layer is stripped",
           "Voltage of the last plateau of the path, whose product gives its anode metal back first.", Kind.VOLTAGE,
           "V"),
    _layer("strip_potential_sigma_v", "sigma of that potential", "Of the last plateau.", Kind.VOLTAGE, "V"),
    _layer("oxide_potential_v", "potential at which its oxide is stripped",
           "Voltage of the plateau before the first alloy; beyond it the anode metal's oxide is decomposed.",
           Kind.VOLTAGE, "V"),
    _layer("stripped_volume_ratio", "volume after stripping the alloys",
           "Products without the anode metal of alloys, over products.", Kind.RATIO),
    Quantity("alloy_volume_fraction", "share of alloys",
             "Volume of the anode metal's compounds with metals and metalloids over that of the solid.",
             Kind.SHARE, "layer", aliases=("conducting_volume_fraction",)),
)  # fmt: skip
"""Quantities of a composite of phases: of a layer, and of the dense products of a screened oxide."""

OPTIONS = declare(
    _option("packing_fraction", "packing fraction", "Solid share f0 of the powder as sprayed.", Kind.SHARE),
    _option("conversion", "conversion", "Share of the oxide that reacts if there is enough metal.", Kind.SHARE),
    _option("current_ma_per_cm2", "current", "Current density of the polarisation.", Kind.TRANSPORT, "mA", _AREA),
    _option("overpotential_v", "overpotential", "Of deposition, for the pressure in a flaw.", Kind.VOLTAGE, "V"),
    _option("cell_voltage_v", "cell voltage", "Average voltage of the cell.", Kind.VOLTAGE, "V"),
    _option("film_voltage_v", "voltage across the film", "What drives electrons through the layer.", Kind.VOLTAGE, "V"),
    _option("press_time_s", "time of pressing", "How long a steel roller lies on the powder.", Kind.TIME, "s"),
    _option("bed_conductivity_w_per_m_k", "thermal conductivity of the powder", "Of the bed as sprayed.", Kind.HEAT,
            "W/mK"),
    _option("cathode_capacity_mah_per_cm2", "cathode capacity", "Of the cathode.", Kind.CHARGE, "mAh", _AREA),
    _option("cathode_thickness_um", "cathode thickness", "With its current collector.", Kind.LENGTH, "um"),
    _option("cathode_mass_mg_per_cm2", "cathode mass", "With its current collector.", Kind.MASS, "mg", _AREA),
    _option("electrolyte_mass_mg_per_cm2", "electrolyte mass", "Liquid in the pores.", Kind.MASS, "mg", _AREA),
    _option("coulombic_efficiency", "coulombic efficiency", "Of the metal electrode.", Kind.SHARE),
    _option("copper_thickness_um", "copper thickness", "Foil of the reference electrode.", Kind.LENGTH, "um"),
    _option("lithium_shear_modulus_gpa", "shear modulus of the anode metal", "Taken for the ratio to the layer's.",
            Kind.MODULUS, "GPa"),
)  # fmt: skip
"""What is assumed of powder, foil, cell and load."""

PHASES = declare(
    _option("toughness_mpa_sqrt_m", "fracture toughness", "K_Ic; a Griffith estimate where none was measured.",
            Kind.PRESSURE, "MPa m^0.5"),
    _option("is_alloy", "alloy", "Whether the phase is an alloy of the anode metal.", Kind.YES_NO),
)  # fmt: skip
"""What is known of a layer's phases besides what a reaction says of them."""
