"""What the groups of a layer's quantities have in common: numbers, and a text for each that needs one."""

from collections.abc import Collection
from dataclasses import dataclass, field, fields, replace
from typing import ClassVar, Self

__all__ = ["Group", "LayerQuantity"]

from licoat.structures.rendering import outline


@dataclass(frozen=True, slots=True)
class LayerQuantity:
    """One number of a layer, None if it cannot be known."""

    name: str
    group: str
    value: float | None
    note: str = ""

    __repr__ = outline


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Quantities of one subject; every field that is a number is a quantity, with its unit in the name.

    Attributes
    ----------
    unknown : dict of str to str
        Attribute to what is lacking for it; of those that are None only.
    note : dict of str to str
        Attribute to a remark on its value; of those that have one only.
    """

    group: ClassVar[str] = ""
    meaning: ClassVar[str] = ""
    unknown: dict[str, str] = field(default_factory=dict)
    note: dict[str, str] = field(default_factory=dict)

    __repr__ = outline

    def __post_init__(self) -> None:
        # Texts are given for what may happen; those of what did happen are kept.
        unknown = {name: text for name, text in self.unknown.items() if getattr(self, name) is None}
        note = {name: text for name, text in self.note.items() if getattr(self, name) is not None and text}
        object.__setattr__(self, "unknown", unknown)
        object.__setattr__(self, "note", note)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the names of the quantities, in order."""
        return tuple(each.name for each in fields(cls) if each.type in (float, float | None))

    def quantities(self) -> tuple[LayerQuantity, ...]:
        """Return the quantities, in order."""
        found = []
        for name in self.names():
            value: float | None = getattr(self, name)
            texts = self.unknown if value is None else self.note
            found.append(LayerQuantity(name, self.group, value, texts.get(name, "")))
        return tuple(found)

    def without(self, names: Collection[str], why: str) -> Self:
        """Return the group with some quantities unknown."""
        return replace(self, **dict.fromkeys(names), unknown=self.unknown | dict.fromkeys(names, why))  # type: ignore[arg-type]

    def missing(self) -> tuple[str, ...]:
        """Return a line for every quantity that cannot be known."""
        return tuple(f"unknown: {q.name} ({q.note})" for q in self.quantities() if q.value is None)
