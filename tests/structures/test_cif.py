"""CIF: the crystal that a file means, in any setting, or a refusal that names the true cause."""

import io
import time
import warnings
from collections import Counter
from pathlib import Path

import ase.io
import numpy as np
import pytest
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from pymatgen.io.cif import CifParser, CifWriter

from licoat.structures.crystals.crystal import Crystal, read_crystal
from licoat.structures.crystals.prototypes import decorate, prototypes
from licoat.structures.crystals.structure_files import read_crystals
from licoat.structures.errors import InputFileError

FIELD = Path(__file__).parent / "field"
CUBE = "_cell_length_a 4.21\n_cell_length_b 4.21\n_cell_length_c 4.21\n" + "".join(
    f"_cell_angle_{name} 90\n" for name in ("alpha", "beta", "gamma")
)
COLUMNS = "loop_\n_atom_site_label\n_atom_site_type_symbol\n" + "".join(f"_atom_site_fract_{x}\n" for x in "xyz")
GROUP = "_symmetry_space_group_name_H-M 'F m -3 m'\n"
ATOMS = "Mg1 Mg 0 0 0\nO1 O 0.5 0.5 0.5\n"


def read(tmp_path, text, name="x.cif"):
    path = tmp_path / name
    path.write_text(text)
    return read_crystal(path)


def pymatgen(crystal):
    return Structure(crystal.lattice, list(crystal.species), crystal.frac_coords)


def same(crystal, structure):
    matcher = StructureMatcher(ltol=0.01, stol=0.02, angle_tol=0.5, scale=False)
    left, right = pymatgen(crystal), structure.get_primitive_structure(0.01)
    return left.composition == right.composition and matcher.fit(left, right)


# --- files of strangers ------------------------------------------------------------------------------------------

MGO = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.21), ["Mg", "O"], [[0, 0, 0], [0.5] * 3])
ZNO = Structure.from_spacegroup(
    "P6_3mc", Lattice.hexagonal(3.25, 5.21), ["Zn", "O"], [[1 / 3, 2 / 3, 0], [1 / 3, 2 / 3, 0.382]]
)
SENARMONTITE = Structure.from_spacegroup(
    "Fd-3m:1", Lattice.cubic(11.15), ["Sb", "O"], [[0.885, 0.885, 0.885], [0.186, 0, 0]]
)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("r14_occupancy_0.999.cif", MGO),
        ("r16_all_atoms_listed_and_symmetry.cif", MGO),
        ("r17_third_written_0.333.cif", ZNO),
        ("r19_same_structure_two_settings.cif", MGO),
        # The symbol says the origin at the centre (Z), the coordinates are of the other; only those give Sb2O3.
        ("r33_upper_case_labels_no_type_symbol.cif", SENARMONTITE),
    ],
)
def test_field_files_are_the_crystals_that_they_mean(name, meant):
    assert same(read_crystal(FIELD / name), meant)


def test_one_oxygen_of_49_is_missed():
    with pytest.raises(InputFileError, match=r"its formula is 'O49 W18', but its sites give O8 W3; atoms are missing"):
        read_crystal(FIELD / "r18_one_oxygen_lost_of_49.cif")


def test_a_symmetry_operation_of_thousands_of_digits_is_refused_at_once():
    start = time.perf_counter()
    with pytest.raises(InputFileError, match=r"a line of \d+ characters, .*; no CIF needs it"):
        read_crystal(FIELD / "cif_long_symop.cif")
    assert time.perf_counter() - start < 1.0


# --- symmetry ----------------------------------------------------------------------------------------------------


