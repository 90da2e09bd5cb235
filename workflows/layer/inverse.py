"""The inverse question: which loading gives a layer of a thickness, a lithium loss or a temperature rise.

Thickness and lithium loss are proportional to the loading, so their loadings are exact quotients; the
temperature rise of the foil grows with the loading and its loading is a root.
"""

from dataclasses import dataclass
from typing import Any

from licoat.structures.chemistry.anode import anode
from licoat.structures.rendering import outline
from licoat.workflows.layer.compaction import compact
from licoat.workflows.layer.heat import balance_heat
from licoat.workflows.layer.loading import count
from licoat.workflows.layer.material import LayerMaterial
from licoat.workflows.layer.options import LayerInputError, LayerOptions, check_inputs

__all__ = ["LoadingAnswer", "solve_loading"]

RISE_TOLERANCE_K = 1e-6
TRIAL_MG_PER_CM2 = 1e-3
"""A loading so small that no foil is exhausted by it, to read the proportional quantities."""


@dataclass(frozen=True, slots=True)
class LoadingAnswer:
    """Which loading fulfils the wishes.

    Attributes
    ----------
    oxide_loading_mg_per_cm2 : float
        The loading; the largest allowed one if the wishes cannot all be met.
    feasible : bool
        Whether all wishes are met.
    binding : str
        The wish that determines the loading, or that makes it infeasible.
    limits : dict of str to float
        Loading in mg/cm2 that each wish alone would give.
    """

    oxide_loading_mg_per_cm2: float
    feasible: bool
    binding: str
    limits: dict[str, float]

    __repr__ = outline

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return {name: getattr(self, name) for name in self.__slots__}


def solve_loading(
    material: LayerMaterial,
    lithium_thickness_um: float,
    options: LayerOptions,
    *,
    layer_thickness_um: float | None = None,
    lithium_consumed_um: float | None = None,
    temperature_rise_k: float | None = None,
) -> LoadingAnswer:
    """Find the loading.

    Parameters
    ----------
    material, lithium_thickness_um, options
        As for `licoat.workflows.layer.design.evaluate_layer`.
    layer_thickness_um : float, optional
        Wanted thickness of the layer.
    lithium_consumed_um : float, optional
        Largest loss of metal.
    temperature_rise_k : float, optional
        Largest adiabatic temperature rise of the foil with the layer.

    Returns
    -------
    LoadingAnswer
        With a wanted thickness its loading, if the other wishes and the metal of the foil allow it; without,
        the largest loading that they allow.

    Raises
    ------
    LayerInputError
        If no wish is given, one is not above 0, or the oxide does not react.
    """
    check_inputs(0.0, lithium_thickness_um)
    label = anode(material.anode).label
    in_foil, loss = f"{label} in the foil", f"{label} loss"
    _check_wishes(
        material,
        {
            "layer thickness": layer_thickness_um,
            loss: lithium_consumed_um,
            "temperature rise": temperature_rise_k,
        },
    )
    trial = count(material, options, TRIAL_MG_PER_CM2, 1e6)
    eaten = trial.lithium_consumed_um
    if not eaten:
        raise LayerInputError("with a conversion of 0 no loading makes a layer")
    limits = {in_foil: lithium_thickness_um / eaten * TRIAL_MG_PER_CM2}
    if lithium_consumed_um is not None:
        limits[loss] = lithium_consumed_um / eaten * TRIAL_MG_PER_CM2
    if temperature_rise_k is not None:
        highest = limits[in_foil]
        found = _loading_of_rise(material, lithium_thickness_um, options, temperature_rise_k, highest)
        if found is not None:
            limits["temperature rise"] = found
    binding = min(limits, key=lambda name: limits[name])
    if layer_thickness_um is None:
        return LoadingAnswer(limits[binding], feasible=True, binding=binding, limits=limits)
    compaction = compact(material, options, trial)
    thickness = compaction.layer_thickness_um
    if thickness is None:
        lacking, *_ = (*trial.missing(), *compaction.missing())
        raise LayerInputError(f"the thickness of a layer of {material.oxide} is unknown: {lacking}")
    wanted = layer_thickness_um / thickness * TRIAL_MG_PER_CM2
    all_limits = {"layer thickness": wanted} | limits
    if wanted <= limits[binding] * (1.0 + 1e-12):
        return LoadingAnswer(wanted, feasible=True, binding="layer thickness", limits=all_limits)
    return LoadingAnswer(limits[binding], feasible=False, binding=binding, limits=all_limits)


def _check_wishes(material: LayerMaterial, wishes: dict[str, float | None]) -> None:
    if all(wish is None for wish in wishes.values()):
        raise LayerInputError("no target given: a layer thickness, a loss of metal or a temperature rise")
    for name, wish in wishes.items():
        if wish is not None and not 0.0 < wish < float("inf"):
            raise LayerInputError(f"target {name} {wish:g}: expected a number above 0")
    if material.is_inert or material.anode_atoms <= 0.0:
        raise LayerInputError(f"{material.oxide} does not react with {material.anode}: no loading makes a layer of it")


def _loading_of_rise(
    material: LayerMaterial, lithium_thickness_um: float, options: LayerOptions, rise_k: float, highest: float
) -> float | None:
    """Return the largest loading that keeps the foil's rise at or below a value; None if all up to `highest` do.

    The rise stands still while lithium melts, so there is no single root: bisection keeps the upper end.
    """

    def allowed(loading_mg_per_cm2: float) -> bool:
        loading = count(material, options, loading_mg_per_cm2, lithium_thickness_um)
        rise = balance_heat(material, loading).foil_temperature_rise_k
        if rise is None:
            raise LayerInputError("the temperature rise is unknown: a heat capacity is missing")
        return rise <= rise_k + RISE_TOLERANCE_K

    if allowed(highest):
        return None
    low, high = 0.0, highest
    while high - low > 1e-10 * highest:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if allowed(middle) else (low, middle)
    return low
