"""Phases that a symmetric start left on a saddle point: displaced, relaxed again, the lower kept."""

import gzip
import json
import math

import numpy as np
import pytest

from licoat.structures import InputFileError
from licoat.structures.crystals.calculators import CALCULATORS
from licoat.structures.crystals.crystal import Crystal
from licoat.structures.crystals.relaxation import RelaxationSettings
from licoat.structures.phases.facts import DATA
from licoat.workflows.calculations.dataset import DOCUMENT, BuildOptions, build_dataset
from licoat.workflows.calculations.engines import open_engine
from licoat.workflows.calculations.seeds import Seed, read_seeds

TIGHT = RelaxationSettings(fmax_ev_per_a=0.001, smax_gpa=0.01)


def bravais(kind, a):
    h = a / 2
    rows = {"fcc": ((0.0, h, h), (h, 0.0, h), (h, h, 0.0)), "sc": ((a, 0.0, 0.0), (0.0, a, 0.0), (0.0, 0.0, a))}[kind]
    return Crystal(rows, ("Cu",), ((0.0, 0.0, 0.0),))


FCC, CUBE = bravais("fcc", 3.6), bravais("sc", 2.4)


def phases(folder, seeds, **options):
    dataset = build_dataset(seeds, CALCULATORS["emt"], folder, open_engine(), BuildOptions(relaxation=TIGHT, **options))
    document = json.loads(gzip.decompress((folder / DOCUMENT).read_bytes()))
    return {phase["id"]: phase for phase in document["phases"]}, document, dataset


def test_displaced_is_the_same_structure_without_symmetry_and_always_alike():
    moved = FCC.displaced()
    assert moved == FCC.displaced()
    assert moved.species == FCC.species
    strain = np.array(moved.lattice) @ np.linalg.inv(np.array(FCC.lattice)) - np.eye(3)
    assert 0.001 < np.abs(strain).max() < 0.05
    assert math.isclose(moved.volume_a3, FCC.volume_a3, rel_tol=0.05)
    two = Crystal(((5.0, 0.0, 0.0), (0.0, 5.0, 0.0), (0.0, 0.0, 5.0)), ("Na", "Cl"), ((0.0,) * 3, (0.5,) * 3))
    shifts = 5.0 * (np.array(two.displaced().frac_coords) - np.array(two.frac_coords))
    assert 0.01 < np.abs(shifts).max() < 0.3
    assert np.abs(shifts[0] - shifts[1]).max() > 0.01  # not a translation


def test_simple_cubic_copper_falls_to_the_face_centred_ground_state(tmp_path):
    found, document, dataset = phases(tmp_path, [Seed("fcc", FCC, known=True), Seed("cube", CUBE, known=False)])
    fcc, cube = found["fcc"], found["cube"]
    assert document["displaced"] == "unreported"
    assert "displaced_change_ev_per_atom" not in fcc  # what is known keeps its symmetry
    # -0.45 eV: a saddle of the path from one face-centred cell to another
    assert cube["displaced_change_ev_per_atom"] < -0.01
    assert cube["energy_raw_ev_per_atom"] == pytest.approx(fcc["energy_raw_ev_per_atom"], abs=1e-4)
    assert cube["volume_a3_per_atom"] == pytest.approx(fcc["volume_a3_per_atom"], rel=1e-3)
    assert cube["volume_start_a3_per_atom"] == pytest.approx(CUBE.volume_a3, abs=1e-5)
    assert (dataset.n_phases, dataset.failures) == (1, {})  # one minimum, one phase


def test_what_is_known_stays_what_it_is_unless_all_are_displaced(tmp_path):
    seeds = [Seed("cube", CUBE, known=True)]
    kept = phases(tmp_path / "a", seeds)[0]["cube"]
    fallen = phases(tmp_path / "b", seeds, displace="all")[0]["cube"]
    assert kept["energy_raw_ev_per_atom"] - fallen["energy_raw_ev_per_atom"] == pytest.approx(
        -fallen["displaced_change_ev_per_atom"], abs=2e-6
    )
    assert fallen["displaced_change_ev_per_atom"] < -0.01


