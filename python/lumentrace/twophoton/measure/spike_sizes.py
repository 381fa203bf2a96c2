"""How sure the sizes of events are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.base.checks import whole
from lumentrace.base.masked import unmasked
from lumentrace.base.polars import pl
from lumentrace.twophoton.measure.spikes import Spikes, roots
from lumentrace.twophoton.measure.trace_blocks import blocks, trace_table

COLUMNS = ("region", "first_frame", "last_frame", "size", "size_unbiased", "sigma", "low", "high")
MOST_SEED = (1 << 53) - 1


@unmasked
def spike_sizes(
    traces: NDArray[Any],
    spikes: Spikes,
    *,
    replicates: int = 200,
    coverage: float = 0.95,
    seed: int = 0,
    threads: int = 0,
) -> pl.DataFrame:
    """Sizes of events with intervals, by a bootstrap of residuals.

    An event is a run of frames with spikes; its size is their sum. The calcium and the baseline that were found are
    taken as true, residuals drawn anew with replacement are laid over them, and each such trace is deconvolved as the
    first one was, with its time constants and noise (Efron & Tibshirani, An Introduction to the Bootstrap, 1993). Sizes
    of the replicates fall short of `size` as that falls short of the true size, which gives ``size_unbiased`` and the
    interval.

    Intervals are of the size of an event that is there: small ones that are noise have intervals, too, which mostly
    reach down to 0. In simulations of events of 3 to 10 times the noise, 95 % intervals hold the true size of 89
    to 96 % of the events that were found. Time constants are taken as known.

    Parameters
    ----------
    traces : ndarray
        (frames, regions): those that `deconvolve` was given.
    spikes : Spikes
        What it found.
    replicates : int, default 200
    coverage : float, default 0.95
        Share of intervals that are to hold the true size.
    seed : int, default 0
        The result depends on it and the traces alone, not on the number of threads.
    threads : int, default 0
        One per core by default.

    Returns
    -------
    polars.DataFrame
        A row for each event: ``region`` (from 0 on), ``first_frame``, ``last_frame``, ``time_s`` (of the first frame),
        ``size``, ``size_unbiased``, ``sigma`` (its standard deviation), ``low`` and ``high`` (the interval), in the
        unit of the traces. Regions without a result have no rows.

    Raises
    ------
    ValueError
        If `traces` has not the shape of the spikes, or a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.signal import lfilter
    >>> from lumentrace import twophoton
    >>> events = np.zeros((200, 1))
    >>> events[[40, 90, 150], 0] = 1.0, 2.0, 1.5
    >>> calcium = lfilter([1], [1, -np.exp(-1 / (0.5 * 30))], events, axis=0)
    >>> traces = 5 + calcium + np.random.default_rng(0).normal(0, 0.05, events.shape)
    >>> found = twophoton.deconvolve(traces, rate_hz=30.0, tau=0.5, s_min=0.5)
    >>> sizes = twophoton.spike_sizes(traces, found)
    >>> sizes["first_frame"].to_list(), (sizes["low"] < [1.0, 2.0, 1.5]).all(), (sizes["high"] > [1.0, 2.0, 1.5]).all()
    ([40, 90, 150], True, True)
    """
    table = trace_table(traces)
    if table.shape != spikes.spikes.shape:
        raise ValueError(f"`traces`: expected those of the spikes, {spikes.spikes.shape}, found {table.shape}")
    count, begun = whole("replicates", replicates, 2, 100_000), whole("seed", seed, 0, MOST_SEED)
    requests = _requests(spikes)
    rows = []
    for start, block in blocks(table):
        own = slice(start, start + len(block))
        events = np.ascontiguousarray(spikes.spikes[:, own].T, dtype=block.dtype)
        found = _core.bootstrap_events(
            block,
            events,
            spikes.baseline[own],
            requests[own],
            least=spikes.s_min,
            replicates=count,
            coverage=float(coverage),
            seed=begun,
            first=start,
            threads=threads,
        )
        rows.append(found)
    return _table(np.concatenate([np.empty((0, len(COLUMNS))), *rows]), spikes.rate_hz)


def _requests(spikes: Spikes) -> NDArray[np.float64]:
    """What `deconvolve` was asked for: decay, rise, noise, baseline and penalty of each region; NaN to find it."""
    sigma = np.where(spikes.sigma > 0, spikes.sigma, np.nan)
    unknown = np.full(len(sigma), np.nan)
    baseline = unknown if "baseline" in spikes.fitted else spikes.baseline
    penalty = unknown if "penalty" in spikes.fitted or spikes.s_min > 0 else spikes.penalty
    return np.column_stack([roots(spikes.tau, spikes.rate_hz), sigma, baseline, penalty])


def _table(rows: NDArray[np.float64], rate: float) -> pl.DataFrame:
    found = pl.DataFrame(rows, schema=list(COLUMNS)).with_columns(pl.col(*COLUMNS[:3]).cast(pl.Int64))
    return found.insert_column(3, (found["first_frame"] / rate).alias("time_s"))
