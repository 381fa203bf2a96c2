"""Images of Igor, WSxM, Nanosurf, TopoStats and Gwyddion, whole and damaged, beside outside judges."""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import afm_images
from lumentrace.afm import AFMImageStack, info, load
from lumentrace.afm.export_gwy import to_gwy
from lumentrace.afm.loaders import gwy_objects
from lumentrace.afm.run import Settings, loaded, run
from lumentrace.base.errors import FormatError

RANDOM = np.random.default_rng(21)
pytestmark = pytest.mark.filterwarnings("ignore:.*pixels are:UserWarning")

HEIGHTS = RANDOM.normal(0, 1e-8, (6, 8))
LAYERS = np.stack([HEIGHTS, 2 * HEIGHTS, 1e9 * HEIGHTS])
RAW = RANDOM.integers(-(2**30), 2**30, (6, 8))
SMALL = HEIGHTS[:2, :2]
MAKERS: dict[str, Callable[[Path], Path]] = {
    "scan.ibw": lambda path: afm_images.ibw(path, LAYERS),
    "scan.stp": lambda path: afm_images.wsxm(path, HEIGHTS),
    "scan.nhf": lambda path: afm_images.nhf(path, RAW),
    "scan.topostats": lambda path: afm_images.topostats(path, HEIGHTS * 1e9),
    "scan.gwy": lambda path: written(path, HEIGHTS),
}
PARSED: dict[str, Callable[[Path], Path]] = {
    "scan.ibw": lambda path: afm_images.ibw(path, SMALL[np.newaxis], ("HeightTrace",)),
    "scan.stp": lambda path: afm_images.wsxm(path, SMALL),
    "scan.gwy": lambda path: written(path, SMALL),
}
"""By parsers of ours."""


def written(path: Path, values: np.ndarray, **parts: Any) -> Path:
    """A file of Gwyddion, by the package gwyfile."""
    objects = pytest.importorskip("gwyfile.objects", reason="needs the package gwyfile")
    field = {"xreal": 2e-7, "yreal": 9e-8, "si_unit_xy": "m", "si_unit_z": "m", **parts}
    container = objects.GwyContainer()
    container["/0/data/title"], container["/4/data/title"] = "Height", "Phase"
    container["/0/data"] = objects.GwyDataField(values, **field)
    container["/4/data"] = objects.GwyDataField(values * 1e9, **{**field, "si_unit_z": "deg"})
    container["/0/meta"] = objects.GwyContainer({"Operator": "somebody"}, {"Operator": "s"})
    container["/0/base/palette"], container["/0/mask"] = "Gold", objects.GwyDataField(values > 0, **field)
    container["/0/mask"]["data"] = (values > 0).astype(float).ravel()
    container.tofile(str(path))
    return path


# ------------------------------------------------------------------ what they hold
@pytest.mark.parametrize("kind", list(afm_images.TYPES))
@pytest.mark.parametrize("order", ["<", ">"])
def test_igor_waves(order: str, kind: str, tmp_path: Path) -> None:
    raw = RANDOM.integers(0, 100, (3, 6, 8)).astype(kind)
    path = afm_images.ibw(tmp_path / "scan.ibw", raw, order=order)
    for number, name in enumerate(("HeightTrace", "HeightRetrace")):
        stack = load(path, name)
        # Igor draws its first row at the bottom.
        np.testing.assert_array_equal(stack.data[0], 1e9 * raw[number, ::-1].astype(float))
        assert (stack.unit, stack.pixel_size_nm) == ("nm", pytest.approx(20))
    phase = load(path, "phase")
    np.testing.assert_array_equal(phase.data[0], raw[2, ::-1])
    assert (phase.unit, phase.pixel_size_y_nm) == ("deg", pytest.approx(30))
    assert load(path).channel == load(path, "height").channel == load(path, "height_trace").channel == "HeightTrace"
    about = load(path).frame_metadata[0]
    assert (about["line_rate"], about["frame_duration_s"]) == (2.5, 6 / 2.5)
    assert about["start_epoch_ms"] == 1000 * (3_700_000_000 - 2_082_844_800)


def test_igor_waves_as_igor2_reads_them(tmp_path: Path) -> None:
    binarywave = pytest.importorskip("igor2.binarywave", reason="needs the package igor2")
    path = afm_images.ibw(tmp_path / "scan.ibw", LAYERS)
    judge = binarywave.load(path)["wave"]
    names = [label.decode() for label in judge["labels"][2][1:]]
    assert info(path).channels == names
    for number, name in enumerate(names[:2]):
        np.testing.assert_array_equal(load(path, name).data[0], 1e9 * judge["wData"][:, ::-1, number].T)


