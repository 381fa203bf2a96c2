"""Two-photon: recordings shown in napari, by a stand-in and, where it is installed, by napari itself."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lumentrace import twophoton
from lumentrace.twophoton.exchange.handoff import saved
from lumentrace.twophoton.read.lazy_movie import LazyFrames
from lumentrace.twophoton.read.recording import Movie
from twophoton_recording import COLUMNS, FRAMES, ROWS, Made, make_recording


class StandIn:
    """Layers as a viewer keeps them."""

    def __init__(self) -> None:
        self.layers: list[Any] = []

    def _add(self, kind: str, data: Any, **settings: Any) -> Any:
        self.layers.append(SimpleNamespace(kind=kind, data=data, **settings))
        return self.layers[-1]

    def add_image(self, data: Any, **settings: Any) -> Any:
        return self._add("image", data, **settings)

    def add_labels(self, data: Any, **settings: Any) -> Any:
        return self._add("labels", data, **settings)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A recording that moves by up to 4 pixels, so that its crop is smaller than its frame."""
    found = make_recording(tmp_path / "source")
    path = found.folder / "run_001_ch1_alignment.txt"
    np.savetxt(path, np.loadtxt(path) * [2.5, 2, 1])
    return found


@pytest.fixture
def path(made: Made, tmp_path: Path) -> Path:
    return twophoton.convert_recording(made.folder, tmp_path / "out").path


def test_layers_show_the_crop(made: Made, path: Path) -> None:
    rois = twophoton.make_roi_set_from_label_image(made.labels)
    view = twophoton.open_recording_in_napari(path, roi_set=rois, viewer=StandIn(), movie_frame_range=(3, 9))
    rows, columns = view.recording.alignment_valid_crop.slices
    assert view.mean_image_layer.data.shape < (ROWS, COLUMNS)
    np.testing.assert_array_equal(view.mean_image_layer.data, view.recording.mean_image[rows, columns])
    np.testing.assert_array_equal(view.roi_labels_layer.data, made.labels[rows, columns])
    assert view.movie_layer.data.shape == (7, *view.mean_image_layer.data.shape)
    np.testing.assert_array_equal(view.movie_layer.data[6], made.movie[9, rows, columns])
    assert [layer.name for layer in view.viewer.layers] == ["mean image", "aligned movie", "rois"]
    low, high = view.movie_layer.contrast_limits
    assert (low, high) == (made.movie[3, rows, columns].min(), made.movie[3, rows, columns].max())


def test_nothing_but_what_is_asked_for(path: Path) -> None:
    view = twophoton.open_recording_in_napari(path, viewer=StandIn(), add_roi_labels_layer=False)
    assert (view.movie_layer, view.roi_labels_layer) == (None, None)
    assert [layer.kind for layer in view.viewer.layers] == ["image"]
    view = twophoton.open_recording_in_napari(path, viewer=StandIn(), movie_frame_range=(0, None), roi_layer_name="c")
    assert len(view.movie_layer.data) == FRAMES
    assert (view.roi_labels_layer.name, view.roi_labels_layer.data.max()) == ("c", 0)


def test_painted_regions_come_back_on_the_whole_frame(made: Made, path: Path, tmp_path: Path) -> None:
    names = ["left cell", "right cell"]
    rois = twophoton.make_roi_set_from_label_image(made.labels, labels=names)
    file = twophoton.save_roi_set(rois, tmp_path / "rois.h5")
    layer = twophoton.open_recording_in_napari(path, roi_set=file, viewer=StandIn()).roi_labels_layer
    whole = twophoton.roi_label_image_from_layer(layer)
    assert whole.dtype == np.int64
    np.testing.assert_array_equal(whole, made.labels)
    layer.data[0, 0] = 9
    assert saved(layer, tmp_path / "new.h5") == f"saved 3 regions in {tmp_path / 'new.h5'}"
    again = twophoton.load_roi_set(tmp_path / "new.h5")
    assert again.labels == (*names, "roi_0009")
    crop = twophoton.load_converted_recording(path).alignment_valid_crop
    assert np.argwhere(again.masks[2]).tolist() == [[crop.axis0_start, crop.axis1_start]]
    layer.data[:] = 0
    assert saved(layer, tmp_path / "new.h5").startswith("not saved: `label_image`: expected a region")
    assert twophoton.load_roi_set(tmp_path / "new.h5").labels == again.labels


