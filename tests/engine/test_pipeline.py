"""Filters, reducers and pipelines: what runs, in which order, and what comes out."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from golden import golden
from helpers import Lines, Shift, assert_identical, recipe, simulate
from lumentrace import LineData, Pipeline, PointData
from lumentrace.engine.samples.results import Results
from lumentrace.engine.samples.transformer import Filter, LineDataFilter, PointDataFilter, Reducer
from lumentrace.pept.tracking import (
    HDBSCAN,
    BirminghamMethod,
    Centroids,
    Cutpoints,
    GroupBy,
    Segregate,
    SplitLabels,
    Stack,
)


class Points(PointDataFilter):
    def fit_sample(self, sample: Any) -> Any:
        return sample


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


def test_repr_as_golden() -> None:
    expected = golden("pept/repr.json")
    assert repr(Cutpoints(0.5)) == expected["Cutpoints"]
    chain = Cutpoints(0.5) + SplitLabels() + Centroids() + Stack()
    lines = expected["pipeline"].split("\n")
    # The clustering shows other parameters than the peer's.
    assert repr(chain).split("\n") == [line for line in lines if "HDBSCAN" not in line and "true_fraction" not in line]
    words = "HDBSCAN(engine = lumentrace, injection = 1.5, max_tracers = 1, true_fraction = 0.15)"
    assert repr(HDBSCAN(0.15)).split() == words.split()
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