def cif(structure, symprec=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return str(CifWriter(structure, symprec=symprec))


def without_operations(text):
    lines = text.splitlines()
    begin = next(i for i, line in enumerate(lines) if "_symmetry_equiv_pos_site_id" in line) - 1
    end = next(i for i in range(begin + 1, len(lines)) if lines[i].startswith("loop_"))
    return "\n".join(lines[:begin] + lines[end:]) + "\n"


def by_ase(structure):
    stream = io.BytesIO()
    ase.io.write(stream, Crystal.from_dict(
        {"lattice": structure.lattice.matrix, "species": [s.specie.symbol for s in structure],
         "frac_coords": structure.frac_coords}, "x").to_atoms(), format="cif")  # fmt: skip
    return stream.getvalue().decode()


@pytest.mark.parametrize("prototype", prototypes({"own"})[::10], ids=lambda p: p.name)
def test_prototypes_written_by_others_come_back(tmp_path, prototype):
    """Composition, volume and structure as pymatgen's and ase's own readers give them, whoever wrote the file."""
    cell = decorate(prototype, dict.fromkeys(prototype.placeholders, "Zr"))
    structure = Structure(cell["lattice"], cell["species"], cell["frac_coords"])
    full = cif(structure, 0.01)
    for text in (cif(structure), full, without_operations(full), by_ase(structure)):
        found = read(tmp_path, text)
        assert same(found, structure)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (theirs,) = CifParser.from_str(full).parse_structures(primitive=True)
    assert Counter(found.species) == Counter(s.specie.symbol for s in theirs)


RHOMBOHEDRAL = (
    """data_x
_symmetry_space_group_name_H-M '{symbol}'
_chemical_formula_sum 'Al2 O3'
_cell_length_a {a}
_cell_length_b {a}
_cell_length_c {c}
_cell_angle_alpha {alpha}
_cell_angle_beta {alpha}
_cell_angle_gamma {gamma}
"""
    + COLUMNS
)
HEXAGONAL_ATOMS = "Al1 Al 0 0 0.3522\nO1 O 0.3062 0 0.25\n"
RHOMBOHEDRAL_ATOMS = "Al1 Al 0.3522 0.3522 0.3522\nO1 O 0.5562 -0.0562 0.25\n"
CORUNDUM = Structure.from_spacegroup(
    "R-3c", Lattice.hexagonal(4.7592, 12.9918), ["Al", "O"], [[0, 0, 0.3522], [0.3062, 0, 0.25]]
)


@pytest.mark.parametrize("symbol", ["R -3 c", "R -3 c :H", "R -3 c H", "R-3c:h"])
def test_hexagonal_axes_of_a_rhombohedral_group(tmp_path, symbol):
    head = RHOMBOHEDRAL.format(symbol=symbol, a=4.7592, c=12.9918, alpha=90, gamma=120)
    assert same(read(tmp_path, head + HEXAGONAL_ATOMS), CORUNDUM)


@pytest.mark.parametrize("symbol", ["R -3 c", "R -3 c :R", "R -3 c R"])
def test_rhombohedral_axes_of_the_same_group(tmp_path, symbol):
    a = np.sqrt(4.7592**2 / 3 + 12.9918**2 / 9)
    alpha = np.degrees(2 * np.arcsin(4.7592 / 2 / a))
    head = RHOMBOHEDRAL.format(symbol=symbol, a=f"{a:.6f}", c=f"{a:.6f}", alpha=f"{alpha:.5f}", gamma=f"{alpha:.5f}")
    assert same(read(tmp_path, head + RHOMBOHEDRAL_ATOMS), CORUNDUM)


def test_the_setting_must_fit_the_cell(tmp_path):
    head = RHOMBOHEDRAL.format(symbol="R -3 c :R", a=4.7592, c=12.9918, alpha=90, gamma=120)
    with pytest.raises(InputFileError, match="does not fit lengths and angles of the cell"):
        read(tmp_path, head + HEXAGONAL_ATOMS)


@pytest.mark.parametrize(
    ("symbol", "place"), [("P 1 21/n 1", "0.28 0.04 0.21"), ("P 21/n", "0.28 0.04 0.21"), ("P21/n", "0.28 0.04 0.21")]
)
def test_a_monoclinic_cell_choice_is_the_one_that_is_said(tmp_path, symbol, place):
    cell = CUBE.replace("a 4.21", "a 5.1").replace("b 4.21", "b 5.2").replace("c 4.21", "c 5.3")
    cell = cell.replace("beta 90", "beta 99.2")
    found = read(tmp_path, f"data_x\n_symmetry_space_group_name_H-M '{symbol}'\n{cell}{COLUMNS}Zr1 Zr {place}\n")
    meant = {(0.28, 0.04, 0.21), (0.72, 0.96, 0.79), (0.22, 0.54, 0.29), (0.78, 0.46, 0.71)}  # 1/2-x, 1/2+y, 1/2-z
    assert {tuple(round(x % 1.0, 6) for x in place) for place in found.frac_coords} == meant


def test_all_atoms_below_the_symbol_of_a_group_and_no_operations_but_the_identity(tmp_path):
    operation = "loop_\n_symmetry_equiv_pos_as_xyz\n 'x, y, z'\n"
    every = "".join(
        f"{s}{i} {s} {x} {y} {z}\n"
        for s, sites in (("Mg", [(0, 0, 0), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)]),
                         ("O", [(0.5, 0.5, 0.5), (0.5, 0, 0), (0, 0.5, 0), (0, 0, 0.5)]))
        for i, (x, y, z) in enumerate(sites)
    )  # fmt: skip
    assert same(read(tmp_path, f"data_x\n{GROUP}{CUBE}{operation}{COLUMNS}{every}"), MGO)
    with pytest.raises(InputFileError, match=r"the symmetry may be .* which give different crystals"):
        read(tmp_path, f"data_x\n{GROUP}{CUBE}{operation}{COLUMNS}{ATOMS}")
    said = f"data_x\n_chemical_formula_sum 'Mg O'\n_cell_formula_units_Z 4\n{GROUP}{CUBE}{operation}{COLUMNS}{ATOMS}"
    assert same(read(tmp_path, said), MGO)


