"""What a report says of cells that were found."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from plotly.colors import hex_to_rgb

from lumentrace.plots.linked import identity
from lumentrace.plots.palette import PALETTE
from lumentrace.plots.pictures import stretched
from lumentrace.plots.report import Report
from lumentrace.twophoton.read.crop import SpatialCrop
from lumentrace.twophoton.regions.cells.found import FoundCells
from lumentrace.twophoton.regions.rois import RoiSet

from .panels import MOST_ROWS, first_rows
from .places import REGION, regions_over

FIGURES = ("score", "snr", "activity", "halves", "relative_area", "compactness", "skewness", "shared", "apart")


def report_cells(report: Report, cells: FoundCells, crop: SpatialCrop, height: int) -> None:
    """Cells over the correlation image, their footprints, and how sure each of them is."""
    report.section("Cells")
    image = cells.correlation_image
    dark = float(np.nanmin(image)) if np.isfinite(image).any() else 0.0
    shown = np.nan_to_num(image, nan=dark)
    figure = regions_over(shown, cells.roi_set.regions(), [True] * len(cells.roi_set), crop)
    caption = (
        "Brightness: mean correlation of each pixel with its eight neighbours, high where light changes together: in "
        "active cells, and in neuropil."
    )
    report.figure(figure, "Cells over the correlation image", caption, height=height)
    mean = np.nan_to_num(cells.mean_image, nan=float(np.nanmin(cells.mean_image)))
    grey = np.repeat((255 * stretched(mean)).astype(np.uint8)[..., None], 3, axis=2)
    caption = "Colours are those of cells, brighter where more of the light is that of the cell."
    report.swipe(("mean image", grey), ("footprints", footprints(cells.roi_set)), "Footprints", caption)
    estimated = "estimated" if cells.diameter_estimated else "as asked for"
    caption = (
        f"All {len(cells.figures)} candidates by score, from 0 to 1; those from the threshold on are cells. Diameter: "
        f"{cells.diameter:.3g} px, {estimated}.{first_rows(len(cells.figures))}"
    )
    rows = [
        [
            number,
            own.label,
            "yes" if own.accepted else "no",
            *(getattr(own, name) for name in FIGURES),
            "; ".join(own.reasons),
        ]
        for number, own in enumerate(cells.figures[:MOST_ROWS], 1)
    ]
    names = [name.replace("_", " ") for name in FIGURES]
    marks = [identity(REGION, number) if own.accepted else "" for number, own in enumerate(cells.figures, 1)]
    report.table(["number", "label", "cell", *names, "what speaks against it"], rows, caption, marks[:MOST_ROWS])


def footprints(rois: RoiSet) -> NDArray[np.uint8]:
    """Colours of regions (rows, columns, 3), by their weights; where some overlap, the mixture."""
    frame = np.zeros((rois.shape[0] * rois.shape[1], 3))
    for number, (pixels, weights) in enumerate(zip(rois.regions(), rois.footprints(), strict=True)):
        colour = np.array(hex_to_rgb(PALETTE[number % len(PALETTE)]), float)
        frame[pixels] += np.outer(weights / weights.max(), colour)
    return np.clip(frame, 0, 255).astype(np.uint8).reshape(*rois.shape, 3)
