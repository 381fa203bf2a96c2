"""Raw movies with known truth: cells and neuropil that move, in few photons."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import signal, sparse

from lumentrace.base.checks import whole
from lumentrace.twophoton.simulate.raw_activity import Activity, simulated_activity
from lumentrace.twophoton.simulate.raw_frames import Light, SimulatedFrames
from lumentrace.twophoton.simulate.raw_motion import SimulatedMotion, simulated_motion
from lumentrace.twophoton.simulate.raw_scene import RawScene
from lumentrace.twophoton.simulate.raw_tissue import Tissue, simulated_tissue, splines

Floats = NDArray[np.float64]
Generator = np.random.Generator

SPARE = 4
"""Pixels of the canvas that no motion reaches."""
MEMORY_S = 2.0
"""Of the slow changes of the neuropil."""
LEAST_NEUROPIL = 0.05


@dataclass(frozen=True)
class RawTruth:
    """What a simulated raw movie was made from; images show the frame without any motion, in photons.

    Attributes
    ----------
    activity : Activity
        Stimulus, spikes, calcium and dF/F.
    motion : SimulatedMotion
        Shifts of whole frames and displacements of their parts.
    line_offset_px : float
        By how much odd rows are moved along columns.
    footprints : scipy.sparse.csr_matrix
        (cells, pixels): light of each cell at rest; pixels row by row.
    masks : scipy.sparse.csr_matrix
        (cells, pixels) of bool: pixels of each cell, which may be those of others too.
    centres, contamination : ndarray
        (cells, 2) rows and columns, and (cells,) the share of the neuropil that shows through.
    neuropil_image, resting_image : ndarray
        (rows, columns): light of the neuropil, with what shows through cells; and of everything.
    neuropil_trace, bleaching : ndarray
        (frames,): what the neuropil, and then all light, is multiplied by.
    """

    activity: Activity = field(repr=False)
    motion: SimulatedMotion = field(repr=False)
    line_offset_px: float
    footprints: sparse.csr_matrix = field(repr=False)
    masks: sparse.csr_matrix = field(repr=False)
    centres: Floats = field(repr=False)
    contamination: Floats = field(repr=False)
    neuropil_image: Floats = field(repr=False)
    resting_image: Floats = field(repr=False)
    neuropil_trace: Floats = field(repr=False)
    bleaching: Floats = field(repr=False)

    def mask(self, cell: int) -> NDArray[np.bool_]:
        """Pixels (rows, columns) of a cell."""
        return np.asarray(self.masks[[cell]].toarray().reshape(self.resting_image.shape))

    def footprint(self, cell: int) -> Floats:
        """Light (rows, columns) of a cell at rest."""
        return np.asarray(self.footprints[[cell]].toarray().reshape(self.resting_image.shape))

    def neuropil_coefficient(self, inside: NDArray[np.bool_], around: NDArray[np.bool_]) -> float:
        """Light of the neuropil within some pixels relative to that in others; NaN if there are none."""
        if not (inside.any() and around.any()):
            return math.nan
        return float(self.neuropil_image[inside].mean() / self.neuropil_image[around].mean())


@dataclass(frozen=True)
class RawMovie:
    """A movie and the truth about it.

    Attributes
    ----------
    scene : RawScene
    movie : SimulatedFrames
        Frames of uint16 counts, made when they are indexed.
    structural : SimulatedFrames or None
        The second channel, which moves in the same way.
    truth : RawTruth
    """

    scene: RawScene
    movie: SimulatedFrames
    structural: SimulatedFrames | None
    truth: RawTruth


def simulate_raw(scene: RawScene | None = None, *, seed: int | Generator | None = 0) -> RawMovie:
    """A raw two-photon movie with known truth, whose frames are made when they are asked for.

    Each frame is drawn from its own number and the seed: it is the same however frames are grouped, and no more than
    those asked for are held.

    Parameters
    ----------
    scene : RawScene, optional
    seed : int, numpy Generator or None, default 0

    Returns
    -------
    RawMovie

    Raises
    ------
    ValueError
        If the frame is too small for the cells.

    Examples
    --------
    >>> from lumentrace import twophoton
    >>> made = twophoton.simulate_raw(twophoton.RawScene(frames=20, rows=48, columns=64, cells=4, photons=2), seed=1)
    >>> made.movie[3:5].shape, made.truth.motion.shifts.shape
    ((2, 48, 64), (20, 2))
    """
    return simulate_planes(scene, 1, seed=seed)[0]


def simulate_planes(
    scene: RawScene | None = None, planes: int = 3, *, seed: int | Generator | None = 0
) -> tuple[RawMovie, ...]:
    """Planes of a volume, which move together and see the same stimulus at the same time; cells are their own.

    Parameters
    ----------
    scene : RawScene, optional
        Of each plane.
    planes : int, default 3
    seed : int, numpy Generator or None, default 0

    Raises
    ------
    ValueError
        If there are no planes, or the frame is too small for the cells.

    Examples
    --------
    >>> from lumentrace import twophoton
    >>> scene = twophoton.RawScene(frames=5, rows=32, columns=32, cells=2)
    >>> first, second = twophoton.simulate_planes(scene, 2, seed=1)
    >>> bool((first.truth.motion.shifts == second.truth.motion.shifts).all())
    True
    """
    own = scene or RawScene()
    root = int(np.random.default_rng(seed).integers(2**62))
    motion = simulated_motion(own, np.random.default_rng((root, 0)))
    return tuple(_plane(own, motion, root, plane) for plane in range(whole("planes", planes, 1)))


def _plane(scene: RawScene, motion: SimulatedMotion, root: int, plane: int) -> RawMovie:
    random = np.random.default_rng((root, 1, plane))
    margin = motion.farthest() + math.ceil(abs(scene.line_offset_px)) + SPARE
    tissue = simulated_tissue(scene, margin, random)
    activity = simulated_activity(scene, np.random.default_rng((root, 2)), random)
    trace = _neuropil_trace(scene, random)
    bleaching = np.exp(-np.arange(scene.frames) / scene.frame_rate_hz / scene.bleaching_s)
    rest, neuropil, cells = splines(tissue)
    light = Light(margin, rest, neuropil, cells, activity.dff, trace, bleaching)
    structural = None
    if scene.structural_photons:
        steady = np.ones(scene.frames)
        shown = rest * np.float32(scene.structural_photons / scene.photons)
        still = Light(margin, shown, neuropil, None, activity.dff, steady, steady)
        structural = SimulatedFrames(scene, still, motion, (root, 3, plane, 1))
    movie = SimulatedFrames(scene, light, motion, (root, 3, plane, 0))
    return RawMovie(scene, movie, structural, _truth(scene, tissue, activity, motion, trace, bleaching))


def _truth(
    scene: RawScene, tissue: Tissue, activity: Activity, motion: SimulatedMotion, trace: Floats, bleaching: Floats
) -> RawTruth:
    shape = scene.rows, scene.columns
    frame = np.ix_(*(tissue.margin + np.arange(size) for size in shape))
    pixels = np.arange(math.prod(tissue.canvas)).reshape(tissue.canvas)[frame].reshape(-1)
    footprints = tissue.footprints[:, pixels]
    neuropil = tissue.neuropil[frame]
    return RawTruth(
        activity,
        motion,
        scene.line_offset_px,
        footprints,
        tissue.masks[:, pixels],
        tissue.centres,
        tissue.contamination,
        neuropil,
        neuropil + np.asarray(footprints.sum(axis=0)).reshape(shape),
        trace,
        bleaching,
    )


def _neuropil_trace(scene: RawScene, random: Generator) -> Floats:
    """An autoregressive process of mean 1 that stays positive."""
    keep = math.exp(-1 / (MEMORY_S * scene.frame_rate_hz))
    steps = random.standard_normal(scene.frames)
    steps[1:] *= math.sqrt(1 - keep**2)
    return np.maximum(1 + scene.neuropil_change * signal.lfilter([1.0], [1.0, -keep], steps), LEAST_NEUROPIL)
