"""`PhaseTable`: all phases of one source in columns."""

import copy
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from licoat.structures.chemistry.formula import formula_unit
from licoat.structures.errors import (
    InputFileError,
    LicoatError,
    MissingDataError,
    SnapshotError,
    require,
    shown,
)
from licoat.structures.phases.columns import Columns, FloatArray, IntArray, PhaseColumns
from licoat.structures.phases.compositions import Counts
from licoat.structures.phases.observed import EXISTING
from licoat.structures.phases.parquet import load_parquet, write_parquet
from licoat.structures.phases.phase import Phase
from licoat.structures.phases.provenance import Manifest
from licoat.structures.phases.text import rows_of

__all__ = ["PhaseTable", "require_table"]

PRODUCTS = ("observed", "all")
"""Which compositions may be products, the usual choice first."""


PREFER = ("best", "table")
"""Whose heats and volumes a reaction has: measured ones where they are known, or those of the table alone."""


class SharedErrors(Protocol):
    """Errors of energies that compounds share."""

    def sigma_ev(self, amounts: Mapping[str, float]) -> float:
        """Return one standard deviation of a reaction energy, eV."""

    def covariance_ev2(self, formulas: Sequence[str]) -> FloatArray:
        """Return the covariance of the errors of compositions, eV2 per formula unit each, shape (n, n)."""


