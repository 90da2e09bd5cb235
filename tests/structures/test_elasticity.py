"""Elastic constants against energies, exact relations, published potentials and published crystals."""

import doctest
import json
import warnings

import numpy as np
import pytest
import spglib
from ase import Atoms, units
from ase.build import bulk, make_supercell
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones
from ase.calculators.tersoff import Tersoff, TersoffParameters
from ase.eos import EquationOfState as AseEquationOfState
from ase.filters import FrechetCellFilter
from ase.optimize import BFGS
from ase.spacegroup import crystal
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pymatgen.analysis.elasticity import ElasticTensor
from scipy.optimize import minimize_scalar
from scipy.spatial.transform import Rotation

from licoat.structures.crystals import elastic_tensor, elasticity
from licoat.structures.crystals.calculator_spec import silence
from licoat.structures.crystals.calculators import CALCULATORS
from licoat.structures.crystals.elasticity import (
    ElasticConstants,
    ElasticityError,
    ElasticModuli,
    ElasticSettings,
    born_eigenvalue_gpa,
    elastic_constants,
    equation_of_state,
    voigt_reuss_hill,
)
from licoat.structures.crystals.equation_of_state import birch_murnaghan
from licoat.structures.errors import CalculatorError, LicoatError

FINE = ElasticSettings(strains=(-1e-3, 1e-3), fmax_ev_per_a=1e-5)
"""For analytic potentials in double precision: third order and unrelaxed ions are then below 1e-4 of a constant."""

CLAMPED = ElasticSettings(strains=(-1e-3, 1e-3), relax_ions=False)


def relaxed(atoms, calculator, fmax=1e-5):
    atoms.calc = calculator
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="logm result may be inaccurate")
        assert BFGS(FrechetCellFilter(atoms), logfile=None).run(fmax=fmax, steps=300)
    return atoms


def lennard_jones():
    return LennardJones(sigma=2.5, epsilon=0.5, rc=6.0, ro=5.0, smooth=True)


def silicon():
    """Return Tersoff's third parameter set (``T3``), as LAMMPS distributes it."""
    t3 = TersoffParameters(
        m=3.0, gamma=1.0, lambda3=0.0, c=100390.0, d=16.217, h=-0.59825, n=0.78734, beta=1.1e-6,
        lambda2=1.73222, B=471.18, R=2.85, D=0.15, lambda1=2.4799, A=1830.8,
    )  # fmt: skip
    return Tersoff({("Si", "Si", "Si"): t3})


@pytest.fixture(scope="module")
def hcp():
    return relaxed(bulk("Ti", "hcp", a=2.75, c=4.5), lennard_jones())


@pytest.fixture(scope="module")
def hcp_constants(hcp):
    return elastic_constants(hcp, lennard_jones(), FINE)


@pytest.fixture(scope="module")
def diamond():
    return relaxed(bulk("Si", "diamond", a=5.432), silicon())


class Broken(Calculator):
    """Gives what it is told to give."""

    implemented_properties = ("energy", "forces", "stress")

    def __init__(self, stress=0.0, force=0.0, properties=("energy", "forces", "stress")):
        super().__init__()
        self.values = {"energy": 0.0, "stress": np.full(6, stress), "forces": force}
        self.implemented_properties = properties

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.results = self.values | {"forces": np.full((len(atoms), 3), self.values["forces"])}


def energy_curvature_gpa(atoms, calculator, direction, step=2e-3):
    """Second derivative of the energy density along a strain, in GPa, by five points and ASE's own units."""
    energies = []
    for i in (-2, -1, 0, 1, 2):
        strained = atoms.copy()
        strained.calc = calculator
        strained.set_cell(atoms.cell.array @ (np.eye(3) + i * step * np.array(direction)), scale_atoms=True)
        energies.append(strained.get_potential_energy())
    second = np.dot([-1, 16, -30, 16, -1], energies) / (12.0 * step**2)
    return second / atoms.get_volume() / units.GPa


