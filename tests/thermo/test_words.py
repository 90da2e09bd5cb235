"""What a user reads when an equation or a substance cannot be used, and what is said of gases."""

import math

import pytest

from licoat.structures import FormulaError, MissingDataError, UnbalancedReactionError, load_phases, parse_formula
from licoat.structures.chemistry.gases import GASES
from licoat.thermo import react


@pytest.fixture(scope="module")
def builtin():
    return load_phases("builtin", scheme="mp2020")


@pytest.mark.parametrize(
    ("text", "drop", "rest"),
    [
        ("Sb2O3(s)", r"\(s\)", "Sb2O3"),
        ("Li2O(cr)", r"\(cr\)", "Li2O"),
        ("H2O(aq)", r"\(aq\)", "H2O"),
        ("O2(g)", r"\(g\)", "O2"),
    ],
)
def test_states_of_matter_are_to_be_dropped(text, drop, rest):
    with pytest.raises(FormulaError, match=rf"drop '{drop}': write '{rest}'"):
        parse_formula(text)


@pytest.mark.parametrize("text", ["Al2(SO4)3", "Ca(OH)2", "Mg(C)O"])
def test_brackets_of_a_formula_are_no_state(text):
    assert parse_formula(text)


@pytest.mark.parametrize(
    ("equation", "drop"),
    [
        ("Li+ + e- -> Li", "Li+"),
        ("Li + e- -> Li", "e-"),
        ("Sb2O3 + 6 Li+ + 6 e- -> Sb", "Li+"),
        ("Li -> Li+", "Li+"),
        ("Li -> Li + e⁻", "e⁻"),
    ],
)
def test_ions_and_electrons_are_to_be_dropped(equation, drop, builtin):
    with pytest.raises(UnbalancedReactionError) as caught:
        react(equation, builtin)
    assert f"drop {drop!r}" in str(caught.value)


@pytest.mark.parametrize("equation", ["Sb2O3+Li->Li3Sb+Li2O", "Sb2O3+ Li -> Li3Sb+ Li2O", "Sb2O3 +Li=Li3Sb +Li2O"])
def test_a_plus_without_blanks_is_no_charge(equation, builtin):
    assert react(equation, builtin).equation == "Sb2O3 + 12 Li -> 2 Li3Sb + 3 Li2O"


def test_a_substance_that_is_not_there_has_ways_out(builtin):
    with pytest.raises(MissingDataError) as caught:
        react("Sb4O5 + Li -> Li3Sb + Li2O", builtin)
    message = str(caught.value)
    assert message.startswith("Sb4O5 is not in builtin")
    assert len(message) <= 300
    for way in ("--source", "data fetch", "--add", "docs/files.md", "nearest there: Sb2O3"):
        assert way in message
    with pytest.raises(MissingDataError, match=r"--add FILE$"):  # nothing of argon there
        react("Ar2O + Li -> Ar + Li2O", builtin)


def test_a_gas_has_no_volume_of_a_solid(builtin):
    reaction = react("O2 + Li -> Li2O", builtin)
    assert reaction.heat_gj_per_m3_oxide is None
    assert reaction.volume_ratio_oxide is None
    assert reaction.volume_ratio_reactants is None
    assert [s.volume_a3_per_fu for s in reaction.reactants if s.formula == "O2"] == [None]
    assert react("SiO2 + Li -> Si + Li2O", builtin).heat_gj_per_m3_oxide is not None
    assert {"O2", "CO2", "SO2", "N2"} <= GASES
    assert not {"SiO2", "H2O", "P2O5", "OsO4"} & GASES


@pytest.mark.parametrize("scheme", ["mp2020", "none"])
def test_the_error_that_oxides_share_shows_against_oxygen(scheme):
    """Per O2 it is 6 atoms' worth of the error of Li2O (2 Li2O), here by hand from both tables."""
    phases, measured = load_phases("builtin", scheme=scheme), load_phases("measured")
    own, true = (t.phase(t.rows_of("Li2O")[0]).formation_energy_ev_per_atom for t in (phases, measured))
    reaction = react("O2 + 4 Li -> 2 Li2O", phases)
    assert reaction.energy_sigma_ev_per_fu == pytest.approx(abs(6.0 * (own - true)), rel=1e-9)
    assert reaction.average_voltage_sigma_v == pytest.approx(reaction.energy_sigma_ev_per_fu / 4.0)
    other = react("Sb2O3 + Li -> Li3Sb + Li2O", phases)  # oxide to oxide: it cancels
    column, atoms = phases.column("energy_sigma_ev_per_atom"), phases.atoms
    rows = {s.formula: phases.index_of(s.energy_phase_id) for s in other.species}
    squares = [(s.amount * column[rows[s.formula]] * atoms[rows[s.formula]]) ** 2 for s in other.species]
    assert other.energy_sigma_ev_per_fu == pytest.approx(math.sqrt(sum(squares)))
    assert react("O2 + Li -> Li2O", measured).energy_sigma_ev_per_fu == pytest.approx(0.0207, abs=0.02)
