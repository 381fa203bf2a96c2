"""The four documented metrics of all regions, in one call of the kernel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.engine import progress

from ..regions.selection import Selection
from .metrics import ICQ, MANDERS, PEARSON, SPEARMAN, STATUSES
from .reasons import STATUS, THRESHOLDS
from .thresholds import AUTO, threshold_of

ALL_METRICS = ("pcc", "srcc", "icq", "mcc")
BITS = {"pcc": PEARSON, "srcc": SPEARMAN, "icq": ICQ, "mcc": MANDERS}
SEARCH_OF = {"costes": "grid", "costes-exact": "exact", "costes-orthogonal": "exact-orthogonal", "coloc2": "bisection"}
METHODS = (*SEARCH_OF, "manual", *AUTO)
N_STEPS = 256


def passes(metrics: Iterable[str], method: str) -> int:
    """How often `kernel_rows` tells of each pixel: once for each metric, and once for the search of thresholds."""
    wanted = [name for name in set(metrics) if name in BITS]
    return len(wanted) + ("mcc" in wanted and method in SEARCH_OF)


def checked_metrics(metrics: Iterable[str] | str, known: Sequence[str] = ALL_METRICS) -> tuple[str, ...]:
    """Names of metrics.

    Raises
    ------
    ValueError
        For an unknown one.
    """
    names = (metrics,) if isinstance(metrics, str) else tuple(metrics)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"`metrics`: expected any of {', '.join(known)}, found {', '.join(map(repr, unknown))}")
    return names


def checked_thresholds(method: str, a: float | None, b: float | None) -> tuple[float, float] | None:
    """Thresholds that were given by hand, if they are to be used.

    Raises
    ------
    ValueError
        For an unknown method, or one of 'manual' without both thresholds.
    """
    if method not in METHODS:
        raise ValueError(f"`threshold_method`: expected one of {', '.join(METHODS)}, found {method!r}")
    if method != "manual":
        return None
    if a is None or b is None:
        raise ValueError("`threshold_a`, `threshold_b`: expected two numbers for the method 'manual', found None")
    return float(a), float(b)


def kernel_rows(
    selected: Selection,
    starts: list[int],
    metrics: Iterable[str],
    method: str,
    given: tuple[float, float] | None,
    threads: int = 0,
) -> NDArray[np.float64]:
    """A row of the kernel's figures (see `_core.measure_channels`) for each region; tells of pixels."""
    bits = sum(BITS[name] for name in set(metrics) if name in BITS)
    thresholds: list[tuple[float, float]] | None = None
    if given is not None:
        thresholds = [given] * (len(starts) - 1)
    elif method in AUTO and bits & MANDERS:
        thresholds = [_auto(selected, start, end, method) for start, end in pairwise(starts)]
    search = SEARCH_OF.get(method, "grid")
    rows = _core.measure_channels(
        selected.a, selected.b, selected.base, starts, bits, search, N_STEPS, thresholds, threads, progress.reporter()
    )
    rows[rows[:, STATUS] == STATUSES.index("empty"), THRESHOLDS] = np.nan
    return rows


def _auto(selected: Selection, start: int, end: int, method: str) -> tuple[float, float]:
    def of(pixels: NDArray[Any], base: float) -> float:
        return threshold_of(pixels[start:end], method) + base

    # Li's method iterates on the values themselves, which have to be those of the image.
    if method == "li" and any(selected.base):
        a, b = selected.values()
        return of(a, 0.0), of(b, 0.0)
    return of(selected.a, selected.base[0]), of(selected.b, selected.base[1])
