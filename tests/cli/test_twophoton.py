"""`lumentrace twophoton` from the command line."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import h5py
import numpy as np
import polars as pl
import pytest
import tifffile

from command_line import lumentrace
from hdf5_contents import contents
from lumentrace import twophoton
from lumentrace.engine.record import RunRecord
from lumentrace.twophoton.run import Settings, run
from microscope_files import bruker, frames_of, scanimage_volumes
from twophoton_recording import RATE, make_recording

SIZE = ("--cells", 4, "--rows", 40, "--columns", 48, "--repeats", 2)
ALL = {"analysis_outputs.h5", "response_maps.h5", "exports", "report.html", "run.json"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("twophoton") / "lab"
    done = lumentrace("twophoton", "simulate", "--out", folder, *SIZE)
    assert done.returncode == 0, done.stderr
    assert "lumentrace twophoton find --config" in done.stderr
    return folder


@pytest.fixture
def session(lab: Path, tmp_path: Path) -> Path:
    """A recording folder of its own, with a converted recording."""
    folder = tmp_path / "session"
    shutil.copytree(lab / "data/simulated/epochs/2026/03_02/09_00_00", folder)
    twophoton.convert_recording_to_twopy(folder)
    return folder


@pytest.fixture(scope="module")
def shared(lab: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A converted recording for tests that end before anything is written."""
    folder = tmp_path_factory.mktemp("shared") / "session"
    shutil.copytree(sessions(lab)[0], folder)
    twophoton.convert_recording_to_twopy(folder)
    return folder


def sessions(lab: Path) -> list[Path]:
    return sorted((lab / "data/simulated/epochs/2026/03_02").iterdir())


def test_find(lab: Path) -> None:
    config = ("--config", lab / "config.yml")
    done = lumentrace("twophoton", "find", *config)
    assert done.returncode == 0, done.stderr
    for text in ("2026-03-02 09:00", "GCaMP6f", "right", "left", "simulated/epochs/2026/03_02/10_00_00"):
        assert text in done.stdout
    assert "missing" not in done.stdout
    assert "2 recordings" in done.stderr
    left = lumentrace("twophoton", "find", *config, "--hemisphere", "left", "--sensor", "gcamp", "--paths")
    assert left.stdout.split() == [str(sessions(lab)[1])]
    none = lumentrace("twophoton", "find", *config, "--year", 1999)
    assert none.returncode == 0
    assert "0 recordings" in none.stderr
    one = lumentrace("twophoton", "find", *config, "--limit", 1)
    assert "1 recording; there may be more" in one.stderr


def test_convert_goes_on_where_it_stopped(lab: Path, tmp_path: Path) -> None:
    one, other = sessions(lab)
    bad = tmp_path / "bad"
    shutil.copytree(one, bad)
    (bad / "highResPd.mat").write_bytes(b"")
    first = lumentrace("twophoton", "convert", one, bad, "--out", tmp_path / "out")
    assert first.returncode == 3
    assert "highResPd.mat" in first.stderr
    data = tmp_path / "out" / one.name / "recording_data.h5"
    movie = twophoton.load_converted_recording(data).movie
    before = data.stat().st_mtime_ns
    second = lumentrace("twophoton", "convert", one, other, "--out", tmp_path / "out")
    assert second.returncode == 0, second.stderr
    assert f"{one.name}: converted before" in second.stderr
    assert f"{other.name}: converted, see" in second.stderr
    assert data.stat().st_mtime_ns == before
    movie.path.write_bytes(movie.path.read_bytes()[:2000])
    mended = lumentrace("twophoton", "convert", one, other, "--out", tmp_path / "out")
    assert f"{one.name}: converted, see" in mended.stderr
    newer = twophoton.load_converted_recording(data).path.stat().st_mtime + 10
    shutil.copytree(one, tmp_path / "own" / one.name)
    changed = tmp_path / "own" / one.name
    os.utime(changed / "run_001_ch1_alignment.txt", (newer, newer))
    again = lumentrace("twophoton", "convert", changed, "--out", tmp_path / "out" / one.name)
    assert "converted before" not in again.stderr
    assert again.returncode == 0, again.stderr
    forced = lumentrace("twophoton", "convert", other, "--out", tmp_path / "out" / other.name, "--force")
    assert "converted before" not in forced.stderr


