"""Between Arrow and the columns of a table, without a Python object per value.

Reading uses neither ``pyarrow.compute`` nor ``to_numpy``, whose imports (of pandas, even) cost more than a large table,
and copies what it keeps: Arrow's own buffers are up to twice as large as what is in them.
"""

import contextlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from licoat.structures.phases.compositions import Counts, FormulaColumn
from licoat.structures.phases.text import TextColumn, Words

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

__all__ = ["STORED", "frugal", "read", "to_arrow", "to_column", "to_counts"]

STORED = ("element_numbers", "element_counts")
"""Columns with the atoms of each phase: atomic numbers, rising, and atoms per formula unit."""


@contextlib.contextmanager
def frugal() -> Iterator[None]:
    """Let Arrow give memory back to the system while a file is read; its usual pool keeps all that it ever needed."""
    import pyarrow as pa

    usual = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(usual)


def read(file: "pq.ParquetFile", name: str) -> "pa.Array":
    """Read one column of a file; one after the other takes less memory than all at once."""
    import pyarrow as pa

    # Without threads: they cost CPU time and memory and gain nothing on columns of this size.
    column = file.read(columns=[name], use_threads=False).column(0)
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def to_arrow(columns: Mapping[str, Any]) -> dict[str, "pa.Array"]:
    """Return columns for a file; a `FormulaColumn` brings its atoms with it."""
    import pyarrow as pa

    found = {name: _written(values) for name, values in columns.items()}
    formulas = columns.get("formula")
    if isinstance(formulas, FormulaColumn):
        counts, offsets = formulas.counts, pa.array(formulas.counts.offsets.astype(np.int32))
        for name, values in zip(STORED, (counts.elements, counts.values), strict=True):
            found[name] = pa.ListArray.from_arrays(offsets, pa.array(values))
    return found


def _written(values: Any) -> "pa.Array":  # noqa: ANN401 - any column
    import pyarrow as pa

    if not isinstance(values, TextColumn):
        return pa.array(values)
    words = pa.array(values.words.tolist(), type=pa.string())
    return words.take(pa.array(values.codes.astype(np.int64))) if len(words) else words


def to_column(array: "pa.Array") -> Any:  # noqa: ANN401 - a text column, an array, or a list of what is neither
    """Return a column as a table holds it."""
    import pyarrow as pa

    kind = array.type
    if kind in {pa.float64(), pa.int64()}:
        return _number_column(array, np.float64 if kind == pa.float64() else np.int64)
    if pa.types.is_null(kind):
        return np.broadcast_to(np.array(np.nan), len(array))
    if array.null_count == 0 and kind == pa.string():
        return TextColumn(_words(array))
    if array.null_count == 0 and kind == pa.dictionary(pa.int32(), pa.string()) and not array.dictionary.null_count:
        return TextColumn(_words(array.dictionary), _buffer(array.indices, np.int32))
    return array.to_pylist()


def to_counts(elements: "pa.Array", atoms: "pa.Array") -> Counts | None:
    """Return the stored atoms of all phases, None if the two columns are not what is written."""
    (places, numbers), (others, counts) = (_lists(array) for array in (elements, atoms))
    if places is None or others is None or not np.array_equal(places, others):
        return None
    if len(numbers) and not (numbers.min() >= 0 and numbers.max() < 256 and counts.min() >= 0 and counts.max() < 2**31):
        return None
    return Counts(places, numbers.astype(np.uint8), counts.astype(np.int32))


def _lists(array: "pa.Array") -> tuple[NDArray[np.int32] | None, NDArray[Any]]:
    """Return where each list begins, and all their numbers; None if it is no column of lists of whole numbers."""
    import pyarrow as pa

    kind = array.type
    nothing = np.zeros(0, dtype=np.int64)
    if not pa.types.is_list(kind) or not pa.types.is_integer(kind.value_type):
        return None, nothing
    if array.null_count or array.values.null_count:
        return None, nothing
    if not len(array):
        return np.zeros(1, dtype=np.int32), nothing
    places = np.frombuffer(array.buffers()[1], np.int32)[array.offset : array.offset + len(array) + 1]
    values = _buffer(array.values, kind.value_type.to_pandas_dtype())
    return places - places[0], values[places[0] : places[-1]]


def _number_column(array: "pa.Array", kind: type) -> NDArray[Any]:
    """Return numbers; what is unknown becomes NaN or -1."""
    values = _buffer(array, kind)
    unknown: NDArray[Any] = np.array(np.nan if kind is np.float64 else -1, dtype=kind)
    if array.null_count:
        bits = np.unpackbits(np.frombuffer(array.buffers()[0], np.uint8), bitorder="little")
        values = np.where(bits[array.offset : array.offset + len(array)] == 1, values, unknown)
    said = values == values if kind is np.float64 else values != -1  # noqa: PLR0124 - NaN
    if not said.any():
        unknown.flags.writeable = False
        return np.broadcast_to(unknown, len(values))  # a column that says nothing takes no memory
    values = values.copy()
    values.flags.writeable = False
    return values


def _words(array: "pa.Array") -> Words:
    _, offsets, data = array.buffers()
    if offsets is None or data is None or not len(array):
        return Words.of([""] * len(array))
    places = np.frombuffer(offsets, np.int32)[array.offset : array.offset + len(array) + 1]
    return Words(np.frombuffer(data, np.uint8)[places[0] : places[-1]].copy(), places - places[0])


def _buffer(array: "pa.Array", kind: Any) -> NDArray[Any]:  # noqa: ANN401 - a kind of number
    buffer = array.buffers()[1]
    if buffer is None or not len(array):
        return np.zeros(0, dtype=kind)
    return np.frombuffer(buffer, kind)[array.offset : array.offset + len(array)]
