"""Objects that a module before has found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

DETECTORS = ("feature_detection", "log_blob_detection")
ORDERS = ("xy", "peer")


def detections(previous: Mapping[str, dict[str, Any]] | None, module: str) -> dict[str, Any]:
    """Outputs of `module`, or of another detector if it did not run.

    Raises
    ------
    RuntimeError
        If no detector ran.
    """
    found = [name for name in (*DETECTORS, module) if previous is not None and name in previous]
    if previous is None or not found:
        raise RuntimeError(f"expected {' or '.join(DETECTORS)} before this step, found none")
    return previous[found[-1]]


def coordinates(
    features: Sequence[Sequence[Mapping[str, Any]]], columns: Sequence[str], order: str
) -> NDArray[np.float64]:
    """Places of all features, frame by frame.

    Parameters
    ----------
    features : list of list of dict
    columns : sequence of str
        Keys of the features.
    order : {'xy', 'peer'}
        'peer' takes `centroid` (row, column) whatever the columns are called, as the reference implementation does for
        features of a mask.

    Raises
    ------
    KeyError
        If a feature has none of the columns and no centroid.
    ValueError
        For another order.
    """
    if order not in ORDERS:
        raise ValueError(f"`coord_order`: expected one of {', '.join(ORDERS)}, found {order!r}")
    flat = list(chain.from_iterable(features))
    keys = list(columns)
    if order == "peer" or not all(key in feature for key in keys for feature in flat[:1]):
        keys = ["centroid"]
    try:
        if keys != ["centroid"]:
            return np.array([[feature[key] for feature in flat] for key in keys], dtype=np.float64).T.copy()
        places: Any = [feature["centroid"] for feature in flat]
    except KeyError:
        places = [_place(feature, columns, order) for feature in flat]
    return np.array(places, dtype=np.float64).reshape(len(flat), -1 if flat else max(len(columns), 1))


def axes_of(features: Sequence[Sequence[Mapping[str, Any]]], columns: Sequence[str], order: str) -> tuple[str, ...]:
    """What the coordinates of `coordinates` are: 'x' and 'y' in the order in which they are given."""
    first = next((feature for frame in features for feature in frame), {})
    if order == "xy" and all(column in first for column in columns):
        return tuple(column.removeprefix("centroid_") for column in columns)
    return "y", "x"


def _place(feature: Mapping[str, Any], columns: Sequence[str], order: str) -> tuple[float, ...]:
    if order == "xy" and all(column in feature for column in columns):
        return tuple(feature[column] for column in columns)
    if "centroid" in feature:
        return tuple(feature["centroid"])
    raise KeyError(f"`coord_columns`: expected keys among {', '.join(feature)}, found {', '.join(columns)}")