def test_analyze_writes_what_the_functions_return(session: Path, tmp_path: Path) -> None:
    out = tmp_path / "results"
    done = lumentrace("twophoton", "analyze", session, "--maps", "--minimum-correlation", "-1", "--out", out)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in out.iterdir()} == ALL
    assert "flashes" in done.stdout
    recording = twophoton.load_converted_recording(session / "lumentrace")
    saved = twophoton.load_recording_responses(out / "analysis_outputs.h5", recording)
    options = twophoton.ResponseProcessingOptions(
        correlation_filter=twophoton.CorrelationFilterOptions("epoch_mean", -1.0)
    )
    assert saved.response_processing_options == options
    expected = twophoton.compute_recording_responses(recording, saved.roi_set, options=options)
    np.testing.assert_array_equal(saved.dff.values, expected.dff.values)
    assert saved.timing == expected.timing
    assert saved.correlation_scores is not None
    assert expected.correlation_scores is not None
    np.testing.assert_array_equal(saved.correlation_scores.scores, expected.correlation_scores.scores)
    assert len(saved.roi_set) == 4
    table = pl.read_csv(out / "exports/csvs/response_summary_grouped.csv")
    assert table["statistic"].unique().sort().to_list() == ["mean", "n_trials", "sem"]
    maps = twophoton.load_response_map_data(out / "response_maps.h5")
    assert [epoch.trial_count for epoch in maps.epochs] == [2, 2, 2]
    record = json.loads((out / "run.json").read_text())
    assert record["settings"]["rois"] == record["steps"][0]["parameters"]["rois"] == "watershed"
    assert [step["name"] for step in record["steps"]] == ["responses", "maps"]
    assert len({step["started"] for step in record["steps"]}) == 2
    assert set(record["files"]) >= {"analysis_outputs.h5", "response_maps.h5", "report.html"}
    assert record["input"]["path"] == str((session / "lumentrace" / "recording_data.h5").resolve())


def test_python_writes_what_the_command_line_writes(session: Path, tmp_path: Path) -> None:
    options = ["--rois", "grid:16", "--smoothing", "moving_average:3"]
    assert lumentrace("twophoton", "analyze", session, *options, "--out", tmp_path / "cli").returncode == 0
    outcome = run(session, Settings(rois="grid:16", smoothing="moving_average:3"))
    here = outcome.save(tmp_path / "python")
    for path in (tmp_path / "cli").rglob("*.csv"):
        assert path.read_bytes() == (here / path.relative_to(tmp_path / "cli")).read_bytes()
    assert contents(tmp_path / "cli" / "analysis_outputs.h5") == contents(here / "analysis_outputs.h5")
    one, other = (RunRecord.read(tmp_path / name / "run.json") for name in ("cli", "python"))
    assert one.settings == other.settings
    assert one.figures == other.figures
    assert one.files == other.files
    assert Settings.from_mapping(one.settings) == outcome.settings


def test_a_run_is_resumed(session: Path, tmp_path: Path) -> None:
    command = ("twophoton", "analyze", session, "--maps", "--resume", "--out", tmp_path)
    assert lumentrace(*command).returncode == 0
    assert sorted(path.name for path in (tmp_path / "run").glob("*.h5")) == ["analysis_outputs.h5", "response_maps.h5"]
    first = RunRecord.read(tmp_path / "run.json").provenance.steps
    (tmp_path / "run" / "response_maps.h5").unlink()
    assert lumentrace(*command).returncode == 0
    second = RunRecord.read(tmp_path / "run.json").provenance.steps
    assert second[0] == first[0]
    assert second[1].started > first[1].started
    other = lumentrace(*command, "--fit-mode", "log_linear")
    assert other.returncode == 3
    assert "holds another run (different settings)" in other.stderr


def test_regions_by_watershed_are_the_cells(session: Path, tmp_path: Path) -> None:
    assert lumentrace("twophoton", "analyze", session, "--out", tmp_path).returncode == 0
    found = twophoton.load_analysis_outputs(tmp_path / "analysis_outputs.h5").roi_set
    assert found is not None
    with np.load(session / "truth.npz") as truth:
        cells = [truth["label_image"] == number for number in range(1, 5)]
    overlap = [max((cell & mask).sum() / (cell | mask).sum() for mask in found.masks) for cell in cells]
    assert min(overlap) > 0.6


