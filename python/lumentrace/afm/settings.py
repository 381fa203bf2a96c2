"""Settings of a run, and what each of them means."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from lumentrace.afm import compat
from lumentrace.afm.recipe import ANALYSE, PROCESS, Steps, steps
from lumentrace.engine import settings
from lumentrace.engine.settings import read_mapping, setting


@dataclass(frozen=True)
class Settings(settings.Settings):
    """What is done to a film; `lumentrace afm run` has an option for each.

    Steps are text such as ``"remove_plane; polynomial_flatten:order=2"``, or a list of names and settings.
    """

    channel: str = setting("height_trace", "channel; height finds the height in every format")
    process: Steps = setting(PROCESS, "filters and masks, in this order")
    analyse: Steps = setting(ANALYSE, "analyses, in this order")
    pixel_size_nm: float | None = setting(None, "size of a pixel in nm; what the file says if not given")
    frame_time_s: float | None = setting(None, "time from frame to frame in s; what the file says if not given")
    on_error: str = setting("raise", "a frame that cannot be filtered: raise, or keep it as it is and say so")
    complete_frames: bool = setting(False, "take what is whole of an .asd film that is cut off")
    film: str = setting("", "write the processed film: gif or mp4; no film if empty")
    images: bool = setting(False, "write the processed film as OME-TIFF")
    gwy: bool = setting(False, "write the processed film for Gwyddion")

    def __post_init__(self) -> None:
        for name in ("pixel_size_nm", "frame_time_s"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"`{name}`: expected a number above 0, found {value!r}")
        for name in ("process", "analyse"):
            object.__setattr__(self, name, steps(getattr(self, name), name))

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any], source: str = "settings") -> Self:
        """Settings from names and values; see `lumentrace.engine.settings.Settings.from_mapping`."""
        named = {compat.SETTINGS.get(name, name): value for name, value in given.items()}
        for name in {"process", "analyse"} & set(named):
            named[name] = steps(named[name], f"{source}: {name}")
        return super().from_mapping(named, source)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Settings from a file; one without filters or analyses has none, and a bare list is one of analyses."""
        return cls._of_file(path, {"process": (), "analyse": (), **read_mapping(path, bare="analyse")})
