"""What happens when phases meet the anode metal."""

from licoat.thermo.lithiation import LithiationPath, Stage, lithiate, lithiate_many
from licoat.thermo.reaction import Reaction, Species, react

__all__ = ["LithiationPath", "Reaction", "Species", "Stage", "lithiate", "lithiate_many", "react"]
