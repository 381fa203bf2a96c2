"""Frames of a high-speed AFM movie."""

from __future__ import annotations

import operator
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .metadata import per_frame, pixel_size


class AFMImageStack:
    """Frames of a high-speed AFM movie with their scale, times and what was done to them.

    Parameters
    ----------
    data : ndarray
        (frames, height, width), kept as it is; heights in nm.
    pixel_size_nm : float
    channel : str
        E.g. 'height_trace'.
    file_path : path
        Where the frames came from.
    frame_metadata : list of dict, optional
        One per frame; `timestamp` in s, as a datetime or in ISO 8601, `frame_pixel_size_nm` and others. Missing ones
        are empty.

    Attributes
    ----------
    processed : dict of ndarray
        Results of filters, by name.
    masks : dict of ndarray
        (frames, height, width) bool, by name.
    analysis : dict
        Outputs of analysis modules, by ``step_<number>_<name>``.
    state_backups : dict
    provenance : dict
        `acquisition`, `environment`, `processing` and `analysis`.

    Raises
    ------
    TypeError
        If `data` is no array.
    ValueError
        If it is not 3-D, for a pixel size that is not above 0, or more metadata than frames.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.afm import AFMImageStack
    >>> stack = AFMImageStack(np.zeros((3, 64, 64)), 1.2, "height_trace", "movie.asd", [{"timestamp": 0.5}])
    >>> stack.n_frames, stack.image_shape, stack[1:].n_frames
    (3, (64, 64), 2)
    """

    def __init__(
        self,
        data: NDArray[Any],
        pixel_size_nm: float,
        channel: str,
        file_path: str | os.PathLike[str],
        frame_metadata: Iterable[Mapping[str, Any]] | None = None,
    ):
        if not isinstance(data, np.ndarray):
            raise TypeError(f"`data`: expected an array, found {type(data).__name__}")
        if data.ndim != 3:
            raise ValueError(f"`data`: expected (frames, height, width), found shape {data.shape}")
        self.data = data
        self.pixel_size_nm = pixel_size(pixel_size_nm)
        self.channel = channel
        self.file_path = Path(file_path)
        self.frame_metadata = per_frame(frame_metadata, len(data))
        self.processed: dict[str, NDArray[Any]] = {}
        self.masks: dict[str, NDArray[np.bool_]] = {}
        self.analysis: dict[str, Any] = {}
        self.state_backups: dict[str, Any] = {}
        self.provenance: dict[str, Any] = {
            "acquisition": {},
            "environment": {},
            "processing": {"steps": [], "keys_by_name": {}},
            "analysis": {"frame_times": None, "steps": [], "results_by_name": {}},
        }

    @property
    def acquisition(self) -> dict[str, Any]:
        """What the file says about the measurement."""
        found: dict[str, Any] = self.provenance.setdefault("acquisition", {})
        return found

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return int(self.data.shape[0])

    @property
    def height(self) -> int:
        """Rows of a frame."""
        return int(self.data.shape[1])

    @property
    def width(self) -> int:
        """Columns of a frame."""
        return int(self.data.shape[2])

    @property
    def image_shape(self) -> tuple[int, int]:
        """Rows and columns of a frame."""
        return self.height, self.width

    def __len__(self) -> int:
        return self.n_frames

    def __repr__(self) -> str:
        size = f"{self.n_frames} frames of {self.height} x {self.width}"
        return f"AFMImageStack({size}, {self.pixel_size_nm:g} nm per pixel, channel {self.channel!r})"

    def __getitem__(self, index: Any) -> Any:
        """A frame by its number, or a stack of some of them."""
        if isinstance(index, slice):
            metadata = self.frame_metadata[index]
            return AFMImageStack(self.data[index], self.pixel_size_nm, self.channel, self.file_path, metadata)
        try:
            number = operator.index(index)
        except TypeError:
            raise TypeError(f"index: expected a whole number or a slice, found {type(index).__name__}") from None
        return self.data[number]

    def _number(self, index: int) -> int:
        number = operator.index(index)
        if not 0 <= number < self.n_frames:
            raise IndexError(f"frame: expected 0 to {self.n_frames - 1}, found {index}")
        return number

    def get_frame(self, index: int) -> NDArray[Any]:
        """A frame, counted from 0."""
        return np.asarray(self.data[self._number(index)])

    def get_frames(self) -> list[NDArray[Any]]:
        """All frames."""
        return list(self.data)

    def get_frame_metadata(self, index: int) -> dict[str, Any]:
        """What is known about a frame."""
        return self.frame_metadata[self._number(index)]

    def frames_with_metadata(self) -> Iterator[tuple[int, NDArray[Any], dict[str, Any]]]:
        """Numbers, frames and what is known about them."""
        yield from zip(range(self.n_frames), self.data, self.frame_metadata, strict=True)

    def time_for_frame(self, index: int) -> float:
        """When a frame was taken, in s; its number if that is not known."""
        stamp = self.get_frame_metadata(index)["timestamp"]
        return float(index) if stamp is None else float(stamp)

    def get_frame_times(self) -> list[float]:
        """Times of all frames in s; numbers where they are not known.

        Warns
        -----
        UserWarning
            If only some are known: the line of times makes no sense then.
        """
        known = [entry["timestamp"] is not None for entry in self.frame_metadata]
        if any(known) and not all(known):
            missing = len(known) - sum(known)
            warnings.warn(f"{missing} of {len(known)} frames have no time stamp: their numbers stand in", stacklevel=2)
        return [self.time_for_frame(number) for number in range(self.n_frames)]

    def scaling_for_frame(self, index: int) -> float:
        """Size of a pixel of a frame in nm."""
        return float(self.get_frame_metadata(index).get("frame_pixel_size_nm", self.pixel_size_nm))

    def channel_for_frame(self, index: int) -> str:
        """Channel of a frame."""
        return str(self.get_frame_metadata(index).get("channel", self.channel))
