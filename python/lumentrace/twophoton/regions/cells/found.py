"""Cells that were found, and what they were found from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.provenance import Provenance
from lumentrace.twophoton.regions.cells.scores import CellFigures
from lumentrace.twophoton.regions.rois import RoiSet

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FoundCells:
    """Cells of a recording, and what they were found from.

    Attributes
    ----------
    roi_set : RoiSet
        Cells that reach the threshold, by score, with weighted footprints that may overlap; none if there are none.
    candidates : RoiSet
        Everything that was looked at, by score; `roi_set` is its beginning.
    figures : tuple of CellFigures
        Of each candidate.
    correlation_image : ndarray
        (rows, columns) of the frame: mean correlation of each pixel with its eight neighbours; NaN outside the part
        that is always valid and where nothing changes.
    peak_image : ndarray
        (rows, columns): highest value of each pixel over its mean, in units of the noise of a bin.
    mean_image, noise_image : ndarray
        (rows, columns): mean, and standard deviation of the noise of a frame.
    traces : ndarray
        (bins, candidates): time courses as they were fitted, in units of the noise.
    diameter : float
        Of cells in pixels, as given or estimated.
    diameter_estimated : bool
    frames_per_bin : int
    provenance : Provenance
    """

    roi_set: RoiSet
    candidates: RoiSet
    figures: tuple[CellFigures, ...] = field(repr=False)
    correlation_image: Floats = field(repr=False)
    peak_image: Floats = field(repr=False)
    mean_image: Floats = field(repr=False)
    noise_image: Floats = field(repr=False)
    traces: Floats = field(repr=False)
    diameter: float
    diameter_estimated: bool
    frames_per_bin: int
    provenance: Provenance = field(default_factory=Provenance, repr=False, compare=False, kw_only=True)

    def table(self) -> pl.DataFrame:
        """A row for each candidate, with its score and what speaks against it."""
        from lumentrace.base.polars import pl

        rows = [{**asdict(own), "reasons": "; ".join(own.reasons)} for own in self.figures]
        columns: dict[str, Any] = dict.fromkeys(CellFigures.__dataclass_fields__, pl.Float64)
        columns |= {"label": pl.String, "accepted": pl.Boolean, "reasons": pl.String, "pixels": pl.Int64}
        return pl.DataFrame(rows, schema=columns)
