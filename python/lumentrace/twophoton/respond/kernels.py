"""Kernels of random stimuli: what a response remembers of the stimulus before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.provenance import Provenance, Watch
from lumentrace.twophoton.measure.windows import EpochFrameWindow
from lumentrace.twophoton.read.frames_done import FramesDone
from lumentrace.twophoton.read.recording import recording_hemisphere
from lumentrace.twophoton.read.sides import known_side
from lumentrace.twophoton.respond.kernel_fits import least_squares, smooth_least_squares
from lumentrace.twophoton.respond.responses import RecordingResponses

Floats = NDArray[np.float64]
Run = tuple[int, int, int]

COLUMN = "stimulus_specific_05"
IRREGULAR = 0.1
"""Spread of the steps of a segment, over their mean, from which it is left out."""
CODES = {"left": (0.0, 1.0), "right": (1.0, 2.0)}
"""Codes of odours: 0 left, 1 both, 2 right, 3 none; those that reach an antenna."""
LAST_CODE = 3.0


@dataclass(frozen=True)
class StimulusKernelOptions:
    """How kernels are fitted.

    Attributes
    ----------
    stimulus_modality : {'olfaction', 'vision'}
    stimulus_column : str, optional
        ``stimulus_specific_05`` by default.
    baseline_epoch_number : int
    discard_first_stimulus_epoch : bool
    selected_epoch_numbers : sequence of int, optional
        Take these; then none is discarded.
    num_stim_past, num_stim_future : int
        Samples of the stimulus before and after a response.
    method : {'ols', 'xcorr', 'smooth'}
        Least squares, correlation, or least squares with a penalty on bends, whose weight is chosen by leaving out one
        segment of the stimulus after another.
    hemisphere : {'left', 'right'}, optional
        That of the recording by default.
    joint : bool, default False
        Fit both antennae at once; alone, each takes a part of what the other one does.
    timing : {'frame', 'exact'}, default 'frame'
        Epochs begin with the frame that shows the flash, or when the fast photodiode says.
    """

    stimulus_modality: Literal["olfaction", "vision"] = "olfaction"
    stimulus_column: str | None = None
    baseline_epoch_number: int = 1
    discard_first_stimulus_epoch: bool = True
    selected_epoch_numbers: Sequence[int] | None = None
    num_stim_past: int = 100
    num_stim_future: int = 10
    method: Literal["ols", "xcorr", "smooth"] = "ols"
    hemisphere: str | None = None
    joint: bool = False
    timing: Literal["frame", "exact"] = "frame"

    def check(self) -> None:
        """ValueError unless all is known."""
        if self.stimulus_modality not in ("olfaction", "vision"):
            raise ValueError(f"`stimulus_modality`: expected olfaction or vision, found {self.stimulus_modality!r}")
        if self.method not in ("ols", "xcorr", "smooth"):
            raise ValueError(f"`method`: expected ols, xcorr or smooth, found {self.method!r}")
        if self.timing not in ("frame", "exact"):
            raise ValueError(f"`timing`: expected frame or exact, found {self.timing!r}")
        if self.num_stim_past < 0 or self.num_stim_future < 0:
            raise ValueError("`num_stim_past`, `num_stim_future`: expected numbers from 0 on")


@dataclass(frozen=True)
class StimulusKernels:
    """Kernels of each epoch and region.

    Attributes
    ----------
    roi_labels, epoch_names : tuple of str
    time_seconds : ndarray
        (lags,): before the response; negative for the stimulus after it.
    ipsilateral, contralateral, raw_left, raw_right : ndarray or None
        (epochs, regions, lags), for odours.
    contrast : ndarray or None
        (epochs, regions, lags), for images.
    provenance : Provenance
        That of the responses, and how the kernels were fitted to them.
    """

    roi_labels: tuple[str, ...]
    time_seconds: Floats = field(repr=False)
    epoch_names: tuple[str, ...]
    ipsilateral: Floats | None = field(repr=False)
    contralateral: Floats | None = field(repr=False)
    raw_left: Floats | None = field(repr=False)
    raw_right: Floats | None = field(repr=False)
    contrast: Floats | None = field(repr=False)
    selected_epoch_numbers: tuple[int, ...]
    selected_epoch_numbers_by_name: tuple[tuple[int, ...], ...]
    discarded_epoch_numbers: tuple[int, ...]
    response_sample_counts: NDArray[np.int64]
    stimulus_sample_counts: tuple[int, ...]
    fitted_stimulus_segment_counts: tuple[int, ...]
    skipped_irregular_stimulus_segment_counts: tuple[int, ...]
    method: str
    hemisphere: str | None
    stimulus_column: str
    stimulus_modality: str
    provenance: Provenance = field(default_factory=Provenance, repr=False, compare=False, kw_only=True)

    def peaks(self) -> Floats:
        """The largest size of any kernel of each region; NaN for regions without."""
        stacked = np.abs(self._stacked())
        held = np.where(np.isfinite(stacked), stacked, -1.0).max(axis=(0, 1, 3))
        return np.where(held >= 0, held, np.nan)

    def over_noise(self) -> Floats:
        """The largest size of each region from lag 0 on, over the root mean square before; NaN for regions without."""
        stacked = self._stacked()
        before = stacked[..., self.time_seconds < 0]
        noise = np.sqrt((before**2).mean(axis=(0, 1, 3)))
        height = np.abs(stacked[..., self.time_seconds >= 0]).max(axis=(0, 1, 3))
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(noise > 0, height / noise, np.nan))

    def _stacked(self) -> Floats:
        return np.stack([each for each in (self.ipsilateral, self.contralateral, self.contrast) if each is not None])


@dataclass(frozen=True)
class _Segments:
    """Stimulus and responses of one epoch name, joined end to end."""

    times: Floats
    values: Floats
    starts: NDArray[np.int64]
    response_times: Floats
    responses: Floats
    step: float
    skipped: int


def fit_recording_stimulus_kernels(
    computation: RecordingResponses, options: StimulusKernelOptions | None = None
) -> StimulusKernels:
    """Fit what responses remember of a random stimulus.

    Parameters
    ----------
    computation : RecordingResponses
    options : StimulusKernelOptions, optional

    Raises
    ------
    ValueError
        If the stimulus table lacks the column, has unknown codes, nothing is left to fit, or the hemisphere is unknown.
    """
    watch = Watch()
    chosen = options or StimulusKernelOptions()
    chosen.check()
    found = _fitted(computation, chosen)
    return replace(found, provenance=watch.after(computation.provenance, "stimulus_kernels", asdict(chosen)))


def _fitted(computation: RecordingResponses, chosen: StimulusKernelOptions) -> StimulusKernels:
    recording = computation.recording
    name = chosen.stimulus_column or COLUMN
    stimulus, numbers = recording.stimulus_column(name), recording.stimulus_column("epoch_number")
    if stimulus is None or numbers is None:
        raise ValueError(f"`stimulus_column`: expected a column of the stimulus table, found {name!r}")
    runs = _runs(numbers, chosen.baseline_epoch_number)
    selected, discarded = _selected(runs, chosen)
    names = recording.epoch_names
    groups: dict[str, list[int]] = {}
    for number in selected:
        groups.setdefault(names.get(number, f"epoch_{number}"), []).append(number)
    side = None
    if chosen.stimulus_modality == "olfaction":
        given = chosen.hemisphere
        side = recording_hemisphere(recording) if given is None else known_side("`hemisphere`", given)
    parts = [_segments(computation, runs, own, stimulus, chosen.timing == "exact") for own in groups.values()]
    streams = [_streams(part.values, chosen.stimulus_modality) for part in parts]
    fits_each = 1 if chosen.joint else len(streams[0])
    done = FramesDone(recording.movie.shape[0], len(parts) * fits_each * len(computation.dff.labels))
    fits = [_fits(part, own, chosen, done) for part, own in zip(parts, streams, strict=True)]
    lags = np.arange(-chosen.num_stim_future, chosen.num_stim_past + 1)
    stacked = [np.stack([own[place][0] for own in fits]) for place in range(len(fits[0]))]
    left, right, contrast = (*stacked, None) if side is not None else (None, None, stacked[0])
    near, far = (right, left) if side == "right" else (left, right)
    return StimulusKernels(
        computation.dff.labels,
        np.asarray(np.mean([part.step for part in parts]) * lags, dtype=np.float64),
        tuple(groups),
        near,
        far,
        left,
        right,
        contrast,
        tuple(selected),
        tuple(tuple(own) for own in groups.values()),
        tuple(discarded),
        np.stack([own[0][1] for own in fits]),
        tuple(len(part.times) for part in parts),
        tuple(len(part.starts) - 1 for part in parts),
        tuple(part.skipped for part in parts),
        chosen.method,
        side,
        name,
        chosen.stimulus_modality,
    )


def _runs(numbers: Floats, baseline: int) -> list[Run]:
    """Runs of rows of one epoch, but for the baseline."""
    whole = np.rint(np.nan_to_num(numbers)).astype(np.int64)
    edges = [0, *(np.flatnonzero(np.diff(whole)) + 1).tolist(), len(whole)]
    found = [(start, stop, int(whole[start])) for start, stop in pairwise(edges) if stop > start]
    return [run for run in found if run[2] > 0 and run[2] != baseline]


def _selected(runs: list[Run], options: StimulusKernelOptions) -> tuple[list[int], list[int]]:
    """Numbers of epochs that are used, and of those that are discarded."""
    numbers = list(dict.fromkeys(number for _, _, number in runs))
    discarded: list[int] = []
    if options.selected_epoch_numbers is not None:
        wanted = {int(number) for number in options.selected_epoch_numbers}
        numbers = [number for number in numbers if number in wanted]
    elif options.discard_first_stimulus_epoch:
        numbers, discarded = numbers[1:], numbers[:1]
    if not numbers:
        raise ValueError("expected epochs of a random stimulus, found none that is selected")
    return numbers, discarded


def _segments(
    computation: RecordingResponses, runs: list[Run], own: list[int], stimulus: Floats, exact: bool
) -> _Segments:
    """All runs of some epochs, one after another."""
    recording = computation.recording
    table = recording.stimulus_column("time_seconds")
    assert table is not None
    windows = {number: _windows(computation, number) for number in own}
    used = dict.fromkeys(own, 0)
    rate, dff = float(computation.grouped_responses.data_rate_hz), computation.dff
    times, values, starts, response_times, responses, steps = [], [], [0], [], [], []
    skipped, offset = 0, 0.0
    for start, stop, number in runs:
        if number not in windows:
            continue
        place, used[number] = used[number], used[number] + 1
        if place >= len(windows[number]):
            raise ValueError(
                f"epoch {number}: expected a window for each time it was shown, found {len(windows[number])}"
            )
        if stop - start < 2:
            raise ValueError(f"epoch {number}: expected two rows of the stimulus at least, found one")
        local = table[start:stop] - table[start]
        gaps = np.diff(local)
        if (gaps <= 0).any() or gaps.std() / gaps.mean() >= IRREGULAR:
            skipped += 1
            continue
        window, onset = windows[number][place].window, windows[number][place].onset_frame_exact
        if onset is None or not exact:
            onset = window.start_frame
        frames = np.arange(max(window.start_frame, dff.start_frame), min(window.stop_frame, dff.stop_frame))
        times.append(local + offset)
        values.append(stimulus[start:stop])
        starts.append(starts[-1] + stop - start)
        response_times.append((frames - onset) / rate + offset)
        responses.append(dff.values[frames - dff.start_frame])
        steps.append(gaps)
        offset += local[-1] + gaps.mean()
    if not times:
        raise ValueError(f"epochs {own}: expected a stimulus at regular times, found none")
    joined = [np.concatenate(parts) for parts in (times, values, response_times, responses, steps)]
    return _Segments(joined[0], joined[1], np.array(starts), joined[2], joined[3], float(joined[4].mean()), skipped)


def _windows(computation: RecordingResponses, number: int) -> list[EpochFrameWindow]:
    return [each for each in computation.epoch_windows if each.epoch_number == number]


def _streams(values: Floats, modality: str) -> list[Floats]:
    """What drives each antenna (left, right), or the contrast."""
    if modality == "vision":
        if not np.any(values):
            raise ValueError("expected a contrast other than 0, found none")
        return [values]
    known = np.isfinite(values) & (values == np.rint(values)) & (values >= 0) & (values <= LAST_CODE)
    if not known.all():
        raise ValueError("expected codes of odours from 0 to 3, found others")
    if len(values) and (values == values[0]).all():
        raise ValueError(f"expected codes of odours that change, found {values[0]:g} everywhere")
    return [np.where(np.isin(values, codes), 1.0, -1.0) for codes in CODES.values()]


def _fits(
    part: _Segments, streams: list[Floats], options: StimulusKernelOptions, done: FramesDone
) -> list[tuple[Floats, NDArray[np.int64]]]:
    """Kernels (regions, lags) of each stream, and how many samples of the response each region used."""
    if options.joint:
        return _fit(part, streams, options, done)
    return [_fit(part, [stream], options, done)[0] for stream in streams]


def _fit(
    part: _Segments, streams: list[Floats], options: StimulusKernelOptions, done: FramesDone
) -> list[tuple[Floats, NDArray[np.int64]]]:
    past, future = options.num_stim_past, options.num_stim_future
    index, segment, inside = _places(part, past, future)
    offsets = np.arange(future, -past - 1, -1)
    regions, lags = part.responses.shape[1], len(offsets)
    kernels, used = np.zeros((len(streams), regions, lags)), np.zeros(regions, np.int64)
    # Regions that miss the same frames share one factorisation.
    known = np.ascontiguousarray((np.isfinite(part.responses) & inside[:, None]).T)
    patterns: dict[bytes, list[int]] = {}
    for region, kept in enumerate(np.packbits(known, axis=1)):
        patterns.setdefault(kept.tobytes(), []).append(region)
    for own in patterns.values():
        kept = known[own[0]]
        if not kept.any():
            raise ValueError("expected responses with enough of the stimulus around them, found none")
        design = np.hstack([stream[index[kept][:, None] + offsets] for stream in streams])
        y = part.responses[np.ix_(kept, own)]
        y = y - y.mean(axis=0)
        if options.method == "xcorr":
            solution = design.T @ y / len(y)
        elif options.method == "ols":
            solution = least_squares(design, y)
        else:
            solution = smooth_least_squares(design, y, segment[kept], len(streams))
        kernels[:, own] = solution.reshape(len(streams), lags, len(own)).transpose(0, 2, 1)
        used[own] = int(kept.sum())
        done.add(len(own))
    return [(each, used) for each in kernels]


def _places(part: _Segments, past: int, future: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Row of the stimulus at each response, its segment, and whether all that is needed lies in it."""
    count = len(part.times)
    slope, start = np.polyfit(np.arange(1, count + 1), part.times, 1)
    index = np.rint((part.response_times - start) / slope).astype(np.int64) - 1
    segment = np.clip(np.searchsorted(part.starts, index, side="right") - 1, 0, len(part.starts) - 2)
    inside = (index >= 0) & (index < count)
    inside &= (index - past >= part.starts[segment]) & (index + future < part.starts[segment + 1])
    return index, segment, inside
