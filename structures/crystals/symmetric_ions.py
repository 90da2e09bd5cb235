"""Move the ions of a crystal so that its symmetry stays, for optimizers of ASE."""

from typing import Any

from ase.filters import Filter
from numpy.typing import NDArray

from licoat.structures.crystals.elastic_tensor import Array, CrystalSymmetry

__all__ = ["SymmetricIons"]


class SymmetricIons(Filter):
    """The ions of a crystal, their forces and steps averaged over its symmetry operations.

    A filter and no constraint of ASE: calculators that write input files (VASP, Quantum ESPRESSO) see the
    constraints of the atoms, and do not know this one.

    Parameters
    ----------
    atoms : ase.Atoms
        With a calculator.
    symmetry : CrystalSymmetry
        Operations that the atoms have.
    """

    def __init__(self, atoms: Any, symmetry: CrystalSymmetry) -> None:  # noqa: ANN401 - ase.Atoms
        super().__init__(atoms, indices=range(len(atoms)))  # type: ignore[no-untyped-call] # of ASE
        self._symmetry = symmetry

    def get_forces(self, *args: Any, **kwargs: Any) -> Array:  # noqa: ANN401 - as in ASE
        """Return the symmetric part of the forces in eV/A, shape (n, 3)."""
        return self._symmetry.mean(self.atoms.get_forces(*args, **kwargs))

    def set_positions(self, positions: NDArray[Any], **kwargs: Any) -> None:  # noqa: ANN401 - as in ASE
        """Move the ions by the symmetric part of the way to new positions in A, shape (n, 3)."""
        here = self.atoms.get_positions()
        self.atoms.set_positions(here + self._symmetry.mean(positions - here), **kwargs)
