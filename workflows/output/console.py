"""What the command line prints: tables and cards for people."""

import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from licoat.structures import PhaseTable
from licoat.structures.chemistry.book import BOOK
from licoat.structures.chemistry.names import display_equation, display_factor, display_formula, display_unicode
from licoat.thermo import LithiationPath, Reaction
from licoat.thermo.measurement import MeasuredSide
from licoat.thermo.preference import COMPUTED, MEASURED
from licoat.thermo.property_errors import by_property
from licoat.thermo.reaction import phase_values
from licoat.workflows.output.book import words_and_unit
from licoat.workflows.output.tables import LEGEND, STAR, head, source_line, verdict_marks
from licoat.workflows.output.text import equation_text, rounded
from licoat.workflows.paper.table import PaperTable
from licoat.workflows.screening.coatings import CAVEAT
from licoat.workflows.screening.comparison import Comparison
from licoat.workflows.screening.criteria import Criterion
from licoat.workflows.screening.ranking import score_text
from licoat.workflows.screening.screen import ScreeningResult
from licoat.workflows.screening.validation import Validation

if TYPE_CHECKING:
    from licoat.workflows.calculations.relaxing import RelaxedFile

__all__ = [
    "print_comparison",
    "print_criteria",
    "print_data",
    "print_fit",
    "print_paper",
    "print_path",
    "print_reaction",
    "print_relaxed",
    "print_screen",
    "print_validation",
    "text_table",
]


def text_table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[int] = (0,)) -> str:
    """Lay out a plain text table.

    Parameters
    ----------
    heads : sequence of str
        Column headings.
    rows : sequence of sequence of str
        Cells.
    left : sequence of int
        Columns set flush left; the others are flush right.
    """
    widths = [max(len(row[i]) for row in (heads, *rows)) for i in range(len(heads))]

    def line(cells: Sequence[str]) -> str:
        parts = [c.ljust(w) if i in left else c.rjust(w) for i, (c, w) in enumerate(zip(cells, widths, strict=True))]
        return "  ".join(parts).rstrip()

    return "\n".join([line(heads), "  ".join("-" * w for w in widths), *map(line, rows)])


def _number(value: float | None, digits: int = 2) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _with_sigma(value: float | None, sigma: float | None, digits: int = 2) -> str:
    if value is None:
        return ""
    return f"{value:.{digits}f}" if sigma is None else f"{value:.{digits}f} +- {sigma:.{digits}f}"


def _times(factor: int, value: float | None) -> float | None:
    """Turn a number per formula unit into one per formula as the field writes it."""
    return None if value is None else factor * value


def say(text: str = "") -> None:
    """Write a line to standard output."""
    sys.stdout.write(text + "\n")


_SCREEN_COLUMNS = (
    "rank", "formula", "equation", "energy_ev_per_fu", "measured_energy_ev_per_fu", "energy_ev_per_anode_atom",
    "heat_mj_per_kg_oxide", "volume_ratio_oxide", "volume_ratio_reactants", "band_gaps_ev", "shear_moduli_gpa",
    "criteria", "score",
)  # fmt: skip
_OTHER = "computed_energy_ev_per_fu"


