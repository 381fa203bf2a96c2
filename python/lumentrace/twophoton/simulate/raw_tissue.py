"""What a simulated raw movie is made of: cells and the neuropil between them, as the optics show them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse

from lumentrace.twophoton.simulate.raw_scene import RawScene

Floats = NDArray[np.float64]
Generator = np.random.Generator

NUCLEUS, NUCLEUS_LIGHT = 0.55, 0.25
"""Radius of the dark inside of a donut, relative to the cell; its light, relative to the rest."""
EDGE = 0.08
"""Width of the edge of a cell, relative to its radius."""
FINE_PX, COARSE = 1.5, 0.15
"""Size of fibres, and of regions relative to the frame."""
SPLINE_REACH = 12
"""Pixels after which a cubic spline has forgotten a value (0.27 to this power)."""


@dataclass(frozen=True)
class Tissue:
    """Light on a canvas that is larger than the frame by `margin` on each side, in photons.

    Attributes
    ----------
    margin : int
    canvas : tuple of int
    footprints : scipy.sparse.csr_matrix
        (cells, canvas pixels): light of each cell at rest.
    masks : scipy.sparse.csr_matrix
        (cells, canvas pixels) of bool: where each cell is, before the optics.
    neuropil : ndarray
        The light of the tissue between cells, and what of it shows through them.
    contamination : ndarray
        (cells,): the share of it that shows through each.
    centres : ndarray
        (cells, 2): rows and columns, in pixels of the frame.
    """

    margin: int
    canvas: tuple[int, int]
    footprints: sparse.csr_matrix = field(repr=False)
    masks: sparse.csr_matrix = field(repr=False)
    neuropil: Floats = field(repr=False)
    contamination: Floats = field(repr=False)
    centres: Floats = field(repr=False)


def simulated_tissue(scene: RawScene, margin: int, random: Generator) -> Tissue:
    """Cells at random places of the frame, and texture everywhere.

    Raises
    ------
    ValueError
        If the frame is too small for the cells.
    """
    canvas = scene.rows + 2 * margin, scene.columns + 2 * margin
    centres = _centres(scene, random)
    low, high = scene.contamination
    contamination = random.uniform(low, high, scene.cells)
    neuropil = _texture(canvas, scene, random)
    lights, masks = [], []
    for (down, across), share in zip(centres + margin, contamination, strict=True):
        light, mask = _cell(scene, canvas, float(down), float(across), random)
        inside = neuropil.reshape(-1)
        inside[mask] *= share
        lights.append(light)
        masks.append((mask, np.ones(len(mask), bool)))
    neuropil = _blurred(neuropil, scene.blur_px)
    footprints = _stacked(lights, canvas)
    frame = slice(margin, margin + scene.rows), slice(margin, margin + scene.columns)
    light = neuropil + np.asarray(footprints.sum(axis=0)).reshape(canvas)
    scale = scene.photons / light[frame].mean()
    return Tissue(margin, canvas, footprints * scale, _stacked(masks, canvas), neuropil * scale, contamination, centres)


def _stacked(cells: list[tuple[NDArray[np.int64], NDArray[np.generic]]], canvas: tuple[int, int]) -> sparse.csr_matrix:
    """Pixels and values of each cell as a row each."""
    ends = np.cumsum([0, *(len(pixels) for pixels, _ in cells)])
    pixels = np.concatenate([np.empty(0, np.int64), *(pixels for pixels, _ in cells)])
    values = np.concatenate([own for _, own in cells]) if cells else np.empty(0)
    return sparse.csr_matrix((values, pixels, ends), shape=(len(cells), math.prod(canvas)))


def _centres(scene: RawScene, random: Generator) -> Floats:
    border = min(scene.radius_px + 2, (min(scene.rows, scene.columns) - 1) / 2)
    placed: list[tuple[float, float]] = []
    for _ in range(2000 * scene.cells):
        if len(placed) == scene.cells:
            break
        place = random.uniform(border, scene.rows - border), random.uniform(border, scene.columns - border)
        if all(math.dist(place, other) >= 2 * scene.radius_px * scene.spacing for other in placed):
            placed.append(place)
    if len(placed) < scene.cells:
        raise ValueError(
            f"`cells`: expected no more than {len(placed)} in {scene.rows} x {scene.columns} pixels, found "
            f"{scene.cells}; a smaller `spacing` lets them overlap"
        )
    return np.array(placed).reshape(-1, 2)


def _cell(
    scene: RawScene, canvas: tuple[int, int], down: float, across: float, random: Generator
) -> tuple[tuple[NDArray[np.int64], Floats], NDArray[np.int64]]:
    """Pixels and light of a cell, and the pixels of its mask; the tissue around it has light 1."""
    tall, wide = scene.radius_px * random.uniform(0.8, 1.2, 2)
    light = scene.brightness * random.uniform(0.7, 1.5)
    reach = math.ceil(1.7 * max(tall, wide) + 4 * scene.blur_px + 2)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1] + np.rint([down, across]).astype(int)[:, None, None]
    distance = np.hypot((y - down) / tall, (x - across) / wide)
    profile = 1 / (1 + np.exp(np.clip((distance - 1) / EDGE, -50, 50)))
    if scene.donut:
        profile *= 1 - (1 - NUCLEUS_LIGHT) / (1 + np.exp(np.clip((distance - NUCLEUS) / EDGE, -50, 50)))
    shown = _blurred(light * profile, scene.blur_px)
    inside = (y >= 0) & (y < canvas[0]) & (x >= 0) & (x < canvas[1])
    pixels = y * canvas[1] + x
    return (pixels[inside], shown[inside]), pixels[inside & (distance <= 1)]


def _texture(canvas: tuple[int, int], scene: RawScene, random: Generator) -> Floats:
    """Positive light of mean 1: fibres, thicker and thinner, in regions that are brighter and darker."""
    noise = random.standard_normal((3, *canvas))
    coarse = COARSE * max(scene.rows, scene.columns)
    sizes = (FINE_PX, 3 * FINE_PX, coarse)
    layers = [ndimage.gaussian_filter(own, size, mode="wrap") for own, size in zip(noise, sizes, strict=True)]
    total = sum(share * layer / max(layer.std(), 1e-12) for share, layer in zip((0.45, 0.3, 0.25), layers, strict=True))
    light = np.exp(total)
    return np.asarray(light / light.mean())


def _blurred(image: Floats, blur_px: float) -> Floats:
    return np.asarray(ndimage.gaussian_filter(image, blur_px, mode="nearest")) if blur_px else image


def splines(tissue: Tissue) -> tuple[NDArray[np.float32], NDArray[np.float32], sparse.csr_matrix]:
    """Coefficients of cubic splines through the light of everything at rest, of the neuropil, and of each cell.

    The last is (canvas pixels, cells). Splines are linear in their values: those of a frame are sums of these.
    """
    rest = tissue.neuropil + np.asarray(tissue.footprints.sum(axis=0)).reshape(tissue.canvas)
    neuropil = np.asarray(ndimage.spline_filter(tissue.neuropil, 3, np.float32, mode="nearest"))
    cells = _stacked([_spline_of(tissue, cell) for cell in range(tissue.footprints.shape[0])], tissue.canvas)
    together = np.asarray(ndimage.spline_filter(rest, 3, np.float32, mode="nearest"))
    return together, neuropil, cells.astype(np.float32).T.tocsr()


def _spline_of(tissue: Tissue, cell: int) -> tuple[NDArray[np.int64], Floats]:
    """Pixels and coefficients of a cell."""
    own = tissue.footprints[[cell]]
    y, x = np.divmod(own.indices.astype(np.int64), tissue.canvas[1])
    top, left = max(0, int(y.min()) - SPLINE_REACH), max(0, int(x.min()) - SPLINE_REACH)
    bottom, right = (
        min(size, int(place.max()) + 1 + SPLINE_REACH) for size, place in zip(tissue.canvas, (y, x), strict=True)
    )
    patch = np.zeros((bottom - top, right - left))
    patch[y - top, x - left] = own.data
    rows, columns = np.mgrid[top:bottom, left:right]
    coefficients = ndimage.spline_filter(patch, 3, mode="nearest")
    return (rows * tissue.canvas[1] + columns).reshape(-1), np.asarray(coefficients).reshape(-1)
