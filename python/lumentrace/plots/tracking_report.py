"""The report on a PEPT measurement."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import pept_panels as panels
from .decimate import every
from .numbers import spell
from .report import Missing, Report, Swatch
from .tables import Floats, tables
from .tracks import Tracks, followed_times, located_time, speeds, tracks, truth_errors

LINE_COLUMNS = ("t", "x1", "y1", "z1", "x2", "y2", "z2")
TABLE_ROWS = 20


def pept_report(
    trajectories: Any,
    lines: Any = None,
    *,
    path: str | os.PathLike[str],
    title: str = "PEPT report",
    provenance: Any = None,
    truth: Any = None,
    max_points: int = 20_000,
    max_gap: float | None = None,
    speed_window: int = 11,
    notes: Sequence[str] = (),
) -> Path:
    """Write a report on tracked trajectories to one HTML file that needs no network.

    It shows key figures, a sample of the LoRs with the trajectories, the trajectories in space, their coordinates with
    error bands, speeds, the LoR rate, the points located, errors, and the provenance. Figures hold at most
    `max_points` points each and say what they leave out, so the file stays below about 8 MB for any amount of data.

    Parameters
    ----------
    trajectories : PointData, (N, >=4) array-like, or list of these
        Columns t (ms), x, y, z (mm), then optionally `error` and others. The column `label` (in a table without column
        names: the last one beyond the fourth) tells trajectories apart; negative labels mark points that belong to none.
        Without it all points are one trajectory; the items of a list are one each.
    lines : LineData or (N, >=7) array-like, optional
        The LoRs that were tracked.
    path : path-like
        The HTML file to write.
    title : str, optional
    provenance : lumentrace.provenance.Provenance or mapping, optional
        That of `trajectories` by default.
    truth : like `trajectories`, optional
        True paths, one label (or list item) for each tracer. Each trajectory is compared with the tracer that it is
        closest to on average.
    max_points : int, default 20 000
        Most points drawn in a panel, at least 1000.
    max_gap : float, optional
        Two points of a trajectory further apart than this time have a gap between them, which counts as not located;
        10 times the median interval by default.
    speed_window : int, default 11
        Points used for each speed, odd, at least 3.
    notes : sequence of str, optional
        Paragraphs to print below the key figures.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    TypeError, ValueError
        If a table or an option is not as described.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> t = np.arange(100.0)
    >>> circle = np.stack([t, np.cos(t / 9), np.sin(t / 9), 0 * t], axis=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pept_report(circle, path=f"{folder}/circle.html").name
    'circle.html'
    """
    _check_options(max_points, max_gap, speed_window)
    run = _Run.of(trajectories, lines, truth, max_gap, speed_window)
    report = Report(title, _subtitle(run))
    _key_figures(report, run)
    for note in notes:
        report.text(note)
    _warnings(report, run)
    if run.paths.total or run.line_count:
        _figures(report, run, max_points)
    report.provenance(provenance if provenance is not None else getattr(trajectories, "provenance", None))
    return report.save(path)


@dataclass(frozen=True)
class _Run:
    """Everything the report is about.

    `line_sample` holds the LoRs to draw. `distance` and `tracer` compare with the truth, if it is given.
    """

    paths: Tracks
    line_times: Floats | None
    line_sample: Floats
    speed: Floats
    speed_window: int
    distance: Floats | None
    tracer: Floats | None

    @classmethod
    def of(cls, trajectories: Any, lines: Any, truth: Any, max_gap: float | None, speed_window: int) -> _Run:
        paths = tracks(trajectories, max_gap)
        line_times, sample = _lines(lines)
        distance, tracer = (None, None) if truth is None else truth_errors(paths, tracks(truth, None))
        return cls(paths, line_times, sample, speeds(paths, speed_window), speed_window, distance, tracer)

    @property
    def line_count(self) -> int:
        return 0 if self.line_times is None else len(self.line_times)

    @property
    def span(self) -> tuple[float, float]:
        """First and last time of the LoRs, or of the points if there are no LoRs; NaN without either."""
        times = [self.line_times] if self.line_count else [self.paths.t, self.paths.loose_t]
        known = [part for part in times if part is not None and len(part)]
        if not known:
            return math.nan, math.nan
        return min(float(part.min()) for part in known), max(float(part.max()) for part in known)

    @property
    def duration(self) -> float:
        return self.span[1] - self.span[0]

    @property
    def time_unit(self) -> str:
        return self.paths.units["t"]

    @property
    def clock(self) -> panels.Clock:
        return panels.clock(self.time_unit, *self.span)


def _check_options(max_points: int, max_gap: float | None, speed_window: int) -> None:
    if not max_points >= 1000:
        raise ValueError(f"`max_points`: expected at least 1000, found {max_points}")
    if max_gap is not None and not max_gap > 0:
        raise ValueError(f"`max_gap`: expected a time above 0, found {max_gap}")
    if speed_window < 3 or speed_window % 2 == 0:
        raise ValueError(f"`speed_window`: expected an odd number from 3 on, found {speed_window}")


def _lines(lines: Any) -> tuple[Floats | None, Floats]:
    """Finite times of all LoRs and the rows to draw."""
    if lines is None:
        return None, np.empty((0, 7))
    source = tables(lines, "lines", LINE_COLUMNS)
    times = np.concatenate([np.empty(0), *(table.rows[:, 0] for table in source)])
    samples = [table.rows[every(len(table.rows), panels.LINES_DRAWN), :7] for table in source]
    sample = np.concatenate([np.empty((0, 7)), *samples])
    sample = sample[np.isfinite(sample).all(axis=1)]
    return times[np.isfinite(times)], sample[every(len(sample), panels.LINES_DRAWN)]


def _subtitle(run: _Run) -> str:
    count = len(run.paths.labels)
    parts = [f"{spell(count)} {'trajectory' if count == 1 else 'trajectories'}", f"{spell(run.paths.total)} points"]
    if run.line_times is not None:
        parts.append(f"{spell(run.line_count)} LoRs")
    return " · ".join(parts)


def _key_figures(report: Report, run: _Run) -> None:
    paths = run.paths
    none = "no trajectories"
    time = run.clock
    lines = None if run.line_times is None else run.line_count
    rate = run.line_count / run.duration if run.line_count and run.duration > 0 else math.nan
    note = "" if math.isnan(rate) else f"{spell(rate)} per {run.time_unit} on average"
    report.key_figure("LoRs", lines, note=note, reason="none given")
    source = "first to last LoR" if run.line_count else "first to last point; no LoRs given"
    report.key_figure("Duration", run.duration * time.scale, time.unit, source, "no data")
    share = f"{spell(100 * len(paths.t) / paths.total)} % of {spell(paths.total)} points" if paths.total else "no points"
    report.key_figure("Trajectories", len(paths.labels), note=f"holding {share}")
    counts = paths.counts
    median = int(np.median(counts)) if len(counts) else None
    note = f"median; from {spell(counts.min())} to {spell(counts.max())}" if len(counts) else ""
    report.key_figure("Points per trajectory", median, note=note, reason=none)
    reason = "no column “error”" if paths.error is None else none
    report.key_figure(
        "Median error", _median(paths.error), paths.units["x"], "of the column “error”, all trajectories", reason
    )
    report.key_figure("Located", _located(run), "%", _located_definition(run), none if not len(paths.t) else "no duration")
    reason = none if not len(paths.t) else f"no {run.speed_window} points in a row without a gap"
    note = f"line through {run.speed_window} points, all trajectories"
    report.key_figure("Median speed", _median(run.speed), panels.speed_unit(paths), note, reason)
    if run.distance is not None:
        known = run.distance[np.isfinite(run.distance)]
        note = f"90 % are below {spell(float(np.quantile(known, 0.9)))} {paths.units['x']}" if len(known) else ""
        reason = "no point within the time of the truth" if len(paths.t) else none
        report.key_figure("Median distance from truth", _median(run.distance), paths.units["x"], note, reason)


def _median(values: Floats | None) -> float:
    known = np.empty(0) if values is None else values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else math.nan


def _located(run: _Run) -> float:
    if not len(run.paths.t) or not run.duration > 0:
        return math.nan
    return 100 * located_time(run.paths) / run.duration


def _located_definition(run: _Run) -> str:
    gap = run.paths.gap
    limit = "" if math.isnan(gap) else f"; gaps above {spell(gap)} {run.time_unit} do not count"
    return f"of the duration, with at least one trajectory{limit}"


def _warnings(report: Report, run: _Run) -> None:
    paths = run.paths
    if not len(paths.labels):
        report.text(_nothing_found(run), notice=True)
    if paths.dropped:
        report.text(f"{spell(paths.dropped)} rows without a finite time or position were left out.", notice=True)


def _nothing_found(run: _Run) -> str:
    points, lines = run.paths.total, run.line_times
    if points:
        return (
            f"No trajectory was found. {spell(points)} points were located, but all carry a negative label: they were "
            "too far apart, or too few in a row, to be joined. A larger cutting distance, a wider window or a smaller "
            "least size of trajectories joins more of them."
        )
    if lines is not None and not run.line_count:
        return "No trajectory was found, because there are no LoRs to locate a tracer from."
    return (
        "No trajectory was found: no tracer was located in any sample. Samples may hold too few LoRs, too many of them "
        "may be random or scattered, or the distance allowed between LoRs may be too small."
    )


def _figures(report: Report, run: _Run, limit: int) -> None:
    paths, parts = run.paths, panels.groups(run.paths)
    time = run.clock
    edges = panels.time_bins(*run.span)
    report.section("In space")
    if len(run.line_sample):
        fig, caption = panels.lines_and_paths(run.line_sample, run.line_count, paths, parts, limit)
        report.figure(fig, "Lines of response", caption, height=560, half=bool(paths.total))
    if paths.total:
        fig, caption = panels.paths_in_space(paths, parts, limit)
        report.figure(fig, "Trajectories", caption, height=560, half=bool(len(run.line_sample)))
    if len(paths.t):
        _table(report, run, parts)
    report.section("In time")
    if len(paths.t):
        report.figure(*_titled(panels.coordinates_in_time(paths, parts, time, limit), "Coordinates"), height=760)
        if np.isfinite(run.speed).any():
            panel = panels.speed_in_time(paths, parts, run.speed, run.speed_window, time, limit)
            report.figure(*_titled(panel, "Speed"), height=380)
    both = bool(run.line_count and paths.total)
    if run.line_times is not None and run.line_count:
        panel = panels.rate_in_time(run.line_times, edges, time, run.time_unit)
        report.figure(*_titled(panel, "Rate of LoRs"), height=340, half=both)
    if paths.total:
        panel = panels.located_in_time(paths, parts, edges, time)
        report.figure(*_titled(panel, "Located points"), height=340, half=both)
    _error_figures(report, run, parts, time, limit)


def _titled(panel: panels.Panel, title: str) -> tuple[Any, str, str]:
    fig, caption = panel
    return fig, title, caption


def _error_figures(
    report: Report, run: _Run, parts: Sequence[panels.Group], time: panels.Clock, limit: int
) -> None:
    unit = run.paths.units["x"]
    measured = run.paths.error is not None and bool(np.isfinite(run.paths.error).any())
    compared = run.distance is not None and bool(np.isfinite(run.distance).any())
    if not measured and not compared:
        return
    report.section("Errors")
    if measured and run.paths.error is not None:
        fig, caption = panels.distances_histogram(run.paths.error, parts, "error", unit)
        caption = f"The column “error”, as the tracking method defines it. {caption}"
        report.figure(fig, "Error of the points", caption, height=340, half=compared)
    if compared and run.distance is not None:
        fig, caption = panels.distances_histogram(run.distance, parts, "distance from truth", unit)
        caption = f"Distance from the true path of the tracer nearest on average. {caption}"
        report.figure(fig, "Distance from the truth", caption, height=340, half=measured)
        panel = panels.truth_in_time(run.paths, parts, run.distance, time, limit)
        report.figure(*_titled(panel, "Distance from the truth in time"), height=340)


def _table(report: Report, run: _Run, parts: Sequence[panels.Group]) -> None:
    """One row for each of the longest trajectories, in order of their labels."""
    paths = run.paths
    time = run.clock
    colours = {part.rows[0]: part.colour for part in parts}
    followed = followed_times(paths)
    error = None if paths.error is None else paths.per_trajectory(paths.error)
    speed = paths.per_trajectory(run.speed)
    off = None if run.distance is None else [paths.per_trajectory(run.distance, q) for q in (0.5, 0.9)]
    length, unit = paths.units["x"], time.unit
    header = ["Trajectory", "Points", f"From ({unit})", f"To ({unit})", "Located (% of duration)"]
    header += [f"Median error ({length})", f"Median speed ({panels.speed_unit(paths)})"]
    if off is not None:
        header += ["Nearest tracer", f"Median distance from truth ({length})", f"90 % below ({length})"]
    chosen = np.sort(np.argsort(-paths.counts, kind="stable")[:TABLE_ROWS])
    rows = []
    for i in chosen:
        first, last = paths.starts[i], paths.starts[i] + paths.counts[i] - 1
        row: list[object] = [
            Swatch(f"{paths.labels[i]:g}", colours.get(first, panels.NEUTRAL)),
            paths.counts[i],
            time.spell(paths.t[first]),
            time.spell(paths.t[last]),
            100 * followed[i] / run.duration if run.duration > 0 else Missing("no duration"),
            Missing("no column “error”") if error is None else error[i],
            Missing("too short") if math.isnan(speed[i]) else speed[i],
        ]
        if off is not None and run.tracer is not None:
            known = not math.isnan(run.tracer[i])
            row += [f"{run.tracer[i]:g}" if known else Missing("no overlap in time"), off[0][i], off[1][i]]
        rows.append(row)
    more = len(paths.labels) - len(chosen)
    caption = "Trajectories" if more <= 0 else f"The {TABLE_ROWS} longest of {spell(len(paths.labels))} trajectories"
    report.table(header, rows, caption)
