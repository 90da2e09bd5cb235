"""A short run of benchmarks/fuzz.py: damaged input is answered or refused in one line, never anything else."""

import importlib.util
import random
from pathlib import Path

import pytest

from licoat.structures import LicoatError

SPEC = importlib.util.spec_from_file_location("fuzz", Path(__file__).parents[1] / "benchmarks" / "fuzz.py")
fuzz = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(fuzz)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("target", sorted(fuzz.TARGETS))
def test_damaged_input(target, tmp_path):
    results = {seed: fuzz.check(target, seed, tmp_path) for seed in range(12)}
    assert set(results.values()) <= {"answered", "refused"}, results


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("target", sorted(fuzz.TARGETS))
def test_what_is_not_damaged_is_answered(target, tmp_path, monkeypatch):
    monkeypatch.setattr(fuzz, "damaged", lambda text, _: text)
    # Some seeds cut a compressed file or put bytes before it.
    assert "answered" in {fuzz.check(target, seed, tmp_path) for seed in range(5)}


def test_it_can_find_something(tmp_path, monkeypatch):
    def fall(*_):
        raise KeyError("correction")

    def talk(*_):
        raise LicoatError("x" * 500)

    monkeypatch.setitem(fuzz.TARGETS, "formula", fall)
    assert fuzz.check("formula", 1, tmp_path).startswith("KeyError")
    monkeypatch.setitem(fuzz.TARGETS, "formula", talk)
    assert "500 characters" in fuzz.check("formula", 1, tmp_path)


def test_the_same_seed_damages_the_same_way():
    first, second = (fuzz.damaged("Sb2O3", random.Random(4)) for _ in range(2))  # noqa: S311 - no secret
    assert first == second
