"""Regions of an image: label masks from layers of a viewer, one mask per region."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lumentrace.base.checks import LARGEST_LABEL
from lumentrace.base.masked import unmasked


def shapes_to_label_mask(shapes_layer: Any, image_shape: Sequence[int]) -> NDArray[np.int_]:
    """Label mask of a napari Shapes layer.

    Parameters
    ----------
    shapes_layer : object
        With a method ``to_labels(labels_shape=...)``, as of `napari.layers.Shapes`.
    image_shape : sequence of int

    Returns
    -------
    ndarray of int
        Shape `image_shape`; 0 is background. Where shapes overlap the later one wins, so that numbers may be missing.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace.coloc import shapes_to_label_mask
    >>> class Square:
    ...     def to_labels(self, labels_shape):
    ...         labels = np.zeros(labels_shape)
    ...         labels[1:3, 1:3] = 1
    ...         return labels
    >>> int(shapes_to_label_mask(Square(), (4, 4)).sum())
    4
    """
    labels = shapes_layer.to_labels(labels_shape=tuple(int(length) for length in image_shape))
    return np.asarray(labels).astype(int)


def labels_to_label_mask(labels_layer: Any, image_shape: Sequence[int]) -> NDArray[np.int_]:
    """Label mask of a napari Labels layer.

    Parameters
    ----------
    labels_layer : object
        With an attribute `data`, as of `napari.layers.Labels`.
    image_shape : sequence of int

    Returns
    -------
    ndarray of int
        A copy: later changes of the layer do not reach it.

    Raises
    ------
    ValueError
        If the shapes differ, or for labels that are no whole numbers.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from lumentrace.coloc import labels_to_label_mask
    >>> labels_to_label_mask(SimpleNamespace(data=[[0, 2], [2, 0]]), (2, 2))
    array([[0, 2],
           [2, 0]])
    """
    mask = whole_labels(labels_layer.data)
    if mask.shape != tuple(image_shape):
        raise ValueError(f"labels layer: expected shape {tuple(image_shape)}, as of the image, found {mask.shape}")
    return mask.astype(int)


@unmasked
def iter_regions(label_mask: ArrayLike | None) -> Iterator[tuple[int, NDArray[np.bool_] | None]]:
    """Regions of a label mask, one by one.

    Parameters
    ----------
    label_mask : array_like or None
        Whole numbers; 0 is background. Booleans are one region, 1.

    Yields
    ------
    label : int
        Ascending; 0 for the whole image.
    mask : ndarray of bool or None
        Of the shape of `label_mask`; None for the whole image.

    Raises
    ------
    ValueError
        For labels that are no whole numbers.

    Examples
    --------
    >>> from lumentrace.coloc import iter_regions
    >>> [(label, int(mask.sum())) for label, mask in iter_regions([[0, 2], [7, 7]])]
    [(2, 1), (7, 2)]
    >>> list(iter_regions(None))
    [(0, None)]
    """
    if label_mask is None:
        yield 0, None
        return
    labels = whole_labels(label_mask)
    for label in np.unique(labels):
        if label != 0:
            yield int(label), labels == label


def whole_labels(values: ArrayLike, name: str = "label_mask") -> NDArray[Any]:
    """Labels as an array of whole numbers.

    Raises
    ------
    ValueError
        If they are no whole numbers; the message names the argument.
    """
    labels = np.asarray(values)
    if labels.dtype.kind not in "biuf":
        raise ValueError(f"`{name}`: expected whole numbers, found {labels.dtype}")
    if labels.dtype.kind == "f" and not (np.isfinite(labels).all() and (labels == np.trunc(labels)).all()):
        raise ValueError(f"`{name}`: expected whole numbers, found fractions or numbers that are not finite")
    if labels.dtype.kind in "uf" and labels.size and np.abs(labels).max() > LARGEST_LABEL:
        raise ValueError(f"`{name}`: expected whole numbers up to {LARGEST_LABEL}, found {labels.max()}")
    return labels.astype(np.int64) if labels.dtype.kind in "bf" else labels
