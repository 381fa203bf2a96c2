"""Spots where none were planted, and planted ones that were found: ``python benches/stain_spots.py [--first SEED]``."""

from __future__ import annotations

import argparse

import numpy as np

from lumentrace import stain

REACH = 2
"""Pixels around the box of a spot in which a planted one counts as its own."""


def compared(seed: int, bits: int) -> tuple[int, int, int, int]:
    """Spots, those of none that was planted, planted ones that were found, and all of them."""
    pair = stain.simulate(size=512, spots=60, bits=bits, seed=seed)
    found = stain.subtract(pair.post, pair.pre).spots
    left, top, right, bottom = (found[name].to_numpy()[:, None] for name in ("left", "top", "right", "bottom"))
    x, y = (pair.spots[name].to_numpy() for name in "xy")
    inside = (x > left - REACH) & (x < right + REACH) & (y > top - REACH) & (y < bottom + REACH)
    return len(found), int((~inside.any(axis=1)).sum()), int(inside.any(axis=0).sum()), len(x)


def main() -> None:
    """Print a line for images of 8 and of 16 bits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=920, help="the first seed")
    parser.add_argument("--seeds", type=int, default=10, help="number of pairs")
    asked = parser.parse_args()
    for bits in (8, 16):
        counts = [compared(seed, bits) for seed in range(asked.first, asked.first + asked.seeds)]
        spots, false, found, planted = np.sum(counts, axis=0).tolist()
        print(f"{bits:2d} bits: {spots} spots, {false} where none was planted; {found} of {planted} planted ones found")


if __name__ == "__main__":
    main()
