"""The judgement of a registration and a scale as the verdict that all techniques share."""

from __future__ import annotations

import numpy as np

from lumentrace.engine.verdict import DOUBTFUL, NOT_RELIABLE, Evidence, Reason, Verdict
from lumentrace.stain.measure.scale import BETA, Scale
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

FINE = ("converged", "given", f"converged with beta at its bound {BETA[1]:g}")
"""Fits that are as they should be: a Moffat function with the greatest beta is a Gaussian."""
BIAS = 0.02
"""How far a scale may be from that of texture, as a share: spots are some times brighter than a fiftieth of tissue."""
ABOVE, BELOW = 2.0, 3.0
"""The same in standard errors of the difference. Stain that binds everywhere makes the scale larger: without it, it is
at most 0.9 above, with a tenth of the brightness of tissue at least 2; below, 2.3 (simulated pairs of 256 x 256)."""
ADVICE = {
    Kind.COPY: "look whether one file is a copy of the other",
    Kind.NO_MAP: "check that both images are of the same sample, and which objectives they were taken with",
    Kind.NO_OVERLAP: "take images whose fields of view overlap more",
    Kind.NO_TEXTURE: "take a larger field of view",
    Kind.DISAGREEING: "check that both images are of the same sample and field of view; look at the overlay",
    Kind.APART: "set -p local_model=true, or cut the image into regions",
    Kind.LITTLE_OVERLAP: "look at the overlay; use spots well inside of the common part only",
    Kind.UNLIKE: "look at the overlay; compare the scale with that of -p offset=true; check the focus of both images",
    Kind.SATURATED: "take the image again with a shorter exposure; look where saturated pixels are",
    Kind.BELOW_ONE: "check which file is which, and the exposures of both",
    Kind.POOR_FIT: "look at the histogram of ratios; give -p manual_scale=1.3, or try -p offset=true",
    Kind.BIASED: "look whether stain lies on all of the tissue; take the scale of -p offset=true; check the focus",
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
    Kind.BIASED: ("difference as a share", "", f"within {BIAS:g}, or its standard error"),
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
    if scale.status not in FINE:
        remarks.append(Remark(Kind.POOR_FIT, f"the fit of the scale: {scale.status}"))
    away = scale.value - scale.texture
    errors = away / np.linalg.norm(np.nan_to_num([scale.error, scale.texture_error]))
    if abs(away) > BIAS * scale.value and not -BELOW <= errors <= ABOVE:
        text = (
            f"the scale by ratios of brightness, {scale.value:.3f}, is not that of fine texture, {scale.texture:.3f}: "
            "stain that binds everywhere, an offset of the camera, or a change of focus"
        )
        remarks.append(Remark(Kind.BIASED, text, away / scale.texture))
    return tuple(remarks)


def _reason(remark: Remark) -> Reason:
    level = NOT_RELIABLE if remark.kind in FATAL else DOUBTFUL
    measure = MEASURES.get(remark.kind)
    evidence = () if measure is None else (Evidence(measure[0], remark.value, *measure[1:]),)
    return Reason(level, remark.text, ADVICE[remark.kind], evidence)
