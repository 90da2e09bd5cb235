"""What the book says of reactions, plateaus and measured counterparts (see `licoat.structures.chemistry.book`).

With coefficients nu_i (reactants negative), energies E_i, volumes V_i and molar masses M_i per formula unit; n anode
atoms of charge z are consumed.
"""

from licoat.structures.chemistry.book import Kind, Quantity, declare

__all__ = ["MEASURED", "PATH", "REACTION", "STAGE", "SUBSTANCE"]

_OXIDE = "formula unit of oxide"
_JANAF = "Chase, NIST-JANAF Thermochemical Tables, 4th ed. (1998), for the convention of formation energies"

REACTION = declare(
    Quantity("equation", "reaction", "Balanced equation in the smallest whole numbers.", Kind.TEXT, "reaction"),
    Quantity("coefficients", "coefficients", "nu_i per formula unit of oxide, reactants negative.", Kind.TEXT,
             "reaction"),
    Quantity("oxide", "oxide", "Formula unit that `per formula unit` refers to.", Kind.TEXT, "reaction",
             aliases=("formula",)),
    Quantity("phase_id", "phase", "Identifier of the phase of the oxide that reacts.", Kind.TEXT, "reaction"),
    Quantity("anode", "anode metal", "Symbol of the anode metal.", Kind.TEXT, "reaction"),
    Quantity("energy_ev_per_fu", "reaction energy", "sum nu_i E_i; exothermic is negative.", Kind.ENERGY, "reaction",
             unit="eV", per=_OXIDE, symbol=r"\Delta E", higher_is_better=False, reference=_JANAF,
             short="dE"),
    Quantity("energy_ev_per_atom", "reaction energy per atom", "Reaction energy per atom of all reactants.",
             Kind.ENERGY,
             "reaction", unit="eV", per="atom of reactants", symbol=r"\Delta E/N", digits=3),
    Quantity("energy_ev_per_anode_atom", "reaction energy per anode atom", "Reaction energy over n.", Kind.ENERGY,
             "reaction", unit="eV", per="consumed anode atom", symbol=r"\Delta E/n",
             short="dE"),
    Quantity("energy_kj_per_mol", "molar reaction energy", "Reaction energy times the Faraday constant.", Kind.ENERGY,
             "reaction", unit="kJ", per="mole of oxide", symbol=r"\Delta_\mathrm{r} E", digits=1),
    Quantity("energy_sigma_ev_per_fu", "sigma of the reaction energy",
             "sqrt(sum (nu_i sigma_i)^2), errors of different phases taken as independent.", Kind.ENERGY, "reaction",
             unit="eV", per=_OXIDE, symbol=r"\sigma(\Delta E)",
             short="sigma"),
    Quantity("heat_mj_per_kg_oxide", "heat per mass of oxide", "-Delta E F / M_oxide.", Kind.HEAT, "reaction",
             unit="MJ", per="kg of oxide", symbol=r"q_\mathrm{ox}",
             short="heat"),
    Quantity("heat_mj_per_kg_reactants", "heat per mass of reactants", "-Delta E F over the mass of all reactants.",
             Kind.HEAT, "reaction", unit="MJ", per="kg of reactants", symbol=r"q_\mathrm{all}"),
    Quantity("heat_gj_per_m3_oxide", "heat per volume of oxide", "-Delta E / V_oxide.", Kind.HEAT, "reaction",
             unit="GJ",
             per="m3 of oxide", symbol=r"q_V", digits=1),
    Quantity("tnt_ratio_oxide", "heat per mass of oxide over that of TNT", "Heat per kg of oxide over 4.184 MJ/kg.",
             Kind.RATIO, "reaction", symbol=r"q_\mathrm{ox}/q_\mathrm{TNT}",
             reference="1 g of TNT is 1000 thermochemical calories by convention"),
    Quantity("tnt_ratio_reactants", "heat per mass of reactants over that of TNT",
             "Heat per kg of reactants over 4.184 MJ/kg; TNT carries its own oxidiser, so this is the fair one.",
             Kind.RATIO, "reaction", symbol=r"q_\mathrm{all}/q_\mathrm{TNT}"),
    Quantity("anode_atoms_per_fu", "anode atoms consumed", "n, from the balance.", Kind.COUNT, "reaction", per=_OXIDE,
             symbol="n"),
    Quantity("average_voltage_v", "average voltage", "-Delta E / (n z), against the anode metal.", Kind.VOLTAGE,
             "reaction",
             unit="V", symbol=r"\bar{V}",
             short="mean V"),
    Quantity("average_voltage_sigma_v", "sigma of the average voltage", "sigma(Delta E) / (n z).", Kind.VOLTAGE,
             "reaction", unit="V", symbol=r"\sigma(\bar{V})"),
    Quantity("volume_ratio_oxide", "volume of products over oxide", "sum of nu_i V_i of the products / V_oxide.",
             Kind.RATIO, "reaction", symbol=r"R_\mathrm{ox}", aliases=("product_um_per_um_oxide",),
             short="V/V_ox"),
    Quantity("volume_ratio_reactants", "volume of products over all reactants",
             "sum of nu_i V_i of the products / (V_oxide + n V_anode).", Kind.RATIO, "reaction",
             symbol=r"R_\mathrm{all}",
             short="V/V_all"),
    Quantity("species", "substances", "Every substance with phase, amount, volume, gap and moduli.", Kind.TEXT,
             "reaction"),
    Quantity("scheme", "energy scheme", "Functional or potential, and its corrections.", Kind.TEXT, "reaction"),
    Quantity("source", "source", "Name of the table of phases.", Kind.TEXT, "reaction"),
    Quantity("energy_kind", "kind of energy", "Energy at 0 K, enthalpy or Gibbs energy at a temperature.", Kind.TEXT,
             "reaction"),
)  # fmt: skip
"""Quantities of a reaction."""

