"""Windows of frames that belong to epochs of a stimulus."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

GREY = ("gray", "grey", "interleave")
DEFAULT = 1
STATED_COLUMNS = ("time_seconds", "epoch_number", "start_frame", "stop_frame", "onset_frame_exact")
"""Columns of a stimulus table that says which frames each epoch has."""


@dataclass(frozen=True)
class FrameWindow:
    """Frames from `start_frame` up to `stop_frame`.

    Attributes
    ----------
    index : int
        From 0 on, in the order of time.
    start_frame, stop_frame : int
        First frame, and the first one after the window.
    label : str
        ``epoch_2:Odour left``
    """

    index: int
    start_frame: int
    stop_frame: int
    label: str

    @property
    def frames(self) -> int:
        """How many there are."""
        return self.stop_frame - self.start_frame


@dataclass(frozen=True)
class EpochFrameWindow:
    """A window and the epoch it shows.

    Attributes
    ----------
    window : FrameWindow
    epoch_number : int
    epoch_name : str
    onset_frame_exact : float or None
        Where the epoch began, in fractions of a frame, if the fast photodiode tells.
    """

    window: FrameWindow
    epoch_number: int
    epoch_name: str
    onset_frame_exact: float | None = None

    @property
    def onset_offset(self) -> float:
        """The exact start less the first frame, in frames; NaN if the fast photodiode does not tell."""
        return math.nan if self.onset_frame_exact is None else self.onset_frame_exact - self.window.start_frame


def epoch_window(
    index: int, start: int, stop: int, number: int, name: str, onset: float | None = None
) -> EpochFrameWindow:
    """A window with its usual label."""
    return EpochFrameWindow(FrameWindow(index, start, stop, f"epoch_{number}:{name}"), number, name, onset)


def select_baseline_frame_windows(
    epoch_windows: Sequence[EpochFrameWindow],
    *,
    epoch_name: str | None = None,
    epoch_number: int | None = None,
    epoch_numbers: Sequence[int] | None = None,
) -> tuple[FrameWindow, ...]:
    """Windows of epochs with a name, a number, or one of several numbers.

    Raises
    ------
    ValueError
        If nothing is asked for, or both a number and several.
    """
    if epoch_number is not None and epoch_numbers is not None:
        raise ValueError("expected `epoch_number` or `epoch_numbers`, found both")
    numbers = None if epoch_numbers is None else {int(number) for number in epoch_numbers}
    if epoch_number is not None:
        numbers = {int(epoch_number)}
    if epoch_name is None and numbers is None:
        raise ValueError("expected `epoch_name`, `epoch_number` or `epoch_numbers`, found none of them")
    return tuple(
        each.window
        for each in epoch_windows
        if (epoch_name is None or each.epoch_name == epoch_name) and (numbers is None or each.epoch_number in numbers)
    )


def default_baseline_epoch_number(epoch_names: Mapping[int, str]) -> int:
    """The lowest number of an epoch whose name says gray, grey or interleave; 1 if none does."""
    return min((number for number, name in epoch_names.items() if is_grey(name)), default=DEFAULT)


def is_grey(name: str) -> bool:
    """Whether the name of an epoch says gray, grey or interleave."""
    return any(word in name.casefold() for word in GREY)


def whole_window(
    epoch_windows: Sequence[EpochFrameWindow], *, first_number: int | None = None, first_name: str | None = None
) -> tuple[FrameWindow, ...]:
    """One window over all epochs from a number on, or from the first window of a name: for recordings without baseline.

    Raises
    ------
    ValueError
        If nothing is asked for or found.
    """
    if first_number is None and first_name is None:
        raise ValueError("expected the number or the name of the first epoch, found neither")
    if first_number is not None:
        chosen = [each.window for each in epoch_windows if each.epoch_number >= first_number]
    else:
        places = [place for place, each in enumerate(epoch_windows) if each.epoch_name == first_name]
        chosen = [each.window for each in epoch_windows[places[0] :]] if places else []
    if not chosen:
        raise ValueError(f"no epoch from {first_number if first_number is not None else first_name!r} on")
    start, stop = min(each.start_frame for each in chosen), max(each.stop_frame for each in chosen)
    first = first_name if first_number is None else f"epoch_{first_number:04d}"
    return (FrameWindow(0, start, stop, f"no_baseline_epoch_from_{first}"),)
