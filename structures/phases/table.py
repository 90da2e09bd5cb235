"""`PhaseTable`: all phases of one source in columns."""

import copy
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

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
from licoat.structures.phases.observed import EXISTING
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
PRODUCTS = ("observed", "all")
"""Which compositions may be products, the usual choice first."""


class SharedErrors(Protocol):
    """Errors of energies that compounds share."""

    def sigma_ev(self, amounts: Mapping[str, float]) -> float:
        """Return one standard deviation of a reaction energy, eV."""


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
        self._products = PRODUCTS[0]
        self._errors: SharedErrors | None = None
        self._levels: tuple[frozenset[str], PhaseTable, PhaseTable] | None = None
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
        theoretical, observed = values.pop("theoretical"), int(self.observed[row])
        return Phase(
            **values,
            theoretical=None if theoretical is None else bool(theoretical),
            observed=None if observed < 0 else bool(observed),
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
    def _product_masks(self) -> NDArray[np.uint64]:
        return self._masks[self.product_rows]

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

    @cached_property
    def observed(self) -> IntArray:
        """Whether the composition of each row exists: 1 yes, 0 no (predicted), -1 not said; shape (n,).

        A composition exists if one of its phases does. Where the table gives no `existence`, a phase that is not
        `theoretical` exists. Elements do.
        """
        known = {word: int(word in EXISTING) for word in set(self._text["existence"]) if word}
        by_flag = {1: 0, 0: 1}
        flags = self._integer["theoretical"].tolist()
        own = [
            known[word] if word else by_flag.get(flag, -1)
            for word, flag in zip(self._text["existence"], flags, strict=True)
        ]
        result = np.empty(len(self), dtype=np.int64)
        for rows in self._rows_by_formula.values():
            found = {own[row] for row in rows}
            result[rows] = 1 if 1 in found else -1 if -1 in found else 0
        result[(self.counts > 0).sum(axis=1) == 1] = 1
        result.flags.writeable = False
        return result

    @property
    def products(self) -> str:
        """Which compositions may be products: ``observed`` (all but those that are only predicted) or ``all``."""
        return self._products

    def with_products(self, products: str) -> "PhaseTable":
        """Return the same table with another choice of what may be a product.

        Parameters
        ----------
        products : {"observed", "all"}
            ``observed``: no path runs through compositions that are only predicted. Where a table does not say, or the
            list does not know a system, nothing is left out.

        Raises
        ------
        InputFileError
            If it is something else.
        """
        if products not in PRODUCTS:
            raise InputFileError(f"products {products!r}: choose {' or '.join(PRODUCTS)}")
        if products == self._products:
            return self
        other = copy.copy(self)
        for name in ("product_rows", "_product_masks"):
            vars(other).pop(name, None)
        vars(other)["_products"] = products
        if self._levels is None:
            return other
        return other.with_levels(*self._levels)

    def with_levels(self, elements: frozenset[str], there: "PhaseTable", elsewhere: "PhaseTable") -> "PhaseTable":
        """Return the same table with two levels of theory, chosen by chemical system.

        Parameters
        ----------
        elements : frozenset of str
        there, elsewhere : PhaseTable
            The same phases in the same order; the energies of the first hold wherever one of the elements is in the
            system, those of the second in all other systems.
        """
        other = copy.copy(self)
        vars(other).update(
            _levels=(elements, there.with_products(self._products), elsewhere.with_products(self._products))
        )
        return other

    def with_errors(self, errors: SharedErrors) -> "PhaseTable":
        """Return the same table with errors that compounds share, from which sigmas of reactions follow."""
        other = copy.copy(self)
        vars(other).update(_errors=errors)
        return other

    def reaction_sigma_ev(self, amounts: Mapping[str, float], rows: Mapping[str, int]) -> float | None:
        r"""Return one standard deviation of a reaction energy, None if one of a phase is not known.

        Parameters
        ----------
        amounts : mapping of str to float
            Formula units, reactants negative.
        rows : mapping of str to int
            Row of the phase whose energy each formula has.

        Notes
        -----
        :math:`\sqrt{\sum_i (\nu_i \sigma_i)^2}`, the errors of phases taken as independent, unless the table knows
        which errors they share: then :math:`\sqrt{\nu^T C \nu}`.
        """
        if self._errors is not None:
            return self._errors.sigma_ev(amounts)
        sigma = self._float["energy_sigma_ev_per_atom"]
        variance = math.fsum((n * float(sigma[rows[f]]) * int(self.atoms[rows[f]])) ** 2 for f, n in amounts.items())
        return None if math.isnan(variance) else math.sqrt(variance)

    def for_system(self, elements: Iterable[str]) -> "PhaseTable":
        """Return the table whose energies hold in a chemical system: itself, unless there are two levels of theory."""
        if self._levels is None:
            return self
        metals, there, elsewhere = self._levels
        return elsewhere if metals.isdisjoint(elements) else there

    @cached_property
    def product_rows(self) -> IntArray:
        """Rows of `ground_states` that may be products."""
        rows = self.ground_states
        return rows if self._products == "all" else rows[self.observed[rows] != 0]

    def is_left_out(self, formula: str) -> bool:
        """Say whether a composition is in the table and may not be a product."""
        rows = self.rows_of(formula)
        return self._products != "all" and bool(rows) and int(self.observed[rows[0]]) == 0

    def rows_in_system(self, elements: Iterable[str]) -> IntArray:
        """Rows of the ground states made of these elements only that may be products, in table order."""
        allowed = [0, 0]
        for symbol in elements:
            if symbol in self.place:
                allowed[self.place[symbol] // 64] |= 1 << (self.place[symbol] % 64)
        words = self._product_masks
        outside = (words[:, 0] & ~np.uint64(allowed[0])) | (words[:, 1] & ~np.uint64(allowed[1]))
        result: IntArray = self.product_rows[outside == 0]
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
        found = PhaseTable(picked, self.manifest).with_products(self._products)
        if self._errors is not None:
            found = found.with_errors(self._errors)
        if self._levels is None:
            return found
        metals, there, elsewhere = self._levels
        return found.with_levels(metals, there.subset(chosen), elsewhere.subset(chosen))

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

        Raises
        ------
        InputFileError
            If the table has two levels of theory, which one column of energies cannot hold.
        """
        if self._levels is not None:
            raise InputFileError(
                f"{self.source}, scheme {self.scheme}: two levels of theory; save a table of one scheme"
            )
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
