"""The code of twopy's guide to its Python interface runs, in order, with only the import changed."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import documents
from lumentrace import twophoton
from lumentrace.twophoton.config import FILE
from lumentrace.twophoton.read.find import FILES

STARTS = re.compile(r"(from|import) \w|(timing|traces|dff) = |print\(timing")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A lab as the guide's author has it, and a recording in it."""
    (made,) = twophoton.simulate_lab(tmp_path / "lab", 1, stimulus="olfaction", cells=6, rows=48, columns=64, seed=3)
    connection = sqlite3.connect(tmp_path / "lab" / "database" / FILES[0])
    with connection:
        connection.execute("update fly set genotype='gh146', fluorescentProtein='g6f', surgeon='Gustavo', eye='right'")
        connection.execute("update stimulusPresentation set date='2023-10-17 09:00:00', stimulusFunction='combo_stim'")
    connection.close()
    monkeypatch.chdir(tmp_path / "lab")
    assert Path(FILE).exists()
    return tmp_path, made.folder


def test_the_guide(lab: tuple[Path, Path], shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, source = lab
    converted = twophoton.convert_recording_to_twopy(source)
    recording = twophoton.load_converted_recording(converted.path)
    twophoton.save_roi_set(twophoton.grid_roi_set(recording.movie.shape[1:], grid_size_pixels=12), folder / "rois.h5")
    text = re.sub(r"\btwopy\b", "lumentrace.twophoton", documents.read(shared, "twopy-api-guide.txt"))
    for place, here in {
        "/path/to/source/recording": source,
        "/path/to/recording_data.h5": converted.path,
        "/path/to": folder,
    }.items():
        text = text.replace(place, str(here))
    # The guide uses this name one section before it imports it.
    names: dict[str, Any] = {"resolve_recording_timing": twophoton.resolve_recording_timing}
    blocks = [block for block in documents.scripts(text, STARTS) if "napari" not in block]
    assert len(blocks) == 13
    for block in blocks:
        exec(compile(block, "<document>", "exec"), names)  # the document's own code
    assert names["run"].grouped_responses.epoch_names
    assert names["pixel_size"].method == "direct"
    assert names["response_watershed"].roi_set.labels
    assert names["dff"].values.shape[1] == len(names["rois"])
    crop = recording.alignment_valid_crop.slices
    assert names["reloaded"].epochs[0].response_values.shape == recording.mean_image[crop].shape
    assert names["kernels"].ipsilateral.shape[:2] == (len(names["kernels"].epoch_names), len(names["rois"]))
    assert [row.group_cell_id for row in twophoton.load_manual_roi_match_rows(folder / "roi_matches.csv")] == [1, 1]
    assert "classified_photodiode" in capsys.readouterr().out
