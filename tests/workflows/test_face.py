"""What a person meets at the prompt: names, one-line texts, HTML tables, and errors that say what would be right."""

import dataclasses
import html.parser
import importlib
import inspect
import pkgutil

import numpy as np
import pytest

import licoat
import licoat.structures
import licoat.thermo
import licoat.workflows
from licoat.structures import (
    FormulaError,
    InputTypeError,
    LicoatError,
    MissingDataError,
    Phase,
    PhaseTable,
    load_phases,
)
from licoat.structures.chemistry.formula import formula_units
from licoat.structures.crystals.calculator_spec import CalculatorSpec
from licoat.structures.crystals.crystal import Crystal, read_crystal
from licoat.structures.crystals.elasticity import (
    ElasticConstants,
    ElasticSettings,
    elastic_constants,
    equation_of_state,
)
from licoat.structures.crystals.relaxation import Relaxation, RelaxationSettings, relax
from licoat.structures.errors import did_you_mean
from licoat.structures.phases.provenance import Manifest
from licoat.structures.rendering import MOST_CHARACTERS, brief, outline
from licoat.thermo import lithiate, lithiate_many, react
from licoat.thermo.hull import titrate
from licoat.thermo.oxides import above_hull
from licoat.workflows import LayerOptions, design_layer, screen
from licoat.workflows.calculations.dataset import BuildOptions, Dataset
from licoat.workflows.calculations.relaxing import RelaxedFile
from licoat.workflows.calculations.seeds import Seed
from licoat.workflows.calculations.tasks import Task
from licoat.workflows.layer import layer_material, solve_loading
from licoat.workflows.output.html import MOST_ROWS, html_table
from licoat.workflows.paper.checks import paper_context
from licoat.workflows.paper.table import THEMES, paper_table
from licoat.workflows.screening.comparison import compare

FACES = (licoat.structures, licoat.thermo, licoat.workflows)
CRYSTAL = Crystal(((4.0, 0.0, 0.0), (0.0, 4.0, 0.0), (0.0, 0.0, 4.0)), ("Li", "O"), ((0.0, 0.0, 0.0), (0.5, 0.5, 0.5)))
SPEC = CalculatorSpec("lj", "ase.calculators.lj:LennardJones", "Lennard-Jones")
NASTY = "<script>alert('x')</script>"


@pytest.mark.parametrize("module", FACES, ids=lambda module: module.__name__)
class TestFace:
    def test_dir_is_what_is_public(self, module):
        assert dir(module) == sorted(module.__all__)
        assert all(getattr(module, name) is not None for name in dir(module))

    def test_names_say_an_importable_home(self, module):
        for name in module.__all__:
            thing = getattr(module, name)
            assert thing.__module__.startswith(f"{module.__name__}.")
            assert not any(part.startswith("_") for part in thing.__module__.split("."))
            assert getattr(importlib.import_module(thing.__module__), name) is thing

    def test_public_functions_say_what_they_raise(self, module):
        for name in module.__all__:
            if inspect.isfunction(thing := getattr(module, name)):
                assert "Raises\n" in inspect.getdoc(thing), name

    def test_help_shows_the_public_names(self, module):
        import pydoc

        text = pydoc.plain(pydoc.render_doc(module))
        assert all(name in text for name in module.__all__)


def modules():
    for package in licoat.__path__:
        for found in pkgutil.walk_packages([package], "licoat."):
            yield importlib.import_module(found.name)


def test_every_function_that_raises_and_is_public_says_so():
    import ast
    import textwrap

    for module in modules():
        for name in getattr(module, "__all__", ()):
            thing = getattr(module, name)
            if not inspect.isfunction(thing) or thing.__module__ != module.__name__:
                continue
            tree = ast.parse(textwrap.dedent(inspect.getsource(thing)))
            if any(isinstance(node, ast.Raise) for node in ast.walk(tree)):
                assert "Raises\n" in (inspect.getdoc(thing) or ""), f"{module.__name__}.{name}"


SETTINGS = {
    "RelaxationSettings",
    "ElasticSettings",
    "BuildOptions",
    "LayerOptions",
    "CalculatorSpec",
    "Limits",
    "Quantity",
    "PrefilterOptions",
    "SinglePointSettings",
    "Anode",
    "Search",
}
"""Written in full at the prompt, so that they can be copied from there."""


