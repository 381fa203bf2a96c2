"""Ripley's cross-K function: whether points of one kind gather around those of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gamma, pi

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.base.masked import unmasked
from lumentrace.base.recorded import Recorded, Recorder

Floats = NDArray[np.float64]
CORRECTIONS = ("translation", "none")


@dataclass(frozen=True)
class CrossK(Recorded):
    """Cross-K over distances, with an envelope of what chance gives.

    Attributes
    ----------
    radii : ndarray
    k : ndarray
        K(r) = |W| / (n₁ n₂) Σ wᵢⱼ 1(dᵢⱼ <= r): the content of a ball of radius r if the points do not care for each
        other.
    l : ndarray
        L(r): the radius of a ball with the content K(r); r without interaction, more for points that gather.
    low, high : ndarray
        2.5 % and 97.5 % quantiles of K over random toroidal shifts.
    p : float
        Two-tailed probability by chance of so great a departure of L from its mean over all shifts, anywhere in
        `radii`.
    """

    radii: Floats
    k: Floats
    l: Floats  # noqa: E741  # the field calls it L, after Besag
    low: Floats
    high: Floats
    p: float


@unmasked
def cross_k(
    points_a: ArrayLike,
    points_b: ArrayLike,
    window: Sequence[Sequence[float]],
    radii: ArrayLike,
    *,
    correction: str = "translation",
    n: int = 199,
    seed: int = 0,
) -> CrossK:
    """Ripley's cross-K of two sets of points in a box.

    Parameters
    ----------
    points_a, points_b : array_like
        (points, dimensions), e.g. `find_objects(...).centres`.
    window : sequence of two numbers per dimension
        The box that was looked at: ((low, high), ...).
    radii : array_like
        Ascending, up to half of the shortest side.
    correction : {'translation', 'none'}, default 'translation'
        'translation' weights a pair with |W| / |W ∩ W shifted by the pair's distance|, for the partners outside of the
        box.
    n : int, default 199
        Random shifts for the envelope; the points of B move together and re-enter on the other side.
    seed : int, default 0

    Returns
    -------
    CrossK

    Raises
    ------
    ValueError
        For points outside the box or that are not finite, or radii beyond half of its shortest side.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.coloc import cross_k
    >>> a = np.random.default_rng(1).uniform(0, 100, (80, 2))
    >>> near = np.clip(a + 1.0, 0, 100)
    >>> found = cross_k(a, near, ((0, 100), (0, 100)), [2, 5, 10])
    >>> bool(found.k[0] > found.high[0]), found.p < 0.02
    (True, True)

    References
    ----------
    Ripley, B. D.: Modelling spatial patterns. J. R. Stat. Soc. B 39 (1977) 172. Lotwick, H. W., Silverman, B. W.:
    Methods for analysing spatial processes of several types of points. J. R. Stat. Soc. B 44 (1982) 406.
    """
    recorder = Recorder()
    box = np.asarray(window, dtype=np.float64)
    if box.ndim != 2 or box.shape[1] != 2 or not np.isfinite(box).all() or (box[:, 0] >= box[:, 1]).any():
        raise ValueError(f"`window`: expected (low, high) for each dimension, found {window!r}")
    a, b = _points("points_a", points_a, box), _points("points_b", points_b, box)
    steps = np.asarray(radii, dtype=np.float64)
    most = float(np.ptp(box, axis=1).min()) / 2
    if steps.ndim != 1 or not len(steps) or (np.diff(steps) <= 0).any() or steps[0] < 0 or steps[-1] > most:
        raise ValueError(f"`radii`: expected ascending distances from 0 to {most:g}, found {radii!r}")
    if correction not in CORRECTIONS:
        raise ValueError(f"`correction`: expected one of {', '.join(CORRECTIONS)}, found {correction!r}")
    if n < 1:
        raise ValueError(f"`n`: expected at least 1, found {n}")
    observed = _k(a, b, box, steps, correction)
    random = np.random.default_rng(seed)
    shifts = random.uniform(0, np.ptp(box, axis=1), (n, len(box)))
    null = np.stack([_k(a, _moved(b, shift, box), box, steps, correction) for shift in shifts])
    low, high = np.quantile(null, [0.025, 0.975], axis=0)
    own, others = _l(observed, len(box)), _l(null, len(box))
    mean = others.mean(axis=0)
    departures = np.abs(others - mean).max(axis=1)
    p = (1 + int((departures >= np.abs(own - mean).max()).sum())) / (n + 1) if len(a) and len(b) else float("nan")
    found = CrossK(steps, observed, own, low, high, p)
    parameters = {"window": box, "radii": steps, "correction": correction, "n": n, "seed": seed}
    return recorder.told(found, "cross_k", {"points_a": a, "points_b": b}, parameters, seed)


def _points(name: str, points: ArrayLike, box: Floats) -> Floats:
    array = np.asarray(points, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != len(box):
        raise ValueError(f"`{name}`: expected (points, {len(box)}), found shape {array.shape}")
    if not ((array >= box[:, 0]) & (array <= box[:, 1])).all():
        raise ValueError(f"`{name}`: expected points within the window, found some outside or not finite")
    return array


def _moved(points: Floats, shift: Floats, box: Floats) -> Floats:
    return np.asarray(box[:, 0] + (points - box[:, 0] + shift) % np.ptp(box, axis=1))


def _k(a: Floats, b: Floats, box: Floats, radii: Floats, correction: str) -> Floats:
    from scipy.spatial import KDTree

    if not len(a) or not len(b):
        return np.full(len(radii), np.nan)
    pairs = KDTree(a).sparse_distance_matrix(KDTree(b), radii[-1], output_type="ndarray")
    sides = np.ptp(box, axis=1)
    weight = np.ones(len(pairs))
    if correction == "translation":
        weight = np.prod(sides / (sides - np.abs(a[pairs["i"]] - b[pairs["j"]])), axis=1)
    order = np.argsort(pairs["v"], kind="stable")
    total = np.concatenate([[0.0], np.cumsum(weight[order])])
    within = np.searchsorted(pairs["v"][order], radii, side="right")
    return np.asarray(np.prod(sides) / (len(a) * len(b)) * total[within])


def _l(k: Floats, ndim: int) -> Floats:
    """Radius of a ball with that content."""
    unit = pi ** (ndim / 2) / gamma(ndim / 2 + 1)
    return np.asarray((k / unit) ** (1 / ndim))
