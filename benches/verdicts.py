"""How often good runs are called good, and spoiled ones: python benches/verdicts.py [runs [words of cases]]."""

from __future__ import annotations

import sys
from collections.abc import Callable

import channels
import recordings
from lumentrace.afm import run as afm
from lumentrace.afm.simulation import simulate_film
from lumentrace.afm.stack import AFMImageStack
from lumentrace.engine.verdict import GOOD, Verdict

TRACKING = (
    "feature_detection:mask_fn=mask_threshold,threshold=1.5,min_size=5; particle_tracking:max_distance=6,max_missing=3"
)


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


CASES: dict[str, Callable[[int], Verdict]] = {
    **channels.CASES,
    **recordings.CASES,
    "afm good": lambda seed: tracked(film(seed)),
    "afm no object": lambda seed: tracked(film(seed), analyse="feature_detection:mask_fn=mask_threshold,threshold=500"),
    "afm not levelled": lambda seed: tracked(film(seed), process=""),
    "afm no times": untimed,
}


def main(runs: int, words: str) -> None:
    """Print a line for each case whose name begins with the words."""
    print(f"| case | runs | called good |\n|{'---|' * 3}")
    for name, verdict in ((name, verdict) for name, verdict in CASES.items() if name.startswith(words)):
        good = sum(verdict(seed).level == GOOD for seed in range(1000, 1000 + runs))
        print(f"| {name} | {runs} | {good / runs:.1%} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40, " ".join(sys.argv[2:]))
