"""What tests of a layer share: the embedded table as a user gets it, with measured heats and volumes first."""

import pytest

from licoat.structures import load_phases


@pytest.fixture(scope="session")
def builtin():
    return load_phases("builtin")
