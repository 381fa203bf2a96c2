"""Exchanged columns."""

from __future__ import annotations

from typing import Any

from lumentrace.base.digits import number_of
from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.engine.samples.transformer import Filter


class Swap(Filter):
    """Exchange the values of pairs of columns, such as axes that a scanner names otherwise.

    Parameters
    ----------
    *swaps : str
        Pairs such as ``"y, z"``, of names or of numbers in quotes (``"'1', '3'"``), exchanged in this order.
    inplace : bool, default True
        Change the samples themselves; otherwise copies.

    Raises
    ------
    ValueError
        If a swap is not two columns, or a sample has no such column or cannot be changed.

    Examples
    --------
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.tracking import Swap
    >>> Swap("y, z", inplace=False).fit_sample(PointData([[0, 1, 2, 3]])).points
    array([[0., 1., 3., 2.]])
    """

    def __init__(self, *swaps: str, inplace: bool = True) -> None:
        self.swaps = [_pair(swap) for swap in swaps]
        self.inplace = bool(inplace)

    def fit_sample(self, sample: IterableSamples) -> IterableSamples:
        """Exchange the columns of one sample."""
        if not isinstance(sample, IterableSamples):
            raise TypeError(f"Swap: expected LineData or PointData, found {type(sample).__name__}")
        if not self.inplace:
            sample = sample.copy()
        elif not sample.data.flags.writeable:
            raise ValueError("Swap: expected rows that can be changed, found read-only ones; see `inplace=False`")
        for names in self.swaps:
            pair = [_column(sample, name) for name in names]
            sample.data[:, pair] = sample.data[:, pair[::-1]]
        return sample


def _pair(swap: Any) -> tuple[str, str]:
    parts = [part.strip() for part in swap.split(",")] if isinstance(swap, str) else []
    if len(parts) != 2 or not all(parts):
        raise ValueError(f"`swaps`: expected two columns such as 'y, z', found {swap!r}")
    return parts[0], parts[1]


def _column(sample: IterableSamples, name: str) -> int:
    plain = name.strip("'")
    if plain in sample.columns:
        return sample.columns.index(plain)
    number = None if name == plain else number_of(plain.removeprefix("-"))
    if number is not None:
        width = int(sample.data.shape[1])
        place = -number if plain.startswith("-") else number
        if -width <= place < width:
            return place % width
    raise ValueError(f"Swap: no column {name}; the columns are {sample.columns}")
