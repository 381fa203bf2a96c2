"""`lumentrace demo`: a simulated experiment, tracked like a real one and compared with the truth."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from lumentrace.cli.console import Bar, answers, cell, console, show
from lumentrace.data.points import PointData
from lumentrace.pept import scanners, simulation
from lumentrace.pept.recipes import Lines
from lumentrace.pept.run import run as track
from lumentrace.pept.settings import Settings
from lumentrace.pept.simulation import Simulated

LINES = 150_000
TRACERS = 2
SEPARATION = 500


def run(out: Path, seed: int) -> None:
    """Simulate, write a `.da01`, track it, compare, report."""
    out.mkdir(parents=True, exist_ok=True)
    console.print(f"Simulating {LINES:,} lines of response from {TRACERS} tracers, half of them noise ...")
    simulated = experiment(seed)
    file = out / "demo.da01"
    simulation.write_adac(file, simulated.lines, separation=SEPARATION)

    started = time.perf_counter()
    lines = scanners.adac_forte(file, verbose=False)
    with Bar("Tracking", len(lines.lines), "lines") as bar:
        outcome = track(lines, Settings(recipe=Lines(tracers=TRACERS)), verbose=bar)
    trajectories, seconds = outcome.trajectories, time.perf_counter() - started

    lasted = float(lines["t"][-1] - lines["t"][0]) / 1000
    truth = simulated.truth(trajectories["t"])
    paths = [PointData(np.column_stack([trajectories["t"], path])) for path in truth]
    replace(outcome, truth=paths).save(out)
    show(_against(trajectories, truth))
    answers.print(
        f"Tracked {lasted:.2f} s of data in {seconds:.2f} s ({len(lines.lines) / seconds:,.0f} lines/s). "
        f"Now open {out / 'report.html'}"
    )
    answers.print(
        f"To watch it as if it were measured now: lumentrace pept replay {file}\n"
        f"and in another terminal: lumentrace pept live tcp://127.0.0.1:9321 --tracers {TRACERS}",
        soft_wrap=True,
    )


def experiment(seed: int) -> Simulated:
    """Two tracers on the wheel of a 42 rpm mixer, in a field with scatter and random coincidences."""
    paths = [
        simulation.Circle(centre=(300, 300, 250), radius=90, rpm=42),
        simulation.Circle(centre=(300, 300, 230), radius=60, rpm=42, phase=np.pi),
    ]
    return simulation.simulate(paths, n=LINES, rate=100.0, noise=0.5, seed=seed)


def errors(trajectories: PointData, truth: NDArray[np.float64]) -> dict[float, NDArray[np.float64]]:
    """Distance of every trajectory from the tracer that it follows, in mm.

    Parameters
    ----------
    trajectories : PointData
        Points with a column `label`.
    truth : (tracers, N, 3) array
        Position of each tracer at the time of each point.
    """
    distances = np.linalg.norm(truth - trajectories.points[:, 1:4], axis=2)
    labels = trajectories["label"]
    followed = {label: distances[:, labels == label] for label in np.unique(labels) if label >= 0}
    return {label: each[np.median(each, axis=1).argmin()] for label, each in followed.items()}


def _against(trajectories: PointData, truth: NDArray[np.float64]) -> Table:
    table = Table("trajectory", "locations", "median error (mm)", "90 % below (mm)", title="Against the truth")
    for label, error in errors(trajectories, truth).items():
        middle, high = np.quantile(error, [0.5, 0.9]).tolist()
        table.add_row(f"{label:.0f}", cell(len(error)), cell(middle), cell(high))
    return table
