"""A run of two-photon analysis: kept steps, histories of results, and progress in frames."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from hdf5_contents import contents
from lumentrace import twophoton
from lumentrace.engine.progress import telling
from lumentrace.twophoton.history import NAME
from lumentrace.twophoton.read.recording import ConvertedRecording
from lumentrace.twophoton.run import Settings, run

STEPS = ["responses", "maps", "kernels"]
ALL = {"maps": True, "kernels": "vision"}
KILLED = """
    import os, signal, sys
    from lumentrace import twophoton
    from lumentrace.twophoton.run import Settings, run
    recording = twophoton.load_converted_recording({recording!r})
    frames = recording.movie.shape[0]
    def kill(done, total):
        if done > {after} * frames:
            os.kill(os.getpid(), signal.SIGKILL)
    run(recording, Settings(**{settings!r}), verbose=kill, run_dir={folder!r})
"""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> ConvertedRecording:
    """A random stimulus and two cells, and a file with a region outside the crop beside them."""
    folder = tmp_path_factory.mktemp("run") / "fly"
    truth = twophoton.simulate_recording(folder, stimulus="vision", cells=2, rows=40, columns=48, repeats=2, seed=3)
    labels = truth.label_image.copy()
    labels[0, :4] = 8
    np.save(folder / "rois.npy", labels)
    return twophoton.load_converted_recording(twophoton.convert_recording(folder, folder / "converted").path)


def outside(recording: ConvertedRecording) -> str:
    """A file of regions, the third of which has no pixel that is valid in every frame."""
    return str(recording.path.parents[1] / "rois.npy")


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize(("after", "chosen"), [(1, {"maps": True}), (2, ALL)])
def test_a_killed_run_goes_on_after_its_kept_steps(
    recording: ConvertedRecording, after: int, chosen: dict[str, Any], tmp_path: Path
) -> None:
    settings, folder = {**chosen, **({"rois": outside(recording)} if after == 1 else {})}, tmp_path / "run"
    whole = run(recording, Settings(**settings))
    expected = whole.save(tmp_path / "expected")
    script = KILLED.format(recording=str(recording.path), after=after, settings=settings, folder=str(folder))
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False)
    assert killed.returncode == -signal.SIGKILL
    kept = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.glob("*.h5")}
    assert sorted(kept) == sorted(["analysis_outputs.h5", "response_maps.h5"][:after])
    again = run(recording, Settings(**settings), run_dir=folder)
    for name, (changed, content) in kept.items():
        assert (folder / name).stat().st_mtime_ns == changed
        assert (folder / name).read_bytes() == content
    assert again.notices == whole.notices
    assert any("roi_0008" in notice for notice in again.notices) == (after == 1)
    found = again.save(tmp_path / "found")
    files = sorted(path.relative_to(expected) for path in expected.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(found) for path in found.rglob("*") if path.is_file())
    assert {".csv", ".h5"} < {path.suffix for path in files}
    for path in files:
        if path.suffix == ".csv":
            assert (found / path).read_bytes() == (expected / path).read_bytes(), path
        elif path.suffix == ".h5":
            assert contents(found / path) == contents(expected / path), path
    assert [step.name for step in again.provenance.steps] == STEPS[: after + 1]
    assert [step.parameters for step in again.provenance.steps] == [step.parameters for step in whole.provenance.steps]


def test_a_run_directory_of_another_run_is_refused(recording: ConvertedRecording, tmp_path: Path) -> None:
    labels = tmp_path / "rois.npy"
    np.save(labels, np.load(outside(recording)) % 8)
    first = run(recording, Settings(rois=str(labels)), run_dir=tmp_path / "run")
    again = run(recording, Settings(rois=str(labels)), run_dir=tmp_path / "run")
    assert again.provenance.steps == first.provenance.steps
    with pytest.raises(ValueError, match=r"another run .different settings"):
        run(recording, Settings(rois=str(labels), fit_mode="log_linear"), run_dir=tmp_path / "run")
    shifted = replace(recording, stimulus_data=recording.stimulus_data + 0.5)
    with pytest.raises(ValueError, match=r"another run .different stimulus"):
        run(shifted, Settings(rois=str(labels)), run_dir=tmp_path / "run")
    np.save(labels, np.load(labels) * 2)
    with pytest.raises(ValueError, match=r"another run .different regions"):
        run(recording, Settings(rois=str(labels)), run_dir=tmp_path / "run")


def test_progress_counts_frames_inside_of_steps(recording: ConvertedRecording) -> None:
    told: list[tuple[int, int]] = []
    run(recording, Settings(**ALL), verbose=lambda done, total: told.append((done, total)))
    frames = recording.movie.shape[0]
    done = [each for each, _ in told]
    assert {total for _, total in told} == {3 * frames}
    assert done == sorted(set(done))
    assert done[-1] == 3 * frames
    # Of traces and maps, which read the movie, more than the end is told.
    for step in (0, 1):
        assert sum(step * frames < each < (step + 1) * frames for each in done) >= 2


def test_every_pass_over_a_movie_tells_of_its_frames(recording: ConvertedRecording, tmp_path: Path) -> None:
    frames = recording.movie.shape[0]
    rois = twophoton.grid_roi_set(recording.movie.shape[1:], grid_size_pixels=20)
    windows = twophoton.resolve_recording_timing(recording).epoch_windows
    passes = {
        "traces": lambda: twophoton.extract_roi_traces(recording, rois),
        "background": lambda: twophoton.extract_background_corrected_roi_traces(
            recording, rois, method="movie_y_stripe_percentile"
        ),
        "maps": lambda: twophoton.compute_recording_response_maps(recording, epoch_windows=windows),
        "watershed": lambda: twophoton.extract_response_watershed_rois(recording, windows, min_pixels=1),
    }
    for name, work in passes.items():
        told: list[int] = []
        with telling(told.append):
            work()
        assert told == sorted(told), name
        assert told[-1] == frames, name
        assert len(set(told)) > 2, name
    counted: list[tuple[int, int]] = []
    source = recording.path.parents[1]
    twophoton.convert_recording(source, tmp_path, verbose=lambda done, total: counted.append((done, total)))
    assert counted[-1] == (frames, frames)


def names(result: Any) -> list[str]:
    assert all(step.duration >= 0 and step.started for step in result.provenance.steps)
    return [step.name for step in result.provenance.steps]


CONVERSION = ["read_source", "alignment_valid_crop", "copy_movie"]
RESPONSES = [*CONVERSION, "timing", "traces", "delta_f_over_f", "processing", "trials"]


def test_every_result_carries_its_history(recording: ConvertedRecording) -> None:
    assert names(recording) == CONVERSION
    assert recording.provenance.input["path"] == str(recording.path.parents[1].resolve())
    rois = twophoton.watershed_roi_set(recording.mean_image, min_pixels=10, smoothing_sigma=1)
    assert names(rois) == ["watershed_roi_set"]
    assert rois.provenance.steps[0].parameters["min_pixels"] == 10
    computation = twophoton.compute_recording_responses(recording, rois)
    assert names(computation) == RESPONSES
    traces = computation.provenance.steps[4]
    assert traces.parameters["background"]["method"] == "movie_global_percentile"
    assert computation.timing is not None
    assert names(computation.timing) == [*CONVERSION, "timing"]
    assert names(computation.traces) == [*CONVERSION, "traces"]
    maps = twophoton.compute_recording_response_maps(recording, epoch_windows=computation.epoch_windows)
    assert names(maps) == [*CONVERSION, "response_maps"]
    options = twophoton.StimulusKernelOptions(stimulus_modality="vision")
    kernels = twophoton.fit_recording_stimulus_kernels(computation, options)
    assert names(kernels) == [*RESPONSES, "stimulus_kernels"]
    found = twophoton.extract_response_watershed_rois(recording, computation.epoch_windows, min_pixels=1)
    assert names(found.roi_set) == names(found) == [*CONVERSION, "response_watershed"]
    assert found.provenance.steps[-1].parameters["min_pixels"] == 1
    # Given windows leave no step of timing.
    given = twophoton.compute_recording_responses(recording, rois, epoch_windows=computation.epoch_windows)
    assert names(given) == [name for name in RESPONSES if name != "timing"]


def test_files_keep_histories(recording: ConvertedRecording, tmp_path: Path) -> None:
    outcome = run(recording, Settings(**ALL))
    folder = outcome.save(tmp_path)
    assert outcome.maps is not None
    assert outcome.kernels is not None
    saved = twophoton.load_recording_responses(folder / "analysis_outputs.h5", recording)
    maps = twophoton.load_response_map_data(folder / "response_maps.h5")
    kernels = twophoton.load_stimulus_kernels(folder / "kernels.h5")
    assert saved.provenance == outcome.responses.provenance
    assert maps.provenance == outcome.maps.provenance
    assert kernels.provenance == outcome.kernels.provenance
    rois = twophoton.grid_roi_set((20, 30), grid_size_pixels=10)
    path = twophoton.save_roi_set(rois, tmp_path / "rois.h5")
    assert twophoton.load_roi_set(path).provenance == rois.provenance
    with h5py.File(path, "r+") as file:
        del file[NAME]
    older = twophoton.load_roi_set(path)
    assert older.labels == rois.labels
    assert older.provenance.steps == ()
    assert older.provenance.input == {"path": str(path)}


def test_the_table_of_regions_is_that_of_the_report(recording: ConvertedRecording, tmp_path: Path) -> None:
    import polars as pl

    outcome = run(recording, Settings(rois=outside(recording)))
    folder = outcome.save(tmp_path)
    table = pl.read_csv(folder / "exports/csvs/regions.csv")
    assert table["roi_label"].to_list() == list(outcome.responses.roi_set.labels)
    assert table["peak_dff"][2] is None
    assert table["remarks"][2] == "no pixel inside the crop"
    for place in (0, 1):
        trials = [each for each in outcome.responses.grouped_responses.trials if each.epoch_number != 1]
        means = []
        for number in {trial.epoch_number for trial in trials}:
            own = [trial.values[trial.time_seconds >= 0, place] for trial in trials if trial.epoch_number == number]
            stacked = np.stack([values[: min(map(len, own))] for values in own])
            means.append(np.nanmean(stacked, axis=0)[np.isfinite(stacked).any(axis=0)])
        joined = np.concatenate(means)
        assert table["peak_dff"][place] == pytest.approx(joined[np.abs(joined).argmax()], rel=1e-6)
