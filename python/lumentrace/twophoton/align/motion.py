"""The motion of a movie, and how it is measured."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.checks import whole
from lumentrace.base.recorded import Recorded
from lumentrace.twophoton.align.line_offset import LineOffset
from lumentrace.twophoton.align.noise import Noise
from lumentrace.twophoton.read.crop import SpatialCrop

Floats = NDArray[np.float64]
Mode = Literal["rigid", "nonrigid"]

REASONS = (
    "",
    "all pixels are alike",
    "more than a tenth of the pixels are not finite",
    "more than half of the pixels are saturated",
    "agreement with the reference is not above chance",
    "it moved to the limit of the search or beyond",
    "shifts that are far apart agree equally well",
    "it shows something else than the reference",
)
"""Why a frame has no shift, by the number of the kernel."""


@dataclass(frozen=True)
class MotionSettings:
    """How motion is measured.

    Attributes
    ----------
    mode : {'nonrigid', 'rigid'}
        Whether parts of the frame move by themselves.
    block_px : int
        Size of the blocks that do.
    max_shift_px : float or None
        How far whole frames move at most; by default a tenth of the shorter side, or 16 pixels if that is more, but no
        more than a quarter of it.
    max_warp_px : float
        How far from the place of the whole blocks are looked for, and then from where the blocks around them are.
    reference_frames : int
        Frames, spread over the movie, that the reference is made from.
    smooth_px : float or None
        Standard deviation of the blur of the reference; by default from the photons in it.
    line_offset_px : float or None
        By how much odd rows are moved along columns; measured by default.
    saturation : float or None
        Value of saturated pixels; by default the largest of whole numbers.

    Raises
    ------
    ValueError
        If a setting is out of range.
    """

    mode: Mode = "nonrigid"
    block_px: int = 64
    max_shift_px: float | None = None
    max_warp_px: float = 6.0
    reference_frames: int = 200
    smooth_px: float | None = None
    line_offset_px: float | None = None
    saturation: float | None = None

    def __post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            raise ValueError(f"`mode`: expected one of {', '.join(get_args(Mode))}, found {self.mode!r}")
        whole("block_px", self.block_px, 16)
        whole("reference_frames", self.reference_frames, 1)
        limits = {"max_shift_px": 1e5, "max_warp_px": 24.0, "smooth_px": 10.0}
        for name, most in limits.items():
            value = getattr(self, name)
            if value is not None and not 0 <= value <= most:
                raise ValueError(f"`{name}`: expected 0 to {most:g} pixels, found {value!r}")
        for name in ("line_offset_px", "saturation"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise ValueError(f"`{name}`: expected a finite number, found {value!r}")


@dataclass(frozen=True, eq=False)
class Motion(Recorded):
    """Where the sample was in each frame: pixel (y, x) shows the place ``(y, x) - shift`` of the reference.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns of frames.
    settings : MotionSettings
    shifts, sigma : ndarray
        (frames, 2): of whole frames along rows and columns, and standard errors, px; NaN where they cannot be told. In
        mode 'nonrigid' these are means over the frame.
    block_rows, block_columns : ndarray
        Middles of blocks in the reference, px; one block in mode 'rigid'.
    block_shifts, block_sigma : ndarray
        (frames, rows of blocks, columns of blocks, 2): means over blocks, likewise, float32.
    contrast : ndarray
        (frames,): of the frame in the pattern of the reference, relative to the reference.
    codes : ndarray
        (frames,): numbers of reasons in `REASONS`; 0 where there is a shift.
    reference : ndarray
        (rows, columns): mean of aligned frames; NaN where none of them shows the place.
    unaligned : ndarray
        (rows, columns): mean of the same frames as they are.
    crop : SpatialCrop
        What all frames with a shift show.
    noise : Noise
    line_offset : LineOffset
    """

    shape: tuple[int, int]
    settings: MotionSettings
    shifts: Floats = field(repr=False)
    sigma: Floats = field(repr=False)
    block_rows: Floats = field(repr=False)
    block_columns: Floats = field(repr=False)
    block_shifts: NDArray[np.float32] = field(repr=False)
    block_sigma: NDArray[np.float32] = field(repr=False)
    contrast: Floats = field(repr=False)
    codes: NDArray[np.uint8] = field(repr=False)
    reference: Floats = field(repr=False)
    unaligned: Floats = field(repr=False)
    crop: SpatialCrop
    noise: Noise
    line_offset: LineOffset

    @property
    def frames(self) -> int:
        """How many there are."""
        return len(self.codes)

    @property
    def flags(self) -> NDArray[np.bool_]:
        """(frames,): those without a shift."""
        return self.codes > 0

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why a frame has no shift, for each; empty where it has one."""
        return tuple(REASONS[code] for code in self.codes)

    @property
    def units(self) -> dict[str, str]:
        """Units of what is told."""
        return {"shifts": "px", "sigma": "px", "block_shifts": "px", "block_sigma": "px"}

    def figures(self) -> dict[str, Any]:
        """What fits into a row of a table."""
        return {
            "frames": self.frames,
            "without shift": int(self.flags.sum()),
            "largest shift (px)": _largest(np.hypot(*self.shifts.T)),
            "median standard error (px)": _median(self.sigma),
            "line offset (px)": self.line_offset.pixels,
        }


def _largest(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.max()) if known.size else math.nan


def _median(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else math.nan


def common_crop(shape: tuple[int, int], block_shifts: NDArray[np.floating[Any]], line_offset_px: float) -> SpatialCrop:
    """Rows and columns of the reference that are inside all frames which have a shift.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    block_shifts : ndarray
        (frames, rows of blocks, columns of blocks, 2), px.
    line_offset_px : float
    """
    known = np.isfinite(block_shifts).all(axis=-1)
    spans: list[tuple[int, int]] = []
    for axis, size in enumerate(shape):
        away = block_shifts[..., axis]
        extra = (line_offset_px,) if axis == 1 else ()
        low = min(float(away.min(initial=0.0, where=known)) + min((0.0, *extra)), 0.0)
        high = max(float(away.max(initial=0.0, where=known)) + max((0.0, *extra)), 0.0)
        start, stop = min(math.ceil(-low), size), size - math.ceil(high)
        spans.append((start, max(start, stop)))
    return SpatialCrop(*spans[0], *spans[1], shape)
