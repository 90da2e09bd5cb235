"""The section of one oxide in the report."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from licoat.structures.chemistry.names import display_amounts, display_equation, display_factor, display_unicode
from licoat.workflows.output.book import words_and_unit
from licoat.workflows.output.figures.screening import outcome
from licoat.workflows.output.figures.style import unit_text
from licoat.workflows.output.report.charts import staircase_svg
from licoat.workflows.output.report.markup import attribute, formula, number, table, text
from licoat.workflows.screening.criteria import Criterion, State
from licoat.workflows.screening.quantities import DESIGN

if TYPE_CHECKING:
    from licoat.workflows.screening.screen import Candidate

__all__ = ["hangs_on", "oxide_section"]


_SAYS = {State.FAIL: "fails", State.UNCERTAIN: "is uncertain in", State.UNKNOWN: "lacks data for"}


def hangs_on(candidate: "Candidate") -> str:
    """Say in a sentence what the verdict of an oxide hangs on."""
    parts = [
        f"{words} {', '.join(names)}"
        for state, words in _SAYS.items()
        if (names := [name for name, verdict in candidate.verdicts.items() if verdict.state is state])
    ]
    if parts:
        return f"It {'; '.join(parts)}."
    odds = {name: v.probability for name, v in candidate.verdicts.items() if v.probability is not None}
    name = min(odds, key=lambda name: odds[name], default="")
    if not name or odds[name] >= 0.995:
        return "It meets all criteria, none of them narrowly."
    return f"It meets all criteria; the closest is {name}, met with a probability of {odds[name]:.0%}."


def oxide_section(candidate: "Candidate", criteria: Sequence[Criterion]) -> str:
    """Return the section: equation, stages, products with provenance, criteria, what a micrometre becomes.

    Parameters
    ----------
    candidate : Candidate
    criteria : sequence of Criterion
    """
    path, reaction = candidate.path, candidate.path.final
    times = display_factor(path.oxide)
    name = attribute(f"{path.oxide} {display_equation(reaction.equation)}".lower())
    sigma = reaction.energy_sigma_ev_per_fu
    energy = number(times * reaction.energy_ev_per_fu, 2, None if sigma is None else times * sigma)
    notes = [
        f"Reacting phase {text(path.phase_id)}: {text(path.phase_choice)}.",
        f"Energy {energy} eV per {formula(path.oxide)}; {_measured(candidate, times)}.",
        *(f"Dissolves: {text(note)}." for note in path.solutions),
        *([f"Only predicted and lower: {formula(path.predicted_equation)}."] if path.predicted_equation else []),
        *([f"Caution: {text(path.caution)}."] if path.caution else []),
    ]
    return (
        f'<details id="o-{candidate.rank}" data-name="{name}" data-outcome="{outcome(candidate)}">'
        f"<summary>{candidate.rank}. {formula(path.oxide)} "
        f'<span class="soft">{text(path.verdict)}; {outcome(candidate)}</span></summary>'
        f"<p><b>{formula(reaction.marked_equation)}</b></p><p>{text(hangs_on(candidate))}</p>"
        f"<ul>{''.join(f'<li>{note}</li>' for note in notes)}</ul>"
        f"{_stages(candidate)}{_products(candidate)}{_criteria(candidate, criteria)}{_layer(candidate)}</details>"
    )


def _measured(candidate: "Candidate", times: int) -> str:
    side = candidate.measured
    if side.measured_energy_ev_per_fu is None:
        return f"measured: {text(side.measured_missing) or 'not known'}"
    sigma = side.measured_energy_sigma_ev_per_fu
    return f"measured {number(times * side.measured_energy_ev_per_fu, 2, None if sigma is None else times * sigma)} eV"


def _stages(candidate: "Candidate") -> str:
    path = candidate.path
    if not path.stages:
        force = number(path.driving_force_v, 3, path.driving_force_sigma_v)
        return f"<p>It does not react with {text(path.anode)}: full conversion would have {force} V.</p>"
    times = display_factor(path.oxide)
    rows = [
        [
            f"{times * s.anode_atoms_from:.4g}", f"{times * s.anode_atoms_to:.4g}",
            number(s.voltage_v, 2, s.voltage_sigma_v),
            formula(display_amounts(s.products, times)),
        ]
        for s in path.stages
    ]  # fmt: skip
    heads = [f"{path.anode} from", "to", "voltage (V)", f"products per {display_unicode(path.oxide)}"]
    return f"<h3>Stages</h3>{staircase_svg(path)}{table(heads, rows, right=(0, 1, 2))}"


def _products(candidate: "Candidate") -> str:
    exists = {True: "yes", False: "predicted", None: "?"}
    rows = [
        [
            formula(s.formula), text(s.phase_id), exists[s.observed], number(s.volume_fraction),
            f"{number(s.band_gap_ev)} {text(s.band_gap_kind)}", text(s.band_gap_source),
            f"{number(s.shear_modulus_gpa, 1)} {text(s.elastic_kind)}", text(s.elastic_source),
        ]
        for s in candidate.path.final.products
    ]  # fmt: skip
    heads = ["product", "phase", "exists", "volume share", "gap (eV)", "its source", "G (GPa)", "its source"]
    return f"<h3>Products and provenance</h3>{table(heads, rows, right=(3,))}"


def _criteria(candidate: "Candidate", criteria: Sequence[Criterion]) -> str:
    rows = []
    for criterion in criteria:
        verdict = candidate.verdicts[criterion.name]
        unit = unit_text(words_and_unit(criterion.quantity)[1])
        state = verdict.state.value
        rows.append([
            text(criterion.name), f'<span class="{state}">{state}</span>', number(verdict.value, 3, verdict.sigma),
            text(f"{criterion.comparison} {criterion.threshold:g} {unit}"), text(verdict.note),
        ])  # fmt: skip
    heads = ["criterion", "state", "value", "asked for", "note"]
    return f"<h3>Criteria</h3>{table(heads, rows, right=(2,))}"


def _layer(candidate: "Candidate") -> str:
    """Return what a micrometre of dense oxide eats, gives off and becomes."""
    if not candidate.path.stages:
        return ""
    rows = [
        [text(words), number(candidate.measures[name].value, 3, candidate.measures[name].sigma), text(unit_text(unit))]
        for name in DESIGN
        for words, unit in [words_and_unit(name)]
    ]
    return f"<h3>Layer, of a micrometre of dense oxide</h3>{table(['quantity', 'value', 'unit'], rows, right=(1,))}"