def test_operations_that_are_no_group_are_refused(tmp_path):
    operations = "loop_\n_symmetry_equiv_pos_as_xyz\n 'x, y, z'\n '-y, x, z'\n '-x, -y, z'\n"
    with pytest.raises(InputFileError, match="are no group: one is missing or mistyped"):
        read(tmp_path, f"data_x\n{CUBE}{operations}{COLUMNS}{ATOMS}")


@pytest.mark.parametrize("text", ["x, y", "x, y, q", "x, y, z99999999999", "x+y, y, 0", "x y z", "1/0+x, y, z"])
def test_an_operation_that_is_none_is_quoted(tmp_path, text):
    with pytest.raises(InputFileError, match="the symmetry operation"):
        read(tmp_path, f"data_x\n{CUBE}loop_\n_symmetry_equiv_pos_as_xyz\n '{text}'\n{COLUMNS}{ATOMS}")


def test_an_unknown_group_without_operations_is_refused(tmp_path):
    with pytest.raises(InputFileError, match=r"the space group 'F m -3 q' is not known, and no operations are listed"):
        read(tmp_path, f"data_x\n{GROUP.replace('-3 m', '-3 q')}{CUBE}{COLUMNS}{ATOMS}")


@pytest.mark.parametrize("origin", ["1", "2"])
def test_the_origin_of_a_group_with_two(tmp_path, origin):
    """Spinel: the wrong origin gives other compositions or atoms that overlap, so only the right one remains."""
    species, second = ["Mg", "Al", "O"], [[0.125] * 3, [0.5] * 3, [0.2625] * 3]
    places = {"1": [[0, 0, 0], [0.625] * 3, [0.3875] * 3], "2": second}[origin]
    spinel = Structure.from_spacegroup("Fd-3m:2", Lattice.cubic(8.08), species, second)
    atoms = "".join(f"{s}1 {s} {x} {y} {z}\n" for s, (x, y, z) in zip(species, places, strict=True))
    cell = CUBE.replace("4.21", "8.08")
    for symbol in ("F d -3 m", f"F d -3 m :{origin}", "F d -3 m " + {"1": "S", "2": "Z"}[origin]):
        head = f"data_x\n_chemical_formula_sum 'Mg Al2 O4'\n_symmetry_space_group_name_H-M '{symbol}'\n{cell}{COLUMNS}"
        assert same(read(tmp_path, head + atoms), spinel)


