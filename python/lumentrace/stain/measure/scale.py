"""The autofluorescence scale: how many times brighter unstained tissue is in the stained image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize

from lumentrace.base.recorded import Recorded
from lumentrace.engine.progress import each
from lumentrace.stain.measure.histograms import Histograms

Floats = NDArray[np.float64]

EXO2MICRO_BINS = 200
SMOOTH = 7
"""Bins of the running mean of the fitted histogram."""
NEAR_ONE = 3
"""In exo2micro's way of counting, bins so near to a ratio of 1 are left out."""
SPREADS = 4.0
"""Ratios are looked at within so many robust standard deviations of their median."""
EVALUATIONS = 10000
SHIFTS = 3
"""How often the part of the histogram that is fitted is moved with the peak."""
CORE = 0.6
"""The fit sees so much of the half-width above the peak."""
LESS, MORE = 0.2, 1.2
"""Other shares: how much they change the peak tells what stain does to it."""
CROWDED, FULL = 0.48, 2.7
"""How many of its widths stain moves the peak, for as many stained as plain pixels, and where that levels off.

Measured with 0 to 2500 spots on 512 x 512 pixels.
"""
DOUBTED = 2 / 3
"""Share of that shift that the standard error allows for: stain of other brightness moves the peak more or less."""
ONE_SIGMA = 0.3173
"""Share of a normal distribution beyond one standard deviation."""
RESAMPLES = 60
SEED = 1872
LEAST = 200
"""Fewer ratios than this give no scale."""
BETA = (1.0, 20.0)
AVERAGED = 0.67
"""Variance that cubic interpolation leaves of the pre-stain image's noise, the mean over places between pixels."""
TUKEY = 2.5
ROUNDS = 30
PLAIN = 1e-9
NUMBERS = ("value", "error", "offset", "texture", "texture_error")


