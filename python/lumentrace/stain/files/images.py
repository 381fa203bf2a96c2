"""Raw images: the channel that holds the signal, and what the channels of many files hold."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import mapping
from lumentrace.base.names import file_name
from lumentrace.stain.files.filenames import SUFFIXES, classify_raw_files, diagnose_raw_layout
from lumentrace.stain.files.planes import is_tiff, read_plane, room, tell_rows
from lumentrace.storage import open_image
from lumentrace.storage.planes import Plane, open_plane

ACTIVE = 0.5
"""Mean, in counts, above which a colour channel holds signal."""
LETTERS = ("R", "G", "B")
WIDER = {np.dtype(np.uint8): np.uint16, np.dtype(np.uint16): np.uint32, np.dtype(np.uint32): np.uint32}

Path_ = str | os.PathLike[str]


class Statistics(TypedDict):
    """Of one channel."""

    max: float
    mean: float
    nonzero: int


class Survey(TypedDict):
    """Of one file."""

    path: str
    size: tuple[int, int]
    mode: str
    channels: dict[str, Statistics]


@dataclass(frozen=True)
class RawImage:
    """An image and where it came from.

    Attributes
    ----------
    pixels : ndarray
        (rows, columns)
    path : str
    channels : tuple of str
        Channels that were taken: 'R', 'G', 'B', 'ch3' ..., or 'gray'.
    warnings : tuple of str
    """

    pixels: NDArray[Any]
    path: str
    channels: tuple[str, ...]
    warnings: tuple[str, ...]


def read_raw(path: Path_, channel: int | str | None = None) -> RawImage:
    """Read the signal of an image: of TIFF a grey image as it is, of a colour image the channels that hold something.

    Channels whose mean exceeds half a count are active; one is taken as it is, several are added up in a wider type.
    If none is, the brightest is taken. Transparency is no signal. OME-Zarr and whatever else `open_image` reads needs a
    channel if it has several, and so do names of the channels of OME-TIFF.

    Parameters
    ----------
    path : path
    channel : int, {'R', 'G', 'B'} or the name of a channel, optional
        Take this channel instead.

    Raises
    ------
    ValueError
        If the file has no such channel.
    FormatError
        If it is no image or a damaged one.
    """
    if not _as_ever(path, channel):
        pixels, names = read_plane(path, channel)
        return RawImage(pixels, str(path), names, ())
    with open_plane(path) as plane:
        warnings = []
        if plane.pages > 1:
            warnings.append(f"{path}: {plane.pages} pages; the first is read")
        if plane.samples == 1:
            whole = room(plane.shape, plane.dtype)
            for block in plane.blocks():
                whole[
                    block.row : block.row + len(block.pixels), block.column : block.column + block.pixels.shape[1]
                ] = block.pixels[..., 0]
                mapping.release(whole)
                tell_rows(block.row + len(block.pixels), plane.shape)
            return RawImage(whole, str(path), ("gray",), tuple(warnings))
        wanted = plane.colours if channel is None else (_number(path, plane, channel),)
        found = _colours(plane, wanted)
    pixels, taken = _chosen(found, channel is not None, plane.shape, plane.dtype)
    return RawImage(pixels, str(path), tuple(_letter(sample) for sample in taken), tuple(warnings))


def _as_ever(path: Path_, channel: int | str | None) -> bool:
    """Whether an image is read by the rules for TIFF files, which have no names of channels."""
    named = isinstance(channel, str) and channel not in LETTERS
    return not named and (is_tiff(path) or (not Path(path).is_dir() and str(path).lower().endswith(SUFFIXES)))


def _number(path: Path_, plane: Plane, channel: int | str) -> int:
    number = LETTERS.index(channel) if channel in LETTERS else channel
    if not isinstance(number, int) or number not in range(plane.samples):
        known = ", ".join(_letter(sample) for sample in plane.colours)
        raise ValueError(f"`channel`: expected one of {known} of {path}, found {channel!r}")
    return number


def _letter(sample: int) -> str:
    return LETTERS[sample] if sample < len(LETTERS) else f"ch{sample}"


def _colours(plane: Plane, wanted: tuple[int, ...]) -> dict[int, NDArray[Any]]:
    """Channels that are not zero throughout; those take no memory."""
    found: dict[int, NDArray[Any]] = {}
    for block in plane.blocks():
        for place in range(block.pixels.shape[2]):
            sample = block.sample + place
            values = block.pixels[..., place]
            if sample not in wanted or (sample not in found and not values.any()):
                continue
            if sample not in found:
                found[sample] = room(plane.shape, plane.dtype)
            rows, columns = values.shape
            found[sample][block.row : block.row + rows, block.column : block.column + columns] = values
            mapping.release(found[sample])
        tell_rows(block.row + len(block.pixels), plane.shape)
    return found


def _chosen(
    found: dict[int, NDArray[Any]], forced: bool, shape: tuple[int, int], dtype: np.dtype[Any]
) -> tuple[NDArray[Any], list[int]]:
    means = {sample: float(values.mean(dtype=np.float64)) for sample, values in sorted(found.items())}
    active = [sample for sample, mean in means.items() if mean > ACTIVE or forced]
    if not active:
        if not means:
            return np.zeros(shape, dtype), [0]
        active = [max(means, key=lambda sample: means[sample])]
    if len(active) == 1:
        return found[active[0]], active
    total = np.zeros(shape, WIDER.get(dtype, dtype))
    for sample in active:
        total += found[sample]
    return total, active


def load_image_pair(
    sample: str, dye: str, raw_dir: Path_ = "raw", channel: int | str | None = None
) -> tuple[NDArray[Any], NDArray[Any], str, str]:
    """Read the post- and the pre-stain image of a sample.

    Parameters
    ----------
    sample, dye : str
    raw_dir : path, default 'raw'
    channel : int, {'R', 'G', 'B'} or the name of a channel, optional
        Channel of colour images; by default the ones with signal, see `read_raw`.

    Returns
    -------
    post, pre : ndarray
        (rows, columns) in the type of the file; sums of several channels in a wider one.
    post_path, pre_path : str

    Raises
    ------
    FileNotFoundError
        If the sample's folder or a file is missing.
    ValueError
        If a side has several files, or sample or dye is no name of a folder.
    FormatError
        If a file is no image.
    """
    post_path, pre_path = find_pair(sample, dye, raw_dir)
    for warning in classify_raw_files(os.path.dirname(post_path))[1]:
        print(warning)
    post, pre = read_raw(post_path, channel), read_raw(pre_path, channel)
    for warning in (*post.warnings, *pre.warnings):
        print(warning)
    return post.pixels, pre.pixels, post_path, pre_path


def find_pair(sample: str, dye: str, raw_dir: Path_ = "raw") -> tuple[str, str]:
    """Paths of the post- and the pre-stain image; raises as `load_image_pair` does."""
    file_name("dye", dye)
    folder = os.path.join(str(raw_dir), file_name("sample", sample))
    if not os.path.isdir(folder):
        layout = diagnose_raw_layout(raw_dir)
        there = f"\nSamples there: {', '.join(layout['subdirs'])}" if layout["subdirs"] else ""
        raise FileNotFoundError(f"No folder for sample {sample!r}: expected {folder}{there}")
    pairs, _ = classify_raw_files(folder)
    where = f"in {folder}"
    if dye not in pairs:
        dyes = ", ".join(sorted(pairs)) or "none"
        advice = ""
        if "_" in dye:
            advice = (
                f"\nA dye has no underscore: the part after the last one, {dye.rsplit('_', 1)[1]!r}, "
                "is what the file name is read as."
            )
        raise FileNotFoundError(
            f"No images of dye {dye!r} {where}\nDyes found: {dyes}{advice}\nExpected <name with pre or post>_{dye}.tif"
        )
    sides = pairs[dye]
    several = {side: paths for side, paths in sides.items() if len(paths) > 1}
    if several:
        listed = "\n".join(f"  {side}: {path}" for side, paths in several.items() for path in paths)
        raise ValueError(
            f"More than one file of dye {dye!r} {where}\n{listed}\nKeep one for each side, or rename the others"
        )
    for side, other in (("post", "pre"), ("pre", "post")):
        if not sides[side]:
            raise FileNotFoundError(
                f"The {side}-stain image of dye {dye!r} is missing {where}\nFound for {other}: {sides[other][0]}\n"
                f"Expected <name with {side}>_{dye}.tif"
            )
    return sides["post"][0], sides["pre"][0]


def survey_raw_channels(raw_dir: Path_ = "raw", crop_size: int = 1000) -> list[Survey]:
    """Look at the middle of every image below a folder, and print which channels hold something.

    Parameters
    ----------
    raw_dir : path, default 'raw'
    crop_size : int, default 1000
        Side of the part in the middle that is read, in pixels.

    Returns
    -------
    list of dict
        For each file ``path``, ``size`` (width, height), ``mode`` and ``channels``: for 'gray', or 'R', 'G', 'B',
        ``max``, ``mean`` and the number of pixels that are not zero. Files that cannot be read are reported.
    """
    layout = diagnose_raw_layout(raw_dir)
    if not layout["ok"]:
        print(layout["message"])
        return []
    surveys = []
    for path in sorted(os.path.join(folder, name) for folder, _, names in os.walk(raw_dir) for name in names):
        name = os.path.basename(path)
        if not name.lower().endswith((".tif", ".tiff")) or name.startswith("._"):
            continue
        try:
            survey = _survey(path, crop_size)
        except (OSError, ValueError) as error:
            print(f"{path}: cannot be read ({error})")
            continue
        surveys.append(survey)
        held = [
            f"{letter} max {item['max']:g} mean {item['mean']:.2f}"
            for letter, item in survey["channels"].items()
            if item["nonzero"]
        ]
        size = survey["size"]
        print(f"{path}: {survey['mode']} {size[0]} x {size[1]}: {'; '.join(held) or 'all zero'}")
    return surveys


def _survey(path: str, crop_size: int) -> Survey:
    half = crop_size // 2
    with open_plane(path) as plane:
        height, width = plane.shape
        rows = slice(max(height // 2 - half, 0), min(height // 2 + half, height))
        columns = slice(max(width // 2 - half, 0), min(width // 2 + half, width))
        crop = np.zeros((rows.stop - rows.start, columns.stop - columns.start, plane.samples), plane.dtype)
        for block in plane.blocks(rows, columns):
            inside = (
                _overlap(block.row, block.pixels.shape[0], rows),
                _overlap(block.column, block.pixels.shape[1], columns),
            )
            (from_row, to_row), (from_column, to_column) = inside
            samples = slice(block.sample, block.sample + block.pixels.shape[2])
            crop[to_row, to_column, samples] = block.pixels[from_row, from_column]
    letters = ["gray"] if plane.samples == 1 else [_letter(sample) for sample in range(plane.samples)]
    channels = {letter: _statistics(crop[..., place]) for place, letter in enumerate(letters)}
    return Survey(path=path, size=(width, height), mode=plane.mode, channels=channels)


def _overlap(start: int, length: int, wanted: slice) -> tuple[slice, slice]:
    """The wanted part of a block, and where it belongs."""
    first, last = max(start, wanted.start), min(start + length, wanted.stop)
    return slice(first - start, last - start), slice(first - wanted.start, last - wanted.start)


def _statistics(values: NDArray[Any]) -> Statistics:
    if not values.size:
        return Statistics(max=0, mean=0.0, nonzero=0)
    most = values.max()
    return Statistics(
        max=float(most) if values.dtype.kind == "f" else int(most),
        mean=float(values.mean(dtype=np.float64)),
        nonzero=int(np.count_nonzero(values)),
    )


def header(path: Path_) -> tuple[int, int]:
    """Rows and columns of an image; raises as `read_raw` does."""
    if not _as_ever(path, None):
        with open_image(path) as image:
            return image.shape[image.axes.index("Y")], image.shape[image.axes.index("X")]
    with open_plane(Path(path)) as plane:
        return plane.shape
