"""What a paper needs beside its tables: the results of one command as files, with references and methods."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from licoat.structures import load_phases
from licoat.structures.publishing import publish_files
from licoat.workflows.output.exports import frame_writers
from licoat.workflows.output.references import bibliography, cited, methods, sources_of
from licoat.workflows.screening.coatings import CAVEAT

if TYPE_CHECKING:
    from licoat.thermo import LithiationPath, Reaction
    from licoat.thermo.measurement import MeasuredSide
    from licoat.workflows.layer import LayerDesign
    from licoat.workflows.paper.table import PaperTable
    from licoat.workflows.screening.comparison import Comparison
    from licoat.workflows.screening.screen import ScreeningResult
    from licoat.workflows.screening.validation import Validation

__all__ = [
    "kit_texts",
    "kit_writers",
    "measured_sources",
    "save_comparison",
    "save_layer",
    "save_paper",
    "save_path",
    "save_reaction",
    "save_validation",
    "screen_kit",
]

Writers = dict[str, Callable[[Path], Any]]


def kit_texts(
    document: Any,  # noqa: ANN401 - any JSON-able document
    what: str,
    tables: Mapping[str, str],
    *,
    also: Iterable[str] = (),
    anode: str = "Li",
    more: Iterable[str] = (),
    end_states: bool = True,
) -> dict[str, str]:
    """Return the texts of ``references.bib`` and ``methods.md``.

    Parameters
    ----------
    document : JSON-able
        What the result's ``to_dict`` gives; every source that it names is cited.
    what : str
        First sentence of the methods.
    tables : mapping of str to str
        Name of each table of phases to its scheme.
    also : iterable of str
        Sources that the document does not name.
    anode, more, end_states
        As for `licoat.workflows.output.references.methods`.
    """
    schemes = [f"scheme:{scheme}" for name, scheme in tables.items() if name != "measured"]
    references = cited([*schemes, *also, *sources_of(document)])
    text = methods(what, tables, references, anode=anode, more=more, end_states=end_states)
    return {"references.bib": bibliography(references), "methods.md": text}


def kit_writers(document: Any, what: str, tables: Mapping[str, str], **options: Any) -> Writers:  # noqa: ANN401
    """Return the writers of ``references.bib`` and ``methods.md`` (see `kit_texts`)."""
    return _as_files(kit_texts(document, what, tables, **options))


def _as_files(texts: Mapping[str, str]) -> Writers:
    def writer(text: str) -> Callable[[Path], Any]:
        return lambda file: file.write_text(text, encoding="utf-8")

    return {name: writer(text) for name, text in texts.items()}


def measured_sources(formulas: Iterable[str]) -> Iterator[str]:
    """Yield the sources of the measured enthalpies of some substances."""
    measured = load_phases("measured")
    texts, energies = measured.text("energy_source"), measured.column("formation_energy_ev_per_atom")
    for formula in dict.fromkeys(formulas):
        rows = [row for row in measured.rows_of(formula) if energies[row] == energies[row]]
        if rows:
            yield from sources_of({"source": texts[rows[0]]})


def _json(document: Any) -> Callable[[Path], Any]:  # noqa: ANN401
    return lambda file: file.write_text(json.dumps(document, allow_nan=False, indent=1) + "\n", encoding="utf-8")


def screen_kit(result: "ScreeningResult") -> Writers:
    """Return the writers of references, methods and report of a screen."""
    manifest = result.manifest
    reactions = [c.path.final.to_dict() for c in result.candidates]
    known = [c for c in result.candidates if c.measured.measured_energy_ev_per_fu is not None]
    formulas = [species.formula for c in known for species in c.path.final.species]
    asked = "; ".join(f"{c.name}: {c.quantity} {c.comparison} {c.threshold:g}" for c in result.criteria)
    from licoat.structures.phases.facts import hazard_fact

    facts = [fact.source for c in result.candidates if (fact := hazard_fact(c.path.oxide)) is not None]
    texts = kit_texts(
        [reactions, manifest["criteria"]],
        f"{len(result.candidates)} oxides were screened as self-compacting coatings of {manifest['anode']} metal.",
        {manifest["source"]["source"]: manifest["source"]["scheme"]},
        also=[*measured_sources(formulas), *facts],
        anode=manifest["anode"],
        more=[
            f"Criteria, in order: {asked} [@monroe2005; @scher1970].",
            "A criterion without data counts neither for nor against an oxide.",
        ],
    )
    from licoat.workflows.output.report.page import report_html

    report = report_html(result, texts["methods.md"], texts["references.bib"])
    return _as_files(texts | {"report.html": report})


def save_path(path: "LithiationPath", side: "MeasuredSide", folder: Path, *, figures: bool = False) -> list[Path]:
    """Write the stages of one oxide as tables, all of it as JSON, references and methods, with figures if asked."""
    document = path.to_dict() | {"measured": side.to_dict()}
    writers = frame_writers(path.to_frame(), "path", f"Voltage plateaus of {path.oxide} on {path.anode}.")
    writers |= {"path.json": _json(document)}
    # Measured voltages stand in the figure; measured enthalpies beside the end state.
    formulas = [s.formula for s in path.final.species] if side.measured_energy_ev_per_fu is not None else []
    writers |= kit_writers(
        document["final"],
        f"{path.oxide} was brought to equilibrium with {path.anode} metal, plateau by plateau.",
        {path.phases.source: path.phases.scheme},
        also=measured_sources(formulas),
        anode=path.anode,
    )
    if figures:
        from licoat.workflows.output.figures.files import path_figures

        writers |= path_figures(path)
    return publish_files(folder, writers)


def save_reaction(
    reaction: "Reaction", measured: "Reaction | str", folder: Path, *, figures: bool = False
) -> list[Path]:
    """Write the substances of a reaction as tables, all of it as JSON, references and methods."""
    import pandas as pd

    document = reaction.to_dict()
    rows = [{k: v for k, v in s.items() if not k.startswith("energy_phase")} for s in document["species"]]
    known = [s.formula for s in reaction.species] if not isinstance(measured, str) else []
    columns = ["formula", "amount", "phase_id", "volume_a3_per_fu", "volume_fraction", "band_gap_ev", "band_gap_source",
               "bulk_modulus_gpa", "shear_modulus_gpa", "elastic_source"]  # fmt: skip
    writers = frame_writers(pd.DataFrame(rows)[columns], "reaction", reaction.equation)
    writers |= {"reaction.json": _json(document | {"measured": measured if known == [] else measured.to_dict()})}  # type: ignore[union-attr]
    writers |= kit_writers(
        document,
        f"The reaction {reaction.equation} was computed.",
        {reaction.source: reaction.scheme},
        also=measured_sources(known),
        anode=reaction.anode,
        end_states=False,
    )
    if figures:
        from licoat.workflows.output.figures.files import reaction_figures

        writers |= reaction_figures(reaction)
    return publish_files(folder, writers)


def save_comparison(comparison: "Comparison", folder: Path, *, figures: bool = False) -> list[Path]:
    """Write the sources side by side as tables, JSON, references and methods."""
    import pandas as pd

    rows = [{"quantity": name, **values} for name, values in comparison.rows.items()]
    writers = frame_writers(pd.DataFrame(rows), "comparison", f"{comparison.equation} from several sources.")
    schemes = comparison.rows["scheme"]
    also = ["founding paper"] if "paper" in comparison.sources else []
    formulas = [term.split()[-1] for term in comparison.equation.replace("->", "+").split(" + ") if term.strip()]
    if comparison.rows["energy_ev_per_fu"].get("measured") is not None:
        also += measured_sources(formulas)
    writers |= {"comparison.json": _json(comparison.to_dict())}
    writers |= kit_writers(
        {},
        f"The reaction {comparison.equation} was computed from several sources.",
        {
            s.partition(" ")[0] if i == 0 else s: str(schemes[s])
            for i, s in enumerate(comparison.sources)
            if schemes[s] and s != "paper"
        },
        also=also,
    )
    if figures:
        from licoat.workflows.output.figures.files import comparison_figures

        writers |= comparison_figures(comparison)
    return publish_files(folder, writers)


def save_layer(layer: "LayerDesign", scheme: str, folder: Path, *, figures: bool = False) -> list[Path]:
    """Write a layer as tables, JSON, references and methods."""
    document = layer.to_dict()
    writers = frame_writers(layer.to_frame(), "layer", f"Layer of {layer.material.oxide} on {layer.material.anode}.")
    formulas = [layer.material.oxide, *(phase.formula for phase in layer.material.products)]
    writers |= {"layer.json": _json(document)}
    writers |= kit_writers(
        {name: document[name] for name in ("phases", "sources")},
        f"The layer that {layer.oxide_loading_mg_per_cm2:g} mg/cm2 of {layer.material.oxide} become on "
        f"{layer.lithium_thickness_um:g} um of {layer.material.anode} was computed.",
        {"builtin" if "sevennet" in scheme else layer.material.sources["reaction"]: scheme},
        also=["layer", *(measured_sources(formulas) if layer.material.sources["heat"].startswith("measured") else ())],
        anode=layer.material.anode,
        more=["Moduli of the mixture lie between the bounds of Hashin and Shtrikman [@hashin1963]."],
    )
    if figures:
        from licoat.workflows.output.figures.stack import plot_stacks
        from licoat.workflows.output.figures.style import write_figure

        writers |= {f"figures/layer.{e}": lambda file: write_figure(plot_stacks([layer]), file) for e in ("svg", "pdf")}
    return publish_files(folder, writers)


def save_paper(table: "PaperTable", folder: Path) -> list[Path]:
    """Write the founding paper's numbers beside the recomputed ones, with references and methods."""
    caption = "Numbers of the founding paper, recomputed; sources as explained by licoat paper --json."
    writers = frame_writers(table.to_frame(), "paper", caption, printed=table.to_printed_frame())
    schemes = {"builtin": "sevennet-l3i5/mp2020", "builtin, uncorrected": "sevennet-l3i5/none"}
    also = ["founding paper", "layer", *measured_sources(["Sb2O3", "Li2O", "Li3Sb"])]
    return publish_files(folder, writers | kit_writers({}, "The founding paper was recomputed.", schemes, also=also))


