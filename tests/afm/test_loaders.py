"""Films of all instruments, whole and damaged."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

import afm_files
from lumentrace import load, save
from lumentrace.afm import AFMImageStack, ProcessingPipeline, info
from lumentrace.afm import load as load_film
from lumentrace.base.errors import FormatError

RANDOM = np.random.default_rng(8)
pytestmark = pytest.mark.filterwarnings("ignore:.*pixels are:UserWarning")

LEVELS = RANDOM.integers(-2000, 2000, (2, 5, 6, 8)).astype(np.int16)
RAW = RANDOM.integers(-5000, 5000, (4, 6, 8))


# ------------------------------------------------------------------ what they hold
@pytest.mark.parametrize("version", [0, 1, 2])
def test_asd(version: int, tmp_path: Path) -> None:
    path = afm_files.asd(tmp_path / "film.asd", LEVELS, version, ("TP", "PH"), comment=b"actin in buffer")
    stack = load_film(path)
    assert (stack.channel, stack.unit, stack.shape) == ("TP", "nm", (5, 6, 8))
    # 5 V down to -5 V in 4096 levels, 2 x 20 nm/V.
    np.testing.assert_allclose(stack.data, (5 - 10 * LEVELS[0] / 4096) * 40, rtol=1e-12)
    phase = load_film(path, "PH")
    np.testing.assert_allclose(phase.data, (5 - 10 * LEVELS[1] / 4096) * -0.5, rtol=1e-12)
    assert (phase.unit, phase.acquisition["comment"]) == ("deg", "actin in buffer")
    assert (stack.pixel_size_nm, stack.pixel_size_y_nm) == (12.5, pytest.approx(100 / 6))
    assert stack.get_frame_times() == [0.0, 0.25, 0.5, 0.75, 1.0]
    # The date of the header, 13:12:39, is that of the end.
    assert stack.frame_metadata[0]["start_epoch_ms"] == 1511269959000 - 1250
    assert stack.frame_metadata[0]["line_rate"] == 24.0


def test_asd_of_unipolar_converters(tmp_path: Path) -> None:
    path = afm_files.asd(tmp_path / "film.asd", LEVELS[:1], ad_range=3, bits=14)
    expected = LEVELS[0] * 9.99 / 2**14 * 40
    np.testing.assert_allclose(load_film(path, "height").data, -expected, rtol=1e-12)
    np.testing.assert_allclose(load_film(path, asd_unipolar_sign=1).data, expected, rtol=1e-12)
    with pytest.raises(ValueError, match="asd_unipolar_sign"):
        load_film(path, asd_unipolar_sign=2)


def test_a_flat_asd_film_stays_in_nm(tmp_path: Path) -> None:
    path = afm_files.asd(tmp_path / "flat.asd", np.full((1, 2, 4, 4), 2048, np.int16))
    assert not load_film(path).data.any()


def test_h5_jpk(tmp_path: Path) -> None:
    path = afm_files.h5_jpk(tmp_path / "film.h5-jpk", RAW)
    stack = load_film(path)
    np.testing.assert_allclose(stack.data, (RAW * 1e-10 + 5e-7) * 1e9, rtol=1e-12)
    assert (stack.channel, stack.unit, stack.pixel_size_nm) == ("height_trace", "nm", 25.0)
    assert stack.get_frame_times() == [0.0, 2.0, 4.0, 6.0]
    assert stack.frame_metadata[1]["frame_duration_s"] == 1.9
    assert stack.frame_metadata[1]["scan_direction"] == "bottomUp"
    assert stack.acquisition["bidirectional"] is True
    np.testing.assert_array_equal(load_film(path, flip=False).data, stack.data[:, ::-1])
    phase = load_film(path, "phase_retrace")
    assert phase.unit == "deg"
    np.testing.assert_allclose(phase.data, RAW * 0.01, rtol=1e-12)


def test_h5_jpk_without_times(tmp_path: Path) -> None:
    stack = load_film(afm_files.h5_jpk(tmp_path / "film.h5-jpk", RAW, times=False))
    # 6 lines at 40 per s, both ways.
    assert stack.get_frame_times() == pytest.approx([0, 0.075, 0.15, 0.225])


def test_folder_of_nanoscope_images(tmp_path: Path) -> None:
    for number in range(3):
        afm_files.spm(tmp_path / f"film.{number:03d}", RAW[number], minute=30 + number, direction="Down")
    stack = load_film(tmp_path)
    np.testing.assert_allclose(stack.data, RAW[:3] * 400 * 15 / 65536, rtol=1e-12)
    assert stack.get_frame_times() == [0.0, 60.0, 120.0]
    assert (stack.pixel_size_nm, stack.pixel_size_y_nm) == (187.5, 500.0)
    assert stack.frame_metadata[0] == {
        "timestamp": 0.0,
        "frame_pixel_size_nm": 187.5,
        "frame_duration_s": 3.0,
        "start_epoch_ms": 1564489838000,
        "scan_direction": "topDown",
        "line_rate": 2.0,
    }
    assert load_film(tmp_path / "film.001").shape == (1, 6, 8)


def test_folder_of_jpk_images(tmp_path: Path) -> None:
    for number in range(3):
        afm_files.jpk(tmp_path / f"film-{number}.jpk", RAW[number] + 5000, second=2 * number)
    stack = load_film(tmp_path, "height_trace")
    np.testing.assert_allclose(stack.data, ((RAW[:3] + 5000) * 2e-10 + 1e-7) * 1e9, rtol=1e-12)
    assert stack.get_frame_times() == [0.0, 2.0, 4.0]
    assert stack.pixel_size_nm == pytest.approx(37.5)
    # One second for 6 lines at 100 per s: one way.
    assert stack.acquisition["bidirectional"] is False


def test_nanoscope_9(tmp_path: Path) -> None:
    path = afm_files.nanoscope9(tmp_path / "fast.spm", RAW[0])
    assert info(path).channels == ["Height Sensor_retrace", "Phase_retrace"]
    for name in ("height", "height_trace", "Height Sensor", "height sensor_retrace"):
        stack = load_film(path, name)
        # 999.9847 mV over all numbers, 20 nm/V: 20 nm.
        np.testing.assert_allclose(stack.data[0], RAW[0] * 0.9999847 * 20 / 65536, rtol=1e-12)
        assert (stack.channel, stack.unit) == ("Height Sensor_retrace", "nm")
    assert (stack.pixel_size_nm, stack.pixel_size_y_nm) == (187.5, 500.0)
    assert stack.frame_metadata[0]["scan_direction"] == "topDown"
    assert stack.frame_metadata[0]["line_rate"] == 2.0
    phase = load_film(path, "Phase")
    np.testing.assert_allclose(phase.data[0], (RAW[0] + 1) * 180 / 65536, rtol=1e-12)
    assert phase.unit == "deg"


@pytest.mark.parametrize(
    ("scale", "sensitivity", "span", "unit"),
    [
        ("V [Sens. Zscan] (0.006 V/LSB) 400 V", "V 15 nm/V", 6000.0, "nm"),
        ("V [Sens. Zscan] (0.006 V/LSB) 500 mV", "V 2 nm/mV", 1000.0, "nm"),
        ("V [Sens. Zscan] (0.006 V/LSB) 400 V", "V 0.015 ~m/V", 6000.0, "nm"),
        ("V [Sens. Zscan] (0.006 V/LSB) 2 V", "V 100 mV/V", 200.0, "mV"),
        ("V [Sens. Zscan] (0.006 V/LSB) 2 V", "V 1.0", 2.0, "V"),
        ("V [] (0.006 V/LSB) 180 \u00b0", "V 1.0", 180.0, "deg"),
        ("V [Sens. Zscan] 400 V", "V 15 nm/V", 6000.0, "nm"),
    ],
)
def test_scales_of_nanoscope_images(scale: str, sensitivity: str, span: float, unit: str, tmp_path: Path) -> None:
    header = {"@2:Z scale": scale}
    path = afm_files.spm(tmp_path / "film.spm", RAW[0], header=header, sensitivity=sensitivity)
    stack = load_film(path)
    np.testing.assert_allclose(stack.data[0], RAW[0] * span / 65536, rtol=1e-12)
    assert stack.unit == unit


def test_a_name_without_direction_needs_a_single_one(tmp_path: Path) -> None:
    ways = (("height", 0), ("phase", 1), ("error", 0), ("error", 1))
    path = afm_files.jpk(tmp_path / "film.jpk", RAW[0, :3, :4] + 5000, channels=ways)
    assert load_film(path, "Phase").channel == "phase_retrace"
    assert load_film(path, "phase_retrace").data[0, 0, 0] == pytest.approx(((RAW[0, 0, 0] + 5001) * 2e-10 + 1e-7) * 1e9)
    with pytest.raises(ValueError, match="error_trace, error_retrace, found 'error'"):
        load_film(path, "error")


def test_images_of_quantitative_imaging(tmp_path: Path) -> None:
    for number in range(2):
        afm_files.jpk(tmp_path / f"map-{number}.jpk-qi-image", RAW[number] + 5000, second=2 * number)
    assert load_film(tmp_path).get_frame_times() == [0.0, 2.0]
    one = load_film(tmp_path / "map-1.jpk-qi-image")
    np.testing.assert_allclose(one.data[0], ((RAW[1] + 5000) * 2e-10 + 1e-7) * 1e9, rtol=1e-12)


def test_time_stamps_of_jpk_images(tmp_path: Path) -> None:
    moment = int(datetime(2017, 1, 16, 16, 0, 32, 334000, UTC).timestamp() * 1000)
    written: list[dict[str, Any]] = [
        {"date": "2017-01-16 16:00:{:02d}.334 GMT", "second": 32},
        {"date": "2017-01-16 17:00:{:02d}.334 +0100", "second": 32},
        {"date": None, "ms": moment},
        {"date": "yesterday", "ms": moment},
    ]
    for settings in written:
        stack = load_film(afm_files.jpk(tmp_path / "film.jpk", RAW[0] + 5000, **settings))
        assert stack.frame_metadata[0]["start_epoch_ms"] == moment
        assert stack.get_frame_times() == [0.0]


def test_aris(tmp_path: Path) -> None:
    path = afm_files.aris(tmp_path / "film.aris", RAW * 1e-10)
    stack = load_film(path)
    np.testing.assert_allclose(stack.data, RAW * 0.1, rtol=1e-12)
    assert (stack.channel, stack.unit, stack.pixel_size_nm) == ("HeightTrace", "nm", pytest.approx(25))
    assert stack.get_frame_times() == [0.0, 0.5, 1.0, 1.5]
    np.testing.assert_array_equal(load_film(path, metres=False).data, RAW * 1e-10)


def test_tiff(tmp_path: Path) -> None:
    frames = RAW.astype(np.float32)
    metadata = {"axes": "TYX", "PhysicalSizeX": 0.0125, "PhysicalSizeY": 0.0125, "TimeIncrement": 0.5}
    tifffile.imwrite(tmp_path / "film.ome.tif", frames, ome=True, metadata=metadata)
    stack = load_film(tmp_path / "film.ome.tif")
    np.testing.assert_array_equal(stack.data, frames)
    assert stack.pixel_size_nm == pytest.approx(12.5)
    assert stack.get_frame_times() == [0.0, 0.5, 1.0, 1.5]
    for step in ("often", "1e999", "1e308"):
        metadata["TimeIncrement"] = step
        tifffile.imwrite(tmp_path / "film.ome.tif", frames, ome=True, metadata=metadata)
        with pytest.raises(FormatError, match=rf"film\.ome\.tif: expected a film with times, found .*{step}"):
            load_film(tmp_path / "film.ome.tif")
    tifffile.imwrite(tmp_path / "plain.tif", frames, photometric="minisblack")
    with pytest.raises(ValueError, match="pixel_size_nm"):
        load_film(tmp_path / "plain.tif")
    assert load_film(tmp_path / "plain.tif", pixel_size_nm=3).pixel_size_nm == 3.0


def test_our_own_container_keeps_everything(tmp_path: Path) -> None:
    stack = load_film(afm_files.asd(tmp_path / "film.asd", LEVELS[:1]))
    ProcessingPipeline(stack).add("mask_mean_offset", factor=0.5).add("remove_plane").run()
    save(tmp_path / "film.h5", stack)
    back = load_film(tmp_path / "film.h5")
    assert isinstance(back, AFMImageStack)
    for one, other in ((back.data, stack.data), (back.processed["raw"], stack.processed["raw"])):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(back.masks["step_1_mask_mean_offset"], stack.masks["step_1_mask_mean_offset"])
    assert back.frame_metadata == stack.frame_metadata
    assert back.history == stack.history
    assert [step["name"] for step in back.provenance["processing"]["steps"]] == ["mask_mean_offset", "remove_plane"]
    assert load(tmp_path / "film.h5").pixel_size_nm == stack.pixel_size_nm
    save(tmp_path / "array.h5", np.zeros(3))
    with pytest.raises(ValueError, match="expected an AFMImageStack, found ndarray"):
        load_film(tmp_path / "array.h5")


# ------------------------------------------------------------------ lazy frames
WRITERS: dict[str, Callable[[Path], Path]] = {
    "film.asd": lambda path: afm_files.asd(path, LEVELS[:1, :4]),
    "film.h5-jpk": lambda path: afm_files.h5_jpk(path, RAW),
    "film.aris": lambda path: afm_files.aris(path, RAW * 1e-10),
    "film.spm": lambda path: afm_files.spm(path, RAW[0]),
    "film.jpk": lambda path: afm_files.jpk(path, RAW[0] + 5000),
}


@pytest.mark.parametrize("name", WRITERS)
def test_frames_stay_in_the_file_until_they_are_asked_for(name: str, tmp_path: Path) -> None:
    path = WRITERS[name](tmp_path / name)
    whole = load_film(path).data
    stack = load_film(path)
    np.testing.assert_array_equal(stack.get_frame(stack.n_frames - 1), whole[-1])
    np.testing.assert_array_equal(stack[::-1][:2].data, whole[::-1][:2])
    assert stack._data is None
    assert [entry["timestamp"] for entry in stack[::-1].frame_metadata] == [
        entry["timestamp"] for entry in reversed(stack.frame_metadata)
    ]
    # Stacks travel to worker processes as pickles, with the place of their frames.
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(stack)).data, whole)


@pytest.mark.parametrize("name", WRITERS)
def test_what_a_file_holds(name: str, tmp_path: Path) -> None:
    path = WRITERS[name](tmp_path / name)
    found = info(path)
    stack = load_film(path)
    assert (found.shape, found.channel, found.unit) == (stack.shape, stack.channel, "nm")
    assert stack.channel in found.channels


# ------------------------------------------------------------------ damage
@pytest.mark.parametrize("name", WRITERS)
def test_empty_and_foreign_files(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    for content in (b"", b"%PDF-1.7 something else entirely" * 20):
        path.write_bytes(content)
        with pytest.raises(FormatError, match=name):
            load_film(path)


@pytest.mark.parametrize("name", WRITERS)
def test_cut_off_files(name: str, tmp_path: Path) -> None:
    path = WRITERS[name](tmp_path / name)
    content = path.read_bytes()
    for part in (0.3, 0.6, 0.98):
        path.write_bytes(content[: int(part * len(content))])
        with pytest.raises((FormatError, ValueError), match=name):
            _ = load_film(path).data


def test_jpk_images_cut_anywhere(tmp_path: Path) -> None:
    ways = (("height", 0), ("height", 1), ("phase", 0))
    path = afm_files.jpk(tmp_path / "film.jpk", RAW[0, :3, :4] + 5000, channels=ways)
    content = path.read_bytes()
    first_page = 300
    for length in range(1, len(content)):
        path.write_bytes(content[:length])
        told = rf"found a (damaged )?file of {length:,} bytes" if length < first_page else r"up to byte|at byte"
        with pytest.raises(FormatError, match=rf"film\.jpk: expected .*({told})"):
            load_film(path, "height_retrace")


def test_complete_frames_of_a_cut_off_asd_film(tmp_path: Path) -> None:
    path = afm_files.asd(tmp_path / "film.asd", LEVELS[:1])
    whole = load_film(path).data
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(FormatError, match=r"film\.asd: expected 5 frames.*found 4 complete ones"):
        load_film(path)
    np.testing.assert_array_equal(load_film(path, strict=False).data, whole[:4])


def test_headers_that_claim_too_much(tmp_path: Path) -> None:
    path = afm_files.asd(tmp_path / "film.asd", LEVELS[:1], frames=2**31 - 1)
    with pytest.raises(FormatError, match="expected 2147483647 frames"):
        load_film(path)
    assert load_film(path, strict=False).n_frames == 5
    afm_files.asd(path, LEVELS[:1], frames=-(2**31))
    with pytest.raises(FormatError, match="a number of frames from 0 on, found -2147483648"):
        load_film(path)


def test_h5_data_sets_that_claim_too_much(tmp_path: Path) -> None:
    import h5py

    path = afm_files.h5_jpk(tmp_path / "film.h5-jpk", RAW)
    with h5py.File(path, "a") as h5:
        del h5["Measurement_000/Channel_000/Height"]
        h5.create_dataset("Measurement_000/Channel_000/Height", (48, 2**31), np.int32, chunks=(48, 1))
    with pytest.raises(FormatError, match=r"claims .* bytes, but 0 bytes are stored"):
        load_film(path)


@pytest.mark.parametrize("attribute", ["position-pattern.grid.ilength", "position-pattern.grid.ulength"])
def test_missing_attributes_are_named(attribute: str, tmp_path: Path) -> None:
    import h5py

    path = afm_files.h5_jpk(tmp_path / "film.h5-jpk", RAW)
    with h5py.File(path, "a") as h5:
        del h5["Measurement_000"].attrs[attribute]
    with pytest.raises(FormatError, match=attribute):
        load_film(path)


def test_nanoscope_headers_that_make_no_sense(tmp_path: Path) -> None:
    for header in ({"Samps/line": "-3"}, {"Scan size": "3 parsec"}, {"Data offset": "soon"}, {"Data length": "7"}):
        path = afm_files.spm(tmp_path / "film.spm", RAW[0], header={"Bytes/pixel": "3", **header})
        with pytest.raises(FormatError, match=r"film\.spm"):
            load_film(path)


def test_frames_of_different_size_in_a_folder(tmp_path: Path) -> None:
    afm_files.spm(tmp_path / "film.000", RAW[0])
    afm_files.spm(tmp_path / "film.001", RAW[1, :4])
    with pytest.raises(FormatError, match=r"film\.001: expected \(6, 8\) pixels"):
        load_film(tmp_path)


# ------------------------------------------------------------------ wrong use
@pytest.mark.parametrize("name", ["film.asd", "film.h5-jpk", "film.aris", "film.spm", "film.jpk"])
def test_a_missing_channel_lists_those_that_are_there(name: str, tmp_path: Path) -> None:
    path = WRITERS[name](tmp_path / name)
    with pytest.raises(ValueError, match=r"expected a channel among .*(TP|height|Height).*found 'friction'"):
        load_film(path, "friction")


def test_places_that_are_no_films(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.asd"):
        load_film(tmp_path / "nowhere.asd")
    with pytest.raises(ValueError, match="expected a folder of"):
        load_film(tmp_path)
    for name in ("film.xyz", "film"):
        (tmp_path / name).write_bytes(b"1")
        with pytest.raises(ValueError, match="expected a file ending in one of"):
            load_film(tmp_path / name)


def test_pixels_that_are_not_square(tmp_path: Path) -> None:
    path = afm_files.asd(tmp_path / "film.asd", LEVELS[:1], size_nm=(80, 30))
    with pytest.warns(UserWarning, match="pixels are 10 x 5 nm"):
        stack = load_film(path)
    assert (stack.pixel_size_nm, stack.pixel_size_y_nm) == (10.0, 5.0)
    with pytest.warns(UserWarning, match="pixels are"):
        assert info(path).pixel_size_nm == (10.0, 5.0)


def test_the_real_files(shared: Path) -> None:
    folder = shared / "data" / "afm"
    film = load_film(folder / "sample_0.h5-jpk")
    assert film.data.min() == pytest.approx(722.57, abs=0.01)
    assert film.data.max() == pytest.approx(752.19, abs=0.01)
    assert load_film(folder / "asd_sample_0_first10.asd").shape == (10, 200, 200)
    image = load_film(folder / "old_bruker.002")
    assert (image.shape, image.unit) == ((1, 256, 256), "nm")
    assert image.pixel_size_nm == pytest.approx(15_000 / 256)
    assert image.frame_metadata[0]["scan_direction"] == "bottomUp"


def test_readers_take_any_kind_of_path(tmp_path: Path) -> None:
    path = afm_files.asd(tmp_path / "film.asd", LEVELS[:1], size_nm=(80, 60))
    stack: Any = AFMImageStack.load_data(str(path), "TP")
    assert stack.file_path == path
