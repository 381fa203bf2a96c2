"""The documented analysis: a row of figures for each region and pair of channels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lumentrace.base.masked import unmasked

from .measure.measures import ALL_METRICS, checked_metrics, checked_thresholds, kernel_rows
from .measure.pairs import channel_pairs
from .regions.grouping import Grouped, grouped
from .regions.selection import channel, check_shape

COLUMNS = (
    "region",
    "channel_a",
    "channel_b",
    "n_pixels",
    "pcc",
    "pcc_pvalue",
    "srcc",
    "srcc_pvalue",
    "icq",
    "m1",
    "m2",
    "threshold_a",
    "threshold_b",
)


@unmasked
def analyse_pairwise(
    a: ArrayLike,
    b: ArrayLike,
    *,
    label_mask: ArrayLike | None = None,
    metrics: Iterable[str] | str = ALL_METRICS,
    threshold_method: str = "costes",
    threshold_a: float | None = None,
    threshold_b: float | None = None,
    channel_a: str = "A",
    channel_b: str = "B",
) -> list[dict[str, Any]]:
    """Measure two channels, in the whole image or in each region.

    All regions are measured in one pass over the image. A region that cannot be measured has NaN and does not disturb
    the others; `lumentrace.coloc.colocalization_table` says why.

    Parameters
    ----------
    a, b : array_like
        Intensities of both channels, same shape.
    label_mask : array_like, optional
        Whole numbers of the same shape, 0 for background. Without it the whole image is region 0.
    metrics : sequence of str, default ALL_METRICS
        Any of 'pcc' (Pearson), 'srcc' (Spearman), 'icq' (Li), 'mcc' (Manders); one may be given as a string.
    threshold_method : str, default 'costes'
        'costes' finds thresholds in each region; 'manual' takes those given. More are listed at
        `lumentrace.coloc.auto_threshold`.
    threshold_a, threshold_b : float, optional
        For 'manual'.
    channel_a, channel_b : str
        Names for the rows.

    Returns
    -------
    list of dict
        Keys are COLUMNS, in that order; ascending regions. Metrics that were not asked for are NaN. No region, no row.

    Raises
    ------
    ValueError
        If shapes differ, for an unknown metric or method, labels that are no whole numbers, or 'manual' without both
        thresholds.

    Examples
    --------
    >>> from lumentrace.coloc import analyse_pairwise, make_sample_data
    >>> (a, *_), (b, *_) = make_sample_data()
    >>> row, = analyse_pairwise(a, b, metrics=("pcc", "mcc"))
    >>> row["region"], row["n_pixels"], round(row["pcc"], 1)
    (0, 65536, 0.7)
    """
    first, second = channel("a", a), channel("b", b)
    check_shape("b", second, first.shape)
    wanted = checked_metrics(metrics)
    given = checked_thresholds(threshold_method, threshold_a, threshold_b)
    regions = grouped(label_mask, first.shape)
    return _rows(first, second, regions, (channel_a, channel_b), wanted, threshold_method, given)


@unmasked
def analyse_all_to_all(
    image: ArrayLike,
    channel_axis: int,
    *,
    label_mask: ArrayLike | None = None,
    metrics: Iterable[str] | str = ALL_METRICS,
    threshold_method: str = "costes",
    threshold_a: float | None = None,
    threshold_b: float | None = None,
    channel_names: Sequence[str] | None = None,
) -> list[dict[str, Any]]:
    """Measure all pairs of channels of an image.

    Parameters
    ----------
    image : array_like
    channel_axis : int
        Axis along which the channels lie; may be negative.
    label_mask : array_like, optional
        Of the shape of one channel.
    metrics, threshold_method, threshold_a, threshold_b
        As of `analyse_pairwise`.
    channel_names : sequence of str, optional
        By default c0, c1, ...

    Returns
    -------
    list of dict
        As of `analyse_pairwise`, for the pairs (0, 1), (0, 2), ..., (1, 2), ...; empty for one channel.

    Raises
    ------
    ValueError
        As `analyse_pairwise`; also for an axis that the image does not have or a wrong number of names.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.coloc import analyse_all_to_all
    >>> image = np.random.default_rng(1).poisson(20, (3, 32, 32)).astype("uint16")
    >>> [(row["channel_a"], row["channel_b"]) for row in analyse_all_to_all(image, 0, metrics="pcc")]
    [('c0', 'c1'), ('c0', 'c2'), ('c1', 'c2')]
    """
    channels, names = channel_pairs(image, channel_axis, channel_names)
    wanted = checked_metrics(metrics)
    given = checked_thresholds(threshold_method, threshold_a, threshold_b)
    regions = grouped(label_mask, channels[0].shape)
    rows = []
    for i, first in enumerate(channels):
        for j in range(i + 1, len(channels)):
            pair = (names[i], names[j])
            rows += _rows(first, channels[j], regions, pair, wanted, threshold_method, given)
    return rows


def _rows(
    a: np.ndarray[Any, Any],
    b: np.ndarray[Any, Any],
    regions: Grouped,
    names: tuple[str, str],
    metrics: tuple[str, ...],
    method: str,
    given: tuple[float, float] | None,
) -> list[dict[str, Any]]:
    selected = regions.select(a, b)
    measured = kernel_rows(selected, regions.starts, metrics, method, given)
    return [
        dict(zip(COLUMNS, (label, *names, int(row[0]), *row[1:10].tolist()), strict=True))
        for label, row in zip(regions.labels, measured, strict=True)
    ]
