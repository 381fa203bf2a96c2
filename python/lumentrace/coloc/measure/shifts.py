"""Van Steensel's cross-correlation function: the correlation of two channels as one is moved over the other."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.base.masked import unmasked
from lumentrace.base.recorded import Recorded, Recorder

from ..regions.selection import channel, check_shape, inside

Floats = NDArray[np.float64]
FWHM_OF_SIGMA = 2.0 * np.sqrt(2.0 * np.log(2.0))
ROUNDING = 1e-10
"""Share of a variance that the rounding of Fourier transforms can leave of none."""


@dataclass(frozen=True)
class CrossCorrelation(Recorded):
    """Correlation over shifts.

    Attributes
    ----------
    shifts : list of ndarray
        For each axis that was moved over: shifts in pixels.
    r : ndarray
        Pearson's coefficient, one axis per moved axis; NaN where fewer than two pixels are left or a channel is
        constant.
    peak : tuple of float
        Shift of the greatest r, between pixels by a Gaussian through its neighbours; NaN if there is no r.
    r_peak : float
        The greatest r.
    fwhm : float
        Full width at half maximum of a Gaussian above a constant, fitted to r; NaN in more than one dimension or if it
        does not fit.
    trough : bool
        Whether the least r is nearer to no shift than the greatest: channels that exclude each other.
    """

    shifts: list[NDArray[np.int64]]
    r: Floats
    peak: tuple[float, ...]
    r_peak: float
    fwhm: float
    trough: bool


@unmasked
def cross_correlation(
    a: ArrayLike,
    b: ArrayLike,
    mask: ArrayLike | None = None,
    *,
    axis: int | Sequence[int] | None = -1,
    max_shift: int = 20,
) -> CrossCorrelation:
    """Correlate `a` with `b` moved by up to `max_shift` pixels along one or more axes.

    For shift s pixel p of `a` is paired with pixel p - s of `b`, so that the peak is where `b` has to be moved to lie
    on `a`; what is moved out of the image is left out, nothing wraps around. A peak away from 0 tells of a shift
    between the channels, a narrow one of structures that occur together, a trough of structures that avoid each other.

    Parameters
    ----------
    a, b : array_like
        Finite intensities, same shape.
    mask : array_like, optional
        Same shape; pixels of `a` that count.
    axis : int, sequence of int or None, default -1
        Axes to move along, together; None for all.
    max_shift : int, default 20
        In pixels.

    Returns
    -------
    CrossCorrelation

    Raises
    ------
    ValueError
        If shapes differ, for pixels that are not finite, an axis that is not there or a shift beyond the image.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.coloc import cross_correlation
    >>> a = np.exp(-np.linspace(-4, 4, 81) ** 2)
    >>> found = cross_correlation(a, np.roll(a, -3), max_shift=8)
    >>> round(found.peak[0], 1)
    3.0

    References
    ----------
    van Steensel, B. & al.: Partial colocalization of glucocorticoid and mineralocorticoid receptors in discrete
    compartments in nuclei of rat hippocampus neurons. J. Cell Sci. 109 (1996) 787. Padfield, D.: Masked object
    registration in the Fourier domain. IEEE Trans. Image Process. 21 (2012) 2706.
    """
    recorder = Recorder()
    first, second = channel("a", a), channel("b", b)
    check_shape("b", second, first.shape)
    axes = _axes(axis, first.ndim)
    if max_shift < 1 or any(first.shape[k] <= max_shift for k in axes):
        lengths = min((first.shape[k] for k in axes), default=0)
        raise ValueError(f"`max_shift`: expected 1 to {lengths - 1}, less than the image's length, found {max_shift}")
    kept = inside(mask, first.shape)
    weight = np.ones(first.shape) if kept is None else kept.astype(np.float64)
    r = _correlations(_centred("a", first), _centred("b", second), weight, axes, max_shift)
    steps = np.arange(-max_shift, max_shift + 1)
    parameters = {"axis": axis, "max_shift": max_shift}
    return recorder.told(_described(r, steps), "cross_correlation", {"a": a, "b": b, "mask": mask}, parameters)


def _axes(axis: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    wanted = range(ndim) if axis is None else [axis] if isinstance(axis, (int, np.integer)) else list(axis)
    if any(not -ndim <= k < ndim for k in wanted):
        raise ValueError(f"`axis`: expected axes of an image with {ndim}, found {axis}")
    return tuple(sorted({k % ndim for k in wanted}))


def _centred(name: str, values: NDArray[Any]) -> Floats:
    """Standardised values: sums of squares of those lose little."""
    floats = values.astype(np.float64)
    if not np.isfinite(floats).all():
        raise ValueError(f"`{name}`: expected finite pixels, found NaN or infinity")
    floats -= floats.mean() if floats.size else 0.0
    scale = np.abs(floats).max(initial=0.0)
    return floats / scale if scale > 0 else floats


def _correlations(a: Floats, b: Floats, weight: Floats, axes: tuple[int, ...], most: int) -> Floats:
    from scipy import fft

    shape = [fft.next_fast_len(a.shape[k] + most, real=True) for k in axes]
    others = tuple(k for k in range(a.ndim) if k not in axes)

    def spectrum(values: Floats) -> NDArray[np.complex128]:
        found: NDArray[np.complex128] = fft.rfftn(values, s=shape, axes=axes)
        return found

    def over_shifts(f: NDArray[np.complex128], g: NDArray[np.complex128]) -> Floats:
        summed = (f * g.conj()).sum(axis=others)
        whole = fft.irfftn(summed, s=shape)
        for k in range(whole.ndim):
            whole = np.take(whole, np.arange(-most, most + 1), axis=k)
        return np.asarray(whole)

    ones, weights = spectrum(np.ones_like(b)), spectrum(weight)
    fa, fb = spectrum(a * weight), spectrum(b)
    n = np.round(over_shifts(weights, ones))
    sum_a, sum_b = over_shifts(fa, ones), over_shifts(weights, fb)
    squares_a = over_shifts(spectrum(a * a * weight), ones)
    squares_b = over_shifts(weights, spectrum(b * b))
    with np.errstate(divide="ignore", invalid="ignore"):
        variance_a, variance_b = squares_a - sum_a**2 / n, squares_b - sum_b**2 / n
        product = over_shifts(fa, fb) - sum_a * sum_b / n
        varied = (variance_a > ROUNDING * squares_a) & (variance_b > ROUNDING * squares_b) & (n > 1)
        r = np.where(varied, product / np.sqrt(variance_a * variance_b), np.nan)
    return np.clip(r, -1.0, 1.0)


def _described(r: Floats, steps: NDArray[np.int64]) -> CrossCorrelation:
    shifts = [steps] * r.ndim
    if np.isnan(r).all():
        return CrossCorrelation(shifts, r, (np.nan,) * r.ndim, np.nan, np.nan, False)
    top = np.unravel_index(np.nanargmax(r), r.shape)
    peak = tuple(float(steps[k] + _vertex(_line(r, top, d), int(k))) for d, k in enumerate(top))
    bottom = np.unravel_index(np.nanargmin(r), r.shape)
    far = [float(np.linalg.norm(steps[list(place)])) for place in (top, bottom)]
    fwhm = _fwhm(steps, r) if r.ndim == 1 else np.nan
    return CrossCorrelation(shifts, r, peak, float(r[top]), fwhm, far[1] < far[0])


def _line(r: Floats, top: Sequence[Any], axis: int) -> Floats:
    """Values through the peak along an axis."""
    place = [slice(None) if k == axis else index for k, index in enumerate(top)]
    return np.asarray(r[tuple(place)])


def _vertex(line: Floats, k: int) -> float:
    """How far from `k` the peak of a Gaussian through three values is; of a parabola, if one is not positive."""
    if k in (0, len(line) - 1):
        return 0.0
    values = line[k - 1 : k + 2]
    left, middle, right = np.log(values) if (values > 0).all() else values
    bend = left - 2 * middle + right
    return float(0.5 * (left - right) / bend) if bend < 0 else 0.0


def _fwhm(steps: NDArray[np.int64], r: Floats) -> float:
    from scipy.optimize import OptimizeWarning, curve_fit

    known = np.isfinite(r)
    if known.sum() < 5:
        return float("nan")
    x, y = steps[known].astype(np.float64), r[known]
    start = (float(x[y.argmax()]), max(1.0, float(np.ptp(x)) / 8), float(np.ptp(y)), float(y.min()))

    def gaussian(x: Floats, centre: float, sigma: float, height: float, base: float) -> Floats:
        return np.asarray(base + height * np.exp(-((x - centre) ** 2) / (2 * sigma**2)))

    with warnings.catch_warnings():
        # The covariance of the fit is not used.
        warnings.simplefilter("ignore", OptimizeWarning)
        try:
            (centre, sigma, height, _), _ = curve_fit(gaussian, x, y, p0=start, maxfev=2000)
        except RuntimeError:
            return float("nan")
    within = height > 0 and x[0] <= centre <= x[-1] and FWHM_OF_SIGMA * abs(sigma) < 2 * np.ptp(x)
    return float(FWHM_OF_SIGMA * abs(sigma)) if within else float("nan")
