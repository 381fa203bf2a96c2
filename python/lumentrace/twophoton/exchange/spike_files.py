"""Events on disk."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, BinaryIO

from lumentrace.base.errors import FormatError
from lumentrace.base.files import replacing
from lumentrace.base.json_text import json_text
from lumentrace.storage.hdf5 import attribute, check_format, check_size, opened, written
from lumentrace.twophoton.history import read_history, write_history
from lumentrace.twophoton.measure.spikes import Spikes

FORMAT = "lumentrace-spikes"
EACH = ("baseline", "sigma", "penalty")
"""Arrays with a number for each region."""
TOLD = ("fitted", "reasons", "notes")
"""Texts."""

Path_ = str | os.PathLike[str]


def save_spikes(path: Path_, spikes: Spikes) -> Path:
    """Write events as HDF5; the file appears whole or not at all.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> traces = np.random.default_rng(0).normal(0, 1, (100, 2))
    >>> found = twophoton.deconvolve(traces, rate_hz=30.0, tau=0.5)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = twophoton.load_spikes(twophoton.save_spikes(f"{folder}/spikes.h5", found))
    >>> np.array_equal(again.spikes, found.spikes), again.tau.shape
    (True, (2, 1))
    """
    place = Path(path).expanduser()
    place.parent.mkdir(parents=True, exist_ok=True)
    with replacing(place) as file:
        write_spikes(file, spikes)
    return place


def write_spikes(file: BinaryIO, spikes: Spikes) -> None:
    """Write events into an open file."""
    with written(file) as h5:
        write_history(h5, spikes.provenance)
        h5.attrs["lumentrace_format"] = FORMAT
        h5.attrs["rate_hz"], h5.attrs["s_min"] = spikes.rate_hz, spikes.s_min
        h5.attrs["about"] = json_text({name: getattr(spikes, name) for name in TOLD})
        # A trace is written in one piece, as it lies in memory.
        h5.create_dataset("spikes", data=spikes.spikes.T, compression="gzip", compression_opts=1)
        for name in (*EACH, "tau"):
            h5[name] = getattr(spikes, name)


def load_spikes(path: Path_) -> Spikes:
    """Read events that `save_spikes` wrote.

    Raises
    ------
    FormatError
        If the file is something else or damaged.
    OSError
        If it cannot be read.
    """
    place = Path(path).expanduser()
    with opened(place, "events of traces") as h5:
        return read_spikes(place, h5)


def read_spikes(place: Path, h5: Any) -> Spikes:
    """Events in an open file."""
    check_format(place, h5, FORMAT)
    check_size(place, h5["spikes"])
    events, tau = h5["spikes"][()], h5["tau"][()]
    baseline, sigma, penalty = (h5[name][()] for name in EACH)
    about = json.loads(h5.attrs["about"])
    fitted, reasons, notes = (tuple(map(str, about[name])) for name in TOLD)
    fits = events.ndim == 2 and events.dtype.kind == "f" and tau.ndim == 2 and tau.shape[1] in (1, 2)
    if not fits or {len(reasons), len(notes), *map(len, (tau, baseline, sigma, penalty))} != {len(events)}:
        raise FormatError(f"{place}: expected numbers for each of {len(events)} traces, found others")
    rate, s_min = (float(attribute(h5, name)) for name in ("rate_hz", "s_min"))
    return Spikes(
        events.T,
        baseline,
        sigma,
        penalty,
        tau,
        rate,
        s_min,
        fitted,
        reasons,
        notes,
        provenance=read_history(h5, {}),
    )
