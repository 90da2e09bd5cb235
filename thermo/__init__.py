"""What happens when phases meet the anode metal."""

from licoat.thermo.lithiation import LithiationPath, Stage, lithiate, lithiate_many
from licoat.thermo.reaction import Reaction, Species, react

__all__ = ["LithiationPath", "Reaction", "Species", "Stage", "lithiate", "lithiate_many", "react"]


def __dir__() -> list[str]:
    """Return what is public, for tab completion."""
    return sorted(__all__)