def test_igor_waves_without_labels_or_of_one_layer(tmp_path: Path) -> None:
    path = afm_images.ibw(tmp_path / "scan.ibw", LAYERS[:1], (), units=("nm", "nm", "V"), step=(2.0, 3.0))
    stack = load(path, "Image")
    assert (stack.unit, stack.pixel_size_nm, info(path).channels) == ("V", 2.0, ["Image"])
    afm_images.ibw(path, LAYERS, ("", "UserIn0Trace", "Mystery"))
    assert info(path).channels == ["0", "UserIn0Trace", "Mystery"]
    assert [load(path, name).unit for name in ("UserIn0Trace", "Mystery")] == ["V", ""]


@pytest.mark.parametrize(
    ("kind", "dtype"), [("double", "<f8"), ("float", "<f4"), ("short", "<i2"), ("integer", "<i2"), (None, "<i2")]
)
def test_wsxm(kind: str | None, dtype: str, tmp_path: Path) -> None:
    raw = RANDOM.integers(-900, 900, (6, 8)).astype(dtype)
    stack = load(afm_images.wsxm(tmp_path / "scan.TOP", raw, kind=kind))
    # The points span the Z Amplitude, 30 nm.
    np.testing.assert_allclose(stack.data[0], raw.astype(float) * 30 / float(raw.max() - raw.min()), rtol=1e-12)
    assert (stack.channel, stack.unit, stack.shape) == ("Topography", "nm", (1, 6, 8))
    assert (stack.pixel_size_nm, stack.pixel_size_y_nm) == (25.0, 15.0)
    assert (stack.frame_metadata[0]["line_rate"], stack.frame_metadata[0]["frame_duration_s"]) == (4.0, 1.5)


@pytest.mark.parametrize(
    ("amplitude", "unit", "span"), [("20 Å", "nm", 2.0), ("2 µm", "nm", 2000.0), ("3 V", "V", 3.0), ("7 nN", "nN", 7.0)]
)
def test_units_of_wsxm(amplitude: str, unit: str, span: float, tmp_path: Path) -> None:
    stack = load(afm_images.wsxm(tmp_path / "scan.stp", HEIGHTS, amplitude=amplitude))
    assert (stack.unit, np.ptp(stack.data)) == (unit, pytest.approx(span))


@pytest.mark.parametrize(("version", "low", "high"), [(1, -(2.0**31), 2.0**31 - 1), (2, -(2.0**31) + 1, 2.0**31 - 1)])
def test_nanosurf(version: int, low: float, high: float, tmp_path: Path) -> None:
    path = afm_images.nhf(tmp_path / "scan.nhf", RAW, version=version)
    stack = load(path)
    # The type's range spans -1 to 3 um.
    np.testing.assert_allclose(stack.data[0], -1000 + 4000 * (RAW - low) / (high - low), atol=1e-9)
    np.testing.assert_allclose(load(path, "topography_retrace").data[0], -1000 + 4000 * (-RAW - low) / (high - low))
    assert (stack.channel, stack.unit) == ("Topography_trace", "nm")
    assert (stack.pixel_size_nm, stack.pixel_size_y_nm) == (pytest.approx(25.0), pytest.approx(15.0))


def test_pixels_that_nanosurf_did_not_measure(tmp_path: Path) -> None:
    raw = RAW.copy()
    raw[4:] = -(2**31)
    stack = load(afm_images.nhf(tmp_path / "scan.nhf", raw), "Topography_trace")
    assert np.isnan(stack.data[0, 4:]).all()
    assert np.isfinite(stack.data[0, :4]).all()


def test_several_images_of_nanosurf(tmp_path: Path) -> None:
    path = afm_images.nhf(tmp_path / "scan.nhf", RAW)
    with h5py.File(path, "a") as h5:
        h5.copy("group_0000", "group_0001")
    with pytest.warns(UserWarning, match=r"scan\.nhf: holds 2 images; /group_0000 is read") as caught:
        assert load(path).shape == (1, 6, 8)
    assert caught[0].filename == __file__


