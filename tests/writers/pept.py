"""What writes files in `pept`."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from live_updates import WHEEL, tracer, update
from lumentrace import PointData
from lumentrace.pept import data_set, simulation
from lumentrace.pept.live import Record, finish
from lumentrace.pept.live.record import HEAD
from lumentrace.pept.live.watching import watch
from lumentrace.pept.run import run
from lumentrace.pept.simulation.to_disk import write_npy
from lumentrace.pept.utilities.framed import FramedReader
from writers import Writer, keep, kept


def _lines(version: int) -> Any:
    return simulation.simulate([simulation.Static((300, 250, 200))], n=2000, noise=0.2, seed=version).lines


def _outcomes(made: Path) -> None:
    keep(made, "outcome", *(run(_lines(version)) for version in (1, 2)))


def _trajectories(version: int, _: Path) -> PointData:
    rows = 100 * (1 + version)
    return PointData(np.column_stack([np.arange(rows), np.full((rows, 3), version)]).astype(float))


def _experiment(version: int, _: Path) -> simulation.Experiment:
    return simulation.Experiment([simulation.Static()], n=3000, seed=version)


@cache
def _updates(version: int) -> list[Any]:
    """A tracer comes and goes."""
    times = np.arange(20.0, 400.0, 20.0)
    return [update(float(time), [tracer(WHEEL[0], version, time)] * (int(time) % 100 < 60)) for time in times]


def _live(folder: Path, version: int) -> None:
    """A run that was killed is finished, as users are told; then comes one whose locations are all there."""
    place, ticks = folder / "live", iter(range(10_000))
    if (place / HEAD).exists():
        finish(place)
        shutil.rmtree(place)
    record = Record(place, "a source", {"tracers": 1}, lines=True, clock=lambda: float(next(ticks)))
    record.keep(np.full((3000, 7), float(version)))
    watch(_updates(version), record=record, clock=lambda: 0.0)
    assert record.locations == sum(len(each.smoothed.points) for each in _updates(version))


def _live_content(path: Path) -> bytes:
    """That the file is the beginning of what belongs there."""
    if path.name == HEAD:
        return b"whole" if json.loads(path.read_bytes())["schema"] else b""
    if path.suffix == ".jsonl":
        return b"lines of JSON" if all(map(json.loads, path.read_text().splitlines())) else b""
    if not path.stat().st_size:
        return b"the beginning"
    reader = FramedReader(path)
    rows = np.concatenate([*reader.rows(), np.empty((0, len(reader.columns)))])
    assert reader.damaged == 0
    version = 0 if not len(rows) else int(rows[0, -1])
    if path.name.startswith("lines"):
        assert (rows == version).all()
    elif version:
        expected = np.concatenate([each.smoothed.points for each in _updates(version)])
        assert (rows == expected[: len(rows)]).all()
    return b"the beginning"


def _parts(folder: Path, whole: PointData) -> None:
    found = data_set.DataSet(folder)
    for start in range(0, len(whole.points), 100):
        found.append(PointData(whole.points[start : start + 100]))
    found.finish(whole)


def _simulator(version: int, _: Path) -> Any:
    path = [[0.0, 250, 240, 356], [1000, 250, 240, 356]]
    return simulation.Simulator(path, np.linspace(0, 1000, 400), simulation.Shape(0, 0, 0).sphere, seed=version)


WRITERS = {
    "data set": Writer(
        lambda folder, whole: _parts(folder / "set", whole), ("pept/data_set.py",), _trajectories, goes=True
    ),
    "live run": Writer(
        _live,
        ("pept/live/record.py", "pept/live/watching.py", "pept/utilities/framed.py"),
        content=_live_content,
        over=False,
    ),
    "simulated text": Writer(
        lambda folder, simulator: simulator.write_csv(folder / "a.csv"), ("pept/simulation/simulator.py",), _simulator
    ),
    "outcome": Writer(
        lambda folder, outcome: outcome.save(folder / "out"),
        ("pept/run.py", "pept/report/page.py", "cli/pept.py", "cli/demo.py"),
        kept("outcome"),
        _outcomes,
        slow=True,
    ),
    "ADAC file": Writer(
        lambda folder, version: simulation.write_adac(folder / "a.da01", _lines(version), separation=500),
        ("pept/simulation/adac_file.py", "cli/pept_simulate.py"),
    ),
    "lines on disk": Writer(
        lambda folder, experiment: write_npy(folder / "a.npy", experiment, 1),
        ("pept/simulation/to_disk.py",),
        _experiment,
    ),
}
