"""Limits for files of unknown origin, all of which a user raises by one number."""

from __future__ import annotations

import os

FACTOR = "LUMENTRACE_LIMITS"
"""The variable of the environment that holds how many times the limits are raised."""


class LimitsError(ValueError):
    """What `FACTOR` holds is no number: an error of the environment, and of no file."""


def raised(limit: int) -> int:
    """A limit, times the number in `FACTOR` if there is one.

    Raises
    ------
    LimitsError
        If it is no number from 1 on.

    Examples
    --------
    >>> import os
    >>> from lumentrace.base.limits import raised
    >>> os.environ["LUMENTRACE_LIMITS"] = "4"
    >>> raised(100)
    400
    >>> del os.environ["LUMENTRACE_LIMITS"]
    """
    text = os.environ.get(FACTOR, "1")
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 1 <= factor < 2**40:
        raise LimitsError(f"{FACTOR}: expected a number from 1 on, found {text!r}")
    return int(limit * factor)


def raised_seconds(limit: float) -> float:
    """The same of a time.

    Raises
    ------
    LimitsError
        If the number in `FACTOR` is none from 1 on.

    Examples
    --------
    >>> from lumentrace.base.limits import raised_seconds
    >>> raised_seconds(0.5)
    0.5
    """
    return raised(1000) / 1000 * limit
