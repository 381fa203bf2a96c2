"""Native plans give what the loop over samples gives, however the work is cut."""

from __future__ import annotations

import concurrent.futures
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers import Shift, assert_identical, recipe, simulate
from lumentrace import LineData, Pipeline, PointData
from lumentrace.engine.samples import chunks, native
from lumentrace.engine.samples.transformer import Filter
from lumentrace.pept.tracking import (
    HDBSCAN,
    BirminghamMethod,
    Centroids,
    ClusterLines,
    Condition,
    Cutpoints,
    Remove,
    Segregate,
    SplitLabels,
    Stack,
)


class Halves(Filter):
    """Gives a list."""

    def fit_sample(self, sample: Any) -> list[Any]:
        half = len(sample.data) // 2
        return [sample.copy(data=sample.data[:half]), sample.copy(data=sample.data[half:])]


# ---------------------------------------------------------------------- native plans equal the loop over samples
CHAINS: dict[str, list[Filter]] = {
    "cutpoints": [Cutpoints(0.8)],
    "with indices": [Cutpoints(0.8, [0, 600, 0, 600, 0, 500], append_indices=True)],
    "birmingham": [BirminghamMethod(0.4)],
    "used": [BirminghamMethod(0.4, get_used=True)],
    "labels": [Cutpoints(0.8), HDBSCAN(0.2)],
    "lists": [Cutpoints(0.8), HDBSCAN(0.2), SplitLabels(noise=True)],
    "kept labels": [Cutpoints(0.8), HDBSCAN(0.2), SplitLabels(remove_labels=False), Centroids()],
    "recipe": recipe(),
    "lines of labels": [Cutpoints(0.8, append_indices=True), HDBSCAN(0.2), SplitLabels(extract_lines=True)],
    "points with lines": [Cutpoints(0.8, append_indices=True), HDBSCAN(0.2), SplitLabels(), Centroids(True, True)],
    "clusters by lines": [Cutpoints(0.8, append_indices=True), HDBSCAN(0.2), ClusterLines()],
    "python before lines": [Cutpoints(0.8, None, True), HDBSCAN(0.2), Condition("x > 250"), ClusterLines(2.0)],
    "python first": [Shift(1.0), *recipe()],
    "python between": [Cutpoints(0.8), Shift(3.0), Condition("x > 250"), HDBSCAN(0.2), SplitLabels(), Centroids(True)],
    "python last": [*recipe(), Remove("error"), Shift(-1.0)],
    "lists from python": [Cutpoints(0.8), Halves(), Centroids(error=True)],
    "centroids twice": [Cutpoints(0.8), Centroids(), Centroids(cluster_size=True)],
}


def loop(filters: list[Filter], samples: Any) -> list[Any]:
    chain = Pipeline(filters)
    return [chain.fit_sample(sample) for sample in samples]


@pytest.fixture(scope="module")
def awkward() -> LineData:
    """Samples of 0, 1, 2 lines, parallel, identical, broken and good ones, out of order and overlapping."""
    good = simulate(40, tracers=2, seed=3)[0]
    parallel = good[:8].copy()
    parallel[:, 1:4] = np.arange(8)[:, None]
    parallel[:, 4:7] = parallel[:, 1:4] + [0, 0, 500]
    identical = np.repeat(good[:1], 8, axis=0)
    broken = good[:20].copy()
    broken[3, 2], broken[7, 5], broken[11], broken[15, 0] = np.nan, np.inf, -np.inf, np.nan
    broken[18, 4:7] = broken[18, 1:4]
    rows = np.vstack([good, parallel, identical, broken, np.full((5, 7), np.nan)])
    lines = LineData(rows, run="awkward", _hidden=np.arange(3))
    lines.samples_indices = [
        [0, 40], [40, 48], [48, 56], [56, 76], [76, 81], [5, 5], [5, 6], [5, 7], [48, 50], [0, 81], [30, 60], [0, 40]
    ]  # fmt: skip
    lines.units = {"t": "s"}
    return lines


