"""Cells that were found, on disk."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from lumentrace.base.errors import FormatError
from lumentrace.base.files import replacing
from lumentrace.base.json_text import json_text
from lumentrace.storage.hdf5 import attribute, check_format, check_size, opened, written
from lumentrace.twophoton.history import read_history, write_history
from lumentrace.twophoton.regions.cells.found import FoundCells
from lumentrace.twophoton.regions.cells.scores import CellFigures
from lumentrace.twophoton.regions.rois import RoiSet, read_masks, write_masks

FORMAT = "lumentrace-cells"
IMAGES = ("correlation_image", "peak_image", "mean_image", "noise_image")

Path_ = str | os.PathLike[str]


def save_found_cells(path: Path_, cells: FoundCells) -> Path:
    """Write cells and all other candidates as HDF5; the file appears whole or not at all.

    Examples
    --------
    >>> import tempfile
    >>> from lumentrace import twophoton
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = twophoton.simulate_recording(folder, cells=3, rows=40, columns=40, repeats=1, seed=1)
    ...     recording = twophoton.load_converted_recording(twophoton.convert_recording_to_twopy(folder, folder).path)
    ...     cells = twophoton.find_cells(recording, diameter=6)
    ...     again = twophoton.load_found_cells(twophoton.save_found_cells(f"{folder}/cells.h5", cells))
    >>> again.figures == cells.figures, again.roi_set.labels == cells.roi_set.labels
    (True, True)
    """
    place = Path(path).expanduser()
    place.parent.mkdir(parents=True, exist_ok=True)
    with replacing(place) as file:
        write_found_cells(file, cells)
    return place


def write_found_cells(file: BinaryIO, cells: FoundCells) -> None:
    """Write cells and all other candidates into an open file."""
    import h5py

    with written(file) as h5:
        write_history(h5, cells.provenance)
        h5.attrs["lumentrace_format"] = FORMAT
        for name in ("diameter", "diameter_estimated", "frames_per_bin"):
            h5.attrs[name] = getattr(cells, name)
        h5["figures"] = json_text([asdict(own) for own in cells.figures])
        for name in (*IMAGES, "traces"):
            h5.create_dataset(name, data=getattr(cells, name), compression="gzip", shuffle=True)
        if len(cells.candidates):
            group = h5.create_group("candidates")
            group.create_dataset("labels", data=list(cells.candidates.labels), dtype=h5py.string_dtype("utf-8"))
            write_masks(group, cells.candidates)


def load_found_cells(path: Path_) -> FoundCells:
    """Read cells that `save_found_cells` wrote.

    Raises
    ------
    FormatError
        If the file is something else or damaged.
    OSError
        If it cannot be read.
    """
    place = Path(path).expanduser()
    with opened(place, "cells of a recording") as h5:
        return read_found_cells(place, h5)


def read_found_cells(place: Path, h5: Any) -> FoundCells:
    """Cells and all other candidates in an open file."""
    check_format(place, h5, FORMAT)
    for name in (*IMAGES, "traces"):
        check_size(place, h5[name])
    images = {name: h5[name][()] for name in IMAGES}
    traces, figures = h5["traces"][()], _figures(place, h5["figures"][()])
    shape = images["mean_image"].shape
    fits = len(shape) == 2 and all(image.shape == shape for image in images.values())
    if not fits or traces.ndim != 2 or traces.shape[1] != len(figures):
        raise FormatError(f"{place}: expected images of one shape and a trace for each of {len(figures)}, found others")
    history = read_history(h5, {"path": str(place)})
    candidates = _candidates(place, h5, shape, len(figures))
    accepted = sum(own.accepted for own in figures)
    return FoundCells(
        roi_set=_first(candidates, accepted).with_provenance(history),
        candidates=candidates.with_provenance(history),
        figures=figures,
        traces=traces,
        diameter=float(attribute(h5, "diameter")),
        diameter_estimated=bool(attribute(h5, "diameter_estimated")),
        frames_per_bin=int(attribute(h5, "frames_per_bin")),
        provenance=history,
        **images,
    )


def _figures(place: Path, text: bytes) -> tuple[CellFigures, ...]:
    names = [own.name for own in fields(CellFigures)]
    found = json.loads(text)
    if not isinstance(found, list) or not all(isinstance(own, dict) and sorted(own) == sorted(names) for own in found):
        raise FormatError(f"{place}: expected figures {', '.join(names)} of each candidate, found others")
    return tuple(_row(own) for own in found)


def _row(own: dict[str, Any]) -> CellFigures:
    """Figures of a candidate; JSON has null for NaN."""
    told = {"label": str(own["label"]), "accepted": bool(own["accepted"]), "pixels": int(own["pixels"])}
    numbers = {
        name: np.nan if value is None else float(value)
        for name, value in own.items()
        if name not in told and name != "reasons"
    }
    return CellFigures(**numbers, **told, reasons=tuple(map(str, own["reasons"])))  # type: ignore[arg-type]  # by name


def _candidates(place: Path, h5: Any, shape: tuple[int, int], count: int) -> RoiSet:
    if not count:
        return RoiSet.from_pixels(shape, [], [])
    found = read_masks(h5["candidates"])
    if found.shape != shape or len(found) != count:
        raise FormatError(
            f"{place}: expected {count} regions in frames of {shape}, found {len(found)} in {found.shape}"
        )
    return found


def _first(rois: RoiSet, count: int) -> RoiSet:
    """The first regions of a set."""
    footprints = None if rois.weights is None else rois.footprints()[:count]
    return RoiSet.from_pixels(rois.shape, rois.regions()[:count], rois.labels[:count], footprints)