class TestExact:
    @pytest.mark.parametrize("symbol", ["Al", "Cu", "Ag"])
    def test_cubic_constants_are_curvatures_of_the_energy(self, symbol):
        atoms = relaxed(bulk(symbol), EMT())
        found = elastic_constants(atoms, EMT(), FINE)
        c = np.array(found.stiffness_gpa)
        uniaxial = energy_curvature_gpa(atoms, EMT(), np.diag([1.0, 0.0, 0.0]))
        hydrostatic = energy_curvature_gpa(atoms, EMT(), np.eye(3))
        shear = energy_curvature_gpa(atoms, EMT(), [[0, 0, 0], [0, 0, 0.5], [0, 0.5, 0]])  # gamma = 1
        expected = [uniaxial, (hydrostatic / 3.0 - uniaxial) / 2.0, shear]
        # the stress of EMT is exact; its energy carries 1e-12 eV / (12 h^2) and the fit third order, both below 3e-4
        assert [c[0, 0], c[0, 1], c[3, 3]] == pytest.approx(expected, rel=3e-4)
        assert (found.n_independent, found.n_strains, found.usable, found.born_stable) == (3, 2, True, True)

    @pytest.mark.parametrize("strains", [(-0.01, 0.01), (-0.01, -0.005, 0.005, 0.01), (-0.005, 0.01, 0.005)])
    def test_size_of_strain_matters_little(self, strains):
        atoms = relaxed(bulk("Cu"), EMT())
        fine = elastic_constants(atoms, EMT(), FINE)
        coarse = elastic_constants(atoms, EMT(), ElasticSettings(strains=strains))
        # third order is strain^2 times constants some 100 times larger: 1 %
        assert np.array(coarse.stiffness_gpa) == pytest.approx(np.array(fine.stiffness_gpa), rel=0.01, abs=1e-6)

    def test_cauchy_relation_of_central_forces(self):
        found = elastic_constants(relaxed(bulk("Cu", a=3.9), lennard_jones()), lennard_jones(), FINE)
        c = np.array(found.stiffness_gpa)
        assert c[0, 1] == pytest.approx(c[3, 3], rel=1e-3)  # exact at zero pressure; the cell is relaxed to 1e-3 GPa
        assert c[0, 0] > c[0, 1]

    def test_hexagonal(self, hcp, hcp_constants):
        c = np.array(hcp_constants.stiffness_gpa)
        assert hcp_constants.n_independent == 5
        assert c[5, 5] == pytest.approx((c[0, 0] - c[0, 1]) / 2.0, rel=1e-9)
        assert [c[0, 0], c[0, 2], c[3, 3]] == pytest.approx([c[1, 1], c[1, 2], c[4, 4]], rel=1e-9)
        # along c ions feel no force, so that energy at clamped ions is the energy: an independent number
        assert c[2, 2] == pytest.approx(energy_curvature_gpa(hcp, lennard_jones(), np.diag([0, 0, 1.0])), rel=1e-3)

    def test_symmetry_only_saves_work(self, hcp, hcp_constants, monkeypatch):
        basis = elastic_tensor.invariant_basis
        monkeypatch.setattr(elasticity, "invariant_basis", lambda _: basis(np.eye(3)[None]))
        found = elastic_constants(hcp, lennard_jones(), FINE)
        assert (found.n_independent, found.n_strains) == (21, 12)
        # ions are relaxed to 1e-5 eV/A, which is 1e-3 of what the strain does to them
        scale = np.array(hcp_constants.stiffness_gpa).max()
        assert np.array(found.stiffness_gpa) == pytest.approx(np.array(hcp_constants.stiffness_gpa), abs=2e-3 * scale)

    def test_rotation_of_the_crystal(self, hcp, hcp_constants):
        turn = Rotation.from_euler("xyz", [0.3, -0.8, 1.1])
        turned = hcp.copy()
        turned.set_cell(hcp.cell.array @ turn.as_matrix().T, scale_atoms=True)
        found = elastic_constants(turned, lennard_jones(), FINE)
        # other strains, so another third order
        expected = ElasticTensor.from_voigt(np.array(hcp_constants.stiffness_gpa)).rotate(turn.as_matrix(), tol=1e-6)
        assert np.array(found.stiffness_gpa) == pytest.approx(expected.voigt, abs=2e-3 * expected.voigt.max())
        for name in ElasticModuli.__slots__:
            assert getattr(found.moduli, name) == pytest.approx(getattr(hcp_constants.moduli, name), rel=2e-3, abs=2e-3)

    @pytest.mark.parametrize("cell", [np.diag([2, 1, 1]), [[1, 1, 0], [0, 2, 0], [0, 0, 1]]])
    def test_supercell(self, hcp, hcp_constants, cell):
        found = elastic_constants(make_supercell(hcp, np.array(cell)), lennard_jones(), FINE)
        assert found.n_independent == 5
        assert np.array(found.stiffness_gpa) == pytest.approx(np.array(hcp_constants.stiffness_gpa), abs=1e-2)

    def test_internal_strain_of_silicon(self, diamond):
        """Tersoff, Phys. Rev. B 38, 9902 (1988): C11 142.5, C12 75.4, C44 69.0, clamped 118.8 GPa."""
        free = np.array(elastic_constants(diamond, silicon(), FINE).stiffness_gpa)
        fixed = np.array(elastic_constants(diamond, silicon(), CLAMPED).stiffness_gpa)
        # printed to three or four digits
        assert [free[0, 0], free[0, 1], free[3, 3]] == pytest.approx([142.5, 75.4, 69.0], rel=0.01)
        assert fixed[3, 3] == pytest.approx(118.8, rel=0.01)
        assert fixed[:3, :3] == pytest.approx(free[:3, :3], rel=1e-3)  # no axial strain moves the atoms

    def test_relaxed_ions_are_never_stiffer(self, hcp, hcp_constants):
        fixed = np.array(elastic_constants(hcp, lennard_jones(), CLAMPED).stiffness_gpa)
        difference = fixed - np.array(hcp_constants.stiffness_gpa)
        assert np.linalg.eigvalsh(difference).min() > -1e-3 * fixed.max()
        assert np.linalg.eigvalsh(difference).max() > 0.1


