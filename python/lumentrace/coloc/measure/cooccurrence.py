"""Other measures of how two channels occur together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace import _core
from lumentrace.base.masked import unmasked
from lumentrace.base.recorded import Recorded, Recorder
from lumentrace.engine import progress

from ..regions.selection import Selection, select

Floats = NDArray[np.float64]
NAN = float("nan")
RWC_SHARE = 0.15
FEW = 33
"""Up to so many pixels p of Kendall's tau is exact if there are no ties."""


@dataclass(frozen=True)
class Overlap(Recorded):
    """Overlap coefficients of two channels.

    Attributes
    ----------
    r, k1, k2 : float
        Σab / √(Σa² Σb²), Σab / Σa² and Σab / Σb².
    """

    r: float
    k1: float
    k2: float


@dataclass(frozen=True)
class Areas(Recorded):
    """How the pixels above the thresholds of two channels overlap.

    Attributes
    ----------
    fraction_a, fraction_b : float
        Share of all pixels above the threshold of each channel.
    intersection : float
        Share of the pixels of `a` that are above in both: |A ∩ B| / |A|.
    jaccard, dice : float
        |A ∩ B| / |A ∪ B| and 2 |A ∩ B| / (|A| + |B|).
    """

    fraction_a: float
    fraction_b: float
    intersection: float
    jaccard: float
    dice: float


@unmasked
def overlap_coefficients(
    a: ArrayLike, b: ArrayLike, mask: ArrayLike | None = None, *, nan_policy: str = "propagate"
) -> Overlap:
    """Manders' overlap coefficient r and its parts k1 and k2.

    r is Pearson's coefficient without the means taken off: a constant background raises it.

    Parameters
    ----------
    a, b, mask, nan_policy
        As of `lumentrace.coloc.pearson`.

    Returns
    -------
    Overlap
        NaN without pixels and for negative pixels. A channel of zeros makes r and its own coefficient NaN (k1 for `a`,
        k2 for `b`), because they are divided by its sum of squares; the other one is 0: nothing of that channel
        overlaps.

    Examples
    --------
    >>> from lumentrace.coloc import overlap_coefficients
    >>> overlap_coefficients([1, 2, 2], [2, 4, 4])
    Overlap(r=1.0, k1=2.0, k2=0.5)
    >>> overlap_coefficients([0, 0, 0], [2, 4, 4])  # an empty channel
    Overlap(r=nan, k1=nan, k2=0.0)

    References
    ----------
    Manders & al., J. Microsc. 169 (1993) 375.
    """
    recorder = Recorder()
    found = Overlap(*overlap_of(select(a, b, mask, nan_policy)))
    return recorder.told(found, "overlap_coefficients", {"a": a, "b": b, "mask": mask}, {"nan_policy": nan_policy})


def overlap_of(pixels: Selection) -> tuple[float, float, float]:
    """Overlap coefficients r, k1 and k2; sums of whole numbers are exact."""
    return _core.overlap_coefficients(pixels.a, pixels.b, pixels.base)


@unmasked
def kendall_tau(
    a: ArrayLike, b: ArrayLike, mask: ArrayLike | None = None, *, nan_policy: str = "propagate"
) -> tuple[float, float]:
    """Kendall's rank correlation tau-b and its p-value.

    (C - D) / √((n₀ - n₁)(n₀ - n₂)) for C pairs of pixels in the same order and D in the opposite one, n₀ pairs, and n₁
    and n₂ ties; O(N log N). p is that of the normal approximation with ties, exact up to 33 pixels without.

    Parameters
    ----------
    a, b, mask, nan_policy
        As of `lumentrace.coloc.pearson`.

    Returns
    -------
    tau, p : float
        NaN if they cannot be measured.

    Examples
    --------
    >>> from lumentrace.coloc import kendall_tau
    >>> kendall_tau([1, 2, 3, 4], [1, 2, 4, 3])[0]
    0.6666666666666666

    References
    ----------
    Knight, W. R.: A computer method for calculating Kendall's tau with ungrouped data. J. Am. Stat. Assoc. 61 (1966)
    436.
    """
    return kendall_of(*select(a, b, mask, nan_policy).values())


def kendall_of(a: Floats, b: Floats) -> tuple[float, float]:
    """Tau-b of flat channels, and p; tells of each pixel once per pass of a sort by merging."""
    tau, p = _core.kendall_tau(a, b, progress.reporter())
    if a.size <= FEW and not np.isnan(tau):
        from scipy import stats

        p = float(stats.kendalltau(a, b).pvalue)
    return tau, p


def kendall_passes(pixels: int) -> int:
    """Passes of a sort by merging."""
    return max(1, (pixels - 1).bit_length())