def save_validation(
    found: "Validation", schemes: Mapping[str, str], folder: Path, *, figures: bool = False
) -> list[Path]:
    """Write the errors by class and reaction by reaction, with references and methods.

    Parameters
    ----------
    found : Validation
    schemes : mapping of str to str
        Name of each table, as in `found`, to its scheme.
    folder : Path
    figures : bool
        Also the parity plots.
    """
    caption = "Errors of reaction energies against measured enthalpies, eV per O atom (alloys: per atom)."
    writers = frame_writers(found.to_frame(), "validation", caption)
    writers |= frame_writers(found.errors_frame(), "reactions", caption)
    about = "Plateau voltages, volumes and PBE band gaps against measured ones."
    writers |= frame_writers(found.properties_frame(), "properties", about)
    if found.coatings:
        writers |= frame_writers(found.coatings_frame(), "coatings", f"Published coatings. {CAVEAT}")
    formulas = ["Li2O", *(error.formula for errors in found.errors.values() for error in errors)]
    what = "Computed reaction energies were compared with measured enthalpies."
    writers |= kit_writers({}, what, dict(schemes), also=measured_sources(formulas))
    if figures:
        from licoat.workflows.output.figures.files import validation_figures

        writers |= validation_figures(found)
    return publish_files(folder, writers)
