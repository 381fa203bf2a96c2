"""Files of every technique, dropped onto napari."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lumentrace.base.errors import FormatError
from lumentrace.napari.layers import Layer

Layers = Callable[[Path], list[Layer]]
HDF5 = (".h5", ".hdf5")
TIFF = (".tif", ".tiff")


def reader(path: str | list[str]) -> Callable[[str | list[str]], list[Layer]] | None:
    """What napari asks of a plugin: a function that reads a path into layers, or None for what is not ours.

    Parameters
    ----------
    path : str or list of str
        Of files or folders; a list is read one by one.

    Examples
    --------
    >>> from lumentrace.napari.reading import reader
    >>> reader("cells.ome.zarr.zip") is None
    True
    """
    return read if all(_finder(place) is not None for place in _paths(path)) else None


def read(path: str | list[str]) -> list[Layer]:
    """Layers of files or folders.

    Raises
    ------
    FormatError
        If a file is damaged, or of no kind that is shown.
    OSError
        If it cannot be read.
    """
    found = []
    for place in _paths(path):
        layers = _finder(place)
        if layers is None:
            raise FormatError(f"{place}: expected an image, a film, a recording, regions or trajectories")
        found += layers(place)
    return found


def _paths(path: str | list[str]) -> list[Path]:
    return [Path(each) for each in ([path] if isinstance(path, str) else path)]


def _finder(path: Path) -> Layers | None:
    """What reads a path into layers, by its name, and by its first lines where many programs share the name."""
    from lumentrace.afm.loaders import FORMATS, image_format
    from lumentrace.storage.images.opening import SUFFIXES
    from lumentrace.storage.images.zarr_image import is_zarr
    from lumentrace.twophoton.convert.converted_files import DATA_FILE

    name = path.name.lower()
    if path.is_dir():
        if is_zarr(path):
            return _image
        if (path / DATA_FILE).exists():
            return _recording
        return _film if any(image_format(file) for file in path.iterdir()) else None
    if name == DATA_FILE:
        return _recording
    if name.endswith(HDF5):
        return _hdf5
    if name.endswith(".parquet"):
        return _parquet
    if name.endswith(".csv"):
        return _csv(path) if path.is_file() else None
    if (name.endswith(tuple(FORMATS)) and not name.endswith(TIFF)) or image_format(path) is not None:
        return _film
    return _image if name.endswith(SUFFIXES) else None


def _image(path: Path) -> list[Layer]:
    from lumentrace.data.kept_open import kept_open
    from lumentrace.napari.images import image_layers
    from lumentrace.storage import open_image

    return image_layers(kept_open(open_image(path)))


def _film(path: Path) -> list[Layer]:
    from lumentrace.afm import load
    from lumentrace.napari.films import film_layers

    return film_layers(load(path, "height"), path)


def _recording(path: Path) -> list[Layer]:
    from lumentrace.napari.recordings import recording_layers

    return recording_layers(path)


def _hdf5(path: Path) -> list[Layer]:
    from lumentrace.napari.recordings import region_layers
    from lumentrace.storage import load
    from lumentrace.storage.hdf5 import opened

    with opened(path, "HDF5") as file:
        is_regions = "twopy_format" in file.attrs
    return region_layers(path) if is_regions else _loaded(load(path), path)


def _loaded(found: object, path: Path) -> list[Layer]:
    from lumentrace.afm import AFMImageStack
    from lumentrace.data.points import PointData
    from lumentrace.napari.films import film_layers
    from lumentrace.napari.tables import point_layers

    if isinstance(found, PointData):
        return point_layers(found, path.stem, path)
    if isinstance(found, AFMImageStack):
        return film_layers(found, path)
    raise FormatError(f"{path}: expected trajectories or a film, found {type(found).__name__}")


def _parquet(path: Path) -> list[Layer]:
    from lumentrace.storage import read_parquet

    return _loaded(read_parquet(path), path)


def _csv(path: Path) -> Layers | None:
    """What reads a table of TrackMate, or one of locations that lumentrace writes."""
    from lumentrace.pept.scanners.named_text import header_of, read_points
    from lumentrace.storage import read_trackmate
    from lumentrace.storage.trackmate_read import trackmate_header

    try:
        if trackmate_header(path) is not None:
            return lambda place: _loaded(read_trackmate(place), place)
        header = header_of(path)
    except FormatError:  # no text
        return None
    return (lambda place: _loaded(read_points(place, header), place)) if header.is_points else None
