"""Histograms of two registered images, counted band by band."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.base import mapping
from lumentrace.engine.progress import reporter
from lumentrace.stain.prepare.whole_image import bands, value_range
from lumentrace.stain.registration.result import Registration

Image = NDArray[Any]
Counts = NDArray[np.uint32]

MARGIN = 3
"""Ratios are taken so many pixels away from the rim of the tissue."""
DECADES = 4.0
BIN = 0.002
"""Width of a bin of ratios, in decades."""
EXO2MICRO_DECADES = 8.0
EXO2MICRO_BINS = 64000
JOINT_BINS = 1024
BLOCKS = 10
"""Ratios are counted apart in so many squares along the longer side, to see how sure a scale is."""
COUNTS = 5.0
"""Pixels of whole numbers below this say little about a ratio."""
NOISES = 3.0
SEED = 1912


@dataclass(frozen=True)
class Histograms:
    """What two registered images hold together.

    Attributes
    ----------
    ratios : ndarray
        (blocks, bins): logarithms to base 10 of post over pre, from -`decades` to `decades`.
    decades : float
    joint : ndarray
        (bins, bins): how often values of post (rows) and pre (columns) occur together.
    most : tuple of float
        End of the last bin of post and pre.
    floor : float
        Pre-stain values below this were left out of the ratios.
    """

    ratios: Counts
    decades: float
    joint: Counts
    most: tuple[float, float]
    floor: float

    @property
    def edges(self) -> NDArray[np.float64]:
        """Edges of the bins of ratios."""
        return np.linspace(-self.decades, self.decades, self.ratios.shape[1] + 1)


def count(post: Image, pre: Image, registration: Registration, exo2micro: bool = False) -> Histograms:
    """Count ratios and pairs of values in one pass over the post-stain image.

    Parameters
    ----------
    post, pre : ndarray
    registration : Registration
    exo2micro : bool, default False
        Count all pixels that are positive in both images, as exo2micro does; otherwise pixels near the rim and dark
        ones are left out, and whole numbers are dithered, so that ratios of small numbers do not pile up. Ratios are
        then those of the pre-stain image with its fine details: where they are smoothed away, bright lines and spots of
        tissue are few pixels with too large a ratio among many with a ratio that is a little too small.
    """
    tell = reporter()
    height, width = post.shape
    most = (_top(post), _top(pre))
    margin, decades, bins = MARGIN, DECADES, round(2 * DECADES / BIN)
    if exo2micro:
        margin, decades, bins = 0, EXO2MICRO_DECADES, EXO2MICRO_BINS
    floor = float(np.finfo(np.float32).tiny) if exo2micro else _floor(pre)
    block = max(height, width) if exo2micro else max(1, -(-max(height, width) // BLOCKS))
    blocks = -(-height // block) * -(-width // block)
    ratios, joint = np.zeros((blocks, bins), np.uint32), np.zeros((JOINT_BINS, JOINT_BINS), np.uint32)
    dither = [0.0, 0.0] if exo2micro else [0.5 * (image.dtype.kind in "ui") for image in (post, pre)]
    for first, end in bands(height):
        above, below = max(first - margin, 0), min(end + margin, height)
        aligned = registration.warp_rows(pre, above, below - above)
        sharp = aligned if exo2micro else registration.warp_rows(pre, above, below - above, "cubic")
        _core.tally_ratios(
            np.ascontiguousarray(post[above:below]),
            aligned,
            sharp,
            above,
            (first - above, end - above),
            ratios,
            joint,
            height=height,
            margin=margin,
            floor=floor,
            decades=decades,
            block=block,
            most=list(most),
            dither=dither,
            seed=SEED,
        )
        for image in (post, pre):
            mapping.release(image)
        if tell is not None:
            tell(100 * end // height)
    return Histograms(ratios, decades, joint, most, floor)


def _top(image: Image) -> float:
    """End of the last bin: whole numbers get bins of whole numbers if there are enough."""
    most = value_range(image)[1]
    if image.dtype.kind in "ui":
        return float(JOINT_BINS * max(1, -(-int(most + 1) // JOINT_BINS)))
    return most * (1 + 1e-6) if most > 0 else 1.0


def _floor(pre: Image) -> float:
    noise = noise_of(pre)
    return max(COUNTS if pre.dtype.kind in "ui" else 0.0, NOISES * noise, float(np.finfo(np.float32).tiny))


def noise_of(image: Image) -> float:
    """Standard deviation of the noise of the darker half of the pixels that hold signal, from second differences."""
    step = max(1, max(image.shape) // 1500)
    part = image[::step].astype(np.float32)
    middle = part[:, 1:-1]
    bend = part[:, :-2] - 2 * middle + part[:, 2:]
    held = np.isfinite(bend) & (middle > 0)
    if held.sum() < 100:
        return 0.0
    dark = held & (middle <= np.median(middle[held]))
    # The variance of a second difference is six times that of a pixel.
    return float(1.4826 * np.median(np.abs(bend[dark])) / np.sqrt(6))
