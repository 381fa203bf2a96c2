"""Filters, reducers, pipelines and native plans: what runs, in which order, and that it is the same however it runs."""

from __future__ import annotations

import concurrent.futures
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers import Refuse, Shift, assert_identical, recipe, simulate
from lumentrace import LineData, Pipeline, PointData, TimeWindow
from lumentrace.engine import chunks, native
from lumentrace.engine.results import Results
from lumentrace.engine.transformer import Filter, LineDataFilter, PointDataFilter, Reducer
from lumentrace.pept.tracking import (
    HDBSCAN,
    BirminghamMethod,
    Centroids,
    Condition,
    Cutpoints,
    GroupBy,
    Remove,
    Segregate,
    SplitLabels,
    Stack,
)


class Lines(LineDataFilter):
    def fit_sample(self, sample: Any) -> Any:
        return sample


class Points(PointDataFilter):
    def fit_sample(self, sample: Any) -> Any:
        return sample


class Halves(Filter):
    """Gives a list."""

    def fit_sample(self, sample: Any) -> list[Any]:
        half = len(sample.data) // 2
        return [sample.copy(data=sample.data[:half]), sample.copy(data=sample.data[half:])]


class Count(Reducer):
    def fit(self, samples: Any) -> Any:
        return len(list(samples))


# ---------------------------------------------------------------------- chaining
def test_adding_gives_a_flat_pipeline() -> None:
    a, b, c, d = Shift(1), Stack(), Shift(2), Count()
    for chain in (a + b + c + d, (a + b) + (c + d), a + (b + c) + d, Pipeline([a, Pipeline([b, c]), d])):
        assert type(chain) is Pipeline
        assert chain.transformers == [a, b, c, d]
        assert chain.filters == [a, c]
        assert chain.reducers == [b, d]


def test_what_is_no_transformer_is_refused() -> None:
    with pytest.raises(TypeError, match=r"`transformers\[1\]`.*found 5"):
        Pipeline([Shift(1), 5])
    with pytest.raises(TypeError, match=r"`transformers\[0\]`"):
        Pipeline([Shift])
    for left, right in ((Shift(1), 5), (Stack(), len), (Pipeline([]), "x"), (5, Shift(1))):
        with pytest.raises(TypeError):
            left + right
    for abstract in (Filter, Reducer, LineDataFilter):
        with pytest.raises(TypeError, match="abstract"):
            abstract()


def test_steps() -> None:
    cut, label, split, centre, stack = Cutpoints(1), HDBSCAN(0.5), SplitLabels(), Centroids(), Stack()
    assert (cut + label + split + centre + stack).steps() == [(cut, label, split, centre), stack]
    assert (stack + cut + stack + stack + label + split).steps() == [stack, (cut,), stack, stack, (label, split)]
    assert Pipeline([]).steps() == []


def test_repr_as_golden(golden: Callable[[str], Any]) -> None:
    expected = golden("repr.json")
    assert repr(Cutpoints(0.5)) == expected["Cutpoints"]
    chain = Cutpoints(0.5) + SplitLabels() + Centroids() + Stack()
    lines = expected["pipeline"].split("\n")
    # The clustering shows other parameters than the peer's.
    assert repr(chain).split("\n") == [line for line in lines if "HDBSCAN" not in line and "true_fraction" not in line]
    assert repr(HDBSCAN(0.15)) == "HDBSCAN(engine = lumentrace, max_tracers = 1, true_fraction = 0.15)"
    long = repr(Segregate(window=20, cut_distance=10, max_time_interval=1234567.0))
    assert long.split("\n")[1].startswith(" " * len("Segregate("))
    assert max(map(len, long.split("\n"))) <= 80


