"""`lumentrace pept simulate`: lines of response whose truth is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lumentrace import storage
from lumentrace.data.points import PointData
from lumentrace.pept import simulation
from lumentrace.pept.simulation.paths import CENTRE
from lumentrace.pept.simulation.to_disk import Made, write_npy

SUFFIXES = (".da01", ".csv", ".npy", ".h5", ".parquet")
TRUTH_STEP = 1.0
"""Time between points of the true paths, in ms."""
TRUTH_TIMES = 100_000
"""Points of each true path at most; in long simulations they are further apart."""
STREAMED = (".npy", ".da01")
MOST = 20_000_000
"""Lines that are held in memory for the other formats."""


def paths(kind: str, tracers: int, radius: float, rpm: float, seed: int) -> list[simulation.Path]:
    """So many tracers on paths of a kind, apart from one another."""
    x, y, z = CENTRE
    if kind == "static":
        angles = 2 * np.pi * np.arange(tracers) / tracers
        shift = radius if tracers > 1 else 0.0
        return [simulation.Static((x + shift * np.cos(a), y + shift * np.sin(a), z)) for a in angles]
    if kind == "wander":
        box = (radius, radius, radius)
        return [simulation.Wander(extent=box, seed=1000 * seed + number) for number in range(tracers)]
    phases = 2 * np.pi * np.arange(tracers) / tracers
    return [simulation.Circle(radius=radius, rpm=rpm, phase=float(phase)) for phase in phases]


def write(out: Path, experiment: simulation.Experiment, bar: Callable[[int, int], object]) -> tuple[Made, Path]:
    """Simulate and write `out`, and the true paths beside it; returns what was made and where the truth is.

    Raises
    ------
    ValueError
        If there is no format for the ending of `out`, or it is none for so many lines.
    """
    suffix = out.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{out}: expected a file that ends with {', '.join(SUFFIXES)}, found {suffix!r}")
    if experiment.count > MOST and suffix not in STREAMED:
        raise ValueError(
            f"{out}: expected a file that ends with {' or '.join(STREAMED)} for more than {MOST:,} lines, which do not "
            f"fit into memory at a time, found {suffix!r}"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    if suffix == ".npy":
        made = write_npy(out, experiment, verbose=bar)
    elif suffix == ".da01":
        made = _write_adac(out, experiment, bar)
    else:
        made = _write_table(out, suffix, experiment)
    truth = out.with_name(f"{out.stem}.truth.csv")
    storage.write_csv(truth, _truth(experiment, *made.times))
    return made, truth


def _write_adac(out: Path, experiment: simulation.Experiment, bar: Callable[[int, int], object]) -> Made:
    count, first, last = 0, np.inf, -np.inf

    def blocks() -> Iterator[NDArray[np.float64]]:
        nonlocal count, first, last
        for number, (rows, _) in enumerate(experiment.blocks(), 1):
            if len(rows):
                first, last = min(first, rows[0, 0]), max(last, rows[-1, 0])
            count += len(rows)
            yield rows
            bar(experiment.block_start(number), experiment.count)

    simulation.write_adac(out, blocks(), separation=experiment.separation)
    return Made(count, (float(first), float(last)))


def _write_table(out: Path, suffix: str, experiment: simulation.Experiment) -> Made:
    lines = experiment.run().lines
    if suffix == ".csv":
        storage.write_csv(out, lines)
    elif suffix == ".h5":
        storage.save(out, lines)
    else:
        storage.to_parquet(out, lines)
    return Made(len(lines.lines), (float(lines["t"][0]), float(lines["t"][-1]))) if len(lines.lines) else Made(0)


def _truth(experiment: simulation.Experiment, first: float, last: float) -> PointData:
    t = np.arange(first, last, max(TRUTH_STEP, (last - first) / TRUTH_TIMES)) if first < last else np.empty(0)
    rows = [
        np.column_stack([t, path(t), np.full(len(t), float(label))]) for label, path in enumerate(experiment.tracers)
    ]
    return PointData(np.concatenate(rows), columns=["t", "x", "y", "z", "label"])
