"""Names from a stranger's file are text in every output: no formula runs, no markup, no control character."""

import csv
import html.parser
import json

import openpyxl
import pandas as pd
import pytest

from licoat.structures import PhaseTable
from licoat.structures.phases.provenance import Manifest
from licoat.thermo import lithiate
from licoat.workflows import screen
from licoat.workflows.cli import main
from licoat.workflows.output.exports import save_frame
from licoat.workflows.output.neutral import csv_frame, markdown_text, plain_text

PAYLOADS = [
    "=1+1", '=HYPERLINK("http://x","y")', "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>", "[link](javascript:alert(1))", "`code`", "a|b|c", "\\input{/etc/passwd}",
    "$x$ & y_2^3 ~ # %",    "bell\x07 and \x1b[31mred", "line\nbreak", "right\u202eleft", "'quoted\"",
]  # fmt: skip


def poisoned(payload):
    formulas = ["Li", "Sb", "O2", "Li2O", "Sb2O3", "Li3Sb"]
    return PhaseTable(
        {
            "phase_id": [f"{payload} {i}" for i in range(len(formulas))],
            "formula": formulas,
            "formation_energy_ev_per_atom": [0.0, 0.0, 0.0, -2.0, -1.4, -0.7],
            "energy_source": [payload] * len(formulas),
            "band_gap_ev": [0.0, 0.0, 5.0, 8.0, 3.0, 0.7],
            "band_gap_source": [payload] * len(formulas),
            "band_gap_kind": ["measured"] * len(formulas),
        },
        Manifest(source=f"{payload} file", scheme=payload, details={"caution": payload}),
    )


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen = set()

    def handle_starttag(self, tag, _attributes):
        self.seen.add(tag)


@pytest.fixture(params=PAYLOADS)
def payload(request):
    return request.param


@pytest.fixture
def saved(payload, tmp_path):
    result = screen(poisoned(payload), ["Sb2O3"])
    result.save(tmp_path)
    return result, tmp_path


def test_csv_holds_no_formula(saved):
    _, folder = saved
    for name in ("table.csv", "ledger.csv", "design.csv"):
        with (folder / name).open(newline="", encoding="utf-8") as stream:
            for row in csv.reader(stream):
                for cell in row:
                    try:
                        float(cell)
                    except ValueError:
                        assert not cell.lstrip().startswith(("=", "+", "-", "@")), cell
                        assert cell.isprintable(), repr(cell)


def test_excel_runs_nothing(saved):
    _, folder = saved
    for name in ("table.xlsx", "design.xlsx"):
        for sheet in openpyxl.load_workbook(folder / name):
            for row in sheet.iter_rows():
                for cell in row:
                    assert cell.data_type != "f", cell.coordinate
                    assert cell.hyperlink is None


def test_markdown_has_no_tags_links_or_more_cells(saved):
    _, folder = saved
    for name in ("table.md", "design.md"):
        lines = (folder / name).read_text(encoding="utf-8").splitlines()
        assert not any("<" in line for line in lines)
        assert "](" not in "".join(lines).replace("\\](", "")
        cells = {line.count("|") for line in lines if line.startswith("|")}
        assert len(cells) == 1


def test_latex_has_no_commands_of_others(saved):
    _, folder = saved
    for name in ("table.tex", "design.tex"):
        text = (folder / name).read_text(encoding="utf-8")
        assert "\\input{" not in text
        assert text.count("{") == text.count("}")
        assert all(c.isprintable() or c == "\n" for c in text)


def test_html_of_a_notebook_has_only_its_own_tags(payload):
    table = poisoned(payload)
    path = lithiate("Sb2O3", table)
    for thing in (table, path, path.final, screen(table, ["Sb2O3"])):
        tags = Tags()
        tags.feed(thing._repr_html_())
        assert tags.seen <= {"table", "caption", "thead", "tbody", "tr", "th", "td", "sub", "sup", "p"}


def test_one_line_stays_one_line(payload):
    table = poisoned(payload)
    for thing in (table, lithiate("Sb2O3", table), lithiate("Sb2O3", table).final, table.phase(0)):
        assert "\n" not in repr(thing)


def test_json_keeps_the_names(saved, payload):
    result, folder = saved
    assert json.loads((folder / "manifest.json").read_text())["source"]["scheme"] == payload
    assert json.loads(json.dumps(result.to_dict()))["oxides"][0]["phase_id"].startswith(payload)


def test_a_file_with_such_a_name(payload, tmp_path, capsys):
    name = "".join(c for c in payload if c not in "/\\\0")[:40]
    file = tmp_path / f"{name}.csv"
    file.write_text("formula,formation_energy_ev_per_atom\nLi2O,-2\nSb2O3,-1.4\nLi3Sb,-0.7\n")
    assert main(["screen", "Sb2O3", "--source", str(file), "--out", str(tmp_path / "out")]) == 0
    capsys.readouterr()
    test_excel_runs_nothing((None, tmp_path / "out"))
    test_csv_holds_no_formula((None, tmp_path / "out"))


def test_numbers_and_ordinary_texts_stay(tmp_path):
    frame = pd.DataFrame({"x": [-1.5, 2.0], "text": ["-3.5e-7", "Sb2O3 + 12 Li -> 2 Li3Sb"], "n": ["+2", None]})
    kept = csv_frame(frame)
    pd.testing.assert_frame_equal(kept, frame)
    save_frame(frame, tmp_path, "t", "A caption.")
    assert pd.read_csv(tmp_path / "t.csv")["x"].tolist() == [-1.5, 2.0]


def test_small_rules():
    assert plain_text("a\x00b\nc") == "a b c"
    assert plain_text(3.0) == 3.0
    assert markdown_text("<b>|x|") == "&lt;b>/x/"
