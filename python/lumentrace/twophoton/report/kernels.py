"""What a report says of kernels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lumentrace.plots.report import Report
from lumentrace.twophoton.respond.epochs import ranked
from lumentrace.twophoton.respond.kernels import StimulusKernels
from lumentrace.twophoton.respond.region_table import RegionResponse

from .panels import tall
from .places import NARROW
from .responses import PANELS, kernel_panels


def report_kernels(report: Report, kernels: StimulusKernels, rows: Sequence[RegionResponse]) -> None:
    """Kernels of the regions that have the largest ones, and what they were fitted to."""
    report.section("Kernels")
    numbers = {row.label: row.number for row in rows}
    known = [numbers.get(label, label) for label in kernels.roi_labels]
    titles = [f"{numbers.get(label, '')}  {label}".strip() for label in kernels.roi_labels]
    best = ranked(kernels.peaks())
    side = f", {kernels.hemisphere} hemisphere" if kernels.hemisphere else ""
    if best:
        panels = sorted(best[:PANELS])
        figure, lines = kernel_panels(kernels, known, panels, titles)
        other, more = kernel_panels(kernels, known, panels, titles, NARROW)
        some = "" if len(best) <= PANELS else f" The {PANELS} largest of {len(best)}."
        caption = (
            f"{kernels.method}, {kernels.stimulus_modality}, {kernels.stimulus_column}{side}. Left of 0 is the "
            f"stimulus after the response: what is there is noise.{some}"
        )
        title = "What responses remember of the stimulus"
        report.figure(figure, title, caption, tall(lines), narrow=(other, tall(more)))
    else:
        report.text("No region has a kernel.", notice=True)
    header = [
        "epoch",
        "numbers",
        "segments fitted",
        "left out, irregular",
        "rows of the stimulus",
        "samples per region",
    ]
    samples = np.asarray(kernels.response_sample_counts)
    table = [
        (
            name,
            ", ".join(map(str, kernels.selected_epoch_numbers_by_name[place])),
            kernels.fitted_stimulus_segment_counts[place],
            kernels.skipped_irregular_stimulus_segment_counts[place],
            kernels.stimulus_sample_counts[place],
            _range(samples[place]),
        )
        for place, name in enumerate(kernels.epoch_names)
    ]
    left_out = ", ".join(map(str, kernels.discarded_epoch_numbers))
    report.table(header, table, f"Epochs left out: {left_out}" if left_out else "")


def _range(counts: NDArray[np.int64]) -> str:
    low, high = int(np.min(counts)), int(np.max(counts))
    return f"{low}" if low == high else f"{low} to {high}"
