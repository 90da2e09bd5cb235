"""Structures from files: what is read is what the file means, and what cannot be relaxed is refused in one line."""

import bz2
import gzip
import json
import lzma
import os
import warnings
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from pymatgen.io.cif import CifWriter

from licoat.structures.crystals.crystal import MAX_ATOMS, Crystal, read_crystal
from licoat.structures.errors import InputFileError

CELL = "_cell_length_a 4.2\n_cell_length_b 4.2\n_cell_length_c 4.2\n" + "".join(
    f"_cell_angle_{name} 90\n" for name in ("alpha", "beta", "gamma")
)
COLUMNS = "loop_\n_atom_site_label\n_atom_site_type_symbol\n" + "".join(f"_atom_site_fract_{x}\n" for x in "xyz")
HEAD = f"data_x\n{CELL}{COLUMNS}"
MG, OX = "Mg1 Mg 0 0 0\n", "O1 O 0.5 0.5 0.5\n"
OCCUPANCY = HEAD + "_atom_site_occupancy\n"
POSCAR = "MgO\n1.0\n4.2 0 0\n0 4.2 0\n0 0 4.2\nMg O\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n"
XSF = "CRYSTAL\nPRIMVEC\n4.2 0 0\n0 4.2 0\n0 0 4.2\nPRIMCOORD\n2 1\n12 0 0 0\n8 2.1 2.1 2.1\n"


def structure(species=("Mg", "O"), coords=((0, 0, 0), (0.5, 0.5, 0.5)), a=4.2):
    return Structure(Lattice.cubic(a), list(species), list(coords))


def perovskite():
    coords = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
    return Structure(Lattice.cubic(4.0), ["Ba", "Ti", "O", "O", "O"], coords)


# --- what is read ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.cif", HEAD + MG + OX),
        ("X.CIF", HEAD + MG + OX),
        ("x.vasp", POSCAR),
        ("x.poscar", POSCAR),
        ("POSCAR", POSCAR),
        ("CONTCAR_2", POSCAR),
        ("old.cif.vasp", POSCAR),  # the last ending counts
        ("velocities.vasp", POSCAR + "\n0 0 0\n0 0 0\n"),
        ("x.xsf", XSF),
        ("x.json", structure().to_json()),
        ("poscar.json", structure().to_json()),
        ("charges.json", structure(("Mg2+", "O2-")).to_json()),
        ("x mit Lücke.cif", HEAD + MG + OX),
        ("bom.cif", "\ufeff" + HEAD + MG + OX),
        ("charged.cif", HEAD + "Mg1 Mg2+ 0 0 0\nO1 O2- 0.5 0.5 0.5\n"),
        ("block_without_atoms.cif", f"data_global\n_journal_year 2001\n{HEAD}{MG}{OX}"),
        ("formula.cif", f"data_x\n_chemical_formula_sum 'Mg2 O2'\n{CELL}{COLUMNS}{MG}{OX}"),
        ("upper.cif", HEAD + "MG1 MG2+ 0 0 0\nO1 O2- 0.5 0.5 0.5\n"),
        ("x.cif.gz", HEAD + MG + OX),
        ("POSCAR.bz2", POSCAR),
        ("x.json.xz", structure().to_json()),
        ("volume.vasp", POSCAR.replace("1.0\n4.2 0 0\n0 4.2 0\n0 0 4.2", "-74.088\n1 0 0\n0 1 0\n0 0 1")),
        ("cartesian.vasp", POSCAR.replace("Direct", "Cartesian").replace("0.5 0.5 0.5", "2.1 2.1 2.1")),
        ("scaled.vasp", POSCAR.replace("1.0\n4.2 0 0\n0 4.2 0\n0 0 4.2", "4.2 4.2 4.2\n1 0 0\n0 1 0\n0 0 1")),
        (
            "selective.vasp",
            POSCAR.replace("Direct", "Selective\nDirect").replace("0.5 0.5 0.5", ".5 .5 .5 T F T"),
        ),
        ("potcar.vasp", POSCAR.replace("Mg O", "Mg_pv/4d1e O_h")),
    ],
)
def test_every_kind_of_file_is_read(tmp_path, name, text):
    path = tmp_path / name
    pack = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}.get(path.suffix, bytes)
    path.write_bytes(pack(text.encode()))
    crystal = read_crystal(path)
    assert crystal.formula == "MgO"
    assert sorted(crystal.species) == ["Mg", "O"]
    assert crystal.volume_a3 == pytest.approx(4.2**3, rel=1e-9)  # numbers as in the file
    first, second = (np.array(crystal.frac_coords[crystal.species.index(s)]) for s in ("Mg", "O"))
    assert np.abs(second - first) % 1.0 == pytest.approx(0.5)


