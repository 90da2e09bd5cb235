"""`design_layer`: all numbers of a layer and its cell in one result."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from licoat.structures import PhaseTable
from licoat.structures.errors import require
from licoat.structures.rendering import brief, rendered
from licoat.thermo.lithiation import lithiate
from licoat.thermo.path import LithiationPath
from licoat.workflows.layer.cell import Cell, compare_cells
from licoat.workflows.layer.compaction import Compaction, compact
from licoat.workflows.layer.heat import Heat, balance_heat
from licoat.workflows.layer.ignition import Ignition, balance_ignition
from licoat.workflows.layer.inverse import LoadingAnswer, solve_loading
from licoat.workflows.layer.loading import Loading, count
from licoat.workflows.layer.material import LayerMaterial, layer_material
from licoat.workflows.layer.mechanics import Mechanics, bound_moduli
from licoat.workflows.layer.options import LayerInputError, LayerOptions, check_inputs
from licoat.workflows.layer.quantity import Group, LayerQuantity
from licoat.workflows.layer.stripping import Stripping, strip_layer
from licoat.workflows.layer.transport import Transport, mix_conductivities

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["LayerDesign", "LayerInputError", "LayerOptions", "LayerQuantity", "design_layer"]


_EARLIER_NAMES = {
    f"shear_modulus_{bound}_gpa": f"layer_shear_modulus_{bound}_gpa" for bound in ("lower", "upper", "reuss", "voigt")
}
"""Keys that scripts read, for one more minor version: in a screen the same names mean the products alone."""

NO_LAYER = "there is no layer"

T_co = TypeVar("T_co", covariant=True)


class _Of(Generic[T_co]):
    """A number of one of the groups as an attribute of the layer, known to type checkers and to `dir`."""

    __slots__ = ("_read",)

    def __init__(self, read: Callable[["LayerDesign"], T_co]) -> None:
        self._read = read

    @overload
    def __get__(self, layer: None, owner: type) -> Self: ...

    @overload
    def __get__(self, layer: "LayerDesign", owner: type) -> T_co: ...

    def __get__(self, layer: "LayerDesign | None", owner: type) -> Self | T_co:
        return self if layer is None else self._read(layer)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerDesign:
    """A layer: its quantities as attributes, in groups, with sources, assumptions and what is missing.

    Attributes
    ----------
    material : LayerMaterial
        The reaction and its phases.
    options : LayerOptions
        What was assumed.
    loading, compaction, heat, ignition, mechanics, transport, stripping, cell : Group
        The quantities, every one of them an attribute of the layer as well. The unit is in the name.
    assumptions : tuple of str
        Statements on bounds, estimates and exhaustion.
    limited_products : dict of str to float
        If lithium runs out: the equilibrium phases per formula unit of oxide at the lithium there is.
    target : LoadingAnswer or None
        If the loading was solved for a target: whether it can be met, and what determines the loading.
    """

    material: LayerMaterial
    options: LayerOptions
    loading: Loading
    compaction: Compaction
    heat: Heat
    ignition: Ignition
    mechanics: Mechanics
    transport: Transport
    stripping: Stripping
    cell: Cell
    assumptions: tuple[str, ...]
    limited_products: dict[str, float] = field(default_factory=dict)
    target: LoadingAnswer | None = None

    oxide_loading_mg_per_cm2 = _Of(lambda layer: layer.loading.oxide_loading_mg_per_cm2)
    oxide_dense_thickness_um = _Of(lambda layer: layer.loading.oxide_dense_thickness_um)
    lithium_thickness_um = _Of(lambda layer: layer.loading.lithium_thickness_um)
    lithium_available_mah_per_cm2 = _Of(lambda layer: layer.loading.lithium_available_mah_per_cm2)
    lithium_consumed_um = _Of(lambda layer: layer.loading.lithium_consumed_um)
    lithium_consumed_mah_per_cm2 = _Of(lambda layer: layer.loading.lithium_consumed_mah_per_cm2)
    lithium_consumed_fraction = _Of(lambda layer: layer.loading.lithium_consumed_fraction)
    lithium_left_um = _Of(lambda layer: layer.loading.lithium_left_um)
    lithium_left_mah_per_cm2 = _Of(lambda layer: layer.loading.lithium_left_mah_per_cm2)
    extent_of_reaction = _Of(lambda layer: layer.loading.extent_of_reaction)
    oxide_left_mg_per_cm2 = _Of(lambda layer: layer.loading.oxide_left_mg_per_cm2)
    product_thickness_um = _Of(lambda layer: layer.compaction.product_thickness_um)
    volume_ratio_oxide = _Of(lambda layer: layer.compaction.volume_ratio_oxide)
    powder_thickness_um = _Of(lambda layer: layer.compaction.powder_thickness_um)
    solid_fraction = _Of(lambda layer: layer.compaction.solid_fraction)
    porosity = _Of(lambda layer: layer.compaction.porosity)
    closing_packing_fraction = _Of(lambda layer: layer.compaction.closing_packing_fraction)
    layer_thickness_um = _Of(lambda layer: layer.compaction.layer_thickness_um)
    thickness_change_um = _Of(lambda layer: layer.compaction.thickness_change_um)
    heat_j_per_cm2 = _Of(lambda layer: layer.heat.heat_j_per_cm2)
    heat_sigma_j_per_cm2 = _Of(lambda layer: layer.heat.heat_sigma_j_per_cm2)
    adiabatic_temperature_k = _Of(lambda layer: layer.heat.adiabatic_temperature_k)
    foil_temperature_k = _Of(lambda layer: layer.heat.foil_temperature_k)
    foil_temperature_rise_k = _Of(lambda layer: layer.heat.foil_temperature_rise_k)
    lithium_melted_um = _Of(lambda layer: layer.heat.lithium_melted_um)
    melting_reached = _Of(lambda layer: layer.ignition.melting_reached)
    runaway_loading_low_mg_per_cm2 = _Of(lambda layer: layer.ignition.runaway_loading_low_mg_per_cm2)
    runaway_loading_high_mg_per_cm2 = _Of(lambda layer: layer.ignition.runaway_loading_high_mg_per_cm2)
    runaway_powder_low_um = _Of(lambda layer: layer.ignition.runaway_powder_low_um)
    runaway_powder_high_um = _Of(lambda layer: layer.ignition.runaway_powder_high_um)
    burn_through_loading_mg_per_cm2 = _Of(lambda layer: layer.ignition.burn_through_loading_mg_per_cm2)
    cooling_time_ms = _Of(lambda layer: layer.ignition.cooling_time_ms)
    inert_share = _Of(lambda layer: layer.ignition.inert_share)
    strip_potential_v = _Of(lambda layer: layer.stripping.strip_potential_v)
    strip_potential_sigma_v = _Of(lambda layer: layer.stripping.strip_potential_sigma_v)
    strip_capacity_mah_per_cm2 = _Of(lambda layer: layer.stripping.strip_capacity_mah_per_cm2)
    strip_share_of_cathode = _Of(lambda layer: layer.stripping.strip_share_of_cathode)
    stripped_volume_ratio = _Of(lambda layer: layer.stripping.stripped_volume_ratio)
    oxide_potential_v = _Of(lambda layer: layer.stripping.oxide_potential_v)
    bulk_modulus_lower_gpa = _Of(lambda layer: layer.mechanics.bulk_modulus_lower_gpa)
    bulk_modulus_upper_gpa = _Of(lambda layer: layer.mechanics.bulk_modulus_upper_gpa)
    layer_shear_modulus_lower_gpa = _Of(lambda layer: layer.mechanics.layer_shear_modulus_lower_gpa)
    shear_modulus_lower_gpa = _Of(lambda layer: layer.mechanics.layer_shear_modulus_lower_gpa)  # its earlier name
    layer_shear_modulus_upper_gpa = _Of(lambda layer: layer.mechanics.layer_shear_modulus_upper_gpa)
    shear_modulus_upper_gpa = _Of(lambda layer: layer.mechanics.layer_shear_modulus_upper_gpa)  # its earlier name
    layer_shear_modulus_reuss_gpa = _Of(lambda layer: layer.mechanics.layer_shear_modulus_reuss_gpa)
    shear_modulus_reuss_gpa = _Of(lambda layer: layer.mechanics.layer_shear_modulus_reuss_gpa)  # its earlier name
    layer_shear_modulus_voigt_gpa = _Of(lambda layer: layer.mechanics.layer_shear_modulus_voigt_gpa)
    shear_modulus_voigt_gpa = _Of(lambda layer: layer.mechanics.layer_shear_modulus_voigt_gpa)  # its earlier name
    shear_modulus_hill_gpa = _Of(lambda layer: layer.mechanics.shear_modulus_hill_gpa)
    youngs_modulus_gpa = _Of(lambda layer: layer.mechanics.youngs_modulus_gpa)
    shear_modulus_with_pores_gpa = _Of(lambda layer: layer.mechanics.shear_modulus_with_pores_gpa)
    shear_ratio_to_lithium = _Of(lambda layer: layer.mechanics.shear_ratio_to_lithium)
    shear_ratio_to_measured_lithium = _Of(lambda layer: layer.mechanics.shear_ratio_to_measured_lithium)
    deposition_pressure_mpa = _Of(lambda layer: layer.mechanics.deposition_pressure_mpa)
    critical_flaw_um = _Of(lambda layer: layer.mechanics.critical_flaw_um)
    alloy_volume_fraction = _Of(lambda layer: layer.transport.alloy_volume_fraction)
    conducting_volume_fraction = _Of(lambda layer: layer.transport.alloy_volume_fraction)  # its earlier name
    conducting_share_percolates = _Of(lambda layer: layer.transport.conducting_share_percolates)
    log10_resistivity_ohm_cm = _Of(lambda layer: layer.transport.log10_resistivity_ohm_cm)
    log10_resistivity_low_ohm_cm = _Of(lambda layer: layer.transport.log10_resistivity_low_ohm_cm)
    log10_resistivity_high_ohm_cm = _Of(lambda layer: layer.transport.log10_resistivity_high_ohm_cm)
    layer_log10_resistivity_low_ohm_cm = _Of(lambda layer: layer.transport.layer_log10_resistivity_low_ohm_cm)
    layer_log10_resistivity_high_ohm_cm = _Of(lambda layer: layer.transport.layer_log10_resistivity_high_ohm_cm)
    leakage_low_ma_per_cm2 = _Of(lambda layer: layer.transport.leakage_low_ma_per_cm2)
    leakage_high_ma_per_cm2 = _Of(lambda layer: layer.transport.leakage_high_ma_per_cm2)
    log10_ionic_conductivity_s_per_cm = _Of(lambda layer: layer.transport.log10_ionic_conductivity_s_per_cm)
    log10_ionic_conductivity_low_s_per_cm = _Of(lambda layer: layer.transport.log10_ionic_conductivity_low_s_per_cm)
    log10_ionic_conductivity_high_s_per_cm = _Of(lambda layer: layer.transport.log10_ionic_conductivity_high_s_per_cm)
    area_resistance_low_ohm_cm2 = _Of(lambda layer: layer.transport.area_resistance_low_ohm_cm2)
    area_resistance_high_ohm_cm2 = _Of(lambda layer: layer.transport.area_resistance_high_ohm_cm2)
    polarisation_low_mv = _Of(lambda layer: layer.transport.polarisation_low_mv)
    polarisation_high_mv = _Of(lambda layer: layer.transport.polarisation_high_mv)
    coated_thickness_um = _Of(lambda layer: layer.cell.coated_thickness_um)
    coated_mass_mg_per_cm2 = _Of(lambda layer: layer.cell.coated_mass_mg_per_cm2)
    reference_thickness_um = _Of(lambda layer: layer.cell.reference_thickness_um)
    reference_mass_mg_per_cm2 = _Of(lambda layer: layer.cell.reference_mass_mg_per_cm2)
    thickness_saving = _Of(lambda layer: layer.cell.thickness_saving)
    mass_saving = _Of(lambda layer: layer.cell.mass_saving)
    negative_to_positive_ratio = _Of(lambda layer: layer.cell.negative_to_positive_ratio)
    cycle_life = _Of(lambda layer: layer.cell.cycle_life)
    stack_energy_wh_per_kg = _Of(lambda layer: layer.cell.stack_energy_wh_per_kg)
    stack_energy_wh_per_l = _Of(lambda layer: layer.cell.stack_energy_wh_per_l)

    @property
    def groups(self) -> tuple[Group, ...]:
        """The groups, in order."""
        return (
            self.loading, self.compaction, self.heat, self.ignition, self.mechanics, self.transport, self.stripping,
            self.cell,
        )  # fmt: skip

    @property
    def quantities(self) -> dict[str, LayerQuantity]:
        """Every quantity by its name, with its group and note; the unit is in the name."""
        return {quantity.name: quantity for group in self.groups for quantity in group.quantities()}

    @property
    def cautions(self) -> tuple[str, ...]:
        """What to know before any number: no reaction or an uncertain one, no layer, no metal left, no driving heat."""
        m, loading = self.material, self.loading
        eaten = f"{loading.lithium_consumed_um:.3g} um of {m.anode}"
        said = {
            f"{m.oxide} DOES NOT REACT WITH {m.anode}{m.driving_force}: what follows is the powder as sprayed": (
                m.verdict == "inert"
            ),
            f"WHETHER {m.oxide} REACTS WITH {m.anode} IS UNCERTAIN{m.driving_force}: "
            + ("computed it does not" if m.is_inert else f"if it does it eats {eaten} and becomes what follows"): (
                m.verdict == "uncertain"
            ),
            "THERE IS NO LAYER: nothing was sprayed": loading.oxide_loading_mg_per_cm2 == 0.0,
            f"THE FOIL IS USED UP: {loading.extent_of_reaction:.0%} of the oxide reacts": loading.amounts.exhausted,
            f"THE REACTION TAKES UP HEAT ({m.sources['heat']})": m.heat_ev < 0.0,
        }
        return (*(text for text, true in said.items() if true), *m.solutions)

    @property
    def missing(self) -> tuple[str, ...]:
        """``unknown: ...`` lines, one per quantity that cannot be known."""
        return tuple(line for group in self.groups for line in group.missing())

    def __repr__(self) -> str:
        thickness = self.quantities.get("layer_thickness_um")
        size = f"{thickness.value:.3g} um" if thickness and thickness.value is not None else "unknown thickness"
        return brief(
            self, f"{self.material.equation}: {size}, {len(self.quantities)} quantities, {len(self.missing)} unknown"
        )

    def _repr_html_(self) -> str:
        html: str = rendered("layer_html", self)
        return html

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the layer before and after its reaction; into `ax` or a new figure."""
        axes: Axes = rendered("plot_layer", self, ax)
        return axes

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary: every quantity by its name, then phases, sources, statements, the target."""
        m = self.material
        return {
            "oxide": m.oxide,
            "phase_id": m.phase_id,
            "anode": m.anode,
            "equation": m.equation,
            **{name: _finite(quantity.value) for name, quantity in self.quantities.items()},
            **{old: _finite(self.quantities[name].value) for old, name in _EARLIER_NAMES.items()},
            "missing": list(self.missing),
            "assumptions": list(self.assumptions),
            "options": {f.name: getattr(self.options, f.name) for f in fields(self.options)},
            "phases": [{name: _finite(value) for name, value in phase.to_dict().items()} for phase in m.products],
            "limited_products": dict(self.limited_products),
            "sources": dict(m.sources),
            **({} if self.target is None else {"target": self.target.to_dict()}),
        }

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per quantity: group, name, value, note."""
        import pandas as pd

        rows = [
            {"group": q.group, "quantity": q.name, "value": q.value, "note": q.note} for q in self.quantities.values()
        ]
        return pd.DataFrame(rows, columns=["group", "quantity", "value", "note"])


