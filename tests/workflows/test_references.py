"""The bibliography holds what was used and nothing else, and the methods cite nothing that is not in it."""

import re

import pytest

from licoat.structures import load_phases
from licoat.thermo import lithiate
from licoat.thermo.measurement import measured_side
from licoat.workflows import design_layer, screen
from licoat.workflows.cli import main
from licoat.workflows.output.kit import save_layer, save_path
from licoat.workflows.output.references import bibliography, cited, methods, sources_of
from licoat.workflows.screening.criteria import load_criteria


def keys(bib):
    return re.findall(r"^@\w+\{([^,]+),", bib, re.MULTILINE)


def citations(text):
    return set(re.findall(r"@([A-Za-z][\w-]*)", text))


def check(folder):
    bib, text = ((folder / name).read_text(encoding="utf-8") for name in ("references.bib", "methods.md"))
    assert len(keys(bib)) == len(set(keys(bib)))
    assert citations(text) == set(keys(bib))  # each one cited, and each citation found
    assert bib.count("{") == bib.count("}")
    return bib, text


def test_sources_are_found_at_any_depth_and_split_by_compound():
    document = {"a": [{"elastic_source": "LIT: Hull 1988 [B]"}], "source": "Li3Sb: MPEL (x) [A]; Li2O: CRC"}
    assert set(sources_of(document)) == {"LIT: Hull 1988", "MPEL (x)", "CRC"}


def test_rules_and_tables_are_no_publications():
    assert list(sources_of({"source": "builtin", "band_gap_source": "metals alone form a metal", "x_source": ""})) == []


def test_known_sources_are_cited_in_full_and_others_by_their_words():
    found = cited(["CRC", "LIT: Rauch 1940 [A] & 50 %"])
    assert keys(bibliography(found))[0] == "crc2014"
    assert r"Rauch 1940 [A] \& 50 \%" in found[1].bib


def test_r2scan_is_cited_only_where_it_is_used():
    assert "furness2020" not in keys(bibliography(cited(["scheme:sevennet-l3i5/mp2020"])))
    r2scan = load_phases("builtin", scheme="r2scan").scheme
    found = keys(bibliography(cited([f"scheme:{r2scan}"])))
    assert "furness2020" in found
    assert "wang2021" not in found  # nothing is corrected there


@pytest.mark.parametrize("scheme", ["mp2020", "none", "r2scan", "hybrid", "fitted"])
def test_methods_of_every_scheme_cite_what_the_bibliography_has(scheme):
    name = load_phases("builtin", scheme=scheme).scheme
    found = cited([f"scheme:{name}"])
    text = methods("Done.", {"builtin": name}, found)
    assert citations(text) == {reference.key for reference in found}


def test_every_product_of_a_path_has_its_sources_in_the_bibliography(builtin, tmp_path):
    path = lithiate("Sb2O3", builtin)
    save_path(path, measured_side(path, load_phases("measured")), tmp_path)
    bib, _ = check(tmp_path)
    for species in path.final.species:
        for text in (species.elastic_source, species.band_gap_source):
            assert {r.key for r in cited(sources_of({"source": text}))} <= set(keys(bib))


def test_a_screen_names_its_criteria(builtin, tmp_path):
    screen(builtin, ["Sb2O3", "CaO"]).save(tmp_path)
    bib, text = check(tmp_path)
    for criterion in load_criteria():
        assert f"{criterion.name}: {criterion.quantity} {criterion.comparison} {criterion.threshold:g}" in text
    assert "monroe2005" in keys(bib)


def test_a_layer_cites_its_bounds(builtin, tmp_path):
    save_layer(design_layer("SnO2", builtin), builtin.scheme, tmp_path)
    assert "hashin1963" in keys(check(tmp_path)[0])


@pytest.mark.parametrize(
    "command",
    ["path CaO", "compare Sb2O3", "layer Bi2O3", "paper", "validate --scheme mp2020", "screen SbO2 CaO"],
)
def test_every_command_writes_references_and_methods(command, tmp_path):
    assert main([*command.split(), "--quiet", "--out", str(tmp_path)]) == 0
    check(tmp_path)


def test_a_reaction_that_the_user_wrote_down_speaks_of_no_hull(tmp_path):
    assert main(["react", "Sb2O3 + 6 Li -> 2 Sb + 3 Li2O", "--quiet", "--out", str(tmp_path), "--figures"]) == 0
    _, text = check(tmp_path)
    assert "hull" not in text
    assert (tmp_path / "figures" / "reaction.svg").stat().st_size > 5_000


@pytest.mark.parametrize("command", ["path Sb2O3", "screen Sb2O3"])
def test_figures_without_a_folder_are_refused(command, capsys):
    assert main([*command.split(), "--figures"]) == 2
    assert capsys.readouterr().err == "licoat: --figures needs --out DIR, the folder to write them to\n"
