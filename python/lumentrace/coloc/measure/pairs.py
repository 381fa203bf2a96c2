"""The channels of an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..regions.selection import channel


def channel_pairs(
    image: ArrayLike, channel_axis: int, names: Sequence[str] | None
) -> tuple[list[NDArray[Any]], list[str]]:
    """Channels and their names.

    Raises
    ------
    ValueError
        For an axis that the image does not have, no channel, or a wrong number of names.
    """
    array = channel("image", image)
    if not -array.ndim <= channel_axis < array.ndim:
        raise ValueError(f"`channel_axis`: expected an axis of an image with {array.ndim}, found {channel_axis}")
    if not array.shape[channel_axis]:
        raise ValueError(f"`image`: expected at least one channel, found shape {array.shape}")
    channels = list(np.moveaxis(array, channel_axis, 0))
    if names is None:
        return channels, [f"c{number}" for number in range(len(channels))]
    if len(names) != len(channels):
        raise ValueError(f"`channel_names`: expected {len(channels)} names, found {len(names)}")
    return channels, [str(name) for name in names]
