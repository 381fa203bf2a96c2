"""What several test files use: a small experiment, exact comparison, and what worker processes can import."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import LineData, Pipeline, PointData
from lumentrace.engine.samples.transformer import Filter, LineDataFilter
from lumentrace.pept.tracking import HDBSCAN, Centroids, Cutpoints, Segregate, SplitLabels, Stack


def simulate(
    rows: int, noise: float = 0.3, tracers: int = 1, spread: float = 0.5, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lines of tracers that circle between two screens, and where each line's tracer was (nan for noise).

    One line per 0.1 ms; the tracers are on opposite sides of a circle of 60 mm radius at 0.5 mm/ms.
    """
    rng = np.random.default_rng(seed)
    t = 0.1 * np.arange(rows)
    which = rng.integers(tracers, size=rows)
    angle = 0.5 / 60 * t + 2 * np.pi * which / tracers
    truth = np.column_stack([300 + 60 * np.cos(angle), 300 + 60 * np.sin(angle), np.full(rows, 250.0)])
    source = truth + rng.normal(0, spread, truth.shape)
    slope = rng.uniform(-0.6, 0.6, (rows, 2))
    lines = np.column_stack(
        [t, source[:, :2] - slope * source[:, 2:], np.zeros(rows), source[:, :2] + slope * (500 - source[:, 2:])]
    )
    lines = np.column_stack([lines, np.full(rows, 500.0)])
    random = rng.random(rows) < noise
    lines[random, 1:3] = rng.uniform(100, 500, (random.sum(), 2))
    lines[random, 4:6] = rng.uniform(100, 500, (random.sum(), 2))
    truth[random] = np.nan
    return lines, truth


def recipe() -> list[Filter]:
    """The first pass of PEPT-ML: four filters that become one native plan."""
    return [Cutpoints(0.8), HDBSCAN(0.15), SplitLabels(), Centroids(error=True, cluster_size=True)]


def assert_identical(found: Any, expected: Any) -> None:
    """The same objects with the same bits: rows, columns, samples, units and attributes."""
    if isinstance(expected, (LineData, PointData)):
        assert type(found) is type(expected)
        assert found.columns == expected.columns
        assert_identical(found.data, expected.data)
        assert_identical(found.samples_indices, expected.samples_indices)
        assert found.units == expected.units
        assert_identical(found.attrs, expected.attrs)
    elif isinstance(expected, np.ndarray):
        assert isinstance(found, np.ndarray)
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        assert found.tobytes() == expected.tobytes()
    elif isinstance(expected, dict):
        assert list(found) == list(expected)
        for name, value in expected.items():
            assert_identical(found[name], value)
    elif isinstance(expected, Sequence) and not isinstance(expected, str):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            assert_identical(one, other)
    else:
        assert type(found) is type(expected)
        assert found == expected or (found != found and expected != expected)


class Spawned(ProcessPoolExecutor):
    """A pool whose workers start afresh."""

    def __init__(self, max_workers: int | None = None) -> None:
        super().__init__(max_workers or 2, multiprocessing.get_context("spawn"))


class Shift(Filter):
    """Moves points along x, in Python."""

    def __init__(self, dx: float) -> None:
        self.dx = dx

    def fit_sample(self, sample: Any) -> Any:
        moved = sample.data.copy()
        moved[:, 1] += self.dx
        return sample.copy(data=moved)


class Lines(LineDataFilter):
    """Lets lines through, and nothing else."""

    def fit_sample(self, sample: Any) -> Any:
        return sample


class Halves(Filter):
    """Gives a list."""

    def fit_sample(self, sample: Any) -> list[Any]:
        half = len(sample.data) // 2
        return [sample.copy(data=sample.data[:half]), sample.copy(data=sample.data[half:])]


class Refuse(Filter):
    """Raises on the sample that starts at a given time."""

    def __init__(self, time: float) -> None:
        self.time = time

    def fit_sample(self, sample: Any) -> Any:
        if sample["t"][0] == self.time:
            raise ZeroDivisionError(f"the sample at {self.time} ms")
        return sample


class Die(Filter):
    """Kills the process it runs in on the sample that starts at a given time, once if it can note it in a file."""

    def __init__(self, time: float, note: Path | None = None) -> None:
        self.time = time
        self.note = note and str(note)

    def fit_sample(self, sample: Any) -> Any:
        if sample["t"][0] == self.time and not (self.note and os.path.exists(self.note)):
            if self.note:
                Path(self.note).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return sample


class Log(Filter):
    """Appends the first time of every sample to a file, and takes its time."""

    def __init__(self, path: Path, seconds: float = 0.0) -> None:
        self.path = str(path)
        self._seconds = seconds

    def fit_sample(self, sample: Any) -> Any:
        time.sleep(self._seconds)
        with open(self.path, "a") as file:
            file.write(f"{sample['t'][0]!r}\n")
        return sample


def two_passes(log: Path, seconds: float = 0.0) -> Pipeline:
    """Two batches, each of which writes down the samples that it works on."""
    first = [Log(log.with_suffix(".one"), seconds), *recipe()]
    second = [Log(log.with_suffix(".two"), seconds), HDBSCAN(0.6), SplitLabels(), Centroids()]
    return Pipeline([*first, Stack(10, 9), *second, Segregate(20, 20.0)])
