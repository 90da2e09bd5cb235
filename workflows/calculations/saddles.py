"""Leave saddle points: what was relaxed from a symmetric start is relaxed again without its symmetry.

Forces that symmetry forbids are zero also where the energy has no minimum, so a relaxation that starts on a symmetric
structure may end on a saddle point and look converged. For a crystal that has been reported the symmetry is part of
what it is; for any other one it is an assumption.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from licoat.structures.crystals.crystal import Crystal
from licoat.structures.rendering import outline
from licoat.workflows.calculations.store import OK
from licoat.workflows.calculations.tasks import Run, Task

__all__ = ["DISPLACE", "LOWER_EV_PER_ATOM", "Descent", "descend"]

DISPLACE = ("none", "unreported", "all")
"""Which phases are relaxed a second time: none, those that nobody says are known, all."""

LOWER_EV_PER_ATOM = 1e-3
"""A second structure that is lower by less is the same one, relaxed to the same thresholds."""


@dataclass(frozen=True, slots=True)
class Descent:
    """What came of relaxing a structure a second time.

    Attributes
    ----------
    record : dict
        Of the structure to use: the second if it lies lower by more than 1 meV per atom, else the first. Steps are
        those of both, the volume at the start is that of the first.
    change_ev_per_atom : float or None
        Energy of the second structure minus that of the first; None if the second did not converge.
    reason : str
        Why the second did not converge.
    """

    record: dict[str, Any]
    change_ev_per_atom: float | None
    reason: str = ""

    __repr__ = outline

    @property
    def left_saddle(self) -> bool:
        """Whether the second structure is the one to use."""
        return self.change_ev_per_atom is not None and self.change_ev_per_atom < -LOWER_EV_PER_ATOM


def descend(first: Mapping[str, dict[str, Any]], tasks: Iterable[Task], run: Run) -> Mapping[str, Descent]:
    """Displace relaxed structures at random, relax them again, and find the lower of the two.

    Parameters
    ----------
    first : mapping of str to dict
        Records of the first relaxations by key, see `licoat.workflows.calculations.tasks.run_tasks`.
    tasks : iterable of Task
        Relaxations whose results are displaced; those that did not converge are passed over.
    run : callable
        Takes tasks and their kind, returns their records by key.

    Returns
    -------
    mapping of str to Descent
        By key of the first relaxation; made from the records when asked for.
    """
    second = {}
    for task in tasks:
        if first[task.key]["status"] == OK:
            found = Crystal.from_dict(first[task.key]["result"]["structure"], task.name)
            second[task.key] = Task.of(f"{task.name}, displaced", found.displaced(), task.calculator, task.settings)
    records = run(second.values(), "relaxing displaced")
    return _Descents(first, records, {key: task.key for key, task in second.items()})


class _Descents(Mapping[str, Descent]):
    """Descents by key of the first relaxation, from records that may lie on disk."""

    def __init__(self, first: Mapping[str, Any], second: Mapping[str, Any], keys: Mapping[str, str]) -> None:
        self._first, self._second, self._keys = first, second, keys

    def __getitem__(self, key: str) -> Descent:
        return _lower(self._first[key], self._second[self._keys[key]])

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def _lower(first: dict[str, Any], second: dict[str, Any]) -> Descent:
    if second["status"] != OK:
        return Descent(first, None, str(second["reason"]))
    old, new = first["result"], second["result"]
    descent = Descent(first, new["energy_ev_per_atom"] - old["energy_ev_per_atom"])
    if not descent.left_saddle:
        return descent
    result = new | {
        "steps": old["steps"] + new["steps"],
        "volume_start_a3_per_atom": old["volume_start_a3_per_atom"],
    }
    return Descent(second | {"result": result}, descent.change_ev_per_atom)
