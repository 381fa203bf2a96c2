"""Files of instruments, by their endings."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from lumentrace.base.errors import FormatError

from ..stack import AFMImageStack
from . import ibw, jpk, nhf, spm, wsxm

FORMATS = {
    ".h5-jpk": "h5_jpk",
    ".asd": "asd",
    ".aris": "aris",
    **dict.fromkeys(jpk.SUFFIXES, "jpk"),
    ".spm": "spm",
    ".gwy": "gwy",
    **dict.fromkeys(ibw.FORMAT.suffixes, "ibw"),
    **dict.fromkeys(wsxm.FORMAT.suffixes, "wsxm"),
    **dict.fromkeys(nhf.FORMAT.suffixes, "nhf"),
    ".topostats": "topostats",
    ".ome.tif": "tiff",
    ".ome.tiff": "tiff",
    ".tif": "tiff",
    ".tiff": "tiff",
}
CONTAINERS = (".h5", ".hdf5")
"""Endings of files that `lumentrace.save` wrote."""
IMAGES: dict[str, Callable[[Path], bool]] = {
    "jpk": jpk.is_jpk,
    "spm": spm.is_spm,
    "ibw": ibw.FORMAT.is_one,
    "wsxm": wsxm.FORMAT.is_one,
    "nhf": nhf.FORMAT.is_one,
}
"""Formats of single images, of which a folder is a film, and what tells them by their names."""
UNSIZED = ("gwy", "ibw", "wsxm", "nhf", "topostats", "tiff")
"""Formats whose files may not say the size of a pixel; their readers take it."""


@dataclass(frozen=True)
class FileInfo:
    """What a file holds, found without reading its frames.

    Attributes
    ----------
    path : Path
    format : str
    channels : list of str
    channel : str
        The one that the rest is about.
    unit : str
        Of the values.
    shape : tuple of int
        (frames, height, width)
    pixel_size_nm : tuple of float
        Along x and y.
    duration_s : float
        From the first frame to the last; nan if times are not known.
    acquisition : dict
    """

    path: Path
    format: str
    channels: list[str]
    channel: str
    unit: str
    shape: tuple[int, int, int]
    pixel_size_nm: tuple[float, float]
    duration_s: float
    acquisition: dict[str, Any]


def load(path: str | os.PathLike[str], channel: str = "height_trace", **options: Any) -> AFMImageStack:
    """Read a film.

    Frames stay in the file (but TIFF) until they are asked for: one by ``stack.get_frame(i)``, a part of the film by
    ``stack[a:b]``, all of them by ``stack.data``.

    Parameters
    ----------
    path : path
        A file ``.asd``, ``.h5-jpk``, ``.aris``, ``.gwy``, TIFF, or ``.h5`` that `lumentrace.save` wrote; a single image
        ``.jpk``, ``.jpk-qi-image``, ``.spm``, ``.000``, ``.ibw``, ``.stp``, ``.top``, ``.nhf`` or ``.topostats``; or a
        folder of such images, a frame each in the order of their names (``.topostats`` are films of their own).
    channel : str, default 'height_trace'
        'height' and 'height_trace' also stand for what the height is called in other formats; a name without its
        direction for the only one that was recorded.
    **options
        ``.asd``: `strict` (False takes the complete frames of a file that is cut off), `asd_unipolar_sign`;
        ``.h5-jpk``: `flip`; ``.aris``: `metres`; ``.gwy``, ``.ibw``, ``.stp``, ``.top``, ``.nhf``, ``.topostats`` and
        TIFF: `pixel_size_nm`, for files that do not say.

    Returns
    -------
    AFMImageStack
        Heights in nm, by the units of the file.

    Raises
    ------
    FormatError
        If the file is damaged, cut off or something else.
    ValueError
        For an ending that is not known, or a channel that is not there; the message lists those that are.
    OSError
        If the file cannot be read.

    Examples
    --------
    >>> from lumentrace import afm
    >>> stack = afm.load("movie.h5-jpk", "height_trace")  # doctest: +SKIP
    >>> stack  # doctest: +SKIP
    AFMImageStack(4 frames of 128 x 128, 1.17188 nm per pixel, channel 'height_trace')
    """
    place = Path(path)
    if place.suffix.lower() in CONTAINERS and not place.is_dir():
        return _contained(place)
    found = _reader(place).read(place, channel, **options)
    try:
        return AFMImageStack.from_recording(found, place)
    except ValueError as error:
        raise FormatError(f"{path}: {error}") from error


def info(path: str | os.PathLike[str], channel: str = "height_trace") -> FileInfo:
    """What a file holds, without reading its frames.

    Parameters
    ----------
    path : path
    channel : str, default 'height_trace'
        If it is not there, the first one is described.

    Returns
    -------
    FileInfo

    Raises
    ------
    FormatError, ValueError, OSError
        As `load`.
    """
    place = Path(path)
    if place.suffix.lower() in CONTAINERS and not place.is_dir():
        stack = _contained(place)
        names, described, kind = [stack.channel], stack, "lumentrace"
    else:
        reader = _reader(place)
        names = reader.channels(place)
        if not names:
            raise FormatError(f"{path}: expected a film of one channel at least, found none")
        try:
            described = load(place, channel)
        except ValueError:
            described = load(place, names[0])
        kind = reader.__name__.rpartition(".")[2]
    times = [entry["timestamp"] for entry in described.frame_metadata]
    known = len(times) > 0 and None not in times
    return FileInfo(
        place,
        kind,
        names,
        described.channel,
        described.unit,
        (described.n_frames, described.height, described.width),
        (described.pixel_size_nm, described.pixel_size_y_nm),
        times[-1] - times[0] if known else float("nan"),
        dict(described.acquisition),
    )


def _contained(path: Path) -> AFMImageStack:
    from lumentrace.storage import load as load_container

    found = load_container(path)
    if not isinstance(found, AFMImageStack):
        raise ValueError(f"{path}: expected an AFMImageStack, found {type(found).__name__}")
    return found


def _reader(path: Path) -> ModuleType:
    name = _format(path)
    kinds = _images(path) if path.is_dir() else Counter()
    if len(kinds) > 1:
        warnings.warn(
            f"{path}: holds images of {', '.join(sorted(kinds))}; only those of {name} are read", stacklevel=3
        )
    return import_module(f"{__name__}.{name}")


def _format(path: Path) -> str:
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    return _folder_format(path) if path.is_dir() else _file_format(path)


def _file_format(path: Path) -> str:
    lower = path.name.lower()
    for ending in sorted(FORMATS, key=len, reverse=True):
        if lower.endswith(ending):
            return FORMATS[ending]
    if spm.is_spm(path):
        return "spm"
    known = ", ".join([*FORMATS, *CONTAINERS, ".000"])
    raise ValueError(f"{path}: expected a file ending in one of {known}, found {path.suffix or 'no ending'!r}")


def _folder_format(path: Path) -> str:
    """'jpk' if there is any such file, else that of most files."""
    kinds = _images(path)
    if not kinds:
        raise ValueError(
            f"{path}: expected a folder of films, or of .jpk, .jpk-qi-image, .spm, .000, .ibw, .stp, .top or .nhf "
            "files, found none of them"
        )
    return "jpk" if "jpk" in kinds else kinds.most_common(1)[0][0]


def _images(path: Path) -> Counter[str]:
    """How many single images of each format are in a folder."""
    return Counter(kind for file in path.iterdir() if (kind := image_format(file)) is not None)


def image_format(path: Path) -> str | None:
    """The format of a file if it is one of single images."""
    return next((kind for kind, is_one in IMAGES.items() if is_one(path)), None)


def takes_pixel_size(path: Path) -> bool:
    """Whether the reader of a file or folder takes `pixel_size_nm`."""
    if path.suffix.lower() in CONTAINERS and not path.is_dir():
        return False
    return _format(path) in UNSIZED