def _finite(value: Any) -> Any:  # noqa: ANN401 - a value of a dictionary
    return None if isinstance(value, float) and not math.isfinite(value) else value


def design_layer(  # noqa: PLR0913 - keyword-only options of the command
    oxide: str,
    phases: PhaseTable,
    *,
    oxide_loading_mg_per_cm2: float | None = None,
    lithium_thickness_um: float = 20.0,
    options: LayerOptions | None = None,
    anode: str = "Li",
    phase_id: str | None = None,
    prefer: str | None = None,
    target_layer_thickness_um: float | None = None,
    max_lithium_loss_um: float | None = None,
    max_temperature_rise_k: float | None = None,
) -> LayerDesign:
    """Compute the layer that an oxide powder becomes on a metal foil, of a loading or for a target.

    Parameters
    ----------
    oxide, phases, anode, phase_id
        The reaction, as for `licoat.thermo.lithiate`; the table also gives everything that was not measured.
    oxide_loading_mg_per_cm2 : float, optional
        Sprayed mass per area; 1 if neither it nor a target is given.
    lithium_thickness_um : float
        Thickness of the dense metal foil before the reaction.
    options : LayerOptions, optional
        Powder, cell and load.
    prefer : {"best", "table"}, optional
        Whose heat and volumes (see `licoat.thermo.preference`); the table's own choice without.
    target_layer_thickness_um, max_lithium_loss_um, max_temperature_rise_k : float, optional
        Solve the loading for these, as `licoat.workflows.layer.inverse.solve_loading` does.

    Returns
    -------
    LayerDesign
        With a target, its `target` says whether it is met and what determines the loading.

    Raises
    ------
    LayerInputError
        If an input is not a possible one, or a loading and a target are given.
    FormulaError, MissingDataError
        If the oxide cannot be read or is not in the table.

    Examples
    --------
    >>> from licoat.structures import load_phases
    >>> layer = design_layer("Sb2O3", load_phases("builtin"), target_layer_thickness_um=5.0, lithium_thickness_um=20.0)
    >>> round(layer.oxide_loading_mg_per_cm2, 2), layer.target.binding
    (1.12, 'layer thickness')
    """
    wishes = {
        "layer_thickness_um": target_layer_thickness_um,
        "lithium_consumed_um": max_lithium_loss_um,
        "temperature_rise_k": max_temperature_rise_k,
    }
    solve = any(wish is not None for wish in wishes.values())
    if solve and oxide_loading_mg_per_cm2 is not None:
        raise LayerInputError("oxide_loading_mg_per_cm2 and a target (target_, max_) exclude each other: give one")
    chosen = LayerOptions() if options is None else options
    require(chosen, LayerOptions, "options must be LayerOptions")
    loading = 1.0 if oxide_loading_mg_per_cm2 is None else oxide_loading_mg_per_cm2
    check_inputs(loading, lithium_thickness_um)
    path = lithiate(oxide, phases, anode=anode, phase_id=phase_id, prefer=prefer)
    material = layer_material(path)
    answer = solve_loading(material, lithium_thickness_um, chosen, **wishes) if solve else None
    if answer is not None:
        loading = answer.oxide_loading_mg_per_cm2
    return replace(evaluate_layer(material, path, loading, lithium_thickness_um, chosen), target=answer)


