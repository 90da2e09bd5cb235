"""What becomes of an oxide on an anode metal: the equilibrium path, its end state and the staged path."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Literal

from licoat.structures.chemistry.anode import anode as anode_metal
from licoat.structures.chemistry.formula import element_set, formula_unit, formula_units, parse_formula
from licoat.structures.chemistry.gases import is_gas
from licoat.structures.errors import MissingDataError, UnbalancedReactionError
from licoat.structures.phases.observed import solid_solution
from licoat.structures.phases.table import PhaseTable, require_table
from licoat.structures.rendering import brief, outline, rendered
from licoat.thermo.balance import balance, excess
from licoat.thermo.hull import FloatArray, IntArray, Titration, titrate, titrate_many
from licoat.thermo.polymorph import choice_reason, real_row, with_energy
from licoat.thermo.reaction import Reaction, build_reaction, chosen_phases, no_reaction

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

__all__ = ["Alternative", "LithiationPath", "PredictedEnd", "Stage", "lithiate", "lithiate_many"]

ANODE_COVERAGE = 0.1
"""A table is made for an anode metal if that has compounds with at least this share of the other elements."""

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
        return {
            "phase_id": self.phase_id,
            "space_group": self.space_group,
            "energy_ev_per_fu": self.energy_ev_per_fu,
            "volume_ratio_oxide": self.volume_ratio_oxide,
        }


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
        """``reacts`` or ``inert``; ``uncertain`` if the driving force is within its sigma of zero."""
        force, sigma = self.driving_force_v, self.driving_force_sigma_v
        if force is not None and sigma is not None and abs(force) <= sigma:
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
        others = [self._saturated(unit) or (unit,) for unit in self._others]
        return self._to_anode_oxide([formula for products in others for formula in products])

    @property
    def _others(self) -> list[str]:
        """Formula units of the elements that are neither oxygen nor the anode metal."""
        return [formula_unit(symbol) for symbol in parse_formula(self.oxide) if symbol not in {"O", self.anode}]

    def _conversion(self) -> Reaction | None:
        return self._to_anode_oxide(self._others)

    def _to_anode_oxide(self, others: Sequence[str]) -> Reaction | None:
        """Balance oxide + anode metal -> others + anode oxide."""
        anode_oxide = self._saturated("O2") if "O" in parse_formula(self.oxide) else None
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
            products = self._saturated(unit)
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
        if every is self.phases:
            return None
        own = {self.oxide: self.phase_id}
        other = lithiate_many([self.oxide], every, anode=self.anode, phase_ids=own)[0].final
        margin = self.final.energy_ev_per_fu - other.energy_ev_per_fu
        if not other.predicted_products or margin <= 0.0:
            return None
        change = {f: other.coefficients.get(f, 0.0) - self.final.coefficients.get(f, 0.0)
                  for f in {*other.coefficients, *self.final.coefficients}}  # fmt: skip
        rows = {formula: with_energy(self.phases, formula)[0] for formula in change}
        return PredictedEnd(
            equation=other.equation,
            predicted_products=other.predicted_products,
            energy_ev_per_fu=other.energy_ev_per_fu,
            margin_ev_per_fu=margin,
            margin_sigma_ev_per_fu=self.phases.reaction_sigma_ev(change, rows),
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
        volume = float(self.phases.column("volume_a3_per_atom")[row] * self.phases.atoms[row])
        products = [
            s.amount * (math.nan if s.volume_a3_per_fu is None else s.volume_a3_per_fu) for s in self.final.products
        ]
        ratio = math.fsum(products) / volume
        return None if math.isnan(ratio) else ratio

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


def lithiate(
    oxide: str,
    phases: PhaseTable,
    *,
    anode: str = "Li",
    phase_id: str | None = None,
    products: str | None = None,
) -> LithiationPath:
    """Let an oxide react with the anode metal to equilibrium.

    Parameters
    ----------
    oxide : str
        Any compound of the table.
    phases : PhaseTable
        Phases of one energy scheme; the hull is built of them.
    anode : str
        The anode metal; voltages count its ion's charge (Li, Na, K 1; Mg, Ca, Zn 2; Al 3).
    phase_id : str, optional
        Polymorph that reacts, if not the observed one.
    products : {"observed", "all"}, optional
        Which compositions may be products (see `PhaseTable.with_products`); the table's own choice without, which is
        ``observed``.

    Returns
    -------
    LithiationPath

    Raises
    ------
    FormulaError
        If the formula cannot be read.
    MissingDataError
        If the oxide, an element or the anode metal is not in the table.
    InputTypeError
        If `phases` is no table.

    Notes
    -----
    The end state is the equilibrium with the *metal* (its chemical potential is 0), not the lowest energy
    per atom: for Sb2O3 it is Li3Sb + Li2O.

    Examples
    --------
    >>> from licoat.structures import load_phases
    >>> path = lithiate("Sb2O3", load_phases("builtin"))
    >>> path.final.equation
    'Sb2O3 + 12 Li -> 2 Li3Sb + 3 Li2O'
    """
    unit = formula_unit(oxide)
    chosen = {unit: phase_id} if phase_id is not None else {}
    return lithiate_many([unit], phases, anode=anode, phase_ids=chosen, products=products)[0]


def lithiate_many(
    oxides: str | Iterable[str],
    phases: PhaseTable,
    *,
    anode: str = "Li",
    phase_ids: Mapping[str, str] | None = None,
    products: str | None = None,
) -> list[LithiationPath]:
    """Let many oxides react; one hull per chemical system serves all its oxides (see `lithiate`).

    Parameters
    ----------
    oxides : str or iterable of str
        Compounds of the table; a bare text is one of them.
    phases : PhaseTable
    anode : str
    phase_ids : mapping of str to str, optional
        Formula to the polymorph that reacts, if not the observed one.
    products : {"observed", "all"}, optional
        As for `lithiate`.

    Returns
    -------
    list of LithiationPath
        In the order of the oxides.

    Raises
    ------
    FormulaError
        If a formula cannot be read.
    MissingDataError
        If an oxide, an element or the anode metal is not in the table.
    InputTypeError
        If `phases` is no table or `phase_ids` no mapping.
    """
    check_anode(anode, phases)
    if products is not None:
        phases = phases.with_products(products)
    units = formula_units(oxides)
    chosen = chosen_phases(phase_ids)
    unused = sorted(set(chosen) - set(units))
    if unused:
        raise MissingDataError(f"a phase was chosen for {', '.join(unused)}, which is not among the oxides")
    rows = [real_row(phases, unit, chosen.get(unit)) for unit in units]
    paths = titrate_many(phases, units, anode)
    return [
        _path(phases.for_system({anode, *parse_formula(unit)}), row, titration, anode)
        for unit, row, titration in zip(units, rows, paths, strict=True)
    ]


def check_anode(anode: str, phases: PhaseTable) -> None:
    """Refuse an anode that is no battery metal, or that a large table knows next to nothing of.

    Raises
    ------
    MissingDataError
        With the reason.
    InputTypeError
        If `phases` is no table.
    """
    require_table(phases)
    anode_metal(anode)  # refuses what is none
    partners = phases.partners(anode)
    others = set(phases.symbols) - {anode}
    if anode not in phases.symbols or len(partners - {"O"}) < int(ANODE_COVERAGE * len(others - {"O"})):
        known = f"only with {', '.join(sorted(partners))}" if partners else "not at all"
        raise MissingDataError(
            f"anode {anode}: {phases.source} was not made for it (it knows compounds of {anode} {known}, with "
            f"{len(others)} other elements in the table), so the end states would be wrong; use a source that has them"
        )


def _path(phases: PhaseTable, row: int, titration: Titration, anode: str) -> LithiationPath:
    oxide, phase_id = phases.text("formula")[row], phases.text("phase_id")[row]
    charge = anode_metal(anode).charge
    products = [_named(phases, *kink) for kink in titration.products]
    x, energy = titration.anode_atoms.tolist(), titration.energy_ev_per_fu.tolist()
    stages = tuple(
        Stage(
            anode_atoms_from=x[k],
            anode_atoms_to=x[k + 1],
            voltage_v=-potential / charge,
            energy_ev_per_fu=energy[k + 1] - energy[k],
            products=products[k + 1],
            voltage_sigma_v=_voltage_sigma(phases, products[k], products[k + 1], (x[k + 1] - x[k]) * charge),
        )
        for k, potential in enumerate(titration.potential_ev.tolist())
    )
    inert = not stages
    start_energy = float(phases.energy_ev_per_fu[row])
    final = _end_state(phases, oxide, phase_id, titration, products[-1], anode)
    return LithiationPath(
        oxide=oxide,
        phase_id=phase_id,
        phase_choice=choice_reason(phases, row),
        anode=anode,
        stages=stages,
        final=final,
        is_inert=inert,
        decomposition_energy_ev_per_fu=min(energy[0] - start_energy, 0.0),
        hull_phases=titration.compositions,
        phases=phases,
    )


def _voltage_sigma(
    phases: PhaseTable, before: Mapping[str, float], after: Mapping[str, float], charge: float
) -> float | None:
    """One standard deviation of a plateau's voltage; what stays as it is has no part in it."""
    change = {f: after.get(f, 0.0) - before.get(f, 0.0) for f in {*before, *after}}
    change = {f: n for f, n in change.items() if abs(n) > 1e-9}
    rows = {formula: with_energy(phases, formula)[0] for formula in change}
    sigma = phases.reaction_sigma_ev(change, rows)
    return None if sigma is None else sigma / charge


