"""The profiles: on the command line, and against what published coatings are known to do."""

import json

import pytest

from licoat.workflows import load_criteria, screen
from licoat.workflows.cli import main
from licoat.workflows.screening.criteria import PROFILES, State, profile_file


def test_profiles_are_listed_shown_and_copied(capsys, tmp_path):
    assert main(["criteria", "list"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()] == list(PROFILES)
    for profile in PROFILES:
        assert main(["criteria", "show", profile]) == 0
        out = capsys.readouterr().out
        copy = tmp_path / f"{profile}.toml"
        assert main(["criteria", "copy", profile, str(copy), "--quiet"]) == 0
        criteria = load_criteria(copy)
        assert criteria == load_criteria(profile_file(profile))
        assert all(c.name in out and c.source.split()[0] in out for c in criteria)
        assert main(["criteria", "show", profile, "--json"]) == 0
        assert [c["name"] for c in json.loads(capsys.readouterr().out)["criteria"]] == [c.name for c in criteria]


def test_a_copy_never_writes_over_a_file(capsys, tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text("mine")
    assert main(["criteria", "copy", "host", str(mine)]) == 2
    assert "exists already" in capsys.readouterr().err
    assert mine.read_text() == "mine"


@pytest.mark.parametrize("arguments", [["criteria", "show", "hosts"], ["screen", "Sb2O3", "--profile", "hosts"]])
def test_a_profile_that_there_is_not_gets_one_line(capsys, arguments):
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert "no profile 'hosts': expected separator, host, barrier" in err
    assert err.count("\n") == 1


def test_profile_and_criteria_exclude_each_other(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["screen", "--profile", "host", "--criteria", "a.toml"])
    assert stopped.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


def states(builtin, profile, oxide):
    candidate = screen(builtin, oxide, profile=profile).candidates[0]
    return {name: verdict.state for name, verdict in candidate.verdicts.items()}


@pytest.mark.parametrize("oxide", ["SnO2", "ZnO", "Ag2O", "In2O3"])
def test_oxides_used_as_hosts_meet_what_a_host_needs(builtin, oxide):
    found = states(builtin, "host", oxide)
    for name in ("reacts", "nucleates", "electron_conducting", "low_lithium_loss"):
        assert found[name] is State.PASS, name
    assert states(builtin, "separator", oxide)["insulating"] is State.FAIL


@pytest.mark.parametrize("oxide", ["Al2O3", "ZrO2"])
def test_oxides_that_hold_as_thin_films_meet_what_a_barrier_needs(builtin, oxide):
    found = states(builtin, "barrier", oxide)
    for name in ("nearly_inert", "insulating", "low_lithium_loss", "low_hazard"):
        assert found[name] is State.PASS, name


@pytest.mark.parametrize("oxide", ["ZnO", "SnO2", "Sb2O3"])
def test_oxides_that_convert_are_no_barriers(builtin, oxide):
    assert states(builtin, "barrier", oxide)["nearly_inert"] is State.FAIL


def test_the_manifest_names_the_profile(builtin):
    assert screen(builtin, "Sb2O3").manifest["profile"] == "separator"
    assert screen(builtin, "Sb2O3", profile="host").manifest["profile"] == "host"
    own = load_criteria(profile_file("host"))
    assert screen(builtin, "Sb2O3", criteria=own).manifest["profile"] == ""


def test_the_founding_oxide_is_uncertain_with_the_measured_film_beside(builtin):
    verdict = screen(builtin, "Sb2O3").candidates[0].verdicts["insulating"]
    assert verdict.state is State.UNCERTAIN
    assert 0.0 < verdict.probability < 1.0
    assert "measured film, beside" in verdict.source
    assert "4.5e+04 ohm cm" in verdict.source
