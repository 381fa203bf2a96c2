"""Recordings in napari, and regions that were painted there."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.masked import unmasked
from lumentrace.twophoton.convert.converted_files import DATA_FILE, MOVIE_FILE
from lumentrace.twophoton.convert.recording_folder import convert_recording
from lumentrace.twophoton.convert.source import MOVIE as SOURCE_MOVIE
from lumentrace.twophoton.read.crop import SpatialCrop
from lumentrace.twophoton.read.lazy_movie import LazyFrames
from lumentrace.twophoton.read.places import output_place
from lumentrace.twophoton.read.recording import ConvertedRecording, load_converted_recording
from lumentrace.twophoton.regions.rois import (
    RoiSet,
    label_numbers,
    load_roi_set,
    make_roi_set_from_label_image,
    roi_set_to_label_image,
    save_roi_set,
)

CROP, NAMES = "lumentrace_crop", "lumentrace_roi_names"
"""What a layer keeps in its metadata: the part of the frame that it shows, and names of its regions."""

Path_ = str | os.PathLike[str]
Image = NDArray[Any]


@dataclass(frozen=True)
class NapariRecordingView:
    """A recording in a viewer.

    Attributes
    ----------
    viewer : napari.Viewer
    recording : ConvertedRecording
    mean_image_layer, movie_layer, roi_labels_layer : napari layer or None
        None if it was not asked for.
    """

    viewer: Any
    recording: ConvertedRecording = field(repr=False)
    mean_image_layer: Any
    movie_layer: Any | None
    roi_labels_layer: Any | None


def open_recording_in_napari(
    path: Path_,
    *,
    roi_set: RoiSet | Path_ | None = None,
    movie_path: Path_ | None = None,
    viewer: Any = None,
    movie_frame_range: tuple[int, int | None] | None = None,
    mean_image_layer_name: str = "mean image",
    movie_layer_name: str = "aligned movie",
    roi_layer_name: str = "rois",
    add_roi_labels_layer: bool = True,
    add_controls: bool = True,
    roi_save_file: Path_ | None = None,
) -> NapariRecordingView:
    """Show a recording: its mean image, its movie, and regions to be painted or corrected.

    Layers show the part of the frame that is valid in every frame; pixels of regions outside it are not shown.

    Parameters
    ----------
    path : path
        A converted recording, or a recording folder, which is converted first unless it was already.
    roi_set : RoiSet or path, optional
        Regions; where footprints of cells overlap, a pixel is that of the strongest. An empty layer by default.
    movie_path : path, optional
        Where the movie is, if it is not beside the recording.
    viewer : napari.Viewer, optional
        A new one by default.
    movie_frame_range : tuple of int, optional
        First and **last** frame, None for the end; unlike all other ranges it includes its end. No movie by default;
        ``(0, None)`` for all of it. Frames are read when they are shown.
    mean_image_layer_name, movie_layer_name, roi_layer_name : str
    add_roi_labels_layer : bool, default True
    add_controls : bool, default True
        With `roi_save_file`, dock a button that saves the regions there.
    roi_save_file : path, optional

    Raises
    ------
    ImportError
        If napari is needed and not installed: ``pip install lumentrace[napari]``.
    ValueError
        If regions without weights overlap, they are of another frame, or the range lies outside the movie.

    See Also
    --------
    roi_label_image_from_layer, save_napari_label_rois
    """
    recording = _loaded(path, movie_path)
    crop = recording.alignment_valid_crop
    rois = roi_set if roi_set is None or isinstance(roi_set, RoiSet) else load_roi_set(roi_set)
    labels = np.zeros(recording.movie.shape[1:], np.int64)
    if rois is not None:
        labels = roi_set_to_label_image(rois, overlap="strongest")
    if labels.shape != recording.movie.shape[1:]:
        raise ValueError(f"`roi_set`: expected a frame of {recording.movie.shape[1:]}, found {labels.shape}")
    frames = None if movie_frame_range is None else _frames(recording, movie_frame_range)
    shown = _napari().Viewer() if viewer is None else viewer
    about = {CROP: asdict(crop)}
    mean = shown.add_image(recording.mean_image[crop.slices], name=mean_image_layer_name, metadata=about)
    movie = None
    if frames is not None:
        limits = _limits(frames[0])
        movie = shown.add_image(frames, name=movie_layer_name, metadata=about, contrast_limits=limits)
    regions = None
    if add_roi_labels_layer:
        names = {} if rois is None else dict(zip(label_numbers(rois), rois.labels, strict=True))
        metadata = {**about, NAMES: names}
        regions = shown.add_labels(labels[crop.slices], name=roi_layer_name, metadata=metadata)
    if add_controls and roi_save_file is not None and regions is not None and hasattr(shown, "window"):
        _dock_save_button(shown, regions, Path(roi_save_file).expanduser())
    return NapariRecordingView(shown, recording, mean, movie, regions)


def launch_napari(
    path: Path_ | None = None,
    *,
    roi_file_to_load: Path_ | None = None,
    roi_save_file: Path_ | None = None,
    movie_start_frame: int = 0,
    movie_end_frame: int | None = None,
    load_movie: bool = True,
) -> None:
    """Open napari with a recording, and return when it is closed.

    Parameters
    ----------
    path : path, optional
        A converted recording, or a recording folder, which is converted first unless it was already.
    roi_file_to_load, roi_save_file : path, optional
        Regions to show, and where a button saves them.
    movie_start_frame : int, default 0
    movie_end_frame : int, optional
        The last frame that is shown; it is included.
    load_movie : bool, default True

    Raises
    ------
    ImportError
        If napari is not installed: ``pip install lumentrace[napari]``.
    """
    napari = _napari()
    viewer = napari.Viewer()
    if path is not None:
        open_recording_in_napari(
            path,
            viewer=viewer,
            roi_set=roi_file_to_load,
            roi_save_file=roi_save_file,
            movie_frame_range=(movie_start_frame, movie_end_frame) if load_movie else None,
        )
    napari.run()


def roi_label_image_from_layer(layer: Any) -> Image:
    """The numbers of a labels layer, on the whole frame.

    Parameters
    ----------
    layer : napari.layers.Labels
        Of `open_recording_in_napari`, whose metadata tell which part of the frame it shows; the image of any other
        layer is returned as it is.

    Returns
    -------
    ndarray of int64
        (rows, columns)

    Raises
    ------
    ValueError
        If the layer has another shape than the part that it showed.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> twophoton.roi_label_image_from_layer(SimpleNamespace(data=np.eye(2, dtype=int)))
    array([[1, 0],
           [0, 1]])
    """
    image = np.asarray(layer.data)
    about = getattr(layer, "metadata", {}).get(CROP)
    if about is None:
        return image
    crop = SpatialCrop(**about)
    if image.shape != crop.shape:
        raise ValueError(f"`layer`: expected an image of {crop.shape}, found {image.shape}")
    whole = np.zeros(crop.original_shape, np.int64)
    whole[crop.slices] = image
    return whole


@unmasked
def save_napari_label_rois(
    label_image: Image, path: Path_, *, labels: Sequence[str] | None = None, label_prefix: str = "roi"
) -> RoiSet:
    """Write the regions of an image of numbers; napari is not needed.

    Parameters
    ----------
    label_image : ndarray
        (rows, columns), of the whole frame; 0 is none.
    path : path
    labels : sequence of str, optional
        Names in the order of numbers; ``roi_0001`` and so on, with the numbers of the image, by default.
    label_prefix : str, default 'roi'

    Raises
    ------
    ValueError
        If the image has no region.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> with TemporaryDirectory() as folder:
    ...     twophoton.save_napari_label_rois(np.diag([0, 4, 7]), Path(folder) / "rois.h5").labels
    ('roi_0004', 'roi_0007')
    """
    rois = make_roi_set_from_label_image(label_image, labels=labels, label_prefix=label_prefix)
    save_roi_set(rois, path, generation_metadata={"roi_mode": "napari_labels"})
    return rois


def _napari() -> Any:
    try:
        import napari
    except ImportError as error:
        raise ImportError("viewing recordings needs napari: pip install lumentrace[napari]") from error
    return napari


def _loaded(path: Path_, movie_path: Path_ | None) -> ConvertedRecording:
    place = Path(path).expanduser()
    if not (place / SOURCE_MOVIE).exists():
        return load_converted_recording(place, movie_path=movie_path)
    target = output_place(place).folder
    done = all((target / name).exists() for name in (DATA_FILE, MOVIE_FILE))
    return load_converted_recording(target if done else convert_recording(place).path, movie_path=movie_path)


def _frames(recording: ConvertedRecording, wanted: tuple[int, int | None]) -> LazyFrames:
    count = recording.movie.shape[0]
    first, last = wanted[0], count - 1 if wanted[1] is None else wanted[1]
    if not 0 <= first <= last < count:
        raise ValueError(f"`movie_frame_range`: expected first and last frame within 0 to {count - 1}, found {wanted}")
    return LazyFrames(recording.movie, first, last + 1, recording.alignment_valid_crop)


def _limits(frame: Image) -> tuple[float, float]:
    """Contrast limits from one frame, so that the viewer need not read others."""
    values = frame[np.isfinite(frame)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    return low, high if high > low else low + 1.0


def _names(image: Image, known: Mapping[int, str]) -> list[str]:
    return [known.get(int(value), f"roi_{int(value):04d}") for value in np.unique(image) if value > 0]


def _dock_save_button(viewer: Any, layer: Any, path: Path) -> None:
    from qtpy import QtWidgets

    panel = QtWidgets.QWidget()
    button, message = QtWidgets.QPushButton("Save regions"), QtWidgets.QLabel(str(path))
    message.setWordWrap(True)
    button.clicked.connect(lambda: message.setText(saved(layer, path)))
    layout = QtWidgets.QVBoxLayout(panel)
    layout.addWidget(button)
    layout.addWidget(message)
    viewer.window.add_dock_widget(panel, name="Regions", area="right")


def saved(layer: Any, path: Path) -> str:
    """Save the regions of a layer, which keep their names; what is then to be told."""
    image = roi_label_image_from_layer(layer)
    try:
        rois = save_napari_label_rois(image, path, labels=_names(image, layer.metadata[NAMES]))
    except (ValueError, OSError) as error:
        return f"not saved: {error}"
    return f"saved {len(rois)} regions in {path}"
