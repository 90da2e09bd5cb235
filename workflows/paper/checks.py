"""What a check of the founding paper is, and what the checks draw on.

A `PaperCheck` recomputes one number of Tang et al., *Nano Energy* (2020). Its values come from this project's own
functions on the computed and measured tables (`Context`), or from other numbers that the paper reports (`PAPER`).
The checks themselves are in `paper_reaction`, `paper_film` and `paper_cell`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from licoat.structures import MissingDataError, PhaseTable, load_phases
from licoat.structures.chemistry.formula import molar_mass_g
from licoat.structures.chemistry.units import A3_TO_CM3_PER_MOL, EV_TO_KJ_PER_MOL
from licoat.structures.crystals.averages import youngs_modulus_gpa
from licoat.structures.phases.facts import number, read_facts
from licoat.structures.rendering import brief, outline
from licoat.thermo import Reaction, lithiate, react
from licoat.workflows.layer import LayerMaterial, heat, layer_material, loading

__all__ = ["PAPER", "Context", "Origin", "PaperCheck", "Standing", "Values", "each", "fact", "known", "paper_context"]

REACTION = "Sb2O3 + 12 Li -> 2 Li3Sb + 3 Li2O"
CONVERSION = "Sb2O3 + 6 Li -> 2 Sb + 3 Li2O"
LITHIUM_PER_OXIDE = 12


class Origin(StrEnum):
    """Where a recomputed number comes from."""

    UNCORRECTED = "uncorrected"
    MP2020 = "MP2020"
    PBE = "PBE"
    MEASURED = "measured"
    ARITHMETIC = "arithmetic"


class Standing(StrEnum):
    """How a number of the paper stands; `DIFFERS` is written with its percentage."""

    REPRODUCED = "reproduced"
    DIFFERS = "differs"
    INCONSISTENT = "inconsistent"
    INFORMATION = "information"
    NOT_CHECKABLE = "not checkable"


Values = dict[Origin, float]


@dataclass(frozen=True, slots=True)
class Reported:
    """Numbers that the paper reports and that enter checks of its other numbers; the unit is in the name."""

    heat_ev: float = 14.9
    heat_j_per_m3: float = 2.6373e10
    oxide_volume_a3: float = 90.38
    two_li3sb_volume_a3: float = 141.264
    three_li2o_volume_a3: float = 75.84
    tnt_density_g_per_cm3: float = 1.654
    layer_um: float = 5.0
    """One self-compacted separator (SCS)."""
    cell_layer_um: float = 4.5
    """The same in the full cells."""
    disk_diameter_mm: float = 12.0
    counter_disk_diameter_mm: float = 16.0
    intercept_ohm: float = 1.3
    interface_before_ohm: float = 350.0
    interface_after_ohm: float = 22.0
    sol_resistivity_ohm_cm: float = 6061.0
    """Sprayed-oxide layer (SOL) before cycling."""
    scs_resistivity_ohm_cm: float = 44974.0
    carbon_resistivity_ohm_cm: float = 13.0
    lithium_shear_gpa: float = 3.4
    surface_modulus_gpa: float = 11.04
    section_modulus_gpa: float = 17.0
    bare_surface_modulus_gpa: float = 6.15
    poisson: float = 0.3
    deposited_ma_per_cm2: float = 0.3
    deposited_h: float = 20.0
    stripped_mah_per_cm2: float = 5.182
    sprayed_mg_per_cm2: float = 5.0
    thin_foil_um: float = 15.5
    thin_foil_mah_per_cm2: float = 3.1
    thick_foil_um: float = 50.0
    thick_foil_mah_per_cm2: float = 10.0
    cycling_foil_um: float = 100.0
    copper_um: float = 10.0
    porous_lithium_um: float = 20.0
    cathode_mah_per_cm2: float = 2.7
    separator_free_ma_per_cm2: float = 0.05
    cell_voltage_v: float = 3.4

    __repr__ = outline

    @property
    def disk_cm2(self) -> float:
        """Area of the 12 mm disk."""
        return math.pi * (self.disk_diameter_mm / 20.0) ** 2

    @property
    def both_layers_um(self) -> float:
        """Layers of the two electrodes of a symmetric cell."""
        return 2.0 * self.layer_um


PAPER = Reported()


@dataclass(frozen=True)
class Context:
    """Reactions, tables and the material that the checks share.

    Attributes
    ----------
    tables : mapping of Origin to PhaseTable
        Computed without and with corrections, and measured.
    reactions, conversions : mapping of Origin to Reaction
        The complete reaction and its first step, with the polymorph that a powder is (senarmontite).
    valentinite : mapping of Origin to Reaction
        The complete reaction of valentinite, the ground state of PBE and the paper's phase.
    material : LayerMaterial
        The complete reaction with measured heat and volumes where there are any.
    """

    tables: Mapping[Origin, PhaseTable]
    reactions: Mapping[Origin, Reaction]
    conversions: Mapping[Origin, Reaction]
    valentinite: Mapping[Origin, Reaction]
    material: LayerMaterial

    def __repr__(self) -> str:
        return brief(self, "tables that the checks of the paper draw on")

    def volume_a3(self, formula: str, source: Origin, reactions: Mapping[Origin, Reaction] | None = None) -> float:
        """Volume per formula unit of a substance of the reaction."""
        species = (reactions or self.reactions)[source].species
        return known(next(s.volume_a3_per_fu for s in species if s.formula == formula))

    @property
    def lithium_volume_a3(self) -> float:
        """Measured volume per atom of bcc lithium."""
        return self.volume_a3("Li", Origin.MEASURED)

    @property
    def product_volume_a3(self) -> float:
        """Measured volume of the products of one formula unit of oxide."""
        return known(self.material.product_volume_a3)

    def capacity_mah_per_cm2(self, lithium_um: float) -> float:
        """Charge of dense lithium."""
        amount = loading.amount_of_thickness_mol_per_cm2(lithium_um, self.lithium_volume_a3)
        return loading.capacity_mah_per_cm2(amount)

    def lithium_um(self, mah_per_cm2: float) -> float:
        """Thickness of dense lithium of a charge."""
        return mah_per_cm2 / self.capacity_mah_per_cm2(1.0)

    def oxide_of_charge_mg_per_cm2(self, mah_per_cm2: float) -> float:
        """Mass of oxide whose complete reaction takes up a charge."""
        amount = mah_per_cm2 / loading.capacity_mah_per_cm2(float(LITHIUM_PER_OXIDE))
        return loading.mass_mg_per_cm2(amount, self.material.molar_mass_g)

    def layer_amount_mol_per_cm2(self, layer_um: float) -> float:
        """Amount of oxide that becomes a dense layer of products."""
        return loading.amount_of_thickness_mol_per_cm2(layer_um, self.product_volume_a3)

    def layer_loading_mg_per_cm2(self, layer_um: float) -> float:
        """Mass of oxide that becomes a dense layer of products."""
        return loading.mass_mg_per_cm2(self.layer_amount_mol_per_cm2(layer_um), self.material.molar_mass_g)

    def layer_lithium_um(self, layer_um: float) -> float:
        """Dense lithium that a dense layer of products consumes."""
        amount = LITHIUM_PER_OXIDE * self.layer_amount_mol_per_cm2(layer_um)
        return loading.thickness_um(amount, self.lithium_volume_a3)

    def layer_heat_j_per_cm2(self, heat_ev: float) -> float:
        """Heat of making the paper's layer dense, for a heat per formula unit of oxide."""
        return heat.heat_j_per_cm2(heat_ev, self.layer_amount_mol_per_cm2(PAPER.layer_um))

    def melted_lithium_um(self, heat_ev: float) -> float:
        """Dense lithium that this heat could bring from 298 K to melting and melt."""
        amount = known(heat.melted_amount_mol_per_cm2(self.layer_heat_j_per_cm2(heat_ev), "Li"))
        return loading.thickness_um(amount, self.lithium_volume_a3)

    def heat_ev_from_kj(self, formation_kj_per_mol: Mapping[str, float]) -> float:
        """Heat of the complete reaction in eV from formation energies in kJ/mol; elements are 0."""
        coefficients = self.reactions[Origin.MEASURED].coefficients
        total = sum(n * formation_kj_per_mol.get(formula, 0.0) for formula, n in coefficients.items())
        return -total / EV_TO_KJ_PER_MOL

    def density_g_per_cm3(self, formula: str, volume_a3: float) -> float:
        """Density of a substance of a volume per formula unit."""
        return molar_mass_g(formula) / (volume_a3 * A3_TO_CM3_PER_MOL)

    @property
    def product_density_g_per_cm3(self) -> float:
        """Density of the dense products; their mass is that of oxide and lithium."""
        mass = self.material.molar_mass_g + LITHIUM_PER_OXIDE * molar_mass_g("Li")
        return mass / (self.product_volume_a3 * A3_TO_CM3_PER_MOL)

    @property
    def lithium_youngs_gpa(self) -> float:
        """Young's modulus of lithium from its measured bulk and shear moduli."""
        return youngs_modulus_gpa(*self.lithium_moduli_gpa)

    @property
    def lithium_moduli_gpa(self) -> tuple[float, float]:
        """Measured bulk and shear modulus of lithium."""
        phase = self.tables[Origin.MEASURED]["Li"]
        return known(phase.bulk_modulus_gpa), known(phase.shear_modulus_gpa)