@pytest.mark.parametrize("name", CHAINS)
def test_plans_equal_the_loop(name: str, awkward: LineData, monkeypatch: pytest.MonkeyPatch) -> None:
    filters = CHAINS[name]
    expected = loop(filters, awkward)
    found = Pipeline(filters).fit(awkward, verbose=False)
    assert_identical(found, expected)
    for executor, threads in ((None, 1), (None, 2), (None, 3), ("sequential", None)):
        assert_identical(Pipeline(filters).fit(awkward, executor, threads, verbose=False), expected)
    assert_identical(Pipeline(filters).fit(list(awkward), verbose=False), expected)
    for size in (1, 1000, 7777):
        monkeypatch.setattr(chunks, "CHUNK_BYTES", size)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            assert_identical(Pipeline(filters).fit(awkward, pool, verbose=False), expected)
            assert_identical(Pipeline(filters).fit(list(awkward), pool, verbose=False), expected)


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize("executor", [None, concurrent.futures.ThreadPoolExecutor])
def test_zero_samples(name: str, executor: Any) -> None:
    for lines in (LineData(np.zeros((5, 7)), 6), LineData(np.empty((0, 7)), 3)):
        found = Pipeline(CHAINS[name]).fit(lines, executor, verbose=False)
        assert len(found) == 0
        assert list(found) == []
    stacked = Pipeline([*recipe(), Stack()]).fit(lines, executor, verbose=False)
    assert type(stacked) is PointData
    assert stacked.points.shape == (0, 6)
    assert stacked.columns == ["t", "x", "y", "z", "error", "cluster_size"]


@settings(max_examples=150)
@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(0, 14), st.just(7)),
        elements=st.one_of(st.floats(-300, 300), st.sampled_from([0.0, 1.0, np.nan, np.inf])),
    ),
    st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)).map(sorted), max_size=6),
    st.sampled_from(list(CHAINS)),
    st.sampled_from([1, 2, 3]),
)
def test_plans_equal_the_loop_on_anything(rows: np.ndarray, ranges: list[list[int]], name: str, threads: int) -> None:
    lines = LineData(rows)
    lines.samples_indices = np.minimum(np.array(ranges, dtype=int).reshape(-1, 2), len(rows))
    found = Pipeline(CHAINS[name]).fit(lines, max_workers=threads, verbose=False)
    assert_identical(list(found), loop(CHAINS[name], lines))


def test_filters_of_points_as_plans() -> None:
    rng = np.random.default_rng(0)
    rows = np.column_stack([rng.normal(size=(90, 4)), rng.integers(-1, 3, 90), rng.choice([0, 0.5, 2], 90)])
    points = PointData(rows, [0, 1, 2, 30, 57], columns=["t", "x", "y", "z", "label", "weight"], run=1, _lines=3)
    for filters in (
        [Centroids(True, True)],
        [SplitLabels(), Centroids(True, True)],
        [SplitLabels(False), Centroids(True, True, weight=False)],
        [HDBSCAN(0.5, 2)],
        [HDBSCAN(0.5, engine="hdbscan")],
        [SplitLabels(noise=True)],
    ):
        expected = loop(filters, points)
        for threads in (1, 2):
            assert_identical(Pipeline(filters).fit(points, max_workers=threads, verbose=False), expected)


def test_the_warning_of_a_chain_comes_once_per_result() -> None:
    points = PointData([[0, 1, 1, 1, 0]], columns=["t", "x", "y", "z", "label"], _lines=LineData(np.zeros((1, 7))))
    found = SplitLabels().fit(points, verbose=False)
    with pytest.warns(RuntimeWarning, match="line_index"):
        (cluster,) = found[0]
    assert cluster.points.tolist() == [[0, 1, 1, 1]]


def test_units_follow_their_columns(one_tracer: LineData) -> None:
    lines = one_tracer.copy(deep=False)
    lines.units = {"t": "s", "x1": "cm"}
    points = Pipeline([*recipe(), Stack()]).fit(lines, verbose=False)
    assert points.units == {"t": "s", "x": "mm", "y": "mm", "z": "mm", "error": "mm", "cluster_size": ""}


