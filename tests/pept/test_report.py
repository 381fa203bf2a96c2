"""Reports on trajectories hold the numbers they were given."""

from __future__ import annotations

import time

import numpy as np
import plotly.graph_objects as go
import pytest
from plotly.offline import get_plotlyjs

from lumentrace import LineData, PointData
from lumentrace.base.big_array import BigArray
from lumentrace.pept import write_report
from lumentrace.pept.motion import followed_times, located_time, speeds
from lumentrace.pept.tracks import tracks
from lumentrace.pept.truth import truth_errors
from lumentrace.plots.report import Missing, Report, Swatch
from pages import Page, key_figures, report_data, report_figures, report_text, unpacked

HOSTILE = '</script><script>alert("x")</script><img src=x onerror=alert(1)>&amp;\'"\ud800'


# ---------------------------------------------------------------------------------------------- trajectories
def labelled(*paths):
    """Rows t, x, y, z, label of several (N, 4) paths, shuffled."""
    rows = np.concatenate([np.column_stack([path, np.full(len(path), float(i))]) for i, path in enumerate(paths)])
    return PointData(np.random.default_rng(0).permutation(rows), columns=["t", "x", "y", "z", "label"])


@pytest.mark.parametrize("block", [50, 2**16])
def test_speed_is_the_slope_of_a_fitted_line(block, monkeypatch):
    monkeypatch.setattr("lumentrace.pept.tracks.BLOCK", block)
    rng = np.random.default_rng(4)
    paths = []
    for n in (30, 5, 40):
        t = np.cumsum(rng.uniform(0.5, 1.5, n)) + 1e6
        paths.append(np.column_stack([t, rng.normal(size=(n, 3))]))
    speed = speeds(tracks(labelled(*paths), None), 7)
    expected = []
    for path in paths:
        own = np.full(len(path), np.nan)
        for i in range(3, len(path) - 3):
            t, xyz = path[i - 3 : i + 4, 0], path[i - 3 : i + 4, 1:]
            own[i] = np.linalg.norm(np.polyfit(t - t.mean(), xyz, 1)[0])
        expected.append(own)
    np.testing.assert_allclose(speed, np.concatenate(expected), rtol=1e-9)


def test_speed_is_exact_on_a_straight_path_and_unknown_across_gaps():
    t = np.concatenate([np.arange(20.0), np.arange(100.0, 120)])
    path = np.column_stack([t, 3 * t, 4 * t, 12 * t])
    speed = speeds(tracks(path, None), 5)
    inner = np.r_[2:18, 22:38]
    np.testing.assert_allclose(speed[inner], 13)
    assert np.isnan(np.delete(speed, inner)).all()
    assert np.isfinite(speeds(tracks(path, 90.0), 5)[2:-2]).all()


def test_located_time_is_the_union_of_stretches_without_gaps():
    rng = np.random.default_rng(5)
    paths = []
    for _ in range(6):
        t = np.sort(rng.choice(1000, 60, replace=False)).astype(float)
        paths.append(np.column_stack([t, np.zeros((60, 3))]))
    found = tracks(labelled(*paths), 20.0)
    covered, followed = np.zeros(1000, dtype=bool), []
    for path in paths:
        own = np.zeros(1000, dtype=bool)
        for a, b in zip(path[:-1, 0].astype(int), path[1:, 0].astype(int), strict=True):
            own[a:b] = b - a <= 20
        covered |= own
        followed.append(own.sum())
    assert located_time(found) == covered.sum()
    np.testing.assert_array_equal(followed_times(found), followed)


def test_quantiles_per_trajectory_equal_numpy():
    rng = np.random.default_rng(6)
    sizes = [1, 2, 7, 30]
    found = tracks(labelled(*(rng.normal(size=(n, 4)) for n in sizes)), None)
    values = rng.normal(size=40)
    values[[0, 2, 12]] = np.nan
    parts = np.split(values, np.cumsum(sizes)[:-1])
    for quantile in (0.5, 0.9):
        expected = [np.nanquantile(part, quantile) if np.isfinite(part).any() else np.nan for part in parts]
        np.testing.assert_allclose(found.per_trajectory(BigArray(values), quantile), expected)


