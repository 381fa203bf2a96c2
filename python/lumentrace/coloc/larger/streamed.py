"""Measures of regions whose pixels do not fit into memory: counted and summed piece by piece, exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.engine import progress

from ..measure.cooccurrence import areas_from, counts_above
from ..measure.measures import BITS, N_STEPS, SEARCH_OF
from ..measure.reasons import THRESHOLDS
from ..measure.thresholds import COUNTED, threshold_of_counts
from ..regions.selection import Selection
from ..rows import EXTENDED_COLUMNS, Settings, by_column, finished

TOGETHER = 8
"""Regions that are measured in the same passes: each takes some megabytes of counts."""
METRICS = ("pcc", "srcc", "icq", "mcc", "overlap", "area")
METHODS = tuple(name for name in (*SEARCH_OF, "manual", *COUNTED) if name != "coloc2")
"""Thresholds that are found piece by piece; the others look at all pixels many times."""
LEVELS = 1 << 16

Pieces = Callable[[], Iterator[tuple[int, Selection]]]
"""Gives pieces of regions, each with the number of its region: all pixels of all of them, as often as it is called."""


def needs_all(settings: Settings, dtypes: Sequence[np.dtype[Any]]) -> tuple[str, ...]:
    """Metrics that need all pixels of a region at once: some always, all unless pixels are small whole numbers."""
    if not all(dtype.kind in "bui" and dtype.itemsize <= 2 for dtype in dtypes):
        return settings.metrics
    unfit = {"mcc", "area"} if settings.method not in METHODS else set()
    return tuple(name for name in settings.metrics if name not in METRICS or name in unfit)


@dataclass(frozen=True)
class Streamed:
    """The rows of some regions, measured together.

    Attributes
    ----------
    labels : list of int
    names : (str, str)
    settings : Settings
    refused : tuple of str
        Metrics that are not measured.
    why : str
        The reason that is told.
    """

    labels: list[int]
    names: tuple[str, str]
    settings: Settings
    refused: tuple[str, ...]
    why: str

    def rows(self, base: tuple[float, float], pieces: Pieces) -> list[dict[str, Any]]:
        """A row for each region, of levels above `base`."""
        wanted = {name for name in self.settings.kernel if name in BITS and name not in self._unfit}
        pairs = [_core.StreamedPair(base) for _ in self.labels]
        with progress.between(0, 40):
            for number, piece in pieces():
                pairs[number].count(piece.a, piece.b)
        search = SEARCH_OF.get(self.settings.method)
        bits = sum(BITS[name] for name in wanted)
        again = [pair.prepare(bits, search, N_STEPS) for pair in pairs]
        if any(again):
            with progress.between(40, 80):
                for number, piece in pieces():
                    if again[number]:
                        pairs[number].look_up(piece.a, piece.b)
        rows = [pair.row(self._thresholds(pair, base)) for pair in pairs]
        with progress.between(80, 100):
            areas = self._areas(rows, pieces)
        return [
            finished(label, self.names, row, self._values(pair, area), self.settings)
            for label, row, pair, area in zip(self.labels, rows, pairs, areas, strict=True)
        ]

    @property
    def _unfit(self) -> set[str]:
        """Metrics of the kernel that are left out."""
        return {*self.refused, *({"mcc"} if {"mcc", "area"} & set(self.refused) else ())}

    def _thresholds(self, pair: _core.StreamedPair, base: tuple[float, float]) -> tuple[float, float] | None:
        """Those that are not looked for by Costes' method."""
        if self.settings.method not in COUNTED:
            return self.settings.given
        a, b = pair.counts().reshape(2, LEVELS)
        return (
            threshold_of_counts(a, self.settings.method) + base[0],
            threshold_of_counts(b, self.settings.method) + base[1],
        )

    def _areas(self, rows: list[NDArray[np.float64]], pieces: Pieces) -> list[tuple[float, ...]]:
        """The areas above the thresholds, by one more pass; NaN where there is no threshold."""
        thresholds = [row[THRESHOLDS] for row in rows]
        known = [not np.isnan(both).any() for both in thresholds]
        if "area" not in self.settings.metrics or "area" in self.refused or not any(known):
            return [(np.nan,) * len(EXTENDED_COLUMNS["area"])] * len(rows)
        above = np.zeros((len(rows), 3), dtype=np.int64)
        for number, piece in pieces():
            if known[number]:
                above[number] += counts_above(*piece.values(), *thresholds[number])
        return [
            areas_from(int(row[0]), *counts.tolist()) if found else (np.nan,) * len(EXTENDED_COLUMNS["area"])
            for row, counts, found in zip(rows, above, known, strict=True)
        ]

    def _values(self, pair: _core.StreamedPair, areas: tuple[float, ...]) -> dict[str, Any]:
        """Columns of the metrics that are not those of the kernel."""
        measured = {"overlap": pair.overlap(), "area": areas}
        known = {name: measured[name] for name in self.settings.metrics if name in measured}
        return missing(self.settings, self.refused) | by_column(known) | ({"reason": self.why} if self.refused else {})


def missing(settings: Settings, refused: Sequence[str]) -> dict[str, Any]:
    """NaN in the columns of refused metrics that are not those of the kernel."""
    columns = [column for name in refused if name in settings.metrics for column in EXTENDED_COLUMNS.get(name, ())]
    return {column: None if column == "random_blocks" else np.nan for column in columns}