def test_a_cif_of_the_time_before_unicode(tmp_path):
    path = tmp_path / "x.cif"
    path.write_bytes(f"data_x\n_publ_author_name 'Müller'\n{CELL}{COLUMNS}{MG}{OX}".encode("latin-1"))
    assert read_crystal(path).formula == "MgO"


def test_a_name_that_is_no_text(tmp_path):
    path = tmp_path / os.fsdecode(b"\xff.cif")
    path.write_text(HEAD + MG + OX)
    assert read_crystal(path).formula == "MgO"
    with pytest.raises(InputFileError, match="No such file"):
        read_crystal(tmp_path / os.fsdecode(b"\xfe.cif"))


PROTOTYPES = {
    "antifluorite": ("Fm-3m", Lattice.cubic(4.6), ["Li", "O"], [[0.25, 0.25, 0.25], [0, 0, 0]]),
    "rutile": ("P4_2/mnm", Lattice.tetragonal(4.6, 2.96), ["Ti", "O"], [[0, 0, 0], [0.305, 0.305, 0]]),
    "corundum": ("R-3c", Lattice.hexagonal(4.76, 12.99), ["Al", "O"], [[0, 0, 0.3522], [0.3062, 0, 0.25]]),
    "quartz": ("P3_121", Lattice.hexagonal(4.91, 5.4), ["Si", "O"], [[0.47, 0, 1 / 3], [0.413, 0.267, 0.214]]),
    "monoclinic": (
        "P2_1/c",
        Lattice.monoclinic(5.1, 5.2, 5.3, 99.2),
        ["Zr", "O"],
        [[0.28, 0.04, 0.21], [0.07, 0.33, 0.34]],
    ),
}


@pytest.mark.parametrize("name", PROTOTYPES)
def test_symmetry_of_a_cif_is_expanded(tmp_path, name):
    from ase.io import read

    group, lattice, species, coords = PROTOTYPES[name]
    full = Structure.from_spacegroup(group, lattice, species, coords)
    path = tmp_path / "x.cif"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of spglib, and of ase about settings of space groups
        path.write_text(str(CifWriter(full, symprec=0.001)))
        by_ase = read(path)
    crystal = read_crystal(path)
    assert crystal.formula == Crystal.from_atoms(by_ase).formula
    assert len(by_ase) == len(full) == len(crystal) * round(full.volume / crystal.volume_a3)
    # The file holds lengths to 1e-8.
    assert crystal.volume_a3 / len(crystal) == pytest.approx(full.volume / len(full), rel=1e-6)
    assert crystal.volume_a3 / len(crystal) == pytest.approx(by_ase.get_volume() / len(by_ase), rel=1e-6)
    distances = [
        np.sort(s.distance_matrix[s.distance_matrix > 0.1]).min()
        for s in (full, Structure(crystal.lattice, list(crystal.species), crystal.frac_coords))
    ]
    assert distances[0] == pytest.approx(distances[1], abs=1e-4)


def test_a_space_group_without_operations(tmp_path):
    group = "_symmetry_space_group_name_H-M 'F m -3 m'\n_symmetry_Int_Tables_number 225\n"
    path = tmp_path / "x.cif"
    path.write_text(f"data_x\n{group}{CELL}{COLUMNS}{MG}{OX}")
    crystal = read_crystal(path)
    assert (crystal.formula, len(crystal)) == ("MgO", 2)
    assert crystal.volume_a3 == pytest.approx(4.2**3 / 4)


