"""Pairs of channels, good and spoiled, for verdicts.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import tifffile
from numpy.typing import NDArray
from scipy import ndimage

from lumentrace.coloc import colocalization_table
from lumentrace.coloc import run as coloc
from lumentrace.coloc.judgement import SIGNIFICANT, Measured, judge
from lumentrace.engine.verdict import DOUBTFUL, GOOD, NOT_RELIABLE, Reason, Verdict

Image = NDArray[np.float64]
Pair = dict[str, NDArray[np.uint16]]


def pair(seed: int, shared: int = 24, own: int = 16, light: float = 1.0) -> Pair:
    """Two channels with structures in common, photon noise, and a dark ground."""
    random = np.random.default_rng(seed)
    common, one, other = (blobs(random, number) for number in (shared, own, own))
    return {
        name: random.poisson(light * (20 + 2000 * (common + alone))).astype(np.uint16)
        for name, alone in (("one", one), ("other", other))
    }


def blobs(random: np.random.Generator, number: int, size: int = 192) -> Image:
    """Gaussian spots of four pixels."""
    places = np.zeros((size, size))
    np.add.at(places, tuple(random.integers(size, size=(2, number))), random.uniform(0.5, 1.5, number))
    return np.asarray(ndimage.gaussian_filter(places, 4.0, mode="wrap") * 2 * np.pi * 16)


def measured(channels: Pair, **settings: object) -> Verdict:
    """The verdict on a pair."""
    return coloc.run(channels, coloc.Settings(metrics=("pcc", "mcc"), **settings)).verdict


def shuffled(seed: int, side: int = 1) -> Verdict:
    """One channel has its pixels, or blocks of them, in any order."""
    channels = pair(seed)
    count = 192 // side
    blocks = channels["other"].reshape(count, side, count, side).swapaxes(1, 2).reshape(-1, side, side)
    mixed = np.random.default_rng(seed).permutation(blocks).reshape(count, count, side, side).swapaxes(1, 2)
    return measured({**channels, "other": mixed.reshape(192, 192)})


def unrelated(seed: int, **settings: object) -> Verdict:
    """Nothing in common: right if nothing calls it colocalized, neither the verdict nor a p-value."""
    channels = pair(seed, shared=0, own=40)
    outcome = coloc.run(channels, coloc.Settings(metrics=("pcc", "srcc", "mcc"), **settings))
    p = min(outcome.table["pcc_pvalue"][0], outcome.table["srcc_pvalue"][0])
    if outcome.verdict.level == GOOD and p >= SIGNIFICANT:
        return Verdict((Reason(DOUBTFUL, "not colocalized, as is true", "nothing"),))
    return outcome.verdict


def shifted(seed: int, way: tuple[float, float] = (3, 4)) -> Verdict:
    """One channel lies some pixels away."""
    channels = pair(seed)
    moved = ndimage.shift(channels["other"].astype(float), way, order=1, mode="grid-wrap")
    return measured({**channels, "other": np.rint(moved).astype(np.uint16)})


def clipped(seed: int, quantile: float = 0.98) -> Verdict:
    """One channel is cut off, which leaves a level of two in a hundred pixels."""
    channels = pair(seed)
    limit = int(np.quantile(channels["other"], quantile))
    return measured({**channels, "other": np.minimum(channels["other"], limit)})


def cells(seed: int) -> NDArray[np.int64]:
    """Discs of 6 to 12 pixels, some beside each other, some cut by the border."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:192, :192]
    labels = np.zeros((192, 192), np.int64)
    for number in range(1, 31):
        down, across, radius = *random.uniform(0, 192, 2), random.uniform(6, 12)
        labels[(np.hypot(y - down, x - across) < radius) & (labels == 0)] = number
    return labels


def labelled(seed: int, labels: NDArray[np.integer]) -> Verdict:
    """The verdict on regions."""
    channels = pair(seed)
    kept = {"metrics": ("pcc",)}
    return judge(Measured(channels, labels, colocalization_table(channels, label_mask=labels, **kept), False, 1))


def large(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Labels without what is left of cells that others cover."""
    return np.where(np.bincount(labels.ravel())[labels] >= 30, labels, 0)


def dim(seed: int) -> NDArray[np.uint16]:
    """An image of a photon here and there."""
    return pair(seed, light=0.02)["one"]


def smooth(seed: int) -> NDArray[np.uint8]:
    """An image of eight bits whose noise was taken out."""
    image = ndimage.gaussian_filter(pair(seed)["one"].astype(float), 3)
    return np.rint(255 * (image - image.min()) / np.ptp(image)).astype(np.uint8)


def pages(seed: int, axes: str = "", frames: int = 10) -> Verdict:
    """A time-lapse of structures that hardly move, given as it is; refused is not reliable."""
    random = np.random.default_rng(seed)
    scene = 20 + 2000 * blobs(random, 30)
    film = random.poisson(np.stack([np.roll(scene, step // 3, 0) for step in range(frames)])).astype(np.uint16)
    about = {"imagej": True, "metadata": {"axes": axes}} if axes else {"photometric": "minisblack"}
    with TemporaryDirectory() as folder:
        tifffile.imwrite(Path(folder) / "film.tif", film, **about)
        try:
            return coloc.run(Path(folder) / "film.tif", coloc.Settings(metrics=("pcc",))).verdict
        except ValueError as error:
            return Verdict((Reason(NOT_RELIABLE, f"refused: {error}", "--channel-axis"),))


CASES: dict[str, Callable[[int], Verdict]] = {
    "coloc good": lambda seed: measured(pair(seed)),
    "coloc good, otsu": lambda seed: measured(pair(seed), threshold="otsu"),
    "coloc good, little light": lambda seed: measured(pair(seed, light=0.02)),
    "coloc good, half a pixel apart": lambda seed: shifted(seed, (0.4, 0.3)),
    "coloc good, cells": lambda seed: labelled(seed, large(cells(seed))),
    "coloc good, two classes of pixels": lambda seed: labelled(seed, 1 + (pair(seed)["one"] > 400)),
    "coloc unrelated pair called colocalized": unrelated,
    "coloc unrelated pair called colocalized, otsu": lambda seed: unrelated(seed, threshold="otsu"),
    "coloc shuffled channel": shuffled,
    "coloc shifted channel": shifted,
    "coloc channel two pixels away": lambda seed: shifted(seed, (2, 0)),
    "coloc clipped channel": clipped,
    "coloc clipped a little": lambda seed: clipped(seed, 0.998),
    "coloc the same channel twice": lambda seed: measured(dict.fromkeys(("one", "other"), pair(seed)["one"])),
    "coloc intensities as labels": lambda seed: labelled(seed, pair(seed)["one"]),
    "coloc dim intensities as labels": lambda seed: labelled(seed, dim(seed)),
    "coloc smooth intensities as labels": lambda seed: labelled(seed, smooth(seed)),
    "coloc time-lapse as channels": pages,
    "coloc three time points as channels": lambda seed: pages(seed, frames=3),
    "coloc time-lapse that says so": lambda seed: pages(seed, "TYX"),
}
