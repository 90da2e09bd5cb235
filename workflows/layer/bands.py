"""Numbers that are known by their order of magnitude: a band between two bounds, in log10."""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from licoat.structures.rendering import brief

__all__ = ["Band", "read_rows"]

DATA = Path(__file__).parents[1] / "data"


@dataclass(frozen=True, slots=True)
class Band:
    """A positive number between two bounds.

    Attributes
    ----------
    low, high : float
        Decadic logarithms of the bounds; minus infinity is the number 0, infinity no bound.
    source : str
        Where it comes from, with what was assumed.
    measured : bool
        Whether it is a measurement.
    """

    low: float
    high: float
    source: str = ""
    measured: bool = False

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"band from {self.low} to {self.high}: the lower bound comes first")

    def __repr__(self) -> str:
        return brief(self, f"1e{self.low:.2f} to 1e{self.high:.2f} ({self.source})")

    @property
    def middle(self) -> float:
        """Middle of the decades; infinite where a bound is."""
        if self.low == self.high:
            return self.low
        return 0.5 * (self.low + self.high) if math.isfinite(self.high - self.low) else math.inf

    @property
    def inverse(self) -> "Band":
        """The band of one over the number."""
        return Band(-self.high, -self.low, self.source, self.measured)

    def times(self, factor: float) -> "Band":
        """Return the band of a multiple."""
        shift = math.log10(factor)
        return Band(self.low + shift, self.high + shift, self.source, self.measured)


def read_rows(name: str) -> Iterator[dict[str, str]]:
    """Iterate over the rows of one of the CSV files in ``workflows/data``."""
    with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)