def counts(found):
    return dict(zip(found.labels.tolist(), found.counts.tolist(), strict=True))


def test_labels_come_from_columns_arrays_or_list_positions():
    rows = np.array([[0.0, 1, 1, 1, 9, 1], [1, 1, 1, 1, 9, -1], [2, 1, 1, 1, 9, 0], [3, np.nan, 1, 1, 9, 0]])
    found = tracks(rows, None)
    assert (counts(found), len(found.loose_t), found.dropped) == ({0: 1, 1: 1}, 1, 1)
    assert counts(tracks(rows[:, :4], None)) == {0: 3}
    assert counts(tracks([rows[:2, :4], rows[2:, :4]], None)) == {0: 2, 1: 1}
    named = PointData(rows, columns=["t", "x", "y", "z", "label", "error"])
    assert counts(tracks(named, None)) == {9: 3}


def test_distance_from_the_truth_takes_the_nearest_tracer():
    t = np.arange(0.0, 100, 10)
    still, moving = (np.column_stack([t, v * t, 0 * t, 0 * t + z]) for v, z in ((0, 0), (1, 500)))
    late = np.arange(5.0, 105, 10)
    seen = [
        np.column_stack([late, late + 3, 0 * late + 4, 0 * late + 500]),
        np.column_stack([late, 0 * late, 0 * late, 0 * late + 2]),
    ]
    distance, tracer = truth_errors(tracks(labelled(*seen), None), tracks([still, moving], None))
    assert tracer.tolist() == [1, 0]
    np.testing.assert_allclose(distance[:9], 5)
    np.testing.assert_allclose(distance[10:19], 2)
    assert np.isnan(distance[[9, 19]]).all()


# ---------------------------------------------------------------------------------------------- reports
@pytest.fixture
def wheel():
    """Two tracers on circles: points, LoRs and truth, with a gap of 100 ms in one trajectory."""
    rng = np.random.default_rng(7)
    t = np.arange(0.0, 1000, 2)
    truth, seen = [], []
    for number in range(2):
        angle = 2 * np.pi * t / 1000 + np.pi * number
        path = np.column_stack([t, 100 * np.cos(angle), 100 * np.sin(angle), 0 * t])
        truth.append(path)
        noisy = path + rng.normal(size=path.shape) * [0, 0.1, 0.1, 0.1]
        row = np.column_stack([noisy, 0.2 + 0.1 * rng.random(len(t)), np.full(len(t), 50), np.full(len(t), number)])
        seen.append(row if number else row[(t < 400) | (t >= 500)])
    loose = np.column_stack([rng.random(7) * 998, rng.normal(size=(7, 3)) * 50, np.full((7, 2), 9), np.full(7, -1)])
    columns = ["t", "x", "y", "z", "error", "cluster_size", "label"]
    lines = np.column_stack([np.linspace(0, 998, 5000), rng.normal(size=(5000, 6)) * 100])
    return PointData(np.concatenate([*seen, loose]), columns=columns), LineData(lines), truth