@dataclass(frozen=True, slots=True)
class PaperCheck:
    """How one number of the paper is recomputed and judged.

    Attributes
    ----------
    quantity : str
        As in ``paper_numbers.csv``.
    values : callable
        Context to the values by source, in the unit of the row.
    why : str or callable
        Explanation, with the numbers of the context where it needs them.
    route : tuple of Origin
        Sources that the paper's own route means; none: the comparison is information.
    reading : float, optional
        The number that stands in the paper's text, where the text is not just a number.
    unit : str
        Unit of the values, where it is not that of the paper's number, which then is kept as text.
    holds : callable, optional
        For a statement instead of a number: whether it is true.
    settled : Standing, optional
        For a question of words, units or missing data that no number decides.
    """

    quantity: str
    values: Callable[[Context], Values]
    why: str | Callable[[Context], str]
    route: tuple[Origin, ...] = ()
    reading: float | None = None
    unit: str = ""
    holds: Callable[[Context], bool] | None = None
    settled: Standing | None = None

    def __repr__(self) -> str:
        return brief(self, self.quantity)


def each(reactions: Mapping[Origin, Reaction], value: Callable[[Reaction], float | None]) -> Values:
    """Read a quantity of a reaction from every source that has it."""
    found = {source: value(reaction) for source, reaction in reactions.items()}
    return {source: v for source, v in found.items() if v is not None}


