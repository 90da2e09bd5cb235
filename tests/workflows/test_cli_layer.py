import json

import pytest

from licoat.workflows.cli import main

CONTRACT = {
    "oxide_loading_mg_per_cm2",
    "lithium_consumed_um",
    "lithium_consumed_mah_per_cm2",
    "lithium_left_um",
    "product_thickness_um",
    "heat_j_per_cm2",
    "adiabatic_temperature_k",
    "lithium_melted_um",
    "shear_modulus_lower_gpa",
    "shear_modulus_upper_gpa",
    "alloy_volume_fraction",
    "missing",
}


def run_json(capsys, *arguments):
    assert main([*arguments, "--json"]) == 0
    out = capsys.readouterr()
    assert out.err == ""

    def no_constant(name):
        raise ValueError(name)

    return json.loads(out.out, parse_constant=no_constant)


def test_json_holds_the_contract_and_the_inputs(capsys):
    found = run_json(capsys, "layer", "Sb2O3", "--loading", "1.0", "--lithium", "20", "--packing", "0.6")
    assert set(found) >= CONTRACT
    assert found["oxide_loading_mg_per_cm2"] == 1.0
    assert found["options"]["packing_fraction"] == 0.6
    # 12 F / 291.52 g/mol = 1103 mAh/g
    assert found["lithium_consumed_mah_per_cm2"] == pytest.approx(1.103, rel=1e-3)


def test_card_has_every_group_and_names_what_is_missing(capsys):
    assert main(["layer", "Sb2O3"]) == 0
    out = capsys.readouterr().out
    for group in ("LOADING", "COMPACTION", "HEAT", "IGNITION", "MECHANICS", "TRANSPORT", "STRIPPING", "CELL"):
        assert group in out
    assert "assumed: packing fraction 0.6" in out
    assert "(no measured ionic conductivity of Li3Sb, Li2O)" in " ".join(out.split())
    assert "inf" not in out.replace("information", "")
    for line in out.splitlines():
        assert "unknown  " in line or "unknown " not in line or line.startswith("unknown: "), line  # no unit behind it


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["SrO"], "!! WHETHER SrO REACTS WITH Li IS UNCERTAIN (driving force"),
        (["CaO"], "!! CaO DOES NOT REACT WITH Li (driving force"),
        (["Sb2O3", "--loading", "0"], "!! THERE IS NO LAYER"),
        (["Sb2O3", "--loading", "5"], "!! THE FOIL IS USED UP"),
    ],
)
def test_what_changes_everything_is_said_first(capsys, arguments, words):
    assert main(["layer", *arguments]) == 0
    assert capsys.readouterr().out.startswith(words)


def test_a_reaction_that_runs_has_nothing_to_shout(capsys):
    assert main(["layer", "Sb2O3"]) == 0
    out = capsys.readouterr().out
    assert "!!" not in out
    assert "5.65 +- 0.11 J/cm2" in out  # digits follow sigma
    assert "alloys connected                                                   yes" in out
    for source in ("Brauer & Zintl 1937 / Weppner & Huggins 1977", "10.1016/0022-4596(77)90006-8"):  # whole, not cut
        assert source in " ".join(out.split())


def test_an_empty_foil_has_no_layer_properties(capsys):
    found = run_json(capsys, "layer", "Sb2O3", "--loading", "0")
    for name in ("porosity", "layer_shear_modulus_lower_gpa", "alloy_volume_fraction", "strip_potential_v"):
        assert found[name] is None
    assert found["layer_thickness_um"] == 0.0
    assert found["lithium_left_um"] == pytest.approx(20.0)


def test_target_thickness_is_met(capsys):
    found = run_json(capsys, "layer", "Sb2O3", "--target-thickness", "5")
    assert found["layer_thickness_um"] == pytest.approx(5.0)
    assert found["target"]["feasible"] is True


def test_infeasible_target_says_what_binds(capsys):
    found = run_json(capsys, "layer", "Sb2O3", "--target-thickness", "50", "--lithium", "20")
    assert found["target"]["feasible"] is False
    assert found["target"]["binding"] == "lithium in the foil"
    assert found["lithium_left_um"] == pytest.approx(0.0, abs=1e-9)


def test_exhausted_foil_says_what_remains(capsys):
    assert main(["layer", "Sb2O3", "--loading", "5", "--lithium", "15.5"]) == 0
    out = capsys.readouterr().out
    assert "Li exhausted" in out
    assert "mg/cm2 of Sb2O3 left" in out


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_stack_figure_is_written(capsys, tmp_path, ending):
    file = tmp_path / f"stack.{ending}"
    assert main(["layer", "SnO2", "--plot", str(file), "--quiet"]) == 0
    assert file.stat().st_size > 5_000
    if ending == "svg":
        assert "SnO₂" in file.read_text(encoding="utf-8") or "<path" in file.read_text(encoding="utf-8")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--loading", "-1"], "oxide loading -1 mg/cm2: expected a number from 0"),
        (["--packing", "1.5"], "packing_fraction 1.5"),
        (["--packing", "0"], "packing_fraction 0"),
        (["--lithium", "-3"], "lithium thickness -3 um"),
        (["--lithium", "nan"], "lithium thickness nan um"),
        (["--efficiency", "2"], "coulombic_efficiency 2"),
        (["--loading", "1", "--target-thickness", "5"], "exclude each other"),
        (["--target-thickness", "0"], "target layer thickness 0"),
        (["--plot", "a.gif"], "ending must be"),
        (["--phase", "nope"], "no phase 'nope'"),
    ],
)
def test_absurd_inputs_get_one_line(capsys, arguments, words):
    assert main(["layer", "Sb2O3", *arguments]) == 2
    out = capsys.readouterr()
    assert out.out == ""
    assert words in out.err
    assert out.err.count("\n") == 1


def test_an_oxide_that_does_not_react_has_no_loading_for_a_layer(capsys):
    assert main(["layer", "CaO", "--target-thickness", "5"]) == 2
    assert "CaO does not react with Li" in capsys.readouterr().err


def test_paper_prints_every_theme_and_its_reasons(capsys):
    assert main(["paper"]) == 0
    out = capsys.readouterr().out
    assert "G(Li2O)" in out
    assert "INCONSISTENT" in out
    assert out.count("[") >= 80  # every row says where it stands in the paper


def test_paper_json_has_the_contract(capsys):
    found = run_json(capsys, "paper")
    assert len(found["rows"]) == 93
    assert {"quantity", "paper_value", "unit", "values", "verdict"} <= set(found["rows"][0])


def test_paper_exports_like_any_other_table(capsys, tmp_path):
    assert main(["paper", "--out", str(tmp_path), "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    tables = {"paper.csv", "paper.md", "paper.tex", "paper.xlsx"}
    assert {p.name for p in tmp_path.iterdir()} == tables | {"methods.md", "references.bib"}
