"""What an end state hangs on: against tables with the energies shifted, and by hand."""

import json
import math

import pytest

from licoat.structures import load_phases
from licoat.structures.chemistry.book import BOOK
from licoat.structures.chemistry.formula import atoms_per_formula_unit
from licoat.structures.phases.levels import shifted_table
from licoat.thermo import (
    lithiate,
    quantities,  # noqa: F401 - declares what an explanation holds
)
from licoat.thermo.explain import explain

STEP_MEV_PER_ATOM = 0.05
"""How far before and beyond a limit the shifted tables are."""
FAR_MEV_PER_ATOM = 1000.0
HOSTS = ["Sb2O3", "Al2O3", "TiO2", "CaO", "MgO", "Fe2O3", "In2O3", "CoO", "Nd2O3", "Ag2O", "Li2O", "LiFeO2"]
ROWS = [("Li", 0), ("Sb", 0), ("O2", 0), ("Li2O", -6), ("Sb2O3", -7), ("LiSb", -0.8), ("Li3Sb", -3)]
SIGMA = [0.0, 0.0, 0.0, 0.01, 0.05, 0.04, 0.03]


@pytest.fixture(scope="module")
def fitted():
    return load_phases("builtin", scheme="fitted")


def by_formula(explanation):
    return {phase.formula: phase for phase in explanation.phases}


@pytest.mark.parametrize(
    "oxide", ["Sb2O3", "Al2O3", "TiO2", "CaO", "MgO", "Fe2O3", "In2O3", "CoO", "Nd2O3", "Ag2O", "Li2O", "LiFeO2"]
)
def test_limits_are_where_shifted_tables_change(fitted, oxide):
    path = lithiate(oxide, fitted)
    limits = 0
    for phase in explain(path).phases:
        per_mev = atoms_per_formula_unit(phase.formula) / 1000.0

        def at(shift, formula=phase.formula, scale=per_mev):
            return lithiate(oxide, shifted_table(fitted, {formula: shift * scale}))

        for side, limit in ((-1, phase.down), (1, phase.up)):
            if limit is None or abs(limit.shift_mev_per_atom) > FAR_MEV_PER_ATOM:
                continue
            limits += 1
            assert at(limit.shift_mev_per_atom - side * STEP_MEV_PER_ATOM).final.equation == path.final.equation
            assert at(limit.shift_mev_per_atom + side * STEP_MEV_PER_ATOM).final.equation == limit.becomes
        if phase.verdict is not None and abs(phase.verdict.shift_mev_per_atom) < FAR_MEV_PER_ATOM:
            side = math.copysign(STEP_MEV_PER_ATOM, phase.verdict.shift_mev_per_atom)
            before, after = (at(phase.verdict.shift_mev_per_atom + s) for s in (-side, side))
            assert (before.is_inert, after.is_inert) == (path.is_inert, not path.is_inert)
            assert phase.verdict.becomes == ("reacts" if path.is_inert else "inert")
    assert limits > 0, "nothing is near: no test"


@pytest.mark.parametrize("oxide", ["Sb2O3", "CaO", "Fe2O3"])
def test_where_there_is_no_limit_no_shift_changes_anything(fitted, oxide):
    path = lithiate(oxide, fitted)
    for phase in explain(path).phases:
        far = 3.0 * atoms_per_formula_unit(phase.formula)  # 3 eV per atom
        for side, limit in ((-1, phase.down), (1, phase.up)):
            if limit is None and atoms_per_formula_unit(phase.formula) > 2:  # an element is the zero of energies
                moved = lithiate(oxide, shifted_table(fitted, {phase.formula: side * far}))
                assert moved.final.equation == path.final.equation


def test_by_hand(make_table):
    path = lithiate("Sb2O3", make_table(ROWS, energy_sigma_ev_per_atom=SIGMA))
    found = by_formula(explain(path))
    # LiSb would have to give as much per Sb as Li3Sb: -3 eV, 2 atoms; its distance from that has both sigmas.
    assert found["LiSb"].down.shift_mev_per_atom == pytest.approx(-2.2 / 2 * 1000)
    assert found["LiSb"].down.shift_sigma_mev_per_atom == pytest.approx(math.hypot(2 * 0.04, 4 * 0.03) / 2 * 1000)
    assert found["LiSb"].down.becomes == "Sb2O3 + 8 Li -> 2 LiSb + 3 Li2O"
    assert found["LiSb"].energy_sigma_mev_per_atom == pytest.approx(40.0)
    assert found["Li3Sb"].up.shift_mev_per_atom == pytest.approx(2.2 / 4 * 1000)
    # 2 Li3Sb + 3 Li2O is at -24 eV, Sb2O3 at -7.
    assert found["Sb2O3"].verdict.shift_mev_per_atom == pytest.approx(-17.0 / 5 * 1000)
    assert found["Sb2O3"].verdict.shift_sigma_mev_per_atom == pytest.approx(
        math.hypot(5 * 0.05, 2 * 4 * 0.03, 3 * 3 * 0.01) / 5 * 1000
    )
    assert found["Li2O"].up.shift_mev_per_atom == pytest.approx(17.0 / 3 / 3 * 1000)
    assert found["Li2O"].verdict == found["Li2O"].up.__class__(
        found["Li2O"].up.shift_mev_per_atom, found["Li2O"].up.shift_sigma_mev_per_atom, "inert"
    )
    assert (found["LiSb"].up, found["LiSb"].verdict, found["Sb2O3"].up) == (None, None, None)
    roles = {formula: phase.role for formula, phase in found.items()}
    assert roles.pop("Sb") == "on the path"  # LiSb is not: 0.8 eV for the first Li, 1.1 for each further one
    assert roles == {"LiSb": "other", "Li3Sb": "product", "Li2O": "product", "Sb2O3": "oxide", "O2": "other"}


def test_within_sigma_is_what_it_hangs_on(make_table):
    rows = [*ROWS[:5], ("LiSb", -2.9), ("Li3Sb", -3)]
    found = explain(lithiate("Sb2O3", make_table(rows, energy_sigma_ev_per_atom=SIGMA)))
    assert set(found.hangs_on) == {"LiSb", "Li3Sb"}  # 0.1 eV apart, sigma 0.14
    assert found.phases[0].formula in found.hangs_on
    assert "hangs on" in repr(found)
    unknown = explain(lithiate("Sb2O3", make_table(rows)))
    assert unknown.hangs_on == ()
    assert unknown.phases[0].down is None or unknown.phases[0].down.is_within_sigma is None


def test_errors_that_both_share_make_a_distance_surer(fitted):
    found = by_formula(explain(lithiate("Al2O3", fitted)))
    near = found["LiAl"].down
    level = fitted.for_system({"Al"})
    rows = {f: level.rows_of(f)[0] for f in ("LiAl", "Li9Al4")}
    alone = [level.reaction_sigma_ev({f: n}, {f: rows[f]}) for f, n in (("LiAl", 1.0), ("Li9Al4", 0.25))]
    assert near.shift_sigma_mev_per_atom == pytest.approx(
        1000 / 2 * level.reaction_sigma_ev({"LiAl": 1.0, "Li9Al4": -0.25}, rows), rel=1e-6
    )
    assert near.shift_sigma_mev_per_atom < 1000 / 2 * (alone[0] + alone[1])


def test_it_is_json_and_stands_in_the_book(fitted):
    document = explain(lithiate("CaO", fitted)).to_dict()
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    names = {*document, *document["phases"][0], *(document["phases"][0]["down"] or document["phases"][0]["up"])}
    assert all(BOOK.find(name).definition for name in names - {"phases"})