def print_screen(result: ScreeningResult, top: int) -> None:
    """Print the best oxides, the funnel and what the marks mean."""
    shown = result.candidates[:top]
    best = result.manifest["prefer"] == "best"
    # Beside the energy that decides stands the other one, computed or measured.
    names = [_OTHER if best and name == "measured_energy_ev_per_fu" else name for name in _SCREEN_COLUMNS]
    heads = [head(name, result.manifest["anode"]) for name in names]
    rows = []
    for c in shown:
        r, times = c.path.final, display_factor(c.path.oxide)  # energies are per formula as it is written here
        other = (
            (r.computed_energy_ev_per_fu, r.computed_energy_sigma_ev_per_fu)
            if best
            else (c.measured.measured_energy_ev_per_fu, c.measured.measured_energy_sigma_ev_per_fu)
        )
        rows.append([
            str(c.rank), display_formula(c.path.oxide), display_equation(r.marked_equation),
            _with_sigma(_times(times, r.energy_ev_per_fu), _times(times, r.energy_sigma_ev_per_fu)),
            _with_sigma(_times(times, other[0]), _times(times, other[1])),
            _number(r.energy_ev_per_anode_atom), _number(r.heat_mj_per_kg_oxide), _number(r.volume_ratio_oxide),
            _number(r.volume_ratio_reactants), phase_values(r, "band_gap_ev", "band_gap_kind"),
            phase_values(r, "shear_modulus_gpa", "elastic_kind"), verdict_marks(c),
            score_text(c.score_low, c.score_high),
        ])  # fmt: skip
    say(text_table(heads, rows, left=(1, 2, 9, 10, 11)))
    say()
    say(f"{len(shown)} of {len(result.candidates)} oxides shown; --top N shows more, --out DIR writes everything.")
    say(f"Criteria in order: {', '.join(criterion.name for criterion in result.criteria)}.")
    say(LEGEND)
    say()
    if result.pareto:
        say(f"Pareto front of those that fail nothing: {', '.join(map(display_formula, result.pareto))}.")
    say("Funnel (an oxide leaves at the first criterion it fails):")
    for step in result.funnel:
        names = list(map(display_formula, step.left))
        tail = (
            f"  left: {', '.join(names[:8])}{f' and {len(names) - 8} more' if len(names) > 8 else ''}" if names else ""
        )
        say(f"  {step.step:<20}{step.remaining:>5}{tail}")
    say()
    say(source_line(result))


def _reaction_lines(reaction: Reaction) -> list[tuple[str, str]]:
    sigma = reaction.energy_sigma_ev_per_fu
    anode, oxide = reaction.anode, reaction.oxide
    voltage = _with_sigma(reaction.average_voltage_v, reaction.average_voltage_sigma_v)
    ratio = _with_sigma(reaction.volume_ratio_oxide, reaction.volume_ratio_oxide_sigma)
    # A Gibbs energy is work, not heat: the words that precede the numbers say so.
    gibbs = reaction.energy_kind.startswith("Gibbs")
    energy, heat = ("Gibbs energy", "-dG, not heat") if gibbs else ("energy", "heat")
    ratios = (reaction.tnt_ratio_oxide, reaction.tnt_ratio_reactants)
    tnt = ["" if gibbs else f" ({ratio:.2f} x TNT)" for ratio in ratios]
    return [
        (energy, f"{_with_sigma(reaction.energy_ev_per_fu, sigma)} eV per {oxide}{_basis(reaction)}"),
        ("", f"{_number(reaction.energy_ev_per_atom, 3)} eV per atom of reactants"),
        ("", f"{_number(reaction.energy_ev_per_anode_atom, 3) or '-'} eV per {anode}"),
        ("", f"{_number(reaction.energy_kj_per_mol, 1)} kJ per mol {oxide}"),
        (heat, f"{_number(reaction.heat_mj_per_kg_oxide)} MJ per kg {oxide}{tnt[0]}"),
        ("", f"{_number(reaction.heat_mj_per_kg_reactants)} MJ per kg of all reactants{tnt[1]}"),
        ("", f"{_number(reaction.heat_gj_per_m3_oxide, 1) or 'unknown'} GJ per m3 {oxide}"),
        ("average voltage", f"{voltage or '-'} V against {anode}"),
        ("volume", f"{ratio or 'unknown'} products / {oxide}"),
        ("", f"{_number(reaction.volume_ratio_reactants) or 'unknown'} products / all reactants"),
        ("reacting phase", reaction.phase_id),
    ]  # fmt: skip


def _basis(reaction: Reaction) -> str:
    """Say what an energy rests on, and what the table alone gives."""
    if reaction.energy_basis == COMPUTED:
        return ""
    own = _with_sigma(reaction.computed_energy_ev_per_fu, reaction.computed_energy_sigma_ev_per_fu)
    return f" ({reaction.energy_basis}; computed {own})"


