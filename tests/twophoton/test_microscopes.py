"""Two-photon: recordings as microscopes leave them, made by writers of the documented layouts."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from lumentrace import FormatError, twophoton
from lumentrace.storage import write_image
from microscope_files import (
    COLUMNS,
    ROWS,
    bruker,
    frames_of,
    scanbox,
    scanimage,
    scanimage_settings,
    scanimage_text,
    scanimage_volumes,
    thor,
)

EPOCHS = {"start_s": [0.0, 0.2], "stop_s": [0.2, 0.5], "epoch_number": [1, 2], "epoch_name": ["grey", "odour"]}


def film(path: Path, movie: Any) -> Path:
    times = {"TimeIncrement": 0.05, "TimeIncrementUnit": "s", "PhysicalSizeX": 1.1, "PhysicalSizeY": 1.2}
    tifffile.imwrite(path, movie.transpose(0, 2, 1, 3, 4), metadata={"axes": "TCZYX", **times})
    return path


def zarr(path: Path, movie: Any) -> Path:
    write_image(path, movie.transpose(0, 2, 1, 3, 4), axes="TCZYX", channels=("Ch1", "Ch2"))
    return path


Make = Callable[[Path, Any], Path]
WAYS: dict[str, tuple[Make, int, int, float]] = {
    "ScanImage": (lambda at, movie: scanimage_volumes(at / "s_00001.tif", movie, away=2), 3, 2, 6.0),
    "ScanImage, one plane and channel": (lambda at, movie: scanimage_volumes(at / "s.tif", movie, away=0), 1, 1, 30.0),
    "Bruker": (lambda at, movie: bruker(at / "b", movie), 1, 2, 20.0),
    "Bruker, one channel of pages": (lambda at, movie: bruker(at / "b", movie, paged=True), 1, 1, 20.0),
    "Bruker, volumes": (lambda at, movie: bruker(at / "b", movie, volumes=True), 3, 2, 20 / 3),
    "Bruker, volumes in pages": (lambda at, movie: bruker(at / "b", movie, volumes=True, paged=True), 3, 2, 20 / 3),
    "Scanbox": (lambda at, movie: scanbox(at / "a.sbx", movie), 1, 2, 1000.0),
    "Scanbox, planes": (lambda at, movie: scanbox(at / "a.sbx", movie), 4, 1, 250.0),
    "Thor": (lambda at, movie: thor(at / "t", movie), 1, 2, 30.0),
    "Thor, planes": (lambda at, movie: thor(at / "t", movie, away=2), 3, 1, 6.0),
    "OME-TIFF": (lambda at, movie: film(at / "a.ome.tif", movie), 3, 2, 20.0),
    "OME-Zarr": (lambda at, movie: zarr(at / "a.ome.zarr", movie), 3, 2, np.nan),
}


@pytest.mark.parametrize("way", WAYS)
def test_frames_channels_planes_and_rates(tmp_path: Path, way: str) -> None:
    make, planes, channels, rate = WAYS[way]
    movie = frames_of(12, planes, channels)
    with twophoton.open_acquisition(make(tmp_path, movie)) as found:
        assert (found.frames, found.planes, len(found.channels), found.shape) == (12, planes, channels, (ROWS, COLUMNS))
        assert found.frame_rate_hz == pytest.approx(rate, nan_ok=True)
        for plane in range(planes):
            for channel in range(channels):
                chosen = found.movie(channel, plane)
                np.testing.assert_array_equal(chosen.read(0, 12), movie[:, plane, channel])
                np.testing.assert_array_equal(chosen.read(5, 7), movie[5:7, plane, channel])
        np.testing.assert_array_equal(found.movie(found.channels[-1], planes - 1).read(3, 4), movie[3:4, -1, -1])


@pytest.mark.parametrize("way", WAYS)
def test_a_choice_is_never_guessed(tmp_path: Path, way: str) -> None:
    make, planes, channels, _ = WAYS[way]
    with twophoton.open_acquisition(make(tmp_path, frames_of(3, planes, channels))) as found:
        if channels > 1:
            listed = rf"0 \({found.channels[0]}\), 1 \({found.channels[1]}\) of .*, found none"
            with pytest.raises(ValueError, match=f"`channel`: expected one of {listed}"):
                found.movie(plane=0)
        if planes > 1:
            with pytest.raises(ValueError, match=f"`plane`: expected one of 0 to {planes - 1} of .*, found none"):
                found.movie(0)
        for wrong in (channels, "Ch9", -1):
            with pytest.raises(ValueError, match=f"`channel`: .*found '?{wrong}"):
                found.movie(wrong, 0)


def test_tifffile_reads_the_made_scanimage_file(tmp_path: Path) -> None:
    path = scanimage_volumes(tmp_path / "a.tif", frames_of(2, 2, 2))
    with tifffile.TiffFile(path) as file:
        assert file.is_scanimage
        assert file.scanimage_metadata is not None
        assert file.scanimage_metadata["FrameData"]["SI.hChannels.channelSave"] == [[1], [2]]
        assert file.asarray().shape[-2:] == (ROWS, COLUMNS)


def test_what_scanimage_says(tmp_path: Path) -> None:
    with twophoton.open_acquisition(scanimage_volumes(tmp_path / "a.tif", frames_of(4, 3, 2))) as found:
        assert found.channels == ("Green", "Red")
        assert found.image.spacing == {"Y": 80 / ROWS, "X": 120 / COLUMNS, "Z": 15.0}
        assert (found.about["acq.zoomFactor"], found.about["began"]) == (2.5, "2026-03-01T14:30:12.345")
        assert found.about["planes_um"] == (0, 15, 30)
        np.testing.assert_allclose(found.times, (np.arange(4)[:, None] * 4 + np.arange(3)) / 30)


def test_files_of_one_scanimage_acquisition(tmp_path: Path) -> None:
    """Frames are numbered through, so that a file may begin in the middle of a volume."""
    movie = frames_of(4, 3, 2)
    whole = scanimage_volumes(tmp_path / "whole.tif", movie)
    with tifffile.TiffFile(whole) as file:
        pages = [page.asarray() for page in file.pages]
        texts = [page.description for page in file.pages]
    folder = tmp_path / "parts"
    folder.mkdir()
    cuts = [0, 10, 24, len(pages)]
    for number, (start, stop) in enumerate(pairwise(cuts), 9):
        scanimage(folder / f"a_{number}.tif", pages[start:stop], scanimage_settings(3, 1), texts[start:stop])
    for given in (folder, [folder / f"a_{number}.tif" for number in (9, 10, 11)]):
        with twophoton.open_acquisition(given) as found:
            assert (found.frames, found.planes) == (4, 3)
            for plane in range(3):
                np.testing.assert_array_equal(found.movie("Red", plane).read(0, 4), movie[:, plane, 1])


def test_triggers_and_gaps(tmp_path: Path) -> None:
    seconds = [0.0, 0.1, 0.2, 0.3, 0.7, 0.8]
    texts = [scanimage_text(number, each, f"[{each + 0.01}]") for number, each in enumerate(seconds, 1)]
    path = scanimage(tmp_path / "a.tif", frames_of(6)[:, 0, 0], scanimage_settings(channels="1"), texts)
    with twophoton.open_acquisition(path) as found:
        assert found.about["auxTrigger0_s"] == pytest.approx([each + 0.01 for each in seconds])
        assert (found.gaps, found.frame_rate_hz) == (1, pytest.approx(10))
    epochs = {"start_s": [0.0, 0.7], "stop_s": [0.3, 0.9], "epoch_number": [1, 2], "epoch_name": ["grey", "odour"]}
    with pytest.warns(UserWarning, match=r"a\.tif: 1 gaps between frames"):
        paths = twophoton.convert_acquisition(path, tmp_path / "out", stimulus_table=epochs)
    recording = twophoton.load_converted_recording(paths.path)
    windows = twophoton.resolve_recording_timing(recording).epoch_windows
    assert [(each.window.start_frame, each.window.stop_frame) for each in windows] == [(0, 3), (4, 6)]
    np.testing.assert_allclose(recording.frame_times_s, seconds)


def test_what_bruker_says(tmp_path: Path) -> None:
    movie = frames_of(4, 3, 2)
    folder = bruker(tmp_path / "b", movie, volumes=True)
    for given in (folder, folder / "T-001.xml"):
        with twophoton.open_acquisition(given) as found:
            assert found.channels == ("Ch1", "Ch2")
            assert found.image.spacing == {"Z": 5.0, "Y": 1.2, "X": 1.1}
            assert (found.about["acq.zoomFactor"], found.about["began"]) == (1.5, "3/1/2026 2:30:12 PM")
            np.testing.assert_allclose(found.times, (np.arange(4)[:, None] * 3 + np.arange(3)) * 0.05)


def test_times_that_begin_again_in_every_cycle(tmp_path: Path) -> None:
    folder = bruker(tmp_path / "b", frames_of(3, 2), volumes=True)
    path = folder / "T-001.xml"
    text = path.read_text()
    for number in range(2, 6):
        text = text.replace(f'relativeTime="{number * 0.05}"', f'relativeTime="{number % 2 * 0.05}"')
    path.write_text(text)
    with twophoton.open_acquisition(folder) as found:
        np.testing.assert_allclose(found.times.ravel(), np.arange(6) * 0.05)


def test_the_last_volume_may_be_unfinished(tmp_path: Path) -> None:
    movie = frames_of(3, 2)
    folder = bruker(tmp_path / "b", movie, volumes=True)
    path = folder / "T-001.xml"
    head, _, tail = path.read_text().rpartition("<Frame ")
    path.write_text(head + tail[tail.index("</Sequence>") :])
    with twophoton.open_acquisition(folder) as found:
        np.testing.assert_array_equal(found.movie(0, 1).read(0, 2), movie[:2, 1, 0])
        assert found.frames == 2


def test_missing_images_of_bruker(tmp_path: Path) -> None:
    folder = bruker(tmp_path / "b", frames_of(5))
    (folder / "T-001_Cycle00001_Ch1_000004.ome.tif").unlink()
    with pytest.raises(
        FileNotFoundError, match=r"T-001\.xml: expected 5 files .* missing 1: T-001_Cycle00001_Ch1_0000"
    ):
        twophoton.open_acquisition(folder)
    hostile = folder / "T-001.xml"
    hostile.write_text(hostile.read_text().replace("T-001_Cycle00001_Ch1_000002", "../secret"))
    with pytest.raises(FormatError, match=r"T-001\.xml: expected the name of a file beside it"):
        twophoton.open_acquisition(folder)


def test_what_scanbox_and_thor_say(tmp_path: Path) -> None:
    with twophoton.open_acquisition(scanbox(tmp_path / "a.sbx", frames_of(3, 1, 2), magnification=2.0)) as found:
        assert found.channels == ("green", "red")
        assert found.about == {"software.version": "Scanbox 2", "acq.zoomFactor": 2.0, "ttl_events": 3}
    with twophoton.open_acquisition(thor(tmp_path / "t", frames_of(3, 2, 2), 1, averageMode=1, averageNum=4)) as found:
        assert (found.channels, found.image.spacing) == (("ChanA", "ChanB"), {"Z": 5.0, "Y": 0.8, "X": 0.8})
        assert found.frame_rate_hz == pytest.approx(30 / 4 / 3)


CUT = {
    "Scanbox": (lambda at, movie: scanbox(at / "a.sbx", movie), "a.sbx", "5 whole frames and 384 bytes"),
    "Thor": (lambda at, movie: thor(at / "t", movie), "t/Image_001_001.raw", "expected 6 frames .* 5 whole frames and"),
    "ScanImage": (lambda at, movie: scanimage_volumes(at / "a.tif", movie, 0), "a.tif", "5 whole frames"),
}


@pytest.mark.parametrize("way", CUT)
def test_files_that_are_cut_off(tmp_path: Path, way: str) -> None:
    make, name, message = CUT[way]
    given = make(tmp_path, frames_of(6))
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[: -ROWS * COLUMNS])
    with pytest.raises(FormatError, match=rf"{path.name}: .*{message}"):
        twophoton.open_acquisition(given)


def test_damage_of_a_frame_names_its_file(tmp_path: Path) -> None:
    folder = bruker(tmp_path / "b", frames_of(5))
    bad = folder / "T-001_Cycle00001_Ch1_000003.ome.tif"
    bad.write_bytes(bad.read_bytes()[:400])
    with twophoton.open_acquisition(folder) as found, pytest.raises(FormatError, match=r"Ch1_000003\.ome\.tif"):
        found.movie().read(0, 5)
    tifffile.imwrite(bad, np.zeros((3, 4), "u2"))
    with (
        twophoton.open_acquisition(folder) as found,
        pytest.raises(FormatError, match=r"_000003\.ome\.tif, page 1: exp"),
    ):
        found.movie().read(0, 5)


def test_frames_without_times_need_a_rate(tmp_path: Path) -> None:
    path = zarr(tmp_path / "a.ome.zarr", frames_of(30, 3, 2))
    with pytest.raises(ValueError, match=r"`frame_rate_hz`: expected the frames per second, because .* does not say"):
        twophoton.convert_acquisition(path, tmp_path / "out", channel="Ch2", plane=1)
    paths = twophoton.convert_acquisition(
        path, tmp_path / "out", stimulus_table=EPOCHS, channel="Ch2", plane=1, frame_rate_hz=20
    )
    recording = twophoton.load_converted_recording(paths.path)
    assert (twophoton.recording_frame_rate_hz(recording), recording.frame_times_s) == (20, None)
    assert [recording.acquisition_metadata[name] for name in ("channel", "plane", "planes")] == ["Ch2", 1, 3]


def test_a_converted_plane(tmp_path: Path) -> None:
    movie = frames_of(30, 3, 2)
    path = scanimage_volumes(tmp_path / "a.tif", movie)
    epochs = {"start_s": [0.0, 2.0], "stop_s": [2.0, 4.0], "epoch_number": [1, 2], "epoch_name": ["grey", "odour"]}
    paths = twophoton.convert_acquisition(path, tmp_path / "out", stimulus_table=epochs, channel="Red", plane=2)
    recording = twophoton.load_converted_recording(paths.path)
    np.testing.assert_array_equal(recording.movie.read_frames(), movie[:, 2, 1])
    assert twophoton.recording_frame_rate_hz(recording) == pytest.approx(7.5)
    windows = twophoton.resolve_recording_timing(recording).epoch_windows
    # Plane 2 is taken 2 / 30 s after the volume begins: half a frame.
    assert [each.onset_frame_exact for each in windows] == pytest.approx([-0.5, 14.5])
    assert recording.acquisition_metadata["pixel_size_x_um"] == 120 / COLUMNS


def test_without_epochs_there_are_no_windows(tmp_path: Path) -> None:
    paths = twophoton.convert_acquisition(scanbox(tmp_path / "a.sbx", frames_of(10)), tmp_path / "out")
    recording = twophoton.load_converted_recording(paths.path)
    assert twophoton.resolve_recording_timing(recording).epoch_windows == ()


@pytest.mark.parametrize("kind", ["Scanbox", "ScanImage"])
def test_conversion_is_never_held_whole(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lumentrace.twophoton.convert.movie_copy.BLOCK_BYTES", 1 << 19)
    if kind == "Scanbox":
        movie = frames_of(8000, 1, 2)
        path = scanbox(tmp_path / "a.sbx", movie)
    else:
        movie = np.tile(frames_of(300, 1, 2), (1, 1, 1, 4, 4))
        path = scanimage_volumes(tmp_path / "a.tif", movie, 0)
    tracemalloc.start()
    try:
        twophoton.convert_acquisition(path, tmp_path / "out", channel=1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < movie.nbytes / 2