def test_mapped_rows_are_tracked_in_pieces(
    one_tracer: LineData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.save(tmp_path / "lines.npy", one_tracer.lines)
    mapped = LineData(np.load(tmp_path / "lines.npy", mmap_mode="r"), 60, 30)
    expected = Pipeline(recipe()).fit(one_tracer, verbose=False)
    assert_identical(Pipeline(recipe()).fit(mapped, verbose=False), expected)
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 10_000)
    released = []
    monkeypatch.setattr(chunks, "release", released.append)
    assert_identical(Pipeline(recipe()).fit(mapped, verbose=False), expected)
    assert len(released) == 20


def test_two_passes(two_tracers: LineData, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = Pipeline([*recipe(), Stack(10, 9), HDBSCAN(0.6, 2), SplitLabels(), Centroids(), Segregate(20, 20.0, 2)])
    whole = chain.fit(two_tracers, verbose=False)
    sequential: Any = [*two_tracers]
    for step in chain.steps():
        sequential = loop(list(step), sequential) if isinstance(step, tuple) else step.fit(sequential)
    assert_identical(whole, sequential)
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 5000)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert_identical(chain.fit(two_tracers, pool, verbose=False), whole)


def test_two_threads_fit_one_object(two_tracers: LineData) -> None:
    chain = Pipeline([*recipe(), Shift(1.0), Stack()])
    expected = chain.fit(two_tracers, verbose=False)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(chain.fit, two_tracers, None, 2, False) for _ in range(8)]
        for run in runs:
            assert_identical(run.result(), expected)


def test_tasks_of_executors_use_one_native_thread(one_tracer: LineData, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    real = native.run

    def watched(steps: Any, batch: Any, threads: int = 0, progress: Any = None) -> Any:
        asked.append(threads)
        return real(steps, batch, threads, progress)

    monkeypatch.setattr(native, "run", watched)
    Pipeline(recipe()).fit(one_tracer, concurrent.futures.ThreadPoolExecutor, 2, verbose=False)
    Pipeline(recipe()).fit(one_tracer, "sequential", verbose=False)
    assert set(asked) == {1}
    asked.clear()
    Pipeline(recipe()).fit(one_tracer, verbose=False)
    Pipeline(recipe()).fit(one_tracer, max_workers=3, verbose=False)
    assert asked == [0, 3]


# ---------------------------------------------------------------------- chunks
@given(st.lists(st.integers(0, 50), max_size=30), st.integers(1, 9), st.integers(1, 4000))
def test_chunks_cover_all_samples_once(lengths: list[int], at_least: int, size: int) -> None:
    rows = sum(lengths)
    points = PointData(np.arange(4.0 * rows).reshape(rows, 4), lengths)
    whole = Centroids().fit(points, verbose=False)
    for samples in (points, whole, list(points)):
        count = len(samples)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(chunks, "CHUNK_BYTES", size)
            spans = chunks.bounds(samples, at_least)
        assert [start for start, _ in spans] == [0, *(end for _, end in spans[:-1])]
        assert spans[-1][1] == count
        assert len(spans) >= min(at_least, count) or at_least * max(1, -(-count // at_least)) > count
        pieces = [item for span in spans for item in chunks.cut(samples, *span)]
        assert_identical(pieces, list(samples))
        for start, end in spans:
            held = sum(item.data.nbytes for item in samples[start:end])
            assert held <= size or end - start == 1


def test_chunks_of_results_keep_their_attributes(one_tracer: LineData) -> None:
    results = Cutpoints(0.8, append_indices=True).fit(one_tracer, verbose=False)
    for start, end in ((0, 5), (5, 6), (20, 39), (39, 39)):
        assert_identical(chunks.cut(results, start, end), results[start:end])
        assert_identical(pickle.loads(pickle.dumps(chunks.cut(results, start, end))), results[start:end])
