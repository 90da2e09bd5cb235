import shutil
import subprocess

import numpy as np
import openpyxl
import pandas as pd
import pytest

from licoat.structures import PhaseTable, load_phases
from licoat.structures.publishing import publish_files
from licoat.workflows import screen
from licoat.workflows.output.exports import escape_latex, frame_latex, frame_markdown, save_frame
from licoat.workflows.output.tables import design_frame
from licoat.workflows.screening.quantities import DESIGN

FRAME = pd.DataFrame(
    {
        "formula": ["Sb2O3", "MnO2"],
        "equation": ["Sb2O3 + 12 Li -> 2 Li3Sb + 3 Li2O", "MnO2 + 4 Li -> Mn + 2 Li2O"],
        "heat_j_per_cm2": [2.654, np.nan],
        "note": ["50 % & more_of_it", None],
    }
)


@pytest.fixture(scope="module")
def result():
    return screen(load_phases("builtin"), ["Sb2O3", "SnO2", "CaO", "CuO"])


def test_missing_values_are_empty_in_markdown():
    lines = frame_markdown(FRAME, "Caption.").splitlines()
    assert lines[0] == "| formula | equation | heat_j_per_cm2 | note |"
    assert lines[3] == "| MnO2 | MnO2 + 4 Li -> Mn + 2 Li2O |  |  |"
    assert "nan" not in "\n".join(lines).lower()
    assert lines[-1] == "Caption."


def test_latex_typesets_formulas_units_and_escapes():
    text = frame_latex(FRAME, "Caption")
    assert r"2 Li$_{3}$Sb + 3 Li$_{2}$O" in text
    assert r"50 \% \& more\_of\_it" in text
    assert "heat released (J/cm2)" in text
    assert text.count(r"\\") >= len(FRAME)


@pytest.mark.parametrize("text", ["a_b", "50%", "{x}", "\\", "~", "^", "$", "#", "&"])
def test_escaped_text_holds_no_bare_command(text):
    escaped = escape_latex(text)
    assert escaped != text
    assert escaped.startswith(("\\", "a\\", "50\\"))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_of_the_design_table_compiles(result, tmp_path):
    save_frame(design_frame(result), tmp_path, "design", "Escapes: 50 % of a_b & {c} #1 ~ ^ \\")
    document = r"""\documentclass{article}
\usepackage[landscape,margin=1cm]{geometry}
\usepackage{array,booktabs,longtable,graphicx}
\begin{document}
\input{design.tex}
\end{document}
"""
    (tmp_path / "doc.tex").write_text(document, encoding="utf-8")
    run = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "doc.tex"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stdout[-2000:]
    assert b"Overfull" not in run.stdout


def test_all_four_files_hold_the_same_rows(tmp_path):
    written = save_frame(FRAME, tmp_path, "t", "Caption")
    assert sorted(path.name for path in written) == ["t.csv", "t.md", "t.tex", "t.xlsx"]
    back = pd.read_csv(tmp_path / "t.csv")
    assert back.formula.tolist() == FRAME.formula.tolist()
    assert back.heat_j_per_cm2[0] == pytest.approx(2.654)
    sheet = openpyxl.load_workbook(tmp_path / "t.xlsx")["t"]
    assert sheet.max_row == 1 + len(FRAME)


def test_a_writer_that_fails_leaves_no_half_file(tmp_path):
    def fail(path):
        path.write_text("half")
        raise OSError("disk full")

    (tmp_path / "a.txt").write_text("before")
    with pytest.raises(OSError, match="disk full"):
        publish_files(tmp_path, {"a.txt": fail})
    assert (tmp_path / "a.txt").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


class TestDesignTable:
    def test_columns_are_there_for_every_oxide(self, result):
        frame = design_frame(result)
        assert set(DESIGN) <= set(frame.columns)
        assert sorted(frame.formula) == ["CaO", "CuO", "Sb2O3", "SnO2"]

    def test_numbers_of_one_um_by_hand(self, result):
        row = design_frame(result).set_index("formula").loc["Sb2O3"]
        oxide, lithium = 11.152**3 / 16, 3.51**3 / 2  # senarmontite and bcc lithium, from their lattice parameters
        assert row.lithium_um_per_um_oxide == pytest.approx(12 * lithium / oxide, rel=5e-3)
        # 1 um of oxide: 1e-4 cm over the molar volume, 12 electrons each, 3.6 C per mAh
        moles = 1e-4 / (oxide * 0.602214076)
        assert row.lithium_mah_per_cm2_per_um_oxide == pytest.approx(12 * 96485.33212 * moles / 3.6, rel=5e-3)
        candidate = next(c for c in result.candidates if c.path.oxide == "Sb2O3")
        assert row.heat_j_per_cm2_per_um_oxide == pytest.approx(
            -candidate.path.final.energy_ev_per_fu * 96485.33212 * moles, rel=5e-3
        )
        assert row.volume_ratio_oxide == pytest.approx(candidate.path.final.volume_ratio_oxide)
        assert row.shear_modulus_lower_gpa <= row.shear_modulus_upper_gpa

    def test_heat_per_oxide_and_per_product_differ_by_the_volume_ratio(self, result):
        for candidate in result.candidates:
            m = {name: measure.value for name, measure in candidate.measures.items()}
            per_oxide = m["heat_j_per_cm2_per_um_product"] * m["volume_ratio_oxide"]
            assert m["heat_j_per_cm2_per_um_oxide"] == pytest.approx(per_oxide)

    def test_inert_oxide_eats_and_gives_nothing(self, result):
        row = design_frame(result).set_index("formula").loc["CaO"]
        assert row.lithium_um_per_um_oxide == 0.0
        assert row.heat_j_per_cm2_per_um_oxide == 0.0
        assert row.volume_ratio_oxide == 1.0

    def test_unknown_moduli_are_empty_not_zero(self):
        phases = load_phases("builtin")
        unknown = np.full(len(phases), np.nan)
        columns = phases.columns() | {"shear_modulus_gpa": unknown, "bulk_modulus_gpa": unknown}
        result = screen(PhaseTable(columns, phases.manifest), ["CuO"])
        assert np.isnan(design_frame(result).set_index("formula").loc["CuO"].shear_modulus_lower_gpa)
