"""Scores of trajectories against the truth, matched one to one; for tests and benches.

Two questions, two ways of matching, both by the Hungarian method. `trajectories`: each tracer has one trajectory, the
one that follows it longest; whatever else it has been given is extra. `frames`: in every frame, each tracer has one
location, whatever trajectory it is of; what is left over is missed or false.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import chi2

Array = NDArray[np.float64]
Path = Callable[[Array], Array]

CLOSE = 5.0
"""A location within this many mm of a tracer is one of it."""
APART = 10.0
"""Where no other tracer is within this many mm, it is certain which one a trajectory follows."""
SIGMAS = ("sigma_x", "sigma_y", "sigma_z")
COVARIANCES = {"cov_xy": (0, 1), "cov_xz": (0, 2), "cov_yz": (1, 2)}


@dataclass(frozen=True)
class Truth:
    """Paths of tracers (times in ms to positions in mm), and when each is in view: `spans` (K, 2)."""

    paths: Sequence[Path]
    spans: Array

    def at(self, t: Array) -> Array:
        """Positions (K, n, 3)."""
        return np.stack([path(t) for path in self.paths])

    def seen(self, frames: Array) -> NDArray[np.bool_]:
        """Which tracer is in view all through which frame (K, frames); `frames` are the edges."""
        return (self.spans[:, :1] <= frames[:-1]) & (frames[1:] <= self.spans[:, 1:])

    def partly_seen(self, frames: Array) -> NDArray[np.bool_]:
        """Which tracer is in view in some part of which frame (K, frames)."""
        return (self.spans[:, :1] < frames[1:]) & (frames[:-1] < self.spans[:, 1:])


@dataclass(frozen=True)
class Found:
    """Locations: times (n,), positions (n, 3), trajectories (n,), and covariances (n, 3, 3) if there are any."""

    t: Array
    places: Array
    labels: NDArray[np.int64]
    covariances: Array | None = None

    @classmethod
    def of(cls, rows: Array, columns: Sequence[str]) -> Found:
        """Read a table with columns t, x, y, z, label and perhaps those of the covariance; noise is left out."""
        columns = list(columns)
        rows = rows[rows[:, columns.index("label")] >= 0] if len(rows) else np.empty((0, len(columns)))
        labels = rows[:, columns.index("label")].astype(np.int64)
        places = rows[:, [columns.index(name) for name in "xyz"]]
        covariances = None
        if {*SIGMAS, *COVARIANCES} <= set(columns):
            covariances = np.zeros((len(rows), 3, 3))
            for axis, name in enumerate(SIGMAS):
                covariances[:, axis, axis] = rows[:, columns.index(name)] ** 2
            for name, (i, j) in COVARIANCES.items():
                covariances[:, i, j] = covariances[:, j, i] = rows[:, columns.index(name)]
        return cls(rows[:, columns.index("t")], places, labels, covariances)


@dataclass(frozen=True)
class Score:
    """How well tracers were found.

    `errors` are the distances of all matched locations from their tracers in mm, `squares` the same in units of their
    covariances; `located` and `frames` count the (tracer, frame) pairs that hold a location close to the tracer, and
    all; `spurious` those locations, or pairs of a trajectory and a frame, that are no tracer's. `missed` are tracers,
    `false` trajectories.
    """

    errors: Array
    squares: Array
    located: int
    frames: int
    spurious: int
    trajectories: int
    missed: int
    false: float
    swaps: int
    by_tracer: tuple[Array, ...] = ()

    @property
    def share(self) -> float:
        """Of the frames of all tracers that hold them."""
        return self.located / self.frames if self.frames else np.nan

    def quantile(self, level: float) -> float:
        """Of the errors in mm; `nan` if there is no location."""
        return float(np.quantile(self.errors, level)) if len(self.errors) else np.nan

    def coverage(self, level: float) -> float:
        """Share of the true positions inside the ellipsoids of this level; `nan` if there are none."""
        return float((self.squares <= chi2.ppf(level, 3)).mean()) if len(self.squares) else np.nan


def pooled(scores: Sequence[Score]) -> Score:
    """Several runs as one."""
    counts = {
        name: sum(getattr(each, name) for each in scores)
        for name in ("located", "frames", "spurious", "trajectories", "missed", "false", "swaps")
    }
    errors, squares = (np.concatenate([getattr(each, name) for each in scores]) for name in ("errors", "squares"))
    tracers = tuple(np.concatenate(each) for each in zip(*(score.by_tracer for score in scores), strict=False))
    return Score(errors, squares, **counts, by_tracer=tracers)


def matched(worth: Array) -> list[tuple[int, int]]:
    """Pairs (row, column), one to one, of the most `worth` together; pairs of no worth are none."""
    return [(int(i), int(j)) for i, j in zip(*linear_sum_assignment(-worth), strict=True) if worth[i, j] > 0]


def squared_distances(offsets: Array, covariances: Array) -> Array:
    """Of offsets (n, 3), in units of their covariances (n, 3, 3)."""
    return np.einsum("ni,ni->n", offsets, np.linalg.solve(covariances, offsets[:, :, None])[:, :, 0])


def swaps(distances: Array, labels: NDArray[np.int64], frame: NDArray[np.intp]) -> int:
    """How often trajectories change from one tracer to another: `distances` (K, n), labels (n,) and frames (n,).

    What a trajectory follows in a frame is certain if all of its locations there, that have no second tracer about, are
    close to the same one. Frames that are not certain do not count: a trajectory that hops between two tracers, as one
    of both does, follows neither.
    """
    if len(distances) < 2:
        return 0
    nearest, (least, second) = distances.argmin(axis=0), np.sort(distances, axis=0)[:2]
    alone = second >= APART
    nearest = np.where(least <= CLOSE, nearest, -1)
    changes = 0
    for label in np.unique(labels):
        rows = alone & (labels == label)
        followed = [np.unique(nearest[rows & (frame == each)]) for each in np.unique(frame[rows])]
        certain = [each[0] for each in followed if len(each) == 1 and each[0] >= 0]
        changes += int((np.diff(certain) != 0).sum())
    return changes


def _held(distances: Array, frame: NDArray[np.intp], frames: int) -> NDArray[np.bool_]:
    """Frames that hold a location close to a tracer: `distances` (n,) from it."""
    held = np.zeros(frames, dtype=bool)
    held[frame[(distances <= CLOSE) & (frame >= 0) & (frame < frames)]] = True
    return held


def trajectories(truth: Truth, found: Found, frames: Array) -> Score:
    """Each tracer's one trajectory against the tracer: `frames` are edges of time bins in ms."""
    labels = found.labels
    offsets = found.places - truth.at(found.t)
    distances = np.linalg.norm(offsets, axis=2)
    frame = np.searchsorted(frames, found.t, side="right") - 1
    seen = truth.seen(frames)
    kinds = np.unique(labels)
    held = np.array(
        [[_held(row[labels == kind], frame[labels == kind], len(frames) - 1) for row in distances] for kind in kinds]
    ).reshape(len(kinds), len(truth.paths), len(frames) - 1)
    pairs = matched((held & seen).sum(axis=2).astype(float)) if len(kinds) else []
    of = {tracer: labels == kinds[i] for i, tracer in pairs}
    by_tracer = tuple(distances[k, of[k]] if k in of else np.empty(0) for k in range(len(truth.paths)))
    squares = np.empty(0)
    if found.covariances is not None and pairs:
        each = [squared_distances(offsets[k, rows], found.covariances[rows]) for k, rows in of.items()]
        squares = np.concatenate(each)
    return Score(
        np.concatenate(by_tracer),
        squares,
        located=sum(int((held[i, k] & seen[k]).sum()) for i, k in pairs),
        frames=int(seen.sum()),
        spurious=int(sum((labels == kind).sum() for i, kind in enumerate(kinds) if i not in dict(pairs))),
        trajectories=len(kinds),
        missed=len(truth.paths) - len(pairs),
        false=len(kinds) - len(pairs),
        swaps=swaps(distances, labels, frame),
        by_tracer=by_tracer,
    )


