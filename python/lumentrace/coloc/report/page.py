"""The report on colocalization."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from lumentrace.base.arrays import AnyArray
from lumentrace.base.html import LEAST_P
from lumentrace.base.masked import unmasked
from lumentrace.base.provenance import Provenance
from lumentrace.coloc.measure.randomization import Randomization
from lumentrace.coloc.summary import key_figures
from lumentrace.engine.settings import Settings
from lumentrace.engine.verdict import Verdict
from lumentrace.plots.linked import identity
from lumentrace.plots.numbers import spell
from lumentrace.plots.pictures import picture_height
from lumentrace.plots.report import Report

from .figures import (
    REGION,
    add_bar,
    add_regions,
    by_region,
    co_occurrence,
    joint_histogram,
    merge,
    null_histogram,
    scale_note,
)

if TYPE_CHECKING:
    import polars as pl

MOST_ROWS = 1000
HEADINGS = {"n_pixels": "n_pixels (px)"}
MEASURES = {
    "pcc": "Pearson's r",
    "srcc": "Spearman's rho",
    "icq": "Li's ICQ",
    "m1": "Manders' M1",
    "m2": "Manders' M2",
    "overlap_r": "overlap r",
    "tau": "Kendall's tau",
    "rwc1": "RWC1",
    "rwc2": "RWC2",
    "jaccard": "Jaccard",
}


@unmasked
def write_report(
    channels: Mapping[str, ArrayLike],
    table: pl.DataFrame,
    *,
    path: str | os.PathLike[str],
    title: str = "Colocalization report",
    label_mask: ArrayLike | None = None,
    nulls: Mapping[tuple[str, str], Randomization] | None = None,
    provenance: Provenance | Mapping[str, object] | None = None,
    notes: Sequence[str] = (),
    verdict: Verdict | None = None,
    settings: Settings | None = None,
    pixel_um: float | None = None,
    shape: Sequence[int] | None = None,
) -> Path:
    """Write a report on the colocalization of channels to one HTML file that needs no network.

    For each pair of channels it shows the merged image, the pixels above the thresholds, how often each pair of
    intensities occurs with the regression line and the thresholds, the correlations of shuffled images if there are
    any, and the figures of all regions with the reason where one is missing.

    Parameters
    ----------
    channels : dict of array_like
        Intensities by name, all of the same shape; of more than two dimensions the greatest value along the first ones
        is pictured.
    table : polars.DataFrame
        That of `lumentrace.coloc.colocalization_table`.
    path : path-like
        The HTML file to write.
    title : str, optional
    label_mask : array_like, optional
        The regions that were measured.
    nulls : dict, optional
        For pairs of names what `lumentrace.coloc.costes_randomization` gives.
    provenance : lumentrace.base.provenance.Provenance or mapping, optional
    notes : sequence of str, optional
        Paragraphs to print below the key figures.
    verdict : Verdict, optional
        Shown first.
    settings : Settings, optional
        Those of the run, shown with their defaults.
    pixel_um : float, optional
        Width of a pixel in micrometres, for scale bars.
    shape : sequence of int, optional
        Of the image that was measured, if the channels are a part of it.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> from lumentrace import coloc
    >>> (a, *_), (b, *_) = coloc.make_sample_data()
    >>> channels = {"actin": a, "myosin": b}
    >>> table = coloc.colocalization_table(channels)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     coloc.write_report(channels, table, path=f"{folder}/report.html").name
    'report.html'
    """
    arrays = {name: np.asarray(values) for name, values in channels.items()}
    labels = None if label_mask is None else np.asarray(label_mask)
    pictured = next(iter(arrays.values())).shape
    whole = pictured if shape is None else shape
    pairs = table.select("channel_a", "channel_b").unique(maintain_order=True).rows()
    report = Report(title, f"{' x '.join(map(str, whole))} pixels, {len(arrays)} channels")
    if verdict is not None:
        report.verdict(verdict)
    _key_figures(report, table, labels)
    for note in notes:
        report.text(note)
    for one, two in pairs:
        rows = table.filter(channel_a=one, channel_b=two)
        report.section(f"{one} and {two}")
        if labels is None or labels.shape == pictured:
            _pictures(report, (arrays[one], arrays[two]), (one, two), rows, labels, pixel_um)
        drawn = (nulls or {}).get((one, two))
        if drawn is not None and len(drawn.null):
            caption = f"{spell(len(drawn.null))} shuffles of {spell(drawn.n_blocks)} blocks; p = {drawn.p_right:.3g}."
            report.figure(null_histogram(drawn.null, drawn.observed), "Randomisation", caption, half=True)
        _by_region(report, rows)
    if settings is not None:
        report.settings(settings)
    report.provenance(provenance)
    return report.save(path)


def _key_figures(report: Report, table: pl.DataFrame, labels: AnyArray | None) -> None:
    first = table.head(1).to_dicts()[0] if len(table) else {}
    if len(table) == 1:
        for column, name in MEASURES.items():
            if column in first and (first[column] == first[column] or first["reason"]):
                report.key_figure(name, first[column], reason=first["reason"] or "not measured")
        return
    figures = key_figures(table)
    report.key_figure("Rows", figures["rows"], note="regions, pairs of channels and slices")
    if labels is not None:
        report.key_figure("Regions", table["region"].n_unique())
    report.key_figure("Not measured in full", figures["incomplete"], note="see the column reason")
    for column in ("pcc", "m1", "m2"):
        if column in figures:
            report.key_figure(f"Median {MEASURES[column]}", figures[column])


def _pictures(
    report: Report,
    channels: tuple[AnyArray, AnyArray],
    names: tuple[str, str],
    rows: pl.DataFrame,
    labels: AnyArray | None,
    pixel_um: float | None,
) -> None:
    a, b = channels
    height = picture_height(a.shape)
    caption = f"{names[0]} green, {names[1]} magenta, both white. {scale_note(a.shape, 'Greatest value')}"
    merged = merge(a, b)
    if labels is not None:
        add_regions(merged, labels)
    add_bar(merged, a.shape, pixel_um)
    report.figure(merged, "Merged", caption, height, half=True)
    if "slice" not in rows.columns and rows["threshold_a"].is_not_nan().any():
        limits = [_threshold_image(labels, rows, f"threshold_{which}") for which in "ab"]
        inside = None if labels is None else labels != 0
        figure = co_occurrence(a > limits[0], b > limits[1], inside)
        if labels is not None:
            add_regions(figure, labels)
        add_bar(figure, a.shape, pixel_um)
        caption = (
            f"Above its threshold: {names[0]} green, {names[1]} magenta, both yellow. {scale_note(a.shape, 'Share')}"
        )
        report.figure(figure, "Pixels above the thresholds", caption, height, half=True)
    first, second = (a.ravel(), b.ravel()) if labels is None else (a[labels != 0], b[labels != 0])
    known = rows["threshold_a"].is_not_nan().all()
    single = rows.select("threshold_a", "threshold_b").row(0) if len(rows) == 1 and known else None
    caption = "Number of pixels with each pair of intensities; least-squares line"
    caption += ", thresholds dashed." if single else "; no single threshold."
    report.figure(joint_histogram(first, second, names, single), "Joint histogram", caption, half=True)


def _threshold_image(labels: AnyArray | None, rows: pl.DataFrame, column: str) -> AnyArray | float:
    """The threshold at each pixel; beyond all numbers outside of the regions."""
    if labels is None:
        return float(rows[column][0])
    names, place = np.unique(labels, return_inverse=True)
    regions = rows["region"].to_numpy()
    pictured = np.isin(regions, names)
    limits = np.full(len(names), np.inf)
    limits[np.searchsorted(names, regions[pictured])] = rows[column].to_numpy()[pictured]
    return limits[place.reshape(labels.shape)]


def _by_region(report: Report, rows: pl.DataFrame) -> None:
    shown = [column for column in MEASURES if column in rows.columns and rows[column].is_not_nan().any()]
    if len(rows) > 2 and shown:
        values = {MEASURES[column]: rows[column].to_numpy() for column in shown}
        report.figure(
            by_region(values, rows["region"].to_numpy()),
            "All regions",
            "Each point is a region; boxes are quartiles.",
            half=True,
        )
    header = [*(("slice",) if "slice" in rows.columns else ()), "region", "n_pixels"]
    header += [column for column in rows.columns if column not in {*header, "channel_a", "channel_b"}]
    header = [column for column in header if column in {"status", "reason"} or _has_values(rows, column)]
    shown_rows = rows.select(header).head(MOST_ROWS)
    cells = [[_cell(column, value) for column, value in row.items()] for row in shown_rows.iter_rows(named=True)]
    caption = "" if len(rows) <= MOST_ROWS else f"The first {MOST_ROWS} of {len(rows)} rows; the table files have all."
    ids = [identity(REGION, region) for region in shown_rows["region"]]
    report.table([HEADINGS.get(column, column) for column in header], cells, caption, ids)


def _cell(column: str, value: object) -> object:
    """A value of the table; a p-value below what numbers resolve is shown as a bound."""
    tiny = column.endswith("pvalue") and isinstance(value, float) and value < LEAST_P
    return f"< {LEAST_P:g}" if tiny else value


def _has_values(rows: pl.DataFrame, column: str) -> bool:
    values = rows[column]
    return bool(values.is_not_null().any() if not values.dtype.is_float() else values.is_not_nan().any())
