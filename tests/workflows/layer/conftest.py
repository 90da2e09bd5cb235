"""What tests of a layer share: the embedded table as a user gets it, with measured heats and volumes first."""

import pytest

from licoat.structures import load_phases
from licoat.workflows import screen


@pytest.fixture(scope="session")
def builtin():
    return load_phases("builtin")


@pytest.fixture(scope="session")
def default_screen(builtin):
    """Screen of the same table; without it, that of the other folders would be made of this one."""
    return screen(builtin)
