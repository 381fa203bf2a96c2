"""All measures of all regions and channel pairs as a table that says why a number is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.base.masked import unmasked
from lumentrace.base.polars import pl
from lumentrace.engine.progress import part

from .analysis import COLUMNS
from .effort import Effort, Region
from .measure.autocorrelation import corrected_of
from .measure.cooccurrence import areas_of, kendall_of, kendall_passes, overlap_of, rank_weighted_of
from .measure.measures import ALL_METRICS, checked_metrics, checked_thresholds, kernel_rows
from .measure.metrics import STATUSES
from .measure.randomization import block_rows, randomized
from .measure.reasons import FEW_PIXELS, reason
from .regions.grouping import Grouped, grouped
from .regions.label_masks import whole_labels
from .regions.selection import POLICIES, channel, check_shape, finite_in_both

EXTENDED_COLUMNS = {
    "overlap": ("overlap_r", "overlap_k1", "overlap_k2"),
    "tau": ("tau", "tau_pvalue"),
    "rwc": ("rwc1", "rwc2"),
    "area": ("area_a", "area_b", "intersection", "jaccard", "dice"),
    "randomization": ("random_r", "random_mean", "random_sd", "random_z", "random_pvalue", "random_blocks"),
    "corrected": ("pcc_effective_n", "pcc_corrected_pvalue"),
}
SMALLEST_P = float(np.finfo(np.float64).tiny)
"""A p-value that is smaller than numbers are is given as this bound, never as 0."""
NO_THRESHOLD = ("never", "slope<=0")
EXTENDED_METRICS = (*ALL_METRICS, *EXTENDED_COLUMNS)
Array = NDArray[Any]


@dataclass(frozen=True)
class Settings:
    """How every region is measured."""

    metrics: tuple[str, ...]
    method: str
    given: tuple[float, float] | None
    block: int | tuple[int, ...]
    randomizations: int
    seed: int

    @property
    def kernel(self) -> set[str]:
        """Metrics that the kernel of the documented ones measures."""
        return {*self.metrics, *({"mcc"} if "area" in self.metrics else ())}

    @property
    def effort(self) -> Effort:
        """How much work it is."""
        return Effort.of(self.kernel, self.method, self.metrics, self.randomizations)


@unmasked
def colocalization_table(
    channels: Mapping[str, ArrayLike] | Sequence[ArrayLike],
    *,
    label_mask: ArrayLike | None = None,
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
    progress: Callable[[int, int], None] | None = None,
) -> pl.DataFrame:
    """Measure pairs of channels in each region, and say what could not be measured and why.

    Parameters
    ----------
    channels : dict or sequence of array_like
        Intensities of at least two channels of the same shape, by name; names of a sequence are c0, c1, ...
    label_mask : array_like, optional
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
    settings = Settings(wanted, threshold_method, given, block, randomizations, seed)
    chosen = _pairs(pairs, list(named))
    slices = list(_slices(named, label_mask, slice_axis))
    rows: list[dict[str, Any]] = []
    pixels, parts = sum(values.size for values in named.values()), len(slices) * len(chosen)
    for number, (place, images, labels) in enumerate(slices):
        regions = grouped(labels, next(iter(images.values())).shape)
        for order, (one, two) in enumerate(chosen):
            first = {"slice": place} if slice_axis is not None else {}
            done = number * len(chosen) + order
            with part(pixels * done // parts, pixels // parts, settings.effort.whole(regions.starts[-1])):
                found = _rows(images[one], images[two], regions, labels, (one, two), settings, nan_policy)
            rows += [first | row for row in found]
            if progress is not None:
                progress(done + 1, parts)
    return pl.DataFrame(rows, schema=_schema(wanted, slice_axis is not None))


def _named(channels: Mapping[str, ArrayLike] | Sequence[ArrayLike]) -> dict[str, Array]:
    items = channels.items() if isinstance(channels, Mapping) else ((f"c{k}", c) for k, c in enumerate(channels))
    named = {str(name): channel(str(name), values) for name, values in items}
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


def _slices(
    named: dict[str, Array], label_mask: ArrayLike | None, axis: int | None
) -> Iterator[tuple[int, dict[str, Array], Array | None]]:
    shape = next(iter(named.values())).shape
    labels = None if label_mask is None else whole_labels(label_mask)
    if axis is None:
        yield 0, named, labels
        return
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"`slice_axis`: expected an axis of an image with {len(shape)}, found {axis}")
    plane = tuple(np.delete(shape, axis))
    if labels is not None and labels.shape not in {shape, plane}:
        raise ValueError(f"`label_mask`: expected shape {shape} or, of a slice, {plane}, found {labels.shape}")
    for place in range(shape[axis]):
        images = {name: values.take(place, axis) for name, values in named.items()}
        yield place, images, labels.take(place, axis) if labels is not None and labels.shape == shape else labels


def _rows(
    a: Array,
    b: Array,
    regions: Grouped,
    labels: Array | None,
    names: tuple[str, str],
    settings: Settings,
    nan_policy: str,
) -> list[dict[str, Any]]:
    finite = finite_in_both(a, b) if nan_policy != "propagate" else None
    kept = regions.keep(finite)
    if nan_policy == "raise" and kept.starts != regions.starts:
        raise ValueError(f"{names[0]}, {names[1]}: expected finite pixels, found NaN or infinity (see `nan_policy`)")
    selected = kept.select(a, b)
    kernel = kernel_rows(selected, kept.starts, settings.kernel, settings.method, settings.given)
    effort = settings.effort
    flat = selected.values() if {"overlap", "tau", "rwc", "area"} & set(settings.metrics) else None
    spatial = {"randomization", "corrected"} & set(settings.metrics)
    boxes = _Boxes(labels if spatial else None, a, b, finite, kept.labels)
    rows = []
    for number, (label, row) in enumerate(zip(kept.labels, kernel, strict=True)):
        start, end = kept.starts[number : number + 2]
        region = effort.region(kept.starts[-1], start, end)
        values = {} if flat is None else _extended(flat[0][start:end], flat[1][start:end], row[8:10], settings, region)
        if spatial:
            values |= _spatial(boxes, label, settings, region)
        rows.append(_finished(label, names, row, values, settings))
    return rows