def _phase_table(reaction: Reaction) -> str:
    exists = {True: "yes", False: "predicted", None: "?"}
    rows = [
        [
            s.formula, s.phase_id, s.space_group, exists[s.observed], f"{s.amount:.4g}", _number(s.volume_a3_per_fu),
            _number(s.volume_fraction), _number(s.band_gap_ev) or "?", s.band_gap_kind or "-",
            _number(s.bulk_modulus_gpa, 1) or "?", _number(s.shear_modulus_gpa, 1) or "?", s.elastic_kind or "-",
        ]
        for s in reaction.products
    ]  # fmt: skip
    heads = [
        "product", "phase", "space group", "exists", "per fu", "A3/fu", "volume share", "gap eV", "kind", "K GPa",
        "G GPa", "kind",
    ]  # fmt: skip
    return text_table(heads, rows, left=(0, 1, 2, 3, 8, 11))


def print_reaction(reaction: Reaction, measured: Reaction | str, measured_ratio: float | None) -> None:
    """Print a reaction as a card with the measured values beside it."""
    say(equation_text(reaction.marked_equation))
    say()
    for name, text in _reaction_lines(reaction):
        say(f"  {name:<16}{text}")
    say()
    say(_phase_table(reaction))
    say()
    above = reaction.energy_basis == MEASURED
    if isinstance(measured, Reaction) and not above:
        energy = _with_sigma(measured.energy_ev_per_fu, measured.energy_sigma_ev_per_fu)
        heat, ratio = _number(measured.heat_mj_per_kg_oxide), _number(measured_ratio) or "unknown"
        say(f"measured: {energy} eV per {measured.oxide}, {heat} MJ per kg, volume ratio {ratio}")
    elif not above:
        say(f"measured: {measured}" + (f"; volume ratio {measured_ratio:.2f}" if measured_ratio else ""))
    say(f"source: {reaction.source}, scheme {reaction.scheme}, {reaction.energy_kind}")


def print_path(path: LithiationPath, side: MeasuredSide) -> None:
    """Print the stages, the end state and the verdict of one oxide."""
    say(f"{display_unicode(path.oxide)} on {path.anode}: {path.verdict}")
    force = _with_sigma(path.driving_force_v, path.driving_force_sigma_v, 3)
    if force:
        what = "average voltage" if not path.is_inert else "full conversion would have"
        say(f"  {what} {force} V" + (" (within one sigma of zero)" if path.verdict == "uncertain" else ""))
    say(f"  reacting phase {path.phase_id}: {path.phase_choice}")
    if path.stages:
        say()
        rows = [
            [
                f"{s.anode_atoms_from:.4g}", f"{s.anode_atoms_to:.4g}", rounded(s.voltage_v, s.voltage_sigma_v),
                f"{s.energy_ev_per_fu:.3f}", " + ".join(f if n == 1 else f"{n:.4g} {f}" for f, n in s.products.items()),
            ]
            for s in path.stages
        ]  # fmt: skip
        say(text_table([f"{path.anode} from", "to", "V", "eV", f"products per {path.oxide}"], rows, left=(4,)))
    if path.decomposition_energy_ev_per_fu < 0:
        say(f"  before any {path.anode}: {path.decomposition_energy_ev_per_fu:.3f} eV by going to the lowest phases")
    say()
    say(f"end state  {equation_text(path.final.marked_equation)}")
    for name, text in _reaction_lines(path.final):
        say(f"  {name:<16}{text}")
    for name, reaction in path.staged.items():
        if reaction is not None:
            energy = _with_sigma(reaction.energy_ev_per_fu, reaction.energy_sigma_ev_per_fu)
            per = reaction.oxide
            say(f"  {name:<16}{equation_text(reaction.equation)}: {energy} eV per {per}")
    _print_other_ends(path)
    say()
    say(_phase_table(path.final))
    say()
    if side.measured_missing:
        say(f"measured: {side.measured_missing}")
    elif path.final.energy_basis != MEASURED:
        energy = _with_sigma(side.measured_energy_ev_per_fu, side.measured_energy_sigma_ev_per_fu)
        say(
            f"measured: {energy} eV per {path.oxide}, "
            f"volume ratio {_number(side.measured_volume_ratio_oxide) or 'unknown'}"
        )
    scheme = f"{path.final.scheme}, {path.final.energy_kind}"
    say(f"source: {path.final.source}, scheme {scheme}, {path.hull_phases} compositions in the hull")
    if path.caution:
        say(f"caution: {path.caution}")


