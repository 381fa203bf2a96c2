"""Spans of a long list of lines: where they are cut, and how trajectories go on from one to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base import mapping

Floats = NDArray[np.float64]

PLACE, SIGMA, LABEL = slice(1, 4), slice(7, 10), 14
"""Columns of locations: x, y, z, their uncertainties, and the label."""
MATRIX = [[7, 10, 11], [10, 8, 12], [11, 12, 9]]
"""Columns of the covariance matrix of a location; on its diagonal are the uncertainties."""
GATE = 12.0
"""Mean squared Mahalanobis distance from which two trajectories are not of one tracer; two that are have about 3."""
GAP = 10.0
"""Two locations further apart than so many times the median interval have a gap between them."""
SUMS = {"jumps", "evidence"}
"""What is added up over spans."""


@dataclass(frozen=True)
class Spans:
    """How a list of lines is cut.

    Parameters
    ----------
    length : int
        Lines of a span, about: all spans of a list have the same number, give or take one.
    overlap : int
        Lines on either side of a cut that both spans have.
    """

    length: int = 1_000_000
    overlap: int = 20_000

    def cuts(self, count: int) -> list[int]:
        """The first row after each cut of so many lines: none of fewer than one and a half spans."""
        spans = max(1, round(count / self.length))
        return [count * number // spans for number in range(1, spans)]

    def ranges(self, count: int) -> NDArray[np.int64]:
        """First and last (exclusive) row of each span, shape (spans, 2)."""
        cuts = self.cuts(count)
        starts, ends = [0, *(cut - self.overlap for cut in cuts)], [*(cut + self.overlap for cut in cuts), count]
        return np.stack([starts, ends], axis=1).astype(np.int64)

    def edges(self, times: Floats) -> Floats:
        """The time from which on each span counts, and the end of the last; -inf and inf at the ends.

        Parameters
        ----------
        times : (N,) array
            Of all lines; may be on a mapped file.

        Returns
        -------
        (spans + 1,) array
            In between, the median time of the lines that two spans share.

        Raises
        ------
        ValueError
            If a line is out of order by more than a span.
        """
        cuts = self.cuts(len(times))
        edges = np.array([-np.inf, *(self._middle(times, cut) for cut in cuts), np.inf])
        for first, end, low, high in self._stretches(len(times), edges):
            _check_order(times, first, end, low, high)
        return edges

    def _middle(self, times: Floats, cut: int) -> float:
        """The median time around a cut; if none is finite there, the first that follows."""
        for start in range(cut - self.overlap, len(times), 2 * self.overlap):
            block = np.array(times[start : start + 2 * self.overlap])
            mapping.release(times)
            known = block[np.isfinite(block)]
            if len(known):
                return float(np.median(known) if start < cut else known.min())
        return np.inf

    def _stretches(self, count: int, edges: Floats) -> Iterator[tuple[int, int, float, float]]:
        """Stretches of rows with the earliest and the latest time that is in order there."""
        ends = [0, *self.cuts(count), count]
        for span, (first, end) in enumerate(pairwise(ends)):
            low, high = float(edges[span]), float(edges[span + 1])
            head, tail = first + self.overlap * (first > 0), end - self.overlap * (end < count)
            yield head, tail, low, high
            if end < count:
                yield tail, end + self.overlap, low, float(edges[span + 2])


def _check_order(times: Floats, first: int, end: int, low: float, high: float) -> None:
    block = np.array(times[first:end])
    mapping.release(times)
    wrong = np.flatnonzero((block < low) | (block > high))
    if len(wrong):
        row = int(wrong[0])
        raise ValueError(
            f"row {first + row}: expected a time from {low:.10g} to {high:.10g} ms, as the rows around it have, found "
            f"{block[row]:.10g} ms; sort lines by their time before they are tracked"
        )


def join(spans: Iterable[Floats], edges: Floats, kept: Callable[[Floats], None]) -> list[dict[int, int]]:
    """Hand on the locations that count of each span, with labels that go on from span to span.

    Parameters
    ----------
    spans : iterable of (N, 15) array
        Locations of each span, in order of time, with labels of the span's own.
    edges : (spans + 1,) array
        Times between which the locations of each span count.
    kept : callable
        Takes those of each span, in order.

    Returns
    -------
    list of dict
        For each span, from its labels to those of all: 0, 1, ... in order of first appearance. Labels without a
        location that counts are missing.
    """
    names: list[dict[int, int]] = []
    numbers: dict[int, int] = {}
    last, tracks, found = np.empty((0, LABEL + 1)), dict[int, int](), 0
    for rows, (start, end) in zip(spans, pairwise(edges), strict=True):
        known, before = matched(last, rows, start), tracks
        tracks = {}
        for label in _labels(rows):
            tracks[label] = before[known[label]] if label in known else found
            found += label not in known
        own = rows[(rows[:, 0] >= start) & (rows[:, 0] < end)].copy()
        names.append({label: numbers.setdefault(tracks[label], len(numbers)) for label in _labels(own)})
        own[:, LABEL] = [names[-1][int(label)] for label in own[:, LABEL]]
        kept(own)
        last = rows
    return names


def matched(before: Floats, after: Floats, edge: float = np.nan) -> dict[int, int]:
    """Which label of one span is which of the span before, by how well their locations agree where both have some.

    Where tracers pass close by, one of the spans may take each for the other from there on, so that no two trajectories
    agree at all times. Those that are left are matched by how well they agree just before the `edge`, the time at which
    the second span takes over.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.pept.tracking.spans import matched
    >>> t = np.repeat(np.arange(10.0), 2)
    >>> label = np.tile([0, 1], 10)
    >>> rows = np.zeros((20, 15))
    >>> rows[:, 0], rows[:, 1], rows[:, 7:10], rows[:, 14] = t, 5 * label, 0.1, label
    >>> swapped = rows.copy()
    >>> swapped[:, 14] = 1 - label
    >>> matched(rows, swapped)
    {1: 0, 0: 1}
    """
    old, new = _labels(before), _labels(after)
    known = _paired(before, after, old, new, disagreement)
    if np.isfinite(edge):
        rest = [label for label in old if label not in known.values()], [label for label in new if label not in known]
        known |= _paired(before, after, *rest, partial(handover, edge=edge))
    return known


def _paired(
    before: Floats, after: Floats, old: list[int], new: list[int], distance: Callable[[Floats, Floats], float]
) -> dict[int, int]:
    """From labels after to labels before: the pairs with the least sum of distances, if below `GATE`."""
    from scipy.optimize import linear_sum_assignment

    if not old or not new:
        return {}
    distances = np.array([[distance(_of(before, one), _of(after, two)) for two in new] for one in old])
    pairs = zip(*linear_sum_assignment(np.minimum(distances, GATE)), strict=True)
    return {new[two]: old[one] for one, two in pairs if distances[one, two] < GATE}


def disagreement(one: Floats, other: Floats) -> float:
    """Mean squared Mahalanobis distance of two trajectories at the times of one; inf if they have no time in common.

    Parameters
    ----------
    one, other : (N, 15) array
        In order of time. Between its locations, unless there is a gap, the other one is taken as straight.
    """
    _, squares = _squares(one, other)
    return float(squares.mean()) if len(squares) else np.inf


def handover(one: Floats, other: Floats, edge: float) -> float:
    """Median squared Mahalanobis distance in the later two thirds of the time before `edge` that trajectories share.

    Parameters
    ----------
    one, other : (N, 15) array
        As of `disagreement`.
    edge : float
        Time in ms.
    """
    times, squares = _squares(one, other)
    first = times.min() if len(times) else edge
    late = (times >= (2 * first + edge) / 3) & (times < edge)
    return float(np.median(squares[late])) if late.any() else np.inf


def _squares(one: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Times of `one` at which the other is known, and squared Mahalanobis distances there."""
    if len(other) < 2:
        return np.empty(0), np.empty(0)
    after = np.searchsorted(other[:, 0], one[:, 0], side="right")
    inside = (after > 0) & (after < len(other))
    one, after = one[inside], after[inside]
    begin, end = other[after - 1], other[after]
    steps = (end - begin)[:, 0]
    near = steps <= GAP * np.median(np.diff(other[:, 0]))
    if not near.any():
        return np.empty(0), np.empty(0)
    share = ((one[:, 0] - begin[:, 0]) / steps)[near, None]
    there = (1 - share) * _moments(begin[near]) + share * _moments(end[near])
    difference, covariance = (there - _moments(one[near]))[:, :3], (there + _moments(one[near]))[:, 3:]
    solved = np.linalg.solve(covariance.reshape(-1, 3, 3), difference[:, :, None])[:, :, 0]
    return one[near, 0], (difference * solved).sum(axis=1)


