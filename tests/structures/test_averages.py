"""Averages of moduli where they are used once more: of a stiffness matrix."""

import numpy as np
import pytest

from licoat.structures.crystals.averages import hill_mean, poisson_ratio, youngs_modulus_gpa
from licoat.structures.crystals.elastic_tensor import voigt_reuss_hill


def test_moduli_of_a_crystal_are_these_averages():
    c11, c12, c44 = 297.0, 95.0, 156.0  # MgO
    c = np.diag([c11 - c12] * 3 + [c44] * 3)
    c[:3, :3] += c12
    moduli = voigt_reuss_hill(c)
    k, g = moduli.bulk_hill_gpa, moduli.shear_hill_gpa
    assert k == hill_mean(moduli.bulk_voigt_gpa, moduli.bulk_reuss_gpa)
    assert g == hill_mean(moduli.shear_voigt_gpa, moduli.shear_reuss_gpa)
    assert moduli.young_modulus_gpa == youngs_modulus_gpa(k, g)
    assert moduli.poisson_ratio == poisson_ratio(k, g)
    # E = 2 G (1 + nu) = 3 K (1 - 2 nu)
    assert youngs_modulus_gpa(k, g) == pytest.approx(2 * g * (1 + poisson_ratio(k, g)), rel=1e-12)
    assert youngs_modulus_gpa(k, g) == pytest.approx(3 * k * (1 - 2 * poisson_ratio(k, g)), rel=1e-12)
