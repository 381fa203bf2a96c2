"""Registration and subtraction: seconds, memory, and one step beside OpenCV.

    python benches/stain.py [--shared ../shared] [--sizes 2000 6000] [--folder FOLDER ...]

Makes pairs with the generator of the shared folder (or takes folders it has made), runs all four stages of each in a
process of its own and prints seconds, peak memory, bytes written, the error of the registration against the truth, the
scale, and how far the estimates of memory were from what was measured. Then times the alignment at 2000 x 2000 beside
cv2.findTransformECC: same images, same start, as many steps.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from lumentrace import _core, stain
from lumentrace.stain.registration.levels import NARROW, evened, flattened, reduced
from peers import HERE
from stain_truth import errors, generator, pair

STEPS = 20
ARGUMENTS = ["--seed", "4", "--shift", "37.4", "-22.6", "--angle", "2.3"]

CHILD = r"""
import json, re, sys, time
import lumentrace.stain.stages.pipeline, lumentrace.stain.report.page
from lumentrace import stain
def peak():
    # Not ru_maxrss, which begins with the memory of the parent.
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", open("/proc/self/status").read()).group(1))
before = peak()
job = stain.SampleDye("S001", "SybrGld", sys.argv[2], sys.argv[1])
start = time.perf_counter()
result = job.run(force_run=True)
result["seconds"] = time.perf_counter() - start
result["peak"], result["before"] = peak(), before
result["map"] = job.registration.to_dict()
print(json.dumps(result))
"""


def whole(shared: Path, folder: Path) -> None:
    """Run all stages of a pair and print a line."""
    make = generator(shared)
    truth = json.loads(next((folder / "truth").glob("*.json")).read_text())
    with tempfile.TemporaryDirectory(dir=folder.parent) as out:
        child = [sys.executable, "-c", CHILD, str(folder / "raw"), out]
        done = subprocess.run(child, check=True, capture_output=True, text=True)
        written = sum(path.stat().st_size for path in Path(out).rglob("*") if path.is_file())
    result = json.loads(done.stdout.splitlines()[-1])
    found = stain.Registration.from_dict(result["map"])
    distances = errors(make, truth, found)
    needed = stain.estimate_pipeline_memory([("S001", "SybrGld")], folder / "raw")["peak_bytes"]
    pixels = np.prod(truth["post_shape"])
    added = result["peak"] - result["before"]
    print(
        f"{truth['post_shape']}: {result['status']}, {result['seconds']:.1f} s, peak {result['peak'] / 1e6:.0f} MB "
        f"({added / 1e6:.0f} MB more than before, {result['peak'] / pixels:.1f} bytes per pixel), estimate "
        f"{needed / added:.2f} times that, {written / 1e6:.0f} MB written, error "
        f"{distances.mean():.4f} / {distances.max():.4f} px (thought {found.error_px:.3f}), scale "
        f"{result['scale_estimate']:.4f} +- {result['scale_error']:.4f} (truth {truth['bg_scale']}), "
        f"{result['spots']} spots",
        flush=True,
    )


def step(shared: Path) -> None:
    """As many steps of the alignment beside OpenCV's."""
    import cv2

    _, post, pre = pair(generator(shared), ["--size", "2000", *ARGUMENTS])
    fixed, moving = (flattened(evened(reduced(image, 1)), 1.0, NARROW) for image in (post, pre))
    start = np.eye(3)
    start[:2, :2] = [[np.cos(0.04), -np.sin(0.04)], [np.sin(0.04), np.cos(0.04)]]
    middle = np.array([999.5, 999.5])
    start[:2, 2] = middle + np.array([37, -22]) - start[:2, :2] @ middle
    criteria = (cv2.TERM_CRITERIA_COUNT, STEPS, 0.0)
    ours, theirs = [], []
    for _ in range(3):
        begin = time.perf_counter()
        _core.align_images(fixed, moving, start.ravel().tolist(), "affine", STEPS, 0.0, False)
        ours.append(time.perf_counter() - begin)
        matrix = start[:2].astype(np.float32)
        begin = time.perf_counter()
        cv2.findTransformECC(fixed, moving, matrix, cv2.MOTION_AFFINE, criteria, None, 5)
        theirs.append(time.perf_counter() - begin)
    print(
        f"{STEPS} affine steps at 2000 x 2000: {min(ours):.3f} s, OpenCV {cv2.__version__} {min(theirs):.3f} s: "
        f"{min(theirs) / min(ours):.1f}x (bar 3x)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=HERE.parent.parent / "shared", help="folder with tools/")
    parser.add_argument("--sizes", type=int, nargs="*", default=[2000, 6000])
    parser.add_argument("--folder", type=Path, nargs="*", default=[], help="pairs that are made already")
    options = parser.parse_args()
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / "pair"
            generator(options.shared).main(["make", "--out", str(place), "--size", str(size), *ARGUMENTS])
            whole(options.shared, place)
    for folder in options.folder:
        whole(options.shared, folder)
    step(options.shared)


if __name__ == "__main__":
    main()
