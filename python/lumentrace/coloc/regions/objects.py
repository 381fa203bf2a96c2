"""Measures of objects in two label images: overlap, neighbours, pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.base.masked import unmasked
from lumentrace.base.polars import pl
from lumentrace.base.recorded import Recorded, Recorder

from .label_masks import whole_labels
from .selection import check_shape

Floats = NDArray[np.float64]
CENTRES = ("mean", "medoid")
MATCHES = ("mutual", "optimal")


@dataclass(frozen=True)
class Objects(Recorded):
    """The objects of a label image.

    Attributes
    ----------
    labels : ndarray of int
        Ascending.
    sizes : ndarray of int
        In pixels.
    centres : ndarray
        One row per object, in units of the spacing.
    """

    labels: NDArray[np.int64]
    sizes: NDArray[np.int64]
    centres: Floats


@unmasked
def find_objects(labels: ArrayLike, *, spacing: float | Sequence[float] = 1.0, centre: str = "mean") -> Objects:
    """Sizes and centres of the objects of a label image.

    Parameters
    ----------
    labels : array_like
        Whole numbers, 0 for background.
    spacing : float or sequence of float, default 1
        Size of a pixel along all or each of the axes, e.g. in micrometres.
    centre : {'mean', 'medoid'}, default 'mean'
        'mean': the centroid, which may lie outside an object that is not convex. 'medoid': its pixel nearest to that.

    Returns
    -------
    Objects

    Examples
    --------
    >>> from lumentrace.coloc import find_objects
    >>> find_objects([[1, 1, 0], [0, 0, 4]], spacing=0.5).centres.tolist()
    [[0.0, 0.25], [0.5, 1.0]]
    """
    recorder = Recorder()
    image = whole_labels(labels, "labels")
    if not image.ndim:
        raise ValueError("`labels`: expected an image, found a single number")
    if centre not in CENTRES:
        raise ValueError(f"`centre`: expected one of {', '.join(CENTRES)}, found {centre!r}")
    found = objects_of(image, spacing, centre)
    return recorder.told(found, "find_objects", {"labels": labels}, {"spacing": spacing, "centre": centre})


def objects_of(image: NDArray[Any], spacing: float | Sequence[float] = 1.0, centre: str = "mean") -> Objects:
    """Sizes and centres of the objects of an image of whole numbers."""
    scale = pixel_size(spacing, image.ndim)
    places = np.argwhere(image != 0)
    names, which, sizes = np.unique(image[image != 0], return_inverse=True, return_counts=True)
    scaled = places * scale
    centres = _means(scaled, which, sizes)
    if centre == "medoid" and len(names):
        centres = scaled[_nearest_pixel(scaled, which, centres)]
    return Objects(names.astype(np.int64), sizes.astype(np.int64), centres)


def pixel_size(spacing: float | Sequence[float], ndim: int) -> Floats:
    """Size of a pixel along each axis.

    Raises
    ------
    ValueError
        If it is not positive, or of another number of axes.
    """
    scale = np.asarray(spacing, dtype=np.float64)
    if scale.shape not in {(), (ndim,)} or not np.isfinite(scale).all() or (scale <= 0).any():
        raise ValueError(f"`spacing`: expected a positive number or {ndim} of them, found {spacing!r}")
    return np.broadcast_to(scale, (ndim,)).astype(np.float64)


def _means(places: Floats, which: NDArray[Any], sizes: NDArray[Any]) -> Floats:
    sums = [np.bincount(which, weights=column, minlength=len(sizes)) for column in places.T]
    return np.asarray(np.stack(sums, axis=1) / np.maximum(sizes, 1)[:, None])


def _nearest_pixel(places: Floats, which: NDArray[Any], centres: Floats) -> NDArray[np.intp]:
    distance = ((places - centres[which]) ** 2).sum(axis=1)
    order = np.lexsort((distance, which))
    first = np.r_[True, which[order][1:] != which[order][:-1]]
    return order[first]


@unmasked
def object_overlap(labels_a: ArrayLike, labels_b: ArrayLike) -> pl.DataFrame:
    """Pairs of objects that share pixels.

    Parameters
    ----------
    labels_a, labels_b : array_like
        Whole numbers of the same shape, 0 for background.

    Returns
    -------
    polars.DataFrame
        A row per pair: label_a, label_b, pixels (shared), fraction_a, fraction_b (share of each object), iou
        (intersection over union).

    Examples
    --------
    >>> from lumentrace.coloc import object_overlap
    >>> object_overlap([[1, 1, 0], [2, 2, 0]], [[0, 5, 5], [0, 0, 0]]).row(0)
    (1, 5, 1, 0.5, 0.5, 0.3333333333333333)
    """
    a, b = _both(labels_a, labels_b)
    found_a, found_b = objects_of(a), objects_of(b)
    shared = (a != 0) & (b != 0)
    i, j = np.searchsorted(found_a.labels, a[shared]), np.searchsorted(found_b.labels, b[shared])
    pairs, pixels = np.unique(i * max(len(found_b.labels), 1) + j, return_counts=True)
    i, j = np.divmod(pairs, max(len(found_b.labels), 1))
    size_a, size_b = found_a.sizes[i], found_b.sizes[j]
    return pl.DataFrame(
        {
            "label_a": found_a.labels[i],
            "label_b": found_b.labels[j],
            "pixels": pixels.astype(np.int64),
            "fraction_a": pixels / size_a,
            "fraction_b": pixels / size_b,
            "iou": pixels / (size_a + size_b - pixels),
        }
    )


@unmasked
def object_table(
    labels_a: ArrayLike,
    labels_b: ArrayLike,
    *,
    spacing: float | Sequence[float] = 1.0,
    centre: str = "mean",
) -> pl.DataFrame:
    """For each object of A what of B is on it or near it.

    Parameters
    ----------
    labels_a, labels_b : array_like
        Whole numbers of the same shape, 0 for background.
    spacing : float or sequence of float, default 1
        Size of a pixel along all or each of the axes; distances are in its unit.
    centre : {'mean', 'medoid'}, default 'mean'
        As of `find_objects`.

    Returns
    -------
    polars.DataFrame
        A row per object of A: label, pixels, centre_0, centre_1, ... (in the unit of `spacing`), covered (share of its
        pixels in any object of B), partner (the object of B with which it shares most pixels, 0 for none), iou (with
        the partner), centre_in (the object of B at the pixel of the centre, 0 for none), nearest (the object of B with
        the nearest centre, 0 if B is empty), distance (to that centre; NaN if B is empty), gap (from its pixels to the
        nearest pixel of B, 0 if they share one; NaN if B is empty).

    Examples
    --------
    >>> from lumentrace.coloc import object_table
    >>> table = object_table([[1, 1, 0, 0]], [[0, 0, 0, 3]], spacing=0.5)
    >>> table.select("nearest", "distance", "gap").row(0)
    (3, 1.25, 1.0)

    References
    ----------
    Bolte, S., Cordelières, F. P.: A guided tour into subcellular colocalization analysis in light microscopy. J.
    Microsc. 224 (2006) 213.
    """
    a, b = _both(labels_a, labels_b)
    scale = pixel_size(spacing, a.ndim)
    found_a = objects_of(a, scale.tolist(), centre)
    found_b = objects_of(b, scale.tolist(), centre)
    place = np.searchsorted(found_a.labels, a[a != 0])
    covered = np.bincount(place, weights=b[a != 0] != 0, minlength=len(found_a.labels))
    partner, iou = _partners(object_overlap(a, b), found_a.labels)
    nearest, distance = _nearest(found_a, found_b)
    columns = {f"centre_{axis}": found_a.centres[:, axis] for axis in range(a.ndim)}
    return pl.DataFrame(
        {
            "label": found_a.labels,
            "pixels": found_a.sizes,
            **columns,
            "covered": covered / np.maximum(found_a.sizes, 1),
            "partner": partner,
            "iou": iou,
            "centre_in": _label_at(b, found_a.centres / scale),
            "nearest": nearest,
            "distance": distance,
            "gap": _gaps(a, b, found_a.labels, scale),
        }
    )


@unmasked
def match_objects(
    labels_a: ArrayLike,
    labels_b: ArrayLike,
    max_distance: float,
    *,
    spacing: float | Sequence[float] = 1.0,
    method: str = "mutual",
) -> pl.DataFrame:
    """Pair objects whose centres lie within a distance, one to one.

    Parameters
    ----------
    labels_a, labels_b : array_like
        Whole numbers of the same shape, 0 for background.
    max_distance : float
        In the unit of `spacing`.
    spacing : float or sequence of float, default 1
    method : {'mutual', 'optimal'}, default 'mutual'
        'mutual': each is the other's nearest. 'optimal': as many pairs as possible, then least total distance.

    Returns
    -------
    polars.DataFrame
        A row per pair: label_a, label_b, distance.

    Examples
    --------
    >>> from lumentrace.coloc import match_objects
    >>> match_objects([[1, 0, 2, 0]], [[0, 7, 0, 0]], 1.5).rows()
    [(1, 7, 1.0)]
    """
    if method not in MATCHES:
        raise ValueError(f"`method`: expected one of {', '.join(MATCHES)}, found {method!r}")
    if not max_distance >= 0:
        raise ValueError(f"`max_distance`: expected a number from 0 on, found {max_distance}")
    a, b = _both(labels_a, labels_b)
    found_a, found_b = objects_of(a, spacing), objects_of(b, spacing)
    pairs = _mutual(found_a, found_b) if method == "mutual" else _optimal(found_a, found_b, max_distance)
    distance = np.linalg.norm(found_a.centres[pairs[0]] - found_b.centres[pairs[1]], axis=1)
    near = distance <= max_distance
    return pl.DataFrame(
        {
            "label_a": found_a.labels[pairs[0][near]],
            "label_b": found_b.labels[pairs[1][near]],
            "distance": distance[near],
        }
    )


def _both(labels_a: ArrayLike, labels_b: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    a, b = (
        whole_labels(each, name).astype(np.int64) for name, each in (("labels_a", labels_a), ("labels_b", labels_b))
    )
    check_shape("labels_b", b, a.shape)
    return a, b


def _partners(overlap: pl.DataFrame, labels: NDArray[np.int64]) -> tuple[NDArray[np.int64], Floats]:
    partner, iou = np.zeros(len(labels), dtype=np.int64), np.zeros(len(labels))
    best = overlap.sort(["label_a", "pixels", "label_b"], descending=[False, True, False]).unique(
        "label_a", keep="first", maintain_order=True
    )
    place = np.searchsorted(labels, best["label_a"].to_numpy())
    partner[place], iou[place] = best["label_b"].to_numpy(), best["iou"].to_numpy()
    return partner, iou


def _nearest(a: Objects, b: Objects) -> tuple[NDArray[np.int64], Floats]:
    from scipy.spatial import KDTree

    if not len(b.labels) or not len(a.labels):
        return np.zeros(len(a.labels), dtype=np.int64), np.full(len(a.labels), np.nan)
    distance, place = KDTree(b.centres).query(a.centres)
    return b.labels[place], np.asarray(distance)


def _label_at(image: NDArray[np.int64], places: Floats) -> NDArray[np.int64]:
    """Labels at the pixels nearest to places; halves go to the even one."""
    pixels = np.clip(np.rint(places).astype(np.int64), 0, np.array(image.shape) - 1)
    return np.asarray(image[tuple(pixels.T)])


def _gaps(a: NDArray[np.int64], b: NDArray[np.int64], labels: NDArray[np.int64], scale: Floats) -> Floats:
    from scipy import ndimage

    if not (b != 0).any():
        return np.full(len(labels), np.nan)
    distance = ndimage.distance_transform_edt(b == 0, sampling=scale)
    gaps = np.full(len(labels), np.inf)
    np.minimum.at(gaps, np.searchsorted(labels, a[a != 0]), distance[a != 0])
    return gaps


def _mutual(a: Objects, b: Objects) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    from scipy.spatial import KDTree

    if not len(a.labels) or not len(b.labels):
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    to_b, to_a = (np.asarray(KDTree(to.centres).query(by.centres)[1]) for to, by in ((b, a), (a, b)))
    own = np.arange(len(a.labels))
    mutual = to_a[to_b] == own
    return own[mutual], to_b[mutual]


def _optimal(a: Objects, b: Objects, most: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Assignment in which a pair beyond `most` costs more than all pairs within."""
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial import distance

    if not len(a.labels) or not len(b.labels):
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    cost = distance.cdist(a.centres, b.centres)
    beyond = (most + 1.0) * (min(cost.shape) + 1)
    rows, columns = linear_sum_assignment(np.where(cost <= most, cost, beyond))
    return rows, columns
