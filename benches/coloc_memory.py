"""Extra memory of all four documented metrics on a large pair of volumes.

    python benches/coloc_memory.py [--shape 64 1024 1024]

Prints seconds and the growth of the largest resident memory as a multiple of the input's size.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np

from lumentrace import coloc


def resident() -> int:
    """Largest resident memory so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", type=int, nargs=3, default=[64, 1024, 1024])
    options = parser.parse_args()
    random = np.random.default_rng(1)
    a, b = (np.empty(options.shape, dtype=np.uint16) for _ in range(2))
    for first, second in zip(a, b, strict=True):
        first[...] = random.integers(100, 4000, first.shape)
        second[...] = first // 2 + random.integers(0, 1000, first.shape).astype(np.uint16)
    coloc.analyse_pairwise(a[:1], b[:1])
    base = resident()
    start = time.perf_counter()
    row = coloc.analyse_pairwise(a, b)[0]
    seconds = time.perf_counter() - start
    extra = (resident() - base) / (a.nbytes + b.nbytes)
    print(f"{row['n_pixels']:,} pixels: {seconds:.2f} s, extra memory {extra:.2f} times the input")


if __name__ == "__main__":
    main()
