"""Golden recordings of two-photon imaging, with what the peer found in them and what is true."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace import twophoton
from lumentrace.twophoton.read.recording import ConvertedRecording
from modules import module_of

NAMES = ["moving_boundary", "noise_olfaction"]
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
    scores: Any
    peer: dict[str, Any]
    """Scores of the peer against the truth."""

    @property
    def cells(self) -> twophoton.RoiSet:
        return twophoton.make_roi_set_from_label_image(self.truth["label_image"])


def load_case(golden: Path, name: str, folder: Path) -> Case:
    """Unpack a golden recording into a folder and convert it."""
    scores = module_of(golden / "score_truth.py")
    source = scores.unpack(golden / name / "recording.zip", folder)
    converted = twophoton.convert_recording_to_twopy(source, folder / "converted", config_path=folder / "config.yml")
    recording = twophoton.load_converted_recording(converted.path)
    with np.load(golden / name / "arrays.npz") as file:
        arrays = dict(file)
    facts = json.loads((golden / name / "facts.json").read_text())
    peer = json.loads((golden / name / "scores.json").read_text())
    return Case(name, folder, source, recording, arrays, facts, scores.load_truth(folder)[0], scores, peer)
