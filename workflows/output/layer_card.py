"""A layer as a card on the console: grouped, with units, with what is assumed and what is missing."""

from licoat.workflows.layer.design import LayerDesign
from licoat.workflows.layer.quantity import LayerQuantity
from licoat.workflows.output.book import find
from licoat.workflows.output.console import say, text_table
from licoat.workflows.output.text import equation_text

__all__ = ["print_layer"]


def print_layer(layer: LayerDesign) -> None:
    """Print a layer.

    Parameters
    ----------
    layer : LayerDesign
    """
    m, answer = layer.material, layer.target
    say(f"{equation_text(m.equation)}   ({m.oxide} is {m.phase_id})")
    if answer is not None:
        limits = ", ".join(f"{name} {value:.3g}" for name, value in answer.limits.items())
        done = "gives the target" if answer.feasible else "the target is INFEASIBLE, this is the most that is allowed"
        say(f"loading {answer.oxide_loading_mg_per_cm2:.4g} mg/cm2: {done}; binding: {answer.binding}")
        say(f"each wish alone would give (mg/cm2): {limits}")
    group = ""
    for quantity in layer.quantities.values():
        if quantity.group != group:
            group = quantity.group
            say()
            say(group.upper())
        say("  " + _line(quantity))
    say()
    rows = [
        [
            p.formula, f"{p.amount:.4g}", _cell(p.volume_fraction, 2), _cell(p.band_gap_ev, 2),
            _cell(p.bulk_modulus_gpa, 1), _cell(p.shear_modulus_gpa, 1), _cell(p.toughness_mpa_sqrt_m, 2),
            "; ".join(f"{name}: {text}" for name, text in p.sources.items())[:110],
        ]
        for p in m.products
    ]  # fmt: skip
    heads = ["phase", "per oxide", "volume share", "gap eV", "K GPa", "G GPa", "K_Ic MPa m^0.5", "sources"]
    say(text_table(heads, rows, left=(0, 7)))
    say()
    say(f"assumed: {', '.join(_options(layer))}")
    for statement in layer.assumptions:
        say(f"note: {statement}")
    for statement in layer.missing:
        say(statement)
    say(f"reaction from {m.sources['reaction']}")
    say(f"heat from {m.sources['heat']}; oxide volume from {m.sources['oxide volume'] or 'nowhere'}")


def _options(layer: LayerDesign) -> list[str]:
    """Write what was assumed: ``packing fraction 0.6``, ``cell voltage 3.4 V``."""
    found = []
    for name in layer.options.__slots__:
        quantity = find(name)
        found.append(f"{quantity.label} {getattr(layer.options, name):g} {quantity.unit_text}".rstrip())
    return found


def _line(quantity: LayerQuantity) -> str:
    words, unit = find(quantity.name).label, find(quantity.name).unit_text
    value = "unknown" if quantity.value is None else f"{quantity.value:.4g}"
    note = f"  {quantity.note}" if quantity.note else ""
    return f"{words:<50}{value:>10} {unit:<18}{note}".rstrip()


def _cell(value: float | None, digits: int) -> str:
    return "?" if value is None else f"{value:.{digits}f}"
