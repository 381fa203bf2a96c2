"""Small AFM films, good and spoiled, for verdicts.py."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lumentrace.afm import run as afm
from lumentrace.afm.simulation import simulate_film
from lumentrace.afm.stack import AFMImageStack
from lumentrace.engine.verdict import DOUBTFUL, GOOD, Reason, Verdict

PIXELS, SIDE, DRIFT, APART = 2.0, 96, 2.0, 24.0
"""Size of a pixel in nm, pixels along a frame, nm that a drifting film moves in a frame, and nm between particles."""


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


def crowded(seed: int, particles: int = 30) -> Verdict:
    """Particles anywhere in 254 nm: right if their number is."""
    stack, _ = simulate_film(20, particles, 128, pixel_size_nm=PIXELS, diffusion_nm2_s=2.0, seed=seed)
    outcome = afm.run(stack)
    if outcome.verdict.level == GOOD and outcome.figures()["tracks"] == particles:
        return Verdict((Reason(DOUBTFUL, "the number is right", "nothing"),))
    return outcome.verdict


def fast(seed: int) -> AFMImageStack:
    """Particles that move as far as the next one."""
    return simulate_film(12, 12, SIDE, pixel_size_nm=PIXELS, diffusion_nm2_s=400.0, seed=seed)[0]


CASES: dict[str, Callable[[int], Verdict]] = {
    "afm good": lambda seed: tracked(film(seed)),
    "afm good, long": lambda seed: tracked(film(seed, frames=30, particles=4)),
    "afm good, few": lambda seed: tracked(film(seed, particles=3)),
    "afm no object": lambda seed: tracked(film(seed), analyse="feature_detection:mask_fn=mask_threshold,threshold=500"),
    "afm noise only": lambda seed: tracked(film(seed, particles=0)),
    "afm too short": lambda seed: tracked(film(seed, frames=3)),
    "afm drifting": lambda seed: tracked(drifting(seed)),
    "afm pixels ten times too small": lambda seed: tracked(film(seed), pixel_size_nm=PIXELS / 10),
    "afm pixels ten times too large": lambda seed: tracked(film(seed), pixel_size_nm=PIXELS * 10),
    "afm crowded, number wrong": crowded,
    "afm too fast": lambda seed: tracked(fast(seed)),
    "afm not levelled": lambda seed: tracked(film(seed), process=""),
    "afm no times": untimed,
}
