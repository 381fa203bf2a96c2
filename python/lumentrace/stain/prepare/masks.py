"""Masks, canvases and overlays of two images."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace.base.checks import equal_shapes, one_plane, whole
from lumentrace.base.masked import unmasked

logger = logging.getLogger(__name__)

LOW_COVERAGE = 0.05
CYAN, MAGENTA = (0, 255, 255), (255, 0, 255)
TINY = 1e-8


@unmasked
def pad_images(post_im: NDArray[Any], pre_im: NDArray[Any], pad: int = 50) -> tuple[NDArray[Any], NDArray[Any]]:
    """Put two images on equal canvases of zeros, both with their first pixel at (pad, pad).

    Parameters
    ----------
    post_im, pre_im : ndarray
        (rows, columns); they may differ in size.
    pad : int, default 50
        Border in pixels.

    Returns
    -------
    post_im, pre_im : ndarray
        (greatest number of rows + 2 pad, greatest number of columns + 2 pad), each in its own type.

    Raises
    ------
    ValueError
        If the border is negative or an image is no plane.
    """
    pad = whole("pad", pad, 0)
    for name, image in (("post_im", post_im), ("pre_im", pre_im)):
        one_plane(name, image)
    rows, columns = (max(post_im.shape[axis], pre_im.shape[axis]) + 2 * pad for axis in (0, 1))
    canvases = []
    for image in (post_im, pre_im):
        canvas = np.zeros((rows, columns), image.dtype)
        canvas[pad : pad + image.shape[0], pad : pad + image.shape[1]] = image
        canvases.append(canvas)
    return canvases[0], canvases[1]


@unmasked
def trim_to_signal(
    post_im: NDArray[Any], pre_im: NDArray[Any], threshold: float = 0
) -> tuple[NDArray[Any], NDArray[Any], tuple[int, int, int, int]]:
    """Cut both images to the rows and columns in which either is above a threshold.

    Returns
    -------
    post_im, pre_im : ndarray
        Views of the input; the whole of it if there is no signal.
    bbox : tuple of int
        First and end row, first and end column.

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    equal_shapes(post_im=post_im, pre_im=pre_im)
    signal = (post_im > threshold) | (pre_im > threshold)
    rows, columns = np.flatnonzero(signal.any(axis=1)), np.flatnonzero(signal.any(axis=0))
    if not rows.size:
        return post_im, pre_im, (0, post_im.shape[0], 0, post_im.shape[1])
    top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    return post_im[top:bottom, left:right], pre_im[top:bottom, left:right], (top, bottom, left, right)


@unmasked
def build_tissue_mask(
    post_im: NDArray[Any], pre_im: NDArray[Any], signal_threshold: float = 0, dilation_iters: int = 50
) -> NDArray[np.bool_]:
    """Where both images show tissue: above a threshold, grown, without holes.

    Parameters
    ----------
    post_im, pre_im : ndarray
        Of equal shape.
    signal_threshold : float, default 0
    dilation_iters : int, default 50
        Pixels, counted along rows and columns, by which the signal grows; 0 for not at all.

    Returns
    -------
    ndarray of bool

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    equal_shapes(post_im=post_im, pre_im=pre_im)
    mask = _grown(post_im, signal_threshold, dilation_iters) & _grown(pre_im, signal_threshold, dilation_iters)
    coverage = float(mask.mean()) if mask.size else 0.0
    logger.info("tissue mask: %.1f %% of the image%s", 100 * coverage, " (low)" if coverage <= LOW_COVERAGE else "")
    return mask


def _grown(image: NDArray[Any], threshold: float, steps: int) -> NDArray[np.bool_]:
    signal = np.asarray(image > threshold)
    if steps > 0 and signal.any():
        # As many dilations with a cross reach all pixels whose distance along rows and columns is no larger.
        signal = ndimage.distance_transform_cdt(~signal, metric="taxicab") <= steps
    return np.asarray(ndimage.binary_fill_holes(signal))


@unmasked
def build_clean_tissue_mask(post: NDArray[Any], pre: NDArray[Any]) -> NDArray[np.bool_]:
    """Where both images are positive, without holes; raises as `build_tissue_mask`."""
    equal_shapes(post=post, pre=pre)
    return np.asarray(ndimage.binary_fill_holes(post > 0) & ndimage.binary_fill_holes(pre > 0))


@unmasked
def make_rgb_overlay(
    post: NDArray[Any],
    pre: NDArray[Any],
    post_edges: NDArray[Any] | None = None,
    pre_edges: NDArray[Any] | None = None,
) -> NDArray[np.uint8]:
    """Show two images in one: post in red, pre in green, edges in cyan and magenta.

    Parameters
    ----------
    post, pre : ndarray
        (rows, columns); each is scaled so that the 99th percentile of its positive values is full colour.
    post_edges, pre_edges : ndarray, optional
        Drawn where they are positive.

    Returns
    -------
    ndarray of uint8
        (rows, columns, 3)

    Raises
    ------
    ValueError
        If the shapes differ.
    """
    drawn = {"post_edges": post_edges, "pre_edges": pre_edges}
    equal_shapes(post=post, pre=pre, **{name: edges for name, edges in drawn.items() if edges is not None})
    colours = np.zeros((*post.shape, 3), np.uint8)
    colours[..., 0] = _full(post)
    colours[..., 1] = _full(pre)
    for edges, colour in ((post_edges, CYAN), (pre_edges, MAGENTA)):
        if edges is not None:
            colours[np.asarray(edges) > 0] = colour
    return colours


def _full(image: NDArray[Any]) -> NDArray[np.uint8]:
    values = image if image.dtype.newbyteorder("=") == np.float32 else image.astype(np.float64)
    positive = values[values > 0]
    bright = np.percentile(positive, 99) if positive.size else 0.0
    if bright < TINY:
        return np.zeros(image.shape, np.uint8)
    return np.asarray(np.clip(values / bright * 255, 0, 255), dtype=np.uint8)
