"""Results of the earlier MATLAB analysis, psycho5: its regions, its defaults, and what it saved."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.errors import FormatError
from lumentrace.storage.hdf5 import opened
from lumentrace.twophoton.measure.dff import RoiDeltaFOverF
from lumentrace.twophoton.measure.timing import interpolated_timing
from lumentrace.twophoton.measure.windows import default_baseline_epoch_number
from lumentrace.twophoton.read.crop import PIXELS, UM_PER_PIXEL
from lumentrace.twophoton.read.recording import ConvertedRecording, load_converted_recording
from lumentrace.twophoton.regions.rois import RoiSet, make_roi_set_from_label_image
from lumentrace.twophoton.respond.responses import RecordingResponses, compute_recording_responses

Labels = NDArray[np.int64]
Floats = NDArray[np.float64]
Path_ = str | os.PathLike[str]

INTERLEAVE = "Gray Interleave"
LAST_ROI = "lastRoi"


def psycho5_grid_roi_label_image(shape: tuple[int, int], grid_size_pixels: int) -> Labels:
    """Numbers of square tiles, counted down each column of tiles first.

    Raises
    ------
    ValueError
        If a length is not positive.
    """
    rows, columns = shape
    if min(rows, columns, grid_size_pixels) < 1:
        raise ValueError(f"expected positive lengths, found shape {shape} and size {grid_size_pixels}")
    down = np.arange(rows) // grid_size_pixels
    across = np.arange(columns) // grid_size_pixels
    return np.asarray(across[None, :] * (down[-1] + 1) + down[:, None] + 1, dtype=np.int64)


def psycho5_grid_roi_set(shape: tuple[int, int], grid_size_pixels: int, *, label_prefix: str = "grid") -> RoiSet:
    """The tiles of `psycho5_grid_roi_label_image` as regions; ValueError if a length is not positive."""
    image = psycho5_grid_roi_label_image(shape, grid_size_pixels)
    return make_roi_set_from_label_image(image, label_prefix=label_prefix)


def psycho5_grid_pixel_size(micron_grid_size: float, *, zoom: float, columns: int, scale: float = UM_PER_PIXEL) -> int:
    """Pixels along a tile of so many micrometres: ``floor(micron_grid_size * scale * zoom * 256 / columns)``.

    Parameters
    ----------
    micron_grid_size : float
    zoom : float
        ``acq.zoomFactor`` of the recording.
    columns : int
        Of the frame.
    scale : float, default 0.4
        Of the microscope.

    Raises
    ------
    ValueError
        If a number is not positive, or a tile is smaller than a pixel.

    Examples
    --------
    >>> from lumentrace.twophoton import parity
    >>> parity.psycho5_grid_pixel_size(5.0, zoom=10.0, columns=256)
    20
    """
    for name, value in (("micron_grid_size", micron_grid_size), ("zoom", zoom), ("columns", columns), ("scale", scale)):
        if not (np.isfinite(value) and value > 0):
            raise ValueError(f"`{name}`: expected a positive number, found {value!r}")
    size = int(np.floor(micron_grid_size * scale * zoom * PIXELS / columns))
    if size < 1:
        raise ValueError(f"`micron_grid_size`: expected at least a pixel, found {micron_grid_size} um at zoom {zoom:g}")
    return size


def psycho5_watershed_image_from_preseg(image: NDArray[Any], preseg: NDArray[Any]) -> Labels:
    """Give pixels without number that of the nearest peak of a numbered region.

    Parameters
    ----------
    image : ndarray
        (rows, columns); a region's peak is where `image` is greatest, the first one down the columns.
    preseg : ndarray
        Numbers of regions, 0 for none.

    Raises
    ------
    ValueError
        If shapes differ or the numbers are none.
    """
    values, numbers = np.asarray(image, dtype=np.float64), np.asarray(preseg, dtype=np.float64)
    if values.shape != numbers.shape or values.ndim != 2:
        raise ValueError(f"expected planes of equal shape, found {values.shape} and {numbers.shape}")
    if not np.isfinite(numbers).all() or (numbers != np.rint(numbers)).any() or (numbers < 0).any():
        raise ValueError("`preseg`: expected whole numbers from 0 on")
    labels = numbers.astype(np.int64)
    if not labels.max():
        raise ValueError("`preseg`: expected a region at least, found 0 everywhere")
    peaks = [
        np.unravel_index(int((values * (labels == label)).ravel(order="F").argmax()), values.shape, order="F")
        for label in range(1, labels.max() + 1)
    ]
    rows, columns = np.nonzero(labels == 0)
    if rows.size:
        places = np.array(peaks)
        distance = (rows[:, None] - places[:, 0]) ** 2 + (columns[:, None] - places[:, 1]) ** 2
        labels[rows, columns] = distance.argmin(axis=1) + 1
    return labels


def psycho5_watershed_roi_set_from_preseg(
    image: NDArray[Any], preseg: NDArray[Any], *, label_prefix: str = "watershed"
) -> RoiSet:
    """The regions of `psycho5_watershed_image_from_preseg`, with the same errors."""
    return make_roi_set_from_label_image(psycho5_watershed_image_from_preseg(image, preseg), label_prefix=label_prefix)


def compute_psycho5_default_recording_responses(
    recording: ConvertedRecording | Path_, rois: RoiSet | Path_
) -> RecordingResponses:
    """Responses as psycho5 computes them by default.

    Epochs by the stimulus clock (interpolated), one decay fitted to logarithms, whole interleave epochs as baseline and
    no frames before an epoch. The interleave is the epoch that the last one names as its next (``nextEpoch``); else
    those called Gray Interleave, the later one if the first epoch is among several; else as in
    `compute_recording_responses`.

    Parameters
    ----------
    recording : ConvertedRecording or path
    rois : RoiSet or path

    Raises
    ------
    ValueError
        If the photodiode or the stimulus table do not give epochs, or a step cannot be done.
    """
    found = recording if isinstance(recording, ConvertedRecording) else load_converted_recording(recording)
    return compute_recording_responses(
        found,
        rois,
        epoch_windows=interpolated_timing(found).epoch_windows,
        baseline_epoch_number=_interleave(found),
        baseline_sample_seconds=None,
        fit_mode="log_linear",
        response_pre_window_seconds=0.0,
    )


def _interleave(recording: ConvertedRecording) -> int:
    """Number of the epoch between the others."""
    names = recording.epoch_names
    last: Mapping[str, Any] = recording.stimulus_parameters[-1] if recording.stimulus_parameters else {}
    following = last.get("nextEpoch")
    if isinstance(following, (int, float)) and following in names:
        return int(following)
    grey = [number for number, name in names.items() if name == INTERLEAVE]
    if len(grey) > 1 and grey[0] == 1:
        grey.reverse()
    return grey[0] if grey else default_baseline_epoch_number(names)


@dataclass(frozen=True)
class SavedLastRoi:
    """What psycho5 saved of its last analysis.

    Attributes
    ----------
    path : path
    label_image : ndarray of int
        (rows, columns): numbers of regions, 0 for none.
    epoch_list : ndarray
        (frames,): the epoch of each frame.
    epoch_start_times, epoch_durations : tuple of ndarray
        For each epoch its first frames, counted from 1, and numbers of frames.
    delta_f_over_f : ndarray
        (frames, regions)
    """

    path: Path
    label_image: Labels = field(repr=False)
    epoch_list: Floats = field(repr=False)
    epoch_start_times: tuple[Floats, ...] = field(repr=False)
    epoch_durations: tuple[Floats, ...] = field(repr=False)
    delta_f_over_f: Floats = field(repr=False)

    @property
    def roi_set(self) -> RoiSet:
        """The regions."""
        return make_roi_set_from_label_image(self.label_image)


def load_saved_analysis_last_roi(path: Path_) -> SavedLastRoi:
    """Read ``lastRoi`` of a file in ``savedAnalysis`` (MATLAB 7.3).

    Raises
    ------
    FileNotFoundError
        If it is missing.
    FormatError
        If it is damaged, or regions and responses do not fit each other.
    """
    place = Path(path).expanduser()
    if not place.exists():
        raise FileNotFoundError(f"{place}: expected a saved analysis, found none")
    with opened(place, "a saved analysis") as file:
        group = file[LAST_ROI]
        image = np.asarray(group["roiMaskInitial"][()], dtype=np.float64)
        epochs = np.asarray(group["epochList"][()], dtype=np.float64).reshape(-1)
        starts, durations = (_cells(file, group[name]) for name in ("epochStartTimes", "epochDurations"))
        values = np.asarray(file[group["timeByRoisInitial"][()].flat[0]][()], dtype=np.float64).T
    if image.ndim != 2 or not np.isfinite(image).all() or (image != np.rint(image)).any() or not image.max() > 0:
        raise FormatError(f"{place}: expected a plane of numbers of regions, found {image.shape}")
    labels = image.astype(np.int64)
    regions = len(np.unique(labels[labels > 0]))
    if values.shape != (len(epochs), regions):
        raise FormatError(f"{place}: expected responses {(len(epochs), regions)}, found {values.shape}")
    return SavedLastRoi(place, labels, epochs, starts, durations, values)


def _cells(file: Any, cells: Any) -> tuple[Floats, ...]:
    return tuple(np.asarray(file[each][()], dtype=np.float64).reshape(-1) for each in cells[()].flat)


@dataclass(frozen=True)
class SavedAnalysisComparison:
    """Responses beside those that were saved, a number for each region.

    Attributes
    ----------
    labels : tuple of str
    correlations : ndarray
        Pearson correlation; NaN where one of them does not vary.
    largest_differences, rms_differences : ndarray
    compared_frame_counts : ndarray of int
        Frames where both are finite.
    """

    labels: tuple[str, ...]
    correlations: Floats
    largest_differences: Floats
    rms_differences: Floats
    compared_frame_counts: Labels


def compare_saved_analysis_delta_f_over_f(saved: SavedLastRoi | Path_, dff: RoiDeltaFOverF) -> SavedAnalysisComparison:
    """Compare responses with those that psycho5 saved, frame by frame; frames that are not finite are left out.

    Parameters
    ----------
    saved : SavedLastRoi or path
    dff : RoiDeltaFOverF
        Of the same regions and frames, as `compute_psycho5_default_recording_responses` gives it for its `roi_set`.

    Raises
    ------
    ValueError
        If frames or regions differ in number.
    """
    theirs = (saved if isinstance(saved, SavedLastRoi) else load_saved_analysis_last_roi(saved)).delta_f_over_f
    if dff.values.shape != theirs.shape:
        raise ValueError(f"`dff`: expected (frames, regions) as saved, {theirs.shape}, found {dff.values.shape}")
    both = np.isfinite(dff.values) & np.isfinite(theirs)
    rows = [_compared(dff.values[use, region], theirs[use, region]) for region, use in enumerate(both.T)]
    correlations, largest, rms = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return SavedAnalysisComparison(dff.labels, correlations, largest, rms, both.sum(axis=0, dtype=np.int64))


def _compared(ours: Floats, theirs: Floats) -> tuple[float, float, float]:
    """Correlation, largest and root mean square difference."""
    if not ours.size:
        return np.nan, np.nan, np.nan
    varies = np.ptp(ours) > 0 and np.ptp(theirs) > 0
    correlation = float(np.corrcoef(ours, theirs)[0, 1]) if varies else np.nan
    difference = ours - theirs
    return correlation, float(np.abs(difference).max()), float(np.sqrt((difference**2).mean()))
