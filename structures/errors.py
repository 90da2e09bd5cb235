"""Errors that a caller can catch by meaning.

Every error of the package is a `LicoatError` and also the built-in that a newcomer would expect, so
``except ValueError`` and ``except LicoatError`` both work. The text of each is one line that names the
input and says what would be right.
"""


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
