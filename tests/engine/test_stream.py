"""Rows as they come, cut and taken through filters: what `fit` makes of all of them, for any blocks."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from helpers import Shift, assert_identical, recipe, simulate
from lumentrace import AdaptiveWindow, LineData, Pipeline, PointData, TimeWindow
from lumentrace.engine.samples.cutting import Cut
from lumentrace.engine.samples.transformer import Reducer
from lumentrace.pept.sources import Block
from lumentrace.pept.tracking import HDBSCAN, Centroids, Cutpoints, GroupBy, Segregate, SplitLabels, Stack

ROWS = simulate(1200, seed=3)[0]

numbers = st.tuples(st.integers(1, 40), st.floats(0, 0.99)).map(lambda pair: (pair[0], int(pair[0] * pair[1])))
windows = st.tuples(st.sampled_from([0.0, 0.5, 1.0, 1.7, 4.0]), st.sampled_from([0.0, 0.1, 0.5, 0.99]))
time_windows = windows.map(lambda pair: (TimeWindow(pair[0]), TimeWindow(pair[0] * pair[1])))
adaptive_windows = st.tuples(windows, st.sampled_from([1, 3, 20, np.inf])).map(
    lambda pair: (AdaptiveWindow(pair[0][0], pair[1]), AdaptiveWindow(pair[0][0] * pair[0][1]))
)
STEPS = [0.0, 0.1, 0.3, 0.5, 0.5, 0.5, 0.5 - 1e-10, 1e-10, 1.0, 25.0]
times = st.tuples(st.integers(0, 60), st.integers(0, 2**32 - 1)).map(
    lambda drawn: 5 + np.cumsum(np.random.default_rng(drawn[1]).choice(STEPS, drawn[0]))
)


def blocks(rows: NDArray[np.float64], cuts: list[int]) -> list[NDArray[np.float64]]:
    return [rows[start:end] for start, end in pairwise([0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)])]


def ranges(rows: NDArray[np.float64], cuts: list[int], *sampling: Any) -> tuple[list[tuple[int, int]], int]:
    """Samples found in pieces, and the most rows that were kept for those to come."""
    cut, found, offset, kept, most = Cut(*sampling), [], 0, np.empty(0), 0
    for block in blocks(rows, cuts):
        kept = np.concatenate([kept, block])
        found += cut.cutter.cut(kept, offset, closed=False)
        kept, offset = kept[cut.cutter.needed - offset :], cut.cutter.needed
        most = max(most, len(kept))
    found += cut.cutter.cut(kept, offset, closed=True)
    cut.check_end(offset + len(kept))
    return found, most


@settings(max_examples=300, deadline=None)
@given(st.one_of(numbers, time_windows, adaptive_windows), times, st.lists(st.integers(0, 60), max_size=12))
@example((TimeWindow(1.0), None), np.array([0.0, 1 - 1e-10, 1 - 1e-10, 2.0]), [2])
def test_samples_in_pieces_are_those_of_the_whole(sampling: Any, when: NDArray[np.float64], cuts: list[int]) -> None:
    table = np.column_stack([when, np.zeros((len(when), 6))])
    expected = LineData(table, *sampling).samples_indices
    found, _ = ranges(when, cuts, *sampling)
    assert_identical(np.array(found, dtype=np.int64).reshape(-1, 2), expected)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 20), max_size=6), st.lists(st.integers(0, 200), max_size=5))
def test_listed_samples_in_pieces(lengths: list[int], cuts: list[int]) -> None:
    rows = ROWS[: sum(lengths) + 3]
    found, _ = ranges(rows[:, 0], cuts, lengths, None)
    assert_identical(np.array(found, dtype=np.int64).reshape(-1, 2), LineData(rows, lengths).samples_indices)


@pytest.mark.parametrize(
    ("sampling", "most"),
    [
        ((50, 40), 50),
        (([50] * 20 + [100], None), 100),
        ((TimeWindow(5.0), TimeWindow(4.0)), 51),
        ((AdaptiveWindow(5.0), AdaptiveWindow(4.0)), 52),
        ((AdaptiveWindow(0.0), AdaptiveWindow(0.0)), 0),
        ((TimeWindow(0.0), None), 0),
    ],
)
def test_no_more_rows_are_kept_than_a_sample_needs(sampling: Any, most: int) -> None:
    _, kept = ranges(ROWS[:, 0], list(range(len(ROWS))), *sampling)
    assert kept <= most


def shuffled(rows: NDArray[np.float64], size: int) -> Iterator[NDArray[np.float64]]:
    """Blocks in one array that is used again and again, as programs that measure do."""
    buffer = np.empty((size, rows.shape[1]))
    for start in range(0, len(rows), size):
        count = len(rows[start : start + size])
        buffer[:count] = rows[start : start + size]
        yield buffer[:count]
        buffer[:] = np.nan


@pytest.mark.parametrize("size", [1, 7, 100, 500, 5000])
@pytest.mark.parametrize(
    "sampling", [(200, 150), (TimeWindow(20.0), TimeWindow(7.0)), (AdaptiveWindow(20.0, 130), AdaptiveWindow(10.0))]
)
def test_results_are_those_of_fit(sampling: Any, size: int) -> None:
    rows = ROWS if size > 1 else ROWS[:450]
    pipeline = Pipeline(recipe())
    expected = list(pipeline.fit(LineData(rows, *sampling), verbose=False))
    assert_identical(list(pipeline.stream(shuffled(rows, size), *sampling)), expected)


def test_one_table_is_a_source_too() -> None:
    pipeline = Pipeline([Cutpoints(0.8)])
    lines = LineData(ROWS, 200, 100)
    for source in (lines, ROWS):
        assert_identical(list(pipeline.stream(source, 200, 100)), list(pipeline.fit(lines, verbose=False)))


def test_python_filters_between_native_ones() -> None:
    pipeline = Pipeline([Cutpoints(0.8), Shift(5.0), HDBSCAN(0.15), SplitLabels()])
    expected = list(pipeline.fit(LineData(ROWS, 200, 100), verbose=False))
    assert_identical(list(pipeline.stream(shuffled(ROWS, 333), 200, 100)), expected)


@pytest.mark.parametrize("rows", [0, 1])
def test_hardly_any_rows(rows: int) -> None:
    for sampling in [(1, 0), (5, 2), (TimeWindow(1.0), None), (AdaptiveWindow(1.0), None)]:
        pipeline = Pipeline([Cutpoints(0.8), Centroids()])
        expected = list(pipeline.fit(LineData(ROWS[:rows], *sampling), verbose=False))
        assert_identical(list(pipeline.stream([ROWS[:rows]], *sampling)), expected)
    assert list(Pipeline([Cutpoints(0.8)]).stream([], 5)) == []


def test_a_result_comes_as_soon_as_its_sample_is_complete() -> None:
    taken = []

    def source() -> Iterator[NDArray[np.float64]]:
        for row in range(100):
            taken.append(row)
            yield ROWS[row : row + 1]

    results = Pipeline([Cutpoints(0.8)]).stream(source(), 10, 5)
    after = []
    for _ in results:
        after.append(len(taken))
    assert after == list(range(10, 101, 5))


def test_tables_keep_columns_attributes_and_units() -> None:
    rows = np.column_stack([ROWS, np.arange(len(ROWS))])
    whole = LineData(rows, 200, columns=[*LineData.default_columns, "energy"], run="42")
    whole.units = {"energy": "keV"}
    parts = [whole.copy(data=part) for part in np.split(rows, [10, 500])]
    pipeline = Pipeline([Shift(1.0)])
    expected = list(pipeline.fit(whole, verbose=False))
    assert_identical(list(pipeline.stream(parts, 200)), expected)


def test_results_know_what_was_done() -> None:
    result = next(Pipeline([Cutpoints(0.8), Shift(1.0)]).stream([ROWS], 100))
    assert [(step.name, step.index) for step in result.provenance.steps] == [("Cutpoints", 0), ("Shift", 1)]
    assert result.provenance.steps[1].parameters == {"dx": 1.0}


# ---------------------------------------------------------------- reducers
def test_a_stack_in_between_cuts_anew() -> None:
    second = [HDBSCAN(0.6), SplitLabels(), Centroids()]
    pipeline = Pipeline([*recipe(), Stack(10, 8), *second, Stack()])
    expected = pipeline.fit(LineData(ROWS, 100, 90), verbose=False)
    found = list(pipeline.stream(shuffled(ROWS, 77), 100, 90))
    assert_identical(Stack().fit(found).data, expected.data)
    assert len(expected.data) > 30


def test_a_plain_stack_hands_its_tables_on() -> None:
    pipeline = Pipeline([*recipe(), Stack(), Shift(2.0), Stack()])
    expected = pipeline.fit(LineData(ROWS, 100, 50), verbose=False)
    found = list(pipeline.stream(shuffled(ROWS, 77), 100, 50))
    assert all(isinstance(each, PointData) for each in found)
    assert_identical(Stack().fit(found).data, expected.data)


class Count(Reducer):
    def fit(self, samples: Any) -> int:
        return len(samples)


@pytest.mark.parametrize("reducer", [Segregate(20, 10), GroupBy("label"), Stack(30, ends=True), Count()])
def test_a_reducer_that_needs_everything_is_refused(reducer: Reducer) -> None:
    with pytest.raises(TypeError, match=f"{type(reducer).__name__}: needs all samples at once"):
        Pipeline([Cutpoints(0.8), reducer]).stream([ROWS], 100)


class Live(Count):
    def stream(self, source: Any) -> Iterator[str]:
        return (f"saw {len(block)}" for block in source)


def test_a_transformer_that_streams_itself_gets_the_source() -> None:
    assert list(Pipeline([Live()]).stream([ROWS, ROWS[:5]])) == ["saw 1200", "saw 5"]
    with pytest.raises(ValueError, match="Live needs no samples, found 5"):
        Pipeline([Live()]).stream([ROWS], 5)


# ---------------------------------------------------------------- bad input
@pytest.mark.parametrize(
    ("sampling", "error", "text"),
    [
        ((None, None), ValueError, "`sample_size`: expected a size of samples, as a stream has no end"),
        ((0, None), ValueError, "`sample_size`: expected a size of samples"),
        ((-1, None), ValueError, "`sample_size`: expected >= 0"),
        ((5, 5), ValueError, "`overlap`: expected less than the sample_size of 5"),
        (("many", None), TypeError, "`sample_size`"),
        ((5, TimeWindow(1.0)), TypeError, "`sample_size`|`overlap`"),
    ],
)
def test_impossible_samplings_are_refused_at_once(sampling: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        Pipeline([Cutpoints(0.8)]).stream([ROWS], *sampling)


@pytest.mark.parametrize("lengths", [[100, 2000], [1000, 1000]])
def test_a_stream_that_ends_before_its_listed_samples(lengths: list[int]) -> None:
    with pytest.raises(ValueError, match=f"expected lengths adding up to at most 1200 rows, found {sum(lengths)}"):
        list(Pipeline([Cutpoints(0.8)]).stream([ROWS[:700], ROWS[700:]], lengths))


@pytest.mark.parametrize("window", [TimeWindow(1.0), AdaptiveWindow(1.0)])
def test_windows_need_times_in_order(window: Any) -> None:
    later = ROWS[:5].copy()
    with pytest.raises(ValueError, match=r"ascending order, found 0.9 before 0.0 at row 10"):
        list(Pipeline([Cutpoints(0.8)]).stream([ROWS[:10], later], window))
    later[:, 0] = [1, 2, np.nan, 3, 4]
    with pytest.raises(ValueError, match=r"expected finite times, found nan at row 12"):
        list(Pipeline([Cutpoints(0.8)]).stream([ROWS[:10], later], window))


@pytest.mark.parametrize("block", [ROWS[:, :6], ROWS[:, 0], np.column_stack([ROWS, ROWS]), PointData(ROWS), "rows"])
def test_a_block_that_is_no_table_like_the_first_is_named(block: Any) -> None:
    with pytest.raises(ValueError, match="`source`, block 1: "):
        list(Pipeline([Cutpoints(0.8)]).stream([ROWS, block], 100))


def test_what_is_no_source_is_refused() -> None:
    with pytest.raises(TypeError, match="`source`: expected an iterable of tables of rows, found int"):
        Pipeline([Cutpoints(0.8)]).stream(5, 100)


def test_what_blocks_tell_becomes_warnings() -> None:
    given = [Block(ROWS), Block(notices=("dropped 5 lines",)), Block(ROWS)]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert len(list(Pipeline([Cutpoints(0.8)]).stream(given, 100))) == 24
    assert [str(each.message) for each in said] == ["dropped 5 lines"]


def test_an_error_of_the_source_comes_through() -> None:
    def source() -> Iterator[NDArray[np.float64]]:
        yield ROWS
        raise OSError("the scanner burns")

    results = Pipeline([Cutpoints(0.8)]).stream(source(), 600)
    assert len([next(results), next(results)]) == 2
    with pytest.raises(OSError, match="the scanner burns"):
        next(results)
