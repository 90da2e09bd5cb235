r"""A reaction and all its quantities, each with its unit and basis in its name.

Energies of reaction are products minus reactants: exothermic is negative; ``heat_*`` is the same with the
sign turned. *Per formula unit* (``per_fu``) means per formula unit of the first reactant that is not the
anode metal, normally the oxide. With coefficients :math:`\nu_i` (reactants negative), formation energies
:math:`E_i`, volumes :math:`V_i` and molar masses :math:`M_i` per formula unit, n consumed anode atoms of
charge z:

.. math::

    \Delta E = \sum_i \nu_i E_i, \quad \bar V = -\Delta E / (n z), \quad
    R_\mathrm{oxide} = \sum_\mathrm{products} \nu_i V_i / V_\mathrm{oxide}, \quad
    R_\mathrm{reactants} = \sum_\mathrm{products} \nu_i V_i \,/ \sum_\mathrm{reactants} |\nu_i| V_i

:math:`\sigma(\Delta E)` is that of `PhaseTable.reaction_sigma_ev`: the errors of different phases are taken as
independent unless the table knows which errors they share.
Where O2 takes part, the error that oxides share per oxygen (that of Li2O) is added.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from licoat.structures.chemistry.anode import anode as anode_metal
from licoat.structures.chemistry.formula import formula_unit, molar_mass_g, parse_formula
from licoat.structures.chemistry.gases import is_gas
from licoat.structures.chemistry.units import EV_TO_KJ_PER_MOL, TNT_MJ_PER_KG, ev_per_a3_to_gj_per_m3, ev_to_mj_per_kg
from licoat.structures.errors import MissingDataError, require
from licoat.structures.phases.measured import load_measured
from licoat.structures.phases.table import PhaseTable, require_table
from licoat.structures.rendering import brief, rendered
from licoat.thermo.balance import parse_equation, write_equation
from licoat.thermo.polymorph import real_row, with_energy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Reaction", "Species", "build_reaction", "no_reaction", "phase_values", "react"]


@dataclass(frozen=True, slots=True)
class Species:
    """One substance of a reaction.

    Attributes
    ----------
    formula : str
        Formula unit.
    amount : float
        Formula units per formula unit of oxide, reactants negative.
    phase_id, space_group : str
        Phase whose volume, gap and moduli are given.
    energy_phase_id : str
        Phase whose energy enters the reaction: a reacting compound's own, the lowest for elements and products.
    volume_a3_per_fu : float or None
        None of a gas, whose crystal exists in the cold only.
    volume_fraction : float or None
        Share of the volume of all products (None for reactants).
    band_gap_ev, bulk_modulus_gpa, shear_modulus_gpa, elastic_sigma_percent : float or None
        With ``*_kind`` (measured, pbe, ...) and ``*_source``.
    observed : bool or None
        Whether the composition exists at room temperature and pressure; None if the source does not say.
    """

    formula: str
    amount: float
    phase_id: str
    space_group: str
    energy_phase_id: str
    volume_a3_per_fu: float | None
    volume_fraction: float | None
    band_gap_ev: float | None
    band_gap_kind: str
    band_gap_source: str
    bulk_modulus_gpa: float | None
    shear_modulus_gpa: float | None
    elastic_sigma_percent: float | None
    elastic_kind: str
    elastic_source: str
    observed: bool | None = None

    def __repr__(self) -> str:
        return brief(self, f"{self.amount:.4g} {self.formula} ({self.phase_id})")

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True, slots=True)
class Reaction:
    """A balanced reaction with all its quantities. What cannot be known from the data is None.

    Attributes
    ----------
    equation : str
        With the smallest whole numbers.
    coefficients : dict of str to float
        Per formula unit of oxide, reactants negative.
    oxide : str
        The reactant that *per formula unit* refers to.
    phase_id : str
        The phase of the oxide that reacts.
    anode : str
        The anode metal.
    energy_ev_per_fu, energy_ev_per_atom, energy_ev_per_anode_atom, energy_kj_per_mol : float
        Reaction energy per formula unit of oxide, per atom of all reactants, per consumed anode atom
        (None if none is consumed), per mole of oxide. Computed sources: 0 K energies; measured: enthalpies at 298 K.
    energy_sigma_ev_per_fu : float or None
        One standard deviation.
    heat_mj_per_kg_oxide, heat_mj_per_kg_reactants, heat_gj_per_m3_oxide : float or None
        Heat released, positive for an exothermic reaction.
    tnt_ratio_oxide, tnt_ratio_reactants : float
        Heat per kilogram relative to TNT (4.184 MJ/kg). TNT carries its own oxidiser, so the fair one is per reactants.
    anode_atoms_per_fu : float
        Anode atoms consumed.
    average_voltage_v, average_voltage_sigma_v : float or None
        Against the anode metal.
    volume_ratio_oxide, volume_ratio_reactants : float or None
        Products over oxide; products over oxide plus consumed anode metal.
    species : tuple of Species
    scheme, source : str
    energy_kind : str
        ``energy at 0 K``, ``enthalpy at 298 K``, ``Gibbs energy at 1000 K``; of the last, ``heat_*`` is no heat.
    """

    equation: str
    coefficients: dict[str, float]
    oxide: str
    phase_id: str
    anode: str
    energy_ev_per_fu: float
    energy_ev_per_atom: float
    energy_ev_per_anode_atom: float | None
    energy_kj_per_mol: float
    energy_sigma_ev_per_fu: float | None
    heat_mj_per_kg_oxide: float
    heat_mj_per_kg_reactants: float
    heat_gj_per_m3_oxide: float | None
    tnt_ratio_oxide: float
    tnt_ratio_reactants: float
    anode_atoms_per_fu: float
    average_voltage_v: float | None
    average_voltage_sigma_v: float | None
    volume_ratio_oxide: float | None
    volume_ratio_reactants: float | None
    species: tuple[Species, ...]
    scheme: str
    source: str
    energy_kind: str = "energy at 0 K"

    def __repr__(self) -> str:
        return brief(
            self, f"{self.equation}: {self.energy_ev_per_fu:.3f} eV per {self.oxide} ({self.source}, {self.scheme})"
        )

    def _repr_html_(self) -> str:
        html: str = rendered("reaction_html", self)
        return html

    @property
    def products(self) -> tuple[Species, ...]:
        """Substances formed."""
        return tuple(s for s in self.species if s.amount > 0)

    @property
    def reactants(self) -> tuple[Species, ...]:
        """Substances consumed."""
        return tuple(s for s in self.species if s.amount < 0)

    @property
    def marked_equation(self) -> str:
        """The equation, with a word on products that nobody has made."""
        predicted = self.predicted_products
        return f"{self.equation} (predicted: {', '.join(predicted)})" if predicted else self.equation

    @property
    def predicted_products(self) -> tuple[str, ...]:
        """Products that nobody has made, as far as the source says."""
        return tuple(s.formula for s in self.products if s.observed is False)

    def plot(self, ax: "Axes | None" = None) -> "Axes":
        """Draw the volumes before and after, with the energy; into `ax` or a new figure."""
        axes: Axes = rendered("plot_reaction", self, ax)
        return axes

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary; whole coefficients are integers."""
        data = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in {"species", "coefficients"}}
        data["coefficients"] = {f: int(n) if n == int(n) else n for f, n in self.coefficients.items()}
        data["predicted_products"] = list(self.predicted_products)
        data["species"] = [species.to_dict() for species in self.species]
        return data


