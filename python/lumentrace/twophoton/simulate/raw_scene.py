"""What a simulated raw movie shows, and how it was recorded."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from lumentrace.base.checks import whole

Warp = Literal["smooth", "rows"]

LEAD_S, TAIL_S = 2.0, 2.0
"""Seconds without stimulus before the first epoch, and after the last one."""
FARTHEST = 4.0
"""Times the longer side of the frame: motion goes no farther."""


@dataclass(frozen=True)
class RawScene:
    """Cells in tissue that move under a microscope with few photons.

    Attributes
    ----------
    frames, rows, columns : int
        Size of the movie.
    frame_rate_hz : float
    photons : float
        Mean of the first frame at rest, per pixel.
    gain, offset, read_noise : float
        Counts per photon, counts without light, standard deviation of the electronics in counts.
    blur_px : float
        Standard deviation of the point spread function.
    cells : int
    radius_px : float
        Mean radius of cells.
    donut : bool
        Cells are dark inside, as their nuclei hold no indicator.
    spacing : float
        Least distance of the centres of two cells, in diameters; they overlap below 1.
    brightness : float
        Of a cell at rest, relative to the tissue around it.
    neuropil_change : float
        Standard deviation of the slow changes of the neuropil, relative to its mean.
    contamination : tuple of float
        Lowest and highest share of the neuropil that shows through cells.
    walk_px : float
        Standard deviation of the slow motion of the whole frame, along rows and along columns.
    jumps, jump_px : int, float
        Sudden moves and back again: how many, and how far.
    warp_px : float
        Standard deviation of the motion of parts of the frame against the whole.
    warp : {'smooth', 'rows'}
        Parts are regions, or rows, as in a frame that is scanned while the tissue moves.
    line_offset_px : float
        By how much rows of odd number are moved along columns, as in bidirectional scanning.
    bleaching_s : float
        After which all light falls to 1/e.
    rise_s, decay_s : float
        Of calcium after a spike; without a rise it is autoregressive of order 1, otherwise 2.
    dff_per_spike : float
        Peak of the relative change of a cell after one spike.
    rate_hz, burst : float
        Events per second at rest, and mean spikes of an event.
    directions : int
        Directions of a moving stimulus, which lie evenly on the circle; 0 for no stimulus.
    epoch_s, gap_s : float
        Seconds of each direction, and of grey before it.
    tuned : float
        Share of cells that answer the stimulus.
    tuned_rate_hz : float
        Events per second of such a cell in its best direction.
    structural_photons : float
        Of a second channel that shows cells without their activity; 0 for none.

    Raises
    ------
    ValueError
        If a number is out of range; the message names it.
    """

    frames: int = 500
    rows: int = 256
    columns: int = 256
    frame_rate_hz: float = 30.0
    photons: float = 5.0
    gain: float = 10.0
    offset: float = 100.0
    read_noise: float = 3.0
    blur_px: float = 0.8
    cells: int = 40
    radius_px: float = 6.0
    donut: bool = True
    spacing: float = 0.8
    brightness: float = 2.0
    neuropil_change: float = 0.2
    contamination: tuple[float, float] = (0.4, 0.9)
    walk_px: float = 1.0
    jumps: int = 3
    jump_px: float = 5.0
    warp_px: float = 0.0
    warp: Warp = "smooth"
    line_offset_px: float = 0.0
    bleaching_s: float = math.inf
    rise_s: float = 0.0
    decay_s: float = 0.5
    dff_per_spike: float = 0.3
    rate_hz: float = 0.2
    burst: float = 1.0
    directions: int = 0
    epoch_s: float = 2.0
    gap_s: float = 2.0
    tuned: float = 0.7
    tuned_rate_hz: float = 6.0
    structural_photons: float = 0.0

    def __post_init__(self) -> None:
        for name, least in (("frames", 1), ("rows", 4), ("columns", 4), ("cells", 0), ("jumps", 0), ("directions", 0)):
            whole(name, getattr(self, name), least)
        if self.warp not in get_args(Warp):
            raise ValueError(f"`warp`: expected one of {', '.join(get_args(Warp))}, found {self.warp!r}")
        for name in ("frame_rate_hz", "photons", "gain", "radius_px", "bleaching_s", "decay_s", "epoch_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"`{name}`: expected a positive number, found {getattr(self, name)!r}")
        for name in (
            "offset",
            "read_noise",
            "blur_px",
            "spacing",
            "brightness",
            "neuropil_change",
            "walk_px",
            "rise_s",
        ):
            self._at_least(name, 0.0)
        for name in ("dff_per_spike", "rate_hz", "gap_s", "tuned_rate_hz", "structural_photons"):
            self._at_least(name, 0.0)
        self._at_least("burst", 1.0)
        for name in ("jump_px", "warp_px", "line_offset_px", "walk_px"):
            most = FARTHEST * max(self.rows, self.columns)
            if not abs(getattr(self, name)) <= most:
                raise ValueError(f"`{name}`: expected at most {most:g} pixels, found {getattr(self, name)!r}")
        if self.rise_s >= self.decay_s:
            raise ValueError(f"`rise_s`: expected less than `decay_s` ({self.decay_s:g}), found {self.rise_s!r}")
        low, high = self.contamination
        if not (0 <= low <= high <= 1 and 0 <= self.tuned <= 1):
            raise ValueError(
                f"`contamination`, `tuned`: expected shares from 0 to 1, found {self.contamination!r}, {self.tuned!r}"
            )

    def _at_least(self, name: str, least: float) -> None:
        value = getattr(self, name)
        if not least <= value < math.inf:
            raise ValueError(f"`{name}`: expected a finite number from {least:g} on, found {value!r}")

    @property
    def seconds(self) -> float:
        """How long the movie lasts."""
        return self.frames / self.frame_rate_hz


def directions_scene(repeats: int, **settings: Any) -> RawScene:
    """A scene in which eight directions are shown, each so many times; the movie ends two seconds after the last.

    Parameters
    ----------
    repeats : int
    **settings
        Of `RawScene`; 10 frames per second and cells of 4 pixels unless they say otherwise.

    Raises
    ------
    ValueError
        If a number is out of range.
    """
    own: dict[str, Any] = {"frame_rate_hz": 10.0, "directions": 8, "radius_px": 4.0} | settings
    scene = RawScene(**own)
    shown = whole("repeats", repeats, 1) * scene.directions * (scene.gap_s + scene.epoch_s)
    return replace(scene, frames=math.ceil((LEAD_S + shown + TAIL_S) * scene.frame_rate_hz))