def test_fit_sample_runs_every_step() -> None:
    points = PointData(np.zeros((3, 4)))
    assert (Shift(1) + Shift(2)).fit_sample(points)["x"].tolist() == [3, 3, 3]
    assert (Shift(1) + Stack() + Count()).fit_sample(points) == 1
    assert Pipeline([]).fit_sample(points) is points
    rows = simulate(60)[0]
    chain = Pipeline([*recipe(), Stack(), GroupBy("cluster_size")])
    (group,) = chain.fit_sample(rows)
    assert_identical(group, chain.fit(LineData(rows), verbose=False)[0])


def test_reducers_see_all_results() -> None:
    points = PointData(np.arange(40.0).reshape(10, 4), 3)
    assert (Shift(1) + Count()).fit(points, verbose=False) == 3
    assert (Count()).fit(points) == 3
    seen = []

    class Look(Reducer):
        def fit(self, samples: Any) -> Any:
            seen.append([s["x"].tolist() for s in samples])
            return samples

    (Shift(1) + Look() + Shift(1) + Look()).fit(points, verbose=False)
    assert seen == [
        [[2, 6, 10], [14, 18, 22], [26, 30, 34]],
        [[3, 7, 11], [15, 19, 23], [27, 31, 35]],
    ]


def test_an_empty_pipeline_returns_its_input() -> None:
    points = PointData(np.zeros((3, 4)))
    generator = iter([points])
    assert Pipeline([]).fit(points, verbose=False) is points
    assert points.provenance is None
    assert Pipeline([]).fit(generator, verbose=False) is generator
    assert list(generator) == [points]


@pytest.mark.parametrize(
    "chain", [Pipeline([]), Shift(1), Pipeline([Cutpoints(1)]), Pipeline([Stack()]), Stack() + Count()]
)
def test_what_cannot_be_iterated_is_refused(chain: Any) -> None:
    for wrong in (5, None, 1.5):
        with pytest.raises(ValueError, match="iterate"):
            chain.fit(wrong, **({} if isinstance(chain, Reducer) else {"verbose": False}))


def test_unknown_executors_are_refused() -> None:
    for wrong in ("threads", "", 5, object(), ["joblib"]):
        with pytest.raises(ValueError, match=r"`executor`.*'joblib'"):
            Shift(1).fit(PointData(np.zeros((3, 4))), executor=wrong, verbose=False)


def test_any_iterable_of_samples_will_do() -> None:
    points = PointData(np.arange(40.0).reshape(10, 4), 3)
    expected = list(Shift(1).fit(points, verbose=False))
    for samples in (list(points), tuple(points), iter(points), dict(enumerate(points)).values()):
        assert_identical(list(Shift(1).fit(samples, verbose=False)), expected)
    rows = simulate(100)[0].reshape(2, 50, 7)
    tables = [LineData(r) for r in rows]
    assert_identical(Cutpoints(1).fit(rows, verbose=False), Cutpoints(1).fit(tables, verbose=False))
    assert_identical(Cutpoints(1).fit(iter(rows.tolist()), verbose=False), Cutpoints(1).fit(tables, verbose=False))


# ---------------------------------------------------------------------- types
@pytest.mark.parametrize("executor", [None, "sequential"])
def test_typed_filters_check_the_first_sample(executor: Any) -> None:
    lines, points = LineData(np.zeros((2, 7)), 1), PointData(np.zeros((2, 4)), 1)
    assert len(Lines().fit(lines, executor, verbose=False)) == 2
    assert len(Points().fit(list(points), executor, verbose=False)) == 2
    for each, wrong in ((Lines(), points), (Points(), lines), (Lines(), list(points)), (Points(), [np.zeros((2, 4))])):
        with pytest.raises(TypeError, match=f"{type(each).__name__}: expected samples of type .*Data, found"):
            each.fit(wrong, executor, verbose=False)
    with pytest.raises(TypeError, match="Lines: expected samples of type LineData, found PointData"):
        (Cutpoints(1) + Lines()).fit(lines, executor, verbose=False)