@unmasked
def rank_weighted(
    a: ArrayLike,
    b: ArrayLike,
    mask: ArrayLike | None = None,
    *,
    share: float = RWC_SHARE,
    nan_policy: str = "propagate",
) -> tuple[float, float]:
    """Rank weighted colocalization (RWC) of CellProfiler.

    Manders' coefficients of the pixels at or above `share` of the maximum in both channels, each pixel weighted with
    (R - |Rᵃ - Rᵇ|) / R for dense ranks Rᵃ, Rᵇ within the selection and R of them.

    Parameters
    ----------
    a, b, mask, nan_policy
        As of `lumentrace.coloc.pearson`.
    share : float, default 0.15
        Threshold as a share of each channel's maximum.

    Returns
    -------
    rwc1, rwc2 : float
        NaN if they cannot be measured.

    Examples
    --------
    >>> from lumentrace.coloc import rank_weighted
    >>> rank_weighted([0, 1, 2, 3], [0, 1, 2, 3])
    (1.0, 1.0)

    References
    ----------
    Singan, V. R., Jones, T. R., Curran, K. M., Simpson, J. C.: Dual channel rank-based intensity weighting for
    quantitative co-localization of microscopy images. BMC Bioinformatics 12 (2011) 407.
    """
    return rank_weighted_of(*select(a, b, mask, nan_policy).values(), share)


def rank_weighted_of(a: Floats, b: Floats, share: float = RWC_SHARE) -> tuple[float, float]:
    """RWC of flat channels."""
    if a.size < 2 or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return NAN, NAN
    ranks = [_dense_ranks(values) for values in (a, b)]
    count = max(int(rank.max()) for rank in ranks) + 1
    weight = (count - np.abs(ranks[0] - ranks[1])) / count
    above = [values >= share * values.max() for values in (a, b)]
    both = above[0] & above[1]

    def coefficient(values: Floats, over: NDArray[np.bool_]) -> float:
        total = float(values[over].sum())
        return float((values * weight)[both].sum()) / total if total > 0 else NAN

    return coefficient(a, above[0]), coefficient(b, above[1])


def _dense_ranks(values: Floats) -> NDArray[np.intp]:
    """0 for the least value, 1 for the next; whole numbers are counted, others sorted."""
    span = float(np.ptp(values))
    if span < 16 * values.size and (values == np.trunc(values)).all():
        levels = (values - values.min()).astype(np.intp)
        present = np.bincount(levels) > 0
        return np.asarray((np.cumsum(present) - 1)[levels])
    return np.unique(values, return_inverse=True)[1]


@unmasked
def threshold_areas(
    a: ArrayLike,
    b: ArrayLike,
    threshold_a: float,
    threshold_b: float,
    mask: ArrayLike | None = None,
    *,
    nan_policy: str = "propagate",
) -> Areas:
    """How the areas above two thresholds overlap.

    Parameters
    ----------
    a, b, threshold_a, threshold_b, mask, nan_policy
        As of `lumentrace.coloc.manders`; strictly above counts.

    Returns
    -------
    Areas
        NaN where a denominator is 0, for pixels that are not finite and for thresholds of NaN.

    Examples
    --------
    >>> from lumentrace.coloc import threshold_areas
    >>> threshold_areas([0, 1, 3, 4], [0, 0, 2, 2], 0.5, 0.5).dice
    0.8
    """
    recorder = Recorder()
    found = Areas(*areas_of(*select(a, b, mask, nan_policy).values(), threshold_a, threshold_b))
    parameters = {"threshold_a": threshold_a, "threshold_b": threshold_b, "nan_policy": nan_policy}
    return recorder.told(found, "threshold_areas", {"a": a, "b": b, "mask": mask}, parameters)


def areas_of(a: Floats, b: Floats, threshold_a: float, threshold_b: float) -> tuple[float, float, float, float, float]:
    """Areas of flat channels above their thresholds, in the order of `Areas`."""
    if np.isnan([threshold_a, threshold_b]).any() or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return NAN, NAN, NAN, NAN, NAN
    return areas_from(a.size, *counts_above(a, b, threshold_a, threshold_b))


def counts_above(a: Floats, b: Floats, threshold_a: float, threshold_b: float) -> tuple[int, int, int]:
    """Numbers of pixels above each threshold, and above both."""
    above_a, above_b = a > threshold_a, b > threshold_b
    return int(above_a.sum()), int(above_b.sum()), int((above_a & above_b).sum())


def areas_from(n: int, in_a: int, in_b: int, both: int) -> tuple[float, float, float, float, float]:
    """Areas, from numbers of pixels: all, above each threshold, and above both."""
    return (
        _share(in_a, n),
        _share(in_b, n),
        _share(both, in_a),
        _share(both, in_a + in_b - both),
        _share(2 * both, in_a + in_b),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else NAN
