"""Small two-photon recordings, good and spoiled, for verdicts.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace import twophoton
from lumentrace.engine.verdict import NOT_RELIABLE, Reason, Verdict
from lumentrace.twophoton import run as twophoton_run
from lumentrace.twophoton.convert.source import COLUMNS
from lumentrace.twophoton.read.recording import ConvertedRecording

Film = NDArray[np.float64]
EPOCH = COLUMNS.index("epoch_number")
FLASH = 5.0
"""A level of the photodiode above its darkness."""


def recorded(
    seed: int,
    spoil: Callable[[ConvertedRecording, np.random.Generator], ConvertedRecording] | None = None,
    film: Callable[[Film, np.random.Generator], Film] | None = None,
    kernels: str = "",
    **settings: float | str,
) -> Verdict:
    """The verdict on a recording; one that is refused is not reliable."""
    random = np.random.default_rng(seed)
    with TemporaryDirectory() as folder:
        simulated = {"cells": 5, "rows": 40, "columns": 56, "repeats": 3, "seed": seed, **settings}
        twophoton.simulate_recording(folder, **simulated)
        recording = twophoton.load_converted_recording(twophoton.convert_recording(folder, Path(folder) / "c").path)
        if film is not None:
            recording = _filmed(recording, lambda frames: film(frames, random))
        if spoil is not None:
            recording = spoil(recording, random)
        try:
            chosen = twophoton_run.Settings(kernels=kernels, hemisphere="left")
            return twophoton_run.run(recording, chosen).verdict
        except ValueError as error:
            return Verdict((Reason(NOT_RELIABLE, f"refused: {error}", "mend it"),))


def _filmed(recording: ConvertedRecording, change: Callable[[Film], Film]) -> ConvertedRecording:
    """The recording with another film, and its mean."""
    with h5py.File(recording.movie.path, "r+") as file:
        place, about = recording.movie.dataset_name, dict(file[recording.movie.dataset_name].attrs)
        frames = change(file[place][()].astype(np.float64))
        del file[place]
        file.create_dataset(place, data=np.rint(frames).astype(np.uint16), chunks=(1, *frames.shape[1:]))
        file[place].attrs.update(about)
    movie = replace(recording.movie, dtype=np.dtype(np.uint16))
    return replace(recording, movie=movie, mean_image=frames.mean(axis=0))


def shuffled_epochs(recording: ConvertedRecording, random: np.random.Generator) -> ConvertedRecording:
    """The table names odours in another order; grey ones stay."""
    table = recording.stimulus_data.copy()
    numbers = table[:, EPOCH]
    starts = np.flatnonzero(np.diff(numbers, prepend=0) * (numbers > 1))
    shown = [np.flatnonzero(numbers[start:] != numbers[start])[0] + start for start in starts]
    for start, stop, number in zip(starts, shown, random.permutation(numbers[starts]), strict=True):
        table[start:stop, EPOCH] = number
    return replace(recording, stimulus_data=table)


def shuffled_stimulus(recording: ConvertedRecording, random: np.random.Generator) -> ConvertedRecording:
    """The table has the random stimulus in another order."""
    table = recording.stimulus_data.copy()
    shown, column = np.flatnonzero(table[:, EPOCH] > 1), COLUMNS.index("stimulus_specific_05")
    table[shown, column] = np.repeat(random.permutation(table[shown[::2], column]), 2)
    return replace(recording, stimulus_data=table)


def missed_flashes(recording: ConvertedRecording, random: np.random.Generator) -> ConvertedRecording:
    """The photodiode missed two flashes."""
    signal = recording.high_res_pd.copy()
    lit, count = ndimage.label(signal > FLASH)
    signal[np.isin(lit, random.choice(np.arange(1, count + 1), 2, replace=False))] = 2.0
    return _lit(recording, signal)


def missed_and_seen(recording: ConvertedRecording, random: np.random.Generator) -> ConvertedRecording:
    """The photodiode missed a flash, and saw one that was none."""
    signal = recording.high_res_pd.copy()
    lit, count = ndimage.label(signal > FLASH)
    places = ndimage.find_objects(lit)
    lost, before = random.choice(np.arange(1, count - 1), 2, replace=False)
    signal[places[lost]] = 2.0
    length = places[before][0].stop - places[before][0].start
    middle = (places[before][0].start + places[before + 1][0].start) // 2
    signal[middle : middle + length] = 20.0
    return _lit(recording, signal)


def without_flash_column(recording: ConvertedRecording, random: np.random.Generator) -> ConvertedRecording:
    """The table does not say when flashes were, and the photodiode missed the first one."""
    table = recording.stimulus_data.copy()
    table[:, COLUMNS.index("photodiode_flash")] = 0
    signal = recording.high_res_pd.copy()
    signal[ndimage.label(signal > FLASH)[0] == 1] = 2.0
    return replace(_lit(recording, signal), stimulus_data=table)


def _lit(recording: ConvertedRecording, signal: Film) -> ConvertedRecording:
    slow = signal.reshape(len(recording.imaging_res_pd), -1).mean(axis=1)
    return replace(recording, high_res_pd=signal, imaging_res_pd=slow)


def by_the_clock(recording: ConvertedRecording, random: np.random.Generator) -> ConvertedRecording:
    """The table does not say when flashes were; nothing is wrong."""
    table = recording.stimulus_data.copy()
    table[:, COLUMNS.index("photodiode_flash")] = 0
    return replace(recording, stimulus_data=table)


def drifting(frames: Film, random: np.random.Generator) -> Film:
    """By six pixels in all, in any direction."""
    angle = random.uniform(0, 2 * np.pi)
    way = 6 * np.array([np.sin(angle), np.cos(angle)])
    ways = way * np.linspace(0, 1, len(frames))[:, None]
    return np.stack([ndimage.shift(own, way, order=1, mode="nearest") for own, way in zip(frames, ways, strict=True)])


def shaking(frames: Film, random: np.random.Generator) -> Film:
    """By a third of a pixel, as alignment leaves it."""
    ways = 0.33 * random.standard_normal((len(frames), 2))
    return np.stack([ndimage.shift(own, way, order=1, mode="nearest") for own, way in zip(frames, ways, strict=True)])


def clipped(frames: Film, random: np.random.Generator) -> Film:
    """Above a third of the greatest value."""
    return np.minimum(frames, frames.max() * random.uniform(0.25, 0.4))


CASES: dict[str, Callable[[int], Verdict]] = {
    "two-photon good": recorded,
    "two-photon good, by the clock": lambda seed: recorded(seed, by_the_clock),
    "two-photon good, shaking a little": lambda seed: recorded(seed, film=shaking),
    "two-photon good, kernels": lambda seed: recorded(seed, kernels="vision", stimulus="vision"),
    "two-photon stimulus shuffled": lambda seed: recorded(seed, shuffled_stimulus, kernels="vision", stimulus="vision"),
    "two-photon epochs shuffled": lambda seed: recorded(seed, shuffled_epochs),
    "two-photon flashes missed": lambda seed: recorded(seed, missed_flashes),
    "two-photon flash missed, another seen": lambda seed: recorded(seed, missed_and_seen),
    "two-photon first flash missed, by the clock": lambda seed: recorded(seed, without_flash_column),
    "two-photon drifting film": lambda seed: recorded(seed, film=drifting),
    "two-photon saturated": lambda seed: recorded(seed, film=clipped),
    "two-photon bleached": lambda seed: recorded(seed, bleaching_seconds=12.0),
}