def test_topostats(tmp_path: Path) -> None:
    path = afm_images.topostats(tmp_path / "scan.topostats", HEIGHTS)
    assert info(path).channels == ["image", "image_original"]
    levelled = load(path, "height")
    np.testing.assert_array_equal(levelled.data[0], HEIGHTS / 2)
    np.testing.assert_array_equal(load(path, "image_original").data[0], HEIGHTS)
    assert (levelled.unit, levelled.pixel_size_nm, levelled.acquisition["topostats_version"]) == ("nm", 2.5, "2.3.1")


# ------------------------------------------------------------------ Gwyddion
def test_gwyddion_files_that_gwyfile_wrote(tmp_path: Path) -> None:
    path = written(tmp_path / "scan.gwy", HEIGHTS)
    stack = load(path, "height")
    np.testing.assert_array_equal(stack.data[0], 1e9 * HEIGHTS)
    assert (stack.channel, stack.unit, stack.pixel_size_nm, stack.pixel_size_y_nm) == ("Height", "nm", 25.0, 15.0)
    phase = load(path, "Phase")
    np.testing.assert_array_equal(phase.data[0], 1e9 * HEIGHTS)
    assert (phase.unit, info(path).channels) == ("deg", ["Height", "Phase"])


def test_gwyddion_units_with_a_prefix_are_refused(tmp_path: Path) -> None:
    for part in ("si_unit_z", "si_unit_xy"):
        written(tmp_path / "scan.gwy", HEIGHTS, **{part: "nm"})
        with pytest.raises(FormatError, match=rf"scan\.gwy: /0/data: {part}: expected a unit without prefix.*'nm'"):
            load(tmp_path / "scan.gwy", "Height")


def film(values: np.ndarray, unit: str = "nm") -> AFMImageStack:
    about = [{"timestamp": 0.5 * number + 0.1, "line_rate": 120.0, "scan_direction": "up"} for number in range(3)]
    stack = AFMImageStack(values, 1.3, "height_trace", "film.asd", about, pixel_size_y_nm=2.6, unit=unit)
    stack.acquisition["comment"] = "actin, 25 °C"
    return stack


@pytest.mark.parametrize("unit", ["nm", "deg", "mV"])
def test_a_film_for_gwyddion_and_back(unit: str, tmp_path: Path) -> None:
    values = RANDOM.normal(0, 3, (3, 6, 8))
    values[1, 2:4, 5] = np.nan
    stack = film(values, unit)
    to_gwy(tmp_path / "film.gwy", stack)
    back = load(tmp_path / "film.gwy")
    np.testing.assert_allclose(back.data, values / (1000 if unit == "mV" else 1), rtol=3e-16)
    np.testing.assert_array_equal(np.isnan(back.data), np.isnan(values))
    assert (back.unit, back.channel) == ({"mV": "V"}.get(unit, unit), "height_trace")
    assert [entry["timestamp"] for entry in back.frame_metadata] == [0.1, 0.6, 1.1]
    assert {entry["line_rate"] for entry in back.frame_metadata} == {120.0}
    assert (back.pixel_size_nm, back.pixel_size_y_nm) == (pytest.approx(1.3), pytest.approx(2.6))
    assert back.acquisition == stack.acquisition
    known = load(tmp_path / "film.gwy", pixel_size_nm=5)
    assert {known.pixel_size_nm, known.scaling_for_frame(1), known.pixel_size_y_nm} == {5.0}


def test_single_precision_comes_back_bit_for_bit(tmp_path: Path) -> None:
    values = RANDOM.normal(0, 3, (3, 60, 80)).astype(np.float32)
    to_gwy(tmp_path / "film.gwy", film(values))
    np.testing.assert_array_equal(load(tmp_path / "film.gwy").data.astype(np.float32), values)


def test_a_film_for_gwyddion_as_gwyfile_reads_it(tmp_path: Path) -> None:
    gwyfile = pytest.importorskip("gwyfile", reason="needs the package gwyfile")
    values = RANDOM.normal(0, 3, (3, 6, 8))
    values[2, 1, 1] = np.nan
    to_gwy(tmp_path / "film.gwy", film(values))
    found = gwyfile.load(str(tmp_path / "film.gwy"))
    for number in range(3):
        field, known = found[f"/{number}/data"], np.isfinite(values[number])
        np.testing.assert_array_equal(field.data[known], (values[number] / 1e9)[known])
        assert (field.xreal, field.yreal) == (pytest.approx(8 * 1.3e-9), pytest.approx(6 * 2.6e-9))
        assert (field.si_unit_xy.unitstr, field.si_unit_z.unitstr) == ("m", "m")
        assert found[f"/{number}/data/title"] == f"height_trace {number}"
    np.testing.assert_array_equal(found["/2/mask"].data, np.isnan(values[2]))
    assert np.isfinite(found["/2/data"].data).all()