def test_a_cif_is_reduced_to_its_primitive_cell(tmp_path):
    path = tmp_path / "x.cif"
    path.write_text(str(CifWriter(perovskite() * (2, 2, 1))))
    crystal = read_crystal(path, max_atoms=5)
    assert len(crystal) == 5
    assert crystal.volume_a3 == pytest.approx(64.0, rel=1e-6)


@pytest.mark.parametrize("shift", [0.05, 0.1, 0.2])
def test_the_distortion_of_a_supercell_is_kept(tmp_path, shift):
    large = perovskite() * (2, 1, 1)
    large.translate_sites([2], [shift, 0, 0], frac_coords=False)
    path = tmp_path / "x.cif"
    path.write_text(str(CifWriter(large)))
    crystal = read_crystal(path)
    assert len(crystal) == 10
    found = Structure(crystal.lattice, list(crystal.species), crystal.frac_coords)
    expected = large.distance_matrix[large.distance_matrix > 0.1].min()
    assert found.distance_matrix[found.distance_matrix > 0.1].min() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", ["x.cif", "x.vasp", "x.json"])
def test_deuterium_is_hydrogen(tmp_path, name):
    texts = {"x.cif": HEAD + "Li1 Li 0 0 0\nD1 D 0.5 0.5 0.5\n", "x.vasp": POSCAR.replace("Mg O", "Li D")}
    path = tmp_path / name
    path.write_text(texts.get(name) or structure(("Li", "D")).to_json())
    assert (read_crystal(path).formula, len(read_crystal(path))) == ("LiH", 2)


def test_a_poscar_stays_as_it_is(tmp_path):
    path = tmp_path / "POSCAR"
    (perovskite() * (2, 1, 1)).to(filename=str(path), fmt="poscar")
    assert len(read_crystal(path)) == 10


# --- what is refused ---------------------------------------------------------------------------------------------

