"""Files of nothing but pixels, whose sizes another file says."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace.base.documents import regular
from lumentrace.base.errors import FormatError
from lumentrace.storage.images.mapped import Mapped


def raw_frames(path: Path, dtype: Any, frame: tuple[int, ...], expected: int | None = None) -> Mapped:
    """Frames that lie one after the other in a file.

    Parameters
    ----------
    path : Path
    dtype : dtype
    frame : tuple of int
        Shape of what comes again and again.
    expected : int, optional
        How many there should be; as many as there are by default.

    Returns
    -------
    Mapped
        (frames, ...)

    Raises
    ------
    FormatError
        If the file has other than whole frames, or fewer than expected.
    OSError
        If it cannot be read.
    """
    size, one = regular(path).stat().st_size, math.prod(frame) * np.dtype(dtype).itemsize
    whole, rest = divmod(size, one)
    if rest or not whole or (expected is not None and whole < expected):
        wanted = "whole frames" if expected is None else f"{expected:,} frames"
        raise FormatError(
            f"{path}: expected {wanted} of {one:,} bytes, found {size:,} bytes: {whole:,} whole frames and {rest:,} "
            "bytes (cut off?)"
        )
    return Mapped(path, np.dtype(dtype), (whole if expected is None else expected, *frame), 0)