def test_every_dataclass_has_a_line_of_its_own():
    for module in modules():
        for name, thing in vars(module).items():
            if dataclasses.is_dataclass(thing) and inspect.isclass(thing) and thing.__module__ == module.__name__:
                assert "__repr__" in inspect.getsource(thing) or name.startswith("_") or name in SETTINGS, (
                    f"{module.__name__}.{name}"
                )


@pytest.fixture(scope="module")
def path(builtin):
    return lithiate("Sb2O3", builtin)


@pytest.fixture(scope="module")
def comparison(builtin):
    return compare("Sb2O3", {"builtin": builtin}, load_phases("measured"))


@pytest.fixture(scope="module")
def layer(builtin):
    return design_layer("Sb2O3", builtin)


@pytest.fixture(scope="module")
def long_names():
    """A table whose every text is as long, and as many-lined, as a file can make it."""
    long = "first line\n" + 300 * "x"
    columns = {"phase_id": [f"{long}{i}" for i in range(3)], "formula": ["Sb2O3", "Li", "Li2O"]}
    columns |= {"space_group": [long] * 3, "formation_energy_ev_per_atom": [-1.0, 0.0, -2.0]}
    return PhaseTable(columns, Manifest(source=long, scheme=long, version=long))


@pytest.fixture(scope="module")
def results(builtin, default_screen, path, comparison, layer, long_names):
    """One of everything that a function returns."""
    material = layer.material
    answer = solve_loading(material, 20.0, LayerOptions(), layer_thickness_um=5.0)
    relaxation = Relaxation(False, "stopped\nthere " + 400 * "y", 3, -1.0, 0.1, 0.2, 30.0, CRYSTAL)
    candidate = default_screen.candidates[0]
    table = paper_table()
    return [
        default_screen, candidate, candidate.measured, *default_screen.funnel, *default_screen.criteria,
        *candidate.measures.values(), *candidate.verdicts.values(),
        path, *path.stages, *path.alternatives, path.final, *path.final.species,
        lithiate("CaO", builtin), titrate(builtin, "Sb2O3"), react("Sb2O3 + 6 Li -> 2 Sb + 3 Li2O", builtin),
        builtin, builtin.manifest, *list(builtin)[:30], long_names, long_names.manifest, *long_names, Phase("x", "Li"),
        comparison, layer, material, *material.products, material.solid(0.5), *layer.quantities.values(), answer,
        table, *table.rows, paper_context(), *(check for checks in THEMES.values() for check in checks),
        CRYSTAL, relaxation, Task.of("a\nb" * 200, CRYSTAL, SPEC, RelaxationSettings()),
        ElasticConstants(converged=False, reason="z" * 400, n_independent=3, n_strains=8),
        Seed("q" * 400, CRYSTAL), RelaxedFile("f" * 400, "Li2O2", "lj", "lj/none", relaxation, None, ""),
        Dataset(2, 1, {"a": "b" * 900}, (), builtin.manifest),
    ]  # fmt: skip


def test_every_result_is_one_short_line(results):
    for result in results:
        line = repr(result)
        assert "\n" not in line
        assert len(line) <= MOST_CHARACTERS
        assert line.startswith(f"<{type(result).__name__} ")
        assert line.endswith(">")


def test_lines_say_what_matters(default_screen, builtin, path):
    n = len(default_screen.candidates)
    best = ", ".join(c.path.oxide for c in default_screen.candidates[:3])
    assert repr(default_screen) == f"<ScreeningResult {n} oxides of {builtin.source} ({builtin.scheme}); best {best}>"
    assert repr(builtin) == f"<PhaseTable {len(builtin)} phases of builtin, scheme {builtin.scheme}>"
    assert "Sb2O3 + 12 Li -> 2 Li3Sb + 3 Li2O" in repr(path)
    assert repr(path.final.species[0]).startswith("<Species -1 Sb2O3 (")
    assert repr(CRYSTAL) == "<Crystal Li2O2: 2 atoms, 64 A3>"


def test_brief_and_outline_cut_what_is_long():
    assert brief([], "x" * 500).endswith("x…>")
    assert len(brief([], "x" * 500)) == MOST_CHARACTERS

    @dataclasses.dataclass
    class Pair:
        first: object
        second: float

    assert outline(Pair("a\nb", 1 / 3)) == r"<Pair first='a\nb', second=0.333333>"
    assert len(outline(Pair(list(range(10_000)), np.float64(2.0)))) < 80


