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
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from licoat.structures.chemistry.formula import parse_formula
from licoat.structures.errors import MissingDataError
from licoat.structures.phases.table import PhaseTable, require_table
from licoat.structures.rendering import brief

__all__ = ["Hull", "Titration", "titrate", "titrate_many"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
RawPath = tuple[FloatArray, FloatArray, FloatArray, list[tuple[IntArray, FloatArray]], IntArray]

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
    denominator : ndarray of int, shape (k + 1,)
        Contents of X and amounts at a kink are whole numbers divided by this.
    compositions : int
        Compositions in the chemical system.
    """

    host: dict[str, int]
    anode_atoms: FloatArray
    energy_ev_per_fu: FloatArray
    potential_ev: FloatArray
    products: list[tuple[IntArray, FloatArray]]
    denominator: IntArray
    compositions: int

    def __repr__(self) -> str:
        host = "".join(f"{symbol}{n}" for symbol, n in self.host.items())
        return brief(self, f"{host}: {len(self.potential_ev)} plateaus to {self.anode_atoms[-1]:.4g} anode atoms")


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
        self.compositions = len(rows)
        atoms = counts.sum(axis=1)
        per_atom = energy_ev_per_fu / atoms
        elemental = (counts > 0).sum(axis=1) == 1
        keep = elemental | (per_atom < -1e-11)
        self.rows, self.counts = rows[keep], counts[keep]
        self.energy = np.where(elemental, 0.0, energy_ev_per_fu)[keep]
        fractions = self.counts / atoms[keep, None]
        members = np.sort(_lower_facets(fractions, per_atom[keep] * ~elemental[keep]), axis=1)
        matrices = self.counts[members].transpose(0, 2, 1).astype(float)  # (facet, element, phase)
        volume = np.linalg.det(matrices)  # whole numbers
        solid = np.abs(volume) > 1e-14 * atoms[keep][members].prod(axis=1)
        members, matrices, volume = members[solid], matrices[solid], volume[solid]
        inverse = np.linalg.inv(matrices)
        potential = np.einsum("fi,fi->f", self.energy[members], inverse[:, :, 0])
        order = np.argsort(potential, kind="stable")
        self.members, self.inverse, self.potential = members[order], inverse[order], potential[order]
        self.volume = volume[order]

    def cut(self, hosts: IntArray, start: IntArray) -> list[RawPath]:
        """Find the path of several hosts.

        Parameters
        ----------
        hosts : ndarray of int, shape (h, d)
            Closed elements of each host per formula unit.
        start : ndarray of int, shape (h,)
            Atoms of X that each host holds already; its path starts there.

        Returns
        -------
        list of (x, energy, potential, products, denominator)
            Content of X at each kink (total), its energy, the potential of each plateau, the products at each
            kink and the whole number that makes content and amounts whole.
        """
        # Amounts of a facet's phases at content x are base + x * direction.
        base = np.einsum("fij,hj->hfi", self.inverse[:, :, 1:], hosts)
        direction = self.inverse[:, :, 0]
        with np.errstate(divide="ignore", invalid="ignore"):
            crossing = -base / direction
        rising, falling = direction > 1e-12, direction < -1e-12
        low = np.where(rising, crossing, 0.0).max(axis=2)
        ends = np.where(falling, crossing, np.inf)
        used_up: IntArray = ends.argmin(axis=2)  # the phase of which nothing is left where the facet's range ends
        high = ends.min(axis=2)
        impossible = (~(rising | falling) & (base < -1e-9)).any(axis=2)
        alive = ~impossible & (high > np.maximum(low, 0.0) + WIDTH_TOLERANCE)
        alive &= self.potential < -POTENTIAL_TOLERANCE_EV
        first = (base + start[:, None, None] * direction).min(axis=2).argmax(axis=1)

        bounds, owner, facet, content, level = _kinks(self.potential, alive, high, start, first)
        at_start = np.isnan(level)
        # The phases that are left at a kink solve a whole-number system of this determinant (Cramer's rule).
        whole = np.where(at_start, self.volume[facet], self.volume[facet] * direction[facet, used_up[owner, facet]])
        denominator = np.maximum(np.rint(np.abs(whole)), 1.0)
        content = _whole_parts(content, denominator)
        amounts = _whole_parts(base[owner, facet] + content[:, None] * direction[facet], denominator[:, None])
        members = self.members[facet]
        present = amounts > AMOUNT_TOLERANCE
        energy = (np.where(present, amounts, 0.0) * self.energy[members]).sum(axis=1)
        rows, flat = self.rows[members[present]], amounts[present]
        stop = present.sum(axis=1).cumsum().tolist()
        products = [(rows[i:j], flat[i:j]) for i, j in pairwise([0, *stop])]
        whole_denominator = denominator.astype(np.int64)
        return [
            (content[i:j], energy[i:j], level[i + 1 : j], products[i:j], whole_denominator[i:j])
            for i, j in pairwise(bounds)
        ]


def _kinks(
    potential: FloatArray, alive: NDArray[np.bool_], high: FloatArray, start: IntArray, first: IntArray
) -> tuple[list[int], IntArray, IntArray, FloatArray, FloatArray]:
    """Merge the plateaus of each host.

    Returns where each host's kinks begin (and where the last one's end), and of every kink the host, a facet
    that holds it, the content of X and the potential of the plateau that ends there (NaN at a start).
    """
    hosts, facets = np.nonzero(alive)  # of one host in order of rising potential, which is rising content of X
    candidates = list(zip(facets.tolist(), high[hosts, facets].tolist(), potential[facets].tolist(), strict=True))
    stops = alive.sum(axis=1).cumsum().tolist()
    kinks: list[tuple[int, int, float, float]] = []
    bounds = []
    begin = 0
    for host, (x, facet, stop) in enumerate(zip(start.tolist(), first.tolist(), stops, strict=True)):
        bounds.append(len(kinks))
        content, level = float(x), -np.inf
        kinks.append((host, facet, content, np.nan))
        for facet, end, mu in candidates[begin:stop]:  # noqa: PLW2901 - the start's own facet is done with
            if end <= content + WIDTH_TOLERANCE:
                continue
            content = end
            if mu - level < POTENTIAL_TOLERANCE_EV:
                kinks[-1] = (host, facet, end, level)  # coplanar facets are one plateau
            else:
                level = mu
                kinks.append((host, facet, end, mu))
        begin = stop
    owner, facet_of, contents, levels = zip(*kinks, strict=True)
    return [*bounds, len(kinks)], np.array(owner), np.array(facet_of), np.array(contents), np.array(levels)


def _whole_parts(values: FloatArray, denominator: FloatArray) -> FloatArray:
    """Round to multiples of 1/denominator where that is only rounding: 2.25 for 2.2499999999."""
    scaled = values * denominator
    nearest = np.rint(scaled)
    return np.where(np.abs(scaled - nearest) < 1e-3, nearest / denominator, values)


def _lower_facets(fractions: FloatArray, per_atom: FloatArray) -> IntArray:
    """Return the facets of the lower hull as rows of phases, shape (facets, d + 1)."""
    from scipy.spatial import ConvexHull

    n, size = fractions.shape
    if n == size:  # nothing but the elements
        return np.arange(n)[None, :]
    points = np.column_stack([fractions[:, 1:], per_atom])
    above = np.append(np.full(size - 1, 1.0 / size), 1.0)  # a point far above closes the hull from the top
    facets = ConvexHull(np.vstack([points, above]), qhull_options="Qt").simplices
    result: IntArray = facets[(facets < n).all(axis=1)].astype(np.int64)
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
    place = phases.place
    present = [symbol for symbol in elements if symbol in place]
    counts = phases.counts[rows[:, None], [place[symbol] for symbol in present]]
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
    """Return the equilibrium path of one host with the anode metal (see `titrate_many`).

    Raises
    ------
    FormulaError, MissingDataError, InputTypeError
        As `titrate_many` does.
    """
    return titrate_many(phases, [host], anode)[0]


def titrate_many(phases: PhaseTable, hosts: str | Sequence[str], anode: str = "Li") -> list[Titration]:
    """Return the equilibrium paths of many hosts; one hull per chemical system serves all its hosts.

    Parameters
    ----------
    phases : PhaseTable
        Phases of one energy scheme.
    hosts : str or sequence of str
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
    FormulaError
        If a host cannot be read.
    InputTypeError
        If `phases` is no table.
    """
    require_table(phases)
    hosts = [hosts] if isinstance(hosts, str) else hosts
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
    return [
        Titration(atoms, x - start, energy, potential, products, denominator, hull.compositions)
        for atoms, start, (x, energy, potential, products, denominator) in zip(
            parsed, counts[:, 0].tolist(), hull.cut(counts[:, 1:], counts[:, 0]), strict=True
        )
    ]