# constants that the point group leaves free: Nye, Physical Properties of Crystals, table 9
FREE = {
    21: "1 -1", 13: "2 m 2/m", 9: "222 mm2 mmm", 7: "4 -4 4/m 3 -3", 6: "422 4mm -42m 4/mmm 32 3m -3m",
    5: "6 -6 6/m 622 6mm -6m2 6/mmm", 3: "23 m-3 432 -43m m-3m",
}  # fmt: skip


@pytest.fixture(scope="module")
def point_groups():
    """Cartesian rotations of all point groups, from one setting of each space group."""
    groups = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of spglib, about how it reports errors
        kinds = [(hall, spglib.get_spacegroup_type(hall)) for hall in range(1, 531)]
        operations = {hall: spglib.get_symmetry_from_database(hall)["rotations"] for hall, _ in kinds}
    for hall, kind in kinds:
        if kind.choice == "R":
            continue
        angle = 120.0 if 143 <= kind.number <= 194 else 90.0
        lattice = Atoms("H", cell=[1, 1, 1, 90, 90, angle]).cell.array.T
        fractional = np.unique(operations[hall], axis=0)
        groups.setdefault(kind.pointgroup_international, lattice @ fractional @ np.linalg.inv(lattice))
    return groups


class TestSymmetry:
    @pytest.mark.parametrize(("n", "group"), [(n, g) for n, names in FREE.items() for g in names.split()])
    def test_constants_and_strains(self, point_groups, n, group):
        basis = elastic_tensor.invariant_basis(point_groups[group])
        patterns = elastic_tensor.strain_patterns(basis)
        design = np.einsum("nij,pj->pin", basis, patterns).reshape(-1, len(basis))
        assert len(basis) == n
        assert len(patterns) == {21: 6, 13: 4, 9: 3, 7: 2, 6: 2, 5: 2, 3: 1}[n]  # the least number: 6 equations each
        assert np.linalg.cond(design) < 3.2

    def test_forces_against_symmetry_are_removed(self, diamond):
        _, symmetry = elastic_tensor.primitive_cell(diamond, silicon(), 0.01)
        noise = np.random.default_rng(0).normal(size=(2, 3))
        assert symmetry.mean(noise) == pytest.approx(np.zeros((2, 3)), abs=1e-12)
        along = np.ones((3, 3)) - np.eye(3)
        pattern = np.array([0, 0, 0, 1, 1, 1]) / np.sqrt(3.0)
        kept = symmetry.under(pattern)
        assert len(kept.rotations) == 12  # -3m
        left = kept.mean(noise)
        assert left[0] == pytest.approx(-left[1], abs=1e-12)
        assert np.cross(left[0], along @ np.ones(3)) == pytest.approx(np.zeros(3), abs=1e-12)  # along 111
        assert kept.mean(left) == pytest.approx(left, abs=1e-12)

    def test_calculators_see_no_constraint(self, diamond):
        # One that writes input files would write it too, or complain of it (Quantum ESPRESSO in ASE).
        class Seeing(Tersoff):
            def calculate(self, atoms, properties, system_changes):
                assert not atoms.constraints
                super().calculate(atoms, properties, system_changes)

        calculator = silicon()
        calculator.__class__ = Seeing
        assert elastic_constants(diamond, calculator, FINE).usable

    def test_crystal_is_taken_as_it_is_without_symmetry(self):
        lowered = relaxed(bulk("Cu", cubic=True), EMT())
        found = elastic_constants(lowered, EMT(), FINE)
        lowered.rattle(0.02, seed=1)
        loose = ElasticSettings(max_residual_stress_gpa=10.0, max_residual_force_ev_per_a=1.0)
        triclinic = elastic_constants(lowered, EMT(), loose)
        assert (found.n_independent, triclinic.n_independent) == (3, 21)
        # ions go back to where they were
        assert triclinic.bulk_modulus_gpa == pytest.approx(found.bulk_modulus_gpa, rel=0.01)


