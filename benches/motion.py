"""Motion correction: errors against photons and motion, the bound for them, coverage, speed, memory.

    python benches/motion.py --quick
    python benches/motion.py --no-errors --speed 1000 --modes nonrigid --suite2p PYTHON

PYTHON is an interpreter that has Suite2p (GPL: called as a program, never read or linked); it gets the same frames.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from lumentrace import twophoton
from lumentrace.twophoton import MotionSettings, RawMovie, RawScene, estimate_motion, simulate_raw

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from moved_blocks import block_errors

BLOCK = 64
PHOTONS = (0.5, 2.0, 5.0, 15.0, 50.0)
MOTIONS = {"still 0.5 px": (0.5, 0, 0.0), "walk 2 px, jumps 10 px": (2.0, 5, 0.0), "warp 1.5 px": (1.0, 3, 1.5)}


def bound(raw: RawMovie, size: int) -> NDArray[np.float64]:
    """Standard errors of whole frames, and of squares of so many pixels, that photons allow (Cramer and Rao)."""
    light = raw.movie.photons(0)
    noise = light + (raw.scene.read_noise / raw.scene.gain) ** 2
    information = np.stack([slope**2 / noise for slope in np.gradient(light)])
    rows, columns = (length // size for length in light.shape)
    blocks = information[:, : rows * size, : columns * size].reshape(2, rows, size, columns, size).sum(axis=(2, 4))
    return np.array([1 / np.sqrt(information.sum(axis=(1, 2)).mean()), np.median(1 / np.sqrt(blocks))])


def told(away: NDArray[np.float64]) -> str:
    """Median and largest of absolute errors around the place of the reference."""
    away = np.abs(away - np.nanmedian(away, axis=0))
    return f"median {np.nanmedian(away):.4f}  99% {np.nanpercentile(away, 99):.3f}  most {np.nanmax(away):.3f}"


def measure(raw: RawMovie, movie: NDArray[np.uint16], mode: Any) -> None:
    """Print errors of whole frames, and of blocks."""
    motion = estimate_motion(movie, MotionSettings(mode=mode))
    limits = bound(raw, BLOCK)
    flagged = f"{int(motion.flags.sum())} flagged"
    if mode == "rigid":
        away, sigma, limit = motion.shifts - raw.truth.motion.shifts, motion.sigma, limits[0]
    else:
        away, sigma, limit = block_errors(raw, motion), motion.block_sigma, limits[1]
    away -= np.nanmedian(away, axis=0)
    known = np.isfinite(away)
    sure = [float((np.abs(away) < times * sigma)[known].mean()) for times in (1, 2)]
    share = f"within 1, 2 sigma {sure[0]:.2f} {sure[1]:.2f}"
    print(f"    {told(away)} px; bound (median) {0.6745 * limit:.4f}; {share}; {flagged}")


@dataclass(frozen=True)
class Repeated:
    """A movie of any length that repeats a few frames and is never held as a whole."""

    frames: NDArray[np.uint16]
    length: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Frames, rows, columns."""
        return (self.length, *self.frames.shape[1:])

    @property
    def dtype(self) -> np.dtype[np.uint16]:
        """16 bits."""
        return self.frames.dtype

    def __getitem__(self, key: slice) -> NDArray[np.uint16]:
        return self.frames[np.arange(self.length)[key] % len(self.frames)]


def speed(size: int, frames: int, modes: tuple[str, ...]) -> None:
    """Print frames per second and per second of processor, measured and moved; and the largest memory up to then."""
    raw = simulate_raw(RawScene(frames=64, rows=size, columns=size, cells=60, warp_px=1.0), seed=1)
    movie = Repeated(raw.movie[:], frames)
    for mode in modes:
        clocks = [(time.perf_counter(), time.process_time())]
        motion = estimate_motion(movie, MotionSettings(mode=mode))  # type: ignore[arg-type]  # a mode
        clocks.append((time.perf_counter(), time.process_time()))
        for _ in twophoton.corrected(movie, motion).blocks():
            pass
        clocks.append((time.perf_counter(), time.process_time()))
        rates = ", ".join(
            f"{frames / (end[0] - start[0]):.0f} frames/s {what} ({frames / (end[1] - start[1]):.0f} per core)"
            for what, start, end in (("measured", *clocks[:2]), ("moved", *clocks[1:]), ("both", clocks[0], clocks[2]))
        )
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"  {size} x {size} x {frames}, {mode}: {rates}; resident {most:.0f} MB at most", flush=True)


def peer(python: Path, size: int, frames: int) -> None:
    """Print frames per second of Suite2p's registration, which moves them too, and its largest memory."""
    raw = simulate_raw(RawScene(frames=64, rows=size, columns=size, cells=60, warp_px=1.0), seed=1).movie[:]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "movie.tif")
        with tifffile.TiffWriter(path, bigtiff=True) as file:
            for number in range(frames):
                file.write(raw[number % len(raw)].astype(np.int16), contiguous=True)
        script = Path(__file__).parent / "peer_scripts" / "suite2p_motion.py"
        told = subprocess.run([python, script, path], capture_output=True, check=True, text=True).stdout
    found = json.loads(told.splitlines()[-1])
    rate, most = frames / found["seconds"], found["megabytes"]
    print(f"  {size} x {size} x {frames}, suite2p {found['version']}: {rate:.0f} frames/s both; {most:.0f} MB at most")


def errors(own: argparse.Namespace) -> None:
    """Print errors of scenes of all kinds."""
    print(f"{own.size} x {own.size} x {own.frames}")
    for name, (walk, jumps, warp) in MOTIONS.items():
        for photons in PHOTONS[1:4:2] if own.quick else PHOTONS:
            scene = RawScene(
                frames=own.frames, rows=own.size, columns=own.size, cells=own.size**2 // 1600, photons=photons,
                walk_px=walk, jumps=jumps, jump_px=10.0, warp_px=warp,
            )  # fmt: skip
            raw = simulate_raw(scene, seed=own.seed)
            mode = "nonrigid" if warp else "rigid"
            print(f"  {name}, {photons:g} photons per pixel, {mode}")
            measure(raw, raw.movie[:], mode)


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--errors", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--speed", type=int, nargs="*", default=[600, 2000])
    parser.add_argument("--speed-size", type=int, default=512)
    parser.add_argument("--modes", nargs="*", default=["rigid", "nonrigid"])
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--suite2p", type=Path, help="an interpreter that has it")
    own = parser.parse_args()
    for frames in own.speed:
        speed(own.speed_size, frames, tuple(own.modes))
        if own.suite2p:
            peer(own.suite2p, own.speed_size, frames)
    if own.errors:
        errors(own)


if __name__ == "__main__":
    main()
