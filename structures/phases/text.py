"""Columns of text: each different text once, packed as UTF-8, and one whole number per row that names it.

A column of a large table is no Python list: 150,000 texts of ten letters are 2 MB here and 12 MB as a tuple, and
nothing is made of them before somebody asks.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from licoat.structures.rendering import brief

__all__ = ["TextColumn", "Words", "in_order", "rows_of"]

Integers = NDArray[Any]
_SCANS = 16
"""Words that are looked for one by one; whoever asks for more gets a dictionary, which costs memory."""
_CHUNK = 4096


class Words:
    """Texts packed end to end.

    Parameters
    ----------
    data : ndarray of uint8
        UTF-8 of all texts.
    offsets : ndarray of int, shape (n + 1,)
        Where each begins, and where the last ends.
    """

    def __init__(self, data: NDArray[np.uint8], offsets: Integers) -> None:
        self.data, self.offsets = data, offsets
        self._list: list[str] | None = None
        self._place: dict[str, int] | None = None
        self._asked = 0

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Words":
        """Pack texts."""
        encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
        offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(text) for text in encoded], out=offsets[1:])
        found = cls(np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets)
        found._list = list(texts)  # they are there already
        return found

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, i: int) -> str:
        if self._list is not None:
            return self._list[i]
        return self.data[self.offsets[i] : self.offsets[i + 1]].tobytes().decode("utf-8", "surrogatepass")

    def tolist(self) -> list[str]:
        """Return all texts; they are kept, since who asks once asks again."""
        if self._list is None:
            raw, stops = self.data.tobytes(), self.offsets.tolist()
            if raw.isascii():
                text = raw.decode("ascii")
                self._list = [text[i:j] for i, j in pairwise(stops)]
            else:
                self._list = [raw[i:j].decode("utf-8", "surrogatepass") for i, j in pairwise(stops)]
        return self._list

    def find(self, word: object) -> int:
        """Return the place of the first such text, -1 if there is none."""
        if not isinstance(word, str):
            return -1
        if self._place is None and self._list is None and self._asked < _SCANS:
            self._asked += 1
            return self._scan(word.encode("utf-8", "surrogatepass"))
        if self._place is None:
            texts = self.tolist()
            self._place = dict(zip(reversed(texts), range(len(texts) - 1, -1, -1), strict=True))
        return self._place.get(word, -1)

    def _scan(self, word: bytes) -> int:
        starts = self.offsets[:-1]
        rows = np.flatnonzero(self.offsets[1:] - starts == len(word))
        for k, byte in enumerate(word):
            rows = rows[self.data[starts[rows] + k] == byte]
        return int(rows[0]) if len(rows) else -1

    def take(self, rows: Integers) -> "Words":
        """Return the texts of some rows."""
        starts = self.offsets[rows].astype(np.int64)
        length = self.offsets[rows + 1] - starts
        offsets = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(length, out=offsets[1:])
        where = np.repeat(starts - offsets[:-1], length) + np.arange(offsets[-1])
        return Words(self.data[where], offsets)

    def twice(self) -> str | None:
        """Return the first text that stands a second time, None if all differ."""
        marks = np.sort(self._marks())
        if not (marks[1:] == marks[:-1]).any():
            return None  # different marks are different texts
        return _first_twice(self.tolist())

    def _marks(self) -> NDArray[np.uint64]:
        """One number per text: its bytes with random weights, summed modulo 2^64."""
        start, stop = self.offsets[:-1], self.offsets[1:]
        length = stop - start
        result = length.astype(np.uint64)
        weights = np.random.default_rng(7).integers(0, 2**64, size=int(length.max(initial=0)), dtype=np.uint64)
        filled = np.flatnonzero(length)
        for first in range(0, len(filled), _CHUNK):  # in pieces, since each byte becomes eight
            rows = filled[first : first + _CHUNK]
            begin, n = start[rows], length[rows]
            heads = np.cumsum(n) - n
            position = np.arange(int(n.sum())) - np.repeat(heads, n)
            letters = self.data[np.repeat(begin, n) + position].astype(np.uint64) + np.uint64(1)
            result[rows] += np.add.reduceat(letters * weights[position], heads)
        return result


class TextColumn(Sequence[str]):
    """A read-only column of text; reads, iterates and compares like a tuple of str.

    Parameters
    ----------
    words : Words
    codes : ndarray of int, optional
        Which of the words stands in each row; without, each in its own.
    """

    def __init__(self, words: Words, codes: Integers | None = None) -> None:
        self.words = words
        self._codes = None if codes is None else _smallest(codes, len(words))

    @classmethod
    def of(cls, values: Iterable[Any]) -> "TextColumn":
        """Make a column of any values; None and NaN are unknown, which is the empty text."""
        if isinstance(values, TextColumn):
            return values
        place: dict[str, int] = {}
        codes = [place.setdefault(text, len(place)) for text in map(_text, values)]
        return cls(Words.of(list(place)), None if len(place) == len(codes) else np.array(codes, dtype=np.int64))

    @classmethod
    def constant(cls, text: str, n: int) -> "TextColumn":
        """Make a column of one text."""
        return cls(Words.of([text]), np.broadcast_to(np.zeros((), dtype=np.uint8), n))  # no memory

    @property
    def codes(self) -> Integers:
        """Which of `words` stands in each row."""
        return np.arange(len(self.words)) if self._codes is None else self._codes

    def __len__(self) -> int:
        return len(self.words) if self._codes is None else len(self._codes)

    def __iter__(self) -> Iterator[str]:
        words = self.words.tolist()
        return iter(words) if self._codes is None else map(words.__getitem__, self._codes.tolist())

    @overload
    def __getitem__(self, row: int) -> str: ...
    @overload
    def __getitem__(self, row: slice) -> "TextColumn": ...
    def __getitem__(self, row: int | slice) -> "str | TextColumn":
        if isinstance(row, slice):
            return self.take(range(*row.indices(len(self))))
        if self._codes is not None:
            return self.words[self._codes[row]]
        n = len(self.words)
        if not -n <= row < n:
            raise IndexError(f"row {row} of {n}")
        return self.words[row % n]

    def __contains__(self, text: object) -> bool:
        return self._first(text) is not None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TextColumn | tuple | list):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return brief(self, f"of {len(self)} rows: {', '.join(repr(self[i]) for i in range(min(3, len(self))))}")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: ANN401 - numpy's own
        if copy is False:
            raise ValueError("an array of texts is made, so it is a copy")
        return np.array(self.words.tolist(), dtype=dtype or str)[self.codes]

    def index(self, value: object, start: int = 0, stop: int | None = None) -> int:
        """Return the first row of a text.

        Raises
        ------
        ValueError
            If it is nowhere.
        """
        row = self._first(value) if start == 0 and stop is None else None
        if row is None:
            return tuple(self).index(value, start, len(self) if stop is None else stop)
        return row

    def count(self, value: object) -> int:
        """Return in how many rows a text stands."""
        return sum(text == value for text in self)

    def _first(self, text: object) -> int | None:
        code = self.words.find(text)
        if code < 0 or self._codes is None:
            return None if code < 0 else code
        rows = np.flatnonzero(self._codes == code)
        return int(rows[0]) if len(rows) else None

    def twice(self) -> str | None:
        """Return the first text that stands a second time, None if all differ."""
        return self.words.twice() if self._codes is None else _first_twice(self)

    def take(self, rows: Iterable[int] | Integers) -> "TextColumn":
        """Return the column of some rows, in the order given."""
        chosen = rows_of(rows, len(self))
        if self._codes is None:
            return TextColumn(self.words.take(chosen))
        return TextColumn(self.words, self._codes[chosen])

    def each(self, function: Callable[[str], float]) -> NDArray[np.float64]:
        """Return a number per row; the function is called once per different text that is there."""
        codes = self.codes
        values = np.full(len(self.words), np.nan)
        for code in np.unique(codes).tolist():
            values[code] = function(self.words[code])
        found: NDArray[np.float64] = values[codes]
        return found

    def where(self, mask: NDArray[np.bool_], other: "TextColumn") -> "TextColumn":
        """Return this column with the texts of another one, row by row, where the mask is true."""
        words = Words.of([*self.words.tolist(), *other.words.tolist()])
        return TextColumn(words, np.where(mask, other.codes.astype(np.int64) + len(self.words), self.codes))


def in_order(codes: Integers, n: int) -> tuple[Integers, Integers]:
    """Give codes new numbers, in order of first appearance.

    Returns
    -------
    first : ndarray
        Row in which each code that is there appears first.
    codes : ndarray
        The new codes.
    """
    highest = np.maximum.accumulate(codes) if len(codes) else codes
    steps = np.diff(highest, prepend=codes.dtype.type(0)) if len(codes) else codes
    if len(codes) and codes[0] == 0 and highest[-1] == n - 1 and steps.max() <= 1:
        return np.concatenate([[0], np.flatnonzero(steps)]), codes
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return first[order], rank[inverse]


def rows_of(rows: Iterable[int] | Integers, n: int) -> Integers:
    """Return rows of a table of n as whole numbers from 0; negative ones count from the end."""
    array = rows if isinstance(rows, np.ndarray) else np.array(list(rows))
    return np.arange(n)[array if array.size else array.astype(np.int64)]


def _first_twice(texts: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for text in texts:
        if text in seen:
            return text
        seen.add(text)
    return None


def _smallest(codes: Integers, n: int) -> Integers:
    """Return codes in the smallest whole numbers that hold n of them, read-only."""
    kind = np.min_scalar_type(max(n - 1, 0))
    small = (codes if codes.strides == (0,) else codes.astype(kind, copy=False)).view()
    small.flags.writeable = False
    return small


def _text(value: object) -> str:
    return "" if value is None or value != value else str(value)  # noqa: PLR0124 - NaN
