"""Regions that respond: the watershed of an image of how strongly and how alike neighbours respond."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace.base.provenance import Provenance, Watch
from lumentrace.twophoton.measure.images import pixel_figures
from lumentrace.twophoton.measure.traces import Domain, spatial_domain_crop
from lumentrace.twophoton.measure.windows import EpochFrameWindow
from lumentrace.twophoton.read.crop import SpatialCrop
from lumentrace.twophoton.read.frames_done import FramesDone
from lumentrace.twophoton.read.recording import ConvertedRecording, recording_frame_rate_hz
from lumentrace.twophoton.regions.response_scores import ResponseScores, response_scores
from lumentrace.twophoton.regions.rois import RoiSet
from lumentrace.twophoton.regions.watershed import watershed_labels

Floats = NDArray[np.float64]
Masks = NDArray[np.bool_]
Statistic = Literal["peak", "mean"]
Polarity = Literal["positive", "negative", "absolute"]
Normalization = Literal["baseline_subtracted", "delta_f_over_f"]

SQUARE = np.ones((3, 3), bool)


@dataclass(frozen=True)
class ResponseWatershed:
    """Regions that respond, and what they were found from."""

    roi_set: RoiSet
    score_images: ResponseScores
    spatial_crop: SpatialCrop
    selected_window_indices: tuple[int, ...]
    selected_epoch_numbers: tuple[int, ...]
    provenance: Provenance = field(default_factory=Provenance, repr=False, compare=False, kw_only=True)


@dataclass(frozen=True)
class ResponseWatershedOptions:
    """How regions are found; see `extract_response_watershed_rois`."""

    epoch_numbers: Sequence[int] | None = None
    epoch_names: Sequence[str] | None = None
    spatial_domain: Domain = "alignment_valid_crop"
    baseline_sample_seconds: float = 1.0
    response_window_seconds: tuple[float, float | None] = (0.0, None)
    response_statistic: Statistic = "peak"
    response_polarity: Polarity = "positive"
    response_normalization: Normalization = "baseline_subtracted"
    score_smoothing_sigma: float = 0.0
    minimum_score_percentile: float = 75.0
    within_roi_percentile: float = 50.0
    min_pixels: int = 5
    max_pixels: int | None = None
    fill_holes: bool = True
    closing_radius: int = 0
    apply_motion_mask: bool = True
    data_rate_hz: float | None = None
    label_prefix: str = "response_watershed"

    def check(self) -> None:
        """ValueError unless all is known and in range."""
        for name, kind in (
            ("response_statistic", Statistic),
            ("response_polarity", Polarity),
            ("response_normalization", Normalization),
        ):
            if getattr(self, name) not in get_args(kind):
                known = ", ".join(get_args(kind))
                raise ValueError(f"`{name}`: expected one of {known}, found {getattr(self, name)!r}")
        for name in ("minimum_score_percentile", "within_roi_percentile"):
            if not 0 <= getattr(self, name) <= 100:
                raise ValueError(f"`{name}`: expected a number from 0 to 100, found {getattr(self, name)!r}")


@dataclass(frozen=True)
class _Span:
    """Frames of a window: its baseline and its response."""

    base: tuple[int, int]
    response: tuple[int, int]

    @property
    def frames(self) -> int:
        """How many are read."""
        return self.base[1] - self.base[0] + self.response[1] - self.response[0]


def extract_response_watershed_rois(
    recording: ConvertedRecording,
    epoch_windows: Sequence[EpochFrameWindow],
    *,
    epoch_numbers: Sequence[int] | None = None,
    epoch_names: Sequence[str] | None = None,
    spatial_domain: Domain = "alignment_valid_crop",
    baseline_sample_seconds: float = 1.0,
    response_window_seconds: tuple[float, float | None] = (0.0, None),
    response_statistic: Statistic = "peak",
    response_polarity: Polarity = "positive",
    response_normalization: Normalization = "baseline_subtracted",
    score_smoothing_sigma: float = 0.0,
    minimum_score_percentile: float = 75.0,
    within_roi_percentile: float = 50.0,
    min_pixels: int = 5,
    max_pixels: int | None = None,
    fill_holes: bool = True,
    closing_radius: int = 0,
    apply_motion_mask: bool = True,
    data_rate_hz: float | None = None,
    label_prefix: str = "response_watershed",
) -> ResponseWatershed:
    """Regions of pixels that respond strongly, together and each time.

    The movie is read window by window and never held.

    Parameters
    ----------
    recording : ConvertedRecording
    epoch_windows : sequence of EpochFrameWindow
    epoch_numbers, epoch_names : sequence, optional
        Take windows of these epochs; of all by default.
    spatial_domain : {'alignment_valid_crop', 'full_frame'}
    baseline_sample_seconds : float, default 1
        Before each window.
    response_window_seconds : tuple, default (0, None)
        From the start of the window; None for its end.
    response_statistic : {'peak', 'mean'}
    response_polarity : {'positive', 'negative', 'absolute'}
        'absolute' also finds cells that are inhibited.
    response_normalization : {'baseline_subtracted', 'delta_f_over_f'}
    score_smoothing_sigma : float, default 0
        Of a Gaussian that joins basins, in pixels.
    minimum_score_percentile : float, default 75
        Of all positive scores; what is lower belongs to no region.
    within_roi_percentile : float, default 50
        Of the scores of a basin; what is lower is cut off. The default always cuts off half of a basin.
    min_pixels : int, default 5
    max_pixels : int, optional
        Smaller and larger regions are left out.
    fill_holes : bool, default True
    closing_radius : int, default 0
        Of a closing of gaps, in pixels.
    apply_motion_mask : bool, default True
        Leave out frames that moved.
    data_rate_hz : float, optional
        That of the recording by default.
    label_prefix : str, default 'response_watershed'

    Returns
    -------
    ResponseWatershed
        ``roi_set``, ``score_images``, ``spatial_crop``, ``selected_window_indices``, ``selected_epoch_numbers``.

    Raises
    ------
    ValueError
        If a setting is out of range, fewer than two windows are selected, one has no frames before it, or no region is
        left.
    """
    options = ResponseWatershedOptions(
        epoch_numbers=epoch_numbers,
        epoch_names=epoch_names,
        spatial_domain=spatial_domain,
        baseline_sample_seconds=baseline_sample_seconds,
        response_window_seconds=response_window_seconds,
        response_statistic=response_statistic,
        response_polarity=response_polarity,
        response_normalization=response_normalization,
        score_smoothing_sigma=score_smoothing_sigma,
        minimum_score_percentile=minimum_score_percentile,
        within_roi_percentile=within_roi_percentile,
        min_pixels=min_pixels,
        max_pixels=max_pixels,
        fill_holes=fill_holes,
        closing_radius=closing_radius,
        apply_motion_mask=apply_motion_mask,
        data_rate_hz=data_rate_hz,
        label_prefix=label_prefix,
    )
    return responding(recording, epoch_windows, options)


def response_watershed_roi_set(
    recording: ConvertedRecording,
    epoch_windows: Sequence[EpochFrameWindow],
    *,
    epoch_numbers: Sequence[int] | None = None,
    epoch_names: Sequence[str] | None = None,
    spatial_domain: Domain = "alignment_valid_crop",
    baseline_sample_seconds: float = 1.0,
    response_window_seconds: tuple[float, float | None] = (0.0, None),
    response_statistic: Statistic = "peak",
    response_polarity: Polarity = "positive",
    response_normalization: Normalization = "baseline_subtracted",
    score_smoothing_sigma: float = 0.0,
    minimum_score_percentile: float = 75.0,
    within_roi_percentile: float = 50.0,
    min_pixels: int = 5,
    max_pixels: int | None = None,
    fill_holes: bool = True,
    closing_radius: int = 0,
    apply_motion_mask: bool = True,
    data_rate_hz: float | None = None,
    label_prefix: str = "response_watershed",
) -> RoiSet:
    """The regions of `extract_response_watershed_rois`, which describes the settings and has the same errors."""
    options = ResponseWatershedOptions(
        epoch_numbers=epoch_numbers,
        epoch_names=epoch_names,
        spatial_domain=spatial_domain,
        baseline_sample_seconds=baseline_sample_seconds,
        response_window_seconds=response_window_seconds,
        response_statistic=response_statistic,
        response_polarity=response_polarity,
        response_normalization=response_normalization,
        score_smoothing_sigma=score_smoothing_sigma,
        minimum_score_percentile=minimum_score_percentile,
        within_roi_percentile=within_roi_percentile,
        min_pixels=min_pixels,
        max_pixels=max_pixels,
        fill_holes=fill_holes,
        closing_radius=closing_radius,
        apply_motion_mask=apply_motion_mask,
        data_rate_hz=data_rate_hz,
        label_prefix=label_prefix,
    )
    return responding(recording, epoch_windows, options).roi_set


def responding(
    recording: ConvertedRecording, epoch_windows: Sequence[EpochFrameWindow], options: ResponseWatershedOptions
) -> ResponseWatershed:
    """`extract_response_watershed_rois` with its settings in one piece."""
    watch = Watch()
    found = _found(recording, epoch_windows, options)
    about = {"windows": len(found.selected_window_indices), **asdict(options)}
    history = watch.after(recording.provenance, "response_watershed", about)
    return replace(found, roi_set=found.roi_set.with_provenance(history), provenance=history)


def _found(
    recording: ConvertedRecording, epoch_windows: Sequence[EpochFrameWindow], options: ResponseWatershedOptions
) -> ResponseWatershed:
    options.check()
    rate = recording_frame_rate_hz(recording) if options.data_rate_hz is None else float(options.data_rate_hz)
    if not rate > 0 or not options.baseline_sample_seconds > 0:
        raise ValueError("`data_rate_hz`, `baseline_sample_seconds`: expected positive numbers")
    crop = spatial_domain_crop(recording, options.spatial_domain)
    chosen = _selected(epoch_windows, options.epoch_numbers, options.epoch_names)
    frames = recording.movie.shape[0]
    kept = ~recording.motion_artifact_mask if options.apply_motion_mask else np.ones(frames, bool)
    spans = [_span(each, options, rate, frames) for each in chosen]
    done = FramesDone(frames, sum(span.frames for span in spans))
    responses = np.stack([_response(recording, span, options, kept, crop, done) for span in spans])
    scores = response_scores(responses, [each.epoch_number for each in chosen])
    least, most = options.min_pixels, options.max_pixels
    pixels = [
        own
        for own in _regions(scores.score_image, options)
        if least <= own.shape[1] and (most is None or own.shape[1] <= most)
    ]
    if not pixels:
        raise ValueError(f"expected a region of {least} to {most} pixels, found none")
    columns = crop.original_shape[1]
    whole = [(row + crop.axis0_start) * columns + column + crop.axis1_start for row, column in pixels]
    labels = [f"{options.label_prefix}_{number:04d}" for number in range(1, len(whole) + 1)]
    return ResponseWatershed(
        RoiSet.from_pixels(crop.original_shape, whole, labels),
        scores,
        crop,
        tuple(each.window.index for each in chosen),
        tuple(sorted({each.epoch_number for each in chosen})),
    )


def _selected(
    windows: Sequence[EpochFrameWindow], numbers: Sequence[int] | None, names: Sequence[str] | None
) -> list[EpochFrameWindow]:
    found = [
        each
        for each in windows
        if (numbers is None or each.epoch_number in numbers) and (names is None or each.epoch_name in names)
    ]
    if len(found) < 2:
        raise ValueError(f"`epoch_windows`: expected two selected windows at least, found {len(found)}")
    return found


def _span(each: EpochFrameWindow, options: ResponseWatershedOptions, rate: float, frames: int) -> _Span:
    start, end = each.window.start_frame, each.window.stop_frame
    before = max(1, round(options.baseline_sample_seconds * rate))
    seconds, until = options.response_window_seconds
    first = start + round(seconds * rate)
    stop = end if until is None else min(end, start + round(until * rate))
    if start < before or not start <= first < stop <= frames:
        raise ValueError(
            f"window {each.window.index}: expected {before} frames before it and frames of a response within "
            f"the movie, found frames {start} to {end} and a response of frames {first} to {stop}"
        )
    return _Span((start - before, start), (first, stop))


def _response(
    recording: ConvertedRecording,
    span: _Span,
    options: ResponseWatershedOptions,
    kept: Masks,
    crop: SpatialCrop,
    done: FramesDone,
) -> Floats:
    """The response (rows, columns) to one window; 0 where there is none."""
    statistic, polarity = options.response_statistic, options.response_polarity
    base = pixel_figures(recording.movie, *span.base, kept, crop, done=done).mean
    own = base if (statistic, polarity) == ("mean", "absolute") else None
    found = pixel_figures(recording.movie, *span.response, kept, crop, own, done)
    sign = -1.0 if polarity == "negative" else 1.0
    if own is not None:
        change = found.mean
    elif statistic == "mean":
        change = sign * (found.mean - base)
    else:
        rise, fall = found.high - base, base - found.low
        change = {"positive": rise, "negative": fall, "absolute": np.maximum(rise, fall)}[polarity]
    if options.response_normalization == "delta_f_over_f":
        change = change / np.maximum(np.abs(base), np.finfo(float).eps)
    return np.where(change > 0, change, 0.0)


def _regions(score: Floats, options: ResponseWatershedOptions) -> Iterator[NDArray[np.int64]]:
    """Rows and columns (2, pixels) of each region."""
    radius = options.closing_radius
    least = np.percentile(score[score > 0], options.minimum_score_percentile)
    labels = watershed_labels(score, options.score_smoothing_sigma)
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        wide = tuple(
            slice(max(side.start - radius, 0), min(side.stop + radius, length))
            for side, length in zip(box, score.shape, strict=True)
        )
        basin, own = labels[wide] == number, score[wide]
        candidate = basin & (own >= least)
        if not candidate.any():
            continue
        kept = candidate & (own >= np.percentile(own[candidate], options.within_roi_percentile))
        if radius > 0:
            kept = _closed(kept, radius) & basin
        parts, count = ndimage.label(kept, structure=SQUARE)
        for part in range(1, count + 1):
            mask = parts == part
            if options.fill_holes:
                mask = ndimage.binary_fill_holes(mask) & basin
            yield np.array(np.nonzero(mask)) + np.array([[wide[0].start], [wide[1].start]])


def _closed(mask: Masks, radius: int) -> Masks:
    """A closing that takes the edge of the frame for more of the same."""
    padded = np.pad(mask, radius, mode="edge")
    closed = ndimage.binary_closing(padded, SQUARE, iterations=radius)
    return np.asarray(closed[radius:-radius, radius:-radius])
