"""Files from anywhere as bytes, text, JSON or TOML: bounded in size, depth and digits, and refused in one line."""

import bz2
import json
import lzma
import math
import tomllib
import unicodedata
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from licoat.structures.errors import InputFileError, shortened, shown

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "COMPRESSED",
    "MOST_BYTES",
    "MOST_JSON_BYTES",
    "check_values",
    "clean_text",
    "finite",
    "name_of",
    "parse_json",
    "parse_lines",
    "plain_name",
    "read_bytes",
    "read_text",
    "read_toml",
]

MOST_BYTES = 256 * 2**20
"""Largest file that is read, before and after decompression; a vasprun.xml of a long relaxation is smaller."""
MOST_JSON_BYTES = 64 * 2**20
"""Largest JSON document: in memory it is some ten times as large."""
MOST_TOML_BYTES = 2**20
COMPRESSED = (".gz", ".bz2", ".xz")
_MOST_JSON_PARTS = 4_000_000
"""Most lists and objects of a JSON document: each costs some 60 bytes in memory, of two in the file."""
_MOST_DIGITS = 40
_MOST_DEPTH = 40
_CHUNK = 2**20


def plain_name(path: Path) -> str:
    """Return the name of a file without the ending of its compression."""
    return path.name[: -len(path.suffix)] if path.suffix.lower() in COMPRESSED else path.name


def read_bytes(path: Path, *, most: int = MOST_BYTES) -> bytes:
    """Read a file, decompressed if its ending is ``.gz``, ``.bz2`` or ``.xz``.

    Parameters
    ----------
    path : Path
    most : int
        Largest number of bytes, before and after decompression.

    Raises
    ------
    InputFileError
        If it is missing, too large, empty, or the compressed data are damaged.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(most + 1)
    except (OSError, ValueError) as error:  # a name with a null byte is a ValueError
        raise InputFileError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    ending = path.suffix.lower()
    if len(raw) <= most and ending in COMPRESSED:
        try:
            raw = _decompressed(raw, ending, most)
        except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
            raise InputFileError(f"{path}: the compressed file is damaged or cut short; copy it again") from error
    if len(raw) > most:
        raise InputFileError(f"{path}: more than {most / 2**20:.4g} MB (decompressed); give a smaller file")
    if not raw.strip():
        raise InputFileError(f"{path}: the file is empty")
    return raw


def _decompressed(raw: bytes, ending: str, most: int) -> bytes:
    """Decompress at most one byte more than is allowed, all members of the file one after the other."""
    new: Callable[[], Any] = {
        ".gz": lambda: zlib.decompressobj(wbits=31),
        ".bz2": bz2.BZ2Decompressor,
        ".xz": lambda: lzma.LZMADecompressor(memlimit=MOST_BYTES),
    }[ending]
    found, size = [], 0
    while raw.strip(b"\0"):  # tapes pad with zeros
        member = new()
        while not member.eof and size <= most:
            part = member.decompress(raw, min(_CHUNK, most + 1 - size))
            raw = getattr(member, "unconsumed_tail", b"")
            if not part and not raw and not member.eof:
                raise EOFError(ending)
            found.append(part)
            size += len(part)
        if size > most:
            break
        raw = member.unused_data
    return b"".join(found)


def read_text(path: Path, *, most: int = MOST_BYTES) -> str:
    """Read a text file, in UTF-8 or, as older files are, in Latin-1.

    Raises
    ------
    InputFileError
        As `read_bytes` does, and if it is no text.
    """
    return text_of(read_bytes(path, most=most), path)


def text_of(raw: bytes, path: Path) -> str:
    """Decode the bytes of a text file.

    Raises
    ------
    InputFileError
        If they are no text.
    """
    for mark in (b"\xff\xfe", b"\xfe\xff"):
        if raw.startswith(mark) and b"\0" in raw:
            return raw.decode("utf-16", errors="replace")
    if b"\0" in raw:
        raise InputFileError(f"{path}: not a text file")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("latin-1")  # old files have the names of their authors so


def parse_json(text: str | bytes, where: object) -> Any:  # noqa: ANN401 - any JSON document
    """Read a JSON document as plain Python values: nothing in it is imported, made or run.

    Parameters
    ----------
    text : str or bytes
    where : object
        Named in errors.

    Raises
    ------
    InputFileError
        If it is no JSON, nested too deeply, too large, or holds a whole number of more than 40 digits.
    """
    if len(text) > MOST_JSON_BYTES:
        raise InputFileError(f"{where}: more than {MOST_JSON_BYTES // 2**20} MB of JSON; give a smaller file")

    raw = text.encode(errors="replace") if isinstance(text, str) else text
    if raw.count(b"[") + raw.count(b"{") > _MOST_JSON_PARTS:
        raise InputFileError(f"{where}: JSON of millions of lists and objects; give a smaller file")

    def whole(digits: str) -> int:
        if len(digits) > _MOST_DIGITS:
            raise InputFileError(f"{where}: the whole number {shortened(digits, 30)} has {len(digits)} digits")
        return int(digits)

    try:
        return json.loads(text, parse_int=whole)
    except RecursionError:
        raise InputFileError(f"{where}: JSON nested too deeply") from None
    except InputFileError:
        raise
    except ValueError as error:
        raise InputFileError(f"{where}: cannot be read as JSON ({shortened(str(error), 150)})") from error


def parse_lines(raw: bytes, where: object) -> Iterator[Any]:
    """Read a text with one JSON document a line.

    Raises
    ------
    InputFileError
        As `parse_json` does; the number of the line is named.
    """
    for number, line in enumerate(raw.splitlines(), 1):
        if line.strip(b"\xef\xbb\xbf \t\r"):
            yield parse_json(line, f"{where}, line {number}")


def name_of(path: Path) -> str:
    """Return a file's name as messages and sources carry it: visible characters, at most 100."""
    return shortened(clean_text(path, 4000), 100)


