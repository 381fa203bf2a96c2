"""Registration of a pre-stain with a post-stain image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.checks import one_plane
from lumentrace.base.masked import unmasked
from lumentrace.engine.progress import between, parts
from lumentrace.engine.run import Run
from lumentrace.stain.files.pair import RawPair
from lumentrace.stain.prepare.whole_image import same, share_at, value_range
from lumentrace.stain.registration.align import Alignment, Search, align
from lumentrace.stain.registration.check import NODES, Remainder, compare, remainder
from lumentrace.stain.registration.displacement import Displacement
from lumentrace.stain.registration.levels import LONGEST
from lumentrace.stain.registration.pyramid import Pyramid
from lumentrace.stain.registration.result import Registration
from lumentrace.stain.remarks import Kind, Remark

Floats = NDArray[np.float64]
Local = Literal["auto"] | bool

SHORTEST_SIDE = 64
"""Shorter side of the smallest image that can be registered."""
PER_NODE = 64
"""Pixels of the largest image between nodes of a local displacement."""
FINE_NODES = 5, 14
"""Least and most nodes along the longer side of the image."""
ROUNDS = 2
"""How often the local displacement is measured at each size."""
WORTH = 0.3
"""Smallest remainder, in pixels, for which a local displacement is taken up without being asked for."""
CLEAR = 3.0
"""How many times its noise that remainder must be."""
MOST_ERROR = 0.75
"""Largest estimated error, in pixels, of a registration that is ok."""
LEAST_AGREEING = 0.1
"""Smallest share of parts that must agree: unrelated images reach 0.03."""
LEAST_PARTS = 10
LEAST_OVERLAP = 0.2
LITTLE_OVERLAP = 0.6
LOW_CORRELATION = 0.9
"""Below this correlation much of what one image shows is not in the other."""
SATURATED = 0.01
"""Share of pixels at the largest value from which an image counts as saturated."""


@unmasked
def register(
    post: NDArray[Any],
    pre: NDArray[Any],
    local: Local = "auto",
    longest: int = LONGEST,
    search: Search = Search(),  # noqa: B008  # it is frozen
    start: Floats | None = None,
) -> Registration:
    """Find where the pixels of a post-stain image lie in the pre-stain image, and say how sure that is.

    All rotations, mirror images and shifts are tried on small images, with magnifications of 0.8 to 1.25; the best are
    refined by maximising the enhanced correlation coefficient [1]_ of the fine texture, from small to large images,
    with weights that leave out new stain: first an affine map, then a homography if that explains clearly more. Shifts
    of small parts then tell what is left: they make the error map and the verdict, and with `local` a smooth
    displacement.

    Parameters
    ----------
    post, pre : ndarray
        (rows, columns) of uint8, uint16, uint32 or floats; NaN is unknown. They may differ in size.
    local : {'auto', True, False}, default 'auto'
        Follow local deformations; 'auto' if they are clearly above their noise.
    longest : int, default 2400
        Longer side of the images that are worked on; larger ones are averaged down to it first.
    search : Search, optional
        Which rotations and magnifications are tried.
    start : ndarray, optional
        (3, 3): a rough map from post- to pre-stain pixels; then none are tried.

    Returns
    -------
    Registration
        Look at `ok` and `reasons` first.

    Raises
    ------
    ValueError
        If an image is not a plane, smaller than 64 pixels or without contrast, or `start` is no matrix.

    References
    ----------
    .. [1] G. D. Evangelidis, E. Z. Psarakis, IEEE Trans. Pattern Anal. Mach. Intell. 30 (2008) 1858-1865.

    Examples
    --------
    >>> from lumentrace import stain
    >>> pair = stain.simulate(size=256, angle=4, seed=1)
    >>> found = stain.register(pair.post, pair.pre)
    >>> found.ok, round(found.angle, 1)
    (True, 4.0)
    """
    pair = RawPair.of(np.asanyarray(post), np.asanyarray(pre))
    parameters = {"local": local, "longest": longest, "search": asdict(search), "start": start}
    with Run(pair.history(), 100, 1) as run:
        found = run.step("register", parameters, partial(find_map, post, pre, local, longest, search, start))
    return replace(found, provenance=run.provenance)


def find_map(
    post: NDArray[Any],
    pre: NDArray[Any],
    local: Local = "auto",
    longest: int = LONGEST,
    search: Search = Search(),  # noqa: B008  # it is frozen
    start: Floats | None = None,
) -> Registration:
    """What `register` does; tells how far it is, in per cent, and leaves the history to the caller."""
    images = [_checked(name, image) for name, image in (("post", post), ("pre", pre))]
    if start is not None and (np.shape(start) != (3, 3) or not np.isfinite(start).all()):
        raise ValueError(f"`start`: expected a finite (3, 3) matrix, found {np.shape(start)} with {start!r}")
    with between(0, 10):
        pyramid = Pyramid.of(images[0], images[1], longest)
    with between(10, 60):
        best = align(pyramid, search, start)
    shape = (images[0].shape[0], images[0].shape[1])
    with between(60, 75):
        found = _remainders(pyramid, best.matrix, None, shape)
    left, field = _clearest(found), None
    if local is True or (local == "auto" and _is_bent(found)):
        with between(75, 95):
            bend = _follow(pyramid, best.matrix, shape)
        with between(95, 100):
            followed = _clearest(_remainders(pyramid, best.matrix, bend, shape, offset=0.5))
        if local is True or followed.doubt < left.doubt:
            left, field = followed, bend
    return Registration(
        best.matrix,
        field,
        shape,
        (images[1].shape[0], images[1].shape[1]),
        best.model,
        best.correlation,
        best.overlap,
        left.doubt,
        left.agreeing,
        left.points,
        left.shifts,
        tuple(_remarks(images, best, left, field)),
    )


def plane(name: str, image: NDArray[Any]) -> NDArray[Any]:
    """An image that can be registered, in a type and a memory order that kernels take.

    Raises
    ------
    ValueError
        If it is none; the message names it.
    """
    found = np.asanyarray(image)
    one_plane(name, found)
    if found.dtype.kind not in "biuf":
        raise ValueError(f"`{name}`: expected numbers, found {found.dtype}")
    own = found.dtype.newbyteorder("=")
    taken = own if own in (np.uint8, np.uint16, np.uint32, np.float32) else np.float32
    return found.astype(taken, order="C", copy=False)


def _checked(name: str, image: NDArray[Any]) -> NDArray[Any]:
    found = plane(name, image)
    if min(found.shape) < SHORTEST_SIDE:
        raise ValueError(f"`{name}`: expected at least {SHORTEST_SIDE} x {SHORTEST_SIDE} pixels, found {found.shape}")
    low, high = value_range(found)
    if np.isnan(low):
        raise ValueError(f"`{name}`: expected an image, found no finite value")
    if not low < high:
        raise ValueError(f"`{name}`: expected an image with contrast, found {low:g} everywhere")
    return found


def _remainders(
    pyramid: Pyramid, matrix: Floats, field: Displacement | None, shape: tuple[int, int], offset: float = 0.0
) -> list[Remainder]:
    """What a map leaves, as images of several sizes show it."""
    found = []
    levels = pyramid.levels[-3:]
    for level, share in zip(levels, parts(len(levels)), strict=True):
        with share:
            found.append(remainder(compare(level, matrix, field, offset), shape))
    return found


def _clearest(found: list[Remainder]) -> Remainder:
    """The one that leaves the least doubt."""
    sure = [each for each in found if _is_sure(each)]
    return min(sure, key=lambda each: each.doubt) if sure else max(found, key=lambda each: each.agreeing)


def _is_sure(left: Remainder) -> bool:
    return left.agreeing >= LEAST_AGREEING and left.agreeing * left.number >= LEAST_PARTS


def _is_bent(found: list[Remainder]) -> bool:
    """Whether parts of the largest images that tell agree on a displacement that noise does not explain."""
    largest = next((each for each in reversed(found) if _is_sure(each)), None)
    return largest is not None and largest.bend > max(WORTH, CLEAR * largest.noise)


def _follow(pyramid: Pyramid, matrix: Floats, shape: tuple[int, int]) -> Displacement:
    """A smooth displacement, measured on small images first."""
    side = max(pyramid.levels[-1].fixed.shape)
    field = Displacement.over(shape, int(np.clip(side // PER_NODE, *FINE_NODES)))
    turns = [(level, turn) for level in pyramid.levels[-3:] for turn in range(ROUNDS)]
    for (level, turn), share in zip(turns, parts(len(turns)), strict=True):
        with share:
            found = compare(level, matrix, field, offset=0.5 * turn)
        known = found.usable
        if known.sum() < 2 * NODES:
            continue
        points = found.centres[known]
        # A part found at x + s in the warped image belongs to the displacement d(x) + s.
        total = field.at(points) + found.shifts[known]
        field, _, _ = field.fitted(points, total, found.information[known])
    return field


def _remarks(
    images: list[NDArray[Any]], best: Alignment, left: Remainder, field: Displacement | None
) -> Iterator[Remark]:
    """Why the map cannot be trusted, and what to keep in mind."""
    if same(*images):
        yield Remark(Kind.COPY, "both images are the same: is one file a copy of the other?")
    if not best.plausible:
        yield Remark(Kind.NO_MAP, "no map between the images is plausible: are they of the same sample?")
    if best.overlap < LITTLE_OVERLAP:
        kind = Kind.NO_OVERLAP if best.overlap < LEAST_OVERLAP else Kind.LITTLE_OVERLAP
        text = f"only {best.overlap:.0%} of the post-stain image lies in the pre-stain image"
        yield Remark(kind, text, best.overlap)
    yield from _apart(left, field)
    if best.mirrored:
        yield Remark(Kind.MIRRORED, "the pre-stain image is a mirror image of the post-stain one")
    if best.correlation < LOW_CORRELATION:
        text = (
            f"much of what the stained image shows is not in the unstained one (correlation of texture "
            f"{best.correlation:.2f}): dense or unspecific stain, or a change of focus"
        )
        yield Remark(Kind.UNLIKE, text, best.correlation)
    if field is not None:
        yield Remark(Kind.DEFORMED, "the sample deformed between the images; a local displacement follows it")
    for name, image in zip(("post-stain", "pre-stain"), images, strict=True):
        share = share_at(image, value_range(image)[1]) if image.dtype.kind == "u" else 0.0
        if share > SATURATED:
            text = f"{share:.0%} of the {name} image's pixels have its largest value: saturated?"
            yield Remark(Kind.SATURATED, text, share)


def _apart(left: Remainder, field: Displacement | None) -> Iterator[Remark]:
    """What the shifts of parts say against a map."""
    if left.number < LEAST_PARTS:
        text = f"only {left.number} parts of the images have texture to compare"
        yield Remark(Kind.NO_TEXTURE, text, left.number)
    elif left.agreeing < LEAST_AGREEING:
        text = f"only {left.agreeing:.0%} of the parts agree where they belong, as in unrelated images"
        yield Remark(Kind.DISAGREEING, text, left.agreeing)
    elif not left.doubt <= MOST_ERROR:
        what = "even with a local displacement" if field is not None else "by one map"
        noise = f"{left.noise / 2:.2f} more may hide in noise"
        text = f"the images are still {left.error:.2f} pixels apart {what} ({noise})"
        yield Remark(Kind.APART, text, left.doubt)
