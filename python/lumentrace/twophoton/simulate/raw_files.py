"""Simulated raw movies as files: TIFF, the table of epochs, the truth."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np

from lumentrace.base.files import named
from lumentrace.base.json_text import json_text
from lumentrace.base.polars import pl
from lumentrace.base.working import put_in_place, working_folder
from lumentrace.engine.progress import Progress, Verbose
from lumentrace.storage.sink import Sink
from lumentrace.twophoton.simulate.raw_frames import SimulatedFrames
from lumentrace.twophoton.simulate.raw_movie import RawMovie, RawTruth
from lumentrace.twophoton.simulate.session_files import LARGE

MOVIE, STRUCTURAL, EPOCHS = "raw.tif", "structural.tif", "epochs.csv"
TRUTH, ABOUT = "raw_truth.npz", "raw_truth.json"


def save_raw_movie(folder: str | os.PathLike[str], raw: RawMovie, *, verbose: Verbose = False) -> Path:
    """Write a simulated raw movie as the microscope would leave it, and the truth beside it.

    Parameters
    ----------
    folder : path
        Made if there is none. It gets ``raw.tif`` (OME-TIFF), ``structural.tif`` if there is such a channel,
        ``epochs.csv`` if a stimulus was shown, ``raw_truth.npz`` and ``raw_truth.json``.
    raw : RawMovie
    verbose : bool or callable, default False

    Returns
    -------
    path
        Of ``raw.tif``.

    Raises
    ------
    OSError
        If a file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from lumentrace import twophoton
    >>> made = twophoton.simulate_raw(twophoton.RawScene(frames=5, rows=32, columns=32, cells=2), seed=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     print(twophoton.save_raw_movie(folder, made).name)
    raw.tif
    """
    place = Path(folder).expanduser()
    place.mkdir(parents=True, exist_ok=True)
    channels = {MOVIE: raw.movie} | ({} if raw.structural is None else {STRUCTURAL: raw.structural})
    with working_folder(place, "simulating") as work, named(place):
        with Progress(verbose, len(channels) * len(raw.movie), "Simulating", "frame") as progress:
            for number, (name, frames) in enumerate(channels.items()):
                _write_tiff(work / name, frames, raw.scene.frame_rate_hz, progress, number * len(frames))
        if raw.truth.activity.epochs:
            _write_epochs(work / EPOCHS, raw.truth)
        _write_truth(work, raw)
        put_in_place(work, place)
    return place / MOVIE


def _write_tiff(path: Path, frames: SimulatedFrames, rate: float, progress: Progress, before: int) -> None:
    import tifffile

    metadata = {"axes": "TYX", "TimeIncrement": 1 / rate, "TimeIncrementUnit": "s"}
    large = np.prod(frames.shape) * frames.dtype.itemsize > LARGE
    with path.open("w+b") as file:
        sink = Sink(file)
        try:
            with tifffile.TiffWriter(cast(BinaryIO, sink), bigtiff=bool(large), ome=True) as tiff:
                tiff.write(
                    _pages(frames, progress, before, sink),
                    shape=frames.shape,
                    dtype=frames.dtype,
                    photometric="minisblack",
                    metadata=metadata,
                )
        finally:
            sink.check()


def _pages(frames: SimulatedFrames, progress: Progress, before: int, sink: Sink) -> Any:
    done = before
    for block in frames.blocks():
        sink.check()
        yield from block
        done += len(block)
        progress.reach(done)


def _write_epochs(path: Path, truth: RawTruth) -> None:
    epochs, directions = truth.activity.epochs, truth.activity.directions
    table = pl.DataFrame(
        {
            "start_s": [epoch.start_s for epoch in epochs],
            "stop_s": [epoch.stop_s for epoch in epochs],
            "epoch_number": [epoch.number for epoch in epochs],
            "epoch_name": [epoch.name for epoch in epochs],
            "direction": [float(directions[epoch.number - 2]) if epoch.number > 1 else None for epoch in epochs],
        }
    )
    path.write_text(table.write_csv())


def _write_truth(folder: Path, raw: RawMovie) -> None:
    truth, activity, motion = raw.truth, raw.truth.activity, raw.truth.motion
    arrays: dict[str, Any] = {
        **{name: value for name, value in vars(truth).items() if isinstance(value, np.ndarray)},
        **{name: value for name, value in vars(activity).items() if isinstance(value, np.ndarray)},
        "shifts": motion.shifts,
        "warp_modes": np.array(motion.modes, np.int64).reshape(-1, 2),
        "warp_amplitudes": motion.amplitudes,
        "ar": np.array(activity.ar),
    }
    for name, own in (("footprints", truth.footprints), ("masks", truth.masks)):
        table = own.tocoo()
        arrays |= {f"{name}_cell": table.row, f"{name}_pixel": table.col, f"{name}_value": table.data}
    np.savez_compressed(folder / TRUTH, **arrays)
    (folder / ABOUT).write_text(json_text(vars(raw.scene), indent=1))