def react(
    equation: str,
    phases: PhaseTable,
    *,
    anode: str = "Li",
    phase_ids: Mapping[str, str] | None = None,
) -> Reaction:
    """Compute any reaction that the user writes down.

    Parameters
    ----------
    equation : str
        For example ``Sb2O3 + Li -> Li3Sb + Li2O``; see `licoat.thermo.balance.parse_equation`.
    phases : PhaseTable
        Where the energies, volumes, gaps and moduli come from.
    anode : str
        The metal that voltages refer to.
    phase_ids : mapping of str to str, optional
        Formula to phase, where another polymorph than the usual is meant.

    Returns
    -------
    Reaction

    Raises
    ------
    FormulaError, UnbalancedReactionError
        If the equation cannot be read or balanced.
    MissingDataError
        If a substance is not among the phases.
    InputTypeError
        If `phases` is no table or `phase_ids` no mapping.

    Examples
    --------
    >>> from licoat.structures import load_phases
    >>> reaction = react("Sb2O3 + Li -> Li3Sb + Li2O", load_phases("builtin"))
    >>> reaction.equation, reaction.anode_atoms_per_fu
    ('Sb2O3 + 12 Li -> 2 Li3Sb + 3 Li2O', 12.0)
    """
    require_table(phases)
    anode_metal(anode)  # refuses what is none
    coefficients = parse_equation(equation)
    chosen = chosen_phases(phase_ids)
    unused = set(chosen) - set(coefficients)
    if unused:
        raise MissingDataError(f"a phase was chosen for {', '.join(sorted(unused))}, which is not in {equation!r}")
    return build_reaction(phases, coefficients, anode=anode, phase_ids=chosen)


