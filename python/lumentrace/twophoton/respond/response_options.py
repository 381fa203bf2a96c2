"""How responses are computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from lumentrace.twophoton.measure.background import Method
from lumentrace.twophoton.measure.dff import FitMode
from lumentrace.twophoton.measure.traces import Domain, Statistic
from lumentrace.twophoton.measure.windows import EpochFrameWindow, FrameWindow
from lumentrace.twophoton.respond.processing import ResponseProcessingOptions

BaselineMode = Literal["epoch", "no_baseline_epoch"]
Neuropil = float | Literal["fit"]


@dataclass(frozen=True)
class ResponseOptions:
    """How responses are computed; see `compute_recording_responses`."""

    epoch_windows: Sequence[EpochFrameWindow] | None = None
    baseline_windows: Sequence[FrameWindow] | None = None
    baseline_mode: BaselineMode = "epoch"
    baseline_epoch_number: int | None = None
    baseline_epoch_name: str | None = None
    background_method: Method = "movie_global_percentile"
    baseline_sample_seconds: float | None = 1.0
    fit_mode: FitMode = "direct_bounded_tau"
    apply_motion_mask: bool = True
    data_rate_hz: float | None = None
    chunk_frames: int = 128
    spatial_domain: Domain = "alignment_valid_crop"
    response_pre_window_seconds: float = 2.0
    response_post_window_seconds: float = 0.0
    statistic: Statistic = "mean"
    neuropil: Neuropil | None = None
    processing: ResponseProcessingOptions = field(default_factory=ResponseProcessingOptions)

    def of_traces(self) -> dict[str, Any]:
        """What is done to dF/F."""
        chosen = self.processing
        parts = {"smoothing": asdict(chosen.smoothing), "low_pass": asdict(chosen.low_pass)}
        return {"apply_motion_mask": self.apply_motion_mask, **parts}

    def of_trials(self) -> dict[str, Any]:
        """How trials are cut, and what is done to them."""
        chosen = self.processing
        return {
            "response_pre_window_seconds": self.response_pre_window_seconds,
            "response_post_window_seconds": self.response_post_window_seconds,
            "normalization": asdict(chosen.normalization),
            "correlation_filter": asdict(chosen.correlation_filter),
        }
