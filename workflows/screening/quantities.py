"""Quantities of one screened oxide: what its layer consists of, per area and thickness.

Each is a `Measure`: value, sigma, source, and what is missing where it cannot be known.
"""

import math
from collections.abc import Callable, Collection, Sequence

from licoat.structures.chemistry.alloys import is_alloy
from licoat.structures.chemistry.book import BOOK, Kind, Quantity, declare
from licoat.structures.crystals.averages import reuss, voigt
from licoat.structures.phases.facts import hazard_fact
from licoat.thermo.measurement import MeasuredSide
from licoat.thermo.path import LithiationPath
from licoat.thermo.quantities import MEASURED, PATH, REACTION
from licoat.thermo.reaction import Reaction, Species
from licoat.workflows.layer import quantities as _layer  # noqa: F401 - declares what a layer and a screen share
from licoat.workflows.layer.material import LayerMaterial
from licoat.workflows.layer.mechanics import composite_bounds
from licoat.workflows.screening import of_layer
from licoat.workflows.screening.criteria import Measure

__all__ = ["DESIGN", "INSULATOR_GAP_EV", "QUANTITIES", "SCREEN", "measure_all", "quantity_names", "register"]

INSULATOR_GAP_EV = 2.0
"""Gap from which a phase counts as an insulator: some 300 thermal carriers per cm3 at room temperature, so that a
layer of 1 um on 1 cm2 holds less than one."""


def measure_all(
    path: LithiationPath,
    measured: MeasuredSide,
    above_hull_ev_per_atom: float,
    material: LayerMaterial,
    names: Collection[str] | None = None,
) -> dict[str, Measure]:
    """Compute every quantity that a criterion may name: every number of an oxide in the book.

    Parameters
    ----------
    path : LithiationPath
    measured : MeasuredSide
        The measured counterpart of its end state.
    above_hull_ev_per_atom : float
        Of the phase that reacts.
    material : LayerMaterial
        Its heat, volumes and phases, as a layer takes them.
    names : collection of str, optional
        Only these.

    Returns
    -------
    dict of str to Measure
        By name, as in `quantity_names`.
    """
    found = {name: function(path) for name, function in QUANTITIES.items() if names is None or name in names}
    found |= {name: function(material) for name, function in LAYER_QUANTITIES.items() if names is None or name in names}
    source = f"{path.final.source} ({path.final.scheme})"
    for quantity in (*REACTION, *PATH):
        asked = names is None or quantity.name in names
        if asked and quantity.is_number and quantity.name not in {*found, "above_hull_ev_per_atom"}:
            value = getattr(path.final if quantity in REACTION else path, quantity.name)
            found[quantity.name] = Measure(value, source=source, missing="" if value is not None else "not known")
    found["above_hull_ev_per_atom"] = Measure(above_hull_ev_per_atom, source=source)
    for quantity in filter(_is_number, MEASURED):
        value = getattr(measured, quantity.name)
        sigma = measured.measured_energy_sigma_ev_per_fu if quantity.name == "measured_energy_ev_per_fu" else None
        missing = "" if value is not None else measured.measured_missing or "not measured"
        found[quantity.name] = Measure(value, sigma, source="measured", missing=missing)
    return found


def _is_number(quantity: Quantity) -> bool:
    return quantity.is_number


def quantity_names() -> tuple[str, ...]:
    """Return what a criterion may name, earlier names too."""
    numbers = {quantity.name for quantity in (*REACTION, *PATH, *MEASURED) if quantity.is_number}
    numbers |= QUANTITIES.keys() | LAYER_QUANTITIES.keys()
    return tuple(sorted({*numbers, *(alias for name in numbers for alias in BOOK[name].aliases)}))


def _energy(name: str) -> Callable[[LithiationPath], Measure]:
    """Measure an energy of the end state; its sigma is that of the reaction energy on the same scale."""

    def measure(path: LithiationPath) -> Measure:
        reaction = path.final
        value, sigma = getattr(reaction, name), reaction.energy_sigma_ev_per_fu
        if value is None:
            return Measure(None, source=_energy_source(reaction), missing="inert")
        scale = abs(value / reaction.energy_ev_per_fu) if reaction.energy_ev_per_fu else None
        return Measure(
            value, None if sigma is None or scale is None else sigma * scale, source=_energy_source(reaction)
        )

    return measure


def _energy_source(reaction: Reaction) -> str:
    return f"{reaction.source} ({reaction.scheme}), {reaction.energy_basis}"


def _driving_force(path: LithiationPath) -> Measure:
    reaction = path.full_conversion if path.is_inert else path.final
    source = _energy_source(path.final if reaction is None else reaction)
    if path.driving_force_v is None or reaction is None:
        return Measure(None, source=source, missing="no conversion reaction")
    return Measure(path.driving_force_v, path.driving_force_sigma_v, source=f"{source}: {reaction.equation}")