def _extended(a: Array, b: Array, thresholds: Array, settings: Settings, region: Region) -> dict[str, Any]:
    measures: dict[str, Callable[[], Iterable[Any]]] = {
        "overlap": lambda: overlap_of(a, b),
        "tau": lambda: kendall_of(a, b),
        "rwc": lambda: rank_weighted_of(a, b),
        "area": lambda: areas_of(a, b, thresholds[0], thresholds[1]),
    }
    found: dict[str, Iterable[Any]] = {}
    for name, measure in measures.items():
        if name in settings.metrics:
            with region.measuring(name, kendall_passes(a.size) * a.size if name == "tau" else 1):
                found[name] = measure()
    return _by_column(found)


class _Boxes:
    """Both channels and the mask of a region, within its bounding box."""

    def __init__(self, labels: Array | None, a: Array, b: Array, finite: Array | None, names: list[int]):
        self._labels, self._a, self._b, self._finite = labels, a, b, finite
        self._places: dict[int, tuple[slice, ...]] = {}
        if labels is not None:
            from scipy import ndimage

            order = np.array([*names, np.iinfo(np.int64).max])
            place = np.searchsorted(order, labels)
            dense = np.where(order[place] == labels, place + 1, 0)
            self._places = dict(zip(names, ndimage.find_objects(dense, len(names)), strict=True))

    def get(self, label: int) -> tuple[Array, Array, NDArray[np.bool_] | None]:
        if self._labels is None:
            return self._a, self._b, self._finite
        place = self._places[label]
        mask = self._labels[place] == label
        if self._finite is not None:
            mask &= self._finite[place]
        return self._a[place], self._b[place], mask


def _spatial(boxes: _Boxes, label: int, settings: Settings, region: Region) -> dict[str, Any]:
    found: dict[str, Iterable[Any]] = {}
    values: dict[str, Any] = {}
    a, b, mask = boxes.get(label)
    if "randomization" in settings.metrics:
        sides = (settings.block,) * a.ndim if isinstance(settings.block, int) else settings.block
        with region.measuring("randomization", settings.randomizations):
            drawn = randomized(*block_rows(a, b, mask, sides), settings.randomizations, settings.seed)
        found["randomization"] = (drawn.observed, drawn.mean, drawn.sd, drawn.z, drawn.p_right, drawn.n_blocks)
        values["reason"] = drawn.reason
    if "corrected" in settings.metrics:
        with region.measuring("corrected"):
            corrected = corrected_of(a, b, mask)
        found["corrected"] = (corrected.effective_n, corrected.p)
    return values | _by_column(found)


def _by_column(found: Mapping[str, Iterable[Any]]) -> dict[str, Any]:
    return {
        column: value
        for name, values in found.items()
        for column, value in zip(EXTENDED_COLUMNS[name], values, strict=True)
    }


def _finished(
    label: int, names: tuple[str, str], row: Array, values: dict[str, Any], settings: Settings
) -> dict[str, Any]:
    shown = _shown(settings.metrics)
    basic = dict(zip(COLUMNS, (label, *names, int(row[0]), *row[1:10].tolist()), strict=True))
    searched = "mcc" in settings.metrics and not np.isnan(row[13])
    costes = STATUSES[int(row[13])] if searched else None
    more = values.pop("reason", "")
    found = basic | values
    found |= dict.fromkeys(_unknown(found, costes) & found.keys(), np.nan)
    found |= {
        name: max(value, SMALLEST_P) for name, value in found.items() if name.endswith("pvalue") and value == value
    }
    measured = {column: found.get(column) for column in shown}
    missing = [column for column, value in measured.items() if value is None or np.isnan(value)]
    status = "ok" if not missing else "failed" if len(missing) == len(shown) else "partial"
    why = reason(row, names, missing, costes, more)
    return found | {"costes": costes, "status": status, "reason": why}


def _unknown(found: Mapping[str, Any], costes: str | None) -> set[str]:
    """Columns that have no meaning: thresholds where none was found, p-values of a few pixels."""
    unknown = {"m1", "m2", "threshold_a", "threshold_b", *EXTENDED_COLUMNS["area"]} if costes in NO_THRESHOLD else set()
    if found["n_pixels"] < FEW_PIXELS:
        unknown |= {"pcc_pvalue", "srcc_pvalue", "tau_pvalue", "pcc_corrected_pvalue"}
    if found.get("pcc_effective_n", FEW_PIXELS) < FEW_PIXELS:
        unknown.add("pcc_corrected_pvalue")
    return unknown


def _shown(metrics: tuple[str, ...]) -> list[str]:
    basic = {"pcc": ["pcc", "pcc_pvalue"], "srcc": ["srcc", "srcc_pvalue"], "icq": ["icq"], "mcc": ["m1", "m2"]}
    return [column for name in metrics for column in (basic.get(name) or EXTENDED_COLUMNS[name])]


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
