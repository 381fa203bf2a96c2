"""Objects that a module before has found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import compat

DETECTORS = ("feature_detection", "log_blob_detection")
ORDERS = ("xy", "playnano")
PARTS = {"centroid_y": 0, "centroid_x": 1}
"""Where the centroid has them."""


def detections(previous: Mapping[str, dict[str, Any]] | None, module: str) -> dict[str, Any]:
    """Outputs of `module`, or of another detector if it did not run.

    Raises
    ------
    RuntimeError
        If no detector ran.
    """
    return dict(previous or {})[detector(previous, module)]


def detector(previous: Mapping[str, dict[str, Any]] | None, module: str) -> str:
    """`module`, or another detector if it did not run.

    Raises
    ------
    RuntimeError
        If no detector ran.
    """
    found = [name for name in (*DETECTORS, module) if previous is not None and name in previous]
    if not found:
        raise RuntimeError(f"expected {' or '.join(DETECTORS)} before this step, found none")
    return found[-1]


def coordinates(
    features: Sequence[Sequence[Mapping[str, Any]]], columns: Sequence[str], order: str
) -> NDArray[np.float64]:
    """Places of all features, frame by frame.

    Parameters
    ----------
    features : list of list of dict
    columns : sequence of str
        Keys of the features.
    order : {'xy', 'playnano'}
        'playnano' takes `centroid` (row, column) whatever the columns are called, as that program does for features of
        a mask.

    Raises
    ------
    KeyError
        If a feature lacks a column; the message lists those that it has.
    ValueError
        For another order.
    """
    known = compat.program(order)
    if known not in ORDERS:
        raise ValueError(f"`coord_order`: expected one of {', '.join(ORDERS)}, found {order!r}")
    flat = list(chain.from_iterable(features))
    if known == "playnano":
        places: Any = [_value(feature, "centroid") for feature in flat]
        return np.array(places, dtype=np.float64).reshape(len(flat), -1 if flat else 2)
    values = [[_value(feature, column) for feature in flat] for column in columns]
    return np.array(values, dtype=np.float64).reshape(len(values), len(flat)).T.copy()


def axes_of(columns: Sequence[str], order: str) -> tuple[str, ...]:
    """What the coordinates of `coordinates` are: 'x' and 'y' in the order in which they are given."""
    if compat.program(order) == "playnano":
        return "y", "x"
    return tuple(column.removeprefix("centroid_") for column in columns)


def _value(feature: Mapping[str, Any], column: str) -> Any:
    """One figure of a feature; x and y also of a detector that gives only the centroid."""
    if column in feature:
        return feature[column]
    if column in PARTS and "centroid" in feature:
        return feature["centroid"][PARTS[column]]
    raise KeyError(f"`coord_columns`: expected keys among {', '.join(feature)}, found {column}")
