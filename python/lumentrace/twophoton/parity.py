"""Results of earlier analyses, pixel by pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]


def psycho5_grid_roi_label_image(shape: tuple[int, int], grid_size_pixels: int) -> Labels:
    """Numbers of square tiles, counted down each column of tiles first.

    Raises
    ------
    ValueError
        If a length is not positive.
    """
    rows, columns = shape
    if min(rows, columns, grid_size_pixels) < 1:
        raise ValueError(f"expected positive lengths, found shape {shape} and size {grid_size_pixels}")
    down = np.arange(rows) // grid_size_pixels
    across = np.arange(columns) // grid_size_pixels
    return np.asarray(across[None, :] * (down[-1] + 1) + down[:, None] + 1, dtype=np.int64)


def psycho5_watershed_image_from_preseg(image: NDArray[Any], preseg: NDArray[Any]) -> Labels:
    """Give pixels without number that of the nearest peak of a numbered region.

    Parameters
    ----------
    image : ndarray
        (rows, columns); a region's peak is where `image` is greatest, the first one down the columns.
    preseg : ndarray
        Numbers of regions, 0 for none.

    Raises
    ------
    ValueError
        If shapes differ or the numbers are none.
    """
    values, numbers = np.asarray(image, dtype=np.float64), np.asarray(preseg, dtype=np.float64)
    if values.shape != numbers.shape or values.ndim != 2:
        raise ValueError(f"expected planes of equal shape, found {values.shape} and {numbers.shape}")
    if not np.isfinite(numbers).all() or (numbers != np.rint(numbers)).any() or (numbers < 0).any():
        raise ValueError("`preseg`: expected whole numbers from 0 on")
    labels = numbers.astype(np.int64)
    if not labels.max():
        raise ValueError("`preseg`: expected a region at least, found 0 everywhere")
    peaks = [
        np.unravel_index(int((values * (labels == label)).ravel(order="F").argmax()), values.shape, order="F")
        for label in range(1, labels.max() + 1)
    ]
    rows, columns = np.nonzero(labels == 0)
    if rows.size:
        places = np.array(peaks)
        distance = (rows[:, None] - places[:, 0]) ** 2 + (columns[:, None] - places[:, 1]) ** 2
        labels[rows, columns] = distance.argmin(axis=1) + 1
    return labels
