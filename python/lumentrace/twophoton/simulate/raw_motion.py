"""How the tissue of a simulated raw movie moves."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from lumentrace.twophoton.simulate.raw_scene import RawScene

Floats = NDArray[np.float64]
Generator = np.random.Generator

MEMORY_S = 0.5
"""After which slow motion has forgotten where it was."""
JUMP_S = 0.3
MODES = {"smooth": ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0)), "rows": ((1, 0), (2, 0), (3, 0))}
"""Half waves along rows and along columns."""


@dataclass(frozen=True)
class SimulatedMotion:
    """Where the tissue is: pixel (y, x) of frame t shows the place ``(y, x) - displacement``.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns of the frame.
    shifts : ndarray
        (frames, 2): of the whole frame along rows and along columns, px; the mean displacement.
    modes : tuple
        Half waves of cosines along rows and columns.
    amplitudes : ndarray
        (frames, modes, 2): px; their displacements have mean 0 over the frame.
    """

    shape: tuple[int, int]
    shifts: Floats = field(repr=False)
    modes: tuple[tuple[int, int], ...]
    amplitudes: Floats = field(repr=False)

    def displacement(self, frame: int, rows: Floats | None = None, columns: Floats | None = None) -> Floats:
        """Displacement (rows, columns, 2) at places; every pixel if none are given."""
        found = np.zeros((*self._basis(rows, columns)[0].shape, 2)) + self.shifts[frame]
        for basis, amplitude in zip(self._basis(rows, columns), self.amplitudes[frame], strict=False):
            found += basis[..., None] * amplitude
        return found

    def farthest(self) -> int:
        """Whole pixels that nothing moves farther than."""
        waves = np.abs(self.amplitudes).sum(axis=1).max(initial=0.0)
        return math.ceil(np.abs(self.shifts).max(initial=0.0) + 2 * waves)

    def _basis(self, rows: Floats | None, columns: Floats | None) -> list[Floats]:
        """The modes at places, each with mean square 1 over the frame."""
        down = np.arange(self.shape[0]) if rows is None else np.asarray(rows)
        across = np.arange(self.shape[1]) if columns is None else np.asarray(columns)
        made = []
        for tall, wide in self.modes or ((0, 0),):
            first = _wave(tall, down, self.shape[0])
            made.append(first[:, None] * _wave(wide, across, self.shape[1])[None])
        return made


def _wave(half_waves: int, places: Floats | NDArray[np.int64], size: int) -> Floats:
    scale = math.sqrt(2) if half_waves else 1.0
    return np.asarray(scale * np.cos(np.pi * half_waves * (places + 0.5) / size))


def simulated_motion(scene: RawScene, random: Generator) -> SimulatedMotion:
    """A slow walk around the middle, jumps, and waves of displacement over the frame."""
    shifts = scene.walk_px * _walk(scene, 2, random)
    length = max(1, round(JUMP_S * scene.frame_rate_hz))
    for start in random.choice(scene.frames, min(scene.jumps, scene.frames), replace=False):
        angle = random.uniform(0, 2 * np.pi)
        shifts[start : start + length] += scene.jump_px * np.array([np.sin(angle), np.cos(angle)])
    modes = MODES[scene.warp] if scene.warp_px > 0 else ()
    walks = _walk(scene, 2 * len(modes), random).reshape(scene.frames, len(modes), 2)
    amplitudes = scene.warp_px * walks / math.sqrt(max(len(modes), 1))
    return SimulatedMotion((scene.rows, scene.columns), shifts, modes, amplitudes)


def _walk(scene: RawScene, count: int, random: Generator) -> Floats:
    """Autoregressive processes of variance 1 (frames, count)."""
    keep = math.exp(-1 / (MEMORY_S * scene.frame_rate_hz))
    steps = random.standard_normal((scene.frames, count))
    steps[1:] *= math.sqrt(1 - keep**2)
    return np.asarray(signal.lfilter([1.0], [1.0, -keep], steps, axis=0))