STAGE = declare(
    Quantity("anode_atoms_from", "anode atoms at its start", "Anode atoms taken up where the plateau begins.",
             Kind.COUNT,
             "stage", per=_OXIDE),
    Quantity("anode_atoms_to", "anode atoms at its end", "Anode atoms taken up where the plateau ends.", Kind.COUNT,
             "stage", per=_OXIDE),
    Quantity("voltage_v", "plateau voltage", "-(dG/dx)/z on the straight part of the envelope G(x).", Kind.VOLTAGE,
             "stage",
             unit="V", symbol="V", reference="Aydinol et al., Phys. Rev. B 56, 1354 (1997)"),
    Quantity("products", "products", "Equilibrium phases at the end of the plateau with their amounts.", Kind.TEXT,
             "stage"),
)  # fmt: skip
"""Quantities of a voltage plateau."""

PATH = declare(
    Quantity("phase_choice", "why this phase", "Why the phase that reacts was taken.", Kind.TEXT, "path"),
    Quantity("is_inert", "inert", "Whether the equilibrium with the metal takes up none of it.", Kind.YES_NO, "path"),
    Quantity("verdict", "verdict", "reacts, inert, or uncertain: the driving force is within its sigma of zero.",
             Kind.TEXT, "path"),
    Quantity("driving_force_v", "driving force", "Average voltage of the end state; of the full conversion if inert.",
             Kind.VOLTAGE, "path", unit="V", symbol=r"V_\mathrm{d}", higher_is_better=True),
    Quantity("driving_force_sigma_v", "sigma of the driving force", "sigma(Delta E) / (n z) of the same reaction.",
             Kind.VOLTAGE, "path", unit="V", symbol=r"\sigma(V_\mathrm{d})"),
    Quantity("decomposition_energy_ev_per_fu", "energy of decomposition",
             "From the oxide's own phase to the equilibrium without any anode metal; zero or negative.", Kind.ENERGY,
             "path", unit="eV", per=_OXIDE, symbol=r"\Delta E_\mathrm{dec}", digits=3),
    Quantity("above_hull_ev_per_atom", "energy above the hull",
             "Of the phase that reacts, above the hull of its elements without the anode metal.", Kind.ENERGY, "path",
             unit="eV", per="atom", symbol=r"E_\mathrm{hull}", digits=3, higher_is_better=False),
    Quantity("hull_phases", "compositions in the hull", "Number of compositions in the chemical system.", Kind.COUNT,
             "path", digits=0),
    Quantity("band_gaps_ev", "band gaps of the products",
             "Electronic gap of every product; * is computed or by rule, ? not known.",
             Kind.TEXT, "path", unit="eV", symbol=r"E_\mathrm{g}",
             short="gaps"),
    Quantity("shear_moduli_gpa", "shear moduli of the products",
             "Hill mean of every product; * is computed, ? not known.", Kind.TEXT, "path", unit="GPa", symbol="G",
             short="G"),
)  # fmt: skip
"""Quantities of an oxide's path."""

