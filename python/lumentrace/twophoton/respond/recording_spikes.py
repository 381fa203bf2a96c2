"""Events behind the dF/F of a recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lumentrace.base.polars import pl
from lumentrace.base.provenance import Watch
from lumentrace.twophoton.measure.spikes import Spikes, deconvolve
from lumentrace.twophoton.measure.time_constants import Order
from lumentrace.twophoton.respond.bridged import bridged, moved_frames
from lumentrace.twophoton.respond.responses import RecordingResponses

MOST_MISSING = 0.2
"""Share of frames that may be bridged."""
BRIDGED = "{} frames that moved too far are bridged by straight lines, and have no events"
TOO_MANY = "too many frames moved too far: {:.0%}"


def recording_spikes(
    responses: RecordingResponses,
    *,
    order: Order = 1,
    tau: float | Sequence[float] | None = None,
    threads: int = 0,
) -> Spikes:
    """Events of the regions of a recording, from dF/F before it was smoothed.

    Frames that moved too far are bridged by straight lines and have no events (NaN).

    Parameters
    ----------
    responses : RecordingResponses
    order, tau, threads
        See `deconvolve`.

    Returns
    -------
    Spikes
        A row for each frame of ``responses.dff``.

    Raises
    ------
    ValueError
        If a setting is out of range.

    Examples
    --------
    >>> import tempfile
    >>> from lumentrace import twophoton
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     truth = twophoton.simulate_recording(folder, cells=3, rows=40, columns=40, repeats=1, seed=1)
    ...     recording = twophoton.load_converted_recording(twophoton.convert_recording_to_twopy(folder, folder).path)
    ...     rois = twophoton.make_roi_set_from_label_image(truth.label_image)
    ...     responses = twophoton.compute_recording_responses(recording, rois)
    >>> twophoton.recording_spikes(responses, tau=0.5).spikes.shape == responses.dff.values.shape
    True
    """
    watch, dff = Watch(), responses.dff
    with np.errstate(divide="ignore", invalid="ignore"):
        values = (dff.fluorescence - dff.baseline) / dff.baseline
    moved = moved_frames(responses)
    share = float(moved.mean())
    rate = float(responses.grouped_responses.data_rate_hz)
    found = deconvolve(bridged(values, moved), rate_hz=rate, order=order, tau=tau, threads=threads)
    events, reasons, notes = found.spikes.copy(), found.reasons, found.notes
    events[moved] = np.nan
    if share > MOST_MISSING:
        events[:] = np.nan
        reasons = tuple(reason or TOO_MANY.format(share) for reason in reasons)
    elif moved.any():
        told = BRIDGED.format(int(moved.sum()))
        notes = tuple("; ".join(filter(None, (note, told))) for note in notes)
    about = {"order": order, "tau": tau, "bridged_frames": int(moved.sum())}
    history = watch.after(responses.provenance, "spikes", about)
    return replace(found, spikes=events, reasons=reasons, notes=notes, provenance=history)


def spikes_table(labels: Sequence[str], spikes: Spikes) -> pl.DataFrame:
    """A row for each region: time constants, noise, how many events, and why there are none; NaN where not known.

    Frames with events that follow each other are one event.
    """
    known = np.array([not reason for reason in spikes.reasons])
    active = np.nan_to_num(spikes.spikes) > 0
    first = active & ~np.vstack([np.zeros((1, active.shape[1]), bool), active[:-1]])
    count = np.where(known, first.sum(axis=0), np.nan)
    minutes = np.isfinite(spikes.spikes).sum(axis=0) / spikes.rate_hz / 60
    rise = {"rise_s": spikes.tau[:, 1]} if spikes.order == 2 else {}
    remarks = ["; ".join(filter(None, own)) for own in zip(spikes.reasons, spikes.notes, strict=True)]
    return pl.DataFrame(
        {
            "number": np.arange(1, len(labels) + 1),
            "roi_label": pl.Series(labels, dtype=pl.String),
            "decay_s": spikes.tau[:, 0],
            **rise,
            "noise_dff": spikes.sigma,
            "baseline_dff": spikes.baseline,
            "events": count,
            "events_per_minute": np.divide(count, minutes, out=np.full(len(labels), np.nan), where=minutes > 0),
            "remarks": pl.Series(remarks, dtype=pl.String),
        }
    )