@pytest.mark.parametrize("each", [Cutpoints(1), BirminghamMethod()])
def test_filters_of_lines_refuse_points(each: Any) -> None:
    points = PointData(np.zeros((2, 4)), 1)
    for wrong in (points, list(points), [[points[0]]], iter(points)):
        with pytest.raises(TypeError, match="expected samples of type LineData, found PointData"):
            each.fit(wrong, verbose=False)


@pytest.mark.parametrize("each", [HDBSCAN(0.5), SplitLabels(), Centroids()])
def test_filters_of_points_refuse_lines(each: Any) -> None:
    lines = LineData(np.zeros((2, 7)), 1)
    for wrong in (lines, list(lines), [[lines[0]]]):
        with pytest.raises(TypeError, match="expected samples of type PointData, found LineData"):
            each.fit(wrong, verbose=False)
    with pytest.raises(TypeError, match="expected samples of type LineData, found PointData"):
        (Cutpoints(1) + Cutpoints(1)).fit(lines, verbose=False)


# ---------------------------------------------------------------------- results read like lists
def test_results_read_like_a_list(one_tracer: LineData) -> None:
    results = Pipeline(recipe()).fit(one_tracer, verbose=False)
    objects = list(results)
    assert len(results) == len(one_tracer) == len(objects) == 39
    assert all(type(o) is PointData and len(o) == 1 for o in objects)
    assert_identical(results[-1], objects[38])
    assert_identical(results[np.int64(3)], objects[3])
    assert_identical(results[5:9], objects[5:9])
    assert_identical(results[::-10], objects[::-10])
    assert_identical(results + [objects[0]], [*objects, objects[0]])  # noqa: RUF005 (the sum is what is tested)
    assert_identical([objects[0]] + results, [objects[0], *objects])  # noqa: RUF005 (the sum is what is tested)
    assert_identical(next(reversed(results)), objects[-1])
    assert (results == objects) is False
    assert results == results
    for outside in (39, -40):
        with pytest.raises(IndexError):
            results[outside]
    assert_identical(pickle.loads(pickle.dumps(results)), results)
    assert "39 x PointData" in repr(results)


def test_a_changed_result_stays_changed() -> None:
    results = Centroids().fit(PointData(np.ones((4, 4)), 2), verbose=False)
    results[0].points[0, 1] = 7
    assert results[0].points[0, 1] == 7
    assert results[1].points[0, 1] == 1


