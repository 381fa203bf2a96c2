"""Long lists of lines in spans: against one call of the tracker, against the truth, and through every way to run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.distance import mahalanobis

import scoring
from command_line import lumentrace
from helpers import Spawned, assert_identical
from lumentrace import LineData, Pipeline, PointData, _core
from lumentrace.pept import simulation
from lumentrace.pept.scanners import lines as read
from lumentrace.pept.tracking import LineTracker
from lumentrace.pept.tracking.spans import Spans, combined, disagreement, matched

Array = NDArray[np.float64]

RATE = 100.0
SHORT = Spans(20_000, 4_000)
"""So that 80 000 lines are four spans."""
WHOLE = Spans()
PERFECT = {"rate": RATE, "positron_range": 0.0, "acollinearity": 0.0, "scatter": 0.0}
WHEEL = simulation.Circle(radius=80, rpm=42)
OPPOSITE = simulation.Circle(radius=80, rpm=42, phase=np.pi)
LONG = simulation.simulate([WHEEL, OPPOSITE], n=80_000, noise=0.5, seed=4, **PERFECT)
"""800 ms."""


def tracked(spans: Spans, lines: Any, tracers: int = 2) -> PointData:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LineTracker, "_spans", spans)
        return LineTracker(tracers).fit(lines)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LineTracker, "_spans", SHORT)


def scored(experiment: simulation.Simulated, tracks: PointData) -> scoring.Score:
    duration = len(experiment.lines.lines) / RATE
    truth = scoring.Truth(experiment.tracers, np.array([[0.0, duration]] * len(experiment.tracers)))
    return scoring.trajectories(truth, scoring.Found.of(tracks.points, tracks.columns), np.arange(0, duration + 1, 10))


# ---------------------------------------------------------------- where lines are cut
@pytest.mark.parametrize(("count", "spans"), [(0, 1), (1, 1), (149, 1), (150, 2), (249, 2), (251, 3), (1000, 10)])
def test_spans_are_alike_and_share_lines_at_cuts(count: int, spans: int) -> None:
    ranges = Spans(100, 10).ranges(count)
    assert len(ranges) == spans
    assert (ranges[0, 0], ranges[-1, 1]) == (0, count)
    np.testing.assert_array_equal(ranges[:-1, 1] - ranges[1:, 0], 20)
    cuts = np.array([0, *(ranges[1:, 0] + 10), count])
    assert np.ptp(np.diff(cuts)) <= 1


def test_spans_meet_at_the_time_of_the_cut() -> None:
    times = np.arange(400) / 4
    np.testing.assert_array_equal(Spans(100, 10).edges(times), [-np.inf, 24.875, 49.875, 74.875, np.inf])
    damaged = times.copy()
    damaged[90:110] = np.nan
    assert Spans(100, 10).edges(damaged)[1] == times[110]
    assert np.isinf(Spans(100, 10).edges(np.full(400, np.nan))[1:]).all()


@pytest.mark.parametrize(
    ("row", "time", "low", "high"),
    [(137, 20.0, "24.875", "49.875"), (250, 99.0, "49.875", "74.875"), (399, 0.0, "74.875", "inf")],
)
def test_lines_that_step_back_are_refused(row: int, time: float, low: str, high: str) -> None:
    rows = np.column_stack([np.arange(400) / 4, np.random.default_rng(0).uniform(0, 500, (400, 6))])
    rows[row, 0] = time
    with pytest.raises(ValueError, match=rf"row {row}: expected a time from {low} to {high} ms.*found {time:g} ms"):
        tracked(Spans(100, 10), rows)


def test_a_stray_order_within_the_shared_lines_changes_nothing() -> None:
    stray = LONG.lines.lines.reshape(-1, 1000, 7)[:, np.random.default_rng(0).permutation(1000)].reshape(-1, 7)
    np.testing.assert_array_equal(tracked(SHORT, stray).points, tracked(SHORT, LONG.lines).points)


# ---------------------------------------------------------------- what the spans give together
def test_a_short_list_is_one_call() -> None:
    rows, about = _core.track_lines(LONG.lines.lines, 2)
    found = LineTracker(2).fit(LONG.lines)
    ordered = rows[np.lexsort((rows[:, 14], rows[:, 0]))]
    np.testing.assert_array_equal(found.points[:, [0, 1, 2, 3, 4, 5, 6, 13, 14]], ordered[:, [*range(7), 13, 14]])
    np.testing.assert_array_equal(found.points[:, 7:10], np.sqrt(ordered[:, [7, 10, 12]]))
    assert found.attrs["tracker"] == about


TURN = 2 * np.pi / 60_000 * 270
CROSSING = [
    simulation.Circle(centre=(220, 300, 250), radius=80, rpm=42, phase=-42 * TURN),
    simulation.Circle(centre=(355, 300, 250), radius=50, rpm=10, phase=np.pi - 10 * TURN),
]
"""Two tracers that pass at 5 mm after 270 ms."""


@pytest.mark.parametrize("spans", [Spans(20_000, 9_000), Spans(40_000, 9_000)], ids=["four", "two"])
@pytest.mark.parametrize(
    ("paths", "sigmas"), [([WHEEL, OPPOSITE], 0.3), (CROSSING, 2.5)], ids=["wheel", "crossing, one slow"]
)
def test_any_spans_give_the_same_trajectories(paths: list[simulation.Path], sigmas: float, spans: Spans) -> None:
    """The slower and smoother a tracer moves, the more lines beyond those that spans share tell of it.

    The slow one may be taken to keep its velocity in one span and its acceleration in another: its lines hardly tell,
    and the two trajectories differ by what is not known of it.
    """
    experiment = simulation.simulate(paths, n=80_000, noise=0.5, seed=4, **PERFECT)
    whole, parts = tracked(WHOLE, experiment.lines), tracked(spans, experiment.lines)
    score = scored(experiment, parts)
    assert (score.trajectories, score.swaps, score.missed) == (2, 0, 0)
    assert (np.diff(parts["t"]) >= 0).all()
    assert np.unique(parts["label"]).tolist() == [0, 1]
    for label in (0, 1):
        one = whole.points[whole["label"] == label]
        other = min((parts.points[parts["label"] == each] for each in (0, 1)), key=lambda each: disagreement(one, each))
        there = np.column_stack([np.interp(one[:, 0], other[:, 0], other[:, axis]) for axis in (1, 2, 3)])
        away = np.abs(there - one[:, 1:4]) / one[:, 7:10]
        assert np.quantile(away, 0.99) < sigmas
        assert away.max() < max(1.5, 2 * sigmas)


@pytest.mark.parametrize(("after", "seed"), [(0.0, 4), (0.0, 6), (30.0, 5)])
def test_tracers_that_cross_in_shared_lines_keep_their_labels(after: float, seed: int) -> None:
    """They pass at 2 mm around the time of the cut, 400 ms; one of the spans takes each for the other from there on."""
    start = 300 - 0.1 * (400 + after)
    paths = [
        simulation.Line(start=(start, 299, 250), velocity=(0.1, 0, 0)),
        simulation.Line(start=(300, start + 1, 250), velocity=(0, 0.1, 0)),
    ]
    tracks = tracked(Spans(40_000, 9_000), simulation.simulate(paths, n=80_000, noise=0.5, seed=seed).lines)
    assert np.unique(tracks["label"]).tolist() == [0, 1]
    for label in (0, 1):
        own = tracks.points[tracks["label"] == label]
        assert np.diff(own[:, 0]).max() < 10
        assert np.linalg.norm(np.diff(own[:, 1:4], axis=0), axis=1).max() < 3
        away = np.min([np.linalg.norm(own[:, 1:4] - path(own[:, 0]), axis=1) for path in paths], axis=0)
        assert np.quantile(away, 0.99) < 1.5


def in_view(*times: tuple[float, float]) -> LineData:
    """The wheel, with the second tracer in view at these times only."""
    t = LONG.lines["t"]
    seen = np.any([(t >= first) & (t < last) for first, last in times], axis=0)
    return LineData(LONG.lines.lines[(LONG.labels != 1) | seen])


def test_a_tracer_comes_and_goes_within_spans() -> None:
    tracks = tracked(SHORT, in_view((130, 650)))
    assert np.unique(tracks["label"]).tolist() == [0, 1]
    for label, path, first, last in ((0, WHEEL, 0, 800), (1, OPPOSITE, 130, 650)):
        own = tracks.points[tracks["label"] == label]
        assert own[0, 0] == pytest.approx(first, abs=10)
        assert own[-1, 0] == pytest.approx(last, abs=10)
        assert np.diff(own[:, 0]).max() < 20
        assert np.quantile(np.linalg.norm(own[:, 1:4] - path(own[:, 0]), axis=1), 0.9) < 0.5


def test_a_tracer_that_comes_back_after_a_span_is_another_one() -> None:
    tracks = tracked(SHORT, in_view((0, 150), (630, 800)))
    spans = [tracks["t"][tracks["label"] == label] for label in (0, 1, 2)]
    assert sorted((round(t.min(), -1), round(t.max(), -1)) for t in spans[:2]) == [(0, 150), (0, 800)]
    assert (round(spans[2].min(), -1), round(spans[2].max(), -1)) == (630, 800)


def trajectory(t: Array, seed: int) -> Array:
    """Locations around the origin with a covariance that changes."""
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(len(t), 3, 3))
    covariance = root @ root.transpose(0, 2, 1) + np.eye(3)
    rows = np.zeros((len(t), 15))
    rows[:, 0], rows[:, 1:4] = t, rng.normal(size=(len(t), 3))
    rows[:, 7:10] = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
    rows[:, 10:13] = covariance[:, [0, 0, 1], [1, 2, 2]]
    return rows


def covariances(rows: Array) -> Array:
    matrices = np.zeros((len(rows), 3, 3))
    for place, (i, j) in zip((10, 11, 12), ((0, 1), (0, 2), (1, 2)), strict=True):
        matrices[:, i, j] = matrices[:, j, i] = rows[:, place]
    matrices[:, range(3), range(3)] = rows[:, 7:10] ** 2
    return matrices


def test_disagreement_is_the_mean_squared_distance_of_mahalanobis() -> None:
    one, other = trajectory(np.arange(0.5, 8.5), 1), trajectory(np.arange(10.0), 2)
    places = (other[:-2, 1:4] + other[1:-1, 1:4]) / 2
    shared = (covariances(other)[:-2] + covariances(other)[1:-1]) / 2 + covariances(one)
    expected = [mahalanobis(a, b, np.linalg.inv(c)) ** 2 for a, b, c in zip(one[:, 1:4], places, shared, strict=True)]
    assert disagreement(one, other) == pytest.approx(np.mean(expected))


def test_trajectories_without_a_common_time_do_not_agree() -> None:
    early, late = trajectory(np.arange(10.0), 1), trajectory(np.arange(20.0, 30), 1)
    assert disagreement(early, late) == np.inf
    around = np.concatenate([early, late])
    assert disagreement(trajectory(np.arange(12.0, 17), 1), around[np.r_[:10, 15:20]]) == np.inf
    assert disagreement(early, late[:1]) == np.inf


def test_trajectories_go_on_only_where_they_agree() -> None:
    before = np.concatenate([trajectory(np.arange(10.0), seed) for seed in (1, 2)])
    after = before.copy()
    before[10:, 1:4] += 100
    before[10:, 14] = 1
    # The first goes on as number 7; number 4 is 30 mm, some 15 sigma, from the second.
    after[10:, 1:4] += 130
    after[:, 14] = np.repeat([7, 4], 10)
    assert matched(before, after) == {7: 0}
    assert matched(before, after[:0]) == matched(before[:0], after) == {}


def test_what_is_known_of_tracers_is_that_of_all_spans() -> None:
    tracks = tracked(SHORT, LONG.lines)
    whole, parts = LineTracker(2).fit(LONG.lines).attrs["tracker"], tracks.attrs["tracker"]
    assert [each["label"] for each in parts["tracers"]] == [0, 1]
    for one, other in zip(whole["tracers"], parts["tracers"], strict=True):
        assert list(one) == list(other)
        assert other["activity"] == pytest.approx(0.25, rel=0.03)
        assert other["blur"] == pytest.approx(one["blur"], rel=0.3)
        # Lines that two spans share count twice: 24 000 of 80 000.
        assert other["evidence"] == pytest.approx(1.3 * one["evidence"], rel=0.05)
    assert json.loads(json.dumps(parts)) == parts


def test_means_over_spans_are_weighted_by_the_lines_of_a_tracer() -> None:
    def about(*tracers: tuple[int, float, float]) -> dict[str, Any]:
        order = ["velocity", "acceleration"][len(tracers) - 1]
        each = [
            {"label": n, "blur": [b, 2 * b], "activity": a, "order": order, "noise": b, "jumps": 1}
            for n, b, a in tracers
        ]
        explained = sum(a for _, _, a in tracers)
        ended = {"passes": len(tracers), "settled": len(tracers) == 2}
        return {"tracers": each, "explained": explained, "unused": len(tracers), **ended}

    spans = [about((0, 1.0, 0.2), (1, 5.0, 0.1)), about((0, 4.0, 0.8))]
    found = combined(spans, [{0: 0, 1: 1}, {0: 0}], [1000, 500])
    assert found["tracers"] == [
        {
            "label": 0,
            "blur": [3.0, 6.0],
            "activity": pytest.approx(600 / 1500),
            "order": "velocity",
            "noise": 4.0,
            "jumps": 2,
        },
        {
            "label": 1,
            "blur": [5.0, 10.0],
            "activity": pytest.approx(100 / 1500),
            "order": "acceleration",
            "noise": 5.0,
            "jumps": 1,
        },
    ]
    assert found["explained"] == pytest.approx((0.3 * 1000 + 0.8 * 500) / 1500)
    assert (found["unused"], found["passes"], found["settled"]) == (3, 2, False)


# ---------------------------------------------------------------- the same wherever and however it runs
@pytest.mark.usefixtures("short")
@pytest.mark.parametrize(
    "options",
    [
        {"executor": "sequential"},
        {"executor": ThreadPoolExecutor, "max_workers": 2},
        {"executor": Spawned},
        {"run_dir": "run"},
        {"run_dir": "run", "executor": ThreadPoolExecutor},
    ],
    ids=["sequential", "threads", "processes", "kept", "kept, threads"],
)
def test_executors_and_run_directories_change_nothing(options: dict[str, Any], tmp_path: Path) -> None:
    np.save(tmp_path / "lines.npy", LONG.lines.lines)
    lines = read(tmp_path / "lines.npy", verbose=False)
    expected = LineTracker(2).fit(LONG.lines)
    if "run_dir" in options:
        options = options | {"run_dir": tmp_path / "run"}
    for _ in range(2):
        assert_identical(Pipeline([LineTracker(2)]).fit(lines, verbose=False, **options), expected)


@pytest.mark.usefixtures("short")
def test_progress_is_told_span_by_span() -> None:
    told: list[tuple[int, int]] = []
    Pipeline([LineTracker(2)]).fit(LONG.lines, verbose=lambda *done: told.append(done))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.usefixtures("short")
def test_a_table_on_disk_holds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = LineTracker(2).fit(LONG.lines)
    monkeypatch.setattr("lumentrace.pept.tracking.line_tracker.LIMIT", 0)
    found = LineTracker(2).fit(LONG.lines)
    assert isinstance(found.points, np.memmap)
    assert not isinstance(expected.points, np.memmap)
    np.testing.assert_array_equal(found.points, expected.points)


RECIPE = ("--recipe", "lines", "--tracers", "2")
SCRIPT = """
    import sys
    from lumentrace.cli.main import app
    from lumentrace.pept.tracking import LineTracker
    from lumentrace.pept.tracking.spans import Spans
    LineTracker._spans = Spans(10_000, 2_000)
    app()
