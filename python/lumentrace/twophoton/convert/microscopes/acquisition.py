"""What all recordings of microscopes have: frames by channel and plane, and their times."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.digits import number_of
from lumentrace.data.lazy_image import LazyImage
from lumentrace.twophoton.convert.movie_source import MovieSource

Floats = NDArray[np.float64]

ORIENTATION = "rows_and_columns"
GAP = 0.5
"""Frames that come later than this many periods after they should are told as a gap."""


@dataclass(frozen=True)
class Acquisition:
    """A recording of a microscope, of which pixels are read when they are asked for; `open_acquisition` opens one.

    Attributes
    ----------
    path : Path
        Of its file or folder.
    kind : str
        Which microscope or format.
    image : LazyImage
        Frames: axes T, Y and X, and C and Z if there are several channels and planes.
    times : ndarray
        (frames, planes): seconds from the first frame on; no rows if they are not known.
    about : dict
        What else the files say.
    epochs : mapping or None
        Columns of the table of the stimulus (`convert_acquisition`), if the file holds one.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import tifffile
    >>> from lumentrace import twophoton
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     movie = np.zeros((20, 3, 16, 24), "uint16")
    ...     tifffile.imwrite(f"{folder}/film.ome.tif", movie, metadata={"axes": "TZYX", "TimeIncrement": 0.5})
    ...     with twophoton.open_acquisition(f"{folder}/film.ome.tif") as found:
    ...         found.frames, found.planes, found.channels, found.frame_rate_hz
    (20, 3, ('c0',), 2.0)
    """

    path: Path
    kind: str
    image: LazyImage
    times: Floats = field(repr=False)
    about: dict[str, Any] = field(default_factory=dict)
    epochs: dict[str, Any] | None = field(default=None, repr=False)

    def __enter__(self) -> Acquisition:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close its files."""
        self.image.close()

    def _length(self, axis: str) -> int:
        return self.image.shape[self.image.axes.index(axis)] if axis in self.image.axes else 1

    @property
    def frames(self) -> int:
        """Of each plane."""
        return self._length("T")

    @property
    def planes(self) -> int:
        """Number of planes."""
        return self._length("Z")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self._length("Y"), self._length("X")

    @property
    def channels(self) -> tuple[str, ...]:
        """Names; ``c0``, ``c1`` and so on where the file has none."""
        count = self._length("C")
        return self.image.channel_names or tuple(f"c{number}" for number in range(count))

    @property
    def frame_rate_hz(self) -> float:
        """Frames of a plane per second; NaN if that is not known."""
        steps = self._steps(0)
        return math.nan if not steps.size else float(1 / steps[~self._late(steps)].mean())

    @property
    def gaps(self) -> int:
        """How often more than one and a half periods passed between two frames."""
        return int(self._late(self._steps(0)).sum())

    def _steps(self, plane: int) -> Floats:
        steps: Floats = np.diff(self.times[:, plane]) if self.times.size else np.zeros(0)
        return steps

    @staticmethod
    def _late(steps: Floats) -> NDArray[np.bool_]:
        late: NDArray[np.bool_] = steps > (1 + GAP) * np.median(steps) if steps.size else np.zeros(0, bool)
        return late

    def channel_number(self, channel: str | int | None) -> int:
        """The place of a channel.

        Raises
        ------
        ValueError
            If there is no such channel, or there are several and none is named.
        """
        names = self.channels
        if channel is None and len(names) == 1:
            return 0
        if channel is not None and names.count(str(channel)) == 1:
            return names.index(str(channel))
        listed = ", ".join(f"{number} ({name})" for number, name in enumerate(names))
        return _place("channel", self.path, channel, len(names), listed)

    def plane_number(self, plane: int | None) -> int:
        """The place of a plane.

        Raises
        ------
        ValueError
            If there is no such plane, or there are several and none is named.
        """
        if plane is None and self.planes == 1:
            return 0
        return _place("plane", self.path, plane, self.planes, f"0 to {self.planes - 1}")

    def movie(self, channel: str | int | None = None, plane: int | None = None) -> ChosenMovie:
        """Frames of one channel and plane; raises ValueError if they are several and it is not said which."""
        return ChosenMovie(self, self.channel_number(channel), self.plane_number(plane))


def _place(what: str, path: Path, asked: str | int | None, count: int, listed: str) -> int:
    number = number_of("" if asked is None else str(asked))
    if number is not None and number < count:
        return number
    found = "none" if asked is None else repr(asked)
    raise ValueError(f"`{what}`: expected one of {listed} of {path}, found {found}")


class ChosenMovie(MovieSource):
    """Frames of one channel and plane of an acquisition."""

    dataset, orientation = "frames", ORIENTATION

    def __init__(self, acquisition: Acquisition, channel: int, plane: int) -> None:
        self.path = acquisition.path
        image = acquisition.image
        chosen = {axis: number for axis, number in (("C", channel), ("Z", plane)) if axis in image.axes}
        self._image = image.select(**chosen) if chosen else image
        self._order = [self._image.axes.index(axis) for axis in "TYX"]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Frames, rows, columns."""
        frames, rows, columns = (self._image.shape[place] for place in self._order)
        return frames, rows, columns

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the frames."""
        return self._image.dtype.newbyteorder("=")

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Frames from `start` up to `stop`; raises `FormatError` if they are damaged."""
        return self._image.read(T=slice(start, stop)).transpose(self._order)
