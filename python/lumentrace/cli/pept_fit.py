"""What `lumentrace pept track` prints about the model of the lines."""

from __future__ import annotations

from rich.table import Table

from lumentrace.cli.console import cell
from lumentrace.pept.tracking.fitted_model import NOISE_UNITS, FittedModel, FittedTracer


def table(name: str, model: FittedModel) -> Table:
    """A row for each tracer; the title tells how much of the lines of the file `name` they explain."""
    unused = f", {model.unused:,} left out" if model.unused else ""
    passes = f", passes: {model.passes}" if model.passes else ""
    title = f"{name}: {model.explained:.1%} of the lines explained{unused}{passes}"
    names = ("tracer", "lines per ms", "share of lines", "blur (mm)", "process noise", "sudden turns", "evidence")
    shown = Table(*names, title=title, title_justify="left")
    for tracer in model.tracers:
        shown.add_row(*_cells(tracer))
    return shown


def _cells(tracer: FittedTracer) -> tuple[str, ...]:
    return (
        cell(tracer.label),
        cell(tracer.rate),
        f"{tracer.activity:.1%}",
        f"{cell(tracer.narrow)}; {cell(tracer.wide)} ({tracer.wide_share:.0%})",
        f"{cell(tracer.noise)} {NOISE_UNITS[tracer.order]}",
        cell(tracer.jumps),
        cell(tracer.evidence),
    )
