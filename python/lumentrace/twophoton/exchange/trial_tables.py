"""Trials as a long table, for other programs: a row for each trial, region and frame."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from lumentrace import __version__
from lumentrace.base.documents import check_columns, regular
from lumentrace.base.errors import FormatError, shown
from lumentrace.base.json_text import json_text
from lumentrace.base.polars import pl
from lumentrace.base.provenance import environment, plain
from lumentrace.storage.frames import each_text, unquoted, write_csv_table
from lumentrace.storage.parquet_check import check as check_parquet
from lumentrace.storage.sink import replaced_through_sink
from lumentrace.storage.tables import METADATA_KEY
from lumentrace.twophoton.respond.responses import RecordingResponses
from lumentrace.twophoton.respond.trials import GroupedRoiResponses, ResponseTrial

SCHEMA = 1
KIND = "trials"
COLUMNS = {
    "epoch_number": pl.Int64,
    "epoch_name": pl.String,
    "trial_index": pl.Int64,
    "window_index": pl.Int64,
    "roi_label": pl.String,
    "frame": pl.Int64,
    "time_s": pl.Float64,
    "dff": pl.Float64,
}
UNITS = {"frame": "1", "time_s": "s", "dff": "1"}

Path_ = str | os.PathLike[str]


def trials_table(responses: RecordingResponses | GroupedRoiResponses) -> pl.DataFrame:
    """All trials as a long table.

    Parameters
    ----------
    responses : RecordingResponses or GroupedRoiResponses

    Returns
    -------
    polars.DataFrame
        A row for each trial, region and frame, in this order: ``epoch_number``, ``epoch_name``, ``trial_index`` (from 1
        on in each epoch), ``window_index``, ``roi_label``, ``frame``, ``time_s`` (seconds from the start of the epoch)
        and ``dff`` (NaN where there is none).

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> from lumentrace.twophoton.respond.trials import ResponseTrial
    >>> frames = np.arange(3, 5)
    >>> trial = ResponseTrial(2, "odour", 1, 0, 3, 5, frames, (frames - 3) / 10, np.array([[0.1, 0.3], [0.2, 0.4]]))
    >>> twophoton.trials_table(twophoton.GroupedRoiResponses(("a", "b"), 10.0, (trial,))).rows()[1:3]
    [(2, 'odour', 1, 0, 'a', 4, 0.1, 0.2), (2, 'odour', 1, 0, 'b', 3, 0.0, 0.3)]
    """
    grouped = _grouped(responses)
    parts = [_of_trial(trial, grouped.roi_labels) for trial in grouped.trials]
    return pl.concat([pl.DataFrame(schema=COLUMNS), *parts])


def save_trials_table(path: Path_, responses: RecordingResponses | GroupedRoiResponses) -> Path:
    """Write all trials as a long table; the file appears whole or not at all.

    Parameters
    ----------
    path : path
        ``.parquet``, with units and how the trials were made in the metadata of the file (key ``lumentrace``, as JSON);
        or ``.csv``, rows only. Both read back to the same numbers.
    responses : RecordingResponses or GroupedRoiResponses

    Raises
    ------
    ValueError
        If the name ends otherwise.
    OSError
        If the file cannot be written.
    """
    place = Path(path).expanduser()
    table, parquet = trials_table(responses), _is_parquet(place)
    place.parent.mkdir(parents=True, exist_ok=True)
    with replaced_through_sink(place) as file:
        if parquet:
            metadata = {METADATA_KEY: json_text(record(responses, KIND, UNITS), ensure_ascii=False)}
            table.write_parquet(file, metadata=metadata)
        else:
            write_csv_table(file, table)
    return place


def load_trials_table(path: Path_) -> pl.DataFrame:
    """Read a table that `save_trials_table` wrote, as `trials_table` gives it.

    Raises
    ------
    FormatError
        If the file is damaged or something else.
    ValueError
        If its name ends neither in .parquet nor in .csv.
    OSError
        If it cannot be read.
    """
    place = Path(path).expanduser()
    parquet = _is_parquet(place)
    with regular(place).open("rb") as file:
        try:
            if parquet:
                check_parquet(file)
            else:
                check_columns(place, file.readline().count(b",") + 1)
                file.seek(0)
            found = pl.read_parquet(file) if parquet else pl.read_csv(file, schema_overrides=COLUMNS)
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            raise FormatError(f"{place}: expected a table of trials, found something else ({error})") from error
    if dict(found.schema) != COLUMNS:
        raise FormatError(f"{place}: expected columns {', '.join(COLUMNS)}, found {shown(found.columns)}")
    return found if parquet else each_text(found, unquoted)


def _grouped(responses: RecordingResponses | GroupedRoiResponses) -> GroupedRoiResponses:
    return responses.grouped_responses if isinstance(responses, RecordingResponses) else responses


def _of_trial(trial: ResponseTrial, labels: tuple[str, ...]) -> pl.DataFrame:
    frames, regions = trial.values.shape
    columns = {
        "roi_label": np.repeat(np.array(labels, dtype=object), frames),
        "frame": np.tile(trial.frame_numbers, regions),
        "time_s": np.tile(trial.time_seconds, regions),
        "dff": trial.values.T.ravel(),
    }
    about = {name: getattr(trial, name) for name in COLUMNS if name not in columns}
    fixed = [pl.lit(value, COLUMNS[name]).alias(name) for name, value in about.items()]
    return pl.DataFrame(columns, schema_overrides={name: COLUMNS[name] for name in columns}).select(*fixed, *columns)


def _is_parquet(path: Path) -> bool:
    if path.suffix.lower() not in (".parquet", ".csv"):
        raise ValueError(f"{path}: expected a name that ends in .parquet or .csv")
    return path.suffix.lower() == ".parquet"


def record(responses: RecordingResponses | GroupedRoiResponses, kind: str, units: dict[str, str]) -> dict[str, Any]:
    """Units, and how a table of responses was made as far as that is known."""
    grouped = _grouped(responses)
    steps: dict[str, Any] = {
        "responses": {
            "data_rate_hz": grouped.data_rate_hz,
            "pre_window_seconds": grouped.pre_window_seconds,
            "post_window_seconds": grouped.post_window_seconds,
        }
    }
    source = None
    if isinstance(responses, RecordingResponses):
        recording, timing = responses.recording, responses.timing
        source = {"path": str(recording.path), "source_session_dir": recording.source_session_dir}
        steps["traces"] = {"method": responses.traces.method, **responses.traces.metadata}
        steps["dff"] = {"tau": responses.dff.tau, **responses.dff.metadata}
        steps["timing"] = {"source": "given"} if timing is None else {"source": timing.source, **timing.metadata}
        steps["processing"] = repr(responses.response_processing_options)
    return {
        "schema": SCHEMA,
        "version": __version__,
        "type": kind,
        "units": units,
        "provenance": {"input": source, "environment": environment(), "steps": plain(steps)},
        "history": responses.provenance.to_dict(),
    }
