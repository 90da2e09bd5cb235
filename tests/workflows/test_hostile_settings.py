"""Settings, criteria and calculators of strangers: one line, and nothing of Python's own library is called."""

from pathlib import Path

import pytest

from licoat.structures.crystals.calculators import calculator_spec
from licoat.structures.errors import CalculatorError, CriteriaError, InputFileError
from licoat.workflows.screening.criteria import load_criteria

FIELD = Path(__file__).parents[1] / "structures" / "field"


@pytest.mark.parametrize(("name", "reason"), [("crit_deep", "nested"), ("crit_bigint", "a number too long|digits")])
def test_hostile_criteria_are_one_line(name, reason):
    with pytest.raises(CriteriaError, match=reason) as caught:
        load_criteria(FIELD / f"{name}.toml")
    assert len(str(caught.value)) - len(str(FIELD)) < 300
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "reason"), [("calc_deep", "nested"), ("calc_bigint", "a number too long|digits")])
def test_hostile_calculators_are_one_line(name, reason):
    with pytest.raises(InputFileError, match=reason) as caught:
        calculator_spec(FIELD / f"{name}.toml")
    assert len(str(caught.value)) - len(str(FIELD)) < 300
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("factory", ["builtins:exit", "os:abort", "sys:exit", "os.path:join"])
def test_python_itself_has_no_calculators(factory):
    with pytest.raises(CalculatorError, match="is of Python itself, which has no calculators"):
        calculator_spec(factory).make()


def test_a_factory_that_ends_the_program_does_not(tmp_path, monkeypatch):
    (tmp_path / "leaving.py").write_text("def leave():\n    raise SystemExit(3)\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(CalculatorError, match="cannot be made: 3"):
        calculator_spec("leaving:leave").make()
