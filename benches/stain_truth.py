"""Registration and verdict on simulated pairs with known truth.

    python benches/stain_truth.py [--shared ../shared] [--random 200] [--size 700]

First the hard cases by name, then random pairs: rotation, magnification, shear, shift, perspective, deformation,
unspecific texture, dense stain, other samples (no truth at all). Prints for each the mean and largest distance of
mapped points from the truth in pixels, the estimated error, the verdict, and how many verdicts were wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from lumentrace.stain.registration.register import register
from lumentrace.stain.registration.result import Registration
from peers import HERE, module_of

HARD = {
    "base": ["--angle", "1.3"],
    "magnified 1.05": ["--scale", "1.05"],
    "magnified 0.90": ["--scale", "0.90"],
    "rotated 15": ["--angle", "15"],
    "rotated 40": ["--angle", "40"],
    "rotated 170": ["--angle", "170"],
    "shifted": ["--shift", "180", "-150"],
    "sheared 3 %": ["--shear", "0.03"],
    "perspective": ["--persp", "0.00001", "-0.000008"],
    "elastic 6 px": ["--elastic", "6"],
    "scale 1": ["--bg-scale", "1"],
    "scale 3": ["--bg-scale", "3", "--level", "25"],
    "8000 spots": ["--spots", "8000"],
    "offset 4": ["--offset", "4", "--bg-noise", "1"],
    "smooth tissue": ["--finest", "120"],
    "unspecific 1": ["--nonspecific", "1"],
    "unspecific 2.5": ["--nonspecific", "2.5", "--level", "20"],
    "unspecific 6": ["--nonspecific", "6", "--level", "12"],
    "RGBA": ["--mode", "rgba"],
    "16-bit RGB": ["--bits", "16"],
    "16-bit grey": ["--bits", "16", "--mode", "gray"],
    "no border": ["--margin", "-0.5"],
}


def generator(shared: Path) -> ModuleType:
    return module_of(shared / "tools" / "make_stain_data.py")


def pair(make: ModuleType, arguments: list[str]) -> tuple[dict[str, Any], NDArray[Any], NDArray[Any]]:
    """Truth, post-stain and pre-stain image."""
    with tempfile.TemporaryDirectory() as folder:
        with contextlib.redirect_stdout(io.StringIO()):
            make.main(["make", "--out", folder, *arguments])
        truth = json.loads(next(Path(folder, "truth").glob("*.json")).read_text())
        images = [tifffile.imread(path) for path in sorted(Path(folder, "raw", "S001").glob("*.tif"))]
    post, pre = (image if image.ndim == 2 else np.ascontiguousarray(image[..., 1]) for image in images)
    return truth, post, pre


def errors(make: ModuleType, truth: dict[str, Any], found: Registration) -> NDArray[np.float64]:
    """Distances of mapped points from the truth over the tissue."""
    height, width = truth["post_shape"]
    step = max(8, min(height, width) // 64)
    y, x = np.mgrid[0:height:step, 0:width:step].astype(float)
    inside = np.hypot((x - (width - 1) / 2) / width, (y - (height - 1) / 2) / height) < 0.38
    points = np.column_stack([x[inside], y[inside]])
    true = np.column_stack(make.true_map(truth, *points.T))
    return np.linalg.norm(found.points(points) - true, axis=1)


def line(name: str, distances: NDArray[np.float64], found: Registration, seconds: float) -> str:
    verdict = "ok " if found.ok else "not"
    local = "local" if found.displacement is not None else "     "
    return (
        f"{name:22} {distances.mean():9.4f} {distances.max():9.4f} {found.error_px:7.3f} {found.agreeing:6.2f} "
        f"{found.correlation:6.2f} {found.model:10} {local} {verdict} {seconds:5.2f} s"
    )


def drawn(rng: np.random.Generator, seed: int, size: int) -> tuple[str, list[str]]:
    """A random kind of pair, as arguments of the generator."""

    def small(spread: float) -> str:
        return f"{spread * rng.normal():.6f}"

    arguments = [
        "--size",
        str(size),
        "--seed",
        str(seed),
        "--angle",
        f"{rng.choice([rng.uniform(-180, 180), 8 * rng.normal()]):.4f}",
    ]
    arguments += [
        "--scale",
        f"{rng.uniform(0.9, 1.1):.5f}",
        "--shear",
        small(0.01),
        "--shift",
        small(0.06 * size),
        small(0.06 * size),
    ]
    arguments += [
        "--bg-scale",
        f"{rng.uniform(0.7, 2):.4f}",
        "--holes",
        str(rng.integers(0, 6)),
        "--spots",
        str(rng.integers(20, 800)),
    ]
    kind = rng.choice(["linear", "elastic", "unspecific", "smooth", "noisy", "perspective", "unrelated"])
    arguments += {
        "linear": [],
        "elastic": ["--elastic", f"{rng.uniform(0.5, 12):.3f}"],
        "unspecific": ["--nonspecific", f"{rng.uniform(0.5, 8):.3f}", "--level", "14"],
        "smooth": ["--finest", f"{rng.uniform(30, 200):.1f}"],
        "noisy": ["--level", f"{rng.uniform(2, 15):.2f}", "--bg-noise", f"{rng.uniform(0, 3):.2f}", "--noise", "1"],
        "perspective": ["--persp", small(1e-5), small(1e-5)],
        "unrelated": [],
    }[str(kind)]
    return str(kind), arguments


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=HERE.parent.parent / "shared", help="folder with tools/")
    parser.add_argument("--random", type=int, default=200, help="number of random pairs")
    parser.add_argument("--size", type=int, default=700, help="side of the random pairs in pixels")
    parser.add_argument("--seed", type=int, default=60)
    options = parser.parse_args()
    make = generator(options.shared)
    print(f"{'pair':22} {'mean px':>9} {'largest':>9} {'thought':>7} {'agree':>6} {'corr.':>6}")
    for number, (name, arguments) in enumerate(HARD.items()):
        truth, post, pre = pair(make, ["--size", "2000", "--seed", str(options.seed + number), *arguments])
        start = time.perf_counter()
        found = register(post, pre)
        print(line(name, errors(make, truth, found), found, time.perf_counter() - start), flush=True)
    rng = np.random.default_rng(options.seed)
    wrong = sound = refused = 0
    for number in range(options.random):
        kind, arguments = drawn(rng, 1000 + number, options.size)
        truth, post, pre = pair(make, arguments)
        if kind == "unrelated":
            pre = pair(make, ["--size", str(options.size), "--seed", str(5000 + number)])[2]
        start = time.perf_counter()
        found = register(post, pre)
        distances = np.full(1, np.inf) if kind == "unrelated" else errors(make, truth, found)
        wrong += found.ok and distances.mean() > 1
        sound += distances.mean() <= 1
        refused += distances.mean() <= 1 and not found.ok
        print(line(f"{number} {kind}", distances, found, time.perf_counter() - start), flush=True)
    print(f"{options.random} random pairs: {wrong} ok beyond 1 px, {sound} within 1 px, of which {refused} refused")


if __name__ == "__main__":
    main()
