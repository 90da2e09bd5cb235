"""What is assumed of powder, foil, cell and load, and which inputs are possible."""

import math
from dataclasses import dataclass, fields, replace

from licoat.structures.chemistry.anode import anode
from licoat.structures.errors import LicoatError

__all__ = ["LayerInputError", "LayerOptions", "check_inputs"]


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
        Average voltage of the cell, for its energy.
    film_voltage_v : float
        Voltage across the layer, for the leakage. The layer lies on its metal, so what drives electrons through it is
        an overpotential, not the voltage of the cell.
    press_time_s, bed_conductivity_w_per_m_k : float
        How long a steel roller lies on the powder, and the powder's thermal conductivity, for the heat that it takes.
    cathode_capacity_mah_per_cm2, cathode_thickness_um, cathode_mass_mg_per_cm2 : float
        Cathode with its current collector. The default is the founding paper's LFP (2.7 mAh/cm2 of 155 mAh/g
        at 90 % active mass, on 15 um of aluminium).
    electrolyte_mass_mg_per_cm2 : float
        Liquid in the cathode's pores.
    coulombic_efficiency : float
        Of the lithium electrode, above 0 and at most 1.
    copper_thickness_um : float
        Foil of the reference electrode (lithium on copper).
    lithium_shear_modulus_gpa : float or None
        Of the anode metal; its own without (`shear_modulus_of`). For lithium that is the founding paper's 3.4; measured
        values are 2.8 (polycrystal) to 4.2.

    Raises
    ------
    LayerInputError
        If a value is one that no layer can have, naming the option and its range.
    """

    packing_fraction: float = 0.6
    conversion: float = 1.0
    current_ma_per_cm2: float = 1.0
    overpotential_v: float = 0.05
    cell_voltage_v: float = 3.4
    film_voltage_v: float = 0.05
    press_time_s: float = 0.1
    bed_conductivity_w_per_m_k: float = 0.2
    cathode_capacity_mah_per_cm2: float = 2.7
    cathode_thickness_um: float = 105.0
    cathode_mass_mg_per_cm2: float = 23.4
    electrolyte_mass_mg_per_cm2: float = 4.0
    coulombic_efficiency: float = 0.99
    copper_thickness_um: float = 10.0
    lithium_shear_modulus_gpa: float | None = None

    def shear_modulus_of(self, metal: str) -> float:
        """Return the shear modulus in GPa that is taken for an anode metal: as given, its own, else that of lithium."""
        own, lithium = anode(metal).shear_modulus_gpa, anode("Li").shear_modulus_gpa
        return next(value for value in (self.lithium_shear_modulus_gpa, own, lithium) if value is not None)

    def for_anode(self, metal: str) -> tuple["LayerOptions", str]:
        """Return these options with the metal's shear modulus filled in, and what is assumed where none is known."""
        filled = replace(self, lithium_shear_modulus_gpa=self.shear_modulus_of(metal))
        if self.lithium_shear_modulus_gpa is not None or anode(metal).shear_modulus_gpa is not None:
            return filled, ""
        return filled, (
            f"no shear modulus of {anode(metal).label} is known: shear_ratio_to_lithium is to that of lithium, "
            f"{filled.lithium_shear_modulus_gpa:g} GPa"
        )

    def __post_init__(self) -> None:
        shares = {"packing_fraction": (0.0, 1.0), "conversion": (0.0, 1.0), "coulombic_efficiency": (0.0, 1.0)}
        for option in fields(self):
            value = getattr(self, option.name)
            if value is None and option.default is None:
                continue
            if not isinstance(value, int | float) or isinstance(value, bool):
                raise LayerInputError(f"{option.name} {value!r}: expected a number")
            low, high = shares.get(option.name, (0.0, math.inf))
            zero_is_fine = option.name in {"conversion", "electrolyte_mass_mg_per_cm2", "copper_thickness_um"}
            if not math.isfinite(value) or value > high or value < low or (value == low and not zero_is_fine):
                above = "from 0" if zero_is_fine else "above 0"
                upto = "" if high == math.inf else f" up to {high:g}"
                raise LayerInputError(f"{option.name} {value:g}: expected a number {above}{upto}")


def check_inputs(oxide_loading_mg_per_cm2: float, lithium_thickness_um: float) -> None:
    """Refuse inputs that no layer can have.

    Raises
    ------
    LayerInputError
        Naming the input and its range.
    """
    for name, value in (("oxide loading", oxide_loading_mg_per_cm2), ("lithium thickness", lithium_thickness_um)):
        if not isinstance(value, int | float) or not math.isfinite(value) or value < 0.0:
            unit = "mg/cm2" if name == "oxide loading" else "um"
            shown = f"{value:g}" if isinstance(value, int | float) else repr(value)
            raise LayerInputError(f"{name} {shown} {unit}: expected a number from 0")
