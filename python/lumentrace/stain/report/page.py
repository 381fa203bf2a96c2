"""The report on a stained sample: first of all, whether the registration can be trusted."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.masked import unmasked
from lumentrace.base.polars import pl
from lumentrace.base.provenance import Provenance
from lumentrace.engine.settings import Settings
from lumentrace.engine.verdict import Verdict
from lumentrace.plots.distribution import distribution
from lumentrace.plots.linked import identity
from lumentrace.plots.pictures import picture_height
from lumentrace.plots.report import Report
from lumentrace.stain.files.canvas import frame
from lumentrace.stain.judgement import judge
from lumentrace.stain.measure.histograms import Histograms
from lumentrace.stain.measure.scale import Scale
from lumentrace.stain.registration.result import Registration
from lumentrace.stain.report.figures import (
    SPOT,
    add_bar,
    add_spots,
    apart,
    bar_of,
    grey,
    joint,
    levels,
    overlay,
    ratios,
    remainders,
    signed,
)

Floats = NDArray[np.float32]

MOST_SPOTS = 200
COLUMNS = {
    SPOT: SPOT,
    "x": "x (px)",
    "y": "y (px)",
    "area": "area (px)",
    "intensity": "intensity (counts)",
    "significance": "significance",
}


@unmasked
def write_report(
    path: str | os.PathLike[str],
    title: str,
    registration: Registration,
    scales: Sequence[Scale],
    histograms: Histograms,
    pictures: Mapping[str, Floats],
    factor: int,
    spots: pl.DataFrame,
    warnings: Sequence[str] = (),
    provenance: Provenance | Mapping[str, object] | None = None,
    pad: int = 0,
    settings: Settings | None = None,
    pixel_um: float | None = None,
) -> Path:
    """Write a report on a registered and subtracted pair as one HTML file.

    Parameters
    ----------
    path : path
    title : str
        Sample and dye.
    registration : lumentrace.stain.Registration
    scales : sequence of lumentrace.stain.Scale
        The first is the one that was fitted and used for the spots.
    histograms : lumentrace.stain.Histograms
    pictures : mapping
        Reduced images: 'post', 'before' (pre as it was), 'aligned', 'difference'.
    factor : int
        By how much they are reduced.
    spots : polars.DataFrame
    warnings : sequence of str, optional
    provenance : Provenance or mapping, optional
    pad : int, default 0
        Border of the images that were written; the spots are in their pixels.
    settings : Settings, optional
        Those of the run, shown with their defaults.
    pixel_um : float, optional
        Width of a pixel of the post-stain image in micrometres, for scale bars.

    Returns
    -------
    path

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    report = Report(title, "Pre-stain image registered, scaled and subtracted")
    _verdict(report, judge(registration, scales[0]), registration, warnings)
    _key_figures(report, registration, scales, spots)
    height = picture_height(registration.post_shape)
    shown = f"One pixel shown stands for {factor} x {factor}." if factor > 1 else ""
    report.section("Stain")
    report.swipe(
        ("before staining", grey(pictures["aligned"])),
        ("after staining", grey(pictures["post"])),
        "Before and after",
        f"The registered pre-stain image and the post-stain image, each with its own brightness. {shown}".strip(),
        bar_of(registration.post_shape, pixel_um),
    )
    caption = (
        f"Post less scaled pre: orange above zero, blue below, grey where the pre-stain image has nothing. {shown}"
    )
    brightest = spots.with_row_index(SPOT, 1).sort("intensity", descending=True).head(MOST_SPOTS)
    difference = signed(pictures["difference"])
    add_spots(difference, brightest, pad, factor)
    add_bar(difference, registration.post_shape, factor, pixel_um)
    rings = " Rings are spots." if len(spots) else ""
    report.figure(difference, "Difference", f"{caption}{rings}", height=height, half=True)
    if len(spots):
        sizes = np.log10(np.maximum(spots["intensity"].to_numpy(), 1))
        report.figure(distribution(sizes, "log10 intensity of spots (counts)"), "Spots", height=height, half=True)
        _spots(report, brightest, len(spots), frame(pad))
    report.section("Registration")
    caption = f"Post in magenta, pre in green, as they came. {shown}"
    before, after = (overlay(pictures["post"], pictures[name]) for name in ("before", "aligned"))
    for figure in (before, after):
        add_bar(figure, registration.post_shape, factor, pixel_um)
    report.figure(before, "Before", caption, height=height, half=True)
    caption = "Post in magenta, registered pre in green; white where both are alike."
    report.figure(after, "After", caption, height=height, half=True)
    if len(registration.error_points):
        caption = (
            "Smooth part of the shifts that small parts of the registered images still show, many times enlarged. "
            f"Frame: {frame(pad)}."
        )
        figure = apart(registration.error_points + pad, registration.error_shifts, registration.post_shape, pad)
        report.figure(figure, "Error map", caption, height=height, half=True)
    _map(report, registration)
    report.section("Scale")
    _scales(report, scales)
    counts, most = histograms.joint, histograms.most
    if len(scales[0].centres):
        caption = f"{scales[0].status.capitalize()}. The dashed line is the scale."
        report.figure(ratios(scales[0]), "Ratios", caption, half=True)
    report.figure(joint(counts, most, scales), "Both images", "How often values occur together.", half=True)
    caption = "Where post is the larger value, counts less those of the values exchanged: stain lies above the scale."
    report.figure(joint(counts, most, scales, excess=True), "Excess", caption, half=True)
    report.figure(levels(counts, most), "Values", "Where both images have signal.", half=True)
    report.figure(remainders(counts, most, scales[0]), "Difference", "Counts of pixels, logarithmic.", half=True)
    if settings is not None:
        report.settings(settings)
    report.provenance(provenance)
    return report.save(path)


