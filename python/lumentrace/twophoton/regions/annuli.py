"""Rings around regions that show what the regions see of their surroundings: neuropil."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace.base.checks import whole
from lumentrace.base.provenance import Watch
from lumentrace.twophoton.regions.rois import RoiSet

Integers = NDArray[np.int64]
Masks = NDArray[np.bool_]

WIDER = 1.5
"""So many times wider is the part of the frame that is looked at next if there were too few pixels."""


def neuropil_roi_set(
    rois: RoiSet, *, gap_pixels: float = 2.0, least_pixels: int = 350, radius_pixels: float | None = None
) -> RoiSet:
    """For each region, the nearest pixels around it that are near no region.

    Distances are those of pixel centres (Euclidean). As many rings of equal distance are taken as it needs for
    `least_pixels`, the last one whole; pixels that two regions share as neighbours belong to both of their annuli.

    Parameters
    ----------
    rois : RoiSet
    gap_pixels : float, default 2
        Pixels up to this far from any region are left out: they see some of its light.
    least_pixels : int, default 350
        Fewer are noisier. 350 is about as many as Suite2p takes.
    radius_pixels : float, optional
        Take no pixels farther away, even if there are fewer then.

    Returns
    -------
    RoiSet
        With the labels of `rois`. A region whose surroundings are full of others has no pixels; its trace is NaN.

    Raises
    ------
    ValueError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> labels = np.zeros((40, 60), int)
    >>> labels[15:22, 10:17], labels[15:22, 30:37] = 1, 2
    >>> cells = twophoton.make_roi_set_from_label_image(labels)
    >>> rings = twophoton.neuropil_roi_set(cells, least_pixels=200)
    >>> [own.size >= 200 for own in rings.regions()], bool((rings.masks.any(axis=0) & (labels > 0)).any())
    ([True, True], False)
    """
    watch = Watch()
    least = whole("least_pixels", least_pixels, 1)
    if not 0 <= gap_pixels < math.inf:
        raise ValueError(f"`gap_pixels`: expected a number from 0 on, found {gap_pixels!r}")
    if radius_pixels is not None and not gap_pixels < radius_pixels < math.inf:
        raise ValueError(f"`radius_pixels`: expected a number above {gap_pixels:g}, found {radius_pixels!r}")
    taken = np.zeros(rois.shape[0] * rois.shape[1], bool)
    taken[rois.pixels] = True
    free = _distances(taken.reshape(rois.shape)) > gap_pixels if taken.any() else ~taken.reshape(rois.shape)
    farthest = math.inf if radius_pixels is None else float(radius_pixels)
    rings = [_ring(own, free, least, farthest, gap_pixels) for own in rois.regions()]
    about = {"gap_pixels": gap_pixels, "least_pixels": least, "radius_pixels": radius_pixels}
    found = RoiSet.from_pixels(rois.shape, rings, rois.labels)
    return found.with_provenance(watch.after(rois.provenance, "neuropil_roi_set", about))


def _ring(own: Integers, free: Masks, least: int, farthest: float, gap: float) -> Integers:
    """The nearest free pixels around a region, looked for in ever larger parts of the frame."""
    if not own.size:
        return own
    columns = free.shape[1]
    rows, places = own // columns, own % columns
    reach = gap + math.sqrt(least / math.pi + own.size) + 1
    while True:
        reach = min(reach, farthest, float(sum(free.shape)))
        window = tuple(slice(max(int(axis.min() - reach), 0), int(axis.max() + reach) + 1) for axis in (rows, places))
        inside = np.zeros(free[window].shape, bool)
        inside[rows - window[0].start, places - window[1].start] = True
        distances = np.where(free[window], _distances(inside), np.inf)
        near = np.sort(distances[distances <= reach])
        if near.size >= least or reach >= min(farthest, sum(free.shape)):
            break
        reach *= WIDER
    chosen = np.argwhere(distances <= (near[least - 1] if near.size >= least else reach))
    return np.asarray((chosen[:, 0] + window[0].start) * columns + chosen[:, 1] + window[1].start)


def _distances(inside: Masks) -> NDArray[np.float64]:
    """Of each pixel from the nearest one inside."""
    return np.asarray(ndimage.distance_transform_edt(~inside))
