"""What a result remembers of how it was made."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from helpers import Halves, Lines, Refuse, Shift, assert_identical, recipe, two_passes
from lumentrace import LineData, Pipeline, PointData, TimeWindow
from lumentrace.engine.samples.transformer import Reducer
from lumentrace.pept.tracking import (
    HDBSCAN,
    Cutpoints,
    GroupBy,
    SplitLabels,
    Stack,
)


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
    from lumentrace.base import provenance

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
    from lumentrace.base.provenance import plain

    big = np.arange(1000.0)
    assert plain(np.float32(0.5)) == 0.5
    assert plain(np.arange(3)) == [0, 1, 2]
    assert plain({1: (np.int64(2), None, True, "x")}) == {"1": [2, None, True, "x"]}
    assert plain(two_passes) == "function helpers.two_passes"
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
