"""How often good runs are called good, and spoiled ones: python benches/verdicts.py [runs] [first word of cases]."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace import stain
from lumentrace.afm import run as afm
from lumentrace.afm.simulation import simulate_film
from lumentrace.afm.stack import AFMImageStack
from lumentrace.base.arrays import AnyArray
from lumentrace.coloc import run as coloc
from lumentrace.coloc.judgement import Measured, judge
from lumentrace.engine.verdict import GOOD, NOT_RELIABLE, Reason, Verdict
from lumentrace.stain.judgement import judge as judge_stain
from lumentrace.stain.simulation import Pair

Image = NDArray[np.float64]
TRACKING = (
    "feature_detection:mask_fn=mask_threshold,threshold=1.5,min_size=5; particle_tracking:max_distance=6,max_missing=3"
)


def pair(seed: int, shared: int = 24, own: int = 16) -> dict[str, NDArray[np.uint16]]:
    """Two channels with structures in common, photon noise, and a dark ground."""
    random = np.random.default_rng(seed)
    common, one, other = (blobs(random, number) for number in (shared, own, own))
    return {
        name: random.poisson(20 + 2000 * (common + alone)).astype(np.uint16)
        for name, alone in (("one", one), ("other", other))
    }


def blobs(random: np.random.Generator, number: int, size: int = 192) -> Image:
    """Gaussian spots of four pixels."""
    places = np.zeros((size, size))
    np.add.at(places, tuple(random.integers(size, size=(2, number))), random.uniform(0.5, 1.5, number))
    return np.asarray(ndimage.gaussian_filter(places, 4.0, mode="wrap") * 2 * np.pi * 16)


def measured(channels: dict[str, NDArray[np.uint16]], **settings: object) -> Verdict:
    """The verdict on a pair."""
    return coloc.run(channels, coloc.Settings(metrics=("pcc", "mcc"), **settings)).verdict


def shuffled(seed: int) -> Verdict:
    """One channel has its pixels in any order."""
    channels = pair(seed)
    return measured(
        {**channels, "other": np.random.default_rng(seed).permutation(channels["other"].ravel()).reshape(192, 192)}
    )


def shifted(seed: int) -> Verdict:
    """One channel lies five pixels away."""
    channels = pair(seed)
    return measured({**channels, "other": np.roll(channels["other"], (3, 4), (0, 1))})


def clipped(seed: int) -> Verdict:
    """One channel is cut off at half of its greatest value."""
    channels = pair(seed)
    return measured({**channels, "other": np.minimum(channels["other"], channels["other"].max() // 2)})


def intensities(seed: int) -> Verdict:
    """The labels are an image of intensities."""
    channels = pair(seed)
    return judge(Measured(channels, channels["one"], coloc.run(channels).table, False, 1))


def film(seed: int) -> AFMImageStack:
    """Particles on a tilted surface."""
    return simulate_film(12, 8, 96, diffusion_nm2_s=2.0, seed=seed)[0]


def tracked(stack: AFMImageStack, process: str = "remove_plane; row_median_align", analyse: str = TRACKING) -> Verdict:
    """The verdict on a film."""
    return afm.run(stack, afm.Settings(process=process, analyse=analyse)).verdict


def untimed(seed: int) -> Verdict:
    """Nobody knows when frames were taken."""
    stack = film(seed)
    for entry in stack.frame_metadata:
        entry["timestamp"] = None
    return tracked(stack)


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
    return judge_stain(found.registration, found.scale)


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
    "coloc good": lambda seed: measured(pair(seed)),
    "coloc good, otsu": lambda seed: measured(pair(seed), threshold="otsu"),
    "coloc unrelated pair": lambda seed: measured(pair(seed, shared=0, own=40)),
    "coloc unrelated pair, otsu": lambda seed: measured(pair(seed, shared=0, own=40), threshold="otsu"),
    "coloc shuffled channel": shuffled,
    "coloc shifted channel": shifted,
    "coloc clipped channel": clipped,
    "coloc intensities as labels": intensities,
    "afm good": lambda seed: tracked(film(seed)),
    "afm no object": lambda seed: tracked(film(seed), analyse="feature_detection:mask_fn=mask_threshold,threshold=500"),
    "afm not levelled": lambda seed: tracked(film(seed), process=""),
    "afm no times": untimed,
    "stain good": photographed,
    "stain unrelated pair": strangers,
    "stain blank": blank,
    "stain another dye's tissue": lambda seed: photographed(seed, scale=0.0, unspecific=1.3),
    "stain magnified beyond reach": lambda seed: photographed(seed, magnification=2.0),
    "stain shifted beyond reach": lambda seed: photographed(seed, shift=(215.0, 0.0)),
    "stain swapped": swapped,
}


def main(runs: int, technique: str = "") -> None:
    """Print a line for each case of a technique."""
    print(f"| case | runs | called good |\n|{'---|' * 3}")
    for name, verdict in CASES.items():
        if not name.startswith(technique):
            continue
        good = sum(verdict(seed).level == GOOD for seed in range(1000, 1000 + runs))
        print(f"| {name} | {runs} | {good / runs:.1%} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40, *sys.argv[2:3])
