"""What results show in a notebook: short HTML tables. All text is escaped, and no table has more than 20 rows."""

from collections.abc import Collection, Iterable, Sequence
from html import escape
from itertools import islice
from typing import TYPE_CHECKING, Any

from licoat.structures.chemistry.formula import render_html
from licoat.structures.phases.table import PhaseTable
from licoat.workflows.output.book import words_and_unit

if TYPE_CHECKING:
    from licoat.thermo import LithiationPath, Reaction
    from licoat.workflows.layer import LayerDesign
    from licoat.workflows.paper.table import PaperTable
    from licoat.workflows.screening.comparison import Comparison
    from licoat.workflows.screening.screen import ScreeningResult

__all__ = [
    "MOST_ROWS",
    "comparison_html",
    "html_table",
    "layer_html",
    "paper_html",
    "path_html",
    "phases_html",
    "reaction_html",
    "screen_html",
]

MOST_ROWS = 20
_MOST_CHARACTERS = 160


def html_table(
    heads: Sequence[str],
    rows: Iterable[Sequence[Any]],
    total: int,
    *,
    caption: str = "",
    formulas: Collection[str] = (),
) -> str:
    """Lay out an HTML table of at most 20 rows.

    Parameters
    ----------
    heads : sequence of str
        Column headings, with units.
    rows : iterable of sequence
        Cells: text, numbers (four digits are shown), None for what is not known. No more than 20 are taken.
    total : int
        Rows that there are; how many more than the shown ones is said below the table.
    caption : str
        One line above the table.
    formulas : collection of str
        Headings of the columns that hold formulas or equations, and the caption itself if it does.

    Returns
    -------
    str

    Examples
    --------
    >>> html_table(["oxide", "gap (eV)"], [["Sb2O3", 3.0]], 1, formulas=["oxide"]).count("Sb<sub>2</sub>O<sub>3</sub>")
    1
    """
    shown = [list(row) for row in islice(rows, MOST_ROWS)]
    lines = ["<table>"]
    if caption:
        lines.append(f"<caption>{_text(caption, formula=caption in formulas)}</caption>")
    lines.append(f"<thead><tr>{''.join(f'<th>{_text(head)}</th>' for head in heads)}</tr></thead>")
    lines.append("<tbody>")
    for row in shown:
        cells = (f"<td>{_text(cell, formula=head in formulas)}</td>" for head, cell in zip(heads, row, strict=True))
        lines.append(f"<tr>{''.join(cells)}</tr>")
    lines += ["</tbody>", "</table>"]
    if total > len(shown):
        lines.append(f"<p>and {total - len(shown)} more</p>")
    return "\n".join(lines)


def _text(cell: Any, *, formula: bool = False) -> str:  # noqa: ANN401 - text, number or None
    if cell is None or cell != cell:  # noqa: PLR0124 - NaN
        return ""
    plain = f"{cell:.4g}" if isinstance(cell, float) else str(cell)
    if len(plain) > _MOST_CHARACTERS:
        plain = f"{plain[: _MOST_CHARACTERS - 1]}…"
    if not formula:
        return escape(plain)
    # Quotes need no escape between tags, and what remains (&lt; &gt; &amp;) has no digits to be lowered.
    return render_html(escape(plain.replace("->", "→"), quote=False))


def phases_html(phases: PhaseTable) -> str:
    """Return the first phases of a table as HTML."""
    heads = {
        "phase_id": "phase",
        "formula": "formula",
        "space_group": "space group",
        "formation_energy_ev_per_atom": "formation energy (eV/atom)",
        "volume_a3_per_atom": "volume (A3/atom)",
        "band_gap_ev": "gap (eV)",
        "bulk_modulus_gpa": "K (GPa)",
        "shear_modulus_gpa": "G (GPa)",
    }
    rows = ([getattr(phase, name) for name in heads] for phase in phases)
    caption = f"{phases.source}, scheme {phases.scheme}: {len(phases)} phases"
    return html_table([*heads.values()], rows, len(phases), caption=caption, formulas=["formula"])


