"""Saved tables: read again, they hold the numbers of the result."""

import json
import math
import re
import shutil
import subprocess

import openpyxl
import pandas as pd
import pytest

from licoat.structures import formula_unit, load_phases
from licoat.structures.chemistry.formula import parse_formula
from licoat.thermo.balance import parse_equation
from licoat.workflows import screen
from licoat.workflows.output.tables import to_latex, to_markdown

FILES = {"table.csv", "table.parquet", "table.md", "table.tex", "table.xlsx", "ledger.csv", "manifest.json"}
FILES |= {"references.bib", "methods.md", "report.html"}
FILES |= {f"design.{ending}" for ending in ("csv", "md", "tex", "xlsx")}
EIGHT_DIGITS = 1e-7  # CSV is written with eight significant digits
DOCUMENT = r"""\documentclass[a4paper,landscape]{article}
\usepackage[margin=1cm]{geometry}
\usepackage{array,booktabs,graphicx,longtable}
\begin{document}
\input{table.tex}
\end{document}
"""


def same(read, table, rtol):
    """Compare what came back from a file with the table, column by column."""
    assert list(read.columns) == list(table.columns)
    for name in table.columns:
        back, own = read[name], table[name]
        assert back.isna().tolist() == (own.isna() | (own == "")).tolist(), name
        if own.dtype.kind == "f":
            assert back.dropna().tolist() == pytest.approx(own.dropna().tolist(), rel=rtol, abs=1e-300), name
        else:
            known = own.notna() & (own != "")
            assert back[known].astype(str).tolist() == own[known].astype(str).tolist(), name


def test_all_files_and_nothing_else_are_written(saved):
    assert {path.name for path in saved.iterdir()} == FILES


def test_csv_holds_the_table(saved, default_screen):
    same(pd.read_csv(saved / "table.csv"), default_screen.table, EIGHT_DIGITS)


def test_parquet_holds_the_table_exactly(saved, default_screen):
    pd.testing.assert_frame_equal(pd.read_parquet(saved / "table.parquet"), default_screen.table, check_exact=True)


def test_ledger_csv_holds_the_ledger(saved, default_screen):
    ledger = pd.read_csv(saved / "ledger.csv")
    assert len(ledger) == len(default_screen.ledger)
    assert ledger["state"].tolist() == default_screen.ledger["state"].tolist()
    own = default_screen.ledger["value"].astype(float)
    assert ledger["value"].isna().tolist() == own.isna().tolist()
    assert ledger["value"].dropna().tolist() == pytest.approx(own.dropna().tolist(), rel=EIGHT_DIGITS, abs=1e-300)


def test_numbers_are_numbers_whatever_is_missing():
    """A table of inert oxides has no voltage at all; the column is still one of numbers."""
    table = screen(load_phases("builtin"), ["CaO"]).table
    assert table["average_voltage_v"].dtype.kind == "f"
    assert table["energy_ev_per_anode_atom"].dtype.kind == "f"
    assert table["measured_energy_ev_per_fu"].dtype.kind == "f"


def test_units_are_in_the_names(default_screen):
    required = """energy_ev_per_fu energy_ev_per_atom energy_ev_per_anode_atom energy_kj_per_mol heat_mj_per_kg_oxide
    heat_mj_per_kg_reactants heat_gj_per_m3_oxide tnt_ratio_oxide tnt_ratio_reactants anode_atoms_per_fu
    average_voltage_v volume_ratio_oxide volume_ratio_reactants energy_sigma_ev_per_fu equation scheme source"""
    assert set(required.split()) <= set(default_screen.table.columns)  # DESIGN 9: table columns alike


def test_excel_holds_table_and_ledger(saved, default_screen):
    book = openpyxl.load_workbook(saved / "table.xlsx", read_only=True)
    assert {"paper", "table", "ledger", "funnel", "criteria"} <= set(book.sheetnames)
    book.close()
    read = pd.read_excel(saved / "table.xlsx", sheet_name="table")
    same(read.astype({"pareto": "boolean"}), default_screen.table, 1e-14)
    funnel = pd.read_excel(saved / "table.xlsx", sheet_name="funnel")
    assert funnel["remaining"].tolist() == [step.remaining for step in default_screen.funnel]
    ledger = pd.read_excel(saved / "table.xlsx", sheet_name="ledger")
    assert ledger["formula"].tolist() == default_screen.ledger["formula"].tolist()


def test_excel_has_no_cell_that_excel_would_compute(saved):
    book = openpyxl.load_workbook(saved / "table.xlsx", read_only=True)
    formulas = [
        (sheet.title, cell.coordinate)
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]
    book.close()
    assert formulas == []


def test_excel_verdicts_are_text(saved, default_screen):
    """``++++`` and ``-`` look like formulas to a spreadsheet."""
    paper = pd.read_excel(saved / "table.xlsx", sheet_name="paper", dtype=str)
    marks = paper["criteria"].tolist()
    assert all(len(m) == len(default_screen.criteria) and set(m) <= set("+-~?") for m in marks)


def test_manifest_is_strict_json_and_says_what_was_done(saved, default_screen):
    text = (saved / "manifest.json").read_text(encoding="utf-8")
    manifest = json.loads(text, parse_constant=lambda c: pytest.fail(f"{c} is not JSON"))
    assert manifest["anode"] == "Li"
    assert manifest["source"]["sha256"] == load_phases("builtin").manifest.sha256
    assert [c["name"] for c in manifest["criteria"]] == [c.name for c in default_screen.criteria]
    assert manifest["not_screened"] == default_screen.not_screened
    assert manifest["n_oxides"] == len(default_screen.candidates)


