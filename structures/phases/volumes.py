"""How far computed volumes are from measured ones."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from licoat.structures.chemistry.formula import element_set
from licoat.structures.phases.facts import ObservedPhase, polymorphs, same_space_group

__all__ = ["measured_rows", "volume_class", "volume_errors"]


def volume_class(formula: str) -> str:
    """Return the kind of compound whose volumes err alike: ``element``, ``oxide`` or ``without oxygen``."""
    elements = element_set(formula)
    if len(elements) == 1:
        return "element"
    return "oxide" if "O" in elements else "without oxygen"


def measured_rows(columns: Mapping[str, Any]) -> Iterator[tuple[int, ObservedPhase]]:
    """Yield the rows with a volume whose polymorph has a measured one, with that polymorph; its first row counts.

    Parameters
    ----------
    columns : mapping
        With ``formula``, ``space_group_number`` and ``volume_a3_per_atom``.
    """
    seen = set()
    rows = zip(columns["formula"], columns["space_group_number"], columns["volume_a3_per_atom"], strict=True)
    for row, (formula, number, volume) in enumerate(rows):
        if not volume or math.isnan(volume):
            continue
        for polymorph in polymorphs(formula):
            known = polymorph.volume_a3_per_atom is not None and polymorph.key not in seen
            if known and same_space_group(number, polymorph.space_group_number):
                seen.add(polymorph.key)
                yield row, polymorph


def volume_errors(columns: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    r"""Return number, mean and root mean square of the relative errors of volumes by class, in percent.

    Parameters
    ----------
    columns : mapping
        With ``formula``, ``space_group_number`` and ``volume_a3_per_atom``.

    Notes
    -----
    :math:`100 \ln(V / V_\mathrm{measured})` of the polymorphs that were measured, the cell at 0 K against room
    temperature; the first phase of a polymorph counts.
    """
    errors: dict[str, list[float]] = {}
    for row, polymorph in measured_rows(columns):
        ratio = columns["volume_a3_per_atom"][row] / (polymorph.volume_a3_per_atom or math.nan)
        errors.setdefault(volume_class(polymorph.formula), []).append(100.0 * math.log(ratio))
    return {
        name: {
            "n": len(values),
            "mean_percent": round(math.fsum(values) / len(values), 2),
            "rms_percent": round(math.sqrt(math.fsum(v * v for v in values) / len(values)), 2),
        }
        for name, values in sorted(errors.items())
    }