def _moments(rows: Floats) -> Floats:
    """Position and covariance matrix, row by row: (N, 12)."""
    variances = rows.copy()
    variances[:, SIGMA] **= 2
    return np.column_stack([rows[:, PLACE], variances[:, np.ravel(MATRIX)]])


def _labels(rows: Floats) -> list[int]:
    return [int(label) for label in np.unique(rows[:, LABEL])]


def _of(rows: Floats, label: int) -> Floats:
    return np.asarray(rows[rows[:, LABEL] == label])


def combined(spans: Sequence[dict[str, Any]], names: Sequence[dict[int, int]], lines: Sequence[int]) -> dict[str, Any]:
    """What is known of the tracers of all spans, in the form of one span.

    The activity is the share of all lines; jumps and evidence are added up, so that those of shared lines count twice;
    everything else is a mean weighted by the lines of the tracer.

    Parameters
    ----------
    spans : sequence of dict
        What is known in each.
    names : sequence of dict
        As of `join`.
    lines : sequence of int
        Lines of each span.
    """
    if len(spans) == 1:
        return spans[0]
    entries: dict[int, list[tuple[dict[str, Any], float]]] = {}
    for span, name, count in zip(spans, names, lines, strict=True):
        for tracer in span["tracers"]:
            if tracer["label"] in name:
                weight = tracer["activity"] * count
                entries.setdefault(name[tracer["label"]], []).append((tracer, weight))
    return {
        "tracers": [merged(label, entries[label], sum(lines)) for label in sorted(entries)],
        "explained": float(np.average([span["explained"] for span in spans], weights=lines)),
        "unused": sum(span["unused"] for span in spans),
        "passes": max(span["passes"] for span in spans),
        "settled": all(span["settled"] for span in spans),
    }


def merged(label: int, entries: Sequence[tuple[Mapping[str, Any], float]], lines: float) -> dict[str, Any]:
    """What is known of one tracer, each time with so many lines of its own, out of all lines; see `combined`."""
    weights = [weight for _, weight in entries]
    order = max(entries, key=lambda entry: entry[1])[0]["order"]
    # Noise of another order has another unit.
    alike = [(tracer, weight) for tracer, weight in entries if tracer["order"] == order]

    def value(name: str) -> Any:
        if name in SUMS:
            return sum(tracer[name] for tracer, _ in entries)
        chosen = alike if name == "noise" else entries
        return np.average([tracer[name] for tracer, _ in chosen], axis=0, weights=[each[1] for each in chosen]).tolist()

    own = {"label": label, "activity": sum(weights) / lines, "order": order}
    return {name: own[name] if name in own else value(name) for name in entries[0][0]}
