"""Figures: what they draw is what was computed, nothing is cut off, and what does not react says so."""

import itertools

import matplotlib as mpl
import numpy as np
import pytest

from licoat.structures import load_phases
from licoat.structures.chemistry.formula import parse_formula
from licoat.structures.chemistry.names import display_equation, display_factor, display_formula
from licoat.structures.errors import InputFileError
from licoat.thermo import lithiate, react
from licoat.thermo.balance import parse_equation
from licoat.workflows import design_layer, screen
from licoat.workflows.output.figures.files import path_figures, save_path_figure, screen_figures
from licoat.workflows.output.figures.stack import mixture, plot_stacks
from licoat.workflows.output.figures.style import formula_text
from licoat.workflows.output.figures.ternary import tie_lines
from licoat.workflows.output.figures.voltage import plot_paths
from licoat.workflows.screening.comparison import compare
from licoat.workflows.screening.validation import validate

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _closed():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


def texts(ax):
    found = [ax.title, ax._left_title, ax.xaxis.label, ax.yaxis.label, *ax.texts]
    for axis in (ax.xaxis, ax.yaxis) if ax.axison else ():
        low, high = sorted(axis.get_view_interval())
        found += [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
        found += [tick.label2 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    if ax.get_legend():
        found += ax.get_legend().get_texts()
    return [t for t in found if t.get_visible() and t.get_text().strip()]


def assert_nothing_is_cut(ax):
    """Every text lies inside its figure, to a pixel."""
    figure = ax.figure
    figure.canvas.draw()
    whole = figure.bbox
    for text in texts(ax):
        box = text.get_window_extent()
        assert box.x0 >= whole.x0 - 1, text.get_text()
        assert box.x1 <= whole.x1 + 1, text.get_text()
        assert box.y0 >= whole.y0 - 1, text.get_text()
        assert box.y1 <= whole.y1 + 1, text.get_text()


def plots(builtin, default_screen):
    path = lithiate("Sb2O3", builtin)
    yield from (default_screen.plot(kind=kind) for kind in ("design", "ledger", "funnel", "periodic"))
    yield path.plot()
    yield path.plot(kind="ternary")
    yield plot_paths([path, lithiate("SnO2", builtin), lithiate("CaO", builtin)])
    yield react("Sb2O3 + Li -> Li3Sb + Li2O", builtin).plot()
    yield design_layer("Bi2O3", builtin).plot()
    yield compare("Sb2O3", {"builtin": builtin}, load_phases("measured")).plot()
    yield validate({"mp2020": builtin}, load_phases("measured")).plot()


def test_no_text_of_any_figure_is_cut(builtin, default_screen):
    for ax in plots(builtin, default_screen):
        assert_nothing_is_cut(ax)


def test_axes_name_their_units(builtin, default_screen):
    for ax in plots(builtin, default_screen):
        for axis in (ax.xaxis, ax.yaxis):
            if ax.axison and axis.label.get_text() and axis.label.get_text() != "Oxide and rank":
                assert "(" in axis.label.get_text()


class TestNames:
    @pytest.mark.parametrize(
        ("unit", "name"), [("SbO2", "Sb2O4"), ("LiC", "Li2C2"), ("Hg2O", "Hg2O"), ("SnO2", "SnO2")]
    )
    def test_names_hold_whole_formula_units(self, unit, name):
        assert display_formula(unit) == name
        atoms = parse_formula(unit)
        assert parse_formula(name) == {symbol: n * display_factor(unit) for symbol, n in atoms.items()}

    def test_every_equation_of_a_screen_stays_balanced_and_whole(self, default_screen):
        for candidate in default_screen.candidates:
            equation = display_equation(candidate.path.final.equation)
            if "no reaction" not in equation:
                parse_equation(equation)  # refuses what is not balanced as written

    def test_what_is_no_formula_stays(self):
        assert display_formula("<b>") == "<b>"
        assert display_equation("CaO + Li -> no reaction") == "CaO + Li -> no reaction"

    def test_subscripts_are_typeset(self):
        assert formula_text("SbO2") == "Sb$_{2}$O$_{4}$"


class TestDesign:
    def test_every_reacting_oxide_is_a_point_with_its_numbers(self, default_screen):
        ax = default_screen.plot()
        drawn = {
            tuple(np.round(xy, 9))
            for points in ax.collections
            if str(points.get_gid()).startswith("points-")
            for xy in np.asarray(points.get_offsets())
        }
        finals = [c.path.final for c in default_screen.candidates if c.path.stages]
        assert drawn == {(round(f.volume_ratio_oxide, 9), round(f.heat_mj_per_kg_oxide, 9)) for f in finals}

    def test_a_screen_of_inert_oxides_says_so(self, builtin):
        ax = screen(builtin, ["CaO", "Y2O3"]).plot()
        assert "No oxide of this screen reacts" in ax.texts[0].get_text()
        assert_nothing_is_cut(ax)


@pytest.mark.parametrize("oxide", ["CaO", "BeO", "Y2O3"])
@pytest.mark.parametrize("kind", ["voltage", "ternary"])
def test_inert_and_uncertain_oxides_say_so(builtin, oxide, kind):
    ax = lithiate(oxide, builtin).plot(kind=kind)
    said = " ".join(text.get_text() for text in texts(ax))
    assert "does not react" in said
    assert ("uncertain" in said) == (lithiate(oxide, builtin).verdict == "uncertain")
    assert_nothing_is_cut(ax)


def test_staircase_counts_atoms_per_name_of_the_field(builtin):
    path = lithiate("SbO2", builtin)
    x, _ = path.plot().lines[0].get_data()
    assert x[-1] == pytest.approx(2 * path.final.anode_atoms_per_fu)  # per Sb2O4


@pytest.mark.parametrize("oxide", ["Sb2O3", "SnO2", "ZnO", "V2O5", "CaO"])
def test_tie_lines_agree_with_the_path(builtin, oxide):
    """What a plateau ends in coexists, so all its pairs are tie lines; no tie line crosses another."""
    path = lithiate(oxide, builtin)
    metal = next(s for s in parse_formula(oxide) if s != "O")
    stable, pairs = tie_lines(path.phases, ("Li", metal, "O"))
    for stage in path.stages[:-1]:
        for pair in itertools.combinations(sorted(stage.products), 2):
            assert pair in pairs, stage
    assert {"Li", "Li2O"} <= set(stable)


@pytest.mark.parametrize("shares", [[0.58, 0.30, 0.12], [1.0], [0.5, 0.5], [0.98, 0.01, 0.01]])
def test_a_mixture_holds_the_shares_it_was_given(shares):
    picture = mixture(shares)
    counted = [float(np.mean(picture == k)) for k in range(len(shares))]
    assert counted == pytest.approx(shares, abs=2 / picture.size)
    assert np.array_equal(picture, mixture(shares))


def test_the_stack_is_as_thick_as_the_layer(builtin):
    layer = design_layer("Sb2O3", builtin)
    (ax,) = plot_stacks([layer]).axes
    tops = sorted(image.get_extent()[3] for image in ax.images)
    expected = [
        layer.lithium_left_um + layer.layer_thickness_um,
        layer.lithium_thickness_um + layer.powder_thickness_um,
    ]
    assert tops == pytest.approx(sorted(expected))


def test_a_layer_that_does_not_form_says_so(builtin):
    ax = design_layer("CaO", builtin).plot()
    assert "does not react" in ax.texts[0].get_text()


def test_the_same_figure_is_the_same_file(builtin, tmp_path):
    path = lithiate("Sb2O3", builtin)
    for ending in ("svg", "pdf"):
        for name in ("a", "b"):
            save_path_figure(path, tmp_path / f"{name}.{ending}")
        assert (tmp_path / f"a.{ending}").read_bytes() == (tmp_path / f"b.{ending}").read_bytes()


def test_another_ending_is_refused(builtin, tmp_path):
    with pytest.raises(InputFileError, match=r"\.svg, \.pdf or \.png"):
        save_path_figure(lithiate("Sb2O3", builtin), tmp_path / "a.gif")


def test_a_screen_writes_every_figure_twice(builtin):
    assert set(screen_figures(screen(builtin, ["Sb2O3"]))) == {
        f"figures/{name}.{ending}"
        for name in ("design", "ledger", "funnel", "periodic", "voltages")
        for ending in ("svg", "pdf")
    }
    assert len(path_figures(lithiate("Sb2O3", builtin))) == 4