def from_mandel(matrix):
    scale = np.array([1, 1, 1, np.sqrt(2), np.sqrt(2), np.sqrt(2)])
    return matrix / np.outer(scale, scale)


STABLE = arrays(float, (6, 6), elements=st.floats(-5, 5)).map(lambda a: from_mandel(a @ a.T + np.eye(6)))
ISOTROPIC = np.diag([0.0, 0, 0, 26, 26, 26]) + np.pad(np.full((3, 3), 59.0) + 52.0 * np.eye(3), (0, 3))
MGO = [[297, 95, 95, 0, 0, 0], [95, 297, 95, 0, 0, 0], [95, 95, 297, 0, 0, 0],
       [0, 0, 0, 156, 0, 0], [0, 0, 0, 0, 156, 0], [0, 0, 0, 0, 0, 156]]  # fmt: skip


class TestModuli:
    @given(STABLE)
    def test_bounds_and_pymatgen(self, stiffness):
        ours, theirs = voigt_reuss_hill(stiffness), ElasticTensor.from_voigt(stiffness)
        slack = 1.0 + 1e-9
        assert 0.0 < ours.bulk_reuss_gpa <= ours.bulk_hill_gpa * slack <= ours.bulk_voigt_gpa * slack**2
        assert 0.0 < ours.shear_reuss_gpa <= ours.shear_hill_gpa * slack <= ours.shear_voigt_gpa * slack**2
        assert ours.universal_anisotropy > -1e-6
        assert -1.0 < ours.poisson_ratio < 0.5
        expected = [
            theirs.k_voigt, theirs.k_reuss, theirs.k_vrh, theirs.g_voigt, theirs.g_reuss, theirs.g_vrh,
            theirs.y_mod / 1e9,  # pymatgen gives this one in Pa
            theirs.homogeneous_poisson, theirs.universal_anisotropy,
        ]  # fmt: skip
        # inverses of matrices with condition numbers up to 1e3 or so
        assert [getattr(ours, name) for name in ElasticModuli.__slots__] == pytest.approx(expected, rel=1e-6, abs=1e-6)

    @given(STABLE, st.integers(0, 1000))
    def test_smallest_eigenvalue_does_not_depend_on_axes(self, stiffness, seed):
        turned = ElasticTensor.from_voigt(stiffness).rotate(Rotation.random(rng=seed).as_matrix(), tol=1e-6)
        assert born_eigenvalue_gpa(turned.voigt) == pytest.approx(born_eigenvalue_gpa(stiffness), rel=1e-6, abs=1e-9)

    def test_isotropic(self):
        moduli = voigt_reuss_hill(ISOTROPIC)
        assert moduli.universal_anisotropy == pytest.approx(0.0, abs=1e-12)
        assert (moduli.bulk_hill_gpa, moduli.shear_hill_gpa) == pytest.approx((59.0 + 52.0 / 3.0, 26.0))
        assert moduli.young_modulus_gpa == pytest.approx(2.0 * 26.0 * (1.0 + moduli.poisson_ratio))
        assert born_eigenvalue_gpa(ISOTROPIC) == pytest.approx(52.0)

    def test_examples_in_docstrings(self):
        assert doctest.testmod(elastic_tensor).failed == 0

    @pytest.mark.parametrize(
        ("matrix", "text"),
        [
            (np.eye(3), "shape"),
            (np.full((6, 6), np.nan), "finite"),
            (np.triu(np.ones((6, 6))), "not symmetric"),
            (-np.eye(6), "unstable"),
            (np.zeros((6, 6)), "unstable"),
        ],
    )
    def test_what_is_no_stiffness(self, matrix, text):
        with pytest.raises(ElasticityError, match=text) as caught:
            voigt_reuss_hill(matrix)
        assert isinstance(caught.value, LicoatError)