def chosen_phases(phase_ids: Mapping[str, str] | None) -> dict[str, str]:
    """Return the polymorphs that a user chose, by formula unit.

    Raises
    ------
    InputTypeError
        If it is no mapping.
    FormulaError
        If a formula cannot be read.
    """
    if phase_ids is None:
        return {}
    require(phase_ids, Mapping, "phase_ids must be a mapping of formula to phase")
    return {formula_unit(formula): phase_id for formula, phase_id in phase_ids.items()}


def build_reaction(
    phases: PhaseTable,
    coefficients: Mapping[str, Fraction],
    *,
    anode: str = "Li",
    phase_ids: Mapping[str, str] | None = None,
) -> Reaction:
    """Compute the quantities of a balanced reaction.

    Parameters
    ----------
    coefficients : mapping of str to Fraction
        Formula unit to coefficient, reactants negative, balanced.
    phases, anode, phase_ids
        As for `react`.

    Raises
    ------
    MissingDataError
        If a substance is not among the phases.
    """
    phases = phases.for_system({symbol for formula in coefficients for symbol in parse_formula(formula)})
    basis = next((f for f, n in coefficients.items() if n < 0 and f != anode), anode)
    per_unit = {formula: number / -coefficients[basis] for formula, number in coefficients.items()}
    chosen = dict(phase_ids or {})
    rows = {formula: real_row(phases, formula, chosen.get(formula)) for formula in per_unit}
    # Compounds react as the phases that they are; elements and products are taken at equilibrium, as in the hull.
    reacting = {f for f, number in per_unit.items() if number < 0 and len(parse_formula(f)) > 1}
    energy_rows = {f: rows[f] if f in reacting or f in chosen else with_energy(phases, f)[0] for f in per_unit}
    amounts = {formula: float(number) for formula, number in per_unit.items()}
    return _quantities(phases, write_equation(dict(coefficients)), amounts, rows, energy_rows, basis, anode)


def phase_values(reaction: Reaction, name: str, kind: str) -> str:
    """Write a property of every product: ``Li3Sb 0.70*; Li2O 7.99``; ``*`` is not measured, ``?`` not known."""
    parts = []
    for species in reaction.products:
        value = getattr(species, name)
        mark = "" if getattr(species, kind).startswith("measured") else "*"
        parts.append(f"{species.formula} ?" if value is None else f"{species.formula} {value:.3g}{mark}")
    return "; ".join(parts)


def no_reaction(phases: PhaseTable, oxide: str, phase_id: str, anode: str) -> Reaction:
    """Return the answer for an oxide that stays as it is: zero heat, no change of volume.

    Raises
    ------
    MissingDataError
        If the phase is not in the table.
    """
    row = phases.index_of(phase_id)
    volume = _known(phases.column("volume_a3_per_atom")[row] * phases.atoms[row])
    return Reaction(
        equation=f"{oxide} + {anode} -> no reaction",
        coefficients={},
        oxide=oxide,
        phase_id=phase_id,
        anode=anode,
        energy_ev_per_fu=0.0,
        energy_ev_per_atom=0.0,
        energy_ev_per_anode_atom=None,
        energy_kj_per_mol=0.0,
        energy_sigma_ev_per_fu=0.0,
        heat_mj_per_kg_oxide=0.0,
        heat_mj_per_kg_reactants=0.0,
        heat_gj_per_m3_oxide=0.0,
        tnt_ratio_oxide=0.0,
        tnt_ratio_reactants=0.0,
        anode_atoms_per_fu=0.0,
        average_voltage_v=None,
        average_voltage_sigma_v=None,
        volume_ratio_oxide=1.0,
        volume_ratio_reactants=1.0,
        species=(_species(phases, oxide, 1.0, row, row, volume, volume),),
        scheme=phases.scheme,
        source=phases.source,
        energy_kind=phases.energy_kind,
    )


