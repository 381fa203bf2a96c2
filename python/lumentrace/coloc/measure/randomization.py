"""Costes' randomisation: whether a correlation is more than chance placement gives."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace import _core
from lumentrace.base.masked import unmasked
from lumentrace.base.recorded import Recorded, Recorder
from lumentrace.engine import progress

from ..regions.selection import channel, check_shape, inside

Floats = NDArray[np.float64]
FEW_BLOCKS = 20
NAN = float("nan")


@dataclass(frozen=True)
class Randomization(Recorded):
    """An observed correlation among those of shuffled images.

    Attributes
    ----------
    observed : float
        Pearson's r of all pixels in the blocks that take part.
    mean, sd : float
        Exact mean and standard deviation of r over all orders of the blocks.
    z : float
        (observed - mean) / sd.
    p_right, p_left, p_two : float
        Probability of such an r or a greater one, (1 + #{r >= observed}) / (n + 1), likewise a smaller one, and twice
        the lesser of both.
    null : ndarray
        r of each shuffle.
    n_blocks : int
        Blocks that take part.
    reason : str
        Why there are no figures, or what to be careful about; empty if all is well.
    """

    observed: float
    mean: float
    sd: float
    z: float
    p_right: float
    p_left: float
    p_two: float
    n_blocks: int
    reason: str = ""
    null: Floats = field(default_factory=lambda: np.empty(0), repr=False)


@unmasked
def costes_randomization(
    a: ArrayLike,
    b: ArrayLike,
    mask: ArrayLike | None = None,
    *,
    block: int | Sequence[int] = 8,
    n: int = 1000,
    seed: int = 0,
    coverage: float = 1.0,
) -> Randomization:
    """Shuffle blocks of `a` and measure Pearson's r against `b` each time.

    Only blocks inside the mask trade places, and only their pixels count, in the observed r as in the shuffled ones:
    the dark surroundings of a cell never enter the comparison. (Where the whole image is shuffled and the mask applied
    afterwards, almost everything is significant.) Blocks lie on a grid that begins at the corner of the mask's bounding
    box; what does not fill a block is left out.

    Parameters
    ----------
    a, b : array_like
        Intensities of both channels, same shape.
    mask : array_like, optional
        Same shape; pixels other than 0 count.
    block : int or sequence of int, default 8
        Side of a block in pixels, for all axes or each of them: about the width of the point spread function, or of the
        structures, whichever is larger.
    n : int, default 1000
        Shuffles.
    seed : int, default 0
        Shuffle number k depends on `seed` and k alone.
    coverage : float, default 1
        Least share of a block's pixels inside the mask; blocks that have it take part as a whole.

    Returns
    -------
    Randomization
        NaN with a reason if fewer than two blocks take part, a channel is constant in them or a pixel is not finite.

    Raises
    ------
    ValueError
        If shapes differ, or for a block, number or coverage out of range.

    Warns
    -----
    UserWarning
        If fewer than 20 blocks take part: there are too few orders for a p-value.

    Examples
    --------
    >>> from lumentrace.coloc import costes_randomization, make_sample_data
    >>> (a, *_), (b, *_) = make_sample_data()
    >>> found = costes_randomization(a, b, block=16, n=200)
    >>> found.n_blocks, found.p_right < 0.01
    (256, True)

    References
    ----------
    Costes & al., Biophys. J. 86 (2004) 3993.
    """
    recorder = Recorder()
    first, second = channel("a", a), channel("b", b)
    check_shape("b", second, first.shape)
    sides = _sides(block, first.ndim)
    if n < 1:
        raise ValueError(f"`n`: expected at least 1, found {n}")
    if not 0 < coverage <= 1:
        raise ValueError(f"`coverage`: expected more than 0 and up to 1, found {coverage}")
    x, y = block_rows(first, second, inside(mask, first.shape), sides, coverage)
    found = randomized(x, y, n, seed)
    if 2 <= found.n_blocks < FEW_BLOCKS:
        warnings.warn(found.reason, stacklevel=2)
    parameters = {"block": block, "n": n, "seed": seed, "coverage": coverage}
    return recorder.told(found, "costes_randomization", {"a": a, "b": b, "mask": mask}, parameters, seed)


def _sides(block: int | Sequence[int], ndim: int) -> tuple[int, ...]:
    sides = (block,) * ndim if isinstance(block, (int, np.integer)) else tuple(block)
    if len(sides) != ndim or any(int(side) != side or side < 1 for side in sides):
        raise ValueError(f"`block`: expected a whole number from 1 on, or {ndim} of them, found {block!r}")
    return tuple(int(side) for side in sides)


def block_rows(
    a: NDArray[Any], b: NDArray[Any], mask: NDArray[np.bool_] | None, sides: Sequence[int], coverage: float = 1.0
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The pixels of both channels as one row per block that takes part."""
    corner = (0,) * a.ndim
    if mask is not None:
        places = [np.flatnonzero(mask.any(axis=tuple(k for k in range(a.ndim) if k != axis))) for axis in range(a.ndim)]
        corner = tuple(int(place[0]) if place.size else 0 for place in places)
    x, y = _blocks(a, corner, sides), _blocks(b, corner, sides)
    if mask is None:
        return x, y
    taking_part = _blocks(mask, corner, sides).mean(axis=1) >= coverage
    return x[taking_part], y[taking_part]


def _blocks(image: NDArray[Any], corner: Sequence[int], sides: Sequence[int]) -> NDArray[Any]:
    counts = [(length - start) // side for length, start, side in zip(image.shape, corner, sides, strict=True)]
    ends = [start + count * side for start, count, side in zip(corner, counts, sides, strict=True)]
    whole = image[tuple(slice(start, end) for start, end in zip(corner, ends, strict=True))]
    split = whole.reshape([length for pair in zip(counts, sides, strict=True) for length in pair])
    front = [*range(0, 2 * image.ndim, 2), *range(1, 2 * image.ndim, 2)]
    return split.transpose(front).reshape(int(np.prod(counts)), int(np.prod(sides)))


def randomized(x: NDArray[Any], y: NDArray[Any], n: int, seed: int) -> Randomization:
    """The randomisation of blocks, one per row; tells of shuffles."""
    blocks = len(x)
    if blocks < 2:
        return _none(blocks, f"randomization: {blocks} whole blocks inside, needs 2")
    first, second = _standardised(x), _standardised(y)
    if first is None or second is None:
        return _none(blocks, "randomization: constant or not finite inside the blocks")
    observed = float(np.vdot(first, second)) / first.size
    rows = [each.astype(np.float32) for each in (first, second)]
    sums, mean, sd = _core.shuffle_blocks(rows[0], rows[1], n, seed, progress=progress.reporter())
    null = sums / first.size
    mean, sd = mean / first.size, sd / first.size
    right, left = ((1 + int(count)) / (n + 1) for count in ((null >= observed).sum(), (null <= observed).sum()))
    z = (observed - mean) / sd if sd > 0 else NAN
    reason = f"randomization: only {blocks} blocks, too few orders for a p-value" if blocks < FEW_BLOCKS else ""
    return Randomization(observed, mean, sd, z, right, left, min(1.0, 2 * min(right, left)), blocks, reason, null)


def _standardised(values: NDArray[Any]) -> Floats | None:
    floats = values.astype(np.float64)
    low, high = floats.min(), floats.max()
    if not (np.isfinite(low) and np.isfinite(high)) or low == high:
        return None
    floats -= floats.mean()
    floats /= np.sqrt(np.vdot(floats, floats) / floats.size)
    return floats


def _none(blocks: int, reason: str) -> Randomization:
    return Randomization(NAN, NAN, NAN, NAN, NAN, NAN, NAN, blocks, reason)
