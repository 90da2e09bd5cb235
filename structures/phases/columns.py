"""The columns of a table of phases: what comes in, how it is held, how it is looked up."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from licoat.structures.errors import InputFileError, MissingDataError, did_you_mean
from licoat.structures.phases.compositions import FormulaColumn
from licoat.structures.phases.phase import FLOAT_COLUMNS, INTEGER_COLUMNS, TEXT_COLUMNS
from licoat.structures.phases.provenance import Manifest
from licoat.structures.phases.text import TextColumn
from licoat.structures.rendering import brief, rendered

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Columns", "FloatArray", "IntArray", "PhaseColumns"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Columns = Mapping[str, Sequence[Any] | NDArray[Any]]
_UNKNOWN = {float: np.array(np.nan), int: np.array(-1, dtype=np.int64)}
for _value in _UNKNOWN.values():
    _value.flags.writeable = False


class PhaseColumns:
    """Columns of phases, read-only; see `licoat.structures.phases.table.PhaseTable`."""

    manifest: Manifest

    def __init__(self, columns: Columns, manifest: Manifest) -> None:
        n = len(columns["phase_id"])
        wrong = [name for name, values in columns.items() if len(values) != n]
        if wrong:
            raise InputFileError(f"columns {', '.join(wrong)} do not have {n} rows like phase_id")
        self._text: dict[str, TextColumn] = {
            name: TextColumn.of(columns[name]) if name in columns else TextColumn.constant("", n)
            for name in TEXT_COLUMNS
            if name != "formula"
        }
        self._formula = FormulaColumn.of(columns["formula"] if "formula" in columns else [""] * n)
        self._text = {name: self._formula if name == "formula" else self._text[name] for name in TEXT_COLUMNS}
        self._float: dict[str, FloatArray] = {
            name: _numbers(columns[name]) if name in columns else np.broadcast_to(_UNKNOWN[float], n)
            for name in FLOAT_COLUMNS
        }
        self._integer: dict[str, IntArray] = {
            name: _whole_numbers(name, columns[name]) if name in columns else np.broadcast_to(_UNKNOWN[int], n)
            for name in INTEGER_COLUMNS
        }
        structures = columns.get("structure")
        self._structures: TextColumn | None = None if structures is None else TextColumn.of(structures)
        self.manifest = manifest.replace(n_phases=n)
        self._check_ids(manifest.source)
        self._check_finite(manifest.source)

    def _check_ids(self, source: str) -> None:
        ids = self._text["phase_id"]
        twice = ids.twice()
        if twice is not None:
            raise InputFileError(f"phase_id {twice!r} stands twice in {source}: make the identifiers unique")

    def _check_finite(self, source: str) -> None:
        for name, column in self._float.items():
            values = column[:1] if column.strides == (0,) else column  # one value for all rows
            bad = np.isinf(values)
            if name == "volume_a3_per_atom":
                bad |= values <= 0.0
            elif "sigma" in name:
                bad |= values < 0.0
            if bad.any():
                i = int(np.flatnonzero(bad)[0])
                raise InputFileError(
                    f"{source}: {name} of {self._text['phase_id'][i]!r} is {values[i]:g}; "
                    "give a finite number (volumes above 0, sigmas not below) or leave it empty"
                )

    def __len__(self) -> int:
        return len(self._text["phase_id"])

    def __contains__(self, phase_id: object) -> bool:
        return phase_id in self._text["phase_id"]

    def __repr__(self) -> str:
        return brief(self, f"{len(self)} phases of {self.source}, scheme {self.scheme}")

    def _repr_html_(self) -> str:
        html: str = rendered("phases_html", self)
        return html

    @property
    def source(self) -> str:
        """Name of the source."""
        return self.manifest.source

    @property
    def scheme(self) -> str:
        """Name of the energy scheme."""
        return self.manifest.scheme

    @property
    def energy_kind(self) -> str:
        """What its energies are: ``energy at 0 K``, ``enthalpy at 298 K``, ``Gibbs energy at 1000 K``."""
        return self.manifest.energy_kind

    def column(self, name: str) -> FloatArray:
        """Return a numeric column as a read-only array of shape (n,); NaN means unknown.

        Raises
        ------
        MissingDataError
            If there is no such column; the nearest ones are named.
        """
        try:
            return self._float[name]
        except (KeyError, TypeError):
            raise self._no_column(name, self._float) from None

    def integers(self, name: str) -> IntArray:
        """Return a whole-number column as a read-only array of shape (n,); -1 means unknown.

        Raises
        ------
        MissingDataError
            If there is no such column; the nearest ones are named.
        """
        try:
            return self._integer[name]
        except (KeyError, TypeError):
            raise self._no_column(name, self._integer) from None

    def text(self, name: str) -> Sequence[str]:
        """Return a text column; empty means unknown.

        Raises
        ------
        MissingDataError
            If there is no such column; the nearest ones are named.
        """
        try:
            return self._text[name]
        except (KeyError, TypeError):
            raise self._no_column(name, self._text) from None

    def _no_column(self, name: object, columns: Iterable[str]) -> MissingDataError:
        kinds: dict[str, Mapping[str, Any]] = {"column": self._float, "integers": self._integer, "text": self._text}
        other = next((kind for kind, held in kinds.items() if isinstance(name, str) and name in held), None)
        if other is not None:
            return MissingDataError(f"column {name!r} is of another kind: phases.{other}({name!r})")
        near = did_you_mean(name, columns) or did_you_mean(name, [key for held in kinds.values() for key in held])
        return MissingDataError(f"no column {str(name)[:60]!r}{near or '; there are ' + ', '.join(columns)}")

    def index_of(self, phase_id: str) -> int:
        """Return the row of an identifier.

        Raises
        ------
        MissingDataError
            If there is no such phase.
        """
        try:
            return self._text["phase_id"].index(phase_id)
        except ValueError:
            raise MissingDataError(f"no phase {phase_id!r} in {self.source}") from None

    def to_frame(self) -> "pd.DataFrame":
        """Return the table as a pandas DataFrame (one row per phase; structures left out)."""
        import pandas as pd

        frame = pd.DataFrame(
            {**{name: list(column) for name, column in self._text.items()}, **self._float, **self._integer}
        )
        return frame[["phase_id", "formula", *[c for c in frame.columns if c not in {"phase_id", "formula"}]]]

    def columns(self) -> dict[str, Any]:
        """Return all columns by name, as the constructor takes them; a formula column keeps its compositions."""
        data: dict[str, Any] = {**self._text, **self._float, **self._integer}
        if self._structures is not None:
            data["structure"] = self._structures
        return data


def _shared(values: NDArray[Any]) -> bool:
    """Say whether nobody can write to an array, so that it needs no copy."""
    array: Any = values
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return False
        array = array.base
    return True


def _numbers(values: Sequence[Any] | NDArray[Any]) -> FloatArray:
    """Return a read-only float column; one that says nothing takes no memory."""
    if isinstance(values, np.ndarray) and values.dtype == np.float64 and _shared(values):
        array: FloatArray = values
    else:
        plain = values if isinstance(values, np.ndarray) else [np.nan if v is None else v for v in values]
        array = np.array(plain, dtype=np.float64)
        array.flags.writeable = False
    if len(array) and array.strides != (0,) and np.isnan(array[0]) and np.isnan(array).all():
        return np.broadcast_to(_UNKNOWN[float], len(array))
    return array


def _whole_numbers(name: str, values: Sequence[Any] | NDArray[Any]) -> IntArray:
    """Return a read-only column of whole numbers, -1 where they are unknown."""
    if isinstance(values, np.ndarray) and values.dtype == np.int64:
        array: IntArray = values if _shared(values) else values.copy()
    else:
        numbers = np.array([np.nan if v is None else v for v in values], dtype=np.float64)
        known = np.where(np.isnan(numbers), -1.0, numbers)
        if (known != np.floor(known)).any():
            raise InputFileError(f"{name}: {known[known != np.floor(known)][0]:g} is not a whole number")
        array = known.astype(np.int64)
    if len(array) and array.strides != (0,) and array[0] == -1 and (array == -1).all():
        return np.broadcast_to(_UNKNOWN[int], len(array))
    array.flags.writeable = False
    return array
