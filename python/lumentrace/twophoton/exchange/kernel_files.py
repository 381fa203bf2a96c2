"""Kernels on disk: HDF5 with everything, CSV to look at."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from lumentrace.base.files import replacing
from lumentrace.base.json_text import json_text
from lumentrace.base.polars import pl
from lumentrace.storage.frames import write_csv_table
from lumentrace.storage.hdf5 import check_format, opened, written
from lumentrace.twophoton.history import read_history, write_history
from lumentrace.twophoton.respond.kernels import StimulusKernels

FORMAT = "lumentrace-stimulus-kernels"
STREAMS = ("ipsilateral", "contralateral", "contrast")
ARRAYS = ("time_seconds", *STREAMS, "raw_left", "raw_right", "response_sample_counts")

Path_ = str | os.PathLike[str]


def save_stimulus_kernels(path: Path_, kernels: StimulusKernels) -> Path:
    """Write kernels as HDF5; the file appears whole or not at all."""
    place = Path(path).expanduser()
    place.parent.mkdir(parents=True, exist_ok=True)
    with replacing(place) as file:
        write_kernels(file, kernels)
    return place


def write_kernels(file: BinaryIO, kernels: StimulusKernels) -> None:
    """Write kernels into an open file."""
    values = {name: value for name, value in vars(kernels).items() if name != "provenance"}
    with written(file) as h5:
        write_history(h5, kernels.provenance)
        h5.attrs["lumentrace_format"] = FORMAT
        h5.attrs["about"] = json_text({name: value for name, value in values.items() if name not in ARRAYS})
        for name in ARRAYS:
            if values[name] is not None:
                h5[name] = values[name]


def load_stimulus_kernels(path: Path_) -> StimulusKernels:
    """Read kernels that `save_stimulus_kernels` wrote.

    Raises
    ------
    FormatError
        If the file is something else or damaged.
    """
    place = Path(path).expanduser()
    with opened(place, "kernels") as h5:
        return read_kernels(place, h5)


def read_kernels(place: Path, h5: Any) -> StimulusKernels:
    """Kernels in an open file."""
    check_format(place, h5, FORMAT)
    about = {name: _tuples(value) for name, value in json.loads(h5.attrs["about"]).items()}
    arrays: dict[str, Any] = {name: h5[name][()] if name in h5 else None for name in ARRAYS}
    return StimulusKernels(**about, **arrays, provenance=read_history(h5, {}))


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def write_kernels_csv(path: Path_, kernels: StimulusKernels) -> Path:
    """Write a row for each epoch, region and antenna (or the contrast), a column for each time."""
    times = [f"time_s_{time:.6f}" for time in kernels.time_seconds]
    parts = []
    for stream in STREAMS:
        values = getattr(kernels, stream)
        if values is None:
            continue
        for epoch, name in enumerate(kernels.epoch_names):
            size = len(kernels.roi_labels)
            head = {"epoch_name": [name] * size, "roi_label": list(kernels.roi_labels), "stream": [stream] * size}
            parts.append(pl.DataFrame(head).hstack(pl.DataFrame(np.asarray(values[epoch]), schema=times)))
    place = Path(path).expanduser()
    place.parent.mkdir(parents=True, exist_ok=True)
    with replacing(place) as file:
        write_csv_table(file, pl.concat(parts))
    return place
