"""By how much a background is multiplied before it is taken from a marker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lumentrace.stain.cycles.markers import Marker
from lumentrace.stain.cycles.planes import Channel
from lumentrace.stain.measure.histograms import count
from lumentrace.stain.measure.scale import moffat
from lumentrace.stain.registration.result import Registration

How = Literal["exposure", "estimated"]
HOW: tuple[How, ...] = ("exposure", "estimated")


@dataclass(frozen=True)
class Factor:
    """A factor.

    Attributes
    ----------
    value : float
        What the background is multiplied by.
    error : float
        Its standard error; nan for a ratio of exposures.
    exposures : float
        The ratio of the exposures.
    status : str
        'exposure', or how the fit ended.
    """

    value: float
    error: float
    exposures: float
    status: str


def by_exposure(marker: Marker, background: Marker) -> Factor:
    """The ratio of the exposures."""
    ratio = marker.exposure / background.exposure
    return Factor(ratio, np.nan, ratio, "exposure")


class Estimates:
    """Factors from the pixels themselves; a background that several markers share is read once."""

    def __init__(self) -> None:
        self._held: tuple[Channel, NDArray[Any]] | None = None

    def of(self, marker: Marker, background: Marker, channel: Channel, taken: Channel) -> Factor:
        """The most frequent ratio of a marker to its background, as `stain.subtract` finds it.

        Raises
        ------
        ValueError
            If too few pixels are bright enough in both.
        """
        if self._held is None or self._held[0] is not taken:
            self._held = taken, taken.whole()
        try:
            found = moffat(count(channel.whole(), self._held[1], Registration.identity(channel.shape)))
        except ValueError as error:
            raise ValueError(f"marker {marker.name}, background {background.name}: {error}") from error
        return Factor(found.value, found.error, marker.exposure / background.exposure, found.status)
