"""Numbers as readers like them."""

from __future__ import annotations

import math

import numpy as np

THIN = "\u202f"


def spell(value: object, digits: int = 3) -> str:
    """A value as text: whole numbers in groups of three, others with `digits` significant digits.

    Examples
    --------
    >>> spell(1234567).replace(THIN, " ")
    '1 234 567'
    >>> spell(0.123456), spell(0.0)
    ('0.123', '0')
    """
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        return str(value)
    if isinstance(value, (int, np.integer)):
        return f"{int(value):,}".replace(",", THIN)
    number = float(value)
    if number == 0 or not math.isfinite(number):
        return f"{number:g}"
    if not 1e-4 <= abs(number) < 1e7:
        return f"{number:.{digits - 1}e}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(number))))
    return f"{number:,.{decimals}f}".replace(",", THIN)


def bar_length(wide: float) -> float:
    """The length of a scale bar: 1, 2 or 5 times a power of ten, and at most a quarter of a width.

    Examples
    --------
    >>> bar_length(150.0)
    20.0
    """
    most = wide / 4
    power = 10.0 ** math.floor(math.log10(most))
    return power * max(step for step in (1, 2, 5) if step * power <= most * (1 + 1e-12))


def drawn(shown: int, total: int, what: str) -> str:
    """A sentence part that tells how much of the data a figure shows.

    Examples
    --------
    >>> drawn(20_000, 1_000_000, "points").replace(THIN, " ")
    '1 in 50 of 1 000 000 points drawn'
    """
    if shown >= total:
        return f"all {spell(total)} {what} drawn"
    ratio = total / shown
    return (
        f"1 in {ratio:.0f} of {spell(total)} {what} drawn"
        if ratio >= 9.5
        else (f"1 in {ratio:.1f} of {spell(total)} {what} drawn".replace(".0 of", " of"))
    )


def missing(value: object) -> bool:
    """Whether a value is None or NaN."""
    return value is None or (isinstance(value, (float, np.floating)) and math.isnan(value))