class TestRefusals:
    @pytest.mark.parametrize("structure", ["bcc", "sc"])
    def test_born_unstable(self, structure):
        def atoms(a):
            made = bulk("Cu", structure, a=a)
            made.calc = lennard_jones()
            return made

        best = minimize_scalar(lambda a: atoms(a).get_potential_energy(), bounds=(2.4, 3.4), method="bounded")
        found = elastic_constants(atoms(best.x), lennard_jones(), FINE)
        assert found.converged
        assert found.born_stable is False
        assert found.smallest_eigenvalue_gpa < 0.0
        assert (found.usable, found.moduli, found.bulk_modulus_gpa, found.shear_modulus_gpa) == (
            False,
            None,
            None,
            None,
        )
        assert "unstable" in found.reason

    def test_ions_that_do_not_relax(self, diamond):
        settings = ElasticSettings(fmax_ev_per_a=1e-9, max_steps=2)
        found = elastic_constants(diamond, silicon(), settings)
        assert "ions not relaxed within 2 steps" in found.reason
        assert (found.converged, found.usable, found.born_stable) == (False, False, None)
        assert (found.stiffness_gpa, found.moduli, found.bulk_modulus_gpa) == (None, None, None)

    @pytest.mark.parametrize("a", [3.5, 3.7])
    def test_crystal_that_is_not_relaxed(self, a):
        found = elastic_constants(bulk("Cu", a=a), EMT())
        assert "not relaxed" in found.reason
        assert found.residual_stress_gpa > 0.2
        assert found.stiffness_gpa is None

    @pytest.mark.parametrize("values", [{"stress": np.nan}, {"force": np.inf}])
    def test_calculator_without_numbers(self, values):
        found = elastic_constants(bulk("Cu"), Broken(**values))
        assert "no numbers" in found.reason
        assert found.stiffness_gpa is None

    def test_calculator_without_resistance(self):
        found = elastic_constants(bulk("Cu"), Broken())
        assert "unstable" in found.reason

    def test_soft_is_out_of_range(self):
        argon = LennardJones(sigma=2.5, epsilon=1e-3, rc=6.0, ro=5.0, smooth=True)
        found = elastic_constants(relaxed(bulk("Cu", a=3.9), argon, fmax=1e-7), argon, FINE)
        assert "outside 0.5 to 1000 GPa" in found.reason
        assert (found.born_stable, found.usable, found.bulk_modulus_gpa) == (True, False, None)

    def test_stress_that_jumps(self):
        class Jumping(EMT):
            def calculate(self, *args, **kwargs):
                super().calculate(*args, **kwargs)
                self.results["stress"] = self.results["stress"] + 0.05 * (self.results["stress"] > 0.005)

        found = elastic_constants(relaxed(bulk("Cu"), EMT()), Jumping())
        assert "do not follow the strain" in found.reason

    def test_no_stress(self):
        with pytest.raises(CalculatorError, match="Broken has no stress"):
            elastic_constants(bulk("Cu"), Broken(properties=("energy", "forces")))

    @pytest.mark.parametrize(
        "atoms",
        [
            Atoms(),
            Atoms("Cu"),
            Atoms("Cu", pbc=True),
            Atoms("Cu", cell=[3, 3, 3], pbc=(True, True, False)),
            Atoms("Cu", cell=[3, 3, np.nan], pbc=True),
            Atoms("Cu", cell=[3, 3, 3], positions=[[0, 0, np.inf]], pbc=True),
        ],
    )
    @pytest.mark.parametrize("function", [elastic_constants, equation_of_state])
    def test_what_is_no_crystal(self, atoms, function):
        with pytest.raises(ElasticityError):
            function(atoms, EMT())

    @pytest.mark.parametrize(
        "fields",
        [
            {"strains": ()},
            {"strains": (0.01,)},
            {"strains": (0.005, 0.01)},
            {"strains": (-0.01, 0.0, 0.01)},
            {"strains": (-0.01, 0.01, 0.01)},
            {"strains": (-0.5, 0.5)},
            {"strains": (-0.01, np.nan)},
            {"fmax_ev_per_a": 0.0},
            {"symprec_a": np.nan},
            {"max_steps": 0},
        ],
    )
    def test_settings(self, fields):
        with pytest.raises(ElasticityError, match=next(iter(fields))):
            ElasticSettings(**fields)

    def test_atoms_are_left_alone(self, hcp):
        atoms = hcp.copy()
        atoms.calc = calculator = EMT()
        before = atoms.positions.copy(), atoms.cell.array.copy()
        elastic_constants(atoms, lennard_jones(), CLAMPED)
        assert np.array_equal(atoms.positions, before[0])
        assert np.array_equal(atoms.cell.array, before[1])
        assert atoms.calc is calculator


