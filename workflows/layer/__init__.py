"""From a reaction to a layer."""

from licoat.workflows.layer.design import LayerDesign, design_layer, evaluate_layer
from licoat.workflows.layer.inverse import LoadingAnswer, solve_loading
from licoat.workflows.layer.material import LayerMaterial, LayerPhase, layer_material
from licoat.workflows.layer.options import LayerInputError, LayerOptions, check_inputs

__all__ = [
    "LayerDesign",
    "LayerInputError",
    "LayerMaterial",
    "LayerOptions",
    "LayerPhase",
    "LoadingAnswer",
    "check_inputs",
    "design_layer",
    "evaluate_layer",
    "layer_material",
    "solve_loading",
]
