"""Frames of a high-speed AFM movie."""

from __future__ import annotations

import operator
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import doors, html
from lumentrace.base.masked import unmasked
from lumentrace.base.provenance import Provenance, content

from .frames import FrameSource, Loaded, Part, Recording, as_slice
from .metadata import per_frame, pixel_size

if TYPE_CHECKING:
    from .processing.registry import Step


class AFMImageStack:
    """Frames of a high-speed AFM movie with their scale, times and what was done to them.

    Parameters
    ----------
    data : ndarray
        (frames, height, width), kept as it is; heights in nm.
    pixel_size_nm : float
        Along the fast axis x.
    channel : str
        E.g. 'height_trace'.
    file_path : path
        Where the frames came from.
    frame_metadata : list of dict, optional
        One per frame; `timestamp` in s, as a datetime or in ISO 8601, `frame_pixel_size_nm` and others. Missing ones
        are empty.
    pixel_size_y_nm : float, optional
        Along the slow axis y, where it is another.
    unit : str, default 'nm'
        Of the values.

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
    history : lumentrace.base.provenance.Provenance
        All that was done, in order, with times; the input with its content hash once a pipeline ran.

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

    @unmasked
    def __init__(
        self,
        data: NDArray[Any],
        pixel_size_nm: float,
        channel: str,
        file_path: str | os.PathLike[str],
        frame_metadata: Iterable[Mapping[str, Any]] | None = None,
        *,
        pixel_size_y_nm: float | None = None,
        unit: str = "nm",
    ):
        if not isinstance(data, np.ndarray):
            raise TypeError(f"`data`: expected an array, found {type(data).__name__}")
        if data.ndim != 3:
            raise ValueError(f"`data`: expected (frames, height, width), found shape {data.shape}")
        self._source: FrameSource = Loaded(data)
        self._data: NDArray[Any] | None = data
        self.pixel_size_nm = pixel_size(pixel_size_nm)
        self.pixel_size_y_nm = self.pixel_size_nm if pixel_size_y_nm is None else pixel_size(pixel_size_y_nm)
        self.unit = unit
        self.channel = channel
        self.file_path = Path(file_path)
        self.frame_metadata = per_frame(frame_metadata, len(data))
        self.processed: dict[str, NDArray[Any]] = {}
        self.masks: dict[str, NDArray[np.bool_]] = {}
        self.state_backups: dict[str, Any] = {}
        self.history = Provenance()
        self.analysis: dict[str, Any] = {}
        self.provenance: dict[str, Any] = {}
        self.complete_records()

    @classmethod
    def load_data(cls, path: str | os.PathLike[str], channel: str = "height_trace", **options: Any) -> AFMImageStack:
        """Read a film; see `lumentrace.afm.load`."""
        film: AFMImageStack = doors.through("load_film")(path, channel, **options)
        return film

    @classmethod
    def from_recording(cls, recording: Recording, path: str | os.PathLike[str]) -> AFMImageStack:
        """A stack whose frames stay in the file until they are asked for.

        Warns
        -----
        UserWarning
            If the pixels are not square.
        """
        x, y = recording.pixel_size_nm
        nothing = np.empty((0, *recording.source.shape[1:]))
        stack = cls(nothing, x, recording.channel, path, pixel_size_y_nm=y, unit=recording.unit)
        stack._source, stack._data = recording.source, None
        if isinstance(recording.source, Loaded):
            stack._data = recording.source.read(range(recording.source.shape[0]))
        stack.frame_metadata = per_frame(recording.frame_metadata, recording.source.shape[0])
        stack.acquisition.update(recording.acquisition)
        if not np.isclose(x, y, rtol=1e-3):
            warnings.warn(
                f"{path}: pixels are {x:g} x {y:g} nm; distances in pixels are not the same along x and y",
                stacklevel=3,
            )
        return stack

    def complete_records(self) -> None:
        """Make what is absent or None of `analysis` and `provenance`."""
        self.analysis = {} if getattr(self, "analysis", None) is None else self.analysis
        self.provenance = {} if getattr(self, "provenance", None) is None else self.provenance
        self.provenance.setdefault("acquisition", {})
        self.provenance.setdefault("environment", {})
        self.provenance.setdefault("processing", {"steps": [], "keys_by_name": {}})
        self.provenance.setdefault("analysis", {"frame_times": None, "steps": [], "results_by_name": {}})

    @property
    def data(self) -> NDArray[Any]:
        """All frames (frames, height, width); read from the file at first use."""
        if self._data is None:
            self._data = self._source.read(range(self._source.shape[0]))
        return self._data

    @data.setter
    def data(self, frames: NDArray[Any]) -> None:
        if not isinstance(frames, np.ndarray) or frames.ndim != 3:
            found = frames.shape if isinstance(frames, np.ndarray) else type(frames).__name__
            raise ValueError(f"`data`: expected an array (frames, height, width), found {found}")
        self._source, self._data = Loaded(frames), frames

    @property
    def in_file(self) -> bool:
        """Whether the frames are still in their file only."""
        return self._data is None

    def read(self) -> NDArray[Any]:
        """All frames, read anew if they are still in their file only; the caller may change these."""
        return self._source.read(range(self.n_frames)) if self._data is None else self._data.copy()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Frames, rows and columns."""
        return self._source.shape

    @property
    def acquisition(self) -> dict[str, Any]:
        """What the file says about the measurement."""
        found: dict[str, Any] = self.provenance.setdefault("acquisition", {})
        return found

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return self.shape[0]

    @property
    def height(self) -> int:
        """Rows of a frame."""
        return self.shape[1]

    @property
    def width(self) -> int:
        """Columns of a frame."""
        return self.shape[2]

    @property
    def image_shape(self) -> tuple[int, int]:
        """Rows and columns of a frame."""
        return self.height, self.width

    def __len__(self) -> int:
        return self.n_frames

    def __repr__(self) -> str:
        size = f"{self.n_frames} frames of {self.height} x {self.width}"
        return f"AFMImageStack({size}, {self.pixel_size_nm:g} nm per pixel, channel {self.channel!r})"

    def _repr_html_(self) -> str:
        known = [entry["timestamp"] for entry in self.frame_metadata if entry["timestamp"] is not None]
        about = {
            "file": self.file_path,
            "channel": f"{self.channel} ({self.unit})",
            "pixel": f"{self.pixel_size_nm:g} x {self.pixel_size_y_nm:g} nm",
            "field": f"{self.width * self.pixel_size_nm:g} x {self.height * self.pixel_size_y_nm:g} nm",
            "times": f"{known[0]:g} to {known[-1]:g} s" if known else "not known",
            "masks": ", ".join(self.masks) or "none",
            "processing": ", ".join(step.name for step in self.history.steps) or "none",
        }
        size = f"{html.counted(self.n_frames, 'frame')} of {self.height} x {self.width} px"
        return html.face("AFMImageStack", (size,), html.pairs(about))

    def __getitem__(self, index: Any) -> Any:
        """A frame by its number, or a stack of some of them."""
        if isinstance(index, slice):
            return self._part(range(self.n_frames)[index])
        try:
            number = operator.index(index)
        except TypeError:
            raise TypeError(f"index: expected a whole number or a slice, found {type(index).__name__}") from None
        return self._frame(range(self.n_frames)[number])

    def _part(self, frames: range) -> AFMImageStack:
        metadata = [self.frame_metadata[number] for number in frames]
        size = self.pixel_size_nm, self.pixel_size_y_nm
        part: FrameSource = Part(self._source, frames)
        if self._data is not None:
            part = Loaded(self._data[as_slice(frames)])
        recording = Recording(part, self.channel, self.unit, size, metadata)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # the whole stack has warned of its pixels
            return AFMImageStack.from_recording(recording, self.file_path)

    def _frame(self, number: int) -> NDArray[Any]:
        if self._data is not None:
            return np.asarray(self._data[number])
        return np.asarray(self._source.read(range(number, number + 1))[0])

    def _number(self, index: int) -> int:
        number = operator.index(index)
        if not 0 <= number < self.n_frames:
            raise IndexError(f"frame: expected 0 to {self.n_frames - 1}, found {index}")
        return number

    def get_frame(self, index: int) -> NDArray[Any]:
        """A frame, counted from 0."""
        return self._frame(self._number(index))

    def get_frames(self) -> list[NDArray[Any]]:
        """All frames."""
        return list(self.data)

    def get_frame_metadata(self, index: int) -> dict[str, Any]:
        """What is known about a frame."""
        return self.frame_metadata[self._number(index)]

    def frames_with_metadata(self) -> Iterator[tuple[int, NDArray[Any], dict[str, Any]]]:
        """Numbers, frames and what is known about them."""
        for number, metadata in enumerate(self.frame_metadata):
            yield number, self._frame(number), metadata

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
        stamps = [entry["timestamp"] for entry in self.frame_metadata]
        return [float(number) if stamp is None else float(stamp) for number, stamp in enumerate(stamps)]

    def scaling_for_frame(self, index: int) -> float:
        """Size of a pixel of a frame in nm."""
        return float(self.get_frame_metadata(index).get("frame_pixel_size_nm", self.pixel_size_nm))

    def channel_for_frame(self, index: int) -> str:
        """Channel of a frame."""
        return str(self.get_frame_metadata(index).get("channel", self.channel))

    def identity(self, frames: NDArray[Any] | None = None) -> dict[str, Any]:
        """What tells this film from any other: path, size and content hash of the frames."""
        size = f"{self.n_frames} x {self.height} x {self.width}"
        return {
            "path": str(self.file_path),
            "channel": self.channel,
            "frames": size,
            "xxh3": content(self.data if frames is None else frames),
        }

    def apply(self, steps: Sequence[str], **kwargs: Any) -> NDArray[Any]:
        """Run filters and masks by name, all with the same settings, without a record.

        Parameters
        ----------
        steps : sequence of str
            Names as of `lumentrace.afm.ProcessingPipeline`; 'clear' takes off the mask.
        **kwargs
            Settings; each step takes those that it has.

        Returns
        -------
        ndarray
            The new `data`. Results are also kept in `processed` by the name of the step, the frames of before as 'raw'.

        Raises
        ------
        TypeError
            For a setting that none of the steps has.
        ValueError
            For a step that is not there.
        """
        applied: NDArray[Any] = doors.through("apply_stateless")(self, steps, kwargs)
        return applied

    def _resolve_step(self, name: str) -> Step:
        step: Step = doors.through("find_step")(name)
        return step

    def restore_raw(self) -> NDArray[Any]:
        """Put the frames of before any processing back, and what was known about them.

        Raises
        ------
        KeyError
            If nothing was processed.
        """
        if "raw" not in self.processed:
            raise KeyError("`processed`: expected 'raw', found no frames of before any processing")
        self.data = self.processed["raw"]
        if "frame_metadata" in self.state_backups:
            self.restore_frame_metadata()
        self.provenance["processing"] = {"steps": [], "keys_by_name": {}}
        return self.data

    def restore_frame_metadata(self) -> None:
        """Put what was known about the frames before some were dropped back.

        Raises
        ------
        KeyError
            If none were dropped.
        """
        if "frame_metadata" not in self.state_backups:
            raise KeyError("`state_backups`: expected 'frame_metadata', found no frames that were dropped")
        self.frame_metadata = [dict(entry) for entry in self.state_backups.pop("frame_metadata")]

    def export_processing_log(self, path: str | os.PathLike[str]) -> None:
        """Write what the processing pipelines did as JSON: `environment` and `processing`."""
        parts = {name: self.provenance[name] for name in ("environment", "processing")}
        doors.through("export_analysis_to_json")(path, parts)

    def export_analysis_log(self, path: str | os.PathLike[str]) -> None:
        """Write the record of the last analysis pipeline as JSON.

        Raises
        ------
        ValueError
            If none ran.
        """
        history = self.provenance["analysis"]
        if not history["steps"]:
            raise ValueError("the record: expected a pipeline to have run, found none")
        keys = [step["analysis_key"] for step in history["steps"]]
        record = {
            "environment": self.provenance["environment"],
            "analysis": {key: self.analysis[key] for key in keys},
            "provenance": history,
        }
        doors.through("export_analysis_to_json")(path, record)

    def state(self) -> dict[str, Any]:
        """What a container keeps; see `lumentrace.save`."""
        names = ("pixel_size_nm", "pixel_size_y_nm", "unit", "channel", "frame_metadata", "processed", "masks")
        found = {name: getattr(self, name) for name in (*names, "state_backups", "history")}
        steps = {name: self.provenance[name] for name in ("acquisition", "environment", "processing")}
        return {"data": self.data, "file_path": str(self.file_path), **found, "provenance": steps}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> AFMImageStack:
        """The stack that `state` was taken from; analyses are not kept."""
        first = [state[name] for name in ("data", "pixel_size_nm", "channel", "file_path", "frame_metadata")]
        stack = cls(*first, pixel_size_y_nm=state["pixel_size_y_nm"], unit=state["unit"])
        for name in ("processed", "masks", "state_backups", "history"):
            setattr(stack, name, state[name])
        stack.provenance.update(state["provenance"])
        return stack