def _per_anode_atom(path: LithiationPath) -> Measure:
    """Energy per consumed anode atom; 0 for an oxide that consumes none."""
    reaction = path.final
    source = _energy_source(reaction)
    if reaction.energy_ev_per_anode_atom is None:
        return Measure(0.0, source=source)
    sigma = reaction.energy_sigma_ev_per_fu
    per_atom = None if sigma is None else sigma / reaction.anode_atoms_per_fu
    return Measure(reaction.energy_ev_per_anode_atom, per_atom, source=source)


def _volume_ratio(name: str) -> Callable[[LithiationPath], Measure]:
    def measure(path: LithiationPath) -> Measure:
        value, sigma = getattr(path.final, name), getattr(path.final, f"{name}_sigma", None)
        return Measure(value, sigma, source=_volume_sources(path.final), missing=_without_volume(path.final))

    return measure


def _volume_sources(reaction: Reaction) -> str:
    return "; ".join(f"{s.formula}: {s.volume_source}" for s in reaction.species if s.volume_source)


def _without_volume(reaction: Reaction) -> str:
    lacking = [s.formula for s in reaction.species if s.volume_a3_per_fu is None]
    return f"no volume of {', '.join(lacking)}" if lacking else ""


def _fraction(
    products: Sequence[Species], belongs: Callable[[Species], bool | None], source: str, unknown: str
) -> Measure:
    """Volume fraction of the products that belong to a kind; bounds where that is not known for all."""
    if any(s.volume_fraction is None for s in products):
        return Measure(None, source=source, missing="no volumes")
    answers = [(s, belongs(s), s.volume_fraction or 0.0) for s in products]
    sure = math.fsum(share for _, answer, share in answers if answer)
    open_ = [(s.formula, share) for s, answer, share in answers if answer is None]
    if not open_:
        return Measure(min(sure, 1.0), source=source)
    missing = f"{unknown} of {', '.join(formula for formula, _ in open_)}"
    return Measure(None, low=sure, high=sure + math.fsum(share for _, share in open_), source=source, missing=missing)


def _gap_sources(products: Sequence[Species]) -> str:
    return "; ".join(f"{s.formula}: {s.band_gap_source}" for s in products if s.band_gap_source)


def _metallic(path: LithiationPath) -> Measure:
    products = path.final.products
    kind = lambda s: None if s.band_gap_ev is None else s.band_gap_ev == 0.0  # noqa: E731 - one expression
    return _fraction(products, kind, _gap_sources(products), "no band gap")


def _insulating(path: LithiationPath) -> Measure:
    products = path.final.products
    kind = lambda s: None if s.band_gap_ev is None else s.band_gap_ev >= INSULATOR_GAP_EV  # noqa: E731
    return _fraction(products, kind, _gap_sources(products), "no band gap")


def _alloy(path: LithiationPath) -> Measure:
    """Share of products that are alloys of the anode metal (Li3Sb, Li17Sn4)."""
    source = f"volumes of {path.final.source}"
    return _fraction(path.final.products, lambda species: is_alloy(species.formula, path.anode), source, "")


def _shear(bound: Callable[[Sequence[float], Sequence[float]], float]) -> Callable[[LithiationPath], Measure]:
    def measure(path: LithiationPath) -> Measure:
        products = path.final.products
        source = "; ".join(f"{s.formula}: {s.elastic_source}" for s in products if s.elastic_source)
        lacking = [s.formula for s in products if not s.shear_modulus_gpa]
        if lacking or any(s.volume_fraction is None for s in products):
            missing = f"no shear modulus of {', '.join(lacking)}" if lacking else "no volumes"
            return Measure(None, source=source, missing=missing)
        shares = [s.volume_fraction or 0.0 for s in products]
        moduli = [s.shear_modulus_gpa or 0.0 for s in products]
        value = bound(shares, moduli)
        # First order: each phase's relative error moves the bound by its own share of it.
        step = [
            bound(shares, [m * (1 + 1e-4 * (i == k)) for i, m in enumerate(moduli)]) - value for k in range(len(moduli))
        ]
        if any(s.elastic_sigma_percent is None for s in products):
            return Measure(value, source=source)
        parts = [d / 1e-4 * (s.elastic_sigma_percent or 0.0) / 100.0 for d, s in zip(step, products, strict=True)]
        return Measure(value, math.hypot(*parts), source=source)

    return measure


