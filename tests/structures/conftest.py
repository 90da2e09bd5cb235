"""Tables that the tests of `licoat.structures` share."""

import pytest

from licoat.structures import PhaseTable, load_phases
from licoat.structures.phases.provenance import Manifest


@pytest.fixture(scope="session")
def builtin():
    return load_phases("builtin", scheme="mp2020")


@pytest.fixture(scope="session")
def raw():
    return load_phases("builtin", scheme="none")


@pytest.fixture(scope="session")
def measured():
    return load_phases("measured")


@pytest.fixture
def make():
    """Build a table from (id, formula, total energy in eV/atom); further columns by name."""

    def build(*rows, scheme="test", source="test", **columns):
        ids, formulas, energies = zip(*rows, strict=True)
        data = {"phase_id": list(ids), "formula": list(formulas), "energy_ev_per_atom": list(energies)}
        return PhaseTable(data | columns, Manifest(source=source, scheme=scheme))

    return build