def reaction_html(reaction: "Reaction") -> str:
    """Return the substances of a reaction as HTML, its equation and energy above them."""
    heads = ["formula", "per formula unit", "phase", "space group", "volume (A3 per formula unit)"]
    heads += ["volume share", "gap (eV)", "K (GPa)", "G (GPa)"]
    rows = (
        [
            s.formula, s.amount, s.phase_id, s.space_group, s.volume_a3_per_fu,
            s.volume_fraction, s.band_gap_ev, s.bulk_modulus_gpa, s.shear_modulus_gpa,
        ]
        for s in reaction.species
    )  # fmt: skip
    caption = f"{reaction.equation}: {reaction.energy_ev_per_fu:.3f} eV per {reaction.oxide}"
    return html_table(heads, rows, len(reaction.species), caption=caption, formulas=["formula", caption])


def path_html(path: "LithiationPath") -> str:
    """Return the voltage plateaus of an oxide as HTML, its end state above them."""
    heads = [f"{path.anode} from (per formula unit)", "to", "voltage (V)", "energy (eV per formula unit)", "products"]
    rows = (
        [
            s.anode_atoms_from, s.anode_atoms_to, s.voltage_v, s.energy_ev_per_fu,
            " + ".join(f if n == 1 else f"{n:.4g} {f}" for f, n in s.products.items()),
        ]
        for s in path.stages
    )  # fmt: skip
    caption = f"{path.oxide} on {path.anode} {path.verdict}: {path.final.equation}"
    return html_table(heads, rows, len(path.stages), caption=caption, formulas=["products", caption])


def screen_html(result: "ScreeningResult") -> str:
    """Return the best oxides of a screen as HTML."""
    from licoat.workflows.output.tables import verdict_marks
    from licoat.workflows.screening.ranking import score_text

    anode = result.manifest["anode"]
    heads = ["rank", "oxide", f"reaction with {anode}", "energy (eV per oxide)", "sigma (eV)", "heat (MJ/kg oxide)"]
    heads += ["voltage (V)", "volume over that of the oxide", "criteria", "score"]
    rows = (
        [
            c.rank, c.path.oxide, r.equation, r.energy_ev_per_fu, r.energy_sigma_ev_per_fu, r.heat_mj_per_kg_oxide,
            r.average_voltage_v, r.volume_ratio_oxide, verdict_marks(c), score_text(c.score_low, c.score_high),
        ]
        for c in result.candidates
        for r in [c.path.final]
    )  # fmt: skip
    caption = f"Criteria in order: {', '.join(criterion.name for criterion in result.criteria)}"
    return html_table(heads, rows, len(result.candidates), caption=caption, formulas=heads[1:3])


def layer_html(layer: "LayerDesign") -> str:
    """Return the quantities of a layer as HTML, those that are known first."""
    known_first = sorted(layer.quantities.values(), key=lambda q: q.value is None)
    rows = ([q.group, words, q.value, unit] for q in known_first for words, unit in [words_and_unit(q.name)])
    equation = layer.material.equation
    heads = ["group", "quantity", "value", "unit"]
    return html_table(heads, rows, len(layer.quantities), caption=equation, formulas=[equation])


def comparison_html(comparison: "Comparison") -> str:
    """Return the quantities of one oxide from all sources as HTML."""
    rows = (
        [words, unit, *(values.get(source) for source in comparison.sources)]
        for name, values in comparison.rows.items()
        for words, unit in [words_and_unit(name)]
    )
    heads, equation = ["quantity", "unit", *comparison.sources], comparison.equation
    return html_table(heads, rows, len(comparison.rows), caption=equation, formulas=[equation])


def paper_html(table: "PaperTable") -> str:
    """Return the paper's numbers beside the recomputed ones as HTML."""
    rows = (
        [
            row.theme, row.quantity, row.paper_label, row.unit if row.paper_value is not None else "",
            ", ".join(f"{source} {value:.4g}" for source, value in row.values.items()),
            row.verdict,
        ]
        for row in table.rows
    )  # fmt: skip
    return html_table(["theme", "quantity", "paper", "unit", "recomputed", "verdict"], rows, len(table.rows))
