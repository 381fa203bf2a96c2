"""How often good runs are called good, and spoiled ones: python benches/verdicts.py [runs [beginning of names]]."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace.afm import run as afm
from lumentrace.afm.simulation import simulate_film
from lumentrace.afm.stack import AFMImageStack
from lumentrace.coloc import run as coloc
from lumentrace.coloc.judgement import Measured, judge
from lumentrace.engine.verdict import GOOD, Verdict

Image = NDArray[np.float64]
PIXELS, SIDE, DRIFT, APART = 2.0, 96, 2.0, 24.0
"""Size of a pixel in nm, pixels along a frame, nm that a drifting film moves in a frame, and nm between particles."""


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


def film(seed: int, frames: int = 12, particles: int = 8) -> AFMImageStack:
    """Particles on a tilted surface that never touch, as particles on a surface do not."""
    for random in np.random.default_rng(seed).spawn(1000):
        stack, truth = simulate_film(frames, particles, SIDE, pixel_size_nm=PIXELS, diffusion_nm2_s=2.0, seed=random)
        gaps = np.linalg.norm(truth[:, :, None] - truth[:, None], axis=3) + APART * np.eye(particles)
        if gaps.min(initial=APART) >= APART:
            return stack
    raise RuntimeError(f"expected {particles} particles to keep apart, found no such film")


def tracked(stack: AFMImageStack, **settings: object) -> Verdict:
    """The verdict on a film."""
    return afm.run(stack, afm.Settings(**settings)).verdict


def drifting(seed: int) -> AFMImageStack:
    """A field that moves over a larger film."""
    stack = simulate_film(12, 16, SIDE + 24, pixel_size_nm=PIXELS, diffusion_nm2_s=2.0, seed=seed)[0]
    step = round(DRIFT / PIXELS)
    views = [frame[:SIDE, step * number : step * number + SIDE] for number, frame in enumerate(stack.data)]
    return AFMImageStack(np.stack(views), PIXELS, "height_trace", "drifting", stack.frame_metadata)


def untimed(seed: int) -> Verdict:
    """Nobody knows when frames were taken."""
    stack = film(seed)
    for entry in stack.frame_metadata:
        entry["timestamp"] = None
    return tracked(stack)


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
    "afm good, long": lambda seed: tracked(film(seed, frames=30, particles=4)),
    "afm good, few": lambda seed: tracked(film(seed, particles=3)),
    "afm no object": lambda seed: tracked(film(seed), analyse="feature_detection:mask_fn=mask_threshold,threshold=500"),
    "afm noise only": lambda seed: tracked(film(seed, particles=0)),
    "afm too short": lambda seed: tracked(film(seed, frames=3)),
    "afm drifting": lambda seed: tracked(drifting(seed)),
    "afm pixels ten times too small": lambda seed: tracked(film(seed), pixel_size_nm=PIXELS / 10),
    "afm not levelled": lambda seed: tracked(film(seed), process=""),
    "afm no times": untimed,
}


def main(runs: int, only: str = "") -> None:
    """Print a line for each case whose name begins with `only`."""
    print(f"| case | runs | called good |\n|{'---|' * 3}")
    for name, verdict in CASES.items():
        if not name.startswith(only):
            continue
        good = sum(verdict(seed).level == GOOD for seed in range(1000, 1000 + runs))
        print(f"| {name} | {runs} | {good / runs:.1%} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40, *sys.argv[2:3])
