"""Small pairs of photographs of tissue, good and spoiled, for verdicts.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import ndimage

from lumentrace import stain
from lumentrace.base.arrays import AnyArray
from lumentrace.engine.verdict import NOT_RELIABLE, Reason, Verdict
from lumentrace.stain.judgement import judge
from lumentrace.stain.simulation import LEVEL, READ_NOISE, SHOT_NOISE, Pair

FOCUS = 0.7
"""Standard deviation of a blur that is hardly seen, in pixels."""


def photographs(seed: int, **settings: Any) -> Pair:
    """Tissue before and after staining, turned, shifted and magnified by any amount that is usual."""
    random = np.random.default_rng(seed)
    usual = {
        "angle": random.uniform(-20, 20),
        "magnification": random.uniform(0.95, 1.05),
        "shift": tuple(random.uniform(-20, 20, 2)),
        "scale": random.uniform(1.1, 1.8),
        "spots": int(random.integers(10, 60)),
    }
    return stain.simulate(256, seed=seed, **{**usual, **settings})


def stained(post: AnyArray, pre: AnyArray) -> Verdict:
    """The verdict on a pair of photographs; one that is refused is not called good."""
    try:
        found = stain.subtract(post, pre)
    except ValueError as error:
        return Verdict((Reason(NOT_RELIABLE, str(error), "look at both images"),))
    return judge(found.registration, found.scale)


def photographed(seed: int, **settings: Any) -> Verdict:
    """The verdict on simulated photographs."""
    pair = photographs(seed, **settings)
    return stained(pair.post, pair.pre)


def strangers(seed: int) -> Verdict:
    """The images are of two samples."""
    return stained(photographs(seed).post, photographs(seed + 100_000).pre)


def blank(seed: int) -> Verdict:
    """The pre-stain image is noise."""
    pair = photographs(seed)
    return stained(pair.post, np.random.default_rng(seed).poisson(3, pair.pre.shape).astype(np.uint8))


def everywhere(seed: int, brightness: float) -> Verdict:
    """Stain lies evenly on all of the tissue, as bright as a share of it."""
    pair = photographs(seed)
    level = np.random.default_rng(seed).poisson(LEVEL * brightness, pair.post.shape)
    return stained(np.where(pair.post > 5, np.minimum(pair.post + level, 255), pair.post).astype(np.uint8), pair.pre)


def defocused(seed: int) -> Verdict:
    """The post-stain image is not quite in focus; its noise is as it was."""
    pair = photographs(seed)
    blurred = ndimage.gaussian_filter(pair.post.astype(float), FOCUS)
    lost = 1 - 1 / (4 * np.pi * FOCUS**2)
    noise = np.sqrt(lost * (READ_NOISE**2 * (blurred > 0) + SHOT_NOISE**2 * blurred))
    seen = blurred + noise * np.random.default_rng(seed).standard_normal(blurred.shape)
    return stained(np.rint(seen).clip(0, 255).astype(np.uint8), pair.pre)


def saturated(seed: int) -> Verdict:
    """The exposure of the post-stain image was too long: a twentieth of its tissue is white."""
    pair = photographs(seed)
    limit = np.quantile(pair.post[pair.post > 5], 0.95)
    return stained(np.minimum(pair.post, limit).astype(np.uint8), pair.pre)


def swapped(seed: int) -> Verdict:
    """Each image is taken for the other."""
    pair = photographs(seed)
    return stained(pair.pre, pair.post)


CASES: dict[str, Callable[[int], Verdict]] = {
    "stain good": photographed,
    "stain good, a little out of focus": defocused,
    "stain unrelated pair": strangers,
    "stain blank": blank,
    "stain another dye's tissue": lambda seed: photographed(seed, scale=0.0, unspecific=1.3),
    "stain magnified beyond reach": lambda seed: photographed(seed, magnification=2.0),
    "stain shifted beyond reach": lambda seed: photographed(seed, shift=(215.0, 0.0)),
    "stain swapped": swapped,
    "stain everywhere, a tenth as bright as tissue": lambda seed: photographed(seed, unspecific=0.1),
    "stain everywhere, a third as bright as tissue": lambda seed: photographed(seed, unspecific=0.33),
    "stain everywhere, evenly": lambda seed: everywhere(seed, 0.1),
    "stain saturated": saturated,
}
