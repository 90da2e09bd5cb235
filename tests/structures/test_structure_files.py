"""Structure files of every kind that people hold: the same crystal from each, and nothing in them is run."""

import bz2
import gzip
import json
import lzma
import pickle
import sqlite3
import sys
import warnings
from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.singlepoint import SinglePointCalculator
from ase.db import connect
from pymatgen.core.lattice import Lattice
from pymatgen.core.structure import Structure
from pymatgen.entries.computed_entries import ComputedStructureEntry

from licoat.structures.crystals.ase_files import ASE_FORMATS
from licoat.structures.crystals.crystal import read_crystal
from licoat.structures.crystals.structure_files import read_crystals
from licoat.structures.errors import InputFileError

FIELD = Path(__file__).parent / "field"
A = 4.21
MGO = Structure.from_spacegroup(
    "Fm-3m", Lattice.cubic(A), ["Mg", "O"], [[0, 0, 0], [0.5] * 3]
).get_primitive_structure()
ATOMS = Atoms("MgO", cell=MGO.lattice.matrix, scaled_positions=MGO.frac_coords, pbc=True)


def is_mgo(crystal, volume=A**3 / 4):
    """Composition, volume and the six neighbours of Mg at a/2."""
    cell = Structure(crystal.lattice, list(crystal.species), crystal.frac_coords)
    mg = next(site for site in cell if site.specie.symbol == "Mg")
    near = [n.nn_distance for n in cell.get_neighbors(mg, A / 2 + 0.05) if n.specie.symbol == "O"]
    assert sorted(set(crystal.species)) == ["Mg", "O"]
    assert crystal.volume_a3 / len(crystal) == pytest.approx(volume / 2, rel=1e-4)
    assert near == pytest.approx([A / 2] * 6, abs=2e-3)
    return True


def optimade():
    return {
        "id": "mpf_1",
        "type": "structures",
        "attributes": {
            "lattice_vectors": MGO.lattice.matrix.tolist(),
            "cartesian_site_positions": MGO.cart_coords.tolist(),
            "species_at_sites": ["Mg", "ox"],
            "species": [
                {"name": "Mg", "chemical_symbols": ["Mg"], "concentration": [1.0]},
                {"name": "ox", "chemical_symbols": ["O"], "concentration": [1.0]},
            ],
        },
    }


ENTRY = ComputedStructureEntry(MGO, -12.0, entry_id="mp-1265").as_dict()
DOCUMENT = {"material_id": "mp-1265", "structure": MGO.as_dict(), "energy_above_hull": 0.0}
BARE = {"lattice": MGO.lattice.matrix.tolist(), "species": ["Mg", "O"], "frac_coords": MGO.frac_coords.tolist()}


@pytest.mark.parametrize(
    "document",
    [
        MGO.as_dict(),
        [MGO.as_dict()],
        MGO.add_oxidation_state_by_guess().as_dict(),
        ENTRY,
        [ENTRY],
        DOCUMENT,
        {"data": [DOCUMENT]},
        {"data": [optimade()], "meta": {"more_data_available": False}},
        {"data": optimade()},
        [{"id": "MgO", "structure": BARE, "known": True}],
        {"seeds": [{"id": "MgO", "structure": BARE}]},
        {"structures": [{"file": "x.cif", "structure": BARE}]},  # of licoat relax --json
    ],
)
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_json_documents_of_the_field(tmp_path, document, ending):
    path = tmp_path / f"x.json{ending}"
    text = json.dumps(document).encode()
    path.write_bytes(gzip.compress(text) if ending else text)
    assert is_mgo(read_crystal(path))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("x.extxyz", "extxyz"),
        ("x.xyz.gz", "extxyz"),
        ("x.xsf", "xsf"),
        ("x.traj", "traj"),
        ("x.res", "res"),
        ("x.gen", "gen"),
        ("geometry.in", "aims"),
        ("x.json", "json"),
        ("x.db", "db"),
        ("CONTCAR.bz2", "vasp"),
        ("POSCAR_relaxed.xz", "vasp"),
        ("XDATCAR", "vasp-xdatcar"),
        ("x.cif.gz", "cif"),
        ("x.cfg", "cfg"),
        ("x.cube", "cube"),
    ],
)
def test_what_ase_writes_is_read(tmp_path, name, kind):
    plain = tmp_path / f"plain.{ {'db': 'db', 'json': 'json'}.get(kind, 'x') }"
    options = {"data": np.zeros((2, 2, 2))} if kind == "cube" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ase.io.write(plain, [ATOMS] if kind == "vasp-xdatcar" else ATOMS, format=kind, **options)
    pack = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}.get(Path(name).suffix, bytes)
    path = tmp_path / name
    path.write_bytes(pack(plain.read_bytes()))
    assert is_mgo(read_crystal(path))


