"""The report on a film of heights."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lumentrace.afm.analysis.found import Clustered, Detected, Found, Measured, Track
from lumentrace.afm.analysis.pipeline import AnalysisRecord
from lumentrace.afm.analysis.summary import frame_table, key_figures, seconds_between_frames
from lumentrace.afm.stack import AFMImageStack
from lumentrace.base.arrays import AnyArray
from lumentrace.base.masked import unmasked
from lumentrace.engine.settings import Settings
from lumentrace.engine.verdict import Verdict
from lumentrace.plots.decimate import every as evenly
from lumentrace.plots.distribution import distribution
from lumentrace.plots.linked import identity
from lumentrace.plots.palette import PALETTE
from lumentrace.plots.report import Report, Swatch

from .drawing import Range, height_range, spelled
from .figures import MOST_TRACKS, TRACK, displacement, montage, over_time, tracks_over
from .film import MOST_FRAMES, TAIL, colour_bar, film_frame, scale_bar, shapes

MOST_ROWS = 100
MOST_PIXELS = 1_000_000
LOW = 320
"""Height of small figures."""
HISTOGRAMS = {
    "area_nm2": "area (nm²)",
    "max": "greatest height (nm)",
    "volume_nm3": "volume (nm³)",
    "feret_max_nm": "greatest diameter (nm)",
    "aspect": "ratio of the axes",
    "radius": "radius (pixels)",
}
STATISTICS = {
    "points": "points",
    "gaps": "gaps",
    "dwell_s": "dwell (s)",
    "displacement_nm": "displacement (nm)",
    "path_nm": "path (nm)",
    "mean_speed_nm_s": "mean speed (nm/s)",
    "diffusion_nm2_s": "D (nm²/s)",
}
KEY_FIGURES = (
    ("objects", "Objects", "", "in all frames"),
    ("median_area_nm2", "Median area", "nm²", ""),
    ("spots", "Spots", "", "in all frames"),
    ("tracks", "Tracks", "", ""),
    ("median_speed_nm_s", "Median speed", "nm/s", ""),
)
REASONS = {"median_area_nm2": "no objects", "median_speed_nm_s": "no track of two points"}


@unmasked
def write_report(
    stack: AFMImageStack,
    record: AnalysisRecord | Mapping[str, object] | None = None,
    *,
    path: str | os.PathLike[str],
    title: str = "AFM report",
    notes: Sequence[str] = (),
    verdict: Verdict | None = None,
    settings: Settings | None = None,
) -> Path:
    """Write a report on an AFM film to one HTML file that needs no network.

    It shows frames of the film, the roughness of each, the tracks over the mean image, the sizes of the objects, their
    number over time, the mean squared displacement, the figures of the tracks, clusters, and all that was done.

    Parameters
    ----------
    stack : lumentrace.afm.AFMImageStack
    record : dict, optional
        As of `lumentrace.afm.AnalysisPipeline.run`.
    path : path-like
        The HTML file to write.
    title : str, optional
    notes : sequence of str, optional
        Paragraphs to print below the key figures.
    verdict : Verdict, optional
        Shown first.
    settings : Settings, optional
        Those of the run, shown with their defaults.

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
    >>> import numpy as np
    >>> from lumentrace import afm
    >>> stack = afm.AFMImageStack(np.random.default_rng(0).normal(size=(3, 32, 32)), 1.0, "height_trace", "film.asd")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     afm.write_report(stack, path=f"{folder}/report.html").name
    'report.html'
    """
    found = Found.of(record)
    height, width = stack.image_shape
    size_nm = (width * stack.pixel_size_nm, height * stack.pixel_size_y_nm)
    report = Report(title, f"{stack.n_frames} frames of {spelled(size_nm[0])} x {spelled(size_nm[1])}, {stack.channel}")
    times = np.array(stack.get_frame_times())
    if verdict is not None:
        report.verdict(verdict)
    _key_figures(report, stack, found)
    for note in notes:
        report.text(note)
    _failed_frames(report, stack)
    limits = height_range(stack.data)
    frames = frame_table(stack, found)
    report.section("Film")
    if stack.n_frames:
        figure, rows = montage(stack.data, stack.pixel_size_nm, times, limits, stack.unit)
        share = 250 * stack.height / stack.width
        unit = f" {stack.unit}" if stack.unit else ""
        caption = f"Colours from {limits[0]:.3g} to {limits[1]:.3g}{unit}; grey pixels have no value."
        report.figure(figure, "Frames", caption, height=int(np.clip(rows * (share + 6) + 40, 200, 900)))
        report.figure(
            over_time(times, frames["roughness"].to_numpy(), f"rms roughness ({stack.unit})"),
            "Roughness",
            height=LOW,
            half=True,
        )
        report.figure(distribution(_some(stack.data), f"value ({stack.unit})"), "All pixels", height=LOW, half=True)
    for name, detected in found.detected.items():
        _objects(report, name, detected, times)
    _film(report, stack, found, times, limits)
    if found.tracked is not None:
        _tracks(report, stack, found.tracked["tracks"], found.measured, size_nm, limits)
    for name, clustered in found.clustered.items():
        _clusters(report, name, clustered)
    if settings is not None:
        report.settings(settings)
    report.provenance(record.history if isinstance(record, AnalysisRecord) else stack.history)
    return report.save(path)


def _film(report: Report, stack: AFMImageStack, found: Found, times: NDArray[np.float64], limits: Range) -> None:
    marks = shapes(found, stack.data.shape[1:])
    if stack.n_frames < 2 or not marks:
        return
    report.section("Frame by frame")
    every = evenly(stack.n_frames, MOST_FRAMES)
    frames = [film_frame(stack, number, times[number], limits, marks[number]) for number in every]
    some = "" if len(every) == stack.n_frames else f" {len(every)} of {stack.n_frames} frames, evenly spread."
    unit = f" {stack.unit}" if stack.unit else ""
    caption = (
        f"Outlines of objects and the last {TAIL} places of tracks, a colour for each track, grey for objects in none. "
        f"Colours from {limits[0]:.3g} to {limits[1]:.3g}{unit}.{some} Pictures are compressed with loss."
    )
    size = stack.width, stack.height
    report.film(frames, size, "Film", caption, scale_bar(stack), colour_bar(stack, limits))


def _key_figures(report: Report, stack: AFMImageStack, found: Found) -> None:
    figures = key_figures(stack, found)
    report.key_figure("Frames", stack.n_frames)
    report.key_figure("Pixel", stack.pixel_size_nm, "nm")
    report.key_figure("Between frames", seconds_between_frames(stack), "s", reason="the file does not say")
    for name, title, unit, note in KEY_FIGURES:
        if name in figures:
            report.key_figure(title, figures[name], unit, note, REASONS.get(name, ""))


def _failed_frames(report: Report, stack: AFMImageStack) -> None:
    for step in stack.provenance["processing"]["steps"]:
        failed = step.get("failed_frames", [])
        if failed:
            frames = ", ".join(str(each["frame"]) for each in failed[:20])
            more = f" and {len(failed) - 20} more" if len(failed) > 20 else ""
            report.text(
                f"{step['name']} could not be applied to {len(failed)} of {stack.n_frames} frames, which stayed as "
                f"they were: {frames}{more}. First reason: {failed[0]['reason']}",
                notice=True,
            )


def _objects(report: Report, name: str, found: Detected, times: NDArray[np.float64]) -> None:
    frames = found["features_per_frame"]
    report.section("Objects" if name == "feature_detection" else f"Objects: {name}")
    counts = np.array([len(frame) for frame in frames])
    if not counts.sum():
        report.text("None were found. A lower threshold, or objects at the edge of the frame, may help.", notice=True)
        return
    report.figure(over_time(times[: len(counts)], counts, "objects per frame"), "Number", height=LOW, half=True)
    flat = [feature for frame in frames for feature in frame]
    for key, title in HISTOGRAMS.items():
        values = np.array([feature.get(key, np.nan) for feature in flat], dtype=np.float64)
        if np.isfinite(values).any():
            report.figure(distribution(values, title), title.split(" (")[0].capitalize(), height=LOW, half=True)


def _tracks(
    report: Report,
    stack: AFMImageStack,
    tracks: Sequence[Track],
    figures: Measured | None,
    size_nm: tuple[float, float],
    limits: Range,
) -> None:
    report.section("Tracks")
    if not tracks:
        report.text("None were found.", notice=True)
        return
    scale = (stack.pixel_size_nm, stack.pixel_size_y_nm)
    lines = [_line(track, scale) for track in tracks]
    numbers = [track["id"] for track in tracks]
    longest = sorted(range(len(lines)), key=lambda number: -len(lines[number][0]))
    mean = _mean(stack.data)
    shown = "" if len(lines) <= MOST_TRACKS else f" The first {MOST_TRACKS} are shown."
    caption = f"Over the mean of all frames.{shown}"
    height = int(np.clip(620 * stack.height / stack.width, 250, 800)) + 60
    report.figure(tracks_over(mean, lines, numbers, size_nm, limits, stack.unit), "Tracks", caption, height=height)
    if figures is None:
        return
    msd = figures["msd"]
    if len(msd["lag"]):
        caption = "Mean over all pairs of points so far apart in time; the dashed line grows in proportion to the lag."
        figure = displacement(msd["lag_s"], msd["msd_nm2"], msd["pairs"])
        report.figure(figure, "Mean squared displacement", caption, half=True)
    speeds = figures["tracks"]["mean_speed_nm_s"]
    if np.isfinite(speeds).any():
        report.figure(distribution(speeds, "mean speed (nm/s)"), "Speed", half=True)
    header = ["track", "from frame", *STATISTICS.values()]
    rows = [
        [
            Swatch(int(figures["tracks"]["track"][number]), PALETTE[number % len(PALETTE)]),
            int(figures["tracks"]["first_frame"][number]),
            *(figures["tracks"][name][number].item() for name in STATISTICS),
        ]
        for number in longest[:MOST_ROWS]
    ]
    more = f"The {MOST_ROWS} longest of {len(tracks)}." if len(tracks) > MOST_ROWS else ""
    report.table(header, rows, more, [identity(TRACK, tracks[number]["id"]) for number in longest[:MOST_ROWS]])


def _line(track: Track, scale: tuple[float, float]) -> tuple[AnyArray, AnyArray]:
    places = np.array([coords[:2] if coords is not None else (np.nan, np.nan) for coords in track["coords"]])
    x, y = (1, 0) if track["coord_axes"][0] == "y" else (0, 1)
    return (places[:, x] + 0.5) * scale[0], (places[:, y] + 0.5) * scale[1]


def _some(frames: AnyArray) -> NDArray[np.float64]:
    """Values of pixels, evenly spread if there are too many."""
    flat = frames.reshape(-1)
    return np.asarray(flat[:: max(1, flat.size // MOST_PIXELS)], dtype=np.float64)


def _mean(frames: AnyArray) -> AnyArray:
    """The mean of the finite values at each pixel."""
    finite = np.isfinite(frames)
    if finite.all():
        return np.asarray(frames.mean(axis=0, dtype=np.float64))
    counts = finite.sum(axis=0)
    total = np.where(finite, frames, 0.0).sum(axis=0)
    return np.asarray(np.divide(total, counts, out=np.full(counts.shape, np.nan), where=counts > 0))


def _clusters(report: Report, name: str, found: Clustered) -> None:
    report.section(f"Clusters: {name}")
    members = found["summary"]["members_per_cluster"]
    if not members:
        report.text("None were found.", notice=True)
        return
    centres = np.asarray(found["cluster_centers"])
    header = ["cluster", "members", *(f"centre {axis}" for axis in range(centres.shape[1]))]
    shown = list(members.items())[:MOST_ROWS]
    rows = [[int(number), int(count), *centres[int(number)].tolist()] for number, count in shown]
    noise = len(found.get("noise", ()))
    report.table(header, rows, f"{noise} objects belong to none." if noise else "")
