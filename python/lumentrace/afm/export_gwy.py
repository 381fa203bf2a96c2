"""Films for Gwyddion: ``.gwy``."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.files import replacing

from .analysis.utils.common import NumpyEncoder
from .loaders.gwy import ABOUT, FIELD, PREFIXED, PREFIXES
from .loaders.gwy_objects import MAGIC, GwyObject, beginning, component
from .stack import AFMImageStack

CONTAINER = "GwyContainer"


def to_gwy(path: str | os.PathLike[str], stack: AFMImageStack) -> None:
    """Write a stack for Gwyddion: an image per frame, with its size and unit.

    `lumentrace.afm.load` makes the same film of it, with times and what else is known about its frames. Values are
    float64, in units without prefix: heights in m, so that one may differ by its last bit. Pixels that are NaN get the
    mean of their frame and are masked.

    Parameters
    ----------
    path : path
        E.g. ``film.gwy``.
    stack : AFMImageStack

    Raises
    ------
    ValueError
        If there are no frames, one has infinite values, or the film is larger than the 4 GiB that the format can count.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from lumentrace import afm
    >>> from lumentrace.afm.export import to_gwy
    >>> times = [{"timestamp": 0}, {"timestamp": 2}]
    >>> stack = afm.AFMImageStack(np.ones((2, 8, 8)), 1.5, "height_trace", "film.asd", times)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     to_gwy(f"{folder}/film.gwy", stack)
    ...     back = afm.load(f"{folder}/film.gwy")
    ...     back.get_frame_times(), float(back.data.mean())
    ([0.0, 2.0], 1.0)
    """
    if not stack.n_frames:
        raise ValueError("`stack`: expected frames, found none")
    beginning(CONTAINER, 8 * stack.n_frames * stack.height * stack.width)
    with replacing(path) as file:
        file.write(MAGIC + beginning(CONTAINER, 0))
        start = file.tell()
        for number in range(stack.n_frames):
            for part in _frame(stack, number):
                file.write(part)
        length = file.tell() - start
        beginning(CONTAINER, length)
        file.seek(start - 4)
        file.write(struct.pack("<I", length))


def _frame(stack: AFMImageStack, number: int) -> Iterator[bytes]:
    """Parts of the container for one frame."""
    values = np.asarray(stack.get_frame(number), dtype=np.float64)
    if np.isinf(values).any():
        raise ValueError(f"`stack`: frame {number}: expected finite values or NaN, found infinite ones")
    missing = np.isnan(values)
    if missing.any():
        values = np.where(missing, 0.0 if missing.all() else np.nanmean(values), values)
    prefixed = PREFIXED.fullmatch(stack.unit)
    unit = prefixed.group(2) if prefixed else stack.unit
    title = stack.channel if stack.n_frames == 1 else f"{stack.channel} {number}"
    data = values / PREFIXES[prefixed.group(1)] if prefixed else values
    yield component(f"/{number}/data", _field(stack, number, data, unit))
    yield component(f"/{number}/data/title", title)
    yield component(f"/{number}/data/visible", number == 0)
    yield component(f"/{number}/meta", GwyObject(CONTAINER, {ABOUT: _about(stack, number, bool(missing.any()))}))
    if missing.any():
        yield component(f"/{number}/mask", _field(stack, number, missing.astype(np.float64), ""))


def _field(stack: AFMImageStack, number: int, values: NDArray[np.float64], unit: str) -> GwyObject:
    height, width = values.shape
    x = stack.scaling_for_frame(number)
    y = x * stack.pixel_size_y_nm / stack.pixel_size_nm
    parts = {"xres": width, "yres": height, "xreal": x * width / 1e9, "yreal": y * height / 1e9}
    units = {"si_unit_xy": _unit("m"), "si_unit_z": _unit(unit)}
    return GwyObject(FIELD, {**parts, **units, "data": values})


def _unit(name: str) -> GwyObject:
    return GwyObject("GwySIUnit", {"unitstr": name})


def _about(stack: AFMImageStack, number: int, missing: bool) -> str:
    about: dict[str, Any] = {"channel": stack.channel, "frame": number, "missing": missing}
    about["metadata"] = stack.get_frame_metadata(number)
    if number == 0:
        about |= {name: stack.provenance[name] for name in ("acquisition", "environment", "processing")}
    return json.dumps(about, cls=NumpyEncoder)
