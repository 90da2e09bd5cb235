"""Read files of strangers: bounded in size, length and depth, and nothing in them is ever run or imported."""

import gzip
import json
import math
import unicodedata
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from licoat.structures.errors import InputFileError

__all__ = ["MAX_BYTES", "clean_text", "cut", "finite", "name_of", "parse_json", "parse_lines", "read_bytes", "shown"]

MAX_BYTES: Final = 64 * 2**20
"""Largest file, after decompression; 943 entries with their structures are 7 MB."""

_MAX_CONTAINERS: Final = 4_000_000  # lists and objects of a JSON text: each costs some 60 bytes
_LONGEST_INTEGER: Final = 18
_LONGEST_TEXT: Final = 120
_PATH: Final = 100


def cut(text: object, longest: int = _LONGEST_TEXT) -> str:
    """Return a text on one line, its middle left out where it is long."""
    line = " ".join(str(text)[: 100 * longest].split())
    if len(line) <= longest:
        return line
    half = (longest - 5) // 2
    return f"{line[:half]} ... {line[-half:]}"


def shown(value: object, longest: int = 60) -> str:
    """Return a value as a message quotes it, cut in the middle."""
    if isinstance(value, (dict, list, tuple)):
        return f"{type(value).__name__} of {len(value)}" if len(value) > 4 else cut(repr(value), longest)
    return cut(repr(value[: 100 * longest] if isinstance(value, str) else value), longest)


def clean_text(value: object, longest: int = 200) -> str:
    """Return text without control and invisible characters, at most so long."""
    text = str(value)[: 4 * longest]
    kept = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)
    return " ".join(kept.split())[:longest]


def read_bytes(path: Path) -> bytes:
    """Read a file, decompressed if its name ends in ``.gz``.

    Raises
    ------
    InputFileError
        If it cannot be read, is damaged, or is larger than `MAX_BYTES`.
    """
    try:
        if path.name.lower().endswith(".gz"):
            with gzip.open(path, "rb") as stream:
                data = stream.read(MAX_BYTES + 1)
        else:
            with path.open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        kind = "JSON" if ".json" in path.name.lower() else "gzip file"
        raise InputFileError(f"{name_of(path)}: damaged or truncated {kind} ({cut(error)}); dump it again") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputFileError(f"{name_of(path)}: cannot be read ({cut(reason)})") from error
    if len(data) > MAX_BYTES:
        raise InputFileError(
            f"{name_of(path)}: more than {MAX_BYTES // 2**20} MB (decompressed); give one chemical system at a time"
        )
    return data


def name_of(path: Path) -> str:
    """Return the file's name as messages and sources carry it."""
    return cut(clean_text(path, 4000), _PATH)


def parse_json(data: bytes, where: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """Parse a JSON text to plain lists, dictionaries, texts and numbers.

    Raises
    ------
    InputFileError
        If it is damaged, nested too deeply or made of millions of parts.
    """
    if data.count(b"[") + data.count(b"{") > _MAX_CONTAINERS:
        raise InputFileError(f"{where}: JSON of millions of lists and objects; this holds no energies")
    try:
        return json.loads(data.decode("utf-8-sig"), parse_int=_whole)
    except RecursionError:
        raise InputFileError(
            f"{where}: damaged or truncated JSON (nested too deeply); dump the entries again"
        ) from None
    except ValueError as error:
        raise InputFileError(f"{where}: damaged or truncated JSON ({cut(error)}); dump the entries again") from error


def _whole(text: str) -> int | float:
    """Read a whole number; a giant one is infinite, which every check refuses."""
    return int(text) if len(text) <= _LONGEST_INTEGER else float(text) if len(text) <= 400 else math.inf


def parse_lines(data: bytes, where: str) -> Iterator[Any]:
    """Parse a text with one JSON document a line.

    Raises
    ------
    InputFileError
        If a line is damaged; its number is named.
    """
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip(b"\xef\xbb\xbf \t\r"):
            yield parse_json(line, f"{where}, line {number}")


def finite(value: Any, what: str) -> float:  # noqa: ANN401 - whatever JSON or CSV held
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