def test_a_film_that_was_edited_in_gwyddion(tmp_path: Path) -> None:
    gwyfile = pytest.importorskip("gwyfile", reason="needs the package gwyfile")
    path, values = tmp_path / "film.gwy", RANDOM.normal(0, 3, (3, 6, 8))
    to_gwy(path, film(values))
    edited = gwyfile.load(str(path))
    for part in ("data", "data/title", "meta"):
        edited[f"/7/{part}"] = edited[f"/1/{part}"]  # a copy of a frame
        del edited[f"/0/{part}"]
    edited["/9/data"] = edited["/2/data"]
    edited.tofile(str(path))
    assert info(path).channels == ["height_trace", "height_trace 1", "[9]"]
    stack = load(path)
    np.testing.assert_allclose(stack.data, values[1:])
    assert stack.get_frame_times() == [0.6, 1.1]
    edited["/2/data"].data = np.zeros((6, 7))
    edited.tofile(str(path))
    with pytest.raises(FormatError, match=r"film\.gwy: expected \(6, 8\) pixels .*found \(6, 7\) in nm \(frame 1\)"):
        load(path)


def test_films_that_gwyddion_cannot_hold(tmp_path: Path) -> None:
    values = np.zeros((3, 6, 8))
    values[1, 0, 0] = np.inf
    with pytest.raises(ValueError, match="frame 1: expected finite values or NaN"):
        to_gwy(tmp_path / "film.gwy", film(values))
    with pytest.raises(ValueError, match=r"expected at most 4,294,967,295 bytes.*found 8,388,608,000"):
        to_gwy(tmp_path / "film.gwy", film(np.broadcast_to(0.0, (1000, 1024, 1024))))
    with pytest.raises(ValueError, match="expected frames, found none"):
        to_gwy(tmp_path / "film.gwy", AFMImageStack(np.zeros((0, 6, 8)), 1, "height", "x"))
    assert list(tmp_path.iterdir()) == []


def test_a_run_writes_its_film_for_gwyddion(tmp_path: Path) -> None:
    path = afm_images.ibw(tmp_path / "scan.ibw", LAYERS)
    outcome = run(path, Settings(process="remove_plane", analyse="", gwy=True))
    outcome.save(tmp_path / "out")
    np.testing.assert_allclose(load(tmp_path / "out/processed.gwy").data, outcome.stack.data, rtol=3e-16)


# ------------------------------------------------------------------ what all have in common
@pytest.mark.parametrize("name", MAKERS)
def test_frames_stay_in_the_file(name: str, tmp_path: Path) -> None:
    stack = load(MAKERS[name](tmp_path / name))
    copied = pickle.loads(pickle.dumps(stack))
    assert stack.in_file
    np.testing.assert_array_equal(copied.get_frame(0), stack[:1].data[0])
    found = info(tmp_path / name)
    assert (found.shape, found.unit, found.channel) == ((1, 6, 8), "nm", stack.channel)


def test_folders_of_images_are_films(tmp_path: Path) -> None:
    for number in range(3):
        afm_images.ibw(tmp_path / f"scan{number}.ibw", LAYERS * (number + 1), created=3_700_000_000 + 4 * number)
    stack = load(tmp_path)
    np.testing.assert_allclose(stack.data, np.stack([1e9 * HEIGHTS[::-1] * (number + 1) for number in range(3)]))
    assert stack.get_frame_times() == [0.0, 4.0, 8.0]
    afm_images.wsxm(tmp_path / "other.stp", HEIGHTS)
    with pytest.warns(UserWarning, match="holds images of ibw, wsxm; only those of ibw are read") as caught:
        assert load(tmp_path).n_frames == 3
    assert caught[0].filename == __file__


UNSIZED: dict[str, Callable[[Path], Path]] = {
    "scan.ibw": lambda path: afm_images.ibw(path, LAYERS, units=("", "", "m")),
    "scan.stp": lambda path: afm_images.wsxm(path, HEIGHTS, size=("3 V", "3 V")),
    "scan.nhf": lambda path: afm_images.nhf(path, RAW, size_m=(0.0, 0.0)),
    "scan.topostats": lambda path: afm_images.topostats(path, HEIGHTS, None),
    "scan.gwy": lambda path: written(path, HEIGHTS, si_unit_xy="V"),
}