MEASURED = declare(
    Quantity("measured_energy_ev_per_fu", "measured reaction enthalpy", "sum nu_i H_i at 298.15 K.", Kind.ENERGY,
             "measured", unit="eV", per=_OXIDE, symbol=r"\Delta H_\mathrm{exp}",
             short="measured"),
    Quantity("measured_energy_sigma_ev_per_fu", "sigma of the measured enthalpy", "sqrt(sum (nu_i sigma_i)^2).",
             Kind.ENERGY, "measured", unit="eV", per=_OXIDE, symbol=r"\sigma(\Delta H_\mathrm{exp})"),
    Quantity("measured_heat_mj_per_kg_oxide", "measured heat per mass of oxide", "-Delta H F / M_oxide.", Kind.HEAT,
             "measured", unit="MJ", per="kg of oxide", symbol=r"q_\mathrm{exp}"),
    Quantity("measured_volume_ratio_oxide", "measured volume of products over oxide",
             "The volume ratio from measured volumes of the observed polymorphs.", Kind.RATIO, "measured",
             symbol=r"R_\mathrm{exp}"),
    Quantity("measured_missing", "not measured", "Substances without a measured enthalpy.", Kind.TEXT, "measured"),
)  # fmt: skip
"""Quantities of the measured counterpart of a reaction."""

SUBSTANCE = declare(
    Quantity("amount", "amount", "nu_i, reactants negative.", Kind.COUNT, "substance", per=_OXIDE),
    Quantity("space_group", "space group", "International symbol.", Kind.TEXT, "substance"),
    Quantity("energy_phase_id", "phase of the energy", "Phase whose energy enters the reaction.", Kind.TEXT,
             "substance"),
    Quantity("volume_a3_per_fu", "volume", "Of the crystal.", Kind.VOLUME, "substance", unit="A3", per="formula unit"),
    Quantity("volume_fraction", "volume share", "nu_i V_i over the volume of all products.", Kind.SHARE, "substance"),
    Quantity("band_gap_ev", "band gap", "Electronic gap; 0 is a metal.", Kind.ENERGY, "substance", unit="eV",
             symbol=r"E_\mathrm{g}", short="gap"),
    Quantity("band_gap_kind", "kind of gap", "measured, computed, estimate, pbe or rule.", Kind.TEXT, "substance"),
    Quantity("band_gap_source", "source of the gap", "Key of the source.", Kind.TEXT, "substance"),
    Quantity("bulk_modulus_gpa", "bulk modulus", "Mean of Voigt's and Reuss's.", Kind.MODULUS, "substance", unit="GPa",
             symbol="K", short="K", digits=1),
    Quantity("shear_modulus_gpa", "shear modulus", "Mean of Voigt's and Reuss's.", Kind.MODULUS, "substance",
             unit="GPa",
             symbol="G", short="G", digits=1),
    Quantity("elastic_sigma_percent", "sigma of the moduli", "Relative, in percent.", Kind.SHARE, "substance",
             unit="%"),
    Quantity("elastic_kind", "kind of moduli", "measured, pbe or computed.", Kind.TEXT, "substance"),
    Quantity("elastic_source", "source of the moduli", "Key of the source.", Kind.TEXT, "substance"),
    Quantity("oxide_volume_a3_per_fu", "volume of the oxide", "Of the crystal that reacts.", Kind.VOLUME, "substance",
             unit="A3", per="formula unit of oxide"),
)  # fmt: skip
"""Quantities of one substance of a reaction."""
