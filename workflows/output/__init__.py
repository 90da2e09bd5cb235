"""Tables, exports, console and figures: reads results, and nothing that is read imports it.

Results reach what stands here by `licoat.structures.rendering.rendered`.
"""

from importlib import import_module
from typing import Any

__all__ = [
    "comparison_html",
    "layer_html",
    "paper_html",
    "path_html",
    "phases_html",
    "plot_comparison",
    "plot_design",
    "plot_funnel",
    "plot_layer",
    "plot_ledger",
    "plot_path",
    "plot_periodic",
    "plot_reaction",
    "plot_ternary",
    "plot_validation",
    "reaction_html",
    "result_frame",
    "save_result",
    "screen_html",
]

_HOME = {"result_frame": "tables", "save_result": "tables"}
_HOME |= {
    f"plot_{name}": f"figures.{home}"
    for home, names in {
        "parity": ("comparison", "validation"),
        "periodic": ("periodic",),
        "reaction": ("reaction",),
        "screening": ("design", "funnel", "ledger"),
        "stack": ("layer",),
        "ternary": ("ternary",),
        "voltage": ("path",),
    }.items()
    for name in names
}
_HOME |= {name: "html" for name in __all__ if name.endswith("_html")}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - what a module holds
    """Import on first use: figures need matplotlib, tables pandas."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    """Return what is public, for tab completion."""
    return sorted(__all__)