def _print_other_ends(path: LithiationPath) -> None:
    """Print what predicted products, solid solutions and other polymorphs would change."""
    if path.predicted is not None:
        other = path.predicted
        margin = _with_sigma(other.margin_ev_per_fu, other.margin_sigma_ev_per_fu)
        say(
            f"  only predicted  {equation_text(other.equation)}: lower by {margin} eV per {path.oxide} "
            f"({', '.join(other.predicted_products)}; --products all lets it in)"
        )
    for note in path.solutions:
        say(f"  dissolves       {note}")
    for polymorph in path.alternatives:
        ratio = "" if polymorph.volume_ratio_oxide is None else f", volume ratio {polymorph.volume_ratio_oxide:.2f}"
        name = f"{polymorph.phase_id} ({polymorph.space_group})"
        say(f"  if it were      {name}: {polymorph.energy_ev_per_fu:.2f} eV{ratio}")


def print_comparison(comparison: Comparison) -> None:
    """Print all sources side by side."""
    say(equation_text(comparison.equation))
    say()
    rows = []
    for quantity, values in comparison.rows.items():
        cells = [values[source] for source in comparison.sources]
        words, unit = words_and_unit(quantity)
        rows.append(
            [
                f"{words} ({unit})" if unit else words,
                *("" if v is None else v if isinstance(v, str) else f"{v:.3f}" for v in cells),
            ]
        )
    say(text_table(["", *comparison.sources], rows))
    for source, note in comparison.notes.items():
        say(f"{source}: {note}")
    say(f"{STAR}; energies computed at 0 K, measured at 298.15 K")


def print_criteria(description: str, criteria: Sequence[Criterion]) -> None:
    """Print criteria with their reasons and sources."""
    say(description)
    for criterion in criteria:
        words, unit = words_and_unit(criterion.quantity)
        mark = ", objective" if criterion.objective else ""
        say()
        say(f"{criterion.name} (weight {criterion.weight:g}{mark})")
        say(f"    {criterion.quantity} {criterion.comparison} {criterion.threshold:g}: {words} {unit}".rstrip())
        for text in (criterion.reason, f"source: {criterion.source}" if criterion.source else ""):
            if text:
                say(textwrap.fill(text, 116, initial_indent="    ", subsequent_indent="    "))


def print_data(phases: PhaseTable, details: Mapping[str, Any]) -> None:
    """Print what a source holds."""
    manifest = phases.manifest
    for name in ("source", "version", "scheme", "energy_kind", "description", "licence", "created", "sha256"):
        if getattr(manifest, name):
            say(f"{name:<20}{getattr(manifest, name)}")
    for name, value in details.items():
        say(f"{name:<20}{value}")


def print_paper(table: PaperTable) -> None:
    """Print the founding paper's numbers beside ours, by theme, with the reason of every verdict."""
    theme = ""
    for row in table.rows:
        if row.theme != theme:
            theme = row.theme
            say()
            say(theme.upper())
        ours = ", ".join(f"{source} {value:.4g}" for source, value in row.values.items()) or "-"
        unit = row.unit if row.paper_value is not None else ""
        say(f"  {row.quantity}")
        say(f"    paper {row.paper_label} {unit}".rstrip() + f" | {ours} | {row.verdict.upper()}")
        say(textwrap.fill(f"{row.explanation} [{row.where}]", 116, initial_indent="    ", subsequent_indent="    "))
    say()
    say(", ".join(f"{count} {verdict}" for verdict, count in table.counts.items()))


