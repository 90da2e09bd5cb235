"""How far tables of phases are from measured enthalpies."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from licoat.structures.errors import MissingDataError
from licoat.structures.phases.table import PhaseTable
from licoat.structures.rendering import brief, rendered
from licoat.thermo.heat_errors import ErrorSummary, HeatError, by_class, heat_errors
from licoat.thermo.property_errors import PropertyError, by_property, gap_errors, property_errors
from licoat.workflows.screening.coatings import CAVEAT, CoatingCheck, ProfileCheck, compare_coatings

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

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
    properties : list of PropertyError
        Plateau voltages and volumes of the first table, and PBE band gaps.
    coatings : list of CoatingCheck
        Published coatings beside what the first table predicts of them.
    profiles : list of ProfileCheck
        What their outcomes say of the scores, see `CAVEAT` of `licoat.workflows.screening.coatings`.
    """

    errors: dict[str, list[HeatError]]
    summaries: dict[str, list[ErrorSummary]]
    properties: list[PropertyError] = field(default_factory=list)
    coatings: list[CoatingCheck] = field(default_factory=list)
    profiles: list[ProfileCheck] = field(default_factory=list)

    def __repr__(self) -> str:
        parts = (f"{name} {rows[0].mae_ev:.3f}" for name, rows in self.summaries.items())
        return brief(self, f"mean absolute error, eV per O: {', '.join(parts)}")

    def plot(self, ax: "Axes | None" = None, *, scheme: str | None = None) -> "Axes":
        """Draw computed against measured energies of one table (the first without `scheme`); into `ax` or anew."""
        axes: Axes = rendered("plot_validation", self, ax, scheme=scheme)
        return axes

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

    def properties_frame(self) -> "pd.DataFrame":
        """Return one row per property that was measured."""
        import pandas as pd

        return pd.DataFrame([asdict(error) for error in self.properties])

    def coatings_frame(self) -> "pd.DataFrame":
        """Return one row per study of a coating."""
        import pandas as pd

        return pd.DataFrame([check.to_dict() for check in self.coatings])

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        heats = {
            name: {
                "classes": [asdict(summary) for summary in summaries],
                "reactions": [asdict(e) | {"error_ev": e.error_ev} for e in self.errors[name]],
            }
            for name, summaries in self.summaries.items()
        }
        properties = {
            "kinds": [asdict(summary) for summary in by_property(self.properties)],
            "values": [asdict(error) for error in self.properties],
        }
        coatings = {
            "studies": [check.to_dict() for check in self.coatings],
            "profiles": [asdict(check) for check in self.profiles],
            "caveat": CAVEAT,
        }
        return {**heats, "properties": properties, "coatings": coatings}


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
    summaries = {name: by_class(found) for name, found in errors.items()}
    first = next(iter(tables.values()))
    return Validation(errors, summaries, [*property_errors(first), *gap_errors()], *compare_coatings(first))