class Reader(html.parser.HTMLParser):
    """Rows of cells, as a browser shows them; tags that it met."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.rows, self.tags, self.open = [], set(), []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert attrs == []
        self.tags.add(tag)
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data


TAGS = {"table", "caption", "thead", "tbody", "tr", "th", "td", "sub", "p"}


def test_html_is_bounded_and_well_formed(builtin, path, default_screen, layer, comparison):
    shown = [builtin, path.final, path, default_screen, layer, comparison, paper_table()]
    sizes = [len(builtin), len(path.final.species), len(path.stages), len(default_screen.candidates)]
    sizes += [len(layer.quantities), len(comparison.rows), len(paper_table().rows)]
    for result, size in zip(shown, sizes, strict=True):
        text = result._repr_html_()
        read = Reader(text)
        heads, *rows = read.rows
        assert read.tags <= TAGS
        assert len(rows) == min(size, MOST_ROWS)
        assert all(len(row) == len(heads) for row in rows)
        assert any("(" in head or head == "unit" for head in heads), "units stand in the heads"
        assert (f"and {size - MOST_ROWS} more" in text) == (size > MOST_ROWS)
        assert "<sub>" in text or result is shown[-1]
        assert len(text) < 20_000


def test_html_shows_formulas_and_values(path):
    text = path.final._repr_html_()
    assert "<td>Li<sub>3</sub>Sb</td>" in text
    assert "Sb<sub>2</sub>O<sub>3</sub> + 12 Li → 2 Li<sub>3</sub>Sb + 3 Li<sub>2</sub>O" in text
    assert [Reader(text).rows[0][i] for i in (0, 6)] == ["formula", "gap (eV)"]


def test_html_escapes_every_text():
    columns = {"phase_id": [NASTY, "b", "c&d"], "formula": ["Sb2O3", "Li", "Li2O"], "space_group": [NASTY] * 3}
    columns |= {"formation_energy_ev_per_atom": [-1.0, 0.0, -2.0]}
    phases = PhaseTable(columns, Manifest(source=NASTY, scheme=NASTY))
    comparison = compare("Sb2O3", {NASTY: load_phases("builtin")}, load_phases("measured"))
    reaction = react("Sb2O3 + 6 Li -> 2 Sb + 3 Li2O", load_phases("builtin"))
    species = tuple(dataclasses.replace(s, formula=NASTY, phase_id=NASTY) for s in reaction.species)
    for result in (phases, comparison, dataclasses.replace(reaction, equation=NASTY, species=species)):
        text = result._repr_html_()
        assert "<script" not in text
        assert Reader(text).tags <= TAGS
        assert NASTY in sum(Reader(text).rows, [])  # noqa: RUF017 - a handful of rows
    assert "c&d" in Reader(phases._repr_html_()).rows[3]


def test_html_table_leaves_unknown_cells_empty_and_cuts_long_ones():
    text = html_table(["a", "b"], [[None, float("nan")], ["x" * 5000, 1 / 3]], 5)
    assert Reader(text).rows[1:] == [["", ""], ["x" * 159 + "…", "0.3333"]]
    assert "and 3 more" in text


class TestOneFormula:
    def test_a_text_is_one_formula(self, builtin):
        assert [c.path.oxide for c in screen(builtin, "Sb2O3").candidates] == ["Sb2O3"]
        assert [p.oxide for p in lithiate_many("Sb4O6", builtin)] == ["Sb2O3"]
        assert {c.path.oxide for c in screen(builtin, "Sb2O3", also="CaO").candidates} == {"Sb2O3", "CaO"}
        assert above_hull("Sb2O3", builtin, "Li") == above_hull(["Sb2O3"], builtin, "Li")
        assert [p.oxide for p in lithiate_many(iter(["Sb2O3", "CaO"]), builtin)] == ["Sb2O3", "CaO"]

    def test_what_is_no_list_is_refused(self):
        with pytest.raises(FormulaError, match="int"):
            formula_units(5)
        with pytest.raises(FormulaError, match="NoneType"):
            formula_units([None])


class TestNames:
    def test_a_number_of_the_paper(self):
        with pytest.raises(MissingDataError, match="did you mean 'ionic conductivity'"):
            paper_table()["ionic conductivty"]
        with pytest.raises(LookupError):
            paper_table()[5]

    @pytest.mark.parametrize(
        ("kind", "name", "said"),
        [
            ("column", "band_gap", "did you mean 'band_gap_ev'"),
            ("column", "BULK_MODULUS_GPA", "did you mean 'bulk_modulus_gpa'"),
            ("column", "formula", r"phases.text\('formula'\)"),
            ("column", "n_sites", r"phases.integers\('n_sites'\)"),
            ("column", "qqqq", "there are energy_ev_per_atom, "),
            ("column", ["band_gap_ev"], "no column"),
            ("integers", "spacegroup_number", "did you mean 'space_group_number'"),
            ("integers", "nonsense", "did you mean 'n_sites'"),
            ("text", "formulas", "did you mean 'formula'"),
            ("text", None, "no column 'None'"),
        ],
    )
    def test_a_column(self, builtin, kind, name, said):
        with pytest.raises(MissingDataError, match=said) as caught:
            getattr(builtin, kind)(name)
        assert "\n" not in str(caught.value)

    def test_nonsense(self, builtin):
        for read in (builtin.column, builtin.integers, builtin.text):
            with pytest.raises(MissingDataError, match="no column 'nonsense'"):
                read("nonsense")
        with pytest.raises(MissingDataError, match="no phase"):
            builtin[["a"]]
        assert did_you_mean("nonsense", []) == ""


def calls(phases):
    measured = load_phases("measured")
    return {
        "lithiate number": lambda: lithiate(5, phases),
        "lithiate name": lambda: lithiate("Sb2O3", "builtin"),
        "lithiate none": lambda: lithiate("Sb2O3", None),
        "lithiate many": lambda: lithiate_many(5, phases),
        "lithiate many ids": lambda: lithiate_many("Sb2O3", phases, phase_ids="mp-1"),
        "lithiate anode": lambda: lithiate("Sb2O3", phases, anode=None),
        "react none": lambda: react(None, phases),
        "react name": lambda: react("Sb2O3 + Li -> Li3Sb + Li2O", "builtin"),
        "react ids": lambda: react("Sb2O3 + Li -> Li3Sb + Li2O", phases, phase_ids=["mp-1"]),
        "titrate": lambda: titrate("builtin", "Sb2O3"),
        "screen name": lambda: screen("builtin"),
        "screen number": lambda: screen(phases, 5),
        "screen criteria": lambda: screen(phases, "Sb2O3", criteria="strict"),
        "screen criterion": lambda: screen(phases, "Sb2O3", criteria=5),
        "screen measured": lambda: screen(phases, "Sb2O3", measured="measured"),
        "screen ids": lambda: screen(phases, "Sb2O3", phase_ids="mp-1"),
        "compare name": lambda: compare("Sb2O3", {"builtin": "builtin"}, measured),
        "compare table": lambda: compare("Sb2O3", phases, measured),
        "compare nothing": lambda: compare("Sb2O3", {}, measured),
        "compare measured": lambda: compare("Sb2O3", {"builtin": phases}, "measured"),
        "design name": lambda: design_layer("Sb2O3", "builtin"),
        "design number": lambda: design_layer(5, phases),
        "design options": lambda: design_layer("Sb2O3", phases, options={"conversion": 1.0}),
        "design loading": lambda: design_layer("Sb2O3", phases, oxide_loading_mg_per_cm2="1"),
        "material": lambda: layer_material("Sb2O3"),
        "load": lambda: load_phases(5),
        "read": lambda: read_crystal(None),
        "from atoms": lambda: Crystal.from_atoms("Li2O"),
        "relax": lambda: relax("Li2O", None),
        "relax atoms": lambda: relax(CRYSTAL.to_atoms(), None),
        "relax settings": lambda: relax(CRYSTAL, None, {"max_steps": 5}),
        "elastic": lambda: elastic_constants(CRYSTAL, None),
        "elastic settings": lambda: elastic_constants(CRYSTAL.to_atoms(), None, 5),
        "equation of state": lambda: equation_of_state("Li2O", None),
    }


@pytest.mark.parametrize("case", calls(load_phases("builtin")))
def test_a_wrong_kind_is_an_error_of_ours_in_one_line(builtin, case):
    with pytest.raises(LicoatError) as caught:
        calls(builtin)[case]()
    text = str(caught.value)
    assert text
    assert "\n" not in text
    assert len(text) < 250


def test_a_wrong_kind_is_a_type_error_too(builtin):
    with pytest.raises(TypeError, match=r"phases must be a PhaseTable .*, not str 'builtin'"):
        screen("builtin")
    with pytest.raises(InputTypeError, match=r"Crystal\.from_atoms"):
        relax(CRYSTAL.to_atoms(), None)
    with pytest.raises(InputTypeError, match="to_atoms"):
        elastic_constants(CRYSTAL, None, ElasticSettings())
    assert BuildOptions().window
    assert len(builtin)
