"""The movie of a recording, and how its frames were moved, for NWB files; frames are read a block at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.twophoton.exchange.nwb_signals import NO_UNIT, when
from lumentrace.twophoton.read.movie import Movie
from lumentrace.twophoton.read.recording import ConvertedRecording

COMPRESSION = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
CHUNK_BYTES = 1 << 20
BLOCK_BYTES = 1 << 26
MOVIE, SHIFTS = "TwoPhotonSeries", "frame_shifts"


def add_movie(content: Any, recording: ConvertedRecording, plane: Any, rate: float) -> None:
    """Add the movie to a file in memory; its frames are read when that is written.

    Parameters
    ----------
    content : pynwb.NWBFile
    recording : ConvertedRecording
    plane : pynwb.ophys.ImagingPlane
    rate : float
        Frames per second.
    """
    from pynwb.ophys import TwoPhotonSeries

    content.add_acquisition(
        TwoPhotonSeries(
            name=MOVIE,
            description="Aligned movie: x first, y second.",
            data=_streamed(recording.movie),
            imaging_plane=plane,
            unit=NO_UNIT,
            **when(recording, rate, 0, recording.movie.shape[0]),
        )
    )


def add_shifts(ophys: Any, recording: ConvertedRecording, rate: float) -> None:
    """Add how far each frame was moved to a processing module, if any was."""
    from pynwb import TimeSeries

    offsets = recording.alignment_offset_pixels
    if offsets is None or not offsets.any():
        return
    count = recording.movie.shape[0]
    told = f"Shifts in x and y by which frames were aligned; {int(recording.motion_artifact_mask.sum())} moved too far."
    ophys.add(
        TimeSeries(
            name=SHIFTS, data=offsets[:count], unit="pixels", description=told, **when(recording, rate, 0, count)
        )
    )


def _streamed(movie: Movie) -> Any:
    """Frames with x first, as a data set that grows block by block."""
    from hdmf.data_utils import DataChunkIterator
    from pynwb import H5DataIO

    frames, rows, columns = movie.shape
    depth = max(1, min(frames, CHUNK_BYTES // (rows * columns * movie.dtype.itemsize)))
    blocks = DataChunkIterator(
        data=_frames(movie), maxshape=(frames, columns, rows), dtype=movie.dtype, buffer_size=depth
    )
    return H5DataIO(data=blocks, chunks=(depth, columns, rows), **COMPRESSION)


def _frames(movie: Movie) -> Iterator[NDArray[Any]]:
    step = max(1, BLOCK_BYTES // (movie.shape[1] * movie.shape[2] * movie.dtype.itemsize))
    for _, _, block in movie.iter_frame_batches(step):
        yield from np.swapaxes(block, 1, 2)
