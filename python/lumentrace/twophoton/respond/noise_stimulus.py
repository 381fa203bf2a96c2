"""What a stimulus showed during each frame of a recording."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.checks import film
from lumentrace.base.masked import unmasked

Floats = NDArray[np.float64]


@unmasked
def stimulus_at_frames(
    stimulus: NDArray[Any],
    onset_seconds: NDArray[Any],
    frame_seconds: NDArray[Any],
    *,
    last_seconds: float | None = None,
) -> Floats:
    """Images of a stimulus that were on the screen at some times.

    Parameters
    ----------
    stimulus : ndarray
        (images, rows, columns)
    onset_seconds : ndarray
        (images,): when each image appeared, ascending; it stays until the next one does.
    frame_seconds : ndarray
        (frames,): times of the recording on the same clock, as the middles of its frames.
    last_seconds : float, optional
        How long the last image stayed; as long as the one before it, by default.

    Returns
    -------
    ndarray
        (frames, rows, columns); NaN for frames before the first image and after the last one.

    Raises
    ------
    ValueError
        If there is not one onset for each image, onsets do not ascend, or times are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from lumentrace import twophoton
    >>> images = np.array([[[1.0]], [[2.0]]])
    >>> twophoton.stimulus_at_frames(images, np.array([1.0, 2.0]), np.arange(5) + 0.5)[:, 0, 0].tolist()
    [nan, 1.0, 2.0, nan, nan]
    """
    film("stimulus", stimulus)
    images = np.require(stimulus, np.float64, ["C", "A"])
    onsets, times = (np.require(each, np.float64, ["C", "A"]) for each in (onset_seconds, frame_seconds))
    if onsets.shape != (len(images),) or not len(images):
        raise ValueError(f"`onset_seconds`: expected one for each of {len(images)} images, found shape {onsets.shape}")
    if not np.isfinite(onsets).all() or not (np.diff(onsets) > 0).all():
        raise ValueError("`onset_seconds`: expected finite times in ascending order, found others")
    if times.ndim != 1 or not np.isfinite(times).all():
        raise ValueError(f"`frame_seconds`: expected finite times of shape (frames,), found shape {times.shape}")
    if last_seconds is None and len(onsets) < 2:
        raise ValueError("`last_seconds`: expected how long the only image stayed, found None")
    stop = onsets[-1] + (onsets[-1] - onsets[-2] if last_seconds is None else last_seconds)
    place = np.searchsorted(onsets, times, side="right") - 1
    found = images[np.maximum(place, 0)]
    found[(place < 0) | (times >= stop)] = np.nan
    return found
