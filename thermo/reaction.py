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

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from licoat.structures.rendering import brief, rendered

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Reaction", "Species", "phase_values"]


_PROPORTIONAL = (
    "energy_ev_per_fu", "energy_ev_per_atom", "energy_ev_per_anode_atom", "energy_kj_per_mol", "heat_mj_per_kg_oxide",
    "heat_mj_per_kg_reactants", "heat_gj_per_m3_oxide", "tnt_ratio_oxide", "tnt_ratio_reactants", "average_voltage_v",
)  # fmt: skip
"""Quantities of a reaction that are its energy times what does not depend on energies."""


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
    volume_a3_per_fu, volume_sigma_percent : float or None
        Volume and its relative standard deviation; None of a gas, whose crystal exists in the cold only.
    volume_source : str
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
    volume_sigma_percent: float | None
    volume_source: str
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
    energy_basis : str
        What the energy rests on: ``measured``, ``measured conversion + computed alloying`` or ``computed`` (see
        `licoat.thermo.preference`).
    computed_energy_ev_per_fu, computed_energy_sigma_ev_per_fu : float or None
        The table's own, whatever the reaction energy rests on.
    heat_mj_per_kg_oxide, heat_mj_per_kg_reactants, heat_gj_per_m3_oxide : float or None
        Heat released, positive for an exothermic reaction.
    tnt_ratio_oxide, tnt_ratio_reactants : float
        Heat per kilogram relative to TNT (4.184 MJ/kg). TNT carries its own oxidiser, so the fair one is per reactants.
    anode_atoms_per_fu : float
        Anode atoms consumed.
    average_voltage_v, average_voltage_sigma_v : float or None
        Against the anode metal.
    volume_ratio_oxide, volume_ratio_oxide_sigma, volume_ratio_reactants : float or None
        Products over oxide with one standard deviation; products over oxide plus consumed anode metal.
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
    energy_basis: str
    computed_energy_ev_per_fu: float
    computed_energy_sigma_ev_per_fu: float | None
    heat_mj_per_kg_oxide: float
    heat_mj_per_kg_reactants: float
    heat_gj_per_m3_oxide: float | None
    tnt_ratio_oxide: float
    tnt_ratio_reactants: float
    anode_atoms_per_fu: float
    average_voltage_v: float | None
    average_voltage_sigma_v: float | None
    volume_ratio_oxide: float | None
    volume_ratio_oxide_sigma: float | None
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

    def at_energy(self, energy_ev_per_fu: float) -> "Reaction":
        """Return the same reaction with another energy, taken as exact; one with a heat of zero as it is."""
        if not self.energy_ev_per_fu:
            return self
        scale = energy_ev_per_fu / self.energy_ev_per_fu
        scaled: dict[str, Any] = {
            name: None if value is None else value * scale for name in _PROPORTIONAL for value in [getattr(self, name)]
        }
        sigma = None if self.average_voltage_v is None else 0.0
        return replace(self, **scaled, energy_sigma_ev_per_fu=0.0, average_voltage_sigma_v=sigma)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary; whole coefficients are integers."""
        data = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in {"species", "coefficients"}}
        data["coefficients"] = {f: int(n) if n == int(n) else n for f, n in self.coefficients.items()}
        data["predicted_products"] = list(self.predicted_products)
        data["species"] = [species.to_dict() for species in self.species]
        return data


def phase_values(reaction: Reaction, name: str, kind: str) -> str:
    """Write a property of every product: ``Li3Sb 0.70*; Li2O 7.99``; ``*`` is not measured, ``?`` not known."""
    parts = []
    for species in reaction.products:
        value = getattr(species, name)
        mark = "" if getattr(species, kind).startswith("measured") else "*"
        parts.append(f"{species.formula} ?" if value is None else f"{species.formula} {value:.3g}{mark}")
    return "; ".join(parts)