def markdown_rows(text):
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_markdown_has_one_full_row_per_oxide_and_no_nan(saved, default_screen):
    text = (saved / "table.md").read_text(encoding="utf-8")
    assert not re.search(r"\b(nan|none|null|<na>|inf)\b", text, re.IGNORECASE)
    head, rule, *rows = markdown_rows(text)
    assert all(len(row) == len(head) == len(rule) for row in rows)
    assert [formula_unit(row[1]) for row in rows] == default_screen.table["formula"].tolist()
    assert "Sb2O4" in {row[1] for row in rows}
    energies = [float(row[head.index("dE (eV/fu)")]) for row in rows]
    written = [
        sum(parse_formula(row[1]).values()) / sum(parse_formula(formula_unit(row[1])).values()) for row in rows
    ]  # formula units in what is written: Sb2O4 is two of SbO2
    expected = [n * e for n, e in zip(written, default_screen.table["energy_ev_per_fu"], strict=True)]
    assert energies == pytest.approx(expected, abs=0.00501)  # two digits
    equations = [row[2] for row in rows]
    for shown, equation in zip(equations, default_screen.table["equation"], strict=True):
        assert shown == equation or parse_equation(shown).keys() == parse_equation(equation).keys()


def test_markdown_marks_agree_with_the_states(saved, default_screen):
    _, _, *rows = markdown_rows((saved / "table.md").read_text(encoding="utf-8"))
    meaning = {"+": "pass", "-": "fail", "~": "uncertain", "?": "unknown"}
    states = default_screen.table.filter(like="criterion_").to_numpy().tolist()
    assert [[meaning[mark] for mark in row[-2]] for row in rows] == states


def latex_rows(text):
    body = text.split(r"\endlastfoot")[1].split(r"\end{longtable}")[0]
    rows = [row for row in body.split(r"\\") if row.strip()]
    return [[cell.strip() for cell in re.split(r"(?<!\\)&", row)] for row in rows]


def test_latex_has_the_cells_of_the_markdown(default_screen):
    """Every character that people read stands in both; only the markup differs."""

    def plain(cell):
        cell = (
            cell.replace("--", "-")
            .replace(r"$\rightarrow$", "->")
            .replace(r"\textasciitilde{}", "~")
            .replace("{-}", "-")
        )
        return re.sub(r"\\texttt\{([^}]*)\}|_\{([0-9]+)\}|\$", lambda m: m[1] or m[2] or "", cell)

    _, _, *expected = markdown_rows(to_markdown(default_screen))
    found = [[plain(cell) for cell in row] for row in latex_rows(to_latex(default_screen))]
    assert len(found) == len(expected)
    for got, want in zip(found, expected, strict=True):
        assert got == want


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
@pytest.mark.parametrize("columns", ["paper", "layer", "full"])
@pytest.mark.parametrize("oxides", [None, ["Sb2O3", "MgO", "CaO", "ZnO"]])
def test_latex_compiles_and_fits_the_page(builtin, default_screen, tmp_path, oxides, columns):
    result = default_screen if oxides is None else screen(builtin, oxides)
    (tmp_path / "table.tex").write_text(to_latex(result, columns), encoding="utf-8")
    (tmp_path / "document.tex").write_text(DOCUMENT, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "document.tex"]
    for _ in range(3):  # longtable settles its column widths in a second and third run
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    log = (tmp_path / "document.log").read_text(encoding="utf-8", errors="replace")
    assert not re.findall(r"^! .*", log, re.MULTILINE)
    # a box too wide by less than 1 pt cannot be seen
    assert [w for w in re.findall(r"Overfull \\hbox \(([0-9.]+)pt", log) if float(w) > 1] == []
    assert "Missing character" not in log
    assert (tmp_path / "document.pdf").stat().st_size > 1000


def test_saving_twice_replaces_and_leaves_no_other_files(builtin, tmp_path):
    screen(builtin, ["CaO"]).save(tmp_path / "a" / "b")
    written = screen(builtin, ["Sb2O3", "CaO"]).save(tmp_path / "a" / "b")
    assert {path.name for path in written} == {path.name for path in (tmp_path / "a" / "b").iterdir()} == FILES
    assert len(pd.read_csv(tmp_path / "a" / "b" / "table.csv")) == 2


def test_saving_below_a_file_or_onto_a_folder_is_an_error_of_the_outside_world(builtin, tmp_path):
    result = screen(builtin, ["CaO"])
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="Not a directory"):
        result.save(tmp_path / "file" / "out")
    (tmp_path / "out" / "table.xlsx").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        result.save(tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} <= FILES  # no half-written file stays


def test_source_without_facts_is_written_too(tmp_path):
    """Nothing measured, no volumes, no gaps: empty cells everywhere and no NaN in text."""
    path = tmp_path / "t.csv"
    path.write_text(
        "formula,formation_energy_ev_per_atom\nYbO,-1.0\nLi2O,-2.0\nLiYb,-0.1\nYbO2,-1.0\n", encoding="utf-8"
    )
    result = screen(load_phases(path))
    result.save(tmp_path / "out")
    same(pd.read_csv(tmp_path / "out" / "table.csv"), result.table, EIGHT_DIGITS)
    read = pd.read_excel(tmp_path / "out" / "table.xlsx", sheet_name="table")
    same(read.astype({"pareto": "boolean"}), result.table, 1e-14)
    assert "nan" not in (tmp_path / "out" / "table.md").read_text(encoding="utf-8").lower()
    # YbO + 3 Li -> LiYb + Li2O: (-0.1 x 2 - 2 x 3) - (-1 x 2)
    energy = result.table.set_index("formula")["energy_ev_per_fu"]
    assert energy["YbO"] == pytest.approx(-4.2)
    assert math.isnan(result.table.set_index("formula")["volume_ratio_oxide"]["YbO"])
