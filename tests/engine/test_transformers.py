"""Transformers of samples and trajectories: golden data, definitions written a second time, and awkward input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden import golden
from helpers import assert_identical, simulate
from lumentrace import AdaptiveWindow, LineData, Pipeline, PointData
from lumentrace.pept.tracking import (
    Center,
    Centroids,
    CutpointsToF,
    Debug,
    GaussianDensity,
    Interpolate,
    OptimizeWindow,
    OutOfViewFilter,
    Reconnect,
    RemoveStatic,
    Reorient,
    SamplesCondition,
    Segregate,
    SplitLabels,
    Stack,
    Swap,
    TimeOfFlight,
)


@pytest.fixture
def walk() -> PointData:
    rows = np.random.default_rng(3).normal(size=(50, 5)).cumsum(axis=0)
    rows[:, 0] = np.arange(50)
    return PointData(rows, columns=["t", "x", "y", "z", "error"], run=4, _hidden=1)


# ---------------------------------------------------------------------- time
def test_interpolate_as_golden() -> None:
    case = golden("pept/interpolate.npz")
    found = Interpolate(float(case["step"])).fit_sample(PointData(case["points"]))
    np.testing.assert_allclose(found.points, case["out"], atol=1e-12)


def test_interpolate_by_any_interpolator(walk: PointData) -> None:
    interpolate = pytest.importorskip("scipy.interpolate")
    plain = Interpolate(0.7).fit_sample(walk)
    for kind in (interpolate.interp1d, interpolate.make_interp_spline):
        options = {"kind": "linear"} if kind is interpolate.interp1d else {"k": 1}
        found = Interpolate(0.7, kind, **options).fit_sample(walk)
        np.testing.assert_allclose(found.points, plain.points, atol=1e-12)
    assert (plain.columns, plain.attrs) == (walk.columns, walk.attrs)
    backwards = walk.copy(data=walk.points[::-1])
    assert np.array_equal(Interpolate(0.7).fit_sample(backwards).points, plain.points)
    for rows in (0, 1):
        assert Interpolate(1).fit_sample(walk.copy(data=walk.points[:rows])).points.shape == (0, 5)
    with pytest.raises(ValueError, match="`timestep`"):
        Interpolate(0)


@pytest.mark.parametrize("kind", ["nearest", "cubic", "previous"])
def test_interpolate_as_the_default_interpolator_is_told(walk: PointData, kind: str) -> None:
    interpolate = pytest.importorskip("scipy.interpolate")
    found = Interpolate(0.7, kind=kind).fit_sample(walk)
    judge = interpolate.interp1d(walk["t"], walk.points[:, 1:], kind=kind, axis=0)
    np.testing.assert_allclose(found.points[:, 1:], judge(found["t"]), atol=1e-9)


def test_out_of_view_as_golden() -> None:
    case = golden("pept/space_beyond_docs.npz")
    found = OutOfViewFilter(max_time=3, k=5).fit(PointData(case["points"]))
    np.testing.assert_allclose(found.points, case["oov"], atol=1e-9)


@given(st.lists(st.floats(0, 100), max_size=30), st.integers(1, 6), st.floats(0.1, 50))
def test_out_of_view_by_its_definition(times: list[float], k: int, reach: float) -> None:
    t = np.array(times)
    away = np.sort(np.abs(t[:, None] - t), axis=1)
    expected = t[away[:, k] < reach] if len(t) > k else t[:0]
    rows = np.column_stack([t, t, t, t]) if len(t) else np.empty((0, 4))
    assert np.array_equal(OutOfViewFilter(reach, k).fit(PointData(rows))["t"], expected)


def test_static_stretches_and_their_neighbours_go() -> None:
    t = np.arange(100.0)
    x = np.where(t < 40, t, np.where(t < 70, 40, t - 30))
    found = RemoveStatic(10, 0.5).fit(PointData(np.column_stack([t, x, x, x])))
    assert set(found["t"] // 10) == {0, 1, 2, 8, 9}
    jumpy = np.where(t % 10 == 0, 500, 0)
    still = PointData(np.column_stack([t, jumpy, jumpy, jumpy]))
    assert len(RemoveStatic(10, 100, quantile=0.8).fit(still).points) == 0
    assert len(RemoveStatic(10, 100, quantile=1).fit(still).points) == 100
    assert len(RemoveStatic(10, 1).fit(PointData(np.empty((0, 4)))).points) == 0
    for wrong in ({"time_window": 0}, {"max_distance": -1}, {"quantile": 2}):
        with pytest.raises(ValueError, match=f"`{next(iter(wrong))}`"):
            RemoveStatic(**({"time_window": 1, "max_distance": 1} | wrong))


@pytest.mark.parametrize("overlap", [0, 0.5])
def test_windows_hold_the_wanted_number_of_rows(overlap: float) -> None:
    rng = np.random.default_rng(5)
    gaps = rng.exponential(0.1, 20_000)
    gaps[5000:5050] += 40  # out of view
    rows = np.column_stack([gaps.cumsum(), np.zeros((20_000, 6))])
    samples = OptimizeWindow(200, overlap).fit(LineData(rows, run=1))
    assert isinstance(samples.sample_size, AdaptiveWindow)
    assert samples.sample_size.max_elems == 200
    assert samples.overlap.window == pytest.approx(overlap * samples.sample_size.window)
    assert samples.sample_size.window == pytest.approx(20, rel=0.1)
    assert samples.attrs == {"run": 1}
    chain = Pipeline([OptimizeWindow(100), Debug(0)])
    assert np.median([len(sample.lines) for sample in chain.fit(LineData(rows), verbose=False)]) == pytest.approx(
        100, 5
    )


def test_windows_of_very_little() -> None:
    for rows in (np.empty((0, 7)), np.zeros((1, 7)), np.zeros((9, 7))):
        assert len(OptimizeWindow(5).fit(LineData(rows)).lines) == len(rows)
    for wrong in ({"ideal_elems": 0}, {"overlap": 1}, {"low": 2}, {"high": 0.5}):
        with pytest.raises(ValueError, match=f"`{next(iter(wrong))}`"):
            OptimizeWindow(**({"ideal_elems": 9} | wrong))
    with pytest.raises(TypeError, match="OptimizeWindow"):
        OptimizeWindow(9).fit([1, 2])


# ---------------------------------------------------------------------- space
def test_space_as_golden() -> None:
    case = golden("pept/space_beyond_docs.npz")
    points = PointData(case["points"])
    np.testing.assert_allclose(Center().fit(points).points, case["center"], atol=1e-9)
    np.testing.assert_allclose(Center([1, 2, 3]).fit(points).points, case["center_origin"], atol=1e-9)
    for dimensions in ("xyz", "zxy"):
        found, expected = Reorient(dimensions).fit(points), case[f"reorient_{dimensions}"]
        mean = case["points"][:, 1:4].mean(axis=0)
        np.testing.assert_allclose(np.abs(found.points[:, 1:4] - mean), np.abs(expected[:, 1:4] - mean), atol=1e-9)
        assert found.attrs["eigenvalues"] == pytest.approx(
            np.sort(np.linalg.eigvalsh(np.cov(case["points"][:, 1:4].T)))[::-1]
        )


def test_turning_keeps_distances_and_may_be_repeated(walk: PointData) -> None:
    found = Reorient("yxz").fit(walk)
    before = np.linalg.norm(np.diff(walk.points[:, 1:4], axis=0), axis=1)
    np.testing.assert_allclose(np.linalg.norm(np.diff(found.points[:, 1:4], axis=0), axis=1), before)
    assert np.argsort(found.points[:, 1:4].var(axis=0)).tolist() == [2, 0, 1]
    again = Reorient("yxz", found.attrs["basis"], found.attrs["origin"]).fit(walk)
    assert np.array_equal(again.points, found.points)
    holed = walk.copy()
    holed.points[3, 1] = np.nan
    assert np.isnan(Reorient().fit(holed).points[3, 1:4]).all()
    assert np.isfinite(Reorient().fit(holed).points[4]).all()
    assert len(Reorient().fit(PointData(np.empty((0, 4)))).points) == 0
    for wrong in ({"dimensions": "xxz"}, {"basis": np.eye(2)}, {"origin": [1, 2]}):
        with pytest.raises(ValueError, match=f"`{next(iter(wrong))}`"):
            Reorient(**wrong)
    with pytest.raises(TypeError, match="Reorient: expected PointData, found LineData"):
        Reorient().fit(LineData(np.zeros((3, 7))))


def test_lines_are_centred_at_both_ends() -> None:
    lines = LineData(np.random.default_rng(0).normal(size=(9, 7)))
    found = Center([1, 2, 3]).fit(lines)
    np.testing.assert_allclose(found.lines[:, 1:], lines.lines[:, 1:] - [1, 2, 3, 1, 2, 3])
    median = np.median(np.concatenate([lines.lines[:, 1:4], lines.lines[:, 4:7]]), axis=0)
    np.testing.assert_allclose(Center().fit(lines).lines[:, 1:4], lines.lines[:, 1:4] - median)
    holed = PointData([[0, np.nan, 0, 0], [1, 4, 6, 8], [2, 6, 8, 10]])
    np.testing.assert_allclose(Center().fit(holed).points[1:, 1:], [[-1, -1, -1], [1, 1, 1]])
    assert np.isnan(Center().fit(holed.copy(data=holed.points[:1])).points[0, 1])
    assert len(Center().fit(PointData(np.empty((0, 4)))).points) == 0


def test_swap(walk: PointData) -> None:
    kept = walk.points.copy()
    found = Swap("y, z", "x, y", inplace=False).fit_sample(walk)
    assert np.array_equal(found.points, kept[:, [0, 3, 1, 2, 4]])
    assert np.array_equal(walk.points, kept)
    assert Swap("'1', 'error'").fit_sample(walk) is walk
    assert np.array_equal(walk.points, kept[:, [0, 4, 2, 3, 1]])
    for wrong in ("x", "x, y, z", ", y", 3):
        with pytest.raises(ValueError, match="`swaps`"):
            Swap(wrong)
    with pytest.raises(ValueError, match="no column w"):
        Swap("x, w").fit_sample(walk)
    with pytest.raises(TypeError, match="Swap: expected LineData or PointData"):
        Swap("x, y").fit_sample(kept)


# ---------------------------------------------------------------------- trajectories
def path(first: float, last: float, x: float, label: float, size: float = 5) -> Any:
    t = np.arange(first, last)
    return np.column_stack([t, x + 0.1 * t, 0 * t, 0 * t, 0 * t + size, 0 * t + label])


def joined(*paths: Any) -> PointData:
    return PointData(np.vstack(paths), columns=["t", "x", "y", "z", "size", "label"])


def labels(points: PointData) -> list[Any]:
    """The trajectory of each path, found by its label of before, in the z column."""
    return [set(points["label"][points["z"] == z].tolist()) for z in np.unique(points["z"])]


def test_the_nearest_continuation_is_taken() -> None:
    a, b, c, noise = path(0, 40, 0, 3), path(50, 90, 30, 7), path(48, 80, 5, 9), path(0, 9, 400, -1)
    for z, each in enumerate((a, b, c, noise)):
        each[:, 3] = z / 1000
    found = Reconnect(tmax=20, dmax=50).fit(joined(b, noise, c, a))
    assert labels(found) == [{0.0}, {1.0}, {0.0}, {-1.0}]
    assert (np.diff(found["t"]) >= 0).all()
    assert labels(Reconnect(tmax=20, dmax=1).fit(joined(a, b, c))) == [{0.0}, {2.0}, {1.0}]
    assert labels(Reconnect(tmax=5, dmax=50).fit(joined(a, b, c))) == [{0.0}, {2.0}, {1.0}]
    chain = Reconnect(tmax=30, dmax=60).fit(joined(a, c, path(100, 120, 0, 8)))
    assert set(chain["label"]) == {0.0}


def test_signatures_tell_tracers_apart() -> None:
    a, near, like = path(0, 40, 0, 0, size=5), path(50, 90, 1, 1, size=50), path(50, 90, 20, 2, size=6)
    for z, each in enumerate((a, near, like)):
        each[:, 3] = z / 1000
    points = joined(a, near, like)
    assert labels(Reconnect(20, 50).fit(points)) == [{0.0}, {0.0}, {1.0}]
    assert labels(Reconnect(20, 50, size=3).fit(points)) == [{0.0}, {1.0}, {0.0}]
    with pytest.raises(ValueError, match="expected a column 'mass'"):
        Reconnect(20, 50, mass=3).fit(points)
    for wrong in ({"tmax": -1}, {"dmax": np.nan}, {"num_points": 0}, {"size": -2}):
        with pytest.raises(ValueError, match=f"`{next(iter(wrong))}`"):
            Reconnect(**({"tmax": 1, "dmax": 1} | wrong))
    empty = points.copy(data=points.points[:0])
    assert len(Reconnect(20, 50).fit(empty).points) == 0


def test_a_broken_trajectory_becomes_whole() -> None:
    t = np.concatenate([np.arange(0, 300.0), np.arange(380.0, 700)])
    rows = np.column_stack([t, 50 * np.cos(t / 200), 50 * np.sin(t / 200), 0 * t])
    apart = Segregate(20, 10).fit(PointData(rows))
    assert set(apart["label"]) == {0.0, 1.0}
    assert set(Reconnect(tmax=100, dmax=40).fit(apart)["label"]) == {0.0}


# ---------------------------------------------------------------------- samples
def test_whole_samples_are_kept_or_not(walk: PointData) -> None:
    walk.sample_size = [10, 0, 30, 10]
    kept = SamplesCondition("sample_size > 5, sample_size < 30").fit(walk)
    assert [len(sample.points) for sample in kept] == [10, 10]
    assert np.array_equal(kept[1].points, walk[3].points)
    assert len(SamplesCondition("t < 45").fit(walk)) == 3
    assert len(SamplesCondition(lambda sample: len(sample.points) == 30, "np.max('t') < 41").fit(walk)) == 1
    listed = SamplesCondition("sample_size > 0").fit(list(walk))
    assert_identical(listed, [walk[0], walk[2], walk[3]])
    with pytest.raises(TypeError, match="`conditions`"):
        SamplesCondition(5)
    with pytest.raises(ValueError, match="Condition"):
        SamplesCondition("nonsense")


def test_debug_says_what_passes(walk: PointData, capsys: pytest.CaptureFixture[str]) -> None:
    walk.sample_size = 20
    assert Debug().fit(walk) is walk
    text = capsys.readouterr().out.splitlines()
    assert text[0] == "Debug: 2 sample(s) of PointData, 20 to 20 rows (median 20)"
    assert text[1] == "  t: 0 to 39, mean 19.5"
    assert len(text) == 6
    Debug(0).fit(walk)
    Debug(1).fit([])
    assert capsys.readouterr().out == "Debug: 0 sample(s) of nothing\n"


# ---------------------------------------------------------------------- time of flight
TOF_COLUMNS = ["t", "x1", "y1", "z1", "x2", "y2", "z2", "t2"]


def by_row(rows: Any) -> Any:
    return rows[np.lexsort((rows[:, 2], rows[:, 1]))]


def test_time_of_flight_as_golden() -> None:
    case = golden("pept/tof_beyond_docs.npz")
    lines = LineData(case["lines"], columns=TOF_COLUMNS)
    located = TimeOfFlight(2e-7).fit_sample(lines)
    np.testing.assert_allclose(located.attrs["tof"].points, case["tof"], atol=1e-6)
    assert TimeOfFlight(2e-7, points=True).fit_sample(lines).attrs["spatial_resolution"] == pytest.approx(
        59.958, abs=1e-3
    )
    found = CutpointsToF().fit_sample(located)
    np.testing.assert_allclose(by_row(found.points.round(6)), by_row(case["cut"].round(6)), atol=2e-6)
    only = CutpointsToF(40, cutpoints_only=True).fit_sample(located)
    np.testing.assert_allclose(by_row(only.points.round(6)), by_row(case["cut40"].round(6)), atol=2e-6)
    weighted = GaussianDensity().fit_sample(only)
    # The peer's search for the densest place stops early: its weights are up to 6e-6 off the maximum.
    np.testing.assert_allclose(by_row(weighted.points.round(6)), by_row(case["dens"].round(6)), atol=1e-5)
    assert weighted.columns[-1] == "weight"


def test_time_of_flight_by_simulated_flights() -> None:
    rng = np.random.default_rng(2)
    truth, u = rng.uniform(-50, 50, (40, 3)), rng.normal(size=(40, 3))
    u *= 400 / np.linalg.norm(u, axis=1)[:, None]
    near, far = rng.uniform(0.5, 1.5, (2, 40))
    t1, t2 = (10 + share * 400 / 299_792_458.0 for share in (near, far))
    rows = np.column_stack([t1, truth - near[:, None] * u, truth + far[:, None] * u, t2])
    found = TimeOfFlight(points=True).fit_sample(LineData(rows, columns=TOF_COLUMNS))
    np.testing.assert_allclose(found.points[:, 1:4], truth, atol=1e-3)
    np.testing.assert_allclose(found["t"], 10, atol=1e-12)
    assert found.attrs["spatial_resolution"] is None


def test_time_of_flight_of_awkward_lines() -> None:
    with pytest.raises(ValueError, match="expected a column `t2` or 8 columns"):
        TimeOfFlight().fit_sample(LineData(np.zeros((2, 7))))
    with pytest.raises(ValueError, match="put TimeOfFlight before it"):
        CutpointsToF().fit_sample(LineData(np.zeros((2, 7))))
    with pytest.raises(ValueError, match="`temporal_resolution`"):
        TimeOfFlight(0)
    still = TimeOfFlight(points=True).fit_sample(LineData(np.zeros((2, 8))))
    assert np.isnan(still.points[:, 1:]).all()
    empty = (TimeOfFlight(1e-7) + CutpointsToF(append_indices=True)).fit_sample(LineData(np.empty((0, 8))))
    assert empty.points.shape == (0, 6)
    chain = TimeOfFlight(1e-7) + CutpointsToF(append_indices=True, cutpoints_only=True)
    rows = np.column_stack([simulate(50)[0], np.zeros(50)])
    rows[:, 7] = rows[:, 0]
    found = chain.fit_sample(LineData(rows, run=2))
    first, second = found.points[:, 4].astype(int), found.points[:, 5].astype(int)
    assert (first < second).all()
    assert_identical(found.attrs["_lines"].lines, rows)


def test_density_weights(walk: PointData) -> None:
    with pytest.raises(ValueError, match="`sigma`"):
        GaussianDensity(0)
    with pytest.raises(ValueError, match="`sigma`, or samples with an attribute"):
        GaussianDensity().fit_sample(walk)
    assert GaussianDensity(2).fit_sample(walk.copy(data=walk.points[:0])).points.shape == (0, 6)
    blob = np.random.default_rng(1).normal(0, 1, (60, 4))
    noisy = PointData(np.vstack([blob, np.full((40, 4), 80.0)]))
    weighted = Centroids().fit_sample(GaussianDensity(3).fit_sample(noisy))
    assert np.linalg.norm(weighted.points[0, 1:4]) < 0.5
    assert weighted.columns == ["t", "x", "y", "z"]
    holed = walk.copy()
    holed.points[3, 1] = np.nan
    assert np.isnan(GaussianDensity(2).fit_sample(holed)["weight"]).sum() == 1


def test_a_chain_through_time_of_flight() -> None:
    rows = np.column_stack([simulate(400, noise=0)[0], np.zeros(400)])
    rows[:, 7] = rows[:, 0]
    label = PointData(np.empty((0, 5)), columns=["t", "x", "y", "z", "label"])
    assert SplitLabels().fit_sample(label)[0].points.shape == (0, 4)
    chain = [TimeOfFlight(1e-6), CutpointsToF(60, cutpoints_only=True), GaussianDensity(20), Centroids(), Stack()]
    found = Pipeline(chain).fit(LineData(rows, 100), verbose=False)
    assert found.points.shape == (4, 4)
