"""Rows of trajectories as VTK PolyData has them, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import mapping
from lumentrace.data.points import SIGMAS, XYZ, PointData

Floats = NDArray[np.float64]
COVARIANCES = ("cov_xy", "cov_yz", "cov_xz")
"""In the order of VTK."""


@dataclass(frozen=True)
class Rows:
    """The rows of some tables with a finite position; `label` is the column that tells trajectories apart."""

    tables: list[PointData]
    columns: list[str]
    label: str

    @classmethod
    def of(cls, tables: list[PointData], label: str) -> Rows:
        """Those of tables that have the same columns."""
        for i, table in enumerate(tables):
            if not isinstance(table, PointData):
                raise TypeError(f"`points`: expected PointData or a list of them, found {type(table).__name__} at {i}")
            if table.columns != tables[0].columns:
                raise ValueError(f"`points[{i}]`: expected columns {tables[0].columns}, found {table.columns}")
        columns = tables[0].columns if tables else list(PointData.default_columns)
        if not set(XYZ) <= set(columns):
            raise ValueError(f"`points`: expected columns x, y, z, found {columns}")
        return cls(tables, columns, label)

    def select(self, names: tuple[str, ...]) -> Iterator[Floats]:
        """Some columns."""
        return (rows for _, rows in self._blocks(names))

    def tensors(self) -> Iterator[Floats]:
        """Covariances: xx, yy, zz, xy, yz, xz."""
        for moments in self.select((*SIGMAS, *COVARIANCES)):
            moments[:, :3] **= 2
            yield moments

    def labels(self) -> Iterator[Floats]:
        """Which trajectory each row is of; the number of the table, if they have no labels."""
        if self.label in self.columns:
            return (rows[:, 0] for rows in self.select((self.label,)))
        return (np.full(len(rows), float(number)) for number, rows in self._blocks(()))

    def _blocks(self, names: tuple[str, ...]) -> Iterator[tuple[int, Floats]]:
        where = [self.columns.index(name) for name in (*XYZ, *names)]
        for number, table in enumerate(self.tables):
            for rows in mapping.blocks(table.data, where):
                yield number, rows[np.isfinite(rows[:, :3]).all(axis=1), 3:]
