"""Regions around the bright spots of an image."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace import _core
from lumentrace.base.masked import unmasked
from lumentrace.base.provenance import Provenance, Watch, content
from lumentrace.twophoton.regions.rois import RoiSet, label_pixels, within

Floats = NDArray[np.float64]


def watershed_labels(image: NDArray[Any], smoothing_sigma: float = 0.0) -> NDArray[np.int32]:
    """Number of the peak that each pixel belongs to, from 1 on; every pixel belongs to one.

    Raises
    ------
    ValueError
        If the image is no plane of finite numbers.
    """
    values = np.asarray(image, dtype=np.float64)
    if values.ndim != 2 or not values.size:
        raise ValueError(f"`image`: expected shape (rows, columns), found {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("`image`: expected finite numbers")
    height = values - values.min()
    if smoothing_sigma > 0:
        height = ndimage.gaussian_filter(height, smoothing_sigma)
    seeds = height == ndimage.maximum_filter(height, size=3, mode="nearest")
    if np.ptp(height) > 0:
        seeds &= height > height.min()
    labels = np.ascontiguousarray(ndimage.label(seeds, structure=np.ones((3, 3)))[0], dtype=np.int32)
    _core.flood_labels(np.ascontiguousarray(height), labels)
    return labels


@unmasked
def watershed_roi_set(
    image: NDArray[Any],
    *,
    region_mask: NDArray[Any] | None = None,
    min_pixels: int = 1,
    smoothing_sigma: float = 0.0,
    label_prefix: str = "watershed",
    foreground: Literal["otsu"] | float | None = None,
) -> RoiSet:
    """Regions that belong to the peaks of an image, usually the mean image.

    Parameters
    ----------
    image : ndarray
        (rows, columns)
    region_mask : ndarray of bool, optional
        Keep regions whose centre lies in it.
    min_pixels : int, default 1
        Smaller regions are left out.
    smoothing_sigma : float, default 0
        Of a Gaussian that joins peaks, in pixels.
    label_prefix : str, default 'watershed'
    foreground : {'otsu'}, float or None, default None
        Leave out pixels that are no brighter than Otsu's threshold or a number. By default, as documented, every pixel
        belongs to a region, the background included.

    Raises
    ------
    ValueError
        If the image is no plane of finite numbers, or no region is large enough.
    """
    watch = Watch()
    labels = watershed_labels(image, smoothing_sigma)
    if foreground is not None:
        labels = np.where(np.asarray(image) > _threshold(image, foreground), labels, 0)
    kept = [own for own in label_pixels(labels) if own.size >= min_pixels]
    if not kept:
        raise ValueError(f"`min_pixels`: expected a region of {min_pixels} pixels at least, found none")
    found = within(kept, (labels.shape[0], labels.shape[1]), region_mask, label_prefix)
    about = {
        "region_mask": region_mask,
        "min_pixels": min_pixels,
        "smoothing_sigma": smoothing_sigma,
        "label_prefix": label_prefix,
        "foreground": foreground,
    }
    source = Provenance({"shape": list(labels.shape), "xxh3": content(np.asarray(image))})
    return found.with_provenance(watch.after(source, "watershed_roi_set", about))


def _threshold(image: NDArray[Any], foreground: str | float) -> float:
    if foreground == "otsu":
        from skimage.filters import threshold_otsu

        return float(threshold_otsu(np.asarray(image, dtype=np.float64)))  # type: ignore[no-untyped-call]  # scikit-image has no types
    if isinstance(foreground, str):
        raise ValueError(f"`foreground`: expected 'otsu', a number or None, found {foreground!r}")
    return float(foreground)
