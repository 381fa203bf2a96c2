"""Whether the trajectories of an acquisition can be relied on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lumentrace.base import selection
from lumentrace.data.lines import LineData
from lumentrace.data.points import PointData
from lumentrace.engine.verdict import DOUBTFUL, NOT_RELIABLE, Evidence, Reason, Verdict
from lumentrace.pept.motion import located_time, speeds
from lumentrace.pept.plausible import LineFacts, implausible
from lumentrace.pept.recipes import BaseRecipe
from lumentrace.pept.second_look import SecondLook
from lumentrace.pept.tracking.fitted_model import FittedModel
from lumentrace.pept.tracks import SPEED_WINDOW, Tracks

PIECES = 3
"""Trajectories per tracer asked for, from which on they are in pieces: it may be lost twice."""
OFF, FAR_OFF = 2.0, 4.0
"""Distance from the tracers of the second look in widths of their blur; 1.7 if it is a width along each axis."""
SETTLED = 1.0
"""Distance from the second look in its standard uncertainties; of fits that agree it is below 0.3."""
SPREAD = 20.0
"""Median spread in mm; lines miss a tracer by some mm, and voxels of a whole camera smear it to 15."""
BLUR = 19.9
"""Width of the blur in mm: the line tracker looks up to 20, cameras have 1 to 5."""
WIDER = 1.5
"""Ratio of the widths of the blur of two tracers in one camera."""
EXPLAINED = 0.05
"""Least share of the lines that tracers explain; recordings have a tenth at least."""
LOCATED = 0.5
"""Least share of the time in which there is a location."""
SHORT, BRIEF = 10, 0.05
"""Locations, and the share of the duration, below which a trajectory is short."""
SPEED = 300.0
"""Mean speed in m/s that no tracer has; the fastest that cameras were tried with is 112."""


@dataclass(frozen=True)
class Judged:
    """What is judged.

    Attributes
    ----------
    facts : LineFacts
    tracks : Tracks
    recipe : BaseRecipe
    model : FittedModel or None
        Of the recipe `lines`.
    look : SecondLook or None
        None where it would tell the same again, or nothing was found.
    """

    facts: LineFacts
    tracks: Tracks
    recipe: BaseRecipe
    model: FittedModel | None
    look: SecondLook | None

    @property
    def count(self) -> int:
        """Trajectories, or tracers of the model."""
        return len(self.tracks.labels) if self.model is None else len(self.model.tracers)


def judge(lines: LineData, trajectories: PointData, paths: Tracks, recipe: BaseRecipe) -> Verdict:
    """The verdict on trajectories, with their `paths`; where lines cannot be those of a scanner, that alone is told."""
    facts = LineFacts.of(lines)
    reasons = implausible(facts)
    if any(reason.level == NOT_RELIABLE for reason in reasons):
        return Verdict(tuple(reasons))
    model = FittedModel.of(trajectories)
    alike = model is not None and model.settled and recipe.tracers is None
    look = None if alike or not len(paths.t) else SecondLook.of(lines, trajectories)
    return Verdict((*reasons, *reasons_against(Judged(facts, paths, recipe, model, look))))


def reasons_against(found: Judged) -> list[Reason]:
    """What speaks against trajectories."""
    checks = CHECKS if len(found.tracks.t) else (_nothing,)
    return [reason for check in checks for reason in check(found)]


def _nothing(found: Judged) -> list[Reason]:
    asked = "" if found.recipe.tracers is None else f", {found.recipe.tracers} asked for"
    text = f"No tracer found{asked}: the lines meet nowhere more often than background does"
    advice = "was the tracer in view? look at the picture of the lines and their rate in the report"
    return [Reason(NOT_RELIABLE, text, advice, (Evidence("trajectories", 0, "", "at least 1"),))]


def _number(found: Judged) -> list[Reason]:
    """Whether there are as many tracers as were asked for, and as the lines tell of."""
    look = found.look
    if look is not None and not look.here:
        text = "a second look at the middle of the lines finds no tracer in them: the trajectories are of noise"
        evidence = Evidence("tracers of the second look", 0, "", "those of the trajectories")
        return [Reason(NOT_RELIABLE, text, "was the tracer in view? try --recipe lines", (evidence,))]
    if look is not None and look.here >= look.there + 1:
        text = "the lines tell of more tracers than there are trajectories"
        numbers = (
            Evidence("tracers at a time", look.here, "", "as many as trajectories"),
            Evidence("trajectories at a time", look.there, "", "as many as tracers"),
        )
        return [Reason(NOT_RELIABLE, text, _again(found, look.here), numbers)]
    return _asked(found, found.recipe.tracers)


def _asked(found: Judged, asked: int | None) -> list[Reason]:
    if asked is None or found.count == asked:
        return []
    look, number = found.look, f"{_counted(found)} found, {asked}"
    evidence = (Evidence("found", found.count, "", f"{asked} asked for"),)
    if found.count < asked:
        text = f"{number} asked for: what remains of the lines looks like background"
        return [Reason(DOUBTFUL, text, "expect tracers that were out of view, faint or close together", evidence)]
    if look is None or look.there <= asked:
        text = f"{number} at a time asked for: one that was lost and came back counts again"
        return [Reason(DOUBTFUL, text, "look at the trajectories; leave --tracers out, or ask for more", evidence)]
    many = found.count > PIECES * asked
    text = f"{number} at a time asked for: {look.there:.0f} are there at a time{', in pieces' if many else ''}"
    return [Reason(NOT_RELIABLE if many else DOUBTFUL, text, _again(found, look.here), evidence)]


def _agreement(found: Judged) -> list[Reason]:
    """Whether locations are where a second look has them."""
    look = found.look
    if look is None or not look.here:
        return []
    away = Evidence("median distance", look.away, "mm", f"at most {OFF * look.blur:.2g}, {OFF:g} times the blur")
    if found.model is None:
        if not look.away > OFF * look.blur:
            return []
        level = NOT_RELIABLE if look.away > FAR_OFF * look.blur else DOUBTFUL
        text = "locations lie beside the places where lines meet"
        return [Reason(level, text, "track again with --recipe lines", (away,))]
    if look.sigmas <= SETTLED:
        return []
    settled = "" if found.model.settled else f"The fit had not settled after {found.model.passes} passes: "
    text = f"{settled}locations are not those of a second look at the middle of the lines"
    evidence = Evidence("median distance", look.sigmas, "standard uncertainties", f"at most {SETTLED:g}")
    return [Reason(DOUBTFUL, text, "take the errors for too small; try another --tracers", (evidence, away))]


def _spread(found: Judged) -> list[Reason]:
    errors = found.tracks.errors
    if found.model is not None or errors is None:
        return []
    spread = selection.median(errors.total.blocks)
    if spread <= SPREAD:
        return []
    evidence = Evidence("median spread", spread, "mm", f"at most {SPREAD:g}")
    text = "the lines behind a location do not meet there: several tracers, or too much noise for the recipe"
    return [Reason(NOT_RELIABLE, text, "track again with --recipe lines", (evidence,))]


def _blur(found: Judged) -> list[Reason]:
    widths = [] if found.model is None else [tracer.narrow for tracer in found.model.tracers]
    if not widths:
        return []
    if max(widths) > BLUR:
        evidence = Evidence("widest blur", max(widths), "mm", f"below {BLUR:g}")
        text = "the blur ended at the bound of what is looked for: no tracer, or no point"
        return [Reason(NOT_RELIABLE, text, "look at the picture of the lines in the report", (evidence,))]
    if max(widths) <= WIDER * min(widths):
        return []
    evidence = Evidence(
        "widest blur as a multiple of the narrowest", max(widths) / min(widths), "", f"at most {WIDER:g}"
    )
    text = "the blur of one tracer is unlike that of another: two that are close, or a path that is not followed"
    return [Reason(DOUBTFUL, text, "look at the table of tracers; leave --tracers out, or ask for more", (evidence,))]


def _explained(found: Judged) -> list[Reason]:
    if found.model is None or found.model.explained >= EXPLAINED:
        return []
    evidence = Evidence("share of the lines", found.model.explained, "", f"at least {EXPLAINED:g}")
    text = "the tracers explain hardly any of the lines"
    return [Reason(DOUBTFUL, text, "expect other tracers out of reach, or a faint source", (evidence,))]


def _located(found: Judged) -> list[Reason]:
    share = located_time(found.tracks) / found.facts.duration
    if share >= LOCATED:
        return []
    evidence = Evidence("share of the time with a location", share, "", f"at least {LOCATED:g}")
    text = "for most of the time no tracer was located"
    return [Reason(DOUBTFUL, text, "was it out of view? look at where the trajectories begin and end", (evidence,))]


def _short(found: Judged) -> list[Reason]:
    paths = found.tracks
    first, last = paths.t[paths.starts], paths.t[paths.ends]
    brief = (paths.counts < SHORT) & (last - first < BRIEF * found.facts.duration)
    without = found.count - len(paths.labels)
    number = int(brief.sum()) + without
    if not number:
        return []
    fewest = 0 if without else int(paths.counts.min())
    evidence = Evidence("locations of the shortest", fewest, "", f"at least {SHORT}")
    text = f"{number} of {found.count} trajectories {'is' if number == 1 else 'are'} hardly longer than a point"
    return [Reason(DOUBTFUL, text, "leave them out: look for their labels in the table of trajectories", (evidence,))]


def _speed(found: Judged) -> list[Reason]:
    middle = selection.median(speeds(found.tracks, SPEED_WINDOW).blocks)
    if not middle > SPEED:
        return []
    evidence = Evidence("median speed", middle, "m/s", f"at most {SPEED:g}")
    text = "tracers move faster than sound: times may be in s, or locations jump between tracers"
    return [Reason(NOT_RELIABLE, text, "check the units of the file (times in ms, lengths in mm)", (evidence,))]


def _again(found: Judged, tracers: float) -> str:
    asked = found.recipe.tracers
    if asked is None or tracers > asked:
        lines = "" if found.model is not None else "--recipe lines, or with "
        return f"track again with {lines}--tracers {tracers:.0f}"
    return "track again without --tracers" if found.model is not None else "track again with --recipe lines"


def _counted(found: Judged) -> str:
    if found.model is None:
        return "1 trajectory" if found.count == 1 else f"{found.count} trajectories"
    return "1 tracer" if found.count == 1 else f"{found.count} tracers"


CHECKS: tuple[Callable[[Judged], list[Reason]], ...] = (
    _number,
    _spread,
    _agreement,
    _blur,
    _speed,
    _located,
    _short,
    _explained,
)
