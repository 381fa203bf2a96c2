"""Traces of regions for NWB files: fluorescence, neuropil, dF/F, events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lumentrace.base.json_text import json_text
from lumentrace.base.provenance import plain
from lumentrace.twophoton.exchange.nwb_signals import NO_UNIT, packed, when
from lumentrace.twophoton.measure.spikes import Spikes
from lumentrace.twophoton.respond.responses import RecordingResponses

SHOWN = {
    "mean": "Mean over the pixels of each region.",
    "demixed": "Of each region, told apart from its neighbours.",
}
EVENTS = "What each frame adds to the calcium of a region, in units of dF/F; NaN where the animal moved too far."


def add_traces(ophys: Any, run: RecordingResponses, regions: Any, spikes: Spikes | None) -> None:
    """Add them to a module, each series with the regions it belongs to."""
    from pynwb.ophys import DfOverF, Fluorescence

    traces, dff = run.traces, run.dff
    fluorescence = Fluorescence()
    ophys.add(fluorescence)
    series = [
        ("raw", traces.raw_values, SHOWN[traces.statistic]),
        ("background_corrected", traces.corrected_values, f"Less the background, by {traces.method}."),
    ]
    if run.neuropil is not None:
        taken = ", ".join(f"{own:.3g}" for own in run.neuropil.coefficients)
        told = f"Around each region, less the background; dF/F is without these times {taken}."
        series.append(("neuropil", run.neuropil.neuropil_values, told))
    for name, values, told in series:
        _add_series(fluorescence, run, name, values, told, traces.metadata, NO_UNIT, regions)
    told = f"(F - F0) / F0; NaN where the animal moved too far. {run.response_processing_options}"
    ratios = DfOverF()
    ophys.add(ratios)
    _add_series(ratios, run, "dff", dff.values, told, {"tau": dff.tau, **dff.metadata}, "1", regions)
    if spikes is not None:
        events = Fluorescence(name="Deconvolved")
        ophys.add(events)
        about = {"decay_s": [float(f"{own:.4g}") for own in spikes.tau[:, 0]], "order": spikes.order}
        _add_series(events, run, "deconvolved", spikes.spikes, EVENTS, about, "1", regions)


def _add_series(
    container: Any,
    run: RecordingResponses,
    name: str,
    values: NDArray[np.float64],
    told: str,
    metadata: Mapping[str, Any],
    unit: str,
    regions: Any,
) -> None:
    places = [run.roi_set.labels.index(label) for label in run.traces.labels]
    rate = run.grouped_responses.data_rate_hz
    container.create_roi_response_series(
        name=name,
        data=packed(values),
        unit=unit,
        rois=regions.create_roi_table_region(description="Regions, in the order of columns.", region=places),
        description=told,
        comments=json_text(plain(metadata)),
        **when(run.recording, rate, run.traces.start_frame, run.traces.start_frame + len(values)),
    )
