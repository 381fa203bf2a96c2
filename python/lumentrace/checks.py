"""Checks of settings."""

from __future__ import annotations

import operator
from typing import Any

MOST = 1 << 30


def whole(name: str, value: Any, least: int, most: int = MOST) -> int:
    """A whole number in a range.

    Raises
    ------
    ValueError
        If it is not; the message names it.
    """
    try:
        found = operator.index(value)
    except TypeError:
        found = least - 1
    if isinstance(value, bool) or not least <= found <= most:
        until = f" to {most}" if most < MOST else " on"
        raise ValueError(f"`{name}`: expected a whole number from {least}{until}, found {value!r}")
    return found
