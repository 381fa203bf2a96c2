"""What belongs to the same thing (a region, a track, a spot) in figures and tables, to be marked together."""

from __future__ import annotations

from collections.abc import Sequence

from lumentrace.base.arrays import AnyArray


def identity(kind: str, number: float | str) -> str:
    """The name by which rows, shapes and traces know a thing.

    Examples
    --------
    >>> identity("region", 3.0)
    'region-3'
    """
    return f"{kind}-{number:g}" if isinstance(number, float) else f"{kind}-{number}"


def whole(kind: str, number: float | str) -> dict[str, object]:
    """Settings of a trace that shows one thing."""
    return {"meta": {"id": identity(kind, number)}}


def timed(kind: str, number: float | str, times: AnyArray) -> dict[str, object]:
    """Settings of a trace that shows one thing, with the time of each point for a slider."""
    return {"meta": {"id": identity(kind, number), "timed": True}, "customdata": times}


def each(kind: str, numbers: AnyArray | Sequence[int]) -> dict[str, object]:
    """Settings of a trace with a thing at each point; a heat map has one for each row."""
    return {"meta": {"kind": kind}, "customdata": numbers}
