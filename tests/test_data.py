"""LineData and PointData: what goes in, how it is cut into samples, what is kept."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers import assert_identical
from lumentrace import AdaptiveWindow, LineData, PointData, TimeWindow

POINTS = np.arange(40.0).reshape(10, 4)
LINES = np.arange(70.0).reshape(10, 7)


def spans(samples: Any) -> list[list[int]]:
    return samples.samples_indices.tolist()


def points_at(times: Any) -> np.ndarray:
    return np.column_stack([times, np.zeros((len(times), 3))])


# ---------------------------------------------------------------------- what goes in
@pytest.mark.parametrize(("kind", "least"), [(LineData, 7), (PointData, 4)])
def test_least_columns(kind: type, least: int) -> None:
    assert kind(np.zeros((2, least))).data.shape == (2, least)
    for wrong in (np.zeros((2, least - 1)), np.zeros(least), np.zeros((2, 2, least)), [], 5, None):
        with pytest.raises(ValueError, match=kind.__name__):
            kind(wrong)


@pytest.mark.parametrize(
    "rows",
    [
        POINTS.tolist(),
        tuple(map(tuple, POINTS)),
        POINTS.astype(int),
        POINTS.astype(np.float32),
        POINTS.astype(">f8"),
        POINTS.astype(">i4"),
        np.asfortranarray(POINTS),
        np.repeat(POINTS, 2, axis=0)[::2],
        np.repeat(POINTS, 2, axis=1)[:, ::2],
        POINTS[::-1][::-1],
        POINTS.astype(object),
        np.frombuffer(b"." + POINTS.tobytes(), offset=1).reshape(10, 4),
    ],
    ids=["lists", "tuples", "int", "f4", "big", "bigint", "fortran", "rows", "columns", "reversed", "object", "odd"],
)
def test_any_table_becomes_contiguous_float64(rows: Any) -> None:
    table = PointData(rows).points
    assert table.dtype == np.float64
    assert table.dtype.isnative
    assert table.flags.c_contiguous
    assert table.flags.aligned
    assert np.array_equal(table, POINTS)


@pytest.mark.parametrize(
    "rows",
    [
        [[1, 2, 3, 4j]],
        [["a", "b", "c", "d"]],
        [[1, 2, 3, 4], [1, 2, 3]],
        [[1, 2, 3, {}]],
        np.zeros((2, 4), dtype="M8[ms]"),
        np.zeros((2, 4), dtype=[("x", "f8")]),
        LineData(LINES),
        [LineData(LINES), PointData(POINTS)],
        [np.zeros((1, 4)), np.zeros((1, 5))],
    ],
    ids=["complex", "text", "ragged", "dict", "dates", "records", "other class", "mixed classes", "mixed widths"],
)
def test_what_is_no_table_is_refused(rows: Any) -> None:
    with pytest.raises(ValueError, match="`PointData`: expected"):
        PointData(rows)


def test_read_only_and_masked_input() -> None:
    locked = POINTS.copy()
    locked.flags.writeable = False
    points = PointData(locked, sample_size=3)
    assert np.array_equal(points[1].points, POINTS[3:6])
    assert np.array_equal(points.copy().points, POINTS)
    masked = np.ma.masked_array(POINTS, mask=POINTS == 5)
    assert np.isnan(PointData(masked).points[1, 1])
    assert np.array_equal(np.nan_to_num(PointData(masked).points, nan=5.0), POINTS)


def test_a_single_documented_row() -> None:
    lines = LineData([[1, 2, 3, 4, 5, 6, 7]])
    assert lines.lines.tolist() == [[1, 2, 3, 4, 5, 6, 7]]
    assert len(lines) == 1
    assert spans(lines) == [[0, 1]]


def test_names_of_the_table() -> None:
    lines, points = LineData(LINES), PointData(POINTS)
    assert lines.lines is lines.data
    assert points.points is points.data
    assert lines.columns == ["t", "x1", "y1", "z1", "x2", "y2", "z2"]
    assert points.columns == ["t", "x", "y", "z"]


def test_an_object_of_the_same_class_is_copied_as_one_sample() -> None:
    first = PointData(POINTS, 3, 1, columns=["time"], run=7, _secret=8)
    second = PointData(first)
    assert np.array_equal(second.points, POINTS)
    assert not np.shares_memory(second.points, first.points)
    assert second.columns == ["time", "col1", "col2", "col3"]
    assert second.attrs == {"run": 7, "_secret": 8}
    assert (spans(second), second.sample_size, second.overlap) == ([[0, 10]], 10, 0)
    assert PointData(first, run=9, more=1).attrs == {"run": 9, "_secret": 8, "more": 1}


def test_lists_are_stacked_one_sample_each() -> None:
    one = LineData(LINES[:3], columns=["T"], run=1)
    none = LineData(LINES[:0], run=2)
    two = LineData(LINES[3:5], run=3)
    stacked = LineData([one, none, two])
    assert np.array_equal(stacked.lines, LINES[:5])
    assert spans(stacked) == [[0, 3], [3, 3], [3, 5]]
    assert stacked.attrs == {"run": 1}
    assert stacked.columns[0] == "T"
    arrays = LineData([LINES[:2], LINES[2:4].astype(int)])
    assert (spans(arrays), arrays.sample_size) == ([[0, 2], [2, 4]], 2)
    assert spans(LineData([LINES[:2], LINES[2:5]], sample_size=2)) == [[0, 2], [2, 4]]
    assert spans(PointData([[0, 1, 2, 3], [1, 1, 2, 3]])) == [[0, 2]]


def test_column_names() -> None:
    wide = np.zeros((2, 6))
    assert PointData(wide).columns == ["t", "x", "y", "z", "col4", "col5"]
    assert PointData(wide, columns=["a"]).columns == ["a", "col1", "col2", "col3", "col4", "col5"]
    assert PointData(POINTS, columns=list("abcdefgh")).columns == ["a", "b", "c", "d"]
    with pytest.raises(TypeError, match="list of names"):
        PointData(POINTS, columns="txyz")
    points = PointData(wide)
    points.columns.append("mine")
    points.columns = ["t", "x", "y", "z", "w"]
    assert points.columns == ["t", "x", "y", "z", "w", "col5"]
    assert PointData(wide).columns == ["t", "x", "y", "z", "col4", "col5"]


def test_a_column_is_a_view() -> None:
    points = PointData(POINTS.copy())
    column = points["y"]
    assert column.ndim == 1
    assert np.shares_memory(column, points.points)
    column[3] = -1
    assert points.points[3, 2] == -1
    with pytest.raises(KeyError, match=r"'q'.*'t', 'x', 'y', 'z'"):
        points["q"]


def test_units() -> None:
    points = PointData(np.zeros((1, 6)), columns=["t", "x", "y", "z", "error", "label"])
    assert points.units == {"t": "ms", "x": "mm", "y": "mm", "z": "mm", "error": "mm", "label": ""}
    points.units = {"t": "s", "label": "1"}
    assert points[0].units == points.copy().units == PointData(points).units
    assert points[0].units == {"t": "s", "x": "mm", "y": "mm", "z": "mm", "error": "mm", "label": "1"}
    with pytest.raises(ValueError, match="'speed'"):
        points.units = {"speed": "m/s"}


# ---------------------------------------------------------------------- how it is cut by number
def test_whole_numbers_and_lists_as_golden(golden: Callable[[str], Any]) -> None:
    cases = golden("sampling_int.json")
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
def test_time_windows_as_golden(golden: Callable[[str], Any]) -> None:
    record = golden("sampling_windows.json")
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


# ---------------------------------------------------------------------- samples
def test_one_sample() -> None:
    points = PointData(POINTS, 3, 1, columns=["T"], run=1, _secret=2)
    sample = points[1]
    assert type(sample) is PointData
    assert np.array_equal(sample.points, POINTS[2:5])
    assert (len(sample), sample.sample_size, sample.overlap) == (1, 3, 0)
    assert sample.columns == points.columns
    assert sample.attrs == {"run": 1, "_secret": 2}
    assert np.array_equal(points[-1].points, POINTS[6:9])
    assert np.array_equal(points[np.int64(1)].points, POINTS[2:5])
    for outside in (4, -5):
        with pytest.raises(IndexError, match=f"sample {outside} of 4"):
            points[outside]
    sample.attrs["run"] = 5
    sample.columns[0] = "changed"
    assert (points.attrs["run"], points.columns[0]) == (1, "T")


def test_a_sample_shares_its_rows() -> None:
    points = PointData(POINTS.copy(), 3)
    points[1].points[0, 1] = -7
    assert points.points[3, 1] == -7


def test_nested_iteration() -> None:
    points = PointData(POINTS, 3)
    pairs = [(a["t"][0], b["t"][0]) for a in points for b in points]
    starts = [0.0, 12.0, 24.0]
    assert pairs == [(a, b) for a in starts for b in starts]
    first, second = iter(points), iter(points)
    next(first)
    assert next(second)["t"][0] == 0.0


def test_slicing_as_golden(golden: Callable[[str], Any]) -> None:
    points = PointData(np.arange(80.0).reshape(20, 4), 4, 2)
    for case in golden("slicing.json"):
        chosen = points[case["key"]]
        assert chosen.points.tolist() == case["points"]
        assert spans(chosen) == case["idx"]
        assert chosen.sample_size is None
        assert chosen.overlap is None


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)).map(sorted), min_size=1, max_size=8),
    st.data(),
)
def test_slices_hold_the_chosen_samples(ranges: list[list[int]], data: st.DataObject) -> None:
    points = PointData(np.arange(48.0).reshape(12, 4), run=1)
    points.samples_indices = ranges
    count = len(points)
    keys: Any = st.one_of(
        st.lists(st.integers(-count, count - 1), max_size=6),
        st.lists(st.integers(0, count - 1), max_size=6).map(np.array).map(lambda a: a.astype(np.intp)),
        st.lists(st.booleans(), min_size=count, max_size=count),
        st.slices(count),
    )
    key = data.draw(keys)
    chosen = points[key]
    numbers = np.arange(count)[np.asarray(key, dtype=np.intp) if isinstance(key, list) and not key else key]
    assert [sample.points.tolist() for sample in chosen] == [points[int(i)].points.tolist() for i in numbers]
    times = chosen["t"].tolist()
    assert times == sorted(set(times))
    wanted = {t for i in numbers for t in points[int(i)]["t"].tolist()}
    assert set(times) == wanted
    assert chosen.attrs == {"run": 1}


def test_descending_lists() -> None:
    points = PointData(POINTS, 3, 1)
    chosen = points[[3, 0]]
    assert [sample["t"].tolist() for sample in chosen] == [[24, 28, 32], [0, 4, 8]]
    assert spans(chosen) == [[3, 6], [0, 3]]
    assert spans(points[::-1]) == [[6, 9], [4, 7], [2, 5], [0, 3]]


@pytest.mark.parametrize("key", [None, 1.5, [1.0], [[0, 1]], {}, b"t"])
def test_keys_that_make_no_sense(key: Any) -> None:
    with pytest.raises((TypeError, KeyError)):
        PointData(POINTS, 3)[key]


def test_numbers_outside_in_a_list() -> None:
    with pytest.raises(IndexError):
        PointData(POINTS, 3)[[0, 3]]


def test_select_rows() -> None:
    points = PointData(POINTS, 3, 1, columns=["T"], run=1)
    late = points.select[points["T"] > 12]
    assert np.array_equal(late.points, POINTS[4:])
    assert (late.sample_size, late.overlap, len(late)) == (3, 1, 2)
    assert (late.columns, late.attrs) == (points.columns, points.attrs)
    assert spans(PointData(POINTS).select[::2]) == [[0, 5]]
    assert PointData(POINTS).select[3].points.tolist() == [POINTS[3].tolist()]


# ---------------------------------------------------------------------- attributes and copies
def test_public_and_hidden_attributes() -> None:
    points = PointData(POINTS, 3, run=1, _secret=2)
    assert points.extra_attrs() == {"run": 1}
    assert points.hidden_attrs() == {"_secret": 2}
    assert points.attrs == {"run": 1, "_secret": 2}
    assert points[[0, 1]].attrs == points.attrs


def test_copy() -> None:
    points = PointData(POINTS.copy(), 3, 1, columns=["T"], run=1, _secret=2)
    deep = points.copy()
    assert_identical(deep, points)
    assert (deep.sample_size, deep.overlap) == (3, 1)
    assert not np.shares_memory(deep.points, points.points)
    assert points.copy(deep=False).points is points.points
    assert points.copy(extra=False).attrs == {"_secret": 2}
    assert points.copy(hidden=False).attrs == {"run": 1}
    assert points.copy(extra=False, hidden=False).attrs == {}
    assert points.copy(run=5, more=6).attrs == {"run": 5, "_secret": 2, "more": 6}
    assert points.attrs == {"run": 1, "_secret": 2}
    assert points.copy(columns=["a", "b"]).columns == ["a", "b", "col2", "col3"]


def test_copy_keeps_samples_unless_the_rows_are_new() -> None:
    points = PointData(POINTS, 3, 1)
    points.samples_indices = [[5, 9], [0, 2]]
    assert spans(points.copy()) == [[5, 9], [0, 2]]
    assert points.copy().sample_size is None
    assert spans(points.copy(data=POINTS[:4])) == [[0, 4]]
    assert spans(points.copy(data=POINTS[:4], sample_size=2)) == [[0, 2], [2, 4]]
    assert spans(points.copy(data=POINTS[:5], sample_size=2, overlap=1)) == [[0, 2], [1, 3], [2, 4], [3, 5]]
    assert spans(PointData(POINTS, 3).copy(overlap=2)) == [[i, i + 3] for i in range(8)]
    assert spans(PointData(POINTS, 3).copy(sample_size=5)) == [[0, 5], [5, 10]]
    with pytest.raises(ValueError, match="expected a 2-D table"):
        points.copy(data=POINTS[:, :3])


# ---------------------------------------------------------------------- on the way to another process
def test_pickling_keeps_everything() -> None:
    points = PointData(POINTS, 3, 1, columns=["T"], run=1, _lines=LineData(LINES, 2))
    points.units = {"T": "s"}
    points.provenance = {"from": "here"}
    back = pickle.loads(pickle.dumps(points))
    assert_identical(back, points)
    assert (back.sample_size, back.overlap, back.provenance) == (3, 1, {"from": "here"})
    points.samples_indices = [[2, 4], [0, 1]]
    back = pickle.loads(pickle.dumps(points))
    assert (spans(back), back.sample_size) == ([[2, 4], [0, 1]], None)
    timed = pickle.loads(pickle.dumps(PointData(POINTS, AdaptiveWindow(8, 3), AdaptiveWindow(2))))
    assert (timed.sample_size, timed.overlap) == (AdaptiveWindow(8, 3), AdaptiveWindow(2))


def test_mapped_rows_travel_as_their_place_on_disk(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(20_000, 7))
    np.save(tmp_path / "lines.npy", rows)
    mapped = np.load(tmp_path / "lines.npy", mmap_mode="r")
    lines = LineData(mapped, sample_size=100)
    for some, expected in ((lines, rows), (lines[7:9], rows[700:900]), (lines[150], rows[15_000:15_100])):
        sent = pickle.dumps(some)
        assert len(sent) < 10_000
        assert np.array_equal(pickle.loads(sent).lines, expected)
    assert len(pickle.dumps(lines[[0, 50]])) > 200 * 56
    assert np.array_equal(pickle.loads(pickle.dumps(lines[[50, 0]])).lines, rows[[*range(100), *range(5000, 5100)]])
    assert np.array_equal(pickle.loads(pickle.dumps(lines[[0]][:0])).lines, rows[:0])
    raw = tmp_path / "lines.raw"
    raw.write_bytes(b"x" * 24 + rows.tobytes())
    odd = LineData(np.memmap(raw, np.float64, mode="r", offset=24, shape=rows.shape), 100)
    assert np.array_equal(pickle.loads(pickle.dumps(odd[199])).lines, rows[-100:])
    waiting = pickle.dumps(odd[199])
    raw.rename(tmp_path / "old.raw")
    raw.write_bytes((tmp_path / "old.raw").read_bytes())
    with pytest.raises(ValueError, match=r"lines\.raw: changed while"):
        pickle.loads(waiting)
    raw.unlink()
    assert np.array_equal(pickle.loads(pickle.dumps(odd[199])).lines, rows[-100:])


def test_changes_to_a_copy_on_write_map_are_not_lost(tmp_path: Path) -> None:
    np.save(tmp_path / "points.npy", POINTS)
    points = PointData(np.load(tmp_path / "points.npy", mmap_mode="c"), 3)
    points.points[0, 0] = -99
    assert pickle.loads(pickle.dumps(points)).points[0, 0] == -99


def test_two_threads_read_one_object() -> None:
    lines = LineData(np.arange(70_000.0).reshape(10_000, 7), 10)
    sums: list[float] = []

    def read() -> None:
        sums.append(sum(sample.lines.sum() for sample in lines))

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sums == [lines.lines.sum()] * 2


# ---------------------------------------------------------------------- how it looks
def test_repr_as_golden(golden: Callable[[str], Any]) -> None:
    def stripped(text: str) -> list[str]:
        return [line.rstrip() for line in text.rstrip().split("\n")]

    expected = golden("repr.json")
    lines, points = LineData(LINES, 3), PointData(POINTS, 3)
    assert stripped(repr(lines)) == stripped(expected["LineData"])
    assert stripped(repr(points)) == stripped(expected["PointData"])
    assert stripped(repr(lines[0])) == stripped(expected["LineData0"])
    assert stripped(repr(LineData(LINES, 3, 2))) == stripped(expected["LineData_overlap"])
    assert stripped(repr(PointData(POINTS, 3, foo=1, _bar="x" * 100))) == stripped(expected["attrs"])


def test_repr_of_samples_that_were_chosen() -> None:
    chosen = PointData(POINTS, 3)[[2, 0]]
    assert repr(chosen).split("\n")[2:7] == [
        "sample_size = None",
        "overlap = None",
        "samples_indices = ",
        "  [[3 6]",
        "   [0 3]]",
    ]
    assert repr(PointData(np.empty((0, 4)))).split("\n")[0] == "pept.PointData (samples: 1)"


def test_plots() -> None:
    matplotlib = pytest.importorskip("matplotlib", reason="no matplotlib; to run this: pip install matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    def drawn(axes: Any) -> tuple[np.ndarray, np.ndarray]:
        (artist,) = axes.collections
        where = artist._offsets3d if hasattr(artist, "_offsets3d") else artist._segments3d
        return np.array([np.asarray(w) for w in where]), np.asarray(artist.get_array())

    points, lines = PointData(POINTS, 3), LineData(LINES, 3)
    figure, axes = points.plot()
    assert axes.figure is figure
    where, colours = drawn(axes)
    assert np.array_equal(where.T, POINTS[:, 1:4])
    assert np.array_equal(colours, POINTS[:, -1])
    assert [axes.get_xlabel(), axes.get_ylabel(), axes.get_zlabel()] == ["x (mm)", "y (mm)", "z (mm)"]
    _, axes = points.plot(sample_indices=1, alt_axes=True, colorbar_col="y")
    where, colours = drawn(axes)
    assert np.array_equal(where.T, POINTS[3:6][:, [3, 1, 2]])
    assert np.array_equal(colours, POINTS[3:6, 2])
    assert axes.get_xlabel() == "z (mm)"
    _, axes = lines.plot([2, 0], colorbar_col=1)
    where, colours = drawn(axes)
    assert np.array_equal(where.reshape(-1, 6), LINES[[0, 1, 2, 6, 7, 8], 1:])
    assert np.array_equal(colours, LINES[[0, 1, 2, 6, 7, 8], 1])
    figure = pyplot.figure()
    mine = figure.add_subplot(projection="3d")
    assert lines.plot(slice(1), ax=mine) == (figure, mine)
    assert np.array_equal(drawn(mine)[1], LINES[:3, 0])
    for empty in (PointData(np.empty((0, 4))), LineData(np.empty((0, 7)))):
        empty.plot()
    pyplot.close("all")
