"""Kernels of photons beside their twins."""

from __future__ import annotations

import numpy as np
import pytest

from lumentrace import _core
from twins import photons as twin

SCREENS = ((111.78, 491.78), (46.78, 556.78), (-10.0, 510.0))


def draws(n: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(n)
    return rng.uniform(0, 1, n), rng.uniform(0, 2 * np.pi, n), rng.choice([-1.0, 1.0], n), rng.uniform(0, np.pi, n)


def along(n: int) -> np.ndarray:
    """Unit vectors (3, n), some along axes or as far from two of them."""
    found = np.random.default_rng(n).normal(size=(3, n))
    special = np.array([[0, 0, 1], [0, -1, 0], [1, 0, 0], [1, 1, 0], [1, 0, -1], [1, 1, 1]], float).T[:, :n]
    found[:, : special.shape[1]] = special
    return found / np.linalg.norm(found, axis=0)


@pytest.mark.parametrize("n", [0, 1, 5, 2000])
def test_directions_are_those_of_the_twin(n: int) -> None:
    cosines, azimuths, signs, _ = draws(n)
    found = _core.photon_directions(cosines, azimuths, signs)
    np.testing.assert_allclose(found, twin.directions(cosines, azimuths, signs), rtol=0, atol=1e-15)


@pytest.mark.parametrize("n", [0, 1, 7, 2000])
def test_turned_photons_are_those_of_the_twin(n: int) -> None:
    _, azimuths, _, angles = draws(n)
    found = _core.photons_turned(along(n), angles, azimuths)
    np.testing.assert_allclose(found, twin.turned(along(n), angles, azimuths), rtol=0, atol=1e-15)


@pytest.mark.parametrize("n", [0, 1, 7, 2000])
def test_hits_on_screens_are_those_of_the_twin(n: int) -> None:
    rng = np.random.default_rng(n)
    origins = rng.uniform([[112], [47], [-9]], [[491], [556], [509]], (3, n))
    points, hit = _core.screen_hits(origins, along(n), *SCREENS)
    expected, expected_hit = twin.screen_hits(origins, along(n), *SCREENS)
    np.testing.assert_allclose(points, expected, rtol=1e-14)
    np.testing.assert_array_equal(hit, expected_hit)
    assert n < 2000 or 0.1 < hit.mean() < 0.9


def test_a_photon_along_the_screens_meets_none() -> None:
    _, hit = _core.screen_hits(np.full((3, 1), 250.0), np.array([[1.0], [0.0], [0.0]]), *SCREENS)
    assert not hit.any()


def test_arrays_that_do_not_fit_are_refused_by_name() -> None:
    one, two = np.ones(1), np.ones(2)
    with pytest.raises(ValueError, match="azimuths"):
        _core.photon_directions(one, two, one)
    with pytest.raises(ValueError, match="directions"):
        _core.photons_turned(np.ones((3, 2)), one, one)
    with pytest.raises(ValueError, match="directions"):
        _core.screen_hits(np.ones((3, 1)), np.ones((3, 2)), *SCREENS)
