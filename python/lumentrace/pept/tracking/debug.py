"""A look at the data in the middle of a pipeline."""

from __future__ import annotations

from typing import Any

import numpy as np

from lumentrace.data.iterable_samples import IterableSamples
from lumentrace.engine.samples.chunks import as_indexable
from lumentrace.engine.samples.transformer import Reducer


class Debug(Reducer):
    """Print what passes between two steps of a pipeline, and hand it on unchanged.

    Parameters
    ----------
    verbose : int, default 5
        0 prints nothing; 1 the number of samples; 2 and more also the range and mean of every column.
    max_samples : int, default 10
        Samples of which the columns are summed up.

    Examples
    --------
    >>> from lumentrace import PointData
    >>> from lumentrace.pept.tracking import Debug
    >>> points = PointData([[0, 1, 1, 1], [1, 5, 1, 1]])
    >>> _ = Debug(verbose=1).fit(points)
    Debug: 1 sample(s) of PointData, 2 to 2 rows (median 2)
    """

    def __init__(self, verbose: int = 5, max_samples: int = 10) -> None:
        self.verbose, self.max_samples = int(verbose), int(max_samples)

    def fit(self, samples: Any) -> Any:
        """Print and hand on."""
        samples = as_indexable(samples)
        if self.verbose:
            print(self._text(samples))
        return samples

    def _text(self, samples: Any) -> str:
        tables = [table for sample in samples for table in (sample if isinstance(sample, list) else [sample])]
        kinds = ", ".join(sorted({type(table).__name__ for table in tables})) or "nothing"
        lines = [f"Debug: {len(samples)} sample(s) of {kinds}"]
        rows = [len(table.data) for table in tables if isinstance(table, IterableSamples)]
        if rows:
            lines[0] += f", {min(rows)} to {max(rows)} rows (median {np.median(rows):g})"
        if rows and self.verbose > 1:
            lines += _columns(tables[: self.max_samples])
        return "\n".join(lines)


def _columns(tables: list[IterableSamples]) -> list[str]:
    """Range and mean of each column of the first tables that have the same ones."""
    alike = [table for table in tables if table.columns == tables[0].columns]
    rows = np.concatenate([np.asarray(table.data) for table in alike])
    if not len(rows):
        return []
    return [
        f"  {name}: {column.min():g} to {column.max():g}, mean {column.mean():g}"
        for name, column in zip(alike[0].columns, rows.T, strict=True)
    ]