def _named(phases: PhaseTable, rows: IntArray, amounts: FloatArray) -> dict[str, float]:
    formulas = phases.text("formula")
    named = {formulas[r]: a for r, a in zip(rows.tolist(), amounts.tolist(), strict=True)}
    return {formula: named[formula] for formula in sorted(named, key=_alloys_first)}


@lru_cache(maxsize=262_144)
def _alloys_first(formula: str) -> tuple[bool, str]:
    """Order in which products are written: what holds no oxygen first."""
    return "O" in element_set(formula), formula


def _end_state(
    phases: PhaseTable, oxide: str, phase_id: str, titration: Titration, products: dict[str, float], anode: str
) -> Reaction:
    if products.keys() == {oxide}:
        return no_reaction(phases, oxide, phase_id, anode)
    coefficients = _exact(oxide, titration, products, anode)
    return build_reaction(phases, coefficients, anode=anode, phase_ids={oxide: phase_id})


def _exact(oxide: str, titration: Titration, products: dict[str, float], anode: str) -> dict[str, Fraction]:
    """Turn the amounts of the last kink, whole numbers over its denominator, into an exact reaction."""
    divisor = int(titration.denominator[-1])
    exact = {oxide: Fraction(-1)}
    if titration.anode_atoms[-1] > 0:
        exact[anode] = Fraction(-round(float(titration.anode_atoms[-1]) * divisor), divisor)
    exact |= {formula: Fraction(round(amount * divisor), divisor) for formula, amount in products.items()}
    # Determinants of very large formulas are beyond floating point; then the balance itself is solved exactly.
    return balance(list(exact), what=f"reaction of {oxide}") if excess(exact) else exact
