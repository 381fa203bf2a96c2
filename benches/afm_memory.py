"""Memory of processing and analysis of an AFM film, in memory and left in its file.

    python benches/afm_memory.py [--frames 500] [--size 256]

Prints seconds and the growth of the largest resident memory as a multiple of the film as float64. The film is an .asd
file of 16-bit levels; "stack" has it in memory first and keeps the raw frames, "file" reads it and keeps the result.
"""

from __future__ import annotations

import argparse
import resource
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def write(path: Path, frames: int, size: int) -> None:
    """An .asd film of version 1 with particles, 1 nm per pixel."""
    head = bytearray(165)
    struct.pack_into("<iiiiii", head, 0, 1, 165, 32, 65001, 0, 0)
    struct.pack_into("<i", head, 24, 0x5054)
    struct.pack_into("<ii", head, 32, frames, frames)
    struct.pack_into("<iiii", head, 48, size, size, size, size)
    struct.pack_into("<iiiiii", head, 69, 2026, 1, 1, 0, 0, 0)
    struct.pack_into("<f", head, 101, 100.0)
    struct.pack_into("<Ii", head, 133, 0x40000, 12)
    struct.pack_into("<ff", head, 157, 20.0, 2.0)
    random = np.random.default_rng(0)
    y, x = np.indices((size, size))
    heights = sum(6 * np.exp(-((y - a) ** 2 + (x - b) ** 2) / 12) for a, b in random.uniform(12, size - 12, (50, 2)))
    with path.open("wb") as file:
        file.write(head)
        for _ in range(frames):
            levels = (200 - heights - 0.05 * x - random.normal(0, 0.15, y.shape)) * 4096 / 400
            file.write(bytes(32) + levels.astype("<i2").tobytes())


def resident() -> int:
    """Largest resident memory so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(path: Path, where: str) -> None:
    from lumentrace import afm
    from lumentrace.afm.analysis.registry import BUILT_IN, load_analysis_module

    for name in BUILT_IN:
        load_analysis_module(name)
    keep = "last" if where == "stack" else "none"
    work(afm.load(path)[:2], keep)
    stack = afm.load(path)
    size = int(np.prod(stack.shape)) * 8
    if where == "stack":
        _ = stack.data
    base, start = resident(), time.perf_counter()
    tracks = work(stack, keep)
    seconds, extra = time.perf_counter() - start, (resident() - base) / size
    print(f"{where}: {size / 1e6:.0f} MB, {tracks} tracks, {seconds:.2f} s, {extra:.2f} times the film on top")


def work(stack, keep: str) -> int:
    from lumentrace import afm

    pipeline = afm.ProcessingPipeline(stack)
    for name, settings in (("remove_plane", {}), ("row_median_align", {}), ("gaussian_filter", {"sigma": 1.0})):
        pipeline.add(name, **settings)
    pipeline.run(keep=keep)
    analysis = afm.AnalysisPipeline()
    analysis.add("feature_detection", mask_fn="mask_threshold", threshold=1.0)
    analysis.add("particle_tracking", max_distance=5.0)
    return analysis.run(stack)["analysis"]["step_2_particle_tracking"]["n_tracks"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=500)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--measure", nargs=2, metavar=("FILE", "WHERE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(Path(options.measure[0]), options.measure[1])
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.asd"
        write(path, options.frames, options.size)
        for where in ("stack", "file"):
            subprocess.run([sys.executable, __file__, "--measure", path, where], check=True)


if __name__ == "__main__":
    main()
