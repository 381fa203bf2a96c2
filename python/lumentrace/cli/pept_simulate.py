"""`lumentrace pept simulate`: lines of response whose truth is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lumentrace import storage
from lumentrace.data.lines import LineData
from lumentrace.data.points import PointData
from lumentrace.pept import simulation
from lumentrace.pept.simulation.paths import CENTRE

SUFFIXES = (".da01", ".csv", ".npy", ".h5", ".parquet")
TRUTH_STEP = 1.0
"""Time between points of the true paths, in ms."""


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


def write(out: Path, experiment: simulation.Experiment) -> tuple[LineData, Path]:
    """Simulate and write `out`, and the true paths beside it; returns the lines and where the truth is.

    Raises
    ------
    ValueError
        If there is no format for the ending of `out`.
    """
    suffix = out.suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{out}: expected a file that ends with {', '.join(SUFFIXES)}, found {suffix!r}")
    out.parent.mkdir(parents=True, exist_ok=True)
    simulated = experiment.run()
    lines = simulated.lines
    if suffix == ".da01":
        simulation.write_adac(out, lines, separation=experiment.separation)
    elif suffix == ".csv":
        storage.write_csv(out, lines)
    elif suffix == ".npy":
        np.save(out, lines.lines, allow_pickle=False)
    elif suffix == ".h5":
        storage.save(out, lines)
    else:
        storage.to_parquet(out, lines)
    truth = out.with_name(f"{out.stem}.truth.csv")
    storage.write_csv(truth, _truth(simulated))
    return lines, truth


def _truth(simulated: simulation.Simulated) -> PointData:
    first, last = simulated.lines["t"][[0, -1]]
    t = np.arange(first, last, TRUTH_STEP)
    rows = [
        np.column_stack([t, places, np.full(len(t), float(label))]) for label, places in enumerate(simulated.truth(t))
    ]
    return PointData(np.concatenate(rows), columns=["t", "x", "y", "z", "label"])
