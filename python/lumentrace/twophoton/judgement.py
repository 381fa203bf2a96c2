"""Whether the responses of a recording can be relied on."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from lumentrace.engine.verdict import DOUBTFUL, NOT_RELIABLE, Evidence, Reason, Verdict
from lumentrace.twophoton.measure.agreement import clocks_apart
from lumentrace.twophoton.measure.dff import LIMIT
from lumentrace.twophoton.measure.film import FilmParts, film_parts
from lumentrace.twophoton.measure.quality import background_left, baseline_misfit
from lumentrace.twophoton.measure.timing import CLOCKS
from lumentrace.twophoton.measure.windows import default_baseline_epoch_number, is_grey
from lumentrace.twophoton.respond.epochs import EpochMean
from lumentrace.twophoton.respond.kernels import StimulusKernels
from lumentrace.twophoton.respond.region_table import RegionResponse, region_table
from lumentrace.twophoton.respond.reliability import reliability
from lumentrace.twophoton.respond.responses import RecordingResponses

FRAMES_OFF = 2.0
"""Frames by which a window may be longer or shorter than the table says: one at each end."""
MOVED, MUCH_MOVED = 0.1, 0.5
"""Shares of frames that moved too far."""
APART = 1.0
"""Pixels that parts of a film may lie from each other; half of the light at the edge of a region changes by it."""
ALIKE = 0.3
"""Least correlation of a part of the film with the mean of all."""
FADED, GONE = 0.3, 0.1
"""Shares of the first baseline that are left in the end."""
MISFIT = 0.15
"""Median distance of baselines from the fitted ones, as a share."""
CLIPPED, MUCH_CLIPPED = 0.001, 0.05
"""Shares of the pixels of regions at the greatest value, as of colocalization."""
LEFT = 0.5
"""Correlation with the background in baselines."""
CHANCE = 0.01
"""Greatest share of shuffled orders of epochs that tell them apart as well."""
OVER_NOISE = 12.0
"""Least height of kernels; of shuffled stimuli it is 1 to 10 by the smooth method, of simulated ones 20 to 75."""
LOST = 0.5
"""Share of regions without values from which on a run is not reliable."""


@dataclass(frozen=True)
class Judged:
    """What is judged.

    Attributes
    ----------
    run : RecordingResponses
    epochs : sequence of EpochMean
    rows : sequence of RegionResponse
    parts : FilmParts
    kernels : StimulusKernels or None
        If there are any, trials of an epoch differ, because its stimulus is random.
    baseline_named : bool
        Somebody said which epoch baselines are sampled in.
    """

    run: RecordingResponses
    epochs: Sequence[EpochMean]
    rows: Sequence[RegionResponse]
    parts: FilmParts
    kernels: StimulusKernels | None
    baseline_named: bool


def judge(run: RecordingResponses, *, kernels: StimulusKernels | None = None, baseline_named: bool = True) -> Verdict:
    """The verdict on responses."""
    epochs = run.epoch_means()
    parts = film_parts(run.recording, run.roi_set.regions(), run.dff.start_frame, run.dff.stop_frame)
    found = Judged(run, epochs, region_table(run, epochs), parts, kernels, baseline_named)
    return Verdict(tuple(reason for check in CHECKS for reason in check(found)))


def _clocks(found: Judged) -> list[Reason]:
    if found.run.timing is None:
        return []
    whole, worst = clocks_apart(found.run.recording, found.run.timing)
    evidence = (
        Evidence("difference of all epochs together", whole, "", f"at most {CLOCKS:g}"),
        Evidence("difference of the worst one", worst, "frames", f"at most {FRAMES_OFF:g} and {CLOCKS:.0%}"),
    )
    if not (whole > CLOCKS or worst > FRAMES_OFF):
        return []
    text = "photodiode and stimulus table do not agree on how long epochs were"
    advice = "check the frame rate, and whether the photodiode missed flashes or the table is of another recording"
    return [Reason(NOT_RELIABLE, text, advice, evidence)]


def _moved(found: Judged) -> list[Reason]:
    dff = found.run.dff
    share = float(np.asarray(found.run.recording.motion_artifact_mask)[dff.start_frame : dff.stop_frame].mean())
    if share <= MOVED:
        return []
    evidence = Evidence("frames that moved too far", share, "", f"at most {MOVED:g}")
    level = NOT_RELIABLE if share > MUCH_MOVED else DOUBTFUL
    return [Reason(level, "many frames moved too far", "look at the film; leave out its restless part", (evidence,))]


def _drift(found: Judged) -> list[Reason]:
    shifts, alike = found.parts.shifts, found.parts.alike
    if not len(shifts) or np.isnan(shifts).all():
        return []
    apart, least = Evidence("farthest part", float(shifts.max()), "px", f"at most {APART:g}"), float(alike.min())
    if least < ALIKE:
        evidence = Evidence("least correlation of a part with the mean", least, "", f"at least {ALIKE:g}")
        text = "parts of the film do not show what the others do"
        return [Reason(NOT_RELIABLE, text, "look at the film; it may have lost its plane or its light", (evidence,))]
    if apart.value <= APART:
        return []
    advice = "align the film again; regions do not stay on their cells"
    return [Reason(NOT_RELIABLE, "the film drifts though it is aligned", advice, (apart,))]


def _bleaching(found: Judged) -> list[Reason]:
    dff = found.run.dff
    if dff.metadata.get("tau_at_bound"):
        text = f"the bleaching fit ended at its bound of {LIMIT:g} per frame: baselines and dF/F cannot be trusted"
        evidence = Evidence("tau", dff.tau, "per frame", f"within {LIMIT:g}")
        return [Reason(NOT_RELIABLE, text, "look at the traces; --fit-mode log_linear has no bound", (evidence,))]
    reasons = []
    left = math.exp(dff.tau * (dff.stop_frame - dff.start_frame))
    if left < FADED:
        evidence = Evidence("baseline that is left in the end", left, "", f"at least {FADED:g}")
        level = NOT_RELIABLE if left < GONE else DOUBTFUL
        reasons.append(Reason(level, "the cells bleached", "use the beginning of the film, less light", (evidence,)))
    misfit = baseline_misfit(dff)
    if misfit > MISFIT:
        evidence = Evidence("baselines beside their fit", misfit, "", f"at most {MISFIT:g}")
        advice = "look at the traces; another --fit-mode or --background may fit"
        reasons.append(Reason(DOUBTFUL, "baselines do not follow one decay", advice, (evidence,)))
    return reasons


def _clipped(found: Judged) -> list[Reason]:
    share = found.parts.clipped
    if share <= CLIPPED:
        return []
    evidence = Evidence("pixels of regions at the greatest value", share, "", f"at most {CLIPPED:g}")
    level = NOT_RELIABLE if share > MUCH_CLIPPED else DOUBTFUL
    return [
        Reason(level, "the film is saturated and cuts responses off", "record with less gain or light", (evidence,))
    ]


def _baseline(found: Judged) -> list[Reason]:
    metadata, windows = found.run.dff.metadata, len(found.run.baseline_windows)
    if metadata.get("baseline_mode") == "no_baseline_epoch":
        text = "there is no baseline epoch: dF/F is against the mean of the film, responses included"
        return [Reason(DOUBTFUL, text, "show a grey epoch, and name it with --baseline-epoch")]
    reasons = []
    if windows < 2:
        evidence = Evidence("baseline windows", windows, "", "at least 2")
        text = "baselines were sampled once, so bleaching cannot be told from responses"
        reasons.append(Reason(DOUBTFUL, text, "show the epoch of baselines at the start and the end", (evidence,)))
    names = found.run.recording.epoch_names
    number = default_baseline_epoch_number(names)
    if not found.baseline_named and number in names and not is_grey(names[number]):
        text = f"no epoch is called grey: epoch {number}, {names[number]}, was taken for the baseline"
        reasons.append(Reason(DOUBTFUL, text, "name the epoch of baselines with --baseline-epoch"))
    return reasons


def _background(found: Judged) -> list[Reason]:
    run = found.run
    left, _ = background_left(run.traces, run.baseline_windows, run.recording.motion_artifact_mask)
    if not abs(left) >= LEFT:
        return []
    evidence = Evidence("median correlation in baselines", left, "", f"within {LEFT:g}")
    told = "still follows the background" if left > 0 else "goes against the background: too much was subtracted"
    return [Reason(DOUBTFUL, f"what is left of regions {told}", "try another --background", (evidence,))]


def _regions(found: Judged) -> list[Reason]:
    rows = found.rows
    bad = [row for row in rows if not np.isfinite(row.peak) or any("means nothing" in why for why in row.reasons)]
    if not bad:
        return []
    share = len(bad) / len(rows)
    named = "; ".join(f"{row.number} {row.label} ({', '.join(row.reasons)})" for row in bad[:3])
    more = f"; and {len(bad) - 3} more, see the table" if len(bad) > 3 else ""
    text = f"{len(bad)} of {len(rows)} regions have no values that mean anything: {named}{more}"
    level = NOT_RELIABLE if share > LOST else DOUBTFUL
    evidence = Evidence("share of the regions", share, "", "0")
    return [Reason(level, text, "leave them out, or draw them inside the crop", (evidence,))]


def _responses(found: Judged) -> list[Reason]:
    if found.kernels is not None:
        return []
    told = reliability(found.run.grouped_responses, found.epochs)
    if not told.least <= CHANCE:
        evidence = Evidence("smallest p-value that the trials allow", told.least, "", f"at most {CHANCE:g}")
        text = "too few trials to tell responses from chance"
        return [Reason(DOUBTFUL, text, "show each epoch at least three times, two epochs five times", (evidence,))]
    if told.p <= CHANCE:
        return []
    evidence = Evidence("shuffled epochs that are told apart as well", told.p, "", f"at most {CHANCE:g}")
    text = "trials of the same epoch are no more alike than those of different ones"
    advice = "expect no responses, or the same to all epochs; check that the table of epochs is that of the film"
    return [Reason(DOUBTFUL, text, advice, (evidence,))]


def _kernels(found: Judged) -> list[Reason]:
    if found.kernels is None:
        return []
    height = found.kernels.over_noise()
    known = height[np.isfinite(height)]
    middle = float(np.median(known)) if known.size else math.nan
    if middle >= OVER_NOISE:
        return []
    evidence = Evidence("median height over what is before 0", middle, "", f"at least {OVER_NOISE:g}")
    text = "kernels are hardly higher than what they say of the stimulus after the response, which is noise"
    advice = "expect no kernels, or record longer; check that the stimulus table is that of the film"
    return [Reason(DOUBTFUL, text, advice, (evidence,))]


CHECKS: tuple[Callable[[Judged], list[Reason]], ...] = (
    _clocks,
    _drift,
    _moved,
    _bleaching,
    _clipped,
    _regions,
    _baseline,
    _background,
    _responses,
    _kernels,
)
