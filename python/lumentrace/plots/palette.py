"""Colours of figures."""

from __future__ import annotations

from lumentrace.base.palette import NEUTRAL as NEUTRAL
from lumentrace.base.palette import PALETTE as PALETTE


def translucent(colour: str, alpha: float) -> str:
    """A ``#RRGGBB`` colour as a CSS ``rgba()`` value.

    Examples
    --------
    >>> translucent("#0072B2", 0.5)
    'rgba(0, 114, 178, 0.5)'
    """
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {alpha:g})"