def test_layers_of_others() -> None:
    image = np.arange(6).reshape(2, 3)
    assert twophoton.roi_label_image_from_layer(SimpleNamespace(data=image, metadata={})) is image
    crop = {"axis0_start": 1, "axis0_stop": 3, "axis1_start": 0, "axis1_stop": 3, "original_shape": (4, 4)}
    layer = SimpleNamespace(data=image, metadata={"lumentrace_crop": crop})
    np.testing.assert_array_equal(twophoton.roi_label_image_from_layer(layer)[1:3, :3], image)
    layer.data = image.T
    with pytest.raises(ValueError, match=r"expected an image of \(2, 3\), found \(3, 2\)"):
        twophoton.roi_label_image_from_layer(layer)


def test_what_cannot_be_shown(path: Path, tmp_path: Path) -> None:
    for wanted in ((5, 3), (-1, 3), (0, FRAMES)):
        with pytest.raises(ValueError, match="movie_frame_range"):
            twophoton.open_recording_in_napari(path, viewer=StandIn(), movie_frame_range=wanted)
    with pytest.raises(ValueError, match="expected a frame of"):
        twophoton.open_recording_in_napari(path, viewer=StandIn(), roi_set=twophoton.grid_roi_set((9, 9)))
    with pytest.raises(ValueError, match="overlap"):
        twophoton.open_recording_in_napari(
            path, viewer=StandIn(), roi_set=twophoton.make_roi_set(np.ones((2, ROWS, COLUMNS)))
        )
    with pytest.raises(FileNotFoundError, match="none"):
        twophoton.open_recording_in_napari(tmp_path / "none.h5", viewer=StandIn())


