"""`design_layer`: all numbers of a layer and its cell in one result."""

import math
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from licoat.structures import PhaseTable, load_phases
from licoat.structures.rendering import brief, rendered
from licoat.thermo.lithiation import LithiationPath, lithiate
from licoat.workflows.layer.build import LayerBuilder, LayerQuantity
from licoat.workflows.layer.material import LayerMaterial, Prefer, layer_material
from licoat.workflows.layer.options import LayerInputError, LayerOptions, check_inputs

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LayerDesign", "LayerInputError", "LayerOptions", "LayerQuantity", "design_layer"]


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

    def __repr__(self) -> str:
        thickness = self.quantities.get("layer_thickness_um")
        size = f"{thickness.value:.3g} um" if thickness and thickness.value is not None else "unknown thickness"
        return brief(
            self, f"{self.material.equation}: {size}, {len(self.quantities)} quantities, {len(self.missing)} unknown"
        )

    def _repr_html_(self) -> str:
        html: str = rendered("layer_html", self)
        return html

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


def evaluate_layer(
    material: LayerMaterial, path: LithiationPath, oxide_loading: float, lithium_thickness: float, options: LayerOptions
) -> LayerDesign:
    """Compute all quantities of a layer from its material (see `design_layer`)."""
    builder = LayerBuilder(material, options, oxide_loading, lithium_thickness)
    builder.loading()
    builder.compaction()
    builder.heat()
    builder.mechanics()
    builder.transport()
    builder.cell()
    limited: dict[str, float] = {}
    if builder.exhausted:
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