@pytest.mark.parametrize("name", UNSIZED)
def test_the_size_of_pixels_is_asked_for(name: str, tmp_path: Path) -> None:
    path = UNSIZED[name](tmp_path / name)
    with pytest.raises(ValueError, match=rf"{name}: does not say the size of a pixel; give `pixel_size_nm`"):
        load(path)
    assert load(path, pixel_size_nm=4).pixel_size_nm == loaded(path, Settings(pixel_size_nm=4)).pixel_size_nm == 4.0


@pytest.mark.parametrize("name", MAKERS)
def test_missing_channels_are_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"{name}: expected a channel among .*[Hh]eight|Topo|image.*found 'friction'"):
        load(MAKERS[name](tmp_path / name), "friction")


# ------------------------------------------------------------------ damage
@pytest.mark.parametrize("name", PARSED)
def test_files_cut_at_every_byte(name: str, tmp_path: Path) -> None:
    path = PARSED[name](tmp_path / name)
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(FormatError, match=rf"{name}.*(expected|found)"):
            _ = load(path, "height").data


CLAIMS = [
    ({"Number of rows": "999999999"}, "Number of rows: expected data up to byte"),
    ({"Number of rows": "0"}, "Number of rows: expected a whole number above 0, found '0'"),
    ({"Number of columns": "1e3"}, "Number of columns: expected a whole number above 0, found '1e3'"),
    ({"Z Amplitude": "nan nm"}, "Z amplitude: expected a number and its unit, found 'nan nm'"),
    ({"X Amplitude": "wide"}, "X amplitude: expected a number and its unit, found 'wide'"),
    ({"Image Data Type": "quad"}, "Image Data Type: expected one of short.*found 'quad'"),
]


@pytest.mark.parametrize(("header", "told"), CLAIMS)
def test_wsxm_headers_that_make_no_sense(header: dict[str, str], told: str, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=rf"scan\.stp: {told}"):
        load(afm_images.wsxm(tmp_path / "scan.stp", HEIGHTS, header=header))


def test_a_wsxm_header_of_one_line_is_none(tmp_path: Path) -> None:
    path = tmp_path / "scan.stp"
    path.write_bytes(b"WSxM file Image header size: 300 " + b"x" * 400)
    with pytest.raises(FormatError, match=r"scan\.stp: expected an image of WSxM, found b'WSxM file Image"):
        load(path)


def test_flat_wsxm_images_have_no_scale(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"scan\.stp: expected points that span the Z Amplitude, .* extent of 0"):
        _ = load(afm_images.wsxm(tmp_path / "scan.stp", np.ones((6, 8)))).data


@pytest.mark.parametrize(
    ("at", "layout", "value", "told"),
    [
        (64 + 68, "i", 2**30, "dimensions: expected data up to byte"),
        (64 + 68, "i", -8, "dimensions: expected columns, rows and layers"),
        (64 + 68, "i", 0, "dimensions: expected columns, rows and layers"),
        (64 + 72, "i", 5, "dimensions: expected 120 values"),
        (64 + 80, "i", 2, r"dimensions: expected columns, rows and layers, found \[8, 6, 3, 2\]"),
        (64 + 16, "h", 0x05, "type: expected real numbers, found kind 0x5"),
        (4, "i", 320, "dimensions: expected 144 values"),
        (12, "i", 2**30, "texts: expected 1,073,741,952 bytes from byte 1,536 on"),
        (48, "i", -1, "texts: expected"),
    ],
)
def test_igor_headers_that_make_no_sense(at: int, layout: str, value: int, told: str, tmp_path: Path) -> None:
    path = afm_images.ibw(tmp_path / "scan.ibw", LAYERS)
    content = bytearray(path.read_bytes())
    struct.pack_into(f"<{layout}", content, at, value)
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"scan\.ibw: (checksum|dimensions)"):
        load(path)
    path.write_bytes(afm_images.summed(content))
    with pytest.raises(FormatError, match=rf"scan\.ibw: {told}"):
        load(path)


