"""Responses as CSV tables: trial by trial, and on average."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.storage.frames import write_rows
from lumentrace.twophoton.respond.epochs import epoch_means
from lumentrace.twophoton.respond.region_table import REGION_COLUMNS, RegionResponse
from lumentrace.twophoton.respond.trials import GroupedRoiResponses

Path_ = str | os.PathLike[str]
Floats = NDArray[np.float64]


def write_trials_csv(path: Path_, grouped: GroupedRoiResponses) -> Path:
    """Write a row for each trial and region, a column for each time.

    Raises
    ------
    ValueError
        If two times are the same to a microsecond.
    """
    times = _time_columns(np.unique(np.concatenate([np.round(trial.time_seconds, 9) for trial in grouped.trials])))
    head = ["epoch_number", "epoch_name", "trial_index", "window_index", "roi_label", "start_frame", "stop_frame"]
    return write_rows(path, [*head, "frame_count", *times], _trial_rows(grouped, times))


def _trial_rows(grouped: GroupedRoiResponses, times: list[str]) -> Iterator[list[Any]]:
    for trial in grouped.trials:
        own = [f"time_s_{time:.6f}" for time in trial.time_seconds]
        for region, label in enumerate(grouped.roi_labels):
            values = dict(zip(own, trial.values[:, region].tolist(), strict=True))
            about = [*trial.epoch, trial.trial_index, trial.window_index, label, trial.start_frame, trial.stop_frame]
            yield [*about, len(trial.values), *(_cell(values.get(time)) for time in times)]


def write_grouped_csv(path: Path_, grouped: GroupedRoiResponses) -> Path:
    """Write mean, standard error and number of trials of each epoch and region, a column for each time.

    The standard error is that of `finite_mean_and_sem`, as documented: 0 where there are fewer than two trials.
    """
    every = np.unique(np.concatenate([np.round(trial.time_seconds, 9) for trial in grouped.trials]))
    times = _time_columns(every)
    head = ["epoch_number", "epoch_name", "roi_label", "statistic"]
    return write_rows(path, [*head, *times], _grouped_rows(grouped, times))


def _grouped_rows(grouped: GroupedRoiResponses, times: list[str]) -> Iterator[list[Any]]:
    for epoch in epoch_means(grouped):
        columns = dict(zip([f"time_s_{time:.6f}" for time in epoch.times], range(len(epoch.times)), strict=True))
        for region, label in enumerate(grouped.roi_labels):
            for statistic, table in (("mean", epoch.mean), ("sem", epoch.sem), ("n_trials", epoch.count)):
                none = 0 if statistic == "n_trials" else ""
                cells = [_cell(table[columns[time], region]) if time in columns else none for time in times]
                yield [epoch.number, epoch.name, label, statistic, *cells]


def write_regions_csv(path: Path_, rows: Sequence[RegionResponse]) -> Path:
    """Write the table of regions as reports show it; what is not known is blank, with the reason among the remarks."""
    cells = [
        [
            row.number,
            row.label,
            row.pixels,
            row.used,
            *map(_cell, (row.peak, row.epoch, row.score)),
            "; ".join(row.reasons),
        ]
        for row in rows
    ]
    return write_rows(path, REGION_COLUMNS, cells)


def _time_columns(times: Floats) -> list[str]:
    names = [f"time_s_{time:.6f}" for time in times]
    if len(set(names)) < len(names):
        raise ValueError("expected times that differ by a microsecond at least, found two alike")
    return names


def _cell(value: Any) -> Any:
    return "" if value is None or value != value else value
