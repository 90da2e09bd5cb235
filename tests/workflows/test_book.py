"""The book of quantities: every number that a user meets stands in it once, with unit and definition."""

import dataclasses
import json
from pathlib import Path

import pytest

from licoat.structures import MissingDataError, load_phases
from licoat.structures.chemistry.book import BOOK, Book, Kind, Quantity
from licoat.thermo import lithiate, react
from licoat.thermo.measurement import MeasuredSide
from licoat.workflows import design_layer, load_criteria, screen
from licoat.workflows.output import book, tables
from licoat.workflows.screening import quantities
from licoat.workflows.screening.comparison import compare
from licoat.workflows.screening.criteria import Measure

ROOT = Path(__file__).parents[2]
NESTED = {"stages", "final", "staged", "full_conversion", "alternatives"}
"""Parts of a path that hold reactions or plateaus of their own."""
UNITS = {
    "_mah_per_cm2_per_um_oxide": "mAh/cm2", "_j_per_cm2_per_um_oxide": "J/cm2", "_j_per_cm2_per_um_product": "J/cm2",
    "_um_per_um_oxide": "um", "_um_per_um_product": "um", "_ev_per_fu": "eV", "_ev_per_atom": "eV",
    "_ev_per_anode_atom": "eV", "_kj_per_mol": "kJ", "_mj_per_kg_oxide": "MJ", "_mj_per_kg_reactants": "MJ",
    "_gj_per_m3_oxide": "GJ", "_mg_per_cm2": "mg", "_mah_per_cm2": "mAh", "_j_per_cm2": "J", "_ma_per_cm2": "mA",
    "_ohm_cm2": "ohm cm2", "_ohm_cm": "ohm cm", "_w_per_m_k": "W/mK", "_s_per_cm": "S/cm",
    "_wh_per_kg": "Wh", "_wh_per_l": "Wh", "_usd_per_kg_oxide": "USD",
    "_gpa": "GPa", "_mpa": "MPa", "_mv": "mV", "_um": "um", "_ev": "eV", "_k": "K", "_v": "V",
}  # fmt: skip


@pytest.fixture(scope="module")
def result(builtin):
    return screen(builtin, ["Sb2O3", "SnO2", "CaO"])


def columns(builtin, result, tmp_path):
    """Names of every column and key of every output."""
    candidate = result.candidates[0]
    path = lithiate("Sb2O3", builtin)
    layer = design_layer("Sb2O3", builtin)
    result.save(tmp_path)
    design = (tmp_path / "design.csv").read_text().splitlines()[0].split(",")
    return [
        *result.table.columns,
        *design,
        *candidate.to_dict(),
        *react("Sb2O3 + Li -> Li3Sb + Li2O", builtin).to_dict(),
        *path.stages[0].to_dict(),
        *(
            name
            for name in path.to_dict()
            if name not in {"stages", "final", "staged", "full_conversion", "alternatives"}
        ),
        *(f.name for f in dataclasses.fields(MeasuredSide)),
        *layer.to_frame()["quantity"],
        *layer.to_dict()["options"],
        *(name for name in layer.to_dict()["phases"][0] if name != "sources"),
        *candidate.path.final.species[0].to_dict(),
        *result.ledger.columns,
        *compare("Sb2O3", {"builtin": builtin}, load_phases("measured")).rows,
    ]


def test_every_column_of_every_output_stands_in_the_book(builtin, result, tmp_path):
    for name in columns(builtin, result, tmp_path):
        quantity = book.find(name)
        assert quantity.definition
        ending = next((ending for ending in UNITS if name.endswith(ending)), None)
        if ending is not None and name == quantity.name:  # the unit that the name promises
            assert quantity.unit.removeprefix("log10 ") == UNITS[ending], name
            assert ("log10" in name) is quantity.unit.startswith("log10 "), name


def test_an_earlier_name_leads_to_the_quantity_and_a_wrong_one_to_a_hint():
    assert BOOK["conducting_volume_fraction"] is BOOK["alloy_volume_fraction"]
    assert BOOK["product_um_per_um_oxide"].name == "volume_ratio_oxide"
    with pytest.raises(MissingDataError, match="did you mean"):
        BOOK["volume_ratio_oxid"]


def test_one_name_stands_for_one_quantity():
    small = Book()
    small.add(Quantity("a_v", "a", "first", Kind.VOLTAGE, "x", aliases=("b_v",)))
    with pytest.raises(ValueError, match="stands in the book already"):
        small.add(Quantity("b_v", "b", "second", Kind.VOLTAGE, "x"))
    with pytest.raises(ValueError, match="lacks a label or a definition"):
        small.add(Quantity("c_v", "c", "", Kind.VOLTAGE, "x"))


