"""Points of tables of any kind, block by block: their labels, times, places, errors and speeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lumentrace.base import mapping
from lumentrace.data.points import SIGMAS, VELOCITIES
from lumentrace.plots.tables import Floats, Table


@dataclass(frozen=True)
class LabelledRows:
    """Rows of some tables that begin with t, x, y and z."""

    tables: list[Table]

    @property
    def count(self) -> int:
        """All rows."""
        return sum(len(table.rows) for table in self.tables)

    @cached_property
    def errors(self) -> tuple[str, ...]:
        """The columns that tell errors: three, one or none."""
        return next((names for names in (SIGMAS, ("error",)) if self._any(names)), ())

    @cached_property
    def velocities(self) -> tuple[str, ...]:
        """The columns that tell velocities: three or none."""
        return VELOCITIES if self._any(VELOCITIES) else ()

    def labels(self) -> Iterator[Floats]:
        """Labels of blocks of known rows; NaN of those that belong to no trajectory."""
        return (label for label, _, _, _ in self.blocks())

    def blocks(self) -> Iterator[tuple[Floats, Floats, Floats, Floats]]:
        """Blocks of known rows: labels (N,), t, x, y and z (N, 4), errors (N, 0, 1 or 3), velocities (N, 0 or 3)."""
        for number, table in enumerate(self.tables):
            for block in mapping.blocks(table.rows):
                rows = block[np.isfinite(block[:, :4]).all(axis=1)]
                label = _labels(rows, table, number)
                yield label, rows[:, :4], _columns(rows, table, self.errors), _columns(rows, table, self.velocities)

    def _any(self, names: tuple[str, ...]) -> bool:
        return any(set(names) <= set(table.columns) for table in self.tables)


def _labels(rows: Floats, table: Table, number: int) -> Floats:
    if "label" in table.columns:
        label = rows[:, table.columns.index("label")]
    elif table.columns[4:] and all(name.startswith("col") for name in table.columns[4:]):
        label = rows[:, -1]
    else:
        label = np.full(len(rows), float(number))
    return np.where(label >= 0, label, np.nan)


def _columns(rows: Floats, table: Table, names: tuple[str, ...]) -> Floats:
    """Some columns, NaN where a table lacks one."""
    if not set(names) <= set(table.columns):
        return np.full((len(rows), len(names)), np.nan)
    return rows[:, [table.columns.index(name) for name in names]]
