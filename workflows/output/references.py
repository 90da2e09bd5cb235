"""The sources that a result rests on, as BibTeX, and a paragraph of methods that cites them."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from licoat.structures.reading import read_toml
from licoat.structures.rendering import outline
from licoat.workflows.output.exports import escape_latex
from licoat.workflows.output.neutral import plain_text

__all__ = ["Reference", "bibliography", "cited", "methods", "sources_of"]

FILE = Path(__file__).parents[1] / "data" / "references.toml"

_QUALITY = re.compile(r"\s*\[[A-C]\]$")
_OF_COMPOUND = re.compile(r"^[A-Z][A-Za-z0-9]*: ")
_NO_SOURCES = re.compile(
    r"^$|^nowhere$|^metal(lic element|s alone form a metal)|^definition|^volumes of |^builtin\b|^measured\b|^mp\b"
    r"|^file:|^computed$|^(experiment|no data)$"
)
"""What stands in a column of sources and names a rule or a table, not a publication."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One entry of the bibliography.

    Attributes
    ----------
    key : str
        For ``[@key]`` and the cite command of LaTeX.
    bib : str
        The BibTeX entry.
    """

    key: str
    bib: str

    __repr__ = outline


@cache
def _known() -> tuple[tuple[re.Pattern[str], Reference], ...]:
    rows = read_toml(FILE)["reference"]
    return tuple((re.compile(row["match"]), Reference(row["key"], row["bib"].strip())) for row in rows)


def sources_of(document: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON-able document
    """Yield every source of a JSON-able document: the values of its keys ``source``, ``sources``, ``*_source``.

    Parameters
    ----------
    document : dict, list or plain value
        What a result's ``to_dict`` gives.
    """
    if isinstance(document, Mapping):
        for key, value in document.items():
            if key == "scheme" and isinstance(value, str):
                yield f"scheme:{value}"
            elif key == "reason" and isinstance(value, str):
                yield f"reason:{value}"
            elif (key in {"source", "sources"} or str(key).endswith("_source")) and not isinstance(value, Mapping):
                yield from _texts(value)
            elif key == "sources" and isinstance(value, Mapping):
                yield from (text for name, part in value.items() if name != "reaction" for text in _texts(part))
            else:
                yield from sources_of(value)
    elif isinstance(document, list | tuple):
        for part in document:
            yield from sources_of(part)


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - a text, or several
    """Split what names the sources of several compounds: ``Li3Sb: MPEL [A]; Li2O: LIT [B]``."""
    if isinstance(value, str):
        # A semicolon also stands inside of sources; only before the next compound does it part two of them.
        for part in re.split(r"; (?=[A-Z][A-Za-z0-9]*: )", value):
            text = _QUALITY.sub("", _OF_COMPOUND.sub("", part) if not part.startswith("LIT:") else part).strip()
            if not _NO_SOURCES.search(text):
                yield text


def cited(sources: Iterable[str]) -> tuple[Reference, ...]:
    """Return the references of some sources, each once: known ones in full, others by the words of the data.

    Parameters
    ----------
    sources : iterable of str
        As `sources_of` yields them.
    """
    found: dict[str, Reference] = {}
    for text in dict.fromkeys(sources):
        known = [reference for pattern, reference in _known() if pattern.search(text)]
        if not known and not text.startswith(("scheme:", "reason:")):
            known = [_by_its_words(text)]
        found |= {reference.key: reference for reference in known}
    return tuple(found[key] for key in sorted(found))


def _by_its_words(text: str) -> Reference:
    """Return an entry for a source of which the data give a name only."""
    key = f"source-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    words = escape_latex(plain_text(text))
    return Reference(key, f"@misc{{{key},\n  note = {{Source as named in the data of licoat: {words}}}\n}}")


def bibliography(references: Iterable[Reference]) -> str:
    """Write references as a BibTeX file."""
    return "\n\n".join(reference.bib for reference in references) + "\n"


_ENERGIES = {
    "mp2020": "energies of the machine-learned potential SevenNet-l3i5 [@park2024], trained on PBE [@perdew1996] data "
    "of the Materials Project [@jain2013], with its MP2020 corrections [@wang2021] as pymatgen [@ong2013] applies them",
    "none": "uncorrected energies of the machine-learned potential SevenNet-l3i5 [@park2024], trained on PBE "
    "[@perdew1996]",
    "r2scan": "energies of the machine-learned potential SevenNet-MF-0 [@park2024] at its r2SCAN level [@furness2020]",
    "hybrid": "r2SCAN-level energies [@furness2020] of a machine-learned potential [@park2024], and PBE+U energies "
    "[@perdew1996] with MP2020 corrections [@wang2021; @ong2013] for systems with Co, Cr, Fe, Mn, Mo, Ni, V or W",
    "fitted": "r2SCAN-level [@furness2020] and corrected PBE+U energies [@perdew1996; @wang2021; @ong2013] of a "
    "machine-learned potential [@park2024], less the errors that measured enthalpies teach",
}


def methods(
    what: str,
    sources: Mapping[str, str],
    references: Iterable[Reference],
    *,
    anode: str = "Li",
    more: Iterable[str] = (),
    end_states: bool = True,
) -> str:
    """Write a paragraph of methods in Markdown, with citations by the keys of the bibliography.

    Parameters
    ----------
    what : str
        What was computed, as the first sentence.
    sources : mapping of str to str
        Name of each table of phases to its scheme.
    references : iterable of Reference
    anode : str
    more : iterable of str
        Further sentences.
    end_states : bool
        Whether products were found from a hull; False where the user wrote them down.

    Returns
    -------
    str
        Versions of the programs stand in it; only keys that are in the bibliography are cited.
    """
    keys = {reference.key for reference in references}
    sentences = [what]
    for name, scheme in sources.items():
        level = scheme.rpartition("/")[2] if "sevennet" in scheme or "7net" in scheme or name == "builtin" else ""
        about = f": {_ENERGIES[level]}" if level in _ENERGIES else ""
        sentences.append(f"Phases are those of the source {name}, scheme {scheme}{about}.")
    hull = (
        f"End states are equilibria with {anode} metal on the convex hull of each chemical system at 0 K, of compounds "
        "that have been made."
    )
    sentences += [hull] if end_states else []
    sentences.append("Sigma is one standard deviation against measurement, by class of compound.")
    sentences += more
    programs = ", ".join(f"{name} {version(name)}" for name in ("licoat", "numpy", "scipy"))
    sentences.append(f"Computed with {programs}.")
    text = re.sub(r" \[(@[^\]]+)\]", lambda match: _kept(match.group(1), keys), " ".join(sentences))
    others = [f"[@{key}]" for key in sorted(keys) if f"@{key}" not in text]
    tail = f"\n\nValues of single compounds were taken from {', '.join(others)}." if others else ""
    return f"# Methods\n\n{plain_text(text)}{tail}\n"


def _kept(citation: str, keys: set[str]) -> str:
    """Return a citation with the keys that the bibliography has."""
    inside = [key for key in citation.split("; ") if key[1:] in keys]
    return f" [{'; '.join(inside)}]" if inside else ""
