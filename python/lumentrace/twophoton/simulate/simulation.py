"""Recordings with known truth: cells that answer a stimulus, bleach and move, under a microscope with shot noise."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from lumentrace.base.checks import whole
from lumentrace.base.files import named
from lumentrace.base.json_text import json_text
from lumentrace.base.working import put_in_place, working_folder
from lumentrace.engine.progress import Progress, Verbose
from lumentrace.twophoton.convert.source import COLUMNS
from lumentrace.twophoton.measure.photodiode import PROJECTOR_HZ
from lumentrace.twophoton.simulate.session_files import MovieFiles, Session, empty_table, write_session

Floats = NDArray[np.float64]
Stimulus = Literal["epochs", "olfaction", "vision"]
Generator = np.random.Generator

GREY, REST_SECONDS = "Gray Interleave", 3.0
EPOCHS: dict[str, tuple[tuple[str, float], ...]] = {
    "epochs": ((GREY, REST_SECONDS), ("Odour left", 3.0), ("Odour right", 3.0), ("Odour both", 3.0)),
    "olfaction": ((GREY, REST_SECONDS), ("Warm-up", 6.0), ("Random odour", 20.0)),
    "vision": ((GREY, REST_SECONDS), ("Warm-up", 6.0), ("Random contrast", 20.0)),
}
"""Names and seconds of epochs, from number 1 on."""
FUNCTIONS = {"epochs": (62002, "OdourPulses"), "olfaction": (62010, "RandomOdour"), "vision": (63001, "RandomContrast")}
FLASH_ROWS, END_ROWS, DARK_ROWS = 11, 30, 12
"""Frames of the projector: of a flash at a change, of the one at the end, and after it."""
HOLD_ROWS = 2
"""Frames of the projector that show the same value of a random stimulus."""
CONTRAST = 0.2
LEAD_SECONDS, TAIL_SECONDS = 2.0, 2.0
CLOCK_DRIFT = 1.5e-4
"""By how much more slowly the stimulus clock runs than that of the microscope."""
SAMPLES = 100
"""Of the fast photodiode, per frame."""
KERNEL_ROWS = 60
CALCIUM_SECONDS = 0.4
RADIUS, GAP = 3.5, 2.0
BRIGHTNESS, DARK, NEUROPIL = 200.0, 10.0, 25.0
"""Photons per pixel and frame: of cells, everywhere, of the tissue between cells."""
LARGEST_SHIFT = 12.0
"""Pixels; frames that moved more are artefacts."""
BLOCK = 64


@dataclass(frozen=True)
class SimulatedRecording:
    """A recording folder and the truth about it.

    Attributes
    ----------
    folder : path
    label_image : ndarray
        (rows, columns): number of the cell of each pixel, 0 for none.
    dff : ndarray
        (frames, cells): relative changes of fluorescence.
    kernel_left, kernel_right : ndarray or None
        (cells, lags): of random stimuli, a lag per frame of the projector; an image has only the left one.
    epoch_numbers, onset_frames : ndarray
        Of each window; onsets in fractions of frames.
    motion_artifact : ndarray of bool
        (frames,)
    tau_per_frame : float
        Change of the logarithm of the brightness by bleaching.
    epoch_names : tuple of str
    """

    folder: Path
    label_image: NDArray[np.int64] = field(repr=False)
    dff: Floats = field(repr=False)
    kernel_left: Floats | None = field(repr=False)
    kernel_right: Floats | None = field(repr=False)
    epoch_numbers: NDArray[np.int64] = field(repr=False)
    onset_frames: Floats = field(repr=False)
    motion_artifact: NDArray[np.bool_] = field(repr=False)
    tau_per_frame: float
    epoch_names: tuple[str, ...]


def simulate_recording(
    folder: str | os.PathLike[str],
    *,
    stimulus: Stimulus = "epochs",
    cells: int = 12,
    rows: int = 64,
    columns: int = 96,
    repeats: int = 3,
    frame_rate_hz: float = 13.02,
    bleaching_seconds: float = 300.0,
    motion_frames: int = 3,
    seed: int = 0,
    verbose: Verbose = False,
) -> SimulatedRecording:
    """Write a recording folder as `convert_recording_to_twopy` reads it, and the truth beside it.

    The movie is made and written block by block. The same arguments make the same recording.

    Parameters
    ----------
    folder : path
        Made if there is none. ``truth.npz`` and ``truth.json`` in it hold what is returned.
    stimulus : {'epochs', 'olfaction', 'vision'}, default 'epochs'
        Epochs that each cell answers in its own way, or random odours or contrasts that go through a kernel.
    cells, rows, columns : int
        Number of cells, and size of the frame in pixels.
    repeats : int, default 3
        How often each epoch is shown.
    frame_rate_hz : float, default 13.02
    bleaching_seconds : float, default 300.0
        After which brightness falls to 1/e.
    motion_frames : int, default 3
        Frames that moved too far.
    seed : int, default 0
    verbose : bool or callable, default False

    Raises
    ------
    ValueError
        If a number is out of range, or the frame is too small for the cells.

    Examples
    --------
    >>> import tempfile
    >>> from lumentrace import twophoton
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     truth = twophoton.simulate_recording(folder, cells=2, rows=32, columns=32, repeats=1, seed=1)
    ...     converted = twophoton.convert_recording_to_twopy(folder, folder + "/converted")
    >>> converted.movie_shape == (len(truth.dff), 32, 32)
    True
    """
    if stimulus not in get_args(Stimulus):
        raise ValueError(f"`stimulus`: expected one of {', '.join(get_args(Stimulus))}, found {stimulus!r}")
    counts = {"cells": cells, "rows": rows, "columns": columns, "repeats": repeats}
    for name, value in counts.items():
        whole(name, value, 1)
    whole("motion_frames", motion_frames, 0)
    for name, number in (("frame_rate_hz", frame_rate_hz), ("bleaching_seconds", bleaching_seconds)):
        if not number > 0:
            raise ValueError(f"`{name}`: expected a positive number, found {number!r}")
    random = np.random.default_rng(seed)
    table, runs = _table(stimulus, repeats, random)
    row_times = LEAD_SECONDS + table[:, 0] * (1 + CLOCK_DRIFT)
    frames = math.ceil((row_times[-1] + TAIL_SECONDS) * frame_rate_hz)
    drive, left, right = _drive(stimulus, table, runs, cells, random)
    dff = _sampled(drive, row_times, np.arange(frames) / frame_rate_hz)
    footprints, labels = _cells(cells, rows, columns, random)
    onsets = np.array([row_times[start] for start, _, _ in runs]) * frame_rate_hz
    shifts, moved = _motion(frames, motion_frames, random)
    session = Session(
        shape=(frames, rows, columns),
        frame_rate_hz=frame_rate_hz,
        zoom=LARGEST_SHIFT * columns / (2 * 256),
        shifts=shifts,
        high_res_pd=_photodiode(table, row_times, frames, frame_rate_hz, random),
        table=table,
        epochs=EPOCHS[stimulus],
        stimtype=FUNCTIONS[stimulus][0],
        function=FUNCTIONS[stimulus][1],
        run={"flyId": seed + 1, "genotype": "simulated", "rigName": "none", "rigTemperature": 22.0, "runNumber": 1},
    )
    place = Path(folder).expanduser()
    bleaching = np.exp(-np.arange(frames) / frame_rate_hz / bleaching_seconds)
    truth = SimulatedRecording(
        place,
        labels,
        dff,
        left,
        right,
        np.array([number for _, _, number in runs]),
        onsets,
        moved,
        -1 / frame_rate_hz / bleaching_seconds,
        tuple(name for name, _ in EPOCHS[stimulus]),
    )
    place.mkdir(parents=True, exist_ok=True)
    with working_folder(place, "simulating") as work, named(place):
        write_session(work, session)
        with MovieFiles(work, session) as files, Progress(verbose, frames, "Simulating", "frame") as progress:
            _expose(files, footprints, bleaching, dff, shifts, random, seed, progress)
        _write_truth(work, truth, {**counts, "stimulus": stimulus, "frame_rate_hz": frame_rate_hz, "seed": seed})
        put_in_place(work, place)
    return truth


def _table(stimulus: str, repeats: int, random: Generator) -> tuple[Floats, list[tuple[int, int, int]]]:
    """The stimulus table; first row, end and number of each epoch that is shown."""
    numbers = [] if stimulus == "epochs" else [2]
    shown = np.arange(2 + len(numbers), len(EPOCHS[stimulus]) + 1)
    for _ in range(repeats):
        numbers += random.permutation(shown).tolist()
    lengths = [round(seconds * PROJECTOR_HZ) for _, seconds in EPOCHS[stimulus]]
    runs, row = [], 0
    for number in [*chain.from_iterable((1, number) for number in numbers), 1]:
        runs.append((row, row + lengths[number - 1], number))
        row += lengths[number - 1]
    table = empty_table(row + END_ROWS + DARK_ROWS)
    epoch, flash, value = (COLUMNS.index(name) for name in ("epoch_number", "photodiode_flash", "stimulus_specific_05"))
    for start, stop, number in runs:
        table[start:stop, epoch] = table[start:stop, COLUMNS.index("stimulus_specific_01")] = number
        table[start : start + FLASH_ROWS, flash] = 1
        if stimulus == "olfaction":
            table[start:stop, value] = 3 if number == 1 else _held(random.integers(0, 4, stop - start))
        elif stimulus == "vision" and number > 1:
            table[start:stop, value] = _held(random.choice([-CONTRAST, CONTRAST], stop - start))
    table[row : row + END_ROWS, flash] = 1
    return table, runs


def _held(values: NDArray[np.generic]) -> NDArray[np.generic]:
    return np.repeat(values, HOLD_ROWS)[: len(values)]


def _drive(
    stimulus: str, table: Floats, runs: list[tuple[int, int, int]], cells: int, random: Generator
) -> tuple[Floats, Floats | None, Floats | None]:
    """Relative change of fluorescence (rows of the table, cells); and kernels, if there are any."""
    drive = np.zeros((len(table), cells))
    if stimulus == "epochs":
        weights = _preferences(cells, len(EPOCHS[stimulus]), random)
        for start, stop, number in runs:
            drive[start:stop] = weights[:, number - 1] * (1 + 0.1 * random.standard_normal(cells))
        share = math.exp(-1 / PROJECTOR_HZ / CALCIUM_SECONDS)
        return np.asarray(signal.lfilter([1 - share], [1, -share], drive, axis=0)), None, None
    left, right = _kernels(cells, random), _kernels(cells, random)
    codes = table[:, COLUMNS.index("stimulus_specific_05")]
    if stimulus == "olfaction":
        # Codes: 0 left, 1 both, 2 right, 3 none.
        streams = [(np.where(np.isin(codes, used), 1.0, -1.0), own) for used, own in (((0, 1), left), ((1, 2), right))]
    else:
        streams = [(codes / CONTRAST, left)]
    for start, stop, number in runs:
        if number > 1:
            for values, own in streams:
                for cell in range(cells):
                    drive[start:stop, cell] += np.convolve(values[start:stop], own[cell])[: stop - start]
    return drive, left, right if stimulus == "olfaction" else None


def _preferences(cells: int, epochs: int, random: Generator) -> Floats:
    """How strongly each cell answers each epoch: one of them well, the grey one not at all, every seventh with less."""
    weights = 0.1 * random.random((cells, epochs))
    weights[np.arange(cells), 1 + np.arange(cells) % (epochs - 1)] = 0.5 + random.random(cells)
    weights[6::7] *= -0.3
    weights[:, 0] = 0
    return weights


def _kernels(cells: int, random: Generator) -> Floats:
    """A rise and a slower undershoot per cell, from lag 0 on."""
    times = np.arange(KERNEL_ROWS) / PROJECTOR_HZ
    delay, width = (low + 0.1 * random.random((cells, 1)) for low in (0.05, 0.08))
    rise = np.exp(-0.5 * ((times - delay - width) / width) ** 2)
    fall = np.exp(-0.5 * ((times - delay - 4 * width) / (1.6 * width)) ** 2)
    shape = rise - 0.45 * fall
    return np.asarray((0.15 + 0.35 * random.random((cells, 1))) * shape / np.abs(shape).sum(axis=1, keepdims=True))


def _sampled(drive: Floats, row_times: Floats, frame_times: Floats) -> Floats:
    """What rows of the table say at the times of frames; 0 before and after."""
    after = np.clip(np.searchsorted(row_times, frame_times), 1, len(row_times) - 1)
    nearest = after - (frame_times - row_times[after - 1] <= row_times[after] - frame_times)
    inside = (frame_times >= row_times[0]) & (frame_times <= row_times[-1])
    return np.where(inside[:, None], drive[nearest], 0.0)


def _cells(cells: int, rows: int, columns: int, random: Generator) -> tuple[Floats, NDArray[np.int64]]:
    """Photons (cells, rows, columns) of each cell, and the number of the cell in each pixel."""
    y, x = np.mgrid[:rows, :columns]
    border = RADIUS + 4
    placed: list[tuple[float, float]] = []
    for _ in range(2000 * cells):
        if len(placed) == cells or min(rows, columns) <= 2 * border:
            break
        place = random.uniform(border, rows - border), random.uniform(border, columns - border)
        if all(math.dist(place, other) > 2 * RADIUS * 1.2 + GAP for other in placed):
            placed.append(place)
    if len(placed) < cells:
        raise ValueError(f"`cells`: expected no more than {len(placed)} in {rows} x {columns} pixels, found {cells}")
    footprints, labels = np.zeros((cells, rows, columns)), np.zeros((rows, columns), np.int64)
    for number, (down, across) in enumerate(placed):
        tall, wide = RADIUS * random.uniform(0.8, 1.2, 2)
        distance = np.hypot((y - down) / tall, (x - across) / wide)
        labels[distance <= 1] = number + 1
        profile = (1 + 0.5 * np.exp(-((distance / 0.6) ** 2))) / (1 + np.exp(np.minimum((distance - 1) / 0.06, 50)))
        footprints[number] = BRIGHTNESS * random.uniform(0.7, 1.5) * profile
    return footprints, labels


def _motion(frames: int, artefacts: int, random: Generator) -> tuple[Floats, NDArray[np.bool_]]:
    """A slow walk of up to two pixels, and frames that jump."""
    shifts = ndimage.gaussian_filter1d(random.standard_normal((frames, 2)), 15, axis=0)
    shifts *= 2 / np.abs(shifts).max()
    moved = np.zeros(frames, bool)
    moved[random.choice(frames, min(artefacts, frames), replace=False)] = True
    shifts[moved] = 1.3 * LARGEST_SHIFT * np.array([0.8, 0.6])
    return shifts, moved


def _photodiode(table: Floats, row_times: Floats, frames: int, rate: float, random: Generator) -> Floats:
    flash = table[:, COLUMNS.index("photodiode_flash")]
    times = np.arange(frames * SAMPLES) / (rate * SAMPLES)
    row = np.clip(np.searchsorted(row_times, times, side="right") - 1, 0, len(flash) - 1)
    level = np.where(times >= row_times[0], flash[row], 0.0)
    return np.asarray(2 + 18 * level + 0.2 * random.standard_normal(len(level)))


def _expose(
    files: MovieFiles,
    footprints: Floats,
    bleaching: Floats,
    dff: Floats,
    shifts: Floats,
    random: Generator,
    seed: int,
    progress: Progress,
) -> None:
    """Photons of every frame, moved, aligned again and written."""
    frames, (_, rows, columns) = len(dff), footprints.shape
    tissue = ndimage.gaussian_filter(random.random((rows, columns)), rows / 12)
    tissue = NEUROPIL * (tissue - tissue.min()) / np.ptp(tissue)
    breath = 1 + 0.1 * np.sin(np.arange(frames) / 40)
    flat = footprints.reshape(len(footprints), -1)
    steps = np.rint(shifts).astype(int)
    for start in range(0, frames, BLOCK):
        part = slice(start, min(start + BLOCK, frames))
        light = ((bleaching[part, None] * (1 + dff[part])) @ flat).reshape(-1, rows, columns)
        light += DARK + (0.5 + 0.5 * bleaching[part] * breath[part])[:, None, None] * tissue
        counts = np.random.default_rng([seed, start]).poisson(light).astype(np.uint16)
        raw = np.stack(
            [np.roll(frame, (-dy, -dx), (0, 1)) for frame, (dx, dy) in zip(counts, steps[part], strict=True)]
        )
        for frame, (dx, dy) in zip(counts, steps[part], strict=True):
            frame[_border(dy)] = 0
            frame[:, _border(dx)] = 0
        files.add(counts, raw)
        progress.reach(part.stop)


def _border(shift: int) -> slice:
    """What a shifted frame does not show."""
    return slice(0, shift) if shift >= 0 else slice(shift, None)


def _write_truth(folder: Path, truth: SimulatedRecording, settings: dict[str, object]) -> None:
    arrays: dict[str, Any] = {name: value for name, value in vars(truth).items() if isinstance(value, np.ndarray)}
    np.savez_compressed(folder / "truth.npz", **arrays)
    about = {**settings, "tau_per_frame": truth.tau_per_frame, "epoch_names": truth.epoch_names}
    (folder / "truth.json").write_text(json_text(about, indent=1))
