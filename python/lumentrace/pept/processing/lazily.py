"""Trajectories that are read batch by batch, as `lumentrace.pept.scan_trajectories` gives them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.polars import pl
from lumentrace.data.points import PointData

Floats = NDArray[np.float64]

BATCH = 2**17
"""Rows of a batch."""
TXYZ = ("t", "x", "y", "z")
LABEL = "label"


def is_lazy(samples: Any) -> bool:
    """Whether `samples` are a LazyFrame; polars is not imported for that."""
    polars = sys.modules.get("polars")
    return polars is not None and isinstance(samples, polars.LazyFrame)


def batches(frame: pl.LazyFrame, columns: Sequence[str]) -> Iterator[Floats]:
    """Rows of some columns, in their order.

    Raises
    ------
    ValueError
        If there is no such column.
    """
    known = frame.collect_schema().names()
    missing = [name for name in columns if name not in known]
    if missing:
        raise ValueError(f"`samples`: expected columns {', '.join(columns)}, found no {missing[0]!r} in {known}")
    chosen = frame.select(pl.col(name).cast(pl.Float64) for name in columns)
    for batch in chosen.collect_batches(chunk_size=BATCH, maintain_order=True):
        yield batch.to_numpy(order="c")


def pieces(frame: pl.LazyFrame, others: Sequence[str | int]) -> Iterator[tuple[list[PointData], bool]]:
    """Pieces of trajectories: rows of one label (of all, without labels) belong together; negative ones are left out.

    Parameters
    ----------
    frame : LazyFrame
        Columns t, x, y, z and `others`, perhaps `label`; each trajectory in order of time.
    others : sequence of str or int
        Names or numbers of more columns.

    Yields
    ------
    pieces : list of PointData
        Each goes on where the last one of its label had its last way, which counts in the next one.
    goes_on : bool
        Whether the last way of each piece comes again.

    Raises
    ------
    ValueError
        If a column is missing, or a trajectory steps back in time.
    """
    known = frame.collect_schema().names()
    names = [*TXYZ, *(name for name in others if name not in TXYZ), *([LABEL] if LABEL in known else [])]
    columns = [str(name) for name in dict.fromkeys(names)] if all(isinstance(name, str) for name in names) else known
    place = columns.index(LABEL) if LABEL in columns else None
    ends: dict[float, Floats] = {}
    for rows in batches(frame, columns):
        found = []
        for label, own in _by_label(rows, place):
            whole = np.concatenate([ends[label], own]) if label in ends else own
            _check_order(label, whole[:, columns.index("t")])
            ends[label] = whole[-2:].copy()
            if len(whole) > 2:
                found.append(PointData(whole, columns=columns))
        yield found, True
    yield [PointData(end, columns=columns) for end in ends.values()], False


def _by_label(rows: Floats, place: int | None) -> Iterator[tuple[float, Floats]]:
    if place is None:
        yield 0.0, rows
        return
    ordered = rows[np.argsort(rows[:, place], kind="stable")]
    labels, starts = np.unique(ordered[:, place], return_index=True)
    for label, own in zip(labels, np.split(ordered, starts[1:]), strict=True):
        if label >= 0:
            yield float(label), own


def _check_order(label: float, times: Floats) -> None:
    back = np.flatnonzero(np.diff(times) < 0)
    if len(back):
        raise ValueError(
            f"`samples`: expected each trajectory in order of time, found {times[back[0] + 1]:g} ms after "
            f"{times[back[0]]:g} ms under label {label:g}"
        )


def corners(frame: pl.LazyFrame, axes: Sequence[str], labelled: bool = True) -> Floats:
    """The least and the largest place (2, D) of all finite ones, shape (0, D) if there is none.

    Parameters
    ----------
    frame : LazyFrame
    axes : sequence of str
    labelled : bool, default True
        Whether those of negative labels are left out.
    """
    finite = pl.all_horizontal(pl.col(axis).cast(pl.Float64).is_finite() for axis in axes)
    own = labelled and LABEL in frame.collect_schema().names()
    kept = frame.filter(finite & (pl.col(LABEL) >= 0) & pl.col(LABEL).is_not_nan() if own else finite)
    ends = kept.select(
        *(pl.col(axis).min().alias(f"{axis} low") for axis in axes), *(pl.col(axis).max() for axis in axes)
    )
    found = ends.collect(engine="streaming").row(0)
    if None in found:
        return np.empty((0, len(axes)))
    return np.array(found, dtype=np.float64).reshape(2, len(axes))
