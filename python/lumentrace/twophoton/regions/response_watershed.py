"""Regions that respond: the watershed of an image of how strongly and how alike neighbours respond."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace.twophoton.measure.images import pixel_figures
from lumentrace.twophoton.measure.traces import Domain, spatial_domain_crop
from lumentrace.twophoton.measure.windows import EpochFrameWindow
from lumentrace.twophoton.read.crop import SpatialCrop
from lumentrace.twophoton.read.recording import ConvertedRecording, recording_frame_rate_hz
from lumentrace.twophoton.regions.rois import RoiSet
from lumentrace.twophoton.regions.watershed import watershed_labels

Floats = NDArray[np.float64]
Masks = NDArray[np.bool_]
Statistic = Literal["peak", "mean"]
Polarity = Literal["positive", "negative", "absolute"]
Normalization = Literal["baseline_subtracted", "delta_f_over_f"]

SQUARE = np.ones((3, 3), bool)
FORWARD = ((0, 1), (1, -1), (1, 0), (1, 1))
"""Steps to half of the neighbours; the other half are the same steps back."""


@dataclass(frozen=True)
class ResponseScores:
    """How much each pixel (rows, columns) of the domain looks like part of a responding cell.

    Attributes
    ----------
    amplitude_image : ndarray
        The largest response to any window.
    reliability_image : ndarray
        How alike responses to even and odd repeats are, 0 to 1; 1 everywhere if it cannot be told.
    coherence_image : ndarray
        How alike the responses of the neighbours are, 0 to 1.
    score_image : ndarray
        Product of all, with the largest amplitude as 1.
    reliability_available : bool
        Whether two epochs at least were repeated.
    """

    amplitude_image: Floats = field(repr=False)
    reliability_image: Floats = field(repr=False)
    coherence_image: Floats = field(repr=False)
    score_image: Floats = field(repr=False)
    reliability_available: bool


@dataclass(frozen=True)
class ResponseWatershed:
    """Regions that respond, and what they were found from."""

    roi_set: RoiSet
    score_images: ResponseScores
    spatial_crop: SpatialCrop
    selected_window_indices: tuple[int, ...]
    selected_epoch_numbers: tuple[int, ...]


@dataclass(frozen=True)
class _Measure:
    """How a response is measured."""

    before: int
    rate: float
    seconds: tuple[float, float | None]
    statistic: str
    polarity: str
    normalization: str


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
    for name, value, known in (
        ("response_statistic", response_statistic, get_args(Statistic)),
        ("response_polarity", response_polarity, get_args(Polarity)),
        ("response_normalization", response_normalization, get_args(Normalization)),
    ):
        if value not in known:
            raise ValueError(f"`{name}`: expected one of {', '.join(known)}, found {value!r}")
    for name, share in (
        ("minimum_score_percentile", minimum_score_percentile),
        ("within_roi_percentile", within_roi_percentile),
    ):
        if not 0 <= share <= 100:
            raise ValueError(f"`{name}`: expected a number from 0 to 100, found {share!r}")
    rate = recording_frame_rate_hz(recording) if data_rate_hz is None else float(data_rate_hz)
    if not rate > 0 or not baseline_sample_seconds > 0:
        raise ValueError("`data_rate_hz`, `baseline_sample_seconds`: expected positive numbers")
    crop = spatial_domain_crop(recording, spatial_domain)
    chosen = _selected(epoch_windows, epoch_numbers, epoch_names)
    kept = ~recording.motion_artifact_mask if apply_motion_mask else np.ones(recording.movie.shape[0], bool)
    measure = _Measure(
        max(1, round(baseline_sample_seconds * rate)),
        rate,
        response_window_seconds,
        response_statistic,
        response_polarity,
        response_normalization,
    )
    responses = np.stack([_response(recording, each, measure, kept, crop) for each in chosen])
    scores = response_scores(responses, [each.epoch_number for each in chosen])
    pixels = [
        own
        for own in _regions(
            scores.score_image,
            score_smoothing_sigma,
            (minimum_score_percentile, within_roi_percentile),
            closing_radius,
            fill_holes,
        )
        if min_pixels <= own.shape[1] and (max_pixels is None or own.shape[1] <= max_pixels)
    ]
    if not pixels:
        raise ValueError(f"expected a region of {min_pixels} to {max_pixels} pixels, found none")
    columns = crop.original_shape[1]
    whole = [(row + crop.axis0_start) * columns + column + crop.axis1_start for row, column in pixels]
    labels = [f"{label_prefix}_{number:04d}" for number in range(1, len(whole) + 1)]
    return ResponseWatershed(
        RoiSet.from_pixels(crop.original_shape, whole, labels),
        scores,
        crop,
        tuple(each.window.index for each in chosen),
        tuple(sorted({each.epoch_number for each in chosen})),
    )


def response_watershed_roi_set(
    recording: ConvertedRecording, epoch_windows: Sequence[EpochFrameWindow], **settings: Any
) -> RoiSet:
    """The regions of `extract_response_watershed_rois`, which has the same settings."""
    return extract_response_watershed_rois(recording, epoch_windows, **settings).roi_set


response_watershed_roi_set.__signature__ = signature(extract_response_watershed_rois).replace(  # type: ignore[attr-defined]  # functions have no typed place for it
    return_annotation="RoiSet"
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


def _response(
    recording: ConvertedRecording, each: EpochFrameWindow, measure: _Measure, kept: Masks, crop: SpatialCrop
) -> Floats:
    """The response (rows, columns) to one window; 0 where there is none."""
    start, end = each.window.start_frame, each.window.stop_frame
    seconds, until = measure.seconds
    first = start + round(seconds * measure.rate)
    stop = end if until is None else min(end, start + round(until * measure.rate))
    if start < measure.before or not start <= first < stop <= recording.movie.shape[0]:
        raise ValueError(
            f"window {each.window.index}: expected {measure.before} frames before it and frames of a response within "
            f"the movie, found frames {start} to {end} and a response of frames {first} to {stop}"
        )
    movie = recording.movie
    base = pixel_figures(movie, start - measure.before, start, kept, crop).mean
    own = base if (measure.statistic, measure.polarity) == ("mean", "absolute") else None
    found = pixel_figures(movie, first, stop, kept, crop, own)
    sign = -1.0 if measure.polarity == "negative" else 1.0
    if own is not None:
        change = found.mean
    elif measure.statistic == "mean":
        change = sign * (found.mean - base)
    else:
        rise, fall = found.high - base, base - found.low
        change = {"positive": rise, "negative": fall, "absolute": np.maximum(rise, fall)}[measure.polarity]
    if measure.normalization == "delta_f_over_f":
        change = change / np.maximum(np.abs(base), np.finfo(float).eps)
    return np.where(change > 0, change, 0.0)


def response_scores(responses: Floats, epochs: Sequence[int]) -> ResponseScores:
    """Scores of pixels from their responses (windows, rows, columns) and the epoch of each window.

    Raises
    ------
    ValueError
        If no pixel has a positive score.
    """
    amplitude = responses.max(axis=0)
    coherence = _coherence(responses)
    reliability = _reliability(responses, epochs)
    most = amplitude.max()
    score = amplitude / most * coherence if most > 0 else np.zeros_like(amplitude)
    if reliability is not None:
        score = score * reliability
    if not (score > 0).any():
        raise ValueError("expected pixels that respond like their neighbours, found none")
    available = reliability is not None
    return ResponseScores(
        amplitude, np.ones_like(score) if reliability is None else reliability, coherence, score, available
    )


def _coherence(responses: Floats) -> Floats:
    """Mean cosine between the responses of a pixel and those of its neighbours."""
    norm = np.sqrt(np.einsum("nij,nij->ij", responses, responses))
    total, count = np.zeros(norm.shape), np.zeros(norm.shape)
    rows, columns = norm.shape
    for down, right in FORWARD:
        here = slice(0, rows - down), slice(max(-right, 0), columns - max(right, 0))
        there = slice(down, rows), slice(max(right, 0), columns + min(right, 0))
        cosine = _cosine(np.einsum("nij,nij->ij", responses[:, *here], responses[:, *there]), norm[here] * norm[there])
        for place in (here, there):
            total[place] += cosine
            count[place] += 1
    return total / np.maximum(count, 1)


def _cosine(product: Floats, norms: Floats) -> Floats:
    """0 to 1; 0 where there is no response."""
    return np.clip(np.divide(product, norms, out=np.zeros(product.shape), where=norms > 0), 0, 1)


def _reliability(responses: Floats, epochs: Sequence[int]) -> Floats | None:
    """Cosine between mean responses to even and to odd repeats; None if fewer than two epochs were repeated."""
    numbers = np.asarray(epochs)
    repeated = [number for number in dict.fromkeys(epochs) if np.count_nonzero(numbers == number) > 1]
    if len(repeated) < 2:
        return None
    even, odd = (
        np.stack([responses[np.flatnonzero(numbers == number)[first::2]].mean(axis=0) for number in repeated])
        for first in (0, 1)
    )
    norms = np.sqrt((even**2).sum(axis=0)) * np.sqrt((odd**2).sum(axis=0))
    return _cosine((even * odd).sum(axis=0), norms)


def _regions(
    score: Floats, sigma: float, percentiles: tuple[float, float], radius: int, fill: bool
) -> Iterator[NDArray[np.int64]]:
    """Rows and columns (2, pixels) of each region."""
    least = np.percentile(score[score > 0], percentiles[0])
    labels = watershed_labels(score, sigma)
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        wide = tuple(
            slice(max(side.start - radius, 0), min(side.stop + radius, length))
            for side, length in zip(box, score.shape, strict=True)
        )
        basin, own = labels[wide] == number, score[wide]
        candidate = basin & (own >= least)
        if not candidate.any():
            continue
        kept = candidate & (own >= np.percentile(own[candidate], percentiles[1]))
        if radius > 0:
            kept = _closed(kept, radius) & basin
        parts, count = ndimage.label(kept, structure=SQUARE)
        for part in range(1, count + 1):
            mask = parts == part
            if fill:
                mask = ndimage.binary_fill_holes(mask) & basin
            yield np.array(np.nonzero(mask)) + np.array([[wide[0].start], [wide[1].start]])


def _closed(mask: Masks, radius: int) -> Masks:
    """A closing that takes the edge of the frame for more of the same."""
    padded = np.pad(mask, radius, mode="edge")
    closed = ndimage.binary_closing(padded, SQUARE, iterations=radius)
    return np.asarray(closed[radius:-radius, radius:-radius])
