"""Exact quantiles of more numbers than fit in memory, which are read block by block a few times."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Blocks = Callable[[], Iterable[Floats]]

HELD = 2**20
"""Numbers that are held and sorted: 8 MB."""
DIGIT = 16
"""Bits by which the numbers are counted in one reading; four make a number."""
SIGN = np.uint64(1 << 63)


def median(blocks: Blocks) -> float:
    """Median of the finite numbers, as `numpy.median` has it; NaN without any."""
    low, high, _ = around(blocks, 0.5)
    return float(np.median([low, high]))


def quantile(blocks: Blocks, share: float) -> float:
    """Quantile of the finite numbers, as `numpy.quantile` has it; NaN without any.

    Examples
    --------
    >>> import numpy as np
    >>> quantile(lambda: np.arange(12.0).reshape(3, 4), 0.25)
    2.75
    """
    low, high, between = around(blocks, share)
    return float(np.quantile([low, high], between))


def around(blocks: Blocks, share: float) -> tuple[float, float, float]:
    """The finite numbers on either side of a quantile, and how far it is from one to the other, from 0 to 1."""
    count = sum(int(np.isfinite(block).sum()) for block in blocks())
    if not count:
        return math.nan, math.nan, 0.0
    place = share * (count - 1)
    low, number = _nth(blocks, math.floor(place))
    if number > math.ceil(place):
        return low, low, place % 1
    high = min(float(np.min(block, where=np.isfinite(block) & (block > low), initial=np.inf)) for block in blocks())
    return low, high, place % 1


def _nth(blocks: Blocks, rank: int) -> tuple[float, int]:
    """The number with so many before it in order, and how many are not above it.

    Numbers are counted by their highest bits, then those that share these with the one looked for by the next bits,
    until few enough are left to be sorted.
    """
    below, prefix, shift = 0, np.uint64(0), 64
    while True:
        shift -= DIGIT
        counts = np.zeros(1 << DIGIT, dtype=np.int64)
        for keys, _ in _sharing(blocks, prefix, shift + DIGIT):
            digits = (keys >> np.uint64(shift)) & np.uint64((1 << DIGIT) - 1)
            counts += np.bincount(digits.astype(np.intp), minlength=1 << DIGIT)
        upto = below + np.cumsum(counts)
        digit = int(np.searchsorted(upto, rank, side="right"))
        below = int(upto[digit] - counts[digit])
        prefix = (prefix << np.uint64(DIGIT)) | np.uint64(digit)
        if counts[digit] <= HELD:
            break
        if not shift:
            return next(float(block[0]) for _, block in _sharing(blocks, prefix, 0) if len(block)), int(upto[digit])
    held = np.sort(np.concatenate([block for _, block in _sharing(blocks, prefix, shift)]))
    found = held[rank - below]
    return float(found), below + int(np.searchsorted(held, found, side="right"))


def _sharing(blocks: Blocks, prefix: np.uint64, shift: int) -> Iterable[tuple[NDArray[np.uint64], Floats]]:
    """Keys and values of the finite numbers whose keys are `prefix` without their last `shift` bits."""
    for block in blocks():
        values = block[np.isfinite(block)]
        keys = _keys(values)
        if shift < 64:
            own = keys >> np.uint64(shift) == prefix
            keys, values = keys[own], values[own]
        yield keys, values


def _keys(values: Floats) -> NDArray[np.uint64]:
    """Whole numbers in the same order: the bits of numbers from 0 on ascend with them, those of others descend."""
    bits = np.ascontiguousarray(values).view(np.uint64)
    return np.where(bits & SIGN, ~bits, bits | SIGN)