def _hashin_shtrikman(name: str) -> Callable[[LithiationPath], Measure]:
    def measure(path: LithiationPath) -> Measure:
        products = path.final.products
        source = "; ".join(f"{s.formula}: {s.elastic_source}" for s in products if s.elastic_source)
        lacking = [s.formula for s in products if not s.shear_modulus_gpa or not s.bulk_modulus_gpa]
        if lacking or any(s.volume_fraction is None for s in products):
            return Measure(
                None, source=source, missing=f"no modulus of {', '.join(lacking)}" if lacking else "no volumes"
            )
        bounds = composite_bounds(
            [s.volume_fraction or 0.0 for s in products],
            [s.bulk_modulus_gpa or 0.0 for s in products],
            [s.shear_modulus_gpa or 0.0 for s in products],
        )
        return Measure(getattr(bounds, name), source=source)

    return measure


def _hazard(path: LithiationPath) -> Measure:
    fact = hazard_fact(path.oxide)
    if fact is None or fact.hazard_score is None:
        return Measure(None, missing="no hazard data")
    return Measure(fact.hazard_score, source=fact.labels or fact.source)


def _price(path: LithiationPath) -> Measure:
    fact = hazard_fact(path.oxide)
    if fact is None or fact.price_usd_per_kg_oxide is None:
        return Measure(None, missing="no price")
    return Measure(fact.price_usd_per_kg_oxide, source=fact.source)


SCREEN = declare(
    Quantity("rank", "rank", "1 is the best: by score_low, then score_high, then formula.", Kind.COUNT, "oxide",
             digits=0, short="#"),
    Quantity("score", "score", "Weighted mean probability of meeting the criteria that are answered.", Kind.SCORE,
             "oxide", higher_is_better=True),
    Quantity("score_low", "score, lower bound", "The same over all criteria, unknown ones not met.", Kind.SCORE,
             "oxide", higher_is_better=True),
    Quantity("score_high", "score, upper bound", "The same over all criteria, unknown ones met.", Kind.SCORE, "oxide",
             higher_is_better=True),
    Quantity("pareto", "on the Pareto front", "Whether no other oxide that fails nothing is better in all objectives.",
             Kind.YES_NO, "oxide"),
    Quantity("criterion_*", "state of a criterion", "pass, fail, uncertain or unknown.", Kind.TEXT, "oxide"),
    Quantity("state", "state", "pass, fail, uncertain, unknown; not screened.", Kind.TEXT, "verdict"),
    Quantity("criterion", "criterion", "Name of the criterion.", Kind.TEXT, "verdict"),
    Quantity("value", "value", "Of the quantity that the criterion names, in its unit.", Kind.COUNT, "verdict"),
    Quantity("sigma", "sigma", "One standard deviation of the value.", Kind.COUNT, "verdict"),
    Quantity("threshold", "threshold", "Of the criterion, in the unit of its quantity.", Kind.COUNT, "verdict"),
    Quantity("probability", "probability",
             "Phi((value - threshold) / sigma) of meeting the criterion; empty if unknown.",
             Kind.SHARE, "verdict"),
    Quantity("note", "note", "What is missing, or why it is uncertain.", Kind.TEXT, "verdict"),
    Quantity("criteria", "criteria", "By name of the criterion: state, value, sigma, threshold, source.", Kind.TEXT,
             "oxide"),
)  # fmt: skip
"""What a screen says of an oxide besides its quantities."""

QUANTITIES: dict[str, Callable[[LithiationPath], Measure]] = {
    "driving_force_v": _driving_force,
    "energy_ev_per_anode_atom": _per_anode_atom,
    "energy_ev_per_fu": _energy("energy_ev_per_fu"),
    "heat_mj_per_kg_oxide": _energy("heat_mj_per_kg_oxide"),
    "heat_mj_per_kg_reactants": _energy("heat_mj_per_kg_reactants"),
    "heat_gj_per_m3_oxide": _energy("heat_gj_per_m3_oxide"),
    "average_voltage_v": _energy("average_voltage_v"),
    "volume_ratio_oxide": _volume_ratio("volume_ratio_oxide"),
    "volume_ratio_reactants": _volume_ratio("volume_ratio_reactants"),
    "alloy_volume_fraction": _alloy,
    "shear_modulus_reuss_gpa": _shear(reuss),
    "shear_modulus_voigt_gpa": _shear(voigt),
    "shear_modulus_lower_gpa": _hashin_shtrikman("shear_lower_gpa"),
    "shear_modulus_upper_gpa": _hashin_shtrikman("shear_upper_gpa"),
}
"""Quantities with a sigma or limits of their own, by name; `measure_all` adds every other number of an oxide."""


DESIGN = ["volume_ratio_oxide", "shear_modulus_lower_gpa", "shear_modulus_upper_gpa", "alloy_volume_fraction"]
"""Columns of the design table: what a micrometre of dense oxide eats, gives off and becomes."""


LAYER_QUANTITIES: dict[str, Callable[[LayerMaterial], Measure]] = {}
"""Quantities that a layer has as well: computed from the same material, so that both say the same number."""


