"""``licoat layer``: the layer that a sprayed oxide becomes."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from licoat.workflows.commands.common import add_command, add_out, load, out_folder, path_text, print_json

if TYPE_CHECKING:
    from licoat.structures import PhaseTable
    from licoat.workflows.layer import LayerDesign

__all__ = ["add"]


_LAYER_OPTIONS = {
    "packing": "solid fraction of the powder (default 0.6)",
    "conversion": "share of the oxide that reacts (default 1)",
    "current": "current density in mA/cm2 (default 1)",
    "overpotential": "of deposition in V (default 0.05)",
    "voltage": "average cell voltage in V (default 3.4)",
    "film-voltage": "voltage across the layer in V, for the leakage (default 0.05)",
    "press-time": "of a steel roller on the powder in s, for the heat that it takes (default 0.1)",
    "bed-conductivity": "thermal conductivity of the powder in W/mK (default 0.2)",
    "cathode": "cathode capacity in mAh/cm2 (default 2.7)",
    "cathode-thickness": "in um, with its current collector (default 105)",
    "cathode-mass": "in mg/cm2, with its current collector (default 23.4)",
    "electrolyte-mass": "in mg/cm2 (default 4)",
    "efficiency": "coulombic efficiency of the metal electrode, 0 to 1 (default 0.99)",
    "copper": "copper foil of the reference electrode in um (default 10)",
    "lithium-shear": "shear modulus of the metal in GPa (default: 3.4 for lithium, else the measured one of the metal)",
}
_LAYER_FIELDS = {
    "packing": "packing_fraction",
    "conversion": "conversion",
    "current": "current_ma_per_cm2",
    "overpotential": "overpotential_v",
    "voltage": "cell_voltage_v",
    "film-voltage": "film_voltage_v",
    "press-time": "press_time_s",
    "bed-conductivity": "bed_conductivity_w_per_m_k",
    "cathode": "cathode_capacity_mah_per_cm2",
    "cathode-thickness": "cathode_thickness_um",
    "cathode-mass": "cathode_mass_mg_per_cm2",
    "electrolyte-mass": "electrolyte_mass_mg_per_cm2",
    "efficiency": "coulombic_efficiency",
    "copper": "copper_thickness_um",
    "lithium-shear": "lithium_shear_modulus_gpa",
}


def add(commands: Any) -> None:  # noqa: ANN401 - argparse has no public name for it
    """Add the command to the parser."""
    text = "the layer that a sprayed oxide becomes: thickness, heat, stiffness, transport, cell"
    parser = add_command(commands, "layer", _layer, text)
    parser.add_argument("formula", help="oxide, e.g. Sb2O3")
    parser.add_argument("--phase", metavar="ID", help="polymorph that reacts (default: the observed one)")
    parser.add_argument("--loading", type=float, metavar="MG", help="sprayed oxide in mg/cm2 (default 1.0)")
    parser.add_argument("--lithium", type=float, default=20.0, metavar="UM", help="metal foil in um (default 20)")
    parser.add_argument("--target-thickness", type=float, metavar="UM", help="solve the loading for this layer")
    parser.add_argument("--max-lithium-loss", type=float, metavar="UM", help="solve the loading for this loss of metal")
    parser.add_argument("--max-temperature-rise", type=float, metavar="K", help="... for this rise of the foil")
    parser.add_argument("--plot", type=path_text, metavar="F.svg", help="draw the layer as a stack (.svg, .pdf, .png)")
    add_out(parser)
    for name, help_text in _LAYER_OPTIONS.items():
        parser.add_argument(f"--{name}", type=float, help=help_text)


def _layer(options: argparse.Namespace) -> None:
    from licoat.structures.errors import InputFileError
    from licoat.workflows.layer import LayerOptions, design_layer

    given = {field: getattr(options, name.replace("-", "_")) for name, field in _LAYER_FIELDS.items()}
    wishes = (options.target_thickness, options.max_lithium_loss, options.max_temperature_rise)
    if options.loading is not None and any(wish is not None for wish in wishes):
        raise InputFileError("--loading and a target (--target-thickness, --max-...) exclude each other: give one")
    layer_options = LayerOptions(**{field: value for field, value in given.items() if value is not None})
    out, phases = out_folder(options), load(options)
    thickness, loss, rise = wishes
    layer = design_layer(
        options.formula,
        phases,
        oxide_loading_mg_per_cm2=options.loading,
        lithium_thickness_um=options.lithium,
        options=layer_options,
        anode=options.anode,
        phase_id=options.phase,
        target_layer_thickness_um=thickness,
        max_lithium_loss_um=loss,
        max_temperature_rise_k=rise,
    )
    if options.plot is not None:
        _plot(layer, phases, options)
    if out is not None:
        from licoat.workflows.output.kit import save_layer

        save_layer(layer, phases.scheme, out, figures=options.figures)
    if options.json:
        print_json(layer.to_dict())
    elif not options.quiet:
        from licoat.workflows.output.layer_card import print_layer

        print_layer(layer)


def _plot(layer: "LayerDesign", phases: "PhaseTable", options: argparse.Namespace) -> None:
    """Draw the layer, and the founding case of the same loading beside it."""
    from licoat.workflows.layer import design_layer
    from licoat.workflows.output.figures.stack import save_stack_figure
    from licoat.workflows.screening.comparison import PAPER_OXIDE

    layers = [layer]
    if layer.material.oxide != PAPER_OXIDE and phases.rows_of(PAPER_OXIDE):
        founding = design_layer(
            PAPER_OXIDE,
            phases,
            oxide_loading_mg_per_cm2=layer.oxide_loading_mg_per_cm2,
            lithium_thickness_um=layer.lithium_thickness_um,
            options=layer.options,
            anode=layer.material.anode,
        )
        layers.append(founding)
    save_stack_figure(layers, Path(options.plot))
