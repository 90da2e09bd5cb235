"""Compositions in columns: which elements a phase holds and how many atoms of each, without a dense matrix.

Three arrays hold the formulas of a whole table (of each phase the atomic numbers, rising, and the atoms): 150,000
phases are 3 MB, where a matrix of whole numbers is 100 MB. They stand in a snapshot too, so that no formula is read on
loading.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from licoat.structures.chemistry.elements import ATOMIC_NUMBER, SYMBOLS
from licoat.structures.chemistry.formula import formula_unit, parse_formula
from licoat.structures.phases.text import TextColumn, Words, in_order, rows_of
from licoat.structures.rendering import brief

__all__ = ["Counts", "FormulaColumn"]

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
_CHUNK = 16_384
_MOST_ATOMS = 100_000  # of one element, as `parse_formula` has it


class Counts:
    """Atoms per formula unit of many phases; indexes like an array of shape (n phases, n elements).

    Parameters
    ----------
    offsets : ndarray of int, shape (n + 1,)
        Where the entries of each phase begin, and where the last ones end.
    elements : ndarray of uint8
        Atomic number of each entry, rising within a phase.
    atoms : ndarray of int32
        Atoms of each entry.
    """

    def __init__(self, offsets: NDArray[Any], elements: NDArray[Any], atoms: NDArray[Any]) -> None:
        self.offsets, self.elements, self.values = offsets, elements, atoms

    @classmethod
    def of(cls, formulas: Sequence[str]) -> "Counts":
        """Read formulas."""
        offsets, elements, atoms = [0], [], []
        for formula in formulas:
            for symbol, number in sorted(parse_formula(formula).items(), key=lambda item: ATOMIC_NUMBER[item[0]]):
                elements.append(ATOMIC_NUMBER[symbol])
                atoms.append(number)
            offsets.append(len(elements))
        return cls(*(np.array(v, dtype=t) for v, t in ((offsets, "i4"), (elements, "u1"), (atoms, "i4"))))

    def problem(self) -> str:
        """Say what is impossible about the three arrays, empty if nothing is."""
        length = np.diff(self.offsets)
        if len(self.elements) != len(self.values) or (length < 1).any():
            return "a phase has no elements, or not as many numbers of atoms"
        if not len(self.elements):
            return ""
        if self.elements.min() < 1 or self.elements.max() > len(SYMBOLS):
            return "an atomic number is of no element"
        if self.values.min() < 1 or self.values.max() > _MOST_ATOMS:
            return f"a number of atoms is not from 1 to {_MOST_ATOMS}"
        rising = self.elements[1:] > self.elements[:-1]
        rising[self.offsets[1:-1] - 1] = True  # the next phase begins
        return "" if rising.all() else "the elements of a phase are not in order of atomic number"

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __repr__(self) -> str:
        return brief(self, f"{len(self)} phases x {len(self.symbols)} elements, {len(self.values)} entries")

    @property
    def shape(self) -> tuple[int, int]:
        """Number of phases and of elements."""
        return len(self), len(self.symbols)

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """Elements that are there, in order of atomic number: the columns."""
        return tuple(SYMBOLS[i - 1] for i in np.flatnonzero(np.bincount(self.elements, minlength=1)).tolist())

    @cached_property
    def columns(self) -> NDArray[np.uint8]:
        """Column of each entry."""
        column = np.zeros(len(SYMBOLS) + 1, dtype=np.uint8)
        column[[ATOMIC_NUMBER[symbol] for symbol in self.symbols]] = np.arange(len(self.symbols))
        found: NDArray[np.uint8] = column[self.elements]
        return found

    def total(self) -> IntArray:
        """Atoms of each phase, all elements together."""
        found = np.zeros(len(self), dtype=np.int64)
        for rows, entries, starts in self._pieces():
            found[rows] = np.add.reduceat(self.values[entries], starts, dtype=np.int64)
        return found

    def n_elements(self) -> IntArray:
        """Elements of each phase."""
        return np.diff(self.offsets).astype(np.int64)

    def column(self, column: int) -> IntArray:
        """Atoms of one element in each phase."""
        found = np.zeros(len(self), dtype=np.int64)
        here = np.flatnonzero(self.columns == column)
        found[self._owner(here)] = self.values[here]
        return found

    def holds(self, symbols: Iterable[str]) -> NDArray[np.bool_]:
        """Say of each phase whether it holds one of these elements."""
        numbers = [ATOMIC_NUMBER[symbol] for symbol in symbols if symbol in ATOMIC_NUMBER]
        found = np.zeros(len(self), dtype=np.bool_)
        found[self._owner(np.flatnonzero(np.isin(self.elements, numbers)))] = True
        return found

    def masks(self) -> NDArray[np.uint64]:
        """Two 64-bit words per phase, one bit per element (by column)."""
        words = np.zeros((len(self), 2), dtype=np.uint64)
        of_column = np.zeros((2, 128), dtype=np.uint64)
        for column in range(len(self.symbols)):
            of_column[column // 64, column] = np.uint64(1 << (column % 64))
        for rows, entries, starts in self._pieces():
            for k in np.flatnonzero(of_column.any(axis=1)).tolist():
                words[rows, k] = np.bitwise_or.reduceat(of_column[k][self.columns[entries]], starts)
        return words

    def _owner(self, entries: NDArray[Any]) -> NDArray[Any]:
        """Phase of each entry."""
        return np.searchsorted(self.offsets, entries, side="right") - 1

    def _pieces(self) -> Iterator[tuple[slice, slice, NDArray[Any]]]:
        """Yield some rows at a time, their entries and where each begins among them: all at once take more memory."""
        for first in range(0, len(self), _CHUNK):
            offsets = self.offsets[first : first + _CHUNK + 1]
            yield slice(first, first + _CHUNK), slice(offsets[0], offsets[-1]), offsets[:-1] - offsets[0]

    def __matmul__(self, vector: FloatArray) -> FloatArray:
        found, factors = np.zeros(len(self)), np.asarray(vector, dtype=np.float64)
        for rows, entries, starts in self._pieces():
            found[rows] = np.add.reduceat(self.values[entries] * factors[self.columns[entries]], starts)
        return found

    def take(self, rows: NDArray[Any]) -> "Counts":
        """Return the compositions of some phases; elements that none of them holds have no column."""
        starts = self.offsets[rows].astype(np.int64)
        length = self.offsets[rows + 1] - starts
        offsets = np.zeros(len(rows) + 1, dtype=np.int32)
        np.cumsum(length, out=offsets[1:])
        where = np.repeat(starts - offsets[:-1], length) + np.arange(offsets[-1])
        return Counts(offsets, self.elements[where], self.values[where])

    def dense(self, rows: NDArray[Any]) -> IntArray:
        """Return whole numbers of shape (n rows, n elements)."""
        found = np.zeros((len(rows), len(self.symbols)), dtype=np.int64)
        starts, length = self.offsets[rows].astype(np.int64), self.offsets[rows + 1] - self.offsets[rows]
        owner = np.repeat(np.arange(len(rows)), length)
        where = np.arange(len(owner)) + np.repeat(starts - (np.cumsum(length) - length), length)
        found[owner, self.columns[where]] = self.values[where]
        found.flags.writeable = False
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: ANN401 - numpy's own
        found = self.dense(np.arange(len(self)))
        return found if dtype is None else found.astype(dtype)

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401 - whatever an array takes; whole numbers come back
        row, *further = key if isinstance(key, tuple) else (key,)
        if not further:
            rows = np.arange(len(self))[row]
            return self.dense(rows.reshape(-1)).reshape((*rows.shape, len(self.symbols)))
        (column,) = further
        every = isinstance(row, slice) and row == slice(None)
        if every and isinstance(column, int | np.integer):
            return self.column(range(len(self.symbols))[column])
        rows = np.arange(len(self))[row]
        block = self.dense(rows.reshape(-1))
        if isinstance(row, slice) or isinstance(column, slice):
            return block.reshape((*rows.shape, len(self.symbols)))[..., column]
        place, columns = np.broadcast_arrays(
            np.arange(rows.size).reshape(rows.shape), np.arange(len(self.symbols))[column]
        )
        return block[place, columns]

    def __setitem__(self, key: object, value: object) -> None:
        raise ValueError("counts of a table are read-only")

    def sum(self, axis: int | None = None) -> Any:  # noqa: ANN401 - an array or a number, as numpy has it
        """Atoms of each phase (axis 1), of each element (axis 0), or all."""
        return self.total() if axis in {1, -1} else np.asarray(self).sum(axis=axis)

    def __gt__(self, other: Any) -> NDArray[np.bool_]:  # noqa: ANN401 - as an array
        found: NDArray[np.bool_] = np.asarray(self) > other
        return found


class FormulaColumn(TextColumn):
    """Formula units with their counts; its words are all different, in order of first appearance.

    Parameters
    ----------
    words, codes
        As of `TextColumn`; every word a formula unit as `formula_unit` writes it.
    counts : Counts
        Of each row.
    """

    def __init__(self, words: Words, codes: NDArray[Any], counts: Counts) -> None:
        first, ordered = in_order(codes, len(words))
        super().__init__(words if ordered is codes else words.take(codes[first]), ordered)
        self.counts = counts

    @classmethod
    def of(cls, values: Iterable[Any]) -> "FormulaColumn":
        """Read formulas of any spelling, each different one once; they become formula units.

        Raises
        ------
        FormulaError
            If one cannot be read.
        """
        if isinstance(values, FormulaColumn):
            return values
        texts = TextColumn.of(values)
        _, codes = in_order(texts.codes, len(texts.words))
        units = [formula_unit(text) for text in dict.fromkeys(texts)]
        place: dict[str, int] = {}
        code = np.array([place.setdefault(unit, len(place)) for unit in units], dtype=np.int64)[codes.astype(np.int64)]
        return cls(Words.of(list(place)), code, Counts.of(list(place)).take(code))

    def take(self, rows: Iterable[int] | NDArray[Any]) -> "FormulaColumn":
        """Return the column of some rows, in the order given."""
        chosen = rows_of(rows, len(self))
        return FormulaColumn(self.words, self.codes[chosen], self.counts.take(chosen))

    def disagreement(self) -> str:
        """Read every formula again and name the first row whose formula or stored atoms are not what it gives."""
        for word in self.words.tolist():
            if formula_unit(word) != word:
                return f"formula {word!r} is not written as one formula unit ({formula_unit(word)})"
        codes = self.codes.astype(np.int64)
        expected = Counts.of(self.words.tolist()).take(codes)
        wrong = self.counts.n_elements() != expected.n_elements()
        if not wrong.any():
            entries = (self.counts.elements != expected.elements) | (self.counts.values != expected.values)
            wrong[np.searchsorted(self.counts.offsets, np.flatnonzero(entries), side="right") - 1] = True
        if not wrong.any():
            return ""
        row = int(np.flatnonzero(wrong)[0])
        stored = self.counts.take(np.array([row]))
        atoms = {symbol: int(n) for symbol, n in zip(stored.symbols, stored.values, strict=True)}
        return f"row {row + 1} is {self[row]}, its stored atoms are {atoms}"
