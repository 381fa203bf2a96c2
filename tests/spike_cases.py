"""Calcium traces with known events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Array = NDArray[Any]


@dataclass(frozen=True)
class Planted:
    """Traces (frames, regions) and what is in them."""

    traces: Array
    events: Array
    calcium: Array


def planted(
    frames: int,
    regions: int,
    *,
    rate_hz: float = 30.0,
    tau: tuple[float, ...] = (0.5,),
    events_hz: float = 0.5,
    noise: float = 0.3,
    baseline: float = 2.0,
    seed: int = 0,
) -> Planted:
    """Poisson events of size 1, calcium with a decay (and a rise) in seconds, a baseline, white noise."""
    random = np.random.default_rng(seed)
    events = random.poisson(events_hz / rate_hz, (frames, regions)).astype(float)
    decay, rise = (*np.exp(-1 / (np.array(tau) * rate_hz)), 0.0)[:2]
    calcium = lfilter([1.0], [1.0, -(decay + rise), decay * rise], events, axis=0)
    return Planted(baseline + calcium + random.normal(0, noise, calcium.shape), events, calcium)
