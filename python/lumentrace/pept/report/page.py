"""The report on a PEPT measurement."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from lumentrace.base.masked import unmasked
from lumentrace.base.provenance import Provenance
from lumentrace.data.points import PointData
from lumentrace.engine.settings import Settings
from lumentrace.engine.verdict import Verdict
from lumentrace.pept.tracking.fitted_model import FittedModel
from lumentrace.pept.tracks import SPEED_WINDOW, Points, tracks
from lumentrace.plots.report import Report

from . import errors, fitted, in_space, in_time
from .lines import LineRows
from .parts import Group, Panel, groups, time_bins
from .run import Run
from .summary import key_figures, subtitle, table, warnings

MAX_POINTS = 20_000
"""Points drawn in a panel."""


@unmasked
def write_report(
    trajectories: Points,
    lines: LineRows | None = None,
    *,
    path: str | os.PathLike[str],
    title: str = "PEPT report",
    provenance: Provenance | Mapping[str, object] | None = None,
    truth: Points | None = None,
    max_points: int = MAX_POINTS,
    max_gap: float | None = None,
    speed_window: int = SPEED_WINDOW,
    notes: Sequence[str] = (),
    notices: Sequence[str] = (),
    verdict: Verdict | None = None,
    settings: Settings | None = None,
) -> Path:
    """Write a report on tracked trajectories to one HTML file that needs no network.

    It shows key figures, a sample of the LoRs with the trajectories, the trajectories in space, their coordinates with
    error bands, speeds, the LoR rate, the points located, errors, and the provenance. Figures hold at most
    `max_points` points each and say what they leave out, so the file stays below about 8 MB for any amount of data.

    Parameters
    ----------
    trajectories : PointData, (N, >=4) array-like, or list of these
        Columns t (ms), x, y, z (mm), then optionally `error`, or sigma_x, sigma_y and sigma_z (mm), the velocity vx, vy
        and vz (mm/ms), and others. The column `label` (in an array: the last one
        beyond the fourth) tells trajectories apart; negative labels mark points that belong to none. Without it all
        points are one trajectory; the items of a list are one each.
    lines : LineData or (N, >=7) array-like, optional
        The LoRs that were tracked.
    path : path-like
        The HTML file to write.
    title : str, optional
    provenance : lumentrace.base.provenance.Provenance or mapping, optional
        That of `trajectories` by default.
    truth : like `trajectories`, optional
        True paths, one label (or list item) for each tracer. Each trajectory is compared with the tracer that it is
        closest to on average.
    max_points : int, default 20 000
        Most points drawn in a panel, at least 1000.
    max_gap : float, optional
        Two points of a trajectory further apart than this time have a gap between them, which counts as not located;
        10 times the median interval of that trajectory by default.
    speed_window : int, default 11
        Points used for each speed where the table has no velocities, odd, at least 3.
    notes : sequence of str, optional
        Paragraphs to print below the key figures.
    notices : sequence of str, optional
        Paragraphs that the reader should not miss, set off.
    verdict : Verdict, optional
        What `lumentrace.pept.run` says of the trajectories, at the top.
    settings : Settings, optional
        Those of the run, shown with their defaults.

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
    ...     write_report(circle, path=f"{folder}/circle.html").name
    'circle.html'
    """
    _check_options(max_points, max_gap, speed_window)
    model = FittedModel.of(trajectories) if isinstance(trajectories, PointData) else None
    run = Run.of(tracks(trajectories, max_gap), model, lines, truth, speed_window)
    origin = provenance if provenance is not None else getattr(trajectories, "provenance", None)
    return write_run(run, path, title, origin, max_points, notes, notices, verdict, settings)


def write_run(
    run: Run,
    path: str | os.PathLike[str],
    title: str,
    provenance: Provenance | Mapping[str, object] | None,
    max_points: int = MAX_POINTS,
    notes: Sequence[str] = (),
    notices: Sequence[str] = (),
    verdict: Verdict | None = None,
    settings: Settings | None = None,
) -> Path:
    """Write the report on what is known of a run; see `write_report`."""
    report = Report(title, subtitle(run))
    if verdict is not None:
        report.verdict(verdict)
    key_figures(report, run)
    if run.model is not None:
        fitted.fit_figure(report, run.model)
    for notice in notices:
        report.text(notice, notice=True)
    for note in notes:
        report.text(note)
    warnings(report, run)
    if run.paths.total or run.line_count:
        parts = groups(run.paths)
        _in_space(report, run, parts, max_points)
        _in_time(report, run, parts, max_points)
        _errors(report, run, parts, max_points)
    if settings is not None:
        report.settings(settings)
    report.provenance(provenance)
    return report.save(path)


def _check_options(max_points: int, max_gap: float | None, speed_window: int) -> None:
    if not max_points >= 1000:
        raise ValueError(f"`max_points`: expected at least 1000, found {max_points}")
    if max_gap is not None and not max_gap > 0:
        raise ValueError(f"`max_gap`: expected a time above 0, found {max_gap}")
    if speed_window < 3 or speed_window % 2 == 0:
        raise ValueError(f"`speed_window`: expected an odd number from 3 on, found {speed_window}")


def _show(report: Report, *panels: Panel) -> None:
    """Add panels side by side, two at most."""
    for panel in panels:
        report.figure(panel.fig, panel.title, panel.caption, panel.height, len(panels) > 1, panel.times)


def _in_space(report: Report, run: Run, parts: Sequence[Group], limit: int) -> None:
    report.section("In space")
    panels = []
    if run.lines is not None and run.line_count:
        panels.append(in_space.lines_and_paths(run.lines, run.paths, parts, run.clock, limit))
    if run.paths.total:
        panels.append(in_space.paths_in_space(run.paths, parts, run.clock, limit))
    _show(report, *panels)
    if parts:
        table(report, run, parts)
    if run.model is not None and run.model.tracers:
        fitted.fit_table(report, run.model, {part.label: part.colour for part in parts if part.label is not None})


def _in_time(report: Report, run: Run, parts: Sequence[Group], limit: int) -> None:
    report.section("In time")
    edges = time_bins(*run.span)
    if parts:
        _show(report, in_time.coordinates_in_time(run.paths, parts, run.clock, limit))
    if not math.isnan(run.median_speed):
        _show(report, in_time.speed_in_time(run.paths, parts, run.speed, run.speed_window, run.clock, limit))
    panels = []
    if run.lines is not None and run.line_count:
        panels.append(in_time.rate_in_time(run.lines, edges, run.clock, run.time_unit))
    if run.paths.total:
        panels.append(in_time.located_in_time(run.paths, parts, edges, run.clock))
    _show(report, *panels)


def _errors(report: Report, run: Run, parts: Sequence[Group], limit: int) -> None:
    measured = not math.isnan(run.median_error)
    compared = not math.isnan(run.median_distance)
    if not measured and not compared:
        return
    report.section("Errors")
    if measured and run.paths.errors is not None and run.paths.errors.name == "sigma":
        _show(report, in_time.sigmas_in_time(run.paths, run.paths.errors.axes, parts, run.clock, limit))
    panels = []
    if measured and run.paths.errors is not None:
        panels.append(errors.errors_histogram(run.paths, parts, run.paths.errors))
    if compared and run.distance is not None:
        panels.append(errors.truth_histogram(run.paths, parts, run.distance))
    _show(report, *panels)
    if compared and run.distance is not None:
        _show(report, errors.truth_in_time(run.paths, parts, run.distance, run.clock, limit))
