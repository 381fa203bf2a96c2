"""How a recording is analyzed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

from lumentrace.base.digits import number_of
from lumentrace.engine import settings
from lumentrace.engine.settings import setting
from lumentrace.twophoton.align.motion import Mode
from lumentrace.twophoton.regions import chosen
from lumentrace.twophoton.respond.kernels import StimulusKernelOptions
from lumentrace.twophoton.respond.processing import ResponseProcessingOptions, processing_from_text

MOTIONS = ("none", *get_args(Mode))
SPIKES = {"none": 0, "ar1": 1, "ar2": 2}
"""Orders of the autoregression."""
NONE, FIT = "none", "fit"


@dataclass(frozen=True)
class Settings(settings.Settings):
    """How a recording is analyzed; `lumentrace twophoton run` has an option for each."""

    motion: str = setting("none", "motion that is taken out first: none, rigid (whole frames) or nonrigid (blocks too)")
    rois: str = setting(
        "watershed",
        "regions: a file, watershed (bright spots of the mean image), cells or cells:10, or grid:12 (pixels)",
    )
    background: str = setting("movie_global_percentile", "what is subtracted")
    neuropil: str = setting(
        "none", "light of the surroundings that is taken away: none, fit (a coefficient for each region) or 0.7"
    )
    fit_mode: str = setting("direct_bounded_tau", "how bleaching is fitted")
    baseline_epoch: str = setting("", "number or name of the epoch of baselines; the first called gray if empty")
    no_baseline_epoch: bool = setting(False, "there is none: baselines from that epoch on to the end")
    smoothing: str = setting("none", "none, moving_average:7 (frames) or savgol:7,2 (frames, order)")
    low_pass: float | None = setting(None, "cutoff of a low-pass filter, Hz")
    minimum_correlation: float | None = setting(None, "least correlation of the trials of a region with their mean")
    spikes: str = setting("none", "events behind dF/F: none, ar1 (calcium decays) or ar2 (it rises slowly, too)")
    decay: float | None = setting(None, "decay of calcium for events, s; estimated if not given")
    tuning: str = setting("", "parameter of the epochs that regions are tuned to, such as direction")
    maps: bool = setting(False, "response maps, pixel by pixel")
    kernels: str = setting("", "kernels of a random stimulus: olfaction or vision")
    kernel_method: str = setting("smooth", "smooth, ols or xcorr")
    hemisphere: str = setting("", "for kernels, if the recording does not say: left or right")

    def __post_init__(self) -> None:
        if self.motion not in MOTIONS:
            raise ValueError(f"`motion`: expected {', '.join(MOTIONS[:-1])} or {MOTIONS[-1]}, found {self.motion!r}")
        if self.spikes not in SPIKES:
            raise ValueError(f"`spikes`: expected none, ar1 or ar2, found {self.spikes!r}")
        if self.decay is not None and not 0 < self.decay < float("inf"):
            raise ValueError(f"`decay`: expected seconds above 0, found {self.decay!r}")
        if self.decay is not None and self.spikes != "ar1":
            raise ValueError(f"`decay`: expected with spikes ar1, found spikes {self.spikes!r}")
        chosen.check(self.rois)
        self.processing()
        self.coefficient()

    def processing(self) -> ResponseProcessingOptions:
        """Options of the processing of responses."""
        return processing_from_text(self.smoothing, self.low_pass, self.minimum_correlation)

    def coefficient(self) -> Any:
        """Of the neuropil: None for none, ``'fit'``, or a number."""
        if self.neuropil in (NONE, FIT):
            return None if self.neuropil == NONE else FIT
        try:
            found = float(self.neuropil)
        except ValueError:
            found = float("nan")
        if not 0 <= found < float("inf"):
            raise ValueError(f"`neuropil`: expected none, fit or a number from 0 on, found {self.neuropil!r}")
        return found

    def responses(self) -> dict[str, Any]:
        """Options of `compute_recording_responses`."""
        baseline: dict[str, Any] = {}
        if (number := number_of(self.baseline_epoch)) is not None:
            baseline["baseline_epoch_number"] = number
        elif self.baseline_epoch:
            baseline["baseline_epoch_name"] = self.baseline_epoch
        if self.coefficient() is not None:
            baseline["neuropil"] = self.coefficient()
        return {
            "background_method": self.background,
            "fit_mode": self.fit_mode,
            "baseline_mode": "no_baseline_epoch" if self.no_baseline_epoch else "epoch",
            "options": self.processing(),
            **baseline,
        }

    def kernel_options(self) -> StimulusKernelOptions:
        """Options of the kernels."""
        exact: dict[str, Any] = {"joint": True, "timing": "exact"} if self.kernel_method == "smooth" else {}
        asked: Any = {"stimulus_modality": self.kernels, "method": self.kernel_method}
        return StimulusKernelOptions(**asked, hemisphere=self.hemisphere or None, **exact)
