"""Recording folders, written as the microscope and the stimulus computer leave them."""

from __future__ import annotations

import zipfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

import numpy as np
from numpy.typing import NDArray

from lumentrace.storage.sink import Sink
from lumentrace.twophoton.convert.source import COLUMNS, MOVIE, MOVIE_DATASET
from lumentrace.twophoton.measure.photodiode import PROJECTOR_HZ

Floats = NDArray[np.float64]

USERBLOCK = 512
"""Bytes before the HDF5 data, where MATLAB puts its own header."""
LARGE = 2**32 - 2**25
"""Bytes from which a TIFF file needs wider numbers."""
CODE = """function {function}
  stimData.mat(1) = epoch;
  stimData.mat(5) = stimValue; % value that drives the stimulus
"""


@dataclass(frozen=True)
class Session:
    """What a recording folder holds beside the movie.

    Attributes
    ----------
    shape : tuple of int
        (frames, rows, columns)
    frame_rate_hz, zoom : float
    shifts : ndarray
        (frames, 2): x and y by which frames were moved, pixels.
    high_res_pd : ndarray
        Samples of the fast photodiode, a whole number per frame.
    table : ndarray
        (rows, 35): the stimulus, a row per frame of the projector.
    epochs : sequence of (str, float)
        Name and seconds of each epoch, from number 1 on.
    stimtype, function : int, str
        Number and name of the stimulus function.
    run : dict
        flyId, genotype, rigName, rigTemperature, runNumber.
    """

    shape: tuple[int, int, int]
    frame_rate_hz: float
    zoom: float
    shifts: Floats = field(repr=False)
    high_res_pd: Floats = field(repr=False)
    table: Floats = field(repr=False)
    epochs: tuple[tuple[str, float], ...]
    stimtype: int
    function: str
    run: dict[str, Any]

    @property
    def imaging_res_pd(self) -> Floats:
        """The mean photodiode signal of each frame."""
        return np.asarray(self.high_res_pd.reshape(self.shape[0], -1).mean(axis=1))


def empty_table(rows: int) -> Floats:
    """A stimulus table with its clock, and nothing shown."""
    table = np.zeros((rows, len(COLUMNS)))
    table[:, COLUMNS.index("time_seconds")] = np.arange(rows) / PROJECTOR_HZ
    table[:, COLUMNS.index("stimulus_frame_number")] = np.arange(1, rows + 1)
    return table


def write_session(folder: Path, session: Session) -> None:
    """Write everything but the movie and the TIFF file."""
    stimulus = folder / "stimulusData"
    stimulus.mkdir(parents=True, exist_ok=True)
    (folder / "defaultAlignChannel.txt").write_text("1\n")
    columns = np.column_stack([session.shifts, np.ones(session.shape[0])])
    np.savetxt(folder / "run_001_ch1_alignment.txt", columns, delimiter="\t", fmt="%.5f")
    _save(folder / "highResPd.mat", {"highResPd": session.high_res_pd}, do_compression=True)
    _save(folder / "imagingResPd.mat", {"imagingResPd": session.imaging_res_pd}, do_compression=True)
    _save(folder / "imageDescription.mat", {"state": _state(session)})
    _save(stimulus / "stimdata.mat", {"stimData": session.table}, do_compression=True)
    _save(stimulus / "stimParams.mat", {"stimParams": _parameters(session)})
    _save(stimulus / "runDetails.mat", session.run)
    with zipfile.ZipFile(stimulus / "filebackup.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("paramfiles/stimulus_lookup.txt", f"# id,function\n{session.stimtype},{session.function}\n")
        archive.writestr(f"stimfunctions/{session.function}.m", CODE.format(function=session.function))


def _save(path: Path, values: dict[str, Any], do_compression: bool = False) -> None:
    """Write a MATLAB file; scipy tells errors of a file that it opens by itself in words of its own."""
    from scipy.io import savemat

    with path.open("wb") as file:
        savemat(cast(Any, file), values, do_compression=do_compression)


def _state(session: Session) -> dict[str, Any]:
    """The description of the image, as ScanImage 3.8 has it."""
    frames, rows, columns = session.shape
    acquisition = {
        "linesPerFrame": rows,
        "pixelsPerLine": columns,
        "numberOfFrames": frames,
        "numberOfChannelsSave": 2,
        "frameRate": session.frame_rate_hz,
        "zoomFactor": session.zoom,
        "pixelTime": 1 / session.frame_rate_hz / rows / columns,
        "msPerLine": 1000 / session.frame_rate_hz / rows,
        "zStepSize": 1.0,
        "scanAngleMultiplierFast": 1.0,
        "scanAngleMultiplierSlow": rows / columns,
    }
    motor = {"absXPosition": 0.0, "absYPosition": 0.0, "absZPosition": 0.0}
    return {"configName": "simulated", "software": {"version": 3.8}, "acq": acquisition, "motor": motor}


def _parameters(session: Session) -> NDArray[Any]:
    names = ("epochName", "stimtype", "duration")
    parameters = np.zeros(len(session.epochs), dtype=[(name, object) for name in names])
    for place, (epoch, seconds) in enumerate(session.epochs):
        parameters[place] = (epoch, float(session.stimtype), float(round(seconds * PROJECTOR_HZ)))
    return parameters


class MovieFiles:
    """The aligned movie and the TIFF file of a recording, written block by block.

    Parameters
    ----------
    folder : path
    session : Session
    """

    def __init__(self, folder: Path, session: Session) -> None:
        self._folder, self._session = folder, session
        self._open = ExitStack()
        self._done = 0

    def __enter__(self) -> Self:
        import h5py
        import tifffile

        frames, rows, columns = self._session.shape
        self._sinks = [
            Sink(self._open.enter_context((self._folder / name).open("w+b"))) for name in (MOVIE, "run_001.tif")
        ]
        file = self._open.enter_context(h5py.File(self._sinks[0], "w", userblock_size=USERBLOCK))
        shape, chunks = (frames, columns, rows), (1, min(64, columns), rows)
        self._data = file.create_dataset(
            MOVIE_DATASET, shape, np.float64, chunks=chunks, compression="gzip", compression_opts=1
        )
        self._data.attrs["MATLAB_class"] = np.bytes_("double")
        large = 2 * frames * rows * columns * 2 > LARGE
        self._tiff = self._open.enter_context(tifffile.TiffWriter(cast(BinaryIO, self._sinks[1]), bigtiff=large))
        return self

    def add(self, aligned: NDArray[Any], raw: NDArray[Any]) -> None:
        """The next frames (frames, rows, columns): aligned, and as they were recorded."""
        stop = self._done + len(aligned)
        self._data[self._done : stop] = np.swapaxes(aligned, 1, 2)
        pages = np.empty((2 * len(raw), *raw.shape[1:]), np.uint16)
        pages[0::2] = raw
        pages[1::2] = np.clip(50 * self._session.imaging_res_pd[self._done : stop], 0, 65535)[:, None, None]
        self._tiff.write(pages, photometric="minisblack", metadata=None, contiguous=True)
        self._done = stop
        self._check()

    def _check(self) -> None:
        """Raise what went wrong with a file; HDF5 must not see it."""
        for sink in self._sinks:
            sink.check()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._open.close()
        finally:
            self._check()
        if kind is None:
            with (self._folder / MOVIE).open("r+b") as file:
                file.write(b"MATLAB 7.3 MAT-file, simulated by lumentrace".ljust(124) + b"\x00\x02IM")
