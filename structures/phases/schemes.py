"""Energy schemes: what a computed energy is relative to, and how far it is from measurement.

The Materials Project mixes PBE (GGA) and PBE+U (GGA+U) energies and corrects them ("MP2020", Wang et al.,
Sci. Rep. 11, 15496 (2021), doi:10.1038/s41598-021-94550-5). pymatgen owns that correction; here is only
what it must be told about an energy that was not computed by VASP.
"""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from licoat.structures.chemistry.elements import ELECTRONEGATIVITY
from licoat.structures.chemistry.formula import parse_formula
from licoat.structures.errors import MissingDataError

if TYPE_CHECKING:
    from pymatgen.core.structure import Structure

__all__ = ["HUBBARD_U_EV", "Correction", "error_class", "mp2020_correction", "rms_by_class", "uses_hubbard_u"]

HUBBARD_U_EV: Final = {"Co": 3.32, "Cr": 3.7, "Fe": 5.3, "Mn": 3.9, "Mo": 4.38, "Ni": 6.2, "V": 3.25, "W": 6.2}
"""Hubbard U of the Materials Project, applied to oxides and fluorides of these elements."""

_CORRECTED_ANIONS: Final = frozenset({"Sb", "Te", "Se", "Si", "N", "P", "As", "S", "F", "Cl", "Br", "I", "H"})
_ELECTRONEGATIVITY_STEPS: Final = (1.4, 1.75, 2.05)

Correction = tuple[float, str]


def uses_hubbard_u(formula: str) -> bool:
    """Say whether the Materials Project computes this composition with GGA+U."""
    elements = set(parse_formula(formula))
    return bool(elements & {"O", "F"}) and bool(elements & set(HUBBARD_U_EV))


def mp2020_correction(structure: "Structure", energy_ev: float) -> Correction:
    """Return the MP2020 correction of a raw PBE(+U)-like energy, and the names of its parts.

    Parameters
    ----------
    structure : pymatgen Structure
        Needed for the oxide type: a peroxide treated as an oxide is wrong by 0.1-0.5 eV/atom.
    energy_ev : float
        Uncorrected energy of the whole cell in eV.

    Returns
    -------
    tuple of float and str
        Correction of the whole cell in eV; names of the adjustments joined by ``; ``.

    Raises
    ------
    MissingDataError
        If the scheme has no correction for the compound.
    """
    from pymatgen.entries.compatibility import MaterialsProject2020Compatibility
    from pymatgen.entries.computed_entries import ComputedStructureEntry

    hubbard = uses_hubbard_u(structure.composition.reduced_formula)
    symbols = [element.symbol for element in structure.composition.elements]
    parameters: dict[str, Any] = {
        "run_type": "GGA+U" if hubbard else "GGA",
        "is_hubbard": hubbard,
        "hubbards": {s: HUBBARD_U_EV.get(s, 0.0) for s in symbols} if hubbard else {},
    }
    entry = ComputedStructureEntry(structure, energy_ev, parameters=parameters)
    scheme = MaterialsProject2020Compatibility(check_potcar=False)
    with warnings.catch_warnings():
        # Alloys have no oxidation states; pymatgen then corrects the most electronegative element, as MP does.
        warnings.filterwarnings("ignore", message="Failed to guess oxidation states")
        processed = scheme.process_entry(entry, inplace=False)
    if processed is None:
        raise MissingDataError(f"MP2020 has no correction for {structure.composition.reduced_formula}")
    return float(processed.correction), "; ".join(a.name for a in processed.energy_adjustments)


def error_class(formula: str) -> str:  # noqa: PLR0911 - one line per class
    """Return the class of compounds whose errors against measurement are alike.

    Oxides by the electronegativity of their most electronegative metal (PBE errs most for heavy p-block
    and noble-metal oxides), GGA+U oxides apart, lithium compounds by whether an anion correction applies.
    """
    elements = set(parse_formula(formula))
    others = elements - {"Li", "O"}
    if len(elements) == 1:
        return "element"
    if "O" in elements:
        if not others:
            return "lithium oxide" if formula == "Li2O" else "lithium peroxide, superoxide"
        if uses_hubbard_u(formula):
            return "oxide with +U"
        if "Li" in elements:
            return "lithium metal oxide"
        step = int(
            np.searchsorted(_ELECTRONEGATIVITY_STEPS, max(ELECTRONEGATIVITY.get(s, 4.0) for s in others), "right")
        )
        low, high = (0.0, *_ELECTRONEGATIVITY_STEPS)[step], (*_ELECTRONEGATIVITY_STEPS, 4.0)[step]
        return f"oxide, electronegativity {low:g}-{high:g}"
    if others & _CORRECTED_ANIONS:
        return "compound of a corrected anion"
    return "intermetallic"


def rms_by_class(
    computed: Mapping[str, float], measured: Mapping[str, float], *, per_oxygen_ev: float
) -> dict[str, dict[str, float]]:
    r"""Root-mean-square error of formation energies per class of compounds.

    Parameters
    ----------
    computed, measured : mapping of str to float
        Formation energy in eV/atom by formula unit.
    per_oxygen_ev : float
        Error per O atom that all oxides share (it is Li2O's). It cancels in every reaction that keeps
        oxygen as oxide, so it is taken out before the square is formed.

    Returns
    -------
    dict
        Class name to ``{"rms_ev_per_atom": ..., "n": ...}``.

    Notes
    -----
    .. math:: \sigma_c^2 = \frac{1}{N_c} \sum_i \left(E_i - H_i - x_{O,i}\, \delta_O\right)^2
    """
    squares: dict[str, list[float]] = {}
    for formula in sorted(set(computed) & set(measured)):
        counts = parse_formula(formula)
        if len(counts) == 1:
            continue
        share = counts.get("O", 0) / sum(counts.values())
        error = computed[formula] - measured[formula] - share * per_oxygen_ev
        squares.setdefault(error_class(formula), []).append(error * error)
    return {
        name: {"rms_ev_per_atom": float(np.sqrt(np.mean(values))), "n": len(values)}
        for name, values in sorted(squares.items())
    }
