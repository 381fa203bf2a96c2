"""The noise of a difference, by pixels of known noise; no spots where there are none."""

from __future__ import annotations

import numpy as np
import pytest

from lumentrace import stain
from lumentrace.stain.measure.histograms import JOINT_BINS, Histograms
from lumentrace.stain.measure.noise import noise_of_difference
from lumentrace.stain.measure.scale import manual

READ, GAIN = 60.0, 3.0


def counted(level: np.ndarray, post: np.ndarray, most: float) -> Histograms:
    joint = np.histogram2d(post, level, JOINT_BINS, ((0, most), (0, most)))[0].astype(np.uint32)
    return Histograms(np.zeros((1, 8), np.uint32), 4.0, joint, (most, most), 0.0)


@pytest.mark.parametrize("black", [0, 400_000])
@pytest.mark.parametrize("offset", [0.0, 200.0])
def test_noise_is_that_of_the_pixels(black: int, offset: float) -> None:
    """Neither a background of zeros, as masked images have it, nor a rim cut off at 0, nor the offset of a camera."""
    random, most = np.random.default_rng(3), 4096.0
    level = random.uniform(0, 1500, 300_000)
    post = np.round(level + offset + random.normal(0, np.sqrt(READ + GAIN * level)))
    stained = random.random(len(level)) < 0.03
    post[stained] += random.uniform(100, 900, stained.sum())
    level = np.concatenate([level + offset, np.zeros(black)])
    found = noise_of_difference(counted(level, np.concatenate([np.maximum(post, 0), np.zeros(black)]), most), manual(1))
    assert found.gain == pytest.approx(GAIN, rel=0.05)
    assert found.read + found.gain * offset == pytest.approx(READ, abs=30)
    np.testing.assert_allclose(found.at(np.float32([offset + 800])) ** 2, READ + 800 * GAIN, rtol=0.03)
    assert found.least > 1 / 12


def test_a_dark_image_has_the_noise_of_its_rounding_at_least() -> None:
    found = noise_of_difference(counted(np.zeros(5000), np.zeros(5000), 1024.0), manual(1))
    assert (found.read, found.gain) == (pytest.approx(1 / 12), 0)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("seed", [71, 72])
def test_the_rim_of_tissue_is_no_spot(bits: int, seed: int) -> None:
    pair = stain.simulate(size=512, spots=60, bits=bits, seed=seed)
    found = stain.subtract(pair.post, pair.pre).spots
    x, y = (pair.spots[name].to_numpy() for name in "xy")
    for spot in found.iter_rows(named=True):
        near = (x > spot["left"] - 2) & (x < spot["right"] + 2) & (y > spot["top"] - 2) & (y < spot["bottom"] + 2)
        assert near.any(), spot
