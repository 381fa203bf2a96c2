"""What a report says of response maps."""

from __future__ import annotations

import numpy as np

from lumentrace.plots.report import Report
from lumentrace.twophoton.respond.maps import RecordingResponseMaps
from lumentrace.twophoton.respond.responses import RecordingResponses

from .places import COLUMNS, NARROW, response_maps


def report_maps(report: Report, maps: RecordingResponseMaps, run: RecordingResponses) -> None:
    """A map for each epoch."""
    report.section("Response maps")
    if not maps.epochs:
        report.text("There are none.", notice=True)
        return
    figure, lines, limit = response_maps(maps, run.roi_set.regions())
    narrow, more, _ = response_maps(maps, run.roi_set.regions(), NARROW)
    share = maps.mean_image.shape[0] / maps.mean_image.shape[1]
    height = int(np.clip(1050 * share / min(COLUMNS, len(maps.epochs)), 120, 640)) * lines + 34 * lines + 20
    low = int(np.clip(320 * share / min(NARROW, len(maps.epochs)), 100, 500)) * more + 34 * more + 20
    options = maps.options
    how = (
        f"smoothed with sigma {options.pixel_smoothing_sigma:g} px"
        if options.mode == "pixel"
        else f"in squares of {options.window_size_pixels} px"
    )
    caption = (
        f"Mean dF/F in the epoch over that in the {options.baseline_sample_seconds:g} s before it, {how}; full colour "
        f"at {limit:.3g}, the 95th percentile of all maps. Grey: background or not known."
    )
    report.figure(figure, "dF/F in each pixel", caption, height, narrow=(narrow, low))
