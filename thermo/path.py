"""What a lithiation gives: voltage plateaus, the end state, what other phases would change."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from licoat.structures.chemistry.formula import formula_unit, parse_formula
from licoat.structures.chemistry.gases import is_gas
from licoat.structures.errors import UnbalancedReactionError
from licoat.structures.phases.observed import solid_solution
from licoat.structures.phases.table import PhaseTable
from licoat.structures.rendering import brief, outline, rendered
from licoat.thermo.balance import balance
from licoat.thermo.end_state import end_state
from licoat.thermo.hull import titrate
from licoat.thermo.polymorph import with_energy
from licoat.thermo.preference import volume_of
from licoat.thermo.reacting import build_reaction
from licoat.thermo.reaction import Reaction

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["Alternative", "LithiationPath", "PredictedEnd", "Reactivity", "Stage", "change_sigma_ev"]

Reactivity = Literal["reacts", "inert", "uncertain"]


@dataclass(frozen=True, slots=True)
class Stage:
    """One voltage plateau.

    Attributes
    ----------
    anode_atoms_from, anode_atoms_to : float
        Anode atoms taken up since the start, per formula unit of oxide.
    voltage_v : float
        Against the anode metal.
    energy_ev_per_fu : float
        Energy of the stage (negative), per formula unit of oxide.
    products : dict of str to float
        Formula units per formula unit of oxide at the end of the stage.
    voltage_sigma_v : float or None
        One standard deviation of the voltage: that of the stage's own reaction over the charge that it takes up.
    """

    anode_atoms_from: float
    anode_atoms_to: float
    voltage_v: float
    energy_ev_per_fu: float
    products: dict[str, float]
    voltage_sigma_v: float | None = None

    def __repr__(self) -> str:
        products = " + ".join(f"{n:.4g} {formula}" for formula, n in self.products.items())
        return brief(
            self, f"{self.anode_atoms_from:.4g} to {self.anode_atoms_to:.4g} at {self.voltage_v:.3f} V: {products}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return {
            "anode_atoms_from": self.anode_atoms_from,
            "anode_atoms_to": self.anode_atoms_to,
            "voltage_v": self.voltage_v,
            "voltage_sigma_v": self.voltage_sigma_v,
            "energy_ev_per_fu": self.energy_ev_per_fu,
            "products": dict(self.products),
        }


@dataclass(frozen=True, slots=True)
class Alternative:
    """What another polymorph of the oxide would change."""

    phase_id: str
    space_group: str
    energy_ev_per_fu: float
    volume_ratio_oxide: float | None

    __repr__ = outline

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True, slots=True)
class PredictedEnd:
    """The end state if compositions that nobody has made were products, too.

    Attributes
    ----------
    equation : str
    predicted_products : tuple of str
        Those of its products that are only predicted.
    energy_ev_per_fu : float
        Per formula unit of oxide.
    margin_ev_per_fu : float
        How much lower it is than the end state in existing phases, per formula unit of oxide.
    margin_sigma_ev_per_fu : float or None
        One standard deviation of the margin; a margin within it decides nothing.
    """

    equation: str
    predicted_products: tuple[str, ...]
    energy_ev_per_fu: float
    margin_ev_per_fu: float
    margin_sigma_ev_per_fu: float | None

    __repr__ = outline

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return {f.name: getattr(self, f.name) for f in fields(self)} | {
            "predicted_products": list(self.predicted_products)
        }


@dataclass(frozen=True)
class LithiationPath:
    """The reaction of one oxide with the anode metal.

    Attributes
    ----------
    oxide, phase_id : str
        Formula unit and the phase that reacts.
    phase_choice : str
        Why that phase.
    anode : str
        The anode metal.
    stages : tuple of Stage
        Voltage plateaus in the order in which they are met, voltages falling. Empty if inert.
    final : Reaction
        Oxide + anode metal to the equilibrium with the metal; for an inert oxide the identity, with zero heat.
    is_inert : bool
        True if the equilibrium with the metal takes up none of it.
    decomposition_energy_ev_per_fu : float
        Energy from the oxide's own phase to the equilibrium without any anode metal (zero or negative).
    full_conversion : Reaction or None
        Oxide to the anode's oxide and the phases that its other elements form with the anode metal. For an
        inert oxide its energy is positive: that is how far the oxide is from reacting.
    hull_phases : int
        Number of compositions in the chemical system, a hint of how complete the hull is.
    phases : PhaseTable
    """

    oxide: str
    phase_id: str
    phase_choice: str
    anode: str
    stages: tuple[Stage, ...]
    final: Reaction
    is_inert: bool
    decomposition_energy_ev_per_fu: float
    hull_phases: int
    phases: PhaseTable

    def __repr__(self) -> str:
        what = f"{len(self.stages)} plateaus, {self.final.equation}, {self.final.energy_ev_per_fu:.3f} eV"
        return brief(self, f"{self.oxide} on {self.anode}: {self.verdict}; {what}")

    def _repr_html_(self) -> str:
        html: str = rendered("path_html", self)
        return html

    @property
    def driving_force_v(self) -> float | None:
        """Average voltage of the reaction; that of the full conversion (negative) for an inert oxide."""
        reaction = self.full_conversion if self.is_inert else self.final
        return None if reaction is None else reaction.average_voltage_v

    @property
    def driving_force_sigma_v(self) -> float | None:
        """One standard deviation of `driving_force_v`."""
        reaction = self.full_conversion if self.is_inert else self.final
        return None if reaction is None else reaction.average_voltage_sigma_v

    @property
    def verdict(self) -> Reactivity:
        """``reacts`` or ``inert``; ``uncertain`` if the driving force is within its sigma of zero, or denies the hull.

        The end state is that of the table's hull; a measured driving force of the other sign makes it uncertain.
        """
        force, sigma = self.driving_force_v, self.driving_force_sigma_v
        if force is not None and ((sigma is not None and abs(force) <= sigma) or (force > 0.0) == self.is_inert):
            return "uncertain"
        return "inert" if self.is_inert else "reacts"

    @cached_property
    def staged(self) -> dict[str, Reaction | None]:
        """The path of the founding paper: ``conversion`` (oxide to elements and anode oxide), then ``alloying``.

        The conversion is per formula unit of oxide, the alloying per formula unit of its own first reactant
        (Sb + 3 Li -> Li3Sb). A reaction that does not exist (no oxygen, no alloy, no unique balance) is None.
        """
        return {"conversion": self._conversion(), "alloying": self._alloying()}

    @cached_property
    def full_conversion(self) -> Reaction | None:
        """Oxide to the anode's oxide and M's phases in equilibrium with the anode metal; None if not unique."""
        others = [self.saturated[unit] or (unit,) for unit in self._others]
        return self._to_anode_oxide([formula for products in others for formula in products])

    @property
    def _others(self) -> list[str]:
        """Formula units of the elements that are neither oxygen nor the anode metal."""
        return [formula_unit(symbol) for symbol in parse_formula(self.oxide) if symbol not in {"O", self.anode}]

    @cached_property
    def saturated(self) -> dict[str, tuple[str, ...] | None]:
        """What each other element of the oxide (as its formula unit) is in equilibrium with the anode metal."""
        oxygen = ["O2"] if "O" in parse_formula(self.oxide) else []
        return {unit: self._saturated(unit) for unit in (*self._others, *oxygen)}

    def _conversion(self) -> Reaction | None:
        return self._to_anode_oxide(self._others)

    def _to_anode_oxide(self, others: Sequence[str]) -> Reaction | None:
        """Balance oxide + anode metal -> others + anode oxide."""
        anode_oxide = self.saturated.get("O2")
        formulas = [self.oxide, self.anode, *others, *(anode_oxide or ())]
        if anode_oxide is None or self.oxide in anode_oxide or len(set(formulas)) < len(formulas):
            return None
        try:
            coefficients = balance(formulas, what=f"conversion of {self.oxide}")
        except UnbalancedReactionError:
            return None
        if coefficients[self.anode] > 0:
            return None
        return build_reaction(self.phases, coefficients, anode=self.anode, phase_ids={self.oxide: self.phase_id})

    def _alloying(self) -> Reaction | None:
        """M to the phases that M forms in equilibrium with the anode metal, per formula unit of oxide."""
        atoms = parse_formula(self.oxide)
        total: dict[str, Fraction] = {}
        for unit in self._others:
            products = self.saturated[unit]
            if products is None or unit in products:
                return None
            part = balance([unit, self.anode, *products], what=f"alloying of {unit}")
            ((symbol, per_unit),) = parse_formula(unit).items()
            scale = Fraction(atoms[symbol], per_unit) / -part[unit]
            for formula, coefficient in part.items():
                total[formula] = total.get(formula, Fraction(0)) + scale * coefficient
        return build_reaction(self.phases, total, anode=self.anode) if total else None

    def _saturated(self, unit: str) -> tuple[str, ...] | None:
        """Equilibrium phases of a substance with the anode metal, anode metal left out."""
        rows, _ = titrate(self.phases, unit, self.anode).products[-1]
        found = tuple(self.phases.text("formula")[row] for row in rows.tolist())
        return tuple(f for f in found if f != self.anode) or None

    @cached_property
    def alternatives(self) -> tuple[Alternative, ...]:
        """What each other polymorph of the oxide in the table would change (nothing for an inert oxide)."""
        if self.is_inert:
            return ()
        own = self.phases.index_of(self.phase_id)
        energies = self.phases.energy_ev_per_fu
        found = []
        for row in with_energy(self.phases, self.oxide):
            if row == own:
                continue
            found.append(
                Alternative(
                    phase_id=self.phases.text("phase_id")[row],
                    space_group=self.phases.text("space_group")[row],
                    energy_ev_per_fu=self.final.energy_ev_per_fu + float(energies[own] - energies[row]),
                    volume_ratio_oxide=self._volume_ratio(row),
                )
            )
        return tuple(found)

    @cached_property
    def predicted(self) -> PredictedEnd | None:
        """The end state with predicted products, None if they change nothing or are let in already."""
        every = self.phases.with_products("all")
        system = {self.anode, *parse_formula(self.oxide)}
        if len(every.rows_in_system(system)) == len(self.phases.rows_in_system(system)):
            return None
        titration = titrate(every, self.oxide, self.anode)
        other = end_state(every, self.oxide, self.phase_id, titration, self.anode)
        margin = self.final.computed_energy_ev_per_fu - other.computed_energy_ev_per_fu
        if not other.predicted_products or margin <= 0.0:
            return None
        return PredictedEnd(
            equation=other.equation,
            predicted_products=other.predicted_products,
            energy_ev_per_fu=other.energy_ev_per_fu,
            margin_ev_per_fu=margin,
            margin_sigma_ev_per_fu=change_sigma_ev(self.phases, self.final.coefficients, other.coefficients),
        )

    @property
    def caution(self) -> str:
        """What to beware of with the energies of this source and these elements, empty if nothing is known."""
        details = self.phases.manifest.details
        metals = sorted(set(details.get("caution_elements", ())) & parse_formula(self.oxide).keys())
        if "caution_elements" in details and not metals:
            return ""
        return str(details.get("caution", ""))

    @property
    def predicted_equation(self) -> str:
        """Equation of `predicted`, empty if there is none."""
        return "" if self.predicted is None else self.predicted.equation

    @property
    def predicted_margin_ev_per_fu(self) -> float | None:
        """Margin of `predicted`, None if there is none."""
        return None if self.predicted is None else self.predicted.margin_ev_per_fu

    @property
    def predicted_margin_sigma_ev_per_fu(self) -> float | None:
        """One standard deviation of `predicted_margin_ev_per_fu`."""
        return None if self.predicted is None else self.predicted.margin_sigma_ev_per_fu

    @property
    def solutions(self) -> tuple[str, ...]:
        """What is known of products that dissolve in the anode metal instead of standing beside it."""
        notes = (solid_solution(self.anode, species.formula) for species in self.final.products)
        return tuple(note for note in notes if note)

    def _volume_ratio(self, row: int) -> float | None:
        """Volume of the products over that of another phase of the oxide, None if a volume is unknown or a gas's."""
        if is_gas(self.oxide):
            return None
        volume = volume_of(self.phases, row).a3
        products = [
            s.amount * (math.nan if s.volume_a3_per_fu is None else s.volume_a3_per_fu) for s in self.final.products
        ]
        total = math.fsum(products)
        return None if volume is None or math.isnan(total) else total / volume

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able dictionary."""
        return {
            "oxide": self.oxide,
            "phase_id": self.phase_id,
            "phase_choice": self.phase_choice,
            "anode": self.anode,
            "is_inert": self.is_inert,
            "verdict": self.verdict,
            "driving_force_v": self.driving_force_v,
            "driving_force_sigma_v": self.driving_force_sigma_v,
            "decomposition_energy_ev_per_fu": self.decomposition_energy_ev_per_fu,
            "stages": [stage.to_dict() for stage in self.stages],
            "final": self.final.to_dict(),
            "staged": {name: None if r is None else r.to_dict() for name, r in self.staged.items()},
            "full_conversion": None if self.full_conversion is None else self.full_conversion.to_dict(),
            "predicted": None if self.predicted is None else self.predicted.to_dict(),
            "solutions": list(self.solutions),
            "caution": self.caution,
            "alternatives": [other.to_dict() for other in self.alternatives],
            "hull_phases": self.hull_phases,
        }

    def to_frame(self) -> "pd.DataFrame":
        """Return the stages as a DataFrame, one row per plateau."""
        import pandas as pd

        columns = ["anode_atoms_from", "anode_atoms_to", "voltage_v", "voltage_sigma_v", "energy_ev_per_fu", "products"]
        rows = [
            stage.to_dict() | {"products": " + ".join(f"{n:.4g} {f}" for f, n in stage.products.items())}
            for stage in self.stages
        ]
        return pd.DataFrame(rows, columns=columns)

    def plot(self, ax: "Axes | None" = None, *, kind: Literal["voltage", "ternary"] = "voltage") -> "Axes":
        """Draw voltage against anode atoms taken up, or the ternary diagram with the oxide's way on it.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Axes to draw into; a new figure is made without.
        kind : {"voltage", "ternary"}
        """
        axes: Axes = rendered({"voltage": "plot_path", "ternary": "plot_ternary"}[kind], self, ax)
        return axes


def change_sigma_ev(phases: PhaseTable, before: Mapping[str, float], after: Mapping[str, float]) -> float | None:
    """Return one standard deviation of the energy between two states; what stays as it is has no part in it.

    Parameters
    ----------
    phases : PhaseTable
    before, after : mapping of str to float
        Formula units of the same atoms.
    """
    change = {f: after.get(f, 0.0) - before.get(f, 0.0) for f in {*before, *after}}
    change = {f: n for f, n in change.items() if abs(n) > 1e-9}
    return phases.reaction_sigma_ev(change, {formula: with_energy(phases, formula)[0] for formula in change})
