"""Whether measures of colocalization can be relied on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from lumentrace.base.arrays import AnyArray
from lumentrace.base.polars import pl
from lumentrace.coloc.measure.background import moved
from lumentrace.coloc.measure.images import (
    compared,
    neighbour_correlation,
    neighbours_alike,
    pieces,
    plane,
    share_clipped,
)
from lumentrace.coloc.measure.reasons import FEW_PIXELS, LARGER
from lumentrace.engine.verdict import DOUBTFUL, NOT_RELIABLE, Evidence, Reason, Verdict

SATURATED, MUCH_SATURATED = 0.001, 0.05
"""Shares of pixels at the greatest value, from which on a channel is called saturated, and spoiled by it."""
MOST_GUESSED = 4
"""Channels along an axis that nobody named; more are hardly channels."""
ALIKE = 0.3
"""Least share of neighbours in labels that have the same label."""
PIECES, FEW_LABELS = 3.0, 10
"""Most pieces that a region is in; classes of pixels are in many, but are few."""
NOISE = 4.0
"""Standard deviations by which neighbours are alike in every image that has been through a lens."""
CHANCE = 0.003
"""Greatest share of shifted images that correlate as well as the image does."""
SIGNIFICANT = 0.05
"""P-values below it are read as colocalization."""
MOVED = 0.1
"""Change of M1 or M2 that is read as a result."""
SAME = 0.999999
"""Correlation that only copies of an image have; noise differs between two exposures."""
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
        Time points, or planes of an axis without a name, that were measured as one.
    clipped : dict, optional
        Shares of pixels at the greatest value, where the channels here are a part of those that were measured.
    slice_axis : int, optional
        Along which slices were measured one by one, where the channels here hold all of them.
    """

    channels: Mapping[str, AnyArray]
    labels: AnyArray | None
    table: pl.DataFrame
    guessed: bool
    times: int
    clipped: Mapping[str, float] | None = None
    slice_axis: int | None = None


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


def _pooled(found: Measured) -> list[Reason]:
    if found.times < 2:
        return []
    evidence = Evidence("time points, or planes of an axis without a name", found.times, "", "1")
    text = "time points, or planes of an axis that the file does not name, were measured as one"
    return [Reason(DOUBTFUL, text, "measure each by itself; --slices takes apart Z slices", (evidence,))]


def _labels(found: Measured) -> list[Reason]:
    if found.labels is None:
        return []
    alike = neighbours_alike(found.labels)
    number, each = pieces(found.labels)
    scattered = number > FEW_LABELS and each > PIECES
    if alike >= ALIKE and not scattered:
        return []
    evidence = (
        Evidence("neighbours with the same label", alike, "", f"at least {ALIKE:g}"),
        Evidence("pieces of a label", each, "", f"at most {PIECES:g} of more than {FEW_LABELS} labels"),
    )
    advice = "give an image whose pixels hold the number of their region (lumentrace coloc --labels)"
    return [Reason(NOT_RELIABLE, "the labels look like intensities", advice, evidence)]


def _structure(found: Measured) -> list[Reason]:
    reasons = []
    for name, pixels in found.channels.items():
        r, chance = neighbour_correlation(plane(pixels))
        if not r < NOISE * chance:
            continue
        evidence = Evidence("correlation of neighbouring pixels", r, "", f"at least {NOISE * chance:.2g}")
        text = f"{name} has no structure, only noise"
        reasons.append(Reason(DOUBTFUL, text, "look at the channel; expect no colocalization", (evidence,)))
    return reasons


def _saturation(found: Measured) -> list[Reason]:
    shares = found.clipped or {name: share_clipped(pixels) for name, pixels in found.channels.items()}
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


def _thresholds(found: Measured) -> list[Reason]:
    without = int(found.table["costes"].is_in(["never", "slope<=0"]).sum())
    if not without:
        return []
    share = without / len(found.table)
    evidence = Evidence("rows without a threshold", share, "", "0")
    text = f"Costes' method found no threshold in {without} of {len(found.table)} rows, which have no M1 and M2"
    return [Reason(DOUBTFUL, text, "choose another threshold, for instance --threshold otsu", (evidence,))]