def print_validation(found: Validation) -> None:
    """Print the errors of each table by class."""
    names = ["n", "mean_ev", "mae_ev", "rms_ev", "within_1_sigma", "within_2_sigma", "worst_ev", "worst"]
    rows = [
        [
            scheme, s.name, str(s.n), _number(s.mean_ev, 3), _number(s.mae_ev, 3), _number(s.rms_ev, 3),
            _number(s.within_1_sigma), _number(s.within_2_sigma), _number(s.worst_ev, 3), s.worst,
        ]
        for scheme, summaries in found.summaries.items()
        for s in summaries
    ]  # fmt: skip
    say(text_table(["scheme", "class", *(BOOK[name].label for name in names)], rows, left=(0, 1, 9)))
    say()
    say("eV per O atom of oxide + Li -> elements + Li2O, in which the oxygen reference cancels; alloys: eV per atom of")
    say("formation. Computed at 0 K, measured enthalpies at 298.15 K of the polymorph that was measured.")
    if found.properties:
        say()
        names = ["quantity", "kind", "unit", "n", "mean", "mae", "rms", "within_1_sigma", "within_2_sigma", "worst"]
        rows = [
            [
                s.quantity, s.kind, s.unit, str(s.n), _number(s.mean, 3), _number(s.mae, 3), _number(s.rms, 3),
                _number(s.within_1_sigma), _number(s.within_2_sigma), s.worst,
            ]
            for s in by_property(found.properties)
        ]  # fmt: skip
        say(text_table([BOOK[name].label for name in names], rows, left=(0, 1, 2, 9)))
        say()
        say(
            f"Voltages and volumes of {next(iter(found.errors))}; potentials of 630-700 K hold entropies that it lacks."
        )
    if found.coatings:
        _print_coatings(found)


def _print_coatings(found: Validation) -> None:
    """Print published coatings beside their predicted reactions, and what they cannot tell."""
    marks = {True: "yes", False: "NO", None: ""}
    rows = [
        [c.oxide, c.idea, c.outcome, c.mechanism, c.equation, c.first_products, marks[c.agrees], c.reference[:60]]
        for c in found.coatings
        if c.mechanism
    ]
    say()
    say("Published coatings whose reaction was reported, and the prediction:")
    names = ["oxide", "idea", "outcome", "mechanism", "equation", "first_products", "agrees", "reference"]
    say(text_table([BOOK[name].label for name in names], rows, left=range(len(names))))
    for check in found.profiles:
        say(
            f"Score of the profile {check.profile}: a success above a partial one in {check.area_under_curve:.2f} of "
            f"pairs (95 %: {check.low:.2f}-{check.high:.2f}; {check.n_success} and {check.n_partial} studies)."
        )
    say(CAVEAT)


def print_fit(document: Mapping[str, Any]) -> None:
    """Print how well the fitted errors predict elements that were left out."""
    for level, found in document["levels"].items():
        aside = found["kept_aside"]
        parts = {"each element left out in its turn": found["left_out"],
                 f"{', '.join(aside['elements'])} kept aside": aside["classes"]}  # fmt: skip
        for title, classes in parts.items():
            say(f"{level}, {title} (eV per O; alloys: per atom)")
            rows = [
                [name, str(c["n"]), _number(c["before_mae_ev"], 3), _number(c["mae_ev"], 3), _number(c["rms_ev"], 3),
                 _number(c["within_1_sigma"]), _number(c["within_2_sigma"])]
                for name, c in classes.items()
            ]  # fmt: skip
            heads = ["class", "n", "MAE before", "MAE", "rms", "within 1 sigma", "within 2 sigma"]
            say(text_table(heads, rows))
            say()


def print_relaxed(relaxed: Sequence["RelaxedFile"]) -> None:
    """Print one row per relaxed structure, and what its energy is."""
    from licoat.workflows.calculations.relaxing import relaxed_rows

    heads = ["file", "formula", "E eV/atom", "V A3/atom", "dV %", "space group", "K GPa", "G GPa", "result"]
    say(text_table(heads, relaxed_rows(relaxed), left=(0, 1, 5, 8)))
    say()
    corrected = "without corrections" if relaxed[0].scheme.endswith("/none") else "which hold its corrections"
    say(f"Energies of {relaxed[0].calculator} as it gives them (scheme {relaxed[0].scheme}), {corrected};")
    say("dV is the change of volume; K and G are Hill's mean moduli (--elastic).")
