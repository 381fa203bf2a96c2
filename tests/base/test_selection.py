"""Quantiles of blocks are those of numpy; rows go where a stable sort puts them."""

import math
from functools import partial

import numpy as np
import pytest

from lumentrace.base import selection
from lumentrace.base.places import Places, tally

rng = np.random.default_rng(1)
CASES = {
    "normal": rng.normal(size=999),
    "some not finite": np.where(
        rng.random(1000) < 0.3, rng.choice([np.nan, np.inf, -np.inf], 1000), rng.normal(size=1000)
    ),
    "ticks": rng.integers(-3, 3, 1001) / 7,
    "one value": np.full(500, -2.5),
    "wide": 10.0 ** rng.uniform(-300, 300, 800) * rng.choice([-1, 1], 800),
    "two": np.array([3.0, -1.0]),
    "one": np.array([4.0]),
}


@pytest.mark.parametrize("held", [1, 2**20])
@pytest.mark.parametrize("name", CASES)
def test_quantiles_equal_numpy(name, held, monkeypatch):
    monkeypatch.setattr(selection, "HELD", held)
    values = CASES[name]
    known = values[np.isfinite(values)]
    blocks = partial(np.array_split, values, 7)
    assert selection.median(blocks) == np.median(known)
    for share in (0, 0.123, 0.5, 0.995, 1):
        assert selection.quantile(blocks, share) == np.quantile(known, share)


def test_nothing_has_no_quantile():
    assert math.isnan(selection.median(lambda: ()))
    assert math.isnan(selection.quantile(lambda: [np.array([np.nan])], 0.9))


def test_rows_go_where_a_stable_sort_puts_them():
    labels = np.where(rng.random(3000) < 0.1, np.nan, rng.integers(-1, 40, 3000))
    blocks = np.array_split(labels, 9)
    found, counts = tally(blocks)
    assert counts.sum() == 3000
    np.testing.assert_array_equal(found, np.unique(labels))
    places, target, first = Places(counts), np.empty(3000, dtype=int), 0
    for block in blocks:
        order, place = places.of(np.searchsorted(found, block))
        target[place] = order + first
        first += len(block)
    np.testing.assert_array_equal(target, np.argsort(labels, kind="stable"))
