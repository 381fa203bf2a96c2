"""How close a registration and a difference image come to the truth that a pair of images was made from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def inner_disc(shape: tuple[int, int], step: int = 1) -> tuple[Array, Array, Array]:
    """x and y of every `step`-th pixel, and which of them are well inside the tissue."""
    height, width = shape
    y, x = np.mgrid[0:height:step, 0:width:step].astype(float)
    return x, y, np.hypot((x - (width - 1) / 2) / width, (y - (height - 1) / 2) / height) < 0.38


def mapped(matrix: Array, x: Array, y: Array) -> Array:
    """Points under a homography."""
    points = np.asarray(matrix, float).reshape(3, 3) @ np.stack([x, y, np.ones_like(x)])
    return points[:2] / points[2]


def matrix_error(truth: dict[str, Any], matrix: Array, pad: int) -> Array:
    """Distances, in pixels of the pre image, of a matrix from post to pre on the padded canvas from the true one."""
    height, width = truth["post_shape"]
    x, y, inside = inner_disc((height, width), max(8, min(height, width) // 64))
    found = mapped(matrix, x[inside] + pad, y[inside] + pad) - pad
    return np.asarray(np.hypot(*(found - mapped(truth["post_to_pre"], x[inside], y[inside]))))


def stain_score(truth: dict[str, Any], mask: Array, difference: Array, pad: int) -> dict[str, float]:
    """How well the brightness of a difference image tells stain from background, and the light of its spots.

    Recall and precision are those of pixels five sigma (by the median deviation) above the background.
    """
    height, width = truth["post_shape"]
    image = np.asarray(difference, np.float64)[pad : pad + height, pad : pad + width]
    inside = inner_disc((height, width))[2]
    stained, other = image[(mask > 0) & inside], image[(mask == 0) & inside]
    ranks = np.argsort(np.argsort(np.concatenate([stained, other]), kind="stable"), kind="stable")
    below = ranks[: stained.size].sum() - stained.size * (stained.size - 1) / 2
    middle = np.median(other)
    threshold = middle + 5 * 1.4826 * np.median(np.abs(other - middle))
    hits, false = (stained > threshold).sum(), (other > threshold).sum()
    ratios = flux_ratios(truth, image, inside)
    return {
        "auc": below / (stained.size * other.size),
        "recall": hits / stained.size,
        "precision": hits / max(hits + false, 1),
        "n_spots": len(ratios),
        "flux_ratio_median": float(np.median(ratios)),
    }


def flux_ratios(truth: dict[str, Any], image: Array, inside: Array) -> list[float]:
    """Light found over light put in, spot by spot, for spots whose surroundings are in the image."""
    found = []
    for spot in truth["spots"]:
        x, y, r = round(spot["x"]), round(spot["y"]), round(4 * spot["s_major"]) + 1
        if min(x, y) < r or y + r >= image.shape[0] or x + r >= image.shape[1] or not inside[y, x]:
            continue
        box = image[y - r : y + r + 1, x - r : x + r + 1]
        around = np.median(np.concatenate([box[0], box[-1], box[:, 0], box[:, -1]]))
        made = truth.get("count_gain", 1.0) * spot["amp"] * 2 * np.pi * spot["s_major"] * spot["s_minor"]
        found.append(float((box - around).sum() / made))
    return found