def test_a_recording_folder_is_converted_once(made: Made) -> None:
    view = twophoton.open_recording_in_napari(made.folder, viewer=StandIn())
    assert view.recording.path == made.folder / "lumentrace" / "recording_data.h5"
    before = view.recording.path.stat().st_mtime_ns
    again = twophoton.open_recording_in_napari(made.folder, viewer=StandIn())
    assert again.recording.path.stat().st_mtime_ns == before


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Numbers of frames that are read from now on."""
    counts: list[int] = []
    read = Movie.read_frames

    def counted(self: Movie, start: int, stop: int, **settings: Any) -> Any:
        counts.append(stop - start)
        return read(self, start, stop, **settings)

    monkeypatch.setattr(Movie, "read_frames", counted)
    return counts


INDEXES = [
    0,
    -1,
    np.int64(7),
    slice(5, 9),
    slice(None, None, 50),
    slice(9, 3, -2),
    slice(4, 4),
    [3, 8, 3],
    (2, slice(1, 4), 3),
    (slice(2, 4), 5),
    (..., 4),
    (Ellipsis, slice(2, 5), slice(None, None, 2)),
    (1, ...),
    (slice(3, 6), ..., slice(0, 2)),
    (),
    ...,
]


@pytest.mark.parametrize("index", INDEXES, ids=repr)
def test_frames_are_indexed_as_an_array_is(made: Made, path: Path, index: Any) -> None:
    recording = twophoton.load_converted_recording(path)
    crop = recording.alignment_valid_crop
    lazy = LazyFrames(recording.movie, 10, 200, crop)
    expected = made.movie[(slice(10, 200), *crop.slices)]
    np.testing.assert_array_equal(lazy[index], expected[index])
    assert (lazy.shape, lazy.ndim, lazy.size, len(lazy)) == (expected.shape, 3, expected.size, 190)


def test_frames_are_read_when_they_are_looked_at(path: Path, reads: list[int]) -> None:
    view = twophoton.open_recording_in_napari(path, viewer=StandIn(), movie_frame_range=(0, None))
    assert sum(reads) <= 1
    frames = view.movie_layer.data
    _ = frames[5], frames.shape, frames.dtype
    assert sum(reads) <= 2
    assert np.asarray(frames).shape == frames.shape
    assert np.asarray(frames, dtype=np.float32).dtype == np.float32
    with pytest.raises(IndexError):
        frames[FRAMES]
    with pytest.raises(ValueError, match="on disk"):
        np.array(frames, copy=False)


def test_without_napari(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "napari", None)
    for call in (twophoton.launch_napari, lambda: twophoton.open_recording_in_napari(path)):
        with pytest.raises(ImportError, match=r"pip install lumentrace\[napari\]"):
            call()


def test_launch(path: Path, made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    viewers: list[StandIn] = []
    ran: list[bool] = []

    def viewer() -> StandIn:
        viewers.append(StandIn())
        return viewers[-1]

    napari = ModuleType("napari")
    vars(napari).update(Viewer=viewer, run=lambda: ran.append(True))
    monkeypatch.setitem(sys.modules, "napari", napari)
    rois = tmp_path / "rois.h5"
    twophoton.save_roi_set(twophoton.make_roi_set_from_label_image(made.labels), rois)
    twophoton.launch_napari(path, roi_file_to_load=rois, roi_save_file=rois, movie_start_frame=2, movie_end_frame=4)
    twophoton.launch_napari(path, load_movie=False)
    twophoton.launch_napari()
    assert [[layer.name for layer in own.layers] for own in viewers] == [
        ["mean image", "aligned movie", "rois"],
        ["mean image", "rois"],
        [],
    ]
    assert len(viewers[0].layers[1].data) == 3
    assert len(ran) == 3


needs_napari = pytest.mark.skipif(
    importlib.util.find_spec("napari") is None, reason="napari is missing: pip install 'lumentrace[napari]'"
)
napari_warns = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@needs_napari
@napari_warns
def test_napari_reads_only_what_it_shows(made: Made, path: Path, reads: list[int]) -> None:
    from napari.components import ViewerModel

    rois = twophoton.make_roi_set_from_label_image(made.labels)
    viewer = ViewerModel()
    view = twophoton.open_recording_in_napari(path, roi_set=rois, viewer=viewer, movie_frame_range=(0, None))
    viewer.dims.set_current_step(0, 30)
    assert sum(reads) < 10
    rows, columns = view.recording.alignment_valid_crop.slices
    value = view.movie_layer.get_value((30, 2, 3))
    assert value == made.movie[30, rows, columns][2, 3]
    view.roi_labels_layer.brush_size = 1
    view.roi_labels_layer.paint((0, 0), 5)
    image = twophoton.roi_label_image_from_layer(view.roi_labels_layer)
    assert image[rows.start, columns.start] == 5
    assert (image[made.labels > 0] == made.labels[made.labels > 0]).all()


@needs_napari
@napari_warns
def test_a_button_saves_regions(made: Made, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", os.environ.get("QT_QPA_PLATFORM", "offscreen"))
    try:
        from qtpy import QtWidgets
    except ImportError as error:
        pytest.skip(f"no Qt ({error}): pip install pyside6-essentials; apt install libegl1")
    application = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    assert application is not None
    docked: list[Any] = []
    viewer: Any = StandIn()
    viewer.window = SimpleNamespace(add_dock_widget=lambda widget, **_: docked.append(widget))
    rois = twophoton.make_roi_set_from_label_image(made.labels)
    settings: dict[str, Any] = {"roi_set": rois, "viewer": viewer, "roi_save_file": tmp_path / "new.h5"}
    twophoton.open_recording_in_napari(path, add_controls=False, **settings)
    assert docked == []
    twophoton.open_recording_in_napari(path, **settings)
    docked[0].findChild(QtWidgets.QPushButton).click()
    assert docked[0].findChild(QtWidgets.QLabel).text().startswith("saved 2 regions")
    assert twophoton.load_roi_set(tmp_path / "new.h5").labels == rois.labels
