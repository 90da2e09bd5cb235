"""Screens, layers, tables and the command line."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from licoat.workflows.layer import LayerDesign, LayerOptions, design_layer
    from licoat.workflows.screening.criteria import Criterion, load_criteria
    from licoat.workflows.screening.screen import ScreeningResult, screen

__all__ = [
    "Criterion",
    "LayerDesign",
    "LayerOptions",
    "ScreeningResult",
    "design_layer",
    "load_criteria",
    "screen",
]

_HOME = {
    "Criterion": "licoat.workflows.screening.criteria",
    "LayerDesign": "licoat.workflows.layer.design",
    "LayerOptions": "licoat.workflows.layer.options",
    "ScreeningResult": "licoat.workflows.screening.screen",
    "design_layer": "licoat.workflows.layer.design",
    "load_criteria": "licoat.workflows.screening.criteria",
    "screen": "licoat.workflows.screening.screen",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - what a module holds
    """Import on first use: the command line lives in this package and must start fast."""
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    """Return what is public, for tab completion."""
    return sorted(__all__)
