"""Correlation and co-occurrence of two channels, each as a function of two arrays.

Common to all: channels of any shape, memory order and real type, without a float copy of whole numbers; sums of whole
numbers (up to 16 bits, or 65 536 neighbouring levels) are exact, those of others are float64 in a fixed order, so that
results do not depend on threads or memory layout. What cannot be measured is NaN: fewer than two pixels, a constant
channel (least value equal to the greatest, not a tiny standard deviation), pixels that are not finite.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace import _core
from lumentrace.base.masked import unmasked
from lumentrace.base.recorded import Recorded, Recorder

from ..regions.selection import Selection, select

PEARSON, SPEARMAN, ICQ, MANDERS = 1, 2, 4, 8
SEARCHES = ("grid", "exact", "exact-orthogonal", "bisection")
STATUSES = ("crossed", "never", "slope<=0", "degenerate", "empty")


@dataclass(frozen=True)
class Costes(Recorded):
    """Thresholds of Costes' method and how they were found.

    Attributes
    ----------
    threshold_a, threshold_b : float
    slope, intercept : float
        Line through the pixels, b = slope · a + intercept; NaN unless the status is 'crossed' or 'never'.
    r_below : float
        Correlation of the pixels at or below a threshold; NaN unless the status is 'crossed'.
    status : {'crossed', 'never', 'slope<=0', 'degenerate', 'empty'}
        'crossed': r falls to 0 at the thresholds. 'never': it does not, thresholds are the minima. 'slope<=0': the
        channels do not rise together, thresholds are the maxima. 'degenerate': fewer than two pixels, a constant
        channel or pixels that are not finite. 'empty': no pixel, thresholds are NaN.
    """

    threshold_a: float
    threshold_b: float
    slope: float
    intercept: float
    r_below: float
    status: str


@unmasked
def pearson(
    a: ArrayLike, b: ArrayLike, mask: ArrayLike | None = None, *, nan_policy: str = "propagate"
) -> tuple[float, float]:
    """Pearson's correlation coefficient (PCC) and its p-value.

    r = Σ(a - ā)(b - b̄) / √(Σ(a - ā)² Σ(b - b̄)²); p is two-tailed for independent pixels. Neighbouring pixels of an
    image are not independent: see `lumentrace.coloc.corrected_pvalue`.

    Parameters
    ----------
    a, b : array_like
        Intensities of both channels, same shape.
    mask : array_like, optional
        Same shape; pixels other than 0 count.
    nan_policy : {'propagate', 'omit', 'raise'}, default 'propagate'
        What NaN and infinite pixels do: make the result NaN, be left out, raise `ValueError`.

    Returns
    -------
    r, p : float
        NaN if they cannot be measured. Of two pixels p is 1.

    Raises
    ------
    ValueError
        If shapes differ.
    TypeError
        If a channel holds no real numbers.

    Examples
    --------
    >>> from lumentrace.coloc import pearson
    >>> r, p = pearson([1, 2, 3, 5], [1, 3, 2, 6])
    >>> round(r, 4), round(p, 4)
    (0.9035, 0.0965)

    References
    ----------
    Manders, E. M. M., Stap, J., Brakenhoff, G. J., van Driel, R., Aten, J. A.: Dynamics of three-dimensional
    replication patterns during the S-phase, analysed by double labelling of DNA and confocal microscopy. J. Cell Sci.
    103 (1992) 857.
    """
    row = _measure(select(a, b, mask, nan_policy), PEARSON)
    return float(row[1]), float(row[2])


@unmasked
def spearman(
    a: ArrayLike, b: ArrayLike, mask: ArrayLike | None = None, *, nan_policy: str = "propagate"
) -> tuple[float, float]:
    """Spearman's rank correlation coefficient (SRCC) and its p-value.

    Pearson's coefficient of the ranks; equal pixels share the mean of theirs. Levels are counted, not sorted.

    Parameters
    ----------
    a, b, mask, nan_policy
        As of `pearson`.

    Returns
    -------
    rho, p : float
        NaN if they cannot be measured. Of two pixels rho is -1 or 1 and p is NaN.

    Examples
    --------
    >>> from lumentrace.coloc import spearman
    >>> rho, p = spearman([1, 2, 3, 5], [1, 4, 9, 25])
    >>> rho
    1.0

    References
    ----------
    French, A. P., Mills, S., Swarup, R., Bennett, M. J., Pridmore, T. P.: Colocalization of fluorescent markers in
    confocal microscope images of plant cells. Nat. Protoc. 3 (2008) 619.
    """
    row = _measure(select(a, b, mask, nan_policy), SPEARMAN)
    return float(row[3]), float(row[4])


@unmasked
def li_icq(a: ArrayLike, b: ArrayLike, mask: ArrayLike | None = None, *, nan_policy: str = "propagate") -> float:
    """Li's intensity correlation quotient (ICQ).

    The share of pixels on the same side of both means, less ½: -0.5 for segregated, 0 for random, 0.5 for dependent
    staining. Pixels that equal a mean count neither in the numerator nor in the denominator, as the documentation of
    the function says; Coloc 2 counts them as on the same side and divides by all pixels.

    Parameters
    ----------
    a, b, mask, nan_policy
        As of `pearson`.

    Returns
    -------
    float
        -0.5 to 0.5, or NaN.

    Examples
    --------
    >>> from lumentrace.coloc import li_icq
    >>> li_icq([1, 2, 3, 6], [1, 3, 2, 8])
    0.5

    References
    ----------
    Li, Q. & al.: A syntaxin 1, Gαo, and N-type calcium channel complex at a presynaptic nerve terminal. J. Neurosci. 24
    (2004) 4070.
    """
    return float(_measure(select(a, b, mask, nan_policy), ICQ)[5])


@unmasked
def manders(
    a: ArrayLike,
    b: ArrayLike,
    threshold_a: float,
    threshold_b: float,
    mask: ArrayLike | None = None,
    *,
    nan_policy: str = "propagate",
) -> tuple[float, float]:
    """Manders' coefficients (MCC).

    m1 = Σ a where b > threshold_b / Σ a, and m2 likewise: of each channel the share of all its intensity that lies
    where the other one is above its threshold (not at it). The channel's own threshold does not matter for its
    coefficient.

    Parameters
    ----------
    a, b : array_like
        Intensities of both channels, same shape.
    threshold_a, threshold_b : float
        A threshold of NaN makes the coefficient that it decides NaN.
    mask, nan_policy
        As of `pearson`.

    Returns
    -------
    m1, m2 : float
        0 to 1. Both are NaN without pixels or if either channel sums to 0; a channel with a negative pixel has NaN. It
        never raises for what the pixels hold.

    Examples
    --------
    >>> from lumentrace.coloc import manders
    >>> manders([0, 1, 3, 4], [0, 0, 2, 2], threshold_a=0, threshold_b=0)
    (0.875, 1.0)

    References
    ----------
    Manders, E. M. M., Verbeek, F. J., Aten, J. A.: Measurement of co-localization of objects in dual-colour confocal
    images. J. Microsc. 169 (1993) 375.
    """
    selected = select(a, b, mask, nan_policy)
    row = _measure(selected, MANDERS, thresholds=(float(threshold_a), float(threshold_b)))
    return float(row[6]), float(row[7])


@unmasked
def costes_threshold(
    a: ArrayLike, b: ArrayLike, mask: ArrayLike | None = None, n_steps: int | None = 256
) -> tuple[float, float]:
    """Costes' automatic thresholds.

    A line b = m·a + c is fitted by least squares. From the maximum of `a` down in `n_steps` equal steps, the first
    level t with r <= 0 among the pixels with a <= t or b <= m·t + c gives the thresholds (t, m·t + c). If there is none
    they are (min a, min b), as documented; the reference implementation returns the last level it tried instead. One
    pixel, a constant channel or m <= 0 give (max a, max b). No pixel gives NaN, as do pixels that are not finite; the
    status of `costes` tells which.

    Parameters
    ----------
    a, b, mask
        As of `pearson`.
    n_steps : int or None, default 256
        None looks at every level at which the set of pixels below changes, and returns the greatest with r <= 0: the
        result no longer depends on a grid.

    Returns
    -------
    threshold_a, threshold_b : float

    Raises
    ------
    ValueError
        If shapes differ or `n_steps` is below 1 or above 2²⁰.

    See Also
    --------
    costes : The same with its status, and other searches.

    Examples
    --------
    >>> from lumentrace.coloc import costes_threshold, make_sample_data
    >>> (a, *_), (b, *_) = make_sample_data()
    >>> threshold_a, threshold_b = costes_threshold(a, b)
    >>> bool(a.min() < threshold_a < a.max())
    True

    References
    ----------
    Costes, S. V., Daelemans, D., Cho, E. H., Dobbin, Z., Pavlakis, G., Lockett, S.: Automatic and quantitative
    measurement of protein-protein colocalization in live cells. Biophys. J. 86 (2004) 3993.
    """
    steps = checked_steps(n_steps)
    found = _search(select(a, b, mask), "grid" if steps else "exact", steps)
    return found.threshold_a, found.threshold_b


@unmasked
def costes(
    a: ArrayLike,
    b: ArrayLike,
    mask: ArrayLike | None = None,
    n_steps: int | None = 256,
    *,
    search: str = "grid",
    nan_policy: str = "propagate",
) -> Costes:
    """Costes' automatic thresholds, with the line they are on and what came of the search.

    Parameters
    ----------
    a, b, mask, nan_policy
        As of `pearson`.
    n_steps : int or None, default 256
        Steps of the grid; None means the search 'exact'.
    search : {'grid', 'exact', 'exact-orthogonal', 'bisection'}, default 'grid'
        'grid': as `costes_threshold`. 'exact': the greatest of all levels with r <= 0 below it. 'exact-orthogonal': the
        same along the principal axis, as in Costes' paper. 'bisection': whole-number thresholds along the principal
        axis as Coloc 2 finds them; for integer images only, since it stops at steps below 1. r is not monotonous, so
        that a bisection may stop at any of several crossings. Other searches than 'grid' give NaN where there is no
        threshold.

    Returns
    -------
    Costes

    Examples
    --------
    >>> from lumentrace.coloc import costes, make_sample_data
    >>> (a, *_), (b, *_) = make_sample_data()
    >>> costes(a, b, search="exact").status
    'crossed'
    """
    recorder = Recorder()
    steps = checked_steps(n_steps)
    if search not in SEARCHES:
        raise ValueError(f"`search`: expected one of {', '.join(SEARCHES)}, found {search!r}")
    if steps is None and search == "grid":
        search = "exact"
    found = _search(select(a, b, mask, nan_policy), search, steps)
    parameters = {"n_steps": steps, "search": search, "nan_policy": nan_policy}
    return recorder.told(found, "costes", {"a": a, "b": b, "mask": mask}, parameters)


def _search(selected: Selection, search: str, steps: int | None) -> Costes:
    row = _measure(selected, MANDERS, search=search, n_steps=steps or 1)
    status = STATUSES[int(row[13])]
    found = row[8:13] if status != "empty" else np.full(5, np.nan)
    threshold_a, threshold_b, slope, intercept, r_below = found.tolist()
    return Costes(threshold_a, threshold_b, slope, intercept, r_below, status)


def checked_steps(n_steps: Any) -> int | None:
    """A number of steps.

    Raises
    ------
    ValueError
        If it is no whole number from 1 on.
    """
    if n_steps is None:
        return None
    if isinstance(n_steps, bool) or not isinstance(n_steps, (int, np.integer)) or n_steps < 1:
        raise ValueError(f"`n_steps`: expected a whole number from 1 on, or None, found {n_steps!r}")
    return int(n_steps)


def _measure(
    selected: Selection,
    metrics: int,
    *,
    search: str = "grid",
    n_steps: int = 256,
    thresholds: tuple[float, float] | None = None,
) -> NDArray[np.float64]:
    pairs = None if thresholds is None else [thresholds]
    whole = [0, selected.a.size]
    rows: NDArray[np.float64] = _core.measure_channels(
        selected.a, selected.b, selected.base, whole, metrics, search, n_steps, pairs
    )
    return np.asarray(rows[0])
