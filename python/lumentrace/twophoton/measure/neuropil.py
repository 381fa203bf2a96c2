"""Light of the surroundings in the fluorescence of regions, and how much of it to take away."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace.base.masked import unmasked
from lumentrace.base.polars import pl
from lumentrace.base.provenance import Provenance, Watch
from lumentrace.twophoton.measure.trace_blocks import positive
from lumentrace.twophoton.measure.traces import BackgroundCorrectedRoiTraces

Floats = NDArray[np.float64]

LEAST_FRAMES = 200
"""Fewer frames hold too few changes of the neuropil."""
CLIP = 2.0
"""Standard deviations from the middle beyond which a frame has no part in the fit."""
KEPT_SLOPE = 0.7737
"""(P - 2 k φ(k)) / P for normal numbers within k = CLIP standard deviations: how much a clipped fit falls short."""
BLOCKS = 20
"""Pieces of a trace that are left out in turn."""
ROUNDS = 60
SETTLED = 1e-5
LEAST_SIGNAL = 0.2
"""Share of the variance of the neuropil that must not be noise."""
NORMAL = 1.482602218505602


@dataclass(frozen=True)
class NeuropilFit:
    """How much of the neuropil is in each region.

    Attributes
    ----------
    coefficients, standard_errors : ndarray
        (regions,); NaN where it cannot be told.
    reasons : tuple of str
        Why not; empty if it can.
    """

    coefficients: Floats
    standard_errors: Floats
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class NeuropilCorrectedTraces:
    """Fluorescence of regions, less that of their neuropil.

    Attributes
    ----------
    corrected_values, neuropil_values : ndarray
        (frames, regions): F - r N, and N.
    coefficients, standard_errors : ndarray
        (regions,): r, and how sure it is; the error of a given coefficient is 0.
    reasons : tuple of str
        Why a region has no values; empty if it has.
    labels : tuple of str
    start_frame, stop_frame : int
    method : str
        How the background was found.
    provenance : Provenance
    """

    corrected_values: Floats = field(repr=False)
    neuropil_values: Floats = field(repr=False)
    coefficients: Floats
    standard_errors: Floats
    reasons: tuple[str, ...]
    labels: tuple[str, ...]
    start_frame: int
    stop_frame: int
    method: str
    provenance: Provenance = field(default_factory=Provenance, repr=False, compare=False, kw_only=True)

    def table(self) -> pl.DataFrame:
        """A row for each region: its coefficient, how sure it is, and why there is none (NaN)."""
        return pl.DataFrame(
            {
                "number": np.arange(1, len(self.labels) + 1),
                "roi_label": pl.Series(self.labels, dtype=pl.String),
                "coefficient": self.coefficients,
                "standard_error": self.standard_errors,
                "remarks": pl.Series(self.reasons, dtype=pl.String),
            }
        )


@unmasked
def fit_neuropil(
    fluorescence: NDArray[Any],
    neuropil: NDArray[Any],
    *,
    rate_hz: float,
    slow_seconds: float = 30.0,
    fast_seconds: float = 0.5,
) -> NeuropilFit:
    """The coefficient r in F = F₀ + r N + calcium + noise, for each region.

    Both traces are averaged over `fast_seconds`, less their averages over `slow_seconds`, so that bleaching and noise
    count little. The line through them is fitted to the frames within 2 standard deviations of it, again and again
    until it stays: the frames of transients have no part in it. Standard deviations are those of the lower half, which
    holds no transients. The slope is divided by the share of the variance of N that is not noise. Standard errors are
    by the jackknife: all of it again without each of 20 pieces of the recording, as frames are not independent.

    What the neuropil and the calcium of a cell have in common in most frames, not in single transients, cannot be told
    from neuropil in the cell.

    Parameters
    ----------
    fluorescence, neuropil : ndarray
        (frames, regions): of regions, and of the annuli around them.
    rate_hz : float
        Frames per second.
    slow_seconds, fast_seconds : float
        Between these, the neuropil must change.

    Returns
    -------
    NeuropilFit

    Raises
    ------
    ValueError
        If shapes differ, or a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.ndimage import gaussian_filter1d
    >>> from lumentrace import twophoton
    >>> random = np.random.default_rng(0)
    >>> neuropil = 50 + 100 * gaussian_filter1d(random.normal(size=(3000, 1)), 15, axis=0)
    >>> region = 80 + 0.6 * neuropil + random.normal(0, 2, (3000, 1))
    >>> region[1000:1030] += 40
    >>> fit = twophoton.fit_neuropil(region, neuropil, rate_hz=30.0)
    >>> fit.coefficients.round(1), bool(fit.standard_errors[0] < 0.02)
    (array([0.6]), True)
    """
    regions, surroundings = np.asarray(fluorescence, np.float64), np.asarray(neuropil, np.float64)
    for name, table in (("fluorescence", regions), ("neuropil", surroundings)):
        if table.ndim != 2:
            raise ValueError(f"`{name}`: expected shape (frames, regions), found {table.shape}")
    if regions.shape != surroundings.shape:
        raise ValueError(
            f"`fluorescence`, `neuropil`: expected equal shapes, found {regions.shape} and {surroundings.shape}"
        )
    rate = positive("rate_hz", rate_hz)
    slow, fast = (positive(*pair) * rate for pair in (("slow_seconds", slow_seconds), ("fast_seconds", fast_seconds)))
    if slow <= 2 * fast:
        raise ValueError(f"`slow_seconds`: expected more than twice {fast_seconds:g}, found {slow_seconds!r}")
    widths = (max(round(fast), 1), max(round(slow), 3))
    found = [_fit(*pair, widths) for pair in zip(regions.T, surroundings.T, strict=True)]
    coefficients, errors = (np.array([each[place] for each in found], float) for place in (0, 1))
    return NeuropilFit(coefficients, errors, tuple(each[2] for each in found))


def subtract_neuropil(
    traces: BackgroundCorrectedRoiTraces,
    neuropil: BackgroundCorrectedRoiTraces,
    *,
    rate_hz: float,
    coefficient: float | None = None,
) -> NeuropilCorrectedTraces:
    """F - r N, with r fitted to each region or given.

    Parameters
    ----------
    traces, neuropil : BackgroundCorrectedRoiTraces
        From `extract_background_corrected_roi_traces`, of regions and of their `neuropil_roi_set`, of the same frames.
    rate_hz : float
        Frames per second.
    coefficient : float, optional
        Take this for all regions; 0.7 is widely used. By default `fit_neuropil` finds one for each, and regions for
        which it cannot are NaN, with a reason.

    Returns
    -------
    NeuropilCorrectedTraces
        To be given to `compute_roi_delta_f_over_f` or `rolling_delta_f_over_f`.

    Raises
    ------
    ValueError
        If regions or frames differ, or a setting is out of range.
    """
    watch = Watch()
    one, other = ((each.labels, each.start_frame, each.stop_frame) for each in (traces, neuropil))
    if one != other:
        raise ValueError("`neuropil`: expected the regions and frames of `traces`, found others")
    if coefficient is None:
        fit = fit_neuropil(traces.corrected_values, neuropil.corrected_values, rate_hz=rate_hz)
    else:
        fit = _given(coefficient, neuropil.corrected_values)
    about = {"rate_hz": rate_hz, "coefficient": coefficient}
    return NeuropilCorrectedTraces(
        traces.corrected_values - fit.coefficients * neuropil.corrected_values,
        neuropil.corrected_values,
        fit.coefficients,
        fit.standard_errors,
        fit.reasons,
        traces.labels,
        traces.start_frame,
        traces.stop_frame,
        traces.method,
        provenance=watch.after(traces.provenance, "subtract_neuropil", about),
    )


def _given(coefficient: float, neuropil: Floats) -> NeuropilFit:
    if not np.isfinite(coefficient):
        raise ValueError(f"`coefficient`: expected a finite number, found {coefficient!r}")
    known = np.asarray(np.isfinite(neuropil).all(axis=0))
    reasons = tuple("" if own else "the neuropil is not finite: has its annulus no pixels?" for own in known)
    return NeuropilFit(np.where(known, float(coefficient), np.nan), np.where(known, 0.0, np.nan), reasons)


def _fit(region: Floats, neuropil: Floats, widths: tuple[int, int]) -> tuple[float, float, str]:
    """Coefficient, standard error, and why there is none."""
    if len(region) < LEAST_FRAMES:
        return np.nan, np.nan, f"fewer than {LEAST_FRAMES} frames"
    if not np.isfinite(neuropil).all():
        return np.nan, np.nan, "the neuropil is not finite: has its annulus no pixels?"
    if not np.isfinite(region).all():
        return np.nan, np.nan, "a value of the fluorescence is not finite"
    x, y = (_band(values, *widths) for values in (neuropil, region))
    rough = np.abs(np.diff(neuropil, 2))
    signal = _signal(x, rough, *widths)
    if not signal > LEAST_SIGNAL:
        return np.nan, np.nan, "the neuropil does not change beyond its noise"
    slope = _line(x, y, _first_slope(x, y))
    error = _error(x, y, rough, slope, widths) if np.isfinite(slope) else np.nan
    if not np.isfinite(error):
        return np.nan, np.nan, "no line through fluorescence and neuropil"
    return slope / signal, error, ""


def _band(values: Floats, fast: int, slow: int) -> Floats:
    centred = values - values.mean()
    means = [ndimage.uniform_filter1d(centred, width, mode="nearest") for width in (fast, slow)]
    return np.asarray(means[0] - means[1])


def _signal(x: Floats, rough: Floats, fast: int, slow: int) -> float:
    """Share of the variance of the neuropil's band that is not noise, whose size the second differences tell."""
    variance = float(x @ x) / len(x)
    noise = NORMAL * float(np.median(rough)) / np.sqrt(6)
    return float(1 - noise**2 * (1 / fast - 1 / slow) / variance) if variance > 0 else 0.0


