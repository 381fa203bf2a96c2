"""What the cells of a simulated raw movie do: a stimulus, spikes, calcium."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from lumentrace.twophoton.simulate.raw_scene import LEAD_S, RawScene

Floats = NDArray[np.float64]
Generator = np.random.Generator

SHARPNESS = 2.5
"""Concentration of tuning curves, which are those of von Mises."""
GREY = "Gray"


@dataclass(frozen=True)
class Epoch:
    """What was shown, from one time up to another.

    Attributes
    ----------
    start_s, stop_s : float
        From the start of the movie.
    number : int
        1 for grey, then the directions.
    name : str
    direction : float
        Degrees; NaN for grey.
    """

    start_s: float
    stop_s: float
    number: int
    name: str
    direction: float


@dataclass(frozen=True)
class Activity:
    """Spikes and calcium with the rates they come from.

    Attributes
    ----------
    epochs : tuple of Epoch
    directions : ndarray
        (directions,) degrees.
    tuning : ndarray
        (cells, directions): events per second in each direction.
    spikes : ndarray
        (frames, cells)
    ar : tuple of float
        Coefficients of the autoregressive process that calcium follows.
    calcium : ndarray
        (frames, cells): the process itself, driven by spikes.
    dff : ndarray
        (frames, cells): relative change of fluorescence, calcium times what a spike is worth.
    """

    epochs: tuple[Epoch, ...]
    directions: Floats
    tuning: Floats = field(repr=False)
    spikes: NDArray[np.int16] = field(repr=False)
    ar: tuple[float, ...]
    calcium: NDArray[np.float32] = field(repr=False)
    dff: NDArray[np.float32] = field(repr=False)


def simulated_activity(scene: RawScene, shown: Generator, random: Generator) -> Activity:
    """A stimulus, if there is one, and what each cell does.

    A cell fires Poisson events at a rate that its tuning and the stimulus decide; an event has one spike or more.
    `shown` decides the order of the stimulus, `random` everything else. Calcium is ``c[t] = sum(ar[k] * c[t - 1 - k]) + spikes[t]``; the time constants are its decay and its rise.
    """
    epochs = _epochs(scene, shown)
    directions = 360.0 * np.arange(scene.directions) / max(scene.directions, 1)
    tuning = _tuning(scene, directions, random)
    rates = np.full((scene.frames, scene.cells), scene.rate_hz)
    times = np.arange(scene.frames) / scene.frame_rate_hz
    for epoch in epochs:
        if epoch.number > 1:
            rates[(times >= epoch.start_s) & (times < epoch.stop_s)] += tuning[:, epoch.number - 2]
    events = random.poisson(rates / scene.frame_rate_hz)
    spikes = events + random.poisson(events * (scene.burst - 1))
    ar, peak = calcium_process(scene.rise_s, scene.decay_s, scene.frame_rate_hz)
    calcium = signal.lfilter([1.0], [1.0, *(-each for each in ar)], spikes, axis=0)
    dff = calcium * (scene.dff_per_spike / peak)
    return Activity(
        epochs, directions, tuning, spikes.astype(np.int16), ar, calcium.astype(np.float32), dff.astype(np.float32)
    )


def calcium_process(rise_s: float, decay_s: float, frame_rate_hz: float) -> tuple[tuple[float, ...], float]:
    """Coefficients of the process with these time constants, and the peak that one spike makes.

    The roots of its polynomial are ``exp(-1 / (decay_s * rate))`` and, with a rise, ``exp(-1 / (rise_s * rate))``.
    """
    decay = math.exp(-1 / (decay_s * frame_rate_hz))
    if rise_s == 0:
        return (decay,), 1.0
    rise = math.exp(-1 / (rise_s * frame_rate_hz))
    steps = np.arange(1, 2 + math.ceil(10 * decay_s * frame_rate_hz))
    kernel = (decay**steps - rise**steps) / (decay - rise)
    return (decay + rise, -decay * rise), float(kernel.max())


def _epochs(scene: RawScene, random: Generator) -> tuple[Epoch, ...]:
    """Grey and directions in turn, each direction once before any of them again, as long as the movie lasts."""
    epochs: list[Epoch] = []
    start = LEAD_S
    while scene.directions and start + scene.gap_s + scene.epoch_s <= scene.seconds:
        for direction in random.permutation(scene.directions):
            middle, stop = start + scene.gap_s, start + scene.gap_s + scene.epoch_s
            if stop > scene.seconds:
                break
            degrees = 360.0 * direction / scene.directions
            if middle > start:
                epochs.append(Epoch(start, middle, 1, GREY, math.nan))
            epochs.append(Epoch(middle, stop, 2 + int(direction), f"{degrees:g} deg", degrees))
            start = stop
    return tuple(epochs)


def _tuning(scene: RawScene, directions: Floats, random: Generator) -> Floats:
    """Events per second: a peak at a cell's own direction, and a lower one opposite to it."""
    best = random.uniform(0, 2 * np.pi, scene.cells)
    opposite = random.uniform(0, 1, scene.cells)
    answers = random.permutation(scene.cells) < round(scene.tuned * scene.cells)
    away = np.radians(directions)[None] - best[:, None]
    shape = np.exp(SHARPNESS * (np.cos(away) - 1)) + opposite[:, None] * np.exp(SHARPNESS * (-np.cos(away) - 1))
    return np.asarray(scene.tuned_rate_hz * answers[:, None] * shape)
