"""Decay and rise of calcium, from the autocovariance of traces."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.base.masked import unmasked
from lumentrace.twophoton.measure.trace_blocks import blocks, positive, trace_table

Floats = NDArray[np.float64]
Order = Literal[1, 2]

REACH_SECONDS = 1.0
"""The largest lag that is looked at."""
LAGS = 12
"""So many lags are enough, and cost less than all of them."""
LONGEST_SECONDS, SHORTEST_FRAMES = 10.0, 0.3
"""Time constants between which one is looked for."""
STEPS = {1: (240, 1), 2: (80, 60)}
"""Decays and rises that are tried, in equal ratios."""
CLEAR = 4.0
"""Standard deviations of the autocovariances of white noise that calcium must rise above."""
TOGETHER = 512
"""Traces that are fitted at a time."""


@unmasked
def estimate_time_constants(traces: NDArray[Any], *, rate_hz: float, order: Order = 1) -> Floats:
    """Time constants of calcium in seconds, for each trace.

    Events at random times make the autocovariance of calcium that of one event with itself: Aᵏ for order 1 with
    A = exp(-1 / (τ rate)). It is fitted, by least squares over decays (and rises) in equal ratios, to the
    autocovariances at lags up to 1 s. White noise is in lag 0 only, which order 1 leaves out; order 2 needs it for the
    rise, less the square of the noise (Pnevmatikakis & al., Neuron 89 (2016) 285, correct it likewise).

    Slow changes, such as bleaching and neuropil, look like long decays: give dF/F with a baseline that follows them.
    Bursts of events make decays look longer, too.

    Parameters
    ----------
    traces : ndarray
        (frames, regions): fluorescence or dF/F.
    rate_hz : float
        Frames per second.
    order : {1, 2}
        2 for calcium that takes longer than a frame to rise.

    Returns
    -------
    ndarray
        (regions, order): decay, and rise; NaN where calcium does not stand out from noise, ends of the range are the
        best (0.3 frames and 10 s), or values are not finite.

    Raises
    ------
    ValueError
        If `traces` has another shape, or a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.signal import lfilter
    >>> from lumentrace import twophoton
    >>> events = np.random.default_rng(0).poisson(0.02, (20_000, 1))
    >>> calcium = lfilter([1], [1, -np.exp(-1 / (0.5 * 30))], events, axis=0)
    >>> twophoton.estimate_time_constants(calcium, rate_hz=30.0).round(1)
    array([[0.5]])
    """
    table, rate = trace_table(traces), positive("rate_hz", rate_hz)
    if order not in STEPS:
        raise ValueError(f"`order`: expected 1 or 2, found {order!r}")
    frames, regions = table.shape
    found = np.full((regions, order), np.nan)
    lags = _lags(rate, frames, order)
    if len(lags) < LAGS // 2:
        return found
    grid, shapes = _shapes(lags, rate, order)
    for start, block in blocks(table):
        statistics = _core.trace_statistics(block, lags.tolist())
        for first in range(0, len(statistics), TOGETHER):
            own = statistics[first : first + TOGETHER]
            found[start + first : start + first + len(own)] = _fitted(own, lags, frames, grid, shapes)
    return found


def _lags(rate: float, frames: int, order: int) -> NDArray[np.int64]:
    """Lags in frames: close to each other where they are short."""
    reach = min(max(round(REACH_SECONDS * rate), LAGS), frames // 4)
    lags = np.unique(np.rint(np.geomspace(1, max(reach, 1), LAGS)).astype(np.int64))
    return np.concatenate([[0], lags]) if order == 2 else lags


def _shapes(lags: NDArray[np.int64], rate: float, order: int) -> tuple[Floats, Floats]:
    """Time constants (decays, rises, order) in seconds, and the autocovariances (decays, rises, lags) of unit size."""
    decays, rises = (np.geomspace(SHORTEST_FRAMES / rate, LONGEST_SECONDS, count) for count in STEPS[order])
    decay = np.exp(-1 / (decays * rate))[:, None, None]
    own = decay ** (lags + 1.0) / (1 - decay**2)
    if order == 1:
        grid = decays[:, None, None]
    else:
        rise = np.exp(-1 / (rises * rate))[None, :, None]
        own = np.where(rise < 0.95 * decay, own - rise ** (lags + 1.0) / (1 - rise**2), 0.0)
        grid = np.stack(np.broadcast_arrays(decays[:, None], rises[None, :]), axis=-1)
    size = np.linalg.norm(own, axis=-1, keepdims=True)
    return np.asarray(grid), np.asarray(np.divide(own, size, out=np.zeros_like(own), where=size > 0))


def _fitted(statistics: Floats, lags: NDArray[np.int64], frames: int, grid: Floats, shapes: Floats) -> Floats:
    """Time constants (traces, order) of the shape that is most like the autocovariances."""
    noise, own = statistics[:, 0], statistics[:, 1:].copy()
    if lags[0] == 0:
        own[:, 0] -= noise**2
    alike = np.nan_to_num(own @ shapes.reshape(-1, len(lags)).T).reshape(-1, *shapes.shape[:-1])
    best = alike.reshape(len(alike), -1).argmax(axis=1)
    decay, rise = np.unravel_index(best, shapes.shape[:-1])
    inside = (decay > 0) & (decay < shapes.shape[0] - 1)
    step = np.log(grid[1, 0, 0] / grid[0, 0, 0])
    rows = np.arange(len(alike))
    found = grid[decay, rise].copy()
    found[:, 0] *= np.exp(step * _between(alike[rows, :, rise], decay))
    if shapes.shape[1] > 1:
        inside &= (rise > 0) & (rise < shapes.shape[1] - 1)
        step = np.log(grid[0, 1, 1] / grid[0, 0, 1])
        found[:, 1] *= np.exp(step * _between(alike[rows, decay], rise))
    clear = alike.reshape(len(alike), -1)[rows, best] > CLEAR * noise**2 / math.sqrt(frames)
    found[~(inside & clear)] = np.nan
    return found


def _between(values: Floats, place: NDArray[np.int64]) -> Floats:
    """Where between neighbours the parabola through the largest value of each row and its neighbours is highest."""
    rows, middle = np.arange(len(values)), np.clip(place, 1, values.shape[1] - 2)
    before, at, after = (values[rows, middle + side] for side in (-1, 0, 1))
    bend = before - 2 * at + after
    shift = np.divide(0.5 * (before - after), bend, out=np.zeros_like(at), where=bend < 0)
    return np.asarray(np.clip(shift, -0.5, 0.5))
