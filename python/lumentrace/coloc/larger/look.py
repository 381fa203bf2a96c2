"""What is seen of images that are read piece by piece, in one pass over each: for reports, verdicts and records."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import _core
from lumentrace.base.provenance import content
from lumentrace.data.lazy_image import LazyImage

from ..measure.images import clipped, greatest
from .blocks import Place, places
from .reading import Pixels, as_lazy

Array = NDArray[Any]
SIDE, MOST = 512, 1 << 20
"""Longest side of a plane that is shown or judged, and pixels of all planes of a channel."""


@dataclass(frozen=True)
class Look:
    """What is seen of channels and labels.

    Attributes
    ----------
    shape : tuple of int
        Of the whole image.
    steps : tuple of int
        Every how many pixels along each axis are in `shown`.
    shown, middle : dict of ndarray
        Pixels of the channels: some of the whole image, and all of a box in its middle.
    shown_labels, middle_labels : ndarray or None
        Of the labels.
    clipped : dict
        Share of the pixels of each channel at its greatest value, as of `share_clipped`.
    hashes : dict
        Content hash of each channel.
    labels_hash : str or None
    """

    shape: tuple[int, ...]
    steps: tuple[int, ...]
    shown: dict[str, Array] = field(repr=False)
    middle: dict[str, Array] = field(repr=False)
    shown_labels: Array | None = field(repr=False)
    middle_labels: Array | None = field(repr=False)
    clipped: dict[str, float]
    hashes: dict[str, str]
    labels_hash: str | None

    @property
    def notice(self) -> str:
        """What whoever reads the results has to know."""
        box = " x ".join(map(str, next(iter(self.middle.values())).shape))
        steps = " x ".join(map(str, self.steps))
        return (
            f"The image was read piece by piece. Pictures and joint histograms show one pixel of {steps}; whether the "
            f"channels have structure, are shifted, and the labels are regions is judged by {box} pixels in the middle."
        )


def look_at(channels: Mapping[str, Pixels], labels: Pixels | None) -> Look:
    """Look at all pixels of an image once."""
    shape = next(iter(channels.values())).shape
    steps, box = _steps(shape), _middle(shape)
    seen = {name: _seen(as_lazy(pixels), steps) for name, pixels in channels.items()}
    middle = {name: as_lazy(pixels)[box] for name, pixels in channels.items()}
    fits = labels is not None and labels.shape == shape
    of_labels = None if labels is None else _seen(as_lazy(labels), steps if fits else _steps(labels.shape))
    return Look(
        shape,
        steps,
        {name: each.shown for name, each in seen.items()},
        middle,
        None if of_labels is None else of_labels.shown,
        as_lazy(labels)[box if fits else _middle(labels.shape)] if labels is not None else None,
        {name: each.clipped for name, each in seen.items()},
        {name: each.xxh3 for name, each in seen.items()},
        None if of_labels is None else of_labels.xxh3,
    )


@dataclass(frozen=True)
class _Seen:
    """What is seen of one image."""

    xxh3: str
    clipped: float
    shown: Array


def _seen(image: LazyImage, steps: Sequence[int]) -> _Seen:
    """Look at an image; its content hash is that of the hashes of its pieces."""
    shown = np.zeros([_before(length, step) for length, step in zip(image.shape, steps, strict=True)], image.dtype)
    digests, tops = [], Counter[float]()
    for place in places(image):
        pixels = image[place]
        digests.append(content(pixels))
        tops.update(greatest(pixels))
        inner, outer = _every(place, steps)
        shown[outer] = pixels[inner]
    whole = _core.content_hash(np.frombuffer("".join(digests).encode(), np.uint8))
    return _Seen(whole, clipped(tops, image.size), shown)


def _every(place: Place, steps: Sequence[int]) -> tuple[Place, Place]:
    """Where the pixels that are shown lie in a piece, and among all that are shown."""
    both = list(zip(place, steps, strict=True))
    inner = tuple(slice((step // 2 - axis.start) % step, None, step) for axis, step in both)
    return inner, tuple(slice(_before(axis.start, step), _before(axis.stop, step)) for axis, step in both)


def _before(place: int, step: int) -> int:
    """Pixels before a place that are shown: those in the middle of so many."""
    return max(-(-(place - step // 2) // step), 0)


def _steps(shape: Sequence[int]) -> tuple[int, ...]:
    """Every how many pixels are shown: planes as large as a screen, and as many of them as fit."""
    plane = max(1, -(-max(shape[-2:]) // SIDE))
    inner = math.prod(-(-length // plane) for length in shape[-2:])
    steps, room = [], max(MOST // inner, 1)
    for length in reversed(shape[:-2]):
        step = -(-length // room)
        room = max(room // -(-length // step), 1)
        steps.append(step)
    return (*reversed(steps), *[plane] * len(shape[-2:]))


def _middle(shape: Sequence[int]) -> Place:
    """A box in the middle."""
    sides, room = [], MOST
    for axis, length in enumerate(reversed(shape)):
        side = min(length, room, SIDE if axis < 2 else room)
        room = max(room // side, 1)
        sides.append(side)
    starts = [(length - side) // 2 for length, side in zip(shape, reversed(sides), strict=True)]
    return tuple(slice(start, start + side) for start, side in zip(starts, reversed(sides), strict=True))