BAD = {
    "empty.cif": ("", "the file is empty"),
    "spaces.vasp": (" \n\n", "the file is empty"),
    "garbage.cif": (bytes(range(256)) * 9, "not a text file"),
    "garbage.json": (b"\x1f\x8b\x08\x00abc", "not a text file"),
    "noise.cif": (b"\xff\xfe\xfd" * 40, "0 structures in the file; give one"),
    "prose.cif": ("This is a letter.\n", "0 structures in the file; give one"),
    "prose.vasp": ("This is a letter.\n", "cannot be read as POSCAR"),
    "prose.xsf": ("This is a letter.\n", "cannot be read as XSF"),
    "prose.json": ("This is a letter.\n", "cannot be read as JSON"),
    "deep.json": ("[" * 100_000, "JSON nested too deeply"),
    "list.json": ("[]", "no structure in the JSON document: expected lattice and sites"),
    "other.json": ('{"a": 1}', "no structure in the JSON document"),
    "x.txt": (POSCAR, r"expected \.cif, \.mcif, .*POSCAR, CONTCAR, OUTCAR or vasprun\.xml"),
    "x": (POSCAR, "not a kind of structure file"),
    "two.cif": (HEAD + MG + OX + HEAD.replace("data_x", "data_y") + "Ni1 Ni 0 0 0\n" + OX,
                r"2 structures in the file \('x', 'y'\); give one, or read them all"),
    "none.cif": (f"data_x\n{CELL}", "0 structures in the file; give one"),
    "unknown.cif": (HEAD + MG + "Qq1 Qq 0.5 0.5 0.5\n", "unknown element 'Qq'"),
    "dummy.cif": (HEAD + MG + "X1 X 0.5 0.5 0.5\n", "unknown element 'X'"),
    "vacancy.cif": (HEAD + MG + "Va1 Va 0.5 0.5 0.5\n", "unknown element 'Va'"),
    "vacancy_label.cif": (
        HEAD.replace("_atom_site_type_symbol\n", "") + "Mg1 0 0 0\nVa1 0.5 0.5 0.5\n",
        "unknown element 'Va'",
    ),
    "dummy.json": (structure(("X", "O")).to_json(), "unknown element 'X'"),
    "dummy.vasp": (POSCAR.replace("Mg O", "Mg Qq"), "Qq"),
    "mixed.cif": (OCCUPANCY + "Mg1 Mg 0 0 0 0.5\nCa1 Ca 0 0 0 0.5\nO1 O 0.5 0.5 0.5 1\n", "partially occupied"),
    "holes.cif": (OCCUPANCY + "Mg1 Mg 0 0 0 0.9\nO1 O 0.5 0.5 0.5 1\n", "Mg0.9.* is partially occupied"),
    "mixed.json": (structure(({"Mg": 0.5, "Ca": 0.5}, "O")).to_json(), "partially occupied"),
    "full.cif": (OCCUPANCY + "Mg1 Mg 0 0 0 1\nCa1 Ca 0 0 0 1\nO1 O 0.5 0.5 0.5 1\n", "Ca and Mg share one place"),
    "no_hydrogen.cif": (f"data_x\n_chemical_formula_sum 'Mg O2 H2'\n{CELL}{COLUMNS}{MG}{OX}", "sites give Mg1 O1"),
    "formula.cif": (f"data_x\n_chemical_formula_sum 'Mg O2'\n{CELL}{COLUMNS}{MG}{OX}", "atoms are missing"),
    "nan.cif": (HEAD + MG + "O1 O nan 0 0\n", "'nan', which is no number"),
    "nan.vasp": (POSCAR.replace("0.5 0.5 0.5", "nan 0.5 0.5"), "line 10 is 'nan', which is no number"),
    "infinite.vasp": (POSCAR.replace("0.5 0.5 0.5", "inf 0.5 0.5"), "line 10 is 'inf', which is no number"),
    "unknown_place.cif": (HEAD + MG + "O1 O ? ? ?\n", r"'\?'"),
    "no_names.vasp": (POSCAR.replace("Mg O\n", ""), "without the names of the elements; write them"),
    "short.vasp": (POSCAR.replace("1 1\n", "1 2\n"), "cannot be read as POSCAR"),
    "flat.vasp": (POSCAR.replace("0 4.2 0", "4.2 0 0"), "0 A3 per atom is no crystal's volume"),
    "flat.cif": (HEAD.replace("c 4.2", "c 0") + MG + OX, "the cell has no volume"),
    "bohr.vasp": (POSCAR.replace("1.0\n", "0.1\n", 1), "are the lattice vectors in A"),
    "huge.cif": (HEAD.replace(" 4.2", " 4200") + MG + OX, "is no crystal's volume"),
    "overlap.cif": (HEAD + MG + "O1 O 0.1 0 0\n", r"atoms 1 \(Mg\) and 2 \(O\) overlap: 0.42 A"),
    "same_place.vasp": (POSCAR.replace("0.5 0.5 0.5", "1 0 0"), "overlap: 0 A"),
    "thin.vasp": (POSCAR.replace("4.2 0 0\n0 4.2 0", "1e-6 0 0\n0 1e7 0"), "periodic image overlap"),
    "large.vasp": (str(Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.2), ["Mg", "O"], [[0, 0, 0], [0.5] * 3])
                       .make_supercell((4, 4, 4)).to(fmt="poscar")), f"512 atoms in the cell, more than {MAX_ATOMS}"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_used_is_refused_in_one_line(tmp_path, name):
    content, reason = BAD[name]
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputFileError, match=reason) as caught:
        read_crystal(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "\n" not in text
    assert len(text) - len(str(path)) < 250


def test_the_limit_of_atoms_can_be_raised(tmp_path):
    path = tmp_path / "x.vasp"
    path.write_text(BAD["large.vasp"][0])
    assert len(read_crystal(path, max_atoms=512)) == 512
    with pytest.raises(InputFileError, match="more than 511"):
        read_crystal(path, max_atoms=511)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(InputFileError, match=r"nowhere\.cif: No such file"):
        read_crystal(tmp_path / "nowhere.cif")
    (tmp_path / "folder.cif").mkdir()
    with pytest.raises(InputFileError, match=r"folder\.cif: Is a directory"):
        read_crystal(tmp_path / "folder.cif")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path):
    path = tmp_path / "x.cif"
    path.write_text(HEAD + MG + OX)
    path.chmod(0)
    with pytest.raises(InputFileError, match=r"x\.cif: Permission denied"):
        read_crystal(path)


