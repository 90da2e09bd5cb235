"""Equations: reading, exact balancing, and every refusal."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.analysis.reaction_calculator import Reaction as PymatgenReaction
from pymatgen.core import Composition

from licoat.structures import FormulaError, LicoatError, UnbalancedReactionError
from licoat.structures.errors import shown
from licoat.thermo.balance import balance, parse_equation, write_equation

QUICK = settings(max_examples=100, deadline=None, derandomize=True, database=None)
CLASSIC = {"Sb2O3": -1, "Li": -12, "Li3Sb": 2, "Li2O": 3}


def whole(coefficients):
    assert all(number.denominator == 1 for number in coefficients.values())
    return {formula: int(number) for formula, number in coefficients.items()}


def is_balanced(coefficients):
    total = {}
    for formula, number in coefficients.items():
        for element, atoms in Composition(formula).items():
            total[element] = total.get(element, 0) + number * Fraction(atoms)
    return not any(total.values())


@pytest.mark.parametrize(
    "equation",
    [
        "Sb2O3 + Li -> Li3Sb + Li2O",
        "Sb2O3+Li->Li3Sb+Li2O",
        "  Sb2O3  +  Li  -->  Li3Sb  +  Li2O  ",
        "Sb2O3 + Li = Li3Sb + Li2O",
        "Sb2O3 + Li => Li3Sb + Li2O",
        "Sb2O3 + Li <=> Li3Sb + Li2O",
        "Sb2O3 + Li → Li3Sb + Li2O",
        "Sb2O3 + Li ⇌ Li3Sb + Li2O",
        "Sb₂O₃ + Li -> Li₃Sb + Li₂O",
        "O3Sb2 + Li -> SbLi3 + OLi2",
        "Sb2O3 + 12 Li -> 2 Li3Sb + 3 Li2O",
        "Sb2O3 + 12Li -> 2Li3Sb + 3Li2O",
        "Sb2O3 + 12*Li -> 2 * Li3Sb + 3Li2O",
        "1 Sb2O3 + 12 Li -> 2 Li3Sb + 3 Li2O",
        "Sb2O3 + 12.0 Li -> 2.0 Li3Sb + 6/2 Li2O",
    ],
)
def test_ways_to_write_one_equation(equation):
    assert whole(parse_equation(equation)) == CLASSIC


@pytest.mark.parametrize(
    "equation",
    [
        "Sb4O6 + 24 Li -> 4 Li3Sb + 6 Li2O",
        "1/2 Sb4O6 + 12 Li -> 2 Li3Sb + 3 Li2O",
        "Sb4O6 + Li -> Li3Sb + Li2O",
        "Sb4O6 + Li -> Li9Sb3 + Li2O",
    ],
)
def test_a_doubled_formula_counts_as_two_formula_units(equation):
    """Also where no coefficients are written, which are then found."""
    coefficients = parse_equation(equation)
    scale = -coefficients["Sb2O3"]
    assert {f: n / scale for f, n in coefficients.items()} == CLASSIC


@pytest.mark.parametrize(
    ("equation", "expected"),
    [
        ("P4O10 + Li -> Li3P + Li2O", {"P2O5": -1, "Li": -16, "Li3P": 2, "Li2O": 5}),
        ("Li + O2 -> Li2O", {"Li": -4, "O2": -1, "Li2O": 2}),
        ("Li + O -> Li2O", {"Li": -4, "O2": -1, "Li2O": 2}),
        ("LiO -> Li2O + O2", {"Li2O2": -2, "Li2O": 2, "O2": 1}),
        ("Ca(OH)2 -> CaO + H2O", {"CaH2O2": -1, "CaO": 1, "H2O": 1}),
        ("KMnO4 + HCl -> KCl + MnCl2 + H2O + Cl2", {"K": -2, "HCl": -16}),
    ],
)
def test_equations_without_coefficients_are_balanced(equation, expected):
    found = parse_equation(equation)
    assert is_balanced(found)
    if len(expected) == len(found):
        # any common factor is the same reaction
        factor = next(iter(found.values())) / next(iter(expected.values()))
        assert {f: n / factor for f, n in found.items()} == expected
    else:
        assert found["HCl"] == -16
        assert write_equation(found).startswith("2 KMnO4 + 16 HCl -> ")


@pytest.mark.parametrize(
    ("equation", "first"),
    [
        (
            (
                "H2 + Ca(CN)2 + NaAlF4 + FeSO4 + MgSiO3 + KI + H3PO4 + PbCrO4 + BrCl + CF2Cl2 + SO2 -> "
                "PbBr2 + CrCl3 + MgCO3 + KAl(OH)4 + Fe(SCN)3 + PI3 + Na2SiO3 + CaF2 + H2O"
            ),
            88,
        ),
        ("K4Fe(CN)6 + KMnO4 + H2SO4 -> KHSO4 + Fe2(SO4)3 + MnSO4 + HNO3 + CO2 + H2O", 10),
        (
            "Cr7N66H96C42O24 + KMnO4 + H2SO4 -> K2Cr2O7 + MnSO4 + CO2 + KNO3 + K2SO4 + H2O",
            10,
        ),
    ],
)
def test_equations_with_big_coefficients(equation, first):
    """Textbook monsters; the third has 10, 1176, 1399 -> 35, 1176, 420, 660, 223, 1879."""
    found = parse_equation(equation)
    assert is_balanced(found)
    assert whole(found)
    assert -next(iter(found.values())) == first


def test_coefficients_stay_exact_where_floats_fail():
    found = balance(["Sb99991O99989", "Li", "Li99971Sb", "Li2O"])
    assert is_balanced(found)
    assert whole(found) == {
        "Sb99991O99989": -1,
        "Li": -(99991 * 99971 + 2 * 99989),
        "Li99971Sb": 99991,
        "Li2O": 99989,
    }


@QUICK
@given(st.lists(st.tuples(*[st.integers(0, 9)] * 3).filter(any), min_size=4, max_size=4, unique=True))
def test_random_equations_agree_with_pymatgen(counts):
    formulas = ["".join(f"{s}{n}" for s, n in zip(("Li", "Fe", "S"), c, strict=True) if n) for c in counts]
    if len({Composition(f).reduced_composition for f in formulas}) < 4:
        return
    try:
        found = balance(formulas)
    except UnbalancedReactionError:
        return
    assert is_balanced(found)
    assert found[formulas[0]] < 0
    left = [Composition(f) for f, n in found.items() if n < 0]
    right = [Composition(f) for f, n in found.items() if n > 0]
    reference = PymatgenReaction(left, right)
    reference.normalize_to(left[0])
    for formula, number in found.items():
        expected = abs(reference.get_coeff(Composition(formula)))
        # pymatgen balances in floating point
        assert abs(number / found[formulas[0]]) == pytest.approx(expected, rel=1e-6)


@QUICK
@given(times=st.integers(1, 10**12), share=st.integers(1, 10**6))
def test_a_written_equation_may_be_scaled(times, share):
    factor = Fraction(times, share)
    text = " + ".join(f"{-n * factor} {f}" for f, n in CLASSIC.items() if n < 0)
    text += " -> " + " + ".join(f"{n * factor} {f}" for f, n in CLASSIC.items() if n > 0)
    found = parse_equation(text)
    assert {f: n / factor for f, n in found.items()} == CLASSIC
    assert write_equation(found) == "Sb2O3 + 12 Li -> 2 Li3Sb + 3 Li2O"


def test_written_equations_read_back_as_they_were():
    for equation in ("Sb2O3 + 12 Li -> 2 Li3Sb + 3 Li2O", "O2 + 4 Li -> 2 Li2O", "2 Li2O2 -> 2 Li2O + O2"):
        found = parse_equation(equation)
        again = parse_equation(write_equation(found))
        assert [n / found["Li2O"] for n in found.values()] == [n / again["Li2O"] for n in again.values()]


REFUSED = [
    ("", "expected one arrow"),
    ("   ", "expected one arrow"),
    ("Sb2O3", "expected one arrow"),
    ("Sb2O3 + Li Li3Sb + Li2O", "expected one arrow"),
    ("Sb2O3 + Li ~> Li3Sb + Li2O", "expected one arrow"),
    ("Sb2O3 + Li -> Li3Sb -> Li2O", "expected one arrow"),
    ("Sb2O3 == Li2O", "expected one arrow"),
    ("->", "a formula is missing"),
    ("-> Li2O", "a formula is missing"),
    ("Sb2O3 + Li ->", "a formula is missing"),
    ("Sb2O3 + + Li -> Li3Sb + Li2O", "a formula is missing"),
    ("Sb2O3 + Li -> Li3Sb + Li2O +", "a formula is missing"),
    ("Sb2O3 + 0 Li -> Li3Sb + Li2O", "coefficient of Li is 0"),
    ("Sb2O3 + 0.0 Li -> Li3Sb + Li2O", r"coefficient of Li is 0\.0"),
    ("Sb2O3 + 12/0 Li -> Li3Sb + Li2O", "coefficient of Li is 12/0"),
    ("Sb2O3 + Li + Sb2O3 -> Li3Sb + Li2O", "Sb2O3 stands twice"),
    ("Sb2O3 + Li -> Li3Sb + Li2O + Li", "Li stands twice"),
    ("Sb2O3 + Sb4O6 + Li -> Li3Sb + Li2O", "Sb2O3 stands twice"),
    ("Li2O -> Li2O", "Li2O stands twice"),
    ("Sb2O3 + Li -> Sb", "(Li|O) stands in (Li|Sb2O3) only, on one side"),
    ("Sb2O3 + Li -> Li3Sb + Li2O + CO2", "C stands in CO2 only"),
    ("Li + Sb -> Li3Sb + O2", "O stands in O2 only"),
    ("Sb2O3 -> Li2O", "on one side"),
    ("Sb2O3 + Sb2O5 -> SbO2 + Sb2O3", "Sb2O3 stands twice"),
    ("Li2O + Sb2O3 -> Li3Sb + O2 + Li2O2", "2 independent reactions"),
    ("Sb2O3 + Li -> Li3Sb + Li2O + Sb", "2 independent reactions"),
    ("Sb2O3 + Li -> Li3Sb + Li2O + Sb + O2", "3 independent reactions"),
    ("Fe2O3 + Fe3O4 -> FeO + O2 + Fe", "independent reactions"),
    ("Sb2O3 + Li3Sb -> Li + Li2O", "only with (Li3Sb|Li) on the other side"),
    ("Sb2O3 + SbO2 -> O2", r"only with SbO2 on the other side: 2 Sb2O3 \+ O2 -> 4 SbO2"),
    ("Sb2O3 -> Li + Li3Sb + Li2O", r"only with Li on the other side: Sb2O3 \+ 12 Li -> 2 Li3Sb \+ 3 Li2O"),
    ("Sb + Li2O -> Li + O2", "Sb stands in Sb only"),
    ("FeO + Fe2O3 -> Fe3O4 + LiFeO2 + Li", "2 independent reactions"),
    ("Fe + Co -> FeCo + Li2O + Li + O2", "independent reactions"),
    ("Li2O + Fe -> Li + O2 + Fe2O3 + FeO + Fe3O4", "independent reactions"),
    ("Sb2O3 + 11 Li -> 2 Li3Sb + 3 Li2O", r"Li 11 left, 12 right; balanced it is Sb2O3 \+ 12 Li -> 2 Li3Sb \+ 3 Li2O"),
    ("Sb2O3 + 2 Li -> Li3Sb + Li2O", "is not balanced: Li 2 left, 5 right, O 3 left, 1 right, Sb 2 left, 1 right"),
    ("Sb2O3 + 0.5 Li -> Li3Sb + Li2O", "Li 0.5 left"),
    ("2 Li3Sb -> 3 Sb", "is not balanced"),
    ("2 CO2 -> 2 CO", "is not balanced: O 4 left, 2 right"),
]


@pytest.mark.parametrize(("equation", "reason"), REFUSED)
def test_refusals_say_why_and_name_the_equation(equation, reason):
    with pytest.raises(UnbalancedReactionError, match=reason) as caught:
        parse_equation(equation)
    assert shown(equation, 120) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_substance_that_takes_no_part_is_named():
    # FeSb and FeSb2 cannot turn into one another: only lithium oxide reacts.
    with pytest.raises(UnbalancedReactionError, match=r"FeSb takes no part \(its coefficient is 0\)"):
        parse_equation("Li2O + FeSb -> Li + O2 + FeSb2")


@pytest.mark.parametrize(
    "equation",
    [
        "Sb2O3 + Xx -> Li3Sb + Li2O",
        "Sb2O3(s) + Li -> Li3Sb + Li2O",
        "Sb2O3 + -12 Li -> 2 Li3Sb + 3 Li2O",
        "Sb2O3 + Li+ -> Li3Sb + Li2O",
        "CuSO4·5H2O -> CuSO4 + H2O",
        "2 2 Sb2O3 + Li -> Li3Sb + Li2O",
        "Sb2O3 + 1.5/2 Li -> Li3Sb + Li2O",
        "Sb2O3 + 1e3 Li -> Li3Sb + Li2O",
        "Sb2O3 + 1/2/3 Li -> Li3Sb + Li2O",
        "Sb2O3 + 1,5 Li -> Li3Sb + Li2O",
        "Sb2O3 + " + "9" * 5000 + " Li -> Li3Sb + Li2O",
        "Sb2O3 + x Li -> Li3Sb + Li2O",
        "Sb2O3 + 12 -> Li3Sb + Li2O",
        "1 -> 2",
        "Sb0 + Li -> Li3Sb",
        "\x00 -> Li",
        "e- + Li -> Li",
    ],
)
def test_anything_unreadable_is_one_of_our_errors(equation):
    with pytest.raises(LicoatError):
        parse_equation(equation)


def test_a_bad_formula_names_equation_and_element():
    with pytest.raises(FormulaError, match=r"equation 'Sb2O3 \+ Xx -> Li2O': .*unknown element 'Xx'"):
        parse_equation("Sb2O3 + Xx -> Li2O")


@QUICK
@given(st.text(alphabet="SbLiO23+-=>→ ./*()", max_size=30))
def test_no_text_raises_anything_but_our_errors(text):
    try:
        found = parse_equation(text)
    except LicoatError:
        return
    assert is_balanced(found)
    assert any(n < 0 for n in found.values())
    assert any(n > 0 for n in found.values())


def test_an_empty_reaction_is_written_as_nothing():
    assert write_equation({}) == ""
