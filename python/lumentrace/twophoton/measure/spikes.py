"""Events behind calcium traces: non-negative deconvolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.base.masked import unmasked
from lumentrace.base.provenance import Provenance, Watch, content
from lumentrace.twophoton.measure.time_constants import Order, estimate_time_constants
from lumentrace.twophoton.measure.trace_blocks import blocks, positive, trace_table

Floats = NDArray[np.float64]

REASONS = (
    "",
    "a value is NaN, infinite or beyond 1e100",
    "all values are the same",
    "fewer than 3 frames",
    "no time constants: calcium does not stand out from the noise of any trace; give `tau`",
    "the search for frames with events did not end",
)
"""Why a trace has no events, by the status that the kernel tells."""
BORROWED = "time constants are the median of the other traces: its own do not stand out from noise"
CLOSEST = "even without a penalty the fit is not as close as the noise"


@dataclass(frozen=True)
class Spikes:
    """Events of regions.

    Attributes
    ----------
    spikes : ndarray
        (frames, regions): how much calcium each frame begins anew, in the unit of the traces, 0 in most frames. The
        first frame holds the calcium that was there before. NaN for regions without a result.
    baseline, sigma, penalty : ndarray
        (regions,): the level without calcium, the standard deviation of the noise, and the weight λ of the sum of
        events; in the unit of the traces.
    tau : ndarray
        (regions, order): decay, and rise, in seconds.
    rate_hz : float
        Frames per second.
    s_min : float
        Events below it were taken out.
    fitted : tuple of str
        Which of ``tau``, ``sigma``, ``baseline`` and ``penalty`` were found and not given.
    reasons : tuple of str
        Why a region has no result; empty if it has one.
    notes : tuple of str
        What else should be known of a region; mostly empty.
    provenance : Provenance
    """

    spikes: NDArray[Any] = field(repr=False)
    baseline: Floats
    sigma: Floats
    penalty: Floats
    tau: Floats
    rate_hz: float
    s_min: float
    fitted: tuple[str, ...]
    reasons: tuple[str, ...] = field(repr=False)
    notes: tuple[str, ...] = field(repr=False)
    provenance: Provenance = field(default_factory=Provenance, repr=False, compare=False, kw_only=True)

    @property
    def order(self) -> int:
        """1, or 2 if calcium takes time to rise."""
        return int(self.tau.shape[1])

    @property
    def calcium(self) -> NDArray[Any]:
        """(frames, regions): what follows from the events, without the baseline; made at each use."""
        from scipy.signal import lfilter

        made = np.empty(self.spikes.shape[::-1], self.spikes.dtype)
        for own, events, (decay, rise) in zip(made, self.spikes.T, roots(self.tau, self.rate_hz), strict=True):
            own[:] = lfilter([1.0], [1.0, -(decay + rise), decay * rise], events)
        return made.T


@unmasked
def deconvolve(
    traces: NDArray[Any],
    *,
    rate_hz: float,
    order: Order = 1,
    tau: float | Sequence[float] | NDArray[Any] | None = None,
    baseline: float | NDArray[Any] | None = None,
    sigma: float | NDArray[Any] | None = None,
    penalty: float | None = None,
    s_min: float = 0.0,
    threads: int = 0,
) -> Spikes:
    """Events s ≥ 0 of calcium traces y = b + c + noise, where c decays (and rises) after each event.

    Of all events, b and c with ‖y - b - c‖² ≤ σ² T, those of the least sum; or, with `penalty` given, those of the
    least ½ ‖y - b - c‖² + λ Σ s. The minimum is found exactly, by pools of adjacent violators for order 1 (Friedrich,
    Zhou & Paninski, PLoS Comput Biol 13 (2017) e1005423), and by exchanging frames until the conditions of the minimum
    hold for order 2. Traces are independent of each other and run in parallel.

    Parameters
    ----------
    traces : ndarray
        (frames, regions): fluorescence or dF/F. float32 stays float32; sums are in float64. Memory is that of the
        traces and of the events; ``traces.T`` of regions in C order is not copied.
    rate_hz : float
        Frames per second.
    order : {1, 2}
        2 for calcium that takes longer than a frame to rise; some ten times slower.
    tau : float, (decay, rise), or ndarray (regions, order), optional
        Time constants in seconds. By default `estimate_time_constants` finds them; traces whose own are not clear take
        the median of the others, with a note.
    baseline : float or ndarray (regions,), optional
        The level without calcium; fitted by default.
    sigma : float or ndarray (regions,), optional
        Standard deviation of the noise. By default from the power of second differences, which weighs the power
        spectrum by 16 sin⁴(π f / rate): 92 % of the weight is above a quarter of the rate. Differences beyond 2.5
        standard deviations, as there are around events, are left out.
    penalty : float, optional
        λ; chosen by the noise by default.
    s_min : float, default 0
        Take out smaller events and fit the others again without a penalty, so that they do not come out too small.
        Then a local minimum is found.
    threads : int, default 0
        One per core by default. Results do not depend on it.

    Returns
    -------
    Spikes

    Raises
    ------
    ValueError
        If `traces` has another shape, or a setting is out of range.

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
    >>> np.flatnonzero(found.spikes), found.spikes[found.spikes > 0].round(1)
    (array([ 40,  90, 150]), array([1. , 2. , 1.5]))
    """
    watch = Watch()
    table, rate = trace_table(traces), positive("rate_hz", rate_hz)
    if order not in (1, 2):
        raise ValueError(f"`order`: expected 1 or 2, found {order!r}")
    constants, borrowed = _time_constants(table, rate, order, tau)
    requests = np.column_stack(
        [
            roots(constants, rate),
            _each("sigma", sigma, table.shape[1]),
            _each("baseline", baseline, table.shape[1]),
            _each("penalty", penalty, table.shape[1]),
        ]
    )
    events = np.empty(table.shape[::-1], table.dtype.newbyteorder("="))
    figures, digests = np.empty((table.shape[1], 4)), []
    for start, block in blocks(table):
        digests.append(content(block))
        own = slice(start, start + len(block))
        figures[own] = _core.deconvolve_traces(block, requests[own], float(s_min), events[own], threads)
    status = figures[:, 3].astype(np.int64)
    closest = (figures[:, 2] == 0) & (s_min == 0) & (penalty is None)
    notes = [
        "; ".join(text for text, told in ((BORROWED, a), (CLOSEST, b)) if told)
        for a, b in zip(borrowed, closest, strict=True)
    ]
    settings = {"tau": tau, "sigma": sigma, "baseline": baseline, "penalty": penalty}
    about = {"rate_hz": rate, "order": order, **settings, "s_min": s_min}
    history = Provenance({"shape": list(table.shape), "xxh3": digests})
    return Spikes(
        events.T,
        figures[:, 0].copy(),
        figures[:, 1].copy(),
        figures[:, 2].copy(),
        constants,
        rate,
        float(s_min),
        tuple(name for name, value in settings.items() if value is None),
        tuple(REASONS[each] for each in status),
        tuple(notes),
        provenance=watch.after(history, "deconvolve", about),
    )


def roots(tau: Floats, rate: float) -> Floats:
    """Decay and rise (regions, 2) per frame; a rise of 0 for order 1."""
    found = np.exp(-1 / (tau * rate))
    return found if tau.shape[1] == 2 else np.column_stack([found, np.where(np.isnan(found), np.nan, 0.0)])


def _time_constants(
    table: NDArray[Any], rate: float, order: Order, tau: float | Sequence[float] | NDArray[Any] | None
) -> tuple[Floats, NDArray[np.bool_]]:
    """Time constants (regions, order), and whether they are those of other traces."""
    shape = (table.shape[1], order)
    if tau is not None:
        return _given(tau, rate, shape), np.zeros(shape[0], bool)
    found = estimate_time_constants(table, rate_hz=rate, order=order)
    unknown = np.isnan(found).any(axis=1)
    if not unknown.all():
        found[unknown] = np.median(found[~unknown], axis=0)
        return found, unknown
    return found, np.zeros(shape[0], bool)


def _given(tau: float | Sequence[float] | NDArray[Any], rate: float, shape: tuple[int, int]) -> Floats:
    try:
        found = np.array(np.broadcast_to(np.asarray(tau, dtype=np.float64), shape))
    except (TypeError, ValueError) as error:
        expected = f"seconds, or an array of shape {shape}"
        raise ValueError(f"`tau`: expected {expected} for order {shape[1]}, found {tau!r}") from error
    if not ((found > 0) & (np.exp(-1 / (found * rate)) < 1)).all():
        raise ValueError(f"`tau`: expected seconds above 0, up to 10¹⁵ frames, found {tau!r}")
    if shape[1] == 2 and not (found[:, 1] < found[:, 0]).all():
        raise ValueError(f"`tau`: expected a rise that is shorter than the decay, found {tau!r}")
    return found


def _each(name: str, value: float | NDArray[Any] | None, regions: int) -> Floats:
    """A number for each region; NaN if it is to be found."""
    if value is None:
        return np.full(regions, np.nan)
    try:
        found = np.broadcast_to(np.asarray(value, dtype=np.float64), (regions,))
    except (TypeError, ValueError) as error:
        raise ValueError(f"`{name}`: expected a number, or one for each of {regions} regions") from error
    if not np.isfinite(found).all():
        raise ValueError(f"`{name}`: expected finite numbers, found others")
    return found
