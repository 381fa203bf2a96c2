"""Geometric efficiency: golden data, quadrature, counting photons."""

from __future__ import annotations

import numpy as np
import pytest

from golden import golden
from lumentrace.pept.scanners import ADACGeometricEfficiency
from twins.efficiency import efficiency

LIMITS = [(111.78, 491.78), (46.78, 556.78), (0, 500)]


def test_as_golden() -> None:
    case = golden("pept/geometric_efficiency.npz")
    place = (case["x"], case["y"], case["z"])
    np.testing.assert_allclose(ADACGeometricEfficiency(500)(*place), case["e500"], atol=1e-7)
    np.testing.assert_allclose(ADACGeometricEfficiency([-10, 510])(*place), case["e520"], atol=1e-7)
    np.testing.assert_allclose(ADACGeometricEfficiency(500)([250, 260], 250, 250), case["doc"], atol=1e-7)


def test_as_documented() -> None:
    geometry = ADACGeometricEfficiency([-10, 510])
    np.testing.assert_allclose(geometry([250, 260], 250, 250), [0.18669302, 0.19730517], atol=1e-8)
    assert geometry.eg(250, 250, 250) == geometry(250, 250, 250)
    np.testing.assert_array_equal(geometry.zlim, [-10, 510])
    assert geometry(np.full((4, 1, 3), 250.0), np.full((5, 1), 250.0), 250).shape == (4, 5, 3)


def test_the_closed_form_is_the_integral() -> None:
    geometry = ADACGeometricEfficiency(500)
    for point in np.random.default_rng(0).uniform(*np.transpose(LIMITS), (50, 3)):
        assert geometry.eg(*point) == pytest.approx(efficiency(point, LIMITS), rel=1e-9)


def test_it_is_the_share_of_photons_that_are_seen() -> None:
    rng = np.random.default_rng(1)
    direction = rng.normal(size=(400_000, 3))
    for point in ([300, 300, 250], [200, 400, 100]):
        up = (500 - point[2]) / direction[:, 2]
        down = -point[2] / direction[:, 2]
        seen = np.ones(len(direction), dtype=bool)
        for axis in (0, 1):
            for way in (up, down):
                place = point[axis] + way * direction[:, axis]
                seen &= (place > LIMITS[axis][0]) & (place < LIMITS[axis][1])
        assert abs(ADACGeometricEfficiency(500).eg(*point) - seen.mean()) < 4 * np.sqrt(0.2 * 0.8 / 400_000)


def test_outside_on_the_edge_and_unknown() -> None:
    geometry = ADACGeometricEfficiency(500)
    assert geometry(100, 300, 250) == 0
    assert geometry(300, 300, -1) == 0
    assert np.isnan(geometry(np.nan, 300, 250))
    for x, y, z in ((111.78, 300, 250), (300, 556.78, 250), (300, 300, 0), (111.78, 46.78, 0)):
        assert 0 <= geometry(x, y, z) <= 1


def test_what_it_refuses() -> None:
    for arguments, name in (((-5,), "separation"), (([5, 1],), "separation"), ((500, [3, 3]), "xlim")):
        with pytest.raises(ValueError, match=name):
            ADACGeometricEfficiency(*arguments)
