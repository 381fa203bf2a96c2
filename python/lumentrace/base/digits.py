"""Whole numbers in words of files and users."""

from __future__ import annotations


def number_of(word: str) -> int | None:
    """The whole number that at most 18 digits from 0 to 9 say; None for other words.

    `str.isdigit` takes superscripts and thousands of digits for numbers too, which `int` refuses.

    Examples
    --------
    >>> from lumentrace.base.digits import number_of
    >>> [number_of(word) for word in ("007", "-1", "²", "9" * 5000)]
    [7, None, None, None]
    """
    return int(word) if word.isascii() and word.isdigit() and len(word) <= 18 else None
