"""Ranges of frames."""

from __future__ import annotations


def frame_range(start: int | None, stop: int | None, frames: int) -> tuple[int, int]:
    """First and end frame; None means the ends of the movie.

    Raises
    ------
    ValueError
        Unless 0 <= start < stop <= frames.
    """
    first, end = 0 if start is None else int(start), frames if stop is None else int(stop)
    if not 0 <= first < end <= frames:
        raise ValueError(f"expected a range of frames within 0 to {frames}, found {start} to {stop}")
    return first, end
