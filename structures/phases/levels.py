"""A table on two levels of theory: PBE with the Materials Project's corrections, and r2SCAN as it is.

r2SCAN energies need no correction of oxides but an anchor for oxygen, since the O2 molecule of a potential made for
crystals says nothing: the energy of O2 is what gives Li2O its measured enthalpy of formation. Then the oxygen of every
reaction that ends in Li2O cancels. Without a Hubbard U, r2SCAN is worse than the corrected PBE+U for oxides of eight
metals (`HUBBARD_U_EV`); the scheme ``hybrid`` takes, for each chemical system, the level that is better there, and
never two of them in one hull.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from licoat.structures.chemistry.formula import parse_formula
from licoat.structures.errors import MissingDataError
from licoat.structures.phases.fitted import ErrorModel
from licoat.structures.phases.provenance import Manifest
from licoat.structures.phases.schemes import HUBBARD_U_EV
from licoat.structures.phases.table import PhaseTable
from licoat.structures.phases.text import TextColumn, Words

__all__ = [
    "anchored_o2_ev_per_atom",
    "corrected_table",
    "hybrid_table",
    "oxygen_shift_ev",
    "second_columns",
    "shifted_table",
]


def anchored_o2_ev_per_atom(
    formulas: Sequence[str], energies_ev_per_atom: Sequence[float | None], li2o_ev_per_atom: float
) -> float:
    r"""Return the energy of O2 that gives Li2O its measured enthalpy.

    Parameters
    ----------
    formulas : sequence of str
    energies_ev_per_atom : sequence of float or None
        Total energies of the phases on one level of theory.
    li2o_ev_per_atom : float
        Measured formation enthalpy of Li2O, eV per atom.

    Raises
    ------
    MissingDataError
        If Li or Li2O has no energy.

    Notes
    -----
    .. math:: E_\mathrm{O} = 3 E(\mathrm{Li_2O}) - 2 E(\mathrm{Li}) - 3 H(\mathrm{Li_2O})
    """
    lowest: dict[str, float] = {}
    for formula, energy in zip(formulas, energies_ev_per_atom, strict=True):
        if energy is not None and formula in {"Li", "Li2O"}:
            lowest[formula] = min(energy, lowest.get(formula, np.inf))
    if len(lowest) < 2:
        raise MissingDataError("the second level of theory has no energy of Li or Li2O, so oxygen has no anchor")
    return 3.0 * lowest["Li2O"] - 2.0 * lowest["Li"] - 3.0 * li2o_ev_per_atom


def second_columns(columns: Mapping[str, Any], o2_ev_per_atom: float, label: str) -> dict[str, Any]:
    """Return the columns of a table with the energies of its second level.

    Parameters
    ----------
    columns : mapping
        With ``second_energy_ev_per_atom``.
    o2_ev_per_atom : float
        See `anchored_o2_ev_per_atom`; it replaces the energy of every phase of O2.
    label : str
        Names the level in ``energy_source``.
    """
    result = dict(columns)
    oxygen = [formula == "O2" for formula in columns["formula"]]
    energies = [
        o2_ev_per_atom if o2 else energy
        for o2, energy in zip(oxygen, result.pop("second_energy_ev_per_atom"), strict=True)
    ]
    for name in ("raw_energy_ev_per_atom", "correction_ev_per_atom", "correction_name"):
        result.pop(name, None)
    result["energy_ev_per_atom"] = energies
    result["energy_source"] = TextColumn(
        Words.of([label, f"{label}, O2 anchored on Li2O"]), np.array(oxygen, dtype=int)
    )
    return result


def oxygen_shift_ev(table: PhaseTable, measured: PhaseTable) -> float:
    """Return the error of Li2O per O atom: what is taken off every O so that Li2O has its measured enthalpy."""
    ours, theirs = (t.energy_ev_per_fu[t.rows_of("Li2O")[0]] for t in (table, measured))
    return float(ours - theirs)


def corrected_table(table: PhaseTable, model: ErrorModel, oxygen_shift_ev: float, manifest: Manifest) -> PhaseTable:
    """Return a table with the expected errors taken off its formation energies, and with what is left as sigma.

    Parameters
    ----------
    table : PhaseTable
    model : ErrorModel
    oxygen_shift_ev : float
        Taken off every O atom first, so that Li2O has its measured enthalpy.
    manifest : Manifest
    """
    formulas, rows = list(table.formulas), table.composition_of
    error, sigma = model.errors_and_sigmas_ev_per_fu(formulas)
    error += oxygen_shift_ev * np.array(
        [parse_formula(f).get("O", 0) if len(parse_formula(f)) > 1 else 0 for f in formulas]
    )
    columns = table.columns()
    columns.pop("energy_ev_per_atom")  # what is corrected is a formation energy
    columns["formation_energy_ev_per_atom"] = table.column("formation_energy_ev_per_atom") - error[rows] / table.atoms
    columns["energy_sigma_ev_per_atom"] = sigma[rows] / table.atoms
    return PhaseTable(columns, manifest).with_errors(model)


def hybrid_table(first: PhaseTable, second: PhaseTable, manifest: Manifest) -> PhaseTable:
    """Join a corrected PBE(+U) table and an r2SCAN one of the same phases, chosen per chemical system.

    Parameters
    ----------
    first : PhaseTable
        Holds wherever a metal of `HUBBARD_U_EV` is in the chemical system.
    second : PhaseTable
        Holds elsewhere. Same phases in the same order.
    manifest : Manifest

    Returns
    -------
    PhaseTable
        Its own columns show for each phase the level of its own elements; hulls and reactions ask
        `PhaseTable.for_system`.
    """
    metals = frozenset(HUBBARD_U_EV)
    columns, other = second.columns(), first.columns()
    here = first.counts.holds(metals)
    for name in ("energy_ev_per_atom", "formation_energy_ev_per_atom", "energy_sigma_ev_per_atom"):
        columns[name] = np.where(here, other[name], columns[name])
    columns["energy_source"] = columns["energy_source"].where(here, other["energy_source"])
    return PhaseTable(columns, manifest).with_levels(metals, first, second)


def shifted_table(phases: PhaseTable, shifts_ev_per_fu: Mapping[str, float]) -> PhaseTable:
    """Return a table with other formation energies, taken as exact: what the answers would be if they were these.

    Parameters
    ----------
    phases : PhaseTable
    shifts_ev_per_fu : mapping of str to float
        By composition, so that polymorphs keep their distances; of one that is not named 0. On both levels of theory
        of a table that has two.
    """
    if phases.has_two_levels:
        with_u, without = (phases.for_system({symbol}) for symbol in (next(iter(HUBBARD_U_EV)), "Li"))
        levels = [shifted_table(level, shifts_ev_per_fu) for level in (with_u, without)]
        return hybrid_table(levels[0], levels[1], phases.manifest).with_products(phases.products)
    columns = phases.columns()
    columns.pop("energy_ev_per_atom", None)  # what is shifted is a formation energy
    shift = np.array([shifts_ev_per_fu.get(formula, 0.0) for formula in phases.text("formula")])
    columns["formation_energy_ev_per_atom"] = phases.column("formation_energy_ev_per_atom") + shift / phases.atoms
    columns["energy_sigma_ev_per_atom"] = np.zeros(len(phases))
    return PhaseTable(columns, phases.manifest).with_products(phases.products)