def test_a_magnetic_cif_is_read_without_its_moments(tmp_path):
    text = f"""data_x
_space_group_magn.name_BNS  "P_I4/mnc"
{CUBE}loop_
_space_group_symop_magn_operation.id
_space_group_symop_magn_operation.xyz
1 x,y,z,+1
2 -x,-y,z,+1
3 -x,-y,-z,+1
4 x,y,-z,+1
loop_
_space_group_symop_magn_centering.id
_space_group_symop_magn_centering.xyz
1 x,y,z,+1
2 x+1/2,y+1/2,z,-1
3 x+1/2,y,z+1/2,-1
4 x,y+1/2,z+1/2,+1
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Ni1 Ni 0 0 0 1
O1 O 0 0 0.5 1
loop_
_atom_site_moment.label
_atom_site_moment.crystalaxis_x
Ni1 1.7
"""
    found = read(tmp_path, text, "x.mcif")
    assert (found.formula, len(found)) == ("NiO", 2)
    assert found.volume_a3 == pytest.approx(4.21**3 / 4)


# --- sites -------------------------------------------------------------------------------------------------------

OCCUPIED = f"data_x\n{GROUP}{CUBE}{COLUMNS}_atom_site_occupancy\n"


@pytest.mark.parametrize("share", ["1", "1.0", "1.00(5)", "0.999(2)", "0.98(2)", "?", ".", "0.9995", "1.0005"])
def test_an_occupancy_is_one_within_its_own_error(tmp_path, share):
    assert same(read(tmp_path, f"{OCCUPIED}Mg1 Mg 0 0 0 {share}\nO1 O 0.5 0.5 0.5 1\n"), MGO)


@pytest.mark.parametrize("share", ["0.9", "0.98", "0.98(1)", "0.6(5)", "0.99", "1.1"])
def test_a_real_vacancy_is_refused(tmp_path, share):
    number = share.partition("(")[0]
    with pytest.raises(InputFileError, match=rf"the site Mg{number} at \[0.0, 0.0, 0.0\] is partially occupied"):
        read(tmp_path, f"{OCCUPIED}Mg1 Mg 0 0 0 {share}\nO1 O 0.5 0.5 0.5 1\n")


def test_two_valences_on_one_site_are_one_element(tmp_path):
    text = f"{OCCUPIED}Fe1 Fe2+ 0 0 0 0.4\nFe2 Fe3+ 0 0 0 0.6\nO1 O 0.5 0.5 0.5 1\n"
    found = read(tmp_path, text)
    assert (found.formula, len(found)) == ("FeO", 2)
    with pytest.raises(InputFileError, match=r"the site Fe0.9 .* is partially occupied"):
        read(tmp_path, text.replace("0.6", "0.5"))


def test_a_site_that_holds_nothing_is_no_atom(tmp_path):
    assert same(read(tmp_path, f"{OCCUPIED}Mg1 Mg 0 0 0 1\nO1 O 0.5 0.5 0.5 1\nLi1 Li 0.25 0.25 0.25 0\n"), MGO)


LABELS = COLUMNS.replace("_atom_site_type_symbol\n", "")


@pytest.mark.parametrize(
    ("formula", "labels", "found"),
    [
        ("", ("Mg1", "O1"), "MgO"),
        ("", ("MG1", "O1A"), "MgO"),
        ("", ("Mg1", "OX1"), "MgO"),
        ("Co O", ("CO1", "O1"), "CoO"),
        ("C O", ("CO1", "O1"), "CO"),
        ("Cs O", ("CS1", "O1"), "Cs2O2"),
    ],
)
def test_labels_name_elements_where_nothing_else_does(tmp_path, formula, labels, found):
    said = f"_chemical_formula_sum '{formula}'\n" if formula else ""
    text = f"data_x\n{said}{GROUP}{CUBE}{LABELS}{labels[0]} 0 0 0\n{labels[1]} 0.5 0.5 0.5\n"
    assert read(tmp_path, text).formula == found


@pytest.mark.parametrize(
    ("label", "reason"),
    [("SB1", "may mean Sb or S; give _atom_site_type_symbol"), ("Wat", "unknown element 'Wa'"), ("1", "no element")],
)
def test_a_label_that_leaves_a_choice_is_refused(tmp_path, label, reason):
    with pytest.raises(InputFileError, match=reason):
        read(tmp_path, f"data_x\n{GROUP}{CUBE}{LABELS}{label} 0 0 0\nO1 0.5 0.5 0.5\n")


