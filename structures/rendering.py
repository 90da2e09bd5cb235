"""The one way from a result to its tables and figures.

Tables, figures and consoles read results, so results cannot import them. What a result offers of them for convenience
(``.table``, ``.plot()``, ``.save()``) goes through `rendered`, by name and at the last moment. What a result says of
itself at the prompt is one line: `brief` and `outline`.
"""

import reprlib
from dataclasses import fields
from importlib import import_module
from typing import Any

__all__ = ["MOST_CHARACTERS", "brief", "outline", "rendered"]

MOST_CHARACTERS = 200
"""Longest ``repr`` of a result: one line of a wide screen."""

_OUTPUT = "licoat.workflows.output"
_SHORT = reprlib.Repr()
_SHORT.maxlevel, _SHORT.maxtuple, _SHORT.maxlist, _SHORT.maxdict = 2, 3, 3, 3


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


def brief(thing: object, text: str) -> str:
    r"""Return ``<Kind text>`` as one line of at most 200 characters.

    Parameters
    ----------
    thing : object
        Its class is named.
    text : str
        What tells it from others of its kind; blanks and line ends become single blanks.

    Examples
    --------
    >>> brief(1, "first\nsecond")
    '<int first second>'
    """
    line = f"<{type(thing).__name__} {' '.join(text.split())}>"
    return line if len(line) <= MOST_CHARACTERS else f"{line[: MOST_CHARACTERS - 2]}…>"


def outline(thing: Any) -> str:  # noqa: ANN401 - any dataclass; stands as __repr__ in those without a line of their own
    """Return the fields of a dataclass, long values shortened, as one line of at most 200 characters."""
    return brief(thing, ", ".join(f"{f.name}={_shortened(getattr(thing, f.name))}" for f in fields(thing)))


def _shortened(value: Any) -> str:  # noqa: ANN401 - any value
    return f"{value:.6g}" if isinstance(value, float) else _SHORT.repr(value)
