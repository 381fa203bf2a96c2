"""Where the crystals of a scanner are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.base.checks import whole
from lumentrace.base.masked import unmasked
from lumentrace.pept.scanners.panels import finite

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Crystals:
    """The crystals of a scanner; see `lumentrace.pept.scanners.Scanner`."""

    name: str
    faces: Floats
    outward: Floats
    depth: float = 0.0
    per_ring: int = 0

    def __post_init__(self) -> None:
        faces, outward = _tables(faces=self.faces, outward=self.outward)
        object.__setattr__(self, "faces", faces)
        object.__setattr__(self, "outward", outward)
        object.__setattr__(self, "depth", finite("depth", self.depth))
        whole("per_ring", self.per_ring, 0)
        if self.per_ring and len(self.faces) % self.per_ring:
            raise ValueError(f"`per_ring`: expected a divisor of {len(self.faces)} crystals, found {self.per_ring}")

    def __len__(self) -> int:
        return len(self.faces)

    def __repr__(self) -> str:
        rings = f", {self.rings} rings of {self.per_ring}" if self.per_ring else ""
        return f"Scanner({self.name!r}, {len(self)} crystals{rings}, depth {self.depth:g} mm)"

    @property
    def rings(self) -> int:
        """How many rings there are."""
        return len(self) // self.per_ring if self.per_ring else 0

    def with_depth(self, depth: float) -> Self:
        """The same scanner with another depth of interaction, in mm."""
        return replace(self, depth=depth)

    @unmasked
    def positions(self, numbers: ArrayLike, depth: ArrayLike | None = None) -> Floats:
        """Where photons are taken to interact.

        Parameters
        ----------
        numbers : (N,) array-like of int
            Numbers of crystals, from 0.
        depth : float or (N,) array-like, optional
            Depth in mm; that of the scanner by default.

        Returns
        -------
        (N, 3) array
            In mm.

        Raises
        ------
        ValueError
            If there is no such crystal.
        """
        which = np.asarray(numbers)
        if which.ndim != 1 or (which.dtype.kind not in "iu" and which.size):
            raise ValueError(f"`numbers`: expected whole numbers in a row, found {which.dtype} of shape {which.shape}")
        which = which.astype(np.int64)
        wrong = which[(which < 0) | (which >= len(self))]
        if len(wrong):
            raise ValueError(f"`numbers`: expected crystals from 0 to {len(self) - 1}, found {wrong[0]}")
        inside = np.asarray(self.depth if depth is None else depth, dtype=np.float64)
        if inside.shape not in ((), which.shape):
            raise ValueError(f"`depth`: expected one number or {len(which)}, found shape {inside.shape}")
        places: Floats = self.faces[which] + inside[..., np.newaxis] * self.outward[which]
        return places


@unmasked
def _tables(faces: ArrayLike, outward: ArrayLike) -> tuple[Floats, Floats]:
    tables = {name: np.array(each, dtype=np.float64) for name, each in (("faces", faces), ("outward", outward))}
    for name, table in tables.items():
        if table.ndim != 2 or table.shape[1] != 3 or not len(table) or not np.isfinite(table).all():
            raise ValueError(f"`{name}`: expected finite numbers of shape (N, 3), found shape {table.shape}")
        table.flags.writeable = False
    if tables["faces"].shape != tables["outward"].shape:
        raise ValueError(f"`outward`: expected shape {tables['faces'].shape}, found {tables['outward'].shape}")
    return tables["faces"], tables["outward"]
