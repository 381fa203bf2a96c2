"""dF/F as a long table: a row for each region and frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lumentrace.base.json_text import json_text
from lumentrace.base.polars import pl
from lumentrace.storage.sink import replaced_through_sink
from lumentrace.storage.tables import METADATA_KEY
from lumentrace.twophoton.exchange.trial_tables import record
from lumentrace.twophoton.respond.responses import RecordingResponses

UNITS = {"frame": "1", "time_s": "s", "dff": "1"}


def dff_table(responses: RecordingResponses) -> pl.DataFrame:
    """dF/F of all regions.

    Parameters
    ----------
    responses : RecordingResponses

    Returns
    -------
    polars.DataFrame
        A row for each region and frame, in this order: ``roi_label``, ``frame`` (from 0 on), ``time_s`` (seconds from
        the start of the first frame) and ``dff`` (NaN where there is none).
    """
    dff = responses.dff
    frames, regions = dff.values.shape
    numbers = np.arange(dff.start_frame, dff.start_frame + frames, dtype=np.int64)
    return pl.DataFrame(
        {
            "roi_label": pl.Series(np.repeat(np.array(dff.labels, dtype=object), frames), dtype=pl.String),
            "frame": np.tile(numbers, regions),
            "time_s": np.tile(numbers / responses.grouped_responses.data_rate_hz, regions),
            "dff": dff.values.T.ravel(),
        }
    )


def save_dff_table(path: Path, responses: RecordingResponses) -> Path:
    """Write it as Parquet, with units and how it was made in the metadata of the file (key ``lumentrace``, as JSON)."""
    metadata = {METADATA_KEY: json_text(record(responses, "dff", UNITS), ensure_ascii=False)}
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced_through_sink(path) as file:
        dff_table(responses).write_parquet(file, metadata=metadata)
    return path
