"""Errors that a caller can catch by meaning.

Every error of the package is a `LicoatError` and also the built-in that a newcomer would expect, so
``except ValueError`` and ``except LicoatError`` both work. The text of each is one line that names the
input and says what would be right.
"""

import difflib
import reprlib
from collections.abc import Iterable

MOST_CHARACTERS = 300
"""Longest message: what a terminal shows in a few lines."""


class LicoatError(Exception):
    """Root of all errors that licoat raises on purpose."""


class FormulaError(LicoatError, ValueError):
    """A chemical formula cannot be read."""


class UnbalancedReactionError(LicoatError, ValueError):
    """A reaction cannot be balanced, or its balance is not unique."""


class MissingDataError(LicoatError, LookupError):
    """A phase, an element or a property that is needed is not in the data."""


class IncompatibleEnergiesError(LicoatError, ValueError):
    """Energies of different schemes meet in one hull."""


class SnapshotError(LicoatError, ValueError):
    """A file of phases is damaged, altered or not what it says it is."""


class InputFileError(LicoatError, ValueError):
    """A file given by the user cannot be used."""


class InputTypeError(LicoatError, TypeError):
    """An argument is not of the kind that a function takes."""


class CriteriaError(LicoatError, ValueError):
    """Screening criteria are not usable."""


class SourceError(LicoatError, OSError):
    """An outside source cannot be reached, fails, or answers what cannot be right."""


class KeyProblemError(LicoatError, ValueError):
    """The key of an outside source is missing, malformed or refused."""


class CalculatorError(LicoatError, RuntimeError):
    """A calculator is not known, not installed, or cannot be made."""


class NotConvergedError(LicoatError, RuntimeError):
    """A calculation did not converge, so that it has no result."""


class ElasticityError(LicoatError, ValueError):
    """A structure, a stiffness matrix or a setting cannot be used for elastic constants."""


def shortened(text: str, most: int = MOST_CHARACTERS) -> str:
    """Return a text as one line of at most so many characters; what is longer loses its middle.

    Examples
    --------
    >>> shortened("a name that nobody would give to a file", 25)
    'a name that  ... o a file'
    """
    line = " ".join(text.split()) if len(text) < 20 * most else f"{text[: 2 * most]} {text[-2 * most :]}"
    line = "".join(character if character.isprintable() else "?" for character in line)
    if len(line) <= most:
        return line
    front = most // 2
    return f"{line[:front]} ... {line[front + 5 - most :]}"


def shown(value: object, most: int = 60) -> str:
    """Return a value that a user gave as it is quoted in a message: one line, the middle cut out if it is long."""
    try:
        return shortened(repr(value) if isinstance(value, (str, float)) else reprlib.repr(value), most)
    except (ValueError, RecursionError):  # of a number of too many digits, of lists in lists
        return f"a {type(value).__name__} too large to show"


def require(value: object, kind: type | tuple[type, ...], expected: str) -> None:
    """Refuse an argument of the wrong kind where it comes in, not where its attributes are first missed.

    Parameters
    ----------
    value : object
        The argument.
    kind : type or tuple of type
        What it must be an instance of.
    expected : str
        Argument and kind in words: ``phases must be a PhaseTable``.

    Raises
    ------
    InputTypeError
        If it is something else.
    """
    if not isinstance(value, kind):
        raise InputTypeError(f"{expected}, not {type(value).__name__} {shown(value)}")


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x' or 'y'?`` with the nearest known names, empty if none is near."""
    by_lower = {text.lower(): text for text in known}
    found = difflib.get_close_matches(str(name).lower(), by_lower, n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(repr(by_lower[text]) for text in found)}?" if found else ""
