"""One oxide, all sources side by side: computed with and without corrections, measured, and the founding paper."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from licoat.structures import MissingDataError, PhaseTable, formula_unit
from licoat.structures.errors import require
from licoat.structures.phases.table import require_table
from licoat.structures.rendering import brief, rendered
from licoat.thermo import LithiationPath, Reaction, lithiate
from licoat.thermo.measurement import measured_reaction, measured_volume_ratio
from licoat.thermo.reaction import phase_values

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Comparison", "compare"]

PAPER = Path(__file__).parents[1] / "data" / "paper_numbers.csv"
PAPER_OXIDE = "Sb2O3"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Quantities of one reaction from every source.

    Attributes
    ----------
    oxide, equation : str
        The equation is the end state in the first source; all columns refer to it unless a note says else.
    sources : tuple of str
        Names of the columns.
    rows : dict of str to dict of str to value
        Quantity to source to number or text; None where a source has no such number.
    notes : dict of str to str
        What a source lacks, or where its own end state differs.
    """

    oxide: str
    equation: str
    sources: tuple[str, ...]
    rows: dict[str, dict[str, Any]]
    notes: dict[str, str]

    def __repr__(self) -> str:
        return brief(self, f"{self.equation}: {len(self.rows)} quantities from {', '.join(self.sources)}")

    def _repr_html_(self) -> str:
        html: str = rendered("comparison_html", self)
        return html

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the sources side by side; into `ax` or a new figure."""
        axes: Axes = rendered("plot_comparison", self, ax)
        return axes

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return {name: getattr(self, name) for name in self.__slots__} | {"sources": list(self.sources)}


_ROWS = (
    "energy_ev_per_fu", "energy_sigma_ev_per_fu", "energy_basis", "energy_ev_per_anode_atom",
    "energy_kj_per_mol", "average_voltage_v",
    "heat_mj_per_kg_oxide", "heat_mj_per_kg_reactants", "heat_gj_per_m3_oxide", "volume_ratio_oxide",
    "volume_ratio_reactants", "oxide_volume_a3_per_fu", "band_gaps_ev", "shear_moduli_gpa", "phase_id", "scheme",
    "source",
)  # fmt: skip
"""Quantities that are put side by side."""


def _values(reaction: Reaction) -> dict[str, Any]:
    """Return the quantities of a comparison by name."""
    others = {
        "oxide_volume_a3_per_fu": next(s.volume_a3_per_fu for s in reaction.species if s.formula == reaction.oxide),
        "band_gaps_ev": phase_values(reaction, "band_gap_ev", "band_gap_kind"),
        "shear_moduli_gpa": phase_values(reaction, "shear_modulus_gpa", "elastic_kind"),
    }
    return {name: others[name] if name in others else getattr(reaction, name) for name in _ROWS}


def compare(
    oxide: str,
    sources: Mapping[str, PhaseTable],
    measured: PhaseTable,
    *,
    anode: str = "Li",
    phase_id: str | None = None,
) -> Comparison:
    """Put the reaction of one oxide from several sources side by side.

    Parameters
    ----------
    oxide : str
    sources : mapping of str to PhaseTable
        Column name to computed phases; the first one fixes the reaction.
    measured : PhaseTable
        Measured data, the column ``measured``.
    anode : str
    phase_id : str, optional
        Polymorph in the first source.

    Returns
    -------
    Comparison
        For the founding case the column ``paper`` is added.

    Raises
    ------
    FormulaError, MissingDataError
        If the oxide cannot be read or is not in a source.
    InputTypeError
        If `sources` is no mapping or one of them, or `measured`, is no table.
    """
    require(sources, Mapping, "sources must be a mapping of names to PhaseTables")
    if not sources:
        raise MissingDataError("no source to compare: give at least one")
    for name, phases in sources.items():
        require_table(phases, f"source {name!r}")
    require_table(measured, "measured")
    unit = formula_unit(oxide)
    paths: dict[str, LithiationPath] = {}
    for i, (name, phases) in enumerate(sources.items()):
        paths[name] = lithiate(unit, phases, anode=anode, phase_id=phase_id if i == 0 else None)
    first = next(iter(paths.values())).final
    reactions: dict[str, Reaction] = {name: path.final for name, path in paths.items()}
    notes = {
        name: f"its own end state: {reaction.equation}"
        for name, reaction in reactions.items()
        if reaction.equation != first.equation
    }
    found = measured_reaction(first, measured)
    columns: dict[str, dict[str, Any]] = {name: _values(reaction) for name, reaction in reactions.items()}
    if isinstance(found, Reaction):
        columns["measured"] = _values(found)
    else:
        notes["measured"] = found
        columns["measured"] = {"volume_ratio_oxide": measured_volume_ratio(first), "scheme": measured.scheme}
    if unit == PAPER_OXIDE and anode == "Li":
        columns["paper"] = paper_column()
    rows = {quantity: {name: column.get(quantity) for name, column in columns.items()} for quantity in _ROWS}
    return Comparison(unit, first.equation, tuple(columns), rows, notes)


@cache
def _paper_values() -> dict[str, str]:
    """First value listed for each quantity of the founding paper."""
    values: dict[str, str] = {}
    with PAPER.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            values.setdefault(row["quantity"], row["paper_value"])
    return values


def paper_column() -> dict[str, Any]:
    """Return what the founding paper (Tang et al., Nano Energy 2020) says of Sb2O3 on lithium."""

    def number(quantity: str) -> float:
        return float(_paper_values()[quantity])

    return {
        "energy_ev_per_fu": -number("heat of Sb2O3 + 12 Li -> 2 Li3Sb + 3 Li2O, per Sb2O3 (paper route)"),
        "heat_mj_per_kg_oxide": number("heat per mass of Sb2O3"),
        "heat_gj_per_m3_oxide": number("heat per volume of Sb2O3") / 1e9,
        "volume_ratio_oxide": number("local volume change") / 100.0,
        "oxide_volume_a3_per_fu": number("volume per Sb2O3"),
        "band_gaps_ev": f"Li3Sb {number('band gap Li3Sb'):g}*; Li2O {number('band gap Li2O'):g}*",
        "shear_moduli_gpa": f"Li2O {number('G(Li2O)'):g}",
        "scheme": "legacy Materials Project",
    }
