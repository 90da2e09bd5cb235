"""``licoat layer``: the layer that a sprayed oxide becomes."""

import argparse
from pathlib import Path
from typing import Any

from licoat.workflows.commands.common import add_command, load, path_text, print_json

__all__ = ["add"]


_LAYER_OPTIONS = {
    "packing": "solid fraction of the powder (default 0.6)",
    "conversion": "share of the oxide that reacts (default 1)",
    "current": "current density in mA/cm2 (default 1)",
    "overpotential": "of deposition in V (default 0.05)",
    "voltage": "average cell voltage in V (default 3.4)",
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
    parser.add_argument("--prefer", choices=("measured", "table"), default="measured", help="whose heat and volumes")
    parser.add_argument("--target-thickness", type=float, metavar="UM", help="solve the loading for this layer")
    parser.add_argument("--max-lithium-loss", type=float, metavar="UM", help="solve the loading for this loss of metal")
    parser.add_argument("--max-temperature-rise", type=float, metavar="K", help="... for this rise of the foil")
    parser.add_argument("--plot", type=path_text, metavar="F.svg", help="draw the layer as a stack (.svg, .pdf, .png)")
    for name, help_text in _LAYER_OPTIONS.items():
        parser.add_argument(f"--{name}", type=float, help=help_text)


def _layer(options: argparse.Namespace) -> None:
    from licoat.structures import load_phases
    from licoat.structures.errors import InputFileError
    from licoat.thermo import lithiate
    from licoat.workflows.layer import LayerOptions, check_inputs, evaluate_layer, layer_material, solve_loading

    given = {field: getattr(options, name.replace("-", "_")) for name, field in _LAYER_FIELDS.items()}
    layer_options = LayerOptions(**{field: value for field, value in given.items() if value is not None})
    wishes = {
        "layer_thickness_um": options.target_thickness,
        "lithium_consumed_um": options.max_lithium_loss,
        "temperature_rise_k": options.max_temperature_rise,
    }
    solve = any(wish is not None for wish in wishes.values())
    if solve and options.loading is not None:
        raise InputFileError("--loading and a target (--target-thickness, --max-...) exclude each other: give one")
    loading = 1.0 if options.loading is None else options.loading
    check_inputs(layer_options, loading, options.lithium)
    path = lithiate(options.formula, load(options), anode=options.anode, phase_id=options.phase)
    material = layer_material(path, load_phases("measured"), prefer=options.prefer)
    answer = solve_loading(material, path, options.lithium, layer_options, **wishes) if solve else None
    if answer is not None:
        loading = answer.oxide_loading_mg_per_cm2
    layer = evaluate_layer(material, path, loading, options.lithium, layer_options)
    if options.plot is not None:
        from licoat.workflows.output.layer_figure import save_stack_figure
        from licoat.workflows.screening.comparison import PAPER_OXIDE

        layers = [layer]
        if material.oxide != PAPER_OXIDE and path.phases.rows_of(PAPER_OXIDE):  # the founding case stands beside
            known = lithiate(PAPER_OXIDE, path.phases, anode=options.anode)
            other = layer_material(known, load_phases("measured"), prefer=options.prefer)
            layers.append(evaluate_layer(other, known, loading, options.lithium, layer_options))
        save_stack_figure(layers, Path(options.plot))
    if options.json:
        print_json(layer.to_dict() | ({"target": answer.to_dict()} if answer else {}))
    elif not options.quiet:
        from licoat.workflows.output.layer_card import print_layer

        print_layer(layer, answer)
