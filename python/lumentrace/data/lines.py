"""Lines of response, the events of a PEPT scanner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lumentrace.data.iterable_samples import IterableSamples


class LineData(IterableSamples):
    """Lines of response (LoRs): a time and two points on the line per row.

    Parameters
    ----------
    lines : (N, C >= 7) array-like, or LineData, or a list of either
        Columns t (ms), x1, y1, z1, x2, y2, z2 (mm), then any others. A list is stacked, one sample per item.
    sample_size, overlap
        How the rows are cut into samples: an int, a list of ints, a `TimeWindow` or an `AdaptiveWindow`.
    columns : sequence of str
        Names of the columns.
    **attrs
        Anything worth keeping beside the rows.

    Raises
    ------
    ValueError
        If `lines` is not a table of numbers with at least 7 columns, or the sampling is impossible.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import LineData
    >>> lines = LineData(np.arange(70).reshape(10, 7), sample_size=3, overlap=2)
    >>> len(lines)
    8
    >>> lines[0]["x1"]
    array([ 1.,  8., 15.])
    """

    default_columns: ClassVar[Sequence[str]] = ("t", "x1", "y1", "z1", "x2", "y2", "z2")
    data_name: ClassVar[str] = "lines"
    places: ClassVar[tuple[tuple[int, int, int], ...]] = ((1, 2, 3), (4, 5, 6))
    colour_column: ClassVar[int] = 0

    def __init__(
        self,
        lines: Any,
        sample_size: object = None,
        overlap: object = None,
        columns: Sequence[str] | None = None,
        **attrs: Any,
    ) -> None:
        super().__init__(lines, sample_size, overlap, columns, **attrs)

    @property
    def lines(self) -> NDArray[np.float64]:
        """The rows, shape (N, C): the same array as `data`."""
        return self._data