def _line(x: Floats, y: Floats, slope: float) -> float:
    """Slope through the frames within CLIP standard deviations, from a first one on; NaN if there is none."""
    for _ in range(ROUNDS):
        left = y - slope * x
        middle, low = np.quantile(left, [0.5, 0.5 - 0.3413447460685429])
        for _ in range(5):
            # The middle of what is not clipped, so that transients do not move it.
            kept = np.abs(left - middle) <= CLIP * (middle - low)
            if not kept.any():
                return np.nan
            middle = float(left[kept].mean())
        own, values = x[kept] - x[kept].mean(), left[kept]
        square = float(own @ own)
        if not square > 0:
            return np.nan
        step = float(own @ values) / square / KEPT_SLOPE
        slope += step
        if abs(step) < SETTLED:
            break
    return slope


def _first_slope(x: Floats, y: Floats) -> float:
    """Median of slopes of y over x between a frame and one a third of the recording later."""
    far = len(x) // 3
    across, up = x[far:] - x[:-far], y[far:] - y[:-far]
    wide = np.abs(across) >= np.median(np.abs(across))
    wide &= across != 0
    return float(np.median(up[wide] / across[wide])) if wide.any() else 0.0


def _error(x: Floats, y: Floats, rough: Floats, slope: float, widths: tuple[int, int]) -> float:
    """Standard error of the coefficient by the jackknife: all is fitted again without each piece of the recording."""
    found = []
    for piece in np.array_split(np.arange(len(x)), BLOCKS):
        own, values = np.delete(x, piece), np.delete(y, piece)
        share = _signal(own, np.delete(rough, piece[piece < len(rough)]), *widths)
        found.append(_line(own, values, slope) / share)
    return float(np.std(found) * np.sqrt(BLOCKS - 1))