def test_analyze_converts_and_takes_label_images(lab: Path, tmp_path: Path) -> None:
    folder = tmp_path / "fresh"
    shutil.copytree(sessions(lab)[0], folder, ignore=shutil.ignore_patterns("lumentrace"))
    with np.load(folder / "truth.npz") as truth:
        tifffile.imwrite(tmp_path / "rois.tif", truth["label_image"].astype(np.uint16))
    settings = ("--smoothing", "savgol:5,2", "--low-pass", 3, "--fit-mode", "log_linear", "--baseline-epoch", 1)
    done = lumentrace("twophoton", "analyze", folder, "--rois", tmp_path / "rois.tif", *settings)
    assert done.returncode == 0, done.stderr
    run = twophoton.load_recording_responses(folder / "lumentrace" / "analysis_outputs.h5")
    assert run.roi_set.labels == ("roi_0001", "roi_0002", "roi_0003", "roi_0004")
    assert run.dff.metadata["fit_mode"] == "log_linear"
    assert run.response_processing_options.smoothing == twophoton.SmoothingOptions("savgol", 5, 2)
    assert run.response_processing_options.low_pass == twophoton.LowPassFilterOptions("butterworth", 3.0)
    assert (folder / "lumentrace" / "report.html").exists()


def test_grids_lie_inside_the_crop(session: Path, tmp_path: Path) -> None:
    done = lumentrace("twophoton", "analyze", session, "--rois", "grid:10", "--no-baseline-epoch", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    found = twophoton.load_analysis_outputs(tmp_path / "analysis_outputs.h5")
    assert found.roi_set is not None
    assert len(found.roi_set) == 20
    assert found.baseline_windows is not None
    assert len(found.baseline_windows) == 1


def test_a_region_outside_is_a_warning_in_a_line(session: Path, tmp_path: Path) -> None:
    labels = np.zeros((40, 48), np.uint8)
    labels[0, 0], labels[15:20, 15:20] = 1, 2
    np.save(tmp_path / "rois.npy", labels)
    done = lumentrace("twophoton", "analyze", session, "--rois", tmp_path / "rois.npy", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "warning no pixel of roi_0001 lies in the domain" in done.stderr
    assert "UserWarning" not in done.stderr
    np.save(tmp_path / "rois.npy", labels - 0.5)
    for name, content in (("rois.npy", None), ("cut.npy", b""), ("text.npy", b"12 13"), ("cut.tif", b"II*\0")):
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        wrong = lumentrace("twophoton", "analyze", session, "--rois", path, "--out", tmp_path)
        assert wrong.returncode == 3
        assert name in wrong.stderr
        assert "Traceback" not in wrong.stderr


def test_kernels_and_the_report_again(tmp_path: Path) -> None:
    lab = tmp_path / "lab"
    size = ("--cells", 2, "--rows", 32, "--columns", 40, "--repeats", 2)
    made = lumentrace("twophoton", "simulate", "-o", lab, "--stimulus", "olfaction", "--recordings", 1, *size)
    assert made.returncode == 0, made.stderr
    folder = lab / "data/simulated/olfaction/2026/03_02/09_00_00"
    out = tmp_path / "out"
    no_side = lumentrace("twophoton", "analyze", folder, "--kernels", "olfaction", "--out", out)
    assert no_side.returncode == 3
    assert "which hemisphere" in no_side.stderr
    done = lumentrace(
        "twophoton", "analyze", folder, "--kernels", "olfaction", "--hemisphere", "left", "--maps", "--out", out
    )
    assert done.returncode == 0, done.stderr
    kernels = twophoton.load_stimulus_kernels(out / "kernels.h5")
    assert (kernels.hemisphere, kernels.method) == ("left", "smooth")
    table = pl.read_csv(out / "exports/csvs/kernels.csv")
    assert table.columns[:3] == ["epoch_name", "roi_label", "stream"]
    own = table.filter((pl.col("stream") == "contralateral") & (pl.col("roi_label") == kernels.roi_labels[1]))
    assert kernels.contralateral is not None
    np.testing.assert_allclose(own.drop("epoch_name", "roi_label", "stream").row(0), kernels.contralateral[0, 1])
    first = (out / "report.html").read_text("utf-8")
    again = lumentrace("twophoton", "report", out, "--out", tmp_path / "again.html")
    assert again.returncode == 0, again.stderr
    # All but the minute in which it was made.
    second = (tmp_path / "again.html").read_text("utf-8")
    assert first.partition("<footer>")[0] == second.partition("<footer>")[0]
    assert first.partition("</footer>")[2] == second.partition("</footer>")[2]
    lumentrace("twophoton", "analyze", folder, "--out", out)
    plain = lumentrace("twophoton", "report", out / "analysis_outputs.h5")
    assert plain.returncode == 0, plain.stderr
    assert "<h2>Kernels</h2>" not in (out / "report.html").read_text("utf-8")


def test_one_bad_recording_does_not_stop_the_others(session: Path, tmp_path: Path) -> None:
    bad = tmp_path / "cut"
    shutil.copytree(session / "lumentrace", bad)
    with h5py.File(bad / "recording_data.h5", "r+") as file:
        del file["stimulus"]
    done = lumentrace("twophoton", "analyze", bad, tmp_path / "nowhere", session, "--out", tmp_path / "out")
    assert done.returncode == 3
    assert "recording_data.h5" in done.stderr
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "out" / "session" / "report.html").exists()


def test_an_unknown_stimulus_function_is_an_error_in_a_line(session: Path, tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(session / "stimulusData" / "filebackup.zip", "w") as archive:
        archive.writestr("paramfiles/stimulus_lookup.txt", "1,Other\n")
    done = lumentrace("twophoton", "convert", session, "--force")
    assert done.returncode == 3
    assert "no function for stimulus 62002" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_film_and_a_table_of_epochs(tmp_path: Path) -> None:
    made = make_recording(tmp_path / "fly")
    tifffile.imwrite(tmp_path / "film.tif", made.movie.astype(np.uint16), photometric="minisblack")
    tifffile.imwrite(tmp_path / "labels.tif", made.labels.astype(np.uint16))
    rows = [
        f"{start:g},{start + 20:g},{1 + n % 2},{('grey', 'odour')[n % 2]}" for n, start in enumerate(made.onsets[:9])
    ]
    (tmp_path / "epochs.csv").write_text("\n".join(["start_frame,stop_frame,epoch_number,epoch_name", *rows]))
    command = ("twophoton", "analyze", tmp_path / "film.tif", "--rois", tmp_path / "labels.tif")
    wrong = lumentrace(*command, "--epochs", tmp_path / "epochs.csv")
    assert wrong.returncode == 2
    assert "--frame-rate" in wrong.stderr
    film = ("--epochs", tmp_path / "epochs.csv", "--frame-rate", RATE)
    done = lumentrace(*command, *film, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    dff = pl.read_parquet(tmp_path / "out" / "exports" / "parquet" / "dff.parquet")
    saved = twophoton.load_recording_responses(tmp_path / "out" / "analysis_outputs.h5")
    assert dff.columns == ["roi_label", "frame", "time_s", "dff"]
    np.testing.assert_array_equal(dff.filter(roi_label="roi_0002")["dff"], saved.dff.values[:, 1])
    np.testing.assert_allclose(dff["time_s"], dff["frame"] / RATE)
    metadata = pl.read_parquet_metadata(tmp_path / "out" / "exports" / "parquet" / "dff.parquet")
    assert json.loads(metadata["lumentrace"])["units"] == {"frame": "1", "time_s": "s", "dff": "1"}
    trials = twophoton.load_trials_table(tmp_path / "out" / "exports" / "parquet" / "trials.parquet")
    assert trials.equals(twophoton.trials_table(saved))


def test_planes_of_a_microscope(tmp_path: Path) -> None:
    movie = frames_of(6, 2, 2)
    scan = scanimage_volumes(tmp_path / "scan_00001.tif", movie)
    other = bruker(tmp_path / "TSeries", movie, volumes=True)
    told = lumentrace("twophoton", "info", scan, other)
    assert told.returncode == 0, told.stderr
    for text in ("ScanImage TIFF", "0 Green, 1 Red", "Bruker", "0 Ch1, 1 Ch2", "16 x 24"):
        assert text in told.stdout
    assert "two-photon recording, ScanImage TIFF" in lumentrace("info", scan).stdout

    unsaid = lumentrace("twophoton", "convert", scan, "--out", tmp_path / "none")
    assert unsaid.returncode == 3
    assert "expected one of 0 to 1 of" in unsaid.stderr
    out = tmp_path / "out"
    done = lumentrace("twophoton", "convert", scan, other, "--channel", 1, "--plane", "all", "--out", out)
    assert done.returncode == 0, done.stderr
    for name in (scan.name, other.name):
        for plane in (0, 1):
            found = twophoton.load_converted_recording(out / name / f"plane_{plane}")
            np.testing.assert_array_equal(found.movie.read_frames(), movie[:, plane, 1])
    wrong = lumentrace("twophoton", "convert", scan, "--plane", "last")
    assert (wrong.returncode, "--plane: expected a number from 0 on, or all" in wrong.stderr) == (2, True)


def test_a_plane_with_a_table_of_epochs(tmp_path: Path) -> None:
    """The traces of the recording folder that the plane was taken from; the file says when frames were taken."""
    made = make_recording(tmp_path / "fly")
    planes = np.stack([np.zeros_like(made.movie), made.movie], axis=1).astype(np.uint16)
    about = {"axes": "TZYX", "TimeIncrement": 1 / RATE, "TimeIncrementUnit": "s"}
    tifffile.imwrite(tmp_path / "film.ome.tif", planes, metadata=about)
    tifffile.imwrite(tmp_path / "labels.tif", made.labels.astype(np.uint16))
    rows = [f"{start},{start + 20},{1 + n % 2},{('grey', 'odour')[n % 2]}" for n, start in enumerate(made.onsets[:9])]
    (tmp_path / "epochs.csv").write_text("\n".join(["start_frame,stop_frame,epoch_number,epoch_name", *rows]))
    command = ("twophoton", "run", tmp_path / "film.ome.tif", "--plane", 1, "--rois", tmp_path / "labels.tif")
    without = lumentrace(*command)
    assert without.returncode == 3
    assert "expected a table of the epochs of" in without.stderr
    done = lumentrace(*command, "--epochs", tmp_path / "epochs.csv", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    saved = twophoton.load_recording_responses(tmp_path / "out" / "analysis_outputs.h5")
    recording = twophoton.load_converted_recording(twophoton.convert_recording(made.folder, tmp_path / "c").path)
    traces = twophoton.extract_roi_traces(recording, twophoton.make_roi_set_from_label_image(made.labels))
    np.testing.assert_allclose(saved.traces.raw_values, traces.values[: len(saved.traces.raw_values)])


def test_a_film_that_drifts_is_not_reliable(session: Path, tmp_path: Path) -> None:
    recording = twophoton.load_converted_recording(session / "lumentrace")
    with h5py.File(recording.movie.path, "r+") as file:
        frames = file["movie/aligned"]
        half = len(frames) // 2
        frames[half:] = np.roll(frames[half:], 4, axis=2)
    command = ("twophoton", "analyze", session / "lumentrace", "--out", tmp_path / "out")
    done = lumentrace(*command)
    assert done.returncode == 4
    assert "✗ not reliable: the film drifts though it is aligned; farthest part" in done.stderr
    assert json.loads((tmp_path / "out" / "run.json").read_text())["verdict"]["level"] == "not reliable"
    assert lumentrace(*command, "--accept").returncode == 0
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert page.index("✗ not reliable") < page.index('<dl class="figures">')


def test_results_of_another_recording_are_refused(session: Path, tmp_path: Path) -> None:
    lumentrace("twophoton", "analyze", session, "--out", tmp_path / "out")
    other = twophoton.simulate_recording(tmp_path / "other", cells=1, rows=32, columns=32, repeats=1).folder
    paths = twophoton.convert_recording_to_twopy(other)
    done = lumentrace("twophoton", "report", tmp_path / "out", "--recording", paths.path)
    assert done.returncode == 2
    assert "expected results of" in done.stderr
    with h5py.File(tmp_path / "out" / "analysis_outputs.h5", "r+") as file:
        del file["dff"]
    cut = lumentrace("twophoton", "report", tmp_path / "out")
    assert cut.returncode == 2
    assert "missing dff" in cut.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["find", "--config", "nothing.yml"], "nothing.yml"),
        (["find", "--month", "13"], "from 1 to 12"),
        (["find", "--limit", "0"], "--limit"),
        (["analyze", "{s}", "--rois", "circles"], "cells:10 or grid:12, found 'circles'"),
        (["analyze", "{s}", "--rois", "grid:big"], "found 'grid:big'"),
        (["analyze", "{s}", "--smoothing", "median:3"], "found 'median:3'"),
        (["analyze", "{s}", "--smoothing", "savgol:x"], "found 'savgol:x'"),
        (["analyze", "{s}", "--background", "guess"], "--background"),
        (["analyze", "{s}", "--kernels", "taste"], "--kernels"),
        (["report", "nowhere.h5"], "nowhere.h5"),
        (["simulate", "--cells", "40", "--rows", "32", "--columns", "32"], "cells"),
        (["convert"], "Missing argument"),
    ],
)
def test_wrong_usage(lab: Path, shared: Path, tmp_path: Path, arguments: list[str], told: str) -> None:
    shutil.copy(lab / "config.yml", tmp_path)
    done = lumentrace("twophoton", *(text.format(s=shared) for text in arguments), cwd=tmp_path)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--smoothing", "savgol:4,2"], "odd number"),
        (["--low-pass", "99"], "cutoff_hz"),
        (["--baseline-epoch", "Purple"], "Purple"),
        (["--kernels", "vision"], "contrast"),
    ],
)
def test_settings_that_do_not_fit_the_recording(shared: Path, arguments: list[str], told: str) -> None:
    done = lumentrace("twophoton", "analyze", shared, *arguments)
    assert done.returncode == 3
    assert told in done.stderr
    assert "Traceback" not in done.stderr
