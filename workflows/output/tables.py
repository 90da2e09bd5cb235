"""The tables of a screen: one schema, several outputs (CSV, Parquet, Markdown, LaTeX, Excel)."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from licoat.structures.chemistry.book import Kind
from licoat.structures.chemistry.formula import render_latex
from licoat.structures.chemistry.names import display_equation, display_factor, display_formula
from licoat.structures.publishing import publish_files
from licoat.thermo.reaction import phase_values
from licoat.workflows.output.book import book_rows, find
from licoat.workflows.output.exports import (
    escape_latex,
    frame_latex,
    frame_writers,
    latex_table,
    write_excel,
)
from licoat.workflows.output.kit import screen_kit
from licoat.workflows.output.neutral import csv_frame, markdown_text
from licoat.workflows.screening.criteria import State
from licoat.workflows.screening.quantities import DESIGN
from licoat.workflows.screening.ranking import score_text

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from licoat.workflows.screening.screen import Candidate, ScreeningResult

__all__ = [
    "PRINTED",
    "design_frame",
    "result_frame",
    "save_result",
    "to_latex",
    "to_markdown",
]

_SYMBOLS = {State.PASS: "+", State.FAIL: "-", State.UNCERTAIN: "~", State.UNKNOWN: "?"}
STAR = "* computed (PBE or a potential trained on it) or, gap 0 of compounds of metals alone, by rule"
LEGEND = (
    "Criteria: + pass, - fail, ~ uncertain (threshold within one sigma), ? unknown (no data). "
    f"Gaps and moduli: {STAR}; ? not known. Energies per formula of oxide as written."
)


def _row(candidate: "Candidate") -> dict[str, Any]:
    path, reaction = candidate.path, candidate.path.final
    measures = {name: measure.value for name, measure in candidate.measures.items()}
    known = {
        "rank": candidate.rank,
        "formula": path.oxide,
        "score": candidate.score,
        "score_low": candidate.score_low,
        "score_high": candidate.score_high,
        "pareto": candidate.on_front,
        "verdict": path.verdict,
        "equation": reaction.equation,
        "energy_ev_per_fu": reaction.energy_ev_per_fu,
        "energy_sigma_ev_per_fu": reaction.energy_sigma_ev_per_fu,
        "measured_energy_ev_per_fu": candidate.measured.measured_energy_ev_per_fu,
        "measured_energy_sigma_ev_per_fu": candidate.measured.measured_energy_sigma_ev_per_fu,
        "energy_ev_per_atom": reaction.energy_ev_per_atom,
        "energy_ev_per_anode_atom": reaction.energy_ev_per_anode_atom,
        "energy_kj_per_mol": reaction.energy_kj_per_mol,
        "heat_mj_per_kg_oxide": reaction.heat_mj_per_kg_oxide,
        "measured_heat_mj_per_kg_oxide": candidate.measured.measured_heat_mj_per_kg_oxide,
        "heat_mj_per_kg_reactants": reaction.heat_mj_per_kg_reactants,
        "heat_gj_per_m3_oxide": reaction.heat_gj_per_m3_oxide,
        "tnt_ratio_oxide": reaction.tnt_ratio_oxide,
        "tnt_ratio_reactants": reaction.tnt_ratio_reactants,
        "anode_atoms_per_fu": reaction.anode_atoms_per_fu,
        "average_voltage_v": reaction.average_voltage_v,
        "driving_force_v": path.driving_force_v,
        "driving_force_sigma_v": path.driving_force_sigma_v,
        "volume_ratio_oxide": reaction.volume_ratio_oxide,
        "measured_volume_ratio_oxide": candidate.measured.measured_volume_ratio_oxide,
        "volume_ratio_reactants": reaction.volume_ratio_reactants,
        "band_gaps_ev": phase_values(reaction, "band_gap_ev", "band_gap_kind"),
        "shear_moduli_gpa": phase_values(reaction, "shear_modulus_gpa", "elastic_kind"),
        "predicted_products": "; ".join(reaction.predicted_products),
        "predicted_equation": path.predicted_equation,
        "predicted_margin_ev_per_fu": path.predicted_margin_ev_per_fu,
        "predicted_margin_sigma_ev_per_fu": path.predicted_margin_sigma_ev_per_fu,
        "solutions": "; ".join(path.solutions),
    }
    last = {
        **{f"criterion_{name}": verdict.state.value for name, verdict in candidate.verdicts.items()},
        "above_hull_ev_per_atom": candidate.above_hull_ev_per_atom,
        "hull_phases": path.hull_phases,
        "phase_id": path.phase_id,
        "phase_choice": path.phase_choice,
        "measured_missing": candidate.measured.measured_missing,
        "scheme": reaction.scheme,
        "source": reaction.source,
    }
    sure = {} if candidate.confidence is None else candidate.confidence.columns()
    return known | {name: value for name, value in measures.items() if name not in known | last} | last | sure


def result_frame(result: "ScreeningResult") -> "pd.DataFrame":
    """Return the full table of a screen, one row per oxide, best first."""
    import pandas as pd

    frame = pd.DataFrame([_row(candidate) for candidate in result.candidates])
    numbers = [name for name in frame.columns if find(name).is_number and find(name).digits > 0]
    return frame.astype(dict.fromkeys(numbers, float)).astype({"pareto": "boolean"})


def verdict_marks(candidate: "Candidate") -> str:
    """Write the verdicts as one mark per criterion: ``++-~?``."""
    return "".join(_SYMBOLS[verdict.state] for verdict in candidate.verdicts.values())


ColumnSet = Literal["paper", "layer", "full"]
_NOT_ON_PAPER = {"rank", "hull_phases"}
MOST_ON_A_PAGE = 12
"""Columns of numbers, besides rank and formula, that a landscape page holds."""

PRINTED = (
    "rank", "formula", "equation", "energy_ev_per_fu", "energy_sigma_ev_per_fu", "measured_energy_ev_per_fu",
    "energy_ev_per_anode_atom", "heat_mj_per_kg_oxide", "average_voltage_v", "volume_ratio_oxide",
    "volume_ratio_reactants", "band_gaps_ev", "shear_moduli_gpa", "criteria", "score",
)  # fmt: skip
"""Columns of the table for people, in Markdown, LaTeX and the first sheet of the workbook."""
_PER_FORMULA = {"energy_ev_per_fu", "energy_sigma_ev_per_fu", "measured_energy_ev_per_fu"}


def head(name: str, anode: str, *, latex: bool = False) -> str:
    """Return the head of a narrow column, with the anode metal by its symbol: ``dE (eV/Li)``."""
    quantity = find(name)
    return (quantity.latex_head if latex else quantity.head).replace("anode atom", anode)


def _cells(result: "ScreeningResult") -> list[dict[str, str]]:
    """Return the printed table as texts, by names of quantities."""
    return [{name: _printed(name, candidate, row) for name in PRINTED} for candidate, row in _rows(result)]


def _rows(result: "ScreeningResult") -> list[tuple["Candidate", dict[str, Any]]]:
    return [(candidate, _row(candidate)) for candidate in result.candidates]


def _printed(name: str, candidate: "Candidate", row: dict[str, Any]) -> str:
    """Write a cell with the digits that the book gives its quantity."""
    if name == "criteria":
        return verdict_marks(candidate)
    if name == "score":
        return score_text(candidate.score_low, candidate.score_high)
    if name == "formula":
        return display_formula(candidate.path.oxide)
    if name == "equation":
        return display_equation(candidate.path.final.marked_equation)
    value = row[name]
    if value is None or not find(name).is_number:
        return value or ""
    if name in _PER_FORMULA:  # as it is written here
        value *= display_factor(candidate.path.oxide)
    return f"{value:.{find(name).digits}f}"


def to_markdown(result: "ScreeningResult") -> str:
    """Return the table for people as Markdown, with its legend and sources."""
    heads = [head(name, result.manifest["anode"]) for name in PRINTED]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(map(markdown_text, row.values()))} |" for row in _cells(result)]
    order = ", ".join(criterion.name for criterion in result.criteria)
    return "\n".join([*lines, "", LEGEND, f"Order of the criteria: {order}.", markdown_text(source_line(result)), ""])


def source_line(result: "ScreeningResult") -> str:
    """Say in one sentence where the numbers come from, and what to beware of."""
    source = result.manifest["source"]
    version = f" {source['version']}" if source["version"] not in source["source"] else ""
    licoat = result.manifest["licoat_version"]
    first = ", measured heats and volumes first" if result.manifest["prefer"] == "best" else ""
    line = f"Source: {source['source']}{version}, scheme {source['scheme']}{first}; licoat {licoat}."
    caution = source["details"].get("caution")
    return f"{line} Caution: {caution}." if caution else line


def to_latex(result: "ScreeningResult", columns: ColumnSet = "paper") -> str:
    """Return the table as LaTeX ``longtable`` with booktabs rules.

    Parameters
    ----------
    result : ScreeningResult
    columns : {"paper", "layer", "full"}
        The table for people; what a micrometre of oxide becomes; or both and every other number, in several tables
        of a page's width, each with the formula.

    Returns
    -------
    str
        The document needs the packages that its first line names and wants landscape pages.
    """
    about = source_line(result)
    if columns == "layer":
        return frame_latex(design_frame(result), f"Layer numbers per um of dense oxide. {about}")
    if columns == "full":
        frame = result.table
        others = [name for name in frame.columns if name not in {*PRINTED, *_NOT_ON_PAPER} and name in _numbers(frame)]
        parts = [others[i : i + MOST_ON_A_PAGE] for i in range(0, len(others), MOST_ON_A_PAGE)]
        tables = [
            frame_latex(frame[["rank", "formula", *part]], f"All numbers, part {i} of {len(parts)}. {about}")
            for i, part in enumerate(parts, start=1)
        ]
        return "\n".join([_paper_latex(result), *tables])
    return _paper_latex(result)


def _numbers(frame: "pd.DataFrame") -> set[str]:
    return {name for name in frame.columns if frame[name].dtype.kind in "fiu"}


def _paper_latex(result: "ScreeningResult") -> str:
    """Return the table for people as LaTeX."""
    wide = {
        "equation": r"p{4.6cm}",
        "band_gaps_ev": r"p{2.8cm}",
        "shear_moduli_gpa": r"p{2.8cm}",
        "formula": "l",
        "criteria": "l",
    }
    layout = "".join(wide.get(name, "r") for name in PRINTED)
    about = f"Oxides on {result.manifest['anode']} metal: end state in equilibrium with the metal."
    caption = escape_latex(" ".join([about, LEGEND, source_line(result)]))
    rows = [[_latex_cell(name, cell) for name, cell in row.items()] for row in _cells(result)]
    return latex_table(layout, [head(name, result.manifest["anode"], latex=True) for name in PRINTED], rows, caption)


def _latex_cell(key: str, text: str) -> str:
    if find(key).kind is Kind.TEXT and key != "criteria":
        return render_latex(text).replace("->", r"$\rightarrow$")
    if key == "criteria":
        marks = text.replace("~", r"\textasciitilde{}").replace("-", "{-}")
        return rf"\texttt{{{marks}}}"
    if key == "score":
        return text.replace("-", "--")  # from one bound to the other
    return f"${text}$" if text.startswith("-") else text


def design_frame(result: "ScreeningResult") -> "pd.DataFrame":
    """Return the design table: what 1 um of dense oxide eats, gives off and becomes, for every oxide."""
    return result.table[["rank", "formula", "equation", *DESIGN]]


def save_result(
    result: "ScreeningResult", folder: Path, *, figures: bool = False, columns: ColumnSet = "paper"
) -> list[Path]:
    """Write all tables of a screen, with its figures if asked; each file appears whole or not at all."""
    drawings: dict[str, Callable[[Path], Any]] = {}
    if figures:
        from licoat.workflows.output.figures.files import screen_figures

        drawings = screen_figures(result)
    frame = result.table
    caption = f"Layer numbers per um of dense oxide; empty cells are not known. {source_line(result)}"
    return publish_files(
        folder,
        frame_writers(design_frame(result), "design", caption)
        | {
            "table.csv": lambda p: csv_frame(frame).to_csv(p, index=False, float_format="%.8g"),
            "table.parquet": lambda p: frame.to_parquet(p, index=False),
            "table.md": lambda p: p.write_text(to_markdown(result), encoding="utf-8"),
            "table.tex": lambda p: p.write_text(to_latex(result, columns), encoding="utf-8"),
            "table.xlsx": lambda p: write_excel(_sheets(result), p),
            "ledger.csv": lambda p: csv_frame(result.ledger).to_csv(p, index=False, float_format="%.8g"),
            "manifest.json": lambda p: p.write_text(json.dumps(_manifest(result), indent=1) + "\n", encoding="utf-8"),
        }
        | screen_kit(result)
        | drawings,
    )


def _manifest(result: "ScreeningResult") -> dict[str, Any]:
    return result.manifest | {
        "funnel": [step.to_dict() for step in result.funnel],
        "pareto": list(result.pareto),
        "not_screened": result.not_screened,
    }


def _sheets(result: "ScreeningResult") -> dict[str, "pd.DataFrame"]:
    """Sheets of the workbook."""
    import pandas as pd

    steps = [
        {"step": s.step, "remaining": s.remaining, "left": "; ".join(f"{k}: {v}" for k, v in s.left.items())}
        for s in result.funnel
    ]
    paper = pd.DataFrame(_cells(result)).rename(
        columns={name: head(name, result.manifest["anode"]) for name in PRINTED}
    )
    return {
        "paper": paper,
        "table": result.table,
        "design": design_frame(result),
        "ledger": result.ledger,
        "funnel": pd.DataFrame(steps),
        "columns": pd.DataFrame(book_rows([*result.table.columns, *result.ledger.columns])),
        "criteria": pd.DataFrame([criterion.to_dict() for criterion in result.criteria]),
        "about": pd.DataFrame([{"what": "legend", "text": LEGEND}, {"what": "source", "text": source_line(result)}]),
    }
