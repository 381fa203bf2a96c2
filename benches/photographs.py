"""Small pairs of photographs of tissue, good and spoiled, for verdicts.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lumentrace import stain
from lumentrace.base.arrays import AnyArray
from lumentrace.engine.verdict import NOT_RELIABLE, Reason, Verdict
from lumentrace.stain.judgement import judge
from lumentrace.stain.simulation import Pair


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


def swapped(seed: int) -> Verdict:
    """Each image is taken for the other."""
    pair = photographs(seed)
    return stained(pair.pre, pair.post)


CASES: dict[str, Callable[[int], Verdict]] = {
    "stain good": photographed,
    "stain unrelated pair": strangers,
    "stain blank": blank,
    "stain another dye's tissue": lambda seed: photographed(seed, scale=0.0, unspecific=1.3),
    "stain magnified beyond reach": lambda seed: photographed(seed, magnification=2.0),
    "stain shifted beyond reach": lambda seed: photographed(seed, shift=(215.0, 0.0)),
    "stain swapped": swapped,
}
