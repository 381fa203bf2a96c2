"""All measures of all regions and channel pairs as a table that says why a number is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.base.masked import unmasked
from lumentrace.base.polars import pl
from lumentrace.data.lazy_image import LazyImage
from lumentrace.engine.progress import part

from .analysis import COLUMNS
from .larger.measured import Larger
from .larger.reading import MEMORY, as_lazy, is_larger, slices_of
from .measure.measures import ALL_METRICS, checked_metrics, checked_thresholds
from .regions.grouping import grouped
from .regions.label_masks import whole_labels
from .regions.selection import POLICIES, channel, check_shape
from .rows import EXTENDED_COLUMNS as EXTENDED_COLUMNS
from .rows import EXTENDED_METRICS as EXTENDED_METRICS
from .rows import Settings, region_rows

Array = NDArray[Any]
Pixels = Array | LazyImage


@unmasked
def colocalization_table(
    channels: Mapping[str, ArrayLike | LazyImage] | Sequence[ArrayLike | LazyImage],
    *,
    label_mask: ArrayLike | LazyImage | None = None,
    metrics: Iterable[str] | str = ALL_METRICS,
    threshold_method: str = "costes",
    threshold_a: float | None = None,
    threshold_b: float | None = None,
    pairs: Iterable[tuple[str, str]] | str = "all",
    slice_axis: int | None = None,
    nan_policy: str = "propagate",
    block: int | tuple[int, ...] = 8,
    randomizations: int = 1000,
    seed: int = 0,
    memory: int = MEMORY,
    progress: Callable[[int, int], None] | None = None,
) -> pl.DataFrame:
    """Measure pairs of channels in each region, and say what could not be measured and why.

    Parameters
    ----------
    channels : dict or sequence of array_like or LazyImage
        Intensities of at least two channels of the same shape, by name; names of a sequence are c0, c1, ... Images that
        are open and take more than 128 MB are read piece by piece, with the same results.
    label_mask : array_like or LazyImage, optional
        Whole numbers, 0 for background, of the shape of a channel, or with `slice_axis` also of a slice. Without it the
        whole image is region 0.
    metrics : sequence of str, default ALL_METRICS
        Any of EXTENDED_METRICS: those of `analyse_pairwise`, and 'overlap', 'tau', 'rwc', 'area', 'randomization',
        'corrected' (see the functions `overlap_coefficients`, `kendall_tau`, `rank_weighted`, `threshold_areas`,
        `costes_randomization`, `corrected_pvalue`).
    threshold_method, threshold_a, threshold_b
        As of `analyse_pairwise`. 'area' uses the thresholds of 'mcc'.
    pairs : 'all' or sequence of (str, str)
        Names of the channels to compare.
    slice_axis : int, optional
        Measure each slice along this axis by itself; the table then begins with a column 'slice'.
    nan_policy : {'propagate', 'omit', 'raise'}, default 'propagate'
        What NaN and infinite pixels in a region do.
    block, randomizations, seed
        As `block`, `n` and `seed` of `costes_randomization`.
    memory : int, default 2000
        Megabytes of pixels that are read at once, of images that are read piece by piece, where a measure needs all
        pixels of a region: 'tau', 'rwc', 'randomization', 'corrected', the thresholds 'coloc2', 'li' and 'triangle',
        and all measures of channels that are no whole numbers of up to 16 bits. Regions that take more have NaN there,
        and the reason says so.
    progress : callable, optional
        Called with (done, total) tables of a slice and pair. A run is told of pixels of all channels as well, from
        inside of the kernels.

    Returns
    -------
    polars.DataFrame
        A row per slice, pair and region: COLUMNS, those of the metrics asked for (EXTENDED_COLUMNS), costes (what came
        of the threshold search), status ('ok', 'partial' if something is NaN, 'failed' if all is) and reason. P-values
        are never 0: the least is `SMALLEST_P`, a bound.

    Raises
    ------
    ValueError
        If shapes differ, for an unknown metric, method or channel, fewer than two channels, labels that are no whole
        numbers, and pixels that are not finite under the policy 'raise'.

    Examples
    --------
    >>> from lumentrace.coloc import colocalization_table, make_sample_data
    >>> (a, *_), (b, *_) = make_sample_data()
    >>> table = colocalization_table({"actin": a, "myosin": b}, metrics=("pcc", "mcc", "overlap"))
    >>> table.select("channel_a", "channel_b", "costes", "status").row(0)
    ('actin', 'myosin', 'crossed', 'ok')
    """
    named = _named(channels)
    wanted = checked_metrics(metrics, EXTENDED_METRICS)
    given = checked_thresholds(threshold_method, threshold_a, threshold_b)
    if nan_policy not in POLICIES:
        raise ValueError(f"`nan_policy`: expected one of {', '.join(POLICIES)}, found {nan_policy!r}")
    if not memory >= 0:
        raise ValueError(f"`memory`: expected a number of megabytes, found {memory}")
    most = int(memory * 1e6)
    settings = Settings(wanted, threshold_method, given, block, randomizations, seed, nan_policy, most)
    chosen = _pairs(pairs, list(named))
    labels = _labels(label_mask, next(iter(named.values())).shape, slice_axis)
    slices, count = _slices(named, labels, slice_axis)
    schema = _schema(wanted, slice_axis is not None)
    tables: list[pl.DataFrame] = [pl.DataFrame(schema=schema)]
    pixels, parts = sum(values.size for values in named.values()), count * len(chosen)
    for number, (images, mask) in enumerate(slices):
        first = {"slice": number} if slice_axis is not None else {}
        measured = _measured(images, mask)
        for order, pair in enumerate(chosen):
            done = number * len(chosen) + order
            with part(pixels * done // parts, pixels // parts, WORK):
                rows = [pl.DataFrame([first | row for row in some], schema=schema) for some in measured(pair, settings)]
            tables.append(pl.concat(rows).sort("region") if rows else tables[0])
            if progress is not None:
                progress(done + 1, parts)
    return pl.concat(tables)


WORK = 100
"""What a pair of channels counts to."""
Measured = Callable[[tuple[str, str], Settings], Iterable[list[dict[str, Any]]]]


def _measured(images: dict[str, Pixels], labels: Pixels | None) -> Measured:
    """How pairs of channels are measured: in memory, or piece by piece."""
    if is_larger([*images.values(), *([] if labels is None else [labels])]):
        lazy = {name: as_lazy(pixels) for name, pixels in images.items()}
        return Larger(lazy, None if labels is None else as_lazy(labels)).rows
    arrays = {name: np.asarray(pixels) for name, pixels in images.items()}
    mask = None if labels is None else whole_labels(labels)
    regions = grouped(mask, next(iter(arrays.values())).shape)

    def rows(names: tuple[str, str], settings: Settings) -> Iterator[list[dict[str, Any]]]:
        with part(0, WORK, settings.effort.whole(regions.starts[-1])):
            found = region_rows(arrays[names[0]], arrays[names[1]], regions, mask, names, settings)
        yield found

    return rows


def _named(channels: Mapping[str, ArrayLike | LazyImage] | Sequence[ArrayLike | LazyImage]) -> dict[str, Pixels]:
    items = channels.items() if isinstance(channels, Mapping) else ((f"c{k}", c) for k, c in enumerate(channels))
    named = {
        str(name): values if isinstance(values, LazyImage) else channel(str(name), values) for name, values in items
    }
    if len(named) < 2:
        raise ValueError(f"`channels`: expected at least two, found {len(named)}")
    shape = next(iter(named.values())).shape
    for name, values in named.items():
        check_shape(name, values, shape)
    return named


def _pairs(pairs: Iterable[tuple[str, str]] | str, names: list[str]) -> list[tuple[str, str]]:
    if isinstance(pairs, str):
        if pairs != "all":
            raise ValueError(f"`pairs`: expected 'all' or pairs of names, found {pairs!r}")
        return [(names[i], names[j]) for i in range(len(names)) for j in range(i + 1, len(names))]
    chosen = [(str(one), str(two)) for one, two in pairs]
    unknown = [name for pair in chosen for name in pair if name not in names]
    if unknown:
        raise ValueError(f"`pairs`: expected names among {', '.join(names)}, found {unknown[0]!r}")
    return chosen


def _labels(label_mask: ArrayLike | LazyImage | None, shape: tuple[int, ...], axis: int | None) -> Pixels | None:
    """Labels, of the shape of a channel or, with an axis of slices, of a slice."""
    labels = label_mask if label_mask is None or isinstance(label_mask, LazyImage) else whole_labels(label_mask)
    if axis is None:
        return labels
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"`slice_axis`: expected an axis of an image with {len(shape)}, found {axis}")
    plane = tuple(np.delete(shape, axis))
    if labels is not None and labels.shape not in {shape, plane}:
        raise ValueError(f"`label_mask`: expected shape {shape} or, of a slice, {plane}, found {labels.shape}")
    return labels


def _slices(
    named: dict[str, Pixels], labels: Pixels | None, axis: int | None
) -> tuple[Iterable[tuple[dict[str, Pixels], Pixels | None]], int]:
    """The slices along an axis, and how many there are; without one the whole image."""
    if axis is None:
        return [(named, labels)], 1
    shape = next(iter(named.values())).shape
    of_whole = [labels] if labels is not None and labels.shape == shape else []
    images = slices_of([*named.values(), *of_whole], axis)
    return ((dict(zip(named, each, strict=False)), each[-1] if of_whole else labels) for each in images), shape[axis]


def _schema(metrics: tuple[str, ...], sliced: bool) -> dict[str, Any]:
    whole = {"region", "n_pixels", "random_blocks"}
    text = {"channel_a", "channel_b", "costes", "status", "reason"}
    extended = [column for name, columns in EXTENDED_COLUMNS.items() if name in metrics for column in columns]
    names = ["slice"] if sliced else []
    names += [*COLUMNS, *extended, "costes", "status", "reason"]
    return {
        name: pl.Int64 if name in whole or name == "slice" else pl.String if name in text else pl.Float64
        for name in names
    }
