"""Arrays on disk are read and written as those in memory are."""

import numpy as np
import pytest

from lumentrace.base import big_array, mapping
from lumentrace.base.big_array import BigArray


@pytest.fixture(params=["memory", "disk"])
def limit(request, monkeypatch):
    monkeypatch.setattr(big_array, "LIMIT", 0 if request.param == "disk" else 2**30)
    monkeypatch.setattr(big_array, "STRETCH", 64)
    return request.param


@pytest.mark.parametrize("shape", [(5000,), (5000, 3)])
def test_numbers_are_read_where_they_were_put(limit, shape):
    rng = np.random.default_rng(1)
    values, expected = BigArray.empty(shape), rng.normal(size=shape)
    for rows in np.array_split(rng.permutation(len(expected)), 7):
        values[rows] = expected[rows]
    values[10:20] = expected[:10]
    expected[10:20] = expected[:10]
    assert mapping.is_mapped(values._rows) == (limit == "disk")
    assert (values.shape, len(values)) == (shape, 5000)
    for where in (slice(3, 99), rng.integers(0, 5000, 4000), np.empty(0, dtype=int), 17, -1):
        np.testing.assert_array_equal(values[where], expected[where])
    part = values.part(100, 4000)
    np.testing.assert_array_equal(part[np.array([5, 1])], expected[[105, 101]])
    np.testing.assert_array_equal(np.concatenate(list(part.blocks())), expected[100:4000])


def test_what_was_read_does_not_change_with_the_array(limit):
    values = BigArray.empty((4,))
    values[:] = np.zeros(4)
    before = values[:2]
    values[:] = np.ones(4)
    assert before.tolist() == [0, 0]