VASPRUN = """<?xml version="1.0" encoding="ISO-8859-1"?>
<modeling><kpoints><varray name="kpointlist"><v> 0 0 0 </v></varray><varray name="weights"><v> 1 </v></varray>
</kpoints><atominfo><atoms> 2 </atoms><array name="atoms"><set>
<rc><c>Mg</c><c> 1</c></rc><rc><c>O </c><c> 2</c></rc></set></array></atominfo>{steps}
</modeling>
"""
STEP = """<calculation><structure><crystal><varray name="basis">
<v> 0 {h} {h} </v><v> {h} 0 {h} </v><v> {h} {h} 0 </v></varray></crystal>
<varray name="positions"><v> 0 0 0 </v><v> 0.5 0.5 0.5 </v></varray></structure>
<varray name="forces"><v> 0 0 0 </v><v> 0 0 0 </v></varray>
<varray name="stress"><v> 0 0 0 </v><v> 0 0 0 </v><v> 0 0 0 </v></varray>
<energy><i name="e_fr_energy"> -12.0 </i><i name="e_wo_entrp"> -12.0 </i><i name="e_0_energy"> -12.0 </i></energy>
<scstep><energy><i name="e_fr_energy"> -12.0 </i><i name="e_wo_entrp"> -12.0 </i>
<i name="e_0_energy"> -12.0 </i></energy></scstep></calculation>"""


def test_the_last_step_of_a_run_counts(tmp_path):
    steps = [STEP.format(h=h) for h in (2.3, A / 2)]
    path = tmp_path / "vasprun.xml"
    first = steps[0].partition("</structure>")[0].replace("<calculation><structure>", '<structure name="initialpos">')
    path.write_text(VASPRUN.format(steps="\n".join([first + "</structure>", *steps])))
    assert is_mgo(read_crystal(path))
    wide = ATOMS.copy()
    wide.set_cell(wide.cell * 1.1, scale_atoms=True)
    ase.io.write(tmp_path / "x.traj", [wide, ATOMS])
    assert is_mgo(read_crystal(tmp_path / "x.traj"))


def test_two_structures_of_a_file_are_two(tmp_path):
    for name, names in (("r21_two.extxyz", ["r21_two-1", "r21_two-2"]), ("r22_ase.db", ["Cu", "Li2O"])):
        found = read_crystals(FIELD / name)
        assert [item.name for item in found] == names
        assert sorted(item.crystal.formula for item in found) == ["Cu", "Li2O"]
        with pytest.raises(InputFileError, match=r"2 structures in the file .*or read them all \(licoat relax"):
            read_crystal(FIELD / name)
    ase.io.write(tmp_path / "x.traj", [ATOMS, bulk("Cu")])
    assert [item.crystal.formula for item in read_crystals(tmp_path / "x.traj")] == ["MgO", "Cu"]
    lines = [json.dumps(ENTRY), json.dumps(ENTRY | {"entry_id": "mp-2"})]
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    assert [item.name for item in read_crystals(tmp_path / "x.jsonl")] == ["mp-1265", "mp-2"]


def test_numbers_of_a_database_are_those_that_were_written(tmp_path):
    copper = bulk("Cu", a=3.6)
    copper.calc = SinglePointCalculator(copper, energy=-1.0)
    with connect(tmp_path / "x.db") as database:
        database.write(copper, phase_id="Cu-1", data={"note": [1, 2]})
        database.write(ATOMS, phase_id='"12"')
    found = read_crystals(tmp_path / "x.db")
    assert [item.name for item in found] == ["Cu-1", "12"]
    assert np.array(found[0].crystal.lattice) == pytest.approx(copper.cell.array, abs=1e-12)
    assert is_mgo(found[1].crystal)
    assert read_crystal(FIELD / "r23_ase.json").formula == "Li2O"


# --- what is refused ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"species": [{"name": "Mg", "chemical_symbols": ["Mg", "Ca"], "concentration": [0.5, 0.5]}]},
            "'Mg' are partially",
        ),
        ({"species_at_sites": ["Mg", "Qq"]}, "unknown element 'Qq'"),
        ({"species_at_sites": ["Mg"]}, "1 species, 2 sites"),
        ({"lattice_vectors": [[1, 0, 0], [2, 0, 0], [0, 0, 1]]}, "the cell has no volume"),
        ({"lattice_vectors": [[1, 0, None], [2, 0, 0], [0, 0, 1]]}, "not a structure"),
        ({"lattice_vectors": None}, "not a structure"),
    ],
)
def test_an_optimade_answer_that_is_no_crystal(tmp_path, change, reason):
    document = optimade()
    document["attributes"] |= change
    (tmp_path / "x.json").write_text(json.dumps({"data": [document]}))
    with pytest.raises(InputFileError, match=f"x.json: mpf_1: .*{reason}"):
        read_crystal(tmp_path / "x.json")


