"""A layer as a card on the console: what matters first, then groups with units, what is assumed and what is missing."""

import math
import re
import textwrap
from collections.abc import Iterator

from licoat.structures.chemistry.book import Kind
from licoat.workflows.layer.bands import Band
from licoat.workflows.layer.design import LayerDesign
from licoat.workflows.layer.films import measured_films
from licoat.workflows.layer.quantity import LayerQuantity
from licoat.workflows.output.book import find
from licoat.workflows.output.console import say, text_table
from licoat.workflows.output.text import equation_text, rounded, significant

__all__ = ["print_layer"]

WIDTH = 116
_LOW = re.compile(r"_low_")


def print_layer(layer: LayerDesign) -> None:
    """Print a layer.

    Parameters
    ----------
    layer : LayerDesign
    """
    _print_head(layer)
    for group in layer.groups:
        say()
        say(f"{group.group.upper()}: {group.meaning}")
        for line in _lines({quantity.name: quantity for quantity in group.quantities()}):
            say(f"  {line}")
    films = measured_films(layer.material.oxide)
    if films:
        say()
        say("Films of this oxide that were measured (not used above):")
        for film in films:
            say(f"  {film}")
    say()
    _print_phases(layer)
    say()
    _print_grounds(layer)


def _print_head(layer: LayerDesign) -> None:
    """Print what changes everything, the reaction, and whether a target is met."""
    m, answer = layer.material, layer.target
    for caution in layer.cautions:
        say(textwrap.fill(f"!! {caution}", WIDTH, subsequent_indent="   "))
    say(f"{equation_text(m.equation)}   ({m.oxide} is {m.phase_id})")
    if answer is not None:
        limits = ", ".join(f"{name} {value:.3g}" for name, value in answer.limits.items())
        done = "gives the target" if answer.feasible else "the target is INFEASIBLE, this is the most that is allowed"
        say(f"loading {answer.oxide_loading_mg_per_cm2:.4g} mg/cm2: {done}; binding: {answer.binding}")
        say(f"each wish alone would give (mg/cm2): {limits}")


def _print_grounds(layer: LayerDesign) -> None:
    """Print what was assumed, what is bounded or unknown, and where heat and volume come from."""
    m = layer.material
    say(textwrap.fill(f"assumed: {', '.join(_options(layer))}", WIDTH))
    for statement in layer.assumptions:
        say(textwrap.fill(f"note: {statement}", WIDTH, subsequent_indent="  "))
    lacking: dict[str, list[str]] = {}
    for quantity in layer.quantities.values():
        if quantity.value is None:
            lacking.setdefault(quantity.note, []).append(quantity.name)
    for why, names in lacking.items():
        say(textwrap.fill(f"unknown: {', '.join(names)} ({why})", WIDTH, subsequent_indent="  "))
    say(f"reaction from {m.sources['reaction']}")
    say(f"heat from {m.sources['heat']}; oxide volume from {m.sources['oxide volume'] or 'nowhere'}")


def _print_phases(layer: LayerDesign) -> None:
    """Print what the layer consists of, and every source whole."""
    rows = [
        [
            p.formula, f"{p.amount:.4g}", _cell(p.volume_fraction, 2), _cell(p.band_gap_ev, 2), _decades(p.resistivity),
            _decades(p.conductivity), _cell(p.bulk_modulus_gpa, 1), _cell(p.shear_modulus_gpa, 1),
            _cell(p.toughness_mpa_sqrt_m, 2),
        ]
        for p in layer.material.products
    ]  # fmt: skip
    heads = ["phase", "per oxide", "volume share", "gap eV", "log10 ohm cm", "ions log10 S/cm", "K GPa", "G GPa"]
    say(text_table([*heads, "K_Ic MPa m^0.5"], rows))
    for p in layer.material.products:
        text = "; ".join(f"{name}: {source}" for name, source in p.sources.items())
        say(textwrap.fill(f"{p.formula}: {text}", WIDTH, initial_indent="  ", subsequent_indent="    "))


def _options(layer: LayerDesign) -> list[str]:
    """Write what was assumed: ``packing fraction 0.6``, ``cell voltage 3.4 V``."""
    found = []
    for name in layer.options.__slots__:
        quantity = find(name)
        found.append(f"{quantity.label} {getattr(layer.options, name):g} {quantity.unit_text}".rstrip())
    return found


def _lines(quantities: dict[str, LayerQuantity]) -> Iterator[str]:
    """Write the quantities of a group; bounds in one line, a sigma behind its value."""
    told: set[str] = set()
    middles = {_LOW.sub("_", name) for name in quantities if _LOW.search(name)}
    for name, quantity in quantities.items():
        sigma = quantities.get(_sigma_name(name))
        upper = quantities.get(_LOW.sub("_high_", name)) if _LOW.search(name) else None
        if name in told or name in middles:  # the middle of a band stands behind its bounds
            continue
        if sigma is not None:
            told.add(sigma.name)
            value = "unknown" if quantity.value is None else rounded(quantity.value, sigma.value)
            yield _line(quantity, value)
        elif upper is not None:
            told.add(upper.name)
            known = quantity.value is not None or upper.value is not None
            value = f"{_value(quantity)} to {_value(upper)}" if known else "unknown"
            middle = quantities.get(_LOW.sub("_", name))
            if middle is not None and middle.value is not None:
                value += f" ({_value(middle)})"
            yield _line(quantity, value, find(name).label.removesuffix(", lower bound"))
        else:
            yield _line(quantity, _value(quantity))


def _sigma_name(name: str) -> str:
    """Name of the sigma of a quantity: ``heat_sigma_j_per_cm2`` of ``heat_j_per_cm2``, before its unit."""
    unit = next((u for u in ("_j_per_cm2", "_v") if name.endswith(u)), "")
    return f"{name.removesuffix(unit)}_sigma{unit}" if unit else ""


def _value(quantity: LayerQuantity) -> str:
    if quantity.value is None:
        return "unknown"
    if find(quantity.name).kind is Kind.YES_NO:
        return "yes" if quantity.value else "no"
    if "log10" in quantity.name:
        return f"{quantity.value:.1f}"
    return significant(quantity.value)


def _line(quantity: LayerQuantity, value: str, words: str = "") -> str:
    """Label, value, unit and note; what is unknown has no unit."""
    unit = "" if value in {"unknown", "none", "yes", "no"} else find(quantity.name).unit_text
    note = f"  {quantity.note}" if quantity.note else ""
    return f"{words or find(quantity.name).label:<50}{value:>20} {unit:<18}{note}".rstrip()


def _decades(band: Band | None) -> str:
    """Write a band of decades: ``-1.5 to 9.4``."""
    if band is None:
        return "?"
    ends = [f"{end:.1f}" if math.isfinite(end) else "?" for end in (band.low, band.high)]
    return " to ".join(dict.fromkeys(ends))


def _cell(value: float | None, digits: int) -> str:
    return "?" if value is None else f"{value:.{digits}f}"
