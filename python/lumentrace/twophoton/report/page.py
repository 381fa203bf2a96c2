"""The report on a two-photon recording: first of all, what to be careful about."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from lumentrace.base.provenance import Provenance
from lumentrace.engine.settings import Settings
from lumentrace.engine.verdict import Verdict
from lumentrace.plots.linked import identity
from lumentrace.plots.report import Missing, Report
from lumentrace.plots.scale_bars import add_scale_bar
from lumentrace.twophoton.align.motion import Motion
from lumentrace.twophoton.judgement import judge
from lumentrace.twophoton.measure.quality import background_left, baseline_misfit
from lumentrace.twophoton.measure.spikes import Spikes
from lumentrace.twophoton.read.recording import ConvertedRecording
from lumentrace.twophoton.regions.cells.found import FoundCells
from lumentrace.twophoton.respond.epochs import EpochMean, ranked
from lumentrace.twophoton.respond.kernels import StimulusKernels
from lumentrace.twophoton.respond.maps import RecordingResponseMaps
from lumentrace.twophoton.respond.recording_tuning import RecordingTuning
from lumentrace.twophoton.respond.region_table import RegionResponse, region_table
from lumentrace.twophoton.respond.responses import RecordingResponses

from .cells import report_cells
from .clocks import durations, onsets, photodiode
from .events import report_events, report_neuropil
from .kernels import report_kernels
from .maps import report_maps
from .motion import report_motion
from .notices import notices
from .panels import MOST_ROWS, tall
from .places import NARROW, REGION, regions_over
from .responses import MOST_TRACES, PANELS, epoch_colours, heat, means, traces
from .responses import order_by_preference as by_preference
from .tuning import report_tuning

LOW = 320
"""Height of small figures."""
SOURCES = {
    "classified_photodiode": ("flashes", "a flash of the photodiode at each change of epoch"),
    "interpolated_epochs": ("interpolated", "the stimulus clock between the first flash and the last"),
    "stimulus_table": ("table", "the table of epochs"),
}
BACKGROUNDS = {
    "none": "none",
    "movie_global_percentile": "darkest pixels",
    "movie_y_stripe_percentile": "stripes of rows",
    "roi_y_stripe_percentile": "dark pixels near each region",
}
RUN = {"genotype": "genotype", "fly_id": "fly", "rig_name": "rig", "hemisphere": "hemisphere"}


def write_report(
    path: str | os.PathLike[str],
    run: RecordingResponses,
    *,
    maps: RecordingResponseMaps | None = None,
    kernels: StimulusKernels | None = None,
    motion: Motion | None = None,
    cells: FoundCells | None = None,
    spikes: Spikes | None = None,
    tuning: RecordingTuning | None = None,
    title: str | None = None,
    notes: Sequence[str] = (),
    provenance: Provenance | Mapping[str, object] | None = None,
    verdict: Verdict | None = None,
    settings: Settings | None = None,
    pixel_size_um: float | None = None,
) -> Path:
    """Write a report on the responses of a recording to one HTML file that needs no network.

    On top is the verdict: clocks that do not agree, a film that drifts, bleaching, saturation, regions without values,
    responses that are no better than chance. Then regions over the mean image, motion, cells and neuropil, dF/F over
    the epochs, means over trials, events, tuning, response maps, kernels, what the photodiode saw, and a table of all
    regions.

    Parameters
    ----------
    path : path
        The HTML file to write.
    run : lumentrace.twophoton.RecordingResponses
    maps : lumentrace.twophoton.RecordingResponseMaps, optional
    kernels : lumentrace.twophoton.StimulusKernels, optional
    motion : lumentrace.twophoton.Motion, optional
        That which was taken out of the movie.
    cells : lumentrace.twophoton.FoundCells, optional
        If regions are cells that were found.
    spikes : lumentrace.twophoton.Spikes, optional
        Of `recording_spikes`.
    tuning : lumentrace.twophoton.RecordingTuning, optional
    title : str, optional
        The name of the recording folder by default.
    notes : sequence of str, optional
        Paragraphs to print below the key figures.
    provenance : lumentrace.base.provenance.Provenance or mapping, optional
        That of the responses by default, or the settings that they know if they have none.
    verdict : Verdict, optional
        Shown first; found from the responses by default.
    settings : Settings, optional
        Those of the run, shown with their defaults.
    pixel_size_um : float, optional
        As `resolve_pixel_size_um` finds it, for a scale bar.

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
    >>> from lumentrace import twophoton
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     truth = twophoton.simulate_recording(folder, cells=3, rows=40, columns=40, repeats=1, seed=1)
    ...     recording = twophoton.load_converted_recording(twophoton.convert_recording_to_twopy(folder, folder).path)
    ...     rois = twophoton.make_roi_set_from_label_image(truth.label_image)
    ...     run = twophoton.compute_recording_responses(recording, rois)
    ...     twophoton.write_report(f"{folder}/report.html", run).name
    'report.html'
    """
    recording = run.recording
    every = run.epoch_means()
    epochs, rows = [epoch.common() for epoch in every], region_table(run, every)
    colours = epoch_colours(epochs)
    about = [f"{name} {recording.run_metadata[key]}" for key, name in RUN.items() if recording.run_metadata.get(key)]
    report = Report(title or f"Two-photon: {_name(recording)}", ", ".join(about))
    left = background_left(run.traces, run.baseline_windows, recording.motion_artifact_mask)
    report.verdict(judge(run, kernels=kernels) if verdict is None else verdict)
    _key_figures(report, run, epochs, rows, left)
    for notice in notices(run, epochs):
        report.text(notice, notice=True)
    for note in notes:
        report.text(note)
    usable = [bool(np.isfinite(row.peak)) for row in rows]
    report.section("Regions")
    caption = "Numbers are those of the table of regions; the mean image is that of the conversion."
    figure = regions_over(recording.mean_image, run.roi_set.regions(), usable, recording.alignment_valid_crop)
    if pixel_size_um:
        add_scale_bar(figure, recording.mean_image.shape[::-1], pixel_size_um, "µm")
    height = int(np.clip(1130 * recording.movie.shape[1] / recording.movie.shape[2], 260, 560)) + 90
    report.figure(figure, "Regions over the mean image", caption, height=height)
    if motion is not None:
        report_motion(report, motion, float(run.grouped_responses.data_rate_hz))
    if cells is not None:
        report_cells(report, cells, recording.alignment_valid_crop, height)
    if run.neuropil is not None:
        report_neuropil(report, run.neuropil)
    _responses(report, run, epochs, rows, colours)
    if spikes is not None:
        report_events(report, run, spikes)
    if tuning is not None:
        report_tuning(report, tuning)
    if maps is not None:
        report_maps(report, maps, run)
    if kernels is not None:
        report_kernels(report, kernels, rows)
    _timing(report, run, epochs, colours)
    report.section("Table of regions")
    _table(report, rows, run.correlation_scores is not None)
    if settings is not None:
        report.settings(settings)
    known = run.provenance if run.provenance.steps else _settings(run)
    report.provenance(known if provenance is None else provenance)
    return report.save(path)


def _name(recording: ConvertedRecording) -> str:
    return Path(str(recording.source_session_dir).replace("\\", "/")).name or str(recording.path)


def _key_figures(
    report: Report,
    run: RecordingResponses,
    epochs: Sequence[EpochMean],
    rows: Sequence[RegionResponse],
    left: tuple[float, str],
) -> None:
    rate = float(run.grouped_responses.data_rate_hz)
    dff = run.dff
    used = dff.stop_frame - dff.start_frame
    moved = int(np.asarray(run.recording.motion_artifact_mask)[dff.start_frame : dff.stop_frame].sum())
    good = sum(bool(np.isfinite(row.peak)) for row in rows)
    clipped = sum(0 < row.used < row.pixels for row in rows)
    note = f"{len(rows) - good} without values, {clipped} clipped by the crop"
    report.key_figure("Regions", good, "" if good == len(rows) else f"of {len(rows)}", note)
    total = run.recording.movie.shape[0]
    report.key_figure("Frames", used, "" if used == total else f"of {total}", f"{rate:.4g} per second")
    masked = "motion_artifact_masked_frame_count" in dff.metadata
    note = "left out of responses" if masked else "kept in responses, as asked for"
    report.key_figure("Frames that moved too far", moved, "", f"{moved / max(used, 1):.1%}, {note}")
    others = [epoch for epoch in epochs if not epoch.baseline]
    trials = sum(epoch.trials for epoch in others)
    report.key_figure("Trials", trials, "", f"of {len(others)} epochs, baselines not counted")
    source = None if run.timing is None else run.timing.source
    short, long = SOURCES.get(str(source), (source, ""))
    reason = "windows were given"
    report.key_figure("Timing", short, "", f"{len(run.epoch_windows)} windows by {long}", reason)
    method = run.traces.method
    value, reason = left
    note = f"correlation of what is left with it: {value:.2f} (median, in baselines)" if value == value else reason
    report.key_figure("Background", BACKGROUNDS.get(method, method), "", note)
    seconds = abs(1 / dff.tau / rate) if dff.tau else float("inf")
    kind = "bleaching to 1/e in" if dff.tau < 0 else "brightening by e in"
    note = f"{kind} {seconds:.4g} s; {dff.metadata.get('fit_mode', '')}" if dff.tau else "no change was fitted"
    report.key_figure("Bleaching, tau", dff.tau, "per frame", note)
    misfit = 100 * baseline_misfit(dff)
    report.key_figure("Baseline misfit", misfit, "%", "median distance of samples from the fit", "no baseline above 0")


def _responses(
    report: Report,
    run: RecordingResponses,
    epochs: Sequence[EpochMean],
    rows: Sequence[RegionResponse],
    colours: Mapping[int, str],
) -> None:
    of = {row.label: row for row in rows}
    own = [of[label] for label in run.traces.labels]
    numbers = [row.number for row in own]
    titles = [f"{row.number}  {row.label}" for row in own]
    values = np.array([row.peak for row in own])
    best = ranked(values)
    others = [int(place) for place in np.flatnonzero(np.isfinite(run.dff.values).any(axis=0)) if place not in best]
    report.section("Responses")
    if not best and not others:
        report.text("No region has values.", notice=True)
        return
    drawn = [*best, *others]
    shown = sorted(drawn[:MOST_TRACES])
    some = "" if len(drawn) <= MOST_TRACES else f" The {MOST_TRACES} that respond most of {len(drawn)}."
    caption = f"Epochs are shaded; lines keep peaks when they are drawn with fewer points.{some}"
    figure = traces(run, shown, numbers, epochs, colours)
    report.figure(figure, "dF/F", caption, height=140 + max(160, 30 * len(shown)))
    if not best:
        return
    panels = sorted(best[:PANELS])
    some = "" if len(best) <= PANELS else f" The {PANELS} regions that respond most of {len(best)}; all are below."
    figure, lines = means(epochs, numbers, titles, panels, colours)
    other, more = means(epochs, numbers, titles, panels, colours, NARROW)
    caption = f"Mean over trials with its standard error.{some}"
    report.figure(figure, "Means over trials", caption, tall(lines), narrow=(other, tall(more)))
    order = by_preference(values, [row.epoch for row in own], epochs)
    figure, limit = heat(epochs, order, numbers)
    caption = (
        f"A row per region, ordered by the epoch it answers most; full colour at {limit:.3g} dF/F, the 95th percentile."
    )
    height = int(np.clip(110 + 12 * len(order), 260, 900))
    stacked, _ = heat(epochs, order, numbers, stacked=True)
    high = int(np.clip(90 + (60 + 12 * len(order)) * len(stacked.data), 260, 1400))
    report.figure(figure, "All regions", caption, height, narrow=(stacked, high))


def _timing(report: Report, run: RecordingResponses, epochs: Sequence[EpochMean], colours: Mapping[int, str]) -> None:
    report.section("Timing")
    source = None if run.timing is None else run.timing.source
    events = {} if run.timing is None else run.timing.metadata
    flashes = f" {events['event_count']} flashes were found." if "event_count" in events else ""
    caption = (
        f"Triangles: starts of windows, by {SOURCES.get(str(source), ('', 'windows that were given'))[1]}.{flashes}"
    )
    if len(run.recording.high_res_pd):
        report.figure(photodiode(run, colours), "Photodiode", caption, height=LOW)
    else:
        report.text("The recording has no photodiode.")
    caption = "Windows of the same epoch should be of the same length."
    report.figure(durations(run, colours), "Length of windows", caption, height=LOW, half=True)
    offsets = np.array([each.onset_offset for each in run.epoch_windows])
    known = offsets[np.isfinite(offsets)]
    if known.size:
        caption = (
            f"By the fast photodiode; median {np.median(known):+.2f} frames, {known.min():+.2f} to {known.max():+.2f}."
        )
        report.figure(onsets(run, colours), "Exact onsets", caption, height=LOW, half=True)
    rate = float(run.grouped_responses.data_rate_hz)
    header = ["epoch", "name", "baseline", "trials", "mean length (s)", "shortest (s)", "longest (s)", "onset (frames)"]
    table = []
    for epoch in epochs:
        own = [place for place, each in enumerate(run.epoch_windows) if each.epoch_number == epoch.number]
        windows = [run.epoch_windows[place].window for place in own]
        lengths = np.array([window.stop_frame - window.start_frame for window in windows]) / rate
        exact = offsets[own]
        late = float(np.mean(exact)) if np.isfinite(exact).all() else Missing("not known")
        said = "yes" if epoch.baseline else "no"
        figures = (lengths.mean(), lengths.min(), lengths.max())
        table.append((epoch.number, epoch.name, said, epoch.trials, *figures, late))
    report.table(header, table)


def _table(report: Report, rows: Sequence[RegionResponse], scored: bool) -> None:
    header = [
        "number",
        "label",
        "pixels",
        "used",
        "peak dF/F",
        "to epoch",
        *(["correlation"] if scored else []),
        "remarks",
    ]
    shown = rows if len(rows) <= MOST_ROWS else sorted(rows, key=_strength)[:MOST_ROWS]
    cells = []
    for row in shown:
        why = Missing(row.reasons[0] if row.reasons else "no finite value")
        peak = row.peak if np.isfinite(row.peak) else why
        score = [row.score if np.isfinite(row.score) else Missing("too few trials")] if scored else []
        cells.append([row.number, row.label, row.pixels, row.used, peak, row.epoch, *score, "; ".join(row.reasons)])
    most = f"The {MOST_ROWS} that respond most of {len(rows)}. " if len(rows) > MOST_ROWS else ""
    caption = f"{most}Peaks are those of means over trials, after the onset. “Used” counts pixels too."
    report.table(header, cells, caption, [identity(REGION, row.number) for row in shown])


def _strength(row: RegionResponse) -> float:
    return -abs(row.peak) if np.isfinite(row.peak) else 0.0


def _settings(run: RecordingResponses) -> dict[str, object]:
    """What the run itself knows of how it was made."""
    options = run.response_processing_options
    parts = {
        "traces": run.traces.metadata,
        "dF/F": run.dff.metadata,
        "timing": {} if run.timing is None else run.timing.metadata,
        "processing": {} if options is None else {name: vars(value) for name, value in vars(options).items()},
    }
    return {"recording": str(run.recording.path), **parts}
