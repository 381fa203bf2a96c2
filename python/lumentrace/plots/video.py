"""Films from pictures."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib import import_module
from io import BytesIO
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.files import named
from lumentrace.base.working import put_in_place, working_folder
from lumentrace.engine.progress import Progress

Image = NDArray[np.uint8]


def make_video(
    frames: Iterable[object], output: str | os.PathLike[str] = "video.avi", fps: float = 10, verbose: bool = True
) -> None:
    """Make a film of pictures.

    Parameters
    ----------
    frames : iterable of path or (H, W, 3 or 4) array of uint8
        Picture files, such as those of `SpatialProjections`, or pictures. All have the size of the first.
    output : path, default "video.avi"
        File to write; its ending says the format, such as ``.avi``, ``.mp4`` or ``.gif``.
    fps : float, default 10
        Pictures per second.
    verbose : bool, default True
        Show a progress bar.

    Raises
    ------
    ImportError
        If imageio is not installed: ``pip install lumentrace[video]``.
    ValueError
        If there is no picture, or they differ in size.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.plots import make_video
    >>> ramp = np.linspace(0, 255, 64 * 64).reshape(64, 64, 1).astype(np.uint8)
    >>> make_video([np.roll(ramp, 8 * i, axis=1).repeat(3, axis=2) for i in range(8)], "ramp.gif")  # doctest: +SKIP
    """
    imageio = _imageio()
    pictures = list(frames)
    if not pictures:
        raise ValueError("`frames`: expected at least one picture, found none")
    if not fps > 0:
        raise ValueError(f"`fps`: expected a positive number, found {fps}")
    path = Path(output)
    first = _picture(pictures[0], imageio)
    gif = path.suffix.lower() == ".gif"
    settings = {"duration": 1000 / fps, "loop": 0, "format": "gif"} if gif else {"fps": fps}
    with working_folder(path.parent, "filming") as work, named(path):
        unfinished = work / path.name
        held = BytesIO()  # Pillow, which writes files by itself, passes over what a disk takes only a part of
        with (
            Progress(verbose, len(pictures), "Film ") as progress,
            imageio.get_writer(held if gif else unfinished, **settings) as film,
        ):
            for number, each in enumerate(pictures):
                picture = _picture(each, imageio)
                if picture.shape != first.shape:
                    found = f"{picture.shape} in picture {number}"
                    raise ValueError(f"`frames`: expected pictures of equal shape {first.shape}, found {found}")
                film.append_data(picture)
                progress.reach(number + 1)
        if gif:
            unfinished.write_bytes(held.getbuffer())
        put_in_place(work, path.parent)


def _imageio() -> ModuleType:
    try:
        return import_module("imageio.v2")
    except ImportError as error:
        raise ImportError("films need imageio: pip install lumentrace[video]") from error


def _picture(frame: object, imageio: ModuleType) -> Image:
    """A picture as red, green and blue, with even edges, which most formats need."""
    picture: Image = np.asarray(imageio.imread(frame) if isinstance(frame, (str, os.PathLike)) else frame)
    if picture.ndim == 2:
        picture = picture[:, :, None].repeat(3, axis=2)
    if picture.ndim != 3 or picture.shape[2] not in (3, 4) or picture.dtype != np.uint8:
        raise ValueError(
            f"`frames`: expected pictures (H, W, 3) of uint8, found {picture.dtype} of shape {picture.shape}"
        )
    height, width = (size - size % 2 for size in picture.shape[:2])
    return np.ascontiguousarray(picture[:height, :width, :3])
