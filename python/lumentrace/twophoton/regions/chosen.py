"""Regions as settings name them: a file, bright spots, cells, or a grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lumentrace.base.digits import number_of
from lumentrace.base.errors import FormatError
from lumentrace.storage.arrays import read_npy
from lumentrace.twophoton.exchange.label_tiff import load_roi_labels
from lumentrace.twophoton.exchange.nwb_tables import load_nwb_rois
from lumentrace.twophoton.read.recording import ConvertedRecording
from lumentrace.twophoton.regions.cells.finding import SMALLEST_DIAMETER, find_cells
from lumentrace.twophoton.regions.cells.found import FoundCells
from lumentrace.twophoton.regions.grids import grid_roi_set
from lumentrace.twophoton.regions.rois import RoiSet, load_roi_set, make_roi_set_from_label_image
from lumentrace.twophoton.regions.watershed import watershed_roi_set

WATERSHED, CELLS = "watershed", "cells"


def check(text: str) -> None:
    """FileNotFoundError unless the text names a file that is there, watershed, cells, or a grid."""
    if not is_file(text) and not _made(text):
        expected = "a file, watershed, cells, cells:10 or grid:12"
        raise FileNotFoundError(f"rois (--rois): expected {expected}, found {text!r}")


def is_file(text: str) -> bool:
    """Whether the regions are in a file."""
    return not _made(text) and Path(text).is_file()


def _made(text: str) -> bool:
    """Whether the regions are made from the movie or the frame."""
    return text == WATERSHED or _grid(text) is not None or are_cells(text)


def _grid(text: str) -> int | None:
    """Side of the squares of ``grid:12``; None for something else."""
    kind, colon, size = text.partition(":")
    return number_of(size) if kind == "grid" and colon else None


def _diameter(text: str) -> float | None:
    """Diameter of ``cells:10``; None for something else."""
    kind, colon, size = text.partition(":")
    if kind != CELLS or not colon:
        return None
    try:
        return float(size) if float(size) >= SMALLEST_DIAMETER else None
    except ValueError:
        return None


def are_cells(text: str) -> bool:
    """Whether the regions are cells, found by their activity."""
    return text == CELLS or _diameter(text) is not None


def chosen_regions(text: str, recording: ConvertedRecording) -> RoiSet:
    """Regions as asked for.

    Parameters
    ----------
    text : str
        A file, ``watershed`` for bright spots of the mean image, ``cells`` for cells by their activity (``cells:10``
        with a diameter of 10 pixels; see `find_cells`), or ``grid:12`` for squares of 12 pixels; the last three lie
        inside the part of the frame that is valid in every frame.
    recording : ConvertedRecording

    Raises
    ------
    FormatError
        If the file holds none.
    ValueError
        If none are found.
    """
    if are_cells(text):
        return chosen_cells(text, recording).roi_set
    shape = recording.movie.shape[1:]
    inside = np.zeros(shape, bool)
    inside[recording.alignment_valid_crop.slices] = True
    size = _grid(text)
    if size is not None:
        return grid_roi_set(shape, grid_size_pixels=size, region_mask=inside)
    if text == WATERSHED:
        # Joined over a pixel, and nothing of the background.
        image = np.where(inside, recording.mean_image, recording.mean_image[inside].min())
        return watershed_roi_set(image, region_mask=inside, smoothing_sigma=1.0, min_pixels=10, foreground="otsu")
    path = Path(text)
    if path.suffix.lower() in (".tif", ".tiff"):
        return load_roi_labels(path)
    if path.suffix.lower() == ".nwb":
        return load_nwb_rois(path, shape=(shape[0], shape[1]))
    return _labelled(path) if path.suffix.lower() == ".npy" else load_roi_set(path)


def chosen_cells(text: str, recording: ConvertedRecording) -> FoundCells:
    """Cells as ``cells`` or ``cells:10`` ask for them; ValueError if there are none."""
    found = find_cells(recording, diameter=_diameter(text))
    if not len(found.roi_set):
        best = found.figures[0].reasons if found.figures else ("nothing is active",)
        told = f"{len(found.figures)} candidates; the best one: {', '.join(best)}"
        raise ValueError(f"rois (--rois): expected active cells in the movie, found none among {told}")
    return found


def _labelled(path: Path) -> RoiSet:
    image = read_npy(path)
    try:
        return make_roi_set_from_label_image(image)
    except (ValueError, TypeError) as error:
        raise FormatError(f"{path}: {error}") from error