def test_a_minimum_keeps_its_first_structure_and_its_symmetry(tmp_path):
    plain = phases(tmp_path / "a", [Seed("fcc", FCC, known=False)], displace="none")[0]["fcc"]
    again = phases(tmp_path / "b", [Seed("fcc", FCC, known=False)])[0]["fcc"]
    assert abs(again.pop("displaced_change_ev_per_atom")) < 1e-3
    assert again == plain


def test_symmetry_that_is_to_be_kept_is_kept(tmp_path):
    relaxation = RelaxationSettings(keep_symmetry=True)
    options = BuildOptions(relaxation=relaxation, displace="unreported")
    build_dataset([Seed("cube", CUBE, known=False)], CALCULATORS["emt"], tmp_path, open_engine(), options)
    document = json.loads(gzip.decompress((tmp_path / DOCUMENT).read_bytes()))
    assert document["displaced"] == "none"
    assert "displaced_change_ev_per_atom" not in document["phases"][0]


def test_second_relaxation_that_does_not_converge_is_named_and_the_first_is_kept(tmp_path):
    settings = RelaxationSettings(fmax_ev_per_a=0.001, smax_gpa=0.01, max_steps=4)
    relaxed = phases(tmp_path / "a", [Seed("cube", CUBE, known=True)])[0]["cube"]["structure"]
    seed = Seed("cube", Crystal.from_dict(relaxed, "relaxed"), known=False)
    dataset = build_dataset(
        [seed], CALCULATORS["emt"], tmp_path / "b", open_engine(), BuildOptions(relaxation=settings)
    )
    (name, reason), *others = dataset.failures.items()
    assert (name, others) == ("displaced cube", [])
    assert reason.startswith("not converged within 4 steps")
    assert dataset.n_phases == 1


def test_choices(tmp_path, run):
    with pytest.raises(InputFileError, match=r"displace 'some': expected one of none, unreported, all"):
        BuildOptions(displace="some")
    path = tmp_path / "seeds.json"
    path.write_text(json.dumps([{"id": "fcc", "structure": FCC.to_dict()}]))
    build = ("data", "build", "--seeds", path, "--calculator", "emt", "--out", tmp_path / "out")
    message = "licoat: --displace all and --keep-symmetry exclude each other\n"
    assert run(*build, "--displace", "all", "--keep-symmetry") == (2, "", message)
    assert run(*build, "--displace", "all", "--quiet")[0] == 0
    status, _, err = run("data", "build", "--displace", "none")
    assert status == 2
    assert "--displace needs --seeds" in err


def test_moduli_of_a_structure_far_from_its_minimum_are_refused(tmp_path):
    """Simple cubic copper is unstable and what it falls to, 0.45 eV lower, is another phase."""
    phase = phases(tmp_path, [Seed("cube", CUBE, known=True)], elastic="all")[0]["cube"]
    assert "elastic" not in phase
    assert "unstable" in (tmp_path / "failures.csv").read_text()


def test_moduli_of_rutile_palladium_dioxide_are_those_of_its_distorted_copy(tmp_path):
    """The potential turns the rutile to the CaCl2 type, 9 meV below, as experiments find at high pressure."""
    pytest.importorskip("sevenn", reason="needs the extra mlip")
    wanted = ("a-PdO2-rutile", "el-Pd-2", "el-O-3")
    seeds = [seed for seed in read_seeds(DATA / "seeds.json.gz") if seed.phase_id in wanted]
    options = BuildOptions(elastic="all", elastic_phases=("a-PdO2-rutile",), elastic_max_atoms=1)
    dataset = build_dataset(seeds, CALCULATORS["sevennet"], tmp_path, open_engine(), options)
    document = json.loads(gzip.decompress((tmp_path / DOCUMENT).read_bytes()))
    (phase,) = (phase for phase in document["phases"] if phase["id"] == "a-PdO2-rutile")
    assert "displaced_change_ev_per_atom" not in phase  # known: its energy and volume are those of the rutile
    assert -0.025 < phase["elastic"]["distorted_ev_per_atom"] < -0.001
    assert "elastic a-PdO2-rutile" not in dataset.failures
    stiffness = np.array(phase["elastic"]["stiffness_gpa"])
    assert np.linalg.eigvalsh(stiffness).min() > 0.0
    assert 100.0 < phase["elastic"]["bulk_modulus_gpa"] < 300.0  # rutile oxides: 150 (SnO2: 205) to 300
