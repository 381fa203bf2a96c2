"""Values of frames that moved too far, by straight lines between those beside them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lumentrace.twophoton.respond.responses import RecordingResponses

Floats = NDArray[np.float64]


def moved_frames(responses: RecordingResponses) -> NDArray[np.bool_]:
    """Which frames of dF/F moved too far."""
    dff = responses.dff
    return np.asarray(responses.recording.motion_artifact_mask)[dff.start_frame : dff.stop_frame]


def bridged(values: Floats, missing: NDArray[np.bool_]) -> Floats:
    """Values (frames, regions) with straight lines through the missing frames."""
    known, wanted = np.flatnonzero(~missing), np.flatnonzero(missing)
    if not len(wanted) or not len(known):
        return values
    filled = values.copy()
    for own in filled.T:
        own[wanted] = np.interp(wanted, known, own[known])
    return filled
