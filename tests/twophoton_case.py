"""Golden recordings of two-photon imaging, with what the peer found in them and what is true."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from golden import golden
from lumentrace import twophoton
from lumentrace.twophoton.read.recording import ConvertedRecording

NAMES = ["moving_boundary", "noise_olfaction"]
SMALL = "small_noise_olfaction"
"""The second one with a movie that keeps what cells and background send out, but not where in them."""
METHODS = ["none", "movie_global_percentile", "movie_y_stripe_percentile", "roi_y_stripe_percentile"]


@dataclass
class Case:
    """A golden recording, converted."""

    name: str
    folder: Path
    source: Path
    recording: ConvertedRecording
    arrays: dict[str, Any]
    facts: dict[str, Any]
    truth: dict[str, Any]
    peer: dict[str, Any]
    """Scores of the peer against the truth."""

    @property
    def cells(self) -> twophoton.RoiSet:
        return twophoton.make_roi_set_from_label_image(self.truth["label_image"])


def load_case(name: str, folder: Path) -> Case:
    """Unpack a golden recording into a folder and convert it."""
    place = f"twophoton/{name}"
    with zipfile.ZipFile(io.BytesIO(golden(f"{place}/recording.zip"))) as archive:
        archive.extractall(folder)
    places = {"database_path": folder / "_Database", "data_paths": [str(folder / "data")], "analysis_output": folder}
    text = "".join(f"{key}: {value}\n" for key, value in places.items())
    (folder / "config.yml").write_text(f"{text}database_access: direct\nanalysis_caching: false\n")
    source = next((folder / "data").rglob("alignedMovie.mat")).parent
    converted = twophoton.convert_recording_to_twopy(source, folder / "converted", config_path=folder / "config.yml")
    recording = twophoton.load_converted_recording(converted.path)
    with np.load(folder / "truth.npz") as file:
        truth = dict(file)
    arrays, facts, peer = (golden(f"{place}/{file}") for file in ("arrays.npz", "facts.json", "scores.json"))
    return Case(name, folder, source, recording, arrays, facts, truth, peer)
