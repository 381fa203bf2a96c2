"""Two-photon: trials as long tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from lumentrace import FormatError, __version__, twophoton
from lumentrace.base.provenance import Provenance
from lumentrace.twophoton.respond.trials import ResponseTrial
from twophoton_recording import RATE, make_recording


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = make_recording(tmp_path_factory.mktemp("recording") / "source")
    recording = twophoton.load_converted_recording(twophoton.convert_recording_to_twopy(made.folder).path)
    recording.motion_artifact_mask[40] = True
    return twophoton.compute_recording_responses(recording, twophoton.make_roi_set_from_label_image(made.labels))


def test_every_sample_has_a_row(run: Any) -> None:
    rows = [
        (*trial.epoch, trial.trial_index, trial.window_index, label, int(frame), float(time), float(value))
        for trial in run.grouped_responses.trials
        for region, label in enumerate(run.grouped_responses.roi_labels)
        for frame, time, value in zip(trial.frame_numbers, trial.time_seconds, trial.values[:, region], strict=True)
    ]
    found = twophoton.trials_table(run)
    expected = pl.DataFrame(rows, schema=found.schema, orient="row")
    assert found["dff"].is_nan().any()
    assert found.equals(expected)
    assert found.equals(twophoton.trials_table(run.grouped_responses))


def test_means_of_the_table_are_those_of_the_truth(run: Any) -> None:
    table = twophoton.trials_table(run).filter((pl.col("time_s") >= 0) & pl.col("dff").is_not_nan())
    means = table.group_by("epoch_name", "roi_label").agg(pl.col("dff").mean())
    for name, _, mean in means.iter_rows():
        assert mean == pytest.approx(0.5 if name == "Odour" else 0.0, abs=0.02)


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
@pytest.mark.parametrize("only_trials", [True, False])
def test_tables_come_back(run: Any, tmp_path: Path, suffix: str, only_trials: bool) -> None:
    given = run.grouped_responses if only_trials else run
    path = twophoton.save_trials_table(tmp_path / "new" / f"trials{suffix}", given)
    assert twophoton.load_trials_table(path).equals(twophoton.trials_table(run))
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_names_that_csv_must_quote(tmp_path: Path) -> None:
    frames = np.arange(2)
    trial = ResponseTrial(1, 'a, "b"', 1, 0, 0, 2, frames, frames / 10, np.array([[1.0], [np.nan]]))
    grouped = twophoton.GroupedRoiResponses(("7",), 10.0, (trial,))
    path = twophoton.save_trials_table(tmp_path / "trials.csv", grouped)
    assert twophoton.load_trials_table(path).equals(twophoton.trials_table(grouped))


def test_no_trials_make_an_empty_table() -> None:
    assert twophoton.trials_table(twophoton.GroupedRoiResponses(("a",), 10.0, ())).shape == (0, 8)


def test_parquet_says_units_and_where_it_comes_from(run: Any, tmp_path: Path) -> None:
    path = twophoton.save_trials_table(tmp_path / "trials.parquet", run)
    record = json.loads(pl.read_parquet_metadata(path)["lumentrace"])
    assert (record["type"], record["version"], record["units"]["time_s"]) == ("trials", __version__, "s")
    history = record["provenance"]
    assert history["input"]["path"] == str(run.recording.path)
    assert history["steps"]["responses"]["data_rate_hz"] == RATE
    assert history["steps"]["timing"]["source"] == "classified_photodiode"
    assert history["steps"]["traces"]["method"] == "movie_global_percentile"
    assert history["steps"]["dff"]["baseline_sample_seconds"] == 1.0
    assert Provenance.from_dict(record["history"]) == run.provenance


def test_tables_that_are_none(run: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"trials\.xlsx: expected a name that ends in \.parquet or \.csv"):
        twophoton.save_trials_table(tmp_path / "trials.xlsx", run)
    path = twophoton.save_trials_table(tmp_path / "trials.parquet", run)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(FormatError, match=r"trials\.parquet: expected a table of trials"):
        twophoton.load_trials_table(path)
    pl.DataFrame({"epoch_number": [1]}).write_parquet(path)
    with pytest.raises(
        FormatError, match=r"trials\.parquet: expected columns epoch_number, .*found \[.epoch_number.\]"
    ):
        twophoton.load_trials_table(path)
    (tmp_path / "trials.csv").write_text("a,b\n1,x\n")
    with pytest.raises(FormatError, match=r"trials\.csv: expected"):
        twophoton.load_trials_table(tmp_path / "trials.csv")
    (tmp_path / "trials.csv").write_text("1,b,3,4,e,6,7,8\n" * 3)
    with pytest.raises(FormatError, match=r"trials\.csv: expected"):
        twophoton.load_trials_table(tmp_path / "trials.csv")
