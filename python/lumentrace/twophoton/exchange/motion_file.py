"""The motion of a movie on disk."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from lumentrace.base.errors import FormatError
from lumentrace.base.files import replacing
from lumentrace.storage.hdf5 import check_format, opened, written
from lumentrace.twophoton.align.line_offset import LineOffset
from lumentrace.twophoton.align.motion import REASONS, Motion, MotionSettings
from lumentrace.twophoton.align.noise import Noise
from lumentrace.twophoton.history import read_history, write_history
from lumentrace.twophoton.read.crop import SpatialCrop

FORMAT = "lumentrace-motion"
ARRAYS = {
    "shifts": ("float64", 2),
    "sigma": ("float64", 2),
    "block_rows": ("float64", 1),
    "block_columns": ("float64", 1),
    "block_shifts": ("float32", 4),
    "block_sigma": ("float32", 4),
    "contrast": ("float64", 1),
    "codes": ("uint8", 1),
    "reference": ("float64", 2),
    "unaligned": ("float64", 2),
}
"""Types and numbers of dimensions."""
NUMBERS = ("gain", "zero", "line_offset_px", "line_offset_sigma_px", "line_offset_used_px")


def save_motion(path: str | os.PathLike[str], motion: Motion) -> Path:
    """Write the motion of a movie as HDF5; the file appears whole or not at all.

    Parameters
    ----------
    path : path
    motion : Motion

    Raises
    ------
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from lumentrace import twophoton
    >>> made = twophoton.simulate_raw(twophoton.RawScene(frames=10, rows=32, columns=32, cells=2), seed=1)
    >>> motion = twophoton.estimate_motion(made.movie)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = twophoton.load_motion(twophoton.save_motion(f"{folder}/motion.h5", motion))
    >>> again.crop == motion.crop
    True
    """
    place = Path(path).expanduser()
    place.parent.mkdir(parents=True, exist_ok=True)
    with replacing(place) as file:
        write_motion(file, motion)
    return place


def write_motion(file: BinaryIO, motion: Motion) -> None:
    """Write the motion of a movie into an open file."""
    offset = motion.line_offset
    numbers = (motion.noise.gain, motion.noise.zero, offset.pixels, offset.sigma, offset.used)
    with written(file) as h5:
        write_history(h5, motion.provenance)
        h5.attrs["lumentrace_format"] = FORMAT
        h5.attrs["shape"], h5.attrs["crop"] = motion.shape, [edge for span in motion.crop.spans for edge in span]
        h5.attrs["settings"] = json.dumps(asdict(motion.settings))
        for name, value in zip(NUMBERS, numbers, strict=True):
            h5.attrs[name] = value
        for name, (dtype, _) in ARRAYS.items():
            h5.create_dataset(name, data=getattr(motion, name).astype(dtype), compression="gzip")
            h5[name].attrs["unit"] = motion.units.get(name, "")


def load_motion(path: str | os.PathLike[str]) -> Motion:
    """Read the motion that `save_motion` wrote.

    Raises
    ------
    FormatError
        If the file is something else or damaged.
    FileNotFoundError
        If there is none.
    """
    place = Path(path).expanduser()
    with opened(place, "the motion of a movie") as h5:
        return read_motion(place, h5)


def read_motion(place: Path, h5: Any) -> Motion:
    """The motion of a movie in an open file."""
    check_format(place, h5, FORMAT)
    arrays = {name: h5[name][()].astype(dtype) for name, (dtype, _) in ARRAYS.items()}
    shape = int(h5.attrs["shape"][0]), int(h5.attrs["shape"][1])
    _check(place, shape, arrays)
    edges = [int(edge) for edge in h5.attrs["crop"]]
    gain, zero, pixels, sigma, used = (float(h5.attrs[name]) for name in NUMBERS)
    return Motion(
        shape=shape,
        settings=MotionSettings(**json.loads(h5.attrs["settings"])),
        crop=SpatialCrop(edges[0], edges[1], edges[2], edges[3], shape),
        noise=Noise(gain, zero),
        line_offset=LineOffset(pixels, sigma, used),
        provenance=read_history(h5, {"path": str(place)}),
        **arrays,
    )


def _check(place: Path, shape: tuple[int, int], arrays: dict[str, Any]) -> None:
    """Refuse arrays that do not fit each other."""
    frames, blocks = len(arrays["codes"]), (len(arrays["block_rows"]), len(arrays["block_columns"]))
    expected = {
        "shifts": (frames, 2),
        "sigma": (frames, 2),
        "block_shifts": (frames, *blocks, 2),
        "block_sigma": (frames, *blocks, 2),
        "contrast": (frames,),
        "reference": shape,
        "unaligned": shape,
    }
    for name, (_, dimensions) in ARRAYS.items():
        found = arrays[name].shape
        if len(found) != dimensions or expected.get(name, found) != found:
            raise FormatError(f"{place}: expected {name} of shape {expected.get(name)}, found {found}")
    if arrays["codes"].max(initial=0) >= len(REASONS):
        raise FormatError(f"{place}: expected codes below {len(REASONS)}, found {arrays['codes'].max()}")
