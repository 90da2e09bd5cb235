"""Print constraints that pin every dependency to its lower bound: ``python .ci/lowest.py [EXTRA ...] > lowest.txt``.

Only bounds are read, from pyproject.toml, so that what is tested is what is declared.
"""

import re
import sys
import tomllib
from pathlib import Path

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def lowest(*extras: str) -> list[str]:
    """Return ``name==bound`` for the dependencies of the project and of the named extras.

    Raises
    ------
    SystemExit
        If a dependency has no lower bound.
    """
    found = []
    for requirement in [*PROJECT["dependencies"], *(r for e in extras for r in PROJECT["optional-dependencies"][e])]:
        match = re.fullmatch(r"([\w.-]+)>=([\d.]+)(?:,.*)?", requirement)
        if match is None:
            raise SystemExit(f"pyproject.toml: {requirement!r} is not 'name>=bound'")
        found.append(f"{match[1]}=={match[2]}")
    return found


if __name__ == "__main__":
    print("\n".join(lowest(*sys.argv[1:])))