"""


@pytest.fixture
def track(tmp_path: Path) -> Iterator[Any]:
    """Starts `lumentrace pept track` with short spans, resuming in a folder."""
    np.save(tmp_path / "lines.npy", LONG.lines.lines)
    (tmp_path / "script.py").write_text(textwrap.dedent(SCRIPT))
    started: list[subprocess.Popen[str]] = []

    def start(out: str, *more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "script.py", "pept", "track", "lines.npy", *RECIPE, "--out", out, *more]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, cwd=tmp_path, stdout=pipe, stderr=pipe, text=True))
        return started[-1]

    yield start
    for child in started:
        child.kill()
        child.communicate()


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_a_killed_and_an_interrupted_run_go_on_with_the_spans_that_are_left(
    track: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LineTracker, "_spans", Spans(10_000, 2_000))
    whole = lumentrace("pept", "track", "lines.npy", *RECIPE, "--out", "whole", cwd=tmp_path)
    manifest = tmp_path / "parts" / "run" / "manifest.json"
    pieces = []
    for sent in (signal.SIGKILL, signal.SIGINT):
        child = track("parts", "--resume")
        deadline = time.monotonic() + 60
        before = len(pieces)
        while len(pieces) < before + 2 and child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
            pieces = list(json.loads(manifest.read_text())["done"]) if manifest.exists() else []
        child.send_signal(sent)
        child.communicate()
        assert child.returncode != 0
    assert 4 <= len(pieces) < 8
    kept = {name: (manifest.parent / name).stat().st_mtime_ns for name in pieces}
    resumed = track("parts", "--resume")
    assert (whole.returncode, resumed.wait()) == (0, 0)
    for name in ("trajectories.csv", "trajectories.vtp"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "parts" / name).read_bytes()
    assert kept == {name: (manifest.parent / name).stat().st_mtime_ns for name in pieces}
    assert len(json.loads(manifest.read_text())["done"]) == 8
