"""The judgement of a registration and a scale as the verdict that all techniques share."""

from __future__ import annotations

from lumentrace.engine.verdict import DOUBTFUL, NOT_RELIABLE, Evidence, Reason, Verdict
from lumentrace.stain.measure.scale import Scale
from lumentrace.stain.registration.register import (
    LEAST_AGREEING,
    LEAST_OVERLAP,
    LEAST_PARTS,
    LITTLE_OVERLAP,
    LOW_CORRELATION,
    MOST_ERROR,
    SATURATED,
)
from lumentrace.stain.registration.result import Registration
from lumentrace.stain.remarks import FATAL, HARMLESS, Kind, Remark

ADVICE = {
    Kind.COPY: "look whether one file is a copy of the other",
    Kind.NO_MAP: "check that both images are of the same sample, and which objectives they were taken with",
    Kind.NO_OVERLAP: "take images whose fields of view overlap more",
    Kind.NO_TEXTURE: "take a larger field of view",
    Kind.DISAGREEING: "check that both images are of the same sample and field of view; look at the overlay",
    Kind.APART: "set local_model=True, or cut the image into regions",
    Kind.LITTLE_OVERLAP: "look at the overlay; use spots well inside of the common part only",
    Kind.UNLIKE: "look at the overlay; compare the scale with offset=True; check the focus of both images",
    Kind.SATURATED: "take the image again with a shorter exposure; look where saturated pixels are",
    Kind.BELOW_ONE: "check which file is which, and the exposures of both",
    Kind.POOR_FIT: "look at the histogram of ratios; give manual_scale, or try offset=True",
}
"""What to do next."""
MEASURES = {
    Kind.NO_OVERLAP: ("overlap", "", f"at least {LEAST_OVERLAP:g}"),
    Kind.NO_TEXTURE: ("parts with texture", "", f"at least {LEAST_PARTS}"),
    Kind.DISAGREEING: ("parts that agree", "", f"at least {LEAST_AGREEING:g}"),
    Kind.APART: ("error", "px", f"at most {MOST_ERROR:g}"),
    Kind.LITTLE_OVERLAP: ("overlap", "", f"at least {LITTLE_OVERLAP:g}"),
    Kind.UNLIKE: ("correlation of texture", "", f"at least {LOW_CORRELATION:g}"),
    Kind.SATURATED: ("share of pixels at the largest value", "", f"at most {SATURATED:g}"),
    Kind.BELOW_ONE: ("scale", "", "at least 1"),
}
"""Name, unit and bound of the figure that a remark holds."""


def judge(registration: Registration, scale: Scale | None = None) -> Verdict:
    """The verdict: a reason for each remark that is not harmless."""
    remarks = (*registration.remarks, *(() if scale is None else about_scale(scale)))
    return Verdict(tuple(_reason(remark) for remark in remarks if remark.kind not in HARMLESS))


def about_scale(scale: Scale) -> tuple[Remark, ...]:
    """What is odd about a scale."""
    remarks = []
    if scale.value < 1:
        text = f"the scale is below 1 ({scale.value:.3f}): were pre and post swapped?"
        remarks.append(Remark(Kind.BELOW_ONE, text, scale.value))
    if scale.status not in ("converged", "given"):
        remarks.append(Remark(Kind.POOR_FIT, f"the fit of the scale: {scale.status}"))
    return tuple(remarks)


def _reason(remark: Remark) -> Reason:
    level = NOT_RELIABLE if remark.kind in FATAL else DOUBTFUL
    measure = MEASURES.get(remark.kind)
    evidence = () if measure is None else (Evidence(measure[0], remark.value, *measure[1:]),)
    return Reason(level, remark.text, ADVICE[remark.kind], evidence)