class TestStored:
    def test_round_trip(self, hcp_constants):
        again = ElasticConstants.from_dict(json.loads(json.dumps(hcp_constants.to_dict())))
        assert again == hcp_constants

    def test_round_trip_of_a_failure(self):
        failed = elastic_constants(bulk("Cu", a=3.5), EMT())
        assert ElasticConstants.from_dict(json.loads(json.dumps(failed.to_dict()))) == failed

    @pytest.mark.parametrize("change", [{"schema": 2}, {"extra": 1}])
    def test_something_else(self, hcp_constants, change):
        with pytest.raises(ElasticityError, match="not stored elastic constants"):
            ElasticConstants.from_dict(hcp_constants.to_dict() | change)
        with pytest.raises(ElasticityError):
            ElasticConstants.from_dict({})


class TestEquationOfState:
    @pytest.mark.parametrize("symbol", ["Cu", "Ag", "Au", "Ni"])
    def test_cubic_bulk_modulus(self, symbol):
        atoms = relaxed(bulk(symbol), EMT())
        eos = equation_of_state(atoms, EMT(), volume_range=0.02)
        elastic = elastic_constants(atoms, EMT(), FINE)
        assert elastic.moduli.bulk_reuss_gpa == pytest.approx(elastic.moduli.bulk_voigt_gpa, rel=1e-9)
        # EMT is not exactly of the Birch-Murnaghan form: 0.5 % at +-4 % of volume, a quarter of it at half
        assert eos.bulk_modulus_gpa == pytest.approx(elastic.moduli.bulk_reuss_gpa, rel=2e-3)
        assert eos.volume_a3_per_atom == pytest.approx(atoms.get_volume(), rel=1e-4)

    def test_uniform_scaling_gives_the_voigt_modulus(self, hcp, hcp_constants):
        eos = equation_of_state(hcp, lennard_jones(), FINE, volume_range=0.01)
        assert eos.bulk_modulus_gpa == pytest.approx(hcp_constants.moduli.bulk_voigt_gpa, rel=2e-3)  # fourth order
        assert eos.volume_a3_per_atom == pytest.approx(hcp.get_volume() / 2, rel=1e-4)

    def test_against_ase(self):
        ratios = np.linspace(0.96, 1.04, 7)
        volumes, energies = 12.0 * ratios, []
        for volume in volumes:
            atoms = bulk("Cu", a=(4.0 * volume) ** (1.0 / 3.0))
            atoms.calc = EMT()
            energies.append(atoms.get_potential_energy())
        ours = birch_murnaghan(ratios, np.array(energies), 12.0)
        v0, e0, bulk_modulus = AseEquationOfState(volumes, energies, eos="birchmurnaghan").fit(warn=False)
        # the same curve through the same points; ASE searches the minimum
        assert ours.bulk_modulus_gpa == pytest.approx(bulk_modulus / units.GPa, rel=1e-4)
        assert (ours.volume_a3_per_atom, ours.energy_ev_per_atom) == pytest.approx((v0, e0), rel=1e-5)

    @given(st.floats(5.0, 500.0), st.floats(2.5, 7.0), st.floats(0.98, 1.02))
    def test_returns_what_was_put_in(self, bulk_modulus, derivative, shift):
        v, v0 = np.linspace(0.95, 1.05, 9) * 20.0, 20.0 * shift
        f = (v0 / v) ** (2.0 / 3.0)
        energy = 9.0 / 16.0 * v0 * bulk_modulus * units.GPa * ((f - 1) ** 3 * derivative + (f - 1) ** 2 * (6 - 4 * f))
        found = birch_murnaghan(v / 20.0, energy - 3.0, 20.0)
        # cancellation: energies of 1e-3 eV above 3 eV
        assert found.bulk_modulus_gpa == pytest.approx(bulk_modulus, rel=1e-6)
        assert found.bulk_modulus_derivative == pytest.approx(derivative, rel=1e-4)
        assert (found.volume_a3_per_atom, found.energy_ev_per_atom) == pytest.approx((v0, -3.0), rel=1e-6)
        assert found.rms_ev_per_atom < 1e-9

    def test_reasons(self, diamond):
        assert "no minimum" in equation_of_state(bulk("Cu", a=3.2), EMT()).reason
        stuck = equation_of_state(
            crystal("Si", [(0.13, 0.13, 0.13)], spacegroup=227, cellpar=[5.4] * 3 + [90] * 3, primitive_cell=True),
            silicon(),
            ElasticSettings(fmax_ev_per_a=1e-9, max_steps=1),
        )
        assert "ions not relaxed" in stuck.reason
        assert stuck.bulk_modulus_gpa is None
        with pytest.raises(ElasticityError, match="volume range"):
            equation_of_state(diamond, silicon(), n_points=3)


