"""A slider of time below a figure."""

from __future__ import annotations

from dataclasses import dataclass

from .cells import escaped


@dataclass(frozen=True)
class Times:
    """A slider of time below a figure, whose `timed` traces then show where things were.

    Attributes
    ----------
    start, end : float
    tail : float
        How much of the time before is shown.
    unit : str
    """

    start: float
    end: float
    tail: float
    unit: str


def slider(times: Times) -> str:
    """HTML of the slider; `report.js` moves it."""
    unit = escaped(times.unit)
    return (
        f'<div class="slider times" data-tail="{times.tail!r}" data-unit="{unit}"><button type="button">all</button>'
        f'<input type="range" min="{times.start!r}" max="{times.end!r}" value="{times.end!r}" step="any" '
        f'aria-label="time ({unit})"><output>all times</output></div>'
    )
