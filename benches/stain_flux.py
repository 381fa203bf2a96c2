"""Flux and detection of spots in the difference, and the scale, on many pairs with known truth.

    python benches/stain_flux.py [--shared ../shared] [--pairs 24]

Pairs as the golden ones are made, with other seeds. The scorer of the shared folder judges the difference of
`subtract`, and beside it one whose background is the true one, without the pre-stain image's noise: what is wrong with
that is the noise of the post-stain image and spots that overlap, and no treatment of the pre-stain image can mend it.
The last lines are errors of the scale, and how large they are beside its standard error.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace import stain
from peers import HERE
from stain_truth import generator, pair

DEEP = ["--bits", "16", "--mode", "gray", "--bg-scale", "0.8"]
KINDS = {
    "easy": ["--size", "512", "--angle", "1.7", "--shift", "9.3", "-6.6"],
    "magnified": ["--size", "480", "560", "--angle", "-2", "--scale", "1.02", "--shift", "-7.2", "4.1"],
    "16 bits": ["--size", "512", "--angle", "0.6", "--shift", "12.5", "8.5", *DEEP],
    "sizes": ["--size", "450", "--angle", "1", "--shift", "5.5", "-9.25", "--pre-extra", "40", "-30"],
}
BAR = 0.03
MEANS = ("auc", "recall", "precision")


def background(make: ModuleType, truth: dict[str, Any], seed: int) -> NDArray[np.float64]:
    """Unstained tissue in the post-stain image, without noise."""
    scene = make.Scene(truth["post_shape"], 77 * seed)
    y, x = np.mgrid[: truth["post_shape"][0], : truth["post_shape"][1]].astype(float)
    return np.asarray(truth["bg_scale"] * truth["count_gain"] * scene.autofluor(x, y))


def scores(make: ModuleType, arguments: list[str], seed: int) -> tuple[dict[str, float], dict[str, float]]:
    """What the scorer says of our difference, and of that with a perfect background."""
    truth, post, pre = pair(make, [*arguments, "--spots", "40", "--seed", str(seed)])
    spots = np.zeros(truth["post_shape"])
    make.add_spots(spots, truth["spots"], 0)
    mask = spots > truth["mask_threshold_counts"]
    ours, perfect = stain.subtract(post, pre), post - background(make, truth, seed)
    wrong = ours.scale.value - truth["bg_scale"]
    scale = {"scale": wrong / truth["bg_scale"], "sigmas": wrong / ours.scale.error}
    return {**make.stain_score(truth, mask, ours.difference), **scale}, make.stain_score(truth, mask, perfect)


def line(name: str, found: list[dict[str, float]]) -> str:
    flux = np.array([score["flux_ratio_median"] for score in found])
    means = " ".join(f"{np.mean([score[each] for score in found]):9.4f}" for each in MEANS)
    inside = np.mean(np.abs(flux - 1) <= BAR)
    return f"{name:20} {len(flux):5} {flux.mean():9.4f} {flux.std(ddof=1):9.4f} {inside:9.2f} {means}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=HERE.parent.parent / "shared", help="folder with tools/")
    parser.add_argument("--pairs", type=int, default=24, help="pairs of each kind")
    parser.add_argument("--seed", type=int, default=700)
    options = parser.parse_args()
    make = generator(options.shared)
    names = ("pairs", "flux", "spread", f"in {BAR:.0%}", *MEANS)
    print(f"{'':20} {names[0]:>5} " + " ".join(f"{name:>9}" for name in names[1:]))
    every: list[tuple[dict[str, float], dict[str, float]]] = []
    for number, (kind, arguments) in enumerate(KINDS.items()):
        first = options.seed + 100 * number
        found = [scores(make, arguments, seed) for seed in range(first, first + options.pairs)]
        every += found
        for name, part in zip((kind, "  true background"), zip(*found, strict=True), strict=True):
            print(line(name, list(part)), flush=True)
    for name, part in zip(("all", "  true background"), zip(*every, strict=True), strict=True):
        print(line(name, list(part)))
    scale, sigmas = (np.array([own[name] for own, _ in every]) for name in ("scale", "sigmas"))
    print(f"scale: error {scale.mean():.3%} +- {scale.std(ddof=1):.3%}, at most {np.abs(scale).max():.3%};")
    print(f"  {np.sqrt(np.mean(sigmas**2)):.2f} standard errors (root mean square), at most {np.abs(sigmas).max():.2f}")


if __name__ == "__main__":
    main()