def _quantities(
    phases: PhaseTable,
    equation: str,
    amounts: dict[str, float],
    rows: dict[str, int],
    energy_rows: dict[str, int],
    basis: str,
    anode: str,
) -> Reaction:
    atoms = phases.atoms
    energy = sum(n * float(phases.energy_ev_per_fu[energy_rows[f]]) for f, n in amounts.items())
    sigma = _with_oxygen(phases.reaction_sigma_ev(amounts, energy_rows), phases, amounts)
    volumes = {
        f: None if is_gas(f) else _known(phases.column("volume_a3_per_atom")[row] * atoms[row])
        for f, row in rows.items()
    }
    produced = _total({f: n for f, n in amounts.items() if n > 0}, volumes)
    consumed = _total({f: -n for f, n in amounts.items() if n < 0}, volumes)
    species = tuple(
        _species(phases, f, n, rows[f], energy_rows[f], volumes[f], produced if n > 0 else None)
        for f, n in amounts.items()
    )
    n_anode = -amounts.get(anode, 0.0) if basis != anode else 0.0
    charge = anode_metal(anode).charge
    mass = {f: molar_mass_g(f) for f in amounts}
    reactant_mass = sum(-n * mass[f] for f, n in amounts.items() if n < 0)
    oxide_volume = volumes[basis]
    heat = -energy + 0.0
    per_kg_oxide, per_kg_all = ev_to_mj_per_kg(heat, mass[basis]), ev_to_mj_per_kg(heat, reactant_mass)
    return Reaction(
        equation=equation,
        coefficients=amounts,
        oxide=basis,
        phase_id=phases.text("phase_id")[rows[basis]],
        anode=anode,
        energy_ev_per_fu=energy,
        energy_ev_per_atom=energy / sum(-n * int(atoms[rows[f]]) for f, n in amounts.items() if n < 0),
        energy_ev_per_anode_atom=energy / n_anode if n_anode > 0 else None,
        energy_kj_per_mol=energy * EV_TO_KJ_PER_MOL,
        energy_sigma_ev_per_fu=sigma,
        heat_mj_per_kg_oxide=per_kg_oxide,
        heat_mj_per_kg_reactants=per_kg_all,
        heat_gj_per_m3_oxide=None if oxide_volume is None else ev_per_a3_to_gj_per_m3(heat / oxide_volume),
        tnt_ratio_oxide=per_kg_oxide / TNT_MJ_PER_KG,
        tnt_ratio_reactants=per_kg_all / TNT_MJ_PER_KG,
        anode_atoms_per_fu=n_anode,
        average_voltage_v=heat / (n_anode * charge) if n_anode else None,
        average_voltage_sigma_v=sigma / (abs(n_anode) * charge) if n_anode and sigma is not None else None,
        volume_ratio_oxide=None if produced is None or oxide_volume is None else produced / oxide_volume,
        volume_ratio_reactants=None if produced is None or consumed is None else produced / consumed,
        species=species,
        scheme=phases.scheme,
        source=phases.source,
        energy_kind=phases.energy_kind,
    )


def _with_oxygen(sigma: float | None, phases: PhaseTable, amounts: Mapping[str, float]) -> float | None:
    """Add the error that all oxides of a computed table share per oxygen, where O2 takes part.

    It is that of Li2O. It cancels as long as oxides turn into oxides, for which reason no class of oxides holds it.
    """
    turned = 2.0 * amounts.get("O2", 0.0)
    computed, measured = phases.rows_of("Li2O"), load_measured()
    if sigma is None or not turned or not computed or phases.source == measured.source:
        return sigma
    name = "formation_energy_ev_per_atom"
    shared = 3.0 * (phases.column(name)[computed[0]] - measured.column(name)[measured.rows_of("Li2O")[0]])
    return sigma if math.isnan(shared) else math.hypot(sigma, turned * float(shared))


def _species(
    phases: PhaseTable,
    formula: str,
    amount: float,
    row: int,
    energy_row: int,
    volume: float | None,
    produced: float | None,
) -> Species:
    def number(name: str) -> float | None:
        return _known(phases.column(name)[row])

    def text(name: str) -> str:
        return phases.text(name)[row]

    return Species(
        formula=formula,
        amount=amount,
        phase_id=text("phase_id"),
        space_group=text("space_group"),
        energy_phase_id=phases.text("phase_id")[energy_row],
        volume_a3_per_fu=volume,
        volume_fraction=None if produced is None or volume is None else amount * volume / produced,
        band_gap_ev=number("band_gap_ev"),
        band_gap_kind=text("band_gap_kind"),
        band_gap_source=text("band_gap_source"),
        bulk_modulus_gpa=number("bulk_modulus_gpa"),
        shear_modulus_gpa=number("shear_modulus_gpa"),
        elastic_sigma_percent=number("elastic_sigma_percent"),
        elastic_kind=text("elastic_kind"),
        elastic_source=text("elastic_source"),
        observed=None if (observed := int(phases.observed[row])) < 0 else bool(observed),
    )


def _total(amounts: Mapping[str, float], volumes: Mapping[str, float | None]) -> float | None:
    """Sum of volumes, None as soon as one is unknown."""
    total = 0.0
    for formula, amount in amounts.items():
        volume = volumes[formula]
        if volume is None:
            return None
        total += amount * volume
    return total


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