def evaluate_layer(
    material: LayerMaterial, path: LithiationPath, oxide_loading: float, lithium_thickness: float, options: LayerOptions
) -> LayerDesign:
    """Compute all quantities of a layer from its material (see `design_layer`)."""
    options, assumption = options.for_anode(material.anode)
    loading = count(material, options, oxide_loading, lithium_thickness)
    compaction = compact(material, options, loading)
    heat = balance_heat(material, loading)
    mechanics = bound_moduli(material, options, compaction)
    transport = mix_conductivities(material, options, compaction)
    stripping = strip_layer(material, options, loading)
    if oxide_loading == 0.0:  # what does not exist has no properties
        compaction = compaction.without(("solid_fraction", "porosity"), NO_LAYER)
        mechanics = mechanics.without([n for n in mechanics.names() if n != "deposition_pressure_mpa"], NO_LAYER)
        transport = transport.without(transport.names(), NO_LAYER)
        stripping = stripping.without(("strip_potential_v", "strip_potential_sigma_v", "stripped_volume_ratio",
                                       "oxide_potential_v"), NO_LAYER)  # fmt: skip
    limited: dict[str, float] = {}
    exhaustion: tuple[str, ...] = ()
    if loading.amounts.exhausted:
        per_unit = loading.amounts.available_mol_per_cm2 / loading.amounts.oxide_mol_per_cm2
        limited = _phases_at(path, per_unit)
        exhaustion = (_exhaustion(material, loading, per_unit, limited),)
    return LayerDesign(
        material=material,
        options=options,
        loading=loading,
        compaction=compaction,
        heat=heat,
        ignition=balance_ignition(material, options, loading, compaction),
        mechanics=mechanics,
        transport=transport,
        stripping=stripping,
        cell=compare_cells(material, options, loading, compaction),
        assumptions=(*exhaustion, *heat.assumptions, *([assumption] if assumption else [])),
        limited_products=limited,
    )


def _exhaustion(material: LayerMaterial, loading: Loading, per_unit: float, limited: Mapping[str, float]) -> str:
    """Say how a layer is given whose metal ran out."""
    text = " + ".join(f"{n:.3g} {f}" for f, n in limited.items())
    return (
        f"{material.anode} exhausted: {per_unit:.3g} of the {material.anode_atoms:g} {material.anode} that each "
        f"{material.oxide} needs; the layer is given as {loading.extent_of_reaction:.0%} complete products and "
        f"{loading.oxide_left_mg_per_cm2:.3g} mg/cm2 of {material.oxide} left; at equilibrium it would be {text} per "
        f"{material.oxide}"
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
