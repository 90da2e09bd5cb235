"""`PhaseTable`: all phases of one source in columns."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from licoat.structures.chemistry.elements import ATOMIC_NUMBER
from licoat.structures.chemistry.formula import formula_unit, parse_formula
from licoat.structures.errors import (
    InputFileError,
    LicoatError,
    MissingDataError,
    SnapshotError,
    did_you_mean,
    require,
)
from licoat.structures.phases.parquet import load_parquet, write_parquet
from licoat.structures.phases.phase import FLOAT_COLUMNS, INTEGER_COLUMNS, TEXT_COLUMNS, Phase
from licoat.structures.phases.provenance import Manifest
from licoat.structures.rendering import brief, rendered

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PhaseTable", "require_table"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Columns = Mapping[str, Sequence[Any] | NDArray[Any]]


class PhaseTable:
    """Phases of one source and one energy scheme, held in columns.

    Parameters
    ----------
    columns : mapping of str to sequence
        ``phase_id``, ``formula`` and any of the columns of `Phase`; all of one length. Formulas are
        brought to one formula unit. Formation energies that are not given are computed from
        ``energy_ev_per_atom`` and the lowest phase of each element in the table.
    manifest : Manifest
        Where the data come from.

    Raises
    ------
    InputFileError
        If columns differ in length or an identifier stands twice.
    MissingDataError
        If formation energies are to be computed and an element has no phase of its own.

    Notes
    -----
    NaN (numbers), -1 (whole numbers) and empty text mean *unknown*. The arrays are read-only.
    """

    def __init__(self, columns: Columns, manifest: Manifest) -> None:
        n = len(columns["phase_id"])
        wrong = [name for name, values in columns.items() if len(values) != n]
        if wrong:
            raise InputFileError(f"columns {', '.join(wrong)} do not have {n} rows like phase_id")
        self._text: dict[str, tuple[str, ...]] = {
            name: tuple(_words(columns[name])) if name in columns else ("",) * n for name in TEXT_COLUMNS
        }
        self._text["formula"] = tuple(formula_unit(text) for text in self._text["formula"])
        self._float: dict[str, FloatArray] = {
            name: _frozen(columns[name]) if name in columns else _full(n, np.nan) for name in FLOAT_COLUMNS
        }
        self._integer: dict[str, IntArray] = {
            name: _whole_numbers(name, columns[name] if name in columns else [-1] * n) for name in INTEGER_COLUMNS
        }
        structures = columns.get("structure")
        self._structures: list[str | None] | None = None if structures is None else [s or None for s in structures]
        self.manifest = manifest.replace(n_phases=n)
        self._row = {phase_id: i for i, phase_id in enumerate(self._text["phase_id"])}
        if len(self._row) != n:
            seen: set[str] = set()
            twice = next(p for p in self._text["phase_id"] if p in seen or seen.add(p))  # type: ignore[func-returns-value]
            raise InputFileError(f"phase_id {twice!r} stands twice in {manifest.source}: make the identifiers unique")
        self._check_finite(manifest.source)
        given = "formation_energy_ev_per_atom" in columns
        own = self._float["formation_energy_ev_per_atom" if given else "energy_ev_per_atom"]
        self._float["formation_energy_ev_per_atom"] = self._formation_energies(own, given=given)

    def _check_finite(self, source: str) -> None:
        for name, values in self._float.items():
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

    def _formation_energies(self, energy: FloatArray, *, given: bool) -> FloatArray:
        """Compute formation energies per atom: energy minus the composition-weighted lowest elements.

        Given formation energies change only where the lowest phase of an element is not at 0 (red against
        white phosphorus): the zero is the lowest phase in the table, and no reaction energy changes.
        """
        reference = np.full(len(self.symbols), np.inf)
        n_elements = (self.counts > 0).sum(axis=1)
        for i in np.flatnonzero((n_elements == 1) & ~np.isnan(energy)):
            column = int(self.counts[i].argmax())
            reference[column] = min(reference[column], energy[i])
        if given:
            reference = np.where(np.isinf(reference), 0.0, reference)
            if not reference.any():
                return energy
        missing = [s for s, e in zip(self.symbols, reference, strict=True) if np.isinf(e)]
        if missing:
            raise MissingDataError(
                f"{self.manifest.source}: no phase of the element{'s' if len(missing) > 1 else ''} "
                f"{', '.join(missing)}; formation energies need every element: add its lowest phase "
                "(or give the column formation_energy_ev_per_atom)"
            )
        result: FloatArray = energy - (self.counts @ reference) / self.atoms
        result.flags.writeable = False
        return result

    def __len__(self) -> int:
        return len(self._text["phase_id"])

    def __iter__(self) -> Iterator[Phase]:
        return (self.phase(i) for i in range(len(self)))

    def __getitem__(self, phase_id: str) -> Phase:
        return self.phase(self.index_of(phase_id))

    def __contains__(self, phase_id: object) -> bool:
        return phase_id in self._row

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
            return self._row[phase_id]
        except (KeyError, TypeError):
            raise MissingDataError(f"no phase {phase_id!r} in {self.source}") from None

    def phase(self, row: int) -> Phase:
        """Return one row as a `Phase`."""
        values: dict[str, Any] = {name: column[row] for name, column in self._text.items()}
        for name, numbers in self._float.items():
            values[name] = None if np.isnan(numbers[row]) else float(numbers[row])
        for name, whole in self._integer.items():
            values[name] = None if whole[row] < 0 else int(whole[row])
        theoretical = values.pop("theoretical")
        return Phase(
            **values,
            theoretical=None if theoretical is None else bool(theoretical),
            source=self.source,
            structure=self._structures[row] if self._structures else None,
        )

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """Elements of the table in order of atomic number."""
        found: set[str] = set()
        for formula in set(self._text["formula"]):
            found.update(parse_formula(formula))
        return tuple(sorted(found, key=ATOMIC_NUMBER.__getitem__))

    @cached_property
    def counts(self) -> IntArray:
        """Atoms per formula unit, shape (n phases, n elements), columns as in `symbols`."""
        place = {symbol: i for i, symbol in enumerate(self.symbols)}
        rows, columns, numbers = [], [], []
        for row, formula in enumerate(self._text["formula"]):
            for symbol, number in parse_formula(formula).items():
                rows.append(row)
                columns.append(place[symbol])
                numbers.append(number)
        result = np.zeros((len(self), len(self.symbols)), dtype=np.int64)
        result[rows, columns] = numbers
        result.flags.writeable = False
        return result

    @cached_property
    def atoms(self) -> IntArray:
        """Atoms per formula unit, shape (n,)."""
        result: IntArray = self.counts.sum(axis=1)
        result.flags.writeable = False
        return result

    @cached_property
    def energy_ev_per_fu(self) -> FloatArray:
        """Formation energy in eV per formula unit, shape (n,)."""
        result: FloatArray = self._float["formation_energy_ev_per_atom"] * self.atoms
        result.flags.writeable = False
        return result

    @cached_property
    def _masks(self) -> NDArray[np.uint64]:
        """Two 64-bit words per phase, one bit per element."""
        words = np.zeros((len(self), 2), dtype=np.uint64)
        for column in range(len(self.symbols)):
            present = self.counts[:, column] > 0
            words[present, column // 64] |= np.uint64(1 << (column % 64))
        return words

    @cached_property
    def _ground_masks(self) -> NDArray[np.uint64]:
        return self._masks[self.ground_states]

    @cached_property
    def place(self) -> dict[str, int]:
        """Column of each element in `counts`."""
        return {symbol: i for i, symbol in enumerate(self.symbols)}

    @cached_property
    def ground_states(self) -> IntArray:
        """Rows of the lowest phase of each composition (phases without an energy left out)."""
        energy = self._float["formation_energy_ev_per_atom"]
        rows = np.flatnonzero(~np.isnan(energy))
        order = rows[np.argsort(energy[rows], kind="stable")]
        first: dict[str, int] = {}
        formulas = self._text["formula"]
        for row in order.tolist():
            first.setdefault(formulas[row], row)
        result = np.array(sorted(first.values()), dtype=np.int64)
        result.flags.writeable = False
        return result

    def rows_in_system(self, elements: Iterable[str]) -> IntArray:
        """Rows of the ground states made of these elements only, in table order."""
        allowed = [0, 0]
        for symbol in elements:
            if symbol in self.place:
                allowed[self.place[symbol] // 64] |= 1 << (self.place[symbol] % 64)
        words = self._ground_masks
        outside = (words[:, 0] & ~np.uint64(allowed[0])) | (words[:, 1] & ~np.uint64(allowed[1]))
        result: IntArray = self.ground_states[outside == 0]
        return result

    @cached_property
    def _rows_by_formula(self) -> dict[str, list[int]]:
        energy = self._float["formation_energy_ev_per_atom"].tolist()
        rows: dict[str, list[int]] = {}
        for row, formula in enumerate(self._text["formula"]):
            rows.setdefault(formula, []).append(row)
        for found in rows.values():
            if len(found) > 1:
                found.sort(key=lambda row: (math.isnan(energy[row]), energy[row]))
        return rows

    def rows_of(self, formula: str) -> list[int]:
        """Rows of all phases of one composition, lowest formation energy first (unknown energies last)."""
        found = self._rows_by_formula.get(formula)  # nearly always a formula unit already
        return list(self._rows_by_formula.get(formula_unit(formula), []) if found is None else found)

    @cached_property
    def formulas(self) -> tuple[str, ...]:
        """All compositions, each once, in table order."""
        return tuple(self._rows_by_formula)

    def to_frame(self) -> "pd.DataFrame":
        """Return the table as a pandas DataFrame (one row per phase; structures left out)."""
        import pandas as pd

        frame = pd.DataFrame({**self._text, **self._float, **self._integer})
        return frame[["phase_id", "formula", *[c for c in frame.columns if c not in {"phase_id", "formula"}]]]

    def columns(self) -> dict[str, Any]:
        """Return all columns by name, as the constructor takes them."""
        data: dict[str, Any] = {**self._text, **self._float, **self._integer}
        if self._structures is not None:
            data["structure"] = self._structures
        return data

    def subset(self, rows: Iterable[int]) -> "PhaseTable":
        """Return a table of some rows, in the order given; the zero is again the lowest phase of each element."""
        chosen = list(rows)
        picked = {
            name: values[chosen] if isinstance(values, np.ndarray) else [values[i] for i in chosen]
            for name, values in self.columns().items()
        }
        return PhaseTable(picked, self.manifest)

    def save(self, path: str | Path) -> Manifest:
        """Write ``PATH`` (Parquet) and ``PATH`` with ending ``.manifest.json``.

        Parameters
        ----------
        path : str or Path
            File with the ending ``.parquet``.

        Returns
        -------
        Manifest
            The manifest as written, with its checksum.
        """
        return write_parquet(self.columns(), Path(path), self.manifest)

    @classmethod
    def load(cls, path: str | Path) -> "PhaseTable":
        """Read a table that `save` wrote and check it against its manifest.

        Raises
        ------
        SnapshotError
            If the file or its manifest is missing, damaged or altered.
        """
        path = Path(path)
        manifest, data = load_parquet(path)
        try:
            return cls(data, manifest)
        except KeyError as error:
            raise SnapshotError(f"{path} has no column {error}: it is not a licoat snapshot") from None
        except LicoatError as error:
            raise SnapshotError(f"{path}: {error}") from error


def require_table(phases: object, name: str = "phases") -> None:
    """Refuse what is no `PhaseTable`, such as the name of a source.

    Raises
    ------
    InputTypeError
        Naming the argument and how to get a table.
    """
    require(phases, PhaseTable, f"{name} must be a PhaseTable (load_phases(...) gives one)")


def _words(values: Sequence[Any] | NDArray[Any]) -> Iterator[str]:
    """Text of a column; None and NaN are unknown, which is the empty text."""
    return ("" if value is None or value != value else str(value) for value in values)  # noqa: PLR0124 - NaN


def _frozen(values: Sequence[Any] | NDArray[Any]) -> FloatArray:
    filled = [np.nan if v is None else v for v in values] if isinstance(values, list) else values
    array: FloatArray = np.array(filled, dtype=np.float64)
    array.flags.writeable = False
    return array


def _whole_numbers(name: str, values: Sequence[Any] | NDArray[Any]) -> IntArray:
    numbers = _frozen(list(values))
    known = np.where(np.isnan(numbers), -1.0, numbers)
    if (known != np.floor(known)).any():
        raise InputFileError(f"{name}: {known[known != np.floor(known)][0]:g} is not a whole number")
    array: IntArray = known.astype(np.int64)
    array.flags.writeable = False
    return array


def _full(n: int, value: float) -> FloatArray:
    array: FloatArray = np.full(n, value, dtype=np.float64)
    array.flags.writeable = False
    return array
