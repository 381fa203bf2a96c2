"""Files dropped onto napari, layers written, samples: with the model of a viewer, which needs no screen."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import afm_files
import lumentrace
from lumentrace import FormatError, PointData, save, twophoton
from lumentrace.afm.simulation import simulate_film
from lumentrace.napari import samples
from lumentrace.napari.reading import read, reader
from lumentrace.napari.writing import write_labels, write_tracks
from lumentrace.storage import open_image, read_parquet, to_parquet, to_trackmate, write_image
from twophoton_recording import make_recording

components = pytest.importorskip("napari.components", reason="napari is missing: pip install 'lumentrace[napari]'")

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning",
    "ignore::FutureWarning",
)

MANIFEST = yaml.safe_load((Path(lumentrace.__file__).parent / "napari.yaml").read_text())["contributions"]
STACK = np.random.default_rng(0).poisson(20.0, (2, 2, 600, 560)).astype("uint16")


def shown(layers: list[Any]) -> Any:
    """A viewer with the layers."""
    viewer = components.ViewerModel()
    for data, settings, kind in layers:
        getattr(viewer, f"add_{kind}")(data, **settings)
    return viewer


def offered(name: str) -> bool:
    """Whether napari asks us for files of this name."""
    (contribution,) = MANIFEST["readers"]
    return any(fnmatch(name, pattern) for pattern in contribution["filename_patterns"])


def points() -> PointData:
    """Two tracers, a row for each ms in turns, one without a place."""
    t = np.arange(20.0) + 100
    rows = np.column_stack((t, 3 * t, 2 * t, t, t % 2, 0.1 * t))
    rows[4, 1] = np.nan
    return PointData(rows, columns=["t", "x", "y", "z", "label", "error"])


@pytest.mark.parametrize("name", ["cells.ome.zarr", "cells.ome.tif"])
def test_an_image_has_a_layer_for_each_channel(tmp_path: Path, name: str) -> None:
    sizes = {"X": 0.1, "Y": 0.2, "Z": 0.5}
    path = write_image(tmp_path / name, STACK, axes="CZYX", channels=("dna", "actin"), spacing=sizes)
    found = reader(str(path))
    assert found is not None
    viewer = shown(found(str(path)))
    assert [layer.name for layer in viewer.layers] == ["dna", "actin"]
    for number, layer in enumerate(viewer.layers):
        assert tuple(layer.scale) == (0.5, 0.2, 0.1)
        assert [str(unit) for unit in layer.units] == ["micrometer"] * 3
        assert layer.metadata["lumentrace"]["path"] == str(path)
        full = layer.data[0] if layer.multiscale else layer.data
        np.testing.assert_array_equal(np.asarray(full), STACK[number])
    assert viewer.layers[0].multiscale or name.endswith(".tif")
    assert viewer.layers[0].colormap.name != viewer.layers[1].colormap.name


def test_colours_are_one_layer(tmp_path: Path) -> None:
    import tifffile

    colours = np.random.default_rng(1).integers(0, 255, (20, 30, 3), np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", colours, photometric="rgb")
    (layer,) = shown(read(str(tmp_path / "a.tif"))).layers
    assert layer.rgb
    np.testing.assert_array_equal(np.asarray(layer.data), colours)


def test_films_show_the_frames_of_their_file_in_seconds_and_nanometres(tmp_path: Path) -> None:
    stack, _ = simulate_film(frames=5, size=32, pixel_size_nm=2.5, frame_time_s=0.25, seed=1)
    save(tmp_path / "film.h5", stack)
    (layer,) = shown(read(str(tmp_path / "film.h5"))).layers
    assert tuple(layer.scale) == (0.25, 2.5, 2.5)
    assert [str(unit) for unit in layer.units] == ["second", "nanometer", "nanometer"]
    np.testing.assert_array_equal(np.asarray(layer.data), stack.data)
    np.testing.assert_array_equal(layer.data[1:3, 4], stack.data[1:3, 4])


def test_the_contrast_of_a_film_is_that_of_more_than_its_first_frame(tmp_path: Path) -> None:
    stack, _ = simulate_film(frames=5, size=32, seed=1)
    stack.data += 100.0 * np.arange(5)[:, None, None]
    save(tmp_path / "film.h5", stack)
    (layer,) = shown(read(str(tmp_path / "film.h5"))).layers
    assert layer.contrast_limits == [stack.data[0].min(), stack.data[4].max()]


def test_images_of_nanoscope_have_numbers_for_endings(tmp_path: Path) -> None:
    path = tmp_path / "scan.027"
    afm_files.spm(path, np.arange(128, dtype=np.int16).reshape(16, 8))
    ((data, _, kind),) = read(str(path))
    assert (kind, data.shape) == ("image", (1, 16, 8))
    assert offered(path.name)


@pytest.mark.parametrize("suffix", [".h5", ".parquet"])
def test_labelled_points_are_tracks(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"wheel{suffix}"
    (save if suffix == ".h5" else to_parquet)(path, points())
    (layer,) = shown(read([str(path)])).layers
    rows = points().points
    whole = rows[np.isfinite(rows).all(axis=1)]
    order = np.lexsort((whole[:, 0], whole[:, 4]))
    np.testing.assert_array_equal(layer.data[:, 0], whole[order, 4])
    world = layer.data[:, 1:] * layer.scale + layer.translate
    np.testing.assert_allclose(world, whole[order][:, [0, 3, 2, 1]])
    np.testing.assert_allclose(layer.features["error"], whole[order, 5])
    assert [str(unit) for unit in layer.units] == ["millisecond", *["millimeter"] * 3]


def test_spots_of_trackmate_are_tracks_and_other_tables_are_left_to_others(tmp_path: Path) -> None:
    path, made = tmp_path / "spots.csv", points()
    made.units = {"t": "s", "x": "µm", "y": "µm", "z": "µm"}
    to_trackmate(path, made)
    (layer,) = shown(read(str(path))).layers
    whole = made.points[np.isfinite(made.points).all(axis=1)]
    assert sorted(layer.data[:, 0]) == sorted(whole[:, 4])
    assert [str(unit) for unit in layer.units] == ["second", *["micrometer"] * 3]
    for other in ("a,b\n1,2\n", "", "t,x,y,z\n", "\0\1\2"):
        path.write_text(other)
        assert reader(str(path)) is None


def test_units_that_are_none_are_those_of_pixels(tmp_path: Path) -> None:
    made = points()
    made.units = {"t": "frame", "x": "pixel", "y": "pixel", "z": "parsec"}
    save(tmp_path / "tracks.h5", made)
    (layer,) = shown(read(str(tmp_path / "tracks.h5"))).layers
    assert {str(unit) for unit in layer.units} == {"pixel"}


def test_points_without_labels_are_points(tmp_path: Path) -> None:
    save(tmp_path / "p.h5", PointData(points().points[:, :4]))
    (data, _, kind), *_ = read(str(tmp_path / "p.h5"))
    assert (kind, data.shape) == ("points", (19, 4))


def test_recordings_and_regions(tmp_path: Path) -> None:
    made = make_recording(tmp_path / "source")
    place = twophoton.convert_recording(made.folder, tmp_path / "out").path
    mean, movie = shown(read(str(Path(place).parent))).layers
    assert movie.data.shape[1:] == mean.data.shape
    rois = twophoton.make_roi_set_from_label_image(made.labels)
    file = twophoton.save_roi_set(rois, tmp_path / "rois.h5")
    (labels,) = shown(read(str(file))).layers
    np.testing.assert_array_equal(labels.data, made.labels)
    assert labels.features["index"].tolist() == [0, *np.unique(made.labels[made.labels > 0])]


@pytest.mark.parametrize("name", ["cells.ome.tif", "cells.ome.zarr"])
def test_labels_are_written_with_their_sizes(tmp_path: Path, name: str) -> None:
    labels = np.arange(3 * 8 * 9).reshape(3, 8, 9) * 400
    layer = components.ViewerModel().add_labels(labels, scale=(2, 0.5, 0.25), units=("um", "um", "um"))
    data, attributes, _ = layer.as_layer_data_tuple()
    (path,) = write_labels(str(tmp_path / name), data, attributes)
    with open_image(path) as found:
        assert found.spacing == {"Z": 2.0, "Y": 0.5, "X": 0.25}
        assert (found.axes, found.dtype) == ("ZYX", np.dtype("uint32"))
        np.testing.assert_array_equal(found.read(), labels)


def test_labels_of_64_bits_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at most 32 bits"):
        write_labels(str(tmp_path / "a.ome.tif"), np.array([[0, 2**40]]), {})


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".h5", ".vtp"])
def test_tracks_are_written_in_their_units(tmp_path: Path, suffix: str) -> None:
    save(tmp_path / "wheel.h5", points())
    (layer,) = shown(read(str(tmp_path / "wheel.h5"))).layers
    data, attributes, _ = layer.as_layer_data_tuple()
    (path,) = write_tracks(str(tmp_path / f"out{suffix}"), data, attributes)
    assert Path(path).stat().st_size > 0
    if suffix == ".parquet":
        found = read_parquet(path)
        rows = points().points[np.isfinite(points().points).all(axis=1)]
        order = np.lexsort((rows[:, 0], rows[:, 4]))
        np.testing.assert_allclose(found.points, rows[order, :5])
        assert {found.units[name] for name in "xyz"} == {"mm"}
        assert found.units["t"] == "ms"
    if suffix != ".vtp":
        ((back, settings, _),) = read(path)
        np.testing.assert_allclose(back[:, 0], data[:, 0])
        np.testing.assert_allclose(
            back[:, 1:] * settings["scale"] + settings["translate"],
            data[:, 1:] * attributes["scale"] + attributes["translate"],
        )
        assert settings["units"] == ("ms", "mm", "mm", "mm")


def test_tracks_need_a_known_ending(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.parquet"):
        write_tracks(str(tmp_path / "a.txt"), np.zeros((1, 4)), {})


def test_what_is_not_ours_is_left_to_others(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_bytes(b"PK")
    assert reader(str(tmp_path / "a.docx")) is None
    assert reader(str(tmp_path)) is None
    assert reader([str(tmp_path / "a.tif"), str(tmp_path / "a.docx")]) is None


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(b"II*\0" + bytes(20))
    found = reader(str(tmp_path / "a.tif"))
    assert found is not None
    with pytest.raises(FormatError, match=r"a\.tif"):
        found(str(tmp_path / "a.tif"))


def test_every_sample_is_shown() -> None:
    assert {layer.name for layer in shown(samples.trajectories()).layers} == {"tracers on a wheel"}
    assert len(np.unique(samples.trajectories()[0][0][:, 0])) == 2
    assert [layer.ndim for layer in shown(samples.film()).layers] == [3]
    assert [layer.name for layer in shown(samples.stain()).layers] == ["before", "after"]


def test_the_manifest_offers_every_ending_that_is_read() -> None:
    from lumentrace.afm.loaders import FORMATS
    from lumentrace.storage.images.opening import SUFFIXES

    endings = (*SUFFIXES, *FORMATS, ".h5", ".hdf5", ".parquet", ".csv")
    assert [suffix for suffix in endings if not offered(f"a{suffix}")] == []


def test_every_command_of_the_manifest_exists() -> None:
    npe2 = pytest.importorskip("npe2")
    manifest = npe2.PluginManifest.from_file(Path(lumentrace.__file__).parent / "napari.yaml")
    names = [command.python_name for command in manifest.contributions.commands if "widget" not in command.python_name]
    assert len(names) >= 9
    for name in names:
        module, _, attribute = name.partition(":")
        assert callable(getattr(__import__(module, fromlist=[attribute]), attribute))
