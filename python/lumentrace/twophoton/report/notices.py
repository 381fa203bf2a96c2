"""What the reader of a report on a recording should be careful about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lumentrace.twophoton.respond.epochs import EpochMean, answered
from lumentrace.twophoton.respond.region_table import RegionResponse
from lumentrace.twophoton.respond.responses import RecordingResponses

LEFT = 0.5
"""Correlation with the background from which it is worth a notice."""
MANY_MOVED = 0.1
"""Share of frames."""
LIMIT = 0.01
"""Largest decay per frame of fits that have a bound."""


def notices(
    run: RecordingResponses, epochs: Sequence[EpochMean], rows: Sequence[RegionResponse], left: float
) -> list[str]:
    """What the reader should be careful about."""
    found = []
    if run.dff.metadata.get("tau_at_bound"):
        found.append(
            f"The bleaching fit ended at its bound of {LIMIT} per frame ({run.dff.tau:+.4g}): baselines and dF/F "
            "cannot be trusted. Look at the traces; the fit mode log_linear has no bound, and other baseline "
            "windows may help."
        )
    lost = [row for row in rows if not np.isfinite(row.peak)]
    if lost:
        named = "; ".join(f"{row.number} {row.label} ({', '.join(row.reasons)})" for row in lost[:5])
        more = f"; and {len(lost) - 5} more, see the table" if len(lost) > 5 else ""
        found.append(f"{len(lost)} of {len(rows)} regions have no values: {named}{more}.")
    bad = [str(row.number) for row in rows if np.isfinite(row.peak) and any("means nothing" in r for r in row.reasons)]
    if bad:
        found.append(f"The baseline of regions {', '.join(bad[:20])} is not above 0: their dF/F means nothing.")
    if abs(left) >= LEFT:
        told = (
            "still follows the background that was subtracted"
            if left > 0
            else "goes against the background that was subtracted: more was taken than there was, or its noise came in"
        )
        found.append(
            f"What is left of regions {told} (median correlation {left:.2f} in baselines). Another background method "
            "may fit better."
        )
    if run.timing is not None and run.timing.source == "interpolated_epochs":
        found.append(
            "There was no flash for each change of epoch, so windows come from the stimulus clock between the first "
            "flash and the last: onsets may be wrong by a frame or more."
        )
    moved = np.asarray(run.recording.motion_artifact_mask)[run.dff.start_frame : run.dff.stop_frame].mean()
    if moved > MANY_MOVED:
        found.append(f"{moved:.0%} of the frames moved too far.")
    single = [epoch.name for epoch in answered(epochs) if epoch.trials < 2]
    if single:
        found.append(
            f"No standard error: {', '.join(single)} was shown only once; where tables say 0, it is not known."
        )
    return found