def register_layer(quantity: Quantity, function: Callable[[LayerMaterial], Measure], *, design: bool = True) -> None:
    """Add a quantity of a screened oxide that follows from its `LayerMaterial`; as `register` else."""
    declare(quantity)
    LAYER_QUANTITIES[quantity.name] = function
    if design:
        DESIGN.append(quantity.name)


def register(quantity: Quantity, function: Callable[[LithiationPath], Measure], *, design: bool = True) -> None:
    """Add a quantity of a screened oxide: to the book, to every table of a screen, and to what a criterion may name.

    Parameters
    ----------
    quantity : Quantity
        What it is; its owner is ``oxide``.
    function : callable
        Takes a `LithiationPath`, returns a `Measure`.
    design : bool
        Also a column of the design table, the one for people in Markdown and LaTeX.

    Raises
    ------
    ValueError
        If the book has another quantity of that name.
    """
    declare(quantity)
    QUANTITIES[quantity.name] = function
    if design:
        DESIGN.append(quantity.name)


for _quantity, _function in (
    (Quantity("metallic_volume_fraction", "share of metals", "Volume of products with gap 0 over that of all products.",
              Kind.SHARE, "oxide", higher_is_better=False), _metallic),
    (Quantity("insulating_volume_fraction", "share of insulators",
              f"Volume of products with a gap of at least {INSULATOR_GAP_EV:g} eV over that of all products.",
              Kind.SHARE, "oxide", higher_is_better=True), _insulating),
    (Quantity("hazard_score", "hazard", "0 none, 1 moderate, 2 serious, 3 severe: own scale from GHS, IARC and REACH.",
              Kind.SCORE, "oxide", digits=0, higher_is_better=False), _hazard),
    (Quantity("price_usd_per_kg_oxide", "price", "Price of the element content.", Kind.COST, "oxide", unit="USD",
              per="kg of oxide", higher_is_better=False), _price),
):  # fmt: skip
    register(_quantity, _function, design=_quantity.name.endswith("_per_um_oxide"))

for _quantity, _from_layer in (
    (Quantity("lithium_um_per_um_product", "anode metal eaten per thickness of product",
              "n V_anode / sum nu_i V_i of the products.", Kind.RATIO, "oxide", unit="um", per="um of dense product",
              higher_is_better=False), of_layer.anode_um(oxide=False)),
    (Quantity("heat_j_per_cm2_per_um_product", "heat per area and thickness of product",
              "-Delta E / sum nu_i V_i of the products; 1 eV/A3 is 16.02 J/cm2 per um.", Kind.HEAT, "oxide",
              unit="J/cm2",
              per="um of dense product", higher_is_better=False), of_layer.heat_per_um(oxide=False)),
    (Quantity("lithium_um_per_um_oxide", "anode metal eaten per thickness of oxide", "n V_anode / V_oxide.", Kind.RATIO,
              "oxide", unit="um", per="um of dense oxide", higher_is_better=False), of_layer.anode_um(oxide=True)),
    (Quantity("lithium_mah_per_cm2_per_um_oxide", "anode charge per thickness of oxide", "n z F / (3.6 V_oxide N_A).",
              Kind.CHARGE, "oxide", unit="mAh/cm2", per="um of dense oxide", higher_is_better=False),
     of_layer.capacity_per_um_oxide),
    (Quantity("heat_j_per_cm2_per_um_oxide", "heat per area and thickness of oxide", "-Delta E / V_oxide.", Kind.HEAT,
              "oxide", unit="J/cm2", per="um of dense oxide", higher_is_better=False),
     of_layer.heat_per_um(oxide=True)),
):  # fmt: skip
    register_layer(_quantity, _from_layer, design=_quantity.name.endswith("_per_um_oxide"))

for _name, _subject in (("log10_resistivity_{}ohm_cm", "resistivity"),
                        ("log10_ionic_conductivity_{}s_per_cm", "conductivity")):  # fmt: skip
    for _end, _word in (("middle", ""), ("low", "low_"), ("high", "high_")):
        register_layer(BOOK[_name.format(_word)], of_layer.band(_subject, _end), design=False)

register_layer(BOOK["strip_potential_v"], of_layer.strip_potential, design=False)
register_layer(
    Quantity("strip_mah_per_cm2_per_um_product", "charge in the alloys per thickness of product",
             "n(alloys) z F / (3.6 V_products N_A).", Kind.CHARGE, "oxide", unit="mAh/cm2", per="um of dense product"),
    of_layer.strip_capacity, design=False,
)  # fmt: skip
register_layer(
    Quantity("oxide_band_gap_ev", "band gap of the oxide", "Electronic gap of what is sprayed; 0 is a metal.",
             Kind.ENERGY, "oxide", unit="eV", higher_is_better=True), of_layer.oxide_gap, design=False,
)  # fmt: skip