def _verdict(report: Report, verdict: Verdict, registration: Registration, warnings: Sequence[str]) -> None:
    report.verdict(verdict)
    told = {reason.text for reason in verdict.reasons}
    if not registration.ok:
        report.text(f"Do not trust this registration: {'; '.join(registration.reasons)}.", notice=True)
    for warning in (each for each in warnings if each not in told):
        report.text(f"{warning[0].upper()}{warning[1:]}.", notice=True)


def _key_figures(report: Report, registration: Registration, scales: Sequence[Scale], spots: pl.DataFrame) -> None:
    report.key_figure("Registration", "ok" if registration.ok else "not reliable")
    note = "estimated, root mean square"
    report.key_figure("Error", registration.error_px, "px", note, "too few parts could be compared")
    fitted = scales[0]
    error = f"± {fitted.error:.2g}" if np.isfinite(fitted.error) else ""
    report.key_figure("Scale", f"{fitted.value:.4f}", "", f"{error} ({fitted.method})".strip())
    report.key_figure("Spots", len(spots), note="5 sigma and more")
    report.key_figure("Overlap", f"{registration.overlap:.0%}", note="of the post-stain image")


def _map(report: Report, registration: Registration) -> None:
    x, y = registration.shift
    local = "none" if registration.displacement is None else "followed by a smooth displacement"
    rows = [
        ("model", registration.model),
        ("rotation", f"{registration.angle:.4f} degrees"),
        ("magnification", f"{registration.magnification:.6f}"),
        ("shift of the centre", f"{x:.2f}, {y:.2f} px"),
        ("mirrored", "yes" if registration.mirrored else "no"),
        ("local deformation", local),
        ("correlation of texture", f"{registration.correlation:.3f}"),
        ("parts that agree", f"{registration.agreeing:.0%}"),
        ("verdict", "ok" if registration.ok else "; ".join(registration.reasons)),
    ]
    report.table(["quantity", "from post to pre"], rows, "Of the images as they came, without a border.")


def _scales(report: Report, scales: Sequence[Scale]) -> None:
    rows = [(scale.method, f"{scale.value:.4f}", scale.error, scale.offset, scale.status) for scale in scales]
    report.table(["method", "scale", "standard error", "offset (counts)", "fit"], rows)


def _spots(report: Report, brightest: pl.DataFrame, total: int, counted: str) -> None:
    rows = [tuple(row[name] for name in COLUMNS) for row in brightest.iter_rows(named=True)]
    more = f" The {MOST_SPOTS} brightest of {total}; all are in the table beside this report."
    ids = [identity(SPOT, number) for number in brightest[SPOT]]
    report.table(list(COLUMNS.values()), rows, f"Frame: {counted}.{more if total > MOST_SPOTS else ''}", ids)
