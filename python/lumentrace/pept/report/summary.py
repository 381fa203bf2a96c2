"""The numbers of a tracking report."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lumentrace.base import selection
from lumentrace.pept.motion import followed_times, located_time
from lumentrace.plots.linked import identity
from lumentrace.plots.numbers import spell
from lumentrace.plots.palette import NEUTRAL
from lumentrace.plots.report import Missing, Report, Swatch

from .parts import TRAJECTORY, Group, gap_rule, speed_unit
from .run import Run

TABLE_ROWS = 20


def subtitle(run: Run) -> str:
    """The amounts of data in one line."""
    count = len(run.paths.labels)
    parts = [f"{spell(count)} {'trajectory' if count == 1 else 'trajectories'}", f"{spell(run.paths.total)} points"]
    if run.lines is not None:
        parts.append(f"{spell(run.line_count)} LoRs")
    return " · ".join(parts)


def key_figures(report: Report, run: Run) -> None:
    """Put the numbers that matter most at the head of the report."""
    paths = run.paths
    none = "no trajectories"
    time = run.clock
    lines = None if run.lines is None else run.line_count
    rate = run.line_count / run.duration if run.line_count and run.duration > 0 else math.nan
    note = "" if math.isnan(rate) else f"{spell(rate)} per {run.time_unit} on average"
    report.key_figure("LoRs", lines, note=note, reason="none given")
    note = "first to last LoR" if run.line_count else "first to last point"
    report.key_figure("Duration", run.duration * time.scale, time.unit, note, "no data")
    share = 100 * len(paths.t) / paths.total if paths.total else math.nan
    note = "" if math.isnan(share) else f"holding {spell(share)} % of {spell(paths.total)} points"
    report.key_figure("Trajectories", len(paths.labels), note=note)
    counts = paths.counts
    median = int(np.median(counts)) if len(counts) else None
    note = f"median; from {spell(counts.min())} to {spell(counts.max())}" if len(counts) else ""
    report.key_figure("Points per trajectory", median, note=note, reason=none)
    _error_figure(report, run)
    reason = "no duration" if len(paths.t) else none
    report.key_figure("Located", _located(run), "%", _located_definition(run), reason)
    reason = none if not len(paths.t) else _no_speed(run)
    how = f"line through {run.speed_window} points" if paths.speed is None else "of the columns vx, vy, vz"
    note = f"{how}, all trajectories"
    report.key_figure("Median speed", run.median_speed, speed_unit(paths), note, reason)
    if run.distance is not None:
        most = selection.quantile(run.distance.blocks, 0.9)
        note = "" if math.isnan(most) else f"90 % are below {spell(most)} {paths.units['x']}"
        reason = "no point within the time of the truth" if len(paths.t) else none
        report.key_figure("Median distance from truth", run.median_distance, paths.units["x"], note, reason)


def _no_speed(run: Run) -> str:
    if run.paths.speed is not None:
        return "no velocity is finite"
    return f"no {run.speed_window} points in a row without a gap"


def _error_figure(report: Report, run: Run) -> None:
    paths = run.paths
    if paths.errors is None:
        report.key_figure("Median spread", None, reason="no column “error”")
        return
    note = f"{paths.errors.definition}, all trajectories"
    name, unit = f"Median {paths.errors.name}", paths.units["x"]
    report.key_figure(name, run.median_error, unit, note, "no trajectories")


def _located(run: Run) -> float:
    if not len(run.paths.t) or not run.duration > 0:
        return math.nan
    return 100 * located_time(run.paths) / run.duration


def _located_definition(run: Run) -> str:
    return f"of the duration, with at least one trajectory; gaps of more than {gap_rule(run.paths)} do not count"


def warnings(report: Report, run: Run) -> None:
    """Say what went wrong, if anything did."""
    paths = run.paths
    if not len(paths.labels):
        report.text(_nothing_found(run), notice=True)
    if paths.dropped:
        report.text(f"{spell(paths.dropped)} rows without a finite time or position were left out.", notice=True)


def _nothing_found(run: Run) -> str:
    points = run.paths.total
    if points:
        return (
            f"No trajectory was found. {spell(points)} points were located, but all carry a negative label: they were "
            "too far apart, or too few in a row, to be joined. A larger cutting distance, a wider window or a smaller "
            "least size of trajectories joins more of them."
        )
    if run.lines is not None and not run.line_count:
        return "No trajectory was found, because there are no LoRs to locate a tracer from."
    if run.model is not None:
        return "No trajectory was found: no tracer explains so many LoRs that it is worth its evidence."
    return (
        "No trajectory was found: no tracer was located in any sample. Samples may hold too few LoRs, too many of them "
        "may be random or scattered, or the distance allowed between LoRs may be too small."
    )


def table(report: Report, run: Run, parts: Sequence[Group]) -> None:
    """One row for each of the longest trajectories, in order of their labels."""
    paths = run.paths
    time = run.clock
    colours = {part.label: part.colour for part in parts}
    followed = followed_times(paths)
    error = None if paths.errors is None else paths.per_trajectory(paths.errors.total)
    kind = "spread" if paths.errors is None else paths.errors.name
    speed = paths.per_trajectory(run.speed)
    off = None if run.distance is None else [paths.per_trajectory(run.distance, q) for q in (0.5, 0.9)]
    length, unit = paths.units["x"], time.unit
    header = ["Trajectory", "Points", f"From ({unit})", f"To ({unit})", "Located (% of duration)"]
    header += [f"Median {kind} ({length})", f"Median speed ({speed_unit(paths)})"]
    if off is not None:
        header += ["Nearest tracer", f"Median distance from truth ({length})", f"90 % below ({length})"]
    chosen = np.sort(np.argsort(-paths.counts, kind="stable")[:TABLE_ROWS])
    rows = []
    for i in chosen:
        first, last = paths.starts[i], paths.ends[i]
        row: list[object] = [
            Swatch(f"{paths.labels[i]:g}", colours.get(float(paths.labels[i]), NEUTRAL)),
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
    report.table(header, rows, caption, [identity(TRAJECTORY, float(paths.labels[i])) for i in chosen])
