"""Cells of a recording: from its movie to weighted footprints, with a score for each."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.base.provenance import Watch
from lumentrace.twophoton.read.recording import ConvertedRecording, recording_frame_rate_hz
from lumentrace.twophoton.regions.cells.apart import own_shares
from lumentrace.twophoton.regions.cells.footprints import Coarse, refined
from lumentrace.twophoton.regions.cells.found import FoundCells
from lumentrace.twophoton.regions.cells.passes import Binning, Passes
from lumentrace.twophoton.regions.cells.scale import estimated
from lumentrace.twophoton.regions.cells.scores import (
    CellFigures,
    course_figures,
    judged,
    shape_figures,
    shared_courses,
)
from lumentrace.twophoton.regions.rois import RoiSet

Floats = NDArray[np.float64]

FINEST = 4
"""Cells of the grid along the diameter of a cell, at least."""
ROUGH = 2
"""Pixels of a cell of the grid where the diameter is estimated."""
SMALLEST_DIAMETER = 3.0


@dataclass(frozen=True)
class CellOptions:
    """How cells are found; see `find_cells`."""

    diameter: float | None = None
    threshold: float = 0.5
    bin_seconds: float = 0.3
    window_seconds: float = 60.0


def find_cells(
    recording: ConvertedRecording,
    *,
    diameter: float | None = None,
    diameter_um: float | None = None,
    pixel_size_um: float | None = None,
    threshold: float = 0.5,
    bin_seconds: float = 0.3,
    window_seconds: float = 60.0,
) -> FoundCells:
    """Find cells by what their pixels do together.

    The movie is read some frames at a time, three or four times. Slow changes and the mean of each pixel are taken
    out, and values are measured in units of the noise of their pixel, which differences of successive frames tell.
    Cells are looked for in bins of time and space, patch by patch: the most active place first, then footprints and
    time courses of all cells and their surroundings together, and again in what they leave. Two cells that one
    explains become one. Footprints are then fitted once more to the pixels of the movie.

    Parameters
    ----------
    recording : ConvertedRecording
    diameter : float, optional
        Of cells, in pixels, 3 at least; estimated by default.
    diameter_um, pixel_size_um : float, optional
        The diameter in micrometres, and the size of a pixel.
    threshold : float, default 0.5
        Least score of cells, 0 to 1.
    bin_seconds : float, default 0.3
        Length of bins in time, about as long as a transient rises; longer for movies that would not fit into memory.
    window_seconds : float, default 60.0
        Over which slow changes are taken out.

    Returns
    -------
    FoundCells
        Without cells if there are none; candidates below the threshold are told with the reasons.

    Raises
    ------
    FormatError
        If the file is damaged.
    ValueError
        If a number is out of range, there are too few frames, no pixel changes, or no diameter can be estimated because
        nothing is active.

    References
    ----------
    Pnevmatikakis et al., Simultaneous denoising, deconvolution, and demixing of calcium imaging data, Neuron 89 (2016);
    Cichocki and Phan, Fast local algorithms for large scale nonnegative matrix and tensor factorizations, IEICE
    Transactions E92-A (2009).

    Examples
    --------
    >>> import tempfile
    >>> from lumentrace import twophoton
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = twophoton.simulate_recording(folder, cells=3, rows=48, columns=48, repeats=2, seed=1)
    ...     converted = twophoton.convert_recording(folder, folder)
    ...     cells = twophoton.find_cells(twophoton.load_converted_recording(converted.path), diameter=8)
    >>> len(cells.roi_set), cells.figures[0].accepted
    (3, True)
    """
    size = _diameter(diameter, diameter_um, pixel_size_um)
    _positive(bin_seconds=bin_seconds, window_seconds=window_seconds)
    if not 0 <= threshold <= 1:
        raise ValueError(f"`threshold`: expected a number from 0 to 1, found {threshold!r}")
    options = CellOptions(size, threshold, bin_seconds, window_seconds)
    watch = Watch()
    found = _found(recording, options)
    about = {**asdict(options), "diameter": found.diameter, "diameter_estimated": found.diameter_estimated}
    history = watch.after(recording.provenance, "find_cells", about)
    sets = {name: getattr(found, name).with_provenance(history) for name in ("roi_set", "candidates")}
    return replace(found, provenance=history, **sets)


def _positive(**numbers: float) -> None:
    for name, number in numbers.items():
        if not 0 < number < math.inf:
            raise ValueError(f"`{name}`: expected a positive number, found {number!r}")


def _diameter(diameter: float | None, micrometres: float | None, pixel: float | None) -> float | None:
    """The diameter in pixels, if one was given."""
    if (micrometres is None) != (pixel is None) or (diameter is not None and micrometres is not None):
        raise ValueError("expected `diameter`, or `diameter_um` and `pixel_size_um`, or none of them")
    if micrometres is not None and pixel is not None:
        _positive(diameter_um=micrometres, pixel_size_um=pixel)
        diameter = micrometres / pixel
    if diameter is not None and not SMALLEST_DIAMETER <= diameter < math.inf:
        raise ValueError(f"`diameter`: expected {SMALLEST_DIAMETER:g} pixels at least, found {diameter!r}")
    return diameter


def _found(recording: ConvertedRecording, options: CellOptions) -> FoundCells:
    passes = Passes(recording)
    rate = recording_frame_rate_hz(recording)
    binning = Binning.of(passes.frames, rate, options.bin_seconds, options.window_seconds)
    mean, noise = passes.noise()
    diameter, factor, binned, binning = _binned(passes, mean, noise, binning, options.diameter)
    coarse = _coarse(binned, diameter / factor, binning.window)
    fine = refined(passes, coarse, mean, noise, factor, binning)
    whole = recording.movie.shape[1], recording.movie.shape[2]
    order, figures = _judged(coarse, fine, mean.shape, diameter, options.threshold)
    accepted = sum(own.accepted for own in figures)
    correlation, peak = binned.images()
    corner = passes.crop.axis0_start, passes.crop.axis1_start

    def rois(count: int) -> RoiSet:
        pixels = [_moved(fine[number][0], mean.shape[1], corner, whole[1]) for number in order[:count]]
        labels = [own.label for own in figures[:count]]
        return RoiSet.from_pixels(whole, pixels, labels, [fine[number][1] for number in order[:count]])

    def framed(image: Floats) -> Floats:
        frame = np.full(whole, np.nan)
        frame[passes.crop.slices] = image
        return frame

    return FoundCells(
        roi_set=rois(accepted),
        candidates=rois(len(order)),
        figures=tuple(replace(own, row=own.row + corner[0], column=own.column + corner[1]) for own in figures),
        correlation_image=framed(correlation),
        peak_image=framed(peak),
        mean_image=framed(mean),
        noise_image=framed(noise),
        traces=np.ascontiguousarray(coarse.free[order].T),
        diameter=diameter,
        diameter_estimated=options.diameter is None,
        frames_per_bin=binning.frames,
    )


def _binned(
    passes: Passes, mean: Floats, noise: Floats, binning: Binning, diameter: float | None
) -> tuple[float, int, _core.BinnedMovie, Binning]:
    """The diameter, pixels of a cell of the grid, and the movie in bins."""
    if diameter is None:
        own = binning.within(_cells(mean, ROUGH))
        binned = passes.binned(mean, noise, ROUGH, own)
        scale = estimated(binned, own.window, min(-(-length // ROUGH) for length in mean.shape))
        if scale is None:
            raise ValueError("`diameter`: expected active cells to estimate it from, found none; give it")
        diameter = max(ROUGH * scale, SMALLEST_DIAMETER)
        if _factor(diameter) == ROUGH:
            return diameter, ROUGH, binned, own
        del binned
    if diameter > min(mean.shape):
        raise ValueError(f"`diameter`: expected no more than the frame, {min(mean.shape)} pixels, found {diameter!r}")
    factor = _factor(diameter)
    own = binning.within(_cells(mean, factor))
    return diameter, factor, passes.binned(mean, noise, factor, own), own


def _factor(diameter: float) -> int:
    return max(1, int(diameter / FINEST))


def _cells(image: Floats, factor: int) -> int:
    return math.prod(-(-length // factor) for length in image.shape)


def _coarse(binned: _core.BinnedMovie, diameter: float, window: int) -> Coarse:
    figures, footprints, active, free, around = binned.cells(diameter, window)
    return Coarse(
        places=figures[:, :2].astype(np.int64),
        footprints=footprints,
        active=active.astype(np.float64),
        free=free.astype(np.float64),
        activity=figures[:, 2],
        halves=figures[:, 3],
        patches=figures[:, 4].astype(np.int64),
        around=around.astype(np.float64),
    )


def _judged(
    coarse: Coarse,
    fine: list[tuple[NDArray[np.int64], Floats]],
    shape: tuple[int, ...],
    diameter: float,
    threshold: float,
) -> tuple[list[int], list[CellFigures]]:
    """Candidates of which pixels are left by score, and their figures."""
    left = [number for number, (pixels, _) in enumerate(fine) if pixels.size]
    shared = shared_courses([own[0] for own in fine], math.prod(shape), shape[1], coarse.free)
    known = []
    for number in left:
        own = {"activity": float(coarse.activity[number]), "halves": float(coarse.halves[number])}
        own |= course_figures(coarse.free[number]) | shape_figures(*fine[number], shape[1], diameter)
        known.append(own | {"shared": float(shared[number]), "apart": 1.0})
    alone = [judged(own)[0] for own in known]
    apart = own_shares([fine[number] for number in left], math.prod(shape), alone, threshold)
    known = [own | {"apart": float(share)} for own, share in zip(known, apart, strict=True)]
    told = [(*judged(own), number, own) for number, own in zip(left, known, strict=True)]
    told.sort(key=lambda own: (-own[0], own[2]))
    figures = [
        CellFigures(
            label=f"cell_{place:04d}",
            score=score,
            accepted=score >= threshold,
            reasons=reasons,
            pixels=int(fine[number][0].size),
            **own,
        )
        for place, (score, reasons, number, own) in enumerate(told, 1)
    ]
    return [own[2] for own in told], figures


def _moved(pixels: NDArray[np.int64], columns: int, corner: tuple[int, int], width: int) -> NDArray[np.int64]:
    """Pixels of a part of the frame by their numbers in the frame."""
    return np.asarray((pixels // columns + corner[0]) * width + pixels % columns + corner[1])