def test_molecules_and_slabs_are_no_crystals(tmp_path):
    for pbc in (False, (True, True, False)):
        atoms = ATOMS.copy()
        atoms.pbc = pbc
        for name in ("x.extxyz", "x.traj", "x.db", "x.json"):
            (tmp_path / name).unlink(missing_ok=True)
            ase.io.write(tmp_path / name, atoms)
            with pytest.raises(InputFileError, match="not periodic in three directions; give a crystal"):
                read_crystal(tmp_path / name)


def test_no_module_is_imported_from_a_data_file(tmp_path, monkeypatch):
    (tmp_path / "evilmod.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    crystal = read_crystal(FIELD / "evilstruct.json")
    assert (crystal.formula, crystal.volume_a3) == ("Cu", pytest.approx(4.05**3))
    assert "evilmod" not in sys.modules


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_pickles_are_not_loaded(tmp_path):
    mark = tmp_path / "mark"
    raw = pickle.dumps(Bomb(mark))
    for name, content in (("x.traj", b"PickleTrajectory" + raw), ("y.traj", raw), ("x.json", raw), ("x.db", raw)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputFileError) as caught:
            read_crystal(tmp_path / name)
        assert "\n" not in str(caught.value)
    assert not mark.exists()
    pickle.loads(raw)  # noqa: S301 - our own: the bomb works
    assert mark.exists()


def test_formats_that_run_something_are_not_on_the_list(tmp_path):
    names = {name for name, _ in ASE_FORMATS.values()}
    assert not names & {"py", "bundletrajectory", "gpw", "castep-cell", "mysql", "postgresql", "db", "traj", "json"}
    for name in ("x.py", "x.gpw", "x.cell", "x.bundle"):
        (tmp_path / name).write_text("raise SystemExit\n")
        with pytest.raises(InputFileError, match="not a kind of structure file"):
            read_crystal(tmp_path / name)


LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]><modeling>&j;</modeling>"
)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("vasprun.xml", LAUGHS.encode(), "an XML file that defines entities"),
        ("x.xsd", LAUGHS.encode(), "an XML file that defines entities"),
        ("x.cif.gz", gzip.compress(b"#" * (300 * 2**20), 1), "more than 256 MB"),
        ("x.cif.xz", b"\xfd7zXZ\x00damaged", "damaged or cut short"),
        ("x.cif.bz2", b"no", "damaged or cut short"),
        ("x.extxyz", b"99999999999\nLattice\n", "cannot be read as extended XYZ"),
        ("OUTCAR", b"nothing of it\n", "cannot be read as OUTCAR|no structure in it"),
        ("vasprun.xml", b"<modeling>", "cannot be read as vasprun.xml"),
        ("x.db", b"SQLite format 3\0" + b"\xff" * 200, "cannot be read as an ase database"),
        ("x.traj", b"- of UlmASE-Trajectory  " + b"\xff" * 64, "damaged or cut short"),
        ("x.res", b"CELL 1 4 4 4 90 90 90\nLATT 1\nSFAC Mg\nMg 1 0 0 0\nEND\n", "with symmetry"),
        ("POSCAR", b"x\n1\n4 0 0\n0 4 0\n0 0 4\nMg\n99999\nDirect\n0 0 0\n", "99999 atoms, but 1 lines"),
        ("POSCAR", b"x\n1\n4 0 0\n0 4 0\n0 0 4\nMg\n9999999999\nDirect\n0 0 0\n", "cannot be read as POSCAR"),
    ],
)
def test_hostile_and_damaged_files_are_one_line(tmp_path, name, content, reason):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputFileError, match=reason) as caught:
        read_crystals(tmp_path / name)
    text = str(caught.value)
    assert text.startswith(f"{tmp_path / name}: ")
    assert "\n" not in text
    assert len(text) - len(str(tmp_path)) < 300


def test_a_database_that_is_a_query_is_not_run(tmp_path):
    path = tmp_path / "x.db"
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE VIEW systems AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) "
            "SELECT id, id AS numbers, id AS positions, id AS cell, 7 AS pbc, '' AS key_value_pairs FROM n"
        )
    connection.close()
    with pytest.raises(InputFileError, match="it has no table 'systems'"):
        read_crystals(path)
