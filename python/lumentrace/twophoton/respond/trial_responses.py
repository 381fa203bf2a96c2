"""One number for each trial and region, beside the stimulus that the trial showed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.errors import did_you_mean
from lumentrace.base.provenance import Provenance, Watch
from lumentrace.twophoton.read.recording import ConvertedRecording
from lumentrace.twophoton.respond.epochs import baseline_epochs
from lumentrace.twophoton.respond.responses import RecordingResponses
from lumentrace.twophoton.respond.trials import GroupedRoiResponses, ResponseTrial, finite_mean

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Window = tuple[float, float | None]

TOLERANCE = 1e-9
"""Seconds by which times of frames may differ from the edges of a window."""


@dataclass(frozen=True)
class TrialResponses:
    """Mean responses of regions in trials.

    Attributes
    ----------
    roi_labels : tuple of str
    parameter : str
        What the stimuli differ in.
    stimulus : ndarray
        (trials,): the parameter of each trial.
    repeat : ndarray of int
        (trials,): from 1 on; the trials of one repeat show each stimulus once, if all went well.
    values : ndarray
        (trials, regions): mean dF/F in the window of the response; NaN where there is none.
    before : ndarray
        (trials, regions): mean dF/F before the onset; NaN where there is none.
    provenance : Provenance
        That of the responses, and how the means were taken.
    """

    roi_labels: tuple[str, ...]
    parameter: str
    stimulus: Floats = field(repr=False)
    repeat: Integers = field(repr=False)
    values: Floats = field(repr=False)
    before: Floats = field(repr=False)
    provenance: Provenance = field(default_factory=Provenance, repr=False, compare=False, kw_only=True)

    def __post_init__(self) -> None:
        trials, shape = len(self.stimulus), (len(self.stimulus), len(self.roi_labels))
        for name, expected in (("stimulus", (trials,)), ("repeat", (trials,)), ("values", shape), ("before", shape)):
            if np.shape(getattr(self, name)) != expected:
                raise ValueError(f"`{name}`: expected shape {expected}, found {np.shape(getattr(self, name))}")
        if not trials or not np.isfinite(self.stimulus).all():
            raise ValueError("`stimulus`: expected a finite number for each trial, and a trial at least")

    def places(self) -> tuple[Floats, Integers]:
        """The different stimuli (stimuli,) in ascending order, and the place of each trial's among them (trials,)."""
        stimuli, places = np.unique(self.stimulus, return_inverse=True)
        return stimuli, places.astype(np.int64)


