"""What is known of the errors of energies on the Materials Project's scale, whoever computed them.

The errors were learnt on the embedded table, whose potential is off the Materials Project's own energies by less than
PBE(+U) with MP2020's corrections is off measurement; how much (`TRANSFER_EV_PER_ATOM`) is part of the sigma.
"""

from dataclasses import replace

import numpy as np

from licoat.structures.errors import MissingDataError, shortened
from licoat.structures.phases.builtin import LEARNT_KIND, load_builtin, sigma_of_classes
from licoat.structures.phases.computed import class_sigma
from licoat.structures.phases.fitted import load_error_models
from licoat.structures.phases.levels import corrected_table, oxygen_shift_ev
from licoat.structures.phases.measured import load_measured
from licoat.structures.phases.table import PhaseTable

__all__ = ["FITTED", "fitted_table", "with_known_sigma"]

FITTED = "fitted"
TRANSFER_EV_PER_ATOM = 0.023
"""Root mean square distance of formation energies of the embedded table and of the Materials Project's entries, of 25
compositions of Li, Fe, P and O in both."""
_KIND = "energy at 0 K"


def _on_mp2020(phases: PhaseTable) -> bool:
    return phases.scheme.endswith("/mp2020") and phases.energy_kind == _KIND and not phases.has_two_levels


def with_known_sigma(phases: PhaseTable) -> PhaseTable:
    """Return the table with the sigma of its class for every phase, where it gives none and its scale is known.

    Parameters
    ----------
    phases : PhaseTable
        Changed only if its scheme ends in ``/mp2020`` and no phase has a sigma of its own.
    """
    if not _on_mp2020(phases) or not np.isnan(phases.column("energy_sigma_ev_per_atom")).all():
        return phases
    classes = sigma_of_classes("mp2020")
    sigma = np.array([class_sigma(formula, classes) for formula in phases.formulas])
    columns = phases.columns() | {"energy_sigma_ev_per_atom": sigma[phases.composition_of]}
    details = {**phases.manifest.details, "sigma": "of its class of compounds on the scale mp2020, from builtin"}
    found = PhaseTable(columns, phases.manifest.replace(details=details))
    return found.with_products(phases.products).with_prefer(phases.prefer)


def fitted_table(phases: PhaseTable) -> PhaseTable:
    """Return a table on the Materials Project's scale less the errors that measured enthalpies teach.

    Raises
    ------
    MissingDataError
        If its energies are of another scheme.
    """
    if not _on_mp2020(phases):
        raise MissingDataError(
            f"--scheme {FITTED}: known are the errors of builtin and of energies at 0 K with the corrections of "
            f"MP2020; {shortened(phases.source, 60)} has {phases.energy_kind}, scheme {phases.scheme}"
        )
    measured = load_measured()
    reference = phases if phases.rows_of("Li2O") else load_builtin("mp2020")
    manifest = phases.manifest.replace(scheme=f"{FITTED}: {phases.scheme}", energy_kind=LEARNT_KIND, sha256="")
    model = replace(load_error_models()["mp2020"], transfer_ev_per_atom=TRANSFER_EV_PER_ATOM)
    shift = oxygen_shift_ev(reference, measured)
    found = corrected_table(phases, model, shift, manifest)
    return found.with_products(phases.products).with_prefer(phases.prefer)
