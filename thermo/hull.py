r"""The envelope kernel: equilibrium of a host with more and more of the anode metal X.

.. math::

    G(x) = \min \left\{ \sum_i a_i E_i : \sum_i a_i q_i = c,\ \sum_i a_i n_i = x,\ a \ge 0 \right\}

:math:`E_i` is the formation energy of phase i per formula unit (eV), :math:`n_i` its number of X atoms,
:math:`q_i` its numbers of all other ("closed") elements and c those of one formula unit of the host. G is
convex and piecewise linear in x; its slope is the chemical potential of X against X metal. The kinks are
the compositions at which the products change, the straight parts are the voltage plateaus.

The lower convex hull of a chemical system is computed once (Qhull); every facet then says between which
contents of X its phases are the equilibrium of a given host, so all hosts of the system are answered by
cutting the same facets. Whole-number compositions are kept to the end; fractions are used for Qhull only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from licoat.structures.errors import MissingDataError
from licoat.structures.formula import parse_formula
from licoat.structures.phases import PhaseTable

__all__ = ["Hull", "Titration", "titrate", "titrate_many"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

POTENTIAL_TOLERANCE_EV = 1e-9  # plateaus closer than this are one; a plateau at 0 is the metal itself
AMOUNT_TOLERANCE = 1e-8  # formula units of a product that count as none
WIDTH_TOLERANCE = 1e-7  # atoms of X; a plateau narrower than this is a point


@dataclass(frozen=True, slots=True)
class Titration:
    """The equilibrium path of one host.

    Attributes
    ----------
    host : dict of str to int
        Atoms of one formula unit.
    anode_atoms : ndarray, shape (k + 1,)
        Atoms of X taken up at each kink; the first is 0. One entry if the host does not react.
    energy_ev_per_fu : ndarray, shape (k + 1,)
        Equilibrium formation energy at each kink, per formula unit of host.
    potential_ev : ndarray, shape (k,)
        Chemical potential of X against X metal on each plateau, negative and rising.
    products : list of (rows, amounts)
        Rows of the table and formula units of each per formula unit of host, at each kink.
    """

    host: dict[str, int]
    anode_atoms: FloatArray
    energy_ev_per_fu: FloatArray
    potential_ev: FloatArray
    products: list[tuple[IntArray, FloatArray]]


class Hull:
    """Facets of the lower convex hull of one chemical system.

    Parameters
    ----------
    rows : ndarray of int, shape (n,)
        Rows of the phases in their table: the lowest phase of each composition of the system.
    counts : ndarray of int, shape (n, d + 1)
        Atoms per formula unit, the anode metal in column 0. Every element must be among the phases.
    energy_ev_per_fu : ndarray, shape (n,)
        Formation energies per formula unit.
    """

    def __init__(self, rows: IntArray, counts: IntArray, energy_ev_per_fu: FloatArray) -> None:
        atoms = counts.sum(axis=1)
        per_atom = energy_ev_per_fu / atoms
        elemental = (counts > 0).sum(axis=1) == 1
        keep = elemental | (per_atom < -1e-11)
        self.rows, self.counts = rows[keep], counts[keep]
        self.energy = np.where(elemental, 0.0, energy_ev_per_fu)[keep]
        fractions = self.counts / atoms[keep, None]
        members = _lower_facets(fractions, per_atom[keep] * ~elemental[keep])
        matrices = self.counts[members].transpose(0, 2, 1).astype(float)  # (facet, element, phase)
        inverse = np.linalg.inv(matrices)
        potential = np.einsum("fi,fi->f", self.energy[members], inverse[:, :, 0])
        order = np.argsort(potential, kind="stable")
        self.members, self.inverse, self.potential = members[order], inverse[order], potential[order]

    def cut(
        self, hosts: IntArray, start: IntArray
    ) -> list[tuple[FloatArray, FloatArray, list[tuple[IntArray, FloatArray]]]]:
        """Find the path of several hosts.

        Parameters
        ----------
        hosts : ndarray of int, shape (h, d)
            Closed elements of each host per formula unit.
        start : ndarray of int, shape (h,)
            Atoms of X that each host holds already; its path starts there.

        Returns
        -------
        list of (x, potential, products)
            Content of X at each kink (total), potential of each plateau, products at each kink.
        """
        # Amounts of a facet's phases at content x are base + x * direction.
        base = np.einsum("fij,hj->hfi", self.inverse[:, :, 1:], hosts)
        direction = self.inverse[:, :, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            crossing = -base / direction
        rising, falling = direction > 1e-12, direction < -1e-12
        low = np.where(rising, crossing, 0.0).max(axis=2)
        np.maximum(low, 0.0, out=low)
        high = np.where(falling, crossing, np.inf).min(axis=2)
        impossible = (~(rising | falling) & (base < -1e-9)).any(axis=2)
        alive = ~impossible & (high > low + WIDTH_TOLERANCE) & (self.potential < -POTENTIAL_TOLERANCE_EV)
        return [self._path(base[h], high[h], np.flatnonzero(alive[h]), float(start[h])) for h in range(len(hosts))]

    def _path(
        self, base: FloatArray, high: FloatArray, plateaus: IntArray, start: float
    ) -> tuple[FloatArray, FloatArray, list[tuple[IntArray, FloatArray]]]:
        """Merge the plateaus of one host and read the products at its kinks."""
        kinks: list[float] = [start]
        potentials: list[float] = []
        for facet in plateaus.tolist():  # in order of rising potential, which is rising content of X
            end = float(high[facet])
            if end <= kinks[-1] + WIDTH_TOLERANCE:
                continue
            if potentials and self.potential[facet] - potentials[-1] < POTENTIAL_TOLERANCE_EV:
                kinks[-1] = end  # coplanar facets are one plateau
            else:
                potentials.append(float(self.potential[facet]))
                kinks.append(end)
        products = [self._products(base, x) for x in kinks]
        return np.array(kinks), np.array(potentials), products

    def _products(self, base: FloatArray, x: float) -> tuple[IntArray, FloatArray]:
        """Phases and amounts at content x, from any facet whose range holds x."""
        amounts = base + x * self.inverse[:, :, 0]
        facet = int(amounts.min(axis=1).argmax())
        here = amounts[facet]
        keep = here > AMOUNT_TOLERANCE
        order = np.argsort(self.members[facet][keep])
        return self.members[facet][keep][order], here[keep][order]


def _lower_facets(fractions: FloatArray, per_atom: FloatArray) -> IntArray:
    """Return the facets of the lower hull as rows of phases, shape (facets, d + 1)."""
    from scipy.spatial import ConvexHull

    n, size = fractions.shape
    if n == size:  # nothing but the elements
        return np.arange(n)[None, :]
    points = np.column_stack([fractions[:, 1:], per_atom])
    above = np.append(np.full(size - 1, 1.0 / size), 1.0)  # a point far above closes the hull from the top
    facets = ConvexHull(np.vstack([points, above]), qhull_options="Qt").simplices
    facets = facets[(facets < n).all(axis=1)]
    volume = np.abs(np.linalg.det(fractions[facets]))
    result: IntArray = facets[volume > 1e-14].astype(np.int64)
    return result


def system_hull(phases: PhaseTable, elements: Sequence[str]) -> Hull:
    """Build the hull of a chemical system.

    Parameters
    ----------
    phases : PhaseTable
        All phases.
    elements : sequence of str
        The anode metal first, then the closed elements.

    Raises
    ------
    MissingDataError
        If an element has no phase of its own.
    """
    rows = phases.rows_in_system(elements)
    present = [symbol for symbol in elements if symbol in phases.symbols]
    columns = np.array([phases.symbols.index(symbol) for symbol in present], dtype=np.int64)
    counts = phases.counts[np.ix_(rows, columns)]
    elemental = counts[(counts > 0).sum(axis=1) == 1]
    found = {present[int(row.argmax())] for row in elemental}
    missing = [symbol for symbol in elements if symbol not in found]
    if missing:
        raise MissingDataError(
            f"{phases.source}: no phase of the element{'s' if len(missing) > 1 else ''} {', '.join(missing)}, so the "
            f"hull of {'-'.join(sorted(elements))} is not complete; add the lowest phase of {' and '.join(missing)}"
        )
    return Hull(rows, counts, phases.energy_ev_per_fu[rows])


def titrate(phases: PhaseTable, host: str, anode: str = "Li") -> Titration:
    """Return the equilibrium path of one host with the anode metal (see `titrate_many`)."""
    return titrate_many(phases, [host], anode)[0]


def titrate_many(phases: PhaseTable, hosts: Sequence[str], anode: str = "Li") -> list[Titration]:
    """Return the equilibrium paths of many hosts; one hull per chemical system serves all its hosts.

    Parameters
    ----------
    phases : PhaseTable
        Phases of one energy scheme.
    hosts : sequence of str
        Formula units; they need not be phases of the table.
    anode : str
        The metal that is added.

    Returns
    -------
    list of Titration
        In the order of `hosts`.

    Raises
    ------
    MissingDataError
        If an element of a host or the anode metal has no phase of its own.
    """
    systems: dict[tuple[str, ...], list[int]] = {}
    for i, host in enumerate(hosts):
        systems.setdefault(_system(host, anode), []).append(i)
    found: dict[int, Titration] = {}
    for system, indices in systems.items():
        paths = _titrate_system(phases, [hosts[i] for i in indices], system)
        found.update(zip(indices, paths, strict=True))
    return [found[i] for i in range(len(hosts))]


def _system(host: str, anode: str) -> tuple[str, ...]:
    closed = sorted(set(parse_formula(host)) - {anode})
    if not closed:
        raise MissingDataError(f"{host} is the anode metal itself: nothing to react")
    return (anode, *closed)


def _titrate_system(phases: PhaseTable, hosts: Iterable[str], system: tuple[str, ...]) -> list[Titration]:
    hull = system_hull(phases, system)
    parsed = [parse_formula(host) for host in hosts]
    counts = np.array([[atoms.get(symbol, 0) for symbol in system] for atoms in parsed], dtype=np.int64)
    result = []
    for atoms, start, (x, potential, products) in zip(
        parsed, counts[:, 0], hull.cut(counts[:, 1:], counts[:, 0]), strict=True
    ):
        energy = np.array([float(hull.energy[members] @ amounts) for members, amounts in products])
        named = [(hull.rows[members], amounts) for members, amounts in products]
        result.append(Titration(atoms, x - start, energy, potential, named))
    return result