class PhaseTable(PhaseColumns):
    """Phases of one source and one energy scheme, held in columns.

    Parameters
    ----------
    columns : mapping of str to sequence
        ``phase_id``, ``formula`` and any of the columns of `Phase`; all of one length. Formulas are
        brought to one formula unit. Formation energies that are not given are computed from
        ``energy_ev_per_atom`` and the lowest phase of each element in the table.
    manifest : Manifest
        Where the data come from.

    Raises
    ------
    InputFileError
        If columns differ in length or an identifier stands twice.
    MissingDataError
        If formation energies are to be computed and an element has no phase of its own.

    Notes
    -----
    NaN (numbers), -1 (whole numbers) and empty text mean *unknown*. The arrays are read-only.
    """

    def __init__(self, columns: Columns, manifest: Manifest) -> None:
        super().__init__(columns, manifest)
        self._products = PRODUCTS[0]
        self._prefer = "table"
        self._errors: SharedErrors | None = None
        self._levels: tuple[frozenset[str], PhaseTable, PhaseTable] | None = None
        given = "formation_energy_ev_per_atom" in columns
        own = self._float["formation_energy_ev_per_atom" if given else "energy_ev_per_atom"]
        self._float["formation_energy_ev_per_atom"] = self._formation_energies(own, given=given)

    def _formation_energies(self, energy: FloatArray, *, given: bool) -> FloatArray:
        """Compute formation energies per atom: energy minus the composition-weighted lowest elements.

        Given formation energies change only where the lowest phase of an element is not at 0 (red against
        white phosphorus): the zero is the lowest phase in the table, and no reaction energy changes.
        """
        reference = np.full(len(self.symbols), np.inf)
        rows = np.flatnonzero((self.counts.n_elements() == 1) & ~np.isnan(energy))
        np.minimum.at(reference, self.counts.columns[self.counts.offsets[rows]], energy[rows])
        if given:
            reference = np.where(np.isinf(reference), 0.0, reference)
            if not reference.any():
                return energy
        missing = [s for s, e in zip(self.symbols, reference, strict=True) if np.isinf(e)]
        if missing:
            raise MissingDataError(
                f"{self.manifest.source}: no phase of the element{'s' if len(missing) > 1 else ''} "
                f"{', '.join(missing)}; formation energies need every element: add its lowest phase "
                "(or give the column formation_energy_ev_per_atom)"
            )
        result: FloatArray = energy - (self.counts @ reference) / self.atoms
        result.flags.writeable = False
        return result

    def __iter__(self) -> Iterator[Phase]:
        return (self.phase(i) for i in range(len(self)))

    def __getitem__(self, phase_id: str) -> Phase:
        return self.phase(self.index_of(phase_id))

    def phase(self, row: int) -> Phase:
        """Return one row as a `Phase`."""
        values: dict[str, Any] = {name: column[row] for name, column in self._text.items()}
        for name, numbers in self._float.items():
            values[name] = None if np.isnan(numbers[row]) else float(numbers[row])
        for name, whole in self._integer.items():
            values[name] = None if whole[row] < 0 else int(whole[row])
        theoretical, observed = values.pop("theoretical"), int(self.observed[row])
        return Phase(
            **values,
            theoretical=None if theoretical is None else bool(theoretical),
            observed=None if observed < 0 else bool(observed),
            source=self.source,
            structure=(self._structures[row] or None) if self._structures else None,
        )

    @property
    def symbols(self) -> tuple[str, ...]:
        """Elements of the table in order of atomic number."""
        return self.counts.symbols

    @property
    def counts(self) -> Counts:
        """Atoms per formula unit; indexes like an array of shape (n phases, n elements), columns as in `symbols`."""
        return self._formula.counts

    @cached_property
    def atoms(self) -> IntArray:
        """Atoms per formula unit, shape (n,)."""
        result = self.counts.total()
        result.flags.writeable = False
        return result

    @cached_property
    def energy_ev_per_fu(self) -> FloatArray:
        """Formation energy in eV per formula unit, shape (n,)."""
        result: FloatArray = self._float["formation_energy_ev_per_atom"] * self.atoms
        result.flags.writeable = False
        return result

    @cached_property
    def _product_masks(self) -> NDArray[np.uint64]:
        return self.counts.masks()[self.product_rows]

    @cached_property
    def place(self) -> dict[str, int]:
        """Column of each element in `counts`."""
        return {symbol: i for i, symbol in enumerate(self.symbols)}

    @cached_property
    def _groups(self) -> tuple[IntArray, IntArray]:
        """Rows by composition, lowest formation energy first, and where each composition begins."""
        codes, energy = self._formula.codes, self._float["formation_energy_ev_per_atom"]
        number = np.bincount(codes, minlength=len(self._formula.words))
        starts = np.zeros(len(number) + 1, dtype=np.int64)
        np.cumsum(number, out=starts[1:])
        order = np.argsort(codes, kind="stable")  # quick, since compositions are numbered as they appear
        several = np.flatnonzero(number[codes[order]] > 1)
        rows = order[several]
        order[several] = rows[np.lexsort((energy[rows], codes[rows]))]  # stable; NaN is last
        return order, starts

    @cached_property
    def ground_states(self) -> IntArray:
        """Rows of the lowest phase of each composition (phases without an energy left out)."""
        order, starts = self._groups
        lowest = order[starts[:-1]]
        result: IntArray = np.sort(lowest[~np.isnan(self._float["formation_energy_ev_per_atom"][lowest])])
        result.flags.writeable = False
        return result

    @cached_property
    def observed(self) -> IntArray:
        """Whether the composition of each row exists: 1 yes, 0 no (predicted), -1 not said; shape (n,).

        A composition exists if one of its phases does. Where the table gives no `existence`, a phase that is not
        `theoretical` exists. Elements do.
        """
        said, flag, codes = self._text["existence"], self._integer["theoretical"], self._formula.codes
        by_word = np.array([int(word in EXISTING) if word else -2 for word in said.words.tolist()], dtype=np.int64)
        own = by_word[said.codes]
        own = np.where(own == -2, np.where(flag == 1, 0, np.where(flag == 0, 1, -1)), own)
        found = np.zeros(len(self._formula.words), dtype=np.int64)
        found[codes[own == -1]] = -1
        found[codes[own == 1]] = 1
        result = found[codes]
        result[self.counts.n_elements() == 1] = 1
        result.flags.writeable = False
        return result

    @property
    def products(self) -> str:
        """Which compositions may be products: ``observed`` (all but those that are only predicted) or ``all``."""
        return self._products

    def with_products(self, products: str) -> "PhaseTable":
        """Return the same table with another choice of what may be a product.

        Parameters
        ----------
        products : {"observed", "all"}
            ``observed``: no path runs through compositions that are only predicted. Where a table does not say, or the
            list does not know a system, nothing is left out.

        Raises
        ------
        InputFileError
            If it is something else.
        """
        if products not in PRODUCTS:
            raise InputFileError(f"products {shown(products)}: choose {' or '.join(PRODUCTS)}")
        if products == self._products:
            return self
        other = copy.copy(self)
        for name in ("product_rows", "_product_masks"):
            vars(other).pop(name, None)
        vars(other)["_products"] = products
        return other if self._levels is None else other.with_levels(*self._levels)

    def with_levels(self, elements: frozenset[str], there: "PhaseTable", elsewhere: "PhaseTable") -> "PhaseTable":
        """Return the same table with two levels of theory, chosen by chemical system.

        Parameters
        ----------
        elements : frozenset of str
        there, elsewhere : PhaseTable
            The same phases in the same order; the energies of the first hold wherever one of the elements is in the
            system, those of the second in all other systems.
        """
        other = copy.copy(self)
        there, elsewhere = (t.with_products(self._products).with_prefer(self._prefer) for t in (there, elsewhere))
        vars(other).update(_levels=(elements, there, elsewhere))
        return other

    @property
    def prefer(self) -> str:
        """Whose heats and volumes its reactions have: ``best`` (measured where known) or ``table`` (its own)."""
        return self._prefer

    def with_prefer(self, prefer: str) -> "PhaseTable":
        """Return the same table with another choice of whose heats and volumes its reactions have.

        Parameters
        ----------
        prefer : {"best", "table"}
            See `licoat.thermo.preference`. Hulls, and so end states and plateaus, are the table's own either way.

        Raises
        ------
        InputFileError
            If it is something else.
        """
        if prefer not in PREFER:
            raise InputFileError(f"prefer {shown(prefer)}: choose {' or '.join(PREFER)}")
        if prefer == self._prefer:
            return self
        other = copy.copy(self)
        vars(other)["_prefer"] = prefer
        return other if self._levels is None else other.with_levels(*self._levels)

    @property
    def has_two_levels(self) -> bool:
        """Say whether the energies are of two levels of theory, chosen by chemical system."""
        return self._levels is not None

    def with_errors(self, errors: SharedErrors) -> "PhaseTable":
        """Return the same table with errors that compounds share, from which sigmas of reactions follow."""
        other = copy.copy(self)
        vars(other).update(_errors=errors)
        return other

    @property
    def shared_errors(self) -> SharedErrors | None:
        """Errors that compounds share, None if those of different phases are taken as independent."""
        return self._errors

    def reaction_sigma_ev(self, amounts: Mapping[str, float], rows: Mapping[str, int]) -> float | None:
        r"""Return one standard deviation of a reaction energy, None if one of a phase is not known.

        Parameters
        ----------
        amounts : mapping of str to float
            Formula units, reactants negative.
        rows : mapping of str to int
            Row of the phase whose energy each formula has.

        Notes
        -----
        :math:`\sqrt{\sum_i (\nu_i \sigma_i)^2}`, the errors of phases taken as independent, unless the table knows
        which errors they share: then :math:`\sqrt{\nu^T C \nu}`.
        """
        if self._errors is not None:
            return self._errors.sigma_ev(amounts)
        sigma = self._float["energy_sigma_ev_per_atom"]
        variance = math.fsum((n * float(sigma[rows[f]]) * int(self.atoms[rows[f]])) ** 2 for f, n in amounts.items())
        return None if math.isnan(variance) else math.sqrt(variance)

    def for_system(self, elements: Iterable[str]) -> "PhaseTable":
        """Return the table whose energies hold in a chemical system: itself, unless there are two levels of theory."""
        if self._levels is None:
            return self
        metals, there, elsewhere = self._levels
        return elsewhere if metals.isdisjoint(elements) else there

    @cached_property
    def product_rows(self) -> IntArray:
        """Rows of `ground_states` that may be products."""
        rows = self.ground_states
        return rows if self._products == "all" else rows[self.observed[rows] != 0]

    def is_left_out(self, formula: str) -> bool:
        """Say whether a composition is in the table and may not be a product."""
        rows = self.rows_of(formula)
        return self._products != "all" and bool(rows) and int(self.observed[rows[0]]) == 0

    def rows_in_system(self, elements: Iterable[str]) -> IntArray:
        """Rows of the ground states made of these elements only that may be products, in table order."""
        allowed = [0, 0]
        for symbol in elements:
            if symbol in self.place:
                allowed[self.place[symbol] // 64] |= 1 << (self.place[symbol] % 64)
        words = self._product_masks
        outside = (words[:, 0] & ~np.uint64(allowed[0])) | (words[:, 1] & ~np.uint64(allowed[1]))
        result: IntArray = self.product_rows[outside == 0]
        return result

    def rows_of(self, formula: str) -> list[int]:
        """Rows of all phases of one composition, lowest formation energy first (unknown energies last)."""
        code = self._formula.words.find(formula)  # nearly always a formula unit already
        if code < 0:
            code = self._formula.words.find(formula_unit(formula))
        order, starts = self._groups
        rows: list[int] = [] if code < 0 else order[starts[code] : starts[code + 1]].tolist()
        return rows

    def partners(self, symbol: str) -> frozenset[str]:
        """Return the elements that form compounds with an element in this table."""
        if symbol not in self.place:
            return frozenset()
        compounds = self.counts.take(np.flatnonzero(self.counts.holds([symbol])))
        return frozenset(compounds.symbols) - {symbol}

    @cached_property
    def formulas(self) -> tuple[str, ...]:
        """All compositions, each once, in table order."""
        return tuple(self._formula.words.tolist())

    @property
    def composition_of(self) -> IntArray:
        """Place of each row's composition in `formulas`, shape (n,)."""
        return self._formula.codes.astype(np.int64)

    def subset(self, rows: Iterable[int]) -> "PhaseTable":
        """Return a table of some rows, in the order given; the zero is again the lowest phase of each element."""
        chosen = rows_of(rows, len(self))
        picked = {
            name: values[chosen] if isinstance(values, np.ndarray) else values.take(chosen)
            for name, values in self.columns().items()
        }
        found = PhaseTable(picked, self.manifest).with_products(self._products).with_prefer(self._prefer)
        if self._errors is not None:
            found = found.with_errors(self._errors)
        if self._levels is None:
            return found
        metals, there, elsewhere = self._levels
        return found.with_levels(metals, there.subset(chosen), elsewhere.subset(chosen))

    def save(self, path: str | Path) -> Manifest:
        """Write ``PATH`` (Parquet) and ``PATH`` with ending ``.manifest.json``.

        Parameters
        ----------
        path : str or Path
            File with the ending ``.parquet``.

        Returns
        -------
        Manifest
            The manifest as written, with its checksum.

        Raises
        ------
        InputFileError
            If the table has two levels of theory, which one column of energies cannot hold.
        """
        if self._levels is not None:
            raise InputFileError(
                f"{self.source}, scheme {self.scheme}: two levels of theory; save a table of one scheme"
            )
        return write_parquet(self.columns(), Path(path), self.manifest)

    @classmethod
    def load(cls, path: str | Path) -> "PhaseTable":
        """Read a table that `save` wrote and check it against its manifest.

        Raises
        ------
        SnapshotError
            If the file or its manifest is missing, damaged or altered.
        """
        path = Path(path)
        manifest, data = load_parquet(path)
        try:
            return cls(data, manifest)
        except KeyError as error:
            raise SnapshotError(f"{path} has no column {error}: it is not a licoat snapshot") from None
        except LicoatError as error:
            raise SnapshotError(f"{path}: {error}") from error


def require_table(phases: object, name: str = "phases") -> None:
    """Refuse what is no `PhaseTable`, such as the name of a source.

    Raises
    ------
    InputTypeError
        Naming the argument and how to get a table.
    """
    require(phases, PhaseTable, f"{name} must be a PhaseTable (load_phases(...) gives one)")
