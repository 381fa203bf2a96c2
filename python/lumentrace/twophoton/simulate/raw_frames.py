"""Frames of a simulated raw movie, made when they are asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse

from lumentrace.twophoton.simulate.raw_motion import SimulatedMotion
from lumentrace.twophoton.simulate.raw_scene import RawScene

Floats = NDArray[np.float64]
Counts = NDArray[np.uint16]

BLOCK = 64
MOST_COUNTS = 65535


@dataclass(frozen=True)
class Light:
    """Photons of a channel over time, as coefficients of cubic splines on the canvas.

    Attributes
    ----------
    margin : int
        Of the canvas around the frame.
    rest, neuropil : ndarray
        Everything at rest, and the part of it that follows the neuropil.
    cells : scipy.sparse.csr_matrix or None
        (canvas pixels, cells): light of each cell at rest; None if none is active.
    dff : ndarray
        (frames, cells)
    neuropil_trace, bleaching : ndarray
        (frames,): relative to the first frame at rest.
    """

    margin: int
    rest: NDArray[np.float32] = field(repr=False)
    neuropil: NDArray[np.float32] = field(repr=False)
    cells: sparse.csr_matrix | None = field(repr=False)
    dff: NDArray[np.float32] = field(repr=False)
    neuropil_trace: Floats = field(repr=False)
    bleaching: Floats = field(repr=False)

    def coefficients(self, frame: int) -> NDArray[np.float32]:
        """Of the light of one frame."""
        total = self.rest + np.float32(self.neuropil_trace[frame] - 1) * self.neuropil
        if self.cells is not None:
            total += (self.cells @ self.dff[frame]).reshape(total.shape)
        return np.asarray(np.float32(self.bleaching[frame]) * total)


@dataclass(frozen=True)
class SimulatedFrames:
    """Frames of counts that can be indexed as an array; each is made when it is asked for, always the same.

    Attributes
    ----------
    scene : RawScene
    light : Light
    motion : SimulatedMotion
    key : tuple of int
        What the photons of this movie are drawn from, beside the number of the frame.
    """

    scene: RawScene
    light: Light = field(repr=False)
    motion: SimulatedMotion = field(repr=False)
    key: tuple[int, ...] = field(repr=False)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Frames, rows, columns."""
        return self.scene.frames, self.scene.rows, self.scene.columns

    @property
    def dtype(self) -> np.dtype[np.uint16]:
        """16 bits."""
        return np.dtype(np.uint16)

    @property
    def ndim(self) -> int:
        """Three."""
        return 3

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> Counts:
        first, rest = (key[0], key[1:]) if isinstance(key, tuple) else (key, ())
        wanted = np.arange(len(self))[first]
        made = np.empty((wanted.size, *self.shape[1:]), np.uint16)
        for place, frame in enumerate(wanted.reshape(-1)):
            made[place] = self._counts(int(frame))
        frames = made.reshape(*wanted.shape, *self.shape[1:])
        return np.asarray(frames[(*[slice(None)] * wanted.ndim, *rest)])

    def blocks(self, size: int = BLOCK) -> Iterator[Counts]:
        """All frames, some at a time."""
        for start in range(0, len(self), size):
            yield self[start : start + size]

    def photons(self, frame: int) -> Floats:
        """Expected photons (rows, columns) of a frame."""
        coefficients = self.light.coefficients(frame)
        light = self._warped(coefficients, frame) if self.motion.modes else self._shifted(coefficients, frame)
        return np.maximum(light, 0.0)

    def _shifted(self, coefficients: NDArray[np.float32], frame: int) -> Floats:
        rows, columns = self.shape[1:]
        down, across = self.light.margin - self.motion.shifts[frame]
        light = _along_rows(coefficients, down, rows)
        shown = np.empty((rows, columns))
        for parity in range(2):
            start = across - parity * self.scene.line_offset_px
            shown[parity::2] = _along_rows(light[parity::2].T, start, columns).T
        return shown

    def _warped(self, coefficients: NDArray[np.float32], frame: int) -> Floats:
        y, x = np.mgrid[: self.shape[1], : self.shape[2]]
        away = self.motion.displacement(frame)
        across = x - away[..., 1] - np.where(y % 2 == 1, self.scene.line_offset_px, 0.0)
        places = np.stack([y - away[..., 0], across]) + self.light.margin
        return np.asarray(ndimage.map_coordinates(coefficients, places, np.float64, 3, prefilter=False))

    def _counts(self, frame: int) -> Counts:
        random = np.random.default_rng((*self.key, frame))
        counts = self.scene.offset + self.scene.gain * random.poisson(self.photons(frame))
        if self.scene.read_noise:
            counts = counts + self.scene.read_noise * random.standard_normal(self.shape[1:])
        return np.clip(np.rint(counts), 0, MOST_COUNTS).astype(np.uint16)


def _along_rows(coefficients: NDArray[Any], start: float, count: int) -> NDArray[Any]:
    """A cubic spline at rows `start`, `start` + 1 and so on."""
    first = math.floor(start)
    part = start - first
    weights = (
        (1 - part) ** 3 / 6,
        2 / 3 - part**2 + part**3 / 2,
        2 / 3 - (1 - part) ** 2 + (1 - part) ** 3 / 2,
        part**3 / 6,
    )
    own = (coefficients[first - 1 + place : first - 1 + place + count] for place in range(4))
    return np.asarray(sum(np.float32(weight) * rows for weight, rows in zip(weights, own, strict=True)))
