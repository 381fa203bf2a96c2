"""Samples of a table: numbers, lists, windows in time."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden import golden
from lumentrace import AdaptiveWindow, PointData, TimeWindow

POINTS = np.arange(40.0).reshape(10, 4)


def spans(samples: Any) -> list[list[int]]:
    return samples.samples_indices.tolist()


def points_at(times: Any) -> np.ndarray:
    return np.column_stack([times, np.zeros((len(times), 3))])


# ---------------------------------------------------------------------- how it is cut by number
def test_whole_numbers_and_lists_as_golden() -> None:
    cases = golden("pept/sampling_int.json")
    assert len(cases) > 40
    for case in cases:
        points = PointData(np.zeros((case["n"], 4)), case["sample_size"], case["overlap"])
        # The released peer drops everything for 0; its documentation, and we, take all rows as one sample.
        expected = [[0, case["n"]]] if case["sample_size"] == 0 else case["samples_indices"]
        assert spans(points) == expected, case
        assert points.overlap == case["got_overlap"], case
        assert len(points) == len(expected)


@pytest.mark.parametrize(
    ("size", "overlap", "expected", "reported"),
    [
        (None, None, [[0, 10]], (10, 0)),
        (None, 2, [[0, 10]], (10, 0)),
        (0, None, [[0, 10]], (0, 0)),
        (11, None, [], (11, 0)),
        (10**30, None, [], (10**30, 0)),
        (3, -2, [[0, 3], [5, 8]], (3, -2)),
        (3, -(10**30), [[0, 3]], (3, -(10**30))),
        (3.7, 1.9, [[0, 3], [2, 5], [4, 7], [6, 9]], (3, 1)),
        (np.int64(3), np.int8(1), [[0, 3], [2, 5], [4, 7], [6, 9]], (3, 1)),
        (np.array(5), 0, [[0, 5], [5, 10]], (5, 0)),
        ([4, 4], None, [[0, 4], [4, 8]], (4, 0)),
        (np.array([4, 4], dtype=np.uint8), 2, [[0, 4], [2, 6], [4, 8], [6, 10]], (4, 2)),
    ],
)
def test_reported_sampling(size: Any, overlap: Any, expected: Any, reported: Any) -> None:
    points = PointData(POINTS, size, overlap)
    assert spans(points) == expected
    assert (points.sample_size, points.overlap) == reported
    assert points.samples_indices.dtype == np.int64
    assert points.samples_indices.shape == (len(expected), 2)


def test_listed_sizes() -> None:
    points = PointData(POINTS, [3, 0, 2])
    assert spans(points) == [[0, 3], [3, 3], [3, 5]]
    assert points.sample_size.tolist() == [3, 0, 2]
    assert points.overlap is None
    assert len(points[1].points) == 0
    assert spans(PointData(POINTS, [0, 0])) == [[0, 0], [0, 0]]
    assert spans(PointData(POINTS, [])) == []


def test_no_rows() -> None:
    empty = np.empty((0, 4))
    assert spans(PointData(empty)) == [[0, 0]]
    assert len(PointData(empty)[0].points) == 0
    assert spans(PointData(empty, 0)) == [[0, 0]]
    assert spans(PointData(empty, 5)) == []
    assert spans(PointData(empty, TimeWindow(5))) == []
    assert spans(PointData(empty, AdaptiveWindow(5))) == []


@pytest.mark.parametrize(
    ("size", "overlap", "error", "words"),
    [
        (-1, None, ValueError, "`sample_size`"),
        ([3, -1], None, ValueError, "`sample_size`"),
        ([3, 8], None, ValueError, "at most 10 rows"),
        ([3, np.nan], None, ValueError, "`sample_size`"),
        (3, 3, ValueError, "`overlap`.*less than"),
        (3, 4, ValueError, "`overlap`.*less than"),
        (0, 1, ValueError, "`overlap`.*less than"),
        ("3", None, TypeError, "`sample_size`"),
        ([[3]], None, TypeError, "`sample_size`"),
        (["a"], None, TypeError, "`sample_size`"),
        (np.nan, None, TypeError, "`sample_size`"),
        (3, "1", TypeError, "`overlap`"),
        (3, TimeWindow(1), TypeError, "`overlap`"),
        ([3, 4], 1, TypeError, "`overlap`"),
        (TimeWindow(3), 1, TypeError, "`overlap`"),
        (TimeWindow(3), AdaptiveWindow(1), TypeError, "`overlap`"),
        (AdaptiveWindow(3), TimeWindow(1), TypeError, "`overlap`"),
        (TimeWindow(3), TimeWindow(3), ValueError, "`overlap`.*less than"),
        (AdaptiveWindow(3), AdaptiveWindow(5), ValueError, "`overlap`.*less than"),
        (TimeWindow(0), TimeWindow(1), ValueError, "`overlap`.*less than"),
    ],
)
def test_impossible_sampling(size: Any, overlap: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        PointData(POINTS, size, overlap)
    points = PointData(POINTS, 2, 1)
    with pytest.raises(error, match=words):
        points.copy(sample_size=size, overlap=overlap)
    assert (points.sample_size, points.overlap, len(points)) == (2, 1, 9)


def test_setting_the_sampling_afterwards() -> None:
    points = PointData(POINTS, sample_size=3)
    assert len(points) == 3
    points.overlap = 2
    assert len(points) == 8
    points.sample_size = 5
    assert (len(points), points.overlap) == (2, 2)
    assert points[1].points[0].tolist() == POINTS[3].tolist()
    with pytest.raises(ValueError, match="`overlap`"):
        points.sample_size = 2
    assert (len(points), points.sample_size, points.overlap) == (2, 5, 2)
    points.sample_size = TimeWindow(8)
    assert (points.sample_size, points.overlap) == (TimeWindow(8), TimeWindow(0))
    points.overlap = TimeWindow(4)
    points.sample_size = TimeWindow(16)
    assert points.overlap == TimeWindow(4)
    points.sample_size = AdaptiveWindow(8)
    assert points.overlap == AdaptiveWindow(0)
    points.sample_size = [1, 2]
    assert points.overlap is None
    points.sample_size = 4
    assert points.overlap == 0
    points.sample_size = None
    assert (points.sample_size, points.overlap, spans(points)) == (10, 0, [[0, 10]])


def test_samples_indices_may_be_set() -> None:
    points = PointData(POINTS, sample_size=3)
    for given_indices in ([[4, 6], [0, 2]], np.array([[4, 6], [0, 2]], dtype=np.uint8)):
        points.samples_indices = given_indices
        assert spans(points) == [[4, 6], [0, 2]]
        assert points.sample_size is None
        assert points.overlap is None
        assert points[0]["t"].tolist() == [16, 20]
    with pytest.raises(ValueError, match=r"`overlap`.*samples_indices"):
        points.overlap = 1
    for wrong in ([1, 2], [[1, 2, 3]], [[0.0, 1.0]], [[0, 11]], [[-1, 2]], [[3, 2]], np.zeros((1, 2, 1), int)):
        with pytest.raises(ValueError, match="`samples_indices`"):
            points.samples_indices = wrong
    assert spans(points) == [[4, 6], [0, 2]]
    points.samples_indices = []
    assert len(points) == 0
    assert list(points) == []


# ---------------------------------------------------------------------- how it is cut by time
def test_time_windows_as_golden() -> None:
    record = golden("pept/sampling_windows.json")
    times = np.array(record["t"])
    for case in record["cases"]:
        if case["kind"] == "time":
            size, shared_part = TimeWindow(case["window"]), TimeWindow(case["overlap"])
            found = spans(PointData(points_at(times), size, shared_part))
            # Windows without a row come from the peer's end rule; the last window may differ.
            assert found[: len(case["idx"]) - 1] == case["idx"][:-1]
            assert len(found) - len(case["idx"]) in (-1, 0, 1)
        else:
            limit = case["max_elems"] or np.inf
            size = AdaptiveWindow(case["window"], limit)
            assert spans(PointData(points_at(times), size, AdaptiveWindow(case["overlap"]))) == case["idx"]


def window_twin(times: np.ndarray, window: float, overlap: float) -> list[list[int]]:
    """Every full window, straight from its definition."""
    found = []
    for k in range(10_000):
        start = times[0] + k * (window - overlap)
        if start + window > times[-1] + 1e-9 * window:
            return found
        rows = np.flatnonzero((start <= times) & (times < start + window))
        if len(rows):
            found.append([rows[0], rows[-1] + 1])
    raise AssertionError("too many windows")


def adaptive_twin(times: np.ndarray, window: float, overlap: float, most: float) -> list[list[int]]:
    """Row by row, as a camera would do it."""
    found, start = [], 0
    while start < len(times):
        following, end = None, start
        while end < len(times) and times[end] <= times[start] + window and end - start < most:
            if following is None and times[end] > times[start] + window - overlap:
                following = end
            end += 1
        found.append([start, end])
        if end == len(times):
            return found
        start = end if following is None else following
    return found


sorted_times = st.lists(st.integers(0, 200), min_size=1, max_size=40).map(lambda t: np.sort(np.array(t, float)) / 4)


@given(sorted_times, st.integers(1, 60), st.integers(0, 59), st.sampled_from([0.0, 1e6, -1e6]))
def test_time_windows_follow_their_definition(times: np.ndarray, window: int, overlap: int, origin: float) -> None:
    width, shared_part = window / 4, min(overlap, window - 1) / 4
    points = PointData(points_at(times + origin), TimeWindow(width), TimeWindow(shared_part))
    assert spans(points) == window_twin(times, width, shared_part)


@given(sorted_times, st.integers(1, 60), st.integers(0, 59), st.sampled_from([1, 2, 5, np.inf]))
def test_adaptive_windows_follow_their_definition(times: np.ndarray, window: int, overlap: int, most: float) -> None:
    width, shared_part = window / 4, min(overlap, window - 1) / 4
    points = PointData(points_at(times), AdaptiveWindow(width, most), AdaptiveWindow(shared_part))
    assert spans(points) == adaptive_twin(times, width, shared_part, most)


def test_windows_at_round_and_large_times() -> None:
    rows = points_at(np.arange(11.0))
    assert spans(PointData(rows, TimeWindow(5))) == [[0, 5], [5, 10]]
    assert spans(PointData(rows, TimeWindow(2.5))) == [[0, 3], [3, 5], [5, 8], [8, 10]]
    late = points_at(1e9 + np.arange(11.0))
    assert spans(PointData(late, TimeWindow(5))) == [[0, 5], [5, 10]]
    tenths = points_at(np.arange(101) / 10)
    assert [end - start for start, end in spans(PointData(tenths, TimeWindow(0.5)))] == [5] * 20


def test_windows_of_awkward_length() -> None:
    rows = points_at([0.0, 1.0, 2.0, 50.0, 51.0])
    assert spans(PointData(rows, TimeWindow(2))) == [[0, 2], [2, 3]]
    assert spans(PointData(rows, TimeWindow(1))) == [[0, 1], [1, 2], [2, 3], [3, 4]]
    assert spans(PointData(rows, TimeWindow(0))) == []
    assert spans(PointData(rows, AdaptiveWindow(0))) == []
    assert spans(PointData(rows, TimeWindow(51))) == [[0, 4]]
    assert spans(PointData(rows, TimeWindow(52))) == []
    assert spans(PointData(rows, AdaptiveWindow(1000))) == [[0, 5]]
    assert spans(PointData(points_at([3.0]), TimeWindow(1))) == []
    assert spans(PointData(points_at([3.0]), AdaptiveWindow(1))) == [[0, 1]]


@pytest.mark.parametrize("window", [TimeWindow(2), AdaptiveWindow(2)])
@pytest.mark.parametrize("times", [[0.0, 3.0, 1.0], [0.0, np.nan, 3.0], [0.0, 1.0, np.inf], [-np.inf, 1.0], [np.nan]])
def test_times_must_be_sorted_and_finite(window: Any, times: list[float]) -> None:
    with pytest.raises(ValueError, match=r"`times`.*row"):
        PointData(points_at(times), window)
    assert len(PointData(points_at(times), 1)) == len(times)


def test_windows_are_values() -> None:
    assert TimeWindow(8) == TimeWindow(8.0) == TimeWindow(np.int64(8))
    assert repr(TimeWindow(np.float64(8))) == "TimeWindow(window=8.0)"
    assert repr(AdaptiveWindow(8)) == "AdaptiveWindow(window=8.0)"
    assert repr(AdaptiveWindow(8, max_elems=2)) == "AdaptiveWindow(window=8.0, max_elems=2)"
    assert pickle.loads(pickle.dumps(AdaptiveWindow(8, 2))) == AdaptiveWindow(8, 2)
    for kind in (TimeWindow, AdaptiveWindow):
        for wrong in (-1, np.nan, np.inf):
            with pytest.raises(ValueError, match=kind.__name__):
                kind(wrong)
    with pytest.raises(ValueError, match="max_elems"):
        AdaptiveWindow(8, 0)
