"""The same cells in two sessions: by footprints and centres, with a probability for each pair."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.masked import unmasked
from lumentrace.base.polars import pl
from lumentrace.base.provenance import Provenance, Watch
from lumentrace.twophoton.regions.assignment import assigned
from lumentrace.twophoton.regions.image_alignment import Transform, aligned_map
from lumentrace.twophoton.regions.match_models import by_distance, by_overlap
from lumentrace.twophoton.regions.rois import RoiSet

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

REACH = 1.5
"""Diameters of a cell within which pairs are compared."""
LEAST_PAIRS = 20
"""Pairs from which distributions are estimated."""
TINY = 1e-9
"""Length of a footprint of which nothing lies in the first frame."""
LOW_CORRELATION = 0.3
"""Of aligned images, below which they may show different fields."""


@dataclass(frozen=True)
class CellMatches:
    """Which regions of two sessions are one cell.

    Attributes
    ----------
    first_labels, second_labels : tuple of str
    pairs : ndarray of int
        (pairs, 2): numbers, from 0 on, of all regions whose centres are near each other.
    distance : ndarray
        (pairs,) pixels between centres, after alignment.
    overlap : ndarray
        (pairs,): cosine of the angle between footprints, 0 to 1.
    by_distance, by_overlap : ndarray
        (pairs,): probability of one cell by either; NaN if there are too few pairs.
    model : {'distance', 'overlap', 'none'}
        Which of them tells pairs apart better, and is used.
    matches : ndarray of int
        (matches, 2): pairs that are taken for one cell, each region once.
    matrix : ndarray
        (3, 3): from (x, y, 1) of the first frame to the second one.
    correlation : float
        Of the images after alignment; NaN without images.
    notices : tuple of str
        What the reader should know.
    provenance : Provenance
    """

    first_labels: tuple[str, ...] = field(repr=False)
    second_labels: tuple[str, ...] = field(repr=False)
    pairs: Integers = field(repr=False)
    distance: Floats = field(repr=False)
    overlap: Floats = field(repr=False)
    by_distance: Floats = field(repr=False)
    by_overlap: Floats = field(repr=False)
    model: str
    matches: Integers = field(repr=False)
    matrix: Floats = field(repr=False)
    correlation: float
    notices: tuple[str, ...]
    provenance: Provenance = field(default_factory=Provenance, repr=False, compare=False, kw_only=True)

    @property
    def probability(self) -> Floats:
        """Of each pair (pairs,) to be one cell."""
        return self.by_distance if self.model == "distance" else self.by_overlap

    def table(self) -> pl.DataFrame:
        """Matches, then the regions of both sessions that have none, with why.

        ``first_label``, ``second_label`` (empty where there is none), ``distance_px``, ``overlap``, ``probability`` (of
        the best pair, where there is no match; NaN if there is none), ``status`` and ``remarks``.
        """
        rows = [self._row(pair[0], pair[1], pair, "matched", "") for pair in self.matches.tolist()]
        for side in (0, 1):
            labels = (self.first_labels, self.second_labels)[side]
            taken = set(self.matches[:, side].tolist())
            for number in range(len(labels)):
                if number not in taken:
                    best, why = self._best(number, side)
                    one, other = (number, None) if side == 0 else (None, number)
                    rows.append(self._row(one, other, best, "unmatched", why))
        types = [pl.String, pl.String, pl.Float64, pl.Float64, pl.Float64, pl.String, pl.String]
        names = ["first_label", "second_label", "distance_px", "overlap", "probability", "status", "remarks"]
        return pl.DataFrame(rows, dict(zip(names, types, strict=True)), orient="row")

    def _row(self, first: int | None, second: int | None, pair: list[int] | None, status: str, why: str) -> list[Any]:
        labels = [
            "" if number is None else names[number]
            for number, names in ((first, self.first_labels), (second, self.second_labels))
        ]
        if pair is None:
            return [*labels, np.nan, np.nan, np.nan, status, why]
        place = int(np.flatnonzero((self.pairs == pair).all(axis=1))[0])
        return [*labels, *(float(each[place]) for each in (self.distance, self.overlap, self.probability)), status, why]

    def _best(self, number: int, side: int) -> tuple[list[int] | None, str]:
        """The likeliest pair of a region without a match, and why it is none."""
        own = np.flatnonzero(self.pairs[:, side] == number)
        if not own.size:
            return None, "no region near it"
        if self.model == "none":
            return None, "too few pairs to estimate probabilities"
        place = own[self.probability[own].argmax()]
        pair = self.pairs[place].tolist()
        other = (self.second_labels, self.first_labels)[side][pair[1 - side]]
        lost = pair[1 - side] in self.matches[:, 1 - side]
        return pair, f"{other} fits another region better" if lost else f"{other} is too unlikely to be the same"


@unmasked
def match_cells(
    first: RoiSet,
    second: RoiSet,
    first_image: NDArray[Any] | None = None,
    second_image: NDArray[Any] | None = None,
    *,
    transform: Transform = "translation",
    max_distance: float | None = None,
    least_probability: float = 0.5,
) -> CellMatches:
    """Find the cells of one session in another one.

    Frames are aligned by their mean images. For all pairs of regions whose centres are near each other, the distances
    and the overlaps of footprints are each a mixture of two distributions, of pairs that are one cell and of pairs that
    are not; both are estimated from these pairs, and give the probability that a pair is one cell. Of the two, the one
    with less p (1 - p) on average is used. Matches are the set of pairs, each region once, with the largest product of
    odds, over those of `least_probability`.

    Parameters
    ----------
    first, second : RoiSet
    first_image, second_image : ndarray, optional
        Mean images of both sessions, (rows, columns); without them frames are taken to be aligned.
    transform : {'translation', 'affine'}
        What is between the images.
    max_distance : float, optional
        Pixels up to which pairs are compared; 1.5 diameters of the median region by default.
    least_probability : float, default 0.5
        Of a match.

    Returns
    -------
    CellMatches
        With fewer than 20 pairs there are no probabilities and no matches, and a notice says so.

    Raises
    ------
    ValueError
        If one image is given without the other, has another shape than the frame, or does not vary; if a setting is out
        of range.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> labels = np.kron(np.arange(1, 37).reshape(6, 6), np.pad(np.ones((5, 5), int), 2))
    >>> first = twophoton.make_roi_set_from_label_image(labels)
    >>> second = twophoton.make_roi_set_from_label_image(np.roll(labels, 1, axis=1))
    >>> found = twophoton.match_cells(first, second, max_distance=14.0)
    >>> len(found.matches), bool((found.matches[:, 0] == found.matches[:, 1]).all())
    (36, True)

    References
    ----------
    Sheintuch, L. et al.: Tracking the same neurons across multiple days in Ca2+ imaging data. Cell Rep. 21 (2017) 1102.
    """
    watch = Watch()
    if transform not in ("translation", "affine"):
        raise ValueError(f"`transform`: expected translation or affine, found {transform!r}")
    if max_distance is not None and not 0 < max_distance < np.inf:
        raise ValueError(f"`max_distance`: expected a positive number, found {max_distance!r}")
    if not 0 < least_probability < 1:
        raise ValueError(f"`least_probability`: expected a share between 0 and 1, found {least_probability!r}")
    matrix, correlation = _map(first, second, first_image, second_image, transform)
    areas = np.concatenate([np.diff(first.starts), np.diff(second.starts)])
    reach = REACH * 2 * np.sqrt(np.median(areas) / np.pi) if max_distance is None else float(max_distance)
    pairs, distance, overlap = _near(first, second, matrix, reach)
    notices = []
    if correlation < LOW_CORRELATION:
        notices.append(f"aligned images correlate by {correlation:.2f} only: they may show different fields")
    model, chances = "none", (np.full(len(pairs), np.nan),) * 2
    if len(pairs) < LEAST_PAIRS:
        notices.append(f"{len(pairs)} pairs of regions within {reach:.1f} px, {LEAST_PAIRS} are needed: no matches")
    else:
        chances = by_distance(distance, reach), by_overlap(overlap)
        unsure = [float((p * (1 - p)).mean()) for p in chances]
        model = "distance" if unsure[0] < unsure[1] else "overlap"
    used = chances[0] if model == "distance" else chances[1]
    matches = assigned(pairs, used, least_probability)
    settings = {"transform": transform, "max_distance": reach, "least_probability": least_probability}
    return CellMatches(
        first.labels,
        second.labels,
        pairs,
        distance,
        overlap,
        *chances,
        model,
        matches,
        matrix,
        correlation,
        tuple(notices),
        provenance=watch.after(Provenance({"first": len(first), "second": len(second)}), "match_cells", settings),
    )


def _map(
    first: RoiSet, second: RoiSet, one: NDArray[Any] | None, other: NDArray[Any] | None, transform: Transform
) -> tuple[Floats, float]:
    if one is None and other is None:
        return np.eye(3), np.nan
    for name, image, rois in (("first_image", one, first), ("second_image", other, second)):
        if image is None or np.shape(image) != rois.shape:
            found = None if image is None else np.shape(image)
            raise ValueError(f"`{name}`: expected an image of shape {rois.shape}, as the frame, found {found}")
    assert one is not None
    assert other is not None
    return aligned_map(one, other, transform)


def _near(first: RoiSet, second: RoiSet, matrix: Floats, reach: float) -> tuple[Integers, Floats, Floats]:
    """Pairs of regions within reach, their distances and overlaps."""
    from scipy.spatial import KDTree

    places = [_places(first, np.eye(3)), _places(second, np.asarray(np.linalg.inv(matrix), np.float64))]
    trees = [KDTree(_centres(rois, own)) for rois, own in zip((first, second), places, strict=True)]
    near = trees[0].sparse_distance_matrix(trees[1], reach, output_type="ndarray")
    order = np.lexsort((near["j"], near["i"]))
    pairs = np.stack([near["i"][order], near["j"][order]], axis=1).astype(np.int64)
    prints = [_footprints(rois, own, first.shape) for rois, own in zip((first, second), places, strict=True)]
    overlap = np.asarray(prints[0][pairs[:, 0]].multiply(prints[1][pairs[:, 1]]).sum(axis=1)).ravel()
    return pairs, near["v"][order], np.clip(overlap, 0, 1)


def _places(rois: RoiSet, matrix: Floats) -> Floats:
    """Where pixels lie in the first frame: (2, pixels), x and y."""
    rows, columns = np.divmod(rois.pixels, rois.shape[1])
    return np.asarray((matrix @ np.stack([columns, rows, np.ones(len(rows))]))[:2])


def _centres(rois: RoiSet, places: Floats) -> Floats:
    return np.asarray(np.add.reduceat(places, rois.starts[:-1], axis=1) / np.diff(rois.starts)).T


def _footprints(rois: RoiSet, places: Floats, shape: tuple[int, int]) -> Any:
    """Sparse rows (regions, pixels of the first frame) of length 1; each pixel is shared among the four around it."""
    from scipy.sparse import csr_array

    corner = np.floor(places).astype(np.int64)
    part = places - corner
    owner = np.repeat(np.arange(len(rois)), np.diff(rois.starts))
    found = csr_array((len(rois), shape[0] * shape[1]))
    for right in (0, 1):
        for below in (0, 1):
            x, y = corner[0] + right, corner[1] + below
            weight = np.abs(1 - right - part[0]) * np.abs(1 - below - part[1])
            kept = (x >= 0) & (x < shape[1]) & (y >= 0) & (y < shape[0]) & (weight > 0)
            where = (owner[kept], y[kept] * shape[1] + x[kept])
            found = found + csr_array((weight[kept], where), shape=found.shape)
    length = np.sqrt(np.asarray(found.multiply(found).sum(axis=1)).ravel())
    return csr_array(found.multiply(1 / np.maximum(length, TINY)[:, None]))
