"""What a phase is and where its data come from."""

from licoat.structures.chemistry.formula import formula_unit, parse_formula
from licoat.structures.errors import (
    CalculatorError,
    CriteriaError,
    ElasticityError,
    FormulaError,
    IncompatibleEnergiesError,
    InputFileError,
    InputTypeError,
    KeyProblemError,
    LicoatError,
    MissingDataError,
    NotConvergedError,
    SnapshotError,
    SourceError,
    UnbalancedReactionError,
)
from licoat.structures.phases.phase import Phase
from licoat.structures.phases.table import PhaseTable
from licoat.structures.sources import load_phases

__all__ = [
    "CalculatorError",
    "CriteriaError",
    "ElasticityError",
    "FormulaError",
    "IncompatibleEnergiesError",
    "InputFileError",
    "InputTypeError",
    "KeyProblemError",
    "LicoatError",
    "MissingDataError",
    "NotConvergedError",
    "Phase",
    "PhaseTable",
    "SnapshotError",
    "SourceError",
    "UnbalancedReactionError",
    "formula_unit",
    "load_phases",
    "parse_formula",
]


def __dir__() -> list[str]:
    """Return what is public, for tab completion."""
    return sorted(__all__)
