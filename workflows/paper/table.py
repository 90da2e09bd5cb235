"""Every checkable number of the founding paper, recomputed: Tang et al., *Nano Energy* (2020).

The paper's own numbers are in ``data/paper_numbers.csv``; each of its rows has one check in `reaction`,
`film`, `cell` or `work`. How a verdict comes about is written at `judge`.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Any

from licoat.structures.errors import MissingDataError, did_you_mean
from licoat.structures.rendering import brief, rendered
from licoat.workflows.paper.cell import CELL, LITHIUM
from licoat.workflows.paper.checks import Context, Origin, PaperCheck, Standing, Values, paper_context
from licoat.workflows.paper.film import FILM, GAPS, MECHANICS, TRANSPORT
from licoat.workflows.paper.reaction import HEAT, VOLTAGE, VOLUME
from licoat.workflows.paper.work import WORK
from licoat.workflows.screening.comparison import PAPER as PAPER_NUMBERS

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PaperRow", "PaperTable", "judge", "paper_table"]

REPRODUCED_WITHIN_PERCENT = 3.0
INCONSISTENT_BEYOND_FACTOR = 2.0

REFERENCE = (
    "Tang et al., Lithium metal electrode protected by stiff and tough self-compacting separator, Nano Energy (2020)"
)

SOURCES: dict[Origin, str] = {
    Origin.UNCORRECTED: "embedded table, 0 K energies without corrections",
    Origin.MP2020: "embedded table, 0 K energies with MP2020 corrections",
    Origin.PBE: "Materials Project (the paper's source): legacy formation energies, PBE gaps and moduli",
    Origin.MEASURED: "measured enthalpies, volumes, gaps and moduli, 298 K",
    Origin.ARITHMETIC: "what follows from the paper's other numbers",
}
"""What each source of values is."""

THEMES: dict[str, tuple[PaperCheck, ...]] = {
    "heat": HEAT,
    "volume": VOLUME,
    "voltage": VOLTAGE,
    "mechanics": MECHANICS,
    "band gaps": GAPS,
    "transport": TRANSPORT,
    "film": FILM,
    "lithium": LITHIUM,
    "cell": CELL,
    "work": WORK,
}
"""Checks by theme, in the order of the table."""


@dataclass(frozen=True, slots=True)
class PaperRow:
    """One number of the paper beside what is recomputed.

    Attributes
    ----------
    theme, quantity : str
    paper_value : float or None
        The paper's number; None if it gives none, or one that is not in `unit`.
    paper_text : str
        What the paper says, as it stands there.
    unit : str
        Of `paper_value` and all `values`.
    values : dict of str to float
        Recomputed, by source.
    deviation_percent : dict of str to float
        (paper - recomputed) / recomputed * 100, by source, where both exist and the recomputed value is not 0.
    verdict : str
        ``reproduced``, ``differs by x %``, ``inconsistent``, ``information`` or ``not checkable``; see `judge`.
    explanation : str
        Why, with evidence.
    where : str
        Section of the paper.
    """

    theme: str
    quantity: str
    paper_value: float | None
    paper_text: str
    unit: str
    values: dict[str, float]
    deviation_percent: dict[str, float]
    verdict: str
    explanation: str
    where: str

    def __repr__(self) -> str:
        return brief(self, f"{self.quantity}: paper {self.paper_label} {self.unit}, {self.verdict}")

    @property
    def paper_label(self) -> str:
        """What the paper says, long numbers shortened."""
        return self.paper_text if _number(self.paper_text) is None else f"{float(self.paper_text):.5g}"

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        data = {f.name: getattr(self, f.name) for f in fields(self)}
        return data | {"values": dict(self.values), "deviation_percent": dict(self.deviation_percent)}


@dataclass(frozen=True, slots=True)
class PaperTable:
    """All numbers of the paper that were looked at.

    Attributes
    ----------
    rows : tuple of PaperRow
        By theme.
    """

    rows: tuple[PaperRow, ...]

    def __repr__(self) -> str:
        counts = ", ".join(f"{n} {verdict}" for verdict, n in self.counts.items() if n)
        return brief(self, f"{len(self.rows)} numbers of the paper: {counts}")

    def _repr_html_(self) -> str:
        html: str = rendered("paper_html", self)
        return html

    def __getitem__(self, quantity: str) -> PaperRow:
        for row in self.rows:
            if row.quantity == quantity:
                return row
        near = did_you_mean(quantity, [row.quantity for row in self.rows])
        raise MissingDataError(f"no number {str(quantity)[:60]!r} of the paper{near}")

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows by verdict, all differing ones together."""
        kinds = [next(v for v in Standing if row.verdict.startswith(v)) for row in self.rows]
        return {kind.value: kinds.count(kind) for kind in Standing}

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary with the key ``rows``."""
        return {
            "reference": REFERENCE,
            "sources": {source.value: text for source, text in SOURCES.items()},
            "counts": self.counts,
            "rows": [row.to_dict() for row in self.rows],
        }

    def to_frame(self) -> "pd.DataFrame":
        """Return one row per number, with a value and a deviation column for every source."""
        import pandas as pd

        rows = [
            {
                "theme": row.theme,
                "quantity": row.quantity,
                "paper": row.paper_text,
                "paper_value": row.paper_value,
                "unit": row.unit,
                **{source.value: row.values.get(source) for source in Origin},  # noqa: PD011 - a dict of ours
                **{f"{source.value}_deviation_percent": row.deviation_percent.get(source) for source in Origin},
                "verdict": row.verdict,
                "explanation": row.explanation,
                "where": row.where,
            }
            for row in self.rows
        ]
        return pd.DataFrame(rows)

    def to_printed_frame(self) -> "pd.DataFrame":
        """Return the columns that fit on a page: ours by source in one cell."""
        import pandas as pd

        rows = [
            {
                "quantity": row.quantity,
                "paper": f"{row.paper_label} {row.unit if row.paper_value is not None else ''}".rstrip(),
                "recomputed": ", ".join(f"{source} {value:.4g}" for source, value in row.values.items()),  # noqa: PD011
                "verdict": row.verdict,
                "explanation": row.explanation,
                "where": row.where,
            }
            for row in self.rows
        ]
        return pd.DataFrame(rows)


@cache
def paper_table() -> PaperTable:
    """Recompute every number of the founding paper.

    Returns
    -------
    PaperTable

    Examples
    --------
    >>> paper_table()["ionic conductivity"].verdict
    'reproduced'
    """
    reported = _reported()
    context = paper_context()
    rows = (_row(theme, check, reported, context) for theme, checks in THEMES.items() for check in checks)
    return PaperTable(tuple(rows))


def judge(check: PaperCheck, context: Context, values: Values, paper_value: float | None) -> str:
    """Say how a number of the paper stands.

    The rule, in this order:

    1. A check that is settled by words, units or missing data has its own verdict; without any value the number
       is ``not checkable``.
    2. A statement (`PaperCheck.holds`) is ``reproduced`` if it is true and ``inconsistent`` if not.
    3. A number that the paper does not give, or that its own route does not mean, is ``information``.
    4. A number is ``reproduced`` if any source that the paper's route means is within 3 % of it, however many digits
       the paper prints.
    5. It is ``inconsistent`` if the nearest of them is off by more than a factor of 2, else it
       ``differs by x %``, x being (paper - recomputed) / recomputed.
    """
    if check.settled is not None:
        return check.settled.value
    if not values:
        return Standing.NOT_CHECKABLE.value
    if check.holds is not None:
        return (Standing.REPRODUCED if check.holds(context) else Standing.INCONSISTENT).value
    meant = [values[source] for source in check.route if source in values]
    if paper_value is None or not meant:
        return Standing.INFORMATION.value
    return _judge_number(paper_value, meant)


def _judge_number(paper_value: float, meant: list[float]) -> str:
    """Rules 4 and 5 of `judge`."""
    nearest = min((_deviation_percent(paper_value, value) for value in meant), key=abs)
    if abs(nearest) <= REPRODUCED_WITHIN_PERCENT:
        return Standing.REPRODUCED.value
    ratio = 1.0 + nearest / 100.0
    if not 1.0 / INCONSISTENT_BEYOND_FACTOR <= ratio <= INCONSISTENT_BEYOND_FACTOR:
        return Standing.INCONSISTENT.value
    return f"{Standing.DIFFERS.value} by {nearest:+.3g} %"


def _row(theme: str, check: PaperCheck, reported: dict[str, dict[str, str]], context: Context) -> PaperRow:
    source = reported[check.quantity]
    text, unit = source["paper_value"], check.unit or source["unit"]
    number = _number(text)
    if check.unit and number is not None:
        text = f"{text} {source['unit']}"
    value = check.reading if check.reading is not None or check.unit else number
    values = check.values(context)
    return PaperRow(
        theme=theme,
        quantity=check.quantity,
        paper_value=value,
        paper_text=text,
        unit=unit,
        values={source.value: value for source, value in _ordered(values.items())},
        deviation_percent={
            source.value: _deviation_percent(value, ours)
            for source, ours in _ordered(values.items())
            if value is not None and ours != 0.0
        },
        verdict=judge(check, context, values, value),
        explanation=check.why if isinstance(check.why, str) else check.why(context),
        where=source["where_in_paper"],
    )


def _ordered(values: Iterable[tuple[Origin, float]]) -> list[tuple[Origin, float]]:
    order = list(Origin)
    return sorted(values, key=lambda item: order.index(item[0]))


def _deviation_percent(paper: float, ours: float) -> float:
    return 100.0 * (paper - ours) / ours


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


@cache
def _reported() -> dict[str, dict[str, str]]:
    """Rows of the file of the paper's numbers by quantity."""
    with PAPER_NUMBERS.open(encoding="utf-8", newline="") as stream:
        return {row["quantity"]: row for row in csv.DictReader(stream)}
