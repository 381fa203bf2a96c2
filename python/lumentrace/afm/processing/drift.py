"""Drift by parts of pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.checks import film
from lumentrace.base.masked import unmasked
from lumentrace.engine import progress

from .alignment import Floats, Moved, filled, prepared

LARGEST = 1e100
"""Products of larger heights could be infinite."""
ROUNDS = 8
"""Most repetitions of the search for a shift between pixels."""


@unmasked
def correct_drift(
    data: Floats,
    *,
    reference: str = "previous",
    upsample_factor: int = 20,
    max_shift: float | None = None,
    pre_filter_sigma: float | None = 1.0,
) -> Moved:
    """Undo drift by parts of pixels; frames keep their size, with NaN where nothing was seen.

    Parameters
    ----------
    data : ndarray
        (frames, height, width)
    reference : {'previous', 'first', 'mean'}, default 'previous'
        What each frame is compared with; 'previous' adds shifts up, which follows a sample that changes.
    upsample_factor : int, default 20
        Shifts are found to one part in so many of a pixel.
    max_shift : float, optional
        Refuse frames that moved more than this from one to the next, or from the reference.
    pre_filter_sigma : float, optional
        Smooth the frames for the search.

    Returns
    -------
    corrected : ndarray
        float64; values between pixels by cubic splines.
    metadata : dict
        `shifts` float (frames, 2), `reference`.

    Raises
    ------
    ValueError
        For settings out of range, or a frame that moved too far; the message names it.

    Notes
    -----
    Guizar-Sicairos, M. et al.: Efficient subpixel image registration algorithms. Opt. Lett. 33 (2008) 156.
    """
    from scipy import ndimage

    film("data", data)
    if reference not in ("previous", "first", "mean"):
        raise ValueError(f"`reference`: expected 'previous', 'first' or 'mean', found {reference!r}")
    images = [prepared(frame, pre_filter_sigma) for frame in data]
    largest = max((float(np.abs(image).max()) for image in images), default=0.0)
    if not largest < LARGEST:
        raise ValueError(f"`data`: expected differences from the mean below {LARGEST:g}, found {largest:g}")
    shifts = np.zeros((len(data), 2))
    tell = progress.reporter()
    fixed = np.mean(images, axis=0) if reference == "mean" and images else None
    for number in range(0 if fixed is not None else 1, len(data)):
        other = fixed if fixed is not None else images[number - 1 if reference == "previous" else 0]
        found = _between(other, images[number], upsample_factor)
        if max_shift is not None and np.abs(found).max() > max_shift:
            raise ValueError(f"correct_drift, frame {number}: expected shifts up to {max_shift:g}, found {found}")
        shifts[number] = found + (shifts[number - 1] if reference == "previous" else 0)
        if tell is not None:
            tell(number + 1)
    corrected = np.empty(data.shape)
    for number, frame in enumerate(data):
        whole, bad = filled(frame)
        corrected[number] = ndimage.shift(whole, shifts[number], order=3, mode="constant", cval=np.nan)
        if bad is not None:
            gone = ndimage.shift(bad.astype(np.float64), shifts[number], order=1, mode="constant", cval=1.0)
            corrected[number][gone > 1e-6] = np.nan
    return corrected, {"shifts": shifts, "reference": reference}


def _between(fixed: Floats, image: Floats, upsample_factor: int) -> NDArray[np.float64]:
    """The shift of an image onto a fixed one.

    What leaves the frame on one side and what enters on the other pull each estimate towards 0 by some percent: it is
    repeated on the shifted image until nothing is left.
    """
    from scipy import ndimage, signal
    from skimage.registration import phase_cross_correlation

    find: Any = phase_cross_correlation
    total = np.zeros(2)
    for _ in range(ROUNDS):
        margins = np.minimum(np.ceil(np.abs(total)).astype(int) + 1, (np.array(fixed.shape) - 1) // 3)
        inside = tuple(slice(margin, length - margin) for margin, length in zip(margins, fixed.shape, strict=True))
        moved = ndimage.shift(image, total, order=3, mode="nearest")[inside]
        window = np.outer(*(signal.windows.hann(length, sym=True) for length in moved.shape))
        pair = [window * (part - part.mean()) for part in (fixed[inside], moved)]
        found = find(*pair, upsample_factor=upsample_factor, normalization=None)[0]
        total = total + found
        if np.abs(found).max() < 1 / upsample_factor:
            break
    return total
