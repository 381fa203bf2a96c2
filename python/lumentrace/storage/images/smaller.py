"""Smaller copies of planes: means of squares of pixels, or for labels one pixel of each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def reduced(rows: NDArray[Any], step: int, labels: bool = False) -> NDArray[Any]:
    """A plane made smaller by `step`; squares that are not whole are left out.

    Parameters
    ----------
    rows : ndarray
        (rows, columns)
    step : int
    labels : bool, default False
        Take the first pixel of each square, so that no label comes about that there is not.
    """
    from lumentrace import _core

    high, wide = (length // step for length in rows.shape)
    if not high or not wide:
        return np.empty((high, wide), rows.dtype)
    whole = rows[: high * step, : wide * step]
    if labels:
        return whole[::step, ::step]
    if rows.dtype in (np.uint8, np.uint16, np.uint32, np.float32):
        means = _core.reduce_image(np.ascontiguousarray(rows), step)
    else:
        means = whole.reshape(high, step, wide, step).mean(axis=(1, 3))
    return np.asarray(np.rint(means) if rows.dtype.kind in "ui" else means, rows.dtype)
