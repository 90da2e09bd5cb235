"""What a phase is and where its data come from."""

from licoat.structures.errors import (
    CriteriaError,
    FormulaError,
    IncompatibleEnergiesError,
    InputFileError,
    KeyProblemError,
    LicoatError,
    MissingDataError,
    SnapshotError,
    SourceError,
    UnbalancedReactionError,
)
from licoat.structures.formula import formula_unit, parse_formula
from licoat.structures.phase import Phase
from licoat.structures.phases import PhaseTable
from licoat.structures.sources import load_phases

__all__ = [
    "CriteriaError",
    "FormulaError",
    "IncompatibleEnergiesError",
    "InputFileError",
    "KeyProblemError",
    "LicoatError",
    "MissingDataError",
    "Phase",
    "PhaseTable",
    "SnapshotError",
    "SourceError",
    "UnbalancedReactionError",
    "formula_unit",
    "load_phases",
    "parse_formula",
]