def test_heads_hold_unit_and_basis_and_no_markup_of_others():
    energy = BOOK["energy_ev_per_fu"]
    assert energy.text == "reaction energy (eV per formula unit of oxide)"
    assert energy.latex == r"$\Delta E$ (eV per formula unit of oxide)"
    assert BOOK["heat_gj_per_m3_oxide"].html.endswith("(GJ per m<sup>3</sup> of oxide)")
    assert Quantity("x", "<b>", "d", Kind.SHARE, "o").html == "&lt;b&gt;"


@pytest.mark.parametrize("quantity", ["above_hull_ev_per_atom", "tnt_ratio_reactants", "measured_energy_ev_per_fu"])
def test_a_criterion_may_name_any_number(builtin, result, tmp_path, quantity):
    row = result.table.iloc[0]
    text = (
        f'[[criterion]]\nname = "c"\nquantity = "{quantity}"\ncomparison = "<"\nthreshold = {row[quantity] + 100.0}\n'
    )
    (tmp_path / "c.toml").write_text(text)
    criteria = load_criteria(tmp_path / "c.toml")
    verdict = screen(builtin, [row["formula"]], criteria=criteria).candidates[0].verdicts["c"]
    assert verdict.state == "pass"
    assert verdict.value == pytest.approx(row[quantity], abs=1e-12)


def test_a_criterion_may_use_an_earlier_name(builtin, tmp_path):
    for name in ("conducting_volume_fraction", "alloy_volume_fraction"):
        text = f'[[criterion]]\nname = "{name}"\nquantity = "{name}"\ncomparison = ">="\nthreshold = 0.1\n'
        (tmp_path / f"{name}.toml").write_text(text)
    old, new = (
        screen(builtin, ["Sb2O3"], criteria=load_criteria(tmp_path / f"{name}.toml")).candidates[0].verdicts[name].value
        for name in ("conducting_volume_fraction", "alloy_volume_fraction")
    )
    assert old == new


def test_a_quantity_that_is_registered_reaches_every_output(builtin, tmp_path, monkeypatch):
    import pandas as pd

    monkeypatch.setattr(quantities, "QUANTITIES", dict(quantities.QUANTITIES))
    design = [*quantities.DESIGN]
    monkeypatch.setattr(quantities, "DESIGN", design)
    monkeypatch.setattr(tables, "DESIGN", design)
    for name in ("_quantities", "_names"):
        monkeypatch.setattr(BOOK, name, dict(getattr(BOOK, name)))
    new = Quantity("letters_in_name", "letters", "Letters of the oxide's formula.", Kind.COUNT, "oxide")
    quantities.register(new, lambda path: Measure(float(sum(c.isalpha() for c in path.oxide)), source="counted"))
    text = '[[criterion]]\nname = "short"\nquantity = "letters_in_name"\ncomparison = "<"\nthreshold = 3.5\n'
    (tmp_path / "c.toml").write_text(text)
    result = screen(builtin, ["Sb2O3"], criteria=load_criteria(tmp_path / "c.toml"))
    result.save(tmp_path / "out")
    assert pd.read_csv(tmp_path / "out/table.csv")["letters_in_name"].tolist() == [3.0]
    assert pd.read_parquet(tmp_path / "out/table.parquet")["letters_in_name"].tolist() == [3.0]
    assert pd.read_excel(tmp_path / "out/table.xlsx", sheet_name="table")["letters_in_name"].tolist() == [3.0]
    explained = pd.read_excel(tmp_path / "out/table.xlsx", sheet_name="columns").set_index("column")
    assert explained.loc["letters_in_name", "definition"] == new.definition
    ledger = pd.read_csv(tmp_path / "out/ledger.csv")
    assert (ledger["value"].tolist(), ledger["source"].tolist()) == ([3.0], ["counted"])
    assert json.loads(json.dumps(result.to_dict()))["oxides"][0]["letters_in_name"] == 3.0
    assert "letters" in (tmp_path / "out/design.tex").read_text()
    assert "letters_in_name" in (tmp_path / "out/design.md").read_text()


def test_the_tables_of_the_documentation_are_todays():
    page = (ROOT / "docs/physics.md").read_text(encoding="utf-8")
    assert book.documented(page) == page, "run make book"
    assert all(f"`{quantity.name}`" in page for chapter in book.CHAPTERS.values() for quantity in chapter)


def test_the_schema_describes_what_json_holds(result):
    found = result.to_dict()["oxides"][0]
    schema = book.json_schema(found)
    assert set(schema["properties"]) == set(found)
    types = {
        str: "string",
        dict: "object",
        list: "array",
        float: "number",
        int: "number",
        bool: "boolean",
        type(None): "null",
    }
    for name, value in found.items():
        kind = schema["properties"][name]["type"]
        assert types[type(value)] in kind, name
