"""The report of a screen as one HTML page: summary, table, a section per oxide, data health, methods, downloads."""

import base64
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from licoat.structures.chemistry.names import display_factor
from licoat.thermo.reaction import phase_values
from licoat.workflows.output.figures.screening import outcome
from licoat.workflows.output.neutral import csv_frame
from licoat.workflows.output.report.charts import design_svg, funnel_svg
from licoat.workflows.output.report.markup import attribute, formula, number, text, value_attribute
from licoat.workflows.output.report.section import oxide_section
from licoat.workflows.screening.criteria import State
from licoat.workflows.screening.ranking import score_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from licoat.workflows.screening.screen import Candidate, ScreeningResult

__all__ = ["SURE", "certain", "report_html"]

DATA = Path(__file__).parents[2] / "data"
SURE = 0.95
"""Probability of meeting a criterion from which the report calls it certain."""
_MARKS = {State.PASS: "+", State.FAIL: "-", State.UNCERTAIN: "~", State.UNKNOWN: "?"}


@cache
def _part(name: str) -> str:
    return (DATA / name).read_text(encoding="utf-8")


def certain(candidate: "Candidate") -> bool:
    """Say whether an oxide meets every criterion with a probability of at least `SURE`."""
    return all(
        verdict.state is State.PASS and (verdict.probability is None or verdict.probability >= SURE)
        for verdict in candidate.verdicts.values()
    )


def report_html(result: "ScreeningResult", methods: str, bibliography: str) -> str:
    """Return the report of a screen: self-contained, with nothing loaded from anywhere.

    Parameters
    ----------
    result : ScreeningResult
    methods, bibliography : str
        The texts of ``methods.md`` and ``references.bib``.

    Returns
    -------
    str
        HTML. All text that stems from data is escaped.
    """
    anode = result.manifest["anode"]
    title = f"Oxide coatings of {anode} metal: {len(result.candidates)} oxides screened"
    sections = "".join(oxide_section(candidate, result.criteria) for candidate in result.candidates)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{text(title)}</title><style>{_part("report.css")}</style></head><body>
