"""What is known about each frame of a stack."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from numbers import Real
from typing import Any


def per_frame(metadata: Iterable[Mapping[str, Any]] | None, frames: int) -> list[dict[str, Any]]:
    """One dictionary per frame, each with a `timestamp` in seconds or None.

    Raises
    ------
    ValueError
        If there are more entries than frames.
    """
    entries = [dict(entry) for entry in metadata or []]
    if len(entries) > frames:
        raise ValueError(f"`frame_metadata`: expected at most {frames} entries, one per frame, found {len(entries)}")
    entries += [{} for _ in range(frames - len(entries))]
    for entry in entries:
        entry["timestamp"] = seconds(entry.get("timestamp"))
    return entries


def seconds(timestamp: Any) -> float | None:
    """A time stamp in seconds: a number, a datetime or an ISO 8601 text; None for anything else."""
    if isinstance(timestamp, bool):
        return None
    if isinstance(timestamp, Real):
        return float(timestamp)
    if isinstance(timestamp, str):
        try:
            timestamp = datetime.fromisoformat(timestamp)
        except ValueError:
            return None
    return timestamp.timestamp() if isinstance(timestamp, datetime) else None


def pixel_size(value: Any) -> float:
    """A size in nm.

    Raises
    ------
    ValueError
        Unless it is a finite number above 0.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value) or value <= 0:
        raise ValueError(f"`pixel_size_nm`: expected a finite number above 0, found {value!r}")
    return float(value)
