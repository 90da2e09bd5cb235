"""What a table of phases holds, in numbers."""

from typing import Any

import numpy as np

from licoat.structures.chemistry.formula import parse_formula
from licoat.structures.phases.table import PhaseTable

__all__ = ["inventory"]


def inventory(phases: PhaseTable) -> dict[str, Any]:
    """Count phases, elements, oxides and how many phases have each property."""
    binary = [
        f for f in phases.formulas if "O" in (atoms := parse_formula(f)) and len(atoms) == 2 and "Li" not in atoms
    ]
    properties = {
        "energies": "formation_energy_ev_per_atom",
        "volumes": "volume_a3_per_atom",
        "band gaps": "band_gap_ev",
        "shear moduli": "shear_modulus_gpa",
        "energy sigmas": "energy_sigma_ev_per_atom",
    }
    counts = {name: int((~np.isnan(phases.column(column))).sum()) for name, column in properties.items()}
    return {
        "phases": len(phases),
        "compositions": len(phases.formulas),
        "elements": " ".join(phases.symbols),
        "binary oxides": len(binary),
        **{f"with {name}": number for name, number in counts.items()},
        "oxides": " ".join(sorted(binary)),
    }
