"""A run for other programs: NWB, and a folder that Suite2p opens."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from lumentrace.twophoton.exchange.suite2p_folder import save_suite2p
from lumentrace.twophoton.measure.spikes import Spikes
from lumentrace.twophoton.regions.cells.found import FoundCells
from lumentrace.twophoton.respond.bridged import bridged, moved_frames
from lumentrace.twophoton.respond.responses import RecordingResponses

USUAL = 0.7
"""Coefficient of the neuropil, if none was fitted."""


def suite2p_of_run(
    folder: str | os.PathLike[str],
    run: RecordingResponses,
    *,
    cells: FoundCells | None = None,
    spikes: Spikes | None = None,
) -> Path:
    """Write a run as the folder of a plane of Suite2p.

    ``F.npy`` and ``Fneu.npy`` are without the background. Suite2p's files have no place for values that are not known:
    frames that moved too far are bridged by straight lines, and have no events; regions without events have zeros.
    ``neucoeff`` is the median of the coefficients.

    Parameters
    ----------
    folder : path
        As ``suite2p/plane0``.
    run : RecordingResponses
    cells : FoundCells, optional
        For the probability that a region is a cell.
    spikes : Spikes, optional
        Of `recording_spikes`.
    """
    moved, own = moved_frames(run), run.neuropil
    traces = replace(run.traces, raw_values=bridged(run.traces.corrected_values, moved))
    neuropil = None if own is None else replace(run.traces, raw_values=bridged(own.neuropil_values, moved))
    known = np.array([USUAL]) if own is None else own.coefficients[np.isfinite(own.coefficients)]
    return save_suite2p(
        folder,
        run.roi_set,
        traces,
        run.recording.mean_image,
        rate_hz=float(run.grouped_responses.data_rate_hz),
        neuropil=neuropil,
        neuropil_coefficient=float(np.median(known)) if known.size else USUAL,
        spikes=None if spikes is None else replace(spikes, spikes=np.nan_to_num(spikes.spikes)),
        probabilities=None if cells is None else [each.score for each in cells.figures[: len(run.roi_set)]],
    )
