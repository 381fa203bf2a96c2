"""Pairs of images with known truth: tissue before and after staining."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.checks import whole
from lumentrace.base.names import file_name
from lumentrace.base.polars import pl
from lumentrace.storage.sink import replaced_through_sink

Floats = NDArray[np.float64]

WAVES = 220
"""Plane waves that make the texture."""
SHORTEST, LONGEST_SHARE = 7.0, 0.5
"""Wavelengths, in pixels and as a share of the image."""
LEVEL, CONTRAST = 45.0, 0.3
READ_NOISE, SHOT_NOISE = 0.3, 0.35


@dataclass(frozen=True)
class Pair:
    """A simulated pair.

    Attributes
    ----------
    post, pre : ndarray of uint8 or uint16
    matrix : ndarray
        (3, 3): sends post-stain (x, y, 1) to pre-stain pixels.
    scale : float
    spots : polars.DataFrame
        True spots: ``x``, ``y``, ``amplitude`` (counts), ``sigma`` (pixels).
    """

    post: NDArray[Any] = field(repr=False)
    pre: NDArray[Any] = field(repr=False)
    matrix: Floats
    scale: float
    spots: pl.DataFrame = field(repr=False)

    def save(self, raw_dir: str | os.PathLike[str], sample: str, dye: str) -> None:
        """Write both as RGB TIFF, the signal in green, as a raw folder has them; each appears whole or not at all."""
        import tifffile

        file_name("dye", dye)
        folder = Path(raw_dir) / file_name("sample", sample)
        folder.mkdir(parents=True, exist_ok=True)
        for side, image in (("Pre", self.pre), ("Post", self.post)):
            colours = np.zeros((*image.shape, 3), image.dtype)
            colours[..., 1] = image
            with replaced_through_sink(folder / f"{sample}_{side}Stain_{dye}.tif") as file:
                tifffile.imwrite(file, colours, photometric="rgb")


def simulate(
    size: int = 512,
    angle: float = 1.7,
    magnification: float = 1.0,
    shift: tuple[float, float] = (9.3, -6.6),
    scale: float = 1.3,
    spots: int = 80,
    bits: int = 8,
    mirrored: bool = False,
    unspecific: float = 0.0,
    seed: int = 0,
) -> Pair:
    """Simulate tissue before and after staining.

    Both images are drawn from the same continuous scene, so that the map between them is exact.

    Parameters
    ----------
    size : int, default 512
        Side of the images in pixels.
    angle : float, default 1.7
        Rotation from post to pre in degrees, from x towards y.
    magnification : float, default 1.0
        Pre-stain pixels per post-stain pixel.
    shift : tuple of float, default (9.3, -6.6)
        Of the centre, in pixels.
    scale : float, default 1.3
        How many times brighter unstained tissue is after staining.
    spots : int, default 80
        Stained spots.
    bits : {8, 16}, default 8
    mirrored : bool, default False
        Turn the pre-stain image over.
    unspecific : float, default 0
        Strength of a stain that binds everywhere, in the brightness of tissue.
    seed : int, default 0

    Returns
    -------
    Pair

    Examples
    --------
    >>> from lumentrace import stain
    >>> pair = stain.simulate(size=128, seed=1)
    >>> pair.post.shape, pair.scale, len(pair.spots)
    ((128, 128), 1.3, 80)
    """
    size = whole("size", size, 32)
    if bits not in (8, 16):
        raise ValueError(f"`bits`: expected 8 or 16, found {bits!r}")
    random = np.random.default_rng(seed)
    tissue = _Scene(size, random)
    other = _Scene(size, random)
    stained = _spots(size, spots, tissue, random)
    middle = (size - 1) / 2
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    linear = magnification * np.array([[cosine, -sine], [sine, cosine]])
    if mirrored:
        linear = linear @ np.diag([-1.0, 1.0])
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    matrix[:2, 2] = middle + np.asarray(shift) - linear @ [middle, middle]
    back = np.linalg.inv(matrix)
    post = scale * tissue.seen(np.eye(3)) + stained[1]
    if unspecific:
        post += unspecific * other.seen(np.eye(3)) * (tissue.footprint(np.eye(3)) > 0)
    pre = tissue.seen(np.asarray(back, dtype=np.float64))
    gain = 1.0 if bits == 8 else 64.0
    dtype = np.uint8 if bits == 8 else np.uint16
    most = np.iinfo(dtype).max
    images = []
    for image in (post, pre):
        noise = np.sqrt(READ_NOISE**2 * (image > 0) + SHOT_NOISE**2 * np.maximum(image, 0))
        counts = gain * (image + noise * random.standard_normal(image.shape))
        images.append(np.clip(np.rint(counts), 0, most).astype(dtype))
    table = pl.DataFrame(dict(zip(("x", "y", "amplitude", "sigma"), stained[0].T, strict=True)))
    return Pair(images[0], images[1], matrix, scale, table)


class _Scene:
    """Tissue as a continuous function of post-stain coordinates."""

    def __init__(self, size: int, random: np.random.Generator):
        self.size = size
        lengths = np.exp(random.uniform(np.log(SHORTEST), np.log(LONGEST_SHARE * size), WAVES))
        angles = random.uniform(0, 2 * np.pi, WAVES)
        self.x, self.y = 2 * np.pi * np.cos(angles) / lengths, 2 * np.pi * np.sin(angles) / lengths
        self.phases = random.uniform(0, 2 * np.pi, WAVES)
        self.rim = 0.1 * random.standard_normal((2, 5)) / np.arange(2, 7)

    def inside(self, x: Floats, y: Floats) -> Floats:
        """Soft footprint at points, 0 to 1."""
        across, down = (2 * place / (self.size - 1) - 1 for place in (x, y))
        turn = np.arctan2(down, across)
        edge = 0.76 + sum(
            c * np.cos(k * turn) + s * np.sin(k * turn) for k, c, s in zip(range(2, 7), *self.rim, strict=True)
        )
        off = (edge - np.hypot(across, down)) * self.size / 2
        soft = 1 / (1 + np.exp(-np.clip(off / 1.5, -40, 40)))
        return np.where(soft > 1e-3, soft, 0.0)

    def footprint(self, matrix: Floats) -> Floats:
        """Soft footprint on the grid of pixels that a matrix sends to post-stain coordinates."""
        y, x = np.mgrid[0 : self.size, 0 : self.size].astype(np.float64)
        points = [matrix[row, 0] * x + matrix[row, 1] * y + matrix[row, 2] for row in (0, 1)]
        return self.inside(points[0], points[1])

    def seen(self, matrix: Floats) -> Floats:
        """Brightness in counts on that grid."""
        waves = np.stack([self.x, self.y])
        across, down, start = (matrix[:2, column] @ waves for column in range(3))
        places = np.arange(self.size)[:, None]
        # A plane wave on an affine grid is a product of one along rows and one along columns.
        texture = (np.exp(1j * (places * down + start + self.phases)) @ np.exp(1j * places * across).T).real
        texture *= np.sqrt(2 / WAVES)
        return np.asarray(LEVEL * np.clip(1 + CONTRAST * texture, 0.15, None) * self.footprint(matrix))


def _spots(size: int, number: int, scene: _Scene, random: np.random.Generator) -> tuple[Floats, Floats]:
    """A table of spots, and the image they make."""
    rows: list[tuple[float, float, float, float]] = []
    image = np.zeros((size, size))
    while len(rows) < number:
        x, y = random.uniform(0, size - 1, 2)
        amplitude, sigma = random.uniform(25, 90), random.uniform(1.2, 3.0)
        if scene.inside(np.array([x]), np.array([y]))[0] < 0.999:
            continue
        rows.append((float(x), float(y), float(amplitude), float(sigma)))
        reach = int(5 * sigma) + 1
        top, left = max(int(y) - reach, 0), max(int(x) - reach, 0)
        part = image[top : int(y) + reach + 1, left : int(x) + reach + 1]
        down, across = np.mgrid[top : top + part.shape[0], left : left + part.shape[1]]
        part += amplitude * np.exp(-((across - x) ** 2 + (down - y) ** 2) / (2 * sigma**2))
    return np.array(rows).reshape(-1, 4), image
