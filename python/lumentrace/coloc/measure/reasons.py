"""Why a number is missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEW_PIXELS = 10
"""Regions of fewer have no p-value: of unrelated Poisson and lognormal intensities (sigma 1 and 2) 4.5 to 6.8 % are
below 0.05 with 10 pixels, 4.2 to 9.7 % with 5."""
LARGER = "larger than memory"
"""How the reason of a region begins of which not all pixels are read at once."""
N, THRESHOLDS, STATUS, RANGES = 0, slice(8, 10), 13, slice(14, 18)


def reason(
    row: NDArray[np.float64], names: Sequence[str], missing: Sequence[str], costes: str | None, more: str
) -> str:
    """What stood in the way of the missing figures of a region, and what thresholds to be careful about.

    Parameters
    ----------
    row : ndarray
        Figures of the kernel.
    names : sequence of str
        Both channels.
    missing : sequence of str
        Columns that are NaN.
    costes : str or None
        What came of the threshold search.
    more : str
        What other measures say.
    """
    found, larger = [], more.startswith(LARGER)
    if missing:
        found = _degenerate(row, names) or _negative(row, names)
    if missing and not found and {"m1", "m2"} & set(missing) and not larger:
        found = _thresholds(row, names)
    if not found and 2 <= row[N] < FEW_PIXELS and any(column.endswith("pvalue") for column in missing):
        found.append(f"p-values need at least {FEW_PIXELS} pixels")
    if not found and not larger and row[N] >= FEW_PIXELS and "pcc_corrected_pvalue" in missing:
        found.append(f"the corrected p-value needs at least {FEW_PIXELS} independent pixels")
    if costes == "never":
        found.append("Costes: no threshold, the channels correlate at every level")
    if costes == "slope<=0":
        found.append("Costes: no threshold, the channels do not rise together")
    if more:
        found.append(more)
    if missing and not found:
        found.append(f"not measurable: {', '.join(missing)}")
    return "; ".join(found)


def _ranges(row: NDArray[np.float64], names: Sequence[str]) -> list[tuple[str, Any, Any]]:
    low_a, high_a, low_b, high_b = row[RANGES]
    return [(names[0], low_a, high_a), (names[1], low_b, high_b)]


def _degenerate(row: NDArray[np.float64], names: Sequence[str]) -> list[str]:
    if row[N] < 2:
        return ["no pixels" if row[N] == 0 else "one pixel"]
    found = []
    for name, low, high in _ranges(row, names):
        if np.isnan(low):
            found.append(f"{name} has pixels that are not finite")
        elif low == high:
            found.append(f"{name} is constant ({low:g})")
    return found


def _negative(row: NDArray[np.float64], names: Sequence[str]) -> list[str]:
    return [f"{name} has negative pixels (least {low:g})" for name, low, _ in _ranges(row, names) if low < 0]


def _thresholds(row: NDArray[np.float64], names: Sequence[str]) -> list[str]:
    return [f"no threshold for {name}" for name, value in zip(names, row[THRESHOLDS], strict=True) if np.isnan(value)]
