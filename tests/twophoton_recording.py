"""A small recording folder with known truth, as a microscope and a stimulus computer leave it."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import tifffile
from numpy.typing import NDArray
from scipy.io import savemat

RATE = 10.0
PER_FRAME = 8
FRAMES, ROWS, COLUMNS = 220, 20, 24
EPOCH_FRAMES = 20
START = 10
PROJECTOR = 60.0
CELLS = {1: (slice(4, 8), slice(5, 9)), 2: (slice(12, 16), slice(14, 18))}


@dataclass
class Made:
    """A folder and what is in it."""

    folder: Path
    movie: NDArray[np.float64]
    labels: NDArray[np.int64]
    onsets: list[float]


def make_recording(folder: Path, seed: int = 0) -> Made:
    """Epochs 1 (grey) and 2 (odour) in turn, of 20 frames each; cells answer the second one by 50 %."""
    random = np.random.default_rng(seed)
    epochs = [1, 2, 1, 2, 1, 2, 1, 2, 1]
    onsets = [START + EPOCH_FRAMES * number for number in range(len(epochs) + 1)]
    labels = np.zeros((ROWS, COLUMNS), np.int64)
    for label, place in CELLS.items():
        labels[place] = label
    response = np.zeros(FRAMES)
    for onset, epoch in zip(onsets, epochs, strict=False):
        if epoch == 2:
            response[onset : onset + EPOCH_FRAMES] = 0.5
    movie = np.full((FRAMES, ROWS, COLUMNS), 20.0) + random.integers(0, 3, (FRAMES, ROWS, COLUMNS))
    for label in CELLS:
        movie[:, labels == label] += np.rint(100.0 * label * (1 + response))[:, None]
    (folder / "stimulusData").mkdir(parents=True)
    write_movie(folder, movie)
    tifffile.imwrite(folder / "run_001.tif", np.zeros((2, ROWS, COLUMNS), np.uint16))
    shifts = np.column_stack([random.uniform(-1.5, 1.5, (FRAMES, 2)), np.ones(FRAMES)])
    np.savetxt(folder / "run_001_ch1_alignment.txt", shifts)
    (folder / "defaultAlignChannel.txt").write_text("1\n")
    write_photodiode(folder, [float(onset) for onset in onsets])
    state = {
        "configName": "test",
        "software": {"version": 3.8},
        "acq": {
            "linesPerFrame": ROWS,
            "pixelsPerLine": COLUMNS,
            "numberOfFrames": FRAMES,
            "numberOfChannelsSave": 2,
            "frameRate": RATE,
            "zoomFactor": 9.0,
            "pixelTime": 1.6e-6,
            "msPerLine": 0.6,
            "zStepSize": 1.0,
            "scanAngleMultiplierFast": 1.0,
            "scanAngleMultiplierSlow": 0.5,
        },
        "motor": {"absXPosition": 1.0, "absYPosition": 2.0, "absZPosition": 3.0},
    }
    savemat(folder / "imageDescription.mat", {"state": state})
    write_stimulus(folder / "stimulusData", epochs)
    return Made(folder, movie, labels, [float(onset) for onset in onsets])


def write_movie(folder: Path, movie: NDArray[Any]) -> None:
    """As MATLAB 7.3 has it: (frames, x, y)."""
    with h5py.File(folder / "alignedMovie.mat", "w") as file:
        data = np.swapaxes(movie, 1, 2)
        file.create_dataset("imgFrames_ch1", data=data, chunks=(1, 16, ROWS), compression="gzip")


def write_photodiode(
    folder: Path,
    onsets: list[float],
    long_end: bool = True,
    per_frame: int = PER_FRAME,
    spikes: dict[int, float] | None = None,
) -> None:
    """A short flash at every change, a long one at the end; spikes of one sample by place and height."""
    high = np.ones(FRAMES * per_frame)
    for number, onset in enumerate(onsets):
        first = round(onset * per_frame)
        length = round((4.0 if long_end and number == len(onsets) - 1 else 1.0) * per_frame)
        high[first : first + length] += 10.0
    for place, height in (spikes or {}).items():
        high[place] += height
    savemat(folder / "highResPd.mat", {"highResPd": high})
    savemat(folder / "imagingResPd.mat", {"imagingResPd": high.reshape(FRAMES, per_frame).mean(axis=1)})


def write_stimulus(folder: Path, epochs: list[int]) -> None:
    """The table of the projector, parameters of epochs, and the code that made them."""
    rows_per_epoch = round(EPOCH_FRAMES / RATE * PROJECTOR)
    numbers = np.repeat(epochs, rows_per_epoch)
    table = np.zeros((len(numbers) + 30, 35))
    table[:, 0] = np.arange(len(table)) / PROJECTOR
    table[: len(numbers), 2] = numbers
    for start in range(0, len(numbers) + 1, rows_per_epoch):
        table[start : start + 6, 33] = 1
    savemat(folder / "stimdata.mat", {"stimData": table})
    kinds = np.zeros(2, dtype=[("epochName", "O"), ("stimtype", "O"), ("duration", "O")])
    kinds["epochName"] = ["Gray Interleave", "Odour"]
    kinds["stimtype"], kinds["duration"] = [7, 7], [120, 120]
    savemat(folder / "stimParams.mat", {"stimParams": kinds})
    details = {"flyId": 5, "genotype": "w;+", "rigName": "A", "rigTemperature": 22.0, "runNumber": 1}
    savemat(folder / "runDetails.mat", details)
    with zipfile.ZipFile(folder / "filebackup.zip", "w") as archive:
        archive.writestr("paramfiles/stimulus_lookup.txt", "# comment\n7,Odours\n")
        archive.writestr("stimfunctions/Odours.m", "function a\nstimData.mat(5) = value; % drive\n")
