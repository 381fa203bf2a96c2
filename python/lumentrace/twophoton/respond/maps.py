"""Where in the frame responses are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace.base.provenance import Provenance, Watch
from lumentrace.twophoton.measure.images import pixel_figures
from lumentrace.twophoton.measure.timing import resolve_recording_timing
from lumentrace.twophoton.measure.windows import GREY, EpochFrameWindow
from lumentrace.twophoton.read.crop import SpatialCrop
from lumentrace.twophoton.read.frames_done import FramesDone
from lumentrace.twophoton.read.recording import ConvertedRecording, recording_frame_rate_hz
from lumentrace.twophoton.respond.trials import finite_mean

Floats = NDArray[np.float64]

FORMAT = "twopy-response-heatmaps"
SPARSE = 0.25
"""Share of the weight that must be known for a smoothed value."""
FLOOR = 1e-6
DISPLAY = 95


@dataclass(frozen=True)
class ResponseMapOptions:
    """How response maps are made.

    Attributes
    ----------
    mode : {'pixel', 'window'}
        Each pixel by itself, smoothed; or squares that overlap, averaged.
    pixel_smoothing_sigma : float
        Of a Gaussian, in pixels.
    window_size_pixels, window_stride_pixels : int
        Side of the squares, and the step from one to the next, no larger than the side.
    baseline_sample_seconds : float
        Before each epoch.
    foreground_percentile : float
        Darker pixels of the mean image are NaN.
    """

    mode: Literal["pixel", "window"] = "pixel"
    pixel_smoothing_sigma: float = 2.0
    window_size_pixels: int = 3
    window_stride_pixels: int = 1
    baseline_sample_seconds: float = 1.0
    foreground_percentile: float = 25.0

    def check(self, shape: tuple[int, int]) -> None:
        """ValueError unless all fits a frame."""
        if self.mode not in ("pixel", "window"):
            raise ValueError(f"`mode`: expected pixel or window, found {self.mode!r}")
        size, stride = self.window_size_pixels, self.window_stride_pixels
        for name, fits in (
            ("pixel_smoothing_sigma", self.pixel_smoothing_sigma >= 0),
            ("window_size_pixels", 1 <= size <= min(shape)),
            ("window_stride_pixels", 1 <= stride <= size),
            ("baseline_sample_seconds", self.baseline_sample_seconds > 0),
            ("foreground_percentile", 0 <= self.foreground_percentile <= 100),
        ):
            if not fits:
                raise ValueError(
                    f"`{name}`: expected another value for a frame of {shape}, found {getattr(self, name)!r}"
                )


@dataclass(frozen=True)
class EpochResponseMap:
    """The mean response to an epoch, divided by the scale of all maps.

    Attributes
    ----------
    epoch_name, epoch_number : str, int
    response_values : ndarray
        (rows, columns) of the crop, -1 to 1; NaN in the background.
    trial_count : int
    """

    epoch_name: str
    epoch_number: int
    response_values: Floats = field(repr=False)
    trial_count: int


@dataclass(frozen=True)
class RecordingResponseMaps:
    """Response maps of a recording; times `response_scale` they are dF/F.

    Attributes
    ----------
    mean_image : ndarray
        (rows, columns) of the crop.
    epochs : tuple of EpochResponseMap
    options : ResponseMapOptions
    spatial_crop : SpatialCrop
    response_scale : float
        The largest absolute dF/F of all maps.
    provenance : Provenance
        That of the recording, and how the maps were made of it.
    """

    mean_image: Floats = field(repr=False)
    epochs: tuple[EpochResponseMap, ...]
    options: ResponseMapOptions
    spatial_crop: SpatialCrop
    response_scale: float
    provenance: Provenance = field(default_factory=Provenance, repr=False, compare=False, kw_only=True)

    def display_limit(self, epoch: EpochResponseMap | None = None) -> float:
        """The 95th percentile of absolute values, of one map or of all."""
        maps = self.epochs if epoch is None else (epoch,)
        values = np.concatenate([np.abs(each.response_values[np.isfinite(each.response_values)]) for each in maps])
        return float(np.percentile(values, DISPLAY)) if values.size else 0.0


def compute_recording_response_maps(
    recording: ConvertedRecording,
    *,
    epoch_windows: Sequence[EpochFrameWindow] | None = None,
    options: ResponseMapOptions | None = None,
) -> RecordingResponseMaps:
    """The mean relative change of fluorescence in every pixel, for each epoch.

    Parameters
    ----------
    recording : ConvertedRecording
    epoch_windows : sequence, optional
        Found from the photodiode and the stimulus if left out.
    options : ResponseMapOptions, optional

    Raises
    ------
    ValueError
        If an option does not fit, a window lies outside the movie, or none can be used.
    """
    watch = Watch()
    chosen = options or ResponseMapOptions()
    windows = resolve_recording_timing(recording).epoch_windows if epoch_windows is None else tuple(epoch_windows)
    found = _mapped(recording, windows, chosen)
    history = watch.after(recording.provenance, "response_maps", {"windows": len(windows), **asdict(chosen)})
    return replace(found, provenance=history)


def _mapped(
    recording: ConvertedRecording, windows: Sequence[EpochFrameWindow], options: ResponseMapOptions
) -> RecordingResponseMaps:
    crop, frames = recording.alignment_valid_crop, recording.movie.shape[0]
    options.check(crop.shape)
    before = max(1, round(options.baseline_sample_seconds * recording_frame_rate_hz(recording)))
    mean = recording.mean_image[crop.slices]
    threshold = max(float(np.percentile(mean[np.isfinite(mean)], options.foreground_percentile)), np.finfo(float).eps)
    foreground = mean >= threshold
    usable = _usable(windows, frames, before)
    done = FramesDone(frames, sum(before + each.window.frames for each in usable))
    maps: dict[tuple[int, str], list[Floats]] = {}
    for each in usable:
        start = each.window.start_frame
        base = _mean_frame(recording, start - before, start, foreground, done)
        response = _mean_frame(recording, start, each.window.stop_frame, foreground, done)
        change = _change(base, response, threshold, options)
        maps.setdefault((each.epoch_number, each.epoch_name), []).append(change)
    means = {epoch: finite_mean(np.stack(maps[epoch]), 0) for epoch in sorted(maps)}
    most = max((float(np.nanmax(np.abs(each))) for each in means.values() if np.isfinite(each).any()), default=0.0)
    scale = 1.0 if most == 0 else max(most, FLOOR)
    epochs = tuple(
        EpochResponseMap(name, number, each / scale, len(maps[number, name])) for (number, name), each in means.items()
    )
    return RecordingResponseMaps(mean, epochs, options, crop, scale)


def _usable(windows: Sequence[EpochFrameWindow], frames: int, before: int) -> list[EpochFrameWindow]:
    """Windows with a baseline before them, of epochs that are none themselves."""
    for each in windows:
        start, stop = each.window.start_frame, each.window.stop_frame
        if not 0 <= start < stop <= frames:
            raise ValueError(
                f"window {each.window.index}: expected frames within 0 to {frames}, found {start} to {stop}"
            )
    kept = [
        each
        for each in windows
        if each.window.start_frame >= before and not any(word in each.epoch_name.casefold() for word in GREY)
    ]
    if not kept:
        raise ValueError(f"expected a window with {before} frames before it that is no baseline, found none")
    return kept


def _mean_frame(
    recording: ConvertedRecording, start: int, stop: int, foreground: NDArray[np.bool_], done: FramesDone
) -> Floats:
    """Mean of the frames that did not move; NaN in the background and where there is none."""
    crop = recording.alignment_valid_crop
    found = pixel_figures(recording.movie, start, stop, ~recording.motion_artifact_mask, crop, done=done)
    return np.where(foreground, found.mean, np.nan)


def _change(base: Floats, response: Floats, threshold: float, options: ResponseMapOptions) -> Floats:
    if options.mode == "window":
        return window_change(base, response, threshold, options.window_size_pixels, options.window_stride_pixels)
    values = (response - base) / np.maximum(np.abs(base), threshold)
    return smoothed(values, options.pixel_smoothing_sigma)


def smoothed(values: Floats, sigma: float) -> Floats:
    """Smooth what is known; NaN where less than a quarter of the weight is."""
    if sigma == 0:
        return values
    known = np.isfinite(values)
    weight = ndimage.gaussian_filter(known.astype(np.float64), sigma)
    total = ndimage.gaussian_filter(np.where(known, values, 0.0), sigma)
    return np.asarray(np.divide(total, weight, out=np.full(values.shape, np.nan), where=weight > SPARSE))


def window_change(base: Floats, response: Floats, threshold: float, size: int, stride: int) -> Floats:
    """Changes of squares, averaged over all squares that cover a pixel."""
    before, after = (_square_means(image, size) for image in (base, response))
    change = (after - before) / np.maximum(np.abs(before), threshold)
    taken = np.zeros(change.shape, bool)
    taken[np.ix_(*(_starts(length, size, stride) for length in base.shape))] = True
    taken &= np.isfinite(change)
    total, count = (
        _box_sums(np.pad(each, size - 1), size) for each in (np.where(taken, change, 0.0), taken.astype(np.float64))
    )
    return np.asarray(np.divide(total, count, out=np.full(base.shape, np.nan), where=count > 0.5))


def _starts(length: int, size: int, stride: int) -> list[int]:
    starts = list(range(0, length - size + 1, stride))
    return starts if starts[-1] == length - size else [*starts, length - size]


def _square_means(image: Floats, size: int) -> Floats:
    """Mean of what is finite in each square, by its top left pixel."""
    held = np.isfinite(image)
    total, count = _box_sums(np.where(held, image, 0.0), size), _box_sums(held.astype(np.float64), size)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0.5))


def _box_sums(image: Floats, size: int) -> Floats:
    """Sum of each square, by its top left pixel."""
    rows, columns = image.shape[0] - size + 1, image.shape[1] - size + 1
    across = sum((image[:, step : step + columns] for step in range(1, size)), image[:, :columns].copy())
    return sum((across[step : step + rows] for step in range(1, size)), across[:rows].copy())
