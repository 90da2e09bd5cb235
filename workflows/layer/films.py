"""Films of converted oxides whose resistivity was measured: evidence that stands beside what is computed."""

from dataclasses import dataclass
from functools import cache

from licoat.structures import formula_unit
from licoat.structures.rendering import outline
from licoat.workflows.layer.bands import read_rows

__all__ = ["Film", "measured_films"]


@dataclass(frozen=True, slots=True)
class Film:
    """One measured film.

    Attributes
    ----------
    oxide, name : str
        The oxide that it was made of, and what it was.
    thickness_um, resistivity_ohm_cm : float
    method, reference : str
    """

    oxide: str
    name: str
    thickness_um: float
    resistivity_ohm_cm: float
    method: str
    reference: str

    __repr__ = outline

    def __str__(self) -> str:
        return f"{self.name}: {self.resistivity_ohm_cm:.2g} ohm cm ({self.method}; {self.reference})"


@cache
def _films() -> tuple[Film, ...]:
    return tuple(
        Film(
            oxide=row["oxide"],
            name=row["film"],
            thickness_um=float(row["thickness_um"]),
            resistivity_ohm_cm=float(row["resistivity_ohm_cm"]),
            method=row["method"],
            reference=row["reference"],
        )
        for row in read_rows("measured_films")
    )


def measured_films(oxide: str) -> tuple[Film, ...]:
    """Return the measured films of an oxide, none if there is none."""
    unit = formula_unit(oxide)
    return tuple(film for film in _films() if film.oxide == unit)
