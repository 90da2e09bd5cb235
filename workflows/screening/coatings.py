"""Published oxide coatings of lithium beside what is predicted of them: products and mechanism, not a ranking.

``workflows/data/coatings.csv`` lists studies that compare an oxide with something else in one paper. They can test the
predicted reaction; they cannot test a ranking, since only successes get published and no two studies share a test.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from licoat.structures.chemistry.book import Kind, Quantity, declare
from licoat.structures.chemistry.formula import parse_formula
from licoat.structures.phases.table import PhaseTable
from licoat.structures.rendering import outline
from licoat.thermo.path import LithiationPath
from licoat.workflows.screening.criteria import PROFILES
from licoat.workflows.screening.screen import Candidate, screen

__all__ = ["CAVEAT", "COATINGS", "CoatingCheck", "ProfileCheck", "coating_studies", "compare_coatings", "rank_profiles"]

DATA = Path(__file__).parents[1] / "data" / "coatings.csv"

CAVEAT = (
    "Only successes get published and no two studies share a test, so this cannot carry a ranking: a low score is not "
    "a failure, and Sb2O3 is the case that the criteria were made for."
)

COATINGS = declare(
    Quantity("idea", "what the coating is for", "separator, host, barrier or interlayer on a solid electrolyte.",
             Kind.TEXT, "coating"),
    Quantity("outcome", "outcome", "success or partial, by the comparison in the same paper.", Kind.TEXT, "coating"),
    Quantity("control", "compared with", "What the paper compares with.", Kind.TEXT, "coating"),
    Quantity("mechanism", "reported mechanism", "converts, self-limits or takes lithium in; empty if not reported.",
             Kind.TEXT, "coating"),
    Quantity("end_products", "reported products", "Of the complete reaction.", Kind.TEXT, "coating"),
    Quantity("comparison", "reported comparison", "In the words of the paper's abstract, shortened.", Kind.TEXT,
             "coating"),
    Quantity("reference", "reference", "Of the study.", Kind.TEXT, "coating"),
    Quantity("doi", "DOI", "Of the study.", Kind.TEXT, "coating"),
    Quantity("first_products", "predicted first products", "Equilibrium phases after the first plateau.", Kind.TEXT,
             "coating"),
    Quantity("agrees", "agrees", "Whether the prediction shows the reported mechanism and products; empty if not "
             "reported.", Kind.YES_NO, "coating"),
)  # fmt: skip
"""Quantities of the comparison with published coatings."""


@dataclass(frozen=True, slots=True)
class CoatingCheck:
    """One study beside the predicted reaction of its oxide; `agrees` is None where no mechanism was reported."""

    oxide: str
    idea: str
    outcome: str
    control: str
    mechanism: str
    end_products: str
    comparison: str
    reference: str
    doi: str
    equation: str
    first_products: str
    agrees: bool | None

    __repr__ = outline

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True, slots=True)
class ProfileCheck:
    """How often an oxide with a success stands above one without, by the score of a profile, with a 95 % interval."""

    profile: str
    n_success: int
    n_partial: int
    area_under_curve: float
    low: float
    high: float

    __repr__ = outline


@cache
def coating_studies() -> tuple[dict[str, str], ...]:
    """Return the rows of the list of studies."""
    with DATA.open(encoding="utf-8", newline="") as stream:
        return tuple(csv.DictReader(stream))


def compare_coatings(phases: PhaseTable) -> tuple[list[CoatingCheck], list[ProfileCheck]]:
    """Screen the oxides of published coatings and compare.

    Parameters
    ----------
    phases : PhaseTable
        Studies of oxides that it does not hold are left out.

    Returns
    -------
    studies : list of CoatingCheck
    profiles : list of ProfileCheck
    """
    studies = [study for study in coating_studies() if phases.rows_of(study["oxide"])]
    oxides = list(dict.fromkeys(study["oxide"] for study in studies))
    if not oxides:
        return [], []
    by_profile = {
        profile: {c.path.oxide: c for c in screen(phases, oxides, profile=profile).candidates} for profile in PROFILES
    }
    paths = {oxide: candidate.path for oxide, candidate in by_profile[PROFILES[0]].items()}
    checks = []
    for study in studies:
        path = paths[study["oxide"]]
        first = " + ".join(path.stages[0].products) if path.stages else ""
        agrees = _agrees(study["mechanism"], study["end_products"], path)
        checks.append(CoatingCheck(**study, equation=path.final.equation, first_products=first, agrees=agrees))
    return checks, rank_profiles(studies, by_profile)


def _agrees(mechanism: str, end_products: str, path: LithiationPath) -> bool | None:
    """Say whether a predicted path shows what was seen.

    *converts*: the end state has the products; *self-limits* and *takes lithium in*: the first thing that forms is an
    oxide of the metal and lithium, not the metal beside Li2O alone.
    """
    if not mechanism:
        return None
    if mechanism == "converts":
        return {s.formula for s in path.final.products} == set(end_products.split("; "))
    if not path.stages:
        return False
    metals = parse_formula(path.oxide).keys() - {"O"}
    wanted = {"Li", "O", *metals}
    return any(parse_formula(formula).keys() == wanted for formula in path.stages[0].products)


def rank_profiles(
    studies: Sequence[dict[str, str]], by_profile: dict[str, dict[str, Candidate]], *, draws: int = 2000
) -> list[ProfileCheck]:
    """Return the area under the curve of the score of each profile, studies resampled by oxide for its interval."""
    found = []
    for profile, candidates in by_profile.items():
        good = [study["oxide"] for study in studies if study["outcome"] == "success"]
        other = [study["oxide"] for study in studies if study["outcome"] != "success"]
        if not good or not other:
            continue
        score = {oxide: candidate.score_low for oxide, candidate in candidates.items()}
        random = np.random.default_rng(0)
        names = sorted(score)
        areas = []
        for _ in range(draws):
            times = np.bincount(random.integers(len(names), size=len(names)), minlength=len(names))
            weight = dict(zip(names, times.tolist(), strict=True))
            area = _area(good, other, score, weight)
            if area is not None:
                areas.append(area)
        whole = _area(good, other, score, dict.fromkeys(names, 1))
        low, high = np.quantile(areas, [0.025, 0.975]).tolist()
        found.append(ProfileCheck(profile, len(good), len(other), whole or 0.0, low, high))
    return found


def _area(good: Sequence[str], other: Sequence[str], score: dict[str, float], weight: dict[str, int]) -> float | None:
    """Share of pairs in which the oxide with the success has the higher score; ties count half."""
    total = won = 0.0
    for a in good:
        for b in other:
            pair = float(weight[a] * weight[b])
            total += pair
            won += pair * (0.5 if score[a] == score[b] else float(score[a] > score[b]))
    return won / total if total else None