def _background(found: Measured) -> list[Reason]:
    """Whether M1 and M2 are shares of light that is no signal."""
    rows = found.table.filter(pl.col("m1").is_finite()) if {"m1", "threshold_a"} <= set(found.table.columns) else None
    if rows is None:
        return []
    change = [0.0]
    for (one, other), pair in rows.sort("region").partition_by("channel_a", "channel_b", as_dict=True).items():
        for pixels, labels, part in _parts(found, pair):
            regions, *thresholds = (part[name].to_numpy() for name in ("region", "threshold_a", "threshold_b"))
            both = moved(pixels[str(one)], pixels[str(other)], labels, regions, (thresholds[0], thresholds[1]))
            change += np.fmax(both[0], both[1]).tolist()
    number = sum(each > MOVED for each in change)
    if not number:
        return []
    evidence = Evidence(
        "greatest change of M1 or M2 without a background", float(np.nanmax(change)), "", f"at most {MOVED}"
    )
    text = f"M1 and M2 of {number} of {len(found.table)} rows count a background as signal"
    advice = (
        "take the background of each channel off first (page Which metric?, Background); Pearson, Spearman and ICQ do "
        "not depend on it"
    )
    return [Reason(DOUBTFUL, text, advice, (evidence,))]


def _parts(
    found: Measured, rows: pl.DataFrame
) -> Iterator[tuple[Mapping[str, AnyArray], AnyArray | None, pl.DataFrame]]:
    """Channels, labels and rows of each slice, or of the whole image if it was measured as one."""
    if "slice" not in rows.columns:
        yield found.channels, found.labels, rows
    elif found.slice_axis is not None:
        shape = next(iter(found.channels.values())).shape
        for (number,), part in rows.partition_by("slice", as_dict=True).items():
            place = (*(slice(None),) * found.slice_axis, number)
            labels = found.labels
            sliced = labels if labels is None or labels.shape != shape else labels[place]
            yield {name: pixels[place] for name, pixels in found.channels.items()}, sliced, part


def _refused(found: Measured) -> list[Reason]:
    """Whether measures are missing because they need more memory than they were given."""
    without = int(found.table["reason"].str.contains(LARGER).sum())
    if not without:
        return []
    evidence = Evidence("rows that lack measures", without / len(found.table), "", "0")
    text = f"{without} of {len(found.table)} rows lack measures for which all pixels of the region have to be in memory"
    advice = "crop the image, measure a smaller copy (--level) or slices (--slices), or allow more (--memory)"
    return [Reason(DOUBTFUL, text, advice, (evidence,))]


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
    every = {pair: compared(found.channels[pair[0]], found.channels[pair[1]]) for pair in pairs}
    same = [pair for pair, each in every.items() if each.r >= SAME]
    apart = {pair: each.shift for pair, each in every.items() if each.shift > NEAR}
    alone = {pair: each.chance for pair, each in every.items() if each.chance > CHANCE and pair not in apart}
    claimed = {pair: chance for pair, chance in alone.items() if _least_p(found.table, pair) < SIGNIFICANT}
    reasons = []
    if same:
        evidence = Evidence("correlation", max(every[pair].r for pair in same), "", f"below {SAME}")
        text = f"the same image twice: {_some(same)}"
        reasons.append(Reason(NOT_RELIABLE, text, "look which file or channel was given twice", (evidence,)))
    if apart:
        evidence = Evidence("greatest shift", max(apart.values()), "px", f"at most {NEAR}")
        advice = "align the channels first, with beads if there are any"
        reasons.append(Reason(DOUBTFUL, f"shifted against each other: {_some(list(apart))}", advice, (evidence,)))
    if claimed:
        chance = Evidence("shifted images that correlate as well", max(claimed.values()), "", f"at most {CHANCE:g}")
        p = Evidence(
            "smallest p-value", min(_least_p(found.table, pair) for pair in claimed), "", f"from {SIGNIFICANT}"
        )
        text = f"no better correlated than images shifted at random, though p-values are small: {_some(list(claimed))}"
        advice = (
            "expect no colocalization: these p-values take pixels for independent, those of the metric corrected "
            "(--metrics) do not; check that the channels are of the same field of view"
        )
        reasons.append(Reason(DOUBTFUL, text, advice, (chance, p)))
    return reasons


def _least_p(table: pl.DataFrame, pair: tuple[str, str]) -> float:
    """The smallest p-value that takes pixels for independent; infinite without any."""
    rows = table.filter(channel_a=pair[0], channel_b=pair[1])
    values = [rows[name].to_numpy() for name in ("pcc_pvalue", "srcc_pvalue", "tau_pvalue") if name in rows.columns]
    return float(np.nanmin([np.inf, *np.concatenate(values)]))


def _some(pairs: list[tuple[str, str]]) -> str:
    names = [f"{one} and {other}" for one, other in pairs]
    more = f" and {len(names) - 3} more pairs" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{more}"


CHECKS: tuple[Callable[[Measured], list[Reason]], ...] = (
    _axis,
    _labels,
    _structure,
    _together,
    _thresholds,
    _background,
    _refused,
    _saturation,
    _few,
    _pooled,
)