<header><h1>{text(title)}</h1>{_about(result)}
<nav><a href="#summary">Summary</a><a href="#ranking">Table</a><a href="#sections">Oxides</a>
<a href="#health">Data health</a><a href="#methods">Methods</a></nav></header>
<main><section id="summary"><h2>Summary</h2>{_summary(result, bibliography)}
<h3>Heat against expansion</h3><p class="soft">Touch a point for its numbers; it leads to its oxide.
Rings: Pareto front; bars: one sigma; green meets all criteria, blue is open, grey fails one.</p>
{design_svg(result.candidates)}
<h3>Funnel</h3>{funnel_svg(result.funnel)}</section>
<section id="ranking"><h2>Table</h2>{_table(result)}</section>
<section id="sections"><h2>Oxides</h2>{sections}</section>
<section id="health"><h2>Data health</h2>{_health(result)}</section>
<section id="methods"><h2>Methods</h2>{_paragraphs(methods)}
<h3>References</h3><pre>{text_lines(bibliography)}</pre></section></main>
<script>{_part("report.js")}</script></body></html>
"""


def text_lines(value: str) -> str:
    """Escape a text of several lines."""
    return "\n".join(text(line) for line in value.splitlines())


def _paragraphs(markdown: str) -> str:
    """Write plain paragraphs of Markdown as HTML; headings are left out, the page has its own."""
    parts = [part for part in markdown.split("\n\n") if part.strip() and not part.startswith("#")]
    return "".join(f"<p>{text(part)}</p>" for part in parts)


def _about(result: "ScreeningResult") -> str:
    source = result.manifest["source"]
    caution = source["details"].get("caution")
    line = (
        f"Source {source['source']} {source['version']}, scheme {source['scheme']}; licoat "
        f"{result.manifest['licoat_version']}, {str(result.manifest.get('created', ''))[:10]}."
    )
    warned = f'<p class="fail">Caution: {text(caution)}.</p>' if caution else ""
    return f'<p class="soft">{text(line)}</p>{warned}'


def _named(candidates: "Iterable[Candidate]") -> str:
    return ", ".join(f'<a href="#o-{c.rank}">{formula(c.path.oxide)}</a>' for c in candidates) or "none"


def _summary(result: "ScreeningResult", bibliography: str) -> str:
    """Say what is certain, what is open, and what was left out."""
    groups = {name: [c for c in result.candidates if outcome(c) == name] for name in ("meets all", "open", "fails")}
    sure = [c for c in groups["meets all"] if certain(c)]
    still = sum(not c.path.stages for c in result.candidates)
    still_open, more = groups["open"][:30], " and more" if len(groups["open"]) > 30 else ""
    front = [c for c in result.candidates if c.on_front]
    lines = [
        f"<b>{len(groups['meets all'])}</b> meet all {len(result.criteria)} criteria: {_named(groups['meets all'])}.",
        f"<b>Certain</b> (each met with a probability of at least {SURE:.0%}, or without sigma): {_named(sure)}.",
        f"<b>{len(groups['open'])}</b> fail nothing, something is open: {_named(still_open)}{more}.",
        f"<b>{len(groups['fails'])}</b> fail at least one; {still} do not react with the metal.",
        f"Pareto front of those that fail nothing: {_named(front)}.",
    ]
    return f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>{_downloads(result, bibliography)}"


def _downloads(result: "ScreeningResult", bibliography: str) -> str:
    csv = csv_frame(result.table).to_csv(index=False, float_format="%.8g")
    links = [_data_link("table.csv", csv, "text/csv"), _data_link("references.bib", bibliography, "text/plain")]
    return f'<p class="downloads">Downloads: {", ".join(links)}</p>'


def _data_link(name: str, content: str, kind: str) -> str:
    encoded = base64.b64encode(content.encode("utf-8")).decode("ascii")
    return f'<a download="{name}" href="data:{kind};charset=utf-8;base64,{encoded}">{name}</a>'


def _table(result: "ScreeningResult") -> str:
    anode = result.manifest["anode"]
    heads = ["#", "oxide", f"reaction with {anode}", "energy (eV per formula)", "measured (eV)", "heat (MJ/kg oxide)",
             "V/V oxide", "V/V all", "gaps (eV)", "criteria", "score"]  # fmt: skip
    right = {0, 3, 4, 5, 6, 7, 10}
    head = "".join(
        f'<th{" class=n" if i in right else ""}><button type="button">{text(name)}</button></th>'
        for i, name in enumerate(heads)
    )
    order = ", ".join(criterion.name for criterion in result.criteria)
    return (
        '<div class="filters"><label>Filter <input id="words" type="search" placeholder="formula, product"></label>'
        '<label>Show <select id="outcome"><option value="">all</option><option value="meets all">meets all</option>'
        '<option value="open">open</option><option value="fails">fails</option></select></label>'
        f'<span><span id="shown">{len(result.candidates)}</span> shown</span></div>'
        f'<div class="wide"><table id="oxides"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(map(_row, result.candidates))}</tbody></table></div>"
        f'<p class="soft">Criteria in order: {text(order)}. + pass, - fail, ~ uncertain (threshold within one sigma), '
        "? unknown. Energies are per formula as written here; * not measured.</p>"
    )


def _row(candidate: "Candidate") -> str:
    r, side, times = candidate.path.final, candidate.measured, display_factor(candidate.path.oxide)
    measured, sigma = side.measured_energy_ev_per_fu, side.measured_energy_sigma_ev_per_fu
    marks = "".join(
        f'<span class="{verdict.state.value}" title="{attribute(name)}: {verdict.state.value}">'
        f"{_MARKS[verdict.state]}</span>"
        for name, verdict in candidate.verdicts.items()
    )
    energy = _times(times, r.energy_ev_per_fu)
    cells: list[tuple[float | str | None, str, str]] = [
        (candidate.rank, str(candidate.rank), "n"),
        (candidate.path.oxide, f'<a href="#o-{candidate.rank}">{formula(candidate.path.oxide)}</a>', ""),
        (r.equation, formula(r.marked_equation), "eq"),
        (energy, number(energy, 2, _times(times, r.energy_sigma_ev_per_fu)), "n"),
        (_times(times, measured), number(_times(times, measured), 2, _times(times, sigma)), "n"),
        (r.heat_mj_per_kg_oxide, number(r.heat_mj_per_kg_oxide), "n"),
        (r.volume_ratio_oxide, number(r.volume_ratio_oxide), "n"),
        (r.volume_ratio_reactants, number(r.volume_ratio_reactants), "n"),
        (None, formula(phase_values(r, "band_gap_ev", "band_gap_kind")), "gaps"),
        (sum(v.state is State.PASS for v in candidate.verdicts.values()), marks, "marks"),
        (candidate.score_low, text(score_text(candidate.score_low, candidate.score_high)), "n"),
    ]
    shown = "".join(
        f"<td{f' class={kind}' if kind else ''}{value_attribute(value)}>{cell}</td>" for value, cell, kind in cells
    )
    return f'<tr data-name="{search_text(candidate)}" data-outcome="{outcome(candidate)}">{shown}</tr>'


def _times(factor: int, value: float | None) -> float | None:
    """Turn a number per formula unit into one per formula as the field writes it."""
    return None if value is None else factor * value


def search_text(candidate: "Candidate") -> str:
    """Return what the filter looks in."""
    from licoat.structures.chemistry.names import display_equation

    return attribute(f"{candidate.path.oxide} {display_equation(candidate.path.final.equation)}".lower())


def _health(result: "ScreeningResult") -> str:
    """Say what the data lack, and which oxides were left out."""
    n = len(result.candidates)
    lines = []
    for criterion in result.criteria:
        lacking = [c for c in result.candidates if c.verdicts[criterion.name].state is State.UNKNOWN]
        if lacking:
            more = f" and {len(lacking) - 12} more" if len(lacking) > 12 else ""
            lines.append(f"{text(criterion.name)}: no data for {len(lacking)} of {n} ({_named(lacking[:12])}{more}).")
    without = sum(c.measured.measured_energy_ev_per_fu is None for c in result.candidates)
    lines.append(f"No measured heat beside the computed one: {without} of {n}.")
    predicted = [c for c in result.candidates if c.path.final.predicted_products]
    lines.append(f"End states with a product that nobody has made: {_named(predicted)}.")
    uncertain = [c for c in result.candidates if c.path.verdict == "uncertain"]
    lines.append(f"Uncertain whether they react (driving force within one sigma of zero): {_named(uncertain)}.")
    lines.append(f"Not screened: {len(result.not_screened)}.")
    left = "".join(f"<li>{formula(name)}: {text(reason)}</li>" for name, reason in result.not_screened.items())
    more = f"<details><summary>Why they were not screened</summary><ul>{left}</ul></details>" if left else ""
    return f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>{more}"
