"""Two-photon: stacks of images with a table of the stimulus, beside the recording folder with the same frames."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import polars as pl
import pytest
import tifffile

from lumentrace import FormatError, twophoton
from lumentrace.twophoton.convert.tiff_movie import TiffMovie
from twophoton_recording import FRAMES, RATE, Made, make_recording

NAMES = {1: "Gray Interleave", 2: "Odour"}


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return make_recording(tmp_path / "source")


def epochs_of(made: Made) -> pl.DataFrame:
    """The table that a lab would write for the made recording."""
    numbers = [1 + place % 2 for place in range(len(made.onsets) - 1)]
    return pl.DataFrame(
        {
            "start_s": [onset / RATE for onset in made.onsets[:-1]],
            "stop_s": [onset / RATE for onset in made.onsets[1:]],
            "epoch_number": numbers,
            "epoch_name": [NAMES[number] for number in numbers],
        }
    )


def in_frames(table: pl.DataFrame) -> pl.DataFrame:
    times = [
        (pl.col(name) * RATE).round().cast(pl.Int64).alias(name.replace("_s", "_frame")) for name in table.columns[:2]
    ]
    return table.with_columns(times).drop("start_s", "stop_s")


def stack_of(made: Made, path: Path, **settings: Any) -> Path:
    tifffile.imwrite(path, made.movie.astype(np.uint16), photometric="minisblack", **settings)
    return path


def convert(movie: Any, table: Any, folder: Path, **settings: Any) -> Any:
    paths = twophoton.convert_tiff_recording(movie, table, folder / "out", frame_rate_hz=RATE, **settings)
    return twophoton.load_converted_recording(paths.path)


@pytest.mark.parametrize("aligned", [True, False])
def test_a_stack_gives_what_the_folder_gives(made: Made, tmp_path: Path, aligned: bool) -> None:
    alignment = np.loadtxt(made.folder / "run_001_ch1_alignment.txt")[:, :2]
    if not aligned:
        np.savetxt(made.folder / "run_001_ch1_alignment.txt", np.zeros((FRAMES, 3)))
    expected = twophoton.load_converted_recording(twophoton.convert_recording_to_twopy(made.folder).path)
    given = {"alignment": alignment} if aligned else {}
    recording = convert(stack_of(made, tmp_path / "movie.tif"), epochs_of(made), tmp_path, **given)

    assert recording.movie.shape == expected.movie.shape
    assert recording.movie.dtype == expected.movie.dtype
    np.testing.assert_array_equal(recording.movie.read_frames(), expected.movie.read_frames())
    np.testing.assert_allclose(recording.mean_image, expected.mean_image, rtol=1e-14)
    assert recording.alignment_valid_crop == expected.alignment_valid_crop
    assert recording.epoch_names == expected.epoch_names
    timing, known = (twophoton.resolve_recording_timing(each) for each in (recording, expected))
    assert timing.source == "stimulus_table"
    assert timing.metadata["window_count"] == len(known.epoch_windows)
    assert [each.window for each in timing.epoch_windows] == [each.window for each in known.epoch_windows]
    assert [each.onset_frame_exact for each in timing.epoch_windows] == pytest.approx(made.onsets[:-1], abs=1e-12)

    rois = twophoton.make_roi_set_from_label_image(made.labels)
    found = twophoton.analyze_recording_responses(recording, rois, output_path=tmp_path / "found.h5")
    wanted = twophoton.analyze_recording_responses(expected, rois, output_path=tmp_path / "wanted.h5")
    np.testing.assert_allclose(found.dff.values, wanted.dff.values, rtol=1e-12, atol=1e-12)
    assert len(found.grouped_responses.trials) == len(wanted.grouped_responses.trials) == 9
    for trial, other in zip(found.grouped_responses.trials, wanted.grouped_responses.trials, strict=True):
        assert (trial.epoch, trial.trial_index, trial.window_index) == (
            other.epoch,
            other.trial_index,
            other.window_index,
        )
        np.testing.assert_allclose(trial.values, other.values, rtol=1e-12, atol=1e-12)
    average = {
        trial.epoch_name: trial.values[trial.time_seconds >= 0].mean() for trial in found.grouped_responses.trials
    }
    assert average == pytest.approx({"Gray Interleave": 0.0, "Odour": 0.5}, abs=0.03)
    maps, others = (twophoton.compute_recording_response_maps(each) for each in (recording, expected))
    for one, other in zip(maps.epochs, others.epochs, strict=True):
        np.testing.assert_allclose(one.response_values, other.response_values, rtol=1e-9, atol=1e-12)


def test_metadata_of_a_stack(made: Made, tmp_path: Path) -> None:
    recording = convert(
        stack_of(made, tmp_path / "movie.tif"),
        epochs_of(made),
        tmp_path,
        hemisphere=" Left ",
        acquisition_metadata={"acq.zoomFactor": np.int64(3), "configName": "rig B"},
        run_metadata={"genotype": "w;+"},
    )
    assert twophoton.recording_frame_rate_hz(recording) == RATE
    assert twophoton.recording_hemisphere(recording) == "left"
    assert recording.acquisition_metadata["acq.zoomFactor"] == 3
    assert recording.run_metadata["genotype"] == "w;+"
    assert np.isnan(recording.photodiode.imaging_res_pd).all()
    assert "photodiode_missing_because" in recording.synchronization_metadata
    with h5py.File(recording.movie.path) as file:
        about = dict(file["movie/aligned"].attrs)
    assert about["source_path"] == str(tmp_path / "movie.tif")
    assert (about["source_dataset"], about["source_spatial_orientation"]) == ("pages", "rows_and_columns")


def test_shifts_crop_and_mask(made: Made, tmp_path: Path) -> None:
    alignment = np.zeros((FRAMES, 2))
    alignment[7], alignment[9], alignment[11] = (2.5, 0), (0, -3.5), (8, 0)
    movie = stack_of(made, tmp_path / "movie.tif")
    recording = convert(movie, epochs_of(made), tmp_path, alignment=alignment, motion_threshold_pixels=5)
    assert np.flatnonzero(recording.motion_artifact_mask).tolist() == [11]
    assert recording.alignment_valid_crop.slices == (slice(3, 17), slice(2, 22))
    whole = convert(movie, epochs_of(made), tmp_path)
    assert whole.alignment_valid_crop.slices == (slice(0, 20), slice(0, 24))
    assert not whole.motion_artifact_mask.any()


def several(folder: Path, movie: Any, names: list[str], ends: list[int]) -> Path:
    folder.mkdir()
    for name, start, stop in zip(names, [0, *ends], [*ends, len(movie)], strict=True):
        tifffile.imwrite(folder / name, np.squeeze(movie[start:stop]), photometric="minisblack")
    return folder


def written(folder: Path, movie: Any, name: str = "movie.tif", **settings: Any) -> Path:
    tifffile.imwrite(folder / name, movie, photometric="minisblack", **settings)
    return folder / name


WAYS: dict[str, Callable[[Path, Any], Any]] = {
    "stack": written,
    "compressed": lambda folder, movie: written(folder, movie, compression="zlib", predictor=True),
    "BigTIFF in tiles": lambda folder, movie: written(folder, movie, bigtiff=True, tile=(16, 16)),
    "big-endian": lambda folder, movie: written(folder, movie, byteorder=">"),
    "OME": lambda folder, movie: written(folder, movie, "movie.ome.tif", metadata={"axes": "TYX"}),
    "without a page for each": lambda folder, movie: written(folder, movie, truncate=True),
    "folder of frames": lambda folder, movie: several(
        folder / "frames", movie, [f"frame_{number}.tif" for number in range(len(movie))], list(range(1, len(movie)))
    ),
    "folder of stacks": lambda folder, movie: several(
        folder / "stacks", movie, ["run_2.tif", "run_10.tiff", "run_11.TIF"], [9, 21]
    ),
    "list": lambda folder, movie: sorted(several(folder / "a", movie, ["1.tif", "2.tif"], [1]).iterdir()),
}


@pytest.mark.parametrize("way", WAYS)
def test_ways_to_keep_a_movie(tmp_path: Path, way: str) -> None:
    movie = np.random.default_rng(1).integers(0, 4000, (30, 20, 24)).astype(np.uint16)
    given = WAYS[way](tmp_path, movie)
    with TiffMovie(given) as frames:
        assert (frames.shape, frames.dtype) == (movie.shape, movie.dtype)
        for start, stop in ((0, 30), (8, 22), (29, 30), (5, 6)):
            np.testing.assert_array_equal(frames.read(start, stop), movie[start:stop])


def test_an_imagej_stack(tmp_path: Path) -> None:
    movie = np.random.default_rng(1).integers(0, 4000, (30, 20, 24)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "movie.tif", movie, imagej=True, metadata={"axes": "TYX", "fps": 10.0})
    with TiffMovie(tmp_path / "movie.tif") as frames:
        np.testing.assert_array_equal(frames.read(3, 30), movie[3:])


@pytest.mark.parametrize("kind", ["uint8", "int16", "uint32", "float16", "float32", "float64"])
def test_frames_of_every_type(made: Made, tmp_path: Path, kind: str) -> None:
    movie = (made.movie / 2).astype(kind)
    tifffile.imwrite(tmp_path / "movie.tif", movie, photometric="minisblack", compression="zlib")
    recording = convert(tmp_path / "movie.tif", epochs_of(made), tmp_path)
    assert recording.movie.dtype == ("float32" if kind == "float16" else kind)
    np.testing.assert_array_equal(recording.movie.read_frames(), movie)
    np.testing.assert_allclose(recording.mean_image, movie.astype(float).mean(axis=0), rtol=1e-12)


@pytest.mark.parametrize("settings", [{}, {"compression": "zlib"}])
def test_a_movie_is_never_held_whole(
    made: Made, tmp_path: Path, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lumentrace.twophoton.convert.movie_copy.BLOCK_BYTES", 1 << 21)
    movie = np.random.default_rng(2).integers(0, 4000, (1200, 96, 96)).astype(np.uint16)
    tifffile.imwrite(tmp_path / "movie.tif", movie, photometric="minisblack", **settings)
    epochs = epochs_of(made)
    convert(tmp_path / "movie.tif", epochs, tmp_path)
    tracemalloc.start()
    try:
        twophoton.convert_tiff_recording(tmp_path / "movie.tif", epochs, tmp_path / "out", frame_rate_hz=RATE)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < movie.nbytes / 3


@pytest.mark.parametrize(
    ("image", "settings", "message"),
    [
        (np.zeros((5, 8, 9, 3), np.uint8), {"photometric": "rgb"}, "one channel and plane, found axes"),
        (np.zeros((5, 2, 8, 9), np.uint8), {"imagej": True, "metadata": {"axes": "TCYX"}}, "found axes TCYX"),
        (np.zeros((32, 32, 32), np.uint8), {"volumetric": True, "tile": (16, 16, 16)}, "a page for each of 32 frames"),
        (np.zeros((5, 8, 9), np.complex64), {"photometric": "minisblack"}, "real numbers, found complex64"),
    ],
)
def test_what_is_no_movie_is_refused(made: Made, tmp_path: Path, image: Any, settings: Any, message: str) -> None:
    tifffile.imwrite(tmp_path / "movie.tif", image, **settings)
    with pytest.raises(FormatError, match=rf"movie\.tif: .*{message}"):
        convert(tmp_path / "movie.tif", epochs_of(made), tmp_path)


@pytest.mark.parametrize("settings", [{}, {"compression": "zlib"}])
def test_a_movie_that_is_cut_off_names_its_file(made: Made, tmp_path: Path, settings: dict[str, Any]) -> None:
    path = stack_of(made, tmp_path / "movie.tif", **settings)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(FormatError, match=r"movie\.tif"):
        convert(path, epochs_of(made), tmp_path)
    assert not (tmp_path / "out" / "recording_data.h5").exists()
    path.write_bytes(b"")
    with pytest.raises(FormatError, match=r"movie\.tif: .*empty"):
        convert(path, epochs_of(made), tmp_path)


def test_files_that_differ_or_are_missing(made: Made, tmp_path: Path) -> None:
    folder = several(tmp_path / "stacks", made.movie.astype(np.uint16), ["1.tif", "2.tif"], [9])
    tifffile.imwrite(folder / "3.tif", np.zeros((20, 25), np.uint16))
    with pytest.raises(FormatError, match=r"3\.tif: expected frames of uint16, \(20, 24\), as in 1\.tif, found"):
        convert(folder, epochs_of(made), tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="empty: expected TIFF files, found none"):
        convert(tmp_path / "empty", epochs_of(made), tmp_path)
    with pytest.raises(FileNotFoundError, match=r"none\.tif"):
        convert(tmp_path / "none.tif", epochs_of(made), tmp_path)
    with pytest.raises(ValueError, match="`movie`: expected a TIFF file at least"):
        convert([], epochs_of(made), tmp_path)


def test_tables_of_every_kind(made: Made, tmp_path: Path) -> None:
    movie, table = stack_of(made, tmp_path / "movie.tif"), epochs_of(made)
    table.write_csv(tmp_path / "seconds.csv")
    text = in_frames(table).write_csv().replace(",", " , ")
    (tmp_path / "frames.csv").write_text("\ufeff" + text, encoding="utf-8")
    tables = [table, tmp_path / "seconds.csv", pd.DataFrame(table.to_dict(as_series=False)), table.to_dict()]
    tables += [in_frames(table), str(tmp_path / "frames.csv")]
    timings = [twophoton.resolve_recording_timing(convert(movie, each, tmp_path)) for each in tables]
    for timing in timings[1:4]:
        assert timing.epoch_windows == timings[0].epoch_windows
    for timing in timings[4:]:
        assert [each.window for each in timing.epoch_windows] == [each.window for each in timings[0].epoch_windows]
        assert {each.onset_frame_exact for each in timing.epoch_windows} == {None}


def test_seconds_are_rounded_to_frames_and_kept(made: Made, tmp_path: Path) -> None:
    table = {"start_s": [0.96, 3.04], "stop_s": [3.04, 5.0], "epoch_number": [1, 4], "epoch_name": ["grey", "odour"]}
    recording = convert(stack_of(made, tmp_path / "movie.tif"), table | {"contrast": [0.5, None]}, tmp_path)
    windows = twophoton.resolve_recording_timing(recording).epoch_windows
    assert [(each.window.start_frame, each.window.stop_frame) for each in windows] == [(10, 30), (30, 50)]
    assert [each.onset_frame_exact for each in windows] == pytest.approx([9.6, 30.4])
    assert [each.epoch_name for each in windows] == ["grey", "odour"]
    assert recording.epoch_names == {1: "grey", 2: "epoch_2", 3: "epoch_3", 4: "odour"}
    np.testing.assert_array_equal(recording.stimulus_column("contrast"), [0.5, np.nan])
    np.testing.assert_allclose(recording.stimulus_column("time_seconds"), [0.96, 3.04])


GOOD: dict[str, list[Any]] = {"start_s": [1, 3], "stop_s": [3, 5], "epoch_number": [1, 2], "epoch_name": ["a", "b"]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epoch_name": None, "epoch_nmae": ["a", "b"]}, "expected a column 'epoch_name', .*did you mean 'epoch_nmae'"),
        ({"start_s": None, "strat_s": [1, 3]}, "expected a column 'start_s', .*did you mean 'strat_s'"),
        ({"start_s": None, "stop_s": None}, "expected columns start_s and stop_s or start_frame and stop_frame"),
        ({"start_frame": [1, 2]}, "expected columns start_s and stop_s or start_frame and stop_frame"),
        ({"note": ["good", "bad"]}, "column 'note', row 1: expected a number .*found 'good'"),
        ({"time_seconds": [1, 2]}, "column 'time_seconds': this name is taken"),
        ({"start_s": [1, None]}, "column 'start_s', row 2: expected a number, found nan"),
        ({"stop_s": [3, 3]}, "row 2: expected a frame at least from 0 up to 220, found 30 up to 30"),
        ({"stop_s": [3, 22.1]}, "row 2: expected a frame at least from 0 up to 220, found 30 up to 221"),
        ({"start_s": [-1, 3]}, "row 1: expected a frame at least from 0"),
        ({"start_s": [1, 2.9]}, "row 2: expected rows in order of time that do not overlap"),
        ({"epoch_number": [1, 0]}, "column 'epoch_number', row 2: expected a whole number from 1 to 10000, found .*0"),
        ({"epoch_number": [1, 1.5]}, "column 'epoch_number', row 2: expected a whole number"),
        ({"epoch_number": [1, 1]}, "row 2: expected epoch 1 to be 'a', found 'b'"),
        ({"epoch_name": ["a", " "]}, "column 'epoch_name', row 2: expected a name"),
        ({name: [] for name in GOOD}, "expected an epoch at least"),
    ],
)
@pytest.mark.parametrize("as_file", [True, False])
def test_tables_that_do_not_fit(made: Made, tmp_path: Path, changes: Any, message: str, as_file: bool) -> None:
    table = {name: column for name, column in (GOOD | changes).items() if column is not None}
    given: Any = table
    if as_file:
        given = tmp_path / "epochs.csv"
        rows = zip(*table.values(), strict=True)
        lines = [",".join("" if cell is None else str(cell) for cell in row) for row in (table, *rows)]
        given.write_text("\n".join(lines) + "\n")
    place = r"epochs\.csv" if as_file else "`stimulus_table`"
    with pytest.raises(ValueError, match=f"{place}[:,] {message}"):
        convert(stack_of(made, tmp_path / "movie.tif"), given, tmp_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"frame_rate_hz": 0}, "`frame_rate_hz`: expected a positive number, found 0"),
        ({"hemisphere": "middle"}, "`hemisphere`: expected hemisphere left or right"),
        ({"alignment": np.zeros((3, 2))}, r"`alignment`: expected finite shifts of shape \(220, 2\)"),
        ({"motion_threshold_pixels": 2.0}, "`motion_threshold_pixels`: expected `alignment` too"),
        ({"alignment": np.zeros((220, 2)), "motion_threshold_pixels": -1}, "`motion_threshold_pixels`: expected a pos"),
        ({"acquisition_metadata": {"acq.frameRate": 3}}, "`acquisition_metadata`: acq.frameRate: expected to find it"),
        ({"mean_start_frame": 300}, "300"),
    ],
)
def test_settings_that_do_not_fit(made: Made, tmp_path: Path, settings: Any, message: str) -> None:
    movie = stack_of(made, tmp_path / "movie.tif")
    with pytest.raises(ValueError, match=message):
        twophoton.convert_tiff_recording(
            movie, epochs_of(made), tmp_path / "out", **({"frame_rate_hz": RATE} | settings)
        )


def test_a_table_that_is_no_table(made: Made, tmp_path: Path) -> None:
    movie = stack_of(made, tmp_path / "movie.tif")
    (tmp_path / "epochs.csv").write_bytes(b"")
    with pytest.raises(FormatError, match=r"epochs\.csv: expected a CSV table"):
        convert(movie, tmp_path / "epochs.csv", tmp_path)
    with pytest.raises(TypeError, match="expected a path, a table or a mapping, found int"):
        convert(movie, 7, tmp_path)
