"""What a Parquet file declares of itself, looked at before any of it is read.

Two kilobytes can declare millions of rows of one long text, or lists of billions of numbers. Text is therefore read
with its dictionary, in which it stands once, and refused in the one encoding in which every value repeats the one
before (``DELTA_BYTE_ARRAY``): nothing of the size of its values stands in the file.
"""

from typing import TYPE_CHECKING, Final

from licoat.structures.errors import InputFileError, shortened

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

__all__ = ["repeated_texts", "require_bounded", "unpacked_bytes"]

_MOST_COLUMNS: Final = 2000
_MOST_CHUNKS: Final = 100_000
_TEXT: Final = "BYTE_ARRAY"
_REPEATS: Final = "DELTA_BYTE_ARRAY"


def require_bounded(
    metadata: "pq.FileMetaData", where: object, *, most_bytes: int, most_rows: int, most_values: int
) -> None:
    """Refuse a file that is too much by its own words.

    Parameters
    ----------
    metadata : pyarrow.parquet.FileMetaData
    where : object
        Named in errors.
    most_bytes : int
        Of all columns, decompressed.
    most_rows : int
    most_values : int
        Numbers and texts of all columns, those in lists among them.

    Raises
    ------
    InputFileError
    """
    columns, groups = metadata.num_columns, metadata.num_row_groups
    if columns > _MOST_COLUMNS or columns * groups > _MOST_CHUNKS:
        raise InputFileError(f"{where}: {columns} columns in {groups} parts; give a smaller file")
    chunks = [metadata.row_group(i).column(j) for i in range(groups) for j in range(columns)]
    repeats = next((c for c in chunks if _REPEATS in c.encodings and c.physical_type == _TEXT), None)
    if repeats is not None:
        name = shortened(repeats.path_in_schema, 40)
        raise InputFileError(f"{where}: the column {name!r} in the encoding {_REPEATS}; write it anew, as pandas does")
    if sum(max(c.total_uncompressed_size, 0) for c in chunks) > most_bytes:
        raise InputFileError(f"{where}: more than {most_bytes // 2**20} MB when unpacked; give a smaller file")
    values = sum(max(c.num_values, 0) for c in chunks)
    if metadata.num_rows > most_rows or values > most_values:
        raise InputFileError(f"{where}: {metadata.num_rows} rows of {values} values; give a smaller file")


def repeated_texts(metadata: "pq.FileMetaData") -> list[str]:
    """Return the columns of text that stand in the file with a dictionary, by their paths."""
    found: dict[str, None] = {}
    for i in range(metadata.num_row_groups):
        group = metadata.row_group(i)
        for j in range(metadata.num_columns):
            column = group.column(j)
            if column.physical_type == _TEXT and any("DICTIONARY" in name for name in column.encodings):
                found[column.path_in_schema] = None
    return list(found)


def unpacked_bytes(array: "pa.Array") -> int:
    """Return the bytes that an array would take with every text written out."""
    import numpy as np
    import pyarrow as pa

    if pa.types.is_struct(array.type):
        return sum(unpacked_bytes(part) for part in array.flatten())
    if not pa.types.is_dictionary(array.type):
        return int(array.nbytes)
    lengths = np.array([len(text or "") for text in array.dictionary.to_pylist()] or [0], dtype=np.int64)
    codes = array.indices.fill_null(0).to_numpy(zero_copy_only=False)
    return int(lengths[codes].sum()) if len(codes) else 0