@dataclass(frozen=True)
class Scale(Recorded):
    """A scale and how it came about.

    Attributes
    ----------
    value : float
        Brightness of unstained tissue in the post-stain image over that in the pre-stain image.
    error : float
        Its standard error, from resampling parts of the image; NaN if not estimated.
    offset : float
        Counts that the post-stain image has everywhere, 0 unless they were fitted.
    texture, texture_error : float
        The same by the fine texture of both images, which stain of its own texture does not move, and its standard
        error; NaN if not measured.
    method : str
        'moffat', 'line', 'percentile_p50', 'manual', ...
    status : str
        'converged', or what is odd about the fit.
    centres, counts, fitted : ndarray
        Of the histogram of log10 ratios: centres of bins, smoothed counts, and the fitted curve.
    provenance : Provenance
        How it came about, if it is that of `Subtraction` or of a run.
    """

    value: float
    error: float
    offset: float
    method: str
    status: str
    centres: Floats = field(default_factory=lambda: np.empty(0), repr=False)
    counts: Floats = field(default_factory=lambda: np.empty(0), repr=False)
    fitted: Floats = field(default_factory=lambda: np.empty(0), repr=False)
    texture: float = field(default=np.nan, repr=False)
    texture_error: float = field(default=np.nan, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, without the histogram."""
        numbers = {name: getattr(self, name) for name in NUMBERS}
        plain = {name: value if np.isfinite(value) else None for name, value in numbers.items()}
        return {**plain, "method": self.method, "status": self.status}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Self:
        """The scale that `to_dict` made plain values of; arrays may be among them."""
        numbers = {name: np.nan if found.get(name) is None else found[name] for name in NUMBERS}
        return cls(**{**found, **numbers})


def moffat(histograms: Histograms, exo2micro: bool = False) -> Scale:
    """The most frequent ratio, by a Moffat function fitted to the histogram of logarithms.

    New stain makes ratios larger: the fit sees the whole side below the peak, and of the side above it only the top.

    Parameters
    ----------
    histograms : Histograms
    exo2micro : bool, default False
        As exo2micro does: 200 bins over all ratios, without those next to 1, and the side below the peak with its
        mirror image, which pins the result to the middle of the highest bin.

    Raises
    ------
    ValueError
        If there are too few ratios.
    """
    total = _enough(histograms)
    if exo2micro:
        counts, edges = _exo2micro_bins(total, histograms.edges)
        mode, status, fitted = _mirrored(counts, edges)
        centres = (edges[:-1] + edges[1:]) / 2
        return Scale(10**mode, np.nan, 0.0, "moffat", status, centres, counts, fitted)
    inside = _inside(total, histograms.edges)
    edges = histograms.edges[inside.start : inside.stop + 1]
    mode, status, found = _mode(total[inside].astype(np.float64), edges)
    half = found[2] * np.sqrt(2 ** (1 / found[3]) - 1)
    bias = _lean(10**mode, half)
    crowd = _crowding(total, histograms.edges, mode)
    other = [_mode(total[inside].astype(np.float64), edges, found, core)[0] for core in (LESS, MORE)]
    error = np.hypot(_spread(histograms.ratios[:, inside], edges, found), max(abs(peak - mode) for peak in other))
    centres = (edges[:-1] + edges[1:]) / 2
    fitted = _moffat(centres, *found)
    value = 10 ** (mode - bias - crowd)
    error = float(value * np.log(10) * np.linalg.norm([error, bias / 2, crowd * DOUBTED]))
    return Scale(value, error, 0.0, "moffat", status, centres, _smooth(total[inside]), fitted)


def _exo2micro_bins(total: NDArray[np.int64], edges: Floats) -> tuple[Floats, Floats]:
    """Fine bins gathered into 200 from the least to the greatest ratio."""
    held = np.flatnonzero(total)
    low, high = edges[held[0]], edges[held[-1] + 1]
    wide = np.linspace(low, high, EXO2MICRO_BINS + 1)
    until = np.concatenate([[0], np.cumsum(total)])
    return np.diff(np.interp(wide, edges, until)), wide


def _inside(total: NDArray[np.int64], edges: Floats) -> slice:
    """Bins within some robust standard deviations of the median."""
    median = _quantile(total, edges, 0.5)
    spread = (_quantile(total, edges, 0.75) - _quantile(total, edges, 0.25)) / 1.349
    width = edges[1] - edges[0]
    reach = max(SPREADS * spread, 2 * SMOOTH * width)
    first, last = np.searchsorted(edges, [median - reach, median + reach])
    return slice(max(int(first) - 1, 0), min(int(last), len(total)))


def _quantile(total: NDArray[np.int64], edges: Floats, share: float) -> float:
    """Quantile of a histogram, by linear interpolation within the bin."""
    until = np.concatenate([[0], np.cumsum(total)]).astype(np.float64)
    return float(np.interp(share * until[-1], until, edges))


def _smooth(counts: NDArray[Any]) -> Floats:
    return np.asarray(ndimage.uniform_filter1d(counts.astype(np.float64), SMOOTH, mode="constant"))


def _mirrored(counts: Floats, edges: Floats) -> tuple[float, str, Floats]:
    """Peak of the side below the highest bin and its mirror image; how the fit ended, and the curve."""
    centres = (edges[:-1] + edges[1:]) / 2
    near = NEAR_ONE * (edges[1] - edges[0])
    height = _smooth(counts)
    height[np.abs(centres) <= near] = 0
    peak = centres[int(height.argmax())]
    side = (centres <= peak) & (np.abs(centres) > near)
    mirror = 2 * peak - centres[side]
    kept = np.abs(mirror) > near
    x, y = np.concatenate([centres[side], mirror[kept]]), np.concatenate([height[side], height[side][kept]])
    first = [height.max(), peak, max(peak - edges[0], 0.1) / 3, 2.5]
    found, status = _fitted(x, y, first, edges)
    return float(found[1]), status, _moffat(centres, *found)


def _mode(counts: Floats, edges: Floats, start: Floats | None = None, core: float = CORE) -> tuple[float, str, Floats]:
    """Peak of the histogram, how the fit ended, and the curve's parameters."""
    centres = (edges[:-1] + edges[1:]) / 2
    height = _smooth(counts)
    if start is None:
        top = int(height.argmax())
        below = centres[: top + 1][height[: top + 1] <= height[top] / 2]
        half = max(centres[top] - below[-1] if below.size else 0.0, SMOOTH * (edges[1] - edges[0]))
        start = np.array([height[top], centres[top], 1.5 * half, 2.5])
    found, status = start, ""
    for _ in range(SHIFTS):
        half = found[2] * np.sqrt(2 ** (1 / found[3]) - 1)
        used = centres <= found[1] + core * half
        found, status = _fitted(centres[used], height[used], found, edges)
    return float(found[1]), status, found


def _fitted(x: Floats, y: Floats, start: Any, edges: Floats) -> tuple[Floats, str]:
    """Parameters of a Moffat function through points, and how the fit ended."""
    low, high = float(edges[0]), float(edges[-1])
    bounds = ([0, low, 1e-6, BETA[0]], [np.inf, high, max(high - low, 2e-6), BETA[1]])
    first = [float(np.clip(value, least, most)) for value, least, most in zip(start, *bounds, strict=True)]
    units = [max(first[0], 1), first[2], first[2], 1]
    try:
        found, _ = optimize.curve_fit(
            _moffat, x, y, first, bounds=bounds, max_nfev=EVALUATIONS, x_scale=units, jac=_moffat_slopes
        )
    except (RuntimeError, ValueError) as error:
        return np.asarray(first), f"no fit ({error}); the highest bin"
    if min(found[3] - BETA[0], BETA[1] - found[3]) < 1e-6:
        return found, f"converged with beta at its bound {found[3]:g}"
    return found, "converged"


def _moffat(x: Floats, top: float, middle: float, width: float, beta: float) -> Floats:
    return np.asarray(top * (1 + ((x - middle) / width) ** 2) ** -beta)


def _moffat_slopes(x: Floats, top: float, middle: float, width: float, beta: float) -> Floats:
    """Derivatives of the function by its parameters, a column each."""
    away = (x - middle) / width
    shape = (1 + away**2) ** -beta
    steep = 2 * beta * top * shape * away / (1 + away**2) / width
    return np.column_stack([shape, steep, steep * away, -top * shape * np.log1p(away**2)])


def _lean(ratio: float, half: float) -> float:
    """How far noise moves the peak of logarithms, in decades.

    Where a number has a relative variance v, the peak of its logarithm lies v above the logarithm of the number: that
    of the post-stain image moves the peak of ratios up, that of the pre-stain image down. Noise is that of photons.
    """
    share = ratio * AVERAGED
    variance = np.log(10) * (half / np.sqrt(2 * np.log(2))) ** 2
    return float(variance * (1 - share) / (1 + share))


def _crowding(total: NDArray[np.int64], edges: Floats, mode: float) -> float:
    """How far faint stain under the peak moves it, in decades.

    Stain makes ratios larger, so that the side below the peak tells how many pixels have none, and how wide their
    peak is; what is more above it is stain, and moves the peak in proportion to its share.
    """
    below = float(np.interp(mode, edges, np.concatenate([[0], np.cumsum(total)])))
    plain = min(2 * below / float(total.sum()), 1.0)
    width = mode - _quantile(total, edges, plain / 2 * ONE_SIGMA)
    stained = (1 - plain) / plain
    return float(CROWDED * stained / (1 + (stained / FULL) ** 2) * width)


def _spread(ratios: NDArray[np.uint32], edges: Floats, found: Floats) -> float:
    """Standard error of the peak, from parts of the image drawn again and again."""
    held = ratios[ratios.sum(axis=1) > 0].astype(np.float64)
    if len(held) < 4:
        return float("nan")
    random = np.random.default_rng(SEED)
    drawn = random.multinomial(len(held), np.full(len(held), 1 / len(held)), size=RESAMPLES)
    modes = [_mode(weights @ held, edges, found)[0] for weights in each(list(drawn.astype(np.float64)))]
    return float(np.std(modes, ddof=1))


def _enough(histograms: Histograms) -> NDArray[np.int64]:
    """Ratios per bin over all brightnesses; ValueError if they are too few."""
    total: NDArray[np.int64] = histograms.ratios.sum(axis=0, dtype=np.int64)
    if total.sum() < LEAST:
        raise ValueError(f"expected at least {LEAST} pixels bright enough in both images, found {total.sum()}")
    return total


def percentile(histograms: Histograms, share: float) -> Scale:
    """The percentile of all ratios.

    Raises
    ------
    ValueError
        If there are too few ratios.
    """
    total = _enough(histograms)
    value = 10 ** _quantile(total, histograms.edges, share / 100)
    return Scale(float(value), np.nan, 0.0, f"percentile_p{share:g}", "converged")


def manual(value: float) -> Scale:
    """A scale that was given."""
    return Scale(float(value), 0.0, 0.0, "manual", "given")


def line(histograms: Histograms, slope: float, error: float) -> Scale:
    """The line post = slope * pre + offset through most pixels, of a known slope (see `texture_slope`).

    Pixels far from the line, with stain, do not count.

    Raises
    ------
    ValueError
        If there are too few pixels.
    """
    tall, wide = histograms.most
    bins = histograms.joint.shape[0]
    post = (np.arange(bins) + 0.5) * tall / bins
    pre = (np.arange(bins) + 0.5) * wide / bins
    if tall == bins * round(tall / bins):
        post, pre = post - 0.5 * tall / bins, pre - 0.5 * wide / bins
    rows, columns = np.nonzero(histograms.joint)
    bright = (pre[columns] >= histograms.floor) & (post[rows] > 0)
    left = post[rows[bright]] - slope * pre[columns[bright]]
    n = histograms.joint[rows[bright], columns[bright]].astype(np.float64)
    if n.sum() < LEAST:
        raise ValueError(f"expected at least {LEAST} pixels bright enough in both images, found {n.sum():.0f}")
    offset = _weighted_median(left, n)
    for _ in range(ROUNDS):
        spread = max(1.4826 * _weighted_median(np.abs(left - offset), n), PLAIN)
        weights = n * np.maximum(1 - ((left - offset) / (TUKEY * spread)) ** 2, 0) ** 2
        before, offset = offset, float(weights @ left / weights.sum())
        if abs(offset - before) < 1e-9 * spread:
            break
    return Scale(slope, error, offset, "line", "converged")


def _weighted_median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values)
    until = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(until, until[-1] / 2)])
