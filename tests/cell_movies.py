"""Recordings made of a movie at hand, and cells compared with those that were planted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from lumentrace import twophoton

STILL: dict[str, Any] = {"walk_px": 0.0, "jumps": 0}
"""A scene without motion, as an aligned movie shows it."""


def recording(movie: Any, folder: Path, rate: float = 15.0) -> twophoton.ConvertedRecording:
    """A movie as a converted recording with an epoch of rest and one of stimulus."""
    folder.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(folder / "movie.tif", np.asarray(movie), photometric="minisblack")
    half, end = len(movie) // 2, len(movie)
    epochs = {
        "start_frame": [0, half],
        "stop_frame": [half, end],
        "epoch_number": [1, 2],
        "epoch_name": ["grey", "odour"],
    }
    if len(movie) == 1:
        epochs = {"start_frame": [0], "stop_frame": [1], "epoch_number": [1], "epoch_name": ["grey"]}
    made = twophoton.convert_tiff_recording(folder / "movie.tif", epochs, folder / "out", frame_rate_hz=rate)
    return twophoton.load_converted_recording(made.path)


def planted(folder: Path, seed: int = 1, **scene: Any) -> tuple[twophoton.RawMovie, twophoton.ConvertedRecording]:
    """A simulated movie that does not move, as a converted recording."""
    own = {"frames": 900, "rows": 72, "columns": 72, "frame_rate_hz": 15.0, "cells": 12, "radius_px": 5.0, **STILL}
    made = twophoton.simulate_raw(twophoton.RawScene(**{**own, **scene}), seed=seed)
    return made, recording(made.movie[:], folder, made.scene.frame_rate_hz)


def pairs(truth: Any, found: NDArray[np.bool_], least: float = 0.5) -> list[tuple[int, int]]:
    """Planted cells and found ones that are the same: those with the greatest overlaps, at least so much."""
    one = np.asarray(truth.todense(), float) if hasattr(truth, "todense") else truth.reshape(len(truth), -1) * 1.0
    two = found.reshape(len(found), one.shape[1]) * 1.0
    shared = one @ two.T
    overlap = shared / np.maximum(one.sum(axis=1)[:, None] + two.sum(axis=1) - shared, 1)
    rows, columns = linear_sum_assignment(-overlap)
    return [(int(a), int(b)) for a, b in zip(rows, columns, strict=True) if overlap[a, b] >= least]