def test_native_filters_give_results_without_a_python_object_per_sample(
    one_tracer: LineData, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    monkeypatch.setattr(LineData, "_one", lambda self, i: made.append(i))
    monkeypatch.setattr(Results, "_object", lambda self, group, attrs: made.append(group))
    results = Pipeline(recipe()).fit(one_tracer, verbose=False)
    assert isinstance(results, Results)
    assert made == []


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


# ---------------------------------------------------------------------- progress
class Calls:
    def __init__(self, stop_at: int | None = None) -> None:
        self.seen: list[tuple[int, int]] = []
        self.stop_at = stop_at

    def __call__(self, done: int, total: int) -> None:
        self.seen.append((done, total))
        if self.stop_at is not None and done >= self.stop_at:
            raise ArithmeticError("enough")


@pytest.mark.parametrize("executor", [None, "sequential", concurrent.futures.ThreadPoolExecutor])
@pytest.mark.parametrize("name", ["recipe", "python between", "python first", "lines of labels"])
def test_progress_rises_to_the_total(executor: Any, name: str, one_tracer: LineData) -> None:
    calls = Calls()
    Pipeline(CHAINS[name]).fit(one_tracer, executor, verbose=calls)
    done = [d for d, _ in calls.seen]
    assert {total for _, total in calls.seen} == {39}
    assert done == sorted(set(done))
    assert done[-1] == 39
    assert done[0] > 0


def test_progress_is_told_while_a_plan_runs() -> None:
    calls = Calls()
    lines = LineData(simulate(8000, 0.5)[0], 200, 150)
    Pipeline(recipe()).fit(lines, verbose=calls, max_workers=1)
    assert len(calls.seen) > 2
    assert calls.seen[-1] == (len(lines), len(lines))


def test_progress_of_each_batch(one_tracer: LineData) -> None:
    calls = Calls()
    (Cutpoints(0.8) + Stack() + Shift(1)).fit(one_tracer, "sequential", verbose=calls)
    first = calls.seen.index((39, 39))
    assert calls.seen[first + 1][0] < 39
    assert calls.seen[-1] == (39, 39)


@pytest.mark.parametrize("executor", [None, "sequential", concurrent.futures.ThreadPoolExecutor])
@pytest.mark.parametrize("filters", [recipe(), [Cutpoints(0.8), Shift(1.0)]], ids=["native", "python"])
def test_an_exception_in_the_callable_stops_the_run(executor: Any, filters: Any, one_tracer: LineData) -> None:
    calls = Calls(stop_at=3)
    with pytest.raises(ArithmeticError, match="enough"):
        Pipeline(filters).fit(one_tracer, executor, verbose=calls)
    assert sum(done >= 3 for done, _ in calls.seen) == 1
    assert len(Pipeline(filters).fit(one_tracer, executor, verbose=False)) == 39


def test_a_bar_is_shown_only_when_asked_for(one_tracer: LineData, capfd: pytest.CaptureFixture[str]) -> None:
    chain = Cutpoints(0.8) + Stack() + Centroids()
    chain.fit(one_tracer, verbose=False)
    assert capfd.readouterr() == ("", "")
    chain.fit(one_tracer)
    out, err = capfd.readouterr()
    assert out == ""
    assert "Batch 1 / 3 :" in err
    assert "Batch 3 / 3 :" in err
    assert "39/39" in err
    assert "Finished in" in err


# ---------------------------------------------------------------------- interrupts
def interrupted(script: str, tmp_path: Path, group: bool = False) -> tuple[float, str]:
    """Run a script, send it (and its children) SIGINT when it is ready; how long it takes, and what it says."""
    body = tmp_path / "script.py"
    body.write_text(textwrap.dedent(script))
    process = subprocess.Popen(
        [sys.executable, str(body)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()
        time.sleep(0.4)
        sent = time.monotonic()
        (os.killpg if group else os.kill)(process.pid, signal.SIGINT)
        line = process.stdout.readline()
        took = time.monotonic() - sent
        out, err = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, err
    return took, line + out


INTERRUPT = """
    import numpy as np, sys, time, concurrent.futures, multiprocessing
    from helpers import recipe, simulate, assert_identical, Log
    from lumentrace import LineData, Pipeline
    from lumentrace.pept.tracking import Cutpoints, HDBSCAN

    def main():
        small = LineData(simulate(600)[0], 60)
        expected = list(Pipeline(recipe()).fit(small, {executor}, verbose=False))
        lines = {lines}
        print("ready", flush=True)
        try:
            Pipeline({filters}).fit(lines, {executor}, verbose=False)
            print("not interrupted", flush=True)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        assert_identical(list(Pipeline(recipe()).fit(small, {executor}, verbose=False)), expected)
        print("usable", flush=True)

    if __name__ == "__main__":
        main()
"""
LONG = "LineData(simulate(100_000, 0.5)[0], 300, 290)"


@pytest.mark.parametrize(
    ("lines", "filters", "executor", "group"),
    [
        (LONG, "recipe()", "None", False),
        (LONG, "recipe()", '"sequential"', False),
        ("LineData(simulate(500, 0.5)[0])", "[Cutpoints(1e6), HDBSCAN(0.2)]", "None", False),
        (LONG, "recipe()", "concurrent.futures.ThreadPoolExecutor", False),
        (LONG, "recipe()", "concurrent.futures.ProcessPoolExecutor", False),
        (LONG, "recipe()", "concurrent.futures.ProcessPoolExecutor", True),
        (LONG, "recipe()", '"joblib"', False),
        (LONG, "[Log('/dev/null', 0.01)]", "None", False),
    ],
    ids=["plan", "sequential", "one dense sample", "threads", "processes", "whole group", "joblib", "python"],
)
def test_ctrl_c_returns_at_once(lines: str, filters: str, executor: str, group: bool, tmp_path: Path) -> None:
    took, said = interrupted(INTERRUPT.format(lines=lines, filters=filters, executor=executor), tmp_path, group)
    assert said == "interrupted\nusable\n"
    assert took < 0.5


def test_ctrl_c_ends_the_processes_of_a_pool_of_ours(tmp_path: Path) -> None:
    script = INTERRUPT.replace(
        """        print("usable", flush=True)
""",
        """        time.sleep(0.5)
        print(multiprocessing.active_children(), flush=True)
""",
    )
    slow = script.format(
        lines="LineData(simulate(5000)[0], 1)",
        filters="[Log('/dev/null', 0.02)]",
        executor="concurrent.futures.ProcessPoolExecutor",
    )
    assert interrupted(slow, tmp_path)[1] == "interrupted\n[]\n"


def test_ctrl_c_leaves_a_live_pool_running(tmp_path: Path) -> None:
    script = INTERRUPT.replace("    def main():", "    def main(pool):").replace(
        "        main()\n",
        "        with concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context('spawn')) as pool:\n"
        "            main(pool)\n",
    )
    lines = "LineData(simulate(8000, 0.5)[0], 300, 290)"
    took, said = interrupted(script.format(lines=lines, filters="recipe()", executor="pool"), tmp_path)
    assert said == "interrupted\nusable\n"
    assert took < 0.5


# ---------------------------------------------------------------------- provenance
def test_provenance_says_what_ran(one_tracer: LineData) -> None:
    chain = Pipeline([*recipe(), Stack(TimeWindow(5)), Shift(2.0)])
    shifted = chain.fit(one_tracer, verbose=False)
    record = shifted[0].provenance
    assert [step.name for step in record.steps] == [type(t).__name__ for t in chain.transformers]
    assert [step.index for step in record.steps] == [0, 1, 2, 3, 4, 5]
    assert record.steps[0].parameters == {"append_indices": False, "cutoffs": None, "max_distance": 0.8}
    assert record.steps[4].parameters == {"overlap": None, "sample_size": "TimeWindow(window=5.0)"}
    assert record.steps[5].parameters == {"dx": 2.0}
    assert all(step.duration > 0 and step.started.endswith("+00:00") for step in record.steps)
    assert record.input["rows"] == 1200
    assert record.input["bytes"] == 1200 * 56
    assert {"lumentrace", "numpy", "python", "platform"} <= record.environment.keys()
    assert record.environment["numpy"] == np.__version__
    assert one_tracer.provenance is None
    back = type(record).from_dict(record.to_dict())
    assert back == record


def test_provenance_tells_inputs_apart(one_tracer: LineData) -> None:
    def digest(lines: LineData) -> str:
        return Cutpoints(0.8).fit(lines, verbose=False)[0].provenance.input["xxh3"]

    first = digest(one_tracer)
    assert digest(one_tracer.copy()) == first
    assert len(first) == 32
    for row, column in ((0, 0), (600, 3), (1199, 6)):
        changed = one_tracer.copy()
        changed.lines[row, column] = np.nextafter(changed.lines[row, column], np.inf)
        assert digest(changed) != first


def test_content_is_the_same_in_one_piece_or_many(monkeypatch: pytest.MonkeyPatch) -> None:
    from lumentrace import provenance

    rows = np.random.default_rng(0).normal(size=(1000, 7))
    whole = provenance.content(rows)
    assert whole == provenance.content(np.asfortranarray(rows)) == provenance.content(rows.copy())
    monkeypatch.setattr(provenance, "BLOCK", 1024)
    pieces = provenance.content(rows)
    rows[999, 6] += 1e-9
    assert provenance.content(rows) != pieces
    assert provenance.content(np.empty((0, 7))) == provenance.content(np.empty(0))


def test_provenance_grows_and_travels(one_tracer: LineData) -> None:
    points = (Cutpoints(0.8) + Stack()).fit(one_tracer, verbose=False)
    again = (Shift(1.0) + Stack()).fit(points, verbose=False)
    assert [step.name for step in again.provenance.steps] == ["Cutpoints", "Stack", "Shift", "Stack"]
    assert again.provenance.input == points.provenance.input
    for each in (again, again[0], again[[1, 0]], again.copy(), pickle.loads(pickle.dumps(again)), PointData(again)):
        assert each.provenance == again.provenance
    results = Cutpoints(0.8).fit(one_tracer, verbose=False)
    assert pickle.loads(pickle.dumps(results))[3].provenance == results.provenance
    for split in (
        (Cutpoints(0.8) + HDBSCAN(0.2) + SplitLabels()).fit(one_tracer, verbose=False),
        (Cutpoints(0.8) + Halves()).fit(one_tracer, verbose=False),
    ):
        assert split[0][0].provenance.steps[-1].name in ("SplitLabels", "Halves")
    groups = Pipeline([*recipe(), Stack(), GroupBy("cluster_size")]).fit(one_tracer, verbose=False)
    assert groups[0].provenance.steps[-1].name == "GroupBy"


def test_provenance_of_lists(one_tracer: LineData) -> None:
    samples = [one_tracer.copy(data=one_tracer.lines[i : i + 60].copy()) for i in (0, 60)]
    first, second = Lines().fit(samples, verbose=False), Lines().fit(samples, verbose=False)
    assert [sample.provenance for sample in samples] == [None, None]
    assert [step.name for step in second[1].provenance.steps] == ["Lines"]
    assert first[0].provenance.input == second[1].provenance.input
    assert first[0].provenance.input["rows"] == 120
    assert first[0].lines is samples[0].lines
    samples[1].lines[7, 3] += 1
    assert Lines().fit(samples, verbose=False)[0].provenance.input != first[0].provenance.input
    again = Cutpoints(0.8).fit(first, verbose=False)[0].provenance
    assert [step.name for step in again.steps] == ["Lines", "Cutpoints"]

    class Same(Reducer):
        def fit(self, samples: Any) -> Any:
            return samples

    same = Pipeline([Same()]).fit(one_tracer, verbose=False)
    assert (same.provenance.steps[0].name, one_tracer.provenance) == ("Same", None)
    assert Pipeline([Same()]).fit([1, 2], verbose=False) == [1, 2]


def test_parameters_are_plain_values() -> None:
    from lumentrace.provenance import plain

    big = np.arange(1000.0)
    assert plain(np.float32(0.5)) == 0.5
    assert plain(np.arange(3)) == [0, 1, 2]
    assert plain({1: (np.int64(2), None, True, "x")}) == {"1": [2, None, True, "x"]}
    assert plain(test_parameters_are_plain_values) == "function test_engine.test_parameters_are_plain_values"
    assert plain(big).startswith("array of float64, shape (1000,), xxh3 ")
    assert plain(big) != plain(big + 1)
    assert plain(np.array([None])) == [None]


def test_an_error_in_a_filter_reaches_the_caller(one_tracer: LineData) -> None:
    for executor in (None, "sequential"):
        with pytest.raises(ZeroDivisionError, match=r"the sample at 3\.0 ms"):
            Refuse(3.0).fit(one_tracer, executor, verbose=False)


def samples_of(lines: LineData) -> Iterator[LineData]:
    yield from lines


def test_a_generator_is_read_once(one_tracer: LineData) -> None:
    found = Pipeline(recipe()).fit(samples_of(one_tracer), verbose=False)
    assert_identical(found, Pipeline(recipe()).fit(one_tracer, verbose=False))