def arithmetic(value: float) -> Values:
    """Return a value that follows from the paper's own numbers."""
    return {Origin.ARITHMETIC: value}


def measured(value: float) -> Values:
    """Return a value that follows from measured data (and the paper's own numbers)."""
    return {Origin.MEASURED: value}


def known(value: float | None) -> float:
    """Return a value that the tables of this package have.

    Raises
    ------
    MissingDataError
        If they do not.
    """
    if value is None:
        raise MissingDataError("a value that the checks of the founding paper need is not in the tables")
    return value


def fact(file: str, column: str, **match: str) -> float:
    """Return a number of a table of facts: the first row where columns have given texts.

    Raises
    ------
    MissingDataError
        If there is no such number.
    """
    for row in read_facts(file):
        if all(row[name] == text for name, text in match.items()):
            value = number(row[column])
            if value is not None:
                return value
    raise MissingDataError(f"no {column} in {file}.csv for {match}")


def shear_gpa(youngs_gpa: float, poisson: float) -> float:
    """Shear modulus of an isotropic solid, E / (2 (1 + nu)), by way of E of a solid of unit shear modulus."""
    bulk_of_unit_shear = 2.0 * (1.0 + poisson) / (3.0 * (1.0 - 2.0 * poisson))
    return youngs_gpa / youngs_modulus_gpa(bulk_of_unit_shear, 1.0)


@cache
def paper_context() -> Context:
    """Compute the reactions and the material that the checks share, once."""
    tables = {
        Origin.UNCORRECTED: load_phases("builtin", scheme="none"),
        Origin.MP2020: load_phases("builtin", scheme="mp2020"),
        Origin.MEASURED: load_phases("measured"),
    }
    return Context(
        tables=tables,
        reactions={source: react(REACTION, phases) for source, phases in tables.items()},
        conversions={source: react(CONVERSION, phases) for source, phases in tables.items()},
        valentinite={
            source: react(REACTION, phases, phase_ids={"Sb2O3": _valentinite_id(phases)})
            for source, phases in tables.items()
        },
        material=layer_material(lithiate("Sb2O3", tables[Origin.MP2020], prefer="best")),
    )


def _valentinite_id(phases: PhaseTable) -> str:
    return next(
        phases.phase(row).phase_id for row in phases.rows_of("Sb2O3") if phases.phase(row).space_group == "Pccn"
    )
