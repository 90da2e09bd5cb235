"""Phases of one source in columns: embedded, measured and files of users; their facts and provenance."""

from licoat.structures.phases.phase import Phase
from licoat.structures.phases.table import PhaseTable

__all__ = ["Phase", "PhaseTable"]
