"""What the reader of a report on a recording should know beside the verdict."""

from __future__ import annotations

from collections.abc import Sequence

from lumentrace.twophoton.measure.timing import INTERPOLATED
from lumentrace.twophoton.respond.epochs import EpochMean, answered
from lumentrace.twophoton.respond.responses import RecordingResponses


def notices(run: RecordingResponses, epochs: Sequence[EpochMean]) -> list[str]:
    """What the reader should know."""
    found = []
    if run.timing is not None and run.timing.source == INTERPOLATED:
        found.append(
            "There was no flash for each change of epoch, so windows come from the stimulus clock between the first "
            "flash and the last: onsets may be wrong by a frame or more."
        )
    single = [epoch.name for epoch in answered(epochs) if epoch.trials < 2]
    if single:
        found.append(
            f"No standard error: {', '.join(single)} was shown only once; where tables say 0, it is not known."
        )
    return found