def clean_text(value: object, most: int = 200) -> str:
    """Return a text without control and invisible characters, cut off after so many."""
    text = str(value)[: 4 * most]
    kept = "".join(character if unicodedata.category(character)[0] != "C" else " " for character in text)
    return " ".join(kept.split())[:most]


def finite(value: Any, what: str) -> float:  # noqa: ANN401 - whatever JSON or a table held
    """Return a finite number.

    Raises
    ------
    InputFileError
        If it is none.
    """
    try:
        # Python reads 1_000 and True as numbers; in a table they are slips.
        wrong = isinstance(value, bool) or (isinstance(value, str) and ("_" in value or len(value) > 400))
        result = float("no number" if wrong else value)
    except (TypeError, ValueError, OverflowError):
        raise InputFileError(f"{what} is {shown(value)}, not a number") from None
    if not math.isfinite(result):
        raise InputFileError(f"{what} is {shown(value)}; give a finite number or remove the phase")
    return result


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Parameters
    ----------
    path : Path

    Raises
    ------
    InputFileError
        If it is missing or no TOML, nested too deeply, or holds a whole number of more than 40 digits.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(MOST_TOML_BYTES + 1)
    except (OSError, ValueError) as error:
        raise InputFileError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    if len(raw) > MOST_TOML_BYTES:
        raise InputFileError(f"{path}: more than {MOST_TOML_BYTES // 2**20} MB of TOML; give a smaller file")
    try:
        document = tomllib.loads(raw.decode("utf-8"))
    except RecursionError:
        _too_deep(path)
    except UnicodeDecodeError as error:
        raise InputFileError(f"{path}: not TOML (it is not in UTF-8)") from error
    except tomllib.TOMLDecodeError as error:
        raise InputFileError(f"{path}: not TOML ({shortened(str(error), 150)})") from error
    except ValueError as error:  # Python's own limit of digits, or a date that does not exist
        raise InputFileError(f"{path}: not TOML (a number too long, or a date that does not exist)") from error
    check_values(document, path)
    return document


def check_values(document: object, path: Path) -> None:
    """Refuse depth and digits that no file of settings has, before anybody copies or prints the values.

    Raises
    ------
    InputFileError
        If lists or tables are nested more than 40 deep, or a whole number has more than 40 digits; it is named.
    """
    waiting: list[tuple[Any, str, int]] = [(document, "", 0)]
    while waiting:
        value, key, depth = waiting.pop()
        if depth > _MOST_DEPTH:
            _too_deep(path)
        if isinstance(value, dict):
            waiting += [(part, name, depth + 1) for name, part in value.items()]
        elif isinstance(value, list):
            waiting += [(part, key, depth + 1) for part in value]
        elif isinstance(value, int) and abs(value) >= 10**_MOST_DIGITS:
            raise InputFileError(f"{path}: {shortened(key, 40)} is a whole number of more than {_MOST_DIGITS} digits")


def _too_deep(path: Path) -> NoReturn:
    raise InputFileError(f"{path}: tables or lists nested more than {_MOST_DEPTH} deep") from None
