"""Screening criteria: declared in TOML, answered with pass, fail, uncertain or unknown."""

import math
import os
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from licoat.structures.chemistry.anode import Anode
from licoat.structures.chemistry.anode import anode as anode_metal
from licoat.structures.errors import CriteriaError, InputFileError, require, shortened, shown
from licoat.structures.reading import read_toml
from licoat.structures.rendering import outline

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "DEFAULT_PROFILE",
    "PROFILES",
    "Criterion",
    "Measure",
    "State",
    "Verdict",
    "criteria_for",
    "evaluate",
    "holds",
    "load_criteria",
    "profile_description",
    "profile_file",
]

DEFAULT_PROFILE = "separator"
PROFILES = (DEFAULT_PROFILE, "host", "barrier")
"""Names of the criteria files that ship: what published coatings of lithium are meant to do."""
Operator = Literal[">", ">=", "<", "<="]


class State(StrEnum):
    """Answer to one criterion. `UNKNOWN` means no data and never counts as a failure."""

    PASS = "pass"  # noqa: S105 - not a password
    FAIL = "fail"
    UNCERTAIN = "uncertain"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion.

    Attributes
    ----------
    name : str
        Name in tables and ledger.
    quantity : str
        Column that is compared; its unit is in its name.
    comparison : {">", ">=", "<", "<="}
    threshold : float
        In the unit of the quantity.
    weight : float
        Share in the score, above 0.
    objective : bool
        Whether the quantity spans the Pareto front.
    reason : str
        Why this threshold.
    source : str
        Where the threshold comes from.
    """

    name: str
    quantity: str
    comparison: Operator
    threshold: float
    weight: float = 1.0
    objective: bool = False
    reason: str = ""
    source: str = ""

    __repr__ = outline

    @property
    def higher_is_better(self) -> bool:
        """True if large values pass."""
        return self.comparison in {">", ">="}

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Measure:
    """A quantity of one oxide as a criterion sees it.

    Attributes
    ----------
    value, sigma : float or None
        The number and one standard deviation.
    low, high : float or None
        Without a value: limits of what is known only in part (volume fractions with an unknown phase). With a value:
        the ends of a band within which every number is as likely (a resistivity in decades).
    source : str
        Where it comes from.
    missing : str
        What is missing, if the value is None.

    Notes
    -----
    What is no finite number becomes None here, so that callers need not ask: a NaN would fail every comparison. A
    sigma that is NaN, infinite or negative is None too, as if none had been given.
    """

    value: float | None
    sigma: float | None = None
    low: float | None = None
    high: float | None = None
    source: str = ""
    missing: str = ""

    def __post_init__(self) -> None:
        for name in ("value", "sigma", "low", "high"):
            number = getattr(self, name)
            if number is not None and (not math.isfinite(number) or (name == "sigma" and number < 0.0)):
                object.__setattr__(self, name, None)
                if name == "value" and not self.missing:
                    object.__setattr__(self, "missing", f"{number} is no number")

    __repr__ = outline


@dataclass(frozen=True, slots=True)
class Verdict:
    """State of one criterion for one oxide, with everything that led to it."""

    state: State
    value: float | None
    sigma: float | None
    threshold: float
    probability: float | None
    source: str
    note: str

    __repr__ = outline

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return {name: getattr(self, name) for name in self.__slots__} | {"state": self.state.value}


def load_criteria(path: str | Path | None = None) -> tuple[Criterion, ...]:
    """Read criteria from a TOML file.

    Parameters
    ----------
    path : str or Path, optional
        Those of the profile ``separator`` without.

    Returns
    -------
    tuple of Criterion
        In the order of the file, which is the order of the funnel.

    Raises
    ------
    CriteriaError
        If the file cannot be read or a criterion is not usable; it is named.
    """
    from pydantic import BaseModel, ConfigDict, Field, ValidationError

    class _Row(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)
        name: str = Field(min_length=1)
        quantity: str = Field(min_length=1)
        comparison: Operator
        threshold: float = Field(allow_inf_nan=False)
        weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
        objective: bool = False
        reason: str = ""
        source: str = ""

    class _File(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)
        description: str = ""
        criterion: list[_Row] = Field(min_length=1)

    require(path, (str, os.PathLike, type(None)), "criteria must be a file (a path)")
    path = profile_file(DEFAULT_PROFILE) if path is None else Path(path)
    try:
        document = read_toml(path)
    except InputFileError as error:
        raise CriteriaError(f"criteria file {error}") from error
    try:
        rows = _File.model_validate(document).criterion
    except ValidationError as error:
        first = min(error.errors(), key=lambda e: e["type"] != "extra_forbidden")  # a foreign key explains the rest
        place = shortened(".".join(str(part) for part in first["loc"]), 60)
        raise CriteriaError(
            f"criteria file {path}: {place}: {first['msg']}; expected [[criterion]] tables with name, quantity, "
            "comparison (> >= < <=), threshold and optionally weight, objective, reason, source"
        ) from error
    names = [row.name for row in rows]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise CriteriaError(f"criteria file {path}: criterion {shown(twice)} stands twice")
    return tuple(Criterion(**row.model_dump()) for row in rows)


def profile_file(profile: str) -> Path:
    """Return the criteria file of a profile.

    Raises
    ------
    CriteriaError
        If there is no such profile; those that there are are named.
    """
    if profile not in PROFILES:
        raise CriteriaError(f"no profile {shown(profile)}: expected {', '.join(PROFILES)}")
    return Path(__file__).parents[1] / "data" / f"criteria_{profile}.toml"


def profile_description(profile: str) -> str:
    """Return in one line what a profile looks for."""
    return str(read_toml(profile_file(profile))["description"])


def criteria_for(anode: str, profile: str = DEFAULT_PROFILE) -> tuple[Criterion, ...]:
    """Return the criteria of a profile for an anode metal.

    The files are written for lithium. For another metal the shear modulus that a layer needs is that
    metal's where it is known, the reasons speak of that metal, and a threshold that remains lithium's says so.

    Parameters
    ----------
    anode : str
        Symbol of the metal.
    profile : {"separator", "host", "barrier"}
        What the coating is meant to do.

    Raises
    ------
    MissingDataError
        If it is no anode metal.
    CriteriaError
        If there is no such profile.
    """
    metal, criteria = anode_metal(anode), load_criteria(profile_file(profile))
    return criteria if metal.symbol == "Li" else tuple(_of_another_metal(c, metal) for c in criteria)


_LITHIUMS = frozenset(
    {"safe_heat", "insulating", "electron_conducting", "lithium_conducting", "nucleates", "nearly_inert"}
)
"""Criteria whose thresholds come from lithium: what melts, where it plates, what holds on it."""


def _of_another_metal(criterion: Criterion, metal: Anode) -> Criterion:
    """Turn a default criterion, which is for lithium, into that of another metal."""
    if criterion.name == "stiff" and metal.threshold_gpa is not None:
        reason = (
            f"Monroe and Newman: twice the shear modulus of {metal.label} ({metal.shear_modulus_gpa:g} GPa, "
            f"{metal.shear_modulus_source}); the Reuss bound is the safe side"
        )
        return replace(criterion, threshold=metal.threshold_gpa, reason=reason)
    if criterion.name == "stiff":
        reason = f"lithium's threshold, since no shear modulus of {metal.label} is known: {criterion.reason}"
    elif criterion.name == "low_lithium_loss":
        # The foil's thickness is the limit; its charge in the default text is that of lithium.
        reason = f"a 5 um layer should not eat more than 7.5 um of {metal.label} foil"
    elif criterion.name in _LITHIUMS:
        reason = f"lithium's threshold: {criterion.reason}"
    else:
        reason = criterion.reason.replace("lithium", metal.label)
    return replace(criterion, reason=reason)


def check_quantities(criteria: tuple[Criterion, ...], known: Collection[str]) -> None:
    """Refuse criteria on quantities that the screen does not compute.

    Raises
    ------
    CriteriaError
        Naming the criterion and the quantities there are.
    """
    for criterion in criteria:
        if criterion.quantity not in known:
            raise CriteriaError(
                f"criterion {criterion.name!r}: unknown quantity {criterion.quantity!r}; "
                f"known are {', '.join(sorted(known))}"
            )


def evaluate(criterion: Criterion, measure: Measure) -> Verdict:
    r"""Answer one criterion.

    Parameters
    ----------
    criterion : Criterion
    measure : Measure

    Returns
    -------
    Verdict
        ``uncertain`` if the threshold lies within one sigma of the value. The probability of meeting the
        criterion is :math:`\Phi((v - t)/\sigma)` (mirrored for ``<``), 0 or 1 without a sigma, None if unknown.
        Of a band it is the share on the right side of the threshold, and ``uncertain`` if the threshold lies within.
    """

    def verdict(state: State, probability: float | None, note: str = "") -> Verdict:
        return Verdict(state, measure.value, measure.sigma, criterion.threshold, probability, measure.source, note)

    if measure.value is None:
        if measure.low is not None and measure.high is not None:
            answers = {holds(criterion, measure.low), holds(criterion, measure.high)}
            if len(answers) == 1:
                held = answers.pop()
                note = f"between {measure.low:.3g} and {measure.high:.3g} ({measure.missing})"
                return verdict(State.PASS if held else State.FAIL, float(held), note)
        return verdict(State.UNKNOWN, None, measure.missing or "no data")
    if measure.low is not None and measure.high is not None:
        return verdict(*_of_band(criterion, measure.low, measure.high))
    held = holds(criterion, measure.value)
    if not measure.sigma:
        return verdict(State.PASS if held else State.FAIL, float(held))
    margin = (measure.value - criterion.threshold) * (1 if criterion.higher_is_better else -1)
    probability = 0.5 * (1.0 + math.erf(margin / measure.sigma / math.sqrt(2.0)))
    if abs(margin) <= measure.sigma:
        return verdict(State.UNCERTAIN, probability, "threshold within one sigma")
    return verdict(State.PASS if held else State.FAIL, probability)


def _of_band(criterion: Criterion, low: float, high: float) -> tuple[State, float, str]:
    """State, probability and note of a value that lies anywhere between two bounds."""
    note = f"between {low:.3g} and {high:.3g}"
    held = [holds(criterion, end) for end in (low, high)]
    if held[0] == held[1]:
        return (State.PASS if held[0] else State.FAIL), float(held[0]), note
    above = (high - criterion.threshold) / (high - low)
    return State.UNCERTAIN, above if criterion.higher_is_better else 1.0 - above, note


@overload
def holds(criterion: Criterion, value: float) -> bool: ...
@overload
def holds(criterion: Criterion, value: "NDArray[np.float64]") -> "NDArray[np.bool_]": ...
def holds(criterion: Criterion, value: Any) -> Any:
    """Say whether a value, or each of an array, meets a criterion as it stands, whatever its sigma."""
    match criterion.comparison:
        case ">":
            return value > criterion.threshold
        case ">=":
            return value >= criterion.threshold
        case "<":
            return value < criterion.threshold
        case "<=":
            return value <= criterion.threshold
