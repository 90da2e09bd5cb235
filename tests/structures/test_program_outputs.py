"""What programs write: the last step of a run, and counts that would fill the memory are refused before ase counts."""

import gzip

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk

from licoat.structures.crystals.crystal import read_crystal
from licoat.structures.errors import InputFileError

A = 4.21
HEAD = """\
 vasp.6.4.2 20Jul23 complex

 POTCAR:    PAW_PBE Mg 13Apr2007
 POTCAR:    PAW_PBE O 08Apr2002
 POTCAR:    PAW_PBE Mg 13Apr2007
   VRHFIN =Mg: s2
 POTCAR:    PAW_PBE O 08Apr2002
   VRHFIN =O: s2p4

 Dimension of arrays:
   k-points           NKPTS =      1   k-points in BZ     NKDIM =      1   number of bands    NBANDS=      2
   number of dos      NEDOS =    301   number of ions     NIONS =      2
   ions per type =               1   1

   ISPIN  =      1    spin polarized calculation?

 k-points in units of 2pi/SCALE and weight: Gamma
   0.00000000  0.00000000  0.00000000       1.000

 k-points in reciprocal lattice and weights: Gamma
   0.00000000  0.00000000  0.00000000       1.000
"""
STEP = """
--------------------------------------- Iteration {n:6d}(   1)  ---------------------------------------

 E-fermi :   3.1000     XC(G=0):  -9.0000     alpha+bet : -8.0000

 k-point     1 :       0.0000    0.0000    0.0000
  band No.  band energies     occupation
      1     -12.5000      2.00000
      2       5.2000      0.00000

  FORCE on cell =-STRESS in cart. coord.  units (eV):
  Total      -0.10000    -0.10000    -0.10000     0.00000     0.00000     0.00000
  in kB      -8.60000    -8.60000    -8.60000     0.00000     0.00000     0.00000

 VOLUME and BASIS-vectors are now :
  energy-cutoff  :      520.00
  volume of cell :       {volume:.2f}
      direct lattice vectors                 reciprocal lattice vectors
{lattice}

 POSITION                                       TOTAL-FORCE (eV/Angst)
 -----------------------------------------------------------------------------------
      0.00000      0.00000      0.00000         0.000000     -0.000000      0.000000
{oxygen}         0.000000      0.000000-0.000000
 -----------------------------------------------------------------------------------

  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)
  ---------------------------------------------------
  free  energy   TOTEN  =       -11.95000000 eV

  energy  without entropy=      -11.95000000  energy(sigma->0) =      -11.95000000
"""


def outcar(*sides):
    """Write rock salt MgO, relaxed from one lattice constant to the next, as VASP lays it out."""
    text = HEAD
    for n, a in enumerate(sides, 1):
        cell = a / 2 * np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]])
        rows = np.hstack([cell, np.linalg.inv(cell).T])
        lattice = "\n".join("  " + "".join(f"{x:14.9f}" for x in row) for row in rows)
        oxygen = "".join(f"{a / 2:13.5f}" for _ in range(3))
        text += STEP.format(n=n, volume=a**3 / 4, lattice=lattice, oxygen=oxygen)
    return text


@pytest.mark.parametrize("name", ["OUTCAR", "OUTCAR.gz", "relax.outcar"])
def test_the_last_step_of_an_outcar(tmp_path, name):
    raw = outcar(4.4, 4.3, A).encode()
    (tmp_path / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    crystal = read_crystal(tmp_path / name)
    assert sorted(crystal.species) == ["Mg", "O"]
    assert crystal.volume_a3 == pytest.approx(A**3 / 4, rel=1e-4)
    mg, o = (np.array(crystal.frac_coords[crystal.species.index(symbol)]) for symbol in ("Mg", "O"))
    away = (o - mg + 0.5) % 1.0 - 0.5
    images = np.array([(i, j, k) for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1)])
    distances = np.sort(np.linalg.norm((away + images) @ np.array(crystal.lattice), axis=1))
    assert distances[:6] == pytest.approx(A / 2, rel=1e-4)  # six neighbours of rock salt
    assert distances[6] > 0.7 * A


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_an_outcar_that_is_cut_short(tmp_path, cut):
    """Without one whole step there is no structure; of two steps the whole one counts."""
    text = outcar(4.3, A)
    (tmp_path / "OUTCAR").write_text(text[: int(cut * len(text))])
    if cut < 0.5:
        with pytest.raises(InputFileError, match=r"OUTCAR: .*OUTCAR"):
            read_crystal(tmp_path / "OUTCAR")
    else:
        assert read_crystal(tmp_path / "OUTCAR").volume_a3 == pytest.approx(4.3**3 / 4, rel=1e-4)


ATOMS = bulk("MgO", "rocksalt", a=A)
MANY = "2000000000"


def written(path, kind):
    ase.io.write(path, [ATOMS] if kind == "vasp-xdatcar" else ATOMS, format=kind)
    return path.read_text()


@pytest.mark.parametrize(
    ("name", "kind", "old", "new"),
    [
        ("OUTCAR", None, "ions per type =               1   1", f"ions per type =   1 {MANY}"),
        ("OUTCAR", None, "NKPTS =      1 ", f"NKPTS = {MANY} "),
        ("OUTCAR", None, "NBANDS=      2", f"NBANDS= {MANY}"),
        ("XDATCAR", "vasp-xdatcar", "1                1\n", f"1 {MANY}\n"),
        ("x.extxyz", "extxyz", "species:S:1:pos:R:3", f"species:S:1:pos:R:{MANY}"),
        ("x.extxyz", "extxyz", "species:S:1:pos:R:3", f"species:S:{MANY}:pos:R:3"),
    ],
)
def test_counts_that_would_fill_the_memory(tmp_path, name, kind, old, new):
    text = outcar(A) if kind is None else written(tmp_path / "plain", kind)
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new))
    with pytest.raises(InputFileError, match=rf"{name}: .*count.* of 2000000000") as caught:
        read_crystal(tmp_path / name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["x.xsf", "x.cube"])
def test_an_element_that_is_none(tmp_path, name):
    path = tmp_path / name
    options = {"data": np.zeros((2, 2, 2))} if name.endswith("cube") else {}
    ase.io.write(path, Atoms("MgO", cell=ATOMS.cell, positions=ATOMS.positions, pbc=True), **options)
    text = path.read_text()
    at = text.rindex("\n 12 " if name.endswith("xsf") else "\n   12 ") + 1
    path.write_text(text[:at] + text[at:].replace("12", "2000", 1))
    with pytest.raises(InputFileError, match="unknown element of atomic number 2000"):
        read_crystal(path)
