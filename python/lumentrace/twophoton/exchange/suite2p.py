"""Regions that Suite2p found, read without running the pickles that they are kept in.

The files are those that the documentation of Suite2p describes under "Outputs": Pachitariu et al., Suite2p: beyond
10,000 neurons with standard two-photon microscopy, bioRxiv 061507.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.errors import FormatError
from lumentrace.base.provenance import Provenance
from lumentrace.storage.arrays import read_npy
from lumentrace.storage.pickles import import_pickle
from lumentrace.twophoton.regions.rois import RoiSet

STATISTICS, CELLS, SETTINGS = "stat.npy", "iscell.npy", "ops.npy"


def load_suite2p_rois(
    folder: str | os.PathLike[str], *, shape: tuple[int, int] | None = None, cells_only: bool = True
) -> RoiSet:
    """Read the regions of a plane that Suite2p found.

    Parameters
    ----------
    folder : path
        Of a plane, as ``suite2p/plane0``, with ``stat.npy``, ``iscell.npy`` and ``ops.npy``. The first and the last are
        Python pickles: they are read by an allow-list in a child process, and nothing in them is run.
    shape : tuple of int, optional
        (rows, columns) of the frame; ``Ly`` and ``Lx`` of ``ops.npy`` by default, which is not read otherwise.
    cells_only : bool, default True
        Leave out regions that ``iscell.npy`` calls no cells; False does not read it.

    Returns
    -------
    RoiSet
        Labels are ``suite2p_0000`` and so on, with the numbers that Suite2p shows, from 0 on. Regions have all pixels
        of ``ypix`` and ``xpix``, those that overlap too, and ``lam`` as their weights if all are positive.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    FormatError
        If a file is damaged, does not fit the others, or names something that is not on the allow-list.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     region = {"ypix": np.array([1, 1]), "xpix": np.array([2, 3])}
    ...     np.save(f"{folder}/stat.npy", np.array([region], dtype=object))
    ...     rois = twophoton.load_suite2p_rois(folder, shape=(4, 5), cells_only=False)
    >>> rois.labels, int(rois.masks.sum())
    (('suite2p_0000',), 2)
    """
    place = Path(folder).expanduser()
    regions = _regions(_present(place / STATISTICS))
    frame = _shape(_present(place / SETTINGS)) if shape is None else (int(shape[0]), int(shape[1]))
    kept = _cells(_present(place / CELLS), len(regions)) if cells_only else np.ones(len(regions), bool)
    chosen = np.flatnonzero(kept).tolist()
    if not chosen:
        raise FormatError(f"{place}: expected a {'cell' if cells_only else 'region'} at least, found none")
    pixels = [_pixels(place / STATISTICS, number, regions[number], frame) for number in chosen]
    labels = [f"suite2p_{number:04d}" for number in chosen]
    weights = _weights([regions[number] for number in chosen], pixels)
    found = RoiSet.from_pixels(frame, [own for own, _ in pixels], labels, weights)
    return found.with_provenance(Provenance({"path": str(place), "cells_only": cells_only}))


def _present(path: Path) -> Path:
    if not path.exists():
        other = {SETTINGS: "; or give `shape`", CELLS: "; or take all regions with `cells_only=False`"}
        raise FileNotFoundError(f"{path}: expected a file of Suite2p, found none{other.get(path.name, '')}")
    return path


def _regions(path: Path) -> list[Any]:
    found = import_pickle(path)
    if not isinstance(found, list) or not all(isinstance(region, dict) for region in found):
        raise FormatError(f"{path}: expected a row of dicts, found something else")
    return found


def _shape(path: Path) -> tuple[int, int]:
    found = import_pickle(path)
    rows, columns = (found.get(name) if isinstance(found, dict) else None for name in ("Ly", "Lx"))
    if not isinstance(rows, (int, np.integer)) or not isinstance(columns, (int, np.integer)) or min(rows, columns) < 1:
        raise FormatError(f"{path}: expected positive lengths Ly and Lx, found {rows!r} and {columns!r}")
    return int(rows), int(columns)


def _cells(path: Path, count: int) -> NDArray[np.bool_]:
    """Which regions are cells: the first column."""
    found = read_npy(path)
    if found.ndim != 2 or len(found) != count or found.dtype.kind not in "biuf":
        raise FormatError(f"{path}: expected a row for each of {count} regions, found {found.dtype} of {found.shape}")
    return np.asarray(found[:, 0] > 0)


def _pixels(
    path: Path, number: int, region: dict[str, Any], shape: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pixels of a region, counted row by row, and their places in the file."""
    rows, columns = (np.asarray(region.get(name, ())) for name in ("ypix", "xpix"))
    if (
        rows.ndim != 1
        or not len(rows)
        or rows.shape != columns.shape
        or {rows.dtype.kind, columns.dtype.kind} - {*"iu"}
    ):
        raise FormatError(
            f"{path}: region {number}: expected as many whole numbers in ypix as in xpix, found {rows.dtype} of "
            f"{rows.shape} and {columns.dtype} of {columns.shape}"
        )
    for name, places, length in zip(("ypix", "xpix"), (rows, columns), shape, strict=True):
        if places.min() < 0 or places.max() >= length:
            found = f"{places.min()} to {places.max()}"
            raise FormatError(f"{path}: region {number}: expected {name} from 0 to {length - 1}, found {found}")
    return np.unique(rows.astype(np.int64) * shape[1] + columns, return_index=True)


def _weights(
    regions: Sequence[dict[str, Any]], pixels: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]
) -> list[NDArray[np.float64]] | None:
    """Weights of the pixels of regions; None if some are missing or not positive."""
    found = []
    for region, (_, places) in zip(regions, pixels, strict=True):
        weights = np.asarray(region.get("lam", ()))
        if weights.shape != np.shape(region["ypix"]) or weights.dtype.kind != "f" or not (weights > 0).all():
            return None
        found.append(weights.astype(np.float64)[places])
    return found if all(np.isfinite(own).all() for own in found) else None
