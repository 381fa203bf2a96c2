"""Arrays of many chunks, which are read some at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from lumentrace.storage.images import zarr_loop

SHAPE = 7, 33, 20
PLACES = [
    (slice(None),) * 3,
    (slice(1, 6), slice(3, 31), slice(5, 19)),
    (3, slice(None), slice(2, 20)),
    (slice(2, 3), 32, slice(0, 1)),
    (-1, -2, -3),
    (slice(4, 4), slice(None), slice(None)),
    (slice(0, 99), slice(-9, None), slice(None, -1)),
]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "stored",
    [{"chunks": (1, 4, 5)}, {"chunks": (3, 33, 1)}, {"chunks": (1, 2, 5), "shards": (2, 8, 10)}, {"chunks": SHAPE}],
)
def test_parts_make_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: zarr_loop.Place, stored: dict[str, Any]
) -> None:
    pixels = np.random.default_rng(1).integers(0, 60000, SHAPE).astype(">u2")
    array = zarr.create_array(tmp_path, data=pixels, **stored)
    asked, done = [], zarr_loop._done
    monkeypatch.setattr(zarr_loop, "MOST", 4)
    monkeypatch.setattr(zarr_loop, "_done", lambda work: asked.append(1) or done(work))
    found = zarr_loop.read(array.async_array, place)
    np.testing.assert_array_equal(found, pixels[place])
    assert found.dtype.name == "uint16"
    if place == PLACES[0] and stored["chunks"] != SHAPE:
        assert len(asked) >= (array.nchunks if array.shards is None else 2 * 5 * 2) / 4 / 2
