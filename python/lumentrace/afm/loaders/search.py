"""Films below a folder."""

from __future__ import annotations

from pathlib import Path

from . import FORMATS, IMAGES, image_format

RESULTS = "run.json"
"""What tells a folder of results, in which there are films that were written, not recorded."""


def films(path: Path) -> list[Path]:
    """The film that a path is, or all films below a folder: files, and folders of images.

    Parameters
    ----------
    path : Path

    Returns
    -------
    list of Path
        By name; the path itself if there are none, so that reading it says so.
    """
    if not path.is_dir():
        return [path]
    places = sorted(place for place in [path, *path.rglob("*")] if _is_film(place))
    return [place for place in places if not _is_result(place, path)] or [path]


def _is_film(place: Path) -> bool:
    if place.is_dir():
        return any(image_format(file) is not None for file in place.iterdir() if file.is_file())
    return any(place.name.lower().endswith(ending) for ending, kind in FORMATS.items() if kind not in IMAGES)


def _is_result(place: Path, top: Path) -> bool:
    above = [place, *place.parents]
    return any((folder / RESULTS).exists() for folder in above[: above.index(top) + 1])
