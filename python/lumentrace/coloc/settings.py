"""Settings of a run, and what each of them means."""

from __future__ import annotations

from dataclasses import dataclass

from lumentrace.coloc.larger.reading import MEMORY
from lumentrace.coloc.measure.measures import ALL_METRICS, checked_metrics
from lumentrace.coloc.table import EXTENDED_METRICS
from lumentrace.engine import settings
from lumentrace.engine.settings import setting


@dataclass(frozen=True)
class Settings(settings.Settings):
    """How an image is measured; `lumentrace coloc run` has an option for each."""

    channels: str = setting("", "channels to compare, by name or number: dna,tub or 0,2; all if empty")
    channel_axis: int | None = setting(None, "axis of the channels, where the file does not say")
    time: int | None = setting(None, "time point that is measured, from 0; all of them as one, by default")
    level: int = setting(0, "smaller copy that is measured, where the file has some; 0 is the full size")
    labels: str = setting("", "label image of the regions, or a folder with one of the same name per image")
    pairs: str = setting("all", "all, or pairs like dna:tub,dna:actin")
    metrics: tuple[str, ...] = setting(ALL_METRICS, "what is measured")
    threshold: str = setting("costes", "how thresholds are found")
    slices: bool = setting(False, "measure each Z slice by itself")
    nan_policy: str = setting("propagate", "what pixels that are not finite do: propagate, omit or raise")
    block: int = setting(8, "side of the blocks that are shuffled, pixels")
    randomizations: int = setting(1000, "number of shuffles")
    seed: int = setting(0, "seed of the shuffles")
    memory: int = setting(MEMORY, "megabytes of pixels of a region that are read at once where a measure needs all")

    def __post_init__(self) -> None:
        object.__setattr__(self, "metrics", checked_metrics(self.metrics, EXTENDED_METRICS))
