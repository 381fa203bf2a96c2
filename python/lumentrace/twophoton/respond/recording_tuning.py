"""What the regions of a recording are tuned to, all at once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lumentrace.base.polars import pl
from lumentrace.base.provenance import Provenance
from lumentrace.twophoton.respond.permutation import PermutationTest, responsiveness_test, tuning_test
from lumentrace.twophoton.respond.responses import RecordingResponses
from lumentrace.twophoton.respond.selectivity import DirectionSelectivity, direction_selectivity
from lumentrace.twophoton.respond.split_half import SplitHalf, split_half_reliability
from lumentrace.twophoton.respond.trial_responses import TrialResponses, trial_responses
from lumentrace.twophoton.respond.tuning import TuningCurves, tuning_curves
from lumentrace.twophoton.respond.tuning_table import tuning_table

ANGLES = ("direction", "orientation", "angle")
"""Parts of the names of parameters that are angles in degrees."""
SIGNIFICANT = 0.05
"""Rate of false discoveries."""


@dataclass(frozen=True)
class RecordingTuning:
    """What each region of a recording prefers, how selectively, and whether that is more than noise.

    Attributes
    ----------
    trials : TrialResponses
    curves : TuningCurves
    selectivity : DirectionSelectivity or None
        If the parameter is an angle.
    tuned, responsive : PermutationTest
    reliability : SplitHalf
    """

    trials: TrialResponses = field(repr=False)
    curves: TuningCurves = field(repr=False)
    selectivity: DirectionSelectivity | None = field(repr=False)
    tuned: PermutationTest = field(repr=False)
    responsive: PermutationTest = field(repr=False)
    reliability: SplitHalf = field(repr=False)

    @property
    def provenance(self) -> Provenance:
        """That of the trials."""
        return self.trials.provenance

    def table(self) -> pl.DataFrame:
        """A row for each region; see `tuning_table`."""
        return tuning_table(
            self.curves,
            selectivity=self.selectivity,
            tuned=self.tuned,
            responsive=self.responsive,
            reliability=self.reliability,
        )

    def curves_table(self) -> pl.DataFrame:
        """A row for each region and stimulus: mean dF/F, its standard error, a band of 95 %, number of trials."""
        curves = self.curves
        stimuli, regions = len(curves.stimuli), len(curves.roi_labels)
        columns = {"mean_dff": "mean", "standard_error": "sem", "low": "low", "high": "high"}
        return pl.DataFrame(
            {
                "number": np.repeat(np.arange(1, regions + 1), stimuli),
                "roi_label": pl.Series(np.repeat(curves.roi_labels, stimuli), dtype=pl.String),
                curves.parameter: np.tile(curves.stimuli, regions),
                **{name: getattr(curves, own).T.ravel() for name, own in columns.items()},
                "trials": curves.count.T.ravel(),
            }
        )

    def tuned_regions(self) -> int:
        """How many are tuned, with at most 5 % of them falsely so."""
        return int((self.tuned.q <= SIGNIFICANT).sum())


def is_angle(parameter: str) -> bool:
    """Whether the name of a parameter is that of an angle."""
    return any(name in parameter.lower() for name in ANGLES)


def recording_tuning(
    responses: RecordingResponses, parameter: str, *, before_seconds: float = 1.0, seed: int = 0
) -> RecordingTuning:
    """Tuning curves, selectivity, tests and reliability of a recording.

    Directions and orientations are told by the name of the parameter (``direction``, ``orientation_deg``) and have
    selectivity. The test is that for any difference between stimuli: one for directions alone would miss cells that
    answer opposite directions alike.

    Parameters
    ----------
    responses : RecordingResponses
    parameter : str
        A parameter of the epochs, or a column of the stimulus table, see `trial_responses`.
    before_seconds : float, default 1.0
        Before the onset, for the test of responsiveness.
    seed : int, default 0

    Returns
    -------
    RecordingTuning

    Raises
    ------
    ValueError
        If the parameter is unknown or differs within an epoch, or directions are not spread evenly.
    """
    trials = trial_responses(responses, parameter, before_seconds=before_seconds)
    return RecordingTuning(
        trials,
        tuning_curves(trials, seed=seed),
        direction_selectivity(trials, seed=seed) if is_angle(parameter) else None,
        tuning_test(trials, seed=seed),
        responsiveness_test(trials, seed=seed),
        split_half_reliability(trials, seed=seed),
    )
