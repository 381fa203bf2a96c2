"""Whether measures of colocalization can be relied on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from lumentrace.base.arrays import AnyArray
from lumentrace.coloc.measure.reasons import FEW_PIXELS
from lumentrace.engine.verdict import DOUBTFUL, NOT_RELIABLE, Evidence, Reason, Verdict

SATURATED, MUCH_SATURATED = 0.001, 0.05
"""Shares of pixels at the greatest value, from which on a channel is called saturated, and spoiled by it."""
LEVELS_OF_GREY = 200
"""A greatest value below it may be shared by chance."""
MOST_GUESSED = 4
"""Channels along an axis that nobody named; more are hardly channels."""
ALIKE = 0.5
"""Least share of neighbours in labels that have the same label; of intensities hardly any have."""
CHANCE = 0.003
"""Greatest share of shifted images that correlate as well as the image does."""
NEAR = 1
"""Shift between channels that is tolerated, in pixels."""


@dataclass(frozen=True)
class Measured:
    """What is judged.

    Attributes
    ----------
    channels : dict
        Pixels by name.
    labels : ndarray or None
    table : polars.DataFrame
    guessed : bool
        Nobody said which axis the channels lie along.
    times : int
        Time points that were measured as one.
    """

    channels: Mapping[str, AnyArray]
    labels: AnyArray | None
    table: pl.DataFrame
    guessed: bool
    times: int


def judge(found: Measured) -> Verdict:
    """The verdict on the measures of an image."""
    return Verdict(tuple(reason for check in CHECKS for reason in check(found)))


def _axis(found: Measured) -> list[Reason]:
    if not found.guessed:
        return []
    number = len(found.channels)
    level = NOT_RELIABLE if number > MOST_GUESSED else DOUBTFUL
    evidence = Evidence("channels", number, "", f"at most {MOST_GUESSED} on an axis that is guessed")
    text = f"the file does not say where its channels are: the shortest axis was taken, {number} long"
    return [
        Reason(level, text, "name the axis with --channel-axis; time points and slices are no channels", (evidence,))
    ]


def _times(found: Measured) -> list[Reason]:
    if found.times < 2:
        return []
    evidence = Evidence("time points in a row", found.times, "", "1")
    return [Reason(DOUBTFUL, "time points were pooled", "measure each time point by itself", (evidence,))]


def _labels(found: Measured) -> list[Reason]:
    if found.labels is None or (share := _neighbours_alike(found.labels)) >= ALIKE:
        return []
    evidence = Evidence("neighbours with the same label", share, "", f"at least {ALIKE:g}")
    advice = "give an image whose pixels hold the number of their region (lumentrace coloc --labels)"
    return [Reason(NOT_RELIABLE, "the labels look like intensities", advice, (evidence,))]


def _neighbours_alike(labels: AnyArray) -> float:
    one, other = labels[..., :-1], labels[..., 1:]
    inside = (one != 0) & (other != 0)
    return float((one == other)[inside].mean()) if inside.any() else 1.0


def _saturation(found: Measured) -> list[Reason]:
    shares = {name: _share_at_greatest(pixels) for name, pixels in found.channels.items()}
    return [
        Reason(
            NOT_RELIABLE if share > MUCH_SATURATED else DOUBTFUL,
            f"{name} is saturated, which lowers correlations",
            "take the image again with less exposure or gain",
            (Evidence("pixels at the greatest value", share, "", f"at most {SATURATED:g}"),),
        )
        for name, share in shares.items()
        if share > SATURATED
    ]


def _share_at_greatest(pixels: AnyArray) -> float:
    greatest = pixels.max() if pixels.size else 0
    if pixels.dtype.kind in "ui" and greatest < LEVELS_OF_GREY:
        return 0.0
    return float((pixels == greatest).mean()) if np.isfinite(greatest) and greatest > pixels.min() else 0.0


def _thresholds(found: Measured) -> list[Reason]:
    without = int(found.table["costes"].is_in(["never", "slope<=0"]).sum())
    if not without:
        return []
    share = without / len(found.table)
    evidence = Evidence("rows without a threshold", share, "", "0")
    text = f"Costes' method found no threshold in {without} of {len(found.table)} rows, which have no M1 and M2"
    return [Reason(DOUBTFUL, text, "choose another threshold, for instance --threshold otsu", (evidence,))]


def _few(found: Measured) -> list[Reason]:
    sizes = found.table["n_pixels"]
    few = int((sizes < FEW_PIXELS).sum())
    if not few:
        return [] if len(found.table) else [_nothing()]
    evidence = Evidence("pixels of the smallest region", float(sizes.to_numpy().min()), "", f"at least {FEW_PIXELS}")
    text = f"{few} of {len(sizes)} rows have too few pixels for a p-value"
    level = NOT_RELIABLE if 2 * few > len(sizes) else DOUBTFUL
    return [Reason(level, text, "leave out tiny regions, or join them", (evidence,))]


def _nothing() -> Reason:
    return Reason(NOT_RELIABLE, "nothing was measured: there is no region", "look at the labels")


def _together(found: Measured) -> list[Reason]:
    """Whether channels belong together, and lie on each other, as images shifted against each other tell."""
    pairs = found.table.select("channel_a", "channel_b").unique(maintain_order=True).rows()
    compared = {f"{one} and {two}": _compared(found.channels[one], found.channels[two]) for one, two in pairs}
    apart = {name: shift for name, (shift, _) in compared.items() if shift > NEAR}
    alone = {name: chance for name, (_, chance) in compared.items() if chance > CHANCE and name not in apart}
    reasons = []
    if apart:
        evidence = Evidence("greatest shift", max(apart.values()), "px", f"at most {NEAR}")
        text = f"shifted against each other: {_some(list(apart))}"
        advice = "align the channels first, with beads if there are any"
        reasons.append(Reason(DOUBTFUL, text, advice, (evidence,)))
    if alone:
        evidence = Evidence("shifted images that correlate as well", max(alone.values()), "", f"at most {CHANCE:g}")
        text = f"no better correlated than images shifted at random: {_some(list(alone))}"
        advice = "expect no colocalization; check that the channels are of the same field of view"
        reasons.append(Reason(DOUBTFUL, text, advice, (evidence,)))
    return reasons


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more pairs" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{more}"


def _compared(one: AnyArray, other: AnyArray) -> tuple[float, float]:
    """Shift in pixels between two channels, and the share of shifts at which they correlate as well as they do."""
    correlations = _shifted(_plane(one), _plane(other))
    if correlations is None:
        return 0.0, 0.0
    best = np.unravel_index(int(correlations.argmax()), correlations.shape)
    away = [(int(place) + size // 2) % size - size // 2 for place, size in zip(best, correlations.shape, strict=True)]
    chance = float((correlations >= correlations[0, 0]).mean())
    return (float(np.hypot(*away)) if _stands_out(correlations) else 0.0), chance


def _plane(pixels: AnyArray) -> NDArray[np.float64]:
    """The mean of all planes, one at a time."""
    planes = pixels.reshape(-1, *np.atleast_2d(pixels).shape[-2:])
    total = np.zeros(planes.shape[1:])
    for plane in planes:
        total += np.nan_to_num(plane.astype(np.float64), posinf=0.0, neginf=0.0)
    return total / max(len(planes), 1)


def _shifted(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Pearson's coefficient for each cyclic shift of `b`; None for a constant image."""
    spread = a.std() * b.std() * a.size
    if not spread > 0:
        return None
    spectrum = np.fft.rfft2(a - a.mean()).conj() * np.fft.rfft2(b - b.mean())
    return np.asarray(np.fft.irfft2(spectrum, a.shape) / spread)


def _stands_out(correlations: NDArray[np.float64]) -> bool:
    """The greatest value is beyond what the others are by chance."""
    return float(correlations.max()) > 6 * float(correlations.std())


CHECKS: tuple[Callable[[Measured], list[Reason]], ...] = (
    _axis,
    _labels,
    _together,
    _thresholds,
    _saturation,
    _few,
    _times,
)
