"""What happens when phases meet the anode metal."""

from licoat.thermo.lithiation import lithiate, lithiate_many
from licoat.thermo.path import LithiationPath, Stage
from licoat.thermo.reacting import react
from licoat.thermo.reaction import Reaction, Species

__all__ = ["LithiationPath", "Reaction", "Species", "Stage", "lithiate", "lithiate_many", "react"]


def __dir__() -> list[str]:
    """Return what is public, for tab completion."""
    return sorted(__all__)