def test_hydrogen_that_is_attached_without_a_place_is_refused(tmp_path):
    text = f"data_x\n{GROUP}{CUBE}{COLUMNS}_atom_site_attached_hydrogens\nMg1 Mg 0 0 0 0\nO1 O 0.5 0.5 0.5 1\n"
    with pytest.raises(InputFileError, match="site 'O1' has hydrogen atoms without a place"):
        read(tmp_path, text)


# --- what the file says of itself --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("_chemical_formula_sum 'Mg4 O3'\n", "its formula is 'Mg4 O3', but its sites give Mg1 O1"),
        ("_chemical_formula_sum 'Mg O'\n_cell_formula_units_Z 8\n", "holds 4 formula units 'Mg O', but .* is 8"),
    ],
)
def test_a_cell_that_contradicts_its_formula_is_refused(tmp_path, said, reason):
    with pytest.raises(InputFileError, match=reason):
        read(tmp_path, f"data_x\n{said}{GROUP}{CUBE}{COLUMNS}{ATOMS}")


@pytest.mark.parametrize(
    "said",
    [
        "_chemical_formula_sum 'Mg4 O4'\n_cell_formula_units_Z 4\n",  # as pymatgen writes it
        "_chemical_formula_sum 'MG1 O1'\n",
        "_chemical_formula_sum MgO\n_cell_formula_units_Z 4\n",
        "_chemical_formula_sum 'Mg0.999 O1'\n",
        "_chemical_formula_sum 'periclase, see text'\n",  # no formula
        "_chemical_formula_sum ?\n",
    ],
)
def test_formulas_as_programs_write_them(tmp_path, said):
    assert same(read(tmp_path, f"data_x\n{said}{GROUP}{CUBE}{COLUMNS}{ATOMS}"), MGO)


@pytest.mark.parametrize(
    ("atoms", "pair"),
    [
        ("Mg1 Mg 0 0 0\nO1 O 0.2 0.2 0.05\n", "overlap"),  # a mistyped coordinate
        ("O1 O 0 0 0\nO2 O 0.25 0 0\n", "O"),  # O-O 1.05 A: no peroxide, superoxide or O2
    ],
)
def test_atoms_that_lie_too_close_are_refused(tmp_path, atoms, pair):
    with pytest.raises(InputFileError, match=rf"{pair}.* A apart; is the symmetry or the setting another one"):
        read(tmp_path, f"data_x\n{CUBE}{COLUMNS}{atoms}")


def test_several_crystals_are_counted_and_named(tmp_path):
    text = f"data_one\n{GROUP}{CUBE}{COLUMNS}{ATOMS}data_two\n{GROUP}{CUBE}{COLUMNS}{ATOMS.replace('Mg', 'Ni')}"
    with pytest.raises(InputFileError, match=r"2 structures in the file \('one', 'two'\); give one, or read them all"):
        read(tmp_path, text)
    found = read_crystals(tmp_path / "x.cif")
    assert [(item.name, item.crystal.formula) for item in found] == [("one", "MgO"), ("two", "NiO")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("data_x\n_cell_length_a " + "9" * 3000, "a word of 3000 characters"),
        ("data_x\n'" + "a'a" * 4000, "a line of"),
        (f"data_x\n{CUBE}{COLUMNS}Mg1 Mg 0 0\n", "has 4 values for 5 columns; is the file cut short"),
        (f"data_x\n{CUBE.replace('b 4.21', 'b ?')}{COLUMNS}{ATOMS}", r"_cell_length_b is '\?', which is no number"),
        (f"data_x\n{CUBE.replace('_cell_length_b 4.21', '')}{COLUMNS}{ATOMS}", "_cell_length_b is missing"),
        (f"data_x\n{CUBE.replace('gamma 90', 'gamma 190')}{COLUMNS}{ATOMS}", "the cell has no volume"),
        (f"data_x\n{CUBE}{COLUMNS}Mg1 Mg 1e999 0 0\n", "'1e999', which is no number"),
    ],
)
def test_what_no_cif_needs_is_refused_in_one_line(tmp_path, text, reason):
    with pytest.raises(InputFileError, match=reason) as caught:
        read(tmp_path, text)
    assert len(str(caught.value)) < 300
