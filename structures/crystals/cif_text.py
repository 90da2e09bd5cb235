"""The text of a CIF as blocks of values, and the symmetry that a block says."""

import re
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from licoat.structures.errors import InputFileError, shortened, shown

__all__ = ["Block", "Operations", "blocks_of", "first", "listed_operations"]

Block = dict[str, list[str]]
"""Values by name; a name outside a loop has one. Names are in lower case with ``_`` for ``.``."""
Operations = NDArray[np.float64]
"""Shape (n, 3, 4): rotation and translation in fractional coordinates."""

_LONGEST_WORD = 2048
_MOST_OPERATIONS = 4000
_TOKEN = re.compile(
    r"""(?:^;(?P<field>.*?)(?:^;|\Z))|\#[^\n]*|'(?P<single>[^\n]*?)'(?=\s|\Z)|"(?P<double>[^\n]*?)"(?=\s|\Z)"""
    r"""|(?P<bare>\S+)""",
    re.DOTALL | re.MULTILINE,
)
_TERM = re.compile(
    r"(?P<sign>[+-]?)(?:(?P<axis>[xyzabc])|(?P<number>\d{1,6}(?:\.\d{0,12})?|\.\d{1,12})(?:/(?P<by>\d{1,3}))?)"
)
_OPERATIONS = (
    "_space_group_symop_operation_xyz",
    "_symmetry_equiv_pos_as_xyz",
    "_space_group_symop_magn_operation_xyz",
)
_CENTRINGS = "_space_group_symop_magn_centering_xyz"
_MOST_CHARACTERS = 16 * 2**20
_LONGEST_LINE = 4096


def blocks_of(text: str) -> Iterator[tuple[str, Block]]:
    """Yield name and values of each ``data_`` block.

    Raises
    ------
    InputFileError
        If a word is longer than any that a CIF needs, or a loop has values left over.
    """
    name, block = "", _Open()
    for word, quoted in _words(text):
        lower = word.lower()
        if not quoted and lower.startswith("data_"):
            block.close()
            if block.values:
                yield name, block.values
            name, block = word[5:], _Open()
        elif not quoted and lower == "loop_":
            block.close()
            block.in_loop = True
        elif not quoted and word.startswith("_"):
            block.name(lower.replace(".", "_"))
        else:
            block.value(word)
    block.close()
    if block.values:
        yield name, block.values


class _Open:
    """A block while it is read."""

    def __init__(self) -> None:
        self.values = Block()
        self.in_loop = False
        self._heads: list[str] = []
        self._loop: list[str] = []
        self._pending = ""

    def name(self, name: str) -> None:
        """Take a name, of a column if a loop has begun and has no values yet."""
        if self.in_loop and not self._loop:
            self._heads.append(name)
        else:
            self.close()
            self._pending = name

    def value(self, word: str) -> None:
        """Take a value; one that belongs to no name is left out."""
        if self.in_loop:
            self._loop.append(word)
        elif self._pending:
            self.values.setdefault(self._pending, [word])
            self._pending = ""

    def close(self) -> None:
        """End a loop, if one is open."""
        heads, loop = self._heads, self._loop
        if heads and len(loop) % len(heads):
            raise InputFileError(
                f"the loop of {shown(heads[0])} has {len(loop)} values for {len(heads)} columns; is the file cut short?"
            )
        for i, head in enumerate(heads):
            self.values.setdefault(head, loop[i :: len(heads)])
        self._heads, self._loop, self._pending, self.in_loop = [], [], "", False


def _words(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the values and names of a CIF, and whether each stood in quotes."""
    if len(text) > _MOST_CHARACTERS:
        raise InputFileError(f"more than {_MOST_CHARACTERS // 2**20} MB of CIF; give the one structure alone")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    longest = max(text.split("\n"), key=len)
    if len(longest) > _LONGEST_LINE:  # the search for closing quotes grows with the square of a line
        raise InputFileError(f"a line of {len(longest)} characters, {shortened(longest, 40)!r}; no CIF needs it")
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        if kind is None:  # a comment
            continue
        word = match[kind]
        if kind != "field" and len(word) > _LONGEST_WORD:
            raise InputFileError(f"a word of {len(word)} characters, {shortened(word, 40)!r}; no CIF needs it")
        yield word.strip() if kind != "bare" else word, kind != "bare"


def first(block: Block, *names: str) -> str:
    """Return the first value that is said under one of some names, empty if there is none."""
    for name in names:
        for value in block.get(name, ())[:1]:
            if value.strip() not in {"", "?", "."}:
                return value.strip()
    return ""


def listed_operations(block: Block) -> Operations | None:
    """Return the symmetry operations that a block lists, None if it lists none.

    Those of a magnetic space group count without their reversal of time.

    Raises
    ------
    InputFileError
        If one cannot be read; it is quoted.
    """
    texts = next((block[name] for name in _OPERATIONS if block.get(name)), [])
    texts = [text for text in texts if text.strip() not in {"?", "."}]
    if not texts:
        return None
    centrings = block.get(_CENTRINGS, ["x,y,z"])
    if len(texts) * len(centrings) > _MOST_OPERATIONS:
        raise InputFileError(f"{len(texts) * len(centrings)} symmetry operations; no space group needs so many")
    operations = [_operation(text) for text in texts]
    found = [_product(_operation(c), o) for c in centrings for o in operations] if len(centrings) > 1 else operations
    unique = {tuple(np.round(np.c_[o[:, :3], o[:, 3] % 1.0 % 0.99999], 4).ravel()): o for o in found}
    return np.array(list(unique.values()))


def _operation(text: str) -> NDArray[np.float64]:
    """Read ``-x+1/2, y, z``; a fourth part of a magnetic operation is its reversal of time."""
    parts = text.lower().replace(" ", "").replace("_", "").split(",")
    if len(parts) not in {3, 4} or (len(parts) == 4 and parts[3] not in {"+1", "-1", "1"}):
        raise InputFileError(f"the symmetry operation {shown(text)} has not three parts such as 'x, y, z'")
    rows = np.zeros((3, 4))
    for row, part in zip(rows, parts, strict=False):
        at = 0
        for term in _TERM.finditer(part):
            if term.start() != at or (at and not term["sign"]):
                break
            at = term.end()
            sign = -1.0 if term["sign"] == "-" else 1.0
            if term["axis"]:
                row["xyzabc".index(term["axis"]) % 3] += sign
            elif term["by"] and not int(term["by"]):
                break
            else:
                row[3] += sign * float(term["number"]) / int(term["by"] or 1)
        else:
            if at == len(part) and part:
                continue
        raise InputFileError(
            f"the symmetry operation {shown(text)} cannot be read; expected one such as '-x+1/2, y, z'"
        )
    if abs(abs(np.linalg.det(rows[:, :3])) - 1.0) > 1e-9:
        raise InputFileError(
            f"the symmetry operation {shown(text)} changes the volume; expected one such as '-x, y, z'"
        )
    rows[:, 3] = np.round(rows[:, 3] * 24.0) / 24.0 if _near_24th(rows[:, 3]) else rows[:, 3]
    return rows


def _near_24th(translation: NDArray[np.float64]) -> bool:
    """Say whether a translation written 0.333 or 0.6667 is a third, sixth, eighth ... of the axis."""
    return bool(np.abs(translation * 24.0 - np.round(translation * 24.0)).max() < 24.0 * 7e-4)


def _product(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = np.c_[left[:, :3] @ right[:, :3], left[:, :3] @ right[:, 3] + left[:, 3]]
    return found