@pytest.fixture(scope="module")
def sevennet():
    pytest.importorskip("sevenn", reason="the potential is an extra: pip install sevenn")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated", DeprecationWarning)
        warnings.filterwarnings("ignore", "No tensor product accelerator is enabled", UserWarning)
        from sevenn.calculator import SevenNetCalculator

        return SevenNetCalculator("7net-l3i5", device="cpu")


# float32: stresses carry 1e-5 GPa, so strains of 0.005 and 0.01 leave 0.01 GPa of noise in a constant; smaller ones
# would do for the stress, but forces raised by the strain must stay well above the limit for relaxed ions (0.001 eV/A)
PUBLISHED = {
    # bulk and shear modulus in GPa of PBE, the functional that the potential was fitted to (Materials Project, the
    # 2015 and 2025 elasticity sets), and the measured Hill means: Simmons & Wang (Al), Jackson & Niesler 1982 (MgO),
    # Hull 1988 (Li2O); Li3Sb has not been measured
    "Al": ((83.3, 23.9), (76.0, 26.0)),
    "MgO": ((151.4, 118.8), (162.9, 130.9)),
    "Li2O": ((78.6, 68.5), (81.7, 69.7)),
    "Li3Sb": ((32.5, 25.6), None),
}
BULK_TOLERANCE, SHEAR_TOLERANCE = 0.2, 0.4
"""The potential is too soft in shear: by 15 % in the mean and a third at worst (benchmarks/elasticity.py)."""


