"""How far tables of phases are from measured enthalpies."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from licoat.structures.errors import MissingDataError
from licoat.structures.phases.table import PhaseTable
from licoat.structures.rendering import brief
from licoat.thermo.heat_errors import ErrorSummary, HeatError, by_class, heat_errors

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Validation", "validate"]


@dataclass(frozen=True)
class Validation:
    """Computed reaction energies beside measured enthalpies, for one or several tables.

    Attributes
    ----------
    errors : dict of str to list of HeatError
        By name of the table.
    summaries : dict of str to list of ErrorSummary
        By name of the table: one per class that has a member.
    """

    errors: dict[str, list[HeatError]]
    summaries: dict[str, list[ErrorSummary]]

    def __repr__(self) -> str:
        parts = (f"{name} {rows[0].mae_ev:.3f}" for name, rows in self.summaries.items())
        return brief(self, f"mean absolute error, eV per O: {', '.join(parts)}")

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per table and class."""
        import pandas as pd

        rows = [
            {"scheme": name, "class": summary.name, **{k: v for k, v in asdict(summary).items() if k != "name"}}
            for name, summaries in self.summaries.items()
            for summary in summaries
        ]
        return pd.DataFrame(rows)

    def errors_frame(self) -> "pd.DataFrame":
        """Return one row per table and reaction."""
        import pandas as pd

        rows = [
            {"scheme": name, **asdict(error), "error_ev": error.error_ev}
            for name, errors in self.errors.items()
            for error in errors
        ]
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return {
            name: {
                "classes": [asdict(summary) for summary in summaries],
                "reactions": [asdict(e) | {"error_ev": e.error_ev} for e in self.errors[name]],
            }
            for name, summaries in self.summaries.items()
        }


def validate(
    tables: Mapping[str, PhaseTable], measured: PhaseTable, further: Mapping[str, list[HeatError]] | None = None
) -> Validation:
    """Compare tables of phases with measured enthalpies.

    Parameters
    ----------
    tables : mapping of str to PhaseTable
        By name, e.g. of the energy scheme.
    measured : PhaseTable
    further : mapping of str to list of HeatError, optional
        Errors that are no table's own, e.g. of predictions without the element that is predicted.

    Returns
    -------
    Validation

    Raises
    ------
    MissingDataError
        If a table holds nothing that was measured.
    InputTypeError
        If one is no table.
    """
    errors = {name: heat_errors(table.with_products("all"), measured) for name, table in tables.items()}
    for name, found in errors.items():
        if not found:
            raise MissingDataError(f"{name}: nothing of it has a measured enthalpy")
    errors |= further or {}
    return Validation(errors, {name: by_class(found) for name, found in errors.items()})