def test_igor_curves_are_told(tmp_path: Path) -> None:
    path = tmp_path / "curve.ibw"
    path.write_bytes(struct.pack("<h", 2) + bytes(400))
    with pytest.raises(FormatError, match=r"expected an image .* found version 2, which has curves only"):
        load(path)


def nested(levels: int) -> bytes:
    content = b""
    for _ in range(levels):
        content = b"o\0" + b"o" + b"GwyContainer\0" + struct.pack("<I", len(content)) + content
    return b"GwyContainer\0" + struct.pack("<I", len(content)) + content


BOMBS = {
    "deep": (nested(500), "at most 64 objects within each other"),
    "array": (
        gwy_objects.serialised(gwy_objects.GwyObject("X"))[:-4] + b"\x08\0\0\0" + b"a\0D\xff\xff\xff\xff ",
        "numbers",
    ),
    "texts": (b"X\0\x07\0\0\0a\0S\xff\xff\xff\x7f", "a text that ends with a byte 0"),
    "object": (b"X\0\xff\xff\xff\xff", "4,294,967,295 bytes of 'X'"),
    "type": (b"X\0\x03\0\0\0a\0z", "a type of 'a', found 'z'"),
    "no images": (b"X\0\0\0\0\0", "expected images /0/data"),
    "more": (b"X\0\0\0\0\0XX", "expected one object of 10 bytes, found 12"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_gwyddion_files_that_claim_too_much(name: str, tmp_path: Path) -> None:
    content, told = BOMBS[name]
    (tmp_path / "scan.gwy").write_bytes(b"GWYP" + content)
    with pytest.raises(FormatError, match=rf"scan\.gwy.*{told}"):
        load(tmp_path / "scan.gwy")


def test_gwyddion_files_of_too_many_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gwy_objects, "MOST_PARTS", 20)
    (tmp_path / "scan.gwy").write_bytes(b"GWYPX\0" + struct.pack("<I", 3 * 21) + b"\0b\1" * 21)
    with pytest.raises(FormatError, match="at most 20 parts"):
        load(tmp_path / "scan.gwy")


@pytest.mark.parametrize("about", ["{", "[]", json.dumps({"channel": 3, "frame": 0}), json.dumps({"channel": "a"})])
def test_frames_that_do_not_say_which_they_are(about: str, tmp_path: Path) -> None:
    field = {"xres": 1, "yres": 1, "xreal": 1.0, "yreal": 1.0, "data": np.zeros(1)}
    container = gwy_objects.GwyObject(
        "GwyContainer",
        {
            "/0/data": gwy_objects.GwyObject("GwyDataField", field),
            "/0/meta": gwy_objects.GwyObject("GwyContainer", {"lumentrace": about}),
        },
    )
    (tmp_path / "scan.gwy").write_bytes(b"GWYP" + gwy_objects.serialised(container))
    with pytest.raises(FormatError, match=r"scan\.gwy: /0/meta: lumentrace: expected the channel and the number"):
        load(tmp_path / "scan.gwy")


def test_nanosurf_files_without_an_image(tmp_path: Path) -> None:
    path = afm_images.nhf(tmp_path / "scan.nhf", RAW, kind="spectroscopy")
    with pytest.raises(FormatError, match=r"scan\.nhf: expected an image that was scanned in lines, found none"):
        load(path)


@pytest.mark.parametrize(
    ("place", "name", "value", "told"),
    [
        ("/", "nsf_file_version_major", 3, "nsf_file_version_major: expected 1 or 2, found 3"),
        ("group_0000/subgroup_0000", "rect_axis_size", [6, 9], "expected 6 x 9 pixels, found shape"),
        ("group_0000/subgroup_0000", "rect_axis_size", [-6, -8], "expected -6 x -8 pixels"),
        (
            "group_0000/subgroup_0000/dataset_0000",
            "dataset_element_type",
            "int16",
            "expected that of int32, found 'int16'",
        ),
    ],
)
def test_nanosurf_attributes_that_make_no_sense(place: str, name: str, value: Any, told: str, tmp_path: Path) -> None:
    path = afm_images.nhf(tmp_path / "scan.nhf", RAW)
    with h5py.File(path, "a") as h5:
        h5[place].attrs[name] = value
    with pytest.raises(FormatError, match=rf"scan\.nhf.*{told}"):
        load(path)
    with h5py.File(path, "a") as h5:
        del h5[place].attrs[name]
    with pytest.raises(FormatError, match=rf"scan\.nhf.*{name}"):
        load(path)