def trial_responses(
    responses: RecordingResponses | GroupedRoiResponses,
    parameter: str | Mapping[int, float],
    *,
    window_seconds: Window = (0.0, None),
    before_seconds: float = 1.0,
    subtract_before: bool = False,
) -> TrialResponses:
    """Mean responses of trials, and the stimulus of each.

    Parameters
    ----------
    responses : RecordingResponses or GroupedRoiResponses
    parameter : str or mapping
        A parameter of the epochs (``direction``) or a column of the stimulus table that has one value in each epoch;
        epochs of baselines and those without a value are left out. Or the value of each epoch by its number; others
        are left out.
    window_seconds : tuple
        From and up to which time after the onset responses are averaged; None for the end of the trial.
    before_seconds : float, default 1.0
        How long before the onset the baseline of a trial is.
    subtract_before : bool, default False
        Take the mean before the onset away from each response.

    Returns
    -------
    TrialResponses

    Raises
    ------
    ValueError
        If the parameter is unknown, differs within an epoch, or no trial has it; if the window is none.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> frames = np.arange(-1, 2)
    >>> trials = [
    ...     twophoton.ResponseTrial(n, f"bar {n}", 1, n, -1, 2, frames, frames / 1.0, np.array([[0.0], [n], [n + 2.0]]))
    ...     for n in (1, 2)
    ... ]
    >>> grouped = twophoton.GroupedRoiResponses(("a",), 1.0, tuple(trials))
    >>> found = twophoton.trial_responses(grouped, {1: 0.0, 2: 90.0})
    >>> found.stimulus.tolist(), found.values[:, 0].tolist(), found.before[:, 0].tolist()
    ([0.0, 90.0], [2.0, 3.0], [0.0, 0.0])
    """
    watch = Watch()
    start, stop = window_seconds
    if not np.isfinite(start) or (stop is not None and not stop > start):
        raise ValueError(f"`window_seconds`: expected a start and a later stop, found {window_seconds!r}")
    if not before_seconds > 0:
        raise ValueError(f"`before_seconds`: expected a positive number, found {before_seconds!r}")
    name, values = _values(responses, parameter)
    grouped = responses.grouped_responses if isinstance(responses, RecordingResponses) else responses
    trials = [trial for trial in grouped.trials if trial.epoch_number in values]
    if not trials:
        raise ValueError(f"`parameter`: expected trials of epochs with {name}, found none")
    during = np.array([_mean(trial, start, stop) for trial in trials])
    before = np.array([_mean(trial, -before_seconds, 0.0) for trial in trials])
    asked: dict[str, Any] = {"parameter": name, "window_seconds": window_seconds, "before_seconds": before_seconds}
    return TrialResponses(
        grouped.roi_labels,
        name,
        np.array([values[trial.epoch_number] for trial in trials]),
        np.array([trial.trial_index for trial in trials], np.int64),
        during - before if subtract_before else during,
        before,
        provenance=watch.after(responses.provenance, "trial_responses", asked | {"subtract_before": subtract_before}),
    )


def _mean(trial: ResponseTrial, start: float, stop: float | None) -> Floats:
    inside = trial.time_seconds >= start - TOLERANCE
    if stop is not None:
        inside &= trial.time_seconds < stop - TOLERANCE
    return finite_mean(trial.values[inside], 0)


def _values(
    responses: RecordingResponses | GroupedRoiResponses, parameter: str | Mapping[int, float]
) -> tuple[str, dict[int, float]]:
    """The parameter's name, and its value for each epoch that has one."""
    if not isinstance(parameter, str):
        given = {int(number): float(value) for number, value in parameter.items()}
        return "stimulus", {number: value for number, value in given.items() if np.isfinite(value)}
    if not isinstance(responses, RecordingResponses):
        raise ValueError(f"`parameter`: expected the value of each epoch by its number, found {parameter!r}")
    found = epoch_parameter(responses.recording, parameter)
    baselines = baseline_epochs(responses.epoch_windows, responses.baseline_windows)
    return parameter, {number: value for number, value in found.items() if number not in baselines}


def epoch_parameter(recording: ConvertedRecording, name: str) -> dict[int, float]:
    """A parameter of epochs by their number: as the epochs say, or else the stimulus table.

    Raises
    ------
    ValueError
        If neither knows it, or it changes within an epoch.
    """
    said = {number: each.get(name) for number, each in enumerate(recording.stimulus_parameters, 1)}
    found = {number: float(value) for number, value in said.items() if isinstance(value, (int, float))}
    found = {number: value for number, value in found.items() if np.isfinite(value)}
    if found:
        return found
    column, numbers = recording.stimulus_column(name), recording.stimulus_column("epoch_number")
    if column is None or numbers is None:
        known = sorted({key for each in recording.stimulus_parameters for key in each})
        names = [*known, *recording.stimulus_data_column_names]
        if name in known:
            raise ValueError(f"`parameter`: expected a number of {name!r} in an epoch at least, found none")
        told = f"`parameter`: expected a parameter of epochs or a column of the stimulus table, found {name!r}"
        raise ValueError(told + did_you_mean(name, names))
    for number in np.unique(numbers[np.isfinite(numbers)]).tolist():
        own = np.unique(column[(numbers == number) & np.isfinite(column)])
        if own.size > 1:
            raise ValueError(f"`parameter`: expected one value of {name!r} in epoch {number:g}, found {own.size}")
        if own.size:
            found[int(number)] = float(own[0])
    return found