def real_crystal(name):
    return {
        "Li": lambda: bulk("Li", "bcc", a=3.427),
        "Al": lambda: bulk("Al", "fcc", a=4.04),
        "MgO": lambda: bulk("MgO", "rocksalt", a=4.25),
        "Li2O": lambda: crystal(("O", "Li"), [(0, 0, 0), (0.25, 0.25, 0.25)], spacegroup=225,
                                cellpar=[4.63] * 3 + [90] * 3, primitive_cell=True),
        "Li3Sb": lambda: crystal(("Sb", "Li", "Li"), [(0, 0, 0), (0.25, 0.25, 0.25), (0.5, 0.5, 0.5)], spacegroup=225,
                                 cellpar=[6.56] * 3 + [90] * 3, primitive_cell=True),
    }[name]()  # fmt: skip


class TestRealPotential:
    @pytest.mark.parametrize("name", PUBLISHED)
    def test_published(self, sevennet, name):
        atoms = relaxed(real_crystal(name), sevennet, fmax=0.005)
        found = elastic_constants(atoms, sevennet)
        assert found.usable, found.reason
        assert found.residual_gpa < 0.2  # noise, and third order at a strain of 0.01
        for values in filter(None, PUBLISHED[name]):
            assert found.bulk_modulus_gpa == pytest.approx(values[0], rel=BULK_TOLERANCE)
            assert found.shear_modulus_gpa == pytest.approx(values[1], rel=SHEAR_TOLERANCE)
        # energies alone, over +-4 % of volume, know nothing of the stress
        eos = equation_of_state(atoms, sevennet)
        assert eos.bulk_modulus_gpa == pytest.approx(found.bulk_modulus_gpa, rel=0.02)

    def test_lithium_is_unstable_in_this_potential(self, sevennet):
        """Its bcc Li gives way to a tetragonal strain, unlike PBE's (C11 - C12 about 2 GPa): flagged, not averaged."""
        atoms = relaxed(real_crystal("Li"), sevennet, fmax=0.005)
        found = elastic_constants(atoms, sevennet)
        assert found.born_stable is False
        assert (found.bulk_modulus_gpa, found.shear_modulus_gpa) == (None, None)
        c = np.array(found.stiffness_gpa)
        assert found.smallest_eigenvalue_gpa == pytest.approx(c[0, 0] - c[0, 1], rel=1e-6)
        # the bulk modulus is sound: measured 11.6 to 13, PBE 14
        assert equation_of_state(atoms, sevennet).bulk_modulus_gpa == pytest.approx(13.0, rel=BULK_TOLERANCE)
        # energies agree that it is unstable: an orthorhombic strain of constant volume lowers them
        strain = 0.02
        strained = atoms.copy()
        strained.calc = sevennet
        strained.set_cell(atoms.cell.array @ np.diag([1 + strain, 1 - strain, 1 / (1 - strain**2)]), scale_atoms=True)
        assert strained.get_potential_energy() < atoms.get_potential_energy()

    def test_lithium_in_a_potential_that_holds_it(self):
        """Measured C11, C12, C44: 14.8, 12.5, 10.8 GPa at 78 K (Kittel), 13.5, 11.4, 8.8 at 298 K (Trivisonno, Smith).

        CHGNet errs by 5, 16 and 2 % of the cold ones, at 0 K; a quarter is the spread between the two temperatures.
        """
        pytest.importorskip("chgnet", reason="the potential is an extra: pip install chgnet")
        calculator = CALCULATORS["chgnet"].make()
        with silence():
            atoms = relaxed(real_crystal("Li"), calculator, fmax=0.005)
            found = elastic_constants(atoms, calculator)
        assert found.usable, found.reason
        c = np.array(found.stiffness_gpa)
        assert (c[0, 0], c[0, 1], c[3, 3]) == pytest.approx((14.8, 12.5, 10.8), rel=0.25)
        assert found.bulk_modulus_gpa == pytest.approx((14.8 + 2 * 12.5) / 3, rel=BULK_TOLERANCE)
        assert found.n_independent == 3
