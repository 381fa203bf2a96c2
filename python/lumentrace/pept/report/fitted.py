"""What a tracking report says about the model behind the trajectories of the line tracker."""

from __future__ import annotations

from collections.abc import Mapping

from lumentrace.pept.tracking.fitted_model import NOISE_UNITS, FittedModel, FittedTracer
from lumentrace.plots.linked import identity
from lumentrace.plots.palette import NEUTRAL
from lumentrace.plots.report import Report, Swatch

from .parts import TRAJECTORY

HEADER = (
    "Tracer",
    "Lines per ms",
    "Share of all lines (%)",
    "Blur (mm)",
    "Wide blur (mm)",
    "Share of the wide (%)",
    "Background (% per cm²)",
    "Process noise",
    "Its unit",
    "Sudden turns",
    "Evidence",
)
NOTE = (
    "Tracers as the line tracker fitted them. Blur: standard deviation of the distances of a tracer's lines from it, "
    "along each direction across the line; a mixture of two. Background: other lines near the tracer, as a share of "
    "all lines per area. Process noise: of the {} that drives the motion. Evidence: by how much the tracer makes the "
    "lines more likely, as a natural logarithm."
)
DRIVES = {"velocity": "white acceleration", "acceleration": "white jerk"}
"""Which white noise drives the motion, by the highest quantity of the state."""


def fit_figure(report: Report, model: FittedModel) -> None:
    """How much of the lines the model explains, and whether it settled."""
    settled = f"{'settled' if model.settled else 'not settled'} after {model.passes} passes"
    state = settled if model.passes else "fitted as the lines came"
    note = f"by the tracers, the others are background; {state}"
    report.key_figure("Lines explained", 100 * model.explained, "%", note)


def fit_table(report: Report, model: FittedModel, colours: Mapping[float, str]) -> None:
    """One row for each tracer."""
    ids = [identity(TRAJECTORY, float(tracer.label)) for tracer in model.tracers]
    report.table(HEADER, [_row(tracer, colours) for tracer in model.tracers], "Model of the tracers", ids)
    noises = " or ".join(dict.fromkeys(DRIVES[tracer.order] for tracer in model.tracers))
    report.text(NOTE.format(noises))


def _row(tracer: FittedTracer, colours: Mapping[float, str]) -> list[object]:
    return [
        Swatch(f"{tracer.label}", colours.get(tracer.label, NEUTRAL)),
        tracer.rate,
        100 * tracer.activity,
        tracer.narrow,
        tracer.wide,
        100 * tracer.wide_share,
        1e4 * tracer.background,
        tracer.noise,
        NOISE_UNITS[tracer.order],
        tracer.jumps,
        tracer.evidence,
    ]
