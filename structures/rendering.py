"""The one way from a result to its tables and figures.

Tables, figures and consoles read results, so results cannot import them. What a result offers of them for convenience
(``.table``, ``.plot()``, ``.save()``) goes through `rendered`, by name and at the last moment.
"""

from importlib import import_module
from typing import Any

__all__ = ["rendered"]

_OUTPUT = "licoat.workflows.output"


def rendered(function: str, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - a frame, axes, paths
    """Call a function of `licoat.workflows.output` by its name.

    Parameters
    ----------
    function : str
        One of ``licoat.workflows.output.__all__``.
    *arguments, **options
        Handed on.

    Returns
    -------
    object
        What the function returns.
    """
    return getattr(import_module(_OUTPUT), function)(*arguments, **options)
