"""Transport: units of the paper's formulas."""

import pytest

from licoat.workflows.layer import transport


def test_the_papers_note_3():
    # 1.3 ohm of 10 um on a disc of 12 mm, 1.131 cm2
    assert transport.conductivity_from_resistance_s_per_cm(10.0, 1.3, 1.131) == pytest.approx(6.80e-4, rel=1e-3)
    # ohm cm2 of the same layer
    assert transport.area_resistance_ohm_cm2(10.0, 6.80e-4) == pytest.approx(1.3 * 1.131, rel=1e-3)


def test_the_papers_note_2_units():
    # 1 V, 1 cm2, 10 um, 22.2 mA: 45 kohm cm has 45 ohm cm2
    rho = transport.resistivity_from_current_ohm_cm(1.0, 1.0, 1 / 45.0, 10.0)
    assert rho == pytest.approx(45_000)
    assert transport.leakage_ma_per_cm2(1.0, rho, 10.0) == pytest.approx(1000 / 45.0)


def test_conductivity_and_resistivity_are_inverse():
    sigma = transport.conductivity_from_resistance_s_per_cm(7.0, 3.0, 2.0)
    rho = transport.resistivity_from_current_ohm_cm(0.6, 2.0, 0.2, 7.0)  # 0.6 V / 0.2 A = 3 ohm
    assert sigma * rho == pytest.approx(1.0)


def test_polarisation_is_ohms_law():
    assert transport.polarisation_mv(2.0, 1.47) == pytest.approx(2.94)
    # 1e-4 S/cm of 10 um: 10 ohm cm2, at 1 mA/cm2 10 mV
    assert transport.polarisation_mv(1.0, transport.area_resistance_ohm_cm2(10.0, 1e-4)) == pytest.approx(10.0)