# --- Crystal itself ----------------------------------------------------------------------------------------------

GOOD = {"lattice": [[4, 0, 0], [0, 4, 0], [0, 0, 4]], "species": ["Mg", "O"], "frac_coords": [[0, 0, 0], [0.5] * 3]}


def test_a_crystal_goes_to_json_and_back():
    crystal = Crystal.from_dict(GOOD, "here")
    assert Crystal.from_dict(json.loads(json.dumps(crystal.to_dict(), allow_nan=False)), "here") == crystal
    assert (len(crystal), crystal.formula, crystal.volume_a3) == (2, "MgO", 64.0)


def test_a_crystal_goes_to_atoms_and_back():
    crystal = Crystal.from_dict(GOOD | {"frac_coords": [[0, 0, 0], [1.5, -0.5, 0.5]]}, "here")
    back = Crystal.from_atoms(crystal.to_atoms())
    assert back.species == crystal.species
    assert back.frac_coords[1] == pytest.approx((1.5, -0.5, 0.5))  # not wrapped


def test_a_crystal_cannot_be_changed():
    crystal = Crystal.from_dict(GOOD, "here")
    with pytest.raises(FrozenInstanceError):
        crystal.species = ()
    crystal.to_atoms().positions[:] = 1.0
    crystal.to_dict()["lattice"][0][0] = 9.0
    assert crystal == Crystal.from_dict(GOOD, "here")


def test_the_volume_of_a_left_handed_cell_is_positive():
    assert Crystal.from_dict(GOOD | {"lattice": [[0, 4, 0], [4, 0, 0], [0, 0, 4]]}, "here").volume_a3 == 64.0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"lattice": None}, "expected lattice"),
        ({"lattice": [[4, 0, 0], [0, 4, 0]]}, "2 lattice vectors"),
        ({"lattice": [[4, 0], [0, 4], [0, 0]]}, "expected lattice"),
        ({"lattice": [[4, 0, 0], [0, 4, 0], [0, 0, "x"]]}, "expected lattice"),
        ({"lattice": [[4, 0, 0], [0, 4, 0], [0, 0, float("nan")]]}, "not a finite number"),
        ({"species": []}, "0 species"),
        ({"species": ["Mg"]}, "1 species, 2 sites"),
        ({"species": ["Mg", "Xx"]}, "unknown element 'Xx'"),
        ({"species": ["Mg", 8]}, "unknown element '8'"),
        ({"frac_coords": [[0, 0, 0], [0.5, None, 0.5]]}, "expected lattice"),
    ],
)
def test_what_is_no_structure_is_refused(change, reason):
    with pytest.raises(InputFileError, match=f"^here: .*{reason}"):
        Crystal.from_dict(GOOD | change, "here")
    with pytest.raises(InputFileError, match="'species' is missing"):
        Crystal.from_dict({"lattice": GOOD["lattice"]}, "here")


def test_a_skewed_cell_is_the_crystal_that_it_is():
    skewed = GOOD | {"lattice": [[4, 0, 0], [40_000, 4, 0], [0, 0, 4]], "species": ["Mg"], "frac_coords": [[0, 0, 0]]}
    Crystal.from_dict(skewed, "here").check("here")
    overlap = skewed | {"species": ["Mg", "O"], "frac_coords": [[0, 0, 0], [0.1, 0, 0]]}
    with pytest.raises(InputFileError, match=r"overlap: 0\.4 A"):
        Crystal.from_dict(overlap, "here").check("here")


def test_bonds_of_real_crystals_are_no_overlap():
    for species, distance in (("HF", 0.92), ("OO", 1.21), ("NN", 1.10), ("LiH", 1.6)):
        symbols = [species[:2], species[2:]] if species == "LiH" else list(species)
        sites = [[0, 0, 0], [distance / 6, 0, 0]]
        Crystal.from_dict({"lattice": (6 * np.eye(3)).tolist(), "species": symbols, "frac_coords": sites}, "x").check(
            "x"
        )
