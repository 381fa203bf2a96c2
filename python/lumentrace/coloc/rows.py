"""Rows of the table: all measures of the regions of two channels, and why one is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .analysis import COLUMNS
from .effort import Effort, Region
from .measure.autocorrelation import corrected_of
from .measure.cooccurrence import areas_of, kendall_of, kendall_passes, overlap_of, rank_weighted_of
from .measure.measures import ALL_METRICS, kernel_rows
from .measure.metrics import STATUSES
from .measure.randomization import block_rows, randomized
from .measure.reasons import FEW_PIXELS, reason
from .regions.grouping import Grouped
from .regions.selection import Limits, finite_in_both

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
    nan_policy: str
    memory: int

    @property
    def kernel(self) -> set[str]:
        """Metrics that the kernel of the documented ones measures."""
        return {*self.metrics, *({"mcc"} if "area" in self.metrics else ())}

    @property
    def effort(self) -> Effort:
        """How much work it is."""
        return Effort.of(self.kernel, self.method, self.metrics, self.randomizations)


def region_rows(
    a: Array,
    b: Array,
    regions: Grouped,
    labels: Array | None,
    names: tuple[str, str],
    settings: Settings,
    limits: Limits = (None, None),
) -> list[dict[str, Any]]:
    """A row for each region of two channels; `limits` as of `lumentrace.coloc.regions.selection.paired`."""
    finite = finite_in_both(a, b) if settings.nan_policy != "propagate" else None
    kept = regions.keep(finite)
    if settings.nan_policy == "raise" and kept.starts != regions.starts:
        raise ValueError(f"{names[0]}, {names[1]}: expected finite pixels, found NaN or infinity (see `nan_policy`)")
    selected = kept.select(a, b, limits)
    kernel = kernel_rows(selected, kept.starts, settings.kernel, settings.method, settings.given)
    effort = settings.effort
    flat = selected.values() if {"tau", "rwc", "area"} & set(settings.metrics) else None
    spatial = {"randomization", "corrected"} & set(settings.metrics)
    boxes = _Boxes(labels if spatial else None, a, b, finite, kept.labels)
    rows = []
    for number, (label, row) in enumerate(zip(kept.labels, kernel, strict=True)):
        start, end = kept.starts[number : number + 2]
        region = effort.region(kept.starts[-1], start, end)
        values: dict[str, Any] = {}
        if "overlap" in settings.metrics:
            with region.measuring("overlap"):
                values |= by_column({"overlap": overlap_of(selected.part(start, end))})
        if flat is not None:
            values |= _extended(flat[0][start:end], flat[1][start:end], row[8:10], settings, region)
        if spatial:
            values |= _spatial(boxes, label, settings, region)
        rows.append(finished(label, names, row, values, settings))
    return rows


def _extended(a: Array, b: Array, thresholds: Array, settings: Settings, region: Region) -> dict[str, Any]:
    measures: dict[str, Callable[[], Iterable[Any]]] = {
        "tau": lambda: kendall_of(a, b),
        "rwc": lambda: rank_weighted_of(a, b),
        "area": lambda: areas_of(a, b, thresholds[0], thresholds[1]),
    }
    found: dict[str, Iterable[Any]] = {}
    for name, measure in measures.items():
        if name in settings.metrics:
            with region.measuring(name, kendall_passes(a.size) * a.size if name == "tau" else 1):
                found[name] = measure()
    return by_column(found)


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
    return values | by_column(found)


def by_column(found: Mapping[str, Iterable[Any]]) -> dict[str, Any]:
    """The columns of metrics that are not those of the kernel."""
    return {
        column: value
        for name, values in found.items()
        for column, value in zip(EXTENDED_COLUMNS[name], values, strict=True)
    }


def finished(
    label: int, names: tuple[str, str], row: Array, values: dict[str, Any], settings: Settings
) -> dict[str, Any]:
    """The row of a region, of figures of the kernel and of other values by column; `reason` is among those."""
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