def frames(truth: Truth, found: Found, frames: Array, close: float = CLOSE) -> Score:
    """Each tracer's one location against the tracer, frame by frame.

    Locations of a trajectory within a frame are taken together, each against the tracer at its own time. A tracer is
    found if it is located in half of its frames. Frames that it enters or leaves in are not asked for, but its
    locations in them are not false either. `false` is how many trajectories there are at a time that are no tracer's.
    """
    seen, partly = truth.seen(frames), truth.partly_seen(frames)
    distances = np.linalg.norm(found.places - truth.at(found.t), axis=2)
    frame = np.searchsorted(frames, found.t, side="right") - 1
    located = np.zeros(len(truth.paths), dtype=int)
    errors: list[list[Array]] = [[] for _ in truth.paths]
    spurious = 0
    for number in range(len(frames) - 1):
        inside = np.flatnonzero(frame == number)
        kinds, which = np.unique(found.labels[inside], return_inverse=True)
        tracers = np.flatnonzero(partly[:, number])
        if not len(kinds):
            continue
        counts = np.bincount(which)
        mean = np.array([np.bincount(which, distances[k, inside]) / counts for k in tracers]).reshape(-1, len(kinds))
        pairs = matched(np.maximum(close - mean, 0.0))
        spurious += len(kinds) - len(pairs)
        for row, column in pairs:
            tracer = tracers[row]
            if seen[tracer, number]:
                located[tracer] += 1
                errors[tracer].append(distances[tracer, inside[which == column]])
    by_tracer = tuple(np.concatenate([np.empty(0), *each]) for each in errors)
    return Score(
        np.concatenate(by_tracer),
        np.empty(0),
        located=int(located.sum()),
        frames=int(seen.sum()),
        spurious=spurious,
        trajectories=len(np.unique(found.labels)),
        missed=int((2 * located < seen.sum(axis=1)).sum()),
        false=spurious / (len(frames) - 1),
        swaps=swaps(distances, found.labels, frame),
        by_tracer=by_tracer,
    )
