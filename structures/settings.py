"""Settings from the environment and from files: the data folder, offline mode, and the Materials Project key.

The key is held as a secret type and shown by nothing: not by errors, not by manifests, not by logs.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from licoat.structures.errors import InputFileError, KeyProblemError
from licoat.structures.reading import read_toml

if TYPE_CHECKING:
    from pydantic import SecretStr

__all__ = ["data_folder", "find_key", "offline", "settings_file"]

HOW_TO_SET_A_KEY = (
    "set MP_API_KEY in the environment, or PMG_MAPI_KEY in ~/.config/.pmgrc.yaml (pymatgen's settings), or api_key "
    "under [materials_project] in licoat's settings.toml; a key is free at https://materialsproject.org/api"
)
_KEY = re.compile(r"[A-Za-z0-9]{32}")
_PYMATGEN_LINE = re.compile(r"^\s*['\"]?PMG_MAPI_KEY['\"]?\s*:\s*(.*?)\s*$", re.MULTILINE)


def data_folder() -> Path:
    """Return where snapshots and settings live: ``LICOAT_DATA``, else the user's data folder."""
    chosen = os.environ.get("LICOAT_DATA")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "licoat"


def settings_file() -> Path:
    """Return licoat's settings file."""
    return data_folder() / "settings.toml"


def offline() -> bool:
    """Say whether ``LICOAT_OFFLINE`` forbids the network."""
    return os.environ.get("LICOAT_OFFLINE", "") not in {"", "0"}


def find_key(argument: str | None = None) -> "SecretStr":
    """Find the Materials Project key.

    Parameters
    ----------
    argument : str, optional
        Goes before everything else.

    Returns
    -------
    SecretStr
        From the argument, ``MP_API_KEY``, ``PMG_MAPI_KEY``, pymatgen's settings file or licoat's, in this order.

    Raises
    ------
    KeyProblemError
        If there is none, or the first one found is not 32 letters and digits; it is not shown.
    """
    from pydantic import SecretStr

    for place, text in _places(argument):
        key = text.strip()
        if not key:
            continue
        if not _KEY.fullmatch(key):
            raise KeyProblemError(
                f"the Materials Project key from {place} is not 32 letters and digits; {HOW_TO_SET_A_KEY}"
            )
        return SecretStr(key)
    raise KeyProblemError(f"no Materials Project key: {HOW_TO_SET_A_KEY}")


def _places(argument: str | None) -> Iterator[tuple[str, str]]:
    """Places of a key in their order, with what stands there."""
    yield "the argument", argument or ""
    for name in ("MP_API_KEY", "PMG_MAPI_KEY"):
        yield name, os.environ.get(name, "")
    own = os.environ.get("PMG_CONFIG_FILE")
    files = [Path(own)] if own else [Path.home() / ".config" / ".pmgrc.yaml", Path.home() / ".pmgrc.yaml"]
    for path in files:
        if path.is_file():
            found = _PYMATGEN_LINE.search(path.read_text(encoding="utf-8", errors="replace"))
            value = found.group(1).partition(" #")[0].strip() if found else ""
            yield path.name, value.strip("'\"")
    path = settings_file()
    if path.is_file():
        yield path.name, _from_settings(path)


def _from_settings(path: Path) -> str:
    try:
        section = read_toml(path).get("materials_project", {})
    except InputFileError:
        raise KeyProblemError(f"{path} is not TOML; {HOW_TO_SET_A_KEY}") from None
    return str(section.get("api_key", "")) if isinstance(section, dict) else ""