def test_report_holds_the_data(tmp_path, wheel):
    points, lines, truth = wheel
    path = write_report(points, lines, path=tmp_path / "report.html", title="Wheel", truth=truth, notes=["Some note."])
    assert path == tmp_path / "report.html"
    figures = report_figures(path)
    assert list(figures) == [
        "Lines of response",
        "Trajectories",
        "Coordinates",
        "Speed",
        "Rate of LoRs",
        "Located points",
        "Error of the points",
        "Distance from the truth",
        "Distance from the truth in time",
    ]
    first = points.points[points["label"] == 0]
    curves = [trace for trace in figures["Coordinates"]["data"] if trace.get("name") == "trajectory 0"]
    for axis, trace in zip((1, 2, 3), curves, strict=True):
        whole = np.isfinite(trace["y"])
        np.testing.assert_array_equal(trace["x"][whole], first[:, 0])
        np.testing.assert_allclose(trace["y"][whole], first[:, axis], rtol=1e-6)
        assert np.flatnonzero(~whole).tolist() == [200]  # broken at the gap
    bands = [trace for trace in figures["Coordinates"]["data"] if trace.get("fill") == "toself"]
    outline = bands[0]["y"]
    np.testing.assert_allclose(outline[:200], first[:200, 1] - first[:200, 4], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(outline[200:400], (first[:200, 1] + first[:200, 4])[::-1], rtol=1e-5, atol=1e-5)
    space = figures["Trajectories"]["data"]
    np.testing.assert_allclose(space[1]["z"], points.points[points["label"] == 1, 3], rtol=1e-6)
    assert len(space[2]["x"]) == 7
    assert space[2]["name"] == "unassigned"
    scene = figures["Trajectories"]["layout"]["scene"]
    spans = [np.ptp(scene[f"{axis}axis"]["range"]) / scene["aspectratio"][axis] for axis in "xyz"]
    np.testing.assert_allclose(spans, spans[0], rtol=1e-9)  # equal scales
    sample = figures["Lines of response"]["data"][0]
    assert np.isin(np.float32(lines.lines[[0, -1], 1]), sample["x"]).all()
    assert np.isfinite(sample["x"]).sum() == 2 * 400
    rate = figures["Rate of LoRs"]["data"][0]
    width = rate["x"][1] - rate["x"][0]
    assert np.sum(rate["y"][:-1]) * width == pytest.approx(np.sum(lines["t"] <= rate["x"][-1]), abs=1)
    stacked = [np.sum(trace["y"][:-1]) for trace in figures["Located points"]["data"]]
    assert stacked == [np.sum(first[:, 0] <= 990), 496, np.sum((points["label"] < 0) & (points["t"] <= 990))]
    assert "Some note." in report_text(path)


def test_report_key_figures(tmp_path, wheel):
    points, lines, truth = wheel
    path = write_report(points, lines, path=tmp_path / "report.html", truth=truth)
    shown = key_figures(path)
    assert shown["LoRs"].startswith("5 000")
    assert shown["Duration"].startswith("998 ms")
    assert shown["Trajectories"] == "2 holding 99.3 % of 957 points"
    assert shown["Points per trajectory"] == "475 median; from 450 to 500"
    error = np.median(points["error"][points["label"] >= 0])
    assert shown["Median spread"].startswith(f"{error:.3f} mm")
    assert shown["Located"].startswith("100 %")
    assert "10 times the median interval of a trajectory (20.0 ms)" in shown["Located"]
    speed = 2 * np.pi * 100 / 1000
    assert float(shown["Median speed"].split()[0]) == pytest.approx(speed, rel=0.01)
    assert shown["Median speed"].split()[1] == "m/s"
    interpolated = [
        np.column_stack([np.interp(points["t"], path[:, 0], path[:, i]) for i in (1, 2, 3)]) for path in truth
    ]
    nearest = np.min([np.linalg.norm(points.points[:, 1:4] - xyz, axis=1) for xyz in interpolated], axis=0)
    distance = np.median(nearest[points["label"] >= 0])
    assert shown["Median distance from truth"].startswith(f"{distance:.3f} mm")
    alone = key_figures(write_report(PointData(points.points[points["label"] == 0], columns=points.columns), path=path))
    assert alone["Located"].startswith("89.8 %")  # 896 of 998 ms
    assert alone["LoRs"] == "n/a (none given)"


def test_report_of_one_million_points_stays_light(tmp_path):
    count = 1_000_000
    rng = np.random.default_rng(8)
    t = np.arange(count) * 0.5
    label = np.arange(count) % 2
    rows = np.column_stack([t, np.cos(t / 50), np.sin(t / 50), rng.normal(size=count), rng.random(count), label])
    rows[count // 3, 3] = 77.0
    points = PointData(rows, columns=["t", "x", "y", "z", "error", "label"])
    lines = LineData(np.column_stack([t, rng.random((count, 6))]))
    begin = time.perf_counter()
    path = write_report(points, lines, path=tmp_path / "report.html", title="Large")
    assert time.perf_counter() - begin < 15
    assert path.stat().st_size < 8_000_000
    text = report_text(path)
    assert "1 in 50 of 1 000 000 points drawn" in text
    assert "400 of 1 000 000 LoRs" in text
    figures = report_figures(path)
    for figure in figures.values():
        drawn = dict.fromkeys(("y", "y2", "y3"), 0)
        for trace in figure["data"]:
            if trace.get("name") != "LoRs":
                drawn[trace.get("yaxis", "y")] += np.isfinite(trace["x"]).sum()
        assert max(drawn.values()) <= 20_000
    z = np.concatenate([trace["y"] for trace in figures["Coordinates"]["data"] if trace.get("yaxis") == "y3"])
    assert np.nanmax(z) >= 77.0  # the single peak is drawn
    few = PointData(rows[:50_000], columns=points.columns)
    small = write_report(few, path=path, max_points=1000)
    assert small.stat().st_size < 5_400_000


def test_report_loads_nothing_and_escapes_everything(tmp_path, wheel):
    points, lines, _ = wheel
    points.provenance = None
    points.units = {"x": HOSTILE, "t": HOSTILE}
    record = {"input": {"path": HOSTILE, HOSTILE: 1}, "steps": [{"name": HOSTILE, "parameters": {HOSTILE: [HOSTILE]}}]}
    path = write_report(points, lines, path=tmp_path / "report.html", title=HOSTILE, provenance=record, notes=[HOSTILE])
    text = path.read_text()
    page = Page(text)
    assert page.references == []
    assert page.handlers == []
    assert "img" not in page.tags
    assert page.scripts == 3
    assert "default-src 'none'" in text
    readable = report_text(path)
    assert readable.count("alert(1)") >= 6
    for figure in report_figures(path).values():
        titles = [axis.get("title", {}).get("text", "") for axis in figure["layout"].values() if isinstance(axis, dict)]
        assert not any("<script" in title or "<img" in title for title in titles)
    without = Report(HOSTILE, HOSTILE)
    without.key_figure(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    without.key_figure(HOSTILE, None, reason=HOSTILE)
    without.table([HOSTILE], [[HOSTILE], [Swatch(HOSTILE, HOSTILE)], [Missing(HOSTILE)]], HOSTILE)
    without.section(HOSTILE)
    without.figure(go.Figure(go.Scatter(y=[1], name=HOSTILE)), HOSTILE, HOSTILE)
    page = Page(without.html(embed_plotly=False))
    assert (page.references, page.handlers, page.scripts) == ([], [], 2)
    assert "img" not in page.tags
    without.save(tmp_path / "small.html")


def test_report_stores_plotly_and_repeated_arrays_once(wheel):
    t = np.arange(5000.0)
    report = Report("Twice")
    for name in ("a", "b"):
        report.figure(go.Figure(go.Scatter(x=t, y=t**2, name=name)), name)
    text = report.html()
    assert text.count("plotly.js v") == 1
    assert len(report_data(text)["arrays"]) == 2
    assert unpacked(text, "plotly") == get_plotlyjs()


def test_report_of_nothing_says_so(tmp_path, wheel):
    points, lines, truth = wheel
    empty = PointData(np.empty((0, 4)))
    path = tmp_path / "report.html"
    cases = [
        ((empty, None), "no tracer was located in any sample"),
        ((empty, lines), "no tracer was located in any sample"),
        (([], None), "no tracer was located in any sample"),
        ((empty, LineData(np.empty((0, 7)))), "there are no LoRs"),
        ((PointData(points.points[points["label"] < 0], columns=points.columns), lines), "all carry a negative label"),
    ]
    for (trajectories, given_lines), reason in cases:
        write_report(trajectories, given_lines, path=path, truth=truth)
        assert reason in report_text(path)
        shown = key_figures(path)
        assert shown["Trajectories"].startswith("0")
        assert shown["Points per trajectory"] == "n/a (no trajectories)"
        assert shown["Located"].startswith("n/a (no trajectories)")


def test_report_of_very_little(tmp_path):
    path = tmp_path / "report.html"
    for rows in ([[0.0, 1, 2, 3]], [[5.0, 1, 2, 3]] * 3, [[0.0, 1, 2, 3], [1, 2, 3, 4]]):
        shown = key_figures(write_report(np.array(rows), path=path))
        assert shown["Trajectories"].startswith("1")
        assert shown["Median speed"].startswith("n/a (no 11 points in a row without a gap)")
        assert shown["Median spread"].startswith("n/a (no column “error”)")
    write_report(np.array([[0.0, 1, 2, 3], [1, np.nan, 3, 4], [np.inf, 2, 3, 4]]), path=path)
    assert "2 rows without a finite time or position were left out" in report_text(path)


def test_report_of_many_short_trajectories(tmp_path):
    rng = np.random.default_rng(9)
    count = 3000
    rows = np.column_stack([np.arange(6.0 * count), rng.normal(size=(6 * count, 3)), np.repeat(np.arange(count), 6)])
    begin = time.perf_counter()
    path = write_report(PointData(rows, columns=["t", "x", "y", "z", "label"]), path=tmp_path / "report.html")
    assert time.perf_counter() - begin < 5
    figures = report_figures(path)
    assert len(figures["Trajectories"]["data"]) == 9
    assert "2 992 others are grey" in report_text(path)


def test_report_on_mapped_lines_read_in_blocks_is_the_same(tmp_path, wheel, monkeypatch):
    points, lines, _ = wheel
    np.save(tmp_path / "lines.npy", lines.lines)
    mapped = LineData(np.load(tmp_path / "lines.npy", mmap_mode="r"))
    shown = [report_figures(write_report(points, lines, path=tmp_path / "report.html"))]
    monkeypatch.setattr("lumentrace.pept.report.lines.BLOCK", 700)
    shown.append(report_figures(write_report(points, mapped, path=tmp_path / "report.html")))
    for title in ("Rate of LoRs", "Lines of response"):
        np.testing.assert_array_equal(shown[0][title]["data"][0]["y"], shown[1][title]["data"][0]["y"])


def test_report_shows_provenance(tmp_path, wheel):
    points, _, _ = wheel
    from lumentrace.base.provenance import Provenance, now

    record = Provenance(input={"path": "run.csv", "bytes": 123456}, seed=5)
    start = now()
    points.provenance = record.then("Cutpoints", {"max_distance": 0.5}, start, 1.25)
    text = report_text(write_report(points, path=tmp_path / "report.html"))
    assert "ran together" not in text
    together = points.provenance.then("HDBSCAN", {"max_tracers": 2}, start, 1.25)
    assert "ran together" in report_text(write_report(points, path=tmp_path / "report.html", provenance=together))
    for expected in ("run.csv", "123 456", "Cutpoints", "max_distance = 0.5", "1.25", "lumentrace"):
        assert expected in text
    points.provenance = None
    assert "n/a (no provenance record came with the data)" in report_text(
        write_report(points, path=tmp_path / "report.html")
    )


def test_report_refuses_wrong_input_and_keeps_the_old_file(tmp_path, wheel):
    points, lines, _ = wheel
    path = tmp_path / "report.html"
    path.write_text("old")
    for error, name, call in [
        (TypeError, "points", lambda: write_report(lines, path=path)),
        (TypeError, "lines", lambda: write_report(points, points, path=path)),
        (ValueError, "points", lambda: write_report(np.zeros((3, 3)), path=path)),
        (ValueError, "lines", lambda: write_report(points, np.zeros((3, 5)), path=path)),
        (ValueError, "max_points", lambda: write_report(points, path=path, max_points=10)),
        (ValueError, "max_gap", lambda: write_report(points, path=path, max_gap=0)),
        (ValueError, "speed_window", lambda: write_report(points, path=path, speed_window=4)),
    ]:
        with pytest.raises(error, match=f"`{name}`"):
            call()
    with pytest.raises(OSError, match="missing"):
        write_report(points, path=tmp_path / "missing" / "report.html")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]
