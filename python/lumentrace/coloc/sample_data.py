"""Simulated two-channel images with a known share of common structures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LayerData = tuple[NDArray[np.float32], dict[str, Any], str]
"""Data, keyword arguments and kind of a napari layer."""

BLOBS = 40
SHARED = 0.6
NOISE = 0.02


def make_sample_data() -> list[LayerData]:
    """Two channels of 256 x 256 pixels that share about 60 % of their structures.

    Gaussian blobs on a dark ground with noise; Pearson's coefficient is about 0.7, Manders' coefficients about 0.6.
    Always the same.

    Returns
    -------
    list of (ndarray, dict, str)
        Two napari layers: pixels (float32, not negative), keyword arguments, 'image'.

    Examples
    --------
    >>> from lumentrace.coloc import make_sample_data
    >>> (a, settings, kind), (b, _, _) = make_sample_data()
    >>> a.shape, settings["name"], kind
    ((256, 256), 'channel_a', 'image')
    """
    return _layers((256, 256), sigma=(4.0, 7.0), suffix="", seed=2)


def make_sample_data_3d() -> list[LayerData]:
    """The same as `make_sample_data` in 32 x 128 x 128 voxels.

    Returns
    -------
    list of (ndarray, dict, str)
        Two napari layers: voxels (float32, not negative), keyword arguments, 'image'.

    Examples
    --------
    >>> from lumentrace.coloc import make_sample_data_3d
    >>> [layer[0].shape for layer in make_sample_data_3d()]
    [(32, 128, 128), (32, 128, 128)]
    """
    return _layers((32, 128, 128), sigma=(3.0, 5.0), suffix="_3d", seed=9)


def _layers(shape: tuple[int, ...], sigma: tuple[float, float], suffix: str, seed: int) -> list[LayerData]:
    random = np.random.default_rng(seed)
    shared = round(SHARED * BLOBS)
    common, only_a, only_b = (_blobs(shape, count, sigma, random) for count in (shared, BLOBS - shared, BLOBS - shared))
    a, b = (
        np.clip(own + common + random.normal(0, NOISE, shape), 0, None).astype(np.float32) for own in (only_a, only_b)
    )
    green = {"name": f"channel_a{suffix}", "colormap": "green", "blending": "additive"}
    magenta = {"name": f"channel_b{suffix}", "colormap": "magenta", "blending": "additive"}
    return [(a, green, "image"), (b, magenta, "image")]


def _blobs(
    shape: tuple[int, ...], count: int, sigma: tuple[float, float], random: np.random.Generator
) -> NDArray[np.float64]:
    image = np.zeros(shape)
    axes = [np.arange(length) for length in shape]
    for _ in range(count):
        centre = [random.uniform(0, length) for length in shape]
        width, height = random.uniform(*sigma), random.uniform(0.5, 1.0)
        profiles = [np.exp(-((axis - c) ** 2) / (2 * width**2)) for axis, c in zip(axes, centre, strict=True)]
        blob = height
        for profile in profiles:
            blob = np.multiply.outer(blob, profile)
        image += blob
    return image
