"""Trajectories from one model of all lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace import _core
from lumentrace.base import mapping
from lumentrace.data.lines import LineData
from lumentrace.data.points import PointData
from lumentrace.engine import executors
from lumentrace.engine.samples.parted import Listener, PartedReducer, Parts, listener
from lumentrace.engine.samples.transformer import LineDataFilter
from lumentrace.pept.tracking.line_stream import SETTLED, LaggedTracker, located, updates
from lumentrace.pept.tracking.locations import COLUMNS, UNITS, table
from lumentrace.pept.tracking.spans import Spans, combined, join
from lumentrace.pept.tracking.stack import Stack
from lumentrace.pept.tracking.update import Update
from lumentrace.pept.utilities.row_table import RowTable

LIMIT = 16 * 2**20
"""Bytes of locations from which they move to a temporary file."""

LONGEST_LAG = 60_000.0
"""ms."""
MOST = 1_000_000
"""Tracers at a time that nobody has."""


class LineTracker(PartedReducer):
    """Follow tracers through all lines at once: positions, velocities and their uncertainties.

    Lines are not cut into samples and no two of them are paired: what is known of a tracer at one time is used at all
    others, so that locations are near the best that the lines allow, with noise of 90 % and tracers that pass close by.

    Parameters
    ----------
    tracers : int, optional
        The most tracers there may be at a time, at least 1. By default, as many as the lines tell of.
    every : float or (N,) array_like, optional
        Time between locations in ms, or the times of all of them in ascending order. By default, a tracer has a
        location for about 12 lines of its own. There is none before a tracer is seen, after it is gone, and in gaps
        between lines.
    lag : float or 'settled', optional
        Time in ms from a line to the location that it tells for good, as `stream` has it; 'settled' is as long as later
        lines change a location by more than a tenth of its uncertainty. By default all lines are used for all
        locations.

    Raises
    ------
    TypeError
        If `tracers` is no number.
    ValueError
        If `tracers` is no whole number from 1, `every` is no time above 0 and no list of times in order, or `lag` is no
        time from 0 to 60 000 ms; if there is a lag and a list of times.

    Notes
    -----
    A tracer has a position and a velocity; white noise of acceleration pushes it, and at times a sudden jump of the
    velocity. Or it also has an acceleration that white noise changes; for each tracer, the likelier of the two is
    taken. A line of it passes its position at the line's own time, and in the plane across the line misses it by a
    distance from a mixture of two normal distributions. Every other line is background of even density. The
    probability that a line is a tracer's is the density of that distance over the sum of all tracers' and the
    background's. Weighted by it, the line is information on the position across its direction: the identity less the
    direction's outer product, over the square of the blur. A Kalman filter forward and a smoother back [1]_ give
    positions, velocities and covariances; expectation-maximisation [2]_ repeats this with the blur, the activities,
    the background and the noise of the motion that make the lines most likely.

    The result is one sample, in order of time, with columns ``t, x, y, z`` (ms, mm), the velocity ``vx, vy, vz``
    (mm/ms), the standard uncertainties of the position ``sigma_x, sigma_y, sigma_z`` (mm) and its covariances
    ``cov_xy, cov_xz, cov_yz`` (mm²), the `rate` of the tracer's lines (lines/ms), and `label`: 0, 1, ... Its attribute
    `tracker` has for each tracer the two widths of the blur (mm) and the share of the wide one, the activity as a
    share of all lines, the background, the noise of the motion (mm²/ms³, or mm²/ms⁵ if its `order` is "acceleration"),
    the number of jumps and the evidence; and the share of the lines that is `explained`, how many lines were `unused`,
    the number of passes and whether they settled. Where there is no tracer, the result has no rows.

    The blur is looked for between 0.4 and 20 mm. Two tracers that are never further apart than one and a half times
    the blur are taken for one. Lines of a clock so coarse that many have the same time are spread over its ticks.
    A tracer that is out of view for long gets a new label, so that there may be more labels than `tracers`.

    From 1.5 million lines on, the list is cut into spans of about a million, each tracked on its own, so that blur,
    activities and noise follow slow changes and memory stays bounded. Neighbours share 40 000 lines; there,
    trajectories go on in the next span under the same label if the mean squared Mahalanobis distance of their locations
    is below 12, in the pairing with the least sum (Hungarian method). Where tracers pass close by in the shared lines,
    one span may take each for the other from there on; trajectories that are left are then paired by the median of
    these distances just before the later span takes over. The locations of a span count up to the median
    time of the lines that it shares. A tracer that is out of view there, or missed in one of the spans, gets a new
    label. Where the list is cut depends on the number of its lines alone. Of several spans, `tracker` has the activity
    as a share of all lines, sums of jumps and evidence (those of shared lines count twice), and else means weighted by
    the lines of the tracer. In a `Pipeline`, spans run in any executor, and each is kept in the run directory.

    Lines of one span may be in any order of time; those of several may be out of order by at most what spans share.
    Lines that are not finite, of no length, or among the first or last few at times further from all others than a
    hundred times these last, are passed over and counted. Give it lines whose samples do not share any: what
    comes in two samples of a list counts twice.

    References
    ----------
    .. [1] Rauch H. E., Tung F., Striebel C. T., Maximum likelihood estimates of linear dynamic systems, AIAA Journal 3
       (1965) 1445-1450.
    .. [2] Dempster A. P., Laird N. M., Rubin D. B., Maximum likelihood from incomplete data via the EM algorithm,
       Journal of the Royal Statistical Society B 39 (1977) 1-38.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.pept import simulation
    >>> from lumentrace.pept.tracking import LineTracker
    >>> run = simulation.simulate([simulation.Circle(radius=60)], n=10_000, noise=0.7, seed=1)
    >>> track = LineTracker(tracers=1).fit(run.lines)
    >>> error = np.linalg.norm(track.points[:, 1:4] - run.truth(track["t"])[0], axis=1)
    >>> bool(np.median(error) < 0.3), np.unique(track["label"])
    (True, array([0.]))
    """

    _spans: ClassVar[Spans] = Spans()

    def __init__(
        self,
        tracers: int | None = None,
        every: float | ArrayLike | None = None,
        lag: float | Literal["settled"] | None = None,
    ) -> None:
        self.tracers = None if tracers is None else _whole(tracers)
        self.every = None if every is None else _times(every)
        self.lag = None if lag is None else _lag(lag)
        if self.lag is not None:
            self._spacing()

    def stream(self, source: Any, **options: Any) -> Iterator[Update]:
        """Follow tracers while their lines come in.

        Parameters
        ----------
        source : path, address, open binary file, or iterable
            Where lines come from, as of `lumentrace.pept.sources.open_source`: a file that may still grow,
            ``"tcp://host:port"``, ``"unix:///path"``, ``"-"`` for standard input, or an iterable of tables (N, C >= 7).
        **options
            Of `lumentrace.pept.sources.open_source`, such as ``follow=False`` to stop at the end of a file.

        Yields
        ------
        Update
            After every block of lines, and after the last one: locations from the lines so far (`filtered`), locations
            that later lines do not change (`smoothed`), the tracers that are there, and what happened.

        Raises
        ------
        FormatError, OSError
            As of `open_source`.
        ValueError
            If `every` is a list of times.

        Notes
        -----
        All `smoothed` locations together are, bit for bit, those of ``fit`` with the same `lag` ('settled' where there
        is none), whatever the blocks that the lines come in, unless a source drops lines. Their errors are those of the
        whole model within 3 %, more at bounces; filtered locations are better than a Kalman filter of even motion that
        is told which line is whose (`docs/pept/live.md` has a table).

        The first 10 000 lines are tracked as a whole. From there on, tracers are followed from block to block; each has
        a filter of its own order, noise and jumps, which are found anew from the last 256 blocks, as are blur, activity
        and background. The last blocks are shared and smoothed again and again until they are told. Until a tracer has
        been there for 256 blocks, smoothed locations wait. A tracer that is lost and found again has a new label. If
        the velocity jumps, a second filter whose noise makes jumps likely takes over until the jump has been found.

        Lines may be out of order of time within a block, which is some ms; later ones are left out and counted. A time
        far from the one before has to be confirmed by the next 64 lines. After a clock that went back by more than 1 s,
        times are counted on. The lag is at most 400 blocks, some tenths of a second: tracers at rest would have none
        that is long enough. Memory is bounded by the lag.

        Examples
        --------
        >>> from lumentrace.pept import simulation
        >>> from lumentrace.pept.tracking import LineTracker
        >>> lines = simulation.simulate([simulation.Circle()], n=30_000, noise=0.5, seed=1).lines.lines
        >>> blocks = (lines[first : first + 500] for first in range(0, len(lines), 500))
        >>> for update in LineTracker(tracers=1).stream(blocks):
        ...     pass
        >>> update.lines, len(update.tracers), update.dropped
        (30000, 1, 0)
        """
        from lumentrace.pept.sources.opening import open_source

        with open_source(source, **options) as blocks:
            yield from updates(blocks, self.tracers, self._spacing(), self._fixed_lag())

    def _spacing(self) -> float | None:
        if isinstance(self.every, list):
            raise ValueError("`every`: expected a time in ms or None where locations come with a lag, found a list")
        return self.every

    def _fixed_lag(self) -> float | None:
        return None if isinstance(self.lag, str) else self.lag

    def parts(self, samples: Any) -> Parts:
        """The work on the spans of all `samples`: a `LineData` or anything that stacks into one.

        Raises
        ------
        TypeError
            If they are no lines.
        ValueError
            If they have fewer than 7 columns, or are more than one span and out of order.
        """
        lines = _stacked_lines(samples).copy(deep=False)
        if self.lag is not None:
            lines.samples_indices = np.array([[0, len(lines.lines)]])
            work = LaggedTracker(self.tracers, self._spacing(), self._fixed_lag())
            return Parts(lines, work, partial(_lagged, lines))
        lines.samples_indices = self._spans.ranges(len(lines.lines))
        edges = self._spans.edges(lines.lines[:, 0])
        return Parts(lines, SpanTracker(self.tracers, self.every), partial(_joined, lines, edges))


class SpanTracker(LineDataFilter):
    """Follow tracers through the lines of one span; its attribute `tracker` is that of `LineTracker`, as JSON."""

    def __init__(self, tracers: int | None, every: float | list[float] | None) -> None:
        self.tracers = tracers
        self.every = every

    def fit_sample(self, sample: LineData) -> PointData:
        """Locations with the columns of `UNITS`, in order of time."""
        spacing, times = (None, self.every) if isinstance(self.every, list) else (self.every, None)
        rows, about = _core.track_lines(sample.lines, self.tracers, spacing, times, executors.native_threads())
        mapping.release(sample.lines)
        return PointData(table(rows), columns=COLUMNS, tracker=json.dumps(about), lines=len(sample.lines))


def _joined(lines: LineData, edges: NDArray[np.float64], spans: Iterable[PointData]) -> PointData:
    """The trajectories of all spans."""
    known, counts, kept = [], [], RowTable(len(UNITS), 0, LIMIT)

    def rows() -> Iterable[NDArray[np.float64]]:
        for span in spans:
            known.append(json.loads(span.attrs["tracker"]))
            counts.append(span.attrs["lines"])
            yield span.points

    hears = listener() if len(edges) > 2 else None
    names = join(rows(), edges, partial(_kept, kept, hears))
    about = combined(known, names, counts)
    locations = kept.finish()
    mapping.release(locations)
    tracks = PointData(locations, columns=COLUMNS, **{**lines.extra_attrs(), "tracker": about})
    tracks.units, tracks.provenance = UNITS, lines.provenance
    return tracks


def _kept(kept: RowTable, hears: Listener | None, rows: NDArray[np.float64]) -> None:
    """Append the locations of a span."""
    kept.append(rows)
    if hears is not None:
        hears(located(rows))


def _lagged(lines: LineData, parts: Iterable[PointData]) -> PointData:
    """The locations of the only part."""
    (points,) = parts
    points.attrs.update(lines.extra_attrs())
    points.provenance = lines.provenance
    return points


def _lag(lag: Any) -> float | Literal["settled"]:
    if isinstance(lag, str) and lag == SETTLED:
        return "settled"
    if isinstance(lag, bool) or not isinstance(lag, (int, float, np.number)) or not 0 <= lag <= LONGEST_LAG:
        raise ValueError(f"`lag`: expected a time from 0 to {LONGEST_LAG:g} ms or {SETTLED!r}, found {lag!r}")
    return float(lag)


def _whole(tracers: Any) -> int:
    """The number of tracers; more than lines can tell of are as many as there are."""
    if isinstance(tracers, bool) or not isinstance(tracers, (int, float, np.number)):
        raise TypeError(f"`tracers`: expected a whole number from 1 or None, found {tracers!r}")
    if not 1 <= tracers < np.inf or int(tracers) != tracers:
        raise ValueError(f"`tracers`: expected a whole number from 1, found {tracers}")
    return int(min(tracers, MOST))


def _times(every: Any) -> float | list[float]:
    found = np.asarray(every)
    if found.dtype.kind not in "iuf" or np.ma.isMaskedArray(every):
        raise TypeError(f"`every`: expected a time in ms or an array of times without a mask, found {every!r}")
    if found.ndim == 0:
        if not 0 < found < np.inf:
            raise ValueError(f"`every`: expected a time above 0 ms, found {every}")
        return float(found)
    if found.ndim != 1 or not np.isfinite(found).all() or (np.diff(found) < 0).any():
        raise ValueError("`every`: expected finite times in ascending order, in ms, found others")
    return [float(time) for time in found]


def _stacked_lines(samples: Any) -> LineData:
    stacked = Stack().fit(samples)
    if isinstance(stacked, PointData):
        raise TypeError("LineTracker: expected LineData, found PointData")
    return stacked if isinstance(stacked, LineData) else LineData(stacked if len(stacked) else np.empty((0, 7)))
