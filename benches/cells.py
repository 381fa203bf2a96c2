"""Cells of simulated two-photon movies with known truth; seconds and memory of a large one.

    python benches/cells.py [--seeds 2] [--first 0] [--suite2p PYTHON] [--large] [--frames 5000]

Movies of 256 x 256 pixels and 1500 frames at 15 per second, already aligned, with cells of 10 pixels on neuropil that
changes: over photons per pixel, number of cells, and how far cells overlap. Precision and recall count pairs of cells
whose masks have an intersection over union of 0.5 at least, one to one. With --suite2p, an interpreter that has Suite2p
finds cells in the same movies: registration off, its own classifier on, all other settings at their defaults but the
diameter and the frame rate. With --large, 512 x 512 pixels and 200 cells: seconds, the most memory that the process
held.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from lumentrace import twophoton
from peers import HERE

STILL = twophoton.RawScene(
    frames=1500, frame_rate_hz=15.0, radius_px=5.0, walk_px=0.0, jumps=0, cells=60, spacing=0.9, photons=5.0
)
CASES = {
    "5 photons": STILL,
    "20 photons": replace(STILL, photons=20.0),
    "2 photons": replace(STILL, photons=2.0),
    "1 photon": replace(STILL, photons=1.0),
    "0.5 photons": replace(STILL, photons=0.5),
    "20 cells": replace(STILL, cells=20),
    "150 cells": replace(STILL, cells=150),
    "overlap 0.3": replace(STILL, cells=120, spacing=0.7),
    "overlap 0.5": replace(STILL, cells=150, spacing=0.5),
    "still neuropil": replace(STILL, neuropil_change=0.0),
    "wild neuropil": replace(STILL, neuropil_change=0.5),
    "strong answers": replace(STILL, dff_per_spike=1.0),
}
LARGE = replace(STILL, rows=512, columns=512, cells=200, frame_rate_hz=30.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first", type=int, default=0, help="of the seeds")
    parser.add_argument("--cases", nargs="*", default=list(CASES))
    parser.add_argument("--suite2p", type=Path, help="an interpreter that has it")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--frames", type=int, default=5000, help="of the large movie")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.large:
            large(replace(LARGE, frames=options.frames), Path(folder))
        else:
            compare(options, Path(folder))


def compare(options: argparse.Namespace, folder: Path) -> None:
    """A line for each case: precision and recall of both sides, over all seeds."""
    print(
        f"{'case':16} {'planted':>7} {'precision':>9} {'recall':>6} {'s':>6}   suite2p: precision, recall, s",
        flush=True,
    )
    for name in options.cases:
        counts = {"ours": np.zeros(4), "suite2p": np.zeros(4)}
        for seed in range(options.first, options.first + options.seeds):
            place = folder / f"{name} {seed}"
            made, recording = written(CASES[name], place, seed)
            started = time.perf_counter()
            rois = twophoton.find_cells(recording, diameter=2 * made.scene.radius_px).roi_set
            masks = sets(rois.regions(), made.scene)
            counts["ours"] += [*score(made.truth.masks, masks), time.perf_counter() - started]
            if options.suite2p:
                counts["suite2p"] += peer(options.suite2p, place, made)
        print(line(name, counts), flush=True)


def line(name: str, counts: dict[str, NDArray[np.float64]]) -> str:
    parts = []
    for planted, found, same, seconds in counts.values():
        if planted:
            parts.append(f"{same / max(found, 1):9.3f} {same / planted:6.3f} {seconds:6.1f}")
    return f"{name:16} {counts['ours'][0]:7.0f} " + "   ".join(parts)


def written(scene: twophoton.RawScene, place: Path, seed: int) -> tuple[twophoton.RawMovie, Any]:
    """A movie as TIFF and as a converted recording."""
    place.mkdir()
    made = twophoton.simulate_raw(scene, seed=seed)
    with tifffile.TiffWriter(place / "movie.tif", bigtiff=True) as tiff:
        for start in range(0, scene.frames, 100):
            for frame in made.movie[start : start + 100]:
                tiff.write(frame, contiguous=True, photometric="minisblack")
    half, end = scene.seconds / 2, scene.seconds
    epochs = {"start_s": [0, half], "stop_s": [half, end], "epoch_number": [1, 2], "epoch_name": ["grey", "odour"]}
    paths = twophoton.convert_tiff_recording(
        place / "movie.tif", epochs, place / "out", frame_rate_hz=scene.frame_rate_hz
    )
    return made, twophoton.load_converted_recording(paths.path)


def sets(regions: list[NDArray[np.int64]], scene: twophoton.RawScene) -> NDArray[np.bool_]:
    """Masks (regions, pixels)."""
    masks = np.zeros((len(regions), scene.rows * scene.columns), bool)
    for mask, own in zip(masks, regions, strict=True):
        mask[own] = True
    return masks


def score(truth: Any, found: NDArray[np.bool_]) -> tuple[int, int, int]:
    """Cells that were planted, that were found, and that are the same."""
    one, two = truth.toarray().astype(np.float32), found.astype(np.float32)
    shared = one @ two.T
    overlap = shared / np.maximum(one.sum(axis=1)[:, None] + two.sum(axis=1) - shared, 1)
    rows, columns = linear_sum_assignment(-overlap)
    return len(one), len(two), int((overlap[rows, columns] >= 0.5).sum())


def peer(python: Path, place: Path, made: twophoton.RawMovie) -> tuple[float, float, float, float]:
    """What Suite2p finds in the same movie."""
    script = HERE / "peer_scripts" / "suite2p_cells.py"
    scene = made.scene
    command = [python, "-W", "ignore", script, place / "movie.tif", str(scene.frame_rate_hz), str(2 * scene.radius_px)]
    done = subprocess.run([*map(str, command)], check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    regions = [np.array(own, np.int64) for own in found["pixels"]]
    return (*score(made.truth.masks, sets(regions, scene)), found["seconds"])


def large(scene: twophoton.RawScene, folder: Path) -> None:
    """Seconds and memory of a large movie, in a process of its own."""
    made, recording = written(scene, folder / "large", 0)
    program = (
        "import sys, time, resource\nfrom lumentrace import twophoton\n"
        "recording = twophoton.load_converted_recording(sys.argv[1])\n"
        "started = time.perf_counter()\nfound = twophoton.find_cells(recording, diameter=float(sys.argv[2]))\n"
        "twophoton.save_roi_set(found.roi_set, sys.argv[3])\n"
        "print(time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    own = [sys.executable, "-c", program, recording.path, str(2 * scene.radius_px), folder / "rois.h5"]
    done = subprocess.run([*map(str, own)], check=True, stdout=subprocess.PIPE, text=True)
    seconds, peak = map(float, done.stdout.split())
    rois = twophoton.load_roi_set(folder / "rois.h5")
    planted, found, same = score(made.truth.masks, sets(rois.regions(), scene))
    print(f"{scene.frames} frames of {scene.rows} x {scene.columns}: {seconds:.1f} s, {peak:.0f} MB at most")
    print(f"{planted} cells planted: precision {same / max(found, 1):.3f}, recall {same / planted:.3f}")


if __name__ == "__main__":
    main()
